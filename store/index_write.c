/* Keeping the cell index up: index.h says what it is, sheet.c how versions are kept.
 *
 * The rows that come and go are taken in groups of one region. For each group the published neighbours whose borders
 * they touch are found, all of them are generalised together with everything that touches them in turn, and the blocks,
 * pieces and grid sheets whose entries differ are written anew. What an entry looks like depends only on the published
 * set (topology.h), so the order of batches leaves no trace.
 *
 * Groups are read ahead, computed by all processors (index_ahead.h), and written in their order by this thread, which
 * alone uses the store. A group whose neighbours an earlier one is about to write is read when that is done. */
#include "store/block_cell.h"
#include "store/grid_measure.h"
#include "store/handle.h"
#include "store/index_ahead.h"
#include "store/index_compare.h"
#include "store/index_reach.h"
#include "store/index_rows.h"
#include "store/index_work.h"
#include "store/weights.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP_ROWS = 4096,     /* most rows that are generalised together */
    GROUP_LEVEL = 12,      /* a group lies in one cell of this level or deeper, about 8 km */
    STEP_ROWS = 16384,     /* rows of a transaction */
    STEP_BYTES = 32000000, /* about as much of sheets */
    LINE_BYTES = 64000000, /* of outlines on their way; one group may have more */
    TOUCHED_LEVEL = 13,    /* touched boxes in one cell of this level become one */
};

/* An entry that is in the index already. */
typedef struct found {
    int64_t row;
    dk_entry_head head;
    uint64_t hash;   /* of its drawing */
    uint64_t values; /* hash of its attributes, for comparing */
    size_t n_points;
    int shelf;
    uint64_t cell; /* of the shelf */
    bool target;   /* touches what changes: generalised anew */
    bool removed;
} found;

/* A group between being read and being written. */
typedef struct pending {
    dk_group group;
    size_t lo, hi; /* of the rows that change */
    found *found;  /* what is in the index, by row */
    size_t n_found, found_capacity;
    dk_world_box around;  /* all that it is generalised with */
    bool old_targets;     /* it may write neighbours, which change by themselves */
    dk_world_box old_box; /* theirs */
} pending;

/* What happens to the blocks of a cell or to one of pieces: an entry leaves (row) or joins. */
typedef struct operation {
    dk_sheet sheet;
    int level;
    uint64_t cell;  /* of the level */
    int64_t leaves; /* row, or 0 */
    size_t joins;   /* number of the entry, or of the piece, in the group */
} operation;

typedef struct writer {
    dk_store *store;
    const dk_kind *layer;
    int64_t generation;
    int64_t sees;                  /* the generation whose sheets are read; DK_NEWEST: those of the change under way */
    dk_index_comparing *comparing; /* instead of writing; NULL: it writes */
    bool owns_transaction;         /* bounded transactions; else all within the caller's */
    dk_error *err;

    dk_index_rows rows;
    uint64_t levels[DK_SHEETS];
    dk_ahead *ahead;
    pending *line; /* a ring of groups on their way */
    size_t line_size, first, n_line;
    dk_box_set boxes;
    dk_reach_cache reach;
    pending *gathering; /* the group that is being read */
    int64_t *targets;   /* its rows whose entries are made */
    size_t n_targets, targets_capacity;

    dk_block_builder *builder; /* of pieces */
    dk_block_cell *block_cell;
    dk_grid_cache grids;
    dk_weights *weights;
    operation *operations;
    size_t n_operations, operations_capacity;
    dk_buf sheet, written;
    uint64_t *changed; /* dk_budget_change of all that came or went */
    size_t n_changed, changed_capacity;
    struct touched {
        uint64_t cell;
        dk_world_box box;
    } * touched;
    size_t n_touched, touched_capacity;

    size_t in_step, step_bytes;
    size_t done;
    dk_progress progress;
    void *user;
} writer;

static dk_status no_memory(writer *w)
{
    return dk_fail(w->err, DK_NOMEM, "out of memory");
}

static dk_world_box head_box(const dk_entry_head *head)
{
    return (dk_world_box){head->x0, head->y0, head->x1, head->y1};
}

/* ---- what is there ---- */

static int by_found_row(const void *a, const void *b)
{
    const found *p = a, *q = b;
    return p->row < q->row ? -1 : p->row > q->row;
}

static const found *found_row(const pending *p, int64_t row)
{
    const found wanted = {.row = row};
    return p->n_found == 0 ? NULL : bsearch(&wanted, p->found, p->n_found, sizeof *p->found, by_found_row);
}

static uint64_t hash_value(uint64_t seed, unsigned field, const dk_value *value)
{
    const uint64_t head[3] = {seed, field, (uint64_t)value->type};
    const uint64_t hash = dk_hash_bytes(head, sizeof head);
    return hash ^ (value->type == DK_TEXT   ? dk_hash_bytes(value->text.data, value->text.size)
                   : value->type == DK_REAL ? dk_hash_bytes(&value->real, 8)
                                            : dk_hash_bytes(&value->integer, 8));
}

/* Of the values that go into tiles. */
static uint64_t hash_values(const writer *w, const dk_value *values)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < w->layer->n_fields; i++)
        if (w->layer->fields[i].in_tiles && values[i].type != DK_NULL)
            hash = hash_value(hash, i, &values[i]);
    return hash;
}

