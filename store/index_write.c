/* Keeping the cell index up: index.h says what it is, sheet.c how versions are kept.
 *
 * The rows that come and go are taken in groups of one region. For each group the published neighbours whose borders
 * they touch are found, all of them are generalised together with everything that touches them in turn, and the blocks,
 * pieces and grid sheets whose entries differ are written anew. What an entry looks like depends only on the published
 * set (topology.h), so the order of batches leaves no trace. */
#include "store/block_cell.h"
#include "store/handle.h"
#include "store/index_work.h"
#include "store/weights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP_ROWS = 4096,      /* most rows that are generalised together */
    GROUP_LEVEL = 12,       /* a group lies in one cell of this level or deeper, about 8 km */
    LARGE_LEVEL = 9,        /* what is larger than a cell of this level is a group of its own */
    STEP_ROWS = 4096,       /* rows of a transaction */
    STEP_BYTES = 16000000,  /* about as much of sheets */
    REACH = 8,              /* world units by which boxes are grown before they are compared: twice what matching moves */
    TOUCHED_LEVEL = 13,     /* touched boxes in one cell of this level become one */
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
    bool target; /* touches what changes: generalised anew */
    bool removed;
} found;

/* An entry that is to be written. */
typedef struct fresh {
    dk_entry_head head;
    size_t drawing, drawing_size; /* in writer.drawings */
    size_t values;                /* in writer.values, n_fields of them */
    int level;
    uint64_t cell;
    size_t next; /* the topology's number while it is being made */
} fresh;

/* What happens to the blocks of a cell or to one of pieces: an entry leaves (row) or joins (fresh). */
typedef struct operation {
    dk_sheet sheet;
    int level;
    uint64_t cell; /* of the level */
    int64_t leaves; /* row, or 0 */
    size_t joins;   /* number in writer.fresh */
} operation;

typedef struct in_cell {
    uint32_t cell, index;
} in_cell;

typedef struct writer {
    dk_store *store;
    const dk_kind *layer;
    int64_t generation;
    int64_t sees;          /* the generation whose sheets are read; DK_NEWEST: those of the change under way */
    bool verify;           /* compare instead of writing */
    bool owns_transaction; /* bounded transactions; else all within the caller's */
    void (*finding)(const char *sentence, void *user);
    void *finding_user;
    dk_error *err;

    dk_change_row *rows; /* the caller's: by corner, then the large ones by corner */
    size_t n_rows, n_small;
    uint32_t *by_row; /* positions in rows, by row number */
    in_cell *cells;   /* where rows that come are, by cell of GROUP_LEVEL */
    size_t n_cells;
    uint32_t *wide; /* rows that come and lie in too many cells */
    size_t n_wide, wide_capacity;
    uint32_t *stamps; /* per row: the question for which it was given last */
    uint32_t stamp;

    uint64_t levels[DK_SHEETS];
    dk_topology *topology;
    dk_entry_work *entry_work;
    dk_block_builder *builder; /* of pieces */
    dk_block_cell *block_cell;
    dk_entry_shape shape;
    dk_shape source;
    dk_outline outline;
    dk_box_set boxes;
    dk_grid_cache grids;
    dk_weights *weights;

    found *found;
    size_t n_found, n_sorted, found_capacity;
    fresh *fresh;
    size_t n_fresh, fresh_capacity;
    operation *operations;
    size_t n_operations, operations_capacity;
    dk_buf drawings, texts, sheet, written;
    dk_value *values;
    size_t n_values, values_capacity;
    uint64_t *labels; /* Morton codes of the label positions of all that came or went */
    size_t n_labels, labels_capacity;
    struct touched {
        uint64_t cell;
        dk_world_box box;
    } * touched;
    size_t n_touched, touched_capacity;

    size_t lo, hi; /* the group under way */
    size_t in_step, step_bytes;
    size_t done;
    dk_progress progress;
    void *user;
} writer;

static dk_status no_memory(writer *w)
{
    return dk_fail(w->err, DK_NOMEM, "out of memory");
}

static dk_world_box grown(const dk_world_box *box, uint32_t by)
{
    return (dk_world_box){box->x0 > by ? box->x0 - by : 0, box->y0 > by ? box->y0 - by : 0,
                          box->x1 < UINT32_MAX - by ? box->x1 + by : UINT32_MAX,
                          box->y1 < UINT32_MAX - by ? box->y1 + by : UINT32_MAX};
}

static bool boxes_meet(const dk_world_box *a, const dk_world_box *b)
{
    return a->x0 <= b->x1 && b->x0 <= a->x1 && a->y0 <= b->y1 && b->y0 <= a->y1;
}

static void box_join(dk_world_box *box, const dk_world_box *other, bool first)
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

static dk_world_box head_box(const dk_entry_head *head)
{
    return (dk_world_box){head->x0, head->y0, head->x1, head->y1};
}

static void report(const dk_kind *layer, int64_t row, const char *what, void (*finding)(const char *, void *),
                   void *user)
{
    char sentence[200];
    snprintf(sentence, sizeof sentence, "%s row %" PRId64 " %s; run dikuai-ingest reindex", layer->name, row, what);
    finding(sentence, user);
}

static dk_status differs(writer *w, int64_t row, const char *what)
{
    report(w->layer, row, what, w->finding, w->finding_user);
    return DK_OK;
}

/* ---- the rows that change ---- */

