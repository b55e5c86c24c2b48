/* Oracles: RFC 8785, sections 3.2.2, 3.2.3 and appendix B. Many more doubles, and names in any order, are compared with
 * Node's JSON.stringify and sort in tests/log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "store/canonical_json.h"
#include "store/log_content.h"
#include "store/log_leaf.h"

static void the_numbers_of_appendix_b(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text; /* NULL: an error */
    } numbers[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x7fffffffffffffff, NULL},
        {0x7ff0000000000000, NULL},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
        {0x3d30000000000000,
         "5.684341886080802e-14"}, /* 2^-44, by ECMAScript's rule: not ...801e-14, which is nearer */
    };
    dk_buf out;
    dk_buf_init(&out);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        double value;
        memcpy(&value, &numbers[i].bits, sizeof value);
        dk_buf_clear(&out);
        assert_int_equal(dk_canonical_number(&out, value), numbers[i].text != NULL);
        assert_string_equal(dk_buf_cstr(&out), numbers[i].text != NULL ? numbers[i].text : "");
    }
    dk_buf_finish(&out);
}

static void integers_that_no_double_has_are_texts(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        const char *text;
    } integers[] = {
        {0, "0"},
        {-7, "-7"},
        {INT64_C(9007199254740992), "9007199254740992"},
        {INT64_C(9007199254740993), "\"9007199254740993\""},
        {INT64_C(-9007199254740993), "\"-9007199254740993\""},
        {INT64_MIN, "\"-9223372036854775808\""},
    };
    dk_buf out;
    dk_buf_init(&out);
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++) {
        dk_buf_clear(&out);
        dk_canonical_integer(&out, integers[i].value);
        assert_string_equal(dk_buf_cstr(&out), integers[i].text);
    }
    dk_buf_finish(&out);
}

static void the_string_of_section_3_2_2(void **state)
{
    (void)state;
    dk_buf out;
    dk_buf_init(&out);
    static const char text[] = "\xe2\x82\xac$\x0f\nA'B\"\\\\\"/\b\f\r\t\v\x7f";
    assert_true(dk_canonical_text(&out, text, strlen(text)));
    assert_string_equal(dk_buf_cstr(&out), "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\\b\\f\\r\\t\\u000b\x7f\"");
    dk_buf_clear(&out);
    assert_true(dk_canonical_text(&out, "\0", 1));
    assert_string_equal(dk_buf_cstr(&out), "\"\\u0000\"");
    /* no normal form is made: e with an accent in two ways */
    dk_buf_clear(&out);
    assert_true(dk_canonical_text(&out,
                                  "\xc3\xa9"
                                  "e\xcc\x81",
                                  5));
    assert_string_equal(dk_buf_cstr(&out), "\"\xc3\xa9"
                                           "e\xcc\x81\"");
    dk_buf_clear(&out);
    assert_false(dk_canonical_text(&out, "\xed\xa0\x80", 3)); /* a surrogate */
    assert_false(dk_canonical_text(&out, "a\xff", 2));
    assert_int_equal(out.size, 0);
    dk_buf_finish(&out);
}

/* The example of section 3.2.3. */
static const dk_log_field example[] = {
    {"\xe2\x82\xac", {.type = DK_TEXT, .text = {"Euro Sign", 9}}},
    {"\r", {.type = DK_TEXT, .text = {"Carriage Return", 15}}},
    {"\xef\xac\xb3", {.type = DK_TEXT, .text = {"Hebrew Letter Dalet With Dagesh", 31}}},
    {"1", {.type = DK_TEXT, .text = {"One", 3}}},
    {"\xf0\x9f\x98\x80", {.type = DK_TEXT, .text = {"Emoji: Grinning Face", 20}}},
    {"\xc2\x80", {.type = DK_TEXT, .text = {"Control", 7}}},
    {"\xc3\xb6", {.type = DK_TEXT, .text = {"Latin Small Letter O With Diaeresis", 35}}},
};
enum { EXAMPLES = sizeof example / sizeof *example };

