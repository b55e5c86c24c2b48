/* From an answer to bytes on the wire: coding, entity tag, caching, security and CORS headers. */
#ifndef DK_TILER_RESPONSE_H
#define DK_TILER_RESPONSE_H

#include "tiler/headers.h"
#include "tiler/http.h"

#include <microhttpd.h>

/* Queues the answer of a handler that succeeded. accept_encoding: the header's value or NULL. */
enum MHD_Result dk_respond(struct MHD_Connection *connection, dk_context *ctx, const char *accept_encoding,
                           bool closing);

/* Makes the answers of a tile that a handler has rendered into worker->body, to be queued again and again: the tile in
 * a coding, and 304 (none for an empty tile). The tag is that of the tile; ret_body are the bytes that ret_full owns,
 * NULL if there are none. Caller destroys them. false: out of memory. */
#define DK_TAG_SIZE 48
bool dk_respond_prepare(dk_context *ctx, dk_coding coding, struct MHD_Response **ret_full,
                        struct MHD_Response **ret_not_modified, char ret_tag[DK_TAG_SIZE], const void **ret_body,
                        size_t *ret_size);

/* Queues a file for the user to save, of which the caller has made the response; it is destroyed in any case. */
typedef struct dk_file_answer {
    const char *type, *disposition; /* Content-Type and Content-Disposition */
    bool gzip;                      /* the bytes are coded so */
    bool public_answer;             /* else it may not be stored */
    bool ambient;                   /* dk_way_is_ambient */
    const char *user_header;        /* of the config */
} dk_file_answer;
enum MHD_Result dk_respond_file(struct MHD_Connection *connection, struct MHD_Response *response,
                                const dk_file_answer *answer, bool closing);

/* Sends ctx->answer.stored, whole or the part that Range asks for (RFC 9110, 14), and closes it. */
enum MHD_Result dk_respond_stored(struct MHD_Connection *connection, dk_context *ctx, const char *range,
                                  const char *if_range, bool closing);

/* Queues a problem document (RFC 9457). allow: value of the Allow header, or NULL. */
enum MHD_Result dk_respond_problem(struct MHD_Connection *connection, unsigned status, const char *detail,
                                   const char *allow, bool closing);

/* The same of a request for something else than there is (If-Match): 412. */
enum MHD_Result dk_respond_other(struct MHD_Connection *connection, bool closing);

/* The same of a request that was not let in. */
enum MHD_Result dk_respond_refusal(struct MHD_Connection *connection, const dk_refusal *refusal, bool closing);
/* Queues JSON about a session that has begun or ended, with its cookie. */
enum MHD_Result dk_respond_session(struct MHD_Connection *connection, const void *json, size_t size, const char *cookie,
                                   bool closing);

/* Queues the answer to OPTIONS: 204 with what is allowed, one of the texts below; for CORS preflights
 * (fetch.spec.whatwg.org, 4.8), by which other sites may do all but what is about sessions. */
enum MHD_Result dk_respond_options(struct MHD_Connection *connection, const char *allowed, bool closing);

/* The HTTP status of a failed handler, and whether its sentence may be shown. */
unsigned dk_http_status(dk_status status, bool *ret_show);

#define DK_ALLOWED_METHODS "GET, HEAD, OPTIONS"
#define DK_ALLOWED_METHODS_POST "GET, HEAD, POST, OPTIONS"
#define DK_ALLOWED_METHODS_SESSION "GET, HEAD, POST, DELETE, OPTIONS"

#endif
