/* The rows of a batch as they were loaded, for who checks and reports: whatever its state, and without an audience, so
 * for the owner of the store only. */
#ifndef DK_STORE_BATCH_ROWS_H
#define DK_STORE_BATCH_ROWS_H

#include "store/provenance.h"

typedef struct dk_batch_row {
    int64_t row, replaces; /* version numbers; replaces 0: a new key */
    int64_t source_row;    /* as the source counts */
    const char *source;    /* as dk_origin has it */
    const char *key;
    const dk_value *values;   /* kind->n_fields */
    const unsigned char *wkb; /* EPSG:4490 degrees (lon, lat); NULL for rows without an outline */
    size_t wkb_size;
    dk_repair repair; /* rule NULL: nothing was repaired */
} dk_batch_row;       /* all pointers are valid inside the callback */

/* In the order in which they were loaded. A status other than DK_OK from each ends the walk and is returned. */
dk_status dk_batch_rows(dk_store *store, const dk_kind *kind, int64_t batch,
                        dk_status (*each)(const dk_batch_row *row, void *user), void *user, dk_error *err);
/* Whether any row of a kind is staged or published. */
dk_status dk_kind_has_rows(dk_store *store, const dk_kind *kind, bool *ret_has, dk_error *err);

#endif
