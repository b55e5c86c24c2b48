/* Drawings: outlines with arcs, holes and texts, from drawings of a few lines. Areas are those of plane geometry. */
#include "ingest/dxf.h"
#include "ingest/dxf_text.h"
#include "ingest/rings.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN "0\nSECTION\n2\nENTITIES\n"
#define END "0\nENDSEC\n0\nEOF\n"
#define LW(flags, vertices) "0\nLWPOLYLINE\n5\nA1\n8\n红线\n70\n" flags "\n" vertices
#define V(x, y) "10\n" #x "\n20\n" #y "\n"
#define BULGE(x, y, b) V(x, y) "42\n" #b "\n"
#define SQUARE(a, b) V(a, a) V(b, a) V(b, b) V(a, b)
#define AT(x, y, text) "0\nTEXT\n8\n注记\n10\n" #x "\n20\n" #y "\n40\n3\n1\n" text "\n"

static dk_drawing *chosen(const char *text, bool lines, bool holes)
{
    dk_drawing *dxf = NULL;
    dk_error err = {0};
    const dk_drawing_wanted wanted = {.lines = lines, .holes = holes};
    if (dk_dxf_open_memory(text, strlen(text), NULL, &dxf, &err) != DK_OK ||
        dk_drawing_choose(dxf, &wanted, &err) != DK_OK)
        fail_msg("%s", err.text);
    return dxf;
}

static double area(const dk_drawing_outline *outline)
{
    dk_ring ring = {.xy = outline->xy, .n = outline->n};
    dk_buf scratch;
    dk_buf_init(&scratch);
    assert_true(dk_ring_measure(&ring, &scratch));
    assert_true(dk_ring_holds(&ring, ring.inside_x, ring.inside_y));
    dk_buf_finish(&scratch);
    return ring.area;
}

static void encloses(const char *text, double expected, double tolerance)
{
    const dk_drawing_outline *outlines;
    dk_drawing *dxf = chosen(text, false, false);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 1);
    assert_null(outlines[0].problem);
    assert_true(outlines[0].closed);
    if (fabs(area(&outlines[0]) - expected) > tolerance)
        fail_msg("%.6f, not %.6f", area(&outlines[0]), expected);
    dk_drawing_close(dxf);
}

static void arcs_bulge_to_the_right_of_the_way_round(void **state)
{
    (void)state;
    encloses(BEGIN LW("1", SQUARE(0, 10)) END, 100, 1e-9);
    /* Half circles outwards and inwards on a square that is drawn counter-clockwise, then clockwise. */
    const double half = acos(-1) * 25 / 2;
    encloses(BEGIN LW("1", BULGE(0, 0, 1) V(10, 0) V(10, 10) V(0, 10)) END, 100 + half, 0.02);
    encloses(BEGIN LW("1", BULGE(0, 0, -1) V(10, 0) V(10, 10) V(0, 10)) END, 100 - half, 0.02);
    encloses(BEGIN LW("1", V(0, 0) V(0, 10) V(10, 10) BULGE(10, 0, 1)) END, 100 - half, 0.02);
    encloses(BEGIN LW("1", BULGE(0, 0, 1) BULGE(200, 0, 1)) END, acos(-1) * 10000, 0.5);
    /* More than half a circle: tan(270°/4). */
    encloses(BEGIN LW("1", BULGE(0, 0, 2.414213562373095) V(10, 0)) END, 50 * (acos(-1) * 0.75 + 0.5), 0.05);
    /* As POLYLINE with VERTEX, and seen from below, where x is the other way round. */
    encloses(
        BEGIN
        "0\nPOLYLINE\n8\n0\n70\n1\n0\nVERTEX\n10\n0\n20\n0\n42\n1\n0\nVERTEX\n10\n10\n20\n0\n0\nVERTEX\n10\n10\n20\n"
        "10\n0\nVERTEX\n10\n0\n20\n10\n0\nSEQEND\n" END,
        100 + half, 0.02);
    encloses(BEGIN LW("1", "230\n-1\n" BULGE(0, 0, 1) V(10, 0) V(10, 10) V(0, 10)) END, 100 + half, 0.02);
}

/* ogr2ogr and map programs write drawings of GeoJSON and KML in degrees: what is a millimetre there are hundreds of
 * metres in these numbers. */
