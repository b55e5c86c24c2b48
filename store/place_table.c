/* dk_places(POINTER): places as a table that SQL can read (SQLite, "The Virtual Table Mechanism": an eponymous,
 * read-only table with a hidden column). The source is bound with sqlite3_bind_pointer and lives as long as the
 * statement runs. */
#include "store/selection.h"

#include <stdlib.h>

typedef struct place_cursor {
    sqlite3_vtab_cursor base;
    const dk_place_source *source; /* NULL: there is nothing */
    dk_place place;                /* where it stands */
    size_t at;                     /* how many lie before */
    bool ended;
} place_cursor;

enum { COLUMN_FEATURE, COLUMN_MOVED, COLUMN_LIST };

static int connect(sqlite3 *db, void *user, int n, const char *const *arguments, sqlite3_vtab **ret_table, char **err)
{
    (void)user, (void)n, (void)arguments, (void)err;
    const int code = sqlite3_declare_vtab(db, "CREATE TABLE x(feature INTEGER, moved INTEGER, list HIDDEN)");
    if (code != SQLITE_OK)
        return code;
    *ret_table = sqlite3_malloc64(sizeof **ret_table);
    if (*ret_table == NULL)
        return SQLITE_NOMEM;
    **ret_table = (sqlite3_vtab){0};
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
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
        if (info->aConstraint[i].iColumn == COLUMN_LIST && info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
            info->aConstraint[i].usable) {
            info->aConstraintUsage[i].argvIndex = 1;
            info->aConstraintUsage[i].omit = 1;
            /* The list is in the order of features. */
            info->orderByConsumed =
                info->nOrderBy == 1 && info->aOrderBy[0].iColumn == COLUMN_FEATURE && !info->aOrderBy[0].desc;
            info->estimatedCost = 10;
            info->estimatedRows = 100;
            return SQLITE_OK;
        }
    return SQLITE_CONSTRAINT; /* there is nothing to read without a list */
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    (void)table;
    place_cursor *cursor = sqlite3_malloc64(sizeof *cursor);
    if (cursor == NULL)
        return SQLITE_NOMEM;
    *cursor = (place_cursor){0};
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int code_of(dk_status status)
{
    return status == DK_OK      ? SQLITE_OK
           : status == DK_NOMEM ? SQLITE_NOMEM
           : status == DK_LIMIT ? SQLITE_INTERRUPT
                                : SQLITE_CORRUPT;
}

static int stand(place_cursor *cursor)
{
    dk_error ignored; /* SQL has codes only */
    bool found = false;
    dk_status status = DK_OK;
    const dk_place_source *source = cursor->source;
    if (source != NULL && source->join != NULL) {
        status = dk_post_join_next(source->join, &cursor->place, &found, &ignored);
    } else if (source != NULL && cursor->at < source->list->n) {
        cursor->place = source->list->places[cursor->at];
        found = true;
    }
    cursor->ended = !found;
    return code_of(status);
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *name, int n, sqlite3_value **values)
{
    (void)number, (void)name;
    place_cursor *cursor = (place_cursor *)base;
    cursor->source = n == 1 ? sqlite3_value_pointer(values[0], DK_PLACES_POINTER) : NULL;
    cursor->at = 0;
    return stand(cursor);
}

static int next(sqlite3_vtab_cursor *base)
{
    place_cursor *cursor = (place_cursor *)base;
    cursor->at++;
    return stand(cursor);
}

static int at_end(sqlite3_vtab_cursor *base)
{
    return ((const place_cursor *)base)->ended;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
    const dk_place place = ((const place_cursor *)base)->place;
    if (number == COLUMN_FEATURE)
        sqlite3_result_int64(context, place.feature);
    else if (number == COLUMN_MOVED)
        sqlite3_result_int64(context, place.moved);
    return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *base, sqlite3_int64 *ret_id)
{
    *ret_id = (sqlite3_int64)((const place_cursor *)base)->at;
    return SQLITE_OK;
}

dk_status dk_places_register(sqlite3 *db, dk_error *err)
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
    return sqlite3_create_module(db, "dk_places", &module, NULL) == SQLITE_OK ? DK_OK
                                                                              : dk_fail(err, DK_NOMEM, "out of memory");
}

static int compare(const void *a, const void *b)
{
    return dk_place_compare(*(const dk_place *)a, *(const dk_place *)b);
}

bool dk_place_list_add(dk_place_list *list, dk_place place)
{
    if (!dk_grow(&list->places, &list->capacity, list->n + 1, sizeof *list->places))
        return false;
    list->places[list->n++] = place;
    return true;
}

void dk_place_list_sort(dk_place_list *list)
{
    if (list->n < 2)
        return;
    qsort(list->places, list->n, sizeof *list->places, compare);
    size_t kept = 1;
    for (size_t i = 1; i < list->n; i++)
        if (compare(&list->places[i], &list->places[kept - 1]) != 0)
            list->places[kept++] = list->places[i];
    list->n = kept;
}

void dk_place_list_finish(dk_place_list *list)
{
    free(list->places);
    *list = (dk_place_list){0};
}
