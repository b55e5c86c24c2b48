/* The budget of a tile: what is drawn in a tile of a zoom must not grow beyond what can be sent at once, of all layers together, for
 * a map asks for them together. Where it would, the smallest features give way: the tile gets a threshold, a rank (room.h) below
 * which nothing of the layer that takes up room in it is drawn at this zoom, in this tile or any other, and what is left out is counted
 * in the grid of the tile that holds its label position. Layers that weigh little keep all they have; those that weigh more share what
 * is left evenly. A tile of CGCS2000Quad is one of one layer, and has a threshold of its own: a feature is drawn where every tile
 * in which it takes up room, of both sets, has room for it, so both draw the same.
 *
 * A threshold depends only on what is published in its tile, of all layers that share it, so the order of batches leaves no
 * trace. It is looked for where features have come or gone, from the layer's first zoom down, and not below a tile whose features
 * would all fit with all their vertices. Beyond DK_FINEST_ZOOM those of that zoom hold (index.h). What tiles of small zooms hold is
 * not read for it: their weights are kept (weights.h).
 *
 * Layers that draw all and layers of which the public sees nothing do not share: the latter would show in what the public is shown.
 * Where a catalogue takes a layer away, others keep their thresholds until something changes in the tile. */
#include "store/audience.h"
#include "store/handle.h"
#include "store/index_work.h"
#include "store/overview.h"
#include "store/room.h"
#include "store/shelf.h"
#include "store/weights.h"

#include <stdlib.h>
#include <string.h>

/* Estimated compressed bytes, of all layers together and of one, below the 500,000 that no tile may exceed. */
#define TILE_BUDGET 400000
#define LAYER_BUDGET 300000
#define PLATE_BUDGET 380000
/* What a layer gets of a budget that others have a part in, in steps: so it seldom changes with what these have. */
#define STEP 8192

enum { CLASSES = 128, TIES = 256 };

static const dk_sheet raised_sheets[DK_ROOM_SETS] = {DK_SHEET_RAISED, DK_SHEET_RAISED_PLATE};

/* A feature in the room under way, and the tile of its label. */
typedef struct guest {
    uint64_t tile;
    dk_rank rank;
} guest;

/* A layer, and what it has in the room under way. Weights are in 1/DK_WEIGHT_SCALE bytes. */
typedef struct share {
    const dk_kind *layer;
    uint64_t raised[DK_ROOM_SETS]; /* the zooms at which some tile has a threshold, or had one before */
    int64_t classes[CLASSES];      /* what is drawn, by size class, */
    int64_t (*ties)[TIES];         /* and each by the rest of the rank; valid where the class has any */
    int64_t sum, all;              /* what is drawn, and with all vertices */
    int64_t undrawn;               /* bytes */
    bool any;
    dk_world_box box; /* of what takes up room here and is drawn */
    guest *guests;    /* of a tile of WebMercatorQuad those whose label is elsewhere, of the other set all */
    size_t n_guests, guests_capacity;
    dk_buf old; /* the sheet that there is */
    dk_rank before, now;
    dk_threshold_range range; /* the budgets for which it is that */
} share;

/* A tile in which what is left out of a layer may be other than before. */
typedef struct recount {
    size_t share;
    uint64_t tile;
} recount;

/* The thresholds of tiles in which what has its label in one tile may take up room. */
enum { AROUND = 3, PLATE_ROWS = 10 };
typedef struct around {
    bool any;
    uint32_t x0, y0[DK_ROOM_SETS];
    dk_rank least[DK_ROOM_SETS][PLATE_ROWS][AROUND];
} around;

typedef struct budget {
    dk_store *store;
    int64_t generation;
    dk_error *err;
    share *shares; /* the first is the layer's in which features came or went */
    size_t n_shares;
    recount *recounts;
    size_t n_recounts, recounts_capacity;
    /* of the tile under way */
    int zoom;
    dk_room_set set;
    uint32_t x, y;
    share *scanned;
    const around *around; /* what is left out is gathered, instead of weighing, */
    bool verifying;       /* and only for the overview */
    int64_t n_left_out;
    dk_grid grid;
    dk_buf bytes;
    dk_overview *overview;
} budget;

static dk_status no_memory(budget *b)
{
    return dk_fail(b->err, DK_NOMEM, "out of memory");
}

static dk_rank rank_in(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    return size < 2 ? (dk_rank)0 : (dk_rank)((unsigned)bytes[0] | (unsigned)bytes[1] << 8);
}

/* ---- thresholds around a tile ---- */

static dk_status note_rank(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    *(dk_rank *)user = rank_in(data, size);
    return DK_END;
}

