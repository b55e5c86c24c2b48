/* The budget of a tile: what is drawn in a tile of a zoom must not grow beyond what can be sent at once. Where it would,
 * the smallest features give way: the tile gets a threshold, a size class below which nothing that has its label position
 * there is drawn at this zoom, in this tile or any other, and what that leaves out is counted in the grid.
 *
 * A threshold depends only on what is published in its tile, so the order of batches leaves no trace. It is looked for
 * where labels have come or gone, from the layer's first zoom down, and not below a tile whose features would all fit
 * with all their vertices. What tiles of small zooms hold is not read for it: their weights are kept (weights.h). */
#include "store/handle.h"
#include "store/index_work.h"
#include "store/shelf.h"
#include "store/weights.h"

#include <stdlib.h>
#include <string.h>

/* Estimated compressed bytes. A tile may hold some of its neighbours' features too, and a tile of CGCS2000Quad meets two
 * or three of these tiles, so this stays well below the 500,000 that no tile may exceed. */
#define TILE_BUDGET 300000

enum { CLASSES = 128 };

typedef struct budget {
    dk_store *store;
    const dk_kind *layer;
    int64_t generation;
    dk_error *err;
    uint64_t raised; /* the zooms at which some tile had a threshold before */
    /* of the tile under way */
    int zoom;
    uint32_t x, y;
    double drawn[CLASSES], all;
    int64_t undrawn;
    uint8_t below;    /* the threshold under way */
    bool gathering;   /* what is below it, instead of weighing */
    bool any;
    dk_world_box box; /* of what has its label here and is drawn */
    dk_grid grid;
    dk_buf old, bytes;
} budget;

static uint32_t tile_at(uint32_t position, int zoom)
{
    return zoom == 0 ? 0 : position >> (32 - zoom);
}

static dk_status weigh_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    budget *b = user;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return DK_CORRUPT;
    const double values = dk_weight_of_values(&block);
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        if (head->first_zoom > b->zoom || tile_at(head->label_x, b->zoom) != b->x ||
            tile_at(head->label_y, b->zoom) != b->y)
            continue;
        dk_drawing drawing;
        if (dk_block_drawing(&block, i, &drawing) != DK_OK)
            return DK_CORRUPT;
        if (b->gathering) {
            if (head->size_class >= b->below)
                continue;
            dk_stored_row row;
            dk_grid_cell counted;
            uint64_t tile;
            dk_status status = dk_stored_row_read(b->store, b->layer, head->row, false, &row, b->err);
            if (status != DK_OK)
                return status;
            dk_grid_cell_of(b->layer, head, drawing.n_points, row.values, &counted);
            dk_stored_row_release(&row);
            counted.number = dk_grid_number(head->label_x, head->label_y, b->zoom, &tile);
            if (dk_grid_add(&b->grid, &counted, 1) != DK_OK)
                return DK_NOMEM;
            continue;
        }
        const uint8_t class = head->size_class < CLASSES ? head->size_class : CLASSES - 1;
        b->drawn[class] += dk_weight_of_entry(&block, dk_drawing_points_at(&drawing, b->zoom)) + values;
        b->all += dk_weight_of_entry(&block, drawing.n_points) + values;
        if (!b->any)
            b->box = (dk_world_box){head->x0, head->y0, head->x1, head->y1};
        b->any = true;
        b->box.x0 = head->x0 < b->box.x0 ? head->x0 : b->box.x0;
        b->box.y0 = head->y0 < b->box.y0 ? head->y0 : b->box.y0;
        b->box.x1 = head->x1 > b->box.x1 ? head->x1 : b->box.x1;
        b->box.y1 = head->y1 > b->box.y1 ? head->y1 : b->box.y1;
    }
    return DK_OK;
}

/* Blocks whose entries may have their label in the tile: all whose boxes may meet it. */
static dk_status scan_tile(budget *b)
{
    const int shift = 32 - b->zoom;
    const uint64_t x0 = b->zoom == 0 ? 0 : (uint64_t)b->x << shift, y0 = b->zoom == 0 ? 0 : (uint64_t)b->y << shift;
    const uint64_t last = (UINT64_C(1) << shift) - 1;
    const dk_world_box box = {(uint32_t)x0, (uint32_t)y0, (uint32_t)(x0 + last), (uint32_t)(y0 + last)};
    uint64_t shelves = 0;
    dk_status status = dk_sheet_levels(b->store, b->layer, DK_SHEET_BLOCK, &shelves, b->err);
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        if ((shelves >> shelf & 1) == 0 || dk_shelf_level(shelf) > b->zoom + DK_LEVELS_BELOW)
            continue;
        const dk_cell_range range = dk_cells_reaching(&box, shelf);
        status = dk_sheet_scan(b->store, b->layer, DK_SHEET_BLOCK, shelf, &range, DK_NEWEST, weigh_block, b, b->err);
    }
    if (status == DK_CORRUPT)
        status = dk_fail(b->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex",
                         b->store->path, b->layer->name);
    return status;
}

static bool add_weight(const dk_grid_cell *cell, void *user)
{
    *(int64_t *)user += cell->weight;
    return true;
}

