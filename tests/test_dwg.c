/* Drawings as DWG of R2000, written by hand after the specification (dwg_fixture.h): what AutoCAD may put around an
 * entity, chains of vertices, spaces, codes of numbers and references, encodings, and damage. Areas are those of plane
 * geometry, codes the examples of the specification. */
#include "ingest/dwg.h"
#include "ingest/dwg_bits.h"
#include "ingest/rings.h"

#include "dwg_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    TEXT = 1,
    INSERT = 7,
    VERTEX_2D = 10,
    VERTEX_3D = 11,
    POLYLINE_2D = 15,
    POLYLINE_3D = 16,
    LINE = 19,
    MTEXT = 44,
    BLOCK_HEADER = 49,
    LAYER = 51,
    LWPOLYLINE = 77
};
enum { OWNED = 0, PAPER = 1, MODEL = 2 };
#define RED_LINE 0x10 /* handle of the layer that things are on */
#define MODEL_SPACE 0x12

/* An object under way: its data, and the references behind them. */
typedef struct drawn {
    unsigned type;
    uint64_t handle;
    pen own, refs;
} drawn;

/* What may stand around an entity. */
typedef struct around {
    unsigned space; /* MODEL if 0 and no owner */
    uint64_t owner;
    unsigned layer_code;  /* of its reference; 5 if 0 */
    uint64_t layer_value; /* RED_LINE if 0 */
    bool cluttered;       /* with all that an entity can have */
    uint64_t next;        /* in a chain; 0: the next handle */
} around;

static drawn begin(unsigned type, uint64_t handle, bool cluttered)
{
    drawn it = {.type = type, .handle = handle};
    for (unsigned i = 0; cluttered && i < 2; i++) { /* data of two applications */
        put_bs(&it.own, 13);
        put_h(&it.own, 5, 0x1B + i);
        for (unsigned k = 0; k < 13; k++)
            put(&it.own, 0xA5 ^ k, 8);
    }
    put_bs(&it.own, 0);
    return it;
}

static drawn entity(unsigned type, uint64_t handle, around how)
{
    drawn it = begin(type, handle, how.cluttered);
    const unsigned space = how.space != 0 || how.owner != 0 ? how.space : MODEL;
    put(&it.own, how.cluttered, 1);
    if (how.cluttered) { /* a picture of 300 bytes */
        put_raw(&it.own, 300, 4);
        for (unsigned i = 0; i < 300; i++)
            put(&it.own, i, 8);
    }
    put(&it.own, space, 2);
    put_bl(&it.own, how.cluttered ? 3 : 0);   /* reactors */
    put(&it.own, how.next == 0, 1);           /* no links */
    put_bs(&it.own, how.cluttered ? 7 : 256); /* colour: by layer */
    put_bd(&it.own, how.cluttered ? 2.5 : 1); /* scale of the line type */
    put(&it.own, how.cluttered ? 3 : 0, 2);   /* line type */
    put(&it.own, how.cluttered ? 3 : 0, 2);   /* plot style */
    put_bs(&it.own, 0);                       /* visible */
    put(&it.own, 29, 8);                      /* line weight: by layer */
    if (space == OWNED)
        put_h(&it.refs, 4, how.owner);
    for (unsigned i = 0; how.cluttered && i < 3; i++)
        put_h(&it.refs, 4, 0x30 + i);
    put_h(&it.refs, 3, how.cluttered ? 0x77 : 0); /* dictionary */
    if (how.next != 0) {
        put_h(&it.refs, 4, 0);
        put_h(&it.refs, 4, how.next);
    }
    put_h(&it.refs, how.layer_code ? how.layer_code : 5, how.layer_value ? how.layer_value : RED_LINE);
    if (how.cluttered) {
        put_h(&it.refs, 5, 0x14);
        put_h(&it.refs, 5, 0x15);
    }
    return it;
}

/* Puts the object into the file and frees it. */
static void end(by_hand *file, drawn *it)
{
    pen head = {0}, whole = {0};
    put_bs(&head, it->type);
    const size_t before = head.n;
    put_raw(&head, 0, 4);
    put_h(&head, 0, it->handle);
    const uint32_t own_bits = (uint32_t)(head.n + it->own.n);
    put_bs(&whole, it->type);
    assert_int_equal(whole.n, before);
    put_raw(&whole, own_bits, 4);
    put_h(&whole, 0, it->handle);
    put_pen(&whole, &it->own);
    put_pen(&whole, &it->refs);
    by_hand_object(file, it->handle, whole.bytes.data, whole.bytes.size);
    pen_free(&head);
    pen_free(&whole);
    pen_free(&it->own);
    pen_free(&it->refs);
}

