#include "ingest/archive.h"

#include "ingest/scratch.h"
#include "store/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define END_SIZE 22u              /* of the end of central directory, without its comment */
#define ENTRY_SIZE 46u            /* of a directory entry without its name, extra fields and comment */
#define LOCAL_SIZE 30u            /* of what stands before an entry's data, likewise */
#define MAX_DIRECTORY (64u << 20) /* bytes */

struct dk_archive {
    char *path;
    FILE *file;
    uint64_t size, directory; /* of the file; where its directory begins */
    dk_archive_entry *entries;
    size_t n_entries;
    dk_decoder *decoders[2]; /* by dk_encoding */
};

static unsigned u16(const unsigned char *data)
{
    return (unsigned)data[0] | (unsigned)data[1] << 8;
}

static uint32_t u32(const unsigned char *data)
{
    return (uint32_t)u16(data) | (uint32_t)u16(data + 2) << 16;
}

static uint64_t u64(const unsigned char *data)
{
    return (uint64_t)u32(data) | (uint64_t)u32(data + 4) << 32;
}

static bool read_at(dk_archive *archive, uint64_t at, unsigned char *to, size_t size)
{
    return at <= archive->size && size <= archive->size - at && fseeko(archive->file, (off_t)at, SEEK_SET) == 0 &&
           fread(to, 1, size, archive->file) == size;
}

static dk_status damaged(const dk_archive *archive, const char *how, dk_error *err)
{
    return dk_fail(err, DK_INVALID, "%s: not a whole ZIP archive: %s; copy or pack it again", archive->path, how);
}

typedef struct directory {
    uint64_t at, size, n;
} directory;

/* The end of the central directory; it is the last thing in the file but for a comment. */
static dk_status find_directory(dk_archive *archive, directory *ret_directory, dk_error *err)
{
    dk_status status = DK_OK;
    const size_t size = archive->size < END_SIZE + 65535 ? (size_t)archive->size : END_SIZE + 65535;
    unsigned char *tail = malloc(size + 1);
    if (tail == NULL)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", archive->path);
    size_t end = size;
    if (size >= END_SIZE && read_at(archive, archive->size - size, tail, size))
        for (size_t at = size - END_SIZE + 1; at-- > 0 && end == size;)
            if (u32(tail + at) == 0x06054b50 && u16(tail + at + 20) <= size - at - END_SIZE)
                end = at;
    if (end == size) {
        status = damaged(archive, "its directory is missing", err);
        goto out;
    }
    const unsigned char *found = tail + end;
    directory dir = {.at = u32(found + 16), .size = u32(found + 12), .n = u16(found + 10)};
    unsigned disk = u16(found + 4);
    const uint64_t end_at = archive->size - size + end;
    unsigned char locator[20], large[56];
    if ((dir.at == 0xFFFFFFFF || dir.size == 0xFFFFFFFF || dir.n == 0xFFFF) && end_at >= sizeof locator &&
        read_at(archive, end_at - sizeof locator, locator, sizeof locator) && u32(locator) == 0x07064b50) {
        if (!read_at(archive, u64(locator + 8), large, sizeof large) || u32(large) != 0x06064b50) {
            status = damaged(archive, "its directory is missing", err);
            goto out;
        }
        dir = (directory){.at = u64(large + 48), .size = u64(large + 40), .n = u64(large + 32)};
        disk = u32(large + 16);
    }
    if (disk != 0)
        status =
            dk_fail(err, DK_INVALID, "%s: one part of a ZIP archive of several; join them, and pack them as one file",
                    archive->path);
    else if (dir.n > DK_ARCHIVE_MAX_ENTRIES || dir.size > MAX_DIRECTORY)
        status =
            dk_fail(err, DK_LIMIT, "%s: the archive holds %llu files, more than %u; unpack it and give what is needed",
                    archive->path, (unsigned long long)dir.n, DK_ARCHIVE_MAX_ENTRIES);
    else if (dir.at > end_at || dir.size > end_at - dir.at)
        status = damaged(archive, "its directory lies behind its end", err);
    if (status == DK_OK)
        *ret_directory = dir;
out:
    free(tail);
    return status;
}

/* Sizes and place of an entry that are too large for 32 bits. false: they are not there. */
static bool take_zip64(dk_archive_entry *entry, const unsigned char *extra, size_t size)
{
    uint64_t *const values[] = {&entry->size, &entry->packed, &entry->offset};
    size_t at = 0;
    while (at + 4 <= size && u16(extra + at) != 1)
        at += 4 + (size_t)u16(extra + at + 2);
    size_t end = at + 4 <= size ? at + 4 + (size_t)u16(extra + at + 2) : 0;
    if (end > size)
        end = 0;
    at += 4;
    for (size_t i = 0; i < 3; i++) {
        if (*values[i] != 0xFFFFFFFF)
            continue;
        if (at + 8 > end)
            return false;
        *values[i] = u64(extra + at);
        at += 8;
    }
    return true;
}

