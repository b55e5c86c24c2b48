/* Planar area, 平面面积: in the Gauss-Krüger plane of CGCS2000 (GB 22021-2008), 3-degree zones with a scale of 1 on
 * their central meridian, as 勘测定界 and approvals of land measure it. */
#ifndef DK_STORE_PLANAR_H
#define DK_STORE_PLANAR_H

#include "store/geometry.h"

/* The central meridian, in degrees, of the 3-degree zone in which a longitude lies. */
double dk_central_meridian(double lon);
/* Easting (0 on the central meridian) and northing in metres of a longitude and latitude in degrees, by Krüger's series
 * to the fourth power of the third flattening: a tenth of a millimetre within 5 degrees. */
void dk_gauss_krueger(double lon, double lat, double meridian, double *ret_east, double *ret_north);
/* Square metres of a closed ring in a plane, whichever way round; metres: n pairs, the last equal to the first. */
double dk_plane_ring_area_m2(const double *metres, size_t n);
/* Square metres, holes taken off, in the zone of the middle of the shape's box. 0 for what is not polygons. */
double dk_shape_planar_area_m2(const dk_shape *shape);

#endif
