#include "ingest/placement.h"

#include "ingest/gcj02.h"
#include "store/division.h"
#include "store/geometry.h"
#include "store/hash.h"

#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_A_DIVISION = 200,
    MOST_AREAS = 4096,
    PLACES = 4 * MOST_AREAS,
    MOST_OUTLINE_BYTES = 64 << 20, /* of WKB, of all of them */
    OFF_M = DK_PLACEMENT_OFF_M,
    GCJ02_M = 700 /* its shift is 565 m at most in Anhui, and nowhere more */
};

/* The place of an enclave, a hole of an outline, that is farthest from the outline. */
typedef struct enclave {
    double x, y, metres;
} enclave;

/* A division code of the load and its outline in a plane of metres. */
typedef struct area {
    char code[13];
    GEOSGeometry *outline; /* NULL: there is none */
    const GEOSPreparedGeometry *prepared;
    double east_m;     /* of a degree of longitude at its latitude */
    enclave *enclaves; /* those where something may be off */
    size_t n_enclaves, enclaves_capacity;
    bool enclaves_known;
    int64_t n, n_off;
} area;

struct dk_placement {
    dk_store *store;
    const dk_kind *layer;
    GEOSContextHandle_t geos;
    GEOSWKBReader *reader;
    area *areas;             /* in the order of their first rows */
    uint16_t places[PLACES]; /* by the hash of the code: the number of the area from 1, 0: free */
    size_t n_areas, areas_capacity;
    size_t outline_bytes;
    dk_buf wkb;
    dk_shape shape;
    dk_buf along;  /* doubles */
    double *off_m; /* distances of the rows that are off */
    size_t n_off, off_capacity;
    int64_t n_rows, n_off_undone;
    struct looked_at {
        uint16_t area;
        bool off, off_undone;
    } * since; /* a place was marked */
    size_t n_since, since_capacity;
};

static void ignore(const char *message, void *user)
{
    (void)message;
    (void)user;
}

