#include "ingest/survey_crs.h"

#include "ingest/zones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first number in a text: 39, 39带, 3度带, 117°. 0: none. */
static int number_in(const char *text)
{
    text += strcspn(text, "0123456789");
    const long number = strtol(text, NULL, 10);
    return number > 0 && number < 1000 ? (int)number : 0;
}

/* The whole degrees of 117, 117.0, 117°00′. *ret_between: minutes or decimals that are not zero follow. 0: none. */
static int meridian_of(const char *text, bool *ret_between)
{
    static const char *const marks[] = {".", "．", ",",  "，", "°",  "º", "度", "′",
                                        "'", "’",  "分", ":",  "：", "-", " ",  NULL};
    const char *at = text + strcspn(text, "0123456789");
    *ret_between = false;
    at += strspn(at, "0123456789");
    for (size_t i = 0; marks[i] != NULL;) {
        const size_t size = strlen(marks[i]);
        if (strncmp(at, marks[i], size) != 0) {
            i++;
            continue;
        }
        at += size;
        const size_t digits = strspn(at, "0123456789");
        *ret_between |= strspn(at, "0") < digits;
        at += digits;
        i = 0;
    }
    return number_in(text);
}

static int band_of(const char *text)
{
    if (strstr(text, "三") != NULL)
        return 3;
    return strstr(text, "六") != NULL ? 6 : number_in(text);
}

static bool one_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcasecmp(text, *names) == 0)
            return true;
    return false;
}

/* 高斯-克吕格投影 and the like: with whatever between the two, and nothing more, as it would not be the plain one. */
static bool is_gauss(const char *text)
{
    static const char *const names[] = {"", "高斯", "高斯克吕格", "高斯克里格", "GaussKruger", NULL};
    static const char *const between[] = {"-", "－", "—", "–", "·", "_", " ", "投影"};
    char plain[DK_SURVEY_HEADER_TEXT];
    size_t n = 0;
    for (const char *at = text; *at != '\0';) {
        size_t size = 0;
        for (size_t i = 0; size == 0 && i < sizeof between / sizeof *between; i++)
            if (strncmp(at, between[i], strlen(between[i])) == 0)
                size = strlen(between[i]);
        if (size == 0)
            plain[n++] = *at;
        at += size > 0 ? size : 1;
    }
    plain[n] = '\0';
    return one_of(plain, names);
}

static bool header_fits(const dk_survey_header *header, const dk_survey_evidence *evidence, const dk_zone_family *datum,
                        char *out, size_t size)
{
    static const char *const metres[] = {"", "米", "m", "meter", "metre", "公尺", NULL};
    static const char *const degrees[] = {"", "度", "十进制度", "degree", "degrees", NULL};
    if (evidence->n_degrees > 0 && evidence->n_metres > 0) {
        snprintf(out, size,
                 "the parcel of line %lld is in degrees and that of line %lld in metres; put them into two files, or "
                 "load those of one kind with --crs (EPSG:4490 for degrees, EPSG:4527 for CGCS2000 3-degree zone 39)",
                 (long long)evidence->degrees_line, (long long)evidence->metres_line);
        return false;
    }
    if (!one_of(header->unit, evidence->n_degrees > 0 ? degrees : metres)) {
        const bool in_degrees = evidence->n_degrees > 0;
        snprintf(out, size,
                 "the header says 计量单位=%s, but the numbers look like %s; say what they are with --crs, for example "
                 "--crs EPSG:%d (%s%s)",
                 header->unit, in_degrees ? "degrees" : "metres",
                 in_degrees ? datum->geographic : dk_zone_epsg(datum, 39, true), datum->name,
                 in_degrees ? " degrees" : ", 3-degree zone 39");
        return false;
    }
    if (evidence->n_degrees == 0 && !is_gauss(header->projection)) {
        snprintf(
            out, size,
            "the header says 投影类型=%s, where 高斯克吕格 is expected; say what the coordinates are with --crs EPSG:N",
            header->projection);
        return false;
    }
    return true;
}

