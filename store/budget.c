/* The budget of a tile: what is drawn in a tile of a zoom must not grow beyond what can be sent at once, of all layers together, for
 * a map asks for them together. Where it would, the smallest features give way: the tile gets a threshold, a size class below which
 * nothing of the layer that has its label position there is drawn at this zoom, in this tile or any other, and what that leaves out
 * is counted in the grid. Layers that weigh little keep all they have; those that weigh more share what is left evenly.
 *
 * A threshold depends only on what is published in its tile, of all layers that share it, so the order of batches leaves no
 * trace. It is looked for where labels have come or gone, from the layer's first zoom down, and not below a tile whose features
 * would all fit with all their vertices. Beyond DK_FINEST_ZOOM those of that zoom hold (index.h). What tiles of small zooms hold is
 * not read for it: their weights are kept (weights.h).
 *
 * Layers that draw all and layers of which the public sees nothing do not share: the latter would show in what the public is shown.
 * Where a catalogue takes a layer away, others keep their thresholds until something changes in the tile. */
#include "store/audience.h"
#include "store/handle.h"
#include "store/index_work.h"
#include "store/overview.h"
#include "store/shelf.h"
#include "store/weights.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Estimated compressed bytes, of all layers together and of one, below the 500,000 that no tile may exceed: a tile holds some of its
 * neighbours' features too, and one of CGCS2000Quad, which are tiles of one layer, meets two or three of these. */
#define TILE_BUDGET 400000
#define LAYER_BUDGET 300000

enum { CLASSES = 128 };

/* A layer, and what it has in the tile under way. */
typedef struct share {
    const dk_kind *layer;
    uint64_t raised; /* the zooms at which some tile had a threshold before */
    double drawn[CLASSES], sum, all; /* bytes by size class, their sum, and with all vertices */
    int64_t undrawn;
    bool any;
    dk_world_box box; /* of what has its label here and is drawn */
    dk_buf old;       /* the threshold that there is */
    uint8_t below;    /* the one to be, */
    dk_threshold_range range; /* and for which budgets it is that */
} share;

typedef struct budget {
    dk_store *store;
    int64_t generation;
    dk_error *err;
    share *shares; /* the first is the layer's whose labels came or went */
    size_t n_shares;
    /* of the tile under way */
    int zoom;
    uint32_t x, y;
    share *scanned;
    bool gathering; /* what is below its threshold, instead of weighing, */
    bool verifying; /* and only for the overview */
    dk_grid grid;
    dk_buf bytes;
    dk_overview *overview;
} budget;

static uint32_t tile_at(uint32_t position, int zoom)
{
    return zoom == 0 ? 0 : position >> (32 - zoom);
}

static dk_status weigh_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)cell;
    budget *b = user;
    share *s = b->scanned;
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
            dk_stored_row row;
            dk_grid_cell counted;
            uint64_t tile;
            dk_status status;
            if (head->size_class >= s->below) {
                if ((status = dk_overview_add(b->overview, &block, i, level)) != DK_OK)
                    return status;
                continue;
            }
            if (b->verifying)
                continue;
            status = dk_stored_row_read(b->store, s->layer, head->row, false, &row, b->err);
            if (status != DK_OK)
                return status;
            dk_grid_cell_of(s->layer, head, drawing.n_points, row.values, &counted);
            dk_stored_row_release(&row);
            counted.number = dk_grid_number(head->label_x, head->label_y, b->zoom, &tile);
            if (dk_grid_add(&b->grid, &counted, 1) != DK_OK)
                return DK_NOMEM;
            continue;
        }
        const uint8_t class = head->size_class < CLASSES ? head->size_class : CLASSES - 1;
        s->drawn[class] += dk_weight_of_entry(&block, dk_drawing_points_at(&drawing, b->zoom)) + values;
        s->all += dk_weight_of_entry(&block, drawing.n_points) + values;
        if (!s->any)
            s->box = (dk_world_box){head->x0, head->y0, head->x1, head->y1};
        s->any = true;
        s->box.x0 = head->x0 < s->box.x0 ? head->x0 : s->box.x0;
        s->box.y0 = head->y0 < s->box.y0 ? head->y0 : s->box.y0;
        s->box.x1 = head->x1 > s->box.x1 ? head->x1 : s->box.x1;
        s->box.y1 = head->y1 > s->box.y1 ? head->y1 : s->box.y1;
    }
    return DK_OK;
}

