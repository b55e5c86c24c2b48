#include "samples/zones.h"

#include <math.h>
#include <stdlib.h>

/* Sides of a cell, counter-clockwise: south, east, north, west. */
static const int side_dx[4] = {0, 1, 0, -1}, side_dy[4] = {-1, 0, 1, 0};

typedef struct cell {
    int32_t group; /* -1: not in the region */
    uint16_t town;
    uint8_t kind;
    uint8_t done; /* bit i: side i has been traced */
    bool village;
} cell;

typedef struct lattice {
    const gen_region *region;
    double size; /* m */
    int columns, rows;
    cell *cells;
} lattice;

static cell *cell_at(const lattice *l, int i, int j)
{
    return i < 0 || j < 0 || i >= l->columns || j >= l->rows ? NULL
                                                             : &l->cells[(size_t)j * (size_t)l->columns + (size_t)i];
}

static int32_t group_at(const lattice *l, int i, int j)
{
    const cell *c = cell_at(l, i, j);
    return c ? c->group : -1;
}

static gen_point node(const lattice *l, int i, int j)
{
    const uint64_t seed = l->region->seed;
    const double jx = gen_unit(gen_hash(seed, 21, (uint64_t)i, (uint64_t)j)) - 0.5;
    const double jy = gen_unit(gen_hash(seed, 22, (uint64_t)i, (uint64_t)j)) - 0.5;
    return (gen_point){l->region->min_x + (i + 0.34 * jx) * l->size, l->region->min_y + (j + 0.34 * jy) * l->size};
}

/* Bends the lattice so far that it is no longer seen. The steepest slope is 3 * 0.45 / 2.6 = 0.52 < 1: nothing folds.
 */
static gen_point on_ground(const lattice *l, gen_point point)
{
    const uint64_t seed = l->region->seed;
    return gen_warp(l->region, (gen_point){point.x + 0.45 * l->size * gen_noise(seed + 33, point, 2.6 * l->size),
                                           point.y + 0.45 * l->size * gen_noise(seed + 34, point, 2.6 * l->size)});
}

static gen_point cell_centre(const lattice *l, int i, int j)
{
    return (gen_point){l->region->min_x + (i + 0.5) * l->size, l->region->min_y + (j + 0.5) * l->size};
}

/* What is planned where: towns around their centres, a red line along a river, farmland elsewhere. */
static void choose(const lattice *l, int i, int j, cell *c)
{
    const gen_region *region = l->region;
    const gen_point centre = cell_centre(l, i, j);
    c->group = -1;
    if (!gen_region_contains(region, centre))
        return;
    c->group = 0;
    const gen_place place = gen_place_of(region, centre);
    c->town = (uint16_t)place.town_number;
    const double river = region->min_y + (0.72 + 0.14 * gen_noise(region->seed + 23, (gen_point){centre.x, 0}, 9000)) *
                                             (region->max_y - region->min_y);
    const double hills = gen_noise(region->seed + 24, centre, 60000);
    const double reach = place.town_number == 0 || region->province ? 3600 : 1500;
    if (place.town_distance < reach)
        c->kind = GEN_TOWN;
    else if (fabs(centre.y - river) < 0.6 * l->size || (region->province && hills > 0.35))
        c->kind = GEN_ECOLOGY;
    else if (gen_noise(region->seed + 25, centre, 2.2 * l->size) > 0.15)
        c->kind = GEN_AGRICULTURE;
    else
        c->kind = GEN_FARMLAND;
    c->village = (c->kind == GEN_FARMLAND || c->kind == GEN_AGRICULTURE) &&
                 gen_unit(gen_hash(region->seed, 26, (uint64_t)i, (uint64_t)j)) < 0.42;
}

static bool same_zone(const cell *a, const cell *b)
{
    /* A red line runs on from town to town; everything else ends where the town's own plan ends. */
    return a->kind == b->kind && (a->town == b->town || a->kind == GEN_ECOLOGY);
}

/* Gives each connected set of cells of one zone a number; false: out of memory. */
static bool number_groups(const lattice *l, int32_t *ret_n)
{
    const size_t n_cells = (size_t)l->columns * (size_t)l->rows;
    size_t *stack = malloc(n_cells * sizeof *stack);
    if (!stack)
        return false;
    int32_t n = 0;
    for (size_t start = 0; start < n_cells; start++) {
        if (l->cells[start].group != 0)
            continue;
        size_t depth = 0;
        stack[depth++] = start;
        l->cells[start].group = ++n;
        while (depth > 0) {
            const size_t at = stack[--depth];
            for (int side = 0; side < 4; side++) {
                cell *other = cell_at(l, (int)(at % (size_t)l->columns) + side_dx[side],
                                      (int)(at / (size_t)l->columns) + side_dy[side]);
                if (other && other->group == 0 && same_zone(&l->cells[at], other)) {
                    other->group = n;
                    stack[depth++] = (size_t)(other - l->cells);
                }
            }
        }
    }
    free(stack);
    *ret_n = n;
    return true;
}

