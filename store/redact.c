#include "store/redact.h"

#include "store/clock_change.h"
#include "store/document.h"
#include "store/handle.h"
#include "store/linked.h"
#include "store/log_table.h"
#include "store/posts.h"
#include "store/publication_log.h"
#include "store/review.h"
#include "store/search_index.h"
#include "store/summary.h"
#include "store/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Touched boxes are widened to multiples of 2^16, 600 m: a box of the row's own would be a part of it. */
#define TOUCHED_BITS 16
#define LONG_TEXT 8 /* bytes from which on a text of the row is looked for in the notes of loads */

typedef struct redacting {
    dk_store *store;
    const dk_kind *kind;
    const char *key, *reason, *actor;
    int64_t before, generation;
    dk_publication_log *log;
    dk_clock_change *clock;
    void (*tell)(const char *sentence, void *user);
    void *user;
    struct version {
        int64_t row;
        uint64_t feature;
        bool alive, drawn;
        double envelope[4];
    } * versions;
    size_t n, versions_capacity;
    int64_t *entries; /* of the publication log */
    size_t n_entries, entries_capacity;
    struct text { /* terms that only these rows may have, as they stand in the table */
        int64_t term;
        int field;
        char *text;
    } * terms;
    size_t n_terms, terms_capacity;
    char (*documents)[DK_SHA256_HEX]; /* that no other row has */
    size_t n_documents, documents_capacity;
    char *part; /* the number in a key that is qualified: sources have it, and not the key; NULL: none */
    dk_redacted result;
} redacting;

static dk_status nomem(dk_error *err)
{
    return dk_fail(err, DK_NOMEM, "out of memory");
}

__attribute__((format(printf, 2, 3))) static void tell(redacting *r, const char *format, ...)
{
    char sentence[DK_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    r->tell(sentence, r->user);
}

/* A statement in which %s is the kind's name, with up to two values bound. */
typedef struct bound {
    const char *text;
    int64_t number;
    bool has_number;
} bound;

static dk_status prepare(redacting *r, const char *format, const bound *value, sqlite3_stmt **ret_stmt, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    for (const char *at = format; *at != '\0'; at++)
        if (*at == '$')
            dk_buf_text(&sql, r->kind->name);
        else
            dk_buf_byte(&sql, (unsigned char)*at);
    const char *text = dk_buf_cstr(&sql);
    dk_status status = text == NULL ? nomem(err) : dk_sql_prepare(r->store, text, ret_stmt, err);
    dk_buf_finish(&sql);
    if (status == DK_OK && value->text != NULL)
        sqlite3_bind_text(*ret_stmt, 1, value->text, -1, SQLITE_STATIC);
    if (status == DK_OK && value->has_number)
        sqlite3_bind_int64(*ret_stmt, value->text != NULL ? 2 : 1, value->number);
    return status;
}

static dk_status run(redacting *r, const char *format, const char *text, const int64_t *number, int64_t *ret_changes,
                     dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = prepare(r, format, &(bound){text, number != NULL ? *number : 0, number != NULL}, &stmt, err);
    if (status == DK_OK)
        status = dk_sql_done(r->store, stmt, err);
    if (status == DK_OK && ret_changes != NULL)
        *ret_changes += sqlite3_changes(r->store->db);
    sqlite3_finalize(stmt);
    return status;
}

/* ---- what there is ---- */

static dk_status find_versions(redacting *r, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        prepare(r,
                "SELECT row,feature,substr(geom,9,32),EXISTS(SELECT 1 FROM life_$ l WHERE l.row=r.row AND"
                " l.born<=?2 AND (l.died=0 OR l.died>?2)) FROM row_$ r WHERE key=?1 ORDER BY row",
                &(bound){r->key, r->before, true}, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(r->store, stmt, err)) == DK_OK) {
        if (!dk_grow(&r->versions, &r->versions_capacity, r->n + 1, sizeof *r->versions)) {
            status = nomem(err);
            break;
        }
        struct version *v = &r->versions[r->n++];
        *v = (struct version){.row = sqlite3_column_int64(stmt, 0),
                              .feature = (uint64_t)sqlite3_column_int64(stmt, 1),
                              .alive = sqlite3_column_int(stmt, 3) != 0};
        v->drawn = r->kind->geometry != DK_NO_GEOMETRY && dk_column_envelope(stmt, 2, v->envelope) == DK_OUTLINE_DRAWN;
        r->result.published |= v->alive;
    }
    sqlite3_finalize(stmt);
    if (status != DK_END)
        return status;
    r->result.versions = (int64_t)r->n;
    return r->n > 0 ? DK_OK
                    : dk_fail(err, DK_NOT_FOUND, "%s: there is no %s with the key %.200s, published or not",
                              r->store->path, r->kind->name, r->key);
}

