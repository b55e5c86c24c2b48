#include "tiler/tile_feature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const dk_square drawn_square = {-DK_TILE_BUFFER, DK_MVT_EXTENT + DK_TILE_BUFFER};

dk_tile_frame dk_tile_frame_of(const dk_tile_address *tile)
{
    const int64_t size = INT64_C(1) << (32 - tile->z), buffer = size * DK_TILE_BUFFER / DK_MVT_EXTENT;
    return (dk_tile_frame){.tile = *tile,
                           .plate = tile->set == DK_CGCS2000QUAD,
                           .zoom = tile->z < DK_FINEST_ZOOM ? tile->z : DK_FINEST_ZOOM,
                           .shift = DK_FINEST_ZOOM - tile->z,
                           .origin_x = tile->x * size,
                           .origin_y = tile->y * size,
                           .box = dk_tile_box(tile, DK_TILE_BUFFER),
                           .low_x = -buffer,
                           .low_y = -buffer,
                           .high_x = size + buffer,
                           .high_y = size + buffer};
}

void dk_feature_work_finish(dk_feature_work *work)
{
    dk_geos_free(work->geos);
    dk_parts_finish(&work->source);
    dk_parts_finish(&work->joined);
    dk_parts_finish(&work->pieces);
    dk_clip_work_finish(&work->clipping);
    dk_grid_shape_finish(&work->grid);
    dk_grid_shape_finish(&work->snapped);
    dk_grid_shape_finish(&work->cut);
    dk_grid_shape_finish(&work->together);
    dk_cut_work_finish(&work->cutting);
    dk_valid_work_finish(&work->valid);
    dk_mend_work_finish(&work->mending);
}

/* ---- positions ---- */

/* A position in the frame's units, before the shift. */
static inline void place(const dk_tile_frame *frame, const dk_world_box *box, uint32_t x, uint32_t y, int64_t *ret_x,
                         int64_t *ret_y)
{
    *ret_x = (int64_t)box->x0 + x - frame->origin_x;
    *ret_y = (int64_t)(frame->plate ? dk_plate_y(box->y0 + y) : box->y0 + y) - frame->origin_y;
}

/* The nearest whole number, of two the higher: floor(value + 0.5), for which plain x86-64 has no instruction. */
static inline int32_t nearest(double value)
{
    const double above = value + 0.5;
    const int64_t whole = (int64_t)above;
    return (int32_t)(whole - ((double)whole > above));
}

/* The position on the grid of a frame with a shift. */
static inline void round_position(const dk_tile_frame *frame, const dk_world_box *box, uint32_t x, uint32_t y,
                                  int32_t ret[2])
{
    const int64_t half = INT64_C(1) << (frame->shift - 1);
    int64_t px, py;
    place(frame, box, x, y, &px, &py);
    ret[0] = (int32_t)((px + half) >> frame->shift);
    ret[1] = (int32_t)((py + half) >> frame->shift);
}

static inline uint32_t part_head(const dk_drawing *drawing, uint32_t p)
{
    uint32_t head;
    memcpy(&head, drawing->counts + 4 * (size_t)p, 4);
    return head;
}

static bool reserve_grid(dk_grid_shape *grid, size_t n_points, size_t n_parts)
{
    return dk_grow(&grid->xy, &grid->points_capacity, n_points, 2 * sizeof *grid->xy) &&
           dk_grow(&grid->parts, &grid->parts_capacity, n_parts, sizeof *grid->parts);
}

/* Whether the box lies in the tile and its buffer. */
static bool lies_inside(const dk_tile_frame *frame, const dk_world_box *box)
{
    int64_t x0, y0, x1, y1;
    place(frame, box, 0, 0, &x0, &y0);
    place(frame, box, box->x1 - box->x0, box->y1 - box->y0, &x1, &y1);
    return x0 >= frame->low_x && y0 >= frame->low_y && x1 <= frame->high_x && y1 <= frame->high_y;
}

/* ---- lying wholly in the tile ---- */

/* Of positions in the tile and its buffer no product leaves 32 bits; of those far away none 64. */
static inline bool straight(const int32_t *a, const int32_t *b, int32_t x, int32_t y, const bool far)
{
    if (far)
        return ((int64_t)b[0] - a[0]) * ((int64_t)y - a[1]) == ((int64_t)b[1] - a[1]) * ((int64_t)x - a[0]);
    return (b[0] - a[0]) * (y - a[1]) == (b[1] - a[1]) * (x - a[0]);
}

/* What dk_ring_reduce does where a ring's end meets its start, the rest being reduced. Returns the positions left, 0 if
 * the ring has no area. */
static inline __attribute__((always_inline)) size_t join_ends(int32_t *xy, size_t m, const bool far)
{
    size_t first = 0;
    for (bool changed = true; changed && m - first >= 3;) {
        changed = false;
        if (straight(xy + 2 * (m - 2), xy + 2 * (m - 1), xy[2 * first], xy[2 * first + 1], far)) {
            m--;
            changed = true;
        } else if (straight(xy + 2 * (m - 1), xy + 2 * first, xy[2 * first + 2], xy[2 * first + 3], far)) {
            first++;
            changed = true;
        }
    }
    if (m - first < 3)
        return 0;
    if (first > 0)
        memmove(xy, xy + 2 * first, (m - first) * 2 * sizeof *xy);
    return m - first;
}

enum { CHUNK = 256 };

/* The positions of a part that are kept at the zoom: rounded, repeated ones dropped, of rings also straight ones, as
 * dk_drawing_round does it, in one pass. Returns how many. The last four are constants: the compiler writes this out
 * for each form. false: a position beyond the box. */
