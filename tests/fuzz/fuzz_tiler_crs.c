/* The parameter crs, and coordinates in any of the systems: what is turned to degrees and back is the same. */
#include "tests/fuzz/fuzz_check.h"
#include "tiler/crs.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double numbers[4];
    if (size > sizeof numbers) { /* a system, then a box */
        size_t n = 0;
        while (dk_crs_at(n) != NULL)
            n++;
        const dk_crs *crs = dk_crs_at(data[0] % n);
        memcpy(numbers, data + 1, sizeof numbers);
        double pair[2] = {numbers[0], numbers[1]}, box[4];
        if (dk_crs_to_lonlat(crs, pair, 1, NULL) == DK_OK) {
            CHECK(isfinite(pair[0]) && isfinite(pair[1]));
            if (!dk_crs_is_degrees(crs) && dk_crs_from_lonlat(crs, pair, 1, NULL) == DK_OK)
                CHECK(fabs(pair[0] - numbers[0]) < 0.01 && fabs(pair[1] - numbers[1]) < 0.01);
        }
        if (dk_crs_box_to_lonlat(crs, numbers, box, NULL) == DK_OK)
            CHECK(isfinite(box[0]) && isfinite(box[1]) && isfinite(box[2]) && isfinite(box[3]));
        memcpy(pair, numbers, sizeof pair);
        if (dk_crs_from_lonlat(crs, pair, 1, NULL) == DK_OK)
            CHECK(isfinite(pair[0]) && isfinite(pair[1]));
    }
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    const dk_crs *found;
    dk_error error;
    if (dk_crs_read("crs", text, &found, &error) == DK_OK)
        CHECK(dk_crs_find(dk_crs_uri(found)) == found);
    free(text);
    return 0;
}
