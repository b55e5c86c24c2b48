#include "store/sha256.h"

#include <openssl/evp.h>

static void fail(dk_sha256 *hash)
{
    EVP_MD_CTX_free(hash->context);
    hash->context = NULL;
}

void dk_sha256_begin(dk_sha256 *hash)
{
    hash->context = EVP_MD_CTX_new();
    if (hash->context != NULL && EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
        fail(hash);
}

void dk_sha256_add(dk_sha256 *hash, const void *data, size_t size)
{
    if (hash->context != NULL && EVP_DigestUpdate(hash->context, data, size) != 1)
        fail(hash);
}

bool dk_sha256_end(dk_sha256 *hash, char ret_hex[DK_SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const bool good = hash->context != NULL && EVP_DigestFinal_ex(hash->context, digest, &size) == 1 && size == 32;
    for (unsigned i = 0; good && i < size; i++) {
        ret_hex[2 * i] = digits[digest[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest[i] & 15];
    }
    ret_hex[good ? 64 : 0] = '\0';
    fail(hash);
    return good;
}
