/* A foreign coordinate TXT: parcels come in the order of their lines, rings lie in the points and holes in exteriors,
 * every parcel has rings or a problem, and no byte makes the two readings differ. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "ingest/survey_txt.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_survey *survey = NULL;
    dk_survey_parcel parcel;
    int64_t last = 0, n = 0;
    dk_status status;
    if (dk_survey_open_memory(data, size, NULL, false, &survey, NULL) != DK_OK)
        return 0;
    while ((status = dk_survey_next(survey, &parcel, NULL)) == DK_OK) {
        n++;
        CHECK(parcel.line > last);
        last = parcel.line;
        CHECK((parcel.problem == NULL) == (parcel.n_rings > 0));
        CHECK(parcel.problem == NULL || dk_utf8_valid(parcel.problem, strlen(parcel.problem)));
        for (size_t i = 0; i < DK_SURVEY_VALUES; i++)
            CHECK(dk_utf8_valid(parcel.values[i], strlen(parcel.values[i])));
        size_t end = 0;
        for (size_t i = 0; i < parcel.n_rings; i++) {
            const dk_survey_ring *ring = &parcel.rings[i];
            CHECK(ring->first >= end && ring->n > 0 && ring->first + ring->n <= parcel.n_points);
            end = ring->first + ring->n;
            CHECK(ring->outer >= -1 && ring->outer < (int)parcel.n_rings && ring->outer != (int)i);
            if (parcel.shape == DK_SURVEY_POLYGON)
                CHECK(ring->n >= 3);
            for (size_t k = ring->first; k < end; k++)
                CHECK(isfinite(parcel.points[k].x) && isfinite(parcel.points[k].y));
        }
    }
    CHECK(status == DK_END && n > 0); /* what was counted in the first reading is there in the second */
    const char *problem;
    const int epsg = dk_survey_epsg(survey, &problem);
    CHECK(epsg != 0 || problem != NULL);
    CHECK(dk_utf8_valid(dk_survey_notes(survey), strlen(dk_survey_notes(survey))));
    dk_survey_close(survey);
    return 0;
}
