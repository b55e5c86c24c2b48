#include "store/overview.h"

#include "store/shelf.h"

#include <stdlib.h>
#include <string.h>

struct dk_overview {
    const dk_kind *layer;
    int zoom;
    dk_block_builder *builder;
    dk_buf drawing, bytes, old;
};

dk_overview *dk_overview_create(void)
{
    dk_overview *overview = calloc(1, sizeof *overview);
    if (overview == NULL)
        return NULL;
    dk_buf_init(&overview->drawing);
    dk_buf_init(&overview->bytes);
    dk_buf_init(&overview->old);
    overview->builder = dk_block_builder_create();
    if (overview->builder == NULL) {
        dk_overview_free(overview);
        return NULL;
    }
    return overview;
}

void dk_overview_free(dk_overview *overview)
{
    if (overview == NULL)
        return;
    dk_block_builder_free(overview->builder);
    dk_buf_finish(&overview->drawing);
    dk_buf_finish(&overview->bytes);
    dk_buf_finish(&overview->old);
    free(overview);
}

void dk_overview_begin(dk_overview *overview, const dk_kind *layer, int zoom)
{
    overview->layer = layer;
    overview->zoom = zoom;
    dk_block_begin(overview->builder, layer);
}

dk_status dk_overview_add(dk_overview *overview, const dk_block *block, uint32_t i, int shelf)
{
    const dk_kind *layer = overview->layer;
    dk_entry_head head = block->heads[i];
    dk_drawing drawing;
    dk_value values[DK_MAX_FIELDS];
    if (overview->zoom > DK_OVERVIEW_ZOOM || dk_shelf_level(shelf) <= overview->zoom || head.cut_zoom <= overview->zoom)
        return DK_OK;
    dk_status status = dk_block_drawing(block, i, &drawing);
    if (status == DK_OK)
        status = dk_entry_values(layer, block, i, UINT64_MAX, values);
    if (status != DK_OK)
        return status;
    if (layer->division_field >= 0 && head.division != 0 &&
        (status = dk_block_value(block, head.division, &values[layer->division_field])) != DK_OK)
        return status;
    head.last_zoom = (uint8_t)overview->zoom;
    dk_buf_clear(&overview->drawing);
    dk_drawing_at_zoom(&drawing, overview->zoom, &overview->drawing);
    if (overview->drawing.failed)
        return DK_NOMEM;
    return dk_block_add(overview->builder, &head, overview->drawing.data, overview->drawing.size, values);
}

static dk_status keep_old(int level, uint64_t cell, const void *data, size_t size, void *user)
{
    (void)level, (void)cell;
    dk_buf_append(user, data, size);
    return DK_END;
}

dk_status dk_overview_compare(dk_overview *overview, dk_store *store, uint64_t tile, int64_t generation, bool *ret_same,
                              dk_error *err)
{
    dk_cell_range cell;
    dk_morton_split(tile, &cell.x0, &cell.y0);
    cell.x1 = cell.x0, cell.y1 = cell.y0;
    dk_buf_clear(&overview->old);
    dk_status status = dk_block_finish(overview->builder, &overview->bytes);
    if (status != DK_OK || overview->bytes.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    status = dk_sheet_scan(store, overview->layer, DK_SHEET_OVERVIEW, overview->zoom, &cell, generation, keep_old,
                           &overview->old, err);
    if (overview->old.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    *ret_same = status == DK_OK && overview->old.size == overview->bytes.size &&
                (overview->old.size == 0 || memcmp(overview->old.data, overview->bytes.data, overview->old.size) == 0);
    return status;
}

dk_status dk_overview_write(dk_overview *overview, dk_store *store, uint64_t tile, int64_t generation, dk_error *err)
{
    bool same = false;
    if (overview->zoom > DK_OVERVIEW_ZOOM)
        return DK_OK;
    const dk_status status = dk_overview_compare(overview, store, tile, DK_NEWEST, &same, err);
    return status != DK_OK || same ? status
                                   : dk_sheet_write(store, overview->layer, DK_SHEET_OVERVIEW, overview->zoom, tile,
                                                    generation, overview->bytes.data, overview->bytes.size, err);
}
