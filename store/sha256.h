/* SHA-256 (FIPS 180-4) of bytes that come in pieces, by OpenSSL: the name of a document, and what a source file was. */
#ifndef DK_STORE_SHA256_H
#define DK_STORE_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#define DK_SHA256_HEX 65 /* hexadecimal digits and a NUL */

typedef struct dk_sha256 {
    void *context; /* NULL: it failed */
} dk_sha256;

void dk_sha256_begin(dk_sha256 *hash);
void dk_sha256_add(dk_sha256 *hash, const void *data, size_t size);
/* 64 lower-case hexadecimal digits and the NUL. Ends the use of hash, and must be called. false: out of memory, now or
 * before. */
bool dk_sha256_end(dk_sha256 *hash, char ret_hex[DK_SHA256_HEX]);

#endif
