#include "store/anchor.h"

#include <stdlib.h>
#include <string.h>

/* A parcel has a handful of rows of each kind; an approval may have a hundred thousand parcels. */
#define KEPT_ROWS 256
#define KEPT_KEY 256

struct dk_anchor {
    const dk_kind *kind; /* NULL: none */
    int64_t generation, row;
    char key[KEPT_KEY];
    bool read; /* values */
    dk_value values[DK_MAX_FIELDS];
    dk_buf texts;    /* of the values */
    uint32_t listed; /* bit k: linked[k] */
    dk_key_list linked[DK_MAX_KINDS];
};

bool dk_anchor_known(const dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row)
{
    const struct dk_anchor *anchor = store->anchor;
    if (anchor == NULL || anchor->kind != kind || anchor->generation != generation || strcmp(anchor->key, key) != 0)
        return false;
    *ret_row = anchor->row;
    return true;
}

void dk_anchor_set(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t row)
{
    const size_t size = strlen(key);
    if (store->anchor == NULL && store->mode == DK_READ)
        store->anchor = calloc(1, sizeof *store->anchor); /* without it everything is read each time */
    struct dk_anchor *anchor = store->anchor;
    if (anchor == NULL)
        return;
    anchor->kind = NULL;
    anchor->read = false;
    anchor->listed = 0;
    if (row == 0 || size >= sizeof anchor->key)
        return;
    memcpy(anchor->key, key, size + 1);
    anchor->kind = kind;
    anchor->generation = generation;
    anchor->row = row;
}

void dk_anchor_free(struct dk_anchor *anchor)
{
    if (anchor == NULL)
        return;
    dk_buf_finish(&anchor->texts);
    for (size_t k = 0; k < DK_MAX_KINDS; k++)
        dk_key_list_finish(&anchor->linked[k]);
    free(anchor);
}

/* Copies values and their texts, which end with a NUL as all texts of rows do. */
static bool copy_values(const dk_kind *kind, const dk_value *values, dk_value *copies, dk_buf *texts)
{
    size_t size = 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        size += values[i].type == DK_TEXT ? values[i].text.size + 1 : 0;
    dk_buf_clear(texts);
    unsigned char *to = dk_buf_reserve(texts, size + 1);
    if (to == NULL)
        return false;
    for (size_t i = 0; i < kind->n_fields; i++) {
        copies[i] = values[i];
        if (values[i].type != DK_TEXT)
            continue;
        memcpy(to, values[i].text.data, values[i].text.size);
        to[values[i].text.size] = '\0';
        copies[i].text.data = (const char *)to;
        to += values[i].text.size + 1;
    }
    return true;
}

/* Readies the handle's anchor; in a writer, whose rows may change, it is never known and read each time. */
static dk_status find(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row,
                      struct dk_anchor **ret_anchor, dk_error *err)
{
    const dk_status status = dk_row_of_key(store, kind, key, generation, ret_row, err);
    if (status != DK_OK)
        return status;
    if (store->anchor == NULL && (store->anchor = calloc(1, sizeof *store->anchor)) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (store->mode != DK_READ)
        dk_anchor_set(store, kind, key, generation, *ret_row);
    *ret_anchor = store->anchor;
    return DK_OK;
}

static dk_status read_values(dk_store *store, const dk_kind *kind, int64_t row, struct dk_anchor *anchor, dk_error *err)
{
    const bool known = anchor->kind != NULL;
    if (known && anchor->read)
        return DK_OK;
    dk_stored_row stored;
    const dk_status status = dk_stored_row_read(store, kind, row, false, &stored, err);
    if (status != DK_OK)
        return status;
    anchor->read = copy_values(kind, stored.values, anchor->values, &anchor->texts);
    dk_stored_row_release(&stored);
    return anchor->read ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_anchor_values(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int64_t *ret_row,
                           const dk_value **ret_values, dk_error *err)
{
    struct dk_anchor *anchor = NULL;
    dk_status status = find(store, kind, key, generation, ret_row, &anchor, err);
    *ret_values = NULL;
    if (status != DK_OK || *ret_row == 0)
        return status;
    if ((status = read_values(store, kind, *ret_row, anchor, err)) == DK_OK)
        *ret_values = anchor->values;
    return status;
}

dk_status dk_anchor_in_view(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                            int64_t generation, dk_error *err)
{
    const dk_view view = dk_view_of(kind, viewer);
    const int d = kind->division_field;
    int64_t row = 0;
    const dk_value *values = NULL;
    if (dk_view_every_row(&view)) /* then whether there is one is seen where it is used */
        return DK_OK;
    const dk_status status = dk_anchor_values(store, kind, key, generation, &row, &values, err);
    if (status != DK_OK)
        return status;
    if (row == 0 || !dk_view_row(&view, d >= 0 && values[d].type == DK_TEXT ? values[d].text.data : NULL))
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", kind->name, key);
    return DK_OK;
}

dk_status dk_anchor_linked(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *other,
                           int64_t generation, dk_key_list *own, const dk_key_list **ret_list, dk_error *err)
{
    int64_t row = 0;
    const dk_value *values = NULL;
    dk_status status = dk_anchor_values(store, kind, key, generation, &row, &values, err);
    if (status != DK_OK)
        return status;
    if (row == 0)
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", kind->name, key);
    struct dk_anchor *anchor = store->anchor;
    dk_key_list *kept = &anchor->linked[other->index];
    if (anchor->kind != NULL && store->mode == DK_READ && anchor->listed & UINT32_C(1) << other->index) {
        *ret_list = kept;
        return DK_OK;
    }
    own->n = 0;
    dk_buf_clear(&own->keys);
    status = dk_linked_rows(store, kind, key, values, other, generation, SIZE_MAX, own, err);
    if (status != DK_OK)
        return status;
    dk_key_list_sort(own);
    *ret_list = own;
    if (anchor->kind == NULL || store->mode != DK_READ || own->n > KEPT_ROWS)
        return DK_OK;
    const dk_key_list before = *kept;
    *kept = *own;
    *own = before; /* its memory serves the next list, or is given back */
    anchor->listed |= UINT32_C(1) << other->index;
    *ret_list = kept;
    return DK_OK;
}
