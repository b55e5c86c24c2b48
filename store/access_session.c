#include "store/access_session.h"

#include "store/access_file.h"
#include "store/access_token.h"

#include <stdio.h>
#include <string.h>

static dk_status tidy(dk_access *access, int64_t now, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_SESSION_TIDY, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, now - DK_SESSION_LONGEST_SECONDS);
    sqlite3_bind_int64(stmt, 2, now - DK_SESSION_IDLE_SECONDS);
    return dk_access_done(access, stmt, "ending sessions", err);
}

static dk_status insert(dk_access *access, int64_t token, const char *file, const char *text, dk_error *err)
{
    const int64_t now = dk_access_now();
    unsigned char hash[DK_SECRET_HASH];
    sqlite3_stmt *stmt = NULL;
    dk_status status = tidy(access, now, err);
    if (status == DK_OK)
        status = dk_access_kept(access, DK_ACCESS_SESSION_BOUND, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, token);
    sqlite3_bind_text(stmt, 2, file, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, DK_SESSIONS_OF_A_TOKEN - 1);
    status = dk_access_done(access, stmt, "ending sessions", err);
    if (status != DK_OK || (status = dk_access_kept(access, DK_ACCESS_SESSION_INSERT, &stmt, err)) != DK_OK)
        return status;
    dk_secret_hash(text, DK_SESSION_SIZE, hash);
    sqlite3_bind_blob(stmt, 1, hash, sizeof hash, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, token);
    sqlite3_bind_text(stmt, 3, file, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, now);
    return dk_access_done(access, stmt, "beginning a session", err);
}

dk_status dk_session_begin(dk_access *access, int64_t token, const char *file, char ret_text[DK_SESSION_SIZE + 1],
                           dk_error *err)
{
    char text[DK_SESSION_SIZE + 1];
    if (!dk_secret_random(text, sizeof text, 32))
        return dk_fail(err, DK_INTERNAL, "this machine gives no random numbers");
    dk_status status = dk_access_begin(access, err);
    if (status == DK_OK)
        status = dk_access_end(access, insert(access, token, file, text, err), err);
    if (status == DK_OK)
        memcpy(ret_text, text, sizeof text);
    explicit_bzero(text, sizeof text);
    return status;
}

dk_status dk_session_find(dk_access *access, const char *text, size_t size, dk_session *ret_session, dk_error *err)
{
    const int64_t now = dk_access_now();
    unsigned char hash[DK_SECRET_HASH];
    dk_session session = {0};
    sqlite3_stmt *stmt = NULL;
    if (size != DK_SESSION_SIZE)
        return dk_fail(err, DK_NOT_FOUND, "there is no such session");
    dk_status status = dk_access_kept(access, DK_ACCESS_SESSION_FIND, &stmt, err);
    if (status != DK_OK)
        return status;
    dk_secret_hash(text, size, hash);
    sqlite3_bind_blob(stmt, 1, hash, sizeof hash, SQLITE_STATIC);
    status = dk_access_step(access, stmt, "reading sessions", err);
    if (status == DK_OK) {
        const char *file = (const char *)sqlite3_column_text(stmt, 1);
        session.token = sqlite3_column_int64(stmt, 0);
        snprintf(session.file, sizeof session.file, "%s", file != NULL ? file : "");
        session.created = sqlite3_column_int64(stmt, 2);
        session.seen = sqlite3_column_int64(stmt, 3);
    }
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    if (status == DK_END || (status == DK_OK && (now - session.created >= DK_SESSION_LONGEST_SECONDS ||
                                                 now - session.seen >= DK_SESSION_IDLE_SECONDS)))
        return dk_fail(err, DK_NOT_FOUND, "there is no such session");
    if (status == DK_OK)
        *ret_session = session;
    return status;
}

dk_status dk_session_seen(dk_access *access, const unsigned char hash[32], int64_t now, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_SESSION_SEEN, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_blob(stmt, 1, hash, DK_SECRET_HASH, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, now);
    return dk_access_done(access, stmt, "noting a session's use", err);
}

dk_status dk_session_end(dk_access *access, const char *text, size_t size, dk_error *err)
{
    unsigned char hash[DK_SECRET_HASH];
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_SESSION_END, &stmt, err);
    if (status != DK_OK)
        return status;
    dk_secret_hash(text, size, hash);
    sqlite3_bind_blob(stmt, 1, hash, sizeof hash, SQLITE_STATIC);
    return dk_access_done(access, stmt, "ending a session", err);
}
