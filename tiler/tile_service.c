#include "tiler/tile_service.h"

#include "store/coarse.h"
#include "store/index.h"
#include "tiler/conditions.h"
#include "tiler/response.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Makes the answer of an entry that nobody has. */
static bool make(dk_pool *pool, dk_tile_cache *cache, dk_context *ctx, dk_coding coding, dk_tile_entry *entry)
{
    if (dk_pool_take_reading(pool, 0, &ctx->worker, &ctx->error) != DK_OK)
        return false;
    bool made = dk_get_tile(ctx) == DK_OK;
    dk_store_read_end(ctx->worker->store);
    entry->status = ctx->answer.status != 0 ? ctx->answer.status : MHD_HTTP_OK;
    made = made && dk_respond_prepare(ctx, coding, &entry->full, &entry->not_modified, entry->etag, &entry->body,
                                      &entry->body_size);
    if (made)
        dk_tile_cache_put(cache, entry, ctx->answer.kinds, ctx->answer.generation);
    dk_pool_give(pool, ctx->worker);
    ctx->worker = NULL;
    return made;
}

/* The bytes of a tile out of the cache have mostly left the processor's own. They come back while libmicrohttpd writes
 * the headers, instead of line by line while the system copies them; those of a long one follow by themselves. So do
 * those of its headers, which libmicrohttpd keeps as a list: it was made with the response and lies mostly behind it.
 */
static void fetch_ahead(const dk_tile_entry *entry)
{
    enum { LINE = 64, MOST = 12 << 10, HEADERS = 28 * LINE };
    const char *response = (const char *)entry->full, *body = entry->body;
    const size_t n = entry->body_size < MOST ? entry->body_size : MOST;
    for (size_t i = 0; i < HEADERS; i += LINE)
        __builtin_prefetch(response + i, 0, 3);
    for (size_t i = 0; i < n; i += LINE)
        __builtin_prefetch(body + i, 0, 2);
}

bool dk_tile_serve(dk_pool *pool, dk_tile_cache *cache, struct MHD_Connection *connection, dk_context *ctx,
                   const char *accept_encoding, enum MHD_Result *ret_result)
{
    dk_tile_request request;
    dk_tile_entry *entry = NULL;
    if (ctx->viewer.audience != DK_PUBLIC || dk_tile_request_parse(ctx->request, &request, &ctx->error) != DK_OK ||
        request.filtered)
        return false;
    const dk_coding coding = dk_best_coding(accept_encoding);
    const dk_cache_result result = dk_tile_cache_begin(cache, &request, coding, &entry);
    if (result == DK_CACHE_NONE)
        return false;
    if (result == DK_CACHE_MISS && !make(pool, cache, ctx, coding, entry)) {
        dk_tile_cache_fail(cache, entry);
        ctx->answer = (dk_answer){0};
        return false;
    }
    /* A small tile is kept as it is. Who refuses that has it coded each time, without the cache. */
    if (coding != DK_IDENTITY && entry->body_size > 0 && strchr(entry->etag, '-') == NULL &&
        dk_refuses_identity(accept_encoding)) {
        dk_tile_cache_release(cache, entry);
        ctx->answer = (dk_answer){0};
        return false;
    }
    if (dk_client_wants_other(connection, entry->etag)) {
        *ret_result = dk_respond_other(connection, false);
    } else if (entry->not_modified != NULL && dk_client_has(connection, entry->etag)) {
        *ret_result = MHD_queue_response(connection, MHD_HTTP_NOT_MODIFIED, entry->not_modified);
    } else {
        if (result == DK_CACHE_HIT)
            fetch_ahead(entry);
        *ret_result = MHD_queue_response(connection, entry->status, entry->full);
    }
    dk_tile_cache_release(cache, entry);
    return true;
}

/* ---- watching ---- */

/* A look costs a few microseconds; a publication is seen within this time. */
enum { LOOK_MILLISECONDS = 10 };

struct dk_tile_watch {
    const char *path;
    dk_tile_cache *cache;
    dk_store *store;
    pthread_mutex_t mutex; /* one look at a time */
    dk_generation seen;
    int64_t rebuilt;      /* dk_index_rebuilt, when it was seen */
    _Atomic int64_t told; /* seen.number, once the cache knows all about it */
    pthread_t thread;
    atomic_bool stopping;
    dk_touched_box *boxes;
    size_t n_boxes, capacity;
    bool overflow;
};

