/* Coordinate TXT: the published fixture and the variants that are seen in files. */
#include "ingest/survey_txt.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                                           \
    "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n投影类型=高斯克吕格\n计量单位=米\n带号=39\n[地块坐标]\n"
#define OUTER(circle)                                                                                                  \
    "J1," circle ",3521000.000,39520000.000\nJ2," circle ",3521000.000,39520200.000\n"                                 \
    "J3," circle ",3521150.000,39520200.000\nJ4," circle ",3521150.000,39520000.000\n"
#define HOLE(circle)                                                                                                   \
    "J5," circle ",3521050.000,39520060.000\nJ6," circle ",3521050.000,39520110.000\n"                                 \
    "J7," circle ",3521090.000,39520110.000\nJ8," circle ",3521090.000,39520060.000\n"
#define CLOSE_OUTER "J1,1,3521000.000,39520000.000\n"
#define CLOSE_HOLE(circle) "J5," circle ",3521050.000,39520060.000\n"
#define LINE(count) count ",2.8000,DK001,地块1,面,,工业用地,,@\n"
#define FIXTURE LINE("10") OUTER("1") CLOSE_OUTER HOLE("2") CLOSE_HOLE("2")

static dk_survey *open_text(const char *text)
{
    dk_survey *survey = NULL;
    dk_error err = {0};
    if (dk_survey_open_memory(text, strlen(text), NULL, false, &survey, &err) != DK_OK)
        fail_msg("%s", err.text);
    return survey;
}

/* The first parcel, which must be readable: rings as first+n/outer, area, its 地块面积. */
static void reads(const char *text, const char *rings, double area, const char *area_text)
{
    dk_survey *survey = open_text(text);
    dk_survey_parcel parcel;
    char got[400];
    size_t n = 0;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    if (parcel.problem != NULL)
        fail_msg("%s", parcel.problem);
    got[0] = '\0';
    for (size_t i = 0; i < parcel.n_rings; i++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%zu+%zu/%d", i > 0 ? " " : "", parcel.rings[i].first,
                              parcel.rings[i].n, parcel.rings[i].outer);
    assert_string_equal(got, rings);
    assert_true(fabs(parcel.area_m2 - area) < 0.01);
    assert_string_equal(parcel.area_text, area_text);
    dk_survey_close(survey);
}

static void refuses(const char *text, const char *part)
{
    dk_survey *survey = open_text(text);
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_non_null(parcel.problem);
    if (strstr(parcel.problem, part) == NULL)
        fail_msg("%s", parcel.problem);
    dk_survey_close(survey);
}

static void epsg(const char *text, int code, const char *part)
{
    dk_survey *survey = open_text(text);
    const char *problem;
    assert_int_equal(dk_survey_epsg(survey, &problem), code);
    if (code == 0 && (problem == NULL || strstr(problem, part) == NULL))
        fail_msg("%s", problem ? problem : "no problem");
    if (code != 0 && part != NULL && strstr(dk_survey_notes(survey), part) == NULL)
        fail_msg("%s", dk_survey_notes(survey));
    dk_survey_close(survey);
}

static void published_fixture(void **state)
{
    (void)state;
    reads(HEAD FIXTURE, "0+4/-1 5+4/0", 28000, "2.8000公顷");
    epsg(HEAD FIXTURE, 4527, NULL);
    dk_survey *survey = open_text(HEAD FIXTURE);
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_int_equal(parcel.line, 8);
    assert_string_equal(parcel.values[DK_SURVEY_ID], "DK001");
    assert_string_equal(parcel.values[DK_SURVEY_PURPOSE], "工业用地");
    assert_true(parcel.points[0].x == 39520000 && parcel.points[0].y == 3521000);
    assert_string_equal(parcel.texts + parcel.points[2].label, "J3");
    assert_int_equal(parcel.points[2].line, 11);
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_END);
    dk_survey_close(survey);
}

static void marks_separators_and_line_ends(void **state)
{
    (void)state;
    reads(" 【属性描述】\r\n坐标系＝CGCS2000\r\n［地块坐标］\r\n4，3，DK1，一号地块，面，，，，@\r\n"
          " J1，1， 3521000.000 "
          "，39520000\r\nJ2，1，3521000，39520200\r\nJ3，1，3521150，39520200\r\nJ4，1，３５２１１５０，39520000\r\n",
          "0+4/-1", 30000, "3公顷");
    reads("[项目信息]\r项目编号=XM1\r[属性描述]\r坐标系=CGCS2000\r[地块坐标]\r4,3,DK1,,面,,,,@\rJ1,1,3521000,"
          "39520000\rJ2,1,3521000,39520200\r"
          "J3,1,3521150,39520200\rJ4,1,3521150,39520000",
          "0+4/-1", 30000, "3公顷");
    reads("\xEF\xBB\xBF" HEAD FIXTURE, "0+4/-1 5+4/0", 28000, "2.8000公顷");
    /* A full-width comma in a name is no separator where the others are enough. */
    dk_survey *survey = open_text(HEAD "4,3,DK1,甲，乙,面,,,,@\n" OUTER("1"));
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_string_equal(parcel.values[DK_SURVEY_NAME], "甲，乙");
    dk_survey_close(survey);
}