typedef struct search {
    writer *w;
    pending *p;
    dk_world_box box;
} search;

/* Whether a row comes near what changes. */
static dk_status reaches(writer *w, int64_t row, const dk_world_box *box, bool *ret_near)
{
    return dk_reach_meets(&w->reach, w->store, w->layer, row, box, &w->boxes, ret_near, w->err);
}

/* Entries of the group's own rows that go (or are compared), and published neighbours of what changes. */
static dk_status find_in_block(int shelf, uint64_t cell, const void *data, size_t size, void *user)
{
    search *s = user;
    writer *w = s->w;
    pending *p = s->p;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_index_damaged(w->store, w->layer, w->err);
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        const dk_world_box box = head_box(head);
        if (!dk_boxes_meet(&box, &s->box))
            continue;
        const dk_change_row *row = dk_index_row(&w->rows, head->row);
        const size_t at = row != NULL ? (size_t)(row - w->rows.rows) : 0;
        bool near = false;
        if (row == NULL && w->comparing == NULL) {
            const dk_status status = reaches(w, head->row, &box, &near);
            if (status != DK_OK)
                return status;
        }
        if (row != NULL ? at < p->lo || at >= p->hi || (row->row > 0 && w->comparing == NULL) : !near)
            continue; /* goes with another group or has come with an earlier one, or touches nothing */
        if (!dk_grow(&p->found, &p->found_capacity, p->n_found + 1, sizeof *p->found))
            return no_memory(w);
        dk_drawing drawing;
        if (dk_block_drawing(&block, i, &drawing) != DK_OK)
            return dk_index_damaged(w->store, w->layer, w->err);
        dk_value values[DK_MAX_FIELDS];
        if (w->comparing != NULL && dk_entry_values(w->layer, &block, i, UINT64_MAX, values) != DK_OK)
            return dk_index_damaged(w->store, w->layer, w->err);
        p->found[p->n_found++] = (found){.row = head->row,
                                         .values = w->comparing != NULL ? hash_values(w, values) : 0,
                                         .head = *head,
                                         .hash = dk_hash_bytes(block.data + head->drawing, head->drawing_size),
                                         .n_points = drawing.n_points,
                                         .shelf = shelf,
                                         .cell = cell,
                                         .target = row == NULL,
                                         .removed = row != NULL && row->row < 0};
    }
    return DK_OK;
}

/* A row that is there to be matched with. */
static dk_status add_context(writer *w, int64_t row)
{
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(w->store, w->layer, row, true, &stored, w->err);
    if (status != DK_OK)
        return status;
    status = dk_group_context(&w->gathering->group, &stored);
    dk_stored_row_release(&stored);
    return status == DK_NOMEM ? no_memory(w) : status;
}

/* What touches the neighbours, but nothing that changes. */
static dk_status find_context_in_block(int shelf, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)shelf, (void)cell;
    search *s = user;
    writer *w = s->w;
    dk_block block;
    dk_status status = DK_OK;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_index_damaged(w->store, w->layer, w->err);
    for (uint32_t i = 0; status == DK_OK && i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        const dk_world_box box = head_box(head);
        bool near = false;
        if (!dk_boxes_meet(&box, &s->box) || dk_index_row(&w->rows, head->row) != NULL)
            continue;
        status = reaches(w, head->row, &box, &near);
        const found *known = near ? found_row(s->p, head->row) : NULL;
        if (status == DK_OK && near && (known == NULL || !known->target))
            status = add_context(w, head->row);
    }
    return status;
}

static dk_status find_entries(search *s, dk_sheet_fn each)
{
    writer *w = s->w;
    dk_status status = DK_OK;
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        if ((w->levels[DK_SHEET_BLOCK] >> shelf & 1) == 0)
            continue;
        const dk_cell_range range = dk_cells_reaching(&s->box, shelf);
        status = dk_sheet_scan(w->store, w->layer, DK_SHEET_BLOCK, shelf, &range, w->sees, each, s, w->err);
    }
    return status;
}

/* ---- reading a group ---- */

/* A row whose entry is made (anew). */
static dk_status add_target(writer *w, int64_t row)
{
    if (!dk_grow(&w->targets, &w->targets_capacity, w->n_targets + 1, sizeof *w->targets))
        return no_memory(w);
    w->targets[w->n_targets++] = row;
    return DK_OK;
}

static dk_status take_target(const dk_stored_row *row, void *user)
{
    writer *w = user;
    const dk_status status = dk_group_target(&w->gathering->group, w->layer, row);
    return status == DK_NOMEM ? no_memory(w) : status;
}

static dk_status add_coming_context(void *user, uint32_t index)
{
    writer *w = user;
    if (index >= w->gathering->lo && index < w->gathering->hi)
        return DK_OK; /* a target itself */
    const dk_world_box own = dk_change_row_box(&w->rows.rows[index]);
    bool near = false;
    const dk_status status = reaches(w, w->rows.rows[index].row, &own, &near);
    return status == DK_OK && near ? add_context(w, w->rows.rows[index].row) : status;
}

