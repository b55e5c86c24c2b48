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

void dk_gauss_krueger(double lon, double lat, double meridian, double *ret_east, double *ret_north)
{
    const double radian = acos(-1.0) / 180.0, eccentricity = 2.0 * sqrt(N1) / (1.0 + N1);
    const double phi = lat * radian, lambda = (lon - meridian) * radian;
    const double t = sinh(atanh(sin(phi)) - eccentricity * atanh(eccentricity * sin(phi)));
    const double xi = atan2(t, cos(lambda)), eta = asinh(sin(lambda) / hypot(t, cos(lambda)));
    double north = xi, east = eta;
    for (int j = 1; j <= 4; j++) {
        north += series[j - 1] * sin(2 * j * xi) * cosh(2 * j * eta);
        east += series[j - 1] * cos(2 * j * xi) * sinh(2 * j * eta);
    }
    *ret_east = RECTIFYING * east;
    *ret_north = RECTIFYING * north;
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
