/* The scorecard as a page: what a quarterly notice and the tables of an annual report need, to be read and printed. */
#include "tiler/html.h"
#include "tiler/scorecard.h"

#include "store/day.h"
#include "store/obligation.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What is required, in the order of the bars and the legend. The classes are those of web/pages.css; the fills stand in
 * the markup as well, so that a picture cut out of the page keeps them. */
static const struct {
    dk_disclosure state;
    const char *fill;
} shown[] = {{DK_MET, "#2e7d4f"}, {DK_LATE, "#d19a1c"}, {DK_SHORT, "#c9672f"}, {DK_MISSING, "#a92b2b"}};
enum { N_SHOWN = sizeof shown / sizeof *shown };

static void write_share(dk_html *html, double share)
{
    if (isnan(share))
        dk_html_raw(html, "—");
    else /* 99.96 % is not 100 */
        dk_buf_format(html->buf, "%.1f%%", share < 1 && share > 0.999 ? 99.9 : share * 100);
}

/* ---- charts ---- */

enum { CHART_WIDTH = 760, LABEL_WIDTH = 190, SHARE_WIDTH = 70, BAR_HEIGHT = 16, BAR_STEP = 24, CHART_MOST = 60 };

typedef void (*label_fn)(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group);

static void write_bar(dk_html *html, const dk_scorecard_group *group, int y)
{
    const double width = CHART_WIDTH - LABEL_WIDTH - SHARE_WIDTH;
    int64_t before = 0;
    for (size_t i = 0; i < N_SHOWN && group->required > 0; i++) {
        const int64_t n = group->score.n[shown[i].state];
        const double x = LABEL_WIDTH + width * (double)before / (double)group->required;
        before += n;
        if (n == 0)
            continue;
        dk_buf_format(
            html->buf,
            "<rect class=\"%s\" fill=\"%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\"><title>%s %" PRId64
            "</title></rect>",
            dk_disclosure_name(shown[i].state), shown[i].fill, x, y, width * (double)n / (double)group->required,
            BAR_HEIGHT, dk_disclosure_title(shown[i].state), n);
    }
}

