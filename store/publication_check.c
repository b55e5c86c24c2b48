#include "store/publication_check.h"

#include "store/catalogue_version.h"
#include "store/handle.h"
#include "store/log_keys.h"
#include "store/log_row.h"
#include "store/publication_log.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct checking {
    dk_store *store;
    dk_log *log;
    int64_t generation, size;
    bool held_back; /* the catalogue in force, by another */
    void (*tell)(const char *sentence, void *user);
    void *user;
    dk_publication_found found;
} checking;

static void tell_text(const char *sentence, void *user)
{
    checking *c = user;
    c->found.findings++;
    c->tell(sentence, c->user);
}

__attribute__((format(printf, 2, 3))) static void tell(checking *c, const char *format, ...)
{
    char sentence[DK_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    tell_text(sentence, c);
}

/* ---- signatures ---- */

/* The newest checkpoint, by each of the keys that the caller knows. */
static dk_status check_newest(checking *c, const dk_note_key *keys, size_t n, dk_error *err)
{
    dk_buf text;
    dk_note note;
    dk_error why;
    uint64_t signers = 0;
    dk_buf_init(&text);
    c->found.signed_size = -1;
    dk_status status = dk_log_checkpoint(c->log, c->size, &text, &c->found.signed_size, err);
    if (status == DK_NOT_FOUND) {
        c->found.signed_size = -1;
        status = DK_OK;
        if (n > 0)
            tell(c, "The publication log has no signed checkpoint: no key vouches for anything in it.");
    } else if (status == DK_OK && n > 0) {
        if (dk_note_read((const char *)text.data, text.size, &note, &why) == DK_OK) {
            if (dk_note_verify(&note, keys, n, &signers, &why) != DK_OK)
                tell(c, "The newest checkpoint, of %" PRId64 " entries: %s", c->found.signed_size, why.text);
            else if (signers != (n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX))
                tell(c, "The newest checkpoint, of %" PRId64 " entries, is not signed by each of the keys given.",
                     c->found.signed_size);
            dk_note_finish(&note);
        } /* else it was told already */
    }
    dk_buf_finish(&text);
    return status;
}

static dk_status check_log(checking *c, const dk_note_key *given, size_t n_given, dk_error *err)
{
    dk_log_key *known = NULL;
    size_t n = 0, used = 0;
    dk_note_key keys[DK_NOTE_KEYS_MAX]; /* borrowed */
    dk_error why;
    dk_status status = dk_log_keys_known(c->store, &known, &n, &why);
    if (status == DK_CORRUPT)
        tell(c, "%s", why.text);
    else if (status != DK_OK)
        return dk_fail(err, status, "%s", why.text);
    for (size_t i = 0; i < n && used < DK_NOTE_KEYS_MAX; i++) /* the newest, if ever there are so many */
        keys[used++] = known[n - 1 - i].key;
    for (size_t i = 0; i < n_given && used < DK_NOTE_KEYS_MAX; i++)
        keys[used++] = given[i];
    status = dk_log_check(c->log, keys, used, tell_text, c, &c->found.log, err);
    if (status == DK_OK && used == 0 && c->found.log.checkpoints > 0)
        tell(c, "The publication log has signed checkpoints, and the store no key that signed them.");
    if (status == DK_OK)
        status = check_newest(c, given, n_given, err);
    dk_log_keys_free(known, n);
    return status;
}

/* ---- rows ---- */

/* Runs a query of two columns, a text and a number, and tells of each row: format has %s and PRId64 for them. */
static dk_status each_found(checking *c, const char *format, const char *sql,
                            void (*each)(checking *c, const char *format, const char *text, int64_t number),
                            dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(c->store, sql, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        each(c, format, text != NULL ? text : "?", sqlite3_column_int64(stmt, 1));
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static void tell_unlogged(checking *c, const char *kind, const char *key, int64_t row)
{
    tell(c,
         "%s %.300s (row %" PRId64 ") is published, and the newest entry of the publication log about it does not "
         "say so: it was not published by dikuai, or entries were taken away.",
         kind, key, row);
}

static void tell_lost(checking *c, const char *kind, const char *key, int64_t entry)
{
    tell(c,
         "%s %.300s: entry %" PRId64 " of the publication log says that it was published, none says that it was "
         "withdrawn, and it is not there.",
         kind, key, entry);
}

/* What the public sees of a row now is what its newest entry says, although that was written under another catalogue.
 */
static dk_status check_seen(checking *c, const dk_kind *kind, const char *alive, dk_error *err)
{
    const char *k = kind->name;
    char sql[600];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql,
             "SELECT max(e.entry) FROM life_%s l JOIN log_content e ON e.kind='%s' AND e.row=l.row AND e.entry<%" PRId64
             " WHERE %s GROUP BY l.row HAVING max(e.generation)<%" PRId64,
             k, k, c->size, alive, c->store->catalogue_since);
    dk_status status = dk_sql_prepare(c->store, sql, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        const int64_t entry = sqlite3_column_int64(stmt, 0);
        dk_log_record record;
        bool seen = true;
        if (dk_log_read(c->log, entry, &record, NULL) == DK_OK) /* else it was told already */
            status = dk_log_record_public(c->log, &record, &seen, err);
        if (status == DK_OK && !seen)
            tell(c,
                 "Entry %" PRId64 " of the publication log (%s, row %" PRId64
                 ") says something else than what the public "
                 "sees of that row by the catalogue in force.",
                 entry, k, record.row);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status check_rows(checking *c, const dk_kind *kind, dk_error *err)
{
    const char *k = kind->name;
    char alive[120], sql[1800];
    snprintf(alive, sizeof alive, "l.born<=%" PRId64 " AND (l.died=0 OR l.died>%" PRId64 ")", c->generation,
             c->generation);
    /* Of a row that is published the content is made of the row, never a kept one. */
    snprintf(sql, sizeof sql,
             "SELECT coalesce((SELECT key FROM row_%s r WHERE r.row=l.row),'?'),l.row FROM life_%s l WHERE %s AND"
             " (coalesce((SELECT e.event='publish' AND e.content IS NULL FROM log_content e WHERE e.kind='%s'"
             " AND e.row=l.row AND e.entry<%" PRId64 " ORDER BY e.entry DESC LIMIT 1),0)=0"
             " OR NOT EXISTS(SELECT 1 FROM log_content e WHERE e.kind='%s' AND e.row=l.row AND"
             " (e.generation=l.born OR e.content IS NOT NULL OR (e.generation>l.born AND e.generation IN"
             " (SELECT generation FROM dikuai_catalogue)))))", /* a catalogue has made it public */
             k, k, alive, k, c->size, k);
    dk_status status = each_found(c, k, sql, tell_unlogged, err);
    if (status != DK_OK)
        return status;
    snprintf(
        sql, sizeof sql,
        "SELECT coalesce((SELECT key FROM row_%s r WHERE r.row=e.row),'?'),e.entry FROM log_content e"
        " WHERE e.kind='%s' AND e.event='publish' AND e.entry<%" PRId64
        " AND NOT EXISTS(SELECT 1 FROM life_%s l WHERE l.row=e.row AND %s)"
        " AND NOT EXISTS(SELECT 1 FROM log_content f WHERE f.kind='%s' AND f.row=e.row AND f.entry>e.entry)"
        /* In this order: else SQLite, which thinks that a kind has few entries, goes through all of them each time. */
        " AND NOT EXISTS(SELECT 1 FROM row_%s r CROSS JOIN row_%s s ON s.key=r.key CROSS JOIN log_content f ON "
        "f.kind='%s'"
        " AND f.row=s.row AND f.entry>e.entry WHERE r.row=e.row)",
        k, k, c->size, k, alive, k, k, k, k);
    status = each_found(c, k, sql, tell_lost, err);
    if (status == DK_OK && c->store->catalogue_since > 0 && !c->held_back)
        status = check_seen(c, kind, alive, err);
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM life_%s l WHERE %s", k, alive);
    if (status == DK_OK)
        status = dk_sql_prepare(c->store, sql, &stmt, err);
    if (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK)
        c->found.rows += sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- what is erased ---- */

typedef struct numbers {
    int64_t *entries;
    size_t n, capacity;
} numbers;

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The content of an entry whose kind is not a row's. NULL: it is none, which the check of leaves has told. */
static json_t *parse(sqlite3_stmt *stmt, int column)
{
    return json_loadb(sqlite3_column_blob(stmt, column), (size_t)sqlite3_column_bytes(stmt, column), 0, NULL);
}

static dk_status named_erased(checking *c, numbers *named, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        c->store, "SELECT content FROM log_content WHERE kind='+redact' AND entry<?1 AND content IS NOT NULL", &stmt,
        err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, c->size);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        json_t *content = parse(stmt, 0);
        json_t *entries = json_object_get(content, "entries");
        for (size_t i = 0; status == DK_OK && i < json_array_size(entries); i++) {
            if (!dk_grow(&named->entries, &named->capacity, named->n + 1, sizeof *named->entries))
                status = dk_fail(err, DK_NOMEM, "out of memory");
            else
                named->entries[named->n++] = json_integer_value(json_array_get(entries, i));
        }
        json_decref(content);
    }
    sqlite3_finalize(stmt);
    if (named->n > 1)
        qsort(named->entries, named->n, sizeof *named->entries, ascending);
    return status == DK_END ? DK_OK : status;
}

static dk_status check_erased(checking *c, dk_error *err)
{
    numbers named = {0};
    sqlite3_stmt *stmt = NULL;
    dk_status status = named_erased(c, &named, err);
    if (status == DK_OK)
        status = dk_sql_prepare(c->store,
                                "SELECT entry FROM log_leaf l WHERE entry<?1 AND NOT EXISTS"
                                " (SELECT 1 FROM log_content c WHERE c.entry=l.entry)",
                                &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, c->size);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        const int64_t entry = sqlite3_column_int64(stmt, 0);
        if (named.n == 0 || bsearch(&entry, named.entries, named.n, sizeof entry, ascending) == NULL)
            tell(c, "Entry %" PRId64 " of the publication log has lost what it is about, and no redaction names it.",
                 entry);
    }
    sqlite3_finalize(stmt);
    if (status == DK_END)
        status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < named.n; i++) {
        dk_log_record record;
        dk_error why;
        if (dk_log_read(c->log, named.entries[i], &record, &why) == DK_OK && !record.erased)
            tell(c, "Entry %" PRId64 " of the publication log was erased by a redaction, and has a content again.",
                 named.entries[i]);
    }
    free(named.entries);
    return status;
}

/* ---- kept contents ---- */

/* Those of rows are made of the rows that kind and row name. What is kept names them itself. */
static dk_status check_kept(checking *c, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        c->store,
        "SELECT entry,kind,row,content,event IS NULL AND generation IS NULL AND seal IS NULL FROM log_content WHERE"
        " entry<?1 AND content IS NOT NULL",
        &stmt, err);
    if (status == DK_OK)
        sqlite3_bind_int64(stmt, 1, c->size);
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        json_t *content = parse(stmt, 3);
        const char *kind = (const char *)sqlite3_column_text(stmt, 1);
        const char *event = json_string_value(json_object_get(content, "event"));
        const char *of = json_string_value(json_object_get(content, "kind"));
        bool fits = kind != NULL && event != NULL && of != NULL;
        if (fits && strncmp(event, "document", 8) == 0)
            fits = strcmp(kind, "+document") == 0;
        else if (fits && strcmp(event, "redact") == 0)
            fits = strcmp(kind, "+redact") == 0 &&
                   sqlite3_column_int64(stmt, 2) == json_integer_value(json_object_get(content, "generation"));
        else if (fits)
            fits = strcmp(kind, of) == 0;
        if (!fits || sqlite3_column_int(stmt, 4) == 0)
            tell(c, "Entry %" PRId64 " of the publication log is not about what the store keeps it for.",
                 (int64_t)sqlite3_column_int64(stmt, 0));
        json_decref(content);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* ---- documents and sizes ---- */

/* The entries that say that a document is published, against the attachments. */
static dk_status check_logged_documents(checking *c, dk_error *err)
{
    const dk_viewer everyone = dk_viewer_public();
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        c->store,
        "SELECT e.entry,e.content,a.kind,a.key,a.sha256,a.name,d.media_type,d.size,nullif(d.pages,0),"
        "a.born>0 AND a.born<=?2 AND (a.died=0 OR (a.died>?2 AND a.died<=(SELECT max(number) FROM dikuai_generation))),"
        "a.audience FROM log_content e LEFT JOIN dikuai_attachment a ON a.id=e.row"
        " LEFT JOIN dikuai_document d USING(sha256) WHERE e.kind='+document' AND e.entry<?1 AND NOT EXISTS"
        " (SELECT 1 FROM log_content f WHERE f.kind=e.kind AND f.row=e.row AND f.entry>e.entry AND f.entry<?1)",
        &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, c->size);
        sqlite3_bind_int64(stmt, 2, c->generation);
    }
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        json_t *content = parse(stmt, 1);
        const json_t *fields = json_object_get(content, "fields");
        const char *event = json_string_value(json_object_get(content, "event"));
        const struct {
            const json_t *said;
            int column;
        } texts[] = {{json_object_get(content, "kind"), 2},
                     {json_object_get(content, "key"), 3},
                     {json_object_get(fields, "sha256"), 4},
                     {json_object_get(fields, "name"), 5},
                     {json_object_get(fields, "media_type"), 6}};
        bool fits = sqlite3_column_int(stmt, 9) != 0 &&
                    json_integer_value(json_object_get(fields, "size")) == sqlite3_column_int64(stmt, 7) &&
                    json_integer_value(json_object_get(fields, "pages")) == sqlite3_column_int64(stmt, 8);
        const char *name = (const char *)sqlite3_column_text(stmt, 2);
        const dk_kind *kind = dk_catalogue_kind(c->store->catalogue, name != NULL ? name : "");
        fits =
            fits && kind != NULL && dk_view_document(kind, (dk_audience)sqlite3_column_int(stmt, 10), &everyone, NULL);
        for (size_t i = 0; fits && i < sizeof texts / sizeof *texts; i++) {
            const char *said = json_string_value(texts[i].said);
            const char *is = (const char *)sqlite3_column_text(stmt, texts[i].column);
            fits = said != NULL && is != NULL && strcmp(said, is) == 0;
        }
        if (event != NULL && strcmp(event, "document") == 0 && !fits) {
            const char *sha256 = json_string_value(json_object_get(fields, "sha256"));
            tell(c,
                 "Entry %" PRId64 " of the publication log says that a document %.64s was published, and it is not "
                 "attached as it says.",
                 (int64_t)sqlite3_column_int64(stmt, 0), sha256 != NULL ? sha256 : "?");
        }
        json_decref(content);
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The attachments that the public sees, against the entries. */
static dk_status check_attached_documents(checking *c, dk_error *err)
{
    const dk_viewer everyone = dk_viewer_public();
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        c->store,
        "SELECT a.kind,a.key,a.audience,a.sha256 FROM dikuai_attachment a WHERE a.born>0 AND a.born<=?2 AND (a.died=0 OR"
        " a.died>?2) AND coalesce((SELECT instr(e.content,CAST('\"event\":\"document\"' AS BLOB)) FROM log_content e WHERE"
        " e.kind='+document' AND e.row=a.id AND e.entry<?1 ORDER BY e.entry DESC LIMIT 1),0)=0",
        &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, c->size);
        sqlite3_bind_int64(stmt, 2, c->generation);
    }
    while (status == DK_OK && (status = dk_sql_step(c->store, stmt, err)) == DK_OK) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0),
                   *key = (const char *)sqlite3_column_text(stmt, 1);
        const char *sha256 = (const char *)sqlite3_column_text(stmt, 3);
        const dk_kind *kind = dk_catalogue_kind(c->store->catalogue, name != NULL ? name : "");
        if (kind != NULL && dk_view_document(kind, (dk_audience)sqlite3_column_int(stmt, 2), &everyone, NULL))
            tell(c, "%s %.300s: its document %.64s is published, and the publication log does not say so.", name,
                 key != NULL ? key : "?", sha256 != NULL ? sha256 : "?");
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status check_documents(checking *c, dk_error *err)
{
    const dk_status status = check_logged_documents(c, err);
    return status == DK_OK ? check_attached_documents(c, err) : status;
}

