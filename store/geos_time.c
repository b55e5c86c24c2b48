#include "store/geos_time.h"

#include <pthread.h>
#include <time.h>
#include <unwind.h>

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

static void nothing(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception)
{
    (void)reason, (void)exception;
}

/* GEOS asks this in every thread. Its own way to be stopped is a flag for the whole process, which may hit another
 * thread, and an exception that its overlay takes for a fault of the geometry. One that is not C++'s passes every
 * handler but the outermost of GEOS's C interface, which catches all (Itanium C++ ABI: Exception Handling, Rules for
 * Correct Inter-Language Operation). */
static void asked(void)
{
    static _Thread_local struct _Unwind_Exception exception;
    if (!dk_geos_late())
        return;
    exception =
        (struct _Unwind_Exception){.exception_class = 0x44494B5541490000, .exception_cleanup = nothing}; /* DIKUAI */
    _Unwind_RaiseException(&exception);
    GEOS_interruptRequest(); /* nobody would catch it */
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