static dk_status add_entries(redacting *r, const char *sql, const bound *value, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = prepare(r, sql, value, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(r->store, stmt, err)) == DK_OK)
        if (!dk_grow(&r->entries, &r->entries_capacity, r->n_entries + 1, sizeof *r->entries))
            status = nomem(err);
        else
            r->entries[r->n_entries++] = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static dk_status find_entries(redacting *r, dk_error *err)
{
    dk_status status = add_entries(r,
                                   "SELECT entry FROM log_content WHERE kind='$' AND row IN"
                                   " (SELECT row FROM row_$ WHERE key=?1)",
                                   &(bound){.text = r->key}, err);
    if (status == DK_OK)
        status = add_entries(r,
                             "SELECT entry FROM log_content WHERE kind='+document' AND row IN"
                             " (SELECT id FROM dikuai_attachment WHERE kind='$' AND key=?1)",
                             &(bound){.text = r->key}, err);
    if (r->n_entries > 1)
        qsort(r->entries, r->n_entries, sizeof *r->entries, ascending);
    r->result.entries = (int64_t)r->n_entries;
    return status;
}

static dk_status find_documents(redacting *r, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        prepare(r,
                "SELECT a.sha256,a.name,EXISTS(SELECT 1 FROM dikuai_attachment b WHERE b.sha256=a.sha256 AND NOT"
                " (b.kind=a.kind AND b.key=a.key)) FROM dikuai_attachment a WHERE kind='$' AND key=?1",
                &(bound){.text = r->key}, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(r->store, stmt, err)) == DK_OK) {
        const char *sha256 = (const char *)sqlite3_column_text(stmt, 0),
                   *name = (const char *)sqlite3_column_text(stmt, 1);
        r->result.documents++;
        if (sqlite3_column_int(stmt, 2) != 0) {
            tell(r, "The document %s (%.80s) is attached to other rows too, and stays.", sha256 != NULL ? sha256 : "",
                 name != NULL ? name : "");
        } else if (!dk_grow(&r->documents, &r->documents_capacity, r->n_documents + 1, sizeof *r->documents)) {
            status = nomem(err);
        } else {
            snprintf(r->documents[r->n_documents++], DK_SHA256_HEX, "%s", sha256 != NULL ? sha256 : "");
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* ---- what the reason may not say ---- */

enum { SHORTEST_SECRET = 6 }; /* bytes: two Chinese characters */

/* Whether a text has another in it, in letters of whatever size and width. */
static dk_status has_in_it(const dk_buf *folded, const char *text, size_t size, bool *ret_has, dk_error *err)
{
    dk_buf part;
    *ret_has = false;
    if (size < SHORTEST_SECRET)
        return DK_OK;
    dk_buf_init(&part);
    dk_text_fold(text, size, &part);
    const dk_status status = part.failed ? nomem(err) : DK_OK;
    if (status == DK_OK && part.size > 0)
        *ret_has = memmem(folded->data, folded->size, part.data, part.size) != NULL;
    dk_buf_finish(&part);
    return status;
}

/* Whether the reason says what a version of the row says: what is not for everyone, or the number that is a part of its
 * key, which is in lists that people have kept. */
static dk_status check_version(redacting *r, const dk_buf *reason, const dk_stored_row *stored, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < r->kind->n_fields; i++) {
        const dk_field *field = &r->kind->fields[i];
        const dk_value *value = &stored->values[i];
        const bool named = (int)i == r->kind->key_field, hidden = field->audience != DK_PUBLIC && field->n_values == 0;
        bool has = false;
        if ((named || hidden) && value->type == DK_TEXT)
            status = has_in_it(reason, value->text.data, value->text.size, &has, err);
        if (has)
            status =
                dk_fail(err, DK_INVALID,
                        "--reason: it holds what the row says in %s (%s), and everybody will read it for good; say it "
                        "without",
                        field->name, field->title);
    }
    return status;
}

/* Keeps the number that a source has where the store has a key of several parts. */
static dk_status keep_part(redacting *r, const dk_stored_row *stored, dk_error *err)
{
    const dk_value *value = &stored->values[r->kind->key_field];
    if (r->part != NULL || (r->kind->n_qualifiers == 0 && !r->kind->qualify_by_source) || value->type != DK_TEXT)
        return DK_OK;
    r->part = strndup(value->text.data, value->text.size);
    return r->part != NULL ? DK_OK : nomem(err);
}

/* The reason is an entry of the log itself, which nothing takes away again. */
static dk_status check_reason(redacting *r, dk_error *err)
{
    bool has = false;
    dk_buf reason;
    dk_buf_init(&reason);
    dk_status status = dk_review_reason("--reason", r->reason, err);
    if (status == DK_OK)
        dk_text_fold(r->reason, strlen(r->reason), &reason);
    if (status == DK_OK && reason.failed)
        status = nomem(err);
    if (status == DK_OK)
        status = has_in_it(&reason, r->key, strlen(r->key), &has, err);
    if (has)
        status = dk_fail(err, DK_INVALID,
                         "--reason: it holds the key of the row, and everybody will read it for good; say it without");
    for (size_t v = 0; status == DK_OK && v < r->n; v++) {
        dk_stored_row stored;
        if ((status = dk_stored_row_read(r->store, r->kind, r->versions[v].row, false, &stored, err)) != DK_OK)
            break;
        status = check_version(r, &reason, &stored, err);
        if (status == DK_OK)
            status = keep_part(r, &stored, err);
        dk_stored_row_release(&stored);
    }
    dk_buf_finish(&reason);
    return status;
}

/* ---- what other rows have of it ---- */

enum { MOST_TAKERS = 50 }; /* that are named */

typedef struct takers {
    redacting *r;
    const dk_kind *other;
    int64_t n;
} takers;

/* Tells of the rows of another kind whose field has the value that it takes from this one. */
static dk_status name_takers_of(takers *t, const dk_key_list *list, size_t field, const dk_value *value, dk_error *err)
{
    char sql[200];
    sqlite3_stmt *stmt = NULL;
    const dk_field *taker = &t->other->fields[field];
    snprintf(sql, sizeof sql, "SELECT 1 FROM row_%s WHERE key=?1 AND f_%s=?2 LIMIT 1", t->other->name, taker->name);
    dk_status status = dk_sql_prepare(t->r->store, sql, &stmt, err);
    for (size_t i = 0; status == DK_OK && i < list->n; i++) {
        if (i > 0 && strcmp(dk_key_list_key(list, i), dk_key_list_key(list, i - 1)) == 0)
            continue;
        sqlite3_bind_text(stmt, 1, dk_key_list_key(list, i), -1, SQLITE_STATIC);
        dk_sql_bind(stmt, 2, value);
        status = dk_sql_step(t->r->store, stmt, err);
        if (status == DK_OK && ++t->n <= MOST_TAKERS)
            tell(
                t->r,
                taker->inherit_kind != NULL
                    ? "%s %.200s has the same %s, which it takes over, and keeps it; redact that row, too, if it must go."
                    : "%s %.200s has, or had in an earlier version, the same %s, which follows from it, and "
                      "the version stays; redact that row, too, if it must go.",
                t->other->name, dk_key_list_key(list, i), taker->title);
        sqlite3_reset(stmt);
        status = status == DK_END ? DK_OK : status;
    }
    sqlite3_finalize(stmt);
    return status;
}

/* The field of this kind that one of another takes its value from; -1: none, or it says no more than whether there is
 * one. */
static int taken_from(const dk_field *field, const dk_kind *kind)
{
    return field->inherit_kind == kind                                         ? field->inherit_field
           : field->linked_kind == kind && field->linked_as != DK_LINKED_STATE ? field->linked_field
                                                                               : -1;
}

static dk_status name_takers_in(takers *t, const dk_stored_row *stored, dk_error *err)
{
    dk_key_list list = {0};
    bool listed = false;
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < t->other->n_fields; i++) {
        const int from = taken_from(&t->other->fields[i], t->r->kind);
        if (from < 0 || stored->values[from].type == DK_NULL)
            continue;
        if (!listed) {
            status = dk_linked_rows(t->r->store, t->r->kind, stored->key, stored->values, t->other, DK_ANY_GENERATION,
                                    SIZE_MAX, &list, err);
            dk_key_list_sort(&list);
            listed = true;
        }
        if (status == DK_OK)
            status = name_takers_of(t, &list, i, &stored->values[from], err);
    }
    dk_key_list_finish(&list);
    return status;
}

