/* Inside the making of entries: the memory of entry.c and entry_pieces.c. */
#ifndef DK_STORE_ENTRY_WORK_H
#define DK_STORE_ENTRY_WORK_H

#include "store/clip.h"
#include "store/entry.h"
#include "store/ring_valid.h"

struct dk_entry_work {
    dk_grid_shape rounded;
    dk_valid_work valid;
    uint8_t *zooms; /* of the parts */
    size_t zooms_capacity;
    double *crossings;
    size_t crossings_capacity;
    /* of pieces */
    dk_clip_work clipping;
    dk_parts source, joined;
    dk_outline kept, piece, full[DK_MAX_LEVEL + 1]; /* full: what lies in the cell under way, by level */
    struct dk_zoom_place {
        uint32_t x, y, stamp;
        uint8_t zoom;
    } * table; /* zooms by position */
    size_t table_capacity, table_size;
    uint32_t stamp;
};

/* ret_bits: bit z, z = from to `to`: rounded at zoom z, the rings are not valid or nothing is left of them. */
dk_status dk_entry_unsound(dk_entry_work *work, const dk_drawing *drawing, const dk_world_box *box, int from, int to,
                           bool plate, uint32_t *ret_bits);

/* Appends the pieces of an outline, of cells of level `cut` and deeper. */
dk_status dk_entry_cut(dk_entry_work *work, const dk_outline *outline, const dk_world_box *box, int cut,
                       dk_entry_shape *shape);

#endif
