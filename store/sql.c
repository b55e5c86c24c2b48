#include "store/handle.h"
#include "store/linked.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Whether the system took no more bytes. SQLite has a code of its own for a full disk, and none for a used up quota and
 * for a file that may not grow: of 4 GB on a FAT disk, or of what ulimit -f allows. */
static bool is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

static dk_status status_of(int code, int system_error)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return DK_OK;
    case SQLITE_NOMEM:
        return DK_NOMEM;
    case SQLITE_FULL:
        return DK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return DK_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DK_BUSY;
    case SQLITE_IOERR:
        return is_full(system_error) ? DK_FULL : DK_IO;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return DK_IO;
    case SQLITE_TOOBIG:
        return DK_LIMIT;
    case SQLITE_INTERRUPT:
        return DK_LIMIT;
    default:
        return DK_INTERNAL;
    }
}

static bool no_permission(int code)
{
    const int primary = code & 0xff;
    return primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN || primary == SQLITE_PERM;
}

dk_status dk_sql_fail(dk_store *store, dk_error *err, const char *doing)
{
    const int error = errno; /* of a COMMIT, sqlite3_system_errno does not have it */
    const dk_status status = status_of(sqlite3_extended_errcode(store->db), error);
    if (store->late) /* said to whoever asked: nothing of the file */
        return dk_query_too_slow(err);
    switch (status) {
    case DK_FULL:
        if (error == EFBIG)
            return dk_fail(
                err, status,
                "%s: its files may not grow any more here (while %s), by a limit of this user (ulimit -f) or of the "
                "disk's format; raise the limit, or move the store to another disk, and repeat the command",
                store->path, doing);
        return dk_fail(err, status, "%s: the disk is full%s (while %s); free some space and repeat the command",
                       store->path, error == EDQUOT ? " for this user, whose quota is used up" : "", doing);
    case DK_CORRUPT:
        return dk_fail(err, status, "%s: is not a dikuai store or is damaged (%s, while %s); restore it from a backup",
                       store->path, sqlite3_errmsg(store->db), doing);
    case DK_BUSY: /* not another dikuai-ingest: that is kept out by STORE-lock */
        return dk_fail(err, status,
                       "%s: another program keeps it locked (while %s); end it, or its editing, and repeat the command",
                       store->path, doing);
    case DK_OK: /* SQLite saw nothing wrong, the caller did */
        return dk_fail(err, DK_INTERNAL, "%s: unexpected result while %s", store->path, doing);
    case DK_IO:
        if (no_permission(sqlite3_extended_errcode(store->db)))
            return dk_fail(
                err, status,
                "%s: may not be written by this user, or its folder may not, where also readers keep %s-wal and %s-shm; "
                "change who may, or copy the store to a folder of your own",
                store->path, store->file, store->file);
        return dk_fail(err, status, "%s: %s (while %s)", store->path, sqlite3_errmsg(store->db), doing);
    default:
        return dk_fail(err, status, "%s: %s (while %s)", store->path, sqlite3_errmsg(store->db), doing);
    }
}

dk_status dk_sql_run(dk_store *store, const char *sql, dk_error *err)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return dk_sql_fail(store, err, "changing the store");
    return DK_OK;
}

dk_status dk_sql_prepare(dk_store *store, const char *sql, sqlite3_stmt **ret_stmt, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        return dk_sql_fail(store, err, "reading the store's tables");
    *ret_stmt = stmt;
    return DK_OK;
}

/* The columns f_… of a kind, each after a comma. */
static void append_fields(const dk_kind *kind, dk_buf *sql)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        dk_buf_format(sql, ",f_%s", kind->fields[i].name);
}

