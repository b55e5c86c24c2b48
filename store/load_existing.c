/* A row beside what is in the store under its key, and beside the rows of its load. */
#include "store/load_work.h"

#include "store/hash.h"
#include "store/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows of this load that were unchanged ---- */

/* Where a hash stands in the table of what was unchanged, or the empty place for it. */
static size_t place_of(const dk_load *load, uint64_t hash)
{
    size_t at = (size_t)(hash % load->unchanged_size);
    while (load->unchanged[at] != 0 && load->in_order[load->unchanged[at] - 1].hash != hash)
        at = (at + 1) % load->unchanged_size;
    return at;
}

/* Fills the table anew with the first n. */
static void put_unchanged(dk_load *load, size_t n)
{
    memset(load->unchanged, 0, load->unchanged_size * sizeof *load->unchanged);
    for (size_t i = 0; i < n; i++)
        load->unchanged[place_of(load, load->in_order[i].hash)] = (uint32_t)(i + 1);
    load->n_unchanged = n;
}

void dk_load_forget_unchanged(dk_load *load, size_t n)
{
    if (load->n_unchanged != n)
        put_unchanged(load, n);
}

/* ---- comparing ---- */

/* The same geometry, also if another format's writer begins its rings elsewhere. */
static bool same_geometry(dk_load *load, const dk_stored_row *row)
{
    if (row->blob_size != load->blob.size)
        return false;
    if (row->blob_size == 0 || memcmp(row->blob, load->blob.data, row->blob_size) == 0)
        return true;
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(row->blob, row->blob_size, &size);
    dk_shape old;
    dk_shape_init(&old);
    const bool same =
        wkb != NULL && dk_shape_from_wkb(wkb, size, &old, NULL) == DK_OK && dk_shape_equal(&old, &load->shape);
    dk_shape_finish(&old);
    return same;
}

/* Compared is what the source says. What follows from it or from other rows is not: a computed area (its last digit
 * hangs on where a ring begins) and, where the source says nothing, a value taken over a link. */
static bool same_values(const dk_load *load, const dk_stored_row *row, const dk_value *values, bool or_empty)
{
    for (size_t i = 0; i < load->kind->n_fields; i++) {
        const bool derived = dk_field_derived(&load->kind->fields[i]) || load->inheritable & UINT64_C(1) << i;
        if (!derived && !dk_value_equal(&row->values[i], &values[i]) && !(or_empty && dk_value_empty(&values[i])))
            return false;
    }
    return true;
}

static bool same_row(dk_load *load, const dk_stored_row *row, const dk_value *values)
{
    return same_values(load, row, values, false) && same_geometry(load, row);
}

/* A ledger that comes again after its rows were drawn: all that a row says is there, and what it leaves empty it left
 * empty before, in a version that was replaced, and whoever drew it has filled it. */
static dk_status same_but_drawn(dk_load *load, const dk_stored_row *row, const dk_value *values, bool *ret_same,
                                dk_error *err)
{
    dk_status status = DK_OK;
    bool same = same_values(load, row, values, false);
    int64_t before = !same && same_values(load, row, values, true) ? row->replaces : 0;
    while (before != 0 && !same) {
        dk_stored_row old;
        if ((status = dk_stored_row_read(load->store, load->kind, before, false, &old, err)) != DK_OK)
            return status;
        same = same_values(load, &old, values, false);
        before = old.replaces < before ? old.replaces : 0;
        dk_stored_row_release(&old);
    }
    *ret_same = same;
    return DK_OK;
}

