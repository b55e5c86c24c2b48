/* Whether two polygons of one survey lie beside each other, decided fast: most neighbours share their border vertex by
 * vertex, and GEOS would take a hundred times as long to find that out. */
#ifndef DK_STORE_APART_H
#define DK_STORE_APART_H

#include "store/geometry.h"

/* Rings turned so that the inside is on their left: exteriors counter-clockwise, holes clockwise. */
typedef struct dk_turned {
    const double *lonlat; /* pairs */
    const dk_part *parts; /* closed rings; positions in lonlat */
    size_t n_parts;
    double bounds[4]; /* west, south, east, north */
    /* Boxes, as bounds, of every DK_BOXED_EDGES consecutive edges of a ring, ring by ring; NULL: none, which is slower
     * where many are compared with it. */
    const double *boxes;
} dk_turned;
#define DK_BOXED_EDGES 16

/* How many such boxes a ring has. */
static inline size_t dk_boxes_of(const dk_part *part)
{
    return (part->count - 1 + DK_BOXED_EDGES - 1) / DK_BOXED_EDGES;
}
/* Writes the boxes of all rings: 4 numbers each. */
void dk_box_edges(const double *lonlat, const dk_part *parts, size_t n_parts, double *ret_boxes);

/* Turns the rings of valid polygons, in place. */
void dk_turn_rings(double *lonlat, const dk_part *parts, size_t n_parts);

/* On which side of the line from a to b a position p lies, each a pair: 1 left, -1 right, 0 on it or not to be told. */
int dk_side(const double *a, const double *b, const double *p);
/* Whether a position that is on no edge is inside. */
bool dk_turned_holds(const dk_turned *of, const double *p);

typedef struct dk_apart_work {
    struct dk_apart_edge *edges[2];
    size_t n[2], capacity[2];
} dk_apart_work;
void dk_apart_work_finish(dk_apart_work *work);

/* true: the two, each valid, have at most borders in common. false: they may have an area in common, or it is not clear
 * (a vertex of one lies on an edge of the other, or within rounding of it), or memory is out. */
bool dk_polygons_apart(dk_apart_work *work, const dk_turned *a, const dk_turned *b);

#endif
