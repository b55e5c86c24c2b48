/* Rows of a VCT's table, of which GB/T 17798-2007 says 标识码 first, and then the values of the fields: writers have it
 * among the fields or before them, and some end each row with a separator. Which value is which column's is told by
 * hand. */
#include "ingest/vct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(spheroid)                                                                                                 \
    "HeadBegin\nDataMark:CNSDTF-VCT\nVersion:GB/T 17798-2007\nSpheroid:" spheroid                                      \
    "\nParameters:117,1,39500000\nSeparator:,\nHeadEnd\n"                                                              \
    "FeatureCodeBegin\n20,地类图斑,Polygon,DLTB\nFeatureCodeEnd\n"
#define TABLE(fields) "TableStructureBegin\nDLTB,0\n" fields "0\nTableStructureEnd\n"
#define SQUARE(id, x)                                                                                                  \
    id "\n20\nu\n1\n39520000,3521000\n1\n11\n4\n39520" x "00,3521000\n39520" x "50,3521000\n39520" x                   \
       "50,3521050\n39520" x "00,3521050\n0\n"
#define TWO "PolygonBegin\n" SQUARE("101", "0") SQUARE("102", "1") "PolygonEnd\n"
#define THREE "PolygonBegin\n" SQUARE("101", "0") SQUARE("102", "1") SQUARE("103", "2") "PolygonEnd\n"
#define ROWS(rows) "AttributeBegin\nDLTB\n" rows "TableEnd\nAttributeEnd\n"
#define CGCS2000 HEAD("CGCS2000,6378137.0,298.257222101")
#define WITH_ID CGCS2000 TABLE("BSM,Int,10\nMC,Char,20\nMJ,Float,15,2\nBZ,Char,20\n")
#define WITHOUT_ID CGCS2000 TABLE("MC,Char,20\nMJ,Float,15,2\nBZ,Char,20\n")

/* All polygons: their values with a bar between them, or "-" where one is not read; a line each. Notes behind them. */
static void reads(const char *text, const char *expected)
{
    char got[4000] = "";
    const char *const *fields;
    dk_error err = {0};
    dk_vct *vct = NULL;
    dk_vct_polygon polygon;
    if (dk_vct_open_memory(text, strlen(text), NULL, NULL, &vct, &err) != DK_OK)
        fail_msg("%s", err.text);
    const size_t n = dk_vct_fields(vct, &fields);
    while (dk_vct_next(vct, &polygon, &err) == DK_OK) {
        for (size_t i = 0; i < n && polygon.problem == NULL; i++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? "|" : "", polygon.values[i]);
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s\n", polygon.problem != NULL ? "-" : "");
    }
    snprintf(got + strlen(got), sizeof got - strlen(got), "%s", dk_vct_notes(vct));
    assert_string_equal(got, expected);
    dk_vct_close(vct);
}

static void each_value_is_that_of_its_column(void **state)
{
    (void)state;
    reads(WITH_ID TWO ROWS("101,甲,1.5,无\n102,乙,2.5,\n"), "101|甲|1.5|无\n102|乙|2.5|\n");
    reads(WITHOUT_ID TWO ROWS("101,甲,1.5,无\n102,乙,2.5,\n"), "甲|1.5|无\n乙|2.5|\n");
    reads(WITH_ID TWO ROWS("101,101,甲,1.5,\n102,102,乙,2.5,\n"), "101|甲|1.5|\n102|乙|2.5|\n");
    /* a separator behind the last value, or nothing in the last column: what is a number tells */
    reads(WITH_ID TWO ROWS("101,甲,1.5,无,\n102,乙,2.5,,\n"), "101|甲|1.5|无\n102|乙|2.5|\n");
    reads(WITHOUT_ID TWO ROWS("101,甲,1.5,\n102,乙,2.5,\n"), "甲|1.5|\n乙|2.5|\n");
}

