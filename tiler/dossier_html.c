/* The dossier as a page to be read and printed: everything that its JSON holds, but outlines. */
#include "store/document.h"
#include "store/provenance.h"
#include "tiler/dossier_clock.h"
#include "tiler/item_html.h"
#include "tiler/publication.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Wider tables do not fit on A4; their rows are written one below the other. */
enum { COLUMNS_MAX = 8 };

static void write_link_to(dk_html *html, const dk_row *row, const char *words)
{
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "?f=html");
    const char *text = dk_buf_cstr(&path);
    dk_html_link(html, text != NULL ? text : "", NULL, words);
    dk_buf_finish(&path);
}

static void heading(dk_html *html, const char *title, int64_t count, bool complete)
{
    dk_html_raw(html, "<h2>");
    dk_html_text(html, title);
    if (count >= 0) {
        dk_html_raw(html, "<span class=\"count\">（");
        dk_html_number(html, count);
        dk_html_raw(html, complete ? " 条）</span>" : " 条，未列全）</span>");
    }
    dk_html_raw(html, "</h2>\n");
}

/* ---- linked ---- */

static void write_table(dk_html *html, const dk_row_list *list, size_t n, uint64_t fields)
{
    const dk_kind *kind = list->kind;
    dk_html_raw(html, "<table class=\"rows\"><thead><tr>");
    for (size_t i = 0; i < kind->n_fields; i++)
        if ((fields >> i & 1) != 0) {
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
    for (size_t j = 0; j < n; j++) {
        const dk_row *row = &list->rows[j];
        dk_html_raw(html, "<tr>");
        for (size_t i = 0; i < kind->n_fields; i++) {
            if ((fields >> i & 1) == 0)
                continue;
            const bool number = kind->fields[i].type == DK_FIELD_INTEGER || kind->fields[i].type == DK_FIELD_NUMBER;
            dk_html_raw(html, number ? "<td class=\"right\">" : "<td>");
            if ((row->visible >> i & 1) != 0 && (int)i == kind->key_field)
                write_link_to(html, row, row->values[i].type == DK_TEXT ? row->values[i].text.data : row->label);
            else if ((row->visible >> i & 1) != 0)
                dk_html_value(html, &kind->fields[i], &row->values[i], false);
            dk_html_raw(html, "</td>");
        }
        dk_html_raw(html, "</tr>\n");
    }
    dk_html_raw(html, "</tbody></table>\n");
}

static int count_bits(uint64_t bits)
{
    return __builtin_popcountll(bits);
}

/* Fields that some of the rows show. */
static uint64_t shown_fields(const dk_row_list *list, size_t n)
{
    uint64_t fields = 0;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < list->kind->n_fields; i++)
            if ((list->rows[j].visible >> i & 1) != 0 && list->rows[j].values[i].type != DK_NULL)
                fields |= UINT64_C(1) << i;
    if (list->kind->key_field >= 0)
        fields |= UINT64_C(1) << list->kind->key_field; /* it has the link */
    return fields;
}

static void write_rows(dk_html *html, const dk_row_list *list, size_t n)
{
    const uint64_t fields = shown_fields(list, n);
    if (n == 0)
        return;
    if (count_bits(fields) <= COLUMNS_MAX) {
        write_table(html, list, n, fields);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        dk_html_raw(html, "<h3>");
        write_link_to(html, &list->rows[j], list->rows[j].label);
        dk_html_raw(html, "</h3>\n<table class=\"facts\"><tbody>\n");
        dk_html_facts(html, &list->rows[j], false);
        dk_html_raw(html, "</tbody></table>\n");
    }
}

typedef struct totals {
    dk_html *html;
    const dk_kind *kind;
    bool any;
} totals;

