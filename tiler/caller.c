#include "tiler/caller.h"

#include "store/geos_time.h"
#include "tiler/attempts.h"
#include "tiler/credentials.h"
#include "tiler/headers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    TOKEN_FAILURES = 10, /* in a row, and then one in */
    TOKEN_SECONDS = 30,
    SESSION_FAILURES = 200, /* a page whose session is over asks for many tiles at once */
    SESSION_SECONDS = 1,
    TRAIL_FAILURES = 200, /* failures of all clients that are written down, and then one in */
    TRAIL_SECONDS = 10,
    DAY = 24 * 60 * 60
};

/* The browser keeps the first from other hosts of the domain, and from going without TLS. */
static const char secure_cookie[] = "__Host-dikuai", plain_cookie[] = "dikuai-session";
/* A page of another site cannot send it unless this server lets it, which it does not. */
static const char own_header[] = "X-Dikuai";

struct dk_callers {
    dk_caller_options options;
    dk_access_writer *writer;
    dk_attempts *tokens, *sessions, *written;
    char run[24];          /* of this process: sessions that were begun with a line of its token file end with it */
    pthread_mutex_t mutex; /* for what follows */
    dk_access *access;     /* for reading; NULL: not open */
    bool told;             /* that it cannot be read */
};

/* What a request says of its sender. */
typedef struct asking {
    struct MHD_Connection *connection;
    const char *authorization, *user;
    const char *cookie; /* of a session */
    size_t cookie_size;
    dk_address peer;
    bool from_proxy, https;
} asking;

const char *dk_way_name(dk_way way)
{
    switch (way) {
    case DK_WAY_TOKEN:
    case DK_WAY_BASIC:
        return "token";
    case DK_WAY_SESSION:
        return "session";
    case DK_WAY_PROXY:
        return "proxy";
    case DK_WAY_NONE:
        break;
    }
    return "";
}

bool dk_way_is_ambient(dk_way way)
{
    return way == DK_WAY_BASIC || way == DK_WAY_SESSION || way == DK_WAY_PROXY;
}

dk_access_writer *dk_callers_writer(dk_callers *callers)
{
    return callers->writer;
}

/* ---- the request ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* The last of the headers of a name, and how many there are: a proxy may add its own behind what the client sent. */
typedef struct headers {
    const char *name, *last;
    unsigned n;
} headers;

static enum MHD_Result take_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    headers *h = user;
    (void)kind;
    if (strcasecmp(name, h->name) == 0) {
        h->last = value;
        h->n++;
    }
    return MHD_YES;
}

static headers headers_of(struct MHD_Connection *connection, const char *name)
{
    headers h = {.name = name};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &h);
    return h;
}

static bool came_by_https(struct MHD_Connection *connection)
{
    return dk_is_https(header(connection, "X-Forwarded-Proto"));
}

/* The session's cookie. One that goes without TLS is not taken from a client that has TLS: whoever is on its way could
 * have put it there. */
static void find_cookie(const dk_callers *callers, asking *a)
{
    const char *cookies = header(a->connection, "Cookie");
    if (cookies == NULL)
        return;
    a->https = came_by_https(a->connection);
    if (!dk_cookie_find(cookies, secure_cookie, &a->cookie, &a->cookie_size) &&
        (a->https || !callers->options.plain_cookies ||
         !dk_cookie_find(cookies, plain_cookie, &a->cookie, &a->cookie_size)))
        a->cookie = NULL;
}

static void find_peer(const dk_callers *callers, asking *a)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(a->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || !dk_address_of(info->client_addr, &a->peer))
        memset(&a->peer, 0, sizeof a->peer);
    else
        a->from_proxy = dk_prefixes_cover(callers->options.proxies, callers->options.n_proxies, &a->peer);
}

static dk_address client_of(const dk_callers *callers, asking *a)
{
    find_peer(callers, a);
    return dk_address_of_client(&a->peer, headers_of(a->connection, "X-Forwarded-For").last, callers->options.proxies,
                                callers->options.n_proxies);
}

static dk_site site_of(asking *a)
{
    const char *host = header(a->connection, "Host");
    return dk_site_of(header(a->connection, "Sec-Fetch-Site"), header(a->connection, "Origin"), host,
                      came_by_https(a->connection));
}

/* ---- the access file ---- */

/* Opens it if it is there; mutex is held. DK_NOT_FOUND: it is not. */
static dk_status open_file(dk_callers *callers, dk_error *err)
{
    if (callers->access != NULL && dk_access_is_current(callers->access))
        return DK_OK;
    dk_access_close(callers->access);
    callers->access = NULL;
    const dk_status status = dk_access_open(callers->options.store_path, false, &callers->access, err);
    if (status == DK_OK || status == DK_NOT_FOUND)
        callers->told = false;
    return status;
}

