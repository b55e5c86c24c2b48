#include "store/region_rows.h"

#include "store/apart.h"
#include "store/box_tree.h"
#include "store/coarse.h"
#include "store/geos_time.h"
#include "store/handle.h"
#include "store/index_rows.h"
#include "store/region_work.h"
#include "store/topology.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_CANDIDATES = 500000, /* rows whose boxes meet the region's, 48 bytes each */
    CLOCK_VERTICES = 5000,    /* the clock is looked at once for so many */
    LARGE_VERTICES = 2000     /* an outline of so many is cut to the region's box before it is compared with others */
};

typedef struct candidate {
    int64_t row;
    uint64_t feature;
    double area_m2;
    dk_world_box box;
    dk_within where; /* in the region, as the box tells: not outside */
} candidate;

/* A row that is met, while its layer is worked on. */
typedef struct found {
    dk_world_box box;
    dk_turned outline; /* points into `owned`; only where there are areas */
    void *owned;
    bool crosses;   /* the region's border: only a part of it is inside */
    uint32_t group; /* of those that overlap one another: the number of one of them */
} found;

typedef struct meeting {
    dk_store *store;
    dk_region *region;
    const dk_kind *layer;
    dk_view view;
    int64_t without;
    dk_world_box box;
    candidate *candidates;
    size_t n_candidates, candidates_capacity;
    found *found; /* beside met->rows, in the order in which they are found */
    size_t n_found, found_capacity;
    GEOSWKBReader *reader;
    dk_shape shape;
    dk_buf coarse;    /* the outline of the row under way, where it is not shown as it is */
    bool any_coarse;  /* then boxes of the index are too small */
    dk_turned turned; /* m->shape, where there are areas */
    size_t unclocked; /* vertices since the clock was looked at */
    dk_apart_work apart;
    dk_shared_work sharing;
    size_t *vertices;
    dk_met *met;
    /* pairs */
    dk_boxed *items; /* of one class */
    size_t current;
    dk_status status;
    dk_error *err;
} meeting;

static dk_status late(meeting *m)
{
    return dk_fail(
        m->err, DK_BUSY,
        "The question takes too long at the layer \"%s\"; ask for a smaller or simpler area, or for fewer layers with "
        "the parameter \"layers\".",
        m->layer->name);
}

static dk_status no_memory(meeting *m)
{
    return dk_fail(m->err, DK_NOMEM, "out of memory");
}

/* Whether the time is over; vertices: what was worked on since it was asked last. */
static bool is_late(meeting *m, size_t vertices)
{
    m->unclocked += vertices;
    if (m->unclocked < CLOCK_VERTICES)
        return false;
    m->unclocked = 0;
    return dk_geos_late();
}

/* GEOS failed: for the time, or for the geometry. */
static dk_status failed(meeting *m)
{
    if (dk_geos_late())
        return late(m);
    return dk_fail(m->err, DK_INTERNAL, "%s: GEOS cannot compare a row of %s: %s", m->store->path, m->layer->name,
                   m->region->message);
}

/* ---- candidates ---- */

static bool add_candidates(const dk_block *block, void *user)
{
    meeting *m = user;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        dk_entry_head head;
        memcpy(&head, &block->heads[i], sizeof head);
        /* The outline that is drawn may lie beside the one that counts. */
        const dk_world_box drawn = {head.x0, head.y0, head.x1, head.y1}, box = dk_box_grown(&drawn, DK_MATCH_MOST);
        if (box.x0 > m->box.x1 || box.x1 < m->box.x0 || box.y0 > m->box.y1 || box.y1 < m->box.y0 ||
            head.row == m->without)
            continue;
        if (m->n_candidates == MOST_CANDIDATES) {
            m->status =
                dk_fail(m->err, DK_LIMIT,
                        "More than %d rows of the layer \"%s\" are in the box of the area; ask for a smaller area.",
                        MOST_CANDIDATES, m->layer->name);
            return false;
        }
        if (!dk_grow(&m->candidates, &m->candidates_capacity, m->n_candidates + 1, sizeof *m->candidates)) {
            m->status = no_memory(m);
            return false;
        }
        m->candidates[m->n_candidates++] =
            (candidate){head.row, head.feature, (double)head.area_cm2 / 1e4, box, DK_UNCLEAR};
        if (m->any_coarse)
            dk_coarse_widen(&m->candidates[m->n_candidates - 1].box, m->layer->public_coarse);
    }
    if (dk_geos_late())
        m->status = late(m);
    return m->status == DK_OK;
}

