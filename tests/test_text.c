#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "store/text.h"

static bool valid(const char *text)
{
    return dk_utf8_valid(text, strlen(text));
}

/* Encodes as RFC 3629 §3 tabulates, surrogates and numbers above U+10FFFF too. */
static size_t encode(uint32_t c, char to[4])
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)(leads[n] | c);
    return n;
}

static void every_code_point_but_surrogates_is_valid(void **state)
{
    (void)state;
    for (uint32_t c = 0; c < 0x140000; c++) {
        char text[24];
        memset(text, 'a', sizeof text);
        const size_t n = encode(c, text + 9); /* behind a step of eight bytes */
        assert_int_equal(dk_utf8_valid(text, sizeof text), c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF));
        if (n > 1) /* cut off at the end */
            assert_false(dk_utf8_valid(text, 9 + n - 1));
    }
}

static void what_is_no_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xE0\x80\x80",
                                      "\xE0\x9F\xBF",
                                      "\xF0\x80\x80\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF8\x88\x80\x80\x80",
                                      "\xFE",
                                      "\xFF",
                                      "\xC3",
                                      "\xE5\x9C",
                                      "12345678\xFF",
                                      "1234567\xFF",
                                      "\xB5\xD8\xBF\xE9" /* 地块 in GBK */};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(valid(bad[i]));
    assert_true(valid(""));
    assert_true(dk_utf8_valid("a\0b", 3));
    assert_true(valid("皖政地〔2020〕123号"));
}

static void assert_folds(void (*function)(const char *, size_t, dk_buf *), const char *text, const char *expected)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_text(&out, "<");
    function(text, strlen(text), &out);
    assert_string_equal(dk_buf_cstr(&out) + 1, expected);
    dk_buf_clear(&out);
    function(expected, strlen(expected), &out);
    assert_string_equal(dk_buf_cstr(&out), expected);
    dk_buf_finish(&out);
}

static void folding_makes_ways_of_writing_one(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {" \t ", ""},
        {"DK001", "dk001"},
        {"ＤＫ００１", "dk001"},
        {"　李庄　村\r\n", "李庄 村"},
        {"a\u00A0\u2003b\u2028c", "a b c"},
        {"Straße", "strasse"},
        {"ﬁ", "fi"},
        {"㎡", "m2"},
        {"（一）", "(一)"},
        {"ｶﾞ", "ガ"},
        {"e\u0301", "é"},
        {"\uFEFFDK\u200B1", "dk1"},
        {"⽪", "皮"},
        {"Σς", "σσ"},
        {"a\xFF"
         "b",
         "a\uFFFD"
         "b"},
        {"\xB5\xD8", "\uFFFD\uFFFD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_folds(dk_text_fold, cases[i][0], cases[i][1]);
}

static void tidying_keeps_the_case(void **state)
{
    (void)state;
    assert_folds(dk_text_tidy, "　ＤＫ  ０１ Straße ", "DK 01 Straße");
}

static void folding_twice_changes_nothing_more_for_any_character(void **state)
{
    (void)state;
    dk_buf once, twice;
    dk_buf_init(&once);
    dk_buf_init(&twice);
    for (uint32_t c = 1; c < 0x30000; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        /* beside the letter and the mark that make normalisation and case folding interact (U+03B1, U+0345) */
        char text[16] = "\u03B1\u0345";
        const size_t n = 4 + encode(c, text + 4);
        dk_buf_clear(&once);
        dk_buf_clear(&twice);
        dk_text_fold(text, n, &once);
        dk_text_fold((const char *)once.data, once.size, &twice);
        assert_int_equal(once.size, twice.size);
        assert_memory_equal(once.data, twice.data, once.size);
    }
    dk_buf_finish(&once);
    dk_buf_finish(&twice);
}

static void division_codes_have_6_9_or_12_digits(void **state)
{
    (void)state;
    static const char *const good[] = {"341321", "341321100", "341321100201"};
    static const char *const bad[] = {
        "",       "3413",   "34132",        "3413211", "34132110", "3413211002", "341321100201 ", "3413211002011",
        "34132a", " 34132", "３４１３２１", "-34132",  "341321.0"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(dk_division_code_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(dk_division_code_valid(bad[i]));
    assert_false(dk_division_code_valid(NULL));
}

static void dates_are_those_that_exist(void **state)
{
    (void)state;
    static const char *const good[] = {"2020-02-29", "2000-02-29", "1949-10-01", "2021-12-31", "2021-04-30"};
    static const char *const bad[] = {"",           "2021-02-29", "1900-02-29",          "2100-02-29",    "2020-02-30",
                                      "2021-04-31", "2021-13-01", "2021-00-01",          "2021-01-00",    "2021-01-32",
                                      "2021-1-1",   "20210101",   "2021-01-01 ",         " 2021-01-01",   "2021/01/01",
                                      "2021-01-1x", "+021-01-01", "2021-01-01T00:00:00", "２０２１-01-01"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(dk_date_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(dk_date_valid(bad[i]));
    assert_false(dk_date_valid(NULL));
}

/* East Asian Width as in EastAsianWidth.txt of Unicode: W and F take two places. */
static void places_on_a_terminal(void **state)
{
    (void)state;
    assert_int_equal(dk_text_places(""), 0);
    assert_int_equal(dk_text_places("2018"), 4);
    assert_int_equal(dk_text_places("砀山县"), 6);
    assert_int_equal(dk_text_places("皖政地〔2020〕1号"), 6 + 2 + 4 + 2 + 1 + 2);
    assert_int_equal(dk_text_places("１２"), 4);
    assert_int_equal(dk_text_places("é"), 1);
    assert_int_equal(dk_text_places("e\u0301"), 1);
    assert_int_equal(dk_text_places("𠀀"), 2);
    assert_int_equal(dk_text_places("\xff\xfe"), 2);
}

static void a_list_holds_each_of_its_values(void **state)
{
    (void)state;
    static const char channels[] = "村公示栏；政府网站、征地信息公开平台 , 县政府公报;\u3000两微一端";
    const char *const held[] = {
        "村公示栏", "政府网站", "征地信息公开平台", "县政府公报", "两微一端", "政府网站、征地信息公开平台", channels};
    const char *const not_held[] = {"公示栏", "村公示", "政府", "网站", "政府公报", "微一端", "", "；", "村公示栏；"};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        assert_true(dk_text_lists(channels, held[i]));
    for (size_t i = 0; i < sizeof not_held / sizeof *not_held; i++)
        assert_false(dk_text_lists(channels, not_held[i]));
    assert_true(dk_text_lists("New York", "New York"));
    assert_true(dk_text_lists("New York, Boston", "New York"));
    assert_false(dk_text_lists("New York", "York"));
    assert_true(dk_text_lists("", ""));
    assert_false(dk_text_lists("", "村公示栏"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_but_surrogates_is_valid),
        cmocka_unit_test(what_is_no_utf8_is_refused),
        cmocka_unit_test(folding_makes_ways_of_writing_one),
        cmocka_unit_test(tidying_keeps_the_case),
        cmocka_unit_test(folding_twice_changes_nothing_more_for_any_character),
        cmocka_unit_test(division_codes_have_6_9_or_12_digits),
        cmocka_unit_test(dates_are_those_that_exist),
        cmocka_unit_test(places_on_a_terminal),
        cmocka_unit_test(a_list_holds_each_of_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
