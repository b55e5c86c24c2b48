/* What downloads do to single values: CSV cells that spreadsheets must not run or mangle, dates as they count them, and
 * the rows that go to dikuai-ingest convert. */
#include "store/row_stream.h"
#include "tiler/row_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_cell(const char *text, const char *expected)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_csv_text(text, strlen(text), true, &out);
    assert_string_equal(dk_buf_cstr(&out), expected);
    dk_buf_finish(&out);
}

static void ordinary_texts_stay_as_they_are(void **state)
{
    (void)state;
    assert_cell("", "");
    assert_cell("一号地", "一号地");
    assert_cell("DK001", "DK001");
    assert_cell("341321101", "341321101");
    assert_cell("0", "0");
    assert_cell("a,b", "\"a,b\"");
    assert_cell("a\"b", "\"a\"\"b\"");
    assert_cell("a\nb", "\"a\nb\"");
    assert_cell(" a", "\" a\"");
    assert_cell("-", "\"'-\""); /* no digit in it: nothing but a formula that was begun */
}

static void texts_that_would_run_as_formulas_are_defused(void **state)
{
    (void)state;
    assert_cell("=1+1", "\"'=1+1\"");
    assert_cell("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
    assert_cell("@SUM(A1)", "\"'@SUM(A1)\"");
    assert_cell("+a", "\"'+a\"");
    assert_cell("-a", "\"'-a\"");
    assert_cell("\ta", "\"'\ta\"");
    assert_cell("\ra", "\"'\ra\"");
    assert_cell("＝1", "\"'＝1\"");
    assert_cell("=\"001\"", "\"'=\"\"001\"\"\"");
    assert_cell("a=1", "a=1");
}

static void digits_that_a_spreadsheet_would_mangle_are_kept_as_text(void **state)
{
    (void)state;
    assert_cell("341321199001011234", "\"=\"\"341321199001011234\"\"\"");
    assert_cell("3413211990010112345678901234", "\"=\"\"3413211990010112345678901234\"\"\"");
    assert_cell("001", "\"=\"\"001\"\"\"");
    assert_cell("1-2", "\"=\"\"1-2\"\"\"");
    assert_cell("1E5", "\"=\"\"1E5\"\"\"");
    assert_cell("-1+1", "\"=\"\"-1+1\"\"\"");
    assert_cell("12345678901", "12345678901");
}

/* Expected values as LibreOffice Calc gives them: =DATE(…) shown as a number. */
static void whole_numbers_of_more_digits_than_a_sheet_keeps_are_texts(void **state)
{
    static const struct {
        int64_t value;
        const char *cell;
    } cases[] = {{341321198001011234, "\"=\"\"341321198001011234\"\"\""},
                 {-1000000000000000, "\"=\"\"-1000000000000000\"\"\""},
                 {999999999999999, "999999999999999"},
                 {-5, "-5"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const dk_value value = dk_value_integer(cases[i].value);
        dk_buf out;
        dk_buf_init(&out);
        dk_csv_value(&value, true, &out);
        assert_string_equal(dk_buf_cstr(&out), cases[i].cell);
        dk_buf_finish(&out);
    }
}

static void dates_count_as_spreadsheets_count_them(void **state)
{
    (void)state;
    assert_int_equal(dk_xlsx_date("1900-03-01", 10), 61);
    assert_int_equal(dk_xlsx_date("2000-02-29", 10), 36585);
    assert_int_equal(dk_xlsx_date("2020-06-15", 10), 43997);
    assert_int_equal(dk_xlsx_date("2100-03-01", 10), 73110);
    assert_int_equal(dk_xlsx_date("1900-02-28", 10), 0);
    assert_int_equal(dk_xlsx_date("2021-02-29", 10), 0);
    assert_int_equal(dk_xlsx_date("2021-13-01", 10), 0);
    assert_int_equal(dk_xlsx_date("2021-1-1", 8), 0);
}

static dk_status to_file(void *user, const void *data, size_t size, dk_error *err)
{
    (void)err;
    assert_int_equal(fwrite(data, 1, size, user), size);
    return DK_OK;
}

/* What unzip gives of a part, as far as it fits. */
static void read_part(const char *path, const char *part, const char *command, char *text, size_t size)
{
    char line[300];
    snprintf(line, sizeof line, "unzip -p %s %s | %s", path, part, command);
    FILE *file = popen(line, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    assert_int_equal(pclose(file), 0);
}

static void rows_beyond_a_sheet_go_on_in_the_next(void **state)
{
    enum { ROWS = 1048575 + 1000 }; /* a sheet holds 1,048,576 with its header */
    (void)state;
    char path[] = "/tmp/dikuai-test-XXXXXX", text[700];
    const int fd = mkstemp(path);
    FILE *file = fdopen(fd, "wb");
    assert_non_null(file);
    dk_field field = {.name = "n", .title = "序号", .type = DK_FIELD_INTEGER};
    dk_kind kind = {.name = "k", .title = "很多[行]", .fields = &field, .n_fields = 1};
    const dk_row_columns columns = {.kind = &kind, .n = 1};
    const dk_sink sink = {to_file, file};
    dk_row_writer *writer = dk_xlsx_writer_create(&columns, &sink);
    assert_non_null(writer);
    dk_buf out;
    dk_buf_init(&out);
    for (int i = 1; i <= ROWS; i++) {
        const dk_value value = dk_value_integer(i);
        const dk_row row = {.kind = &kind, .key = "", .values = &value, .visible = 1};
        assert_int_equal(writer->row(writer, &row, &out, NULL), DK_OK);
        if (i % DK_ROWS_AT_ONCE == 0 || i == ROWS)
            assert_int_equal(writer->send(writer, &out, i == ROWS, NULL), DK_OK);
    }
    writer->free(writer);
    dk_buf_finish(&out);
    assert_int_equal(fclose(file), 0);
    int first = 0, second = 0, begin = 0;
    read_part(path, "xl/worksheets/sheet1.xml", "grep -o '<row ' | wc -l", text, sizeof text);
    assert_int_equal(sscanf(text, "%d", &first), 1);
    read_part(path, "xl/worksheets/sheet2.xml", "grep -o '<row ' | wc -l", text, sizeof text);
    assert_int_equal(sscanf(text, "%d", &second), 1);
    assert_true(first <= 1048576);
    assert_int_equal(first - 1 + second - 1, ROWS);
    read_part(path, "xl/worksheets/sheet2.xml", "tail -n +2 | sed 's/.*<c r=\"A2\"><v>//' | head -c 600", text,
              sizeof text);
    assert_int_equal(sscanf(text, "%d", &begin), 1);
    assert_int_equal(begin, first); /* of the first sheet's rows one is the header */
    read_part(path, "xl/workbook.xml", "cat", text, sizeof text);
    assert_non_null(strstr(text, "name=\"很多_行_ (2)\""));
    unlink(path);
}

static void write_stream(dk_buf *out)
{
    static const dk_stream_column columns[] = {
        {"id", "地块编号", DK_FIELD_TEXT}, {"n", "户数", DK_FIELD_INTEGER}, {"area", "面积", DK_FIELD_NUMBER}};
    static const unsigned char wkb[] = {1, 2, 3, 0, 5};
    const dk_value first[] = {dk_value_text("甲"), dk_value_integer(-7), dk_value_real(1.5)};
    const dk_value second[] = {dk_value_null(), dk_value_null(), dk_value_null()};
    dk_buf_init(out);
    dk_row_stream_head(&(dk_stream_head){"parcel", "征收地块", DK_POLYGONS, columns, 3}, out);
    dk_row_stream_row(first, 3, wkb, sizeof wkb, out);
    dk_row_stream_row(second, 3, NULL, 0, out);
    dk_row_stream_end(2, out);
    assert_false(out->failed);
}

/* Reads all rows of the first bytes of a stream, from a pipe. */
static dk_status read_stream(const dk_buf *bytes, size_t size, int *ret_rows)
{
    int fds[2];
    dk_row_stream *stream = NULL;
    dk_value values[DK_MAX_FIELDS];
    const void *wkb;
    size_t wkb_size;
    *ret_rows = 0;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], bytes->data, size), (ssize_t)size);
    close(fds[1]);
    dk_status status = dk_row_stream_open(fds[0], &stream, NULL);
    while (status == DK_OK && (status = dk_row_stream_next(stream, values, &wkb, &wkb_size, NULL)) == DK_OK) {
        if (++*ret_rows == 1) {
            assert_string_equal(dk_row_stream_columns(stream)->title, "征收地块");
            assert_string_equal(dk_row_stream_columns(stream)->columns[1].title, "户数");
            assert_string_equal(values[0].text.data, "甲");
            assert_int_equal(values[1].integer, -7);
            assert_true(values[2].real == 1.5);
            assert_int_equal(wkb_size, 5);
            assert_memory_equal(wkb, "\x01\x02\x03\x00\x05", 5);
        } else {
            assert_int_equal(values[0].type, DK_NULL);
            assert_int_equal(wkb_size, 0);
        }
    }
    dk_row_stream_close(stream);
    close(fds[0]);
    return status;
}

