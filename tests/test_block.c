/* Blocks: what goes in comes out, whatever the order of adding and whichever blocks entries were copied from; damaged
 * ones are refused. The layout is read here by hand, from the description in the header. */
#include "store/block.h"
#include "store/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_FIELDS = 6, DIVISION = 4 };

static dk_field fields[N_FIELDS] = {
    {.name = "key", .in_tiles = true},     {.name = "secret"},   {.name = "area", .in_tiles = true},
    {.name = "count", .in_tiles = true},   {.name = "division"}, /* not in tiles, but kept for scopes */
    {.name = "village", .in_tiles = true},
};
static const dk_kind layer = {
    .name = "a", .geometry = DK_POLYGONS, .fields = fields, .n_fields = N_FIELDS, .division_field = DIVISION};

static uint64_t random_state;

static uint32_t random_u32(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

/* An entry as a test thinks of it. */
typedef struct entry {
    dk_entry_head head;
    char key[40], village[40], division[16];
    dk_value values[N_FIELDS];
    unsigned char drawing[64];
    size_t drawing_size;
} entry;

static entry make_entry(uint32_t number)
{
    entry e = {0};
    e.head.x0 = random_u32();
    e.head.y0 = random_u32();
    e.head.x1 = e.head.x0 | 0xff;
    e.head.y1 = e.head.y0 | 0xff;
    e.head.label_x = e.head.x0;
    e.head.label_y = e.head.y0;
    e.head.first_zoom = (uint8_t)(random_u32() % 20);
    e.head.cut_zoom = e.head.last_zoom = 255;
    e.head.unsound = random_u32();
    e.head.area_cm2 = (int64_t)random_u32() * 1000;
    e.head.row = 1000 + (int64_t)number;
    e.head.feature = number;
    snprintf(e.key, sizeof e.key, "DK%06u", number);
    snprintf(e.village, sizeof e.village, "village %u", random_u32() % 3);
    snprintf(e.division, sizeof e.division, "34132%u", random_u32() % 2);
    e.drawing_size = random_u32() % sizeof e.drawing;
    for (size_t i = 0; i < e.drawing_size; i++)
        e.drawing[i] = (unsigned char)random_u32();
    return e;
}

/* Values borrow from the entry where it now is. */
static const dk_value *values_of(entry *e)
{
    e->values[0] = dk_value_text(e->key);
    e->values[1] = dk_value_text("secret");
    e->values[2] = e->head.feature % 5 == 0 ? dk_value_null() : dk_value_real((double)(e->head.feature % 4) / 3);
    e->values[3] = dk_value_integer(-(int64_t)(e->head.feature % 7));
    e->values[DIVISION] = dk_value_text(e->division);
    e->values[5] = dk_value_text(e->village);
    return e->values;
}

static void add(dk_block_builder *builder, entry *e)
{
    assert_int_equal(dk_block_add(builder, &e->head, e->drawing, e->drawing_size, values_of(e)), DK_OK);
}

static dk_block open_block(const dk_buf *bytes)
{
    dk_block block;
    assert_int_equal(dk_block_open(bytes->data, bytes->size, &block), DK_OK);
    return block;
}

static void assert_entry(const dk_block *block, uint32_t i, entry *e)
{
    dk_entry_head head = block->heads[i];
    assert_true(head.drawing <= block->size && head.drawing_size <= block->size - head.drawing);
    assert_int_equal(head.drawing_size, e->drawing_size);
    assert_memory_equal(block->data + head.drawing, e->drawing, e->drawing_size);
    dk_value value;
    values_of(e);
    assert_int_equal(dk_block_value(block, head.division, &value), DK_OK);
    assert_true(dk_value_equal(&value, &e->values[DIVISION]));
    head.drawing = head.drawing_size = head.division = 0;
    assert_memory_equal(&head, &e->head, sizeof head);
    for (uint32_t a = 0; a < block->n_attributes; a++) {
        const uint32_t number = dk_block_attribute(block, i, a);
        assert_int_equal(dk_block_value(block, number, &value), DK_OK);
        assert_true(dk_value_equal(&value, &e->values[block->fields[a]]));
        if (value.type == DK_TEXT)
            assert_int_equal(value.text.data[value.text.size], 0);
    }
}

static void entries_come_back_in_the_order_of_their_corners(void **state)
{
    (void)state;
    enum { N = 200 };
    static entry entries[N];
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_block_begin(builder, &layer);
    for (uint32_t i = 0; i < N; i++) {
        entries[i] = make_entry(i);
        add(builder, &entries[i]);
    }
    assert_int_equal(dk_block_count(builder), N);
    assert_int_equal(dk_block_finish(builder, &bytes), DK_OK);
    const dk_block block = open_block(&bytes);
    assert_int_equal(block.n_entries, N);
    assert_int_equal(block.n_attributes, 4);
    assert_memory_equal(block.fields, "\0\2\3\5", 4);
    /* 200 keys, 3 villages, 4 numbers of which 1/3 of them real, 7 integers, 2 divisions: each once */
    assert_int_equal(block.n_values, N + 3 + 4 + 7 + 2);
    uint64_t before = 0;
    for (uint32_t i = 0; i < N; i++) {
        const uint64_t morton = dk_morton(block.heads[i].x0, block.heads[i].y0);
        assert_true(i == 0 || morton >= before);
        before = morton;
        assert_entry(&block, i, &entries[block.heads[i].feature]);
    }
    /* the numbers of values come in the order of their first use */
    uint32_t known = 0;
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t a = 0; a <= block.n_attributes; a++) {
            const uint32_t number = a < block.n_attributes ? dk_block_attribute(&block, i, a) : block.heads[i].division;
            assert_true(number <= known + 1);
            known = number > known ? number : known;
        }
    assert_int_equal(known, block.n_values);
    dk_block_builder_free(builder);
    dk_buf_finish(&bytes);
}

