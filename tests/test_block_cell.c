/* The blocks of a cell: divided where they hold too much, whole again when they do not, and the same in whatever order
 * their entries came. */
#include "store/block_cell.h"
#include "tests/store_fixture.h"

enum { LEVEL = 10, ENTRIES = 3000, DRAWING = 100 };
#define CELL_X 842u
#define CELL_Y 406u

typedef struct made {
    dk_entry_head head;
    unsigned char drawing[DRAWING];
    char id[16];
    dk_value values[DK_MAX_FIELDS];
} made;

/* Corners everywhere in the cell; a third of them in one hundredth of it. */
static void make(made *m, uint32_t i, const dk_kind *layer)
{
    const int shift = 32 - LEVEL;
    const uint32_t a = i * UINT32_C(2654435761), b = (i + 7) * UINT32_C(2246822519);
    const uint32_t spread = i % 3 == 0 ? UINT32_C(1) << (shift - 3) : UINT32_C(1) << shift;
    memset(m, 0, sizeof *m);
    const uint32_t home = (UINT32_C(1) << shift) / 64 * 21; /* how far a corner lies from where it is at home */
    const uint32_t x = (CELL_X << shift) + a % spread + home, y = (CELL_Y << shift) + b % spread + home;
    m->head = (dk_entry_head){.x0 = x,
                              .y0 = y,
                              .x1 = x + 10,
                              .y1 = y + 10,
                              .label_x = x,
                              .label_y = y,
                              .first_zoom = 6,
                              .cut_zoom = 255,
                              .last_zoom = 255,
                              .row = i + 1,
                              .feature = i + 1};
    dk_outline outline;
    dk_outline_init(&outline);
    outline.kind = DK_POLYGONS;
    assert_true(dk_outline_reserve(&outline, 8));
    for (uint32_t k = 0; k < 8; k++)
        dk_outline_put(&outline, x + k % 4, y + k / 4, 0);
    dk_outline_close(&outline, 0, false);
    dk_buf drawing;
    dk_buf_init(&drawing);
    const dk_world_box box = {x, y, x + 10, y + 10};
    dk_drawing_encode(&outline, &box, NULL, &drawing);
    assert_true(drawing.size <= DRAWING);
    memcpy(m->drawing, drawing.data, drawing.size);
    m->head.drawing_size = (uint32_t)drawing.size;
    dk_buf_finish(&drawing);
    dk_outline_finish(&outline);
    snprintf(m->id, sizeof m->id, "DK%05u", i);
    for (size_t f = 0; f < layer->n_fields; f++)
        m->values[f] = dk_value_null();
    m->values[0] = dk_value_text(m->id);
}

typedef struct cell_fixture {
    fixture base;
    const dk_kind *layer;
    dk_block_cell *cell;
    dk_weights *weights;
    uint64_t shelves;
    made *entries;
} cell_fixture;

static int setup(void **state)
{
    cell_fixture *c = calloc(1, sizeof *c);
    assert_non_null(c);
    void *base = NULL;
    assert_int_equal(fixture_setup(&base), 0);
    c->base = *(fixture *)base;
    free(base);
    c->layer = dk_catalogue_kind(c->base.catalogue, "parcel");
    c->cell = dk_block_cell_create();
    c->weights = dk_weights_create(c->layer);
    c->entries = calloc(ENTRIES, sizeof *c->entries);
    assert_true(c->cell != NULL && c->weights != NULL && c->entries != NULL);
    assert_int_equal(dk_weights_begin(c->weights, c->base.store, &c->base.err), DK_OK);
    for (uint32_t i = 0; i < ENTRIES; i++)
        make(&c->entries[i], i, c->layer);
    *state = c;
    return 0;
}

static int teardown(void **state)
{
    cell_fixture *c = *state;
    dk_block_cell_free(c->cell);
    dk_weights_free(c->weights);
    free(c->entries);
    fixture *base = malloc(sizeof *base);
    assert_non_null(base);
    *base = c->base;
    void *owned = base;
    free(c);
    return fixture_teardown(&owned);
}

/* Entries from <= i < to with i % step == 0 join (sign 1) or leave in one generation. */
static void change(cell_fixture *c, int64_t generation, uint32_t from, uint32_t to, uint32_t step, int sign)
{
    size_t bytes = 0;
    assert_int_equal(dk_block_cell_begin(c->cell, c->base.store, c->layer, LEVEL, dk_morton(CELL_X, CELL_Y), c->shelves,
                                         &c->base.err),
                     DK_OK);
    for (uint32_t i = from; i < to; i += step) {
        const made *m = &c->entries[i];
        if (sign > 0)
            assert_int_equal(dk_block_cell_join(c->cell, &m->head, m->drawing, m->head.drawing_size, m->values), DK_OK);
        else
            assert_int_equal(dk_block_cell_leave(c->cell, m->head.row), DK_OK);
    }
    assert_int_equal(dk_block_cell_write(c->cell, generation, c->weights, &c->shelves, &bytes, &c->base.err), DK_OK);
}