static void fields_stand_in_one_order_whatever_order_they_come_in(void **state)
{
    (void)state;
    dk_buf out;
    dk_buf_init(&out);
    dk_log_field fields[EXAMPLES];
    memcpy(fields, example, sizeof fields);
    for (int turn = 0; turn < EXAMPLES; turn++) {
        const dk_log_content content = {
            .event = "publish", .generation = 7, .feature = -1, .fields = fields, .n_fields = EXAMPLES};
        dk_buf_clear(&out);
        assert_int_equal(dk_log_content_write(&content, &out, NULL), DK_OK);
        assert_string_equal(
            dk_buf_cstr(&out),
            "{\"event\":\"publish\",\"fields\":{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
            "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
            "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"},"
            "\"form\":1,\"generation\":7}");
        const dk_log_field first = fields[0];
        memmove(fields, fields + 1, sizeof fields - sizeof *fields);
        fields[EXAMPLES - 1] = first;
    }
    dk_buf_finish(&out);
}

static dk_status write(const dk_log_content *content, dk_buf *out, dk_error *error)
{
    dk_buf_clear(out);
    return dk_log_content_write(content, out, error);
}

static void a_row_with_its_outline(void **state)
{
    (void)state;
    /* a square with a hole, and a triangle */
    double lonlat[] = {116.1,  34,    116.2,  34,           116.2,  34.1,  116.1,  34.1,  116.1,        34,
                       116.12, 34.02, 116.12, 34.03,        116.13, 34.02, 116.12, 34.02, 0.0000000004, -0.0000000006,
                       1e-7,   -1.5,  180,    89.999999999, 0,      -0.0};
    dk_part parts[] = {{0, 5, false}, {5, 4, true}, {9, 4, false}};
    dk_shape shape = {.kind = DK_POLYGONS, .lonlat = lonlat, .n_points = 13, .parts = parts, .n_parts = 3};
    const dk_log_field fields[] = {
        {"village", {.type = DK_TEXT, .text = {"黄楼村", 9}}},
        {"area_ha", {.type = DK_REAL, .real = 1.25}},
        {"households", {.type = DK_INTEGER, .integer = 12}},
        {"note", {.type = DK_NULL}},
    };
    dk_log_content content = {.event = "publish",
                              .generation = 3,
                              .kind = "parcel",
                              .key = "P1/DK001",
                              .feature = 41,
                              .fields = fields,
                              .n_fields = 4,
                              .outline = &shape};
    dk_buf out;
    dk_error error;
    dk_buf_init(&out);
#define FRONT                                                                                                          \
    "{\"event\":\"publish\",\"feature\":41,\"fields\":{\"area_ha\":1.25,\"households\":12,\"note\":null,"              \
    "\"village\":\"黄楼村\"},\"form\":1,\"generation\":3,\"key\":\"P1/DK001\",\"kind\":\"parcel\",\"outline\":"
    assert_int_equal(write(&content, &out, &error), DK_OK);
    assert_string_equal(dk_buf_cstr(&out),
                        FRONT "{\"coordinates\":[[[[116.1,34],[116.2,34],[116.2,34.1],[116.1,34.1],[116.1,34]],"
                              "[[116.12,34.02],[116.12,34.03],[116.13,34.02],[116.12,34.02]]],"
                              "[[[0,-1e-9],[1e-7,-1.5],[180,89.999999999],[0,0]]]],\"type\":\"MultiPolygon\"}}");
    shape.n_parts = 2, shape.n_points = 9;
    assert_int_equal(write(&content, &out, &error), DK_OK);
    assert_non_null(strstr(dk_buf_cstr(&out), "\"outline\":{\"coordinates\":[[[116.1,34],"));
    assert_non_null(strstr(dk_buf_cstr(&out), "[116.12,34.02]]],\"type\":\"Polygon\"}}"));
    parts[0] = (dk_part){0, 2, false};
    shape.kind = DK_LINES, shape.n_parts = 1;
    assert_int_equal(write(&content, &out, &error), DK_OK);
    assert_string_equal(dk_buf_cstr(&out), FRONT "{\"coordinates\":[[116.1,34],[116.2,34]],\"type\":\"LineString\"}}");
    parts[0].count = 1, parts[1] = (dk_part){1, 1, false};
    shape.kind = DK_POINTS;
    assert_int_equal(write(&content, &out, &error), DK_OK);
    assert_string_equal(dk_buf_cstr(&out), FRONT "{\"coordinates\":[116.1,34],\"type\":\"Point\"}}");
    shape.n_parts = 2;
    assert_int_equal(write(&content, &out, &error), DK_OK);
    assert_string_equal(dk_buf_cstr(&out), FRONT "{\"coordinates\":[[116.1,34],[116.2,34]],\"type\":\"MultiPoint\"}}");
    shape.n_parts = 0;
    assert_int_equal(write(&content, &out, &error), DK_OK);
    assert_string_equal(dk_buf_cstr(&out), FRONT "null}");
    lonlat[1] = NAN;
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    lonlat[1] = 361;
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    dk_buf_finish(&out);
}

