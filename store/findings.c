#include "store/findings.h"

#include "store/batch_rows.h"
#include "store/handle.h"
#include "store/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HARMLESS_SIZE = 124 }; /* longer texts are looked at anew */

struct dk_finder {
    dk_store *store;
    const dk_kind *kind;
    int64_t batch;
    uint64_t fields;
    bool keys;
    unsigned char hints[DK_MAX_FIELDS];
    struct harmless { /* the last text of each field in which nothing is: neighbours share most of theirs */
        uint32_t size;
        char text[HARMLESS_SIZE];
    } harmless[DK_MAX_FIELDS];
    sqlite3_stmt *insert;
    /* of the value under way */
    int64_t row;
    const char *field;
    bool strong_only;
    dk_status status;
    dk_error *err;
};

/* Fields that someone below staff may see in some row. */
static uint64_t open_fields(const dk_kind *kind)
{
    dk_viewer viewer;
    dk_viewer_scoped(DK_ON_REQUEST, "", &viewer);
    const dk_view view = dk_view_of(kind, &viewer);
    return dk_view_fields(&view, NULL); /* its scope is the whole store, and it sees what all below it see */
}

/* Those of them whose values are looked through: texts that no list of values bounds, and numbers, in which
 * spreadsheets keep telephones. */
static uint64_t watched_fields(const dk_kind *kind)
{
    uint64_t fields = 0;
    const uint64_t open = open_fields(kind);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if ((open >> i & 1) != 0 && field->n_values == 0 && field->computed == DK_NOT_COMPUTED &&
            field->type != DK_FIELD_DATE && field->type != DK_FIELD_DIVISION)
            fields |= UINT64_C(1) << i;
    }
    return fields;
}

/* Names of watched fields as they are noted: ",remark,name,". */
static bool append_names(const dk_kind *kind, dk_buf *out)
{
    const uint64_t fields = watched_fields(kind);
    dk_buf_byte(out, ',');
    for (size_t i = 0; i < kind->n_fields; i++)
        if (fields >> i & 1)
            dk_buf_format(out, "%s,", kind->fields[i].name);
    return dk_buf_cstr(out) != NULL;
}

dk_finder *dk_finder_create(dk_store *store, const dk_kind *kind, int64_t batch)
{
    dk_finder *finder = calloc(1, sizeof *finder);
    if (finder == NULL)
        return NULL;
    finder->store = store;
    finder->kind = kind;
    finder->batch = batch;
    finder->fields = watched_fields(kind);
    finder->keys = kind->qualify_by_source;
    for (size_t i = 0; i < kind->n_fields; i++) {
        unsigned hints = dk_personal_hints(kind->fields[i].title);
        for (size_t k = 0; k < kind->fields[i].n_aliases; k++)
            hints |= dk_personal_hints(kind->fields[i].aliases[k]);
        if (kind->fields[i].type != DK_FIELD_TEXT)
            hints &= ~(DK_HINT_PERSON | DK_HINT_CONTACT);
        finder->hints[i] = (unsigned char)hints;
    }
    return finder;
}

void dk_finder_free(dk_finder *finder)
{
    if (finder == NULL)
        return;
    sqlite3_finalize(finder->insert);
    free(finder);
}

static bool keep_hit(const dk_personal_hit *hit, void *user)
{
    dk_finder *f = user;
    if (f->strong_only && !hit->strong)
        return true;
    if (f->insert == NULL)
        f->status = dk_sql_prepare(
            f->store,
            "INSERT OR IGNORE INTO dikuai_finding(batch,row,field,byte,character,kind,strong,masked,justified)"
            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,0)",
            &f->insert, f->err);
    if (f->status != DK_OK)
        return false;
    sqlite3_bind_int64(f->insert, 1, f->batch);
    sqlite3_bind_int64(f->insert, 2, f->row);
    sqlite3_bind_text(f->insert, 3, f->field, -1, SQLITE_STATIC);
    sqlite3_bind_int64(f->insert, 4, (int64_t)hit->byte);
    sqlite3_bind_int64(f->insert, 5, (int64_t)hit->character);
    sqlite3_bind_text(f->insert, 6, dk_personal_kind_name(hit->kind), -1, SQLITE_STATIC);
    sqlite3_bind_int(f->insert, 7, hit->strong);
    sqlite3_bind_text(f->insert, 8, hit->masked, -1, SQLITE_STATIC);
    f->status = dk_sql_done(f->store, f->insert, f->err);
    return f->status == DK_OK;
}

static void look_at(dk_finder *f, const char *field, const char *text, size_t size, unsigned hints, bool strong_only)
{
    if (!dk_personal_possible(text, size, hints))
        return;
    f->field = field;
    f->strong_only = strong_only;
    dk_personal_find(text, size, hints, keep_hit, f);
}

