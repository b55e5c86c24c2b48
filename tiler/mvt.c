#include "tiler/mvt.h"

#include "tiler/small_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { NO_INDEX = UINT32_MAX };

/* A value of the layer's table: its bytes lie in mvt->values. */
typedef struct value_entry {
    uint32_t hash, size;
    size_t start;
} value_entry;

struct dk_mvt {
    const char *name;
    const char *const *keys;
    size_t n_keys, n_used_keys;
    uint32_t key_index[DK_MVT_MAX_KEYS]; /* position in the layer's keys, NO_INDEX: not used yet */
    uint8_t used_keys[DK_MVT_MAX_KEYS];

    dk_buf values; /* encoded, one after the other */
    value_entry *entries;
    size_t n_entries, entries_capacity;
    /* Open addressing over entries, power of two: the hash above, and the entry's place + 1; 0 is empty. */
    uint64_t *table;
    size_t table_capacity;

    dk_buf features; /* encoded, with tag and length */
    size_t n_features;

    /* The feature being built. */
    uint64_t id;
    dk_mvt_type type;
    dk_buf attributes, geometry, value;
    const unsigned char *tags;
    size_t tags_size;
    int32_t cursor_x, cursor_y;
    size_t kept_entries, kept_values, kept_used_keys;
    bool failed;
};

dk_mvt *dk_mvt_create(void)
{
    dk_mvt *mvt = calloc(1, sizeof *mvt);
    if (mvt == NULL)
        return NULL;
    dk_buf_init(&mvt->values);
    dk_buf_init(&mvt->features);
    dk_buf_init(&mvt->attributes);
    dk_buf_init(&mvt->geometry);
    dk_buf_init(&mvt->value);
    return mvt;
}

void dk_mvt_free(dk_mvt *mvt)
{
    if (mvt == NULL)
        return;
    dk_buf_finish(&mvt->values);
    dk_buf_finish(&mvt->features);
    dk_buf_finish(&mvt->attributes);
    dk_buf_finish(&mvt->geometry);
    dk_buf_finish(&mvt->value);
    free(mvt->entries);
    free(mvt->table);
    free(mvt);
}

static uint64_t table_slot(uint32_t hash, size_t index)
{
    return (uint64_t)hash << 32 | (uint32_t)(index + 1);
}

static bool grow_table(dk_mvt *mvt)
{
    const size_t capacity = mvt->table_capacity > 0 ? mvt->table_capacity * 2 : 1024;
    uint64_t *table = calloc(capacity, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < mvt->n_entries; i++) {
        size_t at = mvt->entries[i].hash & (capacity - 1);
        while (table[at] != 0)
            at = (at + 1) & (capacity - 1);
        table[at] = table_slot(mvt->entries[i].hash, i);
    }
    free(mvt->table);
    mvt->table = table;
    mvt->table_capacity = capacity;
    return true;
}

/* Empties the table: a large tile before may have made it large, this one may be small. */
static void clear_table(dk_mvt *mvt)
{
    if (mvt->n_entries > mvt->table_capacity / 16) {
        memset(mvt->table, 0, mvt->table_capacity * sizeof *mvt->table);
        return;
    }
    /* From each entry's first place to the end of its run: together these are all places that are taken. */
    for (size_t i = 0; i < mvt->n_entries; i++)
        for (size_t at = mvt->entries[i].hash & (mvt->table_capacity - 1); mvt->table[at] != 0;
             at = (at + 1) & (mvt->table_capacity - 1))
            mvt->table[at] = 0;
}

void dk_mvt_layer_begin(dk_mvt *mvt, const char *name, const char *const *keys, size_t n_keys)
{
    mvt->name = name;
    mvt->keys = keys;
    mvt->n_keys = n_keys <= DK_MVT_MAX_KEYS ? n_keys : DK_MVT_MAX_KEYS;
    mvt->n_used_keys = 0;
    for (size_t i = 0; i < DK_MVT_MAX_KEYS; i++)
        mvt->key_index[i] = NO_INDEX;
    dk_buf_clear(&mvt->values);
    dk_buf_clear(&mvt->features);
    clear_table(mvt);
    mvt->n_entries = 0;
    mvt->n_features = 0;
    mvt->failed = false;
}

