#include "ingest/unit_line.h"

#include <string.h>

/* What stands before 单位 of an office. */
static const char *const offices[] = {"填报", "编制", "制表", "填表", "报送", "上报", "申报", "申请", "用地",
                                      "建设", "主管", "实施", "征地", "征收", "测绘", "勘测", "施工", "权属",
                                      "编报", "承办", "责任", "所有", "使用", "受款", "收款", "所属", "经办",
                                      "审核", "批准", "委托", "设计", "评估", "监理"};

/* What stands before a colon if a unit may come behind it; where one of them or 单位 follows a unit, that ends there.
 */
static const char *const measures[] = {"面积",   "金额",   "资金", "费用", "价款", "投资",
                                       "补偿费", "补偿款", "货币", "地价", "计量"};

/* With what else a word before a colon may end if money is behind it. 万元 and 元 are names, too (联系人：万元), so not
 * with any. */
static const char *const moneys[] = {"补偿", "额", "款", "费", "价", "金", "投资"};

#define N_OF(list) (sizeof(list) / sizeof *(list))

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static bool begins_with_one(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (begins(text, words[i]))
            return true;
    return false;
}

/* Whether one of the words stands before a place of a text, perhaps with a blank between. */
static bool ends_with_one(const char *text, const char *place, const char *const *words, size_t n)
{
    size_t size = (size_t)(place - text);
    if (size > 0 && text[size - 1] == ' ')
        size--;
    for (size_t i = 0; i < n; i++) {
        const size_t word = strlen(words[i]);
        if (size >= word && memcmp(text + size - word, words[i], word) == 0)
            return true;
    }
    return false;
}

/* Bytes of the blanks, commas and the like that stand between units. */
static size_t between(const char *text)
{
    size_t size = 0;
    for (;;) {
        const size_t plain = strspn(text + size, " ,;/");
        const size_t wide = begins(text + size + plain, "、") || begins(text + size + plain, "。") ? strlen("、") : 0;
        size += plain + wide;
        if (wide == 0)
            return size;
    }
}

static bool is_end(const char *text)
{
    static const char *const brackets[] = {"【", "】", "〔", "〕"};
    return *text == '\0' || strchr("()[]", *text) != NULL || between(text) > 0 ||
           begins_with_one(text, brackets, N_OF(brackets));
}

/* The longest unit with which a text begins and behind which something else does: its bytes, 0 if there is none. Blanks
 * may stand in it, 万 元; 万载县 begins with none. */
static size_t leading_unit(const char *text, dk_unit *ret_unit)
{
    char plain[40]; /* without blanks; units are shorter */
    size_t n = 0, found = 0;
    for (size_t at = 0; n < sizeof plain; at++) {
        const bool ends =
            is_end(text + at) || begins(text + at, "单位") || begins_with_one(text + at, measures, N_OF(measures));
        if (n > 0 && ends && dk_unit_parse(plain, n, ret_unit))
            found = at;
        if (ends && text[at] != ' ' && text[at] != '/')
            break;
        if (text[at] != ' ')
            plain[n++] = text[at];
    }
    return found;
}

static bool is_about_units(const char *text, size_t size)
{
    static const char *const words[] = {"元", "亩", "公顷", "平方"};
    for (size_t i = 0; i < N_OF(words); i++)
        if (memmem(text, size, words[i], strlen(words[i])) != NULL)
            return true;
    return false;
}

static void add(const dk_unit *unit, dk_unit_line *line)
{
    if (line->contradicted >> unit->dimension & 1)
        return;
    for (size_t i = 0; i < line->n; i++) {
        dk_unit *other = &line->units[i];
        if (other->dimension != unit->dimension)
            continue;
        if (other->num * unit->den != unit->num * other->den) {
            *other = (dk_unit){.dimension = DK_UNIT_NONE};
            line->contradicted |= 1u << unit->dimension;
            line->unclear = true;
        }
        return;
    }
    if (line->n < DK_UNIT_LINE_MOST)
        line->units[line->n++] = *unit;
}

/* Passes 人民币 before a unit of money. */
static const char *skip_currency(const char *text)
{
    if (!begins(text, "人民币"))
        return text;
    text += strlen("人民币");
    text += *text == ':';
    return text + (*text == ' ');
}

/* Passes what stands in brackets behind a unit: 平方米(m2), 万元(不含税). A unit there is said, too. */
static const char *skip_brackets(const char *text, dk_unit_line *line)
{
    const char *close = *text == '(' ? strchr(text, ')') : NULL;
    dk_unit unit;
    if (close == NULL)
        return text;
    const size_t size = leading_unit(text + 1, &unit);
    if (size > 0 && text + 1 + size == close)
        add(&unit, line);
    return close + 1;
}