static void the_bytes_do_not_depend_on_where_entries_came_from(void **state)
{
    (void)state;
    enum { N = 90 };
    static entry entries[N];
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf all, parts[3], again, read;
    dk_buf_init(&all);
    dk_buf_init(&read);
    dk_buf_init(&again);
    for (uint32_t i = 0; i < N; i++) {
        entries[i] = make_entry(i);
        if (i % 10 == 9) /* the same corner: by feature */
            entries[i].head.x0 = entries[i - 1].head.x0, entries[i].head.y0 = entries[i - 1].head.y0;
    }
    dk_block_begin(builder, &layer);
    for (uint32_t i = 0; i < N; i++)
        add(builder, &entries[i]);
    assert_int_equal(dk_block_finish(builder, &all), DK_OK);
    for (uint32_t p = 0; p < 3; p++) {
        dk_buf_init(&parts[p]);
        dk_block_begin(builder, &layer);
        for (uint32_t i = 0; i < N; i++)
            if (i % 3 == p)
                add(builder, &entries[N - 1 - i]);
        assert_int_equal(dk_block_finish(builder, &parts[p]), DK_OK);
    }
    for (int round = 0; round < 20; round++) {
        /* Two thirds are copied in turns from blocks that are read into the same memory, one third is new. */
        dk_block_begin(builder, &layer);
        const uint32_t shift = random_u32();
        for (uint32_t k = 0; k < N; k++) {
            const uint32_t i = (k + shift) % N, p = i % 3;
            if (p == 2) {
                add(builder, &entries[N - 1 - i]);
                continue;
            }
            dk_buf_clear(&read);
            dk_buf_append(&read, parts[p].data, parts[p].size);
            dk_block block = open_block(&read);
            uint32_t j = 0;
            while (block.heads[j].feature != N - 1 - i)
                j++;
            assert_int_equal(dk_block_copy(builder, &block, j), DK_OK);
        }
        assert_int_equal(dk_block_finish(builder, &again), DK_OK);
        assert_int_equal(all.size, again.size);
        assert_memory_equal(all.data, again.data, all.size);
    }
    for (uint32_t p = 0; p < 3; p++)
        dk_buf_finish(&parts[p]);
    dk_buf_finish(&all);
    dk_buf_finish(&again);
    dk_buf_finish(&read);
    dk_block_builder_free(builder);
}