static void what_json_cannot_say_is_refused_by_name(void **state)
{
    (void)state;
    dk_log_field fields[] = {{"a", {.type = DK_REAL, .real = INFINITY}}, {"b", {.type = DK_NULL}}};
    dk_log_content content = {
        .event = "publish", .feature = -1, .kind = "parcel", .key = "k", .fields = fields, .n_fields = 2};
    dk_buf out;
    dk_error error;
    dk_buf_init(&out);
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    assert_non_null(strstr(error.text, "The field a has a text that is not UTF-8 or a number that is not finite"));
    fields[0].value = dk_value_text("\xff");
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    fields[0].value = dk_value_null();
    fields[1].name = "a";
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    assert_string_equal(error.text, "The field a stands twice in what is to be published; name it once.");
    fields[1].name = "\xff";
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    fields[1].name = "b";
    content.key = "\xff";
    assert_int_equal(write(&content, &out, &error), DK_INVALID);
    content.key = "k";
    assert_int_equal(write(&content, &out, &error), DK_OK);
    dk_buf_finish(&out);
}

/* sha256sum of 32 bytes "0" to "9", "a" to "v" and of "content" behind them; printf 0123…uvcontent | sha256sum. */
static void a_leaf_is_the_digest_of_salt_and_content(void **state)
{
    (void)state;
    dk_salt salt, other;
    dk_hasher hasher;
    dk_hasher_init(&hasher);
    memcpy(salt.bytes, "0123456789abcdefghijklmnopqrstuv", 32);
    const dk_digest leaf = dk_log_leaf(&hasher, &salt, "content", 7),
                    whole = dk_hasher_sum(&hasher, "0123456789abcdefghijklmnopqrstuvcontent", 39, NULL, 0);
    static const unsigned char expected[4] = {0x55, 0x96, 0x38, 0x3c};
    assert_memory_equal(leaf.bytes, expected, 4);
    assert_memory_equal(leaf.bytes, whole.bytes, 32);
    /* salts differ, and in all of their bytes over a few */
    unsigned char seen[32] = {0};
    assert_int_equal(dk_salt_make(&salt, NULL), DK_OK);
    for (int i = 0; i < 64; i++) {
        assert_int_equal(dk_salt_make(&other, NULL), DK_OK);
        assert_memory_not_equal(salt.bytes, other.bytes, 32);
        for (int b = 0; b < 32; b++)
            seen[b] |= salt.bytes[b] ^ other.bytes[b];
    }
    for (int b = 0; b < 32; b++)
        assert_int_equal(seen[b], 0xff);
    dk_hasher_finish(&hasher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_of_appendix_b),
        cmocka_unit_test(integers_that_no_double_has_are_texts),
        cmocka_unit_test(the_string_of_section_3_2_2),
        cmocka_unit_test(fields_stand_in_one_order_whatever_order_they_come_in),
        cmocka_unit_test(a_row_with_its_outline),
        cmocka_unit_test(what_json_cannot_say_is_refused_by_name),
        cmocka_unit_test(a_leaf_is_the_digest_of_salt_and_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