static dk_status geometries_touch(dk_load *load, const dk_stored_row *row, bool *ret_touch, dk_error *err)
{
    if (load->geos == NULL && (load->geos = dk_geos_create()) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    *ret_touch = dk_geos_may_replace(load->geos, row->blob, row->blob_size, load->blob.data, load->blob.size);
    return DK_OK;
}

/* Rows of this load that are written stand in the store; those that were unchanged are remembered here, so that a key
 * that comes twice is noticed either way. A chance of 2^-64 of being wrong. */
static uint64_t hash_of(const char *key)
{
    return dk_hash64(key, strlen(key), 0);
}

/* NULL: the key has not come. */
static const struct dk_came *find_unchanged(const dk_load *load, const char *key)
{
    if (load->unchanged_size == 0)
        return NULL;
    const uint32_t number = load->unchanged[place_of(load, hash_of(key))];
    return number != 0 ? &load->in_order[number - 1] : NULL;
}

/* Of a key that has not come. */
static dk_status remember_unchanged(dk_load *load, const char *key, const char *source, int64_t row, dk_error *err)
{
    const bool known = load->last_source != NULL && strcmp(load->last_source, source) == 0;
    if (load->n_unchanged == UINT32_MAX)
        return dk_fail(err, DK_LIMIT, "more rows are unchanged than one load can have; load the files in parts");
    if (!dk_grow(&load->in_order, &load->in_order_capacity, load->n_unchanged + 1, sizeof *load->in_order))
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (2 * (load->n_unchanged + 1) > load->unchanged_size) {
        const size_t size = load->unchanged_size ? load->unchanged_size * 2 : 1024;
        uint32_t *table = calloc(size, sizeof *table);
        if (table == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        free(load->unchanged);
        load->unchanged = table;
        load->unchanged_size = size;
        put_unchanged(load, load->n_unchanged);
    }
    const struct dk_came came = {hash_of(key), known ? load->last_source_id : 0, row};
    load->in_order[load->n_unchanged++] = came;
    load->unchanged[place_of(load, came.hash)] = (uint32_t)load->n_unchanged;
    return DK_OK;
}

/* Rejects a key that came before in the same load, unchanged: of several files, in which. */
static dk_status reject_again(dk_load *load, const struct dk_came *first, const char *source, dk_row_report *report,
                              dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const bool own =
        load->last_source != NULL && strcmp(load->last_source, source) == 0 && first->source == load->last_source_id;
    dk_status status = dk_sql_prepare(load->store, "SELECT name FROM dikuai_source WHERE id=?1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, first->source);
    status = dk_sql_step(load->store, stmt, err);
    const char *name = !own && status == DK_OK ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    if (status == DK_OK || status == DK_END)
        dk_row_reject(report,
                      "the key %s came before in the same load, unchanged, in row %" PRId64
                      "%s%.*s; each key may come once",
                      report->key, first->row, name != NULL ? " of " : "", name != NULL ? dk_utf8_fit(name, 150) : 0,
                      name != NULL ? name : "");
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Rejects a key that came before in the same load: of several files, in which. */
static dk_status reject_twice(dk_load *load, const dk_newest *first, const char *source, dk_row_report *report,
                              dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT s.id,s.name FROM row_%s r JOIN dikuai_source s ON s.id=r.source WHERE r.row=?1",
             load->kind->name);
    dk_status status = dk_sql_prepare(load->store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, first->row);
    if ((status = dk_sql_step(load->store, stmt, err)) == DK_OK) {
        const bool own = load->last_source != NULL && strcmp(load->last_source, source) == 0 &&
                         sqlite3_column_int64(stmt, 0) == load->last_source_id;
        const char *name = own ? "" : (const char *)sqlite3_column_text(stmt, 1);
        dk_row_reject(report,
                      "the key %s stands in row %" PRId64 "%s%.*s of the same load already; each key may come once",
                      report->key, first->source_row, own ? "" : " of ", dk_utf8_fit(name, 150), name);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* Notes from which divisions a row comes: that of the version that it replaces and, where that one waits itself, of
 * those that this one replaces, to what is published. */
static dk_status note_replaced(dk_load *load, const dk_stored_row *old, char state, dk_error *err)
{
    dk_status status = dk_brought_replaced(load->brought, old->values, err);
    for (int64_t row = old->row, before = old->replaces;
         status == DK_OK && state == 's' && before != 0 && before < row;) {
        dk_stored_row earlier;
        dk_batch_life life;
        if ((status = dk_stored_row_read(load->store, load->kind, before, false, &earlier, err)) != DK_OK)
            break;
        const int64_t batch = earlier.batch;
        status = dk_brought_replaced(load->brought, earlier.values, err);
        row = before;
        before = earlier.replaces;
        dk_stored_row_release(&earlier);
        if (status == DK_OK && (status = dk_batch_life_of(load->store, batch, &life, err)) == DK_OK)
            state = life.state == 'p' ? 'p' : 's'; /* one that was withdrawn is passed over */
    }
    return status;
}

/* The newest version of a key, of this load too. */
static dk_status find_newest(dk_load *load, const char *key, dk_newest *ret_newest, dk_error *err)
{
    const dk_status status = dk_row_writer_has(load->rows, key) ? dk_row_writer_flush(load->rows, err) : DK_OK;
    return status == DK_OK ? dk_row_newest(load->store, load->kind, key, ret_newest, err) : status;
}

dk_status dk_load_compare(dk_load *load, const dk_value *values, const char *source, int64_t source_row,
                          dk_row_report *report, uint64_t *ret_feature, int64_t *ret_replaces, dk_error *err)
{
    dk_newest newest;
    if (load->came != NULL && !dk_key_filter_came(load->came, report->key, strlen(report->key)))
        return DK_OK;
    dk_status status = find_newest(load, report->key, &newest, err);
    if (status != DK_OK)
        return status;
    const int64_t row = newest.row, batch = newest.batch;
    if (row == 0) { /* all its versions are withdrawn, or there is none: the feature number stays with the key */
        dk_stored_row old;
        if (newest.any == 0)
            return DK_OK;
        if ((status = dk_stored_row_read(load->store, load->kind, newest.any, false, &old, err)) != DK_OK)
            return status;
        *ret_feature = old.feature;
        dk_stored_row_release(&old);
        return DK_OK;
    }
    if (batch == load->batch)
        return reject_twice(load, &newest, source, report, err);
    const struct dk_came *first = find_unchanged(load, report->key);
    if (first != NULL)
        return reject_again(load, first, source, report, err);
    dk_batch_life life;
    if ((status = dk_batch_life_of(load->store, batch, &life, err)) != DK_OK)
        return status;
    dk_stored_row old;
    if ((status = dk_stored_row_read(load->store, load->kind, row, true, &old, err)) != DK_OK)
        return status;
    *ret_feature = old.feature;
    *ret_replaces = row;
    bool touch = true;
    const bool takes_away = load->kind->geometry != DK_NO_GEOMETRY && dk_gpkg_empty(load->blob.data, load->blob.size) &&
                            !dk_gpkg_empty(old.blob, old.blob_size);
    bool same = !takes_away && same_row(load, &old, values);
    if (takes_away && (status = same_but_drawn(load, &old, values, &same, err)) != DK_OK) {
        dk_stored_row_release(&old);
        return status;
    }
    if (same) {
        report->outcome = DK_UNCHANGED;
        if (life.state == 's') {
            report->notes |= DK_NOTE_STAGED;
            report->batch = batch;
        }
        status = remember_unchanged(load, report->key, source, source_row, err);
    } else if (takes_away) {
        dk_row_reject(report,
                      "%s is there already with its outline (batch %" PRId64 "), which a row without does not replace",
                      report->key, batch);
    } else if (!load->replace && load->draw && !dk_gpkg_empty(old.blob, old.blob_size)) {
        dk_row_reject(report, "%s has another outline already (batch %" PRId64 "); load with --replace to replace it",
                      report->key, batch);
    } else if (!load->replace && !load->draw) {
        dk_row_reject(report,
                      "%s is there already with other content (batch %" PRId64 "); load with --replace to replace it",
                      report->key, batch);
    } else {
        report->outcome = DK_REPLACED;
        if (load->kind->geometry != DK_NO_GEOMETRY)
            status = geometries_touch(load, &old, &touch, err);
        if (status == DK_OK && !touch)
            dk_row_reject(report,
                          "%s is there already (batch %" PRId64
                          ") and does not touch this geometry: it is another feature under "
                          "the same key, which --replace does not replace",
                          report->key, batch);
        else if (status == DK_OK)
            status = note_replaced(load, &old, life.state, err);
    }
    dk_stored_row_release(&old);
    return status;
}

/* ---- drawing ---- */

static void show_value(const dk_value *value, char *out, size_t size)
{
    switch (value->type) {
    case DK_TEXT:
        snprintf(out, size, "%.*s", dk_utf8_fit(value->text.data, (int)size - 1), value->text.data);
        break;
    case DK_INTEGER:
        snprintf(out, size, "%" PRId64, value->integer);
        break;
    case DK_REAL:
        snprintf(out, size, "%.15g", value->real);
        break;
    default:
        snprintf(out, size, "nothing");
    }
}

dk_status dk_load_take_there(dk_load *load, dk_value *values, dk_row_report *report, dk_error *err)
{
    dk_newest newest;
    dk_stored_row old;
    size_t places[DK_MAX_FIELDS];
    dk_status status = find_newest(load, report->key, &newest, err);
    if (status != DK_OK)
        return status;
    if (newest.row == 0) {
        const dk_kind *kind = load->kind;
        const dk_field *first = kind->n_qualifiers > 0 ? &kind->fields[kind->qualifiers[0]] : NULL;
        if (first != NULL && dk_value_empty(&values[kind->qualifiers[0]])) /* without --draw it would be there twice */
            dk_row_reject(
                report,
                "there is no %s to be drawn; keys begin with %s (%s), which is empty here: give the row the one that "
                "it has in the ledger (with --set %s=VALUE, --field or --join), or load it first",
                report->key, first->name, first->title, first->name);
        else
            dk_row_reject(report, "there is no %s to be drawn; load it first, or load this file without --draw",
                          report->key);
        return DK_OK;
    }
    if (newest.batch == load->batch) /* compare_existing says so */
        return DK_OK;
    if ((status = dk_stored_row_read(load->store, load->kind, newest.row, true, &old, err)) != DK_OK)
        return status;
    dk_buf_clear(&load->there);
    for (size_t i = 0; i < load->kind->n_fields && report->outcome != DK_REJECTED; i++) {
        const dk_value *there = &old.values[i];
        places[i] = SIZE_MAX;
        if (dk_field_derived(&load->kind->fields[i]) || there->type == DK_NULL)
            continue;
        if (dk_value_empty(&values[i])) {
            values[i] = *there;
            places[i] = there->type == DK_TEXT ? load->there.size : SIZE_MAX;
            if (there->type == DK_TEXT) {
                dk_buf_append(&load->there, there->text.data, there->text.size);
                dk_buf_byte(&load->there, 0);
            }
        } else if (!load->replace && !dk_value_equal(&values[i], there)) {
            char says[80], has[80];
            show_value(&values[i], says, sizeof says);
            show_value(there, has, sizeof has);
            dk_row_reject(report, "%s says %s, and %s is there with %s; correct one of them, or load with --replace",
                          load->kind->fields[i].name, says, report->key, has);
        }
    }
    for (size_t i = 0; i < load->kind->n_fields && report->outcome != DK_REJECTED; i++)
        if (places[i] != SIZE_MAX && !load->there.failed)
            values[i].text.data = (const char *)load->there.data + places[i];
    dk_stored_row_release(&old);
    return load->there.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}