static void a_drawing_in_degrees_keeps_its_vertices_and_arcs(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    encloses(BEGIN LW("1", V(117.2, 31.8) V(117.2006, 31.8) V(117.2006, 31.8004) V(117.2, 31.8004)) END, 24e-8, 1e-14);
    encloses(BEGIN LW("1", V(31.8, 117.2) V(31.8, 117.2006) V(31.8004, 117.2006) V(31.8004, 117.2)) END, 24e-8, 1e-14);
    encloses(BEGIN LW("0", V(117.2, 31.8) V(117.2006, 31.8) V(117.2006, 31.8004) V(117.2, 31.8004) V(117.2, 31.8)) END,
             24e-8, 1e-14);
    /* A half circle of 33 m radius outwards, within 1 mm: 3e-4 degrees over 1e-8. */
    encloses(BEGIN LW("1", V(117.2, 31.8) V(117.2006, 31.8) BULGE(117.2006, 31.8004, 1) V(117.2, 31.8004)) END,
             24e-8 + acos(-1) * 9e-8 / 2, 1e-11);
    dk_drawing *dxf =
        chosen(BEGIN LW("0", V(117.2, 31.8) V(117.2006, 31.8) V(117.2006, 31.8004) V(117.2, 31.8004)) END, true, false);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 1);
    assert_false(outlines[0].closed);
    dk_drawing_close(dxf);
    /* Of two that overlap by 50 m none is a hole in the other. */
    dxf = chosen(BEGIN LW("1", V(117.2, 31.8) V(117.203, 31.8) V(117.203, 31.803) V(117.2, 31.803))
                     LW("1", V(117.202, 31.801) V(117.2035, 31.801) V(117.2035, 31.802) V(117.202, 31.802)) END,
                 false, true);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 2);
    assert_int_equal(outlines[1].outer, -1);
    dk_drawing_close(dxf);
}

static void heights_of_a_polyline_in_space_are_left_out(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    dk_drawing *dxf =
        chosen(BEGIN "0\nPOLYLINE\n8\n0\n70\n9\n0\nVERTEX\n10\n0\n20\n0\n30\n7\n70\n32\n0\nVERTEX\n10\n10\n"
                     "20\n0\n30\n8\n70\n32\n0\nVERTEX\n10\n10\n20\n10\n30\n9\n70\n32\n0\nSEQEND\n" END,
               false, false);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 1);
    assert_true(outlines[0].closed && fabs(area(&outlines[0]) - 50) < 1e-9);
    assert_non_null(strstr(dk_drawing_notes(dxf), "1 polylines have a height at each vertex"));
    dk_drawing_close(dxf);
}

static void a_ring_closes_by_its_flag_or_by_returning(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    encloses(BEGIN LW("0", SQUARE(0, 10) V(0, 0)) END, 100, 1e-9);
    encloses(BEGIN LW("0", SQUARE(0, 10) V(0.0004, 0)) END, 100, 0.01);
    dk_drawing *dxf = chosen(BEGIN LW("1", SQUARE(0, 9)) LW("0", SQUARE(0, 10)) LW("1", V(0, 0) V(5, 5) V(9, 9))
                                 LW("1", "10\nx\n20\n1\n" V(5, 5) V(9, 0)) END,
                             false, false);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 4);
    assert_null(outlines[0].problem);
    assert_non_null(strstr(outlines[1].problem, "not closed"));
    assert_non_null(strstr(outlines[2].problem, "encloses nothing"));
    assert_non_null(strstr(outlines[3].problem, "a coordinate is not a number"));
    assert_string_equal(outlines[1].handle, "A1");
    assert_string_equal(outlines[1].layer, "红线");
    dk_drawing_close(dxf);
    dxf = chosen(BEGIN LW("0", SQUARE(0, 10)) END, true, false);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 1);
    assert_null(outlines[0].problem);
    assert_false(outlines[0].closed);
    dk_drawing_close(dxf);
}

static void rings_in_rings_by_turns(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    dk_drawing *dxf = chosen(BEGIN LW("1", SQUARE(4, 6)) LW("1", SQUARE(0, 10)) LW("1", SQUARE(2, 8))
                                 LW("1", V(10, 0) V(20, 0) V(20, 10) V(10, 10)) END,
                             false, true);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 4);
    assert_int_equal(outlines[0].outer, -1); /* an island in the hole */
    assert_int_equal(outlines[1].outer, -1);
    assert_int_equal(outlines[1].next_hole, 2);
    assert_int_equal(outlines[2].outer, 1);
    assert_int_equal(outlines[3].outer, -1); /* a neighbour */
    dk_drawing_close(dxf);
}

