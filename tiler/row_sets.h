/* Row sets that filtered tiles of this generation share: a map asks for many tiles with one filter, and what it holds
 * for is found once. Bounded by bytes; what was used last stays. Thread-safe. */
#ifndef DK_TILER_ROW_SETS_H
#define DK_TILER_ROW_SETS_H

#include "store/row_set.h"

typedef struct dk_row_sets dk_row_sets;
typedef struct dk_shared_set dk_shared_set;

dk_row_sets *dk_row_sets_create(size_t bytes); /* NULL: out of memory */
void dk_row_sets_free(dk_row_sets *sets);      /* NULL-safe; nobody holds a set any more */

/* The set of a query. name: what tells it from the sets of other kinds, viewers and filters, without the generation.
 * Made by the first who asks, while others who ask for the same wait. Caller gives it back with dk_row_sets_release. */
dk_status dk_row_sets_take(dk_row_sets *sets, const char *name, dk_store *store, const dk_query *query,
                           dk_shared_set **ret_shared, const dk_row_set **ret_set, dk_error *err);
void dk_row_sets_release(dk_row_sets *sets, dk_shared_set *shared); /* NULL-safe */

#endif
