/* The served coordinate systems against PROJ, which knows them by their EPSG codes, and against fixed values of cs2cs.
 */
#include "tiler/crs.h"

#include <proj.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const codes[] = {"EPSG:4490", "EPSG:4326", "EPSG:3857", "EPSG:4526", "EPSG:4527",
                                    "EPSG:4528", "EPSG:4547", "EPSG:4548", "EPSG:4549"};
enum { N_CODES = sizeof codes / sizeof *codes };

/* PROJ's own axis order, from the datum of the system itself, so that there is no shift: 4326 for 3857. */
static PJ *proj_of(PJ_CONTEXT *context, const char *code)
{
    const bool wgs84 = strcmp(code, "EPSG:3857") == 0 || strcmp(code, "EPSG:4326") == 0;
    PJ *pj = proj_create_crs_to_crs(context, wgs84 ? "EPSG:4326" : "EPSG:4490", code, NULL);
    assert_non_null(pj);
    return pj;
}

static double tolerance(const dk_crs *crs)
{
    return dk_crs_is_degrees(crs) ? 1e-11 : 1e-5;
}

static void every_system_agrees_with_proj_both_ways_axis_order_included(void **state)
{
    (void)state;
    PJ_CONTEXT *context = proj_context_create();
    for (size_t i = 0; i < N_CODES; i++) {
        const dk_crs *crs = dk_crs_find(codes[i]);
        assert_non_null(crs);
        PJ *pj = proj_of(context, codes[i]);
        srand(7);
        for (int j = 0; j < 2000; j++) {
            const double lon = 105 + 24.0 * rand() / RAND_MAX, lat = 18 + 36.0 * rand() / RAND_MAX;
            double pair[2] = {lon, lat};
            const PJ_COORD expected = proj_trans(pj, PJ_FWD, proj_coord(lat, lon, 0, 0));
            assert_int_equal(dk_crs_from_lonlat(crs, pair, 1, NULL), DK_OK);
            if (fabs(pair[0] - expected.v[0]) > tolerance(crs) || fabs(pair[1] - expected.v[1]) > tolerance(crs))
                fail_msg("%s at %.9f,%.9f: %.6f %.6f, PROJ has %.6f %.6f", codes[i], lon, lat, pair[0], pair[1],
                         expected.v[0], expected.v[1]);
            /* back from PROJ's coordinates, not from our own */
            pair[0] = expected.v[0];
            pair[1] = expected.v[1];
            assert_int_equal(dk_crs_to_lonlat(crs, pair, 1, NULL), DK_OK);
            if (fabs(pair[0] - lon) > 1e-10 || fabs(pair[1] - lat) > 1e-10)
                fail_msg("%s back to %.9f,%.9f: %.11f %.11f", codes[i], lon, lat, pair[0], pair[1]);
        }
        proj_destroy(pj);
    }
    proj_context_destroy(context);
}

static void fixed_values_of_cs2cs(void **state)
{
    (void)state;
    /* echo 31.8 117.2 | cs2cs -f %.4f EPSG:4490 EPSG:N, for 3857 from EPSG:4326 */
    static const struct {
        const char *uri;
        double first, second;
    } values[] = {
        {"http://www.opengis.net/def/crs/OGC/1.3/CRS84", 117.2, 31.8},
        {"http://www.opengis.net/def/crs/EPSG/0/4490", 31.8, 117.2},
        {"http://www.opengis.net/def/crs/EPSG/0/4326", 31.8, 117.2},
        {"http://www.opengis.net/def/crs/EPSG/0/3857", 13046644.3210, 3737086.0562},
        {"http://www.opengis.net/def/crs/EPSG/0/4526", 3524138.5656, 38803103.1550},
        {"http://www.opengis.net/def/crs/EPSG/0/4527", 3519692.8408, 39518939.5532},
        {"http://www.opengis.net/def/crs/EPSG/0/4528", 3523091.8155, 40234799.2099},
        {"http://www.opengis.net/def/crs/EPSG/0/4547", 3524138.5656, 803103.1550},
        {"http://www.opengis.net/def/crs/EPSG/0/4548", 3519692.8408, 518939.5532},
        {"http://www.opengis.net/def/crs/EPSG/0/4549", 3523091.8155, 234799.2099},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const dk_crs *crs = dk_crs_find(values[i].uri);
        assert_non_null(crs);
        assert_string_equal(dk_crs_uri(crs), values[i].uri);
        double pair[2] = {117.2, 31.8};
        assert_int_equal(dk_crs_from_lonlat(crs, pair, 1, NULL), DK_OK);
        assert_true(fabs(pair[0] - values[i].first) < 1e-4 && fabs(pair[1] - values[i].second) < 1e-4);
    }
}

