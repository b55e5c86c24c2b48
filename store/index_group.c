#include "store/index_group.h"

#include "store/coarse.h"
#include "store/shelf.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct dk_group_work {
    dk_topology *topology;
    dk_entry_work *entry;
    dk_entry_shape shape;
    dk_shape source;
    dk_outline outline, shown; /* shown: to who is shown a coarse one */
};

dk_group_work *dk_group_work_create(void)
{
    dk_group_work *work = calloc(1, sizeof *work);
    if (work == NULL)
        return NULL;
    dk_shape_init(&work->source);
    dk_outline_init(&work->outline);
    dk_outline_init(&work->shown);
    dk_entry_shape_init(&work->shape);
    work->topology = dk_topology_create();
    work->entry = dk_entry_work_create();
    if (work->topology == NULL || work->entry == NULL) {
        dk_group_work_free(work);
        return NULL;
    }
    return work;
}

void dk_group_work_free(dk_group_work *work)
{
    if (work == NULL)
        return;
    dk_topology_free(work->topology);
    dk_entry_work_free(work->entry);
    dk_entry_shape_finish(&work->shape);
    dk_shape_finish(&work->source);
    dk_outline_finish(&work->outline);
    dk_outline_finish(&work->shown);
    free(work);
}

void dk_group_clear(dk_group *group)
{
    group->n_entries = group->n_pieces = group->n_values = group->n_outlines = 0;
    dk_buf_clear(&group->drawings);
    dk_buf_clear(&group->texts);
    dk_buf_clear(&group->wkb);
    group->damaged_context = 0;
    group->status = DK_OK;
}

void dk_group_finish(dk_group *group)
{
    free(group->entries);
    free(group->pieces);
    free(group->values);
    free(group->outlines);
    dk_buf_finish(&group->drawings);
    dk_buf_finish(&group->texts);
    dk_buf_finish(&group->wkb);
    *group = (dk_group){0};
}

uint64_t dk_hash_bytes(const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ size;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
    }
    for (; size > 0; size--, at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

/* ---- what is read ---- */

static dk_status keep_outline(dk_group *group, const dk_stored_row *row, size_t entry)
{
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(row->blob, row->blob_size, &size);
    if (!dk_grow(&group->outlines, &group->outlines_capacity, group->n_outlines + 1, sizeof *group->outlines))
        return DK_NOMEM;
    group->outlines[group->n_outlines++] = (struct dk_group_outline){
        .wkb = group->wkb.size, .size = wkb != NULL ? size : 0, .entry = entry, .row = row->row};
    if (wkb != NULL)
        dk_buf_append(&group->wkb, wkb, size);
    return group->wkb.failed ? DK_NOMEM : DK_OK;
}

/* Copies a row's values, texts and all. */
static dk_status keep_values(dk_group *group, const dk_kind *layer, const dk_stored_row *row)
{
    const size_t n = layer->n_fields;
    if (!dk_grow(&group->values, &group->values_capacity, group->n_values + n, sizeof *group->values))
        return DK_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const dk_value *value = &row->values[i];
        dk_value *kept = &group->values[group->n_values++];
        *kept = *value;
        if (value->type == DK_TEXT) { /* as an offset until texts no longer move */
            kept->text.data = (const char *)(uintptr_t)group->texts.size;
            dk_buf_append(&group->texts, value->text.data, value->text.size);
            dk_buf_byte(&group->texts, 0);
        }
    }
    return group->texts.failed ? DK_NOMEM : DK_OK;
}

static void settle_values(dk_group *group)
{
    for (size_t i = 0; i < group->n_values; i++)
        if (group->values[i].type == DK_TEXT)
            group->values[i].text.data = (const char *)group->texts.data + (uintptr_t)group->values[i].text.data;
}

dk_status dk_group_target(dk_group *group, const dk_kind *layer, const dk_stored_row *row)
{
    if (!dk_grow(&group->entries, &group->entries_capacity, group->n_entries + 1, sizeof *group->entries))
        return DK_NOMEM;
    group->entries[group->n_entries] =
        (dk_group_entry){.head = {.row = row->row, .feature = row->feature}, .values = group->n_values};
    dk_status status = keep_outline(group, row, group->n_entries);
    if (status == DK_OK)
        status = keep_values(group, layer, row);
    group->n_entries += status == DK_OK;
    return status;
}

dk_status dk_group_context(dk_group *group, const dk_stored_row *row)
{
    return keep_outline(group, row, SIZE_MAX);
}