/* Shares of what is required, a bar a group. */
static void write_chart(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard *card, const char *about,
                        label_fn label)
{
    const size_t n = card->n < CHART_MOST ? card->n : CHART_MOST;
    const int height = (int)n * BAR_STEP + 26;
    if (n == 0)
        return;
    dk_buf_format(html->buf, "<figure class=\"chart\"><svg viewBox=\"0 0 %d %d\" role=\"img\"", CHART_WIDTH, height);
    dk_html_attribute(html, "aria-label", about);
    dk_html_raw(html, ">\n");
    for (size_t i = 0; i < N_SHOWN; i++)
        dk_buf_format(
            html->buf,
            "<rect class=\"%s\" fill=\"%s\" x=\"%d\" y=\"2\" width=\"12\" height=\"12\"/><text x=\"%d\" y=\"13\">%s</text>",
            dk_disclosure_name(shown[i].state), shown[i].fill, LABEL_WIDTH + (int)i * 120,
            LABEL_WIDTH + (int)i * 120 + 17, dk_disclosure_title(shown[i].state));
    dk_buf_format(html->buf, "<text x=\"%d\" y=\"13\" text-anchor=\"end\">及时率</text>\n", CHART_WIDTH);
    for (size_t i = 0; i < n; i++) {
        const int y = (int)i * BAR_STEP + 24;
        dk_buf_format(html->buf, "<g class=\"bar\"><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LABEL_WIDTH - 8,
                      y + 13);
        label(html, asked, &card->groups[i]);
        dk_html_raw(html, "</text>");
        write_bar(html, &card->groups[i], y);
        dk_buf_format(html->buf, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", CHART_WIDTH, y + 13);
        write_share(html, dk_scorecard_timeliness(&card->groups[i]));
        dk_html_raw(html, "</text></g>\n");
    }
    dk_html_raw(html, "</svg>");
    if (card->n > n) {
        dk_html_raw(html, "<figcaption>图中为前 ");
        dk_html_number(html, (int64_t)n);
        dk_html_raw(html, " 个，表中为全部。</figcaption>");
    }
    dk_html_raw(html, "</figure>\n");
}

/* ---- tables ---- */

static const dk_disclosure columns[] = {DK_MET, DK_LATE,    DK_SHORT,          DK_MISSING,
                                        DK_DUE, DK_WAITING, DK_NOT_APPLICABLE, DK_UNKNOWN};

/* whole: of all groups. */
static void write_count(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group, bool whole,
                        dk_disclosure state)
{
    const int64_t n = group->score.n[state];
    dk_html_raw(html, "<td class=\"right\">");
    if (n == 0) {
        dk_html_raw(html, "0</td>");
        return;
    }
    dk_buf path;
    dk_buf_init(&path);
    dk_scorecard_rows_path(html->ctx, asked, whole ? NULL : &group->score, state, &path);
    dk_buf_text(&path, "&f=html");
    const char *text = dk_buf_cstr(&path);
    dk_html_raw(html, "<a");
    dk_html_attribute(html, "href", text != NULL ? text : "");
    dk_html_raw(html, ">");
    dk_html_number(html, n);
    dk_html_raw(html, "</a></td>");
    dk_buf_finish(&path);
}

static void write_figures(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group,
                          bool whole)
{
    dk_html_raw(html, "<td class=\"right\">");
    dk_html_number(html, group->required);
    dk_html_raw(html, "</td>");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        write_count(html, asked, group, whole, columns[i]);
    dk_html_raw(html, "<td class=\"right\">");
    write_share(html, dk_scorecard_completeness(group));
    dk_html_raw(html, "</td><td class=\"right\">");
    write_share(html, dk_scorecard_timeliness(group));
    dk_html_raw(html, "</td></tr>\n");
}

static void write_table(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard *card, const char *first,
                        bool ranked, label_fn label)
{
    dk_html_raw(
        html,
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"数据表\"><table class=\"rows figures\">\n<thead><tr>");
    if (ranked)
        dk_html_raw(html, "<th scope=\"col\">名次</th>");
    dk_html_raw(html, "<th scope=\"col\">");
    dk_html_text(html, first);
    dk_html_raw(html, "</th><th scope=\"col\" class=\"right\">应公开</th>");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        dk_html_raw(html, "<th scope=\"col\" class=\"right\">");
        dk_html_text(html, dk_disclosure_title(columns[i]));
        dk_html_raw(html, "</th>");
    }
    dk_html_raw(
        html,
        "<th scope=\"col\" class=\"right\">完整率</th><th scope=\"col\" class=\"right\">及时率</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < card->n; i++) {
        const dk_scorecard_group *group = &card->groups[i];
        dk_html_raw(html, "<tr>");
        if (ranked) {
            dk_html_raw(html, "<td class=\"right\">");
            if (group->rank > 0)
                dk_html_number(html, group->rank);
            dk_html_raw(html, "</td>");
        }
        dk_html_raw(html, "<th scope=\"row\">");
        label(html, asked, group);
        dk_html_raw(html, "</th>");
        write_figures(html, asked, group, false);
    }
    dk_html_raw(html, ranked ? "</tbody>\n<tfoot><tr><td></td><th scope=\"row\">合计</th>"
                             : "</tbody>\n<tfoot><tr><th scope=\"row\">合计</th>");
    write_figures(html, asked, &card->total, true);
    dk_html_raw(html, "</tfoot></table></div>\n");
}

static void label_division(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group)
{
    const char *code = group->score.division;
    dk_buf title;
    dk_buf_init(&title);
    dk_scorecard_division_title(html->ctx->worker->catalogue, &asked->query, code, &title);
    const char *name = title.size > 0 ? dk_buf_cstr(&title) : NULL;
    dk_html_text(html, code[0] == '\0' ? "未填行政区" : name != NULL ? name : code);
    dk_buf_finish(&title);
}

static void label_obligation(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group)
{
    (void)asked;
    dk_html_text(html, group->score.obligation->item->title);
    if (asked->query.by_regime && group->score.regime != NULL) {
        dk_html_raw(html, "（");
        dk_html_text(html, group->score.regime->title);
        dk_html_raw(html, "）");
    }
}

static void label_period(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group)
{
    dk_buf period;
    dk_buf_init(&period);
    dk_scorecard_group_period(&asked->query, &group->score, &period);
    dk_html_text(html, period.size > 0 ? dk_buf_cstr(&period) : "无应公开日期");
    dk_buf_finish(&period);
}

static void label_regime(dk_html *html, const dk_scorecard_question *asked, const dk_scorecard_group *group)
{
    (void)asked;
    dk_html_text(html, group->score.regime != NULL ? group->score.regime->title : "不分程序");
}

