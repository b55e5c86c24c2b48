/* Sheets in memory: what was put is found for as long as its generation is the newest, never anything else, within the
 * bytes that are allowed, by any thread. */
#include "store/sheet_cache.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LARGEST = 60000 };
static const dk_sheet_stamp first = {.generation = 5, .rebuilt = 1, .catalogue = 2};

/* What a cell has in a generation: bytes that follow from both, some of them none. */
static size_t make(uint64_t cell, int64_t generation, unsigned char *ret_data)
{
    const uint64_t random = (cell + (uint64_t)generation * 977 + 1) * UINT64_C(0x9e3779b97f4a7c15);
    const size_t size = random >> 60 < 4 ? 0 : random >> 60 == 15 ? random >> 8 & 0xffff : random >> 8 & 0x7ff;
    const size_t bound = size < LARGEST ? size : LARGEST;
    for (size_t i = 0; i < bound; i++)
        ret_data[i] = (unsigned char)(random >> i % 8 * 8) + (unsigned char)i;
    return bound;
}

static void put(dk_sheet_cache *cache, uint64_t cell, const dk_sheet_stamp *stamp)
{
    unsigned char data[LARGEST];
    const size_t size = make(cell, stamp->generation, data);
    dk_sheet_cache_put(cache, dk_sheet_place(1, 0, 9, cell), stamp, data, size);
}

/* Whether it is there; then with the right bytes. */
static bool has(dk_sheet_cache *cache, uint64_t cell, const dk_sheet_stamp *stamp)
{
    unsigned char data[LARGEST];
    size_t size;
    const dk_cached_sheet *sheet = dk_sheet_cache_find(cache, dk_sheet_place(1, 0, 9, cell), stamp);
    if (sheet == NULL)
        return false;
    const void *found = dk_cached_sheet_data(sheet, &size);
    const bool same = size == make(cell, stamp->generation, data) && memcmp(found, data, size) == 0;
    dk_sheet_cache_release(sheet);
    if (!same)
        abort(); /* threads ask, too */
    return true;
}

static dk_sheet_cache *create(size_t limit)
{
    dk_sheet_cache *cache = dk_sheet_cache_create(limit);
    assert_non_null(cache);
    return cache;
}

static void test_found_as_put(void **state)
{
    (void)state;
    dk_sheet_cache *cache = create(8 << 20);
    for (uint64_t cell = 0; cell < 500; cell++) {
        assert_false(has(cache, cell, &first));
        put(cache, cell, &first);
        assert_true(has(cache, cell, &first));
    }
    for (uint64_t cell = 0; cell < 500; cell++)
        assert_true(has(cache, cell, &first));
    /* The same cell of another layer, sheet or level is another. */
    assert_null(dk_sheet_cache_find(cache, dk_sheet_place(2, 0, 9, 7), &first));
    assert_null(dk_sheet_cache_find(cache, dk_sheet_place(1, 1, 9, 7), &first));
    assert_null(dk_sheet_cache_find(cache, dk_sheet_place(1, 0, 10, 7), &first));
    dk_sheet_cache_counts counts;
    dk_sheet_cache_count(cache, &counts);
    assert_int_equal(counts.sheets, 500);
    assert_int_equal(counts.hits, 1000);
    assert_int_equal(counts.misses, 503);
    dk_sheet_cache_free(cache);
}

static void test_of_the_newest_only(void **state)
{
    (void)state;
    const dk_sheet_stamp later[] = {{5, 2, 2}, {5, 2, 3}, {6, 0, 0}};
    dk_sheet_stamp before = first;
    dk_sheet_cache *cache = create(4 << 20);
    put(cache, 7, &first);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        assert_false(has(cache, 7, &later[i]));
        put(cache, 7, &later[i]);
        assert_true(has(cache, 7, &later[i]));
        /* Whoever still reads the one before goes without. */
        assert_false(has(cache, 7, &before));
        put(cache, 7, &before);
        assert_false(has(cache, 7, &before));
        assert_true(has(cache, 7, &later[i]));
        before = later[i];
    }
    dk_sheet_cache_free(cache);
}

static void test_bounded(void **state)
{
    (void)state;
    const size_t limits[] = {DK_SHEET_CACHE_LEAST, 3 << 20, 20 << 20};
    dk_sheet_cache_free(create(0)); /* taken for the least */
    for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
        dk_sheet_cache *cache = create(limits[k]);
        dk_sheet_cache_counts counts;
        size_t kept = 0;
        uint64_t random = 88172645463325252u;
        for (int i = 0; i < 60000; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            const uint64_t cell = random >> 20 & 0x3fff;
            put(cache, cell, &first);
            kept += has(cache, cell, &first);
            if (i % 100 == 0) {
                dk_sheet_cache_count(cache, &counts);
                assert_true(counts.bytes <= limits[k]);
            }
        }
        assert_int_equal(kept, 60000); /* what has come is there: nobody holds anything */
        assert_true(counts.bytes > limits[k] / 2);
        dk_sheet_cache_free(cache);
    }
}

