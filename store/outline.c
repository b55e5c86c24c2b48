#include "store/outline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void dk_outline_init(dk_outline *outline)
{
    *outline = (dk_outline){0};
}

void dk_outline_finish(dk_outline *outline)
{
    free(outline->xy);
    free(outline->zoom);
    free(outline->parts);
    free(outline->projected);
    dk_outline_init(outline);
}

void dk_outline_clear(dk_outline *outline)
{
    outline->n_points = outline->n_parts = 0;
}

bool dk_outline_reserve(dk_outline *outline, size_t n_points)
{
    size_t capacity = outline->points_capacity;
    if (n_points > SIZE_MAX - outline->n_points)
        return false;
    if (!dk_grow(&outline->xy, &capacity, outline->n_points + n_points, 2 * sizeof *outline->xy))
        return false;
    if (capacity > outline->points_capacity) {
        uint8_t *zoom = realloc(outline->zoom, capacity);
        if (zoom == NULL)
            return false;
        outline->zoom = zoom;
        outline->points_capacity = capacity;
    }
    return dk_grow(&outline->parts, &outline->parts_capacity, outline->n_parts + 1, sizeof *outline->parts);
}

void dk_outline_put(dk_outline *outline, uint32_t x, uint32_t y, uint8_t zoom)
{
    outline->xy[2 * outline->n_points] = x;
    outline->xy[2 * outline->n_points + 1] = y;
    outline->zoom[outline->n_points++] = zoom;
}

void dk_outline_close(dk_outline *outline, size_t start, bool hole)
{
    outline->parts[outline->n_parts++] = (dk_part){.start = start, .count = outline->n_points - start, .hole = hole};
}

/* ---- edges that are straight in degrees ---- */

/* World units by which a chord in Web Mercator may miss the edge: little beside DK_MATCH_UNITS (store/topology.h), so
 * that a neighbour's vertex on the edge is still found on the chord. */
#define MOST_BENT 0.25
/* Halvings of one edge: above 100 km it is cut no finer, whatever the number of such edges. */
#define MOST_HALVED 8

/* By how much the straight line between two positions in Web Mercator misses the middle of the one in degrees: y'' of
 * the projection, sin / cos^2, times the square of the height over 8, across the edge. */
static double bent(const double *a, const double *b)
{
    static const double radian = 0.017453292519943295, units = 683565275.6; /* 2^32 / 2 pi, a radian of the equator */
    const double width = fabs(b[0] - a[0]), height = fabs(b[1] - a[1]);
    const double lat = fmax(fabs(a[1]), fabs(b[1]));
    if ((height < 0.0016 && lat < 60) || height < 0.0003 || width == 0 || !(lat < 85)) /* most edges, at once */
        return 0;
    const double cosine = cos(lat * radian), rise = height / cosine;
    return height * height * radian * radian / 8 * sin(lat * radian) / (cosine * cosine) * units * width /
           sqrt(width * width + rise * rise);
}

/* Positions between a and b, the same from either end. */
static bool put_between(dk_outline *outline, const double *a, const double *b, int halved)
{
    if (halved == MOST_HALVED || !(bent(a, b) > MOST_BENT))
        return true;
    const double middle[2] = {(a[0] + b[0]) / 2, (a[1] + b[1]) / 2};
    uint32_t x, y;
    if (!put_between(outline, a, middle, halved + 1) || !dk_outline_reserve(outline, 1))
        return false;
    dk_world_from_lonlat(middle[0], middle[1], &x, &y);
    dk_outline_put(outline, x, y, 0);
    return put_between(outline, middle, b, halved + 1);
}

/* Neighbours share their corners, and one outline after the other is made of a shape: half of their positions have been
 * projected a moment ago. A power of two. */
#define PROJECTED 1024

struct dk_projected {
    double lonlat[2];
    uint32_t x, y;
};

static const struct dk_projected *project(struct dk_projected *projected, const double *lonlat)
{
    uint64_t lon, lat;
    memcpy(&lon, lonlat, sizeof lon);
    memcpy(&lat, lonlat + 1, sizeof lat);
    const uint64_t hash = (lon ^ lat << 29 ^ lat >> 35) * UINT64_C(0x9e3779b97f4a7c15);
    struct dk_projected *at = &projected[hash >> 32 & (PROJECTED - 1)];
    if (memcmp(at->lonlat, lonlat, sizeof at->lonlat) != 0) {
        memcpy(at->lonlat, lonlat, sizeof at->lonlat);
        dk_world_from_lonlat(lonlat[0], lonlat[1], &at->x, &at->y);
    }
    return at;
}

static bool remember(dk_outline *outline)
{
    if (outline->projected != NULL)
        return true;
    outline->projected = calloc(PROJECTED, sizeof *outline->projected);
    for (size_t i = 0; outline->projected != NULL && i < PROJECTED; i++) /* all of the place where both are 0 */
        dk_world_from_lonlat(0, 0, &outline->projected[i].x, &outline->projected[i].y);
    return outline->projected != NULL;
}

