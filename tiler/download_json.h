/* Rows as GeoJSON, one FeatureCollection or a text sequence: what items show of them. */
#ifndef DK_TILER_DOWNLOAD_JSON_H
#define DK_TILER_DOWNLOAD_JSON_H

#include "tiler/http.h"
#include "tiler/row_writer.h"

/* ctx is borrowed; sink is copied. NULL: out of memory. */
dk_row_writer *dk_json_writer_create(dk_context *ctx, bool sequence, const dk_sink *sink);

#endif
