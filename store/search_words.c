/* The rows of each word's terms are put together and intersected, where they are not too many; where they are, it is
 * asked of each row whether it has one of the word's few terms, or looked for in the row itself. All rows are looked at
 * before they count: a term says nothing about who may see it in which row. */
#include "store/search_words.h"
#include "store/posts.h"

#include "store/search_division.h"
#include "store/search_index.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_TERMS = 200,
    MOST_ROWS = 4000,   /* of a word: with more it is wide */
    FEW_ROWS = 200,     /* are looked at without asking for further words */
    FEW_TERMS = 4,      /* of a wide word, by which rows are asked for it */
    MOST_ASKED = 10000, /* leaps */
    MOST_LOOKED_AT = 1000,
    MOST_NAMED =
        16 /* divisions that a word names, whose rows are looked up; rows of others are found by another word */
};

typedef struct row_set {
    dk_place *rows;
    size_t n, capacity;
} row_set;

typedef struct word {
    const dk_search_word *asked;
    dk_found_terms terms;
    bool wide;
} word;

typedef struct search {
    dk_store *store;
    const dk_kind *kind;
    const dk_view *view;
    uint64_t fields;
    word words[DK_SEARCH_WORDS];
    size_t n_words, most;
    size_t n_asked, n_looked_at;
    dk_buf folded;
    dk_error *err;
} search;

static int by_place(const void *a, const void *b)
{
    return dk_place_compare(*(const dk_place *)a, *(const dk_place *)b);
}

static dk_status find_terms(search *s, word *w)
{
    const dk_search_word *asked = w->asked;
    const dk_kind *kind = s->kind;
    uint64_t numbers = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].type == DK_FIELD_APPROVAL_NO)
            numbers |= s->fields & UINT64_C(1) << i;
    w->terms.complete = true;
    dk_status status =
        dk_search_containing(s->store, kind, s->fields, asked->text, asked->size, MOST_TERMS, &w->terms, s->err);
    if (status == DK_OK && asked->number != NULL && numbers != 0)
        status = dk_search_containing(s->store, kind, numbers, asked->number, asked->number_size, MOST_TERMS, &w->terms,
                                      s->err);
    if (status == DK_OK && asked->typed[0] != '\0')
        status = dk_search_sounding(s->store, kind, s->fields, asked->typed, MOST_TERMS, &w->terms, s->err);
    const int field = kind->division_field;
    const dk_catalogue *catalogue = s->store->catalogue;
    if (status != DK_OK || field < 0 || !(s->store->indexed[kind->index] & UINT64_C(1) << field) ||
        !(s->view->inside & UINT64_C(1) << field))
        return status;
    size_t n_named = 0;
    for (size_t i = 0; status == DK_OK && i < catalogue->n_divisions; i++) {
        if (!dk_division_has_word(&catalogue->divisions[i], asked))
            continue;
        if (n_named++ == MOST_NAMED) {
            w->terms.complete = false;
            break;
        }
        status = dk_search_within(s->store, kind, catalogue->divisions[i].code, MOST_TERMS, &w->terms, s->err);
    }
    return status;
}

/* The rows of a word's terms, in order, until there are more than MOST_ROWS, which makes it wide. */
static dk_status read_rows(search *s, word *w, row_set *set)
{
    enum { BLOCK = DK_POST_BLOCK };
    set->n = 0;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < w->terms.n && set->n <= MOST_ROWS; i++) {
        dk_place from = {0}, places[BLOCK];
        for (size_t got = BLOCK; status == DK_OK && got == BLOCK && set->n <= MOST_ROWS;) {
            status = dk_post_seek(s->store, s->kind, w->terms.terms[i].term, from, places, BLOCK, &got, s->err);
            if (status == DK_OK && !dk_grow(&set->rows, &set->capacity, set->n + got, sizeof *set->rows))
                status = dk_fail(s->err, DK_NOMEM, "out of memory");
            for (size_t p = 0; status == DK_OK && p < got; p++)
                set->rows[set->n++] = places[p];
            if (got > 0)
                from = (dk_place){places[got - 1].feature, places[got - 1].moved + 1};
        }
    }
    w->wide |= set->n > MOST_ROWS;
    if (set->n > 1) {
        qsort(set->rows, set->n, sizeof *set->rows, by_place);
        size_t kept = 1;
        for (size_t i = 1; i < set->n; i++)
            if (dk_place_compare(set->rows[i], set->rows[kept - 1]) != 0)
                set->rows[kept++] = set->rows[i];
        set->n = kept;
    }
    return status;
}

