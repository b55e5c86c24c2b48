#include "store/log_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = DK_LOG_TILE_WIDTH, HEIGHT = DK_LOG_TILE_HEIGHT };

/* A tile in memory: of what was read last, or the growing one at the right edge. */
typedef struct held {
    dk_log_tile tile; /* width 0: none */
    dk_digest hashes[WIDTH];
    /* Of what was read: nodes between its hashes and its root, made when they are asked for. Node i of height h above
     * the hashes is at (WIDTH >> h) + i. */
    dk_digest inner[WIDTH];
    bool known[WIDTH];
} held;

struct dk_log_tree {
    dk_log_storage storage;
    dk_hasher hasher;
    int64_t size;
    bool failed; /* an addition ended half-way */
    held last[DK_LOG_LEVELS], edge[DK_LOG_LEVELS];
};

dk_status dk_log_tree_open(const dk_log_storage *storage, int64_t size, dk_log_tree **ret_tree, dk_error *err)
{
    dk_log_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    tree->storage = *storage;
    tree->size = size;
    dk_hasher_init(&tree->hasher);
    *ret_tree = tree;
    return DK_OK;
}

void dk_log_tree_close(dk_log_tree *tree)
{
    if (tree == NULL)
        return;
    dk_hasher_finish(&tree->hasher);
    free(tree);
}

int64_t dk_log_tree_size(const dk_log_tree *tree)
{
    return tree->size;
}

void dk_log_tree_resize(dk_log_tree *tree, int64_t size)
{
    tree->failed = false;
    for (int level = 0; level < DK_LOG_LEVELS; level++) {
        tree->edge[level].tile.width = 0;
        if (size < tree->size)
            tree->last[level].tile.width = 0; /* what was taken back may come again as something else */
    }
    tree->size = size;
}

dk_hasher *dk_log_tree_hasher(dk_log_tree *tree)
{
    return &tree->hasher;
}

