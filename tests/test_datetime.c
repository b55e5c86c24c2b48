/* The parameter datetime as clients write it (RFC 3339, 5.6; OGC API Features, 7.15.4). */
#include "tiler/datetime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void instants_and_intervals_are_days(void **state)
{
    (void)state;
    static const struct {
        const char *text, *first, *last;
    } cases[] = {{"2020-03-05", "2020-03-05", "2020-03-05"},
                 {"2020-02-29", "2020-02-29", "2020-02-29"},
                 {"2000-02-29", "2000-02-29", "2000-02-29"},
                 {"2020-03-05T08:00:00Z", "2020-03-05", "2020-03-05"},
                 {"2020-03-05t23:59:60.123z", "2020-03-05", "2020-03-05"},
                 {"2020-03-05T08:00:00+08:00", "2020-03-05", "2020-03-05"},
                 {"2020-03-05T", "2020-03-05", "2020-03-05"},
                 {"2020-03-05/2021-01-01", "2020-03-05", "2021-01-01"},
                 {"2020-03-05/2020-03-05", "2020-03-05", "2020-03-05"},
                 {"2020-03-05T00:00:00Z/2021-01-01T00:00:00Z", "2020-03-05", "2021-01-01"},
                 {"2020-03-05T/..", "2020-03-05", ""},
                 {"2020-03-05/..", "2020-03-05", ""},
                 {"2020-03-05/", "2020-03-05", ""},
                 {"../2020-03-05", "", "2020-03-05"},
                 {"/2020-03-05", "", "2020-03-05"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_datetime found;
        dk_error error;
        error.text[0] = '\0';
        if (dk_datetime_read(cases[i].text, &found, &error) != DK_OK)
            fail_msg("%s: %s", cases[i].text, error.text);
        assert_string_equal(found.first, cases[i].first);
        assert_string_equal(found.last, cases[i].last);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } cases[] = {{"", "no date"},
                 {"..", "no date"},
                 {"/", "both ends"},
                 {"../..", "both ends"},
                 {"2020", "no date"},
                 {"2020-3-5", "no date"},
                 {"0000-01-01", "no date"},
                 {"2020-13-01", "no date"},
                 {"2020-02-30", "does not have"},
                 {"1900-02-29", "does not have"},
                 {"2020-04-31/..", "does not have"},
                 {"2020-03-05 ", "too much"},
                 {"2020-03-05Z", "too much"},
                 {"2020-03-05T08:00Z", "RFC 3339"},
                 {"2020-03-05T08:00:00", "RFC 3339"},
                 {"2020-03-05T24:00:00Z", "RFC 3339"},
                 {"2020-03-05T08:00:00.Z", "RFC 3339"},
                 {"2020-03-05T08:00:00 08:00", "%2B"},
                 {"2020-03-05T08:00:00Zx", "too much"},
                 {"2021-01-01/2020-01-01", "behind its end"},
                 {"2020-01-01/2020-01-02/2020-01-03", "too much"},
                 {"2020-01-01/x", "\"x\""},
                 {"2020-01-01/2020-01-01/2020-01-01/2020-01-01/2020-01-01/2020-01-01/2020-01-01/2020-01-01/2020-01-01/"
                  "2020-01-01",
                  "longer"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_datetime found;
        dk_error error;
        error.text[0] = '\0';
        assert_int_equal(dk_datetime_read(cases[i].text, &found, &error), DK_INVALID);
        if (strstr(error.text, cases[i].said) == NULL)
            fail_msg("%s: %s", cases[i].text, error.text);
        assert_non_null(strstr(error.text, "\"datetime\""));
    }
}

/* The C library knows which days there are: timegm moves others. */
static void every_day_of_four_hundred_years_is_one(void **state)
{
    (void)state;
    for (int year = 1800; year < 2200; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 28; day <= 32; day++) {
                char text[40];
                snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
                struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day};
                timegm(&tm);
                dk_datetime found;
                dk_error error;
                assert_int_equal(dk_datetime_read(text, &found, &error) == DK_OK, tm.tm_mday == day);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_and_intervals_are_days),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(every_day_of_four_hundred_years_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
