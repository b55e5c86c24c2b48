/* The .dbf of a downloaded shapefile: names that fit and differ, texts cut between characters. The expected bytes are
 * those of iconv -f UTF-8 -t GB18030. */
#include "ingest/convert_dbf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dk_dbf_widths *widths_of(const char *const *titles, size_t n)
{
    dk_stream_column columns[DK_MAX_FIELDS];
    dk_dbf_widths *widths = NULL;
    for (size_t i = 0; i < n; i++)
        columns[i] = (dk_stream_column){"name", titles[i], DK_FIELD_TEXT};
    assert_int_equal(dk_dbf_widths_create(&(dk_stream_head){"k", "表", DK_POLYGONS, columns, n}, &widths), DK_OK);
    return widths;
}

static void names_are_whole_characters_of_ten_bytes_and_differ(void **state)
{
    static const char *const titles[] = {
        "征收土地面积", "征收土地面积（公顷）", "征收土地面", "A", "a", "地块编号X1234", "𠮷𠮷𠮷", ""};
    (void)state;
    dk_dbf_widths *w = widths_of(titles, 8);
    assert_string_equal(dk_dbf_column(w, 0), "\xD5\xF7\xCA\xD5\xCD\xC1\xB5\xD8\xC3\xE6"); /* 征收土地面 */
    assert_string_equal(dk_dbf_column(w, 1), "\xD5\xF7\xCA\xD5\xCD\xC1\xB5\xD8_2");       /* 征收土地_2 */
    assert_string_equal(dk_dbf_column(w, 2), "\xD5\xF7\xCA\xD5\xCD\xC1\xB5\xD8_3");
    assert_string_equal(dk_dbf_column(w, 3), "A");
    assert_string_equal(dk_dbf_column(w, 4), "a_2");
    assert_string_equal(dk_dbf_column(w, 5), "\xB5\xD8\xBF\xE9\xB1\xE0\xBA\xC5X1");
    assert_string_equal(dk_dbf_column(w, 6), "\x95\x34\xB2\x35\x95\x34\xB2\x35"); /* four bytes each: two of them */
    assert_string_equal(dk_dbf_column(w, 7), "name");
    dk_dbf_widths_free(w);
}

/* A record as it stands in the file that is written of one text. */
static void write_one(const char *text, unsigned char *ret_record, size_t *ret_width)
{
    static const char *const title[] = {"文"};
    char path[] = "/tmp/dikuai-test-XXXXXX";
    unsigned char bytes[1024];
    close(mkstemp(path));
    unlink(path);
    dk_dbf_widths *w = widths_of(title, 1);
    dk_dbf_writer *writer = NULL;
    const dk_value value = dk_value_text(text);
    assert_int_equal(dk_dbf_widths_row(w, &value, NULL), DK_OK);
    assert_int_equal(dk_dbf_writer_open(w, path, 1, &writer, NULL), DK_OK);
    assert_int_equal(dk_dbf_writer_row(writer, &value, NULL), DK_OK);
    assert_int_equal(dk_dbf_writer_end(writer, NULL), DK_OK);
    dk_dbf_writer_free(writer);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    unlink(path);
    assert_int_equal(size, dk_dbf_size(w, 1));
    assert_int_equal(bytes[29], 0x4D); /* code page 936 */
    *ret_width = bytes[32 + 16];
    assert_int_equal(size, 32 + 32 + 1 + 1 + *ret_width + 1);
    memcpy(ret_record, bytes + 66, *ret_width);
    dk_dbf_widths_free(w);
}

static void a_text_is_cut_between_characters(void **state)
{
    unsigned char record[256];
    size_t width;
    char text[600] = "x";
    (void)state;
    for (int i = 0; i < 130; i++)
        strcat(text, "地"); /* 1 + 260 bytes of GB18030: 126 whole ones fit into 254 */
    write_one(text, record, &width);
    assert_int_equal(width, 254);
    assert_int_equal(record[0], 'x');
    assert_int_equal(record[251], 0xB5);
    assert_int_equal(record[252], 0xD8);
    assert_int_equal(record[253], ' ');
    write_one("地块", record, &width);
    assert_int_equal(width, 4);
    assert_memory_equal(record, "\xB5\xD8\xBF\xE9", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_whole_characters_of_ten_bytes_and_differ),
        cmocka_unit_test(a_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
