/* Coordinate systems by EPSG code with their transformers, each made when it is first asked for: of a source whose rows
 * say their own. One per thread. */
#ifndef DK_INGEST_CRS_SET_H
#define DK_INGEST_CRS_SET_H

#include "ingest/crs.h"

typedef struct dk_crs_set dk_crs_set;

/* policy is borrowed. DK_NOMEM. */
dk_status dk_crs_set_create(const dk_crs_policy *policy, dk_crs_set **ret_set, dk_error *err);
void dk_crs_set_free(dk_crs_set *set); /* NULL-safe */
/* Both are the set's. DK_INVALID with a sentence for what is not accepted, as dk_crs_from_epsg. */
dk_status dk_crs_set_get(dk_crs_set *set, int code, const dk_crs **ret_crs, dk_transformer **ret_transformer,
                         dk_error *err);
/* How systems that were asked for and are accepted are marked (dk_crs, stamp), each text once, by number from 0; NULL:
 * there are no more. */
const char *dk_crs_set_stamp(const dk_crs_set *set, size_t number);

#endif
