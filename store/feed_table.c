#include "store/feed_table.h"

#include <stdio.h>

#define POINTER_TYPE "dk_feed"

typedef struct feed_cursor {
    sqlite3_vtab_cursor base;
    const dk_feed *feed; /* NULL: there is nothing */
    size_t at;
} feed_cursor;

enum { COLUMN_FEED = DK_FEED_COLUMNS };

static int connect(sqlite3 *db, void *user, int n, const char *const *arguments, sqlite3_vtab **ret_table, char **err)
{
    (void)user, (void)n, (void)arguments, (void)err;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_text(&sql, "CREATE TABLE x(");
    for (int i = 0; i < DK_FEED_COLUMNS; i++)
        dk_buf_format(&sql, "c%d,", i);
    dk_buf_text(&sql, "feed HIDDEN)");
    const char *text = dk_buf_cstr(&sql);
    const int code = text == NULL ? SQLITE_NOMEM : sqlite3_declare_vtab(db, text);
    dk_buf_finish(&sql);
    if (code != SQLITE_OK)
        return code;
    *ret_table = sqlite3_malloc64(sizeof **ret_table);
    if (*ret_table == NULL)
        return SQLITE_NOMEM;
    **ret_table = (sqlite3_vtab){0};
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY); /* not for views and triggers in the file */
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++)
        if (info->aConstraint[i].iColumn == COLUMN_FEED && info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
            info->aConstraint[i].usable) {
            info->aConstraintUsage[i].argvIndex = 1;
            info->aConstraintUsage[i].omit = 1;
            info->estimatedCost = 10;
            info->estimatedRows = 100;
            return SQLITE_OK;
        }
    return SQLITE_CONSTRAINT; /* there is nothing to read without rows */
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    (void)table;
    feed_cursor *cursor = sqlite3_malloc64(sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *cursor = (feed_cursor){0};
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *name, int n, sqlite3_value **values)
{
    (void)number, (void)name;
    feed_cursor *cursor = (feed_cursor *)base;
    cursor->feed = n == 1 ? sqlite3_value_pointer(values[0], POINTER_TYPE) : NULL;
    cursor->at = 0;
    return SQLITE_OK;
}

static int next(sqlite3_vtab_cursor *base)
{
    ((feed_cursor *)base)->at++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base)
{
    const feed_cursor *cursor = (const feed_cursor *)base;
    return cursor->feed == NULL || cursor->at >= cursor->feed->n;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
    const feed_cursor *cursor = (const feed_cursor *)base;
    cursor->feed->value(cursor->feed->rows, cursor->at, number, context);
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_id)
{
    *ret_id = (sqlite3_int64)((const feed_cursor *)base)->at;
    return SQLITE_OK;
}

dk_status dk_feed_register(sqlite3 *db, dk_error *err)
{
    static const sqlite3_module module = {
        .iVersion = 1,
        .xConnect = connect, /* no xCreate: it is always there */
        .xBestIndex = best_index,
        .xDisconnect = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = filter,
        .xNext = next,
        .xEof = at_end,
        .xColumn = column,
        .xRowid = row_id,
    };
    return sqlite3_create_module(db, "dk_feed", &module, NULL) == SQLITE_OK ? DK_OK
                                                                            : dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_feed_bind(sqlite3_stmt *stmt, const dk_feed *feed, dk_error *err)
{
    return sqlite3_bind_pointer(stmt, 1, (void *)feed, POINTER_TYPE, NULL) == SQLITE_OK
               ? DK_OK
               : dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_feed_run(dk_store *store, sqlite3_stmt *stmt, const dk_feed *feed, dk_error *err)
{
    dk_status status = dk_feed_bind(stmt, feed, err);
    if (status == DK_OK)
        status = dk_sql_done(store, stmt, err);
    sqlite3_bind_null(stmt, 1);
    return status;
}
