/* Oracles: the reference tree of Certificate Transparency (its eight leaves, their roots and proofs are in every
 * implementation's tests), and for all sizes up to 300 the definitions of RFC 9162 section 2.1, written down as they
 * stand there, over OpenSSL's one-shot SHA-256. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include <cmocka.h>

#include "store/log_memory.h"
#include "tests/sampled.h"

/* ---- the definitions of the RFC ---- */

enum { MOST = 300 };

typedef struct definition {
    dk_digest entries[MOST], known[MOST + 1][MOST + 1]; /* MTH(D[low:high]) */
    bool is_known[MOST + 1][MOST + 1];
} definition;

static dk_digest sha(const void *data, size_t size)
{
    dk_digest digest;
    SHA256(data, size, digest.bytes);
    return digest;
}

static dk_digest node(dk_digest left, dk_digest right)
{
    unsigned char both[65] = {1};
    memcpy(both + 1, left.bytes, 32);
    memcpy(both + 33, right.bytes, 32);
    return sha(both, sizeof both);
}

static int largest_power_below(int n)
{
    int k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static dk_digest mth(definition *d, int low, int high)
{
    if (low == high)
        return sha("", 0);
    if (!d->is_known[low][high]) {
        if (high - low == 1) {
            d->known[low][high] = d->entries[low];
        } else {
            const int k = largest_power_below(high - low);
            d->known[low][high] = node(mth(d, low, low + k), mth(d, low + k, high));
        }
        d->is_known[low][high] = true;
    }
    return d->known[low][high];
}

static void path(definition *d, int m, int low, int high, dk_log_proof *proof)
{
    if (high - low <= 1)
        return;
    const int k = largest_power_below(high - low);
    if (m < k) {
        path(d, m, low, low + k, proof);
        proof->hashes[proof->n++] = mth(d, low + k, high);
    } else {
        path(d, m - k, low + k, high, proof);
        proof->hashes[proof->n++] = mth(d, low, low + k);
    }
}

static void subproof(definition *d, int m, int low, int high, bool whole, dk_log_proof *proof)
{
    if (m == high - low) {
        if (!whole)
            proof->hashes[proof->n++] = mth(d, low, high);
        return;
    }
    const int k = largest_power_below(high - low);
    if (m <= k) {
        subproof(d, m, low, low + k, whole, proof);
        proof->hashes[proof->n++] = mth(d, low + k, high);
    } else {
        subproof(d, m - k, low + k, high, false, proof);
        proof->hashes[proof->n++] = mth(d, low, low + k);
    }
}

static void assert_same_proof(const dk_log_proof *a, const dk_log_proof *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->hashes, b->hashes, a->n * sizeof *a->hashes);
}

static dk_digest from_hex(const char *hex)
{
    dk_digest digest;
    for (size_t i = 0; i < DK_DIGEST_SIZE; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        digest.bytes[i] = (unsigned char)byte;
    }
    return digest;
}

/* ---- a log under test ---- */

typedef struct subject {
    dk_log_memory memory;
    dk_log_tree *tree;
    int reads, writes;
    dk_log_storage inner;
} subject;

static dk_status counted_read(void *user, const dk_log_tile *tile, dk_digest *ret_hashes, dk_error *err)
{
    subject *s = user;
    s->reads++;
    return s->inner.read(s->inner.user, tile, ret_hashes, err);
}

static dk_status counted_write(void *user, const dk_log_tile *tile, const dk_digest *hashes, dk_error *err)
{
    subject *s = user;
    s->writes++;
    return s->inner.write(s->inner.user, tile, hashes, err);
}

static void begin(subject *s)
{
    *s = (subject){.reads = 0};
    dk_log_memory_init(&s->memory);
    s->inner = dk_log_memory_storage(&s->memory);
    const dk_log_storage counting = {.read = counted_read, .write = counted_write, .user = s};
    assert_int_equal(dk_log_tree_open(&counting, 0, &s->tree, NULL), DK_OK);
}

static void end(subject *s)
{
    dk_log_tree_close(s->tree);
    dk_log_memory_finish(&s->memory);
}

