/* Places that are asked about: reading them, and what is refused. */
#include "store/geos_time.h"
#include "store/region.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <geos_c.h>

#include <cmocka.h>

/* Between two parallels and two meridians, in closed form (K. Bian, "Ellipsoidal area"; here from the integral of M N
 * cos B), on the CGCS2000 ellipsoid. */
static double northward(double lat)
{
    const double f = 1 / 298.257222101, e2 = f * (2 - f), e = sqrt(e2), b = 6378137.0 * (1 - f);
    const double s = sin(lat * acos(-1.0) / 180);
    return b * b / 2 * (s / (1 - e2 * s * s) + log((1 + e * s) / (1 - e * s)) / (2 * e));
}

static double box_area(double west, double south, double east, double north)
{
    return (east - west) * acos(-1.0) / 180 * (northward(north) - northward(south));
}

static dk_region *read_ok(dk_region_format format, const char *text)
{
    dk_region *region = NULL;
    dk_error err = {0};
    if (dk_region_read(format, text, strlen(text), NULL, &region, &err) != DK_OK)
        fail_msg("%s: %s", text, err.text);
    return region;
}

static void assert_refused(dk_region_format format, const char *text, dk_status status, const char *part)
{
    dk_region *region = NULL;
    dk_error err = {0};
    assert_int_equal(dk_region_read(format, text, strlen(text), NULL, &region, &err), status);
    if (strstr(err.text, part) == NULL)
        fail_msg("%s: %s", text, err.text);
    assert_null(region);
}

static void boxes_have_the_area_of_the_closed_form(void **state)
{
    (void)state;
    const double boxes[][4] = {{117.2, 31.8, 117.202, 31.802}, {116.1, 34.2, 116.7, 34.7}, {73.5, 18, 135, 53.5}};
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        const double *b = boxes[i];
        dk_region *region = NULL;
        assert_int_equal(dk_region_of_box(b, &region, NULL), DK_OK);
        const double expected = box_area(b[0], b[1], b[2], b[3]);
        assert_true(fabs(dk_region_area_m2(region) - expected) < 1e-9 * expected + 0.001);
        assert_int_equal(dk_region_kind(region), DK_POLYGONS);
        assert_int_equal(dk_region_vertices(region), 5);
        assert_memory_equal(dk_region_bounds(region), b, sizeof boxes[i]);
        dk_region_free(region);
    }
}

static void holes_are_taken_off_and_overlapping_features_joined(void **state)
{
    (void)state;
    dk_region *region =
        read_ok(DK_REGION_WKT, "POLYGON((117 31,118 31,118 32,117 32,117 31),(117.2 31.2,117.2 31.4,117.4 31.4,"
                               "117.4 31.2,117.2 31.2))");
    assert_true(fabs(dk_region_area_m2(region) - box_area(117, 31, 118, 32) + box_area(117.2, 31.2, 117.4, 31.4)) <
                0.01);
    dk_region_free(region);
    region = read_ok(
        DK_REGION_GEOJSON,
        "\xEF\xBB\xBF {\"features\": [{\"type\":\"Feature\",\"properties\":{\"\\\"type\":\"x\\\\\"},\"geometry\":"
        "{\"coordinates\":[[[117,31,5],[118,31,5],[118,32,5],[117,32,5],[117,31,5]]],\"type\":\"Polygon\"}},"
        "{\"type\":\"Feature\",\"geometry\":null},{\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[[117.5,"
        "31],"
        "[119,31],[119,32],[117.5,32],[117.5,31]]]]},\"type\":\"Feature\"}],\"type\":\"FeatureCollection\"}\n");
    assert_true(fabs(dk_region_area_m2(region) - box_area(117, 31, 119, 32)) < 0.01);
    dk_region_free(region);
    region = read_ok(DK_REGION_WKT, " point Z (117.5 31.25 8) ");
    assert_int_equal(dk_region_kind(region), DK_POINTS);
    assert_true(dk_region_bounds(region)[0] == 117.5 && dk_region_bounds(region)[3] == 31.25);
    dk_region_free(region);
}

