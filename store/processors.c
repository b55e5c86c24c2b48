#include "store/processors.h"

#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

size_t dk_processors(void)
{
    cpu_set_t set;
    const int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (size_t)n : 1;
}

void dk_thread_gives_way(void)
{
    enum { NICE = 10 };
    errno = 0;
    const int nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    if (errno == 0 && nice < NICE) /* whoever gave it less has reasons */
        setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}
