/* A mirrored log: a folder with what a log serves, under its own names: checkpoint, tile/entries/…, tile/0/… and above.
 * Any program that fetches files makes one. Nothing of it is believed before it is checked. */
#ifndef DK_STORE_LOG_MIRROR_H
#define DK_STORE_LOG_MIRROR_H

#include "store/checkpoint.h"
#include "store/log_tile.h"

typedef struct dk_log_mirror_found {
    dk_checkpoint checkpoint; /* of the folder */
    int64_t findings;
} dk_log_mirror_found;

/* Whether the folder's checkpoint is signed by one of the keys, and its root is that of the entries that are there
 * (bundles, or where one is missing the tile of level 0); whether the tiles that are there are those of the entries;
 * and whether the log begins with what an earlier checkpoint says (NULL: none). Keeps 32 bytes of memory an entry.
 * tell: each thing that is not as it must be. DK_INVALID: the folder has no checkpoint that can be read. */
dk_status dk_log_mirror_check(const char *folder, const dk_note_key *keys, size_t n, const dk_checkpoint *earlier,
                              void (*tell)(const char *sentence, void *user), void *user,
                              dk_log_mirror_found *ret_found, dk_error *err);

/* The hashes of the first `width` entries of a bundle, or of a tile of level 0, as it was fetched; it may be wider.
 * false: it is none. */
bool dk_log_mirror_hashes(bool bundle, const unsigned char *data, size_t size, unsigned width, dk_hasher *hasher,
                          dk_digest *ret_hashes);

#endif