static int64_t row_number(const dk_change_row *row)
{
    return row->row < 0 ? -row->row : row->row;
}

static dk_world_box row_box(const dk_change_row *row)
{
    dk_world_box box = {.x1 = row->x1, .y1 = row->y1};
    dk_morton_split(row->corner, &box.x0, &box.y0);
    return box;
}

static bool is_large(const dk_change_row *row)
{
    const dk_world_box box = row_box(row);
    return dk_cell_level(&box) < LARGE_LEVEL;
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

static int by_place(const void *a, const void *b)
{
    const dk_change_row *p = a, *q = b;
    if (p->corner != q->corner)
        return p->corner < q->corner ? -1 : 1;
    return row_number(p) < row_number(q) ? -1 : row_number(p) > row_number(q);
}

static int by_cell(const void *a, const void *b)
{
    const in_cell *p = a, *q = b;
    if (p->cell != q->cell)
        return p->cell < q->cell ? -1 : 1;
    return p->index < q->index ? -1 : p->index > q->index;
}

static int by_row_number(const void *a, const void *b, void *rows)
{
    const dk_change_row *p = (const dk_change_row *)rows + *(const uint32_t *)a;
    const dk_change_row *q = (const dk_change_row *)rows + *(const uint32_t *)b;
    return row_number(p) < row_number(q) ? -1 : row_number(p) > row_number(q);
}

static dk_cell_range group_cells(const dk_world_box *box)
{
    const int shift = 32 - GROUP_LEVEL;
    return (dk_cell_range){box->x0 >> shift, box->y0 >> shift, box->x1 >> shift, box->y1 >> shift};
}

static size_t range_size(const dk_cell_range *range)
{
    return (size_t)(range->x1 - range->x0 + 1) * (range->y1 - range->y0 + 1);
}

enum { MOST_CELLS = 64 }; /* of one row in the list of cells */

/* Where the rows that come are, and which rows change at all. */
static dk_status list_rows(writer *w)
{
    size_t capacity = 0;
    w->by_row = malloc((w->n_rows + 1) * sizeof *w->by_row);
    w->stamps = calloc(w->n_rows + 1, sizeof *w->stamps);
    if (w->by_row == NULL || w->stamps == NULL)
        return no_memory(w);
    for (size_t i = 0; i < w->n_rows; i++) {
        w->by_row[i] = (uint32_t)i;
        if (w->rows[i].row < 0)
            continue;
        const dk_world_box own = row_box(&w->rows[i]), box = grown(&own, REACH);
        const dk_cell_range range = group_cells(&box);
        if (range_size(&range) > MOST_CELLS) {
            if (!dk_grow(&w->wide, &w->wide_capacity, w->n_wide + 1, sizeof *w->wide))
                return no_memory(w);
            w->wide[w->n_wide++] = (uint32_t)i;
            continue;
        }
        if (!dk_grow(&w->cells, &capacity, w->n_cells + range_size(&range), sizeof *w->cells))
            return no_memory(w);
        for (uint32_t y = range.y0; y <= range.y1; y++)
            for (uint32_t x = range.x0; x <= range.x1; x++)
                w->cells[w->n_cells++] = (in_cell){(uint32_t)dk_morton(x, y), (uint32_t)i};
    }
    qsort_r(w->by_row, w->n_rows, sizeof *w->by_row, by_row_number, w->rows);
    if (w->n_cells > 0)
        qsort(w->cells, w->n_cells, sizeof *w->cells, by_cell);
    return DK_OK;
}

/* The changed row of that number, or NULL. */
static const dk_change_row *changed_row(const writer *w, int64_t row)
{
    if (w->n_rows == 0)
        return NULL;
    /* The rows of a batch are numbered one after the other. */
    const dk_change_row *first = &w->rows[w->by_row[0]];
    const uint64_t guess = (uint64_t)row - (uint64_t)row_number(first);
    if (guess < w->n_rows && row_number(&w->rows[w->by_row[guess]]) == row)
        return &w->rows[w->by_row[guess]];
    size_t low = 0, high = w->n_rows;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int64_t at = row_number(&w->rows[w->by_row[middle]]);
        if (at == row)
            return &w->rows[w->by_row[middle]];
        if (at < row)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool row_meets(const writer *w, size_t index, const dk_world_box *box)
{
    const dk_world_box own = row_box(&w->rows[index]);
    return boxes_meet(&own, box);
}

/* Calls each for the rows that come whose boxes meet the given one, each once. */
static dk_status each_coming(writer *w, const dk_world_box *box, dk_status (*each)(writer *w, uint32_t index))
{
    const dk_cell_range range = group_cells(box);
    dk_status status = DK_OK;
    w->stamp++;
    const uint32_t stamp = w->stamp;
    for (size_t i = 0; status == DK_OK && i < w->n_wide; i++)
        if (row_meets(w, w->wide[i], box))
            status = each(w, w->wide[i]);
    if (range_size(&range) > w->n_cells) { /* more cells than rows in cells: look at these */
        for (size_t i = 0; status == DK_OK && i < w->n_cells; i++) {
            const uint32_t index = w->cells[i].index;
            if (w->stamps[index] != stamp && row_meets(w, index, box)) {
                w->stamps[index] = stamp;
                status = each(w, index);
            }
        }
        return status;
    }
    for (uint32_t y = range.y0; y <= range.y1; y++)
        for (uint32_t x = range.x0; x <= range.x1; x++) {
            const uint64_t cell = dk_morton(x, y);
            size_t low = 0, high = w->n_cells;
            while (low < high) {
                const size_t middle = low + (high - low) / 2;
                if (w->cells[middle].cell < cell)
                    low = middle + 1;
                else
                    high = middle;
            }
            for (; status == DK_OK && low < w->n_cells && w->cells[low].cell == cell; low++) {
                const uint32_t index = w->cells[low].index;
                if (w->stamps[index] == stamp || !row_meets(w, index, box))
                    continue;
                w->stamps[index] = stamp;
                status = each(w, index);
            }
        }
    return status;
}

/* ---- what is there ---- */

static uint64_t hash_bytes(const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ size;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    for (; size > 0; size--, at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static dk_status damaged(writer *w)
{
    return dk_fail(w->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex", w->store->path,
                   w->layer->name);
}

static int by_found_row(const void *a, const void *b)
{
    const found *p = a, *q = b;
    return p->row < q->row ? -1 : p->row > q->row;
}

/* Among those that were found first, which are sorted by row. */
static const found *found_row(const writer *w, int64_t row)
{
    const found wanted = {.row = row};
    return w->n_found == 0 ? NULL : bsearch(&wanted, w->found, w->n_sorted, sizeof *w->found, by_found_row);
}

static uint64_t hash_value(uint64_t seed, unsigned field, const dk_value *value)
{
    const uint64_t head[3] = {seed, field, (uint64_t)value->type};
    const uint64_t hash = hash_bytes(head, sizeof head);
    return hash ^ (value->type == DK_TEXT   ? hash_bytes(value->text.data, value->text.size)
                   : value->type == DK_REAL ? hash_bytes(&value->real, 8)
                                            : hash_bytes(&value->integer, 8));
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
    dk_world_box box;
    bool context;  /* only what touches the box set and is not found yet */
} search;

static dk_status find_in_block(int shelf, uint64_t cell, const void *data, size_t size, void *user)
{
    search *s = user;
    writer *w = s->w;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return damaged(w);
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        const dk_world_box box = head_box(head);
        if (!boxes_meet(&box, &s->box))
            continue;
        const dk_change_row *row = changed_row(w, head->row);
        const bool ours = row != NULL && (size_t)(row - w->rows) >= w->lo && (size_t)(row - w->rows) < w->hi;
        if (row != NULL && !(ours && (w->verify || row->row < 0) && !s->context))
            continue; /* goes with another group, or has come with an earlier one */
        const dk_world_box reach = grown(&box, REACH);
        if (row == NULL && w->verify)
            continue;
        if (row == NULL && !dk_box_set_meets(&w->boxes, &reach))
            continue;
        if (!dk_grow(&w->found, &w->found_capacity, w->n_found + 1, sizeof *w->found))
            return no_memory(w);
        dk_drawing drawing;
        if (dk_block_drawing(&block, i, &drawing) != DK_OK)
            return damaged(w);
        dk_value values[DK_MAX_FIELDS];
        if (w->verify && dk_entry_values(w->layer, &block, i, UINT64_MAX, values) != DK_OK)
            return damaged(w);
        w->found[w->n_found++] = (found){.row = head->row,
                                         .values = w->verify ? hash_values(w, values) : 0,
                                         .head = *head,
                                         .hash = s->context ? 0 : hash_bytes(block.data + head->drawing,
                                                                             head->drawing_size),
                                         .n_points = drawing.n_points,
                                         .shelf = shelf,
                                         .cell = cell,
                                         .target = row == NULL && !s->context,
                                         .removed = row != NULL && row->row < 0};
    }
    return DK_OK;
}

static dk_status find_entries(search *s)
{
    writer *w = s->w;
    dk_status status = DK_OK;
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        if ((w->levels[DK_SHEET_BLOCK] >> shelf & 1) == 0)
            continue;
        const dk_cell_range range = dk_cells_reaching(&s->box, shelf);
        status =
            dk_sheet_scan(w->store, w->layer, DK_SHEET_BLOCK, shelf, &range, w->sees, find_in_block, s, w->err);
    }
    return status;
}

/* ---- generalising a group ---- */

static dk_status read_outline(writer *w, const dk_stored_row *row)
{
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(row->blob, row->blob_size, &size);
    if (wkb == NULL)
        return dk_fail(w->err, DK_CORRUPT, "row %lld (%s) has no geometry", (long long)row->row, row->key);
    const dk_status status = dk_shape_from_wkb(wkb, size, &w->source, w->err);
    if (status != DK_OK)
        return status;
    return dk_outline_from_shape(&w->source, &w->outline) == DK_OK ? DK_OK : no_memory(w);
}

/* Copies a row's values, texts and all. */
static dk_status keep_values(writer *w, const dk_stored_row *row, size_t *ret_first)
{
    const size_t n = w->layer->n_fields;
    if (!dk_grow(&w->values, &w->values_capacity, w->n_values + n, sizeof *w->values))
        return no_memory(w);
    *ret_first = w->n_values;
    for (size_t i = 0; i < n; i++) {
        dk_value value = row->values[i];
        if (value.type == DK_TEXT) { /* as an offset until texts no longer move */
            const size_t at = w->texts.size;
            dk_buf_append(&w->texts, value.text.data, value.text.size);
            dk_buf_byte(&w->texts, 0);
            value.text.data = (const char *)(uintptr_t)at;
        }
        w->values[w->n_values++] = value;
    }
    return w->texts.failed ? no_memory(w) : DK_OK;
}

static void settle_values(writer *w)
{
    for (size_t i = 0; i < w->n_values; i++)
        if (w->values[i].type == DK_TEXT)
            w->values[i].text.data = (const char *)w->texts.data + (uintptr_t)w->values[i].text.data;
}

/* A row whose entry is made (anew). */
static dk_status add_target(writer *w, int64_t row)
{
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(w->store, w->layer, row, true, &stored, w->err);
    if (status != DK_OK)
        return status;
    status = read_outline(w, &stored);
    if (w->verify && status == DK_CORRUPT) {
        dk_stored_row_release(&stored);
        return differs(w, row, "has a damaged geometry");
    }
    if (status == DK_OK && !dk_grow(&w->fresh, &w->fresh_capacity, w->n_fresh + 1, sizeof *w->fresh))
        status = no_memory(w);
    if (status == DK_OK) {
        fresh *f = &w->fresh[w->n_fresh];
        *f = (fresh){.head = {.row = row,
                              .feature = stored.feature,
                              .area_cm2 = (int64_t)(dk_shape_area_m2(&w->source) * 1e4 + 0.5)}};
        status = keep_values(w, &stored, &f->values);
        if (status == DK_OK && dk_topology_add(w->topology, &w->outline, true, &f->next) != DK_OK)
            status = no_memory(w);
        if (status == DK_OK)
            w->n_fresh++;
    }
    dk_stored_row_release(&stored);
    return status;
}

/* A row that is there to be matched with. */
static dk_status add_context(writer *w, int64_t row)
{
    dk_stored_row stored;
    size_t ignored;
    dk_status status = dk_stored_row_read(w->store, w->layer, row, true, &stored, w->err);
    if (status != DK_OK)
        return status;
    status = read_outline(w, &stored);
    if (status == DK_OK && dk_topology_add(w->topology, &w->outline, false, &ignored) != DK_OK)
        status = no_memory(w);
    dk_stored_row_release(&stored);
    return status;
}

static dk_status add_coming_context(writer *w, uint32_t index)
{
    if (index >= w->lo && index < w->hi)
        return DK_OK; /* a target itself */
    const dk_world_box own = row_box(&w->rows[index]), reach = grown(&own, REACH);
    return dk_box_set_meets(&w->boxes, &reach) ? add_context(w, w->rows[index].row) : DK_OK;
}

/* Finds what the group touches, and gives the topology its targets and their surroundings. */
static dk_status gather_group(writer *w)
{
    search s = {.w = w};
    dk_status status = DK_OK;
    dk_box_set_clear(&w->boxes);
    for (size_t i = w->lo; i < w->hi; i++) {
        const dk_world_box own = row_box(&w->rows[i]), box = grown(&own, REACH);
        if (!dk_box_set_add(&w->boxes, &box))
            return no_memory(w);
        box_join(&s.box, &box, i == w->lo);
    }
    dk_box_set_sort(&w->boxes);
    if ((status = find_entries(&s)) != DK_OK)
        return status;
    w->n_sorted = w->n_found;
    if (w->n_found > 1)
        qsort(w->found, w->n_found, sizeof *w->found, by_found_row);

    dk_world_box around = s.box;
    dk_box_set_clear(&w->boxes);
    for (size_t i = w->lo; status == DK_OK && i < w->hi; i++) {
        if (w->rows[i].row < 0)
            continue;
        const dk_world_box own = row_box(&w->rows[i]), box = grown(&own, REACH);
        if (!dk_box_set_add(&w->boxes, &box))
            return no_memory(w);
        status = add_target(w, w->rows[i].row);
    }
    bool old_targets = false;
    const size_t n_found = w->n_found;
    for (size_t i = 0; status == DK_OK && i < n_found; i++) {
        if (!w->found[i].target)
            continue;
        const dk_world_box box = head_box(&w->found[i].head), wide = grown(&box, REACH);
        if (!dk_box_set_add(&w->boxes, &wide))
            return no_memory(w);
        box_join(&around, &wide, false);
        old_targets = true;
        status = add_target(w, w->found[i].row);
    }
    dk_box_set_sort(&w->boxes);
    if (status == DK_OK)
        status = each_coming(w, &around, add_coming_context);
    if (status != DK_OK || !old_targets)
        return status;
    /* What touches the neighbours, but nothing that changes. */
    s.box = around;
    s.context = true;
    if ((status = find_entries(&s)) != DK_OK)
        return status;
    for (size_t i = n_found; status == DK_OK && i < w->n_found; i++) {
        const found *known = found_row(w, w->found[i].row);
        if (known == NULL || !known->target)
            status = add_context(w, w->found[i].row);
    }
    w->n_found = n_found;
    return status;
}

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
    if (!dk_grow(&w->labels, &w->labels_capacity, w->n_labels + 1, sizeof *w->labels) ||
        !dk_grow(&w->touched, &w->touched_capacity, w->n_touched + 1, sizeof *w->touched))
        return no_memory(w);
    w->labels[w->n_labels++] = dk_morton(head->label_x, head->label_y);
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
        return damaged(s->w);
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
        const dk_world_box wide = grown(&box, shift > 5 ? UINT32_C(1) << (shift - 5) : 1); /* the margin of pieces */
        const dk_cell_range range = {wide.x0 >> shift, wide.y0 >> shift, wide.x1 >> shift, wide.y1 >> shift};
        status = dk_sheet_scan(w->store, w->layer, DK_SHEET_PIECE, shelf, &range, w->sees, find_pieces_in_block, &s,
                               w->err);
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
static bool same_entry(const found *old, const dk_entry_head *head, int level, uint64_t hash)
{
    const dk_entry_head *a = &old->head;
    return dk_shelf_level(old->shelf) == level && old->hash == hash && a->x0 == head->x0 && a->y0 == head->y0 && a->x1 == head->x1 &&
           a->y1 == head->y1 && a->label_x == head->label_x && a->label_y == head->label_y &&
           a->first_zoom == head->first_zoom && a->size_class == head->size_class && a->cut_zoom == head->cut_zoom &&
           a->unsound == head->unsound && a->unsound_plate == head->unsound_plate && a->area_cm2 == head->area_cm2 &&
           a->feature == head->feature;
}

/* Adds the pieces of the entry just built, each a fresh entry of its own. */
static dk_status add_pieces(writer *w, const fresh *whole)
{
    const fresh parent = *whole; /* the array may move */
    for (size_t i = 0; i < w->shape.n_pieces; i++) {
        const dk_piece *piece = &w->shape.pieces[i];
        if (!dk_grow(&w->fresh, &w->fresh_capacity, w->n_fresh + 1, sizeof *w->fresh))
            return no_memory(w);
        fresh *f = &w->fresh[w->n_fresh];
        *f = parent;
        f->head.x0 = piece->box.x0, f->head.y0 = piece->box.y0;
        f->head.x1 = piece->box.x1, f->head.y1 = piece->box.y1;
        f->head.first_zoom = (uint8_t)piece->level;
        f->head.last_zoom = (uint8_t)piece->last_zoom;
        f->head.cut_zoom = UINT8_MAX;
        f->head.unsound = f->head.unsound_plate = UINT32_MAX;
        f->head.area_cm2 = 0;
        f->drawing = w->drawings.size;
        f->drawing_size = piece->drawing_size;
        dk_buf_append(&w->drawings, w->shape.drawings.data + piece->drawing, piece->drawing_size);
        if (w->drawings.failed || !add_operation(w, DK_SHEET_PIECE, dk_piece_shelf(piece->level, piece->last_zoom),
                                                 dk_morton(piece->cell_x, piece->cell_y), 0, w->n_fresh))
            return no_memory(w);
        w->n_fresh++;
    }
    return DK_OK;
}

typedef struct piece_comparison {
    writer *w;
    int64_t row;
    const dk_piece *piece;
    bool same;
} piece_comparison;

static dk_status compare_piece(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    piece_comparison *c = user;
    dk_block block;
    dk_drawing drawing;
    if (dk_block_open(data, size, &block) != DK_OK)
        return damaged(c->w);
    for (uint32_t i = 0; i < block.n_entries && !c->same; i++)
        c->same = block.heads[i].row == c->row && block.heads[i].last_zoom == c->piece->last_zoom &&
                  dk_block_drawing(&block, i, &drawing) == DK_OK &&
                  block.heads[i].drawing_size == c->piece->drawing_size &&
                  memcmp(block.data + block.heads[i].drawing, c->w->shape.drawings.data + c->piece->drawing,
                         c->piece->drawing_size) == 0;
    return DK_OK;
}

/* Whether the pieces of the entry just built are in the index. */
static dk_status compare_pieces(writer *w, int64_t row, bool *ret_same)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && *ret_same && i < w->shape.n_pieces; i++) {
        const dk_piece *piece = &w->shape.pieces[i];
        piece_comparison c = {w, row, piece, false};
        const dk_cell_range cell = {piece->cell_x, piece->cell_y, piece->cell_x, piece->cell_y};
        status = dk_sheet_scan(w->store, w->layer, DK_SHEET_PIECE, dk_piece_shelf(piece->level, piece->last_zoom), &cell,
                               w->sees, compare_piece, &c, w->err);
        *ret_same = c.same;
    }
    return status;
}

