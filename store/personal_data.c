#include "store/personal_data.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MOST_DIGITS 19
#define NEAR 60 /* bytes before a number in which a word says what it is: 20 characters */

static const struct {
    const char *name, *title;
} kinds[DK_PERSONAL_KINDS] = {
    [DK_PERSONAL_ID] = {"id_number", "身份证号"},
    [DK_PERSONAL_OLD_ID] = {"old_id_number", "15 位身份证号"},
    [DK_PERSONAL_MOBILE] = {"mobile", "手机号"},
    [DK_PERSONAL_CARD] = {"bank_card", "银行卡号"},
    [DK_PERSONAL_LANDLINE] = {"landline", "固定电话"},
    [DK_PERSONAL_EMAIL] = {"email", "电子邮箱"},
    [DK_PERSONAL_PASSPORT] = {"passport", "护照号"},
    [DK_PERSONAL_PLATE] = {"plate", "车牌号"},
    [DK_PERSONAL_NAME] = {"name", "姓名"},
};

const char *dk_personal_kind_name(dk_personal_kind kind)
{
    return kinds[kind].name;
}

const char *dk_personal_kind_title(dk_personal_kind kind)
{
    return kinds[kind].title;
}

unsigned dk_personal_hints(const char *title)
{
    static const struct {
        const char *word;
        unsigned hint;
    } words[] = {
        {"身份证", DK_HINT_ID},       {"身份号", DK_HINT_ID},         {"证件号", DK_HINT_ID},
        {"电话", DK_HINT_PHONE},      {"手机", DK_HINT_PHONE},        {"联系方式", DK_HINT_PHONE},
        {"账号", DK_HINT_CARD},       {"帐号", DK_HINT_CARD},         {"卡号", DK_HINT_CARD},
        {"账户", DK_HINT_CARD},       {"户主", DK_HINT_PERSON},       {"姓名", DK_HINT_PERSON},
        {"受款人", DK_HINT_PERSON},   {"收款人", DK_HINT_PERSON},     {"领款人", DK_HINT_PERSON},
        {"承包人", DK_HINT_PERSON},   {"农户", DK_HINT_PERSON},       {"被征收人", DK_HINT_PERSON},
        {"被征地人", DK_HINT_PERSON}, {"承包方代表", DK_HINT_PERSON}, {"联系人", DK_HINT_CONTACT},
        {"代表人", DK_HINT_CONTACT},  {"负责人", DK_HINT_CONTACT},    {"经办人", DK_HINT_CONTACT},
    };
    unsigned hints = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(title, words[i].word) != NULL)
            hints |= words[i].hint;
    return hints & DK_HINT_PERSON ? hints & ~DK_HINT_CONTACT : hints;
}

/* ---- characters ---- */

/* One character of UTF-8, folded: ASCII as it is, full-width forms as ASCII, all blanks ' ', all dashes '-', else its
 * code point. Bytes that are no UTF-8 stand for themselves, beyond all code points. */
typedef struct symbol {
    uint32_t c;
    size_t size;
} symbol;

static uint32_t fold(uint32_t c)
{
    if (c >= 0xFF01 && c <= 0xFF5E)
        return c - 0xFF01 + '!';
    if (c == 0x3000 || c == 0xA0 || (c >= 0x2000 && c <= 0x200D) || c == 0x202F || c == 0x2060 || c == 0xFEFF)
        return ' ';
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xFE63)
        return '-';
    if (c == 0x2169 || c == 0xD7) /* Roman ten and the sign of multiplication, typed for X */
        return 'X';
    return c;
}

static symbol symbol_at(const char *text, size_t size, size_t at)
{
    const unsigned char *b = (const unsigned char *)text + at;
    const size_t left = size - at;
    if (b[0] < 0x80)
        return (symbol){b[0], 1};
    const size_t n = b[0] >= 0xF0 && b[0] < 0xF5   ? 4
                     : b[0] >= 0xE0 && b[0] < 0xF0 ? 3
                     : b[0] >= 0xC2 && b[0] < 0xE0 ? 2
                                                   : 0;
    if (n == 0 || n > left)
        return (symbol){0x110000u + b[0], 1};
    uint32_t c = b[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((b[i] & 0xC0) != 0x80)
            return (symbol){0x110000u + b[0], 1};
        c = c << 6 | (b[i] & 0x3Fu);
    }
    return (symbol){fold(c), n};
}