static void texts_belong_to_the_smallest_outline_around_them(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    dk_drawing *dxf =
        chosen(BEGIN LW("1", SQUARE(0, 100)) LW("1", SQUARE(20, 40)) LW("1", V(200, 0) V(300, 0) V(300, 9) V(200, 9))
                   AT(50, 50, "下") AT(50, 80, "上") AT(30, 30, "内") AT(250, 12, "旁") AT(250, 60, "远") END,
               false, false);
    dk_drawing_outlines(dxf, &outlines);
    assert_string_equal(outlines[0].text, "上 下");
    assert_string_equal(outlines[1].text, "内");
    assert_string_equal(outlines[2].text, "旁");
    dk_drawing_close(dxf);
    /* DXF Reference, "ASCII Control Characters in DXF Files". */
    dxf = chosen(BEGIN LW("1", SQUARE(0, 100)) AT(50, 50, "DK^ 1^I2^2^M^J三^") END, false, false);
    dk_drawing_outlines(dxf, &outlines);
    assert_string_equal(outlines[0].text, "DK^1 2^2  三^");
    dk_drawing_close(dxf);
    dxf =
        chosen(BEGIN LW("1", SQUARE(0, 100)) "0\nMTEXT\n8\n0\n10\n50\n20\n50\n40\n3\n1\nDK^ 1^J\\S1^ 2; \\SA^B;\n" END,
               false, false);
    dk_drawing_outlines(dxf, &outlines);
    assert_string_equal(outlines[0].text, "DK^1 1/2 A/B");
    dk_drawing_close(dxf);
    /* DXF Reference, TEXT, 72: 3 and 5 run from 10 to 11, beyond the border here; of the others 11 is the place. */
    dxf = chosen(BEGIN LW("1", SQUARE(0, 100))
                     LW("1", V(100, 0) V(200, 0) V(200, 100) V(
                                 100, 100)) "0\nTEXT\n8\n0\n10\n20\n20\n50\n40\n3\n1\n甲\n72\n5\n11\n110\n21\n50\n"
                                            "0\nTEXT\n8\n0\n10\n90\n20\n50\n40\n3\n1\n乙\n72\n1\n11\n150\n21\n50\n" END,
                 false, false);
    dk_drawing_outlines(dxf, &outlines);
    assert_string_equal(outlines[0].text, "甲");
    assert_string_equal(outlines[1].text, "乙");
    dk_drawing_close(dxf);
}

/* As AutoCAD 2018 writes an MTEXT (AC1032): its columns follow as an object, with the direction of the text in 10, its
 * place in 11 and its width in 40. */
static void a_text_with_an_embedded_object_stays_where_it_is(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    dk_drawing *dxf =
        chosen(BEGIN LW("1", V(100, 0) V(200, 0) V(200, 100) V(100, 100))
                   LW("1", SQUARE(0, 10)) "0\nMTEXT\n5\n278\n100\nAcDbEntity\n8\n注记\n100\nAcDbMText\n10\n150\n20\n50"
                                          "\n30\n0.0\n40\n2.5\n41\n"
                                          "18.851\n46\n0.0\n71\n1\n72\n5\n1\n{\\fSimSun|b0|i0|c134|p2;DK1}"
                                          "\n73\n1\n44\n1.0\n101\nEmbedded Object\n"
                                          "70\n1\n10\n1.0\n20\n0.0\n30\n0.0\n11\n150\n21\n50\n31\n0.0\n40\n18."
                                          "851\n41\n0.0\n42\n15.428\n43\n15.042\n"
                                          "71\n2\n72\n1\n44\n18.851\n45\n12.5\n73\n0\n74\n0\n46\n0.0\n" END,
               false, false);
    assert_int_equal(dk_drawing_outlines(dxf, &outlines), 2);
    assert_string_equal(outlines[0].text, "DK1");
    assert_string_equal(outlines[1].text, "");
    dk_drawing_close(dxf);
}

static void reads(const char *text, bool mtext, const char *expected)
{
    dk_buf out;
    dk_decoder *decoder = dk_decoder_create(DK_ENCODING_GB18030);
    dk_buf_init(&out);
    dk_dxf_text(text, strlen(text), mtext, decoder, &out);
    assert_string_equal(dk_buf_cstr(&out), expected);
    dk_buf_finish(&out);
    dk_decoder_free(decoder);
}

static void control_codes_of_texts(void **state)
{
    (void)state;
    reads("\\U+5730\\U+5757 1", false, "地块 1");
    reads("\\U+D86D\\U+DF9A", false, "𫞚");
    reads("\\M+5B5D8\\M+5BFE9", false, "地块");
    reads("117%%d 100%%% %%u线%%u", false, "117° 100% 线");
    reads("{\\fSimSun|b0|i0|c134|p2;\\H2.5x;DK1}\\P\\A1;0.5\\S1^2;亩 \\{\\}", true, "DK1 0.51/2亩 {}");
    reads("C:\\Plan", false, "C:\\Plan");
    reads("\\U+57", false, "\\U+57");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arcs_bulge_to_the_right_of_the_way_round),
        cmocka_unit_test(a_drawing_in_degrees_keeps_its_vertices_and_arcs),
        cmocka_unit_test(heights_of_a_polyline_in_space_are_left_out),
        cmocka_unit_test(a_ring_closes_by_its_flag_or_by_returning),
        cmocka_unit_test(rings_in_rings_by_turns),
        cmocka_unit_test(texts_belong_to_the_smallest_outline_around_them),
        cmocka_unit_test(a_text_with_an_embedded_object_stays_where_it_is),
        cmocka_unit_test(control_codes_of_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
