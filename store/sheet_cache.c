/* Sheets in rings: each shard has one run of memory that is filled from its beginning to its end and then anew, so that
 * nothing is split up and the bytes are those that were asked for. */
#include "store/sheet_cache.h"

#include "store/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    MOST_SHARDS = 16,
    SHARD_LEAST = 512 << 10, /* bytes; less has room for a handful of sheets only */
    ALIGNMENT = 16,          /* of a sheet in the ring */
    BYTES_A_CHAIN = 512      /* of the ring, for each chain of the table */
};

/* In the ring, its bytes behind it. */
struct dk_cached_sheet {
    uint64_t place;
    uint32_t size, room; /* room: what it takes of the ring */
    uint32_t next;       /* of its chain, as ring offset / ALIGNMENT + 1; 0: the last */
    atomic_uint holders; /* grows under the shard's lock only */
    unsigned char data[];
};

typedef struct shard {
    pthread_mutex_t mutex;
    unsigned char *ring;
    uint32_t *chains;
    dk_sheet_stamp stamp; /* of all its sheets */
    /* The sheets lie from tail to head; after the ring's end was reached from tail to end, and then from 0 to head. */
    size_t tail, head, end;
    bool wrapped;
    bool full; /* since its first sheet one was given up for want of room */
    size_t n;
    uint64_t hits, misses;
} shard;

struct dk_sheet_cache {
    size_t n_shards, ring_size, n_chains; /* of each shard; powers of two but for ring_size */
    atomic_size_t n_full;                 /* shards */
    atomic_uint asked;                    /* dk_sheet_cache_takes, while one was full */
    shard shards[];
};

dk_sheet_cache *dk_sheet_cache_create(size_t limit)
{
    size_t n_shards = 1, n_chains = 1;
    if (limit < DK_SHEET_CACHE_LEAST)
        limit = DK_SHEET_CACHE_LEAST;
    while (n_shards < MOST_SHARDS && limit / (2 * n_shards) >= SHARD_LEAST)
        n_shards *= 2;
    size_t share = limit / n_shards;               /* of a shard, with its table */
    const size_t largest = (size_t)UINT32_MAX / 2; /* offsets have 32 bits */
    if (share > largest)
        share = largest;
    while (n_chains * 2 * BYTES_A_CHAIN <= share)
        n_chains *= 2;
    dk_sheet_cache *cache = calloc(1, sizeof *cache + n_shards * sizeof *cache->shards);
    if (cache == NULL)
        return NULL;
    cache->n_chains = n_chains;
    cache->ring_size = (share - n_chains * sizeof *cache->shards[0].chains) / ALIGNMENT * ALIGNMENT;
    for (size_t i = 0; i < n_shards; i++) {
        shard *s = &cache->shards[i];
        s->chains = calloc(n_chains, sizeof *s->chains);
        void *ring =
            mmap(NULL, cache->ring_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        s->ring = ring != MAP_FAILED ? ring : NULL;
        pthread_mutex_init(&s->mutex, NULL);
        cache->n_shards++;
        if (s->chains == NULL || s->ring == NULL) {
            dk_sheet_cache_free(cache);
            return NULL;
        }
    }
    return cache;
}

void dk_sheet_cache_free(dk_sheet_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < cache->n_shards; i++) {
        shard *s = &cache->shards[i];
        if (s->ring != NULL)
            munmap(s->ring, cache->ring_size);
        free(s->chains);
        pthread_mutex_destroy(&s->mutex);
    }
    free(cache);
}

/* ---- one shard, locked ---- */

static dk_cached_sheet *sheet_at(const shard *s, size_t offset)
{
    return (dk_cached_sheet *)(void *)(s->ring + offset);
}

static uint32_t *chain_of(const dk_sheet_cache *cache, shard *s, uint64_t hash)
{
    return &s->chains[(hash >> 8) & (cache->n_chains - 1)];
}

static uint64_t hash_of(uint64_t place)
{
    return dk_hash_mix(place ^ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xd6e8feb86659fd93));
}

static dk_cached_sheet *find(const shard *s, uint32_t chain, uint64_t place)
{
    while (chain != 0) {
        dk_cached_sheet *sheet = sheet_at(s, (size_t)(chain - 1) * ALIGNMENT);
        if (sheet->place == place)
            return sheet;
        chain = sheet->next;
    }
    return NULL;
}

static void unchain(const dk_sheet_cache *cache, shard *s, const dk_cached_sheet *sheet)
{
    uint32_t *at = chain_of(cache, s, hash_of(sheet->place));
    while (sheet_at(s, (size_t)(*at - 1) * ALIGNMENT) != sheet)
        at = &sheet_at(s, (size_t)(*at - 1) * ALIGNMENT)->next;
    *at = sheet->next;
}

static bool in_use(const dk_cached_sheet *sheet)
{
    return atomic_load_explicit(&sheet->holders, memory_order_acquire) != 0;
}

/* Gives up the oldest. false: it is in use. */
static bool give_up_oldest(dk_sheet_cache *cache, shard *s)
{
    const dk_cached_sheet *oldest = sheet_at(s, s->tail);
    if (in_use(oldest))
        return false;
    unchain(cache, s, oldest);
    if (!s->full)
        atomic_fetch_add(&cache->n_full, 1);
    s->full = true;
    s->tail += oldest->room;
    if (--s->n == 0) {
        s->tail = s->head = 0;
        s->wrapped = false;
    } else if (s->wrapped && s->tail == s->end) {
        s->tail = 0;
        s->wrapped = false;
    }
    return true;
}

