#include "tiler/session.h"

#include "tiler/response.h"

#include <string.h>
#include <time.h>

/* {"audience", "division", "name", "roles", "by", "expires"}: caller NULL or of no way: the public. */
static void write_caller(dk_json *json, const dk_caller *caller)
{
    static const char *const roles[] = {"review", "publish"};
    const bool known = caller != NULL && caller->way != DK_WAY_NONE;
    char until[32] = "";
    struct tm utc;
    const time_t time = known ? caller->expires : 0;
    if (time != 0 && gmtime_r(&time, &utc) != NULL)
        strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &utc);
    dk_json_object_begin(json);
    dk_json_member_text(json, "audience", dk_audience_name(known ? caller->viewer.audience : DK_PUBLIC));
    dk_json_member_text(json, "division", known ? caller->viewer.division : NULL);
    dk_json_member_text(json, "name", known ? caller->name : NULL);
    dk_json_key(json, "roles");
    dk_json_array_begin(json);
    for (unsigned i = 0; known && i < sizeof roles / sizeof *roles; i++)
        if (caller->roles >> i & 1)
            dk_json_text(json, roles[i]);
    dk_json_array_end(json);
    dk_json_member_text(json, "by", known ? dk_way_name(caller->way) : NULL);
    dk_json_member_text(json, "expires", until[0] != '\0' ? until : NULL);
    dk_json_object_end(json);
}

dk_status dk_get_session(dk_context *ctx)
{
    static const char *const params[] = {"f", NULL};
    dk_status status = dk_context_params(ctx, params);
    if (status == DK_OK)
        status = dk_context_json_only(ctx);
    if (status != DK_OK)
        return status;
    dk_answer_json(ctx, "application/json");
    ctx->answer.no_store = true;
    write_caller(&ctx->json, ctx->caller);
    return DK_OK;
}

static enum MHD_Result respond(struct MHD_Connection *connection, const dk_caller *caller, const char *cookie,
                               bool closing)
{
    dk_buf body;
    dk_json json;
    dk_buf_init(&body);
    dk_json_init(&json, &body);
    write_caller(&json, caller);
    const enum MHD_Result result =
        body.failed ? MHD_NO : dk_respond_session(connection, body.data, body.size, cookie, closing);
    dk_buf_finish(&body);
    return result;
}

enum MHD_Result dk_session_sign_in(dk_callers *callers, struct MHD_Connection *connection, void *body, size_t size,
                                   bool closing)
{
    char cookie[DK_COOKIE_TEXT];
    dk_caller caller;
    dk_refusal refusal;
    const bool good = dk_caller_sign_in(callers, connection, body, size, &caller, cookie, &refusal);
    if (size > 0)
        explicit_bzero(body, size);
    const enum MHD_Result result =
        good ? respond(connection, &caller, cookie, closing) : dk_respond_refusal(connection, &refusal, closing);
    explicit_bzero(cookie, sizeof cookie);
    return result;
}

enum MHD_Result dk_session_sign_out(dk_callers *callers, struct MHD_Connection *connection, bool closing)
{
    char cookie[DK_COOKIE_TEXT];
    dk_refusal refusal;
    return dk_caller_sign_out(callers, connection, cookie, &refusal)
               ? respond(connection, NULL, cookie, closing)
               : dk_respond_refusal(connection, &refusal, closing);
}
