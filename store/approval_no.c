#include "store/approval_no.h"

#include "store/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

/* A field that is longer is prose, not numbers; the rest of it is not looked at. */
#define MAX_TEXT 65536
#define MAX_SERIAL_DIGITS 6
#define MAX_SUB_DIGITS 4
#define FIRST_YEAR 1949
#define LAST_YEAR 2100

/* Code points under NFKC, in which full-width digits, letters and the brackets （） and ［］ are ASCII already. */
typedef struct characters {
    int32_t *data;
    size_t n;
} characters;

/* Places of the parts of one number; the serial is written out, as its zeros go. */
typedef struct approval {
    size_t begin; /* of all that belongs to it, words before the agency, too */
    size_t agency, agency_end;
    int year;
    char serial[MAX_SERIAL_DIGITS + MAX_SUB_DIGITS + 2];
    size_t end;  /* behind the number */
    size_t part; /* of a name, where it ends: 之一, which begins at `end`; else 0 */
} approval;

static bool is_one_of(int32_t c, const int32_t *list)
{
    for (; *list != 0; list++)
        if (c == *list)
            return true;
    return false;
}

static bool is_open(int32_t c)
{
    static const int32_t list[] = {0x3014, '[',    '(',    0x3010, 0x3016, 0x2768, '{',
                                   '<',    0x3008, 0x300A, 0x300C, 0x300E, 0};
    return is_one_of(c, list);
}

static bool is_close(int32_t c)
{
    static const int32_t list[] = {0x3015, ']',    ')',    0x3011, 0x3017, 0x2769, '}',
                                   '>',    0x3009, 0x300B, 0x300D, 0x300F, 0};
    return is_one_of(c, list);
}

static bool is_dash(int32_t c)
{
    return c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

static bool is_digit(int32_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_han(int32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3FFFF);
}

/* 和, 及 and 与 join numbers. */
static bool is_and(int32_t c)
{
    return c == 0x548C || c == 0x53CA || c == 0x4E0E;
}

static bool is_separator(int32_t c)
{
    return c == 0x3001 || c == ',' || c == ';' || c == 0xFF64 || is_and(c);
}

/* The character at a place, 0 behind the end. */
static int32_t at(const characters *text, size_t place)
{
    return place < text->n ? text->data[place] : 0;
}

static size_t skip_blank(const characters *text, size_t place)
{
    return at(text, place) == ' ' ? place + 1 : place; /* runs of white space are one blank */
}

/* Whether words stands at a place, which it then passes. words is in UTF-8. spaced: blanks between the characters, too.
 */
static bool skip_text(const characters *text, size_t *place, size_t end, const char *words, bool spaced)
{
    size_t to = *place;
    const unsigned char *from = (const unsigned char *)words;
    for (utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(words); left > 0; to++) {
        int32_t c;
        const utf8proc_ssize_t length = utf8proc_iterate(from, left, &c);
        if (spaced && to > *place)
            to = skip_blank(text, to);
        if (length <= 0 || to >= end || text->data[to] != c)
            return false;
        from += length;
        left -= length;
    }
    *place = to;
    return true;
}

static bool skip_words(const characters *text, size_t *place, size_t end, const char *words)
{
    return skip_text(text, place, end, words, false);
}

static bool skip_spaced(const characters *text, size_t *place, size_t end, const char *words)
{
    return skip_text(text, place, end, words, true);
}

/* Copies a run of digits without its leading zeros. Returns how many were written, 0 when there are none, only zeros
 * or more than max. */
static size_t read_digits(const characters *text, size_t *place, size_t max, char *to)
{
    size_t from = *place, n = 0;
    while (at(text, from) == '0')
        from++;
    for (; is_digit(at(text, from)); from++) {
        if (n == max)
            return 0;
        to[n++] = (char)at(text, from);
    }
    *place = from;
    return n;
}

/* A serial, 123 or 123-1, perhaps with 第 and 号; ret_marked: 号 was there. */
static bool read_serial(const characters *text, size_t *place, char *serial, bool *ret_marked)
{
    size_t here = skip_blank(text, *place);
    if (at(text, here) == 0x7B2C) /* 第 */
        here = skip_blank(text, here + 1);
    size_t n = read_digits(text, &here, MAX_SERIAL_DIGITS, serial);
    if (n == 0)
        return false;
    if (is_dash(at(text, here)) && is_digit(at(text, here + 1))) {
        size_t behind = here + 1;
        const size_t n_sub = read_digits(text, &behind, MAX_SUB_DIGITS, serial + n + 1);
        if (n_sub == 0)
            return false;
        serial[n] = '-';
        n += 1 + n_sub;
        here = behind;
    }
    serial[n] = '\0';
    const size_t marked = skip_blank(text, here);
    *ret_marked = at(text, marked) == 0x53F7 || at(text, marked) == 0x865F; /* 号, 號 */
    *place = *ret_marked ? marked + 1 : here;
    return true;
}

/* 文 or 文件 behind a number says nothing, if nothing is made of it: 123号文和…, but 1号文教〔2020〕2号. */
static void skip_document_word(const characters *text, size_t *place)
{
    size_t behind = *place;
    if (!skip_words(text, &behind, text->n, "文件") && !skip_words(text, &behind, text->n, "文"))
        return;
    if (!is_han(at(text, behind)) || is_and(at(text, behind)))
        *place = behind;
}

/* A serial without 号 ends where it cannot be part of a longer word or number. */
static bool ends(const characters *text, size_t place)
{
    const int32_t c = at(text, place);
    if (is_and(c) || c == 0x6587) /* 文 */
        return true;
    if (c == '.' || c == '/' || is_dash(c))
        return !is_digit(at(text, place + 1));
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
        return false;
    default:
        return c != '%';
    }
}

