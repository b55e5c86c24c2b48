#include "store/block.h"

#include "store/index.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC UINT32_C(0x316B6264) /* "dbk1" */
enum { HEAD = 20, MAX_ENTRIES = 1 << 24 };

static uint32_t get_u32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

dk_status dk_block_open(const void *data, size_t size, dk_block *ret_block)
{
    const unsigned char *at = data;
    if (size < HEAD || size > UINT32_MAX || get_u32(at) != MAGIC || get_u32(at + 16) != size)
        return DK_CORRUPT;
    dk_block b = {.data = at,
                  .size = size,
                  .n_entries = get_u32(at + 4),
                  .n_values = get_u32(at + 8),
                  .n_attributes = get_u32(at + 12)};
    if (b.n_entries > MAX_ENTRIES || b.n_values > size / 4 || b.n_attributes > 64)
        return DK_CORRUPT;
    const size_t fields = (b.n_attributes + 3) / 4 * 4;
    const uint64_t fixed = HEAD + fields + (uint64_t)b.n_entries * (sizeof(dk_entry_head) + 4 * b.n_attributes) +
                           4 * ((uint64_t)b.n_values + 1);
    if (fixed > size)
        return DK_CORRUPT;
    b.fields = at + HEAD;
    b.heads = (const dk_entry_head *)(b.fields + fields); /* packed: any address will do */
    b.attributes = (const unsigned char *)(b.heads + b.n_entries);
    b.offsets = b.attributes + 4 * (size_t)b.n_entries * b.n_attributes;
    *ret_block = b;
    return DK_OK;
}

dk_status dk_block_drawing(const dk_block *block, uint32_t i, dk_drawing *ret_drawing)
{
    const dk_entry_head *head = &block->heads[i];
    if (head->drawing > block->size || head->drawing_size > block->size - head->drawing)
        return DK_CORRUPT;
    return dk_drawing_open(block->data + head->drawing, head->drawing_size, ret_drawing);
}

/* The bytes of a value, type and all. */
static dk_status value_bytes(const dk_block *block, uint32_t number, const unsigned char **ret_at, size_t *ret_size)
{
    if (number == 0 || number > block->n_values)
        return DK_CORRUPT;
    const uint32_t from = get_u32(block->offsets + 4 * ((size_t)number - 1));
    const uint32_t to = get_u32(block->offsets + 4 * (size_t)number);
    if (from >= to || to > block->size)
        return DK_CORRUPT;
    *ret_at = block->data + from;
    *ret_size = to - from;
    return DK_OK;
}

dk_status dk_block_value(const dk_block *block, uint32_t number, dk_value *ret_value)
{
    const unsigned char *at;
    size_t size;
    *ret_value = dk_value_null();
    if (number == 0)
        return DK_OK;
    if (value_bytes(block, number, &at, &size) != DK_OK)
        return DK_CORRUPT;
    switch (at[0]) {
    case DK_INTEGER:
        if (size != 9)
            return DK_CORRUPT;
        ret_value->type = DK_INTEGER;
        memcpy(&ret_value->integer, at + 1, 8);
        return DK_OK;
    case DK_REAL:
        if (size != 9)
            return DK_CORRUPT;
        ret_value->type = DK_REAL;
        memcpy(&ret_value->real, at + 1, 8);
        return DK_OK;
    case DK_TEXT:
        if (size < 2 || at[size - 1] != 0)
            return DK_CORRUPT;
        ret_value->type = DK_TEXT;
        ret_value->text.data = (const char *)at + 1;
        ret_value->text.size = size - 2;
        return DK_OK;
    default:
        return DK_CORRUPT;
    }
}

/* ---- building ---- */

/* Values are kept once, in the order in which they came; finishing numbers them anew. */
typedef struct kept_value {
    size_t at, size; /* in dk_block_builder.values */
    uint32_t hash, number;
} kept_value;

typedef struct kept_entry {
    dk_entry_head head;
    size_t drawing;  /* in dk_block_builder.drawings */
    size_t numbers;  /* in dk_block_builder.numbers: n_attributes of them, then the division; 0: null */
    uint64_t code;   /* Morton code of the north-west corner */
} kept_entry;