static dk_status read_rank(budget *b, const dk_kind *layer, dk_room_set set, uint32_t x, uint32_t y, dk_rank *ret_rank)
{
    const dk_cell_range cell = {x, y, x, y};
    *ret_rank = 0;
    return dk_sheet_scan(b->store, layer, raised_sheets[set], b->zoom, &cell, DK_NEWEST, note_rank, ret_rank, b->err);
}

/* raised: of each set the zooms at which any tile has a threshold. */
static dk_status read_around(budget *b, const dk_kind *layer, const uint64_t *raised, uint64_t tile, around *ret_around)
{
    uint32_t x, y, first[DK_ROOM_SETS], last[DK_ROOM_SETS];
    const uint32_t end = b->zoom == 0 ? 0 : UINT32_MAX >> (32 - b->zoom);
    dk_status status = DK_OK;
    dk_morton_split(tile, &x, &y);
    *ret_around = (around){.x0 = x > 0 ? x - 1 : 0};
    const uint32_t last_x = x < end ? x + 1 : end;
    first[DK_ROOM_MERCATOR] = y > 0 ? y - 1 : 0;
    last[DK_ROOM_MERCATOR] = y < end ? y + 1 : end;
    dk_rooms_plate_rows(first[DK_ROOM_MERCATOR], last[DK_ROOM_MERCATOR], b->zoom, &first[DK_ROOM_PLATE], &last[DK_ROOM_PLATE]);
    for (int set = 0; set < DK_ROOM_SETS; set++) {
        ret_around->y0[set] = first[set];
        for (uint32_t row = first[set]; status == DK_OK && (raised[set] >> b->zoom & 1) != 0 && row <= last[set]; row++)
            for (uint32_t column = ret_around->x0; status == DK_OK && column <= last_x; column++) {
                dk_rank *least = &ret_around->least[set][row - first[set]][column - ret_around->x0];
                status = read_rank(b, layer, (dk_room_set)set, column, row, least);
                ret_around->any = ret_around->any || *least > 0;
            }
    }
    return status;
}

static bool has_room(const around *a, const dk_entry_head *head, int zoom)
{
    const dk_rank rank = dk_rank_of(head);
    for (int set = 0; a->any && set < DK_ROOM_SETS; set++) {
        const dk_cell_range rooms = dk_rooms_of(head, zoom, (dk_room_set)set);
        for (uint32_t y = rooms.y0; y <= rooms.y1; y++)
            for (uint32_t x = rooms.x0; x <= rooms.x1; x++)
                if (rank < a->least[set][y - a->y0[set]][x - a->x0])
                    return false;
    }
    return true;
}

/* ---- reading what is in a tile ---- */

/* An entry that has its label in the tile: it is counted, or drawn. */
static dk_status gather(budget *b, const dk_block *block, uint32_t i, int level)
{
    const share *s = b->scanned;
    const dk_entry_head *head = &block->heads[i];
    dk_drawing drawing;
    dk_stored_row row;
    dk_grid_cell counted;
    uint64_t tile;
    if (has_room(b->around, head, b->zoom))
        return dk_overview_add(b->overview, block, i, level);
    b->n_left_out++;
    if (b->verifying)
        return DK_OK;
    if (dk_block_drawing(block, i, &drawing) != DK_OK)
        return DK_CORRUPT;
    const dk_status status = dk_stored_row_read(b->store, s->layer, head->row, false, &row, b->err);
    if (status != DK_OK)
        return status;
    dk_grid_cell_of(s->layer, head, drawing.n_points, row.values, &counted);
    dk_stored_row_release(&row);
    counted.number = dk_grid_number(head->label_x, head->label_y, b->zoom, &tile);
    return dk_grid_add(&b->grid, &counted, 1);
}

static void add_box(share *s, const dk_entry_head *head)
{
    if (!s->any)
        s->box = (dk_world_box){head->x0, head->y0, head->x1, head->y1};
    s->any = true;
    s->box.x0 = head->x0 < s->box.x0 ? head->x0 : s->box.x0;
    s->box.y0 = head->y0 < s->box.y0 ? head->y0 : s->box.y0;
    s->box.x1 = head->x1 > s->box.x1 ? head->x1 : s->box.x1;
    s->box.y1 = head->y1 > s->box.y1 ? head->y1 : s->box.y1;
}

