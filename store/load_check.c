/* What a row says by itself: its values, key and outline. */
#include "store/load_work.h"

#include "store/approval_no.h"
#include "store/area.h"
#include "store/hash.h"
#include "store/planar.h"
#include "store/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text of a field in bytes: a page of small print. Answers, tiles and dossiers are made of these. */
#define MOST_TEXT 65536
/* No area or amount comes near it, and sums of it stay exact enough. */
#define MOST_NUMBER 1e15

bool dk_row_reject(dk_row_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(report->message, sizeof report->message, format, args);
    va_end(args);
    report->outcome = DK_REJECTED;
    return false;
}

void dk_row_remark(dk_row_report *report, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const size_t size = strlen(report->remark), n = strlen(text);
    report->notes |= DK_NOTE_REMARK;
    if (size + n + 3 <= sizeof report->remark)
        snprintf(report->remark + size, sizeof report->remark - size, "%s%s", size > 0 ? "; " : "", text);
}

/* Appends a 文号 or several in the form in which they are kept. *ret_rest: what the text says besides. */
static void append_approval(dk_load *load, const char *text, size_t size, dk_approval_rest *ret_rest)
{
    *ret_rest = (dk_approval_rest){.matters = false};
    const size_t place = (size_t)(dk_hash64(text, size, 0) % DK_APPROVALS_KEPT), start = load->texts.size;
    char *const kept = load->approvals[place].text, *const normal = load->approvals[place].normal;
    if (size == load->approvals[place].size && memcmp(text, kept, size) == 0) {
        dk_buf_append(&load->texts, normal, load->approvals[place].normal_size);
        return;
    }
    dk_approval_no_read(text, size, &load->texts, ret_rest);
    const size_t normal_size = load->texts.size - start;
    if (load->texts.failed || size > DK_APPROVAL_KEPT_SIZE || normal_size > DK_APPROVAL_KEPT_SIZE ||
        ret_rest->left[0] != '\0' || ret_rest->range[0] != '\0')
        return;
    load->approvals[place].size = (uint8_t)size;
    load->approvals[place].normal_size = (uint8_t)normal_size;
    memcpy(kept, text, size);
    memcpy(normal, load->texts.data + start, normal_size);
}

/* Says what a cell of 文号 holds besides them: a key must not lose it, for it may tell two numbers apart. */
static bool tell_rest(const dk_kind *kind, const dk_field *field, const char *text, size_t size, const char *kept,
                      const dk_approval_rest *rest, dk_row_report *report)
{
    const int n = size > 120 ? dk_utf8_fit(text, 120) : (int)size, n_kept = dk_utf8_fit(kept, 80);
    const bool key = field - kind->fields == kind->key_field;
    if (rest->none && key) /* a footer or a label may have come so far */
        dk_row_remark(
            report,
            "%s '%.*s' is kept as it is written, for no 文号 such as 皖政地〔2020〕123号 is found in it; correct it, or take the "
            "row out if it is none of the table",
            field->name, n, text);
    if (rest->matters && key)
        return dk_row_reject(
            report,
            "%s '%.*s' is more than a number: besides '%.*s' it says '%s', and the key would lose that; write the "
            "number alone",
            field->name, n, text, n_kept, kept, rest->left);
    if (rest->left[0] != '\0')
        dk_row_remark(report, "%s '%.*s' is kept as '%.*s', without '%s'; correct it if that is part of the number",
                      field->name, n, text, n_kept, kept, rest->left);
    if (rest->range[0] != '\0')
        dk_row_remark(report, "%s %s is kept as one number; if it is a range, write each number out", field->name,
                      rest->range);
    return true;
}

