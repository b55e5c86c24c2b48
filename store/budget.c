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
#include "store/budget_work.h"

#include <stdlib.h>
#include <string.h>

/* Of what covers more tiles at the layer's first zoom hardly anything is seen in one: they are not looked at for its
 * sake. */
#define MOST_SETTLED 1024

/* ---- writing thresholds ---- */

/* Of a feature that is settled at the zooms to come. */
static dk_status add_later(dk_budget *b, const dk_budget_share *s, uint64_t label)
{
    if (!dk_grow(&b->later, &b->later_capacity, b->n_later + 1, sizeof *b->later))
        return dk_budget_no_memory(b);
    b->later[b->n_later++] = (dk_budget_recount){(size_t)(s - b->shares), label};
    return DK_OK;
}

static uint64_t label_tile(uint64_t label, int zoom)
{
    return zoom == 0 ? 0 : label >> (64 - 2 * zoom);
}

static dk_status add_recount(dk_budget *b, const dk_budget_share *s, uint64_t tile)
{
    if (!dk_grow(&b->recounts, &b->recounts_capacity, b->n_recounts + 1, sizeof *b->recounts))
        return dk_budget_no_memory(b);
    b->recounts[b->n_recounts++] = (dk_budget_recount){(size_t)(s - b->shares), tile};
    return DK_OK;
}

