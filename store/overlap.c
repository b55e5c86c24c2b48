#include "store/overlap.h"

#include "store/area.h"
#include "store/box_tree.h"
#include "store/handle.h"
#include "store/linked.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <geos_c.h>

enum {
    PLACES = 16384,        /* outlines that are kept */
    MOST_BYTES = 1 << 26,  /* as WKB, of them together */
    LARGE_BYTES = 1 << 15, /* such an outline is cut to the other's box first */
    LEVELS = 4,            /* of cells that it is cut to before */
    CELLS = 4              /* of a level along each side of one above */
};
#define NORTH_M 110900.0 /* a degree of latitude in China, within 0.3 % */
#define MARGIN 1e-4      /* degrees that are left around a box */

/* A large outline cut to a cell and half of one around it, so that what has its middle in the cell and is no larger
 * lies within. */
typedef struct clip {
    double column, row;
    GEOSGeometry *shape; /* NULL: none yet */
    size_t bytes;
} clip;

typedef struct outline {
    int64_t row; /* 0: none */
    GEOSGeometry *shape;
    size_t bytes;
    double area_m2;     /* below 0: not known yet */
    clip clips[LEVELS]; /* each within the one before */
} outline;

typedef struct finder {
    dk_store *store;
    const dk_kind *layer;
    GEOSContextHandle_t geos;
    GEOSWKBReader *reader;
    dk_boxed *items;
    size_t n, capacity;
    dk_world_box all;  /* around the batch */
    int64_t *replaced; /* rows that the batch replaces, ascending */
    size_t n_replaced, replaced_capacity;
    int64_t batch, generation;
    dk_box_tree *tree;
    outline *outlines;
    size_t bytes;
    size_t current;                       /* the item whose neighbours are sought */
    const GEOSPreparedGeometry *prepared; /* of it; NULL: not yet */
    dk_status (*each)(const dk_overlap *overlap, void *user);
    void *user;
    dk_overlap_counts counts;
    dk_buf keys;
    dk_status status;
    dk_error *err;
} finder;

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

/* ---- the boxes ---- */

static bool add_item(finder *f, const dk_world_box *box, int64_t row, bool own)
{
    if (!dk_grow(&f->items, &f->capacity, f->n + 1, sizeof *f->items))
        return false;
    f->items[f->n++] = (dk_boxed){*box, row, own};
    return true;
}

static dk_status read_batch(finder *f)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(f->store, f->layer, DK_STMT_BATCH_ROWS, &stmt, f->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, f->batch);
    sqlite3_bind_int64(stmt, 2, 0);
    sqlite3_bind_int64(stmt, 3, -1);
    while ((status = dk_sql_step(f->store, stmt, f->err)) == DK_OK) {
        double envelope[4];
        dk_world_box box;
        const int64_t row = sqlite3_column_int64(stmt, 0), replaces = sqlite3_column_int64(stmt, 2);
        if (!dk_column_envelope(stmt, 4, envelope)) /* without an outline */
            continue;
        dk_world_from_lonlat(envelope[0], envelope[3], &box.x0, &box.y0);
        dk_world_from_lonlat(envelope[1], envelope[2], &box.x1, &box.y1);
        if (f->n == 0)
            f->all = box;
        f->all.x0 = box.x0 < f->all.x0 ? box.x0 : f->all.x0;
        f->all.y0 = box.y0 < f->all.y0 ? box.y0 : f->all.y0;
        f->all.x1 = box.x1 > f->all.x1 ? box.x1 : f->all.x1;
        f->all.y1 = box.y1 > f->all.y1 ? box.y1 : f->all.y1;
        bool good = add_item(f, &box, row, true);
        if (good && replaces != 0) {
            good = dk_grow(&f->replaced, &f->replaced_capacity, f->n_replaced + 1, sizeof *f->replaced);
            if (good && (status = dk_linked_original(f->store, f->layer, replaces, &f->replaced[f->n_replaced++],
                                                     f->err)) != DK_OK)
                break;
        }
        if (!good) {
            status = dk_fail(f->err, DK_NOMEM, "out of memory");
            break;
        }
    }
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool add_published(const dk_block *block, void *user)
{
    finder *f = user;
    for (uint32_t i = 0; i < block->n_entries; i++) {
        dk_entry_head head;
        memcpy(&head, &block->heads[i], sizeof head);
        const dk_world_box box = {head.x0, head.y0, head.x1, head.y1};
        int64_t row = head.row;
        if (box.x0 > f->all.x1 || box.x1 < f->all.x0 || box.y0 > f->all.y1 || box.y1 < f->all.y0)
            continue;
        /* The row that the batch has, or replaces, may be published in another version. */
        if ((f->status = dk_linked_original(f->store, f->layer, row, &row, f->err)) != DK_OK)
            return false;
        if (f->n_replaced > 0 && bsearch(&row, f->replaced, f->n_replaced, sizeof row, ascending) != NULL)
            continue;
        if (!add_item(f, &box, row, false)) {
            f->status = dk_fail(f->err, DK_NOMEM, "out of memory");
            return false;
        }
    }
    return true;
}

