#include "ingest/csv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct dk_csv {
    FILE *file;
    char *path;
    dk_encoding encoding;
    unsigned char separator;
    bool has_bom, either;
    int64_t row;
    uint64_t size, consumed;
    dk_buf record; /* the bytes of the cells, one behind the other */
    size_t *ends;  /* where each cell ends in record */
    dk_csv_cell *cells;
    size_t n_cells, capacity;
};

static dk_status choose_encoding(dk_csv *csv, const dk_encoding *encoding, dk_error *err)
{
    dk_text_scan scan;
    const dk_status status = dk_text_scan_file(csv->file, csv->path, encoding, "CSV UTF-8", &scan, err);
    if (status != DK_OK)
        return status;
    csv->encoding = scan.encoding;
    csv->either = scan.either;
    csv->has_bom = scan.has_bom;
    csv->size = scan.size;
    return DK_OK;
}

/* The separator is the one that occurs most in the first record that has any, outside quotes. */
static void choose_separator(dk_csv *csv)
{
    size_t comma = 0, semicolon = 0, tab = 0;
    bool quoted = false;
    for (int c; (c = getc_unlocked(csv->file)) != EOF;) {
        if (c == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        comma += c == ',', semicolon += c == ';', tab += c == '\t';
        if ((c == '\n' || c == '\r') && comma + semicolon + tab > 0)
            break;
    }
    csv->separator = ',';
    if (tab > comma && tab >= semicolon)
        csv->separator = '\t';
    else if (semicolon > comma)
        csv->separator = ';';
}

static dk_status start(FILE *file, const char *path, const dk_encoding *encoding, dk_csv **ret_csv, dk_error *err)
{
    dk_csv *csv = calloc(1, sizeof *csv);
    if (csv == NULL) {
        fclose(file);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    csv->file = file;
    dk_buf_init(&csv->record);
    csv->path = strdup(path);
    dk_status status = DK_OK;
    if (csv->path == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status == DK_OK)
        status = choose_encoding(csv, encoding, err);
    if (status == DK_OK) {
        rewind(csv->file);
        choose_separator(csv);
        status = dk_csv_rewind(csv, err);
    }
    if (status != DK_OK) {
        dk_csv_close(csv);
        return status;
    }
    *ret_csv = csv;
    return DK_OK;
}

dk_status dk_csv_open(const char *path, const dk_encoding *encoding, dk_csv **ret_csv, dk_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    struct stat info;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        fclose(file);
        return dk_fail(err, DK_INVALID, "%s: not a regular file", path);
    }
    return start(file, path, encoding, ret_csv, err);
}

dk_status dk_csv_open_memory(const void *data, size_t size, const dk_encoding *encoding, dk_csv **ret_csv,
                             dk_error *err)
{
    if (size == 0)
        return dk_fail(err, DK_INVALID, "the text is empty");
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (file == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return start(file, "(memory)", encoding, ret_csv, err);
}

void dk_csv_close(dk_csv *csv)
{
    if (csv == NULL)
        return;
    fclose(csv->file);
    dk_buf_finish(&csv->record);
    free(csv->ends);
    free(csv->cells);
    free(csv->path);
    free(csv);
}

bool dk_csv_either(const dk_csv *csv)
{
    return csv->either;
}

dk_encoding dk_csv_encoding(const dk_csv *csv)
{
    return csv->encoding;
}

dk_status dk_csv_rewind(dk_csv *csv, dk_error *err)
{
    if (fseek(csv->file, csv->has_bom ? 3 : 0, SEEK_SET) != 0)
        return dk_fail(err, DK_IO, "%s: cannot be read: %s", csv->path, strerror(errno));
    csv->row = 0;
    csv->consumed = csv->has_bom ? 3 : 0;
    return DK_OK;
}

double dk_csv_progress(const dk_csv *csv)
{
    return csv->size > 0 ? (double)csv->consumed / (double)csv->size : 1;
}

static dk_status end_cell(dk_csv *csv, dk_error *err)
{
    if (csv->n_cells == csv->capacity) {
        if (csv->capacity >= DK_CSV_MAX_CELLS)
            return dk_fail(err, DK_LIMIT, "%s, row %lld: more than %d columns; is the separator right?", csv->path,
                           (long long)csv->row, DK_CSV_MAX_CELLS);
        const size_t capacity = csv->capacity ? csv->capacity * 2 : 32;
        size_t *ends = realloc(csv->ends, capacity * sizeof *ends);
        if (ends != NULL)
            csv->ends = ends;
        dk_csv_cell *cells = ends ? realloc(csv->cells, capacity * sizeof *cells) : NULL;
        if (cells != NULL)
            csv->cells = cells;
        if (ends == NULL || cells == NULL)
            return dk_fail(err, DK_NOMEM, "%s, row %lld: out of memory", csv->path, (long long)csv->row);
        csv->capacity = capacity;
    }
    csv->ends[csv->n_cells++] = csv->record.size;
    return DK_OK;
}

/* Passes a byte order mark, which files that were joined have in their middle: the first byte behind it, or else the
 * next. */
static int begin_record(dk_csv *csv)
{
    const int c = getc_unlocked(csv->file);
    if (c != 0xEF || csv->encoding != DK_ENCODING_UTF8)
        return c;
    const int second = getc_unlocked(csv->file), third = second == 0xBB ? getc_unlocked(csv->file) : EOF;
    if (third == 0xBF) {
        csv->consumed += 3;
        return getc_unlocked(csv->file);
    }
    if (third != EOF)
        ungetc(third, csv->file); /* two bytes back, which the C library of GNU allows */
    if (second != EOF)
        ungetc(second, csv->file);
    return c;
}

dk_status dk_csv_next(dk_csv *csv, int64_t *ret_row, const dk_csv_cell **ret_cells, size_t *ret_n, dk_error *err)
{
    enum { AT_START, PLAIN, QUOTED, AFTER_QUOTE } state = AT_START;
    bool over_lines = false; /* the quotes of this cell hold the end of a line */
    dk_buf_clear(&csv->record);
    csv->n_cells = 0;
    int c = begin_record(csv);
    if (c == 0x1A) { /* programs of DOS end a text with it */
        const int behind = getc_unlocked(csv->file);
        if (behind != EOF) {
            ungetc(behind, csv->file);
        } else {
            csv->consumed++;
            c = EOF;
        }
    }
    if (c == EOF) {
        if (ferror(csv->file))
            return dk_fail(err, DK_IO, "%s: cannot be read: %s", csv->path, strerror(errno));
        return DK_END;
    }
    csv->row++;
    for (;; c = getc_unlocked(csv->file)) {
        csv->consumed++;
        if (state == QUOTED) {
            if (c == EOF)
                return dk_fail(
                    err, DK_INVALID,
                    "%s, row %lld: a quotation mark is opened and never closed; close it, or save the table again",
                    csv->path, (long long)csv->row);
            if (c == '"') {
                state = AFTER_QUOTE;
                continue;
            }
            over_lines = over_lines || c == '\n' || c == '\r';
        } else if (c == '"' && state != PLAIN) {
            if (state == AFTER_QUOTE) /* two of them stand for one */
                dk_buf_byte(&csv->record, '"');
            else /* blanks before it, as some programs write them, are none of the cell */
                csv->record.size = csv->n_cells > 0 ? csv->ends[csv->n_cells - 1] : 0;
            state = QUOTED;
            continue;
        } else if (c == csv->separator || c == '\n' || c == '\r' || c == EOF) {
            const dk_status status = end_cell(csv, err);
            if (status != DK_OK)
                return status;
            state = AT_START;
            over_lines = false;
            if (c == csv->separator)
                continue;
            if (c == '\r') {
                const int next = getc_unlocked(csv->file);
                if (next == '\n')
                    csv->consumed++;
                else if (next != EOF)
                    ungetc(next, csv->file);
            }
            break;
        } else if (over_lines && c != ' ' && c != '\t') {
            /* the mark that begins a cell further down has ended it, and the rows between are in it */
            return dk_fail(
                err, DK_INVALID,
                "%s, row %lld: a quotation mark is opened and not closed in its cell, which then takes in the rows "
                "below; close it, or take it out",
                csv->path, (long long)csv->row);
        } else if (state != AT_START || c != ' ') {
            state = PLAIN; /* also what follows a closing quote: lenient, as spreadsheets are */
        }
        dk_buf_byte(&csv->record, (unsigned char)c);
        if (csv->record.failed || csv->record.size > DK_CSV_MAX_RECORD)
            return dk_fail(
                err, DK_LIMIT,
                "%s, row %lld: the row is over %u MiB: a quotation mark is not closed, or there are no line ends; correct "
                "that, or save it again as CSV UTF-8",
                csv->path, (long long)csv->row, DK_CSV_MAX_RECORD >> 20);
    }
    size_t from = 0;
    for (size_t i = 0; i < csv->n_cells; i++) {
        csv->cells[i].data = csv->record.data ? (const char *)csv->record.data + from : "";
        csv->cells[i].size = csv->ends[i] - from;
        from = csv->ends[i];
    }
    *ret_row = csv->row;
    *ret_cells = csv->cells;
    *ret_n = csv->n_cells;
    return DK_OK;
}
