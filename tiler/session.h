/* /session: GET says who is asking, POST signs in with a token, DELETE signs out. */
#ifndef DK_TILER_SESSION_H
#define DK_TILER_SESSION_H

#include "tiler/caller.h"
#include "tiler/http.h"

#include <microhttpd.h>

/* Queues the answer to POST (body: what was sent; it is overwritten) and to DELETE. */
enum MHD_Result dk_session_sign_in(dk_callers *callers, struct MHD_Connection *connection, void *body, size_t size,
                                   bool closing);
enum MHD_Result dk_session_sign_out(dk_callers *callers, struct MHD_Connection *connection, bool closing);

#endif