struct dk_block_builder {
    const dk_kind *layer;
    unsigned char fields[DK_MAX_FIELDS + 1];
    uint32_t n_attributes;
    kept_entry *entries;
    size_t n_entries, entries_capacity;
    uint32_t *numbers;
    size_t n_numbers, numbers_capacity;
    kept_value *kept;
    size_t n_kept, kept_capacity;
    uint32_t *table; /* places of kept values + 1, by hash */
    size_t table_size;
    uint32_t *copied; /* of the block that is copied from: value numbers here + 1 */
    size_t copied_capacity;
    const unsigned char *copied_from;
    dk_buf values, drawings, scratch;
};

dk_block_builder *dk_block_builder_create(void)
{
    return calloc(1, sizeof(dk_block_builder));
}

void dk_block_builder_free(dk_block_builder *b)
{
    if (b == NULL)
        return;
    free(b->entries);
    free(b->numbers);
    free(b->kept);
    free(b->table);
    free(b->copied);
    dk_buf_finish(&b->values);
    dk_buf_finish(&b->drawings);
    dk_buf_finish(&b->scratch);
    free(b);
}

void dk_block_begin(dk_block_builder *b, const dk_kind *layer)
{
    b->layer = layer;
    b->n_attributes = 0;
    for (size_t i = 0; i < layer->n_fields; i++)
        if (layer->fields[i].in_tiles)
            b->fields[b->n_attributes++] = (unsigned char)i;
    b->n_entries = b->n_numbers = b->n_kept = 0;
    b->copied_from = NULL;
    dk_buf_clear(&b->values);
    dk_buf_clear(&b->drawings);
    if (b->table != NULL)
        memset(b->table, 0, b->table_size * sizeof *b->table);
}

