/* Publishing and withdrawing: lives and the index of the next generation are written in bounded transactions that no
 * reader sees; one small commit then makes that generation the current one. */
#include "store/catalogue_rules.h"
#include "store/clock_change.h"
#include "store/document.h"
#include "store/feed_table.h"
#include "store/handle.h"
#include "store/linked.h"
#include "store/publication_log.h"
#include "store/repair.h"
#include "store/review.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_STEP 20000
#define LIVES 512

/* What a publish or withdraw changes, gathered on the way. */
typedef struct change {
    dk_store *store;
    const dk_kind *kind;
    int64_t batch, generation, total, done;
    int64_t born, ended, undrawn; /* undrawn: born less ended */
    dk_linked_follower follower;  /* with what comes and goes of a layer, for the index */
    int64_t *feeding;             /* rows that come and go, if fields of other kinds follow from them */
    size_t n_feeding, feeding_capacity;
    dk_term_writer *terms; /* of versions (linked.h); NULL: the kind has no linked fields */
    bool withdrawing;      /* what ends is logged too */
    bool current;          /* the linked values of the batch still hold */
    double bounds[4];      /* west, south, east, north of the batch */
    bool any_bounds;
    bool last_rows;         /* no row of the kind is younger than those of the batch */
    dk_clock_finder *marks; /* makes the marks of the batch's rows; NULL: none are needed */
    sqlite3_stmt *marked;   /* reads them with what a mark is made of */
    dk_geos *geos;          /* made when a replacement is checked */
    int64_t *lives;         /* rows whose lives begin and wait to be written, LIVES at most */
    size_t n_lives;
    dk_progress progress;
    void *user;
} change;

/* One row of a step, copied so that no statement stays open while lives are written. */
typedef struct step_row {
    int64_t row, replaces, feature;
    const char *key; /* an offset in the keys until they are all there */
    double envelope[4];
    dk_outline_state outline;
    dk_clock_mark mark; /* if rows are marked */
} step_row;

typedef dk_status (*row_change)(change *c, const step_row *row, dk_error *err);

static dk_status note_row(change *c, int64_t row, const double *envelope, int sign, dk_error *err)
{
    return dk_row_changes_add(&c->follower.changes[c->kind->index], row, sign, envelope, err);
}

