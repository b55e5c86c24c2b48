/* Keeping linked values up as linked rows come and go. */
#include "store/clock_change.h"
#include "store/linked.h"
#include "store/publication_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_STEP 1000

/* What changes of one kind. */
typedef struct following {
    dk_store *store;
    const dk_kind *kind;
    int64_t generation;
    dk_term_writer *terms;
    dk_publication_log *log;
    bool hidden; /* the public does not see all that follows */
    dk_clock_change *clock;
    dk_row_changes *changes;
    int64_t n; /* rows that have another version now */
} following;

static dk_status change_life(following *f, dk_stmt_id id, int64_t row, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_sql_kept(f->store, f->kind, id, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    sqlite3_bind_int64(stmt, 2, f->generation);
    return dk_sql_done(f->store, stmt, err);
}

/* Both versions have the same outline. */
static dk_status note_for_index(following *f, int64_t old, int64_t new, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    double envelope[4];
    dk_status status = dk_sql_kept(f->store, f->kind, DK_STMT_ROW_BOX, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, old);
    status = dk_sql_step(f->store, stmt, err);
    const dk_outline_state outline = status == DK_OK ? dk_column_envelope(stmt, 0, envelope) : DK_OUTLINE_LOST;
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    if (outline == DK_OUTLINE_UNDRAWN)
        return DK_OK;
    if (outline == DK_OUTLINE_LOST)
        return dk_row_without_geometry(f->store, f->kind, old, err);
    status = dk_row_changes_add(f->changes, old, -1, envelope, err);
    return status == DK_OK ? dk_row_changes_add(f->changes, new, 1, envelope, err) : status;
}

static dk_status follow_row(following *f, int64_t row, dk_error *err)
{
    int64_t version = 0;
    dk_status status = dk_linked_version(f->store, f->kind, row, f->generation, f->clock, f->terms, &version, err);
    /* That there is no new entry would tell everyone that what they do not see stays as it was, and one that it
     * changed. */
    if (status == DK_OK && version == row && f->hidden)
        return dk_publication_log_row(f->log, f->kind, row, DK_LOG_PUBLISH, err);
    if (status != DK_OK || version == row)
        return status;
    f->n++;
    if ((status = change_life(f, DK_STMT_LIFE_END, row, err)) == DK_OK)
        status = change_life(f, DK_STMT_LIFE_INSERT, version, err);
    if (status == DK_OK)
        status = dk_clock_change_life(f->clock, f->kind, row, DK_LIFE_ENDS, err);
    if (status == DK_OK)
        status = dk_clock_change_life(f->clock, f->kind, version, DK_LIFE_BEGINS, err);
    if (status == DK_OK)
        status = dk_publication_log_row(f->log, f->kind, version, DK_LOG_PUBLISH, err);
    if (status == DK_OK && f->kind->geometry != DK_NO_GEOMETRY)
        status = note_for_index(f, row, version, err);
    return status;
}

static dk_status follow(following *f, const int64_t *rows, size_t n, dk_error *err)
{
    dk_status status = DK_OK;
    if (n > 0 && (f->terms = dk_term_writer_create(f->store, f->kind)) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < n;) {
        if ((status = dk_sql_begin(f->store, err)) != DK_OK)
            break;
        const size_t end = n - i > ROWS_A_STEP ? i + ROWS_A_STEP : n;
        for (; status == DK_OK && i < end; i++)
            status = follow_row(f, rows[i], err);
        if (status == DK_OK)
            status = dk_terms_flush(f->terms, err);
        if (status == DK_OK)
            status = dk_publication_log_step(f->log, err);
        if (status == DK_OK)
            status = dk_sql_commit(f->store, err);
        if (status != DK_OK)
            dk_sql_rollback(f->store);
    }
    dk_term_writer_free(f->terms);
    return status;
}

/* ret_hidden: in a field, too, that the public does not see. */
static bool follows_from(const dk_kind *kind, const dk_kind *other, bool *ret_hidden)
{
    bool follows = false;
    *ret_hidden = false;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].linked_kind == other) {
            follows = true;
            *ret_hidden |= kind->fields[i].audience != DK_PUBLIC;
        }
    return follows;
}