/* The character that ends before `at`; size 0 at the start. */
static symbol symbol_before(const char *text, size_t at)
{
    if (at == 0)
        return (symbol){0, 0};
    size_t from = at - 1;
    while (from > 0 && at - from < 4 && ((unsigned char)text[from] & 0xC0) == 0x80)
        from--;
    const symbol s = symbol_at(text, at, from);
    return s.size == at - from ? s : (symbol){0x110000u + (unsigned char)text[at - 1], 1};
}

static bool is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_upper(uint32_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(uint32_t c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool is_han(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3134F);
}

/* Whether one of the words (NULL-terminated) stands shortly before. */
static bool near_word(const char *text, size_t at, const char *const *words)
{
    const size_t from = at > NEAR ? at - NEAR : 0;
    for (; *words != NULL; words++)
        if (memmem(text + from, at - from, *words, strlen(*words)) != NULL)
            return true;
    return false;
}

/* ---- the rules of numbers ---- */

/* The first two digits of GB/T 2260. */
static bool is_province(unsigned code)
{
    static const unsigned char last[] = {0, 5, 3, 7, 6, 4, 5, 1, 3}; /* 11-15, 21-23, … 81-82, 83 */
    const unsigned tens = code / 10, ones = code % 10;
    return tens >= 1 && tens <= 8 && ones <= last[tens] && (tens == 5 ? true : ones >= 1);
}

static unsigned number_of(const unsigned char *digits, size_t n)
{
    unsigned value = 0;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + digits[i];
    return value;
}

static bool date_plausible(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1880 || year > 2060 || month < 1 || month > 12 || day < 1 || day > days[month - 1])
        return false;
    return month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

bool dk_personal_id_valid(const unsigned char *d, size_t n)
{
    static const unsigned char weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    if ((n != 18 && n != 15) || !is_province(number_of(d, 2)))
        return false;
    if (n == 15)
        return date_plausible(1900 + number_of(d + 6, 2), number_of(d + 8, 2), number_of(d + 10, 2));
    if (!date_plausible(number_of(d + 6, 4), number_of(d + 10, 2), number_of(d + 12, 2)))
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * d[i];
    return (12 - sum % 11) % 11 == d[17];
}

bool dk_personal_luhn_valid(const unsigned char *d, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        const unsigned digit = d[n - 1 - i];
        sum += i % 2 == 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
    }
    return n > 0 && sum % 10 == 0;
}

/* 统一社会信用代码 of digits alone (GB 32100-2015): published for every company. */
static bool is_credit_code(const unsigned char *d)
{
    static const char *const categories[10] = {"", "1239", "19", "123459", "19", "1239", "129", "129", "19", "123"};
    if (strchr(categories[d[0]], '0' + d[1]) == NULL || !is_province(number_of(d + 2, 2)))
        return false;
    unsigned sum = 0, weight = 1;
    for (size_t i = 0; i < 17; i++) {
        sum += d[i] * weight;
        weight = weight * 3 % 31;
    }
    return (31 - sum % 31) % 31 == d[17];
}

/* ---- runs of digits ---- */

/* Digits without anything between them, and what joins them to the next. */
typedef struct group {
    size_t from, to; /* bytes */
    size_t n;        /* digits; only the first MOST_DIGITS are kept */
    unsigned char digits[MOST_DIGITS];
    size_t x_to; /* the end of an X behind it; 0: none */
    char joint;  /* ' ', '-', '.', ')' if other digits follow at `next`; 0: none do */
    size_t next;
} group;

