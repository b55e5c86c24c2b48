/* The Merkle tree of a log (RFC 9162 section 2.1) over tiles that somebody keeps: entries are only added, any earlier
 * size keeps its root, and both kinds of proofs are made of tiles (C2SP tlog-tiles).
 *
 * Who keeps the tiles is behind two functions: tables of the store (store/log_table.h), memory (store/log_memory.h), or
 * a mirrored folder. What belongs to one addition must be kept together or not at all: that is theirs, e.g. by a
 * transaction of the caller.
 *
 * A tree may be used by one thread at a time; several may read one log. */
#ifndef DK_STORE_LOG_TREE_H
#define DK_STORE_LOG_TREE_H

#include "store/log_tile.h"
#include "store/log_verify.h"
#include "store/status.h"

typedef struct dk_log_storage {
    /* The first tile->width hashes of a tile, of level 0 or above; that many were written. DK_CORRUPT: there are fewer.
     */
    dk_status (*read)(void *user, const dk_log_tile *tile, dk_digest *ret_hashes, dk_error *err);
    /* Keeps these tile->width hashes, in place of a narrower tile, whose hashes are the first of these. */
    dk_status (*write)(void *user, const dk_log_tile *tile, const dk_digest *hashes, dk_error *err);
    void *user;
} dk_log_storage;

typedef struct dk_log_tree dk_log_tree;

/* storage is copied; it holds a tree of this size. Caller closes. */
dk_status dk_log_tree_open(const dk_log_storage *storage, int64_t size, dk_log_tree **ret_tree, dk_error *err);
void dk_log_tree_close(dk_log_tree *tree); /* NULL-safe */
int64_t dk_log_tree_size(const dk_log_tree *tree);
/* For a reader: somebody else has added entries, or the caller has taken an addition back. */
void dk_log_tree_resize(dk_log_tree *tree, int64_t size);
/* What it hashes with, for callers who have none. */
dk_hasher *dk_log_tree_hasher(dk_log_tree *tree);

/* Adds entries by their hashes (dk_hasher_leaf). Costs two hashes an entry, and at most one written tile a level beside
 * those that become full, however large the tree is. After a failure the tree is of no use until it is resized to what
 * is kept. DK_LIMIT: no more than DK_LOG_SIZE_MAX. */
dk_status dk_log_tree_add(dk_log_tree *tree, const dk_digest *entry_hashes, size_t n, dk_error *err);

/* Of the first size entries, which are no more than there are (DK_INVALID). */
dk_status dk_log_tree_root(dk_log_tree *tree, int64_t size, dk_digest *ret_root, dk_error *err);
/* That entry index is one of the first size entries. */
dk_status dk_log_tree_inclusion(dk_log_tree *tree, int64_t index, int64_t size, dk_log_proof *ret_proof, dk_error *err);
/* That the first new_size entries begin with the first old_size. */
dk_status dk_log_tree_consistency(dk_log_tree *tree, int64_t old_size, int64_t new_size, dk_log_proof *ret_proof,
                                  dk_error *err);

/* Whether each hash of the tiles above level 0 is that of the tile below it. Tells of each that is not, in one sentence
 * that names the tile and the entries, and goes on. */
dk_status dk_log_tree_check(dk_log_tree *tree, void (*tell)(const char *sentence, void *user), void *user,
                            dk_error *err);

#endif
