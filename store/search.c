#include "store/search.h"
#include "store/folded_key.h"
#include "store/posts.h"

#include "store/search_box.h"
#include "store/search_division.h"
#include "store/search_index.h"
#include "store/search_query.h"
#include "store/search_words.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MILLISECONDS = 200,
    FURTHER = 120,       /* of them, until which terms are looked at beyond the first that are found */
    MOST_SECONDS = 2,    /* by the clock on the wall, with what it waits for the disk and for others */
    STEPS = 1000,        /* of SQLite's machine between looks at the clock */
    MOST_TERMS = 200,    /* of a kind in one way of matching, among which the shortest are chosen */
    MOST_DIVISIONS = 32, /* named by the text */
    NAMED_DIVISIONS = 4, /* whose rows are given */
    MOST_LINKS = 128,    /* rows looked at for the boxes of the hits behind the first two, which have all they need, */
    LEAST_LINKS = 8      /* and for one of them */
};

typedef struct hit {
    dk_match match;
    unsigned length; /* of the value that matched, characters */
    const dk_kind *kind;
    int64_t row;
    const dk_division *division; /* NULL: a row */
    size_t key;                  /* offset in keys */
} hit;

typedef struct search {
    dk_store *store;
    const dk_search *asked;
    dk_search_query query;
    dk_buf number; /* exact_no, folded */
    dk_buf tidied;
    const char *tidy; /* the text without blanks around it, and narrow */
    dk_view views[DK_MAX_KINDS];
    uint64_t fields[DK_MAX_KINDS];                            /* searched, and seen in some row */
    size_t limits[DK_MAX_KINDS + 1], given[DK_MAX_KINDS + 1]; /* by kind; the last: divisions */
    dk_found_division divisions[MOST_DIVISIONS];
    size_t n_divisions;
    dk_match match; /* under way, and its first hit */
    size_t first;
    hit *hits;
    size_t n_hits, capacity;
    dk_buf keys;
    bool complete, late;
    double work_end, further_end, wall_end;
    dk_error *err;
} search;

const char *dk_match_name(dk_match match)
{
    static const char *const names[DK_MATCHES] = {"key", "value", "number", "prefix", "words", "pinyin", "division"};
    return match < DK_MATCHES ? names[match] : "";
}

/* ---- the time ---- */

