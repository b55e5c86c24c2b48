/* Where bytes of an answer go, piece by piece. */
#ifndef DK_TILER_SINK_H
#define DK_TILER_SINK_H

#include "store/status.h"

#include <stddef.h>

typedef struct dk_sink {
    dk_status (*write)(void *user, const void *data, size_t size, dk_error *err);
    void *user;
} dk_sink;

static inline dk_status dk_sink_write(const dk_sink *sink, const void *data, size_t size, dk_error *err)
{
    return size == 0 ? DK_OK : sink->write(sink->user, data, size, err);
}

#endif
