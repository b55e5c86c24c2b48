#include "store/selection.h"

#include "store/coarse.h"
#include "store/cql2.h"
#include "store/cql2_sql.h"
#include "store/index_rows.h"
#include "store/posts.h"
#include "store/search_index.h"
#include "store/search_query.h"
#include "store/text.h"
#include "store/topology.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Parameters of the SQL. */
enum { P_GENERATION = DK_SELECTION_FREE + 1, P_AFTER, P_PLACES, P_FILTERS };

/* More places than this are not gathered: all rows are then read in order, which finds a page of them soon. */
#define MOST_PLACES 200000
#define MOST_TERMS 20000 /* that may contain a word */

#define ROW_OF_PLACE "CASE p.moved WHEN 0 THEN p.feature ELSE p.moved END"

/* ---- terms ---- */

/* How many posts a term has; more than `most` if it has more. */
static dk_status count_posts(dk_selection *s, int64_t term, size_t most, size_t *ret_n, dk_error *err)
{
    dk_post_join *join = dk_post_join_create(s->store, s->query->kind, &term, 1, s->after);
    dk_place place;
    bool found = true;
    dk_status status = join == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    *ret_n = 0;
    while (status == DK_OK && *ret_n <= most) {
        status = dk_post_join_next(join, &place, &found, err);
        if (!found)
            break;
        ++*ret_n;
    }
    dk_post_join_free(join);
    return status;
}

/* The places of a term are added to the list; *ret_fits false: there would be too many. */
static dk_status gather_term(dk_selection *s, int64_t term, bool *ret_fits, dk_error *err)
{
    dk_post_join *join = dk_post_join_create(s->store, s->query->kind, &term, 1, s->after);
    dk_status status = join == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    *ret_fits = true;
    while (status == DK_OK) {
        dk_place place;
        bool found;
        status = dk_post_join_next(join, &place, &found, err);
        if (status != DK_OK || !found)
            break;
        *ret_fits = s->places.n < MOST_PLACES;
        if (!*ret_fits)
            break;
        if (!dk_place_list_add(&s->places, place))
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    dk_post_join_free(join);
    return status;
}

/* What a filter wants of one field: the field has one of these texts. A single one becomes a term that every row must
 * have; the first of several is gathered. */
static dk_status take_need(dk_selection *s, const dk_cql2_need *need, dk_error *err)
{
    const dk_kind *kind = s->query->kind;
    if (!(s->store->indexed[kind->index] & UINT64_C(1) << need->field))
        return DK_OK;
    if (need->n_texts == 1) {
        int64_t term = 0;
        const char *text = need->texts[0];
        const dk_status status = dk_term_find(s->store, kind, need->field, text, strlen(text), &term, err);
        if (status == DK_OK && term == 0)
            s->nothing = true;
        if (status == DK_OK && term != 0 && s->n_terms < DK_SELECTION_TERMS)
            s->terms[s->n_terms++] = term;
        return status;
    }
    if (s->driver == DK_SELECT_PLACES)
        return DK_OK;
    bool fits = true;
    for (size_t i = 0; fits && i < need->n_texts; i++) {
        int64_t term = 0;
        dk_status status =
            dk_term_find(s->store, kind, need->field, need->texts[i], strlen(need->texts[i]), &term, err);
        if (status == DK_OK && term != 0)
            status = gather_term(s, term, &fits, err);
        if (status != DK_OK)
            return status;
    }
    if (fits)
        s->driver = DK_SELECT_PLACES;
    else
        s->places.n = 0;
    return DK_OK;
}

/* Rows with a word, by the terms that contain it. */
static dk_status take_word(dk_selection *s, dk_error *err)
{
    const dk_query *q = s->query;
    dk_found_terms found = {.complete = true};
    dk_buf folded, number;
    uint64_t numbers = 0;
    dk_buf_init(&folded);
    dk_buf_init(&number);
    dk_text_fold(q->word.text, q->word.size, &folded);
    for (size_t i = 0; i < q->kind->n_fields; i++)
        if (q->kind->fields[i].type == DK_FIELD_APPROVAL_NO)
            numbers |= q->word.fields & UINT64_C(1) << i;
    /* Each of several 文号 is a term: what reaches from one into the next is in none. */
    static const char joint[] = "、";
    bool fits = !folded.failed &&
                (numbers == 0 || folded.size == 0 || memmem(folded.data, folded.size, joint, sizeof joint - 1) == NULL);
    dk_status status = DK_OK;
    if (folded.size > 0 && fits)
        status = dk_search_containing(s->store, q->kind, q->word.fields, (const char *)folded.data, folded.size,
                                      MOST_TERMS, &found, err);
    if (status == DK_OK && numbers != 0 && folded.size > 0 && fits &&
        dk_search_number((const char *)folded.data, folded.size, &number))
        status = dk_search_containing(s->store, q->kind, numbers, (const char *)number.data, number.size, MOST_TERMS,
                                      &found, err);
    fits = fits && !number.failed;
    fits = fits && folded.size > 0 && found.complete;
    for (size_t i = 0; status == DK_OK && fits && i < found.n; i++)
        status = gather_term(s, found.terms[i].term, &fits, err);
    if (status == DK_OK && fits)
        s->driver = DK_SELECT_PLACES;
    else
        s->places.n = 0;
    dk_found_terms_finish(&found);
    dk_buf_finish(&folded);
    dk_buf_finish(&number);
    return status;
}

/* Of a sorted list the places that a term has too. */
static dk_status keep_with_term(dk_selection *s, int64_t term, dk_error *err)
{
    dk_post_join *join = dk_post_join_create(s->store, s->query->kind, &term, 1, s->after);
    dk_status status = join == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    size_t kept = 0;
    bool found = true;
    dk_place place = {0};
    for (size_t i = 0; status == DK_OK && i < s->places.n; i++) {
        const dk_place wanted = s->places.places[i];
        if (dk_place_compare(place, wanted) < 0)
            status = dk_post_join_seek(join, wanted, &place, &found, err);
        if (!found)
            break;
        if (dk_place_compare(place, wanted) == 0)
            s->places.places[kept++] = wanted;
    }
    s->places.n = kept;
    dk_post_join_free(join);
    return status;
}

/* ---- boxes ---- */

typedef struct box_gathering {
    dk_selection *selection;
    dk_world_box box;
    bool fits, failed;
} box_gathering;

static bool gather_block(const dk_block *block, void *user)
{
    box_gathering *g = user;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        const dk_entry_head *head = &block->heads[i];
        if (head->x0 > g->box.x1 || head->x1 < g->box.x0 || head->y0 > g->box.y1 || head->y1 < g->box.y0)
            continue;
        if (g->selection->places.n == MOST_PLACES) {
            g->fits = false;
            return false;
        }
        if (!dk_place_list_add(&g->selection->places, dk_place_of(head->row, head->feature))) {
            g->failed = true;
            return false;
        }
    }
    return true;
}

