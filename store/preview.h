/* What a batch would change, for staff before it is published (or before it is withdrawn): nobody else learns even that
 * there is one. Rows are given that lie in the viewer's scope, and of each what the viewer sees of published rows
 * (audience.h). */
#ifndef DK_STORE_PREVIEW_H
#define DK_STORE_PREVIEW_H

#include "store/act.h"
#include "store/query.h"

typedef struct dk_pending {
    dk_batch batch;
    const dk_kind *kind;
    int64_t added, changed; /* rows within the viewer's scope, as they were when it was loaded */
    int64_t documents;      /* of rows within it, that the batch attaches */
    bool whole;             /* all rows of the batch are within it, and all that they replace were */
    int64_t strong, weak;   /* findings of personal data that are open, if whole; else -1 */
} dk_pending;

/* Whether the viewer is shown batches at all. */
bool dk_preview_allowed(const dk_viewer *viewer);
/* Batches with rows within the viewer's scope, the last one first: those that wait, or all but those that were given
 * up. each returns false to stop. */
dk_status dk_preview_batches(dk_store *store, const dk_viewer *viewer, bool all,
                             bool (*each)(const dk_pending *pending, void *user), void *user, dk_error *err);
/* One of them: DK_NOT_FOUND also if the viewer may not know of it. each is called once. */
dk_status dk_preview_batch(dk_store *store, const dk_viewer *viewer, int64_t batch,
                           bool (*each)(const dk_pending *pending, void *user), void *user, dk_error *err);

/* Who did what with it, in order. What was justified names rows and what was found in them: to whom not all rows are
 * within scope its reason is empty. DK_NOT_FOUND as of dk_preview_batch. */
dk_status dk_preview_acts(dk_store *store, const dk_viewer *viewer, int64_t batch,
                          bool (*each)(const dk_act *act, void *user), void *user, dk_error *err);

typedef enum dk_change_kind { DK_CHANGE_ADDED = 0, DK_CHANGE_CHANGED, DK_CHANGE_REMOVED } dk_change_kind;

typedef struct dk_change {
    dk_change_kind kind;
    const dk_row *now;  /* as it is published, seen by the viewer; NULL: added, or out of their scope */
    const dk_row *then; /* as it would be; NULL: removed */
    uint64_t differs;   /* fields whose values differ, of those that are seen of both; changed only */
    bool outline;       /* the geometry differs; changed only */
    bool conflict;      /* it was loaded as new, and its key has been published since: it cannot be published so */
} dk_change;            /* valid inside the callback */

typedef struct dk_preview {
    const dk_viewer *viewer;
    int64_t batch, generation;
    bool withdraw;        /* what a withdrawal of a published batch would change */
    const double *bounds; /* west, south, east, north: changes whose outline, now or then, meets it; NULL: all */
    int64_t after;        /* what the page before gave as next; 0: from the start */
    size_t limit;         /* changes */
} dk_preview;

/* A page of changes in the order of the batch's rows. *ret_next: where the next page begins; 0: this was all. A page
 * may have fewer changes than its limit, or none, and be followed by others: the time for one is bounded. DK_NOT_FOUND
 * as of dk_preview_batch. */
dk_status dk_preview_changes(dk_store *store, const dk_preview *preview,
                             bool (*each)(const dk_change *change, void *user), void *user, int64_t *ret_next,
                             dk_error *err);

#endif
