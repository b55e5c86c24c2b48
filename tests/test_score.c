/* The scorecard against a recomputation row by row (clock_fixture.h): after changes at random, on days that pass, of
 * generations that are over. */
#include "clock_fixture.h"

#include "store/redact.h"
#include "store/score.h"

/* ---- the recomputation ---- */

/* One obligation of one row, with all that a question can ask for. */
typedef struct plain_outcome {
    int kind;
    const char *key, *division;
    const dk_obligation *obligation;
    const dk_regime *regime;
    dk_outcome outcome;
    dk_disclosure state;
} plain_outcome;

enum { MOST_OUTCOMES = 2000, MOST_GROUPS = 3000 };
typedef struct plain_outcomes {
    plain_outcome list[MOST_OUTCOMES];
    size_t n;
} plain_outcomes;

static void find_outcomes(const clock_world *w, const plain_state *s, int32_t as_of, plain_outcomes *all)
{
    static const int about[] = {PARCEL, PROJECT};
    static plain_facts facts;
    all->n = 0;
    for (size_t a = 0; a < 2; a++)
        for (size_t r = 0; r < s->n[about[a]]; r++)
            for (size_t i = 0; i < w->f.catalogue->n_obligations; i++) {
                const dk_obligation *o = &w->f.catalogue->obligations[i];
                const plain_row *row = s->rows[about[a]][r];
                if (!o->enabled || strcmp(o->about->name, clock_kinds[about[a]]) != 0)
                    continue;
                assert_true(all->n < MOST_OUTCOMES);
                plain_outcome *out = &all->list[all->n++];
                plain_facts_of(w, s, about[a], row, o, &facts);
                *out =
                    (plain_outcome){about[a], row->key, get(row, "division"), o, facts.facts.regime, {0}, DK_UNKNOWN};
                dk_obligation_outcome(o, &facts.facts, as_of, &out->outcome);
                out->state = dk_outcome_state(&out->outcome, as_of);
            }
}

static bool asked_for(const dk_score_query *q, const plain_outcome *o)
{
    if (strncmp(o->division, q->division, strlen(q->division)) != 0 ||
        (q->about != NULL && q->about != o->obligation->about) || (q->only != NULL && q->only != o->obligation) ||
        (q->regime != NULL && q->regime != o->regime))
        return false;
    const int32_t due = o->outcome.due;
    if ((q->without_regime && o->regime != NULL) || (q->without_day && due != DK_NO_DAY))
        return false;
    return (q->from == DK_NO_DAY && q->until == DK_FAR_DAY) || (due != DK_NO_DAY && due >= q->from && due <= q->until);
}

/* The group of a row by its division; at level 0 there is one. */
static bool in_group_asked_for(const dk_score_query *q, const plain_outcome *o)
{
    char group[13];
    snprintf(group, sizeof group, "%.*s", q->level, o->division);
    return !q->alone || q->level == 0 || strcmp(group, q->division) == 0;
}

typedef struct group_list {
    dk_score_row rows[MOST_GROUPS];
    size_t n;
} group_list;

static void sum_outcomes(const dk_score_query *q, const plain_outcomes *all, group_list *groups)
{
    groups->n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const plain_outcome *o = &all->list[i];
        dk_score_row like = {0};
        char day_text[DK_DAY_TEXT];
        if (!asked_for(q, o))
            continue;
        snprintf(like.division, sizeof like.division, "%.*s", q->level == 0 ? 12 : q->level,
                 q->level == 0 ? q->division : o->division);
        like.obligation = q->by_obligation ? o->obligation : NULL;
        like.regime = q->by_regime ? o->regime : NULL;
        if (q->by != DK_SCORE_ALL && o->outcome.due != DK_NO_DAY) {
            dk_day_write(o->outcome.due, day_text);
            like.year = atoi(day_text);
            const int month = atoi(day_text + 5);
            like.part = q->by == DK_SCORE_YEAR      ? 0
                        : q->by == DK_SCORE_QUARTER ? (month <= 3   ? 1
                                                       : month <= 6 ? 2
                                                       : month <= 9 ? 3
                                                                    : 4)
                                                    : month;
        }
        size_t g = 0;
        while (g < groups->n &&
               (strcmp(groups->rows[g].division, like.division) != 0 || groups->rows[g].year != like.year ||
                groups->rows[g].part != like.part || groups->rows[g].obligation != like.obligation ||
                groups->rows[g].regime != like.regime))
            g++;
        assert_true(g < MOST_GROUPS);
        if (g == groups->n)
            groups->rows[groups->n++] = like;
        groups->rows[g].n[o->state]++;
    }
}