/* Values that went to other rows stay there: the operator is told where. */
static dk_status name_takers(redacting *r, dk_error *err)
{
    const dk_catalogue *catalogue = r->store->catalogue;
    dk_stored_row stored;
    int64_t n = 0;
    dk_status status =
        r->n > 0 ? dk_stored_row_read(r->store, r->kind, r->versions[r->n - 1].row, false, &stored, err) : DK_END;
    if (status != DK_OK)
        return status == DK_END ? DK_OK : status;
    for (size_t k = 0; status == DK_OK && k < catalogue->n_kinds; k++) {
        takers t = {.r = r, .other = &catalogue->kinds[k], .n = n};
        bool reversed;
        if (dk_catalogue_link(catalogue, r->kind, t.other, &reversed) != NULL)
            status = name_takers_in(&t, &stored, err);
        n = t.n;
    }
    dk_stored_row_release(&stored);
    if (status == DK_OK && n > MOST_TAKERS)
        tell(r, "and %" PRId64 " more rows.", n - MOST_TAKERS);
    return status;
}

/* ---- terms ---- */

typedef struct term_search {
    redacting *r;
    int field;
    dk_status status;
    dk_error *err;
} term_search;

static bool add_term(const char *text, size_t size, void *user)
{
    term_search *t = user;
    redacting *r = t->r;
    int64_t term = 0;
    t->status = dk_term_find(r->store, r->kind, t->field, text, size, &term, t->err);
    if (t->status != DK_OK || term == 0)
        return t->status == DK_OK;
    for (size_t i = 0; i < r->n_terms; i++)
        if (r->terms[i].term == term)
            return true;
    char *copy = strndup(text, size);
    if (copy == NULL || !dk_grow(&r->terms, &r->terms_capacity, r->n_terms + 1, sizeof *r->terms)) {
        free(copy);
        t->status = nomem(t->err);
        return false;
    }
    r->terms[r->n_terms++] = (struct text){term, t->field, copy};
    return true;
}

