/* The packed form, in bytes:
 *
 *   1        version (1) in the upper four bits, dk_geometry_kind in the lower four
 *   4 varint box: x0, y0, width (x1 - x0), height (y1 - y0)
 *   varint   number of parts
 *   varint   for each part: its number of points · 2, + 1 for a hole
 *   zigzag   for each point of each part: x and y as differences from the point before it; from (x0, y0) for the
 *            first point of the first part, and running on from part to part
 *
 * The numbers of points stand before the points, so that a reader knows all sizes before it allocates. Rings leave out
 * their closing point, and no part repeats a point; a part whose points all fall together keeps one, so that nothing
 * vanishes. Differences fit 32 bits. A shape wider or higher than 2^31 - 1 units (half the world; the extent of a
 * catalogue is a province) is cut there: farther points are moved onto that edge. */
#include "store/geometry.h"

#include "store/area.h"

#include <endian.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846
#define WORLD 4294967296.0
#define MERCATOR_LAT 85.05112877980659

enum { PACKED_VERSION = 1, SRS_ID = 4490 };

/* ---- world coordinates ---- */

static uint32_t world_clamp(double value)
{
    const double nearest = floor(value + 0.5);
    if (!(nearest > 0)) /* also what is not a number */
        return 0;
    return nearest >= WORLD - 1 ? UINT32_MAX : (uint32_t)nearest;
}

void dk_world_from_lonlat(double lon, double lat, uint32_t *ret_x, uint32_t *ret_y)
{
    const double north = lat > MERCATOR_LAT ? MERCATOR_LAT : lat < -MERCATOR_LAT ? -MERCATOR_LAT : lat;
    const double y = atanh(sin(north * (PI / 180.0))) / (2.0 * PI);
    *ret_x = world_clamp((lon / 360.0 + 0.5) * WORLD);
    *ret_y = world_clamp((0.5 - y) * WORLD);
}

void dk_lonlat_from_world(double x, double y, double *ret_lon, double *ret_lat)
{
    *ret_lon = (x / WORLD - 0.5) * 360.0;
    *ret_lat = atan(sinh((0.5 - y / WORLD) * (2.0 * PI))) * (180.0 / PI);
}

/* ---- shapes and WKB ---- */

void dk_shape_init(dk_shape *shape)
{
    *shape = (dk_shape){0};
}

void dk_shape_finish(dk_shape *shape)
{
    free(shape->lonlat);
    free(shape->parts);
    dk_shape_init(shape);
}

typedef struct wkb_reader {
    const unsigned char *at, *end;
    bool little;
    dk_error *err;
} wkb_reader;

