#include "store/weights.h"

#include "store/shelf.h"

#include <math.h>
#include <stdlib.h>

/* Of what covers more tiles than these hardly anything is seen in one. */
#define MOST_TILES 1024
#define KNOWN (-1) /* the row of weight_K that says that the others are complete */

/* A tile of a zoom as one number, which is also its row in weight_K. */
static uint64_t tile_number(dk_room_set set, int zoom, uint64_t tile)
{
    return (uint64_t)set << 48 | (uint64_t)zoom << 40 | tile;
}

/* The row of what is settled. */
static uint64_t settled_number(dk_room_set set, int zoom, uint64_t tile)
{
    return UINT64_C(1) << 52 | tile_number(set, zoom, tile);
}

/* The row of what is kept about its threshold. */
static int64_t range_number(dk_room_set set, int zoom, uint64_t tile)
{
    return (int64_t)(UINT64_C(1) << 56 | tile_number(set, zoom, tile));
}

typedef struct tile_change {
    uint64_t number; /* + 1; 0: empty */
    int64_t drawn, whole;
} tile_change;

struct dk_weights {
    const dk_kind *layer;
    bool known;         /* what was there before is in weight_K */
    tile_change *table; /* open addressing; capacity is a power of two, at most half full */
    size_t n, capacity;
};

int64_t dk_weight_of_entry(const dk_block *block, size_t n_points, double values)
{
    /* Of 12 bytes that a vertex and a tag take raw, gzip leaves about these (tests/bench/README.md). */
    return llround(DK_WEIGHT_SCALE * (8 + 1.0 * block->n_attributes + 2.2 * (double)n_points + values));
}

int64_t dk_weight_of_settled(const dk_block *block, uint32_t i, size_t n_points, double values, int zoom)
{
    const size_t shown = (size_t)ceil((double)n_points * dk_room_share(&block->heads[i], zoom));
    return dk_weight_of_entry(block, shown < 4 ? 4 : shown, values); /* four: the corners of the tile */
}

double dk_weight_of_values(const dk_block *block)
{
    /* What stands before and behind each compresses to next to nothing, as does a number that comes often. */
    const double size = (double)dk_block_values_size(block) - 3.0 * block->n_values;
    return size > 0 ? 0.6 * size / block->n_entries : 0;
}

dk_weights *dk_weights_create(const dk_kind *layer)
{
    dk_weights *weights = calloc(1, sizeof *weights);
    if (weights != NULL)
        weights->layer = layer;
    return weights;
}

void dk_weights_free(dk_weights *weights)
{
    if (weights == NULL)
        return;
    free(weights->table);
    free(weights);
}

static size_t place_of(const dk_weights *weights, uint64_t number)
{
    size_t at = (size_t)(number * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (weights->capacity - 1);
    while (weights->table[at].number != 0 && weights->table[at].number != number + 1)
        at = (at + 1) & (weights->capacity - 1);
    return at;
}

static bool grow(dk_weights *weights)
{
    const tile_change *old = weights->table;
    const size_t old_capacity = weights->capacity, capacity = old_capacity > 0 ? 2 * old_capacity : 1024;
    tile_change *table = calloc(capacity, sizeof *table);
    if (table == NULL)
        return false;
    weights->table = table;
    weights->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].number != 0)
            table[place_of(weights, old[i].number - 1)] = old[i];
    free((void *)(uintptr_t)old);
    return true;
}

static bool change_tile(dk_weights *weights, uint64_t number, int64_t drawn, int64_t whole)
{
    if (2 * (weights->n + 1) > weights->capacity && !grow(weights))
        return false;
    tile_change *change = &weights->table[place_of(weights, number)];
    weights->n += change->number == 0;
    change->number = number + 1;
    change->drawn += drawn;
    change->whole += whole;
    return true;
}

/* Adds to all tiles that a feature takes up room in, or that it meets if it is settled. */
static bool change_tiles(dk_weights *weights, const dk_entry_head *head, int zoom, dk_room_set set, bool settled,
                         const tile_change *change)
{
    const dk_cell_range rooms = settled ? dk_rooms_met(head, zoom, set) : dk_rooms_of(head, zoom, set);
    if ((uint64_t)(rooms.x1 - rooms.x0 + 1) * (rooms.y1 - rooms.y0 + 1) > MOST_TILES)
        return true;
    for (uint32_t y = rooms.y0; y <= rooms.y1; y++)
        for (uint32_t x = rooms.x0; x <= rooms.x1; x++) {
            const uint64_t tile = dk_morton(x, y);
            if (!change_tile(weights, settled ? settled_number(set, zoom, tile) : tile_number(set, zoom, tile),
                             change->drawn, change->whole))
                return false;
        }
    return true;
}