/* An entry that takes up room in the tile. */
static dk_status weigh(share *s, const dk_block *block, uint32_t i, double values, int zoom, uint64_t label_tile, bool guested)
{
    const dk_entry_head *head = &block->heads[i];
    const dk_rank rank = dk_rank_of(head);
    const unsigned class = rank >> 8 < CLASSES ? rank >> 8 : CLASSES - 1;
    dk_drawing drawing;
    if (dk_block_drawing(block, i, &drawing) != DK_OK)
        return DK_CORRUPT;
    const int64_t drawn = dk_weight_of_entry(block, dk_drawing_points_at(&drawing, zoom), values);
    if (s->classes[class] == 0)
        memset(s->ties[class], 0, sizeof s->ties[class]);
    s->classes[class] += drawn;
    s->ties[class][rank & 0xff] += drawn;
    s->all += dk_weight_of_entry(block, drawing.n_points, values);
    add_box(s, head);
    if (!guested)
        return DK_OK;
    if (!dk_grow(&s->guests, &s->guests_capacity, s->n_guests + 1, sizeof *s->guests))
        return DK_NOMEM;
    s->guests[s->n_guests++] = (guest){label_tile, rank};
    return DK_OK;
}

static dk_status scan_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)cell;
    budget *b = user;
    dk_block block;
    dk_status status = DK_OK;
    if (dk_block_open(data, size, &block) != DK_OK)
        return DK_CORRUPT;
    const double values = dk_weight_of_values(&block);
    for (uint32_t i = 0; status == DK_OK && i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        if (head->first_zoom > b->zoom)
            continue;
        const uint32_t x = dk_tile_at(head->label_x, b->zoom), y = dk_tile_at(head->label_y, b->zoom);
        const bool labelled = b->set == DK_ROOM_MERCATOR && x == b->x && y == b->y;
        if (b->around != NULL) {
            status = labelled ? gather(b, &block, i, level) : DK_OK;
            continue;
        }
        const dk_cell_range rooms = dk_rooms_of(head, b->zoom, b->set);
        if (b->x >= rooms.x0 && b->x <= rooms.x1 && b->y >= rooms.y0 && b->y <= rooms.y1)
            status = weigh(b->scanned, &block, i, values, b->zoom, dk_morton(x, y), !labelled);
    }
    return status;
}

/* Blocks whose entries may take up room in the tile under way. */
static dk_status scan_tile(budget *b, share *s)
{
    b->scanned = s;
    const dk_world_box box = dk_room_box(b->set, b->zoom, b->x, b->y);
    uint64_t shelves = 0;
    dk_status status = dk_sheet_levels(b->store, s->layer, DK_SHEET_BLOCK, &shelves, b->err);
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        if ((shelves >> shelf & 1) == 0 || dk_shelf_level(shelf) > b->zoom + DK_LEVELS_BELOW)
            continue;
        const dk_cell_range range = dk_cells_reaching(&box, shelf);
        status = dk_sheet_scan(b->store, s->layer, DK_SHEET_BLOCK, shelf, &range, DK_NEWEST, scan_block, b, b->err);
    }
    if (status == DK_CORRUPT)
        status = dk_fail(b->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex",
                         b->store->path, s->layer->name);
    return status == DK_NOMEM ? no_memory(b) : status;
}

/* Weighs what a share has in the tile. */
static dk_status weigh_share(budget *b, share *s)
{
    const dk_status status = scan_tile(b, s);
    s->sum = 0;
    for (size_t class = 0; class < CLASSES; class++)
        s->sum += s->classes[class];
    return status;
}

static bool add_weight(const dk_grid_cell *cell, void *user)
{
    *(int64_t *)user += cell->weight;
    return true;
}

/* What is not drawn yet in the rows of WebMercatorQuad that a tile meets. */
static dk_status read_undrawn(budget *b, share *s)
{
    uint32_t first = b->y, last = b->y;
    size_t n_sums;
    dk_status status = DK_OK;
    if (b->set == DK_ROOM_PLATE) {
        const dk_world_box box = dk_room_box(b->set, b->zoom, b->x, b->y);
        first = dk_tile_at(box.y0, b->zoom);
        last = dk_tile_at(box.y1, b->zoom);
    }
    for (uint32_t y = first; status == DK_OK && y <= last; y++) {
        dk_buf_clear(&b->bytes);
        status = dk_sheet_read(b->store, s->layer, DK_SHEET_GRID, b->zoom, dk_morton(b->x, y), &b->bytes, b->err);
        if (status == DK_OK && dk_grid_each(b->bytes.data, b->bytes.size, &n_sums, add_weight, &s->undrawn) != DK_OK)
            status = dk_fail(b->err, DK_CORRUPT, "the grid of %s is damaged; run dikuai-ingest reindex", s->layer->name);
    }
    return status;
}