/* What comes near a row is wanted. */
static dk_status add_reach(writer *w, int64_t row, const dk_world_box *box)
{
    return dk_reach_add(&w->reach, w->store, w->layer, row, box, &w->boxes, w->err);
}

/* Finds what a group touches in the index. */
static dk_status find_group(writer *w, pending *p, search *s)
{
    dk_box_set_clear(&w->boxes);
    for (size_t i = p->lo; i < p->hi; i++) {
        const int64_t row = w->rows.rows[i].row;
        const dk_world_box own = dk_change_row_box(&w->rows.rows[i]), box = dk_box_grown(&own, DK_INDEX_REACH);
        const dk_status status = add_reach(w, row < 0 ? -row : row, &own);
        if (status != DK_OK)
            return status;
        dk_box_join(&s->box, &box, i == p->lo);
    }
    dk_box_set_sort(&w->boxes);
    p->n_found = 0;
    const dk_status status = find_entries(s, find_in_block);
    if (status != DK_OK)
        return status;
    if (p->n_found > 1)
        qsort(p->found, p->n_found, sizeof *p->found, by_found_row);
    p->around = s->box;
    p->old_targets = false;
    for (size_t i = 0; i < p->n_found; i++) {
        if (!p->found[i].target)
            continue;
        const dk_world_box box = head_box(&p->found[i].head), wide = dk_box_grown(&box, DK_INDEX_REACH);
        dk_box_join(&p->old_box, &wide, !p->old_targets);
        dk_box_join(&p->around, &wide, false);
        p->old_targets = true;
    }
    return DK_OK;
}

/* Gives the group its targets and their surroundings. */
static dk_status read_group(writer *w, pending *p, search *s)
{
    dk_status status = DK_OK;
    w->gathering = p;
    dk_group_clear(&p->group);
    dk_box_set_clear(&w->boxes);
    w->n_targets = 0;
    for (size_t i = p->lo; status == DK_OK && i < p->hi; i++) {
        if (w->rows.rows[i].row < 0)
            continue;
        const dk_world_box own = dk_change_row_box(&w->rows.rows[i]);
        status = add_reach(w, w->rows.rows[i].row, &own);
        if (status == DK_OK)
            status = add_target(w, w->rows.rows[i].row);
    }
    for (size_t i = 0; status == DK_OK && i < p->n_found; i++) {
        if (!p->found[i].target)
            continue;
        const dk_world_box box = head_box(&p->found[i].head);
        status = add_reach(w, p->found[i].row, &box);
        if (status == DK_OK)
            status = add_target(w, p->found[i].row);
    }
    dk_box_set_sort(&w->boxes);
    if (status == DK_OK)
        status = dk_stored_rows_read(w->store, w->layer, w->targets, w->n_targets, take_target, w, w->err);
    if (status == DK_OK)
        status = dk_index_rows_coming(&w->rows, &p->around, add_coming_context, w);
    if (status != DK_OK || !p->old_targets)
        return status;
    s->box = p->around;
    return find_entries(s, find_context_in_block);
}

/* ---- what changes ---- */

static bool add_operation(writer *w, dk_sheet sheet, int level, uint64_t cell, int64_t leaves, size_t joins)
{
    if (!dk_grow(&w->operations, &w->operations_capacity, w->n_operations + 1, sizeof *w->operations))
        return false;
    w->operations[w->n_operations++] = (operation){sheet, level, cell, leaves, joins};
    return true;
}

/* Notes that tiles differ where an entry came or went. */
static dk_status note_change(writer *w, const dk_entry_head *head)
{
    if (!dk_grow(&w->changed, &w->changed_capacity, w->n_changed + 1, sizeof *w->changed) ||
        !dk_grow(&w->touched, &w->touched_capacity, w->n_touched + 1, sizeof *w->touched))
        return no_memory(w);
    w->changed[w->n_changed++] = dk_budget_change(head);
    const int shift = 32 - TOUCHED_LEVEL;
    w->touched[w->n_touched].cell = dk_morton(head->x0 >> shift, head->y0 >> shift);
    w->touched[w->n_touched++].box = head_box(head);
    return DK_OK;
}

typedef struct piece_search {
    writer *w;
    int64_t row;
} piece_search;

static dk_status find_pieces_in_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    piece_search *s = user;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_index_damaged(s->w->store, s->w->layer, s->w->err);
    for (uint32_t i = 0; i < block.n_entries; i++)
        if (block.heads[i].row == s->row)
            return add_operation(s->w, DK_SHEET_PIECE, level, cell, s->row, 0) ? DK_OK : no_memory(s->w);
    return DK_OK;
}

