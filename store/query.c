#include "store/query.h"

#include "store/approval_no.h"
#include "store/handle.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- one row ---- */

static dk_status give_row(dk_store *store, const dk_kind *kind, int64_t row, const dk_viewer *viewer,
                          bool with_geometry, dk_row_fn each, void *user, dk_error *err)
{
    dk_stored_row stored;
    const dk_status status = dk_stored_row_read(store, kind, row, with_geometry, &stored, err);
    if (status != DK_OK)
        return status;
    const dk_view view = dk_view_of(kind, viewer);
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_row_seen(kind, &stored, &view, with_geometry, values, label, sizeof label, &seen);
    each(&seen, user);
    dk_stored_row_release(&stored);
    return DK_OK;
}

dk_status dk_query_row(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                       int64_t generation, bool with_geometry, dk_row_fn each, void *user, dk_error *err)
{
    int64_t row = 0;
    const dk_status status = dk_row_of_key(store, kind, key, generation, &row, err);
    if (status != DK_OK)
        return status;
    if (row == 0)
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", kind->name, key);
    return give_row(store, kind, row, viewer, with_geometry, each, user, err);
}

dk_status dk_query_feature(dk_store *store, const dk_kind *kind, uint64_t feature, const dk_viewer *viewer,
                           int64_t generation, bool with_geometry, dk_row_fn each, void *user, dk_error *err)
{
    /* The feature number is the row number of the key's first version. */
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_ROW_META, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, (int64_t)feature);
    status = dk_sql_step(store, stmt, err);
    char key[512] = "";
    if (status == DK_OK && (uint64_t)sqlite3_column_int64(stmt, 1) == feature)
        snprintf(key, sizeof key, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    if (key[0] == 0 ||
        (status = dk_query_row(store, kind, key, viewer, generation, with_geometry, each, user, err)) == DK_NOT_FOUND)
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the number %llu", kind->name,
                       (unsigned long long)feature);
    return status;
}

/* ---- filters ---- */

