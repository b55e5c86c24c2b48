#include "ingest/ring_polygons.h"

#include <stdlib.h>

/* Adds a part and owns it, whatever becomes of it. */
static bool add(OGRGeometryH whole, OGRGeometryH part)
{
    if (part == NULL)
        return false;
    if (OGR_G_AddGeometryDirectly(whole, part) == OGRERR_NONE)
        return true;
    OGR_G_DestroyGeometry(part);
    return false;
}

static bool add_ring(OGRGeometryH polygon, const dk_ring *ring)
{
    OGRGeometryH line = OGR_G_CreateGeometry(wkbLinearRing);
    if (line == NULL)
        return false;
    const int n = (int)ring->n;
    OGR_G_SetPoints(line, n, ring->xy, 2 * sizeof *ring->xy, ring->xy + 1, 2 * sizeof *ring->xy, NULL, 0);
    OGR_G_SetPointCount(line, n + 1);
    OGR_G_SetPoint_2D(line, n, ring->xy[0], ring->xy[1]);
    return add(polygon, line);
}

bool dk_ring_polygons_add(OGRGeometryH polygons, const dk_ring *ring)
{
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon);
    return add(polygons, polygon) && add_ring(polygon, ring);
}

OGRGeometryH dk_ring_polygons(const dk_ring *rings, size_t n, const int *outer, const int *depth)
{
    int *place = calloc(n + 1, sizeof *place); /* of the polygon of each exterior */
    OGRGeometryH whole = OGR_G_CreateGeometry(wkbMultiPolygon);
    bool good = place != NULL && whole != NULL;
    for (size_t i = 0; i < n && good; i++)
        if (depth[i] % 2 == 0) {
            place[i] = OGR_G_GetGeometryCount(whole);
            good = dk_ring_polygons_add(whole, &rings[i]);
        }
    for (size_t i = 0; i < n && good; i++)
        if (depth[i] % 2 == 1)
            good = add_ring(OGR_G_GetGeometryRef(whole, place[outer[i]]), &rings[i]);
    free(place);
    if (!good && whole != NULL)
        OGR_G_DestroyGeometry(whole);
    return good ? whole : NULL;
}
