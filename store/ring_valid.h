/* Exact validity of polygons on the grid of tile units (MVT 2.1, 4.3.4.4; OGC 06-103r4, 6.1.11). */
#ifndef DK_STORE_RING_VALID_H
#define DK_STORE_RING_VALID_H

#include "store/geometry.h"

/* Memory of the check, reused. */
typedef struct dk_valid_work {
    struct dk_edge *edges, *sorted;
    uint64_t *keys; /* 2 * capacity */
    size_t capacity;
} dk_valid_work;

void dk_valid_work_finish(dk_valid_work *work);

/* Takes out positions that repeat and those on a straight line between their neighbours, spikes included. Neither
 * changes the area that the ring encloses. In place; returns the positions left, 0 if the ring has no area. */
size_t dk_ring_reduce(int32_t *xy, size_t n);

/* Whether no two edges touch but neighbours at their common end, every hole lies in its exterior and in no other
 * hole, and no exterior in another polygon. Rings are reduced and not closed, exterior before its holes. Coordinates
 * lie within 2^31 of each other, so that 64 bits are exact. A touch in one point, which OGC would allow between rings,
 * counts as a fault: repair decides. false also when out of memory. */
bool dk_rings_valid(const int32_t *xy, const dk_part *parts, size_t n_parts, dk_valid_work *work);

#endif
