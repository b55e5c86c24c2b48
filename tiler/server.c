#include "tiler/server.h"

#include "tiler/arrival.h"
#include "tiler/audit.h"
#include "tiler/body.h"
#include "tiler/convert.h"
#include "tiler/credentials.h"
#include "tiler/download.h"
#include "tiler/field_lines.h"
#include "tiler/framing.h"
#include "tiler/headers.h"
#include "tiler/listening.h"
#include "tiler/request_log.h"
#include "tiler/response.h"
#include "tiler/route.h"
#include "tiler/row_sets.h"
#include "tiler/session.h"
#include "tiler/temp_folder.h"
#include "tiler/tile_service.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS = 2000,
    LEAVING = 64, /* connections that libmicrohttpd has told the end of and still counts, at most */
    IDLE_SECONDS = 30,
    DRAIN_SECONDS = 10,
    BODY_DISCARDED = 64 << 10,
    ANSWERS_A_TURN = 32, /* of a thread */
    ANSWER_SECONDS = 10, /* questions to the store have limits of their own */
    UPLOAD_SECONDS = 40, /* an upload may have to be converted first */
    ROW_SETS_BYTES = 64 << 20,
    CONNECTION_MEMORY =
        16 << 10 /* holds DK_URI_MAX and headers, cookies twice; libmicrohttpd clears it after each request */
};

struct dk_server {
    dk_server_options options;
    dk_callers *callers;
    dk_pool *pool;
    dk_tile_cache *cache;   /* NULL: none */
    dk_sheet_cache *sheets; /* NULL: none */
    dk_row_sets *sets;
    atomic_int converting;
    dk_tile_watch *watch;
    dk_temp_root *temp;
    char *ingest; /* path; NULL: none */
    dk_downloads *downloads;
    struct MHD_Daemon *daemon;
    int listening;      /* the socket */
    unsigned most_open; /* connections */
    atomic_uint open;
    pthread_t accepting;
    atomic_size_t active; /* requests whose answers are not yet sent */
    atomic_bool closing;
    dk_bodies bodies;
    dk_arrivals *arrivals;
};

/* The request of a connection, from its first line until its answer is sent. One is kept with each connection and used
 * again: libmicrohttpd announces a request that it then gives up (a bad header, a client that leaves) and does not say
 * that it ended. */
typedef struct exchange {
    dk_arrival arrival;
    dk_request request;
    const dk_route *route; /* of the request; NULL: there is nothing, or it could not be parsed */
    dk_status parsed;
    dk_error error;
    bool open;    /* request holds something */
    bool counted; /* the handler has been called: an answer is owed */
    bool heads;   /* HEAD */
    dk_framing framing;
    char *accept, *encodings; /* lists of several lines put together; NULL: none was needed */
    dk_download *download;    /* for which the connection is suspended, or was; NULL: none */
    size_t body;              /* bytes of one that is not wanted */
    bool uploads;             /* a POST whose body is kept, */
    size_t most;              /* and how large it may be */
    dk_body upload;
    dk_body_result refused; /* why it is not */
} exchange;

/* Frees what belongs to the request. */
static void drop_request(exchange *x)
{
    if (x->open)
        dk_request_finish(&x->request);
    x->open = false;
    free(x->accept);
    free(x->encodings);
    x->accept = x->encodings = NULL;
}

static void connection_changed(void *cls, struct MHD_Connection *connection, void **socket_context,
                               enum MHD_ConnectionNotificationCode code)
{
    dk_server *server = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        exchange *x = calloc(1, sizeof(exchange)); /* NULL: its requests are refused */
        if (x != NULL)
            dk_arrivals_add(server->arrivals, &x->arrival, info->connect_fd);
        *socket_context = x;
        return;
    }
    exchange *x = *socket_context;
    if (x != NULL) {
        dk_arrivals_remove(server->arrivals, &x->arrival);
        drop_request(x);
        dk_download_drop(x->download);
        dk_body_finish(&server->bodies, &x->upload);
    }
    free(x);
    *socket_context = NULL;
    atomic_fetch_sub(&server->open, 1);
}