static size_t left(const wkb_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

static dk_status cut_off(const wkb_reader *reader)
{
    return dk_fail(reader->err, DK_CORRUPT, "the WKB geometry is cut off: write it anew from its source");
}

static uint32_t get_u32(wkb_reader *reader)
{
    uint32_t value;
    memcpy(&value, reader->at, 4);
    reader->at += 4;
    return reader->little ? le32toh(value) : be32toh(value);
}

static double get_double(const wkb_reader *reader, const unsigned char *at)
{
    uint64_t bits;
    double value;
    memcpy(&bits, at, 8);
    bits = reader->little ? le64toh(bits) : be64toh(bits);
    memcpy(&value, &bits, 8);
    return value;
}

/* Byte order and type of one geometry: the plain type 1 to 7 and the number of coordinates of a position. */
static dk_status read_header(wkb_reader *reader, uint32_t *ret_type, unsigned *ret_dimensions)
{
    if (left(reader) < 5)
        return cut_off(reader);
    const unsigned char order = *reader->at++;
    if (order > 1)
        return dk_fail(reader->err, DK_CORRUPT, "this is not WKB: the byte order is %u, not 0 or 1", order);
    reader->little = order == 1;
    const uint32_t code = get_u32(reader);
    uint32_t type = code & 0x0FFFFFFFu;
    bool z = code & 0x80000000u, m = code & 0x40000000u;
    if (code & 0x20000000u) { /* EWKB: an SRID follows, which the store knows already */
        if (left(reader) < 4)
            return cut_off(reader);
        reader->at += 4;
    }
    if (type >= 1000 && type < 4000) {
        z = z || type / 1000 != 2;
        m = m || type / 1000 != 1;
        type %= 1000;
    }
    if (type < 1 || type > 6 || (code & 0x10000000u))
        return dk_fail(reader->err, DK_CORRUPT,
                       "WKB geometry type %u cannot be stored: only points, lines and polygons and multiples of one of "
                       "them can",
                       code);
    *ret_type = type;
    *ret_dimensions = 2u + z + m;
    return DK_OK;
}

/* Reads n positions as a part. */
static dk_status read_part(wkb_reader *reader, uint32_t n, unsigned dimensions, bool hole, dk_shape *shape)
{
    const size_t stride = 8u * (size_t)dimensions;
    if (n > left(reader) / stride)
        return cut_off(reader);
    if (!dk_grow(&shape->lonlat, &shape->points_capacity, shape->n_points + n, 2 * sizeof(double)) ||
        !dk_grow(&shape->parts, &shape->parts_capacity, shape->n_parts + 1, sizeof(dk_part)))
        return dk_fail(reader->err, DK_NOMEM, "out of memory for a geometry of %zu points", shape->n_points + n);
    double *to = shape->lonlat + 2 * shape->n_points;
    for (uint32_t i = 0; i < n; i++, to += 2, reader->at += stride) {
        to[0] = get_double(reader, reader->at);
        to[1] = get_double(reader, reader->at + 8);
        if (!isfinite(to[0]) || !isfinite(to[1]))
            return dk_fail(reader->err, DK_CORRUPT, "point %u of part %zu has a coordinate that is not a number", i + 1,
                           shape->n_parts + 1);
    }
    shape->parts[shape->n_parts++] = (dk_part){.start = shape->n_points, .count = n, .hole = hole};
    shape->n_points += n;
    return DK_OK;
}

static dk_status read_line(wkb_reader *reader, unsigned dimensions, dk_shape *shape)
{
    if (left(reader) < 4)
        return cut_off(reader);
    const uint32_t n = get_u32(reader);
    if (n == 1)
        return dk_fail(reader->err, DK_CORRUPT, "line %zu has a single point: a line needs two", shape->n_parts + 1);
    return n == 0 ? DK_OK : read_part(reader, n, dimensions, false, shape);
}

static dk_status read_polygon(wkb_reader *reader, unsigned dimensions, dk_shape *shape)
{
    if (left(reader) < 4)
        return cut_off(reader);
    const uint32_t n_rings = get_u32(reader);
    if (n_rings > left(reader) / 4)
        return cut_off(reader);
    for (uint32_t i = 0; i < n_rings; i++) {
        if (left(reader) < 4)
            return cut_off(reader);
        const uint32_t n = get_u32(reader);
        if (n < 4)
            return dk_fail(reader->err, DK_CORRUPT,
                           "ring %zu has %u points: a ring needs four, the last one equal to the first",
                           shape->n_parts + 1, n);
        const dk_status status = read_part(reader, n, dimensions, i > 0, shape);
        if (status != DK_OK)
            return status;
        const double *const first = shape->lonlat + 2 * (shape->n_points - n);
        const double *const last = shape->lonlat + 2 * (shape->n_points - 1);
        if (first[0] != last[0] || first[1] != last[1])
            return dk_fail(reader->err, DK_CORRUPT, "ring %zu is not closed: its last point must equal its first",
                           shape->n_parts);
    }
    return DK_OK;
}

static dk_status read_single(wkb_reader *reader, uint32_t type, unsigned dimensions, dk_shape *shape)
{
    switch (type) {
    case 1:
        return read_part(reader, 1, dimensions, false, shape);
    case 2:
        return read_line(reader, dimensions, shape);
    default:
        return read_polygon(reader, dimensions, shape);
    }
}

static dk_status read_geometry(wkb_reader *reader, dk_shape *shape)
{
    static const dk_geometry_kind kinds[] = {DK_POINTS, DK_LINES, DK_POLYGONS};
    uint32_t type = 0;
    unsigned dimensions = 0;
    dk_status status = read_header(reader, &type, &dimensions);
    if (status != DK_OK)
        return status;
    shape->kind = kinds[(type - 1) % 3];
    if (type <= 3)
        return read_single(reader, type, dimensions, shape);
    if (left(reader) < 4)
        return cut_off(reader);
    const uint32_t n = get_u32(reader);
    if (n > left(reader) / 9) /* the shortest member: a header and a count */
        return cut_off(reader);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t member = 0;
        status = read_header(reader, &member, &dimensions);
        if (status != DK_OK)
            return status;
        if (member != type - 3)
            return dk_fail(reader->err, DK_CORRUPT, "member %u of the WKB geometry has type %u where type %u must be",
                           i + 1, member, type - 3);
        status = read_single(reader, member, dimensions, shape);
        if (status != DK_OK)
            return status;
    }
    return DK_OK;
}