static following begin(dk_linked_follower *of, const dk_kind *kind)
{
    return (following){.store = of->store,
                       .kind = kind,
                       .generation = of->generation,
                       .log = of->log,
                       .clock = of->clock,
                       .changes = &of->changes[kind->index]};
}

dk_status dk_linked_change(dk_linked_follower *of, const dk_kind *kind, const int64_t *rows, size_t n, dk_error *err)
{
    const dk_catalogue *catalogue = of->store->catalogue;
    dk_status status = DK_OK;
    for (size_t k = 0; status == DK_OK && kind->feeds_linked && k < catalogue->n_kinds; k++) {
        const dk_kind *other = &catalogue->kinds[k];
        dk_id_list list = {0};
        bool hidden;
        if (!follows_from(other, kind, &hidden))
            continue;
        status = dk_linked_rows_of(of->store, kind, rows, n, other, of->generation, &list, err);
        following f = begin(of, other);
        f.hidden = hidden;
        if (status == DK_OK)
            status = follow(&f, list.ids, list.n, err);
        dk_id_list_finish(&list);
    }
    return status;
}

/* All that it follows from is public: that there is no new entry tells nothing. */
dk_status dk_linked_turn(dk_linked_follower *of, int64_t *ret_n, dk_error *err)
{
    const dk_catalogue *catalogue = of->store->catalogue;
    dk_status status = DK_OK;
    *ret_n = 0;
    for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds; k++) {
        following f = begin(of, &catalogue->kinds[k]);
        int64_t *rows = NULL;
        size_t n = 0;
        if (f.kind->disclosure_field < 0)
            continue;
        status = dk_clock_change_turned(of->clock, f.kind, &rows, &n, err);
        if (status == DK_OK)
            status = follow(&f, rows, n, err);
        f.changes->again |= f.n > 0;
        *ret_n += f.n;
        free(rows);
    }
    return status;
}

/* ---- indexes ---- */

dk_status dk_row_changes_add(dk_row_changes *changes, int64_t row, int sign, const double envelope[4], dk_error *err)
{
    if (!dk_grow(&changes->rows, &changes->capacity, changes->n + 1, sizeof *changes->rows))
        return dk_fail(err, DK_NOMEM, "out of memory");
    changes->rows[changes->n++] = dk_change_row_of(row, sign, envelope);
    return DK_OK;
}

static int by_row(const void *a, const void *b)
{
    const int64_t x = llabs(((const dk_change_row *)a)->row), y = llabs(((const dk_change_row *)b)->row);
    return (x > y) - (x < y);
}

/* A row that came and went, or went and came, in one generation is as it was. */
static void drop_both(dk_row_changes *changes)
{
    size_t kept = 0;
    if (changes->n > 1)
        qsort(changes->rows, changes->n, sizeof *changes->rows, by_row);
    for (size_t i = 0; i < changes->n; i++)
        if (kept > 0 && changes->rows[kept - 1].row == -changes->rows[i].row)
            kept--;
        else
            changes->rows[kept++] = changes->rows[i];
    changes->n = kept;
}

dk_status dk_linked_index(dk_linked_follower *of, const dk_kind *kind, dk_progress progress, void *user, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t k = 0; status == DK_OK && k < of->store->catalogue->n_kinds; k++) {
        dk_row_changes *changes = &of->changes[k];
        const dk_kind *layer = &of->store->catalogue->kinds[k];
        if (changes->again)
            drop_both(changes);
        if (changes->n > 0)
            status = dk_index_change(of->store, layer, changes->rows, changes->n, of->generation,
                                     layer == kind ? progress : NULL, user, err);
        free(changes->rows);
        *changes = (dk_row_changes){.n = 0};
    }
    return status;
}

void dk_linked_finish(dk_linked_follower *of)
{
    for (size_t k = 0; k < DK_MAX_KINDS; k++)
        free(of->changes[k].rows);
}

/* ---- comparing and mending ---- */

