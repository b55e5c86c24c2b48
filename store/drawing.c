#include "store/drawing.h"

#include <string.h>

enum { VERSION = 1, WIDE = 1, HEAD = 10 };

static void put_u32(dk_buf *out, uint32_t value)
{
    dk_buf_append(out, &value, sizeof value); /* all machines that dikuai runs on are little endian */
}

void dk_drawing_encode(const dk_outline *outline, const dk_world_box *box, const uint8_t *part_zooms, dk_buf *out)
{
    const bool wide = box->x1 - box->x0 > UINT16_MAX || box->y1 - box->y0 > UINT16_MAX;
    if (outline->n_points > UINT32_MAX / 16 || outline->n_parts > UINT32_MAX / 16) {
        out->failed = true;
        return;
    }
    dk_buf_byte(out, (unsigned char)(VERSION << 4 | outline->kind));
    dk_buf_byte(out, wide ? WIDE : 0);
    put_u32(out, (uint32_t)outline->n_points);
    put_u32(out, (uint32_t)outline->n_parts);
    for (size_t i = 0; i < outline->n_parts; i++)
        put_u32(out, (uint32_t)outline->parts[i].count << 1 | outline->parts[i].hole);
    for (size_t i = 0; i < outline->n_parts; i++)
        dk_buf_byte(out, part_zooms != NULL ? part_zooms[i] : 0);
    for (size_t i = 0; i < outline->n_parts; i++)
        dk_buf_append(out, outline->zoom + outline->parts[i].start, outline->parts[i].count);
    for (size_t i = 0; i < outline->n_parts; i++) {
        const dk_part *part = &outline->parts[i];
        unsigned char *to = dk_buf_reserve(out, part->count * (wide ? 8 : 4));
        if (to == NULL)
            return;
        for (size_t k = part->start; k < part->start + part->count; k++) {
            const uint32_t xy[2] = {outline->xy[2 * k] - box->x0, outline->xy[2 * k + 1] - box->y0};
            if (wide) {
                memcpy(to, xy, 8);
                to += 8;
            } else {
                const uint16_t narrow[2] = {(uint16_t)xy[0], (uint16_t)xy[1]};
                memcpy(to, narrow, 4);
                to += 4;
            }
        }
        out->size += part->count * (wide ? 8 : 4);
    }
}

dk_status dk_drawing_open(const void *data, size_t size, dk_drawing *ret_drawing)
{
    const unsigned char *at = data;
    if (size < HEAD || at[0] >> 4 != VERSION || (at[0] & 15) > DK_POINTS || (at[0] & 15) == DK_NO_GEOMETRY ||
        at[1] > WIDE)
        return DK_CORRUPT;
    dk_drawing d = {.kind = (dk_geometry_kind)(at[0] & 15), .wide = at[1] == WIDE};
    memcpy(&d.n_points, at + 2, 4);
    memcpy(&d.n_parts, at + 6, 4);
    const uint64_t needed = HEAD + 5 * (uint64_t)d.n_parts + (d.wide ? 9 : 5) * (uint64_t)d.n_points;
    if (needed != size)
        return DK_CORRUPT;
    d.counts = at + HEAD;
    d.part_zooms = d.counts + 4 * (size_t)d.n_parts;
    d.zooms = d.part_zooms + d.n_parts;
    d.xy = d.zooms + d.n_points;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < d.n_parts; i++) {
        uint32_t count;
        memcpy(&count, d.counts + 4 * (size_t)i, 4);
        if ((count & 1) != 0 && (i == 0 || d.kind != DK_POLYGONS))
            return DK_CORRUPT; /* a hole without an exterior */
        sum += count >> 1;
    }
    if (sum != d.n_points)
        return DK_CORRUPT;
    *ret_drawing = d;
    return DK_OK;
}

size_t dk_drawing_points_at(const dk_drawing *drawing, int zoom)
{
    size_t n = 0;
    for (uint32_t i = 0; i < drawing->n_points; i++)
        n += drawing->zooms[i] <= zoom;
    return n;
}

/* Whether a part is shown, and how many of its vertices, which begin at first. */
static uint32_t kept_of_part(const dk_drawing *drawing, uint32_t part, size_t first, int zoom, uint32_t *ret_count)
{
    memcpy(ret_count, drawing->counts + 4 * (size_t)part, 4);
    uint32_t n = 0;
    for (size_t i = first; drawing->part_zooms[part] <= zoom && i < first + (*ret_count >> 1); i++)
        n += drawing->zooms[i] <= zoom;
    return n;
}

void dk_drawing_at_zoom(const dk_drawing *drawing, int zoom, dk_buf *out)
{
    const size_t width = drawing->wide ? 8 : 4, start = out->size;
    uint32_t n_points = 0, n_parts = 0, count;
    dk_buf_byte(out, (unsigned char)(VERSION << 4 | drawing->kind));
    dk_buf_byte(out, drawing->wide ? WIDE : 0);
    put_u32(out, 0);
    put_u32(out, 0);
    size_t first = 0;
    for (uint32_t p = 0; p < drawing->n_parts; p++, first += count >> 1) {
        const uint32_t n = kept_of_part(drawing, p, first, zoom, &count);
        if (drawing->part_zooms[p] > zoom)
            continue;
        put_u32(out, n << 1 | (count & 1));
        n_points += n;
        n_parts++;
    }
    for (uint32_t p = 0; p < drawing->n_parts; p++)
        if (drawing->part_zooms[p] <= zoom)
            dk_buf_byte(out, drawing->part_zooms[p]);
    for (int pass = 0; pass < 2; pass++) {
        first = 0;
        for (uint32_t p = 0; p < drawing->n_parts; p++, first += count >> 1) {
            memcpy(&count, drawing->counts + 4 * (size_t)p, 4);
            for (size_t i = first; drawing->part_zooms[p] <= zoom && i < first + (count >> 1); i++) {
                if (drawing->zooms[i] > zoom)
                    continue;
                if (pass == 0)
                    dk_buf_byte(out, drawing->zooms[i]);
                else
                    dk_buf_append(out, drawing->xy + width * i, width);
            }
        }
    }
    if (!out->failed) {
        memcpy(out->data + start + 2, &n_points, 4);
        memcpy(out->data + start + 6, &n_parts, 4);
    }
}
