#include "samples/blocks.h"

#include <math.h>

#define MAX_BENDS 4 /* on one border between two corners */

/* A point in a block: u along the strips, v across them, 0 to 1. */
typedef struct place_uv {
    double u, v;
} place_uv;

/* A border along the strips: its points by rising u. */
#define MAX_LINE (2 * (GEN_MAX_FIELDS + 1) * (1 + MAX_BENDS))
typedef struct line {
    place_uv points[MAX_LINE];
    int n;
} line;

/* A border across a strip. */
typedef struct divider {
    double bottom_u, top_u;
    place_uv bends[MAX_BENDS];
    int n;
} divider;

typedef struct drawing {
    const gen_grid *grid;
    gen_point corners[4]; /* of the block inside its roads, counter-clockwise */
    bool across;          /* strips run north to south */
    line lines[GEN_MAX_STRIPS + 1];
    divider dividers[GEN_MAX_STRIPS][GEN_MAX_FIELDS + 1];
} drawing;

void gen_grid_init(gen_grid *grid, const gen_region *region, double cell)
{
    grid->region = region;
    grid->cell = cell;
    grid->columns = (uint32_t)((region->max_x - region->min_x) / cell);
    grid->rows = (uint32_t)((region->max_y - region->min_y) / cell);
}

/* A crossing of roads. */
static gen_point crossing(const gen_grid *grid, uint32_t column, uint32_t row)
{
    const uint64_t seed = grid->region->seed;
    const double jx = gen_unit(gen_hash(seed, 1, column, row)) - 0.5,
                 jy = gen_unit(gen_hash(seed, 2, column, row)) - 0.5;
    return (gen_point){grid->region->min_x + (column + 0.26 * jx) * grid->cell,
                       grid->region->min_y + (row + 0.26 * jy) * grid->cell};
}

gen_point gen_block_centre(const gen_grid *grid, uint32_t column, uint32_t row)
{
    return (gen_point){grid->region->min_x + (column + 0.5) * grid->cell,
                       grid->region->min_y + (row + 0.5) * grid->cell};
}

bool gen_block_plan(const gen_grid *grid, uint32_t column, uint32_t row, gen_block *ret_block)
{
    for (int i = 0; i < 4; i++)
        if (!gen_region_contains(grid->region, crossing(grid, column + (uint32_t)(i & 1), row + (uint32_t)(i >> 1))))
            return false;
    gen_block block = {.column = column, .row = row, .random = {gen_hash(grid->region->seed, 3, column, row)}};
    block.n_strips = gen_pick(&block.random, 3, GEN_MAX_STRIPS);
    for (int s = 0; s < block.n_strips; s++) {
        block.n_fields[s] = gen_pick(&block.random, 4, GEN_MAX_FIELDS);
        block.joined[s] = gen_pick(&block.random, 1, 16) == 1;
        block.n_parcels += block.n_fields[s] - (block.joined[s] ? 1 : 0);
    }
    *ret_block = block;
    return true;
}

/* Half the width of the road on a line of the lattice: every seventh is a main road. */
static double road_half(const gen_grid *grid, uint64_t direction, uint32_t number)
{
    const double width = number % 7 == 0 ? 24 : 5 + 5 * gen_unit(gen_hash(grid->region->seed, 4, direction, number));
    return fmin(width, 0.08 * grid->cell) / 2;
}

/* Where two lines meet: a-b and c-d, each moved to its left by its distance. */
static gen_point meet(gen_point a, gen_point b, double left_ab, gen_point c, gen_point d, double left_cd)
{
    const double abx = b.x - a.x, aby = b.y - a.y, cdx = d.x - c.x, cdy = d.y - c.y;
    const double ab = sqrt(abx * abx + aby * aby), cd = sqrt(cdx * cdx + cdy * cdy);
    const double ax = a.x - aby / ab * left_ab, ay = a.y + abx / ab * left_ab;
    const double cx = c.x - cdy / cd * left_cd, cy = c.y + cdx / cd * left_cd;
    const double t = ((cx - ax) * cdy - (cy - ay) * cdx) / (abx * cdy - aby * cdx);
    return (gen_point){ax + t * abx, ay + t * aby};
}

static void block_corners(const gen_grid *grid, const gen_block *block, gen_point corners[4])
{
    const uint32_t i = block->column, j = block->row;
    const gen_point p[4] = {crossing(grid, i, j), crossing(grid, i + 1, j), crossing(grid, i + 1, j + 1),
                            crossing(grid, i, j + 1)};
    const double inset[4] = {road_half(grid, 0, j), road_half(grid, 1, i + 1), road_half(grid, 0, j + 1),
                             road_half(grid, 1, i)};
    for (int k = 0; k < 4; k++) {
        const int before = (k + 3) % 4;
        corners[k] = meet(p[before], p[k], inset[before], p[k], p[(k + 1) % 4], inset[k]);
    }
}