static dk_digest root_of(subject *s, int64_t size)
{
    dk_digest root;
    assert_int_equal(dk_log_tree_root(s->tree, size, &root, NULL), DK_OK);
    return root;
}

static dk_digest numbered(int64_t i)
{
    char text[40];
    const int n = snprintf(text, sizeof text, "%centry %lld", 0, (long long)i);
    return sha(text, (size_t)n);
}

/* ---- the reference tree ---- */

static const struct {
    const char *bytes;
    size_t size;
    const char *root; /* of the tree that ends with it */
} reference[] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static const struct {
    int number, size; /* inclusion: index; consistency: old size */
    bool inclusion;
    size_t n;
    const char *hashes[3];
} reference_proofs[] = {
    {0, 1, true, 0, {NULL}},
    {0,
     8,
     true,
     3,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     true,
     3,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {1, 1, false, 0, {NULL}},
    {1,
     8,
     false,
     3,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     false,
     3,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     false,
     2,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

static void the_reference_tree_of_certificate_transparency(void **state)
{
    (void)state;
    subject s;
    begin(&s);
    dk_hasher *hasher = dk_log_tree_hasher(s.tree);
    dk_digest root = root_of(&s, 0),
              expected = from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_memory_equal(&root, &expected, sizeof root);
    for (int i = 0; i < 8; i++) {
        const dk_digest hash = dk_hasher_leaf(hasher, reference[i].bytes, reference[i].size);
        assert_int_equal(dk_log_tree_add(s.tree, &hash, 1, NULL), DK_OK);
        root = root_of(&s, i + 1);
        expected = from_hex(reference[i].root);
        assert_memory_equal(&root, &expected, sizeof root);
    }
    for (size_t i = 0; i < sizeof reference_proofs / sizeof *reference_proofs; i++) {
        dk_log_proof given, wanted = {.n = reference_proofs[i].n};
        for (size_t h = 0; h < wanted.n; h++)
            wanted.hashes[h] = from_hex(reference_proofs[i].hashes[h]);
        const int number = reference_proofs[i].number, size = reference_proofs[i].size;
        assert_int_equal(reference_proofs[i].inclusion ? dk_log_tree_inclusion(s.tree, number, size, &given, NULL)
                                                       : dk_log_tree_consistency(s.tree, number, size, &given, NULL),
                         DK_OK);
        assert_same_proof(&given, &wanted);
    }
    end(&s);
}

/* ---- every tree up to 300 entries ---- */

static void every_proof_up_to_300_entries_is_that_of_the_definition(void **state)
{
    (void)state;
    definition *d = calloc(1, sizeof *d);
    assert_non_null(d);
    subject s;
    begin(&s);
    dk_hasher *hasher = dk_log_tree_hasher(s.tree);
    for (int i = 0; i < MOST; i++)
        d->entries[i] = numbered(i);
    /* in batches of 0 to 22 */
    for (int at = 0, batch = 0; at < MOST; batch = (batch + 7) % 23) {
        const int n = batch < MOST - at ? batch : MOST - at;
        assert_int_equal(dk_log_tree_add(s.tree, d->entries + at, (size_t)n, NULL), DK_OK);
        at += n;
    }
    assert_int_equal(dk_log_tree_size(s.tree), MOST);
    for (int size = 0; size <= MOST; size += size < 70 ? 1 : DK_STEP(5)) {
        const dk_digest root = root_of(&s, size), expected = mth(d, 0, size);
        assert_memory_equal(&root, &expected, sizeof root);
        for (int i = 0; i < size; i++) {
            dk_log_proof given, wanted = {.n = 0};
            path(d, i, 0, size, &wanted);
            assert_int_equal(dk_log_tree_inclusion(s.tree, i, size, &given, NULL), DK_OK);
            assert_same_proof(&given, &wanted);
            assert_true(dk_log_verify_inclusion(hasher, &d->entries[i], i, size, &given, &root));
        }
        for (int old = 0; old <= size; old++) {
            dk_log_proof given, wanted = {.n = 0};
            const dk_digest old_root = mth(d, 0, old);
            if (old > 0)
                subproof(d, old, 0, size, true, &wanted);
            assert_int_equal(dk_log_tree_consistency(s.tree, old, size, &given, NULL), DK_OK);
            assert_same_proof(&given, &wanted);
            assert_true(dk_log_verify_consistency(hasher, old, &old_root, size, &root, &given));
        }
    }
    end(&s);
    free(d);
}

/* Flips bits of what is verified, and turns them back; all of them in small trees, every 37th in others. */
#define EACH_FLIP(object, step, refused)                                                                               \
    for (size_t bit = 0; bit < 8 * sizeof(object); bit += (step)) {                                                    \
        ((unsigned char *)&(object))[bit / 8] ^= (unsigned char)(1u << bit % 8);                                       \
        assert_false(refused);                                                                                         \
        ((unsigned char *)&(object))[bit / 8] ^= (unsigned char)(1u << bit % 8);                                       \
    }

static void a_proof_that_was_changed_anywhere_is_refused(void **state)
{
    (void)state;
    subject s;
    begin(&s);
    dk_hasher *hasher = dk_log_tree_hasher(s.tree);
    dk_digest entries[MOST];
    for (int i = 0; i < MOST; i++)
        entries[i] = numbered(i);
    assert_int_equal(dk_log_tree_add(s.tree, entries, MOST, NULL), DK_OK);
    dk_digest roots[MOST + 1];
    for (int i = 0; i <= MOST; i++)
        roots[i] = root_of(&s, i);
    static const int sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 256, 257, 300};
    for (size_t z = 0; z < sizeof sizes / sizeof *sizes; z++) {
        const int size = sizes[z], few = size <= 9 ? 1 : 37;
        dk_digest root = root_of(&s, size);
        for (int i = 0; i<size; i += size> 33 ? 11 : 1) {
            dk_log_proof p;
            dk_digest entry = entries[i];
            assert_int_equal(dk_log_tree_inclusion(s.tree, i, size, &p, NULL), DK_OK);
            for (size_t h = 0; h < p.n; h++)
                EACH_FLIP(p.hashes[h], few, dk_log_verify_inclusion(hasher, &entry, i, size, &p, &root))
            EACH_FLIP(entry, few, dk_log_verify_inclusion(hasher, &entry, i, size, &p, &root))
            EACH_FLIP(root, few, dk_log_verify_inclusion(hasher, &entry, i, size, &p, &root))
            for (int other = -2; other <= size + 2; other++)
                if (other != i)
                    assert_false(dk_log_verify_inclusion(hasher, &entry, other, size, &p, &root));
            /* Of another size: only if it says the same of the path, never with another root. */
            for (int other = i + 1; other <= MOST; other++)
                if (other != size)
                    assert_false(dk_log_verify_inclusion(hasher, &entry, i, other, &p, &roots[other]));
            if (p.n > 0) {
                p.n--;
                assert_false(dk_log_verify_inclusion(hasher, &entry, i, size, &p, &root));
                p.n++;
            }
            p.hashes[p.n++] = root;
            assert_false(dk_log_verify_inclusion(hasher, &entry, i, size, &p, &root));
        }
        for (int old = 1; old<size; old += size> 33 ? 11 : 1) {
            dk_log_proof p;
            dk_digest old_root = root_of(&s, old);
            assert_int_equal(dk_log_tree_consistency(s.tree, old, size, &p, NULL), DK_OK);
            for (size_t h = 0; h < p.n; h++)
                EACH_FLIP(p.hashes[h], few, dk_log_verify_consistency(hasher, old, &old_root, size, &root, &p))
            EACH_FLIP(old_root, few, dk_log_verify_consistency(hasher, old, &old_root, size, &root, &p))
            EACH_FLIP(root, few, dk_log_verify_consistency(hasher, old, &old_root, size, &root, &p))
            for (int other = -2; other <= size + 2; other++)
                if (other != old && other != 0)
                    assert_false(dk_log_verify_consistency(hasher, other, &old_root, size, &root, &p));
            for (int other = old + 1; other <= MOST; other++)
                if (other != size)
                    assert_false(dk_log_verify_consistency(hasher, old, &old_root, other, &roots[other], &p));
            p.n--;
            assert_false(dk_log_verify_consistency(hasher, old, &old_root, size, &root, &p));
            p.n++;
            p.hashes[p.n++] = root;
            assert_false(dk_log_verify_consistency(hasher, old, &old_root, size, &root, &p));
        }
    }
    end(&s);
}

static void sizes_that_no_log_has_are_refused(void **state)
{
    (void)state;
    subject s;
    dk_log_proof proof = {.n = 0};
    dk_digest root, one = numbered(1), empty = sha("", 0);
    dk_error error;
    begin(&s);
    dk_hasher *hasher = dk_log_tree_hasher(s.tree);
    assert_int_equal(dk_log_tree_add(s.tree, &one, 1, NULL), DK_OK);
    assert_int_equal(dk_log_tree_root(s.tree, 2, &root, &error), DK_INVALID);
    assert_string_equal(error.text, "The log has 1 entries, so there is nothing to prove of 2.");
    assert_int_equal(dk_log_tree_root(s.tree, -1, &root, &error), DK_INVALID);
    assert_int_equal(dk_log_tree_inclusion(s.tree, 1, 1, &proof, &error), DK_INVALID);
    assert_int_equal(dk_log_tree_inclusion(s.tree, -1, 1, &proof, &error), DK_INVALID);
    assert_int_equal(dk_log_tree_consistency(s.tree, 1, 2, &proof, &error), DK_INVALID);
    assert_int_equal(dk_log_tree_consistency(s.tree, -1, 1, &proof, &error), DK_INVALID);
    root = root_of(&s, 1);
    /* The empty log has one root; nobody may pass off another for it. */
    assert_true(dk_log_verify_consistency(hasher, 0, &empty, 1, &root, &proof));
    assert_true(dk_log_verify_consistency(hasher, 0, &empty, 0, &empty, &proof));
    assert_false(dk_log_verify_consistency(hasher, 0, &root, 1, &root, &proof));
    assert_false(dk_log_verify_consistency(hasher, 0, &root, 0, &root, &proof));
    assert_false(dk_log_verify_consistency(hasher, -1, &empty, 1, &root, &proof));
    assert_false(dk_log_verify_inclusion(hasher, &one, 0, 0, &proof, &root));
    assert_false(dk_log_verify_inclusion(hasher, &one, INT64_MIN, INT64_MAX, &proof, &root));
    assert_false(dk_log_verify_consistency(hasher, 1, &root, INT64_MAX, &root, &proof));
    end(&s);
}

/* ---- tiles ---- */

/* MTH by a stack of complete subtrees, without any tile. */
static dk_digest root_by_stack(int64_t size)
{
    dk_digest stack[64];
    int n = 0;
    for (int64_t i = 0; i < size; i++) {
        stack[n++] = numbered(i);
        for (int64_t k = i + 1; k % 2 == 0; k /= 2, n--)
            stack[n - 2] = node(stack[n - 2], stack[n - 1]);
    }
    while (n > 1) {
        stack[n - 2] = node(stack[n - 2], stack[n - 1]);
        n--;
    }
    return stack[0];
}

/* The example of tlog-tiles: "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0
 * tile of width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial level 2 tile of width
 * 1". */
static void a_tree_of_seventy_thousand_has_the_tiles_of_the_specification(void **state)
{
    (void)state;
    enum { SIZE = 70000, BATCH = 1000 };
    subject s;
    begin(&s);
    dk_digest *entries = malloc(SIZE * sizeof *entries);
    assert_non_null(entries);
    for (int i = 0; i < SIZE; i++)
        entries[i] = numbered(i);
    for (int at = 0; at < SIZE; at += BATCH)
        assert_int_equal(dk_log_tree_add(s.tree, entries + at, BATCH, NULL), DK_OK);
    /* A batch of 1000 fills at most 4 tiles of level 0 and one above, and leaves a growing one on each of three levels.
     */
    assert_true(s.writes <= SIZE / BATCH * (4 + 1 + 3));
    const dk_digest root = root_of(&s, SIZE), expected = root_by_stack(SIZE);
    assert_memory_equal(&root, &expected, sizeof root);

    assert_int_equal(s.memory.levels[0].n, 273 * 256 + 112);
    assert_int_equal(s.memory.levels[1].n, 256 + 17);
    assert_int_equal(s.memory.levels[2].n, 1);
    assert_int_equal(s.memory.levels[3].n, 0);
    assert_int_equal(dk_log_tile_width(0, 272, SIZE), 256);
    assert_int_equal(dk_log_tile_width(0, 273, SIZE), 112);
    assert_int_equal(dk_log_tile_width(0, 274, SIZE), 0);
    assert_int_equal(dk_log_tile_width(DK_LOG_ENTRIES, 273, SIZE), 112);
    assert_int_equal(dk_log_tile_width(1, 0, SIZE), 256);
    assert_int_equal(dk_log_tile_width(1, 1, SIZE), 17);
    assert_int_equal(dk_log_tile_width(2, 0, SIZE), 1);
    assert_int_equal(dk_log_tile_width(3, 0, SIZE), 0);
    assert_int_equal(dk_log_tile_width(0, 0, 0), 0);
    assert_int_equal(dk_log_tile_width(1, 0, 256), 1);
    assert_int_equal(dk_log_tile_width(0, -1, SIZE), 0);
    assert_int_equal(dk_log_tile_width(0, INT64_MAX, SIZE), 0);

    /* A proof reads a tile a level, and one more where both sides of a split are read. */
    dk_log_proof proof;
    dk_log_tree_resize(s.tree, SIZE);
    s.reads = 0;
    assert_int_equal(dk_log_tree_inclusion(s.tree, 12345, SIZE, &proof, NULL), DK_OK);
    assert_true(s.reads <= 8);
    assert_true(dk_log_verify_inclusion(dk_log_tree_hasher(s.tree), &entries[12345], 12345, SIZE, &proof, &root));

    /* Taking the last entry back and adding another gives another tree of the same size, and nothing that was read of
     * the first is used for it. */
    (void)root_of(&s, SIZE);
    dk_log_tree_resize(s.tree, SIZE - 1);
    assert_int_equal(dk_log_tree_add(s.tree, entries, 1, NULL), DK_OK);
    const dk_digest another = root_of(&s, SIZE);
    assert_memory_not_equal(&another, &root, sizeof root);
    assert_int_equal(dk_log_tree_inclusion(s.tree, SIZE - 1, SIZE, &proof, NULL), DK_OK);
    assert_true(dk_log_verify_inclusion(dk_log_tree_hasher(s.tree), &entries[0], SIZE - 1, SIZE, &proof, &another));

    /* Taking the last batches back and adding others gives the tree of the others. */
    dk_log_tree_resize(s.tree, 65000);
    assert_int_equal(dk_log_tree_add(s.tree, entries, 1, NULL), DK_OK);
    assert_int_equal(dk_log_tree_inclusion(s.tree, 65000, 65001, &proof, NULL), DK_OK);
    const dk_digest other = root_of(&s, 65001);
    assert_true(dk_log_verify_inclusion(dk_log_tree_hasher(s.tree), &entries[0], 65000, 65001, &proof, &other));
    free(entries);
    end(&s);
}

static void ignore(const char *sentence, void *user)
{
    snprintf(user, 256, "%s", sentence);
}

static void a_changed_hash_in_a_tile_is_found_and_named(void **state)
{
    (void)state;
    subject s;
    begin(&s);
    for (int64_t i = 0; i < 1000; i++) {
        const dk_digest hash = numbered(i);
        assert_int_equal(dk_log_tree_add(s.tree, &hash, 1, NULL), DK_OK);
    }
    char said[256] = "";
    assert_int_equal(dk_log_tree_check(s.tree, ignore, said, NULL), DK_OK);
    assert_string_equal(said, "");
    s.memory.levels[0].hashes[300].bytes[5] ^= 1;
    dk_log_tree_resize(s.tree, 0);
    dk_log_tree_resize(s.tree, 1000);
    assert_int_equal(dk_log_tree_check(s.tree, ignore, said, NULL), DK_OK);
    assert_string_equal(
        said, "The log was changed: its entries 256 to 511 (tile/0/001) are not those whose hash level 1 has.");
    end(&s);
}

static void names_of_tiles(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        dk_log_tile tile;
    } good[] = {
        {"tile/0/000", {0, 0, 256}},           {"tile/0/x001/x234/067", {0, 1234067, 256}},
        {"tile/2/x001/067.p/5", {2, 1067, 5}}, {"tile/entries/x001/x234/067.p/255", {DK_LOG_ENTRIES, 1234067, 255}},
        {"tile/7/999", {7, 999, 256}},         {"tile/0/x018/x014/x398/x509/x481/983", {0, 18014398509481983, 256}},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char path_text[DK_LOG_TILE_PATH];
        dk_log_tile tile;
        dk_log_tile_path(&good[i].tile, path_text);
        assert_string_equal(path_text, good[i].path);
        assert_true(dk_log_tile_read_path(good[i].path, strlen(good[i].path), &tile));
        assert_int_equal(tile.level, good[i].tile.level);
        assert_int_equal(tile.index, good[i].tile.index);
        assert_int_equal(tile.width, good[i].tile.width);
    }
    static const char *const bad[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/8/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/x001/x002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000.p/1/",
        " tile/0/000",
        "tile/entries",
        "tile/entries/0",
        "/tile/0/000",
        "tile/8/0/000",
        "tile/0/x001/x001/x001/x001/x001/x001/001",
        "tile/0/-01",
        "tile/0/+01",
        "tile/0/000.p/+1",
        "tile/data/000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        dk_log_tile tile;
        if (dk_log_tile_read_path(bad[i], strlen(bad[i]), &tile))
            fail_msg("taken: %s", bad[i]);
    }
    dk_log_tile tile;
    assert_false(dk_log_tile_read_path("tile/0/000\0", 11, &tile));
}

static void bundles_of_entries(void **state)
{
    (void)state;
    dk_buf bundle;
    dk_buf_init(&bundle);
    char large[300];
    memset(large, 'x', sizeof large);
    assert_true(dk_log_bundle_add(&bundle, "abc", 3));
    assert_true(dk_log_bundle_add(&bundle, "", 0));
    assert_true(dk_log_bundle_add(&bundle, large, sizeof large));
    assert_false(dk_log_bundle_add(&bundle, large, 65536));
    assert_int_equal(bundle.size, 5 + 2 + 302);
    assert_memory_equal(bundle.data,
                        "\x00\x03"
                        "abc"
                        "\x00\x00"
                        "\x01\x2c"
                        "xxx",
                        12);
    const unsigned char *at = bundle.data, *stop = bundle.data + bundle.size, *entry;
    size_t size, n = 0;
    while (dk_log_bundle_next(&at, stop, &entry, &size))
        n++;
    assert_int_equal(n, 3);
    assert_ptr_equal(at, stop);
    at = bundle.data;
    assert_false(dk_log_bundle_next(&at, at + 4, &entry, &size));
    assert_false(dk_log_bundle_next(&at, at + 1, &entry, &size));
    dk_buf_finish(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_tree_of_certificate_transparency),
        cmocka_unit_test(every_proof_up_to_300_entries_is_that_of_the_definition),
        cmocka_unit_test(a_proof_that_was_changed_anywhere_is_refused),
        cmocka_unit_test(sizes_that_no_log_has_are_refused),
        cmocka_unit_test(a_tree_of_seventy_thousand_has_the_tiles_of_the_specification),
        cmocka_unit_test(a_changed_hash_in_a_tile_is_found_and_named),
        cmocka_unit_test(names_of_tiles),
        cmocka_unit_test(bundles_of_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
