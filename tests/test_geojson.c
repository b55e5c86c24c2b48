/* Whether all of a GeoJSON is read: RFC 7946, 3, says what coordinates are, RFC 8142 and NDJSON what a sequence is. */
#include "ingest/geojson_whole.h"
#include "ingest/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RING(x) "[[" #x ",31],[" #x ".1,31],[" #x ".1,31.1],[" #x ",31]]"
#define POLYGON(rings) "{\"type\":\"Polygon\",\"coordinates\":[" rings "]}"
#define PARTS(rings) "{\"type\":\"MultiPolygon\",\"coordinates\":[" rings "]}"
/* With what looks like coordinates among its properties. */
#define FEATURE(id, geometry)                                                                                          \
    "{\"type\":\"Feature\",\"properties\":{\"id\":\"" id                                                               \
    "\",\"coordinates\":[null,\"1\"],\"geometry\":{\"coordinates\":[null]}},"                                          \
    "\"geometry\":" geometry "}"
#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"

static char path[64];

static void write_file(const char *ending, const char *text)
{
    snprintf(path, sizeof path, "/tmp/dk-geojson-XXXXXX.%s", ending);
    const int fd = mkstemps(path, (int)strlen(ending) + 1);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

/* Of each row + if it is read, - if it has a problem; or the sentence that ends the reading. */
static void reads(const char *ending, const char *text, const char *expected)
{
    const dk_source_options options = {.want_geometry = true};
    dk_source *source = NULL;
    dk_source_row row;
    dk_error err = {0};
    char found[DK_ERROR_TEXT] = "";
    write_file(ending, text);
    dk_status status = dk_source_open(path, &options, &source, &err);
    while (status == DK_OK && (status = dk_source_next(source, &row, &err)) == DK_OK) {
        if (row.problem != NULL)
            assert_non_null(
                strstr(row.problem, "among its coordinates stands something else than numbers, such as null"));
        strcat(found, row.problem != NULL ? "-" : "+");
    }
    if (status != DK_END)
        snprintf(found, sizeof found, "%s", err.text);
    dk_source_close(source);
    unlink(path);
    if (strstr(found, expected) == NULL || (expected[0] == '+' && strcmp(found, expected) != 0))
        fail_msg("%s: %s", text, found);
}

static void a_ring_with_null_or_a_text_is_not_left_out(void **state)
{
    (void)state;
    const char *const all = FEATURE("A", POLYGON(RING(117))) "," FEATURE(
        "B",
        POLYGON(RING(
            118) ",[[118.01,31],[118.02,null],[118.02,31.01]"
                 ",[118.01,31]]")) "," FEATURE("C",
                                               PARTS("[" RING(119) "],[" RING(
                                                   120) "]")) "," FEATURE("D",
                                                                          PARTS("[" RING(
                                                                              119) "],[[[120,31],[ "
                                                                                   "\"120.1\",31],[120,31.1],[120,31]]"
                                                                                   "]")) "," FEATURE("E",
                                                                                                     PARTS("[" RING(
                                                                                                         119) "],\n "
                                                                                                              "null")) "," FEATURE("F",
                                                                                                                                   POLYGON(RING(
                                                                                                                                       121)));
    char text[4096];
    snprintf(text, sizeof text, COLLECTION("%s"), all);
    reads("geojson", text, "+-+--+");
    reads("geojson", FEATURE("A", PARTS("[" RING(117) "],[[[null,31],[117.1,31],[117,31.1],[null,31]]]")), "-");
    reads("geojson", COLLECTION(FEATURE("A", POLYGON(RING(117))) "," FEATURE("B", POLYGON(RING(118)))), "++");
    /* 3.1.1: a position has two numbers or more. */
    reads("geojson",
          COLLECTION(FEATURE("A", PARTS("[" RING(118) "],[[[119,31],[ 119.1 ],[119,32],[119,31]]]")) "," FEATURE(
              "B", POLYGON(RING(118)))),
          "-+");
    reads("geojsonl",
          FEATURE("A", POLYGON(RING(117))) "\n" FEATURE(
              "B", PARTS("[" RING(118) "],[[[null,31],[119,31],[119,32],[null,31]]]")) "\n" FEATURE("C",
                                                                                                    POLYGON(RING(119))),
          "+-+");
}

static void no_line_is_passed_over(void **state)
{
    (void)state;
#define LINE(id) FEATURE(id, POLYGON(RING(117))) "\n"
    reads("geojsonl", LINE("A") "\n" LINE("B") "  \r\n" LINE("C") "  \n", "+++");
    reads("geojsonl", "\x1e" LINE("A") "\x1e" LINE("B"), "++");
    reads("geojsonl", LINE("A") LINE("B") "{\"type\":\"Feature\",\n" LINE("C"),
          ": of its 4 lines 1 are no whole feature, the first of them row 3;");
    reads("geojsonl", LINE("A") LINE("B") " \n{\"type\":tru}\n" LINE("C") "{\n",
          ": of its 5 lines 2 are no whole feature, the first of them row 3;");
    reads("geojsonl", LINE("A") LINE("B") "[1]\n" LINE("C"), ": of its 4 lines 1 are no whole feature; ");
    /* By their second lines these are no such files to GDAL, which would read the first feature. */
    reads("geojsonl", LINE("A") "x\n" LINE("C"), ", line 2: more stands behind the first object");
    reads("geojsonl", FEATURE("A", POLYGON(RING(117))) ",\n" LINE("C"),
          ", line 1: more stands behind the first object");
    reads("geojsonl", LINE("A"), "+");
#undef LINE
}

static void records_and_what_stands_behind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t records, line;
    } files[] = {{"{}", 1, 0},
                 {"{}\n\n [] \n", 2, 3},
                 {"\x1e{\n}\n\x1e{}\n", 2, 3},
                 {"{\"}\\\"\":[\n{}]\n}\n  ", 3, 0},
                 {"{\n}\n\nx", 3, 4},
                 {"", 0, 0},
                 {" \n\t\n", 0, 0}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int64_t n = -1, line = -1;
        dk_error err = {0};
        write_file("geojson", files[i].text);
        assert_int_equal(dk_geojson_records(path, "t", &n, &err), DK_OK);
        assert_int_equal(dk_geojson_behind(path, "t", &line, &err), DK_OK);
        unlink(path);
        assert_int_equal(n, files[i].records);
        assert_int_equal(line, files[i].line);
    }
}

