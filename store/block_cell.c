#include "store/block_cell.h"

#include <stdlib.h>
#include <string.h>

/* A cell has 256 places: the cells four levels below, by Morton code. Its blocks have slots: one of all places, 16 of
 * 16 places each, and 256 of one. */
enum { PLACES = 256, QUARTERS = 16, DEEP = 1 + QUARTERS, SLOTS = DEEP + PLACES };

static uint32_t slot_of(int depth, uint32_t place)
{
    return depth == 0 ? 0 : depth == 1 ? 1 + place / QUARTERS : DEEP + place;
}

static int slot_depth(uint32_t slot)
{
    return slot == 0 ? 0 : slot < DEEP ? 1 : 2;
}

/* The code of a slot's cell within the whole one. */
static uint32_t slot_code(uint32_t slot)
{
    return slot == 0 ? 0 : slot < DEEP ? slot - 1 : slot - DEEP;
}

/* A block that is there. */
typedef struct old_block {
    size_t start, size; /* in data */
    dk_block block;
    uint32_t slot;
    bool kept;
} old_block;

/* An entry, of an old block or one that joins. */
typedef struct member {
    const dk_entry_head *head;
    const void *drawing; /* of one that joins */
    const dk_value *values;
    uint32_t block, index; /* else where it is */
    uint32_t place;
    int deepest;   /* to which its box may go */
    uint32_t slot; /* of its block to be, unless it leaves */
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
    const uint32_t number = (uint32_t)code & ((UINT32_C(1) << (4 * depth)) - 1);
    cell->blocks[cell->n_blocks++] = (old_block){
        .start = cell->data.size, .size = size, .slot = slot_of(depth, depth == 1 ? number * QUARTERS : number)};
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
    const uint64_t home = dk_morton(dk_home(head->x0, cell->level), dk_home(head->y0, cell->level));
    return (uint32_t)(home >> (64 - bits)) & (PLACES - 1);
}

static int deepest_of(const dk_block_cell *cell, const dk_entry_head *head)
{
    const uint32_t width = head->x1 - head->x0, height = head->y1 - head->y0, size = width > height ? width : height;
    const int most = (DK_DEEPEST_CELLS - dk_level_cells(cell->level)) / 2;
    int depth = 0;
    while (depth < 2 && depth < most && size <= dk_shelf_reach(dk_shelf_of(cell->level, depth + 1)))
        depth++;
    return depth;
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
            cell->members[cell->n_members++] = (member){.head = head,
                                                        .block = (uint32_t)b,
                                                        .index = i,
                                                        .place = place_in(cell, head),
                                                        .deepest = deepest_of(cell, head),
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
    cell->members[cell->n_members++] = (member){.drawing = drawing,
                                                .values = values,
                                                .index = (uint32_t)cell->n_heads++,
                                                .place = place_in(cell, head),
                                                .deepest = deepest_of(cell, head),
                                                .bytes = entry_bytes(cell, drawing_size)};
    return DK_OK;
}

/* ---- dividing ---- */

/* Finds the slot of each member that stays. */
static void divide(dk_block_cell *cell)
{
    size_t quarters[QUARTERS] = {0}, all = 0;
    for (size_t i = 0; i < cell->n_members; i++) {
        const member *m = &cell->members[i];
        if (m->leaves)
            continue;
        all += m->bytes;
        if (m->deepest > 0)
            quarters[m->place / QUARTERS] += m->bytes;
    }
    for (size_t i = 0; i < cell->n_members; i++) {
        member *m = &cell->members[i];
        const int depth = all <= DK_BLOCK_BYTES ? 0 : quarters[m->place / QUARTERS] <= DK_BLOCK_BYTES ? 1 : 2;
        m->slot = slot_of(depth < m->deepest ? depth : m->deepest, m->place);
    }
}

/* The members that stay, by slot: those of a slot are from starts[slot] up to starts[slot + 1]. */
static bool sort_members(dk_block_cell *cell, size_t starts[SLOTS + 1])
{
    memset(starts, 0, (SLOTS + 1) * sizeof *starts);
    if (!dk_grow(&cell->order, &cell->order_capacity, cell->n_members + 1, sizeof *cell->order))
        return false;
    size_t at[SLOTS + 1];
    for (uint32_t i = 0; i < cell->n_members; i++)
        if (!cell->members[i].leaves)
            starts[cell->members[i].slot + 1]++;
    for (size_t slot = 0; slot < SLOTS; slot++)
        starts[slot + 1] += starts[slot];
    memcpy(at, starts, sizeof at);
    for (uint32_t i = 0; i < cell->n_members; i++)
        if (!cell->members[i].leaves)
            cell->order[at[cell->members[i].slot]++] = i;
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
        status = m->head != NULL ? dk_block_copy(cell->builder, &cell->blocks[m->block].block, m->index)
                                 : dk_block_add(cell->builder, head, m->drawing, head->drawing_size, m->values);
    }
    if (status == DK_OK)
        status = dk_block_finish(cell->builder, &cell->written);
    return status == DK_OK && cell->written.failed ? DK_NOMEM : status;
}