static void read_group(const char *text, size_t size, size_t at, group *g)
{
    *g = (group){.from = at};
    symbol s = {0, 0};
    while (at < size && is_digit((s = symbol_at(text, size, at)).c)) {
        if (g->n < MOST_DIGITS)
            g->digits[g->n] = (unsigned char)(s.c - '0');
        g->n++;
        at += s.size;
    }
    g->to = at;
    char joint = 0;
    for (int i = 0; i < 3 && at < size; i++, at += s.size) {
        s = symbol_at(text, size, at);
        if (s.c != ' ' && s.c != '-' && s.c != ')' && (s.c != '.' || i > 0))
            break;
        if (joint == '.')
            return;
        if (joint == 0 || joint == ' ')
            joint = (char)s.c;
    }
    if (at >= size)
        return;
    s = symbol_at(text, size, at);
    if (is_digit(s.c) && joint != 0) {
        g->joint = joint;
        g->next = at;
    } else if ((s.c == 'X' || s.c == 'x') && joint != '.' && joint != ')') {
        const size_t behind = at + s.size;
        const symbol after = behind < size ? symbol_at(text, size, behind) : (symbol){0, 0};
        if (joint == 0 || (!is_digit(after.c) && !is_letter(after.c)))
            g->x_to = behind;
    }
}

#define MIXED '*'

/* Groups in a row. */
typedef struct run {
    size_t from, to;
    size_t n;
    unsigned char digits[MOST_DIGITS];
    uint32_t cuts; /* bit i: a group ends before digit i */
    char joint;    /* between the groups; 0: it is one; MIXED: blanks and dashes */
    size_t x_to;   /* of the last group */
} run;

/* What stands around a run. */
typedef struct around {
    const char *text;
    size_t size;
    unsigned hints;
} around;

/* Letters directly before: 0 none, else how many (at most 8); *ret_capitals: all are capitals. */
static size_t letters_before(const around *a, size_t at, bool *ret_capitals)
{
    size_t n = 0;
    *ret_capitals = true;
    for (symbol s; n < 8 && (s = symbol_before(a->text, at)).size > 0 && is_letter(s.c); at -= s.size, n++)
        *ret_capitals &= is_upper(s.c);
    return n;
}

/* Whether the letters before make it a number of things, such as T3413… or XM2020…, and not Tel or ICBC. */
static bool named_by_letters(const around *a, size_t at)
{
    bool capitals;
    const size_t n = letters_before(a, at, &capitals);
    if (n == 0)
        return false;
    if (n == 3 && capitals && memcmp(a->text + at - 3, "TEL", 3) == 0)
        return false;
    return n == 1 || (capitals && n < 4);
}

/* A unit behind it: it is an amount. */
static bool has_unit(const around *a, size_t at)
{
    static const char *const units[] = {"元", "万", "亿", "亩", "平方", "公顷", "公里",
                                        "米", "㎡", "吨", "m2", "m²",   "ha",   "%"};
    while (at < a->size && a->text[at] == ' ')
        at++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t n = strlen(units[i]);
        if (a->size - at >= n && memcmp(a->text + at, units[i], n) == 0)
            return true;
    }
    return false;
}

/* A part of a decimal number, or behind a sign of currency. */
static bool in_decimal(const around *a, const run *r)
{
    const symbol before = symbol_before(a->text, r->from);
    if (before.c == 0xA5 || before.c == 0xFFE5 || before.c == '$')
        return true;
    if (before.c == '.' && is_digit(symbol_before(a->text, r->from - before.size).c))
        return true;
    if (r->to < a->size && a->text[r->to] == '.' && r->to + 1 < a->size)
        return is_digit(symbol_at(a->text, a->size, r->to + 1).c);
    return false;
}

#define CUT(i) (UINT32_C(1) << (i))
#define EVERY_CUT(n) ((CUT(n) - 1) & ~UINT32_C(1)) /* each digit stands alone */

