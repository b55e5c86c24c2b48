#include "tiler/html.h"

#include "store/day.h"
#include "store/disclosure.h"
#include "store/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- escaping ---- */

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Length of the valid UTF-8 at the beginning of text. */
static size_t valid_size(const char *text, size_t size)
{
    if (dk_utf8_valid(text, size))
        return size;
    size_t valid = 0;
    while (valid < size) {
        size_t n = 1;
        while (n < 4 && valid + n < size && ((unsigned char)text[valid + n] & 0xc0) == 0x80)
            n++;
        if (!dk_utf8_valid(text + valid, n))
            break;
        valid += n;
    }
    return valid;
}

static void escaped(dk_buf *buf, const char *text, size_t size)
{
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        const char *as = entity(text[i]);
        if (as == NULL && (c >= 0x20 || c == '\n' || c == '\t') && c != 0x7f)
            continue;
        dk_buf_append(buf, text + plain, i - plain);
        dk_buf_text(buf, as != NULL ? as : "\xef\xbf\xbd"); /* control characters are errors in HTML */
        plain = i + 1;
    }
    dk_buf_append(buf, text + plain, size - plain);
}

void dk_html_raw(dk_html *html, const char *literal)
{
    dk_buf_text(html->buf, literal);
}

void dk_html_text_n(dk_html *html, const char *text, size_t size)
{
    while (size > 0) {
        const size_t n = valid_size(text, size);
        escaped(html->buf, text, n);
        if (n == size)
            return;
        dk_buf_text(html->buf, "\xef\xbf\xbd");
        text += n + 1;
        size -= n + 1;
    }
}

void dk_html_text(dk_html *html, const char *text)
{
    if (text != NULL)
        dk_html_text_n(html, text, strlen(text));
}

void dk_html_attribute(dk_html *html, const char *name, const char *value)
{
    dk_buf_format(html->buf, " %s=\"", name);
    dk_html_text(html, value);
    dk_buf_byte(html->buf, '"');
}

void dk_html_address(dk_html *html, const char *name, const char *path)
{
    dk_buf_format(html->buf, " %s=\"", name);
    dk_html_text(html, html->ctx->config->base_path);
    dk_html_text(html, path);
    dk_buf_byte(html->buf, '"');
}

void dk_html_element(dk_html *html, const char *element, const char *text)
{
    dk_buf_format(html->buf, "<%s>", element);
    dk_html_text(html, text);
    dk_buf_format(html->buf, "</%.*s>", (int)strcspn(element, " "), element);
}

void dk_html_link(dk_html *html, const char *path, const char *type, const char *text)
{
    dk_html_raw(html, "<a");
    dk_html_address(html, "href", path);
    if (type != NULL)
        dk_html_attribute(html, "type", type);
    dk_html_raw(html, ">");
    dk_html_text(html, text);
    dk_html_raw(html, "</a>");
}

/* ---- the page ---- */

