/* The row that an answer is about. What belongs to it is asked for kind by kind, each time by its key: its values, and
 * which rows are linked to it, are read once. Of one row at a time, by readers only: a published row does not change
 * within a generation. */
#ifndef DK_STORE_ANCHOR_H
#define DK_STORE_ANCHOR_H

#include "store/handle.h"

/* The stored values of the row that is published under a key, by field; valid until another key is asked for. *ret_row
 * 0: there is none, and no values. */
dk_status dk_anchor_values(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row,
                           const dk_value **ret_values, dk_error *err);

/* DK_NOT_FOUND with a sentence: there is no such row, or not for the viewer. */
dk_status dk_anchor_in_view(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                            int64_t generation, dk_error *err);

/* The rows of another kind that are linked to it, sorted by key. What is too long to be kept is read into `own`, which
 * the caller finishes; *ret_list is then that. DK_NOT_FOUND: there is no such row, or no such link. */
dk_status dk_anchor_linked(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *other,
                           int64_t generation, dk_key_list *own, const dk_key_list **ret_list, dk_error *err);

/* Of dk_row_of_key: whether it is the row known, and to make it that. row 0 forgets it. */
bool dk_anchor_known(const dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row);
void dk_anchor_set(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t row);
void dk_anchor_free(struct dk_anchor *anchor); /* NULL-safe */

#endif
