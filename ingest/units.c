#include "ingest/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct unit_name {
    const char *name;
    dk_unit unit;
} unit_name;

/* 1 亩 = 1/15 ha = 2000/3 m². */
static const unit_name names[] = {
    {"公顷", {DK_UNIT_AREA, 10000, 1}},
    {"ha", {DK_UNIT_AREA, 10000, 1}},
    {"hm2", {DK_UNIT_AREA, 10000, 1}},
    {"亩", {DK_UNIT_AREA, 2000, 3}},
    {"mu", {DK_UNIT_AREA, 2000, 3}},
    {"平方米", {DK_UNIT_AREA, 1, 1}},
    {"平米", {DK_UNIT_AREA, 1, 1}},
    {"m2", {DK_UNIT_AREA, 1, 1}},
    {"平方公里", {DK_UNIT_AREA, 1000000, 1}},
    {"平方千米", {DK_UNIT_AREA, 1000000, 1}},
    {"km2", {DK_UNIT_AREA, 1000000, 1}},
    {"元", {DK_UNIT_MONEY, 1, 1}},
    {"yuan", {DK_UNIT_MONEY, 1, 1}},
    {"万元", {DK_UNIT_MONEY, 10000, 1}},
    {"万", {DK_UNIT_MONEY, 10000, 1}},
    {"亿元", {DK_UNIT_MONEY, 100000000, 1}},
    {"千元", {DK_UNIT_MONEY, 1000, 1}},
    {"市亩", {DK_UNIT_AREA, 2000, 3}},
    {"m²", {DK_UNIT_AREA, 1, 1}},
    {"㎡", {DK_UNIT_AREA, 1, 1}}, /* as a catalogue may write them */
    {"hm²", {DK_UNIT_AREA, 10000, 1}},
    {"km²", {DK_UNIT_AREA, 1000000, 1}},
    {"㎢", {DK_UNIT_AREA, 1000000, 1}},
    {"wan_yuan", {DK_UNIT_MONEY, 10000, 1}},
};

static bool parse_plain(const char *text, size_t size, dk_unit *ret_unit)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == size && strncasecmp(names[i].name, text, size) == 0) {
            *ret_unit = names[i].unit;
            return true;
        }
    return false;
}

bool dk_unit_parse(const char *text, size_t size, dk_unit *ret_unit)
{
    const char *slash = memchr(text, '/', size);
    if (slash == NULL)
        return parse_plain(text, size, ret_unit);
    dk_unit money, area;
    const size_t before = (size_t)(slash - text);
    if (!parse_plain(text, before, &money) || !parse_plain(slash + 1, size - before - 1, &area) ||
        money.dimension != DK_UNIT_MONEY || area.dimension != DK_UNIT_AREA)
        return false;
    *ret_unit = (dk_unit){DK_UNIT_MONEY_PER_AREA, money.num * area.den, money.den * area.num};
    return true;
}

bool dk_unit_same(const dk_unit *a, const dk_unit *b)
{
    return a->dimension == b->dimension && a->num * b->den == b->num * a->den;
}

bool dk_unit_name(const dk_unit *unit, char ret_name[DK_UNIT_NAME])
{
    const size_t n = sizeof names / sizeof *names;
    for (size_t i = 0; i < n; i++) {
        if (dk_unit_same(unit, &names[i].unit)) {
            snprintf(ret_name, DK_UNIT_NAME, "%s", names[i].name);
            return true;
        }
        for (size_t k = 0; k < n && names[i].unit.dimension == DK_UNIT_MONEY; k++) {
            dk_unit per;
            snprintf(ret_name, DK_UNIT_NAME, "%s/%s", names[i].name, names[k].name);
            if (dk_unit_parse(ret_name, strlen(ret_name), &per) && dk_unit_same(unit, &per))
                return true;
        }
    }
    return false;
}

bool dk_unit_parse_said(const char *text, size_t size, dk_unit *ret_unit)
{
    static const char *const before[] = {"计量", "单位", ":", "人民币"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        const size_t n = strlen(before[i]);
        if (size > n && memcmp(text, before[i], n) == 0)
            text += n, size -= n;
    }
    return dk_unit_parse(text, size, ret_unit);
}

bool dk_unit_convert(double value, const dk_unit *from, const dk_unit *to, double *ret_value)
{
    if (from->dimension != to->dimension)
        return false;
    const double num = from->num * to->den, den = from->den * to->num;
    if (num == den) {
        *ret_value = value;
        return true;
    }
    /* 1.13 times 10000 is 11299.999999999998 in binary. Fifteen digits are what a double keeps of a decimal number. */
    char digits[40];
    snprintf(digits, sizeof digits, "%.15g", value * num / den);
    *ret_value = strtod(digits, NULL);
    return true;
}
