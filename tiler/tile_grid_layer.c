#include "tiler/tile_grid_layer.h"

#include "store/grid_measure.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct grid_layer {
    dk_mvt *mvt;
    const dk_kind *kind;
    const dk_tile_address *tile;
    uint64_t visible;
    bool coarse; /* no areas: they are those of the exact outlines */
} grid_layer;

/* World units, more than the 12 that one plate unit has at 85 degrees. */
enum { MORE = 16 };

enum { KEY_COUNT, KEY_AREA, KEY_SUMS };

/* An edge in tile units. */
static int32_t edge(const grid_layer *g, uint64_t position, uint32_t of, bool vertical)
{
    const bool plate = vertical && g->tile->set == DK_CGCS2000QUAD;
    const int64_t at = !plate                  ? (int64_t)position
                       : position > UINT32_MAX ? INT64_C(1) << 31 /* the southern edge of the world is not in reach */
                                               : (int64_t)dk_plate_y((uint32_t)position);
    const int64_t from = at - ((int64_t)of << (32 - g->tile->z));
    const int shift = DK_FINEST_ZOOM - g->tile->z;
    if (shift <= 0)
        return (int32_t)(from * (INT64_C(1) << -shift));
    return (int32_t)((from + (INT64_C(1) << (shift - 1))) >> shift);
}

/* Of CGCS2000Quad the row of tiles follows from the centre's place in it, which leaves no world unit between two rows
 * out, nor gives it to both. */
uint32_t dk_grid_tile_row(dk_tile_matrix_set set, int z, uint32_t y)
{
    const int below = 32 - dk_grid_level(z);
    const uint64_t centre = ((uint64_t)y << below) + (UINT64_C(1) << below) / 2;
    const uint64_t at = set == DK_CGCS2000QUAD ? dk_plate_y((uint32_t)centre) : centre;
    return (uint32_t)(at >> (32 - z));
}

static bool draw_cell(const dk_grid_place *place, void *user)
{
    grid_layer *g = user;
    const int level = dk_grid_level(g->tile->z);
    const uint64_t size = UINT64_C(1) << (32 - level);
    if (dk_grid_tile_row(g->tile->set, g->tile->z, place->y) != g->tile->y)
        return true;
    const int32_t x0 = edge(g, place->x * size, g->tile->x, false),
                  x1 = edge(g, (place->x + 1) * size, g->tile->x, false);
    const int32_t y0 = edge(g, place->y * size, g->tile->y, true),
                  y1 = edge(g, (place->y + 1) * size, g->tile->y, true);
    const int32_t ring[8] = {x0, y0, x1, y0, x1, y1, x0, y1};
    /* Stable: the cell's place, below its level. */
    dk_mvt_feature_begin(g->mvt, dk_morton(place->x, place->y) << 5 | (uint64_t)g->tile->z, DK_MVT_POLYGON);
    dk_mvt_ring(g->mvt, ring, 4, false);
    dk_value value = dk_value_integer(place->cell->count);
    dk_mvt_attribute(g->mvt, KEY_COUNT, &value);
    value = dk_value_real((double)place->cell->area_cm2 / 1e4);
    if (g->kind->geometry == DK_POLYGONS && !g->coarse)
        dk_mvt_attribute(g->mvt, KEY_AREA, &value);
    for (size_t i = 0; i < g->kind->n_grid_measures; i++) {
        const dk_grid_measure *measure = &g->kind->grid_measures[i];
        value = dk_grid_measure_value(measure, place->cell->sums[i]);
        if (g->visible >> measure->field & 1)
            dk_mvt_attribute(g->mvt, KEY_SUMS + i, &value);
    }
    dk_mvt_feature_end(g->mvt);
    return true;
}

/* ---- counted for a set of rows ---- */

/* The cells of a tile, and those beside it that CGCS2000Quad may give to it. */
typedef struct counting {
    grid_layer *g;
    dk_store *store;
    const dk_row_set *rows;
    uint32_t x0, y0, columns; /* of cells of the zoom's level */
    size_t n;
    dk_grid_cell *cells; /* by rows, then columns */
} counting;

