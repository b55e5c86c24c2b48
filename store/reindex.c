#include "store/reindex.h"

#include "store/clock_change.h"
#include "store/linked.h"
#include "store/publication_log.h"
#include "store/search_index.h"
#include "store/summary.h"
#include "store/taken.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dk_status run_formatted(dk_store *store, dk_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static dk_status run_formatted(dk_store *store, dk_error *err, const char *format, ...)
{
    char sql[2048];
    va_list args;
    va_start(args, format);
    const int size = vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof sql)
        return dk_fail(err, DK_INTERNAL, "statement too long");
    return dk_sql_run(store, sql, err);
}

typedef struct reindexing {
    dk_store *store;
    const dk_kind *kind;
    dk_term_writer *terms;
    dk_publication_log *log;
    dk_clock_change *clock;
    dk_progress progress;
    void *user;
    int64_t generation, done, total;
    bool inherited; /* a row of the kind has */
} reindexing;

/* Calls for each row of a query: its first column is the row, the others are born and died. */
static dk_status each_row(reindexing *r, const char *sql,
                          dk_status (*apply)(reindexing *r, int64_t row, int64_t born, int64_t died, dk_error *err),
                          dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(r->store, sql, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(r->store, stmt, err)) == DK_OK) {
        status =
            apply(r, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2), err);
        if (++r->done % 4096 == 0 && r->progress != NULL)
            r->progress(r->done, r->total, r->user);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The terms of every version, whatever its state. */
static dk_status reindex_row(reindexing *r, int64_t row, int64_t born, int64_t died, dk_error *err)
{
    (void)born, (void)died;
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(r->store, r->kind, row, false, &stored, err);
    if (status == DK_OK)
        status = dk_terms_write(r->terms, row, stored.feature, stored.values, err);
    dk_stored_row_release(&stored);
    return status;
}

/* Fills inherited values of rows that were loaded before what they belong to. */
static dk_status inherit_row(reindexing *r, int64_t row, int64_t born, int64_t died, dk_error *err)
{
    (void)born, (void)died;
    dk_stored_row stored;
    dk_buf memory;
    bool disagree = false;
    dk_buf_init(&memory);
    dk_status status = dk_stored_row_read(r->store, r->kind, row, false, &stored, err);
    if (status != DK_OK)
        return status;
    dk_value before[DK_MAX_FIELDS];
    memcpy(before, stored.values, sizeof before);
    /* What is published takes from what is published: a staged row is nobody's yet, and nobody has looked through it.
     */
    bool alive = false, changed = false;
    int64_t unpublished[DK_MAX_FIELDS];
    status = dk_row_alive(r->store, r->kind, row, r->generation, &alive, err);
    if (status == DK_OK)
        status = dk_inherit(r->store, r->kind, stored.key, stored.values, alive ? r->generation : DK_ANY_GENERATION,
                            &memory, &disagree, unpublished, err);
    for (size_t i = 0; status == DK_OK && i < r->kind->n_fields; i++) {
        if (before[i].type == stored.values[i].type)
            continue;
        if (!changed && (status = dk_publication_log_keep(r->log, r->kind, row, err)) != DK_OK)
            break;
        changed = r->inherited = true;
        char sql[256];
        sqlite3_stmt *stmt = NULL;
        snprintf(sql, sizeof sql, "UPDATE row_%s SET f_%s=?2 WHERE row=?1", r->kind->name, r->kind->fields[i].name);
        status = dk_sql_prepare(r->store, sql, &stmt, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(stmt, 1, row);
            dk_sql_bind(stmt, 2, &stored.values[i]);
            status = dk_sql_done(r->store, stmt, err);
        }
        sqlite3_finalize(stmt);
        if (status == DK_OK && unpublished[i] != 0)
            status = dk_taken_note(r->store, stored.batch, unpublished[i], err);
    }
    dk_stored_row_release(&stored);
    dk_buf_finish(&memory);
    if (status == DK_OK && changed && alive)
        status = dk_publication_log_again(r->log, r->kind, row, err);
    return status;
}