static void named(by_hand *file, unsigned type, uint64_t handle, const char *name)
{
    drawn it = begin(type, handle, false);
    put_bl(&it.own, 0);
    put_text(&it.own, name);
    put(&it.own, 0, 8); /* what follows is not read */
    put_h(&it.refs, 4, 2);
    end(file, &it);
}

static by_hand with_layer(const char *name)
{
    by_hand file = by_hand_new();
    named(&file, LAYER, RED_LINE, name);
    named(&file, BLOCK_HEADER, MODEL_SPACE, "*MODEL_SPACE");
    named(&file, BLOCK_HEADER, 0x13, "*Paper_Space");
    return file;
}

/* A closed LWPOLYLINE of n pairs, plainly: every double whole. */
static void lightweight(by_hand *file, uint64_t handle, around how, const double *xy, unsigned n)
{
    drawn it = entity(LWPOLYLINE, handle, how);
    put_bs(&it.own, 512);
    put_bl(&it.own, n);
    for (unsigned i = 0; i < 2 * n; i++) {
        if (i >= 2)
            put(&it.own, 3, 2);
        put_rd(&it.own, xy[i]);
    }
    end(file, &it);
}
static const double square[8] = {0, 0, 10, 0, 10, 10, 0, 10};

static void text_at(by_hand *file, uint64_t handle, double x, double y, const char *text)
{
    drawn it = entity(TEXT, handle, (around){0});
    put(&it.own, 0xFF, 8); /* nothing but what must be */
    put_rd(&it.own, x);
    put_rd(&it.own, y);
    put(&it.own, 1, 1); /* extrusion and thickness as usual */
    put(&it.own, 1, 1);
    put_rd(&it.own, 3);
    put_text(&it.own, text);
    put_h(&it.refs, 5, 0x11);
    end(file, &it);
}

static void vertex_2d(by_hand *file, uint64_t handle, around how, unsigned flags, double x, double y, double bulge)
{
    drawn it = entity(VERTEX_2D, handle, how);
    put(&it.own, flags, 8);
    put_bd(&it.own, x);
    put_bd(&it.own, y);
    put_bd(&it.own, 0);
    if (handle % 2 == 0) {
        put_bd(&it.own, -0.5); /* of both ends */
    } else {
        put_bd(&it.own, 0.25);
        put_bd(&it.own, 0.75);
    }
    put_bd(&it.own, bulge);
    put_bd(&it.own, 0);
    end(file, &it);
}

static void polyline_2d(by_hand *file, uint64_t handle, around how, uint64_t first, uint64_t last)
{
    drawn it = entity(POLYLINE_2D, handle, how);
    put_bs(&it.own, 1);
    put_bs(&it.own, 0);
    put_bd(&it.own, 0.25);
    put_bd(&it.own, 0.25);
    put(&it.own, 0, 1); /* thickness */
    put_bd(&it.own, 4);
    put_bd(&it.own, 12.5); /* elevation */
    put(&it.own, 1, 1);
    put_h(&it.refs, 4, first);
    put_h(&it.refs, 4, last);
    put_h(&it.refs, 3, last + 1);
    end(file, &it);
}

/* ---- reading ---- */

static dk_drawing *chosen_of(by_hand *file, const char *const *classes, const dk_drawing_wanted *wanted)
{
    dk_drawing *drawing = NULL;
    dk_error err = {0};
    dk_buf whole;
    dk_buf_init(&whole);
    by_hand_finish(file, classes, &whole);
    if (dk_dwg_open_memory(whole.data, whole.size, NULL, &drawing, &err) != DK_OK ||
        dk_drawing_choose(drawing, wanted, &err) != DK_OK)
        fail_msg("%s", err.text);
    dk_buf_finish(&whole);
    by_hand_free(file);
    return drawing;
}

static dk_drawing *chosen(by_hand *file)
{
    const dk_drawing_wanted wanted = {0};
    return chosen_of(file, NULL, &wanted);
}

static double area(const dk_drawing_outline *outline)
{
    dk_ring ring = {.xy = outline->xy, .n = outline->n};
    dk_buf scratch;
    dk_buf_init(&scratch);
    assert_true(dk_ring_measure(&ring, &scratch));
    dk_buf_finish(&scratch);
    return ring.area;
}

static void is_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9f, not %.9f", value, expected);
}

