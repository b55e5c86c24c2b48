#include "tiler/item_html.h"

#include "store/disclosure.h"
#include "tiler/conformance.h"

#include <string.h>

void dk_append_collection_path(dk_buf *out, const dk_kind *kind)
{
    dk_buf_text(out, "/collections/");
    dk_append_encoded(out, kind->name);
}

void dk_request_filled(const dk_request *request, dk_request *ret_request)
{
    *ret_request = *request;
    ret_request->memory = NULL;
    ret_request->n_params = 0;
    for (size_t i = 0; i < request->n_params; i++)
        if (request->params[i].value[0] != '\0')
            ret_request->params[ret_request->n_params++] = request->params[i];
}

static void link_of(dk_html *html, dk_buf *path, const char *type, const char *title)
{
    const char *text = dk_buf_cstr(path);
    if (text != NULL)
        dk_html_link(html, text, type, title);
    else
        html->buf->failed = true;
}

/* ---- a page of rows ---- */

static const char *own_value(const dk_html *html, const char *name)
{
    const char *value = dk_request_param(html->ctx->request, name);
    return value != NULL ? value : "";
}

static void write_field_input(dk_html *html, const dk_field *field)
{
    const char *value = own_value(html, field->name);
    dk_html_raw(html, "<label><span>");
    dk_html_text(html, field->title);
    dk_html_raw(html, "</span>");
    if (field->n_values > 0) {
        dk_html_raw(html, "<select");
        dk_html_attribute(html, "name", field->name);
        dk_html_raw(html, "><option value=\"\">不限</option>");
        for (size_t i = 0; i < field->n_values; i++) {
            dk_html_raw(html, "<option");
            dk_html_attribute(html, "value", field->values[i]);
            dk_html_raw(html, strcmp(field->values[i], value) == 0 ? " selected>" : ">");
            const char *title = dk_disclosure_value_title(field, field->values[i]);
            dk_html_text(html, title != NULL ? title : field->values[i]);
            dk_html_raw(html, "</option>");
        }
        dk_html_raw(html, "</select>");
    } else {
        dk_html_raw(html, field->type == DK_FIELD_DATE ? "<input type=\"date\"" : "<input type=\"text\"");
        dk_html_attribute(html, "name", field->name);
        dk_html_attribute(html, "value", value);
        dk_html_raw(html, ">");
    }
    dk_html_raw(html, "</label>\n");
}

/* Asks for rows by the values of fields; without a script, a form sends all of its fields. */
static void write_form(dk_html *html, const dk_kind *kind)
{
    const uint64_t visible = dk_context_fields(html->ctx, kind);
    bool used = own_value(html, "q")[0] != '\0';
    for (size_t i = 0; i < kind->n_fields; i++)
        used = used || ((visible >> i & 1) != 0 && own_value(html, kind->fields[i].name)[0] != '\0');
    dk_buf path;
    dk_buf_init(&path);
    dk_append_collection_path(&path, kind);
    dk_buf_text(&path, "/items");
    const char *text = dk_buf_cstr(&path);
    dk_html_raw(html, used ? "<details class=\"filter\" open>" : "<details class=\"filter\">");
    dk_html_raw(html, "<summary>按字段查询</summary>\n<form method=\"get\"");
    dk_html_address(html, "action", text != NULL ? text : "");
    dk_html_raw(html, "><input type=\"hidden\" name=\"f\" value=\"html\">\n<div class=\"inputs\">\n");
    bool searched = false;
    for (size_t i = 0; i < kind->n_fields; i++)
        searched = searched || ((visible >> i & 1) != 0 && kind->fields[i].in_search);
    if (searched) {
        dk_html_raw(html, "<label><span>关键词</span><input type=\"search\" name=\"q\"");
        dk_html_attribute(html, "value", own_value(html, "q"));
        dk_html_raw(html, "></label>\n");
    }
    for (size_t i = 0; i < kind->n_fields; i++)
        if ((visible >> i & 1) != 0)
            write_field_input(html, &kind->fields[i]);
    dk_html_raw(html, "</div>\n<p class=\"hint\">关键词按词查找，字段按完整的值查询，留空表示不限。</p>\n<button "
                      "type=\"submit\">查询</button></form></details>\n");
    dk_buf_finish(&path);
}

