/* What the public is shown of a layer with a precision. Outlines are written in cells: (2, 3) is the middle of a cell,
 * and what lies less than a half from it lies in that cell. GEOS reads what comes out, the formulas of Web Mercator
 * take it back to cells, and geodesics of PROJ say how large a cell is. */
#include "store/coarse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <geodesic.h>
#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD 4294967296.0
enum { LEVEL = 10, COLUMN = 3461000, ROW = 1700000 }; /* of the cell (0, 0): near 110 east, 34 north */

static GEOSContextHandle_t geos;

static int set_up(void **state)
{
    (void)state;
    geos = GEOS_init_r();
    return geos == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    GEOS_finish_r(geos);
    return 0;
}

static double lon_of(double world_x)
{
    return world_x / WORLD * 360 - 180;
}

static double lat_of(double world_y)
{
    return atan(sinh((0.5 - world_y / WORLD) * 2 * M_PI)) * 180 / M_PI;
}

static double world_x_of(double lon)
{
    return (lon + 180) / 360 * WORLD;
}

static double world_y_of(double lat)
{
    return (0.5 - log(tan(M_PI / 4 + lat * M_PI / 360)) / (2 * M_PI)) * WORLD;
}

static int to_degrees(double *x, double *y, void *user)
{
    (void)user;
    *x = lon_of((COLUMN + *x + 0.5) * (1 << LEVEL));
    *y = lat_of((ROW + *y + 0.5) * (1 << LEVEL));
    return 1;
}

static int to_cells(double *x, double *y, void *user)
{
    (void)user;
    *x = world_x_of(*x) / (1 << LEVEL) - COLUMN - 0.5;
    *y = world_y_of(*y) / (1 << LEVEL) - ROW - 0.5;
    return 1;
}

static GEOSGeometry *read_text(const char *wkt)
{
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSGeometry *geometry = GEOSWKTReader_read_r(geos, reader, wkt);
    GEOSWKTReader_destroy_r(geos, reader);
    assert_non_null(geometry);
    return geometry;
}

/* A GeoPackage geometry of what is written in cells. */
static void blob_of(const char *wkt, dk_buf *out)
{
    GEOSGeometry *cells = read_text(wkt), *degrees = GEOSGeom_transformXY_r(geos, cells, to_degrees, NULL);
    GEOSWKBWriter *writer = GEOSWKBWriter_create_r(geos);
    size_t size;
    unsigned char *wkb = GEOSWKBWriter_write_r(geos, writer, degrees, &size);
    dk_shape shape;
    dk_shape_init(&shape);
    assert_int_equal(dk_shape_from_wkb(wkb, size, &shape, NULL), DK_OK);
    dk_gpkg_append(wkb, size, &shape, out);
    dk_shape_finish(&shape);
    GEOSFree_r(geos, wkb);
    GEOSWKBWriter_destroy_r(geos, writer);
    GEOSGeom_destroy_r(geos, degrees);
    GEOSGeom_destroy_r(geos, cells);
}

/* The coarse outline, in cells; its envelope is that of its positions. */
static GEOSGeometry *coarse_of(const char *wkt)
{
    dk_buf blob, coarse;
    dk_error err = {0};
    dk_buf_init(&blob);
    dk_buf_init(&coarse);
    blob_of(wkt, &blob);
    assert_int_equal(dk_coarse_gpkg(blob.data, blob.size, LEVEL, &coarse, &err), DK_OK);
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(coarse.data, coarse.size, &size);
    assert_non_null(wkb);
    GEOSWKBReader *reader = GEOSWKBReader_create_r(geos);
    GEOSGeometry *degrees = GEOSWKBReader_read_r(geos, reader, wkb, size);
    GEOSWKBReader_destroy_r(geos, reader);
    assert_non_null(degrees);
    assert_int_equal(GEOSisValid_r(geos, degrees), 1);
    double envelope[4], west, east, south, north;
    memcpy(envelope, (const unsigned char *)coarse.data + 8, sizeof envelope);
    GEOSGeom_getXMin_r(geos, degrees, &west);
    GEOSGeom_getXMax_r(geos, degrees, &east);
    GEOSGeom_getYMin_r(geos, degrees, &south);
    GEOSGeom_getYMax_r(geos, degrees, &north);
    assert_true(envelope[0] == west && envelope[1] == east && envelope[2] == south && envelope[3] == north);
    GEOSGeometry *cells = GEOSGeom_transformXY_r(geos, degrees, to_cells, NULL);
    GEOSGeom_destroy_r(geos, degrees);
    dk_buf_finish(&blob);
    dk_buf_finish(&coarse);
    return cells;
}