/* C: and not 1:2000, a scale. */
static bool begins_with_drive(const char *name)
{
    return ((name[0] >= 'A' && name[0] <= 'Z') || (name[0] >= 'a' && name[0] <= 'z')) && name[1] == ':';
}

/* What a Mac keeps beside files that have a picture of their own: "Icon" and a carriage return. */
static bool is_icon_of_mac(const char *raw, size_t size)
{
    return size >= 5 && memcmp(raw + size - 5, "Icon\r", 5) == 0 && (size == 5 || raw[size - 6] == '/');
}

/* Takes "./" from the beginning of a name, as programs write it that pack "." or "./资料". false: it does not begin so.
 */
static bool leave_out_here(char *name)
{
    size_t from = 0;
    while (name[from] == '.' && name[from + 1] == '/')
        from += 1 + strspn(name + from + 1, "/");
    memmove(name, name + from, strlen(name + from) + 1);
    return from > 0;
}

/* The name as UTF-8 with "/"; caller frees. NULL with a status. */
static dk_status decode_name(dk_archive *archive, const char *raw, size_t size, bool utf8, char **ret_name,
                             dk_error *err)
{
    dk_status status = DK_OK;
    dk_buf name;
    dk_buf_init(&name);
    const dk_encoding encoding = utf8 || dk_utf8_valid(raw, size) ? DK_ENCODING_UTF8 : DK_ENCODING_GB18030;
    dk_decode(archive->decoders[encoding], raw, size, false, &name, NULL);
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] == '\\') /* written so by old programs on Windows */
            name.data[i] = '/';
    const char *text = dk_buf_cstr(&name);
    const size_t length = name.size;
    char *copy = text != NULL && strlen(text) == length ? strdup(text) : NULL;
    if (text == NULL || (copy == NULL && strlen(text) == length))
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", archive->path);
    const bool here =
        status == DK_OK && copy != NULL && leave_out_here(copy); /* with nothing behind it: the top folder */
    size_t kept = copy != NULL ? strlen(copy) : 0;
    if (kept > 0 && copy[kept - 1] == '/')
        copy[--kept] = '\0'; /* a folder */
    if (status == DK_OK && !(here && kept == 0) &&
        (copy == NULL || !dk_scratch_name_good(copy) || begins_with_drive(copy)))
        status =
            dk_fail(err, DK_INVALID,
                    "%s: the name \"%.*s\" in it is no name of a file inside the archive; unpack it with a program "
                    "that you trust, and give what is needed",
                    archive->path, dk_utf8_fit(text, 80), text);
    if (status == DK_OK)
        *ret_name = copy;
    else
        free(copy);
    dk_buf_finish(&name);
    return status;
}

/* One entry of the directory at data; *ret_size: of all of it. name stays NULL for what is no file. */
static dk_status read_entry(dk_archive *archive, const unsigned char *data, size_t size, dk_archive_entry *ret_entry,
                            size_t *ret_size, dk_error *err)
{
    if (size < ENTRY_SIZE || u32(data) != 0x02014b50)
        return damaged(archive, "its directory is cut off or damaged", err);
    const size_t name_size = u16(data + 28), extra_size = u16(data + 30), comment_size = u16(data + 32);
    if (size - ENTRY_SIZE < name_size + extra_size + comment_size)
        return damaged(archive, "its directory is cut off", err);
    const char *raw = (const char *)data + ENTRY_SIZE;
    const unsigned flags = u16(data + 8);
    dk_archive_entry entry = {.size = u32(data + 24),
                              .packed = u32(data + 20),
                              .offset = u32(data + 42),
                              .crc = u32(data + 16),
                              .method = u16(data + 10),
                              .encrypted = (flags & 0x41) != 0};
    *ret_size = ENTRY_SIZE + name_size + extra_size + comment_size;
    if (!take_zip64(&entry, data + ENTRY_SIZE + name_size, extra_size))
        return damaged(archive, "the size of an entry is missing", err);
    char *name = NULL;
    if (is_icon_of_mac(raw, name_size))
        return DK_OK;
    const dk_status status = decode_name(archive, raw, name_size, (flags & 0x800) != 0, &name, err);
    if (status != DK_OK)
        return status;
    const unsigned mode = u32(data + 38) >> 16; /* where the writer is of Unix kind; 0 elsewhere */
    const bool unix_made = data[5] == 3 || data[5] == 19;
    const bool folder = name_size > 0 && (raw[name_size - 1] == '/' || raw[name_size - 1] == '\\');
    if (folder || (unix_made && (mode & S_IFMT) != 0 && !S_ISREG(mode))) {
        free(name);
    } else {
        entry.name = name;
        *ret_entry = entry;
    }
    return DK_OK;
}