/* Terms of each version; and loses the notes that have a text of it. */
static dk_status look_at_version(redacting *r, int64_t row, dk_error *err)
{
    dk_stored_row stored;
    dk_status status = dk_stored_row_read(r->store, r->kind, row, false, &stored, err);
    if (status != DK_OK)
        return status;
    term_search t = {.r = r, .err = err};
    for (size_t i = 0; status == DK_OK && i < r->kind->n_fields; i++) {
        const dk_value *value = &stored.values[i];
        if (r->store->indexed[r->kind->index] >> i & 1) {
            t.field = (int)i;
            dk_terms_of(&r->kind->fields[i], value, add_term, &t);
            status = t.status;
        }
        if (status == DK_OK && value->type == DK_TEXT && value->text.size >= LONG_TEXT)
            status =
                run(r, "DELETE FROM dikuai_note WHERE instr(text,?1)>0", value->text.data, NULL, &r->result.notes, err);
        if (status == DK_OK && value->type == DK_TEXT && value->text.size >= LONG_TEXT &&
            r->kind->fields[i].n_values == 0)
            status = run(r, "DELETE FROM dikuai_reject WHERE instr(reason,?1)>0", value->text.data, NULL,
                         &r->result.rejects, err);
        /* The number of a row in its file may be all that a rejected row is known by. */
        if (status == DK_OK && value->type == DK_TEXT && (int)i == r->kind->key_field)
            status = run(r,
                         "DELETE FROM dikuai_reject WHERE key=?1 AND batch IN (SELECT id FROM dikuai_batch WHERE"
                         " kind='$')",
                         value->text.data, NULL, &r->result.rejects, err);
    }
    dk_stored_row_release(&stored);
    return status;
}

/* Terms that no row has any more. */
static dk_status forget_terms(redacting *r, dk_error *err)
{
    dk_status status = DK_OK;
    bool any[2] = {false, false};
    for (size_t i = 0; status == DK_OK && i < r->n_terms; i++) {
        const struct text *term = &r->terms[i];
        const dk_field *field = &r->kind->fields[term->field];
        int64_t gone = 0;
        status = run(r, "DELETE FROM term_$ WHERE term=?1 AND NOT EXISTS(SELECT 1 FROM post_$ p WHERE p.term=?1)", NULL,
                     &term->term, &gone, err);
        if (status != DK_OK || gone == 0 || !field->in_search)
            continue;
        const bool hidden = field->audience != DK_PUBLIC;
        any[hidden] = true;
        status = dk_search_leave(r->store, r->kind, term->field, term->term, term->text, strlen(term->text), err);
        if (status == DK_OK && dk_search_has_sounds(r->kind))
            status = run(r, "DELETE FROM sound_$ WHERE term=?1", NULL, &term->term, NULL, err);
    }
    if (status == DK_OK && any[0])
        status = run(r, "INSERT INTO gram_$(gram_$) VALUES('optimize')", NULL, NULL, NULL, err);
    if (status == DK_OK && any[1])
        status = run(r, "INSERT INTO hidden_$(hidden_$) VALUES('optimize')", NULL, NULL, NULL, err);
    return status;
}

