/* /search: every collection at once, and the divisions. */
#include "store/search.h"
#include "tiler/http.h"

#include <stdio.h>
#include <stdlib.h>
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

static void write_box(dk_json *json, const double bounds[4])
{
    dk_json_key(json, "bbox");
    dk_json_array_begin(json);
    for (int i = 0; i < 4; i++)
        dk_json_degrees(json, bounds[i]);
    dk_json_array_end(json);
}

/* The names of the divisions around one. */
static void write_around(dk_json *json, const dk_division *division, const dk_catalogue *catalogue)
{
    dk_buf text;
    dk_buf_init(&text);
    for (size_t size = 6; size < strlen(division->code); size += 3) {
        char code[13];
        snprintf(code, sizeof code, "%.*s", (int)size, division->code);
        const dk_division *around = dk_catalogue_division(catalogue, code);
        if (around == NULL || text.size + strlen(around->name) > DETAIL_MAX)
            continue;
        if (text.size > 0)
            dk_buf_byte(&text, ' ');
        dk_buf_text(&text, around->name);
    }
    dk_json_key(json, "detail");
    dk_json_text_n(json, text.size > 0 ? (const char *)text.data : "", text.size);
    dk_buf_finish(&text);
}

typedef struct results {
    dk_json *json;
    const dk_catalogue *catalogue;
    size_t n;
} results;

static bool write_result(const dk_hit *hit, void *user)
{
    results *r = user;
    dk_json *json = r->json;
    r->n++;
    const dk_row *row = hit->row;
    dk_json_object_begin(json);
    if (row != NULL) {
        dk_json_member_text(json, "kind", row->kind->name);
        dk_json_member_text(json, "kind_title", row->kind->title);
        dk_json_member_text(json, "key", row->key);
        dk_json_member_text(json, "label", row->label);
        write_detail(json, row);
    } else {
        dk_json_member_text(json, "kind", "division");
        dk_json_member_text(json, "kind_title", "行政区");
        dk_json_member_text(json, "key", hit->division->code);
        dk_json_member_text(json, "label", hit->division->name);
        write_around(json, hit->division, r->catalogue);
        dk_json_member_text(json, "division", hit->division->code); /* no row: a kind may have that name too */
    }
    dk_json_member_text(json, "match", dk_match_name(hit->match));
    if (row != NULL && row->undrawn) {
        dk_json_key(json, "undrawn");
        dk_json_bool(json, true);
    } else if (hit->has_bounds) {
        write_box(json, hit->bounds);
    }
    if (row != NULL)
        dk_json_member_integer(json, "feature", (int64_t)row->feature);
    dk_json_object_end(json);
    return true;
}

/* The parameter per_kind: hits of one kind at most. */
static dk_status read_per_kind(dk_context *ctx, size_t *ret_most)
{
    const char *text = dk_request_param(ctx->request, "per_kind");
    *ret_most = 0;
    if (text == NULL)
        return DK_OK;
    const size_t size = strlen(text);
    if (size == 0 || size > 3 || strspn(text, "0123456789") != size || atoi(text) < 1 || atoi(text) > SEARCH_MAX)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"per_kind\" must be a number from 1 to %d.",
                       SEARCH_MAX);
    *ret_most = (size_t)atoi(text);
    return DK_OK;
}

dk_status dk_get_search(dk_context *ctx)
{
    static const char *const params[] = {"q", "limit", "per_kind", "f", NULL};
    dk_search search = {.viewer = &ctx->viewer, .generation = ctx->worker->generation.number};
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = dk_context_limit(ctx, SEARCH_DEFAULT, SEARCH_MAX, &search.limit);
    if (status == DK_OK)
        status = read_per_kind(ctx, &search.per_kind);
    if (status != DK_OK)
        return status;
    search.text = dk_request_param(ctx->request, "q");
    if (search.text == NULL || search.text[strspn(search.text, " ")] == '\0')
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"q\" is needed: the text to search for.");
    if (strlen(search.text) > QUERY_MAX)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"q\" is longer than %d bytes.", QUERY_MAX);

    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "q", search.text);
    dk_json_member_integer(json, "generation", search.generation);
    dk_json_key(json, "results");
    dk_json_array_begin(json);
    bool complete = true;
    results r = {.json = json, .catalogue = dk_store_catalogue(ctx->worker->store)};
    status = dk_search_run(ctx->worker->store, &search, write_result, &r, &complete, &ctx->error);
    dk_json_array_end(json);
    dk_json_key(json, "complete");
    dk_json_bool(json, complete);
    dk_json_object_end(json);
    ctx->rows = r.n;
    ctx->counted = true;
    return status;
}
