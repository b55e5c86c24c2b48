/* /scorecard: what is asked, and the figures. */
#include "tiler/scorecard.h"

#include "store/day.h"
#include "store/obligation.h"
#include "store/succession.h"
#include "tiler/item_html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const dk_scorecard_figure dk_scorecard_figures[DK_SCORECARD_FIGURES] = {
    {"required", "应公开",
     "截至统计日应当公开的事项数：按期公开、逾期公开、公示期不足、逾期未公开之和。每条数据的每项公开义务计一项"},
    {"disclosed", "已公开", "按期公开、逾期公开、公示期不足之和"},
    {"met", "按期公开", "在公开时限内公开；须公示一定时间的，公示期满"},
    {"late", "逾期公开", "公开了，但晚于时限"},
    {"short", "公示期不足", "公开了，但公示未满规定时间即撤下"},
    {"missing", "逾期未公开", "时限已过，没有公开"},
    {"due", "待公开", "时限未到，或正在公示；不计入应公开"},
    {"waiting", "未到期", "起算的事件尚未发生；不计入应公开"},
    {"not_applicable", "不适用", "依目录的条件、适用程序或豁免不须公开；不计入应公开"},
    {"unknown", "无法计算", "缺起算日期、公开日期或当年的工作日历；不计入应公开，单独列出"},
    {"completeness", "完整率", "已公开 ÷ 应公开"},
    {"timeliness", "及时率", "按期公开 ÷ 应公开"},
};

/* ---- figures ---- */

static void add_figures(dk_scorecard_group *group)
{
    const int64_t *n = group->score.n;
    group->disclosed = n[DK_MET] + n[DK_LATE] + n[DK_SHORT];
    group->required = group->disclosed + n[DK_MISSING];
}

double dk_scorecard_completeness(const dk_scorecard_group *group)
{
    return group->required > 0 ? (double)group->disclosed / (double)group->required : NAN;
}

double dk_scorecard_timeliness(const dk_scorecard_group *group)
{
    return group->required > 0 ? (double)group->score.n[DK_MET] / (double)group->required : NAN;
}

/* ---- groups ---- */

static bool keep(const dk_score_row *row, void *user)
{
    dk_scorecard *card = user;
    if (!dk_grow(&card->groups, &card->capacity, card->n + 1, sizeof *card->groups)) {
        card->status = DK_NOMEM;
        return false;
    }
    dk_scorecard_group *group = &card->groups[card->n++];
    *group = (dk_scorecard_group){.score = *row};
    add_figures(group);
    for (size_t i = 0; i < DK_DISCLOSURES; i++)
        card->total.score.n[i] += row->n[i];
    return true;
}

/* Shares compared as fractions, so that equal ones are equal: a/b with c/d. What nothing is required of comes last. */
static int compare_shares(int64_t a, int64_t b, int64_t c, int64_t d)
{
    if (b == 0 || d == 0)
        return (b == 0) - (d == 0);
    const __int128 x = (__int128)a * d, y = (__int128)c * b;
    return (y > x) - (y < x);
}

static int compare_standing(const dk_scorecard_group *a, const dk_scorecard_group *b)
{
    const int timely = compare_shares(a->score.n[DK_MET], a->required, b->score.n[DK_MET], b->required);
    return timely != 0 ? timely : compare_shares(a->disclosed, a->required, b->disclosed, b->required);
}

