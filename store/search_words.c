/* The rows of each word's terms are put together and intersected, from the word with the fewest terms on. A word that is in
 * very many terms or rows, and every word once there are few rows left, is looked for in the rows instead. All rows are
 * looked at before they count: a term says nothing about who may see it in which row. */
#include "store/search_words.h"

#include "store/search_division.h"
#include "store/search_index.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_TERMS = 4000,
    MOST_ROWS = 20000, /* of a word: beyond it is looked for in the rows of the others */
    FEW_ROWS = 200,
    MOST_LOOKED_AT = 3000,
    MOST_NAMED = 16 /* divisions that a word names */
};

typedef struct row_set {
    int64_t *rows;
    size_t n, capacity;
} row_set;

typedef struct word {
    const dk_search_word *asked;
    const dk_division *named[MOST_NAMED];
    size_t n_named;
    dk_found_terms terms;
    bool wide;
} word;

typedef struct search {
    dk_store *store;
    const dk_kind *kind;
    const dk_view *view;
    uint64_t fields;
    word words[DK_SEARCH_WORDS];
    size_t n_words;
    dk_buf folded;
    dk_error *err;
} search;

static int by_row(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
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
    for (size_t i = 0; i < catalogue->n_divisions && w->n_named < MOST_NAMED; i++)
        if (dk_division_has_word(&catalogue->divisions[i], asked))
            w->named[w->n_named++] = &catalogue->divisions[i];
    for (size_t i = 0; status == DK_OK && i < w->n_named; i++)
        status = dk_search_beginning(s->store, kind, field, w->named[i]->code, strlen(w->named[i]->code), MOST_TERMS,
                                     &w->terms, s->err);
    return status;
}

/* The rows of a word's terms, in order; it is wide when there are too many. */
static dk_status read_rows(search *s, word *w, row_set *set)
{
    enum { BLOCK = 256 };
    set->n = 0;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < w->terms.n && set->n <= MOST_ROWS; i++) {
        dk_place from = {0}, places[BLOCK];
        for (size_t got = BLOCK; status == DK_OK && got == BLOCK && set->n <= MOST_ROWS;) {
            status = dk_post_seek(s->store, s->kind, w->terms.terms[i].term, from, places, BLOCK, &got, s->err);
            if (status == DK_OK && !dk_grow(&set->rows, &set->capacity, set->n + got, sizeof *set->rows))
                status = dk_fail(s->err, DK_NOMEM, "out of memory");
            for (size_t p = 0; status == DK_OK && p < got; p++)
                set->rows[set->n++] = dk_place_row(places[p]);
            if (got > 0)
                from = (dk_place){places[got - 1].feature, places[got - 1].moved + 1};
        }
    }
    w->wide |= set->n > MOST_ROWS;
    if (set->n > 1) {
        qsort(set->rows, set->n, sizeof *set->rows, by_row);
        size_t kept = 1;
        for (size_t i = 1; i < set->n; i++)
            if (set->rows[i] != set->rows[kept - 1])
                set->rows[kept++] = set->rows[i];
        set->n = kept;
    }
    return status;
}