static dk_status gather_box(dk_selection *s, const double bounds[4], bool *ret_fits, dk_error *err)
{
    box_gathering g = {.selection = s, .fits = true};
    dk_world_from_lonlat(bounds[0], bounds[3], &g.box.x0, &g.box.y0);
    dk_world_from_lonlat(bounds[2], bounds[1], &g.box.x1, &g.box.y1);
    g.box = dk_box_grown(&g.box, DK_MATCH_MOST); /* the outline that is drawn may lie beside the one that counts */
    dk_status status = dk_index_begin(s->store, s->query->generation, NULL, err);
    if (status == DK_BUSY) { /* an older generation, whose index is gone; its rows are there */
        *ret_fits = false;
        return DK_OK;
    }
    if (status == DK_OK) {
        status = dk_index_blocks(s->store, s->query->kind, &g.box, DK_EVERY_ZOOM, gather_block, &g, err);
        dk_index_end(s->store);
    }
    if (status == DK_OK && g.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    *ret_fits = g.fits;
    return status;
}

/* The smallest box that a filter wants; false if none wants one. A row may reach into two boxes that lie apart, so they
 * are not intersected. West beyond east is left to the filter. */
static bool wanted_box(const dk_query *query, double ret_bounds[4])
{
    bool any = false;
    double smallest = INFINITY;
    for (size_t i = 0; i < query->n_filters; i++) {
        double b[4];
        if (!dk_cql2_bounds(query->filters[i], b) || b[0] > b[2] || b[1] > b[3])
            continue;
        const double area = (b[2] - b[0]) * (b[3] - b[1]);
        if (area >= smallest)
            continue;
        any = true;
        smallest = area;
        memcpy(ret_bounds, b, sizeof b);
    }
    return any;
}

/* About how many rows a box holds, as if they lay evenly; 0 rows: no row can match. */
static dk_status estimate_box(dk_selection *s, const double bounds[4], double *ret_rows, bool *ret_everything,
                              dk_error *err)
{
    double all[4] = {0};
    int64_t rows = 0, undrawn = 0;
    const dk_status status =
        dk_query_summary(s->store, s->query->kind, s->query->generation, &rows, &undrawn, all, err);
    *ret_everything = false;
    *ret_rows = 0;
    if (status != DK_OK)
        return status;
    const double west = bounds[0] > all[0] ? bounds[0] : all[0], south = bounds[1] > all[1] ? bounds[1] : all[1];
    const double east = bounds[2] < all[2] ? bounds[2] : all[2], north = bounds[3] < all[3] ? bounds[3] : all[3];
    if (rows == undrawn || west > east || south > north) {
        s->nothing = true;
        return DK_OK;
    }
    *ret_everything = west == all[0] && south == all[1] && east == all[2] && north == all[3];
    const double area = (all[2] - all[0]) * (all[3] - all[1]);
    *ret_rows = (double)rows * (area > 0 ? (east - west) * (north - south) / area : 1);
    return DK_OK;
}

/* ---- which of them ---- */

#define PROBED 1000 /* posts of a term that are counted to choose */

static dk_status choose(dk_selection *s, dk_error *err)
{
    const dk_query *query = s->query;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < query->n_filters; i++) {
        dk_cql2_need needs[8];
        const size_t n = dk_cql2_needs(query->filters[i], needs, 8);
        for (size_t j = 0; status == DK_OK && j < n; j++)
            status = take_need(s, &needs[j], err);
    }
    if (status != DK_OK || s->nothing)
        return status;
    double bounds[4] = {0}, expected = 0;
    const bool boxed = wanted_box(query, bounds);
    if (boxed && dk_view_any_coarse(&s->view)) { /* what is shown may reach into the box, and what is stored not */
        const double reach = dk_coarse_reach_degrees(query->kind->public_coarse);
        bounds[0] -= reach;
        bounds[1] -= reach;
        bounds[2] += reach;
        bounds[3] += reach;
    }
    size_t fewest = SIZE_MAX;
    if (s->n_terms > 0) {
        for (size_t i = 0; i < s->n_terms && status == DK_OK && (boxed || s->driver == DK_SELECT_PLACES); i++) {
            size_t n = 0;
            status = count_posts(s, s->terms[i], PROBED, &n, err);
            fewest = n < fewest ? n : fewest;
        }
        if (s->driver != DK_SELECT_PLACES || fewest < s->places.n) {
            s->driver = DK_SELECT_TERMS;
            s->places.n = 0;
        }
    }
    if (status == DK_OK && s->driver == DK_SELECT_ALL && query->word.size > 0)
        status = take_word(s, err);
    bool everything = false, fits = false;
    if (status != DK_OK || !boxed)
        return status;
    status = estimate_box(s, bounds, &expected, &everything, err);
    if (status != DK_OK || s->nothing || everything || s->driver == DK_SELECT_PLACES ||
        (s->driver == DK_SELECT_TERMS && (double)fewest < (fewest < PROBED ? expected : expected / 100)))
        return status;
    status = gather_box(s, bounds, &fits, err);
    if (fits)
        s->driver = DK_SELECT_PLACES;
    else
        s->places.n = 0;
    return status;
}

