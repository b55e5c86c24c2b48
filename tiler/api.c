/* /api: the server's operations as OpenAPI 3.0 (spec.openapis.org/oas/v3.0.3), for what the viewer sees of the
 * catalogue. */
#include "tiler/api.h"

#include "store/list.h"
#include "store/preview.h"
#include "tiler/conformance.h"
#include "tiler/item_html.h"
#include "tiler/schema.h"

#include <stdio.h>
#include <string.h>

#define JSON "application/json"
#define GEOJSON "application/geo+json"
#define SCHEMA "application/schema+json"
#define OPENAPI "application/vnd.oai.openapi+json;version=3.0"
#define TILE "application/vnd.mapbox-vector-tile"

static const char area_body[] =
    "{\"application/geo+json\":{\"schema\":{\"type\":\"object\"}},\"text/plain\":{\"schema\":{\"type\":\"string\","
    "\"description\":\"WKT，或坐标 TXT\"}},\"application/zip\":{\"schema\":{\"type\":\"string\",\"format\":\"binary\","
    "\"description\":\"Shapefile\"}}}";
static const char sign_in_body[] =
    "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/signIn\"}},"
    "\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":\"#/components/schemas/signIn\"}}}";

static const dk_api_operation server_operations[] = {
    {"/", "getLandingPage", "入口：地图页，或各项资源的链接", JSON, "landingPage", DK_API_F, true, false, NULL, NULL},
    {"/conformance", "getConformance", "符合的标准", JSON, "confClasses", DK_API_F, true, false, NULL, NULL},
    {"/api", "getApi", "接口说明", OPENAPI, NULL, DK_API_F, true, false, NULL, NULL},
    {"/collections", "getCollections", "全部数据集", JSON, "collections", DK_API_F, true, false, NULL, NULL},
    {"/catalogue", "getCatalogue", "目录：数据集、字段和公开事项", JSON, NULL, 0, false, false, NULL, NULL},
    {"/search", "search", "在全部数据集中查找", JSON, NULL, DK_API_HITS, false, false, NULL, NULL},
    {"/overlaps", "getOverlaps", "一处地方与各图层的重叠；图形也可用 POST 送来", JSON, NULL,
     DK_API_F | DK_API_PLACE | DK_API_BOX | DK_API_LAYERS | DK_API_MET, true, false, NULL, NULL},
    {"/overlaps", "postOverlaps", "一个范围与各图层的重叠", JSON, NULL,
     DK_API_F | DK_API_LAYERS | DK_API_MET | DK_API_AREA, true, false, "post", area_body},
    {"/lists", "getLists", "清单", JSON, NULL, 0, false, false, NULL, NULL},
    {"/lists/{listId}", "getList", "一份清单，可打印", JSON, NULL, DK_API_F | DK_API_LIST, true, false, NULL, NULL},
    {"/scorecard", "getScorecard", "信息公开计分卡：完整率与及时率", JSON, NULL,
     DK_API_WHEN | DK_API_LEVEL | DK_API_GROUPS, true, false, NULL, NULL},
    {"/scorecard/rows", "getScorecardRows", "计分卡一个数后面的明细", JSON, NULL,
     DK_API_WHEN | DK_API_LEVEL | DK_API_STATE | DK_API_LIMIT | DK_API_AFTER, true, false, NULL, NULL},
    {"/calendars/{calendarId}", "getCalendar", "工作日历", JSON, NULL, 0, false, false, NULL, NULL},
    {"/due", "getDue", "即将到期和逾期的公开事项；f=ics 为日历", JSON, NULL, DK_API_DUE, false, false, NULL, NULL},
    {"/documents/{sha256}", "getDocument", "附件", "application/octet-stream", NULL, 0, false, false, NULL, NULL},
    {"/batches", "getBatches", "待发布批次", JSON, NULL, DK_API_ALL, false, false, NULL, NULL},
    {"/batches/{batchId}", "getBatch", "一个批次", JSON, NULL, 0, false, false, NULL, NULL},
    {"/batches/{batchId}/changes", "getBatchChanges", "批次发布后的变化", GEOJSON, NULL,
     DK_API_BOX | DK_API_PART | DK_API_AFTER | DK_API_CHANGES, false, false, NULL, NULL},
    {"/batches/{batchId}/documents", "getBatchDocuments", "批次所附的文件", JSON, NULL, DK_API_PART | DK_API_AFTER,
     false, false, NULL, NULL},
    {"/batches/{batchId}/documents/{sha256}", "getBatchDocument", "批次所附的一个文件", "application/octet-stream",
     NULL, 0, false, false, NULL, NULL},
    {"/session", "getSession", "当前身份；POST 登录，DELETE 退出", JSON, NULL, 0, false, false, NULL, NULL},
    {"/session", "signIn", "登录", JSON, NULL, 0, false, false, "post", sign_in_body},
    {"/session", "signOut", "退出", JSON, NULL, 0, false, false, "delete", NULL},
    {"/log/checkpoint", "getLogCheckpoint", "发布日志的检查点（C2SP tlog-checkpoint）", "text/plain", NULL, 0, false,
     false, NULL, NULL},
    {"/log/keys", "getLogKeys", "发布日志的公钥", JSON, NULL, 0, false, false, NULL, NULL},
    {"/log/proof", "getLogProof", "一条日志在发布日志中的证明", JSON, NULL, DK_API_ENTRY, false, false, NULL, NULL},
    {"/log/consistency", "getLogConsistency", "发布日志延续旧检查点的证明", "text/plain", NULL, DK_API_OLD, false,
     false, NULL, NULL},
    {"/log/tile/{logLevel}/{logTile}", "getLogTile",
     "发布日志的分块（C2SP tlog-tiles）；logLevel 为级或 entries，一千块起 logTile 分为几段",
     "application/octet-stream", NULL, 0, false, false, NULL, NULL},
    {"/xyz/{layers}/{z}/{x}/{y}.mvt", "getXyzTile", "一个或几个图层的矢量瓦片，也可按各字段筛选", TILE, NULL,
     DK_API_BBOX | DK_API_ROWS, false, false, NULL, NULL},
    {"/xyz/{layers}.json", "getTileJson", "同上的 TileJSON 3.0.0", JSON, NULL, DK_API_BBOX | DK_API_ROWS, false, false,
     NULL, NULL},
    {"/styles/{styleName}.json", "getStyle", "MapLibre 样式", JSON, NULL, 0, false, false, NULL, NULL},
    {"/healthz", "getHealth", "健康状态", JSON, NULL, 0, false, false, NULL, NULL},
    {"/metrics", "getMetrics", "供 Prometheus 采集的计数", "text/plain; version=0.0.4; charset=utf-8", NULL, 0, false,
     false, NULL, NULL},
    {"/tileMatrixSets", "getTileMatrixSets", "瓦片格网", JSON, NULL, 0, false, false, NULL, NULL},
    {"/tileMatrixSets/{tileMatrixSetId}", "getTileMatrixSet", "一个瓦片格网", JSON, NULL, 0, false, false, NULL, NULL},
};

