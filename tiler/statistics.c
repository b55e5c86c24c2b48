/* /collections/{c}/statistics: rows counted and summed by groups, as JSON and CSV. */
#include "store/statistics.h"

#include "tiler/html.h"
#include "tiler/item_query.h"
#include "tiler/row_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct asked_statistics {
    dk_context *ctx;
    const dk_kind *kind;
    dk_group_by by[DK_GROUPS_BY];
    size_t n_by;
    int sums[DK_STATISTIC_SUMS];
    size_t n_sums;
    int64_t count; /* of all groups */
    dk_sum total[DK_STATISTIC_SUMS];
    int64_t valued[DK_STATISTIC_SUMS]; /* rows that have a number, of all groups */
} asked_statistics;

static const dk_field *field_of(const asked_statistics *a, const dk_group_by *by)
{
    return &(by->linked != NULL ? by->linked : a->kind)->fields[by->field];
}

/* ---- parameters ---- */

static dk_status unknown_group(dk_context *ctx, const char *text, size_t size)
{
    return dk_fail(
        &ctx->error, DK_INVALID,
        "The parameter \"group_by\" names \"%.*s\". A group is FIELD, KIND.FIELD of a linked kind, DIVISION:6 "
        "(digits), DATE:year or DATE:month, for fields that this collection or the linked one has.",
        (int)(size < 100 ? size : 100), text);
}

/* The field of that name, if the viewer sees it; -1. */
static int find_field(const dk_context *ctx, const dk_kind *kind, const char *name, size_t size)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (strlen(kind->fields[i].name) == size && memcmp(kind->fields[i].name, name, size) == 0)
            return dk_context_fields(ctx, kind) >> i & 1 ? (int)i : -1;
    return -1;
}

/* What stands behind the colon. */
static bool read_grouping(const char *text, size_t size, dk_group_by *by)
{
    if (size == 4 && memcmp(text, "year", 4) == 0) {
        by->grouping = DK_BY_YEAR;
    } else if (size == 5 && memcmp(text, "month", 5) == 0) {
        by->grouping = DK_BY_MONTH;
    } else {
        if (size < 1 || size > 2 || strspn(text, "0123456789") < size)
            return false;
        by->grouping = DK_BY_DIGITS;
        by->digits = atoi(text);
    }
    return true;
}

static dk_status read_group(asked_statistics *a, const char *text, size_t size)
{
    dk_context *ctx = a->ctx;
    dk_group_by by = {0};
    const dk_kind *kind = a->kind;
    const char *name = text, *end = text + size;
    const char *dot = memchr(text, '.', size);
    if (dot != NULL) {
        char other[80];
        snprintf(other, sizeof other, "%.*s", (int)(dot - text < 79 ? dot - text : 79), text);
        bool reversed;
        kind = dk_catalogue_kind(ctx->worker->catalogue, other);
        if (kind == NULL || !dk_context_sees(ctx, kind) ||
            dk_catalogue_link(ctx->worker->catalogue, a->kind, kind, &reversed) == NULL)
            return unknown_group(ctx, text, size);
        by.linked = kind;
        name = dot + 1;
    }
    const char *colon = memchr(name, ':', (size_t)(end - name));
    by.field = find_field(ctx, kind, name, (size_t)((colon != NULL ? colon : end) - name));
    if (by.field < 0 || (colon != NULL && !read_grouping(colon + 1, (size_t)(end - colon - 1), &by)))
        return unknown_group(ctx, text, size);
    const dk_field_type type = kind->fields[by.field].type;
    if ((by.grouping == DK_BY_DIGITS && (type != DK_FIELD_DIVISION || by.digits < 1 || by.digits > 12)) ||
        ((by.grouping == DK_BY_YEAR || by.grouping == DK_BY_MONTH) && type != DK_FIELD_DATE))
        return unknown_group(ctx, text, size);
    if (type == DK_FIELD_DIVISION && colon == NULL) { /* by the code of today */
        by.grouping = DK_BY_DIGITS;
        by.digits = 12;
    }
    if (a->n_by == DK_GROUPS_BY)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"group_by\" takes %d groupings at most.", DK_GROUPS_BY);
    a->by[a->n_by++] = by;
    return DK_OK;
}

static dk_status read_sum(asked_statistics *a, const char *text, size_t size)
{
    dk_context *ctx = a->ctx;
    const int field = find_field(ctx, a->kind, text, size);
    if (field < 0 ||
        (a->kind->fields[field].type != DK_FIELD_INTEGER && a->kind->fields[field].type != DK_FIELD_NUMBER))
        return dk_fail(&ctx->error, DK_INVALID,
                       "The parameter \"sum\" names \"%.*s\", and the collection \"%s\" has no such field of numbers.",
                       (int)(size < 100 ? size : 100), text, a->kind->name);
    if (a->n_sums == DK_STATISTIC_SUMS)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"sum\" takes %d fields at most.", DK_STATISTIC_SUMS);
    a->sums[a->n_sums++] = field;
    return DK_OK;
}

