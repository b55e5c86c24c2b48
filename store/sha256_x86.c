/* SHA-256 by the instructions that x86 processors have for it since 2016 (Intel SDM, SHA256RNDS2, SHA256MSG1,
 * SHA256MSG2): ten times as fast, so that a gigabyte of sources costs a second. */
#include "store/sha256.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

bool dk_sha256_has_instructions(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1) &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

/* The instructions keep the state as (A, B, E, F) and (C, D, G, H), A and C in the highest words, and make two rounds
 * at once; the schedule comes four words at a time. */
__attribute__((target("sha,ssse3,sse4.1"))) void
dk_sha256_block_by_instructions(uint32_t state[8], const uint32_t constants[64], const unsigned char *block)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
    const __m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    const __m128i abef_before = _mm_alignr_epi8(cdab, efgh, 8), cdgh_before = _mm_blend_epi16(efgh, cdab, 0xF0);
    __m128i abef = abef_before, cdgh = cdgh_before, w[4];
    for (int i = 0; i < 16; i++) {
        __m128i *now = &w[i & 3];
        if (i < 4) {
            *now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)), swap);
        } else {
            const __m128i near = w[(i + 3) & 3]; /* the four words before these, and those before them */
            *now = _mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) & 3]), _mm_alignr_epi8(near, w[(i + 2) & 3], 4));
            *now = _mm_sha256msg2_epu32(*now, near);
        }
        const __m128i k = _mm_loadu_si128((const __m128i *)(const void *)(constants + 4 * i));
        const __m128i sum = _mm_add_epi32(*now, k);
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

#else

bool dk_sha256_has_instructions(void)
{
    return false;
}

void dk_sha256_block_by_instructions(uint32_t state[8], const uint32_t constants[64], const unsigned char *block)
{
    (void)state;
    (void)constants;
    (void)block;
}

#endif
