#include "tiler/crs.h"

#include "store/buf.h"
#include "store/planar.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846
#define DEGREE (PI / 180)
#define SEMI_MAJOR 6378137.0
#define FLATTENING (1.0 / 298.257222101)     /* CGCS2000 */
#define N1 (FLATTENING / (2.0 - FLATTENING)) /* the third flattening and its powers */
#define N2 (N1 * N1)
#define N3 (N2 * N1)
#define N4 (N2 * N2)
#define RECTIFYING (SEMI_MAJOR / (1.0 + N1) * (1.0 + N2 / 4.0 + N4 / 64.0))
#define FALSE_EASTING 500000.0

#define MERCATOR_LATITUDE 85.06
#define ZONE_WIDTH 40.0 /* degrees beside the central meridian; the series is good to a tenth of a millimetre there */

typedef enum form { LON_LAT, LAT_LON, MERCATOR, ZONE } form;

struct dk_crs {
    const char *uri, *code; /* code: how it is written without the URI */
    const char *title;
    form form;
    double meridian, easting; /* ZONE: central meridian in degrees, false easting in metres */
};

#define EPSG(code) "http://www.opengis.net/def/crs/EPSG/0/" #code, "EPSG:" #code

static const dk_crs systems[] = {
    {"http://www.opengis.net/def/crs/OGC/1.3/CRS84", "CRS84", "经度、纬度", LON_LAT, 0, 0},
    {EPSG(4490), "2000国家大地坐标系，纬度、经度", LAT_LON, 0, 0},
    {EPSG(4326), "WGS 84，纬度、经度", LAT_LON, 0, 0},
    {EPSG(3857), "Web 墨卡托，东、北（米）", MERCATOR, 0, 0},
    {EPSG(4526), "2000国家大地坐标系，3度带第38带（东坐标含带号），北、东（米）", ZONE, 114, 38000000 + FALSE_EASTING},
    {EPSG(4527), "2000国家大地坐标系，3度带第39带（东坐标含带号），北、东（米）", ZONE, 117, 39000000 + FALSE_EASTING},
    {EPSG(4528), "2000国家大地坐标系，3度带第40带（东坐标含带号），北、东（米）", ZONE, 120, 40000000 + FALSE_EASTING},
    {EPSG(4547), "2000国家大地坐标系，3度带，中央经线114°E，北、东（米）", ZONE, 114, FALSE_EASTING},
    {EPSG(4548), "2000国家大地坐标系，3度带，中央经线117°E，北、东（米）", ZONE, 117, FALSE_EASTING},
    {EPSG(4549), "2000国家大地坐标系，3度带，中央经线120°E，北、东（米）", ZONE, 120, FALSE_EASTING},
};

enum { N_SYSTEMS = sizeof systems / sizeof *systems };

const dk_crs *dk_crs_at(size_t index)
{
    return index < N_SYSTEMS ? &systems[index] : NULL;
}

const dk_crs *dk_crs_default(void)
{
    return &systems[0];
}

const dk_crs *dk_crs_storage(void)
{
    return &systems[1];
}

static bool same(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncmp(text, word, size) == 0;
}

const dk_crs *dk_crs_find(const char *uri)
{
    size_t size = strlen(uri);
    if (size > 2 && uri[0] == '[' && uri[size - 1] == ']') {
        uri++;
        size -= 2;
    }
    for (size_t i = 0; i < N_SYSTEMS; i++)
        if (same(uri, size, systems[i].uri) || same(uri, size, systems[i].code))
            return &systems[i];
    return same(uri, size, "OGC:CRS84") ? &systems[0] : NULL;
}

dk_status dk_crs_read(const char *parameter, const char *uri, const dk_crs **ret_crs, dk_error *err)
{
    const dk_crs *crs = dk_crs_find(uri);
    if (crs != NULL) {
        *ret_crs = crs;
        return DK_OK;
    }
    dk_buf list;
    dk_buf_init(&list);
    for (size_t i = 0; i < N_SYSTEMS; i++)
        dk_buf_format(&list, "%s%s", i > 0 ? ", " : "", systems[i].uri);
    const char *text = dk_buf_cstr(&list);
    const dk_status status =
        dk_fail(err, DK_INVALID, "The parameter \"%s\" is none of the coordinate systems that are served: %s.",
                parameter, text != NULL ? text : "");
    dk_buf_finish(&list);
    return status;
}

