/* Inside the store library: the open access file and its statements. */
#ifndef DK_STORE_ACCESS_FILE_H
#define DK_STORE_ACCESS_FILE_H

#include "store/access.h"

#include <sqlite3.h>
#include <sys/types.h>

typedef enum dk_access_stmt {
    DK_ACCESS_BEGIN,
    DK_ACCESS_COMMIT,
    DK_ACCESS_TOKEN_OF_HASH, /* hash -> a token's columns (access_token.c, as the next seven) */
    DK_ACCESS_TOKEN_OF_USER, /* name */
    DK_ACCESS_TOKEN_OF_ID,   /* id */
    DK_ACCESS_TOKEN_LIVING,  /* name, now -> 1 */
    DK_ACCESS_TOKEN_ALL,
    DK_ACCESS_TOKEN_INSERT,
    DK_ACCESS_TOKEN_REVOKE,   /* id, now, actor */
    DK_ACCESS_TOKEN_USED,     /* id, day */
    DK_ACCESS_SESSION_INSERT, /* hash, token, file, now (access_session.c, as the next five) */
    DK_ACCESS_SESSION_FIND,   /* hash -> token, file, created, seen */
    DK_ACCESS_SESSION_SEEN,   /* hash, now */
    DK_ACCESS_SESSION_END,    /* hash */
    DK_ACCESS_SESSION_TIDY,   /* created before, seen before */
    DK_ACCESS_SESSION_BOUND,  /* token, file, how many may be there */
    DK_ACCESS_AUDIT_INSERT,   /* access_audit.c */
    DK_ACCESS_STMTS
} dk_access_stmt;

struct dk_access {
    sqlite3 *db;
    char *path;
    dev_t device;
    ino_t inode;
    sqlite3_stmt *statements[DK_ACCESS_STMTS];
};

/* The last failure of SQLite as a status. doing: "reading tokens". */
dk_status dk_access_fail(dk_access *access, dk_error *err, const char *doing);
/* A kept statement, reset and with its bindings cleared. */
dk_status dk_access_kept(dk_access *access, dk_access_stmt id, sqlite3_stmt **ret_stmt, dk_error *err);
/* DK_OK with a row, DK_END, or a failure. */
dk_status dk_access_step(dk_access *access, sqlite3_stmt *stmt, const char *doing, dk_error *err);
/* A statement without rows: steps and resets. */
dk_status dk_access_done(dk_access *access, sqlite3_stmt *stmt, const char *doing, dk_error *err);
/* A transaction that writes from its beginning. */
dk_status dk_access_begin(dk_access *access, dk_error *err);
/* Ends it: keeps what was done if status is DK_OK and that succeeds, else undoes it. Gives the status of the whole. */
dk_status dk_access_end(dk_access *access, dk_status status, dk_error *err);

#endif
