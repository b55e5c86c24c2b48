/* Workbooks that LibreOffice wrote (tests/sheets), in all three formats, and one of Excel 95 by Gnumeric: each cell
 * where the sheet shows it, as it was typed. The expectations are what tests/sheets/ledger.fods and strings.mjs say. */
#include "ingest/sheet.h"

#include <cpl_conv.h>
#include <cpl_vsi.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const formats[] = {"ods", "xlsx", "xls"};
enum { FORMATS = sizeof formats / sizeof *formats };

static const char *path_of(const char *name, const char *format)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/sheets/%s.%s", getenv("DK_TESTS"), name, format);
    return path;
}

static dk_sheet *open_sheet(const char *path, const char *name)
{
    dk_sheet *sheet = NULL;
    dk_error err;
    const dk_status status = dk_sheet_open(path, name, &sheet, &err);
    if (status != DK_OK)
        fail_msg("%s", err.text);
    return sheet;
}

/* A cell written as a test reads it: numbers with %.15g, dates as =DATE, nothing as "". */
static void show(const dk_sheet_row *row, size_t column, char ret[200])
{
    const dk_cell *cell = column < row->n ? &row->cells[column] : NULL;
    if (cell == NULL || cell->type == DK_CELL_EMPTY)
        ret[0] = '\0';
    else if (cell->type == DK_CELL_REAL)
        snprintf(ret, 200, "#%.15g", cell->real);
    else
        snprintf(ret, 200, "%s%.*s", cell->type == DK_CELL_DATE ? "=" : "", (int)cell->size, cell->text);
}

typedef struct expected_row {
    int64_t number;
    const char *cells[6];
} expected_row;

static const expected_row ledger[] = {
    {1, {"周寨镇征地补偿台账"}},
    {4, {"地块编号", "补偿费用（万元）", "", "", "日期", "账号"}},
    {5, {"", "土地补偿费", "安置补助费", "合计"}},
    {6, {"DK001", "#12.5", "#7.25", "#19.75", "=2020-06-15", "6217001234567890"}},
    {7, {"DK002", "#1234567.875", "#-0.1", "#1234567.775", "=1999-12-31", "#6.21700123456789e+15"}},
    {8, {"", "#3", "#4", "#7", "", "341321198001010000"}},
    {9, {"汉字加粗𠮷  两空格", "文字", "#DIV/0!", "TRUE", "#0.125", "第一行\n第二行"}},
    {30, {"重复", "#5", "#5", "#5"}},
    {31, {"重复", "#5", "#5", "#5"}},
    {32, {"重复", "#5", "#5", "#5"}},
};

static void every_cell_is_where_the_sheet_shows_it(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        dk_sheet *sheet = open_sheet(path_of("ledger", formats[f]), "补偿台账");
        dk_error err;
        for (int pass = 0; pass < 2; pass++) {
            dk_sheet_row row;
            for (size_t i = 0; i < sizeof ledger / sizeof *ledger; i++) {
                assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_OK);
                assert_int_equal(row.number, ledger[i].number);
                assert_null(row.problem);
                for (size_t c = 0; c < 6; c++) {
                    char shown[200];
                    if (c < row.n) {
                        assert_int_equal(row.cells[c].size, strlen(row.cells[c].text));
                        assert_int_equal(row.cells[c].day_zero, 0);
                    }
                    show(&row, c, shown);
                    assert_string_equal(shown, ledger[i].cells[c] != NULL ? ledger[i].cells[c] : "");
                }
            }
            assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_END);
            assert_int_equal(dk_sheet_rewind(sheet, &err), DK_OK);
        }
        dk_sheet_close(sheet);
    }
}

