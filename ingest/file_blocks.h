/* Files that are looked through from their beginning to their end. */
#ifndef DK_INGEST_FILE_BLOCKS_H
#define DK_INGEST_FILE_BLOCKS_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Gives each the bytes of a file, a block of up to 64 KB after the other, until it is false. DK_IO with a sentence that
 * begins with path. */
dk_status dk_file_blocks(const char *file, const char *path, bool (*each)(const char *block, size_t size, void *user),
                         void *user, dk_error *err);

#endif
