/* Checking a store against itself. */
#include "store/catalogue_version.h"
#include "store/clock_change.h"
#include "store/document.h"
#include "store/handle.h"
#include "store/linked.h"
#include "store/posts.h"
#include "store/publication_check.h"
#include "store/redact.h"
#include "store/taken.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this the rest is counted, not told. */
#define MOST_TOLD 50

typedef struct checking {
    dk_store *store;
    int64_t generation, findings;
    void (*finding)(const char *sentence, void *user);
    void *user;
    dk_error *err;
} checking;

static void found(checking *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void found(checking *c, const char *format, ...)
{
    char sentence[600];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (++c->findings <= MOST_TOLD)
        c->finding(sentence, c->user);
}

/* Runs a query and tells of each row: format has one %s for its first column. */
static dk_status tell_rows(checking *c, const char *sql, const char *kind, const char *what)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(c->store, sql, &stmt, c->err);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, c->err)) == DK_OK) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        found(c, "%s %s: %s", kind, text ? text : "?", what);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status tell_formatted(checking *c, const dk_kind *kind, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with the kind's table names put into the statement (identifiers of the catalogue, never input). */
static dk_status tell_formatted(checking *c, const dk_kind *kind, const char *what, const char *format, ...)
{
    char sql[1024];
    va_list args;
    va_start(args, format);
    const int size = vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof sql)
        return dk_fail(c->err, DK_INTERNAL, "statement too long");
    return tell_rows(c, sql, kind->name, what);
}

static dk_status check_file(checking *c)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(c->store, "PRAGMA integrity_check(20)", &stmt, c->err);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, c->err)) == DK_OK) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (strcmp(text, "ok") != 0)
            found(c, "the file is damaged: %s", text);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* A publish under way, or one that was killed and is not undone yet, has written lives of the next generation: no
 * reader sees them, and they are no finding. */
static dk_status last_generation(checking *c, int64_t *ret_last)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(c->store, "SELECT coalesce(max(generation),0) FROM dikuai_pending", &stmt, c->err);
    if (status == DK_OK && (status = dk_sql_step(c->store, stmt, c->err)) == DK_OK) {
        const int64_t pending = sqlite3_column_int64(stmt, 0);
        *ret_last = pending > c->generation ? pending : c->generation;
    }
    sqlite3_finalize(stmt);
    return status;
}

typedef struct telling {
    checking *c;
    const dk_kind *kind;
} telling;

static void tell_post(int64_t row, void *user)
{
    const telling *t = user;
    if (row > 0)
        found(t->c, "%s %lld: has link terms but no row; run dikuai-ingest reindex", t->kind->name, (long long)row);
    else
        found(t->c, "%s: a list of terms is damaged; run dikuai-ingest reindex", t->kind->name);
}

/* The first row of a load that has not ended: it may have been killed while it was taken back. */
static dk_status first_unfinished(checking *c, const dk_kind *kind, int64_t *ret_row)
{
    char sql[200];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql,
             "SELECT min(row) FROM row_%s WHERE batch IN (SELECT id FROM dikuai_batch WHERE state='loading')",
             kind->name);
    dk_status status = dk_sql_prepare(c->store, sql, &stmt, c->err);
    if (status == DK_OK)
        status = dk_sql_step(c->store, stmt, c->err);
    if (status == DK_OK)
        *ret_row = sqlite3_column_type(stmt, 0) == SQLITE_NULL ? INT64_MAX : sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status;
}

/* What rows are found by, in filters, links and search. */
static dk_status check_terms(checking *c, const dk_kind *kind, bool held_back)
{
    const int64_t findings = c->findings;
    int64_t before = 0;
    uint64_t there = 0, wanted = 0;
    bool lacking = false;
    dk_status status = first_unfinished(c, kind, &before);
    if (status == DK_OK)
        status = dk_posts_verify(c->store, kind, before, tell_post, &(telling){c, kind}, &there, c->err);
    if (status != DK_OK || held_back || c->findings > findings) /* held back: they are those of the catalogue before */
        return status;
    status = dk_terms_sum(c->store, kind, before, &wanted, &lacking, c->err);
    if (status == DK_OK && (lacking || there != wanted))
        found(c,
              "%s: the lists by which filters, links and search find rows are not those of the rows; run dikuai-ingest "
              "reindex",
              kind->name);
    return status;
}

