#include "store/block_cell.h"

#include <stdlib.h>
#include <string.h>

/* A cell has 256 places: the cells four levels below, by Morton code. A block covers all of them, 16 or one. */
enum { PLACES = 256, QUARTERS = 16 };

static uint32_t places_of(int depth)
{
    return depth == 0 ? PLACES : depth == 1 ? QUARTERS : 1;
}

/* A block that is there. */
typedef struct old_block {
    size_t start, size; /* in data */
    dk_block block;
    int depth;
    uint32_t place; /* the first that it covers */
    bool kept;
} old_block;

/* An entry, of an old block or one that joins. */
typedef struct member {
    const dk_entry_head *head;
    const void *drawing; /* of one that joins */
    const dk_value *values;
    uint32_t block, index; /* else where it is */
    uint32_t place;
    size_t bytes;
    bool leaves;
} member;

struct dk_block_cell {
    dk_store *store;
    const dk_kind *layer;
    int level;
    uint64_t code;
    size_t n_attributes;
    dk_buf data, written;
    old_block *blocks;
    size_t n_blocks, blocks_capacity;
    member *members;
    size_t n_members, members_capacity, n_old;
    uint32_t *by_row, *order; /* old members by row; members that stay by the block they go to */
    size_t by_row_capacity, order_capacity;
    dk_block_builder *builder;
    dk_entry_head *heads; /* of those that join, n_heads of them: members move */
    size_t n_heads, heads_capacity;
};

dk_block_cell *dk_block_cell_create(void)
{
    dk_block_cell *cell = calloc(1, sizeof *cell);
    if (cell == NULL)
        return NULL;
    dk_buf_init(&cell->data);
    dk_buf_init(&cell->written);
    cell->builder = dk_block_builder_create();
    if (cell->builder == NULL) {
        dk_block_cell_free(cell);
        return NULL;
    }
    return cell;
}

void dk_block_cell_free(dk_block_cell *cell)
{
    if (cell == NULL)
        return;
    dk_buf_finish(&cell->data);
    dk_buf_finish(&cell->written);
    free(cell->blocks);
    free(cell->members);
    free(cell->by_row);
    free(cell->order);
    free(cell->heads);
    dk_block_builder_free(cell->builder);
    free(cell);
}

static dk_status no_memory(dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "out of memory");
}

/* ---- reading ---- */

static dk_status keep_block(int shelf, uint64_t code, const void *data, size_t size, void *user)
{
    dk_block_cell *cell = user;
    if (!dk_grow(&cell->blocks, &cell->blocks_capacity, cell->n_blocks + 1, sizeof *cell->blocks))
        return DK_NOMEM;
    const int depth = dk_shelf_depth(shelf);
    const uint32_t number = (uint32_t)code & (PLACES / places_of(depth) - 1);
    cell->blocks[cell->n_blocks++] =
        (old_block){.start = cell->data.size, .size = size, .depth = depth, .place = number * places_of(depth)};
    dk_buf_append(&cell->data, data, size);
    return cell->data.failed ? DK_NOMEM : DK_OK;
}

static size_t entry_bytes(const dk_block_cell *cell, size_t drawing_size)
{
    return sizeof(dk_entry_head) + 4 * cell->n_attributes + drawing_size;
}

static uint32_t place_in(const dk_block_cell *cell, const dk_entry_head *head)
{
    const int bits = 2 * (dk_level_cells(cell->level) + 4);
    return (uint32_t)(dk_morton(head->x0, head->y0) >> (64 - bits)) & (PLACES - 1);
}

static int by_row(const void *a, const void *b, void *user)
{
    const dk_block_cell *cell = user;
    const int64_t p = cell->members[*(const uint32_t *)a].head->row, q = cell->members[*(const uint32_t *)b].head->row;
    return p < q ? -1 : p > q;
}

