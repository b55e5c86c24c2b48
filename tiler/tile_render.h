/* Renders a tile from the cell index: scan, round to the tile's grid, clip, make valid, encode. */
#ifndef DK_TILER_TILE_RENDER_H
#define DK_TILER_TILE_RENDER_H

#include "store/cells.h"

#define DK_TILE_MAX_ZOOM 22
#define DK_TILE_BUFFER 64 /* tile units (of 4096) drawn beyond each edge */

typedef struct dk_tile_address {
    int z;         /* 0 to DK_TILE_MAX_ZOOM */
    uint32_t x, y; /* below 2^z; y from the north, as in XYZ */
} dk_tile_address;

/* The tile and its buffer in world coordinates, not beyond the world's edge. */
dk_world_box dk_tile_box(const dk_tile_address *tile);

typedef struct dk_render_stats {
    uint64_t features, repaired, slivers;
} dk_render_stats;

typedef struct dk_render dk_render; /* memory kept from tile to tile; one per thread */

dk_render *dk_render_create(void);      /* NULL: out of memory. Caller frees with dk_render_free */
void dk_render_free(dk_render *render); /* NULL-safe */
const dk_render_stats *dk_render_statistics(const dk_render *render);

/* Replaces out by the tile's bytes: one MVT layer per layer, in the order given; those that are not drawn at this
 * zoom (dk_kind.min_zoom) or have nothing here are left out, so that an empty tile has no bytes. */
dk_status dk_render_tile(dk_render *render, dk_store *store, const dk_kind *const *layers, size_t n_layers,
                         const dk_tile_address *tile, const dk_viewer *viewer, int64_t generation, dk_buf *out,
                         dk_error *err);

/* One feature into the layer that dk_mvt_layer_begin has opened; what dk_render_tile does for each. Exposed so that
 * geometry can be tested without a store. */
struct dk_mvt *dk_render_mvt(dk_render *render);
dk_status dk_render_feature(dk_render *render, const dk_tile_address *tile, const dk_cell_feature *feature,
                            size_t n_values);

#endif