static void shape_clear(dk_shape *shape)
{
    shape->kind = DK_NO_GEOMETRY;
    shape->n_points = shape->n_parts = 0;
}

dk_status dk_shape_from_wkb(const void *wkb, size_t size, dk_shape *shape, dk_error *err)
{
    shape_clear(shape);
    const unsigned char *const data = wkb;
    if (size == 0)
        return dk_fail(err, DK_CORRUPT, "the WKB geometry is empty: no bytes");
    wkb_reader reader = {.at = data, .end = data + size, .err = err};
    dk_status status = read_geometry(&reader, shape);
    if (status == DK_OK && left(&reader) != 0)
        status = dk_fail(err, DK_CORRUPT, "%zu bytes follow the end of the WKB geometry", left(&reader));
    if (status != DK_OK)
        shape_clear(shape);
    return status;
}

const unsigned char *dk_gpkg_wkb(const void *blob, size_t size, size_t *ret_size)
{
    static const size_t envelope_sizes[] = {0, 32, 48, 48, 64};
    const unsigned char *const data = blob;
    if (size < 8 || data[0] != 'G' || data[1] != 'P' || data[2] != 0)
        return NULL;
    const unsigned envelope = data[3] >> 1 & 7u;
    const bool extended = data[3] & 0x20u;
    if (extended || envelope > 4 || size - 8 < envelope_sizes[envelope])
        return NULL;
    const size_t header = 8 + envelope_sizes[envelope];
    *ret_size = size - header;
    return data + header;
}

static void put_u32(dk_buf *out, uint32_t value)
{
    value = htole32(value);
    dk_buf_append(out, &value, sizeof value);
}

static void put_double(dk_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    bits = htole64(bits);
    dk_buf_append(out, &bits, sizeof bits);
}

void dk_gpkg_append(const void *wkb, size_t size, const dk_shape *shape, dk_buf *out)
{
    /* flags: bit 0 little endian, bits 1 to 3 the kind of envelope (1: x and y), bit 4 empty geometry */
    const bool empty = shape->n_points == 0;
    dk_buf_append(out, "GP\0", 3);
    dk_buf_byte(out, empty ? 0x11 : 0x03);
    put_u32(out, SRS_ID);
    if (!empty) {
        double bounds[4];
        dk_shape_bounds(shape, bounds);
        put_double(out, bounds[0]);
        put_double(out, bounds[2]);
        put_double(out, bounds[1]);
        put_double(out, bounds[3]);
    }
    dk_buf_append(out, wkb, size);
}

void dk_shape_bounds(const dk_shape *shape, double ret_bounds[4])
{
    double west = DBL_MAX, south = DBL_MAX, east = -DBL_MAX, north = -DBL_MAX;
    for (size_t i = 0; i < shape->n_points; i++) {
        const double lon = shape->lonlat[2 * i], lat = shape->lonlat[2 * i + 1];
        west = lon < west ? lon : west;
        east = lon > east ? lon : east;
        south = lat < south ? lat : south;
        north = lat > north ? lat : north;
    }
    if (shape->n_points == 0)
        west = south = east = north = (double)NAN;
    ret_bounds[0] = west;
    ret_bounds[1] = south;
    ret_bounds[2] = east;
    ret_bounds[3] = north;
}

double dk_shape_area_m2(const dk_shape *shape)
{
    if (shape->kind != DK_POLYGONS)
        return 0;
    double sum = 0;
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *const part = &shape->parts[i];
        const double area = fabs(dk_ring_area_m2(shape->lonlat + 2 * part->start, part->count));
        sum += part->hole ? -area : area;
    }
    return sum;
}

/* ---- the packed form ---- */

void dk_packed_init(dk_packed *packed)
{
    *packed = (dk_packed){0};
}

void dk_packed_finish(dk_packed *packed)
{
    free(packed->xy);
    free(packed->parts);
    dk_packed_init(packed);
}