static int three_way(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int64_t place_of(const dk_score_row *row)
{
    return row->obligation != NULL ? (int64_t)row->obligation->index : -1;
}

/* By division, time, obligation and regime; what has no day comes last. */
static int by_group(const void *left, const void *right)
{
    const dk_score_row *a = &((const dk_scorecard_group *)left)->score,
                       *b = &((const dk_scorecard_group *)right)->score;
    int order = strcmp(a->division, b->division);
    if (order == 0)
        order = three_way(a->year == 0 ? INT64_MAX : a->year, b->year == 0 ? INT64_MAX : b->year);
    if (order == 0)
        order = three_way(a->part, b->part);
    if (order == 0)
        order = three_way(place_of(a), place_of(b));
    if (order == 0 && a->regime != b->regime) /* both are in one array, or NULL */
        order = a->regime == NULL ? 1 : b->regime == NULL ? -1 : a->regime < b->regime ? -1 : 1;
    return order;
}

/* The timelier first, then the more complete, then by code; what lies in no division of the level comes last. */
static int by_standing(const void *left, const void *right)
{
    const dk_scorecard_group *a = left, *b = right;
    if ((a->score.division[0] == '\0') != (b->score.division[0] == '\0'))
        return a->score.division[0] == '\0' ? 1 : -1;
    const int order = compare_standing(a, b);
    return order != 0 ? order : strcmp(a->score.division, b->score.division);
}

static bool groups_are_divisions(const dk_score_query *query)
{
    return query->level > 0 && query->by == DK_SCORE_ALL && !query->by_obligation && !query->by_regime;
}

dk_status dk_scorecard_read(dk_context *ctx, const dk_score_query *query, dk_scorecard *ret_card)
{
    *ret_card = (dk_scorecard){.status = DK_OK};
    dk_status status = dk_score(ctx->worker->store, query, ctx->worker->generation.number, keep, ret_card, &ctx->error);
    if (status == DK_OK && ret_card->status != DK_OK)
        status = dk_fail(&ctx->error, DK_NOMEM, "out of memory");
    if (status != DK_OK)
        return status;
    add_figures(&ret_card->total);
    if (ret_card->n == 0)
        return DK_OK;
    const bool ranked = groups_are_divisions(query);
    qsort(ret_card->groups, ret_card->n, sizeof *ret_card->groups, ranked ? by_standing : by_group);
    for (size_t i = 0;
         ranked && i < ret_card->n && ret_card->groups[i].required > 0 && ret_card->groups[i].score.division[0] != '\0';
         i++)
        ret_card->groups[i].rank = i > 0 && compare_standing(&ret_card->groups[i - 1], &ret_card->groups[i]) == 0
                                       ? ret_card->groups[i - 1].rank
                                       : (int)i + 1;
    return DK_OK;
}

void dk_scorecard_finish(dk_scorecard *card)
{
    free(card->groups);
    *card = (dk_scorecard){.status = DK_OK};
}

/* ---- words ---- */

const char *dk_scorecard_division_name(const dk_catalogue *catalogue, const char *code)
{
    const dk_division *division = code[0] != '\0' ? dk_catalogue_division(catalogue, code) : NULL;
    return division != NULL ? division->name : NULL;
}

void dk_scorecard_division_title(const dk_catalogue *catalogue, const dk_score_query *query, const char *code,
                                 dk_buf *out)
{
    const char *name = dk_scorecard_division_name(catalogue, code);
    if (name != NULL)
        dk_buf_format(out, "%s%s", name, strlen(code) < (size_t)query->level ? "（未分到下级）" : "");
}

static void append_period_title(const char *period, dk_buf *out)
{
    if (strcmp(period, "none") == 0) {
        dk_buf_text(out, "无应公开日期的");
        return;
    }
    dk_buf_format(out, "%.4s年", period);
    if (period[4] == '-' && period[5] == 'Q')
        dk_buf_format(out, "第%c季度", period[6]);
    else if (period[4] == '-')
        dk_buf_format(out, "%d月", atoi(period + 5));
}

void dk_scorecard_period_title(const dk_scorecard_question *asked, dk_buf *out)
{
    char from[DK_DAY_TEXT], until[DK_DAY_TEXT];
    const dk_score_query *query = &asked->query;
    if (asked->period[0] != '\0')
        append_period_title(asked->period, out);
    else if (query->from == DK_NO_DAY && query->until == DK_FAR_DAY)
        dk_buf_text(out, "全部时间");
    else
        dk_buf_format(out, "%s至%s", query->from == DK_NO_DAY ? "最早" : dk_day_write(query->from, from),
                      query->until == DK_FAR_DAY ? "最近" : dk_day_write(query->until, until));
}

void dk_scorecard_group_period(const dk_score_query *query, const dk_score_row *row, dk_buf *out)
{
    if (query->by == DK_SCORE_ALL || row->year == 0)
        return;
    dk_buf_format(out, "%04d", row->year);
    if (query->by == DK_SCORE_QUARTER)
        dk_buf_format(out, "-Q%d", row->part);
    else if (query->by == DK_SCORE_MONTH)
        dk_buf_format(out, "-%02d", row->part);
}

static void append_period(const dk_period *period, dk_buf *out)
{
    dk_buf_format(out, "%d%s", (int)period->n, period->working ? "个工作日" : "日");
}

void dk_scorecard_limit(const dk_obligation *obligation, dk_buf *out)
{
    for (size_t i = 0; i < obligation->n_events && i < 1; i++) {
        const dk_dated_rows *event = &obligation->events[i];
        if (event->kind != obligation->about)
            dk_buf_text(out, event->kind->title);
        dk_buf_text(out, event->kind->fields[event->date_field].title);
    }
    if (!obligation->before && obligation->within.n == 0) {
        dk_buf_text(out, "当日公开");
    } else if (!obligation->before && obligation->within.n > 0) {
        dk_buf_text(out, "之日起");
        append_period(&obligation->within, out);
        dk_buf_text(out, "内公开");
    } else if (obligation->before && obligation->ahead.n > 0) {
        dk_buf_text(out, "的");
        append_period(&obligation->ahead, out);
        dk_buf_text(out, "前公开");
    } else if (obligation->before) {
        dk_buf_text(out, "前公开");
    }
    if (obligation->lasts.n >= 0) {
        dk_buf_text(out, "，公示不少于");
        append_period(&obligation->lasts, out);
    }
}

/* 2026, 2026-Q3 or 2026-09 as days. */
static bool read_period(const char *text, int32_t *ret_from, int32_t *ret_until)
{
    const size_t size = strlen(text);
    if (size < 4 || strspn(text, "0123456789") < 4)
        return false;
    const int year = atoi((char[5]){text[0], text[1], text[2], text[3], 0});
    int first = 1, last = 12;
    if (size == 7 && text[4] == '-' && text[5] == 'Q' && text[6] >= '1' && text[6] <= '4') {
        first = (text[6] - '1') * 3 + 1;
        last = first + 2;
    } else if (size == 7 && text[4] == '-' && strspn(text + 5, "0123456789") == 2) {
        first = last = atoi(text + 5);
    } else if (size != 4) {
        return false;
    }
    if (year < 1 || first < 1 || last > 12)
        return false;
    *ret_from = dk_day_of(year, first, 1);
    *ret_until = dk_day_of(year, last, dk_days_of_month(year, last));
    return true;
}

/* Which division, and with its level if it is shorter than those of other groups: all the others would begin with it.
 */
static void append_division(const dk_score_query *query, const dk_score_row *group, dk_buf *out)
{
    const char *const division = group != NULL && group->division[0] != '\0' ? group->division : query->division;
    if (division[0] != '\0')
        dk_buf_format(out, "&division=%s", division);
    if (group != NULL && strlen(group->division) < (size_t)query->level)
        dk_buf_format(out, "&level=%d", query->level);
}

/* Days of the group, as far as they were asked for; or that there is none. */
static void append_days(const dk_scorecard_question *asked, const dk_score_row *group, dk_buf *out)
{
    const dk_score_query *query = &asked->query;
    int32_t from = query->from, until = query->until, first = 0, last = 0;
    const char *named = asked->period;
    char day[DK_DAY_TEXT];
    dk_buf period;
    dk_buf_init(&period);
    if (group != NULL && query->by != DK_SCORE_ALL && group->year == 0) {
        named = "none";
    } else if (group != NULL && query->by != DK_SCORE_ALL) {
        dk_scorecard_group_period(query, group, &period);
        const char *text = dk_buf_cstr(&period);
        if (text != NULL && read_period(text, &first, &last) && (first > from || last < until)) {
            named = first >= from && last <= until ? text : "";
            from = first > from ? first : from;
            until = last < until ? last : until;
        }
    }
    if (named[0] != '\0') {
        dk_buf_format(out, "&period=%s", named);
    } else {
        if (from != DK_NO_DAY)
            dk_buf_format(out, "&from=%s", dk_day_write(from, day));
        if (until != DK_FAR_DAY)
            dk_buf_format(out, "&until=%s", dk_day_write(until, day));
    }
    out->failed |= period.failed;
    dk_buf_finish(&period);
}

void dk_scorecard_rows_path(const dk_context *ctx, const dk_scorecard_question *asked, const dk_score_row *group,
                            dk_disclosure state, dk_buf *out)
{
    const dk_score_query *query = &asked->query;
    char day[DK_DAY_TEXT];
    dk_buf_format(out, "%s/scorecard/rows?state=%s&as_of=%s", ctx->config->base_path, dk_disclosure_name(state),
                  dk_day_write(query->as_of, day));
    append_division(query, group, out);
    append_days(asked, group, out);
    const dk_obligation *obligation = group != NULL && query->by_obligation ? group->obligation : query->only;
    const dk_regime *regime = group != NULL && query->by_regime ? group->regime : query->regime;
    if (obligation != NULL)
        dk_buf_format(out, "&obligation=%s", obligation->id);
    if (regime != NULL)
        dk_buf_format(out, "&regime=%s", regime->id);
    else if (query->without_regime || (group != NULL && query->by_regime))
        dk_buf_text(out, "&regime=none");
    if (query->about != NULL)
        dk_buf_format(out, "&collection=%s", query->about->name);
}

/* ---- parameters ---- */

static dk_status read_day(dk_context *ctx, const char *name, int32_t fallback, int32_t *ret_day)
{
    const char *text = dk_request_param(ctx->request, name);
    *ret_day = fallback;
    if (text == NULL || dk_day_read(text, ret_day))
        return DK_OK;
    return dk_fail(&ctx->error, DK_INVALID, "The parameter \"%s\" is a day, as 2026-09-30.", name);
}

static dk_status read_when(dk_context *ctx, dk_scorecard_question *asked)
{
    dk_score_query *query = &asked->query;
    const char *period = dk_request_param(ctx->request, "period");
    dk_status status = read_day(ctx, "as_of", dk_clock_today(ctx->worker->store), &query->as_of);
    if (status == DK_OK)
        status = read_day(ctx, "from", DK_NO_DAY, &query->from);
    if (status == DK_OK)
        status = read_day(ctx, "until", DK_FAR_DAY, &query->until);
    if (status != DK_OK)
        return status;
    if (query->from > query->until)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"until\" is before \"from\".");
    if (period == NULL)
        return DK_OK;
    if (query->from != DK_NO_DAY || query->until != DK_FAR_DAY)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"period\" goes without \"from\" and \"until\".");
    query->without_day = strcmp(period, "none") == 0;
    if (!query->without_day && !read_period(period, &query->from, &query->until))
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"period\" is a year, quarter or month: 2026, 2026-Q3 or 2026-09; or none, for what has no due day.");
    snprintf(asked->period, sizeof asked->period, "%s", period);
    return DK_OK;
}

