#include "ingest/scratch.h"

#include "store/buf.h"
#include "store/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK "dikuai.lock"   /* a file in each folder: whoever uses the folder holds flock(2) on it */
#define NAME "dikuai-XXXXXX" /* as mkdtemp(3) makes it */
#define TRIES 20
#define MOST_KEPT 120         /* bytes of what is longer than NAME_MAX */
#define MOST_ENDING 16        /* bytes, with the dot */
#define UNLOCKED_SECONDS 3600 /* a folder without that file for so long was made by a load that ended at once */

struct dk_scratch {
    char *path;
    int lock;
};

static const char *parent_folder(void)
{
    const char *parent = getenv("TMPDIR");
    return parent == NULL || parent[0] != '/' ? "/tmp" : parent;
}

/* Makes the lock file of a new folder and locks it. A file system without locks (some of a network or of a host) gives
 * -1: then there is no lock file either, and no sweep touches the folder. false: dk_scratch_sweep of another process
 * was faster, or errno says. */
static bool lock_folder(const char *path, int *ret_lock)
{
    struct stat info;
    char *name = NULL;
    if (asprintf(&name, "%s/" LOCK, path) < 0)
        return false;
    const int lock = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool locked = false;
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
        locked = fstat(lock, &info) == 0 && info.st_nlink > 0;
        *ret_lock = lock;
    } else if (lock >= 0 && errno != EWOULDBLOCK) {
        locked = unlink(name) == 0;
        *ret_lock = -1;
    }
    if (lock >= 0 && (!locked || *ret_lock < 0))
        close(lock);
    free(name);
    return locked;
}

dk_status dk_scratch_create(dk_scratch **ret_scratch, dk_error *err)
{
    const char *parent = parent_folder();
    dk_scratch *scratch = calloc(1, sizeof *scratch);
    for (int i = 0; scratch != NULL && i < TRIES; i++) {
        if (asprintf(&scratch->path, "%s/" NAME, parent) < 0)
            break;
        if (mkdtemp(scratch->path) == NULL) { /* with mode 0700 */
            const dk_status status =
                dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO,
                        "%s: no temporary folder can be made there (%s); set TMPDIR to a folder with "
                        "room",
                        parent, strerror(errno));
            free(scratch->path);
            free(scratch);
            return status;
        }
        if (lock_folder(scratch->path, &scratch->lock)) {
            *ret_scratch = scratch;
            return DK_OK;
        }
        const int error = errno;
        rmdir(scratch->path);
        free(scratch->path);
        if (error == ENOSPC || error == EDQUOT || i + 1 == TRIES) {
            free(scratch);
            return dk_fail(err, error == ENOSPC || error == EDQUOT ? DK_FULL : DK_IO,
                           "%s: no temporary folder can be used there (%s); set TMPDIR to a folder with room", parent,
                           strerror(error));
        }
    }
    free(scratch);
    return dk_fail(err, DK_NOMEM, "out of memory");
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
    if (scratch->lock >= 0)
        close(scratch->lock); /* only now: nobody else has to remove it */
    free(scratch->path);
    free(scratch);
}

/* Removes a folder of the parent if nobody uses it: then its lock is free, which is held meanwhile. */
static void sweep_one(int parent, const char *parent_path, const char *name, time_t now)
{
    struct stat info;
    char *path = NULL;
    const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &info) != 0 || info.st_uid != geteuid() || (info.st_mode & 0777) != 0700) {
        if (folder >= 0)
            close(folder);
        return;
    }
    const int lock = openat(folder, LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    const bool missing = lock < 0 && errno == ENOENT;
    close(folder);
    if (missing && now - info.st_mtime > UNLOCKED_SECONDS)
        unlinkat(parent, name, AT_REMOVEDIR); /* only if it is empty */
    /* A file that is there no more says nothing of what has the folder's name by now. */
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 && fstat(lock, &info) == 0 && info.st_nlink > 0 &&
        asprintf(&path, "%s/%s", parent_path, name) >= 0) {
        nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        free(path);
    }
    if (lock >= 0)
        close(lock);
}

void dk_scratch_sweep(void)
{
    const char *path = parent_folder();
    const size_t size = strlen(NAME), stem = strcspn(NAME, "X");
    DIR *parent = opendir(path);
    if (parent == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(parent)) != NULL;)
        if (strlen(entry->d_name) == size && strncmp(entry->d_name, NAME, stem) == 0)
            sweep_one(dirfd(parent), path, entry->d_name, time(NULL));
    closedir(parent);
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
        if (size == 0 || (size == 1 && part[0] == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        if (part[size] == '\0')
            return true;
        part += size + 1;
    }
}

/* A part of a name that is longer than names of files may be here. Windows allows 255 characters, which are up to 765
 * bytes. Its end, by which a format is known and the files of a data set go together, stays; the rest is told apart by
 * a hash (FNV-1a, 64 bits) of all before that. */
static void put_short(const char *part, size_t size, dk_buf *out)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *dot = memrchr(part, '.', size);
    const size_t stem = dot != NULL && (size_t)(part + size - dot) <= MOST_ENDING ? (size_t)(dot - part) : size;
    for (size_t i = 0; i < stem; i++)
        hash = (hash ^ (unsigned char)part[i]) * UINT64_C(0x100000001b3);
    dk_buf_append(out, part, (size_t)dk_utf8_fit(part, MOST_KEPT));
    dk_buf_format(out, "~%016" PRIx64 "%.*s", hash, (int)(size - stem), part + stem);
}

char *dk_scratch_join(const dk_scratch *scratch, const char *name)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_text(&out, scratch->path);
    for (const char *part = name;;) {
        const size_t size = strcspn(part, "/");
        dk_buf_byte(&out, '/');
        if (size > NAME_MAX)
            put_short(part, size, &out);
        else
            dk_buf_append(&out, part, size);
        if (part[size] == '\0')
            break;
        part += size + 1;
    }
    const char *path = dk_buf_cstr(&out);
    char *copy = path != NULL ? strdup(path) : NULL;
    dk_buf_finish(&out);
    return copy;
}

static dk_status failed(const char *name, dk_error *err)
{
    return dk_fail(err, errno == ENOSPC || errno == EDQUOT ? DK_FULL : DK_IO,
                   "%s: cannot be written into the temporary folder (%s); set TMPDIR to a folder with room", name,
                   strerror(errno));
}

/* The folders that a path lies in, from its byte `from` on. Nothing but folders and plain files is ever made here, and
 * the scratch folder is ours: no part can be a link. */
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
