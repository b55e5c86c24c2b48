#include "tiler/tile_render.h"

#include "store/repair.h"
#include "tiler/mvt.h"
#include "tiler/tile_clip.h"
#include "tiler/tile_valid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct dk_render {
    dk_mvt *mvt;
    dk_geos *geos;
    dk_packed packed;
    dk_parts source, joined; /* unrounded tile units: the feature, and what lies in the tile and its buffer */
    dk_clip_work clipping;
    const dk_parts *clipped; /* joined, or what clipping holds */
    dk_grid_shape grid;      /* rounded */
    dk_grid_shape snapped;
    dk_valid_work valid;
    dk_render_stats stats;
};

dk_render *dk_render_create(void)
{
    dk_render *render = calloc(1, sizeof *render);
    if (render == NULL)
        return NULL;
    dk_packed_init(&render->packed);
    dk_parts_init(&render->source);
    dk_parts_init(&render->joined);
    render->mvt = dk_mvt_create();
    render->geos = dk_geos_create();
    if (render->mvt == NULL || render->geos == NULL) {
        dk_render_free(render);
        return NULL;
    }
    return render;
}

void dk_render_free(dk_render *render)
{
    if (render == NULL)
        return;
    dk_mvt_free(render->mvt);
    dk_geos_free(render->geos);
    dk_packed_finish(&render->packed);
    dk_parts_finish(&render->source);
    dk_parts_finish(&render->joined);
    dk_clip_work_finish(&render->clipping);
    dk_grid_shape_finish(&render->grid);
    dk_grid_shape_finish(&render->snapped);
    dk_valid_work_finish(&render->valid);
    free(render);
}

const dk_render_stats *dk_render_statistics(const dk_render *render)
{
    return &render->stats;
}

dk_mvt *dk_render_mvt(dk_render *render)
{
    return render->mvt;
}

dk_world_box dk_tile_box(const dk_tile_address *tile)
{
    const int64_t size = INT64_C(1) << (32 - tile->z), buffer = INT64_C(1) << (26 - tile->z);
    const int64_t x0 = tile->x * size - buffer, y0 = tile->y * size - buffer;
    const int64_t x1 = (tile->x + INT64_C(1)) * size + buffer, y1 = (tile->y + INT64_C(1)) * size + buffer;
    return (dk_world_box){x0 > 0 ? (uint32_t)x0 : 0, y0 > 0 ? (uint32_t)y0 : 0,
                          x1 < UINT32_MAX ? (uint32_t)x1 : UINT32_MAX, y1 < UINT32_MAX ? (uint32_t)y1 : UINT32_MAX};
}

static const dk_square drawn = {-DK_TILE_BUFFER, DK_MVT_EXTENT + DK_TILE_BUFFER};

static bool reserve_grid(dk_grid_shape *grid, size_t n_points, size_t n_parts)
{
    if (n_points > grid->points_capacity) {
        const size_t capacity = n_points + n_points / 2 + 64;
        int32_t *xy = realloc(grid->xy, capacity * 2 * sizeof *xy);
        if (xy == NULL)
            return false;
        grid->xy = xy;
        grid->points_capacity = capacity;
    }
    if (n_parts > grid->parts_capacity) {
        const size_t capacity = n_parts + n_parts / 2 + 16;
        dk_part *parts = realloc(grid->parts, capacity * sizeof *parts);
        if (parts == NULL)
            return false;
        grid->parts = parts;
        grid->parts_capacity = capacity;
    }
    return true;
}

/* Where the box's corner lies, in world units from the tile's corner. */
static void corner(const dk_packed *packed, const dk_tile_address *tile, int64_t *ret_x, int64_t *ret_y)
{
    *ret_x = (int64_t)packed->box.x0 - ((int64_t)tile->x << (32 - tile->z));
    *ret_y = (int64_t)packed->box.y0 - ((int64_t)tile->y << (32 - tile->z));
}

/* A tile unit is 2^(20-z) world units; halves round up, everywhere alike, so that neighbours keep their border. */
static inline int32_t to_grid(int64_t world, int shift, int64_t half)
{
    return (int32_t)(shift >= 0 ? (world + half) >> shift : world * (INT64_C(1) << -shift));
}

static bool box_inside(const dk_world_box *box, int64_t x, int64_t y, int shift)
{
    /* In 2^-20 of a tile unit, to be exact at every zoom: a world unit is 2^z of them. At most 2^33 * 2^22. */
    const int64_t low = -((int64_t)DK_TILE_BUFFER * (1 << 20)), high = (int64_t)(DK_MVT_EXTENT + DK_TILE_BUFFER) << 20;
    const int64_t scale = INT64_C(1) << (20 - shift);
    return x * scale >= low && y * scale >= low && (x + (int64_t)(box->x1 - box->x0)) * scale <= high &&
           (y + (int64_t)(box->y1 - box->y0)) * scale <= high;
}

