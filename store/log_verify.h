/* Whether proofs of a Merkle log hold (RFC 9162 sections 2.1.3.2 and 2.1.4.2): what somebody needs who has no log, only
 * roots that he trusts and what he was given. */
#ifndef DK_STORE_LOG_VERIFY_H
#define DK_STORE_LOG_VERIFY_H

#include "store/log_hash.h"

#include <stdint.h>

#define DK_LOG_SIZE_MAX (INT64_C(1) << 62) /* entries */
#define DK_LOG_PROOF_MAX 64                /* more hashes no proof has in such a tree */

typedef struct dk_log_proof {
    dk_digest hashes[DK_LOG_PROOF_MAX];
    size_t n;
} dk_log_proof;

/* Whether the entry of this hash (dk_hasher_leaf) stands at index, from 0, in the tree of size entries with this root.
 */
bool dk_log_verify_inclusion(dk_hasher *hasher, const dk_digest *entry_hash, int64_t index, int64_t size,
                             const dk_log_proof *proof, const dk_digest *root);

/* Whether the tree of new_size entries begins with all entries of that of old_size. Equal sizes: equal roots and an
 * empty proof. old_size 0: the root of the empty tree, SHA-256 of nothing, and an empty proof. */
bool dk_log_verify_consistency(dk_hasher *hasher, int64_t old_size, const dk_digest *old_root, int64_t new_size,
                               const dk_digest *new_root, const dk_log_proof *proof);

#endif