static const dk_api_operation collection_operations[] = {
    {"/collections/%s", "describeCollection", "数据集", JSON, "collection", DK_API_F, true, false, NULL, NULL},
    {"/collections/%s/schema", "getSchema", "字段", SCHEMA, NULL, DK_API_F, true, false, NULL, NULL},
    {"/collections/%s/queryables", "getQueryables", "可查询的字段", SCHEMA, NULL, DK_API_F, true, false, NULL, NULL},
    {"/collections/%s/sortables", "getSortables", "可排序的字段", SCHEMA, NULL, DK_API_F, true, false, NULL, NULL},
    {"/collections/%s/items", "getFeatures", "查询", GEOJSON, "featureCollection",
     DK_API_FILES | DK_API_LIMIT | DK_API_AFTER | DK_API_BBOX | DK_API_CRS | DK_API_ROWS | DK_API_PAGES |
         DK_API_FIELDS | DK_API_FEATURE,
     true, false, NULL, NULL},
    {"/collections/%s/statistics", "getStatistics", "统计：条数与合计", JSON, NULL,
     DK_API_TABLE | DK_API_SUMS | DK_API_BBOX | DK_API_ROWS | DK_API_FIELDS, false, false, NULL, NULL},
    {"/collections/%s/items/{featureId}", "getFeature", "一条", GEOJSON, "feature", DK_API_F | DK_API_CRS, true, false,
     NULL, NULL},
    {"/collections/%s/items/{featureId}/dossier", "getDossier", "一地一档", JSON, NULL, DK_API_F | DK_API_DOSSIER, true,
     false, NULL, NULL},
    {"/collections/%s/items/{featureId}/proof", "getItemProof", "在发布日志中的证明", JSON, NULL, DK_API_PROOF, false,
     false, NULL, NULL},
    {"/collections/%s/items/{featureId}/overlaps", "getItemOverlaps", "与各图层的重叠", JSON, NULL,
     DK_API_F | DK_API_LAYERS | DK_API_MET, true, true, NULL, NULL},
    {"/collections/%s/items/{featureId}/{linked}", "getLinked", "关联的数据", GEOJSON, "featureCollection",
     DK_API_F | DK_API_LIMIT | DK_API_AFTER | DK_API_CRS, true, false, NULL, NULL},
    {"/collections/%s/tiles", "getTilesets", "瓦片集", JSON, NULL, 0, false, true, NULL, NULL},
    {"/collections/%s/tiles/{tileMatrixSetId}", "getTileset", "一个瓦片集", JSON, NULL, 0, false, true, NULL, NULL},
    {"/collections/%s/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}", "getTile", "矢量瓦片", TILE, NULL,
     DK_API_TILE | DK_API_BBOX | DK_API_ROWS | DK_API_FIELDS, false, true, NULL, NULL},
};

