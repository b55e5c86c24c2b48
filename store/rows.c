/* Rows: reading versions, finding the one that is published, and showing it to an audience. */
#include "store/anchor.h"
#include "store/coarse.h"
#include "store/feed_table.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static dk_status row_is_missing(dk_store *store, const dk_kind *kind, int64_t row, dk_error *err)
{
    return dk_fail(err, DK_CORRUPT, "%s: row %lld of %s is missing; run dikuai-ingest check", store->path,
                   (long long)row, kind->name);
}

dk_status dk_stored_row_read(dk_store *store, const dk_kind *kind, int64_t row, bool with_geometry,
                             dk_stored_row *ret_row, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, with_geometry ? DK_STMT_ROW : DK_STMT_ROW_FIELDS, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    status = dk_sql_step(store, stmt, err);
    if (status != DK_OK) {
        sqlite3_reset(stmt);
        return status == DK_END ? row_is_missing(store, kind, row, err) : status;
    }
    dk_stored_row_columns(stmt, 0, kind, row, ret_row);
    ret_row->stmt = stmt;
    return DK_OK;
}

static void row_number(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    (void)column;
    sqlite3_result_int64(ret_value, ((const int64_t *)rows)[i]);
}

dk_status dk_stored_rows_read(dk_store *store, const dk_kind *kind, const int64_t *rows, size_t n,
                              dk_status (*each)(const dk_stored_row *row, void *user), void *user, dk_error *err)
{
    const dk_feed feed = {rows, n, row_number};
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_ROWS, &stmt, err);
    if (status == DK_OK)
        status = dk_feed_bind(stmt, &feed, err);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        dk_stored_row row;
        status = dk_sql_step(store, stmt, err);
        if (status == DK_END || (status == DK_OK && sqlite3_column_int64(stmt, 0) != rows[i]))
            status = row_is_missing(store, kind, rows[i], err);
        if (status != DK_OK)
            break;
        dk_stored_row_columns(stmt, 1, kind, rows[i], &row);
        status = each(&row, user);
        dk_stored_row_release(&row);
    }
    if (stmt != NULL) {
        sqlite3_reset(stmt);
        sqlite3_bind_null(stmt, 1);
    }
    return status;
}

static inline void read_value(sqlite3_stmt *stmt, int column, dk_value *ret_value)
{
    /* One look at the column instead of three: a value may be used so by who alone uses the handle (sqlite3_value). */
    sqlite3_value *stored = sqlite3_column_value(stmt, column);
    *ret_value = dk_value_null();
    switch (sqlite3_value_type(stored)) {
    case SQLITE_INTEGER:
        ret_value->type = DK_INTEGER;
        ret_value->integer = sqlite3_value_int64(stored);
        break;
    case SQLITE_FLOAT:
        ret_value->type = DK_REAL;
        ret_value->real = sqlite3_value_double(stored);
        break;
    case SQLITE_TEXT:
        ret_value->type = DK_TEXT;
        ret_value->text.data = (const char *)sqlite3_value_text(stored);
        ret_value->text.size = (size_t)sqlite3_value_bytes(stored);
        break;
    default:
        break;
    }
}

dk_value dk_column_value(sqlite3_stmt *stmt, int column)
{
    dk_value value = dk_value_null();
    read_value(stmt, column, &value);
    return value;
}

void dk_stored_row_columns(sqlite3_stmt *stmt, int column, const dk_kind *kind, int64_t row, dk_stored_row *ret_row)
{
    ret_row->row = row;
    ret_row->key = (const char *)sqlite3_column_text(stmt, column);
    ret_row->feature = (uint64_t)sqlite3_column_int64(stmt, column + 1);
    ret_row->batch = sqlite3_column_int64(stmt, column + 2);
    ret_row->replaces = sqlite3_column_int64(stmt, column + 3);
    ret_row->blob = sqlite3_column_blob(stmt, column + 4);
    ret_row->blob_size = (size_t)sqlite3_column_bytes(stmt, column + 4);
    for (size_t i = 0; i < kind->n_fields; i++)
        read_value(stmt, column + 5 + (int)i, &ret_row->values[i]);
    dk_buf_init(&ret_row->coarse);
    ret_row->stmt = NULL;
}

void dk_row_columns(const dk_kind *kind, const char *alias, bool with_geometry, dk_buf *sql)
{
    /* Of an outline that is not asked for only whether it is empty: of a long one no more than its length is read. */
    dk_buf_format(sql,
                  with_geometry
                      ? "%s.key,%s.feature,%s.batch,%s.replaces,%s.geom"
                      : "%s.key,%s.feature,%s.batch,%s.replaces,CASE WHEN length(%s.geom)<40 THEN %s.geom END",
                  alias, alias, alias, alias, alias, alias);
    for (size_t i = 0; i < kind->n_fields; i++)
        dk_buf_format(sql, ",%s.f_%s", alias, kind->fields[i].name);
}

