/* /batches: what waits to be published, for staff in whose scope it lies. For everyone else there is nothing at these
 * addresses, in the words in which there is nothing at others. */
#include "store/document.h"
#include "store/preview.h"
#include "tiler/http.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGES_DEFAULT = 500, CHANGES_MOST = 2000 };

/* Who may preview. The one place that a role would be asked for. */
static dk_status may_preview(dk_context *ctx)
{
    return dk_preview_allowed(&ctx->viewer) ? DK_OK
                                            : dk_fail(&ctx->error, DK_NOT_FOUND, "There is nothing at this address.");
}

static void write_pending(dk_context *ctx, const dk_pending *pending)
{
    dk_json *json = &ctx->json;
    const dk_batch *batch = &pending->batch;
    dk_json_member_integer(json, "batch", batch->id);
    dk_json_member_text(json, "kind", pending->kind->name);
    dk_json_member_text(json, "kind_title", pending->kind->title);
    dk_json_key(json, "layer");
    dk_json_bool(json, pending->kind->geometry != DK_NO_GEOMETRY);
    dk_json_member_text(json, "title", batch->title);
    dk_json_member_text(json, "state", batch->state);
    dk_json_member_text(json, "loaded_at", batch->created_at);
    dk_json_member_text(json, "loaded_by", batch->loader[0] != '\0' ? batch->loader : NULL);
    dk_json_member_text(json, "reviewed_by", batch->reviewer[0] != '\0' ? batch->reviewer : NULL);
    dk_json_member_text(json, "reason", batch->reason[0] != '\0' ? batch->reason : NULL);
    dk_json_member_text(json, "due", batch->due[0] != '\0' ? batch->due : NULL);
    dk_json_key(json, "overdue");
    dk_json_bool(json, batch->overdue);
    dk_json_member_integer(json, "added", pending->added);
    dk_json_member_integer(json, "changed", pending->changed);
    dk_json_member_integer(json, "documents", pending->documents);
    dk_json_key(json, "whole");
    dk_json_bool(json, pending->whole);
    dk_json_key(json, "findings");
    if (pending->whole) {
        dk_json_object_begin(json);
        dk_json_member_integer(json, "sure", pending->strong);
        dk_json_member_integer(json, "perhaps", pending->weak);
        dk_json_object_end(json);
    } else {
        dk_json_null(json);
    }
}

static bool list_batch(const dk_pending *pending, void *user)
{
    dk_context *ctx = user;
    dk_json_object_begin(&ctx->json);
    write_pending(ctx, pending);
    dk_json_object_end(&ctx->json);
    return true;
}

dk_status dk_get_batches(dk_context *ctx)
{
    static const char *const params[] = {"f", "all", NULL};
    dk_status status = may_preview(ctx);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    const char *all = dk_request_param(ctx->request, "all");
    if (all != NULL && strcmp(all, "true") != 0 && strcmp(all, "false") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"all\" is true or false.");
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(&ctx->json);
    dk_json_key(&ctx->json, "batches");
    dk_json_array_begin(&ctx->json);
    status = dk_preview_batches(ctx->worker->store, &ctx->viewer, all != NULL && all[0] == 't', list_batch, ctx,
                                &ctx->error);
    dk_json_array_end(&ctx->json);
    dk_json_object_end(&ctx->json);
    return status;
}

/* The number in the path; one that is none names no batch. */
static dk_status read_number(dk_context *ctx, int64_t *ret_batch)
{
    const char *text = ctx->request->path[1];
    const size_t digits = strspn(text, "0123456789");
    *ret_batch = digits > 0 && digits <= 18 && text[digits] == '\0' ? strtoll(text, NULL, 10) : 0;
    return *ret_batch > 0 ? DK_OK : dk_fail(&ctx->error, DK_NOT_FOUND, "There is no such batch.");
}

static dk_status read_after(dk_context *ctx, int64_t *ret_after)
{
    const char *text = dk_request_param(ctx->request, "after");
    const size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    if (text != NULL && (digits == 0 || digits > 18 || text[digits] != '\0'))
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"after\" is what the page before gave as \"next\".");
    *ret_after = text != NULL ? strtoll(text, NULL, 10) : 0;
    return DK_OK;
}

