#include "tiler/http.h"

#include <stdlib.h>
#include <string.h>

void dk_append_base(dk_context *ctx, dk_buf *out)
{
    if (ctx->host != NULL) {
        dk_buf_format(out, "%s://%s", ctx->scheme, ctx->host);
        ctx->answer.vary_scheme = true;
    }
    dk_buf_text(out, ctx->config->base_path);
}

void dk_answer_json(dk_context *ctx, const char *type)
{
    ctx->answer.type = type;
    dk_buf_clear(&ctx->worker->body);
    dk_json_init(&ctx->json, &ctx->worker->body);
}

uint64_t dk_context_fields(const dk_context *ctx, const dk_kind *kind)
{
    const dk_view view = dk_view_of(kind, &ctx->viewer);
    return (view.unseen_inside ? 0 : view.inside) | (view.unseen_outside ? 0 : view.outside);
}

uint64_t dk_context_shown(const dk_context *ctx, const dk_kind *kind)
{
    const dk_view view = dk_view_of(kind, &ctx->viewer);
    return dk_context_fields(ctx, kind) | (view.unseen_inside ? 0 : view.masked_inside) |
           (view.unseen_outside ? 0 : view.masked_outside);
}

bool dk_context_sees(const dk_context *ctx, const dk_kind *kind)
{
    return dk_kind_seen(kind, &ctx->viewer);
}

int dk_context_max_zoom(const dk_context *ctx, const dk_kind *layer)
{
    const dk_view view = dk_view_of(layer, &ctx->viewer);
    return dk_view_last_zoom(&view) < layer->max_zoom ? dk_view_last_zoom(&view) : layer->max_zoom;
}

bool dk_context_coarse(const dk_context *ctx, const dk_kind *layer)
{
    const dk_view view = dk_view_of(layer, &ctx->viewer);
    return dk_view_any_coarse(&view);
}

dk_status dk_context_summary(dk_context *ctx, const dk_kind *kind, dk_summary *ret_summary)
{
    const dk_view view = dk_view_of(kind, &ctx->viewer);
    const dk_summary *all = NULL;
    dk_status status;
    if (dk_view_every_row(&view) && !dk_view_any_coarse(&view)) {
        status = dk_worker_summary(ctx->worker, kind, &all, &ctx->error);
        if (status == DK_OK)
            *ret_summary = *all;
        return status;
    }
    *ret_summary = (dk_summary){.generation = ctx->worker->generation.number};
    status = dk_query_summary_seen(ctx->worker->store, kind, &ctx->viewer, ret_summary->generation, &ret_summary->rows,
                                   &ret_summary->undrawn, ret_summary->bounds, &ctx->error);
    if (status == DK_OK && ret_summary->rows < 0)
        status = dk_fail(&ctx->error, DK_LIMIT, "Counting the rows of \"%s\" takes too long; try again.", kind->name);
    return status;
}

dk_status dk_context_kind(dk_context *ctx, const char *name, const dk_kind **ret_kind)
{
    const dk_kind *kind = dk_catalogue_kind(ctx->worker->catalogue, name);
    if (kind == NULL || !dk_context_sees(ctx, kind))
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no collection \"%.100s\"; /collections lists them.", name);
    *ret_kind = kind;
    return DK_OK;
}

dk_status dk_context_params(dk_context *ctx, const char *const *names)
{
    for (size_t i = 0; i < ctx->request->n_params; i++) {
        const char *name = ctx->request->params[i].name;
        size_t j = 0;
        while (names[j] != NULL && strcmp(names[j], name) != 0)
            j++;
        if (names[j] == NULL)
            return dk_fail(&ctx->error, DK_INVALID, "The parameter \"%.100s\" is not known here.", name);
    }
    return DK_OK;
}

dk_status dk_context_limit(dk_context *ctx, size_t fallback, size_t max, size_t *ret_limit)
{
    const char *text = dk_request_param(ctx->request, "limit");
    if (text == NULL) {
        *ret_limit = fallback;
        return DK_OK;
    }
    const size_t digits = strspn(text, "0123456789");
    const unsigned long value = digits > 0 && digits <= 6 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;
    if (value < 1 || value > max)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"limit\" is a whole number from 1 to %zu.", max);
    *ret_limit = value;
    return DK_OK;
}

dk_status dk_context_page_limit(dk_context *ctx, size_t fallback, size_t max, size_t *ret_limit)
{
    const char *text = dk_request_param(ctx->request, "limit");
    const size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    const char *first = text != NULL ? text + strspn(text, "0") : NULL;
    if (digits > 0 && text[digits] == '\0' && (strlen(first) > 6 || strtoul(first, NULL, 10) > max)) {
        *ret_limit = max;
        return DK_OK;
    }
    return dk_context_limit(ctx, fallback, max, ret_limit);
}

