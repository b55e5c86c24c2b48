/* Cutting large outlines to cells, so that a tile reads what it shows. */
#include "store/entry_work.h"
#include "store/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The margin of a piece is this part of its cell's side: twice a tile's buffer (64 of 4096), for tiles of the cell's
 * own zoom. */
enum { MARGIN_SHIFT = 5 };

/* ---- zooms by position: clipping knows only positions ---- */

static struct dk_zoom_place *find_place(dk_entry_work *work, uint32_t x, uint32_t y)
{
    uint64_t hash = ((uint64_t)x << 32 | y) * UINT64_C(0x9E3779B97F4A7C15);
    size_t at = (size_t)(hash >> 32) & (work->table_size - 1);
    while (work->table[at].stamp == work->stamp && (work->table[at].x != x || work->table[at].y != y))
        at = (at + 1) & (work->table_size - 1);
    return &work->table[at];
}

static bool note_zooms(dk_entry_work *work, const dk_outline *outline)
{
    size_t size = 1024;
    while (size < outline->n_points * 2)
        size *= 2;
    if (size > work->table_capacity) {
        free(work->table);
        work->table_capacity = 0;
        work->table = calloc(size, sizeof *work->table);
        if (work->table == NULL)
            return false;
        work->table_capacity = size;
        work->stamp = 0;
    }
    work->table_size = size; /* places of an earlier stamp are free, whatever size the table had then */
    if (++work->stamp == 0) {
        memset(work->table, 0, work->table_capacity * sizeof *work->table);
        work->stamp = 1;
    }
    for (size_t i = 0; i < outline->n_points; i++) {
        const uint32_t x = outline->xy[2 * i], y = outline->xy[2 * i + 1];
        struct dk_zoom_place *place = find_place(work, x, y);
        if (place->stamp == work->stamp) { /* a position that comes twice is kept where one of them is */
            place->zoom = outline->zoom[i] < place->zoom ? outline->zoom[i] : place->zoom;
            continue;
        }
        *place = (struct dk_zoom_place){x, y, work->stamp, outline->zoom[i]};
    }
    return true;
}

/* ---- clipping ---- */

/* The kept vertices as doubles, relative to an origin. */
static bool to_parts(const dk_outline *outline, int zoom, double origin_x, double origin_y, dk_parts *out)
{
    dk_parts_clear(out);
    if (!dk_parts_reserve(out, outline->n_points))
        return false;
    bool exterior = false;
    for (size_t i = 0; i < outline->n_parts; i++) {
        const dk_part *part = &outline->parts[i];
        const size_t start = out->n_points, least = outline->kind == DK_POLYGONS ? 3
                                                    : outline->kind == DK_LINES  ? 2
                                                                                 : 1;
        if (!dk_parts_reserve(out, part->count))
            return false;
        for (size_t k = part->start; k < part->start + part->count; k++) {
            if (outline->zoom[k] > zoom)
                continue;
            out->xy[2 * out->n_points] = outline->xy[2 * k] - origin_x;
            out->xy[2 * out->n_points + 1] = outline->xy[2 * k + 1] - origin_y;
            out->n_points++;
        }
        const bool any = out->n_points - start >= least;
        if (!any || (part->hole && !exterior))
            out->n_points = start;
        else
            dk_parts_close(out, start, part->hole);
        if (!part->hole)
            exterior = any;
    }
    return true;
}

/* Each part alone; what clipping joins along the margin is mended when it is drawn. */
static bool clip_apart(dk_entry_work *work, dk_geometry_kind kind, const dk_square *square)
{
    dk_parts *out = &work->joined;
    dk_parts_clear(out);
    bool kept = false;
    for (size_t i = 0; i < work->source.n_parts; i++) {
        const dk_part *part = &work->source.parts[i];
        const double *xy = work->source.xy + 2 * part->start;
        const size_t before = out->n_parts;
        bool ok = true;
        if (kind == DK_POINTS)
            ok = dk_clip_points(xy, part->count, square, out);
        else if (kind == DK_LINES)
            ok = dk_clip_line(xy, part->count, square, out);
        else if (!part->hole || kept)
            ok = dk_clip_ring(xy, part->count, part->hole, square, out);
        if (!ok)
            return false;
        if (!part->hole)
            kept = out->n_parts > before;
    }
    return true;
}

static uint32_t to_world(double position)
{
    const double rounded = floor(position + 0.5);
    return rounded <= 0 ? 0 : rounded >= UINT32_MAX ? UINT32_MAX : (uint32_t)rounded;
}

/* What of an outline lies in a cell and its margin, of the vertices kept at a zoom. The zooms of `outline` are noted.
 */
