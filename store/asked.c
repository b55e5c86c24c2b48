#include "store/asked.h"

#include "store/act.h"
#include "store/handle.h"

#include <string.h>

#define FILES_OF "SELECT f.sha256 FROM dikuai_file f JOIN dikuai_source s ON s.id=f.source WHERE s.batch="
#define FILES_NOW FILES_OF "?1"
#define FILES_THEN FILES_OF "?2"

/* 1: the load under way, 2: the staged batch, 3: its rows, 4 and 5: who loads. */
static const char same_load[] =
    "SELECT 1 FROM dikuai_batch b JOIN dikuai_asked q ON q.batch=b.id"
    " JOIN dikuai_act a ON a.batch=b.id AND a.act='loaded'"
    " WHERE b.id=?2 AND b.state='staged' AND b.rows=?3 AND a.actor=?4 AND a.account=?5"
    " AND NOT EXISTS(SELECT 1 FROM dikuai_schedule WHERE batch=?2)"
    " AND EXISTS(" FILES_NOW ")"
    " AND NOT EXISTS(" FILES_NOW " EXCEPT " FILES_THEN ")"
    " AND NOT EXISTS(" FILES_THEN " EXCEPT " FILES_NOW ")";

dk_status dk_asked_prepare(dk_store *store, dk_error *err)
{
    return dk_sql_run(store, "CREATE TABLE IF NOT EXISTS dikuai_asked(batch INTEGER PRIMARY KEY)", err);
}

dk_status dk_asked_note(dk_store *store, int64_t batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, "INSERT OR IGNORE INTO dikuai_asked(batch) VALUES(?1)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_asked_again(dk_store *store, int64_t batch, int64_t staged, int64_t rows, const char *actor,
                         bool *ret_again, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const char *account = dk_store_account(store), *colon = strchr(account, ':');
    *ret_again = false;
    dk_status status = dk_sql_prepare(store, same_load, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_int64(stmt, 2, staged);
    sqlite3_bind_int64(stmt, 3, rows);
    sqlite3_bind_text(stmt, 4, actor != NULL ? actor : colon != NULL ? colon + 1 : account, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, account, -1, SQLITE_STATIC);
    status = dk_sql_step(store, stmt, err);
    *ret_again = status == DK_OK;
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}
