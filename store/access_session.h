/* Sessions: browsers that have signed in with a token, and keep a cookie in its place. */
#ifndef DK_STORE_ACCESS_SESSION_H
#define DK_STORE_ACCESS_SESSION_H

#include "store/access.h"

#include <stddef.h>

#define DK_SESSION_SIZE 43 /* characters: 256 random bits in base 64 for URLs */

enum {
    DK_SESSION_IDLE_SECONDS = 30 * 60, /* without a request */
    DK_SESSION_LONGEST_SECONDS = 12 * 60 * 60,
    DK_SESSION_SEEN_SECONDS = 60,  /* how exactly the last request is known */
    DK_SESSIONS_OF_A_TOKEN = 10000 /* of more, the oldest end: the members of a village share a token */
};

typedef struct dk_session {
    int64_t token; /* 0: a line of a token file, */
    char file[64]; /* and which: what was given to dk_session_begin; else "" */
    int64_t created, seen;
} dk_session;

/* Begins one; those that have ended are forgotten. ret_text: what the cookie holds, for once. */
dk_status dk_session_begin(dk_access *access, int64_t token, const char *file, char ret_text[DK_SESSION_SIZE + 1],
                           dk_error *err);
/* The one of a cookie, unless it was idle for too long or is too old: DK_NOT_FOUND. Whether its token lives is another
 * question. */
dk_status dk_session_find(dk_access *access, const char *text, size_t size, dk_session *ret_session, dk_error *err);
/* Notes a request. */
dk_status dk_session_seen(dk_access *access, const unsigned char hash[32], int64_t now, dk_error *err);
/* Ends it, if it is there. */
dk_status dk_session_end(dk_access *access, const char *text, size_t size, dk_error *err);

#endif
