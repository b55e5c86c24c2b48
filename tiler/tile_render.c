#include "tiler/tile_render.h"

#include "store/coarse.h"
#include "store/query.h"
#include "tiler/tile_feature.h"
#include "tiler/tile_grid_layer.h"

#include <stdlib.h>
#include <string.h>

/* A piece of a large feature that meets the tile: its clipped parts lie in dk_render.parts, its tags in tags. */
typedef struct kept_piece {
    uint64_t feature;
    dk_geometry_kind kind;
    size_t part, n_parts;
    size_t tags, tags_size; /* in dk_render.tags */
} kept_piece;

/* A row that is shown coarse, kept until all of the tile's are known. */
typedef struct kept_coarse {
    uint64_t feature;
    int64_t row;
    int level;
    size_t values, n_values; /* in dk_render.coarse_values */
} kept_coarse;

typedef struct kept_value {
    uint32_t field, hash;
    size_t bytes, size; /* in dk_render.coarse_bytes */
} kept_value;

struct dk_render {
    dk_mvt *mvt;
    dk_feature_work work;
    uint32_t keys[DK_MVT_MAX_KEYS]; /* of the layer under way: the number of each field + 1 */
    uint32_t *values;               /* of the block under way: the layer's value of each number + 1 */
    size_t values_capacity;
    kept_piece *pieces;
    size_t n_pieces, pieces_capacity;
    dk_parts parts;
    dk_buf tags;
    kept_coarse *coarse;
    size_t n_coarse, coarse_capacity;
    kept_value *coarse_values;
    size_t n_coarse_values, coarse_values_capacity;
    dk_buf coarse_bytes;
    dk_shape shape; /* of a row that is shown coarse */
    dk_outline outline;
};

dk_render *dk_render_create(void)
{
    dk_render *render = calloc(1, sizeof *render);
    if (render == NULL)
        return NULL;
    dk_buf_init(&render->tags);
    dk_buf_init(&render->coarse_bytes);
    dk_shape_init(&render->shape);
    dk_outline_init(&render->outline);
    render->mvt = dk_mvt_create();
    render->work.geos = dk_geos_create();
    if (render->mvt == NULL || render->work.geos == NULL) {
        dk_render_free(render);
        return NULL;
    }
    return render;
}

void dk_render_free(dk_render *render)
{
    if (render == NULL)
        return;
    dk_mvt_free(render->mvt);
    dk_feature_work_finish(&render->work);
    free(render->values);
    free(render->pieces);
    dk_buf_finish(&render->tags);
    free(render->coarse);
    free(render->coarse_values);
    dk_buf_finish(&render->coarse_bytes);
    dk_parts_finish(&render->parts);
    dk_shape_finish(&render->shape);
    dk_outline_finish(&render->outline);
    free(render);
}

const dk_render_stats *dk_render_statistics(const dk_render *render)
{
    return &render->work.stats;
}

/* ---- one layer ---- */

typedef struct drawing_layer {
    dk_render *render;
    dk_store *store; /* NULL: every entry is drawn */
    const dk_kind *layer;
    const dk_row_set *rows; /* NULL: all */
    const dk_tile_frame *frame;
    dk_view view;
    bool same_view;   /* whether every row shows the same, and as it is */
    dk_world_box box; /* what the index is asked for: the frame's, and what coarse outlines reach beyond their own */
    dk_error *err;
    dk_status status;
} drawing_layer;

static bool meets(const dk_entry_head *head, const dk_world_box *box)
{
    return head->x0 <= box->x1 && head->x1 >= box->x0 && head->y0 <= box->y1 && head->y1 >= box->y0;
}

