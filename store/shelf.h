/* Where blocks lie. A level of blocks (index.h) has three shelves: the blocks of its cells; where that of a cell would
 * take more than DK_BLOCK_BYTES, blocks of the 16 cells in it two levels deeper; where one of these would, of the 16 in
 * that. So a crowded cell is not read whole for a tile that shows a corner of it. Only entries whose boxes are at most
 * half as wide and high as the deeper cells go there: so a tile asks for few cells beside its own.
 *
 * An entry is at home in the cell that holds its box's north-west corner, moved by 21/64 of its level's cell to the
 * north west. Boxes of a cell at home then begin 21/64 east of its western side at least, and so do not reach into the
 * buffer of the tile to the west of it: a tile asks for its own cells and one column and row before them, none behind.
 * 21/64 is a quarter and a bit in cells two and four levels deeper, too. */
#ifndef DK_STORE_SHELF_H
#define DK_STORE_SHELF_H

#include <stdint.h>

#define DK_BLOCK_BYTES 65536 /* of heads, numbers of values and drawings: what depends on nothing but the entries */
#define DK_SHELVES 57        /* of levels 0 to DK_MAX_LEVEL */
#define DK_DEEPEST_CELLS 20  /* no shelf has cells of a deeper level: a sheet's id has room for no more */

/* Pieces: those that serve the zoom of their cells only lie on the shelf of that number; those that serve deeper zooms
 * too, of which a tile asks every level, apart from them. */
#define DK_LEAF_SHELVES 32

static inline int dk_piece_shelf(int level, int last_zoom)
{
    return last_zoom > level ? DK_LEAF_SHELVES + level : level;
}
static inline int dk_piece_level(int shelf)
{
    return shelf % DK_LEAF_SHELVES;
}

static inline int dk_shelf_of(int level, int depth)
{
    return 3 * level + depth;
}
static inline int dk_shelf_level(int shelf)
{
    return shelf / 3;
}
static inline int dk_shelf_depth(int shelf)
{
    return shelf % 3;
}
/* The cells of an odd level are those of the level before. */
static inline int dk_level_cells(int level)
{
    return level & ~1;
}
static inline uint32_t dk_home(uint32_t corner, int level)
{
    const uint32_t moved = UINT32_C(21) << (26 - dk_level_cells(level));
    return corner > moved ? corner - moved : 0;
}
static inline int dk_shelf_cells(int shelf)
{
    return dk_level_cells(shelf / 3) + 2 * (shelf % 3);
}
/* How far boxes of a shelf's entries reach beyond their cell at most, in world units: half of the cell, and at the
 * depth 0, to which their level is chosen (entry.h), a quarter. */
static inline uint32_t dk_shelf_reach(int shelf)
{
    const int cells = dk_shelf_cells(shelf);
    return cells == 0 ? 0 : UINT32_C(1) << (dk_shelf_depth(shelf) > 0 ? 31 - cells : 30 - cells);
}

#endif
