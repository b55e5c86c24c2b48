/* A KML as GDAL reads it right. Of the names of untyped data (OGC 07-147r2, 9.3: Data) GDAL reads each byte that is no
 * ASCII letter, digit or _ as _, so that columns would have no names, and those of equal length would be one; of
 * several rings in one innerBoundaryIs it keeps the last; and of what stands in a SimpleField of numbers (9.5) as much
 * as is a number that it has room for. Such a file is read from a copy in which they are written otherwise, all fields
 * as texts. Data that the Schema does not declare, which GDAL passes over (it writes dates so), are declared there.
 * What else it would lose (ingest/kml_shapes.h) is refused. */
#ifndef DK_INGEST_KML_NAMES_H
#define DK_INGEST_KML_NAMES_H

#include "ingest/scratch.h"

#include <stdint.h>

typedef struct dk_kml_names {
    char **names; /* UTF-8; owned, as the array */
    size_t n;
    bool whole;                                /* all of it is XML, and was counted: */
    int64_t n_placemarks, n_overlays, n_links; /* as of dk_kml_shapes */
    int64_t n_unread; /* names of SimpleData in a file without a Schema that would declare them, which are not read */
} dk_kml_names;

/* ret_copy: the file to read instead, which lies in ret_scratch and is the caller's with it; NULL if there is no need.
 * A document type, and an encoding that Expat does not know, are left for GDAL to refuse. DK_INVALID with a sentence
 * that begins with path. ret_names: all 0 before.
 */
dk_status dk_kml_names_prepare(const char *file, const char *path, dk_kml_names *ret_names, char **ret_copy,
                               dk_scratch **ret_scratch, dk_error *err);
void dk_kml_names_finish(dk_kml_names *names);
/* What the column that GDAL calls column is called in the file. */
const char *dk_kml_name(const dk_kml_names *names, const char *column);

#endif
