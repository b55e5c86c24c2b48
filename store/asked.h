/* Batches that their load or attach was asked to publish at once. Killed or out of room between the two, the command is
 * given again: this tells whether it is the same, so that what it finds staged is published then, and nobody else's
 * batch is. */
#ifndef DK_STORE_ASKED_H
#define DK_STORE_ASKED_H

#include "store/document.h"
#include "store/store.h"

/* Makes the table where it is missing. */
dk_status dk_asked_prepare(dk_store *store, dk_error *err);
/* Notes that a batch is to be published as soon as it is staged. Within the caller's transaction. */
dk_status dk_asked_note(dk_store *store, int64_t batch, dk_error *err);
/* Whether the load under way, of `batch`, is that of a staged batch again: which was to be published and has no time
 * set for it, was loaded by the same actor (NULL: the account's name) under the same account, has `rows` rows and is of
 * files with the same SHA-256. A source without files, a pipe, cannot show it. */
dk_status dk_asked_again(dk_store *store, int64_t batch, int64_t staged, int64_t rows, const char *actor,
                         bool *ret_again, dk_error *err);
/* The first batch behind `after` that an attach staged, which was to be published, has no time set for it, was made by
 * the same actor under the same account, and all of whose attachments the attach under way has met: attaching->met,
 * sorted. *ret_batch 0: there is none. */
dk_status dk_asked_attached(dk_store *store, const dk_attaching *attaching, int64_t after, const char *actor,
                            int64_t *ret_batch, dk_error *err);

#endif
