/* Values and times as pages say them. */
#include "tiler/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void says(const char *moment, const char *want)
{
    dk_buf buf;
    dk_buf_init(&buf);
    dk_html html = {NULL, &buf};
    dk_html_moment(&html, moment);
    const char *page = dk_buf_cstr(&buf);
    assert_non_null(page);
    if (strstr(page, want) == NULL)
        fail_msg("%s: %s, not %s", moment, page, want);
    dk_buf_finish(&buf);
}

static void a_moment_is_told_as_the_time_in_china(void **state)
{
    (void)state;
    says("2021-03-05T01:08:59Z", "<time datetime=\"2021-03-05T01:08:59Z\">2021年3月5日 09:08</time>");
    says("2021-12-31T15:59:59Z", ">2021年12月31日 23:59<");
    says("2021-12-31T16:00:00Z", ">2022年1月1日 00:00<");
    says("2024-02-28T23:30:00Z", ">2024年2月29日 07:30<");
    says("2023-02-28T23:30:00Z", ">2023年3月1日 07:30<");
    for (time_t at = 0; at < (time_t)4e9; at += 86400 * 29 + 3599) { /* as the C library counts */
        const time_t there = at + 8 * 3600;
        struct tm utc, china;
        char moment[32], want[64];
        assert_non_null(gmtime_r(&at, &utc));
        assert_non_null(gmtime_r(&there, &china));
        strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", &utc);
        snprintf(want, sizeof want, ">%d年%d月%d日 %02d:%02d<", china.tm_year + 1900, china.tm_mon + 1, china.tm_mday,
                 china.tm_hour, china.tm_min);
        says(moment, want);
    }
}

static void what_is_no_moment_stays_as_it_is(void **state)
{
    static const char *const others[] = {
        "", "2021-03-05", "2021-02-30T01:00:00Z", "2021-03-05T01:08:59+08:00", "2021-03-05T01:08Z", "soon"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        dk_buf buf;
        dk_buf_init(&buf);
        dk_html html = {NULL, &buf};
        dk_html_moment(&html, others[i]);
        assert_string_equal(dk_buf_cstr(&buf), others[i]);
        dk_buf_finish(&buf);
    }
}

static void a_year_is_no_amount(void **state)
{
    static const struct {
        int64_t value;
        const char *unit;
        const char *want;
    } cases[] = {{2021, NULL, ">2021<"},    {-1, NULL, ">-1<"},          {9999, NULL, ">9999<"},
                 {12021, NULL, ">12,021<"}, {-10000, NULL, ">-10,000<"}, {2021, "m2", ">2,021</span> 平方米"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dk_field field = {.type = DK_FIELD_INTEGER, .unit = cases[i].unit};
        const dk_value value = dk_value_integer(cases[i].value);
        dk_buf buf;
        dk_buf_init(&buf);
        dk_html html = {NULL, &buf};
        dk_html_value(&html, &field, &value, true);
        if (strstr(dk_buf_cstr(&buf), cases[i].want) == NULL)
            fail_msg("%s, not %s", dk_buf_cstr(&buf), cases[i].want);
        dk_buf_finish(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_told_as_the_time_in_china),
        cmocka_unit_test(what_is_no_moment_stays_as_it_is),
        cmocka_unit_test(a_year_is_no_amount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
