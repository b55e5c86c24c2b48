#include "store/query.h"

#include "store/anchor.h"
#include "store/coarse.h"
#include "store/cql2_sql.h"
#include "store/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parameters of a page's SQL besides those of its selection. */
enum { P_LIMIT = 1, P_FEATURE, P_POSITION };

/* ---- one row ---- */

/* DK_NOT_FOUND, without a sentence: the viewer does not see it. */
static dk_status give_row(dk_store *store, const dk_kind *kind, int64_t row, const dk_viewer *viewer,
                          bool with_geometry, dk_row_fn each, void *user, dk_error *err)
{
    dk_stored_row stored;
    const dk_status status = dk_stored_row_read(store, kind, row, with_geometry, &stored, err);
    if (status != DK_OK)
        return status;
    const dk_view view = dk_view_of(kind, viewer);
    if (!dk_row_in_view(kind, &stored, &view)) {
        dk_stored_row_release(&stored);
        return DK_NOT_FOUND;
    }
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
    dk_status status = dk_row_of_key(store, kind, key, generation, &row, err);
    if (status == DK_OK)
        status = row == 0 ? DK_NOT_FOUND : give_row(store, kind, row, viewer, with_geometry, each, user, err);
    if (status == DK_NOT_FOUND)
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", kind->name, key);
    return status;
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

/* ---- pages ---- */

/* What `after` holds: for each column that is sorted by "n~" for none, "i<number>~", "r<number>~" or "t<hex of the
 * UTF-8>~", then the feature number. No number goes on with a ~, as 4000 would with a point. */
typedef struct position {
    dk_value values[DK_QUERY_ORDERS];
    dk_buf texts[DK_QUERY_ORDERS];
    int64_t feature;
} position;

static int hex_value(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One value and the ~ behind it; NULL if it is none. */
static const char *read_value(const char *at, dk_buf *text, dk_value *ret_value)
{
    char *end = NULL;
    switch (*at++) {
    case 'n':
        *ret_value = dk_value_null();
        break;
    case 'i':
        *ret_value = dk_value_integer(strtoll(at, &end, 10));
        at = end;
        break;
    case 'r':
        *ret_value = dk_value_real(strtod(at, &end));
        at = end;
        break;
    case 't':
        for (; hex_value(at[0]) >= 0 && hex_value(at[1]) >= 0; at += 2)
            dk_buf_byte(text, (unsigned char)(hex_value(at[0]) * 16 + hex_value(at[1])));
        if (dk_buf_cstr(text) == NULL)
            return NULL;
        *ret_value = (dk_value){.type = DK_TEXT, .text = {(const char *)text->data, text->size}};
        break;
    default:
        return NULL;
    }
    return *at == '~' ? at + 1 : NULL;
}

static bool read_position(const dk_query *query, position *ret_position)
{
    const char *at = query->after;
    for (size_t i = 0; at != NULL && i < query->n_orders; i++)
        at = read_value(at, &ret_position->texts[i], &ret_position->values[i]);
    const size_t digits = at != NULL ? strspn(at, "0123456789") : 0;
    if (digits == 0 || digits > 18 || at[digits] != '\0')
        return false;
    ret_position->feature = strtoll(at, NULL, 10);
    return true;
}

/* The position of the row that a statement stands at, whose sort values begin in a column. */
static void write_position(sqlite3_stmt *stmt, int column, size_t n_orders, int64_t feature, dk_buf *out)
{
    static const char hex[] = "0123456789abcdef";
    for (int i = column; i < column + (int)n_orders; i++) {
        const unsigned char *text;
        switch (sqlite3_column_type(stmt, i)) {
        case SQLITE_INTEGER:
            dk_buf_format(out, "i%lld", (long long)sqlite3_column_int64(stmt, i));
            break;
        case SQLITE_FLOAT:
            dk_buf_format(out, "r%.17g", sqlite3_column_double(stmt, i));
            break;
        case SQLITE_TEXT:
            text = sqlite3_column_text(stmt, i);
            dk_buf_byte(out, 't');
            for (int j = 0, n = sqlite3_column_bytes(stmt, i); j < n; j++) {
                dk_buf_byte(out, (unsigned char)hex[text[j] >> 4]);
                dk_buf_byte(out, (unsigned char)hex[text[j] & 15]);
            }
            break;
        default:
            dk_buf_byte(out, 'n');
        }
        dk_buf_byte(out, '~');
    }
    dk_buf_format(out, "%lld", (long long)feature);
}

/* Rows behind the position: s0 behind its value, or s0 as it is and s1 behind its value … or the feature behind. */
static void append_behind(const dk_query *query, const position *from, dk_buf *sql)
{
    for (size_t i = 0; i < query->n_orders; i++) {
        const size_t p = P_POSITION + i;
        const bool descending = query->orders[i].descending;
        if (from->values[i].type == DK_NULL && descending)
            dk_buf_format(sql, "(s%zu IS NULL AND ", i);
        else if (from->values[i].type == DK_NULL)
            dk_buf_format(sql, "(s%zu IS NOT NULL OR ", i);
        else if (descending)
            dk_buf_format(sql, "(s%zu<?%zu OR s%zu IS NULL OR s%zu=?%zu AND ", i, p, i, i, p);
        else
            dk_buf_format(sql, "(s%zu>?%zu OR s%zu=?%zu AND ", i, p, i, p);
    }
    dk_buf_format(sql, "feature>?%d", P_FEATURE);
    for (size_t i = 0; i < query->n_orders; i++)
        dk_buf_byte(sql, ')');
}

static void bind_value(sqlite3_stmt *stmt, int parameter, const dk_value *value)
{
    if (value->type == DK_INTEGER)
        sqlite3_bind_int64(stmt, parameter, value->integer);
    else if (value->type == DK_REAL)
        sqlite3_bind_double(stmt, parameter, value->real);
    else if (value->type == DK_TEXT)
        sqlite3_bind_text64(stmt, parameter, value->text.data, value->text.size, SQLITE_STATIC, SQLITE_UTF8);
}

typedef struct walk {
    dk_store *store;
    const dk_query *query;
    dk_view view;
    position from;
    dk_row_fn each;
    void *user;
    dk_buf *next;
    size_t given;
    int64_t last; /* feature of the row given last */
    bool ended;   /* there is a row behind the page, or `each` wants no more */
    dk_error *err;
} walk;

/* Gives a row; false: `each` wants no more. */
static bool give(const walk *w, dk_stored_row *stored)
{
    const dk_query *q = w->query;
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_row_seen(q->kind, stored, &w->view, q->with_geometry, values, label, sizeof label, &seen);
    return w->each(&seen, w->user);
}

static dk_status page_sql(walk *w, dk_selection *selection, dk_buf *sql)
{
    const dk_query *q = w->query;
    dk_buf columns;
    dk_buf_init(&columns);
    dk_buf_text(&columns, "r.row");
    if (q->n_orders == 0) {
        dk_buf_byte(&columns, ',');
        dk_row_columns(q->kind, "r", q->with_geometry, &columns);
    } else {
        columns.size = 0;
        dk_buf_text(&columns, "r.row AS row");
        for (size_t i = 0; i < q->n_orders; i++) {
            dk_buf_byte(&columns, ',');
            dk_visible_sql(q->kind, &w->view, q->orders[i].field, &columns);
            dk_buf_format(&columns, " AS s%zu", i);
        }
        dk_buf_text(sql, "SELECT * FROM (");
    }
    const char *text = dk_buf_cstr(&columns);
    const dk_status status =
        text == NULL ? dk_fail(w->err, DK_NOMEM, "out of memory") : dk_selection_sql(selection, text, sql, w->err);
    dk_buf_finish(&columns);
    if (q->n_orders > 0) {
        dk_buf_byte(sql, ')');
        if (q->after != NULL) {
            dk_buf_text(sql, " WHERE ");
            append_behind(q, &w->from, sql);
        }
    }
    dk_buf_text(sql, " ORDER BY ");
    for (size_t i = 0; i < q->n_orders; i++)
        dk_buf_format(sql, "s%zu%s,", i, q->orders[i].descending ? " DESC" : "");
    dk_buf_format(sql, "1 LIMIT ?%d", P_LIMIT);
    return status;
}

static dk_status walk_page(walk *w, sqlite3_stmt *stmt)
{
    const dk_query *q = w->query;
    dk_status status = DK_OK;
    bool more = true;
    for (; status == DK_OK && (status = dk_sql_step(w->store, stmt, w->err)) == DK_OK; w->given++) {
        if (w->given == q->limit || !more) {
            w->ended = true;
            return DK_OK;
        }
        const int64_t feature = sqlite3_column_int64(stmt, 0), row = sqlite3_column_int64(stmt, 1);
        dk_stored_row stored;
        if (q->n_orders == 0)
            dk_stored_row_columns(stmt, 2, q->kind, row, &stored);
        else
            status = dk_stored_row_read(w->store, q->kind, row, q->with_geometry, &stored, w->err);
        if (status != DK_OK)
            break;
        more = give(w, &stored);
        dk_stored_row_release(&stored);
        w->last = feature;
        if (q->n_orders > 0) { /* values that the next step takes away */
            dk_buf_clear(w->next);
            write_position(stmt, 2, q->n_orders, feature, w->next);
        }
    }
    if (status == DK_END && !more) /* whether there is a row behind it is not known: the next page will tell */
        w->ended = true;
    return status == DK_END ? DK_OK : status;
}

static dk_status run_page(walk *w)
{
    const dk_query *q = w->query;
    dk_selection selection = {0};
    sqlite3_stmt *stmt = NULL;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_status status = dk_selection_begin(&selection, w->store, q, q->n_orders == 0 ? w->from.feature : 0, w->err);
    if (status != DK_OK || selection.nothing)
        goto out;
    if ((status = page_sql(w, &selection, &sql)) != DK_OK)
        goto out;
    const char *text = dk_buf_cstr(&sql);
    status = text == NULL ? dk_fail(w->err, DK_NOMEM, "out of memory") : dk_sql_cached(w->store, text, &stmt, w->err);
    if (status == DK_OK)
        status = dk_selection_bind(&selection, stmt, w->err);
    if (status != DK_OK)
        goto out;
    sqlite3_bind_int64(stmt, P_LIMIT, (sqlite3_int64)q->limit + 1);
    for (size_t i = 0; i < q->n_orders; i++)
        bind_value(stmt, P_POSITION + (int)i, &w->from.values[i]);
    sqlite3_bind_int64(stmt, P_FEATURE, w->from.feature);
    status = walk_page(w, stmt);
out:
    if (stmt != NULL) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
    }
    dk_buf_finish(&sql);
    dk_selection_finish(&selection);
    if (status == DK_OK && !w->ended)
        dk_buf_clear(w->next); /* the row given last is the last of all */
    else if (status == DK_OK && q->n_orders == 0 && w->given > 0)
        dk_buf_format(w->next, "%lld", (long long)w->last);
    return status;
}

dk_status dk_query_too_slow(dk_error *err)
{
    return dk_fail(
        err, DK_LIMIT,
        "the question takes too long; narrow it, with a smaller box or a condition on one of the fields that "
        "are searched");
}

/* Filters are about fields that the viewer sees, or they could not have been read; sort columns are looked at here. */
static dk_status check_query(const dk_query *query, const dk_view *view, dk_error *err)
{
    if (query->limit < 1 || query->limit > 10000)
        return dk_fail(err, DK_INVALID, "limit must be 1 to 10000");
    for (size_t i = 0; i < query->n_orders; i++) {
        const int field = query->orders[i].field;
        if (field < 0 || (size_t)field >= query->kind->n_fields ||
            !((view->inside | view->outside) & UINT64_C(1) << field))
            return dk_fail(err, DK_NOT_FOUND, "%s has no such field", query->kind->name);
    }
    return DK_OK;
}

dk_status dk_query_page(dk_store *store, const dk_query *query, dk_row_fn each, void *user, dk_buf *ret_next,
                        dk_error *err)
{
    walk w = {.store = store,
              .query = query,
              .view = dk_view_of(query->kind, query->viewer),
              .each = each,
              .user = user,
              .next = ret_next,
              .err = err};
    dk_buf_clear(ret_next);
    dk_status status = check_query(query, &w.view, err);
    if (status == DK_OK && query->after != NULL && !read_position(query, &w.from))
        status =
            dk_fail(err, DK_INVALID, "`after` is not the place of a row in this order; take it from the page before");
    if (status == DK_OK) {
        dk_sql_limit(store, query->seconds > 0 ? query->seconds : DK_QUERY_SECONDS);
        status = run_page(&w);
        const bool late = dk_sql_unlimited(store);
        if (status == DK_LIMIT && late)
            status = dk_query_too_slow(err);
    }
    if (status == DK_OK && ret_next->failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; i < DK_QUERY_ORDERS; i++)
        dk_buf_finish(&w.from.texts[i]);
    return status;
}

/* ---- how many ---- */

static dk_status run_count(dk_store *store, dk_selection *selection, int64_t *ret_count, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_text(&sql, "SELECT count(*) FROM (");
    dk_status status = dk_selection_sql(selection, "1", &sql, err);
    dk_buf_byte(&sql, ')');
    const char *text = dk_buf_cstr(&sql);
    if (status == DK_OK)
        status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_cached(store, text, &stmt, err);
    if (status == DK_OK)
        status = dk_selection_bind(selection, stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(store, stmt, err);
    if (status == DK_OK)
        *ret_count = sqlite3_column_int64(stmt, 0);
    if (stmt != NULL) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
    }
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_query_count(dk_store *store, const dk_query *query, double seconds, int64_t *ret_count, dk_error *err)
{
    double ignored[4];
    int64_t undrawn = 0;
    *ret_count = 0;
    const dk_view view = dk_view_of(query->kind, query->viewer);
    if (query->n_filters == 0 && dk_view_every_row(&view))
        return dk_query_summary(store, query->kind, query->generation, ret_count, &undrawn, ignored, err);
    dk_selection selection = {0};
    dk_sql_limit(store, seconds);
    dk_status status = dk_selection_begin(&selection, store, query, 0, err);
    if (status == DK_OK && !selection.nothing)
        status = run_count(store, &selection, ret_count, err);
    const bool late = dk_sql_unlimited(store);
    if (status == DK_LIMIT && late) {
        *ret_count = -1;
        status = DK_OK;
    }
    dk_selection_finish(&selection);
    return status;
}

/* ---- links ---- */

dk_status dk_query_linked(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *other,
                          const dk_viewer *viewer, int64_t generation, const char *after, size_t limit,
                          bool with_geometry, dk_row_fn each, void *user, dk_error *err)
{
    const dk_view view = dk_view_of(other, viewer);
    dk_key_list own = {0};
    const dk_key_list *list = NULL;
    dk_status status = dk_anchor_in_view(store, kind, key, viewer, generation, err);
    if (status == DK_OK)
        status = dk_anchor_linked(store, kind, key, other, generation, &own, &list, err);
    if (status == DK_OK)
        status = dk_key_list_give(store, other, list, &view, after, limit, with_geometry, each, user, err);
    dk_key_list_finish(&own);
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

dk_status dk_query_summary_seen(dk_store *store, const dk_kind *kind, const dk_viewer *viewer, int64_t generation,
                                int64_t *ret_rows, int64_t *ret_undrawn, double ret_bounds[4], dk_error *err)
{
    const dk_view view = dk_view_of(kind, viewer);
    dk_status status;
    if (dk_view_every_row(&view)) {
        status = dk_query_summary(store, kind, generation, ret_rows, ret_undrawn, ret_bounds, err);
    } else {
        const dk_query query = {.kind = kind, .viewer = viewer, .generation = generation, .limit = 1};
        *ret_undrawn = 0;
        memcpy(ret_bounds, store->catalogue->extent, sizeof store->catalogue->extent);
        status = dk_query_count(store, &query, DK_QUERY_SECONDS, ret_rows, err);
    }
    if (status == DK_OK && dk_view_any_coarse(&view) && *ret_rows > *ret_undrawn)
        dk_coarse_bounds(ret_bounds, kind->public_coarse);
    return status;
}

dk_status dk_query_coarse(dk_store *store, const dk_kind *layer, int64_t row, int level, dk_shape *shape, dk_error *err)
{
    dk_stored_row stored;
    size_t size = 0;
    dk_status status = dk_stored_row_read(store, layer, row, true, &stored, err);
    if (status != DK_OK)
        return status;
    const unsigned char *wkb = dk_gpkg_wkb(stored.blob, stored.blob_size, &size);
    if (dk_gpkg_empty(stored.blob, stored.blob_size))
        status = DK_END;
    else if (wkb == NULL)
        status = dk_row_without_geometry(store, layer, row, err);
    else
        status = dk_shape_from_wkb(wkb, size, shape, err);
    dk_stored_row_release(&stored);
    if (status == DK_OK && (status = dk_coarse_shape(shape, level)) != DK_OK)
        dk_fail(err, DK_NOMEM, "out of memory");
    return status;
}
