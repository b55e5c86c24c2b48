/* Where the borders of large rows are: boxes along them. The box of a province's outline, or of a row with parts all
 * over it, meets everything in the province, and what it has to do with is only what comes near a border. */
#ifndef DK_STORE_INDEX_REACH_H
#define DK_STORE_INDEX_REACH_H

#include "store/index_rows.h"
#include "store/index_work.h"

/* Boxes of the rows asked for lately. Zero-initialised is empty. */
enum { DK_REACH_PLACES = 8 };
typedef struct dk_reach_cache {
    struct dk_reach_kept {
        int64_t row; /* 0: none */
        dk_world_box *boxes;
        size_t n, capacity;
    } kept[DK_REACH_PLACES];
    size_t next;
    dk_shape shape;
} dk_reach_cache;
void dk_reach_finish(dk_reach_cache *cache);

/* Adds the box of a row, grown by DK_INDEX_REACH; of a large one, those along its borders. */
dk_status dk_reach_add(dk_reach_cache *cache, dk_store *store, const dk_kind *layer, int64_t row,
                       const dk_world_box *box, dk_box_set *set, dk_error *err);
/* Whether one of these meets one of a set's. */
dk_status dk_reach_meets(dk_reach_cache *cache, dk_store *store, const dk_kind *layer, int64_t row,
                         const dk_world_box *box, const dk_box_set *set, bool *ret_meets, dk_error *err);

#endif
