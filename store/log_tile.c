#include "store/log_tile.h"

#include <stdio.h>
#include <string.h>

/* Nine digits are the first tiles of the largest tree that fits on a disk; 18 are those of DK_LOG_SIZE_MAX. */
enum { GROUPS_MAX = 6 };

void dk_log_tile_path(const dk_log_tile *tile, char ret_path[DK_LOG_TILE_PATH])
{
    unsigned groups[GROUPS_MAX + 1];
    int n = 0;
    int64_t rest = tile->index;
    do {
        groups[n++] = (unsigned)(rest % 1000);
        rest /= 1000;
    } while (rest > 0 && n <= GROUPS_MAX);
    size_t at = 0;
    if (tile->level == DK_LOG_ENTRIES)
        at += (size_t)snprintf(ret_path, DK_LOG_TILE_PATH, "tile/entries");
    else
        at += (size_t)snprintf(ret_path, DK_LOG_TILE_PATH, "tile/%d", tile->level);
    while (n-- > 0)
        at += (size_t)snprintf(ret_path + at, DK_LOG_TILE_PATH - at, n > 0 ? "/x%03u" : "/%03u", groups[n]);
    if (tile->width < DK_LOG_TILE_WIDTH)
        snprintf(ret_path + at, DK_LOG_TILE_PATH - at, ".p/%u", tile->width);
}

static bool take(const char **at, const char *end, const char *text)
{
    const size_t n = strlen(text);
    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* Digits, as many as there are. */
static unsigned take_digits(const char **at, const char *end, size_t max, size_t *ret_n)
{
    unsigned value = 0;
    size_t n = 0;
    for (; *at < end && n < max && **at >= '0' && **at <= '9'; n++)
        value = 10 * value + (unsigned)(*(*at)++ - '0');
    *ret_n = n;
    return value;
}

/* Read loosely, then compared with what it would be written as. */
bool dk_log_tile_read_path(const char *path, size_t size, dk_log_tile *ret_tile)
{
    const char *at = path, *end = path + size;
    dk_log_tile tile = {.width = DK_LOG_TILE_WIDTH};
    size_t n;
    if (size >= DK_LOG_TILE_PATH || !take(&at, end, "tile/"))
        return false;
    if (take(&at, end, "entries")) {
        tile.level = DK_LOG_ENTRIES;
    } else {
        tile.level = (int)take_digits(&at, end, 2, &n);
        if (n == 0 || tile.level >= DK_LOG_LEVELS)
            return false;
    }
    int groups = 0;
    while (groups < GROUPS_MAX && take(&at, end, "/")) {
        take(&at, end, "x");
        tile.index = 1000 * tile.index + take_digits(&at, end, 3, &n);
        groups++;
    }
    if (groups == 0)
        return false;
    if (take(&at, end, ".p/")) {
        tile.width = take_digits(&at, end, 3, &n);
        if (tile.width == 0 || tile.width >= DK_LOG_TILE_WIDTH)
            return false;
    }
    char again[DK_LOG_TILE_PATH];
    dk_log_tile_path(&tile, again);
    if (strlen(again) != size || memcmp(again, path, size) != 0)
        return false;
    *ret_tile = tile;
    return true;
}

unsigned dk_log_tile_width(int level, int64_t index, int64_t size)
{
    const int64_t hashes = size >> (level > 0 ? level * DK_LOG_TILE_HEIGHT : 0);
    if (index < 0 || index > hashes / DK_LOG_TILE_WIDTH)
        return 0;
    const int64_t left = hashes - index * DK_LOG_TILE_WIDTH;
    return left > DK_LOG_TILE_WIDTH ? DK_LOG_TILE_WIDTH : (unsigned)left;
}

bool dk_log_bundle_add(dk_buf *bundle, const void *entry, size_t size)
{
    if (size > UINT16_MAX)
        return false;
    dk_buf_byte(bundle, (unsigned char)(size >> 8));
    dk_buf_byte(bundle, (unsigned char)(size & 0xff));
    dk_buf_append(bundle, entry, size);
    return true;
}

bool dk_log_bundle_next(const unsigned char **at, const unsigned char *end, const unsigned char **ret_entry,
                        size_t *ret_size)
{
    if (end - *at < 2)
        return false;
    const size_t size = (size_t)(*at)[0] << 8 | (*at)[1];
    if ((size_t)(end - *at) - 2 < size)
        return false;
    *ret_entry = *at + 2;
    *ret_size = size;
    *at += 2 + size;
    return true;
}
