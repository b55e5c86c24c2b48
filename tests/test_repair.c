/* Oracles: GEOS judges what comes out (another call than the one that made it), areas are known from the figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <geos_c.h>
#include <libdeflate.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/repair.h"
#include "store/ring_simple.h"

static GEOSContextHandle_t oracle;
static GEOSWKTReader *wkt_reader;
static GEOSWKBReader *wkb_reader;
static GEOSWKBWriter *wkb_writer;
static dk_geos *geos;

static int set_up(void **state)
{
    (void)state;
    oracle = GEOS_init_r();
    wkt_reader = GEOSWKTReader_create_r(oracle);
    wkb_reader = GEOSWKBReader_create_r(oracle);
    wkb_writer = GEOSWKBWriter_create_r(oracle);
    GEOSWKBWriter_setFlavor_r(oracle, wkb_writer, GEOS_WKB_ISO);
    geos = dk_geos_create();
    return geos == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    dk_geos_free(geos);
    dk_geos_free(NULL);
    GEOSWKTReader_destroy_r(oracle, wkt_reader);
    GEOSWKBReader_destroy_r(oracle, wkb_reader);
    GEOSWKBWriter_destroy_r(oracle, wkb_writer);
    GEOS_finish_r(oracle);
    return 0;
}

/* WKB of a text, to be freed with GEOSFree_r. */
static unsigned char *wkb_of(const char *wkt, size_t *ret_size)
{
    GEOSGeometry *geometry = GEOSWKTReader_read_r(oracle, wkt_reader, wkt);
    assert_non_null(geometry);
    unsigned char *const wkb = GEOSWKBWriter_write_r(oracle, wkb_writer, geometry, ret_size);
    GEOSGeom_destroy_r(oracle, geometry);
    return wkb;
}

static bool is_valid(const char *wkt, char reason[200])
{
    size_t size;
    unsigned char *const wkb = wkb_of(wkt, &size);
    bool valid = false;
    reason[0] = '\0';
    assert_int_equal(dk_geos_valid(geos, wkb, size, &valid, reason, 200), DK_OK);
    GEOSFree_r(oracle, wkb);
    return valid;
}

/* Repairs; the result must be a valid two-dimensional MultiPolygon of ISO WKB. Returns its area, -1 if refused. */
static double repaired_area(const char *wkt)
{
    size_t size;
    unsigned char *const wkb = wkb_of(wkt, &size);
    dk_buf out;
    dk_buf_init(&out);
    const dk_status status = dk_geos_make_valid(geos, wkb, size, &out);
    GEOSFree_r(oracle, wkb);
    double area = -1;
    if (status == DK_OK) {
        static const unsigned char multipolygon[] = {1, 6, 0, 0, 0};
        assert_memory_equal(out.data, multipolygon, 5);
        GEOSGeometry *geometry = GEOSWKBReader_read_r(oracle, wkb_reader, out.data, out.size);
        assert_non_null(geometry);
        assert_int_equal(GEOSisValid_r(oracle, geometry), 1);
        assert_int_equal(GEOSArea_r(oracle, geometry, &area), 1);
        GEOSGeom_destroy_r(oracle, geometry);
    } else {
        assert_int_equal(status, DK_INVALID);
        assert_int_equal(out.size, 0);
    }
    dk_buf_finish(&out);
    return area;
}

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9f is not %.9f within %g", value, expected, tolerance);
}

/* ---- validity ---- */

static void valid_polygons_are_valid(void **state)
{
    (void)state;
    char reason[200];
    assert_true(is_valid("POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0), (0.5 0.5, 0.5 1, 1 1, 0.5 0.5))", reason));
    assert_true(is_valid("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((1 1, 2 1, 2 2, 1 1)))", reason));
    assert_true(is_valid("POLYGON Z ((0 0 7, 2 0 7, 2 2 7, 0 0 7))", reason));
    assert_true(is_valid("POLYGON EMPTY", reason));
    assert_string_equal(reason, "");
}

static void the_reason_tells_the_place(void **state)
{
    (void)state;
    char reason[200];
    assert_false(is_valid("POLYGON ((117 34, 117.5 34.5, 117.5 34, 117 34.5, 117 34))", reason));
    assert_string_equal(reason, "Self-intersection at longitude 117.250000000, latitude 34.250000000");
    assert_false(is_valid("POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0), (5 5, 6 5, 6 6, 5 5))", reason));
    assert_non_null(strstr(reason, "Hole lies outside shell at longitude 5.0"));
    assert_false(is_valid("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((0 0, 2 0, 2 2, 0 2, 0 0)))", reason));
    assert_true(reason[0] != '\0');
}