static inline __attribute__((always_inline)) bool round_part(const dk_tile_frame *frame, const dk_world_box *box,
                                                             const dk_drawing *drawing, size_t first, size_t count,
                                                             int32_t *to, size_t *ret_count, const bool wide,
                                                             const bool plate, const bool ring, const bool far)
{
    const int shift = frame->shift;
    const int64_t half = shift > 0 ? INT64_C(1) << (shift - 1) : 0;
    const int64_t from_x = (int64_t)box->x0 - frame->origin_x + half,
                  from_y = (plate ? 0 : box->y0) - frame->origin_y + half;
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0;
    const unsigned char *zooms = drawing->zooms + first, *xy = drawing->xy + (wide ? 8 : 4) * first;
    const unsigned zoom = (unsigned)frame->zoom;
    size_t n = 0;
    for (size_t done = 0; done < count; done += CHUNK) {
        /* Those that are kept first: which ones is hard to foretell, and so not a branch. */
        const size_t here = count - done < CHUNK ? count - done : CHUNK;
        unsigned char kept[CHUNK];
        size_t n_kept = 0;
        for (size_t i = 0; i < here; i++) {
            kept[n_kept] = (unsigned char)i;
            n_kept += zooms[done + i] <= zoom;
        }
        for (size_t k = 0; k < n_kept; k++) {
            const size_t i = done + kept[k];
            uint32_t px, py;
            if (wide) {
                uint32_t p[2];
                memcpy(p, xy + 8 * i, 8);
                px = p[0], py = p[1];
            } else {
                uint16_t p[2];
                memcpy(p, xy + 4 * i, 4);
                px = p[0], py = p[1];
            }
            if (px > width || py > height)
                return false;
            const int64_t ux = from_x + px, uy = from_y + (plate ? dk_plate_y(box->y0 + py) : py);
            /* Beyond DK_FINEST_ZOOM the units are finer than the world's. */
            const int32_t x = (int32_t)(shift >= 0 ? ux >> shift : ux * (INT64_C(1) << -shift));
            const int32_t y = (int32_t)(shift >= 0 ? uy >> shift : uy * (INT64_C(1) << -shift));
            if (n > 0 && to[2 * n - 2] == x && to[2 * n - 1] == y)
                continue;
            if (ring) {
                while (n >= 2 && straight(to + 2 * n - 4, to + 2 * n - 2, x, y, far))
                    n--;
                if (n == 1 && to[0] == x && to[1] == y)
                    continue;
            }
            to[2 * n] = x;
            to[2 * n + 1] = y;
            n++;
        }
    }
    *ret_count = ring ? join_ends(to, n, far) : n;
    return true;
}

static bool round_ring(const dk_tile_frame *frame, const dk_world_box *box, const dk_drawing *drawing, size_t first,
                       size_t count, int32_t *to, size_t *ret_count)
{
    if (frame->plate)
        return drawing->wide ? round_part(frame, box, drawing, first, count, to, ret_count, true, true, true, false)
                             : round_part(frame, box, drawing, first, count, to, ret_count, false, true, true, false);
    return drawing->wide ? round_part(frame, box, drawing, first, count, to, ret_count, true, false, true, false)
                         : round_part(frame, box, drawing, first, count, to, ret_count, false, false, true, false);
}

/* The same of one that reaches out of the tile. */
static bool round_far_ring(const dk_tile_frame *frame, const dk_world_box *box, const dk_drawing *drawing, size_t first,
                           size_t count, int32_t *to, size_t *ret_count)
{
    if (frame->plate)
        return drawing->wide ? round_part(frame, box, drawing, first, count, to, ret_count, true, true, true, true)
                             : round_part(frame, box, drawing, first, count, to, ret_count, false, true, true, true);
    return drawing->wide ? round_part(frame, box, drawing, first, count, to, ret_count, true, false, true, true)
                         : round_part(frame, box, drawing, first, count, to, ret_count, false, false, true, true);
}

/* Rounds a drawing that lies in the tile into work->grid. */
static dk_status round_drawing(dk_feature_work *work, const dk_tile_frame *frame, const dk_world_box *box,
                               const dk_drawing *drawing)
{
    dk_grid_shape *grid = &work->grid;
    if (!reserve_grid(grid, drawing->n_points, drawing->n_parts))
        return DK_NOMEM;
    const bool polygons = drawing->kind == DK_POLYGONS;
    size_t from = 0, n = 0, n_parts = 0;
    bool exterior = false;
    for (uint32_t p = 0; p < drawing->n_parts; p++) {
        const uint32_t head = part_head(drawing, p);
        const size_t count = head >> 1;
        const bool hole = head & 1;
        /* Lines and points have no parts that are too small. */
        const bool drawn = polygons ? drawing->part_zooms[p] <= frame->zoom && (!hole || exterior) : true;
        size_t m = 0;
        if (drawn && !(polygons ? round_ring(frame, box, drawing, from, count, grid->xy + 2 * n, &m)
                                : round_part(frame, box, drawing, from, count, grid->xy + 2 * n, &m, drawing->wide,
                                             frame->plate, false, false)))
            return DK_CORRUPT;
        from += count;
        if (!hole)
            exterior = m > 0;
        if (m > 0)
            grid->parts[n_parts++] = (dk_part){.start = n, .count = m, .hole = hole};
        n += m;
    }
    grid->n_points = n;
    grid->n_parts = n_parts;
    return DK_OK;
}