static dk_status hashed(const dk_log_tree *tree, dk_error *err)
{
    return tree->hasher.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* ---- adding ---- */

/* The root of a full tile, whose hashes are used up. */
static dk_digest fold(dk_hasher *hasher, dk_digest *hashes)
{
    for (size_t n = WIDTH; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            hashes[i] = dk_hasher_node(hasher, &hashes[2 * i], &hashes[2 * i + 1]);
    return hashes[0];
}

static dk_status write_edge(dk_log_tree *tree, int level, dk_error *err)
{
    const held *edge = &tree->edge[level];
    return tree->storage.write(tree->storage.user, &edge->tile, edge->hashes, err);
}

/* The tiles at the right edge, as they are before an addition. Where a level's last tile is full, its next one is
 * empty. */
static dk_status load_edges(dk_log_tree *tree, dk_error *err)
{
    dk_status status = DK_OK;
    for (int level = 0; level < DK_LOG_LEVELS && status == DK_OK; level++) {
        const int64_t hashes = tree->size >> (level * HEIGHT);
        held *edge = &tree->edge[level];
        const dk_log_tile tile = {level, hashes / WIDTH, (unsigned)(hashes % WIDTH)};
        const bool known = edge->tile.width > 0 && edge->tile.width == tile.width && edge->tile.index == tile.index;
        edge->tile = tile;
        if (tile.width > 0 && !known)
            status = tree->storage.read(tree->storage.user, &tile, edge->hashes, err);
    }
    return status;
}

static dk_status add_one(dk_log_tree *tree, const dk_digest *entry_hash, bool *changed, dk_error *err)
{
    dk_status status = DK_OK;
    dk_digest hash = *entry_hash;
    for (int level = 0; level < DK_LOG_LEVELS && status == DK_OK; level++) {
        held *edge = &tree->edge[level];
        edge->hashes[edge->tile.width++] = hash;
        changed[level] = true;
        if (edge->tile.width < WIDTH)
            break;
        status = write_edge(tree, level, err);
        hash = fold(&tree->hasher, edge->hashes);
        edge->tile.width = 0;
        edge->tile.index++;
        changed[level] = false;
    }
    return status;
}

dk_status dk_log_tree_add(dk_log_tree *tree, const dk_digest *entry_hashes, size_t n, dk_error *err)
{
    if (tree->failed)
        return dk_fail(err, DK_INTERNAL, "an addition to the log failed, and was not taken back");
    if (n > (uint64_t)(DK_LOG_SIZE_MAX - tree->size))
        return dk_fail(err, DK_LIMIT, "The log is full.");
    bool changed[DK_LOG_LEVELS] = {false};
    dk_status status = load_edges(tree, err);
    for (size_t i = 0; i < n && status == DK_OK; i++)
        status = add_one(tree, &entry_hashes[i], changed, err);
    for (int level = 0; level < DK_LOG_LEVELS && status == DK_OK; level++)
        if (changed[level])
            status = write_edge(tree, level, err);
    if (status == DK_OK)
        status = hashed(tree, err);
    if (status == DK_OK)
        tree->size += (int64_t)n;
    else
        tree->failed = true;
    return status;
}

/* ---- reading ---- */

/* A tile as wide as the tree has it. */
static dk_status read_tile(dk_log_tree *tree, int level, int64_t index, held **ret_held, dk_error *err)
{
    held *last = &tree->last[level];
    const dk_log_tile tile = {level, index, dk_log_tile_width(level, index, tree->size)};
    if (last->tile.width != tile.width || last->tile.index != index) {
        last->tile.width = 0;
        const dk_status status = tree->storage.read(tree->storage.user, &tile, last->hashes, err);
        if (status != DK_OK)
            return status;
        memset(last->known, 0, sizeof last->known);
        last->tile = tile;
    }
    *ret_held = last;
    return DK_OK;
}

static dk_digest inner_node(dk_hasher *hasher, held *of, int height, size_t index)
{
    if (height == 0)
        return of->hashes[index];
    const size_t place = ((size_t)WIDTH >> height) + index;
    if (!of->known[place]) {
        const dk_digest left = inner_node(hasher, of, height - 1, 2 * index),
                        right = inner_node(hasher, of, height - 1, 2 * index + 1);
        of->inner[place] = dk_hasher_node(hasher, &left, &right);
        of->known[place] = true;
    }
    return of->inner[place];
}

/* The hash of the complete subtree of entries from index 2^height on, 2^height of them. */
static dk_status read_node(dk_log_tree *tree, int height, int64_t index, dk_digest *ret_hash, dk_error *err)
{
    const int level = height / HEIGHT, above = height % HEIGHT;
    const int64_t first = index << above; /* hash of the level */
    held *from;
    const dk_status status = read_tile(tree, level, first / WIDTH, &from, err);
    if (status != DK_OK)
        return status;
    const size_t at = (size_t)(first % WIDTH);
    if (at + ((size_t)1 << above) > from->tile.width)
        return dk_fail(err, DK_INTERNAL, "a proof asks for entries that the log does not have");
    *ret_hash = inner_node(&tree->hasher, from, above, at >> above);
    return DK_OK;
}

/* MTH(D[low:high]), where low is a multiple of the least power of two that is no less than high - low: complete
 * subtrees that become smaller to the right. */
static dk_status read_range(dk_log_tree *tree, int64_t low, int64_t high, dk_digest *ret_hash, dk_error *err)
{
    dk_status status = DK_OK;
    dk_digest hash = {{0}}, right = {{0}};
    bool any = false;
    int64_t at = high;
    const uint64_t n = (uint64_t)(high - low);
    for (int height = 0; n >> height != 0 && status == DK_OK; height++) {
        if ((n >> height & 1) == 0)
            continue;
        at -= INT64_C(1) << height;
        status = read_node(tree, height, at >> height, &hash, err);
        right = any ? dk_hasher_node(&tree->hasher, &hash, &right) : hash;
        any = true;
    }
    if (status == DK_OK)
        *ret_hash = right;
    return status;
}

static dk_status check_size(const dk_log_tree *tree, int64_t size, dk_error *err)
{
    if (size < 0 || size > tree->size)
        return dk_fail(err, DK_INVALID, "The log has %" PRId64 " entries, so there is nothing to prove of %" PRId64 ".",
                       tree->size, size);
    return DK_OK;
}

dk_status dk_log_tree_root(dk_log_tree *tree, int64_t size, dk_digest *ret_root, dk_error *err)
{
    dk_digest root;
    dk_status status = check_size(tree, size, err);
    if (status == DK_OK && size == 0)
        root = dk_hasher_sum(&tree->hasher, "", 0, NULL, 0);
    else if (status == DK_OK)
        status = read_range(tree, 0, size, &root, err);
    if (status == DK_OK)
        status = hashed(tree, err);
    if (status == DK_OK)
        *ret_root = root;
    return status;
}

/* The largest power of two below n, for n > 1. */
static int64_t split(int64_t n)
{
    int64_t k = 1;
    while (k < n - k)
        k *= 2;
    return k;
}

static dk_status put(dk_log_tree *tree, dk_log_proof *proof, int64_t low, int64_t high, dk_error *err)
{
    if (proof->n == DK_LOG_PROOF_MAX)
        return dk_fail(err, DK_INTERNAL, "a proof has more hashes than it can have");
    return read_range(tree, low, high, &proof->hashes[proof->n++], err);
}

/* Proofs are found from the root down, and written from below. */
static void finish(dk_log_proof *proof, dk_log_proof *ret_proof)
{
    ret_proof->n = proof->n;
    for (size_t i = 0; i < proof->n; i++)
        ret_proof->hashes[i] = proof->hashes[proof->n - 1 - i];
}

/* Section 2.1.3.1. */
dk_status dk_log_tree_inclusion(dk_log_tree *tree, int64_t index, int64_t size, dk_log_proof *ret_proof, dk_error *err)
{
    dk_log_proof proof = {.n = 0};
    dk_status status = check_size(tree, size, err);
    if (status == DK_OK && (index < 0 || index >= size))
        return dk_fail(err, DK_INVALID, "Entry %" PRId64 " is none of the first %" PRId64 " of the log.", index, size);
    for (int64_t low = 0, high = size; status == DK_OK && high - low > 1;) {
        const int64_t middle = low + split(high - low);
        if (index < middle) {
            status = put(tree, &proof, middle, high, err);
            high = middle;
        } else {
            status = put(tree, &proof, low, middle, err);
            low = middle;
        }
    }
    if (status == DK_OK)
        status = hashed(tree, err);
    if (status == DK_OK)
        finish(&proof, ret_proof);
    return status;
}

/* Section 2.1.4.1. The verifier has the old root, so it is no part of the proof where it is a node of the new tree. */
dk_status dk_log_tree_consistency(dk_log_tree *tree, int64_t old_size, int64_t new_size, dk_log_proof *ret_proof,
                                  dk_error *err)
{
    dk_log_proof proof = {.n = 0};
    dk_status status = check_size(tree, new_size, err);
    if (status == DK_OK && (old_size < 0 || old_size > new_size))
        return dk_fail(err, DK_INVALID, "A log of %" PRId64 " entries is not the beginning of one of %" PRId64 ".",
                       old_size, new_size);
    int64_t low = 0, high = new_size;
    while (status == DK_OK && old_size > 0 && old_size != high) {
        const int64_t middle = low + split(high - low);
        if (old_size <= middle) {
            status = put(tree, &proof, middle, high, err);
            high = middle;
        } else {
            status = put(tree, &proof, low, middle, err);
            low = middle;
        }
    }
    if (status == DK_OK && low > 0)
        status = put(tree, &proof, low, high, err);
    if (status == DK_OK)
        status = hashed(tree, err);
    if (status == DK_OK)
        finish(&proof, ret_proof);
    return status;
}

/* ---- checking ---- */

dk_status dk_log_tree_check(dk_log_tree *tree, void (*tell)(const char *sentence, void *user), void *user,
                            dk_error *err)
{
    dk_status status = DK_OK;
    for (int level = 0; level < DK_LOG_LEVELS; level++)
        tree->last[level].tile.width = 0; /* what is kept now counts, not what was read before */
    for (int level = 1; level < DK_LOG_LEVELS && status == DK_OK; level++) {
        const int64_t n = tree->size >> (level * HEIGHT), covered = INT64_C(1) << (level * HEIGHT);
        for (int64_t i = 0; i < n && status == DK_OK; i++) {
            held *below, *above;
            dk_digest hashes[WIDTH];
            dk_error error;
            status = read_tile(tree, level - 1, i, &below, &error);
            if (status == DK_OK) {
                memcpy(hashes, below->hashes, sizeof hashes);
                status = read_tile(tree, level, i / WIDTH, &above, &error);
            }
            if (status == DK_CORRUPT) {
                tell(error.text, user);
                status = DK_OK;
                continue;
            }
            if (status != DK_OK)
                return dk_fail(err, status, "%s", error.text);
            const dk_digest expected = fold(&tree->hasher, hashes);
            status = hashed(tree, err);
            if (status == DK_OK && !dk_digest_equal(&expected, &above->hashes[i % WIDTH])) {
                char path[DK_LOG_TILE_PATH], sentence[256];
                dk_log_tile_path(&below->tile, path);
                snprintf(sentence, sizeof sentence,
                         "The log was changed: its entries %" PRId64 " to %" PRId64
                         " (%s) are not those whose hash level %d has.",
                         i * covered, (i + 1) * covered - 1, path, level);
                tell(sentence, user);
            }
        }
    }
    return status;
}
