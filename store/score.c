#include "store/score_work.h"

#include "store/hash.h"
#include "store/succession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_GROUPS 1000000

/* ---- a question ---- */

static dk_status nomem(dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_scoring_begin(dk_scoring *s, dk_store *store, const dk_score_query *query, int64_t generation,
                           dk_error *err)
{
    int64_t catalogue = 0;
    *s = (dk_scoring){.store = store, .query = query, .generation = generation, .err = err};
    dk_division_last(store->catalogue, query->division != NULL ? query->division : "", s->division);
    snprintf(s->behind, sizeof s->behind, "%.12s:", s->division); /* the colon comes behind all digits */
    if ((s->facts = calloc(1, sizeof *s->facts)) == NULL)
        return nomem(err);
    dk_sql_limit(store, DK_QUERY_SECONDS);
    dk_status status = DK_OK;
    if (sqlite3_get_autocommit(store->db)) {
        if ((status = dk_sql_begin_reading(store, err)) != DK_OK)
            return status;
        s->began = true;
    }
    status = dk_clock_held_read(store, &s->held, err);
    if (status == DK_OK)
        status = dk_clock_catalogue(store, &catalogue, err);
    if (status != DK_OK)
        return status;
    s->empty = s->held.generation < 0;
    s->current = generation >= s->held.generation;
    if (!s->empty && s->held.catalogue != catalogue)
        return dk_fail(err, DK_CONFLICT,
                       "what is due was found for an earlier catalogue; publish a batch, or run dikuai-ingest reindex");
    if (!s->empty && generation < s->held.from)
        return dk_fail(err, DK_NOT_FOUND,
                       "what was due in generation %lld was erased with a redaction; ask for generation %lld or later",
                       (long long)generation, (long long)s->held.from);
    return DK_OK;
}

dk_status dk_scoring_end(dk_scoring *s, dk_status status)
{
    const bool late = dk_sql_unlimited(s->store);
    if (s->began)
        dk_sql_end_reading(s->store);
    if (s->facts != NULL)
        dk_clock_facts_finish(s->facts);
    free(s->facts);
    return status != DK_OK && status != DK_END && late ? dk_query_too_slow(s->err) : status == DK_END ? DK_OK : status;
}

bool dk_scoring_places(const dk_scoring *s, const dk_kind *kind)
{
    return kind->division_field >= 0 &&
           (s->query->any_division || kind->fields[kind->division_field].audience == DK_PUBLIC);
}

bool dk_scoring_asks(const dk_scoring *s, const dk_kind *kind)
{
    return (s->division[0] == '\0' || dk_scoring_places(s, kind)) &&
           (s->query->about == NULL || s->query->about == kind) &&
           (s->query->only == NULL || s->query->only->about == kind) &&
           dk_clock_sources(s->store->catalogue, kind) != 0;
}

bool dk_scoring_wants(const dk_scoring *s, const dk_obligation *obligation, const dk_regime *regime, int32_t due)
{
    const dk_score_query *q = s->query;
    if ((q->only != NULL && q->only != obligation) || (q->regime != NULL && q->regime != regime) ||
        (q->without_regime && regime != NULL) || (q->without_day && due != DK_NO_DAY))
        return false;
    return (q->from == DK_NO_DAY && q->until == DK_FAR_DAY) || (due != DK_NO_DAY && q->from <= due && due <= q->until);
}

dk_status dk_scoring_facts(dk_scoring *s, const dk_kind *kind, sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    dk_clock_facts_of(s->facts, s->store->catalogue, kind);
    const dk_status status =
        dk_clock_facts_read(s->facts, s->store->catalogue, bytes, (size_t)sqlite3_column_bytes(stmt, column));
    switch (status) {
    case DK_OK:
        return DK_OK;
    case DK_NOMEM:
        return nomem(s->err);
    case DK_NOT_FOUND:
        return dk_fail(s->err, DK_NOT_FOUND, "what was due in generation %lld was found for an earlier catalogue",
                       (long long)s->generation);
    default:
        return dk_fail(s->err, DK_CORRUPT, "the facts of %s are damaged; run dikuai-ingest reindex", kind->name);
    }
}

/* How many rows had a use in an earlier generation, by its id. */
static dk_status count_uses(dk_scoring *s, const dk_kind *kind, int64_t **ret_counts, size_t *ret_n)
{
    sqlite3_stmt *stmt = NULL;
    size_t capacity = 0;
    dk_status status = dk_clock_prepare(
        s->store, kind, "SELECT use FROM clock_$ WHERE born<=?1 AND (died=0 OR died>?1)", &stmt, s->err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, s->generation);
    while (status == DK_OK && (status = dk_sql_step(s->store, stmt, s->err)) == DK_OK) {
        const size_t use = (size_t)sqlite3_column_int64(stmt, 0);
        if (use >= *ret_n) {
            if (!dk_grow(ret_counts, &capacity, use + 1, sizeof **ret_counts)) {
                status = nomem(s->err);
                break;
            }
            memset(*ret_counts + *ret_n, 0, (capacity - *ret_n) * sizeof **ret_counts);
            *ret_n = capacity;
        }
        (*ret_counts)[use]++;
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_scoring_uses(dk_scoring *s, const dk_kind *kind, bool unsettled, dk_scoring_use_fn each, void *user)
{
    int64_t *counts = NULL, last = -1;
    size_t n_counts = 0;
    sqlite3_stmt *stmt = NULL;
    dk_status status = s->current ? DK_OK : count_uses(s, kind, &counts, &n_counts);
    if (status == DK_OK)
        status = dk_clock_prepare(
            s->store, kind,
            unsettled ? "SELECT u.id,u.facts,u.division,u.rows,s.facts FROM clockset_$ s CROSS JOIN clockuse_$ u ON "
                        "u.facts=s.id WHERE s.settled>?3 AND u.rows>0 AND u.division>=?1 AND u.division<?2"
            : s->division[0] != '\0'
                ? "SELECT u.id,u.facts,u.division,u.rows,s.facts FROM clockuse_$ u CROSS JOIN clockset_$ s "
                  "ON s.id=u.facts WHERE u.division>=?1 AND u.division<?2"
                : "SELECT u.id,u.facts,u.division,u.rows,s.facts FROM clockuse_$ u CROSS JOIN clockset_$ s "
                  "ON s.id=u.facts",
            &stmt, s->err);
    if (status == DK_OK && sqlite3_bind_parameter_count(stmt) >= 2) {
        sqlite3_bind_text(stmt, 1, s->division, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, s->behind, -1, SQLITE_STATIC);
    }
    if (status == DK_OK && unsettled)
        sqlite3_bind_int64(stmt, 3, s->held.day);
    while (status == DK_OK && (status = dk_sql_step(s->store, stmt, s->err)) == DK_OK) {
        const int64_t use = sqlite3_column_int64(stmt, 0), set = sqlite3_column_int64(stmt, 1);
        const int64_t rows = s->current ? sqlite3_column_int64(stmt, 3) : (size_t)use < n_counts ? counts[use] : 0;
        if (rows <= 0)
            continue;
        if (set != last && (status = dk_scoring_facts(s, kind, stmt, 4)) != DK_OK)
            break;
        last = set;
        const char *division = dk_scoring_places(s, kind) ? (const char *)sqlite3_column_text(stmt, 2) : NULL;
        status = each(s, use, set, division != NULL ? division : "", rows, user);
    }
    sqlite3_finalize(stmt);
    free(counts);
    return status == DK_END ? DK_OK : status;
}

/* ---- groups ---- */

typedef struct groups {
    dk_score_row *rows;
    size_t n, capacity;
    uint32_t *places; /* number + 1 */
    size_t n_places;
} groups;

static uint64_t hash_group(const dk_score_row *row)
{
    const uint64_t seed = (uint64_t)(row->year * 16 + row->part) ^ (uint64_t)(uintptr_t)row->obligation << 20 ^
                          (uint64_t)(uintptr_t)row->regime << 7;
    return dk_hash64(row->division, strlen(row->division), seed);
}

static bool same_group(const dk_score_row *a, const dk_score_row *b)
{
    return a->year == b->year && a->part == b->part && a->obligation == b->obligation && a->regime == b->regime &&
           strcmp(a->division, b->division) == 0;
}

static bool groups_grow(groups *g)
{
    const size_t n = g->n_places > 0 ? 2 * g->n_places : 256;
    uint32_t *places = calloc(n, sizeof *places);
    if (places == NULL)
        return false;
    for (size_t i = 0; i < g->n; i++) {
        size_t at = hash_group(&g->rows[i]) & (n - 1);
        while (places[at] != 0)
            at = (at + 1) & (n - 1);
        places[at] = (uint32_t)i + 1;
    }
    free(g->places);
    g->places = places;
    g->n_places = n;
    return true;
}

/* The group that is like this one. NULL: out of memory. */
static dk_score_row *group_of(groups *g, const dk_score_row *like)
{
    if (2 * (g->n + 1) > g->n_places && !groups_grow(g))
        return NULL;
    size_t at = hash_group(like) & (g->n_places - 1);
    for (; g->places[at] != 0; at = (at + 1) & (g->n_places - 1))
        if (same_group(&g->rows[g->places[at] - 1], like))
            return &g->rows[g->places[at] - 1];
    if (!dk_grow(&g->rows, &g->capacity, g->n + 1, sizeof *g->rows))
        return NULL;
    g->rows[g->n] = *like;
    g->places[at] = (uint32_t)++g->n;
    return &g->rows[g->n - 1];
}

static int compare_groups(const void *a, const void *b)
{
    const dk_score_row *x = a, *y = b;
    int order = strcmp(x->division, y->division);
    if (order == 0)
        order = x->year != y->year ? x->year - y->year : x->part - y->part;
    if (order == 0 && x->obligation != y->obligation) /* pointers into one array, or none in any group */
        order = x->obligation < y->obligation ? -1 : 1;
    if (order == 0 && x->regime != y->regime)
        order = x->regime == NULL ? -1 : y->regime == NULL ? 1 : x->regime < y->regime ? -1 : 1;
    return order;
}

/* ---- the scorecard ---- */

typedef struct card {
    dk_scoring *s;
    groups groups;
    int digits;           /* of a group's division */
    const char *division; /* of the counters that are read */
    const dk_kind *kind;
    dk_status status; /* in callbacks that cannot give one */
} card;

static dk_status add(card *c, const char *division, const dk_obligation *obligation, const dk_regime *regime,
                     dk_disclosure state, int32_t due, int64_t n)
{
    const dk_score_query *q = c->s->query;
    dk_score_row like = {.obligation = q->by_obligation ? obligation : NULL, .regime = q->by_regime ? regime : NULL};
    if (!dk_scoring_wants(c->s, obligation, regime, due))
        return DK_OK;
    snprintf(like.division, sizeof like.division, "%.*s", c->digits, q->level == 0 ? c->s->division : division);
    if (q->by != DK_SCORE_ALL && due != DK_NO_DAY) {
        const int month = dk_day_month(due);
        like.year = dk_day_year(due);
        like.part = q->by == DK_SCORE_MONTH ? month : q->by == DK_SCORE_QUARTER ? (month + 2) / 3 : 0;
    }
    dk_score_row *group = group_of(&c->groups, &like);
    if (group == NULL)
        return nomem(c->s->err);
    if (c->groups.n > MOST_GROUPS)
        return dk_fail(c->s->err, DK_LIMIT,
                       "these are more than %d groups; ask for a division, a shorter time or fewer groups",
                       MOST_GROUPS);
    group->n[state] += n;
    return DK_OK;
}

/* All obligations of a use; unsettled: those that the counters do not have. */
static dk_status add_use(dk_scoring *s, const char *division, int64_t rows, bool unsettled, card *c)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < s->facts->n; i++) {
        const dk_obligation *obligation = s->facts->obligations[i];
        dk_outcome outcome;
        if (unsettled && dk_facts_settled(obligation, &s->facts->facts[i]) <= s->held.day)
            continue;
        dk_obligation_outcome(obligation, &s->facts->facts[i], s->query->as_of, &outcome);
        status = add(c, division, obligation, s->facts->regime, dk_outcome_state(&outcome, s->query->as_of),
                     outcome.due, rows);
    }
    return status;
}

static dk_status add_any_use(dk_scoring *s, int64_t use, int64_t set, const char *division, int64_t rows, void *user)
{
    (void)use, (void)set;
    return add_use(s, division, rows, false, user);
}

static dk_status add_unsettled_use(dk_scoring *s, int64_t use, int64_t set, const char *division, int64_t rows,
                                   void *user)
{
    (void)use, (void)set;
    return add_use(s, division, rows, true, user);
}

static bool add_counter(uint64_t packed, int64_t n, void *user)
{
    card *c = user;
    dk_score_entry entry;
    if (!dk_score_unpack(c->s->store->catalogue, packed, &entry)) {
        c->status =
            dk_fail(c->s->err, DK_CORRUPT, "the counters of %s are damaged; run dikuai-ingest reindex", c->kind->name);
        return false;
    }
    if (entry.state == DK_DUE && entry.due < c->s->query->as_of)
        entry.state = DK_MISSING;
    c->status = add(c, c->division, entry.obligation, entry.regime, entry.state, entry.due, n);
    return c->status == DK_OK;
}

/* From the counters, and from what they do not have. */
static dk_status add_counters(card *c)
{
    dk_scoring *s = c->s;
    sqlite3_stmt *stmt = NULL;
    /* Counters have some numbers of digits: the next one that is no fewer than a group's, or than the question's
     * division. Those of all divisions tell of none. */
    size_t l = 0;
    while (dk_scoring_places(s, c->kind) && l + 1 < DK_SCORE_LEVELS && dk_score_levels[l] < c->digits)
        l++;
    dk_status status = dk_clock_prepare(
        s->store, c->kind, "SELECT division,data FROM score_$ WHERE level=?1 AND division>=?2 AND division<?3", &stmt,
        s->err);
    if (status == DK_OK) {
        sqlite3_bind_int(stmt, 1, dk_score_levels[l]);
        sqlite3_bind_text(stmt, 2, s->division, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, s->behind, -1, SQLITE_STATIC);
    }
    while (status == DK_OK && (status = dk_sql_step(s->store, stmt, s->err)) == DK_OK) {
        c->division = (const char *)sqlite3_column_text(stmt, 0);
        c->status = DK_OK;
        if (dk_score_data_each(sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1), add_counter, c) !=
            DK_OK)
            status = c->status != DK_OK
                         ? c->status
                         : dk_fail(s->err, DK_CORRUPT, "the counters of %s are damaged; run dikuai-ingest reindex",
                                   c->kind->name);
    }
    sqlite3_finalize(stmt);
    return status == DK_OK || status == DK_END ? dk_scoring_uses(s, c->kind, true, add_unsettled_use, c) : status;
}

