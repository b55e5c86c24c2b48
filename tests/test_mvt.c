/* The tile encoder against the wire format written out by hand (vector-tile-spec 2.1, 4.1 to 4.4) and the worked
 * examples of its section 4.3.5. */
#include "tiler/mvt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    dk_mvt *mvt;
    dk_buf tile;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    f.mvt = dk_mvt_create();
    dk_buf_init(&f.tile);
    *state = &f;
    return f.mvt == NULL;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    dk_mvt_free(f->mvt);
    dk_buf_finish(&f->tile);
    return 0;
}

static void assert_bytes(const dk_buf *buf, const void *bytes, size_t size)
{
    assert_int_equal(buf->size, size);
    assert_memory_equal(buf->data, bytes, size);
}

/* Finds the geometry of the only feature of the only layer: the bytes behind the feature's tag 4. */
static void assert_geometry(const dk_buf *tile, const unsigned char *commands, size_t size)
{
    assert_true(tile->size > size);
    bool found = false;
    for (size_t i = 0; i + 2 + size <= tile->size && !found; i++)
        found = tile->data[i] == 0x22 && tile->data[i + 1] == size && memcmp(tile->data + i + 2, commands, size) == 0;
    assert_true(found);
}

static void a_point_with_attributes_byte_for_byte(void **state)
{
    fixture *f = *state;
    const char *keys[] = {"a", "hidden", "b"};
    const dk_value text = dk_value_text("x"), number = dk_value_real(1.5);
    const int32_t point[] = {25, 17}; /* 4.3.5.1: [9, 50, 34] */
    dk_mvt_layer_begin(f->mvt, "p", keys, 3);
    dk_mvt_feature_begin(f->mvt, 300, DK_MVT_POINT);
    dk_mvt_points(f->mvt, point, 1);
    dk_mvt_attribute(f->mvt, 0, &text);
    dk_mvt_attribute(f->mvt, 2, &number);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    static const unsigned char expected[] = {
        0x1a, 48,                                              /* layers = 3 */
        0x78, 2,                                               /* version = 15 */
        0x0a, 1,    'p',                                       /* name = 1 */
        0x12, 16,                                              /* features = 2 */
        0x08, 0xac, 0x02,                                      /*   id = 1: 300 */
        0x12, 4,    0,    0,    1,   1,                        /*   tags = 2 */
        0x18, 1,                                               /*   type = 3: point */
        0x22, 3,    9,    50,   34,                            /*   geometry = 4 */
        0x1a, 1,    'a',  0x1a, 1,   'b',                      /* keys = 3 */
        0x22, 3,    0x0a, 1,    'x',                           /* values = 4: string_value = 1 */
        0x22, 9,    0x19, 0,    0,   0,   0, 0, 0, 0xf8, 0x3f, /* double_value = 3: 1.5 */
        0x28, 0x80, 0x20,                                      /* extent = 5: 4096 */
    };
    assert_bytes(&f->tile, expected, sizeof expected);
}

static void points_line_and_polygon_of_the_specification(void **state)
{
    fixture *f = *state;
    const int32_t points[] = {5, 7, 3, 2};
    const int32_t line[] = {2, 2, 2, 10, 10, 10};
    const int32_t polygon[] = {3, 6, 8, 12, 20, 34};
    static const unsigned char point_commands[] = {17, 10, 14, 3, 9};
    static const unsigned char line_commands[] = {9, 4, 4, 18, 0, 16, 16, 0};
    static const unsigned char polygon_commands[] = {9, 6, 12, 18, 10, 12, 24, 44, 15};
    dk_mvt_layer_begin(f->mvt, "a", NULL, 0);
    dk_mvt_feature_begin(f->mvt, 1, DK_MVT_POINT);
    dk_mvt_points(f->mvt, points, 2);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    assert_geometry(&f->tile, point_commands, sizeof point_commands);

    dk_buf_clear(&f->tile);
    dk_mvt_layer_begin(f->mvt, "a", NULL, 0);
    dk_mvt_feature_begin(f->mvt, 1, DK_MVT_LINE);
    dk_mvt_line(f->mvt, line, 3);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    assert_geometry(&f->tile, line_commands, sizeof line_commands);

    dk_buf_clear(&f->tile);
    dk_mvt_layer_begin(f->mvt, "a", NULL, 0);
    dk_mvt_feature_begin(f->mvt, 1, DK_MVT_POLYGON);
    dk_mvt_ring(f->mvt, polygon, 3, false);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    assert_geometry(&f->tile, polygon_commands, sizeof polygon_commands);
}

