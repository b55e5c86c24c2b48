/* dk_feed(POINTER): rows in memory as a table, so that one statement writes or reads many (SQLite, "The Virtual Table
 * Mechanism": an eponymous, read-only table with a hidden column):
 *
 *     INSERT OR FAIL INTO t(a,b) SELECT c0,c1 FROM dk_feed(?1)
 *
 * A statement for each row begins, seeks and ends for each; in this way a row takes about half the time. OR FAIL, since
 * SQLite would else keep a copy of each page that it changes until the statement ends. So a failure may leave some of
 * the rows: the transaction is to be rolled back. */
#ifndef DK_STORE_FEED_TABLE_H
#define DK_STORE_FEED_TABLE_H

#include "store/handle.h"

/* Columns c0, c1, … that there are: those of a row of the widest kind. */
#define DK_FEED_COLUMNS (DK_MAX_FIELDS + 8)

typedef struct dk_feed {
    const void *rows;
    size_t n;
    /* Gives a value of row i with one of sqlite3_result_…; what it points to stays as it is while the statement runs.
     */
    void (*value)(const void *rows, size_t i, int column, sqlite3_context *ret_value);
} dk_feed;

/* Makes the table known to a connection. */
dk_status dk_feed_register(sqlite3 *db, dk_error *err);
/* Makes rows parameter 1 of a statement; to be bound to nothing when it is done with. */
dk_status dk_feed_bind(sqlite3_stmt *stmt, const dk_feed *feed, dk_error *err);
/* Runs a statement over rows that has no result; what else is bound stays. */
dk_status dk_feed_run(dk_store *store, sqlite3_stmt *stmt, const dk_feed *feed, dk_error *err);

#endif
