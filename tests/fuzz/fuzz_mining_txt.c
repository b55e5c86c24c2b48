/* A foreign 报盘 TXT of mining rights: rights come in the order of their lines, each with a boundary or a problem, and
 * the second reading finds what the first counted. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/mining_txt.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_mining_txt *txt = NULL;
    dk_mining_boundary boundary;
    dk_mining_right right;
    dk_error err = {0};
    const char *const *keys, *problem;
    int64_t last = 0, n = 0;
    dk_status status = dk_mining_txt_open_memory(data, size, NULL, &txt, &err);
    if (status != DK_OK) {
        CHECK(err.text[0] != '\0' && dk_utf8_valid(err.text, strlen(err.text)));
        return 0;
    }
    dk_mining_boundary_init(&boundary);
    const size_t n_keys = dk_mining_txt_keys(txt, &keys);
    const int epsg = dk_mining_txt_epsg(txt, &problem);
    CHECK((epsg != 0) == (problem == NULL) && (problem == NULL || problem[0] != '\0'));
    while ((status = dk_mining_txt_next(txt, &boundary, &right, NULL)) == DK_OK) {
        n++;
        CHECK(right.line > last);
        last = right.line;
        for (size_t i = 0; i < n_keys; i++)
            CHECK(dk_utf8_valid(right.values[i], strlen(right.values[i])));
        if (right.problem != NULL) {
            CHECK(right.problem[0] != '\0' && dk_utf8_valid(right.problem, strlen(right.problem)));
            continue;
        }
        CHECK(right.epsg != 0 || right.system_problem[0] != '\0');
        size_t end = 0;
        CHECK(boundary.n_rings > 0);
        for (size_t r = 0; r < boundary.n_rings; r++) {
            const dk_mining_ring *ring = &boundary.rings[r];
            CHECK(ring->n >= 3 && ring->first >= end && ring->first + ring->n <= boundary.n_points);
            CHECK(ring->description < boundary.texts.size);
            end = ring->first + ring->n;
        }
    }
    CHECK(status == DK_END && n > 0 && dk_mining_txt_keys(txt, &keys) == n_keys);
    CHECK(dk_utf8_valid(dk_mining_txt_notes(txt), strlen(dk_mining_txt_notes(txt))));
    dk_mining_boundary_finish(&boundary);
    dk_mining_txt_close(txt);
    return 0;
}