static void intersect(row_set *into, const row_set *with)
{
    size_t n = 0;
    for (size_t i = 0, j = 0; i < into->n && j < with->n;) {
        const int order = dk_place_compare(into->rows[i], with->rows[j]);
        if (order < 0)
            i++;
        else if (order > 0)
            j++;
        else
            into->rows[n++] = into->rows[i++];
    }
    into->n = n;
}

static int by_terms(const void *a, const void *b)
{
    const word *x = a, *y = b;
    if (x->wide != y->wide)
        return x->wide ? 1 : -1;
    return (x->terms.n > y->terms.n) - (x->terms.n < y->terms.n);
}

/* The rows with all the words of which there are not too many, in order. false in *ret_begun: each word is in very
 * many; true and no rows: one is in none. The words that are wide come last. */
static dk_status candidates(search *s, row_set *rows, bool *ret_begun)
{
    row_set other = {0};
    dk_status status = DK_OK;
    *ret_begun = true;
    for (size_t i = 0; status == DK_OK && i < s->n_words; i++) {
        word *w = &s->words[i];
        status = find_terms(s, w);
        dk_found_terms_sort(&w->terms);
        w->wide = !w->terms.complete;
        if (status != DK_OK || (w->terms.n == 0 && !w->wide))
            goto out;
    }
    qsort(s->words, s->n_words, sizeof *s->words, by_terms);
    *ret_begun = false;
    for (size_t i = 0; status == DK_OK && i < s->n_words && !(*ret_begun && rows->n <= FEW_ROWS); i++) {
        word *w = &s->words[i];
        if (w->wide)
            break; /* so are the words behind it */
        if ((status = read_rows(s, w, *ret_begun ? &other : rows)) != DK_OK || w->wide)
            continue;
        if (*ret_begun)
            intersect(rows, &other);
        *ret_begun = true;
    }
out:
    free(other.rows);
    return status;
}

/* Whether a word has few terms, all of them known, so that its next row can be asked for. */
static bool has_few_terms(const word *w)
{
    return w->terms.complete && w->terms.n <= FEW_TERMS;
}

/* Whether a row has one of the word's terms; false also when that is not known. */
static dk_status is_without(search *s, const word *w, dk_place place, bool *ret_without)
{
    *ret_without = false;
    if (!w->wide || !has_few_terms(w))
        return DK_OK;
    dk_status status = DK_OK;
    bool has = false;
    for (size_t i = 0; status == DK_OK && i < w->terms.n && !has; i++) {
        dk_place found;
        size_t n = 0;
        status = dk_post_seek(s->store, s->kind, w->terms.terms[i].term, place, &found, 1, &n, s->err);
        has = n == 1 && dk_place_compare(found, place) == 0;
    }
    *ret_without = !has;
    return status;
}

static bool has(const char *text, size_t size, const char *part, size_t part_size)
{
    return part_size > 0 && memmem(text, size, part, part_size) != NULL;
}

/* Whether a value, also folded, has the word. */
static bool value_has(const dk_field *field, const char *text, size_t size, const word *w)
{
    const dk_search_word *asked = w->asked;
    return has(text, size, asked->text, asked->size) ||
           (field->type == DK_FIELD_APPROVAL_NO && asked->number != NULL &&
            has(text, size, asked->number, asked->number_size)) ||
           (field->pinyin && asked->typed[0] != '\0' && dk_pinyin_match(text, size, asked->typed, NULL));
}

/* Numbers are searched as they are written. */
static bool number_has(const dk_value *value, const word *w)
{
    char number[40] = "";
    if (value->type == DK_INTEGER)
        snprintf(number, sizeof number, "%lld", (long long)value->integer);
    else if (value->type == DK_REAL)
        snprintf(number, sizeof number, "%.17g", value->real);
    return has(number, strlen(number), w->asked->text, w->asked->size);
}

