#include "store/search_index.h"

#include "store/pinyin.h"
#include "store/succession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* MOST_GRAMS of a text are asked for: more hardly narrow it. A text of one or two characters may be in very many terms,
 * of which the first are enough: it is looked for in the LOOKED_AT first terms of each field, then, unless ENOUGH have
 * it, among the grams, of which MOST_BEGINNINGS are taken that begin with it. */
enum { MOST_GRAMS = 16, MOST_BEGINNINGS = 128, LOOKED_AT = 100, ENOUGH = 30 };

/* Stands twice behind each term in the grams, so that its last characters begin grams too. No folded text has it: it is
 * no character of a name, and a query with it is refused. */
#define PAD "\x01\x01"

void dk_found_terms_finish(dk_found_terms *found)
{
    free(found->terms);
    *found = (dk_found_terms){0};
}

static int by_length(const void *a, const void *b)
{
    const dk_found_term *x = a, *y = b;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term;
}

void dk_found_terms_sort(dk_found_terms *found)
{
    if (found->n == 0)
        return;
    qsort(found->terms, found->n, sizeof *found->terms, by_length);
    size_t kept = 1;
    for (size_t i = 1; i < found->n; i++)
        if (found->terms[i].term != found->terms[kept - 1].term)
            found->terms[kept++] = found->terms[i];
    found->n = kept;
}

static unsigned length_of(const char *text, size_t size)
{
    unsigned n = 0;
    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static bool is_hidden(const dk_field *field)
{
    return field->audience != DK_PUBLIC;
}

bool dk_search_has_hidden(const dk_kind *kind)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].in_search && is_hidden(&kind->fields[i]))
            return true;
    return false;
}

bool dk_search_has_sounds(const dk_kind *kind)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].in_search && kind->fields[i].pinyin)
            return true;
    return false;
}

void dk_search_append_table(const dk_kind *kind, const char *table, dk_buf *sql)
{
    if (strcmp(table, "sound") == 0)
        dk_buf_format(sql,
                      "CREATE TABLE sound_%s(hidden INTEGER NOT NULL, sound TEXT NOT NULL, term INTEGER NOT NULL,"
                      " PRIMARY KEY(hidden,sound,term)) WITHOUT ROWID;",
                      kind->name);
    else /* Neither text nor places, which who asks looks at. */
        dk_buf_format(sql,
                      "CREATE VIRTUAL TABLE %s_%s USING fts5(text, content='', columnsize=0, detail=none,"
                      " tokenize='trigram case_sensitive 1');"
                      "CREATE VIRTUAL TABLE %slist_%s USING fts5vocab('%s_%s', 'row');",
                      table, kind->name, table, kind->name, table, kind->name);
}

void dk_search_append_drop(const char *kind, const char *table, dk_buf *sql)
{
    if (strcmp(table, "sound") != 0)
        dk_buf_format(sql, "DROP TABLE %slist_%s;", table, kind);
    dk_buf_format(sql, "DROP TABLE %s_%s;", table, kind);
}

void dk_search_append_tables(const dk_kind *kind, dk_buf *sql)
{
    dk_search_append_table(kind, "gram", sql);
    if (dk_search_has_hidden(kind))
        dk_search_append_table(kind, "hidden", sql);
    if (dk_search_has_sounds(kind))
        dk_search_append_table(kind, "sound", sql);
}

void dk_search_append_clearing(const dk_kind *kind, dk_buf *sql)
{
    dk_buf_format(sql, "INSERT INTO gram_%s(gram_%s) VALUES('delete-all');", kind->name, kind->name);
    if (dk_search_has_hidden(kind))
        dk_buf_format(sql, "INSERT INTO hidden_%s(hidden_%s) VALUES('delete-all');", kind->name, kind->name);
    if (dk_search_has_sounds(kind))
        dk_buf_format(sql, "DELETE FROM sound_%s;", kind->name);
}

/* ---- writing ---- */

typedef struct entering {
    dk_store *store;
    const dk_kind *kind;
    int64_t term;
    bool hidden;
    dk_status status;
    dk_error *err;
} entering;

