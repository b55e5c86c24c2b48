/* Coordinate systems: which are accepted, and where points come out by PROJ's cs2cs. */
#include "ingest/crs.h"
#include "ingest/source.h"
#include "ingest/zones.h"
#include "tests/sampled.h"

#include <arpa/inet.h>
#include <cpl_conv.h>
#include <math.h>
#include <poll.h>
#include <proj.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static dk_crs accepted(const char *text)
{
    dk_crs crs;
    dk_error err = {0};
    if (dk_crs_from_text(text, NULL, &crs, &err) != DK_OK)
        fail_msg("%s: %s", text, err.text);
    return crs;
}

static void refused(const char *text, const char *because)
{
    dk_crs crs;
    dk_error err = {0};
    assert_true(dk_crs_from_text(text, NULL, &crs, &err) != DK_OK);
    if (strstr(err.text, because) == NULL)
        fail_msg("%s: %s", text, err.text);
}

static void the_whole_family_of_cgcs2000(void **state)
{
    (void)state;
    char text[20];
    for (int zone = 25; zone <= 45;
         zone += DK_STEP(4)) { /* 3 degrees with and without the zone, DOMAIN of EPSG: 4488+z, 4509+z */
        snprintf(text, sizeof text, "EPSG:%d", 4488 + zone);
        dk_crs crs = accepted(text);
        assert_true(crs.gauss);
        assert_int_equal(crs.zone, zone);
        assert_int_equal(crs.zone3, zone);
        snprintf(text, sizeof text, "EPSG:%d", 4509 + zone);
        crs = accepted(text);
        assert_true(crs.gauss);
        assert_int_equal(crs.zone, 0);
        assert_int_equal(crs.zone3, zone);
    }
    for (int zone = 13; zone <= 23; zone += DK_STEP(5)) { /* 6 degrees: 4478+z, 4489+z */
        snprintf(text, sizeof text, "EPSG:%d", 4478 + zone);
        assert_int_equal(accepted(text).zone, zone);
        assert_int_equal(accepted(text).zone6, zone);
        snprintf(text, sizeof text, "epsg:%d", 4489 + zone);
        assert_int_equal(accepted(text).zone, 0);
        assert_int_equal(accepted(text).zone6, zone);
    }
    assert_string_equal(accepted("EPSG:4490").pipeline, "");
    assert_string_equal(accepted("4326").pipeline, "");
}

static void no_datum_shift_in_any_pipeline(void **state)
{
    (void)state;
    const char *const codes[] = {"EPSG:4527", "EPSG:4548", "EPSG:4498", "EPSG:32650", "EPSG:3857"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const dk_crs crs = accepted(codes[i]);
        assert_null(strstr(crs.pipeline, "towgs84"));
        assert_null(strstr(crs.pipeline, "grids"));
        assert_null(strstr(crs.pipeline, "datum"));
    }
}

/* Without one of its parameters a projection is another: tpeqd's two points have two longitudes, labrd an azimuth. */
static void no_projection_loses_a_parameter(void **state)
{
    (void)state;
    static const char *const planes[][2] = {
        {"+proj=tpeqd +lat_1=0 +lon_1=60 +lat_2=60 +lon_2=120 +datum=WGS84 +units=m", NULL},
        {"+proj=labrd +lat_0=31 +lon_0=117 +azi=18.9 +k=0.9995 +datum=WGS84 +units=m", NULL},
        {"+proj=aea +lat_0=0 +lon_0=105 +lat_1=25 +lat_2=47 +datum=WGS84 +units=m",
         "+proj=pipeline +step +inv +proj=aea +lat_0=0 +lon_0=105 +lat_1=25 +lat_2=47 "}};
    for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
        dk_crs crs;
        dk_error err = {0};
        OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
        assert_int_equal(OSRSetFromUserInput(srs, planes[i][0]), OGRERR_NONE);
        assert_int_equal(dk_crs_from_srs(srs, "a.shp", NULL, &crs, &err), planes[i][1] == NULL ? DK_INVALID : DK_OK);
        if (planes[i][1] == NULL)
            assert_non_null(strstr(err.text, "a projection that is not known"));
        else
            assert_memory_equal(crs.pipeline, planes[i][1], strlen(planes[i][1]));
        OSRRelease(srs);
    }
}

