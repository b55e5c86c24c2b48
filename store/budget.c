/* The budget of a tile: what is drawn in a tile of a zoom must not grow beyond what can be sent at once, of all layers
 * together, for a map asks for them together. Where it would, the smallest features give way: the tile gets a
 * threshold, a rank (room.h) below which nothing of the layer that takes up room in it is drawn at this zoom, in this
 * tile or any other, and what is left out is counted in the grid of the tile that holds its label position. What grids
 * may take at most is not there for features. Layers that weigh little keep all they have; those that weigh more share
 * what is left evenly. A tile of CGCS2000Quad is one of one layer, and has a threshold of its own: a feature is drawn
 * where every tile in which it takes up room, of both sets, has room for it, so both draw the same.
 *
 * A threshold depends only on what is published in its tile, of all layers that share it, so the order of batches
 * leaves no trace: of what is settled at its zoom (room.h) all weighs on it, drawn or not, but leaves a little of the
 * budget to the others. It is looked for where features have come or gone, from the layer's first zoom down, and not
 * below a tile whose features would all fit with all their vertices. Beyond DK_FINEST_ZOOM those of that zoom hold
 * (index.h). What tiles of small zooms hold is not read for it: their weights are kept (weights.h).
 *
 * Layers that draw all and layers of which the public sees nothing do not share: the latter would show in what the
 * public is shown. Where a catalogue takes a layer away, others keep their thresholds until something changes in the
 * tile. */
#include "store/audience.h"
#include "store/handle.h"
#include "store/index_work.h"
#include "store/overview.h"
#include "store/radix_sort.h"
#include "store/room.h"
#include "store/shelf.h"
#include "store/weights.h"

#include <stdlib.h>
#include <string.h>

/* Estimated compressed bytes of features, of all layers together and of one, below the 500,000 that no tile may exceed.
 */
#define TILE_BUDGET 380000
#define LAYER_BUDGET 300000
#define PLATE_BUDGET 380000
/* The same with what grids may take. Of this features keep a little, however much the catalogue has grids sum up. */
#define WITH_GRIDS 490000
#define LEAST_BUDGET 60000
#define MOST_GRID_ROWS (2 * DK_GRID_CELLS)
/* What a cell of a grid takes at most: its square, count and area; a sum of a field; how many rows have one of its
 * values. */
#define CELL_BYTES 20
#define SUM_BYTES 12
#define COUNT_BYTES 3
/* What a layer gets of a budget that others have a part in, in steps: so it seldom changes with what these have. */
#define STEP 8192
/* What is left for what is not settled, of a budget. So little that over all zooms it does not add up: what is let in
 * at one is settled at the next, where as much is let in again. */
#define LEAST(budget) ((budget) / 256)

/* Of what covers more tiles at the layer's first zoom hardly anything is seen in one: they are not looked at for its
 * sake. */
#define MOST_SETTLED 1024

enum { CLASSES = 128, TIES = 256 };

static const dk_sheet raised_sheets[DK_ROOM_SETS] = {DK_SHEET_RAISED, DK_SHEET_RAISED_PLATE};

/* A feature in the tile under way that is counted elsewhere, too: in another tile, or at later zooms, at which it is
 * settled. */
typedef struct guest {
    uint64_t label; /* Morton code of the position */
    dk_rank rank;
    bool elsewhere, later;
} guest;

/* Tiles by Morton codes. */
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

static void sort_codes(uint64_t *codes, size_t n)
{
    if (!dk_radix_sort(codes, n, sizeof *codes, 0, DK_RADIX_U64))
        qsort(codes, n, sizeof *codes, by_code); /* which needs no memory */
}

