#include "ingest/mining_boundary.h"

#include "ingest/json.h"
#include "store/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_BYTES = 4 << 20,
    MOST_RINGS = 10000 /* 报盘 allows 1000 points in all */
};

void dk_mining_boundary_init(dk_mining_boundary *boundary)
{
    *boundary = (dk_mining_boundary){0};
    dk_buf_init(&boundary->texts);
    dk_buf_init(&boundary->notes);
}

void dk_mining_boundary_finish(dk_mining_boundary *boundary)
{
    free(boundary->xy);
    free(boundary->rings);
    dk_buf_finish(&boundary->texts);
    dk_buf_finish(&boundary->notes);
    dk_mining_boundary_init(boundary);
}

bool dk_mining_column(const char *name)
{
    static const char *const names[] = {"区域坐标",         "区域范围",     "拐点坐标",
                                        "矿区范围拐点坐标", "矿区拐点坐标", "范围坐标",
                                        "矿区范围坐标",     "QYZB",         "QYFW"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* ---- pieces of text ---- */

/* Up to a comma, trimmed; into the folded text. */
typedef struct token {
    const char *text;
    size_t size;
} token;

typedef struct parser {
    dk_mining_boundary *out;
    const char *text; /* under NFKC: full-width digits, commas and brackets are plain */
    size_t size;
    token *tokens;
    size_t n_tokens, tokens_capacity;
    double *raw; /* pairs as they stand, in the order of the text */
    size_t raw_capacity, n_raw;
    bool *dms; /* whether a pair was written in degrees, minutes and seconds */
    size_t dms_capacity;
    int64_t *lines;                      /* of each pair, of a file; else NULL */
    size_t n_unflagged, first_unflagged; /* rings that say neither 1 nor -1 */
    dk_error *err;
} parser;

static dk_status no_memory(parser *p)
{
    return dk_fail(p->err, DK_NOMEM, "out of memory");
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static token trimmed(const char *text, size_t size)
{
    while (size > 0 && blank(text[0]))
        text++, size--;
    while (size > 0 && blank(text[size - 1]))
        size--;
    return (token){text, size};
}

static bool add_token(parser *p, token t)
{
    if (!dk_grow(&p->tokens, &p->tokens_capacity, p->n_tokens + 1, sizeof *p->tokens))
        return false;
    p->tokens[p->n_tokens++] = t;
    return true;
}

/* A whole token as a number. */
static bool as_number(token t, double *ret)
{
    char text[400], *end; /* programs that calculate in decimals write a hundred of them */
    if (t.size == 0 || t.size >= sizeof text || strspn(t.text, "+-.0123456789") < t.size)
        return false;
    memcpy(text, t.text, t.size);
    text[t.size] = '\0';
    *ret = strtod(text, &end);
    return *end == '\0' && end != text && isfinite(*ret);
}

/* Bytes of a token that a message shows: whole characters. */
static int shown(token t)
{
    size_t size = t.size < 40 ? t.size : 40;
    while (size > 0 && size < t.size && ((unsigned char)t.text[size] & 0xC0) == 0x80)
        size--;
    return (int)size;
}

static bool as_count(token t, size_t *ret)
{
    double number;
    if (!as_number(t, &number) || number < 0 || number > 1e6 || number != floor(number))
        return false;
    *ret = (size_t)number;
    return true;
}

/* 110°00′28.20″, perhaps with E or N, and marks of all kinds; t.size bytes at most. Advances. */
static bool take_degrees(const char **at, const char *end, double *ret)
{
    static const char *const marks[3][5] = {
        {"°", "度", "º", NULL}, {"′", "'", "’", "分", NULL}, {"′′", "″", "\"", "秒", NULL}};
    const char *from = *at;
    double parts[3] = {0};
    int n = 0;
    for (; n < 3; n++) {
        const char *start = from;
        while (from < end && (isdigit((unsigned char)*from) || *from == '.'))
            from++;
        if (from == start || from - start > 20)
            break;
        char text[32];
        memcpy(text, start, (size_t)(from - start));
        text[from - start] = '\0';
        parts[n] = strtod(text, NULL);
        bool marked = false;
        if (n == 2 && end - from >= 2 && from[0] == '\'' && from[1] == '\'') { /* two single ones */
            from += 2;
            marked = true;
        }
        for (size_t i = 0; !marked && i < 5 && marks[n][i] != NULL; i++) {
            const size_t size = strlen(marks[n][i]);
            if ((size_t)(end - from) >= size && memcmp(from, marks[n][i], size) == 0) {
                from += size;
                marked = true;
            }
        }
        if (!marked) {
            if (n == 0)
                return false;
            from = start;
            break;
        }
        while (from < end && *from == ' ')
            from++;
    }
    if (n == 0 || parts[1] >= 60 || parts[2] >= 60)
        return false;
    *ret = parts[0] + parts[1] / 60 + parts[2] / 3600;
    *at = from;
    return true;
}

static bool add_raw(parser *p, double a, double b, bool dms)
{
    if (!dk_grow(&p->raw, &p->raw_capacity, 2 * p->n_raw + 2, sizeof *p->raw) ||
        !dk_grow(&p->dms, &p->dms_capacity, p->n_raw + 1, sizeof *p->dms))
        return false;
    p->raw[2 * p->n_raw] = a;
    p->raw[2 * p->n_raw + 1] = b;
    p->dms[p->n_raw++] = dms;
    return true;
}

/* Where a point stands, for sentences. */
static const char *place_of(const parser *p, size_t ring, size_t point, char *out, size_t size)
{
    if (p->lines != NULL)
        snprintf(out, size, "line %lld", (long long)p->lines[p->out->rings[ring].first + point]);
    else
        snprintf(out, size, "ring %zu, point %zu", ring + 1, point + 1);
    return out;
}

static const char *ring_name(const parser *p, size_t ring, char *out, size_t size)
{
    if (p->lines != NULL)
        snprintf(out, size, "ring %zu (from line %lld on)", ring + 1, (long long)p->lines[p->out->rings[ring].first]);
    else
        snprintf(out, size, "ring %zu", ring + 1);
    return out;
}

static bool coordinate(token t, double *ret, bool *ret_dms)
{
    const char *at = t.text;
    *ret_dms = false;
    if (as_number(t, ret))
        return true;
    *ret_dms = take_degrees(&at, t.text + t.size, ret) && at == t.text + t.size;
    return *ret_dms;
}

static bool end_ring(parser *p, size_t first, double top, double bottom, bool excluded, token description)
{
    dk_mining_boundary *out = p->out;
    if (!dk_grow(&out->rings, &out->rings_capacity, out->n_rings + 1, sizeof *out->rings))
        return false;
    out->rings[out->n_rings++] = (dk_mining_ring){first, p->n_raw - first, top, bottom, excluded, out->texts.size};
    dk_buf_append(&out->texts, description.text, description.size);
    dk_buf_byte(&out->texts, 0);
    return !out->texts.failed;
}

static void forget(parser *p)
{
    p->n_raw = p->out->n_rings = p->n_unflagged = 0;
    dk_buf_clear(&p->out->texts);
    dk_buf_clear(&p->out->notes);
}

/* 220, +220, 220米; false: it is none. NAN for nothing. */
static bool elevation(token t, double *ret)
{
    static const char *const units[] = {"米", "m", "M"};
    *ret = NAN;
    if (t.size == 0)
        return true;
    for (size_t i = 0; i < 3; i++) {
        const size_t size = strlen(units[i]);
        if (t.size > size && memcmp(t.text + t.size - size, units[i], size) == 0) {
            t = trimmed(t.text, t.size - size);
            break;
        }
    }
    return as_number(t, ret);
}

/* A height of the ring that ends next. The ring is worth more than its height: what is none is told. */
static double height(parser *p, token t)
{
    double number;
    if (elevation(t, &number))
        return number;
    dk_buf_format(&p->out->notes, "ring %zu: \"%.*s\" is no 标高 in metres; the ring was taken without it\n",
                  p->out->n_rings + 1, shown(t), t.text);
    return NAN;
}

static void count_unflagged(parser *p)
{
    if (p->n_unflagged++ == 0)
        p->first_unflagged = p->out->n_rings;
}

/* ---- A and B ---- */

static dk_status split_commas(parser *p)
{
    for (size_t from = 0; from <= p->size;) {
        const char *comma = memchr(p->text + from, ',', p->size - from);
        const size_t to = comma != NULL ? (size_t)(comma - p->text) : p->size;
        if (!add_token(p, trimmed(p->text + from, to - from)))
            return no_memory(p);
        from = to + 1;
    }
    while (p->n_tokens > 0 && p->tokens[p->n_tokens - 1].size == 0) /* a comma at the end is usual */
        p->n_tokens--;
    return DK_OK;
}

/* numbered: form A. */
static dk_status parse_rings(parser *p, bool numbered)
{
    const size_t per_point = numbered ? 3 : 2, behind = numbered ? 4 : 3;
    size_t n_rings, at = 1;
    forget(p);
    if (p->n_tokens < 2 || !as_count(p->tokens[0], &n_rings) || n_rings == 0 || n_rings > MOST_RINGS)
        return dk_fail(p->err, DK_INVALID, "it does not begin with the number of rings");
    for (size_t r = 0; r < n_rings; r++) {
        size_t n;
        const size_t first = p->n_raw;
        if (at >= p->n_tokens)
            return dk_fail(p->err, DK_INVALID, "it says %zu rings and ends behind %zu", n_rings, r);
        if (!as_count(p->tokens[at], &n) || n < 3)
            return dk_fail(p->err, DK_INVALID, "ring %zu: \"%.*s\" is no number of points (3 or more)", r + 1,
                           shown(p->tokens[at]), p->tokens[at].text);
        at++;
        for (size_t i = 0; i < n; i++, at += per_point) {
            double a, b;
            bool a_dms, b_dms;
            if (p->n_tokens - at < per_point || at > p->n_tokens)
                return dk_fail(p->err, DK_INVALID, "ring %zu says %zu points and ends behind %zu", r + 1, n, i);
            if (!coordinate(p->tokens[at + per_point - 2], &a, &a_dms) ||
                !coordinate(p->tokens[at + per_point - 1], &b, &b_dms))
                return dk_fail(p->err, DK_INVALID, "ring %zu, point %zu: these are no two coordinates", r + 1, i + 1);
            if (!add_raw(p, a, b, a_dms && b_dms))
                return no_memory(p);
        }
        /* The values behind the last ring may be cut off with the commas; those of others may not. */
        token rest[4] = {{"", 0}, {"", 0}, {"", 0}, {"", 0}};
        const size_t left = p->n_tokens - at;
        if (left < behind && r + 1 < n_rings)
            return dk_fail(p->err, DK_INVALID, "ring %zu: the %s behind its points are cut off", r + 1,
                           numbered ? "heights, description and flag" : "three values");
        for (size_t i = 0; i < behind && i < left; i++)
            rest[i] = p->tokens[at + i];
        at += behind < left ? behind : left;
        bool excluded;
        double flag = 1;
        if (numbered) {
            if (rest[3].size > 0 && (!as_number(rest[3], &flag) || (flag != 1 && flag != -1)))
                return dk_fail(p->err, DK_INVALID, "ring %zu: \"%.*s\" is no flag; it is 1 (圈入) or -1 (扣除)", r + 1,
                               shown(rest[3]), rest[3].text);
            excluded = flag == -1;
            if (rest[3].size == 0)
                count_unflagged(p);
        } else {
            const bool known = rest[1].size == 0 || as_number(rest[1], &flag);
            excluded = rest[1].size > 0 && known && flag != 0;
            if (!known)
                dk_buf_format(
                    &p->out->notes,
                    "ring %zu: \"%.*s\" is no flag, 0 (圈入) or another number (扣除); it was taken as 圈入\n", r + 1,
                    shown(rest[1]), rest[1].text);
        }
        const double top = numbered ? height(p, rest[0]) : NAN, bottom = numbered ? height(p, rest[1]) : NAN;
        if (!end_ring(p, first, top, bottom, excluded, numbered ? rest[2] : (token){"", 0}))
            return no_memory(p);
    }
    if (at < p->n_tokens)
        return dk_fail(p->err, DK_INVALID, "it says %zu rings and goes on behind them: \"%.*s\"", n_rings,
                       shown(p->tokens[at]), p->tokens[at].text);
    return DK_OK;
}

/* ---- D ---- */

/* The numbers of a part: coordinates, and whether they were degrees with marks. Words are passed over. */
typedef struct numbers {
    double *values;
    bool *dms;
    size_t n, capacity, dms_capacity;
} numbers;

static bool add_value(numbers *list, double value, bool dms)
{
    if (!dk_grow(&list->values, &list->capacity, list->n + 1, sizeof *list->values) ||
        !dk_grow(&list->dms, &list->dms_capacity, list->n + 1, sizeof *list->dms))
        return false;
    list->values[list->n] = value;
    list->dms[list->n++] = dms;
    return true;
}

/* A number in front of a word is none: 1985国家高程基准, 3号煤层; but 8标高 is, and 285米至8米. */
static bool is_height(const char *behind, const char *end)
{
    static const char *const words[] = {"米", "至", "到", "和", "与", "以", "标"};
    const unsigned char first = behind < end ? (unsigned char)*behind : 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((size_t)(end - behind) >= strlen(words[i]) && memcmp(behind, words[i], strlen(words[i])) == 0)
            return true;
    return first != '#' && (first < 0xE4 || first > 0xE9); /* with which Chinese characters begin */
}

/* Bytes of a plus or a minus, '-' or U+2212; 0: it is none. */
static size_t sign_size(const char *at, const char *end)
{
    static const char minus[] = "−";
    const size_t size = sizeof minus - 1;
    if (at < end && (*at == '-' || *at == '+'))
        return 1;
    return (size_t)(end - at) >= size && memcmp(at, minus, size) == 0 ? size : 0;
}

/* Behind a unit and the dash of a range: 285-8 and 285m-8m are from 285 to 8; 285--8, 285~-8 and 285 -8 to -8. */
static const char *over_dash(const char *at, const char *end)
{
    static const char metre[] = "米";
    const size_t size = sizeof metre - 1;
    if (at < end && (*at == 'm' || *at == 'M'))
        at++;
    else if ((size_t)(end - at) >= size && memcmp(at, metre, size) == 0)
        at += size;
    return at < end && *at == '+' ? at : at + sign_size(at, end);
}

/* Two heights, in either order. How many numbers there are, two at most. */
static int read_heights(const char *at, const char *end, double *ret_top, double *ret_bottom)
{
    double found[2] = {0};
    int n = 0;
    while (at < end && n < 2) {
        const size_t sign = sign_size(at, end);
        const char *digits = at + sign;
        char text[32];
        size_t size = 0;
        if (digits == end || !isdigit((unsigned char)*digits)) {
            at++;
            continue;
        }
        while (digits + size < end && size < sizeof text - 1 &&
               (isdigit((unsigned char)digits[size]) || digits[size] == '.'))
            size++;
        memcpy(text, digits, size);
        text[size] = '\0';
        const double value = strtod(text, NULL);
        const bool negative = sign > 0 && *at != '+';
        at = digits + size;
        if (!is_height(at, end))
            continue;
        found[n++] = negative ? -value : value;
        at = over_dash(at, end);
    }
    if (n == 2) {
        *ret_top = fmax(found[0], found[1]);
        *ret_bottom = fmin(found[0], found[1]);
    }
    return n;
}

static bool read_numbers(const char *at, const char *end, numbers *list)
{
    list->n = 0;
    while (at < end) {
        if (!isdigit((unsigned char)*at)) {
            /* A letter or word before a number is part of a name: 拐点1, J1. */
            at++;
            continue;
        }
        double value;
        if (take_degrees(&at, end, &value)) {
            if (!add_value(list, value, true))
                return false;
            continue;
        }
        char text[40];
        size_t size = 0;
        while (at + size < end && size < sizeof text - 1 && (isdigit((unsigned char)at[size]) || at[size] == '.'))
            size++;
        memcpy(text, at, size);
        text[size] = '\0';
        if (!add_value(list, strtod(text, NULL), false))
            return false;
        at += size;
    }
    return true;
}

/* Two heights, and how many rings had begun before them. */
typedef struct heights {
    double top, bottom;
    size_t begun;
} heights;

/* The table as far as it was read. */
typedef struct table {
    size_t first;  /* point where the ring under way begins */
    double number; /* the last 点号 */
    double start;  /* the first 点号 of the ring under way */
    double
        next; /* behind the last of the line above, which was a ring and not closed; -1: it has none; 0: no such line */
    size_t n_lines; /* of several points without 点号 that follow on another such line */
    bool excluded;  /* the rings are 扣除 */
    bool heading;   /* 扣除 was said, and no point has followed */
    heights *heights;
    size_t n_heights, heights_capacity;
} table;

/* Ends the ring under way, if there is one. */
static bool end_under_way(parser *p, table *t)
{
    if (p->n_raw > t->first && !end_ring(p, t->first, NAN, NAN, t->excluded, (token){"", 0}))
        return false;
    t->first = p->n_raw;
    return true;
}

/* A text that was broken into lines of several points each is one ring, or as many as lines: nothing tells. */
static dk_status goes_on(const parser *p, double number, size_t line)
{
    return dk_fail(
        p->err, DK_INVALID,
        "line %zu: 点号 %.10g goes on from the line above, so that both may be one ring or two; write each point on a "
        "line of its own, or put ; between two rings",
        line, number);
}

/* 1 X Y 4 X Y: the columns of a table beside each other. */
static bool side_by_side(const numbers *list)
{
    bool numbered = list->n >= 6 && list->n % 3 == 0;
    for (size_t i = 0; numbered && i < list->n; i += 3)
        numbered = !list->dms[i] && list->values[i] < 10000 && list->values[i] == floor(list->values[i]);
    return numbered && (list->n == 6 || list->values[3] != list->values[0] + 1);
}

/* One part of a line: a point, or a ring if it holds several. words: there are others than numbers in it. */
static dk_status take_part(parser *p, const numbers *list, bool words, size_t line, table *t)
{
    if (list->n == 0 || (list->n == 1 && words)) /* a title: 2000国家大地坐标系 */
        return DK_OK;
    t->heading = false;
    if (list->n == 2 || list->n == 3) {
        const double number = list->n == 3 ? list->values[0] : t->number + 1;
        const size_t k = list->n - 2;
        if (list->n == 3 && t->next > 0 && number == t->next)
            return goes_on(p, number, line);
        t->next = 0;
        if (p->n_raw - t->first >= 3 && list->values[k] == p->raw[2 * t->first] &&
            list->values[k + 1] == p->raw[2 * t->first + 1]) { /* the first point again closes the ring */
            t->number = 0;
            return end_under_way(p, t) ? DK_OK : no_memory(p);
        }
        /* 点号 starts again. One that stands there twice by mistake, further on, does not begin a ring. */
        if (p->n_raw > t->first && number <= t->start) {
            if (p->n_raw - t->first < 3)
                return dk_fail(
                    p->err, DK_INVALID,
                    "line %zu: 点号 %.10g comes behind a ring of %zu point%s; is a point missing, or the 点号 wrong?",
                    line, number, p->n_raw - t->first, p->n_raw - t->first == 1 ? "" : "s");
            if (!end_under_way(p, t))
                return no_memory(p);
        }
        if (p->n_raw == t->first)
            t->start = number;
        t->number = number;
        return add_raw(p, list->values[k], list->values[k + 1], list->dms[k] && list->dms[k + 1]) ? DK_OK
                                                                                                  : no_memory(p);
    }
    const size_t step = list->n % 3 == 0 && list->values[0] < 1000 && list->values[3] == list->values[0] + 1 ? 3
                        : list->n % 2 == 0                                                                   ? 2
                                                                                                             : 0;
    if (side_by_side(list))
        return dk_fail(
            p->err, DK_INVALID,
            "line %zu: several points stand side by side, 点号 X Y 点号 X Y; write each on a line of its own, in the "
            "order in which they follow one another",
            line);
    if (step == 0 || list->n < 3 * step)
        return dk_fail(p->err, DK_INVALID, "line %zu: %zu numbers, which are neither a point (点号 X Y) nor a ring",
                       line, list->n);
    const double *xy = list->values + step - 2, *last = list->values + list->n - 2;
    const bool closed = xy[0] == last[0] && xy[1] == last[1], under_way = p->n_raw > t->first;
    if (step == 3 && ((t->next > 0 && list->values[0] == t->next) || (under_way && list->values[0] == t->number + 1)))
        return goes_on(p, list->values[0], line);
    t->n_lines += step == 2 && t->next < 0;
    t->next = closed ? 0 : step == 3 ? last[-1] + 1 : -1;
    if (!end_under_way(p, t))
        return no_memory(p);
    for (size_t i = step - 2; i + 1 < list->n; i += step)
        if (!add_raw(p, list->values[i], list->values[i + 1], list->dms[i] && list->dms[i + 1]))
            return no_memory(p);
    t->number = 0;
    return end_under_way(p, t) ? DK_OK : no_memory(p);
}

/* 2000国家大地坐标系 in a title. Notices give the same points on two datums, which are not to be joined. */
static dk_status take_title(parser *p, token part)
{
    static const char word[] = "坐标系";
    char text[200];
    if (part.size >= sizeof text || memmem(part.text, part.size, word, sizeof word - 1) == NULL)
        return DK_OK;
    memcpy(text, part.text, part.size);
    text[part.size] = '\0';
    if (dk_zone_names_local(text))
        return dk_fail(
            p->err, DK_INVALID,
            "it says \"%.*s\", a local coordinate system; have the points transformed to CGCS2000, or correct that if "
            "they are not local",
            shown(part), part.text);
    const dk_zone_family *datum = dk_zone_family_named(text);
    if (datum != NULL && p->out->datum != NULL && datum != p->out->datum)
        return dk_fail(p->err, DK_INVALID, "it names two coordinate systems, %s and %s; keep the points of one of them",
                       p->out->datum->name, datum->name);
    if (datum != NULL)
        p->out->datum = datum;
    return DK_OK;
}

static const char *find(token part, const char *word)
{
    return memmem(part.text, part.size, word, strlen(word));
}

/* 扣除 and 圈入 stand above the rings that they are about; a title of the next 矿区 begins with rings that are in.
 * 扣除后 is about an area, and the head of a table may name both. */
static dk_status take_heading(parser *p, token part, table *t)
{
    const char *excluded = find(part, "扣除");
    const bool included = find(part, "圈入") != NULL;
    if (excluded != NULL && (included || find(part, "扣除后") != NULL))
        return DK_OK;
    if (excluded == NULL && !included && find(part, "矿区") == NULL && find(part, "采区") == NULL &&
        find(part, "区块") == NULL)
        return DK_OK;
    if (excluded != NULL || t->excluded) {
        if (!end_under_way(p, t))
            return no_memory(p);
        t->number = 0;
    }
    t->next = 0;
    t->excluded = excluded != NULL;
    t->heading = excluded != NULL;
    return DK_OK;
}

/* Takes 标高 or 开采深度 with its two numbers off the end of a part: 标高:+285m至8m, 开采深度:由285米至8米标高. */
static bool take_heights(parser *p, token *part, table *t, bool *ret_there)
{
    static const char *const words[] = {"开采深度", "标高"};
    const char *word = NULL;
    for (size_t i = 0; i < 2 && word == NULL; i++)
        word = find(*part, words[i]);
    *ret_there = word != NULL;
    if (word == NULL)
        return true;
    heights found = {.begun = p->out->n_rings + (p->n_raw > t->first)};
    const int n = read_heights(word, part->text + part->size, &found.top, &found.bottom);
    if (n == 1) {
        const token told = {word, part->size - (size_t)(word - part->text)};
        dk_buf_format(&p->out->notes,
                      "\"%.*s\" gives one height where two are expected; the rings were taken without it\n",
                      shown(told), told.text);
    }
    if (n == 2) {
        if (!dk_grow(&t->heights, &t->heights_capacity, t->n_heights + 1, sizeof *t->heights))
            return false;
        t->heights[t->n_heights++] = found;
    }
    const token behind = {word, part->size - (size_t)(word - part->text)};
    if (find(behind, "扣除") != NULL && find(behind, "圈入") == NULL && p->n_raw > 0) {
        /* as in a registry's string, of the ring above */
        const bool excluded = t->excluded;
        t->excluded = true;
        if (!end_under_way(p, t))
            return false;
        t->excluded = excluded;
        t->number = 0;
        p->out->rings[p->out->n_rings - 1].excluded = true;
    }
    part->size = (size_t)(word - part->text);
    return true;
}

/* Heights are all rings' if they are said once. Else they are those of the rings below them, if the first stand above
 * all rings, or of those above them. */
static void give_heights(dk_mining_boundary *out, const table *t)
{
    const bool below = t->n_heights > 0 && t->heights[0].begun == 0;
    size_t k = 0;
    for (size_t i = 0; i < out->n_rings && t->n_heights > 0; i++) {
        if (below)
            while (k + 1 < t->n_heights && t->heights[k + 1].begun <= i)
                k++;
        else
            while (k < t->n_heights && t->heights[k].begun <= i && t->n_heights > 1)
                k++;
        if (k < t->n_heights)
            out->rings[i].top = t->heights[k].top, out->rings[i].bottom = t->heights[k].bottom;
    }
}

/* A line about the system or the area, whose numbers are no point: 2000国家大地坐标系,1985国家高程基准. */
static bool is_about(token part, const numbers *list)
{
    static const char *const words[] = {"坐标系", "高程", "度带", "分带", "面积", "比例尺"};
    bool about = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        about |= find(part, words[i]) != NULL;
    for (size_t i = 0; i < list->n; i++)
        about &= !list->dms[i] && list->values[i] < 10000;
    return about;
}

static dk_status parse_table(parser *p)
{
    numbers list = {0};
    table t = {0};
    size_t line = 1;
    dk_status status = DK_OK;
    forget(p);
    p->out->datum = NULL;
    for (size_t from = 0; status == DK_OK && from < p->size;) {
        size_t to = from;
        while (to < p->size && p->text[to] != '\n' && p->text[to] != ';')
            to++;
        token part = trimmed(p->text + from, to - from);
        bool high = false;
        if (part.size == 0 || (from > 0 && p->text[from - 1] == ';'))
            t.next = 0;
        if (!take_heights(p, &part, &t, &high)) {
            status = no_memory(p);
        } else if (part.size == 0 && !high && p->n_raw - t.first >= 3) { /* a blank line, or ;; */
            t.number = 0;
            if (!end_under_way(p, &t))
                status = no_memory(p);
        } else if (!read_numbers(part.text, part.text + part.size, &list)) {
            status = no_memory(p);
        } else if ((status = take_title(p, part)) == DK_OK && (status = take_heading(p, part, &t)) == DK_OK &&
                   !is_about(part, &list)) {
            status = take_part(p, &list, strspn(part.text, "0123456789., ") < part.size, line, &t);
        }
        if (high)
            t.next = 0;
        line += to < p->size && p->text[to] == '\n';
        from = to + 1;
    }
    if (status == DK_OK && !end_under_way(p, &t))
        status = no_memory(p);
    if (status == DK_OK && p->out->n_rings == 0)
        status = dk_fail(p->err, DK_INVALID, "there are no coordinates in it");
    if (status == DK_OK && t.heading)
        status =
            dk_fail(p->err, DK_INVALID,
                    "it says 扣除, and no points follow; write 扣除 above the points of the ring that is taken out");
    if (status == DK_OK)
        give_heights(p->out, &t);
    if (status == DK_OK && t.n_lines > 0)
        dk_buf_text(&p->out->notes, "each line with several points was taken as a ring of its own\n");
    free(t.heights);
    free(list.values);
    free(list.dms);
    return status;
}

/* ---- what the numbers are ---- */

typedef enum kind { UNKNOWN, DEGREES, PACKED, METRES } kind;

static bool between(double value, double low, double high)
{
    return value >= low && value <= high;
}

/* 1100028.20 and the like: minutes and seconds below 60. */
static bool unpack(double packed, double *ret)
{
    const double degrees = floor(packed / 10000), minutes = floor(fmod(packed, 10000) / 100),
                 seconds = fmod(packed, 100);
    *ret = degrees + minutes / 60 + seconds / 3600;
    return minutes < 60 && seconds < 60;
}

static bool easting(double value)
{
    return between(value, 100000, 900000) || (between(value, 13e6, 46e6) && between(fmod(value, 1e6), 100000, 900000));
}

/* What a pair is, and whether its first number is the north. */
static kind kind_of(double a, double b, bool *ret_north_first)
{
    double unpacked;
    for (int swap = 0; swap < 2; swap++) {
        const double east = swap ? a : b, north = swap ? b : a;
        *ret_north_first = !swap;
        if (between(east, 73, 136) && between(north, 16, 54))
            return DEGREES;
        if (between(east, 730000, 1365960) && between(north, 160000, 545960) && unpack(east, &unpacked) &&
            unpack(north, &unpacked))
            return PACKED;
        if (between(north, 1.7e6, 6e6) && easting(east))
            return METRES;
    }
    return UNKNOWN;
}

/* DDD.MMSS.. as degrees; false: it is none, as there are 60 minutes or seconds in it. */
static bool from_minutes(double value, double *ret)
{
    const double degrees = floor(value + 1e-9), minutes = floor((value - degrees) * 100 + 1e-7);
    const double seconds = fmax(0, ((value - degrees) * 100 - minutes) * 100);
    *ret = degrees + fmax(0, minutes) / 60 + seconds / 3600;
    return minutes < 60 && seconds < 60 - 1e-7;
}

static dk_status understand(parser *p)
{
    dk_mining_boundary *out = p->out;
    kind all = UNKNOWN;
    char place[80];
    double degrees;
    bool decimal = false, any_north_first = false, any_east_first = false;
    if (!dk_grow(&out->xy, &out->points_capacity, 2 * p->n_raw + 2, sizeof *out->xy))
        return no_memory(p);
    for (size_t r = 0; r < out->n_rings; r++)
        for (size_t i = 0; i < out->rings[r].n; i++) {
            const size_t k = out->rings[r].first + i;
            const double a = p->raw[2 * k], b = p->raw[2 * k + 1];
            bool north_first;
            const kind found = kind_of(a, b, &north_first);
            if (found == UNKNOWN)
                return dk_fail(p->err, DK_INVALID,
                               "%s: %.10g and %.10g are neither northing and easting nor latitude and "
                               "longitude in China",
                               place_of(p, r, i, place, sizeof place), a, b);
            if (all != UNKNOWN && found != all)
                return dk_fail(p->err, DK_INVALID, "%s: %s, where those before are %s",
                               place_of(p, r, i, place, sizeof place), found == METRES ? "metres" : "degrees",
                               all == METRES ? "metres" : "degrees written otherwise");
            all = found;
            double x = north_first ? b : a, y = north_first ? a : b;
            any_north_first |= north_first;
            any_east_first |= !north_first;
            if (found == PACKED) {
                unpack(x, &x);
                unpack(y, &y);
            }
            decimal |= found == DEGREES && (p->dms[k] || !from_minutes(a, &degrees) || !from_minutes(b, &degrees));
            if (found == METRES) {
                const int zone = x >= 13e6 ? (int)(x / 1e6) : 0;
                if (k > 0 && zone != out->zone)
                    return dk_fail(p->err, DK_INVALID, "%s: its easting begins with zone %d, those before with %d",
                                   place_of(p, r, i, place, sizeof place), zone, out->zone);
                out->zone = zone;
            }
            out->xy[2 * k] = x;
            out->xy[2 * k + 1] = y;
        }
    out->n_points = p->n_raw;
    out->degrees = all != METRES;
    out->doubtful = all == DEGREES && !decimal;
    if (any_north_first && any_east_first)
        dk_buf_text(&out->notes, "some points have the north first and some the east; each was read by its size\n");
    if (all == PACKED)
        dk_buf_text(&out->notes, "the coordinates were read as degrees, minutes and seconds without marks (DDDMMSS)\n");
    return DK_OK;
}

/* A last point that repeats the first closes the ring, which none needs to. */
static dk_status tidy_rings(parser *p)
{
    char name[80];
    dk_mining_boundary *out = p->out;
    for (size_t r = 0; r < out->n_rings; r++) {
        dk_mining_ring *ring = &out->rings[r];
        const double *xy = out->xy + 2 * ring->first;
        while (ring->n > 1 && xy[0] == xy[2 * ring->n - 2] && xy[1] == xy[2 * ring->n - 1])
            ring->n--;
        size_t different = ring->n > 0;
        for (size_t i = 1; i < ring->n; i++)
            different += xy[2 * i] != xy[2 * i - 2] || xy[2 * i + 1] != xy[2 * i - 1];
        if (different < 3)
            return dk_fail(p->err, DK_INVALID, "%s has fewer than 3 points that differ",
                           ring_name(p, r, name, sizeof name));
        const char *description = (const char *)out->texts.data + ring->description;
        if (ring->excluded && strstr(description, "圈入") != NULL)
            dk_buf_format(&out->notes, "%s is described as 圈入 and its flag is -1 (扣除); the flag was followed\n",
                          ring_name(p, r, name, sizeof name));
        if (!ring->excluded && strstr(description, "扣除") != NULL)
            dk_buf_format(&out->notes, "%s is described as 扣除 and its flag is 1 (圈入); the flag was followed\n",
                          ring_name(p, r, name, sizeof name));
    }
    if (p->n_unflagged > 0)
        dk_buf_format(&out->notes, "%s has no flag, 1 (圈入) or -1 (扣除); it was taken as 圈入%s\n",
                      ring_name(p, p->first_unflagged, name, sizeof name),
                      p->n_unflagged > 1 ? ", as others without one were" : "");
    return out->notes.failed ? no_memory(p) : DK_OK;
}

/* Whether every pair is a coordinate of some kind. */
static bool all_known(const parser *p)
{
    bool north_first;
    for (size_t i = 0; i < p->n_raw; i++)
        if (kind_of(p->raw[2 * i], p->raw[2 * i + 1], &north_first) == UNKNOWN)
            return false;
    return true;
}

/* How far a form was understood decides whose sentence is given. */
static bool looks_like_a(const parser *p)
{
    size_t rings, points, first, second;
    return p->n_tokens > 8 && as_count(p->tokens[0], &rings) && as_count(p->tokens[1], &points) &&
           as_count(p->tokens[2], &first) && as_count(p->tokens[5], &second) && first < 100000 && second == first + 1;
}

static void start_anew(dk_mining_boundary *boundary)
{
    boundary->n_points = boundary->n_rings = 0;
    boundary->zone = 0;
    boundary->datum = NULL;
    boundary->degrees = boundary->doubtful = false;
    dk_buf_clear(&boundary->texts);
    dk_buf_clear(&boundary->notes);
}

dk_status dk_mining_parse(const char *text, size_t size, dk_mining_boundary *ret, dk_error *err)
{
    start_anew(ret);
    if (size > MOST_BYTES)
        return dk_fail(err, DK_LIMIT, "the boundary is a text of more than 4 MiB");
    dk_buf folded;
    dk_buf_init(&folded);
    parser p = {.out = ret, .err = err};
    for (size_t from = 0; from <= size;) { /* a line at a time, as folding joins lines */
        const char *end = memchr(text + from, '\n', size - from);
        const size_t to = end != NULL ? (size_t)(end - text) : size;
        dk_text_fold(text + from, to - from, &folded);
        if (to < size)
            dk_buf_byte(&folded, '\n');
        from = to + 1;
    }
    dk_status status = dk_buf_cstr(&folded) != NULL ? DK_OK : no_memory(&p);
    p.text = (const char *)folded.data;
    p.size = folded.size;
    if (status == DK_OK)
        status = split_commas(&p);
    dk_error other;
    if (status == DK_OK)
        status = parse_rings(&p, true);
    if (status == DK_OK && !all_known(&p)) { /* three points of B are as many texts as three of A that are cut off */
        p.err = &other;
        status = parse_rings(&p, false);
        p.err = err;
        if (status == DK_INVALID || (status == DK_OK && !all_known(&p)))
            status = parse_rings(&p, true);
        if (status == DK_NOMEM)
            dk_fail(err, DK_NOMEM, "out of memory");
    } else if (status == DK_INVALID && !looks_like_a(&p)) {
        p.err = &other;
        status = parse_rings(&p, false);
        if (status == DK_INVALID) {
            p.err = err;
            status = parse_table(&p);
        }
        p.err = err;
        if (status == DK_NOMEM)
            dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (status == DK_OK)
        status = understand(&p);
    if (status == DK_OK)
        status = tidy_rings(&p);
    free(p.tokens);
    free(p.raw);
    free(p.dms);
    dk_buf_finish(&folded);
    return status;
}

/* ---- C ---- */

static dk_status take_ring_end(parser *p, const dk_mining_line *line, size_t *io_first)
{
    double top, bottom, flag = 1;
    const token description = {line->fields[2], strlen(line->fields[2])};
    const token said = {line->fields[3], strlen(line->fields[3])};
    if (p->n_raw == *io_first)
        return dk_fail(p->err, DK_INVALID, "line %lld: 标高 without points before it", (long long)line->number);
    for (int i = 0; i < 2; i++) {
        const token t = {line->fields[i], strlen(line->fields[i])};
        if (!elevation(t, i == 0 ? &top : &bottom))
            return dk_fail(p->err, DK_INVALID, "line %lld: \"%.*s\" is no 标高 in metres", (long long)line->number,
                           shown(t), t.text);
    }
    if (said.size > 0 && (!as_number(said, &flag) || (flag != 1 && flag != -1)))
        return dk_fail(p->err, DK_INVALID, "line %lld: \"%.*s\" is no flag; it is 1 (圈入) or -1 (扣除)",
                       (long long)line->number, shown(said), said.text);
    if (said.size == 0)
        count_unflagged(p);
    if (!end_ring(p, *io_first, top, bottom, flag == -1, description))
        return no_memory(p);
    *io_first = p->n_raw;
    return DK_OK;
}

dk_status dk_mining_from_lines(const dk_mining_line *lines, size_t n, dk_mining_boundary *ret, dk_error *err)
{
    parser p = {.out = ret, .err = err};
    size_t first = 0;
    dk_status status = DK_OK;
    start_anew(ret);
    p.lines = calloc(n + 1, sizeof *p.lines);
    if (p.lines == NULL)
        status = no_memory(&p);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        const token a = {lines[i].fields[1], strlen(lines[i].fields[1])};
        const token b = {lines[i].fields[2], strlen(lines[i].fields[2])};
        double x, y;
        bool x_dms, y_dms;
        if (lines[i].ends_ring) {
            status = take_ring_end(&p, &lines[i], &first);
        } else if (!coordinate(a, &x, &x_dms) || !coordinate(b, &y, &y_dms)) {
            status = dk_fail(err, DK_INVALID, "line %lld: \"%.*s\" and \"%.*s\" are no two coordinates",
                             (long long)lines[i].number, shown(a), a.text, shown(b), b.text);
        } else {
            p.lines[p.n_raw] = lines[i].number;
            if (!add_raw(&p, x, y, x_dms && y_dms))
                status = no_memory(&p);
        }
    }
    if (status == DK_OK && p.n_raw > first) {
        if (!end_ring(&p, first, NAN, NAN, false, (token){"", 0}))
            status = no_memory(&p);
        else
            dk_buf_text(&ret->notes, "the last ring has no line of 标高 behind it; it was taken as 圈入\n");
    }
    if (status == DK_OK && ret->n_rings == 0)
        status = dk_fail(err, DK_INVALID, "there are no corner points (XY001=…)");
    if (status == DK_OK && ret->n_rings > MOST_RINGS)
        status = dk_fail(err, DK_LIMIT, "there are more than %d rings", MOST_RINGS);
    if (status == DK_OK)
        status = understand(&p);
    if (status == DK_OK)
        status = tidy_rings(&p);
    free(p.lines);
    free(p.raw);
    free(p.dms);
    return status;
}

void dk_mining_take_minutes(dk_mining_boundary *boundary)
{
    for (size_t i = 0; boundary->doubtful && i < 2 * boundary->n_points; i++)
        from_minutes(boundary->xy[i], &boundary->xy[i]);
    boundary->doubtful = false;
}

bool dk_mining_json(const dk_mining_boundary *boundary, dk_buf *out)
{
    dk_buf_byte(out, '[');
    for (size_t r = 0; r < boundary->n_rings; r++) {
        const dk_mining_ring *ring = &boundary->rings[r];
        dk_buf_text(out, r > 0 ? ",{\"top\":" : "{\"top\":");
        if (isnan(ring->top))
            dk_buf_text(out, "null");
        else
            dk_buf_format(out, "%.10g", ring->top);
        dk_buf_text(out, ",\"bottom\":");
        if (isnan(ring->bottom))
            dk_buf_text(out, "null");
        else
            dk_buf_format(out, "%.10g", ring->bottom);
        dk_buf_format(out, ",\"excluded\":%s,\"description\":", ring->excluded ? "true" : "false");
        dk_json_string((const char *)boundary->texts.data + ring->description, out);
        dk_buf_text(out, ",\"points\":[");
        for (size_t i = 0; i < ring->n; i++)
            dk_buf_format(out, "%s[%.12g,%.12g]", i > 0 ? "," : "", boundary->xy[2 * (ring->first + i)],
                          boundary->xy[2 * (ring->first + i) + 1]);
        dk_buf_text(out, "]}");
    }
    dk_buf_byte(out, ']');
    return !out->failed;
}
