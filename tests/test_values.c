/* Cells to values. Dates against the proleptic calendar and ECMA-376's 1900 date system; units against their law. */
#include "ingest/values.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void date(const char *text, const char *expected)
{
    char got[11] = "";
    assert_int_equal(dk_date_from_text(text, got), expected != NULL);
    assert_string_equal(got, expected ? expected : "");
}

static void dates_as_ledgers_write_them(void **state)
{
    (void)state;
    date("2020-06-15", "2020-06-15");
    date("2020.6.15", "2020-06-15");
    date("2020/6/5", "2020-06-05");
    date("2020年6月15日", "2020-06-15");
    date("2020年6月15号", "2020-06-15");
    date("2020年 6月 5日", "2020-06-05");
    date("20200615", "2020-06-15");
    date("2020-06-15 00:00:00", "2020-06-15");
    date("2020-06-15t08:30:00z", "2020-06-15");
    date("2020-06-15t08:30:00+08:00", "2020-06-15");
    /* RFC 3339: what is midnight of the 15th in China, as JSON.stringify, Jackson and GDAL write it; the day of UTC's
     * midnight. */
    date("2020-06-14t16:00:00.000z", "2020-06-15");
    date("2020-06-14t16:00:00.000+0000", "2020-06-15");
    date("2020/06/14 16:00:00+00", "2020-06-15");
    date("2020-06-15t00:00:00z", "2020-06-15");
    date("2020-12-31t20:00:00-05:00", "2021-01-01");
    date("2020-03-01t02:00:00+12:00", "2020-02-29");
    date("2020-06-15 23:59", "2020-06-15");
    date("2020-06-15 8", NULL);
    date("2020-06-15t08:30:00+08:00x", NULL);
    date("2020-02-29", "2020-02-29");
    date("2021-02-29", NULL);
    date("2020-13-01", NULL);
    date("20201301", NULL);
    date("2020年6月", NULL);
    date("2020年6月15", NULL);
    date("20-6-15", NULL);
    date("2020-6-15-1", NULL);
    date("15.6.2020", NULL);
    date("2020-06-15 x", NULL);
    date("", NULL);
    date("202006151", NULL);
}

static void excel_serials(void **state)
{
    (void)state;
    char got[11];
    assert_true(dk_date_from_serial(61, got)); /* 1 March 1900 */
    assert_string_equal(got, "1900-03-01");
    assert_true(dk_date_from_serial(25569, got)); /* the Unix epoch */
    assert_string_equal(got, "1970-01-01");
    assert_true(dk_date_from_serial(43997.75, got));
    assert_string_equal(got, "2020-06-15");
    assert_true(dk_date_from_serial(43890, got));
    assert_string_equal(got, "2020-02-29");
    assert_true(dk_date_from_serial(2958465, got)); /* Excel's last day */
    assert_string_equal(got, "9999-12-31");
    assert_false(dk_date_from_serial(2958466, got));
    assert_false(dk_date_from_serial(60, got)); /* 29 February 1900 never was */
    assert_false(dk_date_from_serial(-1, got));
    assert_false(dk_date_from_serial(NAN, got));
}

static void number(const char *text, double expected, const char *expected_unit)
{
    double got = NAN;
    const char *unit = NULL;
    const bool good = dk_number_from_text(text, &got, &unit);
    assert_int_equal(good, expected_unit != NULL);
    if (!good)
        return;
    assert_true(got == expected);
    assert_string_equal(unit, expected_unit);
}

static void numbers_with_commas_and_units(void **state)
{
    (void)state;
    number("12", 12, "");
    number("-0.5", -0.5, "");
    number("+3.", 3, "");
    number(".25", .25, "");
    number("1,234,567.89", 1234567.89, "");
    number("1,5", 0, NULL); /* a decimal comma, or a mistake: not 15 */
    number("1,2345", 0, NULL);
    number("1234,567", 0, NULL);
    number(",123", 0, NULL);
    number("1.5e3", 1500, "");
    number("15.00000000000000000000000000000000000000000000000000000000000000000000000000000000公顷", 15, "公顷");
    number("2.5公顷", 2.5, "公顷");
    number("3 亩", 3, "亩");
    number("abc", 0, NULL);
    number("-", 0, NULL);
    number("", 0, NULL);
    number("1e999", 0, NULL);
    number("111111111111111111111111111111111111111111111111111111111111111111111111111111111111", 0, NULL);
}

