/* Many small allocations that are freed together. */
#ifndef DK_STORE_ARENA_H
#define DK_STORE_ARENA_H

#include <stddef.h>

typedef struct dk_arena dk_arena;

/* limit: most bytes that it gives out in all. NULL: out of memory. Caller frees with dk_arena_free. */
dk_arena *dk_arena_create(size_t limit);
void dk_arena_free(dk_arena *arena); /* NULL-safe */

/* Zeroed memory for count items of this size, aligned for any type, valid until the arena is freed. count 0 gives a
 * pointer that is not NULL. NULL: out of memory or over the limit. */
void *dk_arena_alloc(dk_arena *arena, size_t count, size_t size);
/* A copy of size bytes with a NUL behind it. */
char *dk_arena_text(dk_arena *arena, const char *text, size_t size);

#endif
