/* Clipping against shapes whose parts inside the square are known, and against GEOS on random ones. */
#include "store/clip.h"

#include <geos_c.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const dk_square square = {0, 10};

static double area(const dk_parts *parts)
{
    double sum = 0;
    for (size_t i = 0; i < parts->n_parts; i++) {
        const double *xy = parts->xy + 2 * parts->parts[i].start;
        const size_t n = parts->parts[i].count;
        for (size_t j = 0, k = n - 1; j < n; k = j++)
            sum += (parts->parts[i].hole ? -0.5 : 0.5) * (xy[2 * k] * xy[2 * j + 1] - xy[2 * j] * xy[2 * k + 1]);
    }
    return fabs(sum);
}

static void assert_inside(const dk_parts *parts)
{
    for (size_t i = 0; i < 2 * parts->n_points; i++)
        assert_true(parts->xy[i] >= 0 && parts->xy[i] <= 10);
}

#define RING(...) (const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / (2 * sizeof(double))

static void check_ring(const double *xy, size_t n, size_t expected_parts, double expected_area)
{
    dk_parts out;
    dk_parts_init(&out);
    assert_true(dk_clip_ring(xy, n, false, &square, &out));
    assert_int_equal(out.n_parts, expected_parts);
    assert_inside(&out);
    if (expected_parts > 0)
        assert_true(fabs(area(&out) - expected_area) < 1e-9);
    dk_parts_finish(&out);
}

static void rings_in_every_position(void **state)
{
    (void)state;
    check_ring(RING(2, 2, 8, 2, 8, 8, 2, 8), 1, 36);          /* inside */
    check_ring(RING(-5, -5, 15, -5, 15, 15, -5, 15), 1, 100); /* around */
    check_ring(RING(-5, 2, 15, 2, 15, 8, -5, 8), 1, 60);      /* across */
    check_ring(RING(5, 5, 15, 5, 15, 15, 5, 15), 1, 25);      /* over a corner */
    check_ring(RING(20, 20, 30, 20, 30, 30), 0, 0);           /* outside */
    check_ring(RING(-5, 4, 4, -5, -5, -5), 0, 0);             /* a box that meets, a ring that does not */
    check_ring(RING(5, -5, 15, 5, 5, 15, -5, 5), 1, 100);     /* a diamond around it: corners on its edges */
    check_ring(RING(5, 0, 10, 5, 5, 10, 0, 5), 1, 50);        /* touching all sides from inside */
    check_ring(RING(0, 0, 10, 0, 10, 10, 0, 10), 1, 100);     /* the square itself */
    check_ring(RING(1, 1, 9, 9), 0, 0);                       /* no ring */
    /* A comb whose teeth are cut off: their feet stay, joined outside the teeth by edges without area. */
    check_ring(RING(-2, 1, 8, 1, 8, 3, -1, 3, -1, 5, 8, 5, 8, 7, -2, 7), 1, 32);
}

static void a_ring_that_crosses_often_fits_its_room(void **state)
{
    (void)state;
    enum { N = 4000 };
    static double xy[2 * N];
    for (size_t i = 0; i < N; i++) { /* a saw through all four sides */
        const double angle = 2 * 3.14159265358979 * (double)i / N, radius = i % 2 ? 4 : 12;
        xy[2 * i] = 5 + radius * cos(angle);
        xy[2 * i + 1] = 5 + radius * sin(angle);
    }
    dk_parts out;
    dk_parts_init(&out);
    for (int i = 0; i < 3; i++)
        assert_true(dk_clip_ring(xy, N, i == 1, &square, &out));
    assert_int_equal(out.n_parts, 3);
    assert_true(out.parts[1].hole);
    assert_int_equal(out.parts[2].start, out.parts[1].start + out.parts[1].count);
    assert_inside(&out);
    dk_parts_finish(&out);
}

static void neighbours_get_the_same_point_on_the_edge(void **state)
{
    (void)state;
    dk_parts one, two;
    dk_parts_init(&one);
    dk_parts_init(&two);
    /* The edge from (3.1, 4.7) to (13.3, 9.9), travelled in both directions. */
    assert_true(dk_clip_ring(RING(3.1, 4.7, 13.3, 9.9, 13.3, 4.7), false, &square, &one));
    assert_true(dk_clip_ring(RING(13.3, 9.9, 3.1, 4.7, 3.1, 9.9), false, &square, &two));
    bool found = false;
    for (size_t i = 0; i < one.n_points; i++)
        for (size_t j = 0; j < two.n_points; j++)
            found |= one.xy[2 * i] == 10 && memcmp(one.xy + 2 * i, two.xy + 2 * j, 2 * sizeof(double)) == 0 &&
                     one.xy[2 * i + 1] > 5 && one.xy[2 * i + 1] < 9;
    assert_true(found);
    dk_parts_finish(&one);
    dk_parts_finish(&two);
}

