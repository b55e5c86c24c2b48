/* The token file: a simple way to give few people access without STORE.access (dikuai-ingest token). It is read when
 * the server starts. */
#ifndef DK_TILER_VIEWER_H
#define DK_TILER_VIEWER_H

#include "store/audience.h"

#define DK_TOKEN_FILE_NAME 100 /* bytes */

typedef struct dk_tokens dk_tokens; /* immutable once read */

/* Reads lines `TOKEN SCOPE NAME`, separated by blanks; # begins a comment. SCOPE is a prefix of division codes or * for
 * the whole store, of staff; staff:, request: or group: before it names the audience. Messages name the file and the
 * line, never the token. *ret_exposed says that other users of the machine can read the file. Caller frees with
 * dk_tokens_free. */
dk_status dk_tokens_read(const char *path, dk_tokens **ret_tokens, bool *ret_exposed, dk_error *err);
void dk_tokens_free(dk_tokens *tokens); /* NULL-safe */

/* The token of a text, by its place in the file; false: it is none (tokens NULL: there are none). The time taken does
 * not depend on how much of a token is right. */
bool dk_tokens_find(const dk_tokens *tokens, const char *text, size_t size, size_t *ret_place);
/* What a place in the file gives; false: there is no such. *ret_name is valid as long as the tokens; "line N" if the
 * line has none. */
bool dk_tokens_at(const dk_tokens *tokens, size_t place, dk_viewer *ret_viewer, const char **ret_name);

#endif
