/* Columns of sources to fields of a kind. */
#include "ingest/columns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *id_aliases[] = {"地块编号", "DKBH"}, *area_aliases[] = {"征收面积"},
                  *village_aliases[] = {"XZQMC", "权属单位"};
static const char *ignored[] = {"OBJECTID", "Shape_Length_in_metres"};
static dk_field fields[] = {
    {.name = "id", .title = "地块编号", .required = true, .aliases = id_aliases, .n_aliases = 2},
    {.name = "area",
     .title = "批准的征收土地面积",
     .type = DK_FIELD_NUMBER,
     .unit = "ha",
     .aliases = area_aliases,
     .n_aliases = 1},
    {.name = "village", .title = "所在村", .aliases = village_aliases, .n_aliases = 2},
    {.name = "purpose", .title = "批准的征收土地用途"},
    {.name = "area_m2", .title = "椭球面积", .type = DK_FIELD_NUMBER, .computed = DK_COMPUTED_AREA},
};
static const dk_kind kind = {.name = "parcel",
                             .fields = fields,
                             .n_fields = 5,
                             .key_field = 0,
                             .ignored_columns = ignored,
                             .n_ignored_columns = 2};
enum { ID, AREA, VILLAGE, PURPOSE };

typedef struct result {
    dk_status status;
    int field[8];
    double first_unit; /* in the base unit; 0: none */
    char notes[400];
    dk_error err;
} result;

static result resolve(const char *const *names, size_t n, bool cut, const dk_column_options *options)
{
    static const dk_column_options none = {0};
    dk_column columns[8];
    dk_mapping mapping;
    result got = {0};
    for (size_t i = 0; i < n; i++)
        columns[i] = (dk_column){.name = names[i], .cut = cut ? 10 : 0};
    got.status = dk_mapping_resolve(&kind, columns, n, options ? options : &none, "f.csv", &mapping, &got.err);
    if (got.status == DK_OK) {
        for (size_t i = 0; i < n; i++) {
            got.field[i] = mapping.field[i];
            if (mapping.field[i] >= 0)
                assert_int_equal(mapping.column[mapping.field[i]], i);
            if (mapping.units[i].dimension != DK_UNIT_NONE)
                got.first_unit = mapping.units[i].num / mapping.units[i].den;
        }
        if (mapping.notes.size > 0)
            strncpy(got.notes, dk_buf_cstr(&mapping.notes), sizeof got.notes - 1);
        dk_mapping_finish(&mapping);
    }
    return got;
}
#define RESOLVE(cut, options, ...)                                                                                     \
    resolve((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), cut,      \
            options)

static void names_titles_and_aliases_without_regard_to_case_width_and_blanks(void **state)
{
    (void)state;
    const result got = RESOLVE(false, NULL, "ｄｋｂｈ", "征收\n面积", "Village", "objectid");
    assert_int_equal(got.status, DK_OK);
    assert_int_equal(got.field[0], ID);
    assert_int_equal(got.field[1], AREA);
    assert_int_equal(got.field[2], VILLAGE);
    assert_int_equal(got.field[3], DK_COLUMN_IGNORED);
}

static void a_unit_in_the_name(void **state)
{
    (void)state;
    const result got = RESOLVE(false, NULL, "地块编号", "征收面积（亩）");
    assert_int_equal(got.status, DK_OK);
    assert_int_equal(got.field[1], AREA);
    assert_true(got.first_unit == 2000.0 / 3);
    assert_true(dk_column_known(&kind, "征收面积(公顷)"));
    assert_false(dk_column_known(&kind, "征收面积(斤)"));
    assert_false(dk_column_known(&kind, "(亩)"));
}

/* As the message about an unknown column asks the user to name it. */
static void a_unit_at_the_end_of_a_name_that_the_user_gives(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double unit;
    } names[] = {{"面积/亩", 2000.0 / 3},
                 {"面积[亩]", 2000.0 / 3},
                 {"面积【亩】", 2000.0 / 3},
                 {"面积亩", 2000.0 / 3},
                 {"面积 平方米", 1},
                 {"area_mu", 2000.0 / 3},
                 {"areamu", 0},
                 {"面积", 0},
                 {"亩数", 0},
                 {"亩", 0},
                 {"面积万元", 0},
                 {"面积（亩）（约）", 2000.0 / 3},
                 {"面积亩（不含道路）", 2000.0 / 3},
                 {"面积（约）", 0}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const dk_pair pair = {.name = "area", .value = names[i].name};
        const dk_column_options options = {.fields = &pair, .n_fields = 1};
        const result got = RESOLVE(false, &options, "DKBH", names[i].name);
        assert_int_equal(got.status, DK_OK);
        if (got.first_unit != names[i].unit)
            fail_msg("%s: %g", names[i].name, got.first_unit);
    }
}

