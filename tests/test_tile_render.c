/* Features through the whole of rendering: random shapes at many zooms and positions are drawn, decoded by the small
 * reader below, and judged by GEOS: valid, wound right, within the buffer, and the area where it ought to be. */
#include "store/topology.h"
#include "tests/sampled.h"
#include "tiler/tile_feature.h"

#include <geos_c.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static GEOSContextHandle_t geos;
static dk_render *render;
static dk_topology *topology;
static dk_entry_work *entry_work;
static dk_entry_shape entry;
static dk_block_builder *builder;
static uint64_t random_state;

static double random_double(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

/* ---- a reader of one-layer, one-feature tiles, independent of the encoder ---- */

typedef struct reader {
    const unsigned char *at, *end;
} reader;

static uint64_t varint(reader *r)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(r->at < r->end && shift < 64);
        value |= (uint64_t)(*r->at & 0x7f) << shift;
        if ((*r->at++ & 0x80) == 0)
            return value;
    }
}

/* Moves r into the first field of that number and length-delimited type; false if there is none. */
static bool enter(reader *r, unsigned number)
{
    while (r->at < r->end) {
        const uint64_t tag = varint(r);
        if ((tag & 7) == 0) {
            varint(r);
        } else if ((tag & 7) == 1) {
            r->at += 8;
        } else {
            assert_int_equal(tag & 7, 2);
            const uint64_t size = varint(r);
            assert_true(size <= (uint64_t)(r->end - r->at));
            if (tag >> 3 == number) {
                r->end = r->at + size;
                return true;
            }
            r->at += size;
        }
    }
    return false;
}

enum { MAX_RINGS = 200, MAX_POINTS = 20000 };
typedef struct drawing {
    int n_rings;
    struct {
        int start, count;
    } rings[MAX_RINGS];
    double xy[2 * MAX_POINTS];
} drawing;

static int zigzag(uint64_t value)
{
    return (int)((int64_t)(value >> 1) ^ -(int64_t)(value & 1));
}

static bool read_drawing(const dk_buf *tile, drawing *out)
{
    reader r = {tile->data, tile->data + tile->size};
    out->n_rings = 0;
    if (tile->size == 0)
        return false;
    assert_true(enter(&r, 3) && enter(&r, 2) && enter(&r, 4));
    int x = 0, y = 0, n = 0;
    while (r.at < r.end) {
        const uint64_t move = varint(&r);
        assert_int_equal(move, 1 << 3 | 1);
        out->rings[out->n_rings].start = n;
        uint64_t count = 1;
        for (int lines = 0; lines < 2; lines++) {
            for (; count > 0; count--, n++) {
                assert_true(n < MAX_POINTS);
                x += zigzag(varint(&r));
                y += zigzag(varint(&r));
                out->xy[2 * n] = x;
                out->xy[2 * n + 1] = y;
            }
            if (lines == 0) {
                const uint64_t line = varint(&r);
                assert_int_equal(line & 7, 2);
                count = line >> 3;
                assert_true(count >= 2); /* 4.3.3.3: a ring has a LineTo of two or more */
            }
        }
        assert_int_equal(varint(&r), 1 << 3 | 7);
        out->rings[out->n_rings].count = n - out->rings[out->n_rings].start;
        assert_true(++out->n_rings < MAX_RINGS);
    }
    return true;
}

static double area2(const drawing *d, int ring)
{
    double sum = 0;
    const double *xy = d->xy + 2 * d->rings[ring].start;
    const int n = d->rings[ring].count;
    for (int i = 0, j = n - 1; i < n; j = i++)
        sum += xy[2 * j] * xy[2 * i + 1] - xy[2 * i] * xy[2 * j + 1];
    return sum;
}

static GEOSGeometry *ring_of(const double *xy, size_t n)
{
    GEOSCoordSequence *s = GEOSCoordSeq_create_r(geos, (unsigned)n + 1, 2);
    for (size_t i = 0; i <= n; i++)
        GEOSCoordSeq_setXY_r(geos, s, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return GEOSGeom_createLinearRing_r(geos, s);
}

/* By 4.3.4.4 a positive ring begins a polygon and a negative one is a hole of it. */
static GEOSGeometry *multipolygon_of(const drawing *d)
{
    GEOSGeometry *polygons[MAX_RINGS], *holes[MAX_RINGS];
    unsigned n = 0;
    for (int i = 0; i < d->n_rings;) {
        assert_true(area2(d, i) > 0);
        GEOSGeometry *exterior = ring_of(d->xy + 2 * d->rings[i].start, (size_t)d->rings[i].count);
        unsigned n_holes = 0;
        for (i++; i < d->n_rings && area2(d, i) < 0; i++)
            holes[n_holes++] = ring_of(d->xy + 2 * d->rings[i].start, (size_t)d->rings[i].count);
        polygons[n++] = GEOSGeom_createPolygon_r(geos, exterior, holes, n_holes);
    }
    return GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, n);
}

/* ---- drawing a shape that is given in world coordinates ---- */

typedef struct shape {
    size_t n_parts, n_points;
    struct {
        size_t start, count;
        bool hole;
    } parts[32];
    double world[2 * 9000]; /* rings closed */
} shape;

static const dk_kind layer = {.name = "a", .geometry = DK_POLYGONS, .division_field = -1};

/* World units, and vertices by zoom if that is wanted. */
static void make_outline(const shape *s, bool generalised, dk_outline *outline)
{
    dk_outline_clear(outline);
    outline->kind = DK_POLYGONS;
    for (size_t i = 0; i < s->n_parts; i++) {
        const size_t start = outline->n_points;
        assert_true(dk_outline_reserve(outline, s->parts[i].count));
        for (size_t k = s->parts[i].start; k + 1 < s->parts[i].start + s->parts[i].count; k++) {
            const uint32_t x = (uint32_t)floor(s->world[2 * k] + 0.5), y = (uint32_t)floor(s->world[2 * k + 1] + 0.5);
            const size_t n = outline->n_points;
            if (n == start || outline->xy[2 * n - 2] != x || outline->xy[2 * n - 1] != y)
                dk_outline_put(outline, x, y, 0);
        }
        dk_outline_close(outline, start, s->parts[i].hole);
    }
    if (generalised) {
        size_t index;
        dk_topology_clear(topology);
        assert_int_equal(dk_topology_add(topology, outline, true, &index), DK_OK);
        assert_int_equal(dk_topology_build(topology), DK_OK);
        assert_int_equal(dk_topology_get(topology, index, outline), DK_OK);
    }
}

/* What publish does: an entry, and a block of it. */
static void make_block_of(const dk_outline *outline, dk_buf *bytes)
{
    assert_int_equal(dk_entry_build(entry_work, outline, 0, 18, &entry), DK_OK);
    entry.head.feature = 7;
    dk_block_begin(builder, &layer);
    assert_int_equal(dk_block_add(builder, &entry.head, entry.drawings.data, entry.head.drawing_size, NULL), DK_OK);
    assert_int_equal(dk_block_finish(builder, bytes), DK_OK);
}

