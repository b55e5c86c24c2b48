#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/audience.h"
#include "store/succession.h"

/* 居巢区 became 巢湖市 in 2011 (their real codes); the rest is invented: a township that was merged, twice, one whose
 * villages went to two others, one that was renamed before a village of it went to another, and a zone that was given
 * up and has no successor but the county. */
static dk_division divisions[] = {
    {.code = "340123"},
    {.code = "340123100"},
    {.code = "340123101", .successor = "340123102"},
    {.code = "340123102", .successor = "340123100"},
    {.code = "340123103", .successor = "340123100"},
    {.code = "340123103201", .successor = "340123104009"},
    {.code = "340123104"},
    {.code = "340123104009"},
    {.code = "340123105", .successor = "340123106"},
    {.code = "340123106"},
    {.code = "340123106003", .successor = "340123107004"},
    {.code = "340123107004"},
    {.code = "340123400", .successor = "340123"},
    {.code = "340123400001"},
    {.code = "340181"},
    {.code = "341402", .successor = "340181"},
};
static const dk_division *by_successor[] = {&divisions[12], &divisions[3], &divisions[4],  &divisions[2],
                                            &divisions[5],  &divisions[8], &divisions[10], &divisions[15]};
static dk_catalogue catalogue = {.divisions = divisions,
                                 .n_divisions = sizeof divisions / sizeof *divisions,
                                 .by_successor = by_successor,
                                 .n_successors = sizeof by_successor / sizeof *by_successor};

static void a_code_leads_to_its_successors_and_villages_follow_their_township(void **state)
{
    (void)state;
    static const struct {
        const char *code, *next;
    } table[] = {
        {"341402", "340181"},
        {"341402000000", "340181000000"},
        {"341402101", "340181101"},
        {"340123101", "340123102"},
        {"340123101205", "340123102205"},
        {"340123103201", "340123104009"},
        {"340123103202", "340123100202"},
        {"340123105003", "340123106003"},
        {"340123106003", "340123107004"},
        {"340123400001", "340123"},
    };
    char next[13];
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_true(dk_division_next(&catalogue, table[i].code, next));
        assert_string_equal(next, table[i].next);
    }
    assert_false(dk_division_next(&catalogue, "340181", next));
    assert_false(dk_division_next(&catalogue, "340123104009", next));
    assert_false(dk_division_next(&catalogue, "3414", next));
    assert_false(dk_division_next(&catalogue, "", next));
    assert_false(dk_division_next(NULL, "341402", next));
    dk_division_last(&catalogue, "340123105003", next);
    assert_string_equal(next, "340123107004");
    dk_division_last(&catalogue, "3414", next);
    assert_string_equal(next, "3414");
    dk_division_last(NULL, "341402", next);
    assert_string_equal(next, "341402");
}

static void rows_of_a_dead_code_lie_in_the_scope_of_what_followed(void **state)
{
    (void)state;
    static const struct {
        const char *code, *scope;
        bool within;
    } table[] = {
        {"341402", "340181", true},
        {"341402", "341402", true},
        {"341402", "3401", true},
        {"341402", "3414", true},
        {"341402101", "340181", true},
        {"340181", "341402", false},
        {"340123101205", "340123100", true},
        {"340123101", "340123102", true},
        {"340123101", "340123103", false},
        {"340123103201", "340123104", true},
        {"340123103201", "340123100", false},
        {"340123103202", "340123100", true},
    };
    dk_field fields[] = {{.name = "a", .audience = DK_PUBLIC}, {.name = "b", .audience = DK_STAFF}};
    const dk_kind kind = {.name = "k", .fields = fields, .n_fields = 2, .catalogue = &catalogue};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        dk_viewer viewer;
        assert_true(dk_viewer_staff(table[i].scope, &viewer));
        const dk_view view = dk_view_of(&kind, &viewer);
        if (dk_view_fields(&view, table[i].code) != (table[i].within ? 3 : 1) ||
            dk_viewer_covers(&kind, &viewer, table[i].code) != table[i].within)
            fail_msg("%s in %s", table[i].code, table[i].scope);
    }
    const dk_viewer anyone = dk_viewer_public();
    assert_false(dk_viewer_covers(&kind, &anyone, "341402"));
}

