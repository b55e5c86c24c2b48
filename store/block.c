#include "store/block.h"

#include "store/index.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x326B6264 }; /* "dbk2" */
enum { HEADER_SIZE = 20 };
enum { OFFSET_SIZE = 8 }; /* of a value, with its hash */
enum { NO_NUMBER = 0 };

static inline uint32_t read_u32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

/* ---- reading ---- */

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

dk_status dk_block_open(const void *data, size_t size, dk_block *ret_block)
{
    dk_block block = {.data = data, .size = size};
    if (size < HEADER_SIZE || size > UINT32_MAX || read_u32(block.data) != MAGIC || read_u32(block.data + 16) != size)
        return DK_CORRUPT;
    block.n_entries = read_u32(block.data + 4);
    block.n_values = read_u32(block.data + 8);
    block.n_attributes = read_u32(block.data + 12);
    if (block.n_attributes > DK_MAX_FIELDS || block.n_entries == 0)
        return DK_CORRUPT;
    /* Each is below 2^32 and multiplied by less than 2^10: no overflow in 64 bits. */
    const uint64_t heads = HEADER_SIZE + padded(block.n_attributes);
    const uint64_t attributes = heads + (uint64_t)block.n_entries * sizeof(dk_entry_head);
    const uint64_t offsets = attributes + (uint64_t)block.n_entries * block.n_attributes * 4;
    const uint64_t values = offsets + ((uint64_t)block.n_values + 1) * OFFSET_SIZE;
    if (values > size)
        return DK_CORRUPT;
    block.fields = block.data + HEADER_SIZE;
    for (uint32_t i = 0; i < block.n_attributes; i++)
        if (block.fields[i] >= DK_MAX_FIELDS || (i > 0 && block.fields[i] <= block.fields[i - 1]))
            return DK_CORRUPT;
    block.heads = (const dk_entry_head *)(block.data + heads);
    block.attributes = block.data + attributes;
    block.offsets = block.data + offsets;
    if (read_u32(block.offsets) != values)
        return DK_CORRUPT;
    *ret_block = block;
    return DK_OK;
}

int dk_block_cut(const void *beginning, size_t size)
{
    const unsigned char *data = beginning;
    if (size < HEADER_SIZE || read_u32(data) != MAGIC || read_u32(data + 12) > DK_MAX_FIELDS)
        return UINT8_MAX;
    const size_t heads = HEADER_SIZE + padded(read_u32(data + 12)), n = read_u32(data + 4);
    if (heads > size || n > (size - heads) / sizeof(dk_entry_head))
        return UINT8_MAX;
    int cut = 0;
    for (size_t i = 0; i < n; i++) {
        dk_entry_head head;
        memcpy(&head, data + heads + i * sizeof head, sizeof head);
        cut = head.cut_zoom > cut ? head.cut_zoom : cut;
    }
    return cut;
}

dk_status dk_block_drawing(const dk_block *block, uint32_t i, dk_drawing *ret_drawing)
{
    const uint32_t start = block->heads[i].drawing, size = block->heads[i].drawing_size;
    if (start > block->size || size > block->size - start)
        return DK_CORRUPT;
    return dk_drawing_open(block->data + start, size, ret_drawing);
}

dk_status dk_block_tile_value(const dk_block *block, uint32_t number, dk_tile_value *ret_value)
{
    if (number == NO_NUMBER || number > block->n_values)
        return DK_CORRUPT;
    const unsigned char *at = block->offsets + OFFSET_SIZE * ((size_t)number - 1);
    const uint32_t start = read_u32(at), end = read_u32(at + OFFSET_SIZE);
    if (start < read_u32(block->offsets) || start >= end || end > block->size || block->data[end - 1] != 0 ||
        !dk_tile_value_fits(block->data + start, end - start - 1))
        return DK_CORRUPT;
    *ret_value = (dk_tile_value){block->data + start, end - start - 1, read_u32(at + 4)};
    return DK_OK;
}

dk_status dk_block_value(const dk_block *block, uint32_t number, dk_value *ret_value)
{
    if (number == NO_NUMBER) {
        *ret_value = dk_value_null();
        return DK_OK;
    }
    dk_tile_value value;
    const dk_status status = dk_block_tile_value(block, number, &value);
    return status != DK_OK ? status : dk_tile_value_decode(value.bytes, value.size, ret_value);
}