static double converted(const char *from, const char *to, double value)
{
    dk_unit a, b;
    double got = NAN;
    assert_true(dk_unit_parse(from, strlen(from), &a));
    assert_true(dk_unit_parse(to, strlen(to), &b));
    assert_true(dk_unit_convert(value, &a, &b, &got));
    return got;
}

static void units(void **state)
{
    (void)state;
    assert_true(converted("亩", "ha", 15) == 1);
    assert_true(converted("亩", "m2", 3) == 2000);
    assert_true(converted("ha", "亩", 1) == 15);
    assert_true(converted("公顷", "ha", 2.8) == 2.8);
    assert_true(converted("平方米", "ha", 28000) == 2.8);
    assert_true(fabs(converted("km2", "公顷", 4.6809) - 468.09) < 1e-9);
    assert_true(converted("万元", "yuan", 12.34) == 123400);
    assert_true(converted("元", "万元", 5000) == 0.5);
    assert_true(converted("元/亩", "yuan/mu", 45000) == 45000);
    assert_true(converted("万元/亩", "yuan/mu", 4.5) == 45000);
    assert_true(fabs(converted("元/公顷", "yuan/mu", 675000) - 45000) < 1e-6);
    /* Decimals are those of the paper: integers of 元 from four decimals of 万元. */
    for (int yuan = 1; yuan < 30000; yuan++) {
        char written[20];
        snprintf(written, sizeof written, "%d.%04d", yuan / 10000, yuan % 10000);
        assert_true(converted("万元", "yuan", strtod(written, NULL)) == yuan);
    }
    assert_true(converted("公顷", "亩", 0.57) == 8.55);
    dk_unit a, b;
    double got;
    assert_false(dk_unit_parse("斤", strlen("斤"), &a));
    static const char *const names[] = {"公顷", "亩",   "平方米", "平方公里", "元",
                                        "万元", "亿元", "千元",   "元/亩",    "万元/公顷"};
    char name[DK_UNIT_NAME];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(dk_unit_parse(names[i], strlen(names[i]), &a));
        assert_true(dk_unit_name(&a, name));
        assert_true(dk_unit_parse(name, strlen(name), &b) && dk_unit_same(&a, &b));
    }
    assert_false(dk_unit_name(&(dk_unit){DK_UNIT_AREA, 7, 1}, name));
    assert_false(dk_unit_parse("亩/元", strlen("亩/元"), &a));
    assert_true(dk_unit_parse("亩", strlen("亩"), &a));
    assert_true(dk_unit_parse("元", strlen("元"), &b));
    assert_false(dk_unit_convert(1, &a, &b, &got));
}

static bool mangled(const char *text)
{
    return dk_number_mangled(text, strlen(text));
}

static void digits_that_excel_lost(void **state)
{
    (void)state;
    assert_true(mangled("3.41321198001011E+17"));
    assert_true(mangled("3.4132119800101101E+17"));
    assert_true(mangled("3E+17"));
    assert_true(mangled("341321198001011000"));
    assert_false(mangled("341321198001011234"));
    assert_false(mangled("34132119800101123X"));
    assert_false(mangled("341321001002000")); /* 15 digits are all kept */
    assert_false(mangled("1E+5"));
    assert_false(mangled("E+17"));
    assert_false(mangled("DK001"));
    assert_false(mangled("0000000000000000"));
    assert_false(mangled(""));
}

