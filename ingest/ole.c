#include "ingest/ole.h"

#include <stdlib.h>
#include <string.h>

#define END_OF_CHAIN 0xFFFFFFFEu
#define ENTRY 128 /* bytes of a directory entry */

typedef struct ole {
    const unsigned char *data;
    size_t size, sector, n_sectors; /* bytes; whole sectors behind the header */
    uint32_t *fat;
    size_t n_fat;
} ole;

static unsigned u16(const unsigned char *at)
{
    return (unsigned)at[0] | (unsigned)at[1] << 8;
}

static uint32_t u32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* NULL: the file ends before it. The last sector may be cut short; *ret_size says what is there. */
static const unsigned char *sector_at(const ole *file, uint32_t number, size_t *ret_size)
{
    if (number >= file->n_sectors)
        return NULL;
    const size_t from = ((size_t)number + 1) * file->sector;
    *ret_size = file->size - from < file->sector ? file->size - from : file->sector;
    return file->data + from;
}

static bool add_fat_sector(ole *file, uint32_t number)
{
    size_t size;
    const unsigned char *at = sector_at(file, number, &size);
    if (at == NULL)
        return false;
    for (size_t i = 0; i + 4 <= size && file->n_fat < file->n_sectors; i += 4)
        file->fat[file->n_fat++] = u32(at + i);
    return true;
}

static bool read_fat(ole *file)
{
    file->fat = calloc(file->n_sectors + 1, sizeof *file->fat);
    if (file->fat == NULL)
        return false;
    for (size_t i = 0; i < 109; i++) {
        const uint32_t number = u32(file->data + 76 + 4 * i);
        if (number < 0xFFFFFFFAu && !add_fat_sector(file, number))
            return false;
    }
    uint32_t next = u32(file->data + 68);
    for (size_t n = 0; next < 0xFFFFFFFAu && n < file->n_sectors; n++) { /* each sector once, so a loop ends */
        size_t size;
        const unsigned char *at = sector_at(file, next, &size);
        if (at == NULL || size < file->sector)
            return false;
        for (size_t i = 0; i + 8 <= file->sector; i += 4)
            if (u32(at + i) < 0xFFFFFFFAu && !add_fat_sector(file, u32(at + i)))
                return false;
        next = u32(at + file->sector - 4);
    }
    return true;
}

static bool read_chain(const ole *file, uint32_t first, size_t most, dk_buf *out)
{
    const size_t start = out->size;
    uint32_t next = first;
    for (size_t n = 0; next != END_OF_CHAIN && out->size - start < most; n++) {
        size_t size;
        const unsigned char *at = sector_at(file, next, &size);
        if (at == NULL || n > file->n_sectors || next >= file->n_fat)
            return false;
        if (size > most - (out->size - start))
            size = most - (out->size - start);
        dk_buf_append(out, at, size);
        next = file->fat[next];
    }
    return !out->failed;
}

/* Streams below 4096 bytes lie in sectors of 64 within the root entry's stream. */
static bool read_small(const ole *file, const unsigned char *root, uint32_t first, size_t most, dk_buf *out)
{
    dk_buf mini, table;
    dk_buf_init(&mini);
    dk_buf_init(&table);
    bool good = read_chain(file, u32(root + 116), u32(root + 120), &mini) &&
                read_chain(file, u32(file->data + 60), file->size, &table);
    const size_t n = table.size / 4, start = out->size;
    uint32_t next = first;
    for (size_t steps = 0; good && next != END_OF_CHAIN && out->size - start < most; steps++) {
        const size_t from = (size_t)next * 64;
        good = next < n && steps <= n && from + 64 <= mini.size + 63 && from < mini.size;
        if (good) {
            size_t size = mini.size - from < 64 ? mini.size - from : 64;
            if (size > most - (out->size - start))
                size = most - (out->size - start);
            dk_buf_append(out, mini.data + from, size);
            next = u32(table.data + 4 * (size_t)next);
        }
    }
    dk_buf_finish(&mini);
    dk_buf_finish(&table);
    return good && !out->failed;
}

static bool open_file(const unsigned char *data, size_t size, ole *ret_file, dk_buf *ret_directory)
{
    static const unsigned char magic[8] = {0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1};
    if (size < 1024 || memcmp(data, magic, 8) != 0)
        return false;
    const unsigned shift = u16(data + 30);
    if (shift != 9 && shift != 12)
        return false;
    ole file = {.data = data, .size = size, .sector = (size_t)1 << shift};
    if (size <= file.sector)
        return false;
    file.n_sectors = (size - file.sector + file.sector - 1) / file.sector;
    if (!read_fat(&file) || !read_chain(&file, u32(data + 48), size, ret_directory) || ret_directory->size < ENTRY) {
        free(file.fat);
        return false;
    }
    *ret_file = file;
    return true;
}

static const unsigned char *find(const dk_buf *directory, const char *name)
{
    const size_t length = strlen(name);
    for (size_t at = 0; at + ENTRY <= directory->size; at += ENTRY) {
        const unsigned char *entry = directory->data + at;
        bool same = u16(entry + 64) == 2 * (length + 1);
        for (size_t i = 0; i < length && same; i++)
            same = entry[2 * i] == (unsigned char)name[i] && entry[2 * i + 1] == 0;
        if (same)
            return entry;
    }
    return NULL;
}

bool dk_ole_has(const unsigned char *data, size_t size, const char *name)
{
    ole file;
    dk_buf directory;
    dk_buf_init(&directory);
    bool found = false;
    if (open_file(data, size, &file, &directory)) {
        found = find(&directory, name) != NULL;
        free(file.fat);
    }
    dk_buf_finish(&directory);
    return found;
}

bool dk_ole_stream(const unsigned char *data, size_t size, const char *const *names, dk_buf *out)
{
    ole file;
    dk_buf directory;
    dk_buf_init(&directory);
    bool good = false;
    if (open_file(data, size, &file, &directory)) {
        const unsigned char *entry = NULL;
        for (size_t i = 0; names[i] != NULL && entry == NULL; i++)
            entry = find(&directory, names[i]);
        if (entry != NULL) {
            const uint32_t first = u32(entry + 116);
            const size_t bytes = u32(entry + 120);
            good = bytes < u32(data + 56) ? read_small(&file, directory.data, first, bytes, out)
                                          : read_chain(&file, first, bytes, out);
            good = good && out->size > 0;
        }
        free(file.fat);
    }
    dk_buf_finish(&directory);
    return good;
}