/* Takes an entry out: of its block, its pieces' blocks and the grids. */
static dk_status remove_entry(writer *w, const found *old)
{
    if (!add_operation(w, DK_SHEET_BLOCK, dk_shelf_level(old->shelf), old->cell >> (4 * dk_shelf_depth(old->shelf)),
                       old->row, 0))
        return no_memory(w);
    dk_status status = note_change(w, &old->head);
    piece_search s = {w, old->row};
    const dk_world_box box = head_box(&old->head);
    for (int shelf = 0; status == DK_OK && shelf <= DK_LEAF_SHELVES + DK_MAX_LEVEL; shelf++) {
        const int level = dk_piece_level(shelf), shift = 32 - level;
        if ((w->levels[DK_SHEET_PIECE] >> shelf & 1) == 0 || level < old->head.cut_zoom)
            continue;
        const dk_world_box wide =
            dk_box_grown(&box, shift > 5 ? UINT32_C(1) << (shift - 5) : 1); /* the margin of pieces */
        const dk_cell_range range = {wide.x0 >> shift, wide.y0 >> shift, wide.x1 >> shift, wide.y1 >> shift};
        status =
            dk_sheet_scan(w->store, w->layer, DK_SHEET_PIECE, shelf, &range, w->sees, find_pieces_in_block, &s, w->err);
    }
    if (status != DK_OK)
        return status;
    dk_stored_row stored;
    if ((status = dk_stored_row_read(w->store, w->layer, old->row, false, &stored, w->err)) != DK_OK)
        return status;
    status = dk_grid_cache_count(&w->grids, w->store, w->layer, &old->head, old->n_points, stored.values, -1,
                                 w->generation, w->err);
    dk_stored_row_release(&stored);
    return status;
}

/* What generalisation and place decide; the rest of the head is the same for all versions of a row. */
static bool same_entry(const found *old, const dk_group_entry *entry)
{
    const dk_entry_head *a = &old->head, *b = &entry->head;
    return dk_shelf_level(old->shelf) == entry->level && old->hash == entry->hash && a->x0 == b->x0 && a->y0 == b->y0 &&
           a->x1 == b->x1 && a->y1 == b->y1 && a->label_x == b->label_x && a->label_y == b->label_y &&
           a->first_zoom == b->first_zoom && a->size_class == b->size_class && a->cut_zoom == b->cut_zoom &&
           a->unsound == b->unsound && a->unsound_plate == b->unsound_plate && a->area_cm2 == b->area_cm2 &&
           a->feature == b->feature;
}

typedef struct piece_comparison {
    writer *w;
    const dk_group_piece *piece;
    const unsigned char *drawing;
    bool same;
} piece_comparison;

static dk_status compare_piece(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    piece_comparison *c = user;
    const dk_entry_head *wanted = &c->piece->head;
    dk_block block;
    dk_drawing drawing;
    if (dk_block_open(data, size, &block) != DK_OK)
        return dk_index_damaged(c->w->store, c->w->layer, c->w->err);
    for (uint32_t i = 0; i < block.n_entries && !c->same; i++)
        c->same = block.heads[i].row == wanted->row && block.heads[i].last_zoom == wanted->last_zoom &&
                  block.heads[i].unsound == wanted->unsound && dk_block_drawing(&block, i, &drawing) == DK_OK &&
                  block.heads[i].drawing_size == wanted->drawing_size &&
                  memcmp(block.data + block.heads[i].drawing, c->drawing, wanted->drawing_size) == 0;
    return DK_OK;
}

/* Whether the pieces of an entry are in the index. */
static dk_status compare_pieces(writer *w, const dk_group *group, const dk_group_entry *entry, bool *ret_same)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && *ret_same && i < entry->n_pieces; i++) {
        const dk_group_piece *piece = &group->pieces[entry->pieces + i];
        piece_comparison c = {w, piece, group->drawings.data + piece->head.drawing, false};
        dk_cell_range cell;
        dk_morton_split(piece->cell, &cell.x0, &cell.y0);
        cell.x1 = cell.x0, cell.y1 = cell.y0;
        status =
            dk_sheet_scan(w->store, w->layer, DK_SHEET_PIECE, piece->shelf, &cell, w->sees, compare_piece, &c, w->err);
        *ret_same = c.same;
    }
    return status;
}

/* What no index can be made of. */
static dk_status lost(writer *w, int64_t row)
{
    dk_index_tell_row(w->layer, row, "has a damaged geometry", DK_LOAD_AGAIN, w->comparing->tell, w->comparing->user);
    w->comparing->differs = true;
    return DK_OK;
}

static dk_status unreadable(writer *w, int64_t row)
{
    return dk_fail(w->err, DK_CORRUPT, "row %" PRId64 " of %s has no geometry that can be read", row, w->layer->name);
}

