#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/approval_no.h"

static void assert_normal(const char *text, const char *expected, size_t n)
{
    dk_buf out, again;
    dk_buf_init(&out);
    dk_buf_init(&again);
    dk_buf_text(&out, "皖政地〔2020〕123号|"); /* what was there before stays and is no repeat */
    const size_t before = out.size;
    const size_t found = dk_approval_no_normalise(text, strlen(text), &out);
    const char *const result = dk_buf_cstr(&out) + before;
    assert_string_equal(result, expected);
    assert_int_equal(found, n);
    dk_approval_no_normalise(result, strlen(result), &again);
    assert_string_equal(dk_buf_cstr(&again), expected);
    dk_buf_finish(&out);
    dk_buf_finish(&again);
}

static void one_number_in_every_way_of_writing(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "皖政地〔2020〕123号",
        "皖政地[2020]123号",
        "皖政地［2020］123号",
        "皖政地(2020)123号",
        "皖政地（2020）123号",
        "皖政地【2020】123号",
        "皖政地〖2020〗123号",
        "皖政地{2020}123号",
        "皖政地｛2020｝123号",
        "皖政地<2020>123号",
        "皖政地〈2020〉123号",
        "皖政地《2020》123号",
        "皖政地「2020」123号",
        "皖政地『２０２０』123号",
        "皖政地﹝2020﹞123号",
        "皖政地〔２０２０〕１２３号",
        "皖政地(2020)0123号",
        "皖政地〔2020〕第123号",
        "皖政地〔2020〕123",
        " 皖政地 〔 2020 〕 123 号 ",
        "皖政地\u3000〔2020〕\u3000123号",
        "皖政地〔2020年〕123号",
        "皖政地〔2020〕000000123号",
        "皖政地〔2020〕123号文",
        "皖政地〔2020〕123号文件",
        "皖政地[2020〕123号",
        "批准文号：皖政地〔2020〕123号",
        "《关于征收土地的批复》（皖政地〔2020〕123号）",
        "详见皖政地〔2020〕123号文",
        "根据皖政地〔2020〕123号。",
        "\uFEFF皖政地〔2020〕123号",
        "皖政地〔2020〕123号、皖政地[2020]123号",
        "皖政地〔2020〕123号 2020-06-15",
        "皖政地〔2020〕123號",
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        dk_buf out;
        dk_buf_init(&out);
        dk_approval_no_normalise(ways[i], strlen(ways[i]), &out);
        assert_string_equal(dk_buf_cstr(&out), "皖政地〔2020〕123号");
        dk_buf_finish(&out);
    }
}

static void several_numbers_in_one_field(void **state)
{
    (void)state;
    const char *const two = "国土资函〔2013〕620号、皖政地〔2013〕550号";
    /* the field PZWH of a public layer of batches */
    assert_normal("国土资函[2013]620号、皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号,皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号，皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号;皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号；皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号和皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号文和皖政地[2013]550号文", two, 2);
    assert_normal("国土资函[2013]620号 皖政地[2013]550号", two, 2);
    assert_normal("国土资函[2013]620号\n皖政地[2013]550号\n", two, 2);
    assert_normal("国土资函[2013]620皖政地[2013]550号", "皖政地〔2013〕550号", 1); /* where the first ends is a guess */
    assert_normal("国土资函[2013]620号皖政地[2013]550号", two, 2);
}

static void further_serials_of_the_same_agency_and_year(void **state)
{
    (void)state;
    const char *const two = "皖政地〔2013〕550号、皖政地〔2013〕551号";
    assert_normal("皖政地[2013]550、551号", two, 2);
    assert_normal("皖政地[2013]550号、551号", two, 2);
    assert_normal("皖政地[2013]550号和第551号文", two, 2);
    assert_normal("皖政地[2013]550、551、552号，国土资函[2013]1号",
                  "皖政地〔2013〕550号、皖政地〔2013〕551号、皖政地〔2013〕552号、国土资函〔2013〕1号", 4);
    assert_normal("皖政地[2013]550号，3公顷", "皖政地〔2013〕550号", 1);
    assert_normal("皖政地[2013]550号、15号地块", "皖政地〔2013〕550号", 1);
    assert_normal("皖政地[2013]550号，2013", "皖政地〔2013〕550号", 1);
}

