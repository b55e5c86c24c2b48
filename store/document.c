#include "store/document.h"

#include "store/act.h"
#include "store/asked.h"
#include "store/audience.h"
#include "store/brought.h"
#include "store/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (1u << 20)                   /* bytes read at once */
static const char incoming[] = "incoming"; /* the copy under way; there is one, for there is one writer */

/* ---- the folder ---- */

/* Opens STORE.documents; make: makes it if it is not there. fd -1 with DK_OK: there is none. */
static dk_status open_folder(dk_store *store, bool make, int *ret_fd, dk_error *err)
{
    dk_buf path;
    dk_buf_init(&path);
    dk_buf_format(&path, "%s.documents", store->file);
    const char *text = dk_buf_cstr(&path);
    dk_status status = DK_OK;
    int fd = -1;
    if (text == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    else if (make && mkdir(text, 0700) != 0 && errno != EEXIST)
        status = dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO, "%s: cannot be made: %s", text, strerror(errno));
    else if ((fd = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 && (make || errno != ENOENT))
        status = dk_fail(err, DK_IO, "%s: cannot be opened: %s", text, strerror(errno));
    dk_buf_finish(&path);
    if (status == DK_OK)
        *ret_fd = fd;
    return status;
}

/* "ab/cdef…" */
static void name_of(const char *sha256, char ret_name[DK_SHA256_HEX + 1])
{
    memcpy(ret_name, sha256, 2);
    ret_name[2] = '/';
    memcpy(ret_name + 3, sha256 + 2, DK_SHA256_HEX - 2); /* with the NUL */
}

static bool is_digest(const char *text)
{
    return strlen(text) == DK_SHA256_HEX - 1 && strspn(text, "0123456789abcdef") == DK_SHA256_HEX - 1;
}

static dk_status folder_fail(dk_store *store, dk_error *err)
{
    if (errno == ENOSPC || errno == EDQUOT)
        return dk_fail(err, DK_FULL, "%s.documents: the disk is full; free some space and attach again", store->file);
    return dk_fail(err, DK_IO, "%s.documents: cannot be written: %s", store->file, strerror(errno));
}

void dk_documents_tidy(dk_store *store)
{
    int folder = -1;
    if (open_folder(store, false, &folder, NULL) != DK_OK || folder < 0)
        return;
    unlinkat(folder, incoming, 0);
    close(folder);
}

/* ---- bytes ---- */

/* Reads fd from its beginning, and writes to `to` unless it is -1. *ret_wrote: false if that failed, then errno says
 * how; false from the function: reading failed. */
static bool read_all(int fd, int to, char ret_sha256[DK_SHA256_HEX], int64_t *ret_size, bool *ret_wrote)
{
    unsigned char *piece = malloc(PIECE);
    dk_sha256 hash;
    off_t at = 0;
    ssize_t n = -1;
    bool wrote = true;
    dk_sha256_begin(&hash);
    if (piece == NULL)
        errno = ENOMEM;
    while (piece != NULL && wrote && ((n = pread(fd, piece, PIECE, at)) > 0 || (n < 0 && errno == EINTR))) {
        if (n < 0)
            continue;
        dk_sha256_add(&hash, piece, (size_t)n);
        at += n;
        for (ssize_t done = 0; to >= 0 && wrote && done < n;) {
            const ssize_t written = write(to, piece + done, (size_t)(n - done));
            if (written >= 0)
                done += written;
            else
                wrote = errno == EINTR;
        }
    }
    const int failed = errno;
    free(piece);
    const bool hashed = dk_sha256_end(&hash, ret_sha256);
    *ret_size = at;
    *ret_wrote = wrote;
    errno = hashed || n < 0 ? failed : ENOMEM;
    return n >= 0 && hashed;
}

dk_status dk_document_digest(int fd, const char *path, char ret_sha256[DK_SHA256_HEX], int64_t *ret_size, dk_error *err)
{
    char sha256[DK_SHA256_HEX];
    int64_t size;
    bool wrote;
    if (!read_all(fd, -1, sha256, &size, &wrote))
        return dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    memcpy(ret_sha256, sha256, sizeof sha256);
    *ret_size = size;
    return DK_OK;
}

/* Copies the file under its name, so that after a power failure it is there whole or not at all. */
static dk_status copy(dk_store *store, int folder, int fd, const dk_document *what, const char *name, dk_error *err)
{
    char sha256[DK_SHA256_HEX], below[3];
    int64_t size = 0;
    bool wrote = false;
    int to = -1, inner = -1;
    dk_status status = DK_OK;
    snprintf(below, sizeof below, "%.2s", name);
    if (mkdirat(folder, below, 0700) == 0) {
        if (fsync(folder) != 0)
            return folder_fail(store, err);
    } else if (errno != EEXIST) {
        return folder_fail(store, err);
    }
    to = openat(folder, incoming, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    inner = openat(folder, below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0 || inner < 0) {
        status = folder_fail(store, err);
        goto out;
    }
    const bool read = read_all(fd, to, sha256, &size, &wrote);
    if (!wrote)
        status = folder_fail(store, err);
    else if (!read)
        status = dk_fail(err, DK_CONFLICT, "cannot be read: %s", strerror(errno));
    else if (size != what->size || strcmp(sha256, what->sha256) != 0)
        status = dk_fail(err, DK_CONFLICT, "was changed while it was read; attach it when nobody writes to it");
    else if (fsync(to) != 0 || renameat(folder, incoming, folder, name) != 0 || fsync(inner) != 0)
        status = folder_fail(store, err);
out:
    if (to >= 0)
        close(to);
    if (inner >= 0)
        close(inner);
    if (status != DK_OK)
        unlinkat(folder, incoming, 0);
    return status;
}

/* Copies the file unless it is there. Only whole files get a name, so the size tells. */
static dk_status keep(dk_store *store, int fd, const dk_document *what, dk_error *err)
{
    char name[DK_SHA256_HEX + 1];
    struct stat info;
    int folder = -1;
    dk_status status = open_folder(store, true, &folder, err);
    if (status != DK_OK)
        return status;
    name_of(what->sha256, name);
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) || info.st_size != what->size)
        status = copy(store, folder, fd, what, name, err);
    close(folder);
    return status;
}

