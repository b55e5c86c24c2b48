#include "store/catalogue_rules.h"

#include "store/batch_rows.h"
#include "store/division.h"
#include "store/geometry.h"
#include "store/handle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define INSTEAD "load the sources into a new store, or leave it as it is"

/* Whether a question about a kind's table has a row. */
__attribute__((format(printf, 4, 5))) static dk_status any(dk_store *store, bool *ret_any, dk_error *err,
                                                           const char *format, ...)
{
    char sql[400];
    va_list args;
    sqlite3_stmt *stmt = NULL;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(store, stmt, err);
    sqlite3_finalize(stmt);
    *ret_any = status == DK_OK;
    return status == DK_END ? DK_OK : status;
}

static dk_status has_rows(dk_store *store, const dk_kind *kind, bool *ret_has, dk_error *err)
{
    return any(store, ret_has, err, "SELECT 1 FROM row_%s LIMIT 1", kind->name);
}

static dk_status has_values(dk_store *store, const dk_kind *kind, const dk_field *field, bool *ret_has, dk_error *err)
{
    return any(store, ret_has, err, "SELECT 1 FROM row_%s WHERE f_%s IS NOT NULL LIMIT 1", kind->name, field->name);
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_key(const dk_kind *a, const dk_kind *b)
{
    if (strcmp(a->fields[a->key_field].name, b->fields[b->key_field].name) != 0 || a->n_qualifiers != b->n_qualifiers ||
        a->qualify_by_source != b->qualify_by_source)
        return false;
    for (size_t i = 0; i < a->n_qualifiers; i++)
        if (strcmp(a->fields[a->qualifiers[i]].name, b->fields[b->qualifiers[i]].name) != 0)
            return false;
    return true;
}

/* NULL: the values that rows have in a field stay what they are. Else why not. */
static const char *field_hindrance(const dk_field *field, const dk_field *after)
{
    if (after == NULL)
        return "is in rows and cannot be removed or called otherwise; keep it under its name, with another title, or with "
               "audience: never";
    if (field->type != after->type)
        return "is in rows and cannot become another type; add a field of another name, or " INSTEAD;
    if (field->unit != NULL && !same_text(field->unit, after->unit))
        return "is in rows, and another unit would make their numbers wrong; add a field of another name, or " INSTEAD;
    if (field->computed != after->computed)
        return "is in rows, and they would not hold what it is to be computed from now on; add a field of another name, "
               "or " INSTEAD;
    if ((field->linked_kind != NULL) != (after->linked_kind != NULL))
        return after->linked_kind != NULL
                   ? "is in rows as sources gave it, and would be overwritten by what follows from linked rows; add a field of "
                     "another name"
                   : "is in rows as it followed from linked rows, and would stay as it is now; add a field of another name";
    return NULL;
}

static dk_status check_fields(dk_store *store, const dk_kind *kind, const dk_kind *after, bool rows, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        const int k = dk_kind_field(after, field->name);
        const char *hindrance = field_hindrance(field, k >= 0 ? &after->fields[k] : NULL);
        bool has = false;
        if (hindrance != NULL)
            status = has_values(store, kind, field, &has, err);
        if (status == DK_OK && has)
            status = dk_fail(err, DK_CONFLICT, "the field %s.%s %s", kind->name, field->name, hindrance);
    }
    for (size_t k = 0; status == DK_OK && rows && k < after->n_fields; k++)
        if (dk_field_measured(&after->fields[k]) && dk_kind_field(kind, after->fields[k].name) < 0)
            status =
                dk_fail(err, DK_CONFLICT,
                        "the field %s.%s is computed as rows are loaded, and there are rows already, which would be "
                        "without; " INSTEAD,
                        kind->name, after->fields[k].name);
    return status;
}

static dk_status check_kind(dk_store *store, const dk_kind *kind, const dk_catalogue *after, dk_error *err)
{
    const dk_kind *other = dk_catalogue_kind(after, kind->name);
    const char *what = kind->geometry != DK_NO_GEOMETRY ? "layer" : "record";
    bool rows = false, documents = false, versions = false;
    dk_status status = has_rows(store, kind, &rows, err);
    if (status == DK_OK && other == NULL && !rows)
        status = any(store, &documents, err, "SELECT 1 FROM dikuai_attachment WHERE kind='%s' LIMIT 1", kind->name);
    if (status != DK_OK)
        return status;
    if (other == NULL && (rows || documents))
        return dk_fail(
            err, DK_CONFLICT,
            "the %s %s has rows (withdrawn ones, too) and cannot be removed or called otherwise; keep it under its "
            "name, with another title, or with audience: staff",
            what, kind->name);
    if (other == NULL)
        return DK_OK;
    if (rows && other->geometry != kind->geometry)
        return dk_fail(err, DK_CONFLICT,
                       "the %s %s has rows, and they have another geometry; declare another kind, or " INSTEAD, what,
                       kind->name);
    if (rows && !same_key(kind, other))
        return dk_fail(
            err, DK_CONFLICT,
            "the %s %s has rows, and their keys are made of the fields that it names now; declare another kind, "
            "or " INSTEAD,
            what, kind->name);
    if ((status = check_fields(store, kind, other, rows, err)) != DK_OK)
        return status;
    if (kind->has_linked && !other->has_linked)
        status = any(store, &versions, err, "SELECT 1 FROM version_%s LIMIT 1", kind->name);
    if (status == DK_OK && versions)
        status = dk_fail(err, DK_CONFLICT,
                         "%s has rows in versions that followed from linked rows; keep one of its fields with 'linked'",
                         kind->name);
    return status;
}

