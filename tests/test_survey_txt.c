/* Coordinate TXT: the published fixture and the variants that are seen in files. */
#include "ingest/survey_txt.h"

#include <iconv.h>
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
    /* As Excel saves it: a line with a comma in quotes, a quote in it twice. */
    reads(
        "[属性描述]\r\n坐标系=CGCS2000\r\n\"转换参数=,,,\"\r\n[地块坐标]\r\n\"4,3,DK\"\"1,,面,,,,@\"\r\n\"J1,1,3521000,39520000\"\r\n"
        "\"J2,1,3521000,39520200\"\t\r\n\"J3,1,3521150,39520200\"\r\n\"J4,1,3521150,39520000\"\r\n",
        "0+4/-1", 30000, "3公顷");
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
    /* A 点号 twice by mistake, and none that starts again behind it: a corner like the others. */
    reads(HEAD "6,3.5,DK1,,面,,,,@\n" OUTER("1") "J5,1,3521100,39519950\nJ6,1,3521050,39519950\n", "0+6/-1", 35000,
          "3.5公顷");
    reads(
        HEAD
        "6,3.5,DK1,,面,,,,@\nJ1,1,3521000,39520000\nJ2,1,3521000,39520200\nJ3,1,3521150,39520200\nJ1,1,3521150,39520000\n"
        "J5,1,3521100,39519950\nJ6,1,3521050,39519950\n",
        "0+6/-1", 35000, "3.5公顷");
    /* An island in a hole. */
    reads(HEAD "12,2.81,DK1,,面,,,,@\n" OUTER("1") HOLE("2") "J9,3,3521060,39520070\nJ10,3,3521060,39520080\n"
                                                             "J11,3,3521070,39520080\nJ12,3,3521070,39520070\n",
          "0+4/-1 4+4/0 8+4/-1", 28100, "2.81公顷");
    /* A part whose edge lies a millimetre inside its neighbour is no hole of it. */
    reads(HEAD "8,6,DK1,,面,,,,@\n" OUTER("1") "J5,2,3521000,39520199.999\nJ6,2,3521000,39520400\n"
                                               "J7,2,3521150,39520400\nJ8,2,3521150,39520199.999\n",
          "0+4/-1 4+4/-1", 60000.15, "6公顷");
}

/* Nothing is closed, and a ring begins or passes where another began: 圈号 tells whose point that is. Areas by hand. */
static void rings_that_share_the_corner_where_one_begins(void **state)
{
    (void)state;
    const char *part = "J5,2,3521000,39519900\nJ6,2,3520900,39519900\nJ7,2,3520900,39520000\n";
    char text[800];
    snprintf(text, sizeof text, "%s%s", HEAD "8,4,DK1,,面,,,,@\n" OUTER("1") "J1,2,3521000.000,39520000.000\n", part);
    reads(text, "0+4/-1 4+4/-1", 40000, "4公顷");
    reads(HEAD "8,4,DK1,,面,,,,@\n" OUTER("1") "J7,2,3520900,39520000\nJ1,2,3521000,39520000\n"
                                               "J5,2,3521000,39519900\nJ6,2,3520900,39519900\n",
          "0+4/-1 4+4/-1", 40000, "4公顷");
    reads(HEAD
          "7,2.84,DK1,,面,,,,@\n" OUTER("1") "J1,2,3521000,39520000\nJ5,2,3521020,39520060\nJ6,2,3521060,39520020\n",
          "0+4/-1 4+3/0", 28400, "2.84公顷");
    /* The second is closed, the first is not. */
    snprintf(text, sizeof text, "%s%s%s", HEAD "8,4,DK1,,面,,,,@\n" OUTER("1") "J1,2,3521000,39520000\n", part,
             "J1,2,3521000,39520000\n");
    reads(text, "0+4/-1 4+4/-1", 40000, "4公顷");
    /* A closing point with the number of the ring behind it, which is closed without that point. */
    reads(HEAD LINE("10") OUTER("1") "J1,2,3521000.000,39520000.000\n" HOLE("2") CLOSE_HOLE("2"), "0+4/-1 5+4/0", 28000,
          "2.8000公顷");
}

