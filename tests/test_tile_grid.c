/* Validity on the tile's grid, judged against GEOS on many thousand small random rings. */
#include "store/ring_valid.h"

#include <geos_c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static GEOSContextHandle_t geos;
static dk_valid_work work;
static uint64_t random_state = 88172645463325252u;

static int32_t random_below(int32_t n)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (int32_t)((random_state >> 33) % (uint64_t)n);
}

static GEOSGeometry *ring_of(const int32_t *xy, size_t n)
{
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(geos, (unsigned)n + 1, 2);
    for (size_t i = 0; i <= n; i++)
        GEOSCoordSeq_setXY_r(geos, sequence, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return GEOSGeom_createLinearRing_r(geos, sequence);
}

/* A polygon of parts, the first its exterior. */
static GEOSGeometry *polygon_of(const int32_t *xy, const dk_part *parts, size_t n_parts)
{
    GEOSGeometry *holes[8];
    for (size_t i = 1; i < n_parts; i++)
        holes[i - 1] = ring_of(xy + 2 * parts[i].start, parts[i].count);
    return GEOSGeom_createPolygon_r(geos, ring_of(xy + 2 * parts[0].start, parts[0].count), holes,
                                    (unsigned)n_parts - 1);
}

static void reducing_takes_out_what_encloses_nothing(void **state)
{
    (void)state;
    static const struct {
        int32_t in[20];
        size_t n;
        int32_t out[20];
        size_t m;
    } cases[] = {{{0, 0, 2, 0, 4, 0, 4, 4, 0, 4}, 5, {0, 0, 4, 0, 4, 4, 0, 4}, 4},       /* on a straight side */
                 {{0, 0, 4, 0, 4, 0, 4, 4, 0, 4, 0, 4}, 6, {0, 0, 4, 0, 4, 4, 0, 4}, 4}, /* repeated */
                 {{0, 0, 4, 0, 9, 0, 4, 0, 4, 4, 0, 4}, 6, {0, 0, 4, 0, 4, 4, 0, 4}, 4}, /* a spike */
                 {{2, 0, 4, 0, 4, 4, 0, 4, 0, 0}, 5, {4, 0, 4, 4, 0, 4, 0, 0}, 4}, /* the start on a straight side */
                 {{0, 0, 4, 0, 4, 4, 0, 4, 0, 0}, 5, {0, 0, 4, 0, 4, 4, 0, 4}, 4}, /* closed */
                 {{0, -5, 0, 0, 4, 0, 4, 4, 0, 4, 0, 0}, 6, {0, 0, 4, 0, 4, 4, 0, 4}, 4}, /* a spike at the start */
                 {{0, 0, 5, 5, 9, 9}, 3, {0}, 0},
                 {{0, 0, 1, 1}, 2, {0}, 0},
                 {{3, 3, 3, 3, 3, 3}, 3, {0}, 0},
                 {{0}, 0, {0}, 0},
                 {{0, 0, 9, 0, 5, 0, 2, 0}, 4, {0}, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t xy[20];
        memcpy(xy, cases[i].in, sizeof xy);
        assert_int_equal(dk_ring_reduce(xy, cases[i].n), cases[i].m);
        assert_memory_equal(xy, cases[i].out, cases[i].m * 2 * sizeof *xy);
    }
}

/* dk_ring_reduce on random rings keeps the area and leaves no straight corner. */
static void reducing_keeps_the_area(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        int32_t xy[24];
        const size_t n = 3 + (size_t)random_below(10);
        for (size_t i = 0; i < 2 * n; i++)
            xy[i] = random_below(4);
        int64_t before = 0, after = 0;
        for (size_t i = 0, j = n - 1; i < n; j = i++)
            before += (int64_t)xy[2 * j] * xy[2 * i + 1] - (int64_t)xy[2 * i] * xy[2 * j + 1];
        const size_t m = dk_ring_reduce(xy, n);
        for (size_t i = 0, j = m - 1; m > 0 && i < m; j = i++)
            after += (int64_t)xy[2 * j] * xy[2 * i + 1] - (int64_t)xy[2 * i] * xy[2 * j + 1];
        assert_int_equal(before, after);
        for (size_t i = 0; i < m; i++) {
            const int32_t *a = xy + 2 * i, *b = xy + 2 * ((i + 1) % m), *c = xy + 2 * ((i + 2) % m);
            assert_true((b[0] - a[0]) * (c[1] - a[1]) != (b[1] - a[1]) * (c[0] - a[0]));
        }
    }
}

static void check_single_rings(int rounds, int32_t side, size_t largest)
{
    int valid = 0;
    int32_t *xy = malloc(largest * 2 * sizeof *xy);
    assert_non_null(xy);
    for (int round = 0; round < rounds; round++) {
        const size_t n = 3 + (size_t)random_below((int32_t)largest - 2);
        for (size_t i = 0; i < 2 * n; i++)
            xy[i] = random_below(side);
        dk_part part = {0, dk_ring_reduce(xy, n), false};
        if (part.count == 0)
            continue;
        GEOSGeometry *polygon = polygon_of(xy, &part, 1);
        const bool expected = GEOSisValid_r(geos, polygon) == 1;
        assert_int_equal(dk_rings_valid(xy, &part, 1, &work), expected);
        GEOSGeom_destroy_r(geos, polygon);
        valid += expected;
    }
    assert_true(valid > rounds / 200);
    free(xy);
}

static void single_rings_as_geos_judges_them(void **state)
{
    (void)state;
    check_single_rings(20000, 4, 8);
    check_single_rings(10000, 8, 6);
    check_single_rings(4000, 1000, 9);
}

/* Star-shaped rings of many corners, so that the sweep is used, with a few corners moved anywhere. */
static void large_rings_as_geos_judges_them(void **state)
{
    (void)state;
    int valid = 0, invalid = 0;
    for (int round = 0; round < 400; round++) {
        int32_t xy[2 * 240];
        size_t n = 0;
        for (int32_t x = 0; x < 120; x++, n++) {
            xy[2 * n] = x * 10;
            xy[2 * n + 1] = 500 + random_below(100);
        }
        for (int32_t x = 119; x >= 0; x--, n++) {
            xy[2 * n] = x * 10 + 5;
            xy[2 * n + 1] = 300 + random_below(100);
        }
        for (int i = random_below(3); i > 0; i--) {
            const int32_t at = random_below((int32_t)n);
            xy[2 * at + 1] += random_below(600) - 300;
        }
        if (random_below(2)) /* upright, so that the other axis is swept */
            for (size_t i = 0; i < n; i++) {
                const int32_t x = xy[2 * i];
                xy[2 * i] = xy[2 * i + 1];
                xy[2 * i + 1] = x;
            }
        dk_part part = {0, dk_ring_reduce(xy, n), false};
        GEOSGeometry *polygon = polygon_of(xy, &part, 1);
        const bool expected = GEOSisValid_r(geos, polygon) == 1;
        assert_int_equal(dk_rings_valid(xy, &part, 1, &work), expected);
        GEOSGeom_destroy_r(geos, polygon);
        expected ? valid++ : invalid++;
    }
    assert_true(valid > 20 && invalid > 20);
}

/* Between rings a touch in one point is valid for GEOS and a fault here; everything else must agree. */
static void polygons_with_holes_as_geos_judges_them(void **state)
{
    (void)state;
    int valid = 0, touching = 0;
    for (int round = 0; round < 30000; round++) {
        int32_t xy[2 * 24];
        dk_part parts[3];
        size_t start = 0, n_parts = 0;
        const size_t wanted = 2 + (size_t)random_below(2);
        for (size_t i = 0; i < wanted; i++) {
            const size_t n = 3 + (size_t)random_below(2);
            const int32_t side = i == 0 ? 14 : 4, x = i == 0 ? 0 : random_below(12), y = i == 0 ? 0 : random_below(12);
            for (size_t j = 0; j < n; j++) {
                xy[2 * (start + j)] = x + random_below(side);
                xy[2 * (start + j) + 1] = y + random_below(side);
            }
            const size_t m = dk_ring_reduce(xy + 2 * start, n);
            if (m == 0)
                break;
            parts[n_parts++] = (dk_part){start, m, i > 0};
            start += m;
        }
        if (n_parts != wanted)
            continue;
        GEOSGeometry *polygon = polygon_of(xy, parts, n_parts);
        const bool expected = GEOSisValid_r(geos, polygon) == 1, judged = dk_rings_valid(xy, parts, n_parts, &work);
        if (judged)
            assert_true(expected);
        if (expected && !judged) {
            bool touch = false;
            for (size_t i = 0; i < n_parts; i++)
                for (size_t j = 0; j < i; j++) {
                    GEOSGeometry *a = ring_of(xy + 2 * parts[i].start, parts[i].count);
                    GEOSGeometry *b = ring_of(xy + 2 * parts[j].start, parts[j].count);
                    touch |= GEOSIntersects_r(geos, a, b) == 1;
                    GEOSGeom_destroy_r(geos, a);
                    GEOSGeom_destroy_r(geos, b);
                }
            assert_true(touch);
            touching++;
        }
        valid += judged;
        GEOSGeom_destroy_r(geos, polygon);
    }
    assert_true(valid > 50 && touching > 5);
}

static void several_polygons_must_not_lie_in_each_other(void **state)
{
    (void)state;
    static const int32_t xy[] = {
        0, 0, 10, 0, 10, 10, 0, 10, /* outer */ 2,        2, 8,  2, 8,  8,  2,  8, /* its hole, or a polygon in it */
        4, 4, 6,  4, 6,  6,  4, 6,  /* in the hole */ 20, 0, 30, 0, 30, 10, 20, 10};
    const dk_part island[] = {{0, 4, false}, {4, 4, true}, {8, 4, false}, {12, 4, false}};
    const dk_part nested[] = {{0, 4, false}, {4, 4, false}};
    const dk_part hole_in_hole[] = {{0, 4, false}, {4, 4, true}, {8, 4, true}};
    const dk_part hole_elsewhere[] = {{0, 4, false}, {12, 4, true}};
    const dk_part twice[] = {{0, 4, false}, {0, 4, false}};
    assert_true(dk_rings_valid(xy, island, 4, &work));
    assert_false(dk_rings_valid(xy, nested, 2, &work));
    assert_false(dk_rings_valid(xy, hole_in_hole, 3, &work));
    assert_false(dk_rings_valid(xy, hole_elsewhere, 2, &work));
    assert_false(dk_rings_valid(xy, twice, 2, &work));
}

enum { MOST_RINGS = 128 };

/* Rings in each other, clear of each other: each before those that lie in it. */
typedef struct nested_rings {
    int32_t xy[2 * 4 * MOST_RINGS];
    size_t n, around[MOST_RINGS]; /* the ring that each lies in; SIZE_MAX: none */
    int depth[MOST_RINGS];
} nested_rings;

/* A ring in a square, and others in the quarters of what it encloses. */
static void add_rings(nested_rings *rings, int32_t x, int32_t y, int32_t side, size_t around, int depth)
{
    const int32_t room = side / 8, corners[8] = {0, 0, 1, 0, 1, 1, 0, 1};
    if (rings->n == MOST_RINGS || room < 2)
        return;
    const size_t own = rings->n++;
    for (size_t i = 0; i < 8; i++)
        rings->xy[8 * own + i] =
            (i % 2 == 0 ? x : y) + (corners[i] ? side - 1 - random_below(room) : 1 + random_below(room));
    rings->around[own] = around;
    rings->depth[own] = depth;
    for (int32_t i = 0; i < 4; i++)
        if (random_below(4) > 0)
            add_rings(rings, x + side / 4 + (i % 2) * (side / 4), y + side / 4 + i / 2 * (side / 4), side / 4, own,
                      depth + 1);
}

static void many_rings_in_each_other_as_geos_judges_them(void **state)
{
    (void)state;
    int valid = 0, invalid = 0, most = 0;
    for (int round = 0; round < 1000; round++) {
        nested_rings rings = {.n = 0};
        dk_part parts[MOST_RINGS];
        GEOSGeometry *polygons[MOST_RINGS];
        size_t n_parts = 0;
        unsigned n_polygons = 0;
        for (int32_t i = 0; i < 9; i++) /* aligned, so that many begin where others do */
            add_rings(&rings, i % 3 * 4096, i / 3 * 4096, 4096, SIZE_MAX, 0);
        /* One that is what it should not be: an exterior for a hole, or the other way round. */
        const size_t strange = random_below(2) > 0 ? (size_t)random_below((int32_t)rings.n) : SIZE_MAX;
        for (size_t i = 0; i < rings.n; i++) {
            if ((rings.depth[i] % 2 == 1) != (i == strange))
                continue;
            GEOSGeometry *holes[MOST_RINGS];
            unsigned n_holes = 0;
            parts[n_parts++] = (dk_part){4 * i, 4, false};
            for (size_t k = 0; k < rings.n; k++)
                if ((rings.depth[k] % 2 == 1) != (k == strange) && (k == strange ? i == 0 : rings.around[k] == i)) {
                    parts[n_parts++] = (dk_part){4 * k, 4, true};
                    holes[n_holes++] = ring_of(rings.xy + 8 * k, 4);
                }
            polygons[n_polygons++] = GEOSGeom_createPolygon_r(geos, ring_of(rings.xy + 8 * i, 4), holes, n_holes);
        }
        GEOSGeometry *all = GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, n_polygons);
        const bool expected = GEOSisValid_r(geos, all) == 1;
        GEOSGeom_destroy_r(geos, all);
        assert_int_equal(dk_rings_valid(rings.xy, parts, n_parts, &work), expected);
        valid += expected;
        invalid += !expected;
        most = (int)n_parts > most ? (int)n_parts : most;
    }
    assert_true(valid > 200 && invalid > 200 && most > 60);
}

