/* Conditions that a request names by parameters, written as CQL2 JSON (store/cql2.h), so that there is one language of
 * filters and one that reads it (as DK_CQL2_OWN). In JSON every text can be written, whatever quotes and backslashes it
 * has. */
#ifndef DK_STORE_CONDITIONS_H
#define DK_STORE_CONDITIONS_H

#include "store/buf.h"
#include "store/catalogue.h"

/* All of them must hold. Zero-initialised is none; dk_conditions_finish frees it. */
typedef struct dk_conditions {
    dk_buf json; /* with commas between them */
    size_t n;
} dk_conditions;
void dk_conditions_finish(dk_conditions *conditions);
/* Appends the filter, which is not to be read if there are no conditions. */
void dk_conditions_filter(const dk_conditions *conditions, dk_buf *out);

/* The field has this value, given as a text: of a number field a number, of a date field YYYY-MM-DD, else DK_INVALID.
 * Blanks around it do not count. */
dk_status dk_condition_equal(const dk_kind *kind, int field, const char *value, dk_conditions *conditions,
                             dk_error *err);
/* The outline meets the box: west, south, east, north in degrees. West beyond east: across 180 degrees. */
void dk_condition_box(const double bounds[4], dk_conditions *conditions);
/* The word (size bytes of UTF-8) stands in one of the fields, bit i of which is field i, as search finds it: capitals
 * do not count, nor full width, nor in 文号 the brackets. A number and a date are all of the word. */
void dk_condition_word(const dk_kind *kind, uint64_t fields, const char *word, size_t size, dk_conditions *conditions);
/* The event that the kind's date field tells lies between two days, YYYY-MM-DD, both included; NULL: open. with_end:
 * the time up to the kind's date_end_field meets them, if it has one. Rows without a date match too, and an end without
 * one is open (OGC 17-069r4, /req/core/fc-time-response C). Nothing if the kind has no date field. */
void dk_condition_days(const dk_kind *kind, bool with_end, const char *first, const char *last,
                       dk_conditions *conditions);

#endif