static const dk_api_param params[] = {
    {DK_API_F, "f", "格式", false, "{\"type\":\"string\",\"enum\":[\"json\",\"html\"]}"},
    {DK_API_FILES, "f", "格式；json、html 之外是查询的全部结果，一个文件", false,
     "{\"type\":\"string\",\"enum\":[\"json\",\"html\",\"csv\",\"xlsx\",\"geojson\",\"geojsonseq\",\"gpkg\",\"fgb\","
     "\"shp\"]}"},
    {DK_API_FILES, "header", "f=csv、xlsx 的表头：中文名称或字段名", false,
     "{\"type\":\"string\",\"enum\":[\"titles\",\"names\"]}"},
    {DK_API_FILES, "geometry", "f=csv 是否带一列 WKT", false, "{\"type\":\"string\",\"enum\":[\"none\",\"wkt\"]}"},
    {DK_API_TILE, "f", "格式", false, "{\"type\":\"string\",\"enum\":[\"mvt\",\"pbf\"]}"},
    {DK_API_PROOF, "f", "格式；tlog-proof 为文件（C2SP tlog-proof）", false,
     "{\"type\":\"string\",\"enum\":[\"json\",\"tlog-proof\"]}"},
    {DK_API_TABLE, "f", "格式", false, "{\"type\":\"string\",\"enum\":[\"json\",\"csv\"]}"},
    {DK_API_SUMS, "group_by", "分组的字段，用逗号隔开", false, "{\"type\":\"string\"}"},
    {DK_API_SUMS, "sum", "求和的字段，用逗号隔开", false, "{\"type\":\"string\"}"},
    {DK_API_PLACE, "point", "经度,纬度", false,
     "{\"type\":\"array\",\"minItems\":2,\"maxItems\":2,\"items\":{\"type\":\"number\"}}"},
    {DK_API_PLACE, "wkt", "多边形，WKT，经纬度", false, "{\"type\":\"string\"}"},
    {DK_API_PLACE, "crs", "wkt 的坐标系，按其坐标轴的顺序", false, NULL},
    {DK_API_AREA, "crs", "GeoJSON 或 WKT 的坐标系，按其坐标轴的顺序", false, NULL},
    {DK_API_LAYERS, "layers", "只看这些图层，用逗号隔开", false, "{\"type\":\"string\"}"},
    {DK_API_WHEN, "division", "行政区划代码的前几位", false,
     "{\"type\":\"string\",\"pattern\":\"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$\"}"},
    {DK_API_WHEN, "period", "应公开的期间：2026、2026-Q3、2026-09；none 为没有应公开日期的", false,
     "{\"type\":\"string\"}"},
    {DK_API_WHEN, "from", "应公开日期自", false, "{\"type\":\"string\",\"format\":\"date\"}"},
    {DK_API_WHEN, "until", "应公开日期至", false, "{\"type\":\"string\",\"format\":\"date\"}"},
    {DK_API_WHEN, "as_of", "统计日", false, "{\"type\":\"string\",\"format\":\"date\"}"},
    {DK_API_WHEN, "obligation", "一项公开义务", false, "{\"type\":\"string\"}"},
    {DK_API_WHEN, "regime", "一种适用程序；none 为不分程序的", false, "{\"type\":\"string\"}"},
    {DK_API_WHEN, "collection", "一个数据集", false, "{\"type\":\"string\"}"},
    {DK_API_WHEN, "f", "格式", false, "{\"type\":\"string\",\"enum\":[\"json\",\"html\",\"csv\",\"xlsx\"]}"},
    {DK_API_LEVEL, "level", "所比较的行政区划的代码位数；明细中：只列在这一位数上就属于 division 本身的", false,
     "{\"type\":\"integer\",\"enum\":[0,2,4,6,9,12]}"},
    {DK_API_GROUPS, "by", "分组：year、quarter、month 之一，obligation，regime，用逗号隔开", false,
     "{\"type\":\"string\"}"},
    {DK_API_STATE, "state", "状态", true,
     "{\"type\":\"string\",\"enum\":[\"waiting\",\"due\",\"met\",\"late\",\"short\",\"missing\",\"not_applicable\",\"unknown\"]}"},
    {DK_API_DUE, "division", "行政区划代码的前几位", false, "{\"type\":\"string\"}"},
    {DK_API_DUE, "within", "今后多少天", false, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":400,\"default\":10}"},
    {DK_API_DUE, "late", "也列逾期未公开的", false, "{\"type\":\"boolean\"}"},
    {DK_API_DUE, "f", "格式", false, "{\"type\":\"string\",\"enum\":[\"json\",\"ics\"]}"},
    {DK_API_ENTRY, "entry", "日志中的序号", true, "{\"type\":\"integer\",\"minimum\":0}"},
    {DK_API_OLD, "old", "旧检查点的条数", true, "{\"type\":\"integer\",\"minimum\":0}"},
    {DK_API_CHANGES, "withdraw", "撤回该批次会怎样", false, "{\"type\":\"boolean\",\"default\":false}"},
    {DK_API_LIST, "division", "行政区划代码", false, "{\"type\":\"string\",\"pattern\":\"^[0-9]{4,12}$\"}"},
    {DK_API_LIST, "open", "只列未完成的", false, "{\"type\":\"boolean\"}"},
    {DK_API_LIMIT, "limit", "一页的条数", false,
     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":100}"},
    {DK_API_HITS, "limit", "至多多少条命中", false,
     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20}"},
    {DK_API_HITS, "per_kind", "每个数据集至多多少条", false, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}"},
    {DK_API_MET, "limit", "每个图层至多列出多少条", false,
     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":10000,\"default\":1000}"},
    {DK_API_PART, "limit", "一页的条数", false,
     "{\"type\":\"integer\",\"minimum\":1,\"maximum\":2000,\"default\":500}"},
    {DK_API_AFTER, "after", "翻页：照 next 链接，不要自己写", false, "{\"type\":\"string\"}"},
    {DK_API_BBOX, "bbox", "范围：西,南,东,北，度；bbox-crs 可另指坐标系", false,
     "{\"type\":\"array\",\"minItems\":4,\"maxItems\":4,\"items\":{\"type\":\"number\"}}"},
    {DK_API_BBOX, "bbox-crs", "bbox 的坐标系，按其坐标轴的顺序", false, NULL},
    {DK_API_BOX, "bbox", "范围：西,南,东,北，度", false,
     "{\"type\":\"array\",\"minItems\":4,\"maxItems\":4,\"items\":{\"type\":\"number\"}}"},
    {DK_API_ALL, "all", "也列已发布的", false, "{\"type\":\"boolean\",\"default\":false}"},
    {DK_API_DOSSIER, "as_of", "各项公开义务在这一天的状态", false, "{\"type\":\"string\",\"format\":\"date\"}"},
    {DK_API_DOSSIER, "proofs", "附各行在发布日志中的证明", false, "{\"type\":\"boolean\",\"default\":false}"},
    {DK_API_CRS, "crs", "结果的坐标系，按其坐标轴的顺序", false, NULL},
    {DK_API_ROWS, "datetime", "日期或区间，如 2020-01-01/..", false, "{\"type\":\"string\"}"},
    {DK_API_ROWS, "filter", "CQL2 查询条件", false, "{\"type\":\"string\"}"},
    {DK_API_ROWS, "filter-lang", "filter 的写法；cql-text 是 GDAL 3.6 所用的草案", false,
     "{\"type\":\"string\",\"enum\":[\"cql2-text\",\"cql2-json\",\"cql-text\"],\"default\":\"cql2-text\"}"},
    {DK_API_ROWS, "filter-crs", "filter 中坐标的坐标系，按其坐标轴的顺序", false, NULL},
    {DK_API_PAGES, "sortby", "排序：字段，降序在前面加 -，多个用逗号隔开", false,
     "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\",\"pattern\":\"^[+-]?[a-z][a-z0-9_]*$\"}}"},
    {DK_API_PAGES, "properties", "只要这些字段，用逗号隔开", false,
     "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    {DK_API_PAGES, "skipGeometry", "不要图形", false, "{\"type\":\"boolean\",\"default\":false}"},
    {DK_API_PAGES, "count", "有查询条件时也给出总条数 numberMatched", false,
     "{\"type\":\"boolean\",\"default\":false}"},
    {DK_API_ROWS, "q", "查找文字，多个词用空格隔开；行政区名称和拼音只用于 /search", false, "{\"type\":\"string\"}"},
    {DK_API_FEATURE, "feature", "瓦片中要素的编号，单独使用", false, "{\"type\":\"integer\",\"minimum\":0}"},
    {DK_API_HITS, "q", "要找的文字，UTF-8 至多 200 字节", true, "{\"type\":\"string\",\"minLength\":1}"},
};

/* What does not change: the schemas of the standard's answers, shortened to what clients rely on. */
static const char component_schemas[] =
    "{\"link\":{\"type\":\"object\",\"required\":[\"href\",\"rel\"],\"properties\":{\"href\":{\"type\":\"string\"},"
    "\"rel\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"}}},"
    "\"links\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/link\"}},"
    "\"landingPage\":{\"type\":\"object\",\"required\":[\"links\"],\"properties\":{\"title\":{\"type\":\"string\"},"
    "\"description\":{\"type\":\"string\"},\"links\":{\"$ref\":\"#/components/schemas/links\"}}},"
    "\"confClasses\":{\"type\":\"object\",\"required\":[\"conformsTo\"],\"properties\":{\"conformsTo\":{\"type\":"
    "\"array\","
    "\"items\":{\"type\":\"string\",\"format\":\"uri\"}}}},"
    "\"collection\":{\"type\":\"object\",\"required\":[\"id\",\"links\"],\"properties\":{\"id\":{\"type\":\"string\"},"
    "\"title\":{\"type\":\"string\"},\"itemType\":{\"type\":\"string\"},\"itemCount\":{\"type\":\"integer\"},"
    "\"extent\":{\"type\":\"object\"},\"crs\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"storageCrs\":{\"type\":\"string\"},\"links\":{\"$ref\":\"#/components/schemas/links\"}}},"
    "\"collections\":{\"type\":\"object\",\"required\":[\"links\",\"collections\"],\"properties\":{"
    "\"collections\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/collection\"}},"
    "\"links\":{\"$ref\":\"#/components/schemas/links\"}}},"
    "\"geometry\":{\"type\":\"object\",\"nullable\":true,\"required\":[\"type\",\"coordinates\"],\"properties\":{"
    "\"type\":{\"type\":\"string\",\"enum\":[\"Point\",\"MultiPoint\",\"LineString\",\"MultiLineString\",\"Polygon\","
    "\"MultiPolygon\"]},\"coordinates\":{\"type\":\"array\",\"items\":{}}}},"
    "\"feature\":{\"type\":\"object\",\"required\":[\"type\",\"id\",\"geometry\",\"properties\"],\"properties\":{"
    "\"type\":{\"type\":\"string\",\"enum\":[\"Feature\"]},\"id\":{\"type\":\"string\"},"
    "\"geometry\":{\"$ref\":\"#/components/schemas/geometry\"},\"properties\":{\"type\":\"object\"},"
    "\"links\":{\"$ref\":\"#/components/schemas/links\"}}},"
    "\"featureCollection\":{\"type\":\"object\",\"required\":[\"type\",\"features\"],\"properties\":{"
    "\"type\":{\"type\":\"string\",\"enum\":[\"FeatureCollection\"]},\"features\":{\"type\":\"array\","
    "\"items\":{\"$ref\":\"#/components/schemas/feature\"}},\"numberMatched\":{\"type\":\"integer\"},"
    "\"numberReturned\":{\"type\":\"integer\"},\"links\":{\"$ref\":\"#/components/schemas/links\"}}},"
    "\"signIn\":{\"type\":\"object\",\"required\":[\"token\"],\"properties\":{\"token\":{\"type\":\"string\"}}},"
    "\"problem\":{\"type\":\"object\",\"required\":[\"status\",\"detail\"],\"properties\":{\"type\":{\"type\":"
    "\"string\"},"
    "\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"}}}}";