/* Statements of one of the tables of sheets. */
static void append_sheet_sql(const dk_kind *kind, dk_stmt_id id, dk_buf *sql)
{
    const unsigned n = (unsigned)id - DK_STMT_SHEET_SCAN;
    const char *t = dk_sheet_table((dk_sheet)(n % DK_SHEETS)), *k = kind->name;
    switch (DK_STMT_SHEET_SCAN + n / DK_SHEETS * DK_SHEETS) {
    case DK_STMT_SHEET_SCAN:
        /* The data of what is not wanted is not touched: it would be copied. The masks take the columns' and the rows'
         * bits out of the id, which compare as the numbers do. */
        dk_buf_format(sql,
                      "SELECT id,CASE WHEN (id&%lld) BETWEEN ?3 AND ?4 AND (id&%lld) BETWEEN ?5 AND ?6 AND born<=?7 "
                      "AND (died=0 OR died>?7) THEN CASE WHEN length(data)<=?8 THEN data ELSE length(data) END END "
                      "FROM %s_%s WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
                      (long long)dk_sheet_column_bits, (long long)dk_sheet_row_bits, t, k);
        break;
    case DK_STMT_SHEET_OPEN:
        dk_buf_format(sql, "SELECT id,born,data FROM %s_%s WHERE id BETWEEN ?1 AND ?2 AND died=0", t, k);
        break;
    case DK_STMT_SHEET_INSERT:
        dk_buf_format(sql, "INSERT INTO %s_%s(id,born,died,data) VALUES(?1,?2,0,?3)", t, k);
        break;
    case DK_STMT_SHEET_CHANGE:
        dk_buf_format(sql, "UPDATE %s_%s SET data=?2 WHERE id=?1", t, k);
        break;
    case DK_STMT_SHEET_END:
        dk_buf_format(sql, "UPDATE %s_%s SET died=?2 WHERE id=?1", t, k);
        break;
    case DK_STMT_SHEET_DELETE:
        dk_buf_format(sql, "DELETE FROM %s_%s WHERE id=?1", t, k);
        break;
    case DK_STMT_SHEET_NEXT:
        dk_buf_format(sql, "SELECT id FROM %s_%s WHERE id>=?1 ORDER BY id LIMIT 1", t, k);
        break;
    case DK_STMT_SHEET_IDS:
        dk_buf_format(sql, "SELECT id FROM %s_%s WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3", t, k);
        break;
    default:
        break;
    }
}

void dk_sql_append_batch_rows(const dk_kind *kind, uint64_t fields, dk_buf *sql)
{
    dk_buf_format(sql, "SELECT row,key,replaces,feature,%s",
                  kind->geometry == DK_NO_GEOMETRY ? "NULL" : "substr(geom,9,32)");
    for (size_t i = 0; i < kind->n_fields; i++)
        if ((fields >> i & 1) != 0)
            dk_buf_format(sql, ",f_%s", kind->fields[i].name);
    dk_buf_format(sql, " FROM row_%s r WHERE batch=?1 AND row>?2", kind->name);
    dk_linked_append_originals(kind, sql);
    dk_buf_text(sql, " ORDER BY row LIMIT ?3");
}

static void append_field(const dk_kind *kind, int field, dk_buf *sql)
{
    if (field >= 0)
        dk_buf_format(sql, ",f_%s", kind->fields[field].name);
    else
        dk_buf_text(sql, ",NULL");
}

