/* What --set gives: values of fields that a source leaves empty. */
#ifndef DK_INGEST_SET_VALUES_H
#define DK_INGEST_SET_VALUES_H

#include "ingest/columns.h"
#include "store/value.h"

typedef struct dk_set_values {
    dk_value *values; /* kind->n_fields */
    bool *is_set;     /* kind->n_fields */
    dk_buf texts;
} dk_set_values;

/* Also checks that --field and --merged name fields that the kind has. DK_INVALID, DK_NOT_FOUND: a sentence that begins
 * with the option. On success the caller ends with dk_set_values_finish. */
dk_status dk_set_values_parse(const dk_kind *kind, const dk_column_options *columns, dk_set_values *ret_values,
                              dk_error *err);
/* The same checks of an entry of a profile; a sentence begins with the word that the profile has for the option. */
dk_status dk_set_values_check(const dk_kind *kind, const dk_column_options *columns, dk_error *err);
void dk_set_values_finish(dk_set_values *values);

#endif
