/* A shape as geodatabases keep it in a column: the content of a record of a .shp (Esri Shapefile Technical Description,
 * July 1998), or the general shapes with arcs (Extended Shapefile Record Format, Esri 2012). Heights and measures are
 * left out. The rings of a polygon become exteriors and holes by which lies in which, as their directions are often
 * wrong. */
#ifndef DK_INGEST_ESRI_SHAPE_H
#define DK_INGEST_ESRI_SHAPE_H

#include "store/status.h"

#include <ogr_api.h>
#include <stdbool.h>

#define DK_SHAPE_MAX_BYTES (256u << 20) /* of one that is kept compressed */
#define DK_SHAPE_MAX_POINTS 20000000    /* those that arcs become counted too */

/* *ret_arcs: some of it were arcs, now chords (ingest/arcs.h). *ret_geometry: a point, a multipoint, lines or polygons,
 * which the caller destroys; NULL: the shape is none, or *ret_problem is a sentence why it cannot be read. DK_NOMEM.
 * data need not be aligned. */
dk_status dk_esri_shape(const unsigned char *data, size_t size, OGRGeometryH *ret_geometry, bool *ret_arcs,
                        const char **ret_problem);

#endif
