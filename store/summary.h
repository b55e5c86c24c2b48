/* The figures of a kind by generation (dikuai_summary). */
#ifndef DK_STORE_SUMMARY_H
#define DK_STORE_SUMMARY_H

#include "store/handle.h"

/* Those of a generation anew, from the lives that have not ended, with a tight box; and the box that GeoPackage readers
 * see. Within the caller's transaction. */
dk_status dk_summary_rebuild(dk_store *store, const dk_kind *kind, int64_t generation, dk_error *err);

#endif