const char *dk_crs_uri(const dk_crs *crs)
{
    return crs->uri;
}

const char *dk_crs_title(const dk_crs *crs)
{
    return crs->title;
}

bool dk_crs_is_lonlat(const dk_crs *crs)
{
    return crs->form == LON_LAT;
}

bool dk_crs_is_degrees(const dk_crs *crs)
{
    return crs->form == LON_LAT || crs->form == LAT_LON;
}

bool dk_crs_has_upright_boxes(const dk_crs *crs)
{
    return crs->form != ZONE;
}

bool dk_crs_is_north_first(const dk_crs *crs)
{
    return crs->form == LAT_LON || crs->form == ZONE;
}

/* ---- the projections ---- */

/* C. F. F. Karney, Transverse Mercator with an accuracy of a few nanometers (2011), eq. 36, to the fourth order. */
static const double back[4] = {
    N1 / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - 1.0 / 360.0 * N4,
    1.0 / 48.0 * N2 + 1.0 / 15.0 * N3 - 437.0 / 1440.0 * N4,
    17.0 / 480.0 * N3 - 37.0 / 840.0 * N4,
    4397.0 / 161280.0 * N4,
};

/* Latitude in degrees from the tangent of the conformal latitude, by Newton's method (Karney, eq. 19 to 21). */
static double latitude_of(double conformal)
{
    const double e = 2.0 * sqrt(N1) / (1.0 + N1), e2 = e * e;
    double t = conformal;
    for (int i = 0; i < 5; i++) {
        const double sigma = sinh(e * atanh(e * t / hypot(1, t)));
        const double tried = t * hypot(1, sigma) - sigma * hypot(1, t);
        t += (conformal - tried) / hypot(1, tried) * (1 + (1 - e2) * t * t) / ((1 - e2) * hypot(1, t));
    }
    return atan(t) / DEGREE;
}

static bool zone_to_lonlat(const dk_crs *crs, double *pair)
{
    const double north = pair[0] / RECTIFYING, east = (pair[1] - crs->easting) / RECTIFYING;
    if (fabs(north) > PI / 2 || fabs(east) > 0.9) /* beyond ZONE_WIDTH at the equator */
        return false;
    double xi = north, eta = east;
    for (int j = 1; j <= 4; j++) {
        xi -= back[j - 1] * sin(2 * j * north) * cosh(2 * j * east);
        eta -= back[j - 1] * cos(2 * j * north) * sinh(2 * j * east);
    }
    const double lon = atan2(sinh(eta), cos(xi)) / DEGREE;
    if (!(fabs(lon) <= ZONE_WIDTH))
        return false;
    pair[0] = crs->meridian + lon;
    pair[1] = latitude_of(sin(xi) / hypot(sinh(eta), cos(xi)));
    return true;
}

static bool zone_from_lonlat(const dk_crs *crs, double *pair)
{
    if (fabs(pair[0] - crs->meridian) > ZONE_WIDTH || fabs(pair[1]) > 90)
        return false;
    double east, north;
    dk_gauss_krueger(pair[0], pair[1], crs->meridian, &east, &north);
    pair[0] = north;
    pair[1] = east + crs->easting;
    return true;
}

static bool mercator_to_lonlat(double *pair)
{
    if (fabs(pair[0]) > 1.001 * PI * SEMI_MAJOR || fabs(pair[1]) > 1.001 * PI * SEMI_MAJOR)
        return false;
    pair[0] = pair[0] / SEMI_MAJOR / DEGREE;
    pair[1] = atan(sinh(pair[1] / SEMI_MAJOR)) / DEGREE;
    return true;
}

static bool mercator_from_lonlat(double *pair)
{
    if (fabs(pair[0]) > 180 || fabs(pair[1]) > MERCATOR_LATITUDE)
        return false;
    pair[0] = pair[0] * DEGREE * SEMI_MAJOR;
    pair[1] = asinh(tan(pair[1] * DEGREE)) * SEMI_MAJOR;
    return true;
}

static void swap(double *pair)
{
    const double first = pair[0];
    pair[0] = pair[1];
    pair[1] = first;
}

