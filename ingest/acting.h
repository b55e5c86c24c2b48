/* In whose name a batch is reviewed, published or withdrawn, or the catalogue changed: with --token, that of the one
 * whose token it is, which nobody else can give; else --actor, which anyone can type. */
#ifndef DK_INGEST_ACTING_H
#define DK_INGEST_ACTING_H

#include "ingest/options.h"
#include "store/access_token.h"
#include "store/store.h"

typedef struct dk_acting {
    const char *actor; /* valid while this and the options are */
    char name[DK_ACCESS_NAME + 1];
} dk_acting;

/* Reads the file of --token ("-": standard input), looks the token up beside the store, and has the store note
 * "token:NAME" as the account. Without --token: the actor of the options. DK_CONFLICT: the token is not a living one of
 * staff, lacks the role (a bit of store/access_token.h), or the batch has rows out of its scope. batch 0:
 * of all that is in the store, the catalogue. */
dk_status dk_acting_begin(const dk_options *options, dk_store *store, int64_t batch, unsigned role,
                          dk_acting *ret_acting, dk_error *err);

/* What was set under an account before, such as "token:NAME", is done under it now. DK_CONFLICT: nobody of that name
 * has a living token any more that would do. */
dk_status dk_acting_again(const dk_options *options, dk_store *store, int64_t batch, unsigned role, const char *account,
                          dk_error *err);

#endif
