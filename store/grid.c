#include "store/grid.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC UINT32_C(0x31726764) /* "dgr1" */

enum { N_CELLS = DK_GRID_CELLS * DK_GRID_CELLS, HEAD = 5 };

void dk_grid_finish(dk_grid *grid)
{
    free(grid->cells);
    *grid = (dk_grid){0};
}

void dk_grid_clear(dk_grid *grid, size_t n_sums)
{
    grid->n_sums = n_sums;
    if (grid->cells != NULL)
        memset(grid->cells, 0, N_CELLS * sizeof *grid->cells);
}

/* Wraps: what was added can be taken away again whatever it was. */
static int64_t plus(int64_t a, int64_t b, int sign)
{
    return (int64_t)(sign > 0 ? (uint64_t)a + (uint64_t)b : (uint64_t)a - (uint64_t)b);
}

dk_status dk_grid_add(dk_grid *grid, const dk_grid_cell *cell, int sign)
{
    if (cell->number >= N_CELLS)
        return DK_CORRUPT;
    if (grid->cells == NULL) {
        grid->cells = calloc(N_CELLS, sizeof *grid->cells);
        if (grid->cells == NULL)
            return DK_NOMEM;
    }
    dk_grid_cell *to = &grid->cells[cell->number];
    to->number = cell->number;
    to->count = plus(to->count, cell->count, sign);
    to->area_cm2 = plus(to->area_cm2, cell->area_cm2, sign);
    to->weight = plus(to->weight, cell->weight, sign);
    for (size_t i = 0; i < grid->n_sums; i++)
        to->sums[i] = plus(to->sums[i], cell->sums[i], sign);
    return DK_OK;
}

typedef struct adding {
    dk_grid *grid;
    dk_status status;
} adding;

static bool add_cell(const dk_grid_cell *cell, void *user)
{
    adding *a = user;
    a->status = dk_grid_add(a->grid, cell, 1);
    return a->status == DK_OK;
}

dk_status dk_grid_read(dk_grid *grid, const void *data, size_t size)
{
    adding a = {grid, DK_OK};
    size_t n_sums;
    if (size == 0) /* no sheet: nothing is counted */
        return DK_OK;
    const dk_status status = dk_grid_each(data, size, &n_sums, add_cell, &a);
    if (status == DK_OK && a.status == DK_OK && n_sums != grid->n_sums)
        return DK_CORRUPT;
    return status != DK_OK ? status : a.status;
}

void dk_grid_encode(const dk_grid *grid, dk_buf *out)
{
    dk_buf_clear(out);
    size_t n = 0;
    for (size_t i = 0; grid->cells != NULL && i < N_CELLS; i++)
        n += grid->cells[i].count != 0;
    if (n == 0)
        return;
    const uint32_t magic = MAGIC;
    dk_buf_append(out, &magic, 4);
    dk_buf_byte(out, (unsigned char)grid->n_sums);
    dk_buf_varint(out, n);
    size_t before = 0;
    for (size_t i = 0; i < N_CELLS; i++) {
        const dk_grid_cell *cell = &grid->cells[i];
        if (cell->count == 0)
            continue;
        dk_buf_varint(out, i - before);
        before = i;
        dk_buf_varint(out, (uint64_t)cell->count);
        dk_buf_zigzag(out, cell->area_cm2);
        dk_buf_zigzag(out, cell->weight);
        for (size_t k = 0; k < grid->n_sums; k++)
            dk_buf_zigzag(out, cell->sums[k]);
    }
}

dk_status dk_grid_each(const void *data, size_t size, size_t *ret_n_sums,
                       bool (*each)(const dk_grid_cell *cell, void *user), void *user)
{
    const unsigned char *at = data, *const end = at + size;
    uint32_t magic = 0;
    uint64_t n = 0, number = 0;
    *ret_n_sums = 0;
    if (size == 0)
        return DK_OK;
    if (size < HEAD)
        return DK_CORRUPT;
    memcpy(&magic, at, 4);
    const size_t n_sums = at[4];
    at += HEAD;
    if (magic != MAGIC || n_sums > DK_GRID_MAX_SUMS || !dk_read_varint(&at, end, &n) || n > N_CELLS)
        return DK_CORRUPT;
    *ret_n_sums = n_sums;
    for (uint64_t i = 0; i < n; i++) {
        dk_grid_cell cell = {0};
        uint64_t step, count;
        if (!dk_read_varint(&at, end, &step) || !dk_read_varint(&at, end, &count) ||
            !dk_read_zigzag(&at, end, &cell.area_cm2) || !dk_read_zigzag(&at, end, &cell.weight))
            return DK_CORRUPT;
        for (size_t k = 0; k < n_sums; k++)
            if (!dk_read_zigzag(&at, end, &cell.sums[k]))
                return DK_CORRUPT;
        if (step >= N_CELLS || (i > 0 && step == 0) || (number += step) >= N_CELLS || count > INT64_MAX)
            return DK_CORRUPT;
        cell.number = (uint16_t)number;
        cell.count = (int64_t)count;
        if (!each(&cell, user))
            return DK_OK;
    }
    return at == end ? DK_OK : DK_CORRUPT;
}