static bool match_id(const around *a, const run *r, dk_personal_hit *hit)
{
    static const char *const words[] = {"身份证", "身份号", "证件号", NULL};
    unsigned char digits[18];
    const bool x = r->n == 17 && r->x_to > 0;
    if ((r->n != 18 && !x) || r->joint == '.' || r->joint == ')')
        return false;
    memcpy(digits, r->digits, r->n);
    if (x)
        digits[17] = 10;
    if (!dk_personal_id_valid(digits, 18))
        return false;
    hit->kind = DK_PERSONAL_ID;
    hit->strong = x || !is_credit_code(digits) || a->hints & DK_HINT_ID || near_word(a->text, r->from, words);
    hit->size = (x ? r->x_to : r->to) - r->from;
    return true;
}

static bool match_old_id(const around *a, const run *r, dk_personal_hit *hit)
{
    static const char *const words[] = {"身份证", "身份号", "证件号", NULL};
    if (r->n != 15 || r->cuts != 0 || !dk_personal_id_valid(r->digits, 15) || in_decimal(a, r) || has_unit(a, r->to) ||
        named_by_letters(a, r->from))
        return false;
    hit->kind = DK_PERSONAL_OLD_ID;
    hit->strong = a->hints & DK_HINT_ID || near_word(a->text, r->from, words);
    return true;
}

/* Beginnings that issuers in China have: UnionPay 62, the older ones of ICBC and ABC 9558 and 9559, of CCB and BOC 4367
 * and 4563, Visa, Mastercard and JCB. With 41 to 46, 51 to 54 and 35, codes of provinces begin, too: those are weak. */
static bool known_issuer(const run *r)
{
    const unsigned two = number_of(r->digits, 2), four = number_of(r->digits, 4);
    if (two == 62 || four == 9558 || four == 9559 || ((four == 4367 || four == 4563) && r->n == 19))
        return true;
    return r->n == 16 && !is_province(two) && (two / 10 == 4 || two == 55 || (four >= 2221 && four <= 2720));
}

static bool match_card(const around *a, const run *r, dk_personal_hit *hit)
{
    static const char *const words[] = {"账号", "帐号", "卡号", "银行", "账户", "帐户", NULL};
    if (r->n < 16 || r->n > 19 || r->joint == '.' || r->joint == ')' || r->joint == MIXED ||
        !dk_personal_luhn_valid(r->digits, r->n))
        return false;
    const uint32_t fours = CUT(4) | CUT(8) | CUT(12);
    if (r->cuts != 0 && r->cuts != fours && r->cuts != (fours | CUT(16)) && r->cuts != CUT(6) &&
        r->cuts != EVERY_CUT(r->n))
        return false;
    bool same = true, capitals;
    for (size_t i = 1; i < r->n; i++)
        same &= r->digits[i] == r->digits[0];
    if (same || in_decimal(a, r) || has_unit(a, r->to) || letters_before(a, r->from, &capitals) == 1)
        return false;
    hit->kind = DK_PERSONAL_CARD;
    hit->strong = known_issuer(r) || a->hints & DK_HINT_CARD || near_word(a->text, r->from, words);
    /* 标识码 and the like begin with the code of a county, which few issuers have. */
    const unsigned two = number_of(r->digits, 2);
    return hit->strong || !is_province(two) || (r->n == 16 && (two == 35 || two / 10 == 4 || two / 10 == 5));
}

