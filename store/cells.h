/* The cell index: what a tile reads.
 *
 * A feature lives at the quadtree level where its box is about one cell big, in the cell of its north-west corner.
 * Rows are clustered by (level, Morton code of the cell, row). */
#ifndef DK_STORE_CELLS_H
#define DK_STORE_CELLS_H

#include "store/geometry.h"
#include "store/store.h"

#define DK_CELL_MAX_LEVEL 20

/* The level at which a box lives: the deepest whose cells are at least as large as the box. */
int dk_cell_level(const dk_world_box *box);
uint64_t dk_morton(uint32_t x, uint32_t y); /* bit 2i from x, bit 2i+1 from y */

typedef struct dk_cell_feature {
    uint64_t feature;   /* stable number */
    const void *packed; /* store/geometry.h */
    size_t packed_size;
    const dk_value *values; /* kind->n_fields; DK_NULL unless the field is in tiles and visible */
    uint64_t visible;       /* bit i: field i is in tiles and may be seen */
} dk_cell_feature;

/* Every published feature of the layer whose box meets the given one, each exactly once, in a fixed order.
 * Pointers are valid inside the callback; returning false stops. */
dk_status dk_cells_scan(dk_store *store, const dk_kind *layer, const dk_world_box *box, const dk_viewer *viewer,
                        int64_t generation, bool (*each)(const dk_cell_feature *feature, void *user), void *user,
                        dk_error *err);

#endif
