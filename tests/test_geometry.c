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

/* ---- the packed form ---- */

/* Packs WKT and unpacks it from memory of exactly its size. */
static void pack(const char *wkt, dk_packed *packed)
{
    dk_shape shape;
    dk_shape_init(&shape);
    read_wkt(wkt, &shape);
    dk_buf out;
    dk_buf_init(&out);
    dk_packed_encode(&shape, &out);
    assert_false(out.failed);
    unsigned char *const copy = malloc(out.size);
    assert_non_null(copy);
    memcpy(copy, out.data, out.size);
    assert_int_equal(dk_packed_decode(copy, out.size, packed), DK_OK);
    dk_world_box box;
    assert_int_equal(dk_packed_box(copy, out.size, &box), DK_OK);
    assert_memory_equal(&box, &packed->box, sizeof box);
    for (size_t size = 0; size < out.size; size++)
        assert_int_equal(dk_packed_decode(out.data, size, packed), DK_CORRUPT);
    dk_buf_byte(&out, 0);
    assert_int_equal(dk_packed_decode(out.data, out.size, packed), DK_CORRUPT);
    assert_int_equal(dk_packed_decode(copy, out.size - 1, packed), DK_OK);
    free(copy);
    dk_buf_finish(&out);
    dk_shape_finish(&shape);
}

static void packed_polygons_unpack_to_their_world_coordinates(void **state)
{
    (void)state;
    dk_packed packed;
    dk_packed_init(&packed);
    pack(two_polygons, &packed);
    assert_int_equal(packed.kind, DK_POLYGONS);
    static const size_t counts[] = {4, 3, 3};
    static const double lonlat[][2] = {{116, 34},     {117, 34},     {117, 35}, {116, 35}, {116.2, 34.2},
                                       {116.2, 34.4}, {116.4, 34.4}, {118, 34}, {119, 34}, {118, 35}};
    assert_int_equal(packed.n_parts, 3);
    assert_int_equal(packed.n_points, 10);
    size_t start = 0;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(packed.parts[i].start, start);
        assert_int_equal(packed.parts[i].count, counts[i]);
        assert_int_equal(packed.parts[i].hole, i == 1);
        start += counts[i];
    }
    dk_world_box box = {UINT32_MAX, UINT32_MAX, 0, 0};
    for (size_t i = 0; i < 10; i++) {
        uint32_t x, y;
        dk_world_from_lonlat(lonlat[i][0], lonlat[i][1], &x, &y);
        assert_int_equal(packed.box.x0 + (uint32_t)packed.xy[2 * i], x);
        assert_int_equal(packed.box.y0 + (uint32_t)packed.xy[2 * i + 1], y);
        box.x0 = x < box.x0 ? x : box.x0;
        box.x1 = x > box.x1 ? x : box.x1;
        box.y0 = y < box.y0 ? y : box.y0;
        box.y1 = y > box.y1 ? y : box.y1;
    }
    assert_memory_equal(&packed.box, &box, sizeof box);
    dk_packed_finish(&packed);
}

static void what_falls_on_one_point_is_kept_once(void **state)
{
    (void)state;
    dk_packed packed;
    dk_packed_init(&packed);
    /* a nanodegree is a hundredth of a unit; the first point is repeated before the ring closes */
    pack("POLYGON ((117 34, 117.000000001 34, 117.1 34, 117.1 34.1, 117.1 34.1, 117 34.000000001, 117 34), "
         "(117.05 34.05, 117.050000001 34.05, 117.05 34.050000001, 117.05 34.05))",
         &packed);
    assert_int_equal(packed.n_parts, 2);
    assert_int_equal(packed.parts[0].count, 3);
    assert_int_equal(packed.parts[1].count, 1);
    assert_true(packed.parts[1].hole);
    pack("LINESTRING (117 34, 117.000000001 34)", &packed);
    assert_int_equal(packed.n_points, 1);
    pack("LINESTRING (117 34, 118 34, 117 34)", &packed); /* a line may come back: it is no ring */
    assert_int_equal(packed.n_points, 3);
    pack("MULTIPOINT ((117 34), (117 34))", &packed); /* two points are two */
    assert_int_equal(packed.n_parts, 2);
    assert_int_equal(packed.n_points, 2);
    pack("POLYGON EMPTY", &packed);
    assert_int_equal(packed.n_parts, 0);
    dk_packed_finish(&packed);
}

static void a_shape_wider_than_half_the_world_is_cut_at_its_edge(void **state)
{
    (void)state;
    dk_packed packed;
    dk_packed_init(&packed);
    pack("LINESTRING (-180 85.05, 180 -85.05, -100 0)", &packed);
    assert_int_equal(packed.n_points, 3);
    assert_int_equal(packed.xy[2], INT32_MAX);
    assert_int_equal(packed.xy[3], INT32_MAX);
    assert_int_equal(packed.box.x1, INT32_MAX);
    dk_packed_finish(&packed);
}