static void sort_tiles(tile_list *list)
{
    size_t n = 0;
    sort_codes(list->tiles, list->n);
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

/* A layer, and what it has in the room under way. Weights are in 1/DK_WEIGHT_SCALE bytes. */
typedef struct share {
    const dk_kind *layer;
    uint64_t raised[DK_ROOM_SETS]; /* the zooms at which some tile has a threshold, or had one before */
    int64_t classes[CLASSES];      /* what is drawn, by size class, */
    int64_t (*ties)[TIES];         /* and each by the rest of the rank; valid where the class has any */
    int64_t sum, settled, all; /* what is drawn or not by the threshold; what is settled; and both with all vertices, */
    int64_t open;              /* of it what is not settled */
    int64_t undrawn;           /* bytes */
    int64_t grid;              /* bytes that its grid may take in the tile */
    bool any;
    dk_world_box box; /* of what takes up room here and is drawn */
    guest *guests;
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

/* A threshold that was read lately, and whether something is counted with it. */
enum { KEPT_RANKS = 1024 };
typedef struct kept_rank {
    const dk_kind *layer; /* NULL: none */
    uint32_t x, y;
    uint8_t zoom, set;
    dk_rank rank;
    bool counts;
} kept_rank;

/* What is not drawn yet, in bytes, by the quarter of a tile of WebMercatorQuad in which it has its label: north west,
 * north east, south west, south east. */
enum { KEPT_QUARTERS = 512 };
typedef struct kept_quarters {
    const dk_kind *layer; /* NULL: none */
    uint32_t x, y;
    uint8_t zoom;
    int64_t bytes[4];
} kept_quarters;

typedef struct budget {
    dk_store *store;
    int64_t generation; /* that is written */
    int64_t sees;       /* whose sheets are read; DK_NEWEST: those of the change under way */
    dk_error *err;
    share *shares; /* the first is the layer's in which features came or went */
    size_t n_shares;
    recount *recounts;
    size_t n_recounts, recounts_capacity;
    recount *later; /* what is left out of larger zooms, too: label positions instead of tiles */
    size_t n_later, later_capacity;
    tile_list changed[DK_ROOM_SETS]; /* whose thresholds are others than before, at the zoom under way */
    kept_rank kept[KEPT_RANKS];
    kept_quarters quarters[KEPT_QUARTERS];
    /* of the tile under way */
    int zoom;
    dk_room_set set;
    uint32_t x, y;
    share *scanned;
    bool gathering; /* what is left out, instead of weighing, */
    bool verifying; /* and only for the overview */
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

/* ---- thresholds that there are ---- */

static dk_status note_rank(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    kept_rank *kept = user;
    kept->rank = rank_in(data, size);
    kept->counts = size > 2;
    return DK_END;
}

static kept_rank *kept_place(budget *b, const dk_kind *layer, dk_room_set set, int zoom, uint32_t x, uint32_t y)
{
    return &b->kept[(x + y * UINT32_C(32) + (uint32_t)zoom * 67 + (uint32_t)layer->index * 211 + (uint32_t)set * 512) %
                    KEPT_RANKS];
}

/* *ret_kept is valid until the next is read. */
static dk_status read_kept(budget *b, const share *s, dk_room_set set, int zoom, uint32_t x, uint32_t y,
                           const kept_rank **ret_kept)
{
    kept_rank *kept = kept_place(b, s->layer, set, zoom, x, y);
    dk_status status = DK_OK;
    if (kept->layer != s->layer || kept->x != x || kept->y != y || kept->zoom != zoom || kept->set != set) {
        const dk_cell_range cell = {x, y, x, y};
        *kept = (kept_rank){NULL, x, y, (uint8_t)zoom, (uint8_t)set, 0, false};
        status = dk_sheet_scan(b->store, s->layer, raised_sheets[set], zoom, &cell, b->sees, note_rank, kept, b->err);
        kept->layer = status == DK_OK ? s->layer : NULL;
    }
    *ret_kept = kept;
    return status;
}

static dk_status read_rank(budget *b, const share *s, dk_room_set set, int zoom, uint32_t x, uint32_t y,
                           dk_rank *ret_rank)
{
    const kept_rank *kept = NULL;
    *ret_rank = 0;
    if ((s->raised[set] >> zoom & 1) == 0)
        return DK_OK;
    const dk_status status = read_kept(b, s, set, zoom, x, y, &kept);
    *ret_rank = kept->rank;
    return status;
}

/* Whether a feature is drawn at the zoom under way. */
static dk_status has_room(budget *b, const share *s, const dk_entry_head *head, bool *ret_room)
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
                status = read_rank(b, s, (dk_room_set)set, zoom, x, y, &least);
                *ret_room = rank >= least;
            }
    }
    return status;
}

/* ---- reading what is in a tile ---- */

