#include "store/publication_log.h"

#include "store/handle.h"
#include "store/log_ahead.h"
#include "store/log_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries are written together: each addition writes a tile of every level. */
#define ENTRIES_A_STEP 5000
#define ENTRIES_WAITING (4 * ENTRIES_A_STEP) /* about rows: so other threads always have some to make */
#define BYTES_A_STEP (8u << 20)
#define ENTRIES_TOGETHER 512 /* of a step, while the next ones are made */
#define ENTRIES_GIVEN 64
/* Rows from which on threads are worth a connection each. */
#define MANY_ROWS 2000

/* What entries that are of no row are found by; no kind is called so. */
#define DOCUMENT "+document"
#define REDACTION "+redact"

/* An entry whose content is kept. */
typedef struct kept {
    const char *kind;
    int64_t row;
    size_t content, size; /* place in contents */
} kept;

struct dk_publication_log {
    dk_store *store;
    int64_t generation;
    dk_log *log;
    dk_log_signers signers;
    dk_log_maker *maker;
    bool may_be_ahead;   /* rows that are committed do not change */
    dk_log_ahead *ahead; /* NULL: not yet, or not at all */
    int64_t rows;        /* that were told of */
    /* What waits to be written, of which only one kind does at a time: rows, or contents. */
    dk_log_task *tasks; /* number i in place i % ENTRIES_WAITING */
    size_t told, written;
    kept *kept;
    size_t n_kept, kept_capacity;
    dk_buf contents;
    dk_salt salts[64]; /* made together */
    size_t n_salts;    /* of them not used yet */
};

dk_status dk_publication_log_open(dk_store *store, int64_t generation, dk_publication_log **ret_log, dk_error *err)
{
    dk_publication_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    log->store = store;
    log->generation = generation;
    dk_buf_init(&log->contents);
    log->tasks = malloc(ENTRIES_WAITING * sizeof *log->tasks);
    dk_status status =
        log->tasks == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_log_open(store, &log->log, err);
    if (status == DK_OK)
        status = dk_log_maker_open(store, &log->maker, err);
    if (status == DK_OK)
        status = dk_log_signers_of(store, &log->signers, err);
    if (status == DK_OK)
        *ret_log = log;
    else
        dk_publication_log_close(log);
    return status;
}

void dk_publication_log_close(dk_publication_log *log)
{
    if (log == NULL)
        return;
    dk_log_ahead_stop(log->ahead);
    dk_log_signers_finish(&log->signers);
    dk_log_maker_close(log->maker);
    dk_log_close(log->log);
    dk_buf_finish(&log->contents);
    if (log->tasks != NULL)
        explicit_bzero(log->tasks, ENTRIES_WAITING * sizeof *log->tasks);
    free(log->tasks);
    free(log->kept);
    explicit_bzero(log->salts, sizeof log->salts);
    free(log);
}

void dk_publication_log_ahead(dk_publication_log *log)
{
    log->may_be_ahead = true;
}

static dk_status add(dk_publication_log *log, const dk_log_entry *entries, size_t n, dk_error *err)
{
    int64_t first;
    return dk_log_add(log->log, entries, n, &first, err);
}

/* Writes the first that wait, until so many are left. */
static dk_status write_tasks(dk_publication_log *log, size_t left, dk_error *err)
{
    dk_log_entry entries[ENTRIES_TOGETHER];
    dk_status status = DK_OK;
    if (log->ahead != NULL)
        dk_log_ahead_give(log->ahead, log->told);
    while (status == DK_OK && log->told - log->written > left) {
        const size_t waiting = log->told - log->written - left,
                     n = waiting < ENTRIES_TOGETHER ? waiting : ENTRIES_TOGETHER;
        for (size_t i = 0; status == DK_OK && i < n; i++) {
            const dk_log_task *task = &log->tasks[(log->written + i) % ENTRIES_WAITING];
            entries[i] = (dk_log_entry){.kind = task->kind, .row = task->row, .made = task};
            if (log->ahead != NULL)
                status = dk_log_ahead_take(log->ahead, log->maker, log->written + i, err);
        }
        if (status == DK_OK)
            status = add(log, entries, n, err);
        log->written += n;
    }
    return status;
}

