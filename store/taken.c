#include "store/taken.h"

#include "store/handle.h"

#include <inttypes.h>
#include <string.h>

dk_status dk_taken_prepare(dk_store *store, dk_error *err)
{
    return dk_sql_run(store,
                      "CREATE TABLE IF NOT EXISTS dikuai_taken(batch INTEGER NOT NULL, of INTEGER NOT NULL,"
                      " PRIMARY KEY(batch,of)) WITHOUT ROWID",
                      err);
}

/* sql: about a batch (?1) and the other (?2). */
static dk_status change(dk_store *store, const char *sql, int64_t batch, int64_t of, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_int64(stmt, 2, of);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_taken_note(dk_store *store, int64_t batch, int64_t of, dk_error *err)
{
    return change(store, "INSERT OR IGNORE INTO dikuai_taken VALUES(?1,?2)", batch, of, err);
}

dk_status dk_taken_forget(dk_store *store, int64_t batch, int64_t of, dk_error *err)
{
    return change(store, "DELETE FROM dikuai_taken WHERE batch=?1 AND of=?2", batch, of, err);
}

dk_status dk_taken_gate(dk_store *store, int64_t batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(store,
                       "SELECT t.of,coalesce(b.kind,''),coalesce(b.state,'withdrawn') FROM dikuai_taken t"
                       " LEFT JOIN dikuai_batch b ON b.id=t.of WHERE t.batch=?1 AND"
                       " coalesce(b.state,'')<>'published' ORDER BY t.of LIMIT 1",
                       &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    status = dk_sql_step(store, stmt, err);
    if (status == DK_OK) {
        const int64_t of = sqlite3_column_int64(stmt, 0);
        const char *kind = (const char *)sqlite3_column_text(stmt, 1),
                   *state = (const char *)sqlite3_column_text(stmt, 2);
        if (strcmp(state, "withdrawn") == 0)
            status =
                dk_fail(err, DK_CONFLICT,
                        "batch %" PRId64 " took over values from batch %" PRId64 " (%s), which was withdrawn; withdraw "
                        "this one, too, and load its source again",
                        batch, of, kind);
        else
            status = dk_fail(err, DK_CONFLICT,
                             "batch %" PRId64 " took over values from batch %" PRId64
                             " (%s), which is not published; publish "
                             "that one first",
                             batch, of, kind);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}
