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

static double sum_of(size_t n, const double *values)
{
    dk_sum sum = {0};
    for (size_t i = 0; i < n; i++)
        dk_sum_add(&sum, values[i]);
    return dk_sum_decimal(&sum);
}
#define SUM(...) sum_of(sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static void a_sum_of_decimal_numbers_is_one(void **state)
{
    (void)state;
    dk_sum sum = {0}, halves[2] = {{0}};
    for (int i = 1; i <= 1000000; i++) { /* in 万元, to the fen */
        dk_sum_add(&sum, 1.123456);
        dk_sum_add(&halves[i % 2], 1.123456);
        if (i == 3)
            assert_true(dk_sum_decimal(&sum) == 3.370368);
        else if (i == 999999)
            assert_true(dk_sum_decimal(&sum) == 1123454.876544);
    }
    assert_true(dk_sum_decimal(&sum) == 1123456);
    dk_sum_join(&halves[0], &halves[1]);
    assert_true(dk_sum_decimal(&halves[0]) == 1123456);
    assert_true(SUM(0.1, 0.2) == 0.3 && SUM(-0.1, -0.2) == -0.3 && SUM(0.1, 0.1, 0.1, 0.1, 0.1, 0.1) == 0.6);
    assert_true(SUM(0.01, 1e9, -1e9) == 0.01 && SUM(1e9, 0.01, -1e9) == 0.01);
    assert_true(SUM(1234567890123455, 1) == 1234567890123456.0); /* more than fifteen digits, but whole */
    assert_true(SUM(0) == 0 && isnan(SUM(1, (double)NAN)) && isinf(SUM((double)INFINITY, 1)));
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
        cmocka_unit_test(a_sum_of_decimal_numbers_is_one),
        cmocka_unit_test(a_text_that_is_not_there_is_null),
        cmocka_unit_test(texts_compare_by_all_their_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
