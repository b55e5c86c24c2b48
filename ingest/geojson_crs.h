/* What a GeoJSON says of its coordinate system: the member crs of the GeoJSON of 2008, section 3, which RFC 7946 took
 * out and programs go on writing. GDAL takes WGS 84 where it does not know what crs says, and asks the address that a
 * link in it names.
 */
#ifndef DK_INGEST_GEOJSON_CRS_H
#define DK_INGEST_GEOJSON_CRS_H

#include "store/buf.h"
#include "store/status.h"

#include <ogr_srs_api.h>

#define DK_GEOJSON_CRS_BYTES 65536

/* Appends the value of crs of the first object in the file as it stands there, with control characters as blanks;
 * nothing if it has none, or null. Of one longer than DK_GEOJSON_CRS_BYTES the beginning. */
dk_status dk_geojson_crs_text(const char *file, const char *path, dk_buf *out, dk_error *err);
/* The system that the value names, which the caller releases; no file and no address is looked at. NULL: none that is
 * known. */
OGRSpatialReferenceH dk_geojson_crs(const char *text, size_t size);

#endif
