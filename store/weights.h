/* What tiles weigh: the estimated compressed bytes of the features that take up room in a tile (room.h) and are drawn
 * at its zoom. Kept in weight_K for the zooms whose tiles hold so much that a publish should not read it, and brought
 * up to date with each block that is written. The writer's own: of the newest generation, or of the one under way.
 * Whole numbers, so that taking away leaves nothing behind. */
#ifndef DK_STORE_WEIGHTS_H
#define DK_STORE_WEIGHTS_H

#include "store/handle.h"
#include "store/room.h"

#define DK_WEIGHED_ZOOM 12

/* Estimated compressed bytes, in 1/DK_WEIGHT_SCALE: of one entry, its geometry and tags and, in bytes, the share of an
 * entry in its block's values. */
#define DK_WEIGHT_SCALE 16
int64_t dk_weight_of_entry(const dk_block *block, size_t n_points, double values);
double dk_weight_of_values(const dk_block *block);
/* Of what a tile shows of a settled feature. */
int64_t dk_weight_of_settled(const dk_block *block, uint32_t i, size_t n_points, double values, int zoom);
/* Whole bytes, rounded up. */
static inline int64_t dk_weight_bytes(int64_t weight)
{
    return (weight + DK_WEIGHT_SCALE - 1) / DK_WEIGHT_SCALE;
}

/* Changes, in memory. */
typedef struct dk_weights dk_weights;
dk_weights *dk_weights_create(const dk_kind *layer);
void dk_weights_free(dk_weights *weights); /* NULL-safe */
/* Before the first change: weighs the blocks that there are, where that is not known. */
dk_status dk_weights_begin(dk_weights *weights, dk_store *store, dk_error *err);
/* A block comes (sign 1) or goes (-1). DK_CORRUPT, DK_NOMEM. */
dk_status dk_weights_block(dk_weights *weights, const dk_block *block, int sign);
/* Writes the changes; empty then. */
dk_status dk_weights_flush(dk_weights *weights, dk_store *store, dk_error *err);

/* What a tile weighs, with the vertices of its zoom and with all of them. zoom: DK_WEIGHED_ZOOM at most. */
typedef struct dk_tile_weight {
    int64_t drawn, whole; /* in 1/DK_WEIGHT_SCALE bytes */
} dk_tile_weight;
/* settled: of features that are settled at the zoom, of each about what a tile shows of it; else of the others, each
 * whole. */
dk_status dk_weights_of(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint64_t tile, bool settled,
                        dk_tile_weight *ret_weight, dk_error *err);

/* For which budgets, in bytes, the threshold of a tile holds (budget.c), as long as the layer has in the tile what it
 * has now; from <= to, and to itself is none of them. {0, 0}: not known. Kept with the weights, of tiles of the same
 * zooms. */
typedef struct dk_threshold_range {
    int64_t from, to;
} dk_threshold_range;
dk_status dk_weights_range_of(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint64_t tile,
                              dk_threshold_range *ret_range, dk_error *err);
dk_status dk_weights_set_range(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint64_t tile,
                               dk_threshold_range range, dk_error *err);

#endif
