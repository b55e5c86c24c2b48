#include "store/access_audit.h"

#include "store/access_file.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

dk_status dk_audit_add(dk_access *access, const dk_audit *event, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_AUDIT_INSERT, &stmt, err);
    if (status != DK_OK)
        return status;
    const char *const texts[] = {event->name, event->way, event->what, event->kind, event->key, event->detail};
    sqlite3_bind_int64(stmt, 1, event->at);
    sqlite3_bind_int64(stmt, 2, event->token);
    for (int i = 0; i < 6; i++)
        sqlite3_bind_text(stmt, i + 3, texts[i], -1, SQLITE_STATIC);
    if (event->rows >= 0)
        sqlite3_bind_int64(stmt, 9, event->rows);
    sqlite3_bind_text(stmt, 10, event->address, -1, SQLITE_STATIC);
    return dk_access_done(access, stmt, "writing the audit trail", err);
}

dk_status dk_audit_begin(dk_access *access, dk_error *err)
{
    return dk_access_begin(access, err);
}

dk_status dk_audit_end(dk_access *access, dk_status status, dk_error *err)
{
    return dk_access_end(access, status, err);
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

static const char *text_or_empty(sqlite3_stmt *stmt, int column)
{
    const char *text = text_of(stmt, column);
    return text != NULL ? text : "";
}

dk_status dk_audit_list(dk_access *access, int64_t from, int64_t before, const char *name,
                        bool (*each)(const dk_audit *event, void *user), void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(access->db,
                           "SELECT id,at,token,name,way,what,kind,key,detail,rows,address FROM audit"
                           " WHERE at>=?1 AND (?2=0 OR at<?2) AND (?3 IS NULL OR name=?3) ORDER BY at,id",
                           -1, &stmt, NULL) != SQLITE_OK)
        return dk_access_fail(access, err, "reading the audit trail");
    sqlite3_bind_int64(stmt, 1, from);
    sqlite3_bind_int64(stmt, 2, before);
    sqlite3_bind_text(stmt, 3, name, -1, SQLITE_STATIC);
    dk_status status;
    while ((status = dk_access_step(access, stmt, "reading the audit trail", err)) == DK_OK) {
        const dk_audit event = {
            .id = sqlite3_column_int64(stmt, 0),
            .at = sqlite3_column_int64(stmt, 1),
            .token = sqlite3_column_int64(stmt, 2),
            .name = text_or_empty(stmt, 3),
            .way = text_or_empty(stmt, 4),
            .what = text_or_empty(stmt, 5),
            .kind = text_of(stmt, 6),
            .key = text_of(stmt, 7),
            .detail = text_of(stmt, 8),
            .rows = sqlite3_column_type(stmt, 9) == SQLITE_NULL ? -1 : sqlite3_column_int64(stmt, 9),
            .address = text_of(stmt, 10),
        };
        if (!each(&event, user)) {
            status = DK_END;
            break;
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status forget(dk_access *access, int64_t before, const char *actor, int64_t *ret_n, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char detail[40];
    struct tm utc;
    const time_t time = before;
    if (sqlite3_prepare_v2(access->db, "DELETE FROM audit WHERE at<?1", -1, &stmt, NULL) != SQLITE_OK)
        return dk_access_fail(access, err, "forgetting");
    sqlite3_bind_int64(stmt, 1, before);
    dk_status status = dk_access_step(access, stmt, "forgetting", err);
    sqlite3_finalize(stmt);
    if (status != DK_END)
        return status;
    const int64_t n = sqlite3_changes64(access->db);
    gmtime_r(&time, &utc);
    strftime(detail, sizeof detail, "before %Y-%m-%dT%H:%M:%SZ", &utc);
    const dk_audit event = {.at = dk_access_now(),
                            .name = "",
                            .way = "ingest",
                            .what = "forget",
                            .key = actor,
                            .detail = detail,
                            .rows = n};
    status = dk_audit_add(access, &event, err);
    if (status == DK_OK)
        *ret_n = n;
    return status;
}

dk_status dk_audit_forget(dk_access *access, int64_t before, const char *actor, int64_t *ret_n, dk_error *err)
{
    int64_t n = 0;
    dk_status status = dk_access_begin(access, err);
    if (status == DK_OK)
        status = dk_access_end(access, forget(access, before, actor, &n, err), err);
    if (status != DK_OK)
        return status;
    /* The log still has the pages as they were. Where a reader is in its way, it is overwritten later. */
    sqlite3_wal_checkpoint_v2(access->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    *ret_n = n;
    return DK_OK;
}
