/* When disclosures are due, and how they stand: the cases of tests/clock, each with its article, whose dates
 * cases.test.mjs computes from chinese-days without dikuai; the obligations are those of the sample catalogue. */
#include "store/obligation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include <cmocka.h>

typedef struct world {
    dk_catalogue *catalogue;
    json_t *cases, *counts;
} world;

static json_t *load(const char *root, const char *name)
{
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/tests/clock/%s", root, name);
    return json_load_file(path, 0, &error);
}

static int set_up(void **state)
{
    static world w;
    char path[4096];
    dk_error err = {0};
    const char *root = getenv("DK_ROOT") != NULL ? getenv("DK_ROOT") : ".";
    snprintf(path, sizeof path, "%s/samples/dangshan/catalogue.yaml", root);
    if (dk_catalogue_read(path, &w.catalogue, NULL, &err) != DK_OK) {
        print_error("%s\n", err.text);
        return -1;
    }
    w.cases = load(root, "cases.json");
    w.counts = load(root, "counts.json");
    *state = &w;
    return w.cases != NULL && w.counts != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    world *w = *state;
    dk_catalogue_free(w->catalogue);
    json_decref(w->cases);
    json_decref(w->counts);
    return 0;
}

static const dk_working_calendar *calendar_of(const world *w)
{
    return &w->catalogue->calendars[0].days;
}

static int32_t day_of(const json_t *value)
{
    int32_t day = DK_NO_DAY;
    if (json_is_string(value))
        assert_true(dk_day_read(json_string_value(value), &day));
    return day;
}

/* ---- days ---- */

/* Against the C library's calendar. */
static void days_are_those_of_the_calendar(void **state)
{
    (void)state;
    char text[DK_DAY_TEXT], expected[80];
    for (int32_t day = DK_FIRST_DAY; day <= DK_LAST_DAY; day += day < -1000 || day > 40000 ? 37 : 1) {
        const time_t seconds = (time_t)day * 86400;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        int32_t again = 0;
        assert_string_equal(dk_day_write(day, text), expected);
        assert_true(dk_day_read(expected, &again) && again == day);
        assert_int_equal(dk_day_of(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday), day);
        assert_int_equal(dk_day_weekday(day), tm.tm_wday == 0 ? 7 : tm.tm_wday);
        assert_int_equal(dk_day_year(day), tm.tm_year + 1900);
    }
    assert_string_equal(dk_day_write(DK_FIRST_DAY, text), "0000-01-01");
    assert_string_equal(dk_day_write(DK_LAST_DAY, text), "9999-12-31");
    const int32_t none[] = {DK_NO_DAY, DK_FAR_DAY, DK_FIRST_DAY - 1, DK_LAST_DAY + 1};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_string_equal(dk_day_write(none[i], text), "");
    int32_t day = 7;
    assert_false(dk_day_read("2023-02-29", &day));
    assert_false(dk_day_read(NULL, &day));
    assert_int_equal(day, 7);
}

/* ---- the calendar ---- */

static void working_days_are_counted_as_chinese_days_counts_them(void **state)
{
    const world *w = *state;
    const dk_working_calendar *calendar = calendar_of(w);
    size_t i;
    json_t *row;
    assert_true(json_array_size(w->counts) >= 400);
    json_array_foreach(w->counts, i, row)
    {
        const int32_t date = day_of(json_object_get(row, "date")),
                      n = (int32_t)json_integer_value(json_object_get(row, "n"));
        const int32_t after = day_of(json_object_get(row, "after"));
        int32_t day = 0, between = 0;
        int missing = 0;
        assert_true(dk_working_days_from(calendar, date, n, &day, &missing));
        assert_int_equal(day, after);
        assert_true(dk_working_days_from(calendar, date, -n, &day, &missing));
        assert_int_equal(day, day_of(json_object_get(row, "before")));
        assert_true(dk_working_days_between(calendar, date, after, &between, &missing));
        assert_int_equal(between, json_integer_value(json_object_get(row, "between")));
    }
}

static bool works(const dk_working_calendar *calendar, int32_t day)
{
    bool working = false;
    int missing = 0;
    assert_true(dk_working_day(calendar, day, &working, &missing));
    return working;
}

