/* Terms: the folded values by which rows are found, and the rows that have them. */
#include "store/approval_no.h"
#include "store/catalogue_version.h"
#include "store/handle.h"
#include "store/hash.h"
#include "store/posts.h"
#include "store/radix_sort.h"
#include "store/search_index.h"
#include "store/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct each_number {
    dk_term_fn each;
    void *user;
    dk_buf folded;
} each_number;

static bool fold_number(const char *number, size_t size, void *user)
{
    each_number *state = user;
    dk_buf_clear(&state->folded);
    dk_text_fold(number, size, &state->folded);
    return state->folded.failed || state->folded.size == 0 ||
           state->each((const char *)state->folded.data, state->folded.size, state->user);
}

void dk_terms_of(const dk_field *field, const dk_value *value, dk_term_fn each, void *user)
{
    char number[40];
    each_number state = {each, user, {0}};
    switch (value->type) {
    case DK_NULL:
        return;
    case DK_INTEGER:
        snprintf(number, sizeof number, "%" PRId64, value->integer);
        each(number, strlen(number), user);
        return;
    case DK_REAL:
        snprintf(number, sizeof number, "%.17g", value->real);
        each(number, strlen(number), user);
        return;
    case DK_TEXT:
        break;
    }
    dk_buf_init(&state.folded);
    if (field != NULL && field->type == DK_FIELD_APPROVAL_NO)
        dk_approval_no_each(value->text.data, fold_number, &state);
    else
        fold_number(value->text.data, value->text.size, &state);
    dk_buf_finish(&state.folded);
}