static uint32_t hash_of(const unsigned char *at, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ size;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    for (; size > 0; size--, at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return (uint32_t)(hash ^ hash >> 32);
}

static bool grow_table(dk_block_builder *b)
{
    const size_t size = b->table_size == 0 ? 256 : b->table_size * 2;
    uint32_t *table = calloc(size, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < b->n_kept; i++) {
        size_t at = b->kept[i].hash & (size - 1);
        while (table[at] != 0)
            at = (at + 1) & (size - 1);
        table[at] = (uint32_t)i + 1;
    }
    free(b->table);
    b->table = table;
    b->table_size = size;
    return true;
}

/* The place + 1 of a value's bytes, which are kept if they are new; 0: out of memory. */
static uint32_t keep(dk_block_builder *b, const unsigned char *bytes, size_t size)
{
    if (2 * (b->n_kept + 1) > b->table_size && !grow_table(b))
        return 0;
    const uint32_t hash = hash_of(bytes, size);
    size_t at = hash & (b->table_size - 1);
    for (; b->table[at] != 0; at = (at + 1) & (b->table_size - 1)) {
        const kept_value *kept = &b->kept[b->table[at] - 1];
        if (kept->hash == hash && kept->size == size && memcmp(b->values.data + kept->at, bytes, size) == 0)
            return b->table[at];
    }
    if (!dk_grow(&b->kept, &b->kept_capacity, b->n_kept + 1, sizeof *b->kept))
        return 0;
    b->kept[b->n_kept] = (kept_value){b->values.size, size, hash, 0};
    dk_buf_append(&b->values, bytes, size);
    b->table[at] = (uint32_t)++b->n_kept;
    return b->values.failed ? 0 : b->table[at];
}

static bool keep_value(dk_block_builder *b, const dk_value *value, uint32_t *ret_place)
{
    *ret_place = 0;
    if (value->type == DK_NULL)
        return true;
    dk_buf_clear(&b->scratch);
    dk_buf_byte(&b->scratch, (unsigned char)value->type);
    if (value->type == DK_TEXT) {
        dk_buf_append(&b->scratch, value->text.data, value->text.size);
        dk_buf_byte(&b->scratch, 0);
    } else if (value->type == DK_REAL) {
        dk_buf_append(&b->scratch, &value->real, 8); /* all machines that dikuai runs on are little endian */
    } else {
        dk_buf_append(&b->scratch, &value->integer, 8);
    }
    if (b->scratch.failed)
        return false;
    *ret_place = keep(b, b->scratch.data, b->scratch.size);
    return *ret_place != 0;
}

static kept_entry *new_entry(dk_block_builder *b, const dk_entry_head *head, const void *drawing, size_t size)
{
    if (b->n_entries >= MAX_ENTRIES || !dk_grow(&b->entries, &b->entries_capacity, b->n_entries + 1, sizeof *b->entries) ||
        !dk_grow(&b->numbers, &b->numbers_capacity, b->n_numbers + b->n_attributes + 1, sizeof *b->numbers))
        return NULL;
    kept_entry *entry = &b->entries[b->n_entries];
    *entry = (kept_entry){*head, b->drawings.size, b->n_numbers, dk_morton(head->x0, head->y0)};
    entry->head.drawing_size = (uint32_t)size;
    dk_buf_append(&b->drawings, drawing, size);
    return b->drawings.failed ? NULL : entry;
}

dk_status dk_block_add(dk_block_builder *b, const dk_entry_head *head, const void *drawing, size_t drawing_size,
                       const dk_value *values)
{
    kept_entry *entry = new_entry(b, head, drawing, drawing_size);
    if (entry == NULL)
        return DK_NOMEM;
    for (uint32_t a = 0; a < b->n_attributes; a++)
        if (!keep_value(b, &values[b->fields[a]], &b->numbers[entry->numbers + a]))
            return DK_NOMEM;
    b->numbers[entry->numbers + b->n_attributes] = 0;
    if (b->layer->division_field >= 0 &&
        !keep_value(b, &values[b->layer->division_field], &b->numbers[entry->numbers + b->n_attributes]))
        return DK_NOMEM;
    b->n_numbers += b->n_attributes + 1;
    b->n_entries++;
    return DK_OK;
}

static dk_status copy_value(dk_block_builder *b, const dk_block *from, uint32_t number, uint32_t *ret_place)
{
    *ret_place = 0;
    if (number == 0)
        return DK_OK;
    if (number > from->n_values)
        return DK_CORRUPT;
    if (b->copied[number] == 0) {
        const unsigned char *at;
        size_t size;
        if (value_bytes(from, number, &at, &size) != DK_OK)
            return DK_CORRUPT;
        b->copied[number] = keep(b, at, size);
        if (b->copied[number] == 0)
            return DK_NOMEM;
    }
    *ret_place = b->copied[number];
    return DK_OK;
}

dk_status dk_block_copy(dk_block_builder *b, const dk_block *from, uint32_t i)
{
    if (b->copied_from != from->data) {
        if (!dk_grow(&b->copied, &b->copied_capacity, (size_t)from->n_values + 1, sizeof *b->copied))
            return DK_NOMEM;
        memset(b->copied, 0, ((size_t)from->n_values + 1) * sizeof *b->copied);
        b->copied_from = from->data;
    }
    const dk_entry_head *head = &from->heads[i];
    if (from->n_attributes != b->n_attributes || memcmp(from->fields, b->fields, b->n_attributes) != 0 ||
        head->drawing > from->size || head->drawing_size > from->size - head->drawing)
        return DK_CORRUPT;
    kept_entry *entry = new_entry(b, head, from->data + head->drawing, head->drawing_size);
    if (entry == NULL)
        return DK_NOMEM;
    dk_status status = DK_OK;
    for (uint32_t a = 0; status == DK_OK && a < b->n_attributes; a++)
        status = copy_value(b, from, dk_block_attribute(from, i, a), &b->numbers[entry->numbers + a]);
    if (status == DK_OK)
        status = copy_value(b, from, head->division, &b->numbers[entry->numbers + b->n_attributes]);
    if (status != DK_OK)
        return status;
    b->n_numbers += b->n_attributes + 1;
    b->n_entries++;
    return DK_OK;
}

size_t dk_block_count(const dk_block_builder *b)
{
    return b->n_entries;
}

static int by_code(const void *a, const void *b)
{
    const kept_entry *p = a, *q = b;
    if (p->code != q->code)
        return p->code < q->code ? -1 : 1;
    if (p->head.feature != q->head.feature)
        return p->head.feature < q->head.feature ? -1 : 1;
    return p->head.row < q->head.row ? -1 : p->head.row > q->head.row;
}

static void put_u32(dk_buf *out, uint32_t value)
{
    dk_buf_append(out, &value, 4);
}

/* Numbers the values in the order of their first use; order gets their places. */
static uint32_t number_values(dk_block_builder *b, uint32_t *order)
{
    uint32_t n = 0;
    for (size_t i = 0; i < b->n_entries; i++)
        for (uint32_t a = 0; a <= b->n_attributes; a++) {
            const uint32_t place = b->numbers[b->entries[i].numbers + a];
            if (place == 0 || b->kept[place - 1].number != 0)
                continue;
            b->kept[place - 1].number = ++n;
            order[n - 1] = place - 1;
        }
    return n;
}

static uint32_t number_at(const dk_block_builder *b, size_t i)
{
    return b->numbers[i] == 0 ? 0 : b->kept[b->numbers[i] - 1].number;
}

dk_status dk_block_finish(dk_block_builder *b, dk_buf *out)
{
    dk_buf_clear(out);
    if (b->n_entries == 0)
        return DK_OK;
    if (b->n_entries > 1)
        qsort(b->entries, b->n_entries, sizeof *b->entries, by_code);
    if (!dk_grow(&b->copied, &b->copied_capacity, b->n_kept + 1, sizeof *b->copied))
        return DK_NOMEM;
    b->copied_from = NULL; /* its memory serves for the order */
    uint32_t *order = b->copied;
    const uint32_t n_values = number_values(b, order);
    const uint64_t first = HEAD + (b->n_attributes + 3) / 4 * 4 +
                           (uint64_t)b->n_entries * (sizeof(dk_entry_head) + 4 * b->n_attributes) +
                           4 * ((uint64_t)n_values + 1);
    uint64_t end = first;
    for (uint32_t i = 0; i < n_values; i++)
        end += b->kept[order[i]].size;
    const uint64_t drawings = end, size = end + b->drawings.size;
    if (size > UINT32_MAX)
        return DK_NOMEM;
    put_u32(out, MAGIC);
    put_u32(out, (uint32_t)b->n_entries);
    put_u32(out, n_values);
    put_u32(out, b->n_attributes);
    put_u32(out, (uint32_t)size);
    dk_buf_append(out, b->fields, b->n_attributes);
    for (uint32_t i = b->n_attributes; i % 4 != 0; i++)
        dk_buf_byte(out, 0);
    uint64_t at = drawings;
    for (size_t i = 0; i < b->n_entries; i++) {
        dk_entry_head head = b->entries[i].head;
        head.division = number_at(b, b->entries[i].numbers + b->n_attributes);
        head.drawing = (uint32_t)at;
        at += head.drawing_size;
        dk_buf_append(out, &head, sizeof head);
    }
    for (size_t i = 0; i < b->n_entries; i++)
        for (uint32_t a = 0; a < b->n_attributes; a++)
            put_u32(out, number_at(b, b->entries[i].numbers + a));
    at = first;
    for (uint32_t i = 0; i < n_values; i++) {
        put_u32(out, (uint32_t)at);
        at += b->kept[order[i]].size;
    }
    put_u32(out, (uint32_t)at);
    for (uint32_t i = 0; i < n_values; i++)
        dk_buf_append(out, b->values.data + b->kept[order[i]].at, b->kept[order[i]].size);
    for (size_t i = 0; i < b->n_entries; i++)
        dk_buf_append(out, b->drawings.data + b->entries[i].drawing, b->entries[i].head.drawing_size);
    return out->failed ? DK_NOMEM : DK_OK;
}
