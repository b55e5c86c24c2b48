#include "ingest/convert_dbf.h"

#include <errno.h>
#include <iconv.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NAME_MOST = 10,
    TEXT_MOST = 254,
    NUMBER_MOST = 20, /* digits, sign and point; more is not read everywhere */
    DECIMALS = 6,
    DATE_WIDTH = 8,
    LANGUAGE_936 = 0x4D,
    HEAD_SIZE = 32,
    COLUMN_SIZE = 32
};

typedef struct dbf_column {
    char *name, *title;
    dk_field_type type;
    char in_file[NAME_MOST + 1]; /* GB18030 */
    char kind;                   /* C, N, D */
    size_t width, decimals;
    int64_t cut, lost;  /* texts that were cut; values that have no place: dates that are none, numbers too long */
    dk_buf last, coded; /* the text of the row before, and the same encoded: neighbouring rows often share theirs */
} dbf_column;

struct dk_dbf_widths {
    dbf_column columns[DK_MAX_FIELDS];
    size_t n;
    char *title;
    iconv_t encoder;
    dk_buf text; /* a title, encoded */
    bool beyond_936;
};

struct dk_dbf_writer {
    dk_dbf_widths *widths;
    FILE *file;
    char *record;
    size_t record_size;
    int64_t expected, rows;
};

/* ---- texts ---- */

/* Encodes a text. What GB18030 does not have, which is nothing but broken UTF-8, becomes a question mark. */
static bool encode(iconv_t encoder, const char *text, size_t size, dk_buf *out)
{
    char *in = (char *)(uintptr_t)text; /* iconv's prototype lacks const; it does not write there */
    size_t left = size, ascii = 0;
    dk_buf_clear(out);
    while (ascii < size && (unsigned char)text[ascii] < 0x80)
        ascii++;
    if (ascii == size) { /* iconv costs more per call than per byte */
        dk_buf_append(out, text, size);
        return !out->failed;
    }
    while (left > 0) {
        const size_t room = left * 2 + 16; /* of 2 bytes 4, of 3 bytes 2 or 4, of 4 bytes 4 */
        char *start = (char *)dk_buf_reserve(out, room), *to = start;
        size_t to_left = room;
        if (start == NULL)
            return false;
        const size_t result = iconv(encoder, &in, &left, &to, &to_left);
        out->size += room - to_left;
        if (result != (size_t)-1)
            break;
        if (errno == E2BIG)
            continue;
        dk_buf_byte(out, '?');
        in++, left--;
    }
    return !out->failed;
}

/* The text of a column, encoded; NULL: out of memory. */
static const dk_buf *encoded(dk_dbf_widths *w, dbf_column *column, const dk_value *value)
{
    if (column->last.size == value->text.size && column->last.size > 0 &&
        memcmp(column->last.data, value->text.data, value->text.size) == 0)
        return &column->coded;
    dk_buf_clear(&column->last);
    dk_buf_append(&column->last, value->text.data, value->text.size);
    if (column->last.failed || !encode(w->encoder, value->text.data, value->text.size, &column->coded)) {
        dk_buf_clear(&column->last);
        return NULL;
    }
    return &column->coded;
}

/* Bytes of the character at a place of GB18030. */
static size_t character(const unsigned char *text, size_t size)
{
    const size_t n = text[0] < 0x80 || size < 2 ? 1 : text[1] >= 0x30 && text[1] <= 0x39 ? 4 : 2;
    return n < size ? n : size;
}

/* How much of an encoded text fits, by whole characters. */
static size_t fitting(const dk_buf *text, size_t most)
{
    size_t at = 0;
    while (at < text->size) {
        const size_t n = character(text->data + at, text->size - at);
        if (at + n > most)
            break;
        at += n;
    }
    return at;
}

static bool has_wide(const dk_buf *text)
{
    for (size_t at = 0; at < text->size;) {
        const size_t n = character(text->data + at, text->size - at);
        if (n == 4)
            return true;
        at += n;
    }
    return false;
}

/* ---- widths ---- */

static bool name_taken(const dk_dbf_widths *w, size_t before, const char *name)
{
    for (size_t i = 0; i < before; i++)
        if (strcasecmp(w->columns[i].in_file, name) == 0)
            return true;
    return false;
}

