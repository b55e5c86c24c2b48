#include "store/log_content.h"

#include "store/canonical_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORM = 1 };

/* ---- fields ---- */

static int by_name(const void *a, const void *b)
{
    const dk_log_field *x = *(const dk_log_field *const *)a, *y = *(const dk_log_field *const *)b;
    return dk_canonical_compare(x->name, strlen(x->name), y->name, strlen(y->name));
}

static bool write_value(const dk_value *value, dk_buf *out)
{
    switch (value->type) {
    case DK_INTEGER:
        dk_canonical_integer(out, value->integer);
        return true;
    case DK_REAL:
        return dk_canonical_number(out, value->real);
    case DK_TEXT:
        return dk_canonical_text(out, value->text.data, value->text.size);
    case DK_NULL:
    default:
        dk_buf_text(out, "null");
        return true;
    }
}

bool dk_log_field_head(const char *name, dk_buf *out)
{
    if (!dk_canonical_text(out, name, strlen(name)))
        return false;
    dk_buf_byte(out, ':');
    return true;
}

static dk_status write_field(const dk_log_field *field, const dk_log_head *head, dk_buf *out, dk_error *err)
{
    if (head != NULL)
        dk_buf_append(out, head->data, head->size);
    else if (!dk_log_field_head(field->name, out))
        return dk_fail(err, DK_INVALID, "The name of a field is not UTF-8; the catalogue must be.");
    if (!write_value(&field->value, out))
        return dk_fail(err, DK_INVALID,
                       "The field %s has a text that is not UTF-8 or a number that is not finite, and so cannot be "
                       "published; correct it in the source.",
                       field->name);
    return DK_OK;
}

/* Gives the fields in their order. */
static dk_status sort(const dk_log_field *fields, size_t n, const dk_log_field **ret_sorted, dk_error *err)
{
    for (size_t i = 0; i < n; i++)
        ret_sorted[i] = &fields[i];
    qsort(ret_sorted, n, sizeof *ret_sorted, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(ret_sorted[i]->name, ret_sorted[i - 1]->name) == 0)
            return dk_fail(err, DK_INVALID, "The field %s stands twice in what is to be published; name it once.",
                           ret_sorted[i]->name);
    return DK_OK;
}

static dk_status write_fields(const dk_log_content *content, dk_buf *out, dk_error *err)
{
    const size_t n = content->n_fields;
    const dk_log_field **sorted = NULL;
    dk_status status = DK_OK;
    if (content->heads == NULL && n > 0) {
        sorted = calloc(n, sizeof *sorted);
        status = sorted != NULL ? sort(content->fields, n, sorted, err) : dk_fail(err, DK_NOMEM, "out of memory");
    }
    dk_buf_byte(out, '{');
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        if (i > 0)
            dk_buf_byte(out, ',');
        status = sorted != NULL ? write_field(sorted[i], NULL, out, err)
                                : write_field(&content->fields[i], &content->heads[i], out, err);
    }
    dk_buf_byte(out, '}');
    free(sorted);
    return status;
}

/* ---- the outline ---- */

static void write_position(const double *lonlat, dk_buf *out)
{
    dk_buf_byte(out, '[');
    dk_canonical_degrees(out, lonlat[0]);
    dk_buf_byte(out, ',');
    dk_canonical_degrees(out, lonlat[1]);
    dk_buf_byte(out, ']');
}

static void write_part(const dk_shape *shape, const dk_part *part, dk_buf *out)
{
    dk_buf_byte(out, '[');
    for (size_t i = 0; i < part->count; i++) {
        if (i > 0)
            dk_buf_byte(out, ',');
        write_position(shape->lonlat + 2 * (part->start + i), out);
    }
    dk_buf_byte(out, ']');
}