static void the_county_he_is_no_conjunction(void **state)
{
    (void)state;
    assert_normal("和政地〔2020〕5号", "和政地〔2020〕5号", 1);
    assert_normal("皖政地〔2020〕1号、和政地〔2020〕5号", "皖政地〔2020〕1号、和政地〔2020〕5号", 2);
    assert_normal("皖政地〔2020〕1号和和政地〔2020〕5号", "皖政地〔2020〕1号、和政地〔2020〕5号", 2);
    assert_normal("皖政地〔2020〕1号 和皖政地〔2020〕5号", "皖政地〔2020〕1号、皖政地〔2020〕5号", 2);
}

static void serials_with_a_part(void **state)
{
    (void)state;
    assert_normal("皖政地〔2020〕123-1号", "皖政地〔2020〕123-1号", 1);
    assert_normal("皖政地〔2020〕0123－01号", "皖政地〔2020〕123-1号", 1);
    assert_normal("皖政地〔2020〕123号、皖政地〔2020〕123-1号", "皖政地〔2020〕123号、皖政地〔2020〕123-1号", 2);
}

static void blanks_in_the_name_of_an_agency(void **state)
{
    (void)state;
    assert_normal("皖 政 地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("皖　政　地 〔 2020 〕 15 号", "皖政地〔2020〕15号", 1);
    assert_normal("皖政 地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("皖 政地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("批准文号 皖 政 地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("文 号皖政地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("皖 政 地〔2020〕15号 砀 政 征 告〔2020〕2号", "皖政地〔2020〕15号、砀政征告〔2020〕2号", 2);
    /* words before it, and what ends or joins numbers, are no part of it */
    assert_normal("县发改委 皖政地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("见 皖政地〔2020〕15号", "皖政地〔2020〕15号", 1);
    assert_normal("皖政地〔2020〕1号 和 砀政〔2020〕2号", "皖政地〔2020〕1号、砀政〔2020〕2号", 2);
    assert_normal("皖政地〔2020〕1号令 砀政〔2020〕2号", "皖政地〔2020〕1号、砀政〔2020〕2号", 2);
}

static void assert_left(const char *text, const char *number, const char *left, bool matters)
{
    dk_buf out;
    dk_approval_rest rest;
    dk_buf_init(&out);
    dk_approval_no_read(text, strlen(text), &out, &rest);
    assert_string_equal(dk_buf_cstr(&out), number);
    assert_string_equal(rest.left, left);
    assert_true(rest.matters == matters);
    assert_string_equal(rest.range, "");
    dk_buf_finish(&out);
}

static void what_a_cell_says_besides_its_number(void **state)
{
    (void)state;
    static const char *const alone[] = {"皖政地〔2020〕4号",           "皖政地[2020]4",
                                        " 皖政地（2020）4号文。",      "（皖政地〔2020〕4号）",
                                        "批准文号：皖政地〔2020〕4号", "《皖政地〔2020〕4号文件》",
                                        "详见皖政地〔2020〕第4号",     "皖 政 地〔2020〕4号"};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        assert_left(alone[i], "皖政地〔2020〕4号", "", false);
    assert_left("国土资函[2013]620号、皖政地[2013]550号", "国土资函〔2013〕620号、皖政地〔2013〕550号", "", false);
    assert_left("皖政地〔2020〕1、2和3号", "皖政地〔2020〕1号、皖政地〔2020〕2号、皖政地〔2020〕3号", "", false);
    assert_left("皖政地〔2020〕1号和 皖政地〔2020〕5号", "皖政地〔2020〕1号、皖政地〔2020〕5号", "", false);
    assert_left("GT-2020-003", "GT-2020-003", "", false); /* kept whole */
    assert_left("皖政地〔2020〕4号-1", "皖政地〔2020〕4号", "-1", true);
    assert_left("皖政地〔2020〕1号（作废）", "皖政地〔2020〕1号", "(作废)", true);
    assert_left("皖政地〔2020〕6号之一", "皖政地〔2020〕6号", "之一", true);
    assert_left("皖政地〔2020〕7号A", "皖政地〔2020〕7号", "A", true);
    assert_left("皖政地〔2020〕3号第2批次", "皖政地〔2020〕3号", "第2批次", true);
    assert_left("砀政征告〔2020〕1号（第二次）", "砀政征告〔2020〕1号", "(第二次)", true);
    assert_left("皖政地〔2020〕1号、15号地块", "皖政地〔2020〕1号", "15号地块", true);
    assert_left("县发改委 皖政地〔2020〕1号，补", "皖政地〔2020〕1号", "县发改委 … 补", true);
    assert_left("关于XX的批复皖政地〔2020〕8号", "的批复皖政地〔2020〕8号", "关于XX … 的", true);
    assert_left("关于砀山县的批复皖政地〔2020〕8号", "关于砀山县的批复皖政地〔2020〕8号", "关于砀山县的", true);
    assert_left("皖政地〔2020〕4号批复", "皖政地〔2020〕4号", "批复", false);
    assert_left("和 政地〔2020〕5号", "政地〔2020〕5号", "和", true);
    assert_left("皖政地〔2020〕1号和〔2021〕2号", "皖政地〔2020〕1号", "和〔2021〕2号", true);
    assert_left("皖政地〔2020〕1号 及 〔2021〕2号", "皖政地〔2020〕1号", "及 〔2021〕2号", true);
    assert_left("皖政地〔2020〕1号、〔2021〕2号", "皖政地〔2020〕1号", "〔2021〕2号", true);
}

static void a_serial_that_may_be_a_range(void **state)
{
    (void)state;
    static const char *const texts[] = {"皖政地〔2020〕134-136号", "皖政地〔2020〕123-1号", "皖政地〔2020〕1号"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        dk_buf out;
        dk_approval_rest rest;
        dk_buf_init(&out);
        dk_approval_no_read(texts[i], strlen(texts[i]), &out, &rest);
        assert_string_equal(dk_buf_cstr(&out), texts[i]);
        assert_string_equal(rest.range, i == 0 ? texts[i] : "");
        assert_string_equal(rest.left, "");
        dk_buf_finish(&out);
    }
}

static void a_further_serial_may_be_a_range(void **state)
{
    (void)state;
    dk_buf out;
    dk_approval_rest rest;
    dk_buf_init(&out);
    const char *text = "皖政地〔2020〕1、3-5号和8-1号";
    assert_int_equal(dk_approval_no_read(text, strlen(text), &out, &rest), 3);
    assert_string_equal(dk_buf_cstr(&out), "皖政地〔2020〕1号、皖政地〔2020〕3-5号、皖政地〔2020〕8-1号");
    assert_string_equal(rest.range, "皖政地〔2020〕3-5号");
    assert_string_equal(rest.left, "");
    dk_buf_finish(&out);
}

static void a_rest_of_any_size_is_cut_between_characters(void **state)
{
    (void)state;
    char text[4096];
    const char *number = "皖政地〔2020〕1号";
    size_t size = strlen(number);
    memcpy(text, number, size);
    for (; size + 3 < sizeof text; size += 3)
        memcpy(text + size, "地", 3);
    dk_buf out;
    dk_approval_rest rest;
    dk_buf_init(&out);
    assert_int_equal(dk_approval_no_read(text, size, &out, &rest), 1);
    assert_int_equal(strlen(rest.left), (sizeof rest.left - 1) / 3 * 3);
    dk_buf_finish(&out);
}

static void what_is_no_number_stays_as_it_is_written(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "GT-2020-003",
        "县发改委批准",
        "〔2020〕123号",
        "皖政地〔1948〕1号",
        "皖政地〔2101〕1号",
        "皖政地〔202〕1号",
        "皖政地〔20200〕1号",
        "皖政地〔2020〕号",
        "皖政地〔2020〕0号",
        "皖政地〔2020〕1234567号",
        "皖政地〔2020〕12.5公顷",
        "皖政地〔2020〕12亩",
        "皖政地2020年123号",
        "ABC(2020)12号",
        "皖政地〔2020",
        "皖政地〔",
        "〕",
        "、、",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_normal(texts[i], texts[i], 0);
    assert_normal("　县发改委　批准 ", "县发改委 批准", 0);
    assert_normal("ＧＴ－２０２０", "GT-2020", 0);
}

static void assert_in_name(const char *name, const char *expected, size_t n)
{
    dk_buf out;
    dk_buf_init(&out);
    assert_int_equal(dk_approval_no_in_name(name, strlen(name), &out), n);
    assert_string_equal(n > 0 ? dk_buf_cstr(&out) : "", expected);
    dk_buf_finish(&out);
}

static void numbers_in_the_names_of_scans(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "皖政地〔2020〕123号",        "皖政地[2020]123",
        "皖政地(2020)123号",          "皖政地（２０２０）１２３号",
        "皖政地【2020】123号批复",    "皖政地2020-123号",
        "皖政地２０２０－１２３号",   "皖政地2020_123号",
        "皖政地 2020-123号",          "皖政地2020年第123号",
        "皖政地2020年123号",          "皖政地2020第123号",
        "皖政地2020—123号批复扫描件", "皖政地2020-0123号_2",
        "皖政地〔2020〕123号-1",      "皖政地〔2020〕123_001",
        "皖政地[2020]123(1)",         "03 皖政地2020-123号文",
        "皖政地2020-123号 (2)",       "关于征地的批复（皖政地〔2020〕123号）",
        "皖政地〔2020〕123号.1",      "IMG_皖政地2020-123号",
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        assert_in_name(ways[i], "皖政地〔2020〕123号", 1);
    assert_in_name("皖政地2020-123号、国土资函2013-620号", "皖政地〔2020〕123号、国土资函〔2013〕620号", 2);
    assert_in_name("皖政地2020-123、124号", "", 0); /* 123 has no 号 */
    assert_in_name("皖政地2020-123号、124号", "皖政地〔2020〕123号、皖政地〔2020〕124号", 2);
    assert_in_name("皖政地2020-123-1号", "皖政地〔2020〕123-1号", 1);
    assert_in_name("皖政地〔2020〕123号之一", "皖政地〔2020〕123号之一", 1);
    assert_in_name("皖政地2020-123号之2批复、124号", "皖政地〔2020〕123号之2", 1);
    assert_in_name("皖政地〔2020〕123号之批复", "皖政地〔2020〕123号", 1);
    assert_in_name("皖政地〔2020〕123-1", "皖政地〔2020〕123-1号", 1); /* a page or a part: the store decides */
}

static void names_that_hold_no_number(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "001",
        "批复",
        "皖政地2020-12",
        "皖政地2020-12-01",
        "皖政地20201-3号",
        "皖政地2020123号",
        "2020-123号",
        "砀山县2020年3号地块",
        "2020年3号宗地",
        "皖政地2020-123页",
        "皖政地1900-1号",
        "皖政地2020-0号",
        "IMG_2020_0123",
        "皖政地2020年度第3批次",
        "\xff\xfe",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_in_name(names[i], "", 0);
}

static void a_text_of_any_size_takes_bounded_time(void **state)
{
    (void)state;
    const size_t size = 4u << 20;
    char *const text = malloc(size);
    assert_non_null(text);
    static const char *const units[] = {"皖", "(", "皖〔2020〕1号", "皖〔2020〕1,", "1", " ", "、", "皖2020-1号"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t unit = strlen(units[i]);
        for (size_t k = 0; k < size; k++)
            text[k] = units[i][k % unit];
        dk_buf out;
        dk_buf_init(&out);
        dk_approval_no_normalise(text, size, &out);
        assert_false(out.failed);
        assert_true(out.size <= 65536);
        dk_buf_clear(&out);
        dk_approval_no_in_name(text, size, &out);
        assert_false(out.failed);
        dk_buf_finish(&out);
    }
    free(text);
}

static bool collect(const char *number, size_t size, void *user)
{
    dk_buf *const out = user;
    dk_buf_append(out, number, size);
    dk_buf_byte(out, '|');
    return out->size < 60;
}

static void each_number_of_a_normalised_text(void **state)
{
    (void)state;
    dk_buf out;
    dk_buf_init(&out);
    dk_approval_no_each("国土资函〔2013〕620号、皖政地〔2013〕550号", collect, &out);
    assert_string_equal(dk_buf_cstr(&out), "国土资函〔2013〕620号|皖政地〔2013〕550号|");
    dk_buf_clear(&out);
    dk_approval_no_each("", collect, &out);
    dk_approval_no_each("、", collect, &out);
    assert_int_equal(out.size, 0);
    dk_approval_no_each("国土资函〔2013〕620号、皖政地〔2013〕550号、皖政地〔2013〕551号、皖政地〔2013〕552号", collect,
                        &out);
    assert_string_equal(dk_buf_cstr(&out), "国土资函〔2013〕620号|皖政地〔2013〕550号|皖政地〔2013〕551号|");
    dk_buf_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_number_in_every_way_of_writing),
        cmocka_unit_test(several_numbers_in_one_field),
        cmocka_unit_test(further_serials_of_the_same_agency_and_year),
        cmocka_unit_test(the_county_he_is_no_conjunction),
        cmocka_unit_test(serials_with_a_part),
        cmocka_unit_test(blanks_in_the_name_of_an_agency),
        cmocka_unit_test(what_a_cell_says_besides_its_number),
        cmocka_unit_test(a_serial_that_may_be_a_range),
        cmocka_unit_test(a_further_serial_may_be_a_range),
        cmocka_unit_test(a_rest_of_any_size_is_cut_between_characters),
        cmocka_unit_test(what_is_no_number_stays_as_it_is_written),
        cmocka_unit_test(numbers_in_the_names_of_scans),
        cmocka_unit_test(names_that_hold_no_number),
        cmocka_unit_test(a_text_of_any_size_takes_bounded_time),
        cmocka_unit_test(each_number_of_a_normalised_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
