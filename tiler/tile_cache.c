#include "tiler/tile_cache.h"

#include "store/hash.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 32, FIRST_SLOTS = 256 };

/* What an answer's two responses and its headers take besides the body, about. */
enum { OVERHEAD = 2400 };

/* One part in so many is what malloc leaves free between tiles of all sizes that come and go: with 256 MB full of them
 * the server took 40 to 45 MB more than without (tests/bench/memory). */
enum { GAPS = 8 };

typedef struct shard {
    pthread_mutex_t mutex;
    pthread_cond_t made;
    dk_tile_entry **slots;
    size_t n_slots, n_entries, bytes;
    dk_tile_entry *newest, *oldest; /* of those that are kept, as they came or got their second chance */
    dk_cache_counts counts;
} shard;

struct dk_tile_cache {
    size_t limit; /* a shard */
    _Atomic int64_t generation;
    atomic_uint cleared;
    shard shards[SHARDS];
};

dk_tile_cache *dk_tile_cache_create(size_t limit)
{
    dk_tile_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return NULL;
    cache->limit = limit / SHARDS;
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &cache->shards[i];
        pthread_mutex_init(&s->mutex, NULL);
        pthread_cond_init(&s->made, NULL);
        s->slots = calloc(FIRST_SLOTS, sizeof *s->slots);
        s->n_slots = FIRST_SLOTS;
        if (s->slots == NULL) {
            dk_tile_cache_free(cache);
            return NULL;
        }
    }
    return cache;
}

static void free_entry(dk_tile_entry *entry)
{
    if (entry->full != NULL)
        MHD_destroy_response(entry->full);
    if (entry->not_modified != NULL)
        MHD_destroy_response(entry->not_modified);
    free(entry);
}

void dk_tile_cache_free(dk_tile_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &cache->shards[i];
        for (size_t k = 0; s->slots != NULL && k < s->n_slots; k++)
            for (dk_tile_entry *entry = s->slots[k], *next; entry != NULL; entry = next) {
                next = entry->next;
                free_entry(entry);
            }
        free(s->slots);
        pthread_cond_destroy(&s->made);
        pthread_mutex_destroy(&s->mutex);
    }
    free(cache);
}

/* ---- one shard, locked ---- */

static void release(dk_tile_entry *entry)
{
    if (atomic_fetch_sub_explicit(&entry->references, 1, memory_order_acq_rel) == 1)
        free_entry(entry);
}

