/* Boundaries of mining rights in a text. The sample of form A is published (Henan, the registry's own string); areas
 * are by the shoelace formula here, in double precision, and were checked against the published figures. */
#include "ingest/mining_boundary.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char henan[] =
    "3,5,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66,4,3809233.42,38449855.66,5,3809252.42,"
    "38446305.66,285,8,,1,5,1,3810051.42,38449707.66,2,3809763.42,38449679.66,3,3809738.42,38449770.66,4,3809823.42,"
    "38449837.66,5,3810016.42,38449879.66,192,185,扣除范围,1,4,1,3809471.42,38446617.66,2,3809411.42,38446667.66,3,"
    "3809389.42,38446633.66,4,3809451.42,38446583.66,230,200,扣除范围,-1,";

static dk_mining_boundary boundary;
static dk_error error;

static dk_status parse(const char *text)
{
    error.text[0] = '\0';
    return dk_mining_parse(text, strlen(text), &boundary, &error);
}

static void read_well(const char *text)
{
    if (parse(text) != DK_OK)
        fail_msg("%s", error.text);
}

static void refused(const char *text, const char *said)
{
    assert_int_not_equal(parse(text), DK_OK);
    if (strstr(error.text, said) == NULL)
        fail_msg("%s", error.text);
}

static const char *notes(void)
{
    const char *text = dk_buf_cstr(&boundary.notes);
    return text != NULL ? text : "";
}

static double area(size_t ring)
{
    const dk_mining_ring *r = &boundary.rings[ring];
    const double *xy = boundary.xy + 2 * r->first;
    double sum = 0;
    for (size_t i = 0, j = r->n - 1; i < r->n; j = i++)
        sum += (xy[2 * j] - xy[0]) * (xy[2 * i + 1] - xy[1]) - (xy[2 * i] - xy[0]) * (xy[2 * j + 1] - xy[1]);
    return fabs(sum) / 2;
}

static void a_registry_string_with_heights_and_flags(void **state)
{
    (void)state;
    read_well(henan);
    assert_int_equal(boundary.n_rings, 3);
    assert_int_equal(boundary.zone, 38);
    assert_false(boundary.degrees);
    assert_true(fabs(area(0) - 4684054) < 1 && fabs(area(1) - 43950) < 1 && fabs(area(2) - 3124) < 1);
    assert_true(boundary.xy[0] == 38446311.66 && boundary.xy[1] == 3810331.42); /* east first */
    assert_true(boundary.rings[0].top == 285 && boundary.rings[0].bottom == 8);
    assert_true(!boundary.rings[0].excluded && !boundary.rings[1].excluded && boundary.rings[2].excluded);
    assert_string_equal(notes(), "ring 2 is described as 扣除 and its flag is 1 (圈入); the flag was followed\n");
    dk_buf json;
    dk_buf_init(&json);
    assert_true(dk_mining_json(&boundary, &json));
    assert_non_null(strstr(
        dk_buf_cstr(&json),
        "{\"top\":230,\"bottom\":200,\"excluded\":true,\"description\":\"扣除范围\",\"points\":[[38446617.66,3809471.42],"));
    dk_buf_finish(&json);
}

static void heights_with_units_and_what_is_none(void **state)
{
    (void)state;
#define TRIANGLE "3,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66,"
    read_well("1," TRIANGLE "+100m,-50 米,,1,");
    assert_true(boundary.rings[0].top == 100 && boundary.rings[0].bottom == -50);
    assert_string_equal(notes(), "");
    read_well("1," TRIANGLE "１００Ｍ,-50m,,-1,");
    assert_true(boundary.rings[0].top == 100 && boundary.rings[0].bottom == -50 && boundary.rings[0].excluded);
    /* What is no height is told, and neither the ring nor its other height is lost. */
    read_well("2," TRIANGLE "100～-50,10,,1," TRIANGLE "20,深,,,");
    assert_int_equal(boundary.n_rings, 2);
    assert_true(isnan(boundary.rings[0].top) && boundary.rings[0].bottom == 10);
    assert_true(boundary.rings[1].top == 20 && isnan(boundary.rings[1].bottom) && !boundary.rings[1].excluded);
    assert_non_null(strstr(notes(), "ring 1: \"100~-50\" is no 标高 in metres; the ring was taken without it\n"));
    assert_non_null(strstr(notes(), "ring 2: \"深\" is no 标高 in metres; the ring was taken without it\n"));
    assert_non_null(strstr(notes(), "ring 2 has no flag, 1 (圈入) or -1 (扣除); it was taken as 圈入\n"));
}