typedef struct tally {
    dk_buf all; /* shelf, cell, bytes of every block */
    size_t blocks[3], of_depth[3], entries, largest;
} tally;

static dk_status count(int shelf, uint64_t cell, const void *data, size_t size, void *user)
{
    tally *t = user;
    dk_block block;
    assert_int_equal(dk_block_open(data, size, &block), DK_OK);
    const int level = dk_shelf_cells(shelf);
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        assert_int_equal(dk_morton(dk_home(head->x0, LEVEL) >> (32 - level), dk_home(head->y0, LEVEL) >> (32 - level)),
                         cell);
        assert_true(head->x1 - head->x0 <= dk_shelf_reach(shelf)); /* or a tile would not find it */
        dk_value value;
        char id[16];
        snprintf(id, sizeof id, "DK%05u", (unsigned)head->row - 1);
        assert_int_equal(dk_block_value(&block, dk_block_attribute(&block, i, 0), &value), DK_OK);
        assert_string_equal(value.text.data, id);
    }
    t->blocks[dk_shelf_depth(shelf)]++;
    t->of_depth[dk_shelf_depth(shelf)] += block.n_entries;
    t->entries += block.n_entries;
    t->largest = size > t->largest ? size : t->largest;
    dk_buf_append(&t->all, &shelf, sizeof shelf);
    dk_buf_append(&t->all, &cell, sizeof cell);
    dk_buf_append(&t->all, data, size);
    return DK_OK;
}

static tally look(cell_fixture *c)
{
    tally t = {0};
    dk_buf_init(&t.all);
    for (int depth = 0; depth < 3; depth++) {
        const int shelf = dk_shelf_of(LEVEL, depth);
        const uint32_t last = UINT32_MAX >> (32 - dk_shelf_cells(shelf));
        const dk_cell_range all = {0, 0, last, last};
        assert_int_equal(
            dk_sheet_scan(c->base.store, c->layer, DK_SHEET_BLOCK, shelf, &all, DK_NEWEST, count, &t, &c->base.err),
            DK_OK);
    }
    return t;
}

static void a_cell_is_divided_when_it_holds_too_much(void **state)
{
    cell_fixture *c = *state;
    change(c, 1, 0, 100, 1, 1);
    tally t = look(c);
    assert_int_equal(t.entries, 100);
    assert_true(t.blocks[0] == 1 && t.blocks[1] == 0 && t.blocks[2] == 0);
    dk_buf_finish(&t.all);
    change(c, 2, 100, ENTRIES, 1, 1);
    t = look(c);
    assert_int_equal(t.entries, ENTRIES);
    assert_int_equal(t.blocks[0], 0);
    assert_true(t.blocks[1] > 10);
    assert_true(t.largest < DK_BLOCK_BYTES * 2);
    dk_buf_finish(&t.all);
}

/* Boxes of a quarter of the cell, which are a whole cell of the next shelf, among small ones. */
static void wide_entries_stay_where_the_cell_is_whole(void **state)
{
    cell_fixture *c = *state;
    size_t wide = 0;
    for (uint32_t i = 0; i < ENTRIES; i += 10, wide++)
        c->entries[i].head.x1 = c->entries[i].head.x0 + (UINT32_C(1) << (32 - LEVEL - 2));
    change(c, 1, 0, ENTRIES, 1, 1);
    tally at_once = look(c);
    assert_int_equal(at_once.entries, ENTRIES);
    assert_int_equal(at_once.blocks[0], 1);
    assert_int_equal(at_once.of_depth[0], wide);
    assert_true(at_once.blocks[1] > 10);
    /* The small ones go and come. */
    for (uint32_t rest = 1; rest < 10; rest++)
        change(c, 1 + rest, rest, ENTRIES, 10, -1);
    tally alone = look(c);
    assert_int_equal(alone.entries, wide);
    assert_true(alone.blocks[0] == 1 && alone.blocks[1] == 0 && alone.blocks[2] == 0);
    for (uint32_t rest = 9; rest > 0; rest--)
        change(c, 20 - rest, rest, ENTRIES, 10, 1);
    tally again = look(c);
    assert_int_equal(again.all.size, at_once.all.size);
    assert_memory_equal(again.all.data, at_once.all.data, at_once.all.size);
    dk_buf_finish(&at_once.all);
    dk_buf_finish(&alone.all);
    dk_buf_finish(&again.all);
}