/* Rounds straight from packed form, for a feature that lies wholly in the tile and its buffer. */
static bool round_packed(dk_render *render, int64_t x, int64_t y, int shift)
{
    const dk_packed *packed = &render->packed;
    dk_grid_shape *grid = &render->grid;
    if (!reserve_grid(grid, packed->n_points, packed->n_parts))
        return false;
    const int64_t half = shift > 0 ? INT64_C(1) << (shift - 1) : 0;
    for (size_t i = 0; i < packed->n_points; i++) {
        grid->xy[2 * i] = to_grid(x + packed->xy[2 * i], shift, half);
        grid->xy[2 * i + 1] = to_grid(y + packed->xy[2 * i + 1], shift, half);
    }
    if (packed->n_parts > 0)
        memcpy(grid->parts, packed->parts, packed->n_parts * sizeof *grid->parts);
    grid->n_points = packed->n_points;
    grid->n_parts = packed->n_parts;
    return true;
}

static bool unrounded(dk_render *render, int64_t x, int64_t y, int shift)
{
    const dk_packed *packed = &render->packed;
    dk_parts *source = &render->source;
    dk_parts_clear(source);
    if (!dk_parts_reserve(source, packed->n_points))
        return false;
    const double scale = ldexp(1, -shift);
    for (size_t i = 0; i < packed->n_points; i++) {
        source->xy[2 * i] = (double)(x + packed->xy[2 * i]) * scale;
        source->xy[2 * i + 1] = (double)(y + packed->xy[2 * i + 1]) * scale;
    }
    source->n_points = packed->n_points;
    for (size_t i = 0; i < packed->n_parts; i++) {
        if (!dk_parts_reserve(source, 0))
            return false;
        source->parts[source->n_parts++] = packed->parts[i];
    }
    return true;
}

static bool clip(dk_render *render)
{
    const dk_packed *packed = &render->packed;
    if (packed->kind == DK_POLYGONS) {
        const dk_clip_result result = dk_clip_polygons(&render->clipping, &render->source, &drawn, &render->clipped);
        if (result != DK_CLIP_UNCLEAR)
            return result == DK_CLIP_DONE;
    }
    dk_parts *out = &render->joined;
    render->clipped = out;
    dk_parts_clear(out);
    bool kept = false; /* whether the exterior before the hole left something */
    for (size_t i = 0; i < packed->n_parts; i++) {
        const dk_part *part = &packed->parts[i];
        const double *xy = render->source.xy + 2 * part->start;
        const size_t before = out->n_parts;
        bool ok = true;
        if (packed->kind == DK_POINTS)
            ok = dk_clip_points(xy, part->count, &drawn, out);
        else if (packed->kind == DK_LINES)
            ok = dk_clip_line(xy, part->count, &drawn, out);
        else if (!part->hole || kept)
            ok = dk_clip_ring(xy, part->count, part->hole, &drawn, out);
        if (!ok)
            return false;
        if (!part->hole)
            kept = out->n_parts > before;
    }
    return true;
}

static bool round_parts(const dk_parts *parts, dk_grid_shape *grid)
{
    if (!reserve_grid(grid, parts->n_points, parts->n_parts))
        return false;
    for (size_t i = 0; i < 2 * parts->n_points; i++)
        grid->xy[i] = (int32_t)floor(parts->xy[i] + 0.5);
    if (parts->n_parts > 0)
        memcpy(grid->parts, parts->parts, parts->n_parts * sizeof *grid->parts);
    grid->n_points = parts->n_points;
    grid->n_parts = parts->n_parts;
    return true;
}

/* Reduces each ring; takes out those without area, with their holes. The rings stay where they are in xy. */
static void reduce(dk_grid_shape *grid)
{
    size_t kept = 0;
    bool exterior_kept = false;
    for (size_t i = 0; i < grid->n_parts; i++) {
        dk_part part = grid->parts[i];
        if (part.hole && !exterior_kept)
            continue;
        part.count = dk_ring_reduce(grid->xy + 2 * part.start, part.count);
        const bool area = part.count >= 3 && dk_ring_area2(grid->xy + 2 * part.start, part.count) != 0;
        if (!part.hole)
            exterior_kept = area;
        if (area)
            grid->parts[kept++] = part;
    }
    grid->n_parts = kept;
}

/* The ends of a thin ring: its first and last position in the order of x, then y. Where the ring is not thin after
 * all, but thin pieces that clipping has joined along the buffer's edge, both are the first. */