void dk_mvt_feature_begin(dk_mvt *mvt, uint64_t id, dk_mvt_type type)
{
    mvt->id = id;
    mvt->type = type;
    dk_buf_clear(&mvt->attributes);
    dk_buf_clear(&mvt->geometry);
    mvt->tags_size = 0;
    mvt->cursor_x = mvt->cursor_y = 0;
    mvt->kept_entries = mvt->n_entries;
    mvt->kept_values = mvt->values.size;
    mvt->kept_used_keys = mvt->n_used_keys;
}

static inline unsigned char *put_varint64(unsigned char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (unsigned char)(value | 0x80);
    *at++ = (unsigned char)value;
    return at;
}

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

uint32_t dk_mvt_key(dk_mvt *mvt, size_t key)
{
    if (mvt->key_index[key] == NO_INDEX) {
        mvt->key_index[key] = (uint32_t)mvt->n_used_keys;
        mvt->used_keys[mvt->n_used_keys++] = (uint8_t)key;
    }
    return mvt->key_index[key];
}

uint32_t dk_mvt_value(dk_mvt *mvt, const dk_tile_value *value)
{
    if ((mvt->n_entries + 1) * 2 > mvt->table_capacity && !grow_table(mvt))
        return NO_INDEX;
    const size_t mask = mvt->table_capacity - 1, size = value->size;
    size_t at = value->hash & mask;
    for (; mvt->table[at] != 0; at = (at + 1) & mask) {
        if (mvt->table[at] >> 32 != value->hash)
            continue;
        const uint32_t index = (uint32_t)mvt->table[at] - 1;
        const value_entry *entry = &mvt->entries[index];
        if (entry->size == size && dk_equal_small(mvt->values.data + entry->start, value->bytes, size))
            return index;
    }
    if (mvt->n_entries >= NO_INDEX - 1 || size > UINT32_MAX ||
        (mvt->n_entries == mvt->entries_capacity &&
         !dk_grow(&mvt->entries, &mvt->entries_capacity, mvt->n_entries + 1, sizeof *mvt->entries)))
        return NO_INDEX;
    const uint32_t index = (uint32_t)mvt->n_entries;
    const size_t start = mvt->values.size;
    if (mvt->values.capacity - start < size && dk_buf_reserve(&mvt->values, size) == NULL)
        return NO_INDEX;
    dk_copy_small(mvt->values.data + start, value->bytes, size);
    mvt->values.size = start + size;
    mvt->table[at] = table_slot(value->hash, index);
    mvt->entries[mvt->n_entries++] = (value_entry){value->hash, (uint32_t)size, start};
    return index;
}

enum { CACHED_SLOTS = 1 << 15 }; /* 256 KB */

bool dk_mvt_is_large(const dk_mvt *mvt)
{
    return mvt->n_entries * 2 > CACHED_SLOTS;
}

/* The entry that a value with this hash most likely has; NULL: none. */
static const value_entry *likely_entry(const dk_mvt *mvt, uint32_t hash)
{
    const uint64_t slot = mvt->table[hash & (mvt->table_capacity - 1)];
    return slot >> 32 == hash && (uint32_t)slot != 0 ? &mvt->entries[(uint32_t)slot - 1] : NULL;
}

/* In three rounds, each of which needs what the one before has asked of memory. */
void dk_mvt_expect_values(const dk_mvt *mvt, const uint32_t *hashes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(&mvt->table[hashes[i] & (mvt->table_capacity - 1)], 1);
    for (size_t i = 0; i < n; i++) {
        const value_entry *entry = likely_entry(mvt, hashes[i]);
        if (entry != NULL)
            __builtin_prefetch(entry);
    }
    for (size_t i = 0; i < n; i++) {
        const value_entry *entry = likely_entry(mvt, hashes[i]);
        if (entry != NULL)
            __builtin_prefetch(mvt->values.data + entry->start);
    }
}

void dk_mvt_tags(dk_mvt *mvt, const unsigned char *tags, size_t size)
{
    mvt->tags = tags;
    mvt->tags_size = size;
}

