/* One value of a field: what a source gives, a row holds and an answer shows. */
#ifndef DK_STORE_VALUE_H
#define DK_STORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum dk_value_type { DK_NULL = 0, DK_INTEGER, DK_REAL, DK_TEXT } dk_value_type;

/* Dates are text, YYYY-MM-DD. A text is borrowed: whoever hands out the value says for how long. */
typedef struct dk_value {
    dk_value_type type;
    union {
        int64_t integer;
        double real;
        struct {
            const char *data; /* UTF-8; a NUL follows it */
            size_t size;      /* bytes, without that NUL */
        } text;
    };
} dk_value;

/* Inline, so that each member is written where the value goes: a value that is put together elsewhere and then copied
 * is waited for, and a load makes a dozen for each row. */
static inline dk_value dk_value_null(void)
{
    return (dk_value){.type = DK_NULL, .text = {NULL, 0}};
}
static inline dk_value dk_value_integer(int64_t integer)
{
    return (dk_value){.type = DK_INTEGER, .integer = integer};
}
static inline dk_value dk_value_real(double real)
{
    return (dk_value){.type = DK_REAL, .real = real};
}
/* Borrowed; NULL gives a null value. */
static inline dk_value dk_value_text(const char *text)
{
    return text == NULL ? dk_value_null() : (dk_value){.type = DK_TEXT, .text = {text, strlen(text)}};
}
bool dk_value_equal(const dk_value *a, const dk_value *b);
/* Null, or a text without characters. */
static inline bool dk_value_empty(const dk_value *value)
{
    return value->type == DK_NULL || (value->type == DK_TEXT && value->text.size == 0);
}

/* A sum of numbers that stand for decimal ones, with what its last digits cannot hold (Neumaier), so that of a million
 * amounts the fen is right. {0} is nothing. */
typedef struct dk_sum {
    double sum, lost;
} dk_sum;

void dk_sum_add(dk_sum *sum, double value);
void dk_sum_join(dk_sum *sum, const dk_sum *other);
/* The decimal number that it is: 0.3 of 0.1 and 0.2, which are 0.30000000000000004 as binary fractions. Fifteen digits
 * are what a double keeps of a decimal number; whole numbers stay as they are. */
double dk_sum_decimal(const dk_sum *sum);

#endif