dk_status dk_weights_block(dk_weights *weights, const dk_block *block, int sign)
{
    const double values = dk_weight_of_values(block);
    if (weights->layer->draw_all) /* has no budget */
        return DK_OK;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        const dk_entry_head *head = &block->heads[i];
        int zoom = head->first_zoom;
        dk_drawing drawing;
        if (zoom > DK_WEIGHED_ZOOM)
            continue;
        if (dk_block_drawing(block, i, &drawing) != DK_OK)
            return DK_CORRUPT;
        const int64_t whole = dk_weight_of_entry(block, drawing.n_points, values);
        for (; zoom <= DK_WEIGHED_ZOOM; zoom++) {
            const size_t n_points = dk_drawing_points_at(&drawing, zoom);
            const bool settled = dk_room_zoom(head, zoom) < zoom;
            const tile_change change =
                settled
                    ? (tile_change){.drawn = sign * dk_weight_of_settled(block, i, n_points, values, zoom),
                                    .whole = sign * dk_weight_of_settled(block, i, drawing.n_points, values, zoom)}
                    : (tile_change){.drawn = sign * dk_weight_of_entry(block, n_points, values), .whole = sign * whole};
            for (int set = 0; set < DK_ROOM_SETS; set++)
                if (!change_tiles(weights, head, zoom, (dk_room_set)set, settled, &change))
                    return DK_NOMEM;
        }
    }
    return DK_OK;
}

static dk_status weigh(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    dk_block block;
    return dk_block_open(data, size, &block) == DK_OK ? dk_weights_block(user, &block, 1) : DK_CORRUPT;
}

/* The row of a number; DK_END: there is none. */
static dk_status read_weight(dk_store *store, const dk_kind *layer, int64_t number, dk_tile_weight *ret_weight,
                             dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, layer, DK_STMT_WEIGHT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, number);
    status = dk_sql_step(store, stmt, err);
    if (status == DK_OK)
        *ret_weight = (dk_tile_weight){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
    sqlite3_reset(stmt);
    return status;
}

/* how: DK_STMT_WEIGHT_ADD or DK_STMT_WEIGHT_SET. */
static dk_status write_weight(dk_store *store, const dk_kind *layer, dk_stmt_id how, int64_t number, int64_t drawn,
                              int64_t whole, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_sql_kept(store, layer, how, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, number);
    sqlite3_bind_int64(stmt, 2, drawn);
    sqlite3_bind_int64(stmt, 3, whole);
    return dk_sql_done(store, stmt, err);
}

dk_status dk_weights_begin(dk_weights *weights, dk_store *store, dk_error *err)
{
    dk_tile_weight ignored;
    if (weights->layer->draw_all) {
        weights->known = true;
        return DK_OK;
    }
    dk_status status = read_weight(store, weights->layer, KNOWN, &ignored, err);
    weights->known = status == DK_OK;
    if (status != DK_END)
        return status;
    status = DK_OK;
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        const int level = dk_shelf_cells(shelf);
        const uint32_t last = level == 0 ? 0 : UINT32_MAX >> (32 - level);
        const dk_cell_range all = {0, 0, last, last};
        status = dk_sheet_scan(store, weights->layer, DK_SHEET_BLOCK, shelf, &all, DK_NEWEST, weigh, weights, err);
    }
    if (status == DK_CORRUPT)
        return dk_fail(err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex", store->path,
                       weights->layer->name);
    return status == DK_NOMEM ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}

dk_status dk_weights_flush(dk_weights *weights, dk_store *store, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < weights->capacity; i++) {
        tile_change *change = &weights->table[i];
        if (change->number != 0 && (change->drawn != 0 || change->whole != 0))
            status = write_weight(store, weights->layer, DK_STMT_WEIGHT_ADD, (int64_t)(change->number - 1),
                                  change->drawn, change->whole, err);
        *change = (tile_change){0};
    }
    weights->n = 0;
    if (status == DK_OK && !weights->known)
        status = write_weight(store, weights->layer, DK_STMT_WEIGHT_ADD, KNOWN, 0, 0, err);
    weights->known = true;
    return status;
}

dk_status dk_weights_of(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint64_t tile, bool settled,
                        dk_tile_weight *ret_weight, dk_error *err)
{
    *ret_weight = (dk_tile_weight){0};
    const uint64_t number = settled ? settled_number(set, zoom, tile) : tile_number(set, zoom, tile);
    const dk_status status = read_weight(store, layer, (int64_t)number, ret_weight, err);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_weights_range_of(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint64_t tile,
                              dk_threshold_range *ret_range, dk_error *err)
{
    dk_tile_weight kept = {0};
    const dk_status status = read_weight(store, layer, range_number(set, zoom, tile), &kept, err);
    *ret_range = (dk_threshold_range){kept.drawn, kept.whole};
    return status == DK_END ? DK_OK : status;
}

dk_status dk_weights_set_range(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint64_t tile,
                               dk_threshold_range range, dk_error *err)
{
    return write_weight(store, layer, DK_STMT_WEIGHT_SET, range_number(set, zoom, tile), range.from, range.to, err);
}