static bool is_level(size_t digits)
{
    return digits == 0 || digits == 2 || digits == 4 || digits == 6 || digits == 9 || digits == 12;
}

/* Rows of a division that is no more are counted by the one in its place, so that one is asked about. */
static dk_status read_where(dk_context *ctx, dk_scorecard_question *asked)
{
    const char *division = dk_request_param(ctx->request, "division");
    const size_t size = division != NULL ? strlen(division) : 0;
    if (!is_level(size) || (size > 0 && strspn(division, "0123456789") != size))
        return dk_fail(&ctx->error, DK_INVALID,
                       "The parameter \"division\" is the first 2, 4, 6, 9 or all 12 digits of a division's code.");
    dk_division_last(ctx->worker->catalogue, size > 0 ? division : "", asked->division);
    asked->query.division = asked->division;
    return DK_OK;
}

/* Of the divisions in the catalogue the digits of the highest below a prefix: what a scorecard compares first. */
static int level_below(const dk_catalogue *catalogue, const char *prefix)
{
    const size_t size = strlen(prefix);
    int level = size == 0 ? 6 : size < 4 ? 4 : size < 6 ? 6 : size < 9 ? 9 : 12;
    bool one = true;
    char first[13] = "", code[13];
    for (size_t i = 0; size == 0 && i < catalogue->n_divisions; i++) { /* of one county only, today: its towns */
        dk_division_last(catalogue, catalogue->divisions[i].code, code);
        one = one && (i == 0 || strncmp(first, code, 6) == 0);
        if (i == 0)
            memcpy(first, code, sizeof first);
    }
    return first[0] != '\0' && one ? 9 : level;
}