static dk_status place_by_geos(meeting *m, const double b[4], dk_within *ret_where)
{
    dk_region *region = m->region;
    GEOSGeometry *square = GEOSGeom_createRectangle_r(region->geos, b[0], b[1], b[2], b[3]);
    if (square == NULL)
        return no_memory(m);
    const char answer = GEOSPreparedIntersects_r(region->geos, region->prepared, square);
    GEOSGeom_destroy_r(region->geos, square);
    *ret_where = answer == 0 ? DK_OUTSIDE : DK_UNCLEAR;
    return answer != 2 ? DK_OK : failed(m);
}

/* What the boxes alone tell. They are rounded to world units, so they are taken a unit larger. What lies outside is no
 * candidate any more. */
static dk_status place_boxes(meeting *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->n_candidates; i++) {
        candidate *c = &m->candidates[i];
        double b[4]; /* west, south, east, north */
        dk_status status = DK_OK;
        dk_lonlat_from_world((double)c->box.x0 - 1, (double)c->box.y0 - 1, &b[0], &b[3]);
        dk_lonlat_from_world((double)c->box.x1 + 1, (double)c->box.y1 + 1, &b[2], &b[1]);
        if (m->region->kind == DK_POLYGONS)
            c->where = dk_edge_tree_box(m->region->edges, b);
        else
            status = place_by_geos(m, b, &c->where);
        if (status == DK_OK && is_late(m, 100))
            status = late(m);
        if (status != DK_OK)
            return status;
        if (c->where != DK_OUTSIDE)
            m->candidates[kept++] = *c;
    }
    m->n_candidates = kept;
    return DK_OK;
}

/* ---- classes ---- */

/* value: of the classify field, as it is stored. */
static dk_status class_of(meeting *m, const dk_value *value, const char *division, uint32_t *ret_class)
{
    char number[48];
    const char *text = NULL;
    const int field = m->layer->classify_field;
    dk_met *met = m->met;
    if (field >= 0 && (dk_view_fields(&m->view, division) >> field & 1) != 0) {
        if (value->type == DK_TEXT) {
            text = value->text.data;
        } else if (value->type != DK_NULL) {
            if (value->type == DK_INTEGER)
                snprintf(number, sizeof number, "%lld", (long long)value->integer);
            else
                snprintf(number, sizeof number, "%.15g", value->real);
            text = number;
        }
    }
    for (size_t i = 0; i < met->n_classes; i++) {
        const char *known = met->classes[i].value;
        if (known == text || (known != NULL && text != NULL && strcmp(known, text) == 0)) {
            *ret_class = (uint32_t)i;
            return DK_OK;
        }
    }
    if (!dk_grow(&met->classes, &met->classes_capacity, met->n_classes + 1, sizeof *met->classes))
        return no_memory(m);
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        return no_memory(m);
    met->classes[met->n_classes] = (dk_met_class){copy, 0, 0};
    *ret_class = (uint32_t)met->n_classes++;
    return DK_OK;
}

/* ---- one row ---- */

/* So that memory is bounded whatever is stored and asked. */
static dk_status count_vertices(meeting *m, size_t n)
{
    *m->vertices += n;
    if (*m->vertices <= DK_MEET_VERTICES)
        return DK_OK;
    return dk_fail(
        m->err, DK_LIMIT,
        "The rows that the area touches have more than %d vertices; ask for a smaller area, or for fewer layers with "
        "the parameter \"layers\".",
        DK_MEET_VERTICES);
}

static dk_status too_many(meeting *m)
{
    return dk_fail(m->err, DK_LIMIT,
                   "The border of the area crosses that of a row of \"%s\" more than %d times; ask for a simpler area.",
                   m->layer->name, DK_MOST_CROSSINGS);
}