static unsigned length_of(const char *text, size_t size)
{
    unsigned n = 0;
    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* Notes for each word the shortest visible value that has it; false: one has none. */
static bool row_has_all(search *s, const dk_stored_row *row, uint64_t visible, unsigned *ret_length)
{
    const dk_kind *kind = s->kind;
    unsigned shortest[DK_SEARCH_WORDS];
    for (size_t i = 0; i < s->n_words; i++)
        shortest[i] = UINT32_MAX;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_value *value = &row->values[i];
        if (!(visible & UINT64_C(1) << i) || !kind->fields[i].in_search || value->type == DK_NULL)
            continue;
        unsigned length = 1;
        if (value->type == DK_TEXT) {
            dk_buf_clear(&s->folded);
            dk_text_fold(value->text.data, value->text.size, &s->folded);
            length = length_of((const char *)s->folded.data, s->folded.size);
        }
        for (size_t w = 0; w < s->n_words; w++)
            if (length < shortest[w] &&
                (value->type == DK_TEXT
                     ? value_has(&kind->fields[i], (const char *)s->folded.data, s->folded.size, &s->words[w])
                     : number_has(value, &s->words[w])))
                shortest[w] = length;
    }
    const int d = kind->division_field;
    *ret_length = 0;
    for (size_t w = 0; w < s->n_words; w++) {
        const word *own = &s->words[w];
        if (shortest[w] == UINT32_MAX && d >= 0 && visible & UINT64_C(1) << d && row->values[d].type == DK_TEXT &&
            dk_division_around_has_word(kind->catalogue, row->values[d].text.data, own->asked))
            shortest[w] = (unsigned)row->values[d].text.size;
        if (shortest[w] == UINT32_MAX)
            return false;
        *ret_length += shortest[w];
    }
    return true;
}

static dk_status look_at(search *s, int64_t row, int64_t generation, dk_word_rows *found)
{
    bool alive = false;
    dk_status status = dk_row_alive(s->store, s->kind, row, generation, &alive, s->err);
    if (status != DK_OK || !alive)
        return status;
    dk_stored_row stored;
    if ((status = dk_stored_row_read(s->store, s->kind, row, false, &stored, s->err)) != DK_OK)
        return status;
    const int d = s->kind->division_field;
    const uint64_t visible =
        dk_view_fields(s->view, d >= 0 && stored.values[d].type == DK_TEXT ? stored.values[d].text.data : NULL);
    unsigned length = 0;
    const bool has_all = dk_row_in_view(s->kind, &stored, s->view) && row_has_all(s, &stored, visible, &length);
    if (s->folded.failed)
        status = dk_fail(s->err, DK_NOMEM, "out of memory");
    if (status == DK_OK && has_all) {
        const size_t key = found->keys.size;
        dk_buf_append(&found->keys, stored.key, strlen(stored.key) + 1);
        if (found->keys.failed || !dk_grow(&found->rows, &found->capacity, found->n + 1, sizeof *found->rows))
            status = dk_fail(s->err, DK_NOMEM, "out of memory");
        else
            found->rows[found->n++] = (struct dk_word_row){row, length, key};
    }
    dk_stored_row_release(&stored);
    return status;
}

/* A row that has the words of which there are few: whether it has the others. */
static dk_status try_place(search *s, dk_place place, int64_t generation, dk_word_rows *found)
{
    bool without = false;
    dk_status status = DK_OK;
    for (size_t w = 0; status == DK_OK && w < s->n_words && !without; w++)
        status = is_without(s, &s->words[w], place, &without);
    if (status != DK_OK || without)
        return status;
    s->n_looked_at++;
    return look_at(s, dk_place_row(place), generation, found);
}

static bool is_enough(const search *s, const dk_word_rows *found)
{
    return found->n == s->most || s->n_looked_at >= MOST_LOOKED_AT || s->n_asked >= MOST_ASKED;
}

/* The first place of a word's terms from `from` on; *ret_n 0: there is none. */
static dk_status next_place(search *s, const word *w, dk_place from, dk_place *ret_place, size_t *ret_n)
{
    dk_status status = DK_OK;
    *ret_n = 0;
    for (size_t i = 0; status == DK_OK && i < w->terms.n; i++) {
        dk_place found;
        size_t n = 0;
        status = dk_post_seek(s->store, s->kind, w->terms.terms[i].term, from, &found, 1, &n, s->err);
        s->n_asked++;
        if (n == 1 && (*ret_n == 0 || dk_place_compare(found, *ret_place) < 0)) {
            *ret_place = found;
            *ret_n = 1;
        }
    }
    return status;
}