/* Builds the entry of target i and says what is to be written. */
static dk_status build_target(writer *w, size_t i)
{
    fresh *f = &w->fresh[i];
    if (dk_topology_get(w->topology, f->next, &w->outline) != DK_OK ||
        dk_entry_build(w->entry_work, &w->outline, w->layer->min_zoom, w->layer->max_zoom, &w->shape) != DK_OK)
        return no_memory(w);
    const dk_entry_head *built = &w->shape.head;
    const int64_t row = f->head.row, area = f->head.area_cm2;
    const uint64_t feature = f->head.feature;
    f->head = *built;
    f->head.row = row;
    f->head.feature = feature;
    f->head.area_cm2 = area;
    f->level = w->shape.level;
    const int cell_level = dk_level_cells(f->level);
    f->cell = cell_level == 0 ? 0 : dk_morton(built->x0 >> (32 - cell_level), built->y0 >> (32 - cell_level));
    f->drawing = w->drawings.size;
    f->drawing_size = built->drawing_size;
    dk_buf_append(&w->drawings, w->shape.drawings.data + built->drawing, built->drawing_size);
    if (w->drawings.failed)
        return no_memory(w);
    const uint64_t hash = hash_bytes(w->drawings.data + f->drawing, f->drawing_size);
    const found *old = found_row(w, row);
    if (w->verify) {
        if (old == NULL)
            return differs(w, row, "is missing from the cell index");
        bool same = same_entry(old, &f->head, f->level, hash) && old->values == hash_values(w, w->values + f->values);
        const dk_status status = same ? compare_pieces(w, row, &same) : DK_OK;
        return status != DK_OK || same ? status : differs(w, row, "differs in the cell index");
    }
    if (old != NULL && same_entry(old, &f->head, f->level, hash)) {
        /* A neighbour's vertex that shows in near zooms only is in the pieces alone. */
        bool same = true;
        const dk_status compared = compare_pieces(w, row, &same);
        if (compared != DK_OK || same)
            return compared;
    }
    dk_drawing drawing;
    dk_status status = dk_drawing_open(w->drawings.data + f->drawing, f->drawing_size, &drawing);
    if (status != DK_OK)
        return dk_fail(w->err, DK_INTERNAL, "row %" PRId64 " of %s could not be drawn", row, w->layer->name);
    if (old != NULL && (status = remove_entry(w, old)) != DK_OK)
        return status;
    if ((status = dk_grid_cache_count(&w->grids, w->store, w->layer, &f->head, drawing.n_points, w->values + f->values,
                                      1, w->generation, w->err)) != DK_OK ||
        (status = note_change(w, &f->head)) != DK_OK)
        return status;
    if (!add_operation(w, DK_SHEET_BLOCK, f->level, f->cell, 0, i))
        return no_memory(w);
    return add_pieces(w, f);
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
static dk_status change_block_cell(writer *w, const operation *operations, size_t n)
{
    const operation *first = &operations[0];
    dk_status status = dk_block_cell_begin(w->block_cell, w->store, w->layer, first->level, first->cell,
                                           w->levels[DK_SHEET_BLOCK], w->err);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        if (operations[i].leaves != 0) {
            status = dk_block_cell_leave(w->block_cell, operations[i].leaves);
            continue;
        }
        const fresh *f = &w->fresh[operations[i].joins];
        status = dk_block_cell_join(w->block_cell, &f->head, w->drawings.data + f->drawing, f->drawing_size,
                                    w->values + f->values);
        if (status == DK_NOMEM)
            return no_memory(w);
    }
    if (status == DK_OK)
        status = dk_block_cell_write(w->block_cell, w->generation, w->weights, &w->levels[DK_SHEET_BLOCK], &w->step_bytes,
                                     w->err);
    return status == DK_CORRUPT || status == DK_NOT_FOUND || status == DK_CONFLICT ? damaged(w) : status;
}

