#include "tiler/arrival.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct dk_arrivals {
    unsigned seconds;
    atomic_uint now; /* seconds since the start and one: never 0 */
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t stopped;
    bool stopping;
    dk_arrival first; /* of a ring */
};

/* The other end is told as if the connection had broken, and so is libmicrohttpd, which closes it. */
static void shut_late(dk_arrivals *arrivals, unsigned now)
{
    for (dk_arrival *a = arrivals->first.next; a != &arrivals->first; a = a->next) {
        const unsigned since = atomic_load_explicit(&a->since, memory_order_relaxed);
        if (since != 0 && now - since > arrivals->seconds) {
            shutdown(a->fd, SHUT_RDWR);
            dk_arrival_here(a); /* once */
        }
    }
}

static void *watch(void *user)
{
    dk_arrivals *arrivals = user;
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    pthread_mutex_lock(&arrivals->mutex);
    while (!arrivals->stopping) {
        at.tv_sec++;
        while (!arrivals->stopping && pthread_cond_timedwait(&arrivals->stopped, &arrivals->mutex, &at) != ETIMEDOUT)
            ;
        shut_late(arrivals, atomic_fetch_add_explicit(&arrivals->now, 1, memory_order_relaxed) + 1);
    }
    pthread_mutex_unlock(&arrivals->mutex);
    return NULL;
}

dk_status dk_arrivals_start(unsigned seconds, dk_arrivals **ret_arrivals, dk_error *err)
{
    dk_arrivals *arrivals = calloc(1, sizeof *arrivals);
    pthread_condattr_t monotonic;
    if (arrivals == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    arrivals->seconds = seconds;
    atomic_init(&arrivals->now, 1);
    arrivals->first.previous = arrivals->first.next = &arrivals->first;
    pthread_mutex_init(&arrivals->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&arrivals->stopped, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&arrivals->thread, NULL, watch, arrivals) != 0) {
        pthread_cond_destroy(&arrivals->stopped);
        pthread_mutex_destroy(&arrivals->mutex);
        free(arrivals);
        return dk_fail(err, DK_INTERNAL, "no thread can be started");
    }
    *ret_arrivals = arrivals;
    return DK_OK;
}

void dk_arrivals_stop(dk_arrivals *arrivals)
{
    if (arrivals == NULL)
        return;
    pthread_mutex_lock(&arrivals->mutex);
    arrivals->stopping = true;
    pthread_cond_signal(&arrivals->stopped);
    pthread_mutex_unlock(&arrivals->mutex);
    pthread_join(arrivals->thread, NULL);
    pthread_cond_destroy(&arrivals->stopped);
    pthread_mutex_destroy(&arrivals->mutex);
    free(arrivals);
}

void dk_arrivals_add(dk_arrivals *arrivals, dk_arrival *arrival, int fd)
{
    arrival->fd = fd;
    dk_arrival_await(arrivals, arrival);
    pthread_mutex_lock(&arrivals->mutex);
    arrival->next = &arrivals->first;
    arrival->previous = arrivals->first.previous;
    arrival->previous->next = arrivals->first.previous = arrival;
    pthread_mutex_unlock(&arrivals->mutex);
}

void dk_arrivals_remove(dk_arrivals *arrivals, dk_arrival *arrival)
{
    pthread_mutex_lock(&arrivals->mutex);
    arrival->previous->next = arrival->next;
    arrival->next->previous = arrival->previous;
    pthread_mutex_unlock(&arrivals->mutex);
}

void dk_arrival_await(dk_arrivals *arrivals, dk_arrival *arrival)
{
    atomic_store_explicit(&arrival->since, atomic_load_explicit(&arrivals->now, memory_order_relaxed),
                          memory_order_relaxed);
}
