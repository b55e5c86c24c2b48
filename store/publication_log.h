/* What a publish, a withdrawal, a redaction or a document writes into the publication log (store/log_table.h), while it
 * is done. Each row version that becomes published, and each that ceases to be by a withdrawal, is an entry; one that
 * takes another's place is a "publish" alone. Rows of kinds of which the public sees nothing have none.
 *
 * In the caller's transactions: entries of a change that does not reach its last commit are counted by no generation,
 * signed by no checkpoint, and taken away with the rest of it (dk_pending_undo). Without a key (store/log_keys.h) the
 * log is kept all the same; a checkpoint can be signed later. */
#ifndef DK_STORE_PUBLICATION_LOG_H
#define DK_STORE_PUBLICATION_LOG_H

#include "store/catalogue.h"
#include "store/log_content.h"
#include "store/store.h"

typedef struct dk_publication_log dk_publication_log;

typedef enum dk_log_event { DK_LOG_PUBLISH, DK_LOG_WITHDRAW } dk_log_event;

/* For the change that makes a generation. Reads the keys, so that one that is of no use is found before all the work.
 */
dk_status dk_publication_log_open(dk_store *store, int64_t generation, dk_publication_log **ret_log, dk_error *err);
void dk_publication_log_close(dk_publication_log *log); /* NULL-safe */

/* Rows that are told of from now on stay as they are until the log is closed: what of them is committed may be read by
 * other threads, with connections of their own, while the caller goes on (store/log_ahead.h). */
void dk_publication_log_ahead(dk_publication_log *log);

/* A row version, as it is now. */
dk_status dk_publication_log_row(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_log_event event,
                                 dk_error *err);
/* The documents of a batch that come ("document", with the fields sha256, size, name, media_type and pages) or go
 * ("document-withdrawn", with sha256) with the generation, of those that the public may see. */
dk_status dk_publication_log_documents(dk_publication_log *log, int64_t batch, dk_log_event event, dk_error *err);
/* That entries were erased, and why. */
dk_status dk_publication_log_redact(dk_publication_log *log, const dk_kind *kind, const int64_t *entries, size_t n,
                                    const char *reason, dk_error *err);
/* A row that is about to change in place (reindex): the contents of its entries are kept as they are. Then, once it has
 * changed and if it is published, again: it is logged unless it is as its newest entry says, and the public sees of it
 * what it saw then. */
dk_status dk_publication_log_keep(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_error *err);
dk_status dk_publication_log_again(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_error *err);

/* What follows from another catalogue, for the published rows and documents of a kind: those of which the public sees
 * something else than their newest entries say are logged again, or as withdrawn where it sees nothing any more.
 * differs: the public may see something else of rows than before. */
dk_status dk_publication_log_kind(dk_publication_log *log, const dk_kind *kind, bool differs, dk_error *err);

/* Writes all that waits. */
dk_status dk_publication_log_flush(dk_publication_log *log, dk_error *err);
/* Due before each commit. Entries that other threads make may wait for later ones, or for dk_publication_log_flush:
 * until the last one they count for nothing. */
dk_status dk_publication_log_step(dk_publication_log *log, dk_error *err);
bool dk_publication_log_waits(const dk_publication_log *log);
/* In the commit that makes the generation: counts the entries and signs them. at: UTC. */
dk_status dk_publication_log_finish(dk_publication_log *log, const char *at, dk_error *err);

/* The log under way. */
struct dk_log;
struct dk_log *dk_publication_log_table(dk_publication_log *log);

/* The newest entry of a published row, in a log of `size` entries. DK_NOT_FOUND: it has none. */
dk_status dk_publication_log_entry(struct dk_log *log, dk_store *store, const dk_kind *kind, const char *key,
                                   int64_t generation, int64_t size, int64_t *ret_entry, dk_error *err);
/* The same of a document, by the number of its attachment. */
dk_status dk_publication_log_document_entry(struct dk_log *log, int64_t attachment, int64_t size, int64_t *ret_entry,
                                            dk_error *err);

#endif