/* By GEOS, where it is not plain how the borders cross. */
static dk_status area_by_geos(meeting *m, const GEOSGeometry *geometry, double *ret_area)
{
    GEOSGeometry *common = GEOSIntersection_r(m->region->geos, m->region->geometry, geometry);
    dk_status status = common != NULL ? DK_OK : failed(m);
    *ret_area = 0;
    if (status == DK_OK && !dk_geos_area_m2(m->region->geos, common, ret_area))
        status = no_memory(m);
    if (common != NULL)
        GEOSGeom_destroy_r(m->region->geos, common);
    return status;
}

static void set_area(double area, found *f, dk_met_row *row)
{
    f->crosses = true;
    row->touches_only = area < DK_MEET_LEAST_M2;
    row->shared_m2 = row->touches_only ? 0 : area < row->row_m2 ? area : row->row_m2;
}

/* Whether the row meets the region, and how. */
static dk_status compare(meeting *m, const unsigned char *wkb, size_t size, found *f, dk_met_row *row, bool *ret_met)
{
    dk_region *region = m->region;
    GEOSGeometry *geometry = GEOSWKBReader_read_r(region->geos, m->reader, wkb, size);
    dk_status status = DK_OK;
    if (geometry == NULL)
        return dk_fail(m->err, DK_CORRUPT, "%s: a geometry of %s cannot be read: %s; run dikuai-ingest check",
                       m->store->path, m->layer->name, region->message);
    char inside = 0, meets = 0, touches = 0;
    double area = 0;
    if (m->met->areas)
        inside = GEOSPreparedContainsProperly_r(region->geos, region->prepared, geometry);
    if (inside == 0)
        meets = GEOSPreparedIntersects_r(region->geos, region->prepared, geometry);
    if (meets == 1 && !m->met->areas)
        touches = GEOSTouches_r(region->geos, region->geometry, geometry);
    *ret_met = inside == 1 || meets == 1;
    if (inside == 2 || meets == 2 || touches == 2)
        status = failed(m);
    else if (inside == 1)
        row->shared_m2 = row->row_m2;
    else if (meets == 1 && !m->met->areas)
        row->touches_only = touches == 1;
    else if (meets == 1 && (status = area_by_geos(m, geometry, &area)) == DK_OK)
        set_area(area, f, row);
    GEOSGeom_destroy_r(region->geos, geometry);
    return status;
}

/* Keeps the outline in m->shape, which is turned. */
static dk_status keep_outline(meeting *m, found *f)
{
    const dk_shape *shape = &m->shape;
    const dk_status status = count_vertices(m, shape->n_points);
    if (status != DK_OK)
        return status;
    size_t boxes = 0;
    for (size_t i = 0; i < shape->n_parts; i++)
        boxes += 4 * dk_boxes_of(&shape->parts[i]);
    const size_t points = shape->n_points * 2 * sizeof(double), parts = shape->n_parts * sizeof(dk_part);
    f->owned = malloc(points + boxes * sizeof(double) + parts + 1);
    if (f->owned == NULL)
        return no_memory(m);
    double *const to = f->owned, *const to_boxes = to + 2 * shape->n_points;
    f->outline = m->turned;
    f->outline.lonlat = memcpy(to, shape->lonlat, points);
    f->outline.boxes = to_boxes;
    f->outline.parts = memcpy(to_boxes + boxes, shape->parts, parts);
    dk_box_edges(f->outline.lonlat, f->outline.parts, shape->n_parts, to_boxes);
    return DK_OK;
}

/* A row of polygons and a region of polygons: where their borders cross plainly, or do not meet, GEOS is not needed. */
static dk_status measure(meeting *m, const unsigned char *wkb, size_t size, dk_within where, found *f, dk_met_row *row,
                         bool *ret_met)
{
    dk_shape *shape = &m->shape;
    double area = 0;
    const dk_status status = dk_shape_from_wkb(wkb, size, shape, m->err);
    if (status != DK_OK)
        return status;
    dk_turn_rings(shape->lonlat, shape->parts, shape->n_parts);
    m->turned = (dk_turned){.lonlat = shape->lonlat, .parts = shape->parts, .n_parts = shape->n_parts};
    dk_shape_bounds(shape, m->turned.bounds);
    *ret_met = true;
    switch (where == DK_WITHIN ? DK_SHARED_WHOLE : dk_shared_area(&m->sharing, m->region->edges, &m->turned, &area)) {
    case DK_SHARED_NONE:
        *ret_met = false;
        return DK_OK;
    case DK_SHARED_WHOLE:
        row->shared_m2 = row->row_m2;
        return DK_OK;
    case DK_SHARED_PART:
        set_area(area, f, row);
        return DK_OK;
    case DK_SHARED_UNCLEAR:
        return compare(m, wkb, size, f, row, ret_met);
    case DK_SHARED_MANY:
        return too_many(m);
    case DK_SHARED_NOMEM:
        break;
    }
    return no_memory(m);
}