static void ends(const int32_t *xy, size_t n, int32_t a[2], int32_t b[2])
{
    memcpy(a, xy, 2 * sizeof *xy);
    memcpy(b, xy, 2 * sizeof *xy);
    for (size_t i = 1; i < n; i++) {
        const int32_t *p = xy + 2 * i;
        if (p[0] < a[0] || (p[0] == a[0] && p[1] < a[1]))
            memcpy(a, p, 2 * sizeof *xy);
        if (p[0] > b[0] || (p[0] == b[0] && p[1] > b[1]))
            memcpy(b, p, 2 * sizeof *xy);
    }
    const int64_t dx = b[0] - a[0], dy = b[1] - a[1];
    const int64_t longer = llabs(dx) > llabs(dy) ? llabs(dx) : llabs(dy);
    bool thin = !(dx == 0 && (a[0] == -DK_TILE_BUFFER || a[0] == DK_MVT_EXTENT + DK_TILE_BUFFER)) &&
                !(dy == 0 && (a[1] == -DK_TILE_BUFFER || a[1] == DK_MVT_EXTENT + DK_TILE_BUFFER));
    for (size_t i = 0; thin && i < n; i++) /* within two units of the line */
        thin = llabs(dx * (xy[2 * i + 1] - a[1]) - dy * (xy[2 * i] - a[0])) <= 2 * longer;
    if (!thin)
        memcpy(b, a, 2 * sizeof *xy);
}

/* What stands for a polygon that is thinner than the grid, so that it does not vanish: a strip one unit wide along
 * it, a square of one unit where it is a point. */
static void sliver(dk_render *render, int32_t a[2], int32_t b[2])
{
    const bool flat = abs(b[0] - a[0]) >= abs(b[1] - a[1]);
    int32_t dx = flat ? 0 : 1, dy = flat ? 1 : 0;
    const int32_t high = DK_MVT_EXTENT + DK_TILE_BUFFER;
    if (a[0] + dx > high || b[0] + dx > high || a[1] + dy > high || b[1] + dy > high)
        dx = -dx, dy = -dy;
    if (a[0] == b[0] && a[1] == b[1])
        b[0] += b[0] < high ? 1 : -1;
    const int32_t ring[8] = {a[0], a[1], b[0], b[1], b[0] + dx, b[1] + dy, a[0] + dx, a[1] + dy};
    dk_mvt_ring(render->mvt, ring, 4, false);
    render->stats.slivers++;
}

static void add_rings(dk_mvt *mvt, const dk_grid_shape *grid)
{
    for (size_t i = 0; i < grid->n_parts; i++)
        dk_mvt_ring(mvt, grid->xy + 2 * grid->parts[i].start, grid->parts[i].count, grid->parts[i].hole);
}

/* grid is the rounded polygon; repair needs the unrounded one, made only then. */
static dk_status add_polygon(dk_render *render, bool was_clipped, int64_t x, int64_t y, int shift)
{
    dk_grid_shape *grid = &render->grid;
    if (grid->n_parts == 0 || grid->n_points == 0)
        return DK_OK;
    /* The first exterior's ends, taken before the rings are reduced in place. */
    int32_t a[2], b[2];
    ends(grid->xy + 2 * grid->parts[0].start, grid->parts[0].count, a, b);
    reduce(grid);
    if (grid->n_parts > 0 && dk_rings_valid(grid->xy, grid->parts, grid->n_parts, &render->valid)) {
        add_rings(render->mvt, grid);
        return DK_OK;
    }
    if (grid->n_parts > 0) {
        if (!was_clipped && !unrounded(render, x, y, shift))
            return DK_NOMEM;
        const dk_parts *exact = was_clipped ? render->clipped : &render->source;
        render->stats.repaired++;
        const dk_status status =
            dk_geos_snap(render->geos, exact->xy, exact->n_points, exact->parts, exact->n_parts, &render->snapped);
        if (status == DK_NOMEM)
            return status;
        if (status == DK_OK && render->snapped.n_parts > 0) {
            add_rings(render->mvt, &render->snapped);
            return DK_OK;
        }
    }
    sliver(render, a, b);
    return DK_OK;
}

/* Whether the exact rings enclose something: a polygon that only touches the buffer's edge from outside does not. */
static bool encloses(const dk_parts *parts)
{
    for (size_t i = 0; i < parts->n_parts; i++) {
        const double *xy = parts->xy + 2 * parts->parts[i].start;
        const size_t n = parts->parts[i].count;
        double area = 0;
        for (size_t j = 0, k = n - 1; j < n; k = j++)
            area += (xy[2 * k] - xy[0]) * (xy[2 * j + 1] - xy[1]) - (xy[2 * j] - xy[0]) * (xy[2 * k + 1] - xy[1]);
        if (fabs(area) > 1e-9)
            return true;
    }
    return false;
}

