/* Oracles: PROJ's Gauss-Krüger (EPSG:4513 and on, 3-degree zones of CGCS2000) for positions and areas, and the planar
 * area that a published coordinate TXT declares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <proj.h>
#include <stdio.h>

#include <cmocka.h>

#include "store/planar.h"

static PJ *zone_of(int zone)
{
    char code[32];
    snprintf(code, sizeof code, "EPSG:%d", 4509 + zone); /* by central meridian, without the zone in the eastings */
    PJ *pj = proj_create_crs_to_crs(NULL, "EPSG:4490", code, NULL);
    assert_non_null(pj);
    PJ *visual = proj_normalize_for_visualization(NULL, pj);
    proj_destroy(pj);
    assert_non_null(visual);
    return visual;
}

static void positions_are_proj_s_in_every_zone_and_beyond_its_edge(void **state)
{
    (void)state;
    for (int zone = 25; zone <= 45; zone += 5) {
        PJ *pj = zone_of(zone);
        for (double lat = 4; lat <= 53; lat += 7)
            for (double off = -3; off <= 3; off += 0.75) {
                double east, north;
                dk_gauss_krueger(3 * zone + off, lat, 3 * zone, &east, &north);
                const PJ_COORD c = proj_trans(pj, PJ_FWD, proj_coord(3 * zone + off, lat, 0, 0));
                if (fabs(c.xy.x - 500000 - east) > 1e-4 || fabs(c.xy.y - north) > 1e-4)
                    fail_msg("zone %d, %g %g: %.5f %.5f is not %.5f %.5f", zone, off, lat, east, north, c.xy.x - 500000,
                             c.xy.y);
            }
        proj_destroy(pj);
    }
    assert_true(dk_central_meridian(117.2) == 117 && dk_central_meridian(118.6) == 120 &&
                dk_central_meridian(115.4) == 114);
}

/* A rectangle with a hole, in metres from a corner, placed by PROJ. */
static void areas_are_those_of_the_plane_whatever_the_distance_from_the_meridian(void **state)
{
    (void)state;
    static const double xy[10][2] = {{0, 0},   {200, 0}, {200, 150}, {0, 150},  {0, 0},
                                     {50, 50}, {50, 90}, {100, 90},  {100, 50}, {50, 50}};
    PJ *pj = zone_of(39);
    for (double east = 360000; east <= 640000; east += 70000) {
        double lonlat[20];
        for (int i = 0; i < 10; i++) {
            const PJ_COORD c = proj_trans(pj, PJ_INV, proj_coord(east + xy[i][0], 3521000 + xy[i][1], 0, 0));
            lonlat[2 * i] = c.xy.x;
            lonlat[2 * i + 1] = c.xy.y;
        }
        dk_part parts[2] = {{0, 5, false}, {5, 5, true}};
        const dk_shape shape = {.kind = DK_POLYGONS, .lonlat = lonlat, .n_points = 10, .parts = parts, .n_parts = 2};
        const double area = dk_shape_planar_area_m2(&shape);
        if (fabs(area - 28000) > 0.001)
            fail_msg("%g: %.6f", east, area);
        /* The ellipsoidal one is smaller by the square of the scale there (0.05 % at the edge). */
        const double scale = 1 + pow((east - 500000) / 6371000, 2) / 2;
        assert_true(fabs(dk_shape_area_m2(&shape) - 28000 / (scale * scale)) < 0.2);
    }
    proj_destroy(pj);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_proj_s_in_every_zone_and_beyond_its_edge),
        cmocka_unit_test(areas_are_those_of_the_plane_whatever_the_distance_from_the_meridian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