/* What a share has in the tile: of small zooms the sums are known, else it is scanned. */
static dk_status read_share(budget *b, share *s, uint64_t tile)
{
    memset(s->classes, 0, sizeof s->classes);
    s->sum = s->all = s->undrawn = 0;
    s->n_guests = 0;
    s->any = false;
    s->before = s->now = 0;
    dk_buf_clear(&s->old);
    dk_status status = DK_OK;
    if (s->raised[b->set] >> b->zoom & 1)
        status = dk_sheet_read(b->store, s->layer, raised_sheets[b->set], b->zoom, tile, &s->old, b->err);
    s->before = rank_in(s->old.data, s->old.size);
    if (status != DK_OK || b->zoom > DK_WEIGHED_ZOOM)
        return status == DK_OK ? weigh_share(b, s) : status;
    dk_tile_weight weight = {0};
    status = dk_weights_of(b->store, s->layer, b->set, b->zoom, tile, &weight, b->err);
    s->sum = weight.drawn;
    s->all = weight.whole;
    return status;
}

/* ---- finding thresholds ---- */

static int by_weight(const void *a, const void *b)
{
    const int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;
    return p < q ? -1 : p > q;
}

/* What no layer may weigh more than, so that all together keep within the budget. In whole bytes. */
static int64_t fair_share(const budget *b)
{
    int64_t weights[DK_MAX_KINDS], left = TILE_BUDGET;
    if (b->set == DK_ROOM_PLATE)
        return PLATE_BUDGET;
    for (size_t i = 0; i < b->n_shares; i++)
        weights[i] = dk_weight_bytes(b->shares[i].sum);
    qsort(weights, b->n_shares, sizeof *weights, by_weight);
    for (size_t i = 0; i < b->n_shares; i++) {
        const int64_t each = left / (int64_t)(b->n_shares - i);
        if (weights[i] > each || weights[i] > LAYER_BUDGET)
            return each < LAYER_BUDGET ? each / STEP * STEP : LAYER_BUDGET;
        left -= weights[i];
    }
    return LAYER_BUDGET;
}

/* The rank below which nothing is drawn; 0: all is. */
static void find_threshold(share *s, int64_t most)
{
    int64_t above = 0;
    s->now = 0;
    s->range = (dk_threshold_range){0};
    for (int class = CLASSES - 1; class >= 0; class--) {
        if (above + s->classes[class] <= most * DK_WEIGHT_SCALE) {
            above += s->classes[class];
            continue;
        }
        for (int tie = TIES - 1; tie >= 0; tie--) {
            const int64_t with = above + s->ties[class][tie];
            if (with > most * DK_WEIGHT_SCALE) {
                s->now = (dk_rank)((class << 8 | tie) + 1);
                s->range = (dk_threshold_range){dk_weight_bytes(above), dk_weight_bytes(with)};
                return;
            }
            above = with;
        }
    }
}

static dk_status add_recount(budget *b, const share *s, uint64_t tile)
{
    if (!dk_grow(&b->recounts, &b->recounts_capacity, b->n_recounts + 1, sizeof *b->recounts))
        return no_memory(b);
    b->recounts[b->n_recounts++] = (recount){(size_t)(s - b->shares), tile};
    return DK_OK;
}

/* Writes a share's threshold, if it is another than before; what that leaves out is counted later. */
static dk_status write_threshold(budget *b, share *s, uint64_t tile)
{
    const dk_rank low = s->before < s->now ? s->before : s->now, high = s->before < s->now ? s->now : s->before;
    if (low == high)
        return DK_OK;
    dk_buf_clear(&b->bytes);
    if (s->now > 0 || s->old.size > 2) {
        dk_buf_byte(&b->bytes, (uint8_t)s->now);
        dk_buf_byte(&b->bytes, (uint8_t)(s->now >> 8));
        if (s->old.size > 2)
            dk_buf_append(&b->bytes, s->old.data + 2, s->old.size - 2);
    }
    if (b->bytes.failed)
        return no_memory(b);
    dk_status status = dk_sheet_write(b->store, s->layer, raised_sheets[b->set], b->zoom, tile, b->generation, b->bytes.data,
                                      b->bytes.size, b->err);
    s->raised[b->set] |= UINT64_C(1) << b->zoom;
    if (status == DK_OK && s->any)
        status = dk_touched_add(b->store, s->layer, b->generation, &s->box, b->err);
    if (status == DK_OK && b->set == DK_ROOM_MERCATOR)
        status = add_recount(b, s, tile);
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; status == DK_OK && i < s->n_guests; i++)
        if (s->guests[i].rank >= low && s->guests[i].rank < high && s->guests[i].tile != last)
            status = add_recount(b, s, last = s->guests[i].tile);
    return status;
}

/* Whether a share's threshold is what it was: that of few, or of a layer in which nothing changed. */
static dk_status is_as_before(budget *b, const share *s, uint64_t tile, int64_t most, bool *ret_same)
{
    dk_threshold_range range = {0};
    dk_status status = DK_OK;
    const int64_t sum = dk_weight_bytes(s->sum);
    *ret_same = s->before == 0 && sum <= most;
    if (s == &b->shares[0] || s->before == 0 || sum <= most)
        return status;
    status = dk_weights_range_of(b->store, s->layer, b->set, b->zoom, tile, &range, b->err);
    *ret_same = range.from <= most && most < range.to;
    return status;
}

