#include "store/row_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* MAGIC, head and rows, each as its size (8 bytes, little-endian) and so many bytes. A row of size 0 is the end; the
 * number of rows follows it, in 8 bytes. */
static const char magic[] = "dikuai rows 1\n";
enum { MAGIC_SIZE = sizeof magic - 1, READ_AT_ONCE = 256 << 10 };
#define MOST_BYTES (1u << 30) /* of a row */

/* ---- writing ---- */

static void put_number(dk_buf *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        dk_buf_byte(out, (unsigned char)(value >> 8 * i));
}

static void put_bytes(dk_buf *out, const void *data, size_t size)
{
    dk_buf_varint(out, size);
    dk_buf_append(out, data, size);
    dk_buf_byte(out, 0);
}

static void put_text(dk_buf *out, const char *text)
{
    put_bytes(out, text, strlen(text));
}

/* Sets the size of a part that begins at `start`, for which room was left before it. */
static void close_part(dk_buf *out, size_t start)
{
    if (out->failed)
        return;
    const uint64_t size = out->size - start;
    for (int i = 0; i < 8; i++)
        out->data[start - 8 + (size_t)i] = (unsigned char)(size >> 8 * i);
}

void dk_row_stream_head(const dk_stream_head *head, dk_buf *out)
{
    dk_buf_append(out, magic, MAGIC_SIZE);
    put_number(out, 0);
    const size_t start = out->size;
    put_text(out, head->name);
    put_text(out, head->title);
    dk_buf_byte(out, (unsigned char)head->geometry);
    dk_buf_varint(out, head->n_columns);
    for (size_t i = 0; i < head->n_columns; i++) {
        put_text(out, head->columns[i].name);
        put_text(out, head->columns[i].title);
        dk_buf_byte(out, (unsigned char)head->columns[i].type);
    }
    close_part(out, start);
}

void dk_row_stream_row(const dk_value *values, size_t n, const void *wkb, size_t wkb_size, dk_buf *out)
{
    put_number(out, 0);
    const size_t start = out->size;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        dk_buf_byte(out, (unsigned char)values[i].type);
        switch (values[i].type) {
        case DK_NULL:
            break;
        case DK_INTEGER:
            put_number(out, (uint64_t)values[i].integer);
            break;
        case DK_REAL:
            memcpy(&bits, &values[i].real, sizeof bits);
            put_number(out, bits);
            break;
        case DK_TEXT:
            put_bytes(out, values[i].text.data, values[i].text.size);
            break;
        }
    }
    put_bytes(out, wkb, wkb_size);
    close_part(out, start);
}

void dk_row_stream_end(int64_t rows, dk_buf *out)
{
    put_number(out, 0);
    put_number(out, (uint64_t)rows);
}

/* ---- reading ---- */

struct dk_row_stream {
    int fd;
    unsigned char *bytes;
    size_t size, capacity, at; /* at: of what has not been taken yet */
    dk_stream_head head;
    dk_stream_column columns[DK_MAX_FIELDS];
    dk_buf texts; /* of the head */
    int64_t rows;
};

static dk_status cut_off(dk_error *err)
{
    return dk_fail(err, DK_CORRUPT, "the rows end in the middle, or are none");
}

