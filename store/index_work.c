#include "store/index_work.h"

#include "store/grid_measure.h"
#include "store/hash.h"
#include "store/radix_sort.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* ---- boxes ---- */

void dk_box_set_finish(dk_box_set *set)
{
    free(set->boxes);
    *set = (dk_box_set){0};
}

void dk_box_set_clear(dk_box_set *set)
{
    set->n = 0;
    set->widest = 0;
    set->sorted = false;
}

bool dk_box_set_add(dk_box_set *set, const dk_world_box *box)
{
    if (!dk_grow(&set->boxes, &set->capacity, set->n + 1, sizeof *set->boxes))
        return false;
    const uint32_t width = box->x1 - box->x0;
    set->widest = width > set->widest ? width : set->widest;
    set->boxes[set->n++] = *box;
    return true;
}

static int by_west(const void *a, const void *b)
{
    const dk_world_box *p = a, *q = b;
    return p->x0 < q->x0 ? -1 : p->x0 > q->x0;
}

void dk_box_set_sort(dk_box_set *set)
{
    if (!dk_radix_sort(set->boxes, set->n, sizeof *set->boxes, offsetof(dk_world_box, x0), DK_RADIX_U32))
        qsort(set->boxes, set->n, sizeof *set->boxes, by_west); /* which needs no memory */
    set->sorted = true;
}

bool dk_box_set_meets(const dk_box_set *set, const dk_world_box *box)
{
    const uint32_t from = box->x0 > set->widest ? box->x0 - set->widest : 0;
    size_t low = 0, high = set->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (set->boxes[middle].x0 < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < set->n && set->boxes[low].x0 <= box->x1; low++) {
        const dk_world_box *b = &set->boxes[low];
        if (b->x1 >= box->x0 && b->y0 <= box->y1 && b->y1 >= box->y0)
            return true;
    }
    return false;
}

/* ---- grids ---- */

uint16_t dk_grid_number(uint32_t x, uint32_t y, int zoom, uint64_t *ret_tile)
{
    const int shift = 32 - zoom - DK_GRID_SHIFT;
    const uint32_t column = x >> shift, row = y >> shift;
    *ret_tile = dk_morton(column >> DK_GRID_SHIFT, row >> DK_GRID_SHIFT);
    return (uint16_t)(row % DK_GRID_CELLS * DK_GRID_CELLS + column % DK_GRID_CELLS);
}

void dk_grid_cell_of(const dk_kind *layer, const dk_entry_head *head, size_t n_points, const dk_value *values,
                     dk_grid_cell *ret_cell)
{
    size_t text = 0, attributes = 0;
    for (size_t i = 0; i < layer->n_fields; i++) {
        if (!layer->fields[i].in_tiles || values[i].type == DK_NULL)
            continue;
        attributes++;
        text += values[i].type == DK_TEXT ? values[i].text.size : 8;
    }
    *ret_cell = (dk_grid_cell){
        .count = 1, .area_cm2 = head->area_cm2, .weight = (int64_t)(16 + 2 * attributes + 2 * n_points + text / 2)};
    dk_grid_measures_of(layer, values, ret_cell->sums);
}

uint64_t dk_grid_place_number(uint64_t tile, uint16_t number)
{
    return dk_hash_mix((tile << 10 | number) ^ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xd6e8feb86659fd93));
}

/* Of a damaged sheet figures may be anything. */
void dk_grid_tally_cell(dk_grid_tally *tally, uint64_t tile, const dk_grid_cell *cell)
{
    tally->count = dk_grid_plus(tally->count, cell->count, 1);
    tally->area_cm2 = dk_grid_plus(tally->area_cm2, cell->area_cm2, 1);
    tally->places += dk_grid_place_number(tile, cell->number) * (uint64_t)cell->count;
    for (size_t i = 0; i < DK_GRID_MAX_SUMS; i++)
        tally->sums[i] = dk_grid_sum_plus(tally->sums[i], cell->sums[i], 1);
}

