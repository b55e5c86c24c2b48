/* Reading the cell index: see index.h. */
#include "store/handle.h"
#include "store/index_rows.h"
#include "store/overview.h"
#include "store/room.h"
#include "store/shelf.h"

#include <stdlib.h>
#include <string.h>

int dk_cell_level(const dk_world_box *box)
{
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0;
    const uint32_t size = width > height ? width : height;
    int level = DK_FINEST_ZOOM;
    while (level > 0 && size > UINT32_MAX >> level) /* a cell of this level is 2^(32-level) units wide */
        level--;
    return level;
}

static uint64_t spread(uint32_t v)
{
    uint64_t x = v;
    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    x = (x | x << 1) & UINT64_C(0x5555555555555555);
    return x;
}

uint64_t dk_morton(uint32_t x, uint32_t y)
{
    return spread(x) | spread(y) << 1;
}

/* The even bits of a code: x; of code >> 1: y. */
static uint32_t gather(uint64_t x)
{
    x &= UINT64_C(0x5555555555555555);
    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x >> 16) & UINT64_C(0x00000000ffffffff);
    return (uint32_t)x;
}

void dk_morton_split(uint64_t code, uint32_t *ret_x, uint32_t *ret_y)
{
    *ret_x = gather(code);
    *ret_y = gather(code >> 1);
}

static uint32_t cell_at(uint32_t position, int level)
{
    return level == 0 ? 0 : position >> (32 - level);
}

static dk_cell_range cells_of(const dk_world_box *box, int level)
{
    return (dk_cell_range){cell_at(box->x0, level), cell_at(box->y0, level), cell_at(box->x1, level),
                           cell_at(box->y1, level)};
}

/* ---- sessions ---- */

/* Thresholds read lately, by (layer, zoom, tile): direct mapped. */
enum { RAISED_PLACES = 256 };
struct dk_raised {
    int64_t generation;
    uint32_t x, y;
    uint16_t layer;
    dk_rank rank;
    uint8_t zoom, set;
} /* [RAISED_PLACES] */;

/* The index was built anew: what is known of it goes. */
static void forget_sheets(dk_store *store)
{
    for (size_t i = 0; i < DK_MAX_KINDS; i++)
        store->levels[i].known = false;
    free(store->raised);
    store->raised = NULL;
}

/* *ret_purged: what died in this generation or before is taken away; 0: nothing yet. */
static dk_status sheets_kept(dk_store *store, int64_t *ret_purged, int64_t *ret_rebuilt, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, &store->catalogue->kinds[0], DK_STMT_SHEETS_KEPT, &stmt, err);
    if (status != DK_OK)
        return status;
    status = dk_sql_step(store, stmt, err);
    *ret_purged = status == DK_OK ? sqlite3_column_int64(stmt, 0) : 0;
    *ret_rebuilt = status == DK_OK ? sqlite3_column_int64(stmt, 1) : 0;
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_index_rebuilt(dk_store *store, int64_t *ret_rebuilt, dk_error *err)
{
    int64_t purged;
    return sheets_kept(store, &purged, ret_rebuilt, err);
}

void dk_index_share(dk_store *store, dk_sheet_cache *cache)
{
    store->sheets = cache;
}

dk_status dk_index_begin(dk_store *store, int64_t generation, int64_t *ret_generation, dk_error *err)
{
    int64_t purged = 0, rebuilt = 0;
    store->in_session = sqlite3_get_autocommit(store->db) != 0;
    dk_status status = store->in_session ? dk_sql_begin_reading(store, err) : DK_OK;
    if (status == DK_OK)
        status = sheets_kept(store, &purged, &rebuilt, err);
    if (status == DK_OK && generation == DK_NEWEST)
        status = dk_store_generation(store, &generation, err);
    else if (status == DK_OK && generation < purged)
        status = dk_fail(err, DK_BUSY, "generation %lld is no longer kept", (long long)generation);
    if (rebuilt != store->session.rebuilt)
        forget_sheets(store);
    store->session = (dk_sheet_stamp){generation, rebuilt, store->catalogue_since};
    if (status != DK_OK)
        dk_index_end(store);
    else if (ret_generation != NULL)
        *ret_generation = generation;
    return status;
}

void dk_index_end(dk_store *store)
{
    if (store->in_session)
        dk_sql_end_reading(store);
    store->in_session = false;
}

/* ---- thresholds ---- */

