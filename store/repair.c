#include "store/repair.h"

#include "store/ring_simple.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <geos_c.h>

struct dk_geos {
    GEOSContextHandle_t context;
    GEOSWKBWriter *writer;
    GEOSMakeValidParams *keep, *drop; /* by the structure method; what collapses is kept, or dropped */
    dk_shape shape;                   /* reused from call to call */
    char message[256];                /* what GEOS said last */
};

static void remember(const char *message, void *user)
{
    dk_geos *const geos = user;
    snprintf(geos->message, sizeof geos->message, "%s", message);
}

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

static GEOSMakeValidParams *make_valid_params(GEOSContextHandle_t context, int keep_collapsed)
{
    GEOSMakeValidParams *const params = GEOSMakeValidParams_create_r(context);
    if (params == NULL)
        return NULL;
    GEOSMakeValidParams_setMethod_r(context, params, GEOS_MAKE_VALID_STRUCTURE);
    GEOSMakeValidParams_setKeepCollapsed_r(context, params, keep_collapsed);
    return params;
}

dk_geos *dk_geos_create(void)
{
    dk_geos *geos = calloc(1, sizeof *geos);
    if (geos == NULL)
        return NULL;
    dk_shape_init(&geos->shape);
    geos->context = GEOS_init_r();
    if (geos->context == NULL) {
        free(geos);
        return NULL;
    }
    GEOSContext_setErrorMessageHandler_r(geos->context, remember, geos);
    GEOSContext_setNoticeMessageHandler_r(geos->context, ignore, NULL);
    geos->writer = GEOSWKBWriter_create_r(geos->context);
    geos->keep = make_valid_params(geos->context, 1);
    geos->drop = make_valid_params(geos->context, 0);
    if (geos->writer == NULL || geos->keep == NULL || geos->drop == NULL) {
        dk_geos_free(geos);
        return NULL;
    }
    GEOSWKBWriter_setOutputDimension_r(geos->context, geos->writer, 2);
    GEOSWKBWriter_setByteOrder_r(geos->context, geos->writer, GEOS_WKB_NDR);
    GEOSWKBWriter_setFlavor_r(geos->context, geos->writer, GEOS_WKB_ISO);
    GEOSWKBWriter_setIncludeSRID_r(geos->context, geos->writer, 0);
    return geos;
}

void dk_geos_free(dk_geos *geos)
{
    if (geos == NULL)
        return;
    if (geos->writer != NULL)
        GEOSWKBWriter_destroy_r(geos->context, geos->writer);
    if (geos->keep != NULL)
        GEOSMakeValidParams_destroy_r(geos->context, geos->keep);
    if (geos->drop != NULL)
        GEOSMakeValidParams_destroy_r(geos->context, geos->drop);
    GEOS_finish_r(geos->context);
    dk_shape_finish(&geos->shape);
    free(geos);
}

/* ---- building ---- */

static void destroy_all(dk_geos *geos, GEOSGeometry **members, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (members[i] != NULL)
            GEOSGeom_destroy_r(geos->context, members[i]);
}

/* A ring, line or point of n positions. A ring whose last position is not its first is closed. NULL on failure. */
static GEOSGeometry *build_part(dk_geos *geos, dk_geometry_kind kind, const double *xy, size_t n)
{
    const bool open = kind == DK_POLYGONS && (xy[0] != xy[2 * n - 2] || xy[1] != xy[2 * n - 1]);
    if (n >= UINT32_MAX)
        return NULL;
    GEOSCoordSequence *sequence;
    if (open) {
        sequence = GEOSCoordSeq_create_r(geos->context, (unsigned)n + 1, 2);
        for (size_t i = 0; sequence != NULL && i <= n; i++)
            GEOSCoordSeq_setXY_r(geos->context, sequence, (unsigned)i, xy[2 * (i % n)], xy[2 * (i % n) + 1]);
    } else {
        sequence = GEOSCoordSeq_copyFromBuffer_r(geos->context, xy, (unsigned)n, 0, 0);
    }
    if (sequence == NULL)
        return NULL;
    /* these take the sequence over, on failure too */
    switch (kind) {
    case DK_POLYGONS:
        return GEOSGeom_createLinearRing_r(geos->context, sequence);
    case DK_LINES:
        return GEOSGeom_createLineString_r(geos->context, sequence);
    default:
        return GEOSGeom_createPoint_r(geos->context, sequence);
    }
}