/* Rows that are published, or would be. */
static dk_status check_extent(dk_store *store, const dk_kind *layer, const double extent[4], dk_error *err)
{
    char sql[300];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql,
             "SELECT substr(r.geom,9,32),r.key FROM life_%s l JOIN row_%s r ON r.row=l.row WHERE l.died=0", layer->name,
             layer->name);
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        double e[4]; /* west, east, south, north */
        if (dk_column_envelope(stmt, 0, e) == DK_OUTLINE_DRAWN &&
            (e[0] < extent[0] || e[2] < extent[1] || e[1] > extent[2] || e[3] > extent[3]))
            status = dk_fail(
                err, DK_CONFLICT,
                "the extent leaves out %s %.200s, which is published and reaches from %.6f, %.6f to %.6f, %.6f; "
                "widen it, or withdraw the row's batch first",
                layer->name, (const char *)sqlite3_column_text(stmt, 1), e[0], e[2], e[1], e[3]);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_catalogue_may_follow(dk_store *store, const dk_catalogue *after, dk_error *err)
{
    const dk_catalogue *before = store->catalogue;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < before->n_kinds; i++)
        status = check_kind(store, &before->kinds[i], after, err);
    const double *old = before->extent, *new = after->extent;
    const bool narrower = new[0] > old[0] || new[1] > old[1] || new[2] < old[2] || new[3] < old[3];
    for (size_t i = 0; status == DK_OK && narrower && i < before->n_layers; i++)
        status = check_extent(store, &before->kinds[i], new, err);
    return status;
}

/* ---- staged batches ---- */

typedef struct fitting {
    const dk_kind *kind;
    int64_t batch;
    dk_shape shape;
    dk_error *err;
} fitting;

static bool is_listed(const dk_field *field, const dk_value *value)
{
    bool found = field->n_values == 0 || value->type != DK_TEXT;
    for (size_t i = 0; !found && i < field->n_values; i++)
        found = strcmp(value->text.data, field->values[i]) == 0;
    return found;
}

static dk_status refuse(const fitting *f, const dk_batch_row *row, const char *why, const char *name)
{
    return dk_fail(f->err, DK_CONFLICT,
                   "batch %" PRId64
                   " was loaded before the catalogue was changed, and does not fit it: %.100s, row %" PRId64
                   ", %.100s: %s%s; withdraw the batch and load it anew",
                   f->batch, row->source != NULL ? row->source : "", row->source_row, row->key, name, why);
}

static dk_status fit_row(const dk_batch_row *row, void *user)
{
    fitting *f = user;
    const dk_kind *kind = f->kind;
    const double *extent = kind->catalogue->extent;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        const dk_value *value = &row->values[i];
        if (field->required && dk_value_empty(value))
            return refuse(f, row, " is empty, and it is required", field->name);
        if (dk_value_empty(value) || dk_field_follows(field))
            continue;
        if (!is_listed(field, value))
            return refuse(f, row, " is not one of the values that the catalogue allows", field->name);
        if (field->type == DK_FIELD_DIVISION && value->type == DK_TEXT &&
            !dk_division_known(kind->catalogue, value->text.data))
            return refuse(f, row, " is not a division of the catalogue", field->name);
    }
    if (row->wkb == NULL || row->wkb_size == 0)
        return DK_OK;
    double bounds[4];
    dk_status status = dk_shape_from_wkb(row->wkb, row->wkb_size, &f->shape, f->err);
    if (status != DK_OK || f->shape.n_points == 0)
        return status;
    dk_shape_bounds(&f->shape, bounds);
    if (bounds[0] < extent[0] || bounds[1] < extent[1] || bounds[2] > extent[2] || bounds[3] > extent[3])
        return refuse(f, row, "lies outside the catalogue's extent", "");
    return DK_OK;
}

dk_status dk_batch_fits(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err)
{
    bool older = false;
    dk_status status =
        any(store, &older, err, "SELECT 1 FROM dikuai_meta WHERE name='catalogue_batch' AND value>=%" PRId64, batch);
    if (status != DK_OK || !older)
        return status;
    fitting f = {.kind = kind, .batch = batch, .err = err};
    dk_shape_init(&f.shape);
    status = dk_batch_rows(store, kind, batch, fit_row, &f, err);
    dk_shape_finish(&f.shape);
    return status;
}

dk_status dk_catalogue_note_batches(dk_store *store, dk_error *err)
{
    return dk_sql_run(
        store, "INSERT OR REPLACE INTO dikuai_meta SELECT 'catalogue_batch',coalesce(max(id),0) FROM dikuai_batch",
        err);
}