/* Brings the filter's text into the form of the field's values; numbers are compared as numbers. */
static dk_status filter_prepare(const dk_kind *kind, const dk_filter *filter, dk_buf *normal, dk_error *err)
{
    const dk_field *field = &kind->fields[filter->field];
    const char *text = filter->text;
    size_t size = strlen(text);
    dk_buf_clear(normal);
    while (size > 0 && text[size - 1] == ' ')
        size--;
    while (size > 0 && *text == ' ')
        text++, size--;
    if (!dk_utf8_valid(text, size))
        return dk_fail(err, DK_INVALID, "the value for %s is not valid UTF-8", field->name);
    if (field->type == DK_FIELD_APPROVAL_NO)
        dk_approval_no_normalise(text, size, normal);
    else
        dk_buf_append(normal, text, size);
    return dk_buf_cstr(normal) == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

typedef struct holds_number {
    const char *wanted;
    bool found;
} holds_number;

static bool same_number(const char *number, size_t size, void *user)
{
    holds_number *h = user;
    h->found = strlen(h->wanted) == size && memcmp(h->wanted, number, size) == 0;
    return !h->found;
}

/* A division that is no more is found under its own code and under its successor. */
static bool filter_holds(const dk_kind *kind, const dk_field *field, const dk_value *value, const char *wanted)
{
    char *end = NULL;
    switch (value->type) {
    case DK_NULL:
        return false;
    case DK_INTEGER:
        return strtoll(wanted, &end, 10) == value->integer && end != wanted && *end == 0;
    case DK_REAL:
        return strtod(wanted, &end) == value->real && end != wanted && *end == 0;
    case DK_TEXT:
        break;
    }
    if (strcmp(value->text.data, wanted) == 0)
        return true;
    if (field->type == DK_FIELD_DIVISION)
        return dk_division_answers(kind->catalogue, value->text.data, wanted);
    if (field->type != DK_FIELD_APPROVAL_NO)
        return false;
    holds_number h = {wanted, false}; /* one of several 文号 */
    dk_approval_no_each(value->text.data, same_number, &h);
    return h.found;
}

/* ---- many rows ---- */

typedef struct walk {
    dk_store *store;
    const dk_query *query;
    dk_view view;
    dk_buf *wanted;    /* per filter */
    dk_key_list *list; /* candidates that are gathered before they are ordered */
    dk_row_fn each;
    void *user;
    size_t given;
    int64_t counted;
    bool count_only, stopped;
    bool drawn_only; /* rows without outline do not count */
    uint64_t looked_at;
    double deadline;
    dk_status status;
    dk_error *err;
} walk;

/* Whether the filters hold for what the viewer sees of the row. */
static bool row_matches(const walk *w, const dk_row *seen)
{
    for (size_t i = 0; i < w->query->n_filters; i++) {
        const dk_filter *filter = &w->query->filters[i];
        if (!filter_holds(w->query->kind, &w->query->kind->fields[filter->field], &seen->values[filter->field],
                          (const char *)w->wanted[i].data))
            return false;
    }
    return !(w->drawn_only && seen->undrawn);
}

/* Reads a published row, and gives or counts it if the filters hold. */
static dk_status visit(walk *w, int64_t row)
{
    const dk_query *q = w->query;
    if (w->count_only && q->n_filters == 0 && !w->drawn_only) {
        w->counted++;
        return DK_OK;
    }
    dk_stored_row stored;
    const dk_status status =
        dk_stored_row_read(w->store, q->kind, row, q->with_geometry && !w->count_only, &stored, w->err);
    if (status != DK_OK)
        return status;
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_row_seen(q->kind, &stored, &w->view, q->with_geometry, values, label, sizeof label, &seen);
    if (row_matches(w, &seen)) {
        w->counted++;
        if (!w->count_only) {
            w->stopped = !w->each(&seen, w->user) || ++w->given == q->limit;
        }
    }
    dk_stored_row_release(&stored);
    return DK_OK;
}

/* A question may take this long; a public address must not hold a thread for long. */
#define MOST_SECONDS 2

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Asked for every row that is looked at. */
static dk_status check_time(walk *w)
{
    if (++w->looked_at % 256 != 0 || seconds_now() < w->deadline)
        return DK_OK;
    return dk_fail(w->err, DK_LIMIT,
                   "the question takes longer than %d seconds; narrow it, with a smaller box or a filter on one of the "
                   "fields that are searched",
                   MOST_SECONDS);
}

/* In the order of keys, straight from the index. Read in blocks, so that no statement is open while rows are given. */
static dk_status walk_keys(walk *w)
{
    enum { BLOCK = 256 };
    const dk_query *q = w->query;
    dk_buf after;
    dk_buf_init(&after);
    const bool paged = !w->count_only && q->after != NULL;
    dk_buf_text(&after, paged ? q->after : "");
    int64_t after_row = paged ? INT64_MAX : 0; /* the whole key was given on the page before */
    dk_status status = DK_OK;
    for (size_t n = BLOCK; status == DK_OK && n == BLOCK && !w->stopped;) {
        int64_t rows[BLOCK];
        sqlite3_stmt *stmt = NULL;
        n = 0;
        if ((status = dk_sql_kept(w->store, q->kind, DK_STMT_KEYS_AFTER, &stmt, w->err)) != DK_OK)
            break;
        const char *from = dk_buf_cstr(&after);
        if (from == NULL) {
            status = dk_fail(w->err, DK_NOMEM, "out of memory");
            break;
        }
        sqlite3_bind_text(stmt, 1, from, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(stmt, 2, after_row);
        sqlite3_bind_int(stmt, 3, BLOCK);
        while (n < BLOCK && (status = dk_sql_step(w->store, stmt, w->err)) == DK_OK) {
            rows[n++] = after_row = sqlite3_column_int64(stmt, 0);
            dk_buf_clear(&after);
            dk_buf_text(&after, (const char *)sqlite3_column_text(stmt, 1));
        }
        sqlite3_reset(stmt);
        if (status == DK_END)
            status = DK_OK;
        for (size_t i = 0; status == DK_OK && i < n && !w->stopped; i++) {
            bool alive = false;
            status = dk_row_alive(w->store, q->kind, rows[i], q->generation, &alive, w->err);
            if (status == DK_OK && alive)
                status = visit(w, rows[i]);
            if (status == DK_OK)
                status = check_time(w);
        }
    }
    dk_buf_finish(&after);
    return status;
}

/* A box of more features than this is refused: their keys would have to be read and ordered for every page. */
#define MOST_IN_BOUNDS 50000

/* Rows of a box, from the blocks that may hold them. */
typedef struct gathering {
    walk *w;
    dk_world_box box;
} gathering;

static bool gather_block(const dk_block *block, void *user)
{
    const gathering *g = user;
    walk *w = g->w;
    for (uint32_t i = 0; i < block->n_entries && w->status == DK_OK; i++) {
        const dk_entry_head *head = &block->heads[i];
        if (head->x0 > g->box.x1 || head->x1 < g->box.x0 || head->y0 > g->box.y1 || head->y1 < g->box.y0)
            continue;
        w->status =
            w->list->n == MOST_IN_BOUNDS
                ? dk_fail(w->err, DK_LIMIT,
                          "the box holds more than %d rows of %s; give a smaller one, or none for all rows",
                          MOST_IN_BOUNDS, w->query->kind->name)
                : dk_key_list_add(w->list, head->row, "", w->err);
    }
    return w->status == DK_OK;
}

static bool gather_row(int64_t row, void *user)
{
    walk *w = user;
    w->status = dk_key_list_add(w->list, row, "", w->err);
    return w->status == DK_OK;
}

/* Turns row numbers into published rows with their keys, ordered. */
static dk_status order_candidates(walk *w, dk_key_list *ret_list)
{
    const dk_kind *kind = w->query->kind;
    for (size_t i = 0; i < w->list->n; i++) {
        sqlite3_stmt *stmt = NULL;
        const int64_t row = w->list->entries[i].row;
        dk_status status = dk_sql_kept(w->store, kind, DK_STMT_ROW_META, &stmt, w->err);
        if (status != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, row);
        status = dk_sql_step(w->store, stmt, w->err);
        char key[512] = "";
        if (status == DK_OK)
            snprintf(key, sizeof key, "%s", (const char *)sqlite3_column_text(stmt, 0));
        sqlite3_reset(stmt);
        if (status == DK_END)
            continue;
        if (status != DK_OK)
            return status;
        bool alive = false;
        status = dk_row_alive(w->store, kind, row, w->query->generation, &alive, w->err);
        if (status == DK_OK && alive)
            status = dk_key_list_add(ret_list, row, key, w->err);
        if (status == DK_OK)
            status = check_time(w);
        if (status != DK_OK)
            return status;
    }
    dk_key_list_sort(ret_list);
    return DK_OK;
}

static dk_status walk_list(walk *w, const dk_key_list *list)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < list->n && !w->stopped; i++) {
        if (w->count_only || w->query->after == NULL || strcmp(dk_key_list_key(list, i), w->query->after) > 0)
            status = visit(w, list->entries[i].row);
        if (status == DK_OK)
            status = check_time(w);
    }
    return status;
}

