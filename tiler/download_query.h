/* What a download asks for: its rows and columns. */
#ifndef DK_TILER_DOWNLOAD_QUERY_H
#define DK_TILER_DOWNLOAD_QUERY_H

#include "tiler/item_query.h"
#include "tiler/row_writer.h"

typedef struct dk_download_query {
    dk_item_query items; /* its limit is that of a page */
    size_t limit;        /* rows wanted; SIZE_MAX: all */
    dk_row_columns columns;
} dk_download_query;

/* Reads the request's parameters: those of items, header and geometry. Caller calls dk_item_query_finish in every case.
 */
dk_status dk_download_query_read(dk_context *ctx, dk_download_query *ret_query);

#endif
