/* The common faults of rounding, mended without GEOS. */
#ifndef DK_TILER_TILE_MEND_H
#define DK_TILER_TILE_MEND_H

#include "store/repair.h"

#define DK_MEND_POINTS 4000

/* Memory, reused. Zero-initialised is empty. */
typedef struct dk_mend_work {
    struct dk_mend_ring *rings;
    size_t rings_capacity;
    struct dk_mend_edge *edges; /* of the rings */
    size_t edges_capacity;
    struct dk_mend_touch *touches; /* vertices on edges */
    size_t n_touches, touches_capacity;
    struct dk_mend_step *steps; /* edges between vertices that touch nothing else */
    size_t n_steps, steps_capacity;
    uint32_t *stack; /* steps */
    size_t stack_capacity;
    dk_grid_shape loops;
    struct dk_mend_loop *found;
    size_t found_capacity;
} dk_mend_work;

void dk_mend_work_finish(dk_mend_work *work);

/* Mends polygons that rounding has made unsound in small ways:
 * - Where edges cross, a vertex of theirs is left out that lies within one unit of the line between its neighbours.
 * - Rings that touch themselves or each other are taken apart into the pieces of the plane that they enclose: a border
 * that two exteriors, or an exterior and its hole, share goes away. Replaces ret_shape by the result, which is valid by
 * OGC 06-103r4, 6.1.14: rings have at most single points in common. Empty when no area is left. xy, parts: rings that
 * are reduced, not closed, within +-2^29, an exterior before its holes. The positions in xy may be changed. The result
 * does not depend on where on the grid they lie. false: the faults are others, or there are more than DK_MEND_POINTS
 * positions, or memory is out; ret_shape is then anything. */
bool dk_rings_mend(dk_mend_work *work, int32_t *xy, const dk_part *parts, size_t n_parts, dk_grid_shape *ret_shape);

#endif
