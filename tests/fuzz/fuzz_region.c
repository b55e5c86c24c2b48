/* Places that clients send: GeoJSON if it begins so, else WKT. What is taken lies on the earth, and has in common with
 * another polygon what GEOS says. */
#include "fuzz_check.h"
#include "store/geos_time.h"
#include "store/region_work.h"

#include <math.h>

static void compare(const dk_region *region)
{
    double fixed[] = {0.3, 0.1, 1.7, 0.6, 0.9, 1.9, -0.4, 0.8, 0.3, 0.1}, area = 0, expected = 0;
    dk_part part = {0, 5, false};
    const dk_turned turned = {.lonlat = fixed, .parts = &part, .n_parts = 1, .bounds = {-0.4, 0.1, 1.7, 1.9}};
    dk_shared_work work = {0};
    dk_turn_rings(fixed, &part, 1);
    const dk_shared shared = dk_shared_area(&work, region->edges, &turned, &area);
    dk_shared_work_finish(&work);
    const dk_within within = dk_edge_tree_box(region->edges, turned.bounds);
    GEOSGeometry *box = GEOSGeom_createRectangle_r(region->geos, -0.4, 0.1, 1.7, 1.9);
    CHECK(box != NULL);
    if (within == DK_WITHIN)
        CHECK(GEOSContains_r(region->geos, region->geometry, box) != 0);
    else if (within == DK_OUTSIDE)
        CHECK(GEOSDisjoint_r(region->geos, region->geometry, box) != 0);
    GEOSGeom_destroy_r(region->geos, box);
    if (shared == DK_SHARED_UNCLEAR || shared == DK_SHARED_MANY || shared == DK_SHARED_NOMEM)
        return;
    GEOSGeometry *other = dk_geos_of_parts(region->geos, fixed, &part, 1, DK_POLYGONS);
    CHECK(other != NULL);
    GEOSGeometry *both = GEOSIntersection_r(region->geos, region->geometry, other);
    if (both != NULL && dk_geos_area_m2(region->geos, both, &expected))
        CHECK(fabs((shared == DK_SHARED_NONE ? 0 : area) - expected) < 1);
    if (both != NULL)
        GEOSGeom_destroy_r(region->geos, both);
    GEOSGeom_destroy_r(region->geos, other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_region *region = NULL;
    dk_error err = {0};
    dk_geos_until(dk_seconds_now() + 2);
    const dk_region_format format = size > 0 && (data[0] == '{' || data[0] == 0xEF) ? DK_REGION_GEOJSON : DK_REGION_WKT;
    const dk_status status = dk_region_read(format, (const char *)data, size, NULL, &region, &err);
    if (status == DK_OK) {
        const double *b = dk_region_bounds(region);
        CHECK(b[0] >= -180 && b[2] <= 180 && b[1] >= -90 && b[3] <= 90 && b[0] <= b[2] && b[1] <= b[3]);
        CHECK(dk_region_area_m2(region) >= 0 && dk_region_vertices(region) > 0);
        CHECK(dk_region_kind(region) != DK_POLYGONS || dk_region_vertices(region) >= 4);
        if (dk_region_kind(region) == DK_POLYGONS)
            compare(region);
        dk_region_free(region);
    } else {
        CHECK(region == NULL && err.text[0] != '\0' &&
              (status == DK_INVALID || status == DK_LIMIT || status == DK_BUSY));
    }
    dk_geos_until(0);
    return 0;
}
