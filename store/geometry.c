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

enum { SRS_ID = 4490 };

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

bool dk_gpkg_empty(const void *blob, size_t size)
{
    const unsigned char *const data = blob;
    return size == 8 + DK_EMPTY_WKB_SIZE && data[0] == 'G' && data[1] == 'P' && (data[3] & 0x10u) != 0;
}

void dk_gpkg_append_empty(dk_geometry_kind kind, dk_buf *out)
{
    dk_buf_append(out, "GP\0\x11", 4); /* little endian, empty, no envelope */
    put_u32(out, SRS_ID);
    dk_buf_byte(out, 1);
    put_u32(out, kind == DK_POLYGONS ? 6 : kind == DK_LINES ? 5 : 4); /* MultiPolygon, MultiLineString, MultiPoint */
    put_u32(out, 0);
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
