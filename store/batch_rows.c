#include "store/batch_rows.h"

#include "store/handle.h"
#include "store/linked.h"

#include <string.h>

static dk_status prepare(dk_store *store, const dk_kind *kind, sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    dk_buf_format(&sql, "SELECT r.row,r.source_row,s.name,%s FROM row_%s r LEFT JOIN dikuai_source s ON s.id=r.source ",
                  layer ? "p.rule,p.detail,p.before_m2,p.after_m2" : "NULL,NULL,0,0", kind->name);
    if (layer)
        dk_buf_format(&sql, "LEFT JOIN repair_%s p ON p.row=r.row ", kind->name);
    dk_buf_text(&sql, "WHERE r.batch=?1 AND r.row>?2");
    dk_linked_append_originals(kind, &sql);
    dk_buf_text(&sql, " ORDER BY r.row");
    const char *text = dk_buf_cstr(&sql);
    const dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, ret_stmt, err);
    dk_buf_finish(&sql);
    return status;
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "";
}

dk_status dk_batch_rows(dk_store *store, const dk_kind *kind, int64_t batch,
                        dk_status (*each)(const dk_batch_row *row, void *user), void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = prepare(store, kind, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_int64(stmt, 2, 0);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        dk_stored_row stored = {0};
        status = dk_stored_row_read(store, kind, sqlite3_column_int64(stmt, 0), true, &stored, err);
        if (status != DK_OK)
            break;
        dk_batch_row row = {.row = stored.row,
                            .replaces = stored.replaces,
                            .source_row = sqlite3_column_int64(stmt, 1),
                            .source = text_of(stmt, 2),
                            .key = stored.key,
                            .values = stored.values};
        if (stored.blob != NULL && !dk_gpkg_empty(stored.blob, stored.blob_size))
            row.wkb = dk_gpkg_wkb(stored.blob, stored.blob_size, &row.wkb_size);
        if (sqlite3_column_type(stmt, 3) == SQLITE_TEXT)
            row.repair = (dk_repair){text_of(stmt, 3), text_of(stmt, 4), sqlite3_column_double(stmt, 5),
                                     sqlite3_column_double(stmt, 6)};
        status = each(&row, user);
        dk_stored_row_release(&stored);
        if (status != DK_OK)
            break;
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_kind_has_rows(dk_store *store, const dk_kind *kind, bool *ret_has, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        store, "SELECT 1 FROM dikuai_batch WHERE kind=?1 AND state IN ('staged','published') LIMIT 1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
    status = dk_sql_step(store, stmt, err);
    sqlite3_finalize(stmt);
    *ret_has = status == DK_OK;
    return status == DK_END ? DK_OK : status;
}
