/* The cell index: a loose quadtree. A feature has one row, in the cell that holds the north-west corner of its box, at
 * the level where the box is no larger than a cell. It may reach into the next column and row, so a query also reads
 * one column to the west and one row to the north of its own cells. One row a feature, instead of one in each of the up
 * to four cells that its box touches, measures less than half the rows read and half the bytes stored.
 *
 * Attributes, one after the other: byte field index, byte type (1 integer, 2 real, 3 text), then a zigzag varint,
 * 8 bytes little endian, or a varint size, the bytes and a NUL. */
#include "store/cells.h"

#include "store/handle.h"

#include <string.h>

int dk_cell_level(const dk_world_box *box)
{
    const uint32_t width = box->x1 - box->x0, height = box->y1 - box->y0;
    const uint32_t size = width > height ? width : height;
    int level = DK_CELL_MAX_LEVEL;
    while (level > 0 && size > UINT32_MAX >> level) /* a cell of this level is 2^(32-level) units wide */
        level--;
    return level;
}

static uint64_t spread(uint32_t v)
{
    uint64_t x = v;
    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x << 2) & UINT64_C(0x3333333333333333);
    x = (x | x << 1) & UINT64_C(0x5555555555555555);
    return x;
}

uint64_t dk_morton(uint32_t x, uint32_t y)
{
    return spread(x) | spread(y) << 1;
}

/* The even bits of a code: x; of code >> 1: y. */
static uint32_t gather(uint64_t x)
{
    x &= UINT64_C(0x5555555555555555);
    x = (x | x >> 1) & UINT64_C(0x3333333333333333);
    x = (x | x >> 2) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x = (x | x >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x >> 8) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x >> 16) & UINT64_C(0x00000000ffffffff);
    return (uint32_t)x;
}

/* Columns x0..x1 and rows y0..y1 of a level. */
typedef struct cell_range {
    uint32_t x0, y0, x1, y1;
} cell_range;

void dk_cell_of(const dk_world_box *box, int *ret_level, uint64_t *ret_cell)
{
    const int level = dk_cell_level(box);
    *ret_level = level;
    *ret_cell = level == 0 ? 0 : dk_morton(box->x0 >> (32 - level), box->y0 >> (32 - level));
}

/* The cells whose features may meet a box. */
static cell_range range_at(const dk_world_box *box, int level)
{
    if (level == 0)
        return (cell_range){0, 0, 0, 0};
    const int shift = 32 - level;
    cell_range range = {box->x0 >> shift, box->y0 >> shift, box->x1 >> shift, box->y1 >> shift};
    range.x0 -= range.x0 > 0;
    range.y0 -= range.y0 > 0;
    return range;
}

/* ---- writing ---- */

static void append_attributes(const dk_kind *layer, const dk_value *values, dk_buf *out)
{
    for (size_t i = 0; i < layer->n_fields; i++) {
        const dk_value *value = &values[i];
        if (!layer->fields[i].in_tiles || value->type == DK_NULL)
            continue;
        dk_buf_byte(out, (unsigned char)i);
        dk_buf_byte(out, (unsigned char)value->type);
        switch (value->type) {
        case DK_INTEGER:
            dk_buf_zigzag(out, value->integer);
            break;
        case DK_REAL:
            dk_buf_append(out, &value->real, 8); /* all Debian machines that matter are little endian */
            break;
        case DK_TEXT:
            dk_buf_varint(out, value->text.size);
            dk_buf_append(out, value->text.data, value->text.size);
            dk_buf_byte(out, 0);
            break;
        case DK_NULL:
            break;
        }
    }
}

/* Packs the geometry of a stored row. */
static dk_status pack(const dk_stored_row *row, dk_buf *out, dk_world_box *ret_box, dk_error *err)
{
    dk_shape shape;
    dk_shape_init(&shape);
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(row->blob, row->blob_size, &size);
    dk_status status = wkb == NULL
                           ? dk_fail(err, DK_CORRUPT, "row %lld (%s) has no geometry", (long long)row->row, row->key)
                           : dk_shape_from_wkb(wkb, size, &shape, err);
    if (status == DK_OK) {
        dk_packed_encode(&shape, out);
        status = out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : dk_packed_box(out->data, out->size, ret_box);
    }
    dk_shape_finish(&shape);
    return status;
}

