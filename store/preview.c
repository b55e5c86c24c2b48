#include "store/preview.h"

#include "store/clock_sets.h"
#include "store/findings.h"
#include "store/handle.h"
#include "store/linked.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS_A_STEP 500
#define SECONDS 1.5 /* for a page */

bool dk_preview_allowed(const dk_viewer *viewer)
{
    return viewer->audience == DK_STAFF;
}

/* ---- batches ---- */

typedef struct listing {
    dk_store *store;
    const dk_viewer *viewer;
    bool all;
    int64_t only; /* 0: every batch */
    dk_pending *found;
    size_t n, capacity;
    dk_buf texts; /* of all, one behind the other */
    dk_status status;
    dk_error *err;
} listing;

/* Counts what of a batch is the viewer's. */
static dk_status count_rows(listing *list, dk_pending *pending)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        list->store, "SELECT division,added,changed,documents FROM dikuai_brought WHERE batch=?1", &stmt, list->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, pending->batch.id);
    pending->whole = true;
    while ((status = dk_sql_step(list->store, stmt, list->err)) == DK_OK) {
        const char *division = (const char *)sqlite3_column_text(stmt, 0);
        if (!dk_viewer_covers(pending->kind, list->viewer, division != NULL && division[0] != '\0' ? division : NULL)) {
            pending->whole = false;
            continue;
        }
        pending->added += sqlite3_column_int64(stmt, 1);
        pending->changed += sqlite3_column_int64(stmt, 2);
        pending->documents += sqlite3_column_int64(stmt, 3);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static const char *keep(dk_buf *texts, const char *text)
{
    const size_t at = texts->size;
    dk_buf_text(texts, text != NULL ? text : "");
    dk_buf_byte(texts, 0);
    return (const char *)(uintptr_t)at;
}

/* Texts are offsets until all are there. */
static bool keep_batch(const dk_batch *batch, void *user)
{
    listing *list = user;
    const bool waits = strcmp(batch->state, "staged") == 0 || strcmp(batch->state, "reviewed") == 0 ||
                       strcmp(batch->state, "rejected") == 0;
    dk_pending pending = {
        .batch = *batch, .kind = dk_catalogue_kind(list->store->catalogue, batch->kind), .strong = -1, .weak = -1};
    if (pending.kind == NULL || strcmp(batch->state, "loading") == 0 || (list->only != 0 && batch->id != list->only) ||
        (list->only == 0 && !list->all && !waits))
        return true;
    list->status = count_rows(list, &pending);
    if (list->status != DK_OK || pending.added + pending.changed + pending.documents == 0)
        return list->status == DK_OK;
    const char **texts[] = {&pending.batch.kind,   &pending.batch.title,      &pending.batch.source,
                            &pending.batch.state,  &pending.batch.created_at, &pending.batch.datum,
                            &pending.batch.loader, &pending.batch.reviewer,   &pending.batch.reason,
                            &pending.batch.due};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(&list->texts, *texts[i]);
    if (list->texts.failed || !dk_grow(&list->found, &list->capacity, list->n + 1, sizeof *list->found)) {
        list->status = dk_fail(list->err, DK_NOMEM, "out of memory");
        return false;
    }
    list->found[list->n++] = pending;
    return true;
}

static dk_status give_batch(listing *list, dk_pending *pending)
{
    const char **texts[] = {&pending->batch.kind,   &pending->batch.title,      &pending->batch.source,
                            &pending->batch.state,  &pending->batch.created_at, &pending->batch.datum,
                            &pending->batch.loader, &pending->batch.reviewer,   &pending->batch.reason,
                            &pending->batch.due};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = (const char *)list->texts.data + (uintptr_t)*texts[i];
    if (!pending->whole)
        return DK_OK;
    dk_finding_count count = {0};
    const dk_status status = dk_findings_count(list->store, pending->kind, pending->batch.id, &count, list->err);
    pending->strong = count.strong;
    pending->weak = count.weak;
    return status;
}

static dk_status give_batches(listing *list, bool (*each)(const dk_pending *pending, void *user), void *user)
{
    dk_status status = dk_preview_allowed(list->viewer) ? DK_OK : DK_NOT_FOUND;
    dk_buf_init(&list->texts);
    if (status == DK_OK)
        status = dk_store_batches(list->store, keep_batch, list, list->err);
    if (status == DK_OK)
        status = list->status;
    for (size_t i = list->n; i-- > 0 && status == DK_OK;) {
        status = give_batch(list, &list->found[i]);
        if (status == DK_OK && !each(&list->found[i], user))
            break;
    }
    if (status == DK_OK && list->only != 0 && list->n == 0)
        status = DK_NOT_FOUND;
    free(list->found);
    dk_buf_finish(&list->texts);
    return status == DK_NOT_FOUND ? dk_fail(list->err, DK_NOT_FOUND, "there is no such batch") : status;
}

dk_status dk_preview_batches(dk_store *store, const dk_viewer *viewer, bool all,
                             bool (*each)(const dk_pending *pending, void *user), void *user, dk_error *err)
{
    listing list = {.store = store, .viewer = viewer, .all = all, .err = err};
    return give_batches(&list, each, user);
}

dk_status dk_preview_batch(dk_store *store, const dk_viewer *viewer, int64_t batch,
                           bool (*each)(const dk_pending *pending, void *user), void *user, dk_error *err)
{
    listing list = {.store = store, .viewer = viewer, .only = batch, .err = err};
    return give_batches(&list, each, user);
}

/* ---- acts ---- */

typedef struct acts {
    bool whole;
    bool (*each)(const dk_act *act, void *user);
    void *user;
} acts;

static bool note_whole(const dk_pending *pending, void *user)
{
    *(bool *)user = pending->whole;
    return false;
}

static bool give_act(const dk_act *act, void *user)
{
    const acts *a = user;
    dk_act told = *act;
    if (!a->whole && strcmp(act->kind, dk_act_name(DK_ACT_JUSTIFIED)) == 0)
        told.reason = "";
    return a->each(&told, a->user);
}

dk_status dk_preview_acts(dk_store *store, const dk_viewer *viewer, int64_t batch,
                          bool (*each)(const dk_act *act, void *user), void *user, dk_error *err)
{
    acts a = {.each = each, .user = user};
    const dk_status status = dk_preview_batch(store, viewer, batch, note_whole, &a.whole, err);
    return status == DK_OK ? dk_acts(store, batch, give_act, &a, err) : status;
}

/* ---- changes ---- */

typedef struct changes {
    dk_store *store;
    const dk_preview *preview;
    const dk_kind *kind;
    dk_view view;
    sqlite3_stmt *read[2];   /* two rows are read at a time */
    dk_clock_finder *states; /* NULL: no field says how disclosure stands */
    dk_buf linked;           /* texts of linked fields of the row that comes */
    bool (*each)(const dk_change *, void *);
    void *user;
    size_t given;
    bool stopped;
} changes;

typedef struct step_row {
    int64_t row;
    bool replaces;
    size_t key; /* offset */
} step_row;

static bool note_kind(const dk_pending *pending, void *user)
{
    dk_pending *into = user;
    into->kind = pending->kind;
    into->batch.published_in = pending->batch.published_in;
    into->batch.withdrawn_in = pending->batch.withdrawn_in;
    return false;
}

static dk_status prepare_reads(changes *c, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_text(&sql, "SELECT ");
    dk_row_columns(c->kind, "r", true, &sql);
    dk_buf_format(&sql, " FROM row_%s r WHERE r.row=?1", c->kind->name);
    const char *text = dk_buf_cstr(&sql);
    dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    for (size_t i = 0; i < 2 && status == DK_OK; i++)
        status = dk_sql_prepare(c->store, text, &c->read[i], err);
    dk_buf_finish(&sql);
    return status;
}

typedef struct shown_row {
    dk_stored_row stored;
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    bool there;
} shown_row;

/* Reads a row, if it is one and within the scope. */
static dk_status read_row(changes *c, size_t which, int64_t row, shown_row *ret_row, dk_error *err)
{
    ret_row->there = false;
    if (row == 0)
        return DK_OK;
    sqlite3_bind_int64(c->read[which], 1, row);
    const dk_status status = dk_sql_step(c->store, c->read[which], err);
    if (status != DK_OK)
        return status == DK_END ? dk_fail(err, DK_CORRUPT, "%s: row %lld of %s is missing; run dikuai-ingest check",
                                          c->store->path, (long long)row, c->kind->name)
                                : status;
    dk_stored_row_columns(c->read[which], 0, c->kind, row, &ret_row->stored);
    const int field = c->kind->division_field;
    const dk_value *division = field >= 0 ? &ret_row->stored.values[field] : NULL;
    if (!dk_viewer_covers(c->kind, c->preview->viewer,
                          division != NULL && division->type == DK_TEXT ? division->text.data : NULL))
        return DK_OK;
    dk_row_seen(c->kind, &ret_row->stored, &c->view, true, ret_row->values, ret_row->label, sizeof ret_row->label,
                &ret_row->seen);
    ret_row->there = true;
    return DK_OK;
}

static bool meets(const double *bounds, const shown_row *row)
{
    if (!row->there || row->seen.wkb == NULL)
        return false;
    const double *b = row->seen.bounds;
    return b[0] <= bounds[2] && b[2] >= bounds[0] && b[1] <= bounds[3] && b[3] >= bounds[1];
}

/* What a row that is not published would say once it is, by what is published now: it says what was so when it was
 * loaded, or went. */
static dk_status show_as_published(changes *c, shown_row *row, dk_error *err)
{
    if (!row->there || !c->kind->has_linked)
        return DK_OK;
    const dk_status status = dk_linked_values(c->store, c->kind, row->stored.key, row->stored.values,
                                              c->preview->generation, c->states, &c->linked, err);
    if (status == DK_OK)
        dk_row_seen(c->kind, &row->stored, &c->view, true, row->values, row->label, sizeof row->label, &row->seen);
    return status;
}

/* Gives the change from one row to another; 0: none. */
static dk_status give_change(changes *c, int64_t now, int64_t then, bool conflict, dk_error *err)
{
    shown_row *rows = calloc(2, sizeof *rows);
    if (rows == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = read_row(c, 0, now, &rows[0], err);
    if (status == DK_OK)
        status = read_row(c, 1, then, &rows[1], err);
    /* What comes must be the viewer's; what goes is shown only if it is, too. */
    const shown_row *main = then != 0 ? &rows[1] : &rows[0];
    const double *bounds = c->preview->bounds;
    if (status != DK_OK || !main->there || (bounds != NULL && !meets(bounds, &rows[0]) && !meets(bounds, &rows[1])))
        goto out;
    if ((status = show_as_published(c, &rows[1], err)) != DK_OK)
        goto out;
    dk_change change = {.kind = now == 0    ? DK_CHANGE_ADDED
                                : then == 0 ? DK_CHANGE_REMOVED
                                            : DK_CHANGE_CHANGED,
                        .now = rows[0].there ? &rows[0].seen : NULL,
                        .then = rows[1].there ? &rows[1].seen : NULL,
                        .conflict = conflict};
    if (change.now != NULL && change.then != NULL) {
        const uint64_t both = change.now->visible & change.then->visible;
        for (size_t i = 0; i < c->kind->n_fields; i++)
            if ((both >> i & 1) != 0 && !dk_value_equal(&change.now->values[i], &change.then->values[i]))
                change.differs |= UINT64_C(1) << i;
        change.outline =
            change.now->wkb_size != change.then->wkb_size ||
            (change.now->wkb_size > 0 && memcmp(change.now->wkb, change.then->wkb, change.now->wkb_size) != 0);
    }
    c->stopped = !c->each(&change, c->user);
    c->given++;
out:
    sqlite3_reset(c->read[0]);
    sqlite3_reset(c->read[1]);
    for (size_t i = 0; i < 2; i++)
        dk_stored_row_release(&rows[i].stored);
    free(rows);
    return status;
}

static dk_status change_of(changes *c, const step_row *row, const char *key, dk_error *err)
{
    int64_t now = 0, then = 0;
    dk_status status;
    if (!c->preview->withdraw) {
        status = dk_row_of_key(c->store, c->kind, key, c->preview->generation, &now, err);
        return status == DK_OK ? give_change(c, now, row->row, now != 0 && !row->replaces, err) : status;
    }
    status = dk_linked_alive(c->store, c->kind, row->row, c->preview->generation, &now, err);
    if (status != DK_OK || now == 0) /* a later batch has replaced it: a withdrawal changes nothing */
        return status;
    status = dk_row_previous(c->store, c->kind, key, c->preview->batch, &then, err);
    return status == DK_OK ? give_change(c, now, then, false, err) : status;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The next rows of the batch, copied so that no statement stays open. */
static dk_status next_rows(changes *c, int64_t after, step_row *rows, size_t *ret_n, dk_buf *keys, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t n = 0;
    dk_buf_clear(keys);
    dk_status status = dk_sql_kept(c->store, c->kind, DK_STMT_BATCH_ROWS, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, c->preview->batch);
    sqlite3_bind_int64(stmt, 2, after);
    sqlite3_bind_int(stmt, 3, ROWS_A_STEP);
    while (n < ROWS_A_STEP && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        rows[n++] = (step_row){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 2) != 0, keys->size};
        dk_buf_append(keys, sqlite3_column_text(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
        dk_buf_byte(keys, 0);
    }
    sqlite3_reset(stmt);
    *ret_n = n;
    if (keys->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return status == DK_END ? DK_OK : status;
}

dk_status dk_preview_changes(dk_store *store, const dk_preview *preview,
                             bool (*each)(const dk_change *change, void *user), void *user, int64_t *ret_next,
                             dk_error *err)
{
    dk_pending found = {.kind = NULL};
    changes c = {.store = store, .preview = preview, .each = each, .user = user};
    const double end = seconds_now() + SECONDS;
    int64_t after = preview->after;
    dk_buf keys;
    dk_buf_init(&keys);
    *ret_next = 0;
    step_row *rows = malloc(ROWS_A_STEP * sizeof *rows);
    dk_status status = rows == NULL ? dk_fail(err, DK_NOMEM, "out of memory")
                                    : dk_preview_batch(store, preview->viewer, preview->batch, note_kind, &found, err);
    if (status != DK_OK)
        goto out;
    if (preview->withdraw ? found.batch.published_in == 0 || found.batch.withdrawn_in != 0
                          : found.batch.published_in != 0 || found.batch.withdrawn_in != 0) {
        status = dk_fail(
            err, DK_INVALID,
            preview->withdraw
                ? "Batch %lld is not published, so its withdrawal changes nothing."
                : "Batch %lld does not wait any more; with withdraw=true, a published one shows what its withdrawal would change.",
            (long long)preview->batch);
        goto out;
    }
    c.kind = found.kind;
    c.view = dk_view_of(c.kind, preview->viewer);
    status = prepare_reads(&c, err);
    int32_t day = DK_NO_DAY;
    if (status == DK_OK && c.kind->disclosure_field >= 0 && dk_clock_sources(store->catalogue, c.kind) != 0) {
        status = dk_clock_day(store, &day, err);
        if (status == DK_OK && (c.states = dk_clock_finder_create(store, c.kind, day)) == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    for (bool more = true; status == DK_OK && more;) {
        size_t n = 0;
        status = next_rows(&c, after, rows, &n, &keys, err);
        more = n > 0;
        for (size_t i = 0; status == DK_OK && i < n; i++) {
            if (c.stopped || c.given >= preview->limit || (i % 32 == 0 && seconds_now() > end)) {
                *ret_next = after;
                more = false;
                break;
            }
            status = change_of(&c, &rows[i], (const char *)keys.data + rows[i].key, err);
            after = rows[i].row;
        }
    }
out:
    sqlite3_finalize(c.read[0]);
    sqlite3_finalize(c.read[1]);
    dk_clock_finder_free(c.states);
    dk_buf_finish(&c.linked);
    dk_buf_finish(&keys);
    free(rows);
    return status;
}
