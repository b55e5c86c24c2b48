#include "tiler/json.h"

#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decimals of coordinates: 0.1 mm. */
enum { DEGREE_DECIMALS = 9, DEGREE_POWER = 1000000000, METRE_DECIMALS = 4, METRE_POWER = 10000 };

void dk_json_init(dk_json *json, dk_buf *buf)
{
    json->buf = buf;
    json->separate = false;
}

static void element(dk_json *json)
{
    if (json->separate)
        dk_buf_byte(json->buf, ',');
    json->separate = true;
}

static void begin(dk_json *json, unsigned char bracket)
{
    element(json);
    dk_buf_byte(json->buf, bracket);
    json->separate = false;
}

static void end(dk_json *json, unsigned char bracket)
{
    dk_buf_byte(json->buf, bracket);
    json->separate = true;
}

void dk_json_object_begin(dk_json *json)
{
    begin(json, '{');
}

void dk_json_object_end(dk_json *json)
{
    end(json, '}');
}

void dk_json_array_begin(dk_json *json)
{
    begin(json, '[');
}

void dk_json_array_end(dk_json *json)
{
    end(json, ']');
}

/* Length of the well-formed UTF-8 sequence (RFC 3629, table in section 4) of more than one byte at text, 0 if there is
 * none. */
static size_t sequence(const unsigned char *text, size_t size)
{
    const unsigned char c = text[0];
    const size_t n = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (n == 0 || n > size)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) || (c == 0xf0 && text[1] < 0x90) ||
        (c == 0xf4 && text[1] > 0x8f))
        return 0;
    return n;
}

/* The 8 bytes at `at`, the first in the lowest bits; of fewer that are left, blanks behind them. */
static uint64_t eight_bytes(const unsigned char *bytes, size_t at, size_t size)
{
    const uint64_t blanks = UINT64_C(0x2020202020202020);
    const size_t left = size - at;
    uint64_t word = 0;
    if (left >= 8) {
        memcpy(&word, bytes + at, 8);
        return le64toh(word);
    }
    if (size >= 8) { /* the last 8, without those that were looked at */
        memcpy(&word, bytes + size - 8, 8);
        return le64toh(word) >> 8 * (8 - left) | blanks << 8 * left;
    }
    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)bytes[at + i] << 8 * i;
    return word | blanks << 8 * left;
}

