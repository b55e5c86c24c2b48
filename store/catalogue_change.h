/* A new version of the catalogue is published like rows are: as a generation, whole or not at all.
 *
 * What it shows less takes effect first, in a small transaction of its own: the catalogue before is then held back by
 * the new one (store/catalogue_version.h). What follows from the new one (store/catalogue_follow.h) is then worked out
 * in another, which ends with it in force. A process that is killed in the second leaves what the first has done; the
 * same catalogue given again finishes it.
 *
 * What it opens to those below staff is looked through for personal data first, as batches are (store/findings.h). Who
 * has approved a batch that waits has approved what was to be seen of it then: it is to be reviewed again. */
#ifndef DK_STORE_CATALOGUE_CHANGE_H
#define DK_STORE_CATALOGUE_CHANGE_H

#include "store/findings.h"
#include "store/store.h"

typedef struct dk_catalogue_change {
    const char *actor, *reason; /* reason may be NULL */
    bool dry_run;               /* says what it would, and keeps nothing */
    /* Why something that looks like personal data may be seen. where: KIND.FIELD or KIND.FIELD:ROW, with the row's
     * number in its source, or its key. */
    const struct dk_catalogue_justification {
        const char *where, *why;
    } * justify;
    size_t n_justify;
    void (*tell)(const char *sentence, void *user); /* each change (store/catalogue_difference.h) */
    /* What is found and not justified, of a published batch. */
    void (*found)(const dk_kind *kind, int64_t batch, const dk_finding *finding, void *user);
    dk_progress progress; /* may be NULL */
    void *user;
} dk_catalogue_change;

typedef struct dk_catalogue_changed {
    bool unchanged;     /* the catalogue in force has that very text */
    int64_t held_back;  /* the generation in which what it shows less took effect; 0: it shows nothing less */
    int64_t generation; /* that of the new catalogue; 0: a dry run, or a failure */
    int64_t findings;   /* what stands in the way */
    int64_t lapsed;     /* batches that wait, and are to be reviewed again */
} dk_catalogue_changed;

/* DK_CONFLICT: rows that are there stand against it (store/catalogue_rules.h), nothing was changed; or personal data,
 * of which held_back tells whether part of it is in force. Of a store that is open for writing; its catalogue is
 * another one afterwards, so that pointers into it are invalid. After a failure that is no DK_CONFLICT close the
 * handle. */
dk_status dk_store_change_catalogue(dk_store *store, const char *yaml, size_t size, const char *origin,
                                    const dk_catalogue_change *change, dk_catalogue_changed *ret_changed,
                                    dk_error *err);

#endif
