#include "ingest/crs.h"

#include "ingest/gcj02.h"
#include "ingest/transformation.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <ctype.h>
#include <math.h>
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *dk_datum_name(dk_datum datum)
{
    static const char *const names[] = {"an unknown datum", "CGCS2000",     "WGS 84",
                                        "Xian 1980",        "Beijing 1954", "New Beijing"};
    return names[datum];
}

/* Letters and digits in lower case; D_, the mark of Esri's names, is taken off. */
static void plain(const char *name, char *out, size_t size)
{
    size_t n = 0;
    if (strncasecmp(name, "D_", 2) == 0)
        name += 2;
    for (; *name && n + 1 < size; name++)
        if (isalnum((unsigned char)*name))
            out[n++] = (char)tolower((unsigned char)*name);
    out[n] = '\0';
}

/* A name on another ellipsoid is a mistake in the file: 60 m between Krassovsky's and the others. Those of 2000 and 84
 * share their size within a millimetre. */
static bool ellipsoid_fits(OGRSpatialReferenceH srs, dk_datum datum)
{
    OGRErr bad_a = OGRERR_NONE, bad_rf = OGRERR_NONE;
    const double a = OSRGetSemiMajor(srs, &bad_a), rf = OSRGetInvFlattening(srs, &bad_rf);
    const double wanted_a = datum == DK_DATUM_XIAN80                                       ? 6378140
                            : datum == DK_DATUM_BEIJING54 || datum == DK_DATUM_NEW_BEIJING ? 6378245
                                                                                           : 6378137;
    const double wanted_rf = wanted_a == 6378245 ? 298.3 : 298.257;
    return bad_a == OGRERR_NONE && bad_rf == OGRERR_NONE && fabs(a - wanted_a) < 0.5 && fabs(rf - wanted_rf) < 0.01;
}

static dk_datum datum_of(OGRSpatialReferenceH srs)
{
    static const struct {
        const char *name;
        dk_datum datum;
    } names[] = {
        {"china2000", DK_DATUM_CGCS2000},
        {"cgcs2000", DK_DATUM_CGCS2000},
        {"chinageodeticcoordinatesystem2000", DK_DATUM_CGCS2000},
        {"chinesegeodeticcoordinatesystem2000", DK_DATUM_CGCS2000},
        {"wgs1984", DK_DATUM_WGS84},
        {"wgs84", DK_DATUM_WGS84},
        {"worldgeodeticsystem1984", DK_DATUM_WGS84},
        {"worldgeodeticsystem1984ensemble", DK_DATUM_WGS84},
        {"xian1980", DK_DATUM_XIAN80},
        {"xian80", DK_DATUM_XIAN80},
        {"beijing1954", DK_DATUM_BEIJING54},
        {"beijing54", DK_DATUM_BEIJING54},
        {"newbeijing", DK_DATUM_NEW_BEIJING},
    };
    const char *name = OSRGetAttrValue(srs, "DATUM", 0);
    char folded[80];
    if (name == NULL)
        return DK_DATUM_UNKNOWN;
    plain(name, folded, sizeof folded);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(folded, names[i].name) == 0)
            return ellipsoid_fits(srs, names[i].datum) ? names[i].datum : DK_DATUM_UNKNOWN;
    return DK_DATUM_UNKNOWN;
}

bool dk_crs_unsaid(OGRSpatialReferenceH srs)
{
    const char *name = OSRGetAttrValue(srs, "DATUM", 0);
    char folded[80];
    if (name == NULL)
        return !OSRIsProjected(srs) && !OSRIsGeographic(srs) && !OSRIsGeocentric(srs);
    plain(name, folded, sizeof folded);
    return strstr(folded, "unknown") != NULL || strstr(folded, "undefined") != NULL ||
           strstr(folded, "notspecified") == folded;
}

bool dk_crs_other_datum(OGRSpatialReferenceH srs)
{
    const dk_datum found = datum_of(srs);
    return !dk_crs_unsaid(srs) && OSRGetAttrValue(srs, "DATUM", 0) != NULL && found != DK_DATUM_CGCS2000 &&
           found != DK_DATUM_WGS84;
}

