#include "tiler/mvt.h"

#include "tiler/hash.h"

#include <stdlib.h>
#include <string.h>

enum { NO_INDEX = UINT32_MAX };

/* A value of the layer's table: its encoded Value message lies in mvt->values. */
typedef struct value_entry {
    uint64_t hash;
    size_t start, size;
} value_entry;

struct dk_mvt {
    const char *name;
    const char *const *keys;
    size_t n_keys, n_used_keys;
    uint32_t key_index[DK_MVT_MAX_KEYS]; /* position in the layer's keys, NO_INDEX: not used yet */
    uint8_t used_keys[DK_MVT_MAX_KEYS];

    dk_buf values; /* encoded Value messages, one after the other */
    value_entry *entries;
    size_t n_entries, entries_capacity;
    uint32_t *table; /* open addressing over entries, power of two */
    size_t table_capacity;

    dk_buf features; /* encoded, with tag and length */
    size_t n_features;

    /* The feature being built. */
    uint64_t id;
    dk_mvt_type type;
    dk_buf tags, geometry;
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
    dk_buf_init(&mvt->tags);
    dk_buf_init(&mvt->geometry);
    return mvt;
}

void dk_mvt_free(dk_mvt *mvt)
{
    if (mvt == NULL)
        return;
    dk_buf_finish(&mvt->values);
    dk_buf_finish(&mvt->features);
    dk_buf_finish(&mvt->tags);
    dk_buf_finish(&mvt->geometry);
    free(mvt->entries);
    free(mvt->table);
    free(mvt);
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
    mvt->n_entries = 0;
    if (mvt->table != NULL)
        memset(mvt->table, 0xff, mvt->table_capacity * sizeof *mvt->table);
    mvt->n_features = 0;
    mvt->failed = false;
}

void dk_mvt_feature_begin(dk_mvt *mvt, uint64_t id, dk_mvt_type type)
{
    mvt->id = id;
    mvt->type = type;
    dk_buf_clear(&mvt->tags);
    dk_buf_clear(&mvt->geometry);
    mvt->cursor_x = mvt->cursor_y = 0;
    mvt->kept_entries = mvt->n_entries;
    mvt->kept_values = mvt->values.size;
    mvt->kept_used_keys = mvt->n_used_keys;
}

static bool grow_table(dk_mvt *mvt)
{
    const size_t capacity = mvt->table_capacity > 0 ? mvt->table_capacity * 2 : 1024;
    uint32_t *table = malloc(capacity * sizeof *table);
    if (table == NULL)
        return false;
    memset(table, 0xff, capacity * sizeof *table);
    for (size_t i = 0; i < mvt->n_entries; i++) {
        size_t at = mvt->entries[i].hash & (capacity - 1);
        while (table[at] != NO_INDEX)
            at = (at + 1) & (capacity - 1);
        table[at] = (uint32_t)i;
    }
    free(mvt->table);
    mvt->table = table;
    mvt->table_capacity = capacity;
    return true;
}