static void parcel_lines_of_13_values_and_without_mark(void **state)
{
    (void)state;
    dk_survey *survey = open_text(HEAD "4,3,DK1,甲,面,I50,耕地,0101,水田,旱地,9,8,备,@\n" OUTER(
        "1") "4,3,DK2,乙,面,I50,耕地,0101\n" OUTER("1") OUTER("1"));
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_string_equal(parcel.values[DK_SURVEY_GRADE_AFTER], "8");
    assert_string_equal(parcel.values[DK_SURVEY_REMARK], "备");
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_string_equal(parcel.values[DK_SURVEY_ID], "DK2");
    assert_non_null(parcel.problem); /* the same ring twice */
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_END);
    assert_non_null(strstr(dk_survey_notes(survey), "lack the @"));
    dk_survey_close(survey);
}

static void rings_by_geometry(void **state)
{
    (void)state;
    const char *ring = "0+4/-1 4+4/0", *closed = "0+4/-1 5+4/0";
    reads(HEAD LINE("8") OUTER("1") HOLE("2"), ring, 28000, "2.8000公顷");  /* neither closed nor counted */
    reads(HEAD LINE("10") OUTER("1") HOLE("2"), ring, 28000, "2.8000公顷"); /* counted, not written */
    reads(HEAD LINE("8") OUTER("1") CLOSE_OUTER HOLE("2") CLOSE_HOLE("2"), closed, 28000, "2.8000公顷");
    reads(HEAD LINE("") OUTER("1") CLOSE_OUTER HOLE("1") CLOSE_HOLE("1"), closed, 28000,
          "2.8000公顷"); /* 圈号 restarts */
    /* The hole first: an exterior all the same is what contains. */
    reads(HEAD LINE("8") HOLE("1") OUTER("2"), "0+4/1 4+4/-1", 28000, "2.8000公顷");
    /* 圈号 2 is a part and no hole where it lies beside. */
    reads(HEAD "8,6,DK1,,面,,,,@\n" OUTER("1") "J1,2,3521000,39521000\nJ2,2,3521000,39521200\nJ3,2,3521150,39521200\n"
                                               "J4,2,3521150,39521000\n",
          "0+4/-1 4+4/-1", 60000, "6公顷");
    /* One 圈号 for all, 点号 from the start again, nothing closed. */
    reads(HEAD "8,6,DK1,,面,,,,@\n" OUTER("1") "J1,1,3521000,39521000\nJ2,1,3521000,39521200\nJ3,1,3521150,39521200\n"
                                               "J4,1,3521150,39521000\n",
          "0+4/-1 4+4/-1", 60000, "6公顷");
    /* An island in a hole. */
    reads(HEAD "12,2.81,DK1,,面,,,,@\n" OUTER("1") HOLE("2") "J9,3,3521060,39520070\nJ10,3,3521060,39520080\n"
                                                             "J11,3,3521070,39520080\nJ12,3,3521070,39520070\n",
          "0+4/-1 4+4/0 8+4/-1", 28100, "2.81公顷");
    /* A part whose edge lies a millimetre inside its neighbour is no hole of it. */
    reads(HEAD "8,6,DK1,,面,,,,@\n" OUTER("1") "J5,2,3521000,39520199.999\nJ6,2,3521000,39520400\n"
                                               "J7,2,3521150,39520400\nJ8,2,3521150,39520199.999\n",
          "0+4/-1 4+4/-1", 60000.15, "6公顷");
}