static void make_block(const shape *s, bool generalised, dk_buf *bytes)
{
    dk_outline outline;
    dk_outline_init(&outline);
    make_outline(s, generalised, &outline);
    make_block_of(&outline, bytes);
    dk_outline_finish(&outline);
}

static void draw_block_bytes(const dk_buf *bytes, const dk_tile_address *tile, dk_buf *out)
{
    dk_block block;
    assert_int_equal(dk_block_open(bytes->data, bytes->size, &block), DK_OK);
    assert_int_equal(dk_render_block(render, &layer, tile, &block, out), DK_OK);
}

/* World y in the units of the tile's grid: of CGCS2000Quad, plate carrée. By the formulas, not by the table. */
static double grid_y(const dk_tile_address *tile, double world_y)
{
    if (tile->set == DK_WEBMERCATORQUAD)
        return world_y;
    const double pi = 3.14159265358979323846;
    const double latitude = atan(sinh(pi * (1 - world_y / 2147483648.0)));
    return (pi / 2 - latitude) / (2 * pi) * 4294967296.0;
}

static double world_y_of(const dk_tile_address *tile, double y)
{
    if (tile->set == DK_WEBMERCATORQUAD)
        return y;
    const double pi = 3.14159265358979323846;
    const double latitude = pi / 2 - y * (2 * pi) / 4294967296.0;
    return (1 - asinh(tan(latitude)) / pi) * 2147483648.0;
}

static GEOSGeometry *exact_of(const shape *s, const dk_tile_address *tile)
{
    GEOSGeometry *polygons[32], *holes[32];
    unsigned n = 0;
    static double xy[2 * 9000];
    const double unit = ldexp(1, 20 - tile->z);
    for (size_t i = 0; i < s->n_points; i++) {
        xy[2 * i] = (s->world[2 * i] - ldexp(tile->x, 32 - tile->z)) / unit;
        xy[2 * i + 1] = (grid_y(tile, s->world[2 * i + 1]) - ldexp(tile->y, 32 - tile->z)) / unit;
    }
    for (size_t i = 0; i < s->n_parts;) {
        GEOSGeometry *exterior = ring_of(xy + 2 * s->parts[i].start, s->parts[i].count - 1);
        unsigned n_holes = 0;
        for (i++; i < s->n_parts && s->parts[i].hole; i++)
            holes[n_holes++] = ring_of(xy + 2 * s->parts[i].start, s->parts[i].count - 1);
        polygons[n++] = GEOSGeom_createPolygon_r(geos, exterior, holes, n_holes);
    }
    return GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, n);
}

static void add_ring(shape *s, double cx, double cy, double radius, double wobble, size_t n, bool hole)
{
    s->parts[s->n_parts].start = s->n_points;
    s->parts[s->n_parts].hole = hole;
    for (size_t i = 0; i <= n; i++) {
        double *p = s->world + 2 * s->n_points++;
        if (i == n) {
            memcpy(p, s->world + 2 * s->parts[s->n_parts].start, 2 * sizeof *p);
            break;
        }
        const double angle = 2 * 3.14159265358979 * (double)i / (double)n;
        const double r = radius * (1 - wobble * random_double());
        p[0] = cx + r * cos(angle);
        p[1] = cy + r * sin(angle);
    }
    s->parts[s->n_parts].count = n + 1;
    s->n_parts++;
}

static double area_of(const GEOSGeometry *geometry)
{
    double area = 0;
    GEOSArea_r(geos, geometry, &area);
    return area;
}

/* ret_drawn: whether the tile holds anything. */
static void judge(const shape *s, const dk_tile_address *tile, bool generalised, const dk_buf *out, bool *ret_drawn)
{
    static drawing d;
    *ret_drawn = read_drawing(out, &d);
    GEOSGeometry *exact = exact_of(s, tile);
    GEOSGeometry *window = GEOSGeom_createRectangle_r(geos, -64, -64, 4160, 4160);
    if (GEOSisValid_r(geos, exact) == 1) {
        GEOSGeometry *expected = GEOSIntersection_r(geos, exact, window);
        if (*ret_drawn) {
            GEOSGeometry *drawn = multipolygon_of(&d);
            if (GEOSisValid_r(geos, drawn) != 1)
                fail_msg("invalid: %s", GEOSisValidReason_r(geos, drawn));
            for (int i = 0; i < d.n_rings; i++)
                for (int j = 0; j < 2 * d.rings[i].count; j++) {
                    const double v = d.xy[2 * d.rings[i].start + j];
                    if (v < -64 || v > 4160)
                        fail_msg("tile %d/%u/%u: %g lies beyond the buffer", tile->z, tile->x, tile->y, v);
                }
            /* Rounding moves a border by 0.71 at most, generalising by half a unit, world coordinates by half of
             * theirs and matching by two or more; a strip adds its one unit. */
            double length = 0;
            GEOSLength_r(geos, expected, &length);
            GEOSGeometry *difference = GEOSSymDifference_r(geos, expected, drawn);
            const double slack = (generalised ? 1.25 : 0.75) + ldexp(generalised ? 4 : 1, tile->z - 20);
            if (area_of(difference) > slack * (length + 4 * slack) + 4)
                fail_msg("tile %d/%u/%u: %g of %g units are wrong, with a border of %g", tile->z, tile->x, tile->y,
                         area_of(difference), area_of(expected), length);
            GEOSGeom_destroy_r(geos, difference);
            GEOSGeom_destroy_r(geos, drawn);
        } else {
            /* Nothing that has an area vanishes, but for what rounding to world coordinates moves out of the window. */
            double length = 0;
            GEOSLength_r(geos, expected, &length);
            if (area_of(expected) >= 1e-6 + ldexp(length, tile->z - 20) * (generalised ? 4 : 1))
                fail_msg("tile %d/%u/%u: %g units are not drawn", tile->z, tile->x, tile->y, area_of(expected));
        }
        GEOSGeom_destroy_r(geos, expected);
    }
    GEOSGeom_destroy_r(geos, window);
    GEOSGeom_destroy_r(geos, exact);
}

/* Draws and judges. */
static void check(const shape *s, const dk_tile_address *tile, bool generalised, bool *ret_drawn)
{
    dk_buf block, out;
    dk_buf_init(&block);
    dk_buf_init(&out);
    make_block(s, generalised, &block);
    draw_block_bytes(&block, tile, &out);
    judge(s, tile, generalised, &out, ret_drawn);
    dk_buf_finish(&block);
    dk_buf_finish(&out);
}

