/* The rows behind a figure of the scorecard. */
#include "store/score_work.h"

#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where fewer than one row in so many is wanted, they are found by their uses; else all of the kind are gone through.
 */
#define SCARCE 8

/* A use in which some obligation stands so. */
typedef struct wanted {
    int64_t use, set, rows;
    char division[13];
} wanted;

typedef struct listing {
    dk_scoring *s;
    dk_disclosure state;
    const dk_kind *kind;
    wanted *uses; /* by use */
    size_t n, capacity;
    int64_t rows; /* of all of them */
    /* What the page begins behind, in this kind; 0: all of it is wanted. */
    int64_t after;
    size_t after_obligation;
    size_t left;
    bool stopped;
    sqlite3_stmt *key_of, *facts_of;
    dk_buf place;
    bool (*each)(const dk_clock_row *row, void *user);
    void *user;
} listing;

/* Whether an obligation of s->facts is one of those asked for. */
static bool stands_so(const listing *l, size_t i, dk_outcome *ret_outcome)
{
    const dk_scoring *s = l->s;
    const dk_obligation *obligation = s->facts->obligations[i];
    if (s->query->only != NULL && s->query->only != obligation)
        return false;
    dk_obligation_outcome(obligation, &s->facts->facts[i], s->query->as_of, ret_outcome);
    return dk_scoring_wants(s, obligation, s->facts->regime, ret_outcome->due) &&
           dk_outcome_state(ret_outcome, s->query->as_of) == l->state;
}

/* Whether a division is in the group that is asked for. */
static bool is_of_group(const dk_scoring *s, const char *division)
{
    return !s->query->alone || strncmp(division, s->division, (size_t)s->query->level) == 0;
}

static dk_status want_use(dk_scoring *s, int64_t use, int64_t set, const char *division, int64_t rows, void *user)
{
    listing *l = user;
    dk_outcome outcome;
    size_t i = 0;
    if (!is_of_group(s, division))
        return DK_OK;
    while (i < s->facts->n && !stands_so(l, i, &outcome))
        i++;
    if (i == s->facts->n)
        return DK_OK;
    if (!dk_grow(&l->uses, &l->capacity, l->n + 1, sizeof *l->uses))
        return dk_fail(s->err, DK_NOMEM, "out of memory");
    wanted *w = &l->uses[l->n++];
    *w = (wanted){.use = use, .set = set, .rows = rows};
    snprintf(w->division, sizeof w->division, "%s", division);
    l->rows += rows;
    return DK_OK;
}

static int by_use(const void *a, const void *b)
{
    const wanted *x = a, *y = b;
    return (x->use > y->use) - (x->use < y->use);
}

typedef struct labelled {
    char text[400];
} labelled;

static bool keep_label(const dk_row *row, void *user)
{
    labelled *label = user;
    snprintf(label->text, sizeof label->text, "%.*s", dk_utf8_fit(row->label, sizeof label->text - 1), row->label);
    return true;
}

/* The key of a feature, which all its versions have. Replaces key. */
static dk_status read_key(listing *l, int64_t feature, dk_buf *key)
{
    dk_scoring *s = l->s;
    dk_buf_clear(key);
    sqlite3_bind_int64(l->key_of, 1, feature);
    const dk_status status = dk_sql_step(s->store, l->key_of, s->err);
    if (status == DK_OK && sqlite3_column_type(l->key_of, 0) == SQLITE_TEXT)
        dk_buf_append(key, sqlite3_column_text(l->key_of, 0), (size_t)sqlite3_column_bytes(l->key_of, 0));
    sqlite3_reset(l->key_of);
    return status;
}

/* What to call a row, as the public sees it. */
static void read_label(const listing *l, const char *key, labelled *label)
{
    const dk_viewer viewer = dk_viewer_public();
    dk_error ignored;
    if (dk_query_row(l->s->store, l->kind, key, &viewer, l->s->generation, false, keep_label, label, &ignored) != DK_OK)
        snprintf(label->text, sizeof label->text, "%.*s", dk_utf8_fit(key, sizeof label->text - 1), key);
}