/* Of shelves with few blocks, which most tiles have nothing of, it is known where they are. */
enum { FEW_CELLS = 256 };

static dk_status read_cells(dk_store *store, const dk_kind *layer, struct dk_sheet_levels *levels, dk_error *err)
{
    uint64_t cells[FEW_CELLS];
    size_t all = 0;
    for (int shelf = 0; shelf < DK_SHELVES; shelf++) {
        size_t n = 0;
        bool few = false;
        levels->first_cell[shelf] = (uint32_t)all;
        levels->n_cells[shelf] = 0;
        if ((levels->bits[DK_SHEET_BLOCK] >> shelf & 1) == 0)
            continue;
        if (!dk_grow(&levels->cells, &levels->cells_capacity, all + FEW_CELLS, sizeof *levels->cells))
            return dk_fail(err, DK_NOMEM, "out of memory");
        const dk_status status = dk_sheet_cells(store, layer, DK_SHEET_BLOCK, shelf, cells, FEW_CELLS, &n, &few, err);
        if (status != DK_OK)
            return status;
        for (size_t i = 0; few && i < n; i++)
            levels->cells[all + i] = (struct dk_known_cell){cells[i], UINT8_MAX};
        levels->n_cells[shelf] = few ? (uint32_t)n : UINT32_MAX;
        all += few ? n : 0;
    }
    return DK_OK;
}

/* The first of the known cells of a shelf, from `cell` on. */
static size_t first_from(const struct dk_known_cell *cells, size_t n, uint64_t cell)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (cells[middle].cell < cell)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether a shelf may have blocks in a range of cells, of which something is wanted at the zoom; -1: at any. */
static bool shelf_has_any(const struct dk_sheet_levels *levels, int shelf, const dk_cell_range *range, int zoom)
{
    const struct dk_known_cell *cells = levels->cells + levels->first_cell[shelf];
    const size_t n = levels->n_cells[shelf];
    if (n == UINT32_MAX)
        return true;
    const uint64_t last = dk_morton(range->x1, range->y1);
    for (size_t i = first_from(cells, n, dk_morton(range->x0, range->y0)); i < n && cells[i].cell <= last; i++) {
        uint32_t x, y;
        dk_morton_split(cells[i].cell, &x, &y);
        if (x >= range->x0 && x <= range->x1 && y >= range->y0 && y <= range->y1 && cells[i].cut > zoom)
            return true;
    }
    return false;
}

static void note_cut(struct dk_sheet_levels *levels, int shelf, uint64_t cell, int cut)
{
    struct dk_known_cell *cells = levels->cells + levels->first_cell[shelf];
    const size_t n = levels->n_cells[shelf] == UINT32_MAX ? 0 : levels->n_cells[shelf], i = first_from(cells, n, cell);
    if (i < n && cells[i].cell == cell)
        cells[i].cut = (uint8_t)cut;
}

static dk_status levels_of(dk_store *store, const dk_kind *layer, const struct dk_sheet_levels **ret_levels,
                           dk_error *err)
{
    struct dk_sheet_levels *levels = &store->levels[layer->index];
    if (!levels->known || levels->generation != store->session.generation) {
        dk_status status = DK_OK;
        levels->known = false;
        for (unsigned t = 0; status == DK_OK && t < DK_SHEETS; t++)
            status = dk_sheet_levels(store, layer, (dk_sheet)t, &levels->bits[t], err);
        if (status == DK_OK)
            status = read_cells(store, layer, levels, err);
        if (status != DK_OK)
            return status;
        levels->generation = store->session.generation;
        levels->known = true;
    }
    *ret_levels = levels;
    return DK_OK;
}

static dk_status note_rank(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    const unsigned char *bytes = data;
    if (size >= 2)
        *(dk_rank *)user = (dk_rank)((unsigned)bytes[0] | (unsigned)bytes[1] << 8);
    return DK_END;
}

