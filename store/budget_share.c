/* How layers share the budget of a tile: arithmetic of bytes. */
#include "store/budget_work.h"

#include <stdlib.h>

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
static int64_t grid_rows(const dk_budget *b)
{
    if (b->set == DK_ROOM_MERCATOR)
        return DK_GRID_CELLS;
    const dk_world_box box = dk_room_box(b->set, b->zoom, b->x, b->y);
    const int64_t rows = ((box.y1 - box.y0) >> (32 - dk_grid_level(b->zoom))) + 1;
    return rows < MOST_GRID_ROWS ? rows : MOST_GRID_ROWS;
}

dk_status dk_budget_read_grid_bytes(dk_budget *b, dk_budget_share *s)
{
    const dk_kept_quarters *kept = NULL;
    bool any = s->open > 0 || s->settled > 0 || b->set == DK_ROOM_PLATE;
    dk_status status = DK_OK;
    if (!any && (status = dk_budget_read_quarters(b, s, b->x, b->y, &kept)) == DK_OK)
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
static int64_t tile_most(const dk_budget *b)
{
    int64_t grids = 0;
    for (size_t i = 0; i < (b->set == DK_ROOM_PLATE ? 1 : b->n_shares); i++)
        grids += b->shares[i].grid;
    return beside_grids(b->set == DK_ROOM_PLATE ? PLATE_BUDGET : TILE_BUDGET, grids);
}

int64_t dk_budget_enough(const dk_budget *b)
{
    int64_t rows = 0;
    for (size_t i = 0; i < b->n_shares; i++)
        rows += grid_row_bytes(b->shares[i].layer);
    const int64_t plate = grid_row_bytes(b->shares[0].layer) * MOST_GRID_ROWS, tile = rows * DK_GRID_CELLS;
    return beside_grids(LAYER_BUDGET, plate > tile ? plate : tile);
}

int64_t dk_budget_own_most(const dk_budget *b, const dk_budget_share *s)
{
    return without(beside_grids(b->set == DK_ROOM_PLATE ? PLATE_BUDGET : LAYER_BUDGET, s->grid),
                   dk_weight_bytes(s->settled));
}

int64_t dk_budget_fair_share(const dk_budget *b)
{
    int64_t weights[DK_MAX_KINDS], settled = 0;
    if (b->set == DK_ROOM_PLATE)
        return tile_most(b);
    for (size_t i = 0; i < b->n_shares; i++) {
        const int64_t sum = dk_weight_bytes(b->shares[i].sum), most = dk_budget_own_most(b, &b->shares[i]);
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

void dk_budget_find_threshold(dk_budget_share *s, int64_t most)
{
    int64_t above = 0;
    s->now = 0;
    s->range = (dk_threshold_range){0};
    for (int class = DK_BUDGET_CLASSES - 1; class >= 0; class --) {
        if (above + s->classes[class] <= most * DK_WEIGHT_SCALE) {
            above += s->classes[class];
            continue;
        }
        for (int tie = DK_BUDGET_TIES - 1; tie >= 0; tie--) {
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
