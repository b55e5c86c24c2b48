/* The common faults of rounding, mended without GEOS. */
#ifndef DK_TILER_TILE_MEND_H
#define DK_TILER_TILE_MEND_H

#include "store/repair.h"

#define DK_MEND_POINTS 96

/* Mends polygons without holes that rounding has made unsound in small ways:
 * - Where edges cross, a vertex of theirs is left out that lies within one unit of the line between its neighbours.
 * - A ring that touches itself in a point or along a line is cut there; the rings into which it falls apart enclose the
 *   same area.
 * Replaces ret_shape by the result, exteriors that have at most single points in common, which OGC 06-103r4, 6.1.14
 * allows of a multipolygon; none when no area is left. xy, parts: rings that are reduced, not closed, within +-2^29.
 * The result does not depend on where on the grid they lie.
 * false: the faults are others, or there are holes or more than DK_MEND_POINTS positions, or memory is out; ret_shape is
 * then anything. */
bool dk_rings_mend(const int32_t *xy, const dk_part *parts, size_t n_parts, dk_grid_shape *ret_shape);

#endif