static bool write_total(const dk_total_row *row, void *user)
{
    totals *t = user;
    dk_html *html = t->html;
    if (!t->any && html->ctx->viewer.audience < DK_STAFF)
        dk_html_raw(html, "<p class=\"hint\">为保护个人信息，不公开的单笔内容以合计公开。</p>\n");
    t->any = true;
    dk_html_raw(html, "<table class=\"facts total\"><caption>按");
    for (size_t i = 0; i < row->total->n_by; i++) {
        dk_html_raw(html, i > 0 ? "、" : "");
        dk_html_text(html, t->kind->fields[row->total->by[i]].title);
    }
    dk_html_raw(html, "合计</caption><tbody>\n");
    for (size_t i = 0; i < row->total->n_by; i++) {
        const dk_field *field = &t->kind->fields[row->total->by[i]];
        dk_html_fact_begin(html, field->title);
        dk_html_value(html, field, &row->by[i], true);
        dk_html_fact_end(html);
    }
    if (row->suppressed || row->sums == NULL) {
        dk_html_fact_begin(html, "合计");
        dk_html_raw(html, "为保护个人信息，不公开（本组不足 ");
        dk_html_number(html, row->total->min_rows);
        dk_html_raw(html, " 笔，或由本组可推算出这样的另一组）。");
        dk_html_fact_end(html);
    } else {
        dk_html_fact_begin(html, "笔数");
        dk_html_number(html, row->rows);
        dk_html_fact_end(html);
        for (size_t i = 0; i < row->total->n_sum; i++) {
            const dk_field *field = &t->kind->fields[row->total->sum[i]];
            if (isnan(row->sums[i]))
                continue;
            dk_html_fact_begin(html, field->title);
            dk_html_quantity(html, row->sums[i], field->unit, true);
            dk_html_fact_end(html);
        }
    }
    dk_html_raw(html, "</tbody></table>\n");
    return true;
}

static dk_status write_linked(dk_dossier *d, dk_html *html)
{
    dk_context *ctx = d->ctx;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const dk_row *subject = &d->subject.rows[0];
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *kind = &catalogue->kinds[i];
        const dk_row_list *list = &d->linked[i];
        bool reversed;
        const bool summed = kind->n_totals > 0 && dk_context_sees(ctx, kind) &&
                            dk_catalogue_link(catalogue, subject->kind, kind, &reversed) != NULL;
        if (list->kind == NULL && !summed)
            continue;
        const size_t n = list->n < DK_DOSSIER_ROWS_LISTED ? list->n : DK_DOSSIER_ROWS_LISTED;
        if (list->kind != NULL && n > 0) {
            heading(html, kind->title, (int64_t)n, list->complete && n == list->n);
            write_rows(html, list, n);
        } else {
            heading(html, kind->title, -1, true);
            dk_html_raw(html, "<p>没有公开的记录。</p>\n");
        }
        if (!summed)
            continue;
        totals t = {html, kind, false};
        const dk_status status = dk_query_totals(ctx->worker->store, subject->kind, subject->key, kind, &ctx->viewer,
                                                 ctx->worker->generation.number, write_total, &t, &ctx->error);
        if (status != DK_OK && status != DK_NOT_FOUND)
            return status;
    }
    return DK_OK;
}

/* ---- timeline ---- */

static dk_status write_timeline(dk_dossier *d, dk_html *html)
{
    dk_dossier_event *events = NULL;
    size_t n = 0;
    const dk_status status = dk_dossier_events(d, &events, &n);
    if (status != DK_OK)
        return status;
    if (n > 0) {
        heading(html, "时间线", (int64_t)n, true);
        dk_html_raw(html,
                    "<table class=\"rows timeline\"><thead><tr><th scope=\"col\">日期</th><th scope=\"col\">类别</th>"
                    "<th scope=\"col\">事项</th><th scope=\"col\">名称</th></tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < n; i++) {
            const dk_row *row = events[i].row;
            dk_html_raw(html, "<tr><td>");
            dk_html_date(html, row->values[events[i].field].text.data);
            dk_html_raw(html, "</td>");
            dk_html_element(html, "td", row->kind->title);
            dk_html_element(html, "td", row->kind->fields[events[i].field].title);
            dk_html_element(html, "td", row->label);
            dk_html_raw(html, "</tr>\n");
        }
        dk_html_raw(html, "</tbody></table>\n");
    }
    free(events);
    return DK_OK;
}

/* ---- items ---- */

static void write_proof(const dk_row *row, const char *date, void *user)
{
    dk_html *html = user;
    dk_html_raw(html, "<li>");
    dk_html_text(html, row->kind->title);
    dk_html_raw(html, "：");
    write_link_to(html, row, row->label);
    if (date != NULL) {
        dk_html_raw(html, "，");
        dk_html_date(html, date);
    }
    dk_html_raw(html, "</li>");
}