/* Ring i lies in ring i - 1: every second one is a hole, and squares say how much is left. */
static void as_many_rings_in_each_other_as_there_may_be(void **state)
{
    (void)state;
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_text(&text, HEAD ",,DK1,,面,,,,@\n");
    double area = 0;
    for (int i = 0; i < DK_SURVEY_MAX_RINGS; i++) {
        const double half = 4000 - 0.3 * i, n = 3521000, e = 39520000;
        area += (i % 2 == 0 ? 4 : -4) * half * half;
        dk_buf_format(&text, "J1,%d,%.3f,%.3f\nJ2,%d,%.3f,%.3f\nJ3,%d,%.3f,%.3f\nJ4,%d,%.3f,%.3f\n", i, n - half,
                      e - half, i, n - half, e + half, i, n + half, e + half, i, n + half, e - half);
    }
    dk_survey *survey = open_text(dk_buf_cstr(&text));
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    if (parcel.problem != NULL)
        fail_msg("%s", parcel.problem);
    assert_int_equal(parcel.n_rings, DK_SURVEY_MAX_RINGS);
    for (int i = 0; i < DK_SURVEY_MAX_RINGS; i++)
        assert_int_equal(parcel.rings[i].outer, i % 2 == 0 ? -1 : i - 1);
    assert_true(fabs(parcel.area_m2 - area) < 1);
    dk_survey_close(survey);
    dk_buf_finish(&text);
}

/* One exterior and the others holes of it, side by side; nothing is closed, and all are of one 圈号. */
static void as_many_holes_as_there_may_be(void **state)
{
    (void)state;
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_text(&text, HEAD ",,DK1,,面,,,,@\nJ1,1,3520000,39519000\nJ2,1,3520000,39530000\nJ3,1,3531000,39530000\n"
                            "J4,1,3531000,39519000\n");
    for (int i = 1; i < DK_SURVEY_MAX_RINGS; i++) {
        const double n = 3520000 + 100 * (1 + i % 100), e = 39519000 + 100 * (1 + i / 100);
        dk_buf_format(&text, "J1,1,%.3f,%.3f\nJ2,1,%.3f,%.3f\nJ3,1,%.3f,%.3f\n", n, e, n, e + 20, n + 10, e);
    }
    dk_survey *survey = open_text(dk_buf_cstr(&text));
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    if (parcel.problem != NULL)
        fail_msg("%s", parcel.problem);
    assert_int_equal(parcel.n_rings, DK_SURVEY_MAX_RINGS);
    for (int i = 0; i < DK_SURVEY_MAX_RINGS; i++)
        assert_int_equal(parcel.rings[i].outer, i == 0 ? -1 : 0);
    assert_true(fabs(parcel.area_m2 - (11000.0 * 11000 - 100.0 * (DK_SURVEY_MAX_RINGS - 1))) < 1);
    dk_survey_close(survey);
    dk_buf_finish(&text);
}

static void a_stray_circle_number_and_a_misfit(void **state)
{
    (void)state;
    const char *text = HEAD "5,3,DK1,,面,,,,@\nJ1,1,3521000,39520000\nJ2,1,3521000,39520200\nJ3,3,3521150,39520200\n"
                            "J4,1,3521150,39520000\nJ1,1,3521000,39520000\n";
    reads(text, "0+4/-1", 30000, "3公顷");
    reads(HEAD "4,3,DK1,,面,,,,@\nJ1,1,3521000,39520000\nJ2,1,3521000,39520200\nJ3,3,3521150,39520200\n"
               "J4,1,3521150,39520000\n",
          "0+4/-1", 30000, "3公顷");
    dk_survey *survey = open_text(HEAD "5,3,DK1,,面,,,,@\n" OUTER("1") "J1,1,3521000.003,39520000.004\n");
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_null(parcel.problem);
    assert_int_equal(parcel.rings[0].n, 4);
    assert_non_null(strstr(dk_survey_notes(survey), "by up to 0.005 m"));
    dk_survey_close(survey);
}

static void axes_by_magnitude(void **state)
{
    (void)state;
    const char *east_first =
        HEAD "4,3,DK1,,面,,,,@\nJ1,1,39520000,3521000\nJ2,1,39520200,3521000\nJ3,1,39520200,3521150\n"
             "J4,1,39520000,3521150\n";
    reads(east_first, "0+4/-1", 30000, "3公顷");
    epsg(east_first, 4527, "easting before northing");
    const char *degrees = "4,,DK1,,面,,,,@\n1,1,117.21,31.81\n2,1,117.22,31.81\n3,1,117.22,31.82\n4,1,117.21,31.82\n";
    epsg(degrees, 0, "--crs EPSG:4490");
    char text[400];
    snprintf(text, sizeof text, "[属性描述]\n坐标系=2000国家大地坐标系\n[地块坐标]\n%s", degrees);
    epsg(text, 4490, "longitude before latitude");
    refuses(HEAD "4,3,DK1,,面,,,,@\n" OUTER("1") "J5,1,39520000,3521000\n",
            "line 13, J5: (39520000, 3521000) is of another axis");
    refuses(HEAD "1,3,DK1,,面,,,,@\nJ1,1,1.5,2.5\n", "line 9, J1: (1.5, 2.5) are no northing and easting");
}

