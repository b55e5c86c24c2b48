#include "ingest/mid_rows.h"

#include "store/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROW (16u << 20)

struct dk_mid_rows {
    FILE *file;
    char delimiter;
    dk_buf line;
    dk_mid_field *fields;
    size_t capacity;
};

dk_status dk_mid_rows_open(const char *path, char delimiter, dk_mid_rows **ret_rows, dk_error *err)
{
    dk_mid_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    dk_buf_init(&rows->line);
    rows->delimiter = delimiter;
    rows->file = fopen(path, "rb");
    if (rows->file == NULL) {
        dk_mid_rows_close(rows);
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    *ret_rows = rows;
    return DK_OK;
}

void dk_mid_rows_close(dk_mid_rows *rows)
{
    if (rows == NULL)
        return;
    if (rows->file != NULL)
        fclose(rows->file);
    dk_buf_finish(&rows->line);
    free(rows->fields);
    free(rows);
}

/* Without its line end. */
static bool read_line(dk_mid_rows *rows)
{
    bool quoted = false, filled = false;
    dk_buf_clear(&rows->line);
    for (int c; (c = getc_unlocked(rows->file)) != EOF && rows->line.size < MAX_ROW;) {
        if (!quoted && (c == '\n' || c == '\r')) {
            if (filled)
                break;
            dk_buf_clear(&rows->line); /* a blank line */
            continue;
        }
        quoted ^= c == '"';
        filled |= c > ' ';
        dk_buf_byte(&rows->line, (unsigned char)c);
    }
    return filled && !rows->line.failed && rows->line.size < MAX_ROW && !ferror(rows->file);
}

static dk_mid_field without_quotes(const unsigned char *text, size_t size)
{
    while (size > 0 && (*text == ' ' || *text == '\t'))
        text++, size--;
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        size--;
    if (size >= 2 && text[0] == '"' && text[size - 1] == '"')
        text++, size -= 2;
    return (dk_mid_field){text, size};
}

const dk_mid_field *dk_mid_rows_next(dk_mid_rows *rows, size_t n)
{
    size_t found = 0, from = 0;
    bool quoted = false;
    if (!read_line(rows) || !dk_grow(&rows->fields, &rows->capacity, n, sizeof *rows->fields))
        return NULL;
    const unsigned char *line = rows->line.data;
    for (size_t at = 0; at <= rows->line.size; at++) {
        const bool end = at == rows->line.size;
        if (!end)
            quoted ^= line[at] == '"';
        if (!end && (quoted || line[at] != (unsigned char)rows->delimiter))
            continue;
        if (found < n)
            rows->fields[found] = without_quotes(line + from, at - from);
        found++;
        from = at + 1;
    }
    return found == n ? rows->fields : NULL;
}
