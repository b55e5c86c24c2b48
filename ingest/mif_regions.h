/* The regions of a MIF (MapInfo Data Interchange Format): how many rings, of each how many points, and the points. GDAL
 * reads of a number what it can, and passes over rings and points beyond those announced, without a word. */
#ifndef DK_INGEST_MIF_REGIONS_H
#define DK_INGEST_MIF_REGIONS_H

#include "store/status.h"

/* DK_INVALID with a sentence that names path and line. */
dk_status dk_mif_regions_check(const char *file, const char *path, dk_error *err);

#endif
