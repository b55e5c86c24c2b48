/* Oracles: GEOS writes the WKB that is read here, PROJ gives Web Mercator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <geos_c.h>
#include <math.h>
#include <proj.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/geometry.h"

/* ---- helpers ---- */

typedef struct wkb {
    unsigned char *data;
    size_t size;
} wkb;

typedef struct wkb_form {
    int byte_order, flavor, dimension;
    bool srid;
} wkb_form;

static const wkb_form forms[] = {
    {GEOS_WKB_NDR, GEOS_WKB_ISO, 2, false},      {GEOS_WKB_XDR, GEOS_WKB_ISO, 2, false},
    {GEOS_WKB_NDR, GEOS_WKB_ISO, 3, false},      {GEOS_WKB_XDR, GEOS_WKB_ISO, 3, false},
    {GEOS_WKB_NDR, GEOS_WKB_EXTENDED, 2, true},  {GEOS_WKB_XDR, GEOS_WKB_EXTENDED, 3, true},
    {GEOS_WKB_NDR, GEOS_WKB_EXTENDED, 3, false},
};
#define N_FORMS (sizeof forms / sizeof *forms)

/* Freed with free_wkb. */
static wkb write_wkb(const char *wkt, wkb_form form)
{
    wkb result;
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSGeometry *geometry = GEOSWKTReader_read_r(geos, reader, wkt);
    assert_non_null(geometry);
    GEOSSetSRID_r(geos, geometry, 4490);
    GEOSWKBWriter *writer = GEOSWKBWriter_create_r(geos);
    GEOSWKBWriter_setByteOrder_r(geos, writer, form.byte_order);
    GEOSWKBWriter_setFlavor_r(geos, writer, form.flavor);
    GEOSWKBWriter_setOutputDimension_r(geos, writer, form.dimension);
    GEOSWKBWriter_setIncludeSRID_r(geos, writer, form.srid);
    unsigned char *const data = GEOSWKBWriter_write_r(geos, writer, geometry, &result.size);
    assert_non_null(data);
    result.data = malloc(result.size); /* of exactly that size, so that a sanitizer sees every byte read beyond it */
    assert_non_null(result.data);
    memcpy(result.data, data, result.size);
    GEOSFree_r(geos, data);
    GEOSWKBWriter_destroy_r(geos, writer);
    GEOSGeom_destroy_r(geos, geometry);
    GEOSWKTReader_destroy_r(geos, reader);
    GEOS_finish_r(geos);
    return result;
}

static void read_wkt(const char *wkt, dk_shape *shape)
{
    wkb w = write_wkb(wkt, forms[0]);
    assert_int_equal(dk_shape_from_wkb(w.data, w.size, shape, NULL), DK_OK);
    free(w.data);
}

static dk_status read_bytes(const void *data, size_t size)
{
    dk_error err = {.text = ""};
    dk_shape shape;
    dk_shape_init(&shape);
    unsigned char *const copy = malloc(size + 1);
    assert_non_null(copy);
    memcpy(copy + 1, data, size); /* at an odd address and with nothing behind it */
    const dk_status status = dk_shape_from_wkb(copy + 1, size, &shape, &err);
    if (status != DK_OK) {
        assert_int_equal(err.status, status);
        assert_true(strlen(err.text) > 10);
        assert_int_equal(shape.n_points + shape.n_parts, 0);
    }
    free(copy);
    dk_shape_finish(&shape);
    return status;
}

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.12f is not %.12f within %g", value, expected, tolerance);
}

/* ---- world coordinates ---- */