static void append_sql(const dk_kind *kind, dk_stmt_id id, dk_buf *sql)
{
    const char *k = kind->name;
    switch (id) {
    case DK_STMT_ROW:
    case DK_STMT_ROW_FIELDS:
        dk_buf_text(sql, "SELECT ");
        dk_row_columns(kind, "r", id == DK_STMT_ROW, sql);
        dk_buf_format(sql, " FROM row_%s r WHERE r.row=?1", k);
        break;
    case DK_STMT_ROWS: /* CROSS JOIN: in the order of what is fed */
        dk_buf_text(sql, "SELECT f.c0,");
        dk_row_columns(kind, "r", true, sql);
        dk_buf_format(sql, " FROM dk_feed(?1) f CROSS JOIN row_%s r ON r.row=f.c0", k);
        break;
    case DK_STMT_ROW_BOX:
        dk_buf_format(sql, "SELECT substr(geom,9,32) FROM row_%s WHERE row=?1", k);
        break;
    case DK_STMT_ROW_META:
        dk_buf_format(sql, "SELECT key,feature,batch,replaces FROM row_%s WHERE row=?1", k);
        break;
    case DK_STMT_LIVE_META:
        dk_buf_text(sql, "SELECT r.key,r.batch,CASE ?3");
        for (size_t i = 0; i < kind->n_fields; i++)
            dk_buf_format(sql, " WHEN %zu THEN r.f_%s", i, kind->fields[i].name);
        dk_buf_format(sql,
                      " END FROM life_%s l CROSS JOIN row_%s r ON r.row=l.row"
                      " WHERE l.row=?1 AND l.born<=?2 AND (l.died=0 OR l.died>?2)",
                      k, k);
        break;
    case DK_STMT_OUTLINES:
        dk_buf_text(sql, "SELECT row,geom");
        append_field(kind, kind->classify_field, sql);
        append_field(kind, kind->division_field, sql);
        dk_buf_format(sql, " FROM row_%s WHERE row BETWEEN ?1 AND ?2 ORDER BY row", k);
        break;
    case DK_STMT_KEY_ROWS:
        dk_buf_format(sql, "SELECT row,batch,source_row,feature FROM row_%s WHERE key=?1 ORDER BY row DESC", k);
        break;
    case DK_STMT_LIFE:
        dk_buf_format(sql, "SELECT born,died FROM life_%s WHERE row=?1 AND born<=?2 AND (died=0 OR died>?2)", k);
        break;
    case DK_STMT_LIFE_INSERT:
        dk_buf_format(sql, "INSERT INTO life_%s(row,born,died) VALUES(?1,?2,0)", k);
        break;
    case DK_STMT_LIVES_INSERT:
        dk_buf_format(sql, "INSERT OR FAIL INTO life_%s(row,born,died) SELECT c0,?2,0 FROM dk_feed(?1)", k);
        break;
    case DK_STMT_LIFE_END:
        dk_buf_format(sql, "UPDATE life_%s SET died=?2 WHERE row=?1 AND died=0", k);
        break;
    case DK_STMT_INSERT_ROWS:
        dk_buf_format(sql, "INSERT OR FAIL INTO row_%s(row,feature,key,batch,replaces,source,source_row,geom", k);
        append_fields(kind, sql);
        dk_buf_text(sql, ") SELECT c0");
        for (size_t i = 1; i < kind->n_fields + 8; i++)
            dk_buf_format(sql, ",c%zu", i);
        dk_buf_text(sql, " FROM dk_feed(?1)");
        break;
    case DK_STMT_BATCH_ROWS:
        dk_sql_append_batch_rows(kind, 0, sql);
        break;
    case DK_STMT_TERM:
        dk_buf_format(sql, "SELECT term FROM term_%s WHERE field=?1 AND text=?2", k);
        break;
    case DK_STMT_TERM_INSERT:
        dk_buf_format(sql, "INSERT INTO term_%s(field,text) VALUES(?1,?2)", k);
        break;
    case DK_STMT_TERM_FROM:
        dk_buf_format(sql, "SELECT term,text FROM term_%s WHERE field=?1 AND text>=?2 ORDER BY text", k);
        break;
    case DK_STMT_TERM_DELETE:
        dk_buf_format(sql, "DELETE FROM term_%s WHERE term=?1", k);
        break;
    case DK_STMT_TERMS_UNUSED:
        dk_buf_format(sql,
                      "SELECT term,field,text FROM term_%s t WHERE term>?1 AND NOT EXISTS"
                      "(SELECT 1 FROM post_%s p WHERE p.term=t.term) ORDER BY term LIMIT ?2",
                      k, k);
        break;
    case DK_STMT_GRAM_DELETE:
    case DK_STMT_HIDDEN_DELETE: {
        const char *table = id == DK_STMT_GRAM_DELETE ? "gram" : "hidden";
        dk_buf_format(sql, "INSERT INTO %s_%s(%s_%s,rowid,text) VALUES('delete',?1,?2)", table, k, table, k);
        break;
    }
    case DK_STMT_GRAM_INSERT:
    case DK_STMT_HIDDEN_INSERT:
        dk_buf_format(sql, "INSERT INTO %s_%s(rowid,text) VALUES(?1,?2)", id == DK_STMT_GRAM_INSERT ? "gram" : "hidden",
                      k);
        break;
    case DK_STMT_GRAM_FIND:
    case DK_STMT_HIDDEN_FIND: {
        const char *const gram = id == DK_STMT_GRAM_FIND ? "gram" : "hidden";
        dk_buf_format(sql,
                      "SELECT t.term,t.field,t.text FROM %s_%s g CROSS JOIN term_%s t ON t.term=g.rowid"
                      " WHERE g.%s_%s MATCH ?1 AND (?3>>t.field)&1 AND instr(t.text,?2)>0",
                      gram, k, k, gram, k);
        break;
    }
    case DK_STMT_GRAM_LIST:
    case DK_STMT_HIDDEN_LIST:
        dk_buf_format(sql, "SELECT term FROM %slist_%s WHERE term>=?1", id == DK_STMT_GRAM_LIST ? "gram" : "hidden", k);
        break;
    case DK_STMT_SOUND_INSERT:
        dk_buf_format(sql, "INSERT OR IGNORE INTO sound_%s(hidden,sound,term) VALUES(?1,?2,?3)", k);
        break;
    case DK_STMT_SOUND_FIND: /* "{" comes behind all letters and digits */
        dk_buf_format(sql,
                      "SELECT t.term,t.field,t.text FROM sound_%s s CROSS JOIN term_%s t ON t.term=s.term"
                      " WHERE s.hidden=?1 AND s.sound>=?2 AND s.sound<?2||'{' AND (?3>>t.field)&1 ORDER BY s.sound",
                      k, k);
        break;
    case DK_STMT_POSTS_TEXT:
        dk_buf_format(sql,
                      "SELECT p.first,p.data,p.term FROM term_%s t CROSS JOIN post_%s p ON p.term=t.term"
                      " WHERE t.field=?1 AND t.text=?2 ORDER BY p.first",
                      k, k);
        break;
    case DK_STMT_POSTS_TEXT_FROM:
        dk_buf_format(sql,
                      "SELECT p.first,p.data,p.term FROM term_%s t CROSS JOIN post_%s p ON p.term=t.term"
                      " AND p.first>=coalesce((SELECT max(first) FROM post_%s WHERE term=t.term AND first<=?3),0)"
                      " WHERE t.field=?1 AND t.text=?2 ORDER BY p.first",
                      k, k, k);
        break;
    case DK_STMT_POSTS:
        dk_buf_format(sql, "SELECT first,data FROM post_%s WHERE term=?1 ORDER BY first", k);
        break;
    case DK_STMT_POSTS_FROM:
        dk_buf_format(sql,
                      "SELECT first,data FROM post_%s WHERE term=?1 AND first>=coalesce((SELECT max(first) FROM post_%s"
                      " WHERE term=?1 AND first<=?2),0) ORDER BY first",
                      k, k);
        break;
    case DK_STMT_POSTS_LAST:
        dk_buf_format(sql, "SELECT first,data FROM post_%s WHERE term=?1 ORDER BY first DESC LIMIT 1", k);
        break;
    case DK_STMT_POSTS_OF:
    case DK_STMT_POSTS_FIRST:
        dk_buf_format(sql,
                      "SELECT first,data,(SELECT min(first) FROM post_%s n WHERE n.term=?1 AND n.first>p.first)"
                      " FROM post_%s p WHERE term=?1%s LIMIT 1",
                      k, k, id == DK_STMT_POSTS_OF ? " AND first<=?2 ORDER BY first DESC" : " ORDER BY first");
        break;
    case DK_STMT_POSTS_WRITE:
        dk_buf_format(sql, "INSERT OR REPLACE INTO post_%s(term,first,data) VALUES(?1,?2,?3)", k);
        break;
    case DK_STMT_POSTS_DELETE:
        dk_buf_format(sql, "DELETE FROM post_%s WHERE term=?1 AND first=?2", k);
        break;
    case DK_STMT_POSTS_ALL:
        dk_buf_format(sql,
                      "SELECT term,first,data FROM post_%s WHERE (term,first)>(?1,?2) ORDER BY term,first LIMIT ?3", k);
        break;
    case DK_STMT_ROW_EXISTS:
        dk_buf_format(sql, "SELECT 1 FROM row_%s WHERE row=?1", k);
        break;
    case DK_STMT_ANY_MOVED:
        dk_buf_format(sql, "SELECT 1 FROM row_%s INDEXED BY row_%s_moved WHERE feature<>row LIMIT 1", k, k);
        break;
    case DK_STMT_VERSION_OF:
    case DK_STMT_VERSION_ROWS:
    case DK_STMT_VERSION_INSERT:
    case DK_STMT_VERSION_REPAIR:
    case DK_STMT_VERSION_NOTE:
        dk_linked_append_sql(kind, id, sql);
        break;
    case DK_STMT_DEAD_INSERT:
        dk_buf_format(sql, "INSERT OR IGNORE INTO dead_%s(generation,sheet,id) VALUES(?1,?2,?3)", k);
        break;
    case DK_STMT_TOUCHED_INSERT:
        dk_buf_text(sql, "INSERT INTO dikuai_touched(generation,kind,x0,y0,x1,y1) VALUES(?1,?2,?3,?4,?5,?6)");
        break;
    case DK_STMT_WEIGHT:
        dk_buf_format(sql, "SELECT drawn,whole FROM weight_%s WHERE number=?1", k);
        break;
    case DK_STMT_WEIGHT_ADD:
        dk_buf_format(sql,
                      "INSERT INTO weight_%s(number,drawn,whole) VALUES(?1,?2,?3)"
                      " ON CONFLICT(number) DO UPDATE SET drawn=drawn+?2,whole=whole+?3",
                      k);
        break;
    case DK_STMT_WEIGHT_SET:
        dk_buf_format(sql, "INSERT OR REPLACE INTO weight_%s(number,drawn,whole) VALUES(?1,?2,?3)", k);
        break;
    case DK_STMT_SHEETS_KEPT: /* names no kind's table: kept with the first kind */
        dk_buf_text(
            sql,
            "SELECT (SELECT value FROM dikuai_meta WHERE name='purged'),(SELECT value FROM dikuai_meta WHERE name='rebuilt')");
        break;
    case DK_STMT_SUMMARY:
        dk_buf_text(sql,
                    "SELECT rows,west,south,east,north,undrawn FROM dikuai_summary WHERE kind=?1 AND generation<=?2"
                    " ORDER BY generation DESC LIMIT 1");
        break;
    case DK_STMT_BATCH: /* names no kind's table: kept with the first kind */
        dk_buf_text(sql, "SELECT state,published_in,withdrawn_in FROM dikuai_batch WHERE id=?1");
        break;
    case DK_STMT_DOCUMENTS:
    case DK_STMT_DOCUMENT:
        dk_buf_text(sql,
                    "SELECT a.sha256,d.size,d.media_type,d.pages,a.name,a.audience,a.attached_at,a.actor,"
                    "a.kind,a.key FROM dikuai_attachment a CROSS JOIN dikuai_document d ON d.sha256=a.sha256 WHERE ");
        dk_buf_text(sql, id == DK_STMT_DOCUMENT ? "a.sha256=?1" : "a.kind=?1 AND a.key=?3");
        dk_buf_text(sql, " AND a.born>0 AND a.born<=?2 AND (a.died=0 OR a.died>?2) ORDER BY ");
        dk_buf_text(sql, id == DK_STMT_DOCUMENT ? "a.audience,a.id" : "a.name,a.id");
        break;
    case DK_STMT_DOCUMENT_KINDS:
        dk_buf_text(sql,
                    "SELECT DISTINCT kind FROM dikuai_attachment WHERE born>0 AND born<=?1 AND (died=0 OR died>?1)");
        break;
    default:
        append_sheet_sql(kind, id, sql);
    }
}