/* ---- reaching out of the tile ---- */

static inline void position_at(const dk_drawing *drawing, size_t i, uint32_t *ret_x, uint32_t *ret_y)
{
    if (drawing->wide) {
        uint32_t xy[2];
        memcpy(xy, drawing->xy + 8 * i, 8);
        *ret_x = xy[0], *ret_y = xy[1];
    } else {
        uint16_t xy[2];
        memcpy(xy, drawing->xy + 4 * i, 4);
        *ret_x = xy[0], *ret_y = xy[1];
    }
}

/* The vertices in tile units, unrounded, appended to out: those kept at the zoom, of the parts that are drawn there; or
 * all. */
static dk_status append_unrounded(const dk_tile_frame *frame, const dk_world_box *box, const dk_drawing *drawing,
                                  bool all, dk_parts *out)
{
    const double scale = ldexp(1, -frame->shift);
    const size_t least = drawing->kind == DK_POLYGONS ? 3 : 1;
    const int zoom = all ? UINT8_MAX : frame->zoom;
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0;
    size_t from = 0;
    bool exterior = false;
    if (!dk_parts_reserve(out, drawing->n_points))
        return DK_NOMEM;
    for (uint32_t p = 0; p < drawing->n_parts; p++) {
        const uint32_t head = part_head(drawing, p);
        const size_t count = head >> 1, start = out->n_points;
        const bool hole = head & 1;
        bool drawn = drawing->part_zooms[p] <= zoom && (!hole || exterior);
        for (size_t i = from; drawn && i < from + count; i++) {
            if (drawing->zooms[i] > zoom)
                continue;
            uint32_t px, py;
            int64_t x, y;
            position_at(drawing, i, &px, &py);
            if (px > width || py > height)
                return DK_CORRUPT;
            place(frame, box, px, py, &x, &y);
            out->xy[2 * out->n_points] = (double)x * scale;
            out->xy[2 * out->n_points + 1] = (double)y * scale;
            out->n_points++;
        }
        from += count;
        drawn = drawn && out->n_points - start >= least;
        if (!hole)
            exterior = drawn;
        if (!drawn) {
            out->n_points = start;
        } else {
            if (!dk_parts_reserve(out, 0))
                return DK_NOMEM;
            dk_parts_close(out, start, hole);
        }
    }
    return DK_OK;
}

/* Clips work->source into work->joined, each part by itself. */
static bool clip_rings(dk_feature_work *work, dk_geometry_kind kind)
{
    dk_parts *out = &work->joined;
    dk_parts_clear(out);
    bool kept = false; /* whether the exterior before the hole left something */
    for (size_t i = 0; i < work->source.n_parts; i++) {
        const dk_part *part = &work->source.parts[i];
        const double *xy = work->source.xy + 2 * part->start;
        const size_t before = out->n_parts;
        bool ok = true;
        if (kind == DK_POINTS)
            ok = dk_clip_points(xy, part->count, &drawn_square, out);
        else if (kind == DK_LINES)
            ok = dk_clip_line(xy, part->count, &drawn_square, out);
        else if (!part->hole || kept)
            ok = dk_clip_ring(xy, part->count, part->hole, &drawn_square, out);
        if (!ok)
            return false;
        if (!part->hole)
            kept = out->n_parts > before;
    }
    return true;
}

/* Puts into work->source, in polygons, the places where dk_cut_ring would cut them: so what is clipped here has its
 * ends where its neighbours, cut there, have theirs. */
static bool put_cut_places(dk_feature_work *work)
{
    dk_parts *out = &work->joined;
    dk_parts_clear(out);
    for (size_t p = 0; p < work->source.n_parts; p++) {
        const dk_part *part = &work->source.parts[p];
        const double *xy = work->source.xy + 2 * part->start;
        const size_t start = out->n_points;
        if (part->count > SIZE_MAX / 8 || !dk_parts_reserve(out, 3 * part->count))
            return false;
        for (size_t i = 0; i < part->count; i++) {
            const double *a = xy + 2 * i, *b = i + 1 < part->count ? a + 2 : xy;
            memcpy(out->xy + 2 * out->n_points++, a, 2 * sizeof *a);
            if (fmax(fmax(fabs(a[0]), fabs(a[1])), fmax(fabs(b[0]), fabs(b[1]))) >= DK_CUT_REACH)
                continue;
            const int32_t from[2] = {nearest(a[0]), nearest(a[1])};
            const int32_t to[2] = {nearest(b[0]), nearest(b[1])};
            int32_t at[4];
            const size_t n = dk_cut_places(from, to, (int32_t)drawn_square.low, (int32_t)drawn_square.high, at);
            for (size_t k = 0; k < n; k++, out->n_points++) {
                out->xy[2 * out->n_points] = at[2 * k];
                out->xy[2 * out->n_points + 1] = at[2 * k + 1];
            }
        }
        dk_parts_close(out, start, part->hole);
    }
    const dk_parts before = work->source;
    work->source = work->joined;
    work->joined = before;
    return true;
}

/* Clips work->source, at the places where dk_cut_ring would cut or exactly; *ret_clipped belongs to work. */
static bool clip(dk_feature_work *work, dk_geometry_kind kind, bool at_places, const dk_parts **ret_clipped)
{
    if (kind == DK_POLYGONS) {
        if (at_places && !put_cut_places(work))
            return false;
        const dk_clip_result result = dk_clip_polygons(&work->clipping, &work->source, &drawn_square, ret_clipped);
        if (result != DK_CLIP_UNCLEAR)
            return result == DK_CLIP_DONE;
    }
    *ret_clipped = &work->joined;
    return clip_rings(work, kind);
}

