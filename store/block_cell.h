/* The blocks of one cell, brought up to date: entries leave and join, and the cell is divided (store/shelf.h) or made
 * whole again. What the blocks are depends only on the entries that they hold in the end.
 *
 *     dk_block_cell_begin   dk_block_cell_leave | dk_block_cell_join …   dk_block_cell_write */
#ifndef DK_STORE_BLOCK_CELL_H
#define DK_STORE_BLOCK_CELL_H

#include "store/shelf.h"
#include "store/weights.h"

typedef struct dk_block_cell dk_block_cell; /* memory, kept from cell to cell */

dk_block_cell *dk_block_cell_create(void);    /* NULL: out of memory. Caller frees with dk_block_cell_free */
void dk_block_cell_free(dk_block_cell *cell); /* NULL-safe */

/* Reads the living blocks of the cell; shelves: bits of those that have blocks. */
dk_status dk_block_cell_begin(dk_block_cell *cell, dk_store *store, const dk_kind *layer, int level, uint64_t code,
                              uint64_t shelves, dk_error *err);
/* The entry of a row leaves. DK_NOT_FOUND: it is not here. */
dk_status dk_block_cell_leave(dk_block_cell *cell, int64_t row);
/* An entry joins; drawing and values (of all the layer's fields) are borrowed until dk_block_cell_write. */
dk_status dk_block_cell_join(dk_block_cell *cell, const dk_entry_head *head, const void *drawing, size_t drawing_size,
                             const dk_value *values);
/* Writes the blocks that differ, as versions of a generation that is not yet committed, and tells weights of them. Adds
 * to *ret_shelves those that now have blocks, and to *ret_bytes what was written. */
dk_status dk_block_cell_write(dk_block_cell *cell, int64_t generation, dk_weights *weights, uint64_t *ret_shelves,
                              size_t *ret_bytes, dk_error *err);

#endif
