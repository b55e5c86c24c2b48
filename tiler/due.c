/* /due: reminders for staff, as JSON and as a calendar (iCalendar, RFC 5545) that calendar programs subscribe to. */
#include "tiler/http.h"

#include "store/falling_due.h"
#include "store/succession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often programs ask again: what is due changes with the day and with each publication. */
#define REFRESHED "PT6H"

enum { WITHIN_DEFAULT = 10, WITHIN_MOST = 400, MOST_ROWS = 10000, NAMED = 20 };

typedef struct asked_due {
    dk_falling_question question;
    char division[13]; /* the question's */
    bool calendar;
} asked_due;

/* Rows of a division that is no more are due in the one in its place. */
static dk_status read_division(dk_context *ctx, asked_due *asked)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    const char *text = dk_request_param(ctx->request, "division"), *scope = ctx->viewer.division;
    const size_t size = text != NULL ? strlen(text) : 0;
    if (text != NULL && (size > 12 || strspn(text, "0123456789") != size))
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"division\" is the first digits of a division's code.");
    if (text != NULL && !dk_division_within(catalogue, text, scope))
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"division\" is outside your divisions, %s.", scope);
    dk_division_last(catalogue, text != NULL ? text : scope, asked->division);
    asked->question.division = asked->division;
    return DK_OK;
}

bool dk_due_is_calendar(const dk_context *ctx)
{
    const char *format = dk_request_param(ctx->request, "f");
    return format != NULL ? strcmp(format, "ics") == 0 : ctx->prefers_calendar;
}

static dk_status read_question(dk_context *ctx, asked_due *asked)
{
    const char *within = dk_request_param(ctx->request, "within"), *late = dk_request_param(ctx->request, "late");
    const char *format = dk_request_param(ctx->request, "f");
    asked->question = (dk_falling_question){.today = dk_clock_today(ctx->worker->store),
                                            .within = WITHIN_DEFAULT,
                                            .most = MOST_ROWS,
                                            .generation = ctx->worker->generation.number};
    if (format != NULL && strcmp(format, "json") != 0 && strcmp(format, "ics") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"f\" can be json or ics here.");
    asked->calendar = dk_due_is_calendar(ctx);
    ctx->answer.vary_accept = format == NULL;
    if (within != NULL) {
        const size_t digits = strspn(within, "0123456789");
        asked->question.within = digits > 0 && digits < 5 && within[digits] == '\0' ? atoi(within) : WITHIN_MOST + 1;
        if (asked->question.within > WITHIN_MOST)
            return dk_fail(&ctx->error, DK_INVALID, "The parameter \"within\" is a number of days, %d at most.",
                           WITHIN_MOST);
    }
    if (late != NULL && strcmp(late, "true") != 0 && strcmp(late, "false") != 0)
        return dk_fail(&ctx->error, DK_INVALID, "The parameter \"late\" is true or false.");
    asked->question.missing = late != NULL ? late[0] == 't' : !asked->calendar;
    return read_division(ctx, asked);
}

/* ---- JSON ---- */

static void write_row(dk_context *ctx, const dk_falling_row *row)
{
    dk_json *json = &ctx->json;
    char day[DK_DAY_TEXT], words[DK_STANDING_TEXT];
    dk_buf path;
    dk_buf_init(&path);
    dk_append_item_path(&path, row->kind, row->key);
    dk_buf_text(&path, "/dossier");
    dk_json_object_begin(json);
    dk_json_member_text(json, "collection", row->kind->name);
    dk_json_member_text(json, "key", row->key);
    dk_json_member_text(json, "label", row->label);
    const int d = row->kind->division_field;
    const bool placed = d >= 0 && dk_context_fields(ctx, row->kind) >> d & 1;
    dk_json_member_text(json, "division", placed && row->division[0] != '\0' ? row->division : NULL);
    dk_json_member_text(json, "obligation", row->obligation->id);
    dk_json_member_text(json, "title", row->obligation->item->title);
    dk_json_member_text(json, "state", dk_disclosure_name(row->standing.state));
    dk_json_member_text(json, "due", dk_day_write(row->due, day));
    dk_json_member_text(json, "words", dk_standing_text(&row->standing, words));
    dk_json_key(json, "links");
    dk_json_array_begin(json);
    const char *text = dk_buf_cstr(&path);
    dk_write_link(ctx, "describedby", text != NULL ? text : "", "application/json", "一地一档");
    dk_json_array_end(json);
    dk_json_object_end(json);
    dk_buf_finish(&path);
}