/* Writes one sheet of pieces anew; its operations are sorted by the rows that leave. */
static dk_status rewrite_pieces(writer *w, const operation *operations, size_t n)
{
    const operation *first = &operations[0];
    dk_status status =
        dk_sheet_read(w->store, w->layer, first->sheet, first->level, first->cell, &w->sheet, w->err);
    if (status != DK_OK)
        return status;
    dk_block_begin(w->builder, w->layer);
    if (w->sheet.size > 0) {
        dk_block block;
        if (dk_block_open(w->sheet.data, w->sheet.size, &block) != DK_OK)
            return damaged(w);
        for (uint32_t i = 0; i < block.n_entries; i++)
            if (!leaves(operations, n, block.heads[i].row) && (status = dk_block_copy(w->builder, &block, i)) != DK_OK)
                return status == DK_NOMEM ? no_memory(w) : damaged(w);
    }
    for (size_t i = 0; i < n; i++) {
        if (operations[i].leaves != 0)
            continue;
        const fresh *f = &w->fresh[operations[i].joins];
        if (dk_block_add(w->builder, &f->head, w->drawings.data + f->drawing, f->drawing_size,
                         w->values + f->values) != DK_OK)
            return no_memory(w);
    }
    if (dk_block_finish(w->builder, &w->written) != DK_OK || w->written.failed)
        return no_memory(w);
    w->levels[first->sheet] |= UINT64_C(1) << first->level;
    w->step_bytes += w->written.size;
    return dk_sheet_write(w->store, w->layer, first->sheet, first->level, first->cell, w->generation, w->written.data,
                          w->written.size, w->err);
}

