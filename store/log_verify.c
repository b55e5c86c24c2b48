#include "store/log_verify.h"

static bool odd(uint64_t n)
{
    return (n & 1) != 0;
}

/* Both numbers up a tree, past the levels where the first is a left child without a sibling. */
static void climb(uint64_t *fn, uint64_t *sn)
{
    while (!odd(*fn) && *fn != 0) {
        *fn >>= 1;
        *sn >>= 1;
    }
}

bool dk_log_verify_inclusion(dk_hasher *hasher, const dk_digest *entry_hash, int64_t index, int64_t size,
                             const dk_log_proof *proof, const dk_digest *root)
{
    if (index < 0 || size > DK_LOG_SIZE_MAX || index >= size || proof->n > DK_LOG_PROOF_MAX)
        return false;
    uint64_t fn = (uint64_t)index, sn = (uint64_t)size - 1;
    dk_digest r = *entry_hash;
    for (size_t i = 0; i < proof->n; i++) {
        const dk_digest *p = &proof->hashes[i];
        if (sn == 0)
            return false;
        if (odd(fn) || fn == sn) {
            r = dk_hasher_node(hasher, p, &r);
            climb(&fn, &sn);
        } else {
            r = dk_hasher_node(hasher, &r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && !hasher->failed && dk_digest_equal(&r, root);
}

bool dk_log_verify_consistency(dk_hasher *hasher, int64_t old_size, const dk_digest *old_root, int64_t new_size,
                               const dk_digest *new_root, const dk_log_proof *proof)
{
    if (old_size < 0 || old_size > new_size || new_size > DK_LOG_SIZE_MAX || proof->n > DK_LOG_PROOF_MAX)
        return false;
    if (old_size == new_size || old_size == 0) {
        const dk_digest empty = dk_hasher_sum(hasher, "", 0, NULL, 0);
        return proof->n == 0 && !hasher->failed &&
               dk_digest_equal(old_root, old_size == new_size ? new_root : &empty) &&
               (old_size > 0 || dk_digest_equal(old_root, &empty));
    }
    uint64_t fn = (uint64_t)old_size - 1, sn = (uint64_t)new_size - 1;
    while (odd(fn)) {
        fn >>= 1;
        sn >>= 1;
    }
    /* A full tree is a node of the new one; otherwise the proof begins with the largest node that both have. */
    const bool full = fn == 0;
    if (!full && proof->n == 0)
        return false;
    dk_digest fr = full ? *old_root : proof->hashes[0], sr = fr;
    for (size_t i = full ? 0 : 1; i < proof->n; i++) {
        const dk_digest *c = &proof->hashes[i];
        if (sn == 0)
            return false;
        if (odd(fn) || fn == sn) {
            fr = dk_hasher_node(hasher, c, &fr);
            sr = dk_hasher_node(hasher, c, &sr);
            climb(&fn, &sn);
        } else {
            sr = dk_hasher_node(hasher, &sr, c);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && !hasher->failed && dk_digest_equal(&fr, old_root) && dk_digest_equal(&sr, new_root);
}
