/* Whether rows have partners over the catalogue's links, in either direction: parcel without approval, approval without
 * parcel. What counts is what would be there if every staged batch were published. */
#ifndef DK_STORE_PARTNERS_H
#define DK_STORE_PARTNERS_H

#include "store/store.h"

/* Remembers what combinations of values found: rows of one project ask the same. */
typedef struct dk_partners dk_partners;

/* For rows of kind. NULL: out of memory. Caller frees with dk_partners_free. */
dk_partners *dk_partners_create(dk_store *store, const dk_kind *kind);
void dk_partners_free(dk_partners *partners); /* NULL-safe */

/* Looks over a link that starts or ends at the kind. *ret_asked: the row has a value for each pair of one of its rules
 * (its key is one), so that a partner can be expected. */
dk_status dk_partners_find(dk_partners *partners, const dk_link *link, const char *key, const dk_value *values,
                           bool *ret_asked, bool *ret_linked, dk_error *err);

#endif