/* libmicrohttpd hands out the target as it was sent only here; later it is unescaped in its own way. */
static void *begin_exchange(void *cls, const char *uri, struct MHD_Connection *connection)
{
    dk_server *server = cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange *x = info != NULL ? info->socket_context : NULL;
    if (x == NULL)
        return NULL;
    drop_request(x);
    dk_download_drop(x->download);
    x->download = NULL;
    x->open = true;
    x->counted = false;
    x->body = 0;
    x->uploads = false;
    x->refused = DK_BODY_KEPT;
    dk_body_finish(&server->bodies, &x->upload);
    x->error.text[0] = '\0';
    x->parsed = dk_request_parse(&x->request, uri, server->options.config.base_path, &x->error);
    x->route = x->parsed == DK_OK && !x->request.at_base ? dk_route_find(&x->request) : NULL;
    return x;
}

/* Called for each answer sent. Under load requests come in faster than they are answered, and a thread never sleeps:
 * whoever shares its processor, perhaps the proxy that brings the requests, waits for the system's tick, several
 * milliseconds at a time, and so do the requests that it holds. */
static void end_turn(void)
{
    static _Thread_local unsigned answers;
    if (++answers % ANSWERS_A_TURN == 0)
        sched_yield();
}

static void end_exchange(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    dk_server *server = cls;
    exchange *x = *con_cls;
    (void)connection;
    (void)code;
    if (x == NULL)
        return;
    drop_request(x);
    dk_download_drop(x->download);
    x->download = NULL;
    dk_body_finish(&server->bodies, &x->upload);
    if (x->counted)
        atomic_fetch_sub(&server->active, 1);
    x->counted = false;
    dk_arrival_await(server->arrivals, &x->arrival);
    *con_cls = NULL;
    end_turn();
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Only main prints on stdout; what the operator must know and a client must not goes to stderr, without the query,
 * which may hold what someone searched for. */
static void log_failure(const dk_request *request, const dk_error *error)
{
    fprintf(stderr, "dikuai-tiler: /");
    for (size_t i = 0; i < request->n_path; i++)
        fprintf(stderr, "%s%s", i > 0 ? "/" : "", request->path[i]);
    fprintf(stderr, ": %s\n", error->text);
}

/* Whether a 401 asks for Basic: where a calendar program asks. A browser that shows a page would send the password from
 * then on to every address of this server, and be refused at all but one. */
static bool asks_basic(struct MHD_Connection *connection, const dk_context *ctx, dk_errand errand)
{
    const char *mode = header(connection, "Sec-Fetch-Mode");
    return errand.basic && dk_due_is_calendar(ctx) && (mode == NULL || strcmp(mode, "navigate") != 0);
}

static const char *accept_of(struct MHD_Connection *connection, exchange *x)
{
    return x->accept != NULL ? x->accept : dk_field_lines(connection, "Accept", x->framing.accepts, &x->accept);
}

/* The page of a refusal: where a browser asks for one (a form that was filled in badly, an old link, a session that has
 * ended), unless its reader wants to see JSON. */
static const char *page_of(const dk_server *server, struct MHD_Connection *connection, exchange *x)
{
    const char *format = x->parsed == DK_OK ? dk_request_param(&x->request, "f") : NULL;
    const bool wants_json = format != NULL && strcmp(format, "json") == 0;
    return !x->uploads && !wants_json && dk_prefers_html(accept_of(connection, x)) ? server->options.config.base_path
                                                                                   : NULL;
}

/* Refuses what was to be read. */
static enum MHD_Result refuse(const dk_server *server, struct MHD_Connection *connection, exchange *x,
                              dk_refusal refusal, bool closing)
{
    refusal.page = page_of(server, connection, x);
    return dk_respond_refusal(connection, &refusal, closing);
}

static enum MHD_Result refuse_as(const dk_server *server, struct MHD_Connection *connection, exchange *x,
                                 unsigned status, const char *sentence, bool closing)
{
    return refuse(server, connection, x, (dk_refusal){.status = status, .sentence = sentence}, closing);
}

static enum MHD_Result respond_failure(const dk_server *server, struct MHD_Connection *connection, exchange *x,
                                       dk_status status, const dk_error *error, bool closing)
{
    bool show;
    const unsigned http = dk_http_status(status, &show);
    if (!show)
        log_failure(&x->request, error);
    return refuse_as(server, connection, x, http,
                     show          ? error->text
                     : http == 503 ? "The store is busy; try again in a moment."
                                   : "The server could not answer; its log says why.",
                     closing);
}

/* The base path with its slash, and the query as it was asked, unless that is longer than a redirection holds. */
static void write_base_address(const dk_context *ctx, char *address, size_t size)
{
    static const char *const none[] = {NULL};
    dk_request query = *ctx->request;
    dk_buf text;
    query.n_path = 0;
    dk_buf_init(&text);
    dk_append_own_address(&text, &query, none);
    const char *added = dk_buf_cstr(&text);
    const bool fits = added != NULL && strlen(ctx->config->base_path) + 1 + text.size < size;
    snprintf(address, size, "%s/%s", ctx->config->base_path, fits ? added : "");
    dk_buf_finish(&text);
}

/* reads: GET or HEAD. */
static enum MHD_Result answer(dk_server *server, struct MHD_Connection *connection, exchange *x, bool reads,
                              bool closing)
{
    dk_request *request = &x->request;
    if (x->parsed != DK_OK) {
        if (x->parsed == DK_LIMIT)
            return refuse_as(server, connection, x, 414, x->error.text, closing);
        return respond_failure(server, connection, x, x->parsed, &x->error, closing);
    }
    dk_context ctx; /* not cleared whole: the error's text is as large as all the rest */
    memset(&ctx, 0, offsetof(dk_context, error));
    ctx.error.text[0] = '\0';
    ctx.config = &server->options.config;
    ctx.request = request;
    ctx.cache = server->cache;
    ctx.sheets = server->sheets;
    ctx.sets = server->sets;
    const dk_route *route = x->route;
    dk_caller caller;
    dk_refusal refusal;
    const dk_errand errand = {reads, route == NULL || route->anyone, reads && route != NULL && route->calendar};
    ctx.prefers_calendar = errand.basic && dk_prefers_calendar(accept_of(connection, x));
    if (!dk_caller_of(server->callers, connection, errand, &caller, &refusal)) {
        refusal.ask_basic = asks_basic(connection, &ctx, errand);
        return refuse(server, connection, x, refusal, closing);
    }
    ctx.viewer = caller.viewer;
    ctx.caller = caller.way != DK_WAY_NONE ? &caller : NULL;
    ctx.answer.vary_site = caller.passed_over;
    if (request->at_base) {
        ctx.answer.status = 308;
        write_base_address(&ctx, ctx.answer.location, sizeof ctx.answer.location);
        return dk_respond(connection, &ctx, NULL, closing);
    }
    if (route == NULL)
        return refuse_as(server, connection, x, 404, "There is nothing at this address.", closing);

    const char *accept_encoding = dk_field_lines(connection, "Accept-Encoding", x->framing.encodings, &x->encodings);
    if (route->handler == dk_get_items && dk_download_asked(request)) {
        if (ctx.caller != NULL && dk_audit_answer(ctx.config->writer, &ctx, "export") != DK_OK)
            return refuse_as(server, connection, x, 503, ctx.error.text, closing);
        const dk_status started = dk_download_start(server->downloads, connection, request, &ctx.viewer, ctx.caller,
                                                    accept_encoding, &x->download, &ctx.error);
        if (started == DK_BUSY)
            return refuse_as(server, connection, x, 503, ctx.error.text, closing);
        return started == DK_OK ? MHD_YES : respond_failure(server, connection, x, started, &ctx.error, closing);
    }
    enum MHD_Result result;
    if (route->handler == dk_get_tile && server->cache != NULL && !closing && !caller.passed_over &&
        dk_tile_serve(server->pool, server->cache, connection, &ctx, accept_encoding, &result))
        return result;
    const char *host =
        request->authority != NULL ? request->authority : header(connection, "Host"); /* RFC 9112, 3.2.2 */
    const char *accept = accept_of(connection, x);
    ctx.prefers_json = dk_prefers_json(accept);
    ctx.prefers_html = dk_prefers_html(accept);
    ctx.host = dk_host_plain(host) ? host : NULL;
    ctx.scheme = dk_is_https(header(connection, "X-Forwarded-Proto")) ? "https" : "http";
    if (x->uploads) {
        const char *coding = header(connection, "Content-Encoding");
        ctx.upload = (dk_upload){.data = x->upload.bytes.data != NULL ? (const void *)x->upload.bytes.data : "",
                                 .size = x->upload.bytes.size,
                                 .type = header(connection, "Content-Type"),
                                 .coded = coding != NULL && coding[0] != '\0' && strcasecmp(coding, "identity") != 0};
        ctx.answer.no_store = true;
    }
    dk_status status = DK_OK;
    if (route->needs_store)
        status =
            dk_pool_take_reading(server->pool, x->uploads ? UPLOAD_SECONDS : ANSWER_SECONDS, &ctx.worker, &ctx.error);
    const bool reading = status == DK_OK && ctx.worker != NULL;
    if (status == DK_OK)
        status = route->handler(&ctx);
    if (reading)
        dk_store_read_end(ctx.worker->store);
    if (status == DK_OK && ctx.caller != NULL && route->audit != NULL &&
        (status = dk_audit_answer(ctx.config->writer, &ctx, route->audit)) != DK_OK) {
        ctx.problem = 503;
        if (ctx.answer.stored.is)
            close(ctx.answer.stored.fd);
    }
    if (status == DK_OK && ctx.answer.stored.is)
        result =
            dk_respond_stored(connection, &ctx, x->heads ? NULL : header(connection, "Range"), /* 14.2: of GET only */
                              header(connection, "If-Range"), closing);
    else if (status == DK_OK)
        result = dk_respond(connection, &ctx, accept_encoding, closing);
    else if (ctx.problem == 401)
        result = refuse(server, connection, x,
                        (dk_refusal){.status = 401,
                                     .sentence = ctx.error.text,
                                     .nothing_sent = true,
                                     .ask_basic = asks_basic(connection, &ctx, errand)},
                        closing);
    else if (ctx.problem != 0)
        result = refuse_as(server, connection, x, ctx.problem, ctx.error.text, closing);
    else
        result = respond_failure(server, connection, x, status, &ctx.error, closing);
    if (ctx.worker != NULL)
        dk_pool_give(server->pool, ctx.worker);
    return result;
}

static bool takes_posts(const exchange *x)
{
    return x->route != NULL && x->route->posts;
}

static bool is_session(const exchange *x)
{
    return x->route != NULL && x->route->handler == dk_get_session;
}

static enum MHD_Result refuse_body(struct MHD_Connection *connection, const exchange *x, bool closing)
{
    char sentence[120];
    switch (x->refused) {
    case DK_BODY_LARGE:
        if (x->most < DK_UPLOAD_MAX)
            return dk_respond_problem(connection, 413, "The body is larger than a token can be.", NULL, closing);
        snprintf(sentence, sizeof sentence, "The body is larger than %u MiB; ask for a smaller or simpler area.",
                 DK_UPLOAD_MAX >> 20);
        return dk_respond_problem(connection, 413, sentence, NULL, closing);
    case DK_BODY_SLOW:
        snprintf(sentence, sizeof sentence, "The body did not arrive within %d seconds.", DK_UPLOAD_SECONDS);
        return dk_respond_problem(connection, 408, sentence, NULL, true);
    default:
        return dk_respond_problem(connection, 503, "The server holds as many uploads as it can; try again in a moment.",
                                  NULL, closing);
    }
}

/* A body that is refused is read on for a while, so that a client that does not listen while it sends gets the answer;
 * of a long one the connection is closed. */
static enum MHD_Result take_body(dk_server *server, exchange *x, const char *data, size_t *size)
{
    if (x->uploads && x->refused == DK_BODY_KEPT) {
        x->refused = x->upload.bytes.size + *size > x->most ? DK_BODY_LARGE
                                                            : dk_body_add(&server->bodies, &x->upload, data, *size);
        *size = 0;
        if (x->refused != DK_BODY_KEPT) /* what is left of it has a time to arrive as any request */
            dk_arrival_await(server->arrivals, &x->arrival);
        return MHD_YES;
    }
    x->body += *size;
    *size = 0;
    return x->body <= (x->uploads && x->most > BODY_DISCARDED ? x->most : BODY_DISCARDED) ? MHD_YES : MHD_NO;
}

/* Those of RFC 9110, 9.3, and PATCH (RFC 5789). Their names have a case. */
static bool is_known_method(const char *method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(method, names[i]) == 0)
            return true;
    return false;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload_data, size_t *upload_data_size, void **con_cls)
{
    dk_server *server = cls;
    exchange *x = *con_cls;
    (void)url;
    if (x == NULL)
        return MHD_NO; /* out of memory: the connection is closed */
    const bool closing = atomic_load(&server->closing);
    if (!x->counted) {
        /* An answer on this first call would close the connection; it waits for the second. But a large body is not
         * read to its end only to be thrown away. */
        x->counted = true;
        atomic_fetch_add(&server->active, 1);
        x->uploads = strcmp(method, "POST") == 0 && takes_posts(x);
        x->heads = strcmp(method, "HEAD") == 0;
        x->most = is_session(x) ? DK_SIGN_IN_BODY : DK_UPLOAD_MAX;
        if (x->uploads)
            dk_arrival_here(&x->arrival); /* its body has a limit of its own */
        const char *fault = dk_framing_fault(connection, version, &x->framing);
        if (fault != NULL)
            return dk_respond_problem(connection, 400, fault, NULL, true);
        if (x->uploads && x->framing.announced > x->most) {
            x->refused = DK_BODY_LARGE;
            return refuse_body(connection, x, true);
        }
        if (!x->uploads && x->framing.announced > BODY_DISCARDED)
            return dk_respond_problem(connection, 413, "A request here has no body.", NULL, true);
        return MHD_YES;
    }
    if (*upload_data_size > 0)
        return take_body(server, x, upload_data, upload_data_size);
    dk_arrival_here(&x->arrival);
    if (x->download != NULL) { /* its connection was suspended until now */
        dk_download *download = x->download;
        x->download = NULL;
        return dk_download_respond(download, connection, page_of(server, connection, x), closing);
    }
    const bool posts = takes_posts(x), session = posts && is_session(x);
    const bool deletes = session && strcmp(method, "DELETE") == 0;
    const char *allowed = session ? DK_ALLOWED_METHODS_SESSION : posts ? DK_ALLOWED_METHODS_POST : DK_ALLOWED_METHODS;
    if (strcmp(method, "OPTIONS") == 0)
        return dk_respond_options(connection, allowed, closing);
    const bool taken = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || x->uploads || deletes;
    if (!taken && !is_known_method(method)) /* 9.1 */
        return dk_respond_problem(connection, 501,
                                  "This server knows no method of that name; names are in capitals, such as GET.", NULL,
                                  closing);
    if (!taken)
        return dk_respond_problem(connection, 405,
                                  session ? "This address only answers GET, HEAD, POST, DELETE and OPTIONS."
                                  : posts ? "This address only answers GET, HEAD, POST and OPTIONS."
                                          : "This server only answers GET, HEAD and OPTIONS.",
                                  allowed, closing);
    if (server->options.config.log_requests && x->parsed == DK_OK)
        dk_request_log(method, &x->request);
    if (x->refused != DK_BODY_KEPT)
        return refuse_body(connection, x, closing);
    if (x->body > 0)
        return dk_respond_problem(connection, 400, "A request here has no body.", NULL, closing);
    if (deletes)
        return dk_session_sign_out(server->callers, connection, closing);
    if (session && x->uploads)
        return dk_session_sign_in(server->callers, connection, x->upload.bytes.data, x->upload.bytes.size, closing);
    return answer(server, connection, x, !x->uploads, closing);
}