/* Which old blocks stay as they are: those that no entry leaves or joins. */
static void keep_unchanged(dk_block_cell *cell)
{
    bool changed[SLOTS] = {false};
    for (size_t i = 0; i < cell->n_members; i++) {
        const member *m = &cell->members[i];
        const bool comes = m->head == NULL, moves = !comes && !m->leaves && m->slot != cell->blocks[m->block].slot;
        if (m->leaves || moves)
            changed[cell->blocks[m->block].slot] = true;
        if (comes || moves)
            changed[m->slot] = true;
    }
    for (size_t b = 0; b < cell->n_blocks; b++)
        cell->blocks[b].kept = !changed[cell->blocks[b].slot];
}

static dk_status write_block(const dk_block_cell *cell, uint32_t slot, int64_t generation, const void *data,
                             size_t size, dk_error *err)
{
    const int depth = slot_depth(slot);
    return dk_sheet_write(cell->store, cell->layer, DK_SHEET_BLOCK, dk_shelf_of(cell->level, depth),
                          cell->code << (4 * depth) | slot_code(slot), generation, data, size, err);
}

dk_status dk_block_cell_write(dk_block_cell *cell, int64_t generation, dk_weights *weights, uint64_t *ret_shelves,
                              size_t *ret_bytes, dk_error *err)
{
    size_t starts[SLOTS + 1];
    bool kept[SLOTS] = {false};
    divide(cell);
    keep_unchanged(cell);
    if (!sort_members(cell, starts))
        return no_memory(err);
    dk_status status = DK_OK;
    for (size_t b = 0; status == DK_OK && b < cell->n_blocks; b++) {
        const old_block *old = &cell->blocks[b];
        kept[old->slot] = old->kept;
        if (old->kept)
            continue;
        status = dk_weights_block(weights, &old->block, -1);
        if (status == DK_OK && starts[old->slot] == starts[old->slot + 1]) /* else it is written anew below */
            status = write_block(cell, old->slot, generation, NULL, 0, err);
    }
    for (uint32_t slot = 0; status == DK_OK && slot < SLOTS; slot++) {
        if (starts[slot] == starts[slot + 1] || kept[slot])
            continue;
        dk_block made;
        status = build(cell, starts[slot], starts[slot + 1]);
        if (status == DK_OK)
            status = dk_block_open(cell->written.data, cell->written.size, &made);
        if (status == DK_OK)
            status = dk_weights_block(weights, &made, 1);
        if (status != DK_OK)
            break;
        status = write_block(cell, slot, generation, cell->written.data, cell->written.size, err);
        *ret_shelves |= UINT64_C(1) << dk_shelf_of(cell->level, slot_depth(slot));
        *ret_bytes += cell->written.size;
    }
    return status == DK_NOMEM ? no_memory(err) : status;
}
