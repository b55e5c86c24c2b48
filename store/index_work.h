/* What keeping the index up works with: a set of boxes, and grid sheets kept in memory while they change. */
#ifndef DK_STORE_INDEX_WORK_H
#define DK_STORE_INDEX_WORK_H

#include "store/handle.h"

/* Boxes, to be asked whether one of them meets another box. Zero-initialised is empty. */
typedef struct dk_box_set {
    dk_world_box *boxes;
    size_t n, capacity;
    uint32_t widest;
    bool sorted;
} dk_box_set;

void dk_box_set_finish(dk_box_set *set);
void dk_box_set_clear(dk_box_set *set);
bool dk_box_set_add(dk_box_set *set, const dk_world_box *box); /* false: out of memory */
void dk_box_set_sort(dk_box_set *set);                         /* after the last add, before the first question */
bool dk_box_set_meets(const dk_box_set *set, const dk_world_box *box);

/* Grid sheets under change, the ones used last. Zero-initialised is empty. */
enum { DK_GRID_PLACES = 8 }; /* a zoom */
typedef struct dk_grid_cache {
    struct dk_grid_place_kept {
        dk_grid grid;
        uint64_t tile, used;
        bool open;
    } places[DK_FINEST_ZOOM + 1][DK_GRID_PLACES];
    uint64_t clock;
    dk_buf bytes;
} dk_grid_cache;

/* Counts an entry in (sign 1) or out (-1) of the grids of the zooms below its first. values: of its row. */
dk_status dk_grid_cache_count(dk_grid_cache *cache, dk_store *store, const dk_kind *layer, const dk_entry_head *head,
                              size_t n_points, const dk_value *values, int sign, int64_t generation, dk_error *err);
/* Writes what is in memory; the cache is empty then. */
dk_status dk_grid_cache_flush(dk_grid_cache *cache, dk_store *store, const dk_kind *layer, int64_t generation,
                              dk_error *err);
void dk_grid_cache_finish(dk_grid_cache *cache);

/* What an entry counts for in a grid; number is left to the caller. */
void dk_grid_cell_of(const dk_kind *layer, const dk_entry_head *head, size_t n_points, const dk_value *values,
                     dk_grid_cell *ret_cell);
/* For comparing: what cells of many tiles count together, and in which of them. Zero-initialised is none. */
typedef struct dk_grid_tally {
    int64_t count, area_cm2;
    dk_grid_sum sums[DK_GRID_MAX_SUMS];
    uint64_t places; /* the sum of a number for each cell that is counted in, as often as it is */
} dk_grid_tally;
void dk_grid_tally_cell(dk_grid_tally *tally, uint64_t tile, const dk_grid_cell *cell);
void dk_grid_tally_add(dk_grid_tally *tally, const dk_grid_tally *other);
/* The number of a cell of a tile. */
uint64_t dk_grid_place_number(uint64_t tile, uint16_t number);

/* The number of the cell of a label position in its tile of a zoom, and the tile's Morton code. */
uint16_t dk_grid_number(uint32_t x, uint32_t y, int zoom, uint64_t *ret_tile);

#endif