size_t dk_group_bytes(const dk_group *group)
{
    return group->wkb.size + group->texts.size;
}

/* ---- what follows ---- */

static dk_status no_memory(dk_group *group)
{
    return dk_fail(&group->error, DK_NOMEM, "out of memory");
}

static dk_status add_outline(dk_group *group, dk_group_work *work, struct dk_group_outline *outline)
{
    dk_group_entry *entry = outline->entry == SIZE_MAX ? NULL : &group->entries[outline->entry];
    const int64_t row = outline->row;
    dk_status status = outline->size == 0 ? dk_fail(&group->error, DK_CORRUPT, "row %" PRId64 " has no geometry", row)
                                          : dk_shape_from_wkb(group->wkb.data + outline->wkb, outline->size,
                                                              &work->source, &group->error);
    if (status == DK_CORRUPT) {
        if (entry != NULL)
            entry->damaged = true;
        else
            group->damaged_context = row;
        return DK_OK;
    }
    if (status != DK_OK)
        return status;
    if (entry != NULL)
        entry->head.area_cm2 = (int64_t)(dk_shape_area_m2(&work->source) * 1e4 + 0.5);
    if (dk_outline_from_shape(&work->source, &work->outline) != DK_OK ||
        dk_topology_add(work->topology, &work->outline, entry != NULL, &outline->number) != DK_OK)
        return no_memory(group);
    return DK_OK;
}

/* The pieces of the entry just built. */
static dk_status add_pieces(dk_group *group, const dk_group_work *work, size_t at)
{
    group->entries[at].pieces = group->n_pieces;
    group->entries[at].n_pieces = work->shape.n_pieces;
    for (size_t i = 0; i < work->shape.n_pieces; i++) {
        const dk_piece *from = &work->shape.pieces[i];
        if (!dk_grow(&group->pieces, &group->pieces_capacity, group->n_pieces + 1, sizeof *group->pieces))
            return no_memory(group);
        dk_group_piece *piece = &group->pieces[group->n_pieces++];
        *piece = (dk_group_piece){.head = group->entries[at].head,
                                  .shelf = dk_piece_shelf(from->level, from->last_zoom),
                                  .cell = dk_morton(from->cell_x, from->cell_y),
                                  .entry = at};
        piece->head.x0 = from->box.x0, piece->head.y0 = from->box.y0;
        piece->head.x1 = from->box.x1, piece->head.y1 = from->box.y1;
        piece->head.first_zoom = (uint8_t)from->level;
        piece->head.last_zoom = (uint8_t)from->last_zoom;
        piece->head.cut_zoom = UINT8_MAX;
        piece->head.unsound = from->unsound;
        piece->head.unsound_plate = UINT32_MAX;
        piece->head.area_cm2 = 0;
        piece->head.drawing = (uint32_t)group->drawings.size;
        piece->head.drawing_size = (uint32_t)from->drawing_size;
        dk_buf_append(&group->drawings, work->shape.drawings.data + from->drawing, from->drawing_size);
    }
    return group->drawings.failed ? no_memory(group) : DK_OK;
}

/* A polygon of a centimetre's width, of which nothing is left once both its sides are matched, as it is; and if that is
 * nothing in whole units either, a unit wide. */
static dk_status keep_thin(dk_group *group, dk_group_work *work, const struct dk_group_outline *outline)
{
    if (work->outline.kind != DK_POLYGONS || dk_outline_encloses(&work->outline))
        return DK_OK;
    if (dk_shape_from_wkb(group->wkb.data + outline->wkb, outline->size, &work->source, NULL) != DK_OK ||
        dk_outline_from_shape(&work->source, &work->outline) != DK_OK ||
        (!dk_outline_encloses(&work->outline) && !dk_outline_widen(&work->outline)))
        return no_memory(group);
    return DK_OK;
}

/* What a row's coarse outline decides of its entry. Where it has hardly any size, as what is smaller than a cell has
 * not, it is taken for a quarter of one: to wait until nothing would be large enough served nobody. */