/* ---- sections ---- */

typedef struct section {
    const char *title, *first, *chart; /* chart NULL: a table alone */
    label_fn label;
} section;

static dk_status write_section(dk_html *html, const dk_scorecard_question *asked, const section *what, bool ranked)
{
    dk_scorecard card;
    const dk_status status = dk_scorecard_read(html->ctx, &asked->query, &card);
    if (status != DK_OK)
        return status;
    dk_html_raw(html, "<section>\n");
    dk_html_element(html, "h2", what->title);
    dk_html_raw(html, "\n");
    if (what->chart != NULL)
        write_chart(html, asked, &card, what->chart, what->label);
    write_table(html, asked, &card, what->first, ranked, what->label);
    dk_html_raw(html, "</section>\n");
    dk_scorecard_finish(&card);
    return DK_OK;
}

static dk_status write_sections(dk_html *html, const dk_scorecard_question *asked)
{
    static const section divisions = {"各行政区", "行政区", "各行政区公开情况", label_division};
    static const section obligations = {"各公开事项", "事项", "各公开事项公开情况", label_obligation};
    static const section periods = {"各时段", "期间", "各时段公开情况", label_period};
    static const section regimes = {"各适用程序", "适用程序", NULL, label_regime};
    dk_status status = DK_OK;
    dk_scorecard_question part = *asked;
    part.query.by = DK_SCORE_ALL;
    part.query.by_obligation = part.query.by_regime = false;
    if (asked->query.level > 0)
        status = write_section(html, &part, &divisions, true);
    part.query.level = 0;
    part.query.by_obligation = true;
    if (status == DK_OK)
        status = write_section(html, &part, &obligations, false);
    part.query.by_obligation = false;
    /* Years of all time, quarters of a year, months of what is shorter; or as asked. */
    part.query.by = asked->query.by != DK_SCORE_ALL                                      ? asked->query.by
                    : asked->query.from == DK_NO_DAY || asked->query.until == DK_FAR_DAY ? DK_SCORE_YEAR
                    : asked->query.until - asked->query.from > 92                        ? DK_SCORE_QUARTER
                                                                                         : DK_SCORE_MONTH;
    if (status == DK_OK)
        status = write_section(html, &part, &periods, false);
    part.query.by = DK_SCORE_ALL;
    part.query.by_regime = true;
    if (status == DK_OK && html->ctx->worker->catalogue->n_regimes > 0)
        status = write_section(html, &part, &regimes, false);
    return status;
}

static void write_definitions(dk_html *html, const dk_scorecard_question *asked)
{
    const dk_catalogue *catalogue = html->ctx->worker->catalogue;
    dk_html_raw(html, "<section class=\"definitions\">\n<h2>指标口径</h2>\n<table class=\"facts\"><tbody>\n");
    for (size_t i = 0; i < DK_SCORECARD_FIGURES; i++)
        dk_html_fact(html, dk_scorecard_figures[i].title, dk_scorecard_figures[i].definition);
    dk_html_raw(
        html,
        "</tbody></table>\n<p class=\"hint\">期间按应公开日期归属。各指标只用已公开的数据计算，任何人可以用本站公开的目录、工作日历和数据复核。</p>\n"
        "<h2>公开时限</h2>\n<table class=\"rows limits\"><thead><tr><th scope=\"col\">事项</th><th scope=\"col\">时限</th>"
        "<th scope=\"col\">适用程序</th><th scope=\"col\">依据</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < catalogue->n_obligations; i++) {
        const dk_obligation *obligation = &catalogue->obligations[i];
        dk_buf limit;
        if (!obligation->enabled || (asked->query.only != NULL && asked->query.only != obligation) ||
            (asked->query.about != NULL && asked->query.about != obligation->about))
            continue;
        dk_buf_init(&limit);
        dk_scorecard_limit(obligation, &limit);
        dk_html_raw(html, "<tr><th scope=\"row\">");
        dk_html_text(html, obligation->item->title);
        dk_html_raw(html, "</th><td>");
        dk_html_text(html, dk_buf_cstr(&limit));
        dk_html_raw(html, "</td><td>");
        bool any = false, every = true;
        for (size_t r = 0; r < catalogue->n_regimes; r++)
            every = every && (obligation->regimes >> r & 1) != 0;
        for (size_t r = 0; r < catalogue->n_regimes && !every; r++) {
            if ((obligation->regimes >> r & 1) == 0)
                continue;
            dk_html_text(html, any ? "、" : "");
            dk_html_text(html, catalogue->regimes[r].title);
            any = true;
        }
        dk_html_raw(html, "</td><td>");
        dk_html_text(html, obligation->basis);
        dk_html_raw(html, "</td></tr>\n");
        dk_buf_finish(&limit);
    }
    dk_html_raw(html, "</tbody></table>\n</section>\n");
}

