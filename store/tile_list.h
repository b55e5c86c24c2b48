/* Tiles of a zoom by their Morton codes, to be gone through in that order and asked for. */
#ifndef DK_STORE_TILE_LIST_H
#define DK_STORE_TILE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty; the caller frees tiles. */
typedef struct dk_tile_list {
    uint64_t *tiles;
    size_t n, capacity;
} dk_tile_list;

bool dk_tile_list_add(dk_tile_list *list, uint64_t tile);       /* false: out of memory */
void dk_tile_list_sort(dk_tile_list *list);                     /* and leaves each once */
bool dk_tile_list_has(const dk_tile_list *list, uint64_t tile); /* of a sorted list */

void dk_codes_sort(uint64_t *codes, size_t n);

#endif
