/* The rows of a MIF, which stand in its .mid, as texts: GDAL takes of a number what it can, of 1.5x 1.5, of nothing 0.
 * Form: MapInfo Interchange Format, appendix J of the MapInfo Professional user's guide. */
#ifndef DK_INGEST_MID_ROWS_H
#define DK_INGEST_MID_ROWS_H

#include "store/status.h"

#include <stddef.h>

typedef struct dk_mid_field {
    const unsigned char *text; /* bytes of the file, without the quotes around it */
    size_t size;
} dk_mid_field;

typedef struct dk_mid_rows dk_mid_rows;
dk_status dk_mid_rows_open(const char *path, char delimiter, dk_mid_rows **ret_rows, dk_error *err);
void dk_mid_rows_close(dk_mid_rows *rows); /* NULL-safe */
/* The next row, of lines that are not blank; a line end in quotes ends none. Valid until the next call. NULL: there is
 * none, or it has not n fields, cannot be read, or is over 16 MiB. */
const dk_mid_field *dk_mid_rows_next(dk_mid_rows *rows, size_t n);

#endif
