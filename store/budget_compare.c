/* What thresholds leave out and overviews show, compared with what a generation has published. */
#include "store/budget_work.h"

#include <stdlib.h>

/* Of a layer by itself, as a generation sees it; own: its share, without memory. */
static dk_status begin_comparing(dk_budget *b, dk_budget_share *own, dk_store *store, const dk_kind *layer,
                                 int64_t generation, dk_error *err)
{
    dk_status status = DK_OK;
    *own = (dk_budget_share){.layer = layer};
    *b = (dk_budget){.store = store, .sees = generation, .err = err, .shares = own, .n_shares = 1};
    for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++)
        status = dk_sheet_levels(store, layer, dk_raised_sheets[set], &own->raised[set], err);
    return status;
}

static dk_cell_range all_tiles(int zoom)
{
    const uint32_t last = zoom == 0 ? 0 : UINT32_MAX >> (32 - zoom);
    return (dk_cell_range){0, 0, last, last};
}

static dk_status list_sheet(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)data, (void)size;
    return dk_tile_list_add(user, cell) ? DK_OK : DK_NOMEM;
}

static dk_status verify_overview(dk_budget *b, uint64_t tile, bool *ret_same)
{
    dk_morton_split(tile, &b->x, &b->y);
    dk_status status = dk_budget_gather(b, &b->shares[0]);
    if (status == DK_OK)
        status = dk_overview_compare(b->overview, b->store, tile, b->sees, ret_same, b->err);
    return status;
}

dk_status dk_budget_verify(dk_store *store, const dk_kind *layer, int64_t generation,
                           void (*differs)(int zoom, void *user), void *user, dk_error *err)
{
    dk_budget_share own;
    dk_tile_list list = {0};
    dk_budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = begin_comparing(b, &own, store, layer, generation, err);
    b->verifying = true;
    b->overview = dk_overview_create();
    if (b->overview == NULL)
        status = DK_NOMEM;
    for (b->zoom = 0; status == DK_OK && b->zoom <= DK_OVERVIEW_ZOOM; b->zoom++) {
        const dk_cell_range all = all_tiles(b->zoom);
        list.n = 0;
        status = dk_sheet_scan(store, layer, DK_SHEET_RAISED, b->zoom, &all, generation, list_sheet, &list, err);
        if (status == DK_OK)
            status = dk_sheet_scan(store, layer, DK_SHEET_OVERVIEW, b->zoom, &all, generation, list_sheet, &list, err);
        dk_tile_list_sort(&list);
        for (size_t i = 0; status == DK_OK && i < list.n; i++) {
            bool same = true;
            status = verify_overview(b, list.tiles[i], &same);
            if (status == DK_OK && !same)
                differs(b->zoom, user);
        }
    }
    dk_overview_free(b->overview);
    free(b);
    free(list.tiles);
    return status == DK_NOMEM ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}

typedef struct tallying {
    dk_budget *b;
    dk_grid_tally *left_out, *counted; /* by zoom */
    uint64_t tile;                     /* of the sheet under way */
    int zoom;
} tallying;

static dk_status tally_entry(tallying *t, const dk_block *block, uint32_t i)
{
    dk_budget *b = t->b;
    const dk_budget_share *s = &b->shares[0];
    const dk_entry_head *head = &block->heads[i];
    dk_grid_cell counted = {0};
    dk_status status = DK_OK;
    for (b->zoom = head->first_zoom; status == DK_OK && b->zoom <= DK_FINEST_ZOOM; b->zoom++) {
        bool drawn;
        status = dk_budget_has_room(b, s, head, &drawn);
        if (status != DK_OK || drawn)
            continue;
        if (counted.count == 0 && (status = dk_budget_count_entry(b, s->layer, block, i, &counted)) != DK_OK)
            return status;
        uint64_t tile;
        counted.number = dk_grid_number(head->label_x, head->label_y, b->zoom, &tile);
        dk_grid_tally_cell(&t->left_out[b->zoom], tile, &counted);
    }
    return status;
}

static dk_status tally_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    dk_block block;
    dk_status status = dk_block_open(data, size, &block);
    for (uint32_t i = 0; status == DK_OK && i < block.n_entries; i++)
        status = tally_entry(user, &block, i);
    return status;
}

static bool tally_cell(const dk_grid_cell *cell, void *user)
{
    tallying *t = user;
    dk_grid_tally_cell(&t->counted[t->zoom], t->tile, cell);
    return true;
}

static dk_status tally_sheet(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    tallying *t = user;
    size_t n_sums;
    if (size <= 2) /* a threshold alone */
        return DK_OK;
    t->zoom = level;
    t->tile = cell;
    const dk_status status = dk_grid_each((const unsigned char *)data + 2, size - 2, &n_sums, tally_cell, t);
    return status == DK_OK && n_sums != t->b->shares[0].layer->n_grid_measures ? DK_CORRUPT : status;
}

dk_status dk_budget_count(dk_store *store, const dk_kind *layer, int64_t generation, dk_grid_tally *left_out,
                          dk_grid_tally *counted, dk_error *err)
{
    dk_budget_share own;
    dk_budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    tallying t = {.b = b, .left_out = left_out, .counted = counted};
    uint64_t shelves = 0;
    dk_status status = begin_comparing(b, &own, store, layer, generation, err);
    const uint64_t raised = own.raised[DK_ROOM_MERCATOR] | own.raised[DK_ROOM_PLATE];
    if (status == DK_OK && !layer->draw_all && raised != 0)
        status = dk_sheet_levels(store, layer, DK_SHEET_BLOCK, &shelves, err);
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        const dk_cell_range all = all_tiles(dk_shelf_cells(shelf));
        if (shelves >> shelf & 1)
            status = dk_sheet_scan(store, layer, DK_SHEET_BLOCK, shelf, &all, generation, tally_block, &t, err);
    }
    for (int zoom = 0; status == DK_OK && zoom <= DK_FINEST_ZOOM; zoom++) {
        const dk_cell_range all = all_tiles(zoom);
        if (raised >> zoom & 1)
            status = dk_sheet_scan(store, layer, DK_SHEET_RAISED, zoom, &all, generation, tally_sheet, &t, err);
    }
    free(b);
    return status == DK_CORRUPT
               ? dk_fail(err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex", store->path,
                         layer->name)
               : status;
}
