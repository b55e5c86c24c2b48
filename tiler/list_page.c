#include "tiler/list_page.h"

#include "store/disclosure.h"
#include "tiler/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Text where markup may stand around it, also as an attribute's value. */
static void put(dk_buf *out, const char *text)
{
    dk_html_text(&(dk_html){.buf = out}, text);
}

static bool is_number(const dk_field *field)
{
    return field->type == DK_FIELD_INTEGER || field->type == DK_FIELD_NUMBER;
}

static bool is_money(const dk_field *field)
{
    return field->unit != NULL && strcmp(field->unit, "yuan") == 0;
}

/* Money to the fen; the rest in the shortest form that says the same. */
static void put_number(dk_buf *out, const dk_field *field, double value)
{
    if (is_money(field)) {
        dk_buf_format(out, "%.2f", value);
        return;
    }
    dk_json json;
    dk_json_init(&json, out);
    dk_json_number(&json, value);
}

static void put_words(dk_buf *out, const dk_field *field, const char *text)
{
    const char *title = dk_disclosure_value_title(field, text);
    put(out, title != NULL ? title : text);
}

static void put_value(dk_buf *out, const dk_field *field, const dk_value *value)
{
    switch (value->type) {
    case DK_NULL:
        break;
    case DK_INTEGER:
        dk_buf_format(out, "%lld", (long long)value->integer);
        break;
    case DK_REAL:
        put_number(out, field, value->real);
        break;
    case DK_TEXT:
        put_words(out, field, value->text.data);
    }
}

static const dk_field *field_of(const dk_list_column *column)
{
    return &column->kind->fields[column->field];
}

void dk_list_page_begin(dk_buf *out, const dk_context *ctx, const dk_list_query *query)
{
    const dk_list *list = query->list;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_buf_text(out, "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    put(out, list->title);
    dk_buf_text(out, "</title>\n<link rel=\"stylesheet\" href=\"");
    put(out, ctx->config->base_path);
    dk_buf_text(out, "/web/list.css\">\n</head>\n<body>\n<header>\n<h1>");
    put(out, list->title);
    dk_buf_text(out, "</h1>\n<p>");
    put(out, catalogue->publisher);
    if (query->division != NULL) {
        const dk_division *division = dk_catalogue_division(catalogue, query->division);
        dk_buf_text(out, "　行政区：");
        put(out, division != NULL ? division->name : query->division);
    }
    if (query->open_only) {
        dk_buf_text(out, "　仅列");
        put(out, list->open_title);
    }
    dk_buf_format(out, "　数据版本：%lld", (long long)query->generation);
    if (query->generation > 0) {
        dk_buf_text(out, "（");
        dk_html_moment(&(dk_html){.buf = out}, ctx->worker->generation.at);
        dk_buf_text(out, "）");
    }
    if (list->audience != DK_PUBLIC)
        dk_buf_text(out, "　<strong>含内部信息，请勿外传</strong>");
    dk_buf_text(out, "</p>\n</header>\n");
}

void dk_list_page_group(dk_buf *out, const dk_list *list, const char *value)
{
    dk_buf_text(out, "<section>\n<table>\n<caption>");
    put(out, list->kind->fields[list->by].title);
    dk_buf_text(out, "：");
    put_words(out, &list->kind->fields[list->by], value[0] != '\0' ? value : "（未填）");
    dk_buf_text(out, "</caption>\n<thead>\n<tr><th scope=\"col\">序号</th>");
    for (size_t i = 0; i < list->n_columns; i++) {
        const dk_field *field = field_of(&list->columns[i]);
        dk_buf_text(out, is_number(field) ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">");
        put(out, field->title);
        if (field->unit != NULL) {
            dk_buf_text(out, "（");
            put(out, dk_html_unit(field->unit));
            dk_buf_text(out, "）");
        }
        dk_buf_text(out, "</th>");
    }
    dk_buf_text(out, "</tr>\n</thead>\n<tbody>\n");
}

void dk_list_page_line(dk_buf *out, const dk_list *list, const dk_list_line *line, int64_t number)
{
    dk_buf_text(out, line->open ? "<tr class=\"open\"><td>" : "<tr><td>");
    if (line->first)
        dk_buf_format(out, "%lld", (long long)number);
    dk_buf_text(out, "</td>");
    for (size_t i = 0; i < list->n_columns; i++) {
        const dk_field *field = field_of(&list->columns[i]);
        const bool own = list->columns[i].kind == list->kind;
        dk_buf_text(out, is_number(field)               ? "<td class=\"number\">"
                         : field->type == DK_FIELD_DATE ? "<td class=\"date\">"
                                                        : "<td>");
        if (line->open && (int)i == list->open_column)
            put(out, line->line == NULL && list->lines != NULL && list->missing_title != NULL ? list->missing_title
                                                                                              : list->open_title);
        else if (!own || line->first) /* what the row says once, its further lines do not repeat */
            put_value(out, field, &line->values[i]);
        dk_buf_text(out, "</td>");
    }
    dk_buf_text(out, "</tr>\n");
}

static void put_sums(dk_buf *out, const dk_list *list, const dk_list_sums *sums, const char *title)
{
    dk_buf_text(out, "<tr class=\"sum\"><td>");
    put(out, title);
    dk_buf_text(out, "</td>");
    for (size_t i = 0; i < list->n_columns; i++) {
        const dk_field *field = field_of(&list->columns[i]);
        dk_buf_text(out, is_number(field) ? "<td class=\"number\">" : "<td>");
        if (list->columns[i].summed && sums->values[i] > 0)
            put_number(out, field, dk_sum_decimal(&sums->sums[i]));
        if (list->open_column == (int)i && sums->open > 0) {
            put(out, list->open_title);
            dk_buf_format(out, " %lld", (long long)sums->open);
        }
        dk_buf_text(out, "</td>");
    }
    dk_buf_text(out, "</tr>\n");
}

void dk_list_page_group_end(dk_buf *out, const dk_list *list, const dk_list_sums *sums)
{
    put_sums(out, list, sums, "合计");
    dk_buf_text(out, "</tbody>\n</table>\n</section>\n");
}

void dk_list_page_end(dk_buf *out, const dk_list *list, const dk_list_sums *all, size_t n_groups)
{
    if (n_groups > 1) {
        dk_list_page_group(out, list, "全部");
        put_sums(out, list, all, "总计");
        dk_buf_text(out, "</tbody>\n</table>\n</section>\n");
    }
    dk_buf_text(out, "<footer><p>共 ");
    dk_buf_format(out, "%zu 组，", n_groups);
    put(out, list->kind->title);
    dk_buf_format(out, " %lld，%lld 行", (long long)all->rows, (long long)all->lines);
    if (list->open_title != NULL) {
        dk_buf_text(out, "，其中");
        put(out, list->open_title);
        dk_buf_format(out, " %lld 行", (long long)all->open);
    }
    dk_buf_text(out, "。</p></footer>\n</body>\n</html>\n");
}