static void a_system_is_named_by_uri_curie_or_code(void **state)
{
    (void)state;
    const dk_crs *crs = dk_crs_find("http://www.opengis.net/def/crs/EPSG/0/4527");
    assert_ptr_equal(dk_crs_find("[EPSG:4527]"), crs);
    assert_ptr_equal(dk_crs_find("EPSG:4527"), crs);
    assert_ptr_equal(dk_crs_find("http://www.opengis.net/def/crs/OGC/1.3/CRS84"), dk_crs_default());
    assert_ptr_equal(dk_crs_find("[OGC:CRS84]"), dk_crs_default());
    static const char *const wrong[] = {"",          "[",          "[]",       "4490",
                                        "EPSG:4214", "EPSG:44900", "EPSG:449", "http://www.opengis.net/def/crs/EPSG/0/",
                                        "[EPSG:4490"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(dk_crs_find(wrong[i]));
    dk_error error;
    assert_int_equal(dk_crs_read("crs", "EPSG:4214", &crs, &error), DK_INVALID);
    assert_non_null(strstr(error.text, "\"crs\""));
    for (size_t i = 0; dk_crs_at(i) != NULL; i++)
        assert_non_null(strstr(error.text, dk_crs_uri(dk_crs_at(i))));
}

static void coordinates_of_nowhere_are_refused(void **state)
{
    (void)state;
    dk_error error;
    static const double wrong[][2] = {{NAN, 0},        {0, INFINITY},      {1e300, 1e300}, {-1e9, 39500000},
                                      {3500000, 1e12}, {39500000, 3500000}}; /* the last: the axes swapped */
    const dk_crs *zone = dk_crs_find("EPSG:4527");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        double pair[2] = {wrong[i][0], wrong[i][1]};
        assert_int_equal(dk_crs_to_lonlat(zone, pair, 1, &error), DK_INVALID);
        assert_non_null(strstr(error.text, "north, east"));
    }
    double pole[2] = {117, 89};
    assert_int_equal(dk_crs_from_lonlat(dk_crs_find("EPSG:3857"), pole, 1, &error), DK_INVALID);
    double far_off[2] = {-60, 30};
    assert_int_equal(dk_crs_from_lonlat(zone, far_off, 1, &error), DK_INVALID);
}

/* A zone's box in degrees has to hold the box's inside, whose highest point lies on an edge and not in a corner. */
static void a_box_in_degrees_holds_all_of_a_box_in_metres(void **state)
{
    (void)state;
    const dk_crs *zone = dk_crs_find("EPSG:4548");
    const double box[4] = {3400000, 350000, 3600000, 650000};
    double bounds[4];
    assert_int_equal(dk_crs_box_to_lonlat(zone, box, bounds, NULL), DK_OK);
    PJ_CONTEXT *context = proj_context_create();
    PJ *pj = proj_of(context, "EPSG:4548");
    for (int i = 0; i <= 100; i++)
        for (int j = 0; j <= 100; j++) {
            const PJ_COORD at = proj_trans(pj, PJ_INV, proj_coord(3400000 + 2000 * i, 350000 + 3000 * j, 0, 0));
            assert_true(at.v[1] >= bounds[0] && at.v[1] <= bounds[2]);
            assert_true(at.v[0] >= bounds[1] && at.v[0] <= bounds[3]);
        }
    /* and is not much larger: the corners and the middle of the northern edge touch it within some metres */
    const PJ_COORD middle = proj_trans(pj, PJ_INV, proj_coord(3600000, 500000, 0, 0));
    const PJ_COORD corner = proj_trans(pj, PJ_INV, proj_coord(3600000, 650000, 0, 0));
    assert_true(bounds[3] - middle.v[0] < 1e-4 && bounds[2] - corner.v[1] < 1e-4);
    assert_true(middle.v[0] - corner.v[0] > 5e-3);
    proj_destroy(pj);
    proj_context_destroy(context);
    assert_int_equal(dk_crs_box_from_lonlat(dk_crs_storage(), (double[]){117, 31, 118, 32}, bounds, NULL), DK_OK);
    assert_true(bounds[0] == 31 && bounds[1] == 117 && bounds[2] == 32 && bounds[3] == 118);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_system_agrees_with_proj_both_ways_axis_order_included),
        cmocka_unit_test(fixed_values_of_cs2cs),
        cmocka_unit_test(a_system_is_named_by_uri_curie_or_code),
        cmocka_unit_test(coordinates_of_nowhere_are_refused),
        cmocka_unit_test(a_box_in_degrees_holds_all_of_a_box_in_metres),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
