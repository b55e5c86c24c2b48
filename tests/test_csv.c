/* CSV against RFC 4180, and what spreadsheets and GBK add to it. */
#include "ingest/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* All records as text: cells joined by |, records by /, each with its row number. */
static dk_status read_all(const char *data, size_t size, char *out, size_t room, dk_encoding *encoding)
{
    dk_csv *csv = NULL;
    dk_error err;
    dk_status status = dk_csv_open_memory(data, size, NULL, &csv, &err);
    size_t n = 0;
    out[0] = '\0';
    if (status != DK_OK)
        return status;
    if (encoding != NULL)
        *encoding = dk_csv_encoding(csv);
    int64_t row;
    const dk_csv_cell *cells;
    size_t n_cells;
    while ((status = dk_csv_next(csv, &row, &cells, &n_cells, &err)) == DK_OK) {
        n += (size_t)snprintf(out + n, room - n, "%s%lld:", n > 0 ? "/" : "", (long long)row);
        for (size_t i = 0; i < n_cells; i++)
            n += (size_t)snprintf(out + n, room - n, "%s%.*s", i > 0 ? "|" : "", (int)cells[i].size, cells[i].data);
    }
    assert_true(status != DK_END || dk_csv_progress(csv) >= 1);
    dk_csv_close(csv);
    return status;
}

static void reads(const char *data, const char *expected)
{
    char got[1000];
    assert_int_equal(read_all(data, strlen(data), got, sizeof got, NULL), DK_END);
    assert_string_equal(got, expected);
}

static void rfc_4180(void **state)
{
    (void)state;
    reads("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", "1:aaa|bbb|ccc/2:zzz|yyy|xxx");
    reads("aaa,bbb,ccc\r\nzzz,yyy,xxx", "1:aaa|bbb|ccc/2:zzz|yyy|xxx");
    reads("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,yyy,xxx", "1:aaa|b\r\nbb|ccc/2:zzz|yyy|xxx");
    reads("\"aaa\",\"b\"\"bb\",\"ccc\"", "1:aaa|b\"bb|ccc");
    reads("a,,\n,,", "1:a||/2:||");
}

static void line_ends_blank_lines_and_separators(void **state)
{
    (void)state;
    reads("a,b\rc,d\r", "1:a|b/2:c|d");
    reads("a,b\n\n\nc,d\n", "1:a|b/2:/3:/4:c|d");
    reads("a;b;c\n1,5;2;3\n", "1:a|b|c/2:1,5|2|3");
    reads("a\tb\n1,5\t2\n", "1:a|b/2:1,5|2");
    reads("\xEF\xBB\xBF"
          "a,b\n",
          "1:a|b");
    reads("a,b\n\xEF\xBB\xBF\"a\",b\n\xEF\xBC\x88,d\n\xEF\xBB\xBF", "1:a|b/2:a|b/3:（|d"); /* files that were joined */
    reads("\"x;y;z\",b\n", "1:x;y;z|b"); /* separators inside quotes do not count */
    reads("a\"b,c\n", "1:a\"b|c");       /* a quote inside a plain cell is one */
    reads("\"a\"b,c\n", "1:ab|c");
    reads("a, \"b,c\" ,  \"d\"\n", "1:a|b,c |d"); /* a blank behind each comma */
    reads(" a, b\"c\n", "1: a| b\"c");
    reads("a", "1:a");
    reads("a,b\r\nc,d\r\n\x1A", "1:a|b/2:c|d"); /* the end of a text of DOS */
    reads("\x1A"
          "a\n",
          "1:\x1A"
          "a");
}