/* The exterior ring parts[0] with the n - 1 holes behind it. NULL on failure. */
static GEOSGeometry *build_polygon(dk_geos *geos, const double *xy, const dk_part *parts, size_t n)
{
    GEOSGeometry **const rings = calloc(n, sizeof(GEOSGeometry *));
    if (rings == NULL)
        return NULL;
    GEOSGeometry *polygon = NULL;
    size_t i = 0;
    for (; i < n; i++) {
        rings[i] = build_part(geos, DK_POLYGONS, xy + 2 * parts[i].start, parts[i].count);
        if (rings[i] == NULL)
            break;
    }
    if (i == n)
        polygon = GEOSGeom_createPolygon_r(geos->context, rings[0], rings + 1, (unsigned)(n - 1)); /* takes all over */
    else
        destroy_all(geos, rings, i);
    free(rings);
    return polygon;
}

/* One geometry of all parts, a collection if there is more than one member. NULL on failure. */
static GEOSGeometry *build(dk_geos *geos, dk_geometry_kind kind, const double *xy, const dk_part *parts, size_t n_parts)
{
    static const int types[] = {
        [DK_POLYGONS] = GEOS_MULTIPOLYGON, [DK_LINES] = GEOS_MULTILINESTRING, [DK_POINTS] = GEOS_MULTIPOINT};
    GEOSGeometry *result = NULL;
    GEOSGeometry **const members = calloc(n_parts + 1, sizeof(GEOSGeometry *));
    if (members == NULL || kind == DK_NO_GEOMETRY)
        goto out;
    size_t n = 0;
    for (size_t i = 0; i < n_parts;) {
        size_t length = 1;
        if (kind == DK_POLYGONS) {
            while (i + length < n_parts && parts[i + length].hole)
                length++;
            members[n] = build_polygon(geos, xy, parts + i, length);
        } else {
            members[n] = build_part(geos, kind, xy + 2 * parts[i].start, parts[i].count);
        }
        if (members[n] == NULL) {
            destroy_all(geos, members, n);
            goto out;
        }
        n++;
        i += length;
    }
    result = n == 1 ? members[0] : GEOSGeom_createCollection_r(geos->context, types[kind], members, (unsigned)n);
out:
    free(members);
    return result;
}

/* Reads WKB into geos->shape; on DK_INVALID ret_reason says why, if it is not NULL. */
static dk_status read_shape(dk_geos *geos, const void *wkb, size_t size, char *ret_reason, size_t reason_size)
{
    dk_error err;
    const dk_status status = dk_shape_from_wkb(wkb, size, &geos->shape, &err);
    if (status == DK_CORRUPT && ret_reason != NULL)
        snprintf(ret_reason, reason_size, "%s", err.text);
    return status == DK_CORRUPT ? DK_INVALID : status;
}

static dk_status build_shape(dk_geos *geos, GEOSGeometry **ret)
{
    GEOSGeometry *const geometry =
        build(geos, geos->shape.kind, geos->shape.lonlat, geos->shape.parts, geos->shape.n_parts);
    if (geometry == NULL)
        return DK_NOMEM;
    *ret = geometry;
    return DK_OK;
}

static dk_status read_wkb(dk_geos *geos, const void *wkb, size_t size, GEOSGeometry **ret, char *ret_reason,
                          size_t reason_size)
{
    const dk_status status = read_shape(geos, wkb, size, ret_reason, reason_size);
    return status == DK_OK ? build_shape(geos, ret) : status;
}

/* ---- validity ---- */