static double seconds_now(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* SQLite's progress handler: not 0 interrupts the statement. */
static int look_at_clock(void *user)
{
    search *s = user;
    s->late |= seconds_now(CLOCK_THREAD_CPUTIME_ID) > s->work_end || seconds_now(CLOCK_MONOTONIC) > s->wall_end;
    return s->late;
}

/* A failure that is only the time being up is none: what was found is given. */
static dk_status unless_late(search *s, dk_status status)
{
    if (!s->late)
        return status;
    s->complete = false;
    return status == DK_LIMIT ? DK_OK : status;
}

/* ---- hits ---- */

static size_t kind_number(const hit *h)
{
    return h->division != NULL ? DK_MAX_KINDS : h->kind->index;
}

static bool is_full(search *s, size_t number)
{
    if (s->given[number] < s->limits[number])
        return false;
    s->complete = false;
    return true;
}

static bool is_hit(const search *s, const dk_kind *kind, int64_t row)
{
    for (size_t i = 0; i < s->n_hits; i++)
        if (s->hits[i].row == row && s->hits[i].kind == kind)
            return true;
    return false;
}

static dk_status add_hit(search *s, hit h, const char *key)
{
    if (!dk_grow(&s->hits, &s->capacity, s->n_hits + 1, sizeof *s->hits))
        return dk_fail(s->err, DK_NOMEM, "out of memory");
    h.match = s->match;
    h.key = s->keys.size;
    dk_buf_append(&s->keys, key, strlen(key) + 1);
    if (s->keys.failed)
        return dk_fail(s->err, DK_NOMEM, "out of memory");
    s->hits[s->n_hits++] = h;
    return DK_OK;
}

/* The key of a row, if the viewer sees the field in it; the row need not be read where that is so in all rows or in
 * none. */
static dk_status add_seen(search *s, const dk_kind *kind, int64_t row, int field, unsigned length, size_t *ret_n)
{
    const hit h = {.length = length, .kind = kind, .row = row};
    const dk_view *view = &s->views[kind->index];
    const uint64_t bit = field == DK_LINK_KEY ? 0 : UINT64_C(1) << field;
    dk_status status;
    if (dk_view_every_row(view) && (view->inside & bit) == (view->outside & bit)) {
        sqlite3_stmt *stmt = NULL;
        if ((status = dk_sql_kept(s->store, kind, DK_STMT_ROW_META, &stmt, s->err)) != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, row);
        status = dk_sql_step(s->store, stmt, s->err);
        if (status == DK_OK && (view->inside & bit) == bit) {
            status = add_hit(s, h, (const char *)sqlite3_column_text(stmt, 0));
            ++*ret_n;
        }
        sqlite3_reset(stmt);
        return status == DK_END ? DK_OK : status;
    }
    dk_stored_row stored;
    if ((status = dk_stored_row_read(s->store, kind, row, false, &stored, s->err)) != DK_OK)
        return status;
    const char *division = dk_row_division(kind, &stored);
    if (dk_view_row(view, division) && (dk_view_fields(view, division) & bit) == bit) {
        status = add_hit(s, h, stored.key);
        ++*ret_n;
    }
    dk_stored_row_release(&stored);
    return status;
}

/* A row that has the term; field DK_LINK_KEY: whose key it is. Counted in ret_n if it is a hit. */
static dk_status add_row(search *s, const dk_kind *kind, int64_t row, int field, unsigned length, size_t *ret_n)
{
    bool alive = false;
    if (is_hit(s, kind, row))
        return DK_OK;
    const dk_status status = dk_row_alive(s->store, kind, row, s->asked->generation, &alive, s->err);
    return status == DK_OK && alive ? add_seen(s, kind, row, field, length, ret_n) : status;
}

/* So many rows of a kind are found before they are chosen from. */
static size_t most_rows(const search *s, const dk_kind *kind)
{
    const size_t wanted = s->limits[kind->index];
    return wanted + wanted / 2 + 8;
}

/* The rows of a term, until *ret_n, to which they are added, is more than most. */
static dk_status add_term(search *s, const dk_kind *kind, const dk_found_term *term, size_t most, size_t *ret_n)
{
    enum { BLOCK = DK_POST_BLOCK };
    dk_place from = {0};
    dk_status status = DK_OK;
    for (size_t got = BLOCK; status == DK_OK && got == BLOCK && *ret_n <= most;) {
        dk_place places[BLOCK];
        status = dk_post_seek(s->store, kind, term->term, from, places, BLOCK, &got, s->err);
        for (size_t p = 0; status == DK_OK && p < got && *ret_n <= most; p++)
            status = add_row(s, kind, dk_place_row(places[p]), term->field, term->length, ret_n);
        if (got > 0)
            from = (dk_place){places[got - 1].feature, places[got - 1].moved + 1};
    }
    return status;
}

/* Rows of the terms, of the shortest first, until there are enough to choose from. *ret_enough: there were so many that
 * terms were left. */
static dk_status add_terms(search *s, const dk_kind *kind, dk_found_terms *found, size_t *ret_n, bool *ret_enough)
{
    const size_t wanted = s->limits[kind->index], most = most_rows(s, kind);
    dk_status status = DK_OK;
    dk_found_terms_sort(found);
    *ret_n = 0;
    *ret_enough = false;
    for (size_t i = 0; status == DK_OK && i < found->n && !*ret_enough; i++) {
        *ret_enough = *ret_n > most || (*ret_n >= wanted && found->terms[i].length > found->terms[i - 1].length);
        if (!*ret_enough)
            status = add_term(s, kind, &found->terms[i], most, ret_n);
    }
    return status;
}

typedef struct going_on {
    search *s;
    const dk_kind *kind;
    size_t n, looked_at;
} going_on;

/* A term beyond the first ones: it counts if it has a row that is a hit. */
static dk_status take_term(const dk_found_term *term, bool *ret_counts, void *user)
{
    enum { BETWEEN_LOOKS = 16 };
    going_on *on = user;
    search *s = on->s;
    const size_t before = on->n, most = most_rows(s, on->kind);
    if (on->n > most || (++on->looked_at % BETWEEN_LOOKS == 0 && seconds_now(CLOCK_THREAD_CPUTIME_ID) > s->further_end))
        return DK_END;
    const dk_status status = add_term(s, on->kind, term, most, &on->n);
    *ret_counts = on->n > before;
    return status;
}

static int compare_hits(const void *a, const void *b, void *user)
{
    const hit *x = a, *y = b;
    const char *keys = user;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    if ((x->division != NULL) != (y->division != NULL))
        return x->division != NULL ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind->index < y->kind->index ? -1 : 1;
    const int order = strcmp(keys + x->key, keys + y->key);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

/* Puts the hits of the way under way in order and keeps as many as there is room for. */
static void choose_hits(search *s)
{
    const size_t n = s->n_hits;
    if (n > s->first)
        qsort_r(s->hits + s->first, n - s->first, sizeof *s->hits, compare_hits, s->keys.data);
    s->n_hits = s->first;
    for (size_t i = s->first; i < n; i++) {
        const size_t number = kind_number(&s->hits[i]);
        if (s->n_hits == s->asked->limit || is_full(s, number)) {
            s->complete = false;
            continue;
        }
        s->given[number]++;
        s->hits[s->n_hits++] = s->hits[i];
    }
    s->first = s->n_hits;
}

/* ---- ways of matching, for one kind ---- */

/* A field's form of the query. */
static void form_of(const search *s, const dk_field *field, const char **ret_text, size_t *ret_size)
{
    *ret_text = s->query.whole.text;
    *ret_size = s->query.whole.size;
    if (field->type == DK_FIELD_APPROVAL_NO && s->number.size > 0) {
        *ret_text = (const char *)s->number.data;
        *ret_size = s->number.size;
    }
}

typedef struct keyed {
    search *s;
    const dk_kind *kind;
    dk_buf memory;
    size_t n;
} keyed;

/* A row whose key may be the text, written otherwise. */
static dk_status add_keyed(int64_t row, void *user)
{
    keyed *k = user;
    search *s = k->s;
    sqlite3_stmt *stmt = NULL;
    bool same = false;
    dk_status status = dk_sql_kept(s->store, k->kind, DK_STMT_ROW_META, &stmt, s->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    if ((status = dk_sql_step(s->store, stmt, s->err)) == DK_OK)
        status =
            dk_key_folds_to((const char *)sqlite3_column_text(stmt, 0), s->query.whole.text, &k->memory, &same, s->err);
    sqlite3_reset(stmt);
    return status == DK_OK && same ? add_row(s, k->kind, row, DK_LINK_KEY, 0, &k->n)
           : status == DK_END      ? DK_OK
                                   : status;
}

static dk_status match_key(search *s, const dk_kind *kind, dk_found_terms *found)
{
    const char *keys[] = {s->asked->text, s->tidy, s->query.exact_no};
    keyed k = {.s = s, .kind = kind};
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < sizeof keys / sizeof *keys; i++) {
        int64_t row = 0;
        if (keys[i] != NULL)
            status = dk_row_of_key(s->store, kind, keys[i], s->asked->generation, &row, s->err);
        if (status == DK_OK && row != 0)
            status = add_row(s, kind, row, DK_LINK_KEY, 0, &k.n);
    }
    if (status == DK_OK)
        status = dk_folded_key_rows(s->store, kind, s->query.whole.text, NULL, 0, add_keyed, &k, s->err);
    dk_buf_finish(&k.memory);
    if (status == DK_OK && s->fields[kind->index] & UINT64_C(1) << kind->key_field) {
        const char *text;
        size_t size;
        form_of(s, &kind->fields[kind->key_field], &text, &size);
        status = dk_search_equal(s->store, kind, kind->key_field, text, size, found, s->err);
    }
    return status;
}

typedef struct former {
    search *s;
    const dk_kind *kind;
    dk_found_terms *found;
    dk_status status;
} former;

/* The rows of divisions whose place the one that was asked for took. */
static bool add_former(const char *code, void *user)
{
    former *f = user;
    f->status = dk_search_equal(f->s->store, f->kind, f->kind->division_field, code, strlen(code), f->found, f->s->err);
    return f->status == DK_OK;
}

static dk_status match_value(search *s, const dk_kind *kind, int field, dk_found_terms *found)
{
    const char *text;
    size_t size;
    form_of(s, &kind->fields[field], &text, &size);
    dk_status status = dk_search_equal(s->store, kind, field, text, size, found, s->err);
    if (status == DK_OK && field == kind->division_field && dk_division_code_valid(text)) {
        former f = {s, kind, found, DK_OK};
        dk_division_former(s->store->catalogue, text, false, add_former, &f);
        status = f.status;
    }
    return status;
}

/* The searched fields of 文号. */
static uint64_t number_fields(const search *s, const dk_kind *kind)
{
    uint64_t fields = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].type == DK_FIELD_APPROVAL_NO)
            fields |= s->fields[kind->index] & UINT64_C(1) << i;
    return fields;
}

