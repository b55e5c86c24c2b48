/* /collections/{c}/items, one item, and what is linked to one. */
#include "tiler/http.h"
#include "tiler/item_query.h"

#include <stdlib.h>
#include <string.h>

/* A FeatureCollection while its rows arrive. */
typedef struct page {
    dk_context *ctx;
    size_t limit, rows;
    uint64_t fields; /* that are shown */
    bool cut;    /* ended early for its size */
    dk_buf last; /* key of the last row, or what the next page's `after` is */
    dk_status status;
} page;

static bool page_row(const dk_row *row, void *user)
{
    page *p = user;
    dk_row shown = *row;
    shown.visible &= p->fields;
    p->status = dk_write_feature(p->ctx, &shown, false);
    p->rows++;
    if (p->ctx->json.buf->size > DK_BODY_MAX)
        p->cut = true;
    return p->status == DK_OK && !p->cut && !p->ctx->json.buf->failed;
}

static void page_begin(page *p, dk_context *ctx, size_t limit)
{
    *p = (page){.ctx = ctx, .limit = limit, .fields = UINT64_MAX, .status = DK_OK};
    dk_buf_init(&p->last);
    dk_answer_json(ctx, "application/geo+json");
    dk_json_object_begin(&ctx->json);
    dk_json_member_text(&ctx->json, "type", "FeatureCollection");
    dk_json_key(&ctx->json, "features");
    dk_json_array_begin(&ctx->json);
}

/* The request's own address, going on behind the last row if `after` is not NULL. */
static void append_own_address(dk_buf *out, const dk_request *request, const char *after)
{
    for (size_t i = 0; i < request->n_path; i++) {
        dk_buf_byte(out, '/');
        dk_append_encoded(out, request->path[i]);
    }
    unsigned char separator = '?';
    for (size_t i = 0; i < request->n_params; i++) {
        const dk_param *param = &request->params[i];
        if (after != NULL && strcmp(param->name, "after") == 0)
            continue;
        dk_buf_byte(out, separator);
        separator = '&';
        dk_append_encoded(out, param->name);
        dk_buf_byte(out, '=');
        dk_append_encoded(out, param->value);
    }
    if (after != NULL) {
        dk_buf_byte(out, separator);
        dk_buf_text(out, "after=");
        dk_append_encoded(out, after);
    }
}

/* matched: rows in all, -1 if it is not counted. */
static void page_end(page *p, int64_t matched, bool more)
{
    dk_context *ctx = p->ctx;
    dk_json *json = &ctx->json;
    dk_json_array_end(json);
    if (matched >= 0)
        dk_json_member_integer(json, "numberMatched", matched);
    dk_json_member_integer(json, "numberReturned", (int64_t)p->rows);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    dk_buf address;
    dk_buf_init(&address);
    append_own_address(&address, ctx->request, NULL);
    const char *text = dk_buf_cstr(&address);
    if (text != NULL)
        dk_write_link(ctx, "self", text, "application/geo+json", NULL);
    if (more) {
        const char *after = dk_buf_cstr(&p->last);
        dk_buf_clear(&address);
        append_own_address(&address, ctx->request, after != NULL ? after : "");
        text = dk_buf_cstr(&address);
        if (text != NULL)
            dk_write_link(ctx, "next", text, "application/geo+json", NULL);
    }
    if (address.failed || p->last.failed)
        json->buf->failed = true;
    dk_buf_finish(&address);
    dk_json_array_end(json);
    dk_json_object_end(json);
}

static bool any_row(const dk_row *row, void *user)
{
    (void)row;
    *(bool *)user = true;
    return false;
}

/* ---- one item ---- */

typedef struct single {
    dk_context *ctx;
    dk_status status;
} single;

static bool single_row(const dk_row *row, void *user)
{
    single *s = user;
    s->status = dk_write_feature(s->ctx, row, true);
    return false;
}

static dk_status no_such_item(dk_context *ctx, const dk_kind *kind)
{
    return dk_fail(&ctx->error, DK_NOT_FOUND, "The collection \"%s\" has no such published item.", kind->name);
}

dk_status dk_get_item(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_kind *kind;
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/geo+json");
    single s = {ctx, DK_OK};
    status = dk_query_row(ctx->worker->store, kind, ctx->request->path[3], &ctx->viewer, ctx->worker->generation.number,
                          true, single_row, &s, &ctx->error);
    if (status == DK_NOT_FOUND)
        return no_such_item(ctx, kind);
    return status != DK_OK ? status : s.status;
}

/* ---- many items ---- */

