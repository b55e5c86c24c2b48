/* Sorting by numbers, against qsort. */
#include "store/radix_sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct item {
    uint64_t wide;
    int64_t whole;
    uint32_t half, number; /* number: where it stood */
} item;

#define COMPARED(field)                                                                                                \
    static int by_##field(const void *a, const void *b)                                                                \
    {                                                                                                                  \
        const item *p = a, *q = b;                                                                                     \
        if (p->field != q->field)                                                                                      \
            return p->field < q->field ? -1 : 1;                                                                       \
        return p->number < q->number ? -1 : p->number > q->number;                                                     \
    }
COMPARED(wide)
COMPARED(whole)
COMPARED(half)

static uint64_t next(uint64_t *state) /* xorshift64 (Marsaglia 2003) */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

static void items_are_in_order_and_equal_ones_as_they_were(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 47, 48, 49, 50, 1000, 70000};
    static const uint64_t masks[] = {0, 1, 0xFF, 0xFFFF00, 0xFF000000FFFF, UINT64_MAX};
    uint64_t seed = 88172645463325252u;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t m = 0; m < sizeof masks / sizeof *masks; m++) {
            const size_t n = sizes[s];
            item *items = calloc(n + 1, sizeof *items), *wanted = calloc(n + 1, sizeof *wanted);
            assert_non_null(items);
            assert_non_null(wanted);
            for (size_t i = 0; i < n; i++)
                items[i] = (item){next(&seed) & masks[m], (int64_t)(next(&seed) & masks[m]) - (int64_t)(masks[m] >> 2),
                                  (uint32_t)(next(&seed) & masks[m]), (uint32_t)i};
            for (int k = 0; k < 3; k++) {
                for (size_t i = 0; i < n; i++)
                    items[i].number = (uint32_t)i;
                memcpy(wanted, items, n * sizeof *items);
                qsort(wanted, n, sizeof *wanted, k == 0 ? by_wide : k == 1 ? by_whole : by_half);
                assert_true(dk_radix_sort(items, n, sizeof *items,
                                          k == 0   ? offsetof(item, wide)
                                          : k == 1 ? offsetof(item, whole)
                                                   : offsetof(item, half),
                                          k == 0   ? DK_RADIX_U64
                                          : k == 1 ? DK_RADIX_I64
                                                   : DK_RADIX_U32));
                assert_memory_equal(items, wanted, n * sizeof *items);
            }
            free(items);
            free(wanted);
        }
}

static void numbers_alone_and_items_of_each_size_too(void **state)
{
    (void)state;
    uint64_t seed = 362436069;
    for (size_t words = 1; words <= 4; words++) {
        const size_t n = 5000;
        uint64_t *items = malloc(n * words * 8), last = 0;
        assert_non_null(items);
        for (size_t i = 0; i < n; i++) {
            items[i * words] = next(&seed) >> 40;
            for (size_t w = 1; w < words; w++)
                items[i * words + w] = items[i * words] * w;
        }
        assert_true(dk_radix_sort(items, n, words * 8, 0, DK_RADIX_U64));
        for (size_t i = 0; i < n; i++) {
            assert_true(items[i * words] >= last);
            last = items[i * words];
            for (size_t w = 1; w < words; w++)
                assert_true(items[i * words + w] == last * w);
        }
        free(items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_in_order_and_equal_ones_as_they_were),
        cmocka_unit_test(numbers_alone_and_items_of_each_size_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