static void world_coordinates_are_those_of_web_mercator(void **state)
{
    (void)state;
    PJ *pj = proj_create_crs_to_crs(NULL, "EPSG:4326", "EPSG:3857", NULL);
    PJ *visual = proj_normalize_for_visualization(NULL, pj);
    assert_non_null(visual);
    const double unit = 4294967296.0 / (2 * acos(-1.0) * 6378137.0);
    for (double lat = -85; lat <= 85; lat += 2.5)
        for (double lon = -180; lon < 180; lon += 7.3) {
            const PJ_COORD c = proj_trans(visual, PJ_FWD, proj_coord(lon, lat, 0, 0));
            uint32_t x, y;
            dk_world_from_lonlat(lon, lat, &x, &y);
            assert_near(x, 2147483648.0 + c.xy.x * unit, 0.501);
            assert_near(y, 2147483648.0 - c.xy.y * unit, 0.501);
            double back_lon, back_lat;
            dk_lonlat_from_world(2147483648.0 + c.xy.x * unit, 2147483648.0 - c.xy.y * unit, &back_lon, &back_lat);
            assert_near(back_lon, lon, 1e-9);
            assert_near(back_lat, lat, 1e-9);
        }
    proj_destroy(visual);
    proj_destroy(pj);
}

static void positions_outside_the_mercator_square_are_moved_to_its_edge(void **state)
{
    (void)state;
    static const struct {
        double lon, lat;
        uint32_t x, y;
    } cases[] = {
        {0, 0, 0x80000000u, 0x80000000u},
        {-180, 85.05112877980659, 0, 0},
        {180, -85.05112877980659, UINT32_MAX, UINT32_MAX},
        {-181, 90, 0, 0},
        {1e300, -90, UINT32_MAX, UINT32_MAX},
        {-INFINITY, INFINITY, 0, 0},
        {(double)NAN, 0, 0, 0x80000000u},
        {90, 66.51326044311186, 0xC0000000u, 0x40000000u}, /* the corner of tile 2/3/1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t x, y;
        dk_world_from_lonlat(cases[i].lon, cases[i].lat, &x, &y);
        assert_int_equal(x, cases[i].x);
        assert_int_equal(y, cases[i].y);
    }
}

/* ---- WKB ---- */

static const char *const two_polygons =
    "MULTIPOLYGON Z (((116 34 5, 117 34 5, 117 35 5, 116 35 5, 116 34 5), (116.2 34.2 5, 116.2 34.4 5, 116.4 34.4 5, "
    "116.2 34.2 5)), ((118 34 5, 119 34 5, 118 35 5, 118 34 5)))";

static void polygons_with_holes_in_every_form_of_wkb(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FORMS; i++) {
        dk_shape shape;
        dk_shape_init(&shape);
        wkb w = write_wkb(two_polygons, forms[i]);
        assert_int_equal(dk_shape_from_wkb(w.data, w.size, &shape, NULL), DK_OK);
        free(w.data);
        assert_int_equal(shape.kind, DK_POLYGONS);
        assert_int_equal(shape.n_parts, 3);
        assert_int_equal(shape.n_points, 13);
        static const size_t starts[] = {0, 5, 9}, counts[] = {5, 4, 4};
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(shape.parts[k].start, starts[k]);
            assert_int_equal(shape.parts[k].count, counts[k]);
            assert_int_equal(shape.parts[k].hole, k == 1);
        }
        assert_true(shape.lonlat[2 * 6] == 116.2 && shape.lonlat[2 * 6 + 1] == 34.4);
        double bounds[4];
        dk_shape_bounds(&shape, bounds);
        assert_true(bounds[0] == 116 && bounds[1] == 34 && bounds[2] == 119 && bounds[3] == 35);
        dk_shape_finish(&shape);
    }
}