static dk_status write_operations(writer *w)
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
        status = first->sheet == DK_SHEET_BLOCK ? change_block_cell(w, first, to - from)
                                                : rewrite_pieces(w, first, to - from);
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
            box_join(&box, &w->touched[i].box, false);
        status = dk_touched_add(w->store, w->layer, w->generation, &box, w->err);
    }
    w->n_touched = 0;
    return status;
}

static dk_status begin_step(writer *w)
{
    return w->verify || !w->owns_transaction || w->in_step > 0 ? DK_OK : dk_sql_begin(w->store, w->err);
}

static dk_status end_step(writer *w, size_t rows, bool last)
{
    w->in_step += rows;
    if (w->verify || !w->owns_transaction || (w->in_step < STEP_ROWS && w->step_bytes < STEP_BYTES && !last))
        return DK_OK;
    w->in_step = w->step_bytes = 0;
    return dk_sql_commit(w->store, w->err);
}

static dk_status change_group(writer *w, size_t lo, size_t hi)
{
    w->lo = lo;
    w->hi = hi;
    w->n_found = w->n_sorted = w->n_fresh = w->n_values = w->n_operations = 0;
    dk_buf_clear(&w->drawings);
    dk_buf_clear(&w->texts);
    dk_topology_clear(w->topology);
    dk_status status = begin_step(w);
    if (status == DK_OK)
        status = gather_group(w);
    if (status == DK_OK && dk_topology_build(w->topology) != DK_OK)
        status = no_memory(w);
    if (status != DK_OK)
        return status;
    settle_values(w);
    for (size_t i = 0; status == DK_OK && i < w->n_sorted; i++) {
        const found *f = &w->found[i];
        if (f->removed)
            status = remove_entry(w, f);
        else if (w->verify && i > 0 && w->found[i - 1].row == f->row)
            status = differs(w, f->row, "is twice in the cell index");
    }
    const size_t n_targets = w->n_fresh;
    for (size_t i = 0; status == DK_OK && i < n_targets; i++)
        status = build_target(w, i);
    if (status == DK_OK)
        status = write_operations(w);
    if (status == DK_OK)
        status = write_touched(w);
    if (status == DK_OK)
        status = end_step(w, hi - lo, false);
    w->done += hi - lo;
    if (status == DK_OK && w->progress != NULL)
        w->progress((int64_t)w->done, (int64_t)w->n_rows, w->user);
    return status;
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
        const uint64_t cell = w->rows[from].corner >> shift;
        size_t low = from + 1, high = hi;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            if (w->rows[middle].corner >> shift == cell)
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
    free(w->by_row);
    free(w->cells);
    free(w->wide);
    free(w->stamps);
    free(w->found);
    free(w->fresh);
    free(w->operations);
    free(w->values);
    free(w->labels);
    free(w->touched);
    dk_topology_free(w->topology);
    dk_entry_work_free(w->entry_work);
    dk_block_builder_free(w->builder);
    dk_block_cell_free(w->block_cell);
    dk_entry_shape_finish(&w->shape);
    dk_shape_finish(&w->source);
    dk_outline_finish(&w->outline);
    dk_box_set_finish(&w->boxes);
    dk_grid_cache_finish(&w->grids);
    dk_weights_free(w->weights);
    dk_buf_finish(&w->drawings);
    dk_buf_finish(&w->texts);
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
    dk_shape_init(&w->source);
    dk_outline_init(&w->outline);
    dk_entry_shape_init(&w->shape);
    w->topology = dk_topology_create();
    w->entry_work = dk_entry_work_create();
    w->builder = dk_block_builder_create();
    w->block_cell = dk_block_cell_create();
    w->weights = dk_weights_create(layer);
    dk_status status = w->topology == NULL || w->entry_work == NULL || w->builder == NULL ||
                               w->block_cell == NULL || w->weights == NULL
                           ? no_memory(w)
                           : DK_OK;
    for (unsigned t = 0; status == DK_OK && t < DK_SHEETS; t++)
        status = dk_sheet_levels(store, layer, (dk_sheet)t, &w->levels[t], err);
    if (status != DK_OK)
        writer_finish(w);
    else
        *ret_writer = w;
    return status;
}