static void tell_as_is(checking *c, const char *format, const char *text, int64_t number)
{
    (void)format;
    tell(c, "%s %" PRId64, text, number);
}

/* Which generation has how many entries, and none behind them. */
static dk_status check_sizes(checking *c, dk_error *err)
{
    return each_found(
        c, NULL,
        "SELECT 'The publication log has entries behind those of its generations, from number',max(entry) FROM log_leaf"
        " WHERE NOT EXISTS(SELECT 1 FROM dikuai_pending) HAVING max(entry)>=(SELECT max(size) FROM log_generation)"
        " UNION ALL SELECT 'The publication log lacks entries of generation',generation FROM log_generation"
        " WHERE size>(SELECT coalesce(max(entry)+1,0) FROM log_leaf)"
        " UNION ALL SELECT 'The publication log is shorter than before in generation',g.generation FROM log_generation g"
        " WHERE g.size<(SELECT max(h.size) FROM log_generation h WHERE h.generation<g.generation)"
        " UNION ALL SELECT 'The publication log has no size for generation',number FROM dikuai_generation"
        " WHERE NOT EXISTS(SELECT 1 FROM log_generation WHERE generation=number)"
        " UNION ALL SELECT 'The publication log has a size for a generation that does not exist,',generation"
        " FROM log_generation WHERE NOT EXISTS(SELECT 1 FROM dikuai_generation WHERE number=generation)",
        tell_as_is, err);
}