static void a_unit_that_only_ends_like_a_known_one_is_none(void **state)
{
    (void)state;
    static const char *const names[] = {"面积万亩",           "面积（万亩）", "面积/万平方米", "面积百公顷",
                                        "面积（万亩）（约）", "面积（顷）",   "面积（公亩）",  "面积（公顷/亩）"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const dk_pair pair = {.name = "area", .value = names[i]};
        const dk_column_options options = {.fields = &pair, .n_fields = 1};
        const result got = RESOLVE(false, &options, "DKBH", names[i]);
        assert_int_equal(got.status, DK_INVALID);
        assert_non_null(strstr(got.err.text, "ends in a unit that is not known; give its numbers in one that is"));
        assert_non_null(strstr(got.err.text, names[i]));
    }
}

static void a_cut_name_by_its_beginning(void **state)
{
    (void)state;
    const result got = RESOLVE(true, NULL, "DKBH", "XZQM", "Shape_Leng");
    assert_int_equal(got.status, DK_OK);
    assert_int_equal(got.field[1], VILLAGE);
    assert_int_equal(got.field[2], DK_COLUMN_IGNORED);
    assert_non_null(strstr(got.notes, "XZQM, cut off at 10 bytes, was taken for village (所在村)"));
    /* What a name of just so many bytes may have said behind them is a unit. */
    static const char unit[] =
        "in ha; if its name said another unit, load the table as XLSX or CSV, with the whole name";
    assert_null(strstr(got.notes, unit));
    const result whole = RESOLVE(true, NULL, "DKBH", "征收面积");
    assert_non_null(strstr(whole.notes, "征收面积, whose name may be cut off at 10 bytes, was taken for area"));
    assert_non_null(strstr(whole.notes, unit));
    assert_non_null(strstr(RESOLVE(true, NULL, "DKBH", "批准的征收土地面").notes, unit));
    assert_int_equal(RESOLVE(false, NULL, "DKBH", "征收面积").notes[0], '\0');
    assert_int_equal(RESOLVE(false, NULL, "DKBH", "XZQM").status, DK_INVALID);
    const result two = RESOLVE(true, NULL, "DKBH", "批准的征收");
    assert_int_equal(two.status, DK_INVALID);
    assert_non_null(strstr(two.err.text, "could be several fields of parcel; say which with --field FIELD=批准的征收"));
}

static void nothing_is_dropped_in_silence(void **state)
{
    (void)state;
    const result got = RESOLVE(false, NULL, "DKBH", "甲", "乙");
    assert_int_equal(got.status, DK_INVALID);
    assert_non_null(strstr(got.err.text, "f.csv: parcel knows no field for the columns 甲, 乙;"));
    const char *const names[] = {"甲"}, *const all[] = {"*"};
    const dk_column_options one = {.ignore = names, .n_ignore = 1}, every = {.ignore = all, .n_ignore = 1};
    assert_non_null(strstr(RESOLVE(false, &one, "DKBH", "甲", "乙").err.text, "for the column 乙;"));
    const result ignored_all = RESOLVE(false, &every, "DKBH", "甲", "乙");
    assert_int_equal(ignored_all.status, DK_OK);
    assert_int_equal(ignored_all.field[2], DK_COLUMN_IGNORED);
    assert_non_null(strstr(RESOLVE(false, NULL, "DKBH", "area_m2").notes, "area_m2 is computed"));
}

static void fields_named_by_the_user(void **state)
{
    (void)state;
    const dk_pair pairs[] = {{.name = "village", .value = "村"}}, wrong[] = {{.name = "village", .value = "镇"}},
                  sets[] = {{.name = "id", .value = "1"}};
    const dk_column_options options = {.fields = pairs, .n_fields = 1}, bad = {.fields = wrong, .n_fields = 1},
                            set = {.sets = sets, .n_sets = 1};
    const result got = RESOLVE(false, &options, "DKBH", "村");
    assert_int_equal(got.field[1], VILLAGE);
    assert_int_equal(RESOLVE(false, &bad, "DKBH", "村").status, DK_NOT_FOUND);
    /* The column that an alias would have given is not dropped either. */
    assert_non_null(strstr(RESOLVE(false, &options, "DKBH", "村", "权属单位").err.text,
                           "村 and 权属单位 both give the field village"));
    assert_int_equal(RESOLVE(false, NULL, "所在村").status, DK_INVALID);
    assert_int_equal(RESOLVE(false, &set, "所在村").status, DK_OK);
}

