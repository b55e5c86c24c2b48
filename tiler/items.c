/* /collections/{c}/items, one item, and what is linked to one. */
#include "tiler/item_html.h"
#include "tiler/item_query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How many rows are linked, and the box of those that have an outline. */
typedef struct linked_all {
    int64_t rows;
    bool drawn;
    double extent[4]; /* west, south, east, north */
} linked_all;

static bool count_linked(const dk_row *row, void *user)
{
    linked_all *all = user;
    all->rows++;
    if (row->kind->geometry == DK_NO_GEOMETRY || row->undrawn)
        return true;
    for (int i = 0; i < 2; i++) {
        all->extent[i] = all->drawn ? fmin(all->extent[i], row->bounds[i]) : row->bounds[i];
        all->extent[i + 2] = all->drawn ? fmax(all->extent[i + 2], row->bounds[i + 2]) : row->bounds[i + 2];
    }
    all->drawn = true;
    return true;
}

/* A FeatureCollection, or a page with a table, while its rows arrive. */
typedef struct page {
    dk_context *ctx;
    const dk_kind *kind;
    const dk_kind *about; /* rows are linked to one of this kind; NULL: they are all of the collection's */
    dk_html html;
    linked_all all; /* of this page */
    size_t limit, rows;
    uint64_t fields; /* that are shown */
    bool cut;        /* ended early for its size */
    dk_buf last;     /* key of the last row, or what the next page's `after` is */
    dk_status status;
} page;

static bool page_row(const dk_row *row, void *user)
{
    page *p = user;
    dk_row shown = *row;
    shown.visible &= p->fields;
    if (p->ctx->html)
        dk_items_page_row(&p->html, &shown);
    else
        p->status = dk_write_feature(p->ctx, &shown, false);
    if (p->about != NULL)
        count_linked(row, &p->all);
    p->rows++;
    p->ctx->rows++;
    const dk_buf *body = &p->ctx->worker->body;
    if (body->size > DK_BODY_MAX)
        p->cut = true;
    return p->status == DK_OK && !p->cut && !body->failed;
}

static void page_begin(page *p, dk_context *ctx, const dk_kind *kind, const dk_kind *about, size_t limit)
{
    *p = (page){.ctx = ctx, .kind = kind, .about = about, .limit = limit, .fields = UINT64_MAX, .status = DK_OK};
    ctx->counted = true;
    dk_buf_init(&p->last);
    if (ctx->html) {
        dk_items_page_begin(&p->html, ctx, kind, about, about != NULL ? ctx->request->path[3] : NULL);
        return;
    }
    ctx->row_links = true;
    dk_answer_json(ctx, "application/geo+json");
    dk_json_object_begin(&ctx->json);
    dk_json_member_text(&ctx->json, "type", "FeatureCollection");
    dk_json_key(&ctx->json, "features");
    dk_json_array_begin(&ctx->json);
}

/* The request's own address, going on behind the last row. */
static void append_next_address(dk_buf *out, const dk_request *request, const char *after)
{
    static const char *const without[] = {"after", NULL};
    dk_append_own_address(out, request, without);
    const char *text = dk_buf_cstr(out);
    dk_buf_format(out, "%cafter=", text != NULL && strchr(text, '?') != NULL ? '&' : '?');
    dk_append_encoded(out, after);
}

/* The links of a page of JSON. next: NULL if there is none. */
static void write_page_links(dk_context *ctx, const dk_kind *kind, const char *next)
{
    static const char *const all[] = {NULL}, *const format[] = {"f", NULL};
    dk_buf address;
    dk_buf_init(&address);
    dk_json_key(&ctx->json, "links");
    dk_json_array_begin(&ctx->json);
    dk_append_own_address(&address, ctx->request, all);
    const char *text = dk_buf_cstr(&address);
    dk_write_link(ctx, "self", text != NULL ? text : "", "application/geo+json", NULL);
    dk_buf_clear(&address);
    dk_append_own_address(&address, ctx->request, format);
    text = dk_buf_cstr(&address);
    dk_buf_format(&address, "%cf=html", text != NULL && strchr(text, '?') != NULL ? '&' : '?');
    text = dk_buf_cstr(&address);
    dk_write_link(ctx, "alternate", text != NULL ? text : "", "text/html", NULL);
    dk_buf_clear(&address);
    dk_append_collection_path(&address, kind);
    text = dk_buf_cstr(&address);
    dk_write_link(ctx, "collection", text != NULL ? text : "", "application/json", kind->title);
    if (next != NULL)
        dk_write_link_whole(ctx, "next", next, "application/geo+json", NULL);
    dk_json_array_end(&ctx->json);
    if (address.failed)
        ctx->json.buf->failed = true;
    dk_buf_finish(&address);
}

