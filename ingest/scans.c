#include "ingest/scans.h"

#include "ingest/encoding.h"
#include "store/approval_no.h"
#include "store/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct walking {
    dk_scans *scans;
    struct stat without_info; /* the folder that is passed over */
    bool has_without;
    dk_decoder *gb18030;
    size_t root; /* where the argument's own name begins in path */
    dk_buf path;
    dk_error *err;
} walking;

/* ---- names ---- */

/* The text of a name: those of a bureau's old disks are GBK. Control characters, with which a name could write over a
 * terminal, become question marks. */
static bool decode(walking *w, const char *name, size_t size, dk_buf *out)
{
    dk_buf_clear(out);
    if (dk_utf8_valid(name, size))
        dk_buf_append(out, name, size);
    else
        dk_decode(w->gb18030, name, size, false, out, NULL);
    for (size_t i = 0; i < out->size; i++)
        if (out->data[i] < 0x20 || out->data[i] == 0x7F)
            out->data[i] = '?';
    return dk_buf_cstr(out) != NULL;
}

/* The part of a path that names its row: the file's name, else the nearest folder's, not beyond the argument's own.
 * Numbers go to out; gives where the part begins, or the file's name if there is none. */
static size_t find_numbers(walking *w, dk_buf *text, dk_buf *out)
{
    const char *path = (const char *)w->path.data;
    const size_t size = w->path.size;
    size_t end = size, file = size;
    dk_buf_clear(out);
    while (end > w->root) {
        size_t begin = end;
        while (begin > w->root && path[begin - 1] != '/')
            begin--;
        if (end == size)
            file = begin;
        size_t name_end = end;
        if (end == size) { /* a file's ending is no part of a number, nor of a word behind it */
            const char *dot = memrchr(path + begin, '.', end - begin);
            name_end = dot != NULL ? (size_t)(dot - path) : end;
        }
        if (!decode(w, path + begin, name_end - begin, text))
            out->failed = true;
        else if (dk_approval_no_in_name((const char *)text->data, text->size, out) > 0)
            return begin;
        end = begin > w->root ? begin - 1 : w->root;
    }
    return file;
}

static bool is_of_no_concern(const char *name)
{
    return name[0] == '.' || strncmp(name, "~$", 2) == 0 || strcasecmp(name, "Thumbs.db") == 0 ||
           strcasecmp(name, "desktop.ini") == 0;
}

/* ---- files ---- */

static void free_scan(dk_scan *scan)
{
    free(scan->path);
    free(scan->shown);
    free(scan->name);
    free(scan->numbers);
}

/* Adds the file at w->path. */
static dk_status add_file(walking *w)
{
    dk_scans *scans = w->scans;
    dk_buf text = {0}, numbers = {0};
    dk_scan scan = {0};
    dk_status status = DK_OK;
    if (scans->n == DK_SCANS_MAX_FILES)
        return dk_fail(w->err, DK_LIMIT, "there are more than %d files; attach them in several runs",
                       DK_SCANS_MAX_FILES);
    const char *path = dk_buf_cstr(&w->path);
    if (path != NULL) {
        const size_t begin = find_numbers(w, &text, &numbers);
        const char *found = dk_buf_cstr(&numbers);
        scan.numbers = found != NULL ? strdup(found) : NULL;
        scan.path = strdup(path);
        if (decode(w, path, w->path.size, &text))
            scan.shown = strdup((const char *)text.data);
        if (decode(w, path + begin, w->path.size - begin, &text))
            scan.name = strdup((const char *)text.data);
    }
    if (scan.numbers == NULL || scan.path == NULL || scan.shown == NULL || scan.name == NULL ||
        !dk_grow(&scans->list, &scans->capacity, scans->n + 1, sizeof *scans->list)) {
        free_scan(&scan);
        status = dk_fail(w->err, DK_NOMEM, "out of memory");
    } else {
        scans->list[scans->n++] = scan;
    }
    dk_buf_finish(&text);
    dk_buf_finish(&numbers);
    return status;
}

static dk_status folder_fail(walking *w, int error)
{
    const char *path = dk_buf_cstr(&w->path);
    return dk_fail(w->err, DK_IO, "%s: the folder cannot be read: %s", path != NULL ? path : "?", strerror(error));
}

/* fd: the folder at w->path; closed here. */
static dk_status walk(walking *w, int fd, int depth)
{
    const size_t before = w->path.size;
    struct stat info;
    dk_status status = DK_OK;
    if (w->has_without && fstat(fd, &info) == 0 && info.st_dev == w->without_info.st_dev &&
        info.st_ino == w->without_info.st_ino) {
        close(fd);
        return DK_OK;
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        const int error = errno;
        close(fd);
        return folder_fail(w, error);
    }
    errno = 0;
    for (struct dirent *entry; status == DK_OK && (entry = readdir(dir)) != NULL; errno = 0) {
        const char *name = entry->d_name;
        if (is_of_no_concern(name))
            continue;
        if (fstatat(dirfd(dir), name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
            if (errno == ENOENT)
                continue; /* removed meanwhile */
            break;        /* a folder that may be listed and not entered */
        }
        if (S_ISLNK(info.st_mode) && fstatat(dirfd(dir), name, &info, 0) == 0 && !S_ISREG(info.st_mode))
            continue; /* a link to a folder may lead in a circle; one that leads nowhere is told of when it is opened */
        w->path.size = before;
        dk_buf_format(&w->path, "%s%s", before > 0 && w->path.data[before - 1] == '/' ? "" : "/", name);
        if (S_ISDIR(info.st_mode)) {
            const int below = openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            const int error = errno;
            const char *path = dk_buf_cstr(&w->path);
            if (below < 0) {
                status = folder_fail(w, error);
            } else if (depth == DK_SCANS_MAX_DEPTH) {
                close(below);
                status = dk_fail(w->err, DK_LIMIT, "%s: folders lie too deep in each other; give one further down",
                                 path != NULL ? path : "?");
            } else {
                status = walk(w, below, depth + 1);
            }
        } else {
            status = add_file(w);
        }
    }
    w->path.size = before;
    if (status == DK_OK && errno != 0)
        status = folder_fail(w, errno);
    closedir(dir);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const dk_scan *)a)->path, ((const dk_scan *)b)->path);
}

dk_status dk_scans_add(dk_scans *scans, const char *path, const char *without, dk_error *err)
{
    walking w = {.scans = scans, .err = err};
    struct stat info;
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    dk_status status = DK_OK;
    const size_t first = scans->n;
    int fd = -1;
    if (stat(path, &info) != 0)
        return dk_fail(err, DK_IO, "%s: %s", path,
                       errno == ENOENT ? "there is no such file or folder" : strerror(errno));
    w.has_without = without != NULL && stat(without, &w.without_info) == 0;
    w.gb18030 = dk_decoder_create(DK_ENCODING_GB18030);
    dk_buf_append(&w.path, path, size);
    for (w.root = size; w.root > 0 && path[w.root - 1] != '/';)
        w.root--;
    if (w.gb18030 == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    else if (!S_ISDIR(info.st_mode))
        status = add_file(&w);
    else if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        status = folder_fail(&w, errno);
    else
        status = walk(&w, fd, 0);
    if (scans->n - first > 1)
        qsort(scans->list + first, scans->n - first, sizeof *scans->list, by_path);
    dk_decoder_free(w.gb18030);
    dk_buf_finish(&w.path);
    return status;
}

void dk_scans_finish(dk_scans *scans)
{
    for (size_t i = 0; i < scans->n; i++)
        free_scan(&scans->list[i]);
    free(scans->list);
    *scans = (dk_scans){0};
}
