/* A foreign GML before GDAL sees it: it is left alone, or refused by a sentence that begins with the file and a line.
 */
#include "fuzz_check.h"

#include <string.h>
#include <unistd.h>

#include "ingest/gml_shapes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/dk-fuzz-XXXXXX.gml";
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    if (dk_gml_shapes_check(path, "t", &err) != DK_OK)
        CHECK(strncmp(err.text, "t, line ", 8) == 0);
    unlink(path);
    return 0;
}
