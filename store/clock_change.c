#include "store/clock_change.h"

#include "store/feed_table.h"
#include "store/score_counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_A_STEP 1000

enum { ROW_OPEN, LATEST, INSERT, INSERT_MANY, END, REOPEN, DELETE, TURN, N_STATEMENTS };
static const char *const statements[N_STATEMENTS] = {
    /* row -> feature, born, use of the facts that its feature has */
    [ROW_OPEN] =
        "SELECT c.feature,c.born,c.use FROM row_$ r CROSS JOIN clock_$ c ON c.feature=r.feature WHERE r.row=?1 AND c.died=0",
    [LATEST] = "SELECT born,died,use FROM clock_$ WHERE feature=?1 ORDER BY born DESC LIMIT 1",
    [INSERT] = "INSERT INTO clock_$(feature,born,died,use) VALUES(?1,?2,0,?3)",
    /* rows of feature, use (feed_table.h); born */
    [INSERT_MANY] = "INSERT OR FAIL INTO clock_$(feature,born,died,use) SELECT c0,?2,0,c1 FROM dk_feed(?1)",
    [END] = "UPDATE clock_$ SET died=?3 WHERE feature=?1 AND born=?2",
    [REOPEN] = "UPDATE clock_$ SET died=0 WHERE feature=?1 AND born=?2",
    [DELETE] = "DELETE FROM clock_$ WHERE feature=?1 AND born=?2",
    [TURN] = "UPDATE clock_$ SET use=?3 WHERE feature=?1 AND born=?2",
};

/* What the facts of a feature begin with. */
typedef struct beginning {
    int64_t feature, use;
} beginning;

enum { BEGINNINGS = 512 };

/* What changes of one kind. */
typedef struct kind_change {
    const dk_kind *kind;
    uint32_t sources; /* 0: no obligation is about it */
    dk_clock_finder *finder;
    dk_id_list changed; /* rows whose facts are others, if a field says how disclosure stands */
    int64_t *deltas;    /* rows of a use, by its id */
    size_t n_deltas, deltas_capacity;
    dk_id_list touched;    /* uses with a delta that is or was not 0 */
    beginning *beginnings; /* that wait to be written; NULL: none yet */
    size_t n_beginnings;
    sqlite3_stmt *statements[N_STATEMENTS];
} kind_change;

struct dk_clock_change {
    dk_store *store;
    int64_t generation, catalogue;
    dk_clock_held held;
    int32_t day;   /* the new base of the counters */
    bool all;      /* every row is found anew */
    uint32_t read; /* kinds from which facts of other kinds are read */
    kind_change kinds[DK_MAX_KINDS];
    dk_id_list noted[DK_MAX_KINDS]; /* rows of these that came or went */
};

static dk_status nomem(dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "out of memory");
}

/* ---- opening and closing ---- */

dk_status dk_clock_change_open(dk_store *store, int64_t generation, dk_clock_change **ret_change, dk_error *err)
{
    const dk_catalogue *catalogue = store->catalogue;
    dk_clock_held held = {0};
    bool any = false;
    *ret_change = NULL;
    dk_status status = dk_clock_held_read(store, &held, err);
    for (size_t i = 0; status == DK_OK && i < catalogue->n_obligations; i++)
        any |= catalogue->obligations[i].enabled;
    if (status != DK_OK || (!any && held.generation < 0))
        return status;
    dk_clock_change *c = calloc(1, sizeof *c);
    if (c == NULL)
        return nomem(err);
    c->store = store;
    c->generation = generation;
    c->held = held;
    status = dk_clock_day(store, &c->day, err);
    if (status == DK_OK)
        status = dk_clock_catalogue(store, &c->catalogue, err);
    c->all =
        held.catalogue != c->catalogue && (held.generation >= 0 || generation > 1); /* else nothing is published yet */
    for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds; k++) {
        kind_change *kc = &c->kinds[k];
        kc->kind = &catalogue->kinds[k];
        kc->sources = dk_clock_sources(catalogue, kc->kind);
        c->read |= kc->sources & ~(UINT32_C(1) << k);
        if (kc->sources != 0 && (kc->finder = dk_clock_finder_create(store, kc->kind, c->day)) == NULL)
            status = nomem(err);
    }
    if (status != DK_OK)
        dk_clock_change_close(c);
    else
        *ret_change = c;
    return status;
}

void dk_clock_change_close(dk_clock_change *c)
{
    if (c == NULL)
        return;
    for (size_t k = 0; k < DK_MAX_KINDS; k++) {
        kind_change *kc = &c->kinds[k];
        for (size_t i = 0; i < N_STATEMENTS; i++)
            sqlite3_finalize(kc->statements[i]);
        dk_clock_finder_free(kc->finder);
        free(kc->deltas);
        free(kc->beginnings);
        dk_id_list_finish(&kc->touched);
        dk_id_list_finish(&kc->changed);
        dk_id_list_finish(&c->noted[k]);
    }
    free(c);
}

