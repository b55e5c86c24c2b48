/* The conditions of a request about entity tags (RFC 9110, 13). */
#ifndef DK_TILER_CONDITIONS_H
#define DK_TILER_CONDITIONS_H

#include <microhttpd.h>
#include <stdbool.h>

/* Whether a line of If-None-Match names the entity tag (with its quotes): the client has what would be sent. */
bool dk_client_has(struct MHD_Connection *connection, const char *etag);

/* Whether there is If-Match and no line of it names the tag: the client wants what it knows or 412. Comes before the
 * other. */
bool dk_client_wants_other(struct MHD_Connection *connection, const char *etag);

#endif
