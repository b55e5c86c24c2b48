/* A foreign FlatGeobuf file: either its rows are counted, each of which has bytes of its own, or a sentence begins with
 * the file. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/flatgeobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t rows = 0;
    dk_error err = {0};
    /* in memory of exactly that size, so that reading over its end is seen */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (dk_flatgeobuf_examine_memory(copy, size, "t", &rows, &err) == DK_OK)
        CHECK(rows <= size / 12);
    else
        CHECK(strncmp(err.text, "t: ", 3) == 0);
    free(copy);
    return 0;
}
