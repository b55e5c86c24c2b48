#include "store/region.h"

#include "store/geos_time.h"
#include "store/region_work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void remember(const char *message, void *user)
{
    dk_region *region = user;
    snprintf(region->message, sizeof region->message, "%s", message);
}

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

static dk_region *region_create(void)
{
    dk_region *region = calloc(1, sizeof *region);
    if (region == NULL)
        return NULL;
    region->geos = GEOS_init_r();
    if (region->geos == NULL) {
        free(region);
        return NULL;
    }
    GEOSContext_setErrorMessageHandler_r(region->geos, remember, region);
    GEOSContext_setNoticeMessageHandler_r(region->geos, ignore, NULL);
    return region;
}

void dk_region_free(dk_region *region)
{
    if (region == NULL)
        return;
    if (region->prepared != NULL)
        GEOSPreparedGeom_destroy_r(region->geos, region->prepared);
    if (region->geometry != NULL)
        GEOSGeom_destroy_r(region->geos, region->geometry);
    dk_edge_tree_free(region->edges);
    dk_shape_finish(&region->outline);
    GEOS_finish_r(region->geos);
    free(region);
}

dk_geometry_kind dk_region_kind(const dk_region *region)
{
    return region->kind;
}

size_t dk_region_vertices(const dk_region *region)
{
    return region->vertices;
}

double dk_region_area_m2(const dk_region *region)
{
    return region->area_m2;
}

const double *dk_region_bounds(const dk_region *region)
{
    return region->bounds;
}

/* ---- from and to GEOS ---- */

static GEOSGeometry *one_part(GEOSContextHandle_t geos, const double *lonlat, const dk_part *part,
                              dk_geometry_kind kind)
{
    GEOSCoordSequence *sequence =
        GEOSCoordSeq_copyFromBuffer_r(geos, lonlat + 2 * part->start, (unsigned)part->count, 0, 0);
    if (sequence == NULL)
        return NULL;
    return kind == DK_POLYGONS ? GEOSGeom_createLinearRing_r(geos, sequence)
           : kind == DK_LINES  ? GEOSGeom_createLineString_r(geos, sequence)
                               : GEOSGeom_createPoint_r(geos, sequence);
}

static void destroy_all(GEOSContextHandle_t geos, GEOSGeometry **geometries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        GEOSGeom_destroy_r(geos, geometries[i]);
}

/* A polygon of n_rings parts; all its rings are freed on failure. */
static GEOSGeometry *one_polygon(GEOSContextHandle_t geos, const double *lonlat, const dk_part *parts, size_t n_rings,
                                 GEOSGeometry **rings)
{
    for (size_t i = 0; i < n_rings; i++) {
        rings[i] = one_part(geos, lonlat, &parts[i], DK_POLYGONS);
        if (rings[i] == NULL) {
            destroy_all(geos, rings, i);
            return NULL;
        }
    }
    return GEOSGeom_createPolygon_r(geos, rings[0], rings + 1, (unsigned)(n_rings - 1));
}

GEOSGeometry *dk_geos_of_parts(GEOSContextHandle_t geos, const double *lonlat, const dk_part *parts, size_t n_parts,
                               dk_geometry_kind kind)
{
    GEOSGeometry *result = NULL;
    GEOSGeometry **members = malloc((2 * n_parts + 1) * sizeof *members);
    size_t n = 0;
    if (members == NULL)
        return NULL;
    for (size_t i = 0; i < n_parts;) {
        size_t rings = 1;
        while (kind == DK_POLYGONS && i + rings < n_parts && parts[i + rings].hole)
            rings++;
        members[n] = kind == DK_POLYGONS ? one_polygon(geos, lonlat, &parts[i], rings, members + n_parts)
                                         : one_part(geos, lonlat, &parts[i], kind);
        if (members[n] == NULL) {
            destroy_all(geos, members, n);
            goto out;
        }
        n++;
        i += rings;
    }
    if (n == 1)
        result = members[0];
    else
        result = GEOSGeom_createCollection_r(geos,
                                             kind == DK_POLYGONS ? GEOS_MULTIPOLYGON
                                             : kind == DK_LINES  ? GEOS_MULTILINESTRING
                                                                 : GEOS_MULTIPOINT,
                                             members, (unsigned)n);
out:
    free(members);
    return result;
}

static bool add_ring(GEOSContextHandle_t geos, const GEOSGeometry *ring, bool hole, dk_shape *shape)
{
    const GEOSCoordSequence *sequence = GEOSGeom_getCoordSeq_r(geos, ring);
    unsigned n = 0;
    if (sequence == NULL || !GEOSCoordSeq_getSize_r(geos, sequence, &n))
        return false;
    if (n < 4)
        return true;
    if (!dk_grow(&shape->lonlat, &shape->points_capacity, shape->n_points + n, 2 * sizeof *shape->lonlat) ||
        !dk_grow(&shape->parts, &shape->parts_capacity, shape->n_parts + 1, sizeof *shape->parts) ||
        !GEOSCoordSeq_copyToBuffer_r(geos, sequence, shape->lonlat + 2 * shape->n_points, 0, 0))
        return false;
    shape->parts[shape->n_parts++] = (dk_part){shape->n_points, n, hole};
    shape->n_points += n;
    return true;
}