int32_t dk_clock_change_day(const dk_clock_change *c)
{
    return c != NULL ? c->day : DK_NO_DAY;
}

dk_clock_finder *dk_clock_change_finder(dk_clock_change *c, const dk_kind *kind)
{
    return c != NULL ? c->kinds[kind->index].finder : NULL;
}

/* ---- lives ---- */

static void beginning_value(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    const beginning *b = (const beginning *)rows + i;
    sqlite3_result_int64(ret_value, column == 0 ? b->feature : b->use);
}

static dk_status prepared(dk_clock_change *c, kind_change *kc, int id, sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_status status = DK_OK;
    if (kc->statements[id] == NULL)
        status = dk_clock_prepare(c->store, kc->kind, statements[id], &kc->statements[id], err);
    *ret_stmt = kc->statements[id];
    return status;
}

static dk_status write_beginnings(dk_clock_change *c, kind_change *kc, dk_error *err)
{
    const dk_feed feed = {kc->beginnings, kc->n_beginnings, beginning_value};
    sqlite3_stmt *stmt = NULL;
    dk_status status = kc->n_beginnings == 0 ? DK_OK : prepared(c, kc, INSERT_MANY, &stmt, err);
    if (status != DK_OK || stmt == NULL)
        return status;
    sqlite3_bind_int64(stmt, 2, c->generation);
    kc->n_beginnings = 0;
    return dk_feed_run(c->store, stmt, &feed, err);
}

/* The facts of a feature of which there were none begin with the generation: written together with others. */
static dk_status begin_facts(dk_clock_change *c, kind_change *kc, int64_t feature, int64_t use, dk_error *err)
{
    if (kc->beginnings == NULL && (kc->beginnings = malloc(BEGINNINGS * sizeof *kc->beginnings)) == NULL)
        return nomem(err);
    kc->beginnings[kc->n_beginnings++] = (beginning){feature, use};
    return kc->n_beginnings < BEGINNINGS ? DK_OK : write_beginnings(c, kc, err);
}

/* A statement, which finds all that was told. */
static dk_status statement(dk_clock_change *c, kind_change *kc, int id, sqlite3_stmt **ret_stmt, dk_error *err)
{
    const dk_status status = write_beginnings(c, kc, err);
    return status == DK_OK ? prepared(c, kc, id, ret_stmt, err) : status;
}

dk_status dk_clock_change_flush(dk_clock_change *c, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t k = 0; c != NULL && status == DK_OK && k < c->store->catalogue->n_kinds; k++)
        status = write_beginnings(c, &c->kinds[k], err);
    return status;
}

/* Runs a statement of up to three numbers. */
static dk_status run(dk_clock_change *c, kind_change *kc, int id, int64_t feature, int64_t born, int64_t third,
                     dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = statement(c, kc, id, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, feature);
    sqlite3_bind_int64(stmt, 2, born);
    if (sqlite3_bind_parameter_count(stmt) >= 3)
        sqlite3_bind_int64(stmt, 3, third);
    return dk_sql_done(c->store, stmt, err);
}

static dk_status count(kind_change *kc, int64_t use, int n, dk_error *err)
{
    const size_t at = (size_t)use;
    if (at >= kc->n_deltas) {
        if (!dk_grow(&kc->deltas, &kc->deltas_capacity, at + 1, sizeof *kc->deltas))
            return nomem(err);
        memset(kc->deltas + kc->n_deltas, 0, (kc->deltas_capacity - kc->n_deltas) * sizeof *kc->deltas);
        kc->n_deltas = kc->deltas_capacity;
    }
    if (kc->deltas[at] == 0 && !dk_id_list_add(&kc->touched, use))
        return nomem(err);
    kc->deltas[at] += n;
    return DK_OK;
}

/* The facts of a feature end with the generation; what began with it never was. */
static dk_status end(dk_clock_change *c, kind_change *kc, int64_t feature, int64_t born, int64_t use, dk_error *err)
{
    const dk_status status = born == c->generation ? run(c, kc, DELETE, feature, born, 0, err)
                                                   : run(c, kc, END, feature, born, c->generation, err);
    return status == DK_OK ? count(kc, use, -1, err) : status;
}