/* A year that a number may have. */
static bool read_four_digits(const characters *text, size_t *place, int *ret_year)
{
    size_t here = *place;
    int year = 0;
    for (size_t i = 0; i < 4; i++, here++) {
        if (!is_digit(at(text, here)))
            return false;
        year = 10 * year + (int)(at(text, here) - '0');
    }
    if (is_digit(at(text, here)) || year < FIRST_YEAR || year > LAST_YEAR)
        return false;
    *place = here;
    *ret_year = year;
    return true;
}

static bool read_year(const characters *text, size_t *place, int *ret_year)
{
    size_t here = skip_blank(text, *place + 1);
    int year;
    if (!read_four_digits(text, &here, &year))
        return false;
    here = skip_blank(text, here);
    if (at(text, here) == 0x5E74) /* 年 */
        here = skip_blank(text, here + 1);
    if (!is_close(at(text, here)))
        return false;
    *place = here + 1;
    *ret_year = year;
    return true;
}

/* Takes off the words before an agency that no agency begins with. Others stay: where 安徽省政府皖政地 has its border
 * is a guess, and a number that is kept too long still links to its equal. */
static const char *const leading_words[] = {"详见",     "参见",     "根据",   "依据", "按照",
                                            "批准文号", "批复文号", "批文号", "文号"};
#define N_LEADING_WORDS (sizeof leading_words / sizeof *leading_words)

static void strip_leading_words(const characters *text, size_t previous_end, approval *number)
{
    size_t start = number->agency;
    const size_t end = number->agency_end;
    /* directly behind another number 和 joins; elsewhere it may be the county 和县, unless a province follows it */
    if (previous_end > 0 && start == previous_end && end - start > 1 && is_and(text->data[start]))
        start++;
    for (bool stripped = true; stripped;) {
        stripped = false;
        for (size_t i = 0; i < N_LEADING_WORDS && !stripped; i++) {
            size_t behind = start;
            if (skip_spaced(text, &behind, end, leading_words[i]) && behind < end) {
                start = skip_blank(text, behind);
                stripped = true;
            }
        }
        if (!stripped && end - start > 1 && is_and(text->data[start]) &&
            text->data[skip_blank(text, start + 1)] == 0x7696) { /* 皖 */
            start = skip_blank(text, start + 1);
            stripped = true;
        }
    }
    number->agency = start;
}

/* 1号和〔2021〕2号: whose number the second is, is not said; nor is it where 和 begins the text. */
static bool is_of_none(const characters *text, const approval *number)
{
    return number->agency_end - number->agency == 1 && is_and(text->data[number->agency]);
}

/* Where the agency that begins at start begins if blanks are in it: 皖 政 地, 皖政 地. A piece of one character is none
 * by itself. Words of several, 县发改委 皖政地, stay apart, and so does what ends the number before or joins it. */