static void write_json(dk_context *ctx, const asked_due *asked, const dk_falling *list)
{
    dk_json *json = &ctx->json;
    char day[DK_DAY_TEXT];
    dk_answer_json(ctx, "application/json");
    dk_json_object_begin(json);
    dk_json_member_text(json, "as_of", dk_day_write(asked->question.today, day));
    dk_json_member_text(json, "division", asked->question.division[0] != '\0' ? asked->question.division : NULL);
    dk_json_member_integer(json, "within", asked->question.within);
    dk_json_key(json, "due");
    dk_json_array_begin(json);
    for (size_t i = 0; i < list->n; i++)
        write_row(ctx, &list->rows[i]);
    dk_json_array_end(json);
    dk_json_key(json, "complete");
    dk_json_bool(json, list->complete);
    dk_json_object_end(json);
}

/* ---- iCalendar ---- */

/* A content line (3.1): at most 75 octets, then folded, never within a character. */
static void put_line(dk_buf *out, const char *line, size_t size)
{
    size_t room = 75;
    while (size > room) {
        size_t n = room;
        while (n > 1 && ((unsigned char)line[n] & 0xC0) == 0x80)
            n--;
        dk_buf_append(out, line, n);
        dk_buf_text(out, "\r\n ");
        line += n;
        size -= n;
        room = 74; /* after the blank */
    }
    dk_buf_append(out, line, size);
    dk_buf_text(out, "\r\n");
}

/* A value of type TEXT (3.3.11). */
static void append_text(dk_buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n')
            dk_buf_text(out, "\\n");
        else if (strchr("\\;,", *at) != NULL)
            dk_buf_format(out, "\\%c", *at);
        else if ((unsigned char)*at >= 0x20 && *at != 0x7f) /* no control characters (3.1) */
            dk_buf_byte(out, (unsigned char)*at);
    }
}

typedef struct calendar {
    dk_context *ctx;
    dk_buf line;
    char stamp[20];
} calendar;

static void end_line(calendar *c)
{
    put_line(&c->ctx->worker->body, (const char *)c->line.data, c->line.size);
    dk_buf_clear(&c->line);
}

static void put(calendar *c, const char *literal)
{
    dk_buf_text(&c->line, literal);
    end_line(c);
}

static void append_day(dk_buf *out, int32_t day)
{
    char text[DK_DAY_TEXT];
    dk_day_write(day, text);
    dk_buf_format(out, "%.4s%.2s%.2s", text, text + 5, text + 8);
}

/* One day and obligation with all its rows. */
static void put_event(calendar *c, const asked_due *asked, const dk_falling_row *rows, size_t n)
{
    const dk_falling_row *first = &rows[0];
    const bool late = first->standing.state == DK_MISSING;
    put(c, "BEGIN:VEVENT");
    dk_buf_text(&c->line, "UID:");
    append_day(&c->line, first->due);
    dk_buf_format(&c->line, "-%s-%s@dikuai", first->obligation->id,
                  asked->question.division[0] != '\0' ? asked->question.division : "all");
    end_line(c);
    dk_buf_format(&c->line, "DTSTAMP:%s", c->stamp);
    end_line(c);
    dk_buf_text(&c->line, "DTSTART;VALUE=DATE:");
    append_day(&c->line, first->due);
    end_line(c);
    dk_buf_text(&c->line, "DTEND;VALUE=DATE:"); /* the first day that it is over */
    append_day(&c->line, first->due + 1);
    end_line(c);
    dk_buf_text(&c->line, "SUMMARY:");
    append_text(&c->line, late ? "逾期未公开：" : "应公开：");
    append_text(&c->line, first->obligation->item->title);
    dk_buf_format(&c->line, "（%zu 项）", n);
    end_line(c);
    dk_buf_text(&c->line, "DESCRIPTION:");
    for (size_t i = 0; i < n && i < NAMED; i++) {
        append_text(&c->line, rows[i].label[0] != '\0' ? rows[i].label : rows[i].key);
        append_text(&c->line, "（");
        append_text(&c->line, rows[i].key);
        append_text(&c->line, "）\n");
    }
    if (n > NAMED)
        dk_buf_format(&c->line, "……共 %zu 项", n);
    end_line(c);
    put(c, "TRANSP:TRANSPARENT");
    put(c, "END:VEVENT");
}

