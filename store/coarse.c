#include "store/coarse.h"

#include "store/repair.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int dk_coarse_level(double metres, const double extent[4])
{
    static const double unit = 40075016.685578488 / 4294967296.0; /* metres at the equator */
    const double lat = fmin(fmax(fabs(extent[1]), fabs(extent[3])), 85.06);
    const double least =
        unit * cos(lat * 0.017453292519943295) * 0.993; /* the ellipsoid's meridian is a little shorter */
    int level = 1;
    while (level < DK_COARSEST && ldexp(least, level) < metres)
        level++;
    return level;
}

uint32_t dk_coarse_place(uint32_t world, int level)
{
    return (world >> level << level) | UINT32_C(1) << (level - 1);
}

uint32_t dk_coarse_reach(int level)
{
    return level < DK_COARSEST ? UINT32_C(2) << level : UINT32_MAX;
}

void dk_coarse_widen(dk_world_box *box, int level)
{
    const uint32_t by = dk_coarse_reach(level);
    box->x0 -= box->x0 < by ? box->x0 : by;
    box->y0 -= box->y0 < by ? box->y0 : by;
    box->x1 += UINT32_MAX - box->x1 < by ? UINT32_MAX - box->x1 : by;
    box->y1 += UINT32_MAX - box->y1 < by ? UINT32_MAX - box->y1 : by;
}

double dk_coarse_reach_degrees(int level)
{
    return ldexp(360.0, level + 1 - 32); /* a unit is as many degrees of latitude at most */
}

void dk_coarse_bounds(double bounds[4], int level)
{
    uint32_t x0, y0, x1, y1;
    const double half = ldexp(1, level - 1);
    dk_world_from_lonlat(bounds[0], bounds[3], &x0, &y0);
    dk_world_from_lonlat(bounds[2], bounds[1], &x1, &y1);
    dk_lonlat_from_world(dk_coarse_place(x0, level) - half, dk_coarse_place(y0, level) - half, &bounds[0], &bounds[3]);
    dk_lonlat_from_world(dk_coarse_place(x1, level) + half, dk_coarse_place(y1, level) + half, &bounds[2], &bounds[1]);
}

/* ---- vertices ---- */

typedef struct cell {
    uint32_t x, y; /* its number in both directions */
} cell;

/* Twice the signed area of an open ring in cells. */
static __int128 area2(const cell *c, size_t n)
{
    __int128 sum = 0;
    for (size_t i = 0; i < n; i++) {
        const cell *a = &c[i], *b = &c[i + 1 < n ? i + 1 : 0];
        sum += (__int128)a->x * b->y - (__int128)b->x * a->y;
    }
    return sum;
}

static void put(dk_shape *shape, double x, double y)
{
    double *to = shape->lonlat + 2 * shape->n_points++;
    dk_lonlat_from_world(x, y, &to[0], &to[1]);
}

/* Two cells' squares and what lies between them: their convex hull. a lies west of b or in its column. */
static bool put_strip(dk_shape *shape, cell a, cell b, int level)
{
    const double size = ldexp(1, level);
    const double ax = a.x * size, ay = a.y * size, bx = b.x * size, by = b.y * size;
    if (!dk_grow(&shape->lonlat, &shape->points_capacity, shape->n_points + 7, 2 * sizeof *shape->lonlat) ||
        !dk_grow(&shape->parts, &shape->parts_capacity, shape->n_parts + 1, sizeof *shape->parts))
        return false;
    const size_t start = shape->n_points;
    if (a.x == b.x || a.y == b.y) {
        const double low = fmin(ay, by), high = fmax(ay, by) + size;
        const double ring[8] = {ax, low, bx + size, low, bx + size, high, ax, high};
        for (size_t i = 0; i < 4; i++)
            put(shape, ring[2 * i], ring[2 * i + 1]);
    } else if (by > ay) {
        const double ring[12] = {ax,        ay,        ax + size, ay,        bx + size, by,
                                 bx + size, by + size, bx,        by + size, ax,        ay + size};
        for (size_t i = 0; i < 6; i++)
            put(shape, ring[2 * i], ring[2 * i + 1]);
    } else {
        const double ring[12] = {ax,        ay,        bx,        by,        bx + size, by,
                                 bx + size, by + size, ax + size, ay + size, ax,        ay + size};
        for (size_t i = 0; i < 6; i++)
            put(shape, ring[2 * i], ring[2 * i + 1]);
    }
    memcpy(shape->lonlat + 2 * shape->n_points, shape->lonlat + 2 * start, 2 * sizeof *shape->lonlat);
    shape->n_points++;
    shape->parts[shape->n_parts++] = (dk_part){.start = start, .count = shape->n_points - start};
    return true;
}