/* What an entry brings to the grid, but for the number of its cell. */
static dk_status count_entry(budget *b, const dk_kind *layer, const dk_block *block, uint32_t i, dk_grid_cell *ret_cell)
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
static dk_status gather(budget *b, const dk_block *block, uint32_t i, int level)
{
    const share *s = b->scanned;
    const dk_entry_head *head = &block->heads[i];
    dk_grid_cell counted;
    uint64_t tile;
    bool drawn;
    dk_status status = has_room(b, s, head, &drawn);
    if (status != DK_OK || drawn)
        return status == DK_OK ? dk_overview_add(b->overview, block, i, level) : status;
    b->n_left_out++;
    if (b->verifying)
        return DK_OK;
    if ((status = count_entry(b, s->layer, block, i, &counted)) != DK_OK)
        return status;
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

/* An entry that takes up room in the tile; labelled: and has its label there. */
static dk_status weigh(budget *b, const dk_block *block, uint32_t i, double values, bool labelled)
{
    share *s = b->scanned;
    const dk_entry_head *head = &block->heads[i];
    const dk_rank rank = dk_rank_of(head);
    const unsigned class = rank >> 8 < CLASSES ? rank >> 8 : CLASSES - 1;
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
    s->guests[s->n_guests++] = (guest){dk_morton(head->label_x, head->label_y), rank, !labelled, later};
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
        status = dk_sheet_scan(b->store, s->layer, DK_SHEET_BLOCK, shelf, &range, b->sees, scan_block, b, b->err);
    }
    if (status == DK_CORRUPT)
        status = dk_fail(b->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex",
                         b->store->path, s->layer->name);
    return status == DK_NOMEM ? no_memory(b) : status;
}

/* Weighs what a share has in the tile. */
static dk_status weigh_share(budget *b, share *s)
{
    s->settled = s->all = s->open = 0;
    const dk_status status = scan_tile(b, s);
    s->sum = 0;
    for (size_t class = 0; class < CLASSES; class ++)
        s->sum += s->classes[class];
    return status;
}

/* ---- what is not drawn yet ---- */

