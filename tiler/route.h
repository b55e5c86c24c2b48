/* Which resource an address names. */
#ifndef DK_TILER_ROUTE_H
#define DK_TILER_ROUTE_H

#include "tiler/http.h"

typedef struct dk_route {
    dk_status (*handler)(dk_context *ctx);
    bool needs_store;
    bool posts;        /* takes POST too: ctx->upload */
    bool anyone;       /* the same for everyone: who asks does not matter */
    bool calendar;     /* calendar programs ask here: GET and HEAD take the token by Basic too */
    const char *audit; /* what the trail calls it; NULL: it shows no rows */
} dk_route;

/* NULL: nothing is at this address. */
const dk_route *dk_route_find(const dk_request *request);

#endif
