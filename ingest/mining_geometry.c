#include "ingest/mining_geometry.h"

#include <cpl_error.h>

enum { MOST_LOOKED_AT = 200 }; /* rings of a side, whether the other leaves something of them: each takes time */

static OGRGeometryH polygon_of(const dk_mining_boundary *boundary, const dk_mining_ring *ring)
{
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon), line = OGR_G_CreateGeometry(wkbLinearRing);
    for (size_t i = 0; i < ring->n; i++)
        OGR_G_AddPoint_2D(line, boundary->xy[2 * (ring->first + i)], boundary->xy[2 * (ring->first + i) + 1]);
    OGR_G_CloseRings(line);
    OGR_G_AddGeometryDirectly(polygon, line);
    return polygon;
}

/* Adds a polygon to those of its side. */
static bool add(OGRGeometryH *io, OGRGeometryH polygon)
{
    if (*io == NULL)
        *io = OGR_G_CreateGeometry(wkbMultiPolygon);
    if (*io != NULL && OGR_G_AddGeometryDirectly(*io, polygon) == OGRERR_NONE)
        return true;
    OGR_G_DestroyGeometry(polygon);
    return false;
}

static void destroy(OGRGeometryH geometry)
{
    if (geometry != NULL)
        OGR_G_DestroyGeometry(geometry);
}

/* Rings of one side may lie on each other: all at once, as one by one takes long when they are many. */
static OGRGeometryH join(OGRGeometryH polygons)
{
    CPLErrorReset();
    return OGR_G_UnionCascaded(polygons);
}

static dk_status subtract(dk_mining_boundary *boundary, OGRGeometryH in, OGRGeometryH out, OGRGeometryH *io_outline,
                          dk_error *err)
{
    OGRGeometryH joined = join(out);
    OGRGeometryH rest = joined != NULL ? OGR_G_Difference(*io_outline, joined) : NULL;
    int k = 0;
    for (size_t r = 0; r < boundary->n_rings && k < MOST_LOOKED_AT; r++)
        if (boundary->rings[r].excluded && !OGR_G_Intersects(*io_outline, OGR_G_GetGeometryRef(out, k++)))
            dk_buf_format(&boundary->notes, "ring %zu is taken out (扣除) and lies outside of all that is in\n", r + 1);
    k = 0;
    for (size_t r = 0; r < boundary->n_rings && k < MOST_LOOKED_AT && joined != NULL; r++)
        if (!boundary->rings[r].excluded && OGR_G_Within(OGR_G_GetGeometryRef(in, k++), joined))
            dk_buf_format(
                &boundary->notes,
                "ring %zu is in (圈入) and lies within what is taken out (扣除), so that nothing of it is left in the "
                "outline; give it a row of its own if it belongs to the right\n",
                r + 1);
    destroy(joined);
    if (rest == NULL)
        return dk_fail(err, DK_INVALID, "the rings that are taken out (扣除) cannot be taken from the others");
    OGR_G_DestroyGeometry(*io_outline);
    *io_outline = rest;
    return DK_OK;
}

dk_status dk_mining_geometry(dk_mining_boundary *boundary, OGRGeometryH *ret_geometry, dk_error *err)
{
    OGRGeometryH sides[2] = {NULL, NULL}, outline = NULL; /* in, out */
    dk_status status = DK_OK;
    for (size_t r = 0; status == DK_OK && r < boundary->n_rings; r++) {
        OGRGeometryH polygon = polygon_of(boundary, &boundary->rings[r]);
        CPLErrorReset();
        if (!OGR_G_IsValid(polygon)) {
            OGR_G_DestroyGeometry(polygon);
            status = dk_fail(err, DK_INVALID, "ring %zu crosses or touches itself; correct its points", r + 1);
        } else if (!add(&sides[boundary->rings[r].excluded], polygon)) {
            status = dk_fail(err, DK_NOMEM, "out of memory");
        }
    }
    if (status == DK_OK && sides[0] == NULL)
        status = dk_fail(err, DK_INVALID, "all rings are taken out (扣除), and none is in");
    if (status == DK_OK && (outline = join(sides[0])) == NULL)
        status = dk_fail(err, DK_INVALID, "its rings cannot be joined");
    if (status == DK_OK && sides[1] != NULL)
        status = subtract(boundary, sides[0], sides[1], &outline, err);
    if (status == DK_OK && OGR_G_IsEmpty(outline))
        status = dk_fail(err, DK_INVALID, "nothing is left of the rings that are in when the others are taken out");
    destroy(sides[0]);
    destroy(sides[1]);
    if (status != DK_OK) {
        destroy(outline);
        return status;
    }
    *ret_geometry = outline;
    return DK_OK;
}
