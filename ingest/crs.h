/* Coordinate systems of sources: which are accepted, and how their coordinates become EPSG:4490 degrees.
 *
 * The datum is decided by its name: CGCS2000 and WGS 84 count as one (they agree within centimetres to decimetres);
 * Xian 1980, Beijing 1954 and New Beijing are refused, because PROJ would move them by nothing, or by 70 m in a part of
 * the province, unless the user gives a transformation (ingest/transformation.h) or takes the error; anything else is
 * refused. The pipeline is the inverse of the projection, what the user has given, and nothing else. GCJ-02
 * (ingest/gcj02.h) is no datum, and no file says it: it is undone when the user declares it. */
#ifndef DK_INGEST_CRS_H
#define DK_INGEST_CRS_H

#include "store/status.h"

#include <ogr_srs_api.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum dk_datum {
    DK_DATUM_UNKNOWN,
    DK_DATUM_CGCS2000,
    DK_DATUM_WGS84,
    DK_DATUM_XIAN80,
    DK_DATUM_BEIJING54,
    DK_DATUM_NEW_BEIJING
} dk_datum;
const char *dk_datum_name(dk_datum datum); /* as messages write it: "Xian 1980" */

typedef struct dk_transformation dk_transformation;

/* What the user allows of old datums. */
typedef struct dk_crs_policy {
    const dk_transformation *transformation; /* NULL: none */
    bool accept_error;                       /* an old datum counts as CGCS2000 */
    bool any_datum;                          /* only to look at a system, not to transform with it */
} dk_crs_policy;

typedef struct dk_crs {
    char name[160];      /* for messages: CGCS2000 / 3-degree Gauss-Kruger zone 39 (EPSG:4527) */
    char pipeline[1024]; /* PROJ pipeline from x (east), y (north) in the CRS's unit to degrees; "" if it is degrees
                            already. It may hold secret parameters: never shown */
    dk_datum datum;
    char stamp[256];  /* of an old datum or GCJ-02: how its coordinates became CGCS2000's; else "" */
    bool degrees;     /* coordinates are longitudes and latitudes */
    bool gcj02;       /* shifted ones */
    bool gauss;       /* a Gauss-Krüger zone: the next two hold */
    int zone;         /* before the eastings; 0: the CRS has none */
    int zone3, zone6; /* zones of 3 and 6 degrees with this central meridian; 0: none */
} dk_crs;

/* From what a file says. DK_INVALID with a sentence that begins with path and names the CRS. policy may be NULL. */
dk_status dk_crs_from_srs(OGRSpatialReferenceH srs, const char *path, const dk_crs_policy *policy, dk_crs *ret_crs,
                          dk_error *err);
/* From what the user says: "EPSG:4527" or "gcj02", in any case. */
dk_status dk_crs_from_text(const char *text, const dk_crs_policy *policy, dk_crs *ret_crs, dk_error *err);
/* From what the numbers or words of a source say. The sentence of DK_INVALID begins with origin. */
dk_status dk_crs_from_epsg(int code, const char *origin, const dk_crs_policy *policy, dk_crs *ret_crs, dk_error *err);
/* Whether a file's own statement names another datum than CGCS2000 or WGS 84, which --crs must not paper over. */
bool dk_crs_other_datum(OGRSpatialReferenceH srs);
/* Whether it says nothing that coordinates could be computed with, such as GeoPackage's "undefined" systems. */
bool dk_crs_unsaid(OGRSpatialReferenceH srs);

typedef enum dk_zone_fix {
    DK_ZONE_AS_IS = 0,
    DK_ZONE_STRIPPED, /* eastings had a prefix that the CRS has not */
    DK_ZONE_ADDED,    /* eastings lacked the prefix that the CRS has */
    DK_ZONE_CONTRADICTS
} dk_zone_fix;
/* What to add to an easting so that it suits the CRS; *ret_prefix: the zone before the easting, 0 for none. */
dk_zone_fix dk_crs_zone_fix(const dk_crs *crs, double easting, double *ret_shift, int *ret_prefix);

/* For a file that does not say its coordinate system: a sentence that this is so, with what the numbers of a place of
 * it (x, y as they stand) make likely and what to pass. */
void dk_crs_suggest(double x, double y, char *out, size_t size);

/* Coordinates to degrees. One per thread. */
typedef struct dk_transformer dk_transformer;
dk_status dk_transformer_create(const dk_crs *crs, dk_transformer **ret_transformer, dk_error *err);
void dk_transformer_free(dk_transformer *transformer); /* NULL-safe */
/* n pairs (x, y), in place to (longitude, latitude). Points that have none become HUGE_VAL. */
void dk_transform(dk_transformer *transformer, double *xy, size_t n);

#endif
