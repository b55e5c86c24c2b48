/* A foreign MIF before GDAL sees its regions: it is left alone, or refused by a sentence that begins with the file and
 * a line. */
#include "fuzz_check.h"

#include <string.h>
#include <unistd.h>

#include "ingest/mif_regions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/dk-fuzz-XXXXXX.mif";
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    if (dk_mif_regions_check(path, "t", &err) != DK_OK)
        CHECK(strncmp(err.text, "t, line ", 8) == 0);
    unlink(path);
    return 0;
}
