/* Who did what with a batch, and when: loaded, justified, approved, rejected, lapsed, scheduled, unscheduled,
 * published, withdrawn. With the name that someone gave goes the account under which the program ran, which is better
 * evidence: anyone can type a name. */
#ifndef DK_STORE_ACT_H
#define DK_STORE_ACT_H

#include "store/store.h"

/* Under what the store is used: "user:NAME" of the operating system, unless dk_store_act_as has said something better,
 * such as "token:NAME". Valid until the store is closed. */
const char *dk_store_account(dk_store *store);
#define DK_ACT_NAME 128 /* of an actor or account, with its NUL; what is longer is cut where it is compared */
void dk_store_act_as(dk_store *store, const char *account);

typedef enum dk_act_kind {
    DK_ACT_LOADED = 0,
    DK_ACT_JUSTIFIED,
    DK_ACT_APPROVED,
    DK_ACT_REJECTED,
    DK_ACT_SCHEDULED,
    DK_ACT_UNSCHEDULED,
    DK_ACT_PUBLISHED,
    DK_ACT_WITHDRAWN,
    DK_ACT_CATALOGUE, /* of the store: batch 0 */
    DK_ACT_LAPSED     /* what was approved is no more: a new catalogue shows more of it */
} dk_act_kind;
const char *dk_act_name(dk_act_kind kind);

typedef struct dk_act {
    int64_t id, batch;
    const char *kind;            /* as in the list above */
    const char *actor, *account; /* "" if not known */
    const char *at;              /* UTC */
    const char *reason;          /* or what was justified and why; "": none */
    int64_t generation;          /* of published, withdrawn and lapsed, else 0 */
} dk_act;                        /* texts are valid inside the callback */

/* Writes one, now, inside the caller's transaction if there is one. actor NULL: the account's name. reason may be NULL.
 */
dk_status dk_act_write(dk_store *store, int64_t batch, dk_act_kind kind, const char *actor, const char *reason,
                       int64_t generation, int64_t *ret_id, dk_error *err);
/* All of a batch in order. each returns false to stop. */
dk_status dk_acts(dk_store *store, int64_t batch, bool (*each)(const dk_act *act, void *user), void *user,
                  dk_error *err);

/* A generation: what made it, from 0, the creation of the store. */
typedef struct dk_generation_row {
    int64_t number, batch;                /* batch 0: of none */
    const char *at, *action;              /* UTC; create, publish, withdraw … */
    const char *actor, *account, *reason; /* "": not known, none */
    const char *kind, *title;             /* of the batch; "" */
} dk_generation_row;
dk_status dk_store_generations(dk_store *store, bool (*each)(const dk_generation_row *row, void *user), void *user,
                               dk_error *err);

#endif