void dk_items_page_begin(dk_html *html, dk_context *ctx, const dk_kind *kind, const dk_kind *about, const char *key)
{
    dk_buf collection, item;
    dk_buf_init(&collection);
    dk_buf_init(&item);
    dk_append_collection_path(&collection, about != NULL ? about : kind);
    if (about != NULL)
        dk_append_item_path(&item, about, key);
    const char *const to_collection = dk_buf_cstr(&collection), *const to_item =
                                                                    about != NULL ? dk_buf_cstr(&item) : NULL;
    const dk_crumb ways[] = {
        {"/collections?f=html", "数据"},
        {to_collection != NULL ? to_collection : "/collections", (about != NULL ? about : kind)->title},
        {to_item, about != NULL ? key : "全部"},
        {NULL, kind->title}};
    dk_html_begin(html, ctx, kind->title, "items", ways, about != NULL ? 4 : 3);
    dk_buf_finish(&collection);
    dk_buf_finish(&item);
    const uint64_t visible = dk_context_shown(ctx, kind);
    dk_html_raw(html, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"列表\"><table "
                      "class=\"rows\">\n<thead><tr><th scope=\"col\">名称</th>");
    for (size_t i = 0; i < kind->n_fields; i++) {
        if ((visible >> i & 1) == 0)
            continue;
        dk_html_raw(html, "<th scope=\"col\">");
        dk_html_text(html, kind->fields[i].title);
        if (kind->fields[i].unit != NULL) {
            dk_html_raw(html, "<span class=\"unit\">（");
            dk_html_text(html, dk_html_unit(kind->fields[i].unit));
            dk_html_raw(html, "）</span>");
        }
        dk_html_raw(html, "</th>");
    }
    dk_html_raw(html, "</tr></thead>\n<tbody>\n");
}

static bool is_number(const dk_field *field)
{
    return field->type == DK_FIELD_INTEGER || field->type == DK_FIELD_NUMBER;
}

void dk_items_page_row(dk_html *html, const dk_row *row)
{
    const uint64_t visible = dk_context_shown(html->ctx, row->kind);
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "?f=html");
    dk_html_raw(html, "<tr><th scope=\"row\">");
    link_of(html, &path, NULL, row->label);
    if (row->undrawn)
        dk_html_raw(html, " <span class=\"badge\">无图形</span>");
    dk_html_raw(html, "</th>");
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        if ((visible >> i & 1) == 0)
            continue;
        dk_html_raw(html, is_number(&row->kind->fields[i]) ? "<td class=\"right\">" : "<td>");
        if ((row->visible >> i & 1) != 0)
            dk_html_value(html, &row->kind->fields[i], &row->values[i], false);
        dk_html_raw(html, "</td>");
    }
    dk_html_raw(html, "</tr>\n");
    dk_buf_finish(&path);
}

void dk_items_page_end(dk_html *html, const dk_kind *kind, bool with_form, int64_t matched, size_t returned,
                       const char *next)
{
    static const char *const first[] = {"after", NULL}, *const format[] = {"f", NULL};
    const dk_request *request = html->ctx->request;
    dk_html_raw(html, "</tbody>\n</table></div>\n<p class=\"count\" role=\"status\">");
    if (matched >= 0) {
        dk_html_raw(html, "共 ");
        dk_html_number(html, matched);
        dk_html_raw(html, " 条，");
    }
    dk_html_raw(html, "本页 ");
    dk_html_number(html, (int64_t)returned);
    dk_html_raw(html, " 条。</p>\n<nav class=\"pages\" aria-label=\"翻页\">");
    dk_buf address;
    dk_buf_init(&address);
    if (dk_request_param(request, "after") != NULL) {
        dk_append_own_address(&address, request, first);
        link_of(html, &address, NULL, "第一页");
        dk_html_raw(html, " ");
    }
    if (next != NULL) {
        dk_html_raw(html, "<a rel=\"next\"");
        dk_html_address(html, "href", next);
        dk_html_raw(html, ">下一页</a>");
    }
    dk_html_raw(html, "</nav>\n");
    if (with_form)
        write_form(html, kind);
    dk_html_raw(html, "<p class=\"other\">其他格式：");
    dk_buf_clear(&address);
    dk_append_own_address(&address, request, format);
    dk_buf_text(&address,
                dk_buf_cstr(&address) != NULL && strchr(dk_buf_cstr(&address), '?') != NULL ? "&f=json" : "?f=json");
    link_of(html, &address, "application/geo+json", "GeoJSON");
    dk_html_raw(html, "</p>\n");
    dk_buf_finish(&address);
    dk_html_end(html);
}

/* ---- one row ---- */

