/* The answer to a question for a place as a page to be printed: 压覆、占用分析. */
#include "tiler/overlaps.h"

#include "store/disclosure.h"
#include "tiler/html.h"

#include <stdio.h>
#include <string.h>

static void put(dk_buf *out, const char *text)
{
    dk_html_text(&(dk_html){.buf = out}, text);
}

/* Square metres, and in 亩: 2000/3 m² each. */
static void put_area(dk_buf *out, double area_m2)
{
    dk_buf_format(out, "<td class=\"number\">%.2f</td><td class=\"number\">%.4f</td>", area_m2, area_m2 * 3 / 2000);
}

static void put_share(dk_buf *out, double part, double whole)
{
    if (whole > 0)
        dk_buf_format(out, "<td class=\"number\">%.2f%%</td>", part / whole < 1 ? part / whole * 100 : 100.0);
    else
        dk_buf_text(out, "<td></td>");
}

typedef struct page_writer {
    dk_context *ctx;
    const dk_overlaps *overlaps;
    const dk_met *met;
} page_writer;

static bool put_row(const dk_row *row, const dk_met_row *met, void *user)
{
    const page_writer *w = user;
    dk_buf *out = &w->ctx->worker->body;
    dk_buf_text(out, "<tr><td>");
    put(out, row->label);
    dk_buf_text(out, "</td><td>");
    put(out, row->key);
    dk_buf_text(out, "</td><td>");
    bool first = true;
    for (size_t i = 0; i < row->kind->n_fields; i++) {
        if (!dk_overlap_field(row, i) || (int)i == row->kind->label_field ||
            row->kind->fields[i].computed != DK_NOT_COMPUTED)
            continue;
        dk_buf_text(out, first ? "" : "；");
        first = false;
        put(out, row->kind->fields[i].title);
        dk_buf_text(out, "：");
        dk_html_value(&(dk_html){.buf = out}, &row->kind->fields[i], &row->values[i], true);
    }
    dk_buf_text(out, "</td>");
    if (!w->met->areas)
        dk_buf_text(out, met->touches_only ? "<td colspan=\"4\">仅边界相接</td>" : "<td colspan=\"4\">相交</td>");
    else if (met->touches_only)
        dk_buf_text(out, "<td colspan=\"4\">仅边界相接，无重叠面积</td>");
    if (w->met->areas && !met->touches_only) {
        put_area(out, met->shared_m2);
        put_share(out, met->shared_m2, dk_region_area_m2(w->overlaps->region));
        put_share(out, met->shared_m2, met->row_m2);
    }
    dk_buf_text(out, "</tr>\n");
    return out->size < DK_BODY_MAX && !out->failed;
}

static void put_totals(const page_writer *w, const dk_kind *layer)
{
    dk_buf *out = &w->ctx->worker->body;
    const dk_met *met = w->met;
    const int classify = dk_overlap_classify(w->ctx, layer);
    size_t rows = 0;
    for (size_t i = 0; i < met->n_classes; i++)
        rows += met->classes[i].rows;
    if (rows == 0) /* borders touch, and no more */
        return;
    dk_buf_text(out, "<table><caption>");
    put(out, layer->title);
    dk_buf_text(out, "：合计</caption><thead><tr><th scope=\"col\">");
    put(out, classify >= 0 ? layer->fields[classify].title : "类别");
    dk_buf_text(
        out,
        "</th><th scope=\"col\">个数</th><th scope=\"col\">重叠面积（平方米）</th><th scope=\"col\">重叠面积（亩）</th>"
        "<th scope=\"col\">占查询范围</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < met->n_classes; i++) {
        const dk_met_class *class = &met->classes[i];
        if (class->rows == 0)
            continue;
        dk_buf_text(out, "<tr><td>");
        const char *title =
            class->value != NULL ? dk_disclosure_value_title(&layer->fields[classify], class->value) : NULL;
        put(out, title != NULL ? title : class->value != NULL ? class->value : classify >= 0 ? "未注明" : "全部");
        dk_buf_format(out, "</td><td class=\"number\">%zu</td>", class->rows);
        if (met->areas) {
            put_area(out, class->shared_m2);
            put_share(out, class->shared_m2, dk_region_area_m2(w->overlaps->region));
        } else {
            dk_buf_text(out, "<td></td><td></td><td></td>");
        }
        dk_buf_text(out, "</tr>\n");
    }
    dk_buf_text(out, "</tbody></table>\n");
}

