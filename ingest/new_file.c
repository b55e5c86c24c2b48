#include "ingest/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

FILE *dk_new_file(const char *path, mode_t mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = open(path, flags, mode);
    if (fd < 0 && errno == EEXIST && unlink(path) == 0)
        fd = open(path, flags, mode);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (file == NULL && fd >= 0) {
        const int error = errno;
        close(fd);
        unlink(path);
        errno = error;
    }
    return file;
}
