/* A line on stderr for each request, for the operator: method, path and the names of the query's parameters, of filter
 * its size, of none its value: a query may hold the name of a person that someone looks for, and so may a key in a
 * path, of which only its place is written. */
#ifndef DK_TILER_REQUEST_LOG_H
#define DK_TILER_REQUEST_LOG_H

#include "store/buf.h"
#include "tiler/request.h"

/* "GET /collections/parcel/items?bbox&filter[38]\n" */
void dk_request_line(const char *method, const dk_request *request, dk_buf *out);

/* Writes it to stderr in one piece. */
void dk_request_log(const char *method, const dk_request *request);

#endif