/* Gives a row, once for each of its obligations that stands so. */
static dk_status give(listing *l, int64_t feature, int64_t use)
{
    dk_scoring *s = l->s;
    const wanted like = {.use = use};
    const wanted *w = bsearch(&like, l->uses, l->n, sizeof *l->uses, by_use);
    dk_status status;
    dk_buf key;
    labelled label = {""};
    if (w == NULL)
        return DK_OK;
    sqlite3_bind_int64(l->facts_of, 1, w->set);
    if ((status = dk_sql_step(s->store, l->facts_of, s->err)) == DK_OK)
        status = dk_scoring_facts(s, l->kind, l->facts_of, 0);
    sqlite3_reset(l->facts_of);
    dk_buf_init(&key);
    for (size_t i = 0; status == DK_OK && l->left > 0 && !l->stopped && i < s->facts->n; i++) {
        dk_clock_row row = {
            .kind = l->kind, .label = label.text, .obligation = s->facts->obligations[i], .regime = s->facts->regime};
        if ((feature == l->after && row.obligation->index <= l->after_obligation) || !stands_so(l, i, &row.outcome))
            continue;
        if (key.size == 0 && (status = read_key(l, feature, &key)) != DK_OK)
            break;
        dk_buf_clear(&l->place);
        dk_buf_format(&l->place, "%s/%s/%lld", l->kind->name, row.obligation->id, (long long)feature);
        row.key = dk_buf_cstr(&key);
        row.place = dk_buf_cstr(&l->place);
        if (row.key == NULL || row.place == NULL) {
            status = dk_fail(s->err, DK_NOMEM, "out of memory");
            break;
        }
        if (label.text[0] == '\0')
            read_label(l, row.key, &label);
        memcpy(row.division, w->division, sizeof row.division);
        l->left--;
        l->stopped = !l->each(&row, l->user);
    }
    dk_buf_finish(&key);
    return status == DK_END
               ? dk_fail(s->err, DK_CORRUPT, "the facts of %s are damaged; run dikuai-ingest check", l->kind->name)
               : status;
}

typedef struct place {
    int64_t feature, use;
} place;

static int by_feature(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return (x->feature > y->feature) - (x->feature < y->feature);
}