/* Room at the head. false: there is none. */
static bool make_room(dk_sheet_cache *cache, shard *s, size_t room)
{
    for (;;) {
        if (!s->wrapped && cache->ring_size - s->head >= room)
            return true;
        if (!s->wrapped && s->tail > 0) {
            s->end = s->head;
            s->head = 0;
            s->wrapped = true;
        }
        if (s->wrapped && s->tail - s->head >= room)
            return true;
        if (s->n == 0 || !give_up_oldest(cache, s))
            return false;
    }
}

/* All sheets go. false: one is in use. */
static bool clear(dk_sheet_cache *cache, shard *s)
{
    while (s->n > 0)
        if (!give_up_oldest(cache, s))
            return false;
    if (s->full)
        atomic_fetch_sub(&cache->n_full, 1);
    s->full = false;
    return true;
}

static int compare(const dk_sheet_stamp *a, const dk_sheet_stamp *b)
{
    const int64_t of_a[] = {a->generation, a->rebuilt, a->catalogue},
                  of_b[] = {b->generation, b->rebuilt, b->catalogue};
    for (size_t i = 0; i < sizeof of_a / sizeof *of_a; i++)
        if (of_a[i] != of_b[i])
            return of_a[i] < of_b[i] ? -1 : 1;
    return 0;
}

/* Whether the shard has sheets of this stamp, or has them from now on. */
static bool is_of(dk_sheet_cache *cache, shard *s, const dk_sheet_stamp *stamp)
{
    const int order = compare(stamp, &s->stamp);
    if (order > 0 && clear(cache, s)) {
        s->stamp = *stamp;
        return true;
    }
    return order == 0;
}

/* ---- for all ---- */

static shard *shard_of(dk_sheet_cache *cache, uint64_t hash)
{
    return &cache->shards[hash >> 60 & (cache->n_shards - 1)];
}

const dk_cached_sheet *dk_sheet_cache_find(dk_sheet_cache *cache, uint64_t place, const dk_sheet_stamp *stamp)
{
    const uint64_t hash = hash_of(place);
    shard *s = shard_of(cache, hash);
    pthread_mutex_lock(&s->mutex);
    dk_cached_sheet *sheet = compare(stamp, &s->stamp) == 0 ? find(s, *chain_of(cache, s, hash), place) : NULL;
    if (sheet != NULL) {
        atomic_fetch_add_explicit(&sheet->holders, 1, memory_order_relaxed);
        s->hits++;
    } else {
        s->misses++;
    }
    pthread_mutex_unlock(&s->mutex);
    return sheet;
}

const void *dk_cached_sheet_data(const dk_cached_sheet *sheet, size_t *ret_size)
{
    *ret_size = sheet->size;
    return sheet->data;
}

void dk_sheet_cache_release(const dk_cached_sheet *sheet)
{
    atomic_fetch_sub_explicit(&((dk_cached_sheet *)(uintptr_t)sheet)->holders, 1, memory_order_release);
}

bool dk_sheet_cache_takes(dk_sheet_cache *cache)
{
    return atomic_load_explicit(&cache->n_full, memory_order_relaxed) == 0 ||
           atomic_fetch_add_explicit(&cache->asked, 1, memory_order_relaxed) % DK_SHEET_CACHE_ONE_IN == 0;
}

void dk_sheet_cache_put(dk_sheet_cache *cache, uint64_t place, const dk_sheet_stamp *stamp, const void *data,
                        size_t size)
{
    if (size > cache->ring_size / 4) /* it would drive out all others */
        return;
    const size_t room = (sizeof(dk_cached_sheet) + size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const uint64_t hash = hash_of(place);
    shard *s = shard_of(cache, hash);
    pthread_mutex_lock(&s->mutex);
    uint32_t *const chain = chain_of(cache, s, hash);
    if (is_of(cache, s, stamp) && find(s, *chain, place) == NULL && make_room(cache, s, room)) {
        dk_cached_sheet *sheet = sheet_at(s, s->head);
        sheet->place = place;
        sheet->size = (uint32_t)size;
        sheet->room = (uint32_t)room;
        sheet->next = *chain;
        atomic_init(&sheet->holders, 0);
        if (size > 0)
            memcpy(sheet->data, data, size);
        *chain = (uint32_t)(s->head / ALIGNMENT + 1);
        s->head += room;
        s->n++;
    }
    pthread_mutex_unlock(&s->mutex);
}

void dk_sheet_cache_count(dk_sheet_cache *cache, dk_sheet_cache_counts *ret_counts)
{
    *ret_counts = (dk_sheet_cache_counts){0};
    for (size_t i = 0; i < cache->n_shards; i++) {
        shard *s = &cache->shards[i];
        pthread_mutex_lock(&s->mutex);
        ret_counts->hits += s->hits;
        ret_counts->misses += s->misses;
        ret_counts->sheets += s->n;
        ret_counts->bytes += s->wrapped ? s->end - s->tail + s->head : s->head - s->tail;
        pthread_mutex_unlock(&s->mutex);
    }
}
