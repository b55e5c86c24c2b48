/* Writes new rows of a kind, many with one statement (feed_table.h): they wait, copied, until some hundred are
 * together. */
#ifndef DK_STORE_ROW_WRITER_H
#define DK_STORE_ROW_WRITER_H

#include "store/handle.h"

typedef struct dk_row_writer dk_row_writer;

/* All borrowed. */
typedef struct dk_new_row {
    int64_t row, feature, replaces, source, source_row;
    const char *key;
    const void *blob; /* GeoPackage geometry; of a kind without one blob_size is 0 */
    size_t blob_size;
    const dk_value *values; /* kind->n_fields */
} dk_new_row;

/* For rows of a batch. NULL: out of memory. */
dk_row_writer *dk_row_writer_create(dk_store *store, const dk_kind *kind, int64_t batch);
/* NULL-safe; what waits is not written. */
void dk_row_writer_free(dk_row_writer *writer);

/* Within the caller's transaction. After a failure it is to be rolled back. */
dk_status dk_row_writer_add(dk_row_writer *writer, const dk_new_row *row, dk_error *err);
/* Whether a row of this key waits. */
bool dk_row_writer_has(const dk_row_writer *writer, const char *key);
/* Due before rows of the batch are read or taken away, and before each commit. */
dk_status dk_row_writer_flush(dk_row_writer *writer, dk_error *err);

#endif
