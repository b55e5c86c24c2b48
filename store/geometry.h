/* Geometry as rows hold it, WKB in degrees, and the world coordinates that tiles are made from.
 *
 * World coordinates are Web Mercator as unsigned 32-bit integers: x grows east from -180°, y grows SOUTH from
 * 85.0511° N; the world is 2^32 wide (9.3 mm a unit at the equator). A tile z/x/y covers
 * [x·2^(32-z), (x+1)·2^(32-z)). Positions are rounded to the nearest unit. */
#ifndef DK_STORE_GEOMETRY_H
#define DK_STORE_GEOMETRY_H

#include "store/buf.h"
#include "store/catalogue.h"
#include "store/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct dk_world_box {
    uint32_t x0, y0, x1, y1; /* inclusive; y0 is the northern edge */
} dk_world_box;

/* Longitude and latitude in degrees to world coordinates, clamped to the Mercator square. */
void dk_world_from_lonlat(double lon, double lat, uint32_t *ret_x, uint32_t *ret_y);
void dk_lonlat_from_world(double x, double y, double *ret_lon, double *ret_lat);

/* Plate carrée world coordinates, for tiles in EPSG:4490: x as above, y grows south from 90° N, 2^32 for 360°. World y
 * to plate y and back, each rounded to the nearest unit: the same on every machine and fast enough for each vertex of a
 * tile (a table of cubics, built at compile time or once). Both are monotonic. */
uint32_t dk_plate_y(uint32_t world_y);
uint32_t dk_world_y_of_plate(uint32_t plate_y); /* clamped to the Mercator square */

/* Plain rings: what WKB decodes to. Polygons: exterior first, then its holes; rings closed (last = first).
 * Lines: one part each. Points: one part of one position each. */
typedef struct dk_part {
    size_t start, count; /* positions in lonlat or xy, in pairs */
    bool hole;           /* an interior ring of the last exterior before it */
} dk_part;

typedef struct dk_shape {
    dk_geometry_kind kind;
    double *lonlat; /* n_points pairs, degrees, (longitude, latitude) */
    size_t n_points, points_capacity;
    dk_part *parts;
    size_t n_parts, parts_capacity;
} dk_shape;

void dk_shape_init(dk_shape *shape);
void dk_shape_finish(dk_shape *shape);
/* Reads ISO or EWKB WKB (Polygon, MultiPolygon, LineString, MultiLineString, Point, MultiPoint; Z and M are
 * skipped), replacing what shape held. DK_CORRUPT when it is not such WKB or a coordinate is not finite. */
dk_status dk_shape_from_wkb(const void *wkb, size_t size, dk_shape *shape, dk_error *err);
/* Skips a GeoPackage header ("GP", GeoPackageBinary of OGC 12-128r17 §2.1.3) and returns the WKB behind it, or NULL. */
/* Whether it is one of an empty geometry, as a row without outline keeps. blob may be NULL. */
bool dk_gpkg_empty(const void *blob, size_t size);
/* Appends one of an empty geometry, of several polygons, lines or points. */
void dk_gpkg_append_empty(dk_geometry_kind kind, dk_buf *out);
#define DK_EMPTY_WKB_SIZE 9u /* its WKB: byte order, type, 0 members */
const unsigned char *dk_gpkg_wkb(const void *blob, size_t size, size_t *ret_size);
/* Appends a GeoPackage blob: header with srs_id 4490 and envelope [minx, maxx, miny, maxy], then the WKB. */
void dk_gpkg_append(const void *wkb, size_t size, const dk_shape *shape, dk_buf *out);
/* West, south, east, north in degrees. */
void dk_shape_bounds(const dk_shape *shape, double ret_bounds[4]);
/* Sum over the rings, holes taken off: store/area.h. */
double dk_shape_area_m2(const dk_shape *shape);

/* Whether two shapes have the same parts, position by position, wherever rings begin and however they turn
 * (shape_equal.c). Parts may come in another order. */
bool dk_shape_equal(const dk_shape *a, const dk_shape *b);

#endif
