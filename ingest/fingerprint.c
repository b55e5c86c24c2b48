#include "ingest/fingerprint.h"

#include "ingest/encoding.h"
#include "store/buf.h"
#include "store/sha256.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FILES = 10000, MOST_DEPTH = 8, READ_BYTES = 1 << 18 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static dk_status fail(const char *path, dk_error *err)
{
    return dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
}

/* name: how the file is called, below the source; *ret_file keeps a copy. A file that is not a regular one is left out,
 * and opened without waiting for a pipe's other end. */
static dk_status add_file(dk_fingerprint *into, const char *path, const char *name, dk_error *err)
{
    dk_status status = DK_OK;
    unsigned char *buffer = NULL;
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail(path, err);
    if (fstat(fd, &info) != 0) {
        status = fail(path, err);
        goto out;
    }
    if (!S_ISREG(info.st_mode))
        goto out;
    if (into->n_files == MOST_FILES) {
        status =
            dk_fail(err, DK_LIMIT, "%s: is one of more than %d files of a folder; give a folder with the data only",
                    path, MOST_FILES);
        goto out;
    }
    buffer = malloc(READ_BYTES);
    if (buffer == NULL || !dk_grow(&into->files, &into->capacity, into->n_files + 1, sizeof *into->files)) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    dk_source_file file = {.name = dk_path_text(name)};
    dk_sha256 hash;
    dk_sha256_begin(&hash);
    ssize_t n;
    while ((n = read(fd, buffer, READ_BYTES)) > 0) {
        dk_sha256_add(&hash, buffer, (size_t)n);
        file.bytes += n;
    }
    const bool hashed = dk_sha256_end(&hash, file.sha256);
    if (n < 0)
        status = fail(path, err);
    else if (file.name == NULL || !hashed)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status != DK_OK) {
        free((void *)(uintptr_t)file.name);
        goto out;
    }
    into->files[into->n_files++] = file;
out:
    free(buffer);
    close(fd);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const dk_source_file *)a)->name, ((const dk_source_file *)b)->name);
}

/* wanted NULL: all files, also of folders within. Else those called base.EXTENSION, the extension one of wanted. */
static dk_status add_folder(dk_fingerprint *into, const char *path, const char *prefix, const char *base,
                            size_t base_size, const char *const *wanted, int depth, dk_error *err)
{
    dk_status status = DK_OK;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return fail(path, err);
    const struct dirent *entry;
    while (status == DK_OK && (entry = readdir(folder)) != NULL) {
        const char *name = entry->d_name;
        struct stat info;
        char *full = NULL, *shown = NULL;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (wanted != NULL) {
            bool part = strncmp(name, base, base_size) == 0 && name[base_size] == '.', known = false;
            for (size_t i = 0; part && wanted[i] != NULL; i++)
                known |= strcasecmp(name + base_size + 1, wanted[i]) == 0;
            if (!known)
                continue;
        }
        if (asprintf(&full, "%s/%s", path, name) < 0 || asprintf(&shown, "%s%s", prefix, name) < 0)
            status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        else if (lstat(full, &info) == 0 && S_ISDIR(info.st_mode)) {
            char *below = NULL;
            if (wanted == NULL && depth < MOST_DEPTH && asprintf(&below, "%s/", shown) >= 0)
                status = add_folder(into, full, below, NULL, 0, NULL, depth + 1, err);
            free(below);
        } else
            status = add_file(into, full, shown, err);
        free(full);
        free(shown);
    }
    closedir(folder);
    return status;
}

/* The extensions of the files that belong to one of this name; NULL: it is alone. */
static const char *const *parts_of(const char *name)
{
    static const char *const shapefile[] = {"shp", "shx", "dbf", "prj", "cpg", NULL};
    static const char *const table[] = {"tab", "dat", "map", "id", "ind", NULL};
    static const char *const exchange[] = {"mif", "mid", NULL};
    static const char *const *const sets[] = {shapefile, table, exchange};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof sets / sizeof *sets; i++)
        if (strcasecmp(dot + 1, sets[i][0]) == 0)
            return sets[i];
    return NULL;
}

static dk_status take(const char *path, dk_fingerprint *into, dk_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        const char *slash = errno == ENOTDIR ? strrchr(path, '/') : NULL;
        if (slash == NULL || slash == path)
            return fail(path, err);
        char *outer = strndup(path, (size_t)(slash - path)); /* the archive that it leads into */
        const dk_status status = outer != NULL ? take(outer, into, err) : dk_fail(err, DK_NOMEM, "out of memory");
        free(outer);
        return status;
    }
    const char *name = base_name(path);
    if (S_ISDIR(info.st_mode)) {
        const dk_status status = add_folder(into, path, "", NULL, 0, NULL, 0, err);
        if (status == DK_OK && into->n_files > 1)
            qsort(into->files, into->n_files, sizeof *into->files, by_name);
        return status;
    }
    const char *const *wanted = parts_of(name);
    if (!S_ISREG(info.st_mode) || wanted == NULL)
        return S_ISREG(info.st_mode) ? add_file(into, path, name, err) : DK_OK;
    char *folder = strndup(path, (size_t)(name - path));
    if (folder == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    const dk_status status = add_folder(into, folder[0] != '\0' ? folder : ".", "", name,
                                        (size_t)(strrchr(name, '.') - name), wanted, 0, err);
    free(folder);
    if (status != DK_OK || into->n_files == 0)
        return status;
    qsort(into->files, into->n_files, sizeof *into->files, by_name);
    for (size_t i = 1; i < into->n_files; i++)
        if (strcmp(into->files[i].name, name) == 0) {
            const dk_source_file named = into->files[i];
            memmove(into->files + 1, into->files, i * sizeof *into->files);
            into->files[0] = named;
        }
    return status;
}

dk_status dk_fingerprint_take(const char *path, dk_fingerprint *ret_fingerprint, dk_error *err)
{
    dk_fingerprint taken = {0};
    const dk_status status = take(path, &taken, err);
    if (status == DK_OK)
        *ret_fingerprint = taken;
    else
        dk_fingerprint_finish(&taken);
    return status;
}

void dk_fingerprint_finish(dk_fingerprint *fingerprint)
{
    for (size_t i = 0; i < fingerprint->n_files; i++)
        free((void *)(uintptr_t)fingerprint->files[i].name);
    free(fingerprint->files);
    *fingerprint = (dk_fingerprint){0};
}