static void lines_and_points_in_every_form_of_wkb(void **state)
{
    (void)state;
    static const struct {
        const char *wkt;
        dk_geometry_kind kind;
        size_t n_parts, n_points;
    } cases[] = {
        {"POLYGON Z ((0 0 1, 1 0 1, 0 1 1, 0 0 1))", DK_POLYGONS, 1, 4},
        {"LINESTRING Z (0 0 1, 1 1 1, 2 1 1)", DK_LINES, 1, 3},
        {"MULTILINESTRING Z ((0 0 1, 1 1 1), (5 5 1, 6 6 1, 7 6 1))", DK_LINES, 2, 5},
        {"POINT Z (117 34 1)", DK_POINTS, 1, 1},
        {"MULTIPOINT Z ((117 34 1), (118 35 1))", DK_POINTS, 2, 2},
        {"POLYGON EMPTY", DK_POLYGONS, 0, 0},
        {"MULTIPOLYGON EMPTY", DK_POLYGONS, 0, 0},
        {"LINESTRING EMPTY", DK_LINES, 0, 0},
        {"MULTIPOINT EMPTY", DK_POINTS, 0, 0},
    };
    dk_shape shape; /* one shape for all: each replaces the one before */
    dk_shape_init(&shape);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < N_FORMS; k++) {
            wkb w = write_wkb(cases[i].wkt, forms[k]);
            assert_int_equal(dk_shape_from_wkb(w.data, w.size, &shape, NULL), DK_OK);
            free(w.data);
            assert_int_equal(shape.kind, cases[i].kind);
            assert_int_equal(shape.n_parts, cases[i].n_parts);
            assert_int_equal(shape.n_points, cases[i].n_points);
        }
    dk_shape_finish(&shape);
}

/* Measures: GEOS 3.11 does not write them. Types of ISO 13249-3 (2001, 3001) and of EWKB (0x40000001, 0xC0000001). */
static void measures_are_skipped(void **state)
{
    (void)state;
    static const uint32_t codes[] = {2001, 3001, 0x40000001u, 0xC0000001u, 1001, 0x80000001u, 1};
    static const size_t ordinates[] = {3, 4, 3, 4, 3, 3, 2};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        unsigned char data[38] = {1};
        const double position[4] = {117.5, 34.5, (double)NAN, (double)NAN};
        memcpy(data + 1, &codes[i], 4);
        memcpy(data + 5, position, sizeof position);
        dk_shape shape;
        dk_shape_init(&shape);
        assert_int_equal(dk_shape_from_wkb(data, 5 + 8 * ordinates[i], &shape, NULL), DK_OK);
        assert_true(shape.n_points == 1 && shape.lonlat[0] == 117.5 && shape.lonlat[1] == 34.5);
        dk_shape_finish(&shape);
        assert_int_equal(read_bytes(data, 5 + 8 * ordinates[i] - 1), DK_CORRUPT);
        assert_int_equal(read_bytes(data, 5 + 8 * ordinates[i] + 1), DK_CORRUPT);
    }
}

static void wkb_cut_off_anywhere_or_followed_by_more_is_corrupt(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_FORMS; i++) {
        wkb w = write_wkb(two_polygons, forms[i]);
        for (size_t size = 0; size < w.size; size++)
            assert_int_equal(read_bytes(w.data, size), DK_CORRUPT);
        unsigned char *const longer = calloc(1, w.size + 1);
        assert_non_null(longer);
        memcpy(longer, w.data, w.size);
        assert_int_equal(read_bytes(longer, w.size + 1), DK_CORRUPT);
        free(longer);
        free(w.data);
    }
}

static void counts_beyond_the_bytes_are_refused_before_memory_is_taken(void **state)
{
    (void)state;
    static const char *const wkts[] = {"POLYGON ((0 0, 1 0, 0 1, 0 0))", "MULTIPOLYGON (((0 0, 1 0, 0 1, 0 0)))",
                                       "LINESTRING (0 0, 1 1)", "MULTIPOINT ((0 0))"};
    static const uint32_t counts[] = {UINT32_MAX, 0x80000000u, 0x10000000u, 1000};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            wkb w = write_wkb(wkts[i], forms[0]);
            memcpy(w.data + 5, &counts[k], 4);
            assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
            free(w.data);
        }
}

static void what_is_no_polygon_line_or_point_is_refused(void **state)
{
    (void)state;
    static const char *const wkts[] = {"GEOMETRYCOLLECTION (POINT (1 1))", "GEOMETRYCOLLECTION EMPTY", "POINT EMPTY"};
    for (size_t i = 0; i < 3; i++) {
        wkb w = write_wkb(wkts[i], forms[0]);
        assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
        free(w.data);
    }
    /* a member of another type, and a byte order that is none */
    wkb w = write_wkb("MULTIPOINT ((0 0), (1 1))", forms[0]);
    w.data[10] = 2;
    assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
    w.data[10] = 4;
    assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
    w.data[10] = 1;
    w.data[9] = 2;
    assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
    free(w.data);
}

