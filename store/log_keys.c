#include "store/log_keys.h"

#include "store/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096

/* ---- the file ---- */

dk_status dk_store_log_key(dk_store *store, const char *path, dk_error *err)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    free(store->log_key);
    store->log_key = copy;
    return DK_OK;
}

/* Appends the path of the file. */
static const char *path_of(dk_store *store, dk_buf *path)
{
    if (store->log_key != NULL)
        dk_buf_text(path, store->log_key);
    else
        dk_buf_format(path, "%s.log-key", store->file);
    return dk_buf_cstr(path);
}

static bool read_whole(int fd, char *text, size_t *ret_size)
{
    size_t size = 0;
    for (;;) {
        const ssize_t n = read(fd, text + size, FILE_MAX - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        size += (size_t)n;
        if (n == 0 || size == FILE_MAX)
            break;
    }
    *ret_size = size;
    return true;
}

static dk_status read_keys(const char *path, char *text, size_t size, dk_log_signers *signers, dk_error *err)
{
    dk_status status = DK_OK;
    for (char *at = text, *end = text + size; status == DK_OK && at < end;) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        char *next = newline != NULL ? newline + 1 : end;
        size_t n = (size_t)((newline != NULL ? newline : end) - at);
        if (n > 0 && at[n - 1] == '\r')
            n--;
        if (n > 0 && signers->n == DK_LOG_SIGNERS)
            return dk_fail(err, DK_INVALID,
                           "%s: has more than %d keys; it must be one of Ed25519 and perhaps one of SM2", path,
                           DK_LOG_SIGNERS);
        if (n > 0) {
            dk_error why;
            status = dk_note_key_read_private(at, n, &signers->keys[signers->n], &why);
            if (status == DK_OK)
                signers->n++;
            else
                dk_fail(err, status, "%s: is no file of private keys as dikuai-ingest log makes it: %s", path,
                        why.text);
        }
        at = next;
    }
    if (status != DK_OK)
        return status;
    if (signers->n == 0 || signers->keys[0].algorithm != DK_NOTE_ED25519 ||
        (signers->n == 2 &&
         (signers->keys[1].algorithm != DK_NOTE_SM2 || strcmp(signers->keys[0].name, signers->keys[1].name) != 0)))
        return dk_fail(err, DK_INVALID,
                       "%s: must have a private key of Ed25519 in its first line, and perhaps one of SM2 of the same "
                       "name in its second",
                       path);
    return DK_OK;
}

dk_status dk_log_signers_read(const char *path, dk_log_signers *ret_signers, dk_error *err)
{
    char text[FILE_MAX];
    size_t size = 0;
    struct stat info;
    dk_log_signers signers = {.n = 0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return dk_fail(err, errno == ENOENT ? DK_NOT_FOUND : DK_IO, "%s: cannot be opened: %s", path, strerror(errno));
    dk_status status = DK_OK;
    if (fstat(fd, &info) != 0)
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        status = dk_fail(err, DK_CONFLICT, "%s: others may read it, and it has private keys; chmod 600 it", path);
    else if (!read_whole(fd, text, &size))
        status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
    else
        status = read_keys(path, text, size, &signers, err);
    close(fd);
    explicit_bzero(text, sizeof text);
    if (status == DK_OK)
        *ret_signers = signers;
    else
        dk_log_signers_finish(&signers);
    return status;
}

void dk_log_signers_finish(dk_log_signers *signers)
{
    for (size_t i = 0; i < signers->n; i++)
        dk_note_key_finish(&signers->keys[i]);
    signers->n = 0;
}

/* Makes the file, which must not be there, on the disk. */
static dk_status write_file(const char *path, const dk_log_signers *signers, dk_error *err)
{
    dk_buf text;
    dk_buf_init(&text);
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < signers->n; i++) {
        status = dk_note_key_write_private(&signers->keys[i], &text, err);
        dk_buf_byte(&text, '\n');
    }
    if (status == DK_OK && text.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    const int fd = status == DK_OK ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    if (status == DK_OK && fd < 0)
        status =
            errno == EEXIST
                ? dk_fail(err, DK_CONFLICT, "%s: is there already; a key is never written over, move it away", path)
                : dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO, "%s: cannot be made: %s", path, strerror(errno));
    if (fd >= 0) {
        if (write(fd, text.data, text.size) != (ssize_t)text.size || fsync(fd) != 0) {
            status =
                dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO, "%s: cannot be written: %s", path, strerror(errno));
            unlink(path);
        }
        close(fd);
    }
    if (text.data != NULL)
        explicit_bzero(text.data, text.size);
    dk_buf_finish(&text);
    return status;
}