/* Gnumeric wrote it as of Excel 95 (BIFF5), whose texts are in the code page, here 936, which has no 𠮷. */
static void every_cell_of_a_workbook_of_excel_95_is_there(void **state)
{
    (void)state;
    dk_sheet *sheet = open_sheet(path_of("ledger95", "xls"), "补偿台账");
    dk_sheet_row row;
    dk_error err;
    for (size_t i = 0; i < sizeof ledger / sizeof *ledger; i++) {
        assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_OK);
        assert_int_equal(row.number, ledger[i].number);
        assert_null(row.problem);
        for (size_t c = 0; c < 6; c++) {
            char shown[200];
            const bool lacking = row.number == 9 && c == 0;
            show(&row, c, shown);
            assert_string_equal(shown, lacking                      ? "汉字加粗?  两空格"
                                       : ledger[i].cells[c] != NULL ? ledger[i].cells[c]
                                                                    : "");
        }
    }
    assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_END);
    dk_sheet_close(sheet);
}

static int by_place(const void *a, const void *b)
{
    const dk_sheet_merge *p = a, *q = b;
    return p->first_row != q->first_row        ? (p->first_row < q->first_row ? -1 : 1)
           : p->first_column < q->first_column ? -1
                                               : p->first_column > q->first_column;
}

static void merged_cells_are_told_with_their_places(void **state)
{
    (void)state;
    static const dk_sheet_merge expected[] = {{1, 1, 0, 5}, {4, 5, 0, 0}, {4, 4, 1, 3},
                                              {4, 5, 4, 4}, {4, 5, 5, 5}, {7, 8, 0, 0}};
    for (size_t f = 0; f < FORMATS; f++) {
        dk_sheet *sheet = open_sheet(path_of("ledger", formats[f]), "补偿台账");
        dk_sheet_row row;
        dk_error err;
        while (dk_sheet_next(sheet, &row, &err) == DK_OK)
            ;
        const dk_sheet_merge *merges;
        const size_t n = dk_sheet_merges(sheet, &merges);
        assert_int_equal(n, sizeof expected / sizeof *expected);
        dk_sheet_merge sorted[16];
        memcpy(sorted, merges, n * sizeof *merges);
        qsort(sorted, n, sizeof *sorted, by_place);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(sorted[i].first_row, expected[i].first_row);
            assert_int_equal(sorted[i].last_row, expected[i].last_row);
            assert_int_equal(sorted[i].first_column, expected[i].first_column);
            assert_int_equal(sorted[i].last_column, expected[i].last_column);
        }
        dk_sheet_close(sheet);
    }
}

static void a_sheet_is_chosen_by_name_or_by_being_the_only_filled_one(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        dk_sheet *sheet = NULL;
        dk_error err;
        const char *path = path_of("ledger", formats[f]);
        assert_int_equal(dk_sheet_open(path, NULL, &sheet, &err), DK_INVALID);
        assert_non_null(strstr(err.text, "--layer: 补偿台账, 第二张, 空表"));
        assert_int_equal(dk_sheet_open(path, "没有", &sheet, &err), DK_NOT_FOUND);
        assert_non_null(strstr(err.text, "there is no sheet \"没有\""));
        sheet = open_sheet(path, "第二张");
        dk_sheet_row row;
        char shown[200];
        assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_OK);
        show(&row, 0, shown);
        assert_string_equal(shown, "另一张表");
        assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_END);
        dk_sheet_close(sheet);
        sheet = open_sheet(path, "空表");
        assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_END);
        dk_sheet_close(sheet);
    }
}

