#include "store/log_hash.h"

#include <string.h>

#include <openssl/evp.h>

bool dk_digest_equal(const dk_digest *a, const dk_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Fetched once: EVP_sha256() would be looked up with each hash. */
void dk_hasher_init(dk_hasher *hasher)
{
    hasher->context = EVP_MD_CTX_new();
    hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher->failed = hasher->context == NULL || hasher->algorithm == NULL;
}

void dk_hasher_finish(dk_hasher *hasher)
{
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->algorithm);
    *hasher = (dk_hasher){.failed = true};
}

dk_digest dk_hasher_sum(dk_hasher *hasher, const void *first, size_t first_size, const void *second, size_t second_size)
{
    dk_digest digest = {{0}};
    unsigned size = 0;
    if (!hasher->failed)
        hasher->failed = EVP_DigestInit_ex2(hasher->context, hasher->algorithm, NULL) != 1 ||
                         EVP_DigestUpdate(hasher->context, first, first_size) != 1 ||
                         (second_size > 0 && EVP_DigestUpdate(hasher->context, second, second_size) != 1) ||
                         EVP_DigestFinal_ex(hasher->context, digest.bytes, &size) != 1 || size != DK_DIGEST_SIZE;
    return hasher->failed ? (dk_digest){{0}} : digest;
}

dk_digest dk_hasher_leaf(dk_hasher *hasher, const void *entry, size_t size)
{
    return dk_hasher_sum(hasher, "\x00", 1, entry, size);
}

dk_digest dk_hasher_node(dk_hasher *hasher, const dk_digest *left, const dk_digest *right)
{
    unsigned char both[1 + 2 * DK_DIGEST_SIZE] = {1};
    memcpy(both + 1, left->bytes, DK_DIGEST_SIZE);
    memcpy(both + 1 + DK_DIGEST_SIZE, right->bytes, DK_DIGEST_SIZE);
    return dk_hasher_sum(hasher, both, sizeof both, NULL, 0);
}