/* Features beyond the last one given; the rest of the list is not looked at again. */
static void drop_given(dk_selection *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->places.n; i++)
        if (s->places.places[i].feature > s->after)
            s->places.places[kept++] = s->places.places[i];
    s->places.n = kept;
}

dk_status dk_selection_begin(dk_selection *s, dk_store *store, const dk_query *query, int64_t after, dk_error *err)
{
    *s = (dk_selection){.store = store,
                        .query = query,
                        .view = dk_view_of(query->kind, query->viewer),
                        .driver = DK_SELECT_ALL,
                        .after = after};
    if (s->view.unseen_inside && s->view.unseen_outside) {
        s->nothing = true;
        return DK_OK;
    }
    dk_status status = choose(s, err);
    if (status != DK_OK || s->nothing)
        return status;
    if (s->driver == DK_SELECT_TERMS) {
        s->source.join = dk_post_join_create(store, query->kind, s->terms, s->n_terms, after);
        return s->source.join != NULL ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (s->driver == DK_SELECT_PLACES) {
        drop_given(s);
        dk_place_list_sort(&s->places);
        for (size_t i = 0; status == DK_OK && i < s->n_terms; i++)
            status = keep_with_term(s, s->terms[i], err);
        s->source.list = &s->places;
        return status;
    }
    sqlite3_stmt *stmt = NULL;
    if ((status = dk_sql_kept(store, query->kind, DK_STMT_ANY_MOVED, &stmt, err)) != DK_OK)
        return status;
    status = dk_sql_step(store, stmt, err);
    sqlite3_reset(stmt);
    s->moved = status == DK_OK;
    return status == DK_END ? DK_OK : status;
}

void dk_selection_finish(dk_selection *s)
{
    dk_post_join_free(s->source.join);
    dk_place_list_finish(&s->places);
}

/* ---- SQL ---- */

static dk_status append_filters(dk_selection *s, dk_buf *sql, dk_error *err)
{
    int first = P_FILTERS;
    dk_status status = DK_OK;
    dk_in_view_sql(s->query->kind, &s->view, sql);
    for (size_t i = 0; status == DK_OK && i < s->query->n_filters; i++) {
        dk_buf_text(sql, " AND (");
        s->parameters[i] = first;
        status = dk_cql2_sql(s->query->filters[i], first, sql, &first, err);
        dk_buf_byte(sql, ')');
    }
    return status;
}

#define ALIVE_FORMAT "l.born<=?%d AND (l.died=0 OR l.died>?%d)"

dk_status dk_selection_sql(dk_selection *s, const char *columns, dk_buf *sql, dk_error *err)
{
    const char *k = s->query->kind->name;
    dk_status status;
    if (s->driver == DK_SELECT_ALL) {
        dk_buf_format(sql,
                      "SELECT l.row AS feature,%s FROM life_%s l CROSS JOIN row_%s r ON r.row=l.row WHERE l.row>?%d"
                      " AND " ALIVE_FORMAT,
                      columns, k, k, P_AFTER, P_GENERATION, P_GENERATION);
        if (s->moved)
            dk_buf_text(sql, " AND r.feature=r.row");
        status = append_filters(s, sql, err);
        if (status != DK_OK || !s->moved)
            return status;
        dk_buf_format(sql,
                      " UNION ALL SELECT r.feature,%s FROM row_%s r INDEXED BY row_%s_moved CROSS JOIN life_%s l"
                      " ON l.row=r.row WHERE r.feature>?%d AND r.feature<>r.row AND " ALIVE_FORMAT,
                      columns, k, k, k, P_AFTER, P_GENERATION, P_GENERATION);
        return append_filters(s, sql, err);
    }
    dk_buf_format(sql,
                  "SELECT p.feature AS feature,%s FROM dk_places(?%d) p CROSS JOIN life_%s l ON l.row=" ROW_OF_PLACE
                  " CROSS JOIN row_%s r ON r.row=l.row WHERE p.feature>?%d",
                  columns, P_PLACES, k, k, P_AFTER);
    dk_buf_format(sql, " AND " ALIVE_FORMAT, P_GENERATION, P_GENERATION);
    return append_filters(s, sql, err);
}

dk_status dk_selection_bind(dk_selection *s, sqlite3_stmt *stmt, dk_error *err)
{
    sqlite3_bind_int64(stmt, P_GENERATION, s->query->generation);
    sqlite3_bind_int64(stmt, P_AFTER, s->after);
    if (s->driver != DK_SELECT_ALL)
        sqlite3_bind_pointer(stmt, P_PLACES, &s->source, DK_PLACES_POINTER, NULL);
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < s->query->n_filters; i++)
        status = dk_cql2_bind(s->query->filters[i], s->parameters[i], stmt, err);
    return status;
}