static void look_at_text(dk_finder *f, int i, const char *text, size_t size)
{
    struct harmless *harmless = &f->harmless[i];
    if (size == harmless->size && memcmp(text, harmless->text, size) == 0)
        return;
    if (dk_personal_possible(text, size, f->hints[i])) {
        look_at(f, f->kind->fields[i].name, text, size, f->hints[i], false);
    } else if (size <= HARMLESS_SIZE) {
        harmless->size = (uint32_t)size;
        memcpy(harmless->text, text, size);
    }
}

dk_status dk_finder_row(dk_finder *finder, int64_t row, const char *key, const dk_value *values, dk_error *err)
{
    finder->row = row;
    finder->status = DK_OK;
    finder->err = err;
    for (uint64_t left = finder->fields; left != 0 && finder->status == DK_OK; left &= left - 1) {
        const int i = __builtin_ctzll(left);
        const char *name = finder->kind->fields[i].name;
        char number[32];
        if (values[i].type == DK_TEXT) {
            look_at_text(finder, i, values[i].text.data, values[i].text.size);
        } else if (values[i].type == DK_INTEGER ||
                   (values[i].type == DK_REAL && values[i].real == floor(values[i].real))) {
            /* An amount of that many digits is rare, so only what is sure counts. */
            const double size = values[i].type == DK_INTEGER ? (double)values[i].integer : values[i].real;
            if (size < 1e10 || size > 9e18)
                continue;
            const int n = snprintf(number, sizeof number, "%" PRId64,
                                   values[i].type == DK_INTEGER ? values[i].integer : (int64_t)values[i].real);
            if (finder->kind->fields[i].unit == NULL)
                look_at(finder, name, number, (size_t)n, finder->hints[i], true);
        }
    }
    const char *colon = finder->keys && finder->status == DK_OK ? strrchr(key, ':') : NULL;
    if (colon != NULL) /* what is behind it is a field's value */
        look_at(finder, DK_FINDING_KEY, key, (size_t)(colon - key), 0, false);
    return finder->status;
}

static dk_status run_numbers(dk_store *store, const char *sql, int64_t a, int64_t b, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, a);
    if (sqlite3_bind_parameter_count(stmt) > 1)
        sqlite3_bind_int64(stmt, 2, b);
    status = dk_sql_done(store, stmt, err);
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_finder_undo(dk_finder *finder, int64_t from, dk_error *err)
{
    return run_numbers(finder->store, "DELETE FROM dikuai_finding WHERE batch=?1 AND row>=?2", finder->batch, from,
                       err);
}

dk_status dk_finder_finish(dk_finder *finder, dk_error *err)
{
    dk_buf names;
    dk_buf_init(&names);
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        append_names(finder->kind, &names)
            ? dk_sql_prepare(finder->store, "INSERT OR REPLACE INTO dikuai_scan(batch,fields) VALUES(?1,?2)", &stmt,
                             err)
            : dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, finder->batch);
        sqlite3_bind_text(stmt, 2, dk_buf_cstr(&names), -1, SQLITE_STATIC);
        status = dk_sql_done(finder->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&names);
    return status;
}

/* ---- reviews ---- */

static dk_status find_in_row(const dk_batch_row *row, void *user)
{
    dk_finder *finder = user;
    return dk_finder_row(finder, row->row, row->key, row->values, finder->err);
}