static void has_note(const dk_drawing *drawing, const char *sentence)
{
    if (strstr(dk_drawing_notes(drawing), sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, dk_drawing_notes(drawing));
}

/* Opens bytes that are no good; gives the sentence. */
static const char *refused(const void *data, size_t size, dk_error *err)
{
    dk_drawing *drawing = NULL;
    if (dk_dwg_open_memory(data, size, NULL, &drawing, err) == DK_OK)
        fail_msg("it was read");
    assert_memory_equal(err->text, "(memory)", 8);
    return err->text;
}

static void is_refused(by_hand *file, const char *sentence)
{
    dk_error err = {0};
    dk_buf whole;
    dk_buf_init(&whole);
    by_hand_finish(file, NULL, &whole);
    if (strstr(refused(whole.data, whole.size, &err), sentence) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", sentence, err.text);
    dk_buf_finish(&whole);
    by_hand_free(file);
}

/* ---- situations ---- */

static dk_dwg_bits bits_of(const char *digits, unsigned char *bytes)
{
    pen made = {0};
    for (; *digits != '\0'; digits++)
        if (*digits != ' ')
            put(&made, *digits == '1', 1);
    dk_dwg_bits bits = {.data = bytes, .end = made.n};
    memcpy(bytes, made.bytes.data, made.bytes.size);
    pen_free(&made);
    return bits;
}

static void codes_are_those_of_the_specification(void **state)
{
    (void)state;
    unsigned char bytes[64];
    dk_dwg_bits bits = bits_of("00 00000001 00000001 10 11 01 00001111 10", bytes);
    const unsigned shorts[] = {257, 0, 256, 15, 0};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(dk_dwg_bs(&bits), shorts[i]);
    assert_int_equal(bits.at, bits.end);
    bits = bits_of("00 00000001 00000001 00000000 00000000 10 01 00001111 10", bytes);
    const unsigned longs[] = {257, 0, 15, 0};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(dk_dwg_bl(&bits), longs[i]);
    const unsigned char mc[] = {0x82, 0x24, 0xE9, 0x97, 0xE6, 0x35}, minus[] = {0x85, 0x4B},
                        ms[] = {0x31, 0xF4, 0x8D, 0x00};
    const unsigned char *at = mc;
    uint64_t value;
    int64_t difference;
    assert_true(dk_dwg_mc(&at, mc + 6, &value) && value == 4610);
    assert_true(dk_dwg_mc(&at, mc + 6, &value) && value == 112823273);
    at = minus;
    assert_true(dk_dwg_mc_signed(&at, minus + 2, &difference) && difference == -1413);
    at = ms;
    assert_true(dk_dwg_ms(&at, ms + 4, &value) && value == 4650033);
    at = mc;
    assert_false(dk_dwg_mc(&at, mc + 1, &value));
    assert_int_equal(dk_dwg_crc(0, (const unsigned char *)"123456789", 9), 0xBB3D); /* CRC-16/ARC */
    bits = bits_of("1", bytes);
    assert_int_equal(dk_dwg_rl(&bits), 0);
    assert_true(bits.failed);
}

static void doubles_take_bytes_from_the_one_before(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    drawn it = entity(LWPOLYLINE, 0x40, (around){0});
    put_bs(&it.own, 512);
    put_bl(&it.own, 4);
    const uint64_t begin_x = 0x4142D7A412345678, begin_y = 0x414ADCC8AAAAAAAA; /* about 2469704 and 3520913 */
    put_raw(&it.own, begin_x, 8);
    put_raw(&it.own, begin_y, 8);
    put(&it.own, 0, 2); /* as before, */
    put(&it.own, 1, 2); /* other lower four bytes, */
    put_raw(&it.own, 0x11223344, 4);
    put(&it.own, 2, 2); /* other lower six, the upper two of them first, */
    put_raw(&it.own, 0x99A4, 2);
    put_raw(&it.own, 0x55667788, 4);
    put(&it.own, 0, 2);
    put(&it.own, 3, 2); /* all */
    put_rd(&it.own, 2460000.5);
    put(&it.own, 2, 2);
    put_raw(&it.own, 0x0102, 2);
    put_raw(&it.own, 0, 4);
    end(&file, &it);
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 1);
    uint64_t found[8];
    memcpy(found, outlines[0].xy, sizeof found);
    const uint64_t expected[6] = {begin_x,           begin_y, begin_x, 0x414ADCC811223344, 0x414299A455667788,
                                  0x414ADCC811223344};
    for (size_t i = 0; i < 6; i++)
        assert_true(found[i] == expected[i]);
    assert_true(outlines[0].xy[6] == 2460000.5);
    assert_true(found[7] == 0x414A010200000000);
    dk_drawing_close(drawing);
}

static void whatever_stands_around_an_entity_is_passed_over(void **state)
{
    (void)state;
    by_hand file = with_layer("红线");
    drawn it = entity(LWPOLYLINE, 0x2A, (around){.cluttered = true, .next = 0x50});
    put_bs(&it.own, 512 | 256 | 1 | 2 | 4 | 8 | 16 | 32);
    put_bd(&it.own, 0.3); /* width, */
    put_bd(&it.own, 17);  /* elevation, */
    put_bd(&it.own, 2);   /* thickness, */
    put_bd(&it.own, 0);   /* from below */
    put_bd(&it.own, 0);
    put_bd(&it.own, -1);
    put_bl(&it.own, 4);
    put_bl(&it.own, 4);
    put_bl(&it.own, 4);
    for (unsigned i = 0; i < 8; i++) {
        if (i >= 2)
            put(&it.own, 3, 2);
        put_rd(&it.own, square[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        put_bd(&it.own, i == 0);
    for (unsigned i = 0; i < 8; i++)
        put_bd(&it.own, 0.1 * i);
    end(&file, &it);
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 1);
    assert_null(outlines[0].problem);
    assert_true(outlines[0].closed);
    assert_string_equal(outlines[0].handle, "2A");
    assert_string_equal(outlines[0].layer, "红线");
    assert_int_equal(outlines[0].row, 1);
    is_near(area(&outlines[0]), 100 + acos(-1) * 25 / 2, 0.02);
    for (size_t i = 0; i < outlines[0].n; i++)
        assert_true(outlines[0].xy[2 * i] <= 0 && outlines[0].xy[2 * i] >= -10.001);
    dk_drawing_close(drawing);
}

static void the_layer_is_named_by_any_kind_of_reference(void **state)
{
    (void)state;
    const around how[] = {{.layer_code = 5, .layer_value = 0x10}, {.layer_code = 2, .layer_value = 0x10},
                          {.layer_code = 3, .layer_value = 0x10}, {.layer_code = 4, .layer_value = 0x10},
                          {.layer_code = 0xC, .layer_value = 4},  /* so much before 0x14 */
                          {.layer_code = 0xA, .layer_value = 9},  /* so much after 7 */
                          {.layer_code = 8, .layer_value = 0x99}, /* the one before 0x11 */
                          {.layer_code = 6, .layer_value = 0x99}};
    const uint64_t handles[] = {0x20, 0x20, 0x20, 0x20, 0x14, 7, 0x11, 0xF};
    for (size_t i = 0; i < 8; i++) {
        by_hand file = with_layer("地块");
        /* What is put as the value of the codes 6 and 8 counts for nothing. */
        lightweight(&file, handles[i], how[i], square, 4);
        dk_drawing *drawing = chosen(&file);
        const dk_drawing_outline *outlines;
        assert_int_equal(dk_drawing_outlines(drawing, &outlines), 1);
        assert_string_equal(outlines[0].layer, "地块");
        dk_drawing_close(drawing);
    }
    by_hand file = with_layer("0");
    lightweight(&file, 0x20, (around){.layer_value = 0x9999}, square, 4);
    is_refused(&file, "(memory), handle 20: the drawing is damaged: the layer of the polyline is missing");
}

static void vertices_follow_one_another_by_handle_or_by_link(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    polyline_2d(&file, 0x20, (around){0}, 0x21, 0x25);
    const around owned = {.owner = 0x20};
    vertex_2d(&file, 0x21, owned, 0, 0, 0, 1);
    vertex_2d(&file, 0x22, owned, 0, 10, 0, 0);
    vertex_2d(&file, 0x23, owned, 16, 500, 500, 0); /* of the frame of a spline */
    vertex_2d(&file, 0x24, owned, 8, 10, 10, 0);
    vertex_2d(&file, 0x25, owned, 0, 0, 10, 0);
    polyline_2d(&file, 0x30, (around){.cluttered = true}, 0x33, 0x31);
    vertex_2d(&file, 0x31, (around){.owner = 0x30, .cluttered = true}, 0, 100, 20, 0);
    vertex_2d(&file, 0x32, (around){.owner = 0x30, .next = 0x34}, 0, 120, 0, 0);
    vertex_2d(&file, 0x33, (around){.owner = 0x30, .next = 0x32}, 0, 100, 0, 0);
    vertex_2d(&file, 0x34, (around){.owner = 0x30, .next = 0x31}, 0, 120, 20, 0);
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 2);
    assert_null(outlines[0].problem);
    is_near(area(&outlines[0]), 100 + acos(-1) * 25 / 2, 0.02);
    assert_null(outlines[1].problem);
    assert_int_equal(outlines[1].n, 4);
    is_near(area(&outlines[1]), 400, 1e-9);
    dk_drawing_close(drawing);
}

static void a_broken_chain_is_a_problem_of_its_polyline(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    lightweight(&file, 0x1F, (around){0}, square, 4);
    polyline_2d(&file, 0x20, (around){0}, 0x21, 0x29); /* in a circle, */
    vertex_2d(&file, 0x21, (around){.owner = 0x20, .next = 0x22}, 0, 0, 0, 0);
    vertex_2d(&file, 0x22, (around){.owner = 0x20, .next = 0x21}, 0, 5, 0, 0);
    polyline_2d(&file, 0x30, (around){0}, 0x31, 0x33); /* of another polyline, */
    vertex_2d(&file, 0x31, (around){.owner = 0x20}, 0, 0, 0, 0);
    polyline_2d(&file, 0x40, (around){0}, 0x41, 0x43); /* into nothing, */
    vertex_2d(&file, 0x41, (around){.owner = 0x40}, 0, 0, 0, 0);
    polyline_2d(&file, 0x50, (around){0}, 0, 0);       /* without vertices, */
    polyline_2d(&file, 0x60, (around){0}, 0x1F, 0x1F); /* of what is no vertex */
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 6);
    assert_null(outlines[0].problem);
    const char *const problems[] = {"in a circle", "belongs to another", "do not follow", "fewer than two",
                                    "do not follow"};
    for (size_t i = 0; i < 5; i++)
        assert_non_null(strstr(outlines[i + 1].problem, problems[i]));
    dk_drawing_close(drawing);
}

static void heights_of_a_polyline_in_space_are_left_out(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    drawn it = entity(POLYLINE_3D, 0x20, (around){0});
    put(&it.own, 0, 8);
    put(&it.own, 1, 8);
    put_h(&it.refs, 0xA, 1); /* the first vertex: one behind */
    put_h(&it.refs, 0xA, 4);
    put_h(&it.refs, 3, 0x25);
    end(&file, &it);
    for (unsigned i = 0; i < 4; i++) {
        it = entity(VERTEX_3D, 0x21 + i, (around){.owner = 0x20});
        put(&it.own, 32, 8);
        put_bd(&it.own, square[2 * i]);
        put_bd(&it.own, square[2 * i + 1]);
        put_bd(&it.own, 3.5 * i);
        end(&file, &it);
    }
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 1);
    is_near(area(&outlines[0]), 100, 1e-9);
    has_note(drawing, "1 polylines have a height at each vertex");
    dk_drawing_close(drawing);
}

