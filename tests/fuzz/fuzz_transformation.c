/* A foreign transformation file: what is read has a name and an old datum, what is refused has a sentence that begins with the
 * file. */
#include "fuzz_check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ingest/transformation.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/dikuai-fuzz-%ld.yaml", (long)getpid());
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(size == 0 || fwrite(data, 1, size, file) == size);
    CHECK(fclose(file) == 0);
    dk_transformation *transformation = NULL;
    dk_error err;
    if (dk_transformation_read(path, &transformation, &err) == DK_OK) {
        CHECK(dk_transformation_name(transformation)[0] != '\0');
        CHECK(dk_transformation_from(transformation) >= DK_DATUM_XIAN80);
        CHECK(dk_utf8_valid(dk_transformation_notes(transformation), strlen(dk_transformation_notes(transformation))));
        dk_transformation_free(transformation);
    } else {
        CHECK(strncmp(err.text, path, strlen(path)) == 0 || strncmp(err.text, "--crs EPSG", 10) == 0);
        CHECK(dk_utf8_valid(err.text, strlen(err.text)));
    }
    unlink(path);
    return 0;
}