static bool enter_sound(const char *sound, size_t size, void *user)
{
    entering *e = user;
    sqlite3_stmt *stmt = NULL;
    if ((e->status = dk_sql_kept(e->store, e->kind, DK_STMT_SOUND_INSERT, &stmt, e->err)) != DK_OK)
        return false;
    sqlite3_bind_int(stmt, 1, e->hidden);
    sqlite3_bind_text64(stmt, 2, sound, size, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_int64(stmt, 3, e->term);
    e->status = dk_sql_done(e->store, stmt, e->err);
    return e->status == DK_OK;
}

void dk_search_append_entered(const char *text, size_t size, dk_buf *out)
{
    dk_buf_append(out, text, size);
    dk_buf_text(out, PAD);
}

/* For the grams of a field's kind, by a statement that takes the term and its text. */
static dk_status change_grams(dk_store *store, const dk_kind *kind, dk_stmt_id id, int64_t term, const char *text,
                              size_t size, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, id, &stmt, err);
    if (status != DK_OK)
        return status;
    char few[512];
    dk_buf many;
    dk_buf_init(&many);
    const char *padded = few;
    if (size + strlen(PAD) <= sizeof few) {
        memcpy(few, text, size);
        memcpy(few + size, PAD, strlen(PAD));
    } else {
        dk_search_append_entered(text, size, &many);
        padded = (const char *)many.data;
    }
    if (many.failed) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
    } else {
        sqlite3_bind_int64(stmt, 1, term);
        sqlite3_bind_text64(stmt, 2, padded, size + strlen(PAD), SQLITE_STATIC, SQLITE_UTF8);
        status = dk_sql_done(store, stmt, err);
    }
    dk_buf_finish(&many);
    return status;
}

dk_status dk_search_enter(dk_store *store, const dk_kind *kind, int field, int64_t term, const char *text, size_t size,
                          dk_error *err)
{
    const dk_field *own = &kind->fields[field];
    if (!own->in_search)
        return DK_OK;
    const dk_status status =
        change_grams(store, kind, is_hidden(own) ? DK_STMT_HIDDEN_INSERT : DK_STMT_GRAM_INSERT, term, text, size, err);
    if (status != DK_OK || !own->pinyin)
        return status;
    entering e = {store, kind, term, is_hidden(own), DK_OK, err};
    dk_pinyin_sounds(text, size, enter_sound, &e);
    return e.status;
}

dk_status dk_search_leave(dk_store *store, const dk_kind *kind, int field, int64_t term, const char *text, size_t size,
                          dk_error *err)
{
    const dk_field *own = &kind->fields[field];
    if (!own->in_search)
        return DK_OK;
    return change_grams(store, kind, is_hidden(own) ? DK_STMT_HIDDEN_DELETE : DK_STMT_GRAM_DELETE, term, text, size,
                        err);
}

dk_status dk_search_leave_sounds(dk_store *store, const dk_kind *kind, dk_error *err)
{
    char sql[200];
    if (!dk_search_has_sounds(kind))
        return DK_OK;
    snprintf(sql, sizeof sql,
             "DELETE FROM sound_%s WHERE NOT EXISTS(SELECT 1 FROM term_%s t WHERE t.term=sound_%s.term)", kind->name,
             kind->name, kind->name);
    return dk_sql_run(store, sql, err);
}

/* ---- reading ---- */

static dk_status add(dk_found_terms *found, int64_t term, int field, const char *text, size_t size, bool begins,
                     dk_error *err)
{
    const dk_found_term made = {term, field, length_of(text, size), begins};
    if (found->take != NULL) {
        bool counts = false;
        const dk_status status = found->take(&made, &counts, found->user);
        found->counted += counts;
        found->ended |= status == DK_END;
        found->complete &= status != DK_END;
        return status;
    }
    if (!dk_grow(&found->terms, &found->capacity, found->n + 1, sizeof *found->terms))
        return dk_fail(err, DK_NOMEM, "out of memory");
    found->terms[found->n++] = made;
    found->counted++;
    return DK_OK;
}

dk_status dk_search_equal(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                          dk_found_terms *found, dk_error *err)
{
    int64_t term = 0;
    const dk_status status = dk_term_find(store, kind, field, text, size, &term, err);
    if (status != DK_OK || term == 0)
        return status;
    const dk_status added = add(found, term, field, text, size, true, err);
    return added == DK_END ? DK_OK : added;
}

