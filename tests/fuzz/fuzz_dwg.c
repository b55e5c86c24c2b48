/* A foreign drawing: outlines in their order, finite, with texts that are UTF-8; holes lie in exteriors and each is in
 * one chain. The input is a whole file, or the objects of one, each after its size in two bytes, around which a file
 * with the right checksums is put: else hardly any would come that far. */
#include "fuzz_check.h"

#include "../dwg_fixture.h"

#include <math.h>
#include <string.h>

#include "ingest/dwg.h"
#include "ingest/dwg_bits.h"
#include "store/text.h"

static void check_drawing(dk_drawing *drawing, const dk_drawing_wanted *wanted)
{
    const dk_drawing_outline *outlines;
    if (dk_drawing_choose(drawing, wanted, NULL) != DK_OK)
        return;
    const size_t n = dk_drawing_outlines(drawing, &outlines);
    size_t holes = 0, chained = 0;
    for (size_t i = 0; i < n; i++) {
        const dk_drawing_outline *at = &outlines[i];
        CHECK(i == 0 || at->row > outlines[i - 1].row);
        CHECK(at->problem != NULL || at->n >= (wanted->lines ? 1 : 3));
        CHECK(at->problem == NULL || dk_utf8_valid(at->problem, strlen(at->problem)));
        CHECK(dk_utf8_valid(at->layer, strlen(at->layer)) && dk_utf8_valid(at->handle, strlen(at->handle)));
        CHECK(at->text != NULL && dk_utf8_valid(at->text, strlen(at->text)));
        for (size_t k = 0; k < 2 * at->n && at->problem == NULL; k++)
            CHECK(isfinite(at->xy[k]));
        CHECK(at->outer < 0 || (wanted->holes && at->outer < (int)n && outlines[at->outer].outer < 0));
        holes += at->outer >= 0;
        for (int h = at->outer < 0 ? at->next_hole : -1; h >= 0; h = outlines[h].next_hole, chained++)
            CHECK(outlines[h].outer == (int)i && chained <= n);
    }
    CHECK(holes == chained);
    CHECK(dk_utf8_valid(dk_drawing_notes(drawing), strlen(dk_drawing_notes(drawing))));
}

/* By the handle that the object says it has. */
static void add_object(by_hand *file, const uint8_t *data, size_t size)
{
    dk_dwg_bits bits = dk_dwg_bits_of(data, size);
    dk_dwg_bs(&bits);
    dk_dwg_rl(&bits);
    const uint64_t handle = dk_dwg_h(&bits, 0);
    for (size_t i = 0; i < file->n; i++)
        if (file->handles[i] == handle)
            return;
    by_hand_object(file, handle, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const classes[] = {"LWPOLYLINE", "HATCH", "WIPEOUT", NULL};
    dk_drawing *drawing = NULL;
    dk_error err = {0};
    dk_buf whole;
    if (size < 2)
        return 0;
    const dk_drawing_wanted wanted = {
        .layer = data[0] & 1 ? NULL : "0", .lines = (data[0] & 2) != 0, .holes = (data[0] & 4) != 0};
    dk_buf_init(&whole);
    if (data[0] & 8) {
        dk_buf_append(&whole, data + 1, size - 1);
    } else {
        by_hand file = by_hand_new();
        for (size_t at = 1; at + 2 <= size;) {
            const size_t wants = data[at] | (size_t)data[at + 1] << 8, left = size - at - 2;
            const size_t has = wants < left ? wants : left;
            add_object(&file, data + at + 2, has);
            at += 2 + has;
        }
        by_hand_finish(&file, classes, &whole);
        by_hand_free(&file);
    }
    if (dk_dwg_open_memory(whole.data, whole.size, NULL, &drawing, &err) == DK_OK) {
        check_drawing(drawing, &wanted);
        dk_drawing_close(drawing);
    } else {
        CHECK(strncmp(err.text, "(memory)", 8) == 0 && dk_utf8_valid(err.text, strlen(err.text)));
    }
    dk_buf_finish(&whole);
    return 0;
}