/* Puts the rows in the order in which they are done, and finds out where they are. */
static dk_status take_rows(writer *w, dk_change_row *rows, size_t n)
{
    if (n >= UINT32_MAX)
        return dk_fail(w->err, DK_LIMIT, "a change of more than %u rows is too large; load smaller batches", UINT32_MAX);
    w->rows = rows;
    w->n_rows = n;
    size_t small = 0; /* the large ones go behind */
    for (size_t i = 0; i < n; i++)
        if (!is_large(&rows[i])) {
            const dk_change_row row = rows[small];
            rows[small++] = rows[i];
            rows[i] = row;
        }
    w->n_small = small;
    if (small > 1)
        qsort(rows, small, sizeof *rows, by_place);
    if (n - small > 1)
        qsort(rows + small, n - small, sizeof *rows, by_place);
    return list_rows(w);
}

static dk_status change_all(writer *w)
{
    dk_status status = change_cell(w, 0, w->n_small, 0);
    for (size_t i = w->n_small; status == DK_OK && i < w->n_rows; i++)
        status = change_group(w, i, i + 1);
    return status;
}

dk_status dk_index_change(dk_store *store, const dk_kind *layer, dk_change_row *rows, size_t n,
                          int64_t generation, dk_progress progress, void *user, dk_error *err)
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
    status = take_rows(w, rows, n);
    if (status == DK_OK)
        status = dk_weights_begin(w->weights, store, err);
    if (status == DK_OK)
        status = change_all(w);
    if (status == DK_OK)
        status = begin_step(w);
    if (status == DK_OK)
        status = dk_grid_cache_flush(&w->grids, store, layer, generation, err);
    if (status == DK_OK)
        status = dk_weights_flush(w->weights, store, err);
    if (status == DK_OK)
        status = dk_budget_update(store, layer, w->labels, w->n_labels, generation, err);
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