static dk_status put_layer(dk_context *ctx, const dk_overlaps *overlaps, size_t i)
{
    dk_buf *out = &ctx->worker->body;
    const dk_kind *layer = overlaps->layers[i];
    page_writer w = {ctx, overlaps, &overlaps->met[i]};
    dk_buf_text(out, "<section><h2>");
    put(out, layer->title);
    dk_buf_text(out, "</h2>\n");
    if (w.met->n == 0) {
        dk_buf_text(out, "<p>未涉及。</p></section>\n");
        return DK_OK;
    }
    if (!w.met->complete)
        dk_buf_format(out, "<p class=\"warning\">涉及的对象超过 %d 个，只计入其中 %d 个：请缩小范围。</p>\n",
                      DK_MEET_ROWS, DK_MEET_ROWS);
    put_totals(&w, layer);
    dk_buf_text(out, "<table><caption>");
    put(out, layer->title);
    dk_buf_format(out, "：明细（%zu 个", w.met->n);
    if (w.met->n > overlaps->limit)
        dk_buf_format(out, "，列出面积最大的 %zu 个", overlaps->limit);
    dk_buf_text(
        out, "）</caption><thead><tr><th scope=\"col\">名称</th><th scope=\"col\">编号</th><th scope=\"col\">属性</th>"
             "<th scope=\"col\">重叠面积（平方米）</th><th scope=\"col\">重叠面积（亩）</th><th "
             "scope=\"col\">占查询范围</th>"
             "<th scope=\"col\">占该对象</th></tr></thead><tbody>\n");
    const dk_status status = dk_met_give(ctx->worker->store, layer, &ctx->viewer, ctx->worker->generation.number, w.met,
                                         overlaps->limit, put_row, &w, &ctx->error);
    dk_buf_text(out, "</tbody></table></section>\n");
    return status;
}

dk_status dk_write_overlaps_page(dk_context *ctx, const dk_overlaps *overlaps)
{
    dk_buf *out = &ctx->worker->body;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const dk_region *region = overlaps->region;
    const double *b = dk_region_bounds(region);
    dk_status status = DK_OK;
    ctx->answer.type = "text/html; charset=utf-8";
    ctx->answer.page = true; /* its policy lets the style sheet in; there is no script */
    dk_buf_clear(out);
    dk_buf_text(
        out, "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>压覆、占用分析</title>\n"
             "<link rel=\"stylesheet\" href=\"");
    put(out, ctx->config->base_path);
    dk_buf_text(out, "/web/overlaps.css\">\n</head>\n<body>\n<h1>压覆、占用分析</h1>\n<dl>\n");
    if (overlaps->kind != NULL) {
        dk_buf_text(out, "<dt>查询对象</dt><dd>");
        put(out, overlaps->kind->title);
        dk_buf_byte(out, ' ');
        put(out, overlaps->key);
        dk_buf_text(out, "</dd>\n");
    }
    if (dk_region_kind(region) == DK_POLYGONS)
        dk_buf_format(out, "<dt>查询范围面积</dt><dd>%.2f 平方米（%.4f 公顷，%.4f 亩）</dd>\n",
                      dk_region_area_m2(region), dk_region_area_m2(region) / 1e4, dk_region_area_m2(region) * 3 / 2000);
    dk_buf_format(out, "<dt>查询范围四至</dt><dd>东经 %.7f°–%.7f°，北纬 %.7f°–%.7f°（CGCS2000）</dd>\n", b[0], b[2],
                  b[1], b[3]);
    dk_buf_text(out, "<dt>发布单位</dt><dd>");
    put(out, catalogue->publisher != NULL ? catalogue->publisher : "—");
    dk_buf_format(out, "</dd>\n<dt>数据版本</dt><dd>%lld</dd>\n</dl>\n", (long long)ctx->worker->generation.number);
    for (size_t i = 0; status == DK_OK && i < overlaps->n_layers; i++)
        status = put_layer(ctx, overlaps, i);
    dk_buf_text(out, "<p class=\"note\">面积为椭球面积（国土调查办发〔2008〕32号、TD/T 1055-2019 "
                     "附录D，CGCS2000）。同一类别的对象相互重叠的部分在合计中"
                     "只计一次。只计入已发布的数据；无图形的对象不参与分析。</p>\n</body>\n</html>\n");
    if (status == DK_OK && out->size >= DK_BODY_MAX)
        status = dk_fail(&ctx->error, DK_LIMIT, "The answer is larger than %u MiB; ask for fewer rows with \"limit\".",
                         DK_BODY_MAX >> 20);
    return status;
}