static void check_line(const double *xy, size_t n, size_t expected_parts, double expected_length)
{
    dk_parts out;
    dk_parts_init(&out);
    assert_true(dk_clip_line(xy, n, &square, &out));
    assert_int_equal(out.n_parts, expected_parts);
    assert_inside(&out);
    double length = 0;
    for (size_t i = 0; i < out.n_parts; i++)
        for (size_t j = 1; j < out.parts[i].count; j++) {
            const double *p = out.xy + 2 * (out.parts[i].start + j);
            length += hypot(p[0] - p[-2], p[1] - p[-1]);
        }
    assert_true(fabs(length - expected_length) < 1e-9);
    dk_parts_finish(&out);
}

static void lines_in_every_position(void **state)
{
    (void)state;
    check_line(RING(1, 1, 4, 5, 4, 9), 1, 9);
    check_line(RING(-5, 5, 15, 5), 1, 10);
    check_line(RING(-5, 5, -1, 5), 0, 0);
    check_line(RING(5, 5, 15, 5, 15, 7, 5, 7), 2, 10); /* out and in again: two lines */
    check_line(RING(-5, 5, 5, -5), 1, 0);              /* through the corner point only */
    check_line(RING(5, 5, 15, 5, 15, 15, 20, 20), 1, 5);
    check_line(RING(0, 0, 10, 0, 10, 10), 1, 20); /* along the sides */
    check_line(RING(-3, -3, 13, 13), 1, 10 * sqrt(2));
}

static void points_inside_stay(void **state)
{
    (void)state;
    dk_parts out;
    dk_parts_init(&out);
    assert_true(dk_clip_points(RING(5, 5, 11, 5, 10, 10, -0.1, 3), &square, &out));
    assert_int_equal(out.n_parts, 1);
    assert_int_equal(out.n_points, 2);
    dk_parts_clear(&out);
    assert_true(dk_clip_points(RING(11, 11), &square, &out));
    assert_int_equal(out.n_parts, 0);
    dk_parts_finish(&out);
}

static void add(dk_parts *parts, const double *xy, size_t n, bool hole)
{
    assert_true(dk_parts_reserve(parts, n));
    memcpy(parts->xy + 2 * parts->n_points, xy, n * 2 * sizeof *xy);
    const size_t start = parts->n_points;
    parts->n_points += n;
    dk_parts_close(parts, start, hole);
}

static void what_the_square_cuts_apart_comes_apart(void **state)
{
    (void)state;
    dk_parts in;
    dk_clip_work work = {0};
    const dk_parts *out;
    dk_parts_init(&in);
    /* A comb: its back lies outside to the west, two teeth reach in. */
    add(&in, RING(-2, 1, 8, 1, 8, 3, -1, 3, -1, 5, 8, 5, 8, 7, -2, 7), false);
    assert_int_equal(dk_clip_polygons(&work, &in, &square, &out), DK_CLIP_DONE);
    assert_int_equal(out->n_parts, 2);
    assert_true(fabs(area(out) - 32) < 1e-9);

    /* A hole that is cut open becomes part of the border: one ring. */
    dk_parts_clear(&in);
    add(&in, RING(-5, 2, 8, 2, 8, 8, -5, 8), false);
    add(&in, RING(-2, 4, 2, 4, 2, 6, -2, 6), true);
    assert_int_equal(dk_clip_polygons(&work, &in, &square, &out), DK_CLIP_DONE);
    assert_int_equal(out->n_parts, 1);
    assert_true(fabs(area(out) - (48 - 4)) < 1e-9);

    /* Holes wholly inside stay with their piece, whichever way their rings go; holes outside go. */
    dk_parts_clear(&in);
    add(&in, RING(-2, 7, 8, 7, 8, 5, -1, 5, -1, 3, 8, 3, 8, 1, -2, 1), false);
    add(&in, RING(5, 1.5, 6, 1.5, 6, 2.5, 5, 2.5), true);
    add(&in, RING(5, 5.5, 6, 5.5, 6, 6.5, 5, 6.5), true);
    add(&in, RING(-1.8, 2, -1.8, 3, -1.2, 3), true);
    assert_int_equal(dk_clip_polygons(&work, &in, &square, &out), DK_CLIP_DONE);
    assert_int_equal(out->n_parts, 4);
    assert_true(!out->parts[0].hole && out->parts[1].hole && !out->parts[2].hole && out->parts[3].hole);
    for (int i = 0; i < 4; i += 2) /* each hole's middle is level with its piece */
        assert_true((out->xy[2 * out->parts[i].start + 1] < 4) == (out->xy[2 * out->parts[i + 1].start + 1] < 4));

    /* Its border on the square's side from inside, from outside, and a corner that touches. */
    dk_parts_clear(&in);
    add(&in, RING(0, 2, 4, 2, 4, 4, 0, 4), false);
    add(&in, RING(-4, 6, 0, 6, 0, 8, -4, 8), false);
    add(&in, RING(-3, 5, 0, 5.5, -3, 5.8), false);
    assert_int_equal(dk_clip_polygons(&work, &in, &square, &out), DK_CLIP_DONE);
    assert_int_equal(out->n_parts, 1);
    assert_true(fabs(area(out) - 8) < 1e-9);
    dk_clip_work_finish(&work);
    dk_parts_finish(&in);
}