/* within: the code of a division in which those of a field of divisions must lie; NULL: all are wanted. */
static dk_status beginning(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                           const char *within, size_t most, dk_found_terms *found, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_TERM_FROM, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int(stmt, 1, field);
    sqlite3_bind_text64(stmt, 2, text, size, SQLITE_STATIC, SQLITE_UTF8);
    const size_t before = found->counted;
    size_t n_beside = 0; /* those that do not lie within */
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *term = (const char *)sqlite3_column_text(stmt, 1);
        const size_t term_size = (size_t)sqlite3_column_bytes(stmt, 1);
        if (term_size < size || memcmp(term, text, size) != 0)
            break;
        if (found->counted - before + n_beside == most) {
            found->complete = false;
            break;
        }
        if (within != NULL && !dk_division_within(kind->catalogue, term, within)) {
            n_beside++;
            continue;
        }
        if ((status = add(found, sqlite3_column_int64(stmt, 0), field, term, term_size, true, err)) != DK_OK)
            break;
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_search_beginning(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                              size_t most, dk_found_terms *found, dk_error *err)
{
    return beginning(store, kind, field, text, size, NULL, most, found, err);
}

typedef struct former {
    dk_store *store;
    const dk_kind *kind;
    const char *code;
    size_t most;
    dk_found_terms *found;
    dk_status status;
    dk_error *err;
} former;

/* Parts of what was there before may have gone elsewhere. */
static bool add_former(const char *code, void *user)
{
    former *f = user;
    f->status =
        beginning(f->store, f->kind, f->kind->division_field, code, strlen(code), f->code, f->most, f->found, f->err);
    return f->status == DK_OK;
}

dk_status dk_search_within(dk_store *store, const dk_kind *kind, const char *code, size_t most, dk_found_terms *found,
                           dk_error *err)
{
    former f = {store, kind, code, most, found, DK_OK, err};
    f.status = beginning(store, kind, kind->division_field, code, strlen(code), NULL, most, found, err);
    if (f.status == DK_OK)
        dk_division_former(kind->catalogue, code, true, add_former, &f);
    return f.status;
}

/* Appends a gram as a string of FTS5's query language. */
static void quote(dk_buf *query, const char *text, size_t size)
{
    dk_buf_byte(query, '"');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            dk_buf_byte(query, '"');
        dk_buf_byte(query, (unsigned char)text[i]);
    }
    dk_buf_byte(query, '"');
}

/* All the grams of a text of three characters and more, side by side and the last one. */
static void query_of_grams(const char *text, size_t size, size_t n, dk_buf *query)
{
    const size_t last = n - 3;
    const size_t step = last > 3 * (MOST_GRAMS - 1) ? last / (MOST_GRAMS - 1) : last > 2 ? 3 : 1;
    size_t wanted = 0, character = 0;
    for (size_t at = 0; at < size; character++) {
        size_t end = at;
        for (size_t i = 0; i < 3 && end < size; i++)
            do
                end++;
            while (end < size && ((unsigned char)text[end] & 0xC0) == 0x80);
        if (character == wanted) {
            if (query->size > 0)
                dk_buf_text(query, " AND ");
            quote(query, text + at, end - at);
            if (wanted == last)
                return;
            wanted = wanted + step < last ? wanted + step : last;
        }
        do
            at++;
        while (at < size && ((unsigned char)text[at] & 0xC0) == 0x80);
    }
}

/* Any of the grams that begin with a text of one or two characters, from one on; if these are not all, *from becomes
 * the next. */
