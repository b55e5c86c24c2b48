/* A leaf: what stands in the log for a content, and keeps silent about it.
 *
 * leaf = SHA-256(salt || content), with a salt of 256 random bits for each leaf. Who has salt and content can check the
 * leaf; nobody can find other content for it. Once both are erased, the leaf is as good as random: not even who knows
 * all but one digit of the content can try what it was, for the salt cannot be guessed. The leaf, 32 bytes, is the
 * entry of the log (its hash in the tree is SHA-256(0x00 || leaf), store/log_hash.h), so the tree outlives what is
 * erased. */
#ifndef DK_STORE_LOG_LEAF_H
#define DK_STORE_LOG_LEAF_H

#include "store/log_hash.h"
#include "store/status.h"

#define DK_SALT_SIZE 32

typedef struct dk_salt {
    unsigned char bytes[DK_SALT_SIZE];
} dk_salt;

/* From OpenSSL's generator for secrets, which the kernel seeds. Never from anything that is known: DK_INTERNAL if the
 * generator fails. */
dk_status dk_salt_make(dk_salt *ret_salt, dk_error *err);
/* n of them, which costs little more than one; at most 2^20. */
dk_status dk_salts_make(dk_salt *ret_salts, size_t n, dk_error *err);

/* The leaf; look at hasher->failed. */
dk_digest dk_log_leaf(dk_hasher *hasher, const dk_salt *salt, const void *content, size_t size);

#endif
