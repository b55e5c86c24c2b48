/* What the commands token and audit are told. */
#ifndef DK_INGEST_OPTIONS_ACCESS_H
#define DK_INGEST_OPTIONS_ACCESS_H

#include "ingest/options.h"

/* token: whether the words behind the store are one of its three forms, and of add the token that is wanted, in
 * access.token. DK_INVALID with a sentence. */
dk_status dk_options_token(dk_options *options, dk_error *err);
/* audit: its days, in access.from and access.before. DK_INVALID with a sentence. */
dk_status dk_options_audit(dk_options *options, dk_error *err);

#endif
