/* What a leaf of the publication log commits to: the public form of a row, a document or another event, in canonical
 * JSON (RFC 8785). One object, members that do not apply left out:
 *
 *   entries     of "redact": an array of the numbers of the entries that were erased
 *   event       "publish", "withdraw", "document", "redact" …
 *   feature     the number that a row keeps through its versions
 *   fields      an object of the fields that the public sees, as the public sees them (masks applied); null: empty
 *   form        1, the version of this form
 *   generation  in which it happened
 *   key, kind   of the row
 *   outline     of a row of a layer: a GeoJSON geometry (RFC 7946) of EPSG:4490, or null
 *   reason      of "redact": why
 *   sealed      of a row: a digest in base 64 of all that the store holds of it, which it proves to its owner and to
 *               nobody else (store/log_row.h)
 *
 * The outline is what the public may see of it, and written as items are: positions are [longitude, latitude] in
 * degrees with 9 decimals at most (0.1 mm), in the order in which the row holds them, rings closed; one member is a
 * Polygon, LineString or Point, several are the Multi form. A layer whose public precision is coarser gives the snapped
 * shape here. The exact one is never part of a leaf: it could be shown to nobody.
 *
 * Numbers are doubles, and integers beyond ±2^53 strings of digits (store/canonical_json.h). */
#ifndef DK_STORE_LOG_CONTENT_H
#define DK_STORE_LOG_CONTENT_H

#include "store/geometry.h"
#include "store/value.h"

typedef struct dk_log_field {
    const char *name;
    dk_value value;
} dk_log_field;

/* What stands before the value of a field: dk_log_field_head of its name. */
typedef struct dk_log_head {
    const void *data;
    size_t size;
} dk_log_head;

typedef struct dk_log_content {
    const char *event;
    int64_t generation;
    const char *kind, *key;     /* NULL: none */
    int64_t feature;            /* negative: none */
    const dk_log_field *fields; /* names differ */
    const dk_log_head *heads;   /* of each field; then they come in the order of their names. NULL: in any order */
    size_t n_fields;
    const dk_shape *outline;     /* NULL: not of a layer. Without parts: null */
    const char *reason, *sealed; /* NULL: none */
    const int64_t *entries;      /* NULL: none */
    size_t n_entries;
} dk_log_content;

/* Appends what a content has before the value of a field: who writes many of one kind has it ready. false: the name is
 * not UTF-8. */
bool dk_log_field_head(const char *name, dk_buf *out);

/* Appends it. All texts are borrowed. DK_INVALID: a text that is not UTF-8, a number that is not finite, a field twice;
 * DK_NOMEM. out is then of no use. */
dk_status dk_log_content_write(const dk_log_content *content, dk_buf *out, dk_error *err);

#endif