dk_status dk_outline_from_shape(const dk_shape *shape, dk_outline *ret_outline)
{
    dk_outline_clear(ret_outline);
    ret_outline->kind = shape->kind;
    if (!remember(ret_outline))
        return DK_NOMEM;
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *part = &shape->parts[i];
        if (!dk_outline_reserve(ret_outline, part->count))
            return DK_NOMEM;
        const size_t start = ret_outline->n_points;
        for (size_t k = 0; k < part->count; k++) {
            const double *from = shape->lonlat + 2 * (part->start + k);
            const size_t before = ret_outline->n_points;
            if (k > 0 && shape->kind != DK_POINTS && !put_between(ret_outline, from - 2, from, 0))
                return DK_NOMEM;
            if (ret_outline->n_points != before && !dk_outline_reserve(ret_outline, part->count - k))
                return DK_NOMEM;
            const struct dk_projected *to = project(ret_outline->projected, from);
            const size_t n = ret_outline->n_points;
            const uint32_t *at = ret_outline->xy;
            if (n == start || to->x != at[2 * n - 2] || to->y != at[2 * n - 1])
                dk_outline_put(ret_outline, to->x, to->y, 0);
        }
        const uint32_t *xy = ret_outline->xy;
        if (shape->kind == DK_POLYGONS)
            while (ret_outline->n_points > start + 1 && xy[2 * ret_outline->n_points - 2] == xy[2 * start] &&
                   xy[2 * ret_outline->n_points - 1] == xy[2 * start + 1])
                ret_outline->n_points--;
        dk_outline_close(ret_outline, start, part->hole);
    }
    return DK_OK;
}

/* Twice the area of a ring, signed; plate: with y in the units of CGCS2000Quad. */
static double doubled_area(const dk_outline *outline, const dk_part *part, bool plate)
{
    const uint32_t *xy = outline->xy + 2 * part->start;
    double area2 = 0, x = 0, y = 0;
    for (size_t i = 1; i < part->count; i++) {
        const double u = (double)xy[2 * i] - xy[0];
        const double v =
            plate ? (double)dk_plate_y(xy[2 * i + 1]) - (double)dk_plate_y(xy[1]) : (double)xy[2 * i + 1] - xy[1];
        area2 += x * v - u * y;
        x = u, y = v;
    }
    return area2;
}

/* Of an exterior less that of its holes, parts first to end. */
static double net_area2(const dk_outline *outline, size_t first, size_t end, bool plate)
{
    double area2 = fabs(doubled_area(outline, &outline->parts[first], plate));
    for (size_t p = first + 1; p < end; p++)
        area2 -= fabs(doubled_area(outline, &outline->parts[p], plate));
    return area2;
}

bool dk_outline_encloses(const dk_outline *outline)
{
    const dk_world_box box = dk_outline_box(outline);
    for (size_t p = 0, end; p < outline->n_parts; p = end) {
        for (end = p + 1; end < outline->n_parts && outline->parts[end].hole;)
            end++;
        /* On average so wide that no rounding makes it nothing, wherever it lies but near a pole. */
        const double surely = 8.0 * ((double)(box.x1 - box.x0) + (box.y1 - box.y0) + 1) * (double)(end - p);
        const double area2 = net_area2(outline, p, end, false);
        if (area2 > surely || (area2 > 0 && net_area2(outline, p, end, true) > 0))
            return true;
    }
    return false;
}

bool dk_outline_widen(dk_outline *outline)
{
    uint32_t a[2] = {UINT32_MAX, UINT32_MAX}, b[2] = {0, 0}; /* the first and the last by (x, y) */
    for (size_t i = 0; i < outline->n_points; i++) {
        const uint32_t *at = outline->xy + 2 * i;
        if (at[0] < a[0] || (at[0] == a[0] && at[1] < a[1]))
            memcpy(a, at, sizeof a);
        if (at[0] > b[0] || (at[0] == b[0] && at[1] > b[1]))
            memcpy(b, at, sizeof b);
    }
    if (outline->n_points == 0)
        return true;
    const bool flat = b[0] - a[0] >= (b[1] > a[1] ? b[1] - a[1] : a[1] - b[1]);
    if (a[0] == b[0] && a[1] == b[1])
        b[0] < UINT32_MAX ? b[0]++ : a[0]--;
    while (!flat && dk_plate_y(a[1]) == dk_plate_y(b[1]))
        b[1] += b[1] > a[1] ? 1 : UINT32_MAX; /* one on, either way */
    uint32_t x = flat ? 0 : 1, y = flat ? 1 : 0;
    const bool last = flat ? (a[1] > b[1] ? a[1] : b[1]) > UINT32_MAX / 2 : b[0] == UINT32_MAX; /* away from the pole */
    while (flat && (dk_plate_y(a[1]) == dk_plate_y(last ? a[1] - y : a[1] + y) ||
                    dk_plate_y(b[1]) == dk_plate_y(last ? b[1] - y : b[1] + y)))
        y++;
    const uint32_t c[2] = {last ? b[0] - x : b[0] + x, last ? b[1] - y : b[1] + y};
    const uint32_t d[2] = {last ? a[0] - x : a[0] + x, last ? a[1] - y : a[1] + y};
    dk_outline_clear(outline);
    if (!dk_outline_reserve(outline, 4))
        return false;
    dk_outline_put(outline, a[0], a[1], 0);
    dk_outline_put(outline, b[0], b[1], 0);
    dk_outline_put(outline, c[0], c[1], 0);
    dk_outline_put(outline, d[0], d[1], 0);
    dk_outline_close(outline, 0, false);
    return true;
}

dk_world_box dk_outline_box(const dk_outline *outline)
{
    if (outline->n_points == 0)
        return (dk_world_box){0, 0, 0, 0};
    dk_world_box box = {UINT32_MAX, UINT32_MAX, 0, 0};
    for (size_t i = 0; i < outline->n_points; i++) {
        const uint32_t x = outline->xy[2 * i], y = outline->xy[2 * i + 1];
        box.x0 = x < box.x0 ? x : box.x0;
        box.x1 = x > box.x1 ? x : box.x1;
        box.y0 = y < box.y0 ? y : box.y0;
        box.y1 = y > box.y1 ? y : box.y1;
    }
    return box;
}