static void other_datums_by_name(void **state)
{
    (void)state;
    char text[20];
    const int xian[] = {2327, 2338, 2349, 2363, 2384, 4610}, beijing[] = {2401, 2422, 21413, 21453, 4214};
    for (size_t i = 0; i < sizeof xian / sizeof *xian; i++) {
        snprintf(text, sizeof text, "EPSG:%d", xian[i]);
        refused(text, "datum Xian 1980");
    }
    for (size_t i = 0; i < sizeof beijing / sizeof *beijing; i++) {
        snprintf(text, sizeof text, "EPSG:%d", beijing[i]);
        refused(text, "datum Beijing 1954");
    }
    refused("EPSG:4555", "New Beijing");
    refused("EPSG:4258", "neither CGCS2000 nor WGS 84"); /* ETRS89 */
    refused("EPSG:4479", "neither geographic nor projected");
    refused("EPSG:5773", "neither geographic nor projected"); /* heights */
    refused("EPSG:999999", "no such coordinate system");
    refused("zone 39", "EPSG:N");
    refused("bd09", "or gcj02");
    refused("", "EPSG:N");
}

static void esri_names(void **state)
{
    (void)state;
    const char *const wkts[][2] = {
        {"PROJCS[\"CGCS2000_3_Degree_GK_CM_117E\",GEOGCS[\"GCS_China_Geodetic_Coordinate_System_2000\",DATUM[\"D_China_"
         "2000\","
         "SPHEROID[\"CGCS2000\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]"
         "],"
         "PROJECTION[\"Gauss_Kruger\"],PARAMETER[\"False_Easting\",500000.0],PARAMETER[\"False_Northing\",0.0],"
         "PARAMETER["
         "\"Central_Meridian\",117.0],PARAMETER[\"Scale_Factor\",1.0],PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT["
         "\"Meter\",1.0]]",
         "EPSG:4548"},
        {"PROJCS[\"Xian_1980_3_Degree_GK_Zone_39\",GEOGCS[\"GCS_Xian_1980\",DATUM[\"D_Xian_1980\",SPHEROID[\"Xian_"
         "1980\","
         "6378140.0,298.257]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Gauss_"
         "Kruger\"],"
         "PARAMETER[\"False_Easting\",39500000.0],PARAMETER[\"False_Northing\",0.0],PARAMETER[\"Central_Meridian\",117."
         "0],"
         "PARAMETER[\"Scale_Factor\",1.0],PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]",
         NULL},
    };
    for (size_t i = 0; i < 2; i++) {
        OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
        char *wkt = (char *)(uintptr_t)wkts[i][0];
        assert_int_equal(OSRImportFromWkt(srs, &wkt), OGRERR_NONE);
        dk_crs crs;
        dk_error err = {0};
        const dk_status status = dk_crs_from_srs(srs, "p.shp", NULL, &crs, &err);
        OSRRelease(srs);
        if (wkts[i][1] != NULL) {
            assert_int_equal(status, DK_OK);
            assert_non_null(strstr(crs.name, wkts[i][1]));
        } else {
            assert_int_equal(status, DK_INVALID);
            assert_non_null(strstr(err.text, "Xian 1980"));
            assert_non_null(strstr(err.text, "EPSG:2363"));
        }
    }
}

