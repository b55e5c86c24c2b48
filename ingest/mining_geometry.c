#include "ingest/mining_geometry.h"

static OGRGeometryH polygon_of(const dk_mining_boundary *boundary, const dk_mining_ring *ring)
{
    OGRGeometryH polygon = OGR_G_CreateGeometry(wkbPolygon), line = OGR_G_CreateGeometry(wkbLinearRing);
    for (size_t i = 0; i < ring->n; i++)
        OGR_G_AddPoint_2D(line, boundary->xy[2 * (ring->first + i)], boundary->xy[2 * (ring->first + i) + 1]);
    OGR_G_CloseRings(line);
    OGR_G_AddGeometryDirectly(polygon, line);
    return polygon;
}

/* Replaces *io by what `join` makes of it and other, which is consumed. false: GEOS could not. */
static bool replace(OGRGeometryH *io, OGRGeometryH other, OGRGeometryH (*join)(OGRGeometryH, OGRGeometryH))
{
    if (*io == NULL) {
        *io = other;
        return true;
    }
    OGRGeometryH joined = join(*io, other);
    OGR_G_DestroyGeometry(*io);
    OGR_G_DestroyGeometry(other);
    *io = joined;
    return joined != NULL;
}

dk_status dk_mining_geometry(dk_mining_boundary *boundary, OGRGeometryH *ret_geometry, dk_error *err)
{
    OGRGeometryH outline = NULL;
    dk_status status = DK_OK;
    for (int out = 0; status == DK_OK && out < 2; out++)
        for (size_t r = 0; status == DK_OK && r < boundary->n_rings; r++) {
            const dk_mining_ring *ring = &boundary->rings[r];
            if (ring->excluded != (out == 1))
                continue;
            if (out == 1 && outline == NULL) {
                status = dk_fail(err, DK_INVALID, "all rings are taken out (扣除), and none is in");
                break;
            }
            OGRGeometryH polygon = polygon_of(boundary, ring);
            if (!OGR_G_IsValid(polygon)) {
                OGR_G_DestroyGeometry(polygon);
                status = dk_fail(err, DK_INVALID, "ring %zu crosses or touches itself; correct its points", r + 1);
                break;
            }
            if (out == 1 && !OGR_G_Intersects(outline, polygon))
                dk_buf_format(&boundary->notes, "ring %zu is taken out (扣除) and lies outside of all that is in\n", r + 1);
            if (!replace(&outline, polygon, out == 0 ? OGR_G_Union : OGR_G_Difference))
                status = dk_fail(err, DK_INVALID, "ring %zu cannot be joined with the others", r + 1);
        }
    if (status == DK_OK && (outline == NULL || OGR_G_IsEmpty(outline)))
        status = dk_fail(err, DK_INVALID, "nothing is left of the rings that are in when the others are taken out");
    if (status != DK_OK) {
        if (outline != NULL)
            OGR_G_DestroyGeometry(outline);
        return status;
    }
    *ret_geometry = outline;
    return DK_OK;
}
