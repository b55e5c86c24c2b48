/* Which changes of a catalogue a store does not take, because of the rows that it holds. */
#ifndef DK_STORE_CATALOGUE_RULES_H
#define DK_STORE_CATALOGUE_RULES_H

#include "store/store.h"

/* Whether the rows of a store may come under another catalogue. DK_CONFLICT: not, with what is in the way and what to
 * do instead. Rows that a stricter rule would reject today (required, values, divisions) are no hindrance: they stay.
 */
dk_status dk_catalogue_may_follow(dk_store *store, const dk_catalogue *after, dk_error *err);

/* Whether the rows of a staged batch are as the catalogue in force wants them, if it came after they were loaded.
 * DK_CONFLICT: not, with the first that is not. */
dk_status dk_batch_fits(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err);
/* Notes, within the caller's transaction, that the catalogue is newer than all batches that there are. */
dk_status dk_catalogue_note_batches(dk_store *store, dk_error *err);

#endif