/* The rank below which a tile draws nothing; 0: it draws everything. */
static dk_rank raised_to(dk_store *store, const dk_kind *layer, dk_room_set set, int zoom, uint32_t x, uint32_t y)
{
    if (store->raised == NULL) {
        store->raised = calloc(RAISED_PLACES, sizeof *store->raised);
        if (store->raised == NULL)
            return 0;
        for (size_t i = 0; i < RAISED_PLACES; i++)
            store->raised[i].generation = -2;
    }
    struct dk_raised *place = &store->raised[(x + y * UINT32_C(16) + (uint32_t)zoom * 37 +
                                              (uint32_t)layer->index * 101 + (uint32_t)set * 128) %
                                             RAISED_PLACES];
    if (place->generation != store->session.generation || place->x != x || place->y != y ||
        place->layer != layer->index || place->zoom != zoom || place->set != set) {
        static const dk_sheet sheets[DK_ROOM_SETS] = {DK_SHEET_RAISED, DK_SHEET_RAISED_PLATE};
        dk_rank rank = 0;
        const dk_cell_range range = {x, y, x, y};
        dk_error ignored;
        dk_sheet_scan(store, layer, sheets[set], zoom, &range, store->session.generation, note_rank, &rank, &ignored);
        *place = (struct dk_raised){
            store->session.generation, x, y, (uint16_t)layer->index, rank, (uint8_t)zoom, (uint8_t)set};
    }
    return place->rank;
}

static bool has_room(dk_store *store, const dk_kind *layer, const dk_entry_head *head, int zoom, dk_room_set set)
{
    static const dk_sheet sheets[DK_ROOM_SETS] = {DK_SHEET_RAISED, DK_SHEET_RAISED_PLATE};
    if ((store->levels[layer->index].bits[sheets[set]] >> zoom & 1) == 0)
        return true;
    const dk_cell_range rooms = dk_rooms_of(head, zoom, set);
    const dk_rank rank = dk_rank_of(head);
    for (uint32_t y = rooms.y0; y <= rooms.y1; y++)
        for (uint32_t x = rooms.x0; x <= rooms.x1; x++)
            if (rank < raised_to(store, layer, set, zoom, x, y))
                return false;
    return true;
}

bool dk_index_drawn(dk_store *store, const dk_kind *layer, const dk_entry_head *head, int zoom)
{
    if (zoom < layer->min_zoom)
        return false;
    if (layer->draw_all)
        return true;
    const bool piece = head->last_zoom != UINT8_MAX;
    if (!piece && head->first_zoom > zoom)
        return false;
    const struct dk_label_tile *own = &store->labels;
    if (own->only && (cell_at(head->label_x, own->zoom) != own->x || cell_at(head->label_y, own->zoom) != own->y))
        return false;
    const struct dk_sheet_levels *levels = &store->levels[layer->index]; /* the scan has asked for them */
    if (zoom > DK_FINEST_ZOOM)
        zoom = DK_FINEST_ZOOM;
    const uint64_t none_after = UINT64_MAX >> (63 - zoom);
    if (!levels->known || ((levels->bits[DK_SHEET_RAISED] | levels->bits[DK_SHEET_RAISED_PLATE]) & none_after) == 0)
        return true;
    const int decides = dk_room_zoom(head, zoom);
    return has_room(store, layer, head, decides, DK_ROOM_MERCATOR) &&
           has_room(store, layer, head, decides, DK_ROOM_PLATE);
}

/* ---- blocks ---- */

/* The cells whose entries may meet a box: these reach beyond their corner, and a little more where matching has moved a
 * border. */
dk_cell_range dk_cells_reaching(const dk_world_box *box, int shelf)
{
    const uint32_t own = dk_shelf_reach(shelf), reach = own == 0 ? 0 : own + 2 * DK_MATCH_UNITS;
    const int level = dk_shelf_level(shelf);
    const dk_world_box homes = {dk_home(box->x0 > reach ? box->x0 - reach : 0, level),
                                dk_home(box->y0 > reach ? box->y0 - reach : 0, level), dk_home(box->x1, level),
                                dk_home(box->y1, level)};
    return cells_of(&homes, dk_shelf_cells(shelf));
}

typedef struct block_scan {
    dk_store *store;
    const dk_kind *layer;
    int zoom;
    bool (*each)(const dk_block *block, void *user);
    bool (*each_piece)(const dk_block *block, int level, uint32_t x, uint32_t y, void *user);
    void *user;
    bool stopped;
    dk_error *err;
} block_scan;

static dk_status give_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    block_scan *s = user;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_fail(s->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex",
                       s->store->path, s->layer->name);
    if (s->each_piece != NULL) {
        uint32_t x, y;
        dk_morton_split(cell, &x, &y);
        s->stopped = !s->each_piece(&block, dk_piece_level(level), x, y, s->user);
    } else {
        s->stopped = !s->each(&block, s->user);
    }
    return s->stopped ? DK_END : DK_OK;
}