/* Forgets the values of the block before. */
static bool begin_block(dk_render *render, const dk_block *block)
{
    if (!dk_grow(&render->values, &render->values_capacity, (size_t)block->n_values + 1, sizeof *render->values))
        return false;
    if (dk_mvt_is_large(render->mvt)) { /* the hashes, where the numbers will be */
        for (uint32_t number = 1; number <= block->n_values; number++)
            render->values[number - 1] = dk_block_value_hash(block, number);
        dk_mvt_expect_values(render->mvt, render->values, block->n_values);
    }
    memset(render->values, 0, ((size_t)block->n_values + 1) * sizeof *render->values);
    return true;
}

/* The layer's number of a block's value: asked of the layer once a block. */
static dk_status value_of(dk_render *render, const dk_block *block, uint32_t number, uint32_t *ret_value)
{
    if (number > block->n_values)
        return DK_CORRUPT;
    if (render->values[number] == 0) {
        dk_tile_value value;
        if (dk_block_tile_value(block, number, &value) != DK_OK)
            return DK_CORRUPT;
        const uint32_t index = dk_mvt_value(render->mvt, &value);
        if (index == DK_MVT_NO_VALUE)
            return DK_NOMEM;
        render->values[number] = index + 1;
    }
    *ret_value = render->values[number] - 1;
    return DK_OK;
}

/* Appends the tags of an entry to render->tags. */
static dk_status add_tags(drawing_layer *d, const dk_block *block, uint32_t i)
{
    dk_render *render = d->render;
    const uint64_t visible = d->same_view ? d->view.outside : dk_entry_visible(d->layer, &d->view, block, i);
    const unsigned char *numbers = block->attributes + 4 * (size_t)i * block->n_attributes;
    unsigned char *const start = dk_buf_reserve(&render->tags, 2 * DK_MVT_PUT * (size_t)block->n_attributes),
                         *to = start;
    if (start == NULL)
        return DK_NOMEM;
    for (uint32_t a = 0; a < block->n_attributes; a++) {
        uint32_t number, value;
        memcpy(&number, numbers + 4 * (size_t)a, 4);
        const uint32_t field = block->fields[a];
        if (number == 0 || field >= d->layer->n_fields || (visible >> field & 1) == 0)
            continue;
        const dk_status status = value_of(render, block, number, &value);
        if (status != DK_OK)
            return status;
        if (render->keys[field] == 0)
            render->keys[field] = dk_mvt_key(render->mvt, field) + 1;
        to = dk_mvt_put(to, render->keys[field] - 1);
        to = dk_mvt_put(to, value);
    }
    render->tags.size += (size_t)(to - start);
    return DK_OK;
}

static dk_mvt_type mvt_type(dk_geometry_kind kind)
{
    return kind == DK_POLYGONS ? DK_MVT_POLYGON : kind == DK_LINES ? DK_MVT_LINE : DK_MVT_POINT;
}

/* Keeps an entry that the viewer is shown coarse. */
static dk_status keep_coarse(drawing_layer *d, const dk_block *block, uint32_t i, int level)
{
    dk_render *render = d->render;
    const uint64_t visible = dk_entry_visible(d->layer, &d->view, block, i);
    const unsigned char *numbers = block->attributes + 4 * (size_t)i * block->n_attributes;
    if (!dk_grow(&render->coarse, &render->coarse_capacity, render->n_coarse + 1, sizeof *render->coarse) ||
        !dk_grow(&render->coarse_values, &render->coarse_values_capacity,
                 render->n_coarse_values + block->n_attributes + 1, sizeof *render->coarse_values))
        return DK_NOMEM;
    kept_coarse *kept = &render->coarse[render->n_coarse];
    *kept = (kept_coarse){block->heads[i].feature, block->heads[i].row, level, render->n_coarse_values, 0};
    for (uint32_t a = 0; a < block->n_attributes; a++) {
        uint32_t number;
        dk_tile_value value;
        memcpy(&number, numbers + 4 * (size_t)a, 4);
        const uint32_t field = block->fields[a];
        if (number == 0 || field >= d->layer->n_fields || (visible >> field & 1) == 0)
            continue;
        if (number > block->n_values || dk_block_tile_value(block, number, &value) != DK_OK)
            return DK_CORRUPT;
        render->coarse_values[render->n_coarse_values++] =
            (kept_value){field, value.hash, render->coarse_bytes.size, value.size};
        dk_buf_append(&render->coarse_bytes, value.bytes, value.size);
        kept->n_values++;
    }
    render->n_coarse++;
    return render->coarse_bytes.failed ? DK_NOMEM : DK_OK;
}

