#include "store/processors.h"

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
    setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
}
