/* Request header values, which are foreign bytes (RFC 9110). All texts may be NULL: the header is absent. */
#ifndef DK_TILER_HEADERS_H
#define DK_TILER_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

/* Accept-Encoding: whether gzip may be used. q=0 forbids it; * stands for codings that are not named. A weight that
 * is not one counts as 0. */
bool dk_accepts_gzip(const char *accept_encoding);

/* Accept: whether JSON is preferred over HTML, which is what a browser or a client that does not care gets. */
bool dk_prefers_json(const char *accept);

/* If-None-Match: whether it names the entity tag (with its quotes), by weak comparison, or is *. */
bool dk_none_match(const char *if_none_match, const char *etag);

/* Authorization: the token of the Bearer scheme and its size, or NULL if the header has another form. */
const char *dk_bearer_token(const char *authorization, size_t *ret_size);

/* Host: whether it may be repeated in an address (letters, digits and . : - _ [ ] only). */
bool dk_host_plain(const char *host);

#endif
