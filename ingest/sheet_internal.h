/* What sheet.c and the readers of the three formats share; for them alone. */
#ifndef DK_INGEST_SHEET_INTERNAL_H
#define DK_INGEST_SHEET_INTERNAL_H

#include "ingest/sheet.h"
#include "ingest/units.h"

enum {
    DK_SHEET_MAX_COLUMNS = 16384, /* of XLSX and ODS */
    DK_SHEET_MAX_ROWS = 1048576,
    DK_SHEET_MAX_TEXT = 1 << 20, /* bytes of one cell; Excel allows 32767 characters */
    DK_SHEET_MAX_ROW_TEXT = 16 << 20,
    DK_SHEET_MAX_MERGES = 1 << 20,
    DK_SHEET_1904 = 1462 /* day_zero of workbooks that count from 1904-01-01, which Excel on a Mac once did */
};

/* A format's reader. Sheets are numbered from 0 in the order of the workbook. */
typedef struct dk_sheet_reader {
    /* Goes to the start of a sheet. */
    dk_status (*start)(dk_sheet *sheet, size_t index, dk_error *err);
    /* Fills sheet->row and sheet->row_number with the next row that the file has. */
    dk_status (*next)(dk_sheet *sheet, dk_error *err);
    double (*progress)(const dk_sheet *sheet);
    void (*close)(dk_sheet *sheet);
} dk_sheet_reader;

typedef struct dk_sheet_columns {
    size_t first, last;
} dk_sheet_columns;

struct dk_sheet {
    const dk_sheet_reader *reader;
    void *own; /* of the reader */
    char *path;
    char **names;
    bool *hidden; /* of each */
    size_t n_names, names_capacity, hidden_capacity, chosen;
    int32_t day_zero; /* the day that the workbook counts as 0, in days since 1899-12-30 */

    int64_t row_number;
    bool row_hidden;
    dk_cell *cells;
    size_t *places; /* of their texts in text */
    size_t n_cells, capacity;
    dk_buf text;
    char problem[240];

    dk_sheet_merge *merges;
    size_t n_merges, merges_capacity;
    bool merges_known; /* a whole pass has found them all */
    dk_sheet_columns *hidden_columns;
    size_t n_hidden_columns, hidden_columns_capacity;
};

dk_status dk_sheet_open_xlsx(dk_sheet *sheet, dk_error *err);
dk_status dk_sheet_open_ods(dk_sheet *sheet, dk_error *err);
dk_status dk_sheet_open_xls(dk_sheet *sheet, const unsigned char *data, size_t size, dk_error *err);

dk_status dk_sheet_add_name(dk_sheet *sheet, const char *name, bool hidden, dk_error *err);
void dk_sheet_begin_row(dk_sheet *sheet, int64_t number, bool hidden);
/* false: too many columns or out of memory. A text that the row has no room for is a problem of the row. */
bool dk_sheet_add_cell(dk_sheet *sheet, size_t column, dk_cell_type type, double number, const char *text, size_t size);
/* What is shown for a formula that has failed. */
bool dk_sheet_add_error(dk_sheet *sheet, size_t column, const char *text, size_t size);
void dk_sheet_cell_problem(dk_sheet *sheet, size_t column, const char *sentence);
bool dk_sheet_hide_columns(dk_sheet *sheet, size_t first, size_t last);
bool dk_sheet_add_merge(dk_sheet *sheet, const dk_sheet_merge *merge);
/* What a number format makes of a number. */
enum { DK_SHEET_WORDS = 64 }; /* bytes, with the NUL: an agency and a year, "皖自然资用地预审函〔2020〕"0"号" */
typedef struct dk_sheet_format {
    bool is_date; /* it shows a day, or no more of it than its month or year: */
    bool no_day;
    bool no_year;  /* or no year */
    bool divided;  /* it shows the number in thousands (0,) or ten thousands (0!.0000) */
    bool exponent; /* or as 3.00E+12, with so many decimals, as spreadsheets do by themselves where someone enters 3E12
                    */
    unsigned char decimals;
    dk_unit unit; /* shown behind the number as it is, as in 0.00"亩"; DK_UNIT_NONE: none */
    /* What a whole number is shown as, where it is more than that: "DK"000. Else digits is 0. */
    unsigned char digits; /* at least so many, with zeros before */
    char before[DK_SHEET_WORDS], behind[DK_SHEET_WORDS];
} dk_sheet_format;
/* Takes over how a whole number is shown, if that is more than the number. */
void dk_sheet_format_words(dk_sheet_format *format, unsigned digits, const dk_buf *before, const dk_buf *behind);
/* The unit that a text behind a number is; DK_UNIT_NONE: none. */
dk_unit dk_sheet_unit_shown(const char *text);
/* One of Excel's built-in ones, or a code of its own (NULL: built in). */
dk_sheet_format dk_sheet_format_of(unsigned id, const char *code);
/* A number in such a format: DATE if that shows a day and there is one, else REAL. The sheet keeps no copy of format.
 */
bool dk_sheet_add_number(dk_sheet *sheet, size_t column, double number, const dk_sheet_format *format);
/* Of a cell of type DATE in such a format: whether nobody may have said its day, or its year. */
void dk_sheet_check_day(dk_sheet *sheet, size_t column, const dk_sheet_format *format);

#endif