static void zones_before_eastings(void **state)
{
    (void)state;
    double shift;
    int prefix;
    const dk_crs with = accepted("EPSG:4527"), without = accepted("EPSG:4548"), degrees = accepted("EPSG:4490");
    assert_int_equal(dk_crs_zone_fix(&with, 39520000, &shift, &prefix), DK_ZONE_AS_IS);
    assert_int_equal(dk_crs_zone_fix(&with, 520000, &shift, &prefix), DK_ZONE_ADDED);
    assert_true(shift == 39e6);
    assert_int_equal(dk_crs_zone_fix(&with, 38520000, &shift, &prefix), DK_ZONE_CONTRADICTS);
    assert_int_equal(prefix, 38);
    assert_int_equal(dk_crs_zone_fix(&with, 20520000, &shift, &prefix),
                     DK_ZONE_STRIPPED); /* 6 degrees, the same meridian */
    assert_true(shift == 19e6);
    assert_int_equal(dk_crs_zone_fix(&without, 520000, &shift, &prefix), DK_ZONE_AS_IS);
    assert_int_equal(dk_crs_zone_fix(&without, 39520000, &shift, &prefix), DK_ZONE_STRIPPED);
    assert_true(shift == -39e6);
    assert_int_equal(dk_crs_zone_fix(&without, 40520000, &shift, &prefix), DK_ZONE_CONTRADICTS);
    assert_int_equal(dk_crs_zone_fix(&degrees, 39520000, &shift, &prefix), DK_ZONE_AS_IS);
}