static const struct {
    const char *code, *name, *description;
} failures[] = {{"400", "badRequest", "请求有误，detail 说明哪里不对"},
                {"401", "unauthorized", "令牌无效；不带 Authorization 可看公开内容"},
                {"404", "notFound", "没有这项资源"},
                {"413", "tooMuch", "查询范围过大，请缩小"},
                {"500", "failed", "服务出错"},
                {"503", "busy", "服务繁忙，请稍后再试"}};

const dk_api_operation *dk_api_server_operation(size_t index)
{
    return index < sizeof server_operations / sizeof *server_operations ? &server_operations[index] : NULL;
}

const dk_api_operation *dk_api_collection_operation(size_t index)
{
    return index < sizeof collection_operations / sizeof *collection_operations ? &collection_operations[index] : NULL;
}

const dk_api_param *dk_api_param_at(size_t index)
{
    return index < sizeof params / sizeof *params ? &params[index] : NULL;
}

/* Of downloads, besides CSV. */
static const char *const files[] = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                                    "application/geo+json-seq", "application/geopackage+sqlite3",
                                    "application/flatgeobuf", "application/zip"};

/* ---- parts ---- */

static void write_ref(dk_json *json, const char *section, const char *name)
{
    char ref[120];
    snprintf(ref, sizeof ref, "#/components/%s/%s", section, name);
    dk_json_object_begin(json);
    dk_json_member_text(json, "$ref", ref);
    dk_json_object_end(json);
}

