/* Small polygons on a coarse grid, where rounding makes vertices meet and edges cross: what is mended is valid by GEOS
 * and differs little from the exact polygon. */
#include "store/ring_valid.h"
#include "tiler/tile_mend.h"

#include <geos_c.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static GEOSContextHandle_t geos;
static uint64_t random_state;
static dk_mend_work mending;

static double random_double(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static GEOSGeometry *ring_of(const int32_t *xy, size_t n)
{
    GEOSCoordSequence *s = GEOSCoordSeq_create_r(geos, (unsigned)n + 1, 2);
    for (size_t i = 0; i <= n; i++)
        GEOSCoordSeq_setXY_r(geos, s, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return GEOSGeom_createLinearRing_r(geos, s);
}

static GEOSGeometry *multipolygon_of(const dk_grid_shape *shape)
{
    GEOSGeometry *polygons[64], *holes[64];
    unsigned n = 0;
    for (size_t i = 0; i < shape->n_parts;) {
        unsigned n_holes = 0;
        assert_false(shape->parts[i].hole);
        GEOSGeometry *exterior = ring_of(shape->xy + 2 * shape->parts[i].start, shape->parts[i].count);
        for (i++; i < shape->n_parts && shape->parts[i].hole; i++)
            holes[n_holes++] = ring_of(shape->xy + 2 * shape->parts[i].start, shape->parts[i].count);
        polygons[n++] = GEOSGeom_createPolygon_r(geos, exterior, holes, n_holes);
    }
    return GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, n);
}

static double area_of(const GEOSGeometry *geometry)
{
    double area = 0;
    GEOSArea_r(geos, geometry, &area);
    return area;
}

static void assert_valid(const GEOSGeometry *geometry)
{
    if (GEOSisValid_r(geos, geometry) != 1)
        fail_msg("invalid: %s", GEOSisValidReason_r(geos, geometry));
}

/* A ring around (100, 100), exact and rounded. */
static size_t make_ring(size_t n, double radius, double wobble, double *xy, int32_t *rounded)
{
    for (size_t i = 0; i < n; i++) {
        const double angle = 6.283185307 * ((double)i + 0.8 * random_double()) / (double)n;
        const double r = radius * (1 - wobble * random_double());
        xy[2 * i] = 100 + r * cos(angle), xy[2 * i + 1] = 100 + 2 * r * sin(angle);
        rounded[2 * i] = (int32_t)floor(xy[2 * i] + 0.5), rounded[2 * i + 1] = (int32_t)floor(xy[2 * i + 1] + 0.5);
    }
    return dk_ring_reduce(rounded, n);
}

static GEOSGeometry *exact_of(const double *xy, size_t n, const double *hole, size_t n_hole)
{
    GEOSGeometry *rings[2];
    for (int k = 0; k < (n_hole > 0 ? 2 : 1); k++) {
        const size_t count = k ? n_hole : n;
        const double *from = k ? hole : xy;
        GEOSCoordSequence *s = GEOSCoordSeq_create_r(geos, (unsigned)count + 1, 2);
        for (size_t i = 0; i <= count; i++)
            GEOSCoordSeq_setXY_r(geos, s, (unsigned)i, from[2 * (i % count)], from[2 * (i % count) + 1]);
        rings[k] = GEOSGeom_createLinearRing_r(geos, s);
    }
    return GEOSGeom_createPolygon_r(geos, rings[0], rings + 1, n_hole > 0);
}

/* with_hole: a hole that comes near the exterior. */
static void mend_random(int rounds, bool with_hole)
{
    dk_grid_shape mended = {0}, moved = {0};
    dk_valid_work work = {0};
    int n_faults = 0, n_mended = 0;
    for (int round = 0; round < rounds; round++) {
        const size_t n = 4 + (size_t)(random_double() * 14), n_hole = with_hole ? 3 + (size_t)(random_double() * 8) : 0;
        const double radius = 1.5 + 6 * random_double(), wobble = with_hole ? 0.2 : round % 2 ? 0.4 : 0.9;
        double xy[64], hole[64];
        int32_t rounded[128], copy[128];
        dk_part parts[2] = {{0, make_ring(n, radius, wobble, xy, rounded), false}};
        parts[1] = (dk_part){parts[0].count, 0, true};
        if (with_hole)
            parts[1].count = make_ring(n_hole, radius * 0.85, 0.5, hole, rounded + 2 * parts[0].count);
        const size_t n_parts = parts[1].count >= 3 ? 2 : 1;
        if (parts[0].count < 3 || dk_rings_valid(rounded, parts, n_parts, &work))
            continue;
        GEOSGeometry *exact = exact_of(xy, n, hole, n_hole);
        if (GEOSisValid_r(geos, exact) != 1) {
            GEOSGeom_destroy_r(geos, exact);
            continue;
        }
        n_faults++;
        memcpy(copy, rounded, sizeof copy);
        if (dk_rings_mend(&mending, copy, parts, n_parts, &mended)) {
            n_mended++;
            GEOSGeometry *drawn = multipolygon_of(&mended);
            assert_valid(drawn);
            GEOSGeometry *difference = GEOSSymDifference_r(geos, exact, drawn);
            double length = 0;
            GEOSLength_r(geos, exact, &length);
            /* as in test_tile_render.c */
            assert_non_null(difference);
            assert_true(area_of(difference) <= 0.75 * (length + 3) + 4);
            /* Elsewhere on the grid it is the same. */
            for (size_t i = 0; i < parts[0].count + parts[1].count; i++)
                rounded[2 * i] += 3001, rounded[2 * i + 1] -= 77;
            assert_true(dk_rings_mend(&mending, rounded, parts, n_parts, &moved));
            assert_int_equal(moved.n_points, mended.n_points);
            for (size_t i = 0; i < mended.n_points; i++)
                assert_true(moved.xy[2 * i] == mended.xy[2 * i] + 3001 &&
                            moved.xy[2 * i + 1] == mended.xy[2 * i + 1] - 77);
            GEOSGeom_destroy_r(geos, drawn);
            GEOSGeom_destroy_r(geos, difference);
        }
        GEOSGeom_destroy_r(geos, exact);
    }
    assert_true(n_faults > rounds / 100);
    assert_true(n_mended > n_faults * 3 / 4);
    dk_grid_shape_finish(&mended);
    dk_grid_shape_finish(&moved);
    dk_valid_work_finish(&work);
}

static void faults_of_rounding_are_mended_to_valid_polygons(void **state)
{
    (void)state;
    mend_random(60000, false);
}

static void faults_of_rounding_with_a_hole_near_the_exterior(void **state)
{
    (void)state;
    mend_random(20000, true);
}

typedef struct example {
    size_t n_parts, n[4];
    int32_t xy[64];
    bool hole[4];
} example;

static bool mend(const example *e, dk_grid_shape *shape, double *ret_area)
{
    dk_part parts[4];
    int32_t xy[64];
    size_t n = 0;
    memcpy(xy, e->xy, sizeof xy);
    for (size_t i = 0; i < e->n_parts; n += e->n[i++])
        parts[i] = (dk_part){n, e->n[i], e->hole[i]};
    if (!dk_rings_mend(&mending, xy, parts, e->n_parts, shape))
        return false;
    GEOSGeometry *drawn = multipolygon_of(shape);
    assert_valid(drawn);
    *ret_area = area_of(drawn);
    GEOSGeom_destroy_r(geos, drawn);
    return true;
}

static void rings_that_touch_themselves_or_each_other_fall_apart(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    double area = 0;
    /* an hourglass whose waist is one point */
    const example waist = {1, {6}, {0, 0, 4, 0, 2, 2, 4, 4, 0, 4, 2, 2}, {false}};
    assert_true(mend(&waist, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 8);
    /* two fields joined by a road of no width */
    const example road = {1, {12}, {0, 0, 4, 0, 4, 2, 8, 2, 8, 0, 12, 0, 12, 4, 8, 4, 8, 2, 4, 2, 4, 4, 0, 4}, {false}};
    assert_true(mend(&road, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 32);
    /* … and one that only narrows to a point at its end */
    const example neck = {1, {10}, {0, 0, 4, 0, 4, 2, 8, 2, 8, 0, 12, 0, 12, 4, 8, 4, 8, 2, 4, 4}, {false}};
    assert_true(mend(&neck, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 28);
    /* a vertex that rounding has put onto the edge across */
    const example on_edge = {1, {5}, {0, 0, 8, 0, 8, 6, 4, 0, 0, 6}, {false}};
    assert_true(mend(&on_edge, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 24);
    /* a jog at a corner that crosses itself by less than a unit */
    const example jog = {1, {7}, {3904, 33, 3929, 36, 3928, 36, 3930, 28, 3903, 26, 3903, 29, 3904, 31}, {false}};
    assert_true(mend(&jog, &shape, &area));
    assert_int_equal(shape.n_parts, 1);
    /* two parts that touch in a point stay as they are */
    const example two = {2, {3, 3}, {0, 0, 4, 0, 4, 4, 4, 4, 8, 4, 8, 8}, {false}};
    assert_true(mend(&two, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 16);
    /* two parts that share a border are one */
    const example along_a_border = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 20, 5, 30, 5, 30, 9, 20, 9}, {false}};
    assert_true(mend(&along_a_border, &shape, &area));
    assert_int_equal(shape.n_parts, 1);
    assert_true(area == 440);
    dk_grid_shape_finish(&shape);
}

static void holes_that_touch_their_exterior(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    double area = 0;
    /* in a point: it stays a hole */
    const example point = {2, {4, 3}, {0, 0, 20, 0, 20, 20, 0, 20, 10, 0, 14, 6, 6, 6}, {false, true}};
    assert_true(mend(&point, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(shape.parts[1].hole && area == 400 - 24);
    /* along a line: it is open */
    const example line = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 5, 0, 9, 0, 9, 6, 5, 6}, {false, true}};
    assert_true(mend(&line, &shape, &area));
    assert_int_equal(shape.n_parts, 1);
    assert_true(area == 400 - 24);
    /* from side to side: two parts */
    const example through = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 10, 0, 14, 10, 10, 20, 6, 10}, {false, true}};
    assert_true(mend(&through, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(!shape.parts[1].hole && area == 400 - 80);
    /* holes that share a border */
    const example two = {3,
                         {4, 4, 4},
                         {0, 0, 20, 0, 20, 20, 0, 20, 5, 5, 9, 5, 9, 9, 5, 9, 9, 5, 12, 5, 12, 9, 9, 9},
                         {false, true, true}};
    assert_true(mend(&two, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 400 - 28);
    /* a hole as large as its exterior */
    const example all = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 0, 0, 20, 0, 20, 20, 0, 20}, {false, true}};
    assert_true(mend(&all, &shape, &area));
    assert_int_equal(shape.n_parts, 0);
    dk_grid_shape_finish(&shape);
}

static void what_is_not_so_simple_is_left_to_others(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    double area;
    const example bow_tie = {1, {4}, {0, 0, 20, 20, 20, 0, 0, 20}, {false}};
    assert_false(mend(&bow_tie, &shape, &area));
    const example one_in_another = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 5, 5, 9, 5, 9, 9, 5, 9}, {false}};
    assert_false(mend(&one_in_another, &shape, &area));
    const example the_same_twice = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 0, 0, 20, 0, 20, 20, 0, 20}, {false}};
    assert_false(mend(&the_same_twice, &shape, &area));
    const example hole_beside = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 25, 5, 29, 5, 29, 9, 25, 9}, {false, true}};
    assert_false(mend(&hole_beside, &shape, &area));
    dk_grid_shape_finish(&shape);
}

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

int main(void)
{
    random_state = 88172645463325252u;
    geos = GEOS_init_r();
    GEOSContext_setNoticeMessageHandler_r(geos, ignore, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_of_rounding_are_mended_to_valid_polygons),
        cmocka_unit_test(faults_of_rounding_with_a_hole_near_the_exterior),
        cmocka_unit_test(rings_that_touch_themselves_or_each_other_fall_apart),
        cmocka_unit_test(holes_that_touch_their_exterior),
        cmocka_unit_test(what_is_not_so_simple_is_left_to_others),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dk_mend_work_finish(&mending);
    GEOS_finish_r(geos);
    return failed;
}