static bool round_parts(const dk_parts *parts, dk_grid_shape *grid)
{
    if (!reserve_grid(grid, parts->n_points, parts->n_parts))
        return false;
    for (size_t i = 0; i < 2 * parts->n_points; i++)
        grid->xy[i] = nearest(parts->xy[i]);
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

/* Whether the exact rings enclose something: a polygon that only touches the buffer's edge from outside does not, but
 * for what rounding leaves of it; of what is small as a whole, a parcel in a tile of half the world, that is less. */
static bool encloses(const dk_parts *parts)
{
    for (size_t i = 0; i < parts->n_parts; i++) {
        const double *xy = parts->xy + 2 * parts->parts[i].start;
        const size_t n = parts->parts[i].count;
        double area = 0, size = 0;
        for (size_t j = 0, k = n - 1; j < n; k = j++) {
            area += (xy[2 * k] - xy[0]) * (xy[2 * j + 1] - xy[1]) - (xy[2 * j] - xy[0]) * (xy[2 * k + 1] - xy[1]);
            size = fmax(size, fmax(fabs(xy[2 * j] - xy[0]), fabs(xy[2 * j + 1] - xy[1])));
        }
        if (fabs(area) > fmin(1e-9, 1e-12 * size * size))
            return true;
    }
    return false;
}

/* ---- what is too thin ---- */

/* Whether the line lies along the buffer's edge. */
static bool along_edge(const int32_t a[2], const int32_t b[2])
{
    const int32_t low = -DK_TILE_BUFFER, high = DK_MVT_EXTENT + DK_TILE_BUFFER;
    return (a[0] == b[0] && (a[0] == low || a[0] == high)) || (a[1] == b[1] && (a[1] == low || a[1] == high));
}

/* Whether the place lies within two units of the line. */
static bool near_line(const int32_t a[2], const int32_t b[2], double x, double y)
{
    const double dx = b[0] - a[0], dy = b[1] - a[1], longer = fmax(fabs(dx), fabs(dy));
    return fabs(dx * (y - a[1]) - dy * (x - a[0])) <= 2 * longer + 1;
}

/* The ends of a thin ring: its first and last position in the order of x, then y. Where the ring is not thin after
 * all, but thin pieces that clipping has joined along the buffer's edge, both are the first. */
static void ends(const double *xy, size_t n, int32_t a[2], int32_t b[2])
{
    size_t first = 0, last = 0;
    for (size_t i = 1; i < n; i++) {
        const double *p = xy + 2 * i, *f = xy + 2 * first, *l = xy + 2 * last;
        if (p[0] < f[0] || (p[0] == f[0] && p[1] < f[1]))
            first = i;
        if (p[0] > l[0] || (p[0] == l[0] && p[1] > l[1]))
            last = i;
    }
    for (size_t k = 0; k < 2; k++) {
        a[k] = nearest(xy[2 * first + k]);
        b[k] = nearest(xy[2 * last + k]);
    }
    bool thin = !along_edge(a, b);
    for (size_t i = 0; thin && i < n; i++)
        thin = near_line(a, b, xy[2 * i], xy[2 * i + 1]);
    if (!thin)
        memcpy(b, a, 2 * sizeof *b);
}

/* Writes what stands for a polygon that is thinner than the grid, so that it does not vanish: a strip one unit wide
 * along it, a square of one unit where it is a point. */
static void add_strip(dk_feature_work *work, dk_mvt *mvt, const int32_t a[2], const int32_t b[2])
{
    const bool flat = abs(b[0] - a[0]) >= abs(b[1] - a[1]);
    int32_t dx = flat ? 0 : 1, dy = flat ? 1 : 0, to_x = b[0];
    const int32_t high = DK_MVT_EXTENT + DK_TILE_BUFFER;
    if (a[0] + dx > high || b[0] + dx > high || a[1] + dy > high || b[1] + dy > high)
        dx = -dx, dy = -dy;
    if (a[0] == b[0] && a[1] == b[1])
        to_x += to_x < high ? 1 : -1;
    const int32_t ring[8] = {a[0], a[1], to_x, b[1], to_x + dx, b[1] + dy, a[0] + dx, a[1] + dy};
    dk_mvt_ring(mvt, ring, 4, false);
    work->stats.slivers++;
    work->stats.vertices += 4;
}

static void sliver(dk_feature_work *work, dk_mvt *mvt, const dk_parts *exact)
{
    int32_t a[2], b[2];
    ends(exact->xy + 2 * exact->parts[0].start, exact->parts[0].count, a, b);
    add_strip(work, mvt, a, b);
}

/* ---- writing ---- */

static void add_rings(dk_feature_work *work, dk_mvt *mvt, const dk_grid_shape *grid)
{
    for (size_t i = 0; i < grid->n_parts; i++) {
        dk_mvt_ring(mvt, grid->xy + 2 * grid->parts[i].start, grid->parts[i].count, grid->parts[i].hole);
        work->stats.vertices += grid->parts[i].count;
    }
}

static void add_lines(dk_mvt *mvt, dk_grid_shape *grid)
{
    bool drawn = false;
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
        if (m < 2)
            continue;
        dk_mvt_line(mvt, xy, m);
        drawn = true;
    }
    if (!drawn && grid->n_parts > 0) {
        /* Shorter than the grid: one unit, so that it does not vanish. */
        const int32_t *xy = grid->xy + 2 * grid->parts[0].start;
        const int32_t dot[4] = {xy[0], xy[1], xy[0] < DK_MVT_EXTENT ? xy[0] + 1 : xy[0] - 1, xy[1]};
        dk_mvt_line(mvt, dot, 2);
    }
}

