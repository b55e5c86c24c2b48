/* A table of columns for a terminal, in which Chinese characters take two places. */
#ifndef DK_INGEST_TEXT_TABLE_H
#define DK_INGEST_TEXT_TABLE_H

#include "store/buf.h"

#define DK_TABLE_COLUMNS 16

typedef struct dk_text_table {
    size_t n_columns; /* DK_TABLE_COLUMNS at most */
    uint32_t numbers; /* bit i: column i stands to the right */
    size_t widths[DK_TABLE_COLUMNS];
    size_t n_cells;
    dk_buf cells; /* NUL-terminated texts */
} dk_text_table;

/* Adds the next cell, row by row; control characters are shown as "?" (dk_text_clean). */
void dk_text_table_add(dk_text_table *table, const char *text);
/* Appends all rows as lines. false: out of memory. Finishes the table. */
bool dk_text_table_write(dk_text_table *table, dk_buf *out);

#endif