/* The text of a text value under its field's rules, appended to load->texts with its NUL; *ret_at its offset. */
static bool normalise_text(dk_load *load, const dk_field *field, const dk_value *value, size_t *ret_at,
                           dk_row_report *report)
{
    const char *text = value->text.data;
    size_t size = value->text.size;
    *ret_at = load->texts.size;
    if (size > MOST_TEXT)
        return dk_row_reject(report, "%s has %zu bytes; a field holds at most %d", field->name, size, MOST_TEXT);
    if (!dk_utf8_valid(text, size) || memchr(text, 0, size) != NULL)
        return dk_row_reject(report, "%s is not valid UTF-8; give the source's encoding with --encoding", field->name);
    while (size > 0 && (unsigned char)text[size - 1] <= ' ')
        size--;
    while (size > 0 && (unsigned char)*text <= ' ')
        text++, size--;
    dk_approval_rest rest; /* not cleared whole for each text of each row */
    rest.matters = rest.none = false;
    rest.left[0] = rest.range[0] = '\0';
    if (field->type == DK_FIELD_APPROVAL_NO && size > 0)
        append_approval(load, text, size, &rest);
    else
        dk_buf_append(&load->texts, text, size);
    dk_buf_byte(&load->texts, 0);
    if (load->texts.failed)
        return dk_row_reject(report, "out of memory");
    const char *kept = (const char *)load->texts.data + *ret_at;
    if (*kept == 0)
        return true;
    if ((rest.left[0] != '\0' || rest.range[0] != '\0' || rest.none) &&
        !tell_rest(load->kind, field, text, size, kept, &rest, report))
        return false;
    switch (field->type) {
    case DK_FIELD_DATE:
        if (!dk_date_valid(kept))
            return dk_row_reject(report, "%s '%.60s' is not a date; write it as 2020-06-15", field->name, kept);
        break;
    case DK_FIELD_DIVISION:
        if (!dk_division_code_valid(kept))
            return dk_row_reject(report, "%s '%.40s' is not a division code of 6, 9 or 12 digits", field->name, kept);
        if (!dk_division_known(load->store->catalogue, kept))
            return dk_row_reject(report,
                                 "%s %s is not a division of the catalogue; correct it or add it under divisions",
                                 field->name, kept);
        break;
    case DK_FIELD_INTEGER:
    case DK_FIELD_NUMBER:
        return dk_row_reject(report, "%s '%.60s' is not a number", field->name, kept);
    default:
        break;
    }
    if (field->n_values > 0) {
        bool found = false;
        for (size_t i = 0; !found && i < field->n_values; i++)
            found = strcmp(kept, field->values[i]) == 0;
        if (!found)
            return dk_row_reject(report, "%s '%.60s' is not one of the values that the catalogue allows (%s%s%s%s)",
                                 field->name, kept, field->values[0], field->n_values > 1 ? ", " : "",
                                 field->n_values > 1 ? field->values[1] : "", field->n_values > 2 ? " …" : "");
    }
    return true;
}

bool dk_load_normalise(dk_load *load, const dk_value *values, dk_value *ret_values, dk_row_report *report)
{
    const dk_kind *kind = load->kind;
    size_t offsets[DK_MAX_FIELDS];
    dk_buf_clear(&load->texts);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        ret_values[i] = values[i];
        switch (values[i].type) {
        case DK_NULL:
            break;
        case DK_TEXT:
            if (!normalise_text(load, field, &values[i], &offsets[i], report))
                return false;
            break;
        case DK_INTEGER:
            if (field->type == DK_FIELD_NUMBER)
                ret_values[i] = dk_value_real((double)values[i].integer);
            else if (field->type != DK_FIELD_INTEGER)
                return dk_row_reject(report, "%s is a number and should be a text", field->name);
            break;
        case DK_REAL:
            if (field->type != DK_FIELD_NUMBER || !isfinite(values[i].real) || fabs(values[i].real) > MOST_NUMBER)
                return dk_row_reject(report, "%s is not %s", field->name,
                                     field->type == DK_FIELD_NUMBER ? "a number below 10^15" : "of the field's type");
            break;
        }
    }
    for (size_t i = 0; i < kind->n_fields; i++)
        if (values[i].type == DK_TEXT) {
            ret_values[i] = dk_value_text((const char *)load->texts.data + offsets[i]);
            if (ret_values[i].text.size == 0)
                ret_values[i] = dk_value_null();
        }
    return true;
}