/* Polygons whose rounded form may be unsound: checked, mended from the exact ones, or a sliver. */
static dk_status add_checked(dk_feature_work *work, dk_mvt *mvt, const dk_parts *exact)
{
    dk_grid_shape *grid = &work->grid;
    if (exact->n_parts == 0 || !encloses(exact))
        return DK_OK;
    if (!round_parts(exact, grid))
        return DK_NOMEM;
    reduce(grid);
    if (grid->n_parts > 0 && dk_rings_valid(grid->xy, grid->parts, grid->n_parts, &work->valid)) {
        add_rings(work, mvt, grid);
        return DK_OK;
    }
    if (grid->n_parts > 0) {
        work->stats.repaired++;
        dk_status status = DK_OK;
        if (!dk_rings_mend(&work->mending, grid->xy, grid->parts, grid->n_parts, &work->snapped)) {
            work->stats.snapped++;
            status = dk_geos_snap(work->geos, exact->xy, exact->n_points, exact->parts, exact->n_parts, &work->snapped);
            if (status == DK_NOMEM)
                return status;
        }
        if (status == DK_OK && work->snapped.n_parts > 0) {
            add_rings(work, mvt, &work->snapped);
            return DK_OK;
        }
    }
    sliver(work, mvt, exact);
    return DK_OK;
}

/* What lies in work->grid, sound. */
static void add_grid(dk_feature_work *work, dk_mvt *mvt, dk_geometry_kind kind)
{
    if (kind == DK_POLYGONS) {
        add_rings(work, mvt, &work->grid);
        return;
    }
    if (kind == DK_LINES)
        add_lines(mvt, &work->grid);
    else
        dk_mvt_points(mvt, work->grid.xy, work->grid.n_points);
    work->stats.vertices += work->grid.n_points;
}

static dk_status add_parts(dk_feature_work *work, dk_mvt *mvt, dk_geometry_kind kind, const dk_parts *exact)
{
    if (kind == DK_POLYGONS)
        return add_checked(work, mvt, exact);
    if (!round_parts(exact, &work->grid))
        return DK_NOMEM;
    add_grid(work, mvt, kind);
    return DK_OK;
}

/* work->source: where nothing is left at the zoom, which is below the feature's first, all vertices, so that a sliver
 * stands for it. So also where both sides of a narrow polygon are left as one line, which encloses nothing. */
static dk_status read_source(dk_feature_work *work, const dk_tile_frame *frame, const dk_world_box *box,
                             const dk_drawing *drawing)
{
    dk_parts_clear(&work->source);
    const dk_status status = append_unrounded(frame, box, drawing, false, &work->source);
    if (status != DK_OK || (work->source.n_parts > 0 && (drawing->kind != DK_POLYGONS || encloses(&work->source))))
        return status;
    dk_parts_clear(&work->source);
    return append_unrounded(frame, box, drawing, true, &work->source);
}

/* The exact parts for drawing, clipped where they reach out; at_places: as clip. */
static dk_status exact_parts(dk_feature_work *work, const dk_tile_frame *frame, const dk_entry_head *head,
                             const dk_drawing *drawing, bool at_places, const dk_parts **ret_exact)
{
    const dk_world_box box = {head->x0, head->y0, head->x1, head->y1};
    dk_status status = read_source(work, frame, &box, drawing);
    *ret_exact = &work->source;
    if (status != DK_OK || lies_inside(frame, &box))
        return status;
    work->stats.clipped++;
    if (!clip(work, drawing->kind, at_places, ret_exact))
        return DK_NOMEM;
    if (!at_places || drawing->kind != DK_POLYGONS || encloses(*ret_exact))
        return DK_OK;
    /* A spike less than a unit wide may begin and end at one place; it must not vanish. */
    status = read_source(work, frame, &box, drawing);
    *ret_exact = &work->source;
    return status == DK_OK && !clip(work, drawing->kind, false, ret_exact) ? DK_NOMEM : status;
}

/* Whether the box lies within DK_CUT_REACH units of the tile's corner. */
static bool lies_near(const dk_tile_frame *frame, const dk_world_box *box)
{
    const int64_t reach =
        frame->shift >= 0 ? (int64_t)DK_CUT_REACH << frame->shift : (int64_t)DK_CUT_REACH >> -frame->shift;
    int64_t x0, y0, x1, y1;
    place(frame, box, 0, 0, &x0, &y0);
    place(frame, box, box->x1 - box->x0, box->y1 - box->y0, &x1, &y1);
    return x0 > -reach && y0 > -reach && x1 < reach && y1 < reach;
}

static bool has_holes(const dk_drawing *drawing)
{
    for (uint32_t p = 0; p < drawing->n_parts; p++)
        if ((part_head(drawing, p) & 1) != 0)
            return true;
    return false;
}

static bool append_rings(dk_grid_shape *to, const dk_grid_shape *from)
{
    if (!reserve_grid(to, to->n_points + from->n_points, to->n_parts + from->n_parts))
        return false;
    if (from->n_points > 0)
        memcpy(to->xy + 2 * to->n_points, from->xy, from->n_points * 2 * sizeof *from->xy);
    for (size_t i = 0; i < from->n_parts; i++) {
        to->parts[to->n_parts] = from->parts[i];
        to->parts[to->n_parts++].start += to->n_points;
    }
    to->n_points += from->n_points;
    return true;
}

