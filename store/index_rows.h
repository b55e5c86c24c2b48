/* The rows that a change of the cell index is about: in the order in which they are done, and by number and place. */
#ifndef DK_STORE_INDEX_ROWS_H
#define DK_STORE_INDEX_ROWS_H

#include "store/handle.h"

#define DK_INDEX_REACH                                                                                                 \
    8 /* world units by which boxes are grown before they are compared: twice what matching moves                      \
       */

/* Zero-initialised is empty. */
typedef struct dk_index_rows {
    dk_change_row *rows; /* the caller's: by corner, then the large ones by corner */
    size_t n, n_small;
    uint32_t *by_number; /* positions in rows, by row number */
    struct dk_row_in_cell {
        uint32_t cell, index;
    } * cells; /* where rows that come are */
    size_t n_cells;
    uint32_t *wide; /* rows that come and lie in too many cells */
    size_t n_wide, wide_capacity;
    uint32_t *stamps; /* per row: the question for which it was given last */
    uint32_t stamp;
} dk_index_rows;

/* Borrows rows and puts them in the order in which they are done. DK_LIMIT: too many. */
dk_status dk_index_rows_take(dk_index_rows *self, dk_change_row *rows, size_t n, dk_error *err);
void dk_index_rows_finish(dk_index_rows *self);

/* The changed row of that number, or NULL. */
const dk_change_row *dk_index_row(const dk_index_rows *self, int64_t row);
dk_world_box dk_change_row_box(const dk_change_row *row);

/* Calls each for the rows that come (are published) whose boxes meet the given one, each once. Stops at the first
 * failure. */
dk_status dk_index_rows_coming(dk_index_rows *self, const dk_world_box *box,
                               dk_status (*each)(void *user, uint32_t index), void *user);

/* Whether a box is that of a row which is done alone. */
bool dk_box_is_large(const dk_world_box *box);
/* The box with a rim, within the world. */
dk_world_box dk_box_grown(const dk_world_box *box, uint32_t by);
bool dk_boxes_meet(const dk_world_box *a, const dk_world_box *b);
/* Replaces box by the one around both; first: by other. */
void dk_box_join(dk_world_box *box, const dk_world_box *other, bool first);

#endif
