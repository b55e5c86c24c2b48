/* Sheets: bytes by cell, written anew where a publish changes them. Each version has the generations in which it was
 * born and died, so that readers of the generation before go on seeing what they saw. The rowid is the place: rows of
 * one level lie in the order of Morton codes, and a sheet that fits on its page has no overflow (a WITHOUT ROWID table
 * would spill what is larger than a quarter of a page). */
#include "store/sheet_id.h"

#include <string.h>

/* Sheets taken away in one transaction. */
enum { PURGED_A_STEP = 2000 };

const int64_t dk_sheet_column_bits = INT64_C(0x5555555555) << DK_SHEET_VERSION_BITS;
const int64_t dk_sheet_row_bits = INT64_C(0xaaaaaaaaaa) << DK_SHEET_VERSION_BITS;

const char *dk_sheet_table(dk_sheet sheet)
{
    static const char *const names[DK_SHEETS] = {"block", "piece", "grid", "raised", "raised_plate", "overview"};
    return names[sheet];
}

/* The living version: DK_END if there is none. The statement is left on its row. */
static dk_status open_sheet(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t cell,
                            sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_status status = dk_sql_kept(store, layer, dk_sheet_stmt(DK_STMT_SHEET_OPEN, sheet), ret_stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(*ret_stmt, 1, dk_sheet_first_id(level, cell));
    sqlite3_bind_int64(*ret_stmt, 2, dk_sheet_last_id(level, cell));
    return dk_sql_step(store, *ret_stmt, err);
}

dk_status dk_sheet_read(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t cell,
                        dk_buf *ret_data, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf_clear(ret_data);
    dk_status status = open_sheet(store, layer, sheet, level, cell, &stmt, err);
    if (status == DK_OK)
        dk_buf_append(ret_data, sqlite3_column_blob(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2));
    if (stmt != NULL)
        sqlite3_reset(stmt);
    if (ret_data->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return status == DK_END ? DK_OK : status;
}

/* Ends a version that readers of the generation before may still see. */
static dk_status end_sheet(dk_store *store, const dk_kind *layer, dk_sheet sheet, int64_t id, int64_t generation,
                           dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, layer, dk_sheet_stmt(DK_STMT_SHEET_END, sheet), &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int64(stmt, 2, generation);
    if ((status = dk_sql_done(store, stmt, err)) != DK_OK ||
        (status = dk_sql_kept(store, layer, DK_STMT_DEAD_INSERT, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, generation);
    sqlite3_bind_int(stmt, 2, (int)sheet);
    sqlite3_bind_int64(stmt, 3, id);
    return dk_sql_done(store, stmt, err);
}

static dk_status run_on_id(dk_store *store, const dk_kind *layer, dk_stmt_id id, int64_t sheet_id, const void *data,
                           size_t size, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_sql_kept(store, layer, id, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, sheet_id);
    if (data != NULL)
        sqlite3_bind_blob64(stmt, 2, data, size, SQLITE_STATIC);
    return dk_sql_done(store, stmt, err);
}

/* first: the id of version 0. The version is the generation's number, or the next that is free: after
 * 2^DK_SHEET_VERSION_BITS generations numbers come again, and a version that died may still be there. */
static dk_status insert_sheet(dk_store *store, const dk_kind *layer, dk_sheet sheet, int64_t first, int64_t generation,
                              const void *data, size_t size, dk_error *err)
{
    dk_status status = DK_OK;
    for (uint64_t i = 0; i <= DK_SHEET_VERSION_MASK; i++) {
        sqlite3_stmt *stmt = NULL;
        if ((status = dk_sql_kept(store, layer, dk_sheet_stmt(DK_STMT_SHEET_INSERT, sheet), &stmt, err)) != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, first | (int64_t)(((uint64_t)generation + i) & DK_SHEET_VERSION_MASK));
        sqlite3_bind_int64(stmt, 2, generation);
        sqlite3_bind_blob64(stmt, 3, data, size, SQLITE_STATIC);
        status = dk_sql_done(store, stmt, err);
        if (status == DK_OK || (sqlite3_errcode(store->db) & 0xff) != SQLITE_CONSTRAINT)
            return status;
    }
    return status;
}

dk_status dk_sheet_write(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t cell,
                         int64_t generation, const void *data, size_t size, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = open_sheet(store, layer, sheet, level, cell, &stmt, err);
    const bool any = status == DK_OK;
    const int64_t id = any ? sqlite3_column_int64(stmt, 0) : 0, born = any ? sqlite3_column_int64(stmt, 1) : 0;
    if (stmt != NULL)
        sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    if (any && born == generation) /* of the change under way: nobody has seen it */
        return size > 0 ? run_on_id(store, layer, dk_sheet_stmt(DK_STMT_SHEET_CHANGE, sheet), id, data, size, err)
                        : run_on_id(store, layer, dk_sheet_stmt(DK_STMT_SHEET_DELETE, sheet), id, NULL, 0, err);
    if (any && (status = end_sheet(store, layer, sheet, id, generation, err)) != DK_OK)
        return status;
    if (size == 0)
        return DK_OK;
    return insert_sheet(store, layer, sheet, dk_sheet_first_id(level, cell), generation, data, size, err);
}

/* One step: false when nothing is left. */
static dk_status purge_step(dk_store *store, const dk_kind *layer, int64_t until, bool *ret_more, dk_error *err)
{
    struct {
        int64_t generation, id;
        int sheet;
    } dead[PURGED_A_STEP];
    size_t n = 0;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_format(&sql, "SELECT generation,sheet,id FROM dead_%s WHERE generation<=?1 LIMIT ?2", layer->name);
    sqlite3_stmt *stmt = NULL;
    const char *text = dk_buf_cstr(&sql);
    dk_status status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, until);
        sqlite3_bind_int(stmt, 2, PURGED_A_STEP);
        while ((status = dk_sql_step(store, stmt, err)) == DK_OK && n < PURGED_A_STEP) {
            dead[n].generation = sqlite3_column_int64(stmt, 0);
            dead[n].sheet = sqlite3_column_int(stmt, 1);
            dead[n].id = sqlite3_column_int64(stmt, 2);
            n++;
        }
        sqlite3_finalize(stmt);
        stmt = NULL;
        status = status == DK_END ? DK_OK : status;
    }
    *ret_more = n == PURGED_A_STEP;
    dk_buf_clear(&sql);
    dk_buf_format(&sql, "DELETE FROM dead_%s WHERE generation=?1 AND sheet=?2 AND id=?3", layer->name);
    if (status == DK_OK && n > 0 && (status = dk_sql_begin(store, err)) == DK_OK) {
        text = dk_buf_cstr(&sql);
        status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, &stmt, err);
        for (size_t i = 0; status == DK_OK && i < n; i++) {
            if (dead[i].sheet >= 0 && dead[i].sheet < DK_SHEETS)
                status = run_on_id(store, layer, dk_sheet_stmt(DK_STMT_SHEET_DELETE, (dk_sheet)dead[i].sheet),
                                   dead[i].id, NULL, 0, err);
            sqlite3_bind_int64(stmt, 1, dead[i].generation);
            sqlite3_bind_int(stmt, 2, dead[i].sheet);
            sqlite3_bind_int64(stmt, 3, dead[i].id);
            if (status == DK_OK)
                status = dk_sql_done(store, stmt, err);
        }
        sqlite3_finalize(stmt);
        if (status == DK_OK)
            status = dk_sql_commit(store, err);
        if (status != DK_OK)
            dk_sql_rollback(store);
    }
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_sheet_purge(dk_store *store, int64_t until, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    /* Said first: a reader of an older generation that comes now must not find half of what it needs. */
    dk_status status = dk_sql_prepare(store, "INSERT OR REPLACE INTO dikuai_meta VALUES('purged',?1)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, until);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    for (size_t i = 0; status == DK_OK && i < store->catalogue->n_layers; i++)
        for (bool more = true; status == DK_OK && more;)
            status = purge_step(store, &store->catalogue->kinds[i], until, &more, err);
    return status;
}

dk_status dk_sheet_levels(dk_store *store, const dk_kind *layer, dk_sheet sheet, uint64_t *ret_bits, dk_error *err)
{
    uint64_t bits = 0;
    for (int level = 0; level <= DK_SHEET_LAST_LEVEL;) {
        sqlite3_stmt *stmt = NULL;
        dk_status status = dk_sql_kept(store, layer, dk_sheet_stmt(DK_STMT_SHEET_NEXT, sheet), &stmt, err);
        if (status != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, dk_sheet_first_id(level, 0));
        status = dk_sql_step(store, stmt, err);
        if (status == DK_OK)
            level = dk_sheet_level_of(sqlite3_column_int64(stmt, 0));
        sqlite3_reset(stmt);
        if (status == DK_END || level > DK_SHEET_LAST_LEVEL)
            break;
        if (status != DK_OK)
            return status;
        bits |= UINT64_C(1) << level++;
    }
    *ret_bits = bits;
    return DK_OK;
}

dk_status dk_sheet_cells(dk_store *store, const dk_kind *layer, dk_sheet sheet, int level, uint64_t *ret_cells,
                         size_t most, size_t *ret_n, bool *ret_all, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    size_t n = 0, sheets = 0;
    dk_status status = dk_sql_kept(store, layer, dk_sheet_stmt(DK_STMT_SHEET_IDS, sheet), &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, dk_sheet_first_id(level, 0));
    sqlite3_bind_int64(stmt, 2, dk_sheet_last_id(level, DK_SHEET_CELL_MASK));
    sqlite3_bind_int64(stmt, 3, (sqlite3_int64)most + 1);
    for (; (status = dk_sql_step(store, stmt, err)) == DK_OK && sheets < most; sheets++) {
        const uint64_t cell = dk_sheet_cell_of(sqlite3_column_int64(stmt, 0));
        if (n == 0 || ret_cells[n - 1] != cell) /* else another version of it */
            ret_cells[n++] = cell;
    }
    sqlite3_reset(stmt);
    *ret_n = n;
    *ret_all = status == DK_END;
    return status == DK_END ? DK_OK : status;
}
