/* A foreign drawing: outlines in the order of their lines, finite, with texts that are UTF-8; holes lie in exteriors
 * and each is in one chain. */
#include "fuzz_check.h"

#include <math.h>
#include <string.h>

#include "ingest/dxf.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_drawing *dxf = NULL;
    const dk_drawing_outline *outlines;
    if (size < 2)
        return 0;
    const dk_drawing_wanted wanted = {
        .layer = data[0] & 1 ? NULL : "0", .lines = (data[0] & 2) != 0, .holes = (data[0] & 4) != 0};
    if (dk_dxf_open_memory(data + 1, size - 1, NULL, &dxf, NULL) != DK_OK)
        return 0;
    if (dk_drawing_choose(dxf, &wanted, NULL) == DK_OK) {
        const size_t n = dk_drawing_outlines(dxf, &outlines);
        size_t holes = 0, chained = 0;
        for (size_t i = 0; i < n; i++) {
            const dk_drawing_outline *at = &outlines[i];
            CHECK(i == 0 || at->row > outlines[i - 1].row);
            CHECK(at->problem != NULL || at->n >= (wanted.lines ? 1 : 3));
            CHECK(at->problem == NULL || dk_utf8_valid(at->problem, strlen(at->problem)));
            CHECK(dk_utf8_valid(at->layer, strlen(at->layer)) && dk_utf8_valid(at->handle, strlen(at->handle)));
            CHECK(at->text != NULL && dk_utf8_valid(at->text, strlen(at->text)));
            for (size_t k = 0; k < 2 * at->n && at->problem == NULL; k++)
                CHECK(isfinite(at->xy[k]));
            CHECK(at->outer < 0 || (wanted.holes && at->outer < (int)n && outlines[at->outer].outer < 0));
            holes += at->outer >= 0;
            for (int h = at->outer < 0 ? at->next_hole : -1; h >= 0; h = outlines[h].next_hole, chained++)
                CHECK(outlines[h].outer == (int)i && chained <= n);
        }
        CHECK(holes == chained);
        CHECK(dk_utf8_valid(dk_drawing_notes(dxf), strlen(dk_drawing_notes(dxf))));
    }
    dk_drawing_close(dxf);
    return 0;
}