static void write_item(const dk_dossier *d, dk_html *html, const dk_item *item)
{
    const struct {
        const char *title, *text;
    } texts[] = {{"公开内容", item->content}, {"公开依据", item->basis},   {"公开时限", item->time_limit},
                 {"公开主体", item->subject}, {"公开渠道", item->channel}, {"公开对象", item->object},
                 {"公开方式", item->mode},    {"公开层级", item->level},   {"所属目录", item->guide}};
    const char *earliest = NULL;
    const size_t n = dk_dossier_proofs(d, item, NULL, NULL, &earliest);
    dk_html_raw(html, "<tr><th scope=\"row\">");
    if (item->category != NULL) {
        dk_html_raw(html, "<span class=\"category\">");
        dk_html_text(html, item->category);
        dk_html_raw(html, "</span> ");
    }
    dk_html_text(html, item->title);
    dk_html_raw(html, "</th><td>");
    if (!dk_dossier_item_clock_html(d, html, item))
        dk_html_raw(html,
                    n > 0 ? "<span class=\"badge good\">已公开</span>" : "<span class=\"badge bad\">未公开</span>");
    dk_html_raw(html, "</td><td>");
    dk_html_date(html, earliest);
    dk_html_raw(html, "</td><td>");
    if (n > 0) {
        dk_html_raw(html, "<ul>");
        dk_dossier_proofs(d, item, write_proof, html, &earliest);
        dk_html_raw(html, "</ul>");
    }
    dk_html_raw(html, "<dl>");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].text != NULL) {
            dk_html_raw(html, "<div>");
            dk_html_element(html, "dt", texts[i].title);
            dk_html_element(html, "dd", texts[i].text);
            dk_html_raw(html, "</div>");
        }
    dk_html_raw(html, "</dl></td></tr>\n");
}

