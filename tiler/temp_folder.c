#include "tiler/temp_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME "dikuai-tiler-XXXXXX" /* as mkdtemp(3) makes it */
enum { YOUNG_SECONDS = 60 /* may have been made, but not yet locked */ };

struct dk_temp_root {
    char *path;
    int lock; /* flock(2) on the folder itself */
};

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

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Removes the folder unless a server holds its lock. */
static void sweep_one(int parent, const char *parent_path, const char *name)
{
    struct stat info;
    char *path = NULL;
    const int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0 && fstat(folder, &info) == 0 && info.st_uid == geteuid() && (info.st_mode & 0777) == 0700 &&
        time(NULL) - info.st_mtime > YOUNG_SECONDS && flock(folder, LOCK_EX | LOCK_NB) == 0 &&
        asprintf(&path, "%s/%s", parent_path, name) >= 0) {
        remove_tree(path);
        free(path);
    }
    if (folder >= 0)
        close(folder);
}

static void sweep(const char *path)
{
    const size_t size = strlen(NAME), stem = strcspn(NAME, "X");
    DIR *parent = opendir(path);
    if (parent == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(parent)) != NULL;)
        if (strlen(entry->d_name) == size && strncmp(entry->d_name, NAME, stem) == 0)
            sweep_one(dirfd(parent), path, entry->d_name);
    closedir(parent);
}

dk_status dk_temp_root_create(const char *parent, dk_temp_root **ret_root, dk_error *err)
{
    dk_temp_root *root = calloc(1, sizeof *root);
    if (root == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    sweep(parent);
    if (asprintf(&root->path, "%s/" NAME, parent) < 0) {
        free(root);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (mkdtemp(root->path) == NULL) { /* with mode 0700 */
        const dk_status status = dk_fail(
            err, errno == ENOSPC ? DK_FULL : DK_IO,
            "%s: no temporary folder can be made there (%s); choose another with --temp-dir", parent, strerror(errno));
        free(root->path);
        free(root);
        return status;
    }
    root->lock = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root->lock >= 0)
        flock(root->lock, LOCK_EX | LOCK_NB); /* where that is not to be had, another server may sweep it away */
    *ret_root = root;
    return DK_OK;
}

const char *dk_temp_root_path(const dk_temp_root *root)
{
    return root->path;
}

void dk_temp_root_remove(dk_temp_root *root)
{
    if (root == NULL)
        return;
    remove_tree(root->path);
    if (root->lock >= 0)
        close(root->lock);
    free(root->path);
    free(root);
}

dk_status dk_temp_folder_make(const char *root, char **ret_path, dk_error *err)
{
    char *path = NULL;
    if (asprintf(&path, "%s/job-XXXXXX", root) < 0)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (mkdtemp(path) == NULL) {
        const dk_status status = dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO, "%s: no folder can be made there: %s",
                                         root, strerror(errno));
        free(path);
        return status;
    }
    *ret_path = path;
    return DK_OK;
}

void dk_temp_folder_remove(char *path)
{
    if (path == NULL)
        return;
    remove_tree(path);
    free(path);
}