/* One member, from part i on; gives the part behind it. */
static size_t write_member(const dk_shape *shape, size_t i, dk_buf *out)
{
    if (shape->kind == DK_POINTS) {
        write_position(shape->lonlat + 2 * shape->parts[i].start, out);
        return i + 1;
    }
    if (shape->kind == DK_LINES) {
        write_part(shape, &shape->parts[i], out);
        return i + 1;
    }
    dk_buf_byte(out, '[');
    write_part(shape, &shape->parts[i++], out);
    for (; i < shape->n_parts && shape->parts[i].hole; i++) {
        dk_buf_byte(out, ',');
        write_part(shape, &shape->parts[i], out);
    }
    dk_buf_byte(out, ']');
    return i;
}

static dk_status write_outline(const dk_shape *shape, dk_buf *out, dk_error *err)
{
    size_t members = 0;
    for (size_t i = 0; i < shape->n_parts; i++)
        members += shape->parts[i].hole ? 0 : 1;
    for (size_t i = 0; i < 2 * shape->n_points; i++)
        if (!isfinite(shape->lonlat[i]) || fabs(shape->lonlat[i]) > 360)
            return dk_fail(err, DK_INVALID,
                           "An outline has a coordinate that is not of the earth, and so cannot be "
                           "published; correct it in the source.");
    if (members == 0) {
        dk_buf_text(out, "null");
        return DK_OK;
    }
    dk_buf_text(out, "{\"coordinates\":");
    if (members > 1)
        dk_buf_byte(out, '[');
    for (size_t i = 0; i < shape->n_parts;) {
        if (i > 0)
            dk_buf_byte(out, ',');
        i = write_member(shape, i, out);
    }
    if (members > 1)
        dk_buf_byte(out, ']');
    dk_buf_text(out, members > 1 ? ",\"type\":\"Multi" : ",\"type\":\"");
    dk_buf_text(out, shape->kind == DK_POLYGONS ? "Polygon\"}"
                     : shape->kind == DK_LINES  ? "LineString\"}"
                                                : "Point\"}");
    return DK_OK;
}

/* ---- the whole ---- */

static dk_status write_text(const char *member, const char *text, dk_buf *out, dk_error *err)
{
    dk_buf_byte(out, '"');
    dk_buf_text(out, member);
    dk_buf_text(out, "\":");
    if (!dk_canonical_text(out, text, strlen(text)))
        return dk_fail(err, DK_INVALID, "The %s of what is to be published is not UTF-8; correct it in the source.",
                       member);
    return DK_OK;
}

/* The members stand in their order. */
dk_status dk_log_content_write(const dk_log_content *content, dk_buf *out, dk_error *err)
{
    dk_buf_byte(out, '{');
    if (content->entries != NULL) {
        dk_buf_text(out, "\"entries\":[");
        for (size_t i = 0; i < content->n_entries; i++) {
            if (i > 0)
                dk_buf_byte(out, ',');
            dk_canonical_integer(out, content->entries[i]);
        }
        dk_buf_text(out, "],");
    }
    dk_status status = write_text("event", content->event, out, err);
    if (status == DK_OK) {
        if (content->feature >= 0) {
            dk_buf_text(out, ",\"feature\":");
            dk_canonical_integer(out, content->feature);
        }
        dk_buf_text(out, ",\"fields\":");
        status = write_fields(content, out, err);
    }
    if (status == DK_OK) {
        dk_buf_text(out, ",\"form\":");
        dk_canonical_integer(out, FORM);
        dk_buf_text(out, ",\"generation\":");
        dk_canonical_integer(out, content->generation);
        if (content->key != NULL) {
            dk_buf_byte(out, ',');
            status = write_text("key", content->key, out, err);
        }
    }
    if (status == DK_OK && content->kind != NULL) {
        dk_buf_byte(out, ',');
        status = write_text("kind", content->kind, out, err);
    }
    if (status == DK_OK && content->outline != NULL) {
        dk_buf_text(out, ",\"outline\":");
        status = write_outline(content->outline, out, err);
    }
    if (status == DK_OK && content->reason != NULL) {
        dk_buf_byte(out, ',');
        status = write_text("reason", content->reason, out, err);
    }
    if (status == DK_OK && content->sealed != NULL) {
        dk_buf_byte(out, ',');
        status = write_text("sealed", content->sealed, out, err);
    }
    dk_buf_byte(out, '}');
    return status == DK_OK && out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}
