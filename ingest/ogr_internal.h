/* What source_ogr.c and ogr_*.c share; for them alone. */
#ifndef DK_INGEST_OGR_INTERNAL_H
#define DK_INGEST_OGR_INTERNAL_H

#include "ingest/source_internal.h"

/* What of GDAL's last message is of use, in brackets or behind a colon; "": nothing. Not where in GDAL it was, nor the
 * path again, which may be that of a copy, nor options of GDAL. */
const char *dk_gdal_useful_message(char ret[DK_ERROR_TEXT]);
bool dk_is_kmz(const char *file);

/* ---- values of the feature at hand (ogr_cells.c) ---- */

/* The next feature of a GML, whose schema says which fields are numbers; what it has no room for is kept for its cells.
 */
OGRFeatureH dk_ogr_next_of_schema(dk_source *source);
/* Sets the n raw cells of the feature: of a DBF, TAB or MIF by what its record says, of the others by what GDAL has
 * read. */
void dk_ogr_set_cells(dk_source *source, size_t n);
/* Counts what a note tells, with the place of the first. */
void dk_source_tell_once(dk_source *source, size_t i, dk_told_once *io_told);

#endif
