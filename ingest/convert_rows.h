/* Rows of a store (store/row_stream.h) as a file that other programs read: GeoPackage, FlatGeobuf, Shapefile. */
#ifndef DK_INGEST_CONVERT_ROWS_H
#define DK_INGEST_CONVERT_ROWS_H

#include "store/row_stream.h"

/* Reads the rows from fd and makes the file `path`, which must not be there yet. to: gpkg, fgb or shp. GeoPackage and
 * FlatGeobuf name columns as the catalogue does, with the titles beside; GeoPackage takes rows without geometry too. A
 * shapefile is written with its .dbf in GB18030, whose columns are called by their titles as far as 10 bytes go, and a
 * 说明.txt beside it, which says what was cut. DK_LIMIT: it would be larger than the format allows. */
dk_status dk_convert_rows(int fd, const char *to, const char *path, dk_error *err);

#endif
