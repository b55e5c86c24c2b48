/* Oracles: the values of planar parcels that PROJ places (the field's own checks, samples of surveyed parcels), and
 * PROJ's geodesic polygons (Karney 2013) on the same ellipsoid. The official formula joins points by another line than
 * the geodesic, which makes 0.001 m² in a parcel of 300 m and a square metre in one of 5 km: larger rings are compared
 * with their edges cut into pieces, for which both lines are the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <geodesic.h>
#include <math.h>
#include <proj.h>

#include <cmocka.h>

#include "store/area.h"

#define MAX_PIECES 4000

static double geodesic_area(const double *lonlat, size_t n)
{
    struct geod_geodesic ellipsoid;
    geod_init(&ellipsoid, 6378137.0, 1 / 298.257222101);
    struct geod_polygon polygon;
    geod_polygon_init(&polygon, 0);
    for (size_t i = 0; i + 1 < n; i++)
        geod_polygon_addpoint(&ellipsoid, &polygon, lonlat[2 * i + 1], lonlat[2 * i]);
    double area = 0;
    geod_polygon_compute(&ellipsoid, &polygon, 0, 1, &area, NULL);
    return area;
}

/* Each edge of a ring of n points as so many pieces, straight in degrees; returns how many points to then holds. */
static size_t cut(const double *lonlat, size_t n, size_t pieces, double *to)
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < n; i++)
        for (size_t k = 0; k < pieces; k++, count++) {
            const double t = (double)k / (double)pieces;
            for (size_t axis = 0; axis < 2; axis++)
                to[2 * count + axis] = lonlat[2 * i + axis] + t * (lonlat[2 * i + 2 + axis] - lonlat[2 * i + axis]);
        }
    to[2 * count] = to[0];
    to[2 * count + 1] = to[1];
    return count + 1;
}

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.6f is not %.6f within %g", value, expected, tolerance);
}

/* A rectangle in EPSG:4527 (3° zone 39, central meridian 117°E, eastings with the zone's prefix), counter-clockwise. */
static void rectangle_4527(double east, double north, double width, double height, double lonlat[10])
{
    const double xy[10] = {east,           north, east + width,   north, east + width,
                           north + height, east,  north + height, east,  north};
    PJ *pj = proj_create_crs_to_crs(NULL, "EPSG:4527", "EPSG:4490", NULL);
    assert_non_null(pj);
    PJ *visual = proj_normalize_for_visualization(NULL, pj);
    assert_non_null(visual);
    for (size_t i = 0; i < 5; i++) {
        const PJ_COORD c = proj_trans(visual, PJ_FWD, proj_coord(xy[2 * i], xy[2 * i + 1], 0, 0));
        lonlat[2 * i] = c.xy.x;
        lonlat[2 * i + 1] = c.xy.y;
    }
    proj_destroy(visual);
    proj_destroy(pj);
}

static void a_surveyed_parcel_on_the_central_meridian(void **state)
{
    (void)state;
    double ring[10];
    rectangle_4527(39500000 - 150, 3810000, 300, 333, ring);
    assert_near(dk_ring_area_m2(ring, 5), 99900.000, 0.001);
    assert_near(dk_ring_area_m2(ring, 5), geodesic_area(ring, 5), 0.001);
}

static void a_surveyed_parcel_70_km_from_the_central_meridian(void **state)
{
    (void)state;
    double ring[10];
    rectangle_4527(39570000, 3550000, 300, 333, ring);
    assert_near(dk_ring_area_m2(ring, 5), 99887.881, 0.001);
    assert_near(dk_ring_area_m2(ring, 5), geodesic_area(ring, 5), 0.001);
}

static void a_surveyed_parcel_at_the_edge_of_its_zone(void **state)
{
    (void)state;
    double ring[10];
    rectangle_4527(39641000, 3529000, 300, 333, ring); /* 118.49°E: the planar area is 0.0491 % too large */
    assert_near(ring[0], 118.49, 0.005);
    assert_near(dk_ring_area_m2(ring, 5), 99850.945, 0.05);
    assert_near(dk_ring_area_m2(ring, 5), geodesic_area(ring, 5), 0.001);
}