/* A third of them in CGCS2000Quad, half of them generalised. */
static void random_shapes(int rounds, double wobble, size_t corners, double smallest, double largest)
{
    int drawn_count = 0;
    for (int round = 0; round < rounds; round++) {
        const int z = (int)(random_double() * 23);
        const double size = ldexp(1, 32 - z);
        const uint32_t n = (uint32_t)1 << z;
        const bool plate = round % 3 == 2;
        /* of CGCS2000Quad, the rows up to 60 degrees */
        const double row = plate ? (1.0 / 12 + random_double() / 3) * n : random_double() * n;
        const dk_tile_address tile = {plate ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, z, (uint32_t)(random_double() * n),
                                      (uint32_t)row};
        assert_true(dk_tile_exists(&tile));
        shape s = {0};
        const double radius = size * smallest * pow(largest / smallest, random_double());
        const double cx = (tile.x + 1.4 * random_double() - 0.2) * size,
                     cy = world_y_of(&tile, (tile.y + 1.4 * random_double() - 0.2) * size);
        if (radius > 1e9 || cx - radius < 1 || !(cy - radius >= 1) || cx + radius > 4294967290.0 ||
            cy + radius > 4294967290.0)
            continue;
        add_ring(&s, cx, cy, radius, wobble, 3 + (size_t)(random_double() * (double)corners), false);
        if (wobble < 0.5 && random_double() < 0.5)
            add_ring(&s, cx, cy, radius * (1 - wobble) * 0.4, wobble, 3 + (size_t)(random_double() * (double)corners),
                     true);
        bool drawn;
        check(&s, &tile, round % 2 == 1, &drawn);
        drawn_count += drawn;
    }
    assert_true(drawn_count > rounds / 20);
}

static void parcels_of_some_tile_units(void **state)
{
    (void)state;
    random_shapes(DK_COUNT(1300, 4), 0.3, 20, 1e-3, 0.05);
}

static void tiny_parcels_at_low_zooms(void **state)
{
    (void)state;
    random_shapes(DK_COUNT(1700, 4), 0.6, 30, 2e-5, 2e-3);
}

static void zones_larger_than_the_tile(void **state)
{
    (void)state;
    random_shapes(DK_COUNT(800, 4), 0.4, 200, 0.3, 30);
}

/* Spiky stars: the square's sides cut them into many pieces, and rounding makes needles touch. */
static void stars_that_the_tile_cuts_to_pieces(void **state)
{
    (void)state;
    random_shapes(DK_COUNT(600, 4), 0.98, 400, 0.01, 3);
}

static void several_parts_and_half_the_world(void **state)
{
    (void)state;
    const dk_tile_address world = {DK_WEBMERCATORQUAD, 0, 0, 0}, corner = {DK_WEBMERCATORQUAD, 22, 0, 0},
                          middle = {DK_WEBMERCATORQUAD, 3, 4, 3};
    shape s = {0};
    bool drawn;
    add_ring(&s, 2147483648.0, 2147483648.0, 1073741000.0, 0, 60, false);
    check(&s, &world, false, &drawn);
    assert_true(drawn);
    check(&s, &middle, false, &drawn);
    assert_true(drawn);
    check(&s, &corner, false, &drawn);
    assert_false(drawn);
    shape several = {0};
    for (int i = 0; i < 8; i++)
        add_ring(&several, 2147483648.0 + i * 100000.0, 2147483648.0, 40000, 0.2, 12, false);
    for (int z = 0; z <= 22; z++) {
        const dk_tile_address tile = {DK_WEBMERCATORQUAD, z, (uint32_t)1 << z >> 1, (uint32_t)1 << z >> 1};
        check(&several, &tile, z % 2 == 1, &drawn);
        assert_true(drawn || z == 0 || z > 13);
    }
}

static void add_triangle(shape *s, double cx, double cy, const double angles[3], const double radii[3])
{
    s->parts[s->n_parts].start = s->n_points;
    s->parts[s->n_parts].count = 4;
    s->parts[s->n_parts++].hole = false;
    for (int i = 0; i < 4; i++) {
        s->world[2 * s->n_points] = cx + radii[i % 3] * cos(angles[i % 3]);
        s->world[2 * s->n_points++ + 1] = cy + radii[i % 3] * sin(angles[i % 3]);
    }
}

/* The blades of a fan, with gaps of a fraction of a unit to some units. */
static void add_fan(shape *s, double cx, double cy, double radius, double gap)
{
    const int n = 12;
    for (int i = 0; i < n; i++) {
        const double from = 6.283185307179586 * i / n, to = 6.283185307179586 * (i + 1) / n, middle = (from + to) / 2;
        const double r = radius * (0.3 + 0.7 * random_double()), q = radius * (0.3 + 0.7 * random_double());
        const double inner = 4 * gap + 0.02 * radius;
        add_triangle(s, cx, cy, (double[]){from + gap / r, middle, to - gap / q}, (double[]){r, inner, q});
    }
}

/* Islands, spiky stars and blades on both sides of the buffer's edges, some of which one edge cuts to pieces. */
static void strewn_parts_that_the_tile_cuts(void **state)
{
    (void)state;
    enum { SIDE = 5 };
    int drawn_count = 0, tries = 0;
    for (int round = 0; round < DK_COUNT(600, 4); round++) {
        const int z = 5 + (int)(random_double() * 14);
        const double size = ldexp(1, 32 - z), unit = size / 4096;
        const uint32_t n = (uint32_t)1 << z;
        const bool plate = round % 3 == 2;
        const double column = 0.2 + 0.6 * random_double(), row = plate ? 1.0 / 12 + random_double() / 3 : column;
        const dk_tile_address tile = {plate ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, z, (uint32_t)(column * n),
                                      (uint32_t)(row * n)};
        const double cx = (tile.x + round % 2) * size, cy = world_y_of(&tile, (tile.y + random_double()) * size);
        shape s = {0};
        if (round % 4 < 2) {
            add_fan(&s, cx, cy, size * pow(10, -random_double()), unit * pow(10, 1.3 * random_double() - 0.7));
        } else {
            const double apart = size * pow(10, -2 * random_double()), spikes = round % 4 == 2 ? 0.3 : 0.95;
            for (int i = 0; i < SIDE * SIDE; i++)
                if (random_double() < 0.7)
                    add_ring(&s, cx + (i % SIDE - SIDE / 2) * apart, cy + (i / SIDE - SIDE / 2) * apart, 0.49 * apart,
                             spikes, 3 + (size_t)(random_double() * 30), false);
        }
        if (s.n_parts < 2)
            continue;
        bool drawn;
        check(&s, &tile, round % 8 == 7, &drawn);
        drawn_count += drawn;
        tries++;
    }
    assert_true(drawn_count > tries / 2);
}

/* ---- what is below its first zoom ---- */

/* Without positions that repeat or lie straight between their neighbours, one after the other until there are none. */
static size_t reduced(double *xy, size_t n)
{
    for (bool changed = true; changed && n >= 3;) {
        changed = false;
        for (size_t i = 0; i < n && !changed; i++) {
            const double *a = xy + 2 * ((i + n - 1) % n), *b = xy + 2 * i, *c = xy + 2 * ((i + 1) % n);
            if ((b[0] - a[0]) * (c[1] - a[1]) != (b[1] - a[1]) * (c[0] - a[0]))
                continue;
            memmove(xy + 2 * i, xy + 2 * i + 2, (n - 1 - i) * 2 * sizeof *xy);
            n--;
            changed = true;
        }
    }
    return n >= 3 ? n : 0;
}

/* A polygon of which generalising leaves nothing at the zoom is drawn from all its vertices, if they make a valid ring:
 * rounded, and with no position more than that. */