size_t dk_block_values_size(const dk_block *block)
{
    const uint32_t from = read_u32(block->offsets),
                   to = read_u32(block->offsets + OFFSET_SIZE * (size_t)block->n_values);
    return to > from && to <= block->size ? to - from : 0;
}

/* ---- building ---- */

typedef struct value_place {
    uint32_t hash;
    size_t start, size; /* in dk_block_builder.values, without the NUL */
} value_place;

typedef struct sort_place {
    uint64_t morton;
    uint32_t entry;
} sort_place;

struct dk_block_builder {
    unsigned char fields[DK_MAX_FIELDS];
    uint32_t n_attributes;
    size_t n_fields;
    int division_field;

    dk_entry_head *heads; /* drawing: offset in drawings; division: number of the builder */
    size_t n_entries, heads_capacity;
    uint32_t *numbers; /* n_attributes for each entry */
    size_t numbers_capacity;
    dk_buf drawings;

    dk_buf values; /* as they stand in a block */
    dk_buf value;  /* the one under way */
    value_place *places;
    size_t n_places, places_capacity;
    uint32_t *table; /* numbers, open addressing, power of two */
    size_t table_capacity;

    /* Number in the block that entries are copied from → number here. Only a guess, which is compared before it is
     * believed: so it may come from another block, and nothing has to be told when a block ends. */
    uint32_t *guesses;
    size_t guesses_capacity;

    sort_place *order;
    size_t order_capacity;
    uint32_t *renumbered; /* number here → number in the finished block */
    size_t renumbered_capacity;
    uint32_t *used; /* the other way round */
    size_t used_capacity;
};

dk_block_builder *dk_block_builder_create(void)
{
    dk_block_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL)
        return NULL;
    dk_buf_init(&builder->drawings);
    dk_buf_init(&builder->values);
    dk_buf_init(&builder->value);
    builder->division_field = -1;
    return builder;
}

void dk_block_builder_free(dk_block_builder *builder)
{
    if (builder == NULL)
        return;
    free(builder->heads);
    free(builder->numbers);
    dk_buf_finish(&builder->drawings);
    dk_buf_finish(&builder->values);
    dk_buf_finish(&builder->value);
    free(builder->places);
    free(builder->table);
    free(builder->guesses);
    free(builder->order);
    free(builder->renumbered);
    free(builder->used);
    free(builder);
}

void dk_block_begin(dk_block_builder *builder, const dk_kind *layer)
{
    builder->n_attributes = 0;
    builder->n_fields = layer->n_fields;
    for (size_t i = 0; i < layer->n_fields && i < DK_MAX_FIELDS; i++)
        if (layer->fields[i].in_tiles)
            builder->fields[builder->n_attributes++] = (unsigned char)i;
    builder->division_field = layer->division_field;
    builder->n_entries = 0;
    builder->n_places = 0;
    dk_buf_clear(&builder->drawings);
    dk_buf_clear(&builder->values);
    if (builder->table != NULL)
        memset(builder->table, 0, builder->table_capacity * sizeof *builder->table);
}

size_t dk_block_count(const dk_block_builder *builder)
{
    return builder->n_entries;
}

static bool grow_table(dk_block_builder *builder)
{
    const size_t capacity = builder->table_capacity > 0 ? builder->table_capacity * 2 : 512;
    uint32_t *table = calloc(capacity, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < builder->n_places; i++) {
        size_t at = builder->places[i].hash & (capacity - 1);
        while (table[at] != NO_NUMBER)
            at = (at + 1) & (capacity - 1);
        table[at] = (uint32_t)i + 1;
    }
    free(builder->table);
    builder->table = table;
    builder->table_capacity = capacity;
    return true;
}

static bool is_number(const dk_block_builder *builder, uint32_t number, const unsigned char *bytes, size_t size)
{
    const value_place *place = &builder->places[number - 1];
    return place->size == size && memcmp(builder->values.data + place->start, bytes, size) == 0;
}