/* The columns of DK_STMT_OUTLINES. */
static dk_status visit(meeting *m, const candidate *c, sqlite3_stmt *stmt)
{
    const void *blob = sqlite3_column_blob(stmt, 1);
    size_t blob_size = (size_t)sqlite3_column_bytes(stmt, 1);
    size_t size = 0;
    const dk_value of_row = dk_column_value(stmt, 3);
    const char *in_division = of_row.type == DK_TEXT ? of_row.text.data : NULL;
    if (!dk_view_row(&m->view, in_division))
        return DK_OK;
    const int coarse = blob != NULL ? dk_view_coarse(&m->view, in_division) : 0;
    candidate shown = *c;
    if (coarse > 0) {
        dk_buf_clear(&m->coarse);
        const dk_status status = dk_coarse_gpkg(blob, blob_size, coarse, &m->coarse, m->err);
        if (status != DK_OK)
            return status;
        blob = m->coarse.data;
        blob_size = m->coarse.size;
        shown.where = DK_UNCLEAR;
        c = &shown;
    }
    const unsigned char *wkb = blob != NULL ? dk_gpkg_wkb(blob, blob_size, &size) : NULL;
    found f = {.box = c->box, .group = (uint32_t)m->n_found};
    dk_met_row row = {.row = c->row, .feature = c->feature};
    bool met = c->where == DK_WITHIN;
    dk_status status = DK_OK;
    if (wkb == NULL)
        status = dk_row_without_geometry(m->store, m->layer, c->row, m->err);
    if (m->met->areas)
        row.row_m2 = c->area_m2;
    if (status == DK_OK && m->met->areas && coarse > 0 &&
        (status = dk_shape_from_wkb(wkb, size, &m->shape, m->err)) == DK_OK)
        row.row_m2 = dk_shape_area_m2(&m->shape);
    if (status == DK_OK && m->met->areas)
        status = measure(m, wkb, size, c->where, &f, &row, &met);
    else if (status == DK_OK && c->where != DK_WITHIN)
        status = compare(m, wkb, size, &f, &row, &met);
    if (status == DK_OK && met) {
        const dk_value class = dk_column_value(stmt, 2), division = dk_column_value(stmt, 3);
        status = class_of(m, &class, division.type == DK_TEXT ? division.text.data : NULL, &row.class);
        if (status == DK_OK && m->met->areas && !row.touches_only)
            status = keep_outline(m, &f);
    }
    if (status == DK_OK && is_late(m, size / 16))
        status = late(m);
    if (status == DK_OK && met) {
        if (dk_grow(&m->found, &m->found_capacity, m->n_found + 1, sizeof *m->found) &&
            dk_grow(&m->met->rows, &m->met->capacity, m->met->n + 1, sizeof *m->met->rows)) {
            m->found[m->n_found++] = f;
            m->met->rows[m->met->n++] = row;
            return DK_OK;
        }
        status = no_memory(m);
    }
    free(f.owned);
    return status;
}

/* Candidates whose rows follow one another in the table. */
static dk_status visit_run(meeting *m, const candidate *c, size_t n)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(m->store, m->layer, DK_STMT_OUTLINES, &stmt, m->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, c[0].row);
    sqlite3_bind_int64(stmt, 2, c[n - 1].row);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        if (m->met->n == DK_MEET_ROWS) {
            m->met->complete = false;
            break;
        }
        status = dk_sql_step(m->store, stmt, m->err);
        if (status == DK_END || (status == DK_OK && sqlite3_column_int64(stmt, 0) != c[i].row))
            status = dk_fail(m->err, DK_CORRUPT, "%s: row %lld of %s is missing; run dikuai-ingest check",
                             m->store->path, (long long)c[i].row, m->layer->name);
        if (status == DK_OK)
            status = visit(m, &c[i], stmt);
    }
    sqlite3_reset(stmt);
    return status;
}