/* As basic farmland comes, in one row. Compared each with each, this does not end in minutes. */
static void a_hundred_thousand_polygons_beside_each_other(void **state)
{
    (void)state;
    enum { N = 100000, COLUMNS = 400 };
    int32_t *xy = malloc(N * 8 * sizeof *xy);
    dk_part *parts = malloc(N * sizeof *parts);
    assert_true(xy != NULL && parts != NULL);
    for (int32_t i = 0; i < N; i++) {
        const int32_t x = i % COLUMNS * 10, y = i / COLUMNS * 10, ring[8] = {x, y, x + 8, y, x + 8, y + 8, x, y + 8};
        memcpy(xy + (size_t)8 * (size_t)i, ring, sizeof ring);
        parts[i] = (dk_part){(size_t)4 * (size_t)i, 4, false};
    }
    assert_true(dk_rings_valid(xy, parts, N, &work));
    const int32_t inside[8] = {41, 41, 47, 41, 47, 47, 41, 47};
    memcpy(xy + (size_t)8 * (N - 1), inside, sizeof inside);
    assert_false(dk_rings_valid(xy, parts, N, &work));
    free(xy);
    free(parts);
}

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

int main(void)
{
    geos = GEOS_init_r();
    GEOSContext_setNoticeMessageHandler_r(geos, ignore, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reducing_takes_out_what_encloses_nothing),
        cmocka_unit_test(reducing_keeps_the_area),
        cmocka_unit_test(single_rings_as_geos_judges_them),
        cmocka_unit_test(large_rings_as_geos_judges_them),
        cmocka_unit_test(polygons_with_holes_as_geos_judges_them),
        cmocka_unit_test(several_polygons_must_not_lie_in_each_other),
        cmocka_unit_test(many_rings_in_each_other_as_geos_judges_them),
        cmocka_unit_test(a_hundred_thousand_polygons_beside_each_other),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dk_valid_work_finish(&work);
    GEOS_finish_r(geos);
    return failed;
}
