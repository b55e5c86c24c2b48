/* Conditions that a request names by parameters, written as CQL2 text (store/cql2.h), so that there is one language of
 * filters and one that reads it. Several are joined with AND. */
#ifndef DK_STORE_FILTER_TEXT_H
#define DK_STORE_FILTER_TEXT_H

#include "store/buf.h"
#include "store/catalogue.h"

/* The field has this value, given as a text: of a number field a number, of a date field YYYY-MM-DD, else DK_INVALID.
 * Blanks around it do not count. */
dk_status dk_filter_equal(const dk_kind *kind, int field, const char *value, dk_buf *filter, dk_error *err);
/* The outline meets the box: west, south, east, north in degrees. West beyond east: across 180 degrees. */
void dk_filter_box(const double bounds[4], dk_buf *filter);
/* The word (size bytes) stands in one of the fields, bit i of which is field i; capitals do not count. */
void dk_filter_word(const dk_kind *kind, uint64_t fields, const char *word, size_t size, dk_buf *filter);
/* The event that the kind's date field tells lies between two days, YYYY-MM-DD, both included; NULL: open. Rows without a
 * date match too (OGC 17-069r4, 7.15.5, /req/core/fc-time-response C). Nothing if the kind has no date field. */
void dk_filter_days(const dk_kind *kind, const char *first, const char *last, dk_buf *filter);

#endif
