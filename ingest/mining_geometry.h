/* The outline of a mining right out of its rings: the union of those that are in, less those that are taken out. */
#ifndef DK_INGEST_MINING_GEOMETRY_H
#define DK_INGEST_MINING_GEOMETRY_H

#include "ingest/mining_boundary.h"

#include <ogr_api.h>

/* *ret_geometry: in the boundary's coordinates (x east or longitude), owned by the caller. Conflicts are appended to
 * the boundary's notes. DK_INVALID: a sentence that names the ring. */
dk_status dk_mining_geometry(dk_mining_boundary *boundary, OGRGeometryH *ret_geometry, dk_error *err);

#endif
