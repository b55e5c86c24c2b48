#include "tiler/download_query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static dk_status parse_bbox(dk_context *ctx, const char *text, double ret_bounds[4])
{
    double bounds[4];
    const char *at = text;
    for (int i = 0; i < 4; i++) {
        char *end;
        if (*at == '\0' || strchr("+-.0123456789", *at) == NULL)
            goto wrong;
        bounds[i] = strtod(at, &end);
        if (end == at || !isfinite(bounds[i]) || memchr(at, 'x', (size_t)(end - at)) != NULL ||
            *end != (i < 3 ? ',' : '\0'))
            goto wrong;
        at = end + 1;
    }
    if (bounds[0] > bounds[2] || bounds[1] > bounds[3])
        goto wrong;
    memcpy(ret_bounds, bounds, sizeof bounds);
    return DK_OK;
wrong:
    return dk_fail(&ctx->error, DK_INVALID,
                   "The parameter \"bbox\" is four finite numbers in degrees: west,south,east,north.");
}

static dk_status parse_limit(dk_context *ctx, const char *text, size_t *ret_limit)
{
    const size_t digits = strspn(text, "0123456789");
    const unsigned long long value = digits > 0 && digits <= 12 && text[digits] == '\0' ? strtoull(text, NULL, 10) : 0;
    if (value < 1)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"limit\" is a whole number from 1 on.");
    *ret_limit = value;
    return DK_OK;
}

/* The fields of `properties`, or all. */
static dk_status choose_columns(dk_context *ctx, const dk_kind *kind, uint64_t visible, dk_row_columns *columns)
{
    const char *wanted = dk_request_param(ctx->request, "properties");
    columns->kind = kind;
    columns->n = 0;
    if (wanted == NULL) {
        for (size_t i = 0; i < kind->n_fields; i++)
            if (visible >> i & 1)
                columns->field[columns->n++] = (int)i;
        return DK_OK;
    }
    uint64_t taken = 0;
    for (const char *at = wanted; *at != '\0';) {
        const size_t size = strcspn(at, ",");
        int field = -1;
        for (size_t i = 0; i < kind->n_fields; i++)
            if (strlen(kind->fields[i].name) == size && memcmp(kind->fields[i].name, at, size) == 0)
                field = (int)i;
        if (field < 0 || (visible >> field & 1) == 0)
            return dk_fail(&ctx->error, DK_INVALID,
                           "The parameter \"properties\" names \"%.*s\": the collection \"%s\" has no such field.",
                           size < 100 ? (int)size : 100, at, kind->name);
        if ((taken >> field & 1) == 0)
            columns->field[columns->n++] = field;
        taken |= UINT64_C(1) << field;
        at += size + (at[size] == ',');
    }
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
    static const char *const own[] = {"f", "properties", "header", "geometry", NULL};
    const dk_request *request = ctx->request;
    const dk_kind *kind;
    dk_status status = dk_context_kind(ctx, request->path[1], &kind);
    if (status != DK_OK)
        return status;
    const uint64_t visible = dk_context_fields(ctx, kind);
    q->limit = SIZE_MAX;
    q->query = (dk_query){.kind = kind,
                          .viewer = &ctx->viewer,
                          .generation = ctx->worker->generation.number,
                          .filters = q->filters,
                          .limit = DK_ROWS_AT_ONCE,
                          .with_geometry = true};
    for (size_t i = 0; i < request->n_params && status == DK_OK; i++) {
        const dk_param *param = &request->params[i];
        size_t k = 0;
        while (own[k] != NULL && strcmp(own[k], param->name) != 0)
            k++;
        if (own[k] != NULL)
            continue;
        if (strcmp(param->name, "limit") == 0) {
            status = parse_limit(ctx, param->value, &q->limit);
        } else if (strcmp(param->name, "bbox") == 0) {
            if (kind->geometry == DK_NO_GEOMETRY)
                return dk_fail(&ctx->error, DK_INVALID,
                               "The parameter \"bbox\" is for layers; the collection \"%s\" has no geometry.", kind->name);
            status = parse_bbox(ctx, param->value, q->bounds);
            q->query.bounds = q->bounds;
        } else {
            const int field = dk_kind_field(kind, param->name);
            if (field < 0 || (visible >> field & 1) == 0)
                return dk_fail(&ctx->error, DK_INVALID,
                               "The parameter \"%.100s\" is not known here: the collection \"%s\" has no such field to "
                               "filter by.",
                               param->name, kind->name);
            q->filters[q->query.n_filters++] = (dk_filter){field, param->value};
        }
    }
    if (status == DK_OK)
        status = choose_columns(ctx, kind, visible, &q->columns);
    if (status == DK_OK)
        status = choose(ctx, "header", "titles", "names", &q->columns.names);
    if (status == DK_OK)
        status = choose(ctx, "geometry", "none", "wkt", &q->columns.wkt);
    if (status == DK_OK && q->columns.wkt && kind->geometry == DK_NO_GEOMETRY)
        status = dk_fail(&ctx->error, DK_INVALID,
                         "The parameter \"geometry\" is for layers; the collection \"%s\" has no geometry.", kind->name);
    return status;
}

/* To be dk_query_page: a token of the last row is its key. */
typedef struct page {
    dk_row_fn each;
    void *user;
    dk_buf *after;
    size_t rows;
    bool stopped;
} page;

static bool page_row(const dk_row *row, void *user)
{
    page *p = user;
    p->rows++;
    dk_buf_clear(p->after);
    dk_buf_text(p->after, row->key);
    p->stopped = !p->each(row, p->user);
    return !p->stopped;
}

dk_status dk_download_page(dk_store *store, const dk_download_query *query, dk_row_fn each, void *user, dk_buf *io_after,
                           bool *ret_more, dk_error *err)
{
    dk_query q = query->query;
    dk_buf after;
    dk_buf_init(&after);
    page p = {.each = each, .user = user, .after = &after};
    if (io_after->size > 0 && (q.after = dk_buf_cstr(io_after)) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = dk_query_rows(store, &q, page_row, &p, err);
    if (status == DK_OK && after.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    *ret_more = p.rows == q.limit || p.stopped;
    dk_buf_finish(io_after);
    *io_after = after;
    return status;
}
