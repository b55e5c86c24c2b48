#include "store/canonical_json.h"

#include "store/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- strings ---- */

/* The first byte from one on that does not stand as it is: a control character, a quotation mark or a backslash. Eight
 * at a time: a byte of x that is 0 has its upper bit set in (x - 01…01) & ~x, and so may one behind it. */
static size_t next_escaped(const char *text, size_t at, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    for (uint64_t word; size - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text + at, sizeof word);
        const uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        if (((word - ones * 0x20) & ~word & tops) | ((quote - ones) & ~quote & tops) |
            ((backslash - ones) & ~backslash & tops))
            break;
    }
    while (at < size && (unsigned char)text[at] >= 0x20 && text[at] != '"' && text[at] != '\\')
        at++;
    return at;
}

bool dk_canonical_text(dk_buf *out, const char *text, size_t size)
{
    static const char digits[] = "0123456789abcdef", letters[] = "btnvfr"; /* v has no short form */
    if (!dk_utf8_valid(text, size))
        return false;
    dk_buf_byte(out, '"');
    size_t start = 0; /* of what stands as it is */
    for (size_t i = 0; (i = next_escaped(text, i, size)) < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        dk_buf_append(out, text + start, i - start);
        start = i + 1;
        if (c == '"' || c == '\\') {
            dk_buf_byte(out, '\\');
            dk_buf_byte(out, c);
        } else if (c >= '\b' && c <= '\r' && c != '\v') {
            dk_buf_byte(out, '\\');
            dk_buf_byte(out, (unsigned char)letters[c - '\b']);
        } else {
            dk_buf_text(out, "\\u00");
            dk_buf_byte(out, (unsigned char)digits[c >> 4]);
            dk_buf_byte(out, (unsigned char)digits[c & 15]);
        }
    }
    dk_buf_append(out, text + start, size - start);
    dk_buf_byte(out, '"');
    return true;
}

int dk_canonical_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const size_t shared = a_size < b_size ? a_size : b_size;
    for (size_t i = 0; i < shared; i++) {
        const unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];
        if (x == y)
            continue;
        /* Surrogates, D800 to DFFF, lie below what the bytes EE and EF begin. */
        if (x >= 0xf0 && (y == 0xee || y == 0xef))
            return -1;
        if (y >= 0xf0 && (x == 0xee || x == 0xef))
            return 1;
        return x < y ? -1 : 1;
    }
    return a_size == b_size ? 0 : a_size < b_size ? -1 : 1;
}

/* ---- numbers ---- */

enum { DIGITS_MAX = 17 };

/* 0.d1d2d3… times 10^point: no zeros at either end. */
typedef struct decimal {
    char digits[DIGITS_MAX + 1];
    int n, point;
} decimal;

/* Rounded to so many digits. The point of printf is of the locale, so only digits are taken. */
static void round_to(double value, int n, decimal *ret)
{
    char text[48];
    snprintf(text, sizeof text, "%.*e", n - 1, value);
    const char *at = text;
    ret->n = 0;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9' && ret->n < DIGITS_MAX)
            ret->digits[ret->n++] = *at;
    ret->point = (int)strtol(at + 1, NULL, 10) + 1;
}

/* An integer with an exponent has no point. */
static double read_back(const decimal *d)
{
    char text[48];
    snprintf(text, sizeof text, "%.*se%d", d->n, d->digits, d->point - d->n);
    return strtod(text, NULL);
}

/* The next decimal of as many digits. */
static void step_up(decimal *d)
{
    int i = d->n - 1;
    for (; i >= 0 && d->digits[i] == '9'; i--)
        d->digits[i] = '0';
    if (i >= 0) {
        d->digits[i]++;
    } else {
        d->digits[0] = '1';
        d->point++;
    }
}

/* n / 10^decimals, n > 0. */
static void of_integer(uint64_t n, int decimals, decimal *ret)
{
    char reversed[20];
    int all = 0, first = 0;
    for (; n > 0 && all < (int)sizeof reversed; n /= 10)
        reversed[all++] = (char)('0' + n % 10);
    while (first < all - 1 && reversed[first] == '0')
        first++;
    ret->n = 0;
    ret->point = all - decimals;
    for (int i = all; i > first && ret->n < DIGITS_MAX; i--)
        ret->digits[ret->n++] = reversed[i - 1];
}

/* Most numbers of a ledger have few decimals. n / 10^d is rounded once, as reading the decimal is; below 10^15, see
 * there. */
static bool of_few_decimals(double value, decimal *ret)
{
    static const double powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    for (int d = 0; d < (int)(sizeof powers / sizeof *powers); d++) {
        const double n = nearbyint(value * powers[d]);
        if (n >= 1 && n < 1e15 && n / powers[d] == value) {
            of_integer((uint64_t)n, d, ret);
            return true;
        }
    }
    return false;
}

