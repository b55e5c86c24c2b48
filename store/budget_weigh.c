/* What layers have in a tile, and what of it is drawn. */
#include "store/budget_work.h"
#include "store/shelf.h"

#include <stdlib.h>
#include <string.h>

const dk_sheet dk_raised_sheets[DK_ROOM_SETS] = {DK_SHEET_RAISED, DK_SHEET_RAISED_PLATE};

dk_status dk_budget_no_memory(dk_budget *b)
{
    return dk_fail(b->err, DK_NOMEM, "out of memory");
}

dk_rank dk_budget_rank_in(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    return size < 2 ? (dk_rank)0 : (dk_rank)((unsigned)bytes[0] | (unsigned)bytes[1] << 8);
}

/* ---- thresholds that there are ---- */

static dk_status note_rank(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    dk_kept_rank *kept = user;
    kept->rank = dk_budget_rank_in(data, size);
    kept->counts = size > 2;
    return DK_END;
}

dk_kept_rank *dk_budget_kept_place(dk_budget *b, const dk_kind *layer, dk_room_set set, int zoom, uint32_t x,
                                   uint32_t y)
{
    return &b->kept[(x + y * UINT32_C(32) + (uint32_t)zoom * 67 + (uint32_t)layer->index * 211 + (uint32_t)set * 512) %
                    DK_KEPT_RANKS];
}

dk_status dk_budget_read_kept(dk_budget *b, const dk_budget_share *s, dk_room_set set, int zoom, uint32_t x, uint32_t y,
                              const dk_kept_rank **ret_kept)
{
    dk_kept_rank *kept = dk_budget_kept_place(b, s->layer, set, zoom, x, y);
    dk_status status = DK_OK;
    if (kept->layer != s->layer || kept->x != x || kept->y != y || kept->zoom != zoom || kept->set != set) {
        const dk_cell_range cell = {x, y, x, y};
        *kept = (dk_kept_rank){NULL, x, y, (uint8_t)zoom, (uint8_t)set, 0, false};
        status =
            dk_sheet_scan(b->store, s->layer, dk_raised_sheets[set], zoom, &cell, b->sees, note_rank, kept, b->err);
        kept->layer = status == DK_OK ? s->layer : NULL;
    }
    *ret_kept = kept;
    return status;
}

dk_status dk_budget_read_rank(dk_budget *b, const dk_budget_share *s, dk_room_set set, int zoom, uint32_t x, uint32_t y,
                              dk_rank *ret_rank)
{
    const dk_kept_rank *kept = NULL;
    *ret_rank = 0;
    if ((s->raised[set] >> zoom & 1) == 0)
        return DK_OK;
    const dk_status status = dk_budget_read_kept(b, s, set, zoom, x, y, &kept);
    *ret_rank = kept->rank;
    return status;
}

dk_status dk_budget_has_room(dk_budget *b, const dk_budget_share *s, const dk_entry_head *head, bool *ret_room)
{
    const dk_rank rank = dk_rank_of(head);
    const int zoom = dk_room_zoom(head, b->zoom);
    dk_status status = DK_OK;
    *ret_room = true;
    for (int set = 0; set < DK_ROOM_SETS; set++) {
        if ((s->raised[set] >> zoom & 1) == 0)
            continue;
        const dk_cell_range rooms = dk_rooms_of(head, zoom, (dk_room_set)set);
        for (uint32_t y = rooms.y0; y <= rooms.y1; y++)
            for (uint32_t x = rooms.x0; status == DK_OK && *ret_room && x <= rooms.x1; x++) {
                dk_rank least;
                status = dk_budget_read_rank(b, s, (dk_room_set)set, zoom, x, y, &least);
                *ret_room = rank >= least;
            }
    }
    return status;
}

/* ---- reading what is in a tile ---- */