bool dk_geos_rings(GEOSContextHandle_t geos, const GEOSGeometry *geometry, dk_shape *shape)
{
    const int type = GEOSGeomTypeId_r(geos, geometry);
    bool good = true;
    if (type == GEOS_POLYGON && GEOSisEmpty_r(geos, geometry) == 0) {
        good = add_ring(geos, GEOSGetExteriorRing_r(geos, geometry), false, shape);
        const int holes = GEOSGetNumInteriorRings_r(geos, geometry);
        for (int i = 0; good && i < holes; i++)
            good = add_ring(geos, GEOSGetInteriorRingN_r(geos, geometry, i), true, shape);
    } else if (type == GEOS_MULTIPOLYGON || type == GEOS_GEOMETRYCOLLECTION) {
        const int n = GEOSGetNumGeometries_r(geos, geometry);
        for (int i = 0; good && i < n; i++)
            good = dk_geos_rings(geos, GEOSGetGeometryN_r(geos, geometry, i), shape);
    }
    return good;
}

bool dk_geos_area_m2(GEOSContextHandle_t geos, const GEOSGeometry *geometry, double *area_m2)
{
    dk_shape shape;
    dk_shape_init(&shape);
    shape.kind = DK_POLYGONS;
    const bool good = dk_geos_rings(geos, geometry, &shape);
    if (good)
        *area_m2 += dk_shape_area_m2(&shape);
    dk_shape_finish(&shape);
    return good;
}

/* ---- making one ---- */

static dk_status late(dk_error *err)
{
    return dk_fail(err, DK_BUSY, "The polygons take too long to be checked; give simpler ones.");
}

static dk_status check_valid(dk_region *region, const GEOSGeometry *geometry, dk_error *err)
{
    char *reason = NULL;
    GEOSGeometry *place = NULL;
    double lon = 0, lat = 0;
    const char valid = GEOSisValidDetail_r(region->geos, geometry, 0, &reason, &place);
    dk_status status = DK_OK;
    if (valid == 0) {
        if (place != NULL && GEOSGeomGetX_r(region->geos, place, &lon) == 1 &&
            GEOSGeomGetY_r(region->geos, place, &lat) == 1)
            status =
                dk_fail(err, DK_INVALID,
                        "The polygons are not valid: %.100s at %.8f, %.8f (longitude, latitude); correct them there.",
                        reason != NULL ? reason : "unknown", lon, lat);
        else
            status = dk_fail(err, DK_INVALID, "The polygons are not valid: %.100s; correct them.",
                             reason != NULL ? reason : "unknown");
    } else if (valid != 1) {
        status = dk_geos_late() ? late(err)
                                : dk_fail(err, DK_INVALID, "The polygons cannot be checked: %.200s.", region->message);
    }
    GEOSFree_r(region->geos, reason);
    if (place != NULL)
        GEOSGeom_destroy_r(region->geos, place);
    return status;
}

