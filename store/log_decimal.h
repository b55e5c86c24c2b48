/* Numbers in the texts of a log: decimal digits and nothing else, no zero in front. */
#ifndef DK_STORE_LOG_DECIMAL_H
#define DK_STORE_LOG_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* false: another text, or more than max. */
static inline bool dk_log_decimal(const char *text, size_t size, int64_t max, int64_t *ret_value)
{
    int64_t value = 0;
    if (size == 0 || (size > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < size; i++) {
        const int digit = text[i] - '0';
        if (digit < 0 || digit > 9 || value > (max - digit) / 10)
            return false;
        value = 10 * value + digit;
    }
    *ret_value = value;
    return true;
}

#endif