/* Whether a block has an entry that its drawing stands for at the zoom; where pieces stand for all of them, a large
 * outline's drawing is not read. */
static bool block_wanted(int shelf, uint64_t cell, const void *beginning, void *user)
{
    const block_scan *s = user;
    const int cut = dk_block_cut(beginning, DK_SHEET_BEGINNING);
    note_cut(&s->store->levels[s->layer->index], shelf, cell, cut);
    return cut > s->zoom;
}

static dk_status scan_shelf(block_scan *s, const struct dk_sheet_levels *levels, int shelf, const dk_world_box *box,
                            bool large)
{
    const dk_cell_range range = dk_cells_reaching(box, shelf);
    return shelf_has_any(levels, shelf, &range, large ? -1 : s->zoom)
               ? dk_sheet_scan_wanted(s->store, s->layer, DK_SHEET_BLOCK, shelf, &range, s->store->session.generation,
                                      large ? NULL : block_wanted, give_block, s, s->err)
               : DK_OK;
}

/* The tiles in which what is asked for may have its label, as far as it is at home above the zoom; and which of them
 * have an overview. */
enum { LABEL_TILES = 16 };

typedef struct label_tiles {
    block_scan *scan;
    dk_cell_range range;
    bool has[LABEL_TILES];
} label_tiles;

static size_t number_in(const dk_cell_range *range, uint32_t x, uint32_t y)
{
    return (size_t)(y - range->y0) * (range->x1 - range->x0 + 1) + (x - range->x0);
}

static dk_status give_overview(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    label_tiles *tiles = user;
    uint32_t x, y;
    dk_morton_split(cell, &x, &y);
    tiles->has[number_in(&tiles->range, x, y)] = true;
    return give_block(level, cell, data, size, tiles->scan);
}

static uint32_t reach_of(int shelf)
{
    return dk_shelf_reach(shelf) + 2 * DK_MATCH_UNITS;
}

/* Gives the overviews. *ret_any false: there is none, and nothing is given. */
static dk_status scan_overviews(block_scan *s, const struct dk_sheet_levels *levels, const dk_world_box *box,
                                label_tiles *ret_tiles, bool *ret_any)
{
    const int zoom = s->zoom;
    *ret_any = false;
    if (zoom > DK_OVERVIEW_ZOOM || (levels->bits[DK_SHEET_OVERVIEW] >> zoom & 1) == 0)
        return DK_OK;
    const dk_world_box wide = dk_box_grown(box, reach_of(dk_shelf_of(zoom + 1, 0)));
    const dk_cell_range range = cells_of(&wide, zoom);
    if ((uint64_t)(range.x1 - range.x0 + 1) * (range.y1 - range.y0 + 1) > LABEL_TILES)
        return DK_OK;
    *ret_tiles = (label_tiles){.scan = s, .range = range};
    *ret_any = true;
    return dk_sheet_scan(s->store, s->layer, DK_SHEET_OVERVIEW, zoom, &range, s->store->session.generation,
                         give_overview, ret_tiles, s->err);
}

/* Of a shelf above the zoom what has its label in tiles that have no overview. */
static dk_status scan_the_rest(block_scan *s, const struct dk_sheet_levels *levels, int shelf, const dk_world_box *box,
                               const label_tiles *tiles)
{
    dk_status status = DK_OK;
    for (uint32_t y = tiles->range.y0; y <= tiles->range.y1; y++)
        for (uint32_t x = tiles->range.x0; status == DK_OK && !s->stopped && x <= tiles->range.x1; x++) {
            if (tiles->has[number_in(&tiles->range, x, y)])
                continue;
            const uint32_t last = s->zoom == 0 ? UINT32_MAX : UINT32_MAX >> s->zoom;
            const uint32_t west = s->zoom == 0 ? 0 : x << (32 - s->zoom),
                           north = s->zoom == 0 ? 0 : y << (32 - s->zoom);
            const dk_world_box tile = {west, north, west + last, north + last};
            const dk_world_box near = dk_box_grown(&tile, reach_of(shelf));
            const dk_world_box both = {near.x0 > box->x0 ? near.x0 : box->x0, near.y0 > box->y0 ? near.y0 : box->y0,
                                       near.x1 < box->x1 ? near.x1 : box->x1, near.y1 < box->y1 ? near.y1 : box->y1};
            if (both.x0 > both.x1 || both.y0 > both.y1)
                continue;
            s->store->labels = (struct dk_label_tile){true, s->zoom, x, y};
            status = scan_shelf(s, levels, shelf, &both, false);
            s->store->labels.only = false;
        }
    return status;
}

