/* Boxes and positions placed by the tree of edges, against GEOS. */
#include "store/edge_tree.h"
#include "store/region_work.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 6000

typedef struct sketch {
    double xy[2 * MOST];
    dk_part parts[1200];
    size_t n, n_parts;
    dk_turned turned;
    dk_edge_tree *tree;
    GEOSGeometry *geometry;
    const GEOSPreparedGeometry *prepared;
} sketch;

static double chance(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 16777216.0;
}

static void put_ring(sketch *s, double x, double y, double radius, int vertices, double depth, bool hole)
{
    const size_t start = s->n;
    for (int i = 0; i < vertices; i++, s->n++) {
        const double t = 2 * acos(-1.0) * i / vertices, r = radius * (1 - depth * (0.5 + 0.5 * sin(t * 9)));
        s->xy[2 * s->n] = x + r * cos(t);
        s->xy[2 * s->n + 1] = y + r * sin(t);
    }
    s->xy[2 * s->n] = s->xy[2 * start];
    s->xy[2 * s->n + 1] = s->xy[2 * start + 1];
    s->n++;
    s->parts[s->n_parts++] = (dk_part){start, s->n - start, hole};
}

static void put_box(sketch *s, const double b[4], bool hole)
{
    const double ring[] = {b[0], b[1], b[2], b[1], b[2], b[3], b[0], b[3], b[0], b[1]};
    memcpy(s->xy + 2 * s->n, ring, sizeof ring);
    s->parts[s->n_parts++] = (dk_part){s->n, 5, hole};
    s->n += 5;
}

static void finish_drawing(sketch *s, GEOSContextHandle_t geos)
{
    s->turned =
        (dk_turned){.lonlat = s->xy, .parts = s->parts, .n_parts = s->n_parts, .bounds = {1e9, 1e9, -1e9, -1e9}};
    dk_turn_rings(s->xy, s->parts, s->n_parts);
    for (size_t i = 0; i < s->n; i++) {
        s->turned.bounds[0] = fmin(s->turned.bounds[0], s->xy[2 * i]);
        s->turned.bounds[1] = fmin(s->turned.bounds[1], s->xy[2 * i + 1]);
        s->turned.bounds[2] = fmax(s->turned.bounds[2], s->xy[2 * i]);
        s->turned.bounds[3] = fmax(s->turned.bounds[3], s->xy[2 * i + 1]);
    }
    s->tree = dk_edge_tree_create(&s->turned);
    s->geometry = dk_geos_of_parts(geos, s->xy, s->parts, s->n_parts, DK_POLYGONS);
    assert_true(s->tree != NULL && s->geometry != NULL && GEOSisValid_r(geos, s->geometry) == 1);
    s->prepared = GEOSPrepare_r(geos, s->geometry);
    assert_non_null(s->prepared);
}

static void erase(sketch *s, GEOSContextHandle_t geos)
{
    GEOSPreparedGeom_destroy_r(geos, s->prepared);
    GEOSGeom_destroy_r(geos, s->geometry);
    dk_edge_tree_free(s->tree);
    free(s);
}

/* A large star with a hole in which lies an island, a thousand small rings, and both. */
static sketch *drawing(GEOSContextHandle_t geos, int which)
{
    sketch *s = calloc(1, sizeof *s);
    assert_non_null(s);
    if (which != 1) {
        put_ring(s, 117, 34, 0.1, 1000, 0.5, false);
        put_ring(s, 117, 34, 0.03, 47, 0.3, true);
        put_ring(s, 117, 34, 0.01, 5, 0, false);
    }
    for (int i = 0; which != 0 && i < 900; i++)
        if (which == 1 || hypot(i % 30 - 14.5, i / 30 - 14.5) > 15.5) /* in the corners that the star leaves */
            put_ring(s, 116.9 + 0.2 / 29 * (i % 30), 33.9 + 0.2 / 29 * (i / 30), 0.002, 4, 0, false);
    finish_drawing(s, geos);
    return s;
}