static dk_status items_by_feature(dk_context *ctx, const dk_kind *kind, const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"feature\" is a whole number, as a tile's feature id.");
    page p;
    page_begin(&p, ctx, 1);
    dk_status status = dk_query_feature(ctx->worker->store, kind, strtoull(text, NULL, 10), &ctx->viewer,
                                        ctx->worker->generation.number, true, page_row, &p, &ctx->error);
    if (status == DK_NOT_FOUND)
        status = DK_OK; /* an empty collection, as a filter that matches nothing */
    if (status == DK_OK)
        status = p.status;
    page_end(&p, (int64_t)p.rows, false);
    dk_buf_finish(&p.last);
    return status;
}

#define COUNT_SECONDS 1.0 /* for who asks how many rows match */

/* How many rows match in all: where that is known, or asked for and not too much work. -1: it is not said. */
static dk_status count_matches(dk_context *ctx, const dk_query *query, const page *p, bool more, int64_t *ret_count)
{
    const char *asked = dk_request_param(ctx->request, "count");
    *ret_count = -1;
    if (asked != NULL && strcmp(asked, "true") != 0 && strcmp(asked, "false") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"count\" is true or false.");
    if (query->n_filters > 0 && query->after == NULL && !more) {
        *ret_count = (int64_t)p->rows;
        return DK_OK;
    }
    if (query->n_filters > 0 && (asked == NULL || strcmp(asked, "true") != 0))
        return DK_OK;
    return dk_query_count(ctx->worker->store, query, COUNT_SECONDS, ret_count, &ctx->error);
}

dk_status dk_get_items(dk_context *ctx)
{
    static const char *const alone[] = {"feature", "f", NULL};
    static const char *const also[] = {"count", NULL};
    const dk_request *request = ctx->request;
    const dk_kind *kind;
    dk_item_query asked = {0};
    dk_status status = dk_context_kind(ctx, request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    const char *feature = dk_request_param(request, "feature");
    if (feature != NULL) {
        status = dk_context_params(ctx, alone);
        return status != DK_OK ? status : items_by_feature(ctx, kind, feature);
    }
    page p;
    int64_t matched = -1;
    page_begin(&p, ctx, 0);
    status = dk_item_query_read(ctx, kind, DK_ROWS | DK_PAGES, also, &asked);
    if (status == DK_OK) {
        p.limit = asked.query.limit;
        p.fields = asked.fields;
        status = dk_query_page(ctx->worker->store, &asked.query, page_row, &p, &p.last, &ctx->error);
    }
    if (status == DK_OK)
        status = p.status;
    const bool more = p.last.size > 0;
    if (status == DK_OK)
        status = count_matches(ctx, &asked.query, &p, more, &matched);
    page_end(&p, matched, more);
    dk_buf_finish(&p.last);
    dk_item_query_finish(&asked);
    return status;
}

/* ---- what is linked ---- */

/* Rows come by key here, and the next page begins behind the last one's. */
static bool linked_row(const dk_row *row, void *user)
{
    page *p = user;
    dk_buf_clear(&p->last);
    dk_buf_text(&p->last, row->key);
    return page_row(row, user);
}

dk_status dk_get_linked(dk_context *ctx)
{
    static const char *const params[] = {"limit", "after", "f", NULL};
    const dk_request *request = ctx->request;
    const dk_kind *kind, *other;
    size_t limit;
    bool reversed;
    dk_status status = dk_context_kind(ctx, request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_kind(ctx, request->path[4], &other);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = dk_context_limit(ctx, DK_LIMIT_DEFAULT, DK_LIMIT_MAX, &limit);
    if (status != DK_OK)
        return status;
    if (dk_catalogue_link(ctx->worker->catalogue, kind, other, &reversed) == NULL)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "The catalogue does not link \"%s\" and \"%s\".", kind->name,
                       other->name);

    page p;
    page_begin(&p, ctx, limit);
    dk_store *store = ctx->worker->store;
    const int64_t generation = ctx->worker->generation.number;
    status = dk_query_linked(store, kind, request->path[3], other, &ctx->viewer, generation,
                             dk_request_param(request, "after"), limit, true, linked_row, &p, &ctx->error);
    bool more = p.cut;
    if (status == DK_OK)
        status = p.status;
    if (status == DK_OK && p.rows == limit && !p.cut) {
        const char *last = dk_buf_cstr(&p.last);
        status = last == NULL ? DK_NOMEM
                              : dk_query_linked(store, kind, request->path[3], other, &ctx->viewer, generation, last, 1,
                                                false, any_row, &more, &ctx->error);
    }
    if (status == DK_NOT_FOUND)
        status = no_such_item(ctx, kind);
    page_end(&p, -1, more);
    dk_buf_finish(&p.last);
    return status;
}