static void figures_with_faults_keep_their_area(void **state)
{
    (void)state;
    assert_near(repaired_area("POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))"), 4, 0);
    assert_near(repaired_area("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"), 2, 1e-12);           /* a bow tie */
    assert_near(repaired_area("POLYGON ((0 0, 2 0, 2 2, 5 2, 2 2, 0 2, 0 0))"), 4, 1e-12); /* a spike */
    assert_near(repaired_area("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 3 1, 3 3, 1 3, 1 1), "
                              "(1 1, 2 1, 2 2, 1 2, 1 1))"),
                12, 1e-12); /* a hole in a hole */
    assert_near(repaired_area("MULTIPOLYGON (((0 0, 2 0, 2 2, 0 2, 0 0)), ((1 0, 3 0, 3 2, 1 2, 1 0)))"), 6, 1e-12);
    assert_near(repaired_area("POLYGON ((0 0, 2 0, 2 0, 2 0, 2 2, 0 2, 0 0))"), 4, 1e-12);
    assert_near(repaired_area("POLYGON Z ((0 0 1, 2 2 1, 2 0 1, 0 2 1, 0 0 1))"), 2, 1e-12);
}

static void what_leaves_no_polygon_is_refused(void **state)
{
    (void)state;
    assert_near(repaired_area("POLYGON ((0 0, 1 1, 2 2, 0 0))"), -1, 0);
    assert_near(repaired_area("POLYGON ((1 1, 1 1, 1 1, 1 1))"), -1, 0);
    assert_near(repaired_area("POLYGON EMPTY"), -1, 0);
    assert_near(repaired_area("LINESTRING (0 0, 1 1)"), -1, 0);
}

static void rings_that_are_no_rings_are_refused(void **state)
{
    (void)state;
    size_t size;
    unsigned char *const wkb = wkb_of("POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))", &size);
    const double moved = 0.5;
    const uint32_t two = 2;
    bool valid = true;
    char reason[200] = "";
    dk_buf out;
    dk_buf_init(&out);
    memcpy(wkb + size - 8, &moved, 8);
    assert_int_equal(dk_geos_valid(geos, wkb, size, &valid, reason, sizeof reason), DK_INVALID);
    assert_non_null(strstr(reason, "not closed"));
    assert_int_equal(dk_geos_make_valid(geos, wkb, size, &out), DK_INVALID);
    memcpy(wkb + 9, &two, 4);
    assert_int_equal(dk_geos_valid(geos, wkb, 13 + 32, &valid, reason, sizeof reason), DK_INVALID);
    assert_non_null(strstr(reason, "needs four"));
    assert_int_equal(dk_geos_make_valid(geos, wkb, 13 + 32, &out), DK_INVALID);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(dk_geos_valid(geos, wkb, cut, &valid, reason, sizeof reason), DK_INVALID);
        assert_int_equal(dk_geos_intersects(geos, wkb, cut, wkb, cut, &valid), DK_INVALID);
    }
    assert_int_equal(out.size, 0);
    dk_buf_finish(&out);
    GEOSFree_r(oracle, wkb);
}

static bool intersects(const char *a, const char *b)
{
    size_t a_size, b_size;
    unsigned char *const first = wkb_of(a, &a_size), *const second = wkb_of(b, &b_size);
    bool result = false, reverse = true;
    assert_int_equal(dk_geos_intersects(geos, first, a_size, second, b_size, &result), DK_OK);
    assert_int_equal(dk_geos_intersects(geos, second, b_size, first, a_size, &reverse), DK_OK);
    assert_int_equal(result, reverse);
    GEOSFree_r(oracle, first);
    GEOSFree_r(oracle, second);
    return result;
}

static void geometries_that_touch_have_a_point_in_common(void **state)
{
    (void)state;
    const char *const square = "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))";
    assert_true(intersects(square, square));
    assert_true(intersects(square, "POLYGON ((2 2, 3 2, 3 3, 2 2))")); /* in a corner */
    assert_false(intersects(square, "POLYGON ((2.001 2, 3 2, 3 3, 2.001 2))"));
    assert_true(intersects(square, "POINT (1 1)"));
    assert_false(intersects(square, "MULTIPOINT ((3 1), (4 4))"));
    assert_true(intersects(square, "LINESTRING (-1 1, 3 1)"));
    assert_true(intersects(square, "MULTILINESTRING ((9 9, 8 8), (-1 1, 3 1))"));
    assert_true(intersects(square, "POLYGON ((1 1, 5 5, 5 1, 1 5, 1 1))")); /* a bow tie */
    assert_true(intersects(square, "POLYGON ((1 1, 5 5, 3 3, 1 1))"));      /* collapsed, yet it touches */
    assert_false(intersects(square, "POLYGON EMPTY"));
    assert_false(intersects("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (1 1, 8 1, 8 8, 1 8, 1 1))", "POINT (4 4)"));
}

