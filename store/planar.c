#include "store/planar.h"

#include <math.h>

#define SEMI_MAJOR 6378137.0
#define FLATTENING (1.0 / 298.257222101)
#define N1 (FLATTENING / (2.0 - FLATTENING)) /* the third flattening and its powers */
#define N2 (N1 * N1)
#define N3 (N2 * N1)
#define N4 (N2 * N2)
#define RECTIFYING (SEMI_MAJOR / (1.0 + N1) * (1.0 + N2 / 4.0 + N4 / 64.0))

static const double series[4] = {
    N1 / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1440.0 * N4,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4,
    49561.0 / 161280.0 * N4,
};

double dk_central_meridian(double lon)
{
    return 3.0 * round(lon / 3.0);
}

/* sinh(e artanh(e s)) for |s| <= 1: what conformal latitude takes off (Karney 2011, equations 7 and 9). e s is below
 * 0.082, so that both functions are a few terms of their series, exact to the last digit. */
static double conformal_part(double s)
{
    const double e2 = FLATTENING * (2.0 - FLATTENING), q = e2 * s * s;
    const double x =
        e2 * s * (1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13)))))));
    return x * (1 + x * x / 6 * (1 + x * x / 20));
}

/* The functions of the spherical coordinates xi and eta that the series needs follow from tan xi = t / cos(lambda) and
 * sinh eta = sin(lambda) / h without calling any, and their multiples from Clenshaw's recurrence in complex numbers. */
void dk_gauss_krueger(double lon, double lat, double meridian, double *ret_east, double *ret_north)
{
    const double radian = acos(-1.0) / 180.0;
    const double s = sin(lat * radian), c = cos(lat * radian);
    const double sl = sin((lon - meridian) * radian), cl = cos((lon - meridian) * radian);
    const double sigma = conformal_part(s), t = (s * sqrt(1 + sigma * sigma) - sigma) / c;
    const double h2 = t * t + cl * cl;
    const double sin2xi = 2 * t * cl / h2, cos2xi = (cl - t) * (cl + t) / h2;
    const double sinh2eta = 2 * sl * sqrt(1 + t * t) / h2, cosh2eta = 1 + 2 * sl * sl / h2;
    const double re = 2 * cos2xi * cosh2eta, im = -2 * sin2xi * sinh2eta; /* 2 cos(2 (xi + i eta)) */
    double north = 0, east = 0, north_before = 0, east_before = 0;
    for (int j = 3; j >= 0; j--) {
        const double n = series[j] + re * north - im * east - north_before, e = re * east + im * north - east_before;
        north_before = north, east_before = east;
        north = n, east = e;
    }
    /* times sin(2 (xi + i eta)) */
    *ret_north = RECTIFYING * (atan2(t, cl) + sin2xi * cosh2eta * north - cos2xi * sinh2eta * east);
    *ret_east = RECTIFYING * (asinh(sl / sqrt(h2)) + sin2xi * cosh2eta * east + cos2xi * sinh2eta * north);
}

static double ring_area(const double *lonlat, size_t n, double meridian)
{
    double sum = 0, x0 = 0, y0 = 0, x = 0, y = 0;
    for (size_t i = 0; i < n; i++) { /* from the first point, so that a small ring is no difference of large numbers */
        double east, north;
        dk_gauss_krueger(lonlat[2 * i], lonlat[2 * i + 1], meridian, &east, &north);
        if (i == 0)
            x0 = east, y0 = north;
        sum += x * (north - y0) - (east - x0) * y;
        x = east - x0;
        y = north - y0;
    }
    return fabs(sum) / 2.0;
}

double dk_plane_ring_area_m2(const double *metres, size_t n)
{
    double sum = 0;
    for (size_t i = 2; i < n; i++) { /* from the first point, as above */
        const double *const from = metres + 2 * i - 2, *const to = metres + 2 * i;
        sum += (from[0] - metres[0]) * (to[1] - metres[1]) - (to[0] - metres[0]) * (from[1] - metres[1]);
    }
    return fabs(sum) / 2.0;
}

double dk_shape_planar_area_m2(const dk_shape *shape)
{
    double bounds[4], area = 0;
    if (shape->kind != DK_POLYGONS || shape->n_points == 0)
        return 0;
    dk_shape_bounds(shape, bounds);
    const double meridian = dk_central_meridian((bounds[0] + bounds[2]) / 2.0);
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *part = &shape->parts[i];
        const double ring = ring_area(shape->lonlat + 2 * part->start, part->count, meridian);
        area += part->hole ? -ring : ring;
    }
    return area;
}