/* Writes a share's threshold, if it is another than before; what that leaves out is counted later. */
static dk_status write_threshold(dk_budget *b, dk_budget_share *s, uint64_t tile)
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
        return dk_budget_no_memory(b);
    dk_status status = dk_sheet_write(b->store, s->layer, dk_raised_sheets[b->set], b->zoom, tile, b->generation,
                                      b->bytes.data, b->bytes.size, b->err);
    s->raised[b->set] |= UINT64_C(1) << b->zoom;
    *dk_budget_kept_place(b, s->layer, b->set, b->zoom, b->x, b->y) =
        (dk_kept_rank){s->layer, b->x, b->y, (uint8_t)b->zoom, (uint8_t)b->set, s->now, s->old.size > 2};
    if (status == DK_OK && !dk_tile_list_add(&b->changed[b->set], tile))
        status = dk_budget_no_memory(b);
    if (status == DK_OK && s->any)
        status = dk_touched_add(b->store, s->layer, b->generation, &s->box, b->err);
    if (status == DK_OK && b->set == DK_ROOM_MERCATOR)
        status = add_recount(b, s, tile);
    for (size_t i = 0; status == DK_OK && i < s->n_guests; i++) {
        const dk_budget_guest *g = &s->guests[i];
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
static dk_status is_as_before(dk_budget *b, const dk_budget_share *s, uint64_t tile, int64_t most, bool *ret_same)
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
static dk_status update_tile(dk_budget *b, dk_room_set set, uint64_t tile, bool *ret_deeper)
{
    const bool known = b->zoom <= DK_WEIGHED_ZOOM; /* what each share weighs */
    const size_t n_shares = set == DK_ROOM_MERCATOR ? b->n_shares : 1;
    const int64_t enough = dk_budget_enough(b);
    dk_status status = DK_OK;
    int64_t all = 0, open = 0;
    b->set = set;
    dk_morton_split(tile, &b->x, &b->y);
    for (size_t i = 0; status == DK_OK && i < n_shares; i++) {
        status = dk_budget_read_share(b, &b->shares[i], tile);
        all += dk_weight_bytes(b->shares[i].all);
        open += b->shares[i].open;
    }
    for (size_t i = 0; status == DK_OK && i < n_shares && (all <= enough || open == 0); i++) {
        status = dk_budget_read_undrawn(b, &b->shares[i]);
        all += b->shares[i].undrawn;
        open += b->shares[i].undrawn;
    }
    for (size_t i = 0; status == DK_OK && i < n_shares; i++)
        status = dk_budget_read_grid_bytes(b, &b->shares[i]);
    if (status != DK_OK)
        return status;
    *ret_deeper = all > enough && open > 0;
    const int64_t fair = dk_budget_fair_share(b);
    for (size_t i = 0; status == DK_OK && i < n_shares; i++) {
        dk_budget_share *s = &b->shares[i];
        const int64_t own = dk_budget_own_most(b, s), most = own < fair ? own : fair;
        bool same = false;
        if (known)
            status = is_as_before(b, s, tile, most, &same);
        if (status == DK_OK && known && !same)
            status = dk_budget_weigh(b, s);
        if (status != DK_OK || same)
            continue;
        dk_budget_find_threshold(s, most);
        status = write_threshold(b, s, tile);
        if (status == DK_OK && known && s->now > 0)
            status = dk_weights_set_range(b->store, s->layer, b->set, b->zoom, tile, s->range, b->err);
    }
    return status;
}

/* ---- counting what is left out ---- */

static int by_share_and_tile(const void *a, const void *b)
{
    const dk_budget_recount *p = a, *q = b;
    if (p->share != q->share)
        return p->share < q->share ? -1 : 1;
    return p->tile < q->tile ? -1 : p->tile > q->tile;
}

/* Writes what thresholds leave out of what has its label in a tile, if it is other than before. */
static dk_status count_tile(dk_budget *b, dk_budget_share *s, uint64_t tile)
{
    dk_morton_split(tile, &b->x, &b->y);
    dk_buf_clear(&s->old);
    dk_grid_clear(&b->grid, s->layer->n_grid_measures);
    dk_status status = dk_sheet_read(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, &s->old, b->err);
    if (status == DK_OK)
        status = dk_budget_gather(b, s);
    if (status == DK_OK && (b->n_left_out > 0 || s->old.size > 0))
        status = dk_overview_write(b->overview, b->store, tile, b->generation, b->err);
    if (status != DK_OK)
        return status;
    const dk_rank own = dk_budget_rank_in(s->old.data, s->old.size);
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
        return dk_budget_no_memory(b);
    if (b->bytes.size == s->old.size && (b->bytes.size == 0 || memcmp(b->bytes.data, s->old.data, s->old.size) == 0))
        return DK_OK;
    s->raised[DK_ROOM_MERCATOR] |= UINT64_C(1) << b->zoom;
    dk_budget_kept_place(b, s->layer, DK_ROOM_MERCATOR, b->zoom, b->x, b->y)->layer = NULL;
    return dk_sheet_write(b->store, s->layer, DK_SHEET_RAISED, b->zoom, tile, b->generation, b->bytes.data,
                          b->bytes.size, b->err);
}

static dk_status count_tiles(dk_budget *b)
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

static bool list_range(const dk_cell_range *range, dk_tile_list *list)
{
    bool ok = true;
    for (uint32_t y = range->y0; ok && y <= range->y1; y++)
        for (uint32_t x = range->x0; ok && x <= range->x1; x++)
            ok = dk_tile_list_add(list, dk_morton(x, y));
    return ok;
}

/* The tiles of CGCS2000Quad that what lies in these of WebMercatorQuad meets. */
static bool list_plate(const dk_tile_list *tiles, int zoom, dk_tile_list *plate)
{
    bool ok = true;
    for (size_t i = 0; ok && i < tiles->n; i++) {
        dk_cell_range range;
        dk_morton_split(tiles->tiles[i], &range.x0, &range.y0);
        range.x1 = range.x0;
        dk_rooms_plate_rows(range.y0, range.y0, zoom, &range.y0, &range.y1);
        ok = list_range(&range, plate);
    }
    dk_tile_list_sort(plate);
    return ok;
}

/* The tiles of a zoom in which what changed may take up room, and those that what is settled meets. settled: those of
 * the zoom above that are full; after it those of this zoom that lie in them, or that what is settled from here on
 * meets. */
static bool list_changed(const changes *c, int zoom, int first_zoom, dk_tile_list *rooms, dk_tile_list *settled)
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
    dk_tile_list_sort(&rooms[DK_ROOM_MERCATOR]);
    dk_tile_list_sort(&settled[DK_ROOM_MERCATOR]);
    return ok && list_plate(&rooms[DK_ROOM_MERCATOR], zoom, &rooms[DK_ROOM_PLATE]) &&
           list_plate(&settled[DK_ROOM_MERCATOR], zoom, &settled[DK_ROOM_PLATE]);
}

