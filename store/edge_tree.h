/* The edges of polygons in a tree of boxes, for asking many times which of them are near and what is inside.
 *
 * Edges keep the order of their rings, in which neighbours lie beside each other: a leaf has eight of them, a node
 * above has eight nodes. About 10 bytes an edge. */
#ifndef DK_STORE_EDGE_TREE_H
#define DK_STORE_EDGE_TREE_H

#include "store/apart.h"

typedef struct dk_edge_tree dk_edge_tree;

/* outline: valid, turned (dk_turn_rings), borrowed until the tree is freed. NULL: out of memory. */
dk_edge_tree *dk_edge_tree_create(const dk_turned *outline);
void dk_edge_tree_free(dk_edge_tree *tree); /* NULL-safe */
const dk_turned *dk_edge_tree_outline(const dk_edge_tree *tree);

/* Consecutive edges of a ring: from[2 i] to from[2 i + 2] is edge first + i. */
typedef struct dk_edge_run {
    const double *from;
    size_t part, first, count;
} dk_edge_run;
/* Calls each with the runs whose edges together have a box that meets this one (west, south, east, north); the edges
 * must still be tested. each returns false to stop; then so does the result. */
bool dk_edge_tree_near(const dk_edge_tree *tree, const double box[4], bool (*each)(const dk_edge_run *run, void *user),
                       void *user);

typedef enum dk_within {
    DK_WITHIN,
    DK_OUTSIDE,
    DK_UNCLEAR /* of a position: within rounding of the border; of a box: the border may go through it or touch it */
} dk_within;
/* Of a position that is on no edge. */
dk_within dk_edge_tree_position(const dk_edge_tree *tree, const double position[2]);
/* Of a box: within or outside as a whole, away from the border. */
dk_within dk_edge_tree_box(const dk_edge_tree *tree, const double box[4]);

/* Whether the ray from a position to the east meets an edge, its southern end counted and its northern not: 1 or 0; -1:
 * the position is on the edge or within rounding of it. */
static inline int dk_edge_meets_ray(const double *edge, const double *position)
{
    if ((edge[1] > position[1]) == (edge[3] > position[1]))
        return 0;
    if (edge[0] > position[0] && edge[2] > position[0])
        return 1;
    if (edge[0] < position[0] && edge[2] < position[0])
        return 0;
    const int side = edge[1] < edge[3] ? dk_side(edge, edge + 2, position) : dk_side(edge + 2, edge, position);
    return side == 0 ? -1 : side > 0;
}

#endif
