#include "tiler/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FREE_AT_ONCE = 4 << 20 }; /* bytes */

static dk_status take_room(dk_spool *spool, uint64_t size, dk_error *err)
{
    if (atomic_fetch_add(&spool->room->used, size) + size <= spool->room->most)
        return DK_OK;
    atomic_fetch_sub(&spool->room->used, size);
    return dk_fail(
        err, DK_LIMIT,
        "The file would be larger than this server has room for (%llu MB for all downloads together); narrow "
        "what is asked for with a filter or bbox, or try again later.",
        (unsigned long long)(spool->room->most >> 20));
}

dk_status dk_spool_open(dk_spool *spool, const char *folder, dk_spool_room *room, dk_error *err)
{
    *spool = (dk_spool){.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), .room = room};
    if (spool->fd < 0) { /* not every file system can */
        char *name = NULL;
        if (asprintf(&name, "%s/spool-XXXXXX", folder) < 0)
            return dk_fail(err, DK_NOMEM, "out of memory");
        spool->fd = mkostemp(name, O_CLOEXEC);
        if (spool->fd >= 0)
            unlink(name);
        free(name);
    }
    return spool->fd >= 0 ? DK_OK
                          : dk_fail(err, DK_IO, "%s: no temporary file can be made there: %s", folder, strerror(errno));
}

dk_status dk_spool_take(dk_spool *spool, int fd, uint64_t size, dk_spool_room *room, dk_error *err)
{
    *spool = (dk_spool){.fd = fd, .room = room};
    const dk_status status = take_room(spool, size, err);
    if (status == DK_OK)
        spool->written = size;
    else
        dk_spool_close(spool);
    return status;
}

dk_status dk_spool_write(dk_spool *spool, const void *data, size_t size, dk_error *err)
{
    const dk_status status = take_room(spool, size, err);
    if (status != DK_OK)
        return status;
    const char *at = data;
    size_t left = size;
    while (left > 0) {
        const ssize_t n = pwrite(spool->fd, at, left, (off_t)(spool->written + (size - left)));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            const int number = n < 0 ? errno : ENOSPC;
            atomic_fetch_sub(&spool->room->used, size);
            return dk_fail(err, number == ENOSPC || number == EDQUOT ? DK_FULL : DK_IO,
                           "the folder of --temp-dir cannot be written: %s", strerror(number));
        }
        at += n;
        left -= (size_t)n;
    }
    spool->written += size;
    return DK_OK;
}

ssize_t dk_spool_read(dk_spool *spool, uint64_t from, void *ret_data, size_t size)
{
    if (from >= spool->freed + FREE_AT_ONCE) {
        const uint64_t done = (from - spool->freed) / FREE_AT_ONCE * FREE_AT_ONCE;
        if (fallocate(spool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)spool->freed, (off_t)done) == 0) {
            spool->freed += done;
            atomic_fetch_sub(&spool->room->used, done);
        }
    }
    ssize_t n;
    do
        n = pread(spool->fd, ret_data, size, (off_t)from);
    while (n < 0 && errno == EINTR);
    return n;
}

void dk_spool_close(dk_spool *spool)
{
    if (spool->fd < 0)
        return;
    close(spool->fd);
    atomic_fetch_sub(&spool->room->used, spool->written - spool->freed);
    spool->fd = -1;
}