/* Blocks whose entries may have their label in the tile: all whose boxes may meet it. */
static dk_status scan_tile(budget *b, share *s)
{
    b->scanned = s;
    const int shift = 32 - b->zoom;
    const uint64_t x0 = b->zoom == 0 ? 0 : (uint64_t)b->x << shift, y0 = b->zoom == 0 ? 0 : (uint64_t)b->y << shift;
    const uint64_t last = (UINT64_C(1) << shift) - 1;
    const dk_world_box box = {(uint32_t)x0, (uint32_t)y0, (uint32_t)(x0 + last), (uint32_t)(y0 + last)};
    uint64_t shelves = 0;
    dk_status status = dk_sheet_levels(b->store, s->layer, DK_SHEET_BLOCK, &shelves, b->err);
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        if ((shelves >> shelf & 1) == 0 || dk_shelf_level(shelf) > b->zoom + DK_LEVELS_BELOW)
            continue;
        const dk_cell_range range = dk_cells_reaching(&box, shelf);
        status = dk_sheet_scan(b->store, s->layer, DK_SHEET_BLOCK, shelf, &range, DK_NEWEST, weigh_block, b, b->err);
    }
    if (status == DK_CORRUPT)
        status = dk_fail(b->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex",
                         b->store->path, s->layer->name);
    return status;
}

static bool add_weight(const dk_grid_cell *cell, void *user)
{
    *(int64_t *)user += cell->weight;
    return true;
}

