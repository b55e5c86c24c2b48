/* Whether GDAL would read all shapes of a GML: ISO 19136 (OGC 07-036), 10.5.8 and 10.5.10, says that a polygon has one
 * exterior and each boundary one ring, GML 2 (OGC 02-069), 4.3.2, how coordinates are written. */
#include "ingest/gml_shapes.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_ring_or_geometry_is_lost),
        cmocka_unit_test(coordinates_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
