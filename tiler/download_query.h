/* What a download asks for: its rows and columns. */
#ifndef DK_TILER_DOWNLOAD_QUERY_H
#define DK_TILER_DOWNLOAD_QUERY_H

#include "tiler/http.h"
#include "tiler/row_writer.h"

typedef struct dk_download_query {
    dk_query query; /* its limit is that of a page */
    size_t limit;   /* rows wanted; SIZE_MAX: all */
    dk_filter filters[DK_PARAMS_MAX];
    double bounds[4];
    dk_row_columns columns;
} dk_download_query;

/* Reads the request's parameters: those of items, header and geometry. */
dk_status dk_download_query_read(dk_context *ctx, dk_download_query *ret_query);

/* The next page. io_after is the token of the page before, "" for the first, and becomes that of the next; *ret_more says
 * whether there is one. each may stop a page early, at a row that counts as given. */
dk_status dk_download_page(dk_store *store, const dk_download_query *query, dk_row_fn each, void *user, dk_buf *io_after,
                           bool *ret_more, dk_error *err);

#endif