void dk_mvt_attribute(dk_mvt *mvt, size_t key, const dk_value *value)
{
    if (value->type == DK_NULL || key >= mvt->n_keys)
        return;
    dk_tile_value_encode(value, &mvt->value);
    uint32_t index = NO_INDEX;
    if (!mvt->value.failed)
        index = dk_mvt_value(mvt, &(dk_tile_value){mvt->value.data, mvt->value.size,
                                                   dk_tile_value_hash(mvt->value.data, mvt->value.size)});
    unsigned char *const start = index != NO_INDEX ? dk_buf_reserve(&mvt->attributes, 2 * DK_MVT_PUT) : NULL;
    if (start == NULL) {
        mvt->failed = true;
        return;
    }
    mvt->attributes.size += (size_t)(dk_mvt_put(dk_mvt_put(start, dk_mvt_key(mvt, key)), index) - start);
    dk_mvt_tags(mvt, mvt->attributes.data, mvt->attributes.size);
}

bool dk_mvt_has_geometry(const dk_mvt *mvt)
{
    return mvt->geometry.size > 0;
}

int64_t dk_ring_area2(const int32_t *xy, size_t n)
{
    int64_t area = 0;
    for (size_t i = 0, j = n - 1; i < n; j = i++)
        area += (int64_t)xy[2 * j] * xy[2 * i + 1] - (int64_t)xy[2 * i] * xy[2 * j + 1];
    return area;
}

/* Commands (4.3.1): id in the low 3 bits, count above. */
enum { MOVE_TO = 1, LINE_TO = 2, CLOSE_PATH = 7 };
/* Most bytes of a command and of a position. */
enum { COMMAND_SIZE = 10, POSITION_SIZE = 10 };

static inline uint32_t zigzag32(int32_t value)
{
    return ((uint32_t)value << 1) ^ (uint32_t)(value >> 31);
}

/* Writes n positions as differences from the one before, in steps of +1 or -1 around the ring or along the line. */
static inline unsigned char *positions(dk_mvt *mvt, unsigned char *at, const int32_t *position, size_t n, int step)
{
    int32_t x = mvt->cursor_x, y = mvt->cursor_y;
    for (size_t i = 0; i < n; i++, position += 2 * step) {
        at = dk_mvt_put(at, zigzag32(position[0] - x));
        at = dk_mvt_put(at, zigzag32(position[1] - y));
        x = position[0];
        y = position[1];
    }
    mvt->cursor_x = x;
    mvt->cursor_y = y;
    return at;
}

/* The first position, then the n - 1 others from `rest` on. Room for it is taken once. */
static void path(dk_mvt *mvt, const int32_t *xy, const int32_t *rest, size_t n, int step, bool close)
{
    unsigned char *const start = dk_buf_reserve(&mvt->geometry, n * POSITION_SIZE + 3 * COMMAND_SIZE);
    if (start == NULL)
        return;
    unsigned char *at = start;
    *at++ = 1 << 3 | MOVE_TO;
    at = positions(mvt, at, xy, 1, 1);
    at = put_varint64(at, (uint64_t)(n - 1) << 3 | LINE_TO);
    at = positions(mvt, at, rest, n - 1, step);
    if (close)
        *at++ = 1 << 3 | CLOSE_PATH;
    mvt->geometry.size += (size_t)(at - start);
}

void dk_mvt_ring(dk_mvt *mvt, const int32_t *xy, size_t n, bool hole)
{
    if (n < 3)
        return;
    const int64_t area = dk_ring_area2(xy, n);
    if (area == 0)
        return;
    const bool forward = (area > 0) != hole;
    path(mvt, xy, xy + 2 * (forward ? 1 : n - 1), n, forward ? 1 : -1, true);
}

void dk_mvt_line(dk_mvt *mvt, const int32_t *xy, size_t n)
{
    if (n >= 2)
        path(mvt, xy, xy + 2, n, 1, false);
}

void dk_mvt_points(dk_mvt *mvt, const int32_t *xy, size_t n)
{
    if (n == 0)
        return;
    unsigned char *const start = dk_buf_reserve(&mvt->geometry, n * POSITION_SIZE + COMMAND_SIZE);
    if (start == NULL)
        return;
    unsigned char *at = put_varint64(start, (uint64_t)n << 3 | MOVE_TO);
    at = positions(mvt, at, xy, n, 1);
    mvt->geometry.size += (size_t)(at - start);
}

