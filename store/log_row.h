/* What the publication log says of a row: made of the row itself, now and whenever it is checked.
 *
 * A row version never changes, and what the public sees of it follows from it and the catalogue (dk_row_seen with
 * dk_viewer_public: masks and coarser outlines come with that). So the content of its entry need not be kept: it is
 * made by the catalogue that was in force in the entry's generation, all of which the store keeps
 * (catalogue_version.h). What fields came later, a row has no values in, or it was changed. Where something must change
 * a row, a repair of linked values by reindex, dk_log_keep (store/log_table.h) writes the contents down first.
 *
 * "publish" has key, fields and outline as the public sees them, and a seal: SHA-256 of a secret of 256 random bits,
 * kept beside the entry and shown to nobody, and of every column of the row, hidden ones and the exact outline too.
 * Whoever has the store can check with it that nothing in the row was changed; nobody else learns anything by it.
 * "withdraw" has kind, key and feature only.
 *
 * Of one key, the entry that was added last says how it stands: a version that takes another's place is a "publish". */
#ifndef DK_STORE_LOG_ROW_H
#define DK_STORE_LOG_ROW_H

#include "store/handle.h"
#include "store/log_leaf.h"

/* Whether rows of a kind are in the log: whether the public sees anything of them. */
bool dk_log_has_kind(const dk_kind *kind);

/* Statements and memory; one thread at a time. Borrows the store. */
typedef struct dk_log_rows dk_log_rows;
dk_status dk_log_rows_open(dk_store *store, dk_log_rows **ret_rows, dk_error *err);
void dk_log_rows_close(dk_log_rows *rows); /* NULL-safe */

/* Appends the content of an entry about a row version, by the catalogue of its generation. DK_CORRUPT: the row is
 * missing or has no outline; DK_INVALID: it has what cannot be written (store/log_content.h); DK_NOT_FOUND: the
 * catalogue has no such kind. */
dk_status dk_log_row_content(dk_log_rows *rows, const char *kind, int64_t row, const char *event, int64_t generation,
                             const dk_salt *seal, dk_buf *out, dk_error *err);
/* An entry about a row on its way into the log. */
typedef struct dk_log_task {
    const char *kind, *event; /* borrowed; event: "publish" or "withdraw" */
    int64_t row, generation;
    dk_salt salt, seal;
    dk_digest leaf; /* once it is made */
    enum { DK_LOG_TASK_WAITS, DK_LOG_TASK_UNDER_WAY, DK_LOG_TASK_MADE, DK_LOG_TASK_LEFT } state;
} dk_log_task;
/* Tells of the content of each task that has one, by its number, in their order: as dk_log_row_content, with one
 * statement for all of a kind and generation that follow each other. Of what it leaves out, dk_log_row_content says
 * why. */
void dk_log_row_contents(dk_log_rows *rows, const dk_log_task *tasks, size_t n,
                         void (*each)(size_t number, const void *content, size_t size, void *user), void *user);
/* Whether the public sees of a row now what it saw by the catalogue of a generation, which may be the one in force. */
dk_status dk_log_row_seen_alike(dk_log_rows *rows, const char *kind, int64_t row, int64_t generation, bool *ret_alike,
                                dk_error *err);

#endif
