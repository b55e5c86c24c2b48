/* Totals: what an audience that may not see single amounts is told instead.
 *
 * A group of fewer rows than min_rows is withheld. Where a coarser total is shown too (project beside project and
 * collective), a group withheld alone could be had by subtraction: then the smallest other groups are withheld with
 * it, until together they have min_rows rows, and so many amounts in each sum in which they have any. */
#include "store/anchor.h"
#include "store/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of a group, or of several, whose amounts the viewer does not see: all, and those that have a value in each sum.
 * A sum over four gaps and one amount is that amount, and so is a sum less the rows that the viewer sees: what is
 * counted against min_rows is the smallest of these numbers that is not 0. */
typedef struct hidden_rows {
    int64_t rows, values[16];
} hidden_rows;

static int64_t fewest(const hidden_rows *hidden, size_t n_sum)
{
    int64_t n = hidden->rows;
    for (size_t i = 0; i < n_sum; i++)
        if (hidden->values[i] > 0 && hidden->values[i] < n)
            n = hidden->values[i];
    return n;
}

/* The groups beside one: rows that agree in all but the last by field, counted by that field. */
typedef struct sibling {
    dk_value value; /* of the last by field; its text is owned */
    hidden_rows hidden;
    int64_t rows; /* fewest of hidden, once counted */
} sibling;

typedef struct group {
    dk_store *store;
    const dk_kind *kind;
    const dk_total *total;
    dk_view view;
    const dk_viewer *viewer;
    int64_t generation;
    const dk_value *by; /* the group's values, stored form */
    dk_sum sums[16];
    bool valued[16]; /* a sum of nothing but gaps is none: nothing said is not nothing paid */
    int64_t rows;
    hidden_rows hidden;
    hidden_rows beyond; /* rows of the group that do not count for the viewer, but perhaps in a sum that they see */
    sibling *siblings;
    size_t n_siblings, siblings_capacity;
    dk_status status;
    dk_error *err;
} group;

/* Counts a row for those who see the fields of `seen` in it. */
static void count_hidden(const group *g, const dk_stored_row *row, uint64_t seen, hidden_rows *hidden)
{
    bool any = false;
    for (size_t i = 0; i < g->total->n_sum; i++) {
        const int field = g->total->sum[i];
        if (seen & UINT64_C(1) << field)
            continue;
        any = true;
        hidden->values[i] += row->values[field].type != DK_NULL;
    }
    hidden->rows += any;
}

/* A copy whose text is owned; false: there is no memory. */
static bool copy_value(const dk_value *value, dk_value *ret_copy)
{
    *ret_copy = *value;
    if (value->type != DK_TEXT)
        return true;
    char *text = malloc(value->text.size + 1);
    if (text != NULL)
        memcpy(text, value->text.data, value->text.size + 1);
    ret_copy->text.data = text;
    return text != NULL;
}

static bool count_sibling(group *g, const dk_stored_row *row, uint64_t seen)
{
    const dk_value *last = &row->values[g->total->by[g->total->n_by - 1]];
    size_t i = 0;
    while (i < g->n_siblings && !dk_value_equal(&g->siblings[i].value, last))
        i++;
    if (i == g->n_siblings) {
        sibling added = {.rows = 0};
        if (!dk_grow(&g->siblings, &g->siblings_capacity, i + 1, sizeof *g->siblings) ||
            !copy_value(last, &added.value))
            return false;
        g->siblings[g->n_siblings++] = added;
    }
    count_hidden(g, row, seen, &g->siblings[i].hidden);
    return true;
}

static void siblings_clear(group *g)
{
    for (size_t i = 0; i < g->n_siblings; i++)
        if (g->siblings[i].value.type == DK_TEXT)
            free((char *)g->siblings[i].value.text.data);
    g->n_siblings = 0;
}

static int compare_values(const dk_value *a, const dk_value *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->type == DK_TEXT)
        return strcmp(a->text.data, b->text.data);
    return a->type == DK_INTEGER ? (a->integer > b->integer) - (a->integer < b->integer)
           : a->type == DK_REAL  ? (a->real > b->real) - (a->real < b->real)
                                 : 0;
}

static int compare_siblings(const void *a, const void *b)
{
    const sibling *x = a, *y = b;
    return x->rows != y->rows ? (x->rows > y->rows ? 1 : -1) : compare_values(&x->value, &y->value);
}

