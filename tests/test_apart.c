/* Neighbours told apart without GEOS, against the area that GEOS finds in common. */
#include "store/apart.h"
#include "store/region_work.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 400

/* A polygon of rings that are put one behind the other. */
typedef struct sketch {
    double xy[2 * MOST];
    dk_part parts[8];
    size_t n, n_parts;
} sketch;

static void put(sketch *s, double x, double y)
{
    s->xy[2 * s->n] = x;
    s->xy[2 * s->n + 1] = y;
    s->n++;
}

static void end_ring(sketch *s, size_t start, bool hole)
{
    put(s, s->xy[2 * start], s->xy[2 * start + 1]);
    s->parts[s->n_parts++] = (dk_part){start, s->n - start, hole};
}

static void put_box(sketch *s, double x0, double y0, double x1, double y1, bool hole)
{
    const size_t start = s->n;
    put(s, x0, y0);
    put(s, x1, y0);
    put(s, x1, y1);
    put(s, x0, y1);
    end_ring(s, start, hole);
}

static dk_turned turned(sketch *s)
{
    dk_turned t = {.lonlat = s->xy, .parts = s->parts, .n_parts = s->n_parts, .bounds = {1e9, 1e9, -1e9, -1e9}};
    dk_turn_rings(s->xy, s->parts, s->n_parts);
    for (size_t i = 0; i < s->n; i++) {
        t.bounds[0] = fmin(t.bounds[0], s->xy[2 * i]);
        t.bounds[1] = fmin(t.bounds[1], s->xy[2 * i + 1]);
        t.bounds[2] = fmax(t.bounds[2], s->xy[2 * i]);
        t.bounds[3] = fmax(t.bounds[3], s->xy[2 * i + 1]);
    }
    return t;
}

static bool apart(sketch *a, sketch *b)
{
    dk_apart_work work = {0};
    const dk_turned one = turned(a), other = turned(b);
    const bool result = dk_polygons_apart(&work, &one, &other), turned_round = dk_polygons_apart(&work, &other, &one);
    dk_apart_work_finish(&work);
    assert_int_equal(result, turned_round);
    return result;
}

static double common_area(GEOSContextHandle_t geos, const sketch *a, const sketch *b)
{
    double area = 0;
    GEOSGeometry *one = dk_geos_of_parts(geos, a->xy, a->parts, a->n_parts, DK_POLYGONS);
    GEOSGeometry *other = dk_geos_of_parts(geos, b->xy, b->parts, b->n_parts, DK_POLYGONS);
    GEOSGeometry *both = GEOSIntersection_r(geos, one, other);
    assert_non_null(both);
    GEOSArea_r(geos, both, &area);
    GEOSGeom_destroy_r(geos, both);
    GEOSGeom_destroy_r(geos, one);
    GEOSGeom_destroy_r(geos, other);
    return area;
}

static double chance(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 16777216.0;
}

/* The border between two corners of a grid: the same positions from either side. */
static void put_border(sketch *s, const double from[2], const double to[2], unsigned seed, bool backwards)
{
    enum { STEPS = 12 };
    for (int i = 0; i < STEPS; i++) {
        const int k = backwards ? STEPS - i : i;
        unsigned state = seed * 977 + (unsigned)k * 31;
        chance(&state);
        const double t = (double)k / STEPS, off = (chance(&state) - 0.5) * 0.25 * t * (1 - t);
        put(s, from[0] + (to[0] - from[0]) * t - (to[1] - from[1]) * off,
            from[1] + (to[1] - from[1]) * t + (to[0] - from[0]) * off);
    }
}

/* A cell of a tessellation with wiggly borders, perhaps moved. */
static sketch cell(int column, int row, double step, double move)
{
    double corner[4][2];
    for (int i = 0; i < 4; i++) {
        const int c = column + (i == 1 || i == 2), r = row + (i >= 2);
        unsigned state = (unsigned)(c * 7919 + r * 104729);
        chance(&state);
        corner[i][0] = 117 + step * (c + 0.3 * chance(&state)) + move;
        corner[i][1] = 34 + step * (r + 0.3 * chance(&state));
    }
    sketch s = {0};
    const unsigned h = (unsigned)(column * 4 + row * 1031), v = (unsigned)(column * 2053 + row * 8 + 1);
    put_border(&s, corner[0], corner[1], h, false);
    put_border(&s, corner[1], corner[2], v + 2053, false);
    put_border(&s, corner[3], corner[2], h + 1031, true);
    put_border(&s, corner[0], corner[3], v, true);
    end_ring(&s, 0, false);
    return s;
}