/* ---- the pixel grid ---- */

static double ring_sum(const int32_t *xy, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t k = (i + 1) % n;
        sum += (double)xy[2 * i] * xy[2 * k + 1] - (double)xy[2 * k] * xy[2 * i + 1];
    }
    return sum / 2;
}

/* Builds the result anew in GEOS, judges it, and returns its area. */
static double judged_area(const dk_grid_shape *shape)
{
    GEOSGeometry *polygons[64], *holes[64];
    unsigned n = 0, n_holes;
    for (size_t i = 0; i < shape->n_parts;) {
        GEOSGeometry *shell = NULL;
        n_holes = 0;
        do {
            const dk_part *const part = &shape->parts[i];
            const int32_t *const xy = shape->xy + 2 * part->start;
            assert_true(part->count >= 3);
            assert_true(part->hole == (shell != NULL));
            assert_true(part->hole ? ring_sum(xy, part->count) < 0 : ring_sum(xy, part->count) > 0);
            assert_true(xy[0] != xy[2 * part->count - 2] || xy[1] != xy[2 * part->count - 1]);
            GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(oracle, (unsigned)part->count + 1, 2);
            for (unsigned k = 0; k <= part->count; k++)
                GEOSCoordSeq_setXY_r(oracle, sequence, k, xy[2 * (k % part->count)], xy[2 * (k % part->count) + 1]);
            GEOSGeometry *ring = GEOSGeom_createLinearRing_r(oracle, sequence);
            assert_non_null(ring);
            if (shell == NULL)
                shell = ring;
            else
                holes[n_holes++] = ring;
            i++;
        } while (i < shape->n_parts && shape->parts[i].hole && n_holes < 64);
        assert_true(n < 64);
        polygons[n] = GEOSGeom_createPolygon_r(oracle, shell, holes, n_holes);
        assert_non_null(polygons[n]);
        n++;
    }
    GEOSGeometry *all = GEOSGeom_createCollection_r(oracle, GEOS_MULTIPOLYGON, polygons, n);
    double area = -1;
    assert_int_equal(GEOSisValid_r(oracle, all), 1);
    GEOSArea_r(oracle, all, &area);
    GEOSGeom_destroy_r(oracle, all);
    return area;
}

static void rounding_that_would_cross_is_made_valid(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    /* a notch 0.4 wide and long: plain rounding lays its sides on each other and across the border */
    const double notch[] = {0, 0, 10, 0, 10, 4.4, 1.2, 4.6, 10, 4.8, 10, 10, 0, 10};
    const dk_part one = {.count = 7};
    assert_int_equal(dk_geos_snap(geos, notch, 7, &one, 1, &shape), DK_OK);
    assert_near(judged_area(&shape), 100, 6);
    /* two squares and a hole, all within a pixel of each other; the hole touches its exterior when rounded */
    const double figures[] = {0.2, 0.1, 20.3, 0.2, 20.1, 19.8, 0.4,  20.2, 0.45, 5,    5.2,   5.3,
                              5.1, 9.7, 0.3,  9.9, 20.4, 0,    30.2, 0.2,  30.4, 10.1, 20.45, 10.3};
    const dk_part parts[] = {{0, 4, false}, {4, 4, true}, {8, 4, false}};
    assert_int_equal(dk_geos_snap(geos, figures, 12, parts, 3, &shape), DK_OK);
    assert_near(judged_area(&shape), 400 - 25 + 100, 1e-9);
    dk_grid_shape_finish(&shape);
}

static void a_ring_that_crosses_itself_is_repaired_first(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    const double bow[] = {0, 0, 20, 20, 20, 0, 0, 20};
    const dk_part one = {.count = 4};
    assert_int_equal(dk_geos_snap(geos, bow, 4, &one, 1, &shape), DK_OK);
    assert_near(judged_area(&shape), 200, 1e-9);
    dk_grid_shape_finish(&shape);
}