/* Whether the group is withheld: small itself, or needed to hide a small one. The same for every question. */
static bool is_withheld(group *g)
{
    /* The public's sum of the group less this one would be theirs. */
    if (g->beyond.rows > 0 && g->hidden.rows > 0 && fewest(&g->beyond, g->total->n_sum) < g->total->min_rows)
        return true;
    if (g->hidden.rows == 0) /* the viewer sees every amount: nothing to protect */
        return false;
    if (fewest(&g->hidden, g->total->n_sum) < g->total->min_rows)
        return true;
    if (g->total->n_by < 2 || g->n_siblings == 0)
        return false;
    const dk_value *own = &g->by[g->total->n_by - 1];
    for (size_t i = 0; i < g->n_siblings; i++)
        g->siblings[i].rows = fewest(&g->siblings[i].hidden, g->total->n_sum);
    qsort(g->siblings, g->n_siblings, sizeof *g->siblings, compare_siblings);
    hidden_rows withheld = {0}; /* together: what the coarser total less those shown tells of */
    for (size_t i = 0; i < g->n_siblings; i++) {
        const sibling *s = &g->siblings[i];
        if (s->hidden.rows == 0)
            continue;
        const bool small = s->rows < g->total->min_rows;
        if (!small && (withheld.rows == 0 || fewest(&withheld, g->total->n_sum) >= g->total->min_rows))
            return false;
        withheld.rows += s->hidden.rows;
        for (size_t k = 0; k < g->total->n_sum; k++)
            withheld.values[k] += s->hidden.values[k];
        if (dk_value_equal(&s->value, own))
            return true;
    }
    return false;
}

static bool add_row(int64_t row, void *user)
{
    group *g = user;
    bool alive = false;
    dk_stored_row stored;
    g->status = dk_row_alive(g->store, g->kind, row, g->generation, &alive, g->err);
    if (g->status != DK_OK || !alive)
        return g->status == DK_OK;
    if ((g->status = dk_stored_row_read(g->store, g->kind, row, false, &stored, g->err)) != DK_OK)
        return false;
    bool same = true;
    const size_t last = g->total->n_by - 1;
    for (size_t i = 0; same && i < last; i++)
        same = dk_value_equal(&stored.values[g->total->by[i]], &g->by[i]);
    const int d = g->kind->division_field;
    const char *division = d >= 0 && stored.values[d].type == DK_TEXT ? stored.values[d].text.data : NULL;
    const uint64_t seen = dk_view_fields(&g->view, division);
    const bool counts = dk_view_row(&g->view, division) && dk_view_total_row(g->kind, g->total, g->viewer, division);
    if (!counts) {
        if (same && dk_value_equal(&stored.values[g->total->by[last]], &g->by[last]))
            count_hidden(g, &stored, 0, &g->beyond);
        dk_stored_row_release(&stored);
        return true;
    }
    if (same && last > 0 && !count_sibling(g, &stored, seen)) {
        g->status = dk_fail(g->err, DK_NOMEM, "out of memory");
        dk_stored_row_release(&stored);
        return false;
    }
    same = same && dk_value_equal(&stored.values[g->total->by[last]], &g->by[last]);
    if (same) {
        g->rows++;
        count_hidden(g, &stored, seen, &g->hidden);
        for (size_t i = 0; i < g->total->n_sum; i++) {
            const dk_value *value = &stored.values[g->total->sum[i]];
            if (value->type == DK_NULL)
                continue;
            dk_sum_add(&g->sums[i], value->type == DK_REAL ? value->real : (double)value->integer);
            g->valued[i] = true;
        }
    }
    dk_stored_row_release(&stored);
    return true;
}

typedef struct first_term {
    dk_buf text;
} first_term;

static bool keep_first(const char *term, size_t size, void *user)
{
    dk_buf_append(&((first_term *)user)->text, term, size);
    return false;
}

/* Sums one group and gives it. Rows are found by the first field of the group, which is always indexed. */
static dk_status give_group(group *g, bool (*each)(const dk_total_row *row, void *user), void *user, bool *ret_more)
{
    first_term term;
    dk_buf_init(&term.text);
    const int field = g->total->by[0];
    dk_terms_of(&g->kind->fields[field], &g->by[0], keep_first, &term);
    memset(g->sums, 0, sizeof g->sums);
    memset(g->valued, 0, sizeof g->valued);
    g->rows = 0;
    g->hidden = g->beyond = (hidden_rows){0};
    siblings_clear(g);
    g->status = DK_OK;
    dk_status status = DK_OK;
    if (term.text.failed)
        status = dk_fail(g->err, DK_NOMEM, "out of memory");
    else if (term.text.size > 0)
        status =
            dk_rows_of_term(g->store, g->kind, field, (const char *)term.text.data, term.text.size, add_row, g, g->err);
    if (status == DK_OK)
        status = g->status;
    if (status == DK_OK && g->rows > 0) {
        const bool suppressed = is_withheld(g);
        double sums[sizeof g->sums / sizeof *g->sums];
        for (size_t i = 0; i < g->total->n_sum; i++)
            sums[i] = g->valued[i] ? dk_sum_decimal(&g->sums[i]) : NAN;
        const dk_total_row row = {.total = g->total,
                                  .by = g->by,
                                  .sums = suppressed ? NULL : sums,
                                  .rows = suppressed ? 0 : g->rows,
                                  .suppressed = suppressed};
        *ret_more = each(&row, user);
    }
    dk_buf_finish(&term.text);
    return status;
}

