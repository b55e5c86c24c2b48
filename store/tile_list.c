#include "store/tile_list.h"

#include "store/buf.h"
#include "store/radix_sort.h"

#include <stdlib.h>

bool dk_tile_list_add(dk_tile_list *list, uint64_t tile)
{
    if (list->n > 0 && list->tiles[list->n - 1] == tile)
        return true;
    if (!dk_grow(&list->tiles, &list->capacity, list->n + 1, sizeof *list->tiles))
        return false;
    list->tiles[list->n++] = tile;
    return true;
}

static int by_code(const void *a, const void *b)
{
    const uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
    return p < q ? -1 : p > q;
}

void dk_codes_sort(uint64_t *codes, size_t n)
{
    if (!dk_radix_sort(codes, n, sizeof *codes, 0, DK_RADIX_U64))
        qsort(codes, n, sizeof *codes, by_code); /* which needs no memory */
}

void dk_tile_list_sort(dk_tile_list *list)
{
    size_t n = 0;
    dk_codes_sort(list->tiles, list->n);
    for (size_t i = 0; i < list->n; i++)
        if (n == 0 || list->tiles[i] != list->tiles[n - 1])
            list->tiles[n++] = list->tiles[i];
    list->n = n;
}

bool dk_tile_list_has(const dk_tile_list *list, uint64_t tile)
{
    return list->n > 0 && bsearch(&tile, list->tiles, list->n, sizeof tile, by_code) != NULL;
}
