/* One value of a field: what a source gives, a row holds and an answer shows. */
#ifndef DK_STORE_VALUE_H
#define DK_STORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

dk_value dk_value_null(void);
dk_value dk_value_integer(int64_t integer);
dk_value dk_value_real(double real);
dk_value dk_value_text(const char *text); /* borrowed; NULL gives a null value */
bool dk_value_equal(const dk_value *a, const dk_value *b);

#endif
