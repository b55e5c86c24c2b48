#include "store/index_rows.h"

#include "store/radix_sort.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    CELL_LEVEL = 12, /* of the list of places, about 8 km */
    LARGE_LEVEL = 9, /* what is larger than a cell of this level is done alone, at the end */
    MOST_CELLS = 64, /* of one row in the list of places */
};

/* ---- boxes ---- */

dk_world_box dk_box_grown(const dk_world_box *box, uint32_t by)
{
    return (dk_world_box){box->x0 > by ? box->x0 - by : 0, box->y0 > by ? box->y0 - by : 0,
                          box->x1 < UINT32_MAX - by ? box->x1 + by : UINT32_MAX,
                          box->y1 < UINT32_MAX - by ? box->y1 + by : UINT32_MAX};
}

bool dk_boxes_meet(const dk_world_box *a, const dk_world_box *b)
{
    return a->x0 <= b->x1 && b->x0 <= a->x1 && a->y0 <= b->y1 && b->y0 <= a->y1;
}

void dk_box_join(dk_world_box *box, const dk_world_box *other, bool first)
{
    if (first) {
        *box = *other;
        return;
    }
    box->x0 = other->x0 < box->x0 ? other->x0 : box->x0;
    box->y0 = other->y0 < box->y0 ? other->y0 : box->y0;
    box->x1 = other->x1 > box->x1 ? other->x1 : box->x1;
    box->y1 = other->y1 > box->y1 ? other->y1 : box->y1;
}

/* ---- rows ---- */

static int64_t row_number(const dk_change_row *row)
{
    return row->row < 0 ? -row->row : row->row;
}

dk_world_box dk_change_row_box(const dk_change_row *row)
{
    dk_world_box box = {.x1 = row->x1, .y1 = row->y1};
    dk_morton_split(row->corner, &box.x0, &box.y0);
    return box;
}

bool dk_box_is_large(const dk_world_box *box)
{
    return dk_cell_level(box) < LARGE_LEVEL;
}

static bool is_large(const dk_change_row *row)
{
    const dk_world_box box = dk_change_row_box(row);
    return dk_box_is_large(&box);
}

dk_change_row dk_change_row_of(int64_t row, int sign, const double envelope[4])
{
    uint32_t x, y;
    dk_change_row change = {.row = sign < 0 ? -row : row};
    dk_world_from_lonlat(envelope[0], envelope[3], &x, &y);
    change.corner = dk_morton(x, y);
    dk_world_from_lonlat(envelope[1], envelope[2], &change.x1, &change.y1);
    return change;
}

static int by_number(const void *a, const void *b)
{
    const int64_t p = row_number(a), q = row_number(b);
    return p < q ? -1 : p > q;
}

/* By corners, and rows of one corner by their numbers. */
static bool sort_by_place(dk_change_row *rows, size_t n)
{
    if (!dk_radix_sort(rows, n, sizeof *rows, offsetof(dk_change_row, corner), DK_RADIX_U64))
        return false;
    for (size_t from = 0, to; from < n; from = to) {
        to = from + 1;
        while (to < n && rows[to].corner == rows[from].corner)
            to++;
        if (to - from > 1)
            qsort(rows + from, to - from, sizeof *rows, by_number);
    }
    return true;
}

static int by_row_number(const void *a, const void *b, void *rows)
{
    const dk_change_row *p = (const dk_change_row *)rows + *(const uint32_t *)a;
    const dk_change_row *q = (const dk_change_row *)rows + *(const uint32_t *)b;
    return row_number(p) < row_number(q) ? -1 : row_number(p) > row_number(q);
}

/* Where numbers follow each other without a gap, as those of a batch do, each has its place. */
static bool place_by_number(dk_index_rows *self)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < self->n; i++)
        first = row_number(&self->rows[i]) < first ? row_number(&self->rows[i]) : first;
    memset(self->by_number, 0xff, self->n * sizeof *self->by_number);
    for (size_t i = 0; i < self->n; i++) {
        const uint64_t at = (uint64_t)row_number(&self->rows[i]) - (uint64_t)first;
        if (at >= self->n || self->by_number[at] != UINT32_MAX)
            return false;
        self->by_number[at] = (uint32_t)i;
    }
    return true;
}

static void sort_by_number(dk_index_rows *self)
{
    if (place_by_number(self))
        return;
    for (size_t i = 0; i < self->n; i++)
        self->by_number[i] = (uint32_t)i;
    qsort_r(self->by_number, self->n, sizeof *self->by_number, by_row_number, self->rows);
}

static dk_cell_range cells_of(const dk_world_box *box)
{
    const int shift = 32 - CELL_LEVEL;
    return (dk_cell_range){box->x0 >> shift, box->y0 >> shift, box->x1 >> shift, box->y1 >> shift};
}

static size_t range_size(const dk_cell_range *range)
{
    return (size_t)(range->x1 - range->x0 + 1) * (range->y1 - range->y0 + 1);
}

