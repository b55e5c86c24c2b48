/* token: gives and takes the right to see more than the public. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/say.h"
#include "ingest/text_table.h"
#include "ingest/when.h"
#include "store/access_token.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void write_roles(unsigned roles, dk_buf *out)
{
    static const char *const names[] = {"review", "publish"};
    bool first = true;
    for (unsigned i = 0; i < 2; i++)
        if (roles >> i & 1) {
            dk_buf_format(out, "%s\"%s\"", first ? "" : ",", names[i]);
            first = false;
        }
}

static void write_time(const char *name, int64_t seconds, bool day_only, dk_buf *out)
{
    char text[DK_WHEN_SIZE];
    dk_when_text(seconds, day_only, text);
    dk_buf_format(out, ",\"%s\":", name);
    dk_json_string(text[0] != '\0' ? text : NULL, out);
}

static const char *state_of(const dk_token *token)
{
    return token->revoked != 0 ? "revoked" : dk_token_lives(token, dk_access_now()) ? "living" : "expired";
}

/* Members without braces. */
static void write_json(const dk_token *token, dk_buf *out)
{
    dk_buf_format(out, "\"id\":%" PRId64 ",\"name\":", token->id);
    dk_json_string(token->name, out);
    dk_buf_format(out, ",\"state\":\"%s\",\"audience\":\"%s\",\"scope\":\"%s\",\"roles\":[", state_of(token),
                  dk_audience_name(token->audience), token->division[0] != '\0' ? token->division : "*");
    write_roles(token->roles, out);
    dk_buf_format(out, "],\"proxy_user\":%s", token->proxy_user ? "true" : "false");
    write_time("created", token->created, false, out);
    dk_buf_text(out, ",\"created_by\":");
    dk_json_string(token->created_by, out);
    write_time("expires", token->expires, false, out);
    write_time("revoked", token->revoked, false, out);
    write_time("last_used", token->used, true, out);
}

/* ---- add ---- */

/* A scope in which the catalogue knows nothing is likely a typing error, but may be a former code. */
static bool knows_scope(const dk_catalogue *catalogue, const char *division)
{
    const size_t size = strlen(division);
    bool known = catalogue->n_divisions == 0;
    for (size_t i = 0; i < catalogue->n_divisions && !known; i++)
        known = strncmp(catalogue->divisions[i].code, division, size) == 0 ||
                strncmp(catalogue->divisions[i].code, division, strlen(catalogue->divisions[i].code)) == 0;
    return known;
}

static dk_status add(const dk_options *options, const dk_store *store, dk_error *err)
{
    char text[DK_TOKEN_SIZE + 1] = "", until[DK_WHEN_SIZE];
    dk_token token = options->access.token;
    dk_access *access = NULL;
    dk_status status = dk_access_open(options->store, true, &access, err);
    if (status == DK_OK)
        status = dk_token_add(access, &token, dk_command_actor(options), text, &token.id, err);
    dk_access_close(access);
    if (status != DK_OK)
        return status;
    if (!knows_scope(dk_store_catalogue(store), token.division))
        dk_say(stderr, "dikuai-ingest: %s: the catalogue has no division that begins so", token.division);
    dk_when_text(token.expires, false, until);
    if (options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_format(&out, "{\"id\":%" PRId64 ",\"name\":", token.id);
        dk_json_string(token.name, &out);
        dk_buf_text(&out, ",\"token\":");
        dk_json_string(token.proxy_user ? NULL : text, &out);
        write_time("expires", token.expires, false, &out);
        dk_buf_text(&out, ",\"error\":null}");
        dk_json_print(&out);
    } else {
        dk_say(stderr, "token %" PRId64 " for %s (%s, %s), %s%s%s", token.id, token.name,
               dk_audience_name(token.audience), token.division[0] != '\0' ? token.division : "the whole store",
               token.expires != 0 ? "until " : "without end", until,
               token.proxy_user ? ": the proxy signs this user in" : "; it is shown this once:");
        if (!token.proxy_user)
            printf("%s\n", text);
    }
    explicit_bzero(text, sizeof text);
    return DK_OK;
}