/* The foot of a ledger: 合计, 总 计 … */
static bool is_sum_row(const char *id)
{
    static const char *const words[] = {"合计", "总计", "小计", "共计"};
    char squeezed[16];
    size_t n = 0;
    for (const char *c = id; *c; c++)
        if (*c != ' ' && *c != ':') {
            if (n + 1 == sizeof squeezed)
                return false;
            squeezed[n++] = *c;
        }
    squeezed[n] = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(squeezed, words[i]) == 0)
            return true;
    return false;
}

/* What a value is in a key, a number as its term is (dk_terms_of); NULL: it has none. */
static const char *key_part(const dk_value *value, char number[40])
{
    switch (value->type) {
    case DK_TEXT:
        return value->text.size > 0 ? value->text.data : NULL;
    case DK_INTEGER:
        snprintf(number, 40, "%" PRId64, value->integer);
        return number;
    case DK_REAL:
        snprintf(number, 40, "%.17g", value->real);
        return number;
    case DK_NULL:
        break;
    }
    return NULL;
}

bool dk_load_build_key(const dk_load *load, const dk_value *values, const char *source, dk_row_report *report)
{
    const dk_kind *kind = load->kind;
    char number[40], qualifying[40];
    const char *id = key_part(&values[kind->key_field], number);
    if (id == NULL)
        return dk_row_reject(report, "%s (%s) is empty, and it is the key", kind->fields[kind->key_field].name,
                             kind->fields[kind->key_field].title);
    if (is_sum_row(id))
        return dk_row_reject(report, "'%.40s' where the key belongs: a row of sums is no record", id);
    if (kind->fields[kind->key_field].type == DK_FIELD_APPROVAL_NO && strstr(id, "、") != NULL)
        return dk_row_reject(report, "'%.120s' is more than one number, and the key is one; make it a row for each",
                             id);
    const char *qualifier = NULL;
    size_t qualifier_size = 0;
    for (size_t i = 0; qualifier == NULL && i < kind->n_qualifiers; i++)
        if ((qualifier = key_part(&values[kind->qualifiers[i]], qualifying)) != NULL) {
            const char *joint = strstr(qualifier, "、"); /* the first of several 文号 */
            qualifier_size = joint ? (size_t)(joint - qualifier) : strlen(qualifier);
        }
    if (qualifier == NULL && kind->qualify_by_source) {
        const char *slash = strrchr(source, '/');
        qualifier = slash ? slash + 1 : source;
        const char *dot = strrchr(qualifier, '.');
        qualifier_size = dot && dot > qualifier ? (size_t)(dot - qualifier) : strlen(qualifier);
    }
    if (qualifier == NULL && kind->n_qualifiers > 0)
        return dk_row_reject(report, "%s %s is unique only with one of its qualifiers, and all are empty", kind->name,
                             id);
    const size_t id_size = strlen(id), before = qualifier != NULL ? qualifier_size + 1 : 0;
    if (before + id_size >= sizeof report->key)
        return dk_row_reject(report, "the key is longer than %zu bytes", sizeof report->key - 1);
    if (qualifier != NULL) {
        memcpy(report->key, qualifier, qualifier_size);
        report->key[qualifier_size] = ':';
    }
    memcpy(report->key + before, id, id_size + 1);
    for (const char *c = report->key; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return dk_row_reject(report, "the key contains a control character");
    return true;
}

bool dk_load_check_required(const dk_load *load, const dk_value *values, dk_row_report *report)
{
    for (size_t i = 0; i < load->kind->n_fields; i++)
        if (load->kind->fields[i].required && dk_value_empty(&values[i]))
            return dk_row_reject(report, "%s (%s) is empty, and it is required", load->kind->fields[i].name,
                                 load->kind->fields[i].title);
    return true;
}

/* One type a layer, as GeoPackage readers expect: a single polygon, line or point becomes the only part of a multi one.
 * The WKB was read by dk_shape_from_wkb, so its byte order and type are there. */
static void append_multi(const void *wkb, size_t size, dk_buf *out)
{
    const unsigned char *bytes = wkb;
    const bool little = bytes[0] == 1;
    const unsigned type = little ? bytes[1] : bytes[4];
    const bool plain = little ? bytes[2] == 0 && bytes[4] == 0 : bytes[1] == 0 && bytes[3] == 0;
    if (plain && type >= 1 && type <= 3) {
        const unsigned char head[9] = {1, (unsigned char)(type + 3), 0, 0, 0, 1, 0, 0, 0};
        dk_buf_append(out, head, sizeof head);
    }
    dk_buf_append(out, wkb, size);
}

static void measure(const dk_kind *kind, const dk_shape *shape, dk_areas *areas)
{
    areas->known = true;
    areas->ellipsoidal_m2 = dk_shape_area_m2(shape);
    for (size_t i = 0; i < kind->n_fields && !areas->planar_known; i++)
        if (kind->fields[i].computed == DK_COMPUTED_PLANAR_AREA) {
            areas->planar_m2 = dk_shape_planar_area_m2(shape);
            areas->planar_known = true;
        }
}

void dk_areas_measure(const dk_kind *kind, const void *wkb, size_t wkb_size, dk_shape *scratch, dk_areas *areas)
{
    if (kind->geometry == DK_POLYGONS && dk_shape_from_wkb(wkb, wkb_size, scratch, NULL) == DK_OK &&
        scratch->kind == DK_POLYGONS && scratch->n_points > 0)
        measure(kind, scratch, areas);
}

bool dk_load_take_geometry(dk_load *load, const void *wkb, size_t size, dk_value *values, dk_row_report *report)
{
    const dk_kind *kind = load->kind;
    dk_error why;
    dk_buf_clear(&load->blob);
    if (kind->geometry == DK_NO_GEOMETRY)
        return true;
    if ((wkb == NULL || size == 0) && load->undrawn) {
        for (size_t i = 0; i < kind->n_fields; i++)
            if (dk_field_measured(&kind->fields[i]))
                values[i] = dk_value_null();
        dk_gpkg_append_empty(kind->geometry, &load->blob);
        return !load->blob.failed || dk_row_reject(report, "out of memory");
    }
    if (wkb == NULL || size == 0)
        return dk_row_reject(report, "has no geometry");
    if (dk_shape_from_wkb(wkb, size, &load->shape, &why) != DK_OK)
        return dk_row_reject(report, "its geometry cannot be read: %.300s", why.text);
    if (load->shape.kind != kind->geometry || load->shape.n_points == 0)
        return dk_row_reject(report, "its geometry is empty or not of the layer's kind");
    double bounds[4];
    dk_shape_bounds(&load->shape, bounds);
    const double *extent = load->store->catalogue->extent;
    if (bounds[0] < extent[0] || bounds[1] < extent[1] || bounds[2] > extent[2] || bounds[3] > extent[3])
        return dk_row_reject(
            report,
            "lies outside the catalogue's extent: it reaches from %.6f, %.6f to %.6f, %.6f (longitude, latitude)",
            bounds[0], bounds[1], bounds[2], bounds[3]);
    if (!load->areas.known && kind->geometry == DK_POLYGONS)
        measure(kind, &load->shape, &load->areas);
    const dk_areas areas = load->areas;
    const double area = areas.ellipsoidal_m2;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if (dk_field_measured(field)) {
            const double computed = field->computed == DK_COMPUTED_AREA ? area : areas.planar_m2;
            values[i] = dk_value_real(round(computed * 100) / 100);
        }
        if (field->declares_area_m2 > 0 && values[i].type == DK_REAL) {
            const double declared = values[i].real * field->declares_area_m2;
            if (fabs(declared - area) > 1 && fabs(declared - area) > 0.01 * area) {
                report->notes |= DK_NOTE_AREA_DIFFERS;
                snprintf(report->message, sizeof report->message,
                         "%s says %.2f m2, the geometry has %.2f m2 (%.2f m2 in the plane)", field->name, declared,
                         area, dk_shape_planar_area_m2(&load->shape));
            }
        }
    }
    dk_buf_clear(&load->wkb);
    append_multi(wkb, size, &load->wkb);
    dk_gpkg_append(load->wkb.data, load->wkb.size, &load->shape, &load->blob);
    return (!load->wkb.failed && !load->blob.failed) || dk_row_reject(report, "out of memory");
}
