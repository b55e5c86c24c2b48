#include "store/facts.h"

#include "store/handle.h"

#include <string.h>

dk_status dk_facts_count(dk_store *store, int64_t batch, const char *name, int64_t value, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(store, "INSERT OR REPLACE INTO dikuai_count(batch,name,value) VALUES(?1,?2,?3)", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 3, value);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_facts_note(dk_store *store, int64_t batch, int64_t number, const char *text, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, "INSERT INTO dikuai_note(batch,number,text) VALUES(?1,?2,?3)", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int64(stmt, 2, number);
        sqlite3_bind_text(stmt, 3, text, -1, SQLITE_STATIC);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_facts_reject(dk_store *store, int64_t batch, int64_t number, const dk_reject *reject, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store,
                                      "INSERT INTO dikuai_reject(batch,number,source,source_row,key,reason,outline)"
                                      " VALUES(?1,?2,?3,?4,?5,?6,?7)",
                                      &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int64(stmt, 2, number);
        sqlite3_bind_text(stmt, 3, reject->source, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 4, reject->source_row);
        sqlite3_bind_text(stmt, 5, reject->key, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 6, reject->reason, -1, SQLITE_STATIC);
        if (reject->n_points > 0)
            sqlite3_bind_blob64(stmt, 7, reject->outline, reject->n_points * 2 * sizeof *reject->outline,
                                SQLITE_STATIC);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "";
}

typedef bool (*give_fn)(sqlite3_stmt *stmt, const dk_facts_reader *reader);

static bool give_file(sqlite3_stmt *stmt, const dk_facts_reader *reader)
{
    if (sqlite3_column_int64(stmt, 1) <= 1 && !reader->source(text_of(stmt, 0), reader->user))
        return false;
    return sqlite3_column_type(stmt, 1) == SQLITE_NULL ||
           reader->file(text_of(stmt, 2), sqlite3_column_int64(stmt, 3), text_of(stmt, 4), reader->user);
}

static bool give_count(sqlite3_stmt *stmt, const dk_facts_reader *reader)
{
    return reader->count(text_of(stmt, 0), sqlite3_column_int64(stmt, 1), reader->user);
}

static bool give_note(sqlite3_stmt *stmt, const dk_facts_reader *reader)
{
    return reader->note(text_of(stmt, 0), reader->user);
}

static bool give_reject(sqlite3_stmt *stmt, const dk_facts_reader *reader)
{
    const size_t size = (size_t)sqlite3_column_bytes(stmt, 4);
    const dk_reject reject = {.source = text_of(stmt, 0),
                              .source_row = sqlite3_column_int64(stmt, 1),
                              .key = text_of(stmt, 2),
                              .reason = text_of(stmt, 3),
                              .outline = sqlite3_column_blob(stmt, 4),
                              .n_points = size / (2 * sizeof(double))};
    return reader->reject(&reject, reader->user);
}

dk_status dk_facts_read(dk_store *store, int64_t batch, const dk_facts_reader *reader, dk_error *err)
{
    static const struct {
        const char *sql;
        give_fn give;
    } parts[] = {
        {"SELECT s.name,f.number,f.name,f.bytes,f.sha256 FROM dikuai_source s LEFT JOIN dikuai_file f ON f.source=s.id"
         " WHERE s.batch=?1 ORDER BY s.id,f.number",
         give_file},
        {"SELECT name,value FROM dikuai_count WHERE batch=?1 ORDER BY name", give_count},
        {"SELECT text FROM dikuai_note WHERE batch=?1 ORDER BY number", give_note},
        {"SELECT source,source_row,key,reason,outline FROM dikuai_reject WHERE batch=?1 ORDER BY number", give_reject},
    };
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < sizeof parts / sizeof *parts; i++) {
        sqlite3_stmt *stmt = NULL;
        status = dk_sql_prepare(store, parts[i].sql, &stmt, err);
        if (status == DK_OK)
            sqlite3_bind_int64(stmt, 1, batch);
        while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK)
            if (!parts[i].give(stmt, reader))
                status = dk_fail(err, DK_NOMEM, "out of memory");
        sqlite3_finalize(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    return status;
}
