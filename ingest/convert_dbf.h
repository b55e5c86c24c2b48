/* Writing the .dbf of a shapefile in GB18030, which GDAL's writer cannot without losing rare characters: dBASE III
 * (dBASE 7 file format, "Level 3"), names of at most 10 bytes and texts of 254, cut between characters, never in one.
 */
#ifndef DK_INGEST_CONVERT_DBF_H
#define DK_INGEST_CONVERT_DBF_H

#include "store/row_stream.h"

#include <stdint.h>

/* How wide each column must be, found by looking at all rows first; then what is written, and what was cut. */
typedef struct dk_dbf_widths dk_dbf_widths;
dk_status dk_dbf_widths_create(const dk_stream_head *head, dk_dbf_widths **ret_widths); /* the head is copied */
dk_status dk_dbf_widths_row(dk_dbf_widths *widths, const dk_value *values, dk_error *err);
void dk_dbf_widths_free(dk_dbf_widths *widths); /* NULL-safe */

/* Bytes of the file with so many rows. */
uint64_t dk_dbf_size(const dk_dbf_widths *widths, int64_t rows);
/* The name of column i in the file, in GB18030. */
const char *dk_dbf_column(const dk_dbf_widths *widths, size_t i);

typedef struct dk_dbf_writer dk_dbf_writer;
/* widths is borrowed. path must not be there yet. */
dk_status dk_dbf_writer_open(dk_dbf_widths *widths, const char *path, int64_t rows, dk_dbf_writer **ret_writer,
                             dk_error *err);
dk_status dk_dbf_writer_row(dk_dbf_writer *writer, const dk_value *values, dk_error *err);
dk_status dk_dbf_writer_end(dk_dbf_writer *writer, dk_error *err);
void dk_dbf_writer_free(dk_dbf_writer *writer); /* NULL-safe */

/* The .cpg. The language byte of the .dbf says code page 936 in any case, for programs that do not read one. "936"
 * suits QGIS, GDAL and ArcGIS as long as every character is in it; else "GB18030", without which GDAL would decode
 * none. */
dk_status dk_dbf_write_cpg(const dk_dbf_widths *widths, const char *path, dk_error *err);
/* 说明.txt: which column is which field, what was cut, rows without outline. */
dk_status dk_dbf_write_notes(const dk_dbf_widths *widths, const char *path, int64_t rows, int64_t undrawn,
                             dk_error *err);

#endif