static void roll_back(dk_mvt *mvt)
{
    while (mvt->n_entries > mvt->kept_entries) {
        /* Newest first: nothing placed before it ever probed past it, so its slot can simply be emptied. */
        const uint32_t index = (uint32_t)--mvt->n_entries;
        size_t at = mvt->entries[index].hash & (mvt->table_capacity - 1);
        while ((uint32_t)mvt->table[at] != index + 1)
            at = (at + 1) & (mvt->table_capacity - 1);
        mvt->table[at] = 0;
    }
    mvt->values.size = mvt->kept_values;
    while (mvt->n_used_keys > mvt->kept_used_keys)
        mvt->key_index[mvt->used_keys[--mvt->n_used_keys]] = NO_INDEX;
}

bool dk_mvt_feature_end(dk_mvt *mvt)
{
    if (mvt->geometry.size == 0) {
        roll_back(mvt);
        return false;
    }
    /* Feature (4.2): id 1, tags 2, type 3, geometry 4. Room for it is taken once. */
    const size_t tags = mvt->tags_size, geometry = mvt->geometry.size;
    const size_t body = 1 + varint_size(mvt->id) + (tags > 0 ? 1 + varint_size(tags) + tags : 0) + 2 + 1 +
                        varint_size(geometry) + geometry;
    unsigned char *at = dk_buf_reserve(&mvt->features, body + 11);
    if (mvt->geometry.failed || at == NULL) {
        mvt->failed = true;
        return false;
    }
    unsigned char *const start = at;
    *at++ = 2 << 3 | 2;
    at = put_varint64(at, body);
    *at++ = 1 << 3 | 0;
    at = put_varint64(at, mvt->id);
    if (tags > 0) {
        *at++ = 2 << 3 | 2;
        at = put_varint64(at, tags);
        dk_copy_small(at, mvt->tags, tags);
        at += tags;
    }
    *at++ = 3 << 3 | 0;
    *at++ = (unsigned char)mvt->type;
    *at++ = 4 << 3 | 2;
    at = put_varint64(at, geometry);
    dk_copy_small(at, mvt->geometry.data, geometry);
    mvt->features.size += (size_t)(at - start) + geometry;
    mvt->n_features++;
    return true;
}

bool dk_mvt_layer_end(dk_mvt *mvt, dk_buf *tile)
{
    if (mvt->failed || mvt->features.failed || mvt->values.failed)
        return false;
    if (mvt->n_features == 0)
        return true;
    /* Layer (4.1): version 15, name 1, features 2, keys 3, values 4, extent 5. The length comes first. */
    const size_t name_size = strlen(mvt->name);
    size_t size = 2 + 1 + varint_size(name_size) + name_size + mvt->features.size + 1 + varint_size(DK_MVT_EXTENT);
    for (size_t i = 0; i < mvt->n_used_keys; i++) {
        const size_t key_size = strlen(mvt->keys[mvt->used_keys[i]]);
        size += 1 + varint_size(key_size) + key_size;
    }
    size += mvt->values.size;

    const size_t before = tile->size;
    dk_buf_byte(tile, 3 << 3 | 2);
    dk_buf_varint(tile, size);
    dk_buf_byte(tile, 15 << 3 | 0);
    dk_buf_byte(tile, 2);
    dk_buf_byte(tile, 1 << 3 | 2);
    dk_buf_varint(tile, name_size);
    dk_buf_append(tile, mvt->name, name_size);
    dk_buf_append(tile, mvt->features.data, mvt->features.size);
    for (size_t i = 0; i < mvt->n_used_keys; i++) {
        const char *key = mvt->keys[mvt->used_keys[i]];
        dk_buf_byte(tile, 3 << 3 | 2);
        dk_buf_varint(tile, strlen(key));
        dk_buf_text(tile, key);
    }
    dk_buf_append(tile, mvt->values.data, mvt->values.size);
    dk_buf_byte(tile, 5 << 3 | 0);
    dk_buf_varint(tile, DK_MVT_EXTENT);
    if (tile->failed) {
        tile->size = before;
        return false;
    }
    return true;
}
