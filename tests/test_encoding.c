/* Encodings: which bytes are UTF-8 (Unicode 15, table 3-7), and GB18030 against published code points. */
#include "ingest/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool is_utf8(const char *text)
{
    /* In one piece and byte by byte: pieces of a file end anywhere. */
    dk_utf8_check whole = {0}, pieces = {0};
    dk_utf8_check_add(&whole, (const unsigned char *)text, strlen(text));
    for (size_t i = 0; text[i]; i++)
        dk_utf8_check_add(&pieces, (const unsigned char *)text + i, 1);
    assert_int_equal(dk_utf8_check_end(&whole), dk_utf8_check_end(&pieces));
    return dk_utf8_check_end(&whole);
}

static void strict_utf8(void **state)
{
    (void)state;
    assert_true(is_utf8("plain"));
    assert_true(is_utf8("征收地块"));
    assert_true(is_utf8("\xF0\xA0\xAE\xB7")); /* U+20BB7 */
    assert_true(is_utf8("\xEF\xBF\xBD"));
    assert_false(is_utf8("\xC0\xAF")); /* overlong */
    assert_false(is_utf8("\xE0\x80\xAF"));
    assert_false(is_utf8("\xF0\x80\x80\xAF"));
    assert_false(is_utf8("\xED\xA0\x80"));     /* surrogate */
    assert_false(is_utf8("\xF4\x90\x80\x80")); /* beyond U+10FFFF */
    assert_false(is_utf8("\xE5\xBE"));         /* cut */
    assert_false(is_utf8("\xBE"));
    assert_false(is_utf8("\xD5\xF7\xCA\xD5")); /* 征收 in GBK */
}

static bool is_meant(const char *text)
{
    dk_utf8_check check = {0};
    dk_utf8_check_add(&check, (const unsigned char *)text, strlen(text));
    return dk_utf8_check_meant(&check);
}

static void a_damaged_text_in_utf8_is_no_gb18030(void **state)
{
    (void)state;
    assert_true(is_meant("plain"));
    assert_true(is_meant("补偿编号地块编号补偿\xE6"));          /* cut after ten characters */
    assert_true(is_meant("补偿编号\xE6块编号补偿总额"));        /* damaged in the middle, and whole behind it */
    assert_false(is_meant("补偿编号地块编号补\xE6"));           /* nine: too few to tell */
    assert_false(is_meant("\xD5\xF7\xCA\xD5\xB5\xD8\xBF\xE9")); /* 征收地块 in GBK */
    assert_false(is_meant("\xC1\xAA\xCD\xA8\xD5\xF7"));         /* 联通征: the first two pass for UTF-8 */
}

static bool is_either(const char *text)
{
    dk_utf8_check check = {0};
    dk_utf8_check_add(&check, (const unsigned char *)text, strlen(text));
    return dk_utf8_check_either(&check);
}

/* GB2312 has its characters at A1 to FE, UTF-8 its pairs at C2 to DF and 80 to BF. */
static void a_few_pairs_of_bytes_are_text_in_both(void **state)
{
    (void)state;
    assert_true(is_either("DK1 \xD0\xA1\xD1\xA7"));                       /* 小学 in GBK, two letters of Cyrillic */
    assert_true(is_either("\xD0\xA1\xD1\xA7,\xD0\xA1\xD1\xA7,\xD0\xA1")); /* again and again they say no more */
    assert_false(is_either("12 m\xC2\xB2, 45\xC2\xB0"));                  /* signs beside numbers */
    assert_true(is_either("m\xC2\xB2 \xD0\xA1\xD1\xA7"));
    assert_false(is_either("plain"));
    assert_false(is_either("小学"));
    assert_false(is_either("\xD5\xF7\xCA\xD5")); /* 征收 in GBK is no UTF-8 */
    assert_false(is_either("小m\xC2\xB2"));
    assert_false(is_either("\xD0\x9F\xD0\xA1")); /* the first is none of GB2312 */
    assert_false(
        is_either("\xD0\xA1\xD0\xA2\xD0\xA3\xD0\xA4\xD0\xA5\xD0\xA6\xD0\xA7\xD0\xA8\xD0\xA9")); /* nine are no chance */
}