dk_status dk_index_blocks(dk_store *store, const dk_kind *layer, const dk_world_box *box, int zoom,
                          bool (*each)(const dk_block *block, void *user), void *user, dk_error *err)
{
    block_scan s = {.store = store, .layer = layer, .zoom = zoom, .each = each, .user = user, .err = err};
    const struct dk_sheet_levels *levels;
    const bool large = zoom >= DK_EVERY_ZOOM;
    label_tiles tiles;
    bool overviews = false;
    dk_status status = levels_of(store, layer, &levels, err);
    if (status == DK_OK && !large)
        status = scan_overviews(&s, levels, box, &tiles, &overviews);
    if (zoom >= DK_LARGE)
        zoom -= DK_LARGE;
    for (int shelf = 0; status == DK_OK && !s.stopped && shelf < DK_SHELVES; shelf++) {
        if ((levels->bits[DK_SHEET_BLOCK] >> shelf & 1) == 0 || dk_shelf_level(shelf) > zoom + DK_LEVELS_BELOW)
            continue;
        status = overviews && dk_shelf_level(shelf) > zoom ? scan_the_rest(&s, levels, shelf, box, &tiles)
                                                           : scan_shelf(&s, levels, shelf, box, large);
    }
    return status;
}

dk_status dk_index_pieces(dk_store *store, const dk_kind *layer, const dk_world_box *box, int zoom,
                          bool (*each)(const dk_block *block, int level, uint32_t x, uint32_t y, void *user),
                          void *user, dk_error *err)
{
    block_scan s = {.store = store, .layer = layer, .each_piece = each, .user = user, .err = err};
    const struct dk_sheet_levels *levels;
    dk_status status = levels_of(store, layer, &levels, err);
    for (int shelf = 0; status == DK_OK && !s.stopped && shelf <= DK_LEAF_SHELVES + DK_MAX_LEVEL; shelf++) {
        const int level = dk_piece_level(shelf);
        if ((levels->bits[DK_SHEET_PIECE] >> shelf & 1) == 0 ||
            (shelf < DK_LEAF_SHELVES ? level != zoom : level > zoom))
            continue;
        const dk_cell_range range = cells_of(box, level);
        status =
            dk_sheet_scan(store, layer, DK_SHEET_PIECE, shelf, &range, store->session.generation, give_block, &s, err);
    }
    return status;
}

const char *dk_entry_division(const dk_kind *layer, const dk_block *block, uint32_t i)
{
    dk_value division;
    if (layer->division_field < 0 || dk_block_value(block, block->heads[i].division, &division) != DK_OK ||
        division.type != DK_TEXT)
        return NULL;
    return division.text.data;
}

uint64_t dk_entry_visible(const dk_kind *layer, const dk_view *view, const dk_block *block, uint32_t i)
{
    uint64_t in_tiles = 0;
    for (uint32_t a = 0; a < block->n_attributes; a++)
        in_tiles |= UINT64_C(1) << (block->fields[a] & 63);
    if (view->inside == view->outside) /* nothing depends on the division */
        return view->inside & in_tiles;
    return dk_view_fields(view, dk_entry_division(layer, block, i)) & in_tiles;
}

dk_status dk_entry_values(const dk_kind *layer, const dk_block *block, uint32_t i, uint64_t visible, dk_value *values)
{
    for (size_t f = 0; f < layer->n_fields; f++)
        values[f] = dk_value_null();
    for (uint32_t a = 0; a < block->n_attributes; a++) {
        const unsigned field = block->fields[a];
        if (field >= layer->n_fields || (visible >> field & 1) == 0)
            continue;
        if (dk_block_value(block, dk_block_attribute(block, i, a), &values[field]) != DK_OK)
            return DK_CORRUPT;
    }
    return DK_OK;
}

/* ---- grids ---- */

static dk_status read_grid(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    return dk_grid_read(user, data, size);
}

static dk_status read_raised(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    return size <= 2 ? DK_OK : dk_grid_read(user, (const unsigned char *)data + 2, size - 2);
}