static dk_status walk_bounds(walk *w)
{
    const dk_query *q = w->query;
    dk_world_box box;
    dk_world_from_lonlat(q->bounds[0], q->bounds[3], &box.x0, &box.y0);
    dk_world_from_lonlat(q->bounds[2], q->bounds[1], &box.x1, &box.y1);
    dk_key_list found = {0}, ordered = {0};
    w->list = &found;
    gathering g = {w, box};
    dk_status status = dk_index_begin(w->store, q->generation, NULL, w->err);
    if (status == DK_OK) {
        status = dk_index_blocks(w->store, q->kind, &box, DK_EVERY_ZOOM, gather_block, &g, w->err);
        dk_index_end(w->store);
    }
    if (status == DK_OK)
        status = w->status;
    if (status == DK_OK)
        status = order_candidates(w, &ordered);
    if (status == DK_OK)
        status = walk_list(w, &ordered);
    dk_key_list_finish(&found);
    dk_key_list_finish(&ordered);
    return status;
}

typedef struct first_term {
    dk_buf text;
    bool any;
} first_term;

static bool keep_first_term(const char *term, size_t size, void *user)
{
    first_term *f = user;
    dk_buf_append(&f->text, term, size);
    f->any = true;
    return false;
}

/* Rows of divisions whose place the wanted one took. */
typedef struct former_codes {
    walk *w;
    int field;
    dk_status status;
} former_codes;