typedef struct quartering {
    kept_quarters *to;
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

/* *ret_kept is valid until the next is read. */
static dk_status read_quarters(budget *b, const share *s, uint32_t x, uint32_t y, const kept_quarters **ret_kept)
{
    const uint32_t place = x + y * UINT32_C(32) + (uint32_t)b->zoom * 67 + (uint32_t)s->layer->index * 211;
    kept_quarters *kept = &b->quarters[place % KEPT_QUARTERS];
    dk_status status = DK_OK;
    if (kept->layer != s->layer || kept->x != x || kept->y != y || kept->zoom != b->zoom) {
        quartering q = {kept, 0};
        size_t n_sums;
        for (size_t i = 0; i < s->layer->n_fields; i++)
            q.attributes += s->layer->fields[i].in_tiles;
        *kept = (kept_quarters){.x = x, .y = y, .zoom = (uint8_t)b->zoom};
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

/* What is not drawn yet and may take up room in the tiles within the one under way when it is: what has its label in
 * them or, at the next zoom, in a tile of WebMercatorQuad beside them (room.h). */
static dk_status read_undrawn(budget *b, share *s)
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
            const kept_quarters *kept;
            status = read_quarters(b, s, x / 2, y / 2, &kept);
            s->undrawn += kept->bytes[2 * (y % 2) + x % 2];
        }
    return status;
}

/* What a share has in the tile: of small zooms the sums are known, else it is scanned. */
static dk_status read_share(budget *b, share *s, uint64_t tile)
{
    memset(s->classes, 0, sizeof s->classes);
    s->sum = s->settled = s->all = s->open = s->undrawn = 0;
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

/* ---- finding thresholds ---- */

static int by_weight(const void *a, const void *b)
{
    const int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;
    return p < q ? -1 : p > q;
}

static int64_t without(int64_t whole, int64_t settled)
{
    return settled < whole - LEAST(whole) ? whole - settled : LEAST(whole);
}

/* What a row of cells of a layer's grid takes at most. */
static int64_t grid_row_bytes(const dk_kind *layer)
{
    int64_t cell = CELL_BYTES;
    for (size_t i = 0; i < layer->n_grid_measures; i++)
        cell += layer->grid_measures[i].value < 0 ? SUM_BYTES : COUNT_BYTES;
    return layer->draw_all ? 0 : cell * DK_GRID_CELLS;
}

/* Rows of cells in the tile under way: in CGCS2000Quad more than in WebMercatorQuad, twice as many at 60 degrees. */
static int64_t grid_rows(const budget *b)
{
    if (b->set == DK_ROOM_MERCATOR)
        return DK_GRID_CELLS;
    const dk_world_box box = dk_room_box(b->set, b->zoom, b->x, b->y);
    const int64_t rows = ((box.y1 - box.y0) >> (32 - dk_grid_level(b->zoom))) + 1;
    return rows < MOST_GRID_ROWS ? rows : MOST_GRID_ROWS;
}

/* What the grid of a share may take in the tile under way: nothing where nothing of the layer is. */
static dk_status read_grid_bytes(budget *b, share *s)
{
    const kept_quarters *kept = NULL;
    bool any = s->open > 0 || s->settled > 0 || b->set == DK_ROOM_PLATE;
    dk_status status = DK_OK;
    if (!any && (status = read_quarters(b, s, b->x, b->y, &kept)) == DK_OK)
        any = kept->bytes[0] + kept->bytes[1] + kept->bytes[2] + kept->bytes[3] > 0;
    s->grid = any ? grid_row_bytes(s->layer) * grid_rows(b) : 0;
    return status;
}

/* What features may weigh of a tile in which grids may take so much. */
static int64_t beside_grids(int64_t features, int64_t grids)
{
    const int64_t left = WITH_GRIDS - grids;
    return left >= features ? features : left > LEAST_BUDGET ? left : LEAST_BUDGET;
}

/* What all that have a part in the tile under way may weigh. */
static int64_t tile_most(const budget *b)
{
    int64_t grids = 0;
    for (size_t i = 0; i < (b->set == DK_ROOM_PLATE ? 1 : b->n_shares); i++)
        grids += b->shares[i].grid;
    return beside_grids(b->set == DK_ROOM_PLATE ? PLATE_BUDGET : TILE_BUDGET, grids);
}

/* Where all of a tile weighs no more, there is room for it in every tile. */
static int64_t enough_room(const budget *b)
{
    int64_t rows = 0;
    for (size_t i = 0; i < b->n_shares; i++)
        rows += grid_row_bytes(b->shares[i].layer);
    const int64_t plate = grid_row_bytes(b->shares[0].layer) * MOST_GRID_ROWS, tile = rows * DK_GRID_CELLS;
    return beside_grids(LAYER_BUDGET, plate > tile ? plate : tile);
}

/* What a layer may weigh, whatever others do. */
static int64_t own_most(const budget *b, const share *s)
{
    return without(beside_grids(b->set == DK_ROOM_PLATE ? PLATE_BUDGET : LAYER_BUDGET, s->grid),
                   dk_weight_bytes(s->settled));
}

/* What no layer may weigh more than, so that all together keep within the budget. In whole bytes. */
static int64_t fair_share(const budget *b)
{
    int64_t weights[DK_MAX_KINDS], settled = 0;
    if (b->set == DK_ROOM_PLATE)
        return tile_most(b);
    for (size_t i = 0; i < b->n_shares; i++) {
        const int64_t sum = dk_weight_bytes(b->shares[i].sum), most = own_most(b, &b->shares[i]);
        weights[i] = sum < most ? sum : most;
        settled += dk_weight_bytes(b->shares[i].settled);
    }
    int64_t left = without(tile_most(b), settled);
    qsort(weights, b->n_shares, sizeof *weights, by_weight);
    for (size_t i = 0; i < b->n_shares; i++) {
        const int64_t each = left / (int64_t)(b->n_shares - i);
        if (weights[i] > each)
            return each / STEP * STEP;
        left -= weights[i];
    }
    return tile_most(b);
}

/* The rank below which nothing is drawn; 0: all is. */
static void find_threshold(share *s, int64_t most)
{
    int64_t above = 0;
    s->now = 0;
    s->range = (dk_threshold_range){0};
    for (int class = CLASSES - 1; class >= 0; class --) {
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

/* Of a feature that is settled at the zooms to come. */
static dk_status add_later(budget *b, const share *s, uint64_t label)
{
    if (!dk_grow(&b->later, &b->later_capacity, b->n_later + 1, sizeof *b->later))
        return no_memory(b);
    b->later[b->n_later++] = (recount){(size_t)(s - b->shares), label};
    return DK_OK;
}

static uint64_t label_tile(uint64_t label, int zoom)
{
    return zoom == 0 ? 0 : label >> (64 - 2 * zoom);
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
    dk_status status = dk_sheet_write(b->store, s->layer, raised_sheets[b->set], b->zoom, tile, b->generation,
                                      b->bytes.data, b->bytes.size, b->err);
    s->raised[b->set] |= UINT64_C(1) << b->zoom;
    *kept_place(b, s->layer, b->set, b->zoom, b->x, b->y) =
        (kept_rank){s->layer, b->x, b->y, (uint8_t)b->zoom, (uint8_t)b->set, s->now, s->old.size > 2};
    if (status == DK_OK && !list_tile(&b->changed[b->set], tile))
        status = no_memory(b);
    if (status == DK_OK && s->any)
        status = dk_touched_add(b->store, s->layer, b->generation, &s->box, b->err);
    if (status == DK_OK && b->set == DK_ROOM_MERCATOR)
        status = add_recount(b, s, tile);
    for (size_t i = 0; status == DK_OK && i < s->n_guests; i++) {
        const guest *g = &s->guests[i];
        if (g->rank < low || g->rank >= high)
            continue;
        if (g->elsewhere)
            status = add_recount(b, s, label_tile(g->label, b->zoom));
        if (status == DK_OK && g->later)
            status = add_later(b, s, g->label);
    }
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

/* One tile. *ret_deeper: its features with all their vertices are more than the budget, so the tiles in it need a look;
 * not if all of them are settled, for then nothing is decided in those. */
static dk_status update_tile(budget *b, dk_room_set set, uint64_t tile, bool *ret_deeper)
{
    const bool known = b->zoom <= DK_WEIGHED_ZOOM; /* what each share weighs */
    const size_t n_shares = set == DK_ROOM_MERCATOR ? b->n_shares : 1;
    const int64_t enough = enough_room(b);
    dk_status status = DK_OK;
    int64_t all = 0, open = 0;
    b->set = set;
    dk_morton_split(tile, &b->x, &b->y);
    for (size_t i = 0; status == DK_OK && i < n_shares; i++) {
        status = read_share(b, &b->shares[i], tile);
        all += dk_weight_bytes(b->shares[i].all);
        open += b->shares[i].open;
    }
    for (size_t i = 0; status == DK_OK && i < n_shares && (all <= enough || open == 0); i++) {
        status = read_undrawn(b, &b->shares[i]);
        all += b->shares[i].undrawn;
        open += b->shares[i].undrawn;
    }
    for (size_t i = 0; status == DK_OK && i < n_shares; i++)
        status = read_grid_bytes(b, &b->shares[i]);
    if (status != DK_OK)
        return status;
    *ret_deeper = all > enough && open > 0;
    const int64_t fair = fair_share(b);
    for (size_t i = 0; status == DK_OK && i < n_shares; i++) {
        share *s = &b->shares[i];
        const int64_t own = own_most(b, s), most = own < fair ? own : fair;
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

/* The overview of what is drawn of the tile under way; where all is there is none. */
static dk_status gather_tile(budget *b, share *s)
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

/* Writes what thresholds leave out of what has its label in a tile, if it is other than before. */
static dk_status count_tile(budget *b, share *s, uint64_t tile)
{
    dk_morton_split(tile, &b->x, &b->y);
    dk_buf_clear(&s->old);
    dk_grid_clear(&b->grid, s->layer->n_grid_measures);
    dk_status status = dk_sheet_read(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, &s->old, b->err);
    if (status == DK_OK)
        status = gather_tile(b, s);
    if (status == DK_OK && (b->n_left_out > 0 || s->old.size > 0))
        status = dk_overview_write(b->overview, b->store, tile, b->generation, b->err);
    if (status != DK_OK)
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
    kept_place(b, s->layer, DK_ROOM_MERCATOR, b->zoom, b->x, b->y)->layer = NULL;
    return dk_sheet_write(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, b->generation, b->bytes.data,
                          b->bytes.size, b->err);
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

/* What came or went, as a sorted list of dk_budget_change. */
typedef struct changes {
    const uint64_t *codes;
    size_t n;
} changes;

/* Whether a feature that changed may reach over the tiles around that of its label from this zoom on, but not before.
 */
static bool may_settle_at(uint64_t change, int zoom, int first_zoom)
{
    const int settled = 33 - (int)(change & 0xff);
    return zoom == (settled > first_zoom ? settled : first_zoom);
}

static bool list_range(const dk_cell_range *range, tile_list *list)
{
    bool ok = true;
    for (uint32_t y = range->y0; ok && y <= range->y1; y++)
        for (uint32_t x = range->x0; ok && x <= range->x1; x++)
            ok = list_tile(list, dk_morton(x, y));
    return ok;
}

/* The tiles of CGCS2000Quad that what lies in these of WebMercatorQuad meets. */
static bool list_plate(const tile_list *tiles, int zoom, tile_list *plate)
{
    bool ok = true;
    for (size_t i = 0; ok && i < tiles->n; i++) {
        dk_cell_range range;
        dk_morton_split(tiles->tiles[i], &range.x0, &range.y0);
        range.x1 = range.x0;
        dk_rooms_plate_rows(range.y0, range.y0, zoom, &range.y0, &range.y1);
        ok = list_range(&range, plate);
    }
    sort_tiles(plate);
    return ok;
}

/* The tiles of a zoom in which what changed may take up room, and those that what is settled meets. settled: those of
 * the zoom above that are full; after it those of this zoom that lie in them, or that what is settled from here on
 * meets. */
static bool list_changed(const changes *c, int zoom, int first_zoom, tile_list *rooms, tile_list *settled)
{
    bool ok = true;
    uint64_t within = UINT64_MAX; /* the tile that the one before lies in with all its box */
    for (int set = 0; set < DK_ROOM_SETS; set++) {
        const size_t n = settled[set].n;
        ok = ok && dk_grow(&settled[set].tiles, &settled[set].capacity, 4 * n, sizeof *settled[set].tiles);
        for (size_t i = n; ok && i > 0; i--)
            for (size_t k = 4; k > 0; k--)
                settled[set].tiles[4 * (i - 1) + k - 1] = settled[set].tiles[i - 1] << 2 | (k - 1);
        settled[set].n = ok ? 4 * n : 0;
        rooms[set].n = 0;
    }
    for (size_t i = 0; ok && i < c->n; i++) {
        uint32_t x, y;
        dk_morton_split(c->codes[i] & ~(uint64_t)0xff, &x, &y);
        const uint64_t own = dk_morton(dk_tile_at(x, zoom), dk_tile_at(y, zoom)), reach = UINT64_C(1)
                                                                                          << (c->codes[i] & 0xff);
        const dk_cell_range near = dk_rooms_near(x, y, reach, zoom, true);
        const bool one = near.x0 == near.x1 && near.y0 == near.y1;
        if (one && own == within)
            continue;
        within = one ? own : UINT64_MAX;
        ok = list_range(&near, &rooms[DK_ROOM_MERCATOR]);
        if (ok && may_settle_at(c->codes[i], zoom, first_zoom)) {
            const dk_cell_range all = dk_rooms_near(x, y, reach, zoom, false);
            if ((uint64_t)(all.x1 - all.x0 + 1) * (all.y1 - all.y0 + 1) <= MOST_SETTLED)
                ok = list_range(&all, &settled[DK_ROOM_MERCATOR]);
        }
    }
    sort_tiles(&rooms[DK_ROOM_MERCATOR]);
    sort_tiles(&settled[DK_ROOM_MERCATOR]);
    return ok && list_plate(&rooms[DK_ROOM_MERCATOR], zoom, &rooms[DK_ROOM_PLATE]) &&
           list_plate(&settled[DK_ROOM_MERCATOR], zoom, &settled[DK_ROOM_PLATE]);
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
        status = read_rank(b, &b->shares[i], set, b->zoom, x, y, &rank);
        *ret_raised = rank > 0;
    }
    return status;
}

/* Leaves of the tiles of a set those that lie in full ones, and those that have a threshold: they may have become small
 * enough. */
static dk_status keep_full(budget *b, dk_room_set set, const tile_list *full, tile_list *rooms)
{
    dk_status status = DK_OK;
    size_t n = 0;
    for (size_t i = 0; status == DK_OK && i < rooms->n; i++) {
        bool kept = is_listed(full, rooms->tiles[i] >> 2);
        if (!kept)
            status = is_raised(b, set, rooms->tiles[i], &kept);
        if (kept)
            rooms->tiles[n++] = rooms->tiles[i];
    }
    rooms->n = n;
    return status;
}

/* Whether some tile of a range has a threshold, or had one before. */
static dk_status any_raised(budget *b, dk_room_set set, const dk_cell_range *range, bool *ret_any)
{
    dk_status status = DK_OK;
    for (uint32_t y = range->y0; y <= range->y1; y++)
        for (uint32_t x = range->x0; status == DK_OK && !*ret_any && x <= range->x1; x++) {
            dk_rank rank = 0;
            status = read_rank(b, &b->shares[0], set, b->zoom, x, y, &rank);
            *ret_any = rank > 0 || is_listed(&b->changed[set], dk_morton(x, y));
        }
    return status;
}

/* Where something changed that may be left out, it is counted anew: at this zoom, and where it is settled at later
 * ones. */
static dk_status recount_changed(budget *b, const changes *c)
{
    const share *own = &b->shares[0];
    uint64_t within = UINT64_MAX;
    dk_status status = DK_OK;
    for (int set = 0; set < DK_ROOM_SETS; set++)
        sort_tiles(&b->changed[set]);
    if (((own->raised[DK_ROOM_MERCATOR] | own->raised[DK_ROOM_PLATE]) >> b->zoom & 1) == 0)
        return DK_OK;
    for (size_t i = 0; status == DK_OK && i < c->n; i++) {
        uint32_t x, y;
        dk_morton_split(c->codes[i] & ~(uint64_t)0xff, &x, &y);
        const int log = (int)(c->codes[i] & 0xff);
        const dk_cell_range near = dk_rooms_near(x, y, UINT64_C(1) << log, b->zoom, true);
        const uint64_t tile = dk_morton(dk_tile_at(x, b->zoom), dk_tile_at(y, b->zoom));
        const bool later =
            b->zoom >= 32 - log && b->zoom < DK_FINEST_ZOOM; /* before, it reaches no further than one tile */
        const bool one = near.x0 == near.x1 && near.y0 == near.y1;
        bool any = false;
        if (one && !later && tile == within)
            continue;
        within = one && !later ? tile : UINT64_MAX;
        dk_cell_range plate = near;
        dk_rooms_plate_rows(near.y0, near.y1, b->zoom, &plate.y0, &plate.y1);
        /* Also where others are left out: an overview holds what is drawn beside them. */
        const kept_rank *kept = NULL;
        status = read_kept(b, own, DK_ROOM_MERCATOR, b->zoom, dk_tile_at(x, b->zoom), dk_tile_at(y, b->zoom), &kept);
        any = kept->counts;
        if (status == DK_OK && !any)
            status = any_raised(b, DK_ROOM_MERCATOR, &near, &any);
        if (status == DK_OK && !any)
            status = any_raised(b, DK_ROOM_PLATE, &plate, &any);
        if (status == DK_OK && any)
            status = add_recount(b, own, tile);
        if (status == DK_OK && any && later)
            status = add_later(b, own, c->codes[i]);
    }
    return status;
}

/* The zooms at which any share has a threshold. */
static uint64_t raised_zooms(const budget *b)
{
    uint64_t zooms = 0;
    for (size_t i = 0; i < b->n_shares; i++)
        zooms |= b->shares[i].raised[DK_ROOM_MERCATOR] | b->shares[i].raised[DK_ROOM_PLATE];
    return zooms;
}

/* Tiles to look at, by set. */
typedef struct places {
    tile_list rooms[DK_ROOM_SETS], settled[DK_ROOM_SETS]; /* where what changed takes up room, or is settled */
    tile_list full[DK_ROOM_SETS]; /* of the zoom above, those in which more may be too much; then of this one */
} places;

static dk_status update_set(budget *b, dk_room_set set, places *p)
{
    tile_list *rooms = &p->rooms[set], *settled = &p->settled[set], *full = &p->full[set];
    dk_status status = DK_OK;
    bool ok = true;
    if (b->zoom > b->shares[0].layer->min_zoom && (status = keep_full(b, set, full, rooms)) == DK_OK)
        status = keep_full(b, set, full, settled);
    for (size_t i = 0; ok && i < settled->n; i++)
        ok = list_tile(rooms, settled->tiles[i]);
    sort_tiles(rooms);
    full->n = 0;
    for (size_t i = 0; status == DK_OK && ok && i < rooms->n; i++) {
        bool deeper = false;
        status = update_tile(b, set, rooms->tiles[i], &deeper);
        ok = !deeper || list_tile(full, rooms->tiles[i]);
    }
    size_t n = 0;
    for (size_t i = 0; i < settled->n; i++)
        if (is_listed(full, settled->tiles[i]))
            settled->tiles[n++] = settled->tiles[i];
    settled->n = n;
    return status == DK_OK && !ok ? no_memory(b) : status;
}

/* The thresholds of a zoom, and what they leave out. */
static dk_status update_zoom(budget *b, const changes *c, places *p)
{
    const size_t n_later = b->n_later;
    dk_status status =
        list_changed(c, b->zoom, b->shares[0].layer->min_zoom, p->rooms, p->settled) ? DK_OK : no_memory(b);
    for (int set = 0; set < DK_ROOM_SETS; set++)
        b->changed[set].n = 0;
    for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++)
        status = update_set(b, (dk_room_set)set, p);
    if (status == DK_OK)
        status = recount_changed(b, c);
    for (size_t i = 0; status == DK_OK && i < n_later; i++)
        status = add_recount(b, &b->shares[b->later[i].share], label_tile(b->later[i].tile, b->zoom));
    return status == DK_OK ? count_tiles(b) : status;
}

static dk_status update_zooms(budget *b, const changes *c)
{
    places p = {0};
    const int first = b->shares[0].layer->min_zoom;
    dk_status status = DK_OK;
    for (b->zoom = first; status == DK_OK && b->zoom <= DK_FINEST_ZOOM; b->zoom++) {
        if (b->zoom > first && p.full[DK_ROOM_MERCATOR].n + p.full[DK_ROOM_PLATE].n + b->n_later == 0 &&
            raised_zooms(b) >> b->zoom == 0)
            break;
        status = update_zoom(b, c, &p);
    }
    for (int set = 0; set < DK_ROOM_SETS; set++) {
        free(p.rooms[set].tiles);
        free(p.settled[set].tiles);
        free(p.full[set].tiles);
    }
    return status;
}

bool dk_budget_shares(const dk_kind *layer)
{
    const dk_viewer everyone = dk_viewer_public();
    const dk_view view = dk_view_of(layer, &everyone);
    return !layer->draw_all && dk_view_fields(&view, NULL) != 0;
}

/* What a layer weighs in tiles is not known after a change that was undone (dk_pending_undo), until it is asked for. */
static dk_status know_weights(budget *b, const dk_kind *layer)
{
    dk_weights *weights = dk_weights_create(layer);
    dk_status status = weights == NULL ? no_memory(b) : dk_weights_begin(weights, b->store, b->err);
    if (status == DK_OK)
        status = dk_weights_flush(weights, b->store, b->err);
    dk_weights_free(weights);
    return status;
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
    for (size_t k = 0; k < catalogue->n_kinds && dk_budget_shares(layer); k++) {
        const dk_kind *other = &catalogue->kinds[k];
        if (k != layer->index && other->geometry != DK_NO_GEOMETRY && dk_budget_shares(other))
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
        if (status == DK_OK && i > 0) /* its own are kept up with the change */
            status = know_weights(b, s->layer);
    }
    return status;
}

uint64_t dk_budget_change(const dk_entry_head *head)
{
    uint64_t reach = 0;
    const uint32_t ends[4] = {head->label_x - head->x0, head->x1 - head->label_x, head->label_y - head->y0,
                              head->y1 - head->label_y};
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
    b->sees = DK_NEWEST;
    b->err = err;
    b->overview = dk_overview_create();
    dk_status status = b->overview == NULL ? no_memory(b) : add_shares(b, layer);
    sort_codes(changed, n);
    if (status == DK_OK)
        status = update_zooms(b, &(changes){changed, n});
    for (size_t i = 0; i < b->n_shares; i++) {
        dk_buf_finish(&b->shares[i].old);
        free(b->shares[i].ties);
        free(b->shares[i].guests);
    }
    free(b->shares);
    free(b->recounts);
    free(b->later);
    for (int set = 0; set < DK_ROOM_SETS; set++)
        free(b->changed[set].tiles);
    dk_overview_free(b->overview);
    dk_grid_finish(&b->grid);
    dk_buf_finish(&b->bytes);
    free(b);
    return status;
}

/* ---- comparing ---- */

/* Of a layer by itself, as a generation sees it; own: its share, without memory. */
static dk_status begin_comparing(budget *b, share *own, dk_store *store, const dk_kind *layer, int64_t generation,
                                 dk_error *err)
{
    dk_status status = DK_OK;
    *own = (share){.layer = layer};
    *b = (budget){.store = store, .sees = generation, .err = err, .shares = own, .n_shares = 1};
    for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++)
        status = dk_sheet_levels(store, layer, raised_sheets[set], &own->raised[set], err);
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
    return list_tile(user, cell) ? DK_OK : DK_NOMEM;
}

static dk_status verify_overview(budget *b, uint64_t tile, bool *ret_same)
{
    dk_morton_split(tile, &b->x, &b->y);
    dk_status status = gather_tile(b, &b->shares[0]);
    if (status == DK_OK)
        status = dk_overview_compare(b->overview, b->store, tile, b->sees, ret_same, b->err);
    return status;
}

dk_status dk_budget_verify(dk_store *store, const dk_kind *layer, int64_t generation,
                           void (*differs)(int zoom, void *user), void *user, dk_error *err)
{
    share own;
    tile_list list = {0};
    budget *b = calloc(1, sizeof *b);
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
        sort_tiles(&list);
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
    budget *b;
    dk_grid_tally *left_out, *counted; /* by zoom */
    uint64_t tile;                     /* of the sheet under way */
    int zoom;
} tallying;

static dk_status tally_entry(tallying *t, const dk_block *block, uint32_t i)
{
    budget *b = t->b;
    const share *s = &b->shares[0];
    const dk_entry_head *head = &block->heads[i];
    dk_grid_cell counted = {0};
    dk_status status = DK_OK;
    for (b->zoom = head->first_zoom; status == DK_OK && b->zoom <= DK_FINEST_ZOOM; b->zoom++) {
        bool drawn;
        status = has_room(b, s, head, &drawn);
        if (status != DK_OK || drawn)
            continue;
        if (counted.count == 0 && (status = count_entry(b, s->layer, block, i, &counted)) != DK_OK)
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
    share own;
    budget *b = calloc(1, sizeof *b);
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