static dk_status add_kept_tags(drawing_layer *d, const kept_coarse *kept)
{
    dk_render *render = d->render;
    unsigned char *const start = dk_buf_reserve(&render->tags, 2 * DK_MVT_PUT * kept->n_values + 1), *to = start;
    if (start == NULL)
        return DK_NOMEM;
    for (size_t v = 0; v < kept->n_values; v++) {
        const kept_value *own = &render->coarse_values[kept->values + v];
        const dk_tile_value value = {render->coarse_bytes.data + own->bytes, own->size, own->hash};
        const uint32_t index = dk_mvt_value(render->mvt, &value);
        if (index == DK_MVT_NO_VALUE)
            return DK_NOMEM;
        if (render->keys[own->field] == 0)
            render->keys[own->field] = dk_mvt_key(render->mvt, own->field) + 1;
        to = dk_mvt_put(to, render->keys[own->field] - 1);
        to = dk_mvt_put(to, index);
    }
    render->tags.size += (size_t)(to - start);
    return DK_OK;
}

/* From the row, and by the one function by which all of it is shown, so that a tile tells no more than an item. */
static dk_status draw_coarse(drawing_layer *d, const kept_coarse *kept)
{
    dk_render *render = d->render;
    dk_status status = dk_query_coarse(d->store, d->layer, kept->row, kept->level, &render->shape, d->err);
    if (status != DK_OK)
        return status == DK_END ? DK_OK : status;
    if ((status = dk_outline_from_shape(&render->shape, &render->outline)) != DK_OK)
        return status;
    dk_mvt_feature_begin(render->mvt, kept->feature, mvt_type(render->outline.kind));
    status = dk_draw_outline(&render->work, render->mvt, d->frame, &render->outline);
    if (status == DK_OK && dk_mvt_has_geometry(render->mvt)) {
        dk_buf_clear(&render->tags);
        status = add_kept_tags(d, kept);
        dk_mvt_tags(render->mvt, render->tags.data, render->tags.size);
    }
    if (dk_mvt_feature_end(render->mvt))
        render->work.stats.features++;
    return status;
}

static int by_coarse_feature(const void *a, const void *b)
{
    const kept_coarse *p = a, *q = b;
    return (p->feature > q->feature) - (p->feature < q->feature);
}

/* In the order of their numbers: that of the index follows from the exact outlines. */
static dk_status draw_kept_coarse(drawing_layer *d)
{
    dk_render *render = d->render;
    dk_status status = DK_OK;
    if (render->n_coarse > 1)
        qsort(render->coarse, render->n_coarse, sizeof *render->coarse, by_coarse_feature);
    for (size_t i = 0; status == DK_OK && i < render->n_coarse; i++)
        status = draw_coarse(d, &render->coarse[i]);
    return status;
}

/* How an entry is shown: as it is, coarse, or not at all. */
static bool shown(const drawing_layer *d, const dk_block *block, uint32_t i, int *ret_coarse)
{
    *ret_coarse = 0;
    if (d->same_view)
        return true;
    const char *division = dk_entry_division(d->layer, block, i);
    *ret_coarse = dk_view_coarse(&d->view, division);
    return dk_view_row(&d->view, division) && d->frame->tile.z <= dk_view_zoom(&d->view, division);
}

