/* A time limit for requests on their way. libmicrohttpd counts the seconds in which nothing comes: a client that sends
 * a byte now and then keeps its connection for as long as it likes, and a few thousand of them keep all others out. */
#ifndef DK_TILER_ARRIVAL_H
#define DK_TILER_ARRIVAL_H

#include "store/status.h"

#include <stdatomic.h>

typedef struct dk_arrivals dk_arrivals;

/* Of one connection, in memory of its own. */
typedef struct dk_arrival {
    int fd;
    atomic_uint since; /* seconds of dk_arrivals in which a request has been awaited; 0: none is */
    struct dk_arrival *previous, *next;
} dk_arrival;

/* A thread shuts connections down whose request is not there after `seconds` (1 or more). */
dk_status dk_arrivals_start(unsigned seconds, dk_arrivals **ret_arrivals, dk_error *err);
/* All connections must be gone. NULL: nothing. */
void dk_arrivals_stop(dk_arrivals *arrivals);

/* A new connection, and one that is gone, whose descriptor is not closed yet. */
void dk_arrivals_add(dk_arrivals *arrivals, dk_arrival *arrival, int fd);
void dk_arrivals_remove(dk_arrivals *arrivals, dk_arrival *arrival);
/* From now on the next request is awaited. */
void dk_arrival_await(dk_arrivals *arrivals, dk_arrival *arrival);
/* It is there. */
static inline void dk_arrival_here(dk_arrival *arrival)
{
    atomic_store_explicit(&arrival->since, 0, memory_order_relaxed);
}

#endif