/* The same of a row that is not of the batch. */
static dk_status note_other_row(change *c, int64_t row, int sign, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(c->store, c->kind, DK_STMT_ROW_BOX, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    double envelope[4];
    status = dk_sql_step(c->store, stmt, err);
    const dk_outline_state outline = status == DK_OK ? dk_column_envelope(stmt, 0, envelope) : DK_OUTLINE_LOST;
    if (outline == DK_OUTLINE_DRAWN)
        status = note_row(c, row, envelope, sign, err);
    else if (outline == DK_OUTLINE_UNDRAWN)
        c->undrawn += sign;
    else if (status == DK_OK || status == DK_END)
        status = dk_row_without_geometry(c->store, c->kind, row, err);
    sqlite3_reset(stmt);
    return status;
}

static void life_value(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    (void)column;
    sqlite3_result_int64(ret_value, ((const int64_t *)rows)[i]);
}

/* Writes the lives that wait: before they may be read, and before each commit. */
static dk_status write_lives(change *c, dk_error *err)
{
    const dk_feed feed = {c->lives, c->n_lives, life_value};
    sqlite3_stmt *stmt = NULL;
    dk_status status = c->n_lives == 0 ? DK_OK : dk_sql_kept(c->store, c->kind, DK_STMT_LIVES_INSERT, &stmt, err);
    if (status != DK_OK || stmt == NULL)
        return status;
    sqlite3_bind_int64(stmt, 2, c->generation);
    c->n_lives = 0;
    return dk_feed_run(c->store, stmt, &feed, err);
}

static dk_status begin_life(change *c, int64_t row, dk_error *err)
{
    if (c->lives == NULL && (c->lives = malloc(LIVES * sizeof *c->lives)) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    c->born++;
    c->lives[c->n_lives++] = row;
    return c->n_lives < LIVES ? DK_OK : write_lives(c, err);
}

static dk_status end_life(change *c, int64_t row, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = write_lives(c, err);
    if (status == DK_OK)
        status = dk_sql_kept(c->store, c->kind, DK_STMT_LIFE_END, &stmt, err);
    if (status != DK_OK)
        return status;
    c->ended++;
    sqlite3_bind_int64(stmt, 1, row);
    sqlite3_bind_int64(stmt, 2, c->generation);
    return dk_sql_done(c->store, stmt, err);
}

/* Tells the clock of a life. */
static dk_status tell_clock(change *c, int64_t row, const step_row *of, int sign, dk_error *err)
{
    const bool first = of != NULL && of->feature == of->row && c->last_rows; /* of its key */
    dk_status status = DK_OK;
    bool told = false;
    if (sign > 0 && first && c->marks != NULL && row == of->row)
        status = dk_clock_change_first(c->follower.clock, c->kind, row, &of->mark, &told, err);
    if (status == DK_OK && !told && dk_clock_change_reads(c->follower.clock, c->kind))
        status = write_lives(c, err);
    if (status == DK_OK && !told)
        status = dk_clock_change_life(c->follower.clock, c->kind, row,
                                      sign < 0 ? DK_LIFE_ENDS
                                      : first  ? DK_LIFE_IS_FIRST
                                               : DK_LIFE_BEGINS,
                                      err);
    return status;
}

/* A life that begins (sign 1) or ends (-1) with the generation under way. of: the row if it is of the batch. */
static dk_status change_life(change *c, int64_t row, const step_row *of, int sign, dk_error *err)
{
    dk_status status = sign > 0 ? begin_life(c, row, err) : end_life(c, row, err);
    if (status == DK_OK && (sign > 0 || c->withdrawing))
        status =
            dk_publication_log_row(c->follower.log, c->kind, row, sign > 0 ? DK_LOG_PUBLISH : DK_LOG_WITHDRAW, err);
    if (status == DK_OK)
        status = tell_clock(c, row, of, sign, err);
    if (status != DK_OK)
        return status;
    if (c->kind->feeds_linked) {
        if (!dk_grow(&c->feeding, &c->feeding_capacity, c->n_feeding + 1, sizeof *c->feeding))
            return dk_fail(err, DK_NOMEM, "out of memory");
        c->feeding[c->n_feeding++] = row;
    }
    if (c->kind->geometry == DK_NO_GEOMETRY)
        return DK_OK;
    if (of == NULL)
        return note_other_row(c, row, sign, err);
    if (of->outline == DK_OUTLINE_LOST)
        return dk_row_without_geometry(c->store, c->kind, row, err);
    if (of->outline == DK_OUTLINE_UNDRAWN) {
        c->undrawn += sign;
        return DK_OK;
    }
    return note_row(c, row, of->envelope, sign, err);
}

static void widen_bounds(change *c, const double e[4])
{
    const double bounds[4] = {e[0], e[2], e[1], e[3]};
    for (size_t i = 0; i < 4; i++)
        c->bounds[i] = !c->any_bounds ? bounds[i]
                       : i < 2        ? fmin(c->bounds[i], bounds[i])
                                      : fmax(c->bounds[i], bounds[i]);
    c->any_bounds = true;
}

/* Whether the outline of a row may take the place of another's. */
static dk_status may_replace(change *c, int64_t row, int64_t other, bool *ret_may, dk_error *err)
{
    dk_stored_row stored;
    dk_buf old;
    dk_buf_init(&old);
    if (c->geos == NULL && (c->geos = dk_geos_create()) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = dk_stored_row_read(c->store, c->kind, other, true, &stored, err);
    if (status != DK_OK)
        return status;
    dk_buf_append(&old, stored.blob, stored.blob_size);
    dk_stored_row_release(&stored);
    status = old.failed ? dk_fail(err, DK_NOMEM, "out of memory")
                        : dk_stored_row_read(c->store, c->kind, row, true, &stored, err);
    if (status == DK_OK) {
        *ret_may = dk_geos_may_replace(c->geos, old.data, old.size, stored.blob, stored.blob_size);
        dk_stored_row_release(&stored);
    }
    dk_buf_finish(&old);
    return status;
}

/* A load compares a row with the newest one of its key, which may be staged. Where another one is published by now, it
 * is compared with that: a key does not move elsewhere in two steps of which one is not published. */
static dk_status check_replacement(change *c, const step_row *row, int64_t current, int64_t original, dk_error *err)
{
    int64_t compared = 0;
    bool may = true;
    dk_status status = dk_linked_original(c->store, c->kind, row->replaces, &compared, err);
    if (status == DK_OK && compared != original)
        status = may_replace(c, row->row, current, &may, err);
    return status != DK_OK || may
               ? status
               : dk_fail(
                     err, DK_CONFLICT,
                     "%s %s of batch %lld %s the outline that is published under its key now: it was compared with "
                     "another version when it was loaded; publish that one first, or withdraw this batch and load it "
                     "again",
                     c->kind->name, row->key, (long long)c->batch,
                     row->outline == DK_OUTLINE_UNDRAWN ? "would take away" : "does not touch");
}

static dk_status publish_row(change *c, const step_row *row, dk_error *err)
{
    int64_t current = 0;
    /* The number of a feature is that of the first row with its key: this row may well be the only one. */
    const bool only = row->feature == row->row && c->last_rows;
    dk_status status = only && c->current ? DK_OK : write_lives(c, err);
    if (status == DK_OK && !only)
        status = dk_row_of_key(c->store, c->kind, row->key, c->generation - 1, &current, err);
    if (status != DK_OK)
        return status;
    int64_t original = 0; /* of what is published, the row that was loaded */
    if (current != 0 && (status = dk_linked_original(c->store, c->kind, current, &original, err)) != DK_OK)
        return status;
    /* One that was loaded later is what this batch has not been compared with, and most likely corrects it. */
    if (current != 0 && (row->replaces == 0 || original > row->row))
        return dk_fail(
            err, DK_CONFLICT,
            "%s %s was published by another batch after batch %lld was loaded; withdraw this batch and load it "
            "again",
            c->kind->name, row->key, (long long)c->batch);
    if (current != 0 && c->kind->geometry != DK_NO_GEOMETRY &&
        (status = check_replacement(c, row, current, original, err)) != DK_OK)
        return status;
    if (current != 0 && (status = change_life(c, current, NULL, -1, err)) != DK_OK)
        return status;
    if (row->outline == DK_OUTLINE_DRAWN)
        widen_bounds(c, row->envelope);
    int64_t version = row->row;
    if (!c->current && (status = dk_linked_version(c->store, c->kind, row->row, c->generation, c->follower.clock,
                                                   c->terms, &version, err)) != DK_OK)
        return status;
    return change_life(c, version, row, 1, err);
}

dk_status dk_row_previous(dk_store *store, const dk_kind *kind, const char *key, int64_t of_batch, int64_t *ret_row,
                          dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_KEY_ROWS, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    int64_t best = 0, best_generation = -1;
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t batch = sqlite3_column_int64(stmt, 1);
        dk_batch_life life;
        if (batch == of_batch)
            continue;
        if ((status = dk_batch_life_of(store, batch, &life, err)) != DK_OK)
            break;
        if (life.state == 'p' && life.published_in > best_generation) {
            best_generation = life.published_in;
            best = sqlite3_column_int64(stmt, 0);
        }
    }
    sqlite3_reset(stmt);
    if (status != DK_END)
        return status;
    *ret_row = best;
    return DK_OK;
}

static dk_status withdraw_row(change *c, const step_row *row, dk_error *err)
{
    int64_t alive = 0, previous = 0;
    dk_status status = write_lives(c, err);
    if (status == DK_OK)
        status = dk_linked_alive(c->store, c->kind, row->row, c->generation - 1, &alive, err);
    if (status != DK_OK || alive == 0) /* a later batch has replaced it: nothing to see of it */
        return status;
    if ((status = change_life(c, alive, row, -1, err)) != DK_OK ||
        (status = dk_row_previous(c->store, c->kind, row->key, c->batch, &previous, err)) != DK_OK || previous == 0)
        return status;
    if ((status = dk_linked_version(c->store, c->kind, previous, c->generation, c->follower.clock, c->terms, &previous,
                                    err)) != DK_OK)
        return status;
    return change_life(c, previous, NULL, 1, err);
}

/* Of a layer, lives are a tenth of the work and the index is the rest. */
static void tell_progress(const change *c)
{
    if (c->progress != NULL)
        c->progress(c->kind->geometry == DK_NO_GEOMETRY ? c->done : c->done / 10, c->total, c->user);
}

static void tell_index_progress(int64_t done, int64_t total, void *user)
{
    const change *c = user;
    if (c->progress != NULL && total > 0)
        c->progress(c->total / 10 + (int64_t)((double)done / (double)total * 0.9 * (double)c->total), c->total,
                    c->user);
}

/* What the clock needs of a row is read with it where the rows are new, as most are of a batch that is published. */
static dk_status prepare_marks(change *c, dk_error *err)
{
    dk_clock_finder *const finder = dk_clock_change_finder(c->follower.clock, c->kind);
    if (c->withdrawing || !c->last_rows || finder == NULL)
        return DK_OK;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_sql_append_batch_rows(c->kind, dk_clock_mark_fields(finder), &sql);
    const char *text = dk_buf_cstr(&sql);
    const dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(c->store, text, &c->marked, err);
    dk_buf_finish(&sql);
    if (status == DK_OK)
        c->marks = finder;
    return status;
}

/* The statement that reads the next rows of the batch. */
static dk_status ask_rows(change *c, int64_t after, sqlite3_stmt **ret_stmt, dk_error *err)
{
    *ret_stmt = c->marked;
    const dk_status status =
        c->marked != NULL ? DK_OK : dk_sql_kept(c->store, c->kind, DK_STMT_BATCH_ROWS, ret_stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(*ret_stmt, 1, c->batch);
    sqlite3_bind_int64(*ret_stmt, 2, after);
    sqlite3_bind_int(*ret_stmt, 3, ROWS_A_STEP);
    return DK_OK;
}

/* Applies a change to every row of the batch, a transaction a step. */
static dk_status change_rows(change *c, row_change apply, dk_error *err)
{
    step_row *rows = malloc(ROWS_A_STEP * sizeof *rows);
    dk_buf keys;
    dk_buf_init(&keys);
    dk_status status = rows == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : prepare_marks(c, err);
    for (int64_t after = 0; status == DK_OK;) {
        sqlite3_stmt *stmt = NULL;
        size_t n = 0;
        dk_buf_clear(&keys);
        if ((status = ask_rows(c, after, &stmt, err)) != DK_OK)
            break;
        while (n < ROWS_A_STEP && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
            rows[n] = (step_row){.row = sqlite3_column_int64(stmt, 0),
                                 .replaces = sqlite3_column_int64(stmt, 2),
                                 .feature = sqlite3_column_int64(stmt, 3),
                                 .key = (const char *)(uintptr_t)keys.size};
            rows[n].outline = dk_column_envelope(stmt, 4, rows[n].envelope);
            if (c->marks != NULL && (status = dk_clock_mark_take(c->marks, (const char *)sqlite3_column_text(stmt, 1),
                                                                 stmt, 5, &rows[n].mark, err)) != DK_OK)
                break;
            dk_buf_append(&keys, sqlite3_column_text(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
            dk_buf_byte(&keys, 0);
            n++;
        }
        sqlite3_reset(stmt);
        if (status != DK_OK && status != DK_END)
            break;
        if (keys.failed) {
            status = dk_fail(err, DK_NOMEM, "out of memory");
            break;
        }
        status = DK_OK;
        if (n == 0)
            break;
        if ((status = dk_sql_begin(c->store, err)) != DK_OK)
            break;
        for (size_t i = 0; status == DK_OK && i < n; i++) {
            rows[i].key = (const char *)keys.data + (uintptr_t)rows[i].key;
            status = apply(c, &rows[i], err);
        }
        if (status == DK_OK)
            status = write_lives(c, err);
        if (status == DK_OK)
            status = dk_clock_change_flush(c->follower.clock, err);
        if (status == DK_OK && c->terms != NULL)
            status = dk_terms_flush(c->terms, err);
        if (status == DK_OK)
            status = dk_publication_log_step(c->follower.log, err);
        if (status == DK_OK)
            status = dk_sql_commit(c->store, err);
        after = rows[n - 1].row;
        c->done += (int64_t)n;
        tell_progress(c);
    }
    sqlite3_finalize(c->marked);
    c->marked = NULL;
    c->marks = NULL;
    dk_buf_finish(&keys);
    free(rows);
    return status;
}

/* What still waits of the log goes into a transaction of its own: the last one is to be small. */
static dk_status write_log(change *c, dk_error *err)
{
    dk_status status = DK_OK;
    if (!dk_publication_log_waits(c->follower.log))
        return DK_OK;
    status = dk_sql_begin(c->store, err);
    if (status == DK_OK)
        status = dk_publication_log_flush(c->follower.log, err);
    return status == DK_OK ? dk_sql_commit(c->store, err) : status;
}

/* ---- the generation ---- */

static dk_status run_bound(dk_store *store, const char *sql, int64_t a, int64_t b, const char *c, const char *d,
                           const char *e, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    const int n = sqlite3_bind_parameter_count(stmt);
    sqlite3_bind_int64(stmt, 1, a);
    if (n >= 2)
        sqlite3_bind_int64(stmt, 2, b);
    if (n >= 3)
        sqlite3_bind_text(stmt, 3, c, -1, SQLITE_STATIC);
    if (n >= 4)
        sqlite3_bind_text(stmt, 4, d, -1, SQLITE_STATIC);
    if (n >= 5)
        sqlite3_bind_text(stmt, 5, e, -1, SQLITE_STATIC);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

static dk_status start_change(change *c, const char *action, dk_error *err)
{
    int64_t current = 0;
    dk_status status = dk_store_generation(c->store, &current, err);
    if (status != DK_OK)
        return status;
    c->generation = current + 1;
    return run_bound(c->store, "INSERT INTO dikuai_pending(generation,batch,action) VALUES(?1,?2,?3)", c->generation,
                     c->batch, action, NULL, NULL, err);
}

/* Whether the batch's rows, as they were loaded, are the last of their kind. Versions of them (linked.h) can be younger
 * than rows that were loaded later: those of a publication that was undone stay. */
static dk_status find_last_rows(change *c, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_format(
        &sql, "SELECT NOT EXISTS(SELECT 1 FROM row_%s WHERE batch<>?1 AND row>(SELECT row FROM row_%s r WHERE batch=?1",
        c->kind->name, c->kind->name);
    dk_linked_append_originals(c->kind, &sql);
    dk_buf_text(&sql, " ORDER BY row DESC LIMIT 1))");
    sqlite3_stmt *stmt = NULL;
    const char *text = dk_buf_cstr(&sql);
    dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(c->store, text, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, c->batch);
        status = dk_sql_step(c->store, stmt, err);
        c->last_rows = status == DK_OK && sqlite3_column_int(stmt, 0) != 0;
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    return status == DK_END ? DK_OK : status;
}

/* The summary row of the new generation: rows exact, the box only ever grows (reindex makes it tight again). */
static dk_status write_summary(change *c, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(c->store, c->kind, DK_STMT_SUMMARY, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, c->kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, c->generation);
    status = dk_sql_step(c->store, stmt, err);
    int64_t rows = 0, undrawn = 0;
    if (status == DK_OK) {
        rows = sqlite3_column_int64(stmt, 0);
        undrawn = sqlite3_column_int64(stmt, 5);
        if (sqlite3_column_type(stmt, 1) == SQLITE_FLOAT) {
            const double old[4] = {sqlite3_column_double(stmt, 1), sqlite3_column_double(stmt, 2),
                                   sqlite3_column_double(stmt, 3), sqlite3_column_double(stmt, 4)};
            for (size_t i = 0; i < 4; i++)
                c->bounds[i] = !c->any_bounds ? old[i]
                               : i < 2        ? fmin(c->bounds[i], old[i])
                                              : fmax(c->bounds[i], old[i]);
            c->any_bounds = true;
        }
    }
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    if ((status = dk_sql_prepare(c->store, "INSERT INTO dikuai_summary VALUES(?1,?2,?3,?4,?5,?6,?7,?8)", &stmt, err)) !=
        DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, c->kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, c->generation);
    sqlite3_bind_int64(stmt, 3, rows + c->born - c->ended);
    sqlite3_bind_int64(stmt, 8, undrawn + c->undrawn);
    for (int i = 0; i < 4 && c->any_bounds; i++)
        sqlite3_bind_double(stmt, 4 + i, c->bounds[i]);
    status = dk_sql_done(c->store, stmt, err);
    sqlite3_finalize(stmt);
    if (status != DK_OK)
        return status;
    status = dk_sql_prepare(c->store,
                            "UPDATE gpkg_contents SET min_x=?2,min_y=?3,max_x=?4,max_y=?5,"
                            "last_change=strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name=?1",
                            &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, c->kind->name, -1, SQLITE_STATIC);
    for (int i = 0; i < 4 && c->any_bounds; i++)
        sqlite3_bind_double(stmt, 2 + i, c->bounds[i]);
    status = dk_sql_done(c->store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

/* The small commit after which readers see the new generation; synced to disk. */
static dk_status finish_change(change *c, const char *action, const char *actor, const char *reason,
                               const char *batch_sql, dk_error *err)
{
    char now[24];
    dk_now(now);
    dk_status status = dk_sql_begin_synced(c->store, err);
    if (status == DK_OK)
        status = write_summary(c, err);
    if (status == DK_OK)
        status = run_bound(c->store, batch_sql, c->batch, c->generation, NULL, NULL, NULL, err);
    if (status == DK_OK)
        status = (strcmp(action, "publish") == 0 ? dk_documents_publish : dk_documents_withdraw)(c->store, c->batch,
                                                                                                 c->generation, err);
    if (status == DK_OK)
        status = dk_publication_log_documents(c->follower.log, c->batch,
                                              c->withdrawing ? DK_LOG_WITHDRAW : DK_LOG_PUBLISH, err);
    if (status == DK_OK) {
        sqlite3_stmt *stmt = NULL;
        status = dk_sql_prepare(c->store, "INSERT INTO dikuai_generation VALUES(?1,?2,?3,?4,?5,?6)", &stmt, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(stmt, 1, c->generation);
            sqlite3_bind_text(stmt, 2, now, -1, SQLITE_STATIC);
            sqlite3_bind_text(stmt, 3, actor, -1, SQLITE_STATIC);
            sqlite3_bind_text(stmt, 4, action, -1, SQLITE_STATIC);
            sqlite3_bind_int64(stmt, 5, c->batch);
            sqlite3_bind_text(stmt, 6, reason, -1, SQLITE_STATIC);
            status = dk_sql_done(c->store, stmt, err);
        }
        sqlite3_finalize(stmt);
    }
    if (status == DK_OK)
        status = dk_review_done(c->store, c->batch, strcmp(action, "withdraw") == 0, actor, reason, c->generation, err);
    if (status == DK_OK)
        status = dk_clock_change_finish(c->follower.clock, err);
    if (status == DK_OK)
        status = dk_touched_forget(c->store, c->generation, err);
    if (status == DK_OK)
        status = dk_publication_log_finish(c->follower.log, now, err);
    if (status == DK_OK)
        status = dk_sql_run(c->store, "DELETE FROM dikuai_pending", err);
    return dk_sql_end_synced(c->store, status, err);
}

static dk_status find_batch(dk_store *store, int64_t batch, change *c, dk_batch_life *ret_life, dk_error *err)
{
    dk_status status = dk_batch_life_of(store, batch, ret_life, err);
    if (status != DK_OK)
        return status;
    sqlite3_stmt *stmt = NULL;
    if ((status = dk_sql_prepare(store, "SELECT kind,rows FROM dikuai_batch WHERE id=?1", &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        c->kind = dk_catalogue_kind(store->catalogue, (const char *)sqlite3_column_text(stmt, 0));
        c->total = sqlite3_column_int64(stmt, 1);
        if (c->kind == NULL)
            status =
                dk_fail(err, DK_INVALID, "batch %lld is of a kind that the catalogue no longer has", (long long)batch);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* Whether what was found when the batch was loaded is so still. */
static dk_status find_current(change *c, dk_error *err)
{
    return c->withdrawing || !c->kind->has_linked
               ? DK_OK
               : dk_linked_current(c->store, c->kind, c->batch, dk_clock_change_day(c->follower.clock), &c->current,
                                   err);
}

static dk_status make_change(change *c, const char *action, row_change apply, const char *actor, const char *reason,
                             const char *batch_sql, int64_t *ret_generation, dk_error *err)
{
    if (c->kind->has_linked && (c->terms = dk_term_writer_create(c->store, c->kind)) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_linked_follower *follower = &c->follower;
    int64_t turned;
    dk_status status = start_change(c, action, err);
    follower->store = c->store;
    follower->generation = c->generation;
    if (status == DK_OK)
        status = dk_publication_log_open(c->store, c->generation, &follower->log, err);
    if (status == DK_OK)
        dk_publication_log_ahead(follower->log);
    if (status == DK_OK)
        status = dk_clock_change_open(c->store, c->generation, &follower->clock, err);
    if (status == DK_OK)
        status = find_current(c, err);
    if (status == DK_OK)
        status = change_rows(c, apply, err);
    dk_term_writer_free(c->terms);
    if (status == DK_OK)
        status = dk_linked_change(follower, c->kind, c->feeding, c->n_feeding, err);
    free(c->feeding);
    free(c->lives);
    c->feeding = c->lives = NULL;
    if (status == DK_OK)
        status = dk_clock_change_follow(follower->clock, err);
    if (status == DK_OK)
        status = dk_linked_turn(follower, &turned, err);
    if (status == DK_OK)
        status = write_log(c, err);
    if (status == DK_OK)
        status = dk_linked_index(follower, c->kind, tell_index_progress, c, err);
    dk_linked_finish(follower);
    if (status == DK_OK)
        status = finish_change(c, action, actor, reason, batch_sql, err);
    dk_publication_log_close(follower->log);
    follower->log = NULL;
    dk_clock_change_close(follower->clock);
    follower->clock = NULL;
    dk_geos_free(c->geos);
    if (status != DK_OK) {
        dk_error ignored; /* what cannot be undone now is undone by the next writer's open */
        dk_sql_rollback(c->store);
        dk_pending_undo(c->store, &ignored);
        return status;
    }
    *ret_generation = c->generation;
    /* What only readers of older generations than the one before need. That it fails would not undo the change. */
    dk_error ignored;
    dk_sheet_purge(c->store, c->generation - 1, &ignored);
    return DK_OK;
}

dk_status dk_store_publish(dk_store *store, int64_t batch, const char *actor, dk_progress progress, void *user,
                           int64_t *ret_generation, dk_error *err)
{
    change c = {.store = store, .batch = batch, .current = true, .progress = progress, .user = user};
    dk_batch_life life;
    dk_status status = find_batch(store, batch, &c, &life, err);
    if (status != DK_OK)
        return status;
    if (life.state == 'p')
        return dk_fail(err, DK_CONFLICT, "batch %lld is published already, in generation %lld", (long long)batch,
                       (long long)life.published_in);
    if (life.state != 's')
        return dk_fail(err, DK_CONFLICT,
                       "batch %lld is %s; only a staged batch can be published, load its source again",
                       (long long)batch, life.state == 'w' ? "withdrawn" : "not fully loaded");
    if ((status = dk_review_gate(store, c.kind, batch, actor, err)) != DK_OK ||
        (status = dk_batch_fits(store, c.kind, batch, err)) != DK_OK)
        return status;
    if ((status = find_last_rows(&c, err)) != DK_OK)
        return status;
    return make_change(&c, "publish", publish_row, actor, NULL,
                       "UPDATE dikuai_batch SET state='published',published_in=?2 WHERE id=?1", ret_generation, err);
}

dk_status dk_store_withdraw(dk_store *store, int64_t batch, const char *actor, const char *reason, dk_progress progress,
                            void *user, int64_t *ret_generation, dk_error *err)
{
    change c = {.store = store, .batch = batch, .withdrawing = true, .progress = progress, .user = user};
    dk_batch_life life;
    dk_status status = dk_review_reason("--reason", reason, err);
    if (status == DK_OK)
        status = find_batch(store, batch, &c, &life, err);
    if (status != DK_OK)
        return status;
    if (life.state == 'w')
        return dk_fail(err, DK_CONFLICT, "batch %lld is withdrawn already, in generation %lld", (long long)batch,
                       (long long)life.withdrawn_in);
    /* Nobody has seen a staged batch: withdrawing it changes no answer, but is a generation in the log. */
    return make_change(&c, "withdraw", withdraw_row, actor, reason,
                       "UPDATE dikuai_batch SET state='withdrawn',withdrawn_in=?2 WHERE id=?1", ret_generation, err);
}