static void small_polygons_are_all_their_vertices(void **state)
{
    (void)state;
    static drawing d;
    int compared = 0;
    dk_buf block, out;
    dk_outline outline;
    dk_buf_init(&block);
    dk_buf_init(&out);
    dk_outline_init(&outline);
    for (int round = 0; round < DK_COUNT(6000, 4); round++) {
        const int z = 5 + (int)(random_double() * 6);
        const dk_tile_address tile = {round % 2 == 1 ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, z, 1u << (z - 1),
                                      1u << (z - 2)};
        const double unit = ldexp(1, 20 - z), x0 = ldexp(tile.x, 32 - z), y0 = world_y_of(&tile, ldexp(tile.y, 32 - z));
        const double from = round % 4 < 2 ? 0 : 100; /* or about the tile's corner, whose position is 0, 0 */
        shape s = {0};
        add_ring(&s, x0 + (from + random_double()) * unit, y0 + (from + random_double()) * unit,
                 unit * (0.4 + 2 * random_double()), 0.7, 3 + (size_t)(random_double() * 25), false);
        make_outline(&s, true, &outline);
        if (outline.n_parts != 1)
            continue;
        make_block_of(&outline, &block);
        dk_drawing kept;
        assert_int_equal(dk_drawing_open(entry.drawings.data, entry.head.drawing_size, &kept), DK_OK);
        if (kept.n_parts != 1 || kept.part_zooms[0] <= z || entry.head.first_zoom <= z)
            continue;
        double xy[2 * 40];
        for (size_t i = 0; i < outline.n_points; i++) {
            const uint32_t x = outline.xy[2 * i],
                           y = tile.set == DK_CGCS2000QUAD ? dk_plate_y(outline.xy[2 * i + 1]) : outline.xy[2 * i + 1];
            xy[2 * i] = floor((x - x0) / unit + 0.5);
            xy[2 * i + 1] = floor((y - ldexp(tile.y, 32 - z)) / unit + 0.5);
        }
        const size_t n = reduced(xy, outline.n_points);
        if (n == 0)
            continue;
        GEOSGeometry *wanted = GEOSGeom_createPolygon_r(geos, ring_of(xy, n), NULL, 0);
        if (GEOSisValid_r(geos, wanted) == 1) {
            draw_block_bytes(&block, &tile, &out);
            assert_true(read_drawing(&out, &d));
            GEOSGeometry *drawn = multipolygon_of(&d);
            assert_int_equal(GEOSEquals_r(geos, drawn, wanted), 1);
            assert_int_equal(d.n_rings, 1);
            assert_int_equal(d.rings[0].count, n);
            GEOSGeom_destroy_r(geos, drawn);
            compared++;
        }
        GEOSGeom_destroy_r(geos, wanted);
    }
    assert_in_range(compared, DK_COUNT(300, 4), 100000);
    dk_outline_finish(&outline);
    dk_buf_finish(&block);
    dk_buf_finish(&out);
}

/* Where a layer draws everything, a dot in each tile of any zoom. */
static void polygons_of_centimetres_are_dots_at_the_smallest_zooms(void **state)
{
    (void)state;
    static drawing d;
    dk_buf block, out;
    dk_buf_init(&block);
    dk_buf_init(&out);
    for (int size = 3; size < 40; size += 4)
        for (int parts = 1; parts < 4; parts++)
            for (int z = 0; z < 12; z++) {
                const double x = 3400000000.0, y = 1750000000.0;
                shape s = {0};
                for (int i = 0; i < parts; i++)
                    add_ring(&s, x + 3 * i * size, y, size, 0.01, 5, false);
                make_block(&s, true, &block);
                for (int plate = 0; plate < 2; plate++) {
                    dk_tile_address tile = {plate ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, z, (uint32_t)ldexp(x, z - 32),
                                            0};
                    tile.y = (uint32_t)ldexp(grid_y(&tile, y), z - 32);
                    draw_block_bytes(&block, &tile, &out);
                    if (!read_drawing(&out, &d))
                        fail_msg("zoom %d: %d of %d units are not drawn", z, parts, size);
                }
            }
    dk_buf_finish(&block);
    dk_buf_finish(&out);
}

static void a_road_thinner_than_the_grid_stays_a_strip(void **state)
{
    (void)state;
    static drawing d;
    dk_buf block, out;
    dk_buf_init(&block);
    dk_buf_init(&out);
    /* At zoom 8 a tile unit is 4096 world units: 2000 units long, a quarter wide. */
    const dk_tile_address tile = {DK_WEBMERCATORQUAD, 8, 128, 128};
    const double x = 2147483648.0 + 1000 * 4096.0, y = 2147483648.0 + 500 * 4096.0 + 100;
    shape s = {.n_parts = 1,
               .n_points = 5,
               .world = {x, y, x + 2000 * 4096.0, y, x + 2000 * 4096.0, y + 1000, x, y + 1000, x, y}};
    s.parts[0].count = 5;
    make_block(&s, false, &block);
    draw_block_bytes(&block, &tile, &out);
    assert_true(read_drawing(&out, &d));
    assert_int_equal(d.n_rings, 1);
    assert_true(fabs(area2(&d, 0) - 2 * 2000) < 1e-9); /* one unit wide along its 2000 */
    dk_buf_finish(&block);
    dk_buf_finish(&out);
}

static void put_square(dk_outline *outline, uint32_t x, uint32_t y, uint32_t side, bool hole)
{
    const size_t start = outline->n_points;
    assert_true(dk_outline_reserve(outline, 4));
    dk_outline_put(outline, x, y, 0);
    dk_outline_put(outline, x, y + side, 0);
    dk_outline_put(outline, x + side, y + side, 0);
    dk_outline_put(outline, x + side, y, 0);
    dk_outline_close(outline, start, hole);
}

/* Where a feature is drawn its area is, within 2 % and what rounding adds: with holes too small to be drawn it
 * waits. */
static void holes_too_small_to_be_drawn_fill_nothing(void **state)
{
    (void)state;
    const uint32_t x = 3400000000u, y = 1750000000u, cell = 10000;
    for (uint32_t n = 2; n <= 32; n *= 2) {
        dk_outline outline;
        dk_outline_init(&outline);
        outline.kind = DK_POLYGONS;
        put_square(&outline, x, y, n * cell, false);
        for (uint32_t i = 0; i < n * n; i++)
            put_square(&outline, x + i % n * cell + cell / 4, y + i / n * cell + cell / 4, cell / 2, true);
        assert_int_equal(dk_entry_build(entry_work, &outline, 0, 18, &entry), DK_OK);
        assert_true(entry.head.first_zoom < 14);
        dk_drawing stored;
        assert_int_equal(dk_drawing_open(entry.drawings.data, entry.head.drawing_size, &stored), DK_OK);
        const dk_world_box box = dk_outline_box(&outline);
        dk_grid_shape rounded = {0};
        for (int zoom = entry.head.first_zoom; zoom <= 18 && zoom < entry.head.cut_zoom; zoom++) {
            const int64_t unit = INT64_C(1) << (DK_FINEST_ZOOM - zoom);
            assert_int_equal(dk_drawing_round(&stored, &box, zoom, false, box.x0 & -unit, box.y0 & -unit, &rounded),
                             DK_OK);
            double area = 0;
            for (size_t i = 0; i < rounded.n_parts; i++) {
                const dk_part *part = &rounded.parts[i];
                const double each = fabs((double)dk_ring_area2(rounded.xy + 2 * part->start, part->count)) / 2;
                area += part->hole ? -each : each;
            }
            const double side = n * cell / (double)unit;
            assert_true(fabs(area / (0.75 * side * side) - 1) < 0.2);
        }
        dk_grid_shape_finish(&rounded);
        dk_outline_finish(&outline);
    }
}

