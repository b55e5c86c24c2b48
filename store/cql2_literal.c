/* Texts, dates and times of filters in the form in which they are compared. */
#include "store/cql2_tree.h"

#include "store/text.h"

#include <stdlib.h>
#include <string.h>

#include <utf8proc.h>

bool dk_cql2_date_valid(const char *text, size_t size)
{
    return size == 10 && dk_date_valid(text);
}

static bool two_digits(const char *text, int most)
{
    return text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9' &&
           (text[0] - '0') * 10 + text[1] - '0' <= most;
}

bool dk_cql2_timestamp(const char *text, size_t size, char ret_text[40])
{
    char date[11];
    if (size < 20 || size > 39)
        return false;
    memcpy(date, text, 10);
    date[10] = '\0';
    if (!dk_date_valid(date) || (text[10] != 'T' && text[10] != 't') || !two_digits(text + 11, 23) || text[13] != ':' ||
        !two_digits(text + 14, 59) || text[16] != ':' || !two_digits(text + 17, 60) ||
        (text[size - 1] != 'Z' && text[size - 1] != 'z'))
        return false;
    size_t end = 19;
    if (text[end] == '.') {
        for (end++; text[end] >= '0' && text[end] <= '9';)
            end++;
        if (end == 20)
            return false;
    }
    if (end != size - 1)
        return false;
    if (end > 19) {
        while (text[end - 1] == '0')
            end--;
        end -= text[end - 1] == '.';
    }
    memcpy(ret_text, text, end);
    ret_text[10] = 'T';
    ret_text[end] = '\0';
    return true;
}

static bool is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static void append_mapped(const char *text, size_t size, utf8proc_option_t options, dk_buf *out)
{
    utf8proc_uint8_t *mapped = NULL;
    const utf8proc_ssize_t n =
        size == 0 ? 0 : utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &mapped, options);
    if (n == UTF8PROC_ERROR_NOMEM)
        out->failed = true;
    else if (n < 0)
        dk_buf_append(out, text, size);
    else
        dk_buf_append(out, mapped, (size_t)n);
    free(mapped);
}

void dk_cql2_compose(const char *text, size_t size, dk_buf *out)
{
    if (is_ascii(text, size))
        dk_buf_append(out, text, size);
    else
        append_mapped(text, size, UTF8PROC_STABLE | UTF8PROC_COMPOSE, out);
}

void dk_cql2_casei(const char *text, size_t size, dk_buf *out)
{
    /* Composed first: what folds may then be in other order (Unicode, definition D145). */
    dk_buf composed;
    dk_buf_init(&composed);
    dk_cql2_compose(text, size, &composed);
    out->failed |= composed.failed;
    append_mapped((const char *)composed.data, composed.size, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD,
                  out);
    dk_buf_finish(&composed);
}

/* Marks of Japanese that make another letter stay (/rec/accent-insensitive-comparison/japanese-non-spacing-marks). */
static bool is_accent(utf8proc_int32_t c)
{
    const utf8proc_category_t category = utf8proc_category(c);
    return (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME) && c != 0x3099 && c != 0x309A;
}

/* Letters with a stroke, which Unicode does not take apart, though the standard's test does (annex A.6: ø is o). */
static char without_stroke(utf8proc_int32_t c)
{
    static const struct {
        utf8proc_int32_t with;
        char without;
    } letters[] = {{0xD8, 'O'},  {0xF8, 'o'},  {0x110, 'D'}, {0x111, 'd'}, {0x126, 'H'},  {0x127, 'h'},
                   {0x141, 'L'}, {0x142, 'l'}, {0x166, 'T'}, {0x167, 't'}, {0x180, 'b'},  {0x197, 'I'},
                   {0x19A, 'l'}, {0x1B5, 'Z'}, {0x1B6, 'z'}, {0x1E4, 'G'}, {0x1E5, 'g'},  {0x23A, 'A'},
                   {0x23B, 'C'}, {0x23C, 'c'}, {0x23D, 'L'}, {0x23E, 'T'}, {0x243, 'B'},  {0x244, 'U'},
                   {0x246, 'E'}, {0x247, 'e'}, {0x248, 'J'}, {0x249, 'j'}, {0x24C, 'R'},  {0x24D, 'r'},
                   {0x24E, 'Y'}, {0x24F, 'y'}, {0x268, 'i'}, {0x289, 'u'}, {0x2C65, 'a'}, {0x2C66, 't'}};
    for (size_t i = 0; c >= 0xD8 && i < sizeof letters / sizeof *letters; i++)
        if (letters[i].with == c)
            return letters[i].without;
    return '\0';
}

