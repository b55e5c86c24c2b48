/* The access file, STORE.access: which tokens there are, who is signed in, and who has read what. An SQLite file of its
 * own beside the store, which holds none of this: the store may be copied and given away, the access file may not. It
 * is in WAL mode, so that dikuai-ingest and dikuai-tiler may have it open at once, and for the owner only (0600). No
 * secret stands in it in clear: of tokens and sessions it keeps SHA-256. access_token.h, access_session.h,
 * access_audit.h are its tables.
 *
 * A handle is used by one thread at a time. */
#ifndef DK_STORE_ACCESS_H
#define DK_STORE_ACCESS_H

#include "store/status.h"

#include <stdbool.h>
#include <stdint.h>

#define DK_ACCESS_VERSION 1

typedef struct dk_access dk_access;

/* Opens the file beside a store. make: makes it if it is not there; else DK_NOT_FOUND, which means that there are no
 * tokens. DK_CONFLICT: other users of the machine may read it. DK_VERSION: made by a later program. DK_IO: it cannot be
 * opened or written, or its folder cannot. */
dk_status dk_access_open(const char *store_path, bool make, dk_access **ret_access, dk_error *err);
void dk_access_close(dk_access *access); /* NULL-safe */

/* Whether the file beside the store is still the one that was opened, and still its owner's alone: it may have been
 * removed, put in its place, or opened to others, which who opens it anew is told. */
bool dk_access_is_current(const dk_access *access);

/* Seconds since 1970: the clock by which tokens and sessions end. */
int64_t dk_access_now(void);

#endif
