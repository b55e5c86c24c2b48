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

static inline uint64_t dk_hash_read8(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

static inline uint64_t dk_hash_read4(const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, 4);
    return word;
}

static inline uint64_t dk_hash64(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *at = data;
    uint64_t hash = seed ^ 0x9e3779b97f4a7c15u, left = size;
    for (; left > 16; left -= 16, at += 16)
        hash = dk_hash_mix(dk_hash_read8(at) ^ 0xa0761d6478bd642fu, dk_hash_read8(at + 8) ^ hash);
    /* The rest in two words, which may overlap: never a copy of variable size. */
    uint64_t a = 0, b = 0;
    if (left >= 8) {
        a = dk_hash_read8(at);
        b = dk_hash_read8(at + left - 8);
    } else if (left >= 4) {
        a = dk_hash_read4(at);
        b = dk_hash_read4(at + left - 4);
    } else if (left > 0) {
        a = (uint64_t)at[0] << 16 | (uint64_t)at[left / 2] << 8 | at[left - 1];
    }
    hash = dk_hash_mix(a ^ 0xe7037ed1a0b428dbu, b ^ hash);
    return dk_hash_mix(hash ^ 0x8ebc6af09c88c6e3u, size ^ 0x589965cc75374cc3u);
}

/* 128 bits for entity tags, of two halves of which neither follows from the other: two chains that run side by side,
 * each over one half of every 32 bytes. */
static inline void dk_hash128(const void *data, size_t size, uint64_t ret_hash[2])
{
    const unsigned char *at = data;
    uint64_t a = 0x9e3779b97f4a7c15u, b = 0xd6e8feb86659fd93u;
    size_t left = size;
    for (; left > 32; left -= 32, at += 32) {
        a = dk_hash_mix(dk_hash_read8(at) ^ 0xa0761d6478bd642fu, dk_hash_read8(at + 8) ^ a);
        b = dk_hash_mix(dk_hash_read8(at + 16) ^ 0xe7037ed1a0b428dbu, dk_hash_read8(at + 24) ^ b);
    }
    ret_hash[0] = dk_hash64(at, left, dk_hash_mix(a ^ 0x8ebc6af09c88c6e3u, b ^ size));
    ret_hash[1] = dk_hash64(at, left, dk_hash_mix(b ^ 0x589965cc75374cc3u, a ^ size));
}

#endif
