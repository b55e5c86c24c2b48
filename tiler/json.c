#include "tiler/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Length of the well-formed UTF-8 sequence (RFC 3629, table in section 4) at text, 0 if there is none. */
static size_t sequence(const unsigned char *text, size_t size)
{
    const unsigned char c = text[0];
    if (c < 0x80)
        return 1;
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

static void quoted(dk_buf *buf, const char *text, size_t size)
{
    const unsigned char *const bytes = (const unsigned char *)text;
    dk_buf_byte(buf, '"');
    size_t plain = 0; /* start of the run that needs no change */
    for (size_t i = 0; i < size;) {
        const unsigned char c = bytes[i];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            i++;
            continue;
        }
        /* most of what is not ASCII: Chinese characters, three bytes from U+1000 to U+CFFF */
        if (c >= 0xe1 && c <= 0xec && size - i >= 3 && (bytes[i + 1] & 0xc0) == 0x80 && (bytes[i + 2] & 0xc0) == 0x80) {
            i += 3;
            continue;
        }
        const size_t n = c >= 0x80 ? sequence(bytes + i, size - i) : 0;
        if (n > 0) {
            i += n;
            continue;
        }
        dk_buf_append(buf, bytes + plain, i - plain);
        if (c == '"' || c == '\\') {
            dk_buf_byte(buf, '\\');
            dk_buf_byte(buf, c);
        } else if (c < 0x20) {
            dk_buf_format(buf, "\\u%04x", c);
        } else {
            dk_buf_text(buf, "\xef\xbf\xbd");
        }
        plain = ++i;
    }
    dk_buf_append(buf, bytes + plain, size - plain);
    dk_buf_byte(buf, '"');
}

void dk_json_key(dk_json *json, const char *name)
{
    element(json);
    quoted(json->buf, name, strlen(name));
    dk_buf_byte(json->buf, ':');
    json->separate = false;
}

void dk_json_text_n(dk_json *json, const char *text, size_t size)
{
    element(json);
    quoted(json->buf, text, size);
}

void dk_json_text(dk_json *json, const char *text)
{
    if (text == NULL)
        dk_json_null(json);
    else
        dk_json_text_n(json, text, strlen(text));
}

static void digits(dk_buf *buf, uint64_t value)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    dk_buf_append(buf, text + at, sizeof text - at);
}

void dk_json_integer(dk_json *json, int64_t value)
{
    element(json);
    if (value < 0)
        dk_buf_byte(json->buf, '-');
    digits(json->buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* A decimal of at most so many decimals; power is 10^decimals, and |value| * power < 2^63. */
static void fixed(dk_json *json, double value, size_t decimals, uint64_t power)
{
    const int64_t scaled = llround(value * (double)power);
    const uint64_t magnitude = scaled < 0 ? (uint64_t)-scaled : (uint64_t)scaled;
    uint64_t fraction = magnitude % power;
    element(json);
    if (scaled < 0)
        dk_buf_byte(json->buf, '-');
    digits(json->buf, magnitude / power);
    if (fraction > 0) {
        char text[10] = ".";
        size_t size = decimals + 1;
        for (size_t i = decimals; i > 0; i--) {
            text[i] = (char)('0' + fraction % 10);
            fraction /= 10;
        }
        while (text[size - 1] == '0')
            size--;
        dk_buf_append(json->buf, text, size);
    }
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
            fixed(json, value, d + 1, (uint64_t)powers[d]);
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
        fixed(json, value, 9, 1000000000u);
}

void dk_json_metres(dk_json *json, double value)
{
    if (!isfinite(value) || fabs(value) > 1e9)
        dk_json_number(json, value);
    else
        fixed(json, value, 4, 10000u);
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