static void write_crs_schema(dk_json *json)
{
    dk_json_object_begin(json);
    dk_json_member_text(json, "type", "string");
    dk_json_key(json, "enum");
    dk_json_array_begin(json);
    for (size_t i = 0; dk_crs_at(i) != NULL; i++)
        dk_json_text(json, dk_crs_uri(dk_crs_at(i)));
    dk_json_array_end(json);
    dk_json_member_text(json, "default", dk_crs_uri(dk_crs_default()));
    dk_json_object_end(json);
}

/* The name of a parameter among the components: some names are there several times. */
static const char *component_name(const dk_api_param *param)
{
    static const struct {
        unsigned bit;
        const char *name, *component;
    } own[] = {
        {DK_API_HITS, "q", "searchText"},
        {DK_API_HITS, "limit", "searchLimit"},
        {DK_API_MET, "limit", "overlapsLimit"},
        {DK_API_PART, "limit", "batchLimit"},
        {DK_API_BOX, "bbox", "box"},
        {DK_API_PLACE, "crs", "placeCrs"},
        {DK_API_AREA, "crs", "areaCrs"},
        {DK_API_FILES, "f", "itemsFormat"},
        {DK_API_TABLE, "f", "tableFormat"},
        {DK_API_PROOF, "f", "proofFormat"},
        {DK_API_TILE, "f", "tileFormat"},
        {DK_API_WHEN, "f", "scorecardFormat"},
        {DK_API_WHEN, "division", "scorecardDivision"},
        {DK_API_DUE, "f", "dueFormat"},
        {DK_API_DUE, "division", "dueDivision"},
        {DK_API_DOSSIER, "as_of", "dossierDay"},
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (own[i].bit == param->bit && strcmp(own[i].name, param->name) == 0)
            return own[i].component;
    return param->name;
}

static void write_param(dk_json *json, const dk_api_param *param)
{
    dk_json_object_begin(json);
    dk_json_member_text(json, "name", param->name);
    dk_json_member_text(json, "in", "query");
    dk_json_member_text(json, "description", param->title);
    dk_json_key(json, "required");
    dk_json_bool(json, param->required);
    dk_json_member_text(json, "style", "form");
    dk_json_key(json, "explode");
    dk_json_bool(json, false);
    dk_json_key(json, "schema");
    if (param->schema != NULL)
        dk_json_raw(json, param->schema);
    else
        write_crs_schema(json);
    dk_json_object_end(json);
}

static void write_field_param(dk_json *json, const dk_field *field)
{
    dk_json_object_begin(json);
    dk_json_member_text(json, "name", field->name);
    dk_json_member_text(json, "in", "query");
    dk_json_member_text(json, "description", field->title);
    dk_json_key(json, "required");
    dk_json_bool(json, false);
    dk_json_member_text(json, "style", "form");
    dk_json_key(json, "explode");
    dk_json_bool(json, false);
    dk_json_key(json, "schema");
    dk_write_field_schema(json, field, NULL, false);
    dk_json_object_end(json);
}

static void write_path_param(dk_json *json, const char *name, size_t size, dk_context *ctx, const dk_kind *kind)
{
    dk_json_object_begin(json);
    dk_json_key(json, "name");
    dk_json_text_n(json, name, size);
    dk_json_member_text(json, "in", "path");
    dk_json_key(json, "required");
    dk_json_bool(json, true);
    dk_json_key(json, "schema");
    dk_json_object_begin(json);
    dk_json_member_text(json, "type", "string");
    if (size == 6 && memcmp(name, "linked", 6) == 0) {
        dk_json_key(json, "enum");
        dk_json_array_begin(json);
        for (size_t i = 0; i < ctx->worker->catalogue->n_kinds; i++) {
            const dk_kind *other = &ctx->worker->catalogue->kinds[i];
            bool reversed;
            if (dk_context_sees(ctx, other) &&
                dk_catalogue_link(ctx->worker->catalogue, kind, other, &reversed) != NULL)
                dk_json_text(json, other->name);
        }
        dk_json_array_end(json);
    }
    dk_json_object_end(json);
    dk_json_object_end(json);
}

static void write_path_params(dk_json *json, const char *path, dk_context *ctx, const dk_kind *kind)
{
    for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at, '{')) {
        const size_t size = strcspn(++at, "}");
        write_path_param(json, at, size, ctx, kind);
    }
}