/* As much of the title as fits, made unlike the others by a number. */
static bool name_column(dk_dbf_widths *w, size_t i)
{
    dbf_column *column = &w->columns[i];
    const char *wish = column->title[0] != '\0' ? column->title : column->name;
    if (!encode(w->encoder, wish, strlen(wish), &w->text))
        return false;
    w->beyond_936 |= has_wide(&w->text);
    for (int number = 1; number < 1000; number++) {
        char tail[8] = "";
        if (number > 1)
            snprintf(tail, sizeof tail, "_%d", number);
        const size_t size = fitting(&w->text, NAME_MOST - strlen(tail));
        memcpy(column->in_file, w->text.data, size);
        memcpy(column->in_file + size, tail, strlen(tail) + 1);
        if (!name_taken(w, i, column->in_file))
            break;
    }
    return true;
}

dk_status dk_dbf_widths_create(const dk_stream_head *head, dk_dbf_widths **ret_widths)
{
    dk_dbf_widths *w = calloc(1, sizeof *w);
    if (w == NULL)
        return DK_NOMEM;
    dk_buf_init(&w->text);
    w->encoder = iconv_open("GB18030", "UTF-8");
    bool good = w->encoder != (iconv_t)-1 && (w->title = strdup(head->title)) != NULL;
    for (size_t i = 0; good && i < head->n_columns; i++) {
        dbf_column *column = &w->columns[i];
        w->n = i + 1;
        column->type = head->columns[i].type;
        column->name = strdup(head->columns[i].name);
        column->title = strdup(head->columns[i].title);
        good = column->name != NULL && column->title != NULL && name_column(w, i);
        column->kind = column->type == DK_FIELD_DATE                                         ? 'D'
                       : column->type == DK_FIELD_INTEGER || column->type == DK_FIELD_NUMBER ? 'N'
                                                                                             : 'C';
        column->width = column->kind == 'D' ? DATE_WIDTH : 1;
        column->decimals = column->type == DK_FIELD_NUMBER ? DECIMALS : 0;
    }
    if (!good) {
        dk_dbf_widths_free(w);
        return DK_NOMEM;
    }
    *ret_widths = w;
    return DK_OK;
}

void dk_dbf_widths_free(dk_dbf_widths *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n; i++) {
        free(w->columns[i].name);
        free(w->columns[i].title);
        dk_buf_finish(&w->columns[i].last);
        dk_buf_finish(&w->columns[i].coded);
    }
    if (w->encoder != (iconv_t)-1)
        iconv_close(w->encoder);
    dk_buf_finish(&w->text);
    free(w->title);
    free(w);
}

/* A number as it is written, at most size bytes with the NUL. */
static size_t write_number(const dbf_column *column, const dk_value *value, char *out, size_t size)
{
    const int n = value->type == DK_INTEGER
                      ? snprintf(out, size, column->decimals > 0 ? "%lld.000000" : "%lld", (long long)value->integer)
                      : snprintf(out, size, "%.*f", (int)column->decimals, value->real);
    return n < 0 ? 0 : (size_t)n;
}

static bool is_date(const dk_value *value)
{
    return value->type == DK_TEXT && value->text.size == 10 && value->text.data[4] == '-' && value->text.data[7] == '-';
}

dk_status dk_dbf_widths_row(dk_dbf_widths *w, const dk_value *values, dk_error *err)
{
    char number[400];
    for (size_t i = 0; i < w->n; i++) {
        dbf_column *column = &w->columns[i];
        const dk_value *value = &values[i];
        size_t width = 0;
        if (value->type == DK_NULL || column->kind == 'D')
            continue;
        if (column->kind == 'C') {
            if (value->type != DK_TEXT)
                continue;
            const dk_buf *text = encoded(w, column, value);
            if (text == NULL)
                return dk_fail(err, DK_NOMEM, "out of memory");
            w->beyond_936 = w->beyond_936 || has_wide(text);
            column->cut += text->size > TEXT_MOST;
            width = text->size < TEXT_MOST ? text->size : TEXT_MOST;
        } else if (value->type != DK_TEXT && (value->type != DK_REAL || isfinite(value->real))) {
            width = write_number(column, value, number, sizeof number);
            if (width > NUMBER_MOST) {
                column->lost++;
                continue;
            }
        }
        if (width > column->width)
            column->width = width;
    }
    return DK_OK;
}

