/* Rooms: the tiles in which a feature takes up room at a zoom, and by which it is decided whether it is drawn there
 * (budget.c). They are tiles of both tile matrix sets, each with the buffer that is drawn around it.
 *
 * A feature takes up room in every tile that its box meets, buffer included, among those around the one of
 * WebMercatorQuad that holds its label position; from the zoom on at which pieces stand for it in that one, and in the
 * one of CGCS2000Quad that does, only: its box says nothing of what tiles show. */
#ifndef DK_STORE_ROOM_H
#define DK_STORE_ROOM_H

#include "store/handle.h"

/* The numbers of dk_tile_matrix_set. */
typedef enum dk_room_set { DK_ROOM_MERCATOR, DK_ROOM_PLATE, DK_ROOM_SETS } dk_room_set;

/* Which features give way first where not all have room: smaller ones; of one size class those with the smaller hash of the
 * label position, which pieces have in common, and which does not depend on the order in which features came. */
typedef uint16_t dk_rank;
static inline dk_rank dk_rank_of(const dk_entry_head *head)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    const uint64_t hash = ((uint64_t)head->label_x << 32 | head->label_y) * odd;
    return (dk_rank)((unsigned)head->size_class << 8 | (unsigned)((hash ^ hash >> 29) * odd >> 56));
}

/* The tile of a zoom (0 to DK_FINEST_ZOOM) that holds a position of the world, or of the plate. */
static inline uint32_t dk_tile_at(uint32_t position, int zoom)
{
    return zoom == 0 ? 0 : position >> (32 - zoom);
}

/* Columns and rows of tiles, inclusive. */
dk_cell_range dk_rooms_of(const dk_entry_head *head, int zoom, dk_room_set set);
/* No fewer than dk_rooms_of in WebMercatorQuad, of a feature whose box reaches at most `reach` units to each side of this
 * position, which lies in the tile of its label. */
dk_cell_range dk_rooms_near(uint32_t label_x, uint32_t label_y, uint64_t reach, int zoom);
/* The rows of CGCS2000Quad in which what takes up room in these rows of WebMercatorQuad may do so. */
void dk_rooms_plate_rows(uint32_t first, uint32_t last, int zoom, uint32_t *ret_first, uint32_t *ret_last);
/* A tile with its buffer, in world coordinates. */
dk_world_box dk_room_box(dk_room_set set, int zoom, uint32_t x, uint32_t y);

#endif
