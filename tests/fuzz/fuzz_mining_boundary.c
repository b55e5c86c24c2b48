/* A foreign boundary of a mining right: rings lie in the points one behind the other, all coordinates are in China,
 * also where they are taken for DDD.MMSS, and what is refused has a sentence. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "ingest/mining_boundary.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_mining_boundary boundary;
    dk_error err;
    dk_mining_boundary_init(&boundary);
    err.text[0] = '\0';
    if (dk_mining_parse((const char *)data, size, &boundary, &err) == DK_OK) {
        CHECK(boundary.n_rings > 0);
        size_t end = 0;
        for (size_t r = 0; r < boundary.n_rings; r++) {
            const dk_mining_ring *ring = &boundary.rings[r];
            CHECK(ring->n >= 3 && ring->first >= end && ring->first + ring->n <= boundary.n_points);
            end = ring->first + ring->n;
            CHECK(ring->description < boundary.texts.size);
            for (size_t i = ring->first; i < end; i++) {
                const double x = boundary.xy[2 * i], y = boundary.xy[2 * i + 1];
                if (boundary.degrees)
                    CHECK(x >= 73 && x < 137 && y >= 16 && y < 55);
                else
                    CHECK(x >= 100000 && x <= 46000000 && y >= 1.7e6 && y <= 6e6 && (int)(x / 1e6) == boundary.zone);
            }
        }
        dk_mining_take_minutes(&boundary);
        for (size_t i = 0; i < boundary.n_points && boundary.degrees; i++)
            CHECK(boundary.xy[2 * i] >= 73 && boundary.xy[2 * i] < 137 && boundary.xy[2 * i + 1] >= 16 &&
                  boundary.xy[2 * i + 1] < 55);
        dk_buf json;
        dk_buf_init(&json);
        CHECK(dk_mining_json(&boundary, &json) && dk_utf8_valid((const char *)json.data, json.size));
        dk_buf_finish(&json);
    } else {
        CHECK(err.text[0] != '\0' && dk_utf8_valid(err.text, strlen(err.text)));
    }
    const char *notes = dk_buf_cstr(&boundary.notes);
    CHECK(notes == NULL || dk_utf8_valid(notes, strlen(notes)));
    dk_mining_boundary_finish(&boundary);
    return 0;
}
