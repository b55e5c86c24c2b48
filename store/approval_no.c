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
    size_t agency, agency_end;
    int year;
    char serial[MAX_SERIAL_DIGITS + MAX_SUB_DIGITS + 2];
    size_t end; /* behind the number */
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
    static const int32_t list[] = {0x3014, '[', '(', 0x3010, 0x3016, 0x2768, 0};
    return is_one_of(c, list);
}

static bool is_close(int32_t c)
{
    static const int32_t list[] = {0x3015, ']', ')', 0x3011, 0x3017, 0x2769, 0};
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

/* Whether words stands at a place, which it then passes. words is in UTF-8. */
static bool skip_words(const characters *text, size_t *place, size_t end, const char *words)
{
    size_t to = *place;
    const unsigned char *from = (const unsigned char *)words;
    for (utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(words); left > 0; to++) {
        int32_t c;
        const utf8proc_ssize_t length = utf8proc_iterate(from, left, &c);
        if (length <= 0 || to >= end || text->data[to] != c)
            return false;
        from += length;
        left -= length;
    }
    *place = to;
    return true;
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
static void strip_leading_words(const characters *text, size_t previous_end, approval *number)
{
    static const char *const words[] = {"详见",     "参见",     "根据",   "依据", "按照",
                                        "批准文号", "批复文号", "批文号", "文号"};
    size_t start = number->agency;
    const size_t end = number->agency_end;
    /* directly behind another number 和 joins; elsewhere it may be the county 和县, unless a province follows it */
    if (previous_end > 0 && start == previous_end && end - start > 1 && is_and(text->data[start]))
        start++;
    for (bool stripped = true; stripped;) {
        stripped = false;
        for (size_t i = 0; i < sizeof words / sizeof *words && !stripped; i++) {
            size_t behind = start;
            if (skip_words(text, &behind, end, words[i]) && behind < end) {
                start = behind;
                stripped = true;
            }
        }
        if (!stripped && end - start > 1 && is_and(text->data[start]) && text->data[start + 1] == 0x7696) { /* 皖 */
            start++;
            stripped = true;
        }
    }
    number->agency = start;
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
    strip_leading_words(text, previous_end, &number);
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
    number.end = here;
    *ret_number = number;
    return true;
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

/* Appends a number unless it stands there since start. */
static void put_number(const characters *text, const approval *number, size_t start, dk_buf *out)
{
    const size_t before = out->size;
    if (before > start)
        dk_buf_text(out, "、");
    const size_t own = out->size;
    for (size_t i = number->agency; i < number->agency_end; i++) {
        utf8proc_uint8_t bytes[4];
        dk_buf_append(out, bytes, (size_t)utf8proc_encode_char(text->data[i], bytes));
    }
    dk_buf_format(out, "〔%d〕%s号", number->year, number->serial);
    if (!out->failed && contains(out, start, before, (const char *)out->data + own, out->size - own))
        out->size = before;
}

/* 123、124和125号: further serials of the same agency and year, which 号 must end. A plot, 15号地块, is none. */
static size_t put_further_serials(const characters *text, approval *number, size_t start, dk_buf *out)
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
                put_number(text, number, start, out);
            }
            n += n_pending;
            n_pending = 0;
            number->end = next;
        }
        here = next;
    }
}

/* in_name: of a file or folder, whose numbers may have no brackets. */
static size_t put_numbers(const characters *text, bool in_name, dk_buf *out)
{
    const size_t start = out->size;
    size_t n = 0, previous_end = 0;
    for (size_t i = 0; i < text->n; i++) {
        approval number;
        if (is_open(text->data[i])
                ? !read_number(text, i, previous_end, &number)
                : !in_name || !is_digit(text->data[i]) || !read_bare_number(text, i, previous_end, &number))
            continue;
        put_number(text, &number, start, out);
        skip_document_word(text, &number.end);
        n += 1 + put_further_serials(text, &number, start, out);
        previous_end = number.end;
        i = previous_end - 1;
    }
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
static size_t put_all(const char *text, size_t size, bool in_name, bool or_text, dk_buf *out)
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
        n = put_numbers(&decoded, in_name, out);
        if (n == 0 && or_text)
            dk_buf_append(out, tidy.data, tidy.size);
    }
    free(decoded.data);
    dk_buf_finish(&tidy);
    return n;
}

size_t dk_approval_no_normalise(const char *text, size_t size, dk_buf *out)
{
    return put_all(text, size, false, true, out);
}

size_t dk_approval_no_in_name(const char *name, size_t size, dk_buf *out)
{
    return put_all(name, size, true, false, out);
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