/* ---- comparing ---- */

static bool keep_group(const dk_score_row *row, void *user)
{
    group_list *groups = user;
    assert_true(groups->n < MOST_GROUPS);
    groups->rows[groups->n++] = *row;
    return true;
}

static int order_of(const dk_score_row *a, const dk_score_row *b)
{
    const int order = strcmp(a->division, b->division);
    return order != 0 ? order : a->year != b->year ? a->year - b->year : a->part - b->part;
}

static void print_group(const char *whose, const dk_score_row *g)
{
    print_error("%s: %s %d/%d %s %s:", whose, g->division, g->year, g->part,
                g->obligation != NULL ? g->obligation->id : "-", g->regime != NULL ? g->regime->id : "-");
    for (int i = 0; i < DK_DISCLOSURES; i++)
        print_error(" %lld", (long long)g->n[i]);
    print_error("\n");
}

static void compare_score(clock_world *w, const dk_score_query *q, const plain_outcomes *all, int64_t generation)
{
    static group_list found, expected;
    found.n = 0;
    if (dk_score(w->f.store, q, generation, keep_group, &found, &w->f.err) != DK_OK)
        fail_msg("%s", w->f.err.text);
    sum_outcomes(q, all, &expected);
    bool good = found.n == expected.n;
    for (size_t i = 0; i < found.n; i++) {
        const dk_score_row *f = &found.rows[i];
        bool same_one = false;
        for (size_t e = 0; e < expected.n; e++) {
            const dk_score_row *x = &expected.rows[e];
            if (strcmp(f->division, x->division) == 0 && f->year == x->year && f->part == x->part &&
                f->obligation == x->obligation && f->regime == x->regime)
                same_one = memcmp(f->n, x->n, sizeof f->n) == 0;
        }
        good = good && same_one && (i == 0 || order_of(&found.rows[i - 1], f) <= 0);
    }
    if (good)
        return;
    for (size_t i = 0; i < found.n; i++)
        print_group("found", &found.rows[i]);
    for (size_t i = 0; i < expected.n; i++)
        print_group("expected", &expected.rows[i]);
    fail_msg("division '%s' level %d from %d until %d by %d as of %d, generation %lld", q->division, q->level,
             (int)q->from, (int)q->until, (int)q->by, (int)q->as_of, (long long)generation);
}

typedef struct row_list {
    char rows[MOST_OUTCOMES][120];
    size_t n, page;
    char place[200];
    clock_world *w;
    int32_t as_of;
    dk_disclosure state;
} row_list;

static bool keep_row(const dk_clock_row *row, void *user)
{
    row_list *list = user;
    assert_true(list->n < MOST_OUTCOMES);
    snprintf(list->rows[list->n++], sizeof *list->rows, "%s %s %s %s %s", row->kind->name, row->key,
             row->obligation->id, row->division, row->regime != NULL ? row->regime->id : "-");
    assert_string_equal(row->label, row->key);
    assert_int_equal(dk_outcome_state(&row->outcome, list->as_of), list->state);
    snprintf(list->place, sizeof list->place, "%s", row->place);
    list->page++;
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Page by page, all rows of a figure. */
static void compare_rows(clock_world *w, const dk_score_query *q, const plain_outcomes *all, int64_t generation,
                         dk_disclosure state, size_t limit)
{
    static row_list found, expected;
    found = (row_list){.w = w, .as_of = q->as_of, .state = state};
    do {
        found.page = 0;
        if (dk_score_rows(w->f.store, q, generation, state, found.n > 0 ? found.place : NULL, limit, keep_row, &found,
                          &w->f.err) != DK_OK)
            fail_msg("%s", w->f.err.text);
        assert_true(found.page <= limit);
    } while (found.page == limit);
    expected.n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const plain_outcome *o = &all->list[i];
        if (asked_for(q, o) && in_group_asked_for(q, o) && o->state == state)
            snprintf(expected.rows[expected.n++], sizeof *expected.rows, "%s %s %s %s %s", clock_kinds[o->kind], o->key,
                     o->obligation->id, o->division, o->regime != NULL ? o->regime->id : "-");
    }
    qsort(found.rows, found.n, sizeof *found.rows, by_text);
    qsort(expected.rows, expected.n, sizeof *expected.rows, by_text);
    for (size_t i = 0; i < found.n || i < expected.n; i++)
        if (i >= found.n || i >= expected.n || strcmp(found.rows[i], expected.rows[i]) != 0)
            fail_msg("%zu of %zu: found %s, expected %s (limit %zu)", i, expected.n,
                     i < found.n ? found.rows[i] : "nothing more", i < expected.n ? expected.rows[i] : "nothing more",
                     limit);
}

