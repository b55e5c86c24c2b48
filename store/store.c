#include "store/anchor.h"
#include "store/asked.h"
#include "store/catalogue_version.h"
#include "store/cql2_sql.h"
#include "store/day.h"
#include "store/feed_table.h"
#include "store/log_table.h"
#include "store/posts.h"
#include "store/selection.h"
#include "store/taken.h"
#include "store/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* By measurement (tests/bench/README.md): cell rows of up to 4 KB stay on their page, where 4096-byte pages make one
 * in twenty overflow. */
#define PAGE_SIZE_SQL "PRAGMA page_size=16384"
#define APPLICATION_ID 0x47504B47 /* "GPKG", OGC 12-128r17 §1.1.1.1.1 */

void dk_store_process_begin(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD); /* a handle is used by one thread at a time */
}

dk_status dk_store_read_begin(dk_store *store, double seconds, dk_error *err)
{
    dk_sql_limit_answer(store, seconds);
    const dk_status status = dk_sql_begin_reading(store, err);
    if (status != DK_OK)
        dk_sql_limit_answer(store, 0);
    return status;
}

void dk_store_read_end(dk_store *store)
{
    dk_sql_limit_answer(store, 0);
    dk_sql_end_reading(store);
}

void dk_now(char ret_text[24])
{
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(ret_text, 24, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static dk_status open_database(dk_store *store, int flags, dk_error *err)
{
    const int code =
        sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (store->db == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (code != SQLITE_OK)
        return dk_fail(err, DK_IO, "%s: cannot be opened as a store: %s", store->path, sqlite3_errmsg(store->db));
    sqlite3_busy_timeout(store->db, DK_BUSY_WAIT_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    const dk_status status = dk_places_register(store->db, err);
    return status == DK_OK ? dk_feed_register(store->db, err) : status;
}

/* The one writer holds a lock on STORE-lock: not on the store itself, whose locks are SQLite's. */
static dk_status take_lock(dk_store *store, dk_error *err)
{
    dk_buf path;
    dk_buf_init(&path);
    dk_buf_format(&path, "%s-lock", store->file);
    const char *text = dk_buf_cstr(&path);
    dk_status status = DK_OK;
    if (text == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    else if ((store->lock = open(text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
        status = dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO,
                         "%s: cannot be made: %s; its folder must be there and writable", text, strerror(errno));
    else if (flock(store->lock, LOCK_EX | LOCK_NB) != 0)
        status = dk_fail(err, DK_BUSY, "%s: another dikuai-ingest is writing to it; wait for it to end", store->path);
    dk_buf_finish(&path);
    return status;
}

char *dk_store_file(const char *path)
{
    struct stat info;
    const bool link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    char *file = link ? realpath(path, NULL) : NULL;
    return file != NULL || (link && errno == ENOMEM) ? file : strdup(path);
}

static dk_store *store_new(const char *path, dk_open_mode mode)
{
    dk_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return NULL;
    store->lock = -1;
    store->mode = mode;
    store->path = strdup(path);
    store->file = dk_store_file(path);
    if (store->path == NULL || store->file == NULL) {
        free(store->file);
        free(store->path);
        free(store);
        return NULL;
    }
    return store;
}

static void forget_levels(dk_store *store)
{
    for (size_t i = 0; i < DK_MAX_KINDS; i++)
        free(store->levels[i].cells);
    memset(store->levels, 0, sizeof store->levels);
}

void dk_store_close(dk_store *store)
{
    if (store == NULL)
        return;
    dk_sql_finalize_all(store);
    if (store->db != NULL) {
        dk_wal_end(store);
        sqlite3_close(store->db);
    }
    if (store->lock >= 0)
        close(store->lock);
    dk_catalogue_free(store->catalogue);
    dk_anchor_free(store->anchor);
    forget_levels(store);
    free(store->raised);
    dk_buf_finish(&store->large);
    free(store->log_key);
    free(store->file);
    free(store->path);
    free(store);
}

const dk_catalogue *dk_store_catalogue(const dk_store *store)
{
    return store->catalogue;
}

/* SQLite makes of :memory: a database that is no file, and of file: an address with parameters. */
static dk_status check_name(const char *path, dk_error *err)
{
    return strcmp(path, ":memory:") == 0 || strncmp(path, "file:", 5) == 0
               ? dk_fail(err, DK_INVALID, "%s: is no name that a store can have; put ./ before it, or choose another",
                         path)
               : DK_OK;
}

dk_status dk_store_create(const char *path, const char *catalogue_yaml, size_t size, const char *origin, dk_error *err)
{
    dk_status status = check_name(path, err);
    if (status != DK_OK)
        return status;
    dk_store *store = store_new(path, DK_WRITE);
    if (store == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    bool made = false;
    status = dk_catalogue_parse(catalogue_yaml, size, origin, &store->catalogue, err);
    if (status == DK_OK)
        status = take_lock(store, err);
    /* Made by us and not by SQLite: never over or through what is there, and for its owner's eyes only, for it holds
     * identity numbers. SQLite gives the files beside it the same mode. */
    const int fd = status == DK_OK ? open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    if (status == DK_OK && fd < 0)
        status = errno == EEXIST
                     ? dk_fail(err, DK_CONFLICT,
                               "%s: exists already; a store is only made anew, remove it or choose another name", path)
                     : dk_fail(err, errno == ENOSPC ? DK_FULL : DK_IO, "%s: cannot be made: %s", path, strerror(errno));
    if (fd >= 0) {
        made = true;
        close(fd);
        status = open_database(store, SQLITE_OPEN_READWRITE, err);
    }
    if (status == DK_OK)
        status = dk_sql_run(store,
                            PAGE_SIZE_SQL ";PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                                          "PRAGMA application_id=1196444487;PRAGMA user_version=10300",
                            err);
    if (status == DK_OK)
        status = dk_schema_create(store, catalogue_yaml, size, err);
    dk_store_close(store);
    if (status != DK_OK && made)
        unlink(path);
    return status;
}

static dk_status pragma_integer(dk_store *store, const char *sql, int64_t *ret_value, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    status = dk_sql_step(store, stmt, err);
    if (status == DK_OK)
        *ret_value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status == DK_END ? dk_fail(err, DK_CORRUPT, "%s: is not a dikuai store", store->path) : status;
}

static dk_status check_version(dk_store *store, dk_error *err)
{
    int64_t id = 0, tables = 0, version = 0;
    dk_status status = pragma_integer(store, "PRAGMA application_id", &id, err);
    if (status != DK_OK)
        return status;
    status = pragma_integer(
        store, "SELECT count(*) FROM sqlite_master WHERE name IN ('dikuai_meta','dikuai_generation')", &tables, err);
    if (status != DK_OK)
        return status;
    if (id != APPLICATION_ID || tables != 2)
        return dk_fail(err, DK_CORRUPT, "%s: is not a dikuai store; make one with dikuai-ingest create", store->path);
    status = pragma_integer(store, "SELECT value FROM dikuai_meta WHERE name='version'", &version, err);
    if (status != DK_OK)
        return status;
    if (version != DK_STORE_VERSION)
        return dk_fail(err, DK_VERSION,
                       "%s: is a store of version %lld, this program reads version %d; use the dikuai of that version, "
                       "or load the sources into a new store",
                       store->path, (long long)version, DK_STORE_VERSION);
    return DK_OK;
}

static dk_status read_catalogue(dk_store *store, dk_error *err)
{
    dk_status status = dk_catalogue_at(store, INT64_MAX, &store->catalogue, &store->catalogue_since, err);
    if (status == DK_OK)
        status = dk_cql2_functions(store->db, store->catalogue, err);
    if (status == DK_OK)
        dk_schema_indexed(store->catalogue, store->indexed);
    return status;
}

dk_status dk_store_catalogue_again(dk_store *store, dk_error *err)
{
    dk_sql_finalize_all(store);
    forget_levels(store);
    memset(&store->document_kinds, 0, sizeof store->document_kinds);
    memset(store->indexed, 0, sizeof store->indexed);
    dk_anchor_free(store->anchor);
    store->anchor = NULL;
    free(store->raised);
    store->raised = NULL;
    dk_catalogue_free(store->catalogue);
    store->catalogue = NULL;
    return read_catalogue(store, err);
}

/* ---- recovery: what a killed load, publish or withdraw left ---- */

/* Rows are numbered in order, so those of a batch lie in a range; it is exact because one process writes at a time. */
static dk_status drop_batch_posts(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char sql[128];
    int64_t first = 1, last = 0;
    snprintf(sql, sizeof sql, "SELECT min(row),max(row) FROM row_%s WHERE batch=?1", kind->name);
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        status = dk_sql_step(store, stmt, err);
    }
    if (status == DK_OK && sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        first = sqlite3_column_int64(stmt, 0);
        last = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_finalize(stmt);
    if (status != DK_OK || first > last)
        return status;
    if ((status = dk_posts_drop(store, kind, first, last, err)) != DK_OK)
        return status;
    status = dk_terms_drop_unused(store, kind, err);
    return status == DK_CORRUPT ? DK_OK : status; /* reindex, which mends it, begins with this */
}

/* Takes the rows of a batch away, with their terms, in bounded transactions. */
static dk_status drop_batch_rows(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    sqlite3_stmt *rows = NULL, *repairs = NULL;
    const char *text;
    dk_status status = drop_batch_posts(store, kind, batch, err);
    if (status != DK_OK)
        goto out;
    dk_buf_format(&sql, "DELETE FROM row_%s WHERE row IN (SELECT row FROM row_%s WHERE batch=?1 LIMIT 20000)",
                  kind->name, kind->name);
    if ((text = dk_buf_cstr(&sql)) == NULL) {
        status = dk_fail(err, DK_NOMEM, "out of memory");
        goto out;
    }
    if ((status = dk_sql_prepare(store, text, &rows, err)) != DK_OK)
        goto out;
    if (kind->geometry != DK_NO_GEOMETRY) {
        dk_buf_clear(&sql);
        dk_buf_format(&sql, "DELETE FROM repair_%s WHERE row IN (SELECT row FROM row_%s WHERE batch=?1)", kind->name,
                      kind->name);
        text = dk_buf_cstr(&sql);
        status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, &repairs, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(repairs, 1, batch);
            status = dk_sql_done(store, repairs, err);
        }
        if (status != DK_OK)
            goto out;
    }
    do {
        sqlite3_bind_int64(rows, 1, batch);
        status = dk_sql_done(store, rows, err);
    } while (status == DK_OK && sqlite3_changes(store->db) > 0);
out:
    sqlite3_finalize(repairs);
    sqlite3_finalize(rows);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_batch_drop(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err)
{
    dk_status status = kind == NULL ? DK_OK : drop_batch_rows(store, kind, batch, err);
    sqlite3_stmt *stmt = NULL;
    static const char *const tails[] = {
        "DELETE FROM dikuai_file WHERE source IN (SELECT id FROM dikuai_source WHERE batch=?1)",
        "DELETE FROM dikuai_source WHERE batch=?1",
        "DELETE FROM dikuai_count WHERE batch=?1",
        "DELETE FROM dikuai_note WHERE batch=?1",
        "DELETE FROM dikuai_reject WHERE batch=?1",
        "DELETE FROM dikuai_finding WHERE batch=?1",
        "DELETE FROM dikuai_scan WHERE batch=?1",
        "DELETE FROM dikuai_brought WHERE batch=?1",
        "DELETE FROM dikuai_taken WHERE batch=?1",
        "DELETE FROM dikuai_asked WHERE batch=?1",
        "DELETE FROM dikuai_act WHERE batch=?1",
        "DELETE FROM dikuai_schedule WHERE batch=?1",
        "DELETE FROM dikuai_batch WHERE id=?1"};
    for (size_t i = 0; status == DK_OK && i < sizeof tails / sizeof *tails; i++) {
        status = dk_sql_prepare(store, tails[i], &stmt, err);
        if (status != DK_OK)
            break;
        sqlite3_bind_int64(stmt, 1, batch);
        status = dk_sql_done(store, stmt, err);
        sqlite3_finalize(stmt);
        stmt = NULL;
    }
    return status;
}

static dk_status drop_unfinished_loads(dk_store *store, dk_error *err)
{
    for (;;) {
        sqlite3_stmt *stmt = NULL;
        dk_status status =
            dk_sql_prepare(store, "SELECT id,kind FROM dikuai_batch WHERE state='loading' LIMIT 1", &stmt, err);
        if (status != DK_OK)
            return status;
        status = dk_sql_step(store, stmt, err);
        if (status != DK_OK) {
            sqlite3_finalize(stmt);
            return status == DK_END ? DK_OK : status;
        }
        const int64_t batch = sqlite3_column_int64(stmt, 0);
        const dk_kind *kind = dk_catalogue_kind(store->catalogue, (const char *)sqlite3_column_text(stmt, 1));
        sqlite3_finalize(stmt);
        if ((status = dk_batch_drop(store, kind, batch, err)) != DK_OK)
            return status;
    }
}

/* A publish or withdraw that did not reach its last commit: its generation is in dikuai_pending and not in
 * dikuai_generation. Lives and sheets of that generation go, ends are taken back. */
dk_status dk_pending_undo(dk_store *store, dk_error *err)
{
    int64_t pending = 0;
    dk_status status = pragma_integer(store, "SELECT coalesce(max(generation),0) FROM dikuai_pending", &pending, err);
    if (status != DK_OK || pending == 0)
        return status;
    if ((status = dk_sql_begin(store, err)) != DK_OK)
        return status;
    dk_buf sql;
    dk_buf_init(&sql);
    const long long g = (long long)pending;
    for (size_t i = 0; i < store->catalogue->n_kinds; i++) {
        const dk_kind *kind = &store->catalogue->kinds[i];
        dk_buf_format(&sql, "DELETE FROM life_%s WHERE born>=%lld;UPDATE life_%s SET died=0 WHERE died>=%lld;",
                      kind->name, g, kind->name, g);
        dk_buf_format(&sql, "DELETE FROM clock_%s WHERE born>=%lld;UPDATE clock_%s SET died=0 WHERE died>=%lld;",
                      kind->name, g, kind->name, g);
        if (kind->disclosure_field >=
            0) /* what was found for a day that is not reached; no rows that are published have it */
            dk_buf_format(
                &sql,
                "UPDATE clockset_%s SET turns=%d WHERE id IN (SELECT facts FROM clockuse_%s WHERE rows=0) AND NOT EXISTS"
                "(SELECT 1 FROM clockuse_%s u WHERE u.facts=clockset_%s.id AND u.rows>0);",
                kind->name, DK_NO_DAY + 1, kind->name, kind->name, kind->name);
        for (unsigned t = 0; kind->geometry != DK_NO_GEOMETRY && t < DK_SHEETS; t++) {
            const char *table = dk_sheet_table((dk_sheet)t);
            dk_buf_format(&sql,
                          "DELETE FROM %s_%s WHERE born>=%lld;UPDATE %s_%s SET died=0 WHERE id IN"
                          " (SELECT id FROM dead_%s WHERE generation>=%lld AND sheet=%u);",
                          table, kind->name, g, table, kind->name, kind->name, g, t);
        }
        if (kind->geometry != DK_NO_GEOMETRY) /* weights have no generations: the next change finds them anew */
            dk_buf_format(&sql, "DELETE FROM dead_%s WHERE generation>=%lld;DELETE FROM weight_%s;", kind->name, g,
                          kind->name);
    }
    dk_buf_format(&sql, "DELETE FROM dikuai_touched WHERE generation>=%lld;", g);
    dk_buf_text(&sql, "DELETE FROM dikuai_pending;");
    const char *text = dk_buf_cstr(&sql);
    status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_run(store, text, err);
    if (status == DK_OK)
        status = dk_log_cut(store, err);
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
    dk_buf_finish(&sql);
    return status;
}

dk_status dk_store_open(const char *path, dk_open_mode mode, dk_store **ret_store, dk_error *err)
{
    struct stat info;
    dk_status status = check_name(path, err);
    if (status != DK_OK)
        return status;
    if (stat(path, &info) != 0)
        return dk_fail(err, DK_IO, "%s: %s; give the path of a store made with dikuai-ingest create", path,
                       errno == ENOENT ? "there is no such file" : strerror(errno));
    if (!S_ISREG(info.st_mode))
        return dk_fail(err, DK_IO, "%s: is not a file; give the path of a store", path);
    dk_store *store = store_new(path, mode);
    if (store == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    status = mode == DK_WRITE ? take_lock(store, err) : DK_OK;
    if (status == DK_OK)
        status = open_database(store, mode == DK_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, err);
    if (status == DK_OK)
        status = check_version(store, err);
    if (status == DK_OK)
        status =
            dk_sql_run(store,
                       mode == DK_WRITE ? "PRAGMA secure_delete=ON;" /* what is redacted was nowhere left before */
                                          "PRAGMA synchronous=NORMAL;PRAGMA cache_size=-65536;"
                                          "PRAGMA journal_size_limit=67108864;"
                                          "PRAGMA temp_store=MEMORY"
                                        : "PRAGMA query_only=1;PRAGMA cache_size=-8192;PRAGMA mmap_size=2147418112",
                       err);
    if (status == DK_OK)
        status = read_catalogue(store, err);
    if (status == DK_OK && mode == DK_WRITE) {
        dk_wal_keep_short(store);
        status = dk_taken_prepare(store, err);
        if (status == DK_OK)
            status = dk_asked_prepare(store, err);
        if (status == DK_OK)
            status = dk_pending_undo(store, err);
        if (status == DK_OK)
            status = drop_unfinished_loads(store, err);
    }
    if (status != DK_OK) {
        dk_store_close(store);
        return status;
    }
    *ret_store = store;
    return DK_OK;
}

dk_status dk_store_generation_info(dk_store *store, dk_generation *ret_info, dk_error *err)
{
    dk_status status = DK_OK;
    if (store->generation == NULL)
        status = dk_sql_prepare(store,
                                "SELECT number,at,(SELECT max(generation) FROM dikuai_catalogue) FROM dikuai_generation"
                                " ORDER BY number DESC LIMIT 1",
                                &store->generation, err);
    if (status != DK_OK)
        return status;
    status = dk_sql_step(store, store->generation, err);
    if (status == DK_OK) {
        ret_info->number = sqlite3_column_int64(store->generation, 0);
        ret_info->catalogue = sqlite3_column_int64(store->generation, 2);
        snprintf(ret_info->at, sizeof ret_info->at, "%s", (const char *)sqlite3_column_text(store->generation, 1));
    } else if (status == DK_END) {
        status = dk_fail(err, DK_CORRUPT, "%s: has no generation", store->path);
    }
    sqlite3_reset(store->generation);
    return status;
}

dk_status dk_store_generation(dk_store *store, int64_t *ret_generation, dk_error *err)
{
    dk_generation info;
    const dk_status status = dk_store_generation_info(store, &info, err);
    if (status == DK_OK)
        *ret_generation = info.number;
    return status;
}

dk_status dk_store_batches(dk_store *store, bool (*each)(const dk_batch *batch, void *user), void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        store,
        "SELECT b.id,b.kind,b.title,b.source,b.state,b.created_at,b.rows,b.published_in,b.withdrawn_in,b.datum,"
        "coalesce(l.actor,''),coalesce(v.act,''),coalesce(v.actor,''),coalesce(v.reason,''),coalesce(s.due,''),"
        "coalesce(g.reason,''),s.due<strftime('%Y-%m-%dT%H:%M:%SZ','now')"
        " FROM dikuai_batch b LEFT JOIN dikuai_act l ON l.id=(SELECT min(id) FROM dikuai_act WHERE batch=b.id AND act='loaded')"
        " LEFT JOIN dikuai_act v ON v.id=(SELECT max(id) FROM dikuai_act WHERE batch=b.id"
        " AND act IN ('approved','rejected','lapsed'))"
        " LEFT JOIN dikuai_schedule s ON s.batch=b.id"
        " LEFT JOIN dikuai_generation g ON g.number=b.withdrawn_in AND b.withdrawn_in>0 ORDER BY b.id",
        &stmt, err);
    if (status != DK_OK)
        return status;
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *verdict = (const char *)sqlite3_column_text(stmt, 11);
        const bool staged = strcmp((const char *)sqlite3_column_text(stmt, 4), "staged") == 0;
        const dk_batch batch = {
            .id = sqlite3_column_int64(stmt, 0),
            .kind = (const char *)sqlite3_column_text(stmt, 1),
            .title = (const char *)sqlite3_column_text(stmt, 2),
            .source = (const char *)sqlite3_column_text(stmt, 3),
            .state = staged && verdict[0] == 'a'   ? "reviewed"
                     : staged && verdict[0] == 'r' ? "rejected"
                                                   : (const char *)sqlite3_column_text(stmt, 4),
            .created_at = (const char *)sqlite3_column_text(stmt, 5),
            .rows = sqlite3_column_int64(stmt, 6),
            .published_in = sqlite3_column_int64(stmt, 7),
            .withdrawn_in = sqlite3_column_int64(stmt, 8),
            .datum = (const char *)sqlite3_column_text(stmt, 9),
            .loader = (const char *)sqlite3_column_text(stmt, 10),
            .reviewer = verdict[0] == 'l' ? "" : (const char *)sqlite3_column_text(stmt, 12),
            .reason = (const char *)sqlite3_column_text(stmt, staged ? 13 : 15),
            .due = (const char *)sqlite3_column_text(stmt, 14),
            .overdue = sqlite3_column_int(stmt, 16) != 0,
        };
        if (!each(&batch, user)) {
            status = DK_END;
            break;
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_batch_life_of(dk_store *store, int64_t batch, dk_batch_life *ret_life, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, &store->catalogue->kinds[0], DK_STMT_BATCH, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    status = dk_sql_step(store, stmt, err);
    if (status == DK_OK)
        *ret_life = (dk_batch_life){.state = ((const char *)sqlite3_column_text(stmt, 0))[0],
                                    .published_in = sqlite3_column_int64(stmt, 1),
                                    .withdrawn_in = sqlite3_column_int64(stmt, 2)};
    else if (status == DK_END)
        status = dk_fail(err, DK_NOT_FOUND, "%s: there is no batch %lld; see dikuai-ingest batches", store->path,
                         (long long)batch);
    sqlite3_reset(stmt);
    return status;
}
