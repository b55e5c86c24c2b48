/* Rings that lie in each other as the polygons of a geometry. */
#ifndef DK_INGEST_RING_POLYGONS_H
#define DK_INGEST_RING_POLYGONS_H

#include "ingest/rings.h"

#include <ogr_api.h>

/* A multipolygon: each ring of even depth with those of odd depth that lie in it as its holes. outer and depth: as
 * dk_ring_nest gives them. The caller destroys it. NULL: out of memory. */
OGRGeometryH dk_ring_polygons(const dk_ring *rings, size_t n, const int *outer, const int *depth);
/* Adds a polygon of that ring alone. false: out of memory. */
bool dk_ring_polygons_add(OGRGeometryH polygons, const dk_ring *ring);

#endif