/* Rows in the divisions that the text names. */
static dk_status match_division(search *s, const dk_kind *kind, dk_found_terms *found)
{
    const int field = kind->division_field;
    dk_status status = DK_OK;
    if (field < 0 || !(s->store->indexed[kind->index] & UINT64_C(1) << field) ||
        !(s->views[kind->index].inside & UINT64_C(1) << field))
        return DK_OK;
    s->complete &= s->n_divisions <= NAMED_DIVISIONS;
    for (size_t i = 0; status == DK_OK && i < s->n_divisions && i < NAMED_DIVISIONS; i++)
        status = dk_search_within(s->store, kind, s->divisions[i].division->code, MOST_TERMS, found, s->err);
    return status;
}

/* Several words: each in some field. */
static dk_status match_all_words(search *s, const dk_kind *kind)
{
    dk_word_rows rows = {.complete = true};
    dk_status status = dk_search_words(s->store, kind, &s->views[kind->index], s->fields[kind->index], &s->query,
                                       s->asked->generation, s->limits[kind->index] + 8, &rows, s->err);
    s->complete &= rows.complete;
    dk_status added = status == DK_LIMIT && s->late ? DK_OK : status; /* what was found in time counts */
    for (size_t i = 0; added == DK_OK && i < rows.n; i++)
        if (!is_hit(s, kind, rows.rows[i].row))
            added = add_hit(s, (hit){.length = rows.rows[i].length, .kind = kind, .row = rows.rows[i].row},
                            (const char *)rows.keys.data + rows.rows[i].key);
    dk_word_rows_finish(&rows);
    return status == DK_OK ? added : status;
}