void dk_html_facts(dk_html *html, const dk_row *row, bool named)
{
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        const dk_field *field = &row->kind->fields[i];
        if ((row->visible >> i & 1) == 0 || row->values[i].type == DK_NULL)
            continue;
        dk_html_raw(html, "<tr><th scope=\"row\">");
        dk_html_text(html, field->title);
        dk_html_raw(html, "</th><td");
        if (named)
            dk_html_attribute(html, "data-field", field->name);
        dk_html_raw(html, ">");
        dk_html_value(html, field, &row->values[i], true);
        if (field->audience != DK_PUBLIC && (row->masked >> i & 1) == 0)
            dk_html_raw(html, " <span class=\"badge internal\">内部</span>");
        dk_html_fact_end(html);
    }
    if (row->undrawn) {
        dk_html_fact(html, "图形", "无图形");
    } else if (row->kind->geometry != DK_NO_GEOMETRY) {
        dk_html_fact_begin(html, "四至（西、南、东、北）");
        dk_buf_format(html->buf, "%.6f°，%.6f°，%.6f°，%.6f°", row->bounds[0], row->bounds[1], row->bounds[2],
                      row->bounds[3]);
        dk_html_fact_end(html);
    }
}

/* The coordinates of the outline in the system that was asked for. */
static dk_status write_outline(dk_html *html, const dk_row *row)
{
    dk_context *ctx = html->ctx;
    dk_shape *shape = &ctx->worker->shape;
    if (row->wkb == NULL || row->wkb_size == 0)
        return DK_OK;
    dk_status status = dk_shape_from_wkb(row->wkb, row->wkb_size, shape, &ctx->error);
    if (status == DK_OK && ctx->answer.crs != NULL)
        status = dk_crs_from_lonlat(ctx->answer.crs, shape->lonlat, shape->n_points, &ctx->error);
    if (status != DK_OK)
        return status;
    const dk_crs *crs = ctx->answer.crs != NULL ? ctx->answer.crs : dk_crs_default();
    dk_html_raw(html, "<details class=\"outline\"><summary>图形坐标</summary>\n<p class=\"hint\">");
    dk_html_text(html, dk_crs_title(crs));
    dk_html_raw(html, " <code>");
    dk_html_text(html, dk_crs_uri(crs));
    dk_html_raw(html, "</code></p>\n");
    for (size_t i = 0; i < shape->n_parts; i++) {
        const dk_part *part = &shape->parts[i];
        dk_html_raw(html, part->hole ? "<p>内环：" : shape->kind == DK_POLYGONS ? "<p>外环：" : "<p>");
        for (size_t j = 0; j < part->count; j++) {
            const double *at = shape->lonlat + 2 * (part->start + j);
            dk_buf_format(html->buf, dk_crs_is_degrees(crs) ? "%s%.9f, %.9f" : "%s%.4f, %.4f", j > 0 ? "; " : "", at[0],
                          at[1]);
        }
        dk_html_raw(html, "</p>\n");
    }
    dk_html_raw(html, "</details>\n");
    return DK_OK;
}

dk_status dk_item_page(dk_context *ctx, const dk_row *row)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_html html;
    dk_buf path;
    dk_buf_init(&path);
    dk_append_collection_path(&path, row->kind);
    const char *collection = dk_buf_cstr(&path);
    const dk_crumb ways[] = {
        {"/collections?f=html", "数据"}, {collection != NULL ? collection : "", row->kind->title}, {NULL, row->label}};
    dk_html_begin(&html, ctx, row->label, "item", ways, 3);
    dk_html_raw(&html, "<p class=\"kind\">");
    dk_html_text(&html, row->kind->title);
    dk_html_raw(&html, "</p>\n<table class=\"facts\"><tbody>\n");
    dk_html_facts(&html, row, false);
    dk_html_raw(&html, "</tbody></table>\n");
    const dk_status status = write_outline(&html, row);
    dk_html_raw(&html, "<h2>关联信息</h2>\n<ul>\n<li>");
    dk_buf_clear(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "/dossier?f=html");
    link_of(&html, &path, "text/html", "一地一档（可打印）");
    dk_html_raw(&html, "</li>\n");
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *other = &catalogue->kinds[i];
        bool reversed;
        if (!dk_context_sees(ctx, other) || dk_catalogue_link(catalogue, row->kind, other, &reversed) == NULL)
            continue;
        dk_buf_clear(&path);
        dk_append_item_path(&path, row->kind, row->key);
        dk_buf_byte(&path, '/');
        dk_append_encoded(&path, other->name);
        dk_buf_text(&path, "?f=html");
        dk_html_raw(&html, "<li>");
        link_of(&html, &path, "text/html", other->title);
        dk_html_raw(&html, "</li>\n");
    }
    dk_html_raw(&html, "</ul>\n<p class=\"other\">其他格式：");
    dk_buf_clear(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "?f=json");
    link_of(&html, &path, "application/geo+json", "GeoJSON");
    dk_html_raw(&html, "</p>\n");
    dk_html_end(&html);
    if (path.failed)
        html.buf->failed = true;
    dk_buf_finish(&path);
    return status;
}