static void intersect(row_set *into, const row_set *with)
{
    size_t n = 0;
    for (size_t i = 0, j = 0; i < into->n && j < with->n;) {
        if (into->rows[i] < with->rows[j])
            i++;
        else if (into->rows[i] > with->rows[j])
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

/* Rows among which those with all words are. ret_all: all of them. */
static dk_status candidates(search *s, row_set *rows, bool *ret_all)
{
    row_set other = {0};
    dk_status status = DK_OK;
    bool begun = false;
    *ret_all = true;
    for (size_t i = 0; status == DK_OK && i < s->n_words; i++) {
        word *w = &s->words[i];
        status = find_terms(s, w);
        dk_found_terms_sort(&w->terms);
        w->wide = !w->terms.complete;
        if (status != DK_OK || (w->terms.n == 0 && !w->wide))
            goto out; /* a word that no row has */
    }
    qsort(s->words, s->n_words, sizeof *s->words, by_terms);
    for (size_t i = 0; status == DK_OK && i < s->n_words && !(begun && rows->n <= FEW_ROWS); i++) {
        word *w = &s->words[i];
        if (w->wide && begun)
            break; /* so are the words behind it */
        if ((status = read_rows(s, w, begun ? &other : rows)) != DK_OK)
            break;
        if (begun && !w->wide)
            intersect(rows, &other);
        else if (!begun && (!w->wide || i + 1 == s->n_words)) {
            begun = true; /* wide: the last hope, some rows of a word that very many have */
            *ret_all = !w->wide;
        }
    }
out:
    free(other.rows);
    return status;
}

static unsigned length_of(const char *text, size_t size)
{
    unsigned n = 0;
    for (size_t i = 0; i < size; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static bool has(const char *text, size_t size, const char *part, size_t part_size)
{
    return part_size > 0 && memmem(text, size, part, part_size) != NULL;
}

/* Whether a value has the word: as it stands, which most are found by, or folded. */
static bool value_has(search *s, const dk_field *field, const dk_value *value, const word *w, bool fold)
{
    const dk_search_word *asked = w->asked;
    const char *text = value->text.data;
    size_t size = value->text.size;
    if (value->type != DK_TEXT)
        return false;
    if (fold) {
        dk_buf_clear(&s->folded);
        dk_text_fold(text, size, &s->folded);
        text = (const char *)s->folded.data;
        size = s->folded.size;
    }
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

static bool row_has(search *s, const dk_stored_row *row, uint64_t visible, const word *w, unsigned *ret_length)
{
    const dk_kind *kind = s->kind;
    unsigned shortest = UINT32_MAX;
    for (int fold = 0; fold < 2 && shortest == UINT32_MAX; fold++)
        for (size_t i = 0; i < kind->n_fields; i++) {
            const dk_value *value = &row->values[i];
            if (!(visible & UINT64_C(1) << i) || !kind->fields[i].in_search)
                continue;
            if (!value_has(s, &kind->fields[i], value, w, fold == 1) && !number_has(value, w))
                continue;
            const unsigned length = value->type == DK_TEXT ? length_of(value->text.data, value->text.size) : 1;
            shortest = length < shortest ? length : shortest;
        }
    const int d = kind->division_field;
    if (shortest == UINT32_MAX && d >= 0 && visible & UINT64_C(1) << d && row->values[d].type == DK_TEXT)
        for (size_t i = 0; i < w->n_named && shortest == UINT32_MAX; i++)
            if (strncmp(row->values[d].text.data, w->named[i]->code, strlen(w->named[i]->code)) == 0)
                shortest = (unsigned)row->values[d].text.size;
    *ret_length = shortest;
    return shortest != UINT32_MAX;
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
    unsigned length = 0, own = 0;
    size_t i = 0;
    while (i < s->n_words && row_has(s, &stored, visible, &s->words[i], &own)) {
        length += own;
        i++;
    }
    if (s->folded.failed)
        status = dk_fail(s->err, DK_NOMEM, "out of memory");
    if (status == DK_OK && i == s->n_words) {
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

dk_status dk_search_words(dk_store *store, const dk_kind *kind, const dk_view *view, uint64_t fields,
                          const dk_search_query *query, int64_t generation, size_t most, dk_word_rows *ret_rows,
                          dk_error *err)
{
    search s = {.store = store, .kind = kind, .view = view, .fields = fields, .n_words = query->n_words, .err = err};
    row_set rows = {0};
    bool all = true;
    dk_buf_init(&s.folded);
    for (size_t i = 0; i < query->n_words; i++)
        s.words[i].asked = &query->words[i];
    dk_status status = candidates(&s, &rows, &all);
    ret_rows->complete &= all;
    for (size_t i = 0; status == DK_OK && i < rows.n; i++) {
        if (ret_rows->n == most || i == MOST_LOOKED_AT) {
            ret_rows->complete = false;
            break;
        }
        status = look_at(&s, rows.rows[i], generation, ret_rows);
    }
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