/* ---- those that the store knows ---- */

void dk_log_keys_free(dk_log_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dk_note_key_finish(&keys[i].key);
    free(keys);
}

dk_status dk_log_keys_known(dk_store *store, dk_log_key **ret_keys, size_t *ret_n, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_log_key *keys = NULL;
    size_t n = 0, capacity = 0;
    dk_status status = dk_sql_prepare(
        store, "SELECT key,from_generation,from_size,to_generation FROM log_key ORDER BY number", &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (!dk_grow(&keys, &capacity, n + 1, sizeof *keys)) {
            status = dk_fail(err, DK_NOMEM, "out of memory");
            break;
        }
        dk_error why;
        status = dk_note_key_read(text != NULL ? text : "", (size_t)sqlite3_column_bytes(stmt, 0), &keys[n].key, &why);
        if (status != DK_OK) {
            status = dk_fail(err, status == DK_NOMEM ? DK_NOMEM : DK_CORRUPT,
                             "%s: a public key of the publication log was changed: %s", store->path, why.text);
            break;
        }
        keys[n].from_generation = sqlite3_column_int64(stmt, 1);
        keys[n].from_size = sqlite3_column_int64(stmt, 2);
        keys[n].to_generation = sqlite3_column_int64(stmt, 3);
        n++;
    }
    sqlite3_finalize(stmt);
    if (status == DK_END) {
        *ret_keys = keys;
        *ret_n = n;
        return DK_OK;
    }
    dk_log_keys_free(keys, n);
    return status;
}

static bool same_key(const dk_note_key *a, const dk_note_key *b)
{
    return a->id == b->id && a->algorithm == b->algorithm && strcmp(a->name, b->name) == 0;
}

static size_t current_of(const dk_log_key *keys, size_t n)
{
    size_t current = 0;
    for (size_t i = 0; i < n; i++)
        current += keys[i].to_generation == 0;
    return current;
}

dk_status dk_log_signers_of(dk_store *store, dk_log_signers *ret_signers, dk_error *err)
{
    dk_buf path;
    dk_log_signers signers = {.n = 0};
    dk_log_key *keys = NULL;
    size_t n = 0;
    dk_buf_init(&path);
    const char *file = path_of(store, &path);
    dk_error why = {0};
    dk_status status =
        file == NULL ? dk_fail(&why, DK_NOMEM, "out of memory") : dk_log_signers_read(file, &signers, &why);
    if (status == DK_NOT_FOUND && store->log_key == NULL) { /* the log is kept all the same */
        ret_signers->n = 0;
        status = DK_OK;
        goto out;
    }
    if (status != DK_OK)
        dk_fail(err, status, "%s", why.text);
    if (status == DK_OK)
        status = dk_log_keys_known(store, &keys, &n, err);
    for (size_t i = 0; status == DK_OK && i < signers.n; i++) {
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known |= keys[k].to_generation == 0 && same_key(&keys[k].key, &signers.keys[i]);
        if (!known)
            status =
                dk_fail(err, DK_CONFLICT,
                        "%s: its key is not the one of this store's log now; dikuai-ingest log %s show names that. If "
                        "a rotation was interrupted, the new key is in %s.new",
                        file, store->path, file);
    }
    if (status == DK_OK && current_of(keys, n) != signers.n)
        status = dk_fail(err, DK_CONFLICT, "%s: the log of this store is signed by %zu keys, and it has %zu", file,
                         current_of(keys, n), signers.n);
    dk_log_keys_free(keys, n);
    if (status == DK_OK)
        *ret_signers = signers;
    else
        dk_log_signers_finish(&signers);
out:
    dk_buf_finish(&path);
    return status;
}

