/* Answering tiles for everyone: from the cache, or made once for all who ask. */
#ifndef DK_TILER_TILE_SERVICE_H
#define DK_TILER_TILE_SERVICE_H

#include "tiler/http.h"
#include "tiler/tile_cache.h"

#include <microhttpd.h>

/* Queues the answer to a request whose route is dk_get_tile. false: the general way is to be taken (a viewer who is not
 * the public, an address that is none, a failure): nothing has been queued. */
bool dk_tile_serve(dk_pool *pool, dk_tile_cache *cache, struct MHD_Connection *connection, dk_context *ctx,
                   const char *accept_encoding, enum MHD_Result *ret_result);

/* A thread that watches the store for new generations and tells the cache which tiles they touch. */
typedef struct dk_tile_watch dk_tile_watch;
dk_status dk_tile_watch_start(const char *store_path, dk_tile_cache *cache, dk_tile_watch **ret_watch, dk_error *err);
/* Returns when the cache knows of this generation. With it as a pool's reach, nobody who has seen a publication in any
 * answer gets a tile from before it. user: the watch. */
void dk_tile_watch_reach(int64_t generation, void *user);
void dk_tile_watch_stop(dk_tile_watch *watch); /* NULL-safe */

#endif