static int by_row(const void *a, const void *b)
{
    const dk_boxed *x = a, *y = b;
    return x->row != y->row ? (x->row > y->row) - (x->row < y->row) : (int)y->own - (int)x->own;
}

/* A batch that is published is among what is published: each row once, and as the batch's. */
static void drop_doubles(finder *f)
{
    size_t kept = 0;
    if (f->n > 1)
        qsort(f->items, f->n, sizeof *f->items, by_row);
    for (size_t i = 0; i < f->n; i++)
        if (kept == 0 || f->items[kept - 1].row != f->items[i].row)
            f->items[kept++] = f->items[i];
    f->n = kept;
}

static dk_status gather(finder *f)
{
    dk_status status = read_batch(f);
    if (status != DK_OK || f->n == 0)
        return status;
    if (f->n_replaced > 1)
        qsort(f->replaced, f->n_replaced, sizeof *f->replaced, ascending);
    status = dk_index_begin(f->store, DK_NEWEST, &f->generation, f->err);
    if (status != DK_OK)
        return status;
    status = dk_index_blocks(f->store, f->layer, &f->all, DK_EVERY_ZOOM, add_published, f, f->err);
    dk_index_end(f->store);
    if (status == DK_OK)
        status = f->status;
    drop_doubles(f);
    return status;
}

/* ---- outlines ---- */

/* Those of a level and below it. */
static void forget_clips(finder *f, outline *of, size_t level)
{
    for (; level < LEVELS; level++) {
        clip *at = &of->clips[level];
        if (at->shape != NULL)
            GEOSGeom_destroy_r(f->geos, at->shape);
        *at = (clip){0};
    }
}

static void forget(finder *f, outline *place)
{
    forget_clips(f, place, 0);
    if (place->shape != NULL)
        GEOSGeom_destroy_r(f->geos, place->shape);
    f->bytes -= place->bytes;
    *place = (outline){0};
}

/* Borrowed until the next call for another row of the same place; keep: a place that stays. */
static dk_status outline_of(finder *f, int64_t row, const outline *keep, outline **ret_outline)
{
    outline *place = &f->outlines[(uint64_t)row * UINT64_C(0x9E3779B97F4A7C15) >> 50];
    if (place == keep && place->row != row)
        place = &f->outlines[PLACES]; /* the spare one */
    *ret_outline = place;
    if (place->row == row)
        return DK_OK;
    forget(f, place);
    for (size_t i = 0; f->bytes > MOST_BYTES && i < PLACES; i++)
        if (&f->outlines[i] != keep)
            forget(f, &f->outlines[i]);
    dk_stored_row stored = {0};
    const dk_status status = dk_stored_row_read(f->store, f->layer, row, true, &stored, f->err);
    if (status != DK_OK)
        return status;
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(stored.blob, stored.blob_size, &size);
    place->shape = wkb != NULL ? GEOSWKBReader_read_r(f->geos, f->reader, wkb, size) : NULL;
    place->row = row;
    place->area_m2 = -1;
    place->bytes = size;
    f->bytes += size;
    dk_stored_row_release(&stored);
    return DK_OK;
}

/* ---- the area in common ---- */

typedef struct common {
    double area_m2, half_perimeter_m; /* half_perimeter: of exteriors and holes */
    double largest, lon, lat;         /* a place in the largest part */
    bool counts;                      /* a part is an overlap by itself, whatever slivers there are along the border */
} common;

/* Whether it is more than the inaccuracy of two surveys. */
static bool is_overlap(double area_m2, double half_perimeter_m)
{
    return area_m2 >= DK_OVERLAP_M2 && area_m2 >= DK_OVERLAP_WIDTH_M * half_perimeter_m;
}