/* A block with one entry left of many holds nothing of the others, their values included: what is withdrawn is gone. */
static void what_is_not_copied_leaves_nothing_behind(void **state)
{
    (void)state;
    entry one = make_entry(1), other = make_entry(2);
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf both, left, fresh;
    dk_buf_init(&both);
    dk_buf_init(&left);
    dk_buf_init(&fresh);
    dk_block_begin(builder, &layer);
    add(builder, &one);
    add(builder, &other);
    assert_int_equal(dk_block_finish(builder, &both), DK_OK);
    const dk_block block = open_block(&both);
    dk_block_begin(builder, &layer);
    assert_int_equal(dk_block_copy(builder, &block, block.heads[0].feature == 1 ? 0 : 1), DK_OK);
    assert_int_equal(dk_block_finish(builder, &left), DK_OK);
    dk_block_begin(builder, &layer);
    add(builder, &one);
    assert_int_equal(dk_block_finish(builder, &fresh), DK_OK);
    assert_int_equal(left.size, fresh.size);
    assert_memory_equal(left.data, fresh.data, left.size);
    assert_null(memmem(left.data, left.size, "DK000002", 8));
    dk_block_begin(builder, &layer);
    assert_int_equal(dk_block_finish(builder, &left), DK_OK);
    assert_int_equal(left.size, 0);
    dk_buf_finish(&both);
    dk_buf_finish(&left);
    dk_buf_finish(&fresh);
    dk_block_builder_free(builder);
}

static void an_entry_of_other_fields_is_not_copied(void **state)
{
    (void)state;
    entry one = make_entry(1);
    dk_field other_fields[N_FIELDS];
    memcpy(other_fields, fields, sizeof fields);
    other_fields[0].in_tiles = false;
    dk_kind other = layer;
    other.fields = other_fields;
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_block_begin(builder, &layer);
    add(builder, &one);
    assert_int_equal(dk_block_finish(builder, &bytes), DK_OK);
    const dk_block block = open_block(&bytes);
    dk_block_begin(builder, &other);
    assert_int_equal(dk_block_copy(builder, &block, 0), DK_CONFLICT);
    assert_int_equal(dk_block_count(builder), 0);
    dk_buf_finish(&bytes);
    dk_block_builder_free(builder);
}