/* As above, but all 圈号 are 1, and 点号 that start again tell. */
static void rings_that_share_a_corner_and_count_their_points_anew(void **state)
{
    (void)state;
    reads(HEAD
          "8,2.72,DK1,,面,,,,@\n" OUTER("1") "J1,1,3521000,39520000\nJ2,1,3521020,39520060\nJ3,1,3521060,39520080\n"
                                             "J4,1,3521060,39520020\n",
          "0+4/-1 4+4/0", 27200, "2.72公顷");
    reads(HEAD
          "8,2,DK1,,面,,,,@\n1,1,3521000,39520200\n2,1,3521000,39520300\n3,1,3521100,39520300\n4,1,3521100,39520200\n"
          "1,1,3521000,39520100\n2,1,3521000,39520200\n3,1,3521100,39520200\n4,1,3521100,39520100\n",
          "0+4/-1 4+4/-1", 20000, "2公顷");
    /* The first 点号 again a little beside the first point, and another ring. */
    reads(HEAD
          "8,2.72,DK1,,面,,,,@\n" OUTER("1") "J1,1,3521000.4,39520000.3\nJ2,1,3521020,39520060\nJ3,1,3521060,39520080\n"
                                             "J4,1,3521060,39520020\n",
          "0+4/-1 4+4/0", 27214, "2.72公顷");
    /* All points have one 点号, and both rings are closed. */
    reads(
        HEAD
        "10,2.98,DK1,,面,,,,@\n1,1,3521000,39520000\n1,1,3521000,39520200\n1,1,3521150,39520200\n1,1,3521150,39520000\n"
        "1,1,3521000,39520000\n1,1,3521050,39520060\n1,1,3521050,39520080\n1,1,3521060,39520080\n1,1,3521060,39520060\n"
        "1,1,3521050,39520060\n",
        "0+4/-1 5+4/0", 29800, "2.98公顷");
    /* Both are closed, and the second begins with the second point of the first, under its number. */
    reads(HEAD "10,4.5,DK1,,面,,,,@\n" OUTER("1") CLOSE_OUTER "J2,1,3521000,39520200\nJ5,1,3521000,39520300\n"
                                                              "J6,1,3521150,39520300\nJ3,1,3521150,39520200\n"
                                                              "J2,1,3521000.000,39520200.000\n",
          "0+4/-1 5+4/-1", 45000, "4.5公顷");
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
    /* Gauss-Krüger however it is spelled, and no other projection, nor one onto a plane of its own. */
    static const struct {
        const char *projection;
        int code;
    } projections[] = {{"", 4527},         {"高斯克吕格", 4527},     {"高斯-克吕格投影", 4527}, {"高斯－克吕格", 4527},
                       {"高斯投影", 4527}, {"Gauss-Kruger", 4527},   {"Gauss Kruger", 4527},    {"UTM", 0},
                       {"墨卡托", 0},      {"高斯克吕格抵偿投影", 0}};
    for (size_t i = 0; i < sizeof projections / sizeof *projections; i++) {
        char text[900];
        snprintf(text, sizeof text, "[属性描述]\n坐标系=CGCS2000\n投影类型=%s\n[地块坐标]\n" FIXTURE,
                 projections[i].projection);
        epsg(text, projections[i].code, projections[i].code == 0 ? "where 高斯克吕格 is expected" : NULL);
    }
    /* A meridian between those of the zones is not the whole degrees before its fraction. */
    static const char *const whole[] = {"117.0", "117°", "117°00′", "117°00′00″E", "东经117度", "１１７．００"};
    static const char *const between[] = {"117.25",     "117.5",     "117,5",  "117°30′",
                                          "117°00′30″", "117度15分", "117:30", "１１７．５"};
    char of[600];
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        snprintf(of, sizeof of, "[属性描述]\n坐标系=CGCS2000\n几度分带=3\n中央子午线=%s\n[地块坐标]\n" BARE, whole[i]);
        epsg(of, 4548, NULL);
    }
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        snprintf(of, sizeof of, "[属性描述]\n坐标系=CGCS2000\n几度分带=3\n中央子午线=%s\n[地块坐标]\n" BARE,
                 between[i]);
        epsg(of, 0, "which is the central meridian of no zone of China");
    }
    epsg("[属性描述]\n坐标系=CGCS2000\n中央子午线=117.25\n[地块坐标]\n" FIXTURE, 0, "中央子午线=117.25, which is");
    epsg("[属性描述]\n坐标系=CGCS2000\n几度分带=6\n中央子午线=117\n[地块坐标]\n" BARE, 4509, NULL);
    epsg("[属性描述]\n坐标系=CGCS2000\n几度分带=6\n带号=39\n[地块坐标]\n" BARE, 0, "contradicts itself");
    epsg("[属性描述]\n坐标系=CGCS2000\n[地块坐标]\n" ZONE20, 4498, NULL);
    epsg("[属性描述]\n坐标系=1980西安坐标系\n[地块坐标]\n" FIXTURE, 2363, NULL);
    epsg("[属性描述]\n坐标系=80国家大地坐标系\n[地块坐标]\n" BARE, 4610, NULL);
    epsg("[属性描述]\n坐标系=1954北京坐标系\n[地块坐标]\n" FIXTURE, 2415, NULL);
    epsg("[属性描述]\n坐标系=合肥独立坐标系\n[地块坐标]\n" FIXTURE, 0, "合肥独立坐标系, which is not known");
    epsg(FIXTURE, 0, "does not say the coordinate system");
    /* A local system, though its name says which datum it was derived from. */
    static const char *const local[] = {
        "合肥2000独立坐标系", "地方2000坐标系",   "2000独立坐标系",   "城市2000坐标系",
        "合肥2000坐标系",     "2000地方坐标系",   "合肥市城建2000",   "西安80独立坐标系",
        "合肥80坐标系",       "合肥市1980坐标系", "肥东县54坐标系",   "宁国1954坐标系",
        "无为80坐标系",       "城市80坐标系",     "北京54城建坐标系", "宁国2000坐标系"};
    static const char *const national[] = {"2000国家大地坐标系", "国家2000坐标系",      "2000坐标系",
                                           "大地2000",           "CGCS2000_GK_CM_117E", "（2000）坐标系"};
    char text[600], why[100];
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        snprintf(text, sizeof text, "[属性描述]\n坐标系=%s\n中央子午线=117\n[地块坐标]\n" BARE, local[i]);
        snprintf(why, sizeof why, "坐标系=%s, which is not known", local[i]);
        epsg(text, 0, why);
        epsg(text, 0, "have the data transformed");
    }
    for (size_t i = 0; i < sizeof national / sizeof *national; i++) {
        snprintf(text, sizeof text, "[属性描述]\n坐标系=%s\n中央子午线=117\n[地块坐标]\n" BARE, national[i]);
        epsg(text, 4548, NULL);
    }
    /* The national ones of before, as they are written. */
    static const char
        *const xian[] = {"西安80",           "西安80坐标系",   "1980西安坐标系",       "80西安坐标系",
                         "1980年西安坐标系", "西安1980坐标系", "1980国家大地坐标系",   "国家80坐标系",
                         "80坐标系",         "1980坐标系",     "（80）坐标系",         "坐标：80坐标系",
                         "原80坐标系",       "采用80坐标系",   "高斯直角80坐标系",     "拐点80坐标系",
                         "全国80坐标系",     "Xian_1980",      "Xian_1980_GK_Zone_39", "大别山铁矿80坐标系"},
               *const beijing[] = {"北京54",           "北京54坐标系", "1954北京坐标系", "54北京坐标系",
                                   "1954年北京坐标系", "54坐标系",     "老54坐标系",     "北京1954坐标系"};
    for (size_t i = 0; i < sizeof xian / sizeof *xian; i++) {
        snprintf(text, sizeof text, "[属性描述]\n坐标系=%s\n中央子午线=117\n[地块坐标]\n" FIXTURE, xian[i]);
        epsg(text, 2363, NULL);
    }
    for (size_t i = 0; i < sizeof beijing / sizeof *beijing; i++) {
        snprintf(text, sizeof text, "[属性描述]\n坐标系=%s\n中央子午线=117\n[地块坐标]\n" FIXTURE, beijing[i]);
        epsg(text, 2415, NULL);
    }
    /* A mistake of header and numbers in one: neither bare nor of the zone of the header. */
    epsg(HEAD FIXTURE ZONE20 BARE, 0, "begin with zone 20");
    epsg("[属性描述]\n坐标系=CGCS2000\n计量单位=度\n[地块坐标]\n" FIXTURE, 0, "计量单位=度");
}