dk_status dk_geos_valid(dk_geos *geos, const void *wkb, size_t size, bool *ret_valid, char *ret_reason,
                        size_t reason_size)
{
    GEOSGeometry *geometry;
    dk_status status = read_shape(geos, wkb, size, ret_reason, reason_size);
    if (status != DK_OK)
        return status;
    const dk_shape *shape = &geos->shape;
    if (shape->kind == DK_POLYGONS && shape->n_parts == 1 && dk_ring_surely_simple(shape->lonlat, shape->n_points)) {
        *ret_valid = true;
        return DK_OK;
    }
    if ((status = build_shape(geos, &geometry)) != DK_OK)
        return status;
    char *reason = NULL;
    GEOSGeometry *place = NULL;
    const char valid = GEOSisValidDetail_r(geos->context, geometry, 0, &reason, &place);
    if (valid == 0) {
        double x = 0, y = 0;
        if (place != NULL && GEOSGeomGetX_r(geos->context, place, &x) == 1 &&
            GEOSGeomGetY_r(geos->context, place, &y) == 1)
            snprintf(ret_reason, reason_size, "%s at longitude %.9f, latitude %.9f",
                     reason != NULL ? reason : "Invalid", x, y);
        else
            snprintf(ret_reason, reason_size, "%s", reason != NULL ? reason : "Invalid");
    }
    GEOSFree_r(geos->context, reason);
    if (place != NULL)
        GEOSGeom_destroy_r(geos->context, place);
    GEOSGeom_destroy_r(geos->context, geometry);
    if (valid != 0 && valid != 1)
        return DK_INTERNAL;
    *ret_valid = valid == 1;
    return DK_OK;
}

/* Repairs in place of *geometry, which is freed. */
static bool repair(dk_geos *geos, GEOSGeometry **geometry, const GEOSMakeValidParams *params)
{
    GEOSGeometry *const valid = GEOSMakeValidWithParams_r(geos->context, *geometry, params);
    if (valid == NULL)
        return false;
    GEOSGeom_destroy_r(geos->context, *geometry);
    *geometry = valid;
    return true;
}

typedef bool (*polygon_function)(dk_geos *geos, const GEOSGeometry *polygon, void *user);

/* Calls each for the polygons of a geometry. Results of GEOS nest collections two deep at most. */
static bool each_polygon(dk_geos *geos, const GEOSGeometry *geometry, polygon_function each, void *user)
{
    const int type = GEOSGeomTypeId_r(geos->context, geometry);
    if (type == GEOS_POLYGON)
        return GEOSisEmpty_r(geos->context, geometry) != 0 || each(geos, geometry, user);
    if (type != GEOS_MULTIPOLYGON && type != GEOS_GEOMETRYCOLLECTION)
        return true;
    const int n = GEOSGetNumGeometries_r(geos->context, geometry);
    for (int i = 0; i < n; i++) {
        const GEOSGeometry *const member = GEOSGetGeometryN_r(geos->context, geometry, i);
        if (member == NULL || !each_polygon(geos, member, each, user))
            return false;
    }
    return true;
}

typedef struct members {
    GEOSGeometry **data;
    size_t n, capacity;
} members;

static bool clone_member(dk_geos *geos, const GEOSGeometry *polygon, void *user)
{
    members *const list = user;
    if (!dk_grow(&list->data, &list->capacity, list->n + 1, sizeof(GEOSGeometry *)))
        return false;
    GEOSGeometry *const clone = GEOSGeom_clone_r(geos->context, polygon);
    if (clone == NULL)
        return false;
    list->data[list->n++] = clone;
    return true;
}

dk_status dk_geos_make_valid(dk_geos *geos, const void *wkb, size_t size, dk_buf *out)
{
    GEOSGeometry *geometry = NULL, *polygons = NULL;
    members list = {0};
    dk_status status = read_wkb(geos, wkb, size, &geometry, NULL, 0);
    if (status != DK_OK)
        return status;
    status = DK_INVALID; /* no polygon remains, or GEOS finds no way */
    if (!repair(geos, &geometry, geos->drop))
        goto out;
    if (!each_polygon(geos, geometry, clone_member, &list)) {
        status = DK_NOMEM;
        goto out;
    }
    if (list.n == 0)
        goto out;
    polygons = GEOSGeom_createCollection_r(geos->context, GEOS_MULTIPOLYGON, list.data, (unsigned)list.n);
    list.n = 0; /* taken over */
    if (polygons == NULL || GEOSisValid_r(geos->context, polygons) != 1)
        goto out;
    size_t wkb_size = 0;
    unsigned char *const result = GEOSWKBWriter_write_r(geos->context, geos->writer, polygons, &wkb_size);
    if (result != NULL)
        dk_buf_append(out, result, wkb_size);
    status = result == NULL || out->failed ? DK_NOMEM : DK_OK;
    GEOSFree_r(geos->context, result);
out:
    destroy_all(geos, list.data, list.n);
    free(list.data);
    if (polygons != NULL)
        GEOSGeom_destroy_r(geos->context, polygons);
    GEOSGeom_destroy_r(geos->context, geometry);
    return status;
}

