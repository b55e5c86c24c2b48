/* Reading the sheets of a range of cells: out of memory where they were read lately (sheet_cache.h), else out of their
 * table. */
#include "store/sheet_cache.h"
#include "store/sheet_id.h"

#include <string.h>

/* ---- out of the table ---- */

static bool in_range(const dk_cell_range *range, uint64_t cell)
{
    uint32_t x, y;
    dk_morton_split(cell, &x, &y);
    return x >= range->x0 && x <= range->x1 && y >= range->y0 && y <= range->y1;
}

/* The smallest code above `code`, which lies outside, of a cell within the box whose corners have the codes min and
 * max; `code` lies between them. BIGMIN of Tropf and Herzog, Multidimensional Range Search in Dynamically Balanced
 * Trees, 1981. */
static uint64_t next_in_range(uint64_t code, uint64_t min, uint64_t max)
{
    uint64_t best = max;
    for (int bit = 63 - __builtin_clzll(code | max | 1); bit >= 0; bit--) {
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

/* Reads a large sheet into store->large if it is wanted, else leaves that empty. */
static dk_status read_large(dk_store *store, const dk_kind *layer, dk_sheet sheet, int64_t id,
                            dk_sheet_wanted_fn wanted, void *user, dk_error *err)
{
    sqlite3_blob *blob = NULL;
    dk_buf table;
    dk_buf_init(&table);
    dk_buf_format(&table, "%s_%s", dk_sheet_table(sheet), layer->name);
    dk_buf_clear(&store->large);
    const char *name = dk_buf_cstr(&table);
    dk_status status = DK_OK;
    if (name == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    else if (sqlite3_blob_open(store->db, "main", name, "data", id, 0, &blob) != SQLITE_OK)
        status = dk_sql_fail(store, err, "reading the cell index");
    const int size = blob != NULL ? sqlite3_blob_bytes(blob) : 0;
    if (status == DK_OK && size >= DK_SHEET_BEGINNING) {
        unsigned char *data = dk_buf_reserve(&store->large, (size_t)size);
        if (data == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        else if (sqlite3_blob_read(blob, data, DK_SHEET_BEGINNING, 0) != SQLITE_OK)
            status = dk_sql_fail(store, err, "reading the cell index");
        else if (wanted(dk_sheet_level_of(id), dk_sheet_cell_of(id), data, user)) {
            if (sqlite3_blob_read(blob, data + DK_SHEET_BEGINNING, size - DK_SHEET_BEGINNING, DK_SHEET_BEGINNING) !=
                SQLITE_OK)
                status = dk_sql_fail(store, err, "reading the cell index");
            else
                store->large.size = (size_t)size;
        }
    }
    sqlite3_blob_close(blob);
    dk_buf_finish(&table);
    return status;
}

static dk_status scan_table(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level,
                            const dk_cell_range *range, int64_t generation, dk_sheet_wanted_fn wanted, dk_sheet_fn each,
                            void *user, dk_error *err)
{
    const uint64_t first = dk_morton(range->x0, range->y0), last = dk_morton(range->x1, range->y1);
    sqlite3_stmt *stmt = NULL;
    dk_status status = DK_OK;
    for (uint64_t from = first; status == DK_OK;) {
        if ((status = dk_sql_kept(store, layer, dk_sheet_stmt(DK_STMT_SHEET_SCAN, sheet), &stmt, err)) != DK_OK)
            return status;
        const int64_t low = dk_sheet_first_id(0, first), high = dk_sheet_first_id(0, last);
        sqlite3_bind_int64(stmt, 1, dk_sheet_first_id(level, from));
        sqlite3_bind_int64(stmt, 2, dk_sheet_last_id(level, last));
        sqlite3_bind_int64(stmt, 3, low & dk_sheet_column_bits);
        sqlite3_bind_int64(stmt, 4, high & dk_sheet_column_bits);
        sqlite3_bind_int64(stmt, 5, low & dk_sheet_row_bits);
        sqlite3_bind_int64(stmt, 6, high & dk_sheet_row_bits);
        sqlite3_bind_int64(stmt, 7, generation == DK_NEWEST ? INT64_MAX : generation);
        sqlite3_bind_int64(stmt, 8, wanted != NULL ? DK_LARGE_SHEET : INT64_MAX);
        uint64_t next = from;
        for (int passed = 0; passed <= ROWS_PASSED && (status = dk_sql_step(store, stmt, err)) == DK_OK;) {
            const uint64_t cell = dk_sheet_cell_of(sqlite3_column_int64(stmt, 0));
            if (cell >= next && in_range(range, cell)) {
                passed = 0;
                const int type = sqlite3_column_type(stmt, 1);
                if (type == SQLITE_NULL) /* of another generation */
                    continue;
                const void *data;
                size_t size;
                if (type == SQLITE_INTEGER) {
                    if ((status = read_large(store, layer, sheet, sqlite3_column_int64(stmt, 0), wanted, user, err)) !=
                        DK_OK)
                        break;
                    if (store->large.size == 0)
                        continue;
                    data = store->large.data;
                    size = store->large.size;
                } else {
                    data = sqlite3_column_blob(stmt, 1);
                    size = (size_t)sqlite3_column_bytes(stmt, 1);
                }
                if ((status = each(level, cell, data, size, user)) == DK_OK && first == last)
                    status = DK_END; /* a generation sees one */
                if (status != DK_OK)
                    break;
            } else {
                if (cell >= next) /* beyond what was known to be outside */
                    next = next_in_range(cell, first, last);
                passed++;
            }
        }
        sqlite3_reset(stmt);
        from = next;
    }
    return status == DK_END ? DK_OK : status;
}

/* ---- out of memory ---- */

enum { MOST_CELLS = 64 }; /* of a range that is looked up cell by cell */

/* One scan of the table, of which what is read is put into memory. */
typedef struct reading {
    dk_store *store;
    const dk_kind *layer;
    dk_sheet sheet;
    int level;
    dk_sheet_wanted_fn wanted;
    dk_sheet_fn each;
    void *user;
    bool kept;             /* it is put into memory */
    bool stopped;          /* by `each` */
    const uint64_t *cells; /* of the range, ascending */
    size_t n;
    bool seen[MOST_CELLS]; /* has a sheet */
} reading;

static uint64_t place_of(const reading *r, uint64_t cell)
{
    return dk_sheet_place(r->layer->index, (unsigned)r->sheet, r->level, cell);
}

static void see(reading *r, uint64_t cell)
{
    size_t i = 0;
    while (i < r->n && r->cells[i] != cell)
        i++;
    if (i < r->n)
        r->seen[i] = true;
}

/* A large sheet is not kept, and so the cell is not known. */
static bool see_large(int level, uint64_t cell, const void *beginning, void *user)
{
    reading *r = user;
    see(r, cell);
    return r->wanted(level, cell, beginning, r->user);
}

static dk_status keep_and_give(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    reading *r = user;
    see(r, cell);
    if (r->kept && size > 0 && size <= DK_LARGE_SHEET)
        dk_sheet_cache_put(r->store->sheets, place_of(r, cell), &r->store->session, data, size);
    const dk_status status = r->each(level, cell, data, size, r->user);
    r->stopped = status != DK_OK;
    return status;
}

static dk_status read_cells(reading *r, const dk_cell_range *range, const uint64_t *cells, size_t n, dk_error *err)
{
    r->cells = cells;
    r->n = n;
    memset(r->seen, 0, n * sizeof *r->seen);
    const dk_status status = scan_table(r->store, r->layer, r->sheet, r->level, range, r->store->session.generation,
                                        r->wanted != NULL ? see_large : NULL, keep_and_give, r, err);
    for (size_t i = 0; r->kept && status == DK_OK && !r->stopped && i < n; i++)
        if (!r->seen[i])
            dk_sheet_cache_put(r->store->sheets, place_of(r, cells[i]), &r->store->session, NULL, 0);
    return status;
}

/* The cells of a range in the order of their codes. */
static size_t list_cells(const dk_cell_range *range, uint64_t *ret_cells)
{
    size_t n = 0;
    for (uint32_t y = range->y0; y <= range->y1; y++)
        for (uint32_t x = range->x0; x <= range->x1; x++) {
            const uint64_t cell = dk_morton(x, y);
            size_t i = n++;
            for (; i > 0 && ret_cells[i - 1] > cell; i--)
                ret_cells[i] = ret_cells[i - 1];
            ret_cells[i] = cell;
        }
    return n;
}

static dk_status read_cell(reading *r, uint64_t cell, dk_error *err)
{
    dk_cell_range range;
    dk_morton_split(cell, &range.x0, &range.y0);
    range.x1 = range.x0;
    range.y1 = range.y0;
    return read_cells(r, &range, &cell, 1, err);
}

/* To read one cell takes about a third of what it takes to read a few side by side. */
enum { FEW = 3 };

static dk_status scan_memory(reading *r, const dk_cell_range *range, dk_error *err)
{
    uint64_t cells[MOST_CELLS];
    const dk_cached_sheet *sheets[MOST_CELLS];
    const size_t n = list_cells(range, cells);
    size_t missing = 0;
    dk_status status = DK_OK;
    for (size_t i = 0; i < n; i++) {
        sheets[i] = dk_sheet_cache_find(r->store->sheets, place_of(r, cells[i]), &r->store->session);
        missing += sheets[i] == NULL;
    }
    const bool by_cell = missing == 0 || missing * FEW < n;
    r->kept = missing > 0 && dk_sheet_cache_takes(r->store->sheets);
    for (size_t i = 0; by_cell && status == DK_OK && !r->stopped && i < n; i++) {
        size_t size = 0;
        const void *data = sheets[i] != NULL ? dk_cached_sheet_data(sheets[i], &size) : NULL;
        if (sheets[i] == NULL)
            status = read_cell(r, cells[i], err);
        else if (size > 0 && (status = r->each(r->level, cells[i], data, size, r->user)) == DK_END)
            break;
    }
    for (size_t i = 0; i < n; i++)
        if (sheets[i] != NULL)
            dk_sheet_cache_release(sheets[i]);
    if (!by_cell)
        status = read_cells(r, range, cells, n, err);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_sheet_scan_wanted(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level,
                               const dk_cell_range *range, int64_t generation, dk_sheet_wanted_fn wanted,
                               dk_sheet_fn each, void *user, dk_error *err)
{
    const uint64_t cells = (uint64_t)(range->x1 - range->x0 + 1) * (range->y1 - range->y0 + 1);
    if (store->sheets == NULL || generation != store->session.generation || cells > MOST_CELLS)
        return scan_table(store, layer, sheet, level, range, generation, wanted, each, user, err);
    reading r = {
        .store = store, .layer = layer, .sheet = sheet, .level = level, .wanted = wanted, .each = each, .user = user};
    return scan_memory(&r, range, err);
}

dk_status dk_sheet_scan(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, const dk_cell_range *range,
                        int64_t generation, dk_sheet_fn each, void *user, dk_error *err)
{
    return dk_sheet_scan_wanted(store, layer, sheet, level, range, generation, NULL, each, user, err);
}
