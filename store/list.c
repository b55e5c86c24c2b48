#include "store/list.h"
#include "store/posts.h"

#include "store/search_index.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_TERMS = 20000 /* divisions below one */
};

bool dk_list_seen(const dk_list *list, const dk_viewer *viewer)
{
    return viewer->audience >= list->audience && dk_kind_seen(list->kind, viewer) &&
           (list->lines == NULL || dk_kind_seen(list->lines, viewer));
}

const dk_list *dk_list_find(const dk_catalogue *catalogue, const char *id, const dk_viewer *viewer)
{
    for (size_t i = 0; i < catalogue->n_lists; i++)
        if (strcmp(catalogue->lists[i].id, id) == 0)
            return dk_list_seen(&catalogue->lists[i], viewer) ? &catalogue->lists[i] : NULL;
    return NULL;
}

/* A row with what it is sorted by. */
typedef struct listed {
    int64_t row;
    size_t group, key; /* offsets in texts */
} listed;

typedef struct listing {
    dk_store *store;
    const dk_list_query *query;
    const dk_list *list;
    dk_view view, line_view;
    listed *rows;
    size_t n, capacity, n_lines;
    dk_buf texts;
    dk_error *err;
} listing;

static const char *division_of(const dk_kind *kind, const dk_stored_row *row)
{
    const int d = kind->division_field;
    return d >= 0 && row->values[d].type == DK_TEXT ? row->values[d].text.data : NULL;
}

/* Adds a row if it is published, in the viewer's scope and in the division that is asked for. */
static dk_status add_row(listing *l, int64_t row)
{
    const dk_kind *kind = l->list->kind;
    bool alive = false;
    dk_status status = dk_row_alive(l->store, kind, row, l->query->generation, &alive, l->err);
    if (status != DK_OK || !alive)
        return status;
    dk_stored_row stored;
    if ((status = dk_stored_row_read(l->store, kind, row, false, &stored, l->err)) != DK_OK)
        return status;
    const char *division = division_of(kind, &stored);
    const dk_value *group = &stored.values[l->list->by];
    const bool in_scope = !dk_view_row(&l->view, division)
                              ? false
                              : l->list->audience == DK_PUBLIC || dk_viewer_covers(kind, l->query->viewer, division);
    const uint64_t visible = dk_view_fields(&l->view, division);
    const bool in_division =
        l->query->division == NULL || (division != NULL && visible & UINT64_C(1) << kind->division_field &&
                                       dk_division_within(l->store->catalogue, division, l->query->division));
    const bool seen = visible & UINT64_C(1) << l->list->by;
    if (in_scope && in_division && seen) {
        if (l->n == DK_LIST_ROWS) {
            status = dk_fail(l->err, DK_LIMIT, "the list has more than %d rows; ask for a smaller division or one %s",
                             DK_LIST_ROWS, kind->fields[l->list->by].title);
        } else if (!dk_grow(&l->rows, &l->capacity, l->n + 1, sizeof *l->rows)) {
            status = dk_fail(l->err, DK_NOMEM, "out of memory");
        } else {
            listed *own = &l->rows[l->n++];
            *own = (listed){.row = row, .group = l->texts.size};
            dk_buf_text(&l->texts, group->type == DK_TEXT ? group->text.data : "");
            dk_buf_byte(&l->texts, 0);
            own->key = l->texts.size;
            dk_buf_append(&l->texts, stored.key, strlen(stored.key) + 1);
            if (l->texts.failed)
                status = dk_fail(l->err, DK_NOMEM, "out of memory");
        }
    }
    dk_stored_row_release(&stored);
    return status;
}

static dk_status add_terms(listing *l, dk_found_terms *found)
{
    enum { BLOCK = DK_POST_BLOCK };
    dk_status status = DK_OK;
    dk_found_terms_sort(found); /* each once */
    for (size_t i = 0; status == DK_OK && i < found->n; i++) {
        dk_place from = {0}, places[BLOCK];
        for (size_t got = BLOCK; status == DK_OK && got == BLOCK;) {
            status = dk_post_seek(l->store, l->list->kind, found->terms[i].term, from, places, BLOCK, &got, l->err);
            for (size_t p = 0; status == DK_OK && p < got; p++)
                status = add_row(l, dk_place_row(places[p]));
            if (got > 0)
                from = (dk_place){places[got - 1].feature, places[got - 1].moved + 1};
        }
    }
    return status;
}

