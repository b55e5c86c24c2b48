/* What of the OGC API standards holds here, and /conformance, which says so. */
#ifndef DK_TILER_CONFORMANCE_H
#define DK_TILER_CONFORMANCE_H

#include <stddef.h>

/* 1 when items read filter, filter-lang, filter-crs, sortby, properties, q and datetime (tiler/item_query.c): then the
 * classes that rest on them are declared, and /api, /collections/{c}/sortables and the forms know them. */
#define DK_QUERY_PARTS 1

typedef struct dk_conformance {
    const char *uri;
    const char *rests_on; /* where it is done: for those who change it */
} dk_conformance;

/* NULL behind the last. */
const dk_conformance *dk_conformance_at(size_t index);

#endif