dk_status dk_budget_count_entry(dk_budget *b, const dk_kind *layer, const dk_block *block, uint32_t i,
                                dk_grid_cell *ret_cell)
{
    dk_drawing drawing;
    dk_stored_row row;
    if (dk_block_drawing(block, i, &drawing) != DK_OK)
        return DK_CORRUPT;
    const dk_status status = dk_stored_row_read(b->store, layer, block->heads[i].row, false, &row, b->err);
    if (status != DK_OK)
        return status;
    dk_grid_cell_of(layer, &block->heads[i], drawing.n_points, row.values, ret_cell);
    dk_stored_row_release(&row);
    return DK_OK;
}

/* An entry that has its label in the tile: it is counted, or drawn. */
static dk_status gather(dk_budget *b, const dk_block *block, uint32_t i, int level)
{
    const dk_budget_share *s = b->scanned;
    const dk_entry_head *head = &block->heads[i];
    dk_grid_cell counted;
    uint64_t tile;
    bool drawn;
    dk_status status = dk_budget_has_room(b, s, head, &drawn);
    if (status != DK_OK || drawn)
        return status == DK_OK ? dk_overview_add(b->overview, block, i, level) : status;
    b->n_left_out++;
    if (b->verifying)
        return DK_OK;
    if ((status = dk_budget_count_entry(b, s->layer, block, i, &counted)) != DK_OK)
        return status;
    counted.number = dk_grid_number(head->label_x, head->label_y, b->zoom, &tile);
    return dk_grid_add(&b->grid, &counted, 1);
}

static void add_box(dk_budget_share *s, const dk_entry_head *head)
{
    if (!s->any)
        s->box = (dk_world_box){head->x0, head->y0, head->x1, head->y1};
    s->any = true;
    s->box.x0 = head->x0 < s->box.x0 ? head->x0 : s->box.x0;
    s->box.y0 = head->y0 < s->box.y0 ? head->y0 : s->box.y0;
    s->box.x1 = head->x1 > s->box.x1 ? head->x1 : s->box.x1;
    s->box.y1 = head->y1 > s->box.y1 ? head->y1 : s->box.y1;
}

/* An entry that takes up room in the tile; labelled: and has its label there. */
static dk_status weigh(dk_budget *b, const dk_block *block, uint32_t i, double values, bool labelled)
{
    dk_budget_share *s = b->scanned;
    const dk_entry_head *head = &block->heads[i];
    const dk_rank rank = dk_rank_of(head);
    const unsigned class = rank >> 8 < DK_BUDGET_CLASSES ? rank >> 8 : DK_BUDGET_CLASSES - 1;
    dk_drawing drawing;
    if (dk_block_drawing(block, i, &drawing) != DK_OK)
        return DK_CORRUPT;
    const size_t n_points = dk_drawing_points_at(&drawing, b->zoom);
    if (dk_room_zoom(head, b->zoom) < b->zoom) {
        s->settled += dk_weight_of_settled(block, i, n_points, values, b->zoom);
        s->all += dk_weight_of_settled(block, i, drawing.n_points, values, b->zoom);
        return DK_OK;
    }
    const int64_t drawn = dk_weight_of_entry(block, n_points, values);
    if (s->classes[class] == 0)
        memset(s->ties[class], 0, sizeof s->ties[class]);
    s->classes[class] += drawn;
    s->ties[class][rank & 0xff] += drawn;
    const int64_t whole = dk_weight_of_entry(block, drawing.n_points, values);
    s->all += whole;
    s->open += whole;
    add_box(s, head);
    const bool later = b->zoom < DK_FINEST_ZOOM && dk_room_zoom(head, b->zoom + 1) <= b->zoom;
    if (labelled && !later)
        return DK_OK;
    if (!dk_grow(&s->guests, &s->guests_capacity, s->n_guests + 1, sizeof *s->guests))
        return DK_NOMEM;
    s->guests[s->n_guests++] = (dk_budget_guest){dk_morton(head->label_x, head->label_y), rank, !labelled, later};
    return DK_OK;
}