static bool add_ring(finder *f, const GEOSGeometry *ring, bool hole, common *to)
{
    const GEOSCoordSequence *sequence = GEOSGeom_getCoordSeq_r(f->geos, ring);
    unsigned n = 0;
    if (sequence == NULL || !GEOSCoordSeq_getSize_r(f->geos, sequence, &n) || n < 4)
        return n == 0;
    double *lonlat = calloc(n, 2 * sizeof *lonlat);
    if (lonlat == NULL || !GEOSCoordSeq_copyToBuffer_r(f->geos, sequence, lonlat, 0, 0)) {
        free(lonlat);
        return false;
    }
    const double area = fabs(dk_ring_area_m2(lonlat, n)), east = NORTH_M * cos(lonlat[1] * acos(-1.0) / 180);
    to->area_m2 += hole ? -area : area;
    for (unsigned i = 0; i + 1 < n; i++)
        to->half_perimeter_m +=
            hypot((lonlat[2 * i + 2] - lonlat[2 * i]) * east, (lonlat[2 * i + 3] - lonlat[2 * i + 1]) * NORTH_M) / 2;
    if (!hole && area > to->largest) {
        to->largest = area;
        to->lon = lonlat[0];
        to->lat = lonlat[1];
    }
    free(lonlat);
    return true;
}

static bool add_polygons(finder *f, const GEOSGeometry *shape, common *to)
{
    const int type = GEOSGeomTypeId_r(f->geos, shape);
    if (type == GEOS_POLYGON) {
        const double area = to->area_m2, half_perimeter = to->half_perimeter_m;
        bool good = GEOSisEmpty_r(f->geos, shape) == 1 || add_ring(f, GEOSGetExteriorRing_r(f->geos, shape), false, to);
        const int holes = GEOSGetNumInteriorRings_r(f->geos, shape);
        for (int i = 0; good && i < holes; i++)
            good = add_ring(f, GEOSGetInteriorRingN_r(f->geos, shape, i), true, to);
        to->counts |= is_overlap(to->area_m2 - area, to->half_perimeter_m - half_perimeter);
        return good;
    }
    bool good = true;
    if (type == GEOS_MULTIPOLYGON || type == GEOS_GEOMETRYCOLLECTION)
        for (int i = 0; good && i < GEOSGetNumGeometries_r(f->geos, shape); i++)
            good = add_polygons(f, GEOSGetGeometryN_r(f->geos, shape, i), to);
    return good; /* lines and points in common are borders */
}

/* ---- of large outlines what is near ---- */

static bool box_of(finder *f, const GEOSGeometry *shape, double ret_box[4])
{
    return GEOSGeom_getXMin_r(f->geos, shape, &ret_box[0]) && GEOSGeom_getYMin_r(f->geos, shape, &ret_box[1]) &&
           GEOSGeom_getXMax_r(f->geos, shape, &ret_box[2]) && GEOSGeom_getYMax_r(f->geos, shape, &ret_box[3]);
}

/* NULL: it cannot be cut so. */
static GEOSGeometry *cut_to(finder *f, const GEOSGeometry *shape, double west, double south, double east, double north)
{
    GEOSGeometry *part = GEOSClipByRect_r(f->geos, shape, west, south, east, north);
    if (part != NULL && GEOSisValid_r(f->geos, part) != 1) {
        GEOSGeom_destroy_r(f->geos, part);
        part = NULL;
    }
    return part;
}

/* What of a large outline is around a box. Boxes come in the order of their places, so that what was cut for one mostly
 * serves the next: not every one of ten thousand neighbours costs all its vertices. */
