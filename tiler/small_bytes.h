/* Copying and comparing runs of bytes that are mostly short, as names, numbers and rings are: without a call up to 64
 * bytes. A run is covered by pieces of 8 or 16 bytes that may overlap; nothing outside it is read or written. */
#ifndef DK_TILER_SMALL_BYTES_H
#define DK_TILER_SMALL_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void dk_copy_small(unsigned char *to, const unsigned char *from, size_t n)
{
    if (n > 64) {
        memcpy(to, from, n);
    } else if (n >= 16) {
        /* 16, 32 or 48 bytes from the front, then the last 16. */
        memcpy(to, from, 16);
        if (n > 32) {
            memcpy(to + 16, from + 16, 16);
            if (n > 48)
                memcpy(to + 32, from + 32, 16);
        }
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = from[i];
    }
}

static inline uint64_t dk_word_at(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

static inline bool dk_equal_small(const unsigned char *a, const unsigned char *b, size_t n)
{
    if (n > 32 || n < 8)
        return memcmp(a, b, n) == 0;
    uint64_t differs = dk_word_at(a) ^ dk_word_at(b);
    if (n > 16)
        differs |= (dk_word_at(a + 8) ^ dk_word_at(b + 8)) | (dk_word_at(a + n - 16) ^ dk_word_at(b + n - 16));
    return (differs | (dk_word_at(a + n - 8) ^ dk_word_at(b + n - 8))) == 0;
}

#endif
