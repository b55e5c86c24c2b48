/* Generalisation: borders that features share are matched and simplified alike on both sides.
 *
 *     dk_topology_add … (a feature and all that touch it) … dk_topology_build … dk_topology_get …
 *
 * What a feature gets depends only on the outlines of itself and of those that come within DK_MATCH_UNITS of it, not on
 * the order in which they are added or were published: so it can be done anew for a batch and its neighbours alone.
 *
 * 1. Positions within DK_MATCH_UNITS of each other (a centimetre and a little more; Chebyshev distance) become one: the
 *    first of them by (x, y), followed until it stays. Where one would move further than DK_MATCH_MOST so, as in a row
 * of positions each near the next, they are thinned instead, and none moves further than DK_MATCH_UNITS.
 * 2. A position that lies within DK_MATCH_UNITS of another's edge becomes a vertex of that edge (T-junction).
 * 3. Vertices where other than two edges of the joint graph meet are nodes: always kept (zoom 0). So are two vertices
 * of a ring without nodes, the first by (x, y) and the one farthest from it; of a ring with one node, the farthest.
 * 4. Between nodes, each arc is simplified by Douglas and Peucker (1973), in the direction that begins at the lower end
 *    by (x, y), so that both sides do the same. A vertex is kept from the first zoom on at which its distance, and that
 *    of the vertices above it in the hierarchy, is more than DK_TOLERANCE of a tile's unit.
 *
 * Rings keep their number and order; a ring may come back with fewer than three positions, or with repeated ones
 * dropped. */
#ifndef DK_STORE_TOPOLOGY_H
#define DK_STORE_TOPOLOGY_H

#include "store/outline.h"

#define DK_MATCH_UNITS 2
#define DK_MATCH_MOST (2 * DK_MATCH_UNITS)
#define DK_TOLERANCE 0.5 /* of a tile's unit, 2^(20-z) world units */

typedef struct dk_topology dk_topology; /* memory is kept from build to build; one per thread */

dk_topology *dk_topology_create(void);        /* NULL: out of memory. Caller frees with dk_topology_free */
void dk_topology_free(dk_topology *topology); /* NULL-safe */
void dk_topology_clear(dk_topology *topology);

/* Copies an outline (its zooms are not looked at). Points are allowed and come back as they are. wanted: whether the
 * result will be asked for; the others are there to be matched with. *ret_index counts from 0. */
dk_status dk_topology_add(dk_topology *topology, const dk_outline *outline, bool wanted, size_t *ret_index);
dk_status dk_topology_build(dk_topology *topology);
/* Replaces ret_outline by the feature's matched rings and their zooms. After dk_topology_build; only what is wanted. */
dk_status dk_topology_get(dk_topology *topology, size_t index, dk_outline *ret_outline);

#endif
