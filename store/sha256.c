#include "store/sha256.h"

#include <string.h>

/* Constants of FIPS 180-4, 4.2.2 and 5.3.3: fractions of the cube and square roots of the first primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned by)
{
    return word >> by | word << (32 - by);
}

static uint32_t read_word(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_word(uint32_t word, unsigned char *to)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (unsigned char)(word >> (24 - 8 * i));
}

/* One block of 64 bytes: 6.2.2. */
static void add_block(dk_sha256 *hash, const unsigned char *block)
{
    uint32_t *state = hash->state;
    if (hash->instructions) {
        dk_sha256_block_by_instructions(state, round_constants, block);
        return;
    }
    uint32_t schedule[64];
    for (unsigned t = 0; t < 16; t++)
        schedule[t] = read_word(block + (size_t)4 * t);
    for (unsigned t = 16; t < 64; t++) {
        const uint32_t far = schedule[t - 15], near = schedule[t - 2];
        schedule[t] = (rotate(near, 17) ^ rotate(near, 19) ^ near >> 10) + schedule[t - 7] +
                      (rotate(far, 7) ^ rotate(far, 18) ^ far >> 3) + schedule[t - 16];
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (unsigned t = 0; t < 64; t++) {
        const uint32_t choice = (e & f) ^ (~e & g), majority = (a & b) ^ (a & c) ^ (b & c);
        const uint32_t first =
            h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + round_constants[t] + schedule[t];
        const uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const uint32_t v[8] = {a, b, c, d, e, f, g, h};
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

void dk_sha256_begin(dk_sha256 *hash)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, initial, sizeof initial);
    hash->size = 0;
    hash->instructions = dk_sha256_has_instructions();
}

void dk_sha256_add(dk_sha256 *hash, const void *data, size_t size)
{
    const unsigned char *from = data;
    while (size > 0) {
        const size_t filled = (size_t)(hash->size % sizeof hash->block), room = sizeof hash->block - filled;
        if (filled == 0 && size >= room) {
            add_block(hash, from);
            hash->size += room;
            from += room;
            size -= room;
            continue;
        }
        const size_t n = size < room ? size : room;
        memcpy(hash->block + filled, from, n);
        hash->size += n;
        from += n;
        size -= n;
        if (n == room)
            add_block(hash, hash->block);
    }
}

void dk_sha256_end(dk_sha256 *hash, char ret_hex[DK_SHA256_HEX])
{
    /* 5.1.1: a bit 1, zeros up to 8 bytes before the end of a block, the length in bits. */
    static const unsigned char padding[64] = {0x80};
    static const char digits[] = "0123456789abcdef";
    const uint64_t bits = hash->size * 8;
    const size_t filled = (size_t)(hash->size % 64);
    unsigned char length[8];
    write_word((uint32_t)(bits >> 32), length);
    write_word((uint32_t)bits, length + 4);
    dk_sha256_add(hash, padding, filled < 56 ? 56 - filled : 120 - filled);
    dk_sha256_add(hash, length, sizeof length);
    for (unsigned i = 0; i < DK_SHA256_HEX - 1; i++)
        ret_hex[i] = digits[hash->state[i / 8] >> (28 - 4 * (i % 8)) & 15];
    ret_hex[DK_SHA256_HEX - 1] = '\0';
}
