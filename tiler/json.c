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

/* How many bytes at the start need no escape: ASCII but for quotes, backslashes and controls, and well-formed UTF-8. */
static size_t plain_run(const unsigned char *bytes, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    size_t i = 0;
    while (i < size) {
        if (size - i >= 8) {
            uint64_t word;
            memcpy(&word, bytes + i, 8);
            word = le64toh(word);
            /* A top bit is set where a byte is a control, a quote, a backslash, or not ASCII. (The subtraction may borrow
             * from a byte that is one of these: then the rest is looked at byte by byte.) */
            const uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
            if (((word - ones * 0x20) & tops) == 0 && ((quote - ones) & tops) == 0 && ((backslash - ones) & tops) == 0 &&
                (word & tops) == 0) {
                i += 8;
                continue;
            }
            /* Two Chinese characters, of three bytes from U+1000 to U+CFFF: most of what is not ASCII. */
            if ((word & UINT64_C(0xc0c0f0c0c0f0)) == UINT64_C(0x8080e08080e0) && (bytes[i] & 0xf) - 1u < 12 &&
                (bytes[i + 3] & 0xf) - 1u < 12) {
                i += 6;
                continue;
            }
        }
        const unsigned char c = bytes[i];
        if (c < 0x80) {
            if (c < 0x20 || c == '"' || c == '\\')
                break;
            i++;
            continue;
        }
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

/* The four digits of a number below 10,000. */
static void four_digits(unsigned char *to, uint32_t value)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    memcpy(to, pairs + 2 * (value / 100), 2);
    memcpy(to + 2, pairs + 2 * (value % 100), 2);
}

/* The number scaled / 10^decimals; power is 10^decimals. */
static unsigned char *decimal(unsigned char *to, int64_t scaled, size_t decimals, uint32_t power)
{
    const uint64_t magnitude = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
    /* Of degrees, which are most of what is written, by a constant. */
    const bool degrees = power == DEGREE_POWER;
    const uint64_t whole = degrees ? magnitude / DEGREE_POWER : magnitude / power;
    uint32_t fraction = (uint32_t)(magnitude - whole * power);
    if (scaled < 0)
        *to++ = '-';
    to = digits(to, whole);
    if (fraction == 0)
        return to;
    *to++ = '.';
    if (degrees) {
        four_digits(to, fraction / 100000);
        four_digits(to + 4, fraction / 10 % 10000);
        to[8] = (unsigned char)('0' + fraction % 10);
    } else {
        for (size_t i = decimals; i > 0; fraction /= 10)
            to[--i] = (unsigned char)('0' + fraction % 10);
    }
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

/* A decimal of at most so many decimals; power is 10^decimals, and |value| * power < 2^63. */
static void fixed(dk_json *json, double value, size_t decimals, uint32_t power)
{
    unsigned char *to = dk_buf_reserve(json->buf, NUMBER_BYTES);
    if (to == NULL)
        return;
    if (json->separate)
        *to++ = ',';
    json->separate = true;
    json->buf->size = (size_t)(decimal(to, llround(value * power), decimals, power) - json->buf->data);
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
    /* Most have few decimals. n / 10^d is rounded once, so a number that is equal to it is what n with d decimals reads as;
     * below 10^15 these are the digits that %.15g gives. */
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
    to = decimal(to, llround(position[0] * power), decimals, power);
    *to++ = ',';
    to = decimal(to, llround(position[1] * power), decimals, power);
    *to++ = ']';
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