/* Takes the geometry that is set, and makes the rest. */
static dk_status complete(dk_region *region, dk_error *err)
{
    double *const b = region->bounds;
    region->prepared = GEOSPrepare_r(region->geos, region->geometry);
    if (region->prepared == NULL || !GEOSGeom_getXMin_r(region->geos, region->geometry, &b[0]) ||
        !GEOSGeom_getYMin_r(region->geos, region->geometry, &b[1]) ||
        !GEOSGeom_getXMax_r(region->geos, region->geometry, &b[2]) ||
        !GEOSGeom_getYMax_r(region->geos, region->geometry, &b[3]) ||
        !dk_geos_rings(region->geos, region->geometry, &region->outline))
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (region->kind == DK_POLYGONS) {
        region->outline.kind = DK_POLYGONS;
        region->area_m2 = dk_shape_area_m2(&region->outline);
        dk_turn_rings(region->outline.lonlat, region->outline.parts, region->outline.n_parts);
        const dk_turned turned = {.lonlat = region->outline.lonlat,
                                  .parts = region->outline.parts,
                                  .n_parts = region->outline.n_parts,
                                  .bounds = {b[0], b[1], b[2], b[3]}};
        region->edges = dk_edge_tree_create(&turned);
        if (region->edges == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
    }
    region->vertices = (size_t)GEOSGetNumCoordinates_r(region->geos, region->geometry);
    return DK_OK;
}

/* The polygons of each feature are checked by themselves; then they count once where they overlap. */
static dk_status of_features(dk_region *region, const dk_shape *shape, const dk_read_features *features, dk_error *err)
{
    dk_status status = DK_OK;
    GEOSGeometry **members = calloc(features->n + 1, sizeof *members), *all = NULL;
    size_t n = 0;
    if (members == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i <= features->n; i++) {
        const size_t from = i == 0 ? 0 : features->starts[i - 1];
        const size_t to = i < features->n ? features->starts[i] : shape->n_parts;
        if (from == to)
            continue;
        members[n] = dk_geos_of_parts(region->geos, shape->lonlat, shape->parts + from, to - from, shape->kind);
        if (members[n] == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        else if (shape->kind == DK_POLYGONS)
            status = check_valid(region, members[n++], err);
        else
            n++;
    }
    if (status == DK_OK && n == 1) {
        region->geometry = members[0];
        n = 0;
    } else if (status == DK_OK) {
        all = GEOSGeom_createCollection_r(region->geos, GEOS_GEOMETRYCOLLECTION, members, (unsigned)n);
        n = 0; /* they are the collection's */
        region->geometry = all != NULL ? GEOSUnaryUnion_r(region->geos, all) : NULL;
        if (region->geometry == NULL)
            status = dk_geos_late()
                         ? late(err)
                         : dk_fail(err, DK_INVALID, "The features cannot be joined: %.200s.", region->message);
    }
    destroy_all(region->geos, members, n);
    if (all != NULL)
        GEOSGeom_destroy_r(region->geos, all);
    free(members);
    return status;
}

static dk_status of_shape(const dk_shape *shape, const dk_read_features *features, dk_region **ret_region,
                          dk_error *err)
{
    dk_region *region = region_create();
    if (region == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = DK_OK;
    region->kind = shape->kind;
    if (features != NULL)
        status = of_features(region, shape, features, err);
    else if ((region->geometry =
                  dk_geos_of_parts(region->geos, shape->lonlat, shape->parts, shape->n_parts, shape->kind)) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = complete(region, err);
    if (status == DK_OK)
        *ret_region = region;
    else
        dk_region_free(region);
    return status;
}

dk_status dk_region_of_shape(const dk_shape *shape, dk_region **ret_region, dk_error *err)
{
    if (shape->n_parts == 0)
        return dk_fail(err, DK_INVALID, "There is no outline.");
    return of_shape(shape, NULL, ret_region, err);
}

static dk_status check_degrees(const dk_shape *shape, bool converted, dk_error *err)
{
    for (size_t i = 0; i < shape->n_points; i++) {
        const double lon = shape->lonlat[2 * i], lat = shape->lonlat[2 * i + 1];
        if (!(fabs(lon) <= 180 && fabs(lat) <= 90))
            return dk_fail(err, DK_INVALID,
                           converted
                               ? "Position %zu would be at %.10g, %.10g degrees, which is no place: is the coordinate "
                                 "system right?"
                               : "Position %zu, (%.10g, %.10g), is no longitude and latitude in degrees; name the "
                                 "coordinate system with the parameter \"crs\", or swap the axes.",
                           i + 1, lon, lat);
    }
    return DK_OK;
}

dk_status dk_region_read(dk_region_format format, const char *text, size_t size, const dk_region_crs *crs,
                         dk_region **ret_region, dk_error *err)
{
    dk_shape shape;
    dk_read_features features = {0};
    dk_shape_init(&shape);
    dk_status status = dk_region_parse(format, text, size, crs == NULL, &shape, &features, err);
    if (status == DK_OK && crs != NULL)
        status = crs->to_lonlat(crs->user, shape.lonlat, shape.n_points, err);
    if (status == DK_OK)
        status = check_degrees(&shape, crs != NULL, err);
    if (status == DK_OK)
        status = of_shape(&shape, &features, ret_region, err);
    free(features.starts);
    dk_shape_finish(&shape);
    return status;
}

dk_status dk_region_of_box(const double b[4], dk_region **ret_region, dk_error *err)
{
    double ring[10] = {b[0], b[1], b[2], b[1], b[2], b[3], b[0], b[3], b[0], b[1]};
    dk_part part = {0, 5, false};
    const dk_shape shape = {.kind = DK_POLYGONS, .lonlat = ring, .n_points = 5, .parts = &part, .n_parts = 1};
    return of_shape(&shape, NULL, ret_region, err);
}

dk_status dk_region_of_point(double lon, double lat, dk_region **ret_region, dk_error *err)
{
    double position[2] = {lon, lat};
    dk_part part = {0, 1, false};
    const dk_shape shape = {.kind = DK_POINTS, .lonlat = position, .n_points = 1, .parts = &part, .n_parts = 1};
    return of_shape(&shape, NULL, ret_region, err);
}