/* Draws what lies in the tile of a drawing without holes that is sound at its zoom. *ret_drawn false: that is not
 * clear. */
static dk_status draw_cut(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_world_box *box,
                          const dk_drawing *drawing, bool *ret_drawn)
{
    const bool single = drawing->n_parts == 1;
    dk_grid_shape *all = single ? &work->cut : &work->together;
    *ret_drawn = false;
    if (drawing->kind != DK_POLYGONS || !lies_near(frame, box) || has_holes(drawing))
        return DK_OK;
    if (!reserve_grid(&work->grid, drawing->n_points, 1))
        return DK_NOMEM;
    all->n_points = all->n_parts = 0;
    size_t from = 0, count;
    for (uint32_t p = 0; p < drawing->n_parts; p++, from += count) {
        size_t n = 0;
        count = part_head(drawing, p) >> 1;
        if (drawing->part_zooms[p] > frame->zoom)
            continue;
        if (!round_far_ring(frame, box, drawing, from, count, work->grid.xy, &n))
            return DK_CORRUPT;
        if (n < 3) /* it may be all that the tile has, and must not vanish */
            return DK_OK;
        const dk_cut_result result = dk_cut_ring(&work->cutting, work->grid.xy, n, (int32_t)drawn_square.low,
                                                 (int32_t)drawn_square.high, &work->cut);
        if (result == DK_CUT_NOMEM || (result == DK_CUT_DONE && !single && !append_rings(all, &work->cut)))
            return DK_NOMEM;
        if (result != DK_CUT_DONE)
            return DK_OK;
    }
    /* Several may have come to touch where they were cut. */
    if (!single && all->n_parts > 1 && !dk_rings_valid(all->xy, all->parts, all->n_parts, &work->valid))
        return DK_OK;
    *ret_drawn = true;
    work->stats.clipped++;
    add_rings(work, mvt, all);
    return DK_OK;
}

/* As ends(), of the first part, from whole numbers; of frames with a shift. false: a position beyond the box. */
static bool small_ends(const dk_tile_frame *frame, const dk_world_box *box, const dk_drawing *drawing, int32_t a[2],
                       int32_t b[2])
{
    const size_t n = part_head(drawing, 0) >> 1;
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0;
    uint32_t first[2] = {UINT32_MAX, UINT32_MAX}, last[2] = {0, 0}, x, y;
    for (size_t i = 0; i < n; i++) {
        position_at(drawing, i, &x, &y);
        if (x > width || y > height)
            return false;
        if (x < first[0] || (x == first[0] && y < first[1]))
            first[0] = x, first[1] = y;
        if (x > last[0] || (x == last[0] && y > last[1]))
            last[0] = x, last[1] = y;
    }
    round_position(frame, box, first[0], first[1], a);
    round_position(frame, box, last[0], last[1], b);
    const double scale = ldexp(1, -frame->shift);
    bool thin = !along_edge(a, b);
    for (size_t i = 0; thin && i < n; i++) {
        int64_t px, py;
        position_at(drawing, i, &x, &y);
        place(frame, box, x, y, &px, &py);
        thin = near_line(a, b, (double)px * scale, (double)py * scale);
    }
    if (!thin)
        memcpy(b, a, 2 * sizeof *b);
    return true;
}

/* Drops what lies straight between its neighbours from a ring in which no position follows itself, but not where its
 * end meets its start. Returns how many are left. */
static size_t drop_straight(int32_t *xy, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t x = xy[2 * i], y = xy[2 * i + 1];
        while (n >= 2 && straight(xy + 2 * n - 4, xy + 2 * n - 2, x, y, false))
            n--;
        if (n == 1 && xy[0] == x && xy[1] == y)
            continue;
        xy[2 * n] = x;
        xy[2 * n + 1] = y;
        n++;
    }
    return n;
}

/* All vertices of the first part, rounded as by round_ring, for frames with a shift. Most repeat the one before, and
 * which ones is hard to foretell: so that is no branch, and few are left for the rest. wide and plate are constants. */
static inline __attribute__((always_inline)) bool round_whole(const dk_tile_frame *frame, const dk_world_box *box,
                                                              const dk_drawing *drawing, int32_t *to, size_t *ret_count,
                                                              const bool wide, const bool plate)
{
    const int shift = frame->shift;
    const int64_t half = INT64_C(1) << (shift - 1);
    const int64_t from_x = (int64_t)box->x0 - frame->origin_x + half,
                  from_y = (plate ? 0 : box->y0) - frame->origin_y + half;
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0;
    const size_t count = part_head(drawing, 0) >> 1;
    bool beyond = false;
    uint64_t last = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t px, py;
        if (wide) {
            uint32_t p[2];
            memcpy(p, drawing->xy + 8 * i, 8);
            px = p[0], py = p[1];
        } else {
            uint16_t p[2];
            memcpy(p, drawing->xy + 4 * i, 4);
            px = p[0], py = p[1];
        }
        beyond |= (px > width) | (py > height);
        const int32_t x = (int32_t)((from_x + px) >> shift),
                      y = (int32_t)((from_y + (plate ? dk_plate_y(box->y0 + py) : py)) >> shift);
        const uint64_t pair = (uint64_t)(uint32_t)x | (uint64_t)(uint32_t)y << 32; /* written and compared as one */
        to[2 * n] = x;
        to[2 * n + 1] = y;
        n += (n == 0) | (pair != last);
        last = pair;
    }
    *ret_count = join_ends(to, drop_straight(to, n), false);
    return !beyond;
}

