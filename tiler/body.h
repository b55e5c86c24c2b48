/* Bodies of requests, kept in memory while they arrive, each bounded and all together. */
#ifndef DK_TILER_BODY_H
#define DK_TILER_BODY_H

#include "store/buf.h"

#include <stdatomic.h>

#define DK_UPLOAD_MAX (16u << 20)  /* bytes of a body */
#define DK_UPLOADS_MAX (64u << 20) /* of all that are there at once */
#define DK_UPLOAD_SECONDS 60       /* in which a body must be there: a slow client would hold its memory for long */

typedef struct dk_bodies {
    atomic_size_t held; /* bytes */
} dk_bodies;

typedef struct dk_body {
    dk_buf bytes;
    size_t held;  /* of dk_bodies.held */
    double since; /* dk_seconds_now at its first bytes; 0: none are there */
} dk_body;

typedef enum dk_body_result {
    DK_BODY_KEPT,
    DK_BODY_LARGE, /* more than DK_UPLOAD_MAX */
    DK_BODY_SLOW,
    DK_BODY_FULL /* there is no room for it beside the others, or no memory */
} dk_body_result;

/* Appends bytes that have arrived. Anything but DK_BODY_KEPT: the body is gone. */
dk_body_result dk_body_add(dk_bodies *bodies, dk_body *body, const void *data, size_t size);
/* Forgets it. */
void dk_body_finish(dk_bodies *bodies, dk_body *body);

#endif
