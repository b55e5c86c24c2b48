/* Which of two readings of a row's numbers holds, where the numbers do not tell: the one that lies in the catalogue's
 * extent; if both do, the one that lies in the row's division, as far as its outline is published (store/division.h).
 * Nothing is decided by what is likelier. */
#ifndef DK_INGEST_DOUBT_H
#define DK_INGEST_DOUBT_H

#include "ingest/geometry.h"
#include "store/store.h"

/* Outlines of divisions for the thread that reads, which has no part in the store that is written. */
typedef struct dk_outlines dk_outlines;
/* Opens the store at that path a second time, to read. *ret_outlines is NULL, which the functions below take, if its
 * catalogue has no layer of divisions, or kind is that layer. */
dk_status dk_outlines_open(const char *store, const dk_kind *kind, dk_outlines **ret_outlines, dk_error *err);
void dk_outlines_close(dk_outlines *outlines); /* NULL-safe */

typedef enum dk_verdict { DK_VERDICT_FIRST = 0, DK_VERDICT_SECOND, DK_VERDICT_UNDECIDED } dk_verdict;

/* division: a code, "" for none. ret_why gets what it was decided by, or why it was not: the
 * end of a sentence; "": there is something wrong with both that reading the first tells. */
dk_status dk_doubt_settle(dk_geometry_reader *reader, dk_outlines *outlines, const char *division, OGRGeometryH first,
                          OGRGeometryH second, int epsg, dk_verdict *ret_verdict, char *ret_why, size_t size,
                          dk_error *err);

#endif