static void write_content(dk_json *json, const char *type, const char *schema)
{
    dk_json_key(json, type);
    dk_json_object_begin(json);
    dk_json_key(json, "schema");
    if (schema != NULL)
        write_ref(json, "schemas", schema);
    else if (strcmp(type, "text/html") == 0)
        dk_json_raw(json, "{\"type\":\"string\"}");
    else if (strstr(type, "json") == NULL || strstr(type, "seq") != NULL)
        dk_json_raw(json, "{\"type\":\"string\",\"format\":\"binary\"}");
    else
        dk_json_raw(json, "{\"type\":\"object\"}");
    dk_json_object_end(json);
}

static void write_responses(dk_json *json, const dk_api_operation *operation)
{
    dk_json_key(json, "responses");
    dk_json_object_begin(json);
    dk_json_key(json, "200");
    dk_json_object_begin(json);
    dk_json_member_text(json, "description", operation->summary);
    if ((operation->params & DK_API_CRS) != 0) {
        dk_json_key(json, "headers");
        dk_json_raw(json, "{\"Content-Crs\":{\"description\":\"坐标系\",\"schema\":{\"type\":\"string\"}}}");
    }
    dk_json_key(json, "content");
    dk_json_object_begin(json);
    write_content(json, operation->type, operation->schema);
    if (operation->html)
        write_content(json, "text/html", NULL);
    if ((operation->params & DK_API_DUE) != 0)
        write_content(json, "text/calendar", NULL);
    if ((operation->params & (DK_API_FILES | DK_API_TABLE | DK_API_WHEN)) != 0)
        write_content(json, "text/csv", NULL);
    if ((operation->params & DK_API_WHEN) != 0)
        write_content(json, files[0], NULL);
    if ((operation->params & DK_API_PROOF) != 0)
        write_content(json, "text/plain", NULL);
    for (size_t i = 0; (operation->params & DK_API_FILES) != 0 && i < sizeof files / sizeof *files; i++)
        write_content(json, files[i], NULL);
    dk_json_object_end(json);
    dk_json_object_end(json);
    if (strstr(operation->type, "vector-tile") != NULL) {
        dk_json_key(json, "204");
        dk_json_raw(json, "{\"description\":\"空瓦片\"}");
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        dk_json_key(json, failures[i].code);
        write_ref(json, "responses", failures[i].name);
    }
    dk_json_object_end(json);
}