/* The distinct groups of the linked rows, as values with their texts. */
typedef struct group_list {
    dk_value *values; /* n * n_by */
    size_t n, capacity, n_by;
} group_list;

static void group_list_finish(group_list *list)
{
    for (size_t i = 0; i < list->n * list->n_by; i++)
        if (list->values[i].type == DK_TEXT)
            free((char *)list->values[i].text.data);
    free(list->values);
}

static dk_status group_list_add(group_list *list, const dk_total *total, const dk_value *values, dk_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        bool same = true;
        for (size_t b = 0; same && b < total->n_by; b++)
            same = dk_value_equal(&list->values[i * list->n_by + b], &values[total->by[b]]);
        if (same)
            return DK_OK;
    }
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? list->capacity * 2 : 8;
        dk_value *grown = reallocarray(list->values, capacity * list->n_by, sizeof *grown);
        if (grown == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        list->values = grown;
        list->capacity = capacity;
    }
    dk_value *place = &list->values[list->n * list->n_by];
    bool failed = false;
    for (size_t b = 0; b < total->n_by; b++) {
        place[b] = values[total->by[b]];
        if (place[b].type == DK_TEXT) {
            char *copy = malloc(place[b].text.size + 1);
            if (copy != NULL)
                memcpy(copy, place[b].text.data, place[b].text.size + 1);
            else
                failed = true;
            place[b].text.data = copy;
        }
    }
    list->n++;
    return failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

static dk_status totals_of(dk_store *store, const dk_kind *of, const dk_total *total, const dk_key_list *rows,
                           const dk_viewer *viewer, int64_t generation,
                           bool (*each)(const dk_total_row *row, void *user), void *user, dk_error *err)
{
    group_list groups = {.n_by = total->n_by};
    const dk_view view = dk_view_of(of, viewer);
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < rows->n; i++) {
        dk_stored_row stored;
        if ((status = dk_stored_row_read(store, of, rows->entries[i].row, false, &stored, err)) != DK_OK)
            break;
        const char *division = dk_row_division(of, &stored);
        /* A row that the viewer is not shown, nor told of in a total, names no group. */
        if (!dk_view_row(&view, division) || !dk_view_total_row(of, total, viewer, division)) {
            dk_stored_row_release(&stored);
            continue;
        }
        bool whole = true; /* a row without one of the values belongs to no group */
        for (size_t b = 0; whole && b < total->n_by; b++)
            whole = stored.values[total->by[b]].type != DK_NULL;
        if (whole)
            status = group_list_add(&groups, total, stored.values, err);
        dk_stored_row_release(&stored);
    }
    group g = {.store = store,
               .kind = of,
               .total = total,
               .view = view,
               .viewer = viewer,
               .generation = generation,
               .err = err};
    bool more = true;
    for (size_t i = 0; status == DK_OK && more && i < groups.n; i++) {
        g.by = &groups.values[i * groups.n_by];
        status = give_group(&g, each, user, &more);
    }
    group_list_finish(&groups);
    siblings_clear(&g);
    free(g.siblings);
    return status;
}

dk_status dk_query_totals(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *of,
                          const dk_viewer *viewer, int64_t generation,
                          bool (*each)(const dk_total_row *row, void *user), void *user, dk_error *err)
{
    dk_key_list own = {0};
    const dk_key_list *rows = NULL;
    dk_status status = dk_anchor_in_view(store, kind, key, viewer, generation, err);
    if (status == DK_OK)
        status = dk_anchor_linked(store, kind, key, of, generation, &own, &rows, err);
    for (size_t t = 0; status == DK_OK && t < of->n_totals; t++)
        if (dk_view_total(&of->totals[t], viewer))
            status = totals_of(store, of, &of->totals[t], rows, viewer, generation, each, user, err);
    dk_key_list_finish(&own);
    return status;
}
