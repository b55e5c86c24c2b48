#include "store/catalogue_version.h"

#include "store/catalogue_stricter.h"
#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

/* Stores made before catalogues could change have no such table yet. */
static const char table[] =
    "CREATE TABLE IF NOT EXISTS dikuai_stricter(generation INTEGER NOT NULL, number INTEGER NOT NULL,"
    " yaml TEXT NOT NULL, PRIMARY KEY(generation,number)) WITHOUT ROWID";

static dk_status prepare(dk_store *store, const char *sql, int64_t a, sqlite3_stmt **ret_stmt, dk_error *err)
{
    const dk_status status = dk_sql_prepare(store, sql, ret_stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(*ret_stmt, 1, a);
    return status;
}

/* One number; fallback where there is no row. */
static dk_status ask(dk_store *store, const char *sql, int64_t a, int64_t fallback, int64_t *ret_number, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = prepare(store, sql, a, &stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(store, stmt, err);
    if (status == DK_OK || status == DK_END)
        *ret_number =
            status == DK_OK && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? sqlite3_column_int64(stmt, 0) : fallback;
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status held_back(dk_store *store, int64_t since, int64_t *ret_n, dk_error *err)
{
    int64_t tables = 0;
    *ret_n = 0;
    dk_status status =
        ask(store, "SELECT count(*) FROM sqlite_master WHERE name='dikuai_stricter' AND ?1>=0", 0, 0, &tables, err);
    if (status == DK_OK && tables > 0)
        status = ask(store, "SELECT count(*) FROM dikuai_stricter WHERE generation=?1", since, 0, ret_n, err);
    return status;
}

dk_status dk_catalogue_held_back(dk_store *store, int64_t since, bool *ret_held_back, dk_error *err)
{
    int64_t n = 0;
    const dk_status status = held_back(store, since, &n, err);
    *ret_held_back = n > 0;
    return status;
}

static dk_status since_when(dk_store *store, int64_t generation, int64_t *ret_since, dk_error *err)
{
    const dk_status status =
        ask(store, "SELECT max(generation) FROM dikuai_catalogue WHERE generation<=?1", generation, -1, ret_since, err);
    return status == DK_OK && *ret_since < 0 ? dk_fail(err, DK_CORRUPT, "%s: has no catalogue", store->path) : status;
}

dk_status dk_catalogue_text_at(dk_store *store, int64_t generation, char **ret_text, size_t *ret_size,
                               bool *ret_held_back, dk_error *err)
{
    int64_t since = 0, n = 0;
    sqlite3_stmt *stmt = NULL;
    dk_status status = since_when(store, generation, &since, err);
    if (status == DK_OK)
        status = held_back(store, since, &n, err);
    if (status == DK_OK)
        status = prepare(store, "SELECT yaml FROM dikuai_catalogue WHERE generation=?1", since, &stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(store, stmt, err);
    if (status == DK_OK) {
        const char *yaml = (const char *)sqlite3_column_text(stmt, 0);
        const size_t size = (size_t)sqlite3_column_bytes(stmt, 0);
        if ((*ret_text = malloc(size + 1)) == NULL) {
            status = dk_fail(err, DK_NOMEM, "out of memory");
        } else {
            if (size > 0)
                memcpy(*ret_text, yaml, size);
            (*ret_text)[size] = '\0';
            *ret_size = size;
            *ret_held_back = n > 0;
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? dk_fail(err, DK_CORRUPT, "%s: has no catalogue", store->path) : status;
}

dk_status dk_catalogue_at(dk_store *store, int64_t generation, dk_catalogue **ret_catalogue, int64_t *ret_since,
                          dk_error *err)
{
    char *text = NULL;
    size_t size = 0;
    bool is_held_back = false;
    dk_catalogue *catalogue = NULL;
    sqlite3_stmt *stmt = NULL;
    dk_status status = since_when(store, generation, ret_since, err);
    if (status == DK_OK)
        status =
            dk_catalogue_text_at(store, *ret_since, &text, &size, &is_held_back, err); /* whatever comes meanwhile */
    if (status == DK_OK)
        status = dk_catalogue_parse_kept(text, size, store->path, &catalogue, err);
    free(text);
    if (status == DK_OK && is_held_back) {
        status = prepare(store, "SELECT yaml FROM dikuai_stricter WHERE generation=?1 ORDER BY number", *ret_since,
                         &stmt, err);
        while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
            const char *yaml = (const char *)sqlite3_column_text(stmt, 0);
            dk_catalogue *other = NULL;
            status = dk_catalogue_parse_kept(yaml != NULL ? yaml : "", (size_t)sqlite3_column_bytes(stmt, 0),
                                             store->path, &other, err);
            if (status == DK_OK)
                dk_catalogue_hold_back(catalogue, other);
            dk_catalogue_free(other);
        }
        sqlite3_finalize(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    if (status == DK_OK)
        *ret_catalogue = catalogue;
    else
        dk_catalogue_free(catalogue);
    return status;
}

dk_status dk_catalogue_until(dk_store *store, int64_t generation, int64_t *ret_until, dk_error *err)
{
    return ask(store, "SELECT min(generation) FROM dikuai_catalogue WHERE generation>?1", generation, INT64_MAX,
               ret_until, err);
}

static dk_status insert(dk_store *store, const char *sql, int64_t generation, const char *text, size_t size,
                        dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = prepare(store, sql, generation, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_text64(stmt, 2, text, size, SQLITE_STATIC, SQLITE_UTF8);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_catalogue_add_version(dk_store *store, int64_t generation, const char *text, size_t size,
                                   const char *held_back_by, size_t held_back_size, int64_t before, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        insert(store, "INSERT INTO dikuai_catalogue(generation,yaml) VALUES(?1,?2)", generation, text, size, err);
    if (status != DK_OK || held_back_by == NULL)
        return status;
    status = dk_sql_run(store, table, err);
    if (status == DK_OK)
        status = prepare(store,
                         "INSERT INTO dikuai_stricter SELECT ?1,number,yaml FROM dikuai_stricter WHERE generation="
                         "(SELECT max(generation) FROM dikuai_catalogue WHERE generation<=?2)",
                         generation, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 2, before);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    if (status == DK_OK)
        status = insert(store,
                        "INSERT INTO dikuai_stricter SELECT ?1,coalesce(max(number),0)+1,?2 FROM dikuai_stricter"
                        " WHERE generation=?1",
                        generation, held_back_by, held_back_size, err);
    return status;
}