/* Reads WKB and repairs it if needed; what collapses stays as a line or a point, which can still be touched. */
static dk_status read_valid(dk_geos *geos, const void *wkb, size_t size, GEOSGeometry **ret)
{
    const dk_status status = read_wkb(geos, wkb, size, ret, NULL, 0);
    if (status != DK_OK)
        return status;
    if (GEOSisValid_r(geos->context, *ret) == 1 || repair(geos, ret, geos->keep))
        return DK_OK;
    GEOSGeom_destroy_r(geos->context, *ret);
    return DK_INVALID;
}

dk_status dk_geos_intersects(dk_geos *geos, const void *a, size_t a_size, const void *b, size_t b_size, bool *ret)
{
    GEOSGeometry *first, *second;
    dk_status status = read_valid(geos, a, a_size, &first);
    if (status != DK_OK)
        return status;
    status = read_valid(geos, b, b_size, &second);
    if (status == DK_OK) {
        const char intersects = GEOSIntersects_r(geos->context, first, second);
        GEOSGeom_destroy_r(geos->context, second);
        if (intersects == 0 || intersects == 1)
            *ret = intersects == 1;
        else
            status = DK_INTERNAL;
    }
    GEOSGeom_destroy_r(geos->context, first);
    return status;
}

bool dk_geos_may_replace(dk_geos *geos, const void *old, size_t old_size, const void *new, size_t new_size)
{
    size_t old_wkb_size = 0, new_wkb_size = 0;
    const unsigned char *old_wkb = dk_gpkg_wkb(old, old_size, &old_wkb_size);
    const unsigned char *new_wkb = dk_gpkg_wkb(new, new_size, &new_wkb_size);
    bool touch = dk_gpkg_empty(old, old_size);
    if (touch || old_wkb == NULL || new_wkb == NULL)
        return touch;
    return dk_geos_intersects(geos, old_wkb, old_wkb_size, new_wkb, new_wkb_size, &touch) == DK_OK && touch;
}

/* ---- the pixel grid ---- */

void dk_grid_shape_finish(dk_grid_shape *shape)
{
    free(shape->xy);
    free(shape->parts);
    *shape = (dk_grid_shape){0};
}

/* Twice the signed area. */
static double shoelace(const double *xy, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t next = (i + 1) % n;
        sum += (xy[2 * i] - xy[0]) * (xy[2 * next + 1] - xy[1]) - (xy[2 * next] - xy[0]) * (xy[2 * i + 1] - xy[1]);
    }
    return sum;
}

/* The status of what grid_polygon does, as each_polygon only knows success and failure. */
typedef struct grid_result {
    dk_grid_shape *shape;
    dk_status status;
} grid_result;