/* The name with its EPSG code: given in the definition, or found where Esri leaves it out. */
static void name_crs(OGRSpatialReferenceH srs, char *out, size_t size)
{
    const char *name = OSRGetName(srs);
    const char *authority = OSRGetAuthorityName(srs, NULL), *code = OSRGetAuthorityCode(srs, NULL);
    char found[16] = "";
    if (authority != NULL && strcasecmp(authority, "EPSG") == 0 && code != NULL) {
        snprintf(found, sizeof found, "%s", code);
    } else {
        int n = 0, *confidence = NULL;
        OGRSpatialReferenceH *matches = OSRFindMatches(srs, NULL, &n, &confidence);
        if (matches != NULL && n > 0 && confidence[0] >= 90) {
            code = OSRGetAuthorityCode(matches[0], NULL);
            if (code != NULL)
                snprintf(found, sizeof found, "%s", code);
        }
        OSRFreeSRSArray(matches);
        CPLFree(confidence);
    }
    if (found[0] != '\0')
        snprintf(out, size, "%.120s (EPSG:%s)", name ? name : "unnamed", found);
    else
        snprintf(out, size, "%.120s", name ? name : "an unnamed coordinate system");
}

static dk_status refuse_datum(OGRSpatialReferenceH srs, dk_datum found, const char *path, const char *name,
                              dk_error *err)
{
    const char *own = OSRGetAttrValue(srs, "DATUM", 0);
    if (found == DK_DATUM_UNKNOWN)
        return dk_fail(err, DK_INVALID,
                       "%s: its coordinate system is %s, on the datum \"%s\", which is neither CGCS2000 nor WGS 84, "
                       "nor an old Chinese "
                       "datum on its own ellipsoid; have the data transformed to CGCS2000 and load that",
                       path, name, own ? own : "none");
    return dk_fail(
        err, DK_INVALID,
        "%s: its coordinate system is %s, on the datum %s, tens of metres from CGCS2000; give the official "
        "parameters with --transformation FILE, have the data transformed to CGCS2000 with them, or take the error "
        "with --accept-datum-error, which marks the batch",
        path, name, dk_datum_name(found));
}

static bool is_one_of(const char *key, size_t size, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strlen(*names) == size && strncmp(*names, key, size) == 0)
            return true;
    return false;
}

/* Keeps the parameters of the projection and of the ellipsoid; leaves out everything that could shift a datum, and what
 * says nothing of the plane. Of any other the projection would be another without it: false. steps: of a transformation
 * that the user gives, from longitude and latitude in radians to such; or "". */
static bool pipeline_from_proj4(const char *proj4, const char *steps, char *out, size_t size)
{
    static const char *const kept[] = {"proj",  "lat_0",    "lon_0",   "lat_1", "lat_2", "lat_ts", "k",
                                       "k_0",   "x_0",      "y_0",     "a",     "b",     "rf",     "ellps",
                                       "units", "to_meter", "zone",    "south", "alpha", "gamma",  "lonc",
                                       "axis",  "over",     "no_uoff", NULL},
                             *const left_out[] = {"datum",   "towgs84",   "nadgrids", "geoidgrids", "geoid_crs",
                                                  "vunits",  "vto_meter", "lon_wrap", "approx",     "wktext",
                                                  "no_defs", "type",      "title",    NULL};
    int n = snprintf(out, size, "+proj=pipeline +step +inv");
    const char *at = proj4;
    while (*at != '\0') {
        at += strspn(at, " +");
        const size_t word = strcspn(at, " ");
        const size_t key = strcspn(at, " =");
        if (word == 0)
            break;
        const char *text = NULL;
        if (strncmp(at, "datum=WGS84", word) == 0 && word == strlen("datum=WGS84"))
            text = "ellps=WGS84";
        else if (is_one_of(at, key, kept))
            text = at;
        else if (!is_one_of(at, key, left_out))
            return false;
        if (text != NULL && n > 0 && (size_t)n < size)
            n += snprintf(out + n, size - (size_t)n, " +%.*s", (int)(text == at ? word : strlen(text)), text);
        at += word;
    }
    if (n > 0 && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, "%s +step +proj=unitconvert +xy_in=rad +xy_out=deg", steps);
    return n > 0 && (size_t)n < size;
}

