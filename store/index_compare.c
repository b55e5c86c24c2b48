#include "store/index_compare.h"

#include "store/grid_measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static dk_status no_memory(dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "out of memory");
}

void dk_index_tell_row(const dk_kind *layer, int64_t row, const char *what, const char *advice, dk_index_tell_fn tell,
                       void *user)
{
    char sentence[200];
    snprintf(sentence, sizeof sentence, "%s row %" PRId64 " %s; %s", layer->name, row, what, advice);
    tell(sentence, user);
}

dk_status dk_index_differs(dk_index_comparing *c, int64_t row, const char *what)
{
    dk_index_tell_row(c->layer, row, what, DK_REINDEX, c->tell, c->user);
    c->differs = true;
    return DK_OK;
}

dk_status dk_index_damaged(const dk_store *store, const dk_kind *layer, dk_error *err)
{
    return dk_fail(err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex", store->path,
                   layer->name);
}

static dk_cell_range every_cell(int level)
{
    const uint32_t last = level == 0 ? 0 : UINT32_MAX >> (32 - level);
    return (dk_cell_range){0, 0, last, last};
}

typedef struct tally {
    dk_index_comparing *c;
    size_t n_pieces;
    int64_t stray; /* the row that was told of last, of which there are pieces only */
    int64_t entries, area_cm2;
    int64_t drawn[DK_FINEST_ZOOM + 1]; /* entries that are drawn from this zoom on, before anything is raised */
    int64_t drawn_area[DK_FINEST_ZOOM + 1];
    uint64_t places[DK_FINEST_ZOOM + 1];        /* dk_grid_tally.places of what is drawn later only */
    dk_grid_tally left_out[DK_FINEST_ZOOM + 1]; /* by thresholds */
    dk_grid_tally counted[DK_FINEST_ZOOM + 1];
    uint64_t tile; /* of the grid under way */
    int zoom;
} tally;

static dk_status tally_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    tally *t = user;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_index_damaged(t->c->store, t->c->layer, t->c->err);
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        t->entries++;
        t->area_cm2 = dk_grid_plus(t->area_cm2, head->area_cm2, 1);
        if (head->first_zoom <= DK_FINEST_ZOOM) {
            t->drawn[head->first_zoom]++;
            t->drawn_area[head->first_zoom] = dk_grid_plus(t->drawn_area[head->first_zoom], head->area_cm2, 1);
        }
        for (int zoom = 0; zoom < head->first_zoom && zoom <= DK_FINEST_ZOOM; zoom++) {
            uint64_t tile;
            const uint16_t number = dk_grid_number(head->label_x, head->label_y, zoom, &tile);
            t->places[zoom] += dk_grid_place_number(tile, number);
        }
        if (dk_index_row(t->c->rows, head->row) == NULL)
            dk_index_differs(t->c, head->row, "is in the cell index and is not published");
    }
    return DK_OK;
}

static dk_status tally_pieces(int shelf, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)shelf, (void)cell;
    tally *t = user;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_index_damaged(t->c->store, t->c->layer, t->c->err);
    t->n_pieces += block.n_entries;
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const int64_t row = block.heads[i].row;
        if (row == t->stray || dk_index_row(t->c->rows, row) != NULL)
            continue;
        dk_index_differs(t->c, row, "has pieces in the cell index and is not published");
        t->stray = row;
    }
    return DK_OK;
}

/* Whether there are pieces of other outlines than those that are published, or older ones of these: tiles would draw
 * them. */
static dk_status count_pieces(dk_index_comparing *c, tally *t)
{
    dk_status status = DK_OK;
    for (int shelf = 0; status == DK_OK && shelf <= DK_LEAF_SHELVES + DK_MAX_LEVEL; shelf++) {
        const dk_cell_range all = every_cell(dk_piece_level(shelf));
        if (c->levels[DK_SHEET_PIECE] >> shelf & 1)
            status =
                dk_sheet_scan(c->store, c->layer, DK_SHEET_PIECE, shelf, &all, c->generation, tally_pieces, t, c->err);
    }
    if (status == DK_OK && t->n_pieces != c->n_pieces && !c->differs) {
        char sentence[200];
        snprintf(sentence, sizeof sentence,
                 "the cell index of %.100s has %zu pieces of outlines instead of %zu; " DK_REINDEX, c->layer->name,
                 t->n_pieces, c->n_pieces);
        c->tell(sentence, c->user);
    }
    return status;
}

static bool tally_cell(const dk_grid_cell *cell, void *user)
{
    tally *t = user;
    dk_grid_tally_cell(&t->counted[t->zoom], t->tile, cell);
    return true;
}

static dk_status tally_grid(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    tally *t = user;
    size_t n_sums;
    t->zoom = level;
    t->tile = cell;
    if (dk_grid_each(data, size, &n_sums, tally_cell, t) != DK_OK ||
        (size > 0 && n_sums != t->c->layer->n_grid_measures))
        return dk_index_damaged(t->c->store, t->c->layer, t->c->err);
    return DK_OK;
}