/* The size class below which nothing is drawn; 0: all is. */
static uint8_t threshold(const budget *b)
{
    double sum = 0;
    for (int class = CLASSES - 1; class >= 0; class--) {
        sum += b->drawn[class];
        if (sum > TILE_BUDGET)
            return (uint8_t)(class + 1);
    }
    return 0;
}

/* One tile. *ret_deeper: its features with all their vertices are more than the budget, so the tiles in it need a look. */
static dk_status update_tile(budget *b, uint64_t tile, bool *ret_deeper)
{
    memset(b->drawn, 0, sizeof b->drawn);
    b->all = 0;
    b->undrawn = 0;
    b->any = b->gathering = false;
    dk_morton_split(tile, &b->x, &b->y);
    size_t n_sums;
    dk_buf_clear(&b->old);
    dk_status status = dk_sheet_read(b->store, b->layer, DK_SHEET_GRID, b->zoom, tile, &b->old, b->err);
    if (status == DK_OK && dk_grid_each(b->old.data, b->old.size, &n_sums, add_weight, &b->undrawn) != DK_OK)
        status = dk_fail(b->err, DK_CORRUPT, "the grid of %s is damaged; run dikuai-ingest reindex", b->layer->name);
    if (status == DK_OK && b->raised >> b->zoom & 1)
        status = dk_sheet_read(b->store, b->layer, DK_SHEET_RAISED, b->zoom, tile, &b->old, b->err);
    else
        dk_buf_clear(&b->old);
    dk_tile_weight weight = {0};
    if (status == DK_OK && b->old.size == 0 && b->zoom <= DK_WEIGHED_ZOOM) {
        status = dk_weights_of(b->store, b->layer, b->zoom, tile, &weight, b->err);
        if (status != DK_OK || weight.drawn <= TILE_BUDGET) {
            *ret_deeper = weight.whole + b->undrawn > TILE_BUDGET;
            return status;
        }
    }
    if (status == DK_OK)
        status = scan_tile(b);
    if (status != DK_OK)
        return status;
    *ret_deeper = b->all + (double)b->undrawn > TILE_BUDGET;
    const uint8_t before = b->old.size > 0 ? b->old.data[0] : 0;
    b->below = threshold(b);
    dk_buf_clear(&b->bytes);
    if (b->below > 0) {
        b->gathering = true;
        dk_grid_clear(&b->grid, b->layer->n_grid_measures);
        if ((status = scan_tile(b)) != DK_OK)
            return status;
        dk_buf_byte(&b->bytes, b->below);
        dk_buf grid;
        dk_buf_init(&grid);
        dk_grid_encode(&b->grid, &grid);
        dk_buf_append(&b->bytes, grid.data, grid.size);
        dk_buf_finish(&grid);
        if (b->bytes.failed)
            return dk_fail(b->err, DK_NOMEM, "out of memory");
    }
    if (b->bytes.size == b->old.size && (b->bytes.size == 0 || memcmp(b->bytes.data, b->old.data, b->old.size) == 0))
        return DK_OK;
    status = dk_sheet_write(b->store, b->layer, DK_SHEET_RAISED, b->zoom, tile, b->generation, b->bytes.data,
                            b->bytes.size, b->err);
    if (status == DK_OK && before != b->below && b->any)
        status = dk_touched_add(b->store, b->layer, b->generation, &b->box, b->err);
    return status;
}

static int by_code(const void *a, const void *b)
{
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return p < q ? -1 : p > q;
}

/* The tiles of labels lo to hi, which lie in one tile of the zoom above. */
static dk_status update_tiles(budget *b, const uint64_t *labels, size_t lo, size_t hi, int zoom)
{
    dk_status status = DK_OK;
    const int shift = 2 * (32 - zoom);
    for (size_t from = lo; status == DK_OK && from < hi;) {
        const uint64_t tile = zoom == 0 ? 0 : labels[from] >> shift;
        size_t to = from + 1;
        while (to < hi && (zoom == 0 || labels[to] >> shift == tile))
            to++;
        bool deeper = true;
        if (zoom >= b->layer->min_zoom) {
            b->zoom = zoom;
            status = update_tile(b, tile, &deeper);
        }
        /* Also where there was a threshold deeper down: a tile that has become small enough may have had one. */
        if (status == DK_OK && zoom < DK_FINEST_ZOOM && (deeper || b->raised >> (zoom + 1) != 0))
            status = update_tiles(b, labels, from, to, zoom + 1);
        from = to;
    }
    return status;
}

dk_status dk_budget_update(dk_store *store, const dk_kind *layer, uint64_t *labels, size_t n, int64_t generation,
                           dk_error *err)
{
    if (layer->draw_all || n == 0)
        return DK_OK;
    budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    b->store = store;
    b->layer = layer;
    b->generation = generation;
    b->err = err;
    dk_status status = dk_sheet_levels(store, layer, DK_SHEET_RAISED, &b->raised, err);
    qsort(labels, n, sizeof *labels, by_code);
    if (status == DK_OK)
        status = update_tiles(b, labels, 0, n, 0);
    dk_grid_finish(&b->grid);
    dk_buf_finish(&b->old);
    dk_buf_finish(&b->bytes);
    free(b);
    return status;
}