/* ---- connections ---- */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* Takes connections and hands them to libmicrohttpd, which gives them to its threads in turn, by the number of the
 * socket. Its own threads take up to ten at once each, so that a few clients would all be answered by one.
 *
 * What is too many is refused here: a thread of libmicrohttpd 0.9.75 that has to do it leaves a mutex locked, and never
 * answers again. (It looks at its limit before a connection waits for its thread, and again when the thread takes it,
 * and others may have waited, too.) */
static void *accept_connections(void *user)
{
    dk_server *server = user;
    const struct timespec pause = {0, 10 * 1000 * 1000};
    /* A proxy on the same machine is never far, and nothing is lost on the way to it: what measures the way and paces
     * what is sent, as BBR does where it is the system's default, would cost 3 % of an answer for nothing. This one is
     * allowed everywhere. */
    static const char plainly[] = "reno";
    while (!atomic_load(&server->closing)) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        const int fd = accept4(server->listening, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 && atomic_fetch_add(&server->open, 1) >= server->most_open) {
            atomic_fetch_sub(&server->open, 1);
            close(fd);
        } else if (fd >= 0) {
            if (is_loopback((const struct sockaddr *)&address))
                setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, plainly, sizeof plainly - 1);
            if (MHD_add_connection(server->daemon, fd, (const struct sockaddr *)&address, size) != MHD_YES)
                atomic_fetch_sub(&server->open, 1); /* it has closed it */
        } else if (errno != EINTR && errno != ECONNABORTED && !atomic_load(&server->closing))
            nanosleep(&pause, NULL); /* no descriptor is left: some will be */
    }
    return NULL;
}