static bool is_first_of_month(int32_t day)
{
    return dk_day_of(dk_day_year(day), dk_day_month(day), 1) == day;
}

/* Whether the counters say it. */
static bool is_counted(const dk_scoring *s)
{
    const dk_score_query *q = s->query;
    return s->current && s->held.day != DK_NO_DAY && q->as_of >= s->held.day &&
           (q->from == DK_NO_DAY || is_first_of_month(q->from)) &&
           (q->until == DK_FAR_DAY || is_first_of_month(q->until + 1));
}

dk_status dk_score(dk_store *store, const dk_score_query *query, int64_t generation,
                   bool (*each)(const dk_score_row *row, void *user), void *user, dk_error *err)
{
    dk_scoring s;
    card c = {.s = &s};
    dk_status status = dk_scoring_begin(&s, store, query, generation, err);
    const int asked = (int)strlen(s.division);
    c.digits = query->level > asked ? query->level : asked;
    for (size_t k = 0; status == DK_OK && !s.empty && k < store->catalogue->n_kinds; k++) {
        c.kind = &store->catalogue->kinds[k];
        if (dk_scoring_asks(&s, c.kind))
            status = is_counted(&s) ? add_counters(&c) : dk_scoring_uses(&s, c.kind, false, add_any_use, &c);
    }
    status = dk_scoring_end(&s, status);
    if (status == DK_OK && c.groups.n > 1)
        qsort(c.groups.rows, c.groups.n, sizeof *c.groups.rows, compare_groups);
    for (size_t i = 0; status == DK_OK && i < c.groups.n; i++)
        if (!each(&c.groups.rows[i], user))
            break;
    free(c.groups.rows);
    free(c.groups.places);
    return status;
}