static dk_status grid_differs(dk_index_comparing *c, int zoom, const char *name, double counted, double undrawn)
{
    dk_buf sentence; /* a value of a field may be long */
    dk_buf_init(&sentence);
    dk_buf_format(&sentence, "the grid of %s at zoom %d has %.15g as %s instead of %.15g; " DK_REINDEX, c->layer->name,
                  zoom, counted, name, undrawn);
    const char *text = dk_buf_cstr(&sentence);
    if (text != NULL)
        c->tell(text, c->user);
    dk_buf_finish(&sentence);
    return text != NULL ? DK_OK : no_memory(c->err);
}

/* Compares what the grids of a zoom count with what is drawn deeper down only. */
static dk_status compare_zoom(dk_index_comparing *c, int zoom, const dk_grid_tally *counted,
                              const dk_grid_tally *undrawn)
{
    const bool same = counted->count == undrawn->count && counted->area_cm2 == undrawn->area_cm2;
    dk_status status = DK_OK;
    if (counted->count != undrawn->count)
        status = grid_differs(c, zoom, "count", (double)counted->count, (double)undrawn->count);
    if (status == DK_OK && counted->area_cm2 != undrawn->area_cm2)
        status = grid_differs(c, zoom, "area_m2", (double)counted->area_cm2 / 1e4, (double)undrawn->area_cm2 / 1e4);
    for (size_t i = 0; status == DK_OK && i < c->layer->n_grid_measures; i++) {
        const dk_grid_measure *measure = &c->layer->grid_measures[i];
        const double scale = measure->value < 0 ? DK_GRID_SUM_SCALE : 1;
        if (counted->sums[i] != undrawn->sums[i])
            status = grid_differs(c, zoom, measure->name, (double)counted->sums[i] / scale,
                                  (double)undrawn->sums[i] / scale);
    }
    if (status == DK_OK && same && counted->places != undrawn->places) {
        char sentence[200];
        snprintf(sentence, sizeof sentence,
                 "the grid of %.100s at zoom %d counts rows elsewhere than they are; " DK_REINDEX, c->layer->name,
                 zoom);
        c->tell(sentence, c->user);
    }
    return status;
}

/* Whether the grids count what is not drawn, and measure it, at every zoom: what is too small, and what a full tile
 * leaves out. */
static dk_status compare_grids(dk_index_comparing *c)
{
    tally *t = calloc(1, sizeof *t);
    if (t == NULL)
        return no_memory(c->err);
    t->c = c;
    dk_status status = DK_OK;
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        const dk_cell_range all = every_cell(dk_shelf_cells(shelf));
        if (c->levels[DK_SHEET_BLOCK] >> shelf & 1)
            status =
                dk_sheet_scan(c->store, c->layer, DK_SHEET_BLOCK, shelf, &all, c->generation, tally_block, t, c->err);
    }
    for (int zoom = 0; status == DK_OK && zoom <= DK_FINEST_ZOOM; zoom++) {
        const dk_cell_range all = every_cell(zoom);
        if (c->levels[DK_SHEET_GRID] >> zoom & 1)
            status = dk_sheet_scan(c->store, c->layer, DK_SHEET_GRID, zoom, &all, c->generation, tally_grid, t, c->err);
    }
    if (status == DK_OK)
        status = dk_budget_count(c->store, c->layer, c->generation, t->left_out, t->counted, c->err);
    dk_grid_tally undrawn = {.count = t->entries, .area_cm2 = t->area_cm2};
    for (int zoom = 0; zoom <= DK_FINEST_ZOOM + 1; zoom++)
        for (size_t i = 0; i < c->layer->n_grid_measures; i++)
            undrawn.sums[i] = dk_grid_sum_plus(undrawn.sums[i], c->measured[zoom][i], 1);
    for (int zoom = 0; status == DK_OK && zoom <= DK_FINEST_ZOOM; zoom++) {
        undrawn.count -= t->drawn[zoom];
        undrawn.area_cm2 = dk_grid_plus(undrawn.area_cm2, t->drawn_area[zoom], -1);
        for (size_t i = 0; i < c->layer->n_grid_measures; i++)
            undrawn.sums[i] = dk_grid_sum_plus(undrawn.sums[i], c->measured[zoom][i], -1);
        undrawn.places = t->places[zoom];
        dk_grid_tally_add(&t->left_out[zoom], &undrawn);
        status = compare_zoom(c, zoom, &t->counted[zoom], &t->left_out[zoom]);
    }
    if (status == DK_OK)
        status = count_pieces(c, t);
    free(t);
    return status;
}

static void overview_differs(int zoom, void *user)
{
    const dk_index_comparing *c = user;
    char sentence[200];
    snprintf(sentence, sizeof sentence, "an overview of %.100s at zoom %d differs from what is published; " DK_REINDEX,
             c->layer->name, zoom);
    c->tell(sentence, c->user);
}

dk_status dk_index_compare_sheets(dk_index_comparing *c)
{
    const dk_status status = compare_grids(c);
    return status == DK_OK ? dk_budget_verify(c->store, c->layer, c->generation, overview_differs, c, c->err) : status;
}
