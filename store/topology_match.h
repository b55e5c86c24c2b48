/* What lies within DK_MATCH_UNITS of what: vertices, and vertices on edges. Used by topology.c. */
#ifndef DK_STORE_TOPOLOGY_MATCH_H
#define DK_STORE_TOPOLOGY_MATCH_H

#include "store/outline.h"

/* Zero-initialised is empty. */
typedef struct dk_matching {
    uint32_t *xy; /* n different positions */
    size_t n, capacity;
    uint32_t *matched; /* the vertex that each is matched with, itself or another */
    size_t matched_capacity;
    struct dk_crowded {
        uint64_t rank;
        uint32_t vertex;
    } * crowded; /* those that others are near to, while they are matched */
    size_t crowded_capacity;
    /* Hash tables of chains: positions by cells of 4 units, matched ones by buckets of 2^11, and, once an edge passes
     * more of these than there are positions, by larger ones. */
    struct dk_chains {
        uint32_t *heads, *next;
        size_t n_heads, heads_capacity, next_capacity; /* n_heads 0: not made */
        unsigned bits;                                 /* of a cell or bucket */
    } near, far, farther;
    struct dk_free_edge {
        uint32_t a, b;
    } * free_edges; /* by their hash: edges asked for before on which nothing lies. Most are asked for from both sides
                     */
    uint32_t *on;   /* the answer of dk_matching_on_edge */
    double *along;
    size_t on_capacity, along_capacity;
} dk_matching;

void dk_matching_finish(dk_matching *matching);
void dk_matching_clear(dk_matching *matching);
/* The number of the vertex at a position, a new one if there is none. false: out of memory. */
bool dk_matching_vertex(dk_matching *matching, uint32_t x, uint32_t y, uint32_t *ret_vertex);
/* After the last vertex: matches them. */
bool dk_matching_build(dk_matching *matching);
static inline uint32_t dk_matched(const dk_matching *matching, uint32_t vertex)
{
    return matching->matched[vertex];
}
/* The matched vertices that lie on the edge between two of them, in the order from a to b; valid until the next call.
 * For b to a the same in reverse. */
bool dk_matching_on_edge(dk_matching *matching, uint32_t a, uint32_t b, const uint32_t **ret_on, size_t *ret_n);

#endif
