#include "store/area.h"

#include <math.h>

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

/* Area between two parallels, per radian of longitude and divided by 2b²; negative when the second is the southern. */
static double zone(double lat1, double lat2)
{
    const double half = (lat2 - lat1) / 2.0;
    const double middle = (lat1 + lat2) / 2.0;
    /* sin((2k+1)·half) and cos((2k+1)·middle) by recurrence, and the cosines of the doubled angles from them: two calls
     * instead of ten */
    double s = sin(half), s_before = -s;
    double c = cos(middle), c_before = c;
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
    return 2.0 * SEMI_MINOR * SEMI_MINOR * (lon1 + lon2) / 2.0 * radian * zone(lat1 * radian, lat2 * radian);
}

double dk_ring_area_m2(const double *lonlat, size_t n)
{
    if (n < 4)
        return 0;
    const double radian = acos(-1.0) / 180.0;
    /* Longitudes are counted from the first point: the meridian that trapezoids reach to is free, and a near one
     * keeps a small parcel from being the difference of two areas of 10^9 m². */
    const double origin = lonlat[0];
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        const double *const from = lonlat + 2 * i;
        const double *const to = from + 2;
        const double width = ((from[0] - origin) + (to[0] - origin)) / 2.0;
        if (width != 0 && from[1] != to[1])
            sum += width * radian * zone(from[1] * radian, to[1] * radian);
    }
    return 2.0 * SEMI_MINOR * SEMI_MINOR * sum;
}