static dk_status no_such_batch(dk_context *ctx, dk_status status)
{
    return status == DK_NOT_FOUND ? dk_fail(&ctx->error, DK_NOT_FOUND, "There is no such batch.") : status;
}

static bool ignore_batch(const dk_pending *pending, void *user)
{
    (void)pending;
    (void)user;
    return false;
}

static bool one_batch(const dk_pending *pending, void *user)
{
    dk_context *ctx = user;
    dk_json_object_begin(&ctx->json);
    write_pending(ctx, pending);
    return false;
}

static bool write_act(const dk_act *act, void *user)
{
    dk_context *ctx = user;
    dk_json *json = &ctx->json;
    dk_json_object_begin(json);
    dk_json_member_text(json, "what", act->kind);
    dk_json_member_text(json, "at", act->at);
    dk_json_member_text(json, "by", act->actor);
    dk_json_member_text(json, "reason", act->reason[0] != '\0' ? act->reason : NULL);
    dk_json_object_end(json);
    return true;
}

dk_status dk_get_batch(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    int64_t batch = 0;
    dk_status status = may_preview(ctx);
    if (status == DK_OK)
        status = read_number(ctx, &batch);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    status = dk_preview_batch(ctx->worker->store, &ctx->viewer, batch, one_batch, ctx, &ctx->error);
    if (status != DK_OK)
        return no_such_batch(ctx, status);
    dk_json_key(&ctx->json, "acts");
    dk_json_array_begin(&ctx->json);
    status = dk_preview_acts(ctx->worker->store, &ctx->viewer, batch, write_act, ctx, &ctx->error);
    dk_json_array_end(&ctx->json);
    dk_json_object_end(&ctx->json);
    return status;
}

/* ---- documents ---- */

typedef struct document_page {
    dk_context *ctx;
    int64_t batch, last;
    size_t n, limit;
    bool more;
} document_page;

static bool write_document(const dk_waiting_document *waiting, void *user)
{
    document_page *p = user;
    dk_json *json = &p->ctx->json;
    const dk_document *document = &waiting->document;
    dk_buf href;
    if (p->n == p->limit) {
        p->more = true;
        return false;
    }
    dk_buf_init(&href);
    dk_buf_format(&href, "%s/batches/%lld/documents/%s", p->ctx->config->base_path, (long long)p->batch,
                  document->sha256);
    dk_json_object_begin(json);
    dk_json_member_text(json, "kind", waiting->kind->name);
    dk_json_member_text(json, "key", waiting->key);
    dk_json_member_text(json, "name", document->name);
    dk_json_member_text(json, "sha256", document->sha256);
    dk_json_member_integer(json, "size", document->size);
    dk_json_member_text(json, "media_type", document->media_type);
    dk_json_key(json, "pages");
    if (document->pages > 0)
        dk_json_integer(json, document->pages);
    else
        dk_json_null(json);
    dk_json_member_text(json, "audience",
                        dk_audience_name(document->audience > waiting->kind->documents ? document->audience
                                                                                       : waiting->kind->documents));
    dk_json_member_text(json, "href", dk_buf_cstr(&href));
    dk_json_object_end(json);
    dk_buf_finish(&href);
    p->last = waiting->id;
    p->n++;
    return true;
}

dk_status dk_get_batch_documents(dk_context *ctx)
{
    static const char *const params[] = {"f", "limit", "after", NULL};
    document_page p = {.ctx = ctx};
    int64_t after = 0;
    dk_status status = may_preview(ctx);
    if (status == DK_OK)
        status = read_number(ctx, &p.batch);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = dk_context_limit(ctx, CHANGES_DEFAULT, CHANGES_MOST, &p.limit);
    if (status == DK_OK)
        status = read_after(ctx, &after);
    if (status == DK_OK)
        status = no_such_batch(
            ctx, dk_preview_batch(ctx->worker->store, &ctx->viewer, p.batch, ignore_batch, NULL, &ctx->error));
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(&ctx->json);
    dk_json_key(&ctx->json, "documents");
    dk_json_array_begin(&ctx->json);
    status = dk_documents_waiting(ctx->worker->store, p.batch, &ctx->viewer, after, write_document, &p, &ctx->error);
    dk_json_array_end(&ctx->json);
    dk_json_key(&ctx->json, "next");
    if (p.more)
        dk_json_integer(&ctx->json, p.last);
    else
        dk_json_null(&ctx->json);
    dk_json_object_end(&ctx->json);
    return status;
}

