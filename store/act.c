#include "store/act.h"

#include "store/handle.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *dk_store_account(dk_store *store)
{
    if (store->account[0] == '\0') {
        struct passwd entry, *found = NULL;
        char room[1024];
        if (getpwuid_r(getuid(), &entry, room, sizeof room, &found) == 0 && found != NULL)
            snprintf(store->account, sizeof store->account, "user:%.60s", found->pw_name);
        else
            snprintf(store->account, sizeof store->account, "user:%lu", (unsigned long)getuid());
    }
    return store->account;
}

void dk_store_act_as(dk_store *store, const char *account)
{
    snprintf(store->account, sizeof store->account, "%s", account);
}

static const char *const act_names[] = {"loaded",      "justified", "approved",  "rejected",  "scheduled",
                                        "unscheduled", "published", "withdrawn", "catalogue", "lapsed"};

const char *dk_act_name(dk_act_kind kind)
{
    return act_names[kind];
}

dk_status dk_act_write(dk_store *store, int64_t batch, dk_act_kind kind, const char *actor, const char *reason,
                       int64_t generation, int64_t *ret_id, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char now[24];
    const char *account = dk_store_account(store), *colon = strchr(account, ':');
    dk_now(now);
    dk_status status = dk_sql_prepare(store,
                                      "INSERT INTO dikuai_act(batch,act,actor,account,at,reason,generation)"
                                      " VALUES(?1,?2,?3,?4,?5,?6,?7)",
                                      &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_text(stmt, 2, act_names[kind], -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, actor != NULL ? actor : colon != NULL ? colon + 1 : account, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, account, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 5, now, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 6, reason != NULL ? reason : "", -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 7, generation);
    status = dk_sql_done(store, stmt, err);
    if (status == DK_OK && ret_id != NULL)
        *ret_id = sqlite3_last_insert_rowid(store->db);
    sqlite3_finalize(stmt);
    return status;
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "";
}

dk_status dk_acts(dk_store *store, int64_t batch, bool (*each)(const dk_act *act, void *user), void *user,
                  dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        store, "SELECT id,act,actor,account,at,reason,generation FROM dikuai_act WHERE batch=?1 ORDER BY id", &stmt,
        err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const dk_act act = {.id = sqlite3_column_int64(stmt, 0),
                            .batch = batch,
                            .kind = text_of(stmt, 1),
                            .actor = text_of(stmt, 2),
                            .account = text_of(stmt, 3),
                            .at = text_of(stmt, 4),
                            .reason = text_of(stmt, 5),
                            .generation = sqlite3_column_int64(stmt, 6)};
        if (!each(&act, user)) {
            status = DK_END;
            break;
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_store_generations(dk_store *store, bool (*each)(const dk_generation_row *row, void *user), void *user,
                               dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(store,
                       "SELECT g.number,g.at,g.action,g.actor,a.account,g.batch,g.reason,b.kind,b.title"
                       " FROM dikuai_generation g LEFT JOIN dikuai_act a ON a.batch=g.batch AND"
                       " a.generation=g.number LEFT JOIN dikuai_batch b ON b.id=g.batch ORDER BY g.number",
                       &stmt, err);
    if (status != DK_OK)
        return status;
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const dk_generation_row row = {.number = sqlite3_column_int64(stmt, 0),
                                       .at = text_of(stmt, 1),
                                       .action = text_of(stmt, 2),
                                       .actor = text_of(stmt, 3),
                                       .account = text_of(stmt, 4),
                                       .batch = sqlite3_column_int64(stmt, 5),
                                       .reason = text_of(stmt, 6),
                                       .kind = text_of(stmt, 7),
                                       .title = text_of(stmt, 8)};
        if (!each(&row, user)) {
            status = DK_END;
            break;
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}
