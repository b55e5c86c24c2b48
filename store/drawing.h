/* A drawing: an outline as bytes that a tile can be drawn from at any zoom without decoding the rest.
 *
 *     byte 0      version << 4 | geometry kind
 *     byte 1      bit 0: positions are 32 bits wide, else 16
 *     u32         n_points, then u32 n_parts (little endian, as all numbers here)
 *     u32         [n_parts]     count << 1 | hole
 *     u8          [n_parts]     smallest zoom at which the part is drawn
 *     u8          [n_points]    smallest zoom at which the vertex is kept
 *     u16 or u32  [n_points][2] x, y relative to the north-west corner of the feature's box
 */
#ifndef DK_STORE_DRAWING_H
#define DK_STORE_DRAWING_H

#include "store/outline.h"

/* Pointers into the bytes, which need not be aligned: read numbers with memcpy. */
typedef struct dk_drawing {
    dk_geometry_kind kind;
    bool wide;
    uint32_t n_points, n_parts;
    const unsigned char *counts;     /* n_parts u32 */
    const unsigned char *part_zooms; /* n_parts u8 */
    const unsigned char *zooms;      /* n_points u8 */
    const unsigned char *xy;         /* n_points pairs of u16 or u32 */
} dk_drawing;

/* Appends. part_zooms: of each part; NULL: all 0. box: dk_outline_box(outline). */
void dk_drawing_encode(const dk_outline *outline, const dk_world_box *box, const uint8_t *part_zooms, dk_buf *out);
/* DK_CORRUPT when the sizes do not add up or the counts of the parts are not n_points in sum; positions themselves are
 * not looked at. Borrows data. */
dk_status dk_drawing_open(const void *data, size_t size, dk_drawing *ret_drawing);
/* Appends the drawing without the vertices and parts that are not shown at a zoom or before. */
void dk_drawing_at_zoom(const dk_drawing *drawing, int zoom, dk_buf *out);
/* The vertices that are kept at a zoom. */
size_t dk_drawing_points_at(const dk_drawing *drawing, int zoom);

#endif