int dk_survey_zone_said(const dk_survey_header *header, char *ret_problem, size_t problem_size)
{
    bool between;
    const int band = band_of(header->band), meridian = meridian_of(header->meridian, &between);
    int zone = number_in(header->zone);
    if (between) {
        snprintf(ret_problem, problem_size,
                 "the header says 中央子午线=%s, which is the central meridian of no zone of China, so that the "
                 "coordinates are in a local projection; have them transformed to CGCS2000 in a standard zone, or say "
                 "what they are with --crs if the header is wrong",
                 header->meridian);
        return -1;
    }
    if (zone == 0 && meridian > 0) {
        if (band == 6 && meridian % 6 == 3)
            zone = (meridian + 3) / 6;
        else if (band != 6 && meridian % 3 == 0)
            zone = meridian / 3;
    }
    if (zone == 0 && meridian == 0)
        return 0;
    const int real = dk_zone_band(zone);
    if (real == 0 || (band != 0 && band != real) || (meridian != 0 && meridian != dk_zone_meridian(zone))) {
        snprintf(
            ret_problem, problem_size,
            "the header contradicts itself: 几度分带=%s, 带号=%s%s%s; zones 13 to 23 are of 6 degrees, 25 to 45 of "
            "3; say the right one with --crs, for example --crs EPSG:4548 (CGCS2000, 3 degrees, 117°E)",
            header->band, header->zone, header->meridian[0] ? ", 中央子午线=" : "", header->meridian);
        return -1;
    }
    return zone;
}

void dk_survey_count_zone(dk_survey_evidence *e, const dk_survey_header *header, int zone, int64_t line)
{
    char why[sizeof e->unsaid] = "";
    bool between;
    const int said = dk_survey_zone_said(header, why, sizeof why);
    if (e->n_metres++ == 0)
        e->metres_line = line;
    meridian_of(header->meridian, &between);
    if (between && e->unsaid_line == 0) { /* whatever stands before the eastings */
        e->unsaid_line = line;
        memcpy(e->unsaid, why, sizeof e->unsaid);
    }
    if (zone > 0) {
        if (e->n_zone[zone]++ == 0)
            e->zone_line[zone] = line;
        if ((said < 0 || (said > 0 && said != zone)) && e->n_differing++ == 0) {
            memcpy(e->differing_band, header->band, sizeof e->differing_band);
            memcpy(e->differing_zone, header->zone, sizeof e->differing_zone);
        }
        return;
    }
    if (e->n_bare++ == 0)
        e->bare_line = line;
    if (said > 0) {
        if (e->n_bare_zone[said]++ == 0)
            e->bare_zone_line[said] = line;
    } else if (e->unsaid_line == 0) {
        e->unsaid_line = line;
        memcpy(e->unsaid, why, sizeof e->unsaid);
    }
}

/* The zones of an array of counts: how many there are, and one of them (0: none). */
static int zones_in(const int64_t *counts, size_t n, int *ret_zone)
{
    int zones = 0;
    *ret_zone = 0;
    for (size_t i = 0; i < n; i++)
        if (counts[i] > 0 && zones++ == 0)
            *ret_zone = (int)i;
    return zones;
}

/* false: the zones of the parcels do not fit together, or not all are said. */
static bool zones_fit(const dk_survey_header *header, const dk_survey_evidence *e, const dk_zone_family *datum,
                      char *out, size_t size)
{
    int before, said;
    const int n_before = zones_in(e->n_zone, 100, &before), n_said = zones_in(e->n_bare_zone, 46, &said);
    for (int zone = 1; zone < 100; zone++)
        if (e->n_zone[zone] > 0 && dk_zone_band(zone) == 0) {
            snprintf(out, size,
                     "the eastings (line %lld) begin with %d, which is no zone of China; correct them, or say the "
                     "coordinate system with --crs",
                     (long long)e->zone_line[zone], zone);
            return false;
        }
    if (e->n_bare > 0 && n_before > 0 &&
        (n_before > 1 || n_said != 1 || e->unsaid_line > 0 || dk_zone_meridian(said) != dk_zone_meridian(before))) {
        snprintf(out, size,
                 "the eastings of the parcel of line %lld begin with zone %d, those of line %lld with none, and the "
                 "header says 带号=%s; say the zone with --crs, or put the parcels into two files",
                 (long long)e->zone_line[before], before, (long long)e->bare_line, header->zone);
        return false;
    }
    if (e->unsaid_line > 0) {
        if (e->unsaid[0] != '\0')
            snprintf(out, size, "%s", e->unsaid);
        else
            snprintf(out, size,
                     "the header does not say the zone (带号=) and the eastings (line %lld) do not begin with one; say "
                     "it with --crs, for example --crs EPSG:%d (%s, 3 degrees, central meridian 117°E)",
                     (long long)e->unsaid_line, dk_zone_epsg(datum, 39, false), datum->name);
        return false;
    }
    return true;
}