static void names_of_which_a_spreadsheet_has_made_days_and_powers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        dk_mangled expected;
    } names[] = {
        {"1月2日", DK_MANGLED_DAY},     {" 12月31日 ", DK_MANGLED_DAY},
        {"2-Jan", DK_MANGLED_DAY},      {"Jan-02", DK_MANGLED_DAY},
        {"2.02E+04", DK_MANGLED_POWER}, {"3E+12", DK_MANGLED_POWER},
        {"1-2", DK_MANGLED_NOT},        {"2020年1月2日", DK_MANGLED_NOT},
        {"1月2日前", DK_MANGLED_NOT},   {"2020E1", DK_MANGLED_NOT},
        {"12.5E+04", DK_MANGLED_NOT},   {"2-January-1", DK_MANGLED_NOT},
        {"1E+5", DK_MANGLED_NOT},       {"", DK_MANGLED_NOT},
        {"月日", DK_MANGLED_NOT},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (dk_name_mangled(names[i].text, strlen(names[i].text)) != names[i].expected)
            fail_msg("%s", names[i].text);
}

/* ---- whole cells ---- */

static const dk_field text_field = {.name = "t", .type = DK_FIELD_TEXT};
static const dk_field date_field = {.name = "d", .type = DK_FIELD_DATE};
static const dk_field area_field = {.name = "a", .type = DK_FIELD_NUMBER, .unit = "ha"};
static const dk_field plain_field = {.name = "n", .type = DK_FIELD_NUMBER};
static const dk_field integer_field = {.name = "i", .type = DK_FIELD_INTEGER};

typedef struct outcome {
    bool good;
    dk_value value;
    char text[200], problem[300];
} outcome;

static outcome convert(const dk_field *field, dk_cell cell, bool spreadsheet, const char *column_unit)
{
    outcome got = {0};
    dk_value_context context = {.spreadsheet = spreadsheet};
    dk_buf memory;
    size_t offset;
    dk_buf_init(&memory);
    if (column_unit != NULL)
        assert_true(dk_unit_parse(column_unit, strlen(column_unit), &context.column_unit));
    got.good =
        dk_value_from_cell(field, &cell, &context, &memory, &got.value, &offset, got.problem, sizeof got.problem);
    if (got.good && got.value.type == DK_TEXT) {
        assert_null(got.value.text.data);
        strncpy(got.text, (const char *)memory.data + offset, sizeof got.text - 1);
        assert_int_equal(strlen(got.text), got.value.text.size);
    }
    dk_buf_finish(&memory);
    return got;
}

static dk_cell text(const char *text_of_cell)
{
    return (dk_cell){.type = DK_CELL_TEXT, .text = text_of_cell, .size = strlen(text_of_cell)};
}

static dk_cell real(double value)
{
    return (dk_cell){.type = DK_CELL_REAL, .text = "", .real = value};
}

static dk_cell integer(int64_t value)
{
    return (dk_cell){.type = DK_CELL_INTEGER, .text = "", .integer = value};
}

static void texts_are_trimmed_and_else_kept(void **state)
{
    (void)state;
    assert_string_equal(convert(&text_field, text(" \xE3\x80\x80 ＤＫ 001\xC2\xA0\r\n"), false, NULL).text, "ＤＫ 001");
    assert_int_equal(convert(&text_field, text(" \xE3\x80\x80\t"), false, NULL).value.type, DK_NULL);
    assert_int_equal(convert(&text_field, (dk_cell){.type = DK_CELL_EMPTY}, false, NULL).value.type, DK_NULL);
    assert_string_equal(convert(&text_field, real(1001), true, NULL).text, "1001");
    assert_string_equal(convert(&text_field, real(0.1), true, NULL).text, "0.1");
    assert_string_equal(convert(&text_field, integer(341321), false, NULL).text, "341321");
    assert_string_equal(convert(&text_field, text("0.30000000000000004"), true, NULL).text,
                        "0.3"); /* as a sheet keeps 0.1 + 0.2 */
    assert_string_equal(convert(&text_field, text("0.30000000000000004"), false, NULL).text, "0.30000000000000004");
}