/* How many bytes at the start need no escape: ASCII but for quotes, backslashes and controls, and well-formed UTF-8. */
static size_t plain_run(const unsigned char *bytes, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    size_t i = 0;
    while (i < size) {
        const uint64_t word = eight_bytes(bytes, i, size);
        const size_t left = size - i < 8 ? size - i : 8;
        /* A top bit is set where a byte is a control, a quote, a backslash, or not ASCII. (The subtraction may borrow
         * from a byte that is one of these, so only the lowest top bit counts.) */
        const uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        const uint64_t special = ((word - ones * 0x20) | (quote - ones) | (backslash - ones) | word) & tops;
        if (special == 0) {
            i += left;
            continue;
        }
        const size_t ascii = (size_t)__builtin_ctzll(special) / 8;
        if (ascii > 0) {
            i += ascii;
            continue;
        }
        /* Chinese characters, of three bytes from U+1000 to U+CFFF: most of what is not ASCII. */
        const uint64_t three = UINT64_C(0xc0c0f0), lead = UINT64_C(0x8080e0);
        if ((word & three) == lead && (word & 0xf) - 1 < 12 && left >= 3) {
            const bool two = left >= 6 && (word >> 24 & three) == lead && (word >> 24 & 0xf) - 1 < 12;
            i += two ? 6 : 3;
            continue;
        }
        if (bytes[i] < 0x80)
            break;
        const size_t n = sequence(bytes + i, size - i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

/* A text in quotes, behind a comma if one is due. */
static void quoted(dk_json *json, const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    dk_buf *buf = json->buf;
    size_t plain = plain_run(bytes, size);
    unsigned char *to = dk_buf_reserve(buf, plain + 3);
    if (to == NULL)
        return;
    if (json->separate)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, bytes, plain);
    to += plain;
    for (;;) {
        bytes += plain;
        size -= plain;
        if (size == 0)
            break;
        buf->size = (size_t)(to - buf->data);
        size_t taken = 1;
        if (*bytes == '"' || *bytes == '\\') {
            dk_buf_byte(buf, '\\');
            dk_buf_byte(buf, *bytes);
        } else if (*bytes < 0x20) {
            dk_buf_format(buf, "\\u%04x", *bytes);
        } else {
            dk_buf_text(buf, "\xef\xbf\xbd");
        }
        bytes += taken;
        size -= taken;
        plain = plain_run(bytes, size);
        to = dk_buf_reserve(buf, plain + 1);
        if (to == NULL)
            return;
        memcpy(to, bytes, plain);
        to += plain;
    }
    *to++ = '"';
    buf->size = (size_t)(to - buf->data);
    json->separate = true;
}

void dk_json_key(dk_json *json, const char *name)
{
    const size_t size = strlen(name);
    unsigned char *to = dk_buf_reserve(json->buf, size + 4);
    if (to == NULL)
        return;
    if (json->separate)
        *to++ = ',';
    *to++ = '"';
    memcpy(to, name, size);
    to += size;
    *to++ = '"';
    *to++ = ':';
    json->buf->size = (size_t)(to - json->buf->data);
    json->separate = false;
}

void dk_json_text_n(dk_json *json, const char *text, size_t size)
{
    quoted(json, text, size);
}

void dk_json_text(dk_json *json, const char *text)
{
    if (text == NULL)
        dk_json_null(json);
    else
        dk_json_text_n(json, text, strlen(text));
}

#define NUMBER_BYTES 40 /* of a comma, a sign, 20 digits, a point and 9 decimals */

/* Writes the digits of a number; returns where they end. */
static unsigned char *digits(unsigned char *to, uint64_t value)
{
    unsigned char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (unsigned char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    memcpy(to, text + at, sizeof text - at);
    return to + (sizeof text - at);
}

/* The nearest integer, away from zero in the middle, as llround gives it; |value| < 2^63. */
static int64_t nearest(double value)
{
    const int64_t whole = (int64_t)value;
    const double rest = value - (double)whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

/* The eight digits of a number below 10^8, the first in the lowest byte: halves, then pairs, then digits, side by side
 * in one word. 10486 / 2^20 and 103 / 2^10 divide such small numbers by 100 and by 10. */
static uint64_t eight_digits(uint32_t value)
{
    const uint64_t halves = value / 10000 | (uint64_t)(value % 10000) << 32;
    const uint64_t hundreds = (halves * 10486 >> 20) & UINT64_C(0x7f0000007f);
    const uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
    const uint64_t tens = (pairs * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return tens | (pairs - 10 * tens) << 8;
}

/* Degrees, which are most of what is written: the number scaled / 10^9. */
static unsigned char *degrees_of(unsigned char *to, int64_t scaled)
{
    const uint64_t magnitude = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    const uint64_t whole = magnitude / DEGREE_POWER;
    const uint32_t fraction = (uint32_t)(magnitude - whole * DEGREE_POWER);
    if (scaled < 0)
        *to++ = '-';
    if (whole - 100 < 900) {
        *to++ = (unsigned char)('0' + whole / 100);
        *to++ = (unsigned char)('0' + whole / 10 % 10);
        *to++ = (unsigned char)('0' + whole % 10);
    } else {
        to = digits(to, whole);
    }
    if (fraction == 0)
        return to;
    const uint64_t first = eight_digits(fraction / 10);
    const uint32_t ninth = fraction % 10;
    const uint64_t text = htole64(first | UINT64_C(0x3030303030303030));
    *to++ = '.';
    memcpy(to, &text, 8);
    to[8] = (unsigned char)('0' + ninth);
    return to + (ninth != 0 ? 9 : 8 - __builtin_clzll(first) / 8); /* without zeros at the end */
}

/* The number scaled / 10^decimals; power is 10^decimals. */
static unsigned char *decimal(unsigned char *to, int64_t scaled, size_t decimals, uint32_t power)
{
    const uint64_t magnitude = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    const uint64_t whole = magnitude / power;
    uint32_t fraction = (uint32_t)(magnitude - whole * power);
    if (scaled < 0)
        *to++ = '-';
    to = digits(to, whole);
    if (fraction == 0)
        return to;
    *to++ = '.';
    for (size_t i = decimals; i > 0; fraction /= 10)
        to[--i] = (unsigned char)('0' + fraction % 10);
    to += decimals;
    while (to[-1] == '0')
        to--;
    return to;
}

void dk_json_integer(dk_json *json, int64_t value)
{
    unsigned char *to = dk_buf_reserve(json->buf, NUMBER_BYTES);
    if (to == NULL)
        return;
    if (json->separate)
        *to++ = ',';
    json->separate = true;
    json->buf->size = (size_t)(decimal(to, value, 0, 1) - json->buf->data);
}

/* A decimal of at most so many decimals; power is 10^decimals. */
static void fixed(dk_json *json, double value, size_t decimals, uint32_t power)
{
    unsigned char *to = dk_buf_reserve(json->buf, NUMBER_BYTES);
    if (to == NULL)
        return;
    if (json->separate)
        *to++ = ',';
    json->separate = true;
    const int64_t scaled = nearest(value * power);
    to = power == DEGREE_POWER ? degrees_of(to, scaled) : decimal(to, scaled, decimals, power);
    json->buf->size = (size_t)(to - json->buf->data);
}

void dk_json_number(dk_json *json, double value)
{
    if (!isfinite(value)) {
        dk_json_null(json);
        return;
    }
    if (fabs(value) < 9007199254740992.0 && value == (double)(int64_t)value) {
        dk_json_integer(json, (int64_t)value);
        return;
    }
    /* Most have few decimals. n / 10^d is rounded once, so a number that is equal to it is what n with d decimals reads
     * as; below 10^15 these are the digits that %.15g gives. */
    static const double powers[] = {10, 100, 1000, 10000};
    for (size_t d = 0; d < sizeof powers / sizeof *powers && fabs(value) < 1e10; d++)
        if (nearbyint(value * powers[d]) / powers[d] == value) {
            fixed(json, value, d + 1, (uint32_t)powers[d]);
            return;
        }
    char text[32];
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    element(json);
    dk_buf_text(json->buf, text);
}

void dk_json_degrees(dk_json *json, double value)
{
    if (!isfinite(value) || fabs(value) > 1e9)
        dk_json_number(json, value);
    else
        fixed(json, value, DEGREE_DECIMALS, DEGREE_POWER);
}

void dk_json_metres(dk_json *json, double value)
{
    if (!isfinite(value) || fabs(value) > 1e9)
        dk_json_number(json, value);
    else
        fixed(json, value, METRE_DECIMALS, METRE_POWER);
}

void dk_json_position(dk_json *json, const double position[2], bool degrees)
{
    const double most = 1e9;
    unsigned char *to = fabs(position[0]) <= most && fabs(position[1]) <= most /* so it is finite */
                            ? dk_buf_reserve(json->buf, 2 * NUMBER_BYTES + 4)
                            : NULL;
    if (to == NULL) {
        dk_json_array_begin(json);
        for (int i = 0; i < 2; i++)
            degrees ? dk_json_degrees(json, position[i]) : dk_json_metres(json, position[i]);
        dk_json_array_end(json);
        return;
    }
    const size_t decimals = degrees ? DEGREE_DECIMALS : METRE_DECIMALS;
    const uint32_t power = degrees ? DEGREE_POWER : METRE_POWER;
    if (json->separate)
        *to++ = ',';
    json->separate = true;
    *to++ = '[';
    for (int i = 0; i < 2; i++) {
        const int64_t scaled = nearest(position[i] * power);
        to = degrees ? degrees_of(to, scaled) : decimal(to, scaled, decimals, power);
        *to++ = i == 0 ? ',' : ']';
    }
    json->buf->size = (size_t)(to - json->buf->data);
}

void dk_json_bool(dk_json *json, bool value)
{
    element(json);
    dk_buf_text(json->buf, value ? "true" : "false");
}

void dk_json_null(dk_json *json)
{
    element(json);
    dk_buf_text(json->buf, "null");
}

void dk_json_value(dk_json *json, const dk_value *value)
{
    switch (value->type) {
    case DK_INTEGER:
        dk_json_integer(json, value->integer);
        break;
    case DK_REAL:
        dk_json_number(json, value->real);
        break;
    case DK_TEXT:
        dk_json_text_n(json, value->text.data, value->text.size);
        break;
    case DK_NULL:
    default:
        dk_json_null(json);
    }
}

void dk_json_raw(dk_json *json, const char *literal)
{
    element(json);
    dk_buf_text(json->buf, literal);
}

void dk_json_member_text(dk_json *json, const char *name, const char *text)
{
    dk_json_key(json, name);
    dk_json_text(json, text);
}

void dk_json_member_integer(dk_json *json, const char *name, int64_t value)
{
    dk_json_key(json, name);
    dk_json_integer(json, value);
}