void dk_grid_tally_add(dk_grid_tally *tally, const dk_grid_tally *other)
{
    tally->count = dk_grid_plus(tally->count, other->count, 1);
    tally->area_cm2 = dk_grid_plus(tally->area_cm2, other->area_cm2, 1);
    tally->places += other->places;
    for (size_t i = 0; i < DK_GRID_MAX_SUMS; i++)
        tally->sums[i] = dk_grid_sum_plus(tally->sums[i], other->sums[i], 1);
}

static dk_status write_place(dk_grid_cache *cache, struct dk_grid_place_kept *place, int zoom, dk_store *store,
                             const dk_kind *layer, int64_t generation, dk_error *err)
{
    place->open = false;
    dk_grid_encode(&place->grid, &cache->bytes);
    if (cache->bytes.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return dk_sheet_write(store, layer, DK_SHEET_GRID, zoom, place->tile, generation, cache->bytes.data,
                          cache->bytes.size, err);
}

/* The grid of a tile, read into memory if it is not there; the one used longest ago makes room. */
static dk_status open_grid(dk_grid_cache *cache, int zoom, uint64_t tile, dk_store *store, const dk_kind *layer,
                           int64_t generation, dk_grid **ret_grid, dk_error *err)
{
    struct dk_grid_place_kept *places = cache->places[zoom], *oldest = &places[0];
    for (size_t i = 0; i < DK_GRID_PLACES; i++) {
        if (places[i].open && places[i].tile == tile) {
            places[i].used = ++cache->clock;
            *ret_grid = &places[i].grid;
            return DK_OK;
        }
        if (!places[i].open || (oldest->open && places[i].used < oldest->used))
            oldest = &places[i];
    }
    dk_status status = oldest->open ? write_place(cache, oldest, zoom, store, layer, generation, err) : DK_OK;
    if (status == DK_OK)
        status = dk_sheet_read(store, layer, DK_SHEET_GRID, zoom, tile, &cache->bytes, err);
    if (status != DK_OK)
        return status;
    dk_grid_clear(&oldest->grid, layer->n_grid_measures);
    if (cache->bytes.size > 0 && (status = dk_grid_read(&oldest->grid, cache->bytes.data, cache->bytes.size)) != DK_OK)
        return dk_fail(err, status, "the grid of %s is damaged; run dikuai-ingest reindex", layer->name);
    oldest->open = true;
    oldest->tile = tile;
    oldest->used = ++cache->clock;
    *ret_grid = &oldest->grid;
    return DK_OK;
}

dk_status dk_grid_cache_count(dk_grid_cache *cache, dk_store *store, const dk_kind *layer, const dk_entry_head *head,
                              size_t n_points, const dk_value *values, int sign, int64_t generation, dk_error *err)
{
    dk_grid_cell cell;
    dk_grid_cell_of(layer, head, n_points, values, &cell);
    dk_status status = DK_OK;
    for (int zoom = 0; status == DK_OK && zoom < head->first_zoom && zoom <= DK_FINEST_ZOOM; zoom++) {
        uint64_t tile;
        dk_grid *grid = NULL;
        cell.number = dk_grid_number(head->label_x, head->label_y, zoom, &tile);
        status = open_grid(cache, zoom, tile, store, layer, generation, &grid, err);
        if (status == DK_OK && dk_grid_add(grid, &cell, sign) != DK_OK)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    return status;
}

dk_status dk_grid_cache_flush(dk_grid_cache *cache, dk_store *store, const dk_kind *layer, int64_t generation,
                              dk_error *err)
{
    dk_status status = DK_OK;
    for (int zoom = 0; zoom <= DK_FINEST_ZOOM; zoom++)
        for (size_t i = 0; status == DK_OK && i < DK_GRID_PLACES; i++)
            if (cache->places[zoom][i].open)
                status = write_place(cache, &cache->places[zoom][i], zoom, store, layer, generation, err);
    return status;
}

void dk_grid_cache_finish(dk_grid_cache *cache)
{
    for (int zoom = 0; zoom <= DK_FINEST_ZOOM; zoom++)
        for (size_t i = 0; i < DK_GRID_PLACES; i++)
            dk_grid_finish(&cache->places[zoom][i].grid);
    dk_buf_finish(&cache->bytes);
    *cache = (dk_grid_cache){0};
}
