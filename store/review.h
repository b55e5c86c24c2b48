/* From staged to published: a batch is reviewed before it is seen, or at least looked through for personal data
 * (findings.h). Whether a review is required, and whether by another person than who publishes, is said by the
 * catalogue under `publication`. */
#ifndef DK_STORE_REVIEW_H
#define DK_STORE_REVIEW_H

#include "store/act.h"
#include "store/findings.h"

/* The kind of a batch that is staged (reviewed or not), with its findings complete. DK_CONFLICT: it is not staged. */
dk_status dk_review_begin(dk_store *store, int64_t batch, const dk_kind **ret_kind, dk_error *err);

/* Justifies findings. where: "all", FIELD, or FIELD:ROW with the number of the row in its source or its key. The reason
 * is kept, with who gave it; one that holds personal data itself is DK_INVALID. *ret_n: how many it was for; may be 0.
 */
dk_status dk_review_justify(dk_store *store, int64_t batch, const char *where, const char *reason, const char *actor,
                            int64_t *ret_n, dk_error *err);
/* DK_CONFLICT while any finding, sure or not, is open. A batch that is approved may still be rejected, and the reverse.
 */
dk_status dk_review_approve(dk_store *store, int64_t batch, const char *actor, dk_error *err);
dk_status dk_review_reject(dk_store *store, int64_t batch, const char *actor, const char *reason, dk_error *err);
/* Whether a text is a reason: something, at most 1,000 bytes, and no personal data in it. what: "--reason", for the
 * message. */
dk_status dk_review_reason(const char *what, const char *reason, dk_error *err);

/* Publish at a time, UTC as YYYY-MM-DDTHH:MM:SSZ; NULL: not any more. Nothing happens then by itself: dk_review_due
 * tells who asks what is due. */
dk_status dk_review_schedule(dk_store *store, int64_t batch, const char *due, const char *actor, dk_error *err);
typedef struct dk_due {
    int64_t batch;
    char due[24];
    char actor[DK_ACT_NAME], account[DK_ACT_NAME]; /* who set it, and so who publishes */
} dk_due;
/* The one that comes first; DK_END: nothing is scheduled. after: those up to this one, by time and number, are passed
 * over; NULL: none. */
dk_status dk_review_due(dk_store *store, const dk_due *after, dk_due *ret_due, dk_error *err);

/* ---- for publish.c ---- */

/* Whether the batch may be published by this actor: DK_CONFLICT with what stands in the way. */
dk_status dk_review_gate(dk_store *store, const dk_kind *kind, int64_t batch, const char *actor, dk_error *err);
/* Inside the transaction that brings in a catalogue which shows more of a kind: what was approved of it and waits is to
 * be reviewed again. Adds the number of these batches to n. */
dk_status dk_review_lapse(dk_store *store, const char *kind, const char *actor, int64_t generation, int64_t *n,
                          dk_error *err);
/* Inside the transaction that makes the generation: writes the act, and takes the batch off the schedule. */
dk_status dk_review_done(dk_store *store, int64_t batch, bool withdrawn, const char *actor, const char *reason,
                         int64_t generation, dk_error *err);

/* DK_CONFLICT if the catalogue in force asks who acts ("publishes") to show a token, and none was shown. */
dk_status dk_review_token(dk_store *store, const char *act, dk_error *err);

#endif
