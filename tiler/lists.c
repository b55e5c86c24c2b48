/* /lists: what the catalogue declares to be printed, for those who may see it; to others there is nothing here. */
#include "store/list.h"
#include "tiler/http.h"
#include "tiler/list_page.h"

#include <stdio.h>
#include <string.h>

#define NOTHING "There is nothing at this address." /* as for an address that no resource has (server.c) */

static void write_column(dk_json *json, const dk_list *list, size_t i)
{
    const dk_list_column *column = &list->columns[i];
    const dk_field *field = &column->kind->fields[column->field];
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", column->kind->name);
    dk_json_member_text(json, "name", field->name);
    dk_json_member_text(json, "title", field->title);
    dk_json_member_text(json, "type", dk_field_type_name(field->type));
    if (field->unit != NULL)
        dk_json_member_text(json, "unit", field->unit);
    dk_json_object_end(json);
}

/* What a list is, without an end of the object. */
static void begin_list(dk_context *ctx, const dk_list *list)
{
    dk_json *json = &ctx->json;
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", list->id);
    dk_json_member_text(json, "title", list->title);
    dk_json_member_text(json, "of", list->kind->name);
    dk_json_key(json, "by");
    dk_json_object_begin(json);
    dk_json_member_text(json, "name", list->kind->fields[list->by].name);
    dk_json_member_text(json, "title", list->kind->fields[list->by].title);
    dk_json_object_end(json);
    dk_json_key(json, "columns");
    dk_json_array_begin(json);
    for (size_t i = 0; i < list->n_columns; i++)
        write_column(json, list, i);
    dk_json_array_end(json);
}

/* Of which kind its lines are, and what is open in one: members that the list itself has as numbers. */
static void write_lines(dk_json *json, const dk_list *list)
{
    if (list->lines != NULL)
        dk_json_member_text(json, "lines", list->lines->name);
    dk_json_key(json, "open");
    if (list->open_column >= 0) {
        dk_json_object_begin(json);
        dk_json_member_integer(json, "column", list->open_column);
        dk_json_member_text(json, "title", list->open_title);
        dk_json_member_text(json, "missing", list->missing_title != NULL ? list->missing_title : list->open_title);
        dk_json_object_end(json);
    } else {
        dk_json_null(json);
    }
}

