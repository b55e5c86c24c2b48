/* Areas in common without an intersection, against the intersection that GEOS makes. */
#include "store/geos_time.h"
#include "store/region_work.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 2000

typedef struct sketch {
    double xy[2 * MOST];
    dk_part parts[16];
    size_t n, n_parts;
} sketch;

static double chance(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 16777216.0;
}

/* A ring like a star. */
static void put_star(sketch *s, double x, double y, double radius, int vertices, int teeth, double depth, double turn,
                     bool hole)
{
    const size_t start = s->n;
    for (int i = 0; i < vertices; i++) {
        const double t = 2 * acos(-1.0) * i / vertices, r = radius * (1 - depth * (0.5 + 0.5 * sin(t * teeth + turn)));
        s->xy[2 * s->n] = x + r * cos(t + turn);
        s->xy[2 * s->n + 1] = y + r * sin(t + turn);
        s->n++;
    }
    s->xy[2 * s->n] = s->xy[2 * start];
    s->xy[2 * s->n + 1] = s->xy[2 * start + 1];
    s->n++;
    s->parts[s->n_parts++] = (dk_part){start, s->n - start, hole};
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

/* By GEOS; and whether b is inside of a, away from its border. */
static double of_geos(GEOSContextHandle_t geos, const sketch *a, const sketch *b, bool *ret_inside, bool *ret_meet)
{
    double area = 0;
    GEOSGeometry *one = dk_geos_of_parts(geos, a->xy, a->parts, a->n_parts, DK_POLYGONS);
    GEOSGeometry *other = dk_geos_of_parts(geos, b->xy, b->parts, b->n_parts, DK_POLYGONS);
    assert_true(GEOSisValid_r(geos, one) == 1 && GEOSisValid_r(geos, other) == 1);
    GEOSGeometry *both = GEOSIntersection_r(geos, one, other);
    assert_true(both != NULL && dk_geos_area_m2(geos, both, &area));
    *ret_inside = GEOSRelatePattern_r(geos, one, other, "T**FF*FF*") == 1;
    *ret_meet = GEOSIntersects_r(geos, one, other) == 1;
    GEOSGeom_destroy_r(geos, both);
    GEOSGeom_destroy_r(geos, one);
    GEOSGeom_destroy_r(geos, other);
    return area;
}

static void stars_with_holes_and_parts(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    dk_shared_work work = {0};
    unsigned random = 7;
    int counts[6] = {0};
    for (int i = 0; i < 1500; i++) {
        sketch a = {0}, b = {0};
        const double turn = chance(&random) * 6, away = chance(&random) * 0.06;
        put_star(&a, 117, 34, 0.02, 40 + i % 300, 3 + i % 11, 0.6, 0.1, false);
        put_star(&a, 117, 34, 0.006, 25, 3, 0.4, 0.3, true);
        if (i % 2 == 0)
            put_star(&a, 117, 34, 0.003, 25, 5, 0.4, 0.3, false); /* a part in the hole */
        put_star(&b, 117 + away * cos(turn), 34 + away * sin(turn),
                 i % 5 == 0   ? 0.04
                 : i % 5 == 1 ? 0.0006
                              : 0.001 + 0.02 * chance(&random),
                 60, 4, 0.5, turn, false);
        if (i % 3 == 0 && i % 5 != 1)
            put_star(&b, 117 + away * cos(turn), 34 + away * sin(turn), 0.0004, 12, 4, 0.2, turn, true);
        bool inside = false, meet = false;
        const double expected = of_geos(geos, &a, &b, &inside, &meet);
        const dk_turned one = turned(&a), other = turned(&b);
        dk_edge_tree *edges = dk_edge_tree_create(&one);
        double area = 0;
        assert_non_null(edges);
        const dk_shared shared = dk_shared_area(&work, edges, &other, &area);
        counts[shared]++;
        if (shared == DK_SHARED_NONE)
            assert_false(meet);
        else if (shared == DK_SHARED_WHOLE)
            assert_true(inside);
        else
            assert_true(shared == DK_SHARED_PART && meet && !inside);
        if (shared != DK_SHARED_NONE && fabs(area - expected) > 0.001)
            fail_msg("%d: %.6f is not %.6f", i, area, expected);
        dk_edge_tree_free(edges);
    }
    assert_true(counts[DK_SHARED_NONE] > 50 && counts[DK_SHARED_WHOLE] > 20 && counts[DK_SHARED_PART] > 500);
    dk_shared_work_finish(&work);
    GEOS_finish_r(geos);
}

static dk_shared of_boxes(const double a[4], const double b[4])
{
    sketch s[2] = {0};
    dk_turned t[2];
    for (int i = 0; i < 2; i++) {
        const double *q = i == 0 ? a : b, ring[] = {q[0], q[1], q[2], q[1], q[2], q[3], q[0], q[3], q[0], q[1]};
        memcpy(s[i].xy, ring, sizeof ring);
        s[i].n = 5;
        s[i].n_parts = 1;
        s[i].parts[0] = (dk_part){0, 5, false};
        t[i] = turned(&s[i]);
    }
    dk_edge_tree *edges = dk_edge_tree_create(&t[0]);
    dk_shared_work work = {0};
    double area = 0;
    assert_non_null(edges);
    const dk_shared shared = dk_shared_area(&work, edges, &t[1], &area);
    dk_edge_tree_free(edges);
    dk_shared_work_finish(&work);
    return shared;
}

static void what_touches_is_left_to_geos(void **state)
{
    (void)state;
    const double question[4] = {117, 34, 118, 35};
    const double beside[4] = {118, 34.2, 119, 34.4}, corner[4] = {118, 35, 119, 36},
                 within[4] = {117, 34.2, 117.5, 34.4};
    const double inner[4] = {117.2, 34.2, 117.5, 34.4}, far[4] = {118.1, 34, 119, 35}, around[4] = {116, 33, 119, 36};
    assert_int_equal(of_boxes(question, beside), DK_SHARED_UNCLEAR);
    assert_int_equal(of_boxes(question, corner), DK_SHARED_UNCLEAR);
    assert_int_equal(of_boxes(question, within), DK_SHARED_UNCLEAR);
    assert_int_equal(of_boxes(question, question), DK_SHARED_UNCLEAR);
    assert_int_equal(of_boxes(question, inner), DK_SHARED_WHOLE);
    assert_int_equal(of_boxes(question, far), DK_SHARED_NONE);
    assert_int_equal(of_boxes(question, around), DK_SHARED_PART);
}

/* A comb with teeth to the east, or to the north. */
static dk_turned comb(double *xy, dk_part *part, int teeth, bool north)
{
    size_t n = 0;
    for (int i = 0; i < teeth; i++) {
        const double low = 0.1 + 0.8 * i / teeth, high = low + 0.4 / teeth,
                     ends[] = {0.01, low, 0.99, low, 0.99, high, 0.01, high};
        for (int k = 0; k < 4; k++, n++) {
            xy[2 * n] = 117 + ends[2 * k + (north ? 1 : 0)];
            xy[2 * n + 1] = 34 + ends[2 * k + (north ? 0 : 1)];
        }
    }
    const double back[] = {0, 0.95, 0, 0.05};
    for (int k = 0; k < 2; k++, n++) {
        xy[2 * n] = 117 + back[2 * k + (north ? 1 : 0)];
        xy[2 * n + 1] = 34 + back[2 * k + (north ? 0 : 1)];
    }
    xy[2 * n] = xy[0];
    xy[2 * n + 1] = xy[1];
    *part = (dk_part){0, n + 1, false};
    dk_turn_rings(xy, part, 1);
    return (dk_turned){.lonlat = xy, .parts = part, .n_parts = 1, .bounds = {117, 34, 118, 35}};
}

static void crossings_and_time_are_bounded(void **state)
{
    (void)state;
    enum { FEW = 40, MANY = 400 };
    double *xy[2] = {calloc(4 * MANY + 3, 2 * sizeof(double)), calloc(4 * MANY + 3, 2 * sizeof(double))};
    dk_part parts[2];
    dk_shared_work work = {0};
    double area = 0;
    assert_true(xy[0] != NULL && xy[1] != NULL);
    for (int teeth = FEW; teeth <= MANY; teeth += MANY - FEW) {
        const dk_turned one = comb(xy[0], &parts[0], teeth, false), other = comb(xy[1], &parts[1], teeth, true);
        dk_edge_tree *edges = dk_edge_tree_create(&one);
        assert_non_null(edges);
        const dk_shared shared = dk_shared_area(&work, edges, &other, &area);
        if (teeth == FEW) {
            GEOSContextHandle_t geos = GEOS_init_r();
            GEOSGeometry *a = dk_geos_of_parts(geos, xy[0], &parts[0], 1, DK_POLYGONS);
            GEOSGeometry *b = dk_geos_of_parts(geos, xy[1], &parts[1], 1, DK_POLYGONS);
            GEOSGeometry *both = GEOSIntersection_r(geos, a, b);
            double expected = 0;
            assert_true(dk_geos_area_m2(geos, both, &expected) && shared == DK_SHARED_PART);
            assert_true(expected > 1e6 && fabs(area - expected) < 0.01);
            GEOSGeom_destroy_r(geos, a);
            GEOSGeom_destroy_r(geos, b);
            GEOSGeom_destroy_r(geos, both);
            GEOS_finish_r(geos);
        } else {
            assert_int_equal(shared, DK_SHARED_MANY); /* 640,000 */
            dk_geos_until(dk_seconds_now() - 1);
            assert_int_equal(dk_shared_area(&work, edges, &other, &area), DK_SHARED_UNCLEAR);
            dk_geos_until(0);
        }
        dk_edge_tree_free(edges);
    }
    dk_shared_work_finish(&work);
    free(xy[0]);
    free(xy[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_with_holes_and_parts),
        cmocka_unit_test(what_touches_is_left_to_geos),
        cmocka_unit_test(crossings_and_time_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
