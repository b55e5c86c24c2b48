/* /collections/{c}/schema, /queryables and /sortables (OGC API Features, Part 3, 6.2; Part 5, 23-058r2). */
#include "tiler/schema.h"

#include "store/disclosure.h"
#include "tiler/conformance.h"
#include "tiler/item_html.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *unit, *ucum;
} ucum_units[] = {{"m2", "m2"}, {"ha", "har"}, {"km2", "km2"}, {"m", "m"}, {"km", "km"}, {"%", "%"}};

static void write_unit(dk_json *json, const char *unit)
{
    for (size_t i = 0; i < sizeof ucum_units / sizeof *ucum_units; i++)
        if (strcmp(ucum_units[i].unit, unit) == 0) {
            dk_json_member_text(json, "x-ogc-unit", ucum_units[i].ucum);
            return;
        }
    dk_json_member_text(json, "x-ogc-unit", unit);
    dk_json_member_text(json, "x-ogc-unitLang", "dikuai"); /* the catalogue's word: yuan, mu */
}

/* Of values that have titles each with its own (JSON Schema 2020-12 Validation, 9.1: an annotation of a subschema). */
static void write_value_titles(dk_json *json, const dk_field *field)
{
    dk_json_key(json, "oneOf");
    dk_json_array_begin(json);
    for (size_t i = 0; i < field->n_values; i++) {
        dk_json_object_begin(json);
        dk_json_member_text(json, "const", field->values[i]);
        dk_json_member_text(json, "title", dk_disclosure_value_title(field, field->values[i]));
        dk_json_object_end(json);
    }
    dk_json_array_end(json);
}

void dk_write_field_schema(dk_json *json, const dk_field *field, const char *role, bool titled)
{
    const bool number = field->type == DK_FIELD_NUMBER, integer = field->type == DK_FIELD_INTEGER;
    dk_json_object_begin(json);
    dk_json_member_text(json, "title", field->title);
    dk_json_member_text(json, "type", number ? "number" : integer ? "integer" : "string");
    if (field->type == DK_FIELD_DATE || field->type == DK_FIELD_URL)
        dk_json_member_text(json, "format", field->type == DK_FIELD_DATE ? "date" : "uri");
    if (field->unit != NULL)
        write_unit(json, field->unit);
    if (field->n_values > 0 && !number && !integer) {
        dk_json_key(json, "enum");
        dk_json_array_begin(json);
        for (size_t i = 0; i < field->n_values; i++)
            dk_json_text(json, field->values[i]);
        dk_json_array_end(json);
        if (titled && field->computed == DK_COMPUTED_DISCLOSURE)
            write_value_titles(json, field);
    }
    if (role != NULL)
        dk_json_member_text(json, "x-ogc-role", role);
    dk_json_object_end(json);
}

const char *dk_geometry_format(const dk_kind *kind)
{
    switch (kind->geometry) {
    case DK_POLYGONS:
        return "geometry-polygon-or-multipolygon";
    case DK_LINES:
        return "geometry-linestring-or-multilinestring";
    case DK_POINTS:
        return "geometry-point-or-multipoint";
    case DK_NO_GEOMETRY:
    default:
        return NULL;
    }
}

const char *dk_field_type_title(dk_field_type type)
{
    static const char *const titles[] = {
        [DK_FIELD_TEXT] = "文本", [DK_FIELD_INTEGER] = "整数",     [DK_FIELD_NUMBER] = "数值",
        [DK_FIELD_DATE] = "日期", [DK_FIELD_APPROVAL_NO] = "文号", [DK_FIELD_DIVISION] = "行政区划代码",
        [DK_FIELD_URL] = "网址"};
    return titles[type];
}

/* ---- the three resources ---- */

typedef enum resource { SCHEMA, QUERYABLES, SORTABLES } resource;

static const struct {
    const char *name, *title;
} resources[] = {[SCHEMA] = {"schema", "字段"},
                 [QUERYABLES] = {"queryables", "可查询的字段"},
                 [SORTABLES] = {"sortables", "可排序的字段"}};

static const char *role_of(const dk_kind *kind, int field)
{
    if (field == kind->key_field && kind->n_qualifiers == 0 && !kind->qualify_by_source)
        return "id"; /* else the id is made of several fields */
    if (field == kind->date_field)
        return kind->date_end_field >= 0 ? "primary-interval-start" : "primary-instant";
    return field == kind->date_end_field ? "primary-interval-end" : NULL;
}

static void write_geometry(dk_json *json, const dk_kind *kind)
{
    if (dk_geometry_format(kind) == NULL || dk_kind_field(kind, "geometry") >= 0)
        return;
    dk_json_key(json, "geometry");
    dk_json_object_begin(json);
    dk_json_member_text(json, "title", "图形");
    dk_json_member_text(json, "format", dk_geometry_format(kind));
    dk_json_member_text(json, "x-ogc-role", "primary-geometry");
    dk_json_object_end(json);
}

static void write_required(dk_json *json, const dk_kind *kind)
{
    dk_json_key(json, "required");
    dk_json_array_begin(json);
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].required && kind->fields[i].audience == DK_PUBLIC) /* others are hidden in some rows */
            dk_json_text(json, kind->fields[i].name);
    dk_json_array_end(json);
}

