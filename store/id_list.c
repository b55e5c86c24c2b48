#include "store/id_list.h"

#include "store/buf.h"

#include <stdlib.h>

bool dk_id_list_add(dk_id_list *list, int64_t id)
{
    if (!dk_grow(&list->ids, &list->capacity, list->n + 1, sizeof *list->ids))
        return false;
    list->ids[list->n++] = id;
    return true;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void dk_id_list_sort(dk_id_list *list)
{
    size_t kept = 0;
    if (list->n > 1)
        qsort(list->ids, list->n, sizeof *list->ids, ascending);
    for (size_t i = 0; i < list->n; i++)
        if (kept == 0 || list->ids[kept - 1] != list->ids[i])
            list->ids[kept++] = list->ids[i];
    list->n = kept;
}

void dk_id_list_finish(dk_id_list *list)
{
    free(list->ids);
    *list = (dk_id_list){.n = 0};
}