static dk_status flush_kept(dk_publication_log *log, dk_error *err)
{
    dk_log_entry *entries = calloc(log->n_kept, sizeof *entries);
    if (entries == NULL || log->contents.failed) {
        free(entries);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < log->n_kept; i++) {
        const kept *k = &log->kept[i];
        entries[i] =
            (dk_log_entry){.kind = k->kind, .row = k->row, .content = log->contents.data + k->content, .size = k->size};
    }
    const dk_status status = add(log, entries, log->n_kept, err);
    free(entries);
    log->n_kept = 0;
    dk_buf_clear(&log->contents);
    return status;
}

dk_status dk_publication_log_flush(dk_publication_log *log, dk_error *err)
{
    return log->told > log->written ? write_tasks(log, 0, err) : log->n_kept > 0 ? flush_kept(log, err) : DK_OK;
}

bool dk_publication_log_waits(const dk_publication_log *log)
{
    return log->told > log->written || log->n_kept > 0;
}

dk_status dk_publication_log_step(dk_publication_log *log, dk_error *err)
{
    return log->ahead != NULL && log->n_kept == 0 ? DK_OK : dk_publication_log_flush(log, err);
}

static dk_status take_salt(dk_publication_log *log, dk_salt *ret_salt, dk_error *err)
{
    if (log->n_salts == 0) {
        const dk_status status = dk_salts_make(log->salts, sizeof log->salts / sizeof *log->salts, err);
        if (status != DK_OK)
            return status;
        log->n_salts = sizeof log->salts / sizeof *log->salts;
    }
    *ret_salt = log->salts[--log->n_salts];
    return DK_OK;
}

/* Room for one more. */
static dk_status make_room(dk_publication_log *log, dk_error *err)
{
    dk_status status = log->n_kept > 0 ? dk_publication_log_flush(log, err) : DK_OK;
    if (status == DK_OK && log->told - log->written == ENTRIES_WAITING)
        status = write_tasks(log, ENTRIES_WAITING - ENTRIES_A_STEP, err);
    if (status == DK_OK && log->may_be_ahead && ++log->rows == MANY_ROWS &&
        (status = dk_publication_log_flush(log, err)) == DK_OK)
        log->ahead = dk_log_ahead_start(log->store->path, log->tasks, ENTRIES_WAITING, log->told);
    return status;
}

static dk_status log_row(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_log_event event, dk_error *err)
{
    dk_status status = make_room(log, err);
    if (status != DK_OK)
        return status;
    dk_log_task *task = &log->tasks[log->told % ENTRIES_WAITING];
    *task = (dk_log_task){.kind = kind->name,
                          .row = row,
                          .event = event == DK_LOG_PUBLISH ? "publish" : "withdraw",
                          .generation = log->generation};
    status = take_salt(log, &task->seal, err);
    if (status == DK_OK)
        status = take_salt(log, &task->salt, err);
    if (status == DK_OK && log->ahead == NULL)
        status = dk_log_make(log->maker, task, err);
    if (status == DK_OK && ++log->told % ENTRIES_GIVEN == 0 && log->ahead != NULL)
        dk_log_ahead_give(log->ahead, log->told);
    return status;
}

dk_status dk_publication_log_row(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_log_event event,
                                 dk_error *err)
{
    return dk_log_has_kind(kind) ? log_row(log, kind, row, event, err) : DK_OK;
}

static dk_status add_kept(dk_publication_log *log, const char *kind, int64_t row, const dk_log_content *content,
                          dk_error *err)
{
    dk_status status = log->told > log->written || log->n_kept == ENTRIES_A_STEP || log->contents.size > BYTES_A_STEP
                           ? dk_publication_log_flush(log, err)
                           : DK_OK;
    if (status != DK_OK)
        return status;
    if (!dk_grow(&log->kept, &log->kept_capacity, log->n_kept + 1, sizeof *log->kept))
        return dk_fail(err, DK_NOMEM, "out of memory");
    kept *k = &log->kept[log->n_kept];
    *k = (kept){.kind = kind, .row = row, .content = log->contents.size};
    if ((status = dk_log_content_write(content, &log->contents, err)) != DK_OK)
        return status;
    k->size = log->contents.size - k->content;
    log->n_kept++;
    return DK_OK;
}

