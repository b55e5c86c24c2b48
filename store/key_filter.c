#include "store/key_filter.h"

#include "store/hash.h"

#include <stdint.h>
#include <stdlib.h>

enum {
    SIZE_LOG = 26, /* of the bits */
    PLACES = 2     /* of a key: what a hash of 64 bits gives */
};

struct dk_key_filter {
    uint64_t bits[(1 << SIZE_LOG) / 64];
};

dk_key_filter *dk_key_filter_create(void)
{
    return calloc(1, sizeof(dk_key_filter));
}

void dk_key_filter_free(dk_key_filter *filter)
{
    free(filter);
}

/* The place that the lowest bits of a hash say. */
static uint64_t place_of(uint64_t hash)
{
    return hash & ((UINT64_C(1) << SIZE_LOG) - 1);
}

void dk_key_filter_fetch(const dk_key_filter *filter, const char *key, size_t size)
{
    uint64_t hash = dk_hash64(key, size, 0);
    for (int i = 0; i < PLACES; i++, hash >>= SIZE_LOG)
        __builtin_prefetch(&filter->bits[place_of(hash) / 64], 1);
}

bool dk_key_filter_came(dk_key_filter *filter, const char *key, size_t size)
{
    uint64_t hash = dk_hash64(key, size, 0);
    bool came = true;
    for (int i = 0; i < PLACES; i++, hash >>= SIZE_LOG) {
        const uint64_t place = place_of(hash), bit = UINT64_C(1) << place % 64;
        came &= (filter->bits[place / 64] & bit) != 0;
        filter->bits[place / 64] |= bit;
    }
    return came;
}
