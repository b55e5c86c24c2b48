/* The cell index, for readers: what a tile and a question for a box read.
 *
 * Features are entries of blocks (store/block.h). A block holds the entries of one quadtree cell: those that are at
 * home there (store/shelf.h: by the box's north-west corner), at the level that entry.h chooses by their first zoom. So
 * what is drawn at zoom z lies in levels up to z + DK_LEVELS_BELOW, however many smaller features there are. The cells
 * of an odd level are as large as those of the level before: a level is of one first zoom, and yet a block holds enough
 * to be worth reading. A cell that holds too much is divided (store/shelf.h). Pieces of large outlines lie in piece
 * blocks, of the cell that they serve. What is not drawn at a zoom is counted in that zoom's grid. Where most of a tile
 * of a small zoom gives way (budget.c), the rest of it is read from an overview instead (overview.h).
 *
 * Blocks and the like are sheets, bytes by cell (handle.h), read out of memory where they were read lately
 * (sheet_cache.h).
 *
 * A session is one read transaction: all answers in it belong to one generation. */
#ifndef DK_STORE_INDEX_H
#define DK_STORE_INDEX_H

#include "store/block.h"
#include "store/grid.h"
#include "store/sheet_cache.h"
#include "store/store.h"
#include "store/topology.h"

#define DK_LEVELS_BELOW 4
#define DK_GRID_SHIFT 5 /* DK_GRID_CELLS = 2^5 */

/* The level at which cells are at least as large as the box, DK_FINEST_ZOOM at most. */
int dk_cell_level(const dk_world_box *box);
uint64_t dk_morton(uint32_t x, uint32_t y); /* bit 2i from x, bit 2i+1 from y */
void dk_morton_split(uint64_t code, uint32_t *ret_x, uint32_t *ret_y);

/* What is read of the index is kept in, and taken from, memory that handles share; borrowed until the handle is closed.
 * For handles that only read. NULL: none. */
void dk_index_share(dk_store *store, dk_sheet_cache *cache);

/* Begins reading. generation: DK_NEWEST or the one that the rest of the answer belongs to; *ret_generation says which
 * it is. DK_BUSY when that one is so old that its blocks may be gone: begin anew with the newest. */
#define DK_NEWEST (-1)
dk_status dk_index_begin(dk_store *store, int64_t generation, int64_t *ret_generation, dk_error *err);
void dk_index_end(dk_store *store);

/* How often the index was built anew without a new generation: what was made of it before may be otherwise now. */
dk_status dk_index_rebuilt(dk_store *store, int64_t *ret_rebuilt, dk_error *err);

#define DK_EVERY_ZOOM 99
/* Every block that may hold an entry whose box meets the given one, in a fixed order (level, Morton code). The entries
 * must still be tested: their boxes, and dk_index_drawn. zoom: only blocks of what may be drawn there, and not large
 * ones for all of which pieces stand; DK_EVERY_ZOOM: all. The block is valid inside the callback; returning false
 * stops. */
/* DK_LARGE + zoom: as zoom, and the large ones, too. */
#define DK_LARGE 100
dk_status dk_index_blocks(dk_store *store, const dk_kind *layer, const dk_world_box *box, int zoom,
                          bool (*each)(const dk_block *block, void *user), void *user, dk_error *err);
/* The piece blocks of the cells of levels up to zoom that meet the box (a tile WITHOUT its buffer). Only entries with
 * first_zoom <= zoom <= last_zoom count. The callback also gets the cell. */
dk_status dk_index_pieces(dk_store *store, const dk_kind *layer, const dk_world_box *box, int zoom,
                          bool (*each)(const dk_block *block, int level, uint32_t x, uint32_t y, void *user),
                          void *user, dk_error *err);

/* Whether an entry (or piece) is drawn at a zoom: its first zoom, raised where the tile of its label position would
 * become too full (all tiles draw it or none). Cheap unless something is raised at that zoom. Beyond DK_FINEST_ZOOM
 * what is drawn there: tiles are smaller, and yet may show as much, where much lies in one place. */
bool dk_index_drawn(dk_store *store, const dk_kind *layer, const dk_entry_head *head, int zoom);

/* The division of an entry's row as text that is valid as long as the block; NULL: none. */
const char *dk_entry_division(const dk_kind *layer, const dk_block *block, uint32_t i);
/* What the tiles' attributes of an entry are to a viewer: bit i is field i. */
uint64_t dk_entry_visible(const dk_kind *layer, const dk_view *view, const dk_block *block, uint32_t i);
/* All values of an entry: values has layer->n_fields places; DK_NULL unless the field is in visible. */
dk_status dk_entry_values(const dk_kind *layer, const dk_block *block, uint32_t i, uint64_t visible, dk_value *values);

/* The level of a zoom's grid cells: beyond DK_FINEST_ZOOM they are those of that zoom. */
static inline int dk_grid_level(int zoom)
{
    return (zoom < DK_FINEST_ZOOM ? zoom : DK_FINEST_ZOOM) + DK_GRID_SHIFT;
}

/* The grid cells of a zoom whose centre lies in the box: x, y count cells of its level. Each cell once, in a fixed
 * order. drawn features at this zoom plus the counts here are all that is published. */
typedef struct dk_grid_place {
    uint32_t x, y;
    const dk_grid_cell *cell;
} dk_grid_place;
dk_status dk_index_grid(dk_store *store, const dk_kind *layer, const dk_world_box *box, int zoom,
                        bool (*each)(const dk_grid_place *place, void *user), void *user, dk_error *err);

/* Where tiles have changed: each gives boxes (world coordinates, inclusive; without any tile's buffer) in which what is
 * drawn or counted of a layer differs between two generations. *ret_known false: it is no longer known, everything
 * may differ. */
dk_status dk_index_touched(dk_store *store, int64_t after, int64_t until,
                           void (*each)(const dk_kind *layer, const dk_world_box *box, void *user), void *user,
                           bool *ret_known, dk_error *err);

#endif
