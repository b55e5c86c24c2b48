/* A foreign profile: what is read gives every path settings that hold together, what is refused has a sentence that
 * begins with the file. */
#include "fuzz_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/profile.h"
#include "store/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"资料/一九九八/征收地块.shp", "红线.DXF", "a.zip/里/行.geojsonl", "/", "x"};
    static const dk_pair given_set = {.name = "division", .value = "341321"};
    const dk_file_settings given = {.crs = "EPSG:4527", .columns = {.sets = &given_set, .n_sets = 1}};
    char path[64];
    snprintf(path, sizeof path, "/tmp/dikuai-fuzz-profile-%ld.yaml", (long)getpid());
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(size == 0 || fwrite(data, 1, size, file) == size);
    CHECK(fclose(file) == 0);
    dk_profile *profile = NULL;
    dk_error err;
    if (dk_profile_read(path, &profile, &err) == DK_OK) {
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            dk_file_settings settings;
            bool skip = false;
            CHECK(dk_profile_settings(profile, paths[i], &given, &settings, &skip, &err) == DK_OK);
            CHECK(strcmp(settings.crs, "EPSG:4527") == 0); /* what is given comes first */
            CHECK(settings.transformation == NULL || !settings.accept_datum_error);
            CHECK(settings.columns.n_sets >= 1 && strcmp(settings.columns.sets[0].value, "341321") == 0);
            for (size_t k = 1; k < settings.columns.n_sets; k++)
                CHECK(settings.columns.sets[k].name[0] != '\0' &&
                      strcmp(settings.columns.sets[k].name, "division") != 0);
        }
        dk_profile_free(profile);
    } else {
        CHECK(strncmp(err.text, path, strlen(path)) == 0);
        CHECK(dk_utf8_valid(err.text, strlen(err.text)));
    }
    unlink(path);
    return 0;
}