/* Says what is to be written of an entry. */
static dk_status decide(writer *w, const pending *p, size_t i)
{
    const dk_group *group = &p->group;
    const dk_group_entry *entry = &group->entries[i];
    const int64_t row = entry->head.row;
    const found *old = found_row(p, row);
    const dk_value *values = group->values + entry->values;
    if (w->comparing != NULL && old != NULL) {
        const int zoom = old->head.first_zoom <= DK_FINEST_ZOOM ? old->head.first_zoom : DK_FINEST_ZOOM + 1;
        dk_grid_measures_of(w->layer, values, w->comparing->measured[zoom]);
    }
    if (entry->damaged)
        return w->comparing != NULL ? lost(w, row) : unreadable(w, row);
    if (w->comparing != NULL) {
        w->comparing->n_pieces += entry->n_pieces;
        if (old == NULL)
            return dk_index_differs(w->comparing, row, "is missing from the cell index");
        bool same = same_entry(old, entry) && old->values == hash_values(w, values);
        const dk_status status = same ? compare_pieces(w, group, entry, &same) : DK_OK;
        return status != DK_OK || same ? status : dk_index_differs(w->comparing, row, "differs in the cell index");
    }
    if (old != NULL && same_entry(old, entry)) {
        /* A neighbour's vertex that shows in near zooms only is in the pieces alone. */
        bool same = true;
        const dk_status compared = compare_pieces(w, group, entry, &same);
        if (compared != DK_OK || same)
            return compared;
    }
    dk_status status = old != NULL ? remove_entry(w, old) : DK_OK;
    if (status != DK_OK ||
        (status = dk_grid_cache_count(&w->grids, w->store, w->layer, &entry->head, entry->n_points, values, 1,
                                      w->generation, w->err)) != DK_OK ||
        (status = note_change(w, &entry->head)) != DK_OK)
        return status;
    bool noted = add_operation(w, DK_SHEET_BLOCK, entry->level, entry->cell, 0, i);
    for (size_t k = entry->pieces; k < entry->pieces + entry->n_pieces && noted; k++)
        noted = add_operation(w, DK_SHEET_PIECE, group->pieces[k].shelf, group->pieces[k].cell, 0, k);
    return noted ? DK_OK : no_memory(w);
}

/* ---- writing ---- */

static int by_sheet(const void *a, const void *b)
{
    const operation *p = a, *q = b;
    if (p->sheet != q->sheet)
        return p->sheet < q->sheet ? -1 : 1;
    if (p->level != q->level)
        return p->level - q->level;
    if (p->cell != q->cell)
        return p->cell < q->cell ? -1 : 1;
    return p->leaves < q->leaves ? -1 : p->leaves > q->leaves;
}

static bool leaves(const operation *operations, size_t n, int64_t row)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (operations[middle].leaves < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && operations[low].leaves == row;
}

/* Brings the blocks of one cell up to date. */
static dk_status change_block_cell(writer *w, const dk_group *group, const operation *operations, size_t n)
{
    const operation *first = &operations[0];
    dk_status status = dk_block_cell_begin(w->block_cell, w->store, w->layer, first->level, first->cell,
                                           w->levels[DK_SHEET_BLOCK], w->err);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        if (operations[i].leaves != 0) {
            status = dk_block_cell_leave(w->block_cell, operations[i].leaves);
            continue;
        }
        const dk_group_entry *entry = &group->entries[operations[i].joins];
        status = dk_block_cell_join(w->block_cell, &entry->head, group->drawings.data + entry->head.drawing,
                                    entry->head.drawing_size, group->values + entry->values);
        if (status == DK_NOMEM)
            return no_memory(w);
    }
    if (status == DK_OK)
        status = dk_block_cell_write(w->block_cell, w->generation, w->weights, &w->levels[DK_SHEET_BLOCK],
                                     &w->step_bytes, w->err);
    return status == DK_CORRUPT || status == DK_NOT_FOUND || status == DK_CONFLICT
               ? dk_index_damaged(w->store, w->layer, w->err)
               : status;
}

/* Writes one sheet of pieces anew; its operations are sorted by the rows that leave. */
static dk_status rewrite_pieces(writer *w, const dk_group *group, const operation *operations, size_t n)
{
    const operation *first = &operations[0];
    dk_status status = dk_sheet_read(w->store, w->layer, first->sheet, first->level, first->cell, &w->sheet, w->err);
    if (status != DK_OK)
        return status;
    dk_block_begin(w->builder, w->layer);
    if (w->sheet.size > 0) {
        dk_block block;
        if (dk_block_open(w->sheet.data, w->sheet.size, &block) != DK_OK)
            return dk_index_damaged(w->store, w->layer, w->err);
        for (uint32_t i = 0; i < block.n_entries; i++)
            if (!leaves(operations, n, block.heads[i].row) && (status = dk_block_copy(w->builder, &block, i)) != DK_OK)
                return status == DK_NOMEM ? no_memory(w) : dk_index_damaged(w->store, w->layer, w->err);
    }
    for (size_t i = 0; i < n; i++) {
        if (operations[i].leaves != 0)
            continue;
        const dk_group_piece *piece = &group->pieces[operations[i].joins];
        if (dk_block_add(w->builder, &piece->head, group->drawings.data + piece->head.drawing, piece->head.drawing_size,
                         group->values + group->entries[piece->entry].values) != DK_OK)
            return no_memory(w);
    }
    if (dk_block_finish(w->builder, &w->written) != DK_OK || w->written.failed)
        return no_memory(w);
    w->levels[first->sheet] |= UINT64_C(1) << first->level;
    w->step_bytes += w->written.size;
    return dk_sheet_write(w->store, w->layer, first->sheet, first->level, first->cell, w->generation, w->written.data,
                          w->written.size, w->err);
}