/* Writes the world coordinates of a part, each point once in a row, and returns how many there are. */
static size_t part_to_world(const dk_shape *shape, const dk_part *part, uint32_t *to)
{
    size_t n = 0;
    for (size_t i = 0; i < part->count; i++) {
        const double *const from = shape->lonlat + 2 * (part->start + i);
        dk_world_from_lonlat(from[0], from[1], &to[2 * n], &to[2 * n + 1]);
        if (n == 0 || to[2 * n] != to[2 * n - 2] || to[2 * n + 1] != to[2 * n - 1])
            n++;
    }
    if (shape->kind == DK_POLYGONS)
        while (n > 1 && to[2 * n - 2] == to[0] && to[2 * n - 1] == to[1])
            n--;
    return n;
}

static uint32_t relative(uint32_t value, uint32_t origin)
{
    const uint32_t distance = value - origin;
    return distance > INT32_MAX ? INT32_MAX : distance;
}

static void encode_world(const dk_shape *shape, const uint32_t *xy, const size_t *counts, size_t n_points, dk_buf *out)
{
    dk_world_box box = {0};
    for (size_t i = 0; i < n_points; i++) {
        const uint32_t x = xy[2 * i], y = xy[2 * i + 1];
        if (i == 0)
            box = (dk_world_box){x, y, x, y};
        box.x0 = x < box.x0 ? x : box.x0;
        box.x1 = x > box.x1 ? x : box.x1;
        box.y0 = y < box.y0 ? y : box.y0;
        box.y1 = y > box.y1 ? y : box.y1;
    }
    dk_buf_byte(out, (unsigned char)(PACKED_VERSION << 4 | shape->kind));
    dk_buf_varint(out, box.x0);
    dk_buf_varint(out, box.y0);
    dk_buf_varint(out, relative(box.x1, box.x0));
    dk_buf_varint(out, relative(box.y1, box.y0));
    dk_buf_varint(out, shape->n_parts);
    for (size_t i = 0; i < shape->n_parts; i++)
        dk_buf_varint(out, (uint64_t)counts[i] << 1 | shape->parts[i].hole);
    int64_t x = 0, y = 0;
    for (size_t i = 0; i < n_points; i++) {
        const int64_t next_x = relative(xy[2 * i], box.x0), next_y = relative(xy[2 * i + 1], box.y0);
        dk_buf_zigzag(out, next_x - x);
        dk_buf_zigzag(out, next_y - y);
        x = next_x;
        y = next_y;
    }
}

void dk_packed_encode(const dk_shape *shape, dk_buf *out)
{
    uint32_t *const xy = calloc(shape->n_points + 1, 2 * sizeof *xy);
    size_t *const counts = calloc(shape->n_parts + 1, sizeof *counts);
    if (xy == NULL || counts == NULL) {
        out->failed = true;
    } else {
        size_t n = 0;
        for (size_t i = 0; i < shape->n_parts; i++) {
            counts[i] = part_to_world(shape, &shape->parts[i], xy + 2 * n);
            n += counts[i];
        }
        encode_world(shape, xy, counts, n, out);
    }
    free(xy);
    free(counts);
}

