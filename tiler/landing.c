/* The map page and its files, the landing page for programs, and the sign of life. */
#include "tiler/assets.h"
#include "tiler/http.h"

#include <string.h>

const dk_asset *dk_asset_find(const char *folder, const char *name)
{
    for (size_t i = 0; i < dk_n_assets; i++)
        if (strcmp(dk_assets[i].folder, folder) == 0 && strcmp(dk_assets[i].name, name) == 0)
            return &dk_assets[i];
    return NULL;
}

static void answer_asset(dk_context *ctx, const dk_asset *asset)
{
    dk_answer *answer = &ctx->answer;
    answer->type = asset->type;
    answer->data = asset->data;
    answer->size = (size_t)(asset->data_end - asset->data);
    answer->gzip = asset->gzip;
    answer->gzip_size = (size_t)(asset->gzip_end - asset->gzip);
    answer->fixed = true;
    answer->etag = asset->etag;
}

dk_status dk_get_asset(dk_context *ctx)
{
    static const char *const params[] = {"v", NULL}; /* MapLibre adds its version to its worker's address */
    const dk_status status = dk_context_params(ctx, params);
    if (status != DK_OK)
        return status;
    const dk_asset *asset = dk_asset_find("web", ctx->request->path[1]);
    if (asset == NULL)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "The map page has no such file.");
    answer_asset(ctx, asset);
    return DK_OK;
}

dk_status dk_get_health(dk_context *ctx)
{
    static const char *const params[] = {NULL};
    const dk_status status = dk_context_params(ctx, params);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    ctx->answer.revalidate = true;
    dk_json_object_begin(&ctx->json);
    dk_json_member_text(&ctx->json, "status", "ok");
    dk_json_member_integer(&ctx->json, "generation", ctx->worker->generation.number);
    dk_json_object_end(&ctx->json);
    return DK_OK;
}

/* The page takes any parameters: its links keep the view in them. So does who gets JSON by Accept alone: a program may
 * have been given the page's address. */
static bool wants_page(const dk_context *ctx, const dk_asset *page, bool prefers_json)
{
    const char *format = dk_request_param(ctx->request, "f");
    if (page == NULL)
        return false;
    return format != NULL ? strcmp(format, "html") == 0 : !prefers_json;
}

dk_status dk_get_landing(dk_context *ctx)
{
    const char *format = dk_request_param(ctx->request, "f");
    const dk_asset *page = dk_asset_find("web", "index.html");
    ctx->answer.vary_accept = format == NULL;
    if (format != NULL && strcmp(format, "json") != 0 && strcmp(format, "html") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" is json or html.");
    if (wants_page(ctx, page, ctx->prefers_json)) {
        answer_asset(ctx, page);
        ctx->answer.page = true;
        return DK_OK;
    }
    static const char *const params[] = {"f", NULL};
    const dk_status status = format != NULL ? dk_context_params(ctx, params) : DK_OK;
    if (status != DK_OK)
        return status;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "title", catalogue->title);
    dk_json_member_text(json, "description", catalogue->publisher);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    dk_write_link(ctx, "self", "/?f=json", "application/json", NULL);
    dk_write_link(ctx, "alternate", "/?f=html", "text/html", "地图");
    dk_write_link_whole(ctx, "service-desc", "/api", "application/vnd.oai.openapi+json;version=3.0",
                        "接口说明（OpenAPI）");
    dk_write_link(ctx, "service-doc", "/api?f=html", "text/html", "接口说明");
    dk_write_link_whole(ctx, "conformance", "/conformance", "application/json", "符合的标准");
    dk_write_link(ctx, "http://www.opengis.net/def/rel/ogc/1.0/conformance", "/conformance", "application/json",
                  "符合的标准");
    dk_write_link_whole(ctx, "data", "/collections", "application/json", "数据");
    dk_write_link(ctx, "http://www.opengis.net/def/rel/ogc/1.0/data", "/collections", "application/json", "数据");
    dk_write_link(ctx, "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", "/tileMatrixSets", "application/json",
                  "瓦片格网");
    dk_write_link(ctx, "describedby", "/catalogue", "application/json", "目录");
    dk_write_link_template(ctx, "search", "/search?q={q}", "application/json", "查询");
    for (size_t i = 0; i < catalogue->n_layers; i++) {
        if (!dk_context_sees(ctx, &catalogue->kinds[i]))
            continue;
        dk_buf path;
        dk_buf_init(&path);
        dk_buf_format(&path, "/xyz/%s.json", catalogue->kinds[i].name);
        const char *text = dk_buf_cstr(&path);
        dk_write_link(ctx, "tilejson", text != NULL ? text : "", "application/json", catalogue->kinds[i].title);
        dk_buf_finish(&path);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}