static dk_status write_operations(writer *w, const dk_group *group)
{
    dk_status status = DK_OK;
    if (w->n_operations > 1)
        qsort(w->operations, w->n_operations, sizeof *w->operations, by_sheet);
    for (size_t from = 0; status == DK_OK && from < w->n_operations;) {
        const operation *first = &w->operations[from];
        size_t to = from + 1;
        while (to < w->n_operations && w->operations[to].sheet == first->sheet &&
               w->operations[to].level == first->level && w->operations[to].cell == first->cell)
            to++;
        status = first->sheet == DK_SHEET_BLOCK ? change_block_cell(w, group, first, to - from)
                                                : rewrite_pieces(w, group, first, to - from);
        from = to;
    }
    return status;
}

static int by_touched_cell(const void *a, const void *b)
{
    const struct touched *p = a, *q = b;
    return p->cell < q->cell ? -1 : p->cell > q->cell;
}

/* Writes the touched boxes, one for each cell. */
static dk_status write_touched(writer *w)
{
    dk_status status = DK_OK;
    if (w->n_touched > 1)
        qsort(w->touched, w->n_touched, sizeof *w->touched, by_touched_cell);
    for (size_t i = 0; status == DK_OK && i < w->n_touched;) {
        dk_world_box box = w->touched[i].box;
        const uint64_t cell = w->touched[i].cell;
        while (++i < w->n_touched && w->touched[i].cell == cell)
            dk_box_join(&box, &w->touched[i].box, false);
        status = dk_touched_add(w->store, w->layer, w->generation, &box, w->err);
    }
    w->n_touched = 0;
    return status;
}

static dk_status begin_step(writer *w)
{
    return w->comparing != NULL || !w->owns_transaction || w->in_step > 0 ? DK_OK : dk_sql_begin(w->store, w->err);
}

static dk_status end_step(writer *w, size_t rows, bool last)
{
    w->in_step += rows;
    if (w->comparing != NULL || !w->owns_transaction || (w->in_step < STEP_ROWS && w->step_bytes < STEP_BYTES && !last))
        return DK_OK;
    w->in_step = w->step_bytes = 0;
    return dk_sql_commit(w->store, w->err);
}

/* Whether no further group may be read until one is written: each has all that it touches with it. */
static bool line_is_full(const writer *w)
{
    size_t bytes = 0;
    for (size_t i = 0; i < w->n_line; i++)
        bytes += dk_group_bytes(&w->line[(w->first + i) % w->line_size].group);
    return w->n_line == w->line_size || bytes > LINE_BYTES;
}

/* Writes the group that has been on its way longest. */
static dk_status write_first(writer *w)
{
    pending *p = &w->line[w->first];
    dk_ahead_take(w->ahead, &p->group);
    w->first = (w->first + 1) % w->line_size;
    w->n_line--;
    if (p->group.status != DK_OK)
        return dk_fail(w->err, p->group.status, "%s", p->group.error.text);
    if (p->group.damaged_context != 0 && w->comparing == NULL) /* else its own group tells of it */
        return unreadable(w, p->group.damaged_context);
    w->n_operations = 0;
    dk_status status = begin_step(w);
    for (size_t i = 0; status == DK_OK && i < p->n_found; i++) {
        const found *f = &p->found[i];
        if (f->removed)
            status = remove_entry(w, f);
        else if (w->comparing != NULL && i > 0 && p->found[i - 1].row == f->row)
            status = dk_index_differs(w->comparing, f->row, "is twice in the cell index");
    }
    for (size_t i = 0; status == DK_OK && i < p->group.n_entries; i++)
        status = decide(w, p, i);
    if (status == DK_OK)
        status = write_operations(w, &p->group);
    if (status == DK_OK)
        status = write_touched(w);
    if (status == DK_OK)
        status = end_step(w, p->hi - p->lo, false);
    if (dk_group_bytes(&p->group) > DK_GROUP_KEPT)
        dk_group_finish(&p->group);
    w->done += p->hi - p->lo;
    if (status == DK_OK && w->progress != NULL)
        w->progress((int64_t)w->done, (int64_t)w->rows.n, w->user);
    return status;
}

static dk_status write_line(writer *w)
{
    dk_status status = DK_OK;
    while (status == DK_OK && w->n_line > 0)
        status = write_first(w);
    return status;
}

/* Whether a group on its way writes neighbours among which another one looks. */
static bool waits_for_others(const writer *w, const pending *p)
{
    for (size_t i = 0; i < w->n_line; i++) {
        const pending *other = &w->line[(w->first + i) % w->line_size];
        if (other->old_targets && dk_boxes_meet(&other->old_box, &p->around))
            return true;
    }
    return false;
}

/* Sends the rows lo to hi on their way. */
static dk_status change_group(writer *w, size_t lo, size_t hi)
{
    dk_status status = DK_OK;
    while (status == DK_OK && w->n_line > 0 && line_is_full(w))
        status = write_first(w);
    if (status != DK_OK)
        return status;
    pending *p = &w->line[(w->first + w->n_line) % w->line_size];
    p->lo = lo;
    p->hi = hi;
    /* One snapshot for all that is read, unless rows are being written already: to begin one takes as long as to read a
     * row. */
    bool reading = sqlite3_get_autocommit(w->store->db) && dk_sql_begin_reading(w->store, NULL) == DK_OK;
    search s = {.w = w, .p = p};
    status = find_group(w, p, &s);
    if (status == DK_OK && waits_for_others(w, p)) {
        if (reading)
            dk_sql_end_reading(w->store);
        reading = false;
        status = write_line(w);
        if (status == DK_OK)
            status = find_group(w, p, &s);
    }
    if (status == DK_OK)
        status = read_group(w, p, &s);
    if (reading)
        dk_sql_end_reading(w->store);
    if (status != DK_OK)
        return status;
    w->n_line++;
    dk_ahead_give(w->ahead, &p->group);
    return DK_OK;
}