static dk_status query_of_beginnings(dk_store *store, const dk_kind *kind, bool hidden, const char *text, size_t size,
                                     dk_buf *from, dk_buf *query, bool *ret_all, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, hidden ? DK_STMT_HIDDEN_LIST : DK_STMT_GRAM_LIST, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text64(stmt, 1, (const char *)from->data, from->size, SQLITE_TRANSIENT, SQLITE_UTF8);
    *ret_all = true;
    for (size_t n = 0; (status = dk_sql_step(store, stmt, err)) == DK_OK; n++) {
        const char *gram = (const char *)sqlite3_column_text(stmt, 0);
        const size_t gram_size = (size_t)sqlite3_column_bytes(stmt, 0);
        if (gram_size < size || memcmp(gram, text, size) != 0)
            break;
        if (n == MOST_BEGINNINGS) {
            *ret_all = false;
            dk_buf_clear(from);
            dk_buf_append(from, gram, gram_size);
            break;
        }
        if (n > 0)
            dk_buf_text(query, " OR ");
        quote(query, gram, gram_size);
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Of the first terms of a field those that contain a text. *ret_all becomes false if it has more. */
static dk_status among_first(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                             dk_found_terms *found, bool *ret_all, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_TERM_FROM, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int(stmt, 1, field);
    sqlite3_bind_text(stmt, 2, "", 0, SQLITE_STATIC);
    for (size_t n = 0; (status = dk_sql_step(store, stmt, err)) == DK_OK; n++) {
        if (n == LOOKED_AT) {
            *ret_all = false;
            break;
        }
        const char *term = (const char *)sqlite3_column_text(stmt, 1);
        const size_t term_size = (size_t)sqlite3_column_bytes(stmt, 1);
        if (memmem(term, term_size, text, size) != NULL &&
            (status = add(found, sqlite3_column_int64(stmt, 0), field, term, term_size, memcmp(term, text, size) == 0,
                          err)) != DK_OK)
            break;
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The terms that a query of FTS5 finds and that have the text. */
static dk_status find_by_grams(dk_store *store, const dk_kind *kind, bool hidden, uint64_t fields, const char *match,
                               const char *text, size_t size, size_t most, dk_found_terms *found, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const size_t before = found->counted;
    dk_status status = dk_sql_kept(store, kind, hidden ? DK_STMT_HIDDEN_FIND : DK_STMT_GRAM_FIND, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, match, -1, SQLITE_STATIC);
    sqlite3_bind_text64(stmt, 2, text, size, SQLITE_STATIC, SQLITE_UTF8);
    sqlite3_bind_int64(stmt, 3, (sqlite3_int64)fields);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        if (found->counted - before == most) {
            found->complete = false;
            break;
        }
        const char *term = (const char *)sqlite3_column_text(stmt, 2);
        const size_t term_size = (size_t)sqlite3_column_bytes(stmt, 2);
        const bool begins = term_size >= size && memcmp(term, text, size) == 0;
        if ((status = add(found, sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1), term, term_size, begins,
                          err)) != DK_OK)
            break;
    }
    sqlite3_reset(stmt);
    return status;
}

static dk_status containing(dk_store *store, const dk_kind *kind, bool hidden, uint64_t fields, const char *text,
                            size_t size, size_t most, dk_found_terms *found, dk_error *err)
{
    const unsigned length = length_of(text, size);
    const size_t before = found->counted;
    dk_status status = DK_OK;
    dk_buf query, from;
    dk_buf_init(&query);
    dk_buf_init(&from);
    dk_buf_append(&from, text, size);
    for (bool all = false; status == DK_OK && !all;) {
        dk_buf_clear(&query);
        all = true;
        if (length >= 3)
            query_of_grams(text, size, length, &query);
        else
            status = query_of_beginnings(store, kind, hidden, text, size, &from, &query, &all, err);
        const char *match = dk_buf_cstr(&query);
        if (status == DK_OK && (match == NULL || from.failed))
            status = dk_fail(err, DK_NOMEM, "out of memory");
        if (status != DK_OK || match[0] == '\0')
            break;
        status = find_by_grams(store, kind, hidden, fields, match, text, size, most, found, err);
        if (status == DK_END) /* of these grams */
            status = DK_OK;
        if (!all && (found->take == NULL || found->ended || found->counted - before >= most)) {
            found->complete = false;
            break;
        }
    }
    dk_buf_finish(&query);
    dk_buf_finish(&from);
    return status;
}

/* Of these fields, those whose terms are in hidden_K. */
static uint64_t hidden_of(const dk_kind *kind, uint64_t fields)
{
    uint64_t hidden = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (is_hidden(&kind->fields[i]))
            hidden |= fields & UINT64_C(1) << i;
    return hidden;
}

dk_status dk_search_containing(dk_store *store, const dk_kind *kind, uint64_t fields, const char *text, size_t size,
                               size_t most, dk_found_terms *found, dk_error *err)
{
    const uint64_t hidden = hidden_of(kind, fields);
    const size_t before = found->n, counted = found->counted;
    dk_status status = DK_OK;
    if (size == 0)
        return DK_OK;
    if (length_of(text, size) < 3) {
        bool all = true;
        for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++)
            if (fields & UINT64_C(1) << i)
                status = among_first(store, kind, (int)i, text, size, found, &all, err);
        if (status != DK_OK || all || found->counted - counted >= ENOUGH) {
            found->complete &= all;
            return status;
        }
        found->n = before; /* they are found again */
        found->counted = counted;
    }
    if (fields & ~hidden)
        status = containing(store, kind, false, fields & ~hidden, text, size, most, found, err);
    if (status == DK_OK && hidden != 0)
        status = containing(store, kind, true, hidden, text, size, most, found, err);
    return status;
}

static dk_status sounding(dk_store *store, const dk_kind *kind, bool hidden, uint64_t fields, const char *typed,
                          size_t most, dk_found_terms *found, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_SOUND_FIND, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int(stmt, 1, hidden);
    sqlite3_bind_text(stmt, 2, typed, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, (sqlite3_int64)fields);
    const size_t before = found->counted;
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        if (found->counted - before == most) {
            found->complete = false;
            break;
        }
        if ((status = add(found, sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1),
                          (const char *)sqlite3_column_text(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2), false,
                          err)) != DK_OK)
            break;
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_search_sounding(dk_store *store, const dk_kind *kind, uint64_t fields, const char *typed, size_t most,
                             dk_found_terms *found, dk_error *err)
{
    uint64_t by_sound = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].in_search && kind->fields[i].pinyin)
            by_sound |= UINT64_C(1) << i;
    fields &= by_sound;
    const uint64_t hidden = hidden_of(kind, fields);
    dk_status status = DK_OK;
    if (typed[0] != '\0' && fields & ~hidden)
        status = sounding(store, kind, false, fields & ~hidden, typed, most, found, err);
    if (typed[0] != '\0' && status == DK_OK && hidden != 0)
        status = sounding(store, kind, true, hidden, typed, most, found, err);
    return status;
}
