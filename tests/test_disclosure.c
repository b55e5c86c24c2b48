/* The field that says how disclosure of a row stands (store/disclosure.h): whatever is published, on days that pass, by
 * another catalogue; and what a catalogue may say of it. */
#include "clock_fixture.h"

#include "store/catalogue_change.h"
#include "store/clock_turn.h"
#include "store/handle.h"
#include "store/query.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- the recomputation ---- */

static const char *const field_words[2][9] = {
    {"missing", "late", "short", "soon", "due", "unknown", "met", "waiting", "not_applicable"},
    {"met", "soon", "waiting", "late", "due", "missing", "not_applicable", "short", "unknown"}};

/* The facts of a row's obligations, and the first of the kind's words that any of them has on a day. */
typedef struct plain_words {
    size_t n;
    const dk_obligation *obligations[16];
    plain_facts facts[16];
} plain_words;

static void words_of(const clock_world *w, const plain_state *s, int kind, const plain_row *row, plain_words *words)
{
    words->n = 0;
    for (size_t i = 0; i < w->f.catalogue->n_obligations; i++) {
        const dk_obligation *o = &w->f.catalogue->obligations[i];
        if (!o->enabled || strcmp(o->about->name, clock_kinds[kind]) != 0)
            continue;
        plain_facts *facts = &words->facts[words->n];
        plain_facts_of(w, s, kind, row, o, facts);
        words->obligations[words->n++] = o;
    }
}

static const char *word_on(const plain_words *words, int kind, int32_t on)
{
    for (size_t i = 0; i < 9; i++)
        for (size_t k = 0; k < words->n; k++) {
            dk_outcome outcome;
            dk_obligation_outcome(words->obligations[k], &words->facts[k].facts, on, &outcome);
            const char *word =
                dk_outcome_soon(&outcome, on) ? "soon" : dk_disclosure_name(dk_outcome_state(&outcome, on));
            if (strcmp(field_words[kind == PROJECT][i], word) == 0)
                return field_words[kind == PROJECT][i];
        }
    return "";
}