static void files_of_other_hands(void **state)
{
    (void)state;
#define ROWS(sep, end)                                                                                                 \
    "J1" sep "1" sep "3521000" sep "39520000" end "\nJ2" sep "1" sep "3521000" sep "39520200" end "\nJ3" sep "1" sep   \
    "3521150" sep "39520200" end "\nJ4" sep "1" sep "3521150" sep "39520000" end "\n"
    epsg("[属性描述]\n坐标系：CGCS2000\n带号:39\n[地块坐标]\n" BARE, 4548, NULL);
    reads(HEAD "4,3,DK1,,面,,,,@\n" ROWS("\t", ""), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4\t3\tDK1\t\t面\t\t\t\t@\n" ROWS("\t", ""), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4,3,DK1,,面,,,,@\n" ROWS(",", ",31.25"), "0+4/-1", 30000, "3公顷");
    epsg(HEAD "4,3,DK1,,面,,,,@\n" ROWS(",", ",31.25"), 4527,
         "a fifth value (the first is line 9), which was taken as a height");
    refuses(HEAD "4,3,DK1,,面,,,,@\n" ROWS(",", ",界桩"), "line 9: \"J1\" with 5 values");
    reads(HEAD "4,3,DK1,,面,,,,@\n" ROWS(",", ".0000000000000000000000000000000001"), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4,3,DK1,,面,,,,@\n" ROWS(",", "") "\n制表人：张三\n\x1A", "0+4/-1", 30000, "3公顷");
    epsg(HEAD "4,3,DK1,,面,,,,@\n" ROWS(",", "") "\n制表人：张三\n", 4527,
         "line 14, and perhaps others outside of the parcels");
    dk_survey *survey = open_text(HEAD "4,3,DK1,甲＠乙,面,,,,＠\n" ROWS(",", ""));
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_null(parcel.problem);
    assert_string_equal(parcel.values[3], "甲＠乙");
    assert_string_equal(parcel.values[8], "");
    assert_null(strstr(dk_survey_notes(survey), "lack the @"));
    dk_survey_close(survey);
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
    /* Pairs of a project become columns, and lines that are not understood are quoted: these do not. */
    const char *const *keys, *const *values;
    survey = open_text(
        "[项目信息]\n项目名称=甲\n坐标转换参数：12.5,0,0,0,0,0,0\n转换参数=12.5,0,0,0,0,0,0\n[属性描述]\n坐标系=CGCS2000\n[地块坐标]\n" FIXTURE
        "转换参数=12.5,0,0,0,0,0,0\n");
    assert_int_equal(dk_survey_project(survey, &keys, &values), 1);
    assert_string_equal(keys[0], "项目名称");
    dk_survey_parcel parcel;
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
    assert_null(parcel.problem);
    assert_non_null(strstr(dk_survey_notes(survey), "转换参数"));
    dk_survey_close(survey);
}

/* ---- the variants that are seen in files, by their numbers in the list of them ---- */

#define POINTS_OF(label, circle, north, east)                                                                          \
    label "1," circle "," north "000," east "000\n" label "2," circle "," north "000," east "200\n" label "3," circle  \
          "," north "150," east "200\n" label "4," circle "," north "150," east "000\n"
#define SYSTEM(lines) "[属性描述]\n" lines "[地块坐标]\n"

static void v1_a_zone_that_the_eastings_contradict_and_a_stray_circle(void **state)
{
    (void)state;
    const char *text = SYSTEM(
        "坐标系=2000国家大地坐标系\n几度分带=3\n带号=38\n精度=3\n") "4,3,DK1,,面,,,,@\n"
                                                                    "J1,1,3521000,39520000\nJ2,1,3521000,39520200\nJ3,"
                                                                    "3,3521150,39520200\nJ4,1,3521150,39520000\n";
    reads(text, "0+4/-1", 30000, "3公顷");
    epsg(text, 4527, "带号=38, but all eastings begin with zone 39");
    dk_survey *survey = open_text(text);
    dk_survey_parcel parcel;
    while (dk_survey_next(survey, &parcel, NULL) == DK_OK)
        assert_null(parcel.problem);
    assert_non_null(strstr(dk_survey_notes(survey), "1 parcels have a 圈号 in the middle of a ring"));
    dk_survey_close(survey);
}

static void v2_easting_first(void **state)
{
    (void)state;
    const char *text = SYSTEM("坐标系=CGCS2000\n") "4,3,DK1,,面,,,,@\nJ1,1,39520000,3521000\nJ2,1,39520200,3521000\n"
                                                   "J3,1,39520200,3521150\nJ4,1,39520000,3521150\n";
    reads(text, "0+4/-1", 30000, "3公顷");
    epsg(text, 4527, "easting before northing");
    epsg(SYSTEM("坐标系=CGCS2000\n带号=39\n") "3,,DK1,,面,,,,@\nJ1,1,520000,3521000\nJ2,1,520200,3521000\nJ3,1,520200,"
                                              "3521150\n",
         4548, "easting before northing");
}

/* A first field that is empty, where tabs separate: not the same as a line that is moved in by one. */
static void a_tab_at_the_beginning_of_a_line(void **state)
{
    (void)state;
#define TABS(before, height)                                                                                           \
    before "1\t3521000.0\t39520000.0" height "\n" before "1\t3521000.0\t39520200.0" height "\n" before                 \
           "1\t3521150.0\t39520200.0" height "\n" before "1\t3521150.0\t39520000.0" height "\n"
    reads(HEAD "4\t3\tDK1\t地块1\t面\t\t\t\t@\n" TABS("\t", ""), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4\t3\tDK1\t地块1\t面\t\t\t\t@\n" TABS("\t", "\t12.5"), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4\t3\tDK1\t地块1\t面\t\t\t\t@\n" TABS("\tJ1\t", ""), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4\t3\tDK1\t地块1\t面\t\t\t\t@\n" TABS("\t\tJ1\t", "\t12.5"), "0+4/-1", 30000, "3公顷");
    reads(HEAD "4\t3\tDK1\t地块1\t面\t\t\t\t@\n" TABS("\t", "") "\t3\tDK2\t地块2\t面\t\t工业用地\t011\n" TABS("\t", ""),
          "0+4/-1", 30000, "3公顷");
}

static void coordinates_of_many_digits(void **state)
{
    (void)state;
    char zeros[101], many[500], text[3000];
    memset(zeros, '0', 100);
    zeros[100] = '\0';
    memset(many, '0', 420);
    many[420] = '\0';
    snprintf(text, sizeof text,
             HEAD "4,3,DK1,,面,,,,@\nJ1,1,3521000.%s,39520000.%s\nJ2,1,3521000,39520200\nJ3,1,3521150,39520200\n"
                  "J4,1,3521150,39520000\n",
             zeros, zeros);
    reads(text, "0+4/-1", 30000, "3公顷");
    snprintf(text, sizeof text,
             HEAD "3,,DK1,,面,,,,@\nJ1,1,3521000,39520000.%s\nJ2,1,3521000,39520200\nJ3,1,3521150,39520200\n", many);
    refuses(text, "line 9, J1: \"39520000.0000000000000000000000000000000…\" has more digits than a coordinate");
    refuses(HEAD "3,,DK1,,面,,,,@\nJ1,1,3521000000000,39520000\nJ2,1,3521000,39520200\nJ3,1,3521150,39520200\n",
            "line 9, J1: \"3521000000000\" has more digits than a coordinate (12 before the point");
}

static void v3_no_zone_before_the_eastings(void **state)
{
    (void)state;
    const char *parcel = "4,3,DK1,,面,,,,@\n" POINTS_OF("J", "1", "3521", "520");
    char text[600];
    snprintf(text, sizeof text, SYSTEM("坐标系=CGCS2000\n带号=\n") "%s", parcel);
    reads(text, "0+4/-1", 30000, "3公顷");
    epsg(text, 0, "does not say the zone");
    snprintf(text, sizeof text, SYSTEM("坐标系=CGCS2000\n带号=40\n") "%s", parcel);
    epsg(text, 4549, NULL);
}

static void v4_a_section_about_the_project(void **state)
{
    (void)state;
    const char *text = "[项目信息]\n项目名称=某项目\n项目编号=XM1\n" HEAD FIXTURE;
    const char *const *keys, *const *values;
    reads(text, "0+4/-1 5+4/0", 28000, "2.8000公顷");
    dk_survey *survey = open_text(text);
    assert_int_equal(dk_survey_project(survey, &keys, &values), 2);
    assert_string_equal(keys[1], "项目编号");
    assert_string_equal(values[1], "XM1");
    dk_survey_close(survey);
}

static void v5_full_width_marks_commas_and_blanks(void **state)
{
    (void)state;
    const char *const texts[] = {
        "【属性描述】\n坐标系=CGCS2000\n【地块坐标】\n4，3，DK1，地块1，面，，，，@\n" POINTS_OF("J", "1", "3521",
                                                                                                 "39520"),
        "［属性描述］\n坐标系＝CGCS2000\n［地块坐标］\n 4 , 3 , DK1 , 地块1 ,面, , , , @ \n"
        "J1 ，1， 3521000 "
        "，39520000\nJ2，1，3521000，39520200\n　J3，1，3521150，39520200　\nJ4，1，3521150，39520000\n"};
    for (size_t i = 0; i < 2; i++) {
        reads(texts[i], "0+4/-1", 30000, "3公顷");
        epsg(texts[i], 4527, NULL);
    }
}

static void v6_parcel_lines_of_other_lengths_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *line, *id, *land_class;
    } cases[] = {{"4,3,DK1,甲,面,I50,耕地,0101,@\n", "DK1", "0101"},
                 {"4,3,DK1,甲,面,I50,耕地,0101,,@\n", "DK1", "0101"},
                 {"4,3,DK1,甲,面,I50,耕地,0101,水田,旱地,9,8,@\n", "DK1", "0101"},
                 {"4,3,DK1,甲,面,I50,耕地,0101,水田,旱地,9,8,备注,@\n", "DK1", "0101"},
                 {"@\n", "", ""},
                 {"", "", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        dk_survey_parcel parcel;
        snprintf(text, sizeof text, HEAD "%s" POINTS_OF("J", "1", "3521", "39520"), cases[i].line);
        reads(text, "0+4/-1", 30000, cases[i].id[0] != '\0' ? "3公顷" : "");
        dk_survey *survey = open_text(text);
        assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
        assert_string_equal(parcel.values[DK_SURVEY_ID], cases[i].id);
        assert_string_equal(parcel.values[DK_SURVEY_LAND_CLASS], cases[i].land_class);
        dk_survey_close(survey);
    }
}

static void v7_numbers_of_points_and_counts(void **state)
{
    (void)state;
    /* Without J; restarting in each ring; unclosed; counted with and without the points that close. */
    const char *hole = "1,2,3521050,39520060\n2,2,3521050,39520110\n3,2,3521090,39520110\n4,2,3521090,39520060\n";
    static const char *const counts[] = {"8", "10"};
    for (size_t i = 0; i < 2; i++) {
        char text[800];
        snprintf(text, sizeof text, HEAD "%s,2.8,DK1,,面,,,,@\n" POINTS_OF("", "1", "3521", "39520") "%s", counts[i],
                 hole);
        reads(text, "0+4/-1 4+4/0", 28000, "2.8公顷");
        snprintf(text, sizeof text, HEAD "%s,2.8,DK1,,面,,,,@\n" OUTER("1") CLOSE_OUTER HOLE("2") CLOSE_HOLE("2"),
                 counts[i]);
        reads(text, "0+4/-1 5+4/0", 28000, "2.8公顷");
    }
    refuses(HEAD "9,2.8,DK1,,面,,,,@\n" OUTER("1") CLOSE_OUTER HOLE("2") CLOSE_HOLE("2"),
            "界址点数 is 9, but 10 points");
}

static void v8_circle_numbers_of_holes_of_parts_or_of_none(void **state)
{
    (void)state;
#define PART POINTS_OF("J", "2", "3521", "39530")
    reads(HEAD "8,2.8,DK1,,面,,,,@\n" OUTER("1") HOLE("2"), "0+4/-1 4+4/0", 28000, "2.8公顷");
    reads(HEAD "8,6,DK1,,面,,,,@\n" OUTER("1") PART, "0+4/-1 4+4/-1", 60000, "6公顷");
    /* 圈号 starts again in the second polygon, which has a hole as well. */
    reads(HEAD "16,5.6,DK1,,面,,,,@\n" OUTER("1") HOLE("2") POINTS_OF(
              "J", "1", "3521",
              "39530") "J5,2,3521050,39530060\nJ6,2,3521050,39530110\nJ7,2,3521090,39530110\nJ8,2,3521090,39530060\n",
          "0+4/-1 4+4/0 8+4/-1 12+4/2", 56000, "5.6公顷");
}

static void v9_units_of_area(void **state)
{
    (void)state;
    static const char *const areas[][2] = {
        {"3.0000", "3.0000公顷"}, {"30000.00", "30000.00平方米"},
        {"3公顷", "3公顷"},       {"2.9999999998", "2.9999999998公顷"},
        {"45.0000", "45.0000亩"}, /* 30000 m² exactly: 1 亩 is 2000/3 m² */
        {"44.0", "44.0公顷"}};    /* near it only: 公顷 as the format has it, and it differs */
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        char text[600];
        snprintf(text, sizeof text, HEAD "4,%s,DK1,,面,,,,@\n" OUTER("1"), areas[i][0]);
        reads(text, "0+4/-1", 30000, areas[i][1]);
    }
}