static dk_status scan_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)cell;
    dk_budget *b = user;
    dk_block block;
    dk_status status = DK_OK;
    if (dk_block_open(data, size, &block) != DK_OK)
        return DK_CORRUPT;
    const double values = dk_weight_of_values(&block);
    for (uint32_t i = 0; status == DK_OK && i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        if (head->first_zoom > b->zoom)
            continue;
        const bool labelled = b->set == DK_ROOM_MERCATOR && dk_tile_at(head->label_x, b->zoom) == b->x &&
                              dk_tile_at(head->label_y, b->zoom) == b->y;
        if (b->gathering) {
            status = labelled ? gather(b, &block, i, level) : DK_OK;
            continue;
        }
        const dk_cell_range rooms = dk_room_zoom(head, b->zoom) < b->zoom ? dk_rooms_met(head, b->zoom, b->set)
                                                                          : dk_rooms_of(head, b->zoom, b->set);
        if (b->x >= rooms.x0 && b->x <= rooms.x1 && b->y >= rooms.y0 && b->y <= rooms.y1)
            status = weigh(b, &block, i, values, labelled);
    }
    return status;
}

/* Blocks whose entries may take up room in the tile under way. */
static dk_status scan_tile(dk_budget *b, dk_budget_share *s)
{
    b->scanned = s;
    const dk_world_box box = dk_room_box(b->set, b->zoom, b->x, b->y);
    uint64_t shelves = 0;
    dk_status status = dk_sheet_levels(b->store, s->layer, DK_SHEET_BLOCK, &shelves, b->err);
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        if ((shelves >> shelf & 1) == 0 || dk_shelf_level(shelf) > b->zoom + DK_LEVELS_BELOW)
            continue;
        const dk_cell_range range = dk_cells_reaching(&box, shelf);
        status = dk_sheet_scan(b->store, s->layer, DK_SHEET_BLOCK, shelf, &range, b->sees, scan_block, b, b->err);
    }
    if (status == DK_CORRUPT)
        status = dk_fail(b->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex",
                         b->store->path, s->layer->name);
    return status == DK_NOMEM ? dk_budget_no_memory(b) : status;
}

dk_status dk_budget_weigh(dk_budget *b, dk_budget_share *s)
{
    s->settled = s->all = s->open = 0;
    const dk_status status = scan_tile(b, s);
    s->sum = 0;
    for (size_t class = 0; class < DK_BUDGET_CLASSES; class ++)
        s->sum += s->classes[class];
    return status;
}

dk_status dk_budget_gather(dk_budget *b, dk_budget_share *s)
{
    b->set = DK_ROOM_MERCATOR;
    b->n_left_out = 0;
    dk_overview_begin(b->overview, s->layer, b->zoom);
    b->gathering = true;
    const dk_status status = scan_tile(b, s);
    b->gathering = false;
    if (b->n_left_out == 0)
        dk_overview_begin(b->overview, s->layer, b->zoom);
    return status;
}

/* ---- what is not drawn yet ---- */

typedef struct quartering {
    dk_kept_quarters *to;
    int64_t attributes; /* of an entry of the layer */
} quartering;

/* Not less than what these entries will weigh (weights.h): the grid's figure passes over attributes without a value,
 * and takes texts and vertices for a little less. */
static bool add_weight(const dk_grid_cell *cell, void *user)
{
    const quartering *q = user;
    const bool east = cell->number % DK_GRID_CELLS >= DK_GRID_CELLS / 2,
               south = cell->number / DK_GRID_CELLS >= DK_GRID_CELLS / 2;
    q->to->bytes[2 * south + east] += cell->weight + cell->weight / 4 + q->attributes * cell->count;
    return true;
}