static bool to_lonlat(const dk_crs *crs, double *pair)
{
    if (!isfinite(pair[0]) || !isfinite(pair[1]))
        return false;
    switch (crs->form) {
    case LAT_LON:
        swap(pair);
        return true;
    case MERCATOR:
        return mercator_to_lonlat(pair);
    case ZONE:
        return zone_to_lonlat(crs, pair);
    case LON_LAT:
    default:
        return true;
    }
}

static bool from_lonlat(const dk_crs *crs, double *pair)
{
    if (!isfinite(pair[0]) || !isfinite(pair[1]))
        return false;
    switch (crs->form) {
    case LAT_LON:
        swap(pair);
        return true;
    case MERCATOR:
        return mercator_from_lonlat(pair);
    case ZONE:
        return zone_from_lonlat(crs, pair);
    case LON_LAT:
    default:
        return true;
    }
}

dk_status dk_crs_to_lonlat(const dk_crs *crs, double *xy, size_t n, dk_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!to_lonlat(crs, xy + 2 * i))
            return dk_fail(err, DK_INVALID,
                           "A coordinate is not finite or lies outside of %s, whose axes are %s; check their order and "
                           "the coordinate system.",
                           crs->code,
                           crs->form == ZONE       ? "north, east"
                           : crs->form == MERCATOR ? "east, north"
                           : crs->form == LAT_LON  ? "latitude, longitude"
                                                   : "longitude, latitude");
    return DK_OK;
}

dk_status dk_crs_from_lonlat(const dk_crs *crs, double *xy, size_t n, dk_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!from_lonlat(crs, xy + 2 * i))
            return dk_fail(err, DK_INVALID, "A coordinate cannot be given in %s: it lies too far from it.", crs->code);
    return DK_OK;
}

/* ---- boxes ---- */

enum { STEPS = 33 }; /* points of each edge; odd, so that the middle is one */

/* Between its points an edge leaves the box of the points by an eighth of the second difference at most. */
static void widen(double box[4], const double *points)
{
    for (int edge = 0; edge < 4; edge++)
        for (int axis = 0; axis < 2; axis++) {
            double bend = 0;
            for (int i = 1; i + 1 < STEPS; i++) {
                const double *at = points + 8 * i + 2 * edge + axis;
                bend = fmax(bend, fabs(at[-8] - 2 * at[0] + at[8]) / 8);
            }
            for (int i = 0; i < STEPS; i++) {
                const double at = points[8 * i + 2 * edge + axis];
                box[axis] = fmin(box[axis], at - bend);
                box[axis + 2] = fmax(box[axis + 2], at + bend);
            }
        }
}

static dk_status turn_box(const dk_crs *crs, const double box[4], double ret_box[4],
                          dk_status (*turn)(const dk_crs *crs, double *xy, size_t n, dk_error *err), dk_error *err)
{
    double corners[4], points[8 * STEPS];
    memcpy(corners, box, sizeof corners);
    if (dk_crs_has_upright_boxes(crs)) { /* corners are enough */
        const dk_status status = turn(crs, corners, 2, err);
        if (status == DK_OK)
            memcpy(ret_box, corners, sizeof corners);
        return status;
    }
    for (int i = 0; i < STEPS; i++) {
        const double a = (double)i / (STEPS - 1), x = box[0] + (box[2] - box[0]) * a,
                     y = box[1] + (box[3] - box[1]) * a;
        const double edges[8] = {x, box[1], x, box[3], box[0], y, box[2], y};
        memcpy(points + (size_t)8 * i, edges, sizeof edges);
    }
    const dk_status status = turn(crs, points, 4 * STEPS, err);
    if (status != DK_OK)
        return status;
    memcpy(ret_box, (double[4]){points[0], points[1], points[0], points[1]}, 4 * sizeof *ret_box);
    widen(ret_box, points);
    return DK_OK;
}

dk_status dk_crs_box_to_lonlat(const dk_crs *crs, const double box[4], double ret_box[4], dk_error *err)
{
    return turn_box(crs, box, ret_box, dk_crs_to_lonlat, err);
}

dk_status dk_crs_box_from_lonlat(const dk_crs *crs, const double box[4], double ret_box[4], dk_error *err)
{
    return turn_box(crs, box, ret_box, dk_crs_from_lonlat, err);
}