static gen_point on_ground(const drawing *d, place_uv at)
{
    const double u = d->across ? at.v : at.u, v = d->across ? at.u : at.v;
    const gen_point *c = d->corners;
    return gen_warp(d->grid->region,
                    (gen_point){(c[0].x * (1 - u) + c[1].x * u) * (1 - v) + (c[3].x * (1 - u) + c[2].x * u) * v,
                                (c[0].y * (1 - u) + c[1].y * u) * (1 - v) + (c[3].y * (1 - u) + c[2].y * u) * v});
}

/* Puts u among the first n numbers, kept in rising order; a number nearer than `near` is taken instead, so that
 * corners that almost meet do meet. Returns the number used. */
static double insert_u(double *us, int *n, double u, double near)
{
    int at = *n;
    for (int i = 0; i < *n; i++) {
        if (fabs(us[i] - u) < near)
            return us[i];
        if (us[i] > u) {
            at = i;
            break;
        }
    }
    for (int i = *n; i > at; i--)
        us[i] = us[i - 1];
    us[at] = u;
    (*n)++;
    return u;
}

/* Decides every border of the block once, so that both its sides draw the same. */
static void draw_borders(drawing *d, const gen_block *block, bool straighten)
{
    gen_random random = block->random;
    const int n = block->n_strips;
    const bool straight =
        gen_pick(&random, 1, 10) <= 3 || straighten; /* consolidated land: straight borders, few vertices */
    const int most_bends = straight ? 0 : gen_pick(&random, 2, MAX_BENDS);
    const double tilt = gen_between(&random, -0.12, 0.12) / n;
    double base[GEN_MAX_STRIPS + 1], us[GEN_MAX_STRIPS + 1][2 * (GEN_MAX_FIELDS + 1)];
    int n_us[GEN_MAX_STRIPS + 1];
    d->across = gen_pick(&random, 0, 1) == 1;
    for (int b = 0; b <= n; b++) {
        base[b] = b == 0 || b == n ? (double)b / n : (b + gen_between(&random, -0.22, 0.22)) / n;
        us[b][0] = 0;
        us[b][1] = 1;
        n_us[b] = 2;
    }
    for (int s = 0; s < n; s++) {
        const int fields = block->n_fields[s];
        for (int k = 0; k <= fields; k++) {
            divider *r = &d->dividers[s][k];
            const bool side = k == 0 || k == fields;
            const double u = side ? (double)k / fields : (k + gen_between(&random, -0.25, 0.25)) / fields;
            const double slant = side || straight ? 0 : gen_between(&random, -0.08, 0.08) / fields;
            r->bottom_u = insert_u(us[s], &n_us[s], u - slant, 0.006);
            r->top_u = insert_u(us[s + 1], &n_us[s + 1], u + slant, 0.006);
            r->n = gen_pick(&random, 0, most_bends);
            for (int i = 0; i < r->n; i++) { /* v is the share of the way up here; made absolute when drawn */
                const double t = (i + 1.0) / (r->n + 1);
                const double bend =
                    side ? gen_between(&random, 0, 0.03) * (k == 0 ? 1 : -1) : gen_between(&random, -0.07, 0.07);
                r->bends[i] = (place_uv){r->bottom_u + (r->top_u - r->bottom_u) * t + bend / fields, t};
            }
        }
    }
    for (int b = 0; b <= n; b++) {
        line *l = &d->lines[b];
        l->n = 0;
        for (int i = 0; i < n_us[b]; i++) {
            const double u = us[b][i];
            const double slope = b == 0 || b == n ? 0 : tilt * (2 * u - 1);
            /* Borders on a road keep to their side of it. */
            const double low = b == 0 ? 0 : -0.05 / n, high = b == n ? 0 : 0.05 / n;
            const bool corner = (b == 0 || b == n) && (i == 0 || i == n_us[b] - 1);
            l->points[l->n++] =
                (place_uv){u, base[b] + slope + (straight || corner ? 0 : gen_between(&random, low, high))};
            if (i + 1 == n_us[b])
                break;
            const double gap = us[b][i + 1] - u;
            const int bends = gap < 0.03 ? 0 : gen_pick(&random, 0, most_bends);
            for (int k = 1; k <= bends; k++) {
                const double bu = u + gap * k / (bends + 1);
                const double bs = b == 0 || b == n ? 0 : tilt * (2 * bu - 1);
                l->points[l->n++] = (place_uv){bu, base[b] + bs + gen_between(&random, low, high)};
            }
        }
    }
}

static double v_at(const line *l, double u)
{
    for (int i = 0; i < l->n; i++)
        if (l->points[i].u == u)
            return l->points[i].v;
    return l->points[l->n - 1].v; /* not reached: every divider's end is a point of the line */
}