static bool read_u32(const unsigned char **at, const unsigned char *end, uint32_t *ret_value)
{
    uint64_t value;
    if (!dk_read_varint(at, end, &value) || value > UINT32_MAX)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

/* Kind and box; *at then stands at the number of parts. */
static bool read_box(const unsigned char **at, const unsigned char *end, dk_geometry_kind *ret_kind,
                     dk_world_box *ret_box)
{
    if (*at == end)
        return false;
    const unsigned char first = *(*at)++;
    const unsigned kind = first & 15u;
    uint32_t x0, y0, width, height;
    if (first >> 4 != PACKED_VERSION || kind > DK_POINTS || !read_u32(at, end, &x0) || !read_u32(at, end, &y0) ||
        !read_u32(at, end, &width) || !read_u32(at, end, &height))
        return false;
    if (width > INT32_MAX || height > INT32_MAX || width > UINT32_MAX - x0 || height > UINT32_MAX - y0)
        return false;
    *ret_kind = (dk_geometry_kind)kind;
    *ret_box = (dk_world_box){x0, y0, x0 + width, y0 + height};
    return true;
}

dk_status dk_packed_box(const void *data, size_t size, dk_world_box *ret_box)
{
    const unsigned char *at = data;
    dk_geometry_kind kind;
    dk_world_box box;
    if (size == 0 || !read_box(&at, at + size, &kind, &box))
        return DK_CORRUPT;
    *ret_box = box;
    return DK_OK;
}

/* A varint of at most 5 bytes, all of which can be read; *ret_value passes 32 bits when it is longer. Written out,
 * because differences in a parcel have two bytes nearly always: measured, one predicted branch a byte is a third faster
 * than gathering the bits of a whole word without branches. */
static inline const unsigned char *read_short(const unsigned char *at, uint64_t *ret_value)
{
    uint64_t value = at[0] & 0x7Fu;
    if (at[0] < 0x80) {
        *ret_value = value;
        return at + 1;
    }
    value |= (uint64_t)(at[1] & 0x7Fu) << 7;
    if (at[1] < 0x80) {
        *ret_value = value;
        return at + 2;
    }
    value |= (uint64_t)(at[2] & 0x7Fu) << 14;
    if (at[2] < 0x80) {
        *ret_value = value;
        return at + 3;
    }
    value |= (uint64_t)(at[3] & 0x7Fu) << 21;
    if (at[3] < 0x80) {
        *ret_value = value;
        return at + 4;
    }
    *ret_value = value | (uint64_t)at[4] << 28;
    return at + 5;
}

static uint32_t unzigzag(uint64_t value)
{
    return (uint32_t)(value >> 1) ^ (0u - (uint32_t)(value & 1));
}

/* Sums the differences up to points; false when one is not in the box. */
static bool read_points(const unsigned char **from, const unsigned char *end, uint32_t width, uint32_t height, size_t n,
                        int32_t *to)
{
    const unsigned char *at = *from;
    uint32_t x = 0, y = 0;
    bool outside = false;
    for (size_t i = 0; i < n; i++) {
        uint64_t dx, dy;
        if (end - at >= 10) {
            at = read_short(at, &dx);
            at = read_short(at, &dy);
        } else if (!dk_read_varint(&at, end, &dx) || !dk_read_varint(&at, end, &dy)) {
            return false;
        }
        /* the sums wrap in unsigned arithmetic; what wrapped is found by the comparison with the box */
        x += unzigzag(dx);
        y += unzigzag(dy);
        outside |= (dx | dy) > UINT32_MAX || x > width || y > height;
        to[2 * i] = (int32_t)x;
        to[2 * i + 1] = (int32_t)y;
    }
    *from = at;
    return !outside;
}

static dk_status decode(const unsigned char *at, const unsigned char *end, dk_packed *packed)
{
    uint64_t n_parts;
    if (!read_box(&at, end, &packed->kind, &packed->box) || !dk_read_varint(&at, end, &n_parts))
        return DK_CORRUPT;
    if (n_parts > (size_t)(end - at) || (n_parts > 0 && packed->kind == DK_NO_GEOMETRY))
        return DK_CORRUPT;
    if (!dk_grow(&packed->parts, &packed->parts_capacity, (size_t)n_parts, sizeof(dk_part)))
        return DK_NOMEM;
    size_t n_points = 0;
    for (size_t i = 0; i < n_parts; i++) {
        uint64_t head;
        if (!dk_read_varint(&at, end, &head))
            return DK_CORRUPT;
        const uint64_t count = head >> 1;
        const bool hole = head & 1;
        const size_t room = (size_t)(end - at) / 2; /* each point takes two bytes at least */
        if (count == 0 || room < n_points || count > room - n_points)
            return DK_CORRUPT;
        if (hole && (i == 0 || packed->kind != DK_POLYGONS))
            return DK_CORRUPT;
        packed->parts[i] = (dk_part){.start = n_points, .count = (size_t)count, .hole = hole};
        n_points += (size_t)count;
    }
    if (!dk_grow(&packed->xy, &packed->points_capacity, n_points, 2 * sizeof(int32_t)))
        return DK_NOMEM;
    if (!read_points(&at, end, packed->box.x1 - packed->box.x0, packed->box.y1 - packed->box.y0, n_points,
                     packed->xy) ||
        at != end)
        return DK_CORRUPT;
    packed->n_parts = (size_t)n_parts;
    packed->n_points = n_points;
    return DK_OK;
}

dk_status dk_packed_decode(const void *data, size_t size, dk_packed *packed)
{
    packed->kind = DK_NO_GEOMETRY;
    packed->box = (dk_world_box){0};
    packed->n_points = packed->n_parts = 0;
    if (size == 0)
        return DK_CORRUPT;
    const unsigned char *const at = data;
    return decode(at, at + size, packed);
}
