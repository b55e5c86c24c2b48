/* Personal data in texts. Numbers come from where their rules are laid down, or are no one's: the two examples of
 * GB 11643-1999 (one born in 1880), the test cards that payment networks publish, and numbers with no one behind them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/personal_data.h"

typedef struct hits {
    dk_personal_hit all[16];
    size_t n;
} hits;

static bool keep(const dk_personal_hit *hit, void *user)
{
    hits *into = user;
    assert_true(into->n < 16);
    into->all[into->n++] = *hit;
    return true;
}

static hits find(const char *text, const char *title)
{
    hits found = {.n = 0};
    dk_personal_find(text, strlen(text), title != NULL ? dk_personal_hints(title) : 0, keep, &found);
    return found;
}

typedef struct expected {
    const char *text;
    dk_personal_kind kind;
    bool strong;
    const char *hit; /* NULL: the whole text */
} expected;

static void expect(const expected *e, const char *title)
{
    const hits found = find(e->text, title);
    const char *const part = e->hit != NULL ? e->hit : e->text;
    if (found.n != 1 || found.all[0].kind != e->kind || found.all[0].strong != e->strong)
        fail_msg("%s: %zu hits, the first %s %s", e->text, found.n,
                 found.n ? dk_personal_kind_name(found.all[0].kind) : "",
                 found.n && found.all[0].strong ? "strong" : "weak");
    assert_int_equal(found.all[0].size, strlen(part));
    assert_memory_equal(e->text + found.all[0].byte, part, found.all[0].size);
    size_t characters = 0;
    for (size_t i = 0; i < found.all[0].byte; i++)
        characters += ((unsigned char)e->text[i] & 0xC0) != 0x80;
    assert_int_equal(found.all[0].character, characters);
    /* what a report shows is not the number */
    assert_null(strstr(found.all[0].masked, part));
    assert_true(strlen(found.all[0].masked) > 0);
}

