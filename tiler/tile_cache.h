/* Encoded tiles in memory, each with its answer's headers ready. Only what everyone may see is kept.
 *
 *     dk_tile_cache_begin -> DK_CACHE_HIT: use entry->full or entry->not_modified, then dk_tile_cache_release
 *                            DK_CACHE_MISS: make the answer, then dk_tile_cache_put or dk_tile_cache_fail
 *
 * Of many that ask for one tile that is not there, the first makes it and the others wait for it. Bytes are bounded:
 * the oldest goes, unless it was used since it last was the oldest (second chance), which costs a hit less than an
 * order of use. When the store has a new generation, exactly the tiles go in which something differs, and whoever asks
 * from then on does not wait for a tile whose making began before. */
#ifndef DK_TILER_TILE_CACHE_H
#define DK_TILER_TILE_CACHE_H

#include "tiler/headers.h"
#include "tiler/tile_request.h"

#include <stdatomic.h>

struct MHD_Response;

typedef struct dk_tile_entry {
    struct MHD_Response *full, *not_modified; /* not_modified NULL: it has no entity tag */
    unsigned status;                          /* of full: 200 or 204 */
    const void *body;                         /* full's, body_size bytes; NULL: it has none */
    size_t body_size;
    /* the cache's, but for etag; first what a hit looks at */
    atomic_uint references; /* grows under the shard's lock only */
    struct dk_tile_entry *next;
    uint64_t hash;
    enum { DK_ENTRY_MAKING, DK_ENTRY_READY, DK_ENTRY_FAILED } state;
    dk_coding coding;
    dk_tile_address tile;
    int64_t begun_at;          /* the newest generation told when its making began, */
    unsigned cleared;          /* and how often all tiles had gone */
    bool in_table, kept, used; /* used: since it was the newest */
    char etag[48];
    struct dk_tile_entry *newer, *older;
    size_t bytes;
    uint64_t layers; /* bit i: kind i of the catalogue */
    dk_world_box box;
    size_t layers_size;
    char layer_names[]; /* as asked for */
} dk_tile_entry;

typedef struct dk_tile_cache dk_tile_cache;

typedef enum dk_cache_result {
    DK_CACHE_HIT,
    DK_CACHE_MISS,
    DK_CACHE_NONE /* out of memory, or the one who made it has failed: answer without the cache */
} dk_cache_result;

/* limit: bytes of answers and of what is kept about them. NULL: out of memory. */
dk_tile_cache *dk_tile_cache_create(size_t limit);
void dk_tile_cache_free(dk_tile_cache *cache); /* NULL-safe; nobody may hold an entry */

dk_cache_result dk_tile_cache_begin(dk_tile_cache *cache, const dk_tile_request *request, dk_coding coding,
                                    dk_tile_entry **ret_entry);
/* After DK_CACHE_MISS: full, not_modified, status, body and etag of the entry are set. layers: bits of the kinds that
 * it shows. It is kept unless a newer generation than the one it shows has been told. The entry stays the caller's
 * until dk_tile_cache_release. */
void dk_tile_cache_put(dk_tile_cache *cache, dk_tile_entry *entry, uint64_t layers, int64_t generation);
/* After DK_CACHE_MISS: there is no answer. Releases the entry. */
void dk_tile_cache_fail(dk_tile_cache *cache, dk_tile_entry *entry);
void dk_tile_cache_release(dk_tile_cache *cache, dk_tile_entry *entry);

/* A new generation: where tiles of which kinds differ; the box is without any tile's buffer. n_boxes SIZE_MAX:
 * everywhere. */
typedef struct dk_touched_box {
    unsigned kind;
    dk_world_box box;
} dk_touched_box;
void dk_tile_cache_touch(dk_tile_cache *cache, int64_t generation, const dk_touched_box *boxes, size_t n_boxes);
/* All tiles go, those that are being made too: the generation is the same, and what they were made of is not. */
void dk_tile_cache_clear(dk_tile_cache *cache);

typedef struct dk_cache_counts {
    uint64_t hits, misses, waited, dropped, evicted;
    size_t entries, bytes;
} dk_cache_counts;
void dk_tile_cache_counts(dk_tile_cache *cache, dk_cache_counts *ret_counts);

#endif
