/* What of the OGC API standards holds here, and /conformance, which says so. */
#ifndef DK_TILER_CONFORMANCE_H
#define DK_TILER_CONFORMANCE_H

#include <stddef.h>

typedef struct dk_conformance {
    const char *uri;
    const char *rests_on; /* where it is done: for those who change it */
} dk_conformance;

/* NULL behind the last. */
const dk_conformance *dk_conformance_at(size_t index);

#endif