static bool round_small(const dk_tile_frame *frame, const dk_world_box *box, const dk_drawing *drawing, int32_t *to,
                        size_t *ret_count)
{
    if (frame->plate)
        return drawing->wide ? round_whole(frame, box, drawing, to, ret_count, true, true)
                             : round_whole(frame, box, drawing, to, ret_count, false, true);
    return drawing->wide ? round_whole(frame, box, drawing, to, ret_count, true, false)
                         : round_whole(frame, box, drawing, to, ret_count, false, false);
}

/* Draws a polygon that lies in the tile and of which nothing is left at its zoom, for that is below its first: what all
 * its vertices make, or a sliver. *ret_drawn false: that is not clear. */
static dk_status draw_small(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_world_box *box,
                            const dk_drawing *drawing, bool *ret_drawn)
{
    *ret_drawn = false;
    if (frame->shift <= 0 || drawing->n_parts != 1 || part_head(drawing, 0) >> 1 < 3 ||
        drawing->part_zooms[0] <= frame->zoom || box->x0 == box->x1 || box->y0 == box->y1)
        return DK_OK;
    int32_t a[2], b[2];
    round_position(frame, box, 0, 0, a);
    round_position(frame, box, box->x1 - box->x0, box->y1 - box->y0, b);
    const bool level = a[1] == b[1]; /* then the ends are where the box ends */
    if (!level && a[0] != b[0]) {
        dk_grid_shape *grid = &work->grid;
        if (!reserve_grid(grid, drawing->n_points, 1))
            return DK_NOMEM;
        size_t n = 0;
        if (!round_small(frame, box, drawing, grid->xy, &n))
            return DK_CORRUPT;
        grid->parts[0] = (dk_part){.start = 0, .count = n, .hole = false};
        grid->n_points = n;
        grid->n_parts = n > 0 ? 1 : 0;
        if (n > 0) {
            *ret_drawn = dk_rings_valid(grid->xy, grid->parts, 1, &work->valid);
            if (*ret_drawn)
                add_grid(work, mvt, DK_POLYGONS);
            return DK_OK;
        }
    }
    if (!level && !small_ends(frame, box, drawing, a, b))
        return DK_CORRUPT;
    add_strip(work, mvt, a, level && along_edge(a, b) ? a : b);
    *ret_drawn = true;
    return DK_OK;
}

dk_status dk_draw_entry(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_entry_head *head,
                        const dk_drawing *drawing)
{
    const dk_world_box box = {head->x0, head->y0, head->x1, head->y1};
    const uint32_t unsound = frame->plate ? head->unsound_plate : head->unsound;
    const bool sound = frame->zoom >= head->first_zoom && (unsound >> frame->zoom & 1) == 0;
    const bool inside = lies_inside(frame, &box);
    bool drawn = false;
    dk_status status = DK_OK;
    if (inside && frame->zoom < head->first_zoom && drawing->kind == DK_POLYGONS) {
        status = draw_small(work, mvt, frame, &box, drawing, &drawn);
        if (status != DK_OK || drawn)
            return status;
    }
    if (inside) {
        status = round_drawing(work, frame, &box, drawing);
        if (status != DK_OK)
            return status;
        /* What publishing found unsound in any tile may yet be valid in this one's units. */
        const dk_grid_shape *grid = &work->grid;
        if (sound || drawing->kind != DK_POLYGONS ||
            (grid->n_parts > 0 && dk_rings_valid(grid->xy, grid->parts, grid->n_parts, &work->valid))) {
            add_grid(work, mvt, drawing->kind);
            return DK_OK;
        }
    } else if (sound) {
        status = draw_cut(work, mvt, frame, &box, drawing, &drawn);
        if (status != DK_OK || drawn)
            return status;
    }
    const dk_parts *exact;
    status = exact_parts(work, frame, head, drawing, true, &exact);
    return status != DK_OK ? status : add_parts(work, mvt, drawing->kind, exact);
}

dk_status dk_draw_outline(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_outline *outline)
{
    const double scale = ldexp(1, -frame->shift);
    const dk_world_box origin = {0};
    dk_parts *source = &work->source;
    dk_parts_clear(source);
    if (!dk_parts_reserve(source, outline->n_points))
        return DK_NOMEM;
    for (size_t p = 0; p < outline->n_parts; p++) {
        const dk_part *part = &outline->parts[p];
        const size_t start = source->n_points;
        for (size_t i = part->start; i < part->start + part->count; i++) {
            int64_t x, y;
            place(frame, &origin, outline->xy[2 * i], outline->xy[2 * i + 1], &x, &y);
            source->xy[2 * source->n_points] = (double)x * scale;
            source->xy[2 * source->n_points++ + 1] = (double)y * scale;
        }
        if (!dk_parts_reserve(source, outline->n_points))
            return DK_NOMEM;
        dk_parts_close(source, start, part->hole);
    }
    /* Ring by ring: clipping all at once wants valid polygons. */
    work->stats.clipped++;
    return clip_rings(work, outline->kind) ? add_parts(work, mvt, outline->kind, &work->joined) : DK_NOMEM;
}