/* Whether any share has a threshold in a tile. */
static dk_status is_raised(dk_budget *b, dk_room_set set, uint64_t tile, bool *ret_raised)
{
    const size_t n_shares = set == DK_ROOM_MERCATOR ? b->n_shares : 1;
    dk_status status = DK_OK;
    *ret_raised = false;
    for (size_t i = 0; status == DK_OK && !*ret_raised && i < n_shares; i++) {
        dk_rank rank = 0;
        uint32_t x, y;
        dk_morton_split(tile, &x, &y);
        status = dk_budget_read_rank(b, &b->shares[i], set, b->zoom, x, y, &rank);
        *ret_raised = rank > 0;
    }
    return status;
}

/* Leaves of the tiles of a set those that lie in full ones, and those that have a threshold: they may have become small
 * enough. */
static dk_status keep_full(dk_budget *b, dk_room_set set, const dk_tile_list *full, dk_tile_list *rooms)
{
    dk_status status = DK_OK;
    size_t n = 0;
    for (size_t i = 0; status == DK_OK && i < rooms->n; i++) {
        bool kept = dk_tile_list_has(full, rooms->tiles[i] >> 2);
        if (!kept)
            status = is_raised(b, set, rooms->tiles[i], &kept);
        if (kept)
            rooms->tiles[n++] = rooms->tiles[i];
    }
    rooms->n = n;
    return status;
}

/* Whether some tile of a range has a threshold, or had one before. */
static dk_status any_raised(dk_budget *b, dk_room_set set, const dk_cell_range *range, bool *ret_any)
{
    dk_status status = DK_OK;
    for (uint32_t y = range->y0; y <= range->y1; y++)
        for (uint32_t x = range->x0; status == DK_OK && !*ret_any && x <= range->x1; x++) {
            dk_rank rank = 0;
            status = dk_budget_read_rank(b, &b->shares[0], set, b->zoom, x, y, &rank);
            *ret_any = rank > 0 || dk_tile_list_has(&b->changed[set], dk_morton(x, y));
        }
    return status;
}

/* Where something changed that may be left out, it is counted anew: at this zoom, and where it is settled at later
 * ones. */