/* 4.3.5.6: two polygons, the second with a hole; given here in the wrong windings, which the encoder turns. */
static void a_multipolygon_with_a_hole_is_wound_right_whatever_comes_in(void **state)
{
    fixture *f = *state;
    static const int32_t first[] = {0, 0, 10, 0, 10, 10, 0, 10};
    static const int32_t second_turned[] = {11, 11, 11, 20, 20, 20, 20, 11};
    static const int32_t hole_turned[] = {13, 13, 17, 13, 17, 17, 13, 17};
    static const unsigned char commands[] = {9, 0,  0,  26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0,
                                             0, 18, 17, 0,  15, 9, 4, 13, 26, 0, 8,  8, 0,  0, 7,  15};
    dk_mvt_layer_begin(f->mvt, "a", NULL, 0);
    dk_mvt_feature_begin(f->mvt, 1, DK_MVT_POLYGON);
    dk_mvt_ring(f->mvt, first, 4, false);
    dk_mvt_ring(f->mvt, second_turned, 4, false);
    dk_mvt_ring(f->mvt, hole_turned, 4, true);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    assert_geometry(&f->tile, commands, sizeof commands);
}

static void integers_by_their_sign_and_null_left_out(void **state)
{
    fixture *f = *state;
    const char *keys[] = {"n", "m", "k"};
    const dk_value plus = dk_value_integer(300), minus = dk_value_integer(-3), null = dk_value_null();
    const int32_t point[] = {0, 0};
    dk_mvt_layer_begin(f->mvt, "p", keys, 3);
    dk_mvt_feature_begin(f->mvt, 1, DK_MVT_POINT);
    dk_mvt_points(f->mvt, point, 1);
    dk_mvt_attribute(f->mvt, 0, &plus);
    dk_mvt_attribute(f->mvt, 1, &null);
    dk_mvt_attribute(f->mvt, 2, &minus);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    static const unsigned char tail[] = {0x1a, 1,    'n',  0x1a, 1, 'k', 0x22, 3, 0x28, 0xac, 0x02, /* uint_value = 5 */
                                         0x22, 2,    0x30, 5, /* sint_value = 6: zigzag of -3 */
                                         0x28, 0x80, 0x20};
    assert_memory_equal(f->tile.data + f->tile.size - sizeof tail, tail, sizeof tail);
}

static void equal_values_are_written_once_and_a_text_is_no_number(void **state)
{
    fixture *f = *state;
    const char *keys[] = {"a", "b"};
    const int32_t point[] = {1, 1};
    const dk_value shared = dk_value_text("village"), one = dk_value_integer(1), one_text = dk_value_text("1");
    dk_mvt_layer_begin(f->mvt, "p", keys, 2);
    for (uint64_t id = 1; id <= 3; id++) {
        dk_mvt_feature_begin(f->mvt, id, DK_MVT_POINT);
        dk_mvt_points(f->mvt, point, 1);
        dk_mvt_attribute(f->mvt, 0, &shared);
        dk_mvt_attribute(f->mvt, 1, id == 2 ? &one : id == 3 ? &one_text : &shared);
        assert_true(dk_mvt_feature_end(f->mvt));
    }
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    static const unsigned char tail[] = {0x22, 9,    0x0a, 7,    'v', 'i',  'l', 'l', 'a',  'g',  'e', 0x22,
                                         2,    0x28, 1,    0x22, 3,   0x0a, 1,   '1', 0x28, 0x80, 0x20};
    assert_memory_equal(f->tile.data + f->tile.size - sizeof tail, tail, sizeof tail);
    assert_int_equal(f->tile.data[f->tile.size - sizeof tail - 3], 0x1a); /* right before: the key b */
}