/* All rows say what they should on that day. look_ahead: and the store knows for how long. */
static void compare_words(clock_world *w, const plain_state *s, int32_t on, bool look_ahead)
{
    static const char *const asks[] = {[PARCEL] = "SELECT disclosure FROM parcel WHERE \"key\"=?1",
                                       [PROJECT] = "SELECT stands FROM project WHERE \"key\"=?1"};
    enum { FAR = 500 };
    static plain_words words;
    int32_t changes = on + FAR, until = 0;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open_v2(w->f.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (int kind = PARCEL; kind <= PROJECT; kind++) {
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(sqlite3_prepare_v2(db, asks[kind], -1, &stmt, NULL), SQLITE_OK);
        for (size_t r = 0; r < s->n[kind]; r++) {
            const plain_row *row = s->rows[kind][r];
            words_of(w, s, kind, row, &words);
            const char *expected = word_on(&words, kind, on);
            sqlite3_bind_text(stmt, 1, row->key, -1, SQLITE_STATIC);
            assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
            const char *found = (const char *)sqlite3_column_text(stmt, 0);
            if (found == NULL || strcmp(found, expected) != 0) {
                char text[DK_DAY_TEXT];
                fail_msg("%s %s on %s: found %s, expected %s", clock_kinds[kind], row->key, dk_day_write(on, text),
                         found, expected);
            }
            sqlite3_reset(stmt);
            for (int32_t d = on + 1; look_ahead && d < changes; d++)
                if (strcmp(word_on(&words, kind, d), expected) != 0)
                    changes = d;
        }
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    if (!look_ahead)
        return;
    assert_int_equal(dk_clock_right_until(w->f.store, NULL, &until, &w->f.err), DK_OK);
    if (changes < on + FAR)
        assert_int_equal(until, changes - 1);
    else
        assert_true(until >= changes - 1);
}

/* ---- whatever is published ---- */

/* Rows say how they stand, whatever is published, and on each day on which the clock was turned; and not one day is
 * left out on which it had to be. */
static void rows_say_how_they_stand_whatever_happens(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    dk_clock_turned turned;
    int32_t today = day("2020-01-20"), until = 0;
    int64_t turns = 0, rows = 0;
    w->random = 11;
    for (int step = 0; step < 90; step++) {
        dk_clock_set_today(w->f.store, today);
        const bool changed = random_step(w);
        plain_published(w, &s);
        if (changed)
            compare_words(w, &s, today, step % 6 == 0);
        /* Some days later. */
        today += (int32_t)draw(w, 2) * (int32_t)draw(w, 25);
        dk_clock_set_today(w->f.store, today);
        const int64_t before = generation_of(&w->f);
        assert_int_equal(dk_clock_right_until(w->f.store, NULL, &until, &w->f.err), DK_OK);
        assert_int_equal(dk_store_turn_clock(w->f.store, "timer", &turned, &w->f.err), DK_OK);
        assert_int_equal(turned.generation, until < today ? before + 1 : 0);
        assert_int_equal(generation_of(&w->f), until < today ? before + 1 : before);
        assert_true(turned.rows == 0 || turned.generation > 0); /* after many days a word may be the same again */
        rows += turned.rows;
        assert_true(turned.until >= today);
        turns += turned.generation > 0;
        if (turned.generation > 0 || step % 10 == 0)
            compare_words(w, &s, today, step % 6 == 3);
        if (step % 15 == 14)
            assert_int_equal(findings(&w->f), 0);
    }
    if (turns < 10 || rows < 20)
        fail_msg("only %lld turns of %lld rows", (long long)turns, (long long)rows);
    assert_int_equal(dk_store_reindex(w->f.store, NULL, NULL, &w->f.err), DK_OK);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
    /* Reindex on a later day brings them up to that. */
    dk_clock_set_today(w->f.store, today + 60);
    assert_int_equal(dk_store_reindex(w->f.store, NULL, NULL, &w->f.err), DK_OK);
    compare_words(w, &s, today + 60, true);
    assert_int_equal(findings(&w->f), 0);
    /* A batch that was loaded days ago. */
    plain_batch *batch = random_load(w, PARCEL, 25);
    dk_clock_set_today(w->f.store, today + 90);
    assert_true(publish_plain(w, batch));
    plain_published(w, &s);
    compare_words(w, &s, today + 90, true);
    assert_int_equal(findings(&w->f), 0);
}

/* ---- a writer that is killed ---- */

static void kill_writer(int64_t done, int64_t total, void *user)
{
    (void)done;
    (void)total;
    (void)user;
    raise(SIGKILL);
}

/* Publishes a batch in a process of its own, which is killed when the batch's rows are written and the generation is
 * not made. */
static void publish_and_kill(clock_world *w, int64_t batch, int32_t today)
{
    int status = 0;
    dk_store_close(w->f.store);
    const pid_t child = fork();
    if (child == 0) {
        int64_t generation;
        if (dk_store_open(w->f.path, DK_WRITE, &w->f.store, &w->f.err) == DK_OK) {
            dk_clock_set_today(w->f.store, today);
            dk_store_publish(w->f.store, batch, "tester", kill_writer, NULL, &generation, &w->f.err);
        }
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    fixture_open(&w->f, DK_WRITE);
    dk_clock_set_today(w->f.store, today);
}

static plain_batch *load_rows(clock_world *w, int kind, const plain_row *rows, size_t n)
{
    plain_batch *batch = &w->batches[w->n_batches++];
    *batch = (plain_batch){.kind = kind, .rows = calloc(n, sizeof *batch->rows)};
    dk_load *load = load_begin(&w->f, clock_kinds[kind], true);
    for (size_t i = 0; i < n; i++)
        load_plain(w, batch, load, &rows[i]);
    batch->id = load_finish(&w->f, load);
    return batch;
}

static void publish_project(clock_world *w)
{
    plain_row project = {0};
    set(&project, "id", "J1");
    set(&project, "regime", "旧法");
    set(&project, "surveyed_on", "2022-02-28");
    publish_rows(w, PROJECT, &project, 1);
}

static plain_row parcel_of_project(const char *id, const char *division)
{
    plain_row parcel = {0};
    set(&parcel, "id", id);
    set(&parcel, "project", "J1");
    set(&parcel, "division", division);
    return parcel;
}

/* A batch staged for weeks, whose publication is killed, leaves rows with the words of that day behind. They make its
 * own rows no younger than those of a batch that was loaded later: of one key, still only one of the two is published.
 */
static void a_killed_publication_lets_no_key_be_published_twice(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    const int32_t today = day("2022-04-20");
    const plain_row one = parcel_of_project("P1", ""), other = parcel_of_project("P1", "341321100201");
    dk_clock_set_today(w->f.store, day("2022-03-01"));
    publish_project(w);
    plain_batch *first = load_rows(w, PARCEL, &one, 1);
    dk_clock_set_today(w->f.store, today);
    plain_batch *second = load_rows(w, PARCEL, &other, 1);
    publish_and_kill(w, first->id, today);
    assert_int_equal(ask(w, "SELECT count(*) FROM version_parcel"), 1); /* the word had changed since it was loaded */
    assert_true(publish_plain(w, second));
    assert_false(publish_plain(w, first));
    assert_int_equal(ask(w, "SELECT count(*) FROM life_parcel WHERE died=0"), 1);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
}

/* Parcels of one project in two villages have the same facts. That those of one village were not published after all
 * says nothing of when those of the other change. */
static void a_killed_publication_does_not_forget_when_other_rows_change(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    dk_clock_turned turned;
    int32_t before = 0, until = 0;
    const int32_t today = day("2022-03-01");
    const plain_row one = parcel_of_project("P1", "341321100201"), other = parcel_of_project("P2", "341321100202");
    dk_clock_set_today(w->f.store, today);
    publish_project(w);
    publish_rows(w, PARCEL, &one, 1);
    assert_int_equal(dk_clock_right_until(w->f.store, NULL, &before, &w->f.err), DK_OK);
    assert_true(before >= today);
    plain_batch *killed = load_rows(w, PARCEL, &other, 1);
    publish_and_kill(w, killed->id, today);
    assert_int_equal(ask(w, "SELECT count(*) FROM clockuse_parcel WHERE rows=0"), 1); /* it had come so far */
    assert_int_equal(dk_clock_right_until(w->f.store, NULL, &until, &w->f.err), DK_OK);
    assert_int_equal(until, before);
    assert_int_equal(findings(&w->f), 0);
    assert_int_equal(dk_store_turn_clock(w->f.store, "timer", &turned, &w->f.err), DK_OK);
    assert_int_equal(turned.generation, 0);
    assert_true(publish_plain(w, killed));
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
}

/* Kills the process before one of its commits. */
static int kill_at_commit(void *user)
{
    int *left = user;
    if (--*left <= 0)
        raise(SIGKILL);
    return 0;
}

/* A change in a process of its own, killed before its commit of that number: batch NULL, the clock is turned; a staged
 * batch is published, a published one withdrawn. What came to its end is noted. true: it was killed. */
static bool change_and_kill(clock_world *w, plain_batch *batch, int32_t today, int commit)
{
    int status = 0;
    const int64_t before = generation_of(&w->f);
    dk_store_close(w->f.store);
    const pid_t child = fork();
    if (child == 0) {
        dk_clock_turned turned;
        int64_t generation;
        dk_status done = dk_store_open(w->f.path, DK_WRITE, &w->f.store, &w->f.err);
        if (done == DK_OK) {
            dk_clock_set_today(w->f.store, today);
            sqlite3_commit_hook(w->f.store->db, kill_at_commit, &commit);
            if (batch == NULL)
                done = dk_store_turn_clock(w->f.store, "timer", &turned, &w->f.err);
            else if (batch->order == 0)
                done = dk_store_publish(w->f.store, batch->id, "tester", NULL, NULL, &generation, &w->f.err);
            else
                done = dk_store_withdraw(w->f.store, batch->id, "tester", "更正", NULL, NULL, &generation, &w->f.err);
        }
        _exit(done == DK_OK ? 0 : done == DK_CONFLICT ? 1 : 2);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    fixture_open(&w->f, DK_WRITE);
    dk_clock_set_today(w->f.store, today);
    const bool made = generation_of(&w->f) > before; /* it cleans up behind the commit that makes the generation */
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL
                                    : WEXITSTATUS(status) == (made || batch == NULL ? 0 : 1));
    if (WIFSIGNALED(status) && !made)
        return true;
    if (batch != NULL)
        batch->order = batch->order == 0 && made ? generation_of(&w->f) : -1;
    return false;
}

/* Writers are killed before any of their commits, on days that pass; the next one finds what was there before. */
static void rows_say_how_they_stand_whatever_writer_is_killed(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    int32_t today = day("2020-01-20"), until = 0;
    int killed[3] = {0};
    w->random = 23;
    for (int step = 0; step < 90; step++) {
        dk_clock_turned turned;
        dk_clock_set_today(w->f.store, today);
        random_step(w);
        today += (int32_t)draw(w, 2) * (int32_t)draw(w, 25);
        plain_batch *batch = draw(w, 3) == 0 ? NULL : &w->batches[draw(w, (uint32_t)w->n_batches)];
        if (batch != NULL && batch->order < 0)
            batch = NULL;
        const int what = batch == NULL ? 0 : batch->order == 0 ? 1 : 2;
        killed[what] += change_and_kill(w, batch, today, 1 + (int)draw(w, 7));
        assert_int_equal(dk_store_turn_clock(w->f.store, "timer", &turned, &w->f.err), DK_OK);
        assert_int_equal(dk_clock_right_until(w->f.store, NULL, &until, &w->f.err), DK_OK);
        assert_true(until >= today);
        plain_published(w, &s);
        compare_words(w, &s, today, step % 6 == 0);
        if (step % 5 == 4)
            assert_int_equal(findings(&w->f), 0);
    }
    for (int i = 0; i < 3; i++)
        if (killed[i] < 3)
            fail_msg("only %d changes of sort %d were killed", killed[i], i);
}

static void keep_of_obligations(const char *sentence, void *user)
{
    if (strstr(sentence, "parcel P1: disclosure does not follow from its obligations") != NULL)
        ++*(int *)user;
}

static void check_finds_a_row_that_says_something_else(void **state)
{
    clock_world *w = *state;
    plain_row parcel = {0};
    set(&parcel, "id", "P1");
    publish_rows(w, PARCEL, &parcel, 1);
    run_sql(w, "UPDATE row_parcel SET f_disclosure='missing'");
    int64_t n = 0;
    int told = 0;
    assert_int_equal(dk_store_check(w->f.store, keep_of_obligations, &told, &n, &w->f.err), DK_OK);
    assert_int_equal(told, 1);
}

/* ---- another catalogue ---- */

/* text with the first of what begins with from and ends with to ("": with from), replaced. The caller frees it. */
static char *replaced(const char *text, const char *from, const char *to, const char *with)
{
    const char *at = strstr(text, from), *end = at == NULL ? NULL : to[0] == '\0' ? at + strlen(from) : strstr(at, to);
    char *out = NULL;
    assert_non_null(end);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, with, end + strlen(to)) > 0);
    return out;
}

static dk_status change_catalogue(clock_world *w, const char *yaml)
{
    dk_catalogue_change change = {.actor = "tester", .tell = tell_nobody};
    dk_catalogue_changed changed;
    const dk_status status =
        dk_store_change_catalogue(w->f.store, yaml, strlen(yaml), "new.yaml", &change, &changed, &w->f.err);
    w->f.catalogue = dk_store_catalogue(w->f.store);
    return status;
}

static void rows_say_it_by_the_catalogue_that_is_in_force(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    const int32_t today = day("2022-02-10");
    w->random = 5;
    dk_clock_set_today(w->f.store, today);
    for (int step = 0; step < 40; step++)
        random_step(w);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    /* Other limits, and what was off is on. */
    char *limits = replaced(clock_yaml, "within: 15 working days", "days", "within: 3 working days");

    assert_int_equal(change_catalogue(w, limits), DK_OK);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
    for (int step = 0; step < 10; step++)
        random_step(w);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    /* Nobody has obligations any more. */
    char *none = strdup(clock_yaml);
    for (char *at = none; (at = strstr(at, ", item: ")) != NULL;) {
        char *next = NULL;
        assert_true(asprintf(&next, "%.*s, enabled: false%s", (int)(at - none), none, at) > 0);
        const size_t offset = (size_t)(at - none) + strlen(", enabled: false, item: ");
        free(none);
        none = next;
        at = none + offset;
    }
    char *once = replaced(none, "unconfirmed: 期限, enabled: false", "", "unconfirmed: 期限");
    assert_int_equal(change_catalogue(w, once), DK_OK);
    assert_int_equal(ask(w, "SELECT count(*) FROM parcel WHERE disclosure IS NOT NULL"), 0);
    assert_int_equal(ask(w, "SELECT count(*) FROM project WHERE stands IS NOT NULL"), 0);
    assert_int_equal(findings(&w->f), 0);
    random_step(w);
    /* And again. */
    assert_int_equal(change_catalogue(w, clock_yaml), DK_OK);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
    free(limits);
    free(none);
    free(once);
}

/* Until a change is finished there are no obligations, which may read what it hides: check tells that, and not of each
 * row. */
static void a_change_that_is_not_finished_is_one_finding(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    const int32_t today = day("2022-02-10");
    dk_clock_set_today(w->f.store, today);
    w->random = 5;
    for (int step = 0; step < 40; step++)
        random_step(w);
    assert_true(ask(w, "SELECT count(*) FROM parcel WHERE disclosure IS NOT NULL") > 0);
    char *less = replaced(clock_yaml, "{name: of, title: 项目, type: text, audience: public}", "",
                          "{name: of, title: 项目, type: text, audience: staff}");
    run_sql(w, "CREATE TRIGGER cut_off BEFORE INSERT ON dikuai_generation"
               " WHEN NEW.reason IS NOT 'what the new catalogue shows less' BEGIN SELECT RAISE(FAIL,'cut off'); END");
    assert_int_not_equal(change_catalogue(w, less), DK_OK);
    assert_int_equal(ask(w, "SELECT count(*) FROM dikuai_stricter"), 1);
    assert_int_equal(findings(&w->f), 1);
    run_sql(w, "DROP TRIGGER cut_off");
    if (change_catalogue(w, less) != DK_OK)
        fail_msg("%s", w->f.err.text);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
    free(less);
}

/* A store of rows gets the field, and tiles show it. */
static void a_catalogue_adds_the_field(void **state)
{
    clock_world *w = *state;
    static plain_state s;
    const int32_t today = day("2022-02-10");
    dk_store_close(w->f.store);
    assert_int_equal(unlink(w->f.path), 0);
    char *parcels = replaced(clock_yaml, "      - {name: disclosure", "not_applicable]}\n", "");
    char *without = replaced(parcels, "      - {name: stands", "unknown]}\n", "");
    assert_int_equal(dk_store_create(w->f.path, without, strlen(without), "fixture.yaml", &w->f.err), DK_OK);
    fixture_open(&w->f, DK_WRITE);
    dk_clock_set_today(w->f.store, today);
    for (int step = 0; step < 40; step++)
        random_step(w);
    plain_batch *staged = random_load(w, PARCEL, 20);
    if (change_catalogue(w, clock_yaml) != DK_OK)
        fail_msg("%s", w->f.err.text);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
    /* A batch that was loaded before has it when it is published. */
    publish_plain(w, staged);
    plain_published(w, &s);
    compare_words(w, &s, today, true);
    assert_int_equal(findings(&w->f), 0);
    free(parcels);
    free(without);
}

/* ---- mistakes ---- */

typedef struct mistake {
    const char *from, *to, *with; /* the change to clock_yaml */
    const char *message;          /* what the sentence has */
} mistake;

#define WORDS "values: [missing, late, short, soon, due, unknown, met, waiting, not_applicable]"
static const mistake mistakes[] = {
    {"missing, late, short, soon", "", "missing, late, soon",
     "layers[0].fields[5].computed: how disclosure stands needs type: text and each of these words once under 'values', first what "
     "matters most where obligations of a row stand differently: waiting, due, met, late, short, missing, not_applicable, unknown, soon"},
    {"missing, late, short, soon", "", "missing, late, late, soon", "'late' is in the list twice"},
    {"missing, late, short, soon", "", "missing, 逾期, short, soon", "each of these words once"},
    {"missing, late, short, soon", "", "missing, late, short, soon, early", "each of these words once"},
    {"computed: disclosure,\n", "not_applicable]", "computed: disclosure", "each of these words once"},
    {"computed: disclosure,\n", "", "computed: disclosure, required: true,\n",
     "layers[0].fields[5].computed: how disclosure stands follows from the obligations alone; remove 'required' or 'computed'"},
    {"computed: disclosure,\n", "", "computed: disclosure, linked: {field: project.surveyed_on, as: min},\n",
     "remove '"},
    {"      - {name: disclosure", "",
     "      - {name: more, title: 公开, type: text, audience: public, computed: disclosure, " WORDS "}\n"
     "      - {name: disclosure",
     "layers[0].fields[6].computed: 'more' says how disclosure stands already; remove one of them"},
    {"      - {name: of, title: 项目", "",
     "      - {name: stands, title: 公开, type: text, audience: public, computed: disclosure, " WORDS
     "}\n      - {name: of, title: 项目",
     "records[3].fields[1].computed: no obligation is about certificate, so that there is nothing to say; add one under 'obligations', or "
     "remove the field"},
    {"{match: {project: project}, unless: {approval_no: no}}", "",
     "{match: {disclosure: project}, unless: {approval_no: no}}",
     "layers[0].fields[5].computed: 'disclosure' is in a link of parcel, which does not change with the day; use another field for that"},
    {"applies: {project.hearing: [是]}", "", "applies: {parcel.disclosure: [late]}",
     "layers[0].fields[5].computed: 'heard' is computed from 'disclosure', which changes with the day; nothing can be computed from it"},
    {"when: {project.kind: [增减挂钩]}", "", "when: {parcel.disclosure: [late]}",
     "'compensated' is computed from 'disclosure'"},
    {NULL, NULL, NULL, NULL},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; mistakes[i].message != NULL; i++) {
        dk_catalogue *catalogue = NULL;
        dk_error err = {0};
        char *yaml = replaced(clock_yaml, mistakes[i].from, mistakes[i].to, mistakes[i].with);
        if (dk_catalogue_parse(yaml, strlen(yaml), "c.yaml", &catalogue, &err) != DK_INVALID ||
            strstr(err.text, mistakes[i].message) == NULL)
            fail_msg("%zu: expected %s\nfound %s", i, mistakes[i].message, err.text);
        dk_catalogue_free(catalogue);
        free(yaml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_say_how_they_stand_whatever_happens, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(rows_say_it_by_the_catalogue_that_is_in_force, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(a_change_that_is_not_finished_is_one_finding, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(a_catalogue_adds_the_field, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(a_killed_publication_lets_no_key_be_published_twice, clock_setup,
                                        clock_teardown),
        cmocka_unit_test_setup_teardown(a_killed_publication_does_not_forget_when_other_rows_change, clock_setup,
                                        clock_teardown),
        cmocka_unit_test_setup_teardown(rows_say_how_they_stand_whatever_writer_is_killed, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(check_finds_a_row_that_says_something_else, clock_setup, clock_teardown),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