static void neighbours_that_share_their_border(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    int told = 0, pairs = 0;
    for (int i = 0; i < 20; i++) {
        for (int dx = -1; dx <= 1; dx++) {
            for (int dy = -1; dy <= 1; dy++) {
                sketch a = cell(i, 2 * i, 0.001, 0), b = cell(i + dx, 2 * i + dy, 0.001, 0);
                if (dx == 0 && dy == 0)
                    continue;
                assert_true(common_area(geos, &a, &b) < 1e-15);
                told += apart(&a, &b);
                pairs++;
            }
        }
    }
    assert_true(told >= pairs * 9 / 10); /* that is what it is for */
    GEOS_finish_r(geos);
}

static void never_apart_where_there_is_an_area(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    unsigned random = 1;
    int overlapping = 0;
    for (int i = 0; i < 3000; i++) {
        const int dx = (int)(chance(&random) * 3) - 1, dy = (int)(chance(&random) * 3) - 1;
        const double move = i % 3 == 0 ? 0 : (chance(&random) - 0.5) * (i % 3 == 1 ? 0.001 : 1e-9);
        sketch a = cell(i, 3, 0.001, 0), b = cell(i + dx, 3 + dy, 0.001, move);
        const double area = common_area(geos, &a, &b);
        overlapping += area > 1e-14;
        if (apart(&a, &b))
            assert_true(area < 1e-14); /* a hundredth of a square centimetre */
    }
    assert_true(overlapping > 500);
    GEOS_finish_r(geos);
}

static void holes_islands_and_parts(void **state)
{
    (void)state;
    sketch ring = {0}, filling = {0}, island = {0}, larger = {0}, same = {0}, whole = {0}, split = {0}, between = {0};
    put_box(&ring, 0, 0, 10, 10, false);
    put_box(&ring, 2, 2, 8, 8, true);
    put_box(&filling, 2, 2, 8, 8, false);
    put_box(&island, 4, 4, 5, 6, false);
    put_box(&larger, 1, 4, 5, 6, false);
    put_box(&same, 0, 0, 10, 10, false);
    put_box(&same, 2, 2, 8, 8, true);
    put_box(&whole, -1, -1, 11, 11, false);
    put_box(&split, 20, 0, 21, 10, false);
    put_box(&split, 29, 0, 30, 10, false);
    put_box(&between, 24, 3, 25, 4, false);
    assert_true(apart(&ring, &island));  /* in the hole */
    assert_false(apart(&ring, &larger)); /* beyond it */
    assert_false(apart(&ring, &same));
    assert_false(apart(&ring, &whole));
    assert_false(apart(&whole, &island));
    assert_true(apart(&split, &between)); /* in the box only */
    assert_true(apart(&ring, &split));
    (void)apart(&ring, &filling); /* what it says of a filled hole is up to it */
}

static void corners_that_meet(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    /* Two triangles with one corner in common, the second turned round it. */
    int disjoint = 0, meeting = 0;
    for (int i = 0; i < 720; i++) {
        sketch a = {0}, b = {0};
        const double from = i * acos(-1.0) / 360, to = from + 0.7;
        put(&a, 0, 0);
        put(&a, 2, -1.3);
        put(&a, 2, 1.1);
        end_ring(&a, 0, false);
        put(&b, 0, 0);
        put(&b, 2 * cos(from), 2 * sin(from));
        put(&b, 2 * cos(to), 2 * sin(to));
        end_ring(&b, 0, false);
        const double area = common_area(geos, &a, &b);
        const bool told = apart(&a, &b);
        assert_true(!told || area < 1e-12);
        disjoint += told;
        meeting += area > 0;
    }
    assert_true(disjoint > 300 && meeting > 200);
    GEOS_finish_r(geos);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_that_share_their_border),
        cmocka_unit_test(never_apart_where_there_is_an_area),
        cmocka_unit_test(holes_islands_and_parts),
        cmocka_unit_test(corners_that_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