/* The rows: by the group where one is named, else by the division. */
static dk_status find_rows(listing *l)
{
    const dk_kind *kind = l->list->kind;
    const char *division = l->query->division;
    dk_found_terms found = {.complete = true};
    dk_status status = DK_OK;
    if (l->query->by != NULL) {
        dk_buf folded;
        dk_buf_init(&folded);
        dk_text_fold(l->query->by, strlen(l->query->by), &folded);
        status = folded.failed ? dk_fail(l->err, DK_NOMEM, "out of memory")
                               : dk_search_equal(l->store, kind, l->list->by, (const char *)folded.data, folded.size,
                                                 &found, l->err);
        dk_buf_finish(&folded);
    } else if (division != NULL && kind->division_field >= 0) {
        status = dk_search_within(l->store, kind, division, MOST_TERMS, &found, l->err);
        if (status == DK_OK && !found.complete)
            status = dk_fail(l->err, DK_LIMIT, "the division has too many parts; ask for a smaller one");
    } else {
        status = dk_fail(l->err, DK_INVALID, "a list needs a group or a division");
    }
    if (status == DK_OK)
        status = add_terms(l, &found);
    dk_found_terms_finish(&found);
    return status;
}

static int by_group(const void *a, const void *b, void *user)
{
    const listed *x = a, *y = b;
    const char *texts = user;
    int order = strcmp(texts + x->group, texts + y->group);
    if (order == 0)
        order = strcmp(texts + x->key, texts + y->key);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

/* first: in and out, whether no line of the row was given yet. */
static dk_status give_line(listing *l, const dk_row *row, const dk_row *line, bool *first, dk_list_fn each, void *user)
{
    const dk_list *list = l->list;
    dk_list_line given = {.row = row, .line = line, .first = *first};
    for (size_t i = 0; i < list->n_columns; i++) {
        const dk_list_column *column = &list->columns[i];
        const dk_row *from = column->kind == list->kind ? row : line;
        given.values[i] = from != NULL ? from->values[column->field] : dk_value_null();
    }
    if (list->open_column >= 0) {
        const dk_list_column *column = &list->columns[list->open_column];
        const dk_row *from = column->kind == list->kind ? row : line;
        /* What the viewer does not see is not said to be open. */
        given.open = from == NULL || ((from->visible & UINT64_C(1) << column->field) != 0 &&
                                      dk_value_empty(&given.values[list->open_column]));
    }
    if (l->query->open_only && !given.open)
        return DK_OK;
    *first = false;
    return each(&given, user);
}

/* A row with its lines. The rows of both kinds are held at once: they are read by different statements. */
static dk_status give_row(listing *l, int64_t number, dk_list_fn each, void *user)
{
    const dk_kind *kind = l->list->kind, *lines = l->list->lines;
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(l->store, kind, number, false, &stored, l->err);
    if (status != DK_OK)
        return status;
    dk_value values[DK_MAX_FIELDS], line_values[DK_MAX_FIELDS];
    char label[512], line_label[512];
    dk_row row, line;
    dk_row_seen(kind, &stored, &l->view, false, values, label, sizeof label, &row);
    dk_key_list list = {0};
    bool first = true;
    if (lines != NULL)
        status = dk_linked_rows(l->store, kind, stored.key, stored.values, lines, l->query->generation,
                                DK_LIST_LINES + 1, &list, l->err);
    dk_key_list_sort(&list);
    l->n_lines += list.n;
    if (status == DK_OK && l->n_lines > DK_LIST_LINES)
        status = dk_fail(l->err, DK_LIMIT, "the list has more than %d lines; ask for a smaller division or one %s",
                         DK_LIST_LINES, kind->fields[l->list->by].title);
    bool any = false;
    for (size_t i = 0; status == DK_OK && i < list.n; i++) {
        dk_stored_row of_line;
        if ((status = dk_stored_row_read(l->store, lines, list.entries[i].row, false, &of_line, l->err)) != DK_OK)
            break;
        if (!dk_row_in_view(lines, &of_line, &l->line_view)) {
            dk_stored_row_release(&of_line);
            continue;
        }
        dk_row_seen(lines, &of_line, &l->line_view, false, line_values, line_label, sizeof line_label, &line);
        status = give_line(l, &row, &line, &first, each, user);
        any = true;
        dk_stored_row_release(&of_line);
    }
    if (status == DK_OK && !any) /* a row whose lines are all out of view is as one that has none */
        status = give_line(l, &row, NULL, &first, each, user);
    dk_key_list_finish(&list);
    dk_stored_row_release(&stored);
    return status;
}

dk_status dk_list_lines(dk_store *store, const dk_list_query *query, dk_list_fn each, void *user, dk_error *err)
{
    listing l = {.store = store, .query = query, .list = query->list, .err = err};
    l.view = dk_view_of(query->list->kind, query->viewer);
    if (query->list->lines != NULL)
        l.line_view = dk_view_of(query->list->lines, query->viewer);
    dk_buf_init(&l.texts);
    dk_status status = find_rows(&l);
    if (status == DK_OK && l.n > 0)
        qsort_r(l.rows, l.n, sizeof *l.rows, by_group, l.texts.data);
    for (size_t i = 0; status == DK_OK && i < l.n; i++)
        if (i == 0 || l.rows[i].row != l.rows[i - 1].row)
            status = give_row(&l, l.rows[i].row, each, user);
    free(l.rows);
    dk_buf_finish(&l.texts);
    return status == DK_END ? DK_OK : status;
}