/* ---- list and revoke ---- */

typedef struct listing {
    bool json;
    size_t n;
    dk_buf out;
    dk_text_table table;
} listing;

static bool add_to_list(const dk_token *token, void *user)
{
    listing *list = user;
    if (list->json) {
        dk_buf_text(&list->out, list->n > 0 ? ",{" : "{");
        write_json(token, &list->out);
        dk_buf_byte(&list->out, '}');
    } else {
        char id[24], expires[DK_WHEN_SIZE], used[DK_WHEN_SIZE];
        snprintf(id, sizeof id, "%" PRId64, token->id);
        dk_when_text(token->expires, true, expires);
        dk_when_text(token->used, true, used);
        const char *const cells[] = {id,
                                     token->name,
                                     state_of(token),
                                     dk_audience_name(token->audience),
                                     token->division[0] != '\0' ? token->division : "*",
                                     token->roles == (DK_ROLE_REVIEW | DK_ROLE_PUBLISH) ? "review publish"
                                     : token->roles == DK_ROLE_REVIEW                   ? "review"
                                     : token->roles == DK_ROLE_PUBLISH                  ? "publish"
                                                                                        : "",
                                     token->proxy_user ? "proxy" : "token",
                                     expires[0] != '\0' ? expires : "never",
                                     used[0] != '\0' ? used : "never"};
        for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
            dk_text_table_add(&list->table, cells[i]);
    }
    list->n++;
    return true;
}

static dk_status list_tokens(const dk_options *options, dk_error *err)
{
    static const char *const heads[] = {"number", "name", "state",   "audience", "scope",
                                        "roles",  "by",   "expires", "used"};
    dk_access *access = NULL;
    listing list = {.json = options->json, .table = {.n_columns = 9, .numbers = 1}};
    dk_buf_init(&list.out);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        dk_text_table_add(&list.table, heads[i]);
    dk_status status = dk_access_open(options->store, false, &access, err);
    if (status == DK_OK)
        status = dk_token_list(access, add_to_list, &list, err);
    else if (status == DK_NOT_FOUND)
        status = DK_OK; /* no tokens yet */
    dk_access_close(access);
    dk_buf table;
    dk_buf_init(&table);
    if (!dk_text_table_write(&list.table, &table) || list.out.failed)
        status = status == DK_OK ? dk_fail(err, DK_NOMEM, "out of memory") : status;
    if (status == DK_OK && options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_text(&out, "{\"tokens\":[");
        dk_buf_append(&out, list.out.data, list.out.size);
        dk_buf_text(&out, "],\"error\":null}");
        dk_json_print(&out);
    } else if (status == DK_OK && list.n == 0) {
        printf("%s: no tokens yet\n", options->store);
    } else if (status == DK_OK) {
        fwrite(table.data, 1, table.size, stdout); /* main sees whether it arrived */
    }
    dk_buf_finish(&table);
    dk_buf_finish(&list.out);
    return status;
}

static dk_status revoke_token(const dk_options *options, dk_error *err)
{
    dk_access *access = NULL;
    dk_token token;
    dk_status status = dk_access_open(options->store, false, &access, err);
    if (status == DK_OK)
        status = dk_token_revoke(access, options->access.which, dk_command_actor(options), &token, err);
    dk_access_close(access);
    if (status == DK_OK && options->json)
        printf("{\"id\":%" PRId64 ",\"state\":\"revoked\",\"error\":null}\n", token.id);
    else if (status == DK_OK)
        dk_say(stdout, "token %" PRId64 " of %s is revoked", token.id, token.name);
    return status;
}

int dk_command_token(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    const char *verb = options->access.verb;
    /* A mistyped name of a store would get an access file of its own. */
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = strcmp(verb, "add") == 0    ? add(options, store, &err)
                 : strcmp(verb, "list") == 0 ? list_tokens(options, &err)
                                             : revoke_token(options, &err);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}