/* Calls each for the rows that are published in a generation, with their linked values as they should be. */
static dk_status each_published(dk_store *store, const dk_kind *kind, int64_t generation, dk_clock_finder *states,
                                dk_status (*each)(const dk_stored_row *row, const dk_value *wanted, void *user,
                                                  dk_error *err),
                                void *user, dk_error *err)
{
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT row FROM life_%s WHERE born<=?1 AND (died=0 OR died>?1) ORDER BY row",
             kind->name);
    sqlite3_stmt *stmt = NULL;
    dk_buf memory;
    dk_buf_init(&memory);
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, generation);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        dk_stored_row stored;
        dk_value values[DK_MAX_FIELDS];
        if ((status = dk_stored_row_read(store, kind, sqlite3_column_int64(stmt, 0), false, &stored, err)) != DK_OK)
            break;
        memcpy(values, stored.values, sizeof values);
        status = dk_linked_values(store, kind, stored.key, values, generation, states, &memory, err);
        if (status == DK_OK)
            status = each(&stored, values, user, err);
        dk_stored_row_release(&stored);
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&memory);
    return status == DK_END ? DK_OK : status;
}

typedef struct verifying {
    const dk_kind *kind;
    bool held_back;
    void (*tell)(const char *sentence, void *user);
    void *user;
} verifying;

static dk_status verify_row(const dk_stored_row *row, const dk_value *wanted, void *user, dk_error *err)
{
    (void)err;
    const verifying *v = user;
    for (size_t i = 0; i < v->kind->n_fields; i++) {
        const dk_field *field = &v->kind->fields[i];
        if (!dk_field_follows(field) || dk_value_equal(&row->values[i], &wanted[i]) ||
            (v->held_back && (int)i == v->kind->disclosure_field))
            continue;
        char sentence[600];
        snprintf(sentence, sizeof sentence, "%s %.300s: %s does not follow from its %s; run dikuai-ingest reindex",
                 v->kind->name, row->key, field->name,
                 field->linked_kind != NULL ? field->linked_kind->name : "obligations");
        v->tell(sentence, v->user);
    }
    return DK_OK;
}

dk_status dk_linked_verify(dk_store *store, const dk_kind *kind, int64_t generation, bool held_back,
                           void (*tell)(const char *sentence, void *user), void *user, dk_error *err)
{
    verifying v = {kind, held_back, tell, user};
    dk_clock_finder *states = NULL;
    dk_clock_held held;
    if (!kind->has_linked)
        return DK_OK;
    dk_status status = dk_clock_held_read(store, &held, err);
    if (status == DK_OK && kind->disclosure_field >= 0 && dk_clock_sources(store->catalogue, kind) != 0 &&
        (states = dk_clock_finder_create(store, kind, held.day)) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = each_published(store, kind, generation, states, verify_row, &v, err);
    dk_clock_finder_free(states);
    return status;
}

typedef struct mending {
    dk_store *store;
    const dk_kind *kind;
    dk_publication_log *log;
    int64_t changed;
} mending;

static dk_status mend_row(const dk_stored_row *row, const dk_value *wanted, void *user, dk_error *err)
{
    mending *m = user;
    bool changed = false;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < m->kind->n_fields; i++) {
        const dk_field *field = &m->kind->fields[i];
        if (!dk_field_follows(field) || dk_value_equal(&row->values[i], &wanted[i]))
            continue;
        if (!changed && (status = dk_publication_log_keep(m->log, m->kind, row->row, err)) != DK_OK)
            break;
        char sql[256];
        sqlite3_stmt *stmt = NULL;
        snprintf(sql, sizeof sql, "UPDATE row_%s SET f_%s=?2 WHERE row=?1", m->kind->name, field->name);
        if ((status = dk_sql_prepare(m->store, sql, &stmt, err)) == DK_OK) {
            sqlite3_bind_int64(stmt, 1, row->row);
            dk_sql_bind(stmt, 2, &wanted[i]);
            status = dk_sql_done(m->store, stmt, err);
        }
        sqlite3_finalize(stmt);
        changed = true;
    }
    m->changed += changed;
    if (status == DK_OK && changed) /* it is published */
        status = dk_publication_log_again(m->log, m->kind, row->row, err);
    return status;
}

dk_status dk_linked_mend(dk_store *store, const dk_kind *kind, int64_t generation, dk_publication_log *log,
                         dk_clock_change *clock, int64_t *ret_changed, dk_error *err)
{
    mending m = {store, kind, log, 0};
    dk_clock_finder *states = dk_clock_change_finder(clock, kind);
    if (states != NULL)
        dk_clock_finder_forget(states);
    const dk_status status =
        kind->has_linked ? each_published(store, kind, generation, states, mend_row, &m, err) : DK_OK;
    *ret_changed = m.changed;
    return status;
}
