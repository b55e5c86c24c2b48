/* A place that is asked about: polygons, lines or points, read from what a client sends, checked, and ready for GEOS.
 *
 * Edges are straight in degrees of EPSG:4490, as those of stored rows are. */
#ifndef DK_STORE_REGION_H
#define DK_STORE_REGION_H

#include "store/geometry.h"

#define DK_REGION_VERTICES 1000000 /* more are refused */
#define DK_REGION_DEPTH 32         /* of objects and arrays in GeoJSON */

typedef struct dk_region dk_region; /* of one thread */

typedef enum dk_region_format {
    DK_REGION_GEOJSON, /* RFC 7946: Point, Polygon, MultiPolygon; a Feature of one; a FeatureCollection of polygons, or
                          of one point. Polygons of several features count once where they overlap */
    DK_REGION_WKT /* POINT, POLYGON, MULTIPOLYGON, in the axis order of the coordinate system; Z and M are skipped */
} dk_region_format;

/* The coordinate system of what is read. to_lonlat takes n pairs, in the axis order of that system, to (longitude,
 * latitude) in degrees of EPSG:4490, in place. */
typedef struct dk_region_crs {
    dk_status (*to_lonlat)(void *user, double *xy, size_t n, dk_error *err);
    void *user;
} dk_region_crs;

/* Reads and checks. crs NULL: longitude, latitude in degrees, and a GeoJSON whose member crs names another system is
 * DK_INVALID. DK_INVALID too: not that format, no such geometry, or polygons that are not valid by OGC 06-103r4, with
 * GEOS's reason and the place in degrees. DK_LIMIT: too many vertices. DK_BUSY: the time that the thread has set
 * (store/geos_time.h) is over. Caller frees with dk_region_free. */
dk_status dk_region_read(dk_region_format format, const char *text, size_t size, const dk_region_crs *crs,
                         dk_region **ret_region, dk_error *err);
/* Of a shape in degrees that is known to be valid. */
dk_status dk_region_of_shape(const dk_shape *shape, dk_region **ret_region, dk_error *err);
/* west, south, east, north in degrees; west < east, south < north. */
dk_status dk_region_of_box(const double bounds[4], dk_region **ret_region, dk_error *err);
dk_status dk_region_of_point(double lon, double lat, dk_region **ret_region, dk_error *err);
void dk_region_free(dk_region *region); /* NULL-safe */

dk_geometry_kind dk_region_kind(const dk_region *region);
size_t dk_region_vertices(const dk_region *region);
/* By the official formula (store/area.h); 0 unless it has polygons. */
double dk_region_area_m2(const dk_region *region);
/* West, south, east, north in degrees. */
const double *dk_region_bounds(const dk_region *region);

#endif
