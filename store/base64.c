#include "store/base64.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void dk_base64_append(dk_buf *out, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    unsigned char *to = size < SIZE_MAX / 2 ? dk_buf_reserve(out, (size + 2) / 3 * 4) : NULL;
    if (to == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < size; i += 3, to += 4) {
        const size_t n = size - i < 3 ? size - i : 3;
        const unsigned group =
            (unsigned)bytes[i] << 16 | (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (n > 2 ? (unsigned)bytes[i + 2] : 0);
        to[0] = (unsigned char)letters[group >> 18];
        to[1] = (unsigned char)letters[group >> 12 & 63];
        to[2] = n > 1 ? (unsigned char)letters[group >> 6 & 63] : '=';
        to[3] = n > 2 ? (unsigned char)letters[group & 63] : '=';
    }
    out->size += (size + 2) / 3 * 4;
}

/* 64: it is none of the letters. */
static unsigned value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

bool dk_base64_read(const char *text, size_t size, dk_buf *out)
{
    const size_t before = out->size;
    const size_t padding = size >= 4 && text[size - 1] == '=' ? (text[size - 2] == '=' ? 2 : 1) : 0;
    bool good = size % 4 == 0;
    for (size_t i = 0; i < size && good; i += 4) {
        const size_t missing = i + 4 == size ? padding : 0;
        unsigned group = 0;
        for (size_t c = 0; c < 4; c++) {
            const unsigned value = c < 4 - missing ? value_of(text[i + c]) : 0;
            good = good && value < 64;
            group = group << 6 | (value & 63);
        }
        good = good && (group & ((1u << 8 * missing) - 1)) == 0;
        for (size_t b = 0; b < 3 - missing && good; b++)
            dk_buf_byte(out, (unsigned char)(group >> (16 - 8 * b)));
    }
    if (!good)
        out->size = before;
    return good;
}

bool dk_base64_read_exactly(const char *text, size_t size, unsigned char *ret_bytes, size_t n)
{
    if (size != (n + 2) / 3 * 4)
        return false;
    dk_buf bytes;
    dk_buf_init(&bytes);
    const bool good = dk_base64_read(text, size, &bytes) && !bytes.failed && bytes.size == n;
    if (good && n > 0)
        memcpy(ret_bytes, bytes.data, n);
    dk_buf_finish(&bytes);
    return good;
}