static void brackets_that_close_nothing_are_passed_over(void **state)
{
    (void)state;
    dk_geojson_holes holes;
    dk_error err;
    char text[400] = "";
    memset(text, '}', 64);
    snprintf(text + 64, sizeof text - 64, "\n%s\n", FEATURE("1", POLYGON("[[117,31],null,[117.1,31.1],[117,31]]")));
    write_file("geojsonl", text);
    assert_int_equal(dk_geojson_find_holes(path, path, true, &holes, &err), DK_OK);
    assert_int_equal(holes.n_features, 1);
    assert_int_equal(holes.n, 1);
    assert_int_equal(holes.rows[0], 1);
    dk_geojson_holes_finish(&holes);
    unlink(path);
}

/* RFC 7946, 3.1: a feature without a geometry says null; one whose coordinates lack a list has one that is wrong. */
static void a_geometry_that_cannot_be_read_is_not_none(void **state)
{
    (void)state;
#define FLAT "{\"type\":\"Polygon\",\"coordinates\":" RING(117) "}"
#define NAMELESS "{\"type\":\"Feature\",\"properties\":{\"id\":\"N\",\"geometry\":{\"a\":1}}}"
    static const char *const texts[] = {
        COLLECTION(
            FEATURE("A", "null") "," FEATURE("B", FLAT) "," NAMELESS "," FEATURE("C", POLYGON(RING(117))) "," FEATURE(
                "D", "{\"type\":\"Polygn\",\"coordinates\":[" RING(
                         117) "]}") "," FEATURE("E", "{\"type\":\"Polygon\",\"coordinates\":[]}")),
        FEATURE("B", FLAT), FEATURE("A", "null"), COLLECTION(FEATURE("B", FLAT) "," FEATURE("B", FLAT)),
        COLLECTION(FEATURE("B", "\"{\\\"type\\\":\\\"Point\\\",\\\"coordinates\\\":[117,31]}\""))};
    static const char *const expected[] = {"+-++-+", "-", "+", "--", "-"};
    const dk_source_options options = {.want_geometry = true};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dk_source *source = NULL;
        dk_source_row row;
        dk_error err = {0};
        char found[16] = "";
        write_file("geojson", texts[i]);
        assert_int_equal(dk_source_open(path, &options, &source, &err), DK_OK);
        while (dk_source_next(source, &row, &err) == DK_OK)
            strcat(found, row.problem == NULL                                                   ? "+"
                          : strstr(row.problem, "its geometry cannot be read: it is no object") ? "-"
                                                                                                : "?");
        dk_source_close(source);
        unlink(path);
        assert_string_equal(found, expected[i]);
    }
}