static void a_row_of_another_length_is_not_read_a_column_beside_its_own(void **state)
{
    (void)state;
    reads(WITHOUT_ID THREE ROWS("101,甲,1.5,无\n102,乙,2.5\n103,丙,3.5,无\n"), "甲|1.5|无\n-\n丙|3.5|无\n");
    reads(WITH_ID THREE ROWS("101,甲,1.5,无\n102,乙,村,2.5,无\n103,丙,3.5,无\n"), "101|甲|1.5|无\n-\n103|丙|3.5|无\n");
    reads(WITHOUT_ID TWO ROWS("101,甲,1.5,无\n102,乙,2.5\n"), "-\n-\n"); /* nothing tells */
}

static void rows_without_a_polygon_are_counted(void **state)
{
    (void)state;
    reads(WITH_ID TWO ROWS("101,甲,1.5,\n103,丙,3.5,\n104,丁,4.5,\n"),
          "101|甲|1.5|\n|||\n1 polygons have no row in table DLTB\n2 rows of table DLTB have no polygon, and were not "
          "read\n");
}

/* A section is read once and passed over once: by another name of its end, what follows would be passed over with it.
 */
static void a_section_is_closed_by_its_own_name(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"HeadBegin\nDataMark:CNSDTF-VCT\nVersion:GB/T 17798-2007\nSeparator:,\nHeadEnd\nFeatureCodeBegin\n20,地类图斑,Polygon,DLTB\nFeatureCodesEnd\n" TWO
         "FeatureCodeBegin\nFeatureCodeEnd\n",
         "FeatureCodeEnd"},
        {CGCS2000 "TableStructureBegin\nDLTB,1\nMC,Char,20\n0\nTableEnd\n" TWO
                  "TableStructureBegin\nTableStructureEnd\n",
         "TableStructureEnd"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dk_error err = {0};
        dk_vct *vct = NULL;
        assert_int_equal(dk_vct_open_memory(cases[i].text, strlen(cases[i].text), NULL, NULL, &vct, &err), DK_INVALID);
        if (strstr(err.text, cases[i].expected) == NULL)
            fail_msg("%s", err.text);
    }
}

/* 小学 in GBK is Сѧ in UTF-8. */
static void letters_that_are_text_in_both_encodings_are_told(void **state)
{
    static const struct {
        const char *name;
        bool either;
    } cases[] = {{"\xD0\xA1\xD1\xA7", true}, {"\xB5\xD8\xBF\xE9", false}, {"DK", false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2000];
        dk_vct *vct = NULL;
        snprintf(
            text, sizeof text,
            "HeadBegin\nDataMark:CNSDTF-VCT\nVersion:GB/T 17798-2007\nHeadEnd\nFeatureCodeBegin\n20,%s,Polygon,DLTB\n"
            "FeatureCodeEnd\n" TABLE("MC,Char,20\n") "PolygonBegin\n" SQUARE("101", "0") "PolygonEnd\n",
            cases[i].name);
        assert_int_equal(dk_vct_open_memory(text, strlen(text), NULL, NULL, &vct, NULL), DK_OK);
        assert_true(dk_vct_either(vct) == cases[i].either);
        dk_vct_close(vct);
    }
}

/* GRS 1980 is 6378137 m and 1/298.257222101, the ellipsoid of Xian 1980 6378140 m and 1/298.257. */
static void the_year_of_an_ellipsoid_is_no_datum(void **state)
{
    static const struct {
        const char *text;
        int epsg;
    } cases[] = {{HEAD("GRS_1980,6378137.0,298.257222101") TWO, 0}, {HEAD("Xian_1980,6378140.0,298.257") TWO, 2363}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem;
        dk_vct *vct = NULL;
        assert_int_equal(dk_vct_open_memory(cases[i].text, strlen(cases[i].text), NULL, NULL, &vct, NULL), DK_OK);
        assert_int_equal(dk_vct_epsg(vct, &problem), cases[i].epsg);
        dk_vct_close(vct);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_that_of_its_column),
        cmocka_unit_test(a_row_of_another_length_is_not_read_a_column_beside_its_own),
        cmocka_unit_test(rows_without_a_polygon_are_counted),
        cmocka_unit_test(a_section_is_closed_by_its_own_name),
        cmocka_unit_test(letters_that_are_text_in_both_encodings_are_told),
        cmocka_unit_test(the_year_of_an_ellipsoid_is_no_datum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