/* Whether the public sees a document of the question below. */
static bool is_public(const dk_kind *kind, sqlite3_stmt *stmt)
{
    const dk_viewer everyone = dk_viewer_public();
    return kind != NULL && dk_view_document(kind, (dk_audience)sqlite3_column_int(stmt, 3), &everyone, NULL);
}

/* One row of it. */
static dk_status add_document(dk_publication_log *log, const dk_kind *kind, sqlite3_stmt *stmt, dk_log_event event,
                              dk_error *err)
{
    dk_log_field fields[] = {{"media_type", dk_column_value(stmt, 4)},
                             {"name", dk_column_value(stmt, 5)},
                             {"pages", dk_column_value(stmt, 6)},
                             {"sha256", dk_column_value(stmt, 7)},
                             {"size", dk_column_value(stmt, 8)}};
    const dk_log_content content = {.event = event == DK_LOG_PUBLISH ? "document" : "document-withdrawn",
                                    .generation = log->generation,
                                    .kind = kind->name,
                                    .key = (const char *)sqlite3_column_text(stmt, 2),
                                    .feature = -1,
                                    .fields = event == DK_LOG_PUBLISH ? fields : &fields[3],
                                    .n_fields = event == DK_LOG_PUBLISH ? sizeof fields / sizeof *fields : 1};
    return add_kept(log, DOCUMENT, sqlite3_column_int64(stmt, 0), &content, err);
}