static size_t record_size(const dk_dbf_widths *w)
{
    size_t size = 1;
    for (size_t i = 0; i < w->n; i++)
        size += w->columns[i].width;
    return size + (w->n == 0 ? 1 : 0); /* no program reads one without columns */
}

static size_t n_columns(const dk_dbf_widths *w)
{
    return w->n > 0 ? w->n : 1;
}

uint64_t dk_dbf_size(const dk_dbf_widths *w, int64_t rows)
{
    return HEAD_SIZE + COLUMN_SIZE * n_columns(w) + 1 + record_size(w) * (uint64_t)rows + 1;
}

const char *dk_dbf_column(const dk_dbf_widths *widths, size_t i)
{
    return widths->columns[i].in_file;
}

/* ---- the file ---- */

static void put(unsigned char *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static dk_status cannot_write(const char *path, dk_error *err)
{
    return dk_fail(err,
                   errno == ENOSPC || errno == EDQUOT ? DK_FULL
                   : errno == EFBIG                   ? DK_LIMIT
                                                      : DK_IO,
                   "%s cannot be written: %s", path, strerror(errno));
}

dk_status dk_dbf_writer_open(dk_dbf_widths *widths, const char *path, int64_t rows, dk_dbf_writer **ret_writer,
                             dk_error *err)
{
    unsigned char head[HEAD_SIZE] = {0x03, 100, 1, 1}; /* 2000-01-01: the same rows give the same bytes */
    dk_dbf_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    writer->widths = widths;
    writer->expected = rows;
    writer->record_size = record_size(widths);
    writer->record = malloc(writer->record_size);
    writer->file = fopen(path, "wbxe");
    if (writer->record == NULL || writer->file == NULL) {
        const dk_status status =
            writer->record == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : cannot_write(path, err);
        dk_dbf_writer_free(writer);
        return status;
    }
    put(head + 4, (uint64_t)rows, 4);
    put(head + 8, HEAD_SIZE + COLUMN_SIZE * n_columns(widths) + 1, 2);
    put(head + 10, writer->record_size, 2);
    head[29] = LANGUAGE_936;
    fwrite(head, 1, sizeof head, writer->file);
    const dbf_column none = {.in_file = "none", .kind = 'C', .width = 1};
    for (size_t i = 0; i < n_columns(widths); i++) {
        const dbf_column *column = widths->n > 0 ? &widths->columns[i] : &none;
        unsigned char bytes[COLUMN_SIZE] = {0};
        memcpy(bytes, column->in_file, strlen(column->in_file));
        bytes[11] = (unsigned char)column->kind;
        bytes[16] = (unsigned char)column->width;
        bytes[17] = (unsigned char)column->decimals;
        fwrite(bytes, 1, sizeof bytes, writer->file);
    }
    fputc(0x0D, writer->file);
    *ret_writer = writer;
    return DK_OK;
}

dk_status dk_dbf_writer_row(dk_dbf_writer *writer, const dk_value *values, dk_error *err)
{
    dk_dbf_widths *w = writer->widths;
    char number[400];
    memset(writer->record, ' ', writer->record_size);
    char *at = writer->record + 1;
    for (size_t i = 0; i < w->n; i++) {
        dbf_column *column = &w->columns[i];
        const dk_value *value = &values[i];
        if (value->type == DK_NULL) {
            if (column->kind == 'D') /* as programs write an empty date */
                memset(at, '0', DATE_WIDTH);
        } else if (column->kind == 'C' && value->type == DK_TEXT) {
            const dk_buf *text = encoded(w, column, value);
            if (text == NULL)
                return dk_fail(err, DK_NOMEM, "out of memory");
            if (text->size > 0)
                memcpy(at, text->data, text->size <= column->width ? text->size : fitting(text, column->width));
        } else if (column->kind == 'D' && is_date(value)) {
            memcpy(at, value->text.data, 4);
            memcpy(at + 4, value->text.data + 5, 2);
            memcpy(at + 6, value->text.data + 8, 2);
        } else if (column->kind == 'D') {
            memset(at, '0', DATE_WIDTH);
            column->lost++;
        } else if (column->kind == 'N' && value->type != DK_TEXT && (value->type != DK_REAL || isfinite(value->real))) {
            const size_t n = write_number(column, value, number, sizeof number);
            if (n <= column->width)
                memcpy(at + column->width - n, number, n);
        }
        at += column->width;
    }
    writer->rows++;
    return fwrite(writer->record, 1, writer->record_size, writer->file) == writer->record_size
               ? DK_OK
               : cannot_write("the .dbf", err);
}

dk_status dk_dbf_writer_end(dk_dbf_writer *writer, dk_error *err)
{
    if (writer->rows != writer->expected)
        return dk_fail(err, DK_INTERNAL, "the .dbf has another number of rows than were counted");
    fputc(0x1A, writer->file);
    FILE *file = writer->file;
    writer->file = NULL;
    return fclose(file) == 0 ? DK_OK : cannot_write("the .dbf", err);
}

void dk_dbf_writer_free(dk_dbf_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->file != NULL)
        fclose(writer->file);
    free(writer->record);
    free(writer);
}