/* ---- changing them ---- */

static dk_status make_keys(const char *name, bool sm2, dk_log_signers *signers, dk_error *err)
{
    dk_status status = dk_note_key_make(name, DK_NOTE_ED25519, &signers->keys[0], err);
    if (status != DK_OK)
        return status;
    signers->n = 1;
    if (sm2 && (status = dk_note_key_make(name, DK_NOTE_SM2, &signers->keys[1], err)) == DK_OK)
        signers->n = 2;
    return status;
}

/* The old keys end and the new ones begin, with the generation that is. */
static dk_status note_keys(dk_store *store, const dk_log_signers *signers, int64_t size, dk_error *err)
{
    int64_t generation = 0;
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_store_generation(store, &generation, err);
    if (status == DK_OK)
        status = dk_sql_prepare(store, "UPDATE log_key SET to_generation=max(?1,1) WHERE to_generation=0", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, generation);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    for (size_t i = 0; status == DK_OK && i < signers->n; i++) {
        dk_buf text;
        dk_buf_init(&text);
        stmt = NULL;
        status = dk_note_key_write(&signers->keys[i], &text, err);
        if (status == DK_OK)
            status = dk_sql_prepare(
                store, "INSERT INTO log_key(key,from_generation,from_size,to_generation) VALUES(?1,?2,?3,0)", &stmt,
                err);
        if (status == DK_OK) {
            sqlite3_bind_text64(stmt, 1, (const char *)text.data, text.size, SQLITE_STATIC, SQLITE_UTF8);
            sqlite3_bind_int64(stmt, 2, generation);
            sqlite3_bind_int64(stmt, 3, size);
            status = dk_sql_done(store, stmt, err);
        }
        sqlite3_finalize(stmt);
        dk_buf_finish(&text);
    }
    return status;
}

/* One transaction: the keys that sign, and what they sign. by: old and new ones. */
static dk_status sign_and_note(dk_store *store, const dk_note_key *by, size_t n, const dk_log_signers *signers,
                               dk_error *err)
{
    char now[24];
    dk_log *log = NULL;
    int64_t size = 0;
    dk_now(now);
    dk_status status = dk_sql_begin(store, err);
    if (status != DK_OK)
        return status;
    status = dk_log_open(store, &log, err);
    if (status == DK_OK)
        status = dk_log_refresh(log, &size, err);
    if (status == DK_OK && signers != NULL)
        status = note_keys(store, signers, size, err);
    if (status == DK_OK)
        status = dk_log_sign(log, by, n, now, err);
    dk_log_close(log);
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
    return status;
}

dk_status dk_log_keys_create(dk_store *store, const char *name, bool sm2, bool replace, dk_error *err)
{
    dk_log_signers signers = {.n = 0};
    dk_log_key *keys = NULL;
    size_t n = 0;
    dk_buf path;
    dk_buf_init(&path);
    dk_status status = dk_log_keys_known(store, &keys, &n, err);
    const size_t current = status == DK_OK ? current_of(keys, n) : 0;
    dk_log_keys_free(keys, n);
    if (status == DK_OK && current > 0 && !replace)
        status = dk_fail(err, DK_CONFLICT,
                         "%s: its log has a key; take a new one with dikuai-ingest log %s rotate, or if it is lost "
                         "with --replace",
                         store->path, store->path);
    if (status == DK_OK && !dk_note_name_valid(name, strlen(name)))
        status =
            dk_fail(err, DK_INVALID,
                    "%.100s: a log is called by a name without blanks and +; best is its address without https://, "
                    "such as dk.example.gov.cn/log",
                    name);
    if (status == DK_OK)
        status = make_keys(name, sm2, &signers, err);
    const char *file = status == DK_OK ? path_of(store, &path) : NULL;
    if (status == DK_OK)
        status = file == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : write_file(file, &signers, err);
    if (status == DK_OK && (status = sign_and_note(store, signers.keys, signers.n, &signers, err)) != DK_OK)
        unlink(file); /* no store knows it */
    dk_log_signers_finish(&signers);
    dk_buf_finish(&path);
    return status;
}

