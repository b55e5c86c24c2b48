/* The coordinate system of a VCT file, which its head names in many ways. */
#include "ingest/vct_work.h"

#include "ingest/crs.h"
#include "ingest/survey_crs.h"
#include "ingest/zones.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What family_of of survey_crs.c knows it by; "" for what is not known. */
static const char *system_of(const char *spheroid)
{
    const char *values = strchr(spheroid, ',');
    const double axis = values != NULL ? strtod(values + 1, NULL) : 0;
    if (strstr(spheroid, "2000") != NULL)
        return "CGCS2000";
    if (strstr(spheroid, "84") != NULL)
        return "WGS84";
    const bool grs80 = axis == 6378137; /* GRS 1980 is another ellipsoid than that of Xian 1980 */
    if (!grs80 && (strcasestr(spheroid, "IAG") != NULL || strstr(spheroid, "1980") != NULL ||
                   strstr(spheroid, "西安") != NULL || axis == 6378140))
        return "西安80";
    if (strcasestr(spheroid, "Kras") != NULL || strstr(spheroid, "1954") != NULL ||
        strstr(spheroid, "克拉索") != NULL || strstr(spheroid, "北京") != NULL || axis == 6378245)
        return "北京54";
    return "";
}

/* A head has no place for the name of the system, and writers put it beside the ellipsoid. */
static bool names_local(const char *spheroid)
{
    char name[80];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(spheroid, ","), spheroid);
    return dk_zone_names_local(name);
}

/* Before an easting; 0: none. */
static int zone_of(double x)
{
    return x >= 1e7 && x < 1e8 ? (int)(x / 1e6) : 0;
}

static void look_at(dk_survey_evidence *evidence, const dk_survey_header *header, double x, double y)
{
    if (fabs(x) <= 180 && fabs(y) <= 90)
        evidence->n_degrees++;
    else
        dk_survey_count_zone(evidence, header, zone_of(x), 1);
}

static bool is_gauss(const char *projection)
{
    return projection[0] == '\0' || strstr(projection, "高斯") != NULL || strcasestr(projection, "Gauss") != NULL;
}

/* The next of the numbers in Parameters; *ret_none: a text, or nothing. */
static double next_parameter(const char **io_at, bool *ret_none)
{
    char *end;
    const double value = strtod(*io_at, &end);
    *ret_none = end == *io_at;
    *io_at += strcspn(*io_at, ",;");
    *io_at += **io_at != '\0';
    return value;
}

/* The central meridian in degrees; 0: none that is a zone's. */
static int meridian_in(const char *parameters)
{
    for (const char *at = parameters; *at != '\0';) {
        bool none;
        const double value = next_parameter(&at, &none);
        if (!none && value >= 72 && value <= 138 && fmod(value, 3) == 0)
            return (int)value;
    }
    return 0;
}

/* What may stand in Parameters below 1000: 0 and 1, the meridian, 3 or 6 degrees, the zone's number, a flattening. */
static bool is_small_parameter(double value, int meridian, bool *ret_zone)
{
    const bool whole = value == floor(value);
    const int number = whole && value > 0 && value < 1000 ? (int)value : 0, band = dk_zone_band(number);
    *ret_zone = band != 0 && (meridian == 0 || dk_zone_meridian(number) == meridian);
    return fabs(value) < 1.1 || *ret_zone || number == 3 || number == 6 || (number != 0 && number == meridian) ||
           (meridian == 0 && value >= 72 && value <= 138) || (value > 298 && value < 299);
}

/* Parameters are the central meridian first, then scale, false easting (the zone before it or not), false northing and
 * numbers of the zone, in orders that differ: what each is, its size says. A false easting of 500 would be kilometres,
 * one of 39 a zone alone. false: they are those of no zone of China.
 */
