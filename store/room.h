/* Rooms: the tiles in which a feature takes up room at a zoom, and by which it is decided whether it is drawn there
 * (budget.c). They are tiles of both tile matrix sets, each with the buffer that is drawn around it.
 *
 * A feature takes up room in every tile that its box meets, buffer included, as long as these are among those around
 * the one of WebMercatorQuad that holds its label position. At the zooms beyond, where it reaches further, it is
 * settled: drawn if it is drawn at the last zoom at which it did not, so that it is not decided in hundreds of tiles.
 * From the zoom on at which pieces stand for a feature it takes up room in the tile of its label, of each set, only:
 * the box of a piece says nothing of the others. */
#ifndef DK_STORE_ROOM_H
#define DK_STORE_ROOM_H

#include "store/handle.h"

/* The numbers of dk_tile_matrix_set. */
typedef enum dk_room_set { DK_ROOM_MERCATOR, DK_ROOM_PLATE, DK_ROOM_SETS } dk_room_set;

/* Which features give way first where not all have room: smaller ones; of one size class those with the smaller hash of
 * the label position, which pieces have in common, and which does not depend on the order in which features came. */
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

/* The zoom at which it is decided whether a feature is drawn at this one: this one, or the one at which it was settled.
 */
int dk_room_zoom(const dk_entry_head *head, int zoom);
/* Where it takes up room at a zoom at which it is not settled: columns and rows of tiles, inclusive. */
dk_cell_range dk_rooms_of(const dk_entry_head *head, int zoom, dk_room_set set);
/* All tiles that its box meets, settled or not. */
dk_cell_range dk_rooms_met(const dk_entry_head *head, int zoom, dk_room_set set);
/* About the share of its vertices that such a tile shows, 1 at most. */
double dk_room_share(const dk_entry_head *head, int zoom);

/* The tiles of WebMercatorQuad that a feature may meet of which is known that its box reaches at most `reach` units to
 * each side of this position, which lies in the tile of its label; around: of those around that tile. */
dk_cell_range dk_rooms_near(uint32_t label_x, uint32_t label_y, uint64_t reach, int zoom, bool around);
/* The rows of CGCS2000Quad that what lies in these rows of WebMercatorQuad meets. */
void dk_rooms_plate_rows(uint32_t first, uint32_t last, int zoom, uint32_t *ret_first, uint32_t *ret_last);
/* A tile with its buffer, in world coordinates. */
dk_world_box dk_room_box(dk_room_set set, int zoom, uint32_t x, uint32_t y);

#endif
