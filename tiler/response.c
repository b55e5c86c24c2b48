#include "tiler/response.h"

#include "store/hash.h"
#include "tiler/coding.h"
#include "tiler/conditions.h"
#include "tiler/headers.h"
#include "tiler/problem_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODED_MIN = 200 }; /* below, headers and the frame of a coding outweigh what is saved */

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 416:
        return "Range Not Satisfiable";
    case 429:
        return "Too Many Requests";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

unsigned dk_http_status(dk_status status, bool *ret_show)
{
    *ret_show = true;
    switch (status) {
    case DK_NOT_FOUND:
        return 404;
    case DK_INVALID:
        return 400;
    case DK_LIMIT:
        return 413;
    case DK_BUSY:
        *ret_show = false;
        return 503;
    default:
        *ret_show = false;
        return 500;
    }
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

/* Pages of other sites may read what anyone may, and what they have a token for, but nothing that a reader sees because
 * the browser sends a cookie along. */
static void add_sharing(struct MHD_Response *response, bool ambient)
{
    if (ambient) {
        add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
        return;
    }
    add_header(response, "Access-Control-Allow-Origin", "*");
    add_header(response, "Access-Control-Expose-Headers", "ETag, Content-Crs");
}

/* The same may read these, of answers that have them (a further line of the list above). */
static void add_exposed(struct MHD_Response *response, bool ambient, const char *names)
{
    if (!ambient)
        add_header(response, "Access-Control-Expose-Headers", names);
}

static void add_common(struct MHD_Response *response, bool closing)
{
    add_header(response, "X-Content-Type-Options", "nosniff");
    add_header(response, "Referrer-Policy", "no-referrer");
    if (closing)
        add_header(response, "Connection", "close");
}

/* What the page may load: its own files, workers from them, images that styles carry, and the base map's hosts when
 * there is one. MapLibre fetches raster tiles itself, so they are connections too. */
static void add_page_policy(struct MHD_Response *response, const dk_config *config)
{
    const bool basemap = config->tianditu_key != NULL;
    char policy[512];
    snprintf(
        policy, sizeof policy,
        "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; img-src 'self' data: "
        "blob:%s; connect-src 'self'%s; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'",
        basemap ? " https://*.tianditu.gov.cn" : "", basemap ? " https://*.tianditu.gov.cn" : "");
    add_header(response, "Content-Security-Policy", policy);
}

/* Pages without scripts: their style sheet and icon, and forms that ask this server. Some have one of ours. */
static void add_document_policy(struct MHD_Response *response, bool scripted)
{
    add_header(
        response, "Content-Security-Policy",
        scripted
            ? "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; base-uri "
              "'none'; form-action 'self'; frame-ancestors 'self'"
            : "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; "
              "frame-ancestors 'self'");
}

/* Whose answer depends on who asks says by which headers: no cache gives the public's answer to staff. (Theirs is in
 * none.) Without a session there is no cookie here, so that the public has one entry in a cache. Nor does it give
 * addresses with one scheme to who asks by the other, or a stranger could choose it for all; nor what another site's
 * page got to the reader's own. */
static void add_vary(struct MHD_Response *response, const dk_answer *answer, const char *user_header)
{
    const bool who = !answer->fixed;
    char vary[280];
    snprintf(vary, sizeof vary, "%sAccept-Encoding, Authorization%s%s%s%s%s", answer->vary_accept ? "Accept, " : "",
             who ? ", Cookie" : "", answer->vary_scheme ? ", X-Forwarded-Proto" : "",
             answer->vary_site ? ", Sec-Fetch-Site, Origin" : "", who && user_header != NULL ? ", " : "",
             who && user_header != NULL ? user_header : "");
    add_header(response, "Vary", vary);
}

static void add_caching(struct MHD_Response *response, const dk_context *ctx, const char *etag)
{
    const dk_answer *answer = &ctx->answer;
    const bool public_answer = answer->fixed || ctx->viewer.audience == DK_PUBLIC;
    add_sharing(response, ctx->caller != NULL && dk_way_is_ambient(ctx->caller->way));
    add_vary(response, answer, ctx->config->user_header);
    if (!public_answer || answer->no_store) {
        add_header(response, "Cache-Control", public_answer ? "no-store" : "private, no-store");
        return;
    }
    char lasting[64];
    const char *caching = answer->revalidate ? "no-cache" : "public, max-age=60";
    if (!answer->revalidate && answer->max_age > 0) {
        snprintf(lasting, sizeof lasting, "public, max-age=%u, immutable", answer->max_age);
        caching = lasting;
    }
    add_header(response, "Cache-Control", caching);
    if (etag != NULL)
        add_header(response, "ETag", etag);
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Response *empty_response(void)
{
    return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
}

static ssize_t read_nothing(void *user, uint64_t position, char *buffer, size_t most)
{
    (void)user, (void)position, (void)buffer, (void)most;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

/* A 304 has no body, but libmicrohttpd 0.9.75 always gives it a Content-Length, which must then be that of the 200
 * (RFC 9110, 8.6). The response has that size and nothing behind it: what a 304 would send is not asked for. */
static struct MHD_Response *not_modified_response(uint64_t size)
{
    return MHD_create_response_from_callback(size, 1, read_nothing, NULL, NULL);
}

/* size: of the 200's body. */
static enum MHD_Result not_modified(struct MHD_Connection *connection, const dk_context *ctx, const char *etag,
                                    uint64_t size, bool closing)
{
    struct MHD_Response *response = not_modified_response(size);
    if (response == NULL)
        return MHD_NO;
    add_common(response, closing);
    add_caching(response, ctx, etag);
    return queue(connection, MHD_HTTP_NOT_MODIFIED, response);
}

/* Codes the body into worker->packed; false when it would not be smaller (must: even so), or memory is short. */
static bool pack(dk_worker *worker, dk_coding coding, dk_matter matter, const void *data, size_t size, bool must)
{
    if (!must && size < CODED_MIN)
        return false;
    return (must ? dk_coder_must_code : dk_coder_code)(worker->coder, coding, matter, data, size, &worker->packed);
}

/* A strong tag (RFC 9110, 8.8.1) from the bytes that are sent: the coded forms are different representations. */
static void write_tag(char tag[DK_TAG_SIZE], const char *fixed, const void *data, size_t size, dk_coding coding)
{
    static const char *const endings[] = {[DK_IDENTITY] = "", [DK_GZIP] = "-gz", [DK_ZSTD] = "-zs"};
    if (fixed != NULL) {
        snprintf(tag, DK_TAG_SIZE, "\"%s%s\"", fixed, endings[coding]);
        return;
    }
    uint64_t hash[2];
    dk_hash128(data, size, hash);
    snprintf(tag, DK_TAG_SIZE, "\"%016llx%016llx%s\"", (unsigned long long)hash[0], (unsigned long long)hash[1],
             endings[coding]);
}

static unsigned char *copy_of(const void *data, size_t size)
{
    unsigned char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, data, size);
    return copy;
}

bool dk_respond_prepare(dk_context *ctx, dk_coding coding, struct MHD_Response **ret_full,
                        struct MHD_Response **ret_not_modified, char ret_tag[DK_TAG_SIZE], const void **ret_body,
                        size_t *ret_size)
{
    dk_worker *worker = ctx->worker;
    size_t size = worker->body.size;
    const void *data = size > 0 ? worker->body.data : (const void *)"";
    const bool empty = ctx->answer.status == MHD_HTTP_NO_CONTENT;
    *ret_full = *ret_not_modified = NULL;
    *ret_body = NULL;
    if (worker->body.failed)
        return false;
    if (coding == DK_IDENTITY || !pack(worker, coding, ctx->answer.matter, data, size, false))
        coding = DK_IDENTITY;
    if (coding != DK_IDENTITY) {
        data = worker->packed.data;
        size = worker->packed.size;
    }
    write_tag(ret_tag, NULL, data, size, coding);
    unsigned char *own = NULL;
    if (size == 0) {
        *ret_full = empty_response();
    } else if ((own = coding != DK_IDENTITY && worker->packed.capacity > DK_WORKER_KEEPS
                          ? dk_buf_give_away(&worker->packed) /* instead of being freed */
                          : copy_of(data, size)) != NULL) {
        *ret_full = MHD_create_response_from_buffer(size, own, MHD_RESPMEM_MUST_FREE);
        if (*ret_full == NULL)
            free(own);
    }
    if (!empty)
        *ret_not_modified = not_modified_response(size);
    if (*ret_full == NULL || (!empty && *ret_not_modified == NULL)) {
        if (*ret_full != NULL)
            MHD_destroy_response(*ret_full);
        if (*ret_not_modified != NULL)
            MHD_destroy_response(*ret_not_modified);
        return false;
    }
    add_common(*ret_full, false);
    add_caching(*ret_full, ctx, empty ? NULL : ret_tag);
    if (ctx->answer.type != NULL)
        add_header(*ret_full, "Content-Type", ctx->answer.type);
    if (coding != DK_IDENTITY)
        add_header(*ret_full, "Content-Encoding", dk_coding_name(coding));
    add_header(*ret_full, "Content-Security-Policy", "default-src 'none'");
    if (!empty) {
        add_common(*ret_not_modified, false);
        add_caching(*ret_not_modified, ctx, ret_tag);
    }
    *ret_body = own;
    *ret_size = size;
    return true;
}

enum MHD_Result dk_respond(struct MHD_Connection *connection, dk_context *ctx, const char *accept_encoding,
                           bool closing)
{
    dk_answer *answer = &ctx->answer;
    if (answer->data == NULL && ctx->worker != NULL) {
        if (ctx->worker->body.failed)
            return dk_respond_problem(connection, 500, "The answer did not fit in memory.", NULL, closing);
        answer->data = ctx->worker->body.data;
        answer->size = ctx->worker->body.size;
    }
    const unsigned status = answer->status != 0 ? answer->status : MHD_HTTP_OK;
    const void *data = answer->size > 0 ? answer->data : "";
    size_t size = answer->size;

    char etag[DK_TAG_SIZE];
    dk_coding coding = size > 0 ? dk_best_coding(accept_encoding) : DK_IDENTITY;
    if (coding == DK_ZSTD && answer->fixed) /* these are there in gzip only */
        coding = dk_prefers_gzip(accept_encoding) ? DK_GZIP : DK_IDENTITY;
    if (coding == DK_GZIP && answer->gzip != NULL &&
        (answer->gzip_size < size || dk_refuses_identity(accept_encoding))) {
        data = answer->gzip;
        size = answer->gzip_size;
    } else if (coding != DK_IDENTITY && answer->gzip == NULL && ctx->worker != NULL &&
               pack(ctx->worker, coding, answer->matter, data, size, dk_refuses_identity(accept_encoding))) {
        data = ctx->worker->packed.data;
        size = ctx->worker->packed.size;
    } else {
        coding = DK_IDENTITY;
    }
    write_tag(etag, answer->etag, data, size, coding);
    const bool good =
        status == MHD_HTTP_OK || status == MHD_HTTP_NO_CONTENT; /* else conditions do not count (13.2.1) */
    if (good && ctx->upload.data == NULL && dk_client_wants_other(connection, etag))
        return dk_respond_other(connection, closing);
    if (status == MHD_HTTP_OK && !answer->no_store && (answer->fixed || ctx->viewer.audience == DK_PUBLIC) &&
        dk_client_has(connection, etag))
        return not_modified(connection, ctx, etag, size, closing);

    struct MHD_Response *response = MHD_create_response_from_buffer(
        size, (void *)(uintptr_t)data, answer->fixed || size == 0 ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    add_common(response, closing);
    add_caching(response, ctx, status == MHD_HTTP_OK ? etag : NULL);
    if (answer->type != NULL)
        add_header(response, "Content-Type", answer->type);
    if (coding != DK_IDENTITY)
        add_header(response, "Content-Encoding", dk_coding_name(coding));
    if (answer->page)
        add_page_policy(response, ctx->config);
    else if (answer->document)
        add_document_policy(response, answer->scripted);
    else if (!answer->fixed)
        add_header(response, "Content-Security-Policy", "default-src 'none'");
    if (answer->crs != NULL && !answer->document) { /* Part 2, 7.1 */
        char value[200];
        snprintf(value, sizeof value, "<%s>", dk_crs_uri(answer->crs));
        add_header(response, "Content-Crs", value);
    }
    if (answer->location[0] != '\0')
        add_header(response, "Location", answer->location);
    return queue(connection, status, response);
}

enum MHD_Result dk_respond_file(struct MHD_Connection *connection, struct MHD_Response *response,
                                const dk_file_answer *answer, bool closing)
{
    add_common(response, closing);
    add_sharing(response, answer->ambient);
    add_exposed(response, answer->ambient, "Content-Disposition");
    add_vary(response, &(dk_answer){0}, answer->user_header);
    add_header(response, "Cache-Control", answer->public_answer ? "no-cache" : "private, no-store");
    add_header(response, "Content-Type", answer->type);
    add_header(response, "Content-Disposition", answer->disposition);
    if (answer->gzip)
        add_header(response, "Content-Encoding", dk_coding_name(DK_GZIP));
    add_header(response, "Content-Security-Policy", "default-src 'none'");
    return queue(connection, MHD_HTTP_OK, response);
}

enum MHD_Result dk_respond_stored(struct MHD_Connection *connection, dk_context *ctx, const char *range,
                                  const char *if_range, bool closing)
{
    struct dk_stored *stored = &ctx->answer.stored;
    uint64_t first = 0, last = 0;
    unsigned status = MHD_HTTP_OK;
    char header[64];
    if (dk_client_wants_other(connection, stored->etag)) {
        close(stored->fd);
        return dk_respond_other(connection, closing);
    }
    if (ctx->viewer.audience == DK_PUBLIC && dk_client_has(connection, stored->etag)) {
        close(stored->fd);
        return not_modified(connection, ctx, stored->etag, stored->size, closing);
    }
    /* If-Range: the part only of what the client has (13.1.5); a date is never as strong as a digest. */
    const dk_range part = if_range == NULL || strcmp(if_range, stored->etag) == 0
                              ? dk_range_of(range, stored->size, &first, &last)
                              : DK_RANGE_WHOLE;
    struct MHD_Response *response;
    if (part == DK_RANGE_OUTSIDE) {
        close(stored->fd);
        status = 416;
        ctx->answer.no_store = true; /* a cache would give it to who asks for the whole */
        response = empty_response();
        snprintf(header, sizeof header, "bytes */%llu", (unsigned long long)stored->size);
    } else if (part == DK_RANGE_PART) {
        status = MHD_HTTP_PARTIAL_CONTENT;
        response = MHD_create_response_from_fd_at_offset64(last - first + 1, stored->fd, first);
        snprintf(header, sizeof header, "bytes %llu-%llu/%llu", (unsigned long long)first, (unsigned long long)last,
                 (unsigned long long)stored->size);
    } else {
        response = MHD_create_response_from_fd64(stored->size, stored->fd);
    }
    if (response == NULL) {
        if (part != DK_RANGE_OUTSIDE)
            close(stored->fd);
        return MHD_NO;
    }
    add_common(response, closing);
    add_caching(response, ctx, stored->etag);
    add_exposed(response, ctx->caller != NULL && dk_way_is_ambient(ctx->caller->way),
                "Accept-Ranges, Content-Range, Content-Disposition");
    add_header(response, "Accept-Ranges", "bytes");
    if (part != DK_RANGE_WHOLE)
        add_header(response, "Content-Range", header);
    if (part != DK_RANGE_OUTSIDE) {
        add_header(response, "Content-Type", ctx->answer.type);
        add_header(response, "Content-Disposition", stored->disposition);
    }
    add_header(response, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'self'");
    return queue(connection, status, response);
}

/* With an error only to who sent credentials (RFC 6750, 3). Basic comes first: some programs look at no other. */
static void add_challenges(struct MHD_Response *response, const dk_refusal *refusal)
{
    if (refusal->ask_basic)
        add_header(response, "WWW-Authenticate", "Basic realm=\"dikuai\", charset=\"UTF-8\"");
    add_header(response, "WWW-Authenticate",
               refusal->nothing_sent ? "Bearer realm=\"dikuai\"" : "Bearer error=\"invalid_token\"");
}

/* RFC 9457 */
static void write_problem(dk_buf *body, unsigned status, const char *detail)
{
    dk_json json;
    dk_json_init(&json, body);
    dk_json_object_begin(&json);
    dk_json_member_text(&json, "type", "about:blank");
    dk_json_member_text(&json, "title", title_of(status));
    dk_json_member_integer(&json, "status", status);
    dk_json_member_text(&json, "detail", detail);
    dk_json_object_end(&json);
}

/* allow, cookie: NULL: none. */
static enum MHD_Result respond_problem(struct MHD_Connection *connection, const dk_refusal *refusal, const char *allow,
                                       const char *cookie, bool closing)
{
    const unsigned status = refusal->status;
    unsigned retry_after = refusal->retry_after;
    const bool page = refusal->page != NULL;
    dk_buf body;
    dk_buf_init(&body);
    if (page)
        dk_write_problem_page(&body, refusal->page, status, refusal->sentence);
    else
        write_problem(&body, status, refusal->sentence);
    struct MHD_Response *response =
        body.failed ? NULL : MHD_create_response_from_buffer(body.size, body.data, MHD_RESPMEM_MUST_COPY);
    dk_buf_finish(&body);
    if (response == NULL)
        return MHD_NO;
    add_common(response, closing);
    add_sharing(response, cookie != NULL);
    add_header(response, "Content-Type", page ? "text/html; charset=utf-8" : "application/problem+json");
    add_header(response, "Cache-Control", "no-store");
    if (page)
        add_document_policy(response, false);
    else
        add_header(response, "Content-Security-Policy", "default-src 'none'");
    if (status == 401)
        add_challenges(response, refusal);
    if (status == 503 && retry_after == 0)
        retry_after = 1;
    if (retry_after > 0) {
        char seconds[16];
        snprintf(seconds, sizeof seconds, "%u", retry_after);
        add_header(response, "Retry-After", seconds);
        add_exposed(response, cookie != NULL, "Retry-After");
    }
    if (allow != NULL)
        add_header(response, "Allow", allow);
    if (cookie != NULL)
        add_header(response, "Set-Cookie", cookie);
    return queue(connection, status, response);
}

enum MHD_Result dk_respond_problem(struct MHD_Connection *connection, unsigned status, const char *detail,
                                   const char *allow, bool closing)
{
    return respond_problem(connection, &(dk_refusal){.status = status, .sentence = detail}, allow, NULL, closing);
}

enum MHD_Result dk_respond_other(struct MHD_Connection *connection, bool closing)
{
    return dk_respond_problem(connection, MHD_HTTP_PRECONDITION_FAILED,
                              "What is at this address is not what If-Match asks for; ask again without it.", NULL,
                              closing);
}

enum MHD_Result dk_respond_refusal(struct MHD_Connection *connection, const dk_refusal *refusal, bool closing)
{
    char cookie[DK_COOKIE_TEXT];
    if (refusal->forget_cookie)
        dk_caller_forget_cookie(connection, cookie);
    return respond_problem(connection, refusal, NULL, refusal->forget_cookie ? cookie : NULL, closing);
}

enum MHD_Result dk_respond_session(struct MHD_Connection *connection, const void *json, size_t size, const char *cookie,
                                   bool closing)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)json, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    add_common(response, closing);
    add_sharing(response, true);
    add_header(response, "Content-Type", "application/json");
    add_header(response, "Cache-Control", "private, no-store");
    add_header(response, "Content-Security-Policy", "default-src 'none'");
    add_header(response, "Set-Cookie", cookie);
    return queue(connection, MHD_HTTP_OK, response);
}

enum MHD_Result dk_respond_options(struct MHD_Connection *connection, const char *allowed, bool closing)
{
    const bool session = strcmp(allowed, DK_ALLOWED_METHODS_SESSION) == 0;
    const char *shared = session ? DK_ALLOWED_METHODS : allowed;
    struct MHD_Response *response = empty_response();
    if (response == NULL)
        return MHD_NO;
    add_common(response, closing);
    add_sharing(response, false);
    add_header(response, "Allow", allowed);
    add_header(response, "Access-Control-Allow-Methods", shared);
    add_header(response, "Access-Control-Allow-Headers",
               strcmp(shared, DK_ALLOWED_METHODS) != 0
                   ? "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range"
                   : "Authorization, If-Match, If-None-Match, If-Range, Range");
    add_header(response, "Access-Control-Max-Age", "86400");
    return queue(connection, MHD_HTTP_NO_CONTENT, response);
}