static void zones_by_prefix_header_and_meridian(void **state)
{
    (void)state;
#define BARE "4,3,DK1,,面,,,,@\nJ1,1,3521000,520000\nJ2,1,3521000,520200\nJ3,1,3521150,520200\nJ4,1,3521150,520000\n"
#define ZONE20 "3,,DK1,,面,,,,@\nJ1,1,3521000,20520000\nJ2,1,3521000,20520200\nJ3,1,3521150,20520200\n"
    epsg("[属性描述]\n坐标系=CGCS2000\n带号=38\n[地块坐标]\n" FIXTURE, 4527,
         "带号=38, but all eastings begin with zone 39");
    epsg("[属性描述]\n坐标系=CGCS2000\n分带=3度带\n带号=39\n[地块坐标]\n" BARE, 4548, NULL);
    epsg("[属性描述]\n坐标系=CGCS2000\n带号=\n[地块坐标]\n" BARE, 0, "does not say the zone");
    epsg("[属性描述]\n坐标系=CGCS2000\n中央子午线=117\n[地块坐标]\n" BARE, 4548, NULL);
    epsg("[属性描述]\n坐标系=CGCS2000\n几度分带=6\n中央子午线=117\n[地块坐标]\n" BARE, 4509, NULL);
    epsg("[属性描述]\n坐标系=CGCS2000\n几度分带=6\n带号=39\n[地块坐标]\n" BARE, 0, "contradicts itself");
    epsg("[属性描述]\n坐标系=CGCS2000\n[地块坐标]\n" ZONE20, 4498, NULL);
    epsg("[属性描述]\n坐标系=1980西安坐标系\n[地块坐标]\n" FIXTURE, 2363, NULL);
    epsg("[属性描述]\n坐标系=80国家大地坐标系\n[地块坐标]\n" BARE, 4610, NULL);
    epsg("[属性描述]\n坐标系=1954北京坐标系\n[地块坐标]\n" FIXTURE, 2415, NULL);
    epsg("[属性描述]\n坐标系=合肥独立坐标系\n[地块坐标]\n" FIXTURE, 0, "合肥独立坐标系, which is not known");
    epsg(FIXTURE, 0, "does not say the coordinate system");
    /* A mistake of header and numbers in one: neither bare nor of the zone of the header. */
    epsg(HEAD FIXTURE ZONE20 BARE, 0, "begin with zone 20");
    epsg("[属性描述]\n坐标系=CGCS2000\n计量单位=度\n[地块坐标]\n" FIXTURE, 0, "计量单位=度");
}

/* The EPSG codes of the parcels, 0 for "as the file". */
static void parcels_are_in(const char *text, int first, int second, const char *note)
{
    dk_survey *survey = open_text(text);
    dk_survey_parcel parcel;
    const int codes[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
        assert_null(parcel.problem);
        assert_int_equal(parcel.epsg, codes[i]);
    }
    if (strstr(dk_survey_notes(survey), note) == NULL)
        fail_msg("%s", dk_survey_notes(survey));
    dk_survey_close(survey);
}

static void each_parcel_in_its_zone(void **state)
{
    (void)state;
    parcels_are_in(HEAD FIXTURE ZONE20, 4527, 4498,
                   "each was taken in its own: 20 before the eastings of 1 (line 19), 39 before the eastings of 1 "
                   "(line 8)\nthe header above 1 of them says another zone (带号=39)");
    parcels_are_in(HEAD FIXTURE FIXTURE, 0, 0, "EPSG:4527");
    /* Files that were joined: each header counts for what stands below it. */
    parcels_are_in("[属性描述]\n坐标系=CGCS2000\n带号=38\n[地块坐标]\n" BARE
                   "[属性描述]\n坐标系=CGCS2000\n带号=39\n[地块坐标]\n" BARE,
                   4547, 4548, "38 above 1 (line 5), 39 above 1 (line 14)");
    epsg("[属性描述]\n坐标系=CGCS2000\n带号=38\n[地块坐标]\n" BARE "[属性描述]\n坐标系=CGCS2000\n[地块坐标]\n" BARE, 0,
         "does not say the zone (带号=) and the eastings (line 13)");
    epsg("[属性描述]\n坐标系=1980西安坐标系\n[地块坐标]\n" FIXTURE ZONE20, 2334, NULL);
}