static void unlink_use(shard *s, dk_tile_entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &s->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &s->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void link_newest(shard *s, dk_tile_entry *entry)
{
    entry->newer = NULL;
    entry->older = s->newest;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = entry;
    s->newest = entry;
}

static void insert(shard *s, dk_tile_entry *entry)
{
    dk_tile_entry **slot = &s->slots[(entry->hash >> 8) & (s->n_slots - 1)];
    entry->next = *slot;
    entry->in_table = true;
    *slot = entry;
    s->n_entries++;
}

/* Takes an entry out of the table; whoever uses it still has it. */
static void take_out(shard *s, dk_tile_entry *entry)
{
    dk_tile_entry **at = &s->slots[(entry->hash >> 8) & (s->n_slots - 1)];
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry->in_table = false;
    s->n_entries--;
    if (entry->kept) {
        unlink_use(s, entry);
        s->bytes -= entry->bytes;
        entry->kept = false;
    }
    release(entry);
}

/* Until no more than the limit is kept; what has just come stays. */
static void make_room(shard *s, size_t limit, const dk_tile_entry *come)
{
    while (s->bytes > limit && s->oldest != s->newest) {
        dk_tile_entry *oldest = s->oldest;
        if (oldest->used || oldest == come) {
            oldest->used = false;
            unlink_use(s, oldest);
            link_newest(s, oldest);
        } else {
            s->counts.evicted++;
            take_out(s, oldest);
        }
    }
}

static void grow_slots(shard *s)
{
    dk_tile_entry **slots = calloc(s->n_slots * 2, sizeof *slots);
    if (slots == NULL)
        return; /* chains get longer */
    dk_tile_entry **old = s->slots;
    const size_t n = s->n_slots;
    s->slots = slots;
    s->n_slots = n * 2;
    s->n_entries = 0;
    for (size_t i = 0; i < n; i++)
        for (dk_tile_entry *entry = old[i], *next; entry != NULL; entry = next) {
            next = entry->next;
            insert(s, entry);
        }
    free(old);
}

static uint64_t hash_of(const dk_tile_request *request, dk_coding coding)
{
    const uint64_t place[3] = {(uint64_t)request->tile.set << 40 | (uint64_t)request->tile.z << 32 | (uint64_t)coding,
                               request->tile.x, request->tile.y};
    return dk_hash64(place, sizeof place, dk_hash64(request->layers, request->layers_size, 0));
}

static dk_tile_entry *find(const shard *s, const dk_tile_request *request, dk_coding coding, uint64_t hash)
{
    for (dk_tile_entry *entry = s->slots[(hash >> 8) & (s->n_slots - 1)]; entry != NULL; entry = entry->next)
        if (entry->hash == hash && entry->coding == coding && entry->tile.set == request->tile.set &&
            entry->tile.z == request->tile.z && entry->tile.x == request->tile.x && entry->tile.y == request->tile.y &&
            entry->layers_size == request->layers_size &&
            memcmp(entry->layer_names, request->layers, request->layers_size) == 0)
            return entry;
    return NULL;
}

static shard *shard_of(dk_tile_cache *cache, uint64_t hash)
{
    return &cache->shards[hash % SHARDS];
}

/* ---- asking ---- */

static dk_tile_entry *new_entry(const dk_tile_request *request, dk_coding coding, uint64_t hash)
{
    dk_tile_entry *entry = calloc(1, sizeof *entry + request->layers_size + 1);
    if (entry == NULL)
        return NULL;
    entry->hash = hash;
    entry->coding = coding;
    entry->tile = request->tile;
    entry->box = dk_tile_box(&request->tile, DK_TILE_BUFFER);
    entry->layers_size = request->layers_size;
    memcpy(entry->layer_names, request->layers, request->layers_size);
    atomic_init(&entry->references, 2); /* the table's and the maker's */
    return entry;
}

dk_cache_result dk_tile_cache_begin(dk_tile_cache *cache, const dk_tile_request *request, dk_coding coding,
                                    dk_tile_entry **ret_entry)
{
    const uint64_t hash = hash_of(request, coding);
    shard *s = shard_of(cache, hash);
    dk_cache_result result = DK_CACHE_HIT;
    pthread_mutex_lock(&s->mutex);
    dk_tile_entry *entry = find(s, request, coding, hash);
    if (entry != NULL && entry->state == DK_ENTRY_MAKING &&
        (entry->begun_at < atomic_load(&cache->generation) || entry->cleared != atomic_load(&cache->cleared))) {
        take_out(s, entry); /* it may show an older generation than this request has seen */
        entry = NULL;
    }
    if (entry == NULL) {
        entry = new_entry(request, coding, hash);
        if (entry == NULL) {
            result = DK_CACHE_NONE;
        } else {
            entry->begun_at = atomic_load(&cache->generation);
            entry->cleared = atomic_load(&cache->cleared);
            if (s->n_entries > s->n_slots)
                grow_slots(s);
            insert(s, entry);
            s->counts.misses++;
            result = DK_CACHE_MISS;
        }
    } else {
        atomic_fetch_add_explicit(&entry->references, 1, memory_order_relaxed);
        if (entry->state == DK_ENTRY_MAKING)
            s->counts.waited++;
        while (entry->state == DK_ENTRY_MAKING)
            pthread_cond_wait(&s->made, &s->mutex);
        if (entry->state == DK_ENTRY_FAILED) {
            release(entry);
            entry = NULL;
            result = DK_CACHE_NONE;
        } else {
            s->counts.hits++;
            entry->used = true;
        }
    }
    pthread_mutex_unlock(&s->mutex);
    *ret_entry = entry;
    return result;
}

void dk_tile_cache_put(dk_tile_cache *cache, dk_tile_entry *entry, uint64_t layers, int64_t generation)
{
    shard *s = shard_of(cache, entry->hash);
    pthread_mutex_lock(&s->mutex);
    entry->state = DK_ENTRY_READY;
    entry->layers = layers;
    entry->bytes = entry->body_size + OVERHEAD + sizeof *entry + entry->layers_size;
    entry->bytes += entry->bytes / GAPS; /* so that the limit is one of memory */
    /* One that is larger than a shard would only drive all others out. */
    if (!entry->in_table) {
        ; /* another has taken its place */
    } else if (generation < atomic_load(&cache->generation) || entry->cleared != atomic_load(&cache->cleared) ||
               entry->bytes > cache->limit) {
        take_out(s, entry);
    } else {
        entry->kept = true;
        s->bytes += entry->bytes;
        link_newest(s, entry);
        make_room(s, cache->limit, entry);
    }
    pthread_cond_broadcast(&s->made);
    pthread_mutex_unlock(&s->mutex);
}

void dk_tile_cache_fail(dk_tile_cache *cache, dk_tile_entry *entry)
{
    shard *s = shard_of(cache, entry->hash);
    pthread_mutex_lock(&s->mutex);
    entry->state = DK_ENTRY_FAILED;
    if (entry->in_table)
        take_out(s, entry);
    release(entry);
    pthread_cond_broadcast(&s->made);
    pthread_mutex_unlock(&s->mutex);
}

void dk_tile_cache_release(dk_tile_cache *cache, dk_tile_entry *entry)
{
    (void)cache;
    release(entry);
}

/* ---- a new generation ---- */

static bool is_touched(const dk_tile_entry *entry, const dk_touched_box *boxes, size_t n)
{
    if (n == SIZE_MAX)
        return true;
    for (size_t i = 0; i < n; i++) {
        const dk_world_box *b = &boxes[i].box;
        if ((entry->layers >> boxes[i].kind & 1) != 0 && b->x0 <= entry->box.x1 && b->x1 >= entry->box.x0 &&
            b->y0 <= entry->box.y1 && b->y1 >= entry->box.y0)
            return true;
    }
    return false;
}

void dk_tile_cache_touch(dk_tile_cache *cache, int64_t generation, const dk_touched_box *boxes, size_t n_boxes)
{
    /* First the number: what is being made of an older generation will not be kept. */
    atomic_store(&cache->generation, generation);
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &cache->shards[i];
        pthread_mutex_lock(&s->mutex);
        for (dk_tile_entry *entry = s->newest, *older; entry != NULL; entry = older) {
            older = entry->older;
            if (is_touched(entry, boxes, n_boxes)) {
                s->counts.dropped++;
                take_out(s, entry);
            }
        }
        pthread_mutex_unlock(&s->mutex);
    }
}

void dk_tile_cache_clear(dk_tile_cache *cache)
{
    atomic_fetch_add(&cache->cleared, 1); /* first: what is being made will not be kept */
    dk_tile_cache_touch(cache, atomic_load(&cache->generation), NULL, SIZE_MAX);
}

void dk_tile_cache_counts(dk_tile_cache *cache, dk_cache_counts *ret_counts)
{
    *ret_counts = (dk_cache_counts){0};
    for (size_t i = 0; i < SHARDS; i++) {
        shard *s = &cache->shards[i];
        pthread_mutex_lock(&s->mutex);
        ret_counts->hits += s->counts.hits;
        ret_counts->misses += s->counts.misses;
        ret_counts->waited += s->counts.waited;
        ret_counts->dropped += s->counts.dropped;
        ret_counts->evicted += s->counts.evicted;
        ret_counts->entries += s->n_entries;
        ret_counts->bytes += s->bytes;
        pthread_mutex_unlock(&s->mutex);
    }
}