static dk_status draw_entry(drawing_layer *d, const dk_block *block, uint32_t i)
{
    dk_render *render = d->render;
    dk_drawing drawing;
    if (dk_block_drawing(block, i, &drawing) != DK_OK)
        return DK_CORRUPT;
    const dk_entry_head *head = &block->heads[i];
    dk_mvt_feature_begin(render->mvt, head->feature, mvt_type(drawing.kind));
    dk_status status = dk_draw_entry(&render->work, render->mvt, d->frame, head, &drawing);
    if (status == DK_OK && dk_mvt_has_geometry(render->mvt)) {
        dk_buf_clear(&render->tags);
        status = add_tags(d, block, i);
        dk_mvt_tags(render->mvt, render->tags.data, render->tags.size);
    }
    if (dk_mvt_feature_end(render->mvt))
        render->work.stats.features++;
    return status;
}

static bool draw_block(const dk_block *block, void *user)
{
    drawing_layer *d = user;
    const int zoom = d->frame->tile.z;
    const dk_world_box box = d->box;
    /* What dk_index_drawn would say of most, without asking. */
    const int first_zoom = d->store == NULL || d->layer->draw_all ? UINT8_MAX : zoom;
    const int cut_zoom = d->store == NULL ? -1 : zoom;
    if (!begin_block(d->render, block)) {
        d->status = DK_NOMEM;
        return false;
    }
    for (uint32_t i = 0; i < block->n_entries && d->status == DK_OK; i++) {
        const dk_entry_head *head = &block->heads[i];
        int coarse = 0;
        if (head->first_zoom > first_zoom || (head->cut_zoom <= cut_zoom && d->same_view) || !meets(head, &box) ||
            !shown(d, block, i, &coarse) || (head->cut_zoom <= cut_zoom && coarse == 0) ||
            (d->rows != NULL && !dk_row_set_has(d->rows, head->row)) ||
            (d->store != NULL && !dk_index_drawn(d->store, d->layer, head, zoom)))
            continue;
        d->status = coarse > 0 ? keep_coarse(d, block, i, coarse) : draw_entry(d, block, i);
    }
    return d->status == DK_OK;
}

/* ---- pieces ---- */

/* The piece is written, but for its tags; those of pieces that are kept stay where they are. */
static dk_status end_drawn_piece(drawing_layer *d, const dk_block *block, uint32_t i)
{
    dk_render *render = d->render;
    const size_t before = render->tags.size;
    dk_status status = DK_OK;
    if (dk_mvt_has_geometry(render->mvt)) {
        status = add_tags(d, block, i);
        dk_mvt_tags(render->mvt, render->tags.data + before, render->tags.size - before);
    }
    if (dk_mvt_feature_end(render->mvt))
        render->work.stats.features++;
    render->tags.size = before;
    return status;
}

/* Draws a piece, or keeps it. */
static dk_status keep_piece(drawing_layer *d, const dk_block *block, uint32_t i, int level, uint32_t cell_y)
{
    dk_render *render = d->render;
    dk_drawing drawing;
    if (dk_block_drawing(block, i, &drawing) != DK_OK)
        return DK_CORRUPT;
    const dk_entry_head *head = &block->heads[i];
    bool drawn;
    dk_mvt_feature_begin(render->mvt, head->feature, mvt_type(drawing.kind));
    dk_status status = dk_draw_sound_piece(&render->work, render->mvt, d->frame, head, &drawing, &drawn);
    if (status != DK_OK)
        return status;
    if (drawn)
        return end_drawn_piece(d, block, i);
    dk_parts_clear(&render->work.pieces);
    status = dk_draw_piece(&render->work, d->frame, head, &drawing, level, cell_y);
    const dk_parts *clipped = &render->work.pieces;
    if (status != DK_OK || clipped->n_parts == 0)
        return status;
    if (!dk_grow(&render->pieces, &render->pieces_capacity, render->n_pieces + 1, sizeof *render->pieces))
        return DK_NOMEM;
    kept_piece *piece = &render->pieces[render->n_pieces];
    *piece = (kept_piece){head->feature, drawing.kind, render->parts.n_parts, clipped->n_parts, render->tags.size, 0};
    for (size_t p = 0; p < clipped->n_parts; p++) {
        const dk_part *part = &clipped->parts[p];
        const size_t start = render->parts.n_points;
        if (!dk_parts_reserve(&render->parts, part->count))
            return DK_NOMEM;
        memcpy(render->parts.xy + 2 * start, clipped->xy + 2 * part->start, part->count * 2 * sizeof *clipped->xy);
        render->parts.n_points += part->count;
        dk_parts_close(&render->parts, start, part->hole);
    }
    status = add_tags(d, block, i);
    piece->tags_size = render->tags.size - piece->tags;
    render->n_pieces++;
    return status;
}