static bool before(cell a, cell b)
{
    return a.x != b.x ? a.x < b.x : a.y < b.y;
}

dk_status dk_coarse_shape(dk_shape *shape, int level)
{
    size_t longest = 0;
    for (size_t i = 0; i < shape->n_parts; i++)
        longest = shape->parts[i].count > longest ? shape->parts[i].count : longest;
    cell *cells = malloc(longest * sizeof *cells + 1);
    if (cells == NULL)
        return DK_NOMEM;
    const double size = ldexp(1, level), half = size / 2;
    cell first = {0}, last = {0};
    bool any = false, exterior = false;
    size_t n_points = 0, n_parts = 0;
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part part = shape->parts[i];
        size_t n = 0;
        for (size_t k = 0; k < part.count; k++) {
            uint32_t x, y;
            const double *from = shape->lonlat + 2 * (part.start + k);
            dk_world_from_lonlat(from[0], from[1], &x, &y);
            const cell c = {x >> level, y >> level};
            first = !any || before(c, first) ? c : first;
            last = !any || before(last, c) ? c : last;
            any = true;
            if (n == 0 || cells[n - 1].x != c.x || cells[n - 1].y != c.y)
                cells[n++] = c;
        }
        const bool polygon = shape->kind == DK_POLYGONS;
        while (polygon && n > 1 && cells[n - 1].x == cells[0].x && cells[n - 1].y == cells[0].y)
            n--;
        bool kept = shape->kind == DK_POINTS ? n > 0 : n > 1;
        if (polygon) {
            kept = n >= 3 && area2(cells, n) != 0 && (!part.hole || exterior);
            if (!part.hole)
                exterior = kept;
        }
        if (!kept)
            continue;
        /* What is written lies before what is read: a part never grows. */
        const size_t start = n_points;
        for (size_t k = 0; k < n + polygon; k++, n_points++)
            dk_lonlat_from_world(cells[k % n].x * size + half, cells[k % n].y * size + half,
                                 &shape->lonlat[2 * n_points], &shape->lonlat[2 * n_points + 1]);
        shape->parts[n_parts++] = (dk_part){.start = start, .count = n + polygon, .hole = part.hole};
    }
    free(cells);
    shape->n_points = n_points;
    shape->n_parts = n_parts;
    if (!any || n_parts > 0)
        return DK_OK;
    if (shape->kind == DK_POLYGONS)
        return put_strip(shape, first, last, level) ? DK_OK : DK_NOMEM;
    /* A line within one cell: across it. */
    if (!dk_grow(&shape->lonlat, &shape->points_capacity, 2, 2 * sizeof *shape->lonlat) ||
        !dk_grow(&shape->parts, &shape->parts_capacity, 1, sizeof *shape->parts))
        return DK_NOMEM;
    put(shape, first.x * size, first.y * size + half);
    put(shape, first.x * size + size, first.y * size + half);
    shape->parts[shape->n_parts++] = (dk_part){.start = 0, .count = 2};
    return DK_OK;
}

/* ---- WKB ---- */

static void put_u32(dk_buf *out, size_t value)
{
    const uint32_t bytes = htole32((uint32_t)value);
    dk_buf_append(out, &bytes, sizeof bytes);
}

static void put_head(dk_buf *out, unsigned type)
{
    dk_buf_byte(out, 1);
    put_u32(out, type);
}

static void put_positions(const dk_shape *shape, const dk_part *part, dk_buf *out)
{
    for (size_t i = 0; i < 2 * part->count; i++) {
        uint64_t bits;
        memcpy(&bits, &shape->lonlat[2 * part->start + i], sizeof bits);
        bits = htole64(bits);
        dk_buf_append(out, &bits, sizeof bits);
    }
}