static size_t over_blanks(const characters *text, size_t start, size_t end, size_t previous_end)
{
    static const int32_t apart[] = {0x89C1, 0x7B49, 0x53F7, 0x4EE4, 0x7B2C, 0}; /* 见, 等, 号, 令, 第 */
    size_t right = end - start;
    while (start > previous_end + 1 && text->data[start - 1] == ' ') {
        size_t left = start - 1;
        while (left > previous_end && is_han(text->data[left - 1]))
            left--;
        const size_t n = start - 1 - left;
        const bool joins =
            n == 1 ? !is_and(text->data[left]) && !is_one_of(text->data[left], apart) : right == 1 && n <= 3;
        if (n == 0 || !joins || (previous_end > 0 && left == previous_end))
            break;
        start = left;
        right = n;
    }
    return start;
}

/* The Chinese characters before place, where the year stands, perhaps with a blank between. */
static bool find_agency(const characters *text, size_t place, size_t previous_end, approval *number)
{
    number->agency_end = place;
    if (number->agency_end > previous_end && text->data[number->agency_end - 1] == ' ')
        number->agency_end--;
    number->agency = number->agency_end;
    while (number->agency > previous_end && is_han(text->data[number->agency - 1]))
        number->agency--;
    number->begin = number->agency;
    return number->agency < number->agency_end;
}

/* Reads the number whose year is in the bracket at place. */
static bool read_number(const characters *text, size_t place, size_t previous_end, approval *ret_number)
{
    approval number;
    bool marked;
    size_t here = place;
    if (!find_agency(text, place, previous_end, &number) || !read_year(text, &here, &number.year) ||
        !read_serial(text, &here, number.serial, &marked) || (!marked && !ends(text, here)))
        return false;
    number.begin = number.agency = over_blanks(text, number.agency, number.agency_end, previous_end);
    strip_leading_words(text, previous_end, &number);
    if (is_of_none(text, &number))
        return false;
    number.end = here;
    *ret_number = number;
    return true;
}

/* Reads a number of a file's name whose year begins at place, without brackets: 皖政地2020-123号. Only with 号, for
 * 皖政地2020-12 may be a month; and a plot, 2020年3号地块 or 2020年3号宗地, is none. */
static bool read_bare_number(const characters *text, size_t place, size_t previous_end, approval *ret_number)
{
    approval number;
    bool marked;
    size_t here = place;
    if (!find_agency(text, place, previous_end, &number) || !read_four_digits(text, &here, &number.year))
        return false;
    here = skip_blank(text, here);
    const int32_t between = at(text, here);
    if (is_dash(between) || between == '_' || between == 0x5E74) /* 年 */
        here++;
    else if (between != 0x7B2C) /* 第, which belongs to the serial */
        return false;
    if (!read_serial(text, &here, number.serial, &marked) || !marked || at(text, here) == 0x5730 ||
        at(text, here) == 0x5B97)
        return false;
    strip_leading_words(text, previous_end, &number);
    if (is_of_none(text, &number))
        return false;
    number.end = here;
    *ret_number = number;
    return true;
}

/* 123号之一 is another document than 123号. Gives where it ends, 0 if there is no such thing. */
static size_t end_of_part(const characters *text, size_t place)
{
    static const int32_t numerals[] = {0x4E00, 0x4E8C, 0x4E09, 0x56DB, 0x4E94, 0x516D, /* 一 to 十 */
                                       0x4E03, 0x516B, 0x4E5D, 0x5341, 0};
    size_t here = place + 1;
    if (at(text, place) != 0x4E4B) /* 之 */
        return 0;
    while (is_digit(at(text, here)) || is_one_of(at(text, here), numerals))
        here++;
    return here > place + 1 ? here : 0;
}

static bool contains(const dk_buf *out, size_t from, size_t end, const char *number, size_t size)
{
    while (from < end) {
        const unsigned char *const start = out->data + from;
        const unsigned char *const comma = memmem(start, end - from, "、", strlen("、"));
        const size_t length = comma != NULL ? (size_t)(comma - start) : end - from;
        if (length == size && memcmp(start, number, size) == 0)
            return true;
        from += length + strlen("、");
    }
    return false;
}

static void put_character(int32_t c, dk_buf *out)
{
    utf8proc_uint8_t bytes[4];
    dk_buf_append(out, bytes, (size_t)utf8proc_encode_char(c, bytes));
}

/* Copies whole characters, as many as there is room for. */
static void copy_fit(char *to, size_t room, const char *from, size_t size)
{
    size_t n = size < room ? size : room - 1;
    while (n < size && n > 0 && ((unsigned char)from[n] & 0xC0u) == 0x80)
        n--;
    memcpy(to, from, n);
    to[n] = '\0';
}