dk_status dk_get_batch_document(dk_context *ctx)
{
    int64_t batch = 0;
    dk_status status = may_preview(ctx);
    if (status == DK_OK)
        status = read_number(ctx, &batch);
    return status == DK_OK ? dk_answer_waiting_document(ctx, batch, ctx->request->path[3]) : status;
}

/* ---- changes ---- */

typedef struct page {
    dk_context *ctx;
    size_t n, counts[3];
    dk_status status;
} page;

static bool write_row(const dk_change *change, void *user)
{
    page *p = user;
    p->ctx->change = change;
    p->status = dk_write_feature(p->ctx, change->then != NULL ? change->then : change->now, false);
    p->ctx->change = NULL;
    p->n++;
    p->counts[change->kind]++;
    return p->status == DK_OK && p->ctx->worker->body.size < DK_BODY_MAX;
}

static dk_status read_bounds(dk_context *ctx, double bounds[4], bool *ret_any)
{
    const char *text = dk_request_param(ctx->request, "bbox");
    *ret_any = text != NULL;
    for (size_t i = 0; i < 4 && text != NULL; i++) {
        char *end;
        bounds[i] = strtod(text, &end);
        if (end == text || !isfinite(bounds[i]) || *end != (i < 3 ? ',' : '\0'))
            return dk_fail(&ctx->error, DK_INVALID, "The parameter \"bbox\" is west,south,east,north in degrees.");
        text = end + 1;
    }
    return DK_OK;
}

dk_status dk_get_batch_changes(dk_context *ctx)
{
    static const char *const params[] = {"f", "bbox", "limit", "after", "withdraw", NULL};
    dk_preview preview = {.viewer = &ctx->viewer};
    double bounds[4];
    bool bounded = false;
    int64_t next = 0;
    dk_status status = may_preview(ctx);
    if (status == DK_OK)
        status = read_number(ctx, &preview.batch);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status == DK_OK)
        status = dk_context_limit(ctx, CHANGES_DEFAULT, CHANGES_MOST, &preview.limit);
    if (status == DK_OK)
        status = read_bounds(ctx, bounds, &bounded);
    if (status == DK_OK)
        status = read_after(ctx, &preview.after);
    if (status != DK_OK)
        return status;
    const char *withdraw = dk_request_param(ctx->request, "withdraw");
    if (withdraw != NULL && strcmp(withdraw, "true") != 0 && strcmp(withdraw, "false") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"withdraw\" is true or false.");
    preview.withdraw = withdraw != NULL && withdraw[0] == 't';
    preview.bounds = bounded ? bounds : NULL;
    preview.generation = ctx->worker->generation.number;
    page p = {.ctx = ctx};
    dk_answer_json(ctx, "application/geo+json");
    dk_json_object_begin(&ctx->json);
    dk_json_member_text(&ctx->json, "type", "FeatureCollection");
    dk_json_key(&ctx->json, "features");
    dk_json_array_begin(&ctx->json);
    status = dk_preview_changes(ctx->worker->store, &preview, write_row, &p, &next, &ctx->error);
    if (status == DK_OK)
        status = p.status;
    if (status != DK_OK)
        return no_such_batch(ctx, status);
    dk_json_array_end(&ctx->json);
    ctx->counted = true;
    ctx->rows = p.n;
    dk_json_member_integer(&ctx->json, "numberReturned", (int64_t)p.n);
    dk_json_member_integer(&ctx->json, "added", (int64_t)p.counts[DK_CHANGE_ADDED]);
    dk_json_member_integer(&ctx->json, "changed", (int64_t)p.counts[DK_CHANGE_CHANGED]);
    dk_json_member_integer(&ctx->json, "removed", (int64_t)p.counts[DK_CHANGE_REMOVED]);
    dk_json_key(&ctx->json, "next");
    if (next > 0)
        dk_json_integer(&ctx->json, next);
    else
        dk_json_null(&ctx->json);
    dk_json_object_end(&ctx->json);
    return DK_OK;
}
