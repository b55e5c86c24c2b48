#include "store/access_file.h"

#include "store/buf.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define APPLICATION_ID 0x444B4143 /* "DKAC" */
#define BUSY_WAIT_MS 5000         /* for the other program's write */

/* token      a living or former right to see more. hash: SHA-256 of the token's text, NULL: a user whom a proxy names.
 *            expires, revoked: seconds since 1970, 0: not. used: the day of its last use, as the day's first second
 * session    a browser that is signed in, by SHA-256 of its cookie. file: a line of a token file, with the run of the
 *            server that read it; then token is 0
 * audit      what happened (access_audit.h). Its numbers are never used again, so that a gap shows. */
static const char schema[] =
    "CREATE TABLE token(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, hash BLOB UNIQUE,"
    " audience TEXT NOT NULL, division TEXT NOT NULL, roles INTEGER NOT NULL, created INTEGER NOT NULL,"
    " created_by TEXT NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0, revoked_by TEXT,"
    " used INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX token_name ON token(name);"
    "CREATE TABLE session(hash BLOB PRIMARY KEY, token INTEGER NOT NULL, file TEXT NOT NULL, created INTEGER NOT NULL,"
    " seen INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX session_token ON session(token,file,created);"
    "CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, token INTEGER NOT NULL,"
    " name TEXT NOT NULL, way TEXT NOT NULL, what TEXT NOT NULL, kind TEXT, key TEXT, detail TEXT, rows INTEGER,"
    " address TEXT);"
    "CREATE INDEX audit_at ON audit(at);"
    "PRAGMA application_id=0x444B4143;"
    "PRAGMA user_version=1;";

#define TOKEN_COLUMNS                                                                                                  \
    "SELECT id,name,hash IS NULL,audience,division,roles,created,created_by,expires,revoked,revoked_by,used FROM token"

static const char *const statements[DK_ACCESS_STMTS] = {
    [DK_ACCESS_BEGIN] = "BEGIN IMMEDIATE",
    [DK_ACCESS_COMMIT] = "COMMIT",
    [DK_ACCESS_TOKEN_OF_HASH] = TOKEN_COLUMNS " WHERE hash=?1",
    [DK_ACCESS_TOKEN_OF_USER] = TOKEN_COLUMNS " WHERE name=?1 AND hash IS NULL ORDER BY id DESC LIMIT 1",
    [DK_ACCESS_TOKEN_OF_ID] = TOKEN_COLUMNS " WHERE id=?1",
    [DK_ACCESS_TOKEN_LIVING] = TOKEN_COLUMNS " WHERE name=?1 AND revoked=0 AND (expires=0 OR expires>?2) LIMIT 1",
    [DK_ACCESS_TOKEN_ALL] = TOKEN_COLUMNS " ORDER BY id",
    [DK_ACCESS_TOKEN_INSERT] = "INSERT INTO token(name,hash,audience,division,roles,created,created_by,expires)"
                               " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
    [DK_ACCESS_TOKEN_REVOKE] = "UPDATE token SET revoked=?2, revoked_by=?3 WHERE id=?1",
    [DK_ACCESS_TOKEN_USED] = "UPDATE token SET used=?2 WHERE id=?1 AND used<?2",
    [DK_ACCESS_SESSION_INSERT] = "INSERT INTO session(hash,token,file,created,seen) VALUES(?1,?2,?3,?4,?4)",
    [DK_ACCESS_SESSION_FIND] = "SELECT token,file,created,seen FROM session WHERE hash=?1",
    [DK_ACCESS_SESSION_SEEN] = "UPDATE session SET seen=?2 WHERE hash=?1 AND seen<?2",
    [DK_ACCESS_SESSION_END] = "DELETE FROM session WHERE hash=?1",
    [DK_ACCESS_SESSION_TIDY] = "DELETE FROM session WHERE created<?1 OR seen<?2",
    [DK_ACCESS_SESSION_BOUND] = "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE token=?1 AND file=?2"
                                " ORDER BY created DESC LIMIT -1 OFFSET ?3)",
    [DK_ACCESS_AUDIT_INSERT] = "INSERT INTO audit(at,token,name,way,what,kind,key,detail,rows,address)"
                               " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
};

