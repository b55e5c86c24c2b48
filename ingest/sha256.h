/* SHA-256 (FIPS 180-4), for the fingerprints of source files. */
#ifndef DK_INGEST_SHA256_H
#define DK_INGEST_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct dk_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64]; /* what does not fill one yet */
} dk_sha256;

void dk_sha256_begin(dk_sha256 *hash);
void dk_sha256_add(dk_sha256 *hash, const void *data, size_t size);
/* 64 lower-case hexadecimal digits and the NUL. Ends the use of hash. */
void dk_sha256_end(dk_sha256 *hash, char ret_hex[65]);

#endif
