#include "ingest/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dk_scratch {
    char *path;
};

dk_status dk_scratch_create(dk_scratch **ret_scratch, dk_error *err)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] != '/')
        parent = "/tmp";
    dk_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL || asprintf(&scratch->path, "%s/dikuai-XXXXXX", parent) < 0) {
        free(scratch);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (mkdtemp(scratch->path) == NULL) { /* with mode 0700 */
        const dk_status status = dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO,
                                         "%s: no temporary folder can be made there (%s); set TMPDIR to a folder with "
                                         "room",
                                         parent, strerror(errno));
        free(scratch->path);
        free(scratch);
        return status;
    }
    *ret_scratch = scratch;
    return DK_OK;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)where;
    if (type == FTW_DP)
        rmdir(path);
    else
        unlink(path);
    return 0; /* the rest is removed all the same */
}

void dk_scratch_remove(dk_scratch *scratch)
{
    if (scratch == NULL)
        return;
    nftw(scratch->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(scratch->path);
    free(scratch);
}

const char *dk_scratch_path(const dk_scratch *scratch)
{
    return scratch->path;
}

bool dk_scratch_name_good(const char *name)
{
    if (*name == '\0' || strlen(name) >= PATH_MAX / 2)
        return false;
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F || *at == '\\')
            return false;
    for (const char *part = name;;) {
        const size_t size = strcspn(part, "/");
        if (size == 0 || size > NAME_MAX || (size == 1 && part[0] == '.') ||
            (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        if (part[size] == '\0')
            return true;
        part += size + 1;
    }
}

char *dk_scratch_join(const dk_scratch *scratch, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", scratch->path, name) < 0 ? NULL : path;
}

static dk_status failed(const char *name, dk_error *err)
{
    return dk_fail(err, errno == ENOSPC || errno == EDQUOT ? DK_FULL : DK_IO,
                   "%s: cannot be written into the temporary folder (%s); set TMPDIR to a folder with room", name,
                   strerror(errno));
}

/* The folders that a path lies in, from its byte `from` on. Nothing but folders and plain files is ever made here, and the
 * scratch folder is ours: no part can be a link. */
static dk_status make_folders(char *path, size_t from, const char *name, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = from; path[i] != '\0' && status == DK_OK; i++) {
        if (path[i] != '/')
            continue;
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            status = failed(name, err);
        path[i] = '/';
    }
    return status;
}

dk_status dk_scratch_file(dk_scratch *scratch, const char *name, FILE **ret_file, dk_error *err)
{
    if (!dk_scratch_name_good(name))
        return dk_fail(err, DK_INVALID, "\"%s\" is no name of a file", name);
    char *path = dk_scratch_join(scratch, name);
    if (path == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", name);
    dk_status status = make_folders(path, strlen(scratch->path) + 1, name, err);
    FILE *file = NULL;
    if (status == DK_OK) {
        const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        file = fd >= 0 ? fdopen(fd, "wb") : NULL;
        if (file == NULL)
            status = errno == EEXIST || errno == ENOTDIR || errno == EISDIR
                         ? dk_fail(err, DK_INVALID, "%s: there are two of this name", name)
                         : failed(name, err);
        if (file == NULL && fd >= 0)
            close(fd);
    }
    free(path);
    if (status == DK_OK)
        *ret_file = file;
    return status;
}

dk_status dk_scratch_link(dk_scratch *scratch, const char *name, const char *target, dk_error *err)
{
    dk_status status = DK_OK;
    char *path = dk_scratch_join(scratch, name);
    char *whole = realpath(target, NULL);
    if (path == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", target);
    else if (whole == NULL)
        status = dk_fail(err, DK_IO, "%s: %s", target, strerror(errno));
    else if (symlink(whole, path) != 0)
        status = failed(name, err);
    free(path);
    free(whole);
    return status;
}