/* Splits the rows lo to hi, which lie in one cell of the level, until a group is small. */
static dk_status change_cell(writer *w, size_t lo, size_t hi, int level)
{
    if (lo == hi)
        return DK_OK;
    if (hi - lo == 1 || level == DK_SHEET_MAX_LEVEL || (level >= GROUP_LEVEL && hi - lo <= GROUP_ROWS))
        return change_group(w, lo, hi);
    dk_status status = DK_OK;
    const int shift = 2 * (31 - level); /* what is left of the code is a cell of the next level */
    for (size_t from = lo; status == DK_OK && from < hi;) {
        const uint64_t cell = w->rows.rows[from].corner >> shift;
        size_t low = from + 1, high = hi;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (w->rows.rows[middle].corner >> shift == cell)
                low = middle + 1;
            else
                high = middle;
        }
        status = change_cell(w, from, low, level + 1);
        from = low;
    }
    return status;
}

/* ---- all of it ---- */

static void writer_finish(writer *w)
{
    dk_ahead_free(w->ahead); /* first: it may still work on the line */
    for (size_t i = 0; i < w->line_size; i++) {
        dk_group_finish(&w->line[i].group);
        free(w->line[i].found);
    }
    free(w->line);
    free(w->operations);
    free(w->changed);
    free(w->targets);
    free(w->touched);
    dk_index_rows_finish(&w->rows);
    dk_block_builder_free(w->builder);
    dk_block_cell_free(w->block_cell);
    dk_box_set_finish(&w->boxes);
    dk_reach_finish(&w->reach);
    dk_grid_cache_finish(&w->grids);
    dk_weights_free(w->weights);
    dk_buf_finish(&w->sheet);
    dk_buf_finish(&w->written);
    free(w);
}

static dk_status writer_create(dk_store *store, const dk_kind *layer, writer **ret_writer, dk_error *err)
{
    writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    w->store = store;
    w->layer = layer;
    w->sees = DK_NEWEST;
    w->err = err;
    w->ahead = dk_ahead_create(layer);
    w->builder = dk_block_builder_create();
    w->block_cell = dk_block_cell_create();
    w->weights = dk_weights_create(layer);
    if (w->ahead != NULL)
        w->line = calloc(dk_ahead_room(w->ahead), sizeof *w->line);
    w->line_size = w->line != NULL ? dk_ahead_room(w->ahead) : 0;
    dk_status status =
        w->line == NULL || w->builder == NULL || w->block_cell == NULL || w->weights == NULL ? no_memory(w) : DK_OK;
    for (unsigned t = 0; status == DK_OK && t < DK_SHEETS; t++)
        status = dk_sheet_levels(store, layer, (dk_sheet)t, &w->levels[t], err);
    if (status != DK_OK)
        writer_finish(w);
    else
        *ret_writer = w;
    return status;
}

static dk_status change_all(writer *w)
{
    dk_status status = change_cell(w, 0, w->rows.n_small, 0);
    for (size_t i = w->rows.n_small; status == DK_OK && i < w->rows.n; i++)
        status = change_group(w, i, i + 1);
    return status == DK_OK ? write_line(w) : status;
}

dk_status dk_index_change(dk_store *store, const dk_kind *layer, dk_change_row *rows, size_t n, int64_t generation,
                          dk_progress progress, void *user, dk_error *err)
{
    if (n == 0)
        return DK_OK;
    writer *w = NULL;
    dk_status status = writer_create(store, layer, &w, err);
    if (status != DK_OK)
        return status;
    w->generation = generation;
    w->owns_transaction = sqlite3_get_autocommit(store->db) != 0;
    w->progress = progress;
    w->user = user;
    status = dk_index_rows_take(&w->rows, rows, n, err);
    if (status == DK_OK)
        status = dk_weights_begin(w->weights, store, err);
    if (status == DK_OK)
        status = change_all(w);
    dk_index_rows_finish(&w->rows); /* which are done, and of millions take as much as the budget takes now */
    if (status == DK_OK)
        status = begin_step(w);
    if (status == DK_OK)
        status = dk_grid_cache_flush(&w->grids, store, layer, generation, err);
    if (status == DK_OK)
        status = dk_weights_flush(w->weights, store, err);
    if (status == DK_OK)
        status = dk_budget_update(store, layer, w->changed, w->n_changed, generation, err);
    if (status == DK_OK)
        status = end_step(w, 0, true);
    if (status != DK_OK && w->owns_transaction)
        dk_sql_rollback(store);
    writer_finish(w);
    return status;
}