/* ---- rows ---- */

dk_status dk_document_row_exists(dk_store *store, const dk_kind *kind, const char *key, bool *ret_exists, dk_error *err)
{
    dk_newest newest;
    const dk_status status = dk_row_newest(store, kind, key, &newest, err);
    if (status == DK_OK)
        *ret_exists = newest.row != 0;
    return status;
}

/* Who sees a document of a kind. */
static dk_audience seen_by(const dk_kind *kind, dk_audience own)
{
    return own > kind->documents ? own : kind->documents;
}

/* ret_seen_by: who sees it, if it is attached. */
static dk_status is_attached(dk_store *store, dk_attaching *attaching, const char *key, const dk_document *what,
                             bool *ret_attached, dk_audience *ret_seen_by, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(store,
                       "SELECT a.id,a.audience FROM dikuai_attachment a JOIN dikuai_batch b ON b.id=a.batch"
                       " WHERE a.kind=?1 AND a.key=?2 AND a.sha256=?3 AND b.state<>'withdrawn'",
                       &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, attaching->kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, what->sha256, -1, SQLITE_STATIC);
    status = dk_sql_step(store, stmt, err);
    if (status == DK_OK)
        *ret_seen_by = seen_by(attaching->kind, (dk_audience)sqlite3_column_int(stmt, 1));
    const bool met = status == DK_OK && sqlite3_column_int(stmt, 1) == (int)what->audience;
    if (status == DK_OK && (!dk_id_list_add(&attaching->there, sqlite3_column_int64(stmt, 0)) ||
                            (met && !dk_id_list_add(&attaching->met, sqlite3_column_int64(stmt, 0)))))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    sqlite3_finalize(stmt);
    if (status == DK_OK || status == DK_END)
        *ret_attached = status == DK_OK;
    return status == DK_END ? DK_OK : status;
}