/* The number of a value given as in a block; bytes do not lie in the builder. */
static dk_status number_of(dk_block_builder *builder, const unsigned char *bytes, size_t size, uint32_t *ret_number)
{
    if ((builder->n_places + 1) * 2 > builder->table_capacity && !grow_table(builder))
        return DK_NOMEM;
    const uint32_t hash = dk_tile_value_hash(bytes, size);
    const size_t mask = builder->table_capacity - 1;
    size_t at = hash & mask;
    for (; builder->table[at] != NO_NUMBER; at = (at + 1) & mask) {
        const uint32_t number = builder->table[at];
        if (builder->places[number - 1].hash == hash && is_number(builder, number, bytes, size)) {
            *ret_number = number;
            return DK_OK;
        }
    }
    if (builder->n_places >= UINT32_MAX - 1)
        return DK_LIMIT;
    if (!dk_grow(&builder->places, &builder->places_capacity, builder->n_places + 1, sizeof *builder->places))
        return DK_NOMEM;
    const size_t start = builder->values.size;
    dk_buf_append(&builder->values, bytes, size);
    dk_buf_byte(&builder->values, 0);
    if (builder->values.failed)
        return DK_NOMEM;
    builder->places[builder->n_places++] = (value_place){hash, start, size};
    builder->table[at] = (uint32_t)builder->n_places;
    *ret_number = (uint32_t)builder->n_places;
    return DK_OK;
}

/* guess: that of the entry before, as neighbours share most of their texts (village, project); NO_NUMBER: none. */
static dk_status number_of_value(dk_block_builder *builder, const dk_value *value, uint32_t guess, uint32_t *ret_number)
{
    if (value->type == DK_NULL) {
        *ret_number = NO_NUMBER;
        return DK_OK;
    }
    if (value->type == DK_TEXT && guess != NO_NUMBER) {
        const value_place *place = &builder->places[guess - 1];
        if (dk_tile_value_is_text(builder->values.data + place->start, place->size, value->text.data,
                                  value->text.size)) {
            *ret_number = guess;
            return DK_OK;
        }
    }
    dk_tile_value_encode(value, &builder->value);
    return builder->value.failed ? DK_NOMEM : number_of(builder, builder->value.data, builder->value.size, ret_number);
}

/* Room for one more entry and its drawing. */
static dk_status reserve_entry(dk_block_builder *builder, size_t drawing_size)
{
    if (builder->n_entries >= UINT32_MAX - 1 || drawing_size > UINT32_MAX ||
        builder->drawings.size > UINT32_MAX - drawing_size)
        return DK_LIMIT;
    const size_t n = builder->n_entries + 1;
    if (!dk_grow(&builder->heads, &builder->heads_capacity, n, sizeof *builder->heads) ||
        !dk_grow(&builder->numbers, &builder->numbers_capacity, n * builder->n_attributes + 1,
                 sizeof *builder->numbers))
        return DK_NOMEM;
    return dk_buf_reserve(&builder->drawings, drawing_size) != NULL ? DK_OK : DK_NOMEM;
}

static void keep_entry(dk_block_builder *builder, const dk_entry_head *head, const void *drawing, size_t drawing_size,
                       uint32_t division)
{
    dk_entry_head *to = &builder->heads[builder->n_entries++];
    *to = *head;
    to->drawing = (uint32_t)builder->drawings.size;
    to->drawing_size = (uint32_t)drawing_size;
    to->division = division;
    dk_buf_append(&builder->drawings, drawing, drawing_size);
}

dk_status dk_block_add(dk_block_builder *builder, const dk_entry_head *head, const void *drawing, size_t drawing_size,
                       const dk_value *values)
{
    dk_status status = reserve_entry(builder, drawing_size);
    if (status != DK_OK)
        return status;
    uint32_t *numbers = builder->numbers + builder->n_entries * builder->n_attributes, division = NO_NUMBER;
    const bool first = builder->n_entries == 0;
    const uint32_t *before = first ? NULL : numbers - builder->n_attributes;
    for (uint32_t a = 0; a < builder->n_attributes && status == DK_OK; a++)
        status = number_of_value(builder, &values[builder->fields[a]], first ? NO_NUMBER : before[a], &numbers[a]);
    if (status == DK_OK && builder->division_field >= 0 && (size_t)builder->division_field < builder->n_fields)
        status = number_of_value(builder, &values[builder->division_field],
                                 first ? NO_NUMBER : builder->heads[builder->n_entries - 1].division, &division);
    if (status == DK_OK)
        keep_entry(builder, head, drawing, drawing_size, division);
    return status;
}