int64_t dk_access_now(void)
{
    return time(NULL);
}

/* ---- statements ---- */

dk_status dk_access_fail(dk_access *access, dk_error *err, const char *doing)
{
    const int error = errno;
    int code = sqlite3_errcode(access->db) & 0xff;
    if (code == SQLITE_IOERR && (error == ENOSPC || error == EDQUOT)) /* of what is written beside the file */
        code = SQLITE_FULL;
    switch (code) {
    case SQLITE_FULL:
        return dk_fail(err, DK_FULL, "%s: the disk is full (while %s); free some space", access->path, doing);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return dk_fail(err, DK_BUSY, "%s: another program is writing to it (while %s); try again", access->path, doing);
    case SQLITE_NOMEM:
        return dk_fail(err, DK_NOMEM, "out of memory");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return dk_fail(
            err, DK_CORRUPT,
            "%s: is no access file or is damaged (%s, while %s); restore it from a backup, or remove it: all "
            "tokens end with it",
            access->path, sqlite3_errmsg(access->db), doing);
    default:
        return dk_fail(err, DK_IO, "%s: %s (while %s); it and its folder must be writable", access->path,
                       sqlite3_errmsg(access->db), doing);
    }
}

dk_status dk_access_kept(dk_access *access, dk_access_stmt id, sqlite3_stmt **ret_stmt, dk_error *err)
{
    sqlite3_stmt **stmt = &access->statements[id];
    if (*stmt == NULL &&
        sqlite3_prepare_v3(access->db, statements[id], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK)
        return dk_access_fail(access, err, "reading its tables");
    sqlite3_reset(*stmt);
    sqlite3_clear_bindings(*stmt);
    *ret_stmt = *stmt;
    return DK_OK;
}

dk_status dk_access_step(dk_access *access, sqlite3_stmt *stmt, const char *doing, dk_error *err)
{
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        return DK_OK;
    case SQLITE_DONE:
        return DK_END;
    default:
        return dk_access_fail(access, err, doing);
    }
}

