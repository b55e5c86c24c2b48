/* A shape of a geodatabase: a geometry whose coordinates are finite and whose rings are closed, or a sentence, or none.
 */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "ingest/esri_shape.h"

static void check(OGRGeometryH geometry, bool ring)
{
    const int n = OGR_G_GetPointCount(geometry);
    for (int i = 0; i < n; i++)
        CHECK(isfinite(OGR_G_GetX(geometry, i)) && isfinite(OGR_G_GetY(geometry, i)));
    if (ring)
        CHECK(n >= 2 && OGR_G_GetX(geometry, 0) == OGR_G_GetX(geometry, n - 1) &&
              OGR_G_GetY(geometry, 0) == OGR_G_GetY(geometry, n - 1));
    const bool polygon = wkbFlatten(OGR_G_GetGeometryType(geometry)) == wkbPolygon;
    for (int i = 0; i < OGR_G_GetGeometryCount(geometry); i++)
        check(OGR_G_GetGeometryRef(geometry, i), polygon);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OGRGeometryH geometry = NULL;
    bool arcs = false;
    const char *problem = NULL;
    CHECK(dk_esri_shape(data, size, &geometry, &arcs, &problem) == DK_OK);
    CHECK(geometry == NULL || problem == NULL);
    CHECK(problem == NULL || strlen(problem) > 10);
    if (geometry != NULL) {
        check(geometry, false);
        OGR_G_DestroyGeometry(geometry);
    }
    return 0;
}
