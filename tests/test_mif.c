/* Whether GDAL would read all regions of a MIF: MapInfo Professional user's guide, appendix J, "REGION": how many
 * polygons, of each how many points, and as many lines of two coordinates. */
#include "ingest/mif_regions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MIF(data) "Version 300\nColumns 1\n  DKBH Char(10)\nData\n\n" data
#define RING "3\n117 31\n117.1 31\n1.171e2,-31.1\n"

/* NULL: all is read. */
static void says(const char *text, const char *sentence)
{
    char path[] = "/tmp/dk-mif-XXXXXX.mif";
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    const dk_status status = dk_mif_regions_check(path, "t.mif", &err);
    unlink(path);
    if ((status == DK_OK) != (sentence == NULL) || (sentence != NULL && strstr(err.text, sentence) == NULL))
        fail_msg("%s: %s", text, err.text);
}

static void regions_are_as_they_announce(void **state)
{
    (void)state;
    says(MIF("Region  1\n  " RING "    Pen (1,2,0)\n    Brush (1,0)\nNone\nREGION 2\n" RING RING "  Center 117 31\n"),
         NULL);
    says(MIF("Region 1\r\n1\r\n117 31\r\nPoint 1 2\r\nText \"1 2\"\r\n1 2 3 4\r\nRegion 1\r\n2\r\n1 2"), NULL);
    says(MIF("Region 1\n" RING RING),
         "t.mif, line 11: \"3\" stands where a region is over, whose rings and points are more than "
         "it announces; correct it");
    says(MIF("Region 1\n2\n117 31\n117.1 31\n117.1 31.1\n"), "t.mif, line 10: \"117.1\" stands where a region is over");
    says(MIF("Region 2\n" RING "Pen (1,2,0)\n"), "\"Pen\" stands where the number of points of a ring must be");
    says(MIF("Region 1\n3\n117 31\n117.1 31\nPen (1,2,0)\n"), "\"Pen\" stands where a coordinate of a region must be");
    says(MIF("Region 1\n1\n117 31.05O1\n"), "t.mif, line 8: \"31.05O1\" stands where a coordinate of a region must be");
    says(MIF("Region 1\n1\n117\n"), "\"\" stands where a coordinate");
    says("no MIF\n1 2\n", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_are_as_they_announce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