/* One tile. *ret_deeper: its features with all their vertices are more than the budget, so the tiles in it need a look. */
static dk_status update_tile(budget *b, dk_room_set set, uint64_t tile, bool *ret_deeper)
{
    const bool known = b->zoom <= DK_WEIGHED_ZOOM; /* what each share weighs */
    const size_t n_shares = set == DK_ROOM_MERCATOR ? b->n_shares : 1;
    dk_status status = DK_OK;
    int64_t all = 0;
    b->set = set;
    dk_morton_split(tile, &b->x, &b->y);
    for (size_t i = 0; status == DK_OK && i < n_shares; i++) {
        status = read_share(b, &b->shares[i], tile);
        all += dk_weight_bytes(b->shares[i].all);
    }
    for (size_t i = 0; status == DK_OK && i < n_shares && all <= LAYER_BUDGET; i++) {
        status = read_undrawn(b, &b->shares[i]);
        all += b->shares[i].undrawn;
    }
    if (status != DK_OK)
        return status;
    *ret_deeper = all > LAYER_BUDGET;
    const int64_t most = fair_share(b);
    for (size_t i = 0; status == DK_OK && i < n_shares; i++) {
        share *s = &b->shares[i];
        bool same = false;
        if (known)
            status = is_as_before(b, s, tile, most, &same);
        if (status == DK_OK && known && !same)
            status = weigh_share(b, s);
        if (status != DK_OK || same)
            continue;
        find_threshold(s, most);
        status = write_threshold(b, s, tile);
        if (status == DK_OK && known && s->now > 0)
            status = dk_weights_set_range(b->store, s->layer, b->set, b->zoom, tile, s->range, b->err);
    }
    return status;
}

/* ---- counting what is left out ---- */

static int by_share_and_tile(const void *a, const void *b)
{
    const recount *p = a, *q = b;
    if (p->share != q->share)
        return p->share < q->share ? -1 : 1;
    return p->tile < q->tile ? -1 : p->tile > q->tile;
}

/* The overview of what is drawn of the tile; where all is there is none. */
static dk_status gather_tile(budget *b, share *s, const around *a)
{
    dk_status status = DK_OK;
    b->set = DK_ROOM_MERCATOR;
    b->n_left_out = 0;
    dk_overview_begin(b->overview, s->layer, b->zoom);
    if (a->any) {
        b->around = a;
        status = scan_tile(b, s);
        b->around = NULL;
    }
    if (b->n_left_out == 0)
        dk_overview_begin(b->overview, s->layer, b->zoom);
    return status;
}

/* Writes what the thresholds around leave out of what has its label in a tile, if it is other than before. */
static dk_status count_tile(budget *b, share *s, uint64_t tile)
{
    around a;
    dk_morton_split(tile, &b->x, &b->y);
    dk_buf_clear(&s->old);
    dk_status status = read_around(b, s->layer, s->raised, tile, &a);
    if (status == DK_OK)
        status = dk_sheet_read(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, &s->old, b->err);
    if (status != DK_OK || (!a.any && s->old.size == 0))
        return status;
    dk_grid_clear(&b->grid, s->layer->n_grid_measures);
    if ((status = gather_tile(b, s, &a)) != DK_OK ||
        (status = dk_overview_write(b->overview, b->store, tile, b->generation, b->err)) != DK_OK)
        return status;
    const dk_rank own = rank_in(s->old.data, s->old.size);
    dk_buf grid;
    dk_buf_init(&grid);
    if (b->n_left_out > 0)
        dk_grid_encode(&b->grid, &grid);
    dk_buf_clear(&b->bytes);
    if (own > 0 || grid.size > 0) {
        dk_buf_byte(&b->bytes, (uint8_t)own);
        dk_buf_byte(&b->bytes, (uint8_t)(own >> 8));
        dk_buf_append(&b->bytes, grid.data, grid.size);
    }
    const bool failed = grid.failed || b->bytes.failed;
    dk_buf_finish(&grid);
    if (failed)
        return no_memory(b);
    if (b->bytes.size == s->old.size && (b->bytes.size == 0 || memcmp(b->bytes.data, s->old.data, s->old.size) == 0))
        return DK_OK;
    s->raised[DK_ROOM_MERCATOR] |= UINT64_C(1) << b->zoom;
    return dk_sheet_write(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, b->generation, b->bytes.data, b->bytes.size, b->err);
}

