#include "store/log_memory.h"

#include <stdlib.h>
#include <string.h>

void dk_log_memory_init(dk_log_memory *memory)
{
    *memory = (dk_log_memory){0};
}

void dk_log_memory_finish(dk_log_memory *memory)
{
    for (int level = 0; level < DK_LOG_LEVELS; level++)
        free(memory->levels[level].hashes);
    dk_log_memory_init(memory);
}

static dk_status read_tile(void *user, const dk_log_tile *tile, dk_digest *ret_hashes, dk_error *err)
{
    const struct dk_log_memory_level *level = &((dk_log_memory *)user)->levels[tile->level];
    const size_t first = (size_t)tile->index * DK_LOG_TILE_WIDTH;
    if (first > level->n || tile->width > level->n - first)
        return dk_fail(err, DK_CORRUPT, "a tile of the log has fewer hashes than the log needs");
    memcpy(ret_hashes, level->hashes + first, tile->width * sizeof *ret_hashes);
    return DK_OK;
}

static dk_status write_tile(void *user, const dk_log_tile *tile, const dk_digest *hashes, dk_error *err)
{
    struct dk_log_memory_level *level = &((dk_log_memory *)user)->levels[tile->level];
    const size_t first = (size_t)tile->index * DK_LOG_TILE_WIDTH, end = first + tile->width;
    if (!dk_grow(&level->hashes, &level->capacity, end, sizeof *level->hashes))
        return dk_fail(err, DK_NOMEM, "out of memory");
    memcpy(level->hashes + first, hashes, tile->width * sizeof *hashes);
    level->n = end;
    return DK_OK;
}

dk_log_storage dk_log_memory_storage(dk_log_memory *memory)
{
    return (dk_log_storage){.read = read_tile, .write = write_tile, .user = memory};
}
