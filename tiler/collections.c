/* /collections and one collection: what there is, with its extent. */
#include "store/clock.h"
#include "store/clock_turn.h"
#include "tiler/clock_json.h"
#include "tiler/conformance.h"
#include "tiler/item_html.h"

static void write_box(dk_json *json, const double bounds[4])
{
    dk_json_array_begin(json);
    for (int i = 0; i < 4; i++)
        dk_json_degrees(json, bounds[i]);
    dk_json_array_end(json);
}

/* What a collection has besides its rows, for JSON and HTML alike. below: of the collection's address; "" is itself. */
static const struct {
    const char *rel, *below, *type, *title;
    bool layers_only, whole;
} parts[] = {
    {"items", "/items", "application/geo+json", "数据（GeoJSON）", false, true},
    {"items", "/items?f=html", "text/html", "数据", false, false},
    {"http://www.opengis.net/def/rel/ogc/1.0/schema", "/schema", "application/schema+json", "字段", false, true},
    {"http://www.opengis.net/def/rel/ogc/1.0/queryables", "/queryables", "application/schema+json", "可查询的字段",
     false, true},
    {"http://www.opengis.net/def/rel/ogc/1.0/sortables", "/sortables", "application/schema+json", "可排序的字段", false,
     true},
    {"http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", "/tiles", "application/json", "矢量瓦片", true, false},
};

static const char *part_path(dk_buf *path, const dk_kind *kind, const char *below)
{
    dk_buf_clear(path);
    dk_append_collection_path(path, kind);
    dk_buf_text(path, below);
    const char *text = dk_buf_cstr(path);
    return text != NULL ? text : "";
}

static void write_crs(dk_json *json)
{
    dk_json_key(json, "crs");
    dk_json_array_begin(json);
    for (size_t i = 0; dk_crs_at(i) != NULL; i++)
        dk_json_text(json, dk_crs_uri(dk_crs_at(i)));
    dk_json_array_end(json);
    dk_json_member_text(json, "storageCrs", dk_crs_uri(dk_crs_storage()));
}

static void write_extent(dk_context *ctx, const dk_summary *summary)
{
    dk_json *json = &ctx->json;
    dk_json_key(json, "extent");
    dk_json_object_begin(json);
    dk_json_key(json, "spatial");
    dk_json_object_begin(json);
    dk_json_key(json, "bbox");
    dk_json_array_begin(json);
    write_box(json, summary->rows > summary->undrawn ? summary->bounds : ctx->worker->catalogue->extent);
    dk_json_array_end(json);
    dk_json_member_text(json, "crs", dk_crs_uri(dk_crs_default()));
    dk_json_object_end(json);
    dk_json_object_end(json);
}

static dk_status write_collection(dk_context *ctx, const dk_kind *kind)
{
    dk_json *json = &ctx->json;
    dk_summary own;
    const dk_summary *const summary = &own;
    dk_status status = dk_context_summary(ctx, kind, &own);
    if (status != DK_OK)
        return status;
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    dk_buf path;
    dk_buf_init(&path);
    dk_json_object_begin(json);
    dk_json_member_text(json, "id", kind->name);
    dk_json_member_text(json, "title", kind->title);
    dk_json_member_text(json, "itemType", layer ? "feature" : "record");
    dk_json_member_integer(json, "itemCount", summary->rows);
    if (summary->undrawn > 0)
        dk_json_member_integer(json, "undrawnCount", summary->undrawn);
    dk_json_member_integer(json, "generation", ctx->worker->generation.number);
    if (dk_sees_disclosure(ctx, kind) && (status = dk_write_right_until(ctx)) != DK_OK)
        return status;
    if (layer) {
        write_extent(ctx, summary);
        write_crs(json);
    }
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    dk_write_own_links(ctx, part_path(&path, kind, ""), "application/json");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].layers_only && !layer)
            continue;
        (parts[i].whole ? dk_write_link_whole : dk_write_link)(
            ctx, parts[i].rel, part_path(&path, kind, parts[i].below), parts[i].type, parts[i].title);
    }
    if (layer) {
        dk_buf_clear(&path);
        dk_buf_text(&path, "/xyz/");
        dk_append_encoded(&path, kind->name);
        dk_buf_text(&path, ".json");
        const char *text = dk_buf_cstr(&path);
        dk_write_link(ctx, "tilejson", text != NULL ? text : "", "application/json", kind->title);
    }
    dk_json_array_end(json);
    dk_json_object_end(json);
    if (path.failed)
        json->buf->failed = true;
    dk_buf_finish(&path);
    return DK_OK;
}

/* ---- pages ---- */

