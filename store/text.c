#include "store/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

/* Length of the character at text, of which size bytes remain, by RFC 3629 §4; 0 when it is none. */
static size_t character(const unsigned char *text, size_t size)
{
    const unsigned char first = text[0];
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size < length)
        return 0;
    /* the second byte keeps out overlong forms, surrogates and what lies above U+10FFFF */
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((text[i] & 0xC0u) != 0x80)
            return 0;
    return length;
}

/* How many bytes from the start are valid UTF-8. */
static size_t valid_prefix(const unsigned char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        while (size - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if (word & 0x8080808080808080u)
                break;
            at += sizeof word;
        }
        /* Most of the others: three bytes of which the second is bound by nothing but that it follows (not E0, not ED).
         */
        for (uint32_t three; size - at >= sizeof three; at += 3) {
            memcpy(&three, text + at, sizeof three);
            if ((three & 0xC0C0F0) != 0x8080E0 || (three & 0xFF) == 0xE0 || (three & 0xFF) == 0xED)
                break;
        }
        while (at < size && text[at] < 0x80 && size - at < sizeof word) /* the end, and most names of fields */
            at++;
        if (at == size)
            break;
        const size_t length = character(text + at, size - at);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool dk_utf8_valid(const char *text, size_t size)
{
    return valid_prefix((const unsigned char *)text, size) == size;
}

static void append_replaced(const unsigned char *text, size_t size, dk_buf *out)
{
    for (size_t at = 0; at < size;) {
        const size_t valid = valid_prefix(text + at, size - at);
        dk_buf_append(out, text + at, valid);
        at += valid;
        if (at < size) {
            dk_buf_text(out, "\xEF\xBF\xBD"); /* U+FFFD, one for each byte that belongs to no character */
            at++;
        }
    }
}

static bool is_space(utf8proc_int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return (c >= '\t' && c <= '\r') || c == 0x85;
    }
}

/* Appends valid UTF-8 with each run of white space as one blank and none at the ends. */
static void append_collapsed(const unsigned char *text, size_t size, dk_buf *out)
{
    bool blank = false;
    const size_t start = out->size;
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t c;
        const utf8proc_ssize_t length = utf8proc_iterate(text + at, (utf8proc_ssize_t)(size - at), &c);
        if (length <= 0)
            break;
        if (is_space(c)) {
            blank = out->size > start;
        } else {
            if (blank)
                dk_buf_byte(out, ' ');
            blank = false;
            dk_buf_append(out, text + at, (size_t)length);
        }
        at += (size_t)length;
    }
}

static void normalise(const char *text, size_t size, utf8proc_option_t options, dk_buf *out)
{
    const unsigned char *input = (const unsigned char *)text;
    dk_buf replaced;
    dk_buf_init(&replaced);
    if (!dk_utf8_valid(text, size)) {
        append_replaced(input, size, &replaced);
        if (replaced.failed) {
            out->failed = true;
            goto out;
        }
        input = replaced.data;
        size = replaced.size;
    }
    if (size == 0)
        goto out;
    utf8proc_uint8_t *mapped = NULL;
    const utf8proc_ssize_t mapped_size = utf8proc_map(input, (utf8proc_ssize_t)size, &mapped, options);
    if (mapped_size < 0)
        out->failed = true; /* valid UTF-8 fails for want of memory only */
    else
        append_collapsed(mapped, (size_t)mapped_size, out);
    free(mapped);
out:
    dk_buf_finish(&replaced);
}

void dk_text_tidy(const char *text, size_t size, dk_buf *out)
{
    normalise(text, size, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE, out);
}

/* U+0345, a mark, folds to a letter: it and marks beside it must be put in order before (Unicode, definition D145). It
 * is in U+037A and in letters of U+1F80 to U+1FFF. */
static bool may_have_iota_below(const char *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        const unsigned char first = (unsigned char)text[i], second = (unsigned char)text[i + 1];
        if ((first == 0xCD && (second == 0x85 || second == 0xBA)) ||
            (first == 0xE1 && (second == 0xBE || second == 0xBF)))
            return true;
    }
    return false;
}

/* Most texts are Chinese characters with ASCII and the brackets of 文号, which folding leaves as they are but for
 * capital letters. Appends such a text; false, and nothing is appended, if it is another. */
static bool fold_plain(const unsigned char *text, size_t size, dk_buf *out)
{
    unsigned char *to = dk_buf_reserve(out, size);
    size_t i = 0;
    if (to == NULL || (size > 0 && (text[0] == ' ' || text[size - 1] == ' ')))
        return false;
    while (i < size) {
        const unsigned char c = text[i];
        if (c >= 0x20 && c < 0x7F && (c != ' ' || text[i + 1] != ' ')) {
            to[i++] = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        } else if (size - i >= 3 &&
                   ((c >= 0xE4 && c <= 0xE9 && (text[i + 1] & 0xC0) == 0x80 && (text[i + 2] & 0xC0) == 0x80) ||
                    memcmp(text + i, "〔", 3) == 0 || memcmp(text + i, "〕", 3) == 0)) {
            memcpy(to + i, text + i, 3);
            i += 3;
        } else {
            return false;
        }
    }
    out->size += size;
    return true;
}

