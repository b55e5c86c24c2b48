/* Rows as a file of some format, written while they are read. */
#ifndef DK_TILER_ROW_WRITER_H
#define DK_TILER_ROW_WRITER_H

#include "store/buf.h"
#include "store/query.h"
#include "tiler/sink.h"

/* The columns of a download: the fields that the viewer sees in some row, as far as they are wanted. */
typedef struct dk_row_columns {
    const dk_kind *kind;
    int field[DK_MAX_FIELDS];
    size_t n;
    bool names; /* the header has the fields' names, else their titles */
    bool wkt;   /* a last column has the outline as WKT */
} dk_row_columns;

/* What a column is called. */
const char *dk_row_column_head(const dk_row_columns *columns, size_t i);

typedef struct dk_row_writer dk_row_writer;
struct dk_row_writer {
    /* Appends what a row becomes to out. Called while the row is read, so it waits for nothing. */
    dk_status (*row)(dk_row_writer *self, const dk_row *row, dk_buf *out, dk_error *err);
    /* Sends what rows have become since the last time, at most DK_ROWS_AT_ONCE, and empties out. last: that was all. */
    dk_status (*send)(dk_row_writer *self, dk_buf *out, bool last, dk_error *err);
    void (*free)(dk_row_writer *self);
};
#define DK_ROWS_AT_ONCE 10000

/* columns is borrowed; sink is copied. NULL: out of memory. */
dk_row_writer *dk_csv_writer_create(const dk_row_columns *columns, const dk_sink *sink);
dk_row_writer *dk_xlsx_writer_create(const dk_row_columns *columns, const dk_sink *sink);

/* A spreadsheet's numbers are doubles, of which it keeps 15 digits: larger whole numbers are given as texts. */
#define DK_SHEET_WHOLE INT64_C(999999999999999)
/* A CSV cell of any value; guarded as below, if it is a text. */
void dk_csv_value(const dk_value *value, bool guarded, dk_buf *out);

/* ---- for tests ---- */

/* A CSV cell. text: one of a text field, which is made safe for spreadsheets (README, "Downloads"). */
void dk_csv_text(const char *text, size_t size, bool guarded, dk_buf *out);
/* Days from 1899-12-30 of YYYY-MM-DD as spreadsheets count them; 0: it is no such date, or before March 1900, where
 * they count wrong. */
long dk_xlsx_date(const char *text, size_t size);

#endif