dk_status dk_block_cell_begin(dk_block_cell *cell, dk_store *store, const dk_kind *layer, int level, uint64_t code,
                              uint64_t shelves, dk_error *err)
{
    uint32_t x, y;
    dk_morton_split(code, &x, &y);
    cell->store = store;
    cell->layer = layer;
    cell->level = level;
    cell->code = code;
    cell->n_attributes = cell->n_blocks = cell->n_members = cell->n_heads = 0;
    for (size_t i = 0; i < layer->n_fields; i++)
        cell->n_attributes += layer->fields[i].in_tiles;
    dk_buf_clear(&cell->data);
    dk_status status = DK_OK;
    for (int depth = 0; status == DK_OK && depth < 3; depth++) {
        const int shelf = dk_shelf_of(level, depth), deeper = 2 * depth;
        const uint32_t last = (UINT32_C(1) << deeper) - 1;
        const dk_cell_range inside = {x << deeper, y << deeper, (x << deeper) + last, (y << deeper) + last};
        if (shelves >> shelf & 1)
            status = dk_sheet_scan(store, layer, DK_SHEET_BLOCK, shelf, &inside, DK_NEWEST, keep_block, cell, err);
    }
    for (size_t b = 0; status == DK_OK && b < cell->n_blocks; b++) {
        old_block *old = &cell->blocks[b];
        if (dk_block_open(cell->data.data + old->start, old->size, &old->block) != DK_OK)
            return DK_CORRUPT;
        if (!dk_grow(&cell->members, &cell->members_capacity, cell->n_members + old->block.n_entries,
                     sizeof *cell->members))
            return no_memory(err);
        for (uint32_t i = 0; i < old->block.n_entries; i++) {
            const dk_entry_head *head = &old->block.heads[i];
            cell->members[cell->n_members++] = (member){.head = head, .block = (uint32_t)b, .index = i,
                                                        .place = place_in(cell, head),
                                                        .bytes = entry_bytes(cell, head->drawing_size)};
        }
    }
    if (status != DK_OK)
        return status == DK_NOMEM ? no_memory(err) : status;
    cell->n_old = cell->n_members;
    if (!dk_grow(&cell->by_row, &cell->by_row_capacity, cell->n_old + 1, sizeof *cell->by_row))
        return no_memory(err);
    for (uint32_t i = 0; i < cell->n_old; i++)
        cell->by_row[i] = i;
    qsort_r(cell->by_row, cell->n_old, sizeof *cell->by_row, by_row, cell);
    return DK_OK;
}

/* ---- changing ---- */

dk_status dk_block_cell_leave(dk_block_cell *cell, int64_t row)
{
    size_t low = 0, high = cell->n_old;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (cell->members[cell->by_row[middle]].head->row < row)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == cell->n_old || cell->members[cell->by_row[low]].head->row != row)
        return DK_NOT_FOUND;
    cell->members[cell->by_row[low]].leaves = true;
    return DK_OK;
}

dk_status dk_block_cell_join(dk_block_cell *cell, const dk_entry_head *head, const void *drawing, size_t drawing_size,
                             const dk_value *values)
{
    if (!dk_grow(&cell->members, &cell->members_capacity, cell->n_members + 1, sizeof *cell->members) ||
        !dk_grow(&cell->heads, &cell->heads_capacity, cell->n_heads + 1, sizeof *cell->heads))
        return DK_NOMEM;
    cell->heads[cell->n_heads] = *head;
    cell->heads[cell->n_heads].drawing_size = (uint32_t)drawing_size;
    cell->members[cell->n_members++] = (member){.drawing = drawing, .values = values, .index = (uint32_t)cell->n_heads++,
                                                .place = place_in(cell, head),
                                                .bytes = entry_bytes(cell, drawing_size)};
    return DK_OK;
}

/* ---- dividing ---- */

/* How deep the block of each place lies. */
static void divide(const dk_block_cell *cell, uint8_t depths[PLACES])
{
    size_t places[PLACES] = {0}, quarters[QUARTERS] = {0}, all = 0;
    for (size_t i = 0; i < cell->n_members; i++) {
        const member *m = &cell->members[i];
        if (m->leaves)
            continue;
        places[m->place] += m->bytes;
        quarters[m->place / QUARTERS] += m->bytes;
        all += m->bytes;
    }
    const int deepest = (DK_DEEPEST_CELLS - dk_level_cells(cell->level)) / 2;
    for (size_t p = 0; p < PLACES; p++)
        depths[p] = all <= DK_BLOCK_BYTES || deepest < 1                        ? 0
                    : quarters[p / QUARTERS] <= DK_BLOCK_BYTES || deepest < 2 ? 1
                                                                                : 2;
}

/* The members that stay, by the block that they go to; starts[p]: where those of the block that begins with place p are,
 * up to starts[p + 1]. */