static void the_parcel_of_the_coordinate_file_with_its_hole(void **state)
{
    (void)state;
    /* 200 × 150 m less 50 × 40 m: planar 28 000 m² at 20 km from the meridian, scale 1 + y²/2R² */
    double outer[10], hole[10];
    rectangle_4527(39520000, 3521000, 200, 150, outer);
    rectangle_4527(39520060, 3521050, 50, 40, hole);
    assert_near(outer[0], 117.211224980, 5e-10);
    assert_near(outer[1], 31.811770426, 5e-10);
    const double area = dk_ring_area_m2(outer, 5) - dk_ring_area_m2(hole, 5);
    assert_near(area, geodesic_area(outer, 5) - geodesic_area(hole, 5), 0.001);
    assert_near(area, 28000 / pow(1 + 20100.0 * 20100.0 / (2 * 6371000.0 * 6371000.0), 2), 0.01);
}

static void large_rings_agree_with_geodesics_between_close_points(void **state)
{
    (void)state;
    static double points[2 * (4 * MAX_PIECES + 1)];
    double five_km[10];
    rectangle_4527(39500000, 3810000, 5000, 5000, five_km);
    assert_near(dk_ring_area_m2(five_km, 5), geodesic_area(five_km, 5), 2);
    size_t n = cut(five_km, 5, 500, points);
    assert_near(dk_ring_area_m2(points, n), geodesic_area(points, n), 0.001);
    /* a province, 5° by 5°, and a ring with slanted edges */
    static const double rings[2][10] = {
        {114.5, 29.4, 119.7, 29.4, 119.7, 34.7, 114.5, 34.7, 114.5, 29.4},
        {116.1, 33.9, 117.9, 34.0, 116.8, 34.6, 117.2, 34.2, 116.1, 33.9},
    };
    for (size_t i = 0; i < 2; i++) {
        n = cut(rings[i], 5, MAX_PIECES, points);
        const double expected = geodesic_area(points, n);
        assert_near(dk_ring_area_m2(points, n), expected, 1e-9 * fabs(expected));
    }
}

static void one_square_metre_keeps_its_digits(void **state)
{
    (void)state;
    /* what degrees in double precision resolve here is 1e-9 m, of a perimeter of 4 m */
    double ring[10];
    rectangle_4527(39500000, 3810000, 1, 1, ring);
    assert_near(dk_ring_area_m2(ring, 5), 1.0, 1e-7);
}

static void the_sign_tells_the_direction(void **state)
{
    (void)state;
    double ring[10], reversed[10], shifted[10];
    rectangle_4527(39500000, 3810000, 300, 333, ring);
    for (size_t i = 0; i < 5; i++)
        for (size_t axis = 0; axis < 2; axis++) {
            reversed[2 * i + axis] = ring[2 * (4 - i) + axis];
            shifted[2 * i + axis] = ring[2 * ((i + 2) % 4) + axis];
        }
    assert_true(dk_ring_area_m2(ring, 5) > 0);
    assert_near(dk_ring_area_m2(reversed, 5), -dk_ring_area_m2(ring, 5), 1e-6);
    assert_near(dk_ring_area_m2(shifted, 5), dk_ring_area_m2(ring, 5), 1e-6);
}

static void what_is_no_ring_has_no_area(void **state)
{
    (void)state;
    static const double ring[] = {117, 34, 118, 34, 117, 34, 117, 34};
    assert_true(dk_ring_area_m2(ring, 0) == 0);
    assert_true(dk_ring_area_m2(ring, 3) == 0);
    assert_true(dk_ring_area_m2(ring, 4) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_surveyed_parcel_on_the_central_meridian),
        cmocka_unit_test(a_surveyed_parcel_70_km_from_the_central_meridian),
        cmocka_unit_test(a_surveyed_parcel_at_the_edge_of_its_zone),
        cmocka_unit_test(the_parcel_of_the_coordinate_file_with_its_hole),
        cmocka_unit_test(large_rings_agree_with_geodesics_between_close_points),
        cmocka_unit_test(one_square_metre_keeps_its_digits),
        cmocka_unit_test(the_sign_tells_the_direction),
        cmocka_unit_test(what_is_no_ring_has_no_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