/* The division of a row as it stands in `memory`, NULL if it has none. */
static dk_status division_of_row(dk_store *store, const dk_kind *kind, int64_t row, dk_buf *memory,
                                 const char **ret_division, dk_error *err)
{
    dk_stored_row stored;
    *ret_division = NULL;
    if (kind->division_field < 0 || row == 0)
        return DK_OK;
    dk_status status = dk_stored_row_read(store, kind, row, false, &stored, err);
    if (status != DK_OK)
        return status;
    const dk_value *division = &stored.values[kind->division_field];
    if (division->type == DK_TEXT) {
        dk_buf_clear(memory);
        dk_buf_append(memory, division->text.data, division->text.size);
        *ret_division = dk_buf_cstr(memory);
        if (*ret_division == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    dk_stored_row_release(&stored);
    return status;
}

/* The division of the row as it was written last, published or staged. */
static dk_status newest_division(dk_store *store, const dk_kind *kind, const char *key, dk_buf *memory,
                                 const char **ret_division, dk_error *err)
{
    dk_newest newest = {0};
    *ret_division = NULL;
    const dk_status status = dk_row_newest(store, kind, key, &newest, err);
    return status == DK_OK ? division_of_row(store, kind, newest.row, memory, ret_division, err) : status;
}

static dk_status count_for_division(dk_store *store, const dk_kind *kind, const char *key, int64_t batch, dk_error *err)
{
    const char *division = NULL;
    dk_buf memory;
    dk_buf_init(&memory);
    dk_status status = newest_division(store, kind, key, &memory, &division, err);
    if (status == DK_OK)
        status = dk_brought_document(store, batch, division, err);
    dk_buf_finish(&memory);
    return status;
}

/* The batch, with one document more. */
static dk_status count_in_batch(dk_store *store, const dk_attaching *attaching, int64_t *ret_batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char now[24];
    const bool make = attaching->batch == 0;
    dk_status status = dk_sql_prepare(
        store,
        make ? "INSERT INTO dikuai_batch(kind,title,source,state,created_at,rows) VALUES(?1,?2,?3,'staged',?4,1)"
             : "UPDATE dikuai_batch SET rows=rows+1 WHERE id=?1",
        &stmt, err);
    if (status != DK_OK)
        return status;
    dk_now(now);
    if (make) {
        sqlite3_bind_text(stmt, 1, attaching->kind->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 2, attaching->title, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, attaching->source, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 4, now, -1, SQLITE_STATIC);
    } else {
        sqlite3_bind_int64(stmt, 1, attaching->batch);
    }
    status = dk_sql_done(store, stmt, err);
    if (status == DK_OK)
        *ret_batch = make ? sqlite3_last_insert_rowid(store->db) : attaching->batch;
    sqlite3_finalize(stmt);
    return status;
}

static dk_status insert_document(dk_store *store, const dk_document *what, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        store, "INSERT OR IGNORE INTO dikuai_document(sha256,size,media_type,pages) VALUES(?1,?2,?3,?4)", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, what->sha256, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, what->size);
    sqlite3_bind_text(stmt, 3, what->media_type, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, what->pages);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

static dk_status insert_attachment(dk_store *store, const dk_kind *kind, const char *key, const dk_document *what,
                                   int64_t batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char now[24];
    dk_status status = dk_sql_prepare(store,
                                      "INSERT INTO dikuai_attachment(kind,key,sha256,name,attached_at,actor,"
                                      "audience,batch) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
                                      &stmt, err);
    if (status != DK_OK)
        return status;
    dk_now(now);
    const char *const texts[] = {kind->name, key, what->sha256, what->name, now, what->actor};
    const int n = (int)(sizeof texts / sizeof *texts);
    for (int i = 0; i < n; i++)
        sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_STATIC);
    sqlite3_bind_int(stmt, n + 1, what->audience);
    sqlite3_bind_int64(stmt, n + 2, batch);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_document_attach(dk_store *store, int fd, dk_attaching *attaching, const char *key, const dk_document *what,
                             bool *ret_new, dk_error *err)
{
    const dk_kind *kind = attaching->kind;
    bool attached = false;
    int64_t batch = 0;
    dk_audience already = DK_NEVER;
    dk_status status = is_attached(store, attaching, key, what, &attached, &already, err);
    if (status == DK_OK && store->mode == DK_WRITE)
        status = keep(store, fd, what, err);
    if (status == DK_OK && attached && already < seen_by(kind, what->audience))
        status = dk_fail(
            err, DK_CONFLICT,
            "is attached already for the audience %s, and not for %s alone; withdraw the batch that attached it, and "
            "attach it again",
            dk_audience_name(already), dk_audience_name(seen_by(kind, what->audience)));
    if (status == DK_OK && store->mode == DK_WRITE && !attached) {
        if ((status = dk_sql_begin(store, err)) != DK_OK)
            return status;
        status = count_in_batch(store, attaching, &batch, err);
        if (status == DK_OK && attaching->batch == 0)
            status = dk_act_write(store, batch, DK_ACT_LOADED, what->actor, NULL, 0, NULL, err);
        if (status == DK_OK && attaching->batch == 0 && attaching->publish)
            status = dk_asked_note(store, batch, err);
        if (status == DK_OK)
            status = insert_document(store, what, err);
        if (status == DK_OK)
            status = insert_attachment(store, kind, key, what, batch, err);
        if (status == DK_OK)
            status = count_for_division(store, kind, key, batch, err);
        if (status == DK_OK)
            status = dk_sql_commit(store, err);
        if (status == DK_OK)
            attaching->batch = batch;
        else
            dk_sql_rollback(store);
    }
    if (status == DK_OK)
        *ret_new = !attached;
    return status;
}

dk_status dk_attaching_staged(dk_store *store, const dk_attaching *attaching, int64_t *ret_staged, int64_t *ret_batch,
                              dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store,
                                      "SELECT b.id FROM dikuai_attachment a JOIN dikuai_batch b ON b.id=a.batch"
                                      " WHERE a.id=?1 AND b.state='staged' AND b.id<>?2",
                                      &stmt, err);
    *ret_staged = *ret_batch = 0;
    for (size_t i = 0; status == DK_OK && i < attaching->there.n; i++) {
        sqlite3_bind_int64(stmt, 1, attaching->there.ids[i]);
        sqlite3_bind_int64(stmt, 2, attaching->batch);
        status = dk_sql_step(store, stmt, err);
        if (status == DK_OK) {
            *ret_batch = *ret_staged == 0 ? sqlite3_column_int64(stmt, 0) : *ret_batch;
            ++*ret_staged;
        }
        status = status == DK_END ? DK_OK : status;
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* ---- generations ---- */

static dk_status change_life(dk_store *store, const char *sql, int64_t batch, int64_t generation, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    sqlite3_bind_int64(stmt, 2, generation);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_documents_publish(dk_store *store, int64_t batch, int64_t generation, dk_error *err)
{
    return change_life(store, "UPDATE dikuai_attachment SET born=?2 WHERE batch=?1", batch, generation, err);
}

dk_status dk_documents_withdraw(dk_store *store, int64_t batch, int64_t generation, dk_error *err)
{
    return change_life(store, "UPDATE dikuai_attachment SET died=?2 WHERE batch=?1 AND died=0", batch, generation, err);
}

bool dk_document_remove(dk_store *store, const char *sha256)
{
    char name[DK_SHA256_HEX + 1];
    int folder = -1;
    if (!is_digest(sha256) || open_folder(store, false, &folder, NULL) != DK_OK)
        return false;
    if (folder < 0)
        return true;
    name_of(sha256, name);
    const bool removed = unlinkat(folder, name, 0) == 0 || errno == ENOENT;
    close(folder);
    return removed;
}

/* ---- reading ---- */

/* The row's division as it stands in `memory`, NULL if it has none. *ret_published false: there is no such row. */
static dk_status division_of(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, dk_buf *memory,
                             const char **ret_division, bool *ret_published, dk_error *err)
{
    int64_t row = 0;
    *ret_division = NULL;
    *ret_published = false;
    dk_status status = dk_row_of_key(store, kind, key, generation, &row, err);
    if (status != DK_OK || row == 0)
        return status;
    *ret_published = true;
    return division_of_row(store, kind, row, memory, ret_division, err);
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "";
}

/* Of a result of DK_STMT_DOCUMENTS, DK_STMT_DOCUMENT, or of the documents that wait. */
static dk_document document_of(sqlite3_stmt *stmt)
{
    dk_document document = {.size = sqlite3_column_int64(stmt, 1),
                            .media_type = text_of(stmt, 2),
                            .pages = sqlite3_column_int64(stmt, 3),
                            .name = text_of(stmt, 4),
                            .audience = (dk_audience)sqlite3_column_int(stmt, 5),
                            .attached_at = text_of(stmt, 6),
                            .actor = text_of(stmt, 7)};
    snprintf(document.sha256, sizeof document.sha256, "%s", text_of(stmt, 0));
    return document;
}

/* Most stores have documents of one kind of row or none: the others are not asked for. */
static dk_status kind_has_documents(dk_store *store, const dk_kind *kind, int64_t generation, bool *ret_has,
                                    dk_error *err)
{
    struct dk_document_kinds *known = &store->document_kinds;
    if (!known->known || known->generation != generation || store->mode != DK_READ) {
        sqlite3_stmt *stmt = NULL;
        dk_status status = dk_sql_kept(store, &store->catalogue->kinds[0], DK_STMT_DOCUMENT_KINDS, &stmt, err);
        if (status != DK_OK)
            return status;
        sqlite3_bind_int64(stmt, 1, generation);
        known->bits = 0;
        known->known = false;
        while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
            const dk_kind *of = dk_catalogue_kind(store->catalogue, text_of(stmt, 0));
            known->bits |= of != NULL ? UINT32_C(1) << of->index : 0;
        }
        sqlite3_reset(stmt);
        if (status != DK_END)
            return status;
        known->generation = generation;
        known->known = true;
    }
    *ret_has = known->bits & UINT32_C(1) << kind->index;
    return DK_OK;
}

dk_status dk_query_documents(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                             int64_t generation, bool (*each)(const dk_document *document, void *user), void *user,
                             dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    bool has = false, published = false, asked = false, more = true;
    const char *division = NULL;
    dk_buf memory;
    dk_status status = dk_view_documents(kind, viewer) ? kind_has_documents(store, kind, generation, &has, err) : DK_OK;
    if (status != DK_OK || !has)
        return status;
    if ((status = dk_sql_kept(store, &store->catalogue->kinds[0], DK_STMT_DOCUMENTS, &stmt, err)) != DK_OK)
        return status;
    dk_buf_init(&memory);
    sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, generation);
    sqlite3_bind_text(stmt, 3, key, -1, SQLITE_STATIC);
    while (more && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        if (!asked) /* most rows have no documents, and need not be read */
            status = division_of(store, kind, key, generation, &memory, &division, &published, err);
        asked = true;
        if (status != DK_OK || !published)
            break;
        const dk_document document = document_of(stmt);
        if (dk_view_document(kind, document.audience, viewer, division))
            more = each(&document, user);
    }
    sqlite3_reset(stmt);
    dk_buf_finish(&memory);
    return status == DK_END ? DK_OK : status;
}

/* Opens the bytes of a document, if their number is right. */
static dk_status open_bytes(dk_store *store, const dk_document *document, int *ret_fd, dk_error *err)
{
    char name[DK_SHA256_HEX + 1];
    struct stat info;
    int folder = -1;
    dk_status status = open_folder(store, false, &folder, err);
    if (status != DK_OK)
        return status;
    name_of(document->sha256, name);
    const int fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        status = dk_fail(err, DK_IO, "%s.documents/%s: %s; restore it from a backup", store->file, name,
                         folder < 0 ? "there is no such folder" : strerror(errno));
    } else if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size != document->size) {
        status = dk_fail(err, DK_CORRUPT, "%s.documents/%s: is not what was attached; restore it from a backup",
                         store->file, name);
        close(fd);
    } else {
        *ret_fd = fd;
    }
    if (folder >= 0)
        close(folder);
    return status;
}