/* One polygon, line or point, or several. */
static void put_wkb(const dk_shape *shape, dk_buf *out)
{
    const unsigned type = shape->kind == DK_POLYGONS ? 3 : shape->kind == DK_LINES ? 2 : 1;
    size_t members = 0;
    for (size_t i = 0; i < shape->n_parts; i++)
        members += !shape->parts[i].hole;
    if (members > 1) {
        put_head(out, type + 3);
        put_u32(out, members);
    }
    for (size_t i = 0, rings; i < shape->n_parts; i += rings) {
        for (rings = 1; i + rings < shape->n_parts && shape->parts[i + rings].hole;)
            rings++;
        put_head(out, type);
        if (type == 3)
            put_u32(out, rings);
        for (size_t r = i; r < i + rings; r++) {
            if (type > 1)
                put_u32(out, shape->parts[r].count);
            put_positions(shape, &shape->parts[r], out);
        }
    }
}

/* The strip in place of polygons of which none can be made. */
static dk_status strip_of(dk_shape *shape, int level)
{
    cell first = {0}, last = {0};
    for (size_t i = 0; i < shape->n_points; i++) {
        uint32_t x, y;
        dk_world_from_lonlat(shape->lonlat[2 * i], shape->lonlat[2 * i + 1], &x, &y);
        const cell c = {x >> level, y >> level};
        first = i == 0 || before(c, first) ? c : first;
        last = i == 0 || before(last, c) ? c : last;
    }
    shape->n_points = shape->n_parts = 0;
    return put_strip(shape, first, last, level) ? DK_OK : DK_NOMEM;
}

/* Appends the shape as WKB, polygons made valid. */
static dk_status put_valid(dk_shape *shape, int level, dk_buf *wkb, dk_error *err)
{
    char reason[200];
    bool valid = true;
    put_wkb(shape, wkb);
    if (shape->kind != DK_POLYGONS)
        return DK_OK;
    dk_geos *geos = dk_geos_create();
    dk_buf mended;
    dk_buf_init(&mended);
    dk_status status = geos == NULL || wkb->failed
                           ? DK_NOMEM
                           : dk_geos_valid(geos, wkb->data, wkb->size, &valid, reason, sizeof reason);
    if (status == DK_OK && !valid)
        status = dk_geos_make_valid(geos, wkb->data, wkb->size, &mended);
    if (status == DK_OK && !valid) {
        dk_buf_clear(wkb);
        dk_buf_append(wkb, mended.data, mended.size);
        status = dk_shape_from_wkb(wkb->data, wkb->size, shape, err);
    } else if (status == DK_INVALID) {
        dk_buf_clear(wkb);
        status = strip_of(shape, level);
        put_wkb(shape, wkb);
    }
    dk_buf_finish(&mended);
    dk_geos_free(geos);
    return status == DK_NOMEM ? dk_fail(err, DK_NOMEM, "out of memory")
           : status != DK_OK  ? dk_fail(err, status, "a coarse outline could not be made valid")
                              : DK_OK;
}

dk_status dk_coarse_gpkg(const void *blob, size_t size, int level, dk_buf *out, dk_error *err)
{
    size_t wkb_size = 0;
    if (dk_gpkg_empty(blob, size)) {
        dk_buf_append(out, blob, size);
        return DK_OK;
    }
    const unsigned char *wkb = dk_gpkg_wkb(blob, size, &wkb_size);
    if (wkb == NULL)
        return dk_fail(err, DK_CORRUPT, "an outline is damaged; run dikuai-ingest check");
    dk_shape shape;
    dk_buf coarse;
    dk_shape_init(&shape);
    dk_buf_init(&coarse);
    dk_status status = dk_shape_from_wkb(wkb, wkb_size, &shape, err);
    if (status == DK_OK && (status = dk_coarse_shape(&shape, level)) != DK_OK)
        dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = put_valid(&shape, level, &coarse, err);
    if (status == DK_OK)
        dk_gpkg_append(coarse.data, coarse.size, &shape, out);
    if (status == DK_OK && (coarse.failed || out->failed))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    dk_buf_finish(&coarse);
    dk_shape_finish(&shape);
    return status;
}