static void a_feature_without_geometry_leaves_nothing_behind(void **state)
{
    fixture *f = *state;
    const char *keys[] = {"a", "b"};
    const dk_value kept = dk_value_text("kept"), gone = dk_value_text("gone");
    const int32_t point[] = {1, 1}, flat[] = {0, 0, 5, 5, 9, 9};
    dk_mvt_layer_begin(f->mvt, "p", keys, 2);
    dk_mvt_feature_begin(f->mvt, 1, DK_MVT_POLYGON);
    dk_mvt_attribute(f->mvt, 0, &gone);
    dk_mvt_attribute(f->mvt, 1, &kept);
    dk_mvt_ring(f->mvt, flat, 3, false); /* no area */
    assert_false(dk_mvt_feature_end(f->mvt));
    dk_mvt_feature_begin(f->mvt, 3, DK_MVT_POINT);
    dk_mvt_points(f->mvt, point, 0); /* 4.3.3.1: MoveTo has a count above 0 */
    assert_false(dk_mvt_feature_end(f->mvt));
    dk_mvt_feature_begin(f->mvt, 4, DK_MVT_LINE);
    dk_mvt_line(f->mvt, flat, 1);
    assert_false(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    assert_int_equal(f->tile.size, 0); /* an empty layer is not written */

    dk_mvt_feature_begin(f->mvt, 2, DK_MVT_POINT);
    dk_mvt_points(f->mvt, point, 1);
    dk_mvt_attribute(f->mvt, 1, &kept);
    assert_true(dk_mvt_feature_end(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    static const unsigned char tail[] = {0x1a, 1, 'b', 0x22, 6, 0x0a, 4, 'k', 'e', 'p', 't', 0x28, 0x80, 0x20};
    assert_memory_equal(f->tile.data + f->tile.size - sizeof tail, tail, sizeof tail);
}

static void many_values_all_found_again(void **state)
{
    fixture *f = *state;
    const char *keys[] = {"n"};
    const int32_t point[] = {1, 1};
    enum { MANY = 20000 };
    dk_mvt_layer_begin(f->mvt, "p", keys, 1);
    assert_false(dk_mvt_is_large(f->mvt));
    dk_buf bytes;
    dk_buf_init(&bytes);
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < MANY; i++) {
            const dk_value value = dk_value_integer(i);
            dk_tile_value_encode(&value, &bytes);
            /* Of what is there and of what never comes; it changes nothing. */
            const uint32_t hashes[] = {dk_tile_value_hash(bytes.data, bytes.size), (uint32_t)i};
            if (i > 0 || pass > 0)
                dk_mvt_expect_values(f->mvt, hashes, 2);
            dk_mvt_feature_begin(f->mvt, (uint64_t)i, DK_MVT_POINT);
            dk_mvt_points(f->mvt, point, 1);
            dk_mvt_attribute(f->mvt, 0, &value);
            assert_true(dk_mvt_feature_end(f->mvt));
        }
    dk_buf_finish(&bytes);
    assert_true(dk_mvt_is_large(f->mvt));
    assert_true(dk_mvt_layer_end(f->mvt, &f->tile));
    /* The values stand in the order of their first use: the last is MANY - 1. */
    static const unsigned char tail[] = {0x22, 4, 0x28, 0x9f, 0x9c, 0x01, 0x28, 0x80, 0x20};
    assert_memory_equal(f->tile.data + f->tile.size - sizeof tail, tail, sizeof tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_point_with_attributes_byte_for_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(points_line_and_polygon_of_the_specification, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_multipolygon_with_a_hole_is_wound_right_whatever_comes_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(integers_by_their_sign_and_null_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_values_are_written_once_and_a_text_is_no_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_feature_without_geometry_leaves_nothing_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_values_all_found_again, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