/* Appends the stretches of a line between two rows, low and high, in tile units. */
static bool cut_line(const double *xy, size_t n, double low, double high, dk_parts *out)
{
    size_t start = out->n_points;
    for (size_t i = 0; i + 1 < n; i++) {
        const double *a = xy + 2 * i, *b = a + 2, dy = b[1] - a[1];
        double t0 = 0, t1 = 1;
        bool inside = a[1] >= low && a[1] < high;
        if (dy != 0) {
            t0 = fmax(0, ((dy > 0 ? low : high) - a[1]) / dy);
            t1 = fmin(1, ((dy > 0 ? high : low) - a[1]) / dy);
            inside = t0 < t1;
        }
        if (!dk_parts_reserve(out, 2))
            return false;
        if (inside && out->n_points == start) {
            out->xy[2 * out->n_points] = a[0] + t0 * (b[0] - a[0]);
            out->xy[2 * out->n_points++ + 1] = a[1] + t0 * dy;
        }
        if (inside) {
            out->xy[2 * out->n_points] = a[0] + t1 * (b[0] - a[0]);
            out->xy[2 * out->n_points++ + 1] = a[1] + t1 * dy;
        }
        if ((!inside || t1 < 1) && out->n_points > start) {
            dk_parts_close(out, start, false);
            start = out->n_points;
        }
    }
    if (out->n_points > start) {
        if (!dk_parts_reserve(out, 0))
            return false;
        dk_parts_close(out, start, false);
    }
    return true;
}

/* Appends a part to the pieces. Lines and points are cut to the cell's rows, so that nothing is there twice. */
static bool keep_part(dk_feature_work *work, dk_geometry_kind kind, const dk_parts *exact, const dk_part *part,
                      double low, double high)
{
    dk_parts *out = &work->pieces;
    const double *xy = exact->xy + 2 * part->start;
    const size_t start = out->n_points;
    if (kind == DK_LINES)
        return cut_line(xy, part->count, low, high, out);
    if (!dk_parts_reserve(out, part->count))
        return false;
    for (size_t i = 0; i < part->count; i++)
        if (kind == DK_POLYGONS || (xy[2 * i + 1] >= low && xy[2 * i + 1] < high)) {
            memcpy(out->xy + 2 * out->n_points, xy + 2 * i, 2 * sizeof *xy);
            out->n_points++;
        }
    if (out->n_points > start)
        dk_parts_close(out, start, part->hole);
    return true;
}

dk_status dk_draw_sound_piece(dk_feature_work *work, dk_mvt *mvt, const dk_tile_frame *frame, const dk_entry_head *head,
                              const dk_drawing *drawing, bool *ret_drawn)
{
    const dk_world_box box = {head->x0, head->y0, head->x1, head->y1};
    *ret_drawn = false;
    /* A tile of CGCS2000Quad may meet several cells. */
    if (frame->plate || drawing->kind != DK_POLYGONS || (head->unsound >> frame->zoom & 1) != 0)
        return DK_OK;
    if (!lies_inside(frame, &box))
        return draw_cut(work, mvt, frame, &box, drawing, ret_drawn);
    const dk_status status = round_drawing(work, frame, &box, drawing);
    if (status != DK_OK)
        return status;
    add_grid(work, mvt, drawing->kind);
    *ret_drawn = true;
    return DK_OK;
}

/* The rows, in tile units, of which a piece of a cell tells: those of the cell, and beyond if the tile, without its
 * buffer, does not reach the next one. */
static void piece_rows(const dk_tile_frame *frame, int level, uint32_t cell_y, double *ret_low, double *ret_high)
{
    *ret_low = -INFINITY, *ret_high = INFINITY;
    if (!frame->plate || level == 0) /* the tile lies in one cell */
        return;
    const dk_world_box box = dk_tile_box(&frame->tile, 0);
    const double scale = ldexp(1, -frame->shift);
    const uint32_t north = cell_y << (32 - level), last = north + (UINT32_MAX >> level);
    if (north > box.y0)
        *ret_low = (double)((int64_t)dk_plate_y(north) - frame->origin_y) * scale;
    if (last < box.y1)
        *ret_high = (double)((int64_t)dk_plate_y(last + 1) - frame->origin_y) * scale;
}

dk_status dk_draw_piece(dk_feature_work *work, const dk_tile_frame *frame, const dk_entry_head *head,
                        const dk_drawing *drawing, int level, uint32_t cell_y)
{
    const dk_parts *exact;
    /* Exactly: borders of many small parts do not bear to be moved, and would have to be mended in every tile. */
    const dk_status status = exact_parts(work, frame, head, drawing, false, &exact);
    if (status != DK_OK || (drawing->kind == DK_POLYGONS && !encloses(exact)))
        return status;
    double low, high;
    piece_rows(frame, level, cell_y, &low, &high);
    if (drawing->kind == DK_POLYGONS) {
        /* Beside the one in the next cell, not over its margin: there the cut has vertices that the border has not at
         * this zoom, which a neighbour's pieces have as well. What stays unclear is joined with the margin. */
        const dk_parts *within;
        const dk_clip_result result = dk_clip_polygons_to_rows(&work->clipping, exact, low, high, &within);
        if (result == DK_CLIP_NOMEM)
            return DK_NOMEM;
        exact = result == DK_CLIP_DONE ? within : exact;
    }
    for (size_t i = 0; i < exact->n_parts; i++)
        if (!keep_part(work, drawing->kind, exact, &exact->parts[i], low, high))
            return DK_NOMEM;
    return DK_OK;
}

dk_status dk_draw_pieces(dk_feature_work *work, dk_mvt *mvt, dk_geometry_kind kind)
{
    const dk_status status = add_parts(work, mvt, kind, &work->pieces);
    dk_parts_clear(&work->pieces);
    return status;
}
