#include "tiler/download_query.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SECONDS 60.0 /* downloads have threads of their own */
enum { PAGE_ROWS = 2000 };

static dk_status read_limit(dk_context *ctx, size_t *ret_limit)
{
    const char *text = dk_request_param(ctx->request, "limit");
    *ret_limit = SIZE_MAX;
    if (text == NULL)
        return DK_OK;
    const size_t digits = strspn(text, "0123456789");
    const unsigned long long value = digits > 0 && digits <= 12 && text[digits] == '\0' ? strtoull(text, NULL, 10) : 0;
    if (value < 1)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"limit\" is a whole number from 1 on.");
    *ret_limit = value;
    return DK_OK;
}

static dk_status choose(dk_context *ctx, const char *name, const char *first, const char *second, bool *ret_second)
{
    const char *text = dk_request_param(ctx->request, name);
    *ret_second = text != NULL && strcmp(text, second) == 0;
    if (text != NULL && !*ret_second && strcmp(text, first) != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"%s\" can be %s or %s here.", name, first, second);
    return DK_OK;
}

dk_status dk_download_query_read(dk_context *ctx, dk_download_query *q)
{
    static const char *const own[] = {"limit", "header", "geometry", NULL};
    const dk_kind *kind;
    memset(q, 0, sizeof *q);
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK && dk_request_param(ctx->request, "crs") != NULL)
        status = dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"crs\" is for f=json and f=html: files are in EPSG:4490; leave it out, and let ogr2ogr or "
            "QGIS transform the file.");
    if (status == DK_OK)
        status = dk_item_query_read(ctx, kind, DK_ROWS | DK_PAGES, own, &q->items);
    if (status == DK_OK)
        status = read_limit(ctx, &q->limit);
    if (status == DK_OK)
        status = choose(ctx, "header", "titles", "names", &q->columns.names);
    if (status == DK_OK)
        status = choose(ctx, "geometry", "none", "wkt", &q->columns.wkt);
    if (status == DK_OK && q->columns.wkt && kind->geometry == DK_NO_GEOMETRY)
        status =
            dk_fail(&ctx->error, DK_INVALID,
                    "The parameter \"geometry\" is for layers; the collection \"%s\" has no geometry.", kind->name);
    if (status != DK_OK)
        return status;
    /* In an order of its own each page sorts all rows anew. */
    q->items.query.limit = q->items.query.n_orders > 0 ? DK_ROWS_AT_ONCE : PAGE_ROWS;
    q->items.query.seconds = PAGE_SECONDS;
    q->columns.kind = kind;
    const uint64_t shown = dk_context_shown(ctx, kind) & q->items.fields;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (shown >> i & 1)
            q->columns.field[q->columns.n++] = (int)i;
    return DK_OK;
}