dk_status dk_document_open(dk_store *store, const char *sha256, const dk_viewer *viewer, int64_t generation,
                           void (*each)(const dk_document *document, void *user), void *user, int *ret_fd,
                           dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    bool found = false;
    dk_buf memory;
    dk_status status = is_digest(sha256) ? dk_sql_kept(store, &store->catalogue->kinds[0], DK_STMT_DOCUMENT, &stmt, err)
                                         : dk_fail(err, DK_NOT_FOUND, "there is no such document");
    if (status != DK_OK)
        return status;
    dk_buf_init(&memory);
    sqlite3_bind_text(stmt, 1, sha256, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, generation);
    while (!found && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const dk_document document = document_of(stmt);
        const dk_kind *kind = dk_catalogue_kind(store->catalogue, text_of(stmt, 8));
        const char *division = NULL;
        bool published = false;
        if (kind == NULL || !dk_view_documents(kind, viewer))
            continue;
        status = division_of(store, kind, text_of(stmt, 9), generation, &memory, &division, &published, err);
        if (status != DK_OK)
            break;
        if (!published || !dk_view_document(kind, document.audience, viewer, division))
            continue;
        found = true;
        if ((status = open_bytes(store, &document, ret_fd, err)) == DK_OK)
            each(&document, user);
    }
    sqlite3_reset(stmt);
    dk_buf_finish(&memory);
    if (status == DK_END)
        return dk_fail(err, DK_NOT_FOUND, "there is no such document");
    return status;
}