static dk_score_query everything(int32_t as_of)
{
    return (dk_score_query){.division = "", .from = DK_NO_DAY, .until = DK_FAR_DAY, .as_of = as_of};
}

static void random_query(clock_world *w, dk_score_query *q)
{
    static const char *const divisions[] = {"",     "",      "34", "3413", "341321", "341321100", "341321100201",
                                            "3401", "34132", "99"};
    static const int levels[] = {0, 2, 4, 6, 9, 12};
    static const struct {
        const char *from, *until;
    } times[] = {{"", ""},
                 {"", ""},
                 {"", ""},
                 {"2021-01-01", "2021-12-31"},
                 {"2020-04-01", "2021-06-30"},
                 {"", "2021-08-31"},
                 {"2021-09-15", ""},
                 {"2020-02-10", "2022-02-20"}};
    const dk_catalogue *catalogue = w->f.catalogue;
    q->division = divisions[draw(w, 10)];
    do
        q->level = levels[draw(w, 6)];
    while (q->level != 0 && q->level < (int)strlen(q->division));
    const uint32_t t = draw(w, 8);
    q->from = day(times[t].from);
    q->until = day(times[t].until) == DK_NO_DAY ? DK_FAR_DAY : day(times[t].until);
    q->by = draw(w, 4);
    q->by_obligation = draw(w, 2);
    q->by_regime = draw(w, 2);
    if (draw(w, 4) == 0)
        q->about = dk_catalogue_kind(catalogue, clock_kinds[draw(w, 3)]);
    if (draw(w, 4) == 0)
        q->only = &catalogue->obligations[draw(w, (uint32_t)catalogue->n_obligations)];
    if (draw(w, 5) == 0)
        q->regime = &catalogue->regimes[draw(w, 2)];
    q->alone = draw(w, 3) == 0;
    q->without_day = draw(w, 6) == 0;
    q->without_regime = q->regime == NULL && draw(w, 6) == 0;
}

static void compare_at_random(clock_world *w, const plain_state *s, int64_t generation, int32_t as_of, int times)
{
    static plain_outcomes all;
    find_outcomes(w, s, as_of, &all);
    dk_score_query q = everything(as_of);
    compare_score(w, &q, &all, generation);
    for (int i = 0; i < times; i++) {
        q = everything(as_of);
        random_query(w, &q);
        compare_score(w, &q, &all, generation);
    }
    compare_rows(w, &q, &all, generation, (dk_disclosure)draw(w, DK_DISCLOSURES), 1 + draw(w, 30));
}

/* ---- situations ---- */

static void figures_follow_whatever_happens(void **state)
{
    clock_world *w = *state;
    static plain_state at[200];
    int64_t generations[200];
    size_t n = 0;
    int32_t today = day("2019-11-20");
    for (int step = 0; step < 110; step++) {
        dk_clock_set_today(w->f.store, today);
        if (random_step(w)) {
            generations[n] = generation_of(&w->f);
            plain_published(w, &at[n]);
            /* Today, on days to come before which nothing is published, and as of a day that is over. */
            compare_at_random(w, &at[n], generations[n], today, 6);
            compare_at_random(w, &at[n], generations[n], today + (int32_t)draw(w, 40), 3);
            compare_at_random(w, &at[n], generations[n], today + (int32_t)draw(w, 900), 3);
            compare_at_random(w, &at[n], generations[n], day("2021-05-05") + (int32_t)draw(w, 500) - 250, 2);
            n++;
        }
        today += (int32_t)draw(w, 3) * (int32_t)draw(w, 30); /* some days bring several generations */
        if (step % 20 == 19)
            assert_int_equal(findings(&w->f), 0);
    }
    /* Generations that are over, each with its own facts. */
    for (size_t i = 0; i < n; i += 2)
        compare_at_random(w, &at[i], generations[i], today, 2);
    /* Back to an earlier day, as a wrong clock would: the counters' base stays. */
    dk_clock_set_today(w->f.store, day("2020-03-01"));
    while (!random_step(w))
        continue;
    plain_published(w, &at[0]);
    compare_at_random(w, &at[0], generation_of(&w->f), day("2020-03-01"), 4);
    compare_at_random(w, &at[0], generation_of(&w->f), today, 4);
    assert_int_equal(findings(&w->f), 0);
    /* Built anew, all is as it was. */
    assert_int_equal(dk_store_reindex(w->f.store, NULL, NULL, &w->f.err), DK_OK);
    compare_at_random(w, &at[0], generation_of(&w->f), today, 6);
    compare_at_random(w, &at[n / 2], generations[n / 2], today, 2);
    assert_int_equal(findings(&w->f), 0);
}

