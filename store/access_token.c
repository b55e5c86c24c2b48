#include "store/access_token.h"

#include "store/access_audit.h"
#include "store/access_file.h"
#include "store/base64.h"
#include "store/text.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECRET_BYTES = 32, SUM_BYTES = 4, SUM_TEXT = 6, DAY = 24 * 60 * 60 };

static const char mark[] = "dk_";

/* ---- the text ---- */

/* CRC-32/ISO-HDLC. */
static uint32_t crc32_of(const char *text, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned char)text[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

/* Base 64 for URLs without padding; ret_text holds the text and a NUL. */
static bool url_base64(const unsigned char *bytes, size_t n, char *ret_text, size_t size)
{
    dk_buf text;
    dk_buf_init(&text);
    dk_base64_append(&text, bytes, n);
    size_t length = (n * 4 + 2) / 3;
    const bool good = !text.failed && length < size;
    for (size_t i = 0; good && i < length; i++)
        ret_text[i] = (char)(text.data[i] == '+' ? '-' : text.data[i] == '/' ? '_' : text.data[i]);
    if (good)
        ret_text[length] = '\0';
    if (text.data != NULL)
        explicit_bzero(text.data, text.size);
    dk_buf_finish(&text);
    return good;
}

static bool write_sum(const char *text, size_t size, char ret_sum[SUM_TEXT + 1])
{
    const uint32_t crc = crc32_of(text, size);
    const unsigned char bytes[SUM_BYTES] = {(unsigned char)(crc >> 24), (unsigned char)(crc >> 16),
                                            (unsigned char)(crc >> 8), (unsigned char)crc};
    return url_base64(bytes, sizeof bytes, ret_sum, SUM_TEXT + 1);
}

bool dk_secret_random(char *ret_text, size_t size, size_t n_bytes)
{
    unsigned char bytes[64];
    if (n_bytes > sizeof bytes || RAND_priv_bytes(bytes, (int)n_bytes) != 1)
        return false;
    const bool good = url_base64(bytes, n_bytes, ret_text, size);
    explicit_bzero(bytes, sizeof bytes);
    return good;
}

static bool make_text(char ret_text[DK_TOKEN_SIZE + 1])
{
    memcpy(ret_text, mark, sizeof mark - 1);
    return dk_secret_random(ret_text + sizeof mark - 1, DK_TOKEN_SIZE + 2 - sizeof mark, SECRET_BYTES) &&
           write_sum(ret_text, DK_TOKEN_SIZE - SUM_TEXT, ret_text + DK_TOKEN_SIZE - SUM_TEXT);
}

bool dk_token_well_formed(const char *text, size_t size)
{
    char sum[SUM_TEXT + 1];
    return size == DK_TOKEN_SIZE && memcmp(text, mark, sizeof mark - 1) == 0 &&
           write_sum(text, DK_TOKEN_SIZE - SUM_TEXT, sum) &&
           memcmp(text + DK_TOKEN_SIZE - SUM_TEXT, sum, SUM_TEXT) == 0;
}

void dk_secret_hash(const char *text, size_t size, unsigned char ret_hash[DK_SECRET_HASH])
{
    SHA256((const unsigned char *)text, size, ret_hash);
}

/* ---- what the user says ---- */

dk_status dk_token_name_check(const char *name, dk_error *err)
{
    const size_t size = strlen(name);
    if (size == 0 || size > DK_ACCESS_NAME)
        return dk_fail(err, DK_INVALID, "a token's name has 1 to %d bytes", DK_ACCESS_NAME);
    if (strspn(name, "0123456789") == size)
        return dk_fail(err, DK_INVALID, "%s: a token's name is not a number alone, which would be taken for its number",
                       name);
    bool plain = dk_utf8_valid(name, size) && name[0] != ' ' && name[size - 1] != ' ';
    for (size_t i = 0; i < size; i++)
        plain = plain && (unsigned char)name[i] >= 0x20 && name[i] != 0x7f;
    return plain ? DK_OK
                 : dk_fail(err, DK_INVALID,
                           "a token's name is UTF-8 without control characters and without blanks at "
                           "its ends");
}

dk_status dk_token_scope_read(const char *text, char ret_division[13], dk_error *err)
{
    const size_t size = strlen(text);
    if (strcmp(text, "*") == 0) {
        ret_division[0] = '\0';
        return DK_OK;
    }
    if (strspn(text, "0123456789") != size || (size != 2 && size != 4 && size != 6 && size != 9 && size != 12))
        return dk_fail(
            err, DK_INVALID,
            "%.40s: a scope is a division's code: 2 digits (province), 4 (city), 6 (county), 9 (township) or "
            "12 (village); * is the whole store",
            text);
    memcpy(ret_division, text, size + 1);
    return DK_OK;
}

bool dk_token_audience_read(const char *text, dk_audience *ret_audience)
{
    static const dk_audience audiences[] = {DK_GROUP, DK_ON_REQUEST, DK_STAFF};
    for (size_t i = 0; i < sizeof audiences / sizeof *audiences; i++)
        if (strcmp(text, dk_audience_name(audiences[i])) == 0) {
            *ret_audience = audiences[i];
            return true;
        }
    return false;
}

/* ---- reading ---- */

static void copy_text(sqlite3_stmt *stmt, int column, char *to, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    snprintf(to, size, "%s", text != NULL ? text : "");
}

/* A row that says what no token can (a file that was written by hand) gives the right to nothing. */
static bool read_columns(sqlite3_stmt *stmt, dk_token *token)
{
    char audience[16];
    dk_viewer viewer;
    memset(token, 0, sizeof *token);
    token->id = sqlite3_column_int64(stmt, 0);
    copy_text(stmt, 1, token->name, sizeof token->name);
    token->proxy_user = sqlite3_column_int(stmt, 2) != 0;
    copy_text(stmt, 3, audience, sizeof audience);
    copy_text(stmt, 4, token->division, sizeof token->division);
    token->roles = (unsigned)sqlite3_column_int(stmt, 5);
    token->created = sqlite3_column_int64(stmt, 6);
    copy_text(stmt, 7, token->created_by, sizeof token->created_by);
    token->expires = sqlite3_column_int64(stmt, 8);
    token->revoked = sqlite3_column_int64(stmt, 9);
    copy_text(stmt, 10, token->revoked_by, sizeof token->revoked_by);
    token->used = sqlite3_column_int64(stmt, 11);
    return dk_token_audience_read(audience, &token->audience) &&
           dk_viewer_scoped(token->audience, token->division, &viewer);
}

bool dk_token_lives(const dk_token *token, int64_t now)
{
    return token->revoked == 0 && (token->expires == 0 || token->expires > now);
}

/* Steps a statement whose first row is a token; resets it. */
static dk_status take_living(dk_access *access, sqlite3_stmt *stmt, dk_token *ret_token, dk_error *err)
{
    dk_token token = {0};
    dk_status status = dk_access_step(access, stmt, "reading tokens", err);
    if (status == DK_END ||
        (status == DK_OK && (!read_columns(stmt, &token) || !dk_token_lives(&token, dk_access_now()))))
        status = dk_fail(err, DK_NOT_FOUND, "there is no such token");
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    if (status == DK_OK)
        *ret_token = token;
    return status;
}

dk_status dk_token_of_secret(dk_access *access, const char *text, size_t size, dk_token *ret_token, dk_error *err)
{
    unsigned char hash[DK_SECRET_HASH];
    sqlite3_stmt *stmt = NULL;
    if (!dk_token_well_formed(text, size))
        return dk_fail(err, DK_NOT_FOUND, "there is no such token");
    dk_status status = dk_access_kept(access, DK_ACCESS_TOKEN_OF_HASH, &stmt, err);
    if (status != DK_OK)
        return status;
    dk_secret_hash(text, size, hash);
    sqlite3_bind_blob(stmt, 1, hash, sizeof hash, SQLITE_STATIC);
    return take_living(access, stmt, ret_token, err);
}

dk_status dk_token_of_user(dk_access *access, const char *name, dk_token *ret_token, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_TOKEN_OF_USER, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    return take_living(access, stmt, ret_token, err);
}

dk_status dk_token_of_id(dk_access *access, int64_t id, dk_token *ret_token, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_TOKEN_OF_ID, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, id);
    return take_living(access, stmt, ret_token, err);
}

