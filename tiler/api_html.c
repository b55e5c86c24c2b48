/* /api as a page: the same operations, to be read. */
#include "tiler/api.h"
#include "tiler/item_html.h"
#include "tiler/schema.h"

#include <string.h>

static void write_operation(dk_html *html, const dk_api_operation *operation, const char *name)
{
    const char *slot = strstr(operation->path, "%s");
    dk_html_raw(html, "<tr><th scope=\"row\"><code>");
    if (operation->method != NULL)
        dk_html_raw(html, strcmp(operation->method, "post") == 0 ? "POST " : "DELETE ");
    if (slot != NULL) {
        dk_html_text_n(html, operation->path, (size_t)(slot - operation->path));
        dk_html_text(html, name);
        dk_html_text(html, slot + 2);
    } else {
        dk_html_text(html, operation->path);
    }
    dk_html_raw(html, "</code></th>");
    dk_html_element(html, "td", operation->summary);
    dk_html_raw(html, "<td>");
    bool first = true;
    for (size_t i = 0; dk_api_param_at(i) != NULL; i++) {
        if ((operation->params & dk_api_param_at(i)->bit) == 0)
            continue;
        dk_html_raw(html, first ? "<code>" : " <code>");
        dk_html_text(html, dk_api_param_at(i)->name);
        dk_html_raw(html, "</code>");
        first = false;
    }
    if ((operation->params & DK_API_FIELDS) != 0)
        dk_html_raw(html, " 以及各字段");
    if ((operation->params & DK_API_LIST) != 0)
        dk_html_raw(html, " 以及清单分组所用的字段");
    dk_html_raw(html, "</td><td>");
    dk_html_text(html, operation->type);
    dk_html_raw(html, operation->html ? "、text/html</td></tr>\n" : "</td></tr>\n");
}

static void operations_begin(dk_html *html)
{
    dk_html_raw(
        html,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"操作\"><table class=\"rows\"><thead><tr><th "
        "scope=\"col\">地址（没有写明的为 GET）</th><th scope=\"col\">内容</th><th scope=\"col\">参数</th>"
        "<th scope=\"col\">格式</th></tr></thead>\n<tbody>\n");
}

void dk_api_page(dk_context *ctx)
{
    static const dk_crumb ways[] = {{NULL, "接口说明"}};
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_html html;
    dk_buf path;
    dk_buf_init(&path);
    dk_html_begin(&html, ctx, "接口说明", "api", ways, 1);
    dk_html_raw(&html, "<p>本服务按 OGC API Features 和 OGC API Tiles 提供数据。供程序使用的说明是 ");
    dk_html_link(&html, "/api?f=json", "application/vnd.oai.openapi+json;version=3.0", "OpenAPI 3.0");
    dk_html_raw(&html, "；所符合的标准见");
    dk_html_link(&html, "/conformance?f=html", "text/html", "符合的标准");
    dk_html_raw(&html, "。出错时返回 <code>application/problem+json</code>，其中 <code>detail</code> 是一句说明。"
                       "工作人员在 <code>Authorization: Bearer</code> 中带令牌。</p>\n<h2>服务</h2>\n");
    operations_begin(&html);
    for (size_t i = 0; dk_api_server_operation(i) != NULL; i++)
        if (dk_api_offers(ctx, dk_api_server_operation(i)))
            write_operation(&html, dk_api_server_operation(i), NULL);
    dk_html_raw(
        &html,
        "</tbody></table></div>\n<h2>数据集</h2>\n<p>以下地址中的 <code>{collection}</code> 是数据集的标识。</p>\n");
    operations_begin(&html);
    for (size_t i = 0; dk_api_collection_operation(i) != NULL; i++)
        write_operation(&html, dk_api_collection_operation(i), "{collection}");
    dk_html_raw(&html, "</tbody></table></div>\n<table class=\"rows\"><thead><tr><th scope=\"col\">标识</th><th "
                       "scope=\"col\">数据集</th>"
                       "<th scope=\"col\">可查询的字段</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i];
        const uint64_t visible = dk_context_fields(ctx, kind);
        if (visible == 0)
            continue;
        dk_buf_clear(&path);
        dk_append_collection_path(&path, kind);
        dk_buf_text(&path, "/queryables?f=html");
        const char *text = dk_buf_cstr(&path);
        dk_html_raw(&html, "<tr><th scope=\"row\"><code>");
        dk_html_text(&html, kind->name);
        dk_html_raw(&html, "</code></th><td>");
        dk_html_link(&html, text != NULL ? text : "", NULL, kind->title);
        dk_html_raw(&html, "</td><td>");
        for (size_t j = 0; j < kind->n_fields; j++)
            if ((visible >> j & 1) != 0) {
                dk_html_raw(&html, "<code>");
                dk_html_text(&html, kind->fields[j].name);
                dk_html_raw(&html, "</code> ");
            }
        dk_html_raw(&html, "</td></tr>\n");
    }
    dk_html_raw(&html, "</tbody></table>\n<h2>参数</h2>\n<table class=\"rows\"><thead><tr><th "
                       "scope=\"col\">参数</th><th scope=\"col\">说明</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; dk_api_param_at(i) != NULL; i++) {
        dk_html_raw(&html, "<tr><th scope=\"row\"><code>");
        dk_html_text(&html, dk_api_param_at(i)->name);
        dk_html_raw(&html, "</code></th>");
        dk_html_element(&html, "td", dk_api_param_at(i)->title);
        dk_html_raw(&html, "</tr>\n");
    }
    dk_html_raw(&html, "</tbody></table>\n<h2>坐标系</h2>\n<table class=\"rows\"><thead><tr><th "
                       "scope=\"col\">URI</th><th scope=\"col\">坐标系和坐标轴</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; dk_crs_at(i) != NULL; i++) {
        dk_html_raw(&html, "<tr><th scope=\"row\"><code>");
        dk_html_text(&html, dk_crs_uri(dk_crs_at(i)));
        dk_html_raw(&html, "</code></th>");
        dk_html_element(&html, "td", dk_crs_title(dk_crs_at(i)));
        dk_html_raw(&html, "</tr>\n");
    }
    dk_html_raw(&html, "</tbody></table>\n");
    dk_html_end(&html);
    dk_buf_finish(&path);
}