static void write_json(dk_context *ctx, const dk_kind *kind, resource what)
{
    dk_json *json = &ctx->json;
    const uint64_t visible = what == SCHEMA ? dk_context_shown(ctx, kind) : dk_context_fields(ctx, kind);
    const uint64_t clear = dk_context_fields(ctx, kind);
    dk_buf id;
    dk_buf_init(&id);
    dk_append_base(ctx, &id);
    dk_append_collection_path(&id, kind);
    dk_buf_format(&id, "/%s", resources[what].name);
    dk_answer_json(ctx, "application/schema+json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    dk_json_member_text(json, "$id", dk_buf_cstr(&id));
    dk_json_member_text(json, "title", kind->title);
    dk_json_member_text(json, "type", "object");
    dk_json_key(json, "properties");
    dk_json_object_begin(json);
    for (size_t i = 0; i < kind->n_fields; i++) {
        if ((visible >> i & 1) == 0)
            continue;
        dk_json_key(json, kind->fields[i].name);
        dk_field field = kind->fields[i];
        if ((clear >> i & 1) == 0) /* a mask is none of the allowed values */
            field.n_values = 0;
        dk_write_field_schema(json, &field, role_of(kind, (int)i), true);
    }
    if (what != SORTABLES)
        write_geometry(json, kind);
    dk_json_object_end(json);
    if (what == SCHEMA)
        write_required(json, kind);
    dk_json_key(json, "additionalProperties");
    dk_json_bool(json, false);
    dk_json_object_end(json);
    if (id.failed)
        json->buf->failed = true;
    dk_buf_finish(&id);
}

static void write_page(dk_context *ctx, const dk_kind *kind, resource what)
{
    const uint64_t visible = what == SCHEMA ? dk_context_shown(ctx, kind) : dk_context_fields(ctx, kind);
    const uint64_t clear = dk_context_fields(ctx, kind);
    dk_html html;
    dk_buf path, title;
    dk_buf_init(&path);
    dk_buf_init(&title);
    dk_append_collection_path(&path, kind);
    dk_buf_format(&title, "%s：%s", kind->title, resources[what].title);
    const char *collection = dk_buf_cstr(&path), *heading = dk_buf_cstr(&title);
    const dk_crumb ways[] = {{"/collections?f=html", "数据"},
                             {collection != NULL ? collection : "", kind->title},
                             {NULL, resources[what].title}};
    dk_html_begin(&html, ctx, heading != NULL ? heading : "", "schema", ways, 3);
    dk_html_raw(&html, "<table class=\"rows\"><thead><tr><th scope=\"col\">字段</th><th scope=\"col\">名称</th>"
                       "<th scope=\"col\">类型</th><th scope=\"col\">单位</th><th "
                       "scope=\"col\">允许的值</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if ((visible >> i & 1) == 0)
            continue;
        dk_html_raw(&html, "<tr><th scope=\"row\"><code>");
        dk_html_text(&html, field->name);
        dk_html_raw(&html, "</code></th>");
        dk_html_element(&html, "td", field->title);
        dk_html_element(&html, "td", dk_field_type_title(field->type));
        dk_html_element(&html, "td", dk_html_unit(field->unit));
        dk_html_raw(&html, "<td>");
        for (size_t j = 0; (clear >> i & 1) != 0 && j < field->n_values; j++) {
            dk_html_raw(&html, j > 0 ? "、" : "");
            dk_html_text(&html, field->values[j]);
            if (dk_disclosure_value_title(field, field->values[j]) != NULL) { /* it is asked for by the word */
                dk_html_raw(&html, "（");
                dk_html_text(&html, dk_disclosure_value_title(field, field->values[j]));
                dk_html_raw(&html, "）");
            }
        }
        dk_html_raw(&html, "</td></tr>\n");
    }
    if (what != SORTABLES && dk_geometry_format(kind) != NULL)
        dk_html_raw(
            &html,
            "<tr><th scope=\"row\"><code>geometry</code></th><td>图形</td><td>几何</td><td></td><td></td></tr>\n");
    dk_html_raw(&html, "</tbody></table>\n<p class=\"other\">其他格式：");
    dk_buf_format(&path, "/%s?f=json", resources[what].name);
    collection = dk_buf_cstr(&path);
    dk_html_link(&html, collection != NULL ? collection : "", "application/schema+json", "JSON Schema");
    dk_html_raw(&html, "</p>\n");
    dk_html_end(&html);
    dk_buf_finish(&path);
    dk_buf_finish(&title);
}

static dk_status answer(dk_context *ctx, resource what)
{
    static const char *const params[] = {"f", NULL};
    const dk_kind *kind;
    dk_status status = dk_context_kind(ctx, ctx->request->path[1], &kind);
    if (status == DK_OK)
        status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_format(ctx);
    if (status != DK_OK)
        return status;
    if (ctx->html)
        write_page(ctx, kind, what);
    else
        write_json(ctx, kind, what);
    return DK_OK;
}

dk_status dk_get_schema(dk_context *ctx)
{
    return answer(ctx, SCHEMA);
}

dk_status dk_get_queryables(dk_context *ctx)
{
    return answer(ctx, QUERYABLES);
}

dk_status dk_get_sortables(dk_context *ctx)
{
    return answer(ctx, SORTABLES);
}