static void encodings(void **state)
{
    (void)state;
    char got[200];
    dk_encoding encoding;
    const char utf8[] = "地块,面积\n", gbk[] = "\xB5\xD8\xBF\xE9,\xC3\xE6\xBB\xFD\n";
    assert_int_equal(read_all(utf8, strlen(utf8), got, sizeof got, &encoding), DK_END);
    assert_int_equal(encoding, DK_ENCODING_UTF8);
    assert_int_equal(read_all(gbk, strlen(gbk), got, sizeof got, &encoding), DK_END);
    assert_int_equal(encoding, DK_ENCODING_GB18030);
    assert_string_equal(got, "1:\xB5\xD8\xBF\xE9|\xC3\xE6\xBB\xFD");
    /* A BOM is a promise: one wrong byte does not turn the rest into GB18030. */
    const char marked[] = "\xEF\xBB\xBF地块,\xFF\n";
    assert_int_equal(read_all(marked, strlen(marked), got, sizeof got, &encoding), DK_END);
    assert_int_equal(encoding, DK_ENCODING_UTF8);
    /* Second bytes of GBK reach from 0x40: | and \ among them, never a quote, a comma or a line end. */
    const char bar[] = "\x81|,\x81\\\n";
    assert_int_equal(read_all(bar, strlen(bar), got, sizeof got, &encoding), DK_END);
    assert_string_equal(got, "1:\x81||\x81\\");
}

static void refused(void **state)
{
    (void)state;
    char got[200];
    assert_int_equal(read_all("", 0, got, sizeof got, NULL), DK_INVALID);
    assert_int_equal(read_all("\xFF\xFE"
                              "a\0",
                              4, got, sizeof got, NULL),
                     DK_INVALID);
    assert_int_equal(read_all("a\0b", 3, got, sizeof got, NULL), DK_INVALID);
    assert_int_equal(read_all("a,\"b\nc", 6, got, sizeof got, NULL), DK_INVALID);
}

/* The first quote of row 4 would close the one of row 2, and row 3 be a part of a cell, though each row has two. */
static void a_quote_that_takes_in_rows(void **state)
{
    (void)state;
    static const char text[] = "a,b\n1,\"x\n2,y\n3,\"z\"\n4,w\n";
    dk_csv *csv = NULL;
    dk_error err;
    int64_t row;
    const dk_csv_cell *cells;
    size_t n;
    assert_int_equal(dk_csv_open_memory(text, strlen(text), NULL, &csv, &err), DK_OK);
    assert_int_equal(dk_csv_next(csv, &row, &cells, &n, &err), DK_OK);
    assert_int_equal(dk_csv_next(csv, &row, &cells, &n, &err), DK_INVALID);
    assert_non_null(strstr(err.text, ", row 2: a quotation mark is opened and not closed in its cell"));
    dk_csv_close(csv);
    reads("a,\"b\nc\" ,d\n\"e\n\"\"f\"\"\",g\n", "1:a|b\nc |d/2:e\n\"f\"|g"); /* but texts over lines are whole */
}

static void a_row_of_too_many_cells(void **state)
{
    (void)state;
    char data[DK_CSV_MAX_CELLS + 10];
    memset(data, ',', sizeof data);
    dk_csv *csv = NULL;
    int64_t row;
    const dk_csv_cell *cells;
    size_t n;
    assert_int_equal(dk_csv_open_memory(data, sizeof data, NULL, &csv, NULL), DK_OK);
    assert_int_equal(dk_csv_next(csv, &row, &cells, &n, NULL), DK_LIMIT);
    dk_csv_close(csv);
    assert_int_equal(dk_csv_open_memory(data, DK_CSV_MAX_CELLS - 1, NULL, &csv, NULL), DK_OK);
    assert_int_equal(dk_csv_next(csv, &row, &cells, &n, NULL), DK_OK);
    assert_int_equal(n, DK_CSV_MAX_CELLS);
    dk_csv_close(csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_4180),
        cmocka_unit_test(line_ends_blank_lines_and_separators),
        cmocka_unit_test(encodings),
        cmocka_unit_test(refused),
        cmocka_unit_test(a_quote_that_takes_in_rows),
        cmocka_unit_test(a_row_of_too_many_cells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