static void an_exploration_string_in_degrees_of_any_order(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1,4,117.123456,31.987654,117.187654,31.987654,117.187654,31.923456,117.123456,31.923456,1,0,0",
        "1,4,31.987654,117.123456,31.987654,117.187654,31.923456,117.187654,31.923456,117.123456,1,0,0,",
        "1，4，117°07′24.4416″，31°59′15.5544″，117°11′15.5544″，31°59′15.5544″，117°11′15.5544″，31°55′24.4416″，117°07′24.4416″，31°55′24.4416″，1，0，0",
        "1,4,1170724.4416,315915.5544,1171115.5544,315915.5544,1171115.5544,315524.4416,1170724.4416,315524.4416,1,0,0",
    };
    for (size_t i = 0; i < 4; i++) {
        read_well(texts[i]);
        assert_true(boundary.degrees && boundary.n_rings == 1 && boundary.n_points == 4 && !boundary.rings[0].excluded);
        assert_true(fabs(boundary.xy[0] - 117.123456) < 1e-9 && fabs(boundary.xy[1] - 31.987654) < 1e-9);
        assert_true(fabs(boundary.xy[4] - 117.187654) < 1e-9 && fabs(boundary.xy[5] - 31.923456) < 1e-9);
    }
    assert_string_equal(notes(), "the coordinates were read as degrees, minutes and seconds without marks (DDDMMSS)\n");
    /* A triangle has as many texts as three points of 采矿权 whose heights are cut off. */
    read_well("1,3,117.123456,31.987654,117.187654,31.987654,117.187654,31.923456,1,0,0");
    assert_true(boundary.n_points == 3 && fabs(boundary.xy[4] - 117.187654) < 1e-9);
    read_well(
        "2,4,117.1,31.98,117.19,31.98,117.19,31.9,117.1,31.9,1,0,0,3,117.12,31.97,117.13,31.97,117.13,31.96,1,1,0");
    assert_true(!boundary.rings[0].excluded && boundary.rings[1].excluded);
    assert_string_equal(notes(), "");
    read_well(
        "2,4,117.1,31.98,117.19,31.98,117.19,31.9,117.1,31.9,1,0,0,3,117.12,31.97,117.13,31.97,117.13,31.96,1,是,0");
    assert_false(boundary.rings[1].excluded);
    assert_string_equal(notes(),
                        "ring 2: \"是\" is no flag, 0 (圈入) or another number (扣除); it was taken as 圈入\n");
}

