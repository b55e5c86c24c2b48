/* Any source that has outlines as GeoJSON (RFC 7946): what someone sends to ask about, one project's red line as a
 * zipped shapefile or coordinate TXT. Read as `load` reads it: formats, coordinate systems, repairs and refusals are
 * the same. */
#ifndef DK_INGEST_CONVERT_OUTLINES_H
#define DK_INGEST_CONVERT_OUTLINES_H

#include "ingest/options.h"
#include "store/buf.h"

#include <stdio.h>

/* Writes a FeatureCollection of polygons in EPSG:4490 degrees (lon, lat) with the properties source and row. One
 * outline that cannot be read is a failure of the whole, with a sentence that names file and row; what is written by
 * then is not JSON. notes: how files were read, and what was not, as load notes it, one sentence a line. */
dk_status dk_convert_outlines(const char *path, const dk_file_settings *settings, FILE *out, dk_buf *notes,
                              dk_error *err);

#endif
