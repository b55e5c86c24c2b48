/* The area that two polygons have in common, where their borders cross plainly.
 *
 * The border of the intersection is what of each border lies inside the other polygon, so that its area is a sum over
 * edges (store/area.h): no intersection is built. It has the vertices that an intersection would have, and so the same
 * area. GEOS takes ten times as long; it is needed where a vertex of one lies on the border of the other, or within
 * rounding of it. */
#ifndef DK_STORE_SHARED_AREA_H
#define DK_STORE_SHARED_AREA_H

#include "store/edge_tree.h"

typedef struct dk_shared_work {
    struct dk_crossing_of *own, *others;
    size_t n, own_capacity, others_capacity;
    size_t tests; /* of pairs of edges, since the clock was looked at */
} dk_shared_work;
void dk_shared_work_finish(dk_shared_work *work);

#define DK_MOST_CROSSINGS 500000 /* 96 bytes each */

typedef enum dk_shared {
    DK_SHARED_NONE,    /* neither border nor inside */
    DK_SHARED_WHOLE,   /* all of the polygon lies inside, away from the border */
    DK_SHARED_PART,    /* *ret_area_m2 */
    DK_SHARED_UNCLEAR, /* ask GEOS; also when the thread's time (store/geos_time.h) is over */
    DK_SHARED_MANY,    /* borders cross more than DK_MOST_CROSSINGS times */
    DK_SHARED_NOMEM
} dk_shared;

/* What valid polygons, turned, have in common with those of a tree. */
dk_shared dk_shared_area(dk_shared_work *work, const dk_edge_tree *with, const dk_turned *polygon, double *ret_area_m2);

#endif