/* The terms that match in the way under way. */
static dk_status find_terms(search *s, const dk_kind *kind, dk_found_terms *found)
{
    const uint64_t fields = s->fields[kind->index];
    const dk_search_word *whole = &s->query.whole;
    dk_status status = DK_OK;
    switch (s->match) {
    case DK_MATCH_KEY:
        status = match_key(s, kind, found);
        break;
    case DK_MATCH_VALUE:
        for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++)
            if (fields & UINT64_C(1) << i)
                status = match_value(s, kind, (int)i, found);
        break;
    case DK_MATCH_NUMBER:
        if (whole->number != NULL)
            status = dk_search_containing(s->store, kind, number_fields(s, kind), whole->number, whole->number_size,
                                          MOST_TERMS, found, s->err);
        break;
    case DK_MATCH_PREFIX:
        for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++)
            if (fields & UINT64_C(1) << i)
                status =
                    dk_search_beginning(s->store, kind, (int)i, whole->text, whole->size, MOST_TERMS, found, s->err);
        break;
    case DK_MATCH_WORDS:
        status = dk_search_containing(s->store, kind, fields, whole->text, whole->size, MOST_TERMS, found, s->err);
        break;
    case DK_MATCH_PINYIN:
        status = dk_search_sounding(s->store, kind, fields, whole->typed, MOST_TERMS, found, s->err);
        break;
    default:
        status = match_division(s, kind, found);
    }
    return status;
}

/* The terms that are found first may be of rows that the viewer does not see: rows that wait to be published, or of
 * other divisions. Then others are looked at, while there is time. */
