/* Inside store/region*.c: what a region is made of. */
#ifndef DK_STORE_REGION_WORK_H
#define DK_STORE_REGION_WORK_H

#include "store/region.h"
#include "store/shared_area.h"

#include <geos_c.h>

struct dk_region {
    GEOSContextHandle_t geos;
    GEOSGeometry *geometry;
    const GEOSPreparedGeometry *prepared;
    dk_geometry_kind kind;
    size_t vertices;
    double area_m2;
    double bounds[4];
    /* Of polygons, beside the geometry: */
    dk_shape outline; /* turned */
    dk_edge_tree *edges;
    char message[256]; /* what GEOS said last */
};

/* A GEOS geometry of a shape: of the polygons, lines or points of parts[from..to), as one of several if `multiple` or
 * there are more than one. NULL: out of memory. */
GEOSGeometry *dk_geos_of_parts(GEOSContextHandle_t geos, const double *lonlat, const dk_part *parts, size_t n_parts,
                               dk_geometry_kind kind);
/* Appends the rings of all polygons in a geometry; what else is in it is left out. false: out of memory. */
bool dk_geos_rings(GEOSContextHandle_t geos, const GEOSGeometry *geometry, dk_shape *shape);
/* Adds the area of all polygons in a geometry, by the official formula; what else is in it has none. false: out of
 * memory. */
bool dk_geos_area_m2(GEOSContextHandle_t geos, const GEOSGeometry *geometry, double *area_m2);

/* Reads GeoJSON or WKT into a shape (region_read.c). degrees: nobody says another system, and a GeoJSON that does is
 * refused. features: where the polygons of each further feature begin, as numbers of parts; at most one more than there
 * are parts. */
typedef struct dk_read_features {
    size_t *starts;
    size_t n, capacity;
} dk_read_features;
dk_status dk_region_parse(dk_region_format format, const char *text, size_t size, bool degrees, dk_shape *shape,
                          dk_read_features *features, dk_error *err);

#endif