/* Makes `wanted` further bytes stand in memory. */
static dk_status need(dk_row_stream *s, size_t wanted, dk_error *err)
{
    if (s->size - s->at >= wanted)
        return DK_OK;
    if (s->at > 0)
        memmove(s->bytes, s->bytes + s->at, s->size - s->at);
    s->size -= s->at;
    s->at = 0;
    const size_t room = wanted > READ_AT_ONCE ? wanted : READ_AT_ONCE;
    if (room > s->capacity) {
        unsigned char *bytes = realloc(s->bytes, room);
        if (bytes == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        s->bytes = bytes;
        s->capacity = room;
    }
    while (s->size < wanted) {
        const ssize_t n = read(s->fd, s->bytes + s->size, s->capacity - s->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return dk_fail(err, DK_IO, "the rows cannot be read: %s", strerror(errno));
        if (n == 0)
            return cut_off(err);
        s->size += (size_t)n;
    }
    return DK_OK;
}

static dk_status take_number(dk_row_stream *s, uint64_t *ret_value, dk_error *err)
{
    const dk_status status = need(s, 8, err);
    *ret_value = 0;
    for (int i = 0; status == DK_OK && i < 8; i++)
        *ret_value |= (uint64_t)s->bytes[s->at++] << 8 * i;
    return status;
}

static bool get_number(const unsigned char **at, const unsigned char *end, uint64_t *ret_value)
{
    if (end - *at < 8)
        return false;
    *ret_value = 0;
    for (int i = 0; i < 8; i++)
        *ret_value |= (uint64_t) * (*at)++ << 8 * i;
    return true;
}

static bool get_bytes(const unsigned char **at, const unsigned char *end, const char **ret_data, size_t *ret_size)
{
    uint64_t size;
    if (!dk_read_varint(at, end, &size) || size >= (uint64_t)(end - *at) || (*at)[size] != 0)
        return false;
    *ret_data = (const char *)*at;
    *ret_size = size;
    *at += size + 1;
    return true;
}

static bool get_head(dk_row_stream *s)
{
    const unsigned char *at = s->texts.data, *end = at + s->texts.size;
    size_t size;
    uint64_t n;
    if (!get_bytes(&at, end, &s->head.name, &size) || !get_bytes(&at, end, &s->head.title, &size) || at == end)
        return false;
    s->head.geometry = (dk_geometry_kind)*at++;
    if (!dk_read_varint(&at, end, &n) || n > DK_MAX_FIELDS)
        return false;
    for (size_t i = 0; i < n; i++) {
        dk_stream_column *column = &s->columns[i];
        if (!get_bytes(&at, end, &column->name, &size) || !get_bytes(&at, end, &column->title, &size) || at == end)
            return false;
        column->type = (dk_field_type)*at++;
    }
    s->head.columns = s->columns;
    s->head.n_columns = n;
    return at == end;
}

dk_status dk_row_stream_open(int fd, dk_row_stream **ret_stream, dk_error *err)
{
    uint64_t size = 0;
    dk_row_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    s->fd = fd;
    dk_buf_init(&s->texts);
    dk_status status = need(s, MAGIC_SIZE, err);
    if (status == DK_OK && memcmp(s->bytes, magic, MAGIC_SIZE) != 0)
        status = cut_off(err);
    if (status == DK_OK) {
        s->at += MAGIC_SIZE;
        status = take_number(s, &size, err);
    }
    if (status == DK_OK && size > MOST_BYTES)
        status = cut_off(err);
    if (status == DK_OK)
        status = need(s, size, err);
    if (status == DK_OK) {
        dk_buf_append(&s->texts, s->bytes + s->at, size);
        s->at += size;
        status = s->texts.failed ? dk_fail(err, DK_NOMEM, "out of memory") : get_head(s) ? DK_OK : cut_off(err);
    }
    if (status != DK_OK) {
        dk_row_stream_close(s);
        return status;
    }
    *ret_stream = s;
    return DK_OK;
}

const dk_stream_head *dk_row_stream_columns(const dk_row_stream *stream)
{
    return &stream->head;
}

static bool get_value(const unsigned char **at, const unsigned char *end, dk_value *ret_value)
{
    uint64_t bits;
    if (*at == end)
        return false;
    *ret_value = (dk_value){.type = (dk_value_type) * (*at)++};
    switch (ret_value->type) {
    case DK_NULL:
        return true;
    case DK_INTEGER:
        if (!get_number(at, end, &bits))
            return false;
        ret_value->integer = (int64_t)bits;
        return true;
    case DK_REAL:
        if (!get_number(at, end, &bits))
            return false;
        memcpy(&ret_value->real, &bits, sizeof bits);
        return true;
    case DK_TEXT:
        return get_bytes(at, end, &ret_value->text.data, &ret_value->text.size);
    }
    return false;
}

dk_status dk_row_stream_next(dk_row_stream *s, dk_value *ret_values, const void **ret_wkb, size_t *ret_size,
                             dk_error *err)
{
    uint64_t size = 0, rows = 0;
    dk_status status = take_number(s, &size, err);
    if (status != DK_OK)
        return status;
    if (size == 0) {
        status = take_number(s, &rows, err);
        return status != DK_OK ? status : rows == (uint64_t)s->rows ? DK_END : cut_off(err);
    }
    if (size > MOST_BYTES)
        return cut_off(err);
    if ((status = need(s, size, err)) != DK_OK)
        return status;
    const unsigned char *at = s->bytes + s->at, *end = at + size;
    bool good = true;
    for (size_t i = 0; good && i < s->head.n_columns; i++)
        good = get_value(&at, end, &ret_values[i]);
    const char *wkb = NULL;
    if (!good || !get_bytes(&at, end, &wkb, ret_size) || at != end)
        return cut_off(err);
    *ret_wkb = wkb;
    s->at += size;
    s->rows++;
    return DK_OK;
}

void dk_row_stream_close(dk_row_stream *s)
{
    if (s == NULL)
        return;
    dk_buf_finish(&s->texts);
    free(s->bytes);
    free(s);
}