/* matched: rows in all, -1 if it is not counted. extent: of all of them, NULL if it is not known. */
static dk_status page_end(page *p, int64_t matched, const double *extent, bool more)
{
    dk_context *ctx = p->ctx;
    dk_json *json = &ctx->json;
    dk_status status = DK_OK;
    dk_buf address;
    dk_buf_init(&address);
    if (more) {
        const char *after = dk_buf_cstr(&p->last);
        append_next_address(&address, ctx->request, after != NULL ? after : "");
    }
    const char *next = more ? dk_buf_cstr(&address) : NULL;
    if (ctx->html) {
        dk_items_page_end(&p->html, p->kind, p->about == NULL, matched, p->rows, next);
        goto out;
    }
    dk_json_array_end(json);
    if (extent != NULL) {
        dk_json_key(json, "bbox");
        if ((status = dk_write_box(ctx, extent)) != DK_OK)
            goto out;
    }
    if (matched >= 0)
        dk_json_member_integer(json, "numberMatched", matched);
    dk_json_member_integer(json, "numberReturned", (int64_t)p->rows);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    write_page_links(ctx, p->kind, next);
    dk_json_object_end(json);
out:
    if (address.failed || p->last.failed)
        ctx->worker->body.failed = true;
    dk_buf_finish(&address);
    return status;
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
    s->ctx->rows = 1;
    s->ctx->counted = true;
    s->status = s->ctx->html ? dk_item_page(s->ctx, row) : dk_write_feature(s->ctx, row, true);
    return false;
}

static dk_status no_such_item(dk_context *ctx, const dk_kind *kind)
{
    return dk_fail(&ctx->error, DK_NOT_FOUND, "The collection \"%s\" has no such published item.", kind->name);
}

dk_status dk_get_item(dk_context *ctx)
{
    static const char *const params[] = {"f", "crs", NULL};
    const dk_kind *kind;
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_format(ctx);
    if (status == DK_OK)
        status = dk_context_crs(ctx);
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
    page_begin(&p, ctx, kind, NULL, 1);
    dk_status status = dk_query_feature(ctx->worker->store, kind, strtoull(text, NULL, 10), &ctx->viewer,
                                        ctx->worker->generation.number, true, page_row, &p, &ctx->error);
    if (status == DK_NOT_FOUND)
        status = DK_OK; /* an empty collection, as a filter that matches nothing */
    if (status == DK_OK)
        status = p.status;
    if (status == DK_OK)
        status = page_end(&p, (int64_t)p.rows, NULL, false);
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

/* Rows of a filter, an order and a page. */
static dk_status items_by_query(dk_context *ctx, const dk_kind *kind)
{
    static const char *const also[] = {"count", "crs", NULL};
    dk_item_query asked;
    page p;
    int64_t matched = -1;
    page_begin(&p, ctx, kind, NULL, 0);
    dk_status status = dk_item_query_read(ctx, kind, DK_ROWS | DK_PAGES, also, &asked);
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
    if (status == DK_OK)
        status = page_end(&p, matched, NULL, more);
    dk_buf_finish(&p.last);
    dk_item_query_finish(&asked);
    return status;
}

dk_status dk_get_items(dk_context *ctx)
{
    static const char *const alone[] = {"feature", "f", "crs", NULL};
    const dk_request *const request = ctx->request;
    dk_request filled;
    const dk_kind *kind;
    dk_status status = dk_context_kind(ctx, request->path[1], &kind);
    if (status == DK_OK && dk_context_format(ctx) != DK_OK)
        status = dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"f\" is json or html here, or csv, xlsx, geojson, geojsonseq, gpkg, fgb or shp for all of "
            "it as a file.");
    if (status == DK_OK)
        status = dk_context_crs(ctx);
    if (status != DK_OK)
        return status;
    if (ctx->html) { /* perhaps by its form */
        dk_request_filled(request, &filled);
        ctx->request = &filled;
    }
    const char *feature = dk_request_param(ctx->request, "feature");
    if (feature == NULL)
        status = items_by_query(ctx, kind);
    else if ((status = dk_context_params(ctx, alone)) == DK_OK)
        status = items_by_feature(ctx, kind, feature);
    ctx->request = request;
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
    static const char *const params[] = {"limit", "after", "f", "crs", NULL};
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
        status = dk_context_format(ctx);
    if (status == DK_OK)
        status = dk_context_crs(ctx);
    if (status == DK_OK)
        status = dk_context_page_limit(ctx, DK_LIMIT_DEFAULT, DK_LIMIT_MAX, &limit);
    if (status != DK_OK)
        return status;
    if (dk_catalogue_link(ctx->worker->catalogue, kind, other, &reversed) == NULL)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "The catalogue does not link \"%s\" and \"%s\".", kind->name,
                       other->name);

    page p;
    page_begin(&p, ctx, other, kind, limit);
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
    linked_all all = p.all;
    if (status == DK_OK && (more || dk_request_param(request, "after") != NULL)) {
        all = (linked_all){0};
        status = dk_query_linked(store, kind, request->path[3], other, &ctx->viewer, generation, NULL, SIZE_MAX, true,
                                 count_linked, &all, &ctx->error);
    }
    if (status == DK_NOT_FOUND)
        status = no_such_item(ctx, kind);
    if (status == DK_OK)
        status = page_end(&p, all.rows, all.drawn ? all.extent : NULL, more);
    dk_buf_finish(&p.last);
    return status;
}