static void boxes_and_positions_lie_where_geos_says(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    unsigned random = 3;
    for (int which = 0; which < 3; which++) {
        sketch *s = drawing(geos, which);
        const GEOSGeometry *border = GEOSBoundary_r(geos, s->geometry);
        const GEOSPreparedGeometry *prepared_border = GEOSPrepare_r(geos, border);
        int counts[3] = {0};
        for (int i = 0; i < 4000; i++) {
            const double size = 0.03 * pow(chance(&random), 4) + 1e-7, x = 116.88 + 0.24 * chance(&random),
                         y = 33.88 + 0.24 * chance(&random);
            const double box[4] = {x, y, x + size, y + size * (0.2 + chance(&random))}, middle[2] = {x, y};
            GEOSGeometry *square = GEOSGeom_createRectangle_r(geos, box[0], box[1], box[2], box[3]);
            GEOSGeometry *point = GEOSGeom_createPointFromXY_r(geos, x, y);
            const dk_within within = dk_edge_tree_box(s->tree, box), at = dk_edge_tree_position(s->tree, middle);
            counts[within]++;
            if (GEOSPreparedIntersects_r(geos, prepared_border, square) == 1)
                assert_int_equal(within, DK_UNCLEAR);
            else
                assert_int_equal(within,
                                 GEOSPreparedContains_r(geos, s->prepared, square) == 1 ? DK_WITHIN : DK_OUTSIDE);
            assert_int_equal(at, GEOSPreparedContains_r(geos, s->prepared, point) == 1 ? DK_WITHIN : DK_OUTSIDE);
            GEOSGeom_destroy_r(geos, square);
            GEOSGeom_destroy_r(geos, point);
        }
        assert_true(counts[DK_WITHIN] > 200 && counts[DK_OUTSIDE] > 1000 && counts[DK_UNCLEAR] > 200);
        GEOSPreparedGeom_destroy_r(geos, prepared_border);
        GEOSGeom_destroy_r(geos, (GEOSGeometry *)border);
        erase(s, geos);
    }
    GEOS_finish_r(geos);
}

static void what_touches_the_border_is_not_clear(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    sketch *s = calloc(1, sizeof *s);
    assert_non_null(s);
    put_box(s, (const double[]){117, 34, 118, 35}, false);
    put_box(s, (const double[]){117.4, 34.4, 117.6, 34.6}, true);
    finish_drawing(s, geos);
    const struct {
        double box[4];
        dk_within expected;
    } cases[] = {
        {{117.1, 34.1, 117.2, 34.2}, DK_WITHIN},    {{117, 34.1, 117.2, 34.2}, DK_UNCLEAR},
        {{116.9, 34.1, 117, 34.2}, DK_UNCLEAR},     {{116.9, 33.9, 117, 34}, DK_UNCLEAR},
        {{117.45, 34.45, 117.5, 34.5}, DK_OUTSIDE}, {{117.4, 34.45, 117.5, 34.5}, DK_UNCLEAR},
        {{117.3, 34.3, 117.7, 34.7}, DK_UNCLEAR},   {{116, 33, 119, 36}, DK_UNCLEAR},
        {{116, 33, 116.5, 36}, DK_OUTSIDE},         {{117.2, 34.2, 117.4, 34.4}, DK_UNCLEAR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (dk_edge_tree_box(s->tree, cases[i].box) != cases[i].expected)
            fail_msg("box %zu", i);
    /* A ten-thousandth of a millimetre beside a slanted edge, and on one. */
    const double edge[4] = {117, 34, 118.1, 35.3}, on[2] = {117 + 1.1 / 3, 34 + 1.3 / 3};
    assert_int_equal(dk_edge_meets_ray(edge, (const double[]){on[0] - 1e-12, on[1]}), 1);
    assert_int_equal(dk_edge_meets_ray(edge, (const double[]){on[0] + 1e-12, on[1]}), 0);
    assert_int_equal(dk_edge_meets_ray((const double[]){117, 34, 118, 35}, (const double[]){117.5, 34.5}), -1);
    erase(s, geos);
    GEOS_finish_r(geos);
}

typedef struct nearby {
    const double *box;
    size_t edges;
} nearby;

static bool count_near(const dk_edge_run *run, void *user)
{
    nearby *n = user;
    for (size_t i = 0; i < run->count; i++) {
        const double *e = run->from + 2 * i;
        n->edges += fmin(e[0], e[2]) <= n->box[2] && fmax(e[0], e[2]) >= n->box[0] && fmin(e[1], e[3]) <= n->box[3] &&
                    fmax(e[1], e[3]) >= n->box[1];
    }
    return true;
}

static void every_edge_near_a_box_is_given_once(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    unsigned random = 5;
    for (int which = 0; which < 3; which++) {
        sketch *s = drawing(geos, which);
        for (int i = 0; i < 300; i++) {
            const double size = 0.1 * chance(&random), x = 116.85 + 0.3 * chance(&random),
                         y = 33.85 + 0.3 * chance(&random);
            const double box[4] = {x, y, x + size, y + size};
            nearby all = {box, 0}, near = {box, 0};
            for (size_t p = 0; p < s->n_parts; p++)
                count_near(&(dk_edge_run){s->xy + 2 * s->parts[p].start, p, 0, s->parts[p].count - 1}, &all);
            assert_true(dk_edge_tree_near(s->tree, box, count_near, &near));
            assert_int_equal(near.edges, all.edges);
        }
        erase(s, geos);
    }
    GEOS_finish_r(geos);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_and_positions_lie_where_geos_says),
        cmocka_unit_test(what_touches_the_border_is_not_clear),
        cmocka_unit_test(every_edge_near_a_box_is_given_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
