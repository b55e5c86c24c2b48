/* A foreign ZIP: names stay inside, sizes stay in their bounds, and an entry unpacks to what the directory says or not
 * at all. */
#include "fuzz_check.h"

#include <string.h>

#include "ingest/archive.h"
#include "ingest/scratch.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dk_archive *archive = NULL;
    const dk_archive_entry *entries;
    uint64_t whole = 0;
    if (dk_archive_open_memory(data, size, &archive, NULL) != DK_OK)
        return 0;
    const size_t n = dk_archive_entries(archive, &entries);
    for (size_t i = 0; i < n; i++) {
        CHECK(dk_utf8_valid(entries[i].name, strlen(entries[i].name)));
        CHECK(dk_scratch_name_good(entries[i].name));
        whole += entries[i].size;
    }
    CHECK(whole <= DK_ARCHIVE_MAX_BYTES);
    for (size_t i = 0; i < n && i < 8; i++) {
        FILE *to = tmpfile();
        CHECK(to != NULL);
        if (dk_archive_unpack(archive, &entries[i], to, NULL) == DK_OK)
            CHECK((uint64_t)ftello(to) == entries[i].size);
        CHECK((uint64_t)ftello(to) <= entries[i].size);
        fclose(to);
    }
    dk_archive_close(archive);
    return 0;
}