/* What is to be said once to the operator. */
static dk_status tell(dk_callers *callers, dk_status status, const dk_error *error)
{
    if (status != DK_OK && status != DK_NOT_FOUND && !callers->told) {
        fprintf(stderr, "dikuai-tiler: %s. Until this is mended, nobody sees more than the public\n", error->text);
        callers->told = true;
    }
    return status;
}

static void from_token(const dk_token *token, dk_way way, dk_caller *ret_caller)
{
    memset(ret_caller, 0, sizeof *ret_caller);
    ret_caller->way = way;
    dk_viewer_scoped(token->audience, token->division, &ret_caller->viewer);
    ret_caller->token = token->id;
    ret_caller->roles = token->roles;
    ret_caller->expires = token->expires;
    memcpy(ret_caller->name, token->name, sizeof ret_caller->name);
}

static bool from_line(const dk_callers *callers, size_t place, dk_way way, dk_caller *ret_caller)
{
    const char *name;
    memset(ret_caller, 0, sizeof *ret_caller);
    if (!dk_tokens_at(callers->options.tokens, place, &ret_caller->viewer, &name))
        return false;
    ret_caller->way = way;
    snprintf(ret_caller->name, sizeof ret_caller->name, "%s", name);
    return true;
}

/* The day of a token's last use is written once a day. */
static void note_use(dk_callers *callers, const dk_token *token)
{
    const int64_t now = dk_access_now();
    if (now - now % DAY > token->used)
        dk_access_writer_used(callers->writer, token->id, now);
}

/* Statuses: DK_OK, DK_NOT_FOUND, or that the file cannot be read. *ret_place: in the token file, if caller->token is 0.
 */
static dk_status by_token(dk_callers *callers, const char *text, size_t size, dk_caller *ret_caller, size_t *ret_place)
{
    dk_error error = {0};
    dk_token token;
    if (dk_tokens_find(callers->options.tokens, text, size, ret_place))
        return from_line(callers, *ret_place, DK_WAY_TOKEN, ret_caller) ? DK_OK : DK_NOT_FOUND;
    if (!dk_token_well_formed(text, size))
        return DK_NOT_FOUND;
    pthread_mutex_lock(&callers->mutex);
    dk_status status = open_file(callers, &error);
    if (status == DK_OK)
        status = dk_token_of_secret(callers->access, text, size, &token, &error);
    tell(callers, status, &error);
    pthread_mutex_unlock(&callers->mutex);
    if (status != DK_OK)
        return status;
    from_token(&token, DK_WAY_TOKEN, ret_caller);
    note_use(callers, &token);
    return DK_OK;
}

static dk_status by_user(dk_callers *callers, const char *name, dk_caller *ret_caller)
{
    dk_error error = {0};
    dk_token token;
    if (strlen(name) > DK_ACCESS_NAME)
        return DK_NOT_FOUND;
    pthread_mutex_lock(&callers->mutex);
    dk_status status = open_file(callers, &error);
    if (status == DK_OK)
        status = dk_token_of_user(callers->access, name, &token, &error);
    tell(callers, status, &error);
    pthread_mutex_unlock(&callers->mutex);
    if (status != DK_OK)
        return status;
    from_token(&token, DK_WAY_PROXY, ret_caller);
    note_use(callers, &token);
    return DK_OK;
}

/* "RUN:PLACE" */
static bool place_of(const dk_callers *callers, const char *file, size_t *ret_place)
{
    const size_t size = strlen(callers->run);
    if (strncmp(file, callers->run, size) != 0 || file[size] != ':')
        return false;
    *ret_place = strtoul(file + size + 1, NULL, 10);
    return true;
}

