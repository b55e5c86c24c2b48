/* Who is asking: by a token, a session's cookie, or the user whom a trusted reverse proxy names.
 *
 * The first of these that a request has decides, and if it is not good, nothing else is tried:
 *   1. `Authorization: Bearer`: a token of the access file or of the token file. (Another scheme is the proxy's own
 * affair if it names the user, and no credential of ours otherwise: refused.) Where calendar programs ask, who know no
 * Bearer, `Authorization: Basic` with the token as its password is the same.
 *   2. the cookie of a session (POST /session)
 *   3. the header in which a trusted proxy names the user; from any other address it is not looked at.
 * The second and third come with a request whether its sender wants it or not, so they do not count when another site's
 * page sends it: then the request is one of the public.
 *
 * A request with none of them touches no file here. */
#ifndef DK_TILER_CALLER_H
#define DK_TILER_CALLER_H

#include "store/access_session.h"
#include "store/access_token.h"
#include "tiler/access_writer.h"
#include "tiler/proxies.h"
#include "tiler/viewer.h"

#include <microhttpd.h>

typedef enum dk_way { DK_WAY_NONE, DK_WAY_TOKEN, DK_WAY_BASIC, DK_WAY_SESSION, DK_WAY_PROXY } dk_way;

typedef struct dk_caller {
    dk_way way;       /* DK_WAY_NONE: the public, and nothing else is set but the viewer and the next */
    bool passed_over; /* the public, for the credentials that a browser sends by itself came with another site's request
                       */
    dk_viewer viewer;
    int64_t token;   /* in the access file; 0: of the token file */
    unsigned roles;  /* DK_ROLE_REVIEW, DK_ROLE_PUBLISH */
    int64_t expires; /* seconds since 1970; 0: it does not */
    char name[DK_ACCESS_NAME + 1];
} dk_caller;

const char *dk_way_name(dk_way way); /* "token" by either scheme */
/* Whether it comes with every request of a browser: other sites may never see such answers. */
bool dk_way_is_ambient(dk_way way);

/* An answer to who is not let in. */
typedef struct dk_refusal {
    unsigned status; /* HTTP: 401, 403, 413, 429, 503 */
    const char *sentence;
    unsigned retry_after; /* seconds; 0: not said */
    bool forget_cookie;   /* the session is over */
    bool nothing_sent;    /* 401 to who sent no credentials */
    bool ask_basic;       /* 401 asks for the Basic scheme too */
    const char *page;     /* said by a page, to a browser: the base path; NULL: by JSON */
} dk_refusal;

typedef struct dk_caller_options {
    const char *store_path;
    const dk_tokens *tokens; /* of the token file; NULL: none */
    const dk_prefix *proxies;
    size_t n_proxies;
    const char *user_header; /* NULL: none */
    bool plain_cookies;      /* cookies go without TLS too: on this machine only, or where the operator says so */
} dk_caller_options;

typedef struct dk_callers dk_callers; /* may be used by several threads */

/* The texts are borrowed. Says on stderr if staff access cannot work. */
dk_status dk_callers_create(const dk_caller_options *options, dk_callers **ret_callers, dk_error *err);
void dk_callers_free(dk_callers *callers); /* writes what is left of the trail; NULL-safe */
dk_access_writer *dk_callers_writer(dk_callers *callers);

/* What is known of a request before who sent it. */
typedef struct dk_errand {
    bool reads;  /* GET or HEAD */
    bool anyone; /* the answer is the same for everyone, and only a token that is not good matters */
    bool basic;  /* the Basic scheme is taken */
} dk_errand;

/* false: the request is refused. */
bool dk_caller_of(dk_callers *callers, struct MHD_Connection *connection, dk_errand errand, dk_caller *ret_caller,
                  dk_refusal *ret_refusal);

#define DK_COOKIE_TEXT 160

/* POST /session: a token becomes a session; the one that the browser may have had ends. ret_cookie: Set-Cookie. */
bool dk_caller_sign_in(dk_callers *callers, struct MHD_Connection *connection, const void *body, size_t size,
                       dk_caller *ret_caller, char ret_cookie[DK_COOKIE_TEXT], dk_refusal *ret_refusal);
/* DELETE /session: ends it, if there is one. ret_cookie takes the cookie away. */
bool dk_caller_sign_out(dk_callers *callers, struct MHD_Connection *connection, char ret_cookie[DK_COOKIE_TEXT],
                        dk_refusal *ret_refusal);
/* Set-Cookie that takes the cookie away. */
void dk_caller_forget_cookie(struct MHD_Connection *connection, char ret_cookie[DK_COOKIE_TEXT]);

#endif