static dk_status measure_shown(dk_group *group, dk_group_work *work, const dk_kind *layer,
                               const struct dk_group_outline *outline, dk_entry_head *ret_head)
{
    const int quarter = layer->public_coarse - 2; /* of a cell's side, as a power of two */
    if (dk_shape_from_wkb(group->wkb.data + outline->wkb, outline->size, &work->source, NULL) != DK_OK ||
        dk_coarse_shape(&work->source, layer->public_coarse) != DK_OK ||
        dk_outline_from_shape(&work->source, &work->shown) != DK_OK ||
        dk_entry_measure(work->entry, &work->shown, layer->min_zoom, layer->max_zoom, ret_head) != DK_OK)
        return no_memory(group);
    if (work->shown.kind == DK_POINTS)
        return DK_OK;
    int zoom = 20 + 3 - quarter; /* at which that is DK_FIRST_UNITS units, 2^3 */
    zoom = zoom > layer->min_zoom ? zoom : layer->min_zoom;
    if (ret_head->first_zoom > zoom)
        ret_head->first_zoom = (uint8_t)zoom;
    if (ret_head->size_class < 4 * quarter)
        ret_head->size_class = (uint8_t)(4 * quarter);
    return DK_OK;
}

static dk_status build_entry(dk_group *group, dk_group_work *work, const dk_kind *layer,
                             const struct dk_group_outline *outline)
{
    const size_t at = outline->entry;
    dk_group_entry *entry = &group->entries[at];
    int min_zoom = layer->min_zoom, max_zoom = layer->max_zoom;
    dk_entry_head shown;
    if (layer->public_coarse > 0) {
        if (measure_shown(group, work, layer, outline, &shown) != DK_OK)
            return DK_NOMEM;
        min_zoom = max_zoom = shown.first_zoom; /* all of it from there on */
    }
    if (dk_topology_get(work->topology, outline->number, &work->outline) != DK_OK ||
        keep_thin(group, work, outline) != DK_OK ||
        dk_entry_build(work->entry, &work->outline, min_zoom, max_zoom, &work->shape) != DK_OK)
        return no_memory(group);
    dk_entry_head *built = &work->shape.head;
    if (layer->public_coarse > 0) {
        built->label_x = shown.label_x;
        built->label_y = shown.label_y;
        built->size_class = shown.size_class;
    }
    const dk_entry_head own = entry->head;
    entry->head = *built;
    entry->head.row = own.row;
    entry->head.feature = own.feature;
    entry->head.area_cm2 = own.area_cm2;
    entry->level = work->shape.level;
    const int cell_level = dk_level_cells(entry->level);
    const uint32_t x = dk_home(built->x0, entry->level), y = dk_home(built->y0, entry->level);
    entry->cell = cell_level == 0 ? 0 : dk_morton(x >> (32 - cell_level), y >> (32 - cell_level));
    if (group->drawings.size + work->shape.drawings.size > UINT32_MAX)
        return dk_fail(&group->error, DK_LIMIT, "rows of one place have outlines of more than 4 GB; simplify them");
    entry->head.drawing = (uint32_t)group->drawings.size;
    dk_buf_append(&group->drawings, work->shape.drawings.data + built->drawing, built->drawing_size);
    if (group->drawings.failed)
        return no_memory(group);
    const unsigned char *bytes = group->drawings.data + entry->head.drawing;
    entry->hash = dk_hash_bytes(bytes, built->drawing_size);
    dk_drawing drawing;
    if (dk_drawing_open(bytes, built->drawing_size, &drawing) != DK_OK)
        return dk_fail(&group->error, DK_INTERNAL, "row %" PRId64 " of %s could not be drawn", own.row, layer->name);
    entry->n_points = drawing.n_points;
    return add_pieces(group, work, at);
}

void dk_group_compute(dk_group *group, dk_group_work *work, const dk_kind *layer)
{
    dk_status status = DK_OK;
    if (work->topology == NULL && (work->topology = dk_topology_create()) == NULL)
        status = no_memory(group);
    else
        dk_topology_clear(work->topology);
    for (size_t i = 0; status == DK_OK && i < group->n_outlines; i++)
        status = add_outline(group, work, &group->outlines[i]);
    if (status == DK_OK && dk_topology_build(work->topology) != DK_OK)
        status = no_memory(group);
    settle_values(group);
    for (size_t i = 0; status == DK_OK && i < group->n_outlines; i++) {
        const struct dk_group_outline *outline = &group->outlines[i];
        if (outline->entry != SIZE_MAX && !group->entries[outline->entry].damaged)
            status = build_entry(group, work, layer, outline);
    }
    if (dk_group_bytes(group) > DK_GROUP_KEPT) {
        dk_topology_free(work->topology);
        work->topology = NULL;
    }
    group->status = status;
}