/* ---- totals: rows that overlap one another count once ---- */

static uint32_t group_of(meeting *m, uint32_t i)
{
    while (m->found[i].group != i)
        i = m->found[i].group = m->found[m->found[i].group].group;
    return i;
}

static size_t vertices_of(const dk_turned *outline)
{
    const dk_part *last = &outline->parts[outline->n_parts - 1];
    return last->start + last->count;
}

/* The outline of a row, or of a large one what lies about the region. Caller destroys it. NULL: out of memory. */
static GEOSGeometry *outline_of(meeting *m, const found *f)
{
    const double margin = 1e-4, *const b = m->region->bounds; /* degrees */
    GEOSContextHandle_t geos = m->region->geos;
    GEOSGeometry *whole = dk_geos_of_parts(geos, f->outline.lonlat, f->outline.parts, f->outline.n_parts, DK_POLYGONS);
    if (whole == NULL || !f->crosses || vertices_of(&f->outline) < LARGE_VERTICES)
        return whole;
    GEOSGeometry *part = GEOSClipByRect_r(geos, whole, b[0] - margin, b[1] - margin, b[2] + margin, b[3] + margin);
    const bool good = part != NULL && GEOSisValid_r(geos, part) == 1;
    if (good)
        GEOSGeom_destroy_r(geos, whole);
    else if (part != NULL)
        GEOSGeom_destroy_r(geos, part);
    return good ? part : whole;
}

/* What polygons have in common with the region; crosses: its border, as they may. */
static dk_status area_inside(meeting *m, const GEOSGeometry *polygons, bool crosses, double *ret_area)
{
    dk_shape shape;
    dk_status status = DK_OK;
    dk_shape_init(&shape);
    shape.kind = DK_POLYGONS;
    *ret_area = 0;
    if (!dk_geos_rings(m->region->geos, polygons, &shape)) {
        status = no_memory(m);
        goto out;
    }
    const double whole = dk_shape_area_m2(&shape);
    if (!crosses || shape.n_parts == 0) {
        *ret_area = whole;
        goto out;
    }
    dk_turn_rings(shape.lonlat, shape.parts, shape.n_parts);
    dk_turned turned = {.lonlat = shape.lonlat, .parts = shape.parts, .n_parts = shape.n_parts};
    dk_shape_bounds(&shape, turned.bounds);
    switch (dk_shared_area(&m->sharing, m->region->edges, &turned, ret_area)) {
    case DK_SHARED_NONE:
        *ret_area = 0;
        break;
    case DK_SHARED_WHOLE:
        *ret_area = whole;
        break;
    case DK_SHARED_PART:
        break;
    case DK_SHARED_UNCLEAR:
        status = area_by_geos(m, polygons, ret_area);
        break;
    case DK_SHARED_MANY:
        status = too_many(m);
        break;
    case DK_SHARED_NOMEM:
        status = no_memory(m);
        break;
    }
out:
    dk_shape_finish(&shape);
    return status;
}

/* Whether two rows overlap inside the region. First what they have in common: outlines of rows are simpler than what a
 * region of many teeth leaves of them. */
static dk_status overlapping(meeting *m, const found *a, const found *b, bool *ret_overlap)
{
    GEOSContextHandle_t geos = m->region->geos;
    *ret_overlap = false;
    if (dk_polygons_apart(&m->apart, &a->outline, &b->outline))
        return DK_OK;
    GEOSGeometry *one = outline_of(m, a), *other = outline_of(m, b), *both = NULL;
    double area = 0;
    dk_status status = one != NULL && other != NULL ? DK_OK : no_memory(m);
    if (status == DK_OK && (both = GEOSIntersection_r(geos, one, other)) == NULL)
        status = failed(m);
    if (status == DK_OK)
        status = area_inside(m, both, a->crosses && b->crosses, &area);
    *ret_overlap = area >= DK_MEET_LEAST_M2;
    GEOSGeom_destroy_r(geos, both);
    GEOSGeom_destroy_r(geos, one);
    GEOSGeom_destroy_r(geos, other);
    return status;
}

