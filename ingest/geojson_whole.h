/* Whether GDAL reads all of a GeoJSON, which it does not say: it passes over lines, over what stands behind the first
 * object, and over rings and parts of a geometry that it cannot read. */
#ifndef DK_INGEST_GEOJSON_WHOLE_H
#define DK_INGEST_GEOJSON_WHOLE_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a GeoJSON line by line the lines that hold something, or of one with record separators (RFC 8142) its records. */
dk_status dk_geojson_records(const char *file, const char *path, int64_t *ret_n, dk_error *err);
/* The line on which something stands behind the first object or list; 0: nothing does. */
dk_status dk_geojson_behind(const char *file, const char *path, int64_t *ret_line, dk_error *err);

/* Features that have something else than places among the coordinates of their geometry: null, as programs write NaN,
 * texts, or a number alone. */
typedef struct dk_geojson_holes {
    int64_t *rows; /* from 1 on, ascending; owned */
    size_t n, capacity;
    int64_t n_features; /* of all; 0: there are no such, and they were not counted */
} dk_geojson_holes;
dk_status dk_geojson_find_holes(const char *file, const char *path, bool line_by_line, dk_geojson_holes *ret_holes,
                                dk_error *err);
/* The same of features whose geometry is null, missing or without coordinates; GDAL gives those none either whose
 * geometry it cannot read.
 */
dk_status dk_geojson_find_undrawn(const char *file, const char *path, bool line_by_line, dk_geojson_holes *ret_undrawn,
                                  dk_error *err);
void dk_geojson_holes_finish(dk_geojson_holes *holes);

#endif
