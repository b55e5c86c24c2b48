/* The rows of a dossier: copies, because a dossier looks at its rows several times (as a list, in time order, as
 * proof of items). */
#ifndef DK_TILER_DOSSIER_ROWS_H
#define DK_TILER_DOSSIER_ROWS_H

#include "store/query.h"

typedef struct dk_row_chunk dk_row_chunk;

/* Memory for the copies of one answer. */
typedef struct dk_row_memory {
    dk_row_chunk *chunks;
} dk_row_memory;
void dk_row_memory_finish(dk_row_memory *memory);

typedef struct dk_row_list {
    const dk_kind *kind;
    dk_row *rows; /* texts and values belong to the dk_row_memory; wkb only where it was asked for */
    size_t n, capacity;
    bool complete; /* no row was left out for the limit */
} dk_row_list;
void dk_row_list_finish(dk_row_list *list);

/* false when out of memory. */
bool dk_row_list_add(dk_row_list *list, dk_row_memory *memory, const dk_row *row);
/* By key, each feature once: rows found along several ways come several times. */
void dk_row_list_sort(dk_row_list *list);

#endif