/* The points of a border across, without its ends. */
static bool add_divider(const drawing *d, gen_shape *shape, int strip, const divider *r, bool upward)
{
    const double bottom = v_at(&d->lines[strip], r->bottom_u), top = v_at(&d->lines[strip + 1], r->top_u);
    for (int i = 0; i < r->n; i++) {
        const place_uv bend = r->bends[upward ? i : r->n - 1 - i];
        if (!gen_shape_add(shape, on_ground(d, (place_uv){bend.u, bottom + (top - bottom) * bend.v})))
            return false;
    }
    return true;
}

static bool add_field(const drawing *d, gen_shape *shape, int strip, int field)
{
    const divider *left = &d->dividers[strip][field], *right = left + 1;
    const line *bottom = &d->lines[strip], *top = &d->lines[strip + 1];
    if (!gen_shape_begin_ring(shape, true))
        return false;
    for (int i = 0; i < bottom->n; i++)
        if (bottom->points[i].u >= left->bottom_u && bottom->points[i].u <= right->bottom_u &&
            !gen_shape_add(shape, on_ground(d, bottom->points[i])))
            return false;
    if (!add_divider(d, shape, strip, right, true))
        return false;
    for (int i = top->n - 1; i >= 0; i--)
        if (top->points[i].u >= left->top_u && top->points[i].u <= right->top_u &&
            !gen_shape_add(shape, on_ground(d, top->points[i])))
            return false;
    return add_divider(d, shape, strip, left, false) && gen_shape_end_ring(shape);
}

/* A pond or a grave plot in the middle of a field, which is not taken. */
static bool add_hole(const drawing *d, gen_shape *shape, int strip, int field, gen_random *random)
{
    const divider *left = &d->dividers[strip][field], *right = left + 1;
    const line *bottom = &d->lines[strip], *top = &d->lines[strip + 1];
    static const place_uv round_about[] = {{1, 0},  {0.7, 0.7},   {0, 1},  {-0.7, 0.7},
                                           {-1, 0}, {-0.7, -0.7}, {0, -1}, {0.7, -0.7}};
    const double u = (left->bottom_u + left->top_u + right->bottom_u + right->top_u) / 4;
    const double v = (v_at(bottom, left->bottom_u) + v_at(bottom, right->bottom_u) + v_at(top, left->top_u) +
                      v_at(top, right->top_u)) /
                     4;
    const double du = (right->bottom_u + right->top_u - left->bottom_u - left->top_u) / 2;
    const double dv = (v_at(top, left->top_u) + v_at(top, right->top_u) - v_at(bottom, left->bottom_u) -
                       v_at(bottom, right->bottom_u)) /
                      2;
    if (!gen_shape_begin_ring(shape, false))
        return false;
    for (size_t i = 0; i < sizeof round_about / sizeof round_about[0]; i++) {
        const double size = gen_between(random, 0.10, 0.17);
        if (!gen_shape_add(
                shape, on_ground(d, (place_uv){u + round_about[i].u * du * size, v + round_about[i].v * dv * size})))
            return false;
    }
    return gen_shape_end_ring(shape);
}

/* Bends of two borders may cross near a corner, in one parcel of a million. */
static bool fields_cross(const drawing *d, const gen_block *block, gen_shape *shape, bool *ret_cross)
{
    *ret_cross = false;
    for (int s = 0; s < block->n_strips && !*ret_cross; s++)
        for (int k = 0; k < block->n_fields[s] && !*ret_cross; k++) {
            gen_shape_clear(shape);
            if (!add_field(d, shape, s, k))
                return false;
            *ret_cross = gen_shape_crosses(shape);
        }
    return true;
}

bool gen_block_draw(const gen_grid *grid, const gen_block *block, int n_parcels, gen_shape *shape, gen_parcel_fn each,
                    void *user)
{
    drawing d;
    d.grid = grid;
    block_corners(grid, block, d.corners);
    draw_borders(&d, block, false);
    bool crosses;
    if (!fields_cross(&d, block, shape, &crosses))
        return false;
    if (crosses)
        draw_borders(&d, block, true);
    gen_random random = {.state = block->random.state ^ 0x5bd1e995};
    int number = 0;
    for (int s = 0; s < block->n_strips; s++)
        for (int k = 0; k < block->n_fields[s]; k++) {
            const bool hole = gen_pick(&random, 1, 70) == 1;
            if (block->joined[s] && k == 3)
                continue; /* drawn with the 2nd */
            if (number == n_parcels)
                return true;
            gen_shape_clear(shape);
            if (!add_field(&d, shape, s, k) || (hole && !add_hole(&d, shape, s, k, &random)) ||
                (block->joined[s] && k == 1 && !add_field(&d, shape, s, 3)))
                return false;
            if (!each(shape, number++, s, user))
                return false;
        }
    return true;
}
