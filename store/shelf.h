/* Where blocks lie. A level of blocks (index.h) has three shelves: the blocks of its cells; where that of a cell would
 * take more than DK_BLOCK_BYTES, blocks of the 16 cells in it two levels deeper; where one of these would, of the 16 in
 * that. So a crowded cell is not read whole for a tile that shows a corner of it. */
#ifndef DK_STORE_SHELF_H
#define DK_STORE_SHELF_H

#define DK_BLOCK_BYTES 65536 /* of heads, numbers of values and drawings: what depends on nothing but the entries */
#define DK_SHELVES 57        /* of levels 0 to DK_MAX_LEVEL */
#define DK_DEEPEST_CELLS 20  /* no shelf has cells of a deeper level: a sheet's id has room for no more */

/* Pieces: those that serve the zoom of their cells only lie on the shelf of that number; those that serve deeper zooms too,
 * of which a tile asks every level, apart from them. */
#define DK_LEAF_SHELVES 32

static inline int dk_piece_shelf(int level, int last_zoom) { return last_zoom > level ? DK_LEAF_SHELVES + level : level; }
static inline int dk_piece_level(int shelf) { return shelf % DK_LEAF_SHELVES; }

static inline int dk_shelf_of(int level, int depth) { return 3 * level + depth; }
static inline int dk_shelf_level(int shelf) { return shelf / 3; }
static inline int dk_shelf_depth(int shelf) { return shelf % 3; }
/* The cells of an odd level are those of the level before. */
static inline int dk_level_cells(int level) { return level & ~1; }
static inline int dk_shelf_cells(int shelf) { return dk_level_cells(shelf / 3) + 2 * (shelf % 3); }

#endif
