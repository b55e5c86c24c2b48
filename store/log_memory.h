/* Tiles of a log in memory: to check a mirrored log or a list of entries without a store. */
#ifndef DK_STORE_LOG_MEMORY_H
#define DK_STORE_LOG_MEMORY_H

#include "store/log_tree.h"

typedef struct dk_log_memory {
    struct dk_log_memory_level {
        dk_digest *hashes; /* owned */
        size_t n, capacity;
    } levels[DK_LOG_LEVELS];
} dk_log_memory;

void dk_log_memory_init(dk_log_memory *memory);
void dk_log_memory_finish(dk_log_memory *memory);
/* Borrows memory, which outlives it. */
dk_log_storage dk_log_memory_storage(dk_log_memory *memory);

#endif
