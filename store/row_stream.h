/* Rows on their way from one of our programs to another over a pipe: dikuai-tiler writes what a viewer sees,
 * dikuai-ingest convert makes a file of it. The types of the catalogue survive, which they would not in GeoJSON, and
 * nothing is parsed or guessed. Both ends are of one version. */
#ifndef DK_STORE_ROW_STREAM_H
#define DK_STORE_ROW_STREAM_H

#include "store/buf.h"
#include "store/catalogue.h"
#include "store/status.h"
#include "store/value.h"

typedef struct dk_stream_column {
    const char *name, *title;
    dk_field_type type;
} dk_stream_column;

typedef struct dk_stream_head {
    const char *name, *title; /* of the kind */
    dk_geometry_kind geometry;
    const dk_stream_column *columns;
    size_t n_columns; /* DK_MAX_FIELDS at most */
} dk_stream_head;

/* ---- writing: appends to a buffer ---- */

void dk_row_stream_head(const dk_stream_head *head, dk_buf *out);
/* values: one for each column. wkb: EPSG:4490 degrees (lon, lat), size 0 for none. */
void dk_row_stream_row(const dk_value *values, size_t n, const void *wkb, size_t wkb_size, dk_buf *out);
/* A stream without it was cut off. */
void dk_row_stream_end(int64_t rows, dk_buf *out);

/* ---- reading ---- */

typedef struct dk_row_stream dk_row_stream;
/* Reads the head. fd is borrowed. DK_CORRUPT: these are no such rows, or they were cut off. */
dk_status dk_row_stream_open(int fd, dk_row_stream **ret_stream, dk_error *err);
const dk_stream_head *dk_row_stream_columns(const dk_row_stream *stream);
/* DK_OK with a row, valid until the next one; DK_END behind the last. values has DK_MAX_FIELDS places. */
dk_status dk_row_stream_next(dk_row_stream *stream, dk_value *ret_values, const void **ret_wkb, size_t *ret_size,
                             dk_error *err);
void dk_row_stream_close(dk_row_stream *stream); /* NULL-safe */

#endif
