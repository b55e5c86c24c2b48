/* What clients send to say who they are, which is foreign bytes: the Cookie header (RFC 6265), the Basic scheme of the
 * Authorization header (RFC 7617), the body of a sign-in, and from which site a request comes (Fetch Metadata; RFC
 * 6454). All texts may be NULL: the header is absent. */
#ifndef DK_TILER_CREDENTIALS_H
#define DK_TILER_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

/* The value of the first cookie of that name; it lies in the header. */
bool dk_cookie_find(const char *header, const char *name, const char **ret_value, size_t *ret_size);

/* The token in the body of a sign-in: the member "token" of a JSON object, or the field token of a form
 * (application/x-www-form-urlencoded), by the media type. Printable ASCII without blanks at its ends. ret_token holds
 * DK_SIGN_IN_TOKEN characters and a NUL. false: there is none. */
#define DK_SIGN_IN_BODY 4096
#define DK_SIGN_IN_TOKEN 256
bool dk_sign_in_token(const void *body, size_t size, const char *type, char ret_token[DK_SIGN_IN_TOKEN + 1]);

/* Authorization: whether its scheme is Basic, and the token that it has as its password; the user may have any name,
 * and none. The token as in a sign-in. */
#define DK_BASIC_USER 256 /* bytes */
typedef enum dk_basic {
    DK_BASIC_NOT,       /* another scheme, or no header */
    DK_BASIC_MALFORMED, /* not base 64, no colon, a control character (RFC 7617 forbids them), empty, or longer than it
                           can be */
    DK_BASIC_TOKEN
} dk_basic;
dk_basic dk_basic_token(const char *authorization, char ret_token[DK_SIGN_IN_TOKEN + 1]);

typedef enum dk_site {
    DK_SITE_OWN,     /* a page of this very server */
    DK_SITE_UNKNOWN, /* no page, or a browser that does not say */
    DK_SITE_OTHER
} dk_site;

/* By Sec-Fetch-Site where it is given, which no page can set; else by Origin, which must name the host that the request
 * went to. `none`, what the reader typed, is no page: unknown. https: the client came by it. */
dk_site dk_site_of(const char *sec_fetch_site, const char *origin, const char *host, bool https);

#endif
