/* Whether the rows of a load lie in their divisions, as far as a layer of divisions is published (store/division.h).
 * Data of GCJ-02 that does not say so lies half a kilometre off, and many of its rows beside their village: that is
 * told, and never put right by itself.
 *
 * The rule. A row is off if it is 50 m or more from the outline of its division, or of the next larger one that has an
 * outline. At most 200 rows of a division are looked at, the first of the load. It is said
 *   - that the load may be GCJ-02, if all rows are off, or a tenth and at least 3 in 3 divisions, none by more than 700
 * m, and with GCJ-02 undone at most a tenth as many would be;
 *   - else, that datum, zone or codes may be wrong, if more than half of the rows are off. */
#ifndef DK_INGEST_PLACEMENT_H
#define DK_INGEST_PLACEMENT_H

#include "store/store.h"

#define DK_PLACEMENT_OFF_M 50

typedef struct dk_placement dk_placement;

/* For the rows of a kind. *ret_placement is NULL, which the functions below take, if there is nothing to compare with:
 * no division in the rows, or no layer of divisions. The store is borrowed. */
dk_status dk_placement_create(dk_store *store, const dk_kind *kind, dk_placement **ret_placement, dk_error *err);
void dk_placement_free(dk_placement *placement);

/* A row with its division, "" if it has none, and its geometry in degrees. */
dk_status dk_placement_add(dk_placement *placement, const char *division, const void *wkb, size_t size, dk_error *err);

/* Marks a place, and takes back the rows that were added since: those of a file that is left out. */
void dk_placement_mark(dk_placement *placement);
void dk_placement_undo(dk_placement *placement);

/* How many metres a row reaches beyond the outline of its division, or of the next larger one that has an outline, by
 * the farthest place on its border, or in an enclave that it covers, to half a metre; below 0: there is no outline.
 * *ret_apart: nothing of the row is within. Not for a placement that rows are added to: where there are thousands of
 * divisions, those before are forgotten. */
dk_status dk_placement_reach(dk_placement *placement, const char *division, const void *wkb, size_t size,
                             double *ret_metres, bool *ret_apart, dk_error *err);

/* Whether there is something to tell: a sentence. declared: the load was said to be GCJ-02. */
bool dk_placement_tell(const dk_placement *placement, bool declared, char *ret_sentence, size_t size);

#endif