dk_status dk_sql_kept(dk_store *store, const dk_kind *kind, dk_stmt_id id, sqlite3_stmt **ret_stmt, dk_error *err)
{
    sqlite3_stmt **place = &store->statements[kind->index][id];
    if (*place == NULL) {
        dk_buf sql;
        dk_buf_init(&sql);
        append_sql(kind, id, &sql);
        const char *text = dk_buf_cstr(&sql);
        const dk_status status =
            text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, place, err);
        dk_buf_finish(&sql);
        if (status != DK_OK)
            return status;
    } else {
        sqlite3_reset(*place);
        sqlite3_clear_bindings(*place);
    }
    *ret_stmt = *place;
    return DK_OK;
}

dk_status dk_sql_cached(dk_store *store, const char *sql, sqlite3_stmt **ret_stmt, dk_error *err)
{
    struct dk_cached_stmt *cached = store->cached, found = {0};
    size_t i = 0;
    while (i < DK_CACHED_STMTS - 1 && cached[i].sql != NULL && strcmp(cached[i].sql, sql) != 0)
        i++;
    if (cached[i].sql != NULL && strcmp(cached[i].sql, sql) == 0) {
        found = cached[i];
    } else {
        const dk_status status = dk_sql_prepare(store, sql, &found.stmt, err);
        if (status != DK_OK)
            return status;
        if ((found.sql = strdup(sql)) == NULL) {
            sqlite3_finalize(found.stmt);
            return dk_fail(err, DK_NOMEM, "out of memory");
        }
        sqlite3_finalize(cached[i].stmt);
        free(cached[i].sql);
    }
    memmove(cached + 1, cached, i * sizeof *cached);
    cached[0] = found;
    *ret_stmt = found.stmt;
    return DK_OK;
}

