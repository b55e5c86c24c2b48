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

struct dk_file_state {
    char *name; /* as text, below the source; that of the dk_source_file */
    char *path;
    off_t size;
    struct timespec
        written; /* and no inode: some file systems (FAT, of a network) give a file another number each time */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static dk_status fail(const char *path, dk_error *err)
{
    return dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
}

/* name: how the file is called, below the source. A file that is not a regular one is left out. */
static dk_status add_file(dk_fingerprint *into, const char *path, const char *name, dk_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return fail(path, err);
    if (!S_ISREG(info.st_mode))
        return DK_OK;
    if (into->n_files == MOST_FILES)
        return dk_fail(err, DK_LIMIT, "%s: is one of more than %d files of a folder; give a folder with the data only",
                       path, MOST_FILES);
    dk_file_state made = {
        .name = dk_path_text(name), .path = strdup(path), .size = info.st_size, .written = info.st_mtim};
    if (made.name == NULL || made.path == NULL ||
        !dk_grow(&into->states, &into->capacity, into->n_files + 1, sizeof *into->states)) {
        free(made.name);
        free(made.path);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    into->states[into->n_files++] = made;
    return DK_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const dk_file_state *)a)->name, ((const dk_file_state *)b)->name);
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

static dk_status list(const char *path, dk_fingerprint *into, dk_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        const char *slash = errno == ENOTDIR ? strrchr(path, '/') : NULL;
        if (slash == NULL || slash == path)
            return fail(path, err);
        char *outer = strndup(path, (size_t)(slash - path)); /* the archive that it leads into */
        const dk_status status = outer != NULL ? list(outer, into, err) : dk_fail(err, DK_NOMEM, "out of memory");
        free(outer);
        return status;
    }
    const char *name = base_name(path);
    if (S_ISDIR(info.st_mode)) {
        const dk_status status = add_folder(into, path, "", NULL, 0, NULL, 0, err);
        if (status == DK_OK && into->n_files > 1)
            qsort(into->states, into->n_files, sizeof *into->states, by_name);
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
    qsort(into->states, into->n_files, sizeof *into->states, by_name);
    for (size_t i = 1; i < into->n_files; i++)
        if (strcmp(base_name(into->states[i].path), name) == 0) {
            const dk_file_state named = into->states[i];
            memmove(into->states + 1, into->states, i * sizeof *into->states);
            into->states[0] = named;
        }
    return status;
}

dk_status dk_fingerprint_list(const char *path, dk_fingerprint *ret_fingerprint, dk_error *err)
{
    dk_fingerprint listed = {0};
    dk_status status = list(path, &listed, err);
    if (status == DK_OK && (listed.files = calloc(listed.n_files + 1, sizeof *listed.files)) == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < listed.n_files && status == DK_OK; i++)
        listed.files[i].name = listed.states[i].name;
    if (status == DK_OK)
        *ret_fingerprint = listed;
    else
        dk_fingerprint_finish(&listed);
    return status;
}

static dk_status hash_file(const char *path, unsigned char *buffer, const atomic_bool *stop, dk_source_file *to,
                           dk_error *err)
{
    dk_status status = DK_OK;
    dk_sha256 hash;
    ssize_t n;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* without waiting, if it has become a pipe */
    if (fd < 0)
        return fail(path, err);
    to->bytes = 0;
    dk_sha256_begin(&hash);
    while ((n = read(fd, buffer, READ_BYTES)) > 0 && status == DK_OK) {
        if (stop != NULL && atomic_load(stop))
            status = dk_fail(err, DK_LIMIT, "%s: interrupted", path);
        dk_sha256_add(&hash, buffer, (size_t)n);
        to->bytes += n;
    }
    if (n < 0)
        status = fail(path, err);
    if (!dk_sha256_end(&hash, to->sha256) && status == DK_OK)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    if (status != DK_OK) /* what was read of it is not the file */
        to->sha256[0] = '\0';
    close(fd);
    return status;
}

dk_status dk_fingerprint_hash(dk_fingerprint *fingerprint, const atomic_bool *stop, dk_error *err)
{
    dk_status status = DK_OK;
    unsigned char *buffer = malloc(READ_BYTES);
    if (buffer == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; i < fingerprint->n_files && status == DK_OK; i++)
        status = hash_file(fingerprint->states[i].path, buffer, stop, &fingerprint->files[i], err);
    free(buffer);
    return status;
}

dk_status dk_fingerprint_take(const char *path, dk_fingerprint *ret_fingerprint, dk_error *err)
{
    dk_fingerprint taken = {0};
    dk_status status = dk_fingerprint_list(path, &taken, err);
    if (status == DK_OK)
        status = dk_fingerprint_hash(&taken, NULL, err);
    if (status == DK_OK)
        *ret_fingerprint = taken;
    else
        dk_fingerprint_finish(&taken);
    return status;
}

static bool is_lock(const char *name)
{
    const size_t size = strlen(name);
    return size > 5 && strcasecmp(name + size - 5, ".lock") == 0;
}

dk_status dk_fingerprint_unchanged(const dk_fingerprint *fingerprint, const char *shown, dk_error *err)
{
    for (size_t i = 0; i < fingerprint->n_files; i++) {
        const dk_file_state *was = &fingerprint->states[i];
        struct stat now;
        if (is_lock(was->name) ||
            (stat(was->path, &now) == 0 && now.st_size == was->size && now.st_mtim.tv_sec == was->written.tv_sec &&
             now.st_mtim.tv_nsec == was->written.tv_nsec))
            continue;
        const size_t size = strlen(shown), end = strlen(was->name);
        const bool itself = end <= size && strcmp(shown + size - end, was->name) == 0;
        return dk_fail(err, DK_CONFLICT,
                       "%s: %s%swas changed while it was read; load it again when nobody writes to it", shown,
                       itself ? "" : was->name, itself ? "" : " ");
    }
    return DK_OK;
}

void dk_fingerprint_finish(dk_fingerprint *fingerprint)
{
    for (size_t i = 0; i < fingerprint->n_files; i++) {
        free(fingerprint->states[i].name);
        free(fingerprint->states[i].path);
    }
    free(fingerprint->states);
    free(fingerprint->files);
    *fingerprint = (dk_fingerprint){0};
}