typedef struct grid_scan {
    const dk_world_box *box;
    int zoom;
    bool (*each)(const dk_grid_place *place, void *user);
    void *user;
    bool stopped;
} grid_scan;

static void give_cells(grid_scan *s, const dk_grid *grid, uint32_t tile_x, uint32_t tile_y)
{
    const int level = dk_grid_level(s->zoom);
    const uint64_t size = UINT64_C(1) << (32 - level);
    for (uint32_t i = 0; grid->figures != NULL && !s->stopped && i < DK_GRID_CELLS * DK_GRID_CELLS; i++) {
        dk_grid_cell cell;
        if (!dk_grid_cell_at(grid, (uint16_t)i, &cell))
            continue;
        const dk_grid_place place = {tile_x * DK_GRID_CELLS + i % DK_GRID_CELLS,
                                     tile_y * DK_GRID_CELLS + i / DK_GRID_CELLS, &cell};
        const uint64_t x = place.x * size + size / 2, y = place.y * size + size / 2;
        if (x >= s->box->x0 && x <= s->box->x1 && y >= s->box->y0 && y <= s->box->y1)
            s->stopped = !s->each(&place, s->user);
    }
}

dk_status dk_index_grid(dk_store *store, const dk_kind *layer, const dk_world_box *box, int zoom,
                        bool (*each)(const dk_grid_place *place, void *user), void *user, dk_error *err)
{
    const struct dk_sheet_levels *levels;
    if (layer->draw_all && zoom >= layer->min_zoom) /* sheets are kept as if features were drawn by size */
        return DK_OK;
    dk_status status = levels_of(store, layer, &levels, err);
    if (zoom > DK_FINEST_ZOOM)
        zoom = DK_FINEST_ZOOM;
    if (status != DK_OK || ((levels->bits[DK_SHEET_GRID] | levels->bits[DK_SHEET_RAISED]) >> zoom & 1) == 0)
        return status;
    grid_scan s = {.box = box, .zoom = zoom, .each = each, .user = user};
    const dk_cell_range tiles = cells_of(box, zoom);
    dk_grid grid = {0};
    for (uint32_t y = tiles.y0; status == DK_OK && !s.stopped && y <= tiles.y1; y++)
        for (uint32_t x = tiles.x0; status == DK_OK && !s.stopped && x <= tiles.x1; x++) {
            const dk_cell_range tile = {x, y, x, y};
            dk_grid_clear(&grid, layer->n_grid_measures);
            status = dk_sheet_scan(store, layer, DK_SHEET_GRID, zoom, &tile, store->session.generation, read_grid,
                                   &grid, err);
            if (status == DK_OK)
                status = dk_sheet_scan(store, layer, DK_SHEET_RAISED, zoom, &tile, store->session.generation,
                                       read_raised, &grid, err);
            if (status == DK_CORRUPT)
                status = dk_fail(err, DK_CORRUPT, "%s: the grid of %s is damaged; run dikuai-ingest reindex",
                                 store->path, layer->name);
            if (status == DK_OK)
                give_cells(&s, &grid, x, y);
        }
    dk_grid_finish(&grid);
    return status;
}

/* ---- what has changed ---- */

dk_status dk_index_touched(dk_store *store, int64_t after, int64_t until,
                           void (*each)(const dk_kind *layer, const dk_world_box *box, void *user), void *user,
                           bool *ret_known, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *ret_known = false;
    dk_status status = dk_sql_prepare(
        store, "SELECT coalesce((SELECT value FROM dikuai_meta WHERE name='touched_from'),0)", &stmt, err);
    if (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK)
        *ret_known = after >= sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    if (status != DK_OK || !*ret_known)
        return status;
    status = dk_sql_prepare(store, "SELECT kind,x0,y0,x1,y1 FROM dikuai_touched WHERE generation>?1 AND generation<=?2",
                            &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int64(stmt, 2, until);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const dk_kind *layer = dk_catalogue_kind(store->catalogue, (const char *)sqlite3_column_text(stmt, 0));
        const dk_world_box box = {(uint32_t)sqlite3_column_int64(stmt, 1), (uint32_t)sqlite3_column_int64(stmt, 2),
                                  (uint32_t)sqlite3_column_int64(stmt, 3), (uint32_t)sqlite3_column_int64(stmt, 4)};
        if (layer != NULL)
            each(layer, &box, user);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}
