#include "ingest/gcj02.h"

#include <math.h>
#include <stdbool.h>

/* Where the shift applies: a box of degrees around China. */
static bool shifted_there(double lon, double lat)
{
    return lon >= 72.004 && lon <= 137.8347 && lat >= 0.8293 && lat <= 55.8271;
}

/* What is added to the degrees of WGS 84. The shift is a sum of waves in metres, counted from 105° E 35° N, and becomes
 * degrees on the ellipsoid of Krassovsky. */
static void offset(double lon, double lat, double *ret_lon, double *ret_lat)
{
    static const double semi_major = 6378245, eccentricity2 = 0.00669342162296594323;
    const double x = lon - 105, y = lat - 35, phi = lat * M_PI / 180;
    const double both = 20 * sin(6 * M_PI * x) + 20 * sin(2 * M_PI * x);
    const double east_waves =
        both + 20 * sin(M_PI * x) + 40 * sin(M_PI * x / 3) + 150 * sin(M_PI * x / 12) + 300 * sin(M_PI * x / 30);
    const double north_waves =
        both + 20 * sin(M_PI * y) + 40 * sin(M_PI * y / 3) + 160 * sin(M_PI * y / 12) + 320 * sin(M_PI * y / 30);
    const double east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(fabs(x)) + east_waves * 2 / 3;
    const double north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(fabs(x)) + north_waves * 2 / 3;
    const double w2 = 1 - eccentricity2 * sin(phi) * sin(phi), w = sqrt(w2);
    const double meridian = semi_major * (1 - eccentricity2) / (w2 * w), normal = semi_major / w; /* radii */
    *ret_lon = east / (normal * cos(phi)) * 180 / M_PI;
    *ret_lat = north / meridian * 180 / M_PI;
}

void dk_gcj02_shift(double lonlat[2])
{
    double lon, lat;
    if (!shifted_there(lonlat[0], lonlat[1]))
        return;
    offset(lonlat[0], lonlat[1], &lon, &lat);
    lonlat[0] += lon;
    lonlat[1] += lat;
}

void dk_gcj02_undo(double *lonlat, size_t n)
{
    /* The shift changes by some millimetres a metre at most, so each step leaves a two hundredth of the error or less.
     */
    enum { STEPS = 8 };
    for (size_t i = 0; i < n; i++) {
        double *const at = lonlat + 2 * i;
        if (!shifted_there(at[0], at[1]))
            continue;
        double lon = at[0], lat = at[1], by_lon, by_lat;
        for (int step = 0; step < STEPS; step++) {
            offset(lon, lat, &by_lon, &by_lat);
            lon = at[0] - by_lon;
            lat = at[1] - by_lat;
        }
        at[0] = lon;
        at[1] = lat;
    }
}
