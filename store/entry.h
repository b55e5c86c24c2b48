/* An entry: a published feature as the cell index holds it. What can be decided about drawing it is decided here, when
 * it is published, and not for each tile.
 *
 * For polygons, with u(z) = 2^(20-z), areas and lengths in world units (square units):
 * - A part (an exterior with its holes) is drawn from the smallest zoom on at which the square root of its area is 4 u,
 *   and it is on average one u wide (area >= u * perimeter / 2); a hole from where the same holds of it.
 * - The feature is drawn from first_zoom: the smallest zoom at which the square root of its area is
 *   DK_FIRST_UNITS u, and parts that are not drawn and holes that are not drawn have together at most 2 % of its area.
 *   It is not below the layer's min_zoom, and not above its max_zoom, where everything is drawn. Where it would have to
 *   be repaired it comes up to two zooms later.
 * A layer that is shown coarse (store/coarse.h): first_zoom, label and size_class are those of the coarse outline, so
 * that tiles tell no more than that does; what is smaller than a quarter of a cell counts as that large, and nothing
 * waits for its repair.
 * Lines: by the longer side of the box instead of the root of the area; parts are all drawn. Points: min_zoom. */
#ifndef DK_STORE_ENTRY_H
#define DK_STORE_ENTRY_H

#include "store/drawing.h"
#include "store/repair.h"

#define DK_FIRST_UNITS 8.0
#define DK_PIECE_POINTS 1000 /* an outline of more positions is also kept in pieces, */
#define DK_LEAF_POINTS 256   /* and a piece of more is cut again */
#define DK_MAX_LEVEL 18      /* the deepest level of cells */

/* As it stands in a block (store/block.h), little endian, not aligned. */
typedef struct __attribute__((packed)) dk_entry_head {
    uint32_t x0, y0, x1, y1;   /* box, world coordinates, inclusive */
    uint32_t label_x, label_y; /* a position inside (polygons: of its largest part), where it is counted and labelled */
    uint8_t first_zoom;
    uint8_t size_class; /* floor(4 log2 of the root of the area, or of the length, in world units); points: a hash of
                           the position from 0 to 15. What is larger stays longer where a tile gets too full */
    uint8_t cut_zoom;   /* from this zoom on pieces stand for the drawing, which has no vertices beyond; 255: never */
    uint8_t last_zoom;  /* of a piece: the last zoom that it serves; first_zoom is its first. Else 255 */
    uint32_t unsound;   /* bit z, z = first_zoom to DK_FINEST_ZOOM: filtered and rounded to WebMercatorQuad's units at
                           zoom z, the rings are not valid or nothing is left of them, and rendering must repair */
    uint32_t unsound_plate; /* the same in CGCS2000Quad; of a piece all bits, for there it is joined with others */
    int64_t area_cm2;       /* of the feature on the ellipsoid; 0 for a piece */
    int64_t row;
    uint64_t feature;
    uint32_t drawing, drawing_size; /* where the drawing is in the block */
    uint32_t division;              /* number of the value in the block's dictionary; 0: none */
} dk_entry_head;

/* A piece of a large outline: what tiles of zooms first_zoom to last_zoom inside one cell show of it. Its outline is
 * clipped to the cell and a margin of 1/32 of its side, so that no cut falls into a tile or its buffer. */
typedef struct dk_piece {
    int level; /* of the cell; first_zoom is the same number */
    uint32_t cell_x, cell_y;
    int last_zoom;
    uint32_t unsound; /* as in dk_entry_head, from zoom `level` to last_zoom */
    dk_world_box box;
    size_t drawing, drawing_size; /* in dk_entry_shape.drawings */
} dk_piece;

/* What an outline alone decides. */
typedef struct dk_entry_shape {
    dk_entry_head head; /* box to unsound_plate; the rest is the caller's */
    int level;        /* of the block: min(first_zoom + DK_LEVELS_BELOW, level whose cells are as large as the box - 2,
                         DK_MAX_LEVEL), at least 0. The box reaches at most a quarter of a cell beyond its cell */
    dk_buf drawings;  /* the feature's, head.drawing = 0, then those of the pieces */
    dk_piece *pieces; /* of levels from head.cut_zoom on, until a piece has DK_LEAF_POINTS positions or fewer; such
                         as serve deeper zooms are of even levels, so that a tile has half as many to ask for */
    size_t n_pieces, pieces_capacity;
} dk_entry_shape;

void dk_entry_shape_init(dk_entry_shape *shape);
void dk_entry_shape_finish(dk_entry_shape *shape);

typedef struct dk_entry_work dk_entry_work; /* memory and GEOS, reused; one per thread */
dk_entry_work *dk_entry_work_create(void);
void dk_entry_work_free(dk_entry_work *work); /* NULL-safe */

/* What of a head is decided by sizes alone: box, label, size_class, and first_zoom but for what has to be repaired. */
dk_status dk_entry_measure(dk_entry_work *work, const dk_outline *outline, int min_zoom, int max_zoom,
                           dk_entry_head *head);
/* outline: generalised (store/topology.h). Replaces ret_shape. */
dk_status dk_entry_build(dk_entry_work *work, const dk_outline *outline, int min_zoom, int max_zoom,
                         dk_entry_shape *ret_shape);

/* What is drawn of polygons at a zoom before clipping, in units of the zoom, counted from (origin_x, origin_y) which
 * are multiples of u: kept vertices of drawn parts, rounded (halves up), repeated and straight ones dropped, rings
 * without area left out with their holes. xy of ret_shape are those units. This is what `unsound` speaks of; the
 * renderer does the same. plate: y is dk_plate_y. */
dk_status dk_drawing_round(const dk_drawing *drawing, const dk_world_box *box, int zoom, bool plate, int64_t origin_x,
                           int64_t origin_y, dk_grid_shape *ret_shape);

#endif