static bool keep_pieces(const dk_block *block, int level, uint32_t x, uint32_t y, void *user)
{
    (void)x; /* a tile lies in one column of cells */
    drawing_layer *d = user;
    const int zoom = d->frame->tile.z;
    if (!begin_block(d->render, block)) {
        d->status = DK_NOMEM;
        return false;
    }
    for (uint32_t i = 0; i < block->n_entries && d->status == DK_OK; i++) {
        const dk_entry_head *head = &block->heads[i];
        int coarse;
        if (head->first_zoom <= zoom && head->last_zoom >= zoom && meets(head, &d->frame->box) &&
            shown(d, block, i, &coarse) && coarse == 0 && (d->rows == NULL || dk_row_set_has(d->rows, head->row)) &&
            dk_index_drawn(d->store, d->layer, head, zoom))
            d->status = keep_piece(d, block, i, level, y);
    }
    return d->status == DK_OK;
}

static int by_feature(const void *a, const void *b)
{
    const kept_piece *p = a, *q = b;
    if (p->feature != q->feature)
        return p->feature < q->feature ? -1 : 1;
    return p->part < q->part ? -1 : p->part > q->part;
}

/* Draws the kept pieces, those of one feature together: a tile of CGCS2000Quad may meet several cells. */
static dk_status draw_kept_pieces(drawing_layer *d)
{
    dk_render *render = d->render;
    dk_status status = DK_OK;
    if (render->n_pieces > 1)
        qsort(render->pieces, render->n_pieces, sizeof *render->pieces, by_feature);
    for (size_t i = 0; status == DK_OK && i < render->n_pieces;) {
        const kept_piece *first = &render->pieces[i];
        dk_parts *joined = &render->work.pieces;
        dk_parts_clear(joined);
        for (; i < render->n_pieces && render->pieces[i].feature == first->feature; i++)
            for (size_t p = 0; p < render->pieces[i].n_parts; p++) {
                const dk_part *part = &render->parts.parts[render->pieces[i].part + p];
                const size_t start = joined->n_points;
                if (!dk_parts_reserve(joined, part->count))
                    return DK_NOMEM;
                memcpy(joined->xy + 2 * start, render->parts.xy + 2 * part->start,
                       part->count * 2 * sizeof *joined->xy);
                joined->n_points += part->count;
                dk_parts_close(joined, start, part->hole);
            }
        dk_mvt_feature_begin(render->mvt, first->feature, mvt_type(first->kind));
        status = dk_draw_pieces(&render->work, render->mvt, first->kind);
        dk_mvt_tags(render->mvt, render->tags.data + first->tags, first->tags_size);
        if (dk_mvt_feature_end(render->mvt))
            render->work.stats.features++;
    }
    return status;
}

/* ---- the tile ---- */

static void begin_layer(dk_render *render, const dk_kind *layer, const char *keys[DK_MVT_MAX_KEYS])
{
    for (size_t k = 0; k < layer->n_fields; k++)
        keys[k] = layer->fields[k].name;
    dk_mvt_layer_begin(render->mvt, layer->name, keys, layer->n_fields);
    memset(render->keys, 0, sizeof render->keys);
    dk_buf_clear(&render->tags);
    render->n_pieces = 0;
    dk_parts_clear(&render->parts);
    render->n_coarse = render->n_coarse_values = 0;
    dk_buf_clear(&render->coarse_bytes);
}

