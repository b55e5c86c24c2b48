/* Workers: what one request needs for itself while it is answered. There are as many as threads, each with its own
 * handle on the store; a request takes one and gives it back. */
#ifndef DK_TILER_STORE_POOL_H
#define DK_TILER_STORE_POOL_H

#include "store/geometry.h"
#include "store/sha256.h"
#include "store/sheet_cache.h"
#include "store/store.h"
#include "tiler/coding.h"
#include "tiler/tile_render.h"

#include <sys/types.h>
#include <time.h>

/* Rows and box of a kind, counted once per generation. */
typedef struct dk_summary {
    int64_t generation;    /* of the figures; -1: none yet */
    int64_t rows, undrawn; /* undrawn: of rows, those without outline yet */
    double bounds[4];
} dk_summary;

/* A document whose bytes were found to be those of its name (document.c). */
#define DK_VERIFIED_FILES 64
typedef struct dk_verified_file {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
    char sha256[DK_SHA256_HEX];
} dk_verified_file;

#define DK_WORKER_KEEPS (4 << 20) /* bytes */
typedef struct dk_worker {
    dk_store *store;
    const dk_catalogue *catalogue; /* of store */
    dk_generation generation;      /* that every part of the answer belongs to */
    dk_summary summaries[DK_MAX_KINDS];
    dk_render *render;
    dk_shape shape;
    dk_buf path; /* of a link under way */
    dk_buf body,
        packed; /* the answer, and its coded form; larger ones than DK_WORKER_KEEPS are not kept for the next */
    dk_coder *coder;
    struct dk_log *log; /* of the store; NULL: not opened yet (publication.c) */
    dk_buf *items;      /* of the catalogue's items what is the same in all dossiers (dossier.c); NULL: not made yet */
    dk_verified_file verified[DK_VERIFIED_FILES];
    size_t next_verified;
    struct dk_worker *next;
} dk_worker;

typedef struct dk_pool dk_pool;

/* Opens the store n times; path and sheets (dk_index_share; NULL: none) are borrowed until dk_pool_free. */
dk_status dk_pool_create(const char *path, size_t n, dk_sheet_cache *sheets, dk_pool **ret_pool, dk_error *err);
void dk_pool_free(dk_pool *pool); /* NULL-safe; all workers must have been given back */
/* reach is called with the generation that a worker notes, before the worker is handed out. To be set before the first
 * is taken. */
void dk_pool_on_take(dk_pool *pool, void (*reach)(int64_t generation, void *user), void *user);

/* Takes a worker, waiting for one if need be, and notes the newest generation in it. A store whose catalogue has
 * changed since is opened anew, so that a stricter audience takes effect at once. On failure there is no worker. */
dk_status dk_pool_take(dk_pool *pool, dk_worker **ret_worker, dk_error *err);
/* The same, and begins reading: worker->store sees one snapshot of the file until dk_store_read_end, which the caller
 * owes before dk_pool_give, and worker->catalogue and worker->generation are those of that very snapshot. So no
 * catalogue that comes meanwhile is mixed with this one's rows. Whoever reads in several snapshots looks at the
 * generation behind each of them (download.c). seconds: of dk_store_read_begin. */
dk_status dk_pool_take_reading(dk_pool *pool, double seconds, dk_worker **ret_worker, dk_error *err);
void dk_pool_give(dk_pool *pool, dk_worker *worker);

/* dk_query_summary, remembered for the worker's generation. */
dk_status dk_worker_summary(dk_worker *worker, const dk_kind *kind, const dk_summary **ret_summary, dk_error *err);

#endif