static void add_lines(dk_mvt *mvt, dk_grid_shape *grid)
{
    for (size_t i = 0; i < grid->n_parts; i++) {
        int32_t *xy = grid->xy + 2 * grid->parts[i].start;
        size_t m = 0;
        for (size_t j = 0; j < grid->parts[i].count; j++) {
            if (m > 0 && xy[2 * m - 2] == xy[2 * j] && xy[2 * m - 1] == xy[2 * j + 1])
                continue;
            xy[2 * m] = xy[2 * j];
            xy[2 * m + 1] = xy[2 * j + 1];
            m++;
        }
        if (m >= 2) {
            dk_mvt_line(mvt, xy, m);
        } else if (m == 1 && grid->n_parts == 1) {
            /* Shorter than the grid: one unit, so that it does not vanish. */
            const int32_t dot[4] = {xy[0], xy[1], xy[0] < DK_MVT_EXTENT ? xy[0] + 1 : xy[0] - 1, xy[1]};
            dk_mvt_line(mvt, dot, 2);
        }
    }
}

dk_status dk_render_feature(dk_render *render, const dk_tile_address *tile, const dk_cell_feature *feature,
                            size_t n_values)
{
    dk_packed *packed = &render->packed;
    dk_status status = dk_packed_decode(feature->packed, feature->packed_size, packed);
    if (status != DK_OK)
        return status;
    const int shift = 20 - tile->z;
    int64_t x, y;
    corner(packed, tile, &x, &y);
    const bool whole = box_inside(&packed->box, x, y, shift);
    if (whole) {
        if (!round_packed(render, x, y, shift))
            return DK_NOMEM;
    } else {
        if (!unrounded(render, x, y, shift) || !clip(render))
            return DK_NOMEM;
        if (render->clipped->n_parts == 0 || (packed->kind == DK_POLYGONS && !encloses(render->clipped)))
            return DK_OK;
        if (!round_parts(render->clipped, &render->grid))
            return DK_NOMEM;
    }

    dk_mvt *mvt = render->mvt;
    const dk_mvt_type type = packed->kind == DK_POLYGONS ? DK_MVT_POLYGON
                             : packed->kind == DK_LINES  ? DK_MVT_LINE
                                                         : DK_MVT_POINT;
    dk_mvt_feature_begin(mvt, feature->feature, type);
    if (packed->kind == DK_POLYGONS)
        status = add_polygon(render, !whole, x, y, shift);
    else if (packed->kind == DK_LINES)
        add_lines(mvt, &render->grid);
    else
        dk_mvt_points(mvt, render->grid.xy, render->grid.n_points);
    for (uint64_t left = feature->visible; left != 0; left &= left - 1) {
        const size_t field = (size_t)__builtin_ctzll(left);
        if (field < n_values)
            dk_mvt_attribute(mvt, field, &feature->values[field]);
    }
    if (dk_mvt_feature_end(mvt))
        render->stats.features++;
    return status;
}

typedef struct scan {
    dk_render *render;
    const dk_tile_address *tile;
    size_t n_fields;
    dk_status status;
} scan;

static bool scan_feature(const dk_cell_feature *feature, void *user)
{
    scan *s = user;
    s->status = dk_render_feature(s->render, s->tile, feature, s->n_fields);
    return s->status == DK_OK;
}

dk_status dk_render_tile(dk_render *render, dk_store *store, const dk_kind *const *layers, size_t n_layers,
                         const dk_tile_address *tile, const dk_viewer *viewer, int64_t generation, dk_buf *out,
                         dk_error *err)
{
    dk_buf_clear(out);
    const dk_world_box box = dk_tile_box(tile);
    for (size_t i = 0; i < n_layers; i++) {
        const dk_kind *layer = layers[i];
        if (tile->z < layer->min_zoom)
            continue;
        const char *keys[DK_MVT_MAX_KEYS];
        for (size_t k = 0; k < layer->n_fields; k++)
            keys[k] = layer->fields[k].name;
        dk_mvt_layer_begin(render->mvt, layer->name, keys, layer->n_fields);
        scan s = {render, tile, layer->n_fields, DK_OK};
        dk_status status = dk_cells_scan(store, layer, &box, viewer, generation, scan_feature, &s, err);
        if (status != DK_OK)
            return status;
        if (s.status != DK_OK)
            return dk_fail(err, s.status, "the tile %d/%u/%u of the layer %s could not be drawn: %s", tile->z, tile->x,
                           tile->y, layer->name, dk_status_text(s.status));
        if (!dk_mvt_layer_end(render->mvt, out))
            return dk_fail(err, DK_NOMEM, "out of memory");
    }
    return DK_OK;
}