static void only_what_is_in_model_space_counts(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    lightweight(&file, 0x20, (around){.space = MODEL}, square, 4);
    lightweight(&file, 0x21, (around){.space = PAPER}, square, 4);
    lightweight(&file, 0x22, (around){.owner = 0x13}, square, 4);        /* a block */
    lightweight(&file, 0x23, (around){.owner = MODEL_SPACE}, square, 4); /* said by its owner */
    text_at(&file, 0x24, 5, 5, "DK1");
    for (unsigned i = 0; i < 6; i++) { /* an insert of a block, lines, a class: some in paper space */
        const unsigned types[] = {INSERT, LINE, LINE, LINE, 501, 502};
        drawn it = entity(types[i], 0x30 + i, (around){.space = i == 3 ? PAPER : MODEL});
        put(&it.own, 0xFFFF, 16);
        end(&file, &it);
    }
    const char *const classes[] = {"LWPOLYLINE", "WIPEOUT", "A name that is far too long to stand in a note", NULL};
    dk_drawing *drawing = chosen_of(&file, classes, &(dk_drawing_wanted){0});
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 2);
    assert_string_equal(outlines[0].handle, "20");
    assert_string_equal(outlines[1].handle, "23");
    has_note(drawing, "not read, as they are no polylines: 1 INSERT, 2 LINE, 1 WIPEOUT, 1 of unknown kind");
    dk_drawing_close(drawing);
}