static void the_blocks_do_not_depend_on_how_the_entries_came(void **state)
{
    cell_fixture *c = *state;
    change(c, 1, 0, ENTRIES, 1, 1);
    tally at_once = look(c);
    /* All of them go, and come again in three parts, one of which goes once more. */
    change(c, 2, 0, ENTRIES, 1, -1);
    tally none = look(c);
    assert_int_equal(none.entries, 0);
    assert_int_equal(none.all.size, 0);
    change(c, 3, 1, ENTRIES, 2, 1);
    change(c, 4, 0, ENTRIES, 4, 1);
    change(c, 5, 0, ENTRIES, 4, -1);
    change(c, 6, 2, ENTRIES, 4, 1);
    change(c, 7, 0, ENTRIES, 4, 1);
    tally in_parts = look(c);
    assert_int_equal(in_parts.all.size, at_once.all.size);
    assert_memory_equal(in_parts.all.data, at_once.all.data, at_once.all.size);
    dk_buf_finish(&at_once.all);
    dk_buf_finish(&none.all);
    dk_buf_finish(&in_parts.all);
}

/* A full cell most of whose entries leave at once is not more divided than one that never had them. */
static void what_remains_is_as_if_the_others_had_not_been_there(void **state)
{
    cell_fixture *c = *state;
    enum { FEW = 100 };
    change(c, 1, 0, FEW, 1, 1);
    tally few = look(c);
    assert_int_equal(few.blocks[0], 1);
    change(c, 2, FEW, ENTRIES, 1, 1);
    tally full = look(c);
    assert_int_equal(full.blocks[0], 0);
    change(c, 3, FEW, ENTRIES, 1, -1);
    tally again = look(c);
    assert_int_equal(again.all.size, few.all.size);
    assert_memory_equal(again.all.data, few.all.data, few.all.size);
    dk_buf_finish(&few.all);
    dk_buf_finish(&full.all);
    dk_buf_finish(&again.all);
}

static void what_does_not_change_is_not_written(void **state)
{
    cell_fixture *c = *state;
    change(c, 1, 0, ENTRIES, 1, 1);
    size_t bytes = 0;
    tally t = look(c);
    assert_int_equal(dk_block_cell_begin(c->cell, c->base.store, c->layer, LEVEL, dk_morton(CELL_X, CELL_Y), c->shelves,
                                         &c->base.err),
                     DK_OK);
    assert_int_equal(dk_block_cell_leave(c->cell, 2), DK_OK);
    assert_int_equal(dk_block_cell_leave(c->cell, ENTRIES + 5), DK_NOT_FOUND);
    assert_int_equal(dk_block_cell_write(c->cell, 2, c->weights, &c->shelves, &bytes, &c->base.err), DK_OK);
    assert_true(bytes > 0 && bytes <= t.largest);
    tally after = look(c);
    assert_int_equal(after.entries, ENTRIES - 1);
    dk_buf_finish(&t.all);
    dk_buf_finish(&after.all);
}