dk_outline_state dk_column_envelope(sqlite3_stmt *stmt, int column, double ret_envelope[4])
{
    const size_t size = 4 * sizeof *ret_envelope;
    const void *data = sqlite3_column_blob(stmt, column);
    const size_t there = data != NULL ? (size_t)sqlite3_column_bytes(stmt, column) : 0;
    if (there == DK_EMPTY_WKB_SIZE) /* an empty geometry has no envelope: its WKB stands there */
        return DK_OUTLINE_UNDRAWN;
    if (there != size)
        return DK_OUTLINE_LOST;
    memcpy(ret_envelope, data, size);
    return DK_OUTLINE_DRAWN;
}

dk_status dk_row_without_geometry(dk_store *store, const dk_kind *layer, int64_t row, dk_error *err)
{
    return dk_fail(err, DK_CORRUPT, "%s: row %lld of %s has no geometry; run dikuai-ingest check", store->path,
                   (long long)row, layer->name);
}

void dk_stored_row_release(dk_stored_row *row)
{
    if (row->stmt != NULL)
        sqlite3_reset(row->stmt);
    row->stmt = NULL;
    dk_buf_finish(&row->coarse);
}

dk_status dk_row_alive(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation, bool *ret_alive,
                       dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_LIFE, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    sqlite3_bind_int64(stmt, 2, generation);
    status = dk_sql_step(store, stmt, err);
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    *ret_alive = status == DK_OK;
    return DK_OK;
}

dk_status dk_row_of_key(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row,
                        dk_error *err)
{
    if (store->mode == DK_READ && dk_anchor_known(store, kind, key, generation, ret_row))
        return DK_OK;
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_KEY_ROWS, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    int64_t found = 0;
    while (found == 0 && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t row = sqlite3_column_int64(stmt, 0);
        bool alive = false;
        if ((status = dk_row_alive(store, kind, row, generation, &alive, err)) != DK_OK)
            break;
        if (alive)
            found = row;
    }
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    if (store->mode == DK_READ)
        dk_anchor_set(store, kind, key, generation, found);
    *ret_row = found;
    return DK_OK;
}

dk_status dk_row_newest(dk_store *store, const dk_kind *kind, const char *key, dk_newest *ret_newest, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_KEY_ROWS, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
    /* A version that is loading or staged is newer than any published one; among the published, the last published. */
    dk_newest newest = {0};
    int64_t best_rank = -1;
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const int64_t row = sqlite3_column_int64(stmt, 0), batch = sqlite3_column_int64(stmt, 1);
        dk_batch_life life;
        if ((status = dk_batch_life_of(store, batch, &life, err)) != DK_OK)
            break;
        if (newest.any == 0)
            newest.any = row;
        const int64_t rank = life.state == 'w' ? -1 : life.state == 'p' ? life.published_in : INT64_MAX;
        if (rank > best_rank) {
            best_rank = rank;
            newest.row = row;
            newest.batch = batch;
            newest.source_row = sqlite3_column_int64(stmt, 2);
        }
    }
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    *ret_newest = newest;
    return DK_OK;
}

const char *dk_row_division(const dk_kind *kind, const dk_stored_row *row)
{
    const int d = kind->division_field;
    return d >= 0 && row->values[d].type == DK_TEXT ? row->values[d].text.data : NULL;
}

bool dk_row_in_view(const dk_kind *kind, const dk_stored_row *row, const dk_view *view)
{
    return dk_view_every_row(view) || dk_view_row(view, dk_row_division(kind, row));
}

/* What is shown of masked fields. */
static void put_masks(const dk_kind *kind, dk_stored_row *row, const dk_view *view, const char *division, dk_row *seen,
                      dk_value *values)
{
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_value *value = &row->values[i];
        if (!(seen->masked & UINT64_C(1) << i) || value->type != DK_TEXT)
            continue;
        const size_t size = dk_mask_text(dk_view_mask(view, &kind->fields[i], division), value->text.data,
                                         value->text.size, row->masks[i]);
        if (size > 0)
            values[i] = (dk_value){.type = DK_TEXT, .text = {row->masks[i], size}};
    }
}

/* The outline that is shown, with its box. */
static void put_outline(dk_stored_row *row, int coarse, dk_row *seen)
{
    const unsigned char *blob = row->blob;
    size_t size = row->blob_size;
    if (coarse > 0) {
        dk_error ignored;
        dk_buf_clear(&row->coarse);
        if (dk_coarse_gpkg(blob, size, coarse, &row->coarse, &ignored) != DK_OK)
            return;
        blob = row->coarse.data;
        size = row->coarse.size;
    }
    seen->wkb = dk_gpkg_wkb(blob, size, &seen->wkb_size);
    /* The envelope of the GeoPackage header: minx, maxx, miny, maxy, little endian (dk_gpkg_append). */
    if (seen->wkb != NULL && size >= 40) {
        double envelope[4];
        memcpy(envelope, blob + 8, sizeof envelope);
        seen->bounds[0] = envelope[0];
        seen->bounds[1] = envelope[2];
        seen->bounds[2] = envelope[1];
        seen->bounds[3] = envelope[3];
    }
}