/* ---- beside it ---- */

static dk_status write_text(const char *path, const char *text, size_t size, dk_error *err)
{
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        return cannot_write(path, err);
    const bool written = fwrite(text, 1, size, file) == size;
    return fclose(file) == 0 && written ? DK_OK : cannot_write(path, err);
}

dk_status dk_dbf_write_cpg(const dk_dbf_widths *widths, const char *path, dk_error *err)
{
    const char *text = widths->beyond_936 ? "GB18030" : "936";
    return write_text(path, text, strlen(text), err);
}

/* The name in the file as UTF-8. */
static void put_name(dk_buf *out, const dbf_column *column)
{
    char text[NAME_MOST * 4 + 1], *in = (char *)(uintptr_t)column->in_file, *to = text;
    size_t left = strlen(column->in_file), to_left = sizeof text - 1;
    iconv_t decoder = iconv_open("UTF-8", "GB18030");
    if (decoder == (iconv_t)-1) {
        out->failed = true;
        return;
    }
    iconv(decoder, &in, &left, &to, &to_left);
    iconv_close(decoder);
    dk_buf_append(out, text, (size_t)(to - text));
}

dk_status dk_dbf_write_notes(const dk_dbf_widths *widths, const char *path, int64_t rows, int64_t undrawn,
                             dk_error *err)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_format(&out,
                  "\xEF\xBB\xBF%s\r\n\r\n记录数：%lld\r\n坐标系：CGCS2000（EPSG:4490），经纬度\r\n"
                  "属性编码：GB18030（.cpg 为 %s）\r\n\r\n字段名\t名称\t代码\r\n",
                  widths->title, (long long)rows, widths->beyond_936 ? "GB18030" : "936");
    for (size_t i = 0; i < widths->n; i++) {
        put_name(&out, &widths->columns[i]);
        dk_buf_format(&out, "\t%s\t%s\r\n", widths->columns[i].title, widths->columns[i].name);
    }
    dk_buf_text(&out, "\r\n");
    for (size_t i = 0; i < widths->n; i++) {
        const dbf_column *column = &widths->columns[i];
        if (column->cut > 0)
            dk_buf_format(&out, "%s：%lld 处超过 254 字节，已在字符处截断；全文请下载 CSV 或 GeoPackage。\r\n",
                          column->title, (long long)column->cut);
        if (column->lost > 0)
            dk_buf_format(&out, "%s：%lld 处无法写入 DBF（数字过长或不是日期），已留空；请下载 CSV 或 GeoPackage。\r\n",
                          column->title, (long long)column->lost);
        if (column->decimals > 0)
            dk_buf_format(&out, "%s：保留 %d 位小数。\r\n", column->title, DECIMALS);
    }
    if (undrawn > 0)
        dk_buf_format(&out, "无图形：%lld 条记录尚无图形，只有属性。\r\n", (long long)undrawn);
    const dk_status status =
        out.failed ? dk_fail(err, DK_NOMEM, "out of memory") : write_text(path, (const char *)out.data, out.size, err);
    dk_buf_finish(&out);
    return status;
}