/* ---- comparing ---- */

/* The rows published in a generation. finding: is told of those without geometry, which are left out; NULL: they are a
 * failure. */
static dk_status living_rows(dk_store *store, const dk_kind *layer, int64_t generation,
                             void (*finding)(const char *sentence, void *user), void *user, dk_change_row **ret_rows,
                             size_t *ret_n, dk_error *err)
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
            if (finding != NULL)
                report(layer, row, "has no geometry", finding, user);
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

typedef struct tally {
    writer *w;
    int64_t entries, area_cm2;
    int64_t drawn[DK_FINEST_ZOOM + 1]; /* entries that are drawn from this zoom on, before anything is raised */
    int64_t drawn_area[DK_FINEST_ZOOM + 1];
    int64_t counted[DK_FINEST_ZOOM + 1], counted_area[DK_FINEST_ZOOM + 1];
    dk_grid grid;
} tally;

static dk_status tally_block(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    tally *t = user;
    dk_block block;
    if (dk_block_open(data, size, &block) != DK_OK)
        return damaged(t->w);
    for (uint32_t i = 0; i < block.n_entries; i++) {
        const dk_entry_head *head = &block.heads[i];
        t->entries++;
        t->area_cm2 += head->area_cm2;
        if (head->first_zoom <= DK_FINEST_ZOOM) {
            t->drawn[head->first_zoom]++;
            t->drawn_area[head->first_zoom] += head->area_cm2;
        }
        if (changed_row(t->w, head->row) == NULL)
            differs(t->w, head->row, "is in the cell index and is not published");
    }
    return DK_OK;
}

