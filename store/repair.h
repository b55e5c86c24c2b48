/* Validity of polygons, by GEOS. */
#ifndef DK_STORE_REPAIR_H
#define DK_STORE_REPAIR_H

#include "store/buf.h"
#include "store/geometry.h"

typedef struct dk_geos dk_geos; /* a GEOS context; one per thread */

dk_geos *dk_geos_create(void);    /* NULL: out of memory. Caller frees with dk_geos_free */
void dk_geos_free(dk_geos *geos); /* NULL-safe */

/* All of these read WKB as dk_shape_from_wkb does; what it refuses, rings that are not closed or too short among it,
 * is DK_INVALID. */

/* Whether WKB polygons are valid; if not, ret_reason (at least 200 bytes) says why, with the place (longitude and
 * latitude in degrees). With DK_INVALID too ret_reason says why. */
dk_status dk_geos_valid(dk_geos *geos, const void *wkb, size_t size, bool *ret_valid, char *ret_reason,
                        size_t reason_size);
/* Appends valid polygons of the same area as ISO WKB (MultiPolygon); lines and points that remain are dropped.
 * DK_INVALID when no polygon remains. */
dk_status dk_geos_make_valid(dk_geos *geos, const void *wkb, size_t size, dk_buf *out);
/* Whether two WKB geometries have a point in common (invalid ones are repaired first). */
dk_status dk_geos_intersects(dk_geos *geos, const void *a, size_t a_size, const void *b, size_t b_size, bool *ret);
/* Whether an outline may take the place of another one under the same key; both as GeoPackage geometries. They touch,
 * or there is none yet: nothing is lost by an outline. What cannot be shown to touch does not. */
bool dk_geos_may_replace(dk_geos *geos, const void *old, size_t old_size, const void *new, size_t new_size);

/* Rounds polygons to whole numbers so that the result is valid (GEOS precision model of size 1).
 * xy: n_points pairs, parts in positions (rings not closed); the result replaces the content of ret_shape
 * (rings not closed, exterior before its holes) and may be empty when nothing of a pixel's size is left. Exteriors
 * wind so that their shoelace sum over (x, y) is positive, holes so that it is negative, as MVT 2.1 §4.3.4.4 wants it
 * of tile coordinates. DK_INVALID when a coordinate is not finite or does not fit 32 bits, DK_INTERNAL when GEOS
 * fails. For rendering: the rare tile polygon that plain rounding makes invalid. */
typedef struct dk_grid_shape {
    int32_t *xy;
    size_t n_points, points_capacity;
    dk_part *parts;
    size_t n_parts, parts_capacity;
} dk_grid_shape;
void dk_grid_shape_finish(dk_grid_shape *shape);
dk_status dk_geos_snap(dk_geos *geos, const double *xy, size_t n_points, const dk_part *parts, size_t n_parts,
                       dk_grid_shape *ret_shape);

#endif