/* ---- operations ---- */

/* The fields that the viewer's lists are grouped by: each is a parameter of its list. */
static void write_group_params(dk_context *ctx)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    for (size_t i = 0; i < catalogue->n_lists; i++) {
        const dk_list *list = &catalogue->lists[i];
        const dk_field *field = &list->kind->fields[list->by];
        bool twice = !dk_list_seen(list, &ctx->viewer);
        for (size_t k = 0; k < i && !twice; k++)
            twice = dk_list_seen(&catalogue->lists[k], &ctx->viewer) &&
                    strcmp(catalogue->lists[k].kind->fields[catalogue->lists[k].by].name, field->name) == 0;
        if (!twice)
            write_field_param(&ctx->json, field);
    }
}

/* One path's member of /paths holds all of its methods, which follow one another: begun tells that it is there. */
static void write_operation(dk_context *ctx, const dk_api_operation *operation, const dk_kind *kind, bool begun)
{
    dk_json *json = &ctx->json;
    char path[300], id[160];
    if (kind != NULL) {
        const char *slot = strstr(operation->path, "%s");
        snprintf(path, sizeof path, "%.*s%s%s", (int)(slot - operation->path), operation->path, kind->name, slot + 2);
        snprintf(id, sizeof id, "%s.%s", operation->id, kind->name);
    } else {
        snprintf(path, sizeof path, "%s", operation->path);
        snprintf(id, sizeof id, "%s", operation->id);
    }
    if (!begun) {
        dk_json_key(json, path);
        dk_json_object_begin(json);
    }
    dk_json_key(json, operation->method != NULL ? operation->method : "get");
    dk_json_object_begin(json);
    dk_json_key(json, "tags");
    dk_json_array_begin(json);
    dk_json_text(json, kind != NULL ? kind->title : "服务");
    dk_json_array_end(json);
    dk_json_member_text(json, "summary", operation->summary);
    dk_json_member_text(json, "operationId", id);
    dk_json_key(json, "parameters");
    dk_json_array_begin(json);
    write_path_params(json, path, ctx, kind);
    const bool geometry = kind != NULL && kind->geometry != DK_NO_GEOMETRY;
    for (size_t i = 0; dk_api_param_at(i) != NULL; i++) {
        const dk_api_param *param = dk_api_param_at(i);
        if ((operation->params & param->bit) != 0 && (geometry || kind == NULL || param->bit != DK_API_BBOX))
            write_ref(json, "parameters", component_name(param));
    }
    if ((operation->params & DK_API_FIELDS) != 0) {
        const uint64_t visible = dk_context_fields(ctx, kind);
        for (size_t i = 0; i < kind->n_fields; i++)
            if ((visible >> i & 1) != 0)
                write_field_param(json, &kind->fields[i]);
    }
    if ((operation->params & DK_API_LIST) != 0)
        write_group_params(ctx);
    dk_json_array_end(json);
    if (operation->body != NULL) {
        dk_json_key(json, "requestBody");
        dk_json_object_begin(json);
        dk_json_key(json, "required");
        dk_json_bool(json, true);
        dk_json_key(json, "content");
        dk_json_raw(json, operation->body);
        dk_json_object_end(json);
    }
    write_responses(json, operation);
    if ((operation->params & DK_API_DUE) != 0) {
        dk_json_key(json, "security");
        dk_json_raw(json, "[{\"staff\":[]},{\"calendar\":[]}]");
    }
    dk_json_object_end(json);
}

static bool has_links(dk_context *ctx, const dk_kind *kind)
{
    bool reversed;
    for (size_t i = 0; i < ctx->worker->catalogue->n_kinds; i++) {
        const dk_kind *other = &ctx->worker->catalogue->kinds[i];
        if (dk_context_sees(ctx, other) && dk_catalogue_link(ctx->worker->catalogue, kind, other, &reversed) != NULL)
            return true;
    }
    return false;
}

static bool begins(const dk_api_operation *operation, const char *path)
{
    return strncmp(operation->path, path, strlen(path)) == 0;
}

bool dk_api_offers(dk_context *ctx, const dk_api_operation *operation)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const bool due = begins(operation, "/due");
    if (begins(operation, "/batches"))
        return dk_preview_allowed(&ctx->viewer);
    if (due || begins(operation, "/scorecard") || begins(operation, "/calendars"))
        return catalogue->n_obligations > 0 && (!due || ctx->viewer.audience >= DK_STAFF);
    if (!begins(operation, "/lists"))
        return true;
    for (size_t i = 0; i < catalogue->n_lists; i++)
        if (dk_list_seen(&catalogue->lists[i], &ctx->viewer))
            return true;
    return false;
}