static bool match_mobile(const around *a, const run *r, dk_personal_hit *hit)
{
    static const char *const words[] = {"电话", "手机", "联系", NULL};
    static const char *const prefixes[] = {"", "0", "86", "086", "0086"};
    size_t prefix = SIZE_MAX;
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const size_t n = strlen(prefixes[i]);
        bool same = r->n == n + 11;
        for (size_t k = 0; same && k < n; k++)
            same = r->digits[k] == prefixes[i][k] - '0';
        if (same)
            prefix = n;
    }
    if (prefix == SIZE_MAX || r->joint == ')' || (r->joint == MIXED && !(r->cuts & CUT(prefix))) ||
        r->digits[prefix] != 1 || r->digits[prefix + 1] < 3)
        return false;
    const uint32_t cuts = r->cuts >> prefix & ~UINT32_C(1), within = r->cuts & (CUT(prefix) - 1);
    const bool apart = prefix > 0 && (r->cuts & CUT(prefix)) != 0;
    const bool halves = cuts == (CUT(3) | CUT(7));
    if ((within != 0 || (cuts != 0 && !halves && cuts != CUT(3) && cuts != CUT(7) && cuts != (CUT(3) | CUT(6)))) &&
        r->cuts != EVERY_CUT(r->n))
        return false;
    if (r->joint == '.' ? !halves : in_decimal(a, r))
        return false;
    if (has_unit(a, r->to))
        return false;
    hit->kind = DK_PERSONAL_MOBILE;
    hit->strong = cuts == 0 || halves || cuts == CUT(3) || r->cuts == EVERY_CUT(r->n);
    const unsigned middle = number_of(r->digits + prefix + 3, 4);
    if (halves && r->joint == '-' && middle >= 1980 && middle <= 2040) /* 135-2020-0615: a number of a year */
        hit->strong = false;
    if (named_by_letters(a, r->from) || (prefix == 2 && !apart && symbol_before(a->text, r->from).c != '+'))
        hit->strong = false;
    if (a->hints & DK_HINT_PHONE || near_word(a->text, r->from, words))
        hit->strong = true;
    return true;
}

/* In one piece it is only told by a word. */
static bool match_landline(const around *a, const run *r, dk_personal_hit *hit)
{
    static const char *const words[] = {"电话", "联系", "座机", NULL};
    const bool told = r->cuts == 0 && r->n >= 10 && (a->hints & DK_HINT_PHONE || near_word(a->text, r->from, words));
    const size_t area = r->cuts == CUT(3) ? 3 : r->cuts == CUT(4) ? 4 : !told ? 0 : r->digits[1] < 3 ? 3 : 4;
    if (area == 0 || r->joint == '.' || r->joint == MIXED || r->digits[0] != 0 ||
        (r->n - area != 7 && r->n - area != 8) || r->digits[area] < 2 || r->digits[area] > 8)
        return false;
    const bool three = (r->digits[1] == 1 && r->digits[2] == 0) || r->digits[1] == 2;
    if (three != (area == 3) || (area == 4 && r->digits[1] < 3) || has_unit(a, r->to))
        return false;
    hit->kind = DK_PERSONAL_LANDLINE;
    hit->strong = false;
    return true;
}

/* E12345678, EA1234567 and the like, behind the word. */
static bool match_passport(const around *a, const run *r, dk_personal_hit *hit)
{
    static const char *const words[] = {"护照", NULL};
    bool capitals;
    const size_t letters = letters_before(a, r->from, &capitals);
    if (r->cuts != 0 || r->n + letters != 9 || letters < 1 || letters > 2 || !capitals ||
        !near_word(a->text, r->from, words))
        return false;
    if (r->to < a->size && is_letter(symbol_at(a->text, a->size, r->to).c))
        return false;
    for (size_t i = 0; i < letters; i++)
        hit->byte -= symbol_before(a->text, hit->byte).size;
    hit->kind = DK_PERSONAL_PASSPORT;
    hit->strong = true;
    hit->size = r->to - hit->byte;
    return true;
}

static void mask_digits(const unsigned char *digits, size_t n, bool x, char *out, size_t size)
{
    size_t k = 0;
    const size_t all = n + x;
    for (size_t i = 0; i < all && k + 1 < size; i++)
        out[k++] = i >= 2 && i + 2 < all ? '*' : i < n ? (char)('0' + digits[i]) : 'X';
    out[k] = '\0';
}

/* An identity number that begins a group too long for any number: what stands behind it, such as a telephone, was
 * joined to it without a blank. */
static bool match_joined_id(const around *a, const group *g, dk_personal_hit *ret_hit)
{
    enum { N = 18 };
    if (g->n <= MOST_DIGITS || !dk_personal_id_valid(g->digits, N) || named_by_letters(a, g->from))
        return false;
    size_t to = g->from;
    for (int i = 0; i < N; i++)
        to += symbol_at(a->text, a->size, to).size;
    *ret_hit = (dk_personal_hit){.kind = DK_PERSONAL_ID, .strong = true, .byte = g->from, .size = to - g->from};
    mask_digits(g->digits, N, false, ret_hit->masked, sizeof ret_hit->masked);
    return true;
}

