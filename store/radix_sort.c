#include "store/radix_sort.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    DIGITS = 8, /* of 8 bits */
    VALUES = 256,
    MOST_WORDS = 4, /* of an item */
    FEW = 48        /* items that are put in place one by one */
};

static inline uint64_t number_of(const uint64_t *item, size_t offset, dk_radix_key key)
{
    uint64_t number;
    uint32_t half;
    const unsigned char *at = (const unsigned char *)item + offset;
    if (key == DK_RADIX_U32) {
        memcpy(&half, at, sizeof half);
        return half;
    }
    memcpy(&number, at, sizeof number);
    return key == DK_RADIX_I64 ? number ^ (uint64_t)1 << 63 : number;
}

static void insert_each(uint64_t *items, size_t n, size_t words, size_t offset, dk_radix_key key)
{
    uint64_t item[MOST_WORDS];
    for (size_t i = 1; i < n; i++) {
        const uint64_t number = number_of(items + i * words, offset, key);
        size_t to = i;
        while (to > 0 && number_of(items + (to - 1) * words, offset, key) > number)
            to--;
        if (to == i)
            continue;
        memcpy(item, items + i * words, words * 8);
        memmove(items + (to + 1) * words, items + to * words, (i - to) * words * 8);
        memcpy(items + to * words, item, words * 8);
    }
}

/* Inlined for each number of words, so that an item is copied in as many moves. */
static inline __attribute__((always_inline)) void deal(const uint64_t *from, uint64_t *to, size_t n, size_t words,
                                                       size_t offset, dk_radix_key key, unsigned shift,
                                                       size_t places[VALUES])
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t *item = from + i * words;
        uint64_t *const place = to + places[number_of(item, offset, key) >> shift & (VALUES - 1)]++ * words;
        for (size_t w = 0; w < words; w++)
            place[w] = item[w];
    }
}

static void deal_words(const uint64_t *from, uint64_t *to, size_t n, size_t words, size_t offset, dk_radix_key key,
                       unsigned shift, size_t places[VALUES])
{
    switch (words) {
    case 1:
        deal(from, to, n, 1, offset, key, shift, places);
        break;
    case 2:
        deal(from, to, n, 2, offset, key, shift, places);
        break;
    case 3:
        deal(from, to, n, 3, offset, key, shift, places);
        break;
    default:
        deal(from, to, n, words, offset, key, shift, places);
    }
}

bool dk_radix_sort(void *items, size_t n, size_t size, size_t offset, dk_radix_key key)
{
    const size_t words = size / 8;
    uint64_t *from = items, *const room = n > FEW ? malloc(n * size) : NULL, *to = room;
    size_t counts[DIGITS][VALUES] = {{0}};
    bool in_order = true;
    if (n <= FEW) {
        insert_each(from, n, words, offset, key);
        return true;
    }
    uint64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t number = number_of(from + i * words, offset, key);
        in_order &= number >= before;
        before = number;
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d][number >> 8 * d & (VALUES - 1)]++;
    }
    if (in_order || room == NULL) {
        free(room);
        return in_order;
    }
    for (unsigned d = 0; d < DIGITS; d++) {
        if (counts[d][before >> 8 * d & (VALUES - 1)] == n)
            continue;
        size_t place = 0;
        for (size_t v = 0; v < VALUES; v++) {
            const size_t count = counts[d][v];
            counts[d][v] = place;
            place += count;
        }
        deal_words(from, to, n, words, offset, key, 8 * d, counts[d]);
        uint64_t *const dealt = to;
        to = from;
        from = dealt;
    }
    if (from != items)
        memcpy(items, from, n * size);
    free(room);
    return true;
}
