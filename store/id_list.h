/* A list of numbers of rows, or of other things with numbers, that is gathered, sorted, and walked. Zero-initialised is
 * empty. */
#ifndef DK_STORE_ID_LIST_H
#define DK_STORE_ID_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dk_id_list {
    int64_t *ids;
    size_t n, capacity;
} dk_id_list;

bool dk_id_list_add(dk_id_list *list, int64_t id); /* false: out of memory */
void dk_id_list_sort(dk_id_list *list);            /* ascending, each once */
void dk_id_list_finish(dk_id_list *list);          /* empty again */

#endif