/* Blocks of 40 cells in three generations: what is told of few sheets is told whole, and else that it is not. */
static void the_cells_of_a_shelf_are_all_told_or_it_is_said(void **state)
{
    cell_fixture *c = *state;
    enum { CELLS = 40 };
    const int shelf = dk_shelf_of(LEVEL, 0);
    size_t n = 0;
    bool all = false;
    uint64_t cells[4 * CELLS];
    assert_int_equal(
        dk_sheet_cells(c->base.store, c->layer, DK_SHEET_BLOCK, shelf, cells, CELLS, &n, &all, &c->base.err), DK_OK);
    assert_true(n == 0 && all);
    for (int64_t generation = 1; generation <= 3; generation++) {
        for (uint64_t cell = 0; cell < CELLS; cell++)
            assert_int_equal(dk_sheet_write(c->base.store, c->layer, DK_SHEET_BLOCK, shelf, cell * cell, generation,
                                            "block", 5, &c->base.err),
                             DK_OK);
        for (size_t most = 1; most <= 4 * CELLS; most++) {
            assert_int_equal(
                dk_sheet_cells(c->base.store, c->layer, DK_SHEET_BLOCK, shelf, cells, most, &n, &all, &c->base.err),
                DK_OK);
            assert_int_equal(all, most >= CELLS * (size_t)generation);
            if (all)
                assert_int_equal(n, CELLS);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(cells[i], i * i);
        }
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state;
}

/* Boxes of all shelves, everywhere and at the world's edges: whichever meets what is asked for lies in a cell asked
 * for. */
static void every_entry_that_meets_a_box_is_asked_for(void **state)
{
    (void)state;
    uint64_t random = 20261128;
    size_t met = 0;
    for (int i = 0; i < 2000000; i++) {
        const int shelf = (int)(next_random(&random) % (3 * 19)), level = dk_shelf_level(shelf),
                  cells = dk_shelf_cells(shelf);
        if (cells > DK_DEEPEST_CELLS)
            continue;
        const uint32_t reach = cells == 0 ? UINT32_MAX : dk_shelf_reach(shelf);
        uint32_t at[2][2], to[2][2]; /* box and entry, x and y */
        for (int axis = 0; axis < 2; axis++) {
            /* Two boxes about as far from each other as they are wide; one of sixteen at an edge of the world. */
            uint64_t place = next_random(&random) >> 32;
            if (next_random(&random) % 16 == 0)
                place = next_random(&random) % 2 == 0 ? 0 : UINT32_MAX;
            for (int k = 0; k < 2; k++) {
                const uint64_t width = (uint64_t)((double)reach * (double)(next_random(&random) >> 40) / 16777216.0);
                const int64_t off =
                    (int64_t)((double)reach * 2 * ((double)(next_random(&random) >> 40) / 16777216.0 - 0.5));
                const int64_t low = (int64_t)place + off, high = low + (int64_t)width;
                at[k][axis] = (uint32_t)(low < 0 ? 0 : low > UINT32_MAX ? UINT32_MAX : low);
                to[k][axis] = (uint32_t)(high < at[k][axis] ? at[k][axis] : high > UINT32_MAX ? UINT32_MAX : high);
            }
        }
        const dk_world_box asked = {at[0][0], at[0][1], to[0][0], to[0][1]},
                           entry = {at[1][0], at[1][1], to[1][0], to[1][1]};
        if (entry.x0 > asked.x1 || entry.x1 < asked.x0 || entry.y0 > asked.y1 || entry.y1 < asked.y0)
            continue;
        met++;
        const dk_cell_range range = dk_cells_reaching(&asked, shelf);
        const uint32_t x = cells == 0 ? 0 : dk_home(entry.x0, level) >> (32 - cells);
        const uint32_t y = cells == 0 ? 0 : dk_home(entry.y0, level) >> (32 - cells);
        if (x < range.x0 || x > range.x1 || y < range.y0 || y > range.y1)
            fail_msg("shelf %d: %u,%u is not in %u,%u to %u,%u", shelf, x, y, range.x0, range.y0, range.x1, range.y1);
    }
    assert_true(met > 100000);
}

/* The tile's box with its buffer, at zooms whose tiles are as large as a cell or up to eight times as wide. */
static void a_tile_asks_for_its_own_cells_and_one_row_before_them(void **state)
{
    (void)state;
    for (int shelf = 0; shelf < 3 * 17; shelf++) {
        const int cells = dk_shelf_cells(shelf);
        for (int z = cells < 3 ? 0 : cells - 3; z <= cells && dk_shelf_depth(shelf) == 0 && cells > 0; z++) {
            if (z == 0)
                continue;
            const uint32_t size = UINT32_C(1) << (32 - z), buffer = size / 64, column = (UINT32_C(1) << z) / 2,
                           row = column;
            const dk_world_box box = {column * size - buffer, row * size - buffer,
                                      column * size + (size - 1) + (z > 1 ? buffer : 0),
                                      row * size + (size - 1) + (z > 1 ? buffer : 0)};
            const dk_cell_range range = dk_cells_reaching(&box, shelf);
            const uint32_t side = UINT32_C(1) << (cells - z);
            assert_int_equal(range.x1 - range.x0, side);
            assert_int_equal(range.y1 - range.y0, side);
            assert_int_equal(range.x1, (column + 1) * side - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cell_is_divided_when_it_holds_too_much, setup, teardown),
        cmocka_unit_test_setup_teardown(wide_entries_stay_where_the_cell_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(the_blocks_do_not_depend_on_how_the_entries_came, setup, teardown),
        cmocka_unit_test_setup_teardown(what_remains_is_as_if_the_others_had_not_been_there, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_change_is_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(the_cells_of_a_shelf_are_all_told_or_it_is_said, setup, teardown),
        cmocka_unit_test(every_entry_that_meets_a_box_is_asked_for),
        cmocka_unit_test(a_tile_asks_for_its_own_cells_and_one_row_before_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