dk_status dk_access_done(dk_access *access, sqlite3_stmt *stmt, const char *doing, dk_error *err)
{
    const dk_status status = dk_access_step(access, stmt, doing, err);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_access_begin(dk_access *access, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_access_kept(access, DK_ACCESS_BEGIN, &stmt, err);
    return status != DK_OK ? status : dk_access_done(access, stmt, "beginning to write", err);
}

dk_status dk_access_end(dk_access *access, dk_status status, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    if (status == DK_OK)
        status = dk_access_kept(access, DK_ACCESS_COMMIT, &stmt, err);
    if (status == DK_OK)
        status = dk_access_done(access, stmt, "writing", err);
    if (status != DK_OK)
        sqlite3_exec(access->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* ---- opening ---- */

static bool others_may_open(const struct stat *info)
{
    return (info->st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

static bool pragma_number(dk_access *access, const char *sql, int *ret_number)
{
    sqlite3_stmt *stmt = NULL;
    const bool good =
        sqlite3_prepare_v2(access->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW;
    if (good)
        *ret_number = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return good;
}

static dk_status check_version(dk_access *access, dk_error *err)
{
    int application = 0, version = 0;
    if (!pragma_number(access, "PRAGMA application_id", &application) ||
        !pragma_number(access, "PRAGMA user_version", &version))
        return dk_access_fail(access, err, "opening it");
    if (application == APPLICATION_ID && version == DK_ACCESS_VERSION)
        return DK_OK;
    if (application == APPLICATION_ID && version > DK_ACCESS_VERSION)
        return dk_fail(err, DK_VERSION, "%s: is of version %d, and this program knows %d; take the later program",
                       access->path, version, DK_ACCESS_VERSION);
    return dk_fail(err, DK_CORRUPT, "%s: is no access file; remove it or give it another name", access->path);
}

/* A file that two programs make at once is made by the first. */
static dk_status make_tables(dk_access *access, dk_error *err)
{
    int application = 0;
    if (sqlite3_exec(access->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        !pragma_number(access, "PRAGMA application_id", &application))
        return dk_access_fail(access, err, "making it");
    const bool made = application != 0 || sqlite3_exec(access->db, schema, NULL, NULL, NULL) == SQLITE_OK;
    return dk_access_end(access, made ? DK_OK : dk_access_fail(access, err, "making it"), err);
}

static dk_status open_database(dk_access *access, bool made, dk_error *err)
{
    struct stat info;
    const int code = sqlite3_open_v2(access->path, &access->db,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (access->db == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (code != SQLITE_OK)
        return dk_access_fail(access, err, "opening it");
    if (sqlite3_db_readonly(access->db, "main") == 1) /* SQLite opens what it may not write for reading */
        return dk_fail(err, DK_IO, "%s: cannot be written", access->path);
    sqlite3_busy_timeout(access->db, BUSY_WAIT_MS);
    sqlite3_db_config(access->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(access->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* What an audit trail says must be there after a power failure; and what is to be forgotten is overwritten. */
    if (sqlite3_exec(access->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON", NULL,
                     NULL, NULL) != SQLITE_OK)
        return dk_access_fail(access, err, "opening it");
    if (stat(access->path, &info) != 0)
        return dk_fail(err, DK_IO, "%s: cannot be looked at: %s", access->path, strerror(errno));
    access->device = info.st_dev;
    access->inode = info.st_ino;
    const dk_status status = made || info.st_size == 0 ? make_tables(access, err) : DK_OK;
    return status == DK_OK ? check_version(access, err) : status;
}

dk_status dk_access_open(const char *store_path, bool make, dk_access **ret_access, dk_error *err)
{
    struct stat info;
    bool made = false;
    dk_buf path;
    dk_buf_init(&path);
    char *store = dk_store_file(store_path);
    dk_buf_format(&path, "%s.access", store != NULL ? store : "");
    dk_access *access = calloc(1, sizeof *access);
    const char *text = dk_buf_cstr(&path);
    dk_status status = DK_OK;
    if (store == NULL || access == NULL || text == NULL || (access->path = strdup(text)) == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if (stat(text, &info) != 0 && errno == ENOENT && make) {
        const int fd = open(text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST) {
            status = dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO,
                             "%s: cannot be made: %s; its folder must be writable", text, strerror(errno));
            goto out;
        }
        made = fd >= 0;
        if (fd >= 0)
            close(fd);
    }
    if (stat(text, &info) != 0)
        status = errno == ENOENT
                     ? dk_fail(err, DK_NOT_FOUND,
                               "%s: is not there, so there are no tokens; dikuai-ingest token makes one", text)
                     : dk_fail(err, DK_IO, "%s: cannot be looked at: %s", text, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = dk_fail(err, DK_IO, "%s: is no file", text);
    else if (others_may_open(&info))
        status = dk_fail(err, DK_CONFLICT, "%s: other users of this machine may open it; chmod 600 it", text);
    else
        status = open_database(access, made, err);
out:
    free(store);
    dk_buf_finish(&path);
    if (status != DK_OK) {
        dk_access_close(access);
        return status;
    }
    *ret_access = access;
    return DK_OK;
}

void dk_access_close(dk_access *access)
{
    if (access == NULL)
        return;
    for (size_t i = 0; i < DK_ACCESS_STMTS; i++)
        sqlite3_finalize(access->statements[i]);
    sqlite3_close(access->db);
    free(access->path);
    free(access);
}

bool dk_access_is_current(const dk_access *access)
{
    struct stat info;
    return stat(access->path, &info) == 0 && info.st_dev == access->device && info.st_ino == access->inode &&
           !others_may_open(&info);
}