static void v10_names_of_coordinate_systems(void **state)
{
    (void)state;
    static const struct {
        const char *system;
        int code; /* EPSG, of zone 39 */
    } cases[] = {{"坐标系=2000国家大地坐标系\n", 4527},     {"坐标系=CGCS2000\n", 4527},
                 {"坐标系=80国家大地坐标系\n", 2363},       {"坐标系=1980西安坐标系\n", 2363},
                 {"坐标系=1980西安国家大地坐标系\n", 2363}, {"坐标系=CGCS2000\n分带=3度带\n带号=39\n", 4527},
                 {"坐标系=CGCS2000\n几度分带=三度\n", 4527}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[900];
        snprintf(text, sizeof text, "[属性描述]\n%s[地块坐标]\n" FIXTURE, cases[i].system);
        epsg(text, cases[i].code, NULL);
    }
}

static void v11_encodings_and_line_ends(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    static const char lines[] = " [属性描述]\n坐标系=2000国家大地坐标系\n [地块坐标]\n" FIXTURE;
    for (int gbk = 0; gbk < 3; gbk++) /* UTF-8, GBK, UTF-8 with a mark */
        for (size_t e = 0; e < 3; e++) {
            char text[2000], bytes[2000];
            size_t n = 0;
            if (gbk == 2)
                n = (size_t)snprintf(text, sizeof text, "\xEF\xBB\xBF");
            for (const char *at = lines; *at != '\0'; at++)
                n += (size_t)snprintf(text + n, sizeof text - n, "%.*s", *at == '\n' ? 2 : 1,
                                      *at == '\n' ? ends[e] : at);
            char *from = text, *to = bytes;
            size_t left = n, room = sizeof bytes;
            iconv_t cd = iconv_open(gbk == 1 ? "GBK" : "UTF-8", "UTF-8"); /* the C library's */
            assert_true(cd != (iconv_t)-1);
            assert_int_equal(iconv(cd, &from, &left, &to, &room), 0);
            iconv_close(cd);
            *to = '\0';
            reads(bytes, "0+4/-1 5+4/0", 28000, "2.8000公顷");
            epsg(bytes, 4527, NULL);
            dk_survey *survey = open_text(bytes);
            dk_survey_parcel parcel;
            assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
            assert_string_equal(parcel.values[DK_SURVEY_PURPOSE], "工业用地");
            assert_int_equal(dk_survey_encoding(survey), gbk == 1 ? DK_ENCODING_GB18030 : DK_ENCODING_UTF8);
            dk_survey_close(survey);
        }
}