static dk_status check_lives(checking *c, const dk_kind *kind, bool held_back)
{
    const char *k = kind->name;
    const long long g = (long long)c->generation;
    int64_t last = 0;
    dk_status status = last_generation(c, &last);
    char alive[120];
    snprintf(alive, sizeof alive, "l.born<=%lld AND (l.died=0 OR l.died>%lld)", g, g);
    if (status == DK_OK)
        status = tell_formatted(
            c, kind, "is published in more than one version at once",
            "SELECT key FROM life_%s l JOIN row_%s r ON r.row=l.row WHERE %s GROUP BY r.key HAVING count(*)>1", k, k,
            alive);
    if (status == DK_OK)
        status = tell_formatted(c, kind, "has a life but no row",
                                "SELECT row FROM life_%s l WHERE NOT EXISTS (SELECT 1 FROM row_%s r WHERE r.row=l.row)",
                                k, k);
    if (status == DK_OK)
        status = tell_formatted(c, kind, "has a life of a generation that does not exist",
                                "SELECT row FROM life_%s WHERE born>%lld OR died>%lld OR (died<>0 AND died<=born)", k,
                                (long long)last, (long long)last);
    if (status == DK_OK)
        status = tell_formatted(c, kind, "is published although its batch is not",
                                "SELECT r.key FROM life_%s l JOIN row_%s r ON r.row=l.row LEFT JOIN dikuai_batch b ON "
                                "b.id=r.batch WHERE %s AND (b.state IS NULL OR b.state<>'published')",
                                k, k, alive);
    if (status == DK_OK)
        status =
            tell_formatted(c, kind, "rows are published, and the summary says otherwise; run dikuai-ingest reindex",
                           "SELECT n FROM (SELECT count(*) n FROM life_%s l WHERE %s) WHERE n<>coalesce((SELECT rows "
                           "FROM dikuai_summary WHERE kind='%s' ORDER BY generation DESC LIMIT 1),0)",
                           k, alive, k);
    return status == DK_OK ? check_terms(c, kind, held_back) : status;
}

static void tell(const char *sentence, void *user)
{
    found(user, "%s", sentence);
}

/* What cannot be read of an index is a finding, too: other kinds are looked at all the same. */
static dk_status check_index(checking *c, const dk_kind *layer)
{
    const dk_status status = dk_index_verify(c->store, layer, c->generation, tell, c, c->err);
    if (status != DK_CORRUPT)
        return status;
    found(c, "%s", c->err->text);
    return DK_OK;
}

/* In one snapshot, of the newest generation: a publish meanwhile would change one part of what is compared and not the
 * other, and take away what this generation needs. */
static dk_status check_kind(checking *c, const dk_kind *kind, bool held_back)
{
    dk_status status = dk_index_begin(c->store, DK_NEWEST, &c->generation, c->err);
    if (status != DK_OK)
        return status;
    status = check_lives(c, kind, held_back);
    if (status == DK_OK)
        status = dk_linked_verify(c->store, kind, c->generation, held_back, tell, c, c->err);
    if (status == DK_OK && kind->geometry != DK_NO_GEOMETRY)
        status = check_index(c, kind);
    dk_index_end(c->store);
    return status;
}

static dk_status check_redacted(checking *c)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(c->store, "SELECT value FROM dikuai_meta WHERE name='" DK_REDACTED "'", &stmt, c->err);
    if (status == DK_OK && (status = dk_sql_step(c->store, stmt, c->err)) == DK_OK)
        found(c,
              "generation %" PRId64
              " erased a row, and copies in the file are not overwritten yet: if its command was stopped, give it "
              "again",
              (int64_t)sqlite3_column_int64(stmt, 0));
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status check_clock(checking *c)
{
    dk_status status = dk_index_begin(c->store, DK_NEWEST, &c->generation, c->err);
    if (status != DK_OK)
        return status;
    status = dk_clock_verify(c->store, c->generation, tell, c, c->err);
    dk_index_end(c->store);
    return status;
}

dk_status dk_store_check(dk_store *store, void (*finding)(const char *sentence, void *user), void *user,
                         int64_t *ret_findings, dk_error *err)
{
    checking c = {.store = store, .finding = finding, .user = user, .err = err};
    dk_status status = dk_sql_begin_reading(store, err); /* another process may publish meanwhile */
    if (status == DK_OK)
        status = dk_store_generation(store, &c.generation, err);
    if (status == DK_OK)
        status = check_file(&c);
    const dk_catalogue *catalogue = store->catalogue;
    bool held_back = false;
    if (status == DK_OK)
        status = dk_catalogue_held_back(store, store->catalogue_since, &held_back, err);
    if (held_back)
        found(&c,
              "a new catalogue is in force only where it shows less than the one before: what follows from it was not "
              "finished; give it to dikuai-ingest catalogue again");
    for (size_t i = 0; status == DK_OK && i < catalogue->n_kinds; i++)
        status = check_kind(&c, &catalogue->kinds[i], held_back);
    if (status == DK_OK && !held_back) /* which has no obligations */
        status = check_clock(&c);
    if (status == DK_OK)
        status = check_redacted(&c);
    if (status == DK_OK)
        status = dk_documents_verify(store, tell, &c, err);
    if (status == DK_OK)
        status = dk_publication_check(store, c.generation, NULL, 0, tell, &c, NULL, err);
    dk_sql_end_reading(store);
    if (status == DK_OK && c.findings > MOST_TOLD) {
        char more[80];
        snprintf(more, sizeof more, "and %" PRId64 " more", c.findings - MOST_TOLD);
        finding(more, user);
    }
    if (status == DK_OK)
        *ret_findings = c.findings;
    return status;
}