dk_status dk_cell_insert(dk_store *store, const dk_kind *layer, int64_t row, int64_t born, dk_error *err)
{
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(store, layer, row, true, &stored, err);
    if (status != DK_OK)
        return status;
    dk_buf geometry, attributes;
    dk_buf_init(&geometry);
    dk_buf_init(&attributes);
    dk_world_box box = {0};
    sqlite3_stmt *stmt = NULL;
    append_attributes(layer, stored.values, &attributes);
    status = pack(&stored, &geometry, &box, err);
    if (status == DK_OK && (geometry.failed || attributes.failed))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = dk_sql_kept(store, layer, DK_STMT_CELL_INSERT, &stmt, err);
    if (status == DK_OK) {
        int level;
        uint64_t cell;
        dk_cell_of(&box, &level, &cell);
        sqlite3_bind_int(stmt, 1, level);
        sqlite3_bind_int64(stmt, 2, (int64_t)cell);
        sqlite3_bind_int64(stmt, 3, row);
        sqlite3_bind_int64(stmt, 4, born);
        sqlite3_bind_int64(stmt, 5, (int64_t)stored.feature);
        const int d = layer->division_field;
        if (d >= 0 && stored.values[d].type == DK_TEXT)
            sqlite3_bind_text64(stmt, 6, stored.values[d].text.data, stored.values[d].text.size, SQLITE_STATIC,
                                SQLITE_UTF8);
        sqlite3_bind_blob64(stmt, 7, geometry.data, geometry.size, SQLITE_STATIC);
        sqlite3_bind_blob64(stmt, 8, attributes.size ? (const void *)attributes.data : "", attributes.size,
                            SQLITE_STATIC);
        status = dk_sql_done(store, stmt, err);
    }
    dk_stored_row_release(&stored);
    dk_buf_finish(&geometry);
    dk_buf_finish(&attributes);
    return status;
}

dk_status dk_cell_end(dk_store *store, const dk_kind *layer, int64_t row, int64_t died, dk_error *err)
{
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(store, layer, row, true, &stored, err);
    if (status != DK_OK)
        return status;
    dk_buf geometry;
    dk_buf_init(&geometry);
    dk_world_box box = {0};
    sqlite3_stmt *stmt = NULL;
    status = pack(&stored, &geometry, &box, err);
    dk_stored_row_release(&stored);
    if (status == DK_OK)
        status = dk_sql_kept(store, layer, DK_STMT_CELL_END, &stmt, err);
    if (status == DK_OK) {
        int level;
        uint64_t cell;
        dk_cell_of(&box, &level, &cell);
        sqlite3_bind_int(stmt, 1, level);
        sqlite3_bind_int64(stmt, 2, (int64_t)cell);
        sqlite3_bind_int64(stmt, 3, row);
        sqlite3_bind_int64(stmt, 4, died);
        status = dk_sql_done(store, stmt, err);
    }
    dk_buf_finish(&geometry);
    return status;
}

/* ---- reading ---- */

/* Fills values from attributes, those of the mask only. false: damaged. */
static bool read_attributes(const unsigned char *at, size_t size, const dk_kind *layer, uint64_t mask, dk_value *values)
{
    const unsigned char *end = at + size;
    while (at < end) {
        if (end - at < 2 || at[0] >= layer->n_fields)
            return false;
        const size_t field = at[0];
        const unsigned type = at[1];
        dk_value value = dk_value_null();
        uint64_t text_size;
        int64_t integer;
        at += 2;
        switch (type) {
        case DK_INTEGER:
            if (!dk_read_zigzag(&at, end, &integer))
                return false;
            value = dk_value_integer(integer);
            break;
        case DK_REAL:
            if (end - at < 8)
                return false;
            value.type = DK_REAL;
            memcpy(&value.real, at, 8);
            at += 8;
            break;
        case DK_TEXT:
            if (!dk_read_varint(&at, end, &text_size) || text_size >= (uint64_t)(end - at) || at[text_size] != 0)
                return false;
            value.type = DK_TEXT;
            value.text.data = (const char *)at;
            value.text.size = (size_t)text_size;
            at += text_size + 1;
            break;
        default:
            return false;
        }
        if (mask & UINT64_C(1) << field)
            values[field] = value;
    }
    return true;
}

