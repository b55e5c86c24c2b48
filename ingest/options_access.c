#include "ingest/options_access.h"

#include "ingest/when.h"

#include <stdio.h>
#include <string.h>

static const char default_expiry[] = "365d";

static dk_status read_added(dk_access_options *given, dk_error *err)
{
    dk_token token = {.proxy_user = given->proxy_user, .roles = given->roles};
    if (given->which != NULL)
        return dk_fail(err, DK_INVALID, "%s: a token's name is said with --name", given->which);
    if (given->name == NULL || given->audience == NULL || given->scope == NULL)
        return dk_fail(err, DK_INVALID,
                       "token add needs --name, --audience and --scope; see dikuai-ingest token --help");
    dk_status status = dk_token_name_check(given->name, err);
    if (status != DK_OK)
        return status;
    snprintf(token.name, sizeof token.name, "%s", given->name);
    if (!dk_token_audience_read(given->audience, &token.audience))
        return dk_fail(err, DK_INVALID, "--audience %s: it is staff, group or request", given->audience);
    if ((status = dk_token_scope_read(given->scope, token.division, err)) != DK_OK)
        return status;
    if (token.roles != 0 && token.audience != DK_STAFF)
        return dk_fail(err, DK_INVALID, "--role: only staff review and publish");
    const char *expires = given->expires != NULL ? given->expires : default_expiry;
    const int64_t now = dk_access_now();
    if (!dk_when_expires(expires, now, &token.expires))
        return dk_fail(err, DK_INVALID, "--expires %s: write a span such as 90d, a day such as 2027-06-30, or never",
                       expires);
    if (token.expires != 0 && token.expires <= now)
        return dk_fail(err, DK_INVALID, "--expires %s: that is over", expires);
    given->token = token;
    return DK_OK;
}

dk_status dk_options_token(dk_options *options, dk_error *err)
{
    dk_access_options *given = &options->access;
    const bool list = strcmp(given->verb, "list") == 0, revoke = strcmp(given->verb, "revoke") == 0;
    if (strcmp(given->verb, "add") == 0)
        return read_added(given, err);
    if (!list && !revoke)
        return dk_fail(err, DK_INVALID, "token %s: it is add, list or revoke", given->verb);
    if (list && given->which != NULL)
        return dk_fail(err, DK_INVALID, "token list takes no name");
    if (revoke && given->which == NULL)
        return dk_fail(err, DK_INVALID, "token revoke: whose? Say the name or the number");
    /* Who gives an end to revoke has not meant at once. */
    if (given->name != NULL || given->audience != NULL || given->scope != NULL || given->expires != NULL ||
        given->roles != 0 || given->proxy_user)
        return dk_fail(
            err, DK_INVALID,
            "token %s takes no --name, --audience, --scope, --role, --expires or --proxy-user: they are for token add",
            given->verb);
    return DK_OK;
}

/* 0 where there is none. after: the day's end. */
static dk_status read_day(const char *option, const char *text, bool after, int64_t *ret_seconds, dk_error *err)
{
    *ret_seconds = 0;
    return text == NULL || dk_when_day(text, after, ret_seconds)
               ? DK_OK
               : dk_fail(err, DK_INVALID, "%s %s: write a day as 2026-11-30", option, text);
}

dk_status dk_options_audit(dk_options *options, dk_error *err)
{
    dk_access_options *given = &options->access;
    if (given->forget_before != NULL) {
        if (options->from != NULL || options->to != NULL || given->name != NULL)
            return dk_fail(err, DK_INVALID, "--forget-before takes away all that is older: give it alone");
        return read_day("--forget-before", given->forget_before, false, &given->before, err);
    }
    dk_status status = read_day("--from", options->from, false, &given->from, err);
    if (status == DK_OK)
        status = read_day("--to", options->to, true, &given->before, err);
    if (status == DK_OK && options->from != NULL && options->to != NULL && given->from >= given->before)
        status = dk_fail(err, DK_INVALID, "--from %s is after --to %s", options->from, options->to);
    return status;
}
