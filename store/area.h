/* Ellipsoidal area, 图斑椭球面积, by the official formula of 国土调查办发〔2008〕32号 (TD/T 1055-2019 App. D), on the
 * CGCS2000 ellipsoid (a = 6378137 m, f = 1/298.257222101). */
#ifndef DK_STORE_AREA_H
#define DK_STORE_AREA_H

#include <stddef.h>

/* Signed area in square metres of a closed ring; lonlat: n pairs (longitude, latitude) in degrees, the last
 * equal to the first. Positive for counter-clockwise rings (seen with north up). Fewer than 4 pairs: 0. */
double dk_ring_area_m2(const double *lonlat, size_t n);
/* What an edge adds to that sum; degrees, longitudes counted from any meridian that is the same for all edges. */
double dk_edge_area_m2(double lon1, double lat1, double lon2, double lat2);

#endif