static void long_numbers_in_text_fields(void **state)
{
    (void)state;
    assert_false(convert(&text_field, real(341321198001011234.0), true, NULL).good);
    assert_false(convert(&text_field, integer(341321198001011234), true, NULL).good);
    assert_true(convert(&text_field, integer(341321198001011234), false, NULL).good);   /* a database keeps 64 bits */
    assert_false(convert(&text_field, text("3.41321198001011E+17"), false, NULL).good); /* CSV saved by Excel */
    assert_true(convert(&text_field, text("341321198001011000"), true, NULL).good);     /* text is as it was typed */
    assert_true(convert(&text_field, text("341321198001011000"), false, NULL).good);
}

static void dates_of_cells(void **state)
{
    (void)state;
    assert_string_equal(convert(&date_field, text("２０２０年６月１５日"), false, NULL).text, "2020-06-15");
    assert_string_equal(convert(&date_field, real(43997), true, NULL).text, "2020-06-15");
    assert_false(convert(&date_field, real(43997), false, NULL).good); /* no serials outside of sheets */
    assert_string_equal(convert(&date_field, text("43997"), true, NULL).text, "2020-06-15");
    assert_false(convert(&date_field, text("43997"), false, NULL).good);
    assert_string_equal(convert(&date_field, integer(20200615), false, NULL).text, "2020-06-15");
    const outcome wrong = convert(&date_field, text("昨天"), false, NULL);
    assert_false(wrong.good);
    assert_string_equal(wrong.problem, "\"昨天\" is no date; write it as 2020-06-15");
}

static void numbers_of_cells(void **state)
{
    (void)state;
    assert_true(convert(&area_field, text("1,234.5 亩"), false, NULL).value.real == 82.3);
    assert_true(convert(&area_field, text("２．８公顷"), false, NULL).value.real == 2.8);
    assert_true(convert(&area_field, text("28000㎡"), false, NULL).value.real == 2.8);
    assert_true(convert(&area_field, text("15"), false, "亩").value.real == 1);
    assert_true(convert(&area_field, text("15公顷"), false, "亩").value.real == 15); /* the cell's own unit wins */
    assert_true(convert(&area_field, real(15), true, "亩").value.real == 1);
    assert_false(convert(&area_field, text("15元"), false, NULL).good);
    assert_false(convert(&plain_field, text("15亩"), false, NULL).good);
    assert_false(convert(&plain_field, text("15斤"), false, NULL).good);
    assert_false(convert(&plain_field, real(INFINITY), false, NULL).good);
    assert_int_equal(convert(&integer_field, text("3.0"), false, NULL).value.integer, 3);
    assert_int_equal(convert(&integer_field, integer(INT64_MAX), false, NULL).value.integer, INT64_MAX);
    assert_false(convert(&integer_field, text("3.5"), false, NULL).good);
    /* Beyond 2^53 a double is another number than the one that stands there. */
    assert_true(convert(&integer_field, text("341321198001011235"), false, NULL).value.integer == 341321198001011235);
    assert_true(convert(&integer_field, text("-9007199254740993"), false, NULL).value.integer == -9007199254740993);
    static const char *const uncertain[] = {"99999999999999999999", "9.007199254740993e15", "9,007,199,254,740,993"};
    for (size_t i = 0; i < sizeof uncertain / sizeof *uncertain; i++) {
        const outcome refused = convert(&integer_field, text(uncertain[i]), false, NULL);
        assert_false(refused.good);
        assert_non_null(strstr(refused.problem, "more digits than are certain"));
    }
    assert_false(convert(&integer_field, real(9007199254740992.0), false, NULL).good);
    assert_false(convert(&integer_field, real(6225880212345678.0), true, NULL).good);
    assert_true(convert(&integer_field, real(622588021234567.0), true, NULL).value.integer == 622588021234567);
}

