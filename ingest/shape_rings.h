/* The rings of a polygon in a shapefile. Exteriors run clockwise and holes the other way (ESRI Shapefile Technical
 * Description, July 1998, page 8), by which GDAL tells them apart: where they run the wrong way, it makes the hole the
 * exterior, and the exterior its hole. */
#ifndef DK_INGEST_SHAPE_RINGS_H
#define DK_INGEST_SHAPE_RINGS_H

#include "store/status.h"

#include <ogr_api.h>

/* *ret_ordered: the polygons by which ring lies in which, which the caller destroys. NULL: GDAL has made the same of
 * them, or a ring runs like the one that it lies in, and what is meant does not follow. DK_NOMEM. */
dk_status dk_shape_rings_order(OGRGeometryH geometry, OGRGeometryH *ret_ordered);

#endif
