/* /collections and one collection: what there is, with its extent. */
#include "tiler/http.h"

static void write_box(dk_json *json, const double bounds[4])
{
    dk_json_array_begin(json);
    for (int i = 0; i < 4; i++)
        dk_json_degrees(json, bounds[i]);
    dk_json_array_end(json);
}

static dk_status write_collection(dk_context *ctx, const dk_kind *kind)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_json *json = &ctx->json;
    const dk_summary *summary;
    dk_status status = dk_worker_summary(ctx->worker, kind, &summary, &ctx->error);
    if (status != DK_OK)
        return status;
    dk_buf path;
    dk_buf_init(&path);
    dk_buf_text(&path, "/collections/");
    dk_append_encoded(&path, kind->name);

    dk_json_object_begin(json);
    dk_json_member_text(json, "id", kind->name);
    dk_json_member_text(json, "title", kind->title);
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    dk_json_member_text(json, "itemType", layer ? "feature" : "record");
    dk_json_member_integer(json, "itemCount", summary->rows);
    if (summary->undrawn > 0)
        dk_json_member_integer(json, "undrawnCount", summary->undrawn);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    if (layer) {
        dk_json_key(json, "extent");
        dk_json_object_begin(json);
        dk_json_key(json, "spatial");
        dk_json_object_begin(json);
        dk_json_key(json, "bbox");
        dk_json_array_begin(json);
        write_box(json, summary->rows > summary->undrawn ? summary->bounds : catalogue->extent);
        dk_json_array_end(json);
        dk_json_object_end(json);
        dk_json_object_end(json);
    }
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    const char *text = dk_buf_cstr(&path);
    dk_write_link(ctx, "self", text != NULL ? text : "", "application/json", kind->title);
    dk_buf_text(&path, "/items");
    text = dk_buf_cstr(&path);
    dk_write_link(ctx, "items", text != NULL ? text : "", "application/geo+json", kind->title);
    if (layer) {
        dk_buf_clear(&path);
        dk_buf_text(&path, "/xyz/");
        dk_append_encoded(&path, kind->name);
        dk_buf_text(&path, ".json");
        text = dk_buf_cstr(&path);
        dk_write_link(ctx, "tilejson", text != NULL ? text : "", "application/json", kind->title);
        dk_buf_clear(&path);
        dk_buf_text(&path, "/collections/");
        dk_append_encoded(&path, kind->name);
        dk_buf_text(&path, "/tiles");
        text = dk_buf_cstr(&path);
        dk_write_link(ctx, "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", text != NULL ? text : "",
                      "application/json", kind->title);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    if (path.failed)
        json->buf->failed = true;
    dk_buf_finish(&path);
    return DK_OK;
}

static dk_status check(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_status status = dk_context_params(ctx, params);
    return status != DK_OK ? status : dk_context_json_only(ctx);
}

dk_status dk_get_collections(dk_context *ctx)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_status status = check(ctx);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(&ctx->json);
    dk_json_key(&ctx->json, "collections");
    dk_json_array_begin(&ctx->json);
    for (size_t i = 0; i < catalogue->n_kinds; i++)
        if (dk_context_sees(ctx, &catalogue->kinds[i]) &&
            (status = write_collection(ctx, &catalogue->kinds[i])) != DK_OK)
            return status;
    dk_json_array_end(&ctx->json);
    dk_json_member_integer(&ctx->json, "generation", ctx->worker->generation.number);
    dk_json_key(&ctx->json, "links");
    dk_json_array_begin(&ctx->json);
    dk_write_link(ctx, "self", "/collections", "application/json", NULL);
    dk_write_link(ctx, "root", "/?f=json", "application/json", NULL);
    dk_json_array_end(&ctx->json);
    dk_json_object_end(&ctx->json);
    return DK_OK;
}

dk_status dk_get_collection(dk_context *ctx)
{
    const dk_kind *kind;
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK)
        status = check(ctx);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    return write_collection(ctx, kind);
}