/* RFC 8259, 6: a number has as many digits as its writer likes; those of a key must not become another. */
static void a_number_of_twenty_digits_is_not_another(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        int64_t integer; /* 0: it is not read */
    } cases[] = {{"341321000001000012", 341321000001000012},
                 {"34132100000100000123", 0},
                 {"-34132100000100000123", 0},
                 {"7", 7}};
    const dk_source_options options = {.want_geometry = true};
    dk_error err = {0};
    for (int line_by_line = 0; line_by_line < 2; line_by_line++) {
        char text[2048] = "";
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text),
                     "%s{\"type\":\"Feature\",\"properties\":{\"id\":%s},\"geometry\":" POLYGON(RING(117)) "}",
                     i == 0         ? ""
                     : line_by_line ? "\n"
                                    : ",",
                     cases[i].number);
        char whole[2400];
        snprintf(whole, sizeof whole, line_by_line ? "%s\n" : COLLECTION("%s"), text);
        write_file(line_by_line ? "geojsonl" : "geojson", whole);
        dk_source *source = NULL;
        dk_source_row row;
        assert_int_equal(dk_source_open(path, &options, &source, &err), DK_OK);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            assert_int_equal(dk_source_next(source, &row, &err), DK_OK);
            if (cases[i].integer != 0)
                assert_true(row.cells[0].type == DK_CELL_INTEGER && row.cells[0].integer == cases[i].integer);
            else
                assert_non_null(strstr(row.cells[0].unread, "more than 18 digits"));
        }
        dk_source_close(source);
        unlink(path);
    }
}

/* RFC 7946, 3.2: a property may be any JSON. */
static void the_values_of_an_array_are_one_text(void **state)
{
    (void)state;
    static const char *const expected[] = {"皖政地〔2013〕550号、国土资函〔2013〕620号", "12、345678901234", "1.5",
                                           "甲"};
    const dk_source_options options = {.want_geometry = true};
    dk_source *source = NULL;
    dk_source_row row;
    dk_error err = {0};
    write_file(
        "geojson",
        "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":null,\"properties\":"
        "{\"a\":[\"皖政地〔2013〕550号\",\"国土资函〔2013〕620号\"],\"b\":[12,345678901234],\"c\":[1.5],\"d\":[\"甲\"]}}]}");
    if (dk_source_open(path, &options, &source, &err) != DK_OK || dk_source_next(source, &row, &err) != DK_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(row.cells[i].type, DK_CELL_TEXT);
        assert_string_equal(row.cells[i].text, expected[i]);
    }
    dk_source_close(source);
    unlink(path);
}

static void other_json_is_called_what_it_is(void **state)
{
    (void)state;
    reads(
        "json",
        "{\"displayFieldName\":\"\",\"geometryType\":\"esriGeometryPolygon\",\"spatialReference\":{\"wkid\":4490},\"fields\":[],"
        "\"features\":[{\"attributes\":{},\"geometry\":{\"rings\":[" RING(117) "]}}]}",
        ".json: this is Esri JSON, which is not read; export it as GeoJSON");
    reads("json", "{\"type\":\"Topology\",\"objects\":{},\"arcs\":[]}", ".json: this is TopoJSON, which is not read");
}

int main(void)
{
    dk_gdal_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brackets_that_close_nothing_are_passed_over),
        cmocka_unit_test(a_ring_with_null_or_a_text_is_not_left_out),
        cmocka_unit_test(no_line_is_passed_over),
        cmocka_unit_test(records_and_what_stands_behind),
        cmocka_unit_test(a_geometry_that_cannot_be_read_is_not_none),
        cmocka_unit_test(a_number_of_twenty_digits_is_not_another),
        cmocka_unit_test(the_values_of_an_array_are_one_text),
        cmocka_unit_test(other_json_is_called_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
