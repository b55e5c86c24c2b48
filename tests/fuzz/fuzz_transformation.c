/* A foreign transformation file: what is read has a name and an old datum, what is refused has a sentence that begins
 * with the file, and no sentence repeats a number of it. */
#include "fuzz_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/transformation.h"
#include "store/text.h"

static bool of_number(char c)
{
    return (c >= '0' && c <= '9') || c == '.';
}

/* Whether the text has a number of five characters or more, with a point in it, that stands in the data too. */
static bool repeats_a_number(const char *text, const uint8_t *data, size_t size)
{
    while (*text != '\0') {
        size_t n = 0;
        while (of_number(text[n]))
            n++;
        if (n >= 5 && memchr(text, '.', n) != NULL && memmem(data, size, text, n) != NULL)
            return true;
        text += n > 0 ? n : 1;
    }
    return false;
}

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
        const double *extent = dk_transformation_extent(transformation);
        CHECK(dk_transformation_name(transformation)[0] != '\0');
        CHECK(dk_transformation_from(transformation) >= DK_DATUM_XIAN80);
        CHECK(extent == NULL || (extent[0] < extent[2] && extent[1] < extent[3]));
        CHECK(dk_utf8_valid(dk_transformation_notes(transformation), strlen(dk_transformation_notes(transformation))));
        dk_buf steps;
        dk_buf_init(&steps);
        CHECK(dk_transformation_steps(transformation, 6378245, 298.3, &steps));
        dk_buf_finish(&steps);
        dk_transformation_free(transformation);
    } else {
        CHECK(strncmp(err.text, path, strlen(path)) == 0);
        CHECK(dk_utf8_valid(err.text, strlen(err.text)));
        /* A residual may be a number of the file by chance, and names of points and the tolerance are said. */
        CHECK(strstr(err.text, " is missed by ") != NULL || !repeats_a_number(err.text + strlen(path), data, size));
    }
    unlink(path);
    return 0;
}