/* The states of the sheets that BOUNDSHEET records give ([MS-XLS] 2.4.28), in the order of the workbook. */
static void sheets_that_are_hidden_are_not_chosen(void **state)
{
    (void)state;
    unsigned char data[200000];
    FILE *file = fopen(path_of("ledger", "xls"), "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    size_t n = 0;
    for (size_t i = 0; i + 12 < size;
         i++) /* the id, a short length, a position in the file, a state, a sheet of cells */
        if (data[i] == 0x85 && data[i + 1] == 0 && data[i + 2] < 40 && data[i + 3] == 0 && data[i + 7] == 0 &&
            data[i + 8] == 0 && data[i + 9] == 0)
            data[i + 8] = n++ == 0 ? 0 : n == 2 ? 1 : 2; /* hidden, and very hidden */
    assert_int_equal(n, 3);
    dk_sheet *sheet = NULL;
    dk_sheet_row row;
    dk_error err;
    char shown[200];
    assert_int_equal(dk_sheet_open_xls_memory(data, size, NULL, &sheet, &err), DK_OK);
    assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_OK);
    show(&row, 0, shown);
    assert_string_equal(shown, ledger[0].cells[0]);
    dk_sheet_close(sheet);
    assert_int_equal(dk_sheet_open_xls_memory(data, size, "第二张", &sheet, &err), DK_OK); /* but by name */
    dk_sheet_close(sheet);
    assert_int_equal(dk_sheet_open_xls_memory(data, size, "没有", &sheet, &err), DK_NOT_FOUND);
    assert_non_null(strstr(err.text, "there are: 补偿台账, 第二张 (hidden), 空表 (hidden)"));
}

/* fDyZero of the Row record of row 7 ([MS-XLS] 2.4.221), which the other sheets do not have. */
static void rows_that_are_hidden_are_told(void **state)
{
    (void)state;
    unsigned char data[200000];
    static const unsigned char head[] = {0x08, 0x02, 16, 0, 6, 0};
    FILE *file = fopen(path_of("ledger", "xls"), "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    unsigned char *record = memmem(data, size, head, sizeof head);
    assert_non_null(record);
    assert_int_equal(record[4 + 12] & 0x20, 0);
    record[4 + 12] |= 0x20;
    for (int pass = 0; pass < 2; pass++) {
        dk_sheet *sheet = NULL;
        dk_sheet_row row;
        dk_error err;
        assert_int_equal(dk_sheet_open_xls_memory(data, size, "补偿台账", &sheet, &err), DK_OK);
        while (dk_sheet_next(sheet, &row, &err) == DK_OK)
            assert_true(row.hidden == (row.number == 7 && pass == 0));
        dk_sheet_close(sheet);
        record[4 + 12] &= (unsigned char)~0x20u;
    }
}

/* fHidden of the ColInfo record ([MS-XLS] 2.4.53), of which the first columns are made. */
static void columns_that_are_hidden_are_told(void **state)
{
    (void)state;
    unsigned char data[200000];
    static const unsigned char head[] = {0x7D, 0, 12, 0, 0, 0};
    FILE *file = fopen(path_of("table", "xls"), "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    unsigned char *record = memmem(data, size, head, sizeof head);
    assert_non_null(record);
    memcpy(record + 4, (const unsigned char[]){1, 0, 2, 0}, 4);
    for (int pass = 0; pass < 2; pass++) {
        dk_sheet *sheet = NULL;
        dk_error err;
        record[4 + 8] ^= 1;
        assert_int_equal(dk_sheet_open_xls_memory(data, size, NULL, &sheet, &err), DK_OK);
        for (size_t c = 0; c < 4; c++)
            assert_true(dk_sheet_column_hidden(sheet, c) == (pass == 0 && (c == 1 || c == 2)));
        dk_sheet_close(sheet);
    }
}

/* As strings.mjs makes them. */
static void string_of(int i, char ret[400])
{
    size_t n =
        (size_t)(i % 3 == 0 ? snprintf(ret, 400, "plain text number %d ", i) : snprintf(ret, 400, "第%d号文字，", i));
    for (int k = 0; k < (i % 3 == 0 ? i % 7 : i % 9); k++)
        n += (size_t)snprintf(ret + n, 400 - n, "%s", i % 3 == 0 ? "abcdefghij" : "征地补偿安置");
    if (i % 3 == 0) { /* a sheet keeps no blank at the end of a paragraph */
        while (n > 0 && ret[n - 1] == ' ')
            ret[--n] = '\0';
    } else if (i % 5 == 0) {
        snprintf(ret + n, 400 - n, "𠮷");
    }
}

static void texts_go_on_over_records_and_days_are_counted_from_1904(void **state)
{
    (void)state;
    for (size_t f = 0; f < FORMATS; f++) {
        dk_sheet *sheet = open_sheet(path_of("strings", formats[f]), "文字");
        dk_error err;
        dk_sheet_row row;
        for (int i = 0; i < 800; i++) {
            char expected[400], shown[200];
            assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_OK);
            assert_int_equal(row.n, 3);
            string_of(i, expected);
            assert_int_equal(row.cells[0].type, DK_CELL_TEXT);
            size_t size = row.cells[0].size;
            while (size > 0 && row.cells[0].text[size - 1] == ' ')
                size--;
            assert_int_equal(size, strlen(expected));
            assert_memory_equal(row.cells[0].text, expected, size);
            assert_true(row.cells[1].type == DK_CELL_REAL && row.cells[1].real == i / 4.0);
            assert_int_equal(row.cells[1].day_zero, 1462);
            show(&row, 2, shown);
            snprintf(expected, sizeof expected, "=2021-03-%02d", i % 28 + 1);
            assert_string_equal(shown, expected);
        }
        assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_END);
        dk_sheet_close(sheet);
    }
}