static dk_status by_session(dk_callers *callers, const char *text, size_t size, dk_caller *ret_caller)
{
    dk_error error = {0};
    dk_session session;
    dk_token token = {0};
    size_t place;
    pthread_mutex_lock(&callers->mutex);
    dk_status status = open_file(callers, &error);
    if (status == DK_OK)
        status = dk_session_find(callers->access, text, size, &session, &error);
    if (status == DK_OK && session.token != 0)
        status = dk_token_of_id(callers->access, session.token, &token, &error);
    tell(callers, status, &error);
    pthread_mutex_unlock(&callers->mutex);
    if (status != DK_OK)
        return status;
    if (session.token != 0)
        from_token(&token, DK_WAY_SESSION, ret_caller);
    else if (!place_of(callers, session.file, &place) || !from_line(callers, place, DK_WAY_SESSION, ret_caller))
        return DK_NOT_FOUND;
    const int64_t now = dk_access_now(), end = session.created + DK_SESSION_LONGEST_SECONDS;
    if (ret_caller->expires == 0 || ret_caller->expires > end)
        ret_caller->expires = end;
    if (now - session.seen >= DK_SESSION_SEEN_SECONDS) {
        unsigned char hash[DK_SECRET_HASH];
        dk_secret_hash(text, size, hash);
        dk_access_writer_seen(callers->writer, hash, now);
    }
    if (session.token != 0)
        note_use(callers, &token);
    return DK_OK;
}

/* ---- refusing ---- */

/* Whether there is an access file, or one would be made for this server's staff: who serves the public only gets none
 * because of those who guess. */
static bool has_trail(dk_callers *callers)
{
    pthread_mutex_lock(&callers->mutex);
    const bool has = callers->options.tokens != NULL || open_file(callers, NULL) == DK_OK;
    pthread_mutex_unlock(&callers->mutex);
    return has;
}

static void note_failure(dk_callers *callers, const dk_address *client, dk_way way, const char *what)
{
    static const dk_address all = {{0}};
    char address[DK_ADDRESS_TEXT];
    bool first;
    if (!has_trail(callers) || dk_attempts_failed(callers->written, &all, dk_seconds_now(), &first) > 0)
        return;
    dk_address_text(client, address);
    const dk_audit event = {
        .at = dk_access_now(), .name = "", .way = dk_way_name(way), .what = what, .rows = -1, .address = address};
    dk_access_writer_note(callers->writer, &event, NULL);
}

/* A credential that is not good. status: why it was not taken. */
static bool refuse(dk_callers *callers, asking *a, dk_way way, dk_status status, dk_refusal *ret_refusal)
{
    *ret_refusal = (dk_refusal){.status = 401};
    if (status != DK_NOT_FOUND) {
        ret_refusal->status = 503;
        ret_refusal->sentence = "The server cannot tell now who may see more than the public; its log says why.";
        return false;
    }
    const dk_address client = client_of(callers, a);
    bool first;
    const unsigned wait = dk_attempts_failed(way == DK_WAY_SESSION ? callers->sessions : callers->tokens, &client,
                                             dk_seconds_now(), &first);
    if (wait > 0) {
        if (first)
            note_failure(callers, &client, way, "limited");
        ret_refusal->status = 429;
        ret_refusal->sentence =
            "Too many attempts with tokens or sessions that are not valid; wait before the next one.";
        ret_refusal->retry_after = wait;
        return false;
    }
    if (way == DK_WAY_SESSION) {
        ret_refusal->sentence = "The session has ended; sign in again, or go on without to see what is public.";
        ret_refusal->forget_cookie = true;
    } else if (way == DK_WAY_PROXY) {
        ret_refusal->sentence = "The user whom the proxy names has no access here; ask those who run this server.";
        note_failure(callers, &client, way, "failed");
    } else {
        ret_refusal->sentence =
            "The token is not valid here: mistyped, expired or revoked. Ask whoever gave it for another, "
            "or leave the Authorization header out to see what is public.";
        note_failure(callers, &client, way, "failed");
    }
    return false;
}

/* ---- who ---- */

/* Whether the credentials that a browser sends by itself count. Who does not say from where they come may only read. */
static bool takes_ambient(asking *a, bool reads)
{
    const dk_site site = site_of(a);
    return site == DK_SITE_OWN || (site == DK_SITE_UNKNOWN && reads);
}

static bool by_basic(dk_callers *callers, asking *a, dk_caller *ret_caller, dk_refusal *ret_refusal)
{
    char token[DK_SIGN_IN_TOKEN + 1];
    size_t place;
    const dk_basic basic = dk_basic_token(a->authorization, token);
    const dk_status status =
        basic == DK_BASIC_TOKEN ? by_token(callers, token, strlen(token), ret_caller, &place) : DK_NOT_FOUND;
    explicit_bzero(token, sizeof token);
    if (status == DK_OK) {
        ret_caller->way = DK_WAY_BASIC;
        return true;
    }
    refuse(callers, a, DK_WAY_BASIC, status, ret_refusal);
    if (ret_refusal->status == 401 && basic == DK_BASIC_MALFORMED)
        ret_refusal->sentence =
            "The Authorization header says Basic, and what follows is not base 64 of a user name, a colon and "
            "a token, without control characters and none of them longer than 256 bytes; enter the token "
            "as the password.";
    return false;
}