void dk_text_fold(const char *text, size_t size, dk_buf *out)
{
    if (fold_plain((const unsigned char *)text, size, out))
        return;
    const utf8proc_option_t options =
        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE | UTF8PROC_CASEFOLD;
    if (!may_have_iota_below(text, size)) {
        normalise(text, size, options, out);
        return;
    }
    dk_buf tidy;
    dk_buf_init(&tidy);
    dk_text_tidy(text, size, &tidy);
    out->failed |= tidy.failed;
    normalise((const char *)tidy.data, tidy.size, options, out);
    dk_buf_finish(&tidy);
}

bool dk_text_has_raised_digit(const char *text, size_t size)
{
    utf8proc_int32_t before = 0;
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t c, parts[32]; /* the longest decomposition has 18 */
        const utf8proc_ssize_t length =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &c);
        if (length <= 0)
            return false;
        at += (size_t)length;
        const utf8proc_int32_t narrow = before >= 0xFF21 && before <= 0xFF5A ? before - 0xFEE0 : before;
        const bool letter = (narrow >= 'a' && narrow <= 'z') || (narrow >= 'A' && narrow <= 'Z');
        const bool plain = c < 0x80 || (c >= 0xFF10 && c <= 0xFF19);
        const utf8proc_option_t apart = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
        int boundclass = 0;
        if (!plain && !letter && utf8proc_decompose_char(c, parts, 32, apart, &boundclass) > 0 && parts[0] >= '0' &&
            parts[0] <= '9')
            return true;
        before = c;
    }
    return false;
}

static bool digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

size_t dk_text_places(const char *text)
{
    size_t places = 0;
    for (size_t left = strlen(text); left > 0;) {
        utf8proc_int32_t c;
        const utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)left, &c);
        const size_t step = length > 0 ? (size_t)length : 1;
        places += length > 0 ? (size_t)utf8proc_charwidth(c) : 1;
        text += step;
        left -= step;
    }
    return places;
}

bool dk_division_code_valid(const char *code)
{
    if (code == NULL)
        return false;
    const size_t size = strnlen(code, 13);
    return (size == 6 || size == 9 || size == 12) && digits(code, size);
}

bool dk_date_valid(const char *date)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date == NULL || strnlen(date, 11) != 10 || date[4] != '-' || date[7] != '-')
        return false;
    if (!digits(date, 4) || !digits(date + 5, 2) || !digits(date + 8, 2))
        return false;
    const int year = (date[0] - '0') * 1000 + (date[1] - '0') * 100 + (date[2] - '0') * 10 + (date[3] - '0');
    const int month = (date[5] - '0') * 10 + (date[6] - '0');
    const int day = (date[8] - '0') * 10 + (date[9] - '0');
    if (month < 1 || month > 12)
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day >= 1 && day <= month_days[month - 1] + (month == 2 && leap);
}

/* How many bytes of the text's beginning are one of the marks; 0: something else begins there. */
static size_t mark_at(const char *text, const char *const *marks)
{
    for (; *marks != NULL; marks++)
        if (strncmp(text, *marks, strlen(*marks)) == 0)
            return strlen(*marks);
    return 0;
}

bool dk_text_lists(const char *text, const char *value)
{
    static const char *const separators[] = {"、", "；", "，", ";", ",", NULL};
    static const char *const blanks[] = {" ", "\u3000", "\t", NULL};
    const size_t size = strlen(value);
    if (strcmp(text, value) == 0)
        return true;
    if (strstr(text, value) == NULL) /* most texts, and asked of many rows */
        return false;
    for (bool begins = true; *text != '\0' && size > 0;) {
        const size_t blank = mark_at(text, blanks);
        if (blank > 0) {
            text += blank;
            continue;
        }
        if (begins && strncmp(text, value, size) == 0) {
            const char *behind = text + size;
            for (size_t n; (n = mark_at(behind, blanks)) > 0;)
                behind += n;
            if (*behind == '\0' || mark_at(behind, separators) > 0)
                return true;
        }
        const size_t separator = mark_at(text, separators);
        begins = separator > 0;
        text += separator > 0 ? separator : 1;
    }
    return false;
}

int dk_utf8_fit(const char *text, size_t max)
{
    const size_t size = strnlen(text, max);
    size_t back = 1;
    while (back < 4 && back < size && ((unsigned char)text[size - back] & 0xC0) == 0x80)
        back++;
    const unsigned char lead = size > 0 ? (unsigned char)text[size - back] : 0;
    const size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return (int)(whole > back ? size - back : size);
}

size_t dk_text_copy(char *out, size_t out_size, const char *text, size_t size)
{
    const size_t n = size < out_size ? size : out_size - 1;
    memcpy(out, text, n);
    out[n] = '\0';
    return size;
}

void dk_text_clean(char *text)
{
    utf8proc_int32_t point;
    for (size_t left = strlen(text); left > 0;) {
        const utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)left, &point);
        if (n <= 0 || point < 0x20 || (point >= 0x7F && point < 0xA0))
            memset(text, '?', n > 0 ? (size_t)n : 1);
        text += n > 0 ? n : 1;
        left -= n > 0 ? (size_t)n : 1;
    }
}

bool dk_text_mangled(const char *text, size_t size)
{
    size_t digits = 0;
    if (size > 64)
        return false;
    for (size_t i = 0; i < size; i++) {
        digits += text[i] >= '0' && text[i] <= '9';
        if (strchr("0123456789.,:/-+eE ", text[i]) == NULL || text[i] == '\0')
            return false;
    }
    return digits > 0 && (digits < size || digits > 11 || (text[0] == '0' && size > 1));
}
