/* The disclosure clock as rows come and go: after every change the facts of every row are compared with those that one
 * finds by looking at every other row (clock_fixture.h). */
#include "clock_fixture.h"

#include <sqlite3.h>

static const int about[] = {PARCEL, PROJECT};

static void print_outcome(const char *whose, const dk_outcome *o)
{
    print_error("%s: final %d reason %d detail %d event %d known %d due %d shown %d..%d needed %d\n", whose,
                (int)o->final, (int)o->reason, (int)o->detail, (int)o->event, (int)o->known_from, (int)o->due,
                (int)o->shown_from, (int)o->shown_until, (int)o->needed_until);
}

static bool same_outcome(const dk_outcome *a, const dk_outcome *b)
{
    return a->final == b->final && a->reason == b->reason && a->detail == b->detail && a->event == b->event &&
           a->known_from == b->known_from && a->due == b->due && a->soon_from == b->soon_from &&
           a->shown_from == b->shown_from && a->shown_until == b->shown_until && a->needed_until == b->needed_until;
}

/* Compares every row that is published in a generation; gives how many outcomes it has seen of each state. */
static void compare_rows(clock_world *w, const plain_state *s, int64_t generation, int32_t as_of,
                         int64_t seen[DK_DISCLOSURES])
{
    static plain_facts facts;
    dk_clock_outcome *outcomes = malloc(DK_MAX_OBLIGATIONS * sizeof *outcomes);
    for (size_t a = 0; a < 2; a++) {
        const int kind = about[a];
        for (size_t r = 0; r < s->n[kind]; r++) {
            const plain_row *row = s->rows[kind][r];
            size_t n = 0;
            const dk_regime *regime = NULL;
            if (dk_clock_of_row(w->f.store, dk_catalogue_kind(w->f.catalogue, clock_kinds[kind]), row->key, generation,
                                as_of, outcomes, &n, &regime, &w->f.err) != DK_OK)
                fail_msg("%s %s: %s", clock_kinds[kind], row->key, w->f.err.text);
            assert_int_equal(n, kind == PARCEL ? 5 : 2);
            assert_ptr_equal(regime, kind == PARCEL ? plain_regime(w, s, row) : NULL);
            for (size_t i = 0; i < n; i++) {
                dk_outcome expected;
                plain_facts_of(w, s, kind, row, outcomes[i].obligation, &facts);
                dk_obligation_outcome(outcomes[i].obligation, &facts.facts, as_of, &expected);
                if (!same_outcome(&outcomes[i].outcome, &expected)) {
                    print_outcome("found", &outcomes[i].outcome);
                    print_outcome("expected", &expected);
                    fail_msg("%s %s, %s, generation %lld", clock_kinds[kind], row->key, outcomes[i].obligation->id,
                             (long long)generation);
                }
                seen[dk_outcome_state(&expected, as_of == DK_FAR_DAY ? day("2026-11-28") : as_of)]++;
            }
        }
    }
    free(outcomes);
}

static void rows_say_what_looking_at_everything_says(void **state)
{
    clock_world *w = *state;
    int64_t seen[DK_DISCLOSURES] = {0};
    static plain_state at[200];
    int64_t generations[200];
    size_t n = 0;
    for (int step = 0; step < 90; step++) {
        if (!random_step(w))
            continue;
        generations[n] = generation_of(&w->f);
        plain_published(w, &at[n]);
        compare_rows(w, &at[n], generations[n], DK_FAR_DAY, seen);
        n++;
    }
    for (size_t i = 0; i < DK_DISCLOSURES; i++)
        assert_true(seen[i] > 0); /* every state has been there */
    /* On other days, and in the generations before. */
    static const char *const days[] = {"2019-12-31", "2020-06-15", "2021-09-01",
                                       "2022-05-20", "2023-03-03", "2026-11-28"};
    for (size_t i = 0; i < 6; i++)
        compare_rows(w, &at[n - 1], generations[n - 1], day(days[i]), seen);
    for (size_t i = 0; i < n; i += 3)
        compare_rows(w, &at[i], generations[i], DK_FAR_DAY, seen);
}

static void a_row_that_is_not_there_is_said_to_be_so(void **state)
{
    clock_world *w = *state;
    dk_clock_outcome *outcomes = malloc(DK_MAX_OBLIGATIONS * sizeof *outcomes);
    size_t n = 0;
    const dk_regime *regime = NULL;
    assert_int_equal(dk_clock_of_row(w->f.store, dk_catalogue_kind(w->f.catalogue, "parcel"), "P1",
                                     generation_of(&w->f), DK_FAR_DAY, outcomes, &n, &regime, &w->f.err),
                     DK_NOT_FOUND);
    assert_non_null(strstr(w->f.err.text, "P1"));
    /* Of a kind that no obligation is about, nothing is due. */
    plain_row row = {0};
    set(&row, "id", "C1");
    publish_rows(w, CERTIFICATE, &row, 1);
    n = 9;
    assert_int_equal(dk_clock_of_row(w->f.store, dk_catalogue_kind(w->f.catalogue, "certificate"), "C1",
                                     generation_of(&w->f), DK_FAR_DAY, outcomes, &n, &regime, &w->f.err),
                     DK_OK);
    assert_int_equal(n, 0);
    free(outcomes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_say_what_looking_at_everything_says, clock_setup, clock_teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_not_there_is_said_to_be_so, clock_setup, clock_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