static void differences_of_every_length_of_varint(void **state)
{
    (void)state;
    /* steps of 2^0 to 2^30 units east and back, of which each takes another number of bytes */
    dk_shape shape = {.kind = DK_LINES, .n_parts = 1};
    double lonlat[2 * 62];
    dk_part part = {.count = 62};
    for (unsigned i = 0; i < 31; i++) {
        for (unsigned k = 0; k < 2; k++) {
            double *const to = lonlat + 2 * (2 * i + k);
            const double east = k ? ldexp(1, (int)i) : 0, south = k ? ldexp(1, 30 - (int)i) : 0;
            dk_lonlat_from_world(4e8 + east, 1e9 + south, &to[0], &to[1]);
        }
    }
    shape.lonlat = lonlat;
    shape.parts = &part;
    shape.n_points = 62;
    dk_buf out;
    dk_buf_init(&out);
    dk_packed_encode(&shape, &out);
    dk_packed packed;
    dk_packed_init(&packed);
    assert_int_equal(dk_packed_decode(out.data, out.size, &packed), DK_OK);
    assert_int_equal(packed.n_points, 62);
    for (size_t i = 0; i < 31; i++) {
        assert_int_equal(packed.xy[4 * i], 0);
        assert_int_equal(packed.xy[4 * i + 1], 0);
        assert_int_equal(packed.xy[4 * i + 2], 1 << i);
        assert_int_equal(packed.xy[4 * i + 3], 1 << (30 - i));
    }
    dk_packed_finish(&packed);
    dk_buf_finish(&out);
}

/* Bytes by the description at the head of geometry.c. */
static void packed_bytes_that_lie_are_corrupt(void **state)
{
    (void)state;
    /* a triangle (0,0) (10,0) (0,10) with its box at (5,6) */
    static const unsigned char good[] = {0x11, 5, 6, 10, 10, 1, 6, 0, 0, 20, 0, 19, 20};
    static const struct {
        size_t at;
        unsigned char byte;
    } lies[] = {
        {0, 0x21},  /* another version */
        {0, 0x14},  /* no kind of geometry */
        {0, 0x10},  /* parts without geometry */
        {3, 9},     /* a point east of the box */
        {4, 9},     /* a point south of it */
        {5, 2},     /* more parts than there are */
        {5, 0},     /* bytes left over */
        {5, 0x7F},  /* more parts than bytes */
        {6, 7},     /* a hole without exterior */
        {6, 0},     /* a part without points */
        {6, 8},     /* more points than bytes */
        {7, 1},     /* a point west of the box */
        {12, 0x80}, /* a number that does not end */
    };
    dk_packed packed;
    dk_packed_init(&packed);
    assert_int_equal(dk_packed_decode(good, sizeof good, &packed), DK_OK);
    assert_true(packed.box.x0 == 5 && packed.box.y0 == 6 && packed.box.x1 == 15 && packed.box.y1 == 16);
    static const int32_t triangle[] = {0, 0, 10, 0, 0, 10};
    assert_int_equal(packed.n_points, 3);
    assert_memory_equal(packed.xy, triangle, sizeof triangle);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        unsigned char bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        bytes[lies[i].at] = lies[i].byte;
        assert_int_equal(dk_packed_decode(bytes, sizeof bytes, &packed), DK_CORRUPT);
        assert_int_equal(packed.n_parts + packed.n_points, 0);
    }
    /* a box beyond the world, one wider than half of it, numbers of points whose sum wraps */
    static const unsigned char beyond[] = {0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 1, 0, 0};
    static const unsigned char wide[] = {0x11, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x08, 0, 0};
    static const unsigned char wraps[] = {0x11, 0,    0,    0,    0,    2,    0xFE, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0xFE, 0xFF, 0xFF, 0xFF,
                                          0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0,    0,    0,    0};
    dk_world_box box;
    assert_int_equal(dk_packed_box(beyond, sizeof beyond, &box), DK_CORRUPT);
    assert_int_equal(dk_packed_box(wide, sizeof wide, &box), DK_CORRUPT);
    assert_int_equal(dk_packed_decode(wraps, sizeof wraps, &packed), DK_CORRUPT);
    /* a difference of six bytes, with enough behind it for the reader of eight at a time */
    unsigned char long_number[64] = {0x12, 0, 0, 0, 0, 1, 20, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
    assert_int_equal(dk_packed_decode(long_number, 32, &packed), DK_CORRUPT);
    dk_packed_finish(&packed);
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
        cmocka_unit_test(headers_of_other_writers),
        cmocka_unit_test(packed_polygons_unpack_to_their_world_coordinates),
        cmocka_unit_test(what_falls_on_one_point_is_kept_once),
        cmocka_unit_test(a_shape_wider_than_half_the_world_is_cut_at_its_edge),
        cmocka_unit_test(differences_of_every_length_of_varint),
        cmocka_unit_test(packed_bytes_that_lie_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