static void numbers_of_people(void **state)
{
    (void)state;
    static const expected table[] = {
        /* GB 11643-1999, examples of its clause 4 */
        {"11010519491231002X", DK_PERSONAL_ID, true, NULL},
        {"440524188001010014", DK_PERSONAL_ID, true, NULL},
        {"11010519491231002x", DK_PERSONAL_ID, true, NULL},
        {"户主张三，11010519491231002X，砀城镇", DK_PERSONAL_ID, true, "11010519491231002X"},
        {"110105 19491231 002X", DK_PERSONAL_ID, true, NULL},
        {"44052418800101001400000000", DK_PERSONAL_ID, true, "440524188001010014"},
        {"11010519491231002X3组", DK_PERSONAL_ID, true, "11010519491231002X"},
        {"110105-19491231-002X", DK_PERSONAL_ID, true, NULL},
        {"440524—18800101—0014", DK_PERSONAL_ID, true, NULL},
        {"４４０５２４ 1880-0101 0014", DK_PERSONAL_ID, true, NULL},
        {"+86 138-0000-0000", DK_PERSONAL_MOBILE, true, "86 138-0000-0000"},
        {"4405 2418 8001 0100 14", DK_PERSONAL_ID, true, NULL},
        {"4 4 0 5 2 4 1 8 8 0 0 1 0 1 0 0 1 4", DK_PERSONAL_ID, true, NULL},
        {"４４０５２４１８８００１０１００１４", DK_PERSONAL_ID, true, NULL},
        {"１１０１０５１９４９１２３１００２Ｘ", DK_PERSONAL_ID, true, NULL},
        {"11010519491231002Ⅹ", DK_PERSONAL_ID, true, NULL},
        {"ID440524188001010014abc", DK_PERSONAL_ID, true, "440524188001010014"},
        {"440524　18800101　0014", DK_PERSONAL_ID, true, NULL},
        {"440524\xE2\x80\x8B"
         "188001010014",
         DK_PERSONAL_ID, true, NULL}, /* a blank of no width */
        /* the same person before 1999: without century and check digit */
        {"110105491231002", DK_PERSONAL_OLD_ID, false, NULL},
        {"身份证110105491231002", DK_PERSONAL_OLD_ID, true, "110105491231002"},
        /* 工业和信息化部, 电信网编号计划: 1[3-9] */
        {"13800000000", DK_PERSONAL_MOBILE, true, NULL},
        {"联系13800000000（王）", DK_PERSONAL_MOBILE, true, "13800000000"},
        {"+8613800000000", DK_PERSONAL_MOBILE, true, "8613800000000"},
        {"+86 138 0000 0000", DK_PERSONAL_MOBILE, true, "86 138 0000 0000"},
        {"0086-13800000000", DK_PERSONAL_MOBILE, true, NULL},
        {"013800000000", DK_PERSONAL_MOBILE, true, NULL},
        {"138-0000-0000", DK_PERSONAL_MOBILE, true, NULL},
        {"138.0000.0000", DK_PERSONAL_MOBILE, true, NULL},
        {"138 00000000", DK_PERSONAL_MOBILE, true, NULL},
        {"１３８００００００００", DK_PERSONAL_MOBILE, true, NULL},
        {"Tel13800000000", DK_PERSONAL_MOBILE, true, "13800000000"},
        {"2020-06-15 13800000000", DK_PERSONAL_MOBILE, true, "13800000000"},
        {"8613800000000", DK_PERSONAL_MOBILE, false, NULL}, /* any number of 13 digits */
        {"XM13800000000", DK_PERSONAL_MOBILE, false, "13800000000"},
        {"135-2020-0615", DK_PERSONAL_MOBILE, false, NULL}, /* more likely a number of that year */
        /* ISO/IEC 7812-1 Annex B; test cards of UnionPay, Visa and Mastercard */
        {"6200000000000005", DK_PERSONAL_CARD, true, NULL},
        {"6205500000000000004", DK_PERSONAL_CARD, true, NULL},
        {"6200 0000 0000 0005", DK_PERSONAL_CARD, true, NULL},
        {"6205-5000-0000-0000-004", DK_PERSONAL_CARD, true, NULL},
        {"农行6200000000000005", DK_PERSONAL_CARD, true, "6200000000000005"},
        {"ICBC6200000000000005", DK_PERSONAL_CARD, true, "6200000000000005"},
        {"5555555555554444", DK_PERSONAL_CARD, true, NULL},
        {"4111111111111111", DK_PERSONAL_CARD, false, NULL}, /* 41 is also 河南 */
        {"卡号4111111111111111", DK_PERSONAL_CARD, true, "4111111111111111"},
        {"7000000000000005", DK_PERSONAL_CARD, false, NULL},
        /* what offices publish themselves */
        {"0557-8021234", DK_PERSONAL_LANDLINE, false, NULL},
        {"(0557)8021234", DK_PERSONAL_LANDLINE, false, "0557)8021234"},
        {"010-62345678", DK_PERSONAL_LANDLINE, false, NULL},
        {"村委会电话05578021234", DK_PERSONAL_LANDLINE, false, "05578021234"},
        {"联系01062345678", DK_PERSONAL_LANDLINE, false, "01062345678"},
        {"bureau@dangshan.gov.cn", DK_PERSONAL_EMAIL, false, NULL},
        {"邮箱：１００００１＠qq.com。", DK_PERSONAL_EMAIL, true, "１００００１＠qq.com"},
        {"护照号码E12345678", DK_PERSONAL_PASSPORT, true, "E12345678"},
        {"护照 EA1234567", DK_PERSONAL_PASSPORT, true, "EA1234567"},
        {"皖L12345", DK_PERSONAL_PLATE, false, NULL},
        {"车号皖L·1234A停在村口", DK_PERSONAL_PLATE, false, "皖L·1234A"},
        {"皖LD12345", DK_PERSONAL_PLATE, false, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        expect(&table[i], NULL);
}

static void the_title_of_a_field_makes_it_sure(void **state)
{
    (void)state;
    expect(&(expected){"110105491231002", DK_PERSONAL_OLD_ID, true, NULL}, "身份证号");
    expect(&(expected){"4111111111111111", DK_PERSONAL_CARD, true, NULL}, "银行账号");
    expect(&(expected){"8613800000000", DK_PERSONAL_MOBILE, true, NULL}, "联系电话");
    expect(&(expected){"张三", DK_PERSONAL_NAME, true, NULL}, "户主");
    expect(&(expected){" 欧阳修 ", DK_PERSONAL_NAME, true, "欧阳修"}, "受款人姓名");
    expect(&(expected){"阿卜杜拉·买买提", DK_PERSONAL_NAME, true, NULL}, "户主");
    expect(&(expected){"张三", DK_PERSONAL_NAME, false, NULL}, "法定代表人");
    const hits two = find("张三、李四 13800000000", "户主");
    assert_int_equal(two.n, 2);
    assert_string_equal(two.all[0].masked, "张**");
    assert_int_equal(two.all[1].kind, DK_PERSONAL_MOBILE);
    static const char *const others[] = {"张某",   "张某某", "张**",   "王*",
                                         "王庄村", "村委会", "高新区", "安徽某某矿业有限公司",
                                         "无",     "不详",   "集体",   "12户"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (find(others[i], "户主").n != 0)
            fail_msg("%s is a name", others[i]);
    assert_int_equal(find("张三", "地块名称").n, 0);
    assert_int_equal(find("张三", NULL).n, 0);
}

static void public_numbers_are_no_one_s(void **state)
{
    (void)state;
    static const char *const table[] = {
        "440524188001010015",
        "11010519491231003X", /* check digit */
        "110105194913310021",
        "990105194912310021",
        "110105229912310026", /* no month 13, no province 99, no such year */
        "341321001001GB00001W00000000",
        "341321 001001 GB00001 W00000000",
        "341321101201JC00012F00010001", /* 不动产单元号 */
        "C3400002011034110112345",
        "T34120080302003123",
        "T3412008030200312345678",
        "T62120080302003123", /* 许可证号 */
        "C1000002011013800000000",
        "34132113800000000123",
        "91340100149067617J",
        "12341321485930116X0",
        "91341321MA2N12345X",
        "DK001",
        "XM2020-01:DK001",
        "2020-341321-001-0123",
        "皖政地〔2020〕1234号",
        "皖自然资规〔2023〕2号",
        "皖S（2020）12号",
        "341321101201",
        "341321101201、341321101202",
        "341321101201 341321101202",
        "13800000000元",
        "13800000000.00",
        "1,380,000,000.13",
        "￥13800000000",
        "13800000000 平方米",
        "116.13800000000",
        "39520000.13812345678",
        "3521000.000,39520000.000",
        "34.4267110000138000",
        "341321203000000018",
        "3413212030000000003", /* 标识码 that fit Luhn */
        "0000000000000000",
        "1111111111111111111",
        "6200000000000006",
        "6200000000000005元",
        "12345678901",
        "10800000000",
        "1380000000",
        "138000000000",
        "2020-06-15",
        "20200615123456",
        "a@b",
        "@张三",
        "13:80:00",
        "E12345678",
        "皖政地12345",
        "皖A",
        "京津冀12345",
        "皖L123456789",
        "0557-123",
        "0057-8021234",
        "05578021234",
        "",
        " ",
        "-",
        "王五",
        "身份证号",
        "X",
        "12X34X56X78",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const hits found = find(table[i], NULL);
        if (found.n != 0)
            fail_msg("%s: %s %s", table[i], dk_personal_kind_name(found.all[0].kind), found.all[0].masked);
    }
}

static void several_in_one_text(void **state)
{
    (void)state;
    const hits found = find(
        "张三（身份证440524188001010014，电话13800000000）、李四 13900000000 13900000001，卡6200000000000005", NULL);
    static const dk_personal_kind kinds[] = {DK_PERSONAL_ID, DK_PERSONAL_MOBILE, DK_PERSONAL_MOBILE, DK_PERSONAL_MOBILE,
                                             DK_PERSONAL_CARD};
    assert_int_equal(found.n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(found.all[i].kind, kinds[i]);
        assert_true(found.all[i].strong);
        assert_true(i == 0 || found.all[i].byte >= found.all[i - 1].byte + found.all[i - 1].size);
    }
    assert_string_equal(found.all[0].masked, "44**************14");
    assert_string_equal(found.all[1].masked, "13*******00");
}

/* GB 11643-1999, A.1: the remainder of the sum over all 18 with weights 2^(18-i) is 1; said another way than the code
 * does. */
static char check_character(const char *seventeen)
{
    int left = 0;
    for (int i = 0; i < 17; i++)
        left = (left + (seventeen[i] - '0')) * 2 % 11;
    const int check = (12 - left) % 11;
    return check == 10 ? 'X' : (char)('0' + check);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static size_t ids_in(const char *text)
{
    const hits found = find(text, NULL);
    size_t n = 0;
    for (size_t i = 0; i < found.n; i++)
        n += found.all[i].kind == DK_PERSONAL_ID;
    return n;
}

static void every_right_number_and_none_with_a_wrong_digit(void **state)
{
    (void)state;
    static const int provinces[] = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43,
                                    44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83};
    uint32_t seed = 1;
    for (int i = 0; i < 3000; i++) {
        char id[32], text[64];
        snprintf(id, sizeof id, "%02d%04u%04u%02u%02u%03u", provinces[next_random(&seed) % 35],
                 next_random(&seed) % 10000, 1920 + next_random(&seed) % 100, 1 + next_random(&seed) % 12,
                 1 + next_random(&seed) % 28, next_random(&seed) % 1000);
        id[17] = check_character(id);
        id[18] = '\0';
        snprintf(text, sizeof text, "备注：%s。", id);
        if (ids_in(text) != 1)
            fail_msg("%s is not found", id);
        const size_t at = next_random(&seed) % 17;
        char *const digit = text + strlen("备注：") + at;
        *digit = (char)('0' + (*digit - '0' + 1 + next_random(&seed) % 9) % 10);
        if (ids_in(text) != 0)
            fail_msg("%s is found", text);
    }
}

/* A number of 18 digits that fits GB 32100-2015, the code of an organisation, as well: weak, unless the field says
 * more. */
static void a_number_that_may_be_a_company_s_is_weak(void **state)
{
    (void)state;
    static const char characters[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    static const int weights[17] = {1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}; /* its Table 2 */
    int weak = 0;
    for (int serial = 0; serial < 1000; serial++) {
        char id[32];
        snprintf(id, sizeof id, "51132119%02d0101%03d", 80, serial);
        id[17] = check_character(id);
        id[18] = '\0';
        if (id[17] == 'X')
            continue;
        int sum = 0;
        for (int i = 0; i < 17; i++)
            sum += (id[i] - '0') * weights[i];
        const bool company = characters[(31 - sum % 31) % 31] == id[17];
        expect(&(expected){id, DK_PERSONAL_ID, !company, NULL}, NULL);
        expect(&(expected){id, DK_PERSONAL_ID, true, NULL}, "身份证号");
        weak += company;
    }
    assert_true(weak > 5);
}

static void rules_of_single_numbers(void **state)
{
    (void)state;
    static const unsigned char luhn[] = {7, 9, 9, 2, 7, 3,
                                         9, 8, 7, 1, 3}; /* ISO/IEC 7812-1's own example has this form */
    unsigned char digits[11];
    assert_true(dk_personal_luhn_valid(luhn, 11));
    for (unsigned i = 0; i < 11; i++)
        for (unsigned d = 0; d < 10; d++) {
            memcpy(digits, luhn, sizeof digits);
            digits[i] = (unsigned char)d;
            assert_int_equal(dk_personal_luhn_valid(digits, 11), d == luhn[i]);
        }
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    static const char bytes[] = "\xE4\xB8"
                                "13800000000\xFF\xC3";
    hits found = {.n = 0};
    dk_personal_find(bytes, sizeof bytes - 1, 0, keep, &found);
    assert_int_equal(found.n, 1);
    assert_int_equal(found.all[0].byte, 2);
    /* much of what nearly is one */
    char *const many = malloc(400000);
    assert_non_null(many);
    for (size_t i = 0; i < 400000; i++)
        many[i] = i % 2 ? ' ' : '1';
    found.n = 0;
    dk_personal_find(many, 400000, 0, keep, &found);
    memset(many, '7', 400000);
    dk_personal_find(many, 400000, 0, keep, &found);
    memset(many, 'a', 400000);
    for (size_t i = 0; i < 400000; i += 3)
        many[i] = '@';
    dk_personal_find(many, 400000, 0, keep, &found);
    assert_int_equal(found.n, 0);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_people),
        cmocka_unit_test(the_title_of_a_field_makes_it_sure),
        cmocka_unit_test(public_numbers_are_no_one_s),
        cmocka_unit_test(several_in_one_text),
        cmocka_unit_test(every_right_number_and_none_with_a_wrong_digit),
        cmocka_unit_test(a_number_that_may_be_a_company_s_is_weak),
        cmocka_unit_test(rules_of_single_numbers),
        cmocka_unit_test(bytes_that_are_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