static void write_paths(dk_context *ctx)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const dk_api_operation *last = NULL;
    for (size_t i = 0; dk_api_server_operation(i) != NULL; i++) {
        const dk_api_operation *operation = dk_api_server_operation(i);
        if (!dk_api_offers(ctx, operation))
            continue;
        const bool begun = last != NULL && strcmp(last->path, operation->path) == 0;
        if (last != NULL && !begun)
            dk_json_object_end(&ctx->json);
        write_operation(ctx, operation, NULL, begun);
        last = operation;
    }
    if (last != NULL)
        dk_json_object_end(&ctx->json);
    for (size_t k = 0; k < catalogue->n_kinds; k++) {
        const dk_kind *kind = &catalogue->kinds[k];
        if (!dk_context_sees(ctx, kind))
            continue;
        for (size_t i = 0; dk_api_collection_operation(i) != NULL; i++) {
            const dk_api_operation *operation = dk_api_collection_operation(i);
            if ((operation->layers_only && kind->geometry == DK_NO_GEOMETRY) ||
                (strstr(operation->path, "{linked}") != NULL && !has_links(ctx, kind)))
                continue;
            write_operation(ctx, operation, kind, false);
            dk_json_object_end(&ctx->json);
        }
    }
}

static void write_components(dk_json *json)
{
    dk_json_key(json, "components");
    dk_json_object_begin(json);
    dk_json_key(json, "securitySchemes");
    dk_json_raw(
        json,
        "{\"staff\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"工作人员令牌\"},"
        "\"calendar\":{\"type\":\"http\",\"scheme\":\"basic\",\"description\":\"日历程序：令牌作为密码，用户名任意\"}}");
    dk_json_key(json, "parameters");
    dk_json_object_begin(json);
    for (size_t i = 0; dk_api_param_at(i) != NULL; i++) {
        dk_json_key(json, component_name(dk_api_param_at(i)));
        write_param(json, dk_api_param_at(i));
    }
    dk_json_object_end(json);
    dk_json_key(json, "responses");
    dk_json_object_begin(json);
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        dk_json_key(json, failures[i].name);
        dk_json_object_begin(json);
        dk_json_member_text(json, "description", failures[i].description);
        dk_json_key(json, "content");
        dk_json_object_begin(json);
        write_content(json, "application/problem+json", "problem");
        dk_json_object_end(json);
        dk_json_object_end(json);
    }
    dk_json_object_end(json);
    dk_json_key(json, "schemas");
    dk_json_raw(json, component_schemas);
    dk_json_object_end(json);
}

static void write_server(dk_context *ctx)
{
    dk_json *json = &ctx->json;
    dk_buf url;
    dk_buf_init(&url);
    dk_append_base(ctx, &url);
    if (url.size == 0)
        dk_buf_byte(&url, '/');
    dk_json_key(json, "servers");
    dk_json_array_begin(json);
    dk_json_object_begin(json);
    dk_json_member_text(json, "url", dk_buf_cstr(&url));
    dk_json_object_end(json);
    dk_json_array_end(json);
    if (url.failed)
        json->buf->failed = true;
    dk_buf_finish(&url);
}

static void write_document(dk_context *ctx)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_json *json = &ctx->json;
    dk_answer_json(ctx, OPENAPI);
    dk_json_object_begin(json);
    dk_json_member_text(json, "openapi", "3.0.3");
    dk_json_key(json, "info");
    dk_json_object_begin(json);
    dk_json_member_text(json, "title", catalogue->title);
    dk_json_member_text(json, "description", catalogue->publisher);
    dk_json_member_text(json, "version", DK_PROGRAM_VERSION);
    dk_json_object_end(json);
    write_server(ctx);
    dk_json_key(json, "security"); /* none is needed for what is public */
    dk_json_raw(json, "[{},{\"staff\":[]}]");
    dk_json_key(json, "tags");
    dk_json_array_begin(json);
    dk_json_raw(json, "{\"name\":\"服务\"}");
    for (size_t i = 0; i < catalogue->n_kinds; i++)
        if (dk_context_sees(ctx, &catalogue->kinds[i])) {
            bool twice = false; /* tags are a set */
            for (size_t j = 0; j < i; j++)
                twice = twice || (dk_context_sees(ctx, &catalogue->kinds[j]) &&
                                  strcmp(catalogue->kinds[j].title, catalogue->kinds[i].title) == 0);
            if (twice || strcmp(catalogue->kinds[i].title, "服务") == 0)
                continue;
            dk_json_object_begin(json);
            dk_json_member_text(json, "name", catalogue->kinds[i].title);
            dk_json_object_end(json);
        }
    dk_json_array_end(json);
    dk_json_key(json, "paths");
    dk_json_object_begin(json);
    write_paths(ctx);
    dk_json_object_end(json);
    write_components(json);
    dk_json_object_end(json);
}

dk_status dk_get_api(dk_context *ctx)
{
    static const char *const known[] = {"f", NULL};
    dk_status status = dk_context_params(ctx, known);
    if (status == DK_OK)
        status = dk_context_format(ctx);
    if (status != DK_OK)
        return status;
    if (ctx->html)
        dk_api_page(ctx);
    else
        write_document(ctx);
    return DK_OK;
}