static dk_status count_tiles(budget *b)
{
    dk_status status = DK_OK;
    if (b->n_recounts > 0)
        qsort(b->recounts, b->n_recounts, sizeof *b->recounts, by_share_and_tile);
    for (size_t i = 0; status == DK_OK && i < b->n_recounts; i++)
        if (i == 0 || by_share_and_tile(&b->recounts[i - 1], &b->recounts[i]) != 0)
            status = count_tile(b, &b->shares[b->recounts[i].share], b->recounts[i].tile);
    b->n_recounts = 0;
    return status;
}

/* ---- where to look ---- */

typedef struct tile_list {
    uint64_t *tiles;
    size_t n, capacity;
} tile_list;

static bool list_tile(tile_list *list, uint64_t tile)
{
    if (list->n > 0 && list->tiles[list->n - 1] == tile)
        return true;
    if (!dk_grow(&list->tiles, &list->capacity, list->n + 1, sizeof *list->tiles))
        return false;
    list->tiles[list->n++] = tile;
    return true;
}

static int by_code(const void *a, const void *b)
{
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return p < q ? -1 : p > q;
}

static void sort_tiles(tile_list *list)
{
    size_t n = 0;
    if (list->n > 0)
        qsort(list->tiles, list->n, sizeof *list->tiles, by_code);
    for (size_t i = 0; i < list->n; i++)
        if (n == 0 || list->tiles[i] != list->tiles[n - 1])
            list->tiles[n++] = list->tiles[i];
    list->n = n;
}

/* Of a sorted list. */
static bool is_listed(const tile_list *list, uint64_t tile)
{
    return list->n > 0 && bsearch(&tile, list->tiles, list->n, sizeof tile, by_code) != NULL;
}

/* What came or went, as a sorted list of dk_budget_change. */
typedef struct changes {
    const uint64_t *codes;
    size_t n;
} changes;

/* The tiles of a zoom that hold the labels of what changed, and those of both sets in which it may take up room. */
static bool list_changed(const changes *c, int zoom, tile_list *labels, tile_list *rooms)
{
    bool ok = true;
    uint64_t within = UINT64_MAX; /* the tile that the one before lies in with all its box */
    labels->n = rooms[DK_ROOM_MERCATOR].n = rooms[DK_ROOM_PLATE].n = 0;
    for (size_t i = 0; ok && i < c->n; i++) {
        uint32_t x, y;
        dk_morton_split(c->codes[i] & ~(uint64_t)0xff, &x, &y);
        const uint64_t own = dk_morton(dk_tile_at(x, zoom), dk_tile_at(y, zoom));
        const dk_cell_range met = dk_rooms_near(x, y, UINT64_C(1) << (c->codes[i] & 0xff), zoom);
        const bool one = met.x0 == met.x1 && met.y0 == met.y1;
        if (one && own == within)
            continue;
        within = one ? own : within;
        ok = list_tile(labels, own);
        for (uint32_t row = met.y0; ok && row <= met.y1; row++)
            for (uint32_t column = met.x0; ok && column <= met.x1; column++)
                ok = list_tile(&rooms[DK_ROOM_MERCATOR], dk_morton(column, row));
    }
    sort_tiles(labels);
    sort_tiles(&rooms[DK_ROOM_MERCATOR]);
    for (size_t i = 0; ok && i < rooms[DK_ROOM_MERCATOR].n; i++) {
        uint32_t x, y, first, last;
        dk_morton_split(rooms[DK_ROOM_MERCATOR].tiles[i], &x, &y);
        dk_rooms_plate_rows(y, y, zoom, &first, &last);
        for (uint32_t row = first; ok && row <= last; row++)
            ok = list_tile(&rooms[DK_ROOM_PLATE], dk_morton(x, row));
    }
    sort_tiles(&rooms[DK_ROOM_PLATE]);
    return ok;
}

/* Whether any share has a threshold in a tile. */
static dk_status is_raised(budget *b, dk_room_set set, uint64_t tile, bool *ret_raised)
{
    const size_t n_shares = set == DK_ROOM_MERCATOR ? b->n_shares : 1;
    dk_status status = DK_OK;
    *ret_raised = false;
    for (size_t i = 0; status == DK_OK && !*ret_raised && i < n_shares; i++) {
        dk_rank rank = 0;
        uint32_t x, y;
        dk_morton_split(tile, &x, &y);
        if (b->shares[i].raised[set] >> b->zoom & 1)
            status = read_rank(b, b->shares[i].layer, set, x, y, &rank);
        *ret_raised = rank > 0;
    }
    return status;
}

