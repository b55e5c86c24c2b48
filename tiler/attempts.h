/* How often a client may fail to show who it is. A client is an IPv4 address or the first 64 bits of an IPv6 address,
 * which one customer has for themselves. Memory is bounded: of very many clients, those who failed longest ago are
 * forgotten.
 *
 * Only failures are limited. A good token is always taken, so that nobody is locked out by others behind the same
 * address: with 256 random bits in a token, the limit keeps the log and the trail short, not guesses from succeeding.
 */
#ifndef DK_TILER_ATTEMPTS_H
#define DK_TILER_ATTEMPTS_H

#include "tiler/proxies.h"

typedef struct dk_attempts dk_attempts; /* may be used by several threads */

/* most: failures in a row that are answered as such; seconds: after which there is room for one more. NULL: no memory.
 */
dk_attempts *dk_attempts_create(unsigned most, unsigned seconds);
void dk_attempts_free(dk_attempts *attempts); /* NULL-safe */

/* Notes a failure at a time of the monotonic clock (seconds). 0: it is one of those allowed; else the seconds after
 * which there is room again. *ret_first: it is the first that is not. */
unsigned dk_attempts_failed(dk_attempts *attempts, const dk_address *client, double now, bool *ret_first);

#endif