static void expect_n(clock_world *w, const char *as_of, const char *obligation, dk_disclosure state, int64_t n)
{
    static group_list groups;
    dk_score_query q = everything(day(as_of));
    q.only = dk_catalogue_obligation(w->f.catalogue, obligation);
    groups.n = 0;
    assert_int_equal(dk_score(w->f.store, &q, generation_of(&w->f), keep_group, &groups, &w->f.err), DK_OK);
    if (n == 0 && groups.n == 0)
        return;
    assert_int_equal(groups.n, 1);
    if (groups.rows[0].n[state] != n)
        print_group("found", &groups.rows[0]);
    assert_int_equal(groups.rows[0].n[state], n);
}

static plain_row project_row(const char *id, const char *surveyed_on)
{
    plain_row row = {0};
    set(&row, "id", id);
    set(&row, "surveyed_on", surveyed_on);
    set(&row, "division", "341321100201");
    return row;
}

static plain_row certificate_row(const char *id, const char *of, const char *issued_on)
{
    plain_row row = {0};
    set(&row, "id", id);
    set(&row, "of", of);
    set(&row, "issued_on", issued_on);
    return row;
}

/* Surveyed on 1 March, certified within 20 days: due on the 21st. */
static void what_is_due_becomes_missing_by_itself(void **state)
{
    clock_world *w = *state;
    dk_clock_set_today(w->f.store, day("2022-03-05"));
    const plain_row projects[] = {project_row("X1", "2022-03-01"), project_row("X2", "2022-03-01"),
                                  project_row("X3", "2022-04-01")};
    publish_rows(w, PROJECT, projects, 3);
    expect_n(w, "2022-03-05", "certified", DK_DUE, 2);
    expect_n(w, "2022-03-21", "certified", DK_DUE, 2);
    expect_n(w, "2022-03-22", "certified", DK_MISSING, 2);
    expect_n(w, "2022-03-31", "certified", DK_WAITING, 1); /* X3: not before its event */
    expect_n(w, "2022-04-01", "certified", DK_DUE, 1);
    /* One certificate comes later, and with a date to come. */
    dk_clock_set_today(w->f.store, day("2022-03-23"));
    const plain_row certificate = certificate_row("C1", "X1", "2022-03-28");
    plain_batch *batch = publish_rows(w, CERTIFICATE, &certificate, 1);
    expect_n(w, "2022-03-23", "certified", DK_MISSING, 2);
    expect_n(w, "2022-03-28", "certified", DK_LATE, 1);
    expect_n(w, "2022-03-28", "certified", DK_MISSING, 1);
    expect_n(w, "2022-03-20", "certified", DK_DUE, 2); /* as of a day that is over */
    /* Its date is corrected, and then it is withdrawn. */
    dk_clock_set_today(w->f.store, day("2022-03-25"));
    const plain_row corrected = certificate_row("C1", "X1", "2022-03-20");
    plain_batch *second = publish_rows(w, CERTIFICATE, &corrected, 1);
    expect_n(w, "2022-03-25", "certified", DK_MET, 1);
    withdraw_plain(w, second);
    expect_n(w, "2022-03-28", "certified", DK_LATE, 1);
    withdraw_plain(w, batch);
    expect_n(w, "2022-03-28", "certified", DK_MISSING, 2);
    assert_int_equal(findings(&w->f), 0);
}