/* A field of 6 by 6 neighbours with borders of many vertices: at every zoom the drawn ones, cut at the tile's edge or
 * not, cover what they cover together without an overlap, and without a gap inside. */
enum { SIDE = 6, STEPS = 5 };

static void border_point(int row, int column, int step, bool south, double *ret_x, double *ret_y)
{
    /* The same for both neighbours: from a hash of the place. */
    const int64_t k = ((int64_t)(row * 31 + column) * 17 + step) * 2 + (south && step > 0);
    const double a = sin((double)k * 12.9898) * 43758.5453, b = sin((double)k * 78.233) * 12543.123;
    const double jitter_x = a - floor(a) - 0.5, jitter_y = b - floor(b) - 0.5;
    const double cell = 40 * 64, t = (double)step / STEPS;
    *ret_x = 3400000000.0 + (column + (south ? 0 : t)) * cell + jitter_x * 0.15 * cell;
    *ret_y = 1750000000.0 + (row + (south ? t : 0)) * cell + jitter_y * 0.15 * cell;
}

static void put_border(shape *s, int row, int column, bool south, bool backwards)
{
    for (int step = 0; step < STEPS; step++) {
        double *p = s->world + 2 * s->n_points++;
        const int at = backwards ? STEPS - step : step;
        if (at == STEPS)
            border_point(row + south, column + !south, 0, south, &p[0], &p[1]);
        else
            border_point(row, column, at, south, &p[0], &p[1]);
    }
}

static void neighbours_meet_without_gap_or_overlap(void **state)
{
    (void)state;
    static dk_buf blocks[SIDE * SIDE];
    static shape s;
    static drawing d;
    dk_outline outline;
    dk_outline_init(&outline);
    dk_topology_clear(topology);
    for (int i = 0; i < SIDE * SIDE; i++) {
        size_t index;
        const int row = i / SIDE, column = i % SIDE;
        s = (shape){.n_parts = 1};
        put_border(&s, row, column, false, false);
        put_border(&s, row, column + 1, true, false);
        put_border(&s, row + 1, column, false, true);
        put_border(&s, row, column, true, true);
        memcpy(s.world + 2 * s.n_points, s.world, 2 * sizeof *s.world);
        s.parts[0].count = ++s.n_points;
        make_outline(&s, false, &outline);
        assert_int_equal(dk_topology_add(topology, &outline, true, &index), DK_OK);
        assert_int_equal(index, i);
    }
    assert_int_equal(dk_topology_build(topology), DK_OK);
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        dk_buf_init(&blocks[i]);
        assert_int_equal(dk_topology_get(topology, i, &outline), DK_OK);
        make_block_of(&outline, &blocks[i]);
    }
    dk_buf out;
    dk_buf_init(&out);
    int fewest = INT32_MAX;
    for (int z = 13; z <= 21; z++)
        for (int plate = 0; plate < 2; plate++) {
            /* the tile in which the middle of the field lies */
            const double x = 3400000000.0 + 3 * 2560, y = 1750000000.0 + 3 * 2560;
            dk_tile_address tile = {plate ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, z, 0, 0};
            tile.x = (uint32_t)ldexp(x, z - 32);
            tile.y = (uint32_t)ldexp(grid_y(&tile, y), z - 32);
            const uint64_t repaired = dk_render_statistics(render)->repaired;
            GEOSGeometry *drawn[SIDE * SIDE];
            unsigned n = 0;
            double areas = 0;
            for (size_t i = 0; i < SIDE * SIDE; i++) {
                draw_block_bytes(&blocks[i], &tile, &out);
                if (!read_drawing(&out, &d))
                    continue;
                drawn[n] = multipolygon_of(&d);
                areas += area_of(drawn[n++]);
            }
            if (dk_render_statistics(render)->repaired == repaired)
                fewest = (int)n < fewest ? (int)n : fewest;
            GEOSGeometry *all = GEOSGeom_createCollection_r(geos, GEOS_GEOMETRYCOLLECTION, drawn, n);
            GEOSGeometry *together = GEOSUnaryUnion_r(geos, all);
            if (dk_render_statistics(render)->repaired == repaired) {
                if (fabs(areas - area_of(together)) > 1e-6)
                    fail_msg("zoom %d: neighbours overlap by %g", z, areas - area_of(together));
                assert_int_equal(GEOSGeomTypeId_r(geos, together), GEOS_POLYGON);
                assert_int_equal(GEOSGetNumInteriorRings_r(geos, together), 0);
            } else { /* what is mended gives way by a unit at most */
                assert_true(fabs(areas - area_of(together)) <=
                            4.0 * (double)(dk_render_statistics(render)->repaired - repaired));
            }
            GEOSGeom_destroy_r(geos, together);
            GEOSGeom_destroy_r(geos, all);
        }
    assert_true(fewest < SIDE * SIDE); /* some tiles cut the field */
    for (size_t i = 0; i < SIDE * SIDE; i++)
        dk_buf_finish(&blocks[i]);
    dk_buf_finish(&out);
    dk_outline_finish(&outline);
}

/* As dk_index_pieces gives them, of the entry just built. */
static void draw_pieces(const dk_tile_address *tile, dk_geometry_kind kind, dk_feature_work *work, dk_mvt *mvt,
                        dk_buf *out, int *ret_n, int *n_sound)
{
    const dk_tile_frame frame = dk_tile_frame_of(tile);
    const dk_world_box box = dk_tile_box(tile, 0);
    dk_mvt_layer_begin(mvt, "a", NULL, 0);
    dk_mvt_feature_begin(mvt, 7, kind == DK_POLYGONS ? DK_MVT_POLYGON : kind == DK_LINES ? DK_MVT_LINE : DK_MVT_POINT);
    *ret_n = 0;
    for (size_t i = 0; i < entry.n_pieces; i++) {
        const dk_piece *p = &entry.pieces[i];
        const int shift = 32 - p->level;
        if (p->level > tile->z || p->last_zoom < tile->z || p->cell_x < box.x0 >> shift ||
            p->cell_x > box.x1 >> shift || p->cell_y < box.y0 >> shift || p->cell_y > box.y1 >> shift)
            continue;
        const dk_entry_head head = {
            .x0 = p->box.x0, .y0 = p->box.y0, .x1 = p->box.x1, .y1 = p->box.y1, .unsound = p->unsound};
        dk_drawing drawn;
        bool whole;
        assert_int_equal(dk_drawing_open(entry.drawings.data + p->drawing, p->drawing_size, &drawn), DK_OK);
        assert_int_equal(dk_draw_sound_piece(work, mvt, &frame, &head, &drawn, &whole), DK_OK);
        assert_true(!whole || *ret_n == 0);
        if (!whole)
            assert_int_equal(dk_draw_piece(work, &frame, &head, &drawn, p->level, p->cell_y), DK_OK);
        *n_sound += whole;
        ++*ret_n;
    }
    assert_int_equal(dk_draw_pieces(work, mvt, kind), DK_OK);
    dk_mvt_feature_end(mvt);
    dk_buf_clear(out);
    assert_true(dk_mvt_layer_end(mvt, out));
}

