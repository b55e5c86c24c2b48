/* A grid sheet: what is counted in one WebMercatorQuad tile (z, x, y) instead of being drawn, by cells of
 * DK_GRID_CELLS x DK_GRID_CELLS a tile: how many features, their area and the sums that the catalogue asks for, of
 * fields or of ones for each row that has a value (grid_measure.h). Features are counted in the cell of their label
 * position. All figures are whole numbers, so that adding and taking away again leaves nothing behind.
 *
 *     u32 magic and version   u8 n_sums   varint n_cells
 *     per cell, ascending: varint difference of the cell's number (row * DK_GRID_CELLS + column) less the one before,
 *     varint count, zigzag area in cm2, zigzag weight, a bit for each sum that is not 0 (the first is the lowest of the
 *     first byte; n_sums / 8 bytes, rounded up), zigzag each of those sums (of 128 bits)
 */
#ifndef DK_STORE_GRID_H
#define DK_STORE_GRID_H

#include "store/buf.h"
#include "store/status.h"

#define DK_GRID_CELLS 32
#define DK_GRID_MAX_SUMS 24

/* Wide enough for whatever rows there may be: a row brings 10^23 at most (grid_measure.c). */
typedef __int128 dk_grid_sum;

typedef struct dk_grid_cell {
    uint16_t number; /* row * DK_GRID_CELLS + column, row 0 in the north */
    int64_t count;
    int64_t area_cm2;
    int64_t weight; /* estimated bytes of the features in a tile, for budgets */
    dk_grid_sum sums[DK_GRID_MAX_SUMS];
} dk_grid_cell;

/* One tile's cells, in memory. Zero-initialised is empty. */
typedef struct dk_grid {
    size_t n_sums, room; /* room: sums a cell that there is memory for */
    int64_t *figures;    /* of each cell: count, area and weight; NULL while nothing was added */
    dk_grid_sum *sums;   /* of each cell n_sums */
} dk_grid;

/* a + b or, with sign -1, a - b. Wraps: what was added can be taken away again whatever it was. */
static inline int64_t dk_grid_plus(int64_t a, int64_t b, int sign)
{
    return (int64_t)(sign > 0 ? (uint64_t)a + (uint64_t)b : (uint64_t)a - (uint64_t)b);
}

/* The same of sums. */
static inline dk_grid_sum dk_grid_sum_plus(dk_grid_sum a, dk_grid_sum b, int sign)
{
    return (dk_grid_sum)(sign > 0 ? (unsigned __int128)a + (unsigned __int128)b
                                  : (unsigned __int128)a - (unsigned __int128)b);
}

void dk_grid_finish(dk_grid *grid);
void dk_grid_clear(dk_grid *grid, size_t n_sums); /* empty, keeps the memory */
/* Adds (sign 1) or takes away (-1). */
dk_status dk_grid_add(dk_grid *grid, const dk_grid_cell *cell, int sign);
/* What a cell has; false: nothing is counted there. */
bool dk_grid_cell_at(const dk_grid *grid, uint16_t number, dk_grid_cell *ret_cell);
/* Adds all cells of an encoded sheet. DK_CORRUPT. */
dk_status dk_grid_read(dk_grid *grid, const void *data, size_t size);
/* Replaces out; no bytes when all cells are empty. A cell whose count is 0 is left out. */
void dk_grid_encode(const dk_grid *grid, dk_buf *out);
/* The cells of an encoded sheet, one by one, without memory: each returns false to stop. DK_CORRUPT. */
dk_status dk_grid_each(const void *data, size_t size, size_t *ret_n_sums,
                       bool (*each)(const dk_grid_cell *cell, void *user), void *user);

#endif
