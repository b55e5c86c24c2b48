/* Building what is derived from the rows anew, a kind at a time: the steps of dk_store_reindex, for who needs only some
 * of them. All within the caller's transaction. */
#ifndef DK_STORE_REINDEX_H
#define DK_STORE_REINDEX_H

#include "store/handle.h"

struct dk_publication_log;

/* Fills inherited values of rows that lack them, by the links as they are now. */
dk_status dk_reindex_inherited(dk_store *store, const dk_kind *kind, int64_t generation, struct dk_publication_log *log,
                               dk_error *err);
/* Writes the terms of every row, whatever its state, and what search knows of them. */
dk_status dk_reindex_terms(dk_store *store, const dk_kind *kind, dk_error *err);

#endif