/* The longest and surest that begins with the group at `at`. Else false, and *ret_group is that group. */
static bool match_number(const around *a, size_t at, dk_personal_hit *ret_hit, group *ret_group)
{
    static bool (*const rules[])(const around *, const run *, dk_personal_hit *) = {
        match_id, match_card, match_mobile, match_landline, match_old_id, match_passport};
    run r = {.from = at};
    size_t best = sizeof rules / sizeof *rules;
    group g;
    read_group(a->text, a->size, at, &g);
    *ret_group = g;
    if (match_joined_id(a, &g, ret_hit))
        return true;
    for (;;) {
        if (g.n > MOST_DIGITS - r.n)
            break;
        if (r.n > 0)
            r.cuts |= CUT(r.n);
        memcpy(r.digits + r.n, g.digits, g.n);
        r.n += g.n;
        r.to = g.to;
        r.x_to = g.x_to;
        for (size_t i = 0; i < best; i++) {
            dk_personal_hit hit = {.byte = at, .size = r.to - at};
            if (!rules[i](a, &r, &hit))
                continue;
            best = i;
            mask_digits(r.digits, r.n, hit.kind == DK_PERSONAL_ID && r.n == 17, hit.masked, sizeof hit.masked);
            *ret_hit = hit;
        }
        if (g.joint == 0)
            break;
        if (r.joint != 0 && g.joint != r.joint) { /* only a check digit holds such a number together */
            if (r.joint == '.' || r.joint == ')' || g.joint == '.' || g.joint == ')')
                break;
            r.joint = MIXED;
        } else {
            r.joint = g.joint;
        }
        read_group(a->text, a->size, g.next, &g);
    }
    return best < sizeof rules / sizeof *rules;
}

/* ---- what has letters ---- */

static bool is_local(uint32_t c)
{
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
}

/* at: of the @. from: where what is left of the hit before ends. */
static bool match_email(const around *a, size_t from, size_t at, dk_personal_hit *hit)
{
    size_t start = at, n = 0, dots = 0, ending = 0;
    bool digits = true;
    for (symbol s; start > from && n < 64 && is_local((s = symbol_before(a->text, start)).c) && s.size <= start - from;
         n++) {
        start -= s.size;
        digits &= is_digit(s.c);
    }
    size_t end = at + symbol_at(a->text, a->size, at).size, kept = 0;
    const size_t host = end;
    char shown[40];
    for (symbol s; end < a->size && end - host < 100; end += s.size) {
        s = symbol_at(a->text, a->size, end);
        if (s.c == '.' && ending > 0) {
            dots++;
            ending = 0;
        } else if (is_letter(s.c) || is_digit(s.c) || s.c == '-') {
            ending++;
        } else {
            break;
        }
        if (kept + 1 < sizeof shown)
            shown[kept++] = (char)s.c;
    }
    shown[kept] = '\0';
    if (n == 0 || dots == 0 || (ending == 0 && dots < 2) || (ending == 1))
        return false;
    *hit = (dk_personal_hit){.kind = DK_PERSONAL_EMAIL, .strong = digits && n >= 5, .byte = start, .size = end - start};
    snprintf(hit->masked, sizeof hit->masked, "***@%s", shown);
    return true;
}