/* The border between two neighbouring nodes, drawn alike from both sides: its points follow from the nodes alone. */
static bool add_border(const lattice *l, gen_shape *shape, int i0, int j0, int i1, int j1, bool shore)
{
    const bool forward = i0 < i1 || j0 < j1;
    const int ai = forward ? i0 : i1, aj = forward ? j0 : j1;
    const bool level = aj == (forward ? j1 : j0); /* west to east */
    const gen_point a = node(l, ai, aj), b = level ? node(l, ai + 1, aj) : node(l, ai, aj + 1);
    gen_random random = {gen_hash(l->region->seed, level ? 27 : 28, (uint64_t)ai, (uint64_t)aj)};
    const int n = shore ? gen_pick(&random, 20, 60) : gen_pick(&random, 6, 14);
    gen_point points[64];
    points[0] = a;
    double wander = 0;
    for (int k = 1; k <= n; k++) {
        const double t = (double)k / (n + 1);
        wander = 0.6 * wander + gen_between(&random, -0.05, 0.05);
        const double off = wander * (t < 0.5 ? t : 1 - t) * 2;
        points[k] = (gen_point){a.x + (b.x - a.x) * t - (b.y - a.y) * off, a.y + (b.y - a.y) * t + (b.x - a.x) * off};
    }
    points[n + 1] = b;
    for (int k = 0; k <= n; k++) /* without the last point: the next border begins with it */
        if (!gen_shape_add(shape, on_ground(l, points[forward ? k : n + 1 - k])))
            return false;
    return true;
}

static bool shore_between(const lattice *l, int i, int j, int side)
{
    const cell *a = cell_at(l, i, j), *b = cell_at(l, i + side_dx[side], j + side_dy[side]);
    const bool a_red = a && a->group > 0 && a->kind == GEN_ECOLOGY, b_red = b && b->group > 0 && b->kind == GEN_ECOLOGY;
    return a_red || b_red;
}

/* Traces one ring of the group from a side of a cell, the group to its left. Where two cells of the group touch only
 * at a corner it turns right, over to the other cell: so no ring passes one point twice, and what lies between is
 * a hole that touches. */
static bool trace(const lattice *l, gen_shape *shape, int i, int j, int side)
{
    static const int from_dx[4] = {0, 1, 1, 0}, from_dy[4] = {0, 0, 1, 1};
    const int32_t group = group_at(l, i, j);
    long turn = 0; /* left turns minus right turns: 4 for an outer ring, -4 for a hole */
    const size_t ring = shape->n_rings;
    if (!gen_shape_begin_ring(shape, true))
        return false;
    while (!(cell_at(l, i, j)->done & (1u << side))) {
        cell_at(l, i, j)->done |= (uint8_t)(1u << side);
        const int next = (side + 1) % 4;
        if (!add_border(l, shape, i + from_dx[side], j + from_dy[side], i + from_dx[next], j + from_dy[next],
                        shore_between(l, i, j, side)))
            return false;
        const int ahead_i = i + side_dx[next], ahead_j = j + side_dy[next];
        const int right_i = ahead_i + side_dx[side], right_j = ahead_j + side_dy[side];
        if (group_at(l, right_i, right_j) == group) {
            i = right_i, j = right_j, side = (side + 3) % 4, turn--;
        } else if (group_at(l, ahead_i, ahead_j) == group) {
            i = ahead_i, j = ahead_j;
        } else {
            side = next, turn++;
        }
    }
    if (turn < 0) {
        shape->rings[ring].outer = false;
        shape->n_parts--;
    }
    return gen_shape_end_ring(shape);
}

/* The outline of a village in the middle of a cell, as a zone of its own or as the hole around it. */
static bool add_village(const lattice *l, gen_shape *shape, int i, int j, bool outer)
{
    gen_point centre = cell_centre(l, i, j);
    gen_random random = {gen_hash(l->region->seed, 29, (uint64_t)i, (uint64_t)j)};
    const double most = gen_between(&random, 0.1, 0.21), away = 0.23 - most; /* stays off the cell's borders */
    centre.x += gen_between(&random, -away, away) * l->size;
    centre.y += gen_between(&random, -away, away) * l->size;
    static const gen_point directions[] = {
        {1, 0},  {0.92, 0.38},   {0.71, 0.71},   {0.38, 0.92},   {0, 1},  {-0.38, 0.92}, {-0.71, 0.71}, {-0.92, 0.38},
        {-1, 0}, {-0.92, -0.38}, {-0.71, -0.71}, {-0.38, -0.92}, {0, -1}, {0.38, -0.92}, {0.71, -0.71}, {0.92, -0.38}};
    if (!gen_shape_begin_ring(shape, outer))
        return false;
    for (size_t k = 0; k < sizeof directions / sizeof directions[0]; k++) {
        const double radius = gen_between(&random, 0.55, 1) * most * l->size;
        if ((gen_pick(&random, 1, 4) > 1 || k % 4 == 0) &&
            !gen_shape_add(shape, on_ground(l, (gen_point){centre.x + directions[k].x * radius,
                                                           centre.y + directions[k].y * radius})))
            return false;
    }
    return gen_shape_end_ring(shape);
}

