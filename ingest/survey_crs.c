#include "ingest/survey_crs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* EPSG codes are these plus the zone. 0: EPSG has none. */
typedef struct family {
    const char *name;
    int geographic, zone6, bare6, zone3, bare3;
} family;

static const family cgcs2000 = {"CGCS2000", 4490, 4478, 4489, 4488, 4509};
static const family xian1980 = {"Xian 1980", 4610, 2314, 2325, 2324, 2345};
static const family beijing1954 = {"Beijing 1954", 4214, 21400, 21440, 2376, 2397};
static const family new_beijing = {"New Beijing", 4555, 0, 0, 0, 0};

/* NULL: not said, or not known. WGS 84 counts as CGCS2000, as everywhere in dikuai. */
static const family *family_of(const char *system)
{
    const bool d2000 = strstr(system, "2000") != NULL, d80 = strstr(system, "80") != NULL,
               d54 = strstr(system, "54") != NULL, d84 = strcasestr(system, "WGS") != NULL;
    if (d2000 + d80 + d54 + d84 != 1)
        return NULL;
    if (d80)
        return &xian1980;
    if (d54)
        return strstr(system, "新") != NULL ? &new_beijing : &beijing1954;
    return &cgcs2000;
}

/* The first number in a text: 39, 39带, 3度带, 117°. 0: none. */
static int number_in(const char *text)
{
    text += strcspn(text, "0123456789");
    const long number = strtol(text, NULL, 10);
    return number > 0 && number < 1000 ? (int)number : 0;
}

static int band_of(const char *text)
{
    if (strstr(text, "三") != NULL)
        return 3;
    return strstr(text, "六") != NULL ? 6 : number_in(text);
}

static int band_of_zone(int zone)
{
    return zone >= 13 && zone <= 23 ? 6 : zone >= 25 && zone <= 45 ? 3 : 0;
}

static int meridian_of_zone(int zone)
{
    return band_of_zone(zone) == 6 ? 6 * zone - 3 : 3 * zone;
}

static bool one_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcasecmp(text, *names) == 0)
            return true;
    return false;
}

static bool header_fits(const dk_survey_header *header, const dk_survey_evidence *evidence, char *out, size_t size)
{
    static const char *const metres[] = {"", "米", "m", "meter", "metre", "公尺", NULL};
    static const char *const degrees[] = {"", "度", "十进制度", "degree", "degrees", NULL};
    static const char *const gauss[] = {
        "",     "高斯克吕格", "高斯-克吕格",    "高斯—克吕格",  "高斯·克吕格",  "高斯克里格",
        "高斯", "高斯投影",   "高斯克吕格投影", "Gauss-Kruger", "Gauss_Kruger", NULL};
    if (evidence->n_degrees > 0 && evidence->n_metres > 0) {
        snprintf(out, size,
                 "the parcel of line %lld is in degrees and that of line %lld in metres; put them into two files, or "
                 "load those of one kind with --crs (EPSG:4490 for degrees, EPSG:4527 for CGCS2000 3-degree zone 39)",
                 (long long)evidence->degrees_line, (long long)evidence->metres_line);
        return false;
    }
    if (!one_of(header->unit, evidence->n_degrees > 0 ? degrees : metres)) {
        snprintf(out, size,
                 "the header says 计量单位=%s, but the numbers look like %s; say what they are with --crs, for example "
                 "--crs %s",
                 header->unit, evidence->n_degrees > 0 ? "degrees" : "metres",
                 evidence->n_degrees > 0 ? "EPSG:4490 (CGCS2000 degrees)" : "EPSG:4527 (CGCS2000, 3-degree zone 39)");
        return false;
    }
    if (evidence->n_degrees == 0 && !one_of(header->projection, gauss)) {
        snprintf(
            out, size,
            "the header says 投影类型=%s, where 高斯克吕格 is expected; say what the coordinates are with --crs EPSG:N",
            header->projection);
        return false;
    }
    return true;
}

/* The zone before the eastings, 0 for none; false: they differ among each other. */
static bool zone_before(const dk_survey_evidence *evidence, int *ret_zone, char *out, size_t size)
{
    *ret_zone = 0;
    for (int zone = 1; zone < 100; zone++) {
        if (evidence->n_zone[zone] == 0)
            continue;
        if (*ret_zone != 0) {
            snprintf(out, size,
                     "the eastings of the parcel of line %lld begin with zone %d and those of line %lld with zone %d; "
                     "load those of one zone with --crs, the others are then rejected rows (zone 39 of CGCS2000, 3 "
                     "degrees, is --crs EPSG:4527), or put each zone into a file of its own",
                     (long long)evidence->zone_line[*ret_zone], *ret_zone, (long long)evidence->zone_line[zone], zone);
            return false;
        }
        *ret_zone = zone;
    }
    return true;
}

