#include "store/area.h"

#include <math.h>
#include <stdbool.h>

/* CGCS2000 (GB 22021-2008). */
#define SEMI_MAJOR 6378137.0
#define FLATTENING (1.0 / 298.257222101)
/* Squares of the eccentricity and of the semi-minor axis. */
#define E2 (FLATTENING * (2.0 - FLATTENING))
#define E4 (E2 * E2)
#define E6 (E4 * E2)
#define E8 (E4 * E4)
#define SEMI_MINOR (SEMI_MAJOR * (1.0 - FLATTENING))

/* Coefficients as the document writes them, so that they can be compared with it. */
static const double series[5] = {
    1.0 + 3.0 / 6.0 * E2 + 30.0 / 80.0 * E4 + 35.0 / 112.0 * E6 + 630.0 / 2304.0 * E8,
    -(1.0 / 6.0 * E2 + 15.0 / 80.0 * E4 + 21.0 / 112.0 * E6 + 420.0 / 2304.0 * E8),
    3.0 / 80.0 * E4 + 7.0 / 112.0 * E6 + 180.0 / 2304.0 * E8,
    -(1.0 / 112.0 * E6 + 45.0 / 2304.0 * E8),
    5.0 / 2304.0 * E8,
};

/* Area between two parallels, per radian of longitude and divided by 2b²; negative when the second is the southern. Of
 * half their difference the sine, and of the latitude in their middle the cosine: sin((2k+1)·half) and
 * cos((2k+1)·middle) follow by recurrence, and the cosines of the doubled angles from them. */
static double zone(double sin_half, double cos_middle)
{
    double s = sin_half, s_before = -s;
    double c = cos_middle, c_before = c;
    const double step_s = 2.0 - 4.0 * s * s;
    const double step_c = 4.0 * c * c - 2.0;
    double sum = 0;
    for (int k = 0; k < 5; k++) {
        sum += series[k] * s * c;
        const double s_next = step_s * s - s_before;
        const double c_next = step_c * c - c_before;
        s_before = s, s = s_next;
        c_before = c, c = c_next;
    }
    return sum;
}

double dk_edge_area_m2(double lon1, double lat1, double lon2, double lat2)
{
    const double radian = acos(-1.0) / 180.0;
    if (lon1 + lon2 == 0 || lat1 == lat2)
        return 0;
    return 2.0 * SEMI_MINOR * SEMI_MINOR * (lon1 + lon2) / 2.0 * radian *
           zone(sin((lat2 - lat1) / 2.0 * radian), cos((lat1 + lat2) / 2.0 * radian));
}

/* Of angles of a parcel, below NEAR, the series are exact to the last digit with these terms, and need no call. */
#define NEAR 2e-3

static double sin_near(double x)
{
    return x * (1 - x * x / 6 * (1 - x * x / 20));
}

static double cos_near(double x)
{
    return 1 - x * x / 2 * (1 - x * x / 12);
}

double dk_ring_area_m2(const double *lonlat, size_t n)
{
    if (n < 4)
        return 0;
    const double radian = acos(-1.0) / 180.0;
    /* Longitudes are counted from the first point: the meridian that trapezoids reach to is free, and a near one
     * keeps a small parcel from being the difference of two areas of 10^9 m². */
    const double origin = lonlat[0];
    const double first = lonlat[1] * radian, s = sin(first), c = cos(first);
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        const double *const from = lonlat + 2 * i;
        const double *const to = from + 2;
        const double width = ((from[0] - origin) + (to[0] - origin)) / 2.0;
        if (width == 0 || from[1] == to[1])
            continue;
        const double half = (to[1] - from[1]) / 2.0 * radian;
        const double beyond = (from[1] + to[1]) / 2.0 * radian - first; /* the middle, from the first point */
        const bool near = fabs(half) < NEAR && fabs(beyond) < NEAR;
        sum += width * radian *
               (near ? zone(sin_near(half), c * cos_near(beyond) - s * sin_near(beyond))
                     : zone(sin(half), cos(first + beyond)));
    }
    return 2.0 * SEMI_MINOR * SEMI_MINOR * sum;
}
