/* Geometries of sources made into what the store takes: valid WKB in EPSG:4490 degrees inside the catalogue's extent.
 */
#ifndef DK_INGEST_GEOMETRY_H
#define DK_INGEST_GEOMETRY_H

#include "ingest/crs_set.h"
#include "store/buf.h"
#include "store/catalogue.h"
#include "store/provenance.h"
#include "store/repair.h"

#include <ogr_api.h>

/* What is wrong with a geometry. Those from DK_GEOMETRY_ZONE on are as a rule mistakes about the whole file. */
typedef enum dk_geometry_fault {
    DK_GEOMETRY_GOOD = 0,
    DK_GEOMETRY_BAD,     /* none, of another kind, or beyond repair */
    DK_GEOMETRY_OUTSIDE, /* outside the catalogue's extent */
    DK_GEOMETRY_ZONE,    /* the zone before the eastings contradicts the CRS */
    DK_GEOMETRY_SWAPPED, /* x and y are swapped */
    DK_GEOMETRY_UNIT,    /* degrees where the CRS has metres, or the other way round */
    DK_GEOMETRY_DATUM    /* the row says a coordinate system that is not accepted */
} dk_geometry_fault;

typedef struct dk_geometry_reader {
    const dk_crs *crs;           /* of rows that do not say their own */
    bool crs_stands;             /* it is what the file says of an old datum, which counts whatever --crs says */
    dk_transformer *transformer; /* borrowed */
    dk_crs_set *own;             /* of rows that say their own; borrowed */
    dk_geos *geos;               /* borrowed */
    const double *extent;        /* west, south, east, north */
    const double *holds;         /* the same, of the transformation from an old datum; NULL: everywhere */
    dk_geometry_kind kind;
    bool axes_yx; /* the source has (north, east) */
    /* results over all geometries */
    int64_t repaired, zone_stripped, zone_added, chorded; /* chorded: with arcs that became chords */
    /* What was repaired in the last geometry; rule NULL: nothing. */
    dk_repair repair;
    char repair_detail[256];
    /* The planar area of the last geometry, as store/planar.h has it, where the source's plane is the one that it is
     * measured in. NAN: it is another, or none. */
    double plane_m2;
    dk_buf raw, lonlat; /* scratch; dk_geometry_reader_finish */
} dk_geometry_reader;

void dk_geometry_reader_finish(dk_geometry_reader *reader);

/* Replaces out with the WKB; with a fault it may be empty. epsg: the coordinate system that the row says, 0: it says
 * none. A fault is DK_OK with *ret_fault and a sentence without file and row in ret_problem. */
dk_status dk_geometry_read(dk_geometry_reader *reader, OGRGeometryH geometry, int epsg, dk_buf *out,
                           dk_geometry_fault *ret_fault, char *ret_problem, size_t problem_size, dk_error *err);

#endif