static void a_name_that_two_columns_have_names_neither(void **state)
{
    (void)state;
    const dk_pair pairs[] = {{.name = "area", .value = "面积"}};
    const char *const all[] = {"*"};
    const dk_column_options options = {.fields = pairs, .n_fields = 1, .ignore = all, .n_ignore = 1};
    const result twice = RESOLVE(false, &options, "DKBH", "面积", "面积"),
                 blanks = RESOLVE(false, &options, "DKBH", "面 积", "面\n积"),
                 one = RESOLVE(false, &options, "DKBH", "面 积", "面积");
    assert_int_equal(twice.status, DK_INVALID);
    assert_string_equal(twice.err.text,
                        "f.csv: --field area=面积: two columns, 面积 and 面积, are called so; rename one "
                        "of them in the source");
    assert_int_equal(blanks.status, DK_INVALID);
    assert_int_equal(one.status, DK_OK); /* to the letter it is one */
    assert_int_equal(one.field[1], DK_COLUMN_IGNORED);
    assert_int_equal(one.field[2], AREA);
}

static void a_price_above_a_table_is_no_unit_of_amounts_and_that_is_told(void **state)
{
    (void)state;
    const dk_column columns[] = {{.name = "DKBH"}, {.name = "征收面积"}};
    const dk_column_options none = {0};
    dk_unit units[2];
    dk_error err;
    assert_true(dk_unit_parse("万元/亩", strlen("万元/亩"), &units[0]) && dk_unit_parse("亩", strlen("亩"), &units[1]));
    for (size_t n = 1; n <= 2; n++) {
        dk_mapping mapping;
        assert_int_equal(dk_mapping_resolve(&kind, columns, 2, &none, "f.csv", &mapping, &err), DK_OK);
        dk_mapping_units(&mapping, &kind, 0, 2, units, n);
        assert_int_equal(mapping.units[1].dimension, n == 1 ? DK_UNIT_NONE : DK_UNIT_AREA);
        const char *notes = mapping.notes.size > 0 ? dk_buf_cstr(&mapping.notes) : "";
        const char *told =
            strstr(notes, "taken for a price; no unit above it holds for 批准的征收土地面积 (ha): if two units");
        assert_int_equal(told != NULL, n == 1);
        dk_mapping_finish(&mapping);
    }
}

/* Names of columns come folded, units of a catalogue as it writes them. 1 亩 is 1/15 of 10,000 m². */
static void units_of_a_catalogue_in_any_form(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        double fifteen_mu;
    } cases[] = {{"m2", 10000}, {"m²", 10000}, {"㎡", 10000}, {"hm²", 1},
                 {"km²", 0.01}, {"㎢", 0.01},  {"Ha", 1},     {"市亩", 15}};
    const dk_column columns[] = {{.name = "面积"}};
    const dk_column_options none = {0};
    dk_unit mu;
    assert_true(dk_unit_parse("亩", strlen("亩"), &mu));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_field area = {.name = "area", .title = "面积", .type = DK_FIELD_NUMBER, .unit = cases[i].unit};
        const dk_kind plots = {.name = "plot", .fields = &area, .n_fields = 1};
        dk_mapping mapping;
        dk_error err;
        dk_unit own;
        double converted;
        assert_true(dk_field_is_amount(&area));
        assert_int_equal(dk_mapping_resolve(&plots, columns, 1, &none, "f.csv", &mapping, &err), DK_OK);
        dk_mapping_units(&mapping, &plots, 0, 1, &mu, 1); /* 单位：亩 */
        assert_true(dk_unit_parse(area.unit, strlen(area.unit), &own));
        assert_true(dk_unit_convert(15, &mapping.units[0], &own, &converted));
        assert_true(converted == cases[i].fifteen_mu);
        dk_mapping_finish(&mapping);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_titles_and_aliases_without_regard_to_case_width_and_blanks),
        cmocka_unit_test(a_unit_in_the_name),
        cmocka_unit_test(a_unit_at_the_end_of_a_name_that_the_user_gives),
        cmocka_unit_test(a_unit_that_only_ends_like_a_known_one_is_none),
        cmocka_unit_test(a_cut_name_by_its_beginning),
        cmocka_unit_test(nothing_is_dropped_in_silence),
        cmocka_unit_test(fields_named_by_the_user),
        cmocka_unit_test(units_of_a_catalogue_in_any_form),
        cmocka_unit_test(a_name_that_two_columns_have_names_neither),
        cmocka_unit_test(a_price_above_a_table_is_no_unit_of_amounts_and_that_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