/* ---- the change ---- */

/* Lives end and the index forgets, as when a batch is withdrawn; in bounded transactions. */
static dk_status withdraw_versions(redacting *r, dk_error *err)
{
    dk_linked_follower follower = {.store = r->store, .generation = r->generation, .log = r->log, .clock = r->clock};
    int64_t *gone = calloc(r->n, sizeof *gone), turned;
    size_t n_gone = 0;
    dk_status status = gone == NULL ? nomem(err) : DK_OK;
    for (size_t i = 0; status == DK_OK && i < r->n; i++) {
        if (!r->versions[i].alive)
            continue;
        sqlite3_stmt *stmt = NULL;
        status = dk_sql_kept(r->store, r->kind, DK_STMT_LIFE_END, &stmt, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(stmt, 1, r->versions[i].row);
            sqlite3_bind_int64(stmt, 2, r->generation);
            status = dk_sql_done(r->store, stmt, err);
        }
        if (status == DK_OK)
            status = dk_clock_change_life(r->clock, r->kind, r->versions[i].row, DK_LIFE_ENDS, err);
        gone[n_gone++] = r->versions[i].row;
        if (status == DK_OK && r->versions[i].drawn)
            status = dk_row_changes_add(&follower.changes[r->kind->index], r->versions[i].row, -1,
                                        r->versions[i].envelope, err);
    }
    if (status == DK_OK)
        status = dk_linked_change(&follower, r->kind, gone, n_gone, err);
    if (status == DK_OK)
        status = dk_clock_change_follow(r->clock, err);
    if (status == DK_OK)
        status = dk_linked_turn(&follower, &turned, err);
    if (status == DK_OK)
        status = dk_linked_index(&follower, NULL, NULL, NULL, err);
    dk_linked_finish(&follower);
    free(gone);
    return status;
}

/* Of all versions in one walk through what rows are found by. */
static dk_status drop_posts(redacting *r, dk_error *err)
{
    int64_t *rows = calloc(r->n + 1, sizeof *rows);
    if (rows == NULL)
        return nomem(err);
    for (size_t i = 0; i < r->n; i++)
        rows[i] = r->versions[i].row;
    const dk_status status = dk_posts_drop_rows(r->store, r->kind, rows, r->n, err);
    free(rows);
    return status;
}

static dk_status erase_rows(redacting *r, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < r->n; i++)
        status = look_at_version(r, r->versions[i].row, err);
    if (status == DK_OK)
        status = run(r, "DELETE FROM dikuai_reject WHERE key=?1 OR instr(reason,?1)>0", r->key, NULL,
                     &r->result.rejects, err);
    if (status == DK_OK)
        status = run(r, "DELETE FROM dikuai_note WHERE instr(text,?1)>0", r->key, NULL, &r->result.notes, err);
    if (status == DK_OK) /* why it was justified, FIELD:KEY: WHY */
        status = run(
            r,
            "UPDATE dikuai_act SET reason=replace(reason,':'||?1||': ',':*: ') WHERE instr(reason,':'||?1||': ')>0 AND"
            " batch IN (SELECT id FROM dikuai_batch WHERE kind='$')",
            r->key, NULL, NULL, err);
    if (status == DK_OK)
        status = drop_posts(r, err);
    for (size_t i = 0; status == DK_OK && i < r->n; i++) {
        const int64_t row = r->versions[i].row;
        status = run(r, "DELETE FROM row_$ WHERE row=?1", NULL, &row, NULL, err);
        if (status == DK_OK)
            status = run(r, "DELETE FROM life_$ WHERE row=?1", NULL, &row, NULL, err);
        if (status == DK_OK) /* what the scanner found in it, masked as it is */
            status = run(
                r, "DELETE FROM dikuai_finding WHERE row=?1 AND batch IN (SELECT id FROM dikuai_batch WHERE kind='$')",
                NULL, &row, NULL, err);
        if (status == DK_OK && r->kind->geometry != DK_NO_GEOMETRY)
            status = run(r, "DELETE FROM repair_$ WHERE row=?1", NULL, &row, NULL, err);
        if (status == DK_OK && r->kind->has_linked)
            status = run(r, "DELETE FROM version_$ WHERE row=?1 OR of=?1", NULL, &row, NULL, err);
    }
    if (status == DK_OK)
        status = forget_terms(r, err);
    for (size_t i = 0; status == DK_OK && i < r->n_documents; i++)
        status = run(r, "DELETE FROM dikuai_document WHERE sha256=?1", r->documents[i], NULL, NULL, err);
    if (status == DK_OK)
        status = run(r, "DELETE FROM dikuai_attachment WHERE kind='$' AND key=?1", r->key, NULL, NULL, err);
    return status;
}