static void read_all(const char *path)
{
    static const char *const names[] = {"补偿台账", "文字", NULL};
    for (size_t i = 0; i < 3; i++) {
        dk_sheet *sheet = NULL;
        dk_sheet_row row;
        dk_error err;
        err.text[0] = '\0';
        dk_status status = dk_sheet_open(path, names[i], &sheet, &err);
        while (status == DK_OK)
            status = dk_sheet_next(sheet, &row, &err);
        if (status != DK_END) { /* one sentence that begins with the file */
            if (strncmp(err.text, path, strlen(path)) != 0 || strlen(err.text) < strlen(path) + 20)
                fail_msg("status %d: %s", (int)status, err.text);
        }
        dk_sheet_close(sheet);
    }
}

/* Cut off anywhere, or with a byte changed: read or refused with a sentence. */
static void damaged_files_are_refused_with_a_sentence(void **state)
{
    (void)state;
    char path[] = "/tmp/dikuai-sheet-XXXXXX";
    assert_int_equal(close(mkstemp(path)), 0);
    uint32_t random = 12345;
    for (size_t f = 0; f < FORMATS; f++) {
        static unsigned char bytes[1 << 20];
        FILE *file = fopen(path_of("ledger", formats[f]), "rb");
        assert_non_null(file);
        const size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        for (int round = 0; round < 120; round++) {
            random = random * 1664525u + 1013904223u;
            const size_t at = (random >> 8) % size;
            const unsigned char kept = bytes[at];
            if (round % 2 == 0)
                bytes[at] ^= (unsigned char)(1u << (random >> 28) % 8);
            file = fopen(path, "wb");
            assert_non_null(file);
            fwrite(bytes, 1, round % 2 == 0 ? size : at, file);
            fclose(file);
            bytes[at] = kept;
            read_all(path);
        }
    }
    unlink(path);
}

static void put_member(const char *archive, const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof path, "/vsizip/%s/%s", archive, name);
    VSILFILE *file = VSIFOpenL(path, "wb");
    assert_non_null(file);
    assert_int_equal(VSIFWriteL(text, 1, strlen(text), file), strlen(text));
    VSIFCloseL(file);
}

/* A cell's s counts the xf of cellXfs (ECMA-376 part 1, 18.3.1.4), of which one may be without a numFmtId (18.8.45), as
 * programs write the first with Microsoft's SDK. Day 43997 is 2020-06-15. */