/* What was decided between header and numbers. */
static void note_zones(const dk_survey_evidence *e, bool apart, dk_buf *notes)
{
    int before;
    zones_in(e->n_zone, 100, &before);
    if (e->n_differing > 0 && !apart)
        dk_buf_format(
            notes,
            "the header says 几度分带=%s, 带号=%s, but all eastings begin with zone %d (%d degrees), which was "
            "taken; if that is wrong, withdraw the batch and say the right zone with --crs\n",
            e->differing_band, e->differing_zone, before, dk_zone_band(before));
    if (!apart)
        return;
    dk_buf_text(notes, "the parcels are in several zones, and each was taken in its own:");
    const char *between = " ";
    for (int zone = 1; zone < 100; zone++)
        if (e->n_zone[zone] > 0) {
            dk_buf_format(notes, "%s%d before the eastings of %lld (line %lld)", between, zone,
                          (long long)e->n_zone[zone], (long long)e->zone_line[zone]);
            between = ", ";
        }
    for (int zone = 1; zone < 46; zone++)
        if (e->n_bare_zone[zone] > 0) {
            dk_buf_format(notes, "%s%d above %lld (line %lld)", between, zone, (long long)e->n_bare_zone[zone],
                          (long long)e->bare_zone_line[zone]);
            between = ", ";
        }
    dk_buf_byte(notes, '\n');
    if (e->n_differing > 0)
        dk_buf_format(notes,
                      "the header above %lld of them says another zone (带号=%s) than their eastings begin with, which "
                      "was taken\n",
                      (long long)e->n_differing, e->differing_zone);
}

int dk_survey_decide(const dk_survey_header *header, const dk_survey_evidence *evidence, bool *ret_apart,
                     char *ret_problem, size_t problem_size, dk_buf *notes)
{
    const dk_zone_family *datum = dk_zone_family_named(header->system);
    int before, said;
    ret_problem[0] = '\0';
    *ret_apart = false;
    if (evidence->n_degrees + evidence->n_metres == 0)
        return dk_cgcs2000.geographic; /* every parcel has its own problem: this one is not needed */
    if (header->system[0] != '\0' && datum == NULL) {
        snprintf(
            ret_problem, problem_size,
            "the header says 坐标系=%s, which is not known; if it is CGCS2000, say so with --crs EPSG:N, for example "
            "--crs EPSG:4527 (3-degree zone 39); if it is a local system, have the data transformed to CGCS2000",
            header->system);
        return 0;
    }
    const bool old = datum != NULL && datum != &dk_cgcs2000;
    if (!header_fits(header, evidence, datum != NULL ? datum : &dk_cgcs2000, ret_problem, problem_size))
        return old ? datum->geographic : 0;
    if (datum == NULL) {
        snprintf(ret_problem, problem_size,
                 "the header does not say the coordinate system (坐标系=); say it with --crs, for example --crs %s",
                 evidence->n_degrees > 0 ? "EPSG:4490 (CGCS2000 degrees)" : "EPSG:4527 (CGCS2000, 3-degree zone 39)");
        return 0;
    }
    if (evidence->n_degrees > 0)
        return datum->geographic;
    if (!zones_fit(header, evidence, datum, ret_problem, problem_size))
        return old ? datum->geographic : 0;
    const int n_before = zones_in(evidence->n_zone, 100, &before);
    const int n_said = zones_in(evidence->n_bare_zone, 46, &said);
    *ret_apart = n_before > 1 || n_said > 1;
    note_zones(evidence, *ret_apart, notes);
    return before > 0 ? dk_zone_epsg(datum, before, true) : dk_zone_epsg(datum, said, false);
}