bool dk_caller_of(dk_callers *callers, struct MHD_Connection *connection, dk_errand errand, dk_caller *ret_caller,
                  dk_refusal *ret_refusal)
{
    asking a = {.connection = connection};
    size_t size = 0, place;
    dk_status status;
    ret_caller->way = DK_WAY_NONE;
    ret_caller->passed_over = false;
    ret_caller->viewer = dk_viewer_public();
    a.authorization = header(connection, "Authorization");
    if (!errand.anyone)
        find_cookie(callers, &a);
    if (!errand.anyone && callers->options.user_header != NULL) {
        find_peer(callers, &a);
        const headers users = a.from_proxy ? headers_of(connection, callers->options.user_header) : (headers){0};
        if (users.n > 1) /* one of them is the client's own */
            return refuse(callers, &a, DK_WAY_PROXY, DK_NOT_FOUND, ret_refusal);
        a.user = users.last != NULL && users.last[0] != '\0' ? users.last : NULL;
    }
    if (a.authorization != NULL) {
        const char *text = dk_bearer_token(a.authorization, &size);
        if (text == NULL && a.user == NULL && errand.basic)
            return by_basic(callers, &a, ret_caller, ret_refusal);
        if (text == NULL && a.user == NULL)
            return refuse(callers, &a, DK_WAY_TOKEN, DK_NOT_FOUND, ret_refusal);
        if (text != NULL) {
            status = by_token(callers, text, size, ret_caller, &place);
            return status == DK_OK || refuse(callers, &a, DK_WAY_TOKEN, status, ret_refusal);
        }
    }
    if (a.cookie == NULL && a.user == NULL)
        return true;
    if (!takes_ambient(&a, errand.reads)) {
        ret_caller->passed_over = true;
        return true;
    }
    if (a.cookie != NULL) {
        status = by_session(callers, a.cookie, a.cookie_size, ret_caller);
        return status == DK_OK || refuse(callers, &a, DK_WAY_SESSION, status, ret_refusal);
    }
    status = by_user(callers, a.user, ret_caller);
    return status == DK_OK || refuse(callers, &a, DK_WAY_PROXY, status, ret_refusal);
}

/* ---- signing in and out ---- */

static void write_cookie(bool secure, const char *value, char ret_cookie[DK_COOKIE_TEXT])
{
    snprintf(ret_cookie, DK_COOKIE_TEXT, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
             secure ? secure_cookie : plain_cookie, value, secure ? "; Secure" : "",
             value[0] == '\0' ? "; Max-Age=0" : "");
}

/* The one that the browser has, by whatever way it came to it. */
void dk_caller_forget_cookie(struct MHD_Connection *connection, char ret_cookie[DK_COOKIE_TEXT])
{
    const char *value;
    size_t size;
    write_cookie(dk_cookie_find(header(connection, "Cookie"), secure_cookie, &value, &size), "", ret_cookie);
}

/* Another site may neither sign a reader in, as someone of its choice, nor out. */
static bool is_own(asking *a, bool header_needed, dk_refusal *ret_refusal)
{
    const dk_site site = site_of(a);
    const bool marked = header(a->connection, own_header) != NULL;
    if (site != DK_SITE_OTHER && (marked || (site == DK_SITE_OWN && !header_needed)))
        return true;
    *ret_refusal = (dk_refusal){
        .status = 403,
        .sentence = site == DK_SITE_OTHER
                        ? "Sessions are begun and ended by this server's own page only, not from other sites."
                        : "Sessions are begun and ended by this server's own page; another client sends the "
                          "header X-Dikuai: 1, or better a token with each request."};
    return false;
}