/* The parameter level; fallback where there is none. */
static dk_status read_level(dk_context *ctx, int fallback, dk_score_query *query)
{
    const char *level = dk_request_param(ctx->request, "level");
    query->level = fallback;
    if (level == NULL)
        return DK_OK;
    const size_t digits = strspn(level, "0123456789");
    const int n = digits > 0 && digits < 3 && level[digits] == '\0' ? atoi(level) : -1;
    if (n < 0 || !is_level((size_t)n) || (n > 0 && (size_t)n < strlen(query->division)))
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"level\" is 2, 4, 6, 9 or 12, the digits of the divisions that are compared, no fewer "
            "than \"division\" has; or 0, for one figure.");
    query->level = n;
    return DK_OK;
}

static dk_status read_groups(dk_context *ctx, dk_score_query *query)
{
    static const char *const spans[] = {"", "year", "quarter", "month"};
    const char *by = dk_request_param(ctx->request, "by");
    const dk_status status = read_level(ctx, level_below(ctx->worker->catalogue, query->division), query);
    if (status != DK_OK)
        return status;
    for (const char *at = by; at != NULL && *at != '\0';) {
        const size_t size = strcspn(at, ",");
        size_t span = 0;
        for (size_t i = 1; i < sizeof spans / sizeof *spans; i++)
            if (strlen(spans[i]) == size && memcmp(spans[i], at, size) == 0)
                span = i;
        if (span > 0 && query->by == DK_SCORE_ALL)
            query->by = span == 1 ? DK_SCORE_YEAR : span == 2 ? DK_SCORE_QUARTER : DK_SCORE_MONTH;
        else if (size == 10 && memcmp(at, "obligation", 10) == 0)
            query->by_obligation = true;
        else if (size == 6 && memcmp(at, "regime", 6) == 0)
            query->by_regime = true;
        else
            return dk_fail(
                &ctx->error, DK_INVALID,
                "The parameter \"by\" lists one of year, quarter and month, and of obligation and regime: by=quarter,obligation.");
        at += size + (at[size] == ',');
    }
    return DK_OK;
}

