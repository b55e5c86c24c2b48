/* Units of measure as Chinese ledgers write them, and their conversion. */
#ifndef DK_INGEST_UNITS_H
#define DK_INGEST_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/* A unit as a dimension and an exact ratio to that dimension's base (square metre, yuan, yuan per square metre). */
typedef struct dk_unit {
    enum dk_dimension { DK_UNIT_NONE = 0, DK_UNIT_AREA, DK_UNIT_MONEY, DK_UNIT_MONEY_PER_AREA } dimension;
    double num, den; /* 1 unit = num/den of the base */
} dk_unit;

/* Recognises a unit, NFKC-folded text without blanks: 公顷, ha, hm2, 亩, 平方米, m2, 平方公里, km2, 元, 千元, 万元,
 * 亿元, yuan, and one divided by another: 元/亩, 万元/公顷, yuan/mu. false: none of these. */
bool dk_unit_parse(const char *text, size_t size, dk_unit *ret_unit);
bool dk_unit_same(const dk_unit *a, const dk_unit *b);
#define DK_UNIT_NAME 32
/* What to write for a unit, so that dk_unit_parse understands it. false: no name is known. */
bool dk_unit_name(const dk_unit *unit, char ret_name[DK_UNIT_NAME]);
/* The same behind 单位: and 人民币, as in the brackets of 补偿总额（单位：万元）. */
bool dk_unit_parse_said(const char *text, size_t size, dk_unit *ret_unit);
/* The number of `to` units, to 15 digits; false if the dimensions differ. */
bool dk_unit_convert(double value, const dk_unit *from, const dk_unit *to, double *ret_value);

#endif
