/* /search: every collection at once. */
#include "tiler/http.h"

#include <string.h>

enum { SEARCH_DEFAULT = 20, SEARCH_MAX = 100, QUERY_MAX = 200, DETAIL_MAX = 200 };

/* The other searchable fields of a row in one line, without what the label says already. */
static void write_detail(dk_json *json, const dk_row *row)
{
    dk_buf text;
    dk_buf_init(&text);
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        const dk_value *value = &row->values[i];
        if (!row->kind->fields[i].in_search || (row->visible >> i & 1) == 0 || value->type != DK_TEXT ||
            value->text.size == 0 || strcmp(value->text.data, row->label) == 0)
            continue;
        if (text.size + value->text.size > DETAIL_MAX)
            continue;
        if (text.size > 0)
            dk_buf_text(&text, " · ");
        dk_buf_append(&text, value->text.data, value->text.size);
    }
    dk_json_key(json, "detail");
    dk_json_text_n(json, text.size > 0 ? (const char *)text.data : "", text.size);
    dk_buf_finish(&text);
}

static bool write_result(const dk_row *row, void *user)
{
    dk_json *json = user;
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", row->kind->name);
    dk_json_member_text(json, "kind_title", row->kind->title);
    dk_json_member_text(json, "key", row->key);
    dk_json_member_text(json, "label", row->label);
    write_detail(json, row);
    if (row->undrawn) {
        dk_json_key(json, "undrawn");
        dk_json_bool(json, true);
    } else if (row->kind->geometry != DK_NO_GEOMETRY) {
        dk_json_key(json, "bbox");
        dk_json_array_begin(json);
        for (int i = 0; i < 4; i++)
            dk_json_degrees(json, row->bounds[i]);
        dk_json_array_end(json);
    }
    dk_json_member_integer(json, "feature", (int64_t)row->feature);
    dk_json_object_end(json);
    return true;
}

dk_status dk_get_search(dk_context *ctx)
{
    static const char *const params[] = {"q", "limit", "f", NULL};
    size_t limit;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = dk_context_limit(ctx, SEARCH_DEFAULT, SEARCH_MAX, &limit);
    if (status != DK_OK)
        return status;
    const char *text = dk_request_param(ctx->request, "q");
    if (text == NULL || text[strspn(text, " ")] == '\0')
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"q\" is needed: the text to search for.");
    if (strlen(text) > QUERY_MAX)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"q\" is longer than %d bytes.", QUERY_MAX);

    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "q", text);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_key(json, "results");
    dk_json_array_begin(json);
    bool complete = true;
    status = dk_search(ctx->worker->store, text, &ctx->viewer, ctx->worker->generation.number, limit, write_result,
                       json, &complete, &ctx->error);
    dk_json_array_end(json);
    dk_json_key(json, "complete");
    dk_json_bool(json, complete);
    dk_json_object_end(json);
    return status;
}
