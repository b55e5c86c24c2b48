/* The area that two polygons have in common, where their borders cross plainly.
 *
 * The border of the intersection is what of each border lies inside the other polygon, so that its area is a sum over
 * edges (store/area.h): no intersection is built. It has the vertices that an intersection would have, and so the same
 * area. GEOS takes ten times as long; it is needed where a vertex of one lies on the border of the other, or within
 * rounding of it. */
#ifndef DK_STORE_SHARED_AREA_H
#define DK_STORE_SHARED_AREA_H

#include "store/apart.h"

#define DK_RUN_EDGES 32

/* A polygon that many are compared with: its edges in runs, with a box each. */
typedef struct dk_runs {
    dk_turned outline; /* borrowed */
    struct dk_run {
        double box[4];
        size_t part, first, count; /* edges of a ring */
    } * runs;
    size_t n, capacity;
} dk_runs;
/* outline: turned (dk_turn_rings). false: out of memory. */
bool dk_runs_make(const dk_turned *outline, dk_runs *ret_runs);
void dk_runs_finish(dk_runs *runs);

typedef struct dk_shared_work {
    struct dk_crossing_of *own, *others;
    size_t n, own_capacity, others_capacity;
} dk_shared_work;
void dk_shared_work_finish(dk_shared_work *work);

typedef enum dk_shared {
    DK_SHARED_NONE,    /* neither border nor inside */
    DK_SHARED_WHOLE,   /* all of the polygon lies inside, away from the border */
    DK_SHARED_PART,    /* *ret_area_m2 */
    DK_SHARED_UNCLEAR, /* ask GEOS */
    DK_SHARED_NOMEM
} dk_shared;

/* What a valid polygon has in common with the one of the runs. */
dk_shared dk_shared_area(dk_shared_work *work, const dk_runs *with, const dk_turned *polygon, double *ret_area_m2);

#endif