static bool grow_entries(dk_mvt *mvt)
{
    const size_t capacity = mvt->entries_capacity > 0 ? mvt->entries_capacity * 2 : 512;
    value_entry *entries = realloc(mvt->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return false;
    mvt->entries = entries;
    mvt->entries_capacity = capacity;
    return true;
}

/* Writes the Value message (4.4): text 1, double 3, uint 5, sint 6. */
static void encode_value(dk_buf *out, const dk_value *value)
{
    switch (value->type) {
    case DK_TEXT:
        dk_buf_byte(out, 1 << 3 | 2);
        dk_buf_varint(out, value->text.size);
        dk_buf_append(out, value->text.data, value->text.size);
        break;
    case DK_REAL: {
        dk_buf_byte(out, 3 << 3 | 1);
        unsigned char bytes[8];
        uint64_t bits;
        memcpy(&bits, &value->real, 8);
        for (int i = 0; i < 8; i++)
            bytes[i] = (unsigned char)(bits >> (8 * i));
        dk_buf_append(out, bytes, 8);
        break;
    }
    case DK_INTEGER:
        if (value->integer >= 0) {
            dk_buf_byte(out, 5 << 3 | 0);
            dk_buf_varint(out, (uint64_t)value->integer);
        } else {
            dk_buf_byte(out, 6 << 3 | 0);
            dk_buf_zigzag(out, value->integer);
        }
        break;
    case DK_NULL:
    default:
        break;
    }
}

uint32_t dk_mvt_value(dk_mvt *mvt, const dk_value *value)
{
    const size_t start = mvt->values.size;
    encode_value(&mvt->values, value);
    const size_t size = mvt->values.size - start;
    if (mvt->values.failed)
        return NO_INDEX;
    const unsigned char *bytes = mvt->values.data + start;
    if ((mvt->n_entries + 1) * 2 > mvt->table_capacity && !grow_table(mvt))
        return NO_INDEX;
    if (mvt->n_entries == mvt->entries_capacity && !grow_entries(mvt))
        return NO_INDEX;
    const uint64_t hash = dk_hash64(bytes, size, 0);
    size_t at = hash & (mvt->table_capacity - 1);
    for (; mvt->table[at] != NO_INDEX; at = (at + 1) & (mvt->table_capacity - 1)) {
        const value_entry *entry = &mvt->entries[mvt->table[at]];
        if (entry->hash == hash && entry->size == size && memcmp(mvt->values.data + entry->start, bytes, size) == 0) {
            mvt->values.size = start;
            return mvt->table[at];
        }
    }
    const uint32_t index = (uint32_t)mvt->n_entries;
    mvt->entries[mvt->n_entries++] = (value_entry){hash, start, size};
    mvt->table[at] = index;
    return index;
}

static inline unsigned char *put_varint32(unsigned char *at, uint32_t value)
{
    while (value >= 0x80) {
        *at++ = (unsigned char)(value | 0x80);
        value >>= 7;
    }
    *at++ = (unsigned char)value;
    return at;
}

void dk_mvt_attribute(dk_mvt *mvt, size_t key, const dk_value *value)
{
    if (value->type == DK_NULL || key >= mvt->n_keys)
        return;
    const uint32_t pair[2] = {(uint32_t)key, dk_mvt_value(mvt, value)};
    if (pair[1] == NO_INDEX)
        mvt->failed = true;
    else
        dk_mvt_tags(mvt, pair, 1);
}

void dk_mvt_tags(dk_mvt *mvt, const uint32_t *pairs, size_t n)
{
    unsigned char *at = dk_buf_reserve(&mvt->tags, 10 * n);
    if (at == NULL)
        return;
    unsigned char *const start = at;
    for (size_t i = 0; i < n; i++, pairs += 2) {
        const uint32_t key = pairs[0];
        if (key >= mvt->n_keys)
            continue;
        if (mvt->key_index[key] == NO_INDEX) {
            mvt->key_index[key] = (uint32_t)mvt->n_used_keys;
            mvt->used_keys[mvt->n_used_keys++] = (uint8_t)key;
        }
        at = put_varint32(at, mvt->key_index[key]);
        at = put_varint32(at, pairs[1]);
    }
    mvt->tags.size += (size_t)(at - start);
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

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static inline unsigned char *put_varint64(unsigned char *at, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *at++ = (unsigned char)(value | 0x80);
    *at++ = (unsigned char)value;
    return at;
}

/* Commands (4.3.1): id in the low 3 bits, count above. */
enum { MOVE_TO = 1, LINE_TO = 2, CLOSE_PATH = 7 };

static void command(dk_buf *out, unsigned id, size_t count)
{
    dk_buf_varint(out, (uint64_t)count << 3 | id);
}

static inline uint32_t zigzag32(int32_t value)
{
    return ((uint32_t)value << 1) ^ (uint32_t)(value >> 31);
}

/* Appends n positions from first on, in steps of +1 or -1 around the ring or along the line, as differences. */
static void positions(dk_mvt *mvt, const int32_t *xy, size_t first, size_t n, int step)
{
    unsigned char *at = dk_buf_reserve(&mvt->geometry, n * 10);
    if (at == NULL)
        return;
    unsigned char *const start = at;
    const int32_t *position = xy + 2 * first;
    int32_t x = mvt->cursor_x, y = mvt->cursor_y;
    for (size_t i = 0; i < n; i++, position += 2 * step) {
        at = put_varint32(at, zigzag32(position[0] - x));
        at = put_varint32(at, zigzag32(position[1] - y));
        x = position[0];
        y = position[1];
    }
    mvt->cursor_x = x;
    mvt->cursor_y = y;
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
    command(&mvt->geometry, MOVE_TO, 1);
    positions(mvt, xy, 0, 1, 1);
    command(&mvt->geometry, LINE_TO, n - 1);
    positions(mvt, xy, forward ? 1 : n - 1, n - 1, forward ? 1 : -1);
    command(&mvt->geometry, CLOSE_PATH, 1);
}

void dk_mvt_line(dk_mvt *mvt, const int32_t *xy, size_t n)
{
    if (n < 2)
        return;
    command(&mvt->geometry, MOVE_TO, 1);
    positions(mvt, xy, 0, 1, 1);
    command(&mvt->geometry, LINE_TO, n - 1);
    positions(mvt, xy, 1, n - 1, 1);
}

void dk_mvt_points(dk_mvt *mvt, const int32_t *xy, size_t n)
{
    if (n == 0)
        return;
    command(&mvt->geometry, MOVE_TO, n);
    positions(mvt, xy, 0, n, 1);
}

static void roll_back(dk_mvt *mvt)
{
    while (mvt->n_entries > mvt->kept_entries) {
        /* Newest first: nothing placed before it ever probed past it, so its slot can simply be emptied. */
        const uint32_t index = (uint32_t)--mvt->n_entries;
        size_t at = mvt->entries[index].hash & (mvt->table_capacity - 1);
        while (mvt->table[at] != index)
            at = (at + 1) & (mvt->table_capacity - 1);
        mvt->table[at] = NO_INDEX;
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
    const size_t tags = mvt->tags.size, geometry = mvt->geometry.size;
    const size_t body = 1 + varint_size(mvt->id) + (tags > 0 ? 1 + varint_size(tags) + tags : 0) + 2 + 1 +
                        varint_size(geometry) + geometry;
    unsigned char *at = dk_buf_reserve(&mvt->features, body + 11);
    if (mvt->tags.failed || mvt->geometry.failed || at == NULL) {
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
        memcpy(at, mvt->tags.data, tags);
        at += tags;
    }
    *at++ = 3 << 3 | 0;
    *at++ = (unsigned char)mvt->type;
    *at++ = 4 << 3 | 2;
    at = put_varint64(at, geometry);
    memcpy(at, mvt->geometry.data, geometry);
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
    for (size_t i = 0; i < mvt->n_entries; i++)
        size += 1 + varint_size(mvt->entries[i].size) + mvt->entries[i].size;

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
    for (size_t i = 0; i < mvt->n_entries; i++) {
        dk_buf_byte(tile, 4 << 3 | 2);
        dk_buf_varint(tile, mvt->entries[i].size);
        dk_buf_append(tile, mvt->values.data + mvt->entries[i].start, mvt->entries[i].size);
    }
    dk_buf_byte(tile, 5 << 3 | 0);
    dk_buf_varint(tile, DK_MVT_EXTENT);
    if (tile->failed) {
        tile->size = before;
        return false;
    }
    return true;
}