static void what_files_say_of_their_encoding(void **state)
{
    (void)state;
    dk_encoding encoding;
    const char *const gb[] = {"GBK", "936", "ANSI 936", "ANSI_936", "gb18030", "GB2312\r\n"}, *const utf8[] = {"UTF-8",
                                                                                                               "utf8\n",
                                                                                                               "65001"};
    for (size_t i = 0; i < sizeof gb / sizeof *gb; i++)
        assert_true(dk_encoding_declared(gb[i], &encoding) && encoding == DK_ENCODING_GB18030);
    for (size_t i = 0; i < sizeof utf8 / sizeof *utf8; i++)
        assert_true(dk_encoding_declared(utf8[i], &encoding) && encoding == DK_ENCODING_UTF8);
    assert_false(dk_encoding_declared("", &encoding) || dk_encoding_declared("OEM", &encoding) ||
                 dk_encoding_declared("1252", &encoding));
}

static void the_incomplete_end_of_a_text(void **state)
{
    (void)state;
    const unsigned char text[] = "征收"; /* E5 BE 81  E6 94 B6 */
    assert_int_equal(dk_utf8_cut(text, 6), 0);
    assert_int_equal(dk_utf8_cut(text, 5), 2);
    assert_int_equal(dk_utf8_cut(text, 4), 1);
    assert_int_equal(dk_utf8_cut(text, 3), 0);
    assert_int_equal(dk_utf8_cut((const unsigned char *)"\xF0\xA0\xAE", 3), 3);
    assert_int_equal(dk_utf8_cut((const unsigned char *)"a\xBE", 2), 0);
    assert_int_equal(dk_utf8_cut((const unsigned char *)"\xE0\x80", 2), 0); /* no beginning of any character */
    assert_int_equal(dk_utf8_cut(text, 0), 0);
}

static void decodes(dk_encoding encoding, const char *bytes, bool may_be_cut, const char *expected, bool good, bool cut)
{
    dk_decoder *decoder = dk_decoder_create(encoding);
    dk_buf out;
    bool was_cut;
    dk_buf_init(&out);
    assert_non_null(decoder);
    assert_int_equal(dk_decode(decoder, bytes, strlen(bytes), may_be_cut, &out, &was_cut), good);
    assert_string_equal(dk_buf_cstr(&out), expected);
    assert_int_equal(was_cut, cut);
    dk_buf_finish(&out);
    dk_decoder_free(decoder);
}

static void gb18030_by_its_code_table(void **state)
{
    (void)state;
    decodes(DK_ENCODING_GB18030, "DK-1 \xD5\xF7\xCA\xD5", false, "DK-1 征收", true, false);
    decodes(DK_ENCODING_GB18030, "\xE9\x46", false, "镕", true, false); /* in GBK, not in GB2312 */
    decodes(DK_ENCODING_GB18030, "\x95\x34\xB2\x35", false, "\xF0\xA0\xAE\xB7", true, false); /* U+20BB7, four bytes */
    decodes(DK_ENCODING_GB18030, "\xA9\x4F", false, "㎡", true, false);
}

static void cut_and_wrong_bytes(void **state)
{
    (void)state;
    decodes(DK_ENCODING_GB18030, "\xD5\xF7\xCA", true, "征", true, true);
    decodes(DK_ENCODING_GB18030, "\xD5\xF7\xCA", false, "征\xEF\xBF\xBD", false, false);
    decodes(DK_ENCODING_GB18030, "\xFF\xD5\xF7", true, "\xEF\xBF\xBD征", false, false);
    decodes(DK_ENCODING_UTF8, "征\xE6\x94", true, "征", true, true);
    decodes(DK_ENCODING_UTF8, "征\xE6\x94", false, "征\xEF\xBF\xBD", false, false);
    decodes(DK_ENCODING_UTF8,
            "a\xFF"
            "b",
            true,
            "a\xEF\xBF\xBD"
            "b",
            false, false);
    decodes(DK_ENCODING_UTF8, "", true, "", true, false);
}

static void names_of_encodings(void **state)
{
    (void)state;
    dk_encoding encoding;
    assert_true(dk_encoding_parse("gbk", &encoding));
    assert_int_equal(encoding, DK_ENCODING_GB18030);
    assert_true(dk_encoding_parse("utf8", &encoding));
    assert_int_equal(encoding, DK_ENCODING_UTF8);
    assert_false(dk_encoding_parse("BIG5", &encoding));
    assert_false(dk_encoding_parse("", &encoding));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_utf8),
        cmocka_unit_test(a_damaged_text_in_utf8_is_no_gb18030),
        cmocka_unit_test(a_few_pairs_of_bytes_are_text_in_both),
        cmocka_unit_test(what_files_say_of_their_encoding),
        cmocka_unit_test(the_incomplete_end_of_a_text),
        cmocka_unit_test(gb18030_by_its_code_table),
        cmocka_unit_test(cut_and_wrong_bytes),
        cmocka_unit_test(names_of_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
