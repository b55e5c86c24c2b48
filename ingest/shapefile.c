#include "ingest/shapefile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static uint32_t big32(const unsigned char *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | (uint32_t)data[3];
}

char *dk_sibling(const char *path, const char *extension)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const size_t stem = dot ? (size_t)(dot - base) : strlen(base);
    const size_t folder_size = (size_t)(base - path);
    char *found = NULL;
    char *folder = folder_size > 0 ? strndup(path, folder_size) : strdup(".");
    DIR *dir = folder ? opendir(folder) : NULL;
    for (struct dirent *entry; dir && !found && (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, base, stem) == 0 && entry->d_name[stem] == '.' &&
            strcasecmp(entry->d_name + stem + 1, extension) == 0) {
            const size_t room = folder_size + strlen(entry->d_name) + 1;
            found = malloc(room);
            if (found != NULL)
                snprintf(found, room, "%.*s%s", (int)folder_size, path, entry->d_name);
        }
    }
    if (dir)
        closedir(dir);
    free(folder);
    return found;
}

dk_status dk_shapefile_check_ending(const char *path, dk_error *err)
{
    const char *dot = path != NULL ? strrchr(path, '.') : NULL;
    bool small = false, capital = false;
    char ending[8] = "";
    for (size_t i = 1; dot != NULL && dot[i] != '\0' && i < sizeof ending; i++) {
        small |= islower((unsigned char)dot[i]) != 0;
        capital |= isupper((unsigned char)dot[i]) != 0;
        ending[i - 1] = (char)tolower((unsigned char)dot[i]);
    }
    return small && capital
               ? dk_fail(err, DK_INVALID,
                         "%s: its ending has small and capital letters, and would not be found; rename it so that it "
                         "ends in .%s",
                         path, ending)
               : DK_OK;
}

/* Checks the 100-byte header that .shp and .shx share; ret_size gets the file's size in bytes, ret_announced what the
 * header says of it. */
static dk_status check_header(FILE *file, const char *path, uint64_t *ret_size, uint64_t *ret_announced, dk_error *err)
{
    unsigned char header[100];
    struct stat info;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode))
        return dk_fail(err, DK_INVALID, "%s: not a regular file", path);
    if (info.st_size == 0)
        return dk_fail(err, DK_INVALID, "%s: the file is empty; copy it again", path);
    if (fread(header, 1, sizeof header, file) != sizeof header)
        return dk_fail(err, DK_INVALID, "%s: the file is cut off inside its header (%lld of 100 bytes); copy it again",
                       path, (long long)info.st_size);
    if (big32(header) != 9994)
        return dk_fail(err, DK_INVALID, "%s: not a shapefile: it does not begin with the file code 9994; copy it again",
                       path);
    const uint64_t announced = (uint64_t)big32(header + 24) * 2;
    if (announced > (uint64_t)info.st_size)
        return dk_fail(err, DK_INVALID,
                       "%s: the file is cut off: its header announces %llu bytes, %lld are there; copy the .shp, .shx "
                       "and .dbf again",
                       path, (unsigned long long)announced, (long long)info.st_size);
    *ret_size = (uint64_t)info.st_size;
    *ret_announced = announced;
    return DK_OK;
}

/* Whether a record of that number stands behind the last that the index knows. */
static bool follows(FILE *shp, uint64_t at, uint64_t shp_size, uint64_t number)
{
    unsigned char head[8];
    if (at + sizeof head + 4 > shp_size || fseeko(shp, (off_t)at, SEEK_SET) != 0 ||
        fread(head, 1, sizeof head, shp) != sizeof head)
        return false;
    const uint64_t size = (uint64_t)big32(head + 4) * 2;
    return big32(head) == number && size >= 4 && at + sizeof head + size <= shp_size;
}

