/* How many rows of each division a batch brings: new ones, new versions of some that are there, or documents of rows.
 * Counted while it is loaded, so that staff of a division are told at once what of a batch is theirs. A division from
 * which a row goes to another is one of the batch's, too, with none of these. */
#ifndef DK_STORE_BROUGHT_H
#define DK_STORE_BROUGHT_H

#include "store/store.h"

typedef struct dk_brought dk_brought;
dk_brought *dk_brought_create(dk_store *store, const dk_kind *kind, int64_t batch);
void dk_brought_free(dk_brought *brought); /* NULL-safe */
/* A row of these values is written. */
dk_status dk_brought_row(dk_brought *brought, const dk_value *values, bool replaces, dk_error *err);
/* A row is written that replaces one of these values. */
dk_status dk_brought_replaced(dk_brought *brought, const dk_value *before, dk_error *err);
/* Rows were taken back: everything is counted again at the end. */
void dk_brought_undo(dk_brought *brought);
/* Writes the counts, inside the caller's transaction. */
dk_status dk_brought_finish(dk_brought *brought, dk_error *err);
/* A document more, of a row of this division (NULL: of none), inside the caller's transaction. */
dk_status dk_brought_document(dk_store *store, int64_t batch, const char *division, dk_error *err);

#endif