dk_status dk_context_json_only(dk_context *ctx)
{
    const char *format = dk_request_param(ctx->request, "f");
    if (format != NULL && strcmp(format, "json") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can only be json here.");
    return DK_OK;
}

dk_status dk_context_format(dk_context *ctx)
{
    const char *format = dk_request_param(ctx->request, "f");
    if (format != NULL && strcmp(format, "json") != 0 && strcmp(format, "html") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can only be json or html here.");
    ctx->answer.vary_accept = format == NULL;
    ctx->html = format != NULL ? strcmp(format, "html") == 0 : ctx->prefers_html;
    return DK_OK;
}

dk_status dk_context_crs(dk_context *ctx)
{
    const char *uri = dk_request_param(ctx->request, "crs");
    ctx->answer.crs = dk_crs_default();
    return uri == NULL ? DK_OK : dk_crs_read("crs", uri, &ctx->answer.crs, &ctx->error);
}

static void write_link(dk_context *ctx, bool whole, bool templated, const char *rel, const char *path, const char *type,
                       const char *title)
{
    dk_json *json = &ctx->json;
    dk_buf href;
    dk_buf_init(&href);
    if (whole)
        dk_append_base(ctx, &href);
    else
        dk_buf_text(&href, ctx->config->base_path);
    dk_buf_text(&href, path);
    dk_json_object_begin(json);
    dk_json_member_text(json, "rel", rel);
    dk_json_key(json, "href");
    dk_json_text_n(json, (const char *)href.data, href.size);
    if (href.failed)
        json->buf->failed = true;
    if (type != NULL)
        dk_json_member_text(json, "type", type);
    if (title != NULL)
        dk_json_member_text(json, "title", title);
    if (templated) {
        dk_json_key(json, "templated");
        dk_json_bool(json, true);
    }
    dk_json_object_end(json);
    dk_buf_finish(&href);
}

void dk_write_link(dk_context *ctx, const char *rel, const char *path, const char *type, const char *title)
{
    write_link(ctx, false, false, rel, path, type, title);
}

void dk_write_link_whole(dk_context *ctx, const char *rel, const char *path, const char *type, const char *title)
{
    write_link(ctx, true, false, rel, path, type, title);
}

void dk_write_link_template(dk_context *ctx, const char *rel, const char *path, const char *type, const char *title)
{
    write_link(ctx, false, true, rel, path, type, title);
}

void dk_write_own_links(dk_context *ctx, const char *path, const char *json_type)
{
    dk_buf other;
    dk_buf_init(&other);
    dk_buf_format(&other, "%s%cf=html", path, strchr(path, '?') != NULL ? '&' : '?');
    const char *text = dk_buf_cstr(&other);
    dk_write_link(ctx, "self", path, json_type, NULL);
    dk_write_link(ctx, "alternate", text != NULL ? text : "", "text/html", NULL);
    if (other.failed)
        ctx->json.buf->failed = true;
    dk_buf_finish(&other);
}

void dk_append_own_address(dk_buf *out, const dk_request *request, const char *const *without)
{
    for (size_t i = 0; i < request->n_path; i++) {
        dk_buf_byte(out, '/');
        dk_append_encoded(out, request->path[i]);
    }
    unsigned char separator = '?';
    for (size_t i = 0; i < request->n_params; i++) {
        const dk_param *param = &request->params[i];
        size_t j = 0;
        while (without[j] != NULL && strcmp(without[j], param->name) != 0)
            j++;
        if (without[j] != NULL)
            continue;
        dk_buf_byte(out, separator);
        separator = '&';
        dk_append_encoded(out, param->name);
        dk_buf_byte(out, '=');
        dk_append_encoded(out, param->value);
    }
}

void dk_append_encoded(dk_buf *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char *to = dk_buf_reserve(out, 3 * strlen(text));
    if (to == NULL)
        return;
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '-' ||
            *at == '.' || *at == '_' || *at == '~') {
            *to++ = *at;
        } else {
            *to++ = '%';
            *to++ = (unsigned char)hex[*at >> 4];
            *to++ = (unsigned char)hex[*at & 15];
        }
    }
    out->size = (size_t)(to - out->data);
}

void dk_append_item_path(dk_buf *out, const dk_kind *kind, const char *key)
{
    dk_buf_text(out, "/collections/");
    dk_append_encoded(out, kind->name);
    dk_buf_text(out, "/items/");
    dk_append_encoded(out, key);
}
