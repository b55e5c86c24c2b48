/* Rounding a drawing to the units of a zoom. */
#include "store/entry.h"

#include "store/ring_valid.h"

#include <string.h>

/* A position, relative to the box's corner. */
static inline void position(const dk_drawing *drawing, size_t i, uint32_t *ret_x, uint32_t *ret_y)
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

dk_status dk_drawing_round(const dk_drawing *drawing, const dk_world_box *box, int zoom, bool plate, int64_t origin_x,
                           int64_t origin_y, dk_grid_shape *ret_shape)
{
    const int shift = DK_FINEST_ZOOM - zoom;
    const int64_t half = shift > 0 ? INT64_C(1) << (shift - 1) : 0;
    ret_shape->n_points = ret_shape->n_parts = 0;
    if (!dk_grow(&ret_shape->xy, &ret_shape->points_capacity, drawing->n_points, 2 * sizeof *ret_shape->xy) ||
        !dk_grow(&ret_shape->parts, &ret_shape->parts_capacity, drawing->n_parts, sizeof *ret_shape->parts))
        return DK_NOMEM;
    int32_t *xy = ret_shape->xy;
    size_t from = 0, n = 0;
    bool exterior = false; /* whether the one before the hole is drawn */
    for (uint32_t p = 0; p < drawing->n_parts; p++) {
        uint32_t head;
        memcpy(&head, drawing->counts + 4 * (size_t)p, 4);
        const size_t count = head >> 1, start = n;
        const bool hole = head & 1;
        bool drawn = drawing->part_zooms[p] <= zoom && (!hole || exterior);
        for (size_t i = from; drawn && i < from + count; i++) {
            if (drawing->zooms[i] > zoom)
                continue;
            uint32_t x, y;
            position(drawing, i, &x, &y);
            const uint32_t world_y = box->y0 + y;
            xy[2 * n] = (int32_t)(((int64_t)box->x0 + x - origin_x + half) >> shift);
            xy[2 * n + 1] = (int32_t)(((int64_t)(plate ? dk_plate_y(world_y) : world_y) - origin_y + half) >> shift);
            n++;
        }
        from += count;
        if (drawn && drawing->kind == DK_POLYGONS) {
            n = start + dk_ring_reduce(xy + 2 * start, n - start);
            drawn = n > start;
        }
        if (!hole)
            exterior = drawn;
        if (drawn && n > start)
            ret_shape->parts[ret_shape->n_parts++] = (dk_part){.start = start, .count = n - start, .hole = hole};
    }
    ret_shape->n_points = n;
    return DK_OK;
}