/* Whether it is a Gauss-Krüger projection with eastings from 500 km, with or without a zone before them. */
static void find_zone(OGRSpatialReferenceH srs, dk_crs *crs)
{
    const char *projection = OSRGetAttrValue(srs, "PROJECTION", 0);
    if (projection == NULL || strcmp(projection, SRS_PT_TRANSVERSE_MERCATOR) != 0 || OSRGetLinearUnits(srs, NULL) != 1)
        return;
    const double easting = OSRGetProjParm(srs, SRS_PP_FALSE_EASTING, 0, NULL);
    const double meridian = OSRGetProjParm(srs, SRS_PP_CENTRAL_MERIDIAN, 0, NULL);
    if (OSRGetProjParm(srs, SRS_PP_SCALE_FACTOR, 1, NULL) != 1 || meridian < 0 || meridian > 180 ||
        OSRGetProjParm(srs, SRS_PP_FALSE_NORTHING, 0, NULL) != 0 ||
        OSRGetProjParm(srs, SRS_PP_LATITUDE_OF_ORIGIN, 0, NULL) != 0)
        return;
    if (fmod(meridian, 3) == 0)
        crs->zone3 = (int)(meridian / 3);
    if (fmod(meridian + 3, 6) == 0)
        crs->zone6 = (int)((meridian + 3) / 6);
    if (easting == 500000) {
        crs->gauss = true;
    } else if (fmod(easting - 500000, 1000000) == 0 && easting > 500000 && easting < 61000000) {
        crs->gauss = true;
        crs->zone = (int)((easting - 500000) / 1000000);
    }
}

/* An old datum by what the user allows: the steps of a transformation, and how the rows are marked. */
static dk_status allow_datum(OGRSpatialReferenceH srs, const dk_crs_policy *policy, const char *path, dk_crs *crs,
                             dk_buf *steps, dk_error *err)
{
    const dk_datum datum = crs->datum;
    if (policy != NULL && policy->any_datum && datum != DK_DATUM_UNKNOWN)
        return DK_OK;
    if (datum == DK_DATUM_UNKNOWN || policy == NULL || (policy->transformation == NULL && !policy->accept_error))
        return refuse_datum(srs, datum, path, crs->name, err);
    if (policy->transformation == NULL) {
        snprintf(crs->stamp, sizeof crs->stamp, "%s taken as CGCS2000 without a transformation", dk_datum_name(datum));
        return DK_OK;
    }
    const dk_transformation *by = policy->transformation;
    if (dk_transformation_from(by) != datum)
        return dk_fail(err, DK_INVALID,
                       "%s: its coordinate system is %s, on the datum %s, and the transformation %s is from %s", path,
                       crs->name, dk_datum_name(datum), dk_transformation_name(by),
                       dk_datum_name(dk_transformation_from(by)));
    if (!dk_transformation_steps(by, OSRGetSemiMajor(srs, NULL), OSRGetInvFlattening(srs, NULL), steps))
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    snprintf(crs->stamp, sizeof crs->stamp, "%s transformed by %s", dk_datum_name(datum), dk_transformation_name(by));
    return DK_OK;
}

/* plane4 holds in one plane: the system must be that one, with or without the zone in its eastings. */
static dk_status plane_pipeline(const dk_crs_policy *policy, const char *path, const char *steps, dk_crs *crs,
                                dk_error *err)
{
    const dk_crs_policy any = {.any_datum = true};
    char text[24];
    dk_crs plane;
    snprintf(text, sizeof text, "EPSG:%d", dk_transformation_plane(policy->transformation));
    const dk_status status = dk_crs_from_text(text, &any, &plane, err);
    if (status != DK_OK)
        return status;
    if (!crs->gauss || crs->zone3 != plane.zone3 || crs->zone6 != plane.zone6)
        return dk_fail(err, DK_INVALID, "%s: its coordinate system is %s, and the transformation %s holds in %s only",
                       path, crs->name, dk_transformation_name(policy->transformation), plane.name);
    char bare[48] = ""; /* the parameters are those of the plane without the zone */
    if (crs->zone > 0)
        snprintf(bare, sizeof bare, " +step +proj=affine +xoff=-%d000000", crs->zone);
    const int n = snprintf(crs->pipeline, sizeof crs->pipeline,
                           "+proj=pipeline%s%s +step +proj=unitconvert +xy_in=rad +xy_out=deg", bare, steps);
    return n > 0 && (size_t)n < sizeof crs->pipeline ? DK_OK
                                                     : dk_fail(err, DK_LIMIT, "%s: its projection is too long", path);
}