static dk_status clip_to_cell(dk_entry_work *work, const dk_outline *outline, int zoom, int level, uint32_t cell_x,
                              uint32_t cell_y, dk_outline *ret_clipped)
{
    const double side = ldexp(1, 32 - level), margin = ldexp(1, 32 - level - MARGIN_SHIFT);
    const double origin_x = cell_x * side, origin_y = cell_y * side;
    const dk_square square = {-margin, side + margin};
    const dk_parts *clipped = &work->joined;
    if (!to_parts(outline, zoom, origin_x, origin_y, &work->source))
        return DK_NOMEM;
    dk_clip_result result = DK_CLIP_UNCLEAR;
    if (outline->kind == DK_POLYGONS)
        result = dk_clip_polygons(&work->clipping, &work->source, &square, &clipped);
    if (result == DK_CLIP_NOMEM)
        return DK_NOMEM;
    if (result == DK_CLIP_UNCLEAR) {
        if (!clip_apart(work, outline->kind, &square))
            return DK_NOMEM;
        clipped = &work->joined;
    }
    dk_outline_clear(ret_clipped);
    ret_clipped->kind = outline->kind;
    bool exterior = false;
    for (size_t i = 0; i < clipped->n_parts; i++) {
        const dk_part *part = &clipped->parts[i];
        if (!dk_outline_reserve(ret_clipped, part->count))
            return DK_NOMEM;
        const size_t start = ret_clipped->n_points;
        for (size_t k = part->start; k < part->start + part->count; k++) {
            const uint32_t x = to_world(clipped->xy[2 * k] + origin_x), y = to_world(clipped->xy[2 * k + 1] + origin_y);
            const size_t n = ret_clipped->n_points;
            if (n > start && ret_clipped->xy[2 * n - 2] == x && ret_clipped->xy[2 * n - 1] == y)
                continue;
            const struct dk_zoom_place *place = find_place(work, x, y);
            /* A vertex that the cut has made is kept at every zoom. */
            dk_outline_put(ret_clipped, x, y, place->stamp == work->stamp ? place->zoom : 0);
        }
        const bool any = outline->kind != DK_POLYGONS || ret_clipped->n_points - start >= 3;
        if (!any || (part->hole && !exterior))
            ret_clipped->n_points = start;
        else
            dk_outline_close(ret_clipped, start, part->hole);
        if (!part->hole)
            exterior = any;
    }
    return DK_OK;
}

/* ---- the quadtree ---- */

static dk_status add_piece(dk_entry_work *work, const dk_outline *outline, int level, uint32_t cell_x, uint32_t cell_y,
                           int last_zoom, dk_entry_shape *shape)
{
    if (outline->n_points == 0)
        return DK_OK;
    if (!dk_grow(&shape->pieces, &shape->pieces_capacity, shape->n_pieces + 1, sizeof *shape->pieces))
        return DK_NOMEM;
    dk_piece *piece = &shape->pieces[shape->n_pieces++];
    *piece = (dk_piece){.level = level,
                        .cell_x = cell_x,
                        .cell_y = cell_y,
                        .last_zoom = last_zoom,
                        .box = dk_outline_box(outline),
                        .drawing = shape->drawings.size};
    dk_drawing_encode(outline, &piece->box, NULL, &shape->drawings);
    piece->drawing_size = shape->drawings.size - piece->drawing;
    if (shape->drawings.failed)
        return DK_NOMEM;
    dk_drawing drawing;
    const dk_status status = dk_drawing_open(shape->drawings.data + piece->drawing, piece->drawing_size, &drawing);
    return status != DK_OK || outline->kind != DK_POLYGONS
               ? status
               : dk_entry_unsound(work, &drawing, &piece->box, level,
                                  last_zoom < DK_FINEST_ZOOM ? last_zoom : DK_FINEST_ZOOM, false, &piece->unsound);
}

/* The pieces of one cell and of those in it, of levels from `cut` on. parent: an outline that holds all that lies in
 * the cell and its margin. */
static dk_status cut_cell(dk_entry_work *work, const dk_outline *parent, int cut, int level, uint32_t cell_x,
                          uint32_t cell_y, dk_entry_shape *shape)
{
    dk_outline *full = &work->full[level];
    if (!note_zooms(work, parent))
        return DK_NOMEM;
    dk_status status = clip_to_cell(work, parent, DK_FINEST_ZOOM, level, cell_x, cell_y, full);
    if (status != DK_OK || full->n_points == 0)
        return status;
    if (level >= cut && level % 2 == 0 && (full->n_points <= DK_LEAF_POINTS || level == DK_MAX_LEVEL))
        return add_piece(work, full, level, cell_x, cell_y, DK_FINEST_ZOOM + 2, shape);
    if (level >= cut) {
        /* Filtered first, then clipped: so the border is the one that its neighbours show. */
        status = clip_to_cell(work, parent, level, level, cell_x, cell_y, &work->piece);
        if (status == DK_OK)
            status = add_piece(work, &work->piece, level, cell_x, cell_y, level, shape);
    }
    for (uint32_t i = 0; status == DK_OK && i < 4; i++)
        status = cut_cell(work, full, cut, level + 1, 2 * cell_x + (i & 1), 2 * cell_y + (i >> 1), shape);
    return status;
}

dk_status dk_entry_cut(dk_entry_work *work, const dk_outline *outline, const dk_world_box *box, int cut,
                       dk_entry_shape *shape)
{
    /* Begun with cells as large as the box: each level goes over what lies in its cell only, however many parts are
     * strewn over how many cells of level `cut`. */
    const int level = dk_cell_level(box) < cut ? dk_cell_level(box) : cut, shift = 32 - level;
    const uint32_t margin = UINT32_C(1) << (shift - MARGIN_SHIFT), last = (uint32_t)(UINT64_C(0xffffffff) >> shift);
    const uint32_t x0 = (uint32_t)((uint64_t)(box->x0 > margin ? box->x0 - margin : 0) >> shift);
    const uint32_t y0 = (uint32_t)((uint64_t)(box->y0 > margin ? box->y0 - margin : 0) >> shift);
    const uint32_t x1 = box->x1 < UINT32_MAX - margin ? (uint32_t)((uint64_t)(box->x1 + margin) >> shift) : last;
    const uint32_t y1 = box->y1 < UINT32_MAX - margin ? (uint32_t)((uint64_t)(box->y1 + margin) >> shift) : last;
    dk_status status = DK_OK;
    for (uint32_t y = y0; status == DK_OK && y <= y1; y++)
        for (uint32_t x = x0; status == DK_OK && x <= x1; x++)
            status = cut_cell(work, outline, cut, level, x, y, shape);
    return status;
}
