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

static double random_double(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static GEOSGeometry *polygon_of(const double *xy, size_t n)
{
    GEOSCoordSequence *s = GEOSCoordSeq_create_r(geos, (unsigned)n + 1, 2);
    for (size_t i = 0; i <= n; i++)
        GEOSCoordSeq_setXY_r(geos, s, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return GEOSGeom_createPolygon_r(geos, GEOSGeom_createLinearRing_r(geos, s), NULL, 0);
}

static GEOSGeometry *multipolygon_of(const dk_grid_shape *shape)
{
    GEOSGeometry *polygons[DK_MEND_POINTS];
    double xy[4 * DK_MEND_POINTS];
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *part = &shape->parts[i];
        assert_false(part->hole);
        for (size_t k = 0; k < 2 * part->count; k++)
            xy[k] = shape->xy[2 * part->start + k];
        polygons[i] = polygon_of(xy, part->count);
    }
    return GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, (unsigned)shape->n_parts);
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

static void faults_of_rounding_are_mended_to_valid_polygons(void **state)
{
    (void)state;
    enum { ROUNDS = 60000 };
    dk_grid_shape mended = {0}, moved = {0};
    dk_valid_work work = {0};
    int n_faults = 0, n_mended = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const size_t n = 4 + (size_t)(random_double() * 14);
        const double radius = 1.5 + 6 * random_double(), wobble = round % 2 ? 0.4 : 0.9;
        double xy[64];
        int32_t rounded[64];
        for (size_t i = 0; i < n; i++) {
            const double angle = 6.283185307 * ((double)i + 0.8 * random_double()) / (double)n;
            const double r = radius * (1 - wobble * random_double());
            xy[2 * i] = 100 + r * cos(angle), xy[2 * i + 1] = 100 + 2 * r * sin(angle);
            rounded[2 * i] = (int32_t)floor(xy[2 * i] + 0.5), rounded[2 * i + 1] = (int32_t)floor(xy[2 * i + 1] + 0.5);
        }
        dk_part part = {0, dk_ring_reduce(rounded, n), false};
        if (part.count < 3 || dk_rings_valid(rounded, &part, 1, &work))
            continue;
        n_faults++;
        if (!dk_rings_mend(rounded, &part, 1, &mended))
            continue;
        n_mended++;
        GEOSGeometry *exact = polygon_of(xy, n), *drawn = multipolygon_of(&mended);
        assert_valid(drawn);
        GEOSGeometry *difference = GEOSSymDifference_r(geos, exact, drawn);
        double length = 0;
        GEOSLength_r(geos, exact, &length);
        if (difference != NULL) /* as in test_tile_render.c, and a unit of every vertex left out */
            assert_true(area_of(difference) <= 0.75 * (length + 3) + 4);
        /* Elsewhere on the grid it is the same. */
        for (size_t i = 0; i < part.count; i++)
            rounded[2 * i] += 3001, rounded[2 * i + 1] -= 77;
        assert_true(dk_rings_mend(rounded, &part, 1, &moved));
        assert_int_equal(moved.n_points, mended.n_points);
        for (size_t i = 0; i < mended.n_points; i++)
            assert_true(moved.xy[2 * i] == mended.xy[2 * i] + 3001 && moved.xy[2 * i + 1] == mended.xy[2 * i + 1] - 77);
        GEOSGeom_destroy_r(geos, exact);
        GEOSGeom_destroy_r(geos, drawn);
        if (difference != NULL)
            GEOSGeom_destroy_r(geos, difference);
    }
    assert_true(n_faults > ROUNDS / 100);
    assert_true(n_mended > n_faults * 3 / 4);
    dk_grid_shape_finish(&mended);
    dk_grid_shape_finish(&moved);
    dk_valid_work_finish(&work);
}

typedef struct example {
    size_t n_parts, n[4];
    int32_t xy[64];
} example;

static bool mend(const example *e, dk_grid_shape *shape, double *ret_area)
{
    dk_part parts[4];
    size_t n = 0;
    for (size_t i = 0; i < e->n_parts; n += e->n[i++])
        parts[i] = (dk_part){n, e->n[i], false};
    if (!dk_rings_mend(e->xy, parts, e->n_parts, shape))
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
    const example waist = {1, {6}, {0, 0, 4, 0, 2, 2, 4, 4, 0, 4, 2, 2}};
    assert_true(mend(&waist, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 8);
    /* two fields joined by a road of no width */
    const example road = {1, {12}, {0, 0, 4, 0, 4, 2, 8, 2, 8, 0, 12, 0, 12, 4, 8, 4, 8, 2, 4, 2, 4, 4, 0, 4}};
    assert_true(mend(&road, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 32);
    /* … and one that only narrows to a point at its end */
    const example neck = {1, {10}, {0, 0, 4, 0, 4, 2, 8, 2, 8, 0, 12, 0, 12, 4, 8, 4, 8, 2, 4, 4}};
    assert_true(mend(&neck, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 28);
    /* a vertex that rounding has put onto the edge across */
    const example on_edge = {1, {5}, {0, 0, 8, 0, 8, 6, 4, 0, 0, 6}};
    assert_true(mend(&on_edge, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 24);
    /* a jog at a corner that crosses itself by less than a unit */
    const example jog = {1, {7}, {3904, 33, 3929, 36, 3928, 36, 3930, 28, 3903, 26, 3903, 29, 3904, 31}};
    assert_true(mend(&jog, &shape, &area));
    assert_int_equal(shape.n_parts, 1);
    /* two parts that touch in a point stay as they are */
    const example two = {2, {3, 3}, {0, 0, 4, 0, 4, 4, 4, 4, 8, 4, 8, 8}};
    assert_true(mend(&two, &shape, &area));
    assert_int_equal(shape.n_parts, 2);
    assert_true(area == 16);
    dk_grid_shape_finish(&shape);
}

static void what_is_not_so_simple_is_left_to_others(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    double area;
    const example bow_tie = {1, {4}, {0, 0, 20, 20, 20, 0, 0, 20}};
    assert_false(mend(&bow_tie, &shape, &area));
    const example one_in_another = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 5, 5, 9, 5, 9, 9, 5, 9}};
    assert_false(mend(&one_in_another, &shape, &area));
    const example the_same_twice = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 0, 0, 20, 0, 20, 20, 0, 20}};
    assert_false(mend(&the_same_twice, &shape, &area));
    const example along_a_border = {2, {4, 4}, {0, 0, 20, 0, 20, 20, 0, 20, 20, 5, 30, 5, 30, 9, 20, 9}};
    assert_false(mend(&along_a_border, &shape, &area));
    dk_part hole[2] = {{0, 4, false}, {4, 4, true}};
    assert_false(dk_rings_mend(one_in_another.xy, hole, 2, &shape));
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
        cmocka_unit_test(rings_that_touch_themselves_or_each_other_fall_apart),
        cmocka_unit_test(what_is_not_so_simple_is_left_to_others),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    GEOS_finish_r(geos);
    return failed;
}