static void v12_parameters_of_a_transformation(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool told;
    } cases[] = {{",,,,,,", false},          {"0,0,0,0,0,0,0", false}, {"", false}, {"0.0|0.0|0|0|0|0|0", false},
                 {"12.5|0|0|0|0|0|0", true}, {"-7,,,,,,", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[900];
        snprintf(text, sizeof text, "[属性描述]\n坐标系=CGCS2000\n转换参数=%s\n[地块坐标]\n" FIXTURE, cases[i].value);
        reads(text, "0+4/-1 5+4/0", 28000, "2.8000公顷");
        dk_survey *survey = open_text(text);
        assert_int_equal(strstr(dk_survey_notes(survey), "转换参数") != NULL, cases[i].told);
        assert_null(strstr(dk_survey_notes(survey), "12.5"));
        dk_survey_close(survey);
    }
}

static void v13_degrees_without_a_header(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "4,,DK1,,面,,,,@\n1,1,117.21,31.81\n2,1,117.22,31.81\n3,1,117.22,31.82\n4,1,117.21,31.82\n",
        "[地块坐标]\n4,,DK1,,面,,,,@\nJ1,1,31.81,117.21\nJ2,1,31.81,117.22\nJ3,1,31.82,117.22\nJ4,1,31.82,117.21\n"};
    for (size_t i = 0; i < 2; i++) {
        dk_survey *survey = open_text(texts[i]);
        dk_survey_parcel parcel;
        assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
        assert_null(parcel.problem);
        assert_true(parcel.degrees && parcel.n_rings == 1);
        assert_true(parcel.points[1].x == 117.22 && parcel.points[1].y == 31.81);
        dk_survey_close(survey);
        epsg(texts[i], 0, "--crs EPSG:4490");
    }
}