static GEOSGeometry *geos_ring(GEOSContextHandle_t geos, const double *xy, size_t n)
{
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(geos, (unsigned)n + 1, 2);
    for (size_t i = 0; i <= n; i++)
        GEOSCoordSeq_setXY_r(geos, sequence, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    return GEOSGeom_createLinearRing_r(geos, sequence);
}

static GEOSGeometry *geos_polygons(GEOSContextHandle_t geos, const dk_parts *parts)
{
    GEOSGeometry *polygons[400], *holes[400];
    unsigned n = 0;
    for (size_t i = 0; i < parts->n_parts;) {
        assert_true(n < 400 && !parts->parts[i].hole);
        GEOSGeometry *exterior = geos_ring(geos, parts->xy + 2 * parts->parts[i].start, parts->parts[i].count);
        unsigned n_holes = 0;
        for (i++; i < parts->n_parts && parts->parts[i].hole; i++)
            holes[n_holes++] = geos_ring(geos, parts->xy + 2 * parts->parts[i].start, parts->parts[i].count);
        polygons[n++] = GEOSGeom_createPolygon_r(geos, exterior, holes, n_holes);
    }
    return GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, polygons, n);
}

static double random_double(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* Stars with starry holes, some upright on whole numbers so that corners and edges fall on the square's sides. */
static void random_polygons_as_geos_cuts_them(void **state)
{
    (void)state;
    GEOSContextHandle_t geos = GEOS_init_r();
    dk_clip_work work = {0};
    dk_parts in;
    dk_parts_init(&in);
    int cut = 0, unclear = 0;
    for (int trial = 0; trial < 4000; trial++) {
        const bool whole = trial % 4 == 0;
        double xy[2 * 60];
        const double cx = 16 * random_double() - 3, cy = 16 * random_double() - 3, radius = 2 + 10 * random_double();
        dk_parts_clear(&in);
        for (int hole = 0; hole < 3; hole++) {
            const size_t n = 4 + (size_t)(random_double() * 50);
            const double angle0 = random_double();
            for (size_t i = 0; i < n; i++) {
                const double angle = 6.28318530717959 * ((double)i + angle0) / (double)n * (hole == 1 ? -1 : 1);
                const double shift = hole == 0 ? 0 : hole == 1 ? -0.2 : 0.2;
                const double r = radius * (hole == 0 ? 0.5 + 0.5 * random_double() : 0.05 + 0.1 * random_double());
                xy[2 * i] = cx + shift * radius + r * cos(angle);
                xy[2 * i + 1] = cy + r * sin(angle);
                if (whole)
                    xy[2 * i] = round(xy[2 * i]), xy[2 * i + 1] = round(xy[2 * i + 1]);
            }
            add(&in, xy, n, hole > 0);
        }
        GEOSGeometry *exact = geos_polygons(geos, &in);
        const dk_parts *out;
        if (GEOSisValid_r(geos, exact) == 1) {
            const dk_clip_result result = dk_clip_polygons(&work, &in, &square, &out);
            assert_int_not_equal(result, DK_CLIP_NOMEM);
            if (result == DK_CLIP_DONE) {
                GEOSGeometry *window = GEOSGeom_createRectangle_r(geos, 0, 0, 10, 10);
                GEOSGeometry *expected = GEOSIntersection_r(geos, exact, window);
                double expected_area = 0;
                GEOSArea_r(geos, expected, &expected_area);
                assert_inside(out);
                double sum = 0; /* area() counts rings by their own winding; here by their role */
                for (size_t i = 0; i < out->n_parts; i++) {
                    const double *ring = out->xy + 2 * out->parts[i].start;
                    double twice = 0;
                    for (size_t j = 0, k = out->parts[i].count - 1; j < out->parts[i].count; k = j++)
                        twice += ring[2 * k] * ring[2 * j + 1] - ring[2 * j] * ring[2 * k + 1];
                    sum += (out->parts[i].hole ? -0.5 : 0.5) * fabs(twice);
                }
                if (fabs(sum - expected_area) > 1e-9)
                    fail_msg("trial %d: %g instead of %g", trial, sum, expected_area);
                cut += out->n_parts > 1 && !out->parts[out->n_parts - 1].hole;
                GEOSGeom_destroy_r(geos, expected);
                GEOSGeom_destroy_r(geos, window);
            } else {
                assert_true(whole); /* crossings coincide only where coordinates do */
                unclear++;
            }
        }
        GEOSGeom_destroy_r(geos, exact);
    }
    assert_true(cut > 100);
    assert_true(unclear < 200);
    dk_parts_finish(&in);
    dk_clip_work_finish(&work);
    GEOS_finish_r(geos);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_square_cuts_apart_comes_apart),
        cmocka_unit_test(random_polygons_as_geos_cuts_them),
        cmocka_unit_test(rings_in_every_position),
        cmocka_unit_test(a_ring_that_crosses_often_fits_its_room),
        cmocka_unit_test(neighbours_get_the_same_point_on_the_edge),
        cmocka_unit_test(lines_in_every_position),
        cmocka_unit_test(points_inside_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
