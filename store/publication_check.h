/* Whether a store is what its publication log says: for `check` and `verify`. */
#ifndef DK_STORE_PUBLICATION_CHECK_H
#define DK_STORE_PUBLICATION_CHECK_H

#include "store/log_table.h"

typedef struct dk_publication_found {
    dk_log_found log;
    int64_t rows;        /* published rows whose entries were looked for */
    int64_t signed_size; /* of the newest checkpoint; -1: none */
    int64_t findings;
} dk_publication_found;

/* Reads all of the log, and tells of each thing that is not as it must be, in a sentence that names it. All of it at
 * one moment: within the caller's transaction, which is in this generation; or if there is none in one of its own, in
 * the newest, for another process may have published since the caller looked.
 *   - the content of an entry is not what its leaf says: of a row's, because the row was changed
 *   - a tile is not that of what is below it, a checkpoint not the root of its size or not signed by one of the store's
 *     keys, the newest one not by each of `keys` (n 0: whatever signed it)
 *   - a published row has no entry, or an entry says that one is published that is not
 *   - an entry is erased, and no entry about a redaction names it
 *   - a document of the log is not attached
 * keys are what the caller knows of the log by another way. ret_found may be NULL. */
dk_status dk_publication_check(dk_store *store, int64_t generation, const dk_note_key *keys, size_t n,
                               void (*tell)(const char *sentence, void *user), void *user,
                               dk_publication_found *ret_found, dk_error *err);

#endif
