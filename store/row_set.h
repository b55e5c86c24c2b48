/* The rows that a query matches, as a set that is asked row by row: what a filtered tile draws and counts. Immutable:
 * any number of threads may ask it. */
#ifndef DK_STORE_ROW_SET_H
#define DK_STORE_ROW_SET_H

#include "store/grid.h"
#include "store/query.h"

typedef struct dk_row_set dk_row_set;

/* Caller frees with dk_row_set_free. The query's orders, after and limit do not count. DK_LIMIT: it takes too long, or
 * more rows match than `most`. */
dk_status dk_row_set_of(dk_store *store, const dk_query *query, size_t most, dk_row_set **ret_set, dk_error *err);
void dk_row_set_free(dk_row_set *set); /* NULL-safe */

size_t dk_row_set_count(const dk_row_set *set);
size_t dk_row_set_bytes(const dk_row_set *set); /* of memory */
bool dk_row_set_has(const dk_row_set *set, int64_t row);
/* Adds a row to the measures of its layer's grid (kind->n_grid_measures), without the fields that the viewer does not
 * see. kind: as the query had it. false: the row is not in the set. */
bool dk_row_set_measure(const dk_row_set *set, const dk_kind *kind, int64_t row, dk_grid_sum *sums);

#endif
