#include "store/division.h"

#include "store/geometry.h"
#include "store/handle.h"
#include "store/succession.h"
#include "store/text.h"

#include <stdio.h>
#include <string.h>

const dk_kind *dk_division_layer(const dk_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->n_layers; i++) {
        const dk_kind *kind = &catalogue->kinds[i];
        if (kind->geometry == DK_POLYGONS && kind->n_qualifiers == 0 && !kind->qualify_by_source &&
            kind->fields[kind->key_field].type == DK_FIELD_DIVISION)
            return kind;
    }
    return NULL;
}

static dk_status append_outline(dk_store *store, const dk_kind *layer, const char *key, int64_t generation, dk_buf *out,
                                dk_error *err)
{
    int64_t row = 0;
    dk_stored_row stored = {0};
    size_t size = 0;
    dk_status status = dk_row_of_key(store, layer, key, generation, &row, err);
    if (status != DK_OK || row == 0 || (status = dk_stored_row_read(store, layer, row, true, &stored, err)) != DK_OK)
        return status;
    const unsigned char *wkb = dk_gpkg_wkb(stored.blob, stored.blob_size, &size);
    if (wkb != NULL && !dk_gpkg_empty(stored.blob, stored.blob_size))
        dk_buf_append(out, wkb, size);
    else if (wkb == NULL)
        status = dk_row_without_geometry(store, layer, row, err);
    dk_stored_row_release(&stored);
    return status == DK_OK && out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}

/* The outline under a code, or under the same with 0 behind it up to 12 digits. */
static dk_status append_either(dk_store *store, const dk_kind *layer, const char *code, int64_t generation, dk_buf *out,
                               dk_error *err)
{
    char padded[13] = "000000000000";
    const size_t size = strlen(code);
    const dk_status status = append_outline(store, layer, code, generation, out, err);
    if (status != DK_OK || out->size > 0 || size == 12)
        return status;
    memcpy(padded, code, size);
    return append_outline(store, layer, padded, generation, out, err);
}

dk_status dk_division_outline(dk_store *store, const dk_kind *layer, const char *code, dk_buf *out, dk_error *err)
{
    int64_t generation = 0;
    dk_buf_clear(out);
    if (!dk_division_code_valid(code))
        return DK_OK;
    dk_status status = dk_store_generation(store, &generation, err);
    for (size_t size = strlen(code); status == DK_OK && size >= 6 && out->size == 0; size -= 3) {
        char key[13];
        dk_text_copy(key, sizeof key, code, size);
        status = append_either(store, layer, key, generation, out, err);
        for (int steps = 0; steps < DK_MOST_SUCCESSORS && status == DK_OK && out->size == 0 &&
                            dk_division_next(layer->catalogue, key, key);
             steps++)
            status = append_either(store, layer, key, generation, out, err);
    }
    return status;
}

bool dk_division_known(const dk_catalogue *catalogue, const char *code)
{
    char cut[13];
    dk_text_copy(cut, sizeof cut, code, strlen(code));
    size_t size = strlen(cut);
    while (size > 6 && strcmp(cut + size - 3, "000") == 0)
        cut[size -= 3] = 0;
    if (catalogue->n_divisions == 0 || dk_catalogue_division(catalogue, cut) != NULL)
        return true;
    const size_t full = size;
    while (size > 6) {
        char prefix[13];
        dk_text_copy(prefix, sizeof prefix, cut, size -= 3);
        if (dk_catalogue_division(catalogue, prefix) == NULL)
            continue;
        for (size_t i = 0; i < catalogue->n_divisions; i++) {
            const char *other = catalogue->divisions[i].code;
            if (strlen(other) == full && strncmp(other, prefix, size) == 0)
                return false;
        }
        return true;
    }
    return false;
}
