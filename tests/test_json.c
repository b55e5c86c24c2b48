/* The JSON writer: escapes of RFC 8259, numbers that read back as themselves. */
#include "tiler/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static dk_buf buf;
static dk_json json;

static int set_up(void **state)
{
    (void)state;
    dk_buf_init(&buf);
    dk_json_init(&json, &buf);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dk_buf_finish(&buf);
    return 0;
}

static const char *written(void)
{
    return dk_buf_cstr(&buf);
}

static void objects_and_arrays_have_their_commas(void **state)
{
    (void)state;
    dk_json_object_begin(&json);
    dk_json_member_text(&json, "a", "x");
    dk_json_key(&json, "b");
    dk_json_array_begin(&json);
    dk_json_integer(&json, 1);
    dk_json_array_begin(&json);
    dk_json_array_end(&json);
    dk_json_object_begin(&json);
    dk_json_object_end(&json);
    dk_json_null(&json);
    dk_json_bool(&json, true);
    dk_json_bool(&json, false);
    dk_json_array_end(&json);
    dk_json_member_text(&json, "c", NULL);
    dk_json_object_end(&json);
    assert_string_equal(written(), "{\"a\":\"x\",\"b\":[1,[],{},null,true,false],\"c\":null}");
}

static void texts_are_escaped_and_what_is_no_utf8_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *expected;
    } cases[] = {
        {"plain", 5, "\"plain\""},
        {"\"\\/", 3, "\"\\\"\\\\/\""},
        {"\b\f\n\r\t", 5, "\"\\u0008\\u000c\\u000a\\u000d\\u0009\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\x7f", 1, "\"\x7f\""},
        {"皖政地〔2021〕1号", 23, "\"皖政地〔2021〕1号\""},
        {"\xf0\xa0\xae\xb7", 4, "\"\xf0\xa0\xae\xb7\""}, /* 𠮷, beyond the BMP */
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xc0\xaf", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},                                 /* overlong slash */
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},                 /* surrogate */
        {"\xe5\x9c", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},                                 /* cut off */
        {"\xf4\x90\x80\x80", 4, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* above U+10FFFF */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&buf);
        dk_json_init(&json, &buf);
        dk_json_text_n(&json, cases[i].text, cases[i].size);
        assert_string_equal(written(), cases[i].expected);
    }
}

static void numbers_are_the_shortest_that_read_back(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *expected;
    } cases[] = {{0, "0"},
                 {-0.0, "0"},
                 {1, "1"},
                 {-17, "-17"},
                 {0.1, "0.1"},
                 {1.5, "1.5"},
                 {4034.26, "4034.26"},
                 {1e15, "1000000000000000"},
                 {0.30000000000000004, "0.30000000000000004"},
                 {1e300, "1e+300"},
                 {5e-324, "4.94065645841247e-324"},
                 {NAN, "null"},
                 {INFINITY, "null"},
                 {-INFINITY, "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&buf);
        dk_json_init(&json, &buf);
        dk_json_number(&json, cases[i].value);
        assert_string_equal(written(), cases[i].expected);
    }
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        double value;
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        memcpy(&value, &random, sizeof value);
        if (!isfinite(value))
            continue;
        dk_buf_clear(&buf);
        dk_json_init(&json, &buf);
        dk_json_number(&json, value);
        assert_true(strtod(written(), NULL) == value);
    }
}

static void integers_to_their_ends(void **state)
{
    (void)state;
    dk_json_array_begin(&json);
    dk_json_integer(&json, INT64_MAX);
    dk_json_integer(&json, INT64_MIN);
    dk_json_array_end(&json);
    assert_string_equal(written(), "[9223372036854775807,-9223372036854775808]");
}

static void degrees_have_nine_decimals_at_most_and_no_exponent(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *expected;
    } cases[] = {{116.3, "116.3"},
                 {-0.0000000004, "0"},
                 {-0.000000001, "-0.000000001"},
                 {117.2000000001, "117.2"},
                 {180, "180"},
                 {-179.999999999, "-179.999999999"},
                 {34.285714285714, "34.285714286"},
                 {0.05, "0.05"},
                 {99.9999999996, "100"},
                 {NAN, "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_buf_clear(&buf);
        dk_json_init(&json, &buf);
        dk_json_degrees(&json, cases[i].value);
        assert_string_equal(written(), cases[i].expected);
    }
}

