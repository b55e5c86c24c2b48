/* Values that a batch took over (`inherit`) from rows that were not published then. Until these are, publishing the
 * batch would show what is not to be seen yet. */
#ifndef DK_STORE_TAKEN_H
#define DK_STORE_TAKEN_H

#include "store/store.h"

/* Makes the table where it is missing. */
dk_status dk_taken_prepare(dk_store *store, dk_error *err);
/* Notes that rows of a batch took values from rows of another. Within the caller's transaction. */
dk_status dk_taken_note(dk_store *store, int64_t batch, int64_t of, dk_error *err);
/* Takes that back: the rows that did are gone. */
dk_status dk_taken_forget(dk_store *store, int64_t batch, int64_t of, dk_error *err);
/* DK_CONFLICT: a batch of which it took values is not published, or was withdrawn. */
dk_status dk_taken_gate(dk_store *store, int64_t batch, dk_error *err);

#endif