dk_status dk_crs_from_srs(OGRSpatialReferenceH given, const char *path, const dk_crs_policy *policy, dk_crs *ret_crs,
                          dk_error *err)
{
    dk_buf steps;
    dk_buf_init(&steps);
    dk_crs crs = {0};
    dk_status status = DK_OK;
    char *proj4 = NULL;
    OGRSpatialReferenceH srs = OSRClone(given);
    if (srs == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    OSRStripVertical(srs);
    name_crs(srs, crs.name, sizeof crs.name);
    const bool projected = OSRIsProjected(srs), geographic = OSRIsGeographic(srs);
    const dk_datum found = datum_of(srs);
    if (!projected && !geographic) {
        status = dk_fail(err, DK_INVALID,
                         "%s: its coordinate system is %s, which is neither geographic nor projected; say what the "
                         "coordinates are with --crs EPSG:N (for example EPSG:4527, CGCS2000 3-degree zone 39)",
                         path, crs.name);
        goto out;
    }
    crs.datum = found;
    if (found != DK_DATUM_CGCS2000 && found != DK_DATUM_WGS84 &&
        (status = allow_datum(srs, policy, path, &crs, &steps, err)) != DK_OK)
        goto out;
    const char *by = steps.size > 0 ? dk_buf_cstr(&steps) : "";
    const bool in_plane = steps.size > 0 && dk_transformation_plane(policy->transformation) != 0;
    if (fabs(OSRGetPrimeMeridian(srs, NULL)) > 1e-9) {
        status = dk_fail(err, DK_INVALID,
                         "%s: its coordinate system is %s, whose longitudes do not count from Greenwich; "
                         "have the data transformed to CGCS2000",
                         path, crs.name);
        goto out;
    }
    if (geographic) {
        crs.degrees = true;
        if (fabs(OSRGetAngularUnits(srs, NULL) - 0.017453292519943295) > 1e-9)
            status = dk_fail(err, DK_INVALID,
                             "%s: its coordinate system is %s, which is not in degrees; have the data "
                             "transformed to CGCS2000 (EPSG:4490)",
                             path, crs.name);
        else if (in_plane)
            status = plane_pipeline(policy, path, by, &crs, err); /* refuses it: these are degrees */
        else if (steps.size > 0)
            snprintf(
                crs.pipeline, sizeof crs.pipeline,
                "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad%s +step +proj=unitconvert +xy_in=rad +xy_out=deg",
                by);
        goto out;
    }
    if (OSRExportToProj4(srs, &proj4) != OGRERR_NONE ||
        !pipeline_from_proj4(proj4, in_plane ? "" : by, crs.pipeline, sizeof crs.pipeline)) {
        status = dk_fail(err, DK_INVALID,
                         "%s: its coordinate system is %s, a projection that is not known; have the data "
                         "transformed to CGCS2000",
                         path, crs.name);
        goto out;
    }
    find_zone(srs, &crs);
    if (in_plane)
        status = plane_pipeline(policy, path, by, &crs, err);
out:
    if (steps.data != NULL)
        explicit_bzero(steps.data, steps.capacity);
    dk_buf_finish(&steps);
    CPLFree(proj4);
    OSRRelease(srs);
    CPLErrorReset();
    if (status == DK_OK)
        *ret_crs = crs;
    return status;
}

static bool is_gcj02(const char *text)
{
    return strcasecmp(text, "gcj02") == 0 || strcasecmp(text, "gcj-02") == 0;
}

dk_status dk_crs_from_text(const char *text, const dk_crs_policy *policy, dk_crs *ret_crs, dk_error *err)
{
    const char *code = strncasecmp(text, "EPSG:", 5) == 0 ? text + 5 : text;
    const size_t digits = strspn(code, "0123456789");
    if (is_gcj02(text)) {
        *ret_crs = (dk_crs){.name = "GCJ-02",
                            .datum = DK_DATUM_WGS84,
                            .degrees = true,
                            .gcj02 = true,
                            .stamp = "GCJ-02 undone by the public approximation, good to metres only"};
        return DK_OK;
    }
    if (digits == 0 || digits > 6 || code[digits] != '\0')
        return dk_fail(
            err, DK_INVALID,
            "--crs %s: write it as EPSG:N, for example --crs EPSG:4527 (CGCS2000, 3-degree zone 39), or gcj02 for "
            "degrees of GCJ-02",
            text);
    char origin[64];
    snprintf(origin, sizeof origin, "--crs %s", text);
    return dk_crs_from_epsg(atoi(code), origin, policy, ret_crs, err);
}

dk_status dk_crs_from_epsg(int code, const char *origin, const dk_crs_policy *policy, dk_crs *ret_crs, dk_error *err)
{
    dk_status status;
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    if (srs == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (OSRImportFromEPSG(srs, code) != OGRERR_NONE)
        status = dk_fail(err, DK_NOT_FOUND,
                         "%s: there is no such coordinate system; for CGCS2000 3-degree zones it is "
                         "EPSG:4513 (zone 25) to EPSG:4533 (zone 45), in degrees EPSG:4490",
                         origin);
    else
        status = dk_crs_from_srs(srs, origin, policy, ret_crs, err);
    OSRRelease(srs);
    CPLErrorReset();
    return status;
}

dk_zone_fix dk_crs_zone_fix(const dk_crs *crs, double easting, double *ret_shift, int *ret_prefix)
{
    *ret_shift = 0;
    *ret_prefix = 0;
    if (!crs->gauss)
        return DK_ZONE_AS_IS;
    if (easting >= 1e7 && easting < 1e8) { /* eight digits: two of a zone, six of an easting */
        const int prefix = (int)(easting / 1e6);
        *ret_prefix = prefix;
        if (prefix == crs->zone)
            return DK_ZONE_AS_IS;
        if (prefix != crs->zone3 && prefix != crs->zone6)
            return DK_ZONE_CONTRADICTS;
        *ret_shift = (crs->zone - prefix) * 1e6;
        return DK_ZONE_STRIPPED;
    }
    if (crs->zone > 0 && easting >= 1e5 && easting < 1e6) {
        *ret_shift = crs->zone * 1e6;
        return DK_ZONE_ADDED;
    }
    return DK_ZONE_AS_IS;
}

/* Neighbours share their corners, and stand near each other in most files: of a cadastre every second position is one
 * of the last few thousand. As many are remembered as stay in the cache of a core. A power of two. */
#define REMEMBERED 4096

typedef struct remembered {
    double from[2], to[2];
} remembered;

struct dk_transformer {
    PJ_CONTEXT *context;
    PJ *pj; /* NULL: degrees already */
    bool gcj02;
    remembered *last; /* [REMEMBERED], by the hash of from; of NaN: nothing yet */
};

dk_status dk_transformer_create(const dk_crs *crs, dk_transformer **ret_transformer, dk_error *err)
{
    dk_transformer *transformer = calloc(1, sizeof *transformer);
    if (transformer == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    transformer->gcj02 = crs->gcj02;
    if (crs->pipeline[0] != '\0') {
        transformer->context = proj_context_create();
        if (transformer->context != NULL) {
            proj_log_level(transformer->context, PJ_LOG_NONE);
            transformer->pj = proj_create(transformer->context, crs->pipeline);
        }
        if (transformer->pj == NULL) {
            dk_transformer_free(transformer);
            return dk_fail(err, DK_INVALID, "%s: PROJ cannot compute this projection", crs->name);
        }
        if ((transformer->last = malloc(REMEMBERED * sizeof *transformer->last)) == NULL) {
            dk_transformer_free(transformer);
            return dk_fail(err, DK_NOMEM, "out of memory");
        }
        for (size_t i = 0; i < REMEMBERED; i++)
            transformer->last[i].from[0] = NAN; /* equal to nothing */
    }
    *ret_transformer = transformer;
    return DK_OK;
}

void dk_transformer_free(dk_transformer *transformer)
{
    if (transformer == NULL)
        return;
    proj_destroy(transformer->pj);
    if (transformer->context != NULL)
        proj_context_destroy(transformer->context);
    free(transformer->last);
    free(transformer);
}

static remembered *place_of(dk_transformer *transformer, const double xy[2])
{
    uint64_t x, y;
    memcpy(&x, &xy[0], sizeof x);
    memcpy(&y, &xy[1], sizeof y);
    x = x * UINT64_C(0x9e3779b97f4a7c15) ^ y * UINT64_C(0xc2b2ae3d27d4eb4f);
    x = (x ^ x >> 29) * UINT64_C(0x9e3779b97f4a7c15);
    return &transformer->last[x >> 32 & (REMEMBERED - 1)];
}

static void project(dk_transformer *transformer, double xy[2])
{
    remembered *place = place_of(transformer, xy);
    if (place->from[0] != xy[0] || place->from[1] != xy[1]) {
        const PJ_COORD to = proj_trans(transformer->pj, PJ_FWD, proj_coord(xy[0], xy[1], 0, 0));
        *place = (remembered){{xy[0], xy[1]}, {to.xy.x, to.xy.y}};
    }
    memcpy(xy, place->to, sizeof place->to);
}

void dk_transform(dk_transformer *transformer, double *xy, size_t n)
{
    /* A ring ends where it begins: of a parcel that is one of five or six positions. */
    const bool closed = n > 1 && memcmp(xy, xy + 2 * (n - 1), 2 * sizeof *xy) == 0;
    const size_t different = n - closed;
    if (transformer->gcj02)
        dk_gcj02_undo(xy, different);
    if (transformer->pj != NULL)
        for (size_t i = 0; i < different; i++)
            project(transformer, xy + 2 * i);
    if (closed)
        memcpy(xy + 2 * (n - 1), xy, 2 * sizeof *xy);
}

void dk_crs_suggest(double x, double y, char *out, size_t size)
{
    const bool degrees = fabs(x) <= 180 && fabs(y) <= 180 && (fabs(x) <= 90 || fabs(y) <= 90) && (x != 0 || y != 0);
    const bool swapped =
        degrees ? fabs(y) > 90 : x >= 1e6 && x < 1e7 && ((y >= 1e7 && y < 1e8) || (y >= 1e5 && y < 1e6));
    const double east = swapped ? y : x;
    const int zone = east >= 1.3e7 && east < 4.6e7 ? (int)(east / 1e6) : 0;
    const char *axes = swapped ? " --axes yx" : "";
    if (degrees)
        snprintf(
            out, size,
            "the file does not say its coordinate system; its numbers look like degrees: if they are CGCS2000, say "
            "--crs EPSG:4490%s",
            axes);
    else if (zone >= 25 && zone <= 45)
        snprintf(
            out, size,
            "the file does not say its coordinate system; its eastings begin with zone %d: if they are CGCS2000, say "
            "--crs EPSG:%d (3-degree zone %d)%s",
            zone, 4488 + zone, zone, axes);
    else if (zone >= 13 && zone <= 23)
        snprintf(
            out, size,
            "the file does not say its coordinate system; its eastings begin with zone %d: if they are CGCS2000, say "
            "--crs EPSG:%d (6-degree zone %d)%s",
            zone, 4478 + zone, zone, axes);
    else
        snprintf(out, size,
                 "the file does not say its coordinate system, and its eastings do not begin with a zone; say it with "
                 "--crs, for example --crs EPSG:4548 (CGCS2000, 3 degrees, central meridian 117°E)%s%s",
                 swapped ? ", and as the northing comes first" : "", axes);
}