/* The zone that the header says: 带号, or by 中央子午线. 0: none; -1: it contradicts itself. */
static int zone_said(const dk_survey_header *header, char *out, size_t size)
{
    const int band = band_of(header->band), meridian = number_in(header->meridian);
    int zone = number_in(header->zone);
    if (zone == 0 && meridian > 0) {
        if (band == 6 && meridian % 6 == 3)
            zone = (meridian + 3) / 6;
        else if (band != 6 && meridian % 3 == 0)
            zone = meridian / 3;
    }
    if (zone == 0 && meridian == 0)
        return 0;
    const int real = band_of_zone(zone);
    if (real == 0 || (band != 0 && band != real) || (meridian != 0 && meridian != meridian_of_zone(zone))) {
        snprintf(
            out, size,
            "the header contradicts itself: 几度分带=%s, 带号=%s%s%s; zones 13 to 23 are of 6 degrees, 25 to 45 of "
            "3; say the right one with --crs, for example --crs EPSG:4548 (CGCS2000, 3 degrees, 117°E)",
            header->band, header->zone, header->meridian[0] ? ", 中央子午线=" : "", header->meridian);
        return -1;
    }
    return zone;
}

int dk_survey_decide(const dk_survey_header *header, const dk_survey_evidence *evidence, char *ret_problem,
                     size_t problem_size, dk_buf *notes)
{
    const family *datum = family_of(header->system);
    char contradiction[700];
    int before, said;
    ret_problem[0] = '\0';
    if (evidence->n_degrees + evidence->n_metres == 0)
        return cgcs2000.geographic; /* every parcel has its own problem: this one is not needed */
    if (header->system[0] != '\0' && datum == NULL) {
        snprintf(
            ret_problem, problem_size,
            "the header says 坐标系=%s, which is not known; if it is CGCS2000, say so with --crs EPSG:N, for example "
            "--crs EPSG:4527 (3-degree zone 39); if it is a local system, have the data transformed to CGCS2000",
            header->system);
        return 0;
    }
    const bool old = datum != NULL && datum != &cgcs2000;
    if (!header_fits(header, evidence, ret_problem, problem_size) ||
        !zone_before(evidence, &before, ret_problem, problem_size))
        return old ? datum->geographic : 0;
    if (datum == NULL) {
        snprintf(ret_problem, problem_size,
                 "the header does not say the coordinate system (坐标系=); say it with --crs, for example --crs %s",
                 evidence->n_degrees > 0 ? "EPSG:4490 (CGCS2000 degrees)" : "EPSG:4527 (CGCS2000, 3-degree zone 39)");
        return 0;
    }
    if (evidence->n_degrees > 0)
        return datum->geographic;
    said = zone_said(header, contradiction, sizeof contradiction);
    if (before > 0 && band_of_zone(before) == 0) {
        snprintf(
            ret_problem, problem_size,
            "the eastings (line %lld) begin with %d, which is no zone of China; correct them, or say the coordinate "
            "system with --crs",
            (long long)evidence->zone_line[before], before);
        return old ? datum->geographic : 0;
    }
    if (before > 0 && evidence->n_bare > 0 &&
        (said < 0 || said == 0 || meridian_of_zone(said) != meridian_of_zone(before))) {
        snprintf(ret_problem, problem_size,
                 "the eastings of the parcel of line %lld begin with zone %d, those of line %lld with none, and the "
                 "header says 带号=%s; say the zone with --crs, or put the parcels into two files",
                 (long long)evidence->zone_line[before], before, (long long)evidence->bare_line, header->zone);
        return old ? datum->geographic : 0;
    }
    if (before > 0) {
        if (said < 0 || (said > 0 && said != before))
            dk_buf_format(
                notes,
                "the header says 几度分带=%s, 带号=%s, but all eastings begin with zone %d (%d degrees), which was "
                "taken; if that is wrong, withdraw the batch and say the right zone with --crs\n",
                header->band, header->zone, before, band_of_zone(before));
        return datum->zone3 == 0 ? datum->geographic
                                 : before + (band_of_zone(before) == 6 ? datum->zone6 : datum->zone3);
    }
    if (said <= 0) {
        if (said < 0)
            snprintf(ret_problem, problem_size, "%s", contradiction);
        else
            snprintf(ret_problem, problem_size,
                     "the header does not say the zone (带号=) and the eastings (line %lld) do not begin with one; say "
                     "it with --crs, for example --crs EPSG:4548 (CGCS2000, 3 degrees, central meridian 117°E)",
                     (long long)evidence->bare_line);
        return old ? datum->geographic : 0;
    }
    return datum->bare3 == 0 ? datum->geographic : said + (band_of_zone(said) == 6 ? datum->bare6 : datum->bare3);
}