static void a_large_outline_in_pieces(void **state)
{
    (void)state;
    static shape s;
    dk_outline outline;
    dk_outline_init(&outline);
    dk_buf out;
    dk_buf_init(&out);
    dk_feature_work work = {.geos = dk_geos_create()};
    dk_mvt *mvt = dk_mvt_create();
    int n_drawn = 0, n_joined = 0, n_sound = 0;
    for (int round = 0; round < 2; round++) {
        s = (shape){0};
        const double radius = 3e6, x = 3400000000.0, y = 1750000000.0;
        add_ring(&s, x, y, radius, 0.1, 7000, false);
        add_ring(&s, x, y, radius * 0.4, 0.3, 1000, true);
        make_outline(&s, round % 2 == 1, &outline);
        assert_int_equal(dk_entry_build(entry_work, &outline, 0, 18, &entry), DK_OK);
        assert_true(entry.head.cut_zoom <= DK_MAX_LEVEL && entry.n_pieces > 4);
        for (int k = 0; k < 40; k++) {
            const int z = entry.head.cut_zoom + (int)(random_double() * (22.99 - entry.head.cut_zoom));
            dk_tile_address tile = {k % 3 ? DK_CGCS2000QUAD : DK_WEBMERCATORQUAD, z, 0, 0};
            /* half of them where the border is, the others anywhere */
            const size_t vertex = (size_t)(random_double() * (double)s.n_points);
            const double at_x = k % 2 ? s.world[2 * vertex] : x + (2 * random_double() - 1) * radius;
            const double at_y = k % 2 ? s.world[2 * vertex + 1] : y + (2 * random_double() - 1) * radius;
            tile.x = (uint32_t)ldexp(at_x, z - 32);
            tile.y = (uint32_t)ldexp(grid_y(&tile, at_y), z - 32);
            bool drawn;
            int n;
            draw_pieces(&tile, DK_POLYGONS, &work, mvt, &out, &n, &n_sound);
            assert_true(n <= 1 || tile.set == DK_CGCS2000QUAD);
            judge(&s, &tile, round % 2 == 1, &out, &drawn);
            n_drawn += drawn;
            n_joined += drawn && n > 1;
        }
    }
    assert_true(n_drawn > 40 && n_joined > 5 && n_sound > 5);
    dk_feature_work_finish(&work);
    dk_mvt_free(mvt);
    dk_outline_finish(&outline);
    dk_buf_finish(&out);
}

/* The tile of CGCS2000Quad that holds a position. */
static dk_tile_address plate_tile_at(int z, double x, double y)
{
    dk_tile_address tile = {DK_CGCS2000QUAD, z, (uint32_t)ldexp(x, z - 32), 0};
    tile.y = (uint32_t)ldexp(grid_y(&tile, y), z - 32);
    return tile;
}

/* Two zones with a winding border of 4,000 vertices between them: tiles of CGCS2000Quad join the pieces of each alike.
 */
static void two_large_outlines_meet_in_pieces(void **state)
{
    (void)state;
    enum { N = 4000, STEP = 2000, ZOOMS = 3, TILES = 60 };
    static shape s;
    static drawing d;
    dk_feature_work work = {.geos = dk_geos_create()};
    dk_mvt *mvt = dk_mvt_create();
    dk_outline sides[2];
    dk_buf out;
    dk_buf_init(&out);
    GEOSGeometry *drawn[2][ZOOMS][TILES] = {{{NULL}}};
    const double x = 3400000000.0, y = 1750000000.0, away = 4e6;
    dk_topology_clear(topology);
    for (int side = 0; side < 2; side++) {
        size_t index;
        random_state = 88172645463325252u;
        s = (shape){.n_parts = 1};
        for (size_t i = 0; i < N; i++) {
            s.world[2 * i] = x + 4000 * random_double();
            s.world[2 * i + 1] = y + (double)i * STEP;
        }
        const double far = side == 0 ? x - away : x + away,
                     end[6] = {far, y + (N - 1.0) * STEP, far, y, s.world[0], s.world[1]};
        memcpy(s.world + (size_t)2 * N, end, sizeof end);
        s.parts[0].count = s.n_points = N + 3;
        dk_outline_init(&sides[side]);
        make_outline(&s, false, &sides[side]);
        assert_int_equal(dk_topology_add(topology, &sides[side], true, &index), DK_OK);
    }
    assert_int_equal(dk_topology_build(topology), DK_OK);
    int n_joined = 0, n_sound = 0;
    for (size_t side = 0; side < 2; side++) {
        assert_int_equal(dk_topology_get(topology, side, &sides[side]), DK_OK);
        assert_int_equal(dk_entry_build(entry_work, &sides[side], 0, 18, &entry), DK_OK);
        assert_true(entry.head.cut_zoom <= 11 && entry.n_pieces > 4);
        for (int k = 0; k < ZOOMS; k++)
            for (int t = 0; t < TILES; t++) {
                const dk_tile_address tile = plate_tile_at(12 + k, x, y + (t + 0.5) / TILES * N * STEP);
                int n;
                draw_pieces(&tile, DK_POLYGONS, &work, mvt, &out, &n, &n_sound);
                n_joined += n > 1;
                if (read_drawing(&out, &d))
                    drawn[side][k][t] = multipolygon_of(&d);
            }
    }
    for (int k = 0; k < ZOOMS; k++)
        for (int t = 0; t < TILES; t++) {
            GEOSGeometry *a = drawn[0][k][t], *b = drawn[1][k][t];
            assert_true(a != NULL && b != NULL && GEOSisValid_r(geos, a) == 1 && GEOSisValid_r(geos, b) == 1);
            GEOSGeometry *common = GEOSIntersection_r(geos, a, b), *together = GEOSUnion_r(geos, a, b);
            if (area_of(common) > 0)
                fail_msg("zoom %d, tile %d: the zones overlap by %g", 12 + k, t, area_of(common));
            assert_int_equal(GEOSGeomTypeId_r(geos, together), GEOS_POLYGON);
            assert_int_equal(GEOSGetNumInteriorRings_r(geos, together), 0);
            GEOSGeom_destroy_r(geos, common);
            GEOSGeom_destroy_r(geos, together);
            GEOSGeom_destroy_r(geos, a);
            GEOSGeom_destroy_r(geos, b);
        }
    assert_true(n_joined > 20);
    dk_feature_work_finish(&work);
    dk_mvt_free(mvt);
    for (size_t side = 0; side < 2; side++)
        dk_outline_finish(&sides[side]);
    dk_buf_finish(&out);
}

/* A row in which a cell of level 14 begins, and up to 50 units further south a tile of CGCS2000Quad of that zoom. */
static uint32_t row_within_a_buffer(uint32_t from)
{
    const dk_tile_address any = {.set = DK_CGCS2000QUAD};
    for (uint32_t row = from & -(UINT32_C(1) << 18);; row += UINT32_C(1) << 18) {
        const double to_tile = 4096 * (1 - fmod(ldexp(grid_y(&any, row), -18), 1));
        if (to_tile > 10 && to_tile < 50)
            return row;
    }
}

