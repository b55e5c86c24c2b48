#include "store/geos_time.h"

#include <pthread.h>
#include <time.h>

#include <geos_c.h>

static _Thread_local double limit; /* 0: none */

double dk_seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bool dk_geos_late(void)
{
    return limit > 0 && dk_seconds_now() >= limit;
}

/* GEOS asks this in every thread, and acts on a request at once; but the request is one flag for the whole process. A
 * thread that is not late takes it back, so that another could only be hit in the instant between the late one's
 * request and its own look at the flag. Who works against a limit tries again then (region_rows.c). */
static void asked(void)
{
    if (dk_geos_late())
        GEOS_interruptRequest();
    else
        GEOS_interruptCancel();
}

static void install(void)
{
    GEOS_interruptRegisterCallback(asked);
}

void dk_geos_until(double until)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    limit = until;
}
