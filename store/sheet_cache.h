/* Sheets of the cell index that were read lately, for all handles of a process: a sheet out of memory costs a tenth of
 * one out of SQLite, which walks to its row and copies what does not lie on one page. That a cell has no sheet is kept,
 * too.
 *
 * What a generation sees never changes while its index is not built anew, so sheets are kept for one generation
 * (dk_sheet_stamp), the newest that anybody has read, and given to no other. Bytes are bounded: what came first goes
 * first, and when there is no room left only one in DK_SHEET_CACHE_ONE_IN of what is read is kept, so that many tiles
 * of which none is asked for again drive out little, and cost little. Any thread may call. */
#ifndef DK_STORE_SHEET_CACHE_H
#define DK_STORE_SHEET_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dk_sheet_cache dk_sheet_cache;

/* By what a sheet was seen; the newer one is greater in the first member that differs. */
typedef struct dk_sheet_stamp {
    int64_t generation;
    int64_t rebuilt;   /* how often the index was built anew without a new generation */
    int64_t catalogue; /* the generation of the reader's catalogue, by which layers have their numbers */
} dk_sheet_stamp;

/* limit: bytes of sheets and of what is kept about them; taken from the system as they are needed. Less than
 * DK_SHEET_CACHE_LEAST is taken for that. NULL: out of memory. */
#define DK_SHEET_CACHE_LEAST ((size_t)1 << 20)
dk_sheet_cache *dk_sheet_cache_create(size_t limit);
void dk_sheet_cache_free(dk_sheet_cache *cache); /* NULL-safe; nobody may hold a sheet */

/* The number of a layer's cell: sheet and level as in handle.h. */
static inline uint64_t dk_sheet_place(size_t layer, unsigned sheet, int level, uint64_t cell)
{
    return (uint64_t)layer << 52 | (uint64_t)sheet << 48 | (uint64_t)(unsigned)level << 40 | cell;
}

typedef struct dk_cached_sheet dk_cached_sheet;
/* A sheet that is kept for this stamp, or NULL. It stays the caller's until dk_sheet_cache_release. */
const dk_cached_sheet *dk_sheet_cache_find(dk_sheet_cache *cache, uint64_t place, const dk_sheet_stamp *stamp);
/* Its bytes; none: the cell has no sheet. */
const void *dk_cached_sheet_data(const dk_cached_sheet *sheet, size_t *ret_size);
void dk_sheet_cache_release(const dk_cached_sheet *sheet);
/* Whether what is read now should be put. */
#define DK_SHEET_CACHE_ONE_IN 8
bool dk_sheet_cache_takes(dk_sheet_cache *cache);
/* Copies the bytes; size 0: the cell has no sheet. With the first of a newer stamp all of an older one go. What is too
 * large, is of an older stamp, or finds no room because sheets are in use, is not kept. */
void dk_sheet_cache_put(dk_sheet_cache *cache, uint64_t place, const dk_sheet_stamp *stamp, const void *data,
                        size_t size);

/* hits, misses: cells that dk_sheet_cache_find was asked for. bytes: taken now. */
typedef struct dk_sheet_cache_counts {
    uint64_t hits, misses;
    size_t sheets, bytes;
} dk_sheet_cache_counts;
void dk_sheet_cache_count(dk_sheet_cache *cache, dk_sheet_cache_counts *ret_counts);

#endif
