/* The parameter datetime (OGC API Features, Part 1, 7.15.4): an instant or an interval, as days. */
#ifndef DK_TILER_DATETIME_H
#define DK_TILER_DATETIME_H

#include "store/status.h"

#define DK_DATETIME_MAX 100 /* bytes of a value */

/* Days as texts YYYY-MM-DD, both within; "" is an open end. Dates of rows have no time and no zone, so the day counts
 * that is written, whatever its time and zone. A row's dates, from A to B, meet it if A <= last and B >= first; a row
 * without a date meets every one (Requirement 25 C). */
typedef struct dk_datetime {
    char first[11], last[11];
} dk_datetime;

/* "2020-03-05", "2020-03-05T08:00:00+08:00" (RFC 3339, 5.6), "A/B", "A/..", "../B", "A/", "/B". A date with a T behind
 * it and no time is one too: GDAL 3.6 writes it. DK_INVALID says what is wrong with which end. */
dk_status dk_datetime_read(const char *text, dk_datetime *ret, dk_error *err);

#endif