static void units_of_area(void **state)
{
    (void)state;
#define AREA(text) HEAD "4," text ",DK1,,面,,,,@\n" OUTER("1")
    reads(AREA("30000"), "0+4/-1", 30000, "30000平方米");
    reads(AREA("3"), "0+4/-1", 30000, "3公顷");
    reads(AREA("3公顷"), "0+4/-1", 30000, "3公顷");
    reads(AREA("45亩"), "0+4/-1", 30000, "45亩");
    reads(AREA(""), "0+4/-1", 30000, "");
    /* What agrees with neither is of the unit of the others. */
    reads(AREA("123456789") "4,30000,DK2,,面,,,,@\n" OUTER("1"), "0+4/-1", 30000, "123456789平方米");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    refuses(HEAD LINE("9") OUTER("1") CLOSE_OUTER, "line 8: 界址点数 is 9, but 5 points follow");
    refuses(HEAD LINE("4"), "no point rows");
    refuses(HEAD LINE("4") "J1,1,3521000\n", "line 9: \"J1\" with 3 values is neither");
    refuses(HEAD LINE("4") "J1,1,3.521E+06,39520000\n", "line 9, J1: \"3.521E+06\"");
    refuses(HEAD LINE("4") "J1,一,3521000,39520000\n", "圈号 \"一\" is no number");
    refuses(HEAD "4,3,DK1,甲,乙,面,,,@\n" OUTER("1"), "the fifth value is \"乙\"");
    refuses(HEAD "4,3,1,2,面,6,7,8,9,10,11,12,13,14,15,@\n" OUTER("1"), "15 values before @");
    refuses(HEAD LINE("6") OUTER("1") "J5,2,3521050,39520060\nJ6,2,3521050,39520110\n",
            "line 13, J5: its ring (圈号 2) has 2 points");
    refuses(HEAD LINE("3") "J1,1,3521000,39520000\nJ2,1,3521000,39520100\nJ3,1,3521000,39520200\n", "encloses nothing");
}

static void files_that_are_none(void **state)
{
    (void)state;
    dk_survey *survey = NULL;
    dk_error err;
    static const struct {
        const char *text, *part;
    } cases[] = {{"something", "no coordinate TXT"},
                 {"[属性描述]\n坐标系=CGCS2000\n[地块坐标]\n", "no parcels"},
                 {"[属性描述]\n带号=39\n带号=40\n[地块坐标]\n" FIXTURE, "further up it is 39"},
                 {HEAD FIXTURE "[属性描述]\n坐标系=1980西安坐标系\n", "further up it is 2000国家大地坐标系"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(dk_survey_open_memory(cases[i].text, strlen(cases[i].text), NULL, false, &survey, &err),
                         DK_INVALID);
        if (strstr(err.text, cases[i].part) == NULL)
            fail_msg("%s", err.text);
    }
    assert_int_equal(dk_survey_open_memory("a\0b", 3, NULL, false, &survey, &err), DK_INVALID);
    assert_non_null(strstr(err.text, "NUL"));
    static char line[DK_TEXT_MAX_LINE + 2];
    memset(line, 'J', sizeof line);
    assert_int_equal(dk_survey_open_memory(line, sizeof line, NULL, false, &survey, &err), DK_LIMIT);
}

static void parameters_are_not_told(void **state)
{
    (void)state;
    dk_survey *survey = open_text("[属性描述]\n坐标系=CGCS2000\n转换参数=12.5,0,0,0,0,0,0\n[地块坐标]\n" FIXTURE);
    assert_non_null(strstr(dk_survey_notes(survey), "转换参数"));
    assert_null(strstr(dk_survey_notes(survey), "12.5"));
    dk_survey_close(survey);
    survey = open_text("[属性描述]\n坐标系=CGCS2000\n转换参数=0,0,0,0,0,0,0\n[地块坐标]\n" FIXTURE);
    assert_null(strstr(dk_survey_notes(survey), "转换参数"));
    dk_survey_close(survey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_fixture),
        cmocka_unit_test(marks_separators_and_line_ends),
        cmocka_unit_test(parcel_lines_of_13_values_and_without_mark),
        cmocka_unit_test(rings_by_geometry),
        cmocka_unit_test(as_many_rings_in_each_other_as_there_may_be),
        cmocka_unit_test(as_many_holes_as_there_may_be),
        cmocka_unit_test(a_stray_circle_number_and_a_misfit),
        cmocka_unit_test(axes_by_magnitude),
        cmocka_unit_test(zones_by_prefix_header_and_meridian),
        cmocka_unit_test(each_parcel_in_its_zone),
        cmocka_unit_test(units_of_area),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(parameters_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
