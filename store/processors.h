/* What threads of long work go by. */
#ifndef DK_STORE_PROCESSORS_H
#define DK_STORE_PROCESSORS_H

#include <stddef.h>

/* How many processors this process may use; at least 1. */
size_t dk_processors(void);
/* The calling thread alone, with those that it starts from now on, gives way to others: a server on the same machine
 * goes first. */
void dk_thread_gives_way(void);

#endif