/* Terms get new numbers: what search knows of the old ones goes. */
static dk_status clear_search(dk_store *store, const dk_kind *kind, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_search_append_clearing(kind, &sql);
    const char *text = dk_buf_cstr(&sql);
    const dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_run(store, text, err);
    dk_buf_finish(&sql);
    return status;
}

static dk_status reindex_terms(reindexing *r, dk_error *err)
{
    const char *k = r->kind->name;
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT row,0,0 FROM row_%s ORDER BY row", k);
    if ((r->terms = dk_term_writer_create(r->store, r->kind)) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = run_formatted(r->store, err, "DELETE FROM post_%s;DELETE FROM term_%s", k, k);
    if (status == DK_OK)
        status = clear_search(r->store, r->kind, err);
    if (status == DK_OK)
        status = each_row(r, sql, reindex_row, err);
    if (status == DK_OK)
        status = dk_terms_flush(r->terms, err);
    dk_term_writer_free(r->terms);
    r->terms = NULL;
    return status;
}

static dk_status reindex_inherited(reindexing *r, dk_error *err)
{
    const dk_kind *kind = r->kind;
    char sql[300];
    bool inherits = false;
    for (size_t i = 0; i < kind->n_fields; i++)
        inherits |= kind->fields[i].inherit_kind != NULL;
    snprintf(sql, sizeof sql, "SELECT row,0,0 FROM row_%s ORDER BY row", kind->name);
    return inherits ? each_row(r, sql, inherit_row, err) : DK_OK;
}

/* By what the terms of all kinds say, which are made before. */
static dk_status reindex_inheritance(reindexing *r, dk_error *err)
{
    const dk_status status = reindex_inherited(r, err);
    return status == DK_OK && r->inherited ? reindex_terms(r, err) : status;
}

dk_status dk_reindex_inherited(dk_store *store, const dk_kind *kind, int64_t generation, dk_publication_log *log,
                               dk_error *err)
{
    reindexing r = {.store = store, .kind = kind, .log = log, .generation = generation};
    return reindex_inherited(&r, err);
}

dk_status dk_reindex_terms(dk_store *store, const dk_kind *kind, dk_error *err)
{
    reindexing r = {.store = store, .kind = kind};
    return reindex_terms(&r, err);
}

static dk_status reindex_linked(reindexing *r, dk_error *err)
{
    int64_t mended = 0;
    const dk_status status = dk_linked_mend(r->store, r->kind, r->generation, r->log, r->clock, &mended, err);
    return status == DK_OK && mended > 0 ? reindex_terms(r, err) : status;
}

/* How disclosure stands follows from linked values, too. */
static dk_status reindex_disclosure(reindexing *r, dk_error *err)
{
    return r->kind->disclosure_field >= 0 ? reindex_linked(r, err) : DK_OK;
}

/* Of all layers, before one is made anew: tiles share their budget, and what is damaged of another layer must not be
 * read. */
static dk_status forget_index(reindexing *r, dk_error *err)
{
    return r->kind->geometry == DK_NO_GEOMETRY ? DK_OK : dk_index_forget(r->store, r->kind, err);
}

/* The index, which shows all of it. */
static dk_status reindex_index(reindexing *r, dk_error *err)
{
    if (r->kind->geometry == DK_NO_GEOMETRY)
        return DK_OK;
    return dk_index_rebuild(r->store, r->kind, r->generation, r->progress, r->user, err);
}

static dk_status reindex_summary(reindexing *r, dk_error *err)
{
    return dk_summary_rebuild(r->store, r->kind, r->generation, err);
}

/* With a tight box from the geometries' envelopes. */
dk_status dk_summary_rebuild(dk_store *store, const dk_kind *kind, int64_t generation, dk_error *err)
{
    const char *k = kind->name;
    dk_status status = run_formatted(store, err, "DELETE FROM dikuai_summary WHERE kind='%s' AND generation=%lld", k,
                                     (long long)generation);
    if (status != DK_OK)
        return status;
    int64_t rows = 0, undrawn = 0;
    double bounds[4] = {180, 90, -180, -90};
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT %s FROM life_%s l JOIN row_%s r ON r.row=l.row WHERE l.died=0",
             kind->geometry != DK_NO_GEOMETRY ? "substr(r.geom,9,32)" : "NULL", k, k);
    sqlite3_stmt *stmt = NULL;
    status = dk_sql_prepare(store, sql, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        double e[4];
        rows++;
        const dk_outline_state outline = dk_column_envelope(stmt, 0, e);
        undrawn += outline == DK_OUTLINE_UNDRAWN;
        if (outline != DK_OUTLINE_DRAWN)
            continue;
        bounds[0] = e[0] < bounds[0] ? e[0] : bounds[0];
        bounds[1] = e[2] < bounds[1] ? e[2] : bounds[1];
        bounds[2] = e[1] > bounds[2] ? e[1] : bounds[2];
        bounds[3] = e[3] > bounds[3] ? e[3] : bounds[3];
    }
    sqlite3_finalize(stmt);
    if (status != DK_END)
        return status;
    if ((status = dk_sql_prepare(store, "INSERT INTO dikuai_summary VALUES(?1,?2,?3,?4,?5,?6,?7,?8)", &stmt, err)) !=
        DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, k, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, generation);
    sqlite3_bind_int64(stmt, 3, rows);
    sqlite3_bind_int64(stmt, 8, undrawn);
    for (int i = 0; i < 4 && bounds[0] <= bounds[2]; i++)
        sqlite3_bind_double(stmt, 4 + i, bounds[i]);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    if (status != DK_OK)
        return status;
    status = dk_sql_prepare(store, "UPDATE gpkg_contents SET min_x=?2,min_y=?3,max_x=?4,max_y=?5 WHERE table_name=?1",
                            &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, k, -1, SQLITE_STATIC);
    for (int i = 0; i < 4 && bounds[0] <= bounds[2]; i++)
        sqlite3_bind_double(stmt, 2 + i, bounds[i]);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_store_reindex(dk_store *store, dk_progress progress, void *user, dk_error *err)
{
    int64_t generation = 0;
    char now[24];
    dk_publication_log *log = NULL;
    dk_clock_change *clock = NULL;
    dk_now(now);
    dk_status status = dk_store_generation(store, &generation, err);
    if (status == DK_OK)
        status = dk_publication_log_open(store, generation, &log, err);
    if (status == DK_OK)
        status = dk_clock_change_open(store, generation, &clock, err);
    if (status == DK_OK)
        status = dk_sql_begin(store, err);
    if (status != DK_OK) {
        dk_clock_change_close(clock);
        dk_publication_log_close(log);
        return status;
    }
    static dk_status (*const steps[])(reindexing * r, dk_error * err) = {
        reindex_terms, reindex_inheritance, reindex_linked, reindex_disclosure,
        forget_index,  reindex_index,       reindex_summary};
    const size_t n_kinds = store->catalogue->n_kinds;
    for (size_t i = 0; status == DK_OK && i < sizeof steps / sizeof *steps * n_kinds;
         i++) { /* each step for all kinds */
        reindexing r = {.store = store,
                        .kind = &store->catalogue->kinds[i % n_kinds],
                        .log = log,
                        .clock = clock,
                        .generation = generation,
                        .progress = progress,
                        .user = user};
        double ignored[4];
        int64_t undrawn = 0;
        status = dk_query_summary(store, r.kind, generation, &r.total, &undrawn, ignored, err);
        if (status == DK_OK)
            status = steps[i / n_kinds](&r, err);
    }
    if (status == DK_OK)
        status = dk_clock_change_rebuild(clock, err);
    dk_clock_change_close(clock);
    /* The sheets of older generations are gone. */
    if (status == DK_OK)
        status = run_formatted(store, err,
                               "INSERT OR REPLACE INTO dikuai_meta VALUES('purged',%lld),('touched_from',%lld),"
                               "('rebuilt',1+coalesce((SELECT value FROM dikuai_meta WHERE name='rebuilt'),0))",
                               (long long)generation, (long long)generation);
    if (status == DK_OK)
        status = dk_publication_log_finish(log, now, err);
    dk_publication_log_close(log);
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
    return status;
}
