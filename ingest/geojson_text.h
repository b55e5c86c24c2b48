/* The bytes of a GeoJSON, before GDAL reads them: UTF-8 by RFC 7946, 8.1, and GB18030 where they are no UTF-8, which
 * GDAL would not decode; and the NUL characters in it (\u0000), at which GDAL ends a text without a word. Such files
 * are read from a copy in UTF-8, in which marks stand for what is to be told. */
#ifndef DK_INGEST_GEOJSON_TEXT_H
#define DK_INGEST_GEOJSON_TEXT_H

#include "ingest/encoding.h"
#include "ingest/scratch.h"

/* Noncharacters (Unicode 23.7), which no text has. */
#define DK_GEOJSON_NO_TEXT "\xEF\xBF\xBE" /* bytes that are none in the encoding */
#define DK_GEOJSON_NUL "\xEF\xBF\xBF"

/* given: the encoding that the user says, or NULL; what is UTF-8 is so in any case. ret_copy: the file to read instead,
 * which lies in ret_scratch and is the caller's with it; NULL if there is no need. */
dk_status dk_geojson_prepare(const char *file, const char *path, const dk_encoding *given, dk_encoding *ret_encoding,
                             char **ret_copy, dk_scratch **ret_scratch, dk_error *err);

#endif