void dk_row_seen(const dk_kind *kind, dk_stored_row *row, const dk_view *view, bool with_geometry, dk_value *values,
                 char *label, size_t label_size, dk_row *ret_seen)
{
    const char *division = dk_row_division(kind, row);
    if (!dk_view_row(view, division)) { /* the caller should have looked: nothing, not even its key */
        for (size_t i = 0; i < kind->n_fields; i++)
            values[i] = dk_value_null();
        label[0] = '\0';
        *ret_seen = (dk_row){.kind = kind, .key = "", .label = label, .values = values};
        return;
    }
    const uint64_t clear = dk_view_fields(view, division), masked = dk_view_masked(view, division) & ~clear;
    for (size_t i = 0; i < kind->n_fields; i++)
        values[i] = clear & UINT64_C(1) << i ? row->values[i] : dk_value_null();
    *ret_seen = (dk_row){.kind = kind,
                         .feature = row->feature,
                         .key = row->key,
                         .values = values,
                         .visible = clear | masked,
                         .masked = masked};
    if (masked != 0)
        put_masks(kind, row, view, division, ret_seen, values);
    const dk_value *named = kind->label_field >= 0 ? &values[kind->label_field] : NULL;
    char number[40] = "";
    if (named != NULL && named->type == DK_INTEGER)
        snprintf(number, sizeof number, "%lld", (long long)named->integer);
    else if (named != NULL && named->type == DK_REAL)
        snprintf(number, sizeof number, "%.15g", named->real);
    const bool is_named = named != NULL && named->type == DK_TEXT && named->text.size > 0;
    const char *shown = is_named ? named->text.data : number[0] != '\0' ? number : row->key;
    const size_t shown_size = (size_t)dk_utf8_fit(shown, label_size - 1);
    memcpy(label, shown, shown_size);
    label[shown_size] = '\0';
    ret_seen->label = label;
    ret_seen->undrawn = kind->geometry != DK_NO_GEOMETRY && dk_gpkg_empty(row->blob, row->blob_size);
    if (!ret_seen->undrawn && kind->geometry != DK_NO_GEOMETRY && with_geometry && row->blob != NULL)
        put_outline(row, dk_view_coarse(view, division), ret_seen);
}

/* ---- lists ordered by key ---- */

dk_status dk_key_list_add(dk_key_list *list, int64_t row, const char *key, dk_error *err)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct dk_key_entry *entries = reallocarray(list->entries, capacity, sizeof *entries);
        if (entries == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        list->entries = entries;
        list->capacity = capacity;
    }
    const size_t at = list->keys.size;
    dk_buf_append(&list->keys, key, strlen(key) + 1);
    if (list->keys.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    list->entries[list->n++] = (struct dk_key_entry){row, at};
    return DK_OK;
}

static int compare_entries(const void *a, const void *b, void *keys)
{
    const struct dk_key_entry *x = a, *y = b;
    const int order = strcmp((const char *)keys + x->key, (const char *)keys + y->key);
    return order != 0 ? order : (x->row > y->row) - (x->row < y->row);
}

void dk_key_list_sort(dk_key_list *list)
{
    if (list->n == 0)
        return;
    qsort_r(list->entries, list->n, sizeof *list->entries, compare_entries, list->keys.data);
    size_t kept = 1;
    for (size_t i = 1; i < list->n; i++)
        if (list->entries[i].row != list->entries[kept - 1].row)
            list->entries[kept++] = list->entries[i];
    list->n = kept;
}

const char *dk_key_list_key(const dk_key_list *list, size_t i)
{
    return (const char *)list->keys.data + list->entries[i].key;
}

void dk_key_list_finish(dk_key_list *list)
{
    free(list->entries);
    dk_buf_finish(&list->keys);
    *list = (dk_key_list){0};
}

dk_status dk_key_list_give(dk_store *store, const dk_kind *kind, const dk_key_list *list, const dk_view *view,
                           const char *after, size_t limit, bool with_geometry, dk_row_fn each, void *user,
                           dk_error *err)
{
    size_t given = 0;
    for (size_t i = 0; i < list->n && given < limit; i++) {
        if (after != NULL && strcmp(dk_key_list_key(list, i), after) <= 0)
            continue;
        dk_stored_row stored;
        const dk_status status = dk_stored_row_read(store, kind, list->entries[i].row, with_geometry, &stored, err);
        if (status != DK_OK)
            return status;
        if (!dk_row_in_view(kind, &stored, view)) {
            dk_stored_row_release(&stored);
            continue;
        }
        dk_value values[DK_MAX_FIELDS];
        char label[512];
        dk_row seen;
        dk_row_seen(kind, &stored, view, with_geometry, values, label, sizeof label, &seen);
        const bool more = each(&seen, user);
        dk_stored_row_release(&stored);
        given++;
        if (!more)
            break;
    }
    return DK_OK;
}