/* Another period, division or day. */
static void write_form(dk_html *html, const dk_scorecard_question *asked)
{
    const dk_catalogue *catalogue = html->ctx->worker->catalogue;
    char day[DK_DAY_TEXT];
    dk_html_raw(html, "<form class=\"filter scorecard-form\" method=\"get\"");
    dk_html_address(html, "action", "/scorecard");
    dk_html_raw(
        html,
        "><input type=\"hidden\" name=\"f\" value=\"html\">\n<div class=\"inputs\">\n<label><span>期间（2026、2026-Q3、2026-09）</span>"
        "<input name=\"period\" pattern=\"\\d{4}(-Q[1-4]|-\\d{2})?\"");
    dk_html_attribute(html, "value", asked->period);
    dk_html_raw(html,
                "></label>\n<label><span>行政区</span><select name=\"division\"><option value=\"\">全部</option>");
    for (size_t i = 0; i < catalogue->n_divisions; i++) {
        const dk_division *division = &catalogue->divisions[i];
        if (strlen(division->code) > 9)
            continue;
        dk_html_raw(html, "<option");
        dk_html_attribute(html, "value", division->code);
        dk_html_raw(html, strcmp(division->code, asked->query.division) == 0 ? " selected>" : ">");
        dk_html_text(html, division->name);
        dk_html_raw(html, "</option>");
    }
    dk_html_raw(html, "</select></label>\n<label><span>统计日</span><input type=\"date\" name=\"as_of\"");
    dk_html_attribute(html, "value", dk_day_write(asked->query.as_of, day));
    dk_html_raw(html, "></label>\n</div>\n<button type=\"submit\">统计</button></form>\n");
}

static void write_formats(dk_html *html)
{
    static const char *const without[] = {"f", NULL};
    static const struct {
        const char *format, *title;
    } formats[] = {{"csv", "CSV"}, {"xlsx", "Excel"}, {"json", "JSON"}};
    dk_html_raw(html, "<p class=\"formats\">下载：");
    for (size_t i = 0; i < 3; i++) {
        dk_buf path;
        dk_buf_init(&path);
        dk_append_own_address(&path, html->ctx->request, without);
        const bool any = path.size > 0 && memchr(path.data, '?', path.size) != NULL;
        dk_buf_format(&path, "%sf=%s", any ? "&" : "?", formats[i].format);
        const char *text = dk_buf_cstr(&path);
        dk_html_link(html, text != NULL ? text : "", NULL, formats[i].title);
        dk_html_raw(html, " ");
        dk_buf_finish(&path);
    }
    dk_html_raw(html, "</p>\n");
}

dk_status dk_scorecard_page(dk_context *ctx, const dk_scorecard_question *asked)
{
    static const dk_crumb ways[] = {{NULL, "信息公开计分卡"}};
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const char *place = dk_scorecard_division_name(catalogue, asked->query.division);
    char day[DK_DAY_TEXT];
    dk_html html;
    dk_buf title;
    dk_buf_init(&title);
    dk_buf_text(&title, place != NULL ? place : asked->query.division);
    dk_scorecard_period_title(asked, &title);
    dk_buf_text(&title, "信息公开情况");
    const char *text = dk_buf_cstr(&title);
    dk_html_begin(&html, ctx, text != NULL ? text : "", "scorecard items", ways, 1);
    dk_html_raw(&html, "<p class=\"kind\">");
    dk_html_text(&html, catalogue->publisher);
    dk_html_raw(&html, "　统计日：");
    dk_html_date(&html, dk_day_write(asked->query.as_of, day));
    dk_html_raw(&html, "</p>\n");
    write_formats(&html);
    write_form(&html, asked);
    dk_status status = write_sections(&html, asked);
    if (status == DK_OK) {
        write_definitions(&html, asked);
        dk_html_end(&html);
    }
    dk_buf_finish(&title);
    return status;
}
