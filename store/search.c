/* Search over every kind: rows whose key or number it is first, then rows that have it as a whole value, then values
 * that begin with the text, then values that contain it. Texts of three characters and more are looked up among the
 * grams of the terms; shorter ones, which many terms contain, are sought in all terms until there are enough. */
#include "store/approval_no.h"
#include "store/handle.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Terms looked at per kind and way of matching; a search that would need more says that it is not complete. */
#define MOST_TERMS 20000
#define MOST_QUERY 200 /* bytes */

typedef enum match_way { MATCH_KEY, MATCH_EXACT, MATCH_PREFIX, MATCH_PART, MATCH_WAYS } match_way;

typedef struct search {
    dk_store *store;
    const dk_viewer *viewer;
    int64_t generation;
    size_t limit, given;
    dk_row_fn each;
    void *user;
    bool stopped, complete;
    /* What was given already, so that a row found by several fields comes once. */
    struct given_row {
        const dk_kind *kind;
        int64_t row;
    } * seen;
    dk_buf grams; /* the FTS5 query of the text */
    dk_error *err;
} search;

static bool was_given(const search *s, const dk_kind *kind, int64_t row)
{
    for (size_t i = 0; i < s->given; i++)
        if (s->seen[i].kind == kind && s->seen[i].row == row)
            return true;
    return false;
}

/* Gives a row if it is published and the viewer sees the field that matched. */
static dk_status give(search *s, const dk_kind *kind, int field, int64_t row)
{
    bool alive = false;
    dk_status status = dk_row_alive(s->store, kind, row, s->generation, &alive, s->err);
    if (status != DK_OK || !alive || was_given(s, kind, row))
        return status;
    dk_stored_row stored;
    if ((status = dk_stored_row_read(s->store, kind, row, true, &stored, s->err)) != DK_OK)
        return status;
    const dk_view view = dk_view_of(kind, s->viewer);
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_row_seen(kind, &stored, &view, true, values, label, sizeof label, &seen);
    if (field == DK_LINK_KEY || seen.visible & UINT64_C(1) << field) {
        s->seen[s->given++] = (struct given_row){kind, row};
        s->stopped = !s->each(&seen, s->user) || s->given == s->limit;
    }
    dk_stored_row_release(&stored);
    return DK_OK;
}

typedef struct term_rows {
    search *s;
    const dk_kind *kind;
    int field;
    dk_status status;
} term_rows;

static bool give_term_row(int64_t row, void *user)
{
    term_rows *t = user;
    t->status = give(t->s, t->kind, t->field, row);
    return t->status == DK_OK && !t->s->stopped;
}

static dk_status give_term(search *s, const dk_kind *kind, int field, const char *text, size_t size)
{
    term_rows t = {s, kind, field, DK_OK};
    const dk_status status = dk_rows_of_term(s->store, kind, field, text, size, give_term_row, &t, s->err);
    return status == DK_OK ? t.status : status;
}

/* Grams of a query: more than these hardly narrow it. */
#define MOST_GRAMS 16

/* The grams of a text as an FTS5 query that wants them all; nothing if it has fewer than three characters. */
static void query_of_grams(const char *text, size_t size, dk_buf *ret_query)
{
    size_t starts[MOST_QUERY + 1], n = 0, end = 0; /* of characters; a folded text may be longer than it was */
    dk_buf_clear(ret_query);
    for (; end < size; end++)
        if (((unsigned char)text[end] & 0xC0) != 0x80) {
            if (n == MOST_QUERY)
                break;
            starts[n++] = end;
        }
    starts[n] = end;
    if (n < 3)
        return;
    const size_t last = n - 3, step = last > 3 * (MOST_GRAMS - 1) ? last / (MOST_GRAMS - 1) : last > 2 ? 3 : 1;
    for (size_t i = 0;; i = i + step < last ? i + step : last) { /* side by side, and the last one */
        dk_buf_text(ret_query, i > 0 ? " AND \"" : "\"");
        for (size_t at = starts[i]; at < starts[i + 3]; at++) {
            if (text[at] == '"')
                dk_buf_byte(ret_query, '"');
            dk_buf_byte(ret_query, (unsigned char)text[at]);
        }
        dk_buf_byte(ret_query, '"');
        if (i == last)
            return;
    }
}

/* Terms of a field that begin with or contain the text, gathered before their rows are read. */
static dk_status gather_terms(search *s, const dk_kind *kind, int field, match_way way, const char *text, size_t size,
                              dk_buf *texts)
{
    sqlite3_stmt *stmt = NULL;
    const char *grams = s->grams.size > 0 ? dk_buf_cstr(&s->grams) : NULL;
    dk_status status = dk_sql_kept(s->store, kind,
                                   way == MATCH_PREFIX ? DK_STMT_TERM_FROM
                                   : grams != NULL     ? DK_STMT_TERM_GRAMS
                                                       : DK_STMT_TERM_PART,
                                   &stmt, s->err);
    if (status != DK_OK)
        return status;
    if (way == MATCH_PART && grams != NULL)
        sqlite3_bind_text(stmt, 3, grams, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 1, field);
    sqlite3_bind_text64(stmt, 2, text, size, SQLITE_STATIC, SQLITE_UTF8);
    size_t n = 0;
    while ((status = dk_sql_step(s->store, stmt, s->err)) == DK_OK) {
        const char *term = (const char *)sqlite3_column_text(stmt, 1);
        const size_t term_size = (size_t)sqlite3_column_bytes(stmt, 1);
        if (way == MATCH_PREFIX && (term_size < size || memcmp(term, text, size) != 0))
            break;
        /* A result per term at least: beyond the limit no further term can be needed, unless its rows are not public.
         */
        if (++n > s->limit * 4 + 64 || n > MOST_TERMS) {
            s->complete = false;
            break;
        }
        dk_buf_append(texts, term, term_size + 1);
    }
    sqlite3_reset(stmt);
    if (texts->failed)
        return dk_fail(s->err, DK_NOMEM, "out of memory");
    return status == DK_END ? DK_OK : status;
}