static void only_what_is_linked_changes_and_rows_share_their_facts(void **state)
{
    clock_world *w = *state;
    plain_row parcels[40];
    memset(parcels, 0, sizeof parcels);
    for (int i = 0; i < 40; i++) {
        char id[8];
        snprintf(id, sizeof id, "P%d", i);
        set(&parcels[i], "id", id);
        set(&parcels[i], "project", i < 20 ? "X1" : "X2");
        set(&parcels[i], "approval_no", "");
        set(&parcels[i], "division", "341321100201");
    }
    publish_rows(w, PARCEL, parcels, 40);
    assert_int_equal(ask(w, "SELECT count(*) FROM clockset_parcel"), 1); /* nothing is known of any */
    plain_row notice = {0};
    set(&notice, "id", "N1");
    set(&notice, "project", "X2");
    set(&notice, "kind", "公告");
    set(&notice, "published_on", "2022-01-01");
    publish_rows(w, NOTICE, &notice, 1);
    assert_int_equal(ask(w, "SELECT count(*) FROM clock_parcel WHERE died=0 AND born=2"), 20);
    assert_int_equal(ask(w, "SELECT count(*) FROM clock_parcel WHERE died<>0"), 20);
    assert_int_equal(ask(w, "SELECT count(*) FROM clockset_parcel"), 2);
    /* What proves nothing changes nothing. */
    plain_row other = {0};
    set(&other, "id", "N2");
    set(&other, "project", "X2");
    set(&other, "kind", "其他");
    set(&other, "published_on", "2022-01-01");
    publish_rows(w, NOTICE, &other, 1);
    assert_int_equal(ask(w, "SELECT count(*) FROM clock_parcel"), 60);
    assert_int_equal(findings(&w->f), 0);
}

static void check_finds_what_is_wrong_and_reindex_mends_it(void **state)
{
    static const char *const wrongs[] = {
        "UPDATE clock_parcel SET use=(SELECT max(id) FROM clockuse_parcel) WHERE feature=(SELECT min(feature) FROM clock_parcel WHERE died=0 AND "
        "use<>(SELECT max(id) FROM clockuse_parcel)) AND died=0",
        "DELETE FROM clock_parcel WHERE feature=(SELECT max(feature) FROM clock_parcel WHERE died=0)",
        "INSERT INTO clock_parcel SELECT 100000,1,0,use FROM clock_parcel LIMIT 1",
        "UPDATE clockuse_project SET rows=rows+1 WHERE rows>0",
        "UPDATE clockset_parcel SET facts=X'01'",
        "DELETE FROM score_parcel WHERE level=9",
        "UPDATE clockset_project SET turns=2147483646 WHERE id IN (SELECT facts FROM clockuse_project WHERE rows>0)",
        "UPDATE score_parcel SET data=(SELECT data FROM score_parcel WHERE level=0) WHERE level=12",
        "INSERT INTO score_project VALUES(12,'999999999999',X'0101')",
        "DELETE FROM clock_parcel; DELETE FROM clockset_parcel; DELETE FROM clockuse_parcel",
    };
    static plain_state s;
    clock_world *w = *state;
    w->random = 7;
    for (int step = 0; step < 30; step++)
        random_step(w);
    assert_int_equal(findings(&w->f), 0);
    plain_published(w, &s);
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        int64_t n = 0;
        run_sql(w, wrongs[i]);
        assert_int_equal(dk_store_check(w->f.store, tell_nobody, NULL, &n, &w->f.err), DK_OK);
        if (n == 0)
            fail_msg("not found: %s", wrongs[i]);
        assert_int_equal(dk_store_reindex(w->f.store, NULL, NULL, &w->f.err), DK_OK);
        assert_int_equal(findings(&w->f), 0);
        compare_at_random(w, &s, generation_of(&w->f), dk_clock_today(w->f.store), 5);
    }
}

static void a_redacted_row_leaves_no_facts(void **state)
{
    clock_world *w = *state;
    dk_redacted redacted;
    dk_clock_set_today(w->f.store, day("2022-03-23"));
    const plain_row projects[] = {project_row("X1", "2022-03-01"), project_row("X2", "2022-03-02")};
    publish_rows(w, PROJECT, projects, 2);
    const plain_row first = certificate_row("C1", "X2", "2022-03-11"),
                    second = certificate_row("C1", "X2", "2022-03-12");
    publish_rows(w, CERTIFICATE, &first, 1);
    const int64_t before = generation_of(&w->f);
    publish_rows(w, CERTIFICATE, &second, 1);
    expect_n(w, "2022-03-23", "certified", DK_MET, 1);
    /* The proof goes, with the dates that it had before. */
    assert_int_equal(dk_store_redact(w->f.store, dk_catalogue_kind(w->f.catalogue, "certificate"), "C1", "tester",
                                     "个人信息", false, tell_nobody, NULL, &redacted, &w->f.err),
                     DK_OK);
    expect_n(w, "2022-03-23", "certified", DK_MISSING, 2);
    assert_int_equal(ask(w, "SELECT count(*) FROM clock_project"), 2);
    assert_int_equal(ask(w, "SELECT count(*) FROM clockset_project"), 2);
    assert_int_equal(findings(&w->f), 0);
    /* And the row itself. */
    assert_int_equal(dk_store_redact(w->f.store, dk_catalogue_kind(w->f.catalogue, "project"), "X1", "tester",
                                     "个人信息", false, tell_nobody, NULL, &redacted, &w->f.err),
                     DK_OK);
    expect_n(w, "2022-03-23", "certified", DK_MISSING, 1);
    assert_int_equal(ask(w, "SELECT count(*) FROM clock_project"), 1);
    assert_int_equal(ask(w, "SELECT count(*) FROM clockset_project"), 1);
    assert_int_equal(findings(&w->f), 0);
    /* Of the generations before, nobody gives a figure that lacks it. */
    static group_list groups;
    const dk_score_query q = everything(day("2022-03-23"));
    assert_int_equal(dk_score(w->f.store, &q, before, keep_group, &groups, &w->f.err), DK_NOT_FOUND);
    assert_non_null(strstr(w->f.err.text, "redaction"));
}