/* Day by day is slow and cannot be wrong. */
static void counting_is_counting_day_by_day(void **state)
{
    const dk_working_calendar *calendar = calendar_of(*state);
    const int32_t first = dk_day_of(2004, 1, 1), last = dk_day_of(2026, 12, 31);
    uint32_t seed = 20220901;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525u + 1013904223u;
        const int32_t from = first + (int32_t)(seed >> 8) % (last - first + 1);
        seed = seed * 1664525u + 1013904223u;
        const int32_t n = (int32_t)(seed >> 8) % (i % 10 < 2 ? 3000 : 60) * (i % 2 == 0 ? 1 : -1);
        int32_t at = from, left = n < 0 ? -n : n, found = 0, between = 0;
        int missing = 0;
        while (left > 0 && at >= first && at <= last) {
            at += n < 0 ? -1 : 1;
            if (at >= first && at <= last)
                left -= works(calendar, at);
        }
        const bool inside = at >= first && at <= last;
        assert_int_equal(dk_working_days_from(calendar, from, n, &found, &missing), inside);
        if (!inside) {
            assert_int_equal(missing, n < 0 ? 2003 : 2027);
            continue;
        }
        assert_int_equal(found, at);
        if (n >= 0) {
            assert_true(dk_working_days_between(calendar, from, found, &between, &missing));
            assert_int_equal(between, n);
            assert_true(dk_working_days_between(calendar, found, from, &between, &missing));
            assert_int_equal(between, -n);
        }
        assert_true(dk_working_day_not_before(calendar, from, &found, &missing));
        for (at = from; !works(calendar, at);)
            at++;
        assert_int_equal(found, at);
    }
}

static void a_year_between_that_is_missing_is_missed(void **state)
{
    (void)state;
    dk_working_year years[2];
    const dk_working_calendar calendar = {years, 2};
    int32_t n = 0;
    int missing = 0;
    dk_working_year_begin(&years[0], 2020);
    dk_working_year_begin(&years[1], 2022);
    assert_int_equal(years[0].n_days, 366);
    assert_int_equal(years[0].n_working, 262); /* Monday to Friday of 2020 */
    assert_false(dk_working_days_between(&calendar, dk_day_of(2020, 12, 1), dk_day_of(2022, 2, 1), &n, &missing));
    assert_int_equal(missing, 2021);
    assert_false(dk_working_days_from(&calendar, dk_day_of(2022, 1, 1), -1, &n, &missing));
    assert_int_equal(missing, 2021);
    assert_true(dk_working_days_between(&calendar, dk_day_of(2021, 12, 31), dk_day_of(2022, 1, 3), &n, &missing));
    assert_int_equal(n, 1);
}

/* ---- the cases ---- */

typedef struct facts {
    dk_obligation_facts facts;
    int32_t events[4];
    dk_shown proofs[4];
} facts;

static facts facts_of(const world *w, const json_t *c)
{
    facts f = {.facts = {.applies = true, .exemption = -1}};
    const char *regime = json_string_value(json_object_get(c, "regime"));
    if (regime != NULL) {
        f.facts.regime = dk_catalogue_regime_titled(w->catalogue, regime);
        assert_non_null(f.facts.regime);
    }
    f.events[0] = day_of(json_object_get(c, "event"));
    f.facts.n_events = f.events[0] != DK_NO_DAY;
    size_t i;
    json_t *shown;
    json_array_foreach(json_object_get(c, "shown"), i, shown)
    {
        f.proofs[f.facts.n_proofs].from = day_of(json_array_get(shown, 0));
        f.proofs[f.facts.n_proofs++].until =
            json_is_null(json_array_get(shown, 1)) ? DK_FAR_DAY : day_of(json_array_get(shown, 1));
    }
    return f;
}

