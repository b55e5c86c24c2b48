/* The address that the server listens on: ADDR:PORT or [ADDR]:PORT; port 0: any free one. */
#ifndef DK_TILER_LISTENING_H
#define DK_TILER_LISTENING_H

#include "store/status.h"

#include <stddef.h>

/* Whether a text has that form. DK_INVALID with a sentence. */
dk_status dk_listen_check(const char *listen, dk_error *err);

/* Binds a socket to it, which the caller closes; ret_address gets http://ADDR:PORT, with the port chosen. DK_INVALID:
 * no address; DK_CONFLICT: its port is in use; DK_IO: not an address of this machine, or one that this user may not
 * take. The message is a sentence for the user. */
dk_status dk_listen(const char *listen, int *ret_socket, char *ret_address, size_t size, dk_error *err);

#endif
