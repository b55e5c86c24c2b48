/* The layer KIND_grid of a tile: squares that say what is counted there instead of being drawn. */
#ifndef DK_TILER_TILE_GRID_LAYER_H
#define DK_TILER_TILE_GRID_LAYER_H

#include "tiler/mvt.h"
#include "tiler/tile_render.h"

/* Appends the layer, if there is anything to count: attributes count, area_m2, and kind->grid_measures, without
 * counts of 0. Each square belongs to the tile that holds its centre, and may reach into the buffer. Of layer->rows
 * what is counted is found among the features themselves. Within a session of the index. */
dk_status dk_render_grid_layer(dk_mvt *mvt, dk_store *store, const dk_tile_layer *layer, const dk_tile_address *tile,
                               const dk_viewer *viewer, dk_buf *out, dk_error *err);

/* The row of tiles at a zoom to which the squares of a row of cells, counted at dk_grid_level(z), belong. */
uint32_t dk_grid_tile_row(dk_tile_matrix_set set, int z, uint32_t y);

#endif
