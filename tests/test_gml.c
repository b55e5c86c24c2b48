/* Whether GDAL would read all shapes of a GML: ISO 19136 (OGC 07-036), 10.5.8 and 10.5.10, says that a polygon has one
 * exterior and each boundary one ring, GML 2 (OGC 02-069), 4.3.2, how coordinates are written. */
#include "ingest/gml_shapes.h"
#include "ingest/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GML(geometry)                                                                                                  \
    "<?xml version=\"1.0\"?>\n<c xmlns:gml=\"http://www.opengis.net/gml\"><gml:featureMember><f><shape>" geometry      \
    "</shape><center><gml:Point><gml:pos>1 2</gml:pos></gml:Point></center></f></gml:featureMember></c>"
#define RING(numbers) "<gml:LinearRing><gml:posList>" numbers "</gml:posList></gml:LinearRing>"
#define ONE RING("0 0 1 0 1 1.5e0 -0.5 nan 0 0")
#define POLYGON(boundaries) "<gml:Polygon>" boundaries "</gml:Polygon>"
#define EXTERIOR(rings) "<gml:exterior>" rings "</gml:exterior>"
#define INTERIOR(rings) "<gml:interior>" rings "</gml:interior>"
#define COORDINATES(attributes, numbers)                                                                               \
    POLYGON("<gml:outerBoundaryIs><gml:LinearRing><gml:coordinates" attributes ">" numbers                             \
            "</gml:coordinates></gml:LinearRing></gml:outerBoundaryIs>")

/* NULL: all is read. */
static void says(const char *text, const char *sentence)
{
    char path[] = "/tmp/dk-gml-XXXXXX.gml";
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    const dk_status status = dk_gml_shapes_check(path, "t.gml", &err);
    unlink(path);
    if ((status == DK_OK) != (sentence == NULL) || (sentence != NULL && strstr(err.text, sentence) == NULL))
        fail_msg("%s: %s", text, err.text);
}

static void no_ring_or_geometry_is_lost(void **state)
{
    (void)state;
    says(GML(POLYGON(EXTERIOR(ONE) INTERIOR(ONE) INTERIOR(ONE))), NULL);
    says(GML("<gml:MultiSurface><gml:surfaceMember>" POLYGON(
             EXTERIOR(ONE)) "</gml:surfaceMember><gml:surfaceMember>" POLYGON(EXTERIOR(ONE)) "</gml:surfaceMember></"
                                                                                             "gml:MultiSurface>"),
         NULL);
    says(GML("<gml:MultiSurface><gml:surfaceMembers>" POLYGON(EXTERIOR(ONE))
                 POLYGON(EXTERIOR(ONE)) "</gml:surfaceMembers></gml:MultiSurface>"),
         NULL);
    says(GML(POLYGON(EXTERIOR(ONE) INTERIOR(ONE ONE))),
         "t.gml, line 2: a boundary of a polygon has several rings, of which one alone would be read");
    says(GML(POLYGON(EXTERIOR(ONE ONE))), "has several rings");
    says(GML(POLYGON(EXTERIOR(ONE) "\n" EXTERIOR(ONE))), "t.gml, line 3: a polygon has several exteriors");
    says(GML(POLYGON(EXTERIOR(ONE)) POLYGON(EXTERIOR(ONE))), "a property has several geometries");
    /* 地块 in GBK, 𬭚 in GB18030 */
    says(
        "<?xml version=\"1.0\" encoding=\"GBK\"?>\n<c xmlns:gml=\"http://www.opengis.net/gml\"><gml:featureMember><\xB5\xD8\xBF\xE9><n>"
        "\x99\x33\xAA\x34</n><shape>" POLYGON(EXTERIOR(ONE)
                                                  EXTERIOR(ONE)) "</shape></\xB5\xD8\xBF\xE9></gml:featureMember></c>",
        "t.gml, line 2: a polygon has several exteriors");
}