static bool append(const char *code, void *user)
{
    strcat(strcat(user, " "), code);
    return true;
}

static void the_former_codes_of_a_division(void **state)
{
    (void)state;
    static const struct {
        const char *code, *former;
    } table[] = {
        {"340181", " 341402"},
        {"340181101", " 341402101"},
        {"340123100", " 340123101 340123102 340123103"},
        {"340123102", " 340123101"},
        {"340123100201", " 340123101201 340123102201"}, /* 340123103201 went elsewhere */
        {"340123104009", " 340123103201"},
        {"340123107004", " 340123105003 340123106003"}, /* which was renamed first */
        {"340123106", " 340123105"},
        {"340123", " 340123400 340123400001"},
        {"340123101", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char list[200] = "";
        dk_division_former(&catalogue, table[i].code, false, append, list);
        assert_string_equal(list, table[i].former);
    }
    /* And of its parts: a district that came to a city, a village to a township; what it was before begins as it does.
     */
    static const struct {
        const char *code, *former;
    } parts[] = {
        {"3401", " 341402"},
        {"340123104", " 340123103201"},
        {"340123107", " 340123105003 340123106003"},
        {"340123", ""},
        {"340181", " 341402"},
        {"340181101", " 341402101"},
        {"3414", ""},
        {"34", ""},
        {"340123100", " 340123101 340123102 340123103"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char list[200] = "";
        dk_division_former(&catalogue, parts[i].code, true, append, list);
        assert_string_equal(list, parts[i].former);
    }
    assert_true(dk_division_answers(&catalogue, "340123101", "340123100"));
    assert_false(dk_division_answers(&catalogue, "340123101", "340123"));
}

/* A town that is given up at the end of 2026, one that went into it before, and two of which nothing is left. */
static void a_code_has_ended_when_its_last_day_is_past(void **state)
{
    (void)state;
    static dk_division towns[] = {
        {.code = "340123201", .valid_to = "2026-12-31", .successor = "340123202"},
        {.code = "340123202"},
        {.code = "340123203", .successor = "340123201"},
        {.code = "340123204", .valid_to = "2001-01-01"},
        {.code = "340123205", .valid_to = "1999-12-31", .successor = "340123204"},
    };
    static const dk_catalogue of_towns = {.divisions = towns, .n_divisions = 5, .n_successors = 3};
    static const struct {
        const char *code, *day, *now; /* NULL: nothing is in its place */
    } table[] = {
        {"340123201", "2026-12-31", "340123201"},
        {"340123201", "2027-01-01", "340123202"},
        {"340123201007", "2027-01-01", "340123202007"},
        {"340123203", "2026-12-31", "340123201"},
        {"340123203", "2027-01-01", "340123202"},
        {"340123205", "1999-12-31", "340123205"},
        {"340123205", "2000-06-01", "340123204"},
        {"340123205", "2026-01-01", NULL},
        {"", "2026-01-01", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char now[13];
        const bool any = dk_division_on(&of_towns, table[i].code, table[i].day, now);
        if (any != (table[i].now != NULL) || (any && strcmp(now, table[i].now) != 0) ||
            dk_division_ended(&of_towns, table[i].code, table[i].day) != (!any || strcmp(now, table[i].code) != 0))
            fail_msg("%s on %s: %s", table[i].code, table[i].day, any ? now : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_leads_to_its_successors_and_villages_follow_their_township),
        cmocka_unit_test(rows_of_a_dead_code_lie_in_the_scope_of_what_followed),
        cmocka_unit_test(the_former_codes_of_a_division),
        cmocka_unit_test(a_code_has_ended_when_its_last_day_is_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