static dk_status write_list_page(dk_context *ctx)
{
    static const dk_crumb ways[] = {{NULL, "数据"}};
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_html html;
    dk_buf path;
    dk_buf_init(&path);
    dk_html_begin(&html, ctx, "数据", "collections", ways, 1);
    dk_html_raw(
        &html,
        "<table class=\"rows\"><thead><tr><th scope=\"col\">数据集</th><th scope=\"col\">类型</th>"
        "<th scope=\"col\">条数</th><th scope=\"col\"><span class=\"hidden\">打开</span></th></tr></thead>\n<tbody>\n");
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i];
        dk_summary summary;
        if (!dk_context_sees(ctx, kind))
            continue;
        if ((status = dk_context_summary(ctx, kind, &summary)) != DK_OK)
            break;
        dk_html_raw(&html, "<tr><th scope=\"row\">");
        dk_html_link(&html, part_path(&path, kind, "?f=html"), NULL, kind->title);
        dk_html_raw(&html, kind->geometry != DK_NO_GEOMETRY ? "</th><td>图层</td><td class=\"right\">"
                                                            : "</th><td>记录</td><td class=\"right\">");
        dk_html_number(&html, summary.rows);
        dk_html_raw(&html, "</td><td>");
        dk_html_link(&html, part_path(&path, kind, "/items?f=html"), NULL, "浏览");
        dk_html_raw(&html, "</td></tr>\n");
    }
    dk_html_raw(&html, "</tbody></table>\n<ul>\n<li>");
    dk_html_link(&html, "/api?f=html", "text/html", "接口说明");
    dk_html_raw(&html, "</li>\n<li>");
    dk_html_link(&html, "/conformance?f=html", "text/html", "符合的标准");
    dk_html_raw(&html, "</li>\n</ul>\n<p class=\"other\">其他格式：");
    dk_html_link(&html, "/collections?f=json", "application/json", "JSON");
    dk_html_raw(&html, "</p>\n");
    dk_html_end(&html);
    dk_buf_finish(&path);
    return status;
}

static dk_status write_right_until(dk_html *html, const dk_kind *kind)
{
    dk_context *ctx = html->ctx;
    int32_t until = DK_FAR_DAY;
    char text[DK_DAY_TEXT];
    const dk_status status = dk_sees_disclosure(ctx, kind)
                                 ? dk_clock_right_until(ctx->worker->store, &ctx->viewer, &until, &ctx->error)
                                 : DK_OK;
    if (until == DK_FAR_DAY)
        return status;
    dk_html_fact_begin(html, "公开时限状态截至");
    dk_html_date(html, dk_day_write(until, text));
    dk_html_fact_end(html);
    return status;
}

static dk_status write_collection_page(dk_context *ctx, const dk_kind *kind)
{
    const dk_crumb ways[] = {{"/collections?f=html", "数据"}, {NULL, kind->title}};
    const bool layer = kind->geometry != DK_NO_GEOMETRY;
    dk_summary own;
    const dk_summary *const summary = &own;
    dk_status status = dk_context_summary(ctx, kind, &own);
    if (status != DK_OK)
        return status;
    dk_html html;
    dk_buf path;
    dk_buf_init(&path);
    dk_html_begin(&html, ctx, kind->title, "collection", ways, 2);
    dk_html_raw(&html, "<table class=\"facts\"><tbody>\n");
    dk_html_fact(&html, "标识", kind->name);
    dk_html_fact(&html, "类型", layer ? "图层" : "记录");
    dk_html_fact_begin(&html, "条数");
    dk_html_number(&html, summary->rows);
    dk_html_fact_end(&html);
    if (summary->undrawn > 0) {
        dk_html_fact_begin(&html, "其中无图形");
        dk_html_number(&html, summary->undrawn);
        dk_html_fact_end(&html);
    }
    status = write_right_until(&html, kind);
    if (layer) {
        const double *b = summary->rows > summary->undrawn ? summary->bounds : ctx->worker->catalogue->extent;
        dk_html_fact_begin(&html, "四至（西、南、东、北）");
        dk_buf_format(html.buf, "%.6f°，%.6f°，%.6f°，%.6f°", b[0], b[1], b[2], b[3]);
        dk_html_fact_end(&html);
        dk_html_fact_begin(&html, "坐标系");
        dk_html_raw(&html, "<ul>");
        for (size_t i = 0; dk_crs_at(i) != NULL; i++) {
            dk_html_raw(&html, "<li>");
            dk_html_text(&html, dk_crs_title(dk_crs_at(i)));
            dk_html_raw(&html, "<br><code>");
            dk_html_text(&html, dk_crs_uri(dk_crs_at(i)));
            dk_html_raw(&html, "</code></li>");
        }
        dk_html_raw(&html, "</ul>存储：<code>");
        dk_html_text(&html, dk_crs_uri(dk_crs_storage()));
        dk_html_raw(&html, "</code>");
        dk_html_fact_end(&html);
    }
    dk_html_raw(&html, "</tbody></table>\n<ul>\n");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].layers_only && !layer)
            continue;
        dk_html_raw(&html, "<li>");
        dk_html_link(&html, part_path(&path, kind, parts[i].below), parts[i].type, parts[i].title);
        dk_html_raw(&html, "</li>\n");
    }
    dk_html_raw(&html, "</ul>\n<p class=\"other\">其他格式：");
    dk_html_link(&html, part_path(&path, kind, "?f=json"), "application/json", "JSON");
    dk_html_raw(&html, "</p>\n");
    dk_html_end(&html);
    dk_buf_finish(&path);
    return status;
}

static dk_status check(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    const dk_status status = dk_context_params(ctx, params);
    return status != DK_OK ? status : dk_context_format(ctx);
}

dk_status dk_get_collections(dk_context *ctx)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_status status = check(ctx);
    if (status != DK_OK)
        return status;
    if (ctx->html)
        return write_list_page(ctx);
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
    dk_write_own_links(ctx, "/collections", "application/json");
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
    if (ctx->html)
        return write_collection_page(ctx, kind);
    dk_answer_json(ctx, "application/json");
    return write_collection(ctx, kind);
}