/* Where the rows that come are, and which rows change at all. */
static dk_status list_rows(dk_index_rows *self, dk_error *err)
{
    size_t capacity = 0;
    self->by_number = malloc((self->n + 1) * sizeof *self->by_number);
    self->stamps = calloc(self->n + 1, sizeof *self->stamps);
    if (self->by_number == NULL || self->stamps == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; i < self->n; i++) {
        if (self->rows[i].row < 0)
            continue;
        const dk_world_box own = dk_change_row_box(&self->rows[i]), box = dk_box_grown(&own, DK_INDEX_REACH);
        const dk_cell_range range = cells_of(&box);
        if (range_size(&range) > MOST_CELLS) {
            if (!dk_grow(&self->wide, &self->wide_capacity, self->n_wide + 1, sizeof *self->wide))
                return dk_fail(err, DK_NOMEM, "out of memory");
            self->wide[self->n_wide++] = (uint32_t)i;
            continue;
        }
        if (!dk_grow(&self->cells, &capacity, self->n_cells + range_size(&range), sizeof *self->cells))
            return dk_fail(err, DK_NOMEM, "out of memory");
        for (uint32_t y = range.y0; y <= range.y1; y++)
            for (uint32_t x = range.x0; x <= range.x1; x++)
                self->cells[self->n_cells++] = (struct dk_row_in_cell){(uint32_t)dk_morton(x, y), (uint32_t)i};
    }
    sort_by_number(self);
    /* They were put down in the order of their indices. */
    return dk_radix_sort(self->cells, self->n_cells, sizeof *self->cells, offsetof(struct dk_row_in_cell, cell),
                         DK_RADIX_U32)
               ? DK_OK
               : dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_index_rows_take(dk_index_rows *self, dk_change_row *rows, size_t n, dk_error *err)
{
    if (n >= UINT32_MAX)
        return dk_fail(err, DK_LIMIT, "a change of more than %u rows is too large; load smaller batches", UINT32_MAX);
    self->rows = rows;
    self->n = n;
    size_t small = 0; /* the large ones go behind */
    for (size_t i = 0; i < n; i++)
        if (!is_large(&rows[i])) {
            const dk_change_row row = rows[small];
            rows[small++] = rows[i];
            rows[i] = row;
        }
    self->n_small = small;
    if (!sort_by_place(rows, small) || !sort_by_place(rows + small, n - small))
        return dk_fail(err, DK_NOMEM, "out of memory");
    return list_rows(self, err);
}

void dk_index_rows_finish(dk_index_rows *self)
{
    free(self->by_number);
    free(self->cells);
    free(self->wide);
    free(self->stamps);
    *self = (dk_index_rows){0};
}

const dk_change_row *dk_index_row(const dk_index_rows *self, int64_t row)
{
    if (self->n == 0)
        return NULL;
    /* The rows of a batch are numbered one after the other. */
    const dk_change_row *first = &self->rows[self->by_number[0]];
    const uint64_t guess = (uint64_t)row - (uint64_t)row_number(first);
    if (guess < self->n && row_number(&self->rows[self->by_number[guess]]) == row)
        return &self->rows[self->by_number[guess]];
    size_t low = 0, high = self->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int64_t at = row_number(&self->rows[self->by_number[middle]]);
        if (at == row)
            return &self->rows[self->by_number[middle]];
        if (at < row)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool row_meets(const dk_index_rows *self, size_t index, const dk_world_box *box)
{
    const dk_world_box own = dk_change_row_box(&self->rows[index]);
    return dk_boxes_meet(&own, box);
}

dk_status dk_index_rows_coming(dk_index_rows *self, const dk_world_box *box,
                               dk_status (*each)(void *user, uint32_t index), void *user)
{
    const dk_cell_range range = cells_of(box);
    dk_status status = DK_OK;
    self->stamp++;
    const uint32_t stamp = self->stamp;
    for (size_t i = 0; status == DK_OK && i < self->n_wide; i++)
        if (row_meets(self, self->wide[i], box))
            status = each(user, self->wide[i]);
    if (range_size(&range) > self->n_cells) { /* more cells than rows in cells: look at these */
        for (size_t i = 0; status == DK_OK && i < self->n_cells; i++) {
            const uint32_t index = self->cells[i].index;
            if (self->stamps[index] != stamp && row_meets(self, index, box)) {
                self->stamps[index] = stamp;
                status = each(user, index);
            }
        }
        return status;
    }
    for (uint32_t y = range.y0; y <= range.y1; y++)
        for (uint32_t x = range.x0; x <= range.x1; x++) {
            const uint64_t cell = dk_morton(x, y);
            size_t low = 0, high = self->n_cells;
            while (low < high) {
                const size_t middle = low + (high - low) / 2;
                if (self->cells[middle].cell < cell)
                    low = middle + 1;
                else
                    high = middle;
            }
            for (; status == DK_OK && low < self->n_cells && self->cells[low].cell == cell; low++) {
                const uint32_t index = self->cells[low].index;
                if (self->stamps[index] == stamp || !row_meets(self, index, box))
                    continue;
                self->stamps[index] = stamp;
                status = each(user, index);
            }
        }
    return status;
}