bool dk_caller_sign_in(dk_callers *callers, struct MHD_Connection *connection, const void *body, size_t size,
                       dk_caller *ret_caller, char ret_cookie[DK_COOKIE_TEXT], dk_refusal *ret_refusal)
{
    asking a = {.connection = connection};
    char token[DK_SIGN_IN_TOKEN + 1] = "", session[DK_SESSION_SIZE + 1], file[64] = "", address[DK_ADDRESS_TEXT];
    dk_error error = {0};
    size_t place = 0;
    if (!is_own(&a, false, ret_refusal))
        return false;
    const char *type = header(connection, "Content-Type");
    dk_status status = dk_sign_in_token(body, size, type, token)
                           ? by_token(callers, token, strlen(token), ret_caller, &place)
                           : DK_NOT_FOUND;
    explicit_bzero(token, sizeof token);
    if (status != DK_OK) {
        const bool taken = refuse(callers, &a, DK_WAY_TOKEN, status, ret_refusal);
        if (ret_refusal->status == 401)
            ret_refusal->sentence = "The token is not valid here: mistyped, expired or revoked. It is sent as JSON, "
                                    "{\"token\":\"...\"}, or as the field token of a form.";
        return taken;
    }
    if (ret_caller->token == 0)
        snprintf(file, sizeof file, "%s:%zu", callers->run, place);
    const dk_address client = client_of(callers, &a);
    dk_address_text(&client, address);
    find_cookie(callers, &a);
    const dk_audit event = {.at = dk_access_now(),
                            .token = ret_caller->token,
                            .name = ret_caller->name,
                            .way = dk_way_name(DK_WAY_TOKEN),
                            .what = "login",
                            .rows = -1,
                            .address = address};
    if (a.cookie != NULL)
        dk_access_writer_end_session(callers->writer, a.cookie, a.cookie_size, NULL, &error);
    status = dk_access_writer_begin_session(callers->writer, ret_caller->token, file, &event, session, &error);
    if (status != DK_OK)
        return refuse(callers, &a, DK_WAY_TOKEN, DK_IO, ret_refusal);
    const int64_t end = event.at + DK_SESSION_LONGEST_SECONDS;
    if (ret_caller->expires == 0 || ret_caller->expires > end)
        ret_caller->expires = end;
    ret_caller->way = DK_WAY_SESSION;
    write_cookie(came_by_https(connection) || !callers->options.plain_cookies, session, ret_cookie);
    explicit_bzero(session, sizeof session);
    return true;
}

bool dk_caller_sign_out(dk_callers *callers, struct MHD_Connection *connection, char ret_cookie[DK_COOKIE_TEXT],
                        dk_refusal *ret_refusal)
{
    asking a = {.connection = connection};
    dk_caller caller;
    dk_error error = {0};
    if (!is_own(&a, true, ret_refusal))
        return false;
    dk_caller_forget_cookie(connection, ret_cookie);
    find_cookie(callers, &a);
    if (a.cookie == NULL || by_session(callers, a.cookie, a.cookie_size, &caller) != DK_OK)
        return true; /* there is none any more */
    const dk_audit event = {.at = dk_access_now(),
                            .token = caller.token,
                            .name = caller.name,
                            .way = dk_way_name(DK_WAY_SESSION),
                            .what = "logout",
                            .rows = -1};
    if (dk_access_writer_end_session(callers->writer, a.cookie, a.cookie_size, &event, &error) == DK_OK)
        return true;
    return refuse(callers, &a, DK_WAY_SESSION, DK_IO, ret_refusal);
}

/* ---- all of it ---- */

dk_status dk_callers_create(const dk_caller_options *options, dk_callers **ret_callers, dk_error *err)
{
    dk_error error = {0};
    dk_callers *callers = calloc(1, sizeof *callers);
    if (callers == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    callers->options = *options;
    pthread_mutex_init(&callers->mutex, NULL);
    callers->tokens = dk_attempts_create(TOKEN_FAILURES, TOKEN_SECONDS);
    callers->sessions = dk_attempts_create(SESSION_FAILURES, SESSION_SECONDS);
    callers->written = dk_attempts_create(TRAIL_FAILURES, TRAIL_SECONDS);
    dk_status status = callers->tokens == NULL || callers->sessions == NULL || callers->written == NULL ||
                               !dk_secret_random(callers->run, sizeof callers->run, 16)
                           ? dk_fail(err, DK_NOMEM, "out of memory")
                           : dk_access_writer_create(options->store_path, &callers->writer, err);
    if (status != DK_OK) {
        dk_callers_free(callers);
        return status;
    }
    pthread_mutex_lock(&callers->mutex);
    const dk_status there = open_file(callers, &error);
    tell(callers, there, &error);
    pthread_mutex_unlock(&callers->mutex);
    if (options->tokens != NULL && there == DK_NOT_FOUND)
        dk_access_writer_try(callers->writer, NULL); /* says what is wrong, if anything is */
    *ret_callers = callers;
    return DK_OK;
}

void dk_callers_free(dk_callers *callers)
{
    if (callers == NULL)
        return;
    dk_access_writer_free(callers->writer);
    dk_access_close(callers->access);
    dk_attempts_free(callers->tokens);
    dk_attempts_free(callers->sessions);
    dk_attempts_free(callers->written);
    pthread_mutex_destroy(&callers->mutex);
    free(callers);
}