static void the_table_of_a_notice(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "拐点坐标（2000国家大地坐标系）\n点号 X Y\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66\n开采标高：+285米至-8米",
        "1,3810331.42,38446311.66;2,3810329.42,38446592.66;3,3810835.42,38449863.66;标高285~-8",
        "J1\t3810331.42\t38446311.66\r\nJ2\t3810329.42\t38446592.66\r\nJ3\t3810835.42\t38449863.66\r\nJ1\t3810331.42\t38446311.66\r\n标高 285m 到 -8m",
        "1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66;\n标高：285，-8",
    };
    for (size_t i = 0; i < 4; i++) {
        read_well(texts[i]);
        assert_int_equal(boundary.n_rings, 1);
        assert_int_equal(boundary.rings[0].n, 3);
        assert_int_equal(boundary.zone, 38);
        assert_true(boundary.xy[0] == 38446311.66 && boundary.xy[5] == 3810835.42);
        assert_true(boundary.rings[0].top == 285 && boundary.rings[0].bottom == -8);
    }
    read_well(texts[0]);
    assert_ptr_equal(boundary.datum, &dk_cgcs2000);
    read_well(texts[1]);
    assert_null(boundary.datum);
    read_well("1980西安坐标系\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66");
    assert_string_equal(boundary.datum->name, "Xian 1980");
    refused("1980西安坐标系\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66\n"
            "2000国家大地坐标系\n1 3810332.42 38446428.66\n2 3810330.42 38446709.66\n3 3810836.42 38449980.66",
            "names two coordinate systems, Xian 1980 and CGCS2000");
    /* A local system is none of them, whichever it was derived from. */
    refused("西安80独立坐标系\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66",
            "\"西安80独立坐标系\", a local coordinate system; have the points transformed");
    refused("拐点坐标（合肥80坐标系）\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66",
            "a local coordinate system");
    read_well(
        "大别山铁矿矿区范围拐点80坐标系\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66");
    assert_int_equal(boundary.datum->geographic, 4610);
    refused("合肥2000坐标系\n1 3810331.42 38446311.66\n2 3810329.42 38446592.66\n3 3810835.42 38449863.66",
            "a local coordinate system");
    read_well(
        "1 3810331 446311\n2 3810329 446592\n3 3810835 449863\n1 3809471 446617\n2 3809411 446667\n3 3809389 446633");
    assert_true(boundary.n_rings == 2 && boundary.zone == 0);
    /* A 点号 that stands there twice is no beginning; where one begins, the ring before it is whole. */
    read_well(
        "1 3810000 446000\n2 3810000 447000\n3 3811000 447000\n3 3811000 446000\n5 3810700 445500\n6 3810300 445500");
    assert_true(boundary.n_rings == 1 && boundary.rings[0].n == 6);
    refused("1 3810000 446000\n2 3810000 447000\n1 3809471 446617\n2 3809411 446667\n3 3809389 446633",
            "line 3: 点号 1 comes behind a ring of 2 points");
}

static void a_line_of_several_points_is_a_ring_unless_it_goes_on(void **state)
{
    (void)state;
    static const char three[] = "1 3810000 446000 2 3810000 447000 3 3811000 447000";
    static const char four_to_six[] = "4 3811000 446000 5 3810700 445500 6 3810300 445500";
    char text[300];
    const char *const broken[] = {"%s\n%s", "%s\n点号 X Y\n%s", "%s\n%s\n标高285至8"};
    const char *const parted[] = {"%s;%s", "%s\n\n%s", "%s 标高285至8\n%s", "%s\n扣除\n%s"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        snprintf(text, sizeof text, broken[i], three, four_to_six);
        refused(text, "点号 4 goes on from the line above, so that both may be one ring or two");
    }
    for (size_t i = 0; i < sizeof parted / sizeof *parted; i++) {
        snprintf(text, sizeof text, parted[i], three, four_to_six);
        read_well(text);
        assert_true(boundary.n_rings == 2 && boundary.rings[0].n == 3 && boundary.rings[1].n == 3);
    }
    snprintf(text, sizeof text, "%s\n4 3811000 446000\n5 3810700 445500\n6 3810300 445500", three);
    refused(text, "line 2: 点号 4 goes on from the line above");
    snprintf(text, sizeof text, "1 3810000 446000\n2 3810000 447000\n3 3811000 447000\n%s", four_to_six);
    refused(text, "line 4: 点号 4 goes on");
    refused("1 3810000 446000 4 3811000 446000\n2 3810000 447000 5 3810700 445500\n3 3811000 447000 6 3810300 445500",
            "line 1: several points stand side by side, 点号 X Y 点号 X Y; write each on a line of its own");
    refused("1 3810000 446000 2 3810000 447000\n3 3811000 447000 4 3811000 446000",
            "line 1: several points stand side by side");
    read_well("1 3810000 446000 2 3810000 447000 3 3811000 447000\n1 3809471 446617 2 3809411 446667 3 3809389 446633");
    assert_true(boundary.n_rings == 2);
    assert_string_equal(notes(), "");
    read_well("3810000,446000 3810000,447000 3811000,447000\n3811000,446000 3810700,445500 3810300,445500");
    assert_true(boundary.n_rings == 2);
    assert_string_equal(notes(), "each line with several points was taken as a ring of its own\n");
}