static void a_lightweight_polyline_may_be_of_a_class(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    drawn it = entity(501, 0x20, (around){0});
    put_bs(&it.own, 512);
    put_bl(&it.own, 3);
    for (unsigned i = 0; i < 6; i++) {
        if (i >= 2)
            put(&it.own, 3, 2);
        put_rd(&it.own, square[i]);
    }
    end(&file, &it);
    const char *const classes[] = {"HATCH", "LWPOLYLINE", NULL};
    dk_drawing *drawing = chosen_of(&file, classes, &(dk_drawing_wanted){0});
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 1);
    is_near(area(&outlines[0]), 50, 1e-9);
    dk_drawing_close(drawing);
}

static void tilted_and_numberless_polylines_are_problems(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    drawn it = entity(LWPOLYLINE, 0x20, (around){0});
    put_bs(&it.own, 512 | 1);
    put_bd(&it.own, 0);
    put_bd(&it.own, 0.6);
    put_bd(&it.own, 0.8);
    put_bl(&it.own, 1);
    put_rd(&it.own, 0);
    put_rd(&it.own, 0);
    end(&file, &it);
    const double numberless[6] = {0, 0, 10, (double)NAN, 10, 10}, far[6] = {0, 0, 1e300, 0, 1e300, 1e300};
    lightweight(&file, 0x21, (around){0}, numberless, 3);
    lightweight(&file, 0x22, (around){0}, far, 3);
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 3);
    assert_non_null(strstr(outlines[0].problem, "tilted plane"));
    assert_non_null(strstr(outlines[1].problem, "not a number"));
    assert_non_null(strstr(outlines[2].problem, "beyond all bounds"));
    dk_drawing_close(drawing);
}