/* What the feature had last. *ret_use 0: nothing yet. */
static dk_status latest(dk_clock_change *c, kind_change *kc, int64_t feature, int64_t *ret_born, int64_t *ret_died,
                        int64_t *ret_use, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *ret_use = 0;
    dk_status status = statement(c, kc, LATEST, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, feature);
    if ((status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        *ret_born = sqlite3_column_int64(stmt, 0);
        *ret_died = sqlite3_column_int64(stmt, 1);
        *ret_use = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The feature has these facts from the generation on. *ret_same: it had them already. */
static dk_status put(dk_clock_change *c, kind_change *kc, int64_t feature, int64_t use, bool *ret_same, dk_error *err)
{
    int64_t born = 0, died = 0, last = 0;
    dk_status status = latest(c, kc, feature, &born, &died, &last, err);
    *ret_same = status == DK_OK && last == use && last != 0 && died == 0;
    if (*ret_same)
        return DK_OK;
    if (status == DK_OK && last != 0 && died == 0) {
        status = end(c, kc, feature, born, last, err);
        if (status == DK_OK && born == c->generation) /* before that it may have had the same */
            status = latest(c, kc, feature, &born, &died, &last, err);
        else
            died = c->generation;
    }
    if (status == DK_OK)
        status = last == use && last != 0 && died == c->generation
                     ? run(c, kc, REOPEN, feature, born, 0, err)
                     : run(c, kc, INSERT, feature, c->generation, use, err);
    return status == DK_OK ? count(kc, use, 1, err) : status;
}

/* first: no version of it was ever published. */
static dk_status find_and_put(dk_clock_change *c, kind_change *kc, int64_t row, bool first, bool *ret_same,
                              dk_error *err)
{
    int64_t use = 0, feature = 0;
    *ret_same = false;
    dk_status status = dk_clock_find_row(kc->finder, row, c->generation, &feature, &use, err);
    if (status != DK_OK || !first)
        return status == DK_OK ? put(c, kc, feature, use, ret_same, err) : status;
    status = begin_facts(c, kc, feature, use, err);
    return status == DK_OK ? count(kc, use, 1, err) : status;
}

/* Notes a row if facts of other kinds are read from it. */
static dk_status note(dk_clock_change *c, const dk_kind *kind, int64_t row, dk_error *err)
{
    return (c->read >> kind->index & 1) != 0 && !dk_id_list_add(&c->noted[kind->index], row) ? nomem(err) : DK_OK;
}

dk_status dk_clock_change_first(dk_clock_change *c, const dk_kind *kind, int64_t row, const dk_clock_mark *mark,
                                bool *ret_told, dk_error *err)
{
    kind_change *kc = &c->kinds[kind->index];
    int64_t use = 0;
    dk_status status = dk_clock_find_marked(kc->finder, mark, &use, err);
    *ret_told = status == DK_OK && use != 0;
    if (!*ret_told)
        return status;
    if ((status = note(c, kind, row, err)) == DK_OK)
        status = begin_facts(c, kc, row, use, err);
    return status == DK_OK ? count(kc, use, 1, err) : status;
}

bool dk_clock_change_reads(const dk_clock_change *c, const dk_kind *kind)
{
    return c != NULL && c->kinds[kind->index].sources != 0;
}

dk_status dk_clock_change_life(dk_clock_change *c, const dk_kind *kind, int64_t row, dk_life_change what, dk_error *err)
{
    if (c == NULL)
        return DK_OK;
    kind_change *kc = &c->kinds[kind->index];
    dk_status status = note(c, kind, row, err);
    if (status != DK_OK || kc->sources == 0)
        return status;
    bool same;
    if (what != DK_LIFE_ENDS)
        return find_and_put(c, kc, row, what == DK_LIFE_IS_FIRST, &same, err);
    sqlite3_stmt *stmt = NULL;
    if ((status = statement(c, kc, ROW_OPEN, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    int64_t feature = 0, born = 0, use = 0;
    if ((status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        feature = sqlite3_column_int64(stmt, 0);
        born = sqlite3_column_int64(stmt, 1);
        use = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_reset(stmt);
    if (status == DK_END) /* facts are not kept yet: the catalogue is new */
        return DK_OK;
    return status == DK_OK ? end(c, kc, feature, born, use, err) : status;
}

/* ---- linked rows ---- */

/* All rows of a kind that are published. */
static dk_status add_all(dk_clock_change *c, const dk_kind *kind, dk_id_list *list, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_clock_prepare(c->store, kind, "SELECT row FROM life_$ WHERE born<=?1 AND (died=0 OR died>?1)", &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, c->generation);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK)
        if (!dk_id_list_add(list, sqlite3_column_int64(stmt, 0)))
            status = nomem(err);
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status follow_rows(dk_clock_change *c, kind_change *kc, const dk_id_list *list, dk_error *err)
{
    dk_status status = DK_OK;
    dk_clock_finder_forget(kc->finder);
    for (size_t i = 0; status == DK_OK && i < list->n;) {
        const size_t step = list->n - i > ROWS_A_STEP ? i + ROWS_A_STEP : list->n;
        if ((status = dk_sql_begin(c->store, err)) != DK_OK)
            break;
        for (; status == DK_OK && i < step; i++) {
            bool same = false;
            status = find_and_put(c, kc, list->ids[i], false, &same, err);
            /* By another catalogue the same facts may stand otherwise. */
            if (status == DK_OK && kc->kind->disclosure_field >= 0 && (!same || c->all) &&
                !dk_id_list_add(&kc->changed, list->ids[i]))
                status = nomem(err);
        }
        if (status == DK_OK)
            status = dk_sql_commit(c->store, err);
        if (status != DK_OK)
            dk_sql_rollback(c->store);
    }
    return status;
}

/* What another catalogue was about. */
static dk_status end_all(dk_clock_change *c, const dk_kind *kind, dk_error *err)
{
    dk_status status = dk_clock_run(c->store, kind, "UPDATE clock_$ SET died=?1 WHERE died=0", c->generation, 0, err);
    if (status == DK_OK)
        status = dk_clock_run(c->store, kind, "UPDATE clockuse_$ SET rows=0 WHERE rows<>0", 0, 0, err);
    return status;
}

dk_status dk_clock_change_follow(dk_clock_change *c, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t k = 0; c != NULL && status == DK_OK && k < c->store->catalogue->n_kinds; k++) {
        kind_change *kc = &c->kinds[k];
        dk_id_list list = {0};
        if (kc->sources == 0)
            continue;
        if (c->all)
            status = add_all(c, kc->kind, &list, err);
        for (size_t s = 0; status == DK_OK && !c->all && s < c->store->catalogue->n_kinds; s++) {
            if (s == k || (kc->sources >> s & 1) == 0)
                continue;
            dk_id_list_sort(&c->noted[s]);
            status = dk_linked_rows_of(c->store, &c->store->catalogue->kinds[s], c->noted[s].ids, c->noted[s].n,
                                       kc->kind, c->generation, &list, err);
        }
        if (status == DK_OK)
            status = follow_rows(c, kc, &list, err);
        dk_id_list_finish(&list);
    }
    return status;
}

/* Published rows of sets of facts whose day has come. A feature's row is its first, or one of those that came after it.
 */
#define TURNED                                                                                                                 \
    "SELECT l.row FROM clockset_$ s CROSS JOIN clockuse_$ u ON u.facts=s.id CROSS JOIN clock_$ c ON c.use=u.id AND c.died=0"   \
    " CROSS JOIN life_$ l ON l.row=c.feature WHERE s.turns<=?1 AND s.turns<2147483647 AND l.died=0"                            \
    " UNION ALL SELECT l.row FROM clockset_$ s CROSS JOIN clockuse_$ u ON u.facts=s.id CROSS JOIN clock_$ c ON c.use=u.id AND" \
    " c.died=0 CROSS JOIN row_$ r ON r.feature=c.feature AND r.feature<>r.row CROSS JOIN life_$ l ON l.row=r.row"              \
    " WHERE s.turns<=?1 AND s.turns<2147483647 AND l.died=0"

dk_status dk_clock_change_turned(dk_clock_change *c, const dk_kind *kind, int64_t **ret_rows, size_t *ret_n,
                                 dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *ret_rows = NULL;
    *ret_n = 0;
    if (c == NULL || c->kinds[kind->index].sources == 0)
        return DK_OK;
    dk_id_list *list = &c->kinds[kind->index].changed;
    dk_status status = c->all ? DK_END : dk_clock_prepare(c->store, kind, TURNED, &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int(stmt, 1, c->day);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK)
        if (!dk_id_list_add(list, sqlite3_column_int64(stmt, 0)))
            status = nomem(err);
    sqlite3_finalize(stmt);
    if (status != DK_END)
        return status;
    dk_id_list_sort(list);
    *ret_rows = list->ids;
    *ret_n = list->n;
    *list = (dk_id_list){.n = 0};
    return DK_OK;
}

/* ---- counters ---- */

typedef struct changes {
    dk_score_change *list;
    size_t n, capacity;
} changes;

static bool add_change(changes *list, const unsigned char *division, int64_t set, int64_t n, int32_t since)
{
    if (!dk_grow(&list->list, &list->capacity, list->n + 1, sizeof *list->list))
        return false;
    dk_score_change *change = &list->list[list->n++];
    const char *text = division != NULL ? (const char *)division : "";
    *change = (dk_score_change){.set = set, .n = n, .since = since};
    memcpy(change->division, text, strnlen(text, sizeof change->division - 1));
    return true;
}

/* Uses that a query gives: division, set, rows. */
static dk_status add_uses(dk_clock_change *c, const dk_kind *kind, const char *sql, int64_t a, int32_t since,
                          changes *list, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_clock_prepare(c->store, kind, sql, &stmt, err);
    if (status == DK_OK && sqlite3_bind_parameter_count(stmt) > 0)
        sqlite3_bind_int64(stmt, 1, a);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK)
        if (!add_change(list, sqlite3_column_text(stmt, 0), sqlite3_column_int64(stmt, 1),
                        sqlite3_column_int64(stmt, 2), since))
            status = nomem(err);
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Rows of the uses that have changed; list NULL: nobody wants to know of what. */
static dk_status write_uses(dk_clock_change *c, kind_change *kc, changes *list, dk_error *err)
{
    sqlite3_stmt *read = NULL, *write = NULL;
    dk_status status =
        dk_clock_prepare(c->store, kc->kind, "SELECT division,facts FROM clockuse_$ WHERE id=?1", &read, err);
    if (status == DK_OK)
        status = dk_clock_prepare(c->store, kc->kind, "UPDATE clockuse_$ SET rows=rows+?2 WHERE id=?1", &write, err);
    dk_id_list_sort(&kc->touched);
    for (size_t i = 0; status == DK_OK && i < kc->touched.n; i++) {
        const int64_t use = kc->touched.ids[i], delta = kc->deltas[use];
        if (delta == 0)
            continue;
        sqlite3_bind_int64(read, 1, use);
        if ((status = dk_sql_step(c->store, read, err)) == DK_OK && list != NULL &&
            !add_change(list, sqlite3_column_text(read, 0), sqlite3_column_int64(read, 1), delta, DK_NO_DAY))
            status = nomem(err);
        sqlite3_reset(read);
        sqlite3_bind_int64(write, 1, use);
        sqlite3_bind_int64(write, 2, delta);
        if (status == DK_OK)
            status = dk_sql_done(c->store, write, err);
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return status == DK_END
               ? dk_fail(err, DK_CORRUPT, "a use of facts of %s is missing; run dikuai-ingest reindex", kc->kind->name)
               : status;
}

#define ALL_USES "SELECT division,facts,rows FROM clockuse_$ WHERE rows>0"

/* Finds anew when sets of facts are settled, and when how they stand changes: of those that a query gives, with whether
 * they are in use. Those that are not may be of obligations that the catalogue no longer has. */
static dk_status find_days(dk_store *store, const dk_kind *kind, const char *sql, int32_t day, dk_error *err)
{
    sqlite3_stmt *read = NULL, *write = NULL;
    dk_clock_facts *facts = calloc(1, sizeof *facts);
    dk_status status = facts == NULL ? nomem(err) : dk_clock_prepare(store, kind, sql, &read, err);
    if (status == DK_OK)
        status = dk_clock_prepare(store, kind, "UPDATE clockset_$ SET settled=?2,turns=?3 WHERE id=?1", &write, err);
    if (status == DK_OK)
        dk_clock_facts_of(facts, store->catalogue, kind);
    if (status == DK_OK && sqlite3_bind_parameter_count(read) > 0)
        sqlite3_bind_int(read, 1, day);
    while (status == DK_OK && (status = dk_sql_step(store, read, err)) == DK_OK) {
        status = dk_clock_facts_read(facts, store->catalogue, sqlite3_column_blob(read, 1),
                                     (size_t)sqlite3_column_bytes(read, 1));
        const bool old = status != DK_OK && status != DK_NOMEM && sqlite3_column_int(read, 2) == 0;
        if (status != DK_OK && !old)
            status = dk_fail(err, status, "the facts of %s cannot be read", kind->name);
        sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0));
        sqlite3_bind_int64(write, 2, old ? DK_FAR_DAY : dk_clock_facts_settled(facts));
        sqlite3_bind_int64(write, 3, old ? DK_FAR_DAY : dk_disclosure_turns(kind, facts, day));
        if (status == DK_OK || old)
            status = dk_sql_done(store, write, err);
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    if (facts != NULL)
        dk_clock_facts_finish(facts);
    free(facts);
    return status == DK_END ? DK_OK : status;
}

#define IN_USE "EXISTS(SELECT 1 FROM clockuse_$ u WHERE u.facts=s.id AND u.rows>0)"
#define ALL_SETS "SELECT s.id,s.facts," IN_USE " FROM clockset_$ s ORDER BY s.id"
/* The list is copied first, for the index that it is read by is written. */
#define TURNED_SETS                                                                                                    \
    "SELECT s.id,s.facts," IN_USE " FROM clockset_$ s WHERE s.turns<=?1 AND s.turns<2147483647 ORDER BY +s.id"

static dk_status finish_kind(dk_clock_change *c, kind_change *kc, dk_error *err)
{
    changes list = {0};
    dk_status status = DK_OK;
    if (kc->sources == 0) {
        if (c->all) {
            status = end_all(c, kc->kind, err);
            if (status == DK_OK)
                status = dk_clock_run(c->store, kc->kind, "DELETE FROM score_$", 0, 0, err);
        }
        return status;
    }
    /* What was under way on the old base, and is over on the new one. */
    if (!c->all && c->held.day != DK_NO_DAY && c->day > c->held.day)
        status = add_uses(
            c, kc->kind,
            "SELECT u.division,u.facts,u.rows FROM clockset_$ s CROSS JOIN clockuse_$ u ON u.facts=s.id WHERE s.settled>?1"
            " AND u.rows>0",
            c->held.day, c->held.day, &list, err);
    if (status == DK_OK)
        status = write_uses(c, kc, c->all ? NULL : &list, err);
    if (status == DK_OK && c->all && (status = find_days(c->store, kc->kind, ALL_SETS, c->day, err)) == DK_OK &&
        (status = dk_clock_run(c->store, kc->kind, "DELETE FROM score_$", 0, 0, err)) == DK_OK)
        status = add_uses(c, kc->kind, ALL_USES, 0, DK_NO_DAY, &list, err);
    if (status == DK_OK)
        status = dk_score_apply(c->store, kc->kind, list.list, list.n, c->day, err);
    if (status == DK_OK && !c->all && kc->kind->disclosure_field >= 0)
        status = find_days(c->store, kc->kind, TURNED_SETS, c->day, err);
    free(list.list);
    return status;
}

dk_status dk_clock_change_finish(dk_clock_change *c, dk_error *err)
{
    dk_status status = DK_OK;
    if (c == NULL)
        return DK_OK;
    for (size_t k = 0; status == DK_OK && k < c->store->catalogue->n_kinds; k++)
        status = finish_kind(c, &c->kinds[k], err);
    if (status != DK_OK)
        return status;
    c->held.generation = c->generation;
    c->held.catalogue = c->catalogue;
    c->held.day = c->day;
    return dk_clock_held_write(c->store, &c->held, err);
}

/* ---- redaction ---- */

static dk_status forget_kind(dk_store *store, const dk_kind *kind, dk_error *err)
{
    static const char *const steps[] = {
        "DELETE FROM clock_$ WHERE died<>0",
        "DELETE FROM clockuse_$ WHERE rows=0",
        "DELETE FROM clockset_$ WHERE NOT EXISTS(SELECT 1 FROM clockuse_$ u WHERE u.facts=clockset_$.id)",
    };
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < sizeof steps / sizeof *steps; i++)
        status = dk_clock_run(store, kind, steps[i], 0, 0, err);
    return status;
}

dk_status dk_clock_change_forget(dk_clock_change *c, const dk_kind *kind, dk_error *err)
{
    dk_status status = DK_OK;
    bool any = false;
    for (size_t k = 0; c != NULL && status == DK_OK && k < c->store->catalogue->n_kinds; k++)
        if ((c->kinds[k].sources >> kind->index & 1) != 0) {
            any = true;
            status = forget_kind(c->store, c->kinds[k].kind, err);
        }
    if (status != DK_OK || !any)
        return status;
    c->held.from = c->generation;
    return dk_clock_held_write(c->store, &c->held, err);
}

/* ---- checking ---- */

typedef struct verifying {
    dk_store *store;
    const dk_kind *kind;
    int64_t generation;
    dk_clock_finder *finder;
    sqlite3_stmt *open;
    void (*tell)(const char *sentence, void *user);
    void *user;
} verifying;

static void tell_of(verifying *v, const char *what, const char *problem)
{
    char sentence[600];
    snprintf(sentence, sizeof sentence, "%s %.300s: %s; run dikuai-ingest reindex", v->kind->name, what, problem);
    v->tell(sentence, v->user);
}

static dk_status verify_row(const dk_stored_row *row, int64_t born, void *user, dk_error *err)
{
    (void)born;
    verifying *v = user;
    int64_t use = 0, kept = 0;
    dk_status status = dk_clock_find(v->finder, row->key, row->values, v->generation, false, &use, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(v->open, 1, (int64_t)row->feature);
    sqlite3_bind_int64(v->open, 2, v->generation);
    if ((status = dk_sql_step(v->store, v->open, err)) == DK_OK)
        kept = sqlite3_column_int64(v->open, 0);
    sqlite3_reset(v->open);
    if (status != DK_OK && status != DK_END)
        return status;
    if (use == 0 || use != kept)
        tell_of(v, row->key, "the facts of its obligations do not follow from its linked rows");
    return DK_OK;
}

static dk_status verify_sql(verifying *v, const char *sql, const char *what, const char *problem, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_clock_prepare(v->store, v->kind, sql, &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, v->generation);
    while (status == DK_OK && (status = dk_sql_step(v->store, stmt, err)) == DK_OK) {
        char text[80];
        snprintf(text, sizeof text, what, (long long)sqlite3_column_int64(stmt, 0));
        tell_of(v, text, problem);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Compares sums with the row of the table, and counts the rows that were compared. */
typedef struct counting {
    verifying *v;
    sqlite3_stmt *read;
    dk_score_sums *sums;
    int64_t n;
} counting;

static bool subtract(uint64_t packed, int64_t n, void *user)
{
    return dk_score_sums_add(user, packed, -n);
}

static dk_status verify_division(int level, const char *division, dk_score_sums *sums, void *user, dk_error *err)
{
    counting *counted = user;
    verifying *v = counted->v;
    bool any = false;
    for (size_t i = 0; i < sums->n_places; i++)
        any |= sums->places[i].packed != 0 && sums->places[i].n != 0;
    sqlite3_bind_int(counted->read, 1, level);
    sqlite3_bind_text(counted->read, 2, division, -1, SQLITE_STATIC);
    dk_status status = dk_sql_step(v->store, counted->read, err), read = DK_OK;
    if (status == DK_OK) {
        counted->n++;
        read = dk_score_data_each(sqlite3_column_blob(counted->read, 0), (size_t)sqlite3_column_bytes(counted->read, 0),
                                  subtract, sums);
    }
    sqlite3_reset(counted->read);
    if (status != DK_OK && status != DK_END)
        return status;
    if (read == DK_NOMEM)
        return nomem(err);
    const size_t left = read == DK_OK ? dk_score_sums_sorted(sums) : 1;
    if (left > 0 || (any && status == DK_END))
        tell_of(v, division[0] != '\0' ? division : "(all divisions)",
                "the counters of its scorecard do not go with the facts");
    return DK_OK;
}

static dk_status verify_counters(verifying *v, int32_t base, dk_error *err)
{
    changes list = {0};
    counting counted = {.v = v};
    dk_clock_change c = {.store = v->store};
    sqlite3_stmt *stmt = NULL;
    dk_status status = add_uses(&c, v->kind, ALL_USES, 0, DK_NO_DAY, &list, err);
    if (status == DK_OK)
        status = dk_clock_prepare(v->store, v->kind, "SELECT data FROM score_$ WHERE level=?1 AND division=?2",
                                  &counted.read, err);
    if (status == DK_OK)
        status = dk_score_sum_up(v->store, v->kind, list.list, list.n, base, verify_division, &counted, err);
    if (status == DK_CORRUPT && err != NULL) {
        v->tell(err->text, v->user);
        status = DK_OK;
        goto out;
    }
    if (status == DK_OK)
        status = dk_clock_prepare(v->store, v->kind, "SELECT count(*) FROM score_$", &stmt, err);
    if (status == DK_OK && (status = dk_sql_step(v->store, stmt, err)) == DK_OK &&
        sqlite3_column_int64(stmt, 0) != counted.n)
        tell_of(v, "scorecard", "there are counters of divisions without rows");
out:
    sqlite3_finalize(stmt);
    sqlite3_finalize(counted.read);
    free(list.list);
    return status;
}

/* Of each set that is in use: when how it stands changes next. */
static dk_status verify_turns(verifying *v, int32_t day, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_clock_facts *facts = calloc(1, sizeof *facts);
    dk_status status =
        facts == NULL ? nomem(err)
                      : dk_clock_prepare(v->store, v->kind,
                                         "SELECT s.id,s.facts,s.turns FROM clockset_$ s WHERE " IN_USE, &stmt, err);
    if (status == DK_OK)
        dk_clock_facts_of(facts, v->store->catalogue, v->kind);
    while (status == DK_OK && (status = dk_sql_step(v->store, stmt, err)) == DK_OK) {
        char text[80];
        snprintf(text, sizeof text, "set %lld of facts", (long long)sqlite3_column_int64(stmt, 0));
        if (dk_clock_facts_read(facts, v->store->catalogue, sqlite3_column_blob(stmt, 1),
                                (size_t)sqlite3_column_bytes(stmt, 1)) != DK_OK)
            tell_of(v, text, "cannot be read");
        else if (sqlite3_column_int64(stmt, 2) != dk_disclosure_turns(v->kind, facts, day))
            tell_of(v, text, "does not say when how disclosure stands changes next");
    }
    sqlite3_finalize(stmt);
    if (facts != NULL)
        dk_clock_facts_finish(facts);
    free(facts);
    return status == DK_END ? DK_OK : status;
}

static dk_status verify_kind(verifying *v, const dk_clock_held *held, dk_error *err)
{
    if ((v->finder = dk_clock_finder_create(v->store, v->kind, held->day)) == NULL)
        return nomem(err);
    dk_status status = dk_clock_prepare(v->store, v->kind,
                                        "SELECT use FROM clock_$ WHERE feature=?1 AND born<=?2 AND (died=0 OR died>?2)",
                                        &v->open, err);
    if (status == DK_OK)
        status = dk_clock_each_alive(v->store, v->kind, v->generation, verify_row, v, err);
    if (status == DK_OK)
        status = verify_sql(
            v,
            "SELECT feature FROM clock_$ c WHERE born<=?1 AND (died=0 OR died>?1) AND NOT EXISTS(SELECT 1 FROM "
            "row_$ r JOIN life_$ l ON l.row=r.row WHERE r.key=(SELECT key FROM row_$ f WHERE f.row=c.feature) AND "
            "l.born<=?1 AND (l.died=0 OR l.died>?1))",
            "%lld", "has facts of obligations, but is not published", err);
    if (status == DK_OK && held->generation <= v->generation)
        status = verify_sql(
            v,
            "SELECT id FROM clockuse_$ u WHERE rows<>(SELECT count(*) FROM clock_$ c WHERE c.use=u.id AND born<=?1 AND "
            "(died=0 OR died>?1))",
            "use %lld of facts", "has another number of rows than it says", err);
    if (status == DK_OK && held->generation <= v->generation)
        status = verify_counters(v, held->day, err);
    if (status == DK_OK && held->generation <= v->generation)
        status = verify_turns(v, held->day, err);
    sqlite3_finalize(v->open);
    dk_clock_finder_free(v->finder);
    return status;
}

dk_status dk_clock_verify(dk_store *store, int64_t generation, void (*tell)(const char *sentence, void *user),
                          void *user, dk_error *err)
{
    dk_clock_held held;
    int64_t catalogue = 0;
    dk_status status = dk_clock_held_read(store, &held, err);
    if (status == DK_OK)
        status = dk_clock_catalogue(store, &catalogue, err);
    if (status != DK_OK || held.generation < 0)
        return status;
    for (size_t k = 0; status == DK_OK && k < store->catalogue->n_kinds; k++) {
        verifying v = {
            .store = store, .kind = &store->catalogue->kinds[k], .generation = generation, .tell = tell, .user = user};
        if (dk_clock_sources(store->catalogue, v.kind) == 0)
            continue;
        if (held.catalogue != catalogue)
            tell_of(&v, "scorecard", "the facts are those of an earlier catalogue");
        else
            status = verify_kind(&v, &held, err);
    }
    return status;
}

/* ---- building anew ---- */

typedef struct rebuilding {
    dk_clock_change *c;
    kind_change *kc;
} rebuilding;

/* What is wrong is set right in place; what is missing begins with the row's life. */
static dk_status rebuild_row(const dk_stored_row *row, int64_t life, void *user, dk_error *err)
{
    rebuilding *r = user;
    int64_t use = 0, born = 0, died = 0, last = 0;
    const int64_t feature = (int64_t)row->feature;
    dk_status status = dk_clock_find(r->kc->finder, row->key, row->values, r->c->generation, true, &use, err);
    if (status == DK_OK)
        status = latest(r->c, r->kc, feature, &born, &died, &last, err);
    if (status != DK_OK)
        return status;
    if (last != 0 && died == 0)
        return last == use ? DK_OK : run(r->c, r->kc, TURN, feature, born, use, err);
    return run(r->c, r->kc, INSERT, feature, last != 0 && life < died ? died : life, use, err);
}

static dk_status rebuild_kind(dk_clock_change *c, kind_change *kc, dk_error *err)
{
    static const char *const steps[] = {
        "UPDATE clock_$ SET died=?1 WHERE died=0 AND NOT EXISTS(SELECT 1 FROM row_$ r JOIN life_$ l ON l.row=r.row WHERE "
        "r.key=(SELECT key FROM row_$ f WHERE f.row=clock_$.feature) AND l.died=0)",
        "DELETE FROM clock_$ WHERE died<>0 AND died<=born",
        "UPDATE clockuse_$ SET rows=(SELECT count(*) FROM clock_$ c WHERE c.use=clockuse_$.id AND c.died=0)",
        "DELETE FROM score_$",
    };
    changes list = {0};
    rebuilding r = {c, kc};
    dk_status status = dk_clock_each_alive(c->store, kc->kind, c->generation, rebuild_row, &r, err);
    for (size_t i = 0; status == DK_OK && i < sizeof steps / sizeof *steps; i++)
        status = dk_clock_run(c->store, kc->kind, steps[i], c->generation, 0, err);
    if (status == DK_OK)
        status = find_days(c->store, kc->kind, ALL_SETS, c->day, err);
    if (status == DK_OK)
        status = add_uses(c, kc->kind, ALL_USES, 0, DK_NO_DAY, &list, err);
    if (status == DK_OK)
        status = dk_score_apply(c->store, kc->kind, list.list, list.n, c->day, err);
    free(list.list);
    return status;
}

dk_status dk_clock_change_rebuild(dk_clock_change *c, dk_error *err)
{
    dk_status status = DK_OK;
    if (c == NULL)
        return DK_OK;
    for (size_t k = 0; status == DK_OK && k < c->store->catalogue->n_kinds; k++) {
        kind_change *kc = &c->kinds[k];
        if (kc->sources != 0) {
            dk_clock_finder_forget(kc->finder);
            status = rebuild_kind(c, kc, err);
        } else if ((status = end_all(c, kc->kind, err)) == DK_OK) {
            status = dk_clock_run(c->store, kc->kind, "DELETE FROM score_$", 0, 0, err);
        }
    }
    if (status != DK_OK)
        return status;
    c->held.generation = c->generation;
    c->held.catalogue = c->catalogue;
    c->held.day = c->day;
    return dk_clock_held_write(c->store, &c->held, err);
}