static dk_status check_sizes(const dk_archive *archive, dk_error *err)
{
    uint64_t whole = 0, packed = 0;
    for (size_t i = 0; i < archive->n_entries; i++) {
        const dk_archive_entry *entry = &archive->entries[i];
        if (entry->packed > archive->directory || entry->offset > archive->directory - entry->packed)
            return damaged(archive, "an entry lies behind its end", err);
        packed += entry->packed;
        if (entry->size > DK_ARCHIVE_MAX_BYTES - whole)
            return dk_fail(err, DK_LIMIT,
                           "%s: the archive unpacks to more than %llu GiB; unpack it and give what is needed",
                           archive->path, (unsigned long long)(DK_ARCHIVE_MAX_BYTES >> 30));
        whole += entry->size;
        if (entry->size > DK_ARCHIVE_RATIO_BYTES && entry->size / DK_ARCHIVE_MAX_RATIO > entry->packed)
            return dk_fail(
                err, DK_LIMIT,
                "%s: %s in it unpacks from %llu to %llu bytes, as no data do, so it is not unpacked here; if it "
                "is what you want, unpack it and give it",
                archive->path, entry->name, (unsigned long long)entry->packed, (unsigned long long)entry->size);
    }
    if (packed > archive->directory)
        return dk_fail(err, DK_INVALID,
                       "%s: the files in the archive overlap, as in no archive made to be unpacked; ask for it anew",
                       archive->path);
    return DK_OK;
}

static dk_status read_directory(dk_archive *archive, dk_error *err)
{
    directory dir = {0};
    unsigned char *data = NULL;
    dk_status status = find_directory(archive, &dir, err);
    if (status != DK_OK)
        return status;
    archive->directory = dir.at;
    data = malloc(dir.size + 1);
    archive->entries = calloc(dir.n + 1, sizeof *archive->entries);
    if (data == NULL || archive->entries == NULL) {
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", archive->path);
        goto out;
    }
    if (!read_at(archive, dir.at, data, dir.size)) {
        status = damaged(archive, "its directory cannot be read", err);
        goto out;
    }
    size_t at = 0;
    for (uint64_t i = 0; i < dir.n; i++) {
        dk_archive_entry entry = {0};
        size_t size = 0;
        status = read_entry(archive, data + at, dir.size - at, &entry, &size, err);
        if (status != DK_OK)
            goto out;
        at += size;
        if (entry.name != NULL)
            archive->entries[archive->n_entries++] = entry;
    }
    status = check_sizes(archive, err);
out:
    free(data);
    return status;
}

static dk_status start(FILE *file, const char *path, dk_archive **ret_archive, dk_error *err)
{
    dk_status status = DK_OK;
    dk_archive *archive = calloc(1, sizeof *archive);
    if (archive == NULL) {
        fclose(file);
        return dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    }
    archive->file = file;
    archive->path = strdup(path);
    for (size_t i = 0; i < 2; i++)
        archive->decoders[i] = dk_decoder_create((dk_encoding)i);
    if (archive->path == NULL || archive->decoders[0] == NULL || archive->decoders[1] == NULL)
        status = dk_fail(err, DK_NOMEM, "%s: out of memory", path);
    off_t size = -1;
    if (status == DK_OK && (fseeko(file, 0, SEEK_END) != 0 || (size = ftello(file)) < 0))
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    archive->size = (uint64_t)size;
    if (status == DK_OK)
        status = read_directory(archive, err);
    if (status != DK_OK)
        dk_archive_close(archive);
    else
        *ret_archive = archive;
    return status;
}

dk_status dk_archive_open(const char *path, dk_archive **ret_archive, dk_error *err)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    return start(file, path, ret_archive, err);
}

dk_status dk_archive_open_memory(const void *data, size_t size, dk_archive **ret_archive, dk_error *err)
{
    if (size == 0)
        return dk_fail(err, DK_INVALID, "the archive is empty");
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "rb");
    if (file == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    return start(file, "(memory)", ret_archive, err);
}