static void rings_must_be_closed_long_enough_and_finite(void **state)
{
    (void)state;
    wkb w = write_wkb("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))", forms[0]);
    const double not_finite[] = {(double)NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        memcpy(w.data + 13 + 24, &not_finite[i], 8); /* y of the second point */
        assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
    }
    const double ordinary = 0.5;
    memcpy(w.data + 13 + 24, &ordinary, 8);
    assert_int_equal(read_bytes(w.data, w.size), DK_OK);
    memcpy(w.data + 13 + 64, &ordinary, 8); /* x of the last point */
    assert_int_equal(read_bytes(w.data, w.size), DK_CORRUPT);
    const uint32_t three = 3;
    memset(w.data + 13, 0, 48); /* closed, but of three points */
    memcpy(w.data + 9, &three, 4);
    assert_int_equal(read_bytes(w.data, 13 + 48), DK_CORRUPT);
    free(w.data);
}

static void a_hole_is_taken_off_the_area(void **state)
{
    (void)state;
    dk_shape whole, hole, both;
    dk_shape_init(&whole);
    dk_shape_init(&hole);
    dk_shape_init(&both);
    read_wkt("POLYGON ((117 34, 117.01 34, 117.01 34.01, 117 34.01, 117 34))", &whole);
    read_wkt("POLYGON ((117.002 34.002, 117.004 34.002, 117.004 34.004, 117.002 34.004, 117.002 34.002))", &hole);
    /* the hole wound as the exterior: the sign comes from its being a hole, not from its direction */
    read_wkt("POLYGON ((117 34, 117.01 34, 117.01 34.01, 117 34.01, 117 34), "
             "(117.002 34.002, 117.004 34.002, 117.004 34.004, 117.002 34.004, 117.002 34.002))",
             &both);
    assert_near(dk_shape_area_m2(&both), dk_shape_area_m2(&whole) - dk_shape_area_m2(&hole), 1e-6);
    assert_true(dk_shape_area_m2(&hole) > 40000 && dk_shape_area_m2(&hole) < 42000); /* 185 m by 222 m */
    read_wkt("LINESTRING (117 34, 118 34, 118 35, 117 34)", &both);
    assert_true(dk_shape_area_m2(&both) == 0);
    dk_shape_finish(&whole);
    dk_shape_finish(&hole);
    dk_shape_finish(&both);
}

/* ---- GeoPackage blobs ---- */

static void a_geopackage_blob_has_the_header_of_the_standard(void **state)
{
    (void)state;
    wkb w = write_wkb("POLYGON ((116 34, 117 34, 117 35, 116 34))", forms[0]);
    dk_shape shape;
    dk_shape_init(&shape);
    assert_int_equal(dk_shape_from_wkb(w.data, w.size, &shape, NULL), DK_OK);
    dk_buf out;
    dk_buf_init(&out);
    dk_gpkg_append(w.data, w.size, &shape, &out);
    assert_int_equal(out.size, 40 + w.size);
    /* OGC 12-128r17 §2.1.3: magic, version 0, flags (little endian, envelope 1), srs_id 4490 = 0x118A */
    assert_memory_equal(out.data, "GP\0\x03\x8A\x11\0\0", 8);
    const double envelope[4] = {116, 117, 34, 35};
    assert_memory_equal(out.data + 8, envelope, 32);
    size_t size = 0;
    const unsigned char *const inner = dk_gpkg_wkb(out.data, out.size, &size);
    assert_int_equal(size, w.size);
    assert_memory_equal(inner, w.data, size);
    for (size_t cut = 0; cut < 40; cut++)
        assert_null(dk_gpkg_wkb(out.data, cut, &size));
    dk_buf_finish(&out);
    dk_shape_finish(&shape);
    free(w.data);
}