dk_status dk_placement_create(dk_store *store, const dk_kind *kind, dk_placement **ret_placement, dk_error *err)
{
    const dk_kind *layer = dk_division_layer(dk_store_catalogue(store));
    *ret_placement = NULL;
    if (layer == NULL || layer == kind || kind->geometry == DK_NO_GEOMETRY || kind->division_field < 0)
        return DK_OK;
    dk_placement *placement = calloc(1, sizeof *placement);
    if (placement == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    placement->store = store;
    placement->layer = layer;
    dk_buf_init(&placement->wkb);
    dk_buf_init(&placement->along);
    dk_shape_init(&placement->shape);
    placement->geos = GEOS_init_r();
    if (placement->geos != NULL) {
        GEOSContext_setErrorMessageHandler_r(placement->geos, ignore, NULL);
        GEOSContext_setNoticeMessageHandler_r(placement->geos, ignore, NULL);
        placement->reader = GEOSWKBReader_create_r(placement->geos);
    }
    if (placement->reader == NULL) {
        dk_placement_free(placement);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    *ret_placement = placement;
    return DK_OK;
}

static void forget_areas(dk_placement *placement)
{
    for (size_t i = 0; i < placement->n_areas; i++) {
        if (placement->areas[i].prepared != NULL)
            GEOSPreparedGeom_destroy_r(placement->geos, placement->areas[i].prepared);
        if (placement->areas[i].outline != NULL)
            GEOSGeom_destroy_r(placement->geos, placement->areas[i].outline);
        free(placement->areas[i].enclaves);
    }
    placement->n_areas = placement->outline_bytes = 0;
    memset(placement->places, 0, sizeof placement->places);
}

void dk_placement_free(dk_placement *placement)
{
    if (placement == NULL)
        return;
    forget_areas(placement);
    if (placement->reader != NULL)
        GEOSWKBReader_destroy_r(placement->geos, placement->reader);
    if (placement->geos != NULL)
        GEOS_finish_r(placement->geos);
    dk_buf_finish(&placement->wkb);
    dk_buf_finish(&placement->along);
    dk_shape_finish(&placement->shape);
    free(placement->areas);
    free(placement->off_m);
    free(placement->since);
    free(placement);
}

/* ---- geometries in metres ---- */

#define REACH_M 0.5      /* a reach is found to this */
#define NORTH_M 110900.0 /* a degree of latitude in China, within 0.3 % */

typedef struct to_metres {
    double east_m;
    bool undo; /* GCJ-02 first */
} to_metres;

static int make_metres(double *x, double *y, void *user)
{
    const to_metres *how = user;
    double lonlat[2] = {*x, *y};
    if (how->undo)
        dk_gcj02_undo(lonlat, 1);
    *x = lonlat[0] * how->east_m;
    *y = lonlat[1] * NORTH_M;
    return 1;
}

/* NULL: GEOS fails. */
static GEOSGeometry *in_metres(dk_placement *placement, const GEOSGeometry *degrees, double east_m, bool undo)
{
    to_metres how = {east_m, undo};
    return GEOSGeom_transformXY_r(placement->geos, degrees, make_metres, &how);
}

static void read_outline(dk_placement *placement, area *into)
{
    GEOSContextHandle_t geos = placement->geos;
    double south = 0, north = 0;
    GEOSGeometry *degrees = GEOSWKBReader_read_r(geos, placement->reader, placement->wkb.data, placement->wkb.size);
    if (degrees != NULL && GEOSGeom_getYMin_r(geos, degrees, &south) && GEOSGeom_getYMax_r(geos, degrees, &north)) {
        into->east_m = 111320 * cos((south + north) / 2 * M_PI / 180);
        into->outline = in_metres(placement, degrees, into->east_m, false);
        into->prepared = into->outline != NULL ? GEOSPrepare_r(geos, into->outline) : NULL;
    }
    if (degrees != NULL)
        GEOSGeom_destroy_r(geos, degrees);
}

/* The division's area. When there are too many, those so far are forgotten with what was counted of them, or *ret_area
 * is NULL. */
static dk_status find_area(dk_placement *placement, const char *code, bool forget, area **ret_area, dk_error *err)
{
    *ret_area = NULL;
    size_t place = (size_t)(dk_hash64(code, strlen(code), 0) % PLACES);
    for (; placement->places[place] != 0; place = (place + 1) % PLACES) {
        area *there = &placement->areas[placement->places[place] - 1];
        if (strcmp(there->code, code) == 0) {
            *ret_area = there;
            return DK_OK;
        }
    }
    if (placement->n_areas == MOST_AREAS || placement->outline_bytes > MOST_OUTLINE_BYTES) {
        if (!forget)
            return DK_OK;
        forget_areas(placement);
        place = (size_t)(dk_hash64(code, strlen(code), 0) % PLACES);
    }
    if (placement->n_areas == placement->areas_capacity) {
        const size_t capacity = placement->areas_capacity > 0 ? placement->areas_capacity * 2 : 16;
        area *areas = realloc(placement->areas, capacity * sizeof *areas);
        if (areas == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        placement->areas = areas;
        placement->areas_capacity = capacity;
    }
    const dk_status status = dk_division_outline(placement->store, placement->layer, code, &placement->wkb, err);
    if (status != DK_OK)
        return status;
    *ret_area = &placement->areas[placement->n_areas];
    placement->places[place] = (uint16_t)++placement->n_areas;
    **ret_area = (area){0};
    snprintf((*ret_area)->code, sizeof(*ret_area)->code, "%s", code);
    placement->outline_bytes += placement->wkb.size;
    if (placement->wkb.size > 0)
        read_outline(placement, *ret_area);
    return DK_OK;
}

/* ---- rows ---- */

/* Metres to the outline, 0 within it; below 0: GEOS fails. */
static double distance(dk_placement *placement, const area *in, const GEOSGeometry *degrees, bool undo)
{
    double metres = -1;
    GEOSGeometry *row = in_metres(placement, degrees, in->east_m, undo);
    if (row == NULL)
        return -1;
    if (GEOSPreparedIntersects_r(placement->geos, in->prepared, row) == 1)
        metres = 0;
    else if (!GEOSPreparedDistance_r(placement->geos, in->prepared, row, &metres))
        metres = -1;
    GEOSGeom_destroy_r(placement->geos, row);
    return metres;
}

static bool keep_distance(dk_placement *placement, double metres)
{
    if (placement->n_off == placement->off_capacity) {
        const size_t capacity = placement->off_capacity > 0 ? placement->off_capacity * 2 : 64;
        double *off_m = realloc(placement->off_m, capacity * sizeof *off_m);
        if (off_m == NULL)
            return false;
        placement->off_m = off_m;
        placement->off_capacity = capacity;
    }
    placement->off_m[placement->n_off++] = metres;
    return true;
}

dk_status dk_placement_add(dk_placement *placement, const char *division, const void *wkb, size_t size, dk_error *err)
{
    area *in = NULL;
    if (placement == NULL || division[0] == '\0')
        return DK_OK;
    const dk_status status = find_area(placement, division, false, &in, err);
    if (status != DK_OK || in == NULL || in->prepared == NULL || in->n == ROWS_A_DIVISION)
        return status;
    GEOSGeometry *degrees = GEOSWKBReader_read_r(placement->geos, placement->reader, wkb, size);
    const double metres = degrees != NULL ? distance(placement, in, degrees, false) : -1;
    const double undone = degrees != NULL ? distance(placement, in, degrees, true) : -1;
    if (degrees != NULL)
        GEOSGeom_destroy_r(placement->geos, degrees);
    if (metres < 0 || undone < 0) /* a comparison less: the row itself is good */
        return DK_OK;
    if (!dk_grow(&placement->since, &placement->since_capacity, placement->n_since + 1, sizeof *placement->since))
        return dk_fail(err, DK_NOMEM, "out of memory");
    placement->since[placement->n_since++] =
        (struct looked_at){(uint16_t)(in - placement->areas), metres >= OFF_M, undone >= OFF_M};
    in->n++;
    placement->n_rows++;
    placement->n_off_undone += undone >= OFF_M;
    if (metres < OFF_M)
        return DK_OK;
    in->n_off++;
    return keep_distance(placement, metres) ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}

void dk_placement_mark(dk_placement *placement)
{
    if (placement != NULL)
        placement->n_since = 0;
}

void dk_placement_undo(dk_placement *placement)
{
    while (placement != NULL && placement->n_since > 0) {
        const struct looked_at *last = &placement->since[--placement->n_since];
        area *in = &placement->areas[last->area];
        in->n--;
        in->n_off -= last->off;
        placement->n_rows--;
        placement->n_off -= last->off;
        placement->n_off_undone -= last->off_undone;
    }
}

/* ---- how far a row reaches ---- */

/* A part of a row's border: places in metres, and how far each is along it. */
typedef struct border {
    dk_placement *placement;
    const area *in;
    const double *xy, *along;
    double farthest; /* from the outline, so far */
    bool failed;
} border;

static double metres_from(border *of, double x, double y)
{
    GEOSContextHandle_t geos = of->placement->geos;
    double metres = 0;
    GEOSGeometry *place = GEOSGeom_createPointFromXY_r(geos, x, y);
    if (place == NULL || !GEOSPreparedDistance_r(geos, of->in->prepared, place, &metres))
        of->failed = true;
    if (place != NULL)
        GEOSGeom_destroy_r(geos, place);
    of->farthest = metres > of->farthest ? metres : of->farthest;
    return metres;
}

/* Whether nothing on a way between two places lies farther out than what is known, or far enough to be told: on a metre
 * of the way the distance changes by a metre at most. */
static bool in_reach(const border *of, double from_m, double to_m, double way)
{
    const double most = (from_m + to_m + way) / 2;
    return of->failed || most < OFF_M || most < of->farthest + REACH_M;
}

static void follow_edge(border *of, const double from[2], double from_m, const double to[2], double to_m, double way)
{
    if (in_reach(of, from_m, to_m, way) || way < REACH_M)
        return;
    const double middle[2] = {(from[0] + to[0]) / 2, (from[1] + to[1]) / 2},
                 metres = metres_from(of, middle[0], middle[1]);
    follow_edge(of, from, from_m, middle, metres, way / 2);
    follow_edge(of, middle, metres, to, to_m, way / 2);
}

static void follow(border *of, size_t from, double from_m, size_t to, double to_m)
{
    const double way = of->along[to] - of->along[from];
    if (from == to || in_reach(of, from_m, to_m, way))
        return;
    if (to == from + 1) {
        follow_edge(of, of->xy + 2 * from, from_m, of->xy + 2 * to, to_m, way);
        return;
    }
    const size_t middle = from + (to - from) / 2;
    const double metres = metres_from(of, of->xy[2 * middle], of->xy[2 * middle + 1]);
    follow(of, from, from_m, middle, metres);
    follow(of, middle, metres, to, to_m);
}

/* Metres from the outline to the farthest place on the border of a row, which lies in placement->shape. */
static dk_status reach(dk_placement *placement, const area *in, double *ret_metres, dk_error *err)
{
    dk_shape *shape = &placement->shape;
    border of = {.placement = placement, .in = in};
    for (size_t i = 0; i < shape->n_points; i++) {
        shape->lonlat[2 * i] *= in->east_m;
        shape->lonlat[2 * i + 1] *= NORTH_M;
    }
    for (size_t p = 0; p < shape->n_parts && !of.failed; p++) {
        const dk_part *part = &shape->parts[p];
        const double *xy = of.xy = shape->lonlat + 2 * part->start;
        if (part->count == 0)
            continue;
        dk_buf_clear(&placement->along);
        double *along = (double *)(void *)dk_buf_reserve(&placement->along, part->count * sizeof *along);
        if (along == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        along[0] = 0;
        for (size_t i = 1; i < part->count; i++)
            along[i] = along[i - 1] + hypot(xy[2 * i] - xy[2 * i - 2], xy[2 * i + 1] - xy[2 * i - 1]);
        of.along = along;
        const size_t last = part->count - 1;
        const double first_m = metres_from(&of, xy[0], xy[1]);
        follow(&of, 0, first_m, last, last > 0 ? metres_from(&of, xy[2 * last], xy[2 * last + 1]) : first_m);
    }
    *ret_metres = of.failed ? -1 : of.farthest;
    return DK_OK;
}

/* ---- enclaves ---- */

/* What the exteriors of an outline enclose. NULL: GEOS fails, or it has no hole. */
static GEOSGeometry *filled(GEOSContextHandle_t geos, const GEOSGeometry *outline)
{
    const int n = GEOSGetNumGeometries_r(geos, outline);
    GEOSGeometry **parts = n > 0 ? calloc((size_t)n, sizeof(GEOSGeometry *)) : NULL;
    GEOSGeometry *all = NULL, *joined = NULL;
    int holes = 0, made = 0;
    for (; parts != NULL && made < n; made++) {
        const GEOSGeometry *part = GEOSGetGeometryN_r(geos, outline, made);
        const GEOSGeometry *ring = part != NULL ? GEOSGetExteriorRing_r(geos, part) : NULL;
        GEOSGeometry *shell = ring != NULL ? GEOSGeom_clone_r(geos, ring) : NULL;
        parts[made] = shell != NULL ? GEOSGeom_createPolygon_r(geos, shell, NULL, 0) : NULL;
        if (parts[made] == NULL)
            break;
        holes += GEOSGetNumInteriorRings_r(geos, part);
    }
    if (made == n && holes > 0) { /* which takes them over, on failure too */
        all = GEOSGeom_createCollection_r(geos, GEOS_GEOMETRYCOLLECTION, parts, (unsigned)n);
        made = 0;
    }
    while (made > 0)
        GEOSGeom_destroy_r(geos, parts[--made]);
    if (all != NULL) {
        joined = GEOSUnaryUnion_r(geos, all);
        GEOSGeom_destroy_r(geos, all);
    }
    free(parts);
    return joined;
}

/* Adds the place inside a polygon that is farthest from its border, if that is far enough. false: out of memory. */
static bool add_enclave(dk_placement *placement, const GEOSGeometry *polygon, area *into)
{
    GEOSContextHandle_t geos = placement->geos;
    double area_m2 = 0;
    enclave found = {0};
    if (!GEOSArea_r(geos, polygon, &area_m2) || area_m2 < M_PI * OFF_M * OFF_M) /* there is no room for a circle */
        return true;
    GEOSGeometry *radius = GEOSMaximumInscribedCircle_r(geos, polygon, REACH_M); /* from its middle to the border */
    const GEOSCoordSequence *ends = radius != NULL ? GEOSGeom_getCoordSeq_r(geos, radius) : NULL;
    const bool known = ends != NULL && GEOSCoordSeq_getXY_r(geos, ends, 0, &found.x, &found.y) &&
                       GEOSLength_r(geos, radius, &found.metres);
    if (radius != NULL)
        GEOSGeom_destroy_r(geos, radius);
    if (!known || found.metres < OFF_M)
        return true;
    if (!dk_grow(&into->enclaves, &into->enclaves_capacity, into->n_enclaves + 1, sizeof *into->enclaves))
        return false;
    into->enclaves[into->n_enclaves++] = found;
    return true;
}

/* false: out of memory. */
static bool find_enclaves(dk_placement *placement, area *into)
{
    if (into->enclaves_known)
        return true;
    into->enclaves_known = true;
    GEOSContextHandle_t geos = placement->geos;
    GEOSGeometry *whole = filled(geos, into->outline);
    GEOSGeometry *holes = whole != NULL ? GEOSDifference_r(geos, whole, into->outline) : NULL;
    bool good = true;
    for (int i = 0; good && holes != NULL && i < GEOSGetNumGeometries_r(geos, holes); i++) {
        const GEOSGeometry *hole = GEOSGetGeometryN_r(geos, holes, i);
        if (hole != NULL && GEOSGeomTypeId_r(geos, hole) == GEOS_POLYGON && GEOSisEmpty_r(geos, hole) == 0)
            good = add_enclave(placement, hole, into);
    }
    if (holes != NULL)
        GEOSGeom_destroy_r(geos, holes);
    if (whole != NULL)
        GEOSGeom_destroy_r(geos, whole);
    return good;
}

/* Metres to the farthest place in an enclave that a row, which reaches that far already, covers. */
static double covered_enclaves(dk_placement *placement, const area *in, const GEOSGeometry *row, double metres)
{
    GEOSContextHandle_t geos = placement->geos;
    for (size_t i = 0; i < in->n_enclaves; i++) {
        const enclave *at = &in->enclaves[i];
        GEOSGeometry *place = at->metres > metres ? GEOSGeom_createPointFromXY_r(geos, at->x, at->y) : NULL;
        if (place != NULL && GEOSIntersects_r(geos, row, place) == 1)
            metres = at->metres;
        if (place != NULL)
            GEOSGeom_destroy_r(geos, place);
    }
    return metres;
}

dk_status dk_placement_reach(dk_placement *placement, const char *division, const void *wkb, size_t size,
                             double *ret_metres, bool *ret_apart, dk_error *err)
{
    area *in = NULL;
    *ret_metres = -1;
    *ret_apart = false;
    if (placement == NULL || division[0] == '\0')
        return DK_OK;
    dk_status status = find_area(placement, division, true, &in, err);
    if (status != DK_OK || in == NULL || in->prepared == NULL)
        return status;
    GEOSContextHandle_t geos = placement->geos;
    GEOSGeometry *degrees = GEOSWKBReader_read_r(geos, placement->reader, wkb, size);
    GEOSGeometry *row = degrees != NULL ? in_metres(placement, degrees, in->east_m, false) : NULL;
    if (row != NULL && GEOSPreparedCovers_r(geos, in->prepared, row) == 1)
        *ret_metres = 0;
    else if (row != NULL && (status = dk_shape_from_wkb(wkb, size, &placement->shape, err)) == DK_OK)
        status = reach(placement, in, ret_metres, err);
    if (status == DK_OK && row != NULL && *ret_metres >= 0) {
        if (find_enclaves(placement, in))
            *ret_metres = covered_enclaves(placement, in, row, *ret_metres);
        else
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (row != NULL) {
        *ret_apart = *ret_metres > 0 && GEOSPreparedIntersects_r(geos, in->prepared, row) == 0;
        GEOSGeom_destroy_r(geos, row);
    }
    if (degrees != NULL)
        GEOSGeom_destroy_r(geos, degrees);
    return status;
}

/* ---- the sentence ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bool dk_placement_tell(const dk_placement *placement, bool declared, char *ret_sentence, size_t size)
{
    if (placement == NULL || placement->n_off == 0)
        return false;
    const int64_t n = placement->n_rows, off = (int64_t)placement->n_off;
    int64_t divisions = 0;
    for (size_t i = 0; i < placement->n_areas; i++)
        divisions += placement->areas[i].n_off > 0;
    qsort(placement->off_m, placement->n_off, sizeof *placement->off_m, ascending);
    const double middle = placement->off_m[placement->n_off / 2], most = placement->off_m[placement->n_off - 1];
    const bool many = off == n || (off >= 3 && divisions >= 3 && off * 10 >= n);
    if (!declared && many && most <= GCJ02_M && placement->n_off_undone * 10 <= off) {
        snprintf(
            ret_sentence, size,
            "%lld of %lld rows looked at lie outside their division, by up to %.0f m, and with GCJ-02 undone %lld "
            "would: if "
            "they were read off Amap, Tencent or another map in GCJ-02, withdraw the batch and load with --crs gcj02",
            (long long)off, (long long)n, most, (long long)placement->n_off_undone);
        return true;
    }
    if (off * 2 <= n)
        return false;
    snprintf(ret_sentence, size,
             "%lld of %lld rows looked at lie outside their division, half of these by %.0f m or more: check the "
             "coordinate system, "
             "its datum and zone, and the division codes",
             (long long)off, (long long)n, middle);
    return true;
}
