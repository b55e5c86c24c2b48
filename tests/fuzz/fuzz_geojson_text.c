/* A foreign GeoJSON before GDAL sees it: it is refused, left as it is, or copied; the copy of one in GB18030 is UTF-8
 * and has no NUL, neither as a byte that was not there nor as an escape, and copying it again changes nothing. What its
 * crs says is no longer than its bound, and without control characters. Features with holes in their coordinates are
 * named in order. */
#include "fuzz_check.h"

#include <string.h>
#include <unistd.h>

#include "ingest/geojson_crs.h"
#include "ingest/geojson_text.h"
#include "ingest/geojson_whole.h"
#include "store/buf.h"

static void read_all(const char *path, dk_buf *out)
{
    FILE *file = fopen(path, "rb");
    unsigned char block[4096];
    CHECK(file != NULL);
    dk_buf_clear(out);
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;)
        dk_buf_append(out, block, got);
    fclose(file);
    CHECK(!out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/dk-fuzz-geojson-XXXXXX", *copy = NULL, *again = NULL;
    dk_scratch *scratch = NULL, *other = NULL;
    dk_encoding encoding = DK_ENCODING_UTF8, second = DK_ENCODING_UTF8;
    dk_error err;
    dk_buf text;
    const int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    dk_buf_init(&text);
    if (dk_geojson_prepare(path, "t", NULL, &encoding, &copy, &scratch, &err) == DK_OK && copy != NULL) {
        read_all(copy, &text);
        dk_utf8_check check = {0};
        dk_utf8_check_add(&check, text.data, text.size);
        if (encoding == DK_ENCODING_GB18030)
            CHECK(dk_utf8_check_end(&check));
        if (dk_utf8_check_end(&check)) { /* none of its escapes is left */
            CHECK(dk_geojson_prepare(copy, "t", NULL, &second, &again, &other, &err) == DK_OK);
            CHECK(second == DK_ENCODING_UTF8 && again == NULL);
        }
    }
    dk_buf_clear(&text);
    CHECK(dk_geojson_crs_text(path, "t", &text, &err) == DK_OK && text.size <= DK_GEOJSON_CRS_BYTES);
    for (size_t i = 0; i < text.size; i++)
        CHECK(text.data[i] >= ' ');
    OSRRelease(dk_geojson_crs((const char *)text.data, text.size));
    int64_t number = -1;
    CHECK(dk_geojson_records(path, "t", &number, &err) == DK_OK && number >= 0);
    CHECK(dk_geojson_behind(path, "t", &number, &err) == DK_OK && number >= 0);
    for (int line_by_line = 0; line_by_line < 2; line_by_line++) {
        dk_geojson_holes holes;
        CHECK(dk_geojson_find_holes(path, "t", line_by_line != 0, &holes, &err) == DK_OK);
        for (size_t i = 0; i < holes.n; i++)
            CHECK(holes.rows[i] > (i > 0 ? holes.rows[i - 1] : 0) && holes.rows[i] <= holes.n_features);
        dk_geojson_holes_finish(&holes);
        CHECK(dk_geojson_find_undrawn(path, "t", line_by_line != 0, &holes, &err) == DK_OK);
        for (size_t i = 0; i < holes.n; i++)
            CHECK(holes.rows[i] > (i > 0 ? holes.rows[i - 1] : 0) && holes.rows[i] <= holes.n_features);
        dk_geojson_holes_finish(&holes);
    }
    free(copy);
    dk_scratch_remove(scratch);
    dk_buf_finish(&text);
    unlink(path);
    return 0;
}
