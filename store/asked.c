#include "store/asked.h"

#include "store/act.h"
#include "store/handle.h"

#include <string.h>

#define FILES_OF "SELECT f.sha256 FROM dikuai_file f JOIN dikuai_source s ON s.id=f.source WHERE s.batch="
#define FILES_NOW FILES_OF "?1"
#define FILES_THEN FILES_OF "?2"

/* 1: the load under way, 2: the staged batch, 3: its rows, 4 and 5: who loads. */
static const char same_load[] = "SELECT 1 FROM dikuai_batch b JOIN dikuai_asked q ON q.batch=b.id"
                                " JOIN dikuai_act a ON a.batch=b.id AND a.act='loaded'"
                                " WHERE b.id=?2 AND b.state='staged' AND b.rows=?3 AND a.actor=?4 AND a.account=?5"
                                " AND NOT EXISTS(SELECT 1 FROM dikuai_schedule WHERE batch=?2)"
                                " AND EXISTS(" FILES_NOW ")"
                                " AND NOT EXISTS(" FILES_NOW " EXCEPT " FILES_THEN ")"
                                " AND NOT EXISTS(" FILES_THEN " EXCEPT " FILES_NOW ")";

/* 1: behind which batch, 2: the kind, 3: the batch that the attach under way has made, 4 and 5: who attaches. */
static const char staged_attach[] =
    "SELECT b.id FROM dikuai_batch b JOIN dikuai_asked q ON q.batch=b.id"
    " JOIN dikuai_act a ON a.batch=b.id AND a.act='loaded'"
    " WHERE b.id>?1 AND b.kind=?2 AND b.id<>?3 AND b.state='staged' AND a.actor=?4 AND a.account=?5"
    " AND NOT EXISTS(SELECT 1 FROM dikuai_schedule WHERE batch=b.id)"
    " AND NOT EXISTS(SELECT 1 FROM dikuai_source WHERE batch=b.id)"
    " AND EXISTS(SELECT 1 FROM dikuai_attachment WHERE batch=b.id) ORDER BY b.id";

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

/* As parameters 4 and 5. */
static void bind_person(dk_store *store, sqlite3_stmt *stmt, const char *actor)
{
    const char *account = dk_store_account(store), *colon = strchr(account, ':');
    sqlite3_bind_text(stmt, 4, actor != NULL ? actor : colon != NULL ? colon + 1 : account, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, account, -1, SQLITE_STATIC);
}

dk_status dk_asked_again(dk_store *store, int64_t batch, int64_t staged, int64_t rows, const char *actor,
                         bool *ret_again, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *ret_again = false;
    dk_status status = dk_sql_prepare(store, same_load, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_int64(stmt, 2, staged);
    sqlite3_bind_int64(stmt, 3, rows);
    bind_person(store, stmt, actor);
    status = dk_sql_step(store, stmt, err);
    *ret_again = status == DK_OK;
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Whether all attachments of a batch are in the list, which is sorted. */
static dk_status all_met(dk_store *store, int64_t batch, const dk_id_list *met, bool *ret_all, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t at = 0;
    bool all = true;
    dk_status status = dk_sql_prepare(store, "SELECT id FROM dikuai_attachment WHERE batch=?1 ORDER BY id", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    while (all && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t id = sqlite3_column_int64(stmt, 0);
        while (at < met->n && met->ids[at] < id)
            at++;
        all = at < met->n && met->ids[at] == id;
    }
    sqlite3_finalize(stmt);
    *ret_all = all;
    return status == DK_END ? DK_OK : status;
}

dk_status dk_asked_attached(dk_store *store, const dk_attaching *attaching, int64_t after, const char *actor,
                            int64_t *ret_batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int64_t found = 0;
    dk_status status = dk_sql_prepare(store, staged_attach, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_text(stmt, 2, attaching->kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, attaching->batch);
    bind_person(store, stmt, actor);
    while (found == 0 && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t batch = sqlite3_column_int64(stmt, 0);
        bool all = false;
        status = all_met(store, batch, &attaching->met, &all, err);
        if (status != DK_OK)
            break;
        found = all ? batch : 0;
    }
    sqlite3_finalize(stmt);
    if (status == DK_OK || status == DK_END)
        *ret_batch = found;
    return status == DK_END ? DK_OK : status;
}
