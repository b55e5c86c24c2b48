/* Whether all of a KML is read, as OGC 07-147r2 has it: of the boundaries of a polygon (10.8 to 10.10), of coordinates
 * (16.10) and of several features. Areas are those of squares, in square degrees. */
#include "ingest/source.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define KML(features) "<kml xmlns=\"http://www.opengis.net/kml/2.2\">" features "</kml>"
#define DOCUMENT(features) KML("<Document>" features "</Document>")
#define PLACEMARK(name, geometry) "<Placemark><name>" name "</name>" geometry "</Placemark>"
#define POLYGON(boundaries) "<Polygon>" boundaries "</Polygon>"
#define OUTER(rings) "<outerBoundaryIs>" rings "</outerBoundaryIs>"
#define INNER(rings) "<innerBoundaryIs>" rings "</innerBoundaryIs>"
#define RING(places) "<LinearRing><coordinates>" places "</coordinates></LinearRing>"
/* 0.1 degrees wide. */
#define SQUARE(x) RING(#x ".0,31.0 " #x ".1,31.0 " #x ".1,31.1 " #x ".0,31.1 " #x ".0,31.0")

/* The sum of all areas; NAN: not all rows are read, and *ret_said is why. */
static double area_of(const char *text, char ret_said[DK_ERROR_TEXT])
{
    const dk_source_options options = {.want_geometry = true};
    char path[] = "/tmp/dk-kml-XXXXXX.kml";
    dk_source *source = NULL;
    dk_source_row row;
    dk_error err = {0};
    double area = 0;
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    dk_status status = dk_source_open(path, &options, &source, &err);
    while (status == DK_OK && (status = dk_source_next(source, &row, &err)) == DK_OK) {
        assert_null(row.problem);
        area += row.geometry != NULL ? OGR_G_Area(row.geometry) : 0;
    }
    snprintf(ret_said, DK_ERROR_TEXT, "%s",
             status != DK_END ? err.text
             : source != NULL ? dk_source_notes(source)
                              : "");
    dk_source_close(source);
    unlink(path);
    return status == DK_END ? area : NAN;
}

static void encloses(const char *text, double expected)
{
    char said[DK_ERROR_TEXT];
    const double area = area_of(text, said);
    if (!(fabs(area - expected) < 1e-9))
        fail_msg("%.10f, not %.10f: %s (%s)", area, expected, said, text);
}

static void refuses(const char *text, const char *sentence)
{
    char said[DK_ERROR_TEXT];
    const double area = area_of(text, said);
    if (!isnan(area) || strstr(said, sentence) == NULL)
        fail_msg("%s: %s", text, said);
}

static void no_ring_of_a_boundary_is_lost(void **state)
{
    (void)state;
    const double whole = 0.01, hole = 1e-4;
#define H1 RING("117.01,31.01 117.02,31.01 117.02,31.02 117.01,31.02 117.01,31.01")
#define H2 RING("117.03,31.01 117.04,31.01 117.04,31.02 117.03,31.02 117.03,31.01")
#define H3 RING("117.05,31.01 117.06,31.01 117.06,31.02 117.05,31.02 117.05,31.01")
    encloses(DOCUMENT(PLACEMARK("A", POLYGON(OUTER(SQUARE(117)) INNER(H1) INNER(H2) INNER(H3)))), whole - 3 * hole);
    encloses(DOCUMENT(PLACEMARK("A", POLYGON(OUTER(SQUARE(117)) INNER(H1 H2 H3)))), whole - 3 * hole);
    encloses(DOCUMENT(PLACEMARK("A", POLYGON(INNER(H1 "<!-- -->" H2) INNER(H3) OUTER(SQUARE(117))))
                          PLACEMARK("B", POLYGON(OUTER(SQUARE(118))))),
             2 * whole - 3 * hole);
    refuses(
        DOCUMENT(PLACEMARK("甲", POLYGON(OUTER(SQUARE(117) SQUARE(118))))),
        ", line 1: the placemark \"甲\" has a Polygon with several outer rings, of which one alone would be read; give "
        "each a Polygon of its own");
    refuses(DOCUMENT(PLACEMARK("甲", POLYGON(OUTER(SQUARE(117)) OUTER(SQUARE(118))))), "with several outer rings");
    refuses(DOCUMENT(PLACEMARK("甲", POLYGON(INNER(H1)))), "with holes and without an outer ring");
    refuses(DOCUMENT("<Placemark>" POLYGON(OUTER(SQUARE(117))) "\n" POLYGON(OUTER(SQUARE(118))) "</Placemark>"),
            ", line 2: placemark 1, which has no name, has several geometries, of which one alone would be read");
    encloses(DOCUMENT(PLACEMARK("A", "<MultiGeometry>" POLYGON(OUTER(SQUARE(117)))
                                         POLYGON(OUTER(SQUARE(118))) "</MultiGeometry>")),
             2 * whole);
}

