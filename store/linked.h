/* Fields whose values follow from linked rows (`linked` in the catalogue): when a parcel was approved, whether all that
 * was owed for it is paid; and the one that follows from them and the day, how disclosure stands (disclosure.h).
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

#include "store/clock_sets.h"
#include "store/handle.h"

struct dk_publication_log;
struct dk_clock_change;

/* Sets the linked fields of a row with these other values, by the rows that are published in a generation; the others
 * stay. Of a kind without such fields: nothing. memory is cleared and keeps the texts. states: finds how disclosure
 * stands; NULL: no enabled obligation is about the kind, and that field stays empty. */
dk_status dk_linked_values(dk_store *store, const dk_kind *kind, const char *key, dk_value *values, int64_t generation,
                           dk_clock_finder *states, dk_buf *memory, dk_error *err);

/* ---- versions, of kinds with linked fields ---- */

/* The row as it was loaded, of which another is a version; of all other rows (and kinds) the row itself. */
dk_status dk_linked_original(dk_store *store, const dk_kind *kind, int64_t row, int64_t *ret_original, dk_error *err);
/* The version of a row that has the values of a generation: itself, another one, or a new one, whose terms are written
 * and due to be flushed. Within the caller's transaction. clock: of the change under way. */
dk_status dk_linked_version(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation,
                            struct dk_clock_change *clock, dk_term_writer *terms, int64_t *ret_row, dk_error *err);
/* The version of a row that is published in a generation, 0: none. */
dk_status dk_linked_alive(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation, int64_t *ret_row,
                          dk_error *err);

/* Notes by which generation and for which day the linked values of a batch were found, and whether they still hold in
 * the next generation and on that day. */
dk_status dk_linked_asked(dk_store *store, const dk_kind *kind, int64_t batch, int64_t generation, int32_t day,
                          dk_error *err);
dk_status dk_linked_current(dk_store *store, const dk_kind *kind, int64_t batch, int32_t day, bool *ret_current,
                            dk_error *err);

/* ---- what follows when rows come and go, and days (linked_change.c) ---- */

/* What comes and goes of a kind, for its index. Zero-initialised is empty. */
typedef struct dk_row_changes {
    dk_change_row *rows;
    size_t n, capacity;
    bool again; /* a version that came may have gone again */
} dk_row_changes;
dk_status dk_row_changes_add(dk_row_changes *changes, int64_t row, int sign, const double envelope[4], dk_error *err);

/* A change of the store under way. The caller sets the first four, and the others to zero; dk_linked_finish frees. */
typedef struct dk_linked_follower {
    dk_store *store;
    int64_t generation;
    struct dk_publication_log *log;
    struct dk_clock_change *clock;
    dk_row_changes changes[DK_MAX_KINDS]; /* by kind */
} dk_linked_follower;
void dk_linked_finish(dk_linked_follower *follower);

/* Brings what follows from rows of a kind that came or went with the generation up to it: versions and lives, in
 * bounded transactions. Costs what is linked to these rows. Then dk_clock_change_follow. */
dk_status dk_linked_change(dk_linked_follower *follower, const dk_kind *kind, const int64_t *rows, size_t n,
                           dk_error *err);
/* The same of how disclosure stands, after dk_clock_change_follow: of rows whose facts have changed, and of those for
 * which the day has come. *ret_n: of so many rows it is another now. */
dk_status dk_linked_turn(dk_linked_follower *follower, int64_t *ret_n, dk_error *err);
/* Then the indexes of all kinds. progress: of that kind's; kind NULL: of none. */
dk_status dk_linked_index(dk_linked_follower *follower, const dk_kind *kind, dk_progress progress, void *user,
                          dk_error *err);

/* Compares the linked values of a kind's rows that are published in a generation with what they should be. held_back:
 * by a catalogue that is held back (store/catalogue_version.h), which has no obligations: rows still say how those
 * before stand. */
dk_status dk_linked_verify(dk_store *store, const dk_kind *kind, int64_t generation, bool held_back,
                           void (*tell)(const char *sentence, void *user), void *user, dk_error *err);
/* Sets those that are wrong, in place, in the caller's transaction: for reindex and new catalogues. How disclosure
 * stands is found from the values of linked rows, which come first. *ret_changed: how many rows. */
dk_status dk_linked_mend(dk_store *store, const dk_kind *kind, int64_t generation, struct dk_publication_log *log,
                         struct dk_clock_change *clock, int64_t *ret_changed, dk_error *err);

/* ---- SQL ---- */

/* Appends the condition that r, a row of the kind, is no version of another; nothing for kinds without linked fields.
 */
void dk_linked_append_originals(const dk_kind *kind, dk_buf *sql);
void dk_linked_append_sql(const dk_kind *kind, dk_stmt_id id, dk_buf *sql);

#endif