static void a_style_without_a_number_format_counts(void **state)
{
    (void)state;
    char path[] = "/tmp/dikuai-sheet-XXXXXX.xlsx";
    assert_int_equal(close(mkstemps(path, 5)), 0);
    unlink(path);
    put_member(
        path, "_rels/.rels",
        "<Relationships><Relationship Id='a' Type='…/officeDocument' Target='xl/workbook.xml'/></Relationships>");
    put_member(path, "xl/_rels/workbook.xml.rels",
               "<Relationships><Relationship Id='a' Type='…/worksheet' Target='worksheets/sheet1.xml'/>"
               "<Relationship Id='b' Type='…/styles' Target='styles.xml'/></Relationships>");
    put_member(path, "xl/workbook.xml",
               "<x:workbook xmlns:x='x' xmlns:r='r'><x:sheets><x:sheet name='1' sheetId='1' r:id='a'/></x:sheets>"
               "</x:workbook>");
    put_member(path, "xl/styles.xml",
               "<x:styleSheet xmlns:x='x'><x:cellStyleXfs><x:xf numFmtId='14'/></x:cellStyleXfs>"
               "<x:cellXfs><x:xf/><x:xf numFmtId='14'/><x:xf fontId='1'/></x:cellXfs></x:styleSheet>");
    put_member(path, "xl/worksheets/sheet1.xml",
               "<x:worksheet xmlns:x='x'><x:sheetData><x:row r='1'><x:c r='A1'><x:v>43997</x:v></x:c>"
               "<x:c r='B1' s='1'><x:v>43997</x:v></x:c><x:c r='C1' s='2'><x:v>43997</x:v></x:c></x:row>"
               "</x:sheetData></x:worksheet>");
    static const char *const expected[] = {"#43997", "=2020-06-15", "#43997"};
    dk_sheet *sheet = open_sheet(path, NULL);
    dk_sheet_row row;
    dk_error err;
    assert_int_equal(dk_sheet_next(sheet, &row, &err), DK_OK);
    for (size_t c = 0; c < 3; c++) {
        char shown[200];
        show(&row, c, shown);
        assert_string_equal(shown, expected[c]);
    }
    dk_sheet_close(sheet);
    unlink(path);
}

static void what_only_has_the_name_of_a_workbook_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *content, *said;
    } files[] = {{"<html><table><tr><td>1</td></tr></table></html>", "web page"},
                 {"\xEF\xBB\xBF<?xml version=\"1.0\"?><Workbook/>", "web page or XML"},
                 {"", "cannot be read as"},
                 {"PK\3\4", "damaged"},
                 {"a,b\n1,2\n", "of another format than its name says"}};
    char path[] = "/tmp/dikuai-sheet-XXXXXX.xls";
    assert_int_equal(close(mkstemps(path, 4)), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fputs(files[i].content, file);
        fclose(file);
        dk_sheet *sheet = NULL;
        dk_error err;
        assert_int_not_equal(dk_sheet_open(path, NULL, &sheet, &err), DK_OK);
        if (strstr(err.text, files[i].said) == NULL)
            fail_msg("%s", err.text);
    }
    unlink(path);
}

int main(void)
{
    CPLSetErrorHandler(CPLQuietErrorHandler);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_where_the_sheet_shows_it),
        cmocka_unit_test(every_cell_of_a_workbook_of_excel_95_is_there),
        cmocka_unit_test(merged_cells_are_told_with_their_places),
        cmocka_unit_test(a_sheet_is_chosen_by_name_or_by_being_the_only_filled_one),
        cmocka_unit_test(sheets_that_are_hidden_are_not_chosen),
        cmocka_unit_test(rows_that_are_hidden_are_told),
        cmocka_unit_test(columns_that_are_hidden_are_told),
        cmocka_unit_test(texts_go_on_over_records_and_days_are_counted_from_1904),
        cmocka_unit_test(a_style_without_a_number_format_counts),
        cmocka_unit_test(damaged_files_are_refused_with_a_sentence),
        cmocka_unit_test(what_only_has_the_name_of_a_workbook_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