static bool pair(size_t item, void *user)
{
    meeting *m = user;
    const size_t a = (size_t)m->items[m->current].row, b = (size_t)m->items[item].row;
    const uint32_t one = group_of(m, (uint32_t)a), other = group_of(m, (uint32_t)b);
    bool overlap = false;
    if (one == other)
        return true;
    m->status = overlapping(m, &m->found[a], &m->found[b], &overlap);
    if (m->status == DK_OK && overlap)
        m->found[other].group = one;
    if (m->status == DK_OK && is_late(m, vertices_of(&m->found[a].outline) + vertices_of(&m->found[b].outline)))
        m->status = late(m);
    return m->status == DK_OK;
}

/* The rows of one class among themselves. */
static dk_status group_class(meeting *m, uint32_t class)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_found; i++)
        if (m->met->rows[i].class == class && !m->met->rows[i].touches_only)
            m->items[n++] = (dk_boxed){m->found[i].box, (int64_t)i, false};
    if (n < 2)
        return DK_OK;
    dk_box_tree *tree = dk_box_tree_create(m->items, n);
    if (tree == NULL)
        return no_memory(m);
    for (m->current = 0; m->current < n && m->status == DK_OK; m->current++)
        dk_box_tree_meet_behind(tree, m->current, pair, m);
    dk_box_tree_free(tree);
    return m->status;
}

static dk_status group_rows(meeting *m)
{
    dk_status status = DK_OK;
    m->items = malloc(m->n_found * sizeof *m->items + 1);
    if (m->items == NULL)
        return no_memory(m);
    for (size_t i = 0; status == DK_OK && i < m->met->n_classes; i++)
        status = group_class(m, (uint32_t)i);
    return status;
}

/* The area of the union of a group's rows inside the region; `first` is its number. */
static dk_status union_area(meeting *m, uint32_t first, double *ret_area)
{
    GEOSContextHandle_t geos = m->region->geos;
    GEOSGeometry **members = malloc(m->n_found * sizeof *members + 1), *all = NULL, *joined = NULL;
    dk_status status = members == NULL ? no_memory(m) : DK_OK;
    bool crosses = false;
    unsigned n = 0;
    for (uint32_t i = 0; status == DK_OK && i < m->n_found; i++) {
        if (group_of(m, i) != first || m->met->rows[i].touches_only)
            continue;
        crosses |= m->found[i].crosses;
        if ((members[n] = outline_of(m, &m->found[i])) != NULL)
            n++;
        else
            status = no_memory(m);
    }
    if (status == DK_OK && (all = GEOSGeom_createCollection_r(geos, GEOS_GEOMETRYCOLLECTION, members, n)) == NULL)
        status = no_memory(m);
    for (unsigned i = 0; all == NULL && i < n; i++)
        GEOSGeom_destroy_r(geos, members[i]);
    if (status == DK_OK && (joined = GEOSUnaryUnion_r(geos, all)) == NULL)
        status = failed(m);
    *ret_area = 0;
    if (status == DK_OK)
        status = area_inside(m, joined, crosses, ret_area);
    GEOSGeom_destroy_r(geos, all);
    GEOSGeom_destroy_r(geos, joined);
    free(members);
    return status;
}

static dk_status sum_up(meeting *m)
{
    dk_met *met = m->met;
    dk_status status = met->areas ? group_rows(m) : DK_OK;
    uint32_t *sizes = calloc(m->n_found + 1, sizeof *sizes);
    if (sizes == NULL)
        return no_memory(m);
    for (uint32_t i = 0; status == DK_OK && i < m->n_found; i++)
        sizes[group_of(m, i)]++;
    for (uint32_t i = 0; status == DK_OK && i < m->n_found; i++) {
        dk_met_class *class = &met->classes[met->rows[i].class];
        double area = met->rows[i].shared_m2;
        if (met->areas && met->rows[i].touches_only)
            continue;
        class->rows++;
        if (!met->areas || group_of(m, i) != i)
            continue;
        if (sizes[i] > 1)
            status = union_area(m, i, &area);
        class->shared_m2 += area;
    }
    free(sizes);
    return status;
}

typedef struct ranked {
    dk_met_row row;
    double written; /* its area, as it is written; -1 where borders only touch */
} ranked;

static int by_area(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->written != y->written)
        return x->written < y->written ? 1 : -1;
    return (x->row.feature > y->row.feature) - (x->row.feature < y->row.feature);
}

