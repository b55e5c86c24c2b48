#include "ingest/shape_rings.h"

#include "ingest/ring_polygons.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

typedef struct given {
    dk_ring ring;
    OGREnvelope box;
    bool hole, clockwise, turned; /* turned: not as GDAL takes it for granted */
} given;

static OGRGeometryH polygon_of(OGRGeometryH geometry, int i)
{
    return wkbFlatten(OGR_G_GetGeometryType(geometry)) == wkbPolygon ? geometry : OGR_G_GetGeometryRef(geometry, i);
}

static int polygons_in(OGRGeometryH geometry)
{
    switch (wkbFlatten(OGR_G_GetGeometryType(geometry))) {
    case wkbPolygon:
        return 1;
    case wkbMultiPolygon:
        return OGR_G_GetGeometryCount(geometry);
    default:
        return 0;
    }
}

static bool is_clockwise(const double *xy, size_t n)
{
    double sum = 0;
    for (size_t i = 2; i < n; i++) /* from the first vertex, which keeps the digits */
        sum += (xy[2 * i - 2] - xy[0]) * (xy[2 * i + 1] - xy[1]) - (xy[2 * i] - xy[0]) * (xy[2 * i - 1] - xy[1]);
    return sum < 0;
}

static bool in_box(const OGREnvelope *in, const OGREnvelope *out)
{
    return in->MinX >= out->MinX && in->MaxX <= out->MaxX && in->MinY >= out->MinY && in->MaxY <= out->MaxY;
}

/* Into xy, which has room for the points of all rings. */
static void take_rings(OGRGeometryH geometry, given *rings, double *xy)
{
    size_t n = 0;
    for (int i = 0; i < polygons_in(geometry); i++) {
        OGRGeometryH polygon = polygon_of(geometry, i);
        for (int k = 0; k < OGR_G_GetGeometryCount(polygon); k++, n++) {
            OGRGeometryH from = OGR_G_GetGeometryRef(polygon, k);
            size_t count = (size_t)OGR_G_GetPoints(from, xy, 2 * sizeof *xy, xy + 1, 2 * sizeof *xy, NULL, 0);
            given *to = &rings[n];
            *to = (given){.ring = {.xy = xy}, .hole = k > 0};
            xy += 2 * count;
            OGR_G_GetEnvelope(from, &to->box);
            if (count > 1 && to->ring.xy[0] == xy[-2] && to->ring.xy[1] == xy[-1])
                count--;
            to->ring.n = count;
            to->clockwise = is_clockwise(to->ring.xy, count);
            to->turned = k == 0 ? !to->clockwise : !in_box(&to->box, &rings[n - (size_t)k].box);
        }
    }
}

/* Whether each ring runs against the one that it lies in; *ret_same: they are what they were taken for. */
static bool is_meant(const given *rings, size_t n, const int *outer, const int *depth, bool *ret_same)
{
    bool same = true;
    for (size_t i = 0; i < n; i++) {
        if (outer[i] >= 0 && rings[i].clockwise == rings[outer[i]].clockwise)
            return false;
        same &= rings[i].hole == (depth[i] % 2 == 1);
    }
    *ret_same = same;
    return true;
}

static dk_status order(given *rings, size_t n, OGRGeometryH *ret_ordered)
{
    dk_status status = DK_OK;
    dk_buf scratch;
    dk_buf_init(&scratch);
    bool same = false;
    size_t n_real = 0;
    dk_ring *measured = calloc(n, sizeof *measured);
    int *outer = calloc(n, sizeof *outer), *depth = calloc(n, sizeof *depth);
    if (measured == NULL || outer == NULL || depth == NULL) {
        status = DK_NOMEM;
        goto out;
    }
    for (size_t i = 0; i < n; i++) { /* one that encloses nothing lies in none: they go to the end */
        given one = rings[i];
        if (!dk_ring_measure(&one.ring, &scratch))
            continue;
        rings[i] = rings[n_real];
        rings[n_real] = one;
        measured[n_real++] = one.ring;
    }
    if (scratch.failed || (n_real > 0 && !dk_ring_nest(measured, n_real, outer, depth)))
        status = DK_NOMEM;
    else if (is_meant(rings, n_real, outer, depth, &same) && !same &&
             (*ret_ordered = dk_ring_polygons(measured, n_real, outer, depth)) == NULL)
        status = DK_NOMEM;
    for (size_t i = n_real; i < n && status == DK_OK && *ret_ordered != NULL; i++)
        if (rings[i].ring.n > 0 && !dk_ring_polygons_add(*ret_ordered, &rings[i].ring)) /* for who repairs it */
            status = DK_NOMEM;
    if (status != DK_OK && *ret_ordered != NULL) {
        OGR_G_DestroyGeometry(*ret_ordered);
        *ret_ordered = NULL;
    }
out:
    free(measured);
    free(outer);
    free(depth);
    dk_buf_finish(&scratch);
    return status;
}

dk_status dk_shape_rings_order(OGRGeometryH geometry, OGRGeometryH *ret_ordered)
{
    size_t n = 0, n_points = 0;
    *ret_ordered = NULL;
    for (int i = 0; i < polygons_in(geometry); i++) {
        OGRGeometryH polygon = polygon_of(geometry, i);
        for (int k = 0; k < OGR_G_GetGeometryCount(polygon); k++, n++)
            n_points += (size_t)OGR_G_GetPointCount(OGR_G_GetGeometryRef(polygon, k));
    }
    if (n < 2)
        return DK_OK;
    dk_status status = DK_OK;
    bool turned = false;
    given *rings = calloc(n, sizeof *rings);
    double *xy = calloc(n_points + 1, 2 * sizeof *xy);
    if (rings == NULL || xy == NULL) {
        status = DK_NOMEM;
    } else {
        take_rings(geometry, rings, xy);
        for (size_t i = 0; i < n; i++)
            turned |= rings[i].turned;
        if (turned)
            status = order(rings, n, ret_ordered);
    }
    free(rings);
    free(xy);
    return status;
}