static void texts_stand_where_they_are_aligned(void **state)
{
    (void)state;
    const double other[8] = {100, 0, 110, 0, 110, 10, 100, 10};
    by_hand file = with_layer("0");
    lightweight(&file, 0x20, (around){0}, square, 4);
    lightweight(&file, 0x21, (around){0}, other, 4);
    drawn it = entity(TEXT, 0x22, (around){.cluttered = true});
    put(&it.own, 0, 8);   /* all there: */
    put_rd(&it.own, 2);   /* elevation, */
    put_rd(&it.own, -50); /* beginning outside, */
    put_rd(&it.own, 5);
    put(&it.own, 3, 2); /* middle inside, */
    put_rd(&it.own, 5);
    put(&it.own, 0, 2);
    put(&it.own, 0, 1); /* extrusion, */
    put_bd(&it.own, 0);
    put_bd(&it.own, 0);
    put_bd(&it.own, 1);
    put(&it.own, 0, 1); /* thickness, */
    put_bd(&it.own, 0.5);
    put_rd(&it.own, 0.1); /* oblique, */
    put_rd(&it.own, 0.2); /* turned, */
    put_rd(&it.own, 2.5); /* high, */
    put_rd(&it.own, 0.7); /* wide */
    put_text(&it.own, "\\U+5730 1%%d");
    put_bs(&it.own, 0);
    put_bs(&it.own, 4); /* middle */
    put_bs(&it.own, 0);
    put_h(&it.refs, 5, 0x11);
    end(&file, &it);
    it = entity(MTEXT, 0x23, (around){0});
    const double numbers[] = {105, 5, 0, 0, 0, 1, 1, 0, 0, 40, 2.5};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_bd(&it.own, numbers[i]);
    put_bs(&it.own, 1);
    put_bs(&it.own, 5);
    put_bd(&it.own, 3);
    put_bd(&it.own, 20);
    put_text(&it.own, "{\\fSimSun|b0;DK2}\\P工业");
    put_bs(&it.own, 1);
    put_bd(&it.own, 1);
    put(&it.own, 0, 1);
    put_h(&it.refs, 5, 0x11);
    end(&file, &it);
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    dk_drawing_outlines(drawing, &outlines);
    assert_string_equal(outlines[0].text, "地 1°");
    assert_string_equal(outlines[1].text, "DK2 工业");
    dk_drawing_close(drawing);
}

static void a_fitted_text_stands_in_the_middle_of_its_places(void **state)
{
    (void)state;
    const double other[8] = {10, 0, 20, 0, 20, 10, 10, 10};
    by_hand file = with_layer("0");
    lightweight(&file, 0x20, (around){0}, square, 4);
    lightweight(&file, 0x21, (around){0}, other, 4);
    drawn it = entity(TEXT, 0x22, (around){0});
    put(&it.own, 0xBD, 8); /* no more than its places and how they are meant: */
    put_rd(&it.own, 2);
    put_rd(&it.own, 5);
    put(&it.own, 3, 2);
    put_rd(&it.own, 11); /* its end, beyond the border */
    put(&it.own, 0, 2);
    put(&it.own, 1, 1);
    put(&it.own, 1, 1);
    put_rd(&it.own, 2.5);
    put_text(&it.own, "DK1");
    put_bs(&it.own, 5); /* fit */
    put_h(&it.refs, 5, 0x11);
    end(&file, &it);
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    dk_drawing_outlines(drawing, &outlines);
    assert_string_equal(outlines[0].text, "DK1");
    assert_string_equal(outlines[1].text, "");
    dk_drawing_close(drawing);
}

