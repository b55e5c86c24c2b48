/* Coordinate reference systems of answers and parameters (OGC API Features, Part 2, 18-058r1).
 *
 * CRS84 (the default), EPSG:4490 and 4326, 3857, and the CGCS2000 3-degree Gauss-Krüger zones 4526 to 4528 (eastings
 * with the zone's number) and 4547 to 4549 (without). The stored degrees are CGCS2000; WGS 84 is taken as the same
 * datum, so nothing here shifts one. Coordinates are pairs in the axis order that the authority gives the system:
 * CRS84 longitude, latitude; 4490 and 4326 latitude, longitude; 3857 east, north; the zones north, east.
 *
 * Everything is a static table and closed formulas without state: callable from any thread. */
#ifndef DK_TILER_CRS_H
#define DK_TILER_CRS_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct dk_crs dk_crs;

/* The systems in the order in which they are listed: 0 is CRS84, the default. NULL behind the last. */
const dk_crs *dk_crs_at(size_t index);
/* The default, CRS84, and the one that rows are stored in, EPSG:4490. */
const dk_crs *dk_crs_default(void);
const dk_crs *dk_crs_storage(void);

/* By URI (http://www.opengis.net/def/crs/EPSG/0/4490, .../OGC/1.3/CRS84), safe CURIE ([EPSG:4490]) or EPSG:4490, CRS84.
 * NULL: not served. */
const dk_crs *dk_crs_find(const char *uri);
/* The same for a parameter: DK_INVALID names the parameter and lists what is served. */
dk_status dk_crs_read(const char *parameter, const char *uri, const dk_crs **ret_crs, dk_error *err);

const char *dk_crs_uri(const dk_crs *crs);
const char *dk_crs_title(const dk_crs *crs); /* Chinese */
bool dk_crs_is_lonlat(const dk_crs *crs);    /* coordinates are (lon, lat) degrees as stored: CRS84 */
bool dk_crs_is_degrees(const dk_crs *crs);   /* else metres */
bool dk_crs_is_north_first(const dk_crs *crs);
bool dk_crs_has_upright_boxes(const dk_crs *crs); /* the sides of its boxes are meridians and parallels */

/* Pairs in the system's own axis order <-> (lon, lat) degrees of EPSG:4490, in place. Exact to 0.01 mm within 20
 * degrees of a zone's central meridian. DK_INVALID, and xy is undefined: a coordinate that is not finite or lies
 * outside of where the system can be computed (85.06 degrees of latitude for 3857, 40 degrees beside the central
 * meridian for a zone). */
dk_status dk_crs_to_lonlat(const dk_crs *crs, double *xy, size_t n, dk_error *err);
dk_status dk_crs_from_lonlat(const dk_crs *crs, double *xy, size_t n, dk_error *err);

/* The box in the other system that holds a box: min1, min2, max1, max2 in axis order <-> west, south, east, north.
 * Edges are curved in the other system and are followed at many points. box and ret_box may be the same. */
dk_status dk_crs_box_to_lonlat(const dk_crs *crs, const double box[4], double ret_box[4], dk_error *err);
dk_status dk_crs_box_from_lonlat(const dk_crs *crs, const double box[4], double ret_box[4], dk_error *err);

#endif