/* What the file of a sheet has for =1.13*10000, =0.1+0.2 and =0.07*100, and what any sheet shows for these. */
static void what_binary_arithmetic_leaves_is_no_digit(void **state)
{
    (void)state;
    assert_true(convert(&plain_field, real(11299.999999999998), true, NULL).value.real == 11300);
    assert_true(convert(&plain_field, real(0.30000000000000004), true, NULL).value.real == 0.3);
    assert_int_equal(convert(&integer_field, real(7.000000000000001), true, NULL).value.integer, 7);
    assert_true(convert(&area_field, real(15.000000000000002), true, "亩").value.real == 1);
    assert_true(convert(&plain_field, real(123456789012345678.0), true, NULL).value.real == 123456789012346000.0);
    assert_true(convert(&plain_field, real(0.30000000000000004), false, NULL).value.real == 0.30000000000000004);
}

/* One cell with two lines, or with two numbers beside each other: neither is the number that both would make. */
static void two_numbers_in_a_cell(void **state)
{
    (void)state;
    static const char *const two[] = {"12\n13",   "100000\r\n200000", "15 25",    "3\t4",     "2 2.5",       "1 2 3 4",
                                      "12.5 100", "１２\n１３",       "1 234 56", "1234 567", "5 000\n6 000"};
    for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
        const outcome got = convert(&plain_field, text(two[i]), true, NULL);
        assert_false(got.good);
        assert_non_null(strstr(got.problem, "may be two numbers; write one in a cell"));
        assert_null(strchr(got.problem, '\n'));
    }
    assert_false(convert(&area_field, text("2 2.5亩"), false, NULL).good);
    assert_true(convert(&plain_field, text("1 234.5"), false, NULL).value.real == 1234.5);
    assert_true(convert(&plain_field,
                        text("12\xC2\xA0"
                             "345\xC2\xA0"
                             "678"),
                        false, NULL)
                    .value.real == 12345678);
    assert_true(convert(&plain_field, text("\n15\n"), true, NULL).value.real == 15);
    assert_true(convert(&area_field, text("1 500 公 顷"), false, NULL).value.real == 1500);
    assert_true(convert(&area_field, text("15\n亩"), true, NULL).value.real == 1);
    assert_true(convert(&plain_field, text("- 5"), false, NULL).value.real == -5);
}

static void a_formula_that_failed_has_no_value(void **state)
{
    (void)state;
    dk_cell cell = text("#GETTING_DATA");
    assert_true(convert(&text_field, cell, true, NULL).good); /* in a CSV it may be a text */
    cell.error = true;
    const outcome got = convert(&text_field, cell, true, NULL);
    assert_false(got.good);
    assert_non_null(strstr(got.problem, "is the error of a formula; correct it in the sheet"));
}

static void days_that_stand_for_none(void **state)
{
    (void)state;
    /* 0 as a day of Access and ODS, and the first of .NET and Java. */
    static const char *const none[] = {"1899-12-30", "0001-01-01T00:00:00", "0020-06-15"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const outcome got = convert(&date_field, text(none[i]), false, NULL);
        assert_false(got.good);
        assert_non_null(strstr(got.problem, "is a day before 1900"));
    }
    assert_string_equal(convert(&date_field, text("1900-01-01"), false, NULL).text, "1900-01-01");
}

static void what_stands_for_the_cell_above_is_no_value(void **state)
{
    (void)state;
    static const char *const marks[] = {"〃", "同上", " 同 上 ", "\""};
    static const dk_field *const types[] = {&text_field, &date_field, &area_field};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
            const outcome got = convert(types[k], text(marks[i]), false, NULL);
            assert_false(got.good);
            assert_non_null(strstr(got.problem, "stands for the cell above; write its value here, too"));
        }
    assert_string_equal(convert(&text_field, text("同上村"), false, NULL).text, "同上村");
}

static void the_mark_of_a_note_is_no_digit(void **state)
{
    (void)state;
    static const char *const marked[] = {"12①", "35.6²", "35.6\n¹", "⒈5", "㊿", "12₁亩"};
    for (size_t i = 0; i < sizeof marked / sizeof *marked; i++) {
        const outcome got = convert(&area_field, text(marked[i]), true, NULL);
        assert_false(got.good);
        assert_non_null(strstr(got.problem, "may be the mark of a note; write the number alone, in plain digits"));
    }
    assert_true(convert(&area_field, text("1500 m²"), true, NULL).value.real == 0.15);
    assert_true(convert(&area_field, text("１５００ｍ²"), true, NULL).value.real == 0.15);
    assert_true(convert(&area_field, text("1500㎡"), true, NULL).value.real == 0.15);
    assert_true(convert(&area_field, text("3㎢"), true, NULL).value.real == 300);
}

