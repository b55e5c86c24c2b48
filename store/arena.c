#include "store/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 65536

typedef struct block {
    struct block *next;
    size_t used, capacity;
    alignas(max_align_t) unsigned char data[];
} block;

struct dk_arena {
    block *blocks; /* the one in use first */
    size_t given, limit;
};

dk_arena *dk_arena_create(size_t limit)
{
    dk_arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL)
        arena->limit = limit;
    return arena;
}

void dk_arena_free(dk_arena *arena)
{
    if (arena == NULL)
        return;
    for (block *b = arena->blocks; b != NULL;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    free(arena);
}

void *dk_arena_alloc(dk_arena *arena, size_t count, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size == 0 || count > arena->limit / size)
        return NULL;
    const size_t n = (count * size + align - 1) / align * align;
    if (n > arena->limit - arena->given)
        return NULL;
    block *b = arena->blocks;
    if (b == NULL || n > b->capacity - b->used) {
        const size_t capacity = n > BLOCK_SIZE ? n : BLOCK_SIZE;
        block *fresh = calloc(1, sizeof *fresh + capacity);
        if (fresh == NULL)
            return NULL;
        fresh->capacity = capacity;
        /* A block of its own for a big array goes behind, so that the rest of the current one is still used. */
        if (b != NULL && n > BLOCK_SIZE / 2) {
            fresh->next = b->next;
            b->next = fresh;
        } else {
            fresh->next = b;
            arena->blocks = fresh;
        }
        b = fresh;
    }
    void *memory = b->data + b->used;
    b->used += n;
    arena->given += n;
    return memory;
}

char *dk_arena_text(dk_arena *arena, const char *text, size_t size)
{
    if (size == SIZE_MAX)
        return NULL;
    char *copy = dk_arena_alloc(arena, size + 1, 1);
    if (copy != NULL && size > 0)
        memcpy(copy, text, size);
    return copy;
}