static void write_items(const dk_dossier *d, dk_html *html)
{
    const dk_catalogue *catalogue = d->ctx->worker->catalogue;
    int64_t all = 0, published = 0;
    const char *earliest;
    for (size_t i = 0; i < catalogue->n_items; i++)
        if (catalogue->items[i].subject_kind == d->subject.kind && dk_dossier_concerns(d, &catalogue->items[i])) {
            all++;
            published += dk_dossier_proofs(d, &catalogue->items[i], NULL, NULL, &earliest) > 0;
        }
    if (all == 0)
        return;
    heading(html, "公开事项", -1, true);
    dk_html_raw(html, "<p>应公开 ");
    dk_html_number(html, all);
    dk_html_raw(html, " 项，已公开 ");
    dk_html_number(html, published);
    dk_html_raw(html, " 项。");
    dk_dossier_clock_sentence(d, html);
    dk_html_raw(
        html, "</p>\n<table class=\"rows disclosure\"><thead><tr><th scope=\"col\">事项</th><th scope=\"col\">状态</th>"
              "<th scope=\"col\">公开日期</th><th scope=\"col\">记录与要求</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < catalogue->n_items; i++)
        if (catalogue->items[i].subject_kind == d->subject.kind && dk_dossier_concerns(d, &catalogue->items[i]))
            write_item(d, html, &catalogue->items[i]);
    dk_html_raw(html, "</tbody></table>\n");
}

/* ---- documents ---- */

typedef struct documents {
    dk_html *html;
    const dk_row *row;
    bool any;
} documents;

static bool write_document(const dk_document *document, void *user)
{
    documents *of = user;
    dk_html *html = of->html;
    if (!of->any)
        dk_html_raw(
            html,
            "<h2>附件</h2>\n<table class=\"rows\"><thead><tr><th scope=\"col\">文件</th><th scope=\"col\">所属</th>"
            "<th scope=\"col\">字节</th><th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n");
    of->any = true;
    dk_html_raw(html, "<tr><td><a href=\"");
    dk_html_text(html, html->ctx->config->base_path);
    dk_html_raw(html, "/documents/");
    dk_html_text(html, document->sha256);
    dk_html_raw(html, "\">");
    dk_html_text(html, document->name);
    dk_html_raw(html, "</a></td><td>");
    dk_html_text(html, of->row->kind->title);
    dk_html_raw(html, " ");
    dk_html_text(html, of->row->label);
    dk_html_raw(html, "</td><td class=\"right\">");
    dk_html_number(html, document->size);
    dk_html_raw(html, "</td><td><code>");
    dk_html_text(html, document->sha256);
    dk_html_raw(html, "</code></td></tr>\n");
    return true;
}

static dk_status write_documents(dk_dossier *d, dk_html *html)
{
    dk_context *ctx = d->ctx;
    documents of = {html, NULL, false};
    for (size_t i = 0; i <= DK_MAX_KINDS; i++) {
        const dk_row_list *list = i == 0 ? &d->subject : &d->linked[i - 1];
        for (size_t j = 0; list->kind != NULL && j < list->n && j < DK_DOSSIER_ROWS_LISTED; j++) {
            of.row = &list->rows[j];
            const dk_status status =
                dk_query_documents(ctx->worker->store, list->kind, of.row->key, &ctx->viewer,
                                   ctx->worker->generation.number, write_document, &of, &ctx->error);
            if (status != DK_OK)
                return status;
        }
    }
    if (of.any)
        dk_html_raw(html, "</tbody></table>\n");
    return DK_OK;
}

static void write_origin(const dk_origin *origin, void *user)
{
    dk_html *html = user;
    dk_html_raw(html, "<h2>数据来源</h2>\n<table class=\"facts\"><tbody>\n");
    dk_html_fact(html, "来源文件", origin->source);
    if (origin->source_row > 0) {
        dk_html_fact_begin(html, "行");
        dk_html_number(html, origin->source_row);
        dk_html_fact_end(html);
    }
    dk_html_fact_begin(html, "批次");
    dk_html_number(html, origin->batch);
    dk_html_fact_end(html);
    if (origin->datum[0] != '\0')
        dk_html_fact(html, "坐标说明", origin->datum);
    if (origin->repair.rule != NULL) {
        dk_html_fact_begin(html, "图形修复");
        dk_html_text(html, origin->repair.detail);
        dk_html_raw(html, "；面积由 ");
        dk_html_quantity(html, origin->repair.before_m2, "m2", true);
        dk_html_raw(html, " 变为 ");
        dk_html_quantity(html, origin->repair.after_m2, "m2", true);
        dk_html_fact_end(html);
    }
    for (size_t i = 0; i < origin->n_files; i++) {
        dk_html_fact_begin(html, "文件");
        dk_html_text(html, origin->files[i].name);
        dk_html_raw(html, "，");
        dk_html_number(html, origin->files[i].bytes);
        dk_html_raw(html, " 字节，SHA-256 <code>");
        dk_html_text(html, origin->files[i].sha256);
        dk_html_raw(html, "</code>");
        dk_html_fact_end(html);
    }
    if (origin->files_in_all > (int64_t)origin->n_files) {
        dk_html_fact_begin(html, "文件数");
        dk_html_number(html, origin->files_in_all);
        dk_html_fact_end(html);
    }
    dk_html_raw(html, "</tbody></table>\n");
}

/* ---- all of it ---- */

dk_status dk_dossier_page(dk_dossier *d)
{
    dk_context *ctx = d->ctx;
    const dk_row *subject = &d->subject.rows[0];
    dk_html html;
    dk_buf collection, item, title;
    dk_buf_init(&collection);
    dk_buf_init(&item);
    dk_buf_init(&title);
    dk_append_collection_path(&collection, subject->kind);
    dk_append_item_path(&item, subject->kind, subject->key);
    dk_buf_format(&title, "一地一档：%s", subject->label);
    const char *const texts[] = {dk_buf_cstr(&collection), dk_buf_cstr(&item), dk_buf_cstr(&title)};
    dk_status status = DK_OK;
    if (texts[0] == NULL || texts[1] == NULL || texts[2] == NULL) {
        status = dk_fail(&ctx->error, DK_NOMEM, "out of memory");
        goto out;
    }
    const dk_crumb ways[] = {{"/collections?f=html", "数据"},
                             {texts[0], subject->kind->title},
                             {texts[1], subject->label},
                             {NULL, "一地一档"}};
    dk_html_begin(&html, ctx, texts[2], "dossier", ways, 4);
    dk_html_raw(&html, "<p class=\"kind\">");
    dk_html_text(&html, subject->kind->title);
    dk_html_raw(&html, "　");
    dk_html_text(&html, subject->key);
    dk_html_raw(&html, "</p>\n");
    heading(&html, "基本信息", -1, true);
    dk_html_raw(&html, "<table class=\"facts\"><tbody>\n");
    dk_html_facts(&html, subject, true);
    dk_html_raw(&html, "</tbody></table>\n");
    write_items(d, &html);
    status = write_timeline(d, &html);
    if (status == DK_OK)
        status = write_linked(d, &html);
    if (status == DK_OK)
        status = write_documents(d, &html);
    if (status == DK_OK && ctx->viewer.audience >= DK_STAFF) {
        status = dk_query_origin(ctx->worker->store, subject->kind, subject->key, &ctx->viewer,
                                 ctx->worker->generation.number, write_origin, &html, &ctx->error);
        if (status == DK_NOT_FOUND) /* out of scope */
            status = DK_OK;
    }
    if (status == DK_OK)
        status = dk_publication_page(d, &html);
    if (status == DK_OK) {
        dk_buf_text(&item, "/dossier?f=json");
        const char *json = dk_buf_cstr(&item);
        dk_html_raw(&html, "<p class=\"other\">其他格式：");
        dk_html_link(&html, json != NULL ? json : "", "application/json", "JSON");
        dk_html_raw(&html, "</p>\n");
        dk_html_end(&html);
    }
out:
    dk_buf_finish(&collection);
    dk_buf_finish(&item);
    dk_buf_finish(&title);
    return status;
}
