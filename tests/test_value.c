#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>

#include <cmocka.h>

#include "store/value.h"

static void equal_values_are_of_one_type_and_content(void **state)
{
    (void)state;
    const dk_value values[] = {
        dk_value_null(),    dk_value_integer(0), dk_value_integer(1),     dk_value_integer(INT64_MIN),
        dk_value_real(0.0), dk_value_real(1.0),  dk_value_real(INFINITY), dk_value_real((double)NAN),
        dk_value_text(""),  dk_value_text("1"),  dk_value_text("10"),
    };
    const size_t n = sizeof values / sizeof *values;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            assert_int_equal(dk_value_equal(&values[i], &values[k]), i == k);
}

static void a_text_that_is_not_there_is_null(void **state)
{
    (void)state;
    assert_int_equal(dk_value_text(NULL).type, DK_NULL);
}

static void texts_compare_by_all_their_bytes(void **state)
{
    (void)state;
    const dk_value a = {.type = DK_TEXT, .text = {"a\0b", 3}}, b = {.type = DK_TEXT, .text = {"a\0c", 3}};
    const dk_value copy = {.type = DK_TEXT, .text = {"a\0b", 3}};
    assert_false(dk_value_equal(&a, &b));
    assert_true(dk_value_equal(&a, &copy));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_are_of_one_type_and_content),
        cmocka_unit_test(a_text_that_is_not_there_is_null),
        cmocka_unit_test(texts_compare_by_all_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