typedef struct scan {
    dk_store *store;
    const dk_kind *layer;
    const dk_world_box *box;
    cell_range range; /* of the query at the level under way */
    int level;
    int64_t generation;
    dk_view view;
    uint64_t in_tiles;
    bool (*each)(const dk_cell_feature *feature, void *user);
    void *user;
    bool stopped;
    dk_error *err;
} scan;

static bool boxes_meet(const dk_world_box *a, const dk_world_box *b)
{
    return a->x0 <= b->x1 && b->x0 <= a->x1 && a->y0 <= b->y1 && b->y0 <= a->y1;
}

/* Columns as in DK_STMT_CELL_SCAN. */
static dk_status give_cell_row(scan *s, sqlite3_stmt *stmt)
{
    const int64_t born = sqlite3_column_int64(stmt, 1), died = sqlite3_column_int64(stmt, 2);
    if (born > s->generation || (died != 0 && died <= s->generation))
        return DK_OK;
    dk_cell_feature feature = {.packed = sqlite3_column_blob(stmt, 5)};
    feature.packed_size = (size_t)sqlite3_column_bytes(stmt, 5);
    dk_world_box box;
    dk_value values[DK_MAX_FIELDS];
    if (dk_packed_box(feature.packed, feature.packed_size, &box) != DK_OK)
        goto damaged;
    if (!boxes_meet(&box, s->box))
        return DK_OK;
    for (size_t i = 0; i < s->layer->n_fields; i++)
        values[i] = dk_value_null();
    feature.feature = (uint64_t)sqlite3_column_int64(stmt, 3);
    feature.visible = dk_view_fields(&s->view, (const char *)sqlite3_column_text(stmt, 4)) & s->in_tiles;
    const void *attributes = sqlite3_column_blob(stmt, 6);
    const size_t size = (size_t)sqlite3_column_bytes(stmt, 6);
    if (size > 0 && !read_attributes(attributes, size, s->layer, feature.visible, values))
        goto damaged;
    feature.values = values;
    s->stopped = !s->each(&feature, s->user);
    return DK_OK;
damaged:
    return dk_fail(s->err, DK_CORRUPT, "%s: the cell index of %s is damaged; run dikuai-ingest reindex", s->store->path,
                   s->layer->name);
}

static bool in_range(const cell_range *range, uint64_t cell)
{
    const uint32_t x = gather(cell), y = gather(cell >> 1);
    return x >= range->x0 && x <= range->x1 && y >= range->y0 && y <= range->y1;
}

/* The smallest code above `code`, which lies outside, of a cell within the box whose corners have the codes min and
 * max; `code` lies between them. BIGMIN of Tropf and Herzog, Multidimensional Range Search in Dynamically Balanced
 * Trees, 1981. */
static uint64_t next_in_range(uint64_t code, uint64_t min, uint64_t max, int level)
{
    uint64_t best = max;
    for (int bit = 2 * level - 1; bit >= 0; bit--) {
        const uint64_t b = UINT64_C(1) << bit;
        /* The lower bits of the same dimension. */
        const uint64_t lower = (bit & 1 ? UINT64_C(0xaaaaaaaaaaaaaaaa) : UINT64_C(0x5555555555555555)) & (b - 1);
        switch ((code & b ? 4 : 0) | (min & b ? 2 : 0) | (max & b ? 1 : 0)) {
        case 1:
            best = (min & ~lower) | b;
            max = (max & ~b) | lower;
            break;
        case 3:
            return min;
        case 4:
            return best;
        case 5:
            min = (min & ~lower) | b;
            break;
        default:
            break;
        }
    }
    return best;
}

/* Rows outside the range that are read past before the next range is sought: a step costs a fifth of a seek. */
enum { ROWS_PASSED = 5 };

/* Reads one level: along the codes, and where rows outside the range come, on to the next code inside. So there are
 * about as many seeks as runs of rows, however many runs of codes the buffer's strips would make. */
