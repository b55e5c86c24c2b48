/* Fields whose value is a list: lines of one name mean what one line with their values between commas means (RFC
 * 9110, 5.3). */
#ifndef DK_TILER_FIELD_LINES_H
#define DK_TILER_FIELD_LINES_H

#include <microhttpd.h>

/* The value of the field, of which the request has so many lines; NULL if there are none or memory is short. Of one
 * line it is the connection's own text, of several it is put together in *joined, which is NULL before and which the
 * caller frees. */
const char *dk_field_lines(struct MHD_Connection *connection, const char *name, unsigned lines, char **joined);

#endif
