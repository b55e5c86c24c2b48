/* Keys however they are written: XM1:DK1 is ＸＭ１：ｄｋ１, too. There is no index of folded keys; they are found by
 * the terms of the fields that they are made of (dk_terms_of), <qualifier>:<key field> as a load makes them. */
#ifndef DK_STORE_FOLDED_KEY_H
#define DK_STORE_FOLDED_KEY_H

#include "store/posts.h"

/* Whether a row with these values is found by its folded key. One whose key the name of a file qualifies, or a field
 * that has no terms, is not: it is known by its key as it is written alone. */
bool dk_key_is_folded(const dk_store *store, const dk_kind *kind, const dk_value *values);

/* Calls each for the rows, of all versions, whose key may be this folded text, which is to be looked at, and which have
 * n further terms, 4 at most. Ends with the first status that is not DK_OK. */
dk_status dk_folded_key_rows(dk_store *store, const dk_kind *kind, const char *folded, const dk_post_text *also,
                             size_t n, dk_status (*each)(int64_t row, void *user), void *user, dk_error *err);
/* Whether a key is this folded text, folded. memory: lent. */
dk_status dk_key_folds_to(const char *key, const char *folded, dk_buf *memory, bool *ret_same, dk_error *err);

#endif