static void mistakes_are_named_with_their_place(void **state)
{
    (void)state;
    assert_refused(DK_REGION_WKT, "POLYGON((117 31,118 32,118 31,117 32,117 31))", DK_INVALID,
                   "Self-intersection at 117.50000000, 31.50000000");
    assert_refused(DK_REGION_WKT, "POLYGON((117 31,118 31,118 32,117 31),(120 31,121 31,121 32,120 31))", DK_INVALID,
                   "Hole lies outside shell");
    assert_refused(DK_REGION_WKT, "POLYGON((117 31,118 31,118 32,117 32))", DK_INVALID, "not closed");
    assert_refused(DK_REGION_WKT, "POLYGON((117 31,118 31,118 nan,117 32))", DK_INVALID, "Character 28");
    assert_refused(DK_REGION_WKT, "GEOMETRYCOLLECTION(POINT(1 2))", DK_INVALID, "POINT, POLYGON or MULTIPOLYGON");
    assert_refused(DK_REGION_WKT, "POINT(31 117)", DK_INVALID, "(31, 117)");
    assert_refused(DK_REGION_GEOJSON, "{\"type\":\"Point\",\"coordinates\":[117,31]", DK_INVALID, "Character 39");
    assert_refused(DK_REGION_GEOJSON, "{\"type\":\"Point\",\"coordinates\":[117,31],}", DK_INVALID, "quotes");
    assert_refused(DK_REGION_GEOJSON, "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Feature\",\"geometry\":null}}",
                   DK_INVALID, "stands where none can be");
    assert_refused(DK_REGION_GEOJSON,
                   "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Point\",\"coordinates\":[117,31]}]}",
                   DK_INVALID, "Feature must be");
    assert_refused(DK_REGION_GEOJSON,
                   "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
                   "\"Point\",\"coordinates\":"
                   "[117,31]}},{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[117,31]}}]}",
                   DK_INVALID, "one point");
}

/* The GeoJSON of 2008, 3; RFC 7946, 4: other systems may be read as these. */
static void the_crs_of_a_geojson_is_not_passed_over(void **state)
{
    (void)state;
    static const char *const good[] = {
        "null", "{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:OGC:1.3:CRS84\"}}",
        "{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::4490\"}}",
        "{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:4326\"}}"};
    static const char *const other[] = {"{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::4610\"}}",
                                        "{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:4214\"}}",
                                        "{\"type\":\"name\",\"properties\":{\"name\":\"EPSG:44900\"}}",
                                        "{\"type\":\"name\",\"properties\":{\"name\":\"西安80\"}}",
                                        "\"EPSG:4527\"",
                                        "{}"};
    char text[400];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, "{\"crs\" : %s ,\"type\":\"Point\",\"coordinates\":[117,31]}", good[i]);
        dk_region_free(read_ok(DK_REGION_GEOJSON, text));
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        snprintf(text, sizeof text, "{\"type\":\"Point\",\"coordinates\":[117,31],\"crs\":%s}", other[i]);
        assert_refused(DK_REGION_GEOJSON, text, DK_INVALID,
                       "Character 46: the member crs names another system than longitude");
        snprintf(text, sizeof text,
                 "{\"type\":\"Feature\",\"properties\":{\"crs\":%s},\"geometry\":{\"type\":\"Point\",\"coordinates\":["
                 "117,31]}}",
                 other[i]);
        dk_region_free(read_ok(DK_REGION_GEOJSON, text)); /* a property of that name */
    }
}

static void depth_and_vertices_are_bounded(void **state)
{
    (void)state;
    const size_t most = 100000;
    char *deep = malloc(most + 40);
    assert_non_null(deep);
    strcpy(deep, "{\"type\":\"Point\",\"x\":");
    const size_t start = strlen(deep);
    memset(deep + start, '[', most);
    deep[start + most] = '\0';
    assert_refused(DK_REGION_GEOJSON, deep, DK_LIMIT, "32 levels");
    free(deep);
    char *many = malloc((DK_REGION_VERTICES + 3) * 4 + 20), *at = many;
    assert_non_null(many);
    at += sprintf(at, "POLYGON((");
    for (int i = 0; i <= DK_REGION_VERTICES; i++)
        at += sprintf(at, "1 2,");
    strcpy(at, "1 2))");
    assert_refused(DK_REGION_WKT, many, DK_LIMIT, "1000000 vertices");
    free(many);
}

