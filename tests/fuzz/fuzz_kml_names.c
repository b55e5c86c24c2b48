/* A foreign KML: it is refused, left as it is, or copied; in the copy all names of data are such that GDAL leaves them,
 * each of them leads back to one of the file, its placemarks are as many, and copying it again changes nothing. */
#include "fuzz_check.h"

#include <string.h>
#include <unistd.h>

#include "ingest/kml_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/tmp/dk-fuzz-XXXXXX.kml", *copy = NULL, *again = NULL;
    dk_scratch *scratch = NULL, *other = NULL;
    dk_kml_names names = {0}, second = {0};
    dk_error err = {0};
    const int fd = mkstemps(path, 4);
    CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    if (dk_kml_names_prepare(path, "t", &names, &copy, &scratch, &err) != DK_OK) {
        CHECK(strncmp(err.text, "t: ", 3) == 0 || strncmp(err.text, "t, line ", 8) == 0);
    } else if (copy != NULL) {
        CHECK(dk_kml_names_prepare(copy, "t", &second, &again, &other, &err) == DK_OK);
        CHECK(second.n == names.n && second.whole);
        CHECK(second.n_placemarks == names.n_placemarks && second.n_overlays == names.n_overlays);
        for (size_t i = 0; i < second.n; i++) {
            CHECK(second.names[i][strspn(second.names[i],
                                         "0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.: ()")] ==
                      '\0' ||
                  strcmp(second.names[i], names.names[i]) == 0);
            CHECK(strcmp(dk_kml_name(&names, second.names[i]), names.names[i]) == 0);
        }
    }
    dk_kml_names_finish(&names);
    dk_kml_names_finish(&second);
    free(copy);
    free(again);
    dk_scratch_remove(scratch);
    dk_scratch_remove(other);
    unlink(path);
    return 0;
}
