/* CSV (RFC 4180) as spreadsheets take it: UTF-8 with a byte order mark, without which Excel shows Chinese wrong. */
#include "store/text.h"
#include "tiler/json.h"
#include "tiler/row_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct csv_writer {
    dk_row_writer base;
    const dk_row_columns *columns;
    dk_sink sink;
    bool begun;
    dk_shape shape;
} csv_writer;

const char *dk_row_column_head(const dk_row_columns *columns, size_t i)
{
    const dk_field *field = &columns->kind->fields[columns->field[i]];
    return columns->names || field->title == NULL || field->title[0] == '\0' ? field->name : field->title;
}

/* What a spreadsheet would run as a formula (OWASP, "CSV Injection"). */
static bool is_formula(const char *text, size_t size)
{
    static const char *const wide[] = {"＝", "＋", "－", "＠"}; /* Excel takes these too where they are usual */
    if (size > 0 && strchr("=+-@\t\r", text[0]) != NULL && text[0] != '\0')
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (size >= 3 && memcmp(text, wide[i], 3) == 0)
            return true;
    return false;
}

void dk_csv_text(const char *text, size_t size, bool guarded, dk_buf *out)
{
    const bool mangled = guarded && dk_text_mangled(text, size),
               formula = guarded && !mangled && is_formula(text, size);
    bool quote = formula || mangled || (size > 0 && (text[0] == ' ' || text[size - 1] == ' '));
    for (size_t i = 0; i < size && !quote; i++)
        quote = strchr(",\"\r\n", text[i]) != NULL && text[i] != '\0';
    if (!quote) {
        dk_buf_append(out, text, size);
        return;
    }
    dk_buf_byte(out, '"');
    if (mangled)
        dk_buf_text(out, "=\"\"");
    else if (formula)
        dk_buf_byte(out, '\'');
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            dk_buf_byte(out, '"');
        dk_buf_byte(out, (unsigned char)text[i]);
    }
    if (mangled)
        dk_buf_text(out, "\"\"");
    dk_buf_byte(out, '"');
}

void dk_csv_value(const dk_value *value, bool guarded, dk_buf *out)
{
    char digits[24];
    if (value->type == DK_TEXT) {
        dk_csv_text(value->text.data, value->text.size, guarded, out);
    } else if (value->type == DK_INTEGER && (value->integer > DK_SHEET_WHOLE || value->integer < -DK_SHEET_WHOLE)) {
        snprintf(digits, sizeof digits, "%lld", (long long)value->integer);
        dk_csv_text(digits, strlen(digits), true, out);
    } else if (value->type != DK_NULL) {
        dk_json json;
        dk_json_init(&json, out);
        dk_json_value(&json, value);
    }
}

/* ---- WKT (OGC 06-103r4, 7) ---- */

static void write_positions(dk_json *json, const dk_shape *shape, const dk_part *part)
{
    dk_buf_byte(json->buf, '(');
    for (size_t i = 0; i < part->count; i++) {
        const double *position = shape->lonlat + 2 * (part->start + i);
        json->separate = false;
        if (i > 0)
            dk_buf_byte(json->buf, ',');
        dk_json_degrees(json, position[0]);
        dk_buf_byte(json->buf, ' ');
        json->separate = false;
        dk_json_degrees(json, position[1]);
    }
    dk_buf_byte(json->buf, ')');
}

static void write_wkt(const dk_shape *shape, dk_buf *out)
{
    static const char *const names[] = {
        [DK_POLYGONS] = "MULTIPOLYGON(", [DK_LINES] = "MULTILINESTRING(", [DK_POINTS] = "MULTIPOINT("};
    dk_json json;
    dk_json_init(&json, out);
    if (shape->n_parts == 0)
        return;
    dk_buf_byte(out, '"');
    dk_buf_text(out, names[shape->kind]);
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *part = &shape->parts[i];
        if (i > 0)
            dk_buf_text(out, shape->kind == DK_POLYGONS && !part->hole ? ")," : ",");
        if (shape->kind == DK_POLYGONS && !part->hole)
            dk_buf_byte(out, '(');
        write_positions(&json, shape, part);
    }
    dk_buf_text(out, shape->kind == DK_POLYGONS ? "))\"" : ")\"");
}

/* ---- rows ---- */

static void write_head(csv_writer *w, dk_buf *out)
{
    dk_buf_text(out, "\xEF\xBB\xBF");
    for (size_t i = 0; i < w->columns->n; i++) {
        const char *head = dk_row_column_head(w->columns, i);
        if (i > 0)
            dk_buf_byte(out, ',');
        dk_csv_text(head, strlen(head), true, out);
    }
    if (w->columns->wkt)
        dk_buf_text(out, w->columns->n > 0 ? ",wkt" : "wkt");
    dk_buf_text(out, "\r\n");
}

static dk_status csv_row(dk_row_writer *base, const dk_row *row, dk_buf *out, dk_error *err)
{
    csv_writer *w = (csv_writer *)base;
    if (!w->begun)
        write_head(w, out);
    w->begun = true;
    for (size_t i = 0; i < w->columns->n; i++) {
        const dk_field *field = &row->kind->fields[w->columns->field[i]];
        const dk_value *value = &row->values[w->columns->field[i]];
        if (i > 0)
            dk_buf_byte(out, ',');
        dk_csv_value(value, field->type != DK_FIELD_DATE, out);
    }
    if (w->columns->wkt) {
        if (w->columns->n > 0)
            dk_buf_byte(out, ',');
        if (row->wkb != NULL && row->wkb_size > 0) {
            const dk_status status = dk_shape_from_wkb(row->wkb, row->wkb_size, &w->shape, err);
            if (status != DK_OK)
                return status;
            write_wkt(&w->shape, out);
        }
    }
    dk_buf_text(out, "\r\n");
    return DK_OK;
}

static dk_status csv_send(dk_row_writer *base, dk_buf *out, bool last, dk_error *err)
{
    csv_writer *w = (csv_writer *)base;
    if (last && !w->begun)
        write_head(w, out);
    if (out->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const dk_status status = dk_sink_write(&w->sink, out->data, out->size, err);
    dk_buf_clear(out);
    return status;
}

static void csv_free(dk_row_writer *base)
{
    csv_writer *w = (csv_writer *)base;
    dk_shape_finish(&w->shape);
    free(w);
}

dk_row_writer *dk_csv_writer_create(const dk_row_columns *columns, const dk_sink *sink)
{
    csv_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->base = (dk_row_writer){csv_row, csv_send, csv_free};
    w->columns = columns;
    w->sink = *sink;
    dk_shape_init(&w->shape);
    return &w->base;
}
