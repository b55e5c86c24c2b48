#include "store/grid.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC UINT32_C(0x32726764) /* "dgr2" */

enum { N_CELLS = DK_GRID_CELLS * DK_GRID_CELLS, HEAD = 5, MASK_BYTES = (DK_GRID_MAX_SUMS + 7) / 8 };

/* The figures of a cell in memory. */
enum { COUNT, AREA, WEIGHT, FIGURES };

static int64_t *figures_at(const dk_grid *grid, size_t number)
{
    return grid->figures + number * FIGURES;
}

static dk_grid_sum *sums_at(const dk_grid *grid, size_t number)
{
    return grid->sums + number * grid->n_sums;
}

static size_t mask_size(size_t n_sums)
{
    return (n_sums + 7) / 8;
}

void dk_grid_finish(dk_grid *grid)
{
    free(grid->figures);
    free(grid->sums);
    *grid = (dk_grid){0};
}

void dk_grid_clear(dk_grid *grid, size_t n_sums)
{
    if (grid->figures != NULL && n_sums > grid->room)
        dk_grid_finish(grid);
    grid->n_sums = n_sums;
    if (grid->figures == NULL)
        return;
    memset(grid->figures, 0, N_CELLS * FIGURES * sizeof *grid->figures);
    memset(grid->sums, 0, N_CELLS * n_sums * sizeof *grid->sums);
}

static bool make_room(dk_grid *grid)
{
    int64_t *figures = calloc(N_CELLS, FIGURES * sizeof *figures);
    dk_grid_sum *sums = calloc(N_CELLS * grid->n_sums + 1, sizeof *sums);
    if (figures == NULL || sums == NULL) {
        free(figures);
        free(sums);
        return false;
    }
    grid->figures = figures;
    grid->sums = sums;
    grid->room = grid->n_sums;
    return true;
}

dk_status dk_grid_add(dk_grid *grid, const dk_grid_cell *cell, int sign)
{
    if (cell->number >= N_CELLS)
        return DK_CORRUPT;
    if (grid->figures == NULL && !make_room(grid))
        return DK_NOMEM;
    int64_t *to = figures_at(grid, cell->number);
    dk_grid_sum *sums = sums_at(grid, cell->number);
    to[COUNT] = dk_grid_plus(to[COUNT], cell->count, sign);
    to[AREA] = dk_grid_plus(to[AREA], cell->area_cm2, sign);
    to[WEIGHT] = dk_grid_plus(to[WEIGHT], cell->weight, sign);
    for (size_t i = 0; i < grid->n_sums; i++)
        sums[i] = dk_grid_sum_plus(sums[i], cell->sums[i], sign);
    return DK_OK;
}

bool dk_grid_cell_at(const dk_grid *grid, uint16_t number, dk_grid_cell *ret_cell)
{
    if (grid->figures == NULL || number >= N_CELLS)
        return false;
    const int64_t *from = figures_at(grid, number);
    if (from[COUNT] == 0)
        return false;
    *ret_cell = (dk_grid_cell){.number = number, .count = from[COUNT], .area_cm2 = from[AREA], .weight = from[WEIGHT]};
    memcpy(ret_cell->sums, sums_at(grid, number), grid->n_sums * sizeof *ret_cell->sums);
    return true;
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

/* As dk_buf_zigzag, which is the same as far as it goes. */
static void put_sum(dk_buf *out, dk_grid_sum sum)
{
    unsigned __int128 value = (unsigned __int128)sum << 1 ^ (sum < 0 ? ~(unsigned __int128)0 : 0);
    for (; value >= 0x80; value >>= 7)
        dk_buf_byte(out, (unsigned char)(value | 0x80));
    dk_buf_byte(out, (unsigned char)value);
}

void dk_grid_encode(const dk_grid *grid, dk_buf *out)
{
    dk_buf_clear(out);
    size_t n = 0;
    for (size_t i = 0; grid->figures != NULL && i < N_CELLS; i++)
        n += figures_at(grid, i)[COUNT] != 0;
    if (n == 0)
        return;
    const uint32_t magic = MAGIC;
    dk_buf_append(out, &magic, 4);
    dk_buf_byte(out, (unsigned char)grid->n_sums);
    dk_buf_varint(out, n);
    size_t before = 0;
    for (size_t i = 0; i < N_CELLS; i++) {
        const int64_t *cell = figures_at(grid, i);
        const dk_grid_sum *sums = sums_at(grid, i);
        if (cell[COUNT] == 0)
            continue;
        dk_buf_varint(out, i - before);
        before = i;
        dk_buf_varint(out, (uint64_t)cell[COUNT]);
        dk_buf_zigzag(out, cell[AREA]);
        dk_buf_zigzag(out, cell[WEIGHT]);
        unsigned char mask[MASK_BYTES] = {0};
        for (size_t k = 0; k < grid->n_sums; k++)
            mask[k / 8] |= (unsigned char)((sums[k] != 0) << k % 8);
        dk_buf_append(out, mask, mask_size(grid->n_sums));
        for (size_t k = 0; k < grid->n_sums; k++)
            if (sums[k] != 0)
                put_sum(out, sums[k]);
    }
}

/* What dk_read_zigzag does not read: more than 64 bits. */
static bool read_wide(const unsigned char **at, const unsigned char *end, dk_grid_sum *ret_sum)
{
    const unsigned char *from = *at;
    unsigned __int128 value = 0;
    for (unsigned shift = 0; from < end && shift < 128; shift += 7) {
        const unsigned char byte = *from++;
        if (shift == 126 && byte > 3) /* the last byte holds two bits */
            return false;
        value |= (unsigned __int128)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *at = from;
            *ret_sum = (dk_grid_sum)(value >> 1 ^ (0 - (value & 1)));
            return true;
        }
    }
    return false;
}

static bool read_sum(const unsigned char **at, const unsigned char *end, dk_grid_sum *ret_sum)
{
    int64_t narrow;
    if (!dk_read_zigzag(at, end, &narrow))
        return read_wide(at, end, ret_sum);
    *ret_sum = narrow;
    return true;
}

static bool read_sums(const unsigned char **at, const unsigned char *end, size_t n_sums, dk_grid_sum *ret_sums)
{
    const unsigned char *mask = *at;
    const size_t size = mask_size(n_sums);
    if ((size_t)(end - *at) < size || (n_sums % 8 != 0 && mask[size - 1] >> n_sums % 8 != 0))
        return false;
    *at += size;
    for (size_t k = 0; k < n_sums; k++) {
        ret_sums[k] = 0;
        if ((mask[k / 8] >> k % 8 & 1) != 0 && (!read_sum(at, end, &ret_sums[k]) || ret_sums[k] == 0))
            return false;
    }
    return true;
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
    dk_grid_cell cell = {0};
    for (uint64_t i = 0; i < n; i++) {
        uint64_t step, count;
        if (!dk_read_varint(&at, end, &step) || !dk_read_varint(&at, end, &count) ||
            !dk_read_zigzag(&at, end, &cell.area_cm2) || !dk_read_zigzag(&at, end, &cell.weight) ||
            !read_sums(&at, end, n_sums, cell.sums))
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
