#include "store/index_reach.h"

#include <stdlib.h>

enum { RUN = 64 }; /* segments of a border in one box */

void dk_reach_finish(dk_reach_cache *cache)
{
    for (size_t i = 0; i < DK_REACH_PLACES; i++)
        free(cache->kept[i].boxes);
    dk_shape_finish(&cache->shape);
    *cache = (dk_reach_cache){.next = 0};
}

/* The boxes along a part, whose last vertex is followed by its first. */
static bool add_part(struct dk_reach_kept *kept, const double *lonlat, size_t count)
{
    for (size_t from = 0; from < count; from += RUN) {
        dk_world_box run = {0};
        for (size_t i = from; i <= from + RUN && i <= count; i++) {
            dk_world_box point;
            const double *at = lonlat + 2 * (i % count);
            dk_world_from_lonlat(at[0], at[1], &point.x0, &point.y0);
            point.x1 = point.x0;
            point.y1 = point.y0;
            dk_box_join(&run, &point, i == from);
        }
        if (!dk_grow(&kept->boxes, &kept->capacity, kept->n + 1, sizeof *kept->boxes))
            return false;
        kept->boxes[kept->n++] = dk_box_grown(&run, DK_INDEX_REACH);
    }
    return true;
}

/* The boxes of a row; of one that cannot be read, its box: who reads it says so. */
static dk_status boxes_of(dk_reach_cache *cache, dk_store *store, const dk_kind *layer, int64_t row,
                          const dk_world_box *box, const struct dk_reach_kept **ret_kept, dk_error *err)
{
    for (size_t i = 0; i < DK_REACH_PLACES; i++)
        if (cache->kept[i].row == row) {
            *ret_kept = &cache->kept[i];
            return DK_OK;
        }
    struct dk_reach_kept *kept = &cache->kept[cache->next];
    cache->next = (cache->next + 1) % DK_REACH_PLACES;
    kept->row = 0;
    kept->n = 0;
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(store, layer, row, true, &stored, err);
    if (status != DK_OK)
        return status;
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(stored.blob, stored.blob_size, &size);
    bool added = true;
    if (wkb != NULL && dk_shape_from_wkb(wkb, size, &cache->shape, NULL) == DK_OK)
        for (size_t i = 0; added && i < cache->shape.n_parts; i++)
            added = add_part(kept, cache->shape.lonlat + 2 * cache->shape.parts[i].start, cache->shape.parts[i].count);
    dk_stored_row_release(&stored);
    if (added && kept->n == 0) {
        added = dk_grow(&kept->boxes, &kept->capacity, 1, sizeof *kept->boxes);
        if (added)
            kept->boxes[kept->n++] = dk_box_grown(box, DK_INDEX_REACH);
    }
    if (!added)
        return dk_fail(err, DK_NOMEM, "out of memory");
    kept->row = row;
    *ret_kept = kept;
    return DK_OK;
}

dk_status dk_reach_add(dk_reach_cache *cache, dk_store *store, const dk_kind *layer, int64_t row,
                       const dk_world_box *box, dk_box_set *set, dk_error *err)
{
    const struct dk_reach_kept *kept = NULL;
    const dk_world_box wide = dk_box_grown(box, DK_INDEX_REACH);
    if (!dk_box_is_large(box))
        return dk_box_set_add(set, &wide) ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = boxes_of(cache, store, layer, row, box, &kept, err);
    for (size_t i = 0; status == DK_OK && i < kept->n; i++)
        if (!dk_box_set_add(set, &kept->boxes[i]))
            status = dk_fail(err, DK_NOMEM, "out of memory");
    return status;
}

dk_status dk_reach_meets(dk_reach_cache *cache, dk_store *store, const dk_kind *layer, int64_t row,
                         const dk_world_box *box, const dk_box_set *set, bool *ret_meets, dk_error *err)
{
    const struct dk_reach_kept *kept = NULL;
    const dk_world_box wide = dk_box_grown(box, DK_INDEX_REACH);
    *ret_meets = dk_box_set_meets(set, &wide);
    if (!*ret_meets || !dk_box_is_large(box))
        return DK_OK;
    const dk_status status = boxes_of(cache, store, layer, row, box, &kept, err);
    *ret_meets = false;
    for (size_t i = 0; status == DK_OK && !*ret_meets && i < kept->n; i++)
        *ret_meets = dk_box_set_meets(set, &kept->boxes[i]);
    return status;
}