static void what_is_smaller_than_a_pixel_leaves_nothing(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    const double small[] = {5.1, 5.1, 5.3, 5.1, 5.3, 5.3, 5.1, 5.3};
    const double sliver[] = {0, 5.1, 100, 5.2, 100, 5.3, 0, 5.25};
    const double two_points[] = {0, 0, 10, 10};
    const dk_part four = {.count = 4}, two = {.count = 2}, none = {.count = 0};
    assert_int_equal(dk_geos_snap(geos, small, 4, &four, 1, &shape), DK_OK);
    assert_int_equal(shape.n_parts + shape.n_points, 0);
    assert_int_equal(dk_geos_snap(geos, sliver, 4, &four, 1, &shape), DK_OK);
    assert_int_equal(shape.n_parts + shape.n_points, 0);
    assert_int_equal(dk_geos_snap(geos, two_points, 2, &two, 1, &shape), DK_OK);
    assert_int_equal(shape.n_parts, 0);
    assert_int_equal(dk_geos_snap(geos, two_points, 0, &none, 1, &shape), DK_OK);
    assert_int_equal(dk_geos_snap(geos, two_points, 0, NULL, 0, &shape), DK_OK);
    assert_int_equal(shape.n_parts, 0);
    dk_grid_shape_finish(&shape);
}

static void pixels_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    dk_grid_shape shape = {0};
    const dk_part three = {.count = 3}, hole = {.count = 3, .hole = true}, beyond = {.start = 1, .count = 3};
    double xy[] = {0, 0, 10, 0, 10, 10};
    assert_int_equal(dk_geos_snap(geos, xy, 3, &three, 1, &shape), DK_OK);
    assert_int_equal(shape.n_points, 3);
    assert_int_equal(dk_geos_snap(geos, xy, 3, &hole, 1, &shape), DK_INVALID);
    assert_int_equal(dk_geos_snap(geos, xy, 3, &beyond, 1, &shape), DK_INVALID);
    const double bad[] = {(double)NAN, INFINITY, 3e9, -1e300};
    for (size_t i = 0; i < 4; i++) {
        xy[3] = bad[i];
        assert_int_equal(dk_geos_snap(geos, xy, 3, &three, 1, &shape), DK_INVALID);
        assert_int_equal(shape.n_points, 0);
    }
    dk_grid_shape_finish(&shape);
}

/* ---- the geometries of the JTS test suite ---- */

/* The unpacked text, NUL-terminated, or NULL when the file is not there. */
static char *read_gzip(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    static unsigned char packed[4u << 20];
    const size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    const size_t capacity = 64u << 20;
    char *text = malloc(capacity + 1);
    struct libdeflate_decompressor *inflate = libdeflate_alloc_decompressor();
    size_t text_size = 0;
    assert_non_null(text);
    assert_int_equal(libdeflate_gzip_decompress(inflate, packed, size, text, capacity, &text_size), LIBDEFLATE_SUCCESS);
    libdeflate_free_decompressor(inflate);
    text[text_size] = '\0';
    return text;
}

/* Snaps the figure scaled to 512 pixels, as a tile would. */
static void snap_scaled(const dk_shape *shape)
{
    double bounds[4];
    dk_shape_bounds(shape, bounds);
    const double size = fmax(bounds[2] - bounds[0], bounds[3] - bounds[1]);
    const double scale = size > 0 ? 512 / size : 1;
    double *const xy = calloc(shape->n_points + 1, 2 * sizeof *xy);
    dk_part *const parts = calloc(shape->n_parts + 1, sizeof *parts);
    assert_non_null(xy);
    assert_non_null(parts);
    for (size_t i = 0; i < shape->n_points; i++) {
        xy[2 * i] = (shape->lonlat[2 * i] - bounds[0]) * scale;
        xy[2 * i + 1] = (bounds[3] - shape->lonlat[2 * i + 1]) * scale;
    }
    for (size_t i = 0; i < shape->n_parts; i++) {
        parts[i] = shape->parts[i];
        parts[i].count--; /* not closed */
    }
    dk_grid_shape snapped = {0};
    assert_int_equal(dk_geos_snap(geos, xy, shape->n_points, parts, shape->n_parts, &snapped), DK_OK);
    if (snapped.n_parts < 60)
        judged_area(&snapped);
    dk_grid_shape_finish(&snapped);
    free(xy);
    free(parts);
}