static void the_bytes_of_texts_and_layers_decide_their_encoding(void **state)
{
    (void)state;
    const dk_drawing_outline *outlines;
    by_hand file = with_layer("\xBA\xEC\xCF\xDF"); /* 红线 in GBK */
    lightweight(&file, 0x20, (around){0}, square, 4);
    text_at(&file, 0x21, 5, 5, "\xB5\xD8\xBF\xE9\x31"); /* 地块1 */
    dk_drawing *drawing = chosen(&file);
    assert_int_equal(dk_drawing_encoding(drawing), DK_ENCODING_GB18030);
    dk_drawing_outlines(drawing, &outlines);
    assert_string_equal(outlines[0].layer, "红线");
    assert_string_equal(outlines[0].text, "地块1");
    dk_drawing_close(drawing);

    file = with_layer("红线");
    lightweight(&file, 0x20, (around){0}, square, 4);
    text_at(&file, 0x21, 5, 5, "地块");
    drawing = chosen(&file);
    assert_int_equal(dk_drawing_encoding(drawing), DK_ENCODING_UTF8);
    dk_drawing_outlines(drawing, &outlines);
    assert_string_equal(outlines[0].text, "地块");
    assert_int_equal(outlines[0].bad_text, 0);
    dk_drawing_close(drawing);

    file = with_layer("\xBA\xEC\xCF\xDF");
    lightweight(&file, 0x20, (around){0}, square, 4);
    text_at(&file, 0x2A, 5, 5, "\xFF\xFF\x31");
    drawing = chosen(&file);
    dk_drawing_outlines(drawing, &outlines);
    assert_int_equal(outlines[0].bad_text, 0x2A);
    assert_string_equal(dk_drawing_place_of(drawing, outlines[0].bad_text).text, "handle 2A");
    dk_drawing_close(drawing);
}

