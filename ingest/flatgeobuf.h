/* Whether a FlatGeobuf file holds the rows that it announces, no fewer and no more, before GDAL opens it: GDAL reads as
 * many as there are up to that number, and says nothing. Form: FlatGeobuf specification, version 3 (magic, header.fbs,
 * packed Hilbert R-tree, features with their sizes before them). */
#ifndef DK_INGEST_FLATGEOBUF_H
#define DK_INGEST_FLATGEOBUF_H

#include "store/status.h"

#include <stddef.h>
#include <stdint.h>

/* *ret_rows: how many features are there. DK_INVALID with a sentence that begins with path; DK_IO. */
dk_status dk_flatgeobuf_examine(const char *path, uint64_t *ret_rows, dk_error *err);
/* The same over bytes in memory. */
dk_status dk_flatgeobuf_examine_memory(const void *data, size_t size, const char *path, uint64_t *ret_rows,
                                       dk_error *err);

#endif