static bool gather_former(const char *code, void *user)
{
    former_codes *f = user;
    f->status = dk_rows_of_term(f->w->store, f->w->query->kind, f->field, code, strlen(code), gather_row, f->w, f->w->err);
    return f->status == DK_OK && f->w->status == DK_OK;
}

/* By the postings of an indexed filter. */
static dk_status walk_filter(walk *w, size_t filter)
{
    const dk_query *q = w->query;
    const int field = q->filters[filter].field;
    const dk_value value = dk_value_text((const char *)w->wanted[filter].data);
    first_term term = {0};
    dk_buf_init(&term.text);
    dk_terms_of(&q->kind->fields[field], &value, keep_first_term, &term);
    dk_key_list found = {0}, ordered = {0};
    w->list = &found;
    dk_status status = DK_OK;
    if (term.text.failed)
        status = dk_fail(w->err, DK_NOMEM, "out of memory");
    if (status == DK_OK && term.any)
        status = dk_rows_of_term(w->store, q->kind, field, (const char *)term.text.data, term.text.size, gather_row, w,
                                 w->err);
    if (status == DK_OK && w->status == DK_OK && q->kind->fields[field].type == DK_FIELD_DIVISION) {
        former_codes f = {w, field, DK_OK};
        dk_division_former(w->store->catalogue, value.text.data, gather_former, &f);
        status = f.status;
    }
    if (status == DK_OK)
        status = w->status;
    if (status == DK_OK)
        status = order_candidates(w, &ordered);
    if (status == DK_OK)
        status = walk_list(w, &ordered);
    dk_key_list_finish(&found);
    dk_key_list_finish(&ordered);
    dk_buf_finish(&term.text);
    return status;
}

/* A box around the whole layer asks for all rows, which the keys give in order. */
static dk_status needs_bounds(walk *w, bool *ret_needed)
{
    const dk_query *q = w->query;
    double all[4] = {0};
    int64_t rows = 0, undrawn = 0;
    if (q->bounds == NULL || q->kind->geometry == DK_NO_GEOMETRY) {
        *ret_needed = false;
        return DK_OK;
    }
    const dk_status status = dk_query_summary(w->store, q->kind, q->generation, &rows, &undrawn, all, w->err);
    w->drawn_only = undrawn > 0; /* what has no place is in no box */
    *ret_needed = q->bounds[0] > all[0] || q->bounds[1] > all[1] || q->bounds[2] < all[2] || q->bounds[3] < all[3];
    return status;
}