/* The rows that all words of few terms have, by leaps from one's next row to another's, as long as more are wanted. */
static dk_status try_by_leaps(search *s, int64_t generation, dk_word_rows *found)
{
    const word *few[DK_SEARCH_WORDS];
    size_t n = 0;
    for (size_t i = 0; i < s->n_words; i++)
        if (has_few_terms(&s->words[i]))
            few[n++] = &s->words[i];
    dk_place at = {0};
    dk_status status = DK_OK;
    while (status == DK_OK && !is_enough(s, found)) {
        for (size_t agreed = 0, i = 0; agreed < n; i = (i + 1) % n) {
            dk_place place;
            size_t there = 0;
            if ((status = next_place(s, few[i], at, &place, &there)) != DK_OK || there == 0)
                return status;
            agreed = dk_place_compare(place, at) == 0 ? agreed + 1 : 1;
            at = place;
            if (is_enough(s, found))
                return DK_OK;
        }
        s->n_looked_at++;
        status = look_at(s, dk_place_row(at), generation, found);
        at.moved++;
    }
    return status;
}

/* Every word has many terms: the rows of the first one are tried. */
static dk_status try_first_word(search *s, int64_t generation, dk_word_rows *found)
{
    enum { BLOCK = DK_POST_BLOCK };
    const word *w = &s->words[0];
    dk_status status = DK_OK;
    found->complete &= w->terms.complete;
    for (size_t i = 0; status == DK_OK && i < w->terms.n && !is_enough(s, found); i++) {
        dk_place from = {0}, places[BLOCK];
        for (size_t got = BLOCK; status == DK_OK && got == BLOCK && !is_enough(s, found);) {
            status = dk_post_seek(s->store, s->kind, w->terms.terms[i].term, from, places, BLOCK, &got, s->err);
            for (size_t p = 0; status == DK_OK && p < got && !is_enough(s, found); p++) {
                bool again = false; /* by a shorter term */
                for (size_t k = 0; k < found->n; k++)
                    again |= found->rows[k].row == dk_place_row(places[p]);
                s->n_looked_at += !again;
                if (!again)
                    status = look_at(s, dk_place_row(places[p]), generation, found);
            }
            if (got > 0)
                from = (dk_place){places[got - 1].feature, places[got - 1].moved + 1};
        }
    }
    return status;
}

dk_status dk_search_words(dk_store *store, const dk_kind *kind, const dk_view *view, uint64_t fields,
                          const dk_search_query *query, int64_t generation, size_t most, dk_word_rows *ret_rows,
                          dk_error *err)
{
    search s = {.store = store,
                .kind = kind,
                .view = view,
                .fields = fields,
                .n_words = query->n_words,
                .most = most,
                .err = err};
    row_set rows = {0};
    bool begun = true;
    dk_buf_init(&s.folded);
    for (size_t i = 0; i < query->n_words; i++)
        s.words[i].asked = &query->words[i];
    dk_status status = candidates(&s, &rows, &begun);
    bool few = false;
    for (size_t i = 0; i < s.n_words; i++)
        few |= has_few_terms(&s.words[i]);
    if (status == DK_OK && !begun)
        status = few ? try_by_leaps(&s, generation, ret_rows) : try_first_word(&s, generation, ret_rows);
    for (size_t i = 0; status == DK_OK && begun && i < rows.n && !is_enough(&s, ret_rows); i++)
        status = try_place(&s, rows.rows[i], generation, ret_rows);
    ret_rows->complete &= !is_enough(&s, ret_rows);
    for (size_t i = 0; i < s.n_words; i++)
        dk_found_terms_finish(&s.words[i].terms);
    free(rows.rows);
    dk_buf_finish(&s.folded);
    return status;
}

void dk_word_rows_finish(dk_word_rows *rows)
{
    free(rows->rows);
    dk_buf_finish(&rows->keys);
    *rows = (dk_word_rows){0};
}