static dk_status copy_number(dk_block_builder *builder, const dk_block *from, uint32_t number, uint32_t *ret_number)
{
    if (number == NO_NUMBER) {
        *ret_number = NO_NUMBER;
        return DK_OK;
    }
    dk_tile_value value;
    dk_status status = dk_block_tile_value(from, number, &value);
    if (status != DK_OK)
        return status;
    const uint32_t guess = builder->guesses[number];
    if (guess != NO_NUMBER && guess <= builder->n_places && is_number(builder, guess, value.bytes, value.size)) {
        *ret_number = guess;
        return DK_OK;
    }
    status = number_of(builder, value.bytes, value.size, ret_number);
    if (status == DK_OK)
        builder->guesses[number] = *ret_number;
    return status;
}

dk_status dk_block_copy(dk_block_builder *builder, const dk_block *from, uint32_t i)
{
    if (from->n_attributes != builder->n_attributes ||
        memcmp(from->fields, builder->fields, builder->n_attributes) != 0)
        return DK_CONFLICT;
    const dk_entry_head *head = &from->heads[i];
    if (head->drawing > from->size || head->drawing_size > from->size - head->drawing)
        return DK_CORRUPT;
    const size_t before = builder->guesses_capacity;
    if (!dk_grow(&builder->guesses, &builder->guesses_capacity, (size_t)from->n_values + 1, sizeof *builder->guesses))
        return DK_NOMEM;
    memset(builder->guesses + before, 0, (builder->guesses_capacity - before) * sizeof *builder->guesses);
    dk_status status = reserve_entry(builder, head->drawing_size);
    if (status != DK_OK)
        return status;
    uint32_t *numbers = builder->numbers + builder->n_entries * builder->n_attributes, division = NO_NUMBER;
    for (uint32_t a = 0; a < builder->n_attributes && status == DK_OK; a++)
        status = copy_number(builder, from, dk_block_attribute(from, i, a), &numbers[a]);
    if (status == DK_OK)
        status = copy_number(builder, from, head->division, &division);
    if (status == DK_OK)
        keep_entry(builder, head, from->data + head->drawing, head->drawing_size, division);
    return status;
}

/* Entries that agree in all three places of the order, which publish does not make, go by their bytes, so that even
 * then the block does not depend on the order of adding. */
static int by_bytes(const dk_block_builder *builder, uint32_t a, uint32_t b)
{
    dk_entry_head p = builder->heads[a], q = builder->heads[b];
    const unsigned char *drawings = builder->drawings.data;
    int order = p.drawing_size < q.drawing_size ? -1 : p.drawing_size > q.drawing_size;
    if (order == 0 && p.drawing_size > 0)
        order = memcmp(drawings + p.drawing, drawings + q.drawing, p.drawing_size);
    p.drawing = q.drawing = p.division = q.division = 0;
    if (order == 0)
        order = memcmp(&p, &q, sizeof p);
    for (uint32_t k = 0; order == 0 && k < builder->n_attributes; k++) {
        const uint32_t m = builder->numbers[(size_t)a * builder->n_attributes + k];
        const uint32_t n = builder->numbers[(size_t)b * builder->n_attributes + k];
        if (m == n)
            continue;
        if (m == NO_NUMBER || n == NO_NUMBER)
            return m == NO_NUMBER ? -1 : 1;
        const value_place *v = &builder->places[m - 1], *w = &builder->places[n - 1];
        order = memcmp(builder->values.data + v->start, builder->values.data + w->start,
                       v->size < w->size ? v->size : w->size);
        if (order == 0)
            order = v->size < w->size ? -1 : 1;
    }
    return order;
}

static int by_place(const void *a, const void *b, void *user)
{
    const dk_block_builder *builder = user;
    const sort_place *p = a, *q = b;
    if (p->morton != q->morton)
        return p->morton < q->morton ? -1 : 1;
    const dk_entry_head *v = &builder->heads[p->entry], *w = &builder->heads[q->entry];
    if (v->feature != w->feature)
        return v->feature < w->feature ? -1 : 1;
    if (v->row != w->row)
        return v->row < w->row ? -1 : 1;
    return by_bytes(builder, p->entry, q->entry);
}