void dk_html_begin(dk_html *html, dk_context *ctx, const char *title, const char *body_class, const dk_crumb *crumbs,
                   size_t n_crumbs)
{
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    *html = (dk_html){ctx, &ctx->worker->body};
    dk_buf_clear(html->buf);
    ctx->answer.type = "text/html; charset=utf-8";
    ctx->answer.document = true;
    dk_html_raw(html, "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    dk_html_text(html, title);
    if (n_crumbs > 0) {
        dk_html_raw(html, " - ");
        dk_html_text(html, catalogue->title);
    }
    dk_html_raw(html, "</title>\n<link rel=\"icon\" type=\"image/svg+xml\"");
    dk_html_address(html, "href", "/web/icon.svg");
    dk_html_raw(html, ">\n<link rel=\"stylesheet\"");
    dk_html_address(html, "href", "/web/pages.css");
    dk_html_raw(html, ">\n</head>\n<body");
    dk_html_attribute(html, "class", body_class);
    dk_html_raw(html, ">\n<nav class=\"way\" aria-label=\"当前位置\"><ol>\n<li>");
    dk_html_link(html, "/", NULL, catalogue->title);
    dk_html_raw(html, "</li>\n");
    for (size_t i = 0; i < n_crumbs; i++) {
        dk_html_raw(html, crumbs[i].path == NULL ? "<li aria-current=\"page\">" : "<li>");
        if (crumbs[i].path != NULL)
            dk_html_link(html, crumbs[i].path, NULL, crumbs[i].title);
        else
            dk_html_text(html, crumbs[i].title);
        dk_html_raw(html, "</li>\n");
    }
    dk_html_raw(html, "</ol></nav>\n<main>\n");
    dk_html_element(html, "h1", title);
    dk_html_raw(html, "\n");
}

void dk_html_end(dk_html *html)
{
    const dk_context *ctx = html->ctx;
    const dk_catalogue *catalogue = ctx->worker->catalogue;
    dk_html_raw(html, "</main>\n<footer><p>");
    dk_html_text(html, catalogue->publisher);
    if (catalogue->map_approval_no != NULL) {
        dk_html_raw(html, "　审图号：");
        dk_html_text(html, catalogue->map_approval_no);
    }
    dk_html_raw(html, "　数据版本：");
    dk_html_number(html, ctx->worker->generation.number);
    if (ctx->worker->generation.number > 0) {
        dk_html_raw(html, "（");
        dk_html_moment(html, ctx->worker->generation.at);
        dk_html_raw(html, "）");
    }
    dk_html_raw(html, "</p>");
    if (ctx->viewer.audience == DK_GROUP || ctx->viewer.audience == DK_ON_REQUEST)
        dk_html_raw(html, "<p class=\"internal\">含不向全社会公开的信息，仅供本人查阅，请勿外传。</p>");
    else if (ctx->viewer.audience != DK_PUBLIC)
        dk_html_raw(html, "<p class=\"internal\">含内部信息，仅供工作人员使用，请勿外传。</p>");
    dk_html_raw(html, "</footer>\n</body>\n</html>\n");
}

/* ---- values ---- */

static const struct {
    const char *unit, *name;
    int least, most; /* decimals */
} units[] = {{"m2", "平方米", 0, 2}, {"ha", "公顷", 0, 4},       {"km2", "平方千米", 0, 4},
             {"mu", "亩", 0, 4},     {"m", "米", 0, 3},          {"km", "千米", 0, 3},
             {"yuan", "元", 2, 2},   {"yuan/mu", "元/亩", 0, 2}, {"yuan/m2", "元/平方米", 0, 2},
             {"%", "%", 0, 6}};

const char *dk_html_unit(const char *unit)
{
    if (unit == NULL)
        return "";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].unit, unit) == 0)
            return units[i].name;
    return unit;
}

/* Digits in groups of three before the point. */
static void grouped(dk_buf *buf, const char *digits)
{
    const size_t whole = strspn(digits + (*digits == '-'), "0123456789");
    if (*digits == '-') {
        dk_buf_byte(buf, '-');
        digits++;
    }
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            dk_buf_byte(buf, ',');
        dk_buf_byte(buf, (unsigned char)digits[i]);
    }
    dk_buf_text(buf, digits + whole);
}

void dk_html_number(dk_html *html, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, value);
    grouped(html->buf, digits);
}

void dk_html_quantity(dk_html *html, double value, const char *unit, bool with_unit)
{
    int least = 0, most = 6;
    for (size_t i = 0; unit != NULL && i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].unit, unit) == 0) {
            least = units[i].least;
            most = units[i].most;
        }
    char digits[64];
    if (!isfinite(value) || fabs(value) >= 1e18) {
        snprintf(digits, sizeof digits, "%g", value);
        dk_html_text(html, digits);
    } else {
        snprintf(digits, sizeof digits, "%.*f", most, value);
        size_t size = strlen(digits);
        if (most > 0) {
            const size_t shortest = size - (size_t)(most - least);
            while (size > shortest && digits[size - 1] == '0')
                size--;
            if (digits[size - 1] == '.')
                size--;
            digits[size] = '\0';
        }
        dk_html_raw(html, "<span class=\"number\">");
        grouped(html->buf, digits);
        dk_html_raw(html, "</span>");
    }
    if (with_unit && unit != NULL) {
        dk_html_raw(html, " ");
        dk_html_text(html, dk_html_unit(unit));
    }
}