static void coordinates_are_places_or_the_file_is_refused(void **state)
{
    (void)state;
#define OF(places) DOCUMENT(PLACEMARK("甲", POLYGON(OUTER(RING(places)))))
    encloses(OF("\r\n  117,31,0\r\n\t117.1,31,0\n117.1,31.1,0\n117,31.1,0 117,31,0\n"), 0.01);
    encloses(OF("117, 31 ,0 117.1, 31, 0 117.1, 31.1, 0 117, 31.1, 0 117, 31, 0"), 0.01);
    encloses(OF("117,31,0, 117.1,31,0, 117.1,31.1,0, 117,31.1,0, 117,31,0,"), 0.01);
    encloses(OF("117,31 117.1,31.0 +117.1,3.11e1 117,31.1 117,31"), 0.01);
    encloses(OF("117,31,NaN 117.1,31,NaN 117.1,31.1,-nan 117,31.1,0 117,31,NaN"), 0.01);
    encloses(OF(""), 0);
    encloses(OF(" \n"), 0);
    refuses(
        OF("117,31 117.1,31 117.1,31.1O 117,31.1 117,31"),
        "the placemark \"甲\" has coordinates that are no places (longitude,latitude): \"31.1O\" is no number; correct "
        "them");
    refuses(OF("117,31,0 117.1O5,31.05,0 117.1,31.1,0 117,31,0"), "\"117.1O5\" is no number"); /* 117.1, to libkml */
    refuses(OF("117,31,0 117.1 117.1,31.1,0 117,31.1,0 117,31,0"),
            "a number stands alone"); /* as if it were not there */
    refuses(OF("117,31, 117.1,31, 117.1,31.1, 117,31,"), "stands behind the third number of one");
    refuses(OF("117 31 117.1 31 117.1 31.1 117 31"), "a number stands alone");
    refuses(OF("117,31;117.1,31;117.1,31.1;117,31"), "\"31;117.1\" is no number");
    refuses(OF("117,,31 117.1,31 117.1,31.1 117,31"), "a comma stands where none belongs");
}

static void no_placemark_is_lost_and_a_picture_is_none(void **state)
{
    (void)state;
    char said[DK_ERROR_TEXT];
#define ONE(name, x) PLACEMARK(name, POLYGON(OUTER(SQUARE(x))))
    refuses(KML("<Document>" ONE("A", 117) "</Document><Document>" ONE("B", 118) "</Document>"),
            "of its 2 placemarks 1 would not be read");
    refuses(KML(ONE("A", 117) ONE("B", 118)), "of its 2 placemarks 1 would not be read");
    encloses(KML(ONE("A", 117)), 0.01);
    encloses(KML("<Folder>" ONE("A", 117) ONE("B", 118) "</Folder>"), 0.02);
    const double area = area_of(
        DOCUMENT(ONE("A", 117) "<GroundOverlay><name>影像</name><Icon><href>a.png</href></Icon><LatLonBox><north>31.2"
                               "</north><south>31</south><east>117.2</east><west>117</west></LatLonBox>"
                               "</GroundOverlay>"),
        said);
    if (fabs(area - 0.01) > 1e-9 ||
        strstr(said, "1 pictures that are laid on the map (GroundOverlay) were not read") == NULL)
        fail_msg("%f: %s", area, said);
    area_of(DOCUMENT(ONE("A", 117) "<NetworkLink><Link><href>b.kml</href></Link></NetworkLink>"), said);
    if (strstr(said, "1 links to other files (NetworkLink) were not followed") == NULL)
        fail_msg("%s", said);
}