/* The rows of divisions whose place the one that was asked for took. */
static bool give_former(const char *code, void *user)
{
    term_rows *t = user;
    t->status = give_term(t->s, t->kind, t->field, code, strlen(code));
    return t->status == DK_OK && !t->s->stopped;
}

static dk_status give_division(search *s, const dk_kind *kind, int field, const char *text, size_t size)
{
    term_rows t = {s, kind, field, give_term(s, kind, field, text, size)};
    char code[13];
    if (t.status == DK_OK && !s->stopped && size < sizeof code) {
        snprintf(code, sizeof code, "%.*s", (int)size, text);
        dk_division_former(s->store->catalogue, code, give_former, &t);
    }
    return t.status;
}

static dk_status search_field(search *s, const dk_kind *kind, int field, match_way way, const char *text, size_t size)
{
    if (way == MATCH_EXACT && kind->fields[field].type == DK_FIELD_DIVISION)
        return give_division(s, kind, field, text, size);
    if (way == MATCH_KEY || way == MATCH_EXACT)
        return give_term(s, kind, field, text, size);
    dk_buf texts;
    dk_buf_init(&texts);
    query_of_grams(text, size, &s->grams);
    if (s->grams.failed)
        return dk_fail(s->err, DK_NOMEM, "out of memory");
    dk_status status = gather_terms(s, kind, field, way, text, size, &texts);
    const char *end = (const char *)texts.data + texts.size;
    for (const char *term = (const char *)texts.data; status == DK_OK && term < end && !s->stopped;
         term += strlen(term) + 1)
        status = give_term(s, kind, field, term, strlen(term));
    dk_buf_finish(&texts);
    return status;
}

/* A whole key, as it stands in a link. */
static dk_status search_key(search *s, const dk_kind *kind, const char *text)
{
    int64_t row = 0;
    dk_status status = dk_row_of_key(s->store, kind, text, s->generation, &row, s->err);
    if (status == DK_OK && row != 0)
        status = give(s, kind, DK_LINK_KEY, row);
    return status;
}

dk_status dk_search(dk_store *store, const char *text, const dk_viewer *viewer, int64_t generation, size_t limit,
                    dk_row_fn each, void *user, bool *ret_complete, dk_error *err)
{
    if (limit < 1 || limit > 1000)
        return dk_fail(err, DK_INVALID, "limit must be 1 to 1000");
    if (strlen(text) > MOST_QUERY)
        return dk_fail(err, DK_INVALID, "the search text is longer than %d bytes", MOST_QUERY);
    search s = {.store = store,
                .viewer = viewer,
                .generation = generation,
                .limit = limit,
                .each = each,
                .user = user,
                .complete = true,
                .err = err};
    dk_buf plain, number, folded;
    dk_buf_init(&s.grams);
    dk_buf_init(&plain);
    dk_buf_init(&number);
    dk_buf_init(&folded);
    dk_status status = DK_OK;
    s.seen = calloc(limit, sizeof *s.seen);
    dk_text_fold(text, strlen(text), &plain);
    /* A 文号 is looked up in its canonical form, whatever brackets were typed. */
    if (dk_approval_no_normalise(text, strlen(text), &number) > 0)
        dk_text_fold((const char *)number.data, number.size, &folded);
    if (s.seen == NULL || plain.failed || number.failed || folded.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    const dk_catalogue *catalogue = store->catalogue;
    for (match_way way = MATCH_KEY; status == DK_OK && plain.size > 0 && way < MATCH_WAYS; way++)
        for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds && !s.stopped; k++) {
            const dk_kind *kind = &catalogue->kinds[k];
            const dk_view view = dk_view_of(kind, viewer);
            if (way == MATCH_KEY)
                status = search_key(&s, kind, text);
            for (size_t i = 0; status == DK_OK && i < kind->n_fields && !s.stopped; i++) {
                if (!kind->fields[i].in_search || !(view.inside & UINT64_C(1) << i) ||
                    (way == MATCH_KEY && (int)i != kind->key_field))
                    continue;
                const bool as_number = kind->fields[i].type == DK_FIELD_APPROVAL_NO && folded.size > 0;
                const dk_buf *form = as_number ? &folded : &plain;
                status = search_field(&s, kind, (int)i, way, (const char *)form->data, form->size);
            }
        }
    if (s.given == limit)
        s.complete = false;
    if (status == DK_OK)
        *ret_complete = s.complete;
    free(s.seen);
    dk_buf_finish(&s.grams);
    dk_buf_finish(&plain);
    dk_buf_finish(&number);
    dk_buf_finish(&folded);
    return status;
}
