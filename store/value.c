#include "store/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool dk_value_equal(const dk_value *a, const dk_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case DK_NULL:
        return true;
    case DK_INTEGER:
        return a->integer == b->integer;
    case DK_REAL:
        /* two values that are no number are the same value of a row, although not equal in arithmetic */
        return a->real == b->real || (a->real != a->real && b->real != b->real);
    case DK_TEXT:
        return a->text.size == b->text.size &&
               (a->text.size == 0 || memcmp(a->text.data, b->text.data, a->text.size) == 0);
    }
    return false;
}

void dk_sum_add(dk_sum *sum, double value)
{
    const double both = sum->sum + value;
    sum->lost += fabs(sum->sum) >= fabs(value) ? sum->sum - both + value : value - both + sum->sum;
    sum->sum = both;
}

void dk_sum_join(dk_sum *sum, const dk_sum *other)
{
    dk_sum_add(sum, other->sum);
    sum->lost += other->lost;
}

double dk_sum_decimal(const dk_sum *sum)
{
    const double value = sum->sum + sum->lost;
    char digits[40];
    if (!isfinite(value))
        return sum->sum;
    if (rint(value) == value)
        return value;
    snprintf(digits, sizeof digits, "%.15g", value);
    return strtod(digits, NULL);
}