dk_status dk_publication_log_documents(dk_publication_log *log, int64_t batch, dk_log_event event, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        log->store,
        event == DK_LOG_PUBLISH
            ? "SELECT a.id,a.kind,a.key,a.audience,d.media_type,a.name,nullif(d.pages,0),a.sha256,d.size FROM"
              " dikuai_attachment a JOIN dikuai_document d USING(sha256) WHERE a.batch=?1 AND a.born=?2 ORDER BY a.id"
            : "SELECT id,kind,key,audience,NULL,NULL,NULL,sha256,NULL FROM dikuai_attachment WHERE batch=?1 AND died=?2"
              " AND born>0 ORDER BY id",
        &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int64(stmt, 2, log->generation);
    }
    while (status == DK_OK && (status = dk_sql_step(log->store, stmt, err)) == DK_OK) {
        const char *name = (const char *)sqlite3_column_text(stmt, 1);
        const dk_kind *kind = dk_catalogue_kind(log->store->catalogue, name != NULL ? name : "");
        if (is_public(kind, stmt))
            status = add_document(log, kind, stmt, event, err);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Runs a question about a kind. */
static dk_status ask_kind(dk_publication_log *log, const dk_kind *kind, const char *sql, sqlite3_stmt **ret_stmt,
                          dk_error *err)
{
    const dk_status status = dk_sql_prepare(log->store, sql, ret_stmt, err);
    if (status == DK_OK)
        sqlite3_bind_text(*ret_stmt, 1, kind->name, -1, SQLITE_STATIC);
    return status;
}

static dk_status follow_documents(dk_publication_log *log, const dk_kind *kind, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        ask_kind(log, kind,
                 "SELECT a.id,a.kind,a.key,a.audience,d.media_type,a.name,nullif(d.pages,0),a.sha256,d.size,"
                 "coalesce((SELECT instr(e.content,CAST('\"event\":\"document\"' AS BLOB))>0 FROM log_content e WHERE"
                 " e.kind='" DOCUMENT "' AND e.row=a.id ORDER BY e.entry DESC LIMIT 1),0) FROM dikuai_attachment a"
                 " JOIN dikuai_document d USING(sha256) WHERE a.kind=?1 AND a.born>0 AND a.died=0 ORDER BY a.id",
                 &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(log->store, stmt, err)) == DK_OK) {
        const bool now = is_public(kind, stmt);
        if (now != (sqlite3_column_int(stmt, 9) != 0))
            status = add_document(log, kind, stmt, now ? DK_LOG_PUBLISH : DK_LOG_WITHDRAW, err);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status again(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_error *err);

dk_status dk_publication_log_kind(dk_publication_log *log, const dk_kind *kind, bool differs, dk_error *err)
{
    const bool now = dk_log_has_kind(kind);
    dk_status status = dk_publication_log_flush(log, err); /* what was written is looked for */
    if (status == DK_OK)
        status = follow_documents(log, kind, err);
    if (status != DK_OK || !differs)
        return status;
    char sql[400];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql, "SELECT l.row FROM life_%s l WHERE l.died=0%s ORDER BY l.row", kind->name,
             now ? " AND ?1<>''"
                 : " AND coalesce((SELECT e.event FROM log_content e WHERE e.kind=?1 AND e.row=l.row"
                   " ORDER BY e.entry DESC LIMIT 1),'')='publish'");
    status = ask_kind(log, kind, sql, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(log->store, stmt, err)) == DK_OK) {
        const int64_t row = sqlite3_column_int64(stmt, 0);
        status = now ? again(log, kind, row, err) : log_row(log, kind, row, DK_LOG_WITHDRAW, err);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_publication_log_redact(dk_publication_log *log, const dk_kind *kind, const int64_t *entries, size_t n,
                                    const char *reason, dk_error *err)
{
    const dk_log_content content = {.event = "redact",
                                    .generation = log->generation,
                                    .kind = kind->name,
                                    .feature = -1,
                                    .reason = reason,
                                    .entries = entries,
                                    .n_entries = n};
    return add_kept(log, REDACTION, log->generation, &content, err);
}

dk_status dk_publication_log_keep(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_error *err)
{
    const dk_status status = dk_publication_log_flush(log, err);
    return status == DK_OK ? dk_log_keep(log->log, kind->name, row, err) : status;
}

/* Whether a row is as its newest entry says, of those that are written. */
static dk_status is_logged(dk_publication_log *log, const dk_kind *kind, int64_t row, bool *ret_logged, dk_error *err)
{
    int64_t entry;
    dk_log_record record;
    *ret_logged = false;
    dk_status status = dk_log_find(log->log, kind->name, row, INT64_MAX, &entry, err);
    if (status != DK_OK)
        return status == DK_NOT_FOUND ? DK_OK : status;
    if (dk_log_read(log->log, entry, &record, NULL) != DK_OK || strcmp(record.event, "publish") != 0 ||
        !dk_log_record_holds(log->log, &record))
        return DK_OK;
    return dk_log_record_public(log->log, &record, ret_logged, err);
}

static dk_status again(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_error *err)
{
    bool logged = false;
    const dk_status status = is_logged(log, kind, row, &logged, err);
    return status != DK_OK || logged ? status : dk_publication_log_row(log, kind, row, DK_LOG_PUBLISH, err);
}

dk_status dk_publication_log_again(dk_publication_log *log, const dk_kind *kind, int64_t row, dk_error *err)
{
    const dk_status status = dk_publication_log_flush(log, err);
    return status == DK_OK ? again(log, kind, row, err) : status;
}

dk_status dk_publication_log_finish(dk_publication_log *log, const char *at, dk_error *err)
{
    bool is_signed = false;
    dk_status status = dk_publication_log_flush(log, err);
    if (status == DK_OK)
        status = dk_log_count(log->log, log->generation, err);
    if (status != DK_OK || log->signers.n == 0)
        return status;
    /* A checkpoint of the same size may have the signature of an older key too, and stays. */
    status = dk_log_signed(log->log, &log->signers, &is_signed, err);
    return status == DK_OK && !is_signed ? dk_log_sign(log->log, log->signers.keys, log->signers.n, at, err) : status;
}

dk_log *dk_publication_log_table(dk_publication_log *log)
{
    return log->log;
}

/* ---- reading ---- */

dk_status dk_publication_log_entry(dk_log *log, dk_store *store, const dk_kind *kind, const char *key,
                                   int64_t generation, int64_t size, int64_t *ret_entry, dk_error *err)
{
    int64_t row = 0;
    const dk_status status = dk_row_of_key(store, kind, key, generation, &row, err);
    if (status != DK_OK)
        return status;
    return row == 0 ? dk_fail(err, DK_NOT_FOUND, "There is no such published %s.", kind->name)
                    : dk_log_find(log, kind->name, row, size, ret_entry, err);
}

dk_status dk_publication_log_document_entry(dk_log *log, int64_t attachment, int64_t size, int64_t *ret_entry,
                                            dk_error *err)
{
    return dk_log_find(log, DOCUMENT, attachment, size, ret_entry, err);
}
