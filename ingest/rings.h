/* Rings of the plane, as drawings have them: which holds a point, which lies in which. */
#ifndef DK_INGEST_RINGS_H
#define DK_INGEST_RINGS_H

#include "store/buf.h"

typedef struct dk_ring {
    const double *xy; /* n pairs; the last is not the first again */
    size_t n;
    /* set by dk_ring_measure */
    double min_x, min_y, max_x, max_y;
    double area;               /* in the square of the unit */
    double inside_x, inside_y; /* a place inside it, away from its outline */
} dk_ring;

/* A metre in the unit of a place: of degrees where the numbers are those of a place in China, in either order, else 1.
 * Nothing in metres lies so near to the origin of a projection. */
double dk_metre_at(const double xy[2]);

/* false: it encloses nothing, or scratch failed for want of memory. */
bool dk_ring_measure(dk_ring *ring, dk_buf *scratch);
/* By the even-odd rule. */
bool dk_ring_holds(const dk_ring *ring, double x, double y);
/* The square of the distance to the outline. */
double dk_ring_distance2(const dk_ring *ring, double x, double y);

/* Rings by where they lie. The rings are borrowed. */
typedef struct dk_ring_index dk_ring_index;
dk_ring_index *dk_ring_index_create(const dk_ring *rings, size_t n); /* NULL: out of memory */
void dk_ring_index_free(dk_ring_index *index);                       /* NULL-safe */
/* Calls each for every ring that holds the place. */
void dk_ring_index_at(const dk_ring_index *index, double x, double y, void (*each)(size_t ring, void *user),
                      void *user);

/* For each ring, the smallest that it lies in, or -1, and its depth: 0 for none, else one more than that ring's. Both
 * of n. Odd ones are holes of rings of even depth, also where rings cross each other. false: out of memory. */
bool dk_ring_nest(const dk_ring *rings, size_t n, int *ret_outer, int *ret_depth);

#endif
