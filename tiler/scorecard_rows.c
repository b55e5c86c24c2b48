/* /scorecard/rows: the rows behind a figure. */
#include "tiler/html.h"
#include "tiler/scorecard.h"

#include "store/day.h"
#include "store/obligation.h"

#include <string.h>

typedef struct listing {
    dk_context *ctx;
    const dk_scorecard_question *asked;
    dk_scorecard_sheet *sheet;
    dk_html html;
    size_t n, limit;
    dk_buf place; /* of the last row given */
    bool more;
} listing;

static void write_day(dk_json *json, const char *name, int32_t day)
{
    char text[DK_DAY_TEXT];
    dk_json_member_text(json, name, day == DK_NO_DAY || day == DK_FAR_DAY ? NULL : dk_day_write(day, text));
}

static void json_row(dk_context *ctx, const dk_clock_row *row, const dk_standing *standing, const char *words)
{
    dk_json *json = &ctx->json;
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "/dossier");
    dk_json_object_begin(json);
    dk_json_member_text(json, "collection", row->kind->name);
    dk_json_member_text(json, "key", row->key);
    dk_json_member_text(json, "label", row->label);
    dk_json_member_text(json, "division", row->division[0] != '\0' ? row->division : NULL);
    dk_json_member_text(json, "obligation", row->obligation->id);
    dk_json_member_text(json, "regime", row->regime != NULL ? row->regime->id : NULL);
    dk_json_member_text(json, "state", dk_disclosure_name(standing->state));
    dk_json_member_text(json, "words", words);
    write_day(json, "event", row->outcome.event);
    write_day(json, "due", row->outcome.due);
    write_day(json, "published", row->outcome.shown_from);
    write_day(json, "until", row->outcome.shown_until);
    dk_json_key(json, "days");
    if (standing->n >= 0)
        dk_json_integer(json, standing->n);
    else
        dk_json_null(json);
    dk_json_key(json, "working");
    dk_json_bool(json, standing->working);
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    const char *text = dk_buf_cstr(&path);
    dk_write_link(ctx, "describedby", text != NULL ? text : "", "application/json", "一地一档");
    dk_json_array_end(json);
    dk_json_object_end(json);
    dk_buf_finish(&path);
}

static dk_value text_value(const char *text)
{
    return text == NULL || text[0] == '\0' ? (dk_value){.type = DK_NULL}
                                           : (dk_value){.type = DK_TEXT, .text = {text, strlen(text)}};
}

static dk_value day_value(int32_t day, char text[DK_DAY_TEXT])
{
    return text_value(day == DK_NO_DAY || day == DK_FAR_DAY ? NULL : dk_day_write(day, text));
}

static void sheet_row(dk_scorecard_sheet *sheet, const dk_clock_row *row, const dk_standing *standing,
                      const char *words)
{
    char days[4][DK_DAY_TEXT];
    const dk_value values[] = {text_value(row->kind->title),
                               text_value(row->key),
                               text_value(row->label),
                               text_value(row->division),
                               text_value(row->obligation->item->title),
                               text_value(row->regime != NULL ? row->regime->title : NULL),
                               day_value(row->outcome.event, days[0]),
                               day_value(row->outcome.due, days[1]),
                               day_value(row->outcome.shown_from, days[2]),
                               day_value(row->outcome.shown_until, days[3]),
                               text_value(dk_disclosure_title(standing->state)),
                               text_value(words)};
    dk_scorecard_sheet_row(sheet, values);
}

static void html_day(dk_html *html, int32_t day)
{
    char text[DK_DAY_TEXT];
    dk_html_raw(html, "<td>");
    if (day != DK_NO_DAY && day != DK_FAR_DAY)
        dk_html_date(html, dk_day_write(day, text));
    dk_html_raw(html, "</td>");
}

static void html_row(dk_html *html, const dk_clock_row *row, const char *words)
{
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "/dossier?f=html");
    const char *text = dk_buf_cstr(&path);
    dk_html_raw(html, "<tr><th scope=\"row\">");
    dk_html_link(html, text != NULL ? text : "", NULL,
                 row->label != NULL && row->label[0] != '\0' ? row->label : row->key);
    dk_html_raw(html, "</th><td>");
    dk_html_text(html, row->key);
    dk_html_raw(html, "</td><td>");
    dk_html_text(html, row->division);
    dk_html_raw(html, "</td><td>");
    dk_html_text(html, row->obligation->item->title);
    dk_html_raw(html, "</td>");
    html_day(html, row->outcome.event);
    html_day(html, row->outcome.due);
    html_day(html, row->outcome.shown_from);
    dk_html_raw(html, "<td>");
    dk_html_text(html, words);
    dk_html_raw(html, "</td></tr>\n");
    dk_buf_finish(&path);
}

static bool give(const dk_clock_row *row, void *user)
{
    listing *l = user;
    char words[DK_STANDING_TEXT];
    dk_standing standing;
    if (l->n == l->limit) {
        l->more = true;
        return false;
    }
    dk_outcome_standing(row->obligation, &row->outcome, l->asked->query.as_of, &standing);
    if (row->outcome.reason != DK_WHY_NOTHING && (standing.state == DK_NOT_APPLICABLE || standing.state == DK_UNKNOWN))
        dk_outcome_reason(row->obligation, &row->outcome, words);
    else
        dk_standing_text(&standing, words);
    if (l->sheet != NULL)
        sheet_row(l->sheet, row, &standing, words);
    else if (l->asked->format == DK_SCORECARD_HTML)
        html_row(&l->html, row, words);
    else
        json_row(l->ctx, row, &standing, words);
    dk_buf_clear(&l->place);
    dk_buf_text(&l->place, row->place);
    l->n++;
    return true;
}