static dk_status each_name(asked_statistics *a, const char *list,
                           dk_status (*read)(asked_statistics *a, const char *text, size_t size))
{
    dk_status status = DK_OK;
    for (const char *at = list; list != NULL && status == DK_OK; at++) {
        const size_t size = strcspn(at, ",");
        status = read(a, at, size);
        at += size;
        if (*at == '\0')
            break;
    }
    return status;
}

/* ---- JSON ---- */

static const char *grouping_name(const dk_group_by *by)
{
    return by->grouping == DK_BY_DIGITS  ? "digits"
           : by->grouping == DK_BY_YEAR  ? "year"
           : by->grouping == DK_BY_MONTH ? "month"
                                         : "value";
}

static void write_field(dk_json *json, const dk_kind *kind, const dk_field *field)
{
    if (kind != NULL)
        dk_json_member_text(json, "kind", kind->name);
    dk_json_member_text(json, "field", field->name);
    dk_json_member_text(json, "title", field->title);
    if (field->unit != NULL)
        dk_json_member_text(json, "unit", field->unit);
}

static void write_heads(asked_statistics *a)
{
    dk_json *json = &a->ctx->json;
    dk_json_key(json, "group_by");
    dk_json_array_begin(json);
    for (size_t i = 0; i < a->n_by; i++) {
        dk_json_object_begin(json);
        write_field(json, a->by[i].linked, field_of(a, &a->by[i]));
        dk_json_member_text(json, "by", grouping_name(&a->by[i]));
        if (a->by[i].grouping == DK_BY_DIGITS)
            dk_json_member_integer(json, "digits", a->by[i].digits);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_key(json, "sum");
    dk_json_array_begin(json);
    for (size_t i = 0; i < a->n_sums; i++) {
        dk_json_object_begin(json);
        write_field(json, NULL, &a->kind->fields[a->sums[i]]);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

/* A sum of no numbers is none: 0 would say that nothing was paid. */
static void write_figures(asked_statistics *a, int64_t count, const double *sums, const int64_t *valued)
{
    dk_json *json = &a->ctx->json;
    dk_json_member_integer(json, "count", count);
    dk_json_key(json, "sums");
    dk_json_array_begin(json);
    for (size_t i = 0; i < a->n_sums; i++)
        if (valued[i] > 0)
            dk_json_number(json, sums[i]);
        else
            dk_json_null(json);
    dk_json_array_end(json);
}

static void add_total(asked_statistics *a, const dk_statistic *group)
{
    a->count += group->count;
    for (size_t i = 0; i < a->n_sums; i++) {
        dk_sum_add(&a->total[i], group->sums[i]);
        a->valued[i] += group->valued[i];
    }
}

static void round_total(const asked_statistics *a, double ret_total[DK_STATISTIC_SUMS])
{
    for (size_t i = 0; i < a->n_sums; i++)
        ret_total[i] = dk_sum_decimal(&a->total[i]);
}

/* The name of a division; NULL. */
static const char *division_name(const asked_statistics *a, size_t i, const dk_value *value)
{
    if (a->by[i].grouping != DK_BY_DIGITS || value->type != DK_TEXT)
        return NULL;
    const dk_division *division = dk_catalogue_division(a->ctx->worker->catalogue, value->text.data);
    return division != NULL ? division->name : NULL;
}

/* What the division of a group is called; of several the names in the order of by, null for what has none. */
static void write_divisions(asked_statistics *a, const dk_value *by)
{
    dk_json *json = &a->ctx->json;
    size_t n = 0;
    for (size_t i = 0; i < a->n_by; i++)
        n += a->by[i].grouping == DK_BY_DIGITS;
    if (n > 1) {
        dk_json_key(json, "divisions");
        dk_json_array_begin(json);
    }
    for (size_t i = 0; i < a->n_by; i++) {
        const char *name = division_name(a, i, &by[i]);
        if (n > 1 && name == NULL)
            dk_json_null(json);
        else if (n > 1)
            dk_json_text(json, name);
        else if (name != NULL)
            dk_json_member_text(json, "division", name);
    }
    if (n > 1)
        dk_json_array_end(json);
}

static bool json_group(const dk_statistic *group, void *user)
{
    asked_statistics *a = user;
    dk_json *json = &a->ctx->json;
    add_total(a, group);
    dk_json_object_begin(json);
    dk_json_key(json, "by");
    dk_json_array_begin(json);
    for (size_t i = 0; i < a->n_by; i++)
        dk_json_value(json, &group->by[i]);
    dk_json_array_end(json);
    write_divisions(a, group->by);
    write_figures(a, group->count, group->sums, group->valued);
    dk_json_object_end(json);
    return !json->buf->failed;
}

static dk_status answer_json(asked_statistics *a, const dk_query *query)
{
    dk_context *ctx = a->ctx;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "collection", a->kind->name);
    dk_json_member_text(json, "title", a->kind->title);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    write_heads(a);
    dk_json_key(json, "groups");
    dk_json_array_begin(json);
    const dk_status status =
        dk_query_statistics(ctx->worker->store, query, a->by, a->n_by, a->sums, a->n_sums, json_group, a, &ctx->error);
    dk_json_array_end(json);
    dk_json_key(json, "total");
    dk_json_object_begin(json);
    double total[DK_STATISTIC_SUMS];
    round_total(a, total);
    write_figures(a, a->count, total, a->valued);
    dk_json_object_end(json);
    dk_json_object_end(json);
    return status;
}

/* ---- CSV ---- */

static void csv_number(double value, dk_buf *out)
{
    dk_json json;
    dk_json_init(&json, out);
    dk_json_number(&json, value);
}

static void csv_line(asked_statistics *a, const dk_value *by, int64_t count, const double *sums, const int64_t *valued)
{
    dk_buf *out = &a->ctx->worker->body;
    for (size_t i = 0; i < a->n_by; i++) {
        const char *name = by != NULL ? division_name(a, i, &by[i]) : i == 0 ? "合计" : NULL;
        if (by != NULL)
            dk_csv_value(&by[i], true, out);
        else if (i == 0 && a->by[i].grouping != DK_BY_DIGITS)
            dk_buf_text(out, "合计");
        dk_buf_byte(out, ',');
        if (a->by[i].grouping != DK_BY_DIGITS)
            continue;
        if (name != NULL)
            dk_csv_text(name, strlen(name), true, out);
        dk_buf_byte(out, ',');
    }
    dk_buf_format(out, "%lld", (long long)count);
    for (size_t i = 0; i < a->n_sums; i++) {
        dk_buf_byte(out, ',');
        if (valued[i] > 0)
            csv_number(sums[i], out);
    }
    dk_buf_text(out, "\r\n");
}

static bool csv_group(const dk_statistic *group, void *user)
{
    asked_statistics *a = user;
    add_total(a, group);
    csv_line(a, group->by, group->count, group->sums, group->valued);
    return !a->ctx->worker->body.failed;
}

static void csv_head(asked_statistics *a)
{
    dk_buf *out = &a->ctx->worker->body;
    for (size_t i = 0; i < a->n_by; i++) {
        const dk_group_by *by = &a->by[i];
        const char *title = field_of(a, by)->title;
        dk_csv_text(title, strlen(title), true, out);
        dk_buf_text(out, by->grouping == DK_BY_YEAR ? "（年）," : by->grouping == DK_BY_MONTH ? "（月）," : ",");
        if (by->grouping == DK_BY_DIGITS)
            dk_buf_text(out, "行政区名称,");
    }
    dk_buf_text(out, "数量");
    dk_buf title;
    dk_buf_init(&title);
    for (size_t i = 0; i < a->n_sums; i++) {
        const dk_field *field = &a->kind->fields[a->sums[i]];
        dk_buf_clear(&title);
        dk_buf_text(&title, field->title);
        if (field->unit != NULL)
            dk_buf_format(&title, "（%s）", dk_html_unit(field->unit));
        dk_buf_byte(out, ',');
        dk_csv_text((const char *)title.data, title.size, true, out);
    }
    dk_buf_text(out, "\r\n");
    if (title.failed)
        out->failed = true;
    dk_buf_finish(&title);
}

static dk_status answer_csv(asked_statistics *a, const dk_query *query)
{
    dk_context *ctx = a->ctx;
    dk_buf *out = &ctx->worker->body;
    ctx->answer.type = "text/csv; charset=utf-8; header=present";
    dk_buf_clear(out);
    dk_buf_text(out, "\xEF\xBB\xBF"); /* so that spreadsheets take it for UTF-8 */
    csv_head(a);
    const dk_status status =
        dk_query_statistics(ctx->worker->store, query, a->by, a->n_by, a->sums, a->n_sums, csv_group, a, &ctx->error);
    double total[DK_STATISTIC_SUMS];
    round_total(a, total);
    if (a->n_by > 0)
        csv_line(a, NULL, a->count, total, a->valued);
    return status;
}

dk_status dk_get_statistics(dk_context *ctx)
{
    static const char *const own[] = {"group_by", "sum", NULL};
    asked_statistics a = {.ctx = ctx};
    dk_item_query asked = {0};
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &a.kind);
    if (status != DK_OK)
        return status;
    const char *format = dk_request_param(ctx->request, "f");
    const bool csv = format != NULL && strcmp(format, "csv") == 0;
    if (format != NULL && !csv && strcmp(format, "json") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can be json or csv here.");
    status = dk_item_query_read(ctx, a.kind, DK_ROWS, own, &asked);
    if (status == DK_OK)
        status = each_name(&a, dk_request_param(ctx->request, "group_by"), read_group);
    if (status == DK_OK)
        status = each_name(&a, dk_request_param(ctx->request, "sum"), read_sum);
    if (status == DK_OK)
        status = csv ? answer_csv(&a, &asked.query) : answer_json(&a, &asked.query);
    dk_item_query_finish(&asked);
    return status;
}
