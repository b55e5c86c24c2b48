/* Fields whose values follow from linked rows (`linked` in the catalogue): when a parcel was approved, whether all that
 * was owed for it is paid.
 *
 * A row never changes. Where such a value does, another version of the row takes its place from that generation on: a
 * copy of the same key, feature, batch and source with the other value. So each generation has its own values, and all
 * that reads rows (filters, tiles, statistics, downloads) reads them like any others. A row has at most one version for
 * each set of values: one that was left is taken up again.
 *
 * A value that is not public never gets to more viewers than may see where it comes from: where a linked row is in a
 * division whose staff need not be the same, the field stays empty. */
#ifndef DK_STORE_LINKED_H
#define DK_STORE_LINKED_H

#include "store/handle.h"

/* Sets the linked fields of a row with these other values, by the rows that are published in a generation; the others
 * stay. Of a kind without such fields: nothing. memory is cleared and keeps the texts. */
dk_status dk_linked_values(dk_store *store, const dk_kind *kind, const char *key, dk_value *values, int64_t generation,
                           dk_buf *memory, dk_error *err);

/* ---- versions, of kinds with linked fields ---- */

/* The row as it was loaded, of which another is a version; of all other rows (and kinds) the row itself. */
dk_status dk_linked_original(dk_store *store, const dk_kind *kind, int64_t row, int64_t *ret_original, dk_error *err);
/* The version of a row that has the values of a generation: itself, another one, or a new one, whose terms are written
 * and due to be flushed. Within the caller's transaction. */
dk_status dk_linked_version(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation,
                            dk_term_writer *terms, int64_t *ret_row, dk_error *err);
/* The version of a row that is published in a generation, 0: none. */
dk_status dk_linked_alive(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation, int64_t *ret_row,
                          dk_error *err);

/* Notes by which generation the linked values of a batch were found, and whether they still hold in the next one. */
dk_status dk_linked_asked(dk_store *store, const dk_kind *kind, int64_t batch, int64_t generation, dk_error *err);
dk_status dk_linked_current(dk_store *store, const dk_kind *kind, int64_t batch, bool *ret_current, dk_error *err);

/* ---- what follows when linked rows come and go (linked_change.c) ---- */

struct dk_publication_log;
struct dk_clock_change;

/* Brings all that follows from rows of a kind that came or went with a generation up to it: versions, lives and the
 * index, in bounded transactions. Costs what is linked to these rows. */
dk_status dk_linked_change(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n, int64_t generation,
                           struct dk_publication_log *log, struct dk_clock_change *clock, dk_error *err);
/* Compares the linked values of a kind's rows that are published in a generation with what they should be. */
dk_status dk_linked_verify(dk_store *store, const dk_kind *kind, int64_t generation,
                           void (*tell)(const char *sentence, void *user), void *user, dk_error *err);
/* Sets those that are wrong, in place: for reindex. *ret_changed: how many rows. */
dk_status dk_linked_mend(dk_store *store, const dk_kind *kind, int64_t generation, struct dk_publication_log *log,
                         int64_t *ret_changed, dk_error *err);

/* ---- SQL ---- */

/* Appends the condition that r, a row of the kind, is no version of another; nothing for kinds without linked fields. */
void dk_linked_append_originals(const dk_kind *kind, dk_buf *sql);
void dk_linked_append_sql(const dk_kind *kind, dk_stmt_id id, dk_buf *sql);

#endif
