#include "store/brought.h"

#include "store/buf.h"
#include "store/handle.h"
#include "store/hash.h"

#include <stdlib.h>
#include <string.h>

typedef struct count {
    char division[13]; /* "": none */
    bool used;
    int64_t added, changed;
} count;

struct dk_brought {
    dk_store *store;
    const dk_kind *kind;
    int64_t batch;
    count *table; /* size places, a power of two, at most half of them used */
    size_t size, n;
    count *last;
    bool again;
};

dk_brought *dk_brought_create(dk_store *store, const dk_kind *kind, int64_t batch)
{
    dk_brought *brought = calloc(1, sizeof *brought);
    if (brought == NULL)
        return NULL;
    brought->store = store;
    brought->kind = kind;
    brought->batch = batch;
    brought->size = 64;
    brought->table = calloc(brought->size, sizeof *brought->table);
    if (brought->table == NULL) {
        free(brought);
        return NULL;
    }
    return brought;
}

void dk_brought_free(dk_brought *brought)
{
    if (brought == NULL)
        return;
    free(brought->table);
    free(brought);
}

void dk_brought_undo(dk_brought *brought)
{
    brought->again = true;
}

static count *place_of(count *table, size_t size, const char *division)
{
    size_t at = (size_t)dk_hash64(division, strlen(division), 0) & (size - 1);
    while (table[at].used && strcmp(table[at].division, division) != 0)
        at = (at + 1) & (size - 1);
    return &table[at];
}

static bool grow(dk_brought *brought)
{
    const size_t size = brought->size * 2;
    count *table = calloc(size, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < brought->size; i++)
        if (brought->table[i].used)
            *place_of(table, size, brought->table[i].division) = brought->table[i];
    free(brought->table);
    brought->table = table;
    brought->size = size;
    brought->last = NULL;
    return true;
}

/* The count of a row's division, which stays the last one looked up; NULL: there is no memory. */
static count *count_of(dk_brought *brought, const dk_value *values)
{
    const int field = brought->kind->division_field;
    char division[13] = "";
    if (field >= 0 && values[field].type == DK_TEXT && values[field].text.size < sizeof division)
        memcpy(division, values[field].text.data, values[field].text.size);
    if (brought->last != NULL && strcmp(brought->last->division, division) == 0)
        return brought->last;
    if (2 * (brought->n + 1) > brought->size && !grow(brought))
        return NULL;
    brought->last = place_of(brought->table, brought->size, division);
    if (!brought->last->used) {
        memcpy(brought->last->division, division, sizeof division);
        brought->last->used = true;
        brought->n++;
    }
    return brought->last;
}

dk_status dk_brought_row(dk_brought *brought, const dk_value *values, bool replaces, dk_error *err)
{
    count *own = count_of(brought, values);
    if (own == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (replaces)
        own->changed++;
    else
        own->added++;
    return DK_OK;
}

dk_status dk_brought_replaced(dk_brought *brought, const dk_value *before, dk_error *err)
{
    return count_of(brought, before) != NULL ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}

static dk_status run_of_batch(dk_brought *brought, dk_buf *sql, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const char *text = dk_buf_cstr(sql);
    dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(brought->store, text, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, brought->batch);
        status = dk_sql_done(brought->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

static dk_status count_again(dk_brought *brought, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    const int field = brought->kind->division_field;
    const char *kind = brought->kind->name;
    dk_buf_text(&sql, "INSERT INTO dikuai_brought(batch,division,added,changed) SELECT ?1,");
    if (field >= 0)
        dk_buf_format(&sql, "coalesce(f_%s,'')", brought->kind->fields[field].name);
    else
        dk_buf_text(&sql, "''");
    dk_buf_format(&sql, ",sum(replaces=0),sum(replaces<>0) FROM row_%s WHERE batch=?1 GROUP BY 2", kind);
    dk_status status = run_of_batch(brought, &sql, err);
    dk_buf_clear(&sql);
    if (field >= 0) /* of whatever was there before: more than is noted otherwise */
        dk_buf_format(
            &sql,
            "INSERT OR IGNORE INTO dikuai_brought(batch,division,added,changed) "
            "SELECT DISTINCT ?1,coalesce(o.f_%s,''),0,0"
            " FROM row_%s r CROSS JOIN row_%s o ON o.key=r.key AND o.row<r.row WHERE r.batch=?1 AND r.replaces<>0",
            brought->kind->fields[field].name, kind, kind);
    if (status == DK_OK && field >= 0)
        status = run_of_batch(brought, &sql, err);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_brought_finish(dk_brought *brought, dk_error *err)
{
    if (brought->again)
        return count_again(brought, err);
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        brought->store, "INSERT INTO dikuai_brought(batch,division,added,changed) VALUES(?1,?2,?3,?4)", &stmt, err);
    for (size_t i = 0; status == DK_OK && i < brought->size; i++) {
        const count *c = &brought->table[i];
        if (!c->used)
            continue;
        sqlite3_bind_int64(stmt, 1, brought->batch);
        sqlite3_bind_text(stmt, 2, c->division, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 3, c->added);
        sqlite3_bind_int64(stmt, 4, c->changed);
        status = dk_sql_done(brought->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_brought_document(dk_store *store, int64_t batch, const char *division, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(store,
                       "INSERT INTO dikuai_brought(batch,division,added,changed,documents) VALUES(?1,?2,0,0,1)"
                       " ON CONFLICT(batch,division) DO UPDATE SET documents=documents+1",
                       &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_text(stmt, 2, division != NULL ? division : "", -1, SQLITE_STATIC);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}