static dk_status go_on(search *s, const dk_kind *kind, size_t n)
{
    going_on on = {.s = s, .kind = kind, .n = n};
    dk_found_terms further = {.complete = true, .take = take_term, .user = &on};
    const dk_status status = find_terms(s, kind, &further);
    s->complete &= further.complete;
    dk_found_terms_finish(&further);
    return status;
}

static dk_status match_kind(search *s, const dk_kind *kind)
{
    if (s->match == DK_MATCH_WORDS && s->query.n_words > 1)
        return match_all_words(s, kind);
    dk_found_terms found = {.complete = true};
    size_t n = 0;
    bool enough = false;
    dk_status status = find_terms(s, kind, &found);
    if (status == DK_OK)
        status = add_terms(s, kind, &found, &n, &enough);
    const bool all = found.complete;
    dk_found_terms_finish(&found);
    if (status == DK_OK && !all && !enough && n < s->limits[kind->index] && !s->late)
        return go_on(s, kind, n);
    s->complete &= all && !enough;
    return status;
}

static dk_status find_hits(search *s)
{
    const dk_catalogue *catalogue = s->store->catalogue;
    dk_status status = DK_OK;
    bool all = true;
    s->n_divisions = dk_search_divisions(catalogue, &s->query, s->divisions, MOST_DIVISIONS, &all);
    s->complete &= all;
    for (unsigned match = 0; status == DK_OK && match < DK_MATCHES && !s->late; match++) {
        s->match = (dk_match)match;
        if (s->n_hits == s->asked->limit) {
            s->complete = false;
            break;
        }
        for (size_t i = 0; status == DK_OK && i < s->n_divisions; i++)
            if (s->divisions[i].match == s->match)
                status = add_hit(s, (hit){.length = s->divisions[i].length, .division = s->divisions[i].division},
                                 s->divisions[i].division->code);
        for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds && !s->late; k++)
            if (dk_kind_seen(&catalogue->kinds[k], s->asked->viewer) && !is_full(s, k))
                status = unless_late(s, match_kind(s, &catalogue->kinds[k]));
        choose_hits(s);
    }
    return status;
}

/* ---- giving ---- */

static void set_bounds(dk_hit *given, const dk_joint_box *box)
{
    given->has_bounds = box->n > 0;
    if (given->has_bounds)
        memcpy(given->bounds, box->bounds, sizeof given->bounds);
}

/* Rows to look at for boxes, shared among the hits that need it: what one leaves, the others have. */
typedef struct box_budget {
    size_t rows, hits, first;
} box_budget;

static size_t take_share(box_budget *budget)
{
    size_t share = budget->rows / budget->hits--;
    if (budget->first > 0) {
        budget->first--;
        budget->rows += DK_BOX_ROWS;
        return DK_BOX_ROWS;
    }
    share = share < LEAST_LINKS ? LEAST_LINKS : share;
    return share > DK_BOX_ROWS ? DK_BOX_ROWS : share;
}

static bool needs_share(const hit *h)
{
    return h->division != NULL || h->kind->geometry == DK_NO_GEOMETRY;
}

static dk_status give_row(search *s, const hit *h, box_budget *budget, dk_hit *given, dk_hit_fn each, void *user,
                          bool *ret_more)
{
    const bool layer = h->kind->geometry != DK_NO_GEOMETRY;
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(s->store, h->kind, h->row, layer, &stored, s->err);
    if (status != DK_OK)
        return status;
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_row_seen(h->kind, &stored, &s->views[h->kind->index], layer, values, label, sizeof label, &seen);
    if (!layer) {
        dk_joint_box box = {0};
        status = dk_box_of_links(s->store, h->kind, stored.key, stored.values, s->asked->viewer, s->asked->generation,
                                 take_share(budget), &box, s->err);
        budget->rows -= box.n < budget->rows ? box.n : budget->rows;
        set_bounds(given, &box);
    } else if (!seen.undrawn) {
        given->has_bounds = true;
        memcpy(given->bounds, seen.bounds, sizeof given->bounds);
    }
    given->row = &seen;
    if (status == DK_OK)
        *ret_more = each(given, user);
    dk_stored_row_release(&stored);
    return status;
}