/* One obligation, regime or collection only. */
static dk_status read_only(dk_context *ctx, dk_score_query *query)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const char *obligation = dk_request_param(ctx->request, "obligation"),
               *regime = dk_request_param(ctx->request, "regime");
    const char *collection = dk_request_param(ctx->request, "collection");
    if (obligation != NULL &&
        ((query->only = dk_catalogue_obligation(catalogue, obligation)) == NULL || !query->only->enabled))
        return dk_fail(&ctx->error, DK_INVALID,
                       "There is no obligation \"%.60s\"; /scorecard lists those that there are.", obligation);
    for (size_t i = 0; regime != NULL && i < catalogue->n_regimes; i++)
        if (strcmp(catalogue->regimes[i].id, regime) == 0)
            query->regime = &catalogue->regimes[i];
    query->without_regime = regime != NULL && query->regime == NULL && strcmp(regime, "none") == 0;
    if (regime != NULL && query->regime == NULL && !query->without_regime)
        return dk_fail(&ctx->error, DK_INVALID, "There is no regime \"%.60s\"; /scorecard lists those that there are.",
                       regime);
    return collection != NULL ? dk_context_kind(ctx, collection, &query->about) : DK_OK;
}

static dk_status read_format(dk_context *ctx, int *ret_format)
{
    static const char *const formats[] = {"json", "html", "csv", "xlsx"};
    const char *format = dk_request_param(ctx->request, "f");
    ctx->answer.vary_accept = format == NULL;
    *ret_format = ctx->prefers_html ? DK_SCORECARD_HTML : DK_SCORECARD_JSON;
    if (format == NULL)
        return DK_OK;
    for (int i = 0; i < 4; i++)
        if (strcmp(format, formats[i]) == 0) {
            *ret_format = i;
            return DK_OK;
        }
    return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can be json, html, csv or xlsx here.");
}