typedef struct leftovers {
    dk_buf left;
    bool matters;
    char range[sizeof((dk_approval_rest *)0)->range];
} leftovers;

/* 134-136号 may be a part of 134 or a range; 123-1号 is a part. what: a normalised number. */
static void look_at_serial(const approval *number, const char *what, size_t size, leftovers *rest)
{
    const char *dash = strchr(number->serial, '-');
    if (dash != NULL && strtol(dash + 1, NULL, 10) > strtol(number->serial, NULL, 10) && rest->range[0] == '\0')
        copy_fit(rest->range, sizeof rest->range, what, size);
}

/* Appends a number unless it stands there since start. rest: NULL, or told of a number that may be several. */
static void put_number(const characters *text, const approval *number, size_t start, dk_buf *out, leftovers *rest)
{
    const size_t before = out->size;
    if (before > start)
        dk_buf_text(out, "、");
    const size_t own = out->size;
    for (size_t i = number->agency; i < number->agency_end; i++)
        if (text->data[i] != ' ')
            put_character(text->data[i], out);
    dk_buf_format(out, "〔%d〕%s号", number->year, number->serial);
    for (size_t i = number->end; i < number->part; i++)
        put_character(text->data[i], out);
    if (out->failed)
        return;
    const char *const written = (const char *)out->data + own;
    if (rest != NULL)
        look_at_serial(number, written, out->size - own, rest);
    if (contains(out, start, before, written, out->size - own))
        out->size = before;
}

/* 123、124和125号: further serials of the same agency and year, which 号 must end. A plot, 15号地块, is none. */
static size_t put_further_serials(const characters *text, approval *number, size_t start, dk_buf *out, leftovers *rest)
{
    size_t n = 0, n_pending = 0;
    char pending[16][sizeof number->serial];
    size_t here = number->end;
    for (;;) {
        size_t next = skip_blank(text, here);
        bool marked;
        if (!is_separator(at(text, next)) || n_pending == sizeof pending / sizeof *pending)
            return n;
        next++;
        if (!read_serial(text, &next, pending[n_pending], &marked))
            return n;
        n_pending++;
        skip_document_word(text, &next);
        if (marked && is_han(at(text, next)) && !is_and(at(text, next)))
            return n;
        if (marked) {
            for (size_t i = 0; i < n_pending; i++) {
                memcpy(number->serial, pending[i], sizeof number->serial);
                put_number(text, number, start, out, rest);
            }
            n += n_pending;
            n_pending = 0;
            number->end = next;
        }
        here = next;
    }
}

/* ---- what is left ---- */

/* Passes a word at a place that says nothing; *ret_document: it is one for a document, which is worth a note. */
static bool skip_harmless(const characters *text, size_t *place, size_t end, bool *ret_document)
{
    static const char *const documents[] = {"批复", "批文", "复函", "公告", "通告", "通知"};
    for (size_t i = 0; i < N_LEADING_WORDS; i++)
        if (skip_words(text, place, end, leading_words[i]))
            return true;
    if (skip_words(text, place, end, "文件") || skip_words(text, place, end, "文"))
        return true;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        if (skip_words(text, place, end, documents[i]))
            return *ret_document = true;
    return false;
}

static bool is_between(int32_t c)
{
    return c == ' ' || (is_separator(c) && !is_and(c));
}

static void add_left(const characters *text, size_t from, size_t to, leftovers *rest)
{
    while (from < to && is_between(text->data[from]))
        from++;
    while (to > from && is_between(text->data[to - 1]))
        to--;
    if (rest->left.size > 0)
        dk_buf_text(&rest->left, " … ");
    for (; from < to; from++)
        put_character(text->data[from] < ' ' ? '?' : text->data[from], &rest->left);
}

/* Looks at what is between two numbers, before the first or behind the last. */
static void look_at_rest(const characters *text, size_t from, size_t to, bool first, leftovers *rest)
{
    bool document = false, matters = false;
    for (size_t i = from; i < to;) {
        if (skip_harmless(text, &i, to, &document))
            continue;
        const int32_t c = text->data[i++];
        const utf8proc_category_t category = utf8proc_category(c);
        const bool punctuation = category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
        matters |= !(c == ' ' || punctuation || (is_and(c) && !first));
    }
    if (document || matters)
        add_left(text, from, to, rest);
    rest->matters |= matters;
}