static void an_empty_geometry_is_known_by_its_header(void **state)
{
    (void)state;
    /* Flags of §2.1.3: little endian (1) and empty (16), without an envelope; then WKB of several, of none. */
    static const struct {
        dk_geometry_kind kind;
        unsigned char bytes[17];
    } cases[] = {
        {DK_POLYGONS, {'G', 'P', 0, 0x11, 0x8A, 0x11, 0, 0, 1, 6, 0, 0, 0, 0, 0, 0, 0}},
        {DK_LINES, {'G', 'P', 0, 0x11, 0x8A, 0x11, 0, 0, 1, 5, 0, 0, 0, 0, 0, 0, 0}},
        {DK_POINTS, {'G', 'P', 0, 0x11, 0x8A, 0x11, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0}},
    };
    dk_buf out;
    dk_buf_init(&out);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&out);
        dk_gpkg_append_empty(cases[i].kind, &out);
        assert_int_equal(out.size, sizeof cases[i].bytes);
        assert_memory_equal(out.data, cases[i].bytes, out.size);
        assert_true(dk_gpkg_empty(out.data, out.size));
        for (size_t at = 0; at < 4; at++) { /* another magic, or not said to be empty */
            if (at == 2)
                continue;
            unsigned char other[sizeof cases[i].bytes];
            memcpy(other, out.data, sizeof other);
            other[at] = at == 3 ? 1 : 'X';
            assert_false(dk_gpkg_empty(other, sizeof other));
        }
        assert_false(dk_gpkg_empty(out.data, out.size - 1));
    }
    assert_false(dk_gpkg_empty(NULL, 0));
    /* What has no position has no bounds. */
    dk_shape none;
    double bounds[4];
    dk_shape_init(&none);
    dk_shape_bounds(&none, bounds);
    assert_true(isnan(bounds[0]) && isnan(bounds[1]) && isnan(bounds[2]) && isnan(bounds[3]));
    dk_buf_finish(&out);
}

static void headers_of_other_writers(void **state)
{
    (void)state;
    static const size_t envelopes[] = {0, 32, 48, 48, 64};
    unsigned char blob[100] = "GP";
    size_t size;
    for (unsigned kind = 0; kind < 8; kind++) {
        blob[3] = (unsigned char)(kind << 1 | 1);
        const unsigned char *const inner = dk_gpkg_wkb(blob, sizeof blob, &size);
        if (kind <= 4) {
            assert_ptr_equal(inner, blob + 8 + envelopes[kind]);
            assert_int_equal(size, sizeof blob - 8 - envelopes[kind]);
        } else {
            assert_null(inner);
        }
    }
    blob[3] = 0x21; /* an extended geometry type is no WKB */
    assert_null(dk_gpkg_wkb(blob, sizeof blob, &size));
    blob[3] = 1;
    blob[2] = 1;
    assert_null(dk_gpkg_wkb(blob, sizeof blob, &size));
    assert_null(dk_gpkg_wkb("SQLite format 3", 15, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(world_coordinates_are_those_of_web_mercator),
        cmocka_unit_test(positions_outside_the_mercator_square_are_moved_to_its_edge),
        cmocka_unit_test(polygons_with_holes_in_every_form_of_wkb),
        cmocka_unit_test(lines_and_points_in_every_form_of_wkb),
        cmocka_unit_test(measures_are_skipped),
        cmocka_unit_test(wkb_cut_off_anywhere_or_followed_by_more_is_corrupt),
        cmocka_unit_test(counts_beyond_the_bytes_are_refused_before_memory_is_taken),
        cmocka_unit_test(what_is_no_polygon_line_or_point_is_refused),
        cmocka_unit_test(rings_must_be_closed_long_enough_and_finite),
        cmocka_unit_test(a_hole_is_taken_off_the_area),
        cmocka_unit_test(a_geopackage_blob_has_the_header_of_the_standard),
        cmocka_unit_test(an_empty_geometry_is_known_by_its_header),
        cmocka_unit_test(headers_of_other_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
