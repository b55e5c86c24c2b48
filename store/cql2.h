/* Filters in CQL2 (OGC 21-065r2): conditions on the fields and the outline of a row, as text (clause 8.2, the BNF of
 * Annex B) or JSON (clause 8.3, the schema of Annex C).
 *
 * Names are those of the kind's fields, and `geometry` or `geom` for the outline of a layer's row. A field that the
 * viewer sees in no row does not exist: the sentence about it is the one about a name that means nothing. One that is
 * seen only in the viewer's divisions is NULL elsewhere. NULL makes a comparison neither true nor false (clause 6.2).
 *
 * Beyond the standard: a text literal in the form of a date is compared with a field of dates as that date. A field of
 * 文号 holds for = <> IN and a LIKE without wildcards if the whole text or one of its numbers is the literal, whatever
 * its brackets; for A_CONTAINS and its like it is the array of its numbers. A division code that has a successor is
 * equal to that, too (store/succession.h). A date and a timestamp are compared as days. */
#ifndef DK_STORE_CQL2_H
#define DK_STORE_CQL2_H

#include "store/audience.h"
#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Upper bounds on what one filter may ask for; beyond them it is DK_LIMIT. */
#define DK_CQL2_MOST_BYTES (1u << 20)
#define DK_CQL2_MOST_DEPTH 100       /* of brackets, and of operators in each other */
#define DK_CQL2_MOST_NODES 10000     /* names, literals and operators */
#define DK_CQL2_MOST_VERTICES 100000 /* of all its geometries together */

/* OWN: JSON as store/conditions.h writes it, which may also have {"op":"fold","args":[text]}: the text as terms and
 * what is searched are folded (store/text.h). */
typedef enum dk_cql2_language { DK_CQL2_TEXT, DK_CQL2_JSON, DK_CQL2_OWN } dk_cql2_language;

/* A filter that was read for one kind and one viewer. Immutable, but its geometries may be used by one thread at a
 * time. */
typedef struct dk_cql2 dk_cql2;

/* The coordinate reference system of a filter's geometries. to_lonlat brings n pairs in the axis order of that system
 * to (lon, lat) in degrees of EPSG:4490, in place. */
typedef struct dk_cql2_crs {
    dk_status (*to_lonlat)(void *user, double *xy, size_t n, dk_error *err);
    void *user;
} dk_cql2_crs;

/* Reads a filter. text is UTF-8 of size bytes, and not needed later; kind's catalogue must outlive the filter. crs
 * NULL: geometries are in (lon, lat), degrees. DK_INVALID with a sentence that names the place (the character, counted
 * from 1, or the member of the JSON) and what to do; DK_LIMIT: too large or too deep. Caller frees with dk_cql2_free.
 */
dk_status dk_cql2_read(const char *text, size_t size, dk_cql2_language language, const dk_kind *kind,
                       const dk_viewer *viewer, const dk_cql2_crs *crs, dk_cql2 **ret_filter, dk_error *err);
void dk_cql2_free(dk_cql2 *filter); /* NULL-safe. Statements to which it is bound are reset and cleared before */

/* What every row that the filter holds for must have, so that the index can look for it: one of these values in a
 * field, folded as terms are (dk_terms_of). Rows that have it need not match. */
typedef struct dk_cql2_need {
    int field;
    const char *const *texts; /* the filter's; valid as long as it is */
    size_t n_texts;
} dk_cql2_need;
/* Writes at most `most` needs and returns how many there are in all. */
size_t dk_cql2_needs(const dk_cql2 *filter, dk_cql2_need *ret_needs, size_t most);

/* West, south, east, north in degrees: a box that meets the box of every row the filter holds for. false: there is no
 * such bound. */
bool dk_cql2_bounds(const dk_cql2 *filter, double ret_bounds[4]);

#endif