static void objects_lie_in_any_order(void **state)
{
    (void)state;
    by_hand file = by_hand_new();
    file.per_piece = 2;
    const uint64_t handles[] = {0x1000000, 0x80, 0x4000, 0x20, 0x21};
    for (size_t i = 0; i < 5; i++)
        lightweight(&file, handles[i], (around){0}, square, 4);
    named(&file, BLOCK_HEADER, MODEL_SPACE, "*Model_Space");
    named(&file, LAYER, RED_LINE, "0");
    dk_drawing *drawing = chosen(&file);
    const dk_drawing_outline *outlines;
    assert_int_equal(dk_drawing_outlines(drawing, &outlines), 5);
    const char *const sorted[] = {"20", "21", "80", "4000", "1000000"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(outlines[i].handle, sorted[i]);
    dk_drawing_close(drawing);
}

static void damage_is_told_with_the_handle(void **state)
{
    (void)state;
    dk_error err = {0};
    for (int wrong = 0; wrong < 4; wrong++) {
        by_hand file = by_hand_new();
        file.wrong = wrong;
        named(&file, LAYER, RED_LINE, "0");
        named(&file, BLOCK_HEADER, MODEL_SPACE, "*Model_Space");
        lightweight(&file, 0x20, (around){0}, square, 4);
        drawn it = entity(LINE, 0x21, (around){0});
        end(&file, &it);
        is_refused(&file, "the checksum of the object is wrong; copy it again, or repair it");
    }
    by_hand file = by_hand_new(); /* a program that writes none */
    file.wrong = -2;
    named(&file, LAYER, RED_LINE, "0");
    lightweight(&file, 0x20, (around){0}, square, 4);
    dk_drawing *drawing = chosen(&file);
    has_note(drawing, "none of its objects has the right checksum");
    dk_drawing_close(drawing);

    file = with_layer("0"); /* under another's handle */
    drawn it = entity(LWPOLYLINE, 0x20, (around){0});
    end(&file, &it);
    file.handles[file.n - 1] = 0x21;
    is_refused(&file, "handle 21: the drawing is damaged: another object stands where it must be");
    file = with_layer("0");
    lightweight(&file, 0x20, (around){0}, square, 4);
    file.handles[file.n] = 0x20;
    file.offsets[file.n++] = 0;
    is_refused(&file, "handle 20: the drawing is damaged: two objects have this handle");

    file = with_layer("0");
    file.per_piece = 1;
    lightweight(&file, 0x20, (around){.cluttered = true}, square, 4);
    dk_buf whole;
    dk_buf_init(&whole);
    by_hand_finish(&file, NULL, &whole);
    for (size_t n = 0; n < whole.size; n++) { /* cut anywhere; the map is the last */
        unsigned char *copy = malloc(n + 1);  /* so that the sanitizer sees where it ends */
        memcpy(copy, whole.data, n);
        refused(copy, n, &err);
        free(copy);
    }
    whole.data[whole.size - 6] ^= 1;
    assert_non_null(strstr(refused(whole.data, whole.size, &err), "object map"));
    dk_buf_finish(&whole);
    by_hand_free(&file);
}

static void counts_that_lie_cost_nothing(void **state)
{
    (void)state;
    by_hand file = with_layer("0");
    drawn it = entity(LWPOLYLINE, 0x20, (around){0});
    put_bs(&it.own, 512 | 16);
    put_bl(&it.own, 0xFFFFFFFF);
    put_bl(&it.own, 0xFFFFFFFF);
    put_rd(&it.own, 1);
    put_rd(&it.own, 1);
    end(&file, &it);
    is_refused(&file, "handle 20: the drawing is damaged: the object cannot be read");

    file = with_layer("0"); /* reactors */
    it = begin(LWPOLYLINE, 0x20, false);
    put(&it.own, 0, 1);
    put(&it.own, MODEL, 2);
    put_bl(&it.own, 0xFFFFFFFF);
    for (unsigned i = 0; i < 20; i++)
        put(&it.own, 0xAA, 8);
    end(&file, &it);
    is_refused(&file, "handle 20: the drawing is damaged: the object cannot be read");

    file = with_layer("0"); /* data of an application */
    it = (drawn){.type = LWPOLYLINE, .handle = 0x20};
    put_bs(&it.own, 0xFFFF);
    put_h(&it.own, 5, 1);
    end(&file, &it);
    is_refused(&file, "handle 20: the drawing is damaged: the object cannot be read");

    dk_error err = {0};
    unsigned char head[64] = "AC1015";
    memset(head + 0x15, 0xFF, 4);
    assert_non_null(strstr(refused(head, sizeof head, &err), "its header is not whole"));
}

static void other_versions_are_refused_with_advice(void **state)
{
    (void)state;
    dk_error err = {0};
    const char *const versions[] = {"AC1009", "AC1012", "AC1014", "AC1018", "AC1021", "AC1024", "AC1027", "AC1032"};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        assert_non_null(strstr(refused(versions[i], 6, &err), versions[i]));
        assert_non_null(strstr(err.text, "save the drawing as AutoCAD 2000 DWG, or as DXF, and load that"));
    }
    assert_non_null(strstr(refused("AC1099", 6, &err), "a DWG of unknown version"));
    assert_non_null(strstr(refused("hello world", 11, &err), "not an AutoCAD drawing"));
    assert_non_null(strstr(refused("AC", 2, &err), "not an AutoCAD drawing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_the_specification),
        cmocka_unit_test(doubles_take_bytes_from_the_one_before),
        cmocka_unit_test(whatever_stands_around_an_entity_is_passed_over),
        cmocka_unit_test(the_layer_is_named_by_any_kind_of_reference),
        cmocka_unit_test(vertices_follow_one_another_by_handle_or_by_link),
        cmocka_unit_test(a_broken_chain_is_a_problem_of_its_polyline),
        cmocka_unit_test(heights_of_a_polyline_in_space_are_left_out),
        cmocka_unit_test(only_what_is_in_model_space_counts),
        cmocka_unit_test(a_lightweight_polyline_may_be_of_a_class),
        cmocka_unit_test(tilted_and_numberless_polylines_are_problems),
        cmocka_unit_test(texts_stand_where_they_are_aligned),
        cmocka_unit_test(a_fitted_text_stands_in_the_middle_of_its_places),
        cmocka_unit_test(the_bytes_of_texts_and_layers_decide_their_encoding),
        cmocka_unit_test(objects_lie_in_any_order),
        cmocka_unit_test(damage_is_told_with_the_handle),
        cmocka_unit_test(counts_that_lie_cost_nothing),
        cmocka_unit_test(other_versions_are_refused_with_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