/* The expected degrees are from: echo "y x" | cs2cs -f %.10f EPSG:n EPSG:4490 (4326 for 32650 and 3857), PROJ 9.1.1. */
/* A place near Hefei, in the order of east and north and the other way round. */
static void what_to_say_of_a_file_that_says_nothing(void **state)
{
    (void)state;
    static const struct {
        double x, y;
        const char *say;
    } places[] = {
        {117.25, 31.75, "say --crs EPSG:4490"},
        {31.75, 117.25, "say --crs EPSG:4490 --axes yx"},
        {39520000, 3521000, "--crs EPSG:4527 (3-degree zone 39)"},
        {3521000, 39520000, "--crs EPSG:4527 (3-degree zone 39) --axes yx"},
        {20520000, 3521000, "--crs EPSG:4498 (6-degree zone 20)"},
        {520000, 3521000,
         "do not begin with a zone; say it with --crs, for example --crs EPSG:4548 (CGCS2000, 3 degrees, central "
         "meridian 117°E)"},
        {3521000, 520000, ", and as the northing comes first --axes yx"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char text[400];
        dk_crs_suggest(places[i].x, places[i].y, text, sizeof text);
        const char *end = text + strlen(text) - strlen(places[i].say);
        if (end < text || strcmp(end, places[i].say) != 0)
            fail_msg("%s", text);
    }
}

static void points(void **state)
{
    (void)state;
    static const struct {
        const char *crs;
        double x, y, lon, lat;
    } cases[] = {
        {"EPSG:4527", 39520000, 3521000, 117.2112249801, 31.8117704257},
        {"EPSG:4548", 641747, 3836874, 118.5461241747, 34.6501950035},
        {"EPSG:4526", 38641747, 3300000, 115.4662291220, 29.8104194419},
        {"EPSG:4498", 20437123.4567, 3812345.6789, 116.3158888495, 34.4369742800},
        {"EPSG:32650", 520000, 3520000, 117.2113178928, 31.8154548764},
        {"EPSG:3857", 13048000, 3737000, 117.2121782719, 31.7993429827},
        {"EPSG:4490", 117.25, 31.8, 117.2500000000, 31.8000000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dk_crs crs = accepted(cases[i].crs);
        dk_transformer *transformer = NULL;
        double xy[4] = {cases[i].x, cases[i].y, cases[i].x, cases[i].y};
        assert_int_equal(dk_transformer_create(&crs, &transformer, NULL), DK_OK);
        dk_transform(transformer, xy, 2);
        for (int k = 0; k < 2; k++) {
            assert_true(fabs(xy[2 * k] - cases[i].lon) < 2e-10);
            assert_true(fabs(xy[2 * k + 1] - cases[i].lat) < 2e-10);
        }
        dk_transformer_free(transformer);
    }
}

/* The zones of the three datums: EPSG codes are a number plus the zone. */
typedef struct zone_case {
    dk_datum datum;
    const char *ellipsoid; /* for PROJ */
    int code, zone;        /* 13 to 23 are of 6 degrees, 25 to 45 of 3 */
    bool before;           /* the number of the zone stands before the eastings */
} zone_case;

static void for_each_zone(void (*check)(const zone_case *zone))
{
    static const struct {
        dk_datum datum;
        const char *ellipsoid;
        int with6, without6, with3, without3;
    } families[] = {{DK_DATUM_CGCS2000, "GRS80", 4478, 4489, 4488, 4509},
                    {DK_DATUM_XIAN80, "IAU76", 2314, 2325, 2324, 2345},
                    {DK_DATUM_BEIJING54, "krass", 21400, 21440, 2376, 2397}};
    for (size_t f = 0; f < 3; f++)
        for (int zone = 13; zone <= 45; zone++)
            for (int before = 0; zone != 24 && before < 2; before++) {
                if (zone % DK_STEP(6) != 0 && zone != 20 && zone != 39) /* these two are tried in more ways */
                    continue;
                const int base = zone < 24 ? (before ? families[f].with6 : families[f].without6)
                                           : (before ? families[f].with3 : families[f].without3);
                const zone_case given = {families[f].datum, families[f].ellipsoid, base + zone, zone, before};
                check(&given);
            }
}

static void assert_zone(const zone_case *zone, const dk_crs *crs)
{
    assert_true(crs->gauss);
    assert_int_equal(crs->datum, zone->datum);
    assert_int_equal(crs->zone, zone->before ? zone->zone : 0);
    assert_int_equal(zone->zone < 24 ? crs->zone6 : crs->zone3, zone->zone);
}

static const dk_crs_policy look = {.any_datum = true};

static void known_as(const zone_case *zone, const char *wkt)
{
    dk_crs crs;
    dk_error err = {0};
    char *at = (char *)(uintptr_t)wkt;
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    assert_int_equal(OSRImportFromWkt(srs, &at), OGRERR_NONE);
    if (dk_crs_from_srs(srs, "a.prj", &look, &crs, &err) != DK_OK)
        fail_msg("%s: %s", wkt, err.text);
    OSRRelease(srs);
    assert_zone(zone, &crs);
}

/* As PROJ (projinfo) writes it for Esri. It has no code, and looking for one takes PROJ a tenth of a second: it is put
 * in, but for some zones, which have a name that says nothing instead and are also tried as GDAL writes them and as
 * WKT2. */
static void known_by_wkt(const zone_case *zone)
{
    static const PJ_WKT_TYPE types[] = {PJ_WKT1_ESRI, PJ_WKT1_GDAL, PJ_WKT2_2019};
    const bool some = (zone->zone == 20 && !zone->before) || (zone->zone == 39 && zone->before);
    char code[16], changed[2000];
    snprintf(code, sizeof code, "%d", zone->code);
    PJ *system = proj_create_from_database(NULL, "EPSG", code, PJ_CATEGORY_CRS, 0, NULL);
    assert_non_null(system);
    for (size_t i = 0; i < (some ? 3 : 1); i++) {
        const char *wkt = proj_as_wkt(NULL, system, types[i], NULL);
        assert_non_null(wkt);
        if (i > 0)
            snprintf(changed, sizeof changed, "%s", wkt);
        else if (some)
            snprintf(changed, sizeof changed, "PROJCS[\"local%s", strchr(strchr(wkt, '"') + 1, '"'));
        else
            snprintf(changed, sizeof changed, "%.*s,AUTHORITY[\"EPSG\",\"%s\"]]", (int)strlen(wkt) - 1, wkt, code);
        known_as(zone, changed);
    }
    proj_destroy(system);
}

/* By its code: and a point a degree east of the central meridian, projected by a tmerc that is written here, comes
 * back. */
static void known_by_code(const zone_case *zone)
{
    char text[24], forth[160];
    dk_crs crs;
    dk_transformer *transformer = NULL;
    const dk_crs_policy as_it_is = {.accept_error = true};
    const int meridian = zone->zone < 24 ? 6 * zone->zone - 3 : 3 * zone->zone;
    snprintf(text, sizeof text, "EPSG:%d", zone->code);
    snprintf(forth, sizeof forth, "+proj=tmerc +lat_0=0 +lon_0=%d +k=1 +x_0=%d +y_0=0 +ellps=%s", meridian,
             500000 + (zone->before ? zone->zone * 1000000 : 0), zone->ellipsoid);
    PJ *projection = proj_create(NULL, forth);
    assert_non_null(projection);
    const PJ_COORD plane = proj_trans(projection, PJ_FWD, proj_coord(proj_torad(meridian + 1), proj_torad(32), 0, 0));
    double xy[2] = {plane.xy.x, plane.xy.y};
    assert_int_equal(dk_crs_from_text(text, &as_it_is, &crs, NULL), DK_OK);
    assert_zone(zone, &crs);
    assert_int_equal(dk_transformer_create(&crs, &transformer, NULL), DK_OK);
    dk_transform(transformer, xy, 1);
    assert_true(fabs(xy[0] - meridian - 1) < 1e-10 && fabs(xy[1] - 32) < 1e-10);
    dk_transformer_free(transformer);
    proj_destroy(projection);
}

/* The code of each zone is that of the system that EPSG calls so, in PROJ's database. */
static void every_zone_has_the_code_of_its_name(void **state)
{
    (void)state;
    static const char *const datums[][2] = {{"2000国家大地坐标系", "CGCS2000"},
                                            {"1980西安坐标系", "Xian 1980"},
                                            {"1954年北京坐标系", "Beijing 1954"},
                                            {"新1954年北京坐标系", "New Beijing"}};
    PJ_CONTEXT *context = proj_context_create();
    for (size_t d = 0; d < sizeof datums / sizeof *datums; d++)
        for (int zone = 13; zone <= 45; zone++)
            for (int before = 0; zone != 24 && before < 2; before++) {
                const dk_zone_family *family = dk_zone_family_named(datums[d][0]);
                char code[16], name[120];
                assert_non_null(family);
                snprintf(code, sizeof code, "%d", dk_zone_epsg(family, zone, before));
                snprintf(name, sizeof name, "%s / %sGauss-Kruger %s%d%s", datums[d][1], zone < 24 ? "" : "3-degree ",
                         before ? "zone " : "CM ",
                         before      ? zone
                         : zone < 24 ? 6 * zone - 3
                                     : 3 * zone,
                         before ? "" : "E");
                PJ *system = proj_create_from_database(context, "EPSG", code, PJ_CATEGORY_CRS, 0, NULL);
                if (system == NULL)
                    fail_msg("EPSG:%s, %s", code, name);
                assert_string_equal(proj_get_name(system), name);
                proj_destroy(system);
            }
    proj_context_destroy(context);
}

static void every_zone_is_known_by_its_projection(void **state)
{
    (void)state;
    for_each_zone(known_by_code);
    for_each_zone(known_by_wkt);
}

#define BEIJING_ZONE(spheroid, more, northing)                                                                         \
    "PROJCS[\"unnamed\",GEOGCS[\"GCS_Beijing_1954\",DATUM[\"D_Beijing_1954\",SPHEROID[" spheroid "]" more              \
    "],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],"            \
    "PARAMETER[\"False_Easting\",39500000.0],PARAMETER[\"False_Northing\"," northing "],"                              \
    "PARAMETER[\"Central_Meridian\",117.0],PARAMETER[\"Scale_Factor\",1.0],PARAMETER[\"Latitude_Of_Origin\",0.0],"     \
    "UNIT[\"Meter\",1.0]]"
#define KRASSOVSKY "\"Krasovsky_1940\",6378245.0,298.3"

static dk_status by_wkt(const char *wkt, const dk_crs_policy *policy, dk_crs *ret_crs, dk_error *err)
{
    char *at = (char *)(uintptr_t)wkt;
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    assert_int_equal(OSRImportFromWkt(srs, &at), OGRERR_NONE);
    const dk_status status = dk_crs_from_srs(srs, "a.prj", policy, ret_crs, err);
    OSRRelease(srs);
    return status;
}

static void an_old_datum_on_another_ellipsoid_is_a_mistake(void **state)
{
    (void)state;
    dk_crs crs;
    dk_error err = {0};
    const dk_crs_policy taken = {.accept_error = true};
    assert_int_equal(by_wkt(BEIJING_ZONE(KRASSOVSKY, "", "0.0"), &taken, &crs, &err), DK_OK);
    assert_int_equal(by_wkt(BEIJING_ZONE("\"CGCS2000\",6378137.0,298.257222101", "", "0.0"), &taken, &crs, &err),
                     DK_INVALID);
    assert_non_null(strstr(err.text, "Beijing_1954"));
    assert_non_null(strstr(err.text, "on its own ellipsoid"));
}

static void parameters_that_a_prj_brings_along_are_not_used(void **state)
{
    (void)state;
    dk_crs with, without;
    const dk_crs_policy taken = {.accept_error = true};
    assert_int_equal(by_wkt(BEIJING_ZONE(KRASSOVSKY, ",TOWGS84[15.8,-154.4,-82.3,0,0,0,0]", "0.0"), NULL, &with, NULL),
                     DK_INVALID);
    assert_int_equal(
        by_wkt(BEIJING_ZONE(KRASSOVSKY, ",TOWGS84[15.8,-154.4,-82.3,0,0,0,0]", "0.0"), &taken, &with, NULL), DK_OK);
    assert_int_equal(by_wkt(BEIJING_ZONE(KRASSOVSKY, "", "0.0"), &taken, &without, NULL), DK_OK);
    assert_string_equal(with.pipeline, without.pipeline);
    assert_null(strstr(with.pipeline, "154.4"));
}

static void a_plane_of_its_own_is_no_zone(void **state)
{
    (void)state;
    dk_crs crs;
    assert_int_equal(by_wkt(BEIJING_ZONE(KRASSOVSKY, "", "-3000000.0"), &look, &crs, NULL), DK_OK);
    assert_false(crs.gauss);
    assert_int_equal(by_wkt(BEIJING_ZONE(KRASSOVSKY, "", "0.0"), &look, &crs, NULL), DK_OK);
    assert_true(crs.gauss);
}

/* A GeoJSON of one square with that crs, and a member of the same name elsewhere, opened; the caller closes it. */
static dk_source *geojson_of(const char *crs)
{
    char path[] = "/tmp/dk-crs-XXXXXX.geojson";
    const int fd = mkstemps(path, (int)strlen(".geojson"));
    const dk_source_options options = {.want_geometry = true};
    dk_source *source = NULL;
    dk_error err = {0};
    assert_true(fd >= 0);
    dprintf(fd,
            "{\"type\":\"FeatureCollection\",\"name\":\"crs}\\\"\",%s\"features\":[{\"type\":\"Feature\","
            "\"properties\":{\"crs\":\"EPSG:4490\"},"
            "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[117,31],[117.1,31],[117.1,31.1],[117,31]]]}}]}",
            crs);
    close(fd);
    const dk_status status = dk_source_open(path, &options, &source, &err);
    unlink(path);
    if (status != DK_OK)
        fail_msg("%s: %s", crs, err.text);
    return source;
}

static void geojson_says(const char *crs, dk_datum expected)
{
    const dk_crs_policy policy = {.any_datum = true};
    dk_crs found;
    dk_error err = {0};
    dk_source *source = geojson_of(crs);
    if (dk_source_crs(source) == NULL || dk_crs_from_srs(dk_source_crs(source), "t", &policy, &found, &err) != DK_OK)
        fail_msg("%s: %s", crs, err.text);
    assert_int_equal(found.datum, expected);
    dk_source_close(source);
}

static void geojson_is_unknown(const char *crs, const char *shown)
{
    dk_source *source = geojson_of(crs);
    assert_null(dk_source_crs(source));
    assert_non_null(dk_source_crs_problem(source));
    if (strstr(dk_source_crs_problem(source), shown) == NULL)
        fail_msg("%s: %s", crs, dk_source_crs_problem(source));
    dk_source_close(source);
}

#define NAMED(name) "\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"" name "\"}},"

/* GeoJSON of 2008, 3: without crs it is WGS 84, and with one it is not, even where nobody knows what it says. */
static void the_crs_of_a_geojson_counts(void **state)
{
    (void)state;
    geojson_says("", DK_DATUM_WGS84);
    geojson_says("\"crs\":null,", DK_DATUM_WGS84);
    geojson_says(NAMED("urn:ogc:def:crs:OGC:1.3:CRS84"), DK_DATUM_WGS84);
    geojson_says(NAMED("urn:ogc:def:crs:EPSG::4490"), DK_DATUM_CGCS2000);
    geojson_says(NAMED("http://www.opengis.net/def/crs/EPSG/0/4214"), DK_DATUM_BEIJING54);
    geojson_says(NAMED("EPSG:4610"), DK_DATUM_XIAN80);
    geojson_says("\"crs\" :\n { \"type\" : \"EPSG\", \"properties\" : {\"code\":\"2363\"}}\n ,", DK_DATUM_XIAN80);
    geojson_says(NAMED("GCS_Xian_1980"), DK_DATUM_XIAN80);
    geojson_says(NAMED("CGCS2000 / 3-degree Gauss-Kruger zone 39"), DK_DATUM_CGCS2000);
    geojson_is_unknown(NAMED("西安80"), "\"{type:name,properties:{name:西安80}}\"");
    geojson_is_unknown(NAMED("urn:ogc:def:crs:EPSG::999999"), "EPSG::999999");
    geojson_is_unknown("\"crs\":\"EPSG:4610\",", "\"EPSG:4610\"");
    geojson_is_unknown("\"crs\":{\"type\":\"name\",\"properties\":{}},", "properties:{}");
}

static void an_address_that_a_geojson_names_is_not_asked(void **state)
{
    (void)state;
    char link[200];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(listener >= 0 && bind(listener, (struct sockaddr *)&at, size) == 0 && listen(listener, 4) == 0 &&
                getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    CPLSetConfigOption("GDAL_HTTP_TIMEOUT", "1");
    snprintf(link, sizeof link,
             "\"crs\":{\"type\":\"link\",\"properties\":{\"href\":\"http://127.0.0.1:%d/\",\"type\":\"ogcwkt\"}},",
             ntohs(at.sin_port));
    geojson_is_unknown(link, "type:link");
    snprintf(link, sizeof link, NAMED("http://127.0.0.1:%d/"), ntohs(at.sin_port));
    geojson_is_unknown(link, "name:http://127.0.0.1");
    assert_int_equal(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 0), 0);
    CPLSetConfigOption("GDAL_HTTP_TIMEOUT", NULL);
    close(listener);
}

int main(void)
{
    dk_gdal_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_crs_of_a_geojson_counts),
        cmocka_unit_test(an_address_that_a_geojson_names_is_not_asked),
        cmocka_unit_test(the_whole_family_of_cgcs2000),
        cmocka_unit_test(no_datum_shift_in_any_pipeline),
        cmocka_unit_test(no_projection_loses_a_parameter),
        cmocka_unit_test(other_datums_by_name),
        cmocka_unit_test(esri_names),
        cmocka_unit_test(zones_before_eastings),
        cmocka_unit_test(points),
        cmocka_unit_test(what_to_say_of_a_file_that_says_nothing),
        cmocka_unit_test(every_zone_has_the_code_of_its_name),
        cmocka_unit_test(every_zone_is_known_by_its_projection),
        cmocka_unit_test(an_old_datum_on_another_ellipsoid_is_a_mistake),
        cmocka_unit_test(parameters_that_a_prj_brings_along_are_not_used),
        cmocka_unit_test(a_plane_of_its_own_is_no_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
