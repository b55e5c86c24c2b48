/* A fast hash of bytes for tables and entity tags; not for secrets. Eight bytes at a time through a 64 x 64 -> 128
 * bit product, as in wyhash. */
#ifndef DK_STORE_HASH_H
#define DK_STORE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t dk_hash_mix(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t dk_hash_word(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return word;
}

static inline uint64_t dk_hash64(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *at = data;
    uint64_t hash = seed ^ 0x9e3779b97f4a7c15u, left = size;
    for (; left >= 16; left -= 16, at += 16)
        hash = dk_hash_mix(dk_hash_word(at, 8) ^ 0xa0761d6478bd642fu, dk_hash_word(at + 8, 8) ^ hash);
    uint64_t a = 0, b = 0;
    if (left > 8) {
        a = dk_hash_word(at, 8);
        b = dk_hash_word(at + 8, (size_t)left - 8);
    } else {
        a = dk_hash_word(at, (size_t)left);
    }
    hash = dk_hash_mix(a ^ 0xe7037ed1a0b428dbu, b ^ hash);
    return dk_hash_mix(hash ^ 0x8ebc6af09c88c6e3u, size ^ 0x589965cc75374cc3u);
}

#endif