static dk_status recount_changed(dk_budget *b, const changes *c)
{
    const dk_budget_share *own = &b->shares[0];
    uint64_t within = UINT64_MAX;
    dk_status status = DK_OK;
    for (int set = 0; set < DK_ROOM_SETS; set++)
        dk_tile_list_sort(&b->changed[set]);
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
        const dk_kept_rank *kept = NULL;
        status = dk_budget_read_kept(b, own, DK_ROOM_MERCATOR, b->zoom, dk_tile_at(x, b->zoom), dk_tile_at(y, b->zoom),
                                     &kept);
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
static uint64_t raised_zooms(const dk_budget *b)
{
    uint64_t zooms = 0;
    for (size_t i = 0; i < b->n_shares; i++)
        zooms |= b->shares[i].raised[DK_ROOM_MERCATOR] | b->shares[i].raised[DK_ROOM_PLATE];
    return zooms;
}

/* Tiles to look at, by set. */
typedef struct places {
    dk_tile_list rooms[DK_ROOM_SETS], settled[DK_ROOM_SETS]; /* where what changed takes up room, or is settled */
    dk_tile_list full[DK_ROOM_SETS]; /* of the zoom above, those in which more may be too much; then of this one */
} places;

static dk_status update_set(dk_budget *b, dk_room_set set, places *p)
{
    dk_tile_list *rooms = &p->rooms[set], *settled = &p->settled[set], *full = &p->full[set];
    dk_status status = DK_OK;
    bool ok = true;
    if (b->zoom > b->shares[0].layer->min_zoom && (status = keep_full(b, set, full, rooms)) == DK_OK)
        status = keep_full(b, set, full, settled);
    for (size_t i = 0; ok && i < settled->n; i++)
        ok = dk_tile_list_add(rooms, settled->tiles[i]);
    dk_tile_list_sort(rooms);
    full->n = 0;
    for (size_t i = 0; status == DK_OK && ok && i < rooms->n; i++) {
        bool deeper = false;
        status = update_tile(b, set, rooms->tiles[i], &deeper);
        ok = !deeper || dk_tile_list_add(full, rooms->tiles[i]);
    }
    size_t n = 0;
    for (size_t i = 0; i < settled->n; i++)
        if (dk_tile_list_has(full, settled->tiles[i]))
            settled->tiles[n++] = settled->tiles[i];
    settled->n = n;
    return status == DK_OK && !ok ? dk_budget_no_memory(b) : status;
}

/* The thresholds of a zoom, and what they leave out. */
static dk_status update_zoom(dk_budget *b, const changes *c, places *p)
{
    const size_t n_later = b->n_later;
    dk_status status =
        list_changed(c, b->zoom, b->shares[0].layer->min_zoom, p->rooms, p->settled) ? DK_OK : dk_budget_no_memory(b);
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

static dk_status update_zooms(dk_budget *b, const changes *c)
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
static dk_status know_weights(dk_budget *b, const dk_kind *layer)
{
    dk_weights *weights = dk_weights_create(layer);
    dk_status status = weights == NULL ? dk_budget_no_memory(b) : dk_weights_begin(weights, b->store, b->err);
    if (status == DK_OK)
        status = dk_weights_flush(weights, b->store, b->err);
    dk_weights_free(weights);
    return status;
}

/* The layer, and those that share with it. */
static dk_status add_shares(dk_budget *b, const dk_kind *layer)
{
    const dk_catalogue *catalogue = b->store->catalogue;
    dk_status status = DK_OK;
    b->shares = calloc(catalogue->n_kinds, sizeof *b->shares);
    if (b->shares == NULL)
        return dk_budget_no_memory(b);
    b->shares[b->n_shares++].layer = layer;
    for (size_t k = 0; k < catalogue->n_kinds && dk_budget_shares(layer); k++) {
        const dk_kind *other = &catalogue->kinds[k];
        if (k != layer->index && other->geometry != DK_NO_GEOMETRY && dk_budget_shares(other))
            b->shares[b->n_shares++].layer = other;
    }
    for (size_t i = 0; i < b->n_shares; i++)
        dk_buf_init(&b->shares[i].old);
    for (size_t i = 0; status == DK_OK && i < b->n_shares; i++) {
        dk_budget_share *s = &b->shares[i];
        if ((s->ties = malloc(DK_BUDGET_CLASSES * sizeof *s->ties)) == NULL)
            status = dk_budget_no_memory(b);
        for (int set = 0; status == DK_OK && set < DK_ROOM_SETS; set++)
            status = dk_sheet_levels(b->store, s->layer, dk_raised_sheets[set], &s->raised[set], b->err);
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
    dk_budget *b = calloc(1, sizeof *b);
    if (b == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    b->store = store;
    b->generation = generation;
    b->sees = DK_NEWEST;
    b->err = err;
    b->overview = dk_overview_create();
    dk_status status = b->overview == NULL ? dk_budget_no_memory(b) : add_shares(b, layer);
    dk_codes_sort(changed, n);
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