/* Boxes: those of the row are forgotten or become wide, and the kind's own is found anew. */
static dk_status erase_boxes(redacting *r, dk_error *err)
{
    char sql[400];
    const int64_t mask = (INT64_C(1) << TOUCHED_BITS) - 1;
    dk_status status = run(r, "DELETE FROM dikuai_touched WHERE generation<=?1", NULL, &r->before, NULL, err);
    if (status == DK_OK)
        status = run(r, "INSERT OR REPLACE INTO dikuai_meta VALUES('touched_from',?1)", NULL, &r->before, NULL, err);
    snprintf(sql, sizeof sql,
             "UPDATE dikuai_touched SET x0=x0-x0%%%" PRId64 ",y0=y0-y0%%%" PRId64 ",x1=x1|%" PRId64 ",y1=y1|%" PRId64
             " WHERE generation=?1",
             mask + 1, mask + 1, mask, mask);
    if (status == DK_OK)
        status = run(r, sql, NULL, &r->generation, NULL, err);
    if (status == DK_OK && r->result.published)
        status = run(r, "UPDATE dikuai_summary SET west=NULL,south=NULL,east=NULL,north=NULL WHERE kind='$'", NULL,
                     NULL, NULL, err);
    if (status == DK_OK && r->result.published)
        status = dk_summary_rebuild(r->store, r->kind, r->generation, err);
    return status;
}