dk_status dk_publication_check(dk_store *store, int64_t generation, const dk_note_key *keys, size_t n,
                               void (*to_tell)(const char *sentence, void *user), void *user,
                               dk_publication_found *ret_found, dk_error *err)
{
    checking c = {.store = store, .generation = generation, .tell = to_tell, .user = user};
    const bool alone = sqlite3_get_autocommit(store->db) != 0; /* else in a transaction of the caller's */
    dk_status status = dk_log_open(store, &c.log, err);
    if (status != DK_OK)
        return status;
    if (alone) /* another process may publish meanwhile, or has since the caller looked */
        status = dk_sql_begin_reading(store, err);
    if (status == DK_OK && alone)
        status = dk_store_generation(store, &c.generation, err);
    if (status == DK_OK)
        status = dk_log_refresh_at(c.log, c.generation, &c.size, err);
    if (status == DK_OK)
        status = check_log(&c, keys, n, err);
    if (status == DK_OK)
        status = dk_catalogue_held_back(store, store->catalogue_since, &c.held_back, err);
    for (size_t i = 0; status == DK_OK && i < store->catalogue->n_kinds; i++)
        if (dk_log_has_kind(&store->catalogue->kinds[i]))
            status = check_rows(&c, &store->catalogue->kinds[i], err);
    if (status == DK_OK)
        status = check_erased(&c, err);
    if (status == DK_OK)
        status = check_kept(&c, err);
    if (status == DK_OK && !c.held_back)
        status = check_documents(&c, err);
    if (status == DK_OK)
        status = check_sizes(&c, err);
    if (alone)
        dk_sql_end_reading(store);
    dk_log_close(c.log);
    if (status == DK_OK && ret_found != NULL)
        *ret_found = c.found;
    return status;
}