/* NO_NUMBER, or the number in the finished block; the first use gives the next one. */
static uint32_t renumber(dk_block_builder *builder, uint32_t number, uint32_t *n_used)
{
    uint32_t *renumbered = &builder->renumbered[number];
    if (number != NO_NUMBER && *renumbered == NO_NUMBER) {
        builder->used[*n_used] = number;
        *renumbered = ++*n_used;
    }
    return *renumbered;
}

static unsigned char *put_u32(unsigned char *at, uint64_t value)
{
    const uint32_t narrow = (uint32_t)value; /* the caller has checked that the whole block fits */
    memcpy(at, &narrow, 4);
    return at + 4;
}

dk_status dk_block_finish(dk_block_builder *builder, dk_buf *out)
{
    dk_buf_clear(out);
    const size_t n = builder->n_entries, n_attributes = builder->n_attributes;
    if (n == 0)
        return DK_OK;
    if (!dk_grow(&builder->order, &builder->order_capacity, n, sizeof *builder->order) ||
        !dk_grow(&builder->renumbered, &builder->renumbered_capacity, builder->n_places + 1,
                 sizeof *builder->renumbered) ||
        !dk_grow(&builder->used, &builder->used_capacity, builder->n_places + 1, sizeof *builder->used))
        return DK_NOMEM;
    for (size_t i = 0; i < n; i++)
        builder->order[i] = (sort_place){dk_morton(builder->heads[i].x0, builder->heads[i].y0), (uint32_t)i};
    qsort_r(builder->order, n, sizeof *builder->order, by_place, builder);

    /* Values of entries whose adding failed halfway are not used. */
    memset(builder->renumbered, 0, (builder->n_places + 1) * sizeof *builder->renumbered);
    uint32_t n_values = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t entry = builder->order[i].entry;
        for (size_t a = 0; a < n_attributes; a++)
            renumber(builder, builder->numbers[entry * n_attributes + a], &n_values);
        renumber(builder, builder->heads[entry].division, &n_values);
    }
    size_t values_size = 0;
    for (size_t i = 0; i < n_values; i++)
        values_size += builder->places[builder->used[i] - 1].size + 1;

    const size_t heads = HEADER_SIZE + padded(n_attributes);
    const size_t attributes = heads + n * sizeof(dk_entry_head), offsets = attributes + n * n_attributes * 4;
    const size_t values = offsets + ((size_t)n_values + 1) * OFFSET_SIZE, drawings = values + values_size;
    const size_t size = drawings + builder->drawings.size;
    if (size > UINT32_MAX)
        return DK_LIMIT;
    unsigned char *const start = dk_buf_reserve(out, size);
    if (start == NULL)
        return DK_NOMEM;
    unsigned char *at = put_u32(start, MAGIC);
    at = put_u32(at, n);
    at = put_u32(at, n_values);
    at = put_u32(at, n_attributes);
    at = put_u32(at, size);
    memset(at, 0, heads - HEADER_SIZE);
    memcpy(at, builder->fields, n_attributes);

    dk_entry_head *head = (dk_entry_head *)(start + heads);
    at = start + attributes;
    unsigned char *drawing = start + drawings;
    for (size_t i = 0; i < n; i++, head++) {
        const size_t entry = builder->order[i].entry;
        for (size_t a = 0; a < n_attributes; a++)
            at = put_u32(at, renumber(builder, builder->numbers[entry * n_attributes + a], &n_values));
        *head = builder->heads[entry];
        head->division = renumber(builder, head->division, &n_values);
        if (head->drawing_size > 0)
            memcpy(drawing, builder->drawings.data + head->drawing, head->drawing_size);
        head->drawing = (uint32_t)(drawing - start);
        drawing += head->drawing_size;
    }
    unsigned char *value = start + values;
    for (size_t i = 0; i < n_values; i++) {
        const value_place *place = &builder->places[builder->used[i] - 1];
        at = put_u32(at, (uint64_t)(value - start));
        at = put_u32(at, place->hash);
        memcpy(value, builder->values.data + place->start, place->size + 1);
        value += place->size + 1;
    }
    put_u32(put_u32(at, (uint64_t)(value - start)), 0);
    out->size = size;
    return DK_OK;
}