static void note_box(const dk_kind *layer, const dk_world_box *touched, void *user)
{
    dk_tile_watch *watch = user;
    dk_world_box wide = *touched;
    if (layer->public_coarse > 0) /* what the cached tiles show reaches beyond what is stored */
        dk_coarse_widen(&wide, layer->public_coarse);
    if (!dk_grow(&watch->boxes, &watch->capacity, watch->n_boxes + 1, sizeof *watch->boxes))
        watch->overflow = true;
    else
        watch->boxes[watch->n_boxes++] = (dk_touched_box){(unsigned)layer->index, wide};
}

/* Tells the cache what a new generation has changed, and when the index was built anew. */
static void look(dk_tile_watch *watch)
{
    dk_error error;
    dk_generation now;
    int64_t rebuilt;
    bool known = false;
    if (watch->store == NULL && dk_store_open(watch->path, DK_READ, &watch->store, &error) != DK_OK) {
        watch->store = NULL;
        return;
    }
    if (dk_index_rebuilt(watch->store, &rebuilt, &error) == DK_OK && rebuilt != watch->rebuilt) {
        dk_tile_cache_clear(watch->cache);
        watch->rebuilt = rebuilt;
    }
    if (dk_store_generation_info(watch->store, &now, &error) != DK_OK || now.number == watch->seen.number)
        return;
    watch->n_boxes = 0;
    watch->overflow = false;
    if (now.catalogue != watch->seen.catalogue) {
        dk_store_close(watch->store); /* opened anew with the catalogue in force */
        watch->store = NULL;
    } else if (dk_index_touched(watch->store, watch->seen.number, now.number, note_box, watch, &known, &error) !=
               DK_OK) {
        known = false;
    }
    dk_tile_cache_touch(watch->cache, now.number, watch->boxes, known && !watch->overflow ? watch->n_boxes : SIZE_MAX);
    watch->seen = now;
    atomic_store(&watch->told, now.number);
}

void dk_tile_watch_reach(int64_t generation, void *user)
{
    dk_tile_watch *watch = user;
    if (atomic_load(&watch->told) >= generation)
        return;
    pthread_mutex_lock(&watch->mutex);
    if (atomic_load(&watch->told) < generation)
        look(watch);
    pthread_mutex_unlock(&watch->mutex);
}

static void *run(void *user)
{
    dk_tile_watch *watch = user;
    const struct timespec pause = {0, LOOK_MILLISECONDS * 1000000L};
    while (!atomic_load(&watch->stopping)) {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&watch->mutex);
        look(watch);
        pthread_mutex_unlock(&watch->mutex);
    }
    return NULL;
}

dk_status dk_tile_watch_start(const char *store_path, dk_tile_cache *cache, dk_tile_watch **ret_watch, dk_error *err)
{
    dk_tile_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    watch->path = store_path;
    watch->cache = cache;
    pthread_mutex_init(&watch->mutex, NULL);
    dk_status status = dk_store_open(store_path, DK_READ, &watch->store, err);
    if (status == DK_OK)
        status = dk_store_generation_info(watch->store, &watch->seen, err);
    if (status == DK_OK)
        status = dk_index_rebuilt(watch->store, &watch->rebuilt, err);
    if (status == DK_OK)
        atomic_init(&watch->told, watch->seen.number);
    if (status == DK_OK && pthread_create(&watch->thread, NULL, run, watch) != 0)
        status = dk_fail(err, DK_INTERNAL, "no thread can be started");
    if (status != DK_OK) {
        dk_store_close(watch->store);
        pthread_mutex_destroy(&watch->mutex);
        free(watch);
        return status;
    }
    *ret_watch = watch;
    return DK_OK;
}

void dk_tile_watch_stop(dk_tile_watch *watch)
{
    if (watch == NULL)
        return;
    atomic_store(&watch->stopping, true);
    pthread_join(watch->thread, NULL);
    dk_store_close(watch->store);
    pthread_mutex_destroy(&watch->mutex);
    free(watch->boxes);
    free(watch);
}