/* Leaves of the tiles of a set those that lie in listed ones, and those that have a threshold: they may have become small enough. */
static dk_status keep_full(budget *b, dk_room_set set, const tile_list *deeper, tile_list *rooms)
{
    dk_status status = DK_OK;
    size_t n = 0;
    for (size_t i = 0; status == DK_OK && i < rooms->n; i++) {
        bool kept = is_listed(deeper, rooms->tiles[i] >> 2);
        if (!kept)
            status = is_raised(b, set, rooms->tiles[i], &kept);
        if (kept)
            rooms->tiles[n++] = rooms->tiles[i];
    }
    rooms->n = n;
    return status;
}

/* Whether what has its label in a tile may take up room in one of those looked at. */
static bool is_near(const tile_list *rooms, uint64_t tile, int zoom)
{
    const uint32_t end = zoom == 0 ? 0 : UINT32_MAX >> (32 - zoom);
    uint32_t x, y, first, last;
    dk_morton_split(tile, &x, &y);
    for (uint32_t column = x > 0 ? x - 1 : 0; column <= (x < end ? x + 1 : end); column++) {
        for (uint32_t row = y > 0 ? y - 1 : 0; row <= (y < end ? y + 1 : end); row++)
            if (is_listed(&rooms[DK_ROOM_MERCATOR], dk_morton(column, row)))
                return true;
        dk_rooms_plate_rows(y > 0 ? y - 1 : 0, y < end ? y + 1 : end, zoom, &first, &last);
        for (uint32_t row = first; row <= last; row++)
            if (is_listed(&rooms[DK_ROOM_PLATE], dk_morton(column, row)))
                return true;
    }
    return false;
}

/* The zooms at which any share has a threshold. */
static uint64_t raised_zooms(const budget *b)
{
    uint64_t zooms = 0;
    for (size_t i = 0; i < b->n_shares; i++)
        zooms |= b->shares[i].raised[DK_ROOM_MERCATOR] | b->shares[i].raised[DK_ROOM_PLATE];
    return zooms;
}

/* The thresholds of a zoom, and what they leave out. deeper: the tiles above in which something may be too much; after it those of
 * this zoom. */
static dk_status update_zoom(budget *b, const changes *c, tile_list *labels, tile_list *rooms, tile_list *deeper)
{
    const share *own = &b->shares[0];
    dk_status status = list_changed(c, b->zoom, labels, rooms) ? DK_OK : no_memory(b);
    for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++) {
        if (b->zoom > own->layer->min_zoom)
            status = keep_full(b, (dk_room_set)set, &deeper[set], &rooms[set]);
        deeper[set].n = 0;
        for (size_t i = 0; status == DK_OK && i < rooms[set].n; i++) {
            bool full = false;
            status = update_tile(b, (dk_room_set)set, rooms[set].tiles[i], &full);
            if (status == DK_OK && full && !list_tile(&deeper[set], rooms[set].tiles[i]))
                status = no_memory(b);
        }
    }
    if ((own->raised[DK_ROOM_MERCATOR] | own->raised[DK_ROOM_PLATE]) >> b->zoom & 1)
        for (size_t i = 0; status == DK_OK && i < labels->n; i++)
            if (is_near(rooms, labels->tiles[i], b->zoom))
                status = add_recount(b, own, labels->tiles[i]);
    return status == DK_OK ? count_tiles(b) : status;
}

static dk_status update_zooms(budget *b, const changes *c)
{
    tile_list labels = {0}, rooms[DK_ROOM_SETS] = {{0}, {0}}, deeper[DK_ROOM_SETS] = {{0}, {0}};
    const int first = b->shares[0].layer->min_zoom;
    dk_status status = DK_OK;
    for (b->zoom = first; status == DK_OK && b->zoom <= DK_FINEST_ZOOM; b->zoom++) {
        if (b->zoom > first && deeper[DK_ROOM_MERCATOR].n + deeper[DK_ROOM_PLATE].n == 0 && raised_zooms(b) >> b->zoom == 0)
            break;
        status = update_zoom(b, c, &labels, rooms, deeper);
    }
    free(labels.tiles);
    for (int set = 0; set < DK_ROOM_SETS; set++) {
        free(rooms[set].tiles);
        free(deeper[set].tiles);
    }
    return status;
}

static bool is_public(const dk_kind *kind)
{
    const dk_viewer everyone = dk_viewer_public();
    const dk_view view = dk_view_of(kind, &everyone);
    return dk_view_fields(&view, NULL) != 0;
}