/* A line of a vertex every 20 m and wells along it, over the rows of cells that a tile of CGCS2000Quad meets: neither
 * does a stretch come twice, nor a well, and what is shown lies where they are. */
static void a_long_line_and_many_points_in_pieces(void **state)
{
    (void)state;
    dk_feature_work work = {.geos = dk_geos_create()};
    dk_mvt *mvt = dk_mvt_create();
    dk_outline outline;
    dk_outline_init(&outline);
    dk_buf out;
    dk_buf_init(&out);
    int n_joined = 0, n_sound = 0;
    for (int k = 0; k < 2; k++) {
        enum { N = 4000 };
        const uint32_t x = 3399795536u, aside = 40, step = 2000,
                       /* 50,000 units into a tile of zoom 14 */ y =
                           row_within_a_buffer(1750000000u) - N / 2 * step + 1000;
        dk_outline_clear(&outline);
        outline.kind = k == 0 ? DK_LINES : DK_POINTS;
        for (uint32_t i = 0; i < N; i++) {
            assert_true(dk_outline_reserve(&outline, 1));
            dk_outline_put(&outline, x + i * aside, y + i * step, 0);
            if (k == 1)
                dk_outline_close(&outline, i, false);
        }
        if (k == 0)
            dk_outline_close(&outline, 0, false);
        assert_int_equal(dk_entry_build(entry_work, &outline, 0, 18, &entry), DK_OK);
        assert_true(entry.head.cut_zoom <= DK_MAX_LEVEL && entry.n_pieces > 4);
        for (int z = entry.head.cut_zoom; z <= 14; z++)
            for (double at = 0.1; at < 1; at += 0.2) {
                dk_tile_address tile = {DK_CGCS2000QUAD, z, 0, 0};
                tile.x = x >> (32 - z);
                tile.y = (uint32_t)ldexp(grid_y(&tile, y + at * N * step), z - 32);
                int n, n_kept = 0, expected = 0;
                draw_pieces(&tile, outline.kind, &work, mvt, &out, &n, &n_sound);
                n_joined += n > 1;
                reader r = {out.data, out.data + out.size};
                assert_true(enter(&r, 3) && enter(&r, 2) && enter(&r, 4));
                double length = 0, from = -64, to = 4160;
                int position = 0, across = 0;
                while (r.at < r.end) { /* moves count as points, lines as length */
                    const uint64_t command = varint(&r);
                    for (uint64_t c = command >> 3; c > 0; c--) {
                        across += zigzag(varint(&r));
                        const int dy = zigzag(varint(&r));
                        position += dy;
                        double low = -1, high = N; /* which vertex would be as far south */
                        for (int halves = 0; halves < 40; halves++) {
                            const double middle = (low + high) / 2,
                                         v = (grid_y(&tile, y + middle * step) - ldexp(tile.y, 32 - z)) /
                                             ldexp(1, 20 - z);
                            *(v < position ? &low : &high) = middle;
                        }
                        assert_true(fabs((x + low * aside - ldexp(tile.x, 32 - z)) / ldexp(1, 20 - z) - across) <= 1.5);
                        if ((command & 7) == 2)
                            length += abs(dy);
                        n_kept++;
                    }
                }
                const double unit = ldexp(1, 20 - z), first = (grid_y(&tile, y) - ldexp(tile.y, 32 - z)) / unit,
                             last = (grid_y(&tile, y + (N - 1.0) * step) - ldexp(tile.y, 32 - z)) / unit;
                from = first > from ? first : from;
                to = last < to ? last : to;
                for (uint32_t i = 0; i < N; i++) {
                    const double v = (grid_y(&tile, y + i * step) - ldexp(tile.y, 32 - z)) / unit;
                    expected += v >= -64 && v <= 4160;
                }
                if (k == 0)
                    assert_true(fabs(length - (to - from)) <= 2);
                else
                    assert_true(abs(n_kept - expected) <= 1);
            }
    }
    assert_true(n_joined > 4 && n_sound == 0);
    dk_feature_work_finish(&work);
    dk_mvt_free(mvt);
    dk_outline_finish(&outline);
    dk_buf_finish(&out);
}

/* What a drawing of lines or points becomes: the tile's bytes. */
static void draw_positions(dk_geometry_kind kind, const uint32_t *xy, const size_t *counts, size_t n_parts,
                           const dk_tile_address *tile, dk_buf *out)
{
    dk_outline outline;
    dk_buf bytes;
    dk_outline_init(&outline);
    dk_buf_init(&bytes);
    outline.kind = kind;
    for (size_t i = 0; i < n_parts; i++) {
        const size_t start = outline.n_points;
        assert_true(dk_outline_reserve(&outline, counts[i]));
        for (size_t k = 0; k < counts[i]; k++, xy += 2)
            dk_outline_put(&outline, xy[0], xy[1], 0);
        dk_outline_close(&outline, start, false);
    }
    make_block_of(&outline, &bytes);
    draw_block_bytes(&bytes, tile, out);
    dk_outline_finish(&outline);
    dk_buf_finish(&bytes);
}

/* The geometry's commands (4.3.1) of the only feature. */
static void assert_commands(const dk_buf *tile, const unsigned char *commands, size_t size)
{
    reader r = {tile->data, tile->data + tile->size};
    assert_true(enter(&r, 3) && enter(&r, 2) && enter(&r, 4));
    assert_int_equal(r.end - r.at, size);
    assert_memory_equal(r.at, commands, size);
}

static void lines_and_points(void **state)
{
    (void)state;
    /* a unit is 16 world units; the tile's corner is (3 << 16, 5 << 16) */
    const dk_tile_address tile = {DK_WEBMERCATORQUAD, 16, 3, 5};
    const uint32_t x = 3 << 16, y = 5 << 16;
    dk_buf out;
    dk_buf_init(&out);
    /* halves round up; what rounds to the same position counts once */
    const uint32_t line[] = {x + 8, y + 7, x + 9, y + 8, x + 160, y + 8, x + 161, y + 9, x + 160, y + 167};
    draw_positions(DK_LINES, line, (size_t[]){5}, 1, &tile, &out);
    assert_commands(&out, (unsigned char[]){9, 2, 0, 3 << 3 | 2, 0, 2, 18, 0, 0, 18}, 10);
    /* A road of two stretches that are both shorter than a unit is a unit long. */
    const uint32_t dots[] = {x + 17, y + 17, x + 18, y + 18, x + 32, y + 32, x + 33, y + 33};
    draw_positions(DK_LINES, dots, (size_t[]){2, 2}, 2, &tile, &out);
    assert_commands(&out, (unsigned char[]){9, 2, 2, 1 << 3 | 2, 2, 0}, 6);
    /* A line through the tile is cut at its buffer: from -64 to 4160. */
    const uint32_t through[] = {x - 65536, y + 160, x + 2 * 65536, y + 160};
    draw_positions(DK_LINES, through, (size_t[]){2}, 1, &tile, &out);
    assert_commands(&out, (unsigned char[]){9, 127, 20, 1 << 3 | 2, 0x80, 0x42, 0}, 7);
    /* Points that lie in the tile and its buffer. */
    const uint32_t points[] = {x + 16, y + 32, x - 1024, y, x - 1100, y, x + 65536 + 1025, y};
    draw_positions(DK_POINTS, points, (size_t[]){1, 1, 1, 1}, 4, &tile, &out);
    assert_commands(&out, (unsigned char[]){2 << 3 | 1, 2, 4, 129, 1, 3}, 6);
    dk_buf_finish(&out);
}