static dk_status render_layer(dk_render *render, dk_store *store, const dk_tile_layer *asked,
                              const dk_tile_frame *frame, const dk_viewer *viewer, dk_buf *out, dk_error *err)
{
    const dk_kind *layer = asked->kind;
    const int zoom = frame->tile.z;
    const dk_view view = dk_view_of(layer, viewer);
    if (zoom < layer->min_zoom || !dk_kind_seen(layer, viewer))
        return DK_OK;
    const char *keys[DK_MVT_MAX_KEYS];
    begin_layer(render, layer, keys);
    drawing_layer d = {.render = render,
                       .store = store,
                       .layer = layer,
                       .rows = asked->rows,
                       .frame = frame,
                       .view = view,
                       .box = frame->box,
                       .err = err};
    d.same_view = view.inside == view.outside && dk_view_every_row(&view) && !dk_view_any_coarse(&view) &&
                  zoom <= view.zoom_outside;
    if (dk_view_any_coarse(&view))
        dk_coarse_widen(&d.box, layer->public_coarse);
    dk_status status = dk_index_blocks(store, layer, &d.box,
                                       layer->draw_all             ? DK_EVERY_ZOOM
                                       : dk_view_any_coarse(&view) ? DK_LARGE + zoom
                                                                   : zoom,
                                       draw_block, &d, err);
    if (status == DK_OK && d.status == DK_OK) {
        const dk_world_box box = dk_tile_box(&frame->tile, 0);
        status = dk_index_pieces(store, layer, &box, zoom, keep_pieces, &d, err);
    }
    if (status == DK_OK && d.status == DK_OK)
        d.status = draw_kept_pieces(&d);
    if (status == DK_OK && d.status == DK_OK)
        d.status = draw_kept_coarse(&d);
    if (status == DK_OK && d.status != DK_OK)
        status = dk_fail(err, d.status, "the tile %d/%u/%u of the layer %s could not be drawn: %s", zoom, frame->tile.x,
                         frame->tile.y, layer->name, dk_status_text(d.status));
    if (status == DK_OK && !dk_mvt_layer_end(render->mvt, out))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    return status;
}

dk_status dk_render_tile(dk_render *render, dk_store *store, const dk_tile_layer *layers, size_t n_layers,
                         const dk_tile_address *tile, const dk_viewer *viewer, int64_t generation, dk_buf *out,
                         int64_t *ret_generation, dk_error *err)
{
    dk_buf_clear(out);
    const dk_tile_frame frame = dk_tile_frame_of(tile);
    dk_status status = dk_index_begin(store, generation, ret_generation, err);
    if (status != DK_OK)
        return status;
    for (size_t i = 0; status == DK_OK && i < n_layers; i++)
        status = layers[i].grid ? dk_render_grid_layer(render->mvt, store, &layers[i], tile, viewer, out, err)
                                : render_layer(render, store, &layers[i], &frame, viewer, out, err);
    dk_index_end(store);
    return status;
}

dk_status dk_render_block(dk_render *render, const dk_kind *layer, const dk_tile_address *tile, const dk_block *block,
                          dk_buf *out)
{
    const dk_tile_frame frame = dk_tile_frame_of(tile);
    const char *keys[DK_MVT_MAX_KEYS];
    begin_layer(render, layer, keys);
    drawing_layer d = {.render = render, .layer = layer, .frame = &frame, .same_view = true, .box = frame.box};
    d.view.inside = d.view.outside = UINT64_MAX;
    dk_buf_clear(out);
    draw_block(block, &d);
    return d.status == DK_OK && !dk_mvt_layer_end(render->mvt, out) ? DK_NOMEM : d.status;
}