/* What the first row has in its columns of one letter, one a line. */
static void has_data(const char *text, const char *expected, const char *note)
{
    const dk_source_options options = {.want_geometry = true};
    char path[] = "/tmp/dk-kml-XXXXXX.kml", got[400] = "";
    dk_source *source = NULL;
    dk_source_row row;
    const dk_column *columns;
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    if (dk_source_open(path, &options, &source, &err) != DK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(dk_source_next(source, &row, &err), DK_OK);
    const size_t n = dk_source_columns(source, &columns);
    for (char letter = 'a'; letter <= 'z'; letter++)
        for (size_t i = 0; i < n; i++)
            if (columns[i].name[0] == letter && columns[i].name[1] == '\0') {
                assert_int_equal(row.cells[i].type, DK_CELL_TEXT);
                snprintf(got + strlen(got), sizeof got - strlen(got), "%c %s\n", letter, row.cells[i].text);
            }
    assert_string_equal(got, expected);
    if (note != NULL && strstr(dk_source_notes(source), note) == NULL)
        fail_msg("%s", dk_source_notes(source));
    dk_source_close(source);
    unlink(path);
}

#define SCHEMA(fields) "<Schema name=\"dk\" id=\"dk\">" fields "</Schema>"
#define DATA(data)                                                                                                     \
    "<Placemark><ExtendedData><SchemaData schemaUrl=\"#dk\">" data "</SchemaData></ExtendedData></Placemark>"

/* OGC 07-147r2, 9.5: the type is a promise that what stands in a field need not keep. */
static void fields_of_numbers_are_read_as_they_stand(void **state)
{
    (void)state;
    has_data(
        DOCUMENT(SCHEMA("<SimpleField name=\"a\" type=\"int\"/><SimpleField type='double' name=\"b\"></SimpleField>"
                        "<SimpleField name=\"c\" type=\"string\"/>")
                     DATA("<SimpleData name=\"a\">0012345678901</SimpleData><SimpleData name=\"b\">12.5亩</SimpleData>"
                          "<SimpleData name=\"c\">341321001001</SimpleData>")),
        "a 0012345678901\nb 12.5亩\nc 341321001001\n", NULL);
}

/* As GDAL itself writes dates and times. */
static void data_that_no_schema_declares_are_read(void **state)
{
    (void)state;
    has_data(DOCUMENT(SCHEMA("<SimpleField name=\"a\" type=\"string\"/>") DATA(
                 "<SimpleData name=\"a\">DK1</SimpleData><SimpleData name=\"b\">2020/06/15</SimpleData>")),
             "a DK1\nb 2020/06/15\n", NULL);
    has_data(
        "<k:kml xmlns:k=\"http://www.opengis.net/kml/2.2\"><k:Document><k:Schema id=\"dk\"><k:SimpleField name=\"a\" "
        "type=\"string\"/></k:Schema><k:Placemark><k:ExtendedData><k:SchemaData schemaUrl=\"#dk\"><k:SimpleData "
        "name=\"a\">1</k:SimpleData><k:SimpleData name=\"b\">2</k:SimpleData></k:SchemaData></k:ExtendedData>"
        "</k:Placemark></k:Document></k:kml>",
        "a 1\nb 2\n", NULL);
    has_data(DOCUMENT(DATA("<SimpleData name=\"a\">1</SimpleData>")), "",
             "1 columns of data (SimpleData) were not read, as the file has no Schema that declares them");
}

int main(void)
{
    dk_gdal_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_ring_of_a_boundary_is_lost),
        cmocka_unit_test(coordinates_are_places_or_the_file_is_refused),
        cmocka_unit_test(no_placemark_is_lost_and_a_picture_is_none),
        cmocka_unit_test(fields_of_numbers_are_read_as_they_stand),
        cmocka_unit_test(data_that_no_schema_declares_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