/* A calendar without any component is none (3.6), and there may be nothing due: a time zone is always true. */
static void put_time_zone(calendar *c)
{
    put(c, "BEGIN:VTIMEZONE");
    put(c, "TZID:Asia/Shanghai");
    put(c, "BEGIN:STANDARD");
    put(c, "DTSTART:19910915T020000"); /* the end of the last summer time */
    put(c, "TZOFFSETFROM:+0900");
    put(c, "TZOFFSETTO:+0800");
    put(c, "TZNAME:CST");
    put(c, "END:STANDARD");
    put(c, "END:VTIMEZONE");
}

static int by_event(const void *left, const void *right)
{
    const dk_falling_row *a = left, *b = right;
    if (a->due != b->due)
        return a->due < b->due ? -1 : 1;
    if (a->obligation->index != b->obligation->index)
        return a->obligation->index < b->obligation->index ? -1 : 1;
    return strcmp(a->key, b->key);
}

static void write_calendar(dk_context *ctx, const asked_due *asked, dk_falling *list)
{
    calendar c = {.ctx = ctx};
    const char *at = ctx->worker->generation.at; /* YYYY-MM-DDTHH:MM:SSZ: the same data give the same bytes */
    snprintf(c.stamp, sizeof c.stamp, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", at, at + 5, at + 8, at + 11, at + 14, at + 17);
    dk_buf_init(&c.line);
    dk_buf_clear(&ctx->worker->body);
    ctx->answer.type = "text/calendar; charset=utf-8";
    put(&c, "BEGIN:VCALENDAR");
    put(&c, "VERSION:2.0");
    put(&c, "PRODID:-//dikuai//dikuai//ZH");
    put(&c, "CALSCALE:GREGORIAN");
    dk_buf_text(&c.line, "X-WR-CALNAME:");
    append_text(&c.line, "信息公开时限");
    end_line(&c);
    put(&c, "REFRESH-INTERVAL;VALUE=DURATION:" REFRESHED); /* RFC 7986 5.7 */
    put(&c, "X-PUBLISHED-TTL:" REFRESHED);                 /* the same for Outlook */
    put_time_zone(&c);
    if (list->n > 0)
        qsort(list->rows, list->n, sizeof *list->rows, by_event);
    for (size_t i = 0, end; i < list->n; i = end) {
        for (end = i + 1; end < list->n && list->rows[end].due == list->rows[i].due &&
                          list->rows[end].obligation == list->rows[i].obligation;)
            end++;
        put_event(&c, asked, &list->rows[i], end - i);
    }
    put(&c, "END:VCALENDAR");
    ctx->worker->body.failed |= c.line.failed;
    dk_buf_finish(&c.line);
}

dk_status dk_get_due(dk_context *ctx)
{
    static const char *const params[] = {"f", "division", "within", "late", NULL};
    asked_due asked;
    dk_falling list = {.complete = true};
    if (ctx->caller == NULL && ctx->worker->catalogue->n_obligations > 0 && dk_due_is_calendar(ctx)) {
        ctx->problem = 401; /* a calendar program sends its password only when it is asked */
        return dk_fail(
            &ctx->error, DK_NOT_FOUND,
            "This calendar is for staff: enter your token as the password, with any user name, or send it as "
            "Authorization: Bearer.");
    }
    if (ctx->viewer.audience < DK_STAFF || ctx->worker->catalogue->n_obligations == 0)
        return dk_fail(&ctx->error, DK_NOT_FOUND, "There is nothing at this address.");
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = read_question(ctx, &asked);
    if (status != DK_OK)
        return status;
    status = dk_falling_due(ctx->worker->store, &asked.question, &list, &ctx->error);
    if (status == DK_OK && asked.calendar)
        write_calendar(ctx, &asked, &list);
    else if (status == DK_OK)
        write_json(ctx, &asked, &list);
    ctx->rows = list.n;
    ctx->counted = true;
    dk_falling_finish(&list);
    return status;
}