void dk_archive_close(dk_archive *archive)
{
    if (archive == NULL)
        return;
    fclose(archive->file);
    for (size_t i = 0; i < archive->n_entries; i++)
        free((void *)(uintptr_t)archive->entries[i].name);
    for (size_t i = 0; i < 2; i++)
        dk_decoder_free(archive->decoders[i]);
    free(archive->entries);
    free(archive->path);
    free(archive);
}

size_t dk_archive_entries(const dk_archive *archive, const dk_archive_entry **ret_entries)
{
    *ret_entries = archive->entries;
    return archive->n_entries;
}

/* ---- unpacking ---- */

static dk_status entry_damaged(const dk_archive *archive, const dk_archive_entry *entry, dk_error *err)
{
    return dk_fail(err, DK_INVALID, "%s: %s in it is damaged; copy or pack the archive again", archive->path,
                   entry->name);
}

typedef struct sink {
    FILE *to;
    uint64_t size;
    uint32_t crc;
} sink;

/* false: more than the entry announces, or it cannot be written (then errno says so). */
static bool put(sink *into, const dk_archive_entry *entry, const unsigned char *data, size_t size)
{
    errno = 0;
    if (size > entry->size - into->size)
        return false;
    into->crc = (uint32_t)crc32(into->crc, data, (uInt)size);
    into->size += size;
    return size == 0 || fwrite(data, 1, size, into->to) == size;
}

static bool copy_stored(dk_archive *archive, const dk_archive_entry *entry, sink *into)
{
    unsigned char block[16384];
    for (uint64_t left = entry->packed; left > 0;) {
        const size_t size = left < sizeof block ? (size_t)left : sizeof block;
        if (fread(block, 1, size, archive->file) != size) {
            errno = 0;
            return false;
        }
        if (!put(into, entry, block, size))
            return false;
        left -= size;
    }
    return true;
}

static bool inflate_all(dk_archive *archive, const dk_archive_entry *entry, sink *into)
{
    unsigned char in[16384], out[65536];
    z_stream stream = {0};
    uint64_t left = entry->packed;
    int result = Z_OK;
    errno = 0;
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        errno = ENOMEM;
        return false;
    }
    bool good = true;
    while (good && result != Z_STREAM_END) {
        if (stream.avail_in == 0 && left > 0) {
            const size_t size = left < sizeof in ? (size_t)left : sizeof in;
            good = fread(in, 1, size, archive->file) == size;
            stream.next_in = in;
            stream.avail_in = (uInt)size;
            left -= size;
        }
        stream.next_out = out;
        stream.avail_out = sizeof out;
        if (good)
            result = inflate(&stream, Z_NO_FLUSH);
        good =
            good && (result == Z_OK || result == Z_STREAM_END) && put(into, entry, out, sizeof out - stream.avail_out);
    }
    const int failure = errno;
    inflateEnd(&stream);
    errno = failure;
    return good;
}

dk_status dk_archive_unpack(dk_archive *archive, const dk_archive_entry *entry, FILE *to, dk_error *err)
{
    unsigned char local[LOCAL_SIZE];
    if (entry->encrypted)
        return dk_fail(err, DK_INVALID,
                       "%s: %s in it is encrypted; unpack it with its password, and give what is inside", archive->path,
                       entry->name);
    if (entry->method != 0 && entry->method != 8)
        return dk_fail(err, DK_INVALID,
                       "%s: %s in it is packed by method %u, which is not read; pack it as an ordinary ZIP (deflate)",
                       archive->path, entry->name, entry->method);
    if (!read_at(archive, entry->offset, local, sizeof local) || u32(local) != 0x04034b50)
        return entry_damaged(archive, entry, err);
    const uint64_t data = entry->offset + LOCAL_SIZE + u16(local + 26) + u16(local + 28);
    if (data > archive->directory || entry->packed > archive->directory - data ||
        fseeko(archive->file, (off_t)data, SEEK_SET) != 0)
        return entry_damaged(archive, entry, err);
    sink into = {.to = to};
    const bool good = entry->method == 0 ? copy_stored(archive, entry, &into) : inflate_all(archive, entry, &into);
    if (!good && errno == ENOMEM)
        return dk_fail(err, DK_NOMEM, "%s: out of memory", archive->path);
    if (!good && errno != 0)
        return dk_fail(
            err, errno == ENOSPC || errno == EDQUOT ? DK_FULL : DK_IO,
            "%s: %s in it cannot be unpacked into the temporary folder (%s); set TMPDIR to a folder with room",
            archive->path, entry->name, strerror(errno));
    if (!good || into.size != entry->size || into.crc != entry->crc)
        return entry_damaged(archive, entry, err);
    return DK_OK;
}
