/* Tiles of a log as they are served and mirrored (C2SP tlog-tiles): names, sizes and the bundles of entries.
 *
 * Tile n of level l holds up to 256 hashes; hash i of it is that of the entries from (256 n + i) 256^l on, 256^l of
 * them. Only complete ones stand there, so a tile only ever grows, and a narrower one is the beginning of a wider. */
#ifndef DK_STORE_LOG_TILE_H
#define DK_STORE_LOG_TILE_H

#include "store/buf.h"

#define DK_LOG_TILE_HEIGHT 8
#define DK_LOG_TILE_WIDTH 256
#define DK_LOG_LEVELS 8     /* of a tree of DK_LOG_SIZE_MAX */
#define DK_LOG_ENTRIES (-1) /* the level of a bundle: the entries that tile n of level 0 has the hashes of */
#define DK_LOG_TILE_PATH 64 /* bytes that suffice for a path and its NUL */

typedef struct dk_log_tile {
    int level; /* 0 to DK_LOG_LEVELS - 1, or DK_LOG_ENTRIES */
    int64_t index;
    unsigned width; /* hashes or entries: 1 to 256, less of a partial tile */
} dk_log_tile;

/* "tile/0/x001/x234/067", "tile/0/x001/x234/067.p/8", "tile/entries/000.p/1". */
void dk_log_tile_path(const dk_log_tile *tile, char ret_path[DK_LOG_TILE_PATH]);
/* Reads one; false: any other text, also one that names a tile in another way than the above. */
bool dk_log_tile_read_path(const char *path, size_t size, dk_log_tile *ret_tile);

/* How wide a tile is in a tree of this size: 0 where there is none. */
unsigned dk_log_tile_width(int level, int64_t index, int64_t size);

/* A bundle is entries with their length in front, 16 bits, the high byte first. Appends one; false: longer than 65535.
 */
bool dk_log_bundle_add(dk_buf *bundle, const void *entry, size_t size);
/* Reads the next one at *at, not beyond end, and advances *at. false: it is cut off. */
bool dk_log_bundle_next(const unsigned char **at, const unsigned char *end, const unsigned char **ret_entry,
                        size_t *ret_size);

#endif
