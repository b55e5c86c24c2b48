/* A foreign VCT: polygons in the order of their lines, each with rings or a problem; rings are finite, and holes lie in
 * exteriors. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "ingest/vct.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_vct *vct = NULL;
    dk_vct_polygon polygon;
    const char *const *fields, *problem;
    int64_t last = 0, n = 0;
    dk_status status;
    if (dk_vct_open_memory(data, size, NULL, NULL, &vct, NULL) != DK_OK)
        return 0;
    const size_t n_fields = dk_vct_fields(vct, &fields);
    for (size_t i = 0; i < n_fields; i++)
        CHECK(dk_utf8_valid(fields[i], strlen(fields[i])));
    while ((status = dk_vct_next(vct, &polygon, NULL)) == DK_OK) {
        n++;
        CHECK(polygon.line > last);
        last = polygon.line;
        CHECK((polygon.problem == NULL) == (polygon.n_rings > 0));
        CHECK(polygon.problem == NULL || dk_utf8_valid(polygon.problem, strlen(polygon.problem)));
        for (size_t i = 0; i < n_fields; i++)
            CHECK(dk_utf8_valid(polygon.values[i], strlen(polygon.values[i])));
        for (size_t i = 0; i < polygon.n_rings; i++) {
            const dk_vct_ring *ring = &polygon.rings[i];
            CHECK(ring->n >= 3 && ring->outer >= -1 && ring->outer < (int)polygon.n_rings);
            CHECK(ring->outer < 0 || polygon.rings[ring->outer].outer < 0);
            for (size_t k = 0; k < 2 * ring->n; k++)
                CHECK(isfinite(ring->xy[k]));
        }
    }
    CHECK(status == DK_END && n == (int64_t)dk_vct_polygons(vct) && n > 0);
    CHECK(dk_vct_epsg(vct, &problem) != 0 || (problem != NULL && dk_utf8_valid(problem, strlen(problem))));
    CHECK(dk_utf8_valid(dk_vct_notes(vct), strlen(dk_vct_notes(vct))));
    dk_vct_close(vct);
    return 0;
}
