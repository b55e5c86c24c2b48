/* What lines above a table say about units, as ledgers write them. */
#include "ingest/unit_line.h"

#include "store/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* One of a dimension in square metres, yuan and yuan per square metre; 0 where nothing is said. */
typedef struct said {
    const char *text;
    double area, money, price;
    bool title, unclear;
} said;

static double factor(const dk_unit_line *line, enum dk_dimension dimension)
{
    for (size_t i = 0; i < line->n; i++)
        if (line->units[i].dimension == dimension)
            return line->units[i].num / line->units[i].den;
    return 0;
}

static void lines_say_units(void **state)
{
    (void)state;
    const double ha = 10000, mu = 2000.0 / 3;
    const said lines[] = {
        {.text = "单位：万元", .money = 10000},
        {.text = "金额单位：人民币万元　面积单位：亩", .money = 10000, .area = mu},
        {.text = "金额单位：千元，面积单位：公顷。", .money = 1000, .area = ha},
        {.text = "金额单位：万元面积单位：亩", .money = 10000, .area = mu},
        {.text = "单 位：万 元", .money = 10000},
        {.text = "单位 万元", .money = 10000},
        {.text = "（单位∶亩）", .area = mu},
        {.text = "金额单位为万元", .money = 10000},
        {.text = "单位：（万元）", .money = 10000},
        {.text = "万元、亩", .money = 10000, .area = mu},
        {.text = "（万元）", .money = 10000},
        {.text = "面积：亩  金额：万元", .money = 10000, .area = mu},
        {.text = "单位：元/亩", .price = 1 / mu},
        {.text = "面积：亩，补偿总额：万元", .money = 10000, .area = mu},
        {.text = "征地：公顷 补偿：万元", .money = 10000, .area = ha},
        {.text = "单价：元/亩　总价：万元", .money = 10000, .price = 1 / mu},
        {.text = "单位：亩 总投资额：人民币万元", .money = 10000, .area = mu},
        {.text = "单位：人民币：万元", .money = 10000},
        {.text = "单位；万元", .money = 10000},
        {.text = "【单位：万元】", .money = 10000},
        {.text = "〔金额单位：万元〕", .money = 10000},
        {.text = "本表金额以万元计", .money = 10000},
        {.text = "单位：万元（亩）", .money = 10000, .area = mu, .title = true},
        {.text = "单位：万元（不含税）、亩", .money = 10000, .area = mu, .title = true},
        {.text = "单位：平方米（m2）、元 （人民币）、", .money = 1, .area = 1, .title = true},
        {.text = "单位：亩（公顷）、万元", .money = 10000, .unclear = true, .title = true},
        /* What is counted stands between units. */
        {.text = "单位：亩、户、万元", .money = 10000, .area = mu},
        {.text = "单位：户 人 亩 万元", .money = 10000, .area = mu},
        {.text = "单位：公顷/万元", .money = 10000, .area = ha},
        {.text = "单位：万元 2020年元月", .money = 10000},
        /* Offices of 万载, 元谋 and 广元, and someone whose name is 万元. */
        {.text = "填报单位：万载县自然资源局"},
        {.text = "单位：万载县自然资源局"},
        {.text = "填报单位：万 载 县"},
        {.text = "填报单位：元谋县自然资源局 单位：万元", .money = 10000},
        {.text = "建设单位：广元市水务集团"},
        {.text = "联系人：万元"},
        {.text = "填报日期：2020年6月  制表：万元"},
        {.text = "设计单位：广元市设计院  金额：以审计为准"},
        {.text = "编制单位：砀山县"},
        /* A title. */
        {.text = "砀山县征地补偿台账（万元）", .money = 10000, .title = true},
        {.text = "砀山县征地补偿台账（单位：万元）", .money = 10000, .title = true},
        {.text = "补偿费用（万元）"},
        /* What is not understood is told. */
        {.text = "单位：百万元", .unclear = true},
        {.text = "单位：亩、百万元", .area = mu, .unclear = true},
        {.text = "单位：元、万元", .unclear = true},
        {.text = "本表以万元为单位", .unclear = true},
        {.text = "砀山县"},
        {.text = ""},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        dk_unit_line line = {.n = 0};
        dk_buf folded;
        dk_buf_init(&folded);
        dk_text_fold(lines[i].text, strlen(lines[i].text), &folded);
        dk_unit_line_read(dk_buf_cstr(&folded), lines[i].title, &line);
        dk_buf_finish(&folded);
        if (factor(&line, DK_UNIT_AREA) != lines[i].area || factor(&line, DK_UNIT_MONEY) != lines[i].money ||
            factor(&line, DK_UNIT_MONEY_PER_AREA) != lines[i].price || line.unclear != lines[i].unclear)
            fail_msg("%s: area %g, money %g, price %g, unclear %d", lines[i].text, factor(&line, DK_UNIT_AREA),
                     factor(&line, DK_UNIT_MONEY), factor(&line, DK_UNIT_MONEY_PER_AREA), line.unclear);
    }
}

static void the_unit_of_a_head_stands_in_brackets(void **state)
{
    (void)state;
    static const char *const heads[] = {"万元", "单位:万元", "人民币万元", "计量单位:万元", "单位万元"};
    dk_unit unit;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        assert_true(dk_unit_parse_said(heads[i], strlen(heads[i]), &unit));
        assert_true(unit.dimension == DK_UNIT_MONEY && unit.num / unit.den == 10000);
    }
    assert_false(dk_unit_parse_said("单位", strlen("单位"), &unit));
    assert_false(dk_unit_parse_said("单位:", strlen("单位:"), &unit));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_say_units),
        cmocka_unit_test(the_unit_of_a_head_stands_in_brackets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