static dk_status note_generation(redacting *r, const char *now, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(r->store, "INSERT INTO dikuai_generation VALUES(?1,?2,?3,'redact',NULL,?4)", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, r->generation);
        sqlite3_bind_text(stmt, 2, now, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 3, r->actor, -1, SQLITE_STATIC);
        sqlite3_bind_text(stmt, 4, r->reason, -1, SQLITE_STATIC);
        status = dk_sql_done(r->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* What is left to be done behind the commit. */
static dk_status note_rest(redacting *r, dk_error *err)
{
    dk_buf digests;
    dk_buf_init(&digests);
    for (size_t i = 0; i < r->n_documents; i++)
        dk_buf_text(&digests, r->documents[i]);
    const char *text = dk_buf_cstr(&digests);
    dk_status status = text == NULL
                           ? nomem(err)
                           : run(r, "INSERT OR REPLACE INTO dikuai_meta VALUES('" DK_REDACTED_DOCUMENTS "',?1)", text,
                                 NULL, NULL, err);
    if (status == DK_OK)
        status =
            run(r, "INSERT OR REPLACE INTO dikuai_meta VALUES('" DK_REDACTED "',?1)", NULL, &r->generation, NULL, err);
    dk_buf_finish(&digests);
    return status;
}

/* One transaction, after which readers see that the row is no more. */
static dk_status erase(redacting *r, dk_error *err)
{
    char now[24];
    dk_now(now);
    dk_status status = dk_sql_begin_synced(r->store, err);
    if (status == DK_OK)
        status = erase_rows(r, err);
    if (status == DK_OK)
        status = dk_clock_change_finish(r->clock, err);
    if (status == DK_OK)
        status = dk_clock_change_forget(r->clock, r->kind, err);
    for (size_t i = 0; status == DK_OK && i < r->n_entries; i++)
        status = dk_log_erase(dk_publication_log_table(r->log), r->entries[i], err);
    if (status == DK_OK)
        status = dk_publication_log_redact(r->log, r->kind, r->entries, r->n_entries, r->reason, err);
    if (status == DK_OK)
        status = erase_boxes(r, err);
    if (status == DK_OK)
        status = note_generation(r, now, err);
    if (status == DK_OK)
        status = dk_publication_log_finish(r->log, now, err);
    if (status == DK_OK)
        status = note_rest(r, err);
    if (status == DK_OK)
        status = dk_sql_run(r->store, "DELETE FROM dikuai_pending", err);
    return dk_sql_end_synced(r->store, status, err);
}

/* ---- after it ---- */

/* Copies of pages: those that the write-ahead log has are there as long as somebody reads an older state. */
static dk_status rewrite(redacting *r, dk_error *err)
{
    enum { TRIES = 100, PAUSE_MICROSECONDS = 100000 };
    dk_buf folder;
    dk_buf_init(&folder);
    /* A rewritten copy is made first: where the store is, not in /tmp, and not in memory. */
    const char *slash = strrchr(r->store->path, '/');
    dk_buf_text(&folder, "PRAGMA temp_store=FILE;PRAGMA temp_store_directory='");
    for (const char *at = r->store->path; slash != NULL && at < slash; at++) {
        if (*at == '\'')
            dk_buf_byte(&folder, '\'');
        dk_buf_byte(&folder, (unsigned char)*at);
    }
    dk_buf_text(&folder, slash == NULL ? ".'" : slash == r->store->path ? "/'" : "'");
    const char *text = dk_buf_cstr(&folder);
    dk_status status = text == NULL ? nomem(err) : dk_sql_run(r->store, text, err);
    if (status == DK_OK)
        status = dk_sql_run(r->store, "VACUUM", err);
    dk_sql_run(r->store, "PRAGMA temp_store=MEMORY;PRAGMA temp_store_directory=''", NULL);
    dk_buf_finish(&folder);
    r->result.log_kept = true;
    for (int i = 0; status == DK_OK && r->result.log_kept && i < TRIES; i++) {
        sqlite3_stmt *stmt = NULL;
        if (i > 0)
            usleep(PAUSE_MICROSECONDS);
        status = dk_sql_prepare(r->store, "PRAGMA wal_checkpoint(TRUNCATE)", &stmt, err);
        if (status == DK_OK && dk_sql_step(r->store, stmt, err) == DK_OK)
            r->result.log_kept = sqlite3_column_int(stmt, 0) != 0;
        sqlite3_finalize(stmt);
    }
    return status;
}

/* What nobody reads any more: sheets of generations before, and what pages have had. */
static dk_status overwrite(redacting *r, int64_t generation, dk_error *err)
{
    dk_status status = dk_sheet_purge(r->store, generation, err);
    if (status == DK_OK)
        status = rewrite(r, err);
    if (status == DK_OK)
        status = dk_sql_run(
            r->store, "DELETE FROM dikuai_meta WHERE name IN ('" DK_REDACTED "','" DK_REDACTED_DOCUMENTS "')", err);
    return status;
}

static void remove_document(redacting *r, const char *sha256)
{
    if (!dk_document_remove(r->store, sha256))
        tell(r, "%s.documents/%.2s/%s cannot be removed; remove it yourself.", r->store->file, sha256, sha256 + 2);
}

/* What a redaction has left that was stopped behind its last commit. */
static dk_status overwrite_earlier(redacting *r, bool *ret_any, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(r->store, "SELECT 1 FROM dikuai_meta WHERE name='" DK_REDACTED "'", &stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(r->store, stmt, err);
    sqlite3_finalize(stmt);
    *ret_any = status == DK_OK;
    if (status != DK_OK)
        return status == DK_END ? DK_OK : status;
    /* Those that have not been attached again. */
    status = dk_sql_prepare(
        r->store,
        "WITH RECURSIVE d(n,rest) AS (SELECT substr(value,1,64),substr(value,65) FROM dikuai_meta WHERE name="
        "'" DK_REDACTED_DOCUMENTS "' UNION ALL SELECT substr(rest,1,64),substr(rest,65) FROM d WHERE rest<>'')"
        " SELECT n FROM d WHERE n<>'' AND n NOT IN (SELECT sha256 FROM dikuai_document)",
        &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(r->store, stmt, err)) == DK_OK)
        remove_document(r, (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return status == DK_END ? overwrite(r, r->before, err) : status;
}

enum { SHORTEST_PART = 4 }; /* bytes of a number that is looked for alone; a shorter one is in every file */

static bool alphanumeric(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Whether data has a text; whole: not as a part of a longer number or word. Before it may be the second byte of a
 * character in GB18030, which can be a letter. */
static bool has_text(const unsigned char *data, size_t size, const char *text, bool whole)
{
    const size_t n = strlen(text);
    for (const unsigned char *at = data, *end = data + size; (at = memmem(at, (size_t)(end - at), text, n)) != NULL;
         at++) {
        const bool begins = at == data || !alphanumeric(at[-1]) || (at - data > 1 && at[-2] >= 0x80);
        if (!whole || (begins && (at + n == end || !alphanumeric(at[n]))))
            return true;
    }
    return false;
}

typedef enum holding { HOLDS_NOTHING, HOLDS_KEY, HOLDS_PART } holding;

static holding holds(const redacting *r, int folder, const char *name)
{
    struct stat info;
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    holding found = HOLDS_NOTHING;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0 && info.st_size < 1 << 30) {
        const size_t size = (size_t)info.st_size;
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED && has_text(data, size, r->key, false))
            found = HOLDS_KEY;
        else if (data != MAP_FAILED && r->part != NULL && strlen(r->part) >= SHORTEST_PART &&
                 has_text(data, size, r->part, true))
            found = HOLDS_PART;
        if (data != MAP_FAILED)
            munmap(data, size);
    }
    if (fd >= 0)
        close(fd);
    return found;
}

/* Files beside the store that have the key, or the number in it: rejects, reports, sources that somebody left there. */
static void name_copies(redacting *r)
{
    const char *slash = strrchr(r->store->file, '/'), *own = slash != NULL ? slash + 1 : r->store->file;
    const size_t own_size = strlen(own);
    char *path = slash == NULL ? strdup(".") : strndup(r->store->file, (size_t)(slash - r->store->file) + 1);
    DIR *folder = path != NULL ? opendir(path) : NULL;
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name, *rest = strncmp(name, own, own_size) == 0 ? name + own_size : NULL;
        if (rest != NULL && (rest[0] == '\0' || strcmp(rest, "-wal") == 0 || strcmp(rest, "-shm") == 0 ||
                             strcmp(rest, "-lock") == 0 || strcmp(rest, ".log-key") == 0))
            continue;
        const holding held = holds(r, dirfd(folder), name);
        if (held == HOLDS_KEY)
            tell(r, "%s%s holds the key of the row; erase it there yourself.", slash == NULL ? "" : path, name);
        else if (held == HOLDS_PART)
            tell(
                r,
                "%s%s holds %.100s, the number in the key, of this row or of another; if it is this row, erase it there "
                "yourself.",
                slash == NULL ? "" : path, name, r->part);
    }
    if (folder != NULL)
        closedir(folder);
    free(path);
}

static void finish(redacting *r)
{
    dk_publication_log_close(r->log);
    for (size_t i = 0; i < r->n_terms; i++)
        free(r->terms[i].text);
    free(r->terms);
    free(r->part);
    free(r->versions);
    free(r->entries);
    free(r->documents);
}

static dk_status change(redacting *r, dk_error *err)
{
    dk_status status = run(r, "INSERT INTO dikuai_pending(generation,action,batch) VALUES(?1,'redact',0)", NULL,
                           &r->generation, NULL, err);
    if (status == DK_OK)
        status = dk_publication_log_open(r->store, r->generation, &r->log, err);
    if (status == DK_OK)
        status = dk_clock_change_open(r->store, r->generation, &r->clock, err);
    if (status == DK_OK)
        status = withdraw_versions(r, err);
    if (status == DK_OK)
        status = erase(r, err);
    dk_publication_log_close(r->log);
    r->log = NULL;
    dk_clock_change_close(r->clock);
    r->clock = NULL;
    if (status != DK_OK) {
        dk_error ignored;
        dk_sql_rollback(r->store);
        dk_pending_undo(r->store, &ignored);
        return status;
    }
    r->result.generation = r->generation;
    for (size_t i = 0; i < r->n_documents; i++)
        remove_document(r, r->documents[i]);
    status = overwrite(r, r->generation, err);
    if (status != DK_OK && err != NULL) { /* it is done, but for what the file still has where nobody looks */
        dk_error why = *err;
        status = dk_fail(err, status,
                         "%s: the row is erased as generation %" PRId64 ", but copies in the file could not be "
                         "overwritten: %s; give the command again",
                         r->store->path, r->generation, why.text);
    }
    return status;
}

dk_status dk_store_redact(dk_store *store, const dk_kind *kind, const char *key, const char *actor, const char *reason,
                          bool dry_run, void (*to_tell)(const char *sentence, void *user), void *user,
                          dk_redacted *ret_redacted, dk_error *err)
{
    redacting r = {
        .store = store, .kind = kind, .key = key, .reason = reason, .actor = actor, .tell = to_tell, .user = user};
    bool earlier = false;
    dk_status status = dk_store_generation(store, &r.before, err);
    r.generation = r.before + 1;
    if (status == DK_OK && !dry_run)
        status = overwrite_earlier(&r, &earlier, err);
    if (status == DK_OK && (status = find_versions(&r, err)) == DK_NOT_FOUND && earlier)
        dk_fail(err, DK_NOT_FOUND,
                "%s: there is no %s with the key %.200s, published or not; what the file still had of a row that was "
                "erased before is overwritten now",
                store->path, kind->name, key);
    if (status == DK_OK)
        status = check_reason(&r, err);
    if (status == DK_OK)
        status = find_entries(&r, err);
    if (status == DK_OK)
        status = find_documents(&r, err);
    if (status == DK_OK)
        status = name_takers(&r, err);
    if (status == DK_OK && !dry_run)
        status = change(&r, err);
    if (status == DK_OK)
        name_copies(&r);
    if (status == DK_OK)
        *ret_redacted = r.result;
    finish(&r);
    return status;
}