dk_status dk_log_keys_rotate(dk_store *store, const char *into, dk_error *err)
{
    dk_log_signers old = {.n = 0}, new = {.n = 0};
    dk_buf path, temporary;
    dk_buf_init(&path);
    dk_buf_init(&temporary);
    const char *file = path_of(store, &path);
    dk_buf_format(&temporary, "%s.new", file != NULL ? file : "");
    const char *first = into != NULL ? into : dk_buf_cstr(&temporary);
    dk_status status =
        file == NULL || first == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_log_signers_of(store, &old, err);
    if (status == DK_OK && old.n == 0)
        status = dk_fail(err, DK_NOT_FOUND,
                         "%s: is not there, and without the old key nothing shows that a new one is its owner's; if it "
                         "is lost: dikuai-ingest log %s create NAME --replace",
                         file, store->path);
    if (status == DK_OK)
        status = make_keys(old.keys[0].name, old.n == 2, &new, err);
    if (status == DK_OK)
        status = write_file(first, &new, err);
    if (status == DK_OK) {
        dk_note_key by[2 * DK_LOG_SIGNERS]; /* borrowed */
        for (size_t i = 0; i < old.n; i++)
            by[i] = old.keys[i];
        for (size_t i = 0; i < new.n; i++)
            by[old.n + i] = new.keys[i];
        if ((status = sign_and_note(store, by, old.n + new.n, &new, err)) != DK_OK)
            unlink(first);
        else if (into == NULL && rename(first, file) != 0)
            status =
                dk_fail(err, DK_IO, "%s: the log is signed by the new key, which is in %s and cannot be renamed: %s",
                        file, first, strerror(errno));
    }
    dk_log_signers_finish(&old);
    dk_log_signers_finish(&new);
    dk_buf_finish(&path);
    dk_buf_finish(&temporary);
    return status;
}

dk_status dk_log_signed(dk_log *log, const dk_log_signers *signers, bool *ret_signed, dk_error *err)
{
    dk_buf text;
    dk_note note;
    int64_t size = -1;
    uint64_t by = 0;
    dk_buf_init(&text);
    *ret_signed = false;
    dk_status status = dk_log_checkpoint(log, INT64_MAX, &text, &size, err);
    if (status == DK_OK && size == dk_log_tree_size(dk_log_tree_of(log)) &&
        dk_note_read((const char *)text.data, text.size, &note, NULL) == DK_OK) {
        *ret_signed = dk_note_verify(&note, signers->keys, signers->n, &by, NULL) == DK_OK &&
                      by == (UINT64_C(1) << signers->n) - 1;
        dk_note_finish(&note);
    }
    dk_buf_finish(&text);
    return status == DK_NOT_FOUND ? DK_OK : status;
}

dk_status dk_log_keys_sign(dk_store *store, bool *ret_signed, dk_error *err)
{
    dk_log_signers signers = {.n = 0};
    dk_log *log = NULL;
    bool is_signed = false;
    dk_status status = dk_log_signers_of(store, &signers, err);
    if (status == DK_OK && signers.n == 0)
        status =
            dk_fail(err, DK_NOT_FOUND,
                    "%s: there is no key beside it that could sign; make one with dikuai-ingest log %s create NAME, "
                    "or name its file with --log-key",
                    store->path, store->path);
    if (status == DK_OK)
        status = dk_log_open(store, &log, err);
    if (status == DK_OK)
        status = dk_log_signed(log, &signers, &is_signed, err);
    dk_log_close(log);
    if (status == DK_OK && !is_signed)
        status = sign_and_note(store, signers.keys, signers.n, NULL, err);
    if (status == DK_OK)
        *ret_signed = !is_signed;
    dk_log_signers_finish(&signers);
    return status;
}