static dk_status order_rows(meeting *m)
{
    dk_met *met = m->met;
    ranked *order = malloc(met->n * sizeof *order + 1);
    if (order == NULL)
        return no_memory(m);
    for (size_t i = 0; i < met->n; i++)
        order[i] = (ranked){met->rows[i], met->rows[i].touches_only ? -1 : round(met->rows[i].shared_m2 * 100)};
    if (met->n > 1)
        qsort(order, met->n, sizeof *order, by_area);
    for (size_t i = 0; i < met->n; i++)
        met->rows[i] = order[i].row;
    free(order);
    return DK_OK;
}

typedef struct ordered {
    dk_met_class class;
    uint32_t number; /* before */
} ordered;

static int by_class_area(const void *a, const void *b)
{
    const ordered *x = a, *y = b;
    if (x->class.shared_m2 != y->class.shared_m2)
        return x->class.shared_m2 < y->class.shared_m2 ? 1 : -1;
    return x->class.rows != y->class.rows ? (x->class.rows < y->class.rows ? 1 : -1)
                                          : (x->number > y->number) - (x->number < y->number);
}

/* Classes by falling area; the rows' numbers follow. */
static dk_status order_classes(meeting *m)
{
    dk_met *met = m->met;
    ordered *order = malloc(met->n_classes * sizeof *order + 1);
    uint32_t *now = malloc(met->n_classes * sizeof *now + 1);
    const bool good = order != NULL && now != NULL;
    for (uint32_t i = 0; good && i < met->n_classes; i++)
        order[i] = (ordered){met->classes[i], i};
    if (good && met->n_classes > 1)
        qsort(order, met->n_classes, sizeof *order, by_class_area);
    for (uint32_t i = 0; good && i < met->n_classes; i++) {
        met->classes[i] = order[i].class;
        now[order[i].number] = i;
    }
    for (size_t i = 0; good && i < met->n; i++)
        met->rows[i].class = now[met->rows[i].class];
    free(order);
    free(now);
    return good ? DK_OK : no_memory(m);
}

/* ---- all of it ---- */

void dk_met_finish(dk_met *met)
{
    for (size_t i = 0; i < met->n_classes; i++)
        free(met->classes[i].value);
    free(met->classes);
    free(met->rows);
    *met = (dk_met){0};
}