/* Numbers of no format in a column of dates: years, years and months, and what is no day of these times. */
static void numbers_that_are_no_days(void **state)
{
    (void)state;
    static const double none[] = {2020, 1998, 2020.6, 202006, 98, 1949, 18171, 73051};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(convert(&date_field, real(none[i]), true, NULL).good);
    assert_string_equal(convert(&date_field, real(2020), true, NULL).problem,
                        "\"2020\" is no date; write it as 2020-06-15");
    assert_string_equal(convert(&date_field, real(18172), true, NULL).text, "1949-10-01");
    assert_string_equal(convert(&date_field, real(73050), true, NULL).text, "2099-12-31");
    assert_false(convert(&date_field, text("10000"), true, NULL).good);
}

/* IEEE 754: what is nearest to 100.1 in 24 bits is 100.09999847412109375. */
static void a_number_of_24_bits_is_as_it_was_written(void **state)
{
    (void)state;
    static const double written[] = {100.1, 0.1, -2.5, 16777216, 34132104, 1e30, 0};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++)
        assert_true(dk_cell_single((double)(float)written[i]) == written[i]);
    assert_true(dk_cell_single(123456.789) == 123456.789);
    assert_true(dk_cell_single(1e300) == 1e300 && isnan(dk_cell_single(NAN)));
}

/* ECMA-376 part 1, 18.17.4.1: in the 1904 date system day 0 is 1904-01-01, 1462 days after 1899-12-30. */
static void days_of_a_workbook_that_counts_from_1904(void **state)
{
    (void)state;
    dk_cell count = real(42535), digits = text(" ４２５３５ "), first = real(16710), before = real(16709),
            written = text("2020-06-15"), plain = real(20200615);
    dk_cell *const all[] = {&count, &digits, &first, &before, &written, &plain};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        all[i]->day_zero = 1462;
    assert_string_equal(convert(&date_field, count, true, NULL).text, "2020-06-15");
    assert_string_equal(convert(&date_field, digits, true, NULL).text, "2020-06-15");
    assert_string_equal(convert(&date_field, first, true, NULL).text, "1949-10-01");
    assert_false(convert(&date_field, before, true, NULL).good);
    assert_string_equal(convert(&date_field, written, true, NULL).text, "2020-06-15");
    assert_string_equal(convert(&date_field, plain, true, NULL).text, "2020-06-15");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_for_the_cell_above_is_no_value),
        cmocka_unit_test(a_formula_that_failed_has_no_value),
        cmocka_unit_test(days_that_stand_for_none),
        cmocka_unit_test(the_mark_of_a_note_is_no_digit),
        cmocka_unit_test(two_numbers_in_a_cell),
        cmocka_unit_test(numbers_that_are_no_days),
        cmocka_unit_test(a_number_of_24_bits_is_as_it_was_written),
        cmocka_unit_test(days_of_a_workbook_that_counts_from_1904),
        cmocka_unit_test(dates_as_ledgers_write_them),
        cmocka_unit_test(excel_serials),
        cmocka_unit_test(numbers_with_commas_and_units),
        cmocka_unit_test(units),
        cmocka_unit_test(digits_that_excel_lost),
        cmocka_unit_test(names_of_which_a_spreadsheet_has_made_days_and_powers),
        cmocka_unit_test(texts_are_trimmed_and_else_kept),
        cmocka_unit_test(long_numbers_in_text_fields),
        cmocka_unit_test(dates_of_cells),
        cmocka_unit_test(numbers_of_cells),
        cmocka_unit_test(what_binary_arithmetic_leaves_is_no_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
