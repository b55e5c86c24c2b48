/* An answer on its way: one thread writes it into a temporary file without a name, another reads it from there. So a
 * client that is slow holds up no one and costs no memory, and nothing is left behind however the program ends. What
 * has been sent is given back to the disk. */
#ifndef DK_TILER_SPOOL_H
#define DK_TILER_SPOOL_H

#include "tiler/sink.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes that all spools together hold on the disk. */
typedef struct dk_spool_room {
    _Atomic uint64_t used;
    uint64_t most;
} dk_spool_room;

typedef struct dk_spool {
    int fd; /* -1: not open */
    uint64_t written, freed;
    dk_spool_room *room;
} dk_spool;

/* In the folder. Caller closes. */
dk_status dk_spool_open(dk_spool *spool, const char *folder, dk_spool_room *room, dk_error *err);
/* Takes over an open file of so many bytes. DK_LIMIT: there is no room for it; fd is closed. */
dk_status dk_spool_take(dk_spool *spool, int fd, uint64_t size, dk_spool_room *room, dk_error *err);
/* DK_LIMIT: no room; DK_FULL, DK_IO. */
dk_status dk_spool_write(dk_spool *spool, const void *data, size_t size, dk_error *err);
/* Bytes from a place on, as read(2). Those before it are no longer needed. */
ssize_t dk_spool_read(dk_spool *spool, uint64_t from, void *ret_data, size_t size);
void dk_spool_close(dk_spool *spool);

#endif
