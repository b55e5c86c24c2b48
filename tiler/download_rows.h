/* Rows as a file that dikuai-ingest makes: GeoPackage, FlatGeobuf, Shapefile. */
#ifndef DK_TILER_DOWNLOAD_ROWS_H
#define DK_TILER_DOWNLOAD_ROWS_H

#include "tiler/row_writer.h"
#include "tiler/spool.h"

struct dk_convert;

/* The rows go to the conversion, which is borrowed. NULL: out of memory. */
dk_row_writer *dk_rows_writer_create(const dk_row_columns *columns, struct dk_convert *convert);

/* Packs the plain files of a folder into a ZIP. */
dk_status dk_zip_folder(const char *folder, const dk_sink *sink, dk_error *err);

#endif
