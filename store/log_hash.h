/* The hashes of a Merkle log (RFC 9162 section 2.1.1, as RFC 6962 section 2.1): SHA-256 by OpenSSL, with one byte in
 * front that keeps leaves and nodes apart. */
#ifndef DK_STORE_LOG_HASH_H
#define DK_STORE_LOG_HASH_H

#include <stdbool.h>
#include <stddef.h>

#define DK_DIGEST_SIZE 32

typedef struct dk_digest {
    unsigned char bytes[DK_DIGEST_SIZE];
} dk_digest;

bool dk_digest_equal(const dk_digest *a, const dk_digest *b);

/* A context used again and again: making one costs more than to hash a node. Out of memory is sticky: digests are then
 * zeros, and who uses them must look at failed. */
typedef struct dk_hasher {
    void *context, *algorithm; /* owned */
    bool failed;
} dk_hasher;

void dk_hasher_init(dk_hasher *hasher);
void dk_hasher_finish(dk_hasher *hasher);

/* SHA-256 of one piece behind the other; second may be NULL with size 0. */
dk_digest dk_hasher_sum(dk_hasher *hasher, const void *first, size_t first_size, const void *second,
                        size_t second_size);
/* SHA-256(0x00 || entry): an entry's hash in the tree. */
dk_digest dk_hasher_leaf(dk_hasher *hasher, const void *entry, size_t size);
/* SHA-256(0x01 || left || right). */
dk_digest dk_hasher_node(dk_hasher *hasher, const dk_digest *left, const dk_digest *right);

#endif
