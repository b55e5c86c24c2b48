#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/buf.h"

static void what_is_appended_stands_there_in_order(void **state)
{
    (void)state;
    dk_buf buf;
    dk_buf_init(&buf);
    dk_buf_text(&buf, "地块");
    dk_buf_byte(&buf, 0);
    dk_buf_append(&buf, "xyz", 2);
    dk_buf_append(&buf, NULL, 0);
    dk_buf_format(&buf, "%03d", 7);
    assert_int_equal(buf.size, 6 + 1 + 2 + 3);
    assert_memory_equal(buf.data, "地块\0xy007", buf.size);
    dk_buf_finish(&buf);
    assert_null(buf.data);
}

static void a_format_longer_than_the_free_memory_is_whole(void **state)
{
    (void)state;
    char long_text[5001];
    memset(long_text, 'a', 5000);
    long_text[5000] = '\0';
    dk_buf buf;
    dk_buf_init(&buf);
    for (int i = 0; i < 100; i++)
        dk_buf_format(&buf, "%s|", long_text + 49 * i);
    size_t at = 0;
    for (size_t i = 0; i < 100; i++) {
        assert_memory_equal(buf.data + at, long_text, 5000 - 49 * i);
        at += 5000 - 49 * i;
        assert_int_equal(buf.data[at++], '|');
    }
    assert_int_equal(at, buf.size);
    dk_buf_finish(&buf);
}

static void what_is_given_away_is_exactly_the_content(void **state)
{
    (void)state;
    dk_buf buf;
    dk_buf_init(&buf);
    assert_null(dk_buf_give_away(&buf));
    assert_non_null(dk_buf_reserve(&buf, 100));
    assert_null(dk_buf_give_away(&buf)); /* room is no content */
    assert_null(buf.data);
    const size_t large = ((size_t)9 << 20) + 5; /* where memory comes in huge pages */
    for (size_t i = 0; i < large; i++)
        dk_buf_byte(&buf, (unsigned char)(i * 31 >> 3));
    unsigned char *given = dk_buf_give_away(&buf);
    for (size_t i = 0; i < large; i++)
        assert_int_equal(given[i], (unsigned char)(i * 31 >> 3));
    free(given);
    assert_null(buf.data);
    dk_buf_text(&buf, "anew");
    assert_string_equal(dk_buf_cstr(&buf), "anew");
    dk_buf_finish(&buf);
}

static void the_text_form_ends_with_nul_that_does_not_count(void **state)
{
    (void)state;
    dk_buf buf;
    dk_buf_init(&buf);
    assert_string_equal(dk_buf_cstr(&buf), "");
    for (size_t i = 0; i < 200; i++) {
        assert_int_equal(strlen(dk_buf_cstr(&buf)), i);
        dk_buf_byte(&buf, 'x');
    }
    assert_int_equal(buf.size, 200);
    dk_buf_finish(&buf);
}

static void a_failure_stays_until_the_buffer_is_cleared(void **state)
{
    (void)state;
    dk_buf buf;
    dk_buf_init(&buf);
    dk_buf_text(&buf, "kept");
    assert_null(dk_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    dk_buf_text(&buf, "dropped");
    dk_buf_byte(&buf, 'd');
    dk_buf_varint(&buf, 1);
    dk_buf_format(&buf, "%d", 1);
    assert_null(dk_buf_cstr(&buf));
    assert_int_equal(buf.size, 4);
    dk_buf_clear(&buf);
    dk_buf_text(&buf, "again");
    assert_string_equal(dk_buf_cstr(&buf), "again");
    dk_buf_finish(&buf);
}

/* Vectors from "Encoding" of the Protocol Buffers documentation, and the ends of the range. */
static void varints_are_those_of_protocol_buffers(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        const char *bytes;
        size_t size;
    } vectors[] = {
        {0, "\x00", 1},
        {1, "\x01", 1},
        {127, "\x7F", 1},
        {128, "\x80\x01", 2},
        {150, "\x96\x01", 2},
        {300, "\xAC\x02", 2},
        {UINT32_MAX, "\xFF\xFF\xFF\xFF\x0F", 5},
        {UINT64_MAX, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        dk_buf buf;
        dk_buf_init(&buf);
        dk_buf_varint(&buf, vectors[i].value);
        assert_int_equal(buf.size, vectors[i].size);
        assert_memory_equal(buf.data, vectors[i].bytes, buf.size);
        const unsigned char *at = buf.data;
        uint64_t value = 0;
        assert_true(dk_read_varint(&at, buf.data + buf.size, &value));
        assert_true(value == vectors[i].value && at == buf.data + buf.size);
        /* cut short, nothing is read and the place stays */
        at = buf.data;
        assert_false(dk_read_varint(&at, buf.data + buf.size - 1, &value));
        assert_ptr_equal(at, buf.data);
        dk_buf_finish(&buf);
    }
}

static void zigzag_maps_small_numbers_of_both_signs_to_small_ones(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        uint64_t varint;
    } vectors[] = {{0, 0},
                   {-1, 1},
                   {1, 2},
                   {-2, 3},
                   {0x7FFFFFFF, 0xFFFFFFFE},
                   {-0x80000000LL, 0xFFFFFFFF},
                   {INT64_MAX, UINT64_MAX - 1},
                   {INT64_MIN, UINT64_MAX}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        dk_buf buf;
        dk_buf_init(&buf);
        dk_buf_zigzag(&buf, vectors[i].value);
        const unsigned char *at = buf.data;
        uint64_t varint = 0;
        assert_true(dk_read_varint(&at, buf.data + buf.size, &varint));
        assert_true(varint == vectors[i].varint);
        at = buf.data;
        int64_t value = 0;
        assert_true(dk_read_zigzag(&at, buf.data + buf.size, &value));
        assert_true(value == vectors[i].value);
        dk_buf_finish(&buf);
    }
}

static void a_varint_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    static const unsigned char eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
    static const unsigned char too_big[] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02};
    uint64_t value;
    const unsigned char *at = eleven;
    assert_false(dk_read_varint(&at, eleven + sizeof eleven, &value));
    at = too_big;
    assert_false(dk_read_varint(&at, too_big + sizeof too_big, &value));
}

static void an_array_grows_and_keeps_its_elements(void **state)
{
    (void)state;
    double *array = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_true(dk_grow(&array, &capacity, i + 1, sizeof *array));
        array[i] = (double)i;
    }
    const double *const before = array;
    assert_false(dk_grow(&array, &capacity, SIZE_MAX / 4, sizeof *array));
    assert_ptr_equal(array, before);
    assert_true(array[999] == 999.0);
    free(array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_stands_there_in_order),
        cmocka_unit_test(a_format_longer_than_the_free_memory_is_whole),
        cmocka_unit_test(what_is_given_away_is_exactly_the_content),
        cmocka_unit_test(the_text_form_ends_with_nul_that_does_not_count),
        cmocka_unit_test(a_failure_stays_until_the_buffer_is_cleared),
        cmocka_unit_test(varints_are_those_of_protocol_buffers),
        cmocka_unit_test(zigzag_maps_small_numbers_of_both_signs_to_small_ones),
        cmocka_unit_test(a_varint_of_more_than_64_bits_is_refused),
        cmocka_unit_test(an_array_grows_and_keeps_its_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