dk_status dk_term_find(dk_store *store, const dk_kind *kind, int field, const char *text, size_t size,
                       int64_t *ret_term, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_TERM, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int(stmt, 1, field);
    sqlite3_bind_text64(stmt, 2, text, size, SQLITE_STATIC, SQLITE_UTF8);
    status = dk_sql_step(store, stmt, err);
    *ret_term = status == DK_OK ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* ---- writing ---- */

/* Neighbouring rows share most of their values (village, project, 文号): the numbers of their terms are kept at hand,
 * by the values as they stand in rows, so that they need not be folded. Direct-mapped, compared in full; longer values
 * are not kept. */
#define KEPT_VALUES 16384
#define KEPT_SIZE 104

/* Which rows have a term is written a batch at a time, in the order of the table: one by one, each would look for its
 * own block. */
#define MOST_POSTS 1048576

struct dk_term_writer {
    dk_store *store;
    const dk_kind *kind;
    struct kept {
        int64_t term; /* 0: empty */
        int field;
        uint32_t size;
        char text[KEPT_SIZE];
    } kept[KEPT_VALUES];
    struct kept *last[DK_MAX_FIELDS]; /* of the row before, which most often has the same; NULL: none yet */
    dk_post *posts;
    size_t n_posts, posts_capacity;
    int64_t new_from;     /* terms from here on have no posts in the table yet */
    struct summing {      /* instead of writing */
        bool on, lacking; /* lacking: a term that there should be */
        uint64_t sum;
        int64_t *terms; /* of the field of the row under way: each counts once */
        size_t n_terms, capacity;
    } summing;
    /* the row under way */
    int field;
    int64_t term;
    dk_place place;
    dk_status status;
    dk_error *err;
};

dk_term_writer *dk_term_writer_create(dk_store *store, const dk_kind *kind)
{
    dk_term_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->store = store;
    writer->kind = kind;
    writer->new_from = INT64_MAX;
    return writer;
}

void dk_term_writer_free(dk_term_writer *writer)
{
    if (writer == NULL)
        return;
    free(writer->posts);
    free(writer->summing.terms);
    free(writer);
}

/* By terms, and by places as dk_place_compare has them, in whose order rows that are new come. */
static bool sort_posts(dk_post *posts, size_t n)
{
    bool in_order = true;
    for (size_t i = 1; i < n && in_order; i++)
        in_order = dk_place_compare(posts[i - 1].place, posts[i].place) <= 0;
    return (in_order || (dk_radix_sort(posts, n, sizeof *posts, offsetof(dk_post, place.moved), DK_RADIX_I64) &&
                         dk_radix_sort(posts, n, sizeof *posts, offsetof(dk_post, place.feature), DK_RADIX_I64))) &&
           dk_radix_sort(posts, n, sizeof *posts, offsetof(dk_post, term), DK_RADIX_I64);
}

dk_status dk_terms_flush(dk_term_writer *w, dk_error *err)
{
    const dk_status status = sort_posts(w->posts, w->n_posts)
                                 ? dk_posts_add(w->store, w->kind, w->posts, w->n_posts, w->new_from, err)
                                 : dk_fail(err, DK_NOMEM, "out of memory");
    w->n_posts = 0;
    w->new_from = INT64_MAX;
    return status;
}

/* The number of a folded text, a new one if there is none. */
static bool find_or_make(const char *text, size_t size, void *user)
{
    dk_term_writer *w = user;
    w->status = dk_term_find(w->store, w->kind, w->field, text, size, &w->term, w->err);
    w->summing.lacking |= w->summing.on && w->status == DK_OK && w->term == 0;
    if (w->status != DK_OK || w->term != 0 || w->summing.on)
        return false;
    sqlite3_stmt *stmt = NULL;
    w->status = dk_sql_kept(w->store, w->kind, DK_STMT_TERM_INSERT, &stmt, w->err);
    if (w->status != DK_OK)
        return false;
    sqlite3_bind_int(stmt, 1, w->field);
    sqlite3_bind_text64(stmt, 2, text, size, SQLITE_STATIC, SQLITE_UTF8);
    w->status = dk_sql_done(w->store, stmt, w->err);
    w->term = sqlite3_last_insert_rowid(w->store->db);
    w->new_from = w->term < w->new_from ? w->term : w->new_from;
    if (w->status == DK_OK)
        w->status = dk_search_enter(w->store, w->kind, w->field, w->term, text, size, w->err);
    return false;
}

static void sum_post(dk_term_writer *w)
{
    struct summing *s = &w->summing;
    for (size_t i = 0; i < s->n_terms; i++)
        if (s->terms[i] == w->term)
            return;
    if (!dk_grow(&s->terms, &s->capacity, s->n_terms + 1, sizeof *s->terms)) {
        w->status = dk_fail(w->err, DK_NOMEM, "out of memory");
        return;
    }
    s->terms[s->n_terms++] = w->term;
    s->sum += dk_post_number(&(dk_post){w->term, w->place});
}

static void add_post(dk_term_writer *w)
{
    if (w->status != DK_OK || w->term == 0)
        return;
    if (w->summing.on) {
        sum_post(w);
        return;
    }
    if (w->n_posts == MOST_POSTS)
        w->status = dk_terms_flush(w, w->err);
    if (!dk_grow(&w->posts, &w->posts_capacity, w->n_posts + 1, sizeof *w->posts))
        w->status = dk_fail(w->err, DK_NOMEM, "out of memory");
    else
        w->posts[w->n_posts++] = (dk_post){w->term, w->place};
}

static inline bool is_kept(const struct kept *kept, int field, const char *text, size_t size)
{
    return kept->term != 0 && kept->field == field && kept->size == size && memcmp(kept->text, text, size) == 0;
}

/* A text, or one of the numbers of a field of 文号: it has one term, or none when nothing is left of it. */
static bool write_text(const char *text, size_t size, void *user)
{
    dk_term_writer *w = user;
    struct kept *kept = w->last[w->field];
    if (kept == NULL || !is_kept(kept, w->field, text, size))
        kept = size > KEPT_SIZE ? NULL : &w->kept[dk_hash64(text, size, (uint64_t)w->field) % KEPT_VALUES];
    if (kept != NULL && is_kept(kept, w->field, text, size)) {
        w->term = kept->term;
        w->last[w->field] = kept;
    } else {
        each_number state = {find_or_make, w, {0}};
        w->term = 0;
        dk_buf_init(&state.folded);
        fold_number(text, size, &state);
        if (state.folded.failed)
            w->status = dk_fail(w->err, DK_NOMEM, "out of memory");
        dk_buf_finish(&state.folded);
        if (w->status == DK_OK && kept != NULL) {
            *kept = (struct kept){.term = w->term, .field = w->field, .size = (uint32_t)size};
            memcpy(kept->text, text, size);
        }
    }
    add_post(w);
    return w->status == DK_OK;
}

dk_status dk_terms_write(dk_term_writer *w, int64_t row, uint64_t feature, const dk_value *values, dk_error *err)
{
    const dk_kind *kind = w->kind;
    w->place = dk_place_of(row, feature);
    w->status = DK_OK;
    w->err = err;
    for (size_t i = 0; i < kind->n_fields && w->status == DK_OK; i++) {
        if (!(w->store->indexed[kind->index] & UINT64_C(1) << i))
            continue;
        w->field = (int)i;
        w->summing.n_terms = 0;
        if (values[i].type != DK_TEXT) {
            w->term = 0;
            dk_terms_of(&kind->fields[i], &values[i], find_or_make, w);
            add_post(w);
        } else if (kind->fields[i].type == DK_FIELD_APPROVAL_NO) {
            dk_approval_no_each(values[i].text.data, write_text, w);
        } else {
            write_text(values[i].text.data, values[i].text.size, w);
        }
    }
    return w->status;
}

/* ---- taking away ---- */

void dk_term_writer_forget(dk_term_writer *w)
{
    memset(w->kept, 0, sizeof w->kept);
    memset(w->last, 0, sizeof w->last);
    w->new_from = INT64_MAX;
}

typedef struct unused {
    int64_t term;
    int field;
    size_t start, size; /* of the text */
} unused;

/* Some of them, behind *last. */
static dk_status drop_some(dk_store *store, const dk_kind *kind, int64_t *last, size_t *ret_n, dk_error *err)
{
    enum { AT_ONCE = 20000 };
    unused *list = NULL;
    size_t n = 0, capacity = 0;
    dk_buf texts;
    sqlite3_stmt *stmt = NULL;
    dk_buf_init(&texts);
    dk_status status = dk_sql_kept(store, kind, DK_STMT_TERMS_UNUSED, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, *last);
        sqlite3_bind_int64(stmt, 2, AT_ONCE);
        while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
            const size_t size = (size_t)sqlite3_column_bytes(stmt, 2);
            if (dk_grow(&list, &capacity, n + 1, sizeof *list)) {
                list[n++] = (unused){sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1), texts.size, size};
                dk_buf_append(&texts, sqlite3_column_text(stmt, 2), size);
            } else {
                texts.failed = true;
            }
        }
        sqlite3_reset(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    if (status == DK_OK && texts.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        const char *text = texts.size > 0 ? (const char *)texts.data + list[i].start : "";
        status = dk_search_leave(store, kind, list[i].field, list[i].term, text, list[i].size, err);
        if (status == DK_OK)
            status = dk_sql_kept(store, kind, DK_STMT_TERM_DELETE, &stmt, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(stmt, 1, list[i].term);
            status = dk_sql_done(store, stmt, err);
        }
        *last = list[i].term;
    }
    *ret_n = n;
    free(list);
    dk_buf_finish(&texts);
    return status;
}

