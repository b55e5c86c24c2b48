#include "store/search_box.h"

#include "store/division.h"
#include "store/posts.h"
#include "store/search_index.h"

#include <string.h>

static void join(dk_joint_box *box, const double bounds[4])
{
    for (int i = 0; i < 4; i++)
        if (box->n == 0 || (i < 2 ? bounds[i] < box->bounds[i] : bounds[i] > box->bounds[i]))
            box->bounds[i] = bounds[i];
    box->n++;
}

/* The same of a row that the viewer may not see, or not as it is. */
static dk_status add_box_seen(dk_store *store, const dk_kind *layer, int64_t row, const dk_view *view,
                              dk_joint_box *box, dk_error *err)
{
    dk_stored_row stored;
    const dk_status status = dk_stored_row_read(store, layer, row, true, &stored, err);
    if (status != DK_OK)
        return status;
    dk_value values[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_row_seen(layer, &stored, view, true, values, label, sizeof label, &seen);
    if (seen.wkb != NULL)
        join(box, seen.bounds);
    dk_stored_row_release(&stored);
    return DK_OK;
}

/* Adds the box of a row of a layer, if it is drawn. */
static dk_status add_box(dk_store *store, const dk_kind *layer, int64_t row, const dk_viewer *viewer, dk_joint_box *box,
                         dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_view view = dk_view_of(layer, viewer);
    if (!dk_view_every_row(&view) || dk_view_any_coarse(&view))
        return add_box_seen(store, layer, row, &view, box, err);
    dk_status status = dk_sql_kept(store, layer, DK_STMT_ROW_BOX, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    double own[4]; /* west, east, south, north */
    status = dk_sql_step(store, stmt, err);
    const bool drawn = status == DK_OK && dk_column_envelope(stmt, 0, own) == DK_OUTLINE_DRAWN;
    sqlite3_reset(stmt);
    if (status != DK_OK || !drawn)
        return status == DK_END ? DK_OK : status;
    const double bounds[4] = {own[0], own[2], own[1], own[3]};
    join(box, bounds);
    return DK_OK;
}

/* The same, if it is published. */
static dk_status add_published(dk_store *store, const dk_kind *layer, int64_t row, const dk_viewer *viewer,
                               int64_t generation, dk_joint_box *box, dk_error *err)
{
    bool alive = false;
    const dk_status status = dk_row_alive(store, layer, row, generation, &alive, err);
    return status == DK_OK && alive ? add_box(store, layer, row, viewer, box, err) : status;
}

dk_status dk_box_of_links(dk_store *store, const dk_kind *kind, const char *key, const dk_value *values,
                          const dk_viewer *viewer, int64_t generation, size_t most, dk_joint_box *box, dk_error *err)
{
    const dk_catalogue *catalogue = store->catalogue;
    dk_status status = DK_OK;
    for (size_t k = 0; status == DK_OK && k < catalogue->n_layers; k++) {
        const dk_kind *layer = &catalogue->kinds[k];
        bool reversed;
        if (dk_catalogue_link(catalogue, kind, layer, &reversed) == NULL)
            continue;
        dk_key_list list = {0};
        status = dk_linked_rows(store, kind, key, values, layer, generation, most, &list, err);
        for (size_t i = 0; status == DK_OK && i < list.n && i < most; i++)
            status = add_box(store, layer, list.entries[i].row, viewer, box, err);
        dk_key_list_finish(&list);
    }
    return status;
}

/* Rows of a term: the first ones if there are no more than `most`, else some at equal distances between the first and
 * the last. */
static dk_status add_spread(dk_store *store, const dk_kind *layer, int64_t term, size_t most, const dk_viewer *viewer,
                            int64_t generation, dk_joint_box *box, dk_error *err)
{
    dk_place places[DK_BOX_ROWS + 1], last;
    size_t n = 0;
    bool has_last = false;
    most = most > DK_BOX_ROWS ? DK_BOX_ROWS : most;
    dk_status status = dk_post_seek(store, layer, term, (dk_place){0}, places, most + 1, &n, err);
    const bool more = n > most;
    if (status == DK_OK && more)
        status = dk_post_last(store, layer, term, &last, &has_last, err);
    if (status == DK_OK && more && has_last) {
        const int64_t first = places[0].feature;
        const uint64_t width = (uint64_t)last.feature - (uint64_t)first;
        n = 1;
        for (size_t i = 1; status == DK_OK && i < most && most > 1; i++) {
            const dk_place from = {first + (int64_t)(width / (most - 1) * i), 0};
            size_t found = 0;
            status = dk_post_seek(store, layer, term, from, &places[n], 1, &found, err);
            n += found;
        }
    }
    for (size_t i = 0; status == DK_OK && i < n && i < most; i++)
        status = add_published(store, layer, dk_place_row(places[i]), viewer, generation, box, err);
    return status;
}

static dk_status add_outline(dk_store *store, const char *code, const dk_viewer *viewer, int64_t generation,
                             dk_joint_box *box, dk_error *err)
{
    const dk_kind *layer = dk_division_layer(store->catalogue);
    if (layer == NULL)
        return DK_OK;
    char key[13];
    int64_t row = 0;
    const size_t size = strlen(code);
    if (size >= sizeof key)
        return DK_OK;
    memcpy(key, code, size + 1);
    dk_status status = dk_row_of_key(store, layer, key, generation, &row, err);
    if (status == DK_OK && row == 0 && size < 12) { /* as codes are also written: with zeros up to 12 digits */
        memset(key + size, '0', 12 - size);
        key[12] = '\0';
        status = dk_row_of_key(store, layer, key, generation, &row, err);
    }
    return status == DK_OK && row != 0 ? add_box(store, layer, row, viewer, box, err) : status;
}

dk_status dk_box_of_division(dk_store *store, const char *code, const dk_viewer *viewer, int64_t generation,
                             size_t most, dk_joint_box *box, dk_error *err)
{
    dk_status status = add_outline(store, code, viewer, generation, box, err);
    const bool outlined = box->n > 0;
    for (size_t k = 0; status == DK_OK && !outlined && k < store->catalogue->n_layers; k++) {
        const dk_kind *layer = &store->catalogue->kinds[k];
        const int field = layer->division_field;
        if (field < 0 || layer->fields[field].audience != DK_PUBLIC || !(store->indexed[k] & UINT64_C(1) << field))
            continue;
        dk_found_terms found = {.complete = true};
        status = dk_search_within(store, layer, code, most, &found, err);
        for (size_t i = 0; status == DK_OK && i < found.n; i++)
            status = add_spread(store, layer, found.terms[i].term, most / found.n > 2 ? most / found.n : 2, viewer,
                                generation, box, err);
        dk_found_terms_finish(&found);
    }
    return status;
}