void dk_cql2_accenti(const char *text, size_t size, dk_buf *out)
{
    if (is_ascii(text, size)) {
        dk_buf_append(out, text, size);
        return;
    }
    dk_buf apart, bare;
    dk_buf_init(&apart);
    dk_buf_init(&bare);
    append_mapped(text, size, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, &apart);
    for (size_t at = 0; at < apart.size;) {
        utf8proc_int32_t c = 0;
        const utf8proc_ssize_t n = utf8proc_iterate(apart.data + at, (utf8proc_ssize_t)(apart.size - at), &c);
        const size_t step = n > 0 ? (size_t)n : 1;
        const char bare_letter = n > 0 ? without_stroke(c) : '\0';
        if (bare_letter != '\0')
            dk_buf_byte(&bare, (unsigned char)bare_letter);
        else if (n <= 0 || !is_accent(c))
            dk_buf_append(&bare, apart.data + at, step);
        at += step;
    }
    out->failed |= apart.failed || bare.failed;
    dk_cql2_compose((const char *)bare.data, bare.size, out);
    dk_buf_finish(&apart);
    dk_buf_finish(&bare);
}

/* ---- LIKE ---- */

static size_t step_of(const char *text, size_t left)
{
    size_t n = 1;
    while (n < left && ((unsigned char)text[n] & 0xC0u) == 0x80)
        n++;
    return n;
}

static bool escapes(const char *pattern, size_t left)
{
    return left > 1 && pattern[0] == '\\' && (pattern[1] == '%' || pattern[1] == '_' || pattern[1] == '\\');
}

bool dk_cql2_has_wildcards(const char *pattern, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (escapes(pattern + i, size - i))
            i++;
        else if (pattern[i] == '%' || pattern[i] == '_')
            return true;
    }
    return false;
}

void dk_cql2_unescape(const char *pattern, size_t size, dk_buf *out)
{
    for (size_t i = 0; i < size; i++) {
        i += escapes(pattern + i, size - i);
        dk_buf_byte(out, (unsigned char)pattern[i]);
    }
}

/* Goes back to the last % only: what stands before it has been matched as early as can be. */
bool dk_cql2_like(const char *text, size_t size, const char *pattern, size_t pattern_size)
{
    size_t t = 0, p = 0, from_t = 0, from_p = 0;
    bool any = false;
    while (t < size) {
        const size_t left = pattern_size - p;
        if (left > 0 && pattern[p] == '%') {
            any = true;
            from_p = ++p;
            from_t = t;
            continue;
        }
        if (left > 0 && pattern[p] == '_') {
            t += step_of(text + t, size - t);
            p++;
            continue;
        }
        const size_t escape = left > 0 && escapes(pattern + p, left) ? 1 : 0;
        if (left > 0 && pattern[p + escape] == text[t]) {
            p += 1 + escape;
            t++;
            continue;
        }
        if (!any)
            return false;
        from_t += step_of(text + from_t, size - from_t);
        t = from_t;
        p = from_p;
    }
    while (p < pattern_size && pattern[p] == '%')
        p++;
    return p == pattern_size;
}

/* ---- sets ---- */

static bool holds(const dk_cql2_texts *set, const char *text)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->texts[i], text) == 0)
            return true;
    return false;
}

static bool within(const dk_cql2_texts *a, const dk_cql2_texts *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (!holds(b, a->texts[i]))
            return false;
    return true;
}

bool dk_cql2_sets(dk_cql2_op op, const dk_cql2_texts *a, const dk_cql2_texts *b)
{
    switch (op) {
    case DK_OP_A_EQUALS:
        return within(a, b) && within(b, a);
    case DK_OP_A_CONTAINS:
        return within(b, a);
    case DK_OP_A_CONTAINEDBY:
        return within(a, b);
    default:
        for (size_t i = 0; i < a->n; i++)
            if (holds(b, a->texts[i]))
                return true;
        return false;
    }
}