static int by_row_number(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

static dk_status meet_all(meeting *m)
{
    const dk_world_box drawn = dk_box_grown(&m->box, DK_MATCH_MOST);
    dk_status status = dk_index_blocks(m->store, m->layer, &drawn, DK_EVERY_ZOOM, add_candidates, m, m->err);
    if (status == DK_OK)
        status = m->status;
    if (status == DK_OK)
        status = place_boxes(m);
    /* In the order of the table: neighbours in it are read together. */
    if (m->n_candidates > 1)
        qsort(m->candidates, m->n_candidates, sizeof *m->candidates, by_row_number);
    for (size_t i = 0, end; status == DK_OK && m->met->complete && i < m->n_candidates; i = end) {
        for (end = i + 1; end < m->n_candidates && m->candidates[end].row == m->candidates[end - 1].row + 1;)
            end++;
        status = visit_run(m, &m->candidates[i], end - i);
    }
    if (status == DK_OK)
        status = sum_up(m);
    if (status == DK_OK)
        status = order_classes(m);
    return status == DK_OK ? order_rows(m) : status;
}

dk_status dk_region_meet(dk_store *store, dk_region *region, const dk_kind *layer, const dk_viewer *viewer,
                         int64_t generation, int64_t without, size_t *vertices, dk_met *ret_met, dk_error *err)
{
    dk_met_finish(ret_met);
    meeting m = {.store = store,
                 .region = region,
                 .layer = layer,
                 .view = dk_view_of(layer, viewer),
                 .without = without,
                 .vertices = vertices,
                 .met = ret_met,
                 .unclocked = CLOCK_VERTICES,
                 .err = err};
    ret_met->complete = true;
    ret_met->areas = layer->geometry == DK_POLYGONS && region->kind == DK_POLYGONS;
    const double *b = region->bounds;
    dk_world_from_lonlat(b[0], b[3], &m.box.x0, &m.box.y0);
    dk_world_from_lonlat(b[2], b[1], &m.box.x1, &m.box.y1);
    if (dk_view_any_coarse(&m.view)) {
        m.any_coarse = true;
        dk_coarse_widen(&m.box, layer->public_coarse);
    }
    dk_buf_init(&m.coarse);
    dk_shape_init(&m.shape);
    m.reader = GEOSWKBReader_create_r(region->geos);
    dk_status status = m.reader == NULL ? no_memory(&m) : dk_index_begin(store, generation, NULL, err);
    if (status == DK_OK) {
        status = meet_all(&m);
        dk_index_end(store);
    }
    for (size_t i = 0; i < m.n_found; i++)
        free(m.found[i].owned);
    free(m.found);
    free(m.candidates);
    free(m.items);
    dk_apart_work_finish(&m.apart);
    dk_shared_work_finish(&m.sharing);
    dk_shape_finish(&m.shape);
    dk_buf_finish(&m.coarse);
    if (m.reader != NULL)
        GEOSWKBReader_destroy_r(region->geos, m.reader);
    if (status != DK_OK)
        dk_met_finish(ret_met);
    return status;
}

dk_status dk_met_give(dk_store *store, const dk_kind *layer, const dk_viewer *viewer, int64_t generation,
                      const dk_met *met, size_t limit, dk_met_fn each, void *user, dk_error *err)
{
    const dk_view view = dk_view_of(layer, viewer);
    bool more = true;
    /* One transaction for all rows. */
    dk_status status = dk_index_begin(store, generation, NULL, err);
    if (status != DK_OK)
        return status;
    for (size_t i = 0; status == DK_OK && more && i < met->n && i < limit; i++) {
        dk_stored_row stored;
        dk_value values[DK_MAX_FIELDS];
        char label[512];
        dk_row seen;
        status = dk_stored_row_read(store, layer, met->rows[i].row, false, &stored, err);
        if (status != DK_OK)
            break;
        if (dk_row_in_view(layer, &stored, &view)) {
            dk_row_seen(layer, &stored, &view, false, values, label, sizeof label, &seen);
            more = each(&seen, &met->rows[i], user);
        }
        dk_stored_row_release(&stored);
    }
    dk_index_end(store);
    return status;
}

dk_status dk_region_of_row(dk_store *store, const dk_kind *layer, const char *key, const dk_viewer *viewer,
                           int64_t generation, dk_region **ret_region, int64_t *ret_row, dk_error *err)
{
    int64_t row = 0;
    dk_status status = dk_row_of_key(store, layer, key, generation, &row, err);
    if (status != DK_OK)
        return status;
    if (row == 0)
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", layer->name, key);
    dk_stored_row stored;
    if ((status = dk_stored_row_read(store, layer, row, true, &stored, err)) != DK_OK)
        return status;
    const dk_view view = dk_view_of(layer, viewer);
    if (!dk_row_in_view(layer, &stored, &view)) {
        dk_stored_row_release(&stored);
        return dk_fail(err, DK_NOT_FOUND, "there is no %s with the key %.200s", layer->name, key);
    }
    dk_shape shape;
    dk_shape_init(&shape);
    size_t size = 0;
    const int coarse = dk_view_coarse(&view, dk_row_division(layer, &stored));
    if (coarse > 0 && stored.blob != NULL) {
        if ((status = dk_coarse_gpkg(stored.blob, stored.blob_size, coarse, &stored.coarse, err)) != DK_OK) {
            dk_stored_row_release(&stored);
            return status;
        }
        stored.blob = stored.coarse.data;
        stored.blob_size = stored.coarse.size;
    }
    const unsigned char *wkb = dk_gpkg_wkb(stored.blob, stored.blob_size, &size);
    if (dk_gpkg_empty(stored.blob, stored.blob_size))
        status = dk_fail(err, DK_INVALID, "The row has no outline yet (无图形): nothing can be compared with it.");
    else if (wkb == NULL)
        status = dk_row_without_geometry(store, layer, row, err);
    else
        status = dk_shape_from_wkb(wkb, size, &shape, err);
    dk_stored_row_release(&stored);
    if (status == DK_OK)
        status = dk_region_of_shape(&shape, ret_region, err);
    dk_shape_finish(&shape);
    if (status == DK_OK)
        *ret_row = row;
    return status;
}