/* The layout, written down by hand. */
static void a_block_of_one_entry_byte_for_byte(void **state)
{
    (void)state;
    dk_field one_field[] = {{.name = "n", .in_tiles = true}};
    const dk_kind small = {.name = "s", .fields = one_field, .n_fields = 1, .division_field = -1};
    const dk_entry_head head = {.x0 = 1,
                                .y0 = 2,
                                .x1 = 3,
                                .y1 = 4,
                                .label_x = 5,
                                .label_y = 6,
                                .first_zoom = 7,
                                .size_class = 8,
                                .cut_zoom = 9,
                                .last_zoom = 10,
                                .unsound = 11,
                                .unsound_plate = 12,
                                .area_cm2 = 13,
                                .row = 14,
                                .feature = 15};
    const dk_value value = dk_value_text("x");
    unsigned char expected[] = {
        'd',  'b', 'k',  '2', 1,   0,   0,   0,   1,   0, 0,   0,  1, 0, 0, 0, 126, 0, 0, 0,  0, 0, 0, 0, /* header and
                                                                                                             fields */
        1,    0,   0,    0,   2,   0,   0,   0,   3,   0, 0,   0,  4, 0, 0, 0, 5,   0, 0, 0,  6, 0, 0, 0, 7,
        8,    9,   10,   11,  0,   0,   0,   12,  0,   0, 0,   13, 0, 0, 0, 0, 0,   0, 0, 14, 0, 0, 0, 0, 0,
        0,    0,   15,   0,   0,   0,   0,   0,   0,   0, 122, 0,  0, 0, 4, 0, 0,   0, 0, 0,  0, 0, /* where the drawing
                                                                                                       is; no division
                                                                                                     */
        1,    0,   0,    0,                                                                         /* attributes */
        116,  0,   0,    0,   'h', 'a', 's', 'h', 122, 0, 0,   0,  0, 0, 0, 0, /* offsets and hashes */
        0x22, 3,   0x0a, 1,   'x', 0,                                          /* values: MVT 4.1 and 4.4 */
        'd',  'r', 'a',  'w',
    };
    const uint32_t hash = dk_tile_value_hash(expected + 116, 5);
    memcpy(expected + 104, &hash, 4);
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_block_begin(builder, &small);
    assert_int_equal(dk_block_add(builder, &head, "draw", 4, &value), DK_OK);
    assert_int_equal(dk_block_finish(builder, &bytes), DK_OK);
    assert_int_equal(bytes.size, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    dk_buf_finish(&bytes);
    dk_block_builder_free(builder);
}

static void damaged_blocks_are_refused(void **state)
{
    (void)state;
    entry e = make_entry(3);
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_block_begin(builder, &layer);
    add(builder, &e);
    assert_int_equal(dk_block_finish(builder, &bytes), DK_OK);
    dk_block block;
    unsigned char *copy = malloc(bytes.size);
    for (size_t size = 0; size < bytes.size; size++) {
        memcpy(copy, bytes.data, bytes.size);
        assert_int_equal(dk_block_open(copy, size, &block), DK_CORRUPT);
    }
    static const struct {
        size_t at;
        unsigned char byte;
    } changes[] = {{0, 'x'}, {6, 255}, {7, 255}, {10, 255}, {11, 255}, {12, 9}, {15, 1}, {20, 63}, {21, 0}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(copy, bytes.data, bytes.size);
        copy[changes[i].at] = changes[i].byte;
        assert_int_equal(dk_block_open(copy, bytes.size, &block), DK_CORRUPT);
    }
    free(copy);

    block = open_block(&bytes);
    dk_value value;
    assert_int_equal(dk_block_value(&block, block.n_values + 1, &value), DK_CORRUPT);
    assert_int_equal(dk_block_value(&block, UINT32_MAX, &value), DK_CORRUPT);
    assert_int_equal(dk_block_value(&block, 0, &value), DK_OK);
    assert_int_equal(value.type, DK_NULL);
    dk_entry_head *head = (dk_entry_head *)(bytes.data + ((const unsigned char *)block.heads - block.data));
    dk_drawing drawing;
    dk_block_begin(builder, &layer);
    head->drawing = (uint32_t)bytes.size - 1;
    head->drawing_size = 2;
    assert_int_equal(dk_block_drawing(&block, 0, &drawing), DK_CORRUPT);
    assert_int_equal(dk_block_copy(builder, &block, 0), DK_CORRUPT);
    head->drawing = UINT32_MAX;
    assert_int_equal(dk_block_copy(builder, &block, 0), DK_CORRUPT);
    head->drawing = head->drawing_size = 0;
    head->division = block.n_values + 1;
    assert_int_equal(dk_block_copy(builder, &block, 0), DK_CORRUPT);
    assert_int_equal(dk_block_count(builder), 0);
    dk_buf_finish(&bytes);
    dk_block_builder_free(builder);
}

/* The zoom from which pieces stand for every drawing is told by the beginning of a block that holds the heads; where it
 * does not, or one entry is never cut, the block has to be read. */
static void the_beginning_tells_from_where_on_pieces_stand_for_all(void **state)
{
    (void)state;
    dk_block_builder *builder = dk_block_builder_create();
    dk_buf bytes;
    dk_buf_init(&bytes);
    for (int never = 0; never < 2; never++) {
        dk_block_begin(builder, &layer);
        for (uint32_t i = 0; i < 5; i++) {
            entry e = make_entry(i);
            e.head.cut_zoom = (uint8_t)(never && i == 3 ? 255 : 9 + i % 3);
            add(builder, &e);
        }
        assert_int_equal(dk_block_finish(builder, &bytes), DK_OK);
        const dk_block block = open_block(&bytes);
        const size_t heads = (size_t)((const unsigned char *)(block.heads + block.n_entries) - block.data);
        assert_int_equal(dk_block_cut(bytes.data, bytes.size), never ? 255 : 11);
        assert_int_equal(dk_block_cut(bytes.data, heads), never ? 255 : 11);
        for (size_t size = 0; size < heads; size++)
            assert_int_equal(dk_block_cut(bytes.data, size), 255);
    }
    dk_buf_finish(&bytes);
    dk_block_builder_free(builder);
}

static int set_up(void **state)
{
    (void)state;
    random_state = 88172645463325252u;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(entries_come_back_in_the_order_of_their_corners, set_up),
        cmocka_unit_test_setup(the_bytes_do_not_depend_on_where_entries_came_from, set_up),
        cmocka_unit_test_setup(what_is_not_copied_leaves_nothing_behind, set_up),
        cmocka_unit_test_setup(an_entry_of_other_fields_is_not_copied, set_up),
        cmocka_unit_test_setup(a_block_of_one_entry_byte_for_byte, set_up),
        cmocka_unit_test_setup(damaged_blocks_are_refused, set_up),
        cmocka_unit_test_setup(the_beginning_tells_from_where_on_pieces_stand_for_all, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