static dk_status grid_ring(dk_geos *geos, const GEOSGeometry *ring, bool hole, dk_grid_shape *shape)
{
    const GEOSCoordSequence *const sequence = GEOSGeom_getCoordSeq_r(geos->context, ring);
    unsigned n = 0;
    if (sequence == NULL || GEOSCoordSeq_getSize_r(geos->context, sequence, &n) != 1)
        return DK_INTERNAL;
    if (n < 4)
        return DK_OK;
    n--; /* the closing point */
    double *const xy = calloc((size_t)n + 1, 2 * sizeof *xy);
    if (xy == NULL || !dk_grow(&shape->xy, &shape->points_capacity, shape->n_points + n, 2 * sizeof(int32_t)) ||
        !dk_grow(&shape->parts, &shape->parts_capacity, shape->n_parts + 1, sizeof(dk_part))) {
        free(xy);
        return DK_NOMEM;
    }
    dk_status status = GEOSCoordSeq_copyToBuffer_r(geos->context, sequence, xy, 0, 0) == 1 ? DK_OK : DK_INTERNAL;
    const bool reverse = (shoelace(xy, n) > 0) == hole;
    int32_t *const to = shape->xy + 2 * shape->n_points;
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        const double *const from = xy + 2 * (reverse ? n - 1 - i : i);
        for (int axis = 0; axis < 2; axis++) {
            if (!(fabs(from[axis]) <= INT32_MAX))
                status = DK_INVALID;
            else
                to[2 * i + (size_t)axis] = (int32_t)lround(from[axis]);
        }
    }
    if (status == DK_OK) {
        shape->parts[shape->n_parts++] = (dk_part){.start = shape->n_points, .count = n, .hole = hole};
        shape->n_points += n;
    }
    free(xy);
    return status;
}

static bool grid_polygon(dk_geos *geos, const GEOSGeometry *polygon, void *user)
{
    grid_result *const result = user;
    const GEOSGeometry *const exterior = GEOSGetExteriorRing_r(geos->context, polygon);
    const int n_holes = GEOSGetNumInteriorRings_r(geos->context, polygon);
    result->status = exterior == NULL ? DK_INTERNAL : grid_ring(geos, exterior, false, result->shape);
    for (int i = 0; i < n_holes && result->status == DK_OK; i++) {
        const GEOSGeometry *const hole = GEOSGetInteriorRingN_r(geos->context, polygon, i);
        result->status = hole == NULL ? DK_INTERNAL : grid_ring(geos, hole, true, result->shape);
    }
    return result->status == DK_OK;
}

/* Copies the parts that can be rings: three points or more, and holes only behind an exterior that can. */
static dk_status usable_rings(const double *xy, size_t n_points, const dk_part *parts, size_t n_parts, dk_part *to,
                              size_t *ret_n)
{
    size_t n = 0;
    bool exterior = false;
    for (size_t i = 0; i < n_parts; i++) {
        const dk_part *const part = &parts[i];
        if (part->start > n_points || part->count > n_points - part->start || (i == 0 && part->hole))
            return DK_INVALID;
        for (size_t k = 2 * part->start; k < 2 * (part->start + part->count); k++)
            if (!(fabs(xy[k]) <= INT32_MAX))
                return DK_INVALID;
        if (!part->hole)
            exterior = part->count >= 3;
        if (exterior && part->count >= 3)
            to[n++] = *part;
    }
    *ret_n = n;
    return DK_OK;
}

dk_status dk_geos_snap(dk_geos *geos, const double *xy, size_t n_points, const dk_part *parts, size_t n_parts,
                       dk_grid_shape *ret_shape)
{
    GEOSGeometry *geometry = NULL, *snapped = NULL;
    size_t n = 0;
    ret_shape->n_points = ret_shape->n_parts = 0;
    dk_part *const rings = calloc(n_parts + 1, sizeof *rings);
    if (rings == NULL)
        return DK_NOMEM;
    dk_status status = usable_rings(xy, n_points, parts, n_parts, rings, &n);
    if (status != DK_OK || n == 0)
        goto out;
    status = DK_INTERNAL;
    geometry = build(geos, DK_POLYGONS, xy, rings, n);
    if (geometry == NULL)
        goto out;
    if (GEOSisValid_r(geos->context, geometry) != 1 && !repair(geos, &geometry, geos->drop))
        goto out;
    snapped = GEOSGeom_setPrecision_r(geos->context, geometry, 1.0, 0);
    if (snapped == NULL)
        goto out;
    grid_result result = {.shape = ret_shape, .status = DK_OK};
    each_polygon(geos, snapped, grid_polygon, &result);
    status = result.status;
out:
    if (status != DK_OK)
        ret_shape->n_points = ret_shape->n_parts = 0;
    if (snapped != NULL)
        GEOSGeom_destroy_r(geos->context, snapped);
    if (geometry != NULL)
        GEOSGeom_destroy_r(geos->context, geometry);
    free(rings);
    return status;
}