dk_status dk_touched_add(dk_store *store, const dk_kind *layer, int64_t generation, const dk_world_box *box,
                         dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_sql_kept(store, layer, DK_STMT_TOUCHED_INSERT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, generation);
    sqlite3_bind_text(stmt, 2, layer->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, box->x0);
    sqlite3_bind_int64(stmt, 4, box->y0);
    sqlite3_bind_int64(stmt, 5, box->x1);
    sqlite3_bind_int64(stmt, 6, box->y1);
    return dk_sql_done(store, stmt, err);
}

/* Generations of which it is known where their tiles differ. */
#define TOUCHED_GENERATIONS 64

dk_status dk_touched_forget(dk_store *store, int64_t generation, dk_error *err)
{
    static const char *const steps[] = {"DELETE FROM dikuai_touched WHERE generation<=?1",
                                        "INSERT OR REPLACE INTO dikuai_meta VALUES('touched_from',?1)"};
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && generation > TOUCHED_GENERATIONS && i < sizeof steps / sizeof *steps; i++) {
        sqlite3_stmt *stmt = NULL;
        if ((status = dk_sql_prepare(store, steps[i], &stmt, err)) == DK_OK) {
            sqlite3_bind_int64(stmt, 1, generation - TOUCHED_GENERATIONS);
            status = dk_sql_done(store, stmt, err);
        }
        sqlite3_finalize(stmt);
    }
    return status;
}

/* ---- comparing ---- */

/* The rows published in a generation. tell: is told of those without geometry, which are left out; NULL: they are a
 * failure. */
static dk_status living_rows(dk_store *store, const dk_kind *layer, int64_t generation, dk_index_tell_fn tell,
                             void *user, dk_change_row **ret_rows, size_t *ret_n, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_format(&sql,
                  "SELECT l.row,substr(r.geom,9,32) FROM life_%s l LEFT JOIN row_%s r ON r.row=l.row"
                  " WHERE l.born<=?1 AND (l.died=0 OR l.died>?1)",
                  layer->name, layer->name);
    sqlite3_stmt *stmt = NULL;
    dk_change_row *rows = NULL;
    size_t n = 0, capacity = 0;
    const char *text = dk_buf_cstr(&sql);
    dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, generation);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t row = sqlite3_column_int64(stmt, 0);
        double envelope[4];
        const dk_outline_state outline = dk_column_envelope(stmt, 1, envelope);
        if (outline == DK_OUTLINE_UNDRAWN) {
            continue; /* nothing to index */
        } else if (outline == DK_OUTLINE_LOST) {
            if (tell != NULL)
                dk_index_tell_row(layer, row, "has no geometry", DK_LOAD_AGAIN, tell, user);
            else
                status = dk_row_without_geometry(store, layer, row, err);
        } else if (!dk_grow(&rows, &capacity, n + 1, sizeof *rows)) {
            status = dk_fail(err, DK_NOMEM, "out of memory");
        } else {
            rows[n++] = dk_change_row_of(row, 1, envelope);
        }
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    if (status == DK_END)
        status = DK_OK;
    if (status != DK_OK) {
        free(rows);
        return status;
    }
    *ret_rows = rows;
    *ret_n = n;
    return DK_OK;
}

dk_status dk_index_verify(dk_store *store, const dk_kind *layer, int64_t generation,
                          void (*tell)(const char *sentence, void *user), void *user, dk_error *err)
{
    dk_change_row *rows = NULL;
    size_t n = 0;
    writer *w = NULL;
    dk_index_comparing comparing = {
        .store = store, .layer = layer, .generation = generation, .tell = tell, .user = user, .err = err};
    dk_status status = living_rows(store, layer, generation, tell, user, &rows, &n, err);
    if (status == DK_OK)
        status = writer_create(store, layer, &w, err);
    if (status == DK_OK) {
        w->comparing = &comparing;
        w->sees = generation;
        comparing.levels = w->levels;
        comparing.rows = &w->rows;
        comparing.measured = calloc(DK_FINEST_ZOOM + 2, sizeof *comparing.measured);
        status = comparing.measured == NULL ? no_memory(w) : dk_index_rows_take(&w->rows, rows, n, err);
    }
    if (status == DK_OK)
        status = change_all(w);
    if (status == DK_OK)
        status = dk_index_compare_sheets(&comparing);
    if (w != NULL)
        writer_finish(w);
    free(comparing.measured);
    free(rows);
    return status;
}

dk_status dk_index_forget(dk_store *store, const dk_kind *layer, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    for (unsigned t = 0; t < DK_SHEETS; t++)
        dk_buf_format(&sql, "DELETE FROM %s_%s;", dk_sheet_table((dk_sheet)t), layer->name);
    dk_buf_format(&sql, "DELETE FROM weight_%s;DELETE FROM dead_%s", layer->name, layer->name);
    const char *text = dk_buf_cstr(&sql);
    const dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_run(store, text, err);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_index_rebuild(dk_store *store, const dk_kind *layer, int64_t generation, dk_progress progress, void *user,
                           dk_error *err)
{
    dk_change_row *rows = NULL;
    size_t n = 0;
    dk_status status = dk_index_forget(store, layer, err);
    if (status == DK_OK)
        status = living_rows(store, layer, generation, NULL, NULL, &rows, &n, err);
    if (status == DK_OK)
        status = dk_index_change(store, layer, rows, n, generation, progress, user, err);
    free(rows);
    return status;
}
