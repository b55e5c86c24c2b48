#include "tiler/tile_grid_layer.h"

#include <stdio.h>

typedef struct grid_layer {
    dk_mvt *mvt;
    const dk_kind *kind;
    const dk_tile_address *tile;
    uint64_t visible;
} grid_layer;

/* World units, more than the 12 that one plate unit has at 85 degrees. */
enum { MORE = 16 };

enum { KEY_COUNT, KEY_AREA, KEY_SUMS };

/* An edge in tile units. */
static int32_t edge(const grid_layer *g, uint64_t position, uint32_t of, bool vertical)
{
    const bool plate = vertical && g->tile->set == DK_CGCS2000QUAD;
    const int64_t at = !plate                   ? (int64_t)position
                       : position > UINT32_MAX ? INT64_C(1) << 31 /* the southern edge of the world is not in reach */
                                               : (int64_t)dk_plate_y((uint32_t)position);
    const int64_t from = at - ((int64_t)of << (32 - g->tile->z));
    const int shift = DK_FINEST_ZOOM - g->tile->z;
    if (shift <= 0)
        return (int32_t)(from * (INT64_C(1) << -shift));
    return (int32_t)((from + (INT64_C(1) << (shift - 1))) >> shift);
}

static bool draw_cell(const dk_grid_place *place, void *user)
{
    grid_layer *g = user;
    const int level = g->tile->z + DK_GRID_SHIFT;
    const uint64_t size = UINT64_C(1) << (32 - level);
    /* Of CGCS2000Quad the row of tiles follows from the centre's place in it, which leaves no world unit between two
     * rows out, nor gives it to both. */
    if (g->tile->set == DK_CGCS2000QUAD &&
        (g->tile->z == 0 ? 0 : dk_plate_y((uint32_t)(place->y * size + size / 2)) >> (32 - g->tile->z)) != g->tile->y)
        return true;
    const int32_t x0 = edge(g, place->x * size, g->tile->x, false), x1 = edge(g, (place->x + 1) * size, g->tile->x, false);
    const int32_t y0 = edge(g, place->y * size, g->tile->y, true), y1 = edge(g, (place->y + 1) * size, g->tile->y, true);
    const int32_t ring[8] = {x0, y0, x1, y0, x1, y1, x0, y1};
    /* Stable: the cell's place, below its level. */
    dk_mvt_feature_begin(g->mvt, dk_morton(place->x, place->y) << 5 | (uint64_t)g->tile->z, DK_MVT_POLYGON);
    dk_mvt_ring(g->mvt, ring, 4, false);
    dk_value value = dk_value_integer(place->cell->count);
    dk_mvt_attribute(g->mvt, KEY_COUNT, &value);
    value = dk_value_real((double)place->cell->area_cm2 / 1e4);
    if (g->kind->geometry == DK_POLYGONS)
        dk_mvt_attribute(g->mvt, KEY_AREA, &value);
    for (size_t i = 0; i < g->kind->n_grid_sums; i++) {
        value = dk_value_real((double)place->cell->sums[i] / DK_GRID_SUM_SCALE);
        if (g->visible >> g->kind->grid_sums[i] & 1)
            dk_mvt_attribute(g->mvt, KEY_SUMS + i, &value);
    }
    dk_mvt_feature_end(g->mvt);
    return true;
}

dk_status dk_render_grid_layer(dk_mvt *mvt, dk_store *store, const dk_kind *kind, const dk_tile_address *tile,
                               const dk_viewer *viewer, dk_buf *out, dk_error *err)
{
    char name[80];
    const char *keys[KEY_SUMS + DK_GRID_MAX_SUMS] = {[KEY_COUNT] = "count", [KEY_AREA] = "area_m2"};
    for (size_t i = 0; i < kind->n_grid_sums; i++)
        keys[KEY_SUMS + i] = kind->fields[kind->grid_sums[i]].name;
    snprintf(name, sizeof name, "%s_grid", kind->name);
    grid_layer g = {mvt, kind, tile, dk_view_of(kind, viewer).outside};
    dk_mvt_layer_begin(mvt, name, keys, KEY_SUMS + kind->n_grid_sums);
    dk_world_box box = dk_tile_box(tile, 0);
    if (tile->set == DK_CGCS2000QUAD) { /* a little more: draw_cell decides */
        box.y0 -= box.y0 > MORE ? MORE : box.y0;
        box.y1 += box.y1 < UINT32_MAX - MORE ? MORE : UINT32_MAX - box.y1;
    }
    const dk_status status = dk_index_grid(store, kind, &box, tile->z, draw_cell, &g, err);
    if (status != DK_OK)
        return status;
    return dk_mvt_layer_end(mvt, out) ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}
