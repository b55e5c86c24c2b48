/* Grid sheets: what is added and taken away again leaves nothing behind, whatever the order; the bytes are those of the
 * header's description; damaged ones are refused. */
#include "store/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_CELLS = DK_GRID_CELLS * DK_GRID_CELLS };

static uint64_t random_state;

static uint64_t random_u64(void)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return random_state;
}

static dk_grid_cell random_cell(void)
{
    dk_grid_cell cell = {.number = (uint16_t)(random_u64() % N_CELLS), .count = 1};
    cell.area_cm2 = (int64_t)(random_u64() % 100000000000);
    cell.weight = (int64_t)(random_u64() % 1000);
    for (size_t i = 0; i < DK_GRID_MAX_SUMS; i++) /* sums of any size and sign, beyond what may come; many are 0 */
        cell.sums[i] = random_u64() % 2 == 0 ? 0 : (int64_t)random_u64() >> random_u64() % 64;
    return cell;
}

static void add(dk_grid *grid, const dk_grid_cell *cell, int sign)
{
    assert_int_equal(dk_grid_add(grid, cell, sign), DK_OK);
}

static void a_sheet_byte_for_byte(void **state)
{
    (void)state;
    dk_grid grid = {0};
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_grid_clear(&grid, 2);
    const dk_grid_cell last = {.number = N_CELLS - 1, .count = 1, .area_cm2 = 1, .weight = 3, .sums = {0, -64}};
    const dk_grid_cell second = {.number = 1, .count = 300, .area_cm2 = -1, .weight = 2, .sums = {1, 63}};
    add(&grid, &last, 1);
    add(&grid, &second, 1);
    dk_grid_encode(&grid, &bytes);
    static const unsigned char expected[] = {
        'd',  'g',  'r', '2', 2, 2,           /* two sums, two cells */
        1,    0xac, 2,   1,   4, 3, 2,   126, /* cell 1: 300, zigzag of -1, 2, both sums: zigzag of 1, 63 */
        0xfe, 7,    1,   2,   6, 2, 127,      /* 1022 cells further: 1, 1, 3, the second sum: -64 */
    };
    assert_int_equal(bytes.size, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    dk_grid_finish(&grid);
    dk_buf_finish(&bytes);
}

static void a_sum_of_0_takes_a_bit(void **state)
{
    (void)state;
    dk_grid grid = {0};
    dk_buf bytes;
    dk_buf_init(&bytes);
    const dk_grid_cell cell = {.number = 0, .count = 1, .sums = {[8] = 1, [23] = -1}};
    const struct {
        size_t n_sums, size;
        unsigned char bytes[16];
    } expected[] = {
        {0, 10, {'d', 'g', 'r', '2', 0, 1, 0, 1, 0, 0}},
        {8, 11, {'d', 'g', 'r', '2', 8, 1, 0, 1, 0, 0, 0}},
        {9, 13, {'d', 'g', 'r', '2', 9, 1, 0, 1, 0, 0, 0, 1, 2}},
        {24, 15, {'d', 'g', 'r', '2', 24, 1, 0, 1, 0, 0, 0, 1, 128, 2, 1}},
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) { /* each time more than there was memory for */
        dk_grid_clear(&grid, expected[i].n_sums);
        add(&grid, &cell, 1);
        dk_grid_encode(&grid, &bytes);
        assert_int_equal(bytes.size, expected[i].size);
        assert_memory_equal(bytes.data, expected[i].bytes, expected[i].size);
        dk_grid_cell back;
        assert_true(dk_grid_cell_at(&grid, 0, &back));
        assert_int_equal(back.sums[23], expected[i].n_sums == 24 ? -1 : 0);
        assert_false(dk_grid_cell_at(&grid, 1, &back));
        assert_false(dk_grid_cell_at(&grid, N_CELLS, &back));
    }
    dk_grid_finish(&grid);
    dk_buf_finish(&bytes);
}

static void a_sum_of_more_than_64_bits_is_what_it_is(void **state)
{
    (void)state;
    enum { N = 1000 };
    const dk_grid_cell cell = {
        .number = 0, .count = 1, .sums = {INT64_C(10000000000000000), -INT64_C(10000000000000000)}};
    const dk_grid_sum thousand =
        (dk_grid_sum)INT64_C(10000000000000000) * N; /* 10^19, where 64 bits end at 9.2 10^18 */
    static const unsigned char expected[] = {
        'd',  'g',  'r',  '2',  2,    1,    0,    0xe8, 7,    0,
        0,    3,                                                 /* a cell: 1000, without area and weight, both sums: */
        0x80, 0x80, 0xc0, 0x9e, 0x91, 0xc1, 0x91, 0xc7, 0x95, 2, /* zigzag of 10^19: 2 10^19, 0x1158E460913D00000 */
        0xff, 0xff, 0xbf, 0x9e, 0x91, 0xc1, 0x91, 0xc7, 0x95, 2, /* and of -10^19: one less */
    };
    dk_grid grid = {0};
    dk_grid_cell back;
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_grid_clear(&grid, 2);
    for (int i = 0; i < N; i++)
        add(&grid, &cell, 1);
    dk_grid_encode(&grid, &bytes);
    assert_int_equal(bytes.size, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    dk_grid_clear(&grid, 2);
    assert_int_equal(dk_grid_read(&grid, bytes.data, bytes.size), DK_OK);
    assert_true(dk_grid_cell_at(&grid, 0, &back));
    assert_true(back.sums[0] == thousand && back.sums[1] == -thousand);
    for (int i = 1; i < N; i++)
        add(&grid, &cell, -1);
    assert_true(dk_grid_cell_at(&grid, 0, &back));
    assert_true(back.sums[0] == cell.sums[0] && back.sums[1] == cell.sums[1]);
    dk_grid_finish(&grid);
    dk_buf_finish(&bytes);
}

static void what_is_taken_away_leaves_nothing_behind(void **state)
{
    (void)state;
    enum { N = 3000 };
    static dk_grid_cell cells[N];
    dk_grid grid = {0}, half = {0};
    dk_buf bytes, expected;
    dk_buf_init(&bytes);
    dk_buf_init(&expected);
    dk_grid_clear(&grid, 3);
    dk_grid_clear(&half, 3);
    for (size_t i = 0; i < N; i++) {
        cells[i] = random_cell();
        add(&grid, &cells[i], 1);
        if (i % 2 == 0)
            add(&half, &cells[i], 1);
    }
    for (size_t i = N; i-- > 0;)
        if (i % 2 == 1)
            add(&grid, &cells[i], -1);
    dk_grid_encode(&grid, &bytes);
    dk_grid_encode(&half, &expected);
    assert_int_equal(bytes.size, expected.size);
    assert_memory_equal(bytes.data, expected.data, expected.size);
    for (size_t i = 0; i < N; i += 2)
        add(&grid, &cells[i], -1);
    dk_grid_encode(&grid, &bytes);
    assert_int_equal(bytes.size, 0);
    dk_grid_finish(&grid);
    dk_grid_finish(&half);
    dk_buf_finish(&bytes);
    dk_buf_finish(&expected);
}

typedef struct tally {
    dk_grid_cell cells[N_CELLS];
    size_t n, stop_at;
    int last;
} tally;

static bool count(const dk_grid_cell *cell, void *user)
{
    tally *t = user;
    assert_true(cell->number < N_CELLS && (int)cell->number > t->last);
    t->last = cell->number;
    t->cells[cell->number] = *cell;
    return ++t->n != t->stop_at;
}

static void an_encoded_sheet_gives_back_every_cell_once_and_can_be_added_to(void **state)
{
    (void)state;
    static tally t, expected;
    dk_grid grid = {0}, twice = {0};
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_grid_clear(&grid, DK_GRID_MAX_SUMS);
    memset(&expected, 0, sizeof expected);
    for (int i = 0; i < 700; i++) {
        const dk_grid_cell cell = random_cell();
        dk_grid_cell *to = &expected.cells[cell.number];
        add(&grid, &cell, 1);
        to->number = cell.number;
        to->count += cell.count;
        to->area_cm2 += cell.area_cm2;
        to->weight += cell.weight;
        for (size_t k = 0; k < DK_GRID_MAX_SUMS; k++)
            to->sums[k] += cell.sums[k];
    }
    dk_grid_encode(&grid, &bytes);
    t = (tally){.last = -1};
    size_t n_sums = 0;
    assert_int_equal(dk_grid_each(bytes.data, bytes.size, &n_sums, count, &t), DK_OK);
    assert_int_equal(n_sums, DK_GRID_MAX_SUMS);
    assert_memory_equal(t.cells, expected.cells, sizeof t.cells);
    t = (tally){.last = -1, .stop_at = 5};
    assert_int_equal(dk_grid_each(bytes.data, bytes.size, &n_sums, count, &t), DK_OK);
    assert_int_equal(t.n, 5);

    dk_grid_clear(&twice, DK_GRID_MAX_SUMS);
    assert_int_equal(dk_grid_read(&twice, bytes.data, bytes.size), DK_OK);
    assert_int_equal(dk_grid_read(&twice, bytes.data, bytes.size), DK_OK);
    for (uint16_t i = 0; i < N_CELLS; i++) {
        dk_grid_cell both;
        assert_int_equal(dk_grid_cell_at(&twice, i, &both), expected.cells[i].count != 0);
        for (size_t k = 0; expected.cells[i].count != 0 && k < DK_GRID_MAX_SUMS; k++)
            assert_true(both.sums[k] == 2 * expected.cells[i].sums[k]);
        assert_true(expected.cells[i].count == 0 || both.count == 2 * expected.cells[i].count);
    }
    dk_grid_clear(&twice, 1);
    assert_int_equal(dk_grid_read(&twice, bytes.data, bytes.size), DK_CORRUPT); /* of another catalogue */
    assert_int_equal(dk_grid_read(&twice, NULL, 0), DK_OK);                     /* no sheet is an empty one */
    dk_grid_finish(&grid);
    dk_grid_finish(&twice);
    dk_buf_finish(&bytes);
}

static void damaged_sheets_are_refused(void **state)
{
    (void)state;
    dk_grid grid = {0};
    dk_buf bytes;
    dk_buf_init(&bytes);
    dk_grid_clear(&grid, 1);
    for (int i = 0; i < 20; i++) {
        const dk_grid_cell cell = random_cell();
        add(&grid, &cell, 1);
    }
    dk_grid_encode(&grid, &bytes);
    dk_grid_clear(&grid, 1);
    for (size_t size = 1; size < bytes.size; size++)
        assert_int_equal(dk_grid_read(&grid, bytes.data, size), DK_CORRUPT);
    static const struct {
        const char *bytes;
        size_t size;
    } damaged[] = {
        {"dgr1\0\0", 6},                                              /* another form */
        {"dgr2\x19\0", 6},                                            /* too many sums */
        {"dgr2\0\x81\x8", 7},                                         /* 1025 cells */
        {"dgr2\0\1\x80\x8\1\0\0", 11},                                /* a cell beyond the last */
        {"dgr2\0\2\5\1\0\0\0\1\0\0", 14},                             /* the same cell twice */
        {"dgr2\0\1\5\1\0\0\0", 11},                                   /* something behind the end */
        {"dgr2\0\1\5\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0\0", 19}, /* a count beyond 63 bits */
        {"dgr2\1\1\5\1\0\0", 10},                                     /* without the bits of the sums */
        {"dgr2\1\1\5\1\0\0\2", 11},                                   /* a second sum of one */
        {"dgr2\1\1\5\1\0\0\1", 11},                                   /* a sum that is not there */
        {"dgr2\1\1\5\1\0\0\1\0", 12},                                 /* a sum of 0 that is */
        {"dgr2\1\1\5\1\0\0\1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\4",
         30}, /* beyond 128 bits */
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        dk_grid_clear(&grid, damaged[i].bytes[4] == 1);
        assert_int_equal(dk_grid_read(&grid, damaged[i].bytes, damaged[i].size), DK_CORRUPT);
    }
    dk_grid_clear(&grid, 1);
    assert_int_equal(dk_grid_read(&grid, "dgr2\1\1\5\1\0\0\1\2", 12), DK_OK); /* what these are spoiled from */
    const dk_grid_cell beyond = {.number = N_CELLS};
    assert_int_equal(dk_grid_add(&grid, &beyond, 1), DK_CORRUPT);
    dk_grid_finish(&grid);
    dk_buf_finish(&bytes);
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
        cmocka_unit_test_setup(a_sheet_byte_for_byte, set_up),
        cmocka_unit_test_setup(a_sum_of_0_takes_a_bit, set_up),
        cmocka_unit_test_setup(a_sum_of_more_than_64_bits_is_what_it_is, set_up),
        cmocka_unit_test_setup(what_is_taken_away_leaves_nothing_behind, set_up),
        cmocka_unit_test_setup(an_encoded_sheet_gives_back_every_cell_once_and_can_be_added_to, set_up),
        cmocka_unit_test_setup(damaged_sheets_are_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