dk_status dk_get_lists(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    size_t n = 0;
    for (size_t i = 0; i < catalogue->n_lists; i++)
        n += dk_list_seen(&catalogue->lists[i], &ctx->viewer);
    if (n == 0 && ctx->viewer.audience < DK_STAFF)
        return dk_fail(&ctx->error, DK_NOT_FOUND, NOTHING);
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_key(json, "lists");
    dk_json_array_begin(json);
    for (size_t i = 0; i < catalogue->n_lists; i++) {
        if (!dk_list_seen(&catalogue->lists[i], &ctx->viewer))
            continue;
        const dk_list *list = &catalogue->lists[i];
        const char *by = list->kind->fields[list->by].name;
        char path[300];
        snprintf(path, sizeof path, "/lists/%s?%s={%s}", list->id, by, by); /* without any it is none */
        begin_list(ctx, list);
        write_lines(json, list);
        dk_json_key(json, "links");
        dk_json_array_begin(json);
        dk_write_link_template(ctx, "item", path, "application/json", NULL);
        dk_json_array_end(json);
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}

typedef struct writing {
    dk_context *ctx;
    const dk_list *list;
    bool html;
    dk_buf group; /* value of the group under way */
    size_t n_groups;
    dk_list_sums of_group, all;
} writing;

static void count(dk_list_sums *sums, const dk_list *list, const dk_list_line *line)
{
    sums->rows += line->first;
    sums->lines++;
    sums->open += line->open;
    for (size_t i = 0; i < list->n_columns; i++) {
        const dk_value *value = &line->values[i];
        const bool own = list->columns[i].kind == list->kind;
        if (!list->columns[i].summed || (own && !line->first) || (value->type != DK_REAL && value->type != DK_INTEGER))
            continue;
        dk_sum_add(&sums->sums[i], value->type == DK_REAL ? value->real : (double)value->integer);
        sums->values[i]++;
    }
}

static void write_sums(dk_json *json, const dk_list *list, const dk_list_sums *sums)
{
    dk_json_member_integer(json, "rows", sums->rows);
    dk_json_member_integer(json, "lines", sums->lines);
    if (list->open_column >= 0)
        dk_json_member_integer(json, "open", sums->open);
    dk_json_key(json, "sums"); /* by column; null: it is not summed, or has no values */
    dk_json_array_begin(json);
    for (size_t i = 0; i < list->n_columns; i++) {
        if (list->columns[i].summed && sums->values[i] > 0)
            dk_json_number(json, dk_sum_decimal(&sums->sums[i]));
        else
            dk_json_null(json);
    }
    dk_json_array_end(json);
}

static void end_group(writing *w)
{
    if (w->n_groups == 0)
        return;
    if (w->html) {
        dk_list_page_group_end(&w->ctx->worker->body, w->list, &w->of_group);
    } else {
        dk_json_array_end(&w->ctx->json);
        write_sums(&w->ctx->json, w->list, &w->of_group);
        dk_json_object_end(&w->ctx->json);
    }
}

static void begin_group(writing *w, const char *value)
{
    end_group(w);
    w->of_group = (dk_list_sums){0};
    w->n_groups++;
    dk_buf_clear(&w->group);
    dk_buf_text(&w->group, value);
    if (w->html) {
        dk_list_page_group(&w->ctx->worker->body, w->list, value);
        return;
    }
    dk_json_object_begin(&w->ctx->json);
    dk_json_member_text(&w->ctx->json, "value", value);
    dk_json_key(&w->ctx->json, "list");
    dk_json_array_begin(&w->ctx->json);
}

static void write_line(writing *w, const dk_list_line *line)
{
    dk_json *json = &w->ctx->json;
    dk_json_object_begin(json);
    dk_json_member_text(json, w->list->kind->name, line->row->key);
    if (w->list->lines != NULL)
        dk_json_member_text(json, w->list->lines->name, line->line != NULL ? line->line->key : NULL);
    if (w->list->open_column >= 0) {
        dk_json_key(json, "open");
        dk_json_bool(json, line->open);
    }
    dk_json_key(json, "values");
    dk_json_array_begin(json);
    for (size_t i = 0; i < w->list->n_columns; i++)
        dk_json_value(json, &line->values[i]);
    dk_json_array_end(json);
    dk_json_object_end(json);
}

static dk_status add_line(const dk_list_line *line, void *user)
{
    writing *w = user;
    w->ctx->rows++;
    const dk_value *by = &line->row->values[w->list->by];
    const char *value = by->type == DK_TEXT ? by->text.data : "";
    const char *group = dk_buf_cstr(&w->group);
    if (group == NULL)
        return dk_fail(&w->ctx->error, DK_NOMEM, "out of memory");
    if (w->n_groups == 0 || strcmp(group, value) != 0)
        begin_group(w, value);
    count(&w->of_group, w->list, line);
    count(&w->all, w->list, line);
    if (w->html)
        dk_list_page_line(&w->ctx->worker->body, w->list, line, w->of_group.rows);
    else
        write_line(w, line);
    if (w->ctx->worker->body.size > DK_BODY_MAX)
        return dk_fail(&w->ctx->error, DK_LIMIT, "The list is too long for one answer; ask for a smaller division.");
    return DK_OK;
}

/* The parameters: the group's field by its name, division, open, f. */
static dk_status read_query(dk_context *ctx, const dk_list *list, dk_list_query *ret_query, bool *ret_html)
{
    const char *const by = list->kind->fields[list->by].name;
    const char *const params[] = {by, "division", "open", "f", NULL};
    const dk_status status = dk_context_params(ctx, params);
    if (status != DK_OK)
        return status;
    const char *format = dk_request_param(ctx->request, "f");
    const char *open = dk_request_param(ctx->request, "open");
    *ret_query = (dk_list_query){.list = list,
                                 .viewer = &ctx->viewer,
                                 .generation = ctx->worker->generation.number,
                                 .by = dk_request_param(ctx->request, by),
                                 .division = dk_request_param(ctx->request, "division"),
                                 .open_only = open != NULL && strcmp(open, "true") == 0};
    const char *division = ret_query->division;
    if (format != NULL && strcmp(format, "json") != 0 && strcmp(format, "html") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can be json or html here.");
    if (open != NULL && strcmp(open, "true") != 0 && strcmp(open, "false") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"open\" can be true or false.");
    const int d = list->kind->division_field;
    if (division != NULL && (d < 0 || (dk_context_fields(ctx, list->kind) >> d & 1) == 0 || strlen(division) < 4 ||
                             strlen(division) > 12 || strspn(division, "0123456789") != strlen(division)))
        return dk_fail(&ctx->error, DK_INVALID,
                       "The parameter \"division\" is a code of 4 to 12 digits, where rows have one.");
    if (ret_query->by == NULL && division == NULL)
        return dk_fail(&ctx->error, DK_INVALID, "A list needs the parameter \"%s\" or \"division\".", by);
    *ret_html = format != NULL ? strcmp(format, "html") == 0 : !ctx->prefers_json;
    ctx->answer.vary_accept = format == NULL;
    return DK_OK;
}

dk_status dk_get_list(dk_context *ctx)
{
    const dk_list *list = dk_list_find(ctx->worker->catalogue, ctx->request->path[1], &ctx->viewer);
    if (list == NULL)
        return dk_fail(&ctx->error, DK_NOT_FOUND, NOTHING);
    dk_list_query query;
    writing w = {.ctx = ctx, .list = list};
    dk_status status = read_query(ctx, list, &query, &w.html);
    if (status != DK_OK)
        return status;
    dk_buf_init(&w.group);
    ctx->counted = true;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    if (w.html) {
        ctx->answer.type = "text/html; charset=utf-8";
        ctx->answer.page = true;
        dk_list_page_begin(&ctx->worker->body, ctx, &query);
    } else {
        begin_list(ctx, list);
        dk_json_member_integer(json, "generation", query.generation);
        dk_json_key(json, "groups");
        dk_json_array_begin(json);
    }
    status = dk_list_lines(ctx->worker->store, &query, add_line, &w, &ctx->error);
    end_group(&w);
    if (w.html) {
        dk_list_page_end(&ctx->worker->body, list, &w.all, w.n_groups);
    } else {
        dk_json_array_end(json);
        write_sums(json, list, &w.all);
        dk_json_object_end(json);
    }
    dk_buf_finish(&w.group);
    return status;
}
