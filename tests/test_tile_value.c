/* Values as a tile has them, against bytes written down from the protobuf encoding and MVT 2.1, 4.1 and 4.4. */
#include "store/tile_value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check(const dk_value *value, const void *bytes, size_t size)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_tile_value_encode(value, &out);
    assert_false(out.failed);
    assert_int_equal(out.size, size);
    assert_memory_equal(out.data, bytes, size);
    assert_true(dk_tile_value_fits(out.data, out.size));
    dk_value back;
    assert_int_equal(dk_tile_value_decode(out.data, out.size, &back), DK_OK);
    assert_int_equal(back.type, value->type);
    if (value->type == DK_TEXT) {
        assert_int_equal(back.text.size, value->text.size);
        assert_memory_equal(back.text.data, value->text.data, value->text.size);
    } else {
        assert_memory_equal(&back.integer, &value->integer, 8); /* reals by their bits: NaN too */
    }
    dk_buf_finish(&out);
}

static void texts_are_string_values(void **state)
{
    (void)state;
    dk_value value = dk_value_text("x");
    check(&value, "\x22\x03\x0a\x01x", 5);
    value = dk_value_text("");
    check(&value, "\x22\x02\x0a\x00", 4);
    value = dk_value_text("地块");
    check(&value, "\x22\x08\x0a\x06\xe5\x9c\xb0\xe5\x9d\x97", 10);
    char text[301], bytes[306] = "\x22\xaf\x02\x0a\xac\x02"; /* 303 and 300 as varints */
    memset(text, 'y', 300);
    text[300] = '\0';
    memset(bytes + 6, 'y', 300);
    value = dk_value_text(text);
    check(&value, bytes, 306);
}

static void numbers_are_the_shortest_that_holds_them(void **state)
{
    (void)state;
    dk_value value = dk_value_integer(0);
    check(&value, "\x22\x02\x28\x00", 4);
    value = dk_value_integer(300);
    check(&value, "\x22\x03\x28\xac\x02", 5);
    value = dk_value_integer(INT64_MAX);
    check(&value, "\x22\x0a\x28\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 12);
    value = dk_value_integer(-1);
    check(&value, "\x22\x02\x30\x01", 4);
    value = dk_value_integer(-150);
    check(&value, "\x22\x03\x30\xab\x02", 5); /* zigzag: 299 */
    value = dk_value_integer(INT64_MIN);
    check(&value, "\x22\x0b\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
    value = dk_value_real(1.5);
    check(&value, "\x22\x09\x19\0\0\0\0\0\0\xf8\x3f", 11);
    value = dk_value_real(-0.0);
    check(&value, "\x22\x09\x19\0\0\0\0\0\0\0\x80", 11);
    value = dk_value_real(INFINITY);
    check(&value, "\x22\x09\x19\0\0\0\0\0\0\xf0\x7f", 11);
}

static void what_is_no_value_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        {"", 0},
        {"\x22", 1},
        {"\x22\x00", 2},                                                  /* an empty message */
        {"\x1a\x03\x0a\x01x", 5},                                         /* another field of the layer */
        {"\x22\x04\x0a\x01x", 5},                                         /* longer than what is there */
        {"\x22\x02\x0a\x01x", 5},                                         /* shorter */
        {"\x22\x03\x0a\x02x", 5},                                         /* the text is */
        {"\x22\x05\x15\0\0\0\0", 7},                                      /* a float: not what is written here */
        {"\x22\x08\x19\0\0\0\0\0\0\0", 10},                               /* half a double */
        {"\x22\x02\x28\x80", 4},                                          /* a varint without an end */
        {"\x22\x03\x28\x00\x00", 5},                                      /* something behind it */
        {"\x22\x0b\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13},     /* above INT64_MAX */
        {"\x22\x02\x30\x02", 4},                                          /* a sint that is not negative */
        {"\x22\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x0a", 14}, /* a length of 12 bytes */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned char *copy = malloc(bad[i].size + 1); /* exactly as long, so that reading beyond it is seen */
        assert_non_null(copy);
        unsigned char *exact = bad[i].size > 0 ? realloc(copy, bad[i].size) : copy;
        memcpy(exact, bad[i].bytes, bad[i].size);
        dk_value value;
        if (dk_tile_value_decode(exact, bad[i].size, &value) != DK_CORRUPT)
            fail_msg("number %zu is taken for a value", i);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_string_values),
        cmocka_unit_test(numbers_are_the_shortest_that_holds_them),
        cmocka_unit_test(what_is_no_value_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
