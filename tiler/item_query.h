/* The parameters that ask for rows of a collection: the same for items, downloads, statistics and tiles.
 *
 *   filter, filter-lang, filter-crs   CQL2 (OGC 19-079r2, clause 7)
 *   bbox, bbox-crs                    OGC 17-069r4, 7.15.3; OGC 18-058r1
 *   datetime                          on the kind's date field; OGC 17-069r4, 7.15.4
 *   q                                 words, all of which must stand in fields that are searched
 *   FIELD=VALUE                       OGC 17-069r4, 7.15.5
 *   sortby, properties, limit, after  pages of rows only
 */
#ifndef DK_TILER_ITEM_QUERY_H
#define DK_TILER_ITEM_QUERY_H

#include "tiler/http.h"

typedef struct dk_item_query {
    dk_query query;    /* generation: the worker's */
    uint64_t fields;   /* of `properties`: bit i is field i; all bits without it */
    bool outline;      /* of `properties` and skipGeometry: the outline is wanted */
    dk_cql2 *owned[2]; /* what query.filters points to */
    dk_buf words;      /* of q, and what query.word points to */
} dk_item_query;

/* Which of them a resource takes. */
typedef enum dk_item_params {
    DK_ROWS = 1, /* which rows: all up to FIELD=VALUE */
    DK_PAGES = 2 /* sortby, properties, limit and after */
} dk_item_params;

/* Reads the request. also: names of parameters that the handler reads itself (NULL-terminated), besides f. DK_INVALID
 * with a sentence that names the parameter. Caller calls dk_item_query_finish in every case. */
dk_status dk_item_query_read(dk_context *ctx, const dk_kind *kind, unsigned params, const char *const *also,
                             dk_item_query *ret_query);
void dk_item_query_finish(dk_item_query *query);

#endif
