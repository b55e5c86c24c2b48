/* Places that clients send: GeoJSON if it begins so, else WKT. */
#include "store/geos_time.h"
#include "store/region.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_region *region = NULL;
    dk_error err = {0};
    dk_geos_until(dk_seconds_now() + 2);
    const dk_status status =
        dk_region_read(size > 0 && (data[0] == '{' || data[0] == 0xEF) ? DK_REGION_GEOJSON : DK_REGION_WKT,
                       (const char *)data, size, NULL, &region, &err);
    dk_geos_until(0);
    if (status == DK_OK) {
        const double *b = dk_region_bounds(region);
        if (!(b[0] >= -180 && b[2] <= 180 && b[1] >= -90 && b[3] <= 90 && b[0] <= b[2] && b[1] <= b[3]) ||
            !(dk_region_area_m2(region) >= 0) || dk_region_vertices(region) == 0 ||
            (dk_region_kind(region) == DK_POLYGONS && dk_region_vertices(region) < 4))
            abort();
        dk_region_free(region);
    } else if (region != NULL || err.text[0] == '\0' || (status != DK_INVALID && status != DK_LIMIT)) {
        abort();
    }
    return 0;
}