dk_status dk_token_list(dk_access *access, bool (*each)(const dk_token *token, void *user), void *user, dk_error *err)
{
    dk_token token = {0};
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_access_kept(access, DK_ACCESS_TOKEN_ALL, &stmt, err);
    while (status == DK_OK && (status = dk_access_step(access, stmt, "reading tokens", err)) == DK_OK) {
        read_columns(stmt, &token);
        if (!each(&token, user))
            status = DK_END;
    }
    if (status == DK_OK || status == DK_END)
        sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* ---- writing ---- */

/* The trail says who may see what since when, too. */
static dk_status note(dk_access *access, const char *what, const dk_token *token, const char *actor, dk_error *err)
{
    char detail[300];
    snprintf(detail, sizeof detail, "%s %s%s%s%s", dk_audience_name(token->audience),
             token->division[0] != '\0' ? token->division : "*", token->roles & DK_ROLE_REVIEW ? " review" : "",
             token->roles & DK_ROLE_PUBLISH ? " publish" : "", token->proxy_user ? " proxy-user" : "");
    const dk_audit event = {.at = dk_access_now(),
                            .token = token->id,
                            .name = token->name,
                            .way = "ingest",
                            .what = what,
                            .key = actor,
                            .detail = detail,
                            .rows = -1};
    return dk_audit_add(access, &event, err);
}

static dk_status insert(dk_access *access, const dk_token *what, const char *actor, const char *text,
                        dk_token *ret_token, dk_error *err)
{
    unsigned char hash[DK_SECRET_HASH];
    sqlite3_stmt *stmt = NULL;
    dk_token token = *what;
    token.created = dk_access_now();
    dk_status status = dk_access_kept(access, DK_ACCESS_TOKEN_LIVING, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, what->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, token.created);
    status = dk_access_step(access, stmt, "reading tokens", err);
    sqlite3_reset(stmt);
    if (status == DK_OK)
        return dk_fail(err, DK_CONFLICT, "%s: a token of this name is there; revoke it first, or take another name",
                       what->name);
    if (status != DK_END || (status = dk_access_kept(access, DK_ACCESS_TOKEN_INSERT, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, what->name, -1, SQLITE_STATIC);
    if (!what->proxy_user) {
        dk_secret_hash(text, DK_TOKEN_SIZE, hash);
        sqlite3_bind_blob(stmt, 2, hash, sizeof hash, SQLITE_STATIC);
    }
    sqlite3_bind_text(stmt, 3, dk_audience_name(what->audience), -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, what->division, -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, 5, (int)what->roles);
    sqlite3_bind_int64(stmt, 6, token.created);
    sqlite3_bind_text(stmt, 7, actor, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 8, what->expires);
    status = dk_access_done(access, stmt, "adding a token", err);
    token.id = sqlite3_last_insert_rowid(access->db);
    *ret_token = token;
    return status == DK_OK ? note(access, "token-add", &token, actor, err) : status;
}

dk_status dk_token_add(dk_access *access, const dk_token *what, const char *actor, char ret_text[DK_TOKEN_SIZE + 1],
                       int64_t *ret_id, dk_error *err)
{
    char text[DK_TOKEN_SIZE + 1] = "";
    dk_viewer viewer;
    dk_token token = {0};
    dk_status status = dk_token_name_check(what->name, err);
    if (status == DK_OK && !dk_viewer_scoped(what->audience, what->division, &viewer))
        status = dk_fail(err, DK_INVALID, "%s: a token is for group, request or staff, with a scope", what->name);
    if (status == DK_OK && !what->proxy_user && !make_text(text))
        status = dk_fail(err, DK_INTERNAL, "this machine gives no random numbers");
    if (status == DK_OK)
        status = dk_access_begin(access, err);
    if (status == DK_OK)
        status = dk_access_end(access, insert(access, what, actor, text, &token, err), err);
    if (status == DK_OK) {
        memcpy(ret_text, text, sizeof text);
        *ret_id = token.id;
    }
    explicit_bzero(text, sizeof text);
    return status;
}

static dk_status revoke(dk_access *access, const char *name_or_id, const char *actor, dk_token *ret_token,
                        dk_error *err)
{
    const int64_t now = dk_access_now();
    const size_t size = strlen(name_or_id);
    const bool by_id = size > 0 && size <= 18 && strspn(name_or_id, "0123456789") == size;
    sqlite3_stmt *stmt = NULL;
    dk_token token = {0};
    dk_status status = dk_access_kept(access, by_id ? DK_ACCESS_TOKEN_OF_ID : DK_ACCESS_TOKEN_LIVING, &stmt, err);
    if (status != DK_OK)
        return status;
    if (by_id)
        sqlite3_bind_int64(stmt, 1, strtoll(name_or_id, NULL, 10));
    else
        sqlite3_bind_text(stmt, 1, name_or_id, -1, SQLITE_STATIC);
    if (!by_id)
        sqlite3_bind_int64(stmt, 2, now);
    status = dk_access_step(access, stmt, "reading tokens", err);
    if (status == DK_OK)
        read_columns(stmt, &token);
    sqlite3_reset(stmt);
    if (status == DK_END)
        return dk_fail(err, DK_NOT_FOUND, "%s: no living token has this %s; dikuai-ingest token STORE list shows them",
                       name_or_id, by_id ? "number" : "name");
    if (status != DK_OK)
        return status;
    if (token.revoked != 0)
        return dk_fail(err, DK_CONFLICT, "%s: the token was revoked already", name_or_id);
    if ((status = dk_access_kept(access, DK_ACCESS_TOKEN_REVOKE, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, token.id);
    sqlite3_bind_int64(stmt, 2, now);
    sqlite3_bind_text(stmt, 3, actor, -1, SQLITE_STATIC);
    status = dk_access_done(access, stmt, "revoking a token", err);
    token.revoked = now;
    if (status == DK_OK && (status = dk_access_kept(access, DK_ACCESS_SESSION_BOUND, &stmt, err)) == DK_OK) {
        sqlite3_bind_int64(stmt, 1, token.id);
        sqlite3_bind_text(stmt, 2, "", -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 3, 0);
        status = dk_access_done(access, stmt, "ending sessions", err);
    }
    *ret_token = token;
    return status == DK_OK ? note(access, "token-revoke", &token, actor, err) : status;
}

dk_status dk_token_revoke(dk_access *access, const char *name_or_id, const char *actor, dk_token *ret_token,
                          dk_error *err)
{
    dk_token token = {0};
    dk_status status = dk_access_begin(access, err);
    if (status == DK_OK)
        status = dk_access_end(access, revoke(access, name_or_id, actor, &token, err), err);
    if (status == DK_OK)
        *ret_token = token;
    return status;
}

dk_status dk_token_used(dk_access *access, int64_t id, int64_t now, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_TOKEN_USED, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, id);
    sqlite3_bind_int64(stmt, 2, now - now % DAY);
    return dk_access_done(access, stmt, "noting a token's use", err);
}
