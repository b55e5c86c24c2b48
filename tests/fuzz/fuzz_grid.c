/* The cells of a sheet come in order and in range; encoded again they are a normal form. */
#include "fuzz_check.h"

#include "store/grid.h"

#include <string.h>

static bool check_cell(const dk_grid_cell *cell, void *user)
{
    int *last = user;
    CHECK((int)cell->number > *last && cell->number < DK_GRID_CELLS * DK_GRID_CELLS && cell->count >= 0);
    *last = cell->number;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n_sums = 0;
    int last = -1;
    if (dk_grid_each(data, size, &n_sums, check_cell, &last) != DK_OK)
        return 0;
    CHECK(n_sums <= DK_GRID_MAX_SUMS);
    dk_grid grid = {0};
    dk_buf first, second;
    dk_buf_init(&first);
    dk_buf_init(&second);
    dk_grid_clear(&grid, n_sums);
    CHECK(dk_grid_read(&grid, data, size) == DK_OK);
    dk_grid_encode(&grid, &first);
    dk_grid_clear(&grid, n_sums);
    CHECK(dk_grid_read(&grid, first.data, first.size) == DK_OK);
    dk_grid_encode(&grid, &second);
    CHECK(first.size == second.size && (first.size == 0 || memcmp(first.data, second.data, first.size) == 0));
    dk_buf_finish(&first);
    dk_buf_finish(&second);
    dk_grid_finish(&grid);
    return 0;
}
