/* The outline of a feature in world coordinates (store/geometry.h): rings, and from which zoom each vertex matters. */
#ifndef DK_STORE_OUTLINE_H
#define DK_STORE_OUTLINE_H

#include "store/geometry.h"

/* A unit of a tile (of 4096 a side) at zoom z is 2^(20-z) world units. At this zoom a unit is one world unit: every
 * vertex is kept, and zooms above it draw the same shape. */
#define DK_FINEST_ZOOM 20

typedef struct dk_outline {
    dk_geometry_kind kind;
    uint32_t *xy;  /* n_points pairs (x east, y south); rings are not closed and have no position twice in a row */
    uint8_t *zoom; /* n_points: the smallest zoom at which the vertex is kept, 0 to DK_FINEST_ZOOM */
    size_t n_points, points_capacity;
    dk_part *parts; /* start and count in positions; an exterior is followed by its holes */
    size_t n_parts, parts_capacity;
    struct dk_projected *projected; /* of dk_outline_from_shape: positions of the shapes before; NULL: none yet */
} dk_outline;

void dk_outline_init(dk_outline *outline);
void dk_outline_finish(dk_outline *outline);
/* Forgets the content, keeps the memory. */
void dk_outline_clear(dk_outline *outline);
/* Room for n more positions and one more part. */
bool dk_outline_reserve(dk_outline *outline, size_t n_points);
/* Appends a position of the part under way; dk_outline_close ends that part, which began at position start. */
void dk_outline_put(dk_outline *outline, uint32_t x, uint32_t y, uint8_t zoom); /* after dk_outline_reserve */
void dk_outline_close(dk_outline *outline, size_t start, bool hole);            /* after dk_outline_reserve */

/* The outline of a shape in degrees: projected, rounded, repeated positions dropped, every vertex of zoom 0. Edges are
 * straight in degrees (RFC 7946, 3.1.1): a long one gets positions between, where Web Mercator bends it. Replaces what
 * ret_outline held. Rings of fewer than three positions stay: who draws decides. */
dk_status dk_outline_from_shape(const dk_shape *shape, dk_outline *ret_outline);
/* Whether an exterior encloses anything beside its holes, also in the units of CGCS2000Quad, which are larger from
 * north to south. */
bool dk_outline_encloses(const dk_outline *outline);
/* Of polygons that enclose nothing in whole units: makes it a strip along them, of one such unit, so that they are
 * drawn all the same. */
bool dk_outline_widen(dk_outline *outline);
/* The box of all positions; of an outline without any, all zeros. */
dk_world_box dk_outline_box(const dk_outline *outline);

#endif