dk_status dk_budget_read_quarters(dk_budget *b, const dk_budget_share *s, uint32_t x, uint32_t y,
                                  const dk_kept_quarters **ret_kept)
{
    const uint32_t place = x + y * UINT32_C(32) + (uint32_t)b->zoom * 67 + (uint32_t)s->layer->index * 211;
    dk_kept_quarters *kept = &b->quarters[place % DK_KEPT_QUARTERS];
    dk_status status = DK_OK;
    if (kept->layer != s->layer || kept->x != x || kept->y != y || kept->zoom != b->zoom) {
        quartering q = {kept, 0};
        size_t n_sums;
        for (size_t i = 0; i < s->layer->n_fields; i++)
            q.attributes += s->layer->fields[i].in_tiles;
        *kept = (dk_kept_quarters){.x = x, .y = y, .zoom = (uint8_t)b->zoom};
        dk_buf_clear(&b->bytes);
        status = dk_sheet_read(b->store, s->layer, DK_SHEET_GRID, b->zoom, dk_morton(x, y), &b->bytes, b->err);
        if (status == DK_OK && dk_grid_each(b->bytes.data, b->bytes.size, &n_sums, add_weight, &q) != DK_OK)
            status =
                dk_fail(b->err, DK_CORRUPT, "the grid of %s is damaged; run dikuai-ingest reindex", s->layer->name);
        kept->layer = status == DK_OK ? s->layer : NULL;
    }
    *ret_kept = kept;
    return status;
}

dk_status dk_budget_read_undrawn(dk_budget *b, dk_budget_share *s)
{
    const uint32_t last = (UINT32_C(2) << b->zoom) - 1; /* of the next zoom, as all here */
    uint32_t y0 = 2 * b->y, y1 = y0 + 1;
    dk_status status = DK_OK;
    if (b->set == DK_ROOM_PLATE) {
        const dk_world_box box = dk_room_box(b->set, b->zoom, b->x, b->y);
        y0 = dk_tile_at(box.y0, b->zoom + 1);
        y1 = dk_tile_at(box.y1, b->zoom + 1);
    }
    const uint32_t x0 = 2 * b->x, x1 = x0 + 1;
    for (uint32_t y = y0 > 0 ? y0 - 1 : 0; y <= (y1 < last ? y1 + 1 : last); y++)
        for (uint32_t x = x0 > 0 ? x0 - 1 : 0; status == DK_OK && x <= (x1 < last ? x1 + 1 : last); x++) {
            const dk_kept_quarters *kept;
            status = dk_budget_read_quarters(b, s, x / 2, y / 2, &kept);
            s->undrawn += kept->bytes[2 * (y % 2) + x % 2];
        }
    return status;
}

dk_status dk_budget_read_share(dk_budget *b, dk_budget_share *s, uint64_t tile)
{
    memset(s->classes, 0, sizeof s->classes);
    s->sum = s->settled = s->all = s->open = s->undrawn = 0;
    s->n_guests = 0;
    s->any = false;
    s->before = s->now = 0;
    dk_buf_clear(&s->old);
    dk_status status = DK_OK;
    if (s->raised[b->set] >> b->zoom & 1)
        status = dk_sheet_read(b->store, s->layer, dk_raised_sheets[b->set], b->zoom, tile, &s->old, b->err);
    s->before = dk_budget_rank_in(s->old.data, s->old.size);
    if (status != DK_OK || b->zoom > DK_WEIGHED_ZOOM)
        return status == DK_OK ? dk_budget_weigh(b, s) : status;
    dk_tile_weight weight = {0}, settled = {0};
    status = dk_weights_of(b->store, s->layer, b->set, b->zoom, tile, false, &weight, b->err);
    if (status == DK_OK)
        status = dk_weights_of(b->store, s->layer, b->set, b->zoom, tile, true, &settled, b->err);
    s->sum = weight.drawn;
    s->settled = settled.drawn;
    s->all = weight.whole + settled.whole;
    s->open = weight.whole;
    return status;
}
