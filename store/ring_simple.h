/* Rings that are simple beyond doubt, without GEOS: nearly all parcels. */
#ifndef DK_STORE_RING_SIMPLE_H
#define DK_STORE_RING_SIMPLE_H

#include <stdbool.h>
#include <stddef.h>

/* xy: n positions, the last equal to the first. true: no two edges of the ring touch but neighbours at their common
 * end, so it is a valid polygon (OGC 06-103r4, 6.1.11). false: this cannot be shown quickly, or is not so; rings of
 * many positions are not looked at. */
bool dk_ring_surely_simple(const double *xy, size_t n);

#endif