dk_status dk_terms_drop_unused(dk_store *store, const dk_kind *kind, dk_error *err)
{
    const bool open = !sqlite3_get_autocommit(store->db);
    bool held_back = false;
    int64_t last = 0;
    size_t n = 1;
    dk_status status = dk_catalogue_held_back(store, store->catalogue_since, &held_back, err);
    if (held_back) /* what search knows is by the one before, and made anew when the change is finished */
        return status;
    while (status == DK_OK && n > 0) {
        status = open ? DK_OK : dk_sql_begin(store, err);
        if (status == DK_OK)
            status = drop_some(store, kind, &last, &n, err);
        if (status == DK_OK && n == 0) /* the last transaction is theirs */
            status = dk_search_leave_sounds(store, kind, err);
        if (status == DK_OK && !open)
            status = dk_sql_commit(store, err);
        if (status != DK_OK && !open)
            dk_sql_rollback(store);
    }
    return status;
}

/* ---- comparing ---- */

dk_status dk_terms_sum(dk_store *store, const dk_kind *kind, int64_t before, uint64_t *ret_sum, bool *ret_lacking,
                       dk_error *err)
{
    dk_term_writer *w = dk_term_writer_create(store, kind);
    char sql[120];
    sqlite3_stmt *stmt = NULL;
    if (w == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    w->summing.on = true;
    snprintf(sql, sizeof sql, "SELECT row FROM row_%s WHERE row<?1 ORDER BY row", kind->name);
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, before);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t row = sqlite3_column_int64(stmt, 0);
        dk_stored_row stored;
        if ((status = dk_stored_row_read(store, kind, row, false, &stored, err)) != DK_OK)
            break;
        status = dk_terms_write(w, row, stored.feature, stored.values, err);
        dk_stored_row_release(&stored);
    }
    sqlite3_finalize(stmt);
    *ret_sum = w->summing.sum;
    *ret_lacking = w->summing.lacking;
    dk_term_writer_free(w);
    return status == DK_END ? DK_OK : status;
}

/* ---- reading ---- */

dk_status dk_rows_of_term(dk_store *store, const dk_kind *kind, int field, const char *term, size_t size,
                          bool (*each)(int64_t row, void *user), void *user, dk_error *err)
{
    int64_t number = 0;
    dk_status status = dk_term_find(store, kind, field, term, size, &number, err);
    if (status != DK_OK || number == 0)
        return status;
    dk_post_join *join = dk_post_join_create(store, kind, &number, 1, 0);
    bool found = true;
    if (join == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    while (status == DK_OK && found) {
        dk_place place;
        status = dk_post_join_next(join, &place, &found, err);
        if (status == DK_OK && found && !each(dk_place_row(place), user))
            break;
    }
    dk_post_join_free(join);
    return status;
}
