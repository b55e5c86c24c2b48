#include "ingest/file_blocks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16 };

dk_status dk_file_blocks(const char *file, const char *path, bool (*each)(const char *block, size_t size, void *user),
                         void *user, dk_error *err)
{
    dk_status status = DK_OK;
    char *block = malloc(BLOCK);
    FILE *from = fopen(file, "rb");
    if (from == NULL || block == NULL) {
        status = from == NULL ? dk_fail(err, DK_IO, "%s: cannot be opened: %s", path, strerror(errno))
                              : dk_fail(err, DK_NOMEM, "%s: out of memory", path);
        goto out;
    }
    for (size_t got; (got = fread(block, 1, BLOCK, from)) > 0 && each(block, got, user);)
        ;
    if (ferror(from))
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
out:
    if (from != NULL)
        fclose(from);
    free(block);
    return status;
}