/* Every ring of a group and the holes of its villages. Outer ring first; by_group lists the group's cells. */
static bool draw_group(const lattice *l, gen_shape *shape, const size_t *by_group, size_t n)
{
    gen_shape_clear(shape);
    for (size_t k = 0; k < n; k++) {
        const int i = (int)(by_group[k] % (size_t)l->columns), j = (int)(by_group[k] / (size_t)l->columns);
        for (int side = 0; side < 4; side++)
            if (group_at(l, i + side_dx[side], j + side_dy[side]) != group_at(l, i, j) &&
                !(cell_at(l, i, j)->done & (1u << side)) && !trace(l, shape, i, j, side))
                return false;
    }
    for (size_t k = 0; k < n; k++)
        if (l->cells[by_group[k]].village && !add_village(l, shape, (int)(by_group[k] % (size_t)l->columns),
                                                          (int)(by_group[k] / (size_t)l->columns), false))
            return false;
    for (size_t r = 1; r < shape->n_rings; r++)
        if (shape->rings[r].outer) { /* the outer ring may have been met after a hole */
            const gen_ring swap = shape->rings[0];
            shape->rings[0] = shape->rings[r];
            shape->rings[r] = swap;
        }
    return true;
}

bool gen_zones_draw(const gen_region *region, gen_shape *shape, gen_zone_fn each, void *user)
{
    bool ok = false;
    lattice l = {.region = region, .size = region->province ? 2600 : 1500};
    l.columns = (int)ceil((region->max_x - region->min_x) / l.size);
    l.rows = (int)ceil((region->max_y - region->min_y) / l.size);
    const size_t n_cells = (size_t)l.columns * (size_t)l.rows;
    size_t *order = NULL, *starts = NULL;
    l.cells = calloc(n_cells, sizeof *l.cells);
    if (!l.cells)
        goto out;
    for (int j = 0; j < l.rows; j++)
        for (int i = 0; i < l.columns; i++)
            choose(&l, i, j, cell_at(&l, i, j));
    int32_t n_groups = 0;
    if (!number_groups(&l, &n_groups))
        goto out;
    order = malloc(n_cells * sizeof *order);
    starts = calloc((size_t)n_groups + 2, sizeof *starts);
    if (!order || !starts)
        goto out;
    /* Cells sorted by group, by counting. */
    for (size_t at = 0; at < n_cells; at++)
        if (l.cells[at].group > 0)
            starts[l.cells[at].group]++;
    for (int32_t g = 1; g <= n_groups; g++)
        starts[g] += starts[g - 1];
    starts[n_groups + 1] = starts[n_groups];
    for (size_t at = n_cells; at-- > 0;)
        if (l.cells[at].group > 0)
            order[--starts[l.cells[at].group]] = at;
    for (int32_t g = 1; g <= n_groups; g++) {
        const size_t n = starts[g + 1] - starts[g];
        const cell *first = &l.cells[order[starts[g]]];
        const gen_division *towns_name =
            region->province ? &gen_counties[first->town].division : &gen_towns[first->town];
        const gen_zone zone = {.kind = (gen_zone_kind)first->kind, .town = towns_name, .town_number = first->town};
        if (!draw_group(&l, shape, order + starts[g], n) || !each(shape, &zone, user))
            goto out;
    }
    for (int j = 0; j < l.rows; j++)
        for (int i = 0; i < l.columns; i++) {
            const cell *c = cell_at(&l, i, j);
            if (c->group <= 0 || !c->village)
                continue;
            const gen_zone zone = {.kind = GEN_VILLAGE,
                                   .town = region->province ? &gen_counties[c->town].division : &gen_towns[c->town],
                                   .town_number = c->town};
            gen_shape_clear(shape);
            if (!add_village(&l, shape, i, j, true) || !each(shape, &zone, user))
                goto out;
        }
    ok = true;
out:
    free(l.cells);
    free(order);
    free(starts);
    return ok;
}