static const GEOSGeometry *around(finder *f, outline *large, const double box[4])
{
    const GEOSGeometry *shape = large->shape;
    size_t bytes = large->bytes;
    double all[4];
    if (!box_of(f, large->shape, all))
        return shape;
    double side = fmax(all[2] - all[0], all[3] - all[1]);
    for (size_t level = 0; level < LEVELS && bytes >= LARGE_BYTES; level++) {
        clip *at = &large->clips[level];
        side /= CELLS;
        if (!(box[2] - box[0] + 2 * MARGIN < side && box[3] - box[1] + 2 * MARGIN < side))
            break;
        const double column = floor(((box[0] + box[2]) / 2 - all[0]) / side);
        const double row = floor(((box[1] + box[3]) / 2 - all[1]) / side);
        if (at->shape == NULL || at->column != column || at->row != row) {
            const double west = all[0] + (column - 0.5) * side, south = all[1] + (row - 0.5) * side;
            forget_clips(f, large, level);
            GEOSGeometry *part = cut_to(f, shape, west, south, west + 2 * side, south + 2 * side);
            if (part == NULL)
                break;
            const int n = GEOSGetNumCoordinates_r(f->geos, part);
            *at = (clip){column, row, part, n > 0 ? (size_t)n * 2 * sizeof(double) : 0};
        }
        shape = at->shape;
        bytes = at->bytes;
    }
    return shape;
}

/* A large outline cut to the box of another. NULL: take it whole. */
static GEOSGeometry *cut(finder *f, outline *large, const outline *small)
{
    double box[4];
    if (large->bytes < LARGE_BYTES || !box_of(f, small->shape, box))
        return NULL;
    return cut_to(f, around(f, large, box), box[0] - MARGIN, box[1] - MARGIN, box[2] + MARGIN, box[3] + MARGIN);
}

/* ---- pairs ---- */

static dk_status key_of(finder *f, int64_t row, size_t *ret_at, int64_t *ret_batch)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(f->store, f->layer, DK_STMT_ROW_META, &stmt, f->err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    status = dk_sql_step(f->store, stmt, f->err);
    *ret_at = f->keys.size;
    if (status == DK_OK) {
        const char *key = (const char *)sqlite3_column_text(stmt, 0);
        dk_buf_append(&f->keys, key, strlen(key) + 1);
        *ret_batch = sqlite3_column_int64(stmt, 2);
    }
    sqlite3_reset(stmt);
    if (status == DK_END)
        return dk_fail(f->err, DK_CORRUPT, "%s: row %lld of %s is missing; run dikuai-ingest check", f->store->path,
                       (long long)row, f->layer->name);
    return f->keys.failed ? dk_fail(f->err, DK_NOMEM, "out of memory") : status;
}

static dk_status tell(finder *f, const dk_boxed *own, const dk_boxed *other, const common *found, double smaller_m2)
{
    size_t key = 0, other_key = 0;
    int64_t batch = 0, other_batch = 0;
    dk_buf_clear(&f->keys);
    dk_status status = key_of(f, own->row, &key, &batch);
    if (status == DK_OK)
        status = key_of(f, other->row, &other_key, &other_batch);
    if (status != DK_OK)
        return status;
    /* Versions of one row: the batch's own was replaced since, or withdrawn and loaded again, or waits beside another
     * that waits. */
    if (strcmp((const char *)f->keys.data + key, (const char *)f->keys.data + other_key) == 0)
        return DK_OK;
    f->counts.within += other->own;
    f->counts.published += !other->own;
    const dk_overlap overlap = {.key = (const char *)f->keys.data + key,
                                .other = (const char *)f->keys.data + other_key,
                                .batch = other->own ? 0 : other_batch,
                                .area_m2 = found->area_m2,
                                .share = smaller_m2 > 0 ? fmin(found->area_m2 / smaller_m2, 1) : 0,
                                .lon = found->lon,
                                .lat = found->lat};
    return f->each(&overlap, f->user);
}

/* Most neighbours by their boxes do not touch at all, which is known fast. */
static bool apart(finder *f, const outline *own, const GEOSGeometry *other)
{
    if (f->prepared == NULL)
        f->prepared = GEOSPrepare_r(f->geos, own->shape);
    return f->prepared != NULL && GEOSPreparedIntersects_r(f->geos, f->prepared, other) == 0;
}

/* Adds what the own outline, which is prepared, has in common with another; false: GEOS cannot tell. */
static bool intersect(finder *f, outline *own, outline *other, common *to)
{
    GEOSGeometry *one = NULL, *two = cut(f, other, own), *shape = NULL;
    const GEOSGeometry *near = two != NULL ? two : other->shape;
    bool good = true;
    if (!apart(f, own, near)) {
        one = cut(f, own, other);
        shape = GEOSIntersection_r(f->geos, one != NULL ? one : own->shape, near);
        good = shape != NULL && add_polygons(f, shape, to);
    }
    GEOSGeom_destroy_r(f->geos, shape);
    GEOSGeom_destroy_r(f->geos, one);
    GEOSGeom_destroy_r(f->geos, two);
    return good;
}

