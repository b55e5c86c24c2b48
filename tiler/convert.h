/* Conversions by `dikuai-ingest convert`, a child process: the server itself has no GDAL. */
#ifndef DK_TILER_CONVERT_H
#define DK_TILER_CONVERT_H

#include "store/buf.h"
#include "tiler/http.h"

/* Outlines of an uploaded file as a GeoJSON FeatureCollection in EPSG:4490 degrees (lon, lat). suffix: what kind of
 * file it is, as its name ends: zip, txt, geojson, gpkg … DK_INVALID and DK_LIMIT have a sentence for the one who sent
 * it; DK_BUSY: there is no dikuai-ingest, with a sentence for anyone; else it is for the log. Blocks for as long as it
 * takes. */
dk_status dk_convert_upload(const dk_config *config, const void *data, size_t size, const char *suffix,
                            dk_buf *ret_geojson, dk_error *err);

#endif
