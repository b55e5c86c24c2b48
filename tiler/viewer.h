/* Who is asking: the token file. */
#ifndef DK_TILER_VIEWER_H
#define DK_TILER_VIEWER_H

#include "store/audience.h"

typedef struct dk_tokens dk_tokens; /* immutable once read */

/* Reads lines `TOKEN DIVISION-PREFIX NAME`, separated by blanks; # begins a comment, the prefix * is the whole store.
 * Messages name the file and the line, never the token. *ret_exposed says that other users of the machine can read
 * the file. Caller frees with dk_tokens_free. */
dk_status dk_tokens_read(const char *path, dk_tokens **ret_tokens, bool *ret_exposed, dk_error *err);
void dk_tokens_free(dk_tokens *tokens); /* NULL-safe */

/* The viewer of an Authorization header: NULL is the public. DK_INVALID when it is not `Bearer` with a token of the
 * file (tokens NULL: there is none). The time taken does not depend on how much of a token is right. */
dk_status dk_tokens_viewer(const dk_tokens *tokens, const char *authorization, dk_viewer *ret_viewer);

#endif