/* ---- what waits ---- */

/* Whether such a document of a row, as it was written last, is the viewer's to look at before it is published. */
static dk_status is_previewed(dk_store *store, const dk_kind *kind, const char *key, const dk_document *document,
                              const dk_viewer *viewer, dk_buf *memory, bool *ret_seen, dk_error *err)
{
    const char *division = NULL;
    const dk_status status = newest_division(store, kind, key, memory, &division, err);
    *ret_seen = status == DK_OK && viewer->audience >= DK_STAFF && dk_viewer_covers(kind, viewer, division) &&
                dk_view_document(kind, document->audience, viewer, division);
    return status;
}

/* The attachments of a batch that waits, from one on, or that of a digest. */
static dk_status prepare_waiting(dk_store *store, int64_t batch, int64_t after, const char *sha256,
                                 sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_status status =
        dk_sql_prepare(store,
                       "SELECT a.sha256,d.size,d.media_type,d.pages,a.name,a.audience,a.attached_at,a.actor,"
                       "a.kind,a.key,a.id FROM dikuai_batch b CROSS JOIN dikuai_attachment a ON a.batch=b.id"
                       " CROSS JOIN dikuai_document d ON d.sha256=a.sha256 WHERE b.id=?1 AND b.state='staged'"
                       " AND a.id>?2 AND (?3 IS NULL OR a.sha256=?3) ORDER BY a.id",
                       ret_stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(*ret_stmt, 1, batch);
    sqlite3_bind_int64(*ret_stmt, 2, after);
    if (sha256 != NULL)
        sqlite3_bind_text(*ret_stmt, 3, sha256, -1, SQLITE_STATIC);
    return DK_OK;
}

dk_status dk_documents_waiting(dk_store *store, int64_t batch, const dk_viewer *viewer, int64_t after,
                               bool (*each)(const dk_waiting_document *waiting, void *user), void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    bool more = true, seen = false;
    dk_buf memory;
    dk_buf_init(&memory);
    dk_status status = prepare_waiting(store, batch, after, NULL, &stmt, err);
    while (status == DK_OK && more && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const dk_waiting_document waiting = {.document = document_of(stmt),
                                             .kind = dk_catalogue_kind(store->catalogue, text_of(stmt, 8)),
                                             .key = text_of(stmt, 9),
                                             .id = sqlite3_column_int64(stmt, 10)};
        if (waiting.kind == NULL)
            continue;
        status = is_previewed(store, waiting.kind, waiting.key, &waiting.document, viewer, &memory, &seen, err);
        if (status == DK_OK && seen)
            more = each(&waiting, user);
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&memory);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_document_open_waiting(dk_store *store, int64_t batch, const char *sha256, const dk_viewer *viewer,
                                   void (*each)(const dk_document *document, void *user), void *user, int *ret_fd,
                                   dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    bool seen = false;
    dk_buf memory;
    dk_buf_init(&memory);
    dk_status status = is_digest(sha256) ? prepare_waiting(store, batch, 0, sha256, &stmt, err) : DK_END;
    while (status == DK_OK && !seen && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const dk_document document = document_of(stmt);
        const dk_kind *kind = dk_catalogue_kind(store->catalogue, text_of(stmt, 8));
        if (kind == NULL)
            continue;
        status = is_previewed(store, kind, text_of(stmt, 9), &document, viewer, &memory, &seen, err);
        if (status == DK_OK && seen && (status = open_bytes(store, &document, ret_fd, err)) == DK_OK)
            each(&document, user);
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&memory);
    return status == DK_END ? dk_fail(err, DK_NOT_FOUND, "there is no such document") : status;
}

/* ---- checking ---- */

static void verify_one(dk_store *store, int folder, const char *sha256, int64_t size,
                       void (*tell)(const char *sentence, void *user), void *user)
{
    char name[DK_SHA256_HEX + 1], found[DK_SHA256_HEX], sentence[600];
    const char *problem = NULL;
    int64_t found_size = 0;
    bool wrote;
    if (!is_digest(sha256)) {
        snprintf(sentence, sizeof sentence, "document %.80s: is not named by a digest", sha256);
        tell(sentence, user);
        return;
    }
    name_of(sha256, name);
    const int fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        problem = folder < 0 || errno == ENOENT ? "is missing" : "cannot be opened";
    else if (!read_all(fd, -1, found, &found_size, &wrote))
        problem = "cannot be read";
    else if (found_size != size || strcmp(found, sha256) != 0)
        problem = "is damaged: its bytes are not those of its name";
    if (fd >= 0)
        close(fd);
    if (problem == NULL)
        return;
    snprintf(sentence, sizeof sentence,
             "document %s.documents/%s: %s; restore it from a backup, or remove it and attach the scan again",
             store->file, name, problem);
    tell(sentence, user);
}

dk_status dk_documents_verify(dk_store *store, void (*tell)(const char *sentence, void *user), void *user,
                              dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int folder = -1;
    dk_status status = open_folder(store, false, &folder, err);
    if (status == DK_OK)
        status = dk_sql_prepare(store,
                                "SELECT 'a document of '||kind||' '||key||' that the store does not know'"
                                " FROM dikuai_attachment a WHERE NOT EXISTS"
                                " (SELECT 1 FROM dikuai_document d WHERE d.sha256=a.sha256)",
                                &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK)
        tell(text_of(stmt, 0), user);
    sqlite3_finalize(stmt);
    stmt = NULL;
    /* One at a time: a statement that stays open would hold a snapshot for as long as a terabyte takes to read. */
    char last[DK_SHA256_HEX] = "";
    if (status == DK_END)
        status = dk_sql_prepare(
            store, "SELECT sha256,size FROM dikuai_document WHERE sha256>?1 ORDER BY sha256 LIMIT 1", &stmt, err);
    while (status == DK_OK) {
        sqlite3_bind_text(stmt, 1, last, -1, SQLITE_STATIC);
        if ((status = dk_sql_step(store, stmt, err)) != DK_OK)
            break;
        char sha256[DK_SHA256_HEX];
        snprintf(sha256, sizeof sha256, "%s", text_of(stmt, 0));
        const bool endless = strcmp(sha256, last) <= 0; /* a name that is longer than a digest, cut */
        const int64_t size = sqlite3_column_int64(stmt, 1);
        sqlite3_reset(stmt);
        if (endless)
            break;
        memcpy(last, sha256, sizeof last);
        verify_one(store, folder, sha256, size, tell, user);
    }
    sqlite3_finalize(stmt);
    if (folder >= 0)
        close(folder);
    return status == DK_END ? DK_OK : status;
}