/* ---- time ---- */

#define STEPS_BETWEEN 100 /* of SQLite's machine; one may be a question to GEOS */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int check_time(void *user)
{
    dk_store *store = user;
    store->late = store->late || seconds_now() > store->deadline;
    return store->late;
}

void dk_sql_limit(dk_store *store, double seconds)
{
    store->deadline = seconds_now() + seconds;
    if (store->answer_deadline > 0 && store->answer_deadline < store->deadline)
        store->deadline = store->answer_deadline;
    store->late = false;
    sqlite3_progress_handler(store->db, STEPS_BETWEEN, check_time, store);
}

bool dk_sql_unlimited(dk_store *store)
{
    const bool late = store->late;
    store->late = false;
    store->deadline = store->answer_deadline;
    if (store->deadline == 0)
        sqlite3_progress_handler(store->db, 0, NULL, NULL);
    return late;
}

void dk_sql_limit_answer(dk_store *store, double seconds)
{
    store->answer_deadline = seconds > 0 ? seconds_now() + seconds : 0;
    if (seconds > 0)
        dk_sql_limit(store, seconds);
    else
        dk_sql_unlimited(store);
}

dk_status dk_sql_step(dk_store *store, sqlite3_stmt *stmt, dk_error *err)
{
    errno = 0;
    switch (sqlite3_step(stmt)) {
    case SQLITE_ROW:
        return DK_OK;
    case SQLITE_DONE:
        return DK_END;
    default: {
        const dk_status status = dk_sql_fail(store, err, "reading or writing rows");
        sqlite3_reset(stmt);
        return status;
    }
    }
}

