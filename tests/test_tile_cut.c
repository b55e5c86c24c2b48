/* Rings cut to the tile on its grid: as GEOS cuts them, but for the rounding at the sides, and valid by GEOS. */
#include "store/ring_valid.h"
#include "tiler/tile_cut.h"

#include <geos_c.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LOW = -64, HIGH = 4160 };

static GEOSContextHandle_t geos;
static uint64_t random_state;
static dk_cut_work work;
static dk_grid_shape cut;

static double random_double(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static GEOSGeometry *polygon_of(const int32_t *xy, size_t n)
{
    GEOSCoordSequence *s = GEOSCoordSeq_create_r(geos, (unsigned)n + 1, 2);
    for (size_t i = 0; i <= n; i++)
        GEOSCoordSeq_setXY_r(geos, s, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return GEOSGeom_createPolygon_r(geos, GEOSGeom_createLinearRing_r(geos, s), NULL, 0);
}

static GEOSGeometry *what_was_cut(void)
{
    GEOSGeometry **polygons = calloc(cut.n_parts + 1, sizeof *polygons);
    assert_non_null(polygons);
    for (size_t i = 0; i < cut.n_parts; i++) {
        assert_false(cut.parts[i].hole);
        polygons[i] = polygon_of(cut.xy + 2 * cut.parts[i].start, cut.parts[i].count);
    }
    GEOSGeometry *all = GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, (unsigned)cut.n_parts);
    free(polygons);
    return all;
}

/* What is cut equals GEOS's intersection with the square: what differs lies within a unit of the edges that reach a
 * side. */
static void compare_with_geos(const int32_t *xy, size_t n)
{
    GEOSGeometry *whole = polygon_of(xy, n), *got = what_was_cut(),
                 *square = GEOSGeom_createRectangle_r(geos, LOW, LOW, HIGH, HIGH);
    GEOSGeometry *wanted = GEOSIntersection_r(geos, whole, square), *off = GEOSSymDifference_r(geos, wanted, got);
    double area = 0, length = 0;
    assert_non_null(off);
    if (GEOSisValid_r(geos, got) != 1)
        fail_msg("invalid: %s", GEOSisValidReason_r(geos, got));
    GEOSArea_r(geos, off, &area);
    GEOSLength_r(geos, wanted, &length);
    if (area > 0.5 * length + 1)
        fail_msg("area %g differs, of a border of %g", area, length);
    GEOSGeometry *thin = GEOSBuffer_r(geos, off, -0.75, 4); /* no piece is wider than what rounding moves */
    assert_int_equal(GEOSisEmpty_r(geos, thin), 1);
    GEOSGeom_destroy_r(geos, thin);
    GEOSGeom_destroy_r(geos, off);
    GEOSGeom_destroy_r(geos, wanted);
    GEOSGeom_destroy_r(geos, square);
    GEOSGeom_destroy_r(geos, got);
    GEOSGeom_destroy_r(geos, whole);
}

static dk_cut_result cut_it(const int32_t *xy, size_t n)
{
    return dk_cut_ring(&work, xy, n, LOW, HIGH, &cut);
}

static void reverse(int32_t *xy, size_t n)
{
    for (size_t i = 0, j = n - 1; i < j; i++, j--)
        for (size_t k = 0; k < 2; k++) {
            const int32_t keep = xy[2 * i + k];
            xy[2 * i + k] = xy[2 * j + k];
            xy[2 * j + k] = keep;
        }
}

/* A ring around a centre, its positions at random distances. */
static size_t make_ring(int32_t *xy, size_t n, double cx, double cy, double least, double most)
{
    const double start = random_double() * 6.28;
    for (size_t i = 0; i < n; i++) {
        const double angle = start + (double)i * 6.283185307179586 / (double)n,
                     r = least + (most - least) * random_double();
        xy[2 * i] = (int32_t)floor(cx + r * cos(angle));
        xy[2 * i + 1] = (int32_t)floor(cy + r * sin(angle));
    }
    return dk_ring_reduce(xy, n);
}

static void rings_of_all_sizes_are_cut_as_geos_cuts_them(void **state)
{
    (void)state;
    dk_valid_work valid = {0};
    size_t done = 0, unclear = 0, pieces = 0;
    int32_t xy[2 * 200];
    random_state = 20261128;
    for (int i = 0; i < 6000; i++) {
        const double most = pow(10, 0.5 + 3.5 * random_double());
        size_t n = make_ring(xy, 3 + (size_t)(random_double() * 197), LOW + 4224 * (1.4 * random_double() - 0.2),
                             LOW + 4224 * (1.4 * random_double() - 0.2), most * random_double(), most);
        const dk_part part = {0, n, false};
        if (n < 3 || !dk_rings_valid(xy, &part, 1, &valid))
            continue;
        if (i % 2 == 1)
            reverse(xy, n);
        const dk_cut_result result = cut_it(xy, n);
        assert_int_not_equal(result, DK_CUT_NOMEM);
        unclear += result == DK_CUT_UNCLEAR;
        done += result == DK_CUT_DONE;
        if (result != DK_CUT_DONE)
            continue;
        pieces += cut.n_parts > 1;
        compare_with_geos(xy, n);
        /* By the rule that all tiles are held to, which allows no touch. */
        assert_true(cut.n_parts == 0 || dk_rings_valid(cut.xy, cut.parts, cut.n_parts, &valid));
    }
    assert_true(done > 3000);
    assert_true(pieces > 100);
    assert_true(unclear * 10 < done);
    dk_valid_work_finish(&valid);
}

static void the_square_inside_a_ring_is_drawn_whole_and_beside_it_not(void **state)
{
    (void)state;
    const int32_t around[] = {-9000, -9000, 9000, -8000, 9500, 9500, -9000, 9000};
    assert_int_equal(cut_it(around, 4), DK_CUT_DONE);
    assert_int_equal(cut.n_parts, 1);
    assert_int_equal(cut.parts[0].count, 4);
    compare_with_geos(around, 4);
    /* Its box holds the square, it does not. */
    const int32_t beside[] = {-9000, -9000, 9000, -9000, 9000, 9000, 8000, -8000};
    assert_int_equal(cut_it(beside, 4), DK_CUT_DONE);
    assert_int_equal(cut.n_parts, 0);
    const int32_t inside[] = {0, 0, 100, 10, 90, 120};
    assert_int_equal(cut_it(inside, 3), DK_CUT_DONE);
    assert_int_equal(cut.n_points, 3);
    assert_memory_equal(cut.xy, inside, sizeof inside);
}

static void a_comb_comes_apart(void **state)
{
    (void)state;
    /* Three teeth from the north, their back outside. */
    const int32_t comb[] = {100,  -500, 3700, -500, 3700, 900,  3000, 900,  3000, -200, 2200, -200,
                            2200, 900,  1500, 900,  1500, -200, 800,  -200, 800,  900,  100,  900};
    assert_int_equal(cut_it(comb, 12), DK_CUT_DONE);
    assert_int_equal(cut.n_parts, 3);
    compare_with_geos(comb, 12);
}

static void a_corner_of_the_square_becomes_a_position(void **state)
{
    (void)state;
    const int32_t over[] = {4000, 4000, 5000, 4000, 5000, 5000, 4000, 5000};
    assert_int_equal(cut_it(over, 4), DK_CUT_DONE);
    assert_int_equal(cut.n_points, 4);
    compare_with_geos(over, 4);
    /* Right through the north-west corner. */
    const int32_t through[] = {-264, 136, 136, -264, 1000, 1000};
    assert_int_equal(cut_it(through, 3), DK_CUT_DONE);
    compare_with_geos(through, 3);
}

static void what_touches_a_side_is_left_to_the_general_way(void **state)
{
    (void)state;
    const int32_t touches[] = {100, LOW, 300, 500, 500, -300, 700, 500, 900, 200, 600, 900, 80, 800};
    const dk_cut_result result = cut_it(touches, 7);
    assert_int_equal(result, DK_CUT_UNCLEAR);
    /* Runs along the side, outside it. */
    const int32_t along[] = {0, LOW, 1000, LOW, 1000, -400, 0, -400};
    assert_int_equal(cut_it(along, 4), DK_CUT_UNCLEAR);
}

static bool has(int32_t x, int32_t y)
{
    for (size_t k = 0; k < cut.n_points; k++)
        if (cut.xy[2 * k] == x && cut.xy[2 * k + 1] == y)
            return true;
    return false;
}

static void the_same_edge_is_cut_at_the_same_place_from_either_side(void **state)
{
    (void)state;
    size_t compared = 0;
    random_state = 7;
    for (int i = 0; i < 2000; i++) {
        /* Two triangles that share an edge which crosses the western side. */
        const int32_t a[2] = {LOW - 1 - (int32_t)(random_double() * 500), (int32_t)(random_double() * 3000) + 500};
        const int32_t b[2] = {LOW + 1 + (int32_t)(random_double() * 500), (int32_t)(random_double() * 3000) + 500};
        const int32_t one[] = {a[0], a[1], b[0], b[1], 2000, -30000}, other[] = {b[0], b[1], a[0], a[1], 2000, 30000};
        const long double exact = a[1] + (long double)(LOW - a[0]) * (b[1] - a[1]) / (b[0] - a[0]);
        for (int k = 0; k < 2; k++) {
            if (cut_it(k == 0 ? one : other, 3) != DK_CUT_DONE)
                continue;
            assert_true(has(LOW, (int32_t)floorl(exact + 0.5L)));
            compared++;
        }
    }
    assert_true(compared > 3900);
}

int main(void)
{
    geos = GEOS_init_r();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_of_all_sizes_are_cut_as_geos_cuts_them),
        cmocka_unit_test(the_square_inside_a_ring_is_drawn_whole_and_beside_it_not),
        cmocka_unit_test(a_comb_comes_apart),
        cmocka_unit_test(a_corner_of_the_square_becomes_a_position),
        cmocka_unit_test(what_touches_a_side_is_left_to_the_general_way),
        cmocka_unit_test(the_same_edge_is_cut_at_the_same_place_from_either_side),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dk_cut_work_finish(&work);
    dk_grid_shape_finish(&cut);
    GEOS_finish_r(geos);
    return failed;
}
