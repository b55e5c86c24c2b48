#include "ingest/dxf_text.h"

#include <stdlib.h>
#include <string.h>

static void append_code(unsigned code, dk_buf *out)
{
    if (code < 0x20 || code == 0x7F) {
        dk_buf_byte(out, ' ');
    } else if (code < 0x80) {
        dk_buf_byte(out, (unsigned char)code);
    } else if (code < 0x800) {
        dk_buf_byte(out, (unsigned char)(0xC0 | code >> 6));
        dk_buf_byte(out, (unsigned char)(0x80 | (code & 0x3F)));
    } else if (code < 0xD800 || code > 0xDFFF) {
        dk_buf_byte(out, (unsigned char)(0xE0 | code >> 12));
        dk_buf_byte(out, (unsigned char)(0x80 | (code >> 6 & 0x3F)));
        dk_buf_byte(out, (unsigned char)(0x80 | (code & 0x3F)));
    } else {
        dk_buf_text(out, "\xEF\xBF\xBD"); /* half of a pair */
    }
}

/* Four hexadecimal digits. */
static bool take_hex(const char *text, size_t size, unsigned *ret_code)
{
    unsigned code = 0;
    if (size < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                 : -1;
        if (digit < 0)
            return false;
        code = code * 16 + (unsigned)digit;
    }
    *ret_code = code;
    return true;
}

/* \U+XXXX, also the two halves of a pair, and \M+nXXXX. Gives the bytes taken, 0: it is none of them. */
static size_t take_character(const char *text, size_t size, dk_decoder *gb18030, dk_buf *out)
{
    unsigned code, low;
    if (size < 7 || text[0] != '\\' || text[2] != '+')
        return 0;
    if (text[1] == 'U' && take_hex(text + 3, size - 3, &code)) {
        if (code >= 0xD800 && code < 0xDC00 && size >= 14 && memcmp(text + 7, "\\U+", 3) == 0 &&
            take_hex(text + 10, size - 10, &low) && low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
            dk_buf_byte(out, (unsigned char)(0xF0 | code >> 18));
            dk_buf_byte(out, (unsigned char)(0x80 | (code >> 12 & 0x3F)));
            dk_buf_byte(out, (unsigned char)(0x80 | (code >> 6 & 0x3F)));
            dk_buf_byte(out, (unsigned char)(0x80 | (code & 0x3F)));
            return 14;
        }
        append_code(code, out);
        return 7;
    }
    if (text[1] == 'M' && text[3] == '5' && take_hex(text + 4, size - 4, &code)) {
        const char bytes[2] = {(char)(code >> 8), (char)code};
        dk_decode(gb18030, bytes, sizeof bytes, false, out, NULL);
        return 8;
    }
    return 0;
}

/* %%d and the like. */
static size_t take_control(const char *text, size_t size, dk_buf *out)
{
    if (size < 3 || text[0] != '%' || text[1] != '%')
        return 0;
    switch (text[2]) {
    case 'd':
    case 'D':
        dk_buf_text(out, "°");
        return 3;
    case 'p':
    case 'P':
        dk_buf_text(out, "±");
        return 3;
    case 'c':
    case 'C':
        dk_buf_text(out, "Ø");
        return 3;
    case 'u':
    case 'U':
    case 'o':
    case 'O':
    case 'k':
    case 'K':
        return 3; /* underlined and so on */
    case '%':
        dk_buf_byte(out, '%');
        return 3;
    default:
        return 0;
    }
}

/* A code of MTEXT's format. */
static size_t take_format(const char *text, size_t size, dk_buf *out)
{
    if (text[0] == '{' || text[0] == '}')
        return 1;
    if (text[0] != '\\' || size < 2)
        return 0;
    if (text[1] == 'P' || text[1] == 'N' || text[1] == '~') {
        dk_buf_byte(out, ' ');
        return 2;
    }
    if (text[1] == '\\' || text[1] == '{' || text[1] == '}') {
        dk_buf_byte(out, (unsigned char)text[1]);
        return 2;
    }
    if (strchr("LlOoKk", text[1]) != NULL)
        return 2;
    const char *end = memchr(text, ';', size);
    if (end == NULL || strchr("ACcFfHpQSTW", text[1]) == NULL)
        return 0;
    if (text[1] == 'S') /* a fraction */
        for (const char *at = text + 2; at < end; at++)
            dk_buf_byte(out, *at == '^' || *at == '#' ? '/' : (unsigned char)*at);
    return (size_t)(end - text) + 1;
}

void dk_dxf_text(const char *text, size_t size, bool mtext, dk_decoder *gb18030, dk_buf *out)
{
    const size_t start = out->size;
    for (size_t at = 0; at < size;) {
        size_t taken = take_character(text + at, size - at, gb18030, out);
        if (taken == 0)
            taken = take_control(text + at, size - at, out);
        if (taken == 0 && mtext)
            taken = take_format(text + at, size - at, out);
        if (taken == 0) {
            const unsigned char byte = (unsigned char)text[at];
            dk_buf_byte(out, byte < 0x20 ? ' ' : byte);
            taken = 1;
        }
        at += taken;
    }
    size_t first = start;
    while (first < out->size && out->data[first] == ' ')
        first++;
    while (out->size > first && out->data[out->size - 1] == ' ')
        out->size--;
    if (first > start) {
        memmove(out->data + start, out->data + first, out->size - first);
        out->size -= first - start;
    }
}
