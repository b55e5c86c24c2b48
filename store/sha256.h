/* SHA-256 (FIPS 180-4): the name of a document is the digest of its bytes. */
#ifndef DK_STORE_SHA256_H
#define DK_STORE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DK_SHA256_HEX 65 /* hexadecimal digits and a NUL */

/* Of bytes that come in pieces; less than 2^61 of them. */
typedef struct dk_sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes so far */
    unsigned char block[64];
    bool instructions; /* the processor has instructions for it (sha256_x86.c) */
} dk_sha256;

void dk_sha256_begin(dk_sha256 *hash);
void dk_sha256_add(dk_sha256 *hash, const void *data, size_t size);
/* 64 lower-case hexadecimal digits and the NUL. Ends the use of hash. */
void dk_sha256_end(dk_sha256 *hash, char ret_hex[DK_SHA256_HEX]);

/* Inside: one block of 64 bytes, by the processor's instructions; asked once a hash whether it has them. */
bool dk_sha256_has_instructions(void);
void dk_sha256_block_by_instructions(uint32_t state[8], const uint32_t constants[64], const unsigned char *block);

#endif