static dk_status read_question(dk_context *ctx, dk_scorecard_question *asked)
{
    if (ctx->worker->catalogue->n_obligations == 0)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is no scorecard: the catalogue declares no obligations.");
    dk_status status = read_where(ctx, asked);
    if (status == DK_OK)
        status = read_when(ctx, asked);
    return status == DK_OK ? read_only(ctx, &asked->query) : status;
}

dk_status dk_get_scorecard(dk_context *ctx)
{
    static const char *const params[] = {"f",     "division", "level",      "period", "from",       "until",
                                         "as_of", "by",       "obligation", "regime", "collection", NULL};
    const dk_request *const request = ctx->request;
    dk_request filled;
    dk_scorecard_question asked = {.format = DK_SCORECARD_JSON};
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = read_format(ctx, &asked.format);
    if (status == DK_OK && asked.format == DK_SCORECARD_HTML) { /* perhaps by its form */
        dk_request_filled(request, &filled);
        ctx->request = &filled;
    }
    if (status == DK_OK)
        status = read_question(ctx, &asked);
    if (status == DK_OK)
        status = read_groups(ctx, &asked.query);
    if (status == DK_OK)
        status = asked.format == DK_SCORECARD_JSON   ? dk_scorecard_json(ctx, &asked)
                 : asked.format == DK_SCORECARD_HTML ? dk_scorecard_page(ctx, &asked)
                                                     : dk_scorecard_table(ctx, &asked);
    ctx->request = request;
    return status;
}

dk_status dk_get_scorecard_rows(dk_context *ctx)
{
    static const char *const params[] = {"f",     "division",   "level",  "period",     "from",  "until", "as_of",
                                         "state", "obligation", "regime", "collection", "limit", "after", NULL};
    dk_scorecard_question asked = {.format = DK_SCORECARD_JSON};
    dk_disclosure state = DK_MISSING;
    size_t limit = 0;
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = read_format(ctx, &asked.format);
    if (status == DK_OK)
        status = read_question(ctx, &asked);
    if (status == DK_OK)
        status = read_level(ctx, 0, &asked.query);
    if (status != DK_OK)
        return status;
    asked.query.alone = asked.query.level > 0;
    const char *name = dk_request_param(ctx->request, "state");
    if (name == NULL || !dk_disclosure_named(name, &state))
        return dk_fail(
            &ctx->error, DK_INVALID,
            "The parameter \"state\" is waiting, due, met, late, short, missing, not_applicable or unknown.");
    /* A file is whole unless it was asked for in parts. */
    const bool file = asked.format == DK_SCORECARD_CSV || asked.format == DK_SCORECARD_XLSX;
    status = dk_context_limit(ctx, file ? DK_SCORECARD_FILE_ROWS : DK_LIMIT_DEFAULT, DK_LIMIT_MAX, &limit);
    return status == DK_OK ? dk_scorecard_rows(ctx, &asked, state, limit) : status;
}