#define FIELD "1 3810000 38446000\n2 3810000 38447000\n3 3811000 38447000\n4 3811000 38446000\n"
#define WITHIN "1 3810200 38446200\n2 3810200 38446300\n3 3810300 38446300\n4 3810300 38446200\n"

static void rings_and_heights(const char *text, bool first_excluded, bool second_excluded, double top, double other_top)
{
    read_well(text);
    assert_int_equal(boundary.n_rings, 2);
    if (boundary.rings[0].excluded != first_excluded || boundary.rings[1].excluded != second_excluded)
        fail_msg("%s: %d %d", text, boundary.rings[0].excluded, boundary.rings[1].excluded);
    if (isnan(top) ? !isnan(boundary.rings[0].top) : boundary.rings[0].top != top)
        fail_msg("%s: %g", text, boundary.rings[0].top);
    if (isnan(other_top) ? !isnan(boundary.rings[1].top) : boundary.rings[1].top != other_top)
        fail_msg("%s: %g", text, boundary.rings[1].top);
}

static void a_notice_takes_rings_out_and_gives_each_its_heights(void **state)
{
    (void)state;
    rings_and_heights("矿区范围拐点坐标\n" FIELD "其中扣除范围：\n" WITHIN, false, true, NAN, NAN);
    rings_and_heights("扣除区\n点号 X Y\n" WITHIN "圈入区\n" FIELD, true, false, NAN, NAN);
    rings_and_heights("扣除区\n" WITHIN "矿区二拐点坐标\n" FIELD, true, false, NAN, NAN);
    rings_and_heights(FIELD "标高285至8\n" WITHIN "标高100至50，扣除", false, true, 285, 100);
    rings_and_heights("点号 X Y 圈入/扣除\n" FIELD "扣除后面积0.99平方公里\n" WITHIN, false, false, NAN, NAN);
    refused(FIELD "扣除", "it says 扣除, and no points follow");
    /* Heights are those of the rings above them, or below where they come first; said once they are all rings'. */
    rings_and_heights(FIELD "标高285至8\n" WITHIN "标高100至50", false, false, 285, 100);
    rings_and_heights("标高285至8\n" FIELD "标高100至50\n" WITHIN, false, false, 285, 100);
    rings_and_heights(FIELD "标高285至8\n" WITHIN, false, false, 285, 285);
    rings_and_heights("标高285至8\n" FIELD WITHIN, false, false, 285, 285);
    /* As licences have it, with what else stands beside a table. */
    rings_and_heights("2000国家大地坐标系，1985国家高程基准\n" FIELD WITHIN
                      "矿区面积：0.99km²；开采深度：由+285米至-8米标高",
                      false, false, 285, 285);
    assert_true(boundary.rings[1].bottom == -8);
}

static void heights_of_a_notice_as_they_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double top, bottom;
    } cases[] = {{FIELD "标高：285-8", 285, 8},
                 {FIELD "标高285m-8m", 285, 8},
                 {FIELD "标高：285米－8米", 285, 8},
                 {FIELD "标高：+285m-+8m", 285, 8},
                 {FIELD "标高：285 - 8", 285, 8},
                 {FIELD "标高：285--8", 285, -8},
                 {FIELD "标高：285 -8", 285, -8},
                 {FIELD "标高：-100至−300", -100, -300}, /* U+2212 */
                 {FIELD "开采深度：由285米至8标高", 285, 8},
                 /* Numbers that are a datum's year or a name. */
                 {FIELD "开采标高（1985国家高程基准）：+285米至-8米", 285, -8},
                 {FIELD "标高（3号煤层）：-285至-500", -285, -500},
                 {FIELD "开采标高（1956年黄海高程系）：3#煤层285到8", 285, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_well(cases[i].text);
        assert_int_equal(boundary.n_rings, 1);
        if (boundary.rings[0].top != cases[i].top || boundary.rings[0].bottom != cases[i].bottom)
            fail_msg("%s: %g, %g", cases[i].text, boundary.rings[0].top, boundary.rings[0].bottom);
        assert_string_equal(notes(), "");
    }
    read_well(FIELD "标高：285米以下");
    assert_true(isnan(boundary.rings[0].top) && isnan(boundary.rings[0].bottom));
    assert_string_equal(
        notes(), "\"标高:285米以下\" gives one height where two are expected; the rings were taken without it\n");
    read_well("点号 X Y 标高(m)\n" FIELD);
    assert_string_equal(notes(), "");
}