static bool standard_parameters(const char *parameters)
{
    const int meridian = meridian_in(parameters);
    int zones = 0, eastings = 0;
    bool zone_before = false, zone_as_easting = false; /* a zone's number where a false northing follows */
    for (const char *at = parameters; *at != '\0';) {
        bool none, zone = false;
        const bool first = at == parameters;
        const double value = next_parameter(&at, &none), size = fabs(value);
        const bool axis = size > 6.35e6 && size < 6.38e6;
        const bool packed = first && value >= 720000 && value <= 1380000; /* DDDMMSS */
        if (none)
            continue;
        if (first && value >= 72 && value <= 138 && fmod(value, 3) != 0)
            return false;
        if (packed && fmod(value, 30000) != 0)
            return false;
        if (size > 0.9 && size < 1.1 && value != 1)
            return false;
        if (size < 1000 && !is_small_parameter(value, meridian, &zone))
            return false;
        if (size >= 1000 && !packed && !axis && (value < 0 || value >= 1e8 || fmod(value, 1e6) != 500000))
            return false;
        eastings += size >= 1000 && !packed && !axis;
        zone_as_easting |= zone_before && value == 0;
        zone_before = zone;
        zones += zone;
    }
    return eastings > 0 || (zones < 2 && !zone_as_easting);
}

void dk_vct_decide_crs(dk_vct *vct)
{
    dk_survey_header header = {0};
    dk_survey_evidence evidence = {0};
    bool apart = false;
    snprintf(header.system, sizeof header.system, "%s", system_of(vct->spheroid));
    for (size_t i = 0; i < vct->n_points && header.band[0] == '\0';
         i++) /* the central meridian alone would say 3 degrees */
        if (zone_of(vct->points[2 * i]) >= 13 && zone_of(vct->points[2 * i]) <= 23)
            snprintf(header.band, sizeof header.band, "6");
    if (meridian_in(vct->parameters) > 0)
        snprintf(header.meridian, sizeof header.meridian, "%d", meridian_in(vct->parameters));
    for (size_t i = 0; i < vct->n_points; i++)
        look_at(&evidence, &header, vct->points[2 * i], vct->points[2 * i + 1]);
    if (evidence.n_degrees == 0 && !is_gauss(vct->projection)) {
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "the head says Projection:%s, where 高斯-克吕格 is expected; say what the coordinates are with --crs "
                 "EPSG:N",
                 vct->projection);
        return;
    }
    if (evidence.n_degrees == 0 && !standard_parameters(vct->parameters)) {
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "the head says Parameters:%s, where the central meridian of a zone, scale 1 and false easting 500000 "
                 "are expected; export it in a standard zone of CGCS2000, or say what the coordinates are with --crs "
                 "EPSG:N",
                 vct->parameters);
        return;
    }
    if (names_local(vct->spheroid)) {
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "the head says Spheroid:%s, a local coordinate system; have the data transformed to CGCS2000, or say "
                 "what the "
                 "coordinates are with --crs EPSG:N if they are not local",
                 vct->spheroid);
        return;
    }
    if (header.system[0] == '\0' && vct->n_points > 0) {
        dk_crs_suggest(vct->points[0], vct->points[1], vct->crs_problem, sizeof vct->crs_problem);
        return;
    }
    vct->epsg = dk_survey_decide(&header, &evidence, &apart, vct->crs_problem, sizeof vct->crs_problem, &vct->notes);
    if (apart && strcmp(header.system, "西安80") != 0 && strcmp(header.system, "北京54") != 0) {
        int first = 0, last = 99;
        while (evidence.n_zone[first] == 0)
            first++;
        while (evidence.n_zone[last] == 0)
            last--;
        vct->epsg = 0;
        snprintf(vct->crs_problem, sizeof vct->crs_problem,
                 "its eastings begin with several zones, among them %d and %d, and one system holds for all of a VCT; "
                 "have each zone exported to a file of its own, or load those of one zone with --crs",
                 first, last);
        dk_buf_clear(&vct->notes);
        return;
    }
    if (vct->epsg == 0 && vct->crs_problem[0] != '\0' && vct->n_points > 0) /* its sentences speak of another format */
        dk_crs_suggest(vct->points[0], vct->points[1], vct->crs_problem, sizeof vct->crs_problem);
}