static int by_weight(const void *a, const void *b)
{
    const double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

/* What no layer may weigh more than, so that all together keep within the budget. In whole bytes. */
static double fair_share(const budget *b)
{
    double weights[DK_MAX_KINDS], left = TILE_BUDGET;
    for (size_t i = 0; i < b->n_shares; i++)
        weights[i] = b->shares[i].sum;
    qsort(weights, b->n_shares, sizeof *weights, by_weight);
    for (size_t i = 0; i < b->n_shares; i++) {
        const double each = left / (double)(b->n_shares - i);
        if (weights[i] > each || weights[i] > LAYER_BUDGET)
            return each < LAYER_BUDGET ? floor(each) : LAYER_BUDGET;
        left -= weights[i];
    }
    return LAYER_BUDGET;
}

/* The size class below which nothing is drawn; 0: all is. */
static void find_threshold(share *s, double most)
{
    double above = 0;
    s->below = 0;
    s->range = (dk_threshold_range){0};
    for (int class = CLASSES - 1; class >= 0; class--) {
        const double with = above + s->drawn[class];
        if (with > most) {
            s->below = (uint8_t)(class + 1);
            s->range = (dk_threshold_range){(int64_t)ceil(above), (int64_t)floor(with)};
            return;
        }
        above = with;
    }
}

/* What a share has in the tile, but for what must be scanned for. */
static dk_status read_share(budget *b, share *s, uint64_t tile)
{
    size_t n_sums;
    memset(s->drawn, 0, sizeof s->drawn);
    s->sum = s->all = 0;
    s->undrawn = 0;
    s->any = false;
    dk_buf_clear(&s->old);
    dk_status status = dk_sheet_read(b->store, s->layer, DK_SHEET_GRID, b->zoom, tile, &s->old, b->err);
    if (status == DK_OK && dk_grid_each(s->old.data, s->old.size, &n_sums, add_weight, &s->undrawn) != DK_OK)
        status = dk_fail(b->err, DK_CORRUPT, "the grid of %s is damaged; run dikuai-ingest reindex", s->layer->name);
    if (status == DK_OK && s->raised >> b->zoom & 1)
        status = dk_sheet_read(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, &s->old, b->err);
    else
        dk_buf_clear(&s->old);
    return status;
}

/* Writes the share's threshold and what it leaves out, if they are others than before. */
static dk_status write_share(budget *b, share *s, uint64_t tile)
{
    const uint8_t before = s->old.size > 0 ? s->old.data[0] : 0;
    dk_status status;
    dk_buf_clear(&b->bytes);
    dk_overview_begin(b->overview, s->layer, b->zoom);
    if (s->below > 0) {
        b->gathering = true;
        dk_grid_clear(&b->grid, s->layer->n_grid_measures);
        status = scan_tile(b, s);
        b->gathering = false;
        if (status != DK_OK)
            return status;
        dk_buf_byte(&b->bytes, s->below);
        dk_buf grid;
        dk_buf_init(&grid);
        dk_grid_encode(&b->grid, &grid);
        dk_buf_append(&b->bytes, grid.data, grid.size);
        dk_buf_finish(&grid);
        if (b->bytes.failed)
            return dk_fail(b->err, DK_NOMEM, "out of memory");
    }
    if ((b->bytes.size > 0 || s->old.size > 0) &&
        (status = dk_overview_write(b->overview, b->store, tile, b->generation, b->err)) != DK_OK)
        return status;
    if (b->bytes.size == s->old.size && (b->bytes.size == 0 || memcmp(b->bytes.data, s->old.data, s->old.size) == 0))
        return DK_OK;
    status = dk_sheet_write(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, b->generation, b->bytes.data, b->bytes.size, b->err);
    if (status == DK_OK && before != s->below && s->any)
        status = dk_touched_add(b->store, s->layer, b->generation, &s->box, b->err);
    return status;
}

/* Reads the features of a share in the tile; without_sum: that is known. */
static dk_status weigh_share(budget *b, share *s, bool without_sum)
{
    const dk_status status = scan_tile(b, s);
    for (size_t class = 0; class < CLASSES && !without_sum; class++)
        s->sum += s->drawn[class];
    return status;
}

/* Whether a share's threshold is what it was: of a layer in which nothing changed. */
static dk_status is_as_before(budget *b, const share *s, uint64_t tile, double most, bool *ret_same)
{
    dk_threshold_range range = {0};
    dk_status status = DK_OK;
    *ret_same = s->old.size == 0 && s->sum <= most;
    if (s == &b->shares[0] || s->old.size == 0 || s->sum <= most)
        return status;
    status = dk_weights_range_of(b->store, s->layer, b->zoom, tile, &range, b->err);
    *ret_same = (double)range.from <= most && most < (double)range.to;
    return status;
}

/* One tile. *ret_deeper: its features with all their vertices are more than the budget, so the tiles in it need a look. */
static dk_status update_tile(budget *b, uint64_t tile, bool *ret_deeper)
{
    const bool known = b->zoom <= DK_WEIGHED_ZOOM; /* what each share weighs */
    dk_status status = DK_OK;
    double all = 0;
    dk_morton_split(tile, &b->x, &b->y);
    for (size_t i = 0; status == DK_OK && i < b->n_shares; i++) {
        share *s = &b->shares[i];
        dk_tile_weight weight = {0};
        status = read_share(b, s, tile);
        if (status == DK_OK && known)
            status = dk_weights_of(b->store, s->layer, b->zoom, tile, &weight, b->err);
        else if (status == DK_OK)
            status = weigh_share(b, s, false);
        if (known)
            s->sum = (double)weight.drawn;
        all += (known ? (double)weight.whole : s->all) + (double)s->undrawn;
    }
    if (status != DK_OK)
        return status;
    *ret_deeper = all > LAYER_BUDGET;
    const double most = fair_share(b);
    for (size_t i = 0; status == DK_OK && i < b->n_shares; i++) {
        share *s = &b->shares[i];
        bool same = false;
        if (known)
            status = is_as_before(b, s, tile, most, &same);
        if (status == DK_OK && known && !same)
            status = weigh_share(b, s, true);
        if (status != DK_OK || same)
            continue;
        find_threshold(s, most);
        status = write_share(b, s, tile);
        if (status == DK_OK && known && s->below > 0)
            status = dk_weights_set_range(b->store, s->layer, b->zoom, tile, s->range, b->err);
    }
    return status;
}

static int by_code(const void *a, const void *b)
{
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return p < q ? -1 : p > q;
}

static bool raised_below(const budget *b, int zoom)
{
    uint64_t zooms = 0;
    for (size_t i = 0; i < b->n_shares; i++)
        zooms |= b->shares[i].raised;
    return zooms >> (zoom + 1) != 0;
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
        if (zoom >= b->shares[0].layer->min_zoom) {
            b->zoom = zoom;
            status = update_tile(b, tile, &deeper);
        }
        /* Also where there was a threshold deeper down: a tile that has become small enough may have had one. */
        if (status == DK_OK && zoom < DK_FINEST_ZOOM && (deeper || raised_below(b, zoom)))
            status = update_tiles(b, labels, from, to, zoom + 1);
        from = to;
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
        return dk_fail(b->err, DK_NOMEM, "out of memory");
    b->shares[b->n_shares++].layer = layer;
    for (size_t k = 0; k < catalogue->n_kinds && is_public(layer); k++) {
        const dk_kind *other = &catalogue->kinds[k];
        if (k != layer->index && other->geometry != DK_NO_GEOMETRY && !other->draw_all && is_public(other))
            b->shares[b->n_shares++].layer = other;
    }
    for (size_t i = 0; i < b->n_shares; i++)
        dk_buf_init(&b->shares[i].old);
    for (size_t i = 0; status == DK_OK && i < b->n_shares; i++)
        status = dk_sheet_levels(b->store, b->shares[i].layer, DK_SHEET_RAISED, &b->shares[i].raised, b->err);
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
    b->generation = generation;
    b->err = err;
    b->overview = dk_overview_create();
    dk_status status = b->overview == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : add_shares(b, layer);
    qsort(labels, n, sizeof *labels, by_code);
    if (status == DK_OK)
        status = update_tiles(b, labels, 0, n, 0);
    for (size_t i = 0; i < b->n_shares; i++)
        dk_buf_finish(&b->shares[i].old);
    free(b->shares);
    dk_overview_free(b->overview);
    dk_grid_finish(&b->grid);
    dk_buf_finish(&b->bytes);
    free(b);
    return status;
}

/* ---- comparing ---- */

typedef struct threshold_list {
    uint64_t *tiles;
    uint8_t *below;
    size_t n, tiles_capacity, below_capacity;
} threshold_list;

static dk_status list_threshold(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level;
    threshold_list *list = user;
    if (!dk_grow(&list->tiles, &list->tiles_capacity, list->n + 1, sizeof *list->tiles) ||
        !dk_grow(&list->below, &list->below_capacity, list->n + 1, sizeof *list->below))
        return DK_NOMEM;
    list->tiles[list->n] = cell;
    list->below[list->n++] = size > 0 ? *(const unsigned char *)data : 0;
    return DK_OK;
}

/* Adds tiles that have an overview, without a threshold: those that have one come first. */
static dk_status list_overview(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    threshold_list *list = user;
    (void)data, (void)size;
    for (size_t i = 0; i < list->n; i++)
        if (list->tiles[i] == cell)
            return DK_OK;
    return list_threshold(level, cell, NULL, 0, user);
}

static dk_status verify_overview(budget *b, uint64_t tile, uint8_t below, bool *ret_same)
{
    share *s = &b->shares[0];
    dk_morton_split(tile, &b->x, &b->y);
    s->below = below;
    dk_overview_begin(b->overview, s->layer, b->zoom);
    dk_status status = below > 0 ? scan_tile(b, s) : DK_OK;
    if (status == DK_OK)
        status = dk_overview_compare(b->overview, b->store, tile, ret_same, b->err);
    return status;
}

dk_status dk_budget_verify(dk_store *store, const dk_kind *layer, void (*differs)(int zoom, void *user), void *user,
                           dk_error *err)
{
    share own = {.layer = layer};
    budget b = {.store = store, .err = err, .shares = &own, .n_shares = 1, .gathering = true, .verifying = true};
    threshold_list list = {0};
    b.overview = dk_overview_create();
    dk_status status = b.overview == NULL ? DK_NOMEM : DK_OK;
    for (b.zoom = 0; status == DK_OK && b.zoom <= DK_OVERVIEW_ZOOM; b.zoom++) {
        const uint32_t last = b.zoom == 0 ? 0 : UINT32_MAX >> (32 - b.zoom);
        const dk_cell_range all = {0, 0, last, last};
        list.n = 0;
        status = dk_sheet_scan(store, layer, DK_SHEET_RAISED, b.zoom, &all, DK_NEWEST, list_threshold, &list, err);
        if (status == DK_OK)
            status = dk_sheet_scan(store, layer, DK_SHEET_OVERVIEW, b.zoom, &all, DK_NEWEST, list_overview, &list, err);
        for (size_t i = 0; status == DK_OK && i < list.n; i++) {
            bool same = true;
            status = verify_overview(&b, list.tiles[i], list.below[i], &same);
            if (status == DK_OK && !same)
                differs(b.zoom, user);
        }
    }
    dk_overview_free(b.overview);
    free(list.tiles);
    free(list.below);
    return status == DK_NOMEM ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}
