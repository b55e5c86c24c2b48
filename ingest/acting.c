#include "ingest/acting.h"

#include "ingest/commands.h"
#include "store/act.h"
#include "store/preview.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The first line of the file, without blanks around it. */
static dk_status read_secret(const char *path, char text[DK_TOKEN_SIZE + 2], dk_error *err)
{
    char line[256];
    struct stat info;
    const bool standard = strcmp(path, "-") == 0;
    dk_status status = DK_OK;
    FILE *file = standard ? stdin : fopen(path, "r");
    if (file == NULL)
        return dk_fail(err, DK_IO, "--token %s: %s", path, strerror(errno));
    if (!standard && fstat(fileno(file), &info) == 0 && S_ISREG(info.st_mode) &&
        (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        status = dk_fail(err, DK_CONFLICT,
                         "--token %s: others may read it, so it is no proof of who you are; chmod 600 it", path);
    else if (fgets(line, sizeof line, file) == NULL)
        status = dk_fail(err, DK_INVALID, "--token %s: there is nothing in it", path);
    if (status == DK_OK) {
        const char *begin = line + strspn(line, " \t");
        const size_t size = strcspn(begin, " \t\r\n");
        if (!dk_token_well_formed(begin, size))
            status = dk_fail(
                err, DK_INVALID,
                "--token %s: its first line is no token, or one that was mistyped; it is what dikuai-ingest token "
                "add has printed",
                path);
        else
            snprintf(text, DK_TOKEN_SIZE + 2, "%.*s", (int)size, begin);
    }
    explicit_bzero(line, sizeof line);
    if (!standard)
        fclose(file);
    return status;
}

static dk_status token_of(const dk_options *options, dk_token *ret_token, dk_error *err)
{
    char text[DK_TOKEN_SIZE + 2] = "";
    dk_access *access = NULL;
    dk_status status = read_secret(options->token, text, err);
    if (status != DK_OK)
        return status;
    status = dk_access_open(options->store, false, &access, err);
    if (status == DK_OK)
        status = dk_token_of_secret(access, text, strlen(text), ret_token, err);
    if (status == DK_OK) /* of the day only; the act itself is noted in the store */
        status = dk_token_used(access, ret_token->id, dk_access_now(), err);
    explicit_bzero(text, sizeof text);
    dk_access_close(access);
    if (status == DK_NOT_FOUND)
        return dk_fail(err, DK_CONFLICT,
                       "--token %s: no such token is good for this store; it may have ended or been revoked",
                       options->token);
    return status;
}

static bool note_whole(const dk_pending *pending, void *user)
{
    *(bool *)user = pending->whole;
    return true;
}

static dk_status check_scope(dk_store *store, int64_t batch, const dk_token *token, dk_error *err)
{
    dk_viewer viewer;
    bool whole = false;
    if (token->division[0] == '\0')
        return DK_OK;
    if (batch == 0)
        return dk_fail(
            err, DK_CONFLICT,
            "the token of %s is for division %s, and the catalogue is everybody's; who has the whole store in scope may change it",
            token->name, token->division);
    if (!dk_viewer_scoped(token->audience, token->division, &viewer))
        return dk_fail(err, DK_CONFLICT, "the scope of %s is none", token->name);
    /* One without rows in the scope, or with documents only, is not found. */
    const dk_status status = dk_preview_batch(store, &viewer, batch, note_whole, &whole, err);
    if (status != DK_OK && status != DK_NOT_FOUND)
        return status;
    if (!whole)
        return dk_fail(err, DK_CONFLICT,
                       "the token of %s is for division %s, and batch %" PRId64
                       " is not wholly within it; who has a wider scope may do it",
                       token->name, token->division, batch);
    return DK_OK;
}

static dk_status check_role(const dk_token *token, unsigned role, dk_error *err)
{
    if (token->audience == DK_STAFF && (token->roles & role) == role)
        return DK_OK;
    return dk_fail(err, DK_CONFLICT, "the token of %s may not %s: it was added without --role %s", token->name,
                   role == DK_ROLE_REVIEW ? "review" : "publish or withdraw",
                   role == DK_ROLE_REVIEW ? "review" : "publish");
}

/* A token by its name. */
typedef struct living {
    const char *name;
    int64_t now;
    dk_token token;
    bool found;
} living;

static bool note_living(const dk_token *token, void *user)
{
    living *l = user;
    if (strcmp(token->name, l->name) == 0 && dk_token_lives(token, l->now)) {
        l->token = *token;
        l->found = true;
    }
    return !l->found;
}

dk_status dk_acting_again(const dk_options *options, dk_store *store, int64_t batch, unsigned role, const char *account,
                          dk_error *err)
{
    static const char prefix[] = "token:";
    dk_access *access = NULL;
    dk_store_act_as(store, account);
    if (strncmp(account, prefix, sizeof prefix - 1) != 0)
        return DK_OK;
    living l = {.name = account + sizeof prefix - 1, .now = dk_access_now()};
    dk_status status = dk_access_open(options->store, false, &access, err);
    if (status == DK_OK)
        status = dk_token_list(access, note_living, &l, err);
    dk_access_close(access);
    if (status != DK_OK && status != DK_NOT_FOUND && status != DK_END)
        return status;
    if (!l.found)
        return dk_fail(err, DK_CONFLICT,
                       "batch %" PRId64
                       ": the token of %s, who set its time, has ended or was revoked; whose token is good sets it "
                       "again, or takes it back with --at never",
                       batch, l.name);
    if ((status = check_role(&l.token, role, err)) != DK_OK)
        return status;
    return check_scope(store, batch, &l.token, err);
}

dk_status dk_acting_begin(const dk_options *options, dk_store *store, int64_t batch, unsigned role,
                          dk_acting *ret_acting, dk_error *err)
{
    dk_token token;
    char account[DK_ACCESS_NAME + 8];
    *ret_acting = (dk_acting){.actor = dk_command_actor(options)};
    if (options->token == NULL)
        return DK_OK;
    dk_status status = token_of(options, &token, err);
    if (status != DK_OK)
        return status;
    if ((status = check_role(&token, role, err)) != DK_OK || (status = check_scope(store, batch, &token, err)) != DK_OK)
        return status;
    snprintf(account, sizeof account, "token:%s", token.name);
    snprintf(ret_acting->name, sizeof ret_acting->name, "%s", token.name);
    ret_acting->actor = ret_acting->name;
    dk_store_act_as(store, account);
    return DK_OK;
}