/* 关于…的批复皖政地: no agency has 的 or 关于 in its name. */
static void look_at_agency(const characters *text, const approval *number, leftovers *rest)
{
    size_t prose = number->agency;
    for (size_t i = number->agency; i < number->agency_end; i++) {
        size_t behind = i;
        if (skip_words(text, &behind, number->agency_end, "的") ||
            skip_words(text, &behind, number->agency_end, "关于"))
            prose = behind;
    }
    if (prose == number->agency)
        return;
    add_left(text, number->agency, prose, rest);
    rest->matters = true;
}

/* in_name: of a file or folder, whose numbers may have no brackets. rest: what is left, or NULL. */
static size_t put_numbers(const characters *text, bool in_name, dk_buf *out, leftovers *rest)
{
    const size_t start = out->size;
    size_t n = 0, previous_end = 0;
    for (size_t i = 0; i < text->n; i++) {
        approval number;
        if (is_open(text->data[i])
                ? !read_number(text, i, previous_end, &number)
                : !in_name || !is_digit(text->data[i]) || !read_bare_number(text, i, previous_end, &number))
            continue;
        number.part = in_name ? end_of_part(text, number.end) : 0;
        put_number(text, &number, start, out, rest);
        if (rest != NULL) {
            look_at_rest(text, previous_end, number.begin, n == 0, rest);
            look_at_agency(text, &number, rest);
        }
        if (number.part > 0)
            number.end = number.part;
        number.part = 0;
        skip_document_word(text, &number.end);
        n += 1 + put_further_serials(text, &number, start, out, rest);
        previous_end = number.end;
        i = previous_end - 1;
    }
    if (rest != NULL && n > 0)
        look_at_rest(text, previous_end, text->n, false, rest);
    return n;
}

static bool to_characters(const dk_buf *text, characters *ret)
{
    int32_t *const data = calloc(text->size + 1, sizeof *data);
    if (data == NULL)
        return false;
    size_t n = 0;
    for (size_t from = 0; from < text->size; n++) {
        const utf8proc_ssize_t length =
            utf8proc_iterate(text->data + from, (utf8proc_ssize_t)(text->size - from), &data[n]);
        if (length <= 0)
            break;
        from += (size_t)length;
    }
    *ret = (characters){data, n};
    return true;
}

/* Appends the numbers; or_text: the folded text if there is none. */
static size_t put_all(const char *text, size_t size, bool in_name, bool or_text, dk_buf *out, leftovers *rest)
{
    if (size > MAX_TEXT)
        for (size = MAX_TEXT; size > 0 && ((unsigned char)text[size] & 0xC0u) == 0x80; size--)
            ;
    size_t n = 0;
    characters decoded = {0};
    dk_buf tidy;
    dk_buf_init(&tidy);
    dk_text_tidy(text, size, &tidy);
    if (tidy.failed || !to_characters(&tidy, &decoded)) {
        out->failed = true;
    } else {
        n = put_numbers(&decoded, in_name, out, rest);
        if (n == 0 && or_text)
            dk_buf_append(out, tidy.data, tidy.size);
    }
    free(decoded.data);
    dk_buf_finish(&tidy);
    return n;
}

size_t dk_approval_no_normalise(const char *text, size_t size, dk_buf *out)
{
    return put_all(text, size, false, true, out, NULL);
}

size_t dk_approval_no_read(const char *text, size_t size, dk_buf *out, dk_approval_rest *ret_rest)
{
    leftovers rest = {.matters = false};
    dk_buf_init(&rest.left);
    const size_t n = put_all(text, size, false, true, out, &rest);
    out->failed |= rest.left.failed;
    *ret_rest = (dk_approval_rest){.matters = rest.matters, .none = n == 0};
    if (!rest.left.failed && rest.left.size > 0)
        copy_fit(ret_rest->left, sizeof ret_rest->left, (const char *)rest.left.data, rest.left.size);
    memcpy(ret_rest->range, rest.range, sizeof ret_rest->range);
    dk_buf_finish(&rest.left);
    return n;
}

size_t dk_approval_no_in_name(const char *name, size_t size, dk_buf *out)
{
    return put_all(name, size, true, false, out, NULL);
}

void dk_approval_no_each(const char *normalised, bool (*each)(const char *number, size_t size, void *user), void *user)
{
    const char *from = normalised;
    while (from != NULL && *from != '\0') {
        const char *const comma = strstr(from, "、");
        const size_t size = comma != NULL ? (size_t)(comma - from) : strlen(from);
        if (size > 0 && !each(from, size, user))
            return;
        from = comma != NULL ? comma + strlen("、") : NULL;
    }
}