static void each_case_is_what_its_article_says(void **state)
{
    const world *w = *state;
    size_t i, failures = 0;
    json_t *c;
    json_array_foreach(w->cases, i, c)
    {
        const dk_obligation *obligation =
            dk_catalogue_obligation(w->catalogue, json_string_value(json_object_get(c, "obligation")));
        assert_non_null(obligation);
        facts f = facts_of(w, c);
        f.facts.events = f.events;
        f.facts.proofs = f.proofs;
        dk_outcome outcome;
        dk_standing standing;
        const int32_t on = day_of(json_object_get(c, "on"));
        dk_obligation_outcome(obligation, &f.facts, DK_FAR_DAY, &outcome);
        dk_outcome_standing(obligation, &outcome, on, &standing);
        const json_t *n = json_object_get(c, "n");
        const int32_t expected = json_is_integer(n) ? (int32_t)json_integer_value(n) : -1;
        const bool good =
            strcmp(dk_disclosure_name(standing.state), json_string_value(json_object_get(c, "state"))) == 0 &&
            outcome.due == day_of(json_object_get(c, "due")) && standing.day == day_of(json_object_get(c, "day")) &&
            standing.n == expected;
        if (!good) {
            char due[DK_DAY_TEXT], day[DK_DAY_TEXT];
            char *text = json_dumps(c, 0);
            print_error("%s\n  got: %s, due %s, day %s, n %d\n", text, dk_disclosure_name(standing.state),
                        dk_day_write(outcome.due, due), dk_day_write(standing.day, day), standing.n);
            free(text);
            failures++;
        }
        assert_int_equal((outcome.reason != DK_WHY_NOTHING),
                         outcome.final == DK_NOT_APPLICABLE || outcome.final == DK_UNKNOWN);
    }
    assert_int_equal(failures, 0);
}

/* ---- properties ---- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Facts as a row could have them: an event or none, up to three proofs. */
static facts random_facts(const world *w, uint32_t *seed, int32_t from, int32_t span, bool single)
{
    facts f = {.facts = {.applies = true, .exemption = -1, .regime = &w->catalogue->regimes[next_random(seed) % 3]}};
    f.facts.n_events = next_random(seed) % 5 != 0;
    f.events[0] = from + (int32_t)(next_random(seed) % (uint32_t)span);
    f.facts.n_proofs = next_random(seed) % (single ? 2 : 4);
    for (size_t i = 0; i < f.facts.n_proofs; i++) {
        f.proofs[i].from = from + (int32_t)(next_random(seed) % (uint32_t)span);
        f.proofs[i].until =
            next_random(seed) % 2 == 0 ? DK_FAR_DAY : f.proofs[i].from + (int32_t)(next_random(seed) % 50);
    }
    return f;
}

/* A kept outcome says of any day what was to be said on it, when one could only know what had happened by then. */
static void what_is_not_there_yet_does_not_count(void **state)
{
    const world *w = *state;
    const int32_t from = dk_day_of(2022, 3, 1);
    uint32_t seed = 7;
    for (int i = 0; i < 4000; i++) {
        const dk_obligation *obligation = &w->catalogue->obligations[next_random(&seed) % w->catalogue->n_obligations];
        facts f = random_facts(w, &seed, from, 120, true);
        f.facts.events = f.events;
        f.facts.proofs = f.proofs;
        dk_outcome all;
        dk_obligation_outcome(obligation, &f.facts, DK_FAR_DAY, &all);
        for (int32_t day = from - 30; day < from + 200; day++) {
            dk_outcome then;
            dk_obligation_outcome(obligation, &f.facts, day, &then);
            if (all.reason == DK_WHY_NOT_IN_FORCE)
                continue; /* that holds for the row as such */
            if (dk_outcome_state(&all, day) != dk_outcome_state(&then, day))
                fail_msg("%s, day %d of run %d: %s, but then %s", obligation->id, day - from, i,
                         dk_disclosure_name(dk_outcome_state(&all, day)),
                         dk_disclosure_name(dk_outcome_state(&then, day)));
        }
        if (all.final != DK_UNKNOWN && all.final != DK_NOT_APPLICABLE)
            assert_int_equal(dk_outcome_state(&all, from + 100000), all.final);
    }
}

static void more_proofs_never_make_it_worse(void **state)
{
    const world *w = *state;
    uint32_t seed = 11;
    for (int i = 0; i < 4000; i++) {
        const dk_obligation *obligation = &w->catalogue->obligations[next_random(&seed) % w->catalogue->n_obligations];
        facts f = random_facts(w, &seed, dk_day_of(2022, 3, 1), 120, false);
        f.facts.events = f.events;
        f.facts.proofs = f.proofs;
        dk_outcome before, with, turned;
        dk_obligation_outcome(obligation, &f.facts, DK_FAR_DAY, &before);
        const dk_shown more = {dk_day_of(2022, 5, 1), DK_FAR_DAY};
        f.proofs[f.facts.n_proofs++] = more;
        dk_obligation_outcome(obligation, &f.facts, DK_FAR_DAY, &with);
        static const int ranks[DK_DISCLOSURES] = {
            [DK_MET] = 0, [DK_WAITING] = 1, [DK_LATE] = 1, [DK_SHORT] = 2, [DK_MISSING] = 3};
        if (before.reason == DK_WHY_NOTHING && with.reason == DK_WHY_NOTHING)
            assert_true(ranks[with.final] <= ranks[before.final]);
        /* In whatever order. */
        const dk_shown first = f.proofs[0];
        f.proofs[0] = f.proofs[f.facts.n_proofs - 1];
        f.proofs[f.facts.n_proofs - 1] = first;
        dk_obligation_outcome(obligation, &f.facts, DK_FAR_DAY, &turned);
        assert_true(turned.final == with.final && turned.shown_from == with.shown_from && turned.due == with.due);
    }
}

