/* Erasing a row: the one thing that is overwritten.
 *
 * All versions of a key, staged and withdrawn ones too, go from every table: rows, lives, repairs, terms and what
 * search knows of them, posts, sheets of the index with those kept for readers of older generations, boxes of what was
 * touched, rejected rows and notes of loads that name it, attachments, and salt, seal and content of their entries in
 * the publication log. The file is then rewritten (VACUUM): pages may keep copies of cells that were moved elsewhere.
 * Documents that no other row has are deleted. A "redact" entry names the erased entries and the reason, as a
 * generation of its own; the tree stays as it was.
 *
 * What it does not reach: backups and other copies of the store, reports and reject files (those beside the store that
 * hold the key are named), what readers have saved, earlier versions of other rows that took a value over by a link
 * (store/linked.h), and what the medium keeps of blocks that the file system has given up. */
#ifndef DK_STORE_REDACT_H
#define DK_STORE_REDACT_H

#include "store/store.h"

/* Of dikuai_meta, from the last commit on until the file is rewritten: the generation, and the documents that are to be
 * deleted, one digest behind the other. A redaction that is stopped in between is ended by the next. */
#define DK_REDACTED "redacted"
#define DK_REDACTED_DOCUMENTS "redacted_documents"

typedef struct dk_redacted {
    int64_t generation; /* that it became; 0: dry run */
    int64_t versions, entries, documents, rejects, notes;
    bool published; /* it was */
    bool log_kept;  /* somebody was reading all the while: the write-ahead log still has it */
} dk_redacted;

/* tell: a sentence about each thing that is left elsewhere, or would be. DK_NOT_FOUND: there is no such row. A dry run
 * needs a store open for reading only. */
dk_status dk_store_redact(dk_store *store, const dk_kind *kind, const char *key, const char *actor, const char *reason,
                          bool dry_run, void (*tell)(const char *sentence, void *user), void *user,
                          dk_redacted *ret_redacted, dk_error *err);

#endif