/* 亩、户、万元 up to the next label. */
static void read_list(const char *text, dk_unit_line *line)
{
    const char *at = text;
    for (bool listed = true;;) { /* behind a blank alone something else may stand: a date, a name */
        at = skip_currency(at);
        dk_unit unit;
        size_t size = leading_unit(at, &unit);
        if (size > 0) {
            add(&unit, line);
        } else {
            while (!is_end(at + size))
                size++;
            if (size == 0 || memchr(at, ':', size) != NULL || memmem(at, size, "单位", strlen("单位")) != NULL)
                return;
            line->unclear |= listed && is_about_units(at, size);
        }
        at = skip_brackets(at + size, line);
        size = between(at);
        if (size == 0)
            return;
        listed = size > 1 || *at != ' ';
        at = skip_brackets(at + size, line);
        at += between(at);
    }
}

/* The next 单位, also 单 位; *ret_behind: what follows it. NULL: none. */
static const char *find_label(const char *text, const char **ret_behind)
{
    for (const char *at = text; (at = strstr(at, "单")) != NULL; at += strlen("单")) {
        const char *behind = at + strlen("单");
        behind += *behind == ' ';
        if (begins(behind, "位")) {
            behind += strlen("位");
            *ret_behind = behind + (*behind == ' ');
            return at;
        }
    }
    return NULL;
}

/* Passes a colon, or what stands for one, and a bracket behind it. */
static const char *skip_colon(const char *text)
{
    static const char *const marks[] = {":",  "∶", ";", "、", "为",
                                        "是", "(", "[", "【", "〔"}; /* two by a slip of the key */
    for (size_t i = 0; i < N_OF(marks); i++)
        if (begins(text, marks[i])) {
            text += strlen(marks[i]);
            text += *text == ' ';
        }
    return text;
}

/* Units and nothing else, perhaps in brackets; title: or something with them in brackets at its end. */
static void read_alone(const char *text, bool title, dk_unit_line *line)
{
    const char *open = strrchr(text, '(');
    const char *at = open != NULL && (title || open == text) ? open + 1 : text;
    dk_unit unit;
    size_t size;
    dk_unit_line found = {.n = 0};
    at += *at == ' ';
    for (; (size = leading_unit(at, &unit)) > 0; at += size + between(at + size))
        add(&unit, &found);
    if (found.n == 0 || strspn(at, " )") != strlen(at))
        return;
    for (size_t i = 0; i < found.n; i++)
        if (found.units[i].dimension != DK_UNIT_NONE)
            add(&found.units[i], line);
    line->contradicted |= found.contradicted;
    line->unclear |= found.unclear;
}

/* What stands behind colons: 面积：亩  补偿总额：万元. */
static void read_labelled(const char *text, dk_unit_line *line)
{
    dk_unit unit;
    for (const char *colon = text; (colon = strchr(colon, ':')) != NULL; colon++) {
        const char *at = skip_currency(colon + 1 + (colon[1] == ' '));
        if (leading_unit(at, &unit) > 0 &&
            (unit.dimension != DK_UNIT_MONEY || ends_with_one(text, colon, measures, N_OF(measures)) ||
             ends_with_one(text, colon, moneys, N_OF(moneys))))
            add(&unit, line);
    }
}

/* 金额以万元计. */
static void read_counted(const char *text, dk_unit_line *line)
{
    dk_unit unit;
    for (const char *at = text; (at = strstr(at, "以")) != NULL;) {
        at += strlen("以");
        const char *end = strstr(at, "计");
        if (end != NULL && dk_unit_parse(at, (size_t)(end - at), &unit))
            add(&unit, line);
    }
}

void dk_unit_line_read(const char *text, bool title, dk_unit_line *line)
{
    static const char *const counted_in[] = {"为", "以"};
    dk_unit unit;
    read_alone(text, title, line); /* 单位：万元（亩） says two */
    const char *behind = text;
    for (const char *label = text; (label = find_label(label, &behind)) != NULL; label = behind) {
        if (ends_with_one(text, label, offices, N_OF(offices)))
            continue;
        const char *list = skip_colon(behind);
        if (list > behind || leading_unit(list, &unit) > 0)
            read_list(list, line);
        else if (ends_with_one(text, label, counted_in, N_OF(counted_in))) /* 以万元为单位 */
            line->unclear |= is_about_units(text, (size_t)(label - text));
    }
    read_labelled(text, line);
    read_counted(text, line);
}
