/* Reasons of rejected rows for a report: what kind each is, in Chinese, and without the values of fields that are not
 * public. */
#ifndef DK_INGEST_REASON_H
#define DK_INGEST_REASON_H

#include "ingest/columns.h"
#include "store/catalogue.h"

typedef struct dk_reason_kind {
    const char *name, *title; /* invalid_geometry, 几何无效 */
} dk_reason_kind;

/* The kind of the first thing that a reason names. Never NULL. */
const dk_reason_kind *dk_reason_kind_of(const char *reason);
/* The kind of this name; NULL: there is none. */
const dk_reason_kind *dk_reason_kind_named(const char *name);

/* Replaces out by the reason, which dk_text_clean has cleaned, as a report may say it. Sentences quote what they find
 * wrong: one about a field that is not public, and not the key, is replaced, with all that stand in the same reason, by
 * the names of such fields. columns: of the source, which the reason may name instead of the field; mapping NULL: none.
 */
void dk_reason_public(const char *reason, const dk_kind *kind, const dk_mapping *mapping, const dk_column *columns,
                      size_t n_columns, dk_buf *out);

/* The same of the reason why a whole file, at path, was left out: without what it quotes, and without names of columns,
 * as a row may stand where the header should. */
void dk_reason_of_file(const char *reason, const char *path, dk_buf *out);

#endif
