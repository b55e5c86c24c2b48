#include "ingest/text_table.h"

#include "store/text.h"

#include <string.h>

void dk_text_table_add(dk_text_table *table, const char *text)
{
    const size_t column = table->n_cells++ % table->n_columns, at = table->cells.size;
    dk_buf_append(&table->cells, text, strlen(text) + 1);
    if (table->cells.failed)
        return;
    dk_text_clean((char *)table->cells.data + at);
    const size_t places = dk_text_places((const char *)table->cells.data + at);
    if (places > table->widths[column])
        table->widths[column] = places;
}

static void append_blanks(dk_buf *out, size_t n)
{
    while (n-- > 0)
        dk_buf_byte(out, ' ');
}

bool dk_text_table_write(dk_text_table *table, dk_buf *out)
{
    const bool good = !table->cells.failed;
    const char *at = (const char *)table->cells.data;
    for (size_t i = 0; good && i < table->n_cells; i++) {
        const size_t column = i % table->n_columns, blanks = table->widths[column] - dk_text_places(at);
        const bool last = column + 1 == table->n_columns, right = (table->numbers >> column & 1) != 0;
        if (right)
            append_blanks(out, blanks);
        dk_buf_text(out, at);
        if (!right && !last)
            append_blanks(out, blanks);
        dk_buf_text(out, last ? "\n" : "  ");
        at += strlen(at) + 1;
    }
    dk_buf_finish(&table->cells);
    return good && !out->failed;
}