static size_t count_bytes(const dk_buf *buf, const char *text)
{
    size_t n = 0;
    for (const unsigned char *at = buf->data;
         (at = memmem(at, (size_t)(buf->data + buf->size - at), text, strlen(text))); at++)
        n++;
    return n;
}

static void values_stand_once_in_a_layer_and_unused_keys_not_at_all(void **state)
{
    (void)state;
    dk_field fields[] = {{.name = "key", .in_tiles = true},
                         {.name = "village", .in_tiles = true},
                         {.name = "empty", .in_tiles = true},
                         {.name = "never"}};
    const dk_kind parcels = {
        .name = "parcel", .geometry = DK_POLYGONS, .fields = fields, .n_fields = 4, .division_field = -1};
    const dk_tile_address tile = {DK_WEBMERCATORQUAD, 12, 2048, 2048};
    dk_buf bytes, out, again;
    dk_buf_init(&bytes);
    dk_buf_init(&out);
    dk_buf_init(&again);
    for (int order = 0; order < 2; order++) {
        dk_block_begin(builder, &parcels);
        for (int k = 0; k < 3; k++) {
            const int i = order ? 2 - k : k;
            shape s = {0};
            dk_outline outline;
            dk_outline_init(&outline);
            random_state = 1;
            add_ring(&s, 2148000000.0 + (i == 2 ? 9e8 : i * 60000.0), 2148000000.0, 20000, 0.2, 12, false);
            make_outline(&s, false, &outline);
            assert_int_equal(dk_entry_build(entry_work, &outline, 0, 18, &entry), DK_OK);
            entry.head.feature = (uint64_t)i + 1;
            const dk_value values[] = {dk_value_text(i == 0   ? "DK1"
                                                     : i == 1 ? "DK2"
                                                              : "DK3"),
                                       dk_value_text("陈庄村"), dk_value_null(), dk_value_text("secret")};
            assert_int_equal(dk_block_add(builder, &entry.head, entry.drawings.data, entry.head.drawing_size, values),
                             DK_OK);
            dk_outline_finish(&outline);
        }
        assert_int_equal(dk_block_finish(builder, &bytes), DK_OK);
        dk_block block;
        assert_int_equal(dk_block_open(bytes.data, bytes.size, &block), DK_OK);
        assert_int_equal(dk_render_block(render, &parcels, &tile, &block, order ? &again : &out), DK_OK);
    }
    assert_int_equal(count_bytes(&out, "陈庄村"), 1);
    assert_int_equal(count_bytes(&out, "village"), 1);
    assert_int_equal(count_bytes(&out, "DK1") + count_bytes(&out, "DK2"), 2);
    assert_int_equal(count_bytes(&out, "DK3"), 0); /* lies elsewhere */
    assert_int_equal(count_bytes(&out, "empty") + count_bytes(&out, "never") + count_bytes(&out, "secret"), 0);
    /* The same features give the same bytes, however they came into the block. */
    assert_int_equal(out.size, again.size);
    assert_memory_equal(out.data, again.data, out.size);
    dk_buf_finish(&bytes);
    dk_buf_finish(&out);
    dk_buf_finish(&again);
}

static void damaged_bytes_are_refused(void **state)
{
    (void)state;
    const dk_tile_address tile = {DK_WEBMERCATORQUAD, 12, 2048, 2048};
    shape s = {0};
    dk_buf bytes, out;
    dk_buf_init(&bytes);
    dk_buf_init(&out);
    add_ring(&s, 2148000000.0, 2148000000.0, 100000, 0.2, 12, false);
    make_block(&s, false, &bytes);
    dk_block block;
    assert_int_equal(dk_block_open(bytes.data, bytes.size, &block), DK_OK);
    bytes.data[block.heads[0].drawing] ^= 0xff;
    assert_int_equal(dk_render_block(render, &layer, &tile, &block, &out), DK_CORRUPT);
    bytes.data[block.heads[0].drawing] ^= 0xff;
    /* Positions of 32 bits that lie beyond the entry's box. */
    dk_drawing d;
    assert_int_equal(dk_block_drawing(&block, 0, &d), DK_OK);
    assert_true(d.wide);
    memset(bytes.data + (d.xy - block.data), 0xff, 8);
    assert_int_equal(dk_render_block(render, &layer, &tile, &block, &out), DK_CORRUPT);
    /* The encoder is fit for the next tile. */
    make_block(&s, false, &bytes);
    draw_block_bytes(&bytes, &tile, &out);
    assert_true(out.size > 0);
    dk_buf_finish(&bytes);
    dk_buf_finish(&out);
}

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

static int set_up(void **state)
{
    (void)state;
    random_state = 88172645463325252u;
    return 0;
}

int main(void)
{
    geos = GEOS_init_r();
    GEOSContext_setNoticeMessageHandler_r(geos, ignore, NULL);
    render = dk_render_create();
    topology = dk_topology_create();
    entry_work = dk_entry_work_create();
    builder = dk_block_builder_create();
    dk_entry_shape_init(&entry);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(parcels_of_some_tile_units, set_up),
        cmocka_unit_test_setup(tiny_parcels_at_low_zooms, set_up),
        cmocka_unit_test_setup(zones_larger_than_the_tile, set_up),
        cmocka_unit_test_setup(stars_that_the_tile_cuts_to_pieces, set_up),
        cmocka_unit_test_setup(several_parts_and_half_the_world, set_up),
        cmocka_unit_test_setup(strewn_parts_that_the_tile_cuts, set_up),
        cmocka_unit_test(a_road_thinner_than_the_grid_stays_a_strip),
        cmocka_unit_test(small_polygons_are_all_their_vertices),
        cmocka_unit_test(polygons_of_centimetres_are_dots_at_the_smallest_zooms),
        cmocka_unit_test(holes_too_small_to_be_drawn_fill_nothing),
        cmocka_unit_test(neighbours_meet_without_gap_or_overlap),
        cmocka_unit_test_setup(a_large_outline_in_pieces, set_up),
        cmocka_unit_test_setup(two_large_outlines_meet_in_pieces, set_up),
        cmocka_unit_test(a_long_line_and_many_points_in_pieces),
        cmocka_unit_test(lines_and_points),
        cmocka_unit_test(values_stand_once_in_a_layer_and_unused_keys_not_at_all),
        cmocka_unit_test(damaged_bytes_are_refused),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dk_render_free(render);
    dk_topology_free(topology);
    dk_entry_work_free(entry_work);
    dk_entry_shape_finish(&entry);
    dk_block_builder_free(builder);
    GEOS_finish_r(geos);
    return failed;
}