static void count_entry(counting *c, const dk_entry_head *head)
{
    const grid_layer *g = c->g;
    const int shift = 32 - dk_grid_level(g->tile->z);
    const uint32_t x = (head->label_x >> shift) - c->x0, y = (head->label_y >> shift) - c->y0;
    if (x >= c->columns || (size_t)y * c->columns + x >= c->n || !dk_row_set_has(c->rows, head->row) ||
        (g->tile->z >= g->kind->min_zoom && dk_index_drawn(c->store, g->kind, head, g->tile->z)))
        return;
    dk_grid_cell *cell = &c->cells[(size_t)y * c->columns + x];
    cell->count++;
    cell->area_cm2 = dk_grid_plus(cell->area_cm2, head->area_cm2, 1);
    dk_row_set_measure(c->rows, g->kind, head->row, cell->sums);
}

static bool count_block(const dk_block *block, void *user)
{
    for (uint32_t i = 0; i < block->n_entries; i++)
        count_entry(user, &block->heads[i]);
    return true;
}

static dk_status count_rows(grid_layer *g, dk_store *store, const dk_row_set *rows, const dk_world_box *box,
                            dk_error *err)
{
    if (g->kind->draw_all && g->tile->z >= g->kind->min_zoom)
        return DK_OK; /* everything is drawn */
    const int shift = 32 - dk_grid_level(g->tile->z);
    counting c = {.g = g, .store = store, .rows = rows, .x0 = box->x0 >> shift, .y0 = box->y0 >> shift};
    c.columns = (box->x1 >> shift) - c.x0 + 1;
    c.n = (size_t)c.columns * ((box->y1 >> shift) - c.y0 + 1);
    const uint32_t cell = UINT32_MAX >> (32 - shift); /* all of each cell, whoever it belongs to */
    const dk_world_box whole = {box->x0 & ~cell, box->y0 & ~cell, box->x1 | cell, box->y1 | cell};
    c.cells = calloc(c.n, sizeof *c.cells);
    if (c.cells == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const dk_status status = dk_index_blocks(store, g->kind, &whole, DK_EVERY_ZOOM, count_block, &c, err);
    for (size_t i = 0; status == DK_OK && i < c.n; i++) {
        const dk_grid_place place = {c.x0 + (uint32_t)(i % c.columns), c.y0 + (uint32_t)(i / c.columns), &c.cells[i]};
        if (c.cells[i].count > 0)
            draw_cell(&place, g);
    }
    free(c.cells);
    return status;
}

dk_status dk_render_grid_layer(dk_mvt *mvt, dk_store *store, const dk_tile_layer *layer, const dk_tile_address *tile,
                               const dk_viewer *viewer, dk_buf *out, dk_error *err)
{
    const dk_kind *kind = layer->kind;
    char name[80];
    const char *keys[KEY_SUMS + DK_GRID_MAX_SUMS] = {[KEY_COUNT] = "count", [KEY_AREA] = "area_m2"};
    for (size_t i = 0; i < kind->n_grid_measures; i++)
        keys[KEY_SUMS + i] = kind->grid_measures[i].name;
    snprintf(name, sizeof name, "%s_grid", kind->name);
    const dk_view view = dk_view_of(kind, viewer);
    /* A grid counts rows whatever their division: it is for those who see all of them, and where its cells are no finer
     * than what they are shown, at zooms at which they are shown all. */
    if (!dk_view_every_row(&view) || tile->z > view.zoom_outside ||
        (view.coarse_outside > 0 && 32 - dk_grid_level(tile->z) < view.coarse_outside))
        return DK_OK;
    grid_layer g = {mvt, kind, tile, view.outside, view.coarse_outside > 0};
    dk_mvt_layer_begin(mvt, name, keys, KEY_SUMS + kind->n_grid_measures);
    dk_world_box box = dk_tile_box(tile, 0);
    if (tile->set == DK_CGCS2000QUAD) { /* a little more: draw_cell decides */
        box.y0 -= box.y0 > MORE ? MORE : box.y0;
        box.y1 += box.y1 < UINT32_MAX - MORE ? MORE : UINT32_MAX - box.y1;
    }
    const dk_status status = layer->rows != NULL ? count_rows(&g, store, layer->rows, &box, err)
                                                 : dk_index_grid(store, kind, &box, tile->z, draw_cell, &g, err);
    if (status != DK_OK)
        return status;
    return dk_mvt_layer_end(mvt, out) ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}
