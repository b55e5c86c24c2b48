#include "store/log_mirror.h"

#include "store/log_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLE_MAX (1u << 24) /* bytes of a file: 256 entries of 65535 */

typedef struct checking {
    const char *path;
    int folder;
    void (*tell)(const char *sentence, void *user);
    void *user;
    int64_t findings;
    dk_buf file;
    dk_hasher hasher;
} checking;

__attribute__((format(printf, 2, 3))) static void tell(checking *c, const char *format, ...)
{
    char sentence[DK_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    c->findings++;
    c->tell(sentence, c->user);
}

/* Replaces what c->file has. DK_NOT_FOUND: there is no such file. */
static dk_status read_file(checking *c, const char *name, size_t most, dk_error *err)
{
    struct stat info;
    const int fd = openat(c->folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    dk_buf_clear(&c->file);
    if (fd < 0)
        return dk_fail(err, errno == ENOENT || errno == ENOTDIR ? DK_NOT_FOUND : DK_IO, "%s/%s: %s", c->path, name,
                       strerror(errno));
    dk_status status = DK_OK;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        status = dk_fail(err, DK_INVALID, "%s/%s: is not a file", c->path, name);
    else if ((uintmax_t)info.st_size > most)
        status = dk_fail(err, DK_LIMIT, "%s/%s: is larger than any such file", c->path, name);
    for (ssize_t n = 1; status == DK_OK && n != 0;) {
        unsigned char *to = dk_buf_reserve(&c->file, 65536);
        if (to == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        else if ((n = read(fd, to, 65536)) > 0)
            c->file.size += (size_t)n;
        else if (n < 0 && errno != EINTR)
            status = dk_fail(err, DK_IO, "%s/%s: cannot be read: %s", c->path, name, strerror(errno));
        if (status == DK_OK && c->file.size > most)
            status = dk_fail(err, DK_LIMIT, "%s/%s: is larger than any such file", c->path, name);
    }
    close(fd);
    return status;
}

/* A tile as wide as the log is, or the wider one that was fetched when it had grown. */
static dk_status read_tile(checking *c, const dk_log_tile *tile, dk_error *err)
{
    char path[DK_LOG_TILE_PATH];
    dk_log_tile_path(tile, path);
    dk_status status = read_file(c, path, BUNDLE_MAX, err);
    if (status == DK_NOT_FOUND && tile->width < DK_LOG_TILE_WIDTH) {
        dk_log_tile whole = *tile;
        whole.width = DK_LOG_TILE_WIDTH;
        dk_log_tile_path(&whole, path);
        status = read_file(c, path, BUNDLE_MAX, err);
    }
    return status;
}

bool dk_log_mirror_hashes(bool bundle, const unsigned char *data, size_t size, unsigned width, dk_hasher *hasher,
                          dk_digest *ret_hashes)
{
    const unsigned char *at = data, *end = data + size, *entry;
    size_t n;
    if (!bundle) {
        if (size < width * sizeof *ret_hashes || size % sizeof *ret_hashes != 0)
            return false;
        memcpy(ret_hashes, data, width * sizeof *ret_hashes);
        return true;
    }
    for (unsigned i = 0; i < width; i++) {
        if (!dk_log_bundle_next(&at, end, &entry, &n))
            return false;
        ret_hashes[i] = dk_hasher_leaf(hasher, entry, n);
    }
    while (at < end) /* of a wider one: whole entries too */
        if (!dk_log_bundle_next(&at, end, &entry, &n))
            return false;
    return true;
}

/* Entries n of level 0. DK_NOT_FOUND: neither file is there, or both are no good; it was told. */
static dk_status read_entries(checking *c, int64_t index, unsigned width, dk_digest *ret_hashes, dk_error *err)
{
    dk_log_tile bundle = {DK_LOG_ENTRIES, index, width}, tile = {0, index, width};
    dk_digest of_tile[DK_LOG_TILE_WIDTH];
    bool found = false;
    char path[DK_LOG_TILE_PATH];
    dk_error why;
    dk_log_tile_path(&bundle, path);
    dk_status status = read_tile(c, &bundle, &why);
    if (status == DK_OK) {
        found = dk_log_mirror_hashes(true, c->file.data, c->file.size, width, &c->hasher, ret_hashes);
        if (!found)
            tell(c, "%s/%s: is no bundle of %u entries.", c->path, path, width);
    } else if (status != DK_NOT_FOUND) {
        return dk_fail(err, status, "%s", why.text);
    }
    status = read_tile(c, &tile, &why);
    if (status != DK_OK && status != DK_NOT_FOUND)
        return dk_fail(err, status, "%s", why.text);
    if (status == DK_OK) {
        dk_log_tile_path(&tile, path);
        if (!dk_log_mirror_hashes(false, c->file.data, c->file.size, width, &c->hasher, of_tile))
            tell(c, "%s/%s: is no tile of %u hashes.", c->path, path, width);
        else if (!found)
            memcpy(ret_hashes, of_tile, width * sizeof *of_tile);
        else if (memcmp(ret_hashes, of_tile, width * sizeof *of_tile) != 0)
            tell(c, "%s/%s: its hashes are not those of the entries.", c->path, path);
        found = true;
    }
    if (!found) {
        dk_log_tile_path(&bundle, path);
        tell(c, "%s/%s: is missing, so entries %" PRId64 " to %" PRId64 " are not there.", c->path, path,
             index * DK_LOG_TILE_WIDTH, index * DK_LOG_TILE_WIDTH + width - 1);
        return DK_NOT_FOUND;
    }
    return c->hasher.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* Tiles above level 0 need not be there. */
static dk_status check_tiles(checking *c, const dk_log_storage *storage, int64_t size, dk_error *err)
{
    dk_status status = DK_OK;
    for (int level = 1; level < DK_LOG_LEVELS; level++)
        for (int64_t index = 0; status == DK_OK; index++) {
            dk_digest hashes[DK_LOG_TILE_WIDTH];
            dk_log_tile tile = {level, index, dk_log_tile_width(level, index, size)};
            char path[DK_LOG_TILE_PATH];
            dk_error why;
            if (tile.width == 0)
                break;
            dk_log_tile_path(&tile, path);
            const dk_status read = read_tile(c, &tile, &why);
            if (read == DK_NOT_FOUND)
                continue;
            if (read != DK_OK)
                return dk_fail(err, read, "%s", why.text);
            status = storage->read(storage->user, &tile, hashes, err);
            if (status == DK_OK && (c->file.size < tile.width * sizeof *hashes ||
                                    memcmp(c->file.data, hashes, tile.width * sizeof *hashes) != 0))
                tell(c, "%s/%s: its hashes are not those of the entries.", c->path, path);
        }
    return status;
}

static dk_status check_tree(checking *c, const dk_checkpoint *checkpoint, const dk_checkpoint *earlier, dk_error *err)
{
    dk_log_memory memory;
    dk_log_tree *tree = NULL;
    dk_digest root;
    bool whole = true;
    dk_log_memory_init(&memory);
    const dk_log_storage storage = dk_log_memory_storage(&memory);
    dk_status status = dk_log_tree_open(&storage, 0, &tree, err);
    for (int64_t index = 0; status == DK_OK && index * DK_LOG_TILE_WIDTH < checkpoint->size; index++) {
        dk_digest hashes[DK_LOG_TILE_WIDTH];
        const unsigned width = dk_log_tile_width(0, index, checkpoint->size);
        status = read_entries(c, index, width, hashes, err);
        if (status == DK_OK)
            status = dk_log_tree_add(tree, hashes, width, err);
        else if (status == DK_NOT_FOUND) {
            whole = false;
            status = DK_OK;
            break;
        }
    }
    if (status == DK_OK && whole)
        status = dk_log_tree_root(tree, checkpoint->size, &root, err);
    if (status == DK_OK && whole && !dk_digest_equal(&root, &checkpoint->root))
        tell(c, "%s: its %" PRId64 " entries are not those of its checkpoint.", c->path, checkpoint->size);
    if (status == DK_OK && whole)
        status = check_tiles(c, &storage, checkpoint->size, err);
    if (status == DK_OK && whole && earlier != NULL && earlier->size > checkpoint->size) {
        tell(c, "%s: has %" PRId64 " entries, and the earlier checkpoint says that there were %" PRId64 ".", c->path,
             checkpoint->size, earlier->size);
    } else if (status == DK_OK && whole && earlier != NULL) {
        status = dk_log_tree_root(tree, earlier->size, &root, err);
        if (status == DK_OK && !dk_digest_equal(&root, &earlier->root))
            tell(c, "%s: its first %" PRId64 " entries are not those of the earlier checkpoint: the log was changed.",
                 c->path, earlier->size);
    }
    dk_log_tree_close(tree);
    dk_log_memory_finish(&memory);
    return status;
}

dk_status dk_log_mirror_check(const char *folder, const dk_note_key *keys, size_t n, const dk_checkpoint *earlier,
                              void (*to_tell)(const char *sentence, void *user), void *user,
                              dk_log_mirror_found *ret_found, dk_error *err)
{
    checking c = {.path = folder, .tell = to_tell, .user = user};
    dk_checkpoint checkpoint;
    uint64_t signers;
    c.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c.folder < 0)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", folder, strerror(errno));
    dk_buf_init(&c.file);
    dk_hasher_init(&c.hasher);
    dk_status status = read_file(&c, "checkpoint", DK_NOTE_SIZE_MAX, err);
    if (status == DK_NOT_FOUND)
        status = dk_fail(err, DK_INVALID, "%s: has no file checkpoint, so it is no mirrored log", folder);
    if (status == DK_OK) {
        dk_error why;
        status = dk_checkpoint_open((const char *)c.file.data, c.file.size, NULL, keys, n, &signers, &checkpoint, &why);
        if (status != DK_OK)
            status = dk_fail(err, status, "%s/checkpoint: %s", folder, why.text);
    }
    if (status == DK_OK && earlier != NULL && strcmp(earlier->origin, checkpoint.origin) != 0)
        status = dk_fail(err, DK_INVALID, "%s: is the log %s, and the earlier checkpoint is of %s", folder,
                         checkpoint.origin, earlier->origin);
    if (status == DK_OK)
        status = check_tree(&c, &checkpoint, earlier, err);
    dk_hasher_finish(&c.hasher);
    dk_buf_finish(&c.file);
    close(c.folder);
    if (status == DK_OK)
        *ret_found = (dk_log_mirror_found){checkpoint, c.findings};
    return status;
}