/* What the boxes have in common is at least as large and as wide as what the outlines have. */
static bool boxes_suffice(const dk_world_box *a, const dk_world_box *b)
{
    const uint32_t x0 = a->x0 > b->x0 ? a->x0 : b->x0, x1 = a->x1 < b->x1 ? a->x1 : b->x1;
    const uint32_t y0 = a->y0 > b->y0 ? a->y0 : b->y0, y1 = a->y1 < b->y1 ? a->y1 : b->y1;
    const double unit = 40075017.0 / 4294967296.0; /* metres at the equator, the most that a unit is */
    const double width = ((double)(x1 - x0) + 2) * unit, height = ((double)(y1 - y0) + 2) * unit;
    return width * height >= DK_OVERLAP_M2 && width >= DK_OVERLAP_WIDTH_M && height >= DK_OVERLAP_WIDTH_M;
}

static double area_of(finder *f, outline *of)
{
    common whole = {0};
    if (of->area_m2 < 0)
        of->area_m2 = add_polygons(f, of->shape, &whole) ? whole.area_m2 : 0;
    return of->area_m2;
}

static bool compare(size_t item, void *user)
{
    finder *f = user;
    const dk_boxed *own = &f->items[f->current], *other = &f->items[item];
    if (item == f->current || (other->own && item < f->current) || !boxes_suffice(&own->box, &other->box))
        return true;
    outline *a = NULL, *b = NULL;
    if ((f->status = outline_of(f, own->row, NULL, &a)) != DK_OK ||
        (f->status = outline_of(f, other->row, a, &b)) != DK_OK)
        return false;
    common found = {0};
    if (a->shape == NULL || b->shape == NULL)
        f->counts.unknown++;
    else if (!intersect(f, a, b, &found))
        f->counts.unknown++;
    else if (found.counts || is_overlap(found.area_m2, found.half_perimeter_m))
        f->status = tell(f, own, other, &found, fmin(area_of(f, a), area_of(f, b)));
    return f->status == DK_OK;
}

static void finish(finder *f)
{
    for (size_t i = 0; f->outlines != NULL && i <= PLACES; i++)
        forget(f, &f->outlines[i]);
    free(f->outlines);
    dk_box_tree_free(f->tree);
    free(f->items);
    free(f->replaced);
    dk_buf_finish(&f->keys);
    if (f->reader != NULL)
        GEOSWKBReader_destroy_r(f->geos, f->reader);
    if (f->geos != NULL)
        GEOS_finish_r(f->geos);
}

dk_status dk_batch_overlaps(dk_store *store, const dk_kind *layer, int64_t batch,
                            dk_status (*each)(const dk_overlap *overlap, void *user),
                            dk_status (*step)(int64_t done, int64_t total, void *user), void *user,
                            dk_overlap_counts *ret_counts, dk_error *err)
{
    finder f = {.store = store, .layer = layer, .batch = batch, .each = each, .user = user, .err = err};
    dk_status status = DK_OK;
    if (layer->geometry != DK_POLYGONS)
        goto out;
    f.geos = GEOS_init_r();
    if (f.geos != NULL) {
        GEOSContext_setErrorMessageHandler_r(f.geos, ignore, NULL);
        GEOSContext_setNoticeMessageHandler_r(f.geos, ignore, NULL);
        f.reader = GEOSWKBReader_create_r(f.geos);
    }
    f.outlines = calloc(PLACES + 1, sizeof *f.outlines);
    if (f.reader == NULL || f.outlines == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if ((status = gather(&f)) != DK_OK || f.n == 0)
        goto out;
    if ((f.tree = dk_box_tree_create(f.items, f.n)) == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    for (f.current = 0; f.current < f.n && f.status == DK_OK; f.current++) {
        if (f.items[f.current].own)
            dk_box_tree_meet(f.tree, &f.items[f.current].box, compare, &f);
        if (f.prepared != NULL)
            GEOSPreparedGeom_destroy_r(f.geos, f.prepared);
        f.prepared = NULL;
        if (f.status == DK_OK && f.current % 256 == 0)
            f.status = step((int64_t)f.current, (int64_t)f.n, user);
    }
    status = f.status;
out:
    if (status == DK_OK)
        *ret_counts = f.counts;
    finish(&f);
    return status;
}