void dk_html_date(dk_html *html, const char *date)
{
    int year, month, day, end = 0;
    if (date == NULL)
        return;
    if (strlen(date) != 10 || sscanf(date, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10) {
        dk_html_text(html, date);
        return;
    }
    dk_html_raw(html, "<time");
    dk_html_attribute(html, "datetime", date);
    dk_buf_format(html->buf, ">%d年%d月%d日</time>", year, month, day);
}

void dk_html_moment(dk_html *html, const char *moment)
{
    enum { AHEAD = 8, HOURS = 24 }; /* of UTC; China has one time, and none for the summer */
    char date[DK_DAY_TEXT];
    int32_t day;
    int hour, minute, second, end = 0;
    snprintf(date, sizeof date, "%.10s", moment);
    if (strlen(moment) < 10 || !dk_day_read(date, &day) ||
        sscanf(moment + 10, "T%2d:%2d:%2dZ%n", &hour, &minute, &second, &end) != 3 || moment[10 + end] != '\0' ||
        end == 0) {
        dk_html_text(html, moment);
        return;
    }
    hour += AHEAD;
    day += hour / HOURS;
    dk_html_raw(html, "<time");
    dk_html_attribute(html, "datetime", moment);
    const int year = dk_day_year(day), month = dk_day_month(day), of_month = day - dk_day_of(year, month, 1) + 1;
    dk_buf_format(html->buf, ">%d年%d月%d日 %02d:%02d</time>", year, month, of_month, hour % HOURS, minute);
}

static bool is_web_address(const char *text)
{
    return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

void dk_html_value(dk_html *html, const dk_field *field, const dk_value *value, bool with_unit)
{
    switch (value->type) {
    case DK_INTEGER:
        dk_html_raw(html, "<span class=\"number\">");
        /* Without a unit up to four digits, as years have them, stay together (GB/T 15835-2011). */
        if (field->unit == NULL && value->integer > -10000 && value->integer < 10000)
            dk_buf_format(html->buf, "%d", (int)value->integer);
        else
            dk_html_number(html, value->integer);
        dk_html_raw(html, "</span>");
        if (with_unit && field->unit != NULL) {
            dk_html_raw(html, " ");
            dk_html_text(html, dk_html_unit(field->unit));
        }
        break;
    case DK_REAL:
        dk_html_quantity(html, value->real, field->unit, with_unit);
        break;
    case DK_TEXT:
        if (dk_disclosure_value_title(field, value->text.data) != NULL) {
            dk_html_raw(html, "<data"); /* for verify.js, and for who reads pages by program */
            dk_html_attribute(html, "value", value->text.data);
            dk_html_raw(html, ">");
            dk_html_text(html, dk_disclosure_value_title(field, value->text.data));
            dk_html_raw(html, "</data>");
        } else if (field->type == DK_FIELD_DATE) {
            dk_html_date(html, value->text.data);
        } else if (field->type == DK_FIELD_URL && is_web_address(value->text.data)) {
            dk_html_raw(html, "<a rel=\"noopener noreferrer\"");
            dk_html_attribute(html, "href", value->text.data);
            dk_html_raw(html, ">");
            dk_html_text_n(html, value->text.data, value->text.size);
            dk_html_raw(html, "</a>");
        } else {
            dk_html_text_n(html, value->text.data, value->text.size);
        }
        break;
    case DK_NULL:
    default:
        dk_html_raw(html, "—");
    }
}

void dk_html_fact_begin(dk_html *html, const char *title)
{
    dk_html_raw(html, "<tr><th scope=\"row\">");
    dk_html_text(html, title);
    dk_html_raw(html, "</th><td>");
}

void dk_html_fact_end(dk_html *html)
{
    dk_html_raw(html, "</td></tr>\n");
}

void dk_html_fact(dk_html *html, const char *title, const char *text)
{
    if (text == NULL)
        return;
    dk_html_fact_begin(html, title);
    dk_html_text(html, text);
    dk_html_fact_end(html);
}
