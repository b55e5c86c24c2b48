/* Renders a tile from the cell index. tile_render.c: layers and blocks; tile_feature.c: one feature's geometry;
 * tile_grid_layer.c: what is counted instead of drawn. */
#ifndef DK_TILER_TILE_RENDER_H
#define DK_TILER_TILE_RENDER_H

#include "store/index.h"
#include "store/row_set.h"
#include "tiler/tile_matrix.h"

typedef struct dk_tile_layer {
    const dk_kind *kind;
    bool grid;              /* KIND_grid instead of KIND */
    const dk_row_set *rows; /* only these are drawn and counted, made for the same generation; NULL: all */
} dk_tile_layer;

typedef struct dk_render_stats {
    uint64_t features, vertices, clipped, slivers;
    uint64_t repaired, snapped; /* not sound after rounding; and of them, those that needed GEOS */
} dk_render_stats;

typedef struct dk_render dk_render; /* memory kept from tile to tile; one per thread */

dk_render *dk_render_create(void);      /* NULL: out of memory. Caller frees with dk_render_free */
void dk_render_free(dk_render *render); /* NULL-safe */
const dk_render_stats *dk_render_statistics(const dk_render *render);

/* Replaces out by the tile's bytes: one MVT layer per layer, in the order given; those that have nothing here are left
 * out, so that an empty tile has no bytes. All of it belongs to one generation: the newest (DK_NEWEST) or the one given
 * (DK_BUSY when that is no longer kept); *ret_generation says which. */
dk_status dk_render_tile(dk_render *render, dk_store *store, const dk_tile_layer *layers, size_t n_layers,
                         const dk_tile_address *tile, const dk_viewer *viewer, int64_t generation, dk_buf *out,
                         int64_t *ret_generation, dk_error *err);

/* What dk_render_tile does for each block of a layer, without a store, so that geometry can be tested by itself: every
 * entry of the block is drawn that meets the tile, whatever first zooms say. */
dk_status dk_render_block(dk_render *render, const dk_kind *layer, const dk_tile_address *tile, const dk_block *block,
                          dk_buf *out);

#endif