static dk_status give_hits(search *s, dk_hit_fn each, void *user)
{
    dk_status status = DK_OK;
    box_budget budget = {.rows = MOST_LINKS, .first = 2};
    bool more = true;
    for (size_t i = 0; i < s->n_hits; i++)
        budget.hits += needs_share(&s->hits[i]);
    for (size_t i = 0; status == DK_OK && more && i < s->n_hits; i++) {
        const hit *h = &s->hits[i];
        dk_hit given = {.match = h->match, .division = h->division};
        if (h->division == NULL) {
            status = give_row(s, h, &budget, &given, each, user, &more);
            continue;
        }
        dk_joint_box box = {0};
        status = dk_box_of_division(s->store, h->division->code, s->asked->viewer, s->asked->generation,
                                    take_share(&budget), &box, s->err);
        budget.rows -= box.n < budget.rows ? box.n : budget.rows;
        set_bounds(&given, &box);
        if (status == DK_OK)
            more = each(&given, user);
    }
    return status;
}

static void set_limits(search *s)
{
    const size_t limit = s->asked->limit;
    const size_t per_kind = s->asked->per_kind > 0 && s->asked->per_kind < limit ? s->asked->per_kind : limit;
    for (size_t k = 0; k < s->store->catalogue->n_kinds; k++) {
        const dk_kind *kind = &s->store->catalogue->kinds[k];
        s->views[k] = dk_view_of(kind, s->asked->viewer);
        for (size_t i = 0; i < kind->n_fields; i++)
            if (kind->fields[i].in_search)
                s->fields[k] |= s->views[k].inside & UINT64_C(1) << i;
        s->limits[k] = per_kind;
    }
    /* Names of divisions are much alike: they leave room for what is in them. */
    const size_t few = limit / 4 > 3 ? limit / 4 : 3;
    s->limits[DK_MAX_KINDS] = per_kind < few ? per_kind : few;
}

dk_status dk_search_run(dk_store *store, const dk_search *asked, dk_hit_fn each, void *user, bool *ret_complete,
                        dk_error *err)
{
    if (asked->limit < 1 || asked->limit > 1000)
        return dk_fail(err, DK_INVALID, "limit must be 1 to 1000");
    if (strlen(asked->text) > DK_SEARCH_TEXT)
        return dk_fail(err, DK_INVALID, "the search text is longer than %d bytes", DK_SEARCH_TEXT);
    search *s = calloc(1, sizeof *s);
    if (s == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    *s = (search){.store = store, .asked = asked, .complete = true, .err = err};
    dk_buf_init(&s->number);
    dk_buf_init(&s->tidied);
    dk_buf_init(&s->keys);
    dk_text_tidy(asked->text, strlen(asked->text), &s->tidied);
    s->tidy = dk_buf_cstr(&s->tidied);
    dk_status status = dk_search_query_read(asked->text, &s->query, err);
    if (status != DK_OK)
        goto out;
    if (s->query.exact_no != NULL)
        dk_text_fold(s->query.exact_no, strlen(s->query.exact_no), &s->number);
    s->complete = !s->query.cut;
    set_limits(s);
    if (s->number.failed || s->tidy == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK && s->query.n_words > 0) {
        const unsigned most = asked->milliseconds > 0 ? asked->milliseconds : MILLISECONDS;
        s->work_end = seconds_now(CLOCK_THREAD_CPUTIME_ID) + 1e-3 * most;
        s->further_end = s->work_end - 1e-3 * most * (MILLISECONDS - FURTHER) / MILLISECONDS;
        s->wall_end = seconds_now(CLOCK_MONOTONIC) + MOST_SECONDS;
        sqlite3_progress_handler(store->db, STEPS, look_at_clock, s);
        status = find_hits(s);
        sqlite3_progress_handler(store->db, 0, NULL, NULL);
    }
    if (status == DK_OK)
        status = give_hits(s, each, user);
    if (status == DK_OK)
        *ret_complete = s->complete;
    dk_search_query_finish(&s->query);
out:
    free(s->hits);
    dk_buf_finish(&s->number);
    dk_buf_finish(&s->tidied);
    dk_buf_finish(&s->keys);
    free(s);
    return status;
}