/* What is larger than its share, and what finds all room in use, is not kept, and nothing that is held changes. */
static void test_in_use(void **state)
{
    (void)state;
    enum { HELD = 4000 };
    unsigned char data[LARGEST];
    dk_sheet_cache *cache = create(DK_SHEET_CACHE_LEAST);
    const dk_cached_sheet *held[HELD];
    size_t n = 0;
    for (uint64_t cell = 0; cell < HELD; cell++) {
        put(cache, cell, &first);
        const dk_cached_sheet *sheet = dk_sheet_cache_find(cache, dk_sheet_place(1, 0, 9, cell), &first);
        if (sheet != NULL)
            held[n++] = sheet;
    }
    assert_in_range(n, 100, HELD - 1);
    const dk_sheet_stamp next = {6, 1, 2};
    put(cache, 1, &next); /* its room is in use, so the generation before stays */
    size_t at = 0;
    for (uint64_t cell = 0; cell < HELD && at < n; cell++) {
        size_t size, wanted = make(cell, first.generation, data);
        const void *found = dk_cached_sheet_data(held[at], &size);
        if (size == wanted && memcmp(found, data, size) == 0)
            at++;
    }
    assert_int_equal(at, n);
    for (size_t i = 0; i < n; i++)
        dk_sheet_cache_release(held[i]);
    put(cache, 1, &next);
    assert_true(has(cache, 1, &next));
    unsigned char *large = calloc(1, DK_SHEET_CACHE_LEAST);
    assert_non_null(large);
    dk_sheet_cache_put(cache, dk_sheet_place(1, 0, 9, 99), &next, large, DK_SHEET_CACHE_LEAST / 2);
    assert_null(dk_sheet_cache_find(cache, dk_sheet_place(1, 0, 9, 99), &next));
    free(large);
    dk_sheet_cache_free(cache);
}

/* While there is room all that is read is taken; then one in so many, until a generation comes. */
static void test_takes_little_when_full(void **state)
{
    (void)state;
    dk_sheet_cache *cache = create(DK_SHEET_CACHE_LEAST);
    uint64_t cell = 0;
    while (dk_sheet_cache_takes(cache) && dk_sheet_cache_takes(cache))
        put(cache, cell++, &first);
    assert_in_range(cell, 100, 5000);
    size_t taken = 0;
    for (int i = 0; i < 100 * DK_SHEET_CACHE_ONE_IN; i++)
        taken += dk_sheet_cache_takes(cache);
    assert_int_equal(taken, 100);
    const dk_sheet_stamp next = {6, 0, 2};
    for (cell = 0; cell < 200; cell++) /* each shard hears of it */
        put(cache, cell, &next);
    for (int i = 0; i < 10; i++)
        assert_true(dk_sheet_cache_takes(cache));
    dk_sheet_cache_free(cache);
}

typedef struct crowd {
    dk_sheet_cache *cache;
    _Atomic int64_t generation;
    atomic_uint started;
} crowd;

static void *ask(void *user)
{
    crowd *c = user;
    uint64_t random = 88172645463325252u + atomic_fetch_add(&c->started, 1) * UINT64_C(0x9e3779b97f4a7c15);
    uintptr_t found = 0;
    for (int i = 0; i < 40000; i++) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        const dk_sheet_stamp stamp = {atomic_load(&c->generation) - (random >> 60 == 0), 0, 0};
        const uint64_t cell = random >> 20 & 0xfff;
        if (has(c->cache, cell, &stamp))
            found++;
        else
            put(c->cache, cell, &stamp);
        if (random >> 50 == 0)
            atomic_fetch_add(&c->generation, 1);
    }
    return (void *)found;
}

static void test_many_threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    crowd c = {.cache = create(2 << 20), .generation = 10};
    pthread_t threads[THREADS];
    uintptr_t found = 0;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &c), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *of_one;
        pthread_join(threads[i], &of_one);
        found += (uintptr_t)of_one;
    }
    assert_true(found > 1000);
    dk_sheet_cache_free(c.cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_as_put),
        cmocka_unit_test(test_of_the_newest_only),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_in_use),
        cmocka_unit_test(test_takes_little_when_full),
        cmocka_unit_test(test_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