static dk_status run_query(walk *w)
{
    const dk_query *q = w->query;
    const uint64_t indexed = w->store->indexed[q->kind->index];
    dk_status status = DK_OK;
    w->view = dk_view_of(q->kind, q->viewer);
    w->deadline = seconds_now() + MOST_SECONDS;
    for (size_t i = 0; i < q->n_filters; i++) {
        const int field = q->filters[i].field;
        /* A field that is seen in some rows only is matched in those rows only: row_matches looks at what is seen. */
        if (field < 0 || (size_t)field >= q->kind->n_fields || !(w->view.inside & UINT64_C(1) << field))
            return dk_fail(w->err, DK_NOT_FOUND, "%s has no such field", q->kind->name);
    }
    w->wanted = calloc(q->n_filters + 1, sizeof *w->wanted);
    if (w->wanted == NULL)
        return dk_fail(w->err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < q->n_filters; i++)
        status = filter_prepare(q->kind, &q->filters[i], &w->wanted[i], w->err);
    bool bounded = false;
    if (status == DK_OK)
        status = needs_bounds(w, &bounded);
    size_t by = q->n_filters;
    for (size_t i = 0; i < q->n_filters; i++)
        if (indexed & UINT64_C(1) << q->filters[i].field &&
            q->kind->fields[q->filters[i].field].type != DK_FIELD_NUMBER)
            by = i;
    if (status != DK_OK)
        ;
    else if (bounded)
        status = walk_bounds(w);
    else if (by < q->n_filters)
        status = walk_filter(w, by);
    else
        status = walk_keys(w);
    for (size_t i = 0; i < q->n_filters; i++)
        dk_buf_finish(&w->wanted[i]);
    free(w->wanted);
    return status;
}

dk_status dk_query_rows(dk_store *store, const dk_query *query, dk_row_fn each, void *user, dk_error *err)
{
    if (query->limit < 1 || query->limit > 10000)
        return dk_fail(err, DK_INVALID, "limit must be 1 to 10000");
    walk w = {.store = store, .query = query, .each = each, .user = user, .err = err};
    return run_query(&w);
}

dk_status dk_query_count(dk_store *store, const dk_query *query, int64_t *ret_count, dk_error *err)
{
    walk w = {.store = store, .query = query, .count_only = true, .err = err};
    bool bounded = false;
    dk_status status = needs_bounds(&w, &bounded);
    if (status == DK_OK && query->n_filters == 0 && !bounded) {
        double ignored[4];
        int64_t undrawn = 0;
        status = dk_query_summary(store, query->kind, query->generation, ret_count, &undrawn, ignored, err);
        *ret_count -= w.drawn_only ? undrawn : 0;
        return status;
    }
    if (status == DK_OK)
        status = run_query(&w);
    if (status == DK_OK)
        *ret_count = w.counted;
    return status;
}

dk_status dk_query_linked(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *other,
                          const dk_viewer *viewer, int64_t generation, const char *after, size_t limit,
                          bool with_geometry, dk_row_fn each, void *user, dk_error *err)
{
    int64_t row = 0;
    dk_status status = dk_row_of_key(store, kind, key, generation, &row, err);
    if (status != DK_OK)
        return status;
    if (row == 0)
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", kind->name, key);
    dk_stored_row stored;
    if ((status = dk_stored_row_read(store, kind, row, false, &stored, err)) != DK_OK)
        return status;
    dk_key_list list = {0};
    const dk_view view = dk_view_of(other, viewer);
    /* Rows of one kind share the kept statement: the stored row's texts are needed until the links are found. */
    status = dk_linked_rows(store, kind, key, stored.values, other, generation, SIZE_MAX, &list, err);
    dk_stored_row_release(&stored);
    if (status == DK_OK) {
        dk_key_list_sort(&list);
        status = dk_key_list_give(store, other, &list, &view, after, limit, with_geometry, each, user, err);
    }
    dk_key_list_finish(&list);
    return status;
}

dk_status dk_query_summary(dk_store *store, const dk_kind *kind, int64_t generation, int64_t *ret_rows,
                           int64_t *ret_undrawn, double ret_bounds[4], dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_SUMMARY, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, generation);
    status = dk_sql_step(store, stmt, err);
    *ret_rows = *ret_undrawn = 0;
    if (status == DK_OK) {
        *ret_rows = sqlite3_column_int64(stmt, 0);
        *ret_undrawn = sqlite3_column_int64(stmt, 5);
        for (int i = 0; i < 4; i++)
            ret_bounds[i] = sqlite3_column_double(stmt, i + 1);
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}