/* As the C library reads them. */
static void numbers_are_read_to_the_last_bit(void **state)
{
    (void)state;
    unsigned random = 9;
    static const char *const given[] = {"0",
                                        "-0",
                                        "-0.0",
                                        "1.",
                                        ".5",
                                        "-.5",
                                        "+7.25",
                                        "1e1",
                                        "1.5E-3",
                                        "117.123456789",
                                        "0.1",
                                        "117.20000000000000284",
                                        "117.200000000000003",
                                        "9007199254740993e-15",
                                        "00117.5",
                                        "0.000000000000000001",
                                        "0.00000000000000000000000000001",
                                        "100.000000000000000000000",
                                        "9.007199254740992",
                                        "9.007199254740993",
                                        "90.07199254740993",
                                        "5e-324"};
    const size_t n_given = sizeof given / sizeof *given;
    for (size_t i = 0; i < 20000 + n_given; i++) {
        char number[64], text[100];
        if (i < n_given) {
            snprintf(number, sizeof number, "%s", given[i]);
        } else {
            random = random * 1664525u + 1013904223u;
            snprintf(number, sizeof number, "%s%.*f", random & 0x100 ? "-" : "", (int)(random >> 28) + (i % 3 ? 0 : 6),
                     (double)(random >> 4 & 0xffffff) / 16777216.0 * 89 + (double)i * 1e-9);
        }
        snprintf(text, sizeof text, i % 2 ? "POINT(%s 30)" : "{\"type\":\"Point\",\"coordinates\":[%s,30]}", number);
        dk_region *region = read_ok(i % 2 ? DK_REGION_WKT : DK_REGION_GEOJSON, text);
        const double expected = strtod(number, NULL);
        if (memcmp(&dk_region_bounds(region)[0], &expected, sizeof expected) != 0 && expected != 0)
            fail_msg("%s is read as %.20g", number, dk_region_bounds(region)[0]);
        assert_true(dk_region_bounds(region)[0] == expected);
        dk_region_free(region);
    }
}

static dk_status swap_axes(void *user, double *xy, size_t n, dk_error *err)
{
    (void)err;
    *(size_t *)user += n;
    for (size_t i = 0; i < n; i++) {
        const double x = xy[2 * i];
        xy[2 * i] = xy[2 * i + 1];
        xy[2 * i + 1] = x;
    }
    return DK_OK;
}

static void coordinates_of_another_system_are_taken_over(void **state)
{
    (void)state;
    size_t n = 0;
    const dk_region_crs crs = {swap_axes, &n};
    const char *text = "POLYGON((31 117,31 118,32 118,32 117,31 117))";
    dk_region *region = NULL;
    assert_int_equal(dk_region_read(DK_REGION_WKT, text, strlen(text), &crs, &region, NULL), DK_OK);
    assert_int_equal(n, 5);
    assert_true(fabs(dk_region_area_m2(region) - box_area(117, 31, 118, 32)) < 0.01);
    dk_region_free(region);
}

/* Caller frees it. */
static char *comb_of(size_t teeth)
{
    const size_t room = teeth * 40 + 100;
    char *comb = malloc(room);
    assert_non_null(comb);
    size_t at = (size_t)snprintf(comb, room, "POLYGON((117 31,");
    for (size_t i = 0; i < teeth; i++)
        at += (size_t)snprintf(comb + at, room - at, "%.9f %.9f,", 117 + (double)i * 1e-6,
                               i % 2 ? 31.5 + (double)i * 1e-9 : 32);
    snprintf(comb + at, room - at, "118 31,117 31))");
    return comb;
}

