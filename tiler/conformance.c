#include "tiler/conformance.h"

#include "tiler/html.h"

#define FEATURES_1 "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
#define FEATURES_2 "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/"
#define FEATURES_3 "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
#define FEATURES_5 "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/"
#define COMMON_1 "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/"
#define COMMON_2 "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/"
#define TILES "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
#define CQL2 "http://www.opengis.net/spec/cql2/1.0/conf/"

static const dk_conformance classes[] = {
    {COMMON_1 "core", "this page, and answers as the landing page links them"},
    {COMMON_1 "landing-page", "landing.c"},
    {COMMON_1 "json", "application/json everywhere"},
    {COMMON_1 "oas30", "api.c"},
    {COMMON_2 "collections", "collections.c"},
#if DK_QUERY_PARTS
    {FEATURES_1 "core", "items.c, item_query.c: limit, bbox, datetime, fields as parameters, next links"},
#endif
    {FEATURES_1 "oas30", "api.c"},
    {FEATURES_1 "html", "html.h: every resource of Part 1 as a page"},
    {FEATURES_1 "geojson", "geojson.c"},
    {FEATURES_2 "crs", "crs.c: crs, bbox-crs, Content-Crs, storageCrs"},
    {FEATURES_3 "queryables", "schema.c"},
    {FEATURES_3 "queryables-query-parameters", "items: FIELD=VALUE"},
    {FEATURES_5 "schemas", "schema.c"},
    {FEATURES_5 "core-roles-features", "schema.c: x-ogc-role"},
#if DK_QUERY_PARTS
    {FEATURES_3 "filter", "item_query.c: filter, filter-lang, filter-crs"},
    {FEATURES_3 "features-filter", "items.c"},
    {CQL2 "cql2-text", "store/cql2"},
    {CQL2 "cql2-json", "store/cql2"},
    {CQL2 "basic-cql2", "store/cql2"},
    {CQL2 "advanced-comparison-operators", "store/cql2: LIKE, BETWEEN, IN"},
    {CQL2 "case-insensitive-comparison", "store/cql2: CASEI"},
    {CQL2 "accent-insensitive-comparison", "store/cql2: ACCENTI"},
    {CQL2 "basic-spatial-functions", "store/cql2: S_INTERSECTS with a point or box"},
    {CQL2 "basic-spatial-functions-plus", "store/cql2: S_INTERSECTS with any geometry"},
    {CQL2 "spatial-functions", "store/cql2"},
    {CQL2 "temporal-functions", "store/cql2"},
    {CQL2 "array-functions", "store/cql2: A_CONTAINS and its like"},
    {CQL2 "property-property", "store/cql2"},
    {CQL2 "arithmetic", "store/cql2"},
#endif
    {TILES "core", "tiles.c"},
    {TILES "tileset", "tilesets.c"},
    {TILES "tilesets-list", "tilesets.c"},
    {TILES "geodata-tilesets", "tilesets.c: the tilesets of each collection"},
    {TILES "mvt", "mvt.c"},
};

const dk_conformance *dk_conformance_at(size_t index)
{
    return index < sizeof classes / sizeof *classes ? &classes[index] : NULL;
}

static void write_page(dk_context *ctx)
{
    static const dk_crumb ways[] = {{NULL, "符合的标准"}};
    dk_html html;
    dk_html_begin(&html, ctx, "符合的标准", "conformance", ways, 1);
    dk_html_raw(&html, "<p>本服务符合以下 OGC 标准的要求类。</p>\n<ul>\n");
    for (size_t i = 0; dk_conformance_at(i) != NULL; i++) {
        dk_html_raw(&html, "<li><code>");
        dk_html_text(&html, dk_conformance_at(i)->uri);
        dk_html_raw(&html, "</code></li>\n");
    }
    dk_html_raw(&html, "</ul>\n<p class=\"other\">其他格式：");
    dk_html_link(&html, "/conformance?f=json", "application/json", "JSON");
    dk_html_raw(&html, "</p>\n");
    dk_html_end(&html);
}

dk_status dk_get_conformance(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_format(ctx);
    if (status != DK_OK)
        return status;
    if (ctx->html) {
        write_page(ctx);
        return DK_OK;
    }
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_key(json, "conformsTo");
    dk_json_array_begin(json);
    for (size_t i = 0; dk_conformance_at(i) != NULL; i++)
        dk_json_text(json, dk_conformance_at(i)->uri);
    dk_json_array_end(json);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    dk_write_own_links(ctx, "/conformance", "application/json");
    dk_json_array_end(json);
    dk_json_object_end(json);
    return DK_OK;
}