/* GA 36: the short name of a province, a letter, then five or six letters and digits. */
static bool match_plate(const around *a, size_t at, uint32_t c, dk_personal_hit *hit)
{
    static const uint32_t provinces[] = {0x4EAC, 0x6D25, 0x6CAA, 0x6E1D, 0x5180, 0x8C6B, 0x4E91, 0x8FBD,
                                         0x9ED1, 0x6E58, 0x7696, 0x9C81, 0x65B0, 0x82CF, 0x6D59, 0x8D63,
                                         0x9102, 0x6842, 0x7518, 0x664B, 0x8499, 0x9655, 0x5409, 0x95FD,
                                         0x8D35, 0x7CA4, 0x9752, 0x85CF, 0x5DDD, 0x5B81, 0x743C};
    bool known = false;
    for (size_t i = 0; !known && i < sizeof provinces / sizeof *provinces; i++)
        known = provinces[i] == c;
    if (!known)
        return false;
    size_t end = at + symbol_at(a->text, a->size, at).size, n = 0, digits = 0;
    const size_t head = end;
    symbol s = end < a->size ? symbol_at(a->text, a->size, end) : (symbol){0, 0};
    if (!is_upper(s.c))
        return false;
    end += s.size;
    char last[2] = {0};
    if (end < a->size &&
        ((s = symbol_at(a->text, a->size, end)).c == 0xB7 || s.c == 0x2022 || s.c == 0x30FB || s.c == ' '))
        end += s.size;
    for (; end < a->size; end += s.size) {
        s = symbol_at(a->text, a->size, end);
        if (!is_digit(s.c) && !is_letter(s.c))
            break;
        if (!is_digit(s.c) && (!is_upper(s.c) || s.c == 'I' || s.c == 'O'))
            return false;
        if (++n > 6)
            return false;
        digits += is_digit(s.c);
        last[0] = last[1];
        last[1] = (char)s.c;
    }
    if (n < 5 || digits < 3)
        return false;
    *hit = (dk_personal_hit){.kind = DK_PERSONAL_PLATE, .byte = at, .size = end - at};
    snprintf(hit->masked, sizeof hit->masked, "%.*s****%.2s", (int)(head - at), a->text + at, last);
    return true;
}

/* ---- names ---- */

static bool is_surname(uint32_t c)
{
    static const char common[] =
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
        "陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱丘江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐"
        "易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧阳管"
        "柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞"
        "姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻"
        "位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母"
        "裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由";
    for (const char *at = common; *at != '\0';) {
        const symbol s = symbol_at(common, sizeof common - 1, (size_t)(at - common));
        if (s.c == c)
            return true;
        at += s.size;
    }
    return false;
}

/* A name that is one: two to four characters with a family name, or several with a dot as of other nationalities. Not
 * what is masked already (张某, 王**), nor a place or a body. */
static bool is_name(const char *text, size_t size)
{
    static const char bodies[] = "村组社会厂局所队场司站院校部处办区县市镇乡街行店室库田地路公有无家";
    uint32_t first = 0, last = 0;
    size_t n = 0, dots = 0;
    for (size_t at = 0; at < size;) {
        const symbol s = symbol_at(text, size, at);
        at += s.size;
        if (s.c == ' ')
            continue;
        if (s.c == 0xB7 || s.c == 0x2022 || s.c == 0x30FB) {
            dots++;
            continue;
        }
        if (!is_han(s.c) || s.c == 0x67D0) /* 某 */
            return false;
        if (n++ == 0)
            first = s.c;
        last = s.c;
    }
    if (dots > 0)
        return n >= 4 && n <= 16;
    if (n < 2 || n > 4 || !is_surname(first))
        return false;
    for (size_t at = 0; at + 1 < sizeof bodies;) {
        const symbol s = symbol_at(bodies, sizeof bodies - 1, at);
        if (s.c == last)
            return false;
        at += s.size;
    }
    return true;
}

static bool parts_names(uint32_t c)
{
    return c == 0x3001 || c == ',' || c == ';' || c == '/' || c == '\n' || c == 0x3002 || c == '(' || c == ')';
}

/* ---- a text ---- */

typedef struct finder {
    around a;
    bool (*each)(const dk_personal_hit *, void *);
    void *user;
    size_t counted, characters; /* so many characters stand before the byte `counted` */
} finder;

static bool give(finder *f, dk_personal_hit *hit)
{
    while (f->counted < hit->byte) {
        f->counted += symbol_at(f->a.text, f->a.size, f->counted).size;
        f->characters++;
    }
    hit->character = f->characters;
    return f->each(hit, f->user);
}