/* Of a positive number. Below the smallest normal double, any number of digits may do. Above, a decimal of at most 15
 * digits that reads back is the only one, and rounding to 15 finds it. Of the decimals of 16 digits that read back, the
 * nearest is the rounded one, except at a power of two: there the doubles below lie twice as close, so that the rounded
 * one may be too low, and yet the next above it reads back. 17 digits always do. */
static void shortest(double value, decimal *ret)
{
    int exponent;
    const bool power = frexp(value, &exponent) == 0.5;
    for (int n = value < DBL_MIN ? 1 : DBL_DIG; n <= DIGITS_MAX; n++) {
        round_to(value, n, ret);
        if (read_back(ret) == value)
            break;
        if (power) {
            step_up(ret);
            if (read_back(ret) == value)
                break;
        }
    }
    while (ret->n > 1 && ret->digits[ret->n - 1] == '0')
        ret->n--;
}

static void zeros(dk_buf *out, int n)
{
    for (; n > 0; n--)
        dk_buf_byte(out, '0');
}

/* ECMA-262, Number::toString: its k is n, its n is point. */
static void write_decimal(dk_buf *out, const decimal *d)
{
    const size_t n = (size_t)d->n;
    if (d->point > 21 || d->point < -5) {
        const int exponent = d->point - 1;
        dk_buf_append(out, d->digits, 1);
        if (d->n > 1) {
            dk_buf_byte(out, '.');
            dk_buf_append(out, d->digits + 1, n - 1);
        }
        dk_buf_format(out, "e%c%d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (d->point <= 0) {
        dk_buf_text(out, "0.");
        zeros(out, -d->point);
        dk_buf_append(out, d->digits, n);
    } else if (d->point < d->n) {
        dk_buf_append(out, d->digits, (size_t)d->point);
        dk_buf_byte(out, '.');
        dk_buf_append(out, d->digits + d->point, n - (size_t)d->point);
    } else {
        dk_buf_append(out, d->digits, n);
        zeros(out, d->point - d->n);
    }
}

static const int64_t exact_integers = INT64_C(1) << 53;

bool dk_canonical_number(dk_buf *out, double value)
{
    if (!isfinite(value))
        return false;
    if (fabs(value) <= (double)exact_integers && value == (double)(int64_t)value) {
        dk_canonical_integer(out, (int64_t)value); /* also of -0 */
        return true;
    }
    decimal d;
    if (value < 0)
        dk_buf_byte(out, '-');
    if (!of_few_decimals(fabs(value), &d))
        shortest(fabs(value), &d);
    write_decimal(out, &d);
    return true;
}

/* Every row of a log has several, so digits are written without printf. */
void dk_canonical_integer(dk_buf *out, int64_t value)
{
    const bool exact = value >= -exact_integers && value <= exact_integers;
    char text[24];
    size_t at = sizeof text;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    if (!exact)
        text[--at] = '"';
    do
        text[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        text[--at] = '-';
    if (!exact)
        text[--at] = '"';
    dk_buf_append(out, text + at, sizeof text - at);
}

/* Four digits, n < 10000. */
static void four_digits(char *to, uint32_t n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    memcpy(to, pairs + n / 100 * 2, 2);
    memcpy(to + 2, pairs + n % 100 * 2, 2);
}

/* n / 10^9 of a number from 10^-6 to below 1000, which is written without an exponent. */
static void write_billionths(dk_buf *out, bool negative, uint64_t n)
{
    const uint32_t whole = (uint32_t)(n / 1000000000), fraction = (uint32_t)(n % 1000000000);
    enum { COPIED = 16 }; /* more than there are: of a known size it needs no call, and what is too much counts not */
    char text[4 + COPIED] = "";
    size_t first = 4, size = 5;
    four_digits(text + 1, whole);
    while (first > 1 && whole >= (first == 4 ? 10u : first == 3 ? 100u : 1000u))
        first--;
    if (fraction > 0) {
        text[5] = '.';
        four_digits(text + 6, fraction / 100000);
        four_digits(text + 10, fraction / 10 % 10000);
        text[14] = (char)('0' + fraction % 10);
        for (size = 15; text[size - 1] == '0';)
            size--;
    }
    if (negative)
        text[--first] = '-';
    unsigned char *to = dk_buf_reserve(out, COPIED);
    if (to == NULL)
        return;
    memcpy(to, text + first, COPIED);
    out->size += size - first;
}

/* At most 12 digits, so the decimal is the shortest text of the double nearest to it. A log has millions, so those that
 * are degrees are written straight away. */
void dk_canonical_degrees(dk_buf *out, double value)
{
    enum { DECIMALS = 9 };
    const int64_t scaled = llround(value * 1e9);
    const uint64_t rest = scaled < 0 ? (uint64_t)-scaled : (uint64_t)scaled;
    if (rest == 0) {
        dk_buf_byte(out, '0');
        return;
    }
    if (rest >= 1000 && rest < UINT64_C(1000000000000)) {
        write_billionths(out, scaled < 0, rest);
        return;
    }
    decimal d;
    of_integer(rest, DECIMALS, &d);
    if (scaled < 0)
        dk_buf_byte(out, '-');
    write_decimal(out, &d);
}
