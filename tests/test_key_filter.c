/* Keys that may have come before. */
#include "store/key_filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool came(dk_key_filter *filter, const char *form, int i)
{
    char key[40];
    const int size = snprintf(key, sizeof key, form, i);
    return dk_key_filter_came(filter, key, (size_t)size);
}

static void each_key_that_came_is_known_and_few_others(void **state)
{
    (void)state;
    enum { N = 200000 };
    dk_key_filter *filter = dk_key_filter_create();
    int taken = 0;
    assert_non_null(filter);
    for (int i = 0; i < N; i++)
        taken += came(filter, "341321-%d", i);
    for (int i = 0; i < N; i++)
        assert_true(came(filter, "341321-%d", i));
    /* Twice 400,000 of 67 million places: at most (0.006)^2 of the rest, 7 of 200,000, by their expectation; ten times
     * that. */
    for (int i = 0; i < N; i++)
        taken += came(filter, "DK%08d", i);
    assert_true(taken < 2 * 70);
    assert_false(dk_key_filter_came(filter, "", 0));
    assert_true(dk_key_filter_came(filter, "", 0));
    dk_key_filter_free(filter);
    dk_key_filter_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_key_that_came_is_known_and_few_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