/* This page's address with the place where the next one begins. */
static void append_next(listing *l, dk_buf *out)
{
    static const char *const without[] = {"after", NULL};
    const char *place = dk_buf_cstr(&l->place);
    dk_append_own_address(out, l->ctx->request, without);
    dk_buf_text(out, "&after=");
    dk_append_encoded(out, place != NULL ? place : "");
}

static void begin_page(listing *l, dk_disclosure state)
{
    static const dk_crumb ways[] = {{"/scorecard?f=html", "信息公开计分卡"}, {NULL, "明细"}};
    dk_buf title;
    dk_buf_init(&title);
    dk_scorecard_period_title(l->asked, &title);
    dk_buf_text(&title, dk_disclosure_title(state));
    dk_buf_text(&title, "明细");
    const char *text = dk_buf_cstr(&title);
    dk_html_begin(&l->html, l->ctx, text != NULL ? text : "", "items scorecard", ways, 2);
    dk_html_raw(
        &l->html,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"明细\"><table class=\"rows\">\n<thead><tr>"
        "<th scope=\"col\">名称</th><th scope=\"col\">编号</th><th scope=\"col\">行政区划代码</th><th scope=\"col\">事项</th>"
        "<th scope=\"col\">起算日期</th><th scope=\"col\">应公开日期</th><th scope=\"col\">公开日期</th><th scope=\"col\">情况</th>"
        "</tr></thead>\n<tbody>\n");
    dk_buf_finish(&title);
}

static void end_page(listing *l)
{
    dk_html *html = &l->html;
    dk_html_raw(html, "</tbody></table></div>\n<p class=\"count\">本页 ");
    dk_html_number(html, (int64_t)l->n);
    dk_html_raw(html, " 项。</p>\n");
    if (l->more) {
        dk_buf next;
        dk_buf_init(&next);
        append_next(l, &next);
        const char *text = dk_buf_cstr(&next);
        dk_html_raw(html, "<p class=\"pages\">");
        dk_html_link(html, text != NULL ? text : "", NULL, "下一页");
        dk_html_raw(html, "</p>\n");
        dk_buf_finish(&next);
    }
    dk_html_end(html);
}

dk_status dk_scorecard_rows(dk_context *ctx, const dk_scorecard_question *asked, dk_disclosure state, size_t limit)
{
    static const dk_scorecard_column columns[] = {
        {"collection", "数据集", DK_FIELD_TEXT},  {"key", "编号", DK_FIELD_TEXT},
        {"label", "名称", DK_FIELD_TEXT},         {"division", "行政区划代码", DK_FIELD_DIVISION},
        {"obligation", "事项", DK_FIELD_TEXT},    {"regime", "适用程序", DK_FIELD_TEXT},
        {"event", "起算日期", DK_FIELD_DATE},     {"due", "应公开日期", DK_FIELD_DATE},
        {"published", "公开日期", DK_FIELD_DATE}, {"until", "撤下日期", DK_FIELD_DATE},
        {"state", "状态", DK_FIELD_TEXT},         {"words", "情况", DK_FIELD_TEXT}};
    const char *after = dk_request_param(ctx->request, "after");
    const bool table = asked->format == DK_SCORECARD_CSV || asked->format == DK_SCORECARD_XLSX;
    listing l = {.ctx = ctx, .asked = asked, .limit = limit};
    dk_status status = DK_OK;
    dk_buf_init(&l.place);
    if (table) {
        status = dk_scorecard_sheet_begin(ctx, asked->format == DK_SCORECARD_XLSX, dk_disclosure_title(state), columns,
                                          sizeof columns / sizeof *columns, &l.sheet);
    } else if (asked->format == DK_SCORECARD_HTML) {
        begin_page(&l, state);
    } else {
        dk_answer_json(ctx, "application/json");
        dk_json_object_begin(&ctx->json);
        dk_json_key(&ctx->json, "rows");
        dk_json_array_begin(&ctx->json);
    }
    if (status == DK_OK)
        status = dk_score_rows(ctx->worker->store, &asked->query, ctx->worker->generation.number, state, after,
                               limit + 1, give, &l, &ctx->error);
    if (status == DK_OK && table && l.more && limit == DK_SCORECARD_FILE_ROWS)
        status = dk_fail(
            &ctx->error, DK_LIMIT,
            "There are more than %d rows behind this figure, which is more than one file holds; narrow it by division, "
            "period or obligation.",
            DK_SCORECARD_FILE_ROWS);
    if (table) {
        status = dk_scorecard_sheet_end(l.sheet, status);
    } else if (status == DK_OK && asked->format == DK_SCORECARD_HTML) {
        end_page(&l);
    } else if (status == DK_OK) {
        dk_buf next;
        dk_buf_init(&next);
        if (l.more) {
            dk_buf_text(&next, ctx->config->base_path);
            append_next(&l, &next);
        }
        dk_json_array_end(&ctx->json);
        dk_json_member_integer(&ctx->json, "numberReturned", (int64_t)l.n);
        dk_json_member_text(&ctx->json, "next", l.more ? dk_buf_cstr(&next) : NULL);
        dk_json_object_end(&ctx->json);
        dk_buf_finish(&next);
    }
    dk_buf_finish(&l.place);
    return status;
}