static void the_first_or_the_last_of_several_events_counts(void **state)
{
    const world *w = *state;
    dk_obligation obligation = *dk_catalogue_obligation(w->catalogue, "plan_result_publication");
    const int32_t events[] = {dk_day_of(2024, 6, 3), dk_day_of(2024, 3, 1), DK_NO_DAY, dk_day_of(2024, 9, 2)};
    const dk_obligation_facts f = {.applies = true, .exemption = -1, .events = events, .n_events = 4};
    dk_outcome outcome;
    dk_obligation_outcome(&obligation, &f, DK_FAR_DAY, &outcome);
    assert_int_equal(outcome.event, events[1]);
    obligation.take_last = true;
    dk_obligation_outcome(&obligation, &f, DK_FAR_DAY, &outcome);
    assert_int_equal(outcome.event, events[3]);
    dk_obligation_outcome(&obligation, &f, dk_day_of(2024, 8, 1), &outcome);
    assert_int_equal(outcome.event, events[0]);
}

static void why_it_does_not_apply_or_cannot_be_told_is_said(void **state)
{
    const world *w = *state;
    dk_obligation obligation = *dk_catalogue_obligation(w->catalogue, "requisition_announcement");
    dk_exemption exemption = {.why = "抢险救灾用地"};
    obligation.exemptions = &exemption;
    obligation.n_exemptions = 1;
    const int32_t event = dk_day_of(2026, 12, 21), early = dk_day_of(2020, 1, 6), known = dk_day_of(2024, 9, 18);
    const dk_shown undated = {DK_NO_DAY, DK_FAR_DAY}, shown = {dk_day_of(2026, 12, 22), DK_FAR_DAY};
    const dk_regime *old = &w->catalogue->regimes[0], *new = &w->catalogue->regimes[2];
    const struct {
        dk_obligation_facts facts;
        dk_disclosure state;
        const char *why;
    } table[] = {
        {{false, -1, new, &event, 1, NULL, 0}, DK_NOT_APPLICABLE, "不符合该事项的适用条件"},
        {{true, 0, new, &event, 1, NULL, 0}, DK_NOT_APPLICABLE, "抢险救灾用地"},
        {{true, -1, old, &event, 1, NULL, 0}, DK_NOT_APPLICABLE, "所适用的程序没有该事项"},
        {{true, -1, new, &early, 1, NULL, 0}, DK_NOT_APPLICABLE, "起算日不在规定的施行期间"},
        {{true, -1, NULL, &event, 1, NULL, 0}, DK_UNKNOWN, "缺少判断适用程序的数据"},
        {{true, -1, NULL, NULL, 0, NULL, 0}, DK_WAITING, ""},
        {{true, -1, new, NULL, 0, &shown, 1}, DK_UNKNOWN, "缺少起算日"},
        {{true, -1, new, &event, 1, &undated, 1}, DK_UNKNOWN, "国务院办公厅节假日安排缺少2027年的工作日"},
        {{true, -1, new, &event, 1, NULL, 0}, DK_UNKNOWN, "国务院办公厅节假日安排缺少2027年的工作日"},
        {{true, -1, new, &known, 1, &undated, 1}, DK_UNKNOWN, "公开记录没有日期"},
        {{true, -1, new, &known, 1, &shown, 1}, DK_LATE, ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        dk_outcome outcome;
        char text[DK_STANDING_TEXT];
        dk_obligation_outcome(&obligation, &table[i].facts, DK_FAR_DAY, &outcome);
        assert_int_equal(dk_outcome_state(&outcome, dk_day_of(2026, 12, 31)), table[i].state);
        assert_string_equal(dk_outcome_reason(&obligation, &outcome, text), table[i].why);
    }
    /* Words of the catalogue that are too long end with a whole character, of three bytes here. */
    char why[3 * DK_STANDING_TEXT], text[DK_STANDING_TEXT];
    for (size_t before = 0; before < 3; before++) {
        memset(why, 'a', before);
        for (size_t i = before; i + 3 < sizeof why; i += 3)
            memcpy(why + i, "灾", 4);
        exemption.why = why;
        dk_outcome outcome;
        dk_obligation_outcome(&obligation, &table[1].facts, DK_FAR_DAY, &outcome);
        dk_outcome_reason(&obligation, &outcome, text);
        assert_int_equal(strlen(text), before + (DK_STANDING_TEXT - 1 - before) / 3 * 3);
        assert_memory_equal(text, why, strlen(text));
    }
}

static void a_standing_is_said_in_chinese(void **state)
{
    (void)state;
    const int32_t day = dk_day_of(2024, 10, 14);
    const struct {
        dk_standing standing;
        const char *text;
    } table[] = {
        {{.state = DK_WAITING, .day = DK_NO_DAY, .n = -1}, "未到期"},
        {{.state = DK_DUE, .day = day, .n = 5, .working = true}, "应于2024-10-14前公开"},
        {{.state = DK_DUE, .day = day, .n = 5, .being_shown = true}, "应公示至2024-10-14"},
        {{.state = DK_MET, .day = day, .n = 2, .working = true}, "已按期公开（2024-10-14，提前2个工作日）"},
        {{.state = DK_MET, .day = day, .n = 0, .working = true}, "已按期公开（2024-10-14）"},
        {{.state = DK_LATE, .day = day, .n = 1, .working = true}, "逾期公开（2024-10-14，逾期1个工作日）"},
        {{.state = DK_SHORT, .day = day, .n = 1}, "公示期不足（公示至2024-10-14，少1个日历日）"},
        {{.state = DK_MISSING, .day = day, .n = -1, .working = true}, "逾期未公开（应于2024-10-14前公开）"},
        {{.state = DK_NOT_APPLICABLE, .day = DK_NO_DAY, .n = -1}, "不适用"},
        {{.state = DK_UNKNOWN, .day = DK_NO_DAY, .n = -1}, "无法计算"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[DK_STANDING_TEXT];
        assert_string_equal(dk_standing_text(&table[i].standing, text), table[i].text);
    }
    for (int i = 0; i < DK_DISCLOSURES; i++) {
        dk_disclosure again = DK_WAITING;
        assert_true(dk_disclosure_named(dk_disclosure_name((dk_disclosure)i), &again) && again == (dk_disclosure)i);
    }
    dk_disclosure none = DK_MET;
    assert_false(dk_disclosure_named("soon", &none));
}

static void it_is_due_soon_from_some_days_before(void **state)
{
    const world *w = *state;
    const dk_obligation *obligation = dk_catalogue_obligation(w->catalogue, "requisition_announcement");
    const int32_t event = dk_day_of(2024, 9, 18), due = dk_day_of(2024, 10, 14);
    const dk_obligation_facts f = {true, -1, &w->catalogue->regimes[2], &event, 1, NULL, 0};
    dk_outcome outcome;
    dk_obligation_outcome(obligation, &f, DK_FAR_DAY, &outcome);
    assert_int_equal(outcome.due, due);
    assert_int_equal(outcome.soon_from, due - 5); /* five days are the default */
    assert_false(dk_outcome_soon(&outcome, due - 6));
    assert_true(dk_outcome_soon(&outcome, due - 5) && dk_outcome_soon(&outcome, due));
    assert_false(dk_outcome_soon(&outcome, due + 1));
    for (int32_t day = due - 6; day <= due + 1; day++) {
        dk_standing standing;
        dk_outcome_standing(obligation, &outcome, day, &standing);
        assert_int_equal(standing.soon, day >= due - 5 && day <= due);
        assert_int_equal(standing.day, due);
    }
}

/* Of what is shown until a day to come one does not know yet that this was too short: of two, the first counts until
 * it has ended. */
static void what_has_not_ended_yet_is_not_too_short(void **state)
{
    const world *w = *state;
    dk_obligation obligation = *dk_catalogue_obligation(w->catalogue, "requisition_announcement");
    obligation.lasts = (dk_period){30, false};
    const int32_t event = dk_day_of(2024, 9, 18), from = dk_day_of(2024, 9, 20);
    const dk_shown shown[] = {{from, from + 20}, {from + 10, DK_FAR_DAY}};
    const dk_obligation_facts f = {true, -1, &w->catalogue->regimes[2], &event, 1, shown, 2};
    for (int32_t day = from + 10; day < from + 50; day++) {
        dk_outcome outcome;
        dk_obligation_outcome(&obligation, &f, day, &outcome);
        const bool ended = day > from + 20;
        assert_int_equal(outcome.shown_from, ended ? from + 10 : from);
        assert_int_equal(outcome.needed_until, outcome.shown_from + 30);
        assert_int_equal(outcome.shown_until, DK_FAR_DAY);
        assert_int_equal(dk_outcome_state(&outcome, day), day < from + 40 ? DK_DUE : DK_MET);
    }
}

static void what_has_no_date_is_told_from_what_is_not_published(void **state)
{
    const world *w = *state;
    const dk_dated_rows *notice = &dk_catalogue_obligation(w->catalogue, "compensation_announcement")->proofs[0];
    const dk_dated_rows *approval = &dk_catalogue_obligation(w->catalogue, "approval_document")->proofs[0];
    dk_shown shown;
    assert_true(dk_shown_read(notice, "2024-02-01", NULL, &shown));
    assert_true(shown.from == dk_day_of(2024, 2, 1) && shown.until == DK_FAR_DAY);
    assert_true(dk_shown_read(notice, "2024-02-01", "2024-03-02", &shown));
    assert_int_equal(shown.until, dk_day_of(2024, 3, 2));
    assert_true(dk_shown_read(notice, NULL, NULL, &shown));
    assert_int_equal(shown.from, DK_NO_DAY);
    assert_true(dk_shown_read(approval, "2024-02-01", NULL, &shown));
    assert_false(dk_shown_read(approval, NULL, NULL, &shown)); /* approved, and shown nowhere */
}

static void what_is_not_confirmed_is_switched_off(void **state)
{
    const world *w = *state;
    size_t off = 0;
    for (size_t i = 0; i < w->catalogue->n_obligations; i++) {
        const dk_obligation *obligation = &w->catalogue->obligations[i];
        assert_int_equal(obligation->enabled, obligation->unconfirmed == NULL);
        off += !obligation->enabled;
    }
    assert_int_equal(off, 3);
}

static void a_regime_is_said_by_its_title_or_a_date(void **state)
{
    const world *w = *state;
    const dk_field title = {.type = DK_FIELD_TEXT}, date = {.type = DK_FIELD_DATE};
    const dk_regime *regimes = w->catalogue->regimes;
    assert_ptr_equal(dk_regime_said(w->catalogue, &title, "2020年前"), &regimes[0]);
    assert_null(dk_regime_said(w->catalogue, &title, "2019-12-31"));
    assert_ptr_equal(dk_regime_said(w->catalogue, &date, "2019-12-31"), &regimes[0]);
    assert_ptr_equal(dk_regime_said(w->catalogue, &date, "2020-01-01"), &regimes[1]);
    assert_ptr_equal(dk_regime_said(w->catalogue, &date, "2021-08-31"), &regimes[1]);
    assert_ptr_equal(dk_regime_said(w->catalogue, &date, "2021-09-01"), &regimes[2]);
    assert_null(dk_regime_said(w->catalogue, &date, "2021年9月"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_calendar),
        cmocka_unit_test(working_days_are_counted_as_chinese_days_counts_them),
        cmocka_unit_test(counting_is_counting_day_by_day),
        cmocka_unit_test(a_year_between_that_is_missing_is_missed),
        cmocka_unit_test(each_case_is_what_its_article_says),
        cmocka_unit_test(what_is_not_there_yet_does_not_count),
        cmocka_unit_test(more_proofs_never_make_it_worse),
        cmocka_unit_test(the_first_or_the_last_of_several_events_counts),
        cmocka_unit_test(why_it_does_not_apply_or_cannot_be_told_is_said),
        cmocka_unit_test(a_standing_is_said_in_chinese),
        cmocka_unit_test(it_is_due_soon_from_some_days_before),
        cmocka_unit_test(what_has_not_ended_yet_is_not_too_short),
        cmocka_unit_test(what_has_no_date_is_told_from_what_is_not_published),
        cmocka_unit_test(what_is_not_confirmed_is_switched_off),
        cmocka_unit_test(a_regime_is_said_by_its_title_or_a_date),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
