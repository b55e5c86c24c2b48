/* One sheet of a workbook, XLSX (ECMA-376 part 1), ODS (OpenDocument 1.2 part 1) or XLS ([MS-XLS], and Excel 95 before
 * it), row by row.
 *
 * Readers of our own: GDAL 3.6 moves the cells behind merged ones of an ODS to the left, loses what formulas of an XLS
 * give, knows no merged cells, and cannot tell a number from a text of digits in a column that holds both. */
#ifndef DK_INGEST_SHEET_H
#define DK_INGEST_SHEET_H

#include "ingest/cell.h"
#include "store/status.h"

typedef struct dk_sheet_merge {
    int64_t first_row, last_row;      /* from 1, as a sheet shows them */
    size_t first_column, last_column; /* from 0 */
} dk_sheet_merge;

typedef struct dk_sheet_row {
    int64_t number;       /* from 1 */
    const dk_cell *cells; /* TEXT, REAL, DATE or EMPTY; borrowed until the next row */
    size_t n;             /* up to the last cell that the file gives; those behind it are empty */
    bool hidden;          /* the sheet does not show it, by a filter or by hand */
    const char *problem;  /* a sentence about a cell that cannot be read right, or NULL */
} dk_sheet_row;

typedef struct dk_sheet dk_sheet;

/* name: of the sheet; NULL: the only one, or the only one that is not empty, of those that are not hidden. The first
 * bytes say which of the formats it is, whatever the file is called. DK_INVALID, DK_NOT_FOUND, DK_LIMIT with a sentence
 * that begins with path. */
dk_status dk_sheet_open(const char *path, const char *name, dk_sheet **ret_sheet, dk_error *err);
void dk_sheet_close(dk_sheet *sheet); /* NULL-safe */
/* Rows that the file does not have, or that hold nothing, are left out. DK_END behind the last. */
dk_status dk_sheet_next(dk_sheet *sheet, dk_sheet_row *ret_row, dk_error *err);
dk_status dk_sheet_rewind(dk_sheet *sheet, dk_error *err);
/* The merged cells, in the order of the file; all of them only after DK_END was reached once. */
size_t dk_sheet_merges(const dk_sheet *sheet, const dk_sheet_merge **ret_merges);
/* Whether the sheet shows no such column. Those before its rows, or of all that were read so far. */
bool dk_sheet_column_hidden(const dk_sheet *sheet, size_t column);
double dk_sheet_progress(const dk_sheet *sheet);

/* The same over an XLS in memory, which must outlive the sheet; for tests. */
dk_status dk_sheet_open_xls_memory(const void *data, size_t size, const char *name, dk_sheet **ret_sheet,
                                   dk_error *err);

/* A cell as a sheet calls it, C5; ret must hold 32 bytes. column from 0, row from 1. */
void dk_sheet_cell_name(size_t column, int64_t row, char ret[32]);

#endif