static void a_killed_publication_leaves_nothing(void **state)
{
    static plain_state s;
    clock_world *w = *state;
    for (int step = 0; step < 25; step++)
        random_step(w);
    plain_published(w, &s);
    const int64_t generation = generation_of(&w->f);
    char sql[600];
    dk_store_close(w->f.store);
    snprintf(sql, sizeof sql,
             "INSERT INTO dikuai_pending(generation,batch,action) VALUES(%lld,1,'publish');"
             "UPDATE clock_parcel SET died=%lld WHERE died=0 AND feature%%2=0;"
             "INSERT INTO clock_parcel SELECT feature,%lld,0,use FROM clock_parcel WHERE died=%lld",
             (long long)generation + 1, (long long)generation + 1, (long long)generation + 1,
             (long long)generation + 1);
    run_sql(w, sql);
    fixture_open(&w->f, DK_WRITE);
    assert_int_equal(findings(&w->f), 0);
    compare_at_random(w, &s, generation, dk_clock_today(w->f.store), 5);
}

static void what_cannot_be_answered_is_said(void **state)
{
    clock_world *w = *state;
    static row_list rows;
    const dk_score_query q = everything(day("2022-03-23"));
    rows.as_of = q.as_of;
    static group_list groups;
    groups.n = 0;
    assert_int_equal(dk_score(w->f.store, &q, 0, keep_group, &groups, &w->f.err), DK_OK); /* nothing is published */
    assert_int_equal(groups.n, 0);
    static const char *const wrong[] = {"",
                                        "P1",
                                        "parcel/announced",
                                        "house/announced/P1",
                                        "parcel/nothing/P1",
                                        "/parcel/P1",
                                        "parcel/announced/-1",
                                        "parcel/announced/1x"};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(dk_score_rows(w->f.store, &q, 0, DK_MET, wrong[i], 10, keep_row, &rows, &w->f.err),
                         DK_INVALID);
    /* Another catalogue, for which nobody has looked yet. */
    const plain_row project = project_row("X1", "2022-03-01");
    publish_rows(w, PROJECT, &project, 1);
    run_sql(w, "UPDATE dikuai_meta SET value=-5 WHERE name='clock_catalogue'");
    assert_int_equal(dk_score(w->f.store, &q, generation_of(&w->f), keep_group, &groups, &w->f.err), DK_CONFLICT);
    int64_t n = 0;
    assert_int_equal(dk_store_check(w->f.store, tell_nobody, NULL, &n, &w->f.err), DK_OK);
    assert_true(n > 0);
    /* The next publication looks at every row. */
    run_sql(w, "UPDATE clock_project SET use=77; DELETE FROM score_project; UPDATE clockuse_project SET rows=0");
    run_sql(w, "DELETE FROM clock_project");
    const plain_row certificate = certificate_row("C1", "X9", "2022-03-28");
    publish_rows(w, CERTIFICATE, &certificate, 1);
    expect_n(w, "2022-03-23", "certified", DK_MISSING, 1);
    assert_int_equal(findings(&w->f), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures_follow_whatever_happens, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(what_is_due_becomes_missing_by_itself, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(only_what_is_linked_changes_and_rows_share_their_facts, clock_setup,
                                        clock_teardown),
        cmocka_unit_test_setup_teardown(check_finds_what_is_wrong_and_reindex_mends_it, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(a_redacted_row_leaves_no_facts, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(a_killed_publication_leaves_nothing, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_answered_is_said, clock_setup, clock_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
