/* Comma-separated values (RFC 4180), also with ; or tab between them, read as raw bytes row by row.
 *
 * A reader of our own, because the rows of messages must be those that a spreadsheet shows, because GDAL leaves
 * GBK undecoded, and because GB18030 never has a quote, separator or line end as a later byte of a character. */
#ifndef DK_INGEST_CSV_H
#define DK_INGEST_CSV_H

#include "ingest/encoding.h"

#define DK_CSV_MAX_CELLS 4096
#define DK_CSV_MAX_RECORD (64u << 20) /* bytes: an unclosed quote must not swallow the file into memory */

typedef struct dk_csv dk_csv;

typedef struct dk_csv_cell {
    const char *data; /* raw bytes, not terminated; borrowed until the next record */
    size_t size;
} dk_csv_cell;

/* Opens a file; scans all of it for its encoding unless that is given. DK_INVALID: empty, UTF-16, not a text. */
dk_status dk_csv_open(const char *path, const dk_encoding *encoding, dk_csv **ret_csv, dk_error *err);
/* The same over bytes in memory, which must outlive the reader. */
dk_status dk_csv_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_csv **ret_csv,
                             dk_error *err);
void dk_csv_close(dk_csv *csv); /* NULL-safe */
dk_encoding dk_csv_encoding(const dk_csv *csv);
/* Whether its bytes are text in the other encoding, too, and the user does not say. */
bool dk_csv_either(const dk_csv *csv);
dk_status dk_csv_rewind(dk_csv *csv, dk_error *err);
/* The next record, DK_END behind the last. *ret_row counts all records from 1, blank lines too. A blank line gives
 * one empty cell. */
dk_status dk_csv_next(dk_csv *csv, int64_t *ret_row, const dk_csv_cell **ret_cells, size_t *ret_n, dk_error *err);
/* How far the reader is, from 0 to 1. */
double dk_csv_progress(const dk_csv *csv);

#endif