static void rows_come_out_of_the_stream_as_they_went_in(void **state)
{
    (void)state;
    dk_buf bytes;
    int rows;
    write_stream(&bytes);
    assert_int_equal(read_stream(&bytes, bytes.size, &rows), DK_END);
    assert_int_equal(rows, 2);
    dk_buf_finish(&bytes);
}

static void a_stream_cut_off_anywhere_is_no_whole_one(void **state)
{
    (void)state;
    dk_buf bytes;
    int rows;
    write_stream(&bytes);
    for (size_t size = 0; size < bytes.size; size++)
        assert_int_equal(read_stream(&bytes, size, &rows), DK_CORRUPT);
    dk_buf_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_texts_stay_as_they_are),
        cmocka_unit_test(texts_that_would_run_as_formulas_are_defused),
        cmocka_unit_test(digits_that_a_spreadsheet_would_mangle_are_kept_as_text),
        cmocka_unit_test(whole_numbers_of_more_digits_than_a_sheet_keeps_are_texts),
        cmocka_unit_test(dates_count_as_spreadsheets_count_them),
        cmocka_unit_test(rows_beyond_a_sheet_go_on_in_the_next),
        cmocka_unit_test(rows_come_out_of_the_stream_as_they_went_in),
        cmocka_unit_test(a_stream_cut_off_anywhere_is_no_whole_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