static bool tally_cell(const dk_grid_cell *cell, void *user)
{
    int64_t *const *sums = user;
    *sums[0] += cell->count;
    *sums[1] += cell->area_cm2;
    return true;
}

static dk_status tally_grid(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)cell;
    tally *t = user;
    size_t n_sums;
    int64_t *sums[2] = {&t->counted[level], &t->counted_area[level]};
    return dk_grid_each(data, size, &n_sums, tally_cell, sums) == DK_OK ? DK_OK : damaged(t->w);
}

static dk_cell_range every_cell(int level)
{
    const uint32_t last = level == 0 ? 0 : UINT32_MAX >> (32 - level);
    return (dk_cell_range){0, 0, last, last};
}

/* Whether the grids count what is not drawn, at every zoom. */
static dk_status verify_grids(writer *w)
{
    tally *t = calloc(1, sizeof *t);
    if (t == NULL)
        return no_memory(w);
    t->w = w;
    dk_status status = DK_OK;
    for (int shelf = 0; status == DK_OK && shelf < DK_SHELVES; shelf++) {
        const dk_cell_range all = every_cell(dk_shelf_cells(shelf));
        if (w->levels[DK_SHEET_BLOCK] >> shelf & 1)
            status = dk_sheet_scan(w->store, w->layer, DK_SHEET_BLOCK, shelf, &all, w->sees, tally_block, t, w->err);
    }
    for (int zoom = 0; status == DK_OK && zoom <= DK_FINEST_ZOOM; zoom++) {
        const dk_cell_range all = every_cell(zoom);
        if (w->levels[DK_SHEET_GRID] >> zoom & 1)
            status = dk_sheet_scan(w->store, w->layer, DK_SHEET_GRID, zoom, &all, w->sees, tally_grid, t, w->err);
    }
    int64_t drawn = 0, area = 0;
    for (int zoom = 0; status == DK_OK && zoom <= DK_FINEST_ZOOM; zoom++) {
        drawn += t->drawn[zoom];
        area += t->drawn_area[zoom];
        if (drawn + t->counted[zoom] == t->entries && area + t->counted_area[zoom] == t->area_cm2)
            continue;
        char sentence[200];
        snprintf(sentence, sizeof sentence,
                 "the grid of %s at zoom %d counts %" PRId64 " features instead of %" PRId64
                 "; run dikuai-ingest reindex",
                 w->layer->name, zoom, t->counted[zoom], t->entries - drawn);
        w->finding(sentence, w->finding_user);
    }
    free(t);
    return status;
}

dk_status dk_index_verify(dk_store *store, const dk_kind *layer, int64_t generation, void (*tell)(const char *sentence, void *user),
                          void *user, dk_error *err)
{
    dk_change_row *rows = NULL;
    size_t n = 0;
    writer *w = NULL;
    dk_status status = living_rows(store, layer, generation, tell, user, &rows, &n, err);
    if (status == DK_OK)
        status = writer_create(store, layer, &w, err);
    if (status == DK_OK) {
        w->verify = true;
        w->sees = generation;
        w->finding = tell;
        w->finding_user = user;
        status = take_rows(w, rows, n);
        if (status == DK_OK)
            status = change_all(w);
        if (status == DK_OK)
            status = verify_grids(w);
        writer_finish(w);
    }
    free(rows);
    return status;
}

dk_status dk_index_rebuild(dk_store *store, const dk_kind *layer, int64_t generation, dk_progress progress, void *user,
                           dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    for (unsigned t = 0; t < DK_SHEETS; t++)
        dk_buf_format(&sql, "DELETE FROM %s_%s;", dk_sheet_table((dk_sheet)t), layer->name);
    dk_buf_format(&sql, "DELETE FROM weight_%s;DELETE FROM dead_%s", layer->name, layer->name);
    const char *text = dk_buf_cstr(&sql);
    dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_run(store, text, err);
    dk_buf_finish(&sql);
    dk_change_row *rows = NULL;
    size_t n = 0;
    if (status == DK_OK)
        status = living_rows(store, layer, generation, NULL, NULL, &rows, &n, err);
    if (status == DK_OK)
        status = dk_index_change(store, layer, rows, n, generation, progress, user, err);
    free(rows);
    return status;
}