static void free_server(dk_server *server)
{
    dk_downloads_free(server->downloads);
    dk_arrivals_stop(server->arrivals);
    dk_temp_root_remove(server->temp);
    free(server->ingest);
    dk_tile_watch_stop(server->watch);
    dk_tile_cache_free(server->cache);
    dk_row_sets_free(server->sets);
    dk_pool_free(server->pool);
    dk_sheet_cache_free(server->sheets);
    dk_callers_free(server->callers); /* after whatever writes to the trail */
    free(server);
}

dk_status dk_server_start(const dk_server_options *options, dk_server **ret_server, char *ret_address, size_t size,
                          dk_error *err)
{
    int fd = -1;
    dk_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    server->options = *options;
    server->options.config.converting = &server->converting;
    server->options.config.most_converting = options->threads > 1 ? (int)options->threads - 1 : 1;
    dk_status status = DK_OK;
    if (options->config.index_cache_size > 0 &&
        (server->sheets = dk_sheet_cache_create(options->config.index_cache_size)) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = dk_pool_create(options->config.store_path, options->threads, server->sheets, &server->pool, err);
    if (status == DK_OK && (server->sets = dk_row_sets_create(ROW_SETS_BYTES)) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK && options->config.cache_size > 0) {
        server->cache = dk_tile_cache_create(options->config.cache_size);
        status = server->cache == NULL
                     ? dk_fail(err, DK_NOMEM, "out of memory")
                     : dk_tile_watch_start(options->config.store_path, server->cache, &server->watch, err);
        if (status == DK_OK)
            dk_pool_on_take(server->pool, dk_tile_watch_reach, server->watch);
    }
    if (status == DK_OK)
        status = dk_temp_root_create(options->temp_dir, &server->temp, err);
    if (status == DK_OK) {
        dk_error why;
        if (dk_convert_find(options->config.ingest, &server->ingest, &why) != DK_OK && options->config.ingest != NULL)
            status = dk_fail(err, DK_NOT_FOUND, "%s", why.text);
        else if (server->ingest == NULL)
            fprintf(stderr, "dikuai-tiler: %s\n", why.text);
        server->options.config.ingest = server->ingest;
        server->options.config.temp_folder = dk_temp_root_path(server->temp);
    }
    if (status == DK_OK)
        status = dk_arrivals_start(options->request_seconds, &server->arrivals, err);
    if (status == DK_OK)
        status = dk_listen(options->listen, &fd, ret_address, size, err);
    if (status == DK_OK) {
        dk_caller_options *callers = &server->options.callers;
        callers->store_path = options->config.store_path;
        callers->plain_cookies |=
            strncmp(ret_address, "http://127.", 11) == 0 || strncmp(ret_address, "http://[::1]", 12) == 0;
        status = dk_callers_create(callers, &server->callers, err);
    }
    if (status == DK_OK) {
        server->options.config.writer = dk_callers_writer(server->callers);
        server->options.config.user_header = options->callers.user_header;
        status = dk_downloads_create(&server->options.config, &server->downloads, err);
    }
    if (status != DK_OK)
        goto out;

    struct rlimit files;
    unsigned connections = CONNECTIONS; /* each needs a descriptor, and each store handle a few */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
        const rlim_t reserved = 160 + 8 * options->threads; /* with those of downloads */
        if (files.rlim_cur < reserved + CONNECTIONS)
            connections = files.rlim_cur > reserved + 16 ? (unsigned)(files.rlim_cur - reserved) : 16;
    }
    if (connections < options->threads)
        connections = (unsigned)options->threads;
    struct MHD_OptionItem items[8];
    size_t n = 0;
    server->most_open = connections;
    /* Of all its threads; each has its share of it, so that any could have them all. */
    const size_t never = (connections + LEAVING) * options->threads;
    items[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, (intptr_t)never, NULL};
    items[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, NULL};
    items[n++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL};
    if (options->threads > 1)
        items[n++] = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads, NULL};
    items[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    server->daemon =
        MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET |
                             MHD_ALLOW_SUSPEND_RESUME,
                         0, NULL, NULL, handle, server, MHD_OPTION_ARRAY, items, MHD_OPTION_URI_LOG_CALLBACK,
                         begin_exchange, server, MHD_OPTION_NOTIFY_COMPLETED, end_exchange, server,
                         MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server, MHD_OPTION_END);
    if (server->daemon == NULL) {
        status = dk_fail(err, DK_INTERNAL, "the HTTP server could not be started");
        goto out;
    }
    server->listening = fd;
    if (pthread_create(&server->accepting, NULL, accept_connections, server) != 0) {
        status = dk_fail(err, DK_INTERNAL, "no thread can be started");
        MHD_stop_daemon(server->daemon);
        goto out;
    }
    fd = -1;
    *ret_server = server;
    server = NULL;
out:
    if (fd >= 0)
        close(fd);
    if (server != NULL) {
        dk_downloads_stop(server->downloads);
        free_server(server);
    }
    return status;
}

void dk_server_stop(dk_server *server)
{
    atomic_store(&server->closing, true);
    shutdown(server->listening, SHUT_RDWR); /* accept returns */
    pthread_join(server->accepting, NULL);
    close(server->listening);
    dk_downloads_close(server->downloads);
    const struct timespec pause = {0, 10 * 1000 * 1000};
    for (int i = 0; i < DRAIN_SECONDS * 100 && atomic_load(&server->active) > 0; i++)
        nanosleep(&pause, NULL);
    dk_downloads_stop(server->downloads);
    MHD_stop_daemon(server->daemon);
    free_server(server);
}