static dk_status is_complete(dk_store *store, const dk_kind *kind, int64_t batch, bool *ret_complete, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    *ret_complete = false;
    dk_status status = dk_sql_prepare(store, "SELECT fields FROM dikuai_scan WHERE batch=?1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, batch);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *names = (const char *)sqlite3_column_text(stmt, 0);
        const uint64_t fields = watched_fields(kind);
        *ret_complete = names != NULL;
        for (size_t i = 0; names != NULL && i < kind->n_fields; i++) {
            char name[80];
            snprintf(name, sizeof name, ",%s,", kind->fields[i].name);
            if ((fields >> i & 1) != 0 && strstr(names, name) == NULL)
                *ret_complete = false;
        }
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The names of documents that the batch attaches, if someone below staff may see them; the numbers of attachments stand
 * for rows, below 0. Few, so they are looked at each time. */
static dk_status find_in_documents(dk_finder *finder, dk_error *err)
{
    dk_viewer viewer;
    sqlite3_stmt *stmt = NULL;
    dk_viewer_scoped(DK_ON_REQUEST, "", &viewer);
    dk_status status =
        dk_sql_prepare(finder->store, "SELECT id,name,audience FROM dikuai_attachment WHERE batch=?1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, finder->batch);
    finder->status = DK_OK;
    finder->err = err;
    while (finder->status == DK_OK && (status = dk_sql_step(finder->store, stmt, err)) == DK_OK) {
        const char *name = (const char *)sqlite3_column_text(stmt, 1);
        const dk_audience audience = (dk_audience)sqlite3_column_int(stmt, 2);
        finder->row = -sqlite3_column_int64(stmt, 0);
        if (name != NULL && dk_view_document(finder->kind, audience, &viewer, NULL))
            look_at(finder, DK_FINDING_DOCUMENT, name, strlen(name), 0, false);
    }
    sqlite3_finalize(stmt);
    return finder->status != DK_OK ? finder->status : status == DK_END ? DK_OK : status;
}

dk_status dk_findings_complete_within(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err)
{
    bool complete = false;
    dk_status status = is_complete(store, kind, batch, &complete, err);
    if (status != DK_OK)
        return status;
    dk_finder *finder = dk_finder_create(store, kind, batch);
    if (finder == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    finder->err = err;
    status = find_in_documents(finder, err);
    if (status == DK_OK && !complete)
        status = dk_batch_rows(store, kind, batch, find_in_row, finder, err);
    if (status == DK_OK && !complete)
        status = dk_finder_finish(finder, err);
    dk_finder_free(finder);
    return status;
}

dk_status dk_findings_complete(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err)
{
    dk_status status = dk_sql_begin(store, err);
    if (status != DK_OK)
        return status;
    status = dk_findings_complete_within(store, kind, batch, err);
    if (status == DK_OK)
        status = dk_sql_commit(store, err);
    if (status != DK_OK)
        dk_sql_rollback(store);
    return status;
}

uint64_t dk_findings_watched(const dk_kind *kind)
{
    return watched_fields(kind);
}

/* Fields that are open now, as a list for SQL; names are [a-z0-9_]. */
static void append_open(const dk_kind *kind, dk_buf *sql)
{
    const uint64_t open = open_fields(kind);
    dk_buf_text(sql, "('" DK_FINDING_KEY "','" DK_FINDING_DOCUMENT "'");
    for (size_t i = 0; i < kind->n_fields; i++)
        if (open >> i & 1)
            dk_buf_format(sql, ",'%s'", kind->fields[i].name);
    dk_buf_text(sql, ")");
}

static dk_status prepare(dk_store *store, dk_buf *sql, int64_t batch, sqlite3_stmt **ret_stmt, dk_error *err)
{
    const char *text = dk_buf_cstr(sql);
    const dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, ret_stmt, err);
    dk_buf_finish(sql);
    if (status == DK_OK)
        sqlite3_bind_int64(*ret_stmt, 1, batch);
    return status;
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text != NULL ? text : "";
}

static const char *title_of_kind(const char *name)
{
    for (unsigned k = 0; k < DK_PERSONAL_KINDS; k++)
        if (strcmp(dk_personal_kind_name((dk_personal_kind)k), name) == 0)
            return dk_personal_kind_title((dk_personal_kind)k);
    return name;
}

dk_status dk_findings(dk_store *store, const dk_kind *kind, int64_t batch, bool open_only,
                      bool (*each)(const dk_finding *finding, void *user), void *user, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_format(
        &sql,
        "SELECT f.row,r.source_row,coalesce(s.name,b.title),coalesce(r.key,t.key),f.field,f.kind,f.strong,f.character,"
        "f.masked,a.reason,a.actor,a.at FROM dikuai_finding f JOIN dikuai_batch b ON b.id=f.batch"
        " LEFT JOIN row_%s r ON r.row=f.row LEFT JOIN dikuai_source s ON s.id=r.source"
        " LEFT JOIN dikuai_attachment t ON t.id=-f.row"
        " LEFT JOIN dikuai_act a ON a.id=f.justified WHERE f.batch=?1%s AND f.field IN ",
        kind->name, open_only ? " AND f.justified=0" : "");
    append_open(kind, &sql);
    dk_buf_text(&sql, " ORDER BY f.row,f.field,f.byte");
    dk_status status = prepare(store, &sql, batch, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *name = text_of(stmt, 4), *what = text_of(stmt, 5);
        const int field = dk_kind_field(kind, name);
        const dk_finding finding = {.row = sqlite3_column_int64(stmt, 0),
                                    .source_row = sqlite3_column_int64(stmt, 1),
                                    .source = text_of(stmt, 2),
                                    .key = text_of(stmt, 3),
                                    .field = name,
                                    .title = field >= 0                          ? kind->fields[field].title
                                             : strcmp(name, DK_FINDING_KEY) == 0 ? "主键"
                                                                                 : "附件名称",
                                    .kind = what,
                                    .kind_title = title_of_kind(what),
                                    .strong = sqlite3_column_int(stmt, 6) != 0,
                                    .character = sqlite3_column_int64(stmt, 7),
                                    .masked = text_of(stmt, 8),
                                    .reason = text_of(stmt, 9),
                                    .actor = text_of(stmt, 10),
                                    .at = text_of(stmt, 11)};
        if (!each(&finding, user))
            status = DK_END;
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_findings_count(dk_store *store, const dk_kind *kind, int64_t batch, dk_finding_count *ret_count,
                            dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_text(&sql, "SELECT coalesce(sum(justified=0 AND strong<>0),0),coalesce(sum(justified=0 AND strong=0),0),"
                      "coalesce(sum(justified<>0),0) FROM dikuai_finding WHERE batch=?1 AND field IN ");
    append_open(kind, &sql);
    dk_status status = prepare(store, &sql, batch, &stmt, err);
    if (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK)
        *ret_count = (dk_finding_count){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                                        sqlite3_column_int64(stmt, 2)};
    sqlite3_finalize(stmt);
    return status;
}

/* The row with something open that a place means: its number in its source or, where none has that, its key. *ret_row
 * 0: none. */
static dk_status row_meant(dk_store *store, const dk_kind *kind, int64_t batch, const char *field, const char *place,
                           int64_t *ret_row, bool *ret_by_number, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf sql, first;
    dk_buf_init(&sql);
    dk_buf_init(&first);
    *ret_row = 0;
    dk_buf_format(
        &sql,
        "SELECT DISTINCT f.row,CAST(r.source_row AS TEXT)=?3,s.name FROM dikuai_finding f JOIN row_%s r ON r.row=f.row"
        " LEFT JOIN dikuai_source s ON s.id=r.source WHERE f.batch=?1 AND f.justified=0%s"
        " AND (r.key=?3 OR CAST(r.source_row AS TEXT)=?3) ORDER BY 2 DESC,1 LIMIT 2",
        kind->name, field != NULL ? " AND f.field=?2" : "");
    dk_status status = prepare(store, &sql, batch, &stmt, err);
    if (status != DK_OK)
        return status;
    if (field != NULL)
        sqlite3_bind_text(stmt, 2, field, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, place, -1, SQLITE_STATIC);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK) {
        *ret_row = sqlite3_column_int64(stmt, 0);
        *ret_by_number = sqlite3_column_int(stmt, 1) != 0;
        dk_buf_text(&first, text_of(stmt, 2));
        const char *one = dk_buf_cstr(&first);
        status = one == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_step(store, stmt, err);
        if (status == DK_OK && *ret_by_number && sqlite3_column_int(stmt, 1) != 0) {
            const char *other = text_of(stmt, 2);
            status = dk_fail(err, DK_CONFLICT,
                             "--justify %.80s:%.100s: %.100s is a row of %.*s and one of %.*s; say which by its key",
                             field != NULL ? field : "all", place, place, dk_utf8_fit(one, 120), one,
                             dk_utf8_fit(other, 120), other);
        }
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&first);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_findings_justify(dk_store *store, const dk_kind *kind, int64_t batch, const char *field, const char *place,
                              int64_t act, int64_t *ret_n, bool *ret_by_number, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf sql;
    int64_t row = 0;
    *ret_by_number = false;
    dk_status status = place != NULL ? row_meant(store, kind, batch, field, place, &row, ret_by_number, err) : DK_OK;
    if (status != DK_OK)
        return status;
    dk_buf_init(&sql);
    dk_buf_text(&sql, "UPDATE dikuai_finding SET justified=?2 WHERE batch=?1 AND justified=0");
    if (field != NULL)
        dk_buf_text(&sql, " AND field=?3");
    if (place != NULL)
        dk_buf_text(&sql, " AND (row=?5 OR row IN (SELECT -id FROM dikuai_attachment WHERE batch=?1 AND key=?4))");
    if ((status = prepare(store, &sql, batch, &stmt, err)) == DK_OK) {
        sqlite3_bind_int64(stmt, 2, act);
        if (field != NULL)
            sqlite3_bind_text(stmt, 3, field, -1, SQLITE_STATIC);
        if (place != NULL) {
            sqlite3_bind_text(stmt, 4, place, -1, SQLITE_STATIC);
            sqlite3_bind_int64(stmt, 5, row);
        }
        status = dk_sql_done(store, stmt, err);
        *ret_n = sqlite3_changes(store->db);
    }
    sqlite3_finalize(stmt);
    return status;
}