static bool sort_members(dk_block_cell *cell, const uint8_t depths[PLACES], size_t starts[PLACES + 1])
{
    memset(starts, 0, (PLACES + 1) * sizeof *starts);
    if (!dk_grow(&cell->order, &cell->order_capacity, cell->n_members + 1, sizeof *cell->order))
        return false;
    size_t at[PLACES + 1];
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < cell->n_members; i++) {
            const member *m = &cell->members[i];
            if (m->leaves)
                continue;
            const uint32_t first = m->place & ~(places_of(depths[m->place]) - 1);
            if (pass == 0)
                starts[first + 1]++;
            else
                cell->order[at[first]++] = i;
        }
        if (pass == 0) {
            for (size_t p = 0; p < PLACES; p++)
                starts[p + 1] += starts[p];
            memcpy(at, starts, sizeof at);
        }
    }
    return true;
}

static const dk_entry_head *head_of(const dk_block_cell *cell, const member *m)
{
    return m->head != NULL ? m->head : &cell->heads[m->index];
}

static dk_status build(dk_block_cell *cell, size_t from, size_t to)
{
    dk_block_begin(cell->builder, cell->layer);
    dk_status status = DK_OK;
    for (size_t i = from; status == DK_OK && i < to; i++) {
        const member *m = &cell->members[cell->order[i]];
        const dk_entry_head *head = head_of(cell, m);
        status = m->head != NULL
                     ? dk_block_copy(cell->builder, &cell->blocks[m->block].block, m->index)
                     : dk_block_add(cell->builder, head, m->drawing, head->drawing_size, m->values);
    }
    if (status == DK_OK)
        status = dk_block_finish(cell->builder, &cell->written);
    return status == DK_OK && cell->written.failed ? DK_NOMEM : status;
}

/* Which old blocks stay as they are: those that the division leaves and of whose places no entry leaves or joins. */
static void keep_unchanged(dk_block_cell *cell, const uint8_t depths[PLACES])
{
    bool changed[PLACES] = {false};
    for (size_t i = 0; i < cell->n_members; i++)
        if (cell->members[i].leaves || cell->members[i].head == NULL)
            changed[cell->members[i].place] = true;
    for (size_t b = 0; b < cell->n_blocks; b++) {
        old_block *old = &cell->blocks[b];
        old->kept = depths[old->place] == old->depth;
        for (uint32_t p = 0; p < places_of(old->depth); p++)
            old->kept = old->kept && !changed[old->place + p];
    }
}

static const old_block *old_block_at(const dk_block_cell *cell, int depth, uint32_t place)
{
    for (size_t b = 0; b < cell->n_blocks; b++)
        if (cell->blocks[b].depth == depth && cell->blocks[b].place == place)
            return &cell->blocks[b];
    return NULL;
}

static dk_status write_block(const dk_block_cell *cell, int depth, uint32_t place, int64_t generation, const void *data,
                             size_t size, dk_error *err)
{
    const uint64_t code = cell->code << (4 * depth) | place / places_of(depth);
    return dk_sheet_write(cell->store, cell->layer, DK_SHEET_BLOCK, dk_shelf_of(cell->level, depth), code, generation, data,
                          size, err);
}

dk_status dk_block_cell_write(dk_block_cell *cell, int64_t generation, dk_weights *weights, uint64_t *ret_shelves,
                              size_t *ret_bytes, dk_error *err)
{
    uint8_t depths[PLACES];
    size_t starts[PLACES + 1];
    divide(cell, depths);
    keep_unchanged(cell, depths);
    if (!sort_members(cell, depths, starts))
        return no_memory(err);
    dk_status status = DK_OK;
    for (size_t b = 0; status == DK_OK && b < cell->n_blocks; b++) {
        const old_block *old = &cell->blocks[b];
        if (old->kept)
            continue;
        status = dk_weights_block(weights, &old->block, -1);
        /* What is not written anew below. */
        if (status == DK_OK && (depths[old->place] != old->depth || starts[old->place] == starts[old->place + 1]))
            status = write_block(cell, old->depth, old->place, generation, NULL, 0, err);
    }
    for (uint32_t p = 0; status == DK_OK && p < PLACES; p++) {
        const old_block *old = old_block_at(cell, depths[p], p);
        if (starts[p] == starts[p + 1] || (old != NULL && old->kept))
            continue;
        dk_block made;
        status = build(cell, starts[p], starts[p + 1]);
        if (status == DK_OK)
            status = dk_block_open(cell->written.data, cell->written.size, &made);
        if (status == DK_OK)
            status = dk_weights_block(weights, &made, 1);
        if (status != DK_OK)
            break;
        status = write_block(cell, depths[p], p, generation, cell->written.data, cell->written.size, err);
        *ret_shelves |= UINT64_C(1) << dk_shelf_of(cell->level, depths[p]);
        *ret_bytes += cell->written.size;
    }
    return status == DK_NOMEM ? no_memory(err) : status;
}