static void coordinates_are_numbers(void **state)
{
    (void)state;
    says(GML(COORDINATES("", "0,0 1,0\n1,1 0,0")), NULL);
    says(GML(COORDINATES(" decimal=\".\" cs=\",\" ts=\" \"", "0,0 1,0 1,1 0,0")), NULL);
    says(GML(COORDINATES(" cs=\" \" ts=\";\"", "0 0;1 0;1 1;0 0")), NULL);
    says(GML(COORDINATES("", "0,0 1,0 1,1O5 0,0")),
         "among the coordinates stands \"1O5\", which is no number; correct it");
    says(GML(POLYGON(EXTERIOR(RING("117 31 117.1 31 117.1 31.05O1 117 31")))), "\"31.05O1\"");
    says("no XML", NULL);
}

/* gml:MeasureType (16.3): its uom is a symbol, or an address or a name that ends in one. Behind it, several values of
 * an element. */
static void a_unit_stands_behind_its_number(void **state)
{
    (void)state;
    static const char text[] =
        "<?xml version=\"1.0\"?><c xmlns:gml=\"http://www.opengis.net/gml\">"
        "<gml:featureMember><f><id>1</id><area uom=\"m2\">9600</area><size uom=\"urn:ogc:def:uom:UCUM::km2\">1.5</size>"
        "<width uom=\"urn:ogc:def:uom:EPSG::9001\">3</width></f></gml:featureMember>"
        "<gml:featureMember><f><id>2</id><name>甲</name><name>乙</name></f></gml:featureMember></c>";
    static const char *const names[] = {"id", "area", "size", "width", "name"}, *const expected[][5] = {
                                                                                    {"1", "9600m2", "1.5km2", "", ""},
                                                                                    {"2", "", "", "", "甲、乙"}};
    const dk_source_options options = {0};
    char path[] = "/tmp/dk-gml-XXXXXX.gml";
    const dk_column *columns;
    dk_source *source = NULL;
    dk_source_row row;
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1);
    close(fd);
    if (dk_source_open(path, &options, &source, &err) != DK_OK)
        fail_msg("%s", err.text);
    const size_t n = dk_source_columns(source, &columns);
    assert_int_equal(n, 5);
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(dk_source_next(source, &row, &err), DK_OK);
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(columns[i].name, names[i]);
            assert_string_equal(row.cells[i].text, expected[k][i]);
            assert_true((row.cells[i].unread != NULL) == (k == 0 && i == 3));
        }
    }
    dk_source_close(source);
    unlink(path);
}

/* As QGIS leaves one beside a file that it has shown; here of an earlier one, without names. */
static void a_gfs_beside_the_file_is_not_heeded(void **state)
{
    (void)state;
    static const char
        text[] = "<c xmlns:gml=\"http://www.opengis.net/gml\"><gml:featureMember><f><id>001</id><name>甲</name></f>"
                 "</gml:featureMember></c>",
        found[] = "<GMLFeatureClassList><GMLFeatureClass><Name>f</Name><ElementPath>f</ElementPath><PropertyDefn>"
                  "<Name>id</Name><ElementPath>id</ElementPath><Type>Integer</Type></PropertyDefn></GMLFeatureClass>"
                  "</GMLFeatureClassList>";
    const dk_source_options options = {0};
    char path[] = "/tmp/dk-gml-XXXXXX.gml", beside[sizeof path];
    dk_source *source = NULL;
    dk_source_row row;
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0 && write(fd, text, sizeof text - 1) == sizeof text - 1);
    close(fd);
    snprintf(beside, sizeof beside, "%.*s.gfs", (int)(sizeof path - 5), path);
    FILE *gfs = fopen(beside, "wb");
    assert_true(gfs != NULL && fwrite(found, 1, sizeof found - 1, gfs) == sizeof found - 1 && fclose(gfs) == 0);
    if (dk_source_open(path, &options, &source, &err) != DK_OK || dk_source_next(source, &row, &err) != DK_OK)
        fail_msg("%s", err.text);
    const dk_column *columns;
    assert_int_equal(dk_source_columns(source, &columns), 2);
    assert_string_equal(row.cells[0].text, "001");
    assert_string_equal(row.cells[1].text, "甲");
    dk_source_close(source);
    unlink(path);
    unlink(beside);
}

int main(void)
{
    dk_gdal_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_ring_or_geometry_is_lost),
        cmocka_unit_test(coordinates_are_numbers),
        cmocka_unit_test(a_unit_stands_behind_its_number),
        cmocka_unit_test(a_gfs_beside_the_file_is_not_heeded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