/* As printf of the C library has it, less the zeros at its end. */
static void degrees_of_all_sizes_read_as_printf_writes_them(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        /* Of few decimals and of nine, of 0 to 4 digits before the point, of both signs. */
        static const int64_t spans[] = {1000, 1000000000, 100000000000, 360000000000, 9000000000000};
        int64_t scaled = (int64_t)(random % (uint64_t)spans[random >> 32 & 3]) * (random >> 40 & 1 ? 1 : -1);
        if (random >> 41 & 1)
            scaled = scaled / 1000000 * 1000000;
        if (i % 16 == 0)
            scaled = (int64_t)(random % (uint64_t)spans[4]);
        char expected[64];
        snprintf(expected, sizeof expected, "%.9f", (double)scaled / 1e9);
        size_t n = strlen(expected);
        while (expected[n - 1] == '0')
            n--;
        expected[expected[n - 1] == '.' ? n - 1 : n] = '\0';
        dk_buf_clear(&buf);
        dk_json_init(&json, &buf);
        dk_json_degrees(&json, (double)scaled / 1e9);
        assert_string_equal(written(), strcmp(expected, "-0") == 0 ? "0" : expected);
    }
}

/* Texts of pieces at every place of a word: what is escaped is escaped wherever it stands, and nothing else is. */
static void texts_of_all_lengths_are_escaped_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *text, *written;
    } pieces[] = {{"a", "a"},
                  {"ab-9_Z~\x7f", "ab-9_Z~\x7f"},
                  {"\"", "\\\""},
                  {"\\", "\\\\"},
                  {"\n", "\\u000a"},
                  {"\x1f", "\\u001f"},
                  {"皖", "皖"},
                  {"é", "é"},
                  {"〔2021〕", "〔2021〕"},
                  {"\xf0\xa0\xae\xb7", "\xf0\xa0\xae\xb7"},
                  {"\xe7\x9a", "\xef\xbf\xbd\xef\xbf\xbd"},
                  {"\xff", "\xef\xbf\xbd"},
                  {" ", " "},
                  {"!", "!"},
                  {"#[]", "#[]"},
                  {"\xee\x80\x80", "\xee\x80\x80"}};
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 50000; i++) {
        char text[128] = "", expected[512] = "\"";
        size_t n = 0, m = 1;
        const size_t count = (size_t)i % 14;
        for (size_t p = 0; p < count; p++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            /* A cut off character before one that would go on with it is another matter. */
            const size_t which = random >> 20 & 3 ? random % 2 : random % (sizeof pieces / sizeof *pieces);
            const size_t a = strlen(pieces[which].text), b = strlen(pieces[which].written);
            memcpy(text + n, pieces[which].text, a);
            memcpy(expected + m, pieces[which].written, b);
            n += a;
            m += b;
        }
        memcpy(expected + m, "\"", 2);
        char *exact = malloc(n > 0 ? n : 1); /* so that reading beyond the end is noticed */
        assert_non_null(exact);
        memcpy(exact, text, n);
        dk_buf_clear(&buf);
        dk_json_init(&json, &buf);
        dk_json_text_n(&json, exact, n);
        free(exact);
        assert_string_equal(written(), expected);
    }
}

static void metres_have_four_decimals_at_most(void **state)
{
    (void)state;
    dk_json_array_begin(&json);
    const double values[] = {39518939.55321, -0.00004, 3519692.8, 1e12, 234799.20989};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        dk_json_metres(&json, values[i]);
    dk_json_raw(&json, "{\"a\":1}");
    dk_json_integer(&json, 2);
    dk_json_array_end(&json);
    assert_string_equal(written(), "[39518939.5532,0,3519692.8,1000000000000,234799.2099,{\"a\":1},2]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metres_have_four_decimals_at_most, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_and_arrays_have_their_commas, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_are_escaped_and_what_is_no_utf8_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_the_shortest_that_read_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(integers_to_their_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(degrees_have_nine_decimals_at_most_and_no_exponent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(degrees_of_all_sizes_read_as_printf_writes_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_of_all_lengths_are_escaped_everywhere, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