/* The layer, and those that share with it. */
static dk_status add_shares(budget *b, const dk_kind *layer)
{
    const dk_catalogue *catalogue = b->store->catalogue;
    dk_status status = DK_OK;
    b->shares = calloc(catalogue->n_kinds, sizeof *b->shares);
    if (b->shares == NULL)
        return no_memory(b);
    b->shares[b->n_shares++].layer = layer;
    for (size_t k = 0; k < catalogue->n_kinds && is_public(layer); k++) {
        const dk_kind *other = &catalogue->kinds[k];
        if (k != layer->index && other->geometry != DK_NO_GEOMETRY && !other->draw_all && is_public(other))
            b->shares[b->n_shares++].layer = other;
    }
    for (size_t i = 0; i < b->n_shares; i++)
        dk_buf_init(&b->shares[i].old);
    for (size_t i = 0; status == DK_OK && i < b->n_shares; i++) {
        share *s = &b->shares[i];
        if ((s->ties = malloc(CLASSES * sizeof *s->ties)) == NULL)
            status = no_memory(b);
        for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++)
            status = dk_sheet_levels(b->store, s->layer, raised_sheets[set], &s->raised[set], b->err);
    }
    return status;
}

uint64_t dk_budget_change(const dk_entry_head *head)
{
    uint64_t reach = 0;
    const uint32_t ends[4] = {head->label_x - head->x0, head->x1 - head->label_x, head->label_y - head->y0, head->y1 - head->label_y};
    unsigned log = 0;
    for (size_t i = 0; i < 4; i++)
        reach = ends[i] > reach ? ends[i] : reach;
    while (UINT64_C(1) << log < reach + 16) /* the label's last four bits are not kept */
        log++;
    return (dk_morton(head->label_x, head->label_y) & ~(uint64_t)0xff) | log;
}

dk_status dk_budget_update(dk_store *store, const dk_kind *layer, uint64_t *changed, size_t n, int64_t generation,
                           dk_error *err)
{
    if (layer->draw_all || n == 0)
        return DK_OK;
    budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    b->store = store;
    b->generation = generation;
    b->err = err;
    b->overview = dk_overview_create();
    dk_status status = b->overview == NULL ? no_memory(b) : add_shares(b, layer);
    qsort(changed, n, sizeof *changed, by_code);
    if (status == DK_OK)
        status = update_zooms(b, &(changes){changed, n});
    for (size_t i = 0; i < b->n_shares; i++) {
        dk_buf_finish(&b->shares[i].old);
        free(b->shares[i].ties);
        free(b->shares[i].guests);
    }
    free(b->shares);
    free(b->recounts);
    dk_overview_free(b->overview);
    dk_grid_finish(&b->grid);
    dk_buf_finish(&b->bytes);
    free(b);
    return status;
}

/* ---- comparing ---- */

static dk_status list_sheet(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)data, (void)size;
    return list_tile(user, cell) ? DK_OK : DK_NOMEM;
}

static dk_status verify_overview(budget *b, const uint64_t *raised, uint64_t tile, bool *ret_same)
{
    share *s = &b->shares[0];
    around a;
    dk_morton_split(tile, &b->x, &b->y);
    dk_status status = read_around(b, s->layer, raised, tile, &a);
    if (status == DK_OK)
        status = gather_tile(b, s, &a);
    if (status == DK_OK)
        status = dk_overview_compare(b->overview, b->store, tile, ret_same, b->err);
    return status;
}

dk_status dk_budget_verify(dk_store *store, const dk_kind *layer, void (*differs)(int zoom, void *user), void *user,
                           dk_error *err)
{
    share own = {.layer = layer};
    budget b = {.store = store, .err = err, .shares = &own, .n_shares = 1, .verifying = true};
    tile_list list = {0};
    b.overview = dk_overview_create();
    dk_status status = b.overview == NULL ? DK_NOMEM : DK_OK;
    for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++)
        status = dk_sheet_levels(store, layer, raised_sheets[set], &own.raised[set], err);
    for (b.zoom = 0; status == DK_OK && b.zoom <= DK_OVERVIEW_ZOOM; b.zoom++) {
        const uint32_t last = b.zoom == 0 ? 0 : UINT32_MAX >> (32 - b.zoom);
        const dk_cell_range all = {0, 0, last, last};
        list.n = 0;
        status = dk_sheet_scan(store, layer, DK_SHEET_RAISED, b.zoom, &all, DK_NEWEST, list_sheet, &list, err);
        if (status == DK_OK)
            status = dk_sheet_scan(store, layer, DK_SHEET_OVERVIEW, b.zoom, &all, DK_NEWEST, list_sheet, &list, err);
        sort_tiles(&list);
        for (size_t i = 0; status == DK_OK && i < list.n; i++) {
            bool same = true;
            status = verify_overview(&b, own.raised, list.tiles[i], &same);
            if (status == DK_OK && !same)
                differs(b.zoom, user);
        }
    }
    dk_overview_free(b.overview);
    free(list.tiles);
    return status == DK_NOMEM ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}