static bool find_names(finder *f)
{
    const around *a = &f->a;
    for (size_t from = 0, at = 0; from <= a->size; from = at) {
        symbol s = {0, 0};
        for (at = from; at < a->size && !parts_names((s = symbol_at(a->text, a->size, at)).c);)
            at += s.size;
        size_t first = from, end = at;
        while (first < end && (s = symbol_at(a->text, a->size, first)).c == ' ')
            first += s.size;
        while (end > first && (s = symbol_before(a->text, end)).c == ' ')
            end -= s.size;
        if (end > first && is_name(a->text + first, end - first)) {
            dk_personal_hit hit = {.kind = DK_PERSONAL_NAME,
                                   .strong = (a->hints & DK_HINT_PERSON) != 0,
                                   .byte = first,
                                   .size = end - first};
            snprintf(hit.masked, sizeof hit.masked, "%.*s**", (int)symbol_at(a->text, a->size, first).size,
                     a->text + first);
            if (!give(f, &hit))
                return false;
        }
        if (at >= a->size)
            return true;
        at += symbol_at(a->text, a->size, at).size;
    }
    return true;
}

bool dk_personal_possible(const char *text, size_t size, unsigned hints)
{
    if (hints & (DK_HINT_PERSON | DK_HINT_CONTACT))
        return true;
    /* This is done for every text that is loaded: a plain loop first, which compilers make vectors of. */
    const unsigned char *const bytes = (const unsigned char *)text;
    size_t digits = 0, capitals = 0;
    unsigned at = 0, wide = 0, others = 0;
    for (size_t i = 0; i < size; i++) {
        digits += (unsigned char)(bytes[i] - '0') <= 9;
        capitals += (unsigned char)(bytes[i] - 'A') <= 25;
        at |= bytes[i] == '@';
        wide |= bytes[i] == 0xEF;
        others |= bytes[i] & 0x80u;
    }
    if (at != 0)
        return true;
    /* EF BC 90 to 99 are the full-width digits, EF BC A0 the @ and from A1 on letters. */
    for (size_t i = 0; wide != 0 && i + 2 < size; i++) {
        if (bytes[i] != 0xEF || bytes[i + 1] != 0xBC)
            continue;
        if (bytes[i + 2] == 0xA0)
            return true;
        digits += bytes[i + 2] >= 0x90 && bytes[i + 2] <= 0x99;
        capitals += bytes[i + 2] > 0xA0;
    }
    /* The shortest number is 010 and seven digits; plates and passports stand with a character or a word. */
    return digits >= 10 || (digits >= 3 && capitals >= 1 && others != 0);
}

void dk_personal_find(const char *text, size_t size, unsigned hints,
                      bool (*each)(const dk_personal_hit *hit, void *user), void *user)
{
    finder f = {.a = {text, size, hints}, .each = each, .user = user};
    if (!dk_personal_possible(text, size, hints))
        return;
    if (hints & (DK_HINT_PERSON | DK_HINT_CONTACT) && !find_names(&f))
        return;
    f.counted = f.characters = 0;
    for (size_t at = 0, end = 0; at < size;) {
        const symbol s = symbol_at(text, size, at);
        dk_personal_hit hit;
        bool found = false;
        size_t step = s.size;
        if (is_digit(s.c)) {
            group g;
            found = match_number(&f.a, at, &hit, &g);
            step = g.to - at;
            /* of an address, what stands before the @ is no number of its own, unless it is a mobile number */
            if (found && hit.kind != DK_PERSONAL_MOBILE && hit.byte + hit.size < size &&
                text[hit.byte + hit.size] == '@')
                found = false;
        } else if (s.c == '@') {
            found = at > end && match_email(&f.a, end, at, &hit);
        } else if (s.c >= 0x4E00 && s.c <= 0x9FFF) {
            found = match_plate(&f.a, at, s.c, &hit);
        }
        if (found && hit.byte >= end) {
            if (!give(&f, &hit))
                return;
            at = end = hit.byte + hit.size;
        } else {
            at += step;
        }
    }
}