void dk_sql_bind(sqlite3_stmt *stmt, int column, const dk_value *value)
{
    switch (value->type) {
    case DK_NULL:
        sqlite3_bind_null(stmt, column);
        break;
    case DK_INTEGER:
        sqlite3_bind_int64(stmt, column, value->integer);
        break;
    case DK_REAL:
        sqlite3_bind_double(stmt, column, value->real);
        break;
    case DK_TEXT:
        sqlite3_bind_text64(stmt, column, value->text.data, value->text.size, SQLITE_STATIC, SQLITE_UTF8);
        break;
    }
}

dk_status dk_sql_done(dk_store *store, sqlite3_stmt *stmt, dk_error *err)
{
    const dk_status status = dk_sql_step(store, stmt, err);
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* ---- transactions ---- */

dk_status dk_sql_begin(dk_store *store, dk_error *err)
{
    return dk_sql_run(store, "BEGIN IMMEDIATE", err);
}

dk_status dk_sql_commit(dk_store *store, dk_error *err)
{
    return dk_sql_run(store, "COMMIT", err);
}

void dk_sql_rollback(dk_store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

dk_status dk_sql_begin_synced(dk_store *store, dk_error *err)
{
    const dk_status status = dk_sql_run(store, "PRAGMA synchronous=FULL", err);
    return status == DK_OK ? dk_sql_begin(store, err) : status;
}

dk_status dk_sql_end_synced(dk_store *store, dk_status status, dk_error *err)
{
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
    dk_sql_run(store, "PRAGMA synchronous=NORMAL", NULL);
    return status;
}

/* Runs a statement that is prepared once. */
static dk_status run_kept(dk_store *store, sqlite3_stmt **stmt, const char *sql, dk_error *err)
{
    dk_status status = *stmt != NULL ? DK_OK : dk_sql_prepare(store, sql, stmt, err);
    if (status == DK_OK)
        status = dk_sql_done(store, *stmt, err);
    return status;
}

dk_status dk_sql_begin_reading(dk_store *store, dk_error *err)
{
    return run_kept(store, &store->begin_reading, "BEGIN", err);
}

void dk_sql_end_reading(dk_store *store)
{
    if (!sqlite3_get_autocommit(store->db) && run_kept(store, &store->end_reading, "COMMIT", NULL) != DK_OK)
        dk_sql_rollback(store);
}

void dk_sql_finalize_all(dk_store *store)
{
    for (size_t k = 0; k < DK_MAX_KINDS; k++)
        for (size_t i = 0; i < DK_STMT_COUNT; i++) {
            sqlite3_finalize(store->statements[k][i]);
            store->statements[k][i] = NULL;
        }
    for (size_t i = 0; i < DK_CACHED_STMTS; i++) {
        sqlite3_finalize(store->cached[i].stmt);
        free(store->cached[i].sql);
        store->cached[i] = (struct dk_cached_stmt){NULL, NULL};
    }
    sqlite3_finalize(store->generation);
    sqlite3_finalize(store->begin_reading);
    sqlite3_finalize(store->end_reading);
    store->generation = store->begin_reading = store->end_reading = NULL;
}