static void what_does_not_fit_is_told_with_its_place(void **state)
{
    (void)state;
    refused("", "no coordinates");
    refused("见附图", "no coordinates");
    refused(
        "2,5,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66,4,3809233.42,38449855.66,5,3809252.42,38446305.66,285,8,,1,",
        "it says 2 rings and ends behind 1");
    refused("1,5,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66,285,8,,1,", "ring 1");
    refused("1,3,1,3810331.42,38446311.66,2,3810329.42,abc,3,3810835.42,38449863.66,285,8,,1,", "ring 1, point 2");
    refused("1,3,1,3810331.42,38446311.66,2,3810329.42,39446592.66,3,3810835.42,38449863.66,285,8,,1,",
            "begins with zone 39");
    refused("1,3,1,3810331.42,38446311.66,2,12.5,38446592.66,3,3810835.42,38449863.66,285,8,,1,", "point 2: 12.5 and");
    refused("1,3,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810331.42,38446311.66,285,8,,1,",
            "fewer than 3 points");
    refused("1,3,1,3810331.42,38446311.66,2,3810329.42,38446592.66,3,3810835.42,38449863.66,285,8,,2,", "no flag");
    refused("1 3810331.42 38446311.66\n2 3810329.42\n3 3810835.42 38449863.66", "neither northing");
}

static void degrees_that_may_be_minutes_are_in_doubt(void **state)
{
    (void)state;
    /* 117.0724 is 117°07′24″ or 117.0724°; one number with 60 minutes or seconds or more says which. */
    read_well("1,4,117.0724,31.5915,117.1115,31.5915,117.1115,31.5524,117.0724,31.5524,1,0,0");
    assert_true(boundary.degrees && boundary.doubtful && boundary.xy[0] == 117.0724);
    dk_mining_take_minutes(&boundary);
    assert_false(boundary.doubtful);
    assert_true(fabs(boundary.xy[0] - (117 + 7 / 60.0 + 24 / 3600.0)) < 1e-9);
    assert_true(fabs(boundary.xy[1] - (31 + 59 / 60.0 + 15 / 3600.0)) < 1e-9);
    assert_true(fabs(boundary.xy[5] - (31 + 55 / 60.0 + 24 / 3600.0)) < 1e-9);
    read_well("1,3,117.0724,31.5915,117.1115,31.6015,117.1115,31.5524,1,0,0");
    assert_false(boundary.doubtful);
    read_well("1,3,117.0724,31.5915,117.1115,31.5960,117.1115,31.5524,1,0,0");
    assert_false(boundary.doubtful);
    /* Whole minutes, which have no exact double, are no 59 minutes and 99 seconds. */
    read_well("1,4,117.29,31.57,117.3,31.57,117.3,31.58,117.29,31.58,1,0,0");
    assert_true(boundary.doubtful);
    dk_mining_take_minutes(&boundary);
    assert_true(fabs(boundary.xy[0] - (117 + 29 / 60.0)) < 1e-9 && fabs(boundary.xy[2] - 117.5) < 1e-9);
}

static int set_up(void **state)
{
    (void)state;
    dk_mining_boundary_init(&boundary);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dk_mining_boundary_finish(&boundary);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registry_string_with_heights_and_flags),
        cmocka_unit_test(heights_with_units_and_what_is_none),
        cmocka_unit_test(an_exploration_string_in_degrees_of_any_order),
        cmocka_unit_test(the_table_of_a_notice),
        cmocka_unit_test(a_line_of_several_points_is_a_ring_unless_it_goes_on),
        cmocka_unit_test(a_notice_takes_rings_out_and_gives_each_its_heights),
        cmocka_unit_test(heights_of_a_notice_as_they_are_written),
        cmocka_unit_test(what_does_not_fit_is_told_with_its_place),
        cmocka_unit_test(degrees_that_may_be_minutes_are_in_doubt),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