static void assert_coarse(const char *given, GEOSGeometry *expected)
{
    GEOSGeometry *found = coarse_of(given);
    GEOSNormalize_r(geos, found);
    GEOSNormalize_r(geos, expected);
    if (GEOSGeomTypeId_r(geos, found) != GEOSGeomTypeId_r(geos, expected) ||
        GEOSEqualsExact_r(geos, found, expected, 1e-4) != 1) {
        char *a = GEOSGeomToWKT_r(geos, found), *b = GEOSGeomToWKT_r(geos, expected);
        fail_msg("%s became %s instead of %s", given, a, b);
    }
    GEOSGeom_destroy_r(geos, found);
    GEOSGeom_destroy_r(geos, expected);
}

static void every_vertex_is_shown_in_the_middle_of_its_cell(void **state)
{
    (void)state;
    static const struct {
        const char *given, *shown;
    } cases[] = {
        {"POLYGON((0.1 -0.4, 9.8 0.3, 10.2 9.9, -0.2 10.4, 0.1 -0.4), (3 3.1, 6.2 3, 6 6.4, 3 3.1))",
         "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (3 3, 6 3, 6 6, 3 3))"},
        {"MULTIPOLYGON(((0 0, 4.1 0, 4 4, 0 0), (2 1, 3 1, 3 2, 2 1)), ((7 0.2, 9 0, 9 4, 7 0.2)))",
         "MULTIPOLYGON(((0 0, 4 0, 4 4, 0 0), (2 1, 3 1, 3 2, 2 1)), ((7 0, 9 0, 9 4, 7 0)))"},
        {"LINESTRING(0 0.1, 4.3 4.2, 8 -3.4)", "LINESTRING(0 0, 4 4, 8 -3)"},
        {"MULTILINESTRING((0 0.1, 4.3 4.2), (5.4 5, 7 -5.4))", "MULTILINESTRING((0 0, 4 4), (5 5, 7 -5))"},
        {"POINT(3.4 -2.6)", "POINT(3 -3)"},
        {"MULTIPOINT((0.1 0.1), (5 4.6))", "MULTIPOINT((0 0), (5 5))"},
        /* Positions that become the same one follow each other once. */
        {"POLYGON((0 0, 9.9 0, 10.1 0.1, 10 10, 0 9.9, 0 10.1, 0.1 0.2, 0 0))",
         "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))"},
        {"LINESTRING(0 0, 0.2 0.3, 5 5, 5.4 5, 0 0.1)", "LINESTRING(0 0, 5 5, 0 0)"},
        /* What has no area left goes: a hole, a part with its hole. Of lines, what has no length. */
        {"POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (3 3, 6 3, 6 3.4, 3 3), (2 1, 4 1.3, 6 1, 4 0.8, 2 1), (7 7, 8 7, 8 8, 7 7))",
         "POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (7 7, 8 7, 8 8, 7 7))"},
        {"MULTIPOLYGON(((0 -0.3, 9 -0.3, 9 0.4, 0 0.4, 0 -0.3), (3 -0.1, 6 -0.1, 6 0.3, 3 -0.1)), ((0 5, 9 5, 9 9, 0 5)))",
         "POLYGON((0 5, 9 5, 9 9, 0 5))"},
        {"MULTILINESTRING((0 0, 0.2 0.3), (5 5, 7 -5))", "LINESTRING(5 5, 7 -5)"},
        {"LINESTRING(2.1 3.1, 2.3 2.7)", "LINESTRING(1.5 3, 2.5 3)"},
        /* What is no longer valid is made so: a waist of less than a cell becomes a point. */
        {"POLYGON((0 0, 4 0, 5 1.7, 6 0, 10 0, 10 5, 6 5, 5 2.3, 4 5, 0 5, 0 0))",
         "MULTIPOLYGON(((0 0, 4 0, 5 2, 4 5, 0 5, 0 0)), ((6 0, 10 0, 10 5, 6 5, 5 2, 6 0)))"},
        {"POLYGON((0 0, 4 0, 4 1.7, 9 2, 4 2.3, 4 4, 0 4, 0 0))", "MULTIPOLYGON(((0 0, 4 0, 4 2, 4 4, 0 4, 0 0)))"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_coarse(cases[i].given, read_text(cases[i].shown));
}

/* A polygon of which nothing is left is shown as the hull of the first and the last of its cells. */
static void what_vanishes_is_shown_as_a_strip_of_cells(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        double ax, ay, bx, by;
    } cases[] = {
        {"POLYGON((2.1 3, 2.3 3, 2.2 3.2, 2.1 3))", 2, 3, 2, 3},
        {"POLYGON((1 2.1, 4.2 2.1, 4 2.3, 1 2.1))", 1, 2, 4, 2},
        {"POLYGON((1.2 2, 1.1 7.3, 1 7.2, 1.2 2))", 1, 2, 1, 7},
        {"POLYGON((1.1 7.3, 1.2 2, 1 7.2, 1.1 7.3))", 1, 2, 1, 7},
        {"POLYGON((0 0.1, 3 2, 3.1 2, 0 0.1))", 0, 0, 3, 2},
        {"POLYGON((3 2, 3.1 2, 0 0.1, 3 2))", 0, 0, 3, 2},
        {"POLYGON((0 3.1, 3 0.2, 3.1 0.2, 0 3.1))", 0, 3, 3, 0},
        {"POLYGON((0 2, 3 2.4, 6 2, 3 1.7, 0 2))", 0, 2, 6, 2},
        {"POLYGON((1 2, 0.7 4, 1 8, 1.3 4, 1 2))", 1, 2, 1, 8},
        /* A moat, whose two banks become the same. */
        {"POLYGON((-0.3 -0.3, 4.3 -0.3, 4.3 4.3, -0.3 4.3, -0.3 -0.3), (0.2 0.2, 3.8 0.2, 3.8 3.8, 0.2 3.8, 0.2 0.2))",
         0, 0, 4, 4},
        {"MULTIPOLYGON(((5 1, 5.1 1, 5.1 1.1, 5 1)), ((2 4, 2.1 4, 2.1 4.1, 2 4)), ((4 0, 4.1 0, 4.1 0.1, 4 0)))", 2, 4,
         5, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char corners[300];
        const double ax = cases[i].ax, ay = cases[i].ay, bx = cases[i].bx, by = cases[i].by;
        snprintf(corners, sizeof corners, "MULTIPOINT(%g %g, %g %g, %g %g, %g %g, %g %g, %g %g, %g %g, %g %g)",
                 ax - 0.5, ay - 0.5, ax + 0.5, ay - 0.5, ax - 0.5, ay + 0.5, ax + 0.5, ay + 0.5, bx - 0.5, by - 0.5,
                 bx + 0.5, by - 0.5, bx - 0.5, by + 0.5, bx + 0.5, by + 0.5);
        GEOSGeometry *points = read_text(corners);
        assert_coarse(cases[i].given, GEOSConvexHull_r(geos, points));
        GEOSGeom_destroy_r(geos, points);
    }
}

static void an_empty_geometry_stays_one_and_a_damaged_one_is_refused(void **state)
{
    (void)state;
    dk_buf blob, coarse;
    dk_error err = {0};
    dk_buf_init(&blob);
    dk_buf_init(&coarse);
    dk_gpkg_append_empty(DK_POLYGONS, &blob);
    assert_int_equal(dk_coarse_gpkg(blob.data, blob.size, LEVEL, &coarse, &err), DK_OK);
    assert_int_equal(coarse.size, blob.size);
    assert_memory_equal(coarse.data, blob.data, blob.size);
    dk_buf_clear(&coarse);
    assert_int_equal(dk_coarse_gpkg("no geometry", 11, LEVEL, &coarse, &err), DK_CORRUPT);
    assert_int_equal(coarse.size, 0);
    dk_buf_finish(&blob);
    dk_buf_finish(&coarse);
}

/* The smaller side of a cell of a level in metres at a latitude, by geodesics on CGCS2000's ellipsoid. */
static double cell_metres(int level, double lat)
{
    struct geod_geodesic ellipsoid;
    double width, height;
    const double size = ldexp(1, level), y = world_y_of(lat);
    geod_init(&ellipsoid, 6378137, 1 / 298.257222101);
    geod_inverse(&ellipsoid, lat, 0, lat, size / WORLD * 360, &width, NULL, NULL);
    geod_inverse(&ellipsoid, lat_of(y - size / 2), 0, lat_of(y + size / 2), 0, &height, NULL, NULL);
    return fmin(width, height);
}

static void a_cell_is_as_large_as_the_precision_and_less_than_twice_that(void **state)
{
    (void)state;
    static const double extents[][4] = {
        {73, 18, 135, 54}, {115, 31, 118, 34}, {110, -12, 112, 4}, {0, 0, 1, 1}, {0, -54, 1, 9}};
    static const double precisions[] = {0.5, 1, 5, 7.5, 8, 10, 100, 1000, 25000};
    for (size_t e = 0; e < sizeof extents / sizeof *extents; e++)
        for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
            const int level = dk_coarse_level(precisions[i], extents[e]);
            const double farthest = fmax(fabs(extents[e][1]), fabs(extents[e][3]));
            assert_true(cell_metres(level, farthest) >= precisions[i]);
            assert_true(cell_metres(level - 1, farthest) < 1.012 * precisions[i]);
        }
    assert_int_equal(dk_coarse_level(1e9, extents[0]), DK_COARSEST);
    assert_int_equal(dk_coarse_level(1e-9, extents[0]), 1);
}

/* Boxes of exact outlines are widened before they are compared with coarse ones: all of a strip, whose cells reach to
 * both sides of the middle of one, must be found. */
static void a_widened_box_holds_the_cells_of_what_it_held(void **state)
{
    (void)state;
    static const uint32_t ends[] = {0, 1, 1023, 1024, 5000, 1u << 31, UINT32_MAX - 1024, UINT32_MAX - 1, UINT32_MAX};
    enum { N = sizeof ends / sizeof *ends };
    for (int level = 1; level <= DK_COARSEST; level += 3)
        for (size_t a = 0; a < N; a++)
            for (size_t b = a; b < N; b++) {
                dk_world_box box = {ends[a], ends[a], ends[b], ends[b]};
                const uint32_t size = UINT32_C(1) << level;
                const uint64_t low = ends[a] / size * (uint64_t)size,
                               high = (uint64_t)(ends[b] / size) * size + size - 1;
                dk_coarse_widen(&box, level);
                assert_true(box.x0 <= low && box.y0 <= low && box.x1 >= high && box.y1 >= high);
                assert_true(dk_coarse_place(ends[a], level) == low + size / 2);
                if (ends[a] > 3 * (uint64_t)size) /* and not more than it must */
                    assert_true(box.x0 + 2 * (uint64_t)size >= ends[a] && box.y0 == box.x0);
                if (UINT32_MAX - ends[b] > 3 * (uint64_t)size)
                    assert_true(box.x1 <= ends[b] + 2 * (uint64_t)size && box.y1 == box.x1);
            }
}

static void bounds_are_those_of_whole_cells(void **state)
{
    (void)state;
    double bounds[4] = {2.3, 7.2, 5.6, 1.4},
           expected[4] = {1.5, 7.5, 6.5, 0.5}; /* north is up, rows are counted down */
    to_degrees(&bounds[0], &bounds[1], NULL);
    to_degrees(&bounds[2], &bounds[3], NULL);
    dk_coarse_bounds(bounds, LEVEL);
    to_cells(&bounds[0], &bounds[1], NULL);
    to_cells(&bounds[2], &bounds[3], NULL);
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(bounds[i] - expected[i]) < 1e-4);
    /* A degree of latitude is never more of the world than one of longitude. */
    assert_true(dk_coarse_reach_degrees(LEVEL) >= 2 * (lon_of(1 << LEVEL) - lon_of(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vertex_is_shown_in_the_middle_of_its_cell),
        cmocka_unit_test(what_vanishes_is_shown_as_a_strip_of_cells),
        cmocka_unit_test(an_empty_geometry_stays_one_and_a_damaged_one_is_refused),
        cmocka_unit_test(a_cell_is_as_large_as_the_precision_and_less_than_twice_that),
        cmocka_unit_test(a_widened_box_holds_the_cells_of_what_it_held),
        cmocka_unit_test(bounds_are_those_of_whole_cells),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