/* A comb of 200,000 teeth. The time is over when its text has been read, so that GEOS is stopped at its first look. */
static void time_is_bounded(void **state)
{
    (void)state;
    char *comb = comb_of(200000);
    dk_region *region = NULL;
    dk_error err = {0};
    const double began = dk_seconds_now();
    dk_geos_until(began + 0.001);
    assert_int_equal(dk_region_read(DK_REGION_WKT, comb, strlen(comb), NULL, &region, &err), DK_BUSY);
    assert_true(dk_geos_late());
    dk_geos_until(0);
    assert_false(dk_geos_late());
    assert_true(dk_seconds_now() - began < 20);
    free(comb);
    /* And then everything is as before. */
    region = read_ok(DK_REGION_WKT, "POLYGON((117 31,118 31,118 32,117 31))");
    dk_region_free(region);
}

/* A comb and a row across its teeth. */
static void an_overlay_ends_at_its_time_and_its_context_goes_on(void **state)
{
    (void)state;
    char *comb = comb_of(60000);
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSGeometry *teeth = GEOSWKTReader_read_r(geos, reader, comb);
    GEOSGeometry *row =
        GEOSWKTReader_read_r(geos, reader, "POLYGON((116 31.6,119 31.6000001,119 31.7,116 31.7,116 31.6))");
    struct timespec before, after;
    assert_non_null(teeth);
    assert_non_null(row);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    dk_geos_until(dk_seconds_now() + 0.01);
    assert_null(GEOSIntersection_r(geos, teeth, row));
    assert_true(dk_geos_late());
    dk_geos_until(0);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    assert_true((double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) * 1e-9 < 1);
    GEOSGeometry *box = GEOSGeom_createRectangle_r(geos, 116.5, 31.65, 116.6, 31.66),
                 *common = GEOSIntersection_r(geos, box, row);
    double area = 0;
    assert_int_equal(GEOSArea_r(geos, common, &area), 1);
    assert_float_equal(area, 0.001, 1e-12);
    GEOSGeom_destroy_r(geos, common);
    GEOSGeom_destroy_r(geos, box);
    GEOSGeom_destroy_r(geos, teeth);
    GEOSGeom_destroy_r(geos, row);
    GEOSWKTReader_destroy_r(geos, reader);
    GEOS_finish_r(geos);
    free(comb);
}

static void *be_late(void *user)
{
    const char *comb = user;
    for (int i = 0; i < 20; i++) {
        dk_region *region = NULL;
        dk_error err = {0};
        dk_geos_until(dk_seconds_now() + 1e-6);
        if (dk_region_read(DK_REGION_WKT, comb, strlen(comb), NULL, &region, &err) != DK_BUSY)
            return user;
    }
    dk_geos_until(0);
    return NULL;
}

static void a_thread_that_is_late_stops_no_other(void **state)
{
    (void)state;
    char *comb = comb_of(20000), *small = comb_of(500);
    pthread_t thread;
    void *wrong = NULL;
    assert_int_equal(pthread_create(&thread, NULL, be_late, comb), 0);
    for (int i = 0; i < 200; i++)
        dk_region_free(read_ok(DK_REGION_WKT, small));
    assert_int_equal(pthread_join(thread, &wrong), 0);
    assert_null(wrong);
    free(comb);
    free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_have_the_area_of_the_closed_form),
        cmocka_unit_test(holes_are_taken_off_and_overlapping_features_joined),
        cmocka_unit_test(mistakes_are_named_with_their_place),
        cmocka_unit_test(the_crs_of_a_geojson_is_not_passed_over),
        cmocka_unit_test(depth_and_vertices_are_bounded),
        cmocka_unit_test(numbers_are_read_to_the_last_bit),
        cmocka_unit_test(coordinates_of_another_system_are_taken_over),
        cmocka_unit_test(time_is_bounded),
        cmocka_unit_test(an_overlay_ends_at_its_time_and_its_context_goes_on),
        cmocka_unit_test(a_thread_that_is_late_stops_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
