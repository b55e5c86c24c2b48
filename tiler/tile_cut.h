/* Cutting a ring to the tile and its buffer on the grid of tile units, where only what the cut makes is checked.
 *
 * A ring that is valid on the grid stays so inside the square; what may go wrong are the ends at the square's sides,
 * which are rounded. So the edges that end there are compared with all others, and nothing else is. Where that does not
 * tell, the general way is taken: clip unrounded, round, check, mend (store/clip.h, store/ring_valid.h,
 * tiler/tile_mend.h). */
#ifndef DK_TILER_TILE_CUT_H
#define DK_TILER_TILE_CUT_H

#include "store/repair.h"

#define DK_CUT_REACH (1 << 24) /* positions lie within, so that 64 bits are exact */

typedef struct dk_cut_work { /* memory, reused; zero-initialised is empty */
    int32_t *xy;
    size_t capacity;
    struct dk_cut_chain *chains;
    size_t chains_capacity;
    struct dk_cut_crossing *crossings;
    size_t crossings_capacity;
} dk_cut_work;

void dk_cut_work_finish(dk_cut_work *work);

typedef enum dk_cut_result {
    DK_CUT_DONE,    /* ret_shape: nothing, or exteriors that are valid together (ring_valid.h) */
    DK_CUT_UNCLEAR, /* a piece within a unit of the square's sides, two ends at one place, or edges that touch */
    DK_CUT_NOMEM
} dk_cut_result;

/* xy: n positions of a ring that is reduced and valid (dk_ring_reduce, dk_rings_valid), within +-DK_CUT_REACH. low,
 * high: the square, of both axes. What lies on a side is outside. */
dk_cut_result dk_cut_ring(dk_cut_work *work, const int32_t *xy, size_t n, int32_t low, int32_t high,
                          dk_grid_shape *ret_shape);

/* Where dk_cut_ring cuts the edge from a to b at the square's sides, so that what is clipped in the general way meets
 * it there: 0 to 2 positions, in the order of the edge. */
size_t dk_cut_places(const int32_t a[2], const int32_t b[2], int32_t low, int32_t high, int32_t ret_xy[4]);

#endif
