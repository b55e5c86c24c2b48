#include "ingest/flatgeobuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAGIC_SIZE = 8,
    MOST_HEADER = 10 << 20, /* bytes; GDAL takes no more either */
    FIELD_FEATURES = 8,     /* of the table Header, from 0 */
    FIELD_NODE_SIZE = 9,
    NODE_BYTES = 40,
    DEFAULT_NODE_SIZE = 16,
    WINDOW = 32 << 10 /* bytes; else the size of each feature takes a call of the system */
};

typedef struct input {
    const char *path;
    int fd;
    const unsigned char *data; /* NULL: read fd */
    uint64_t size;
    unsigned char window[WINDOW]; /* what was read last */
    uint64_t window_at;
    size_t n_window;
} input;

static uint32_t u32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool fill_window(input *from, uint64_t at)
{
    const ssize_t n = pread(from->fd, from->window, WINDOW, (off_t)at);
    from->window_at = at;
    from->n_window = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* Whether n bytes are there at a place, and could be read. */
static bool read_at(input *from, uint64_t at, void *to, size_t n)
{
    if (at > from->size || from->size - at < n)
        return false;
    if (from->data != NULL) {
        memcpy(to, from->data + at, n);
        return true;
    }
    if (n > WINDOW)
        return pread(from->fd, to, n, (off_t)at) == (ssize_t)n;
    const uint64_t behind = from->window_at + from->n_window;
    if ((at < from->window_at || at > behind || behind - at < n) && (!fill_window(from, at) || from->n_window < n))
        return false;
    memcpy(to, from->window + (at - from->window_at), n);
    return true;
}

/* Where a field of the root table stands in a FlatBuffer: 0, it has its default; -1, the buffer is damaged. */
static int64_t field_at(const unsigned char *data, size_t size, size_t field, size_t bytes)
{
    const size_t root = size >= 4 ? u32(data) : size;
    if (root > size || size - root < 4)
        return -1;
    const int64_t vtable = (int64_t)root - (int32_t)u32(data + root);
    if (vtable < 0 || vtable > (int64_t)size - 4)
        return -1;
    const unsigned char *table = data + vtable;
    const size_t length = (size_t)table[0] | (size_t)table[1] << 8;
    if (length > size - (size_t)vtable)
        return -1;
    if (4 + 2 * field + 2 > length)
        return 0;
    const size_t offset = (size_t)table[4 + 2 * field] | (size_t)table[5 + 2 * field] << 8;
    if (offset == 0)
        return 0;
    return offset <= size - root && size - root - offset >= bytes ? (int64_t)(root + offset) : -1;
}

/* Bytes of the tree over n features. */
static uint64_t index_size(uint64_t n, unsigned node_size)
{
    const uint64_t fan = node_size < 2 ? 2 : node_size;
    uint64_t nodes = n, level = n;
    do {
        level = (level + fan - 1) / fan;
        nodes += level;
    } while (level > 1);
    return nodes * NODE_BYTES;
}

static dk_status damaged(const input *from, dk_error *err)
{
    return dk_fail(err, DK_INVALID, "%s: the head of the file is damaged or cut off; copy or export it again",
                   from->path);
}

/* *ret_at: where the features begin. */
static dk_status read_head(input *from, uint64_t *ret_announced, uint64_t *ret_at, dk_error *err)
{
    static const unsigned char version_3[] = {'f', 'g', 'b', 3, 'f', 'g', 'b'}; /* behind it a byte of any value */
    unsigned char magic[MAGIC_SIZE + 4], *head = NULL;
    dk_status status = DK_OK;
    if (!read_at(from, 0, magic, sizeof magic) || memcmp(magic, version_3, sizeof version_3) != 0)
        return dk_fail(err, DK_INVALID, "%s: not a FlatGeobuf of version 3; copy or export it again", from->path);
    const uint32_t size = u32(magic + MAGIC_SIZE);
    if (size > MOST_HEADER || from->size - sizeof magic < size)
        return damaged(from, err);
    head = malloc(size + 1u);
    if (head == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", from->path);
    const bool there = read_at(from, sizeof magic, head, size);
    const int64_t features = there ? field_at(head, size, FIELD_FEATURES, 8) : -1;
    const int64_t node = there ? field_at(head, size, FIELD_NODE_SIZE, 2) : -1;
    if (features < 0 || node < 0) {
        status = damaged(from, err);
    } else {
        const uint64_t n = features == 0 ? 0 : u32(head + features) | (uint64_t)u32(head + features + 4) << 32;
        const unsigned node_size = node == 0 ? DEFAULT_NODE_SIZE : (unsigned)head[node] | (unsigned)head[node + 1] << 8;
        *ret_announced = n;
        *ret_at = sizeof magic + size;
        if (n > from->size) /* each has bytes: and what follows cannot run over */
            status = damaged(from, err);
        else if (n > 0 && node_size > 0)
            *ret_at += index_size(n, node_size);
    }
    free(head);
    return status;
}

static dk_status examine(input *from, uint64_t *ret_rows, dk_error *err)
{
    uint64_t announced = 0, at = 0, n = 0;
    unsigned char size[4];
    const dk_status status = read_head(from, &announced, &at, err);
    if (status != DK_OK)
        return status;
    while (at < from->size) {
        if (!read_at(from, at, size, sizeof size) || u32(size) < 8 || from->size - at - sizeof size < u32(size))
            break;
        at += sizeof size + u32(size);
        n++;
    }
    if (at != from->size || n < announced)
        return dk_fail(err, DK_INVALID,
                       "%s: the file is cut off or damaged: %llu whole rows are in it%s; copy or export it again",
                       from->path, (unsigned long long)n,
                       n < announced ? ", fewer than its head announces" : ", and then something else");
    if (announced > 0 && n > announced)
        return dk_fail(err, DK_INVALID, "%s: its head announces %llu rows, and %llu are there; export it again",
                       from->path, (unsigned long long)announced, (unsigned long long)n);
    *ret_rows = n;
    return DK_OK;
}

dk_status dk_flatgeobuf_examine(const char *path, uint64_t *ret_rows, dk_error *err)
{
    struct stat info;
    input from = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (from.fd < 0 || fstat(from.fd, &info) != 0) {
        const dk_status status = dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
        if (from.fd >= 0)
            close(from.fd);
        return status;
    }
    from.size = (uint64_t)info.st_size;
    const dk_status status = examine(&from, ret_rows, err);
    close(from.fd);
    return status;
}

dk_status dk_flatgeobuf_examine_memory(const void *data, size_t size, const char *path, uint64_t *ret_rows,
                                       dk_error *err)
{
    input from = {.path = path, .fd = -1, .data = data, .size = size};
    return examine(&from, ret_rows, err);
}