static dk_status check_index(FILE *shx, const char *shx_path, uint64_t shx_size, FILE *shp, const char *shp_path,
                             uint64_t shp_size, uint64_t *ret_records, dk_error *err)
{
    const uint64_t n = (shx_size - 100) / 8;
    unsigned char entries[8 * 512];
    uint64_t last = 100;
    for (uint64_t done = 0; done < n;) {
        const size_t want = n - done < 512 ? (size_t)(n - done) : 512;
        if (fread(entries, 8, want, shx) != want)
            return dk_fail(err, DK_IO, "%s: cannot be read: %s", shx_path, strerror(errno));
        for (size_t i = 0; i < want; i++) {
            const uint64_t start = (uint64_t)big32(entries + 8 * i) * 2;
            const uint64_t size = (uint64_t)big32(entries + 8 * i + 4) * 2;
            if (start < 100)
                return dk_fail(
                    err, DK_INVALID,
                    "%s: its entry %llu leads nowhere; the index is damaged: copy the .shp, .shx and .dbf again",
                    shx_path, (unsigned long long)(done + i + 1));
            last = start + 8 + size > last ? start + 8 + size : last;
            if (size > 0 && start + 8 + size > shp_size)
                return dk_fail(err, DK_INVALID,
                               "%s: the file is cut off: record %llu ends at byte %llu, the file at %llu; copy the "
                               ".shp, .shx and .dbf again",
                               shp_path, (unsigned long long)(done + i + 1), (unsigned long long)(start + 8 + size),
                               (unsigned long long)shp_size);
        }
        done += want;
    }
    if (follows(shp, last, shp_size, n + 1))
        return dk_fail(
            err, DK_INVALID,
            "%s: more shapes are in it than the %llu of the .shx; rows are missing in the .shx and the .dbf: copy all "
            "of them again",
            shp_path, (unsigned long long)n);
    *ret_records = n;
    return DK_OK;
}

dk_status dk_shapefile_examine(const char *path, uint64_t *ret_records, dk_error *err)
{
    dk_status status = DK_OK;
    FILE *shp = NULL, *shx = NULL;
    char *shx_path = dk_sibling(path, "shx");
    char *dbf_path = dk_sibling(path, "dbf");
    char *prj_path = dk_sibling(path, "prj");
    const char *const files[] = {path, shx_path, dbf_path, prj_path};
    for (size_t i = 0; i < sizeof files / sizeof *files && status == DK_OK; i++)
        status = dk_shapefile_check_ending(files[i], err);
    if (status != DK_OK)
        goto out;
    if (shx_path == NULL || dbf_path == NULL) {
        status = dk_fail(err, DK_INVALID,
                         "%s: the %s beside it %s missing; a shapefile is three files that belong together, .shp, .shx "
                         "and .dbf (and the .prj): copy all of them",
                         path,
                         shx_path == NULL && dbf_path == NULL ? ".shx and the .dbf"
                         : shx_path == NULL                   ? ".shx"
                                                              : ".dbf",
                         shx_path == NULL && dbf_path == NULL ? "are" : "is");
        goto out;
    }
    shp = fopen(path, "rb");
    if (shp == NULL) {
        status = dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
        goto out;
    }
    shx = fopen(shx_path, "rb");
    if (shx == NULL) {
        status = dk_fail(err, DK_IO, "%s: cannot be opened: %s", shx_path, strerror(errno));
        goto out;
    }
    uint64_t shp_size = 0, shx_size = 0, announced = 0, records = 0;
    status = check_header(shp, path, &shp_size, &announced, err);
    if (status == DK_OK)
        status = check_header(shx, shx_path, &shx_size, &announced, err);
    /* GDAL would read as many rows as the header says; a few bytes behind the last are none. */
    if (status == DK_OK && (announced < 100 || (announced - 100) / 8 != (shx_size - 100) / 8))
        status = dk_fail(err, DK_INVALID,
                         "%s: its header announces %llu bytes, %llu are there; copy the .shp, .shx and .dbf again",
                         shx_path, (unsigned long long)announced, (unsigned long long)shx_size);
    if (status == DK_OK)
        status = check_index(shx, shx_path, shx_size, shp, path, shp_size, &records, err);
    if (status == DK_OK)
        *ret_records = records;
out:
    if (shp)
        fclose(shp);
    if (shx)
        fclose(shx);
    free(shx_path);
    free(dbf_path);
    free(prj_path);
    return status;
}