static dk_status give_scarce(listing *l)
{
    dk_scoring *s = l->s;
    place *places = NULL;
    size_t n = 0, capacity = 0;
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_clock_prepare(s->store, l->kind,
                         "SELECT feature FROM clock_$ INDEXED BY clock_$_use WHERE use=?1 AND feature>=?3 AND "
                         "born<=?2 AND (died=0 OR died>?2)",
                         &stmt, s->err);
    for (size_t i = 0; status == DK_OK && i < l->n; i++) {
        sqlite3_bind_int64(stmt, 1, l->uses[i].use);
        sqlite3_bind_int64(stmt, 2, s->generation);
        sqlite3_bind_int64(stmt, 3, l->after);
        while (status == DK_OK && (status = dk_sql_step(s->store, stmt, s->err)) == DK_OK)
            if (dk_grow(&places, &capacity, n + 1, sizeof *places))
                places[n++] = (place){sqlite3_column_int64(stmt, 0), l->uses[i].use};
            else
                status = dk_fail(s->err, DK_NOMEM, "out of memory");
        sqlite3_reset(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    sqlite3_finalize(stmt);
    if (n > 1)
        qsort(places, n, sizeof *places, by_feature);
    for (size_t i = 0; status == DK_OK && l->left > 0 && !l->stopped && i < n; i++)
        status = give(l, places[i].feature, places[i].use);
    free(places);
    return status;
}

static dk_status give_many(listing *l)
{
    dk_scoring *s = l->s;
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_clock_prepare(s->store, l->kind,
                         "SELECT feature,use FROM clock_$ NOT INDEXED WHERE feature>=?1 AND born<=?2 AND (died=0 OR "
                         "died>?2) ORDER BY feature",
                         &stmt, s->err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, l->after);
        sqlite3_bind_int64(stmt, 2, s->generation);
    }
    while (status == DK_OK && l->left > 0 && !l->stopped && (status = dk_sql_step(s->store, stmt, s->err)) == DK_OK)
        status = give(l, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1));
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status give_kind(listing *l)
{
    dk_scoring *s = l->s;
    l->n = 0;
    l->rows = 0;
    dk_status status = dk_scoring_uses(s, l->kind, false, want_use, l);
    if (l->n > 1)
        qsort(l->uses, l->n, sizeof *l->uses, by_use);
    if (status != DK_OK || l->n == 0)
        return status;
    int64_t all = 0, undrawn = 0;
    double bounds[4];
    status = dk_query_summary(s->store, l->kind, s->generation, &all, &undrawn, bounds, s->err);
    /* Mostly the first version is there. */
    if (status == DK_OK)
        status = dk_clock_prepare(
            s->store, l->kind,
            "SELECT coalesce((SELECT key FROM row_$ WHERE row=?1),(SELECT key FROM row_$ INDEXED BY row_$_moved "
            "WHERE feature=?1 AND feature<>row LIMIT 1))",
            &l->key_of, s->err);
    if (status == DK_OK)
        status = dk_clock_prepare(s->store, l->kind, "SELECT facts FROM clockset_$ WHERE id=?1", &l->facts_of, s->err);
    if (status == DK_OK)
        status = l->rows < all / SCARCE ? give_scarce(l) : give_many(l);
    sqlite3_finalize(l->key_of);
    sqlite3_finalize(l->facts_of);
    l->key_of = l->facts_of = NULL;
    return status;
}

/* kind/obligation/feature */
static dk_status read_place(dk_scoring *s, const char *after, const dk_kind **ret_kind, size_t *ret_obligation,
                            int64_t *ret_feature)
{
    char name[64], id[64];
    const char *slash = strchr(after, '/'), *second = slash != NULL ? strchr(slash + 1, '/') : NULL;
    const dk_obligation *obligation = NULL;
    *ret_kind = NULL;
    if (second != NULL && slash - after < (ptrdiff_t)sizeof name && second - slash <= (ptrdiff_t)sizeof id) {
        snprintf(name, sizeof name, "%.*s", (int)(slash - after), after);
        snprintf(id, sizeof id, "%.*s", (int)(second - slash - 1), slash + 1);
        *ret_kind = dk_catalogue_kind(s->store->catalogue, name);
        obligation = dk_catalogue_obligation(s->store->catalogue, id);
    }
    const size_t digits = second != NULL ? strspn(second + 1, "0123456789") : 0;
    if (*ret_kind == NULL || obligation == NULL || digits == 0 || digits > 18 || second[1 + digits] != '\0')
        return dk_fail(s->err, DK_INVALID,
                       "after is no place in this list; leave it out, or give what the page before gave");
    *ret_obligation = obligation->index;
    *ret_feature = strtoll(second + 1, NULL, 10);
    return DK_OK;
}

dk_status dk_score_rows(dk_store *store, const dk_score_query *query, int64_t generation, dk_disclosure state,
                        const char *after, size_t limit, bool (*each)(const dk_clock_row *row, void *user), void *user,
                        dk_error *err)
{
    dk_scoring s;
    listing l = {.s = &s, .state = state, .left = limit, .each = each, .user = user};
    const dk_kind *first = NULL;
    int64_t after_feature = 0;
    dk_buf_init(&l.place);
    dk_status status = dk_scoring_begin(&s, store, query, generation, err);
    if (status == DK_OK && after != NULL)
        status = read_place(&s, after, &first, &l.after_obligation, &after_feature);
    for (size_t k = first != NULL ? first->index : 0;
         status == DK_OK && !s.empty && l.left > 0 && !l.stopped && k < store->catalogue->n_kinds; k++) {
        l.kind = &store->catalogue->kinds[k];
        l.after = l.kind == first ? after_feature : 0;
        if (dk_scoring_asks(&s, l.kind))
            status = give_kind(&l);
    }
    free(l.uses);
    dk_buf_finish(&l.place);
    return dk_scoring_end(&s, status);
}
