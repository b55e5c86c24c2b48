/* The head of a foreign MapInfo table: what is named lies in it, and the neutral head is neutral and a normal form. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/mapinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const bool tab = size > 0 && data[0] == '!';
    dk_mapinfo_head head, again;
    dk_buf neutral;
    if (dk_mapinfo_parse((const char *)data, size, tab, "t", &head, NULL) != DK_OK)
        return 0;
    CHECK(head.size <= size && head.n_charsets <= 4);
    size_t end = 0;
    for (size_t i = 0; i < head.n_charsets; i++) {
        CHECK(head.charset[i] >= end && head.charset[i] + head.charset_size[i] <= head.size);
        end = head.charset[i] + head.charset_size[i];
    }
    dk_buf_init(&neutral);
    dk_mapinfo_neutral((const char *)data, &head, &neutral);
    CHECK(dk_mapinfo_parse((const char *)neutral.data, neutral.size, tab, "t", &again, NULL) == DK_OK);
    CHECK(again.size == neutral.size && again.n_charsets == head.n_charsets);
    CHECK(again.neutral && strcmp(again.type, head.type) == 0);
    dk_buf_finish(&neutral);
    return 0;
}