static void v14_polygons_lines_and_points(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        dk_survey_shape shape;
    } cases[] = {{"面", DK_SURVEY_POLYGON}, {"线", DK_SURVEY_LINE}, {"点", DK_SURVEY_POINTS}, {"", DK_SURVEY_POLYGON}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[600];
        dk_survey_parcel parcel;
        snprintf(text, sizeof text, HEAD "4,3,DK1,,%s,,,,@\n" OUTER("1"), cases[i].name);
        dk_survey *survey = open_text(text);
        assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
        assert_null(parcel.problem);
        assert_int_equal(parcel.shape, cases[i].shape);
        assert_int_equal(parcel.rings[0].n, 4);
        dk_survey_close(survey);
    }
}

static void v15_many_parcels_with_numbers_that_go_on(void **state)
{
    (void)state;
    dk_survey *survey = open_text(HEAD "4,3,DK1,,面,,,,@\n" OUTER("1") "4,0.2,DK2,,面,,,,@\n" HOLE(
        "1") "4,0.2,DK3,,面,,,,@\n"
             "J5,1,3522050,39520060\nJ6,1,3522050,39520110\nJ9,1,3522090,39520110\n"
             "J10,1,3522090,39520060\n");
    static const struct {
        int64_t line;
        const char *id, *first_label;
        double area;
    } want[] = {{8, "DK1", "J1", 30000}, {13, "DK2", "J5", 2000}, {18, "DK3", "J5", 2000}};
    dk_survey_parcel parcel;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_OK);
        assert_null(parcel.problem);
        assert_int_equal(parcel.line, want[i].line);
        assert_string_equal(parcel.values[DK_SURVEY_ID], want[i].id);
        assert_string_equal(parcel.texts + parcel.points[0].label, want[i].first_label);
        assert_true(fabs(parcel.area_m2 - want[i].area) < 0.01);
    }
    assert_int_equal(dk_survey_next(survey, &parcel, NULL), DK_END);
    dk_survey_close(survey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_fixture),
        cmocka_unit_test(marks_separators_and_line_ends),
        cmocka_unit_test(parcel_lines_of_13_values_and_without_mark),
        cmocka_unit_test(rings_by_geometry),
        cmocka_unit_test(rings_that_share_the_corner_where_one_begins),
        cmocka_unit_test(rings_that_share_a_corner_and_count_their_points_anew),
        cmocka_unit_test(as_many_rings_in_each_other_as_there_may_be),
        cmocka_unit_test(as_many_holes_as_there_may_be),
        cmocka_unit_test(a_stray_circle_number_and_a_misfit),
        cmocka_unit_test(axes_by_magnitude),
        cmocka_unit_test(zones_by_prefix_header_and_meridian),
        cmocka_unit_test(files_of_other_hands),
        cmocka_unit_test(each_parcel_in_its_zone),
        cmocka_unit_test(units_of_area),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(files_that_are_none),
        cmocka_unit_test(parameters_are_not_told),
        cmocka_unit_test(v1_a_zone_that_the_eastings_contradict_and_a_stray_circle),
        cmocka_unit_test(v2_easting_first),
        cmocka_unit_test(a_tab_at_the_beginning_of_a_line),
        cmocka_unit_test(coordinates_of_many_digits),
        cmocka_unit_test(v3_no_zone_before_the_eastings),
        cmocka_unit_test(v4_a_section_about_the_project),
        cmocka_unit_test(v5_full_width_marks_commas_and_blanks),
        cmocka_unit_test(v6_parcel_lines_of_other_lengths_or_none),
        cmocka_unit_test(v7_numbers_of_points_and_counts),
        cmocka_unit_test(v8_circle_numbers_of_holes_of_parts_or_of_none),
        cmocka_unit_test(v9_units_of_area),
        cmocka_unit_test(v10_names_of_coordinate_systems),
        cmocka_unit_test(v11_encodings_and_line_ends),
        cmocka_unit_test(v12_parameters_of_a_transformation),
        cmocka_unit_test(v13_degrees_without_a_header),
        cmocka_unit_test(v14_polygons_lines_and_points),
        cmocka_unit_test(v15_many_parcels_with_numbers_that_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