static dk_status scan_level(scan *s)
{
    const cell_range *r = &s->range;
    const uint64_t first = dk_morton(r->x0, r->y0), last = dk_morton(r->x1, r->y1);
    sqlite3_stmt *stmt = NULL;
    dk_status status = DK_OK;
    for (uint64_t from = first; status == DK_OK && !s->stopped;) {
        if ((status = dk_sql_kept(s->store, s->layer, DK_STMT_CELL_SCAN, &stmt, s->err)) != DK_OK)
            return status;
        sqlite3_bind_int(stmt, 1, s->level);
        sqlite3_bind_int64(stmt, 2, (int64_t)from);
        sqlite3_bind_int64(stmt, 3, (int64_t)last);
        uint64_t next = from;
        for (int passed = 0;
             !s->stopped && passed <= ROWS_PASSED && (status = dk_sql_step(s->store, stmt, s->err)) == DK_OK;) {
            const uint64_t cell = (uint64_t)sqlite3_column_int64(stmt, 0);
            if (cell >= next && in_range(r, cell)) {
                passed = 0;
                if ((status = give_cell_row(s, stmt)) != DK_OK)
                    break;
            } else {
                if (cell >= next) /* beyond what was known to be outside */
                    next = next_in_range(cell, first, last, s->level);
                passed++;
            }
        }
        sqlite3_reset(stmt);
        from = next;
    }
    return status == DK_END ? DK_OK : status;
}

/* The levels that hold cells; asked once a generation. */
static dk_status levels_of(dk_store *store, const dk_kind *layer, int64_t generation, uint32_t *ret_bits, dk_error *err)
{
    const size_t k = layer->index;
    if (store->levels[k].known && store->levels[k].generation == generation) {
        *ret_bits = store->levels[k].bits;
        return DK_OK;
    }
    uint32_t bits = 0;
    for (int level = -1;;) {
        sqlite3_stmt *stmt = NULL;
        dk_status status = dk_sql_kept(store, layer, DK_STMT_CELL_NEXT, &stmt, err);
        if (status != DK_OK)
            return status;
        sqlite3_bind_int(stmt, 1, level);
        status = dk_sql_step(store, stmt, err);
        if (status == DK_OK)
            level = sqlite3_column_int(stmt, 0);
        sqlite3_reset(stmt);
        if (status == DK_END)
            break;
        if (status != DK_OK)
            return status;
        if (level >= 0 && level <= DK_CELL_MAX_LEVEL)
            bits |= UINT32_C(1) << level;
    }
    store->levels[k].known = true;
    store->levels[k].generation = generation;
    store->levels[k].bits = bits;
    *ret_bits = bits;
    return DK_OK;
}

dk_status dk_cells_scan(dk_store *store, const dk_kind *layer, const dk_world_box *box, const dk_viewer *viewer,
                        int64_t generation, bool (*each)(const dk_cell_feature *feature, void *user), void *user,
                        dk_error *err)
{
    scan s = {.store = store,
              .layer = layer,
              .box = box,
              .generation = generation,
              .view = dk_view_of(layer, viewer),
              .each = each,
              .user = user,
              .err = err};
    for (size_t i = 0; i < layer->n_fields; i++)
        if (layer->fields[i].in_tiles)
            s.in_tiles |= UINT64_C(1) << i;
    uint32_t levels = 0;
    /* One read transaction for all key ranges: each statement of its own would lock and unlock the file. */
    const bool alone = sqlite3_get_autocommit(store->db) != 0;
    dk_status status = alone ? dk_sql_run(store, "BEGIN", err) : DK_OK;
    if (status == DK_OK)
        status = levels_of(store, layer, generation, &levels, err);
    for (int level = 0; status == DK_OK && !s.stopped && level <= DK_CELL_MAX_LEVEL; level++) {
        if (!(levels & UINT32_C(1) << level))
            continue;
        s.level = level;
        s.range = range_at(box, level);
        status = scan_level(&s);
    }
    if (alone)
        dk_sql_rollback(store); /* ends the reading; nothing was written */
    return status;
}
