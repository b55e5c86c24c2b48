/* Which rows of a kind have a 文号, for finding the row that a scan belongs to. */
#ifndef DK_STORE_APPROVAL_INDEX_H
#define DK_STORE_APPROVAL_INDEX_H

#include "store/store.h"

typedef struct dk_approval_index dk_approval_index;

/* Reads the numbers of all rows that are published or staged: those of the key where the key is a 文号, else those of
 * every field of that type. DK_INVALID: the kind has no such field. Caller frees with dk_approval_index_free. */
dk_status dk_approval_index_create(dk_store *store, const dk_kind *kind, dk_approval_index **ret_index, dk_error *err);
void dk_approval_index_free(dk_approval_index *index); /* NULL-safe */

/* How many rows have this number, in canonical form (store/approval_no.h); *ret_key is the key of the first of them,
 * valid as long as the index, and NULL for none. */
size_t dk_approval_index_find(const dk_approval_index *index, const char *number, size_t size, const char **ret_key);

#endif
