/* Whether a shapefile is whole, before GDAL sees it: GDAL reads a truncated one up to the cut, and would make up a
 * missing .shx. Form: Esri Shapefile Technical Description, July 1998. */
#ifndef DK_INGEST_SHAPEFILE_H
#define DK_INGEST_SHAPEFILE_H

#include "store/status.h"

#include <stddef.h>
#include <stdint.h>

/* Finds the file beside path with the extension (no dot) in any mix of cases. Returns a path to free, or NULL. */
char *dk_sibling(const char *path, const char *extension);

/* GDAL finds the files of a shapefile by endings in small or in capital letters, and passes over a .Prj without a word:
 * DK_INVALID says how to name it. NULL is good. */
dk_status dk_shapefile_check_ending(const char *path, dk_error *err);

/* path: the .shp. DK_INVALID names what is missing, cut off or does not fit together. *ret_records: of the .shx. */
dk_status dk_shapefile_examine(const char *path, uint64_t *ret_records, dk_error *err);

#endif