static void polygons_of_the_jts_suite(void **state)
{
    (void)state;
    const char *const root = getenv("DK_ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/../shared/data/jts_geometries.tsv.gz", root != NULL ? root : ".");
    char *const text = read_gzip(path);
    if (text == NULL) {
        print_message("jts_geometries.tsv.gz is not beside the repository: this test is SKIPPED\n");
        skip();
    }
    size_t n = 0, n_invalid = 0, n_repaired = 0;
    char *rest = NULL;
    strtok_r(text, "\n", &rest); /* the column names */
    for (char *line = strtok_r(NULL, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        /* source, expected_valid, geos_says, type, wkt: expected_valid may be empty */
        char *columns[5] = {NULL};
        for (size_t i = 0; i < 5 && line != NULL; i++)
            columns[i] = strsep(&line, "\t");
        if (columns[4] == NULL || strstr(columns[3], "olygon") == NULL)
            continue;
        GEOSGeometry *geometry = GEOSWKTReader_read_r(oracle, wkt_reader, columns[4]);
        if (geometry == NULL)
            continue; /* rings that GEOS does not build */
        size_t size;
        unsigned char *const wkb = GEOSWKBWriter_write_r(oracle, wkb_writer, geometry, &size);
        double area = 0;
        GEOSArea_r(oracle, geometry, &area);
        bool valid;
        char reason[200] = "";
        const dk_status status = dk_geos_valid(geos, wkb, size, &valid, reason, sizeof reason);
        if (status == DK_OK) {
            const bool said_valid = strcmp(columns[2], "Valid Geometry") == 0;
            assert_int_equal(valid, said_valid);
            n++;
            n_invalid += !valid;
            const double repaired = repaired_area(columns[4]);
            n_repaired += !valid && repaired > 0;
            if (valid && area > 0)
                assert_near(repaired, area, 1e-9 * area);
            dk_shape shape;
            dk_shape_init(&shape);
            assert_int_equal(dk_shape_from_wkb(wkb, size, &shape, NULL), DK_OK);
            snap_scaled(&shape);
            dk_shape_finish(&shape);
        } else {
            assert_int_equal(status, DK_INVALID);
            assert_true(reason[0] != '\0');
        }
        GEOSFree_r(oracle, wkb);
        GEOSGeom_destroy_r(oracle, geometry);
    }
    free(text);
    print_message("%zu polygons, %zu invalid, %zu of them repaired\n", n, n_invalid, n_repaired);
    assert_true(n > 500 && n_invalid > 50);
}

/* Rings of a few places on a coarse grid, so that edges touch, fold back and fall together all the time; some with a
 * vertex moved by the last bit. */
static void rings_that_are_surely_simple_are_valid(void **state)
{
    (void)state;
    uint64_t seed = 7;
    size_t n_sure = 0, n_valid = 0;
    for (size_t round = 0; round < 40000; round++) {
        double xy[2 * 12];
        const size_t n = 4 + round % 8;
        for (size_t i = 0; i < n - 1; i++)
            for (size_t d = 0; d < 2; d++) {
                seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
                xy[2 * i + d] = 116.1 + 0.1 * (double)(seed >> 33 & 7);
                if ((seed >> 40 & 7) == 0)
                    xy[2 * i + d] = nextafter(xy[2 * i + d], 200);
            }
        xy[2 * n - 2] = xy[0], xy[2 * n - 1] = xy[1];
        GEOSCoordSequence *sequence = GEOSCoordSeq_copyFromBuffer_r(oracle, xy, (unsigned)n, 0, 0);
        GEOSGeometry *ring = GEOSGeom_createLinearRing_r(oracle, sequence);
        GEOSGeometry *polygon = GEOSGeom_createPolygon_r(oracle, ring, NULL, 0);
        const bool valid = GEOSisValid_r(oracle, polygon) == 1, sure = dk_ring_surely_simple(xy, n);
        GEOSGeom_destroy_r(oracle, polygon);
        assert_true(valid || !sure);
        n_sure += sure;
        n_valid += valid;
    }
    print_message("%zu valid rings, %zu of them simple beyond doubt\n", n_valid, n_sure);
    assert_true(n_sure > n_valid / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_polygons_are_valid),
        cmocka_unit_test(rings_that_are_surely_simple_are_valid),
        cmocka_unit_test(the_reason_tells_the_place),
        cmocka_unit_test(figures_with_faults_keep_their_area),
        cmocka_unit_test(what_leaves_no_polygon_is_refused),
        cmocka_unit_test(rings_that_are_no_rings_are_refused),
        cmocka_unit_test(geometries_that_touch_have_a_point_in_common),
        cmocka_unit_test(rounding_that_would_cross_is_made_valid),
        cmocka_unit_test(a_ring_that_crosses_itself_is_repaired_first),
        cmocka_unit_test(what_is_smaller_than_a_pixel_leaves_nothing),
        cmocka_unit_test(pixels_that_are_no_numbers_are_refused),
        cmocka_unit_test(polygons_of_the_jts_suite),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
