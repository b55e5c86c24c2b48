#include "store/load.h"

#include "store/act.h"
#include "store/approval_no.h"
#include "store/area.h"
#include "store/asked.h"
#include "store/brought.h"
#include "store/division.h"
#include "store/handle.h"
#include "store/hash.h"
#include "store/id_list.h"
#include "store/key_filter.h"
#include "store/linked.h"
#include "store/partners.h"
#include "store/planar.h"
#include "store/posts.h"
#include "store/repair.h"
#include "store/row_writer.h"
#include "store/taken.h"
#include "store/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows and bytes a transaction: large enough that few pages of indexes are written once more with each, small enough
 * that the write-ahead log stays below ~100 MB (wal.h). */
#define ROWS_A_TRANSACTION 20000
#define BYTES_A_TRANSACTION 16000000
#define APPROVALS_KEPT 1024
#define APPROVAL_SIZE 120
/* A text of a field in bytes: a page of small print. Answers, tiles and dossiers are made of these. */
#define MOST_TEXT 65536
/* No area or amount comes near it, and sums of it stay exact enough. */
#define MOST_NUMBER 1e15

struct dk_load {
    dk_store *store;
    const dk_kind *kind;
    bool replace, publish, dry_run, undrawn, draw;
    int64_t batch, next_row;
    int64_t in_transaction, kept;
    size_t bytes_in_transaction;
    char *source;           /* the batch's, as given */
    const char *key_source; /* of the row that comes next; NULL: its own */
    char *last_source;
    int64_t last_source_id;
    dk_shape shape;
    uint64_t inheritable; /* fields of the row under way that the source leaves empty and a link may fill */
    dk_buf texts;         /* normalised texts of the row under way */
    /* 文号 as they came and normalised, by hash: hundreds of rows have the same. */
    struct {
        uint8_t size, normal_size;
        char text[APPROVAL_SIZE], normal[APPROVAL_SIZE];
    } approvals[APPROVALS_KEPT];
    dk_buf inherited;                   /* texts taken over links */
    dk_buf linked;                      /* texts of linked fields */
    dk_clock_finder *states;            /* how disclosure stands; NULL: no field says it */
    int32_t day;                        /* for which it is found */
    int64_t generation;                 /* by which linked fields are found */
    dk_areas said;                      /* of the row that comes next */
    dk_areas areas;                     /* of the row under way */
    dk_buf there;                       /* texts taken from the row that is drawn */
    dk_buf wkb, blob;                   /* geometry of the row under way, without and with the GeoPackage header */
    int64_t unpublished[DK_MAX_FIELDS]; /* the batches that the row under way took values from (dk_inherit) */
    dk_id_list taken;                   /* those that were noted, in that order */
    struct dk_came { /* keys that came and were unchanged, in their order, to take the last of them back */
        uint64_t hash;
        int64_t source, row; /* where; source 0: not known */
    } * in_order;
    size_t n_unchanged, in_order_capacity;
    uint32_t *unchanged; /* their numbers there from 1, by hash, in a table of unchanged_size places; 0: empty */
    size_t unchanged_size;
    const dk_repair *repair; /* of the row under way; NULL: none */
    sqlite3_stmt *insert_repair;
    dk_geos *geos; /* made when a replacement is checked */
    dk_term_writer *terms;
    dk_row_writer *rows;
    dk_key_filter *came; /* keys of the batch, where there were no rows before it; NULL: there were */
    dk_partners *partners;
    dk_finder *finder;
    dk_brought *brought;
    char *actor;
};

/* ---- begin and end ---- */

static dk_status insert_batch(dk_load *load, const dk_load_options *options, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        load->store, "INSERT INTO dikuai_batch(kind,title,source,state,created_at) VALUES(?1,?2,?3,'loading',?4)",
        &stmt, err);
    if (status != DK_OK)
        return status;
    char now[24];
    dk_now(now);
    sqlite3_bind_text(stmt, 1, load->kind->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, options->title != NULL ? options->title : options->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, options->source, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, now, -1, SQLITE_STATIC);
    status = dk_sql_done(load->store, stmt, err);
    if (status == DK_OK)
        load->batch = sqlite3_last_insert_rowid(load->store->db);
    sqlite3_finalize(stmt);
    return status;
}

static dk_status find_next_row(dk_load *load, dk_error *err)
{
    dk_buf sql;
    dk_buf_init(&sql);
    dk_buf_format(&sql, "SELECT coalesce(max(row),0)+1 FROM row_%s", load->kind->name);
    sqlite3_stmt *stmt = NULL;
    const char *text = dk_buf_cstr(&sql);
    dk_status status =
        text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(load->store, text, &stmt, err);
    if (status == DK_OK && (status = dk_sql_step(load->store, stmt, err)) == DK_OK)
        load->next_row = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    return status;
}

static void load_free(dk_load *load)
{
    if (load == NULL)
        return;
    dk_shape_finish(&load->shape);
    dk_buf_finish(&load->texts);
    dk_buf_finish(&load->inherited);
    dk_buf_finish(&load->linked);
    dk_clock_finder_free(load->states);
    dk_buf_finish(&load->there);
    dk_buf_finish(&load->wkb);
    dk_buf_finish(&load->blob);
    dk_geos_free(load->geos);
    dk_term_writer_free(load->terms);
    dk_row_writer_free(load->rows);
    dk_key_filter_free(load->came);
    dk_partners_free(load->partners);
    dk_finder_free(load->finder);
    dk_brought_free(load->brought);
    free(load->actor);
    dk_id_list_finish(&load->taken);
    sqlite3_finalize(load->insert_repair);
    free(load->unchanged);
    free(load->in_order);
    free(load->source);
    free(load->last_source);
    free(load);
}

dk_status dk_load_begin(dk_store *store, const dk_kind *kind, const dk_load_options *options, dk_load **ret_load,
                        dk_error *err)
{
    dk_load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    load->store = store;
    load->kind = kind;
    load->replace = options->replace;
    load->publish = options->publish;
    load->dry_run = options->dry_run;
    load->undrawn = options->undrawn;
    load->draw = options->draw;
    dk_shape_init(&load->shape);
    dk_buf_init(&load->texts);
    dk_buf_init(&load->inherited);
    dk_buf_init(&load->linked);
    dk_buf_init(&load->there);
    dk_buf_init(&load->wkb);
    dk_buf_init(&load->blob);
    load->source = strdup(options->source);
    load->terms = dk_term_writer_create(store, kind);
    load->partners = dk_partners_create(store, kind);
    dk_status status = load->source == NULL || load->terms == NULL || load->partners == NULL
                           ? dk_fail(err, DK_NOMEM, "out of memory")
                           : DK_OK;
    if (status == DK_OK && load->dry_run) /* one transaction from here on, which is rolled back */
        status = dk_sql_begin(store, err);
    if (status == DK_OK)
        status = insert_batch(load, options, err);
    if (status == DK_OK && ((load->rows = dk_row_writer_create(store, kind, load->batch)) == NULL ||
                            (load->finder = dk_finder_create(store, kind, load->batch)) == NULL ||
                            (load->brought = dk_brought_create(store, kind, load->batch)) == NULL ||
                            (options->actor != NULL && (load->actor = strdup(options->actor)) == NULL)))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = find_next_row(load, err);
    if (status == DK_OK && load->next_row == 1 && (load->came = dk_key_filter_create()) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = dk_store_generation(store, &load->generation, err);
    if (status == DK_OK)
        status = dk_clock_day(store, &load->day, err);
    if (status == DK_OK && kind->disclosure_field >= 0 && dk_clock_sources(store->catalogue, kind) != 0 &&
        (load->states = dk_clock_finder_create(store, kind, load->day)) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK && !load->dry_run)
        status = dk_sql_begin(store, err);
    if (status == DK_OK)
        *ret_load = load;
    else
        dk_load_abandon(load);
    return status;
}

void dk_load_abandon(dk_load *load)
{
    if (load == NULL)
        return;
    dk_error ignored;
    dk_sql_rollback(load->store);
    if (load->batch != 0 && !load->dry_run)
        dk_batch_drop(load->store, load->kind, load->batch, &ignored); /* if it fails, the next writer's open does it */
    load_free(load);
}

dk_status dk_load_datum(dk_load *load, const char *text, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status =
        dk_sql_prepare(load->store,
                       "UPDATE dikuai_batch SET datum=CASE WHEN datum='' THEN ?2 WHEN"
                       " instr('; '||datum||'; ','; '||?2||'; ')>0 THEN datum ELSE datum||'; '||?2 END WHERE id=?1",
                       &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, load->batch);
        sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
        status = dk_sql_done(load->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_load_place dk_load_mark(const dk_load *load)
{
    return (dk_load_place){load->next_row, load->n_unchanged, load->taken.n};
}

/* Where a hash stands in the table of what was unchanged, or the empty place for it. */
static size_t place_of(const dk_load *load, uint64_t hash)
{
    size_t at = (size_t)(hash % load->unchanged_size);
    while (load->unchanged[at] != 0 && load->in_order[load->unchanged[at] - 1].hash != hash)
        at = (at + 1) % load->unchanged_size;
    return at;
}

/* Fills the table anew with the first n. */
static void put_unchanged(dk_load *load, size_t n)
{
    memset(load->unchanged, 0, load->unchanged_size * sizeof *load->unchanged);
    for (size_t i = 0; i < n; i++)
        load->unchanged[place_of(load, load->in_order[i].hash)] = (uint32_t)(i + 1);
    load->n_unchanged = n;
}

static void forget_unchanged(dk_load *load, size_t n)
{
    if (load->n_unchanged != n)
        put_unchanged(load, n);
}

/* Writes what waits: rows, and what they are found by. */
static dk_status flush(dk_load *load, dk_error *err)
{
    const dk_status status = dk_row_writer_flush(load->rows, err);
    return status == DK_OK ? dk_terms_flush(load->terms, err) : status;
}

dk_status dk_load_undo(dk_load *load, const dk_load_place *mark, dk_error *err)
{
    forget_unchanged(load, mark->n_unchanged);
    if (load->next_row == mark->row)
        return DK_OK;
    static const char *const tables[] = {"repair", "row"};
    dk_status status = flush(load, err);
    if (status == DK_OK)
        status = dk_posts_drop(load->store, load->kind, mark->row, INT64_MAX, err);
    if (status == DK_OK)
        status = dk_finder_undo(load->finder, mark->row, err);
    for (; status == DK_OK && load->taken.n > mark->n_taken; load->taken.n--)
        status = dk_taken_forget(load->store, load->batch, load->taken.ids[load->taken.n - 1], err);
    dk_brought_undo(load->brought);
    for (size_t i = load->kind->geometry == DK_NO_GEOMETRY; i < 2 && status == DK_OK; i++) {
        sqlite3_stmt *stmt = NULL;
        dk_buf sql;
        dk_buf_init(&sql);
        dk_buf_format(&sql, "DELETE FROM %s_%s WHERE row>=?1", tables[i], load->kind->name);
        const char *text = dk_buf_cstr(&sql);
        status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(load->store, text, &stmt, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(stmt, 1, mark->row);
            status = dk_sql_done(load->store, stmt, err);
        }
        sqlite3_finalize(stmt);
        dk_buf_finish(&sql);
    }
    if (status == DK_OK) {
        load->kept -= load->next_row - mark->row;
        load->next_row = mark->row;
    }
    return status;
}

int64_t dk_load_batch(const dk_load *load)
{
    return load->batch;
}

dk_status dk_load_settle(dk_load *load, dk_error *err)
{
    return flush(load, err);
}

dk_status dk_load_findings(dk_load *load, dk_finding_count *ret_count, dk_error *err)
{
    return dk_findings_count(load->store, load->kind, load->batch, ret_count, err);
}

dk_status dk_load_again(dk_load *load, int64_t staged, int64_t rows, bool *ret_again, dk_error *err)
{
    return dk_asked_again(load->store, load->batch, staged, rows, load->actor, ret_again, err);
}

dk_status dk_load_finish(dk_load *load, int64_t *ret_batch, dk_error *err)
{
    const int64_t batch = load->batch;
    if (load->dry_run || load->kept == 0) {
        dk_load_abandon(load);
        *ret_batch = 0;
        return DK_OK;
    }
    sqlite3_stmt *stmt = NULL;
    dk_status status = flush(load, err);
    if (status == DK_OK)
        status = dk_sql_prepare(load->store, "UPDATE dikuai_batch SET state='staged',rows=?2 WHERE id=?1", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int64(stmt, 2, load->kept);
        status = dk_sql_done(load->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    if (status == DK_OK)
        status = dk_finder_finish(load->finder, err);
    if (status == DK_OK)
        status = dk_brought_finish(load->brought, err);
    if (status == DK_OK)
        status = dk_act_write(load->store, batch, DK_ACT_LOADED, load->actor, NULL, 0, NULL, err);
    if (status == DK_OK && load->publish)
        status = dk_asked_note(load->store, batch, err);
    if (status == DK_OK)
        status = dk_linked_asked(load->store, load->kind, batch, load->generation, load->day, err);
    if (status == DK_OK)
        status = dk_terms_flush(load->terms, err);
    if (status == DK_OK)
        status = dk_sql_commit(load->store, err);
    if (status != DK_OK) {
        dk_load_abandon(load);
        return status;
    }
    load_free(load);
    *ret_batch = batch;
    return DK_OK;
}

/* ---- one row: checks ---- */

static bool reject(dk_row_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Always false, so that a check can end with it. */
static bool reject(dk_row_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(report->message, sizeof report->message, format, args);
    va_end(args);
    report->outcome = DK_REJECTED;
    return false;
}

static void remark(dk_row_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds one to those of the row while there is room. */
static void remark(dk_row_report *report, const char *format, ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const size_t size = strlen(report->remark), n = strlen(text);
    report->notes |= DK_NOTE_REMARK;
    if (size + n + 3 <= sizeof report->remark)
        snprintf(report->remark + size, sizeof report->remark - size, "%s%s", size > 0 ? "; " : "", text);
}

static bool is_empty(const dk_value *value)
{
    return value->type == DK_NULL || (value->type == DK_TEXT && value->text.size == 0);
}

/* Appends a 文号 or several in the form in which they are kept. *ret_rest: what the text says besides. */
static void append_approval(dk_load *load, const char *text, size_t size, dk_approval_rest *ret_rest)
{
    *ret_rest = (dk_approval_rest){.matters = false};
    const size_t place = (size_t)(dk_hash64(text, size, 0) % APPROVALS_KEPT), start = load->texts.size;
    char *const kept = load->approvals[place].text, *const normal = load->approvals[place].normal;
    if (size == load->approvals[place].size && memcmp(text, kept, size) == 0) {
        dk_buf_append(&load->texts, normal, load->approvals[place].normal_size);
        return;
    }
    dk_approval_no_read(text, size, &load->texts, ret_rest);
    const size_t normal_size = load->texts.size - start;
    if (load->texts.failed || size > APPROVAL_SIZE || normal_size > APPROVAL_SIZE || ret_rest->left[0] != '\0' ||
        ret_rest->range[0] != '\0')
        return;
    load->approvals[place].size = (uint8_t)size;
    load->approvals[place].normal_size = (uint8_t)normal_size;
    memcpy(kept, text, size);
    memcpy(normal, load->texts.data + start, normal_size);
}

/* Says what a cell of 文号 holds besides them: a key must not lose it, for it may tell two numbers apart. */
static bool tell_rest(const dk_kind *kind, const dk_field *field, const char *text, size_t size, const char *kept,
                      const dk_approval_rest *rest, dk_row_report *report)
{
    const int n = size > 120 ? dk_utf8_fit(text, 120) : (int)size, n_kept = dk_utf8_fit(kept, 80);
    const bool key = field - kind->fields == kind->key_field;
    if (rest->none && key) /* a footer or a label may have come so far */
        remark(
            report,
            "%s '%.*s' is kept as it is written, for no 文号 such as 皖政地〔2020〕123号 is found in it; correct it, or take the "
            "row out if it is none of the table",
            field->name, n, text);
    if (rest->matters && key)
        return reject(
            report,
            "%s '%.*s' is more than a number: besides '%.*s' it says '%s', and the key would lose that; write the "
            "number alone",
            field->name, n, text, n_kept, kept, rest->left);
    if (rest->left[0] != '\0')
        remark(report, "%s '%.*s' is kept as '%.*s', without '%s'; correct it if that is part of the number",
               field->name, n, text, n_kept, kept, rest->left);
    if (rest->range[0] != '\0')
        remark(report, "%s %s is kept as one number; if it is a range, write each number out", field->name,
               rest->range);
    return true;
}

/* The text of a text value under its field's rules, appended to load->texts with its NUL; *ret_at its offset. */
static bool normalise_text(dk_load *load, const dk_field *field, const dk_value *value, size_t *ret_at,
                           dk_row_report *report)
{
    const char *text = value->text.data;
    size_t size = value->text.size;
    *ret_at = load->texts.size;
    if (size > MOST_TEXT)
        return reject(report, "%s has %zu bytes; a field holds at most %d", field->name, size, MOST_TEXT);
    if (!dk_utf8_valid(text, size) || memchr(text, 0, size) != NULL)
        return reject(report, "%s is not valid UTF-8; give the source's encoding with --encoding", field->name);
    while (size > 0 && (unsigned char)text[size - 1] <= ' ')
        size--;
    while (size > 0 && (unsigned char)*text <= ' ')
        text++, size--;
    dk_approval_rest rest; /* not cleared whole for each text of each row */
    rest.matters = rest.none = false;
    rest.left[0] = rest.range[0] = '\0';
    if (field->type == DK_FIELD_APPROVAL_NO && size > 0)
        append_approval(load, text, size, &rest);
    else
        dk_buf_append(&load->texts, text, size);
    dk_buf_byte(&load->texts, 0);
    if (load->texts.failed)
        return reject(report, "out of memory");
    const char *kept = (const char *)load->texts.data + *ret_at;
    if (*kept == 0)
        return true;
    if ((rest.left[0] != '\0' || rest.range[0] != '\0' || rest.none) &&
        !tell_rest(load->kind, field, text, size, kept, &rest, report))
        return false;
    switch (field->type) {
    case DK_FIELD_DATE:
        if (!dk_date_valid(kept))
            return reject(report, "%s '%.60s' is not a date; write it as 2020-06-15", field->name, kept);
        break;
    case DK_FIELD_DIVISION:
        if (!dk_division_code_valid(kept))
            return reject(report, "%s '%.40s' is not a division code of 6, 9 or 12 digits", field->name, kept);
        if (!dk_division_known(load->store->catalogue, kept))
            return reject(report, "%s %s is not a division of the catalogue; correct it or add it under divisions",
                          field->name, kept);
        break;
    case DK_FIELD_INTEGER:
    case DK_FIELD_NUMBER:
        return reject(report, "%s '%.60s' is not a number", field->name, kept);
    default:
        break;
    }
    if (field->n_values > 0) {
        bool found = false;
        for (size_t i = 0; !found && i < field->n_values; i++)
            found = strcmp(kept, field->values[i]) == 0;
        if (!found)
            return reject(report, "%s '%.60s' is not one of the values that the catalogue allows (%s%s%s%s)",
                          field->name, kept, field->values[0], field->n_values > 1 ? ", " : "",
                          field->n_values > 1 ? field->values[1] : "", field->n_values > 2 ? " …" : "");
    }
    return true;
}

/* Copies values under the rules of their fields. Texts lie in load->texts. */
static bool normalise(dk_load *load, const dk_value *values, dk_value *ret_values, dk_row_report *report)
{
    const dk_kind *kind = load->kind;
    size_t offsets[DK_MAX_FIELDS];
    dk_buf_clear(&load->texts);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        ret_values[i] = values[i];
        switch (values[i].type) {
        case DK_NULL:
            break;
        case DK_TEXT:
            if (!normalise_text(load, field, &values[i], &offsets[i], report))
                return false;
            break;
        case DK_INTEGER:
            if (field->type == DK_FIELD_NUMBER)
                ret_values[i] = dk_value_real((double)values[i].integer);
            else if (field->type != DK_FIELD_INTEGER)
                return reject(report, "%s is a number and should be a text", field->name);
            break;
        case DK_REAL:
            if (field->type != DK_FIELD_NUMBER || !isfinite(values[i].real) || fabs(values[i].real) > MOST_NUMBER)
                return reject(report, "%s is not %s", field->name,
                              field->type == DK_FIELD_NUMBER ? "a number below 10^15" : "of the field's type");
            break;
        }
    }
    for (size_t i = 0; i < kind->n_fields; i++)
        if (values[i].type == DK_TEXT) {
            ret_values[i] = dk_value_text((const char *)load->texts.data + offsets[i]);
            if (ret_values[i].text.size == 0)
                ret_values[i] = dk_value_null();
        }
    return true;
}

/* The foot of a ledger: 合计, 总 计 … */
static bool is_sum_row(const char *id)
{
    static const char *const words[] = {"合计", "总计", "小计", "共计"};
    char squeezed[16];
    size_t n = 0;
    for (const char *c = id; *c; c++)
        if (*c != ' ' && *c != ':') {
            if (n + 1 == sizeof squeezed)
                return false;
            squeezed[n++] = *c;
        }
    squeezed[n] = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(squeezed, words[i]) == 0)
            return true;
    return false;
}

/* What a value is in a key, a number as its term is (dk_terms_of); NULL: it has none. */
static const char *key_part(const dk_value *value, char number[40])
{
    switch (value->type) {
    case DK_TEXT:
        return value->text.size > 0 ? value->text.data : NULL;
    case DK_INTEGER:
        snprintf(number, 40, "%" PRId64, value->integer);
        return number;
    case DK_REAL:
        snprintf(number, 40, "%.17g", value->real);
        return number;
    case DK_NULL:
        break;
    }
    return NULL;
}

/* <qualifier>:<key field> */
static bool build_key(const dk_load *load, const dk_value *values, const char *source, dk_row_report *report)
{
    const dk_kind *kind = load->kind;
    char number[40], qualifying[40];
    const char *id = key_part(&values[kind->key_field], number);
    if (id == NULL)
        return reject(report, "%s (%s) is empty, and it is the key", kind->fields[kind->key_field].name,
                      kind->fields[kind->key_field].title);
    if (is_sum_row(id))
        return reject(report, "'%.40s' where the key belongs: a row of sums is no record", id);
    if (kind->fields[kind->key_field].type == DK_FIELD_APPROVAL_NO && strstr(id, "、") != NULL)
        return reject(report, "'%.120s' is more than one number, and the key is one; make it a row for each", id);
    const char *qualifier = NULL;
    size_t qualifier_size = 0;
    for (size_t i = 0; qualifier == NULL && i < kind->n_qualifiers; i++)
        if ((qualifier = key_part(&values[kind->qualifiers[i]], qualifying)) != NULL) {
            const char *joint = strstr(qualifier, "、"); /* the first of several 文号 */
            qualifier_size = joint ? (size_t)(joint - qualifier) : strlen(qualifier);
        }
    if (qualifier == NULL && kind->qualify_by_source) {
        const char *slash = strrchr(source, '/');
        qualifier = slash ? slash + 1 : source;
        const char *dot = strrchr(qualifier, '.');
        qualifier_size = dot && dot > qualifier ? (size_t)(dot - qualifier) : strlen(qualifier);
    }
    if (qualifier == NULL && kind->n_qualifiers > 0)
        return reject(report, "%s %s is unique only with one of its qualifiers, and all are empty", kind->name, id);
    const size_t id_size = strlen(id), before = qualifier != NULL ? qualifier_size + 1 : 0;
    if (before + id_size >= sizeof report->key)
        return reject(report, "the key is longer than %zu bytes", sizeof report->key - 1);
    if (qualifier != NULL) {
        memcpy(report->key, qualifier, qualifier_size);
        report->key[qualifier_size] = ':';
    }
    memcpy(report->key + before, id, id_size + 1);
    for (const char *c = report->key; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return reject(report, "the key contains a control character");
    return true;
}

static bool check_required(const dk_load *load, const dk_value *values, dk_row_report *report)
{
    for (size_t i = 0; i < load->kind->n_fields; i++)
        if (load->kind->fields[i].required && is_empty(&values[i]))
            return reject(report, "%s (%s) is empty, and it is required", load->kind->fields[i].name,
                          load->kind->fields[i].title);
    return true;
}

/* One type a layer, as GeoPackage readers expect: a single polygon, line or point becomes the only part of a multi one.
 * The WKB was read by dk_shape_from_wkb, so its byte order and type are there. */
static void append_multi(const void *wkb, size_t size, dk_buf *out)
{
    const unsigned char *bytes = wkb;
    const bool little = bytes[0] == 1;
    const unsigned type = little ? bytes[1] : bytes[4];
    const bool plain = little ? bytes[2] == 0 && bytes[4] == 0 : bytes[1] == 0 && bytes[3] == 0;
    if (plain && type >= 1 && type <= 3) {
        const unsigned char head[9] = {1, (unsigned char)(type + 3), 0, 0, 0, 1, 0, 0, 0};
        dk_buf_append(out, head, sizeof head);
    }
    dk_buf_append(out, wkb, size);
}

static void measure(const dk_kind *kind, const dk_shape *shape, dk_areas *areas)
{
    areas->known = true;
    areas->ellipsoidal_m2 = dk_shape_area_m2(shape);
    for (size_t i = 0; i < kind->n_fields && !areas->planar_known; i++)
        if (kind->fields[i].computed == DK_COMPUTED_PLANAR_AREA) {
            areas->planar_m2 = dk_shape_planar_area_m2(shape);
            areas->planar_known = true;
        }
}

void dk_areas_measure(const dk_kind *kind, const void *wkb, size_t wkb_size, dk_shape *scratch, dk_areas *areas)
{
    if (kind->geometry == DK_POLYGONS && dk_shape_from_wkb(wkb, wkb_size, scratch, NULL) == DK_OK &&
        scratch->kind == DK_POLYGONS && scratch->n_points > 0)
        measure(kind, scratch, areas);
}

void dk_load_measured(dk_load *load, const dk_areas *areas)
{
    load->said = *areas;
}

/* Reads the geometry, fills computed fields and compares declared areas. */
static bool take_geometry(dk_load *load, const void *wkb, size_t size, dk_value *values, dk_row_report *report)
{
    const dk_kind *kind = load->kind;
    dk_error why;
    dk_buf_clear(&load->blob);
    if (kind->geometry == DK_NO_GEOMETRY)
        return true;
    if ((wkb == NULL || size == 0) && load->undrawn) {
        for (size_t i = 0; i < kind->n_fields; i++)
            if (dk_field_measured(&kind->fields[i]))
                values[i] = dk_value_null();
        dk_gpkg_append_empty(kind->geometry, &load->blob);
        return !load->blob.failed || reject(report, "out of memory");
    }
    if (wkb == NULL || size == 0)
        return reject(report, "has no geometry");
    if (dk_shape_from_wkb(wkb, size, &load->shape, &why) != DK_OK)
        return reject(report, "its geometry cannot be read: %.300s", why.text);
    if (load->shape.kind != kind->geometry || load->shape.n_points == 0)
        return reject(report, "its geometry is empty or not of the layer's kind");
    double bounds[4];
    dk_shape_bounds(&load->shape, bounds);
    const double *extent = load->store->catalogue->extent;
    if (bounds[0] < extent[0] || bounds[1] < extent[1] || bounds[2] > extent[2] || bounds[3] > extent[3])
        return reject(
            report,
            "lies outside the catalogue's extent: it reaches from %.6f, %.6f to %.6f, %.6f (longitude, latitude)",
            bounds[0], bounds[1], bounds[2], bounds[3]);
    if (!load->areas.known && kind->geometry == DK_POLYGONS)
        measure(kind, &load->shape, &load->areas);
    const dk_areas areas = load->areas;
    const double area = areas.ellipsoidal_m2;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if (dk_field_measured(field)) {
            const double computed = field->computed == DK_COMPUTED_AREA ? area : areas.planar_m2;
            values[i] = dk_value_real(round(computed * 100) / 100);
        }
        if (field->declares_area_m2 > 0 && values[i].type == DK_REAL) {
            const double declared = values[i].real * field->declares_area_m2;
            if (fabs(declared - area) > 1 && fabs(declared - area) > 0.01 * area) {
                report->notes |= DK_NOTE_AREA_DIFFERS;
                snprintf(report->message, sizeof report->message,
                         "%s says %.2f m2, the geometry has %.2f m2 (%.2f m2 in the plane)", field->name, declared,
                         area, dk_shape_planar_area_m2(&load->shape));
            }
        }
    }
    dk_buf_clear(&load->wkb);
    append_multi(wkb, size, &load->wkb);
    dk_gpkg_append(load->wkb.data, load->wkb.size, &load->shape, &load->blob);
    return (!load->wkb.failed && !load->blob.failed) || reject(report, "out of memory");
}

/* ---- one row: what is there already ---- */

/* The same geometry, also if another format's writer begins its rings elsewhere. */
static bool same_geometry(dk_load *load, const dk_stored_row *row)
{
    if (row->blob_size != load->blob.size)
        return false;
    if (row->blob_size == 0 || memcmp(row->blob, load->blob.data, row->blob_size) == 0)
        return true;
    size_t size = 0;
    const unsigned char *wkb = dk_gpkg_wkb(row->blob, row->blob_size, &size);
    dk_shape old;
    dk_shape_init(&old);
    const bool same =
        wkb != NULL && dk_shape_from_wkb(wkb, size, &old, NULL) == DK_OK && dk_shape_equal(&old, &load->shape);
    dk_shape_finish(&old);
    return same;
}

/* Compared is what the source says. What follows from it or from other rows is not: a computed area (its last digit
 * hangs on where a ring begins) and, where the source says nothing, a value taken over a link. */
static bool same_values(const dk_load *load, const dk_stored_row *row, const dk_value *values, bool or_empty)
{
    for (size_t i = 0; i < load->kind->n_fields; i++) {
        const bool derived = dk_field_derived(&load->kind->fields[i]) || load->inheritable & UINT64_C(1) << i;
        if (!derived && !dk_value_equal(&row->values[i], &values[i]) && !(or_empty && is_empty(&values[i])))
            return false;
    }
    return true;
}

static bool same_row(dk_load *load, const dk_stored_row *row, const dk_value *values)
{
    return same_values(load, row, values, false) && same_geometry(load, row);
}

/* A ledger that comes again after its rows were drawn: all that a row says is there, and what it leaves empty it left
 * empty before, in a version that was replaced, and whoever drew it has filled it. */
static dk_status same_but_drawn(dk_load *load, const dk_stored_row *row, const dk_value *values, bool *ret_same,
                                dk_error *err)
{
    dk_status status = DK_OK;
    bool same = same_values(load, row, values, false);
    int64_t before = !same && same_values(load, row, values, true) ? row->replaces : 0;
    while (before != 0 && !same) {
        dk_stored_row old;
        if ((status = dk_stored_row_read(load->store, load->kind, before, false, &old, err)) != DK_OK)
            return status;
        same = same_values(load, &old, values, false);
        before = old.replaces < before ? old.replaces : 0;
        dk_stored_row_release(&old);
    }
    *ret_same = same;
    return DK_OK;
}

static dk_status geometries_touch(dk_load *load, const dk_stored_row *row, bool *ret_touch, dk_error *err)
{
    if (load->geos == NULL && (load->geos = dk_geos_create()) == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    *ret_touch = dk_geos_may_replace(load->geos, row->blob, row->blob_size, load->blob.data, load->blob.size);
    return DK_OK;
}

/* Rows of this load that are written stand in the store; those that were unchanged are remembered here, so that a key
 * that comes twice is noticed either way. A chance of 2^-64 of being wrong. */
static uint64_t hash_of(const char *key)
{
    return dk_hash64(key, strlen(key), 0);
}

/* NULL: the key has not come. */
static const struct dk_came *find_unchanged(const dk_load *load, const char *key)
{
    if (load->unchanged_size == 0)
        return NULL;
    const uint32_t number = load->unchanged[place_of(load, hash_of(key))];
    return number != 0 ? &load->in_order[number - 1] : NULL;
}

/* Of a key that has not come. */
static dk_status remember_unchanged(dk_load *load, const char *key, const char *source, int64_t row, dk_error *err)
{
    const bool known = load->last_source != NULL && strcmp(load->last_source, source) == 0;
    if (load->n_unchanged == UINT32_MAX)
        return dk_fail(err, DK_LIMIT, "more rows are unchanged than one load can have; load the files in parts");
    if (!dk_grow(&load->in_order, &load->in_order_capacity, load->n_unchanged + 1, sizeof *load->in_order))
        return dk_fail(err, DK_NOMEM, "out of memory");
    if (2 * (load->n_unchanged + 1) > load->unchanged_size) {
        const size_t size = load->unchanged_size ? load->unchanged_size * 2 : 1024;
        uint32_t *table = calloc(size, sizeof *table);
        if (table == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        free(load->unchanged);
        load->unchanged = table;
        load->unchanged_size = size;
        put_unchanged(load, load->n_unchanged);
    }
    const struct dk_came came = {hash_of(key), known ? load->last_source_id : 0, row};
    load->in_order[load->n_unchanged++] = came;
    load->unchanged[place_of(load, came.hash)] = (uint32_t)load->n_unchanged;
    return DK_OK;
}

/* Rejects a key that came before in the same load, unchanged: of several files, in which. */
static dk_status reject_again(dk_load *load, const struct dk_came *first, const char *source, dk_row_report *report,
                              dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const bool own =
        load->last_source != NULL && strcmp(load->last_source, source) == 0 && first->source == load->last_source_id;
    dk_status status = dk_sql_prepare(load->store, "SELECT name FROM dikuai_source WHERE id=?1", &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, first->source);
    status = dk_sql_step(load->store, stmt, err);
    const char *name = !own && status == DK_OK ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    if (status == DK_OK || status == DK_END)
        reject(report,
               "the key %s came before in the same load, unchanged, in row %" PRId64 "%s%.*s; each key may come once",
               report->key, first->row, name != NULL ? " of " : "", name != NULL ? dk_utf8_fit(name, 150) : 0,
               name != NULL ? name : "");
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Rejects a key that came before in the same load: of several files, in which. */
static dk_status reject_twice(dk_load *load, const dk_newest *first, const char *source, dk_row_report *report,
                              dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    char sql[160];
    snprintf(sql, sizeof sql, "SELECT s.id,s.name FROM row_%s r JOIN dikuai_source s ON s.id=r.source WHERE r.row=?1",
             load->kind->name);
    dk_status status = dk_sql_prepare(load->store, sql, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, first->row);
    if ((status = dk_sql_step(load->store, stmt, err)) == DK_OK) {
        const bool own = load->last_source != NULL && strcmp(load->last_source, source) == 0 &&
                         sqlite3_column_int64(stmt, 0) == load->last_source_id;
        const char *name = own ? "" : (const char *)sqlite3_column_text(stmt, 1);
        reject(report, "the key %s stands in row %" PRId64 "%s%.*s of the same load already; each key may come once",
               report->key, first->source_row, own ? "" : " of ", dk_utf8_fit(name, 150), name);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* Notes from which divisions a row comes: that of the version that it replaces and, where that one waits itself, of
 * those that this one replaces, to what is published. */
static dk_status note_replaced(dk_load *load, const dk_stored_row *old, char state, dk_error *err)
{
    dk_status status = dk_brought_replaced(load->brought, old->values, err);
    for (int64_t row = old->row, before = old->replaces;
         status == DK_OK && state == 's' && before != 0 && before < row;) {
        dk_stored_row earlier;
        dk_batch_life life;
        if ((status = dk_stored_row_read(load->store, load->kind, before, false, &earlier, err)) != DK_OK)
            break;
        const int64_t batch = earlier.batch;
        status = dk_brought_replaced(load->brought, earlier.values, err);
        row = before;
        before = earlier.replaces;
        dk_stored_row_release(&earlier);
        if (status == DK_OK && (status = dk_batch_life_of(load->store, batch, &life, err)) == DK_OK)
            state = life.state == 'p' ? 'p' : 's'; /* one that was withdrawn is passed over */
    }
    return status;
}

/* The newest version of a key, of this load too. */
static dk_status find_newest(dk_load *load, const char *key, dk_newest *ret_newest, dk_error *err)
{
    const dk_status status = dk_row_writer_has(load->rows, key) ? dk_row_writer_flush(load->rows, err) : DK_OK;
    return status == DK_OK ? dk_row_newest(load->store, load->kind, key, ret_newest, err) : status;
}

/* Compares with the version that is there. Sets the outcome, the feature number and the version replaced. */
static dk_status compare_existing(dk_load *load, const dk_value *values, const char *source, int64_t source_row,
                                  dk_row_report *report, uint64_t *ret_feature, int64_t *ret_replaces, dk_error *err)
{
    dk_newest newest;
    if (load->came != NULL && !dk_key_filter_came(load->came, report->key, strlen(report->key)))
        return DK_OK;
    dk_status status = find_newest(load, report->key, &newest, err);
    if (status != DK_OK)
        return status;
    const int64_t row = newest.row, batch = newest.batch;
    if (row == 0) { /* all its versions are withdrawn, or there is none: the feature number stays with the key */
        dk_stored_row old;
        if (newest.any == 0)
            return DK_OK;
        if ((status = dk_stored_row_read(load->store, load->kind, newest.any, false, &old, err)) != DK_OK)
            return status;
        *ret_feature = old.feature;
        dk_stored_row_release(&old);
        return DK_OK;
    }
    if (batch == load->batch)
        return reject_twice(load, &newest, source, report, err);
    const struct dk_came *first = find_unchanged(load, report->key);
    if (first != NULL)
        return reject_again(load, first, source, report, err);
    dk_batch_life life;
    if ((status = dk_batch_life_of(load->store, batch, &life, err)) != DK_OK)
        return status;
    dk_stored_row old;
    if ((status = dk_stored_row_read(load->store, load->kind, row, true, &old, err)) != DK_OK)
        return status;
    *ret_feature = old.feature;
    *ret_replaces = row;
    bool touch = true;
    const bool takes_away = load->kind->geometry != DK_NO_GEOMETRY && dk_gpkg_empty(load->blob.data, load->blob.size) &&
                            !dk_gpkg_empty(old.blob, old.blob_size);
    bool same = !takes_away && same_row(load, &old, values);
    if (takes_away && (status = same_but_drawn(load, &old, values, &same, err)) != DK_OK) {
        dk_stored_row_release(&old);
        return status;
    }
    if (same) {
        report->outcome = DK_UNCHANGED;
        if (life.state == 's') {
            report->notes |= DK_NOTE_STAGED;
            report->batch = batch;
        }
        status = remember_unchanged(load, report->key, source, source_row, err);
    } else if (takes_away) {
        reject(report, "%s is there already with its outline (batch %" PRId64 "), which a row without does not replace",
               report->key, batch);
    } else if (!load->replace && load->draw && !dk_gpkg_empty(old.blob, old.blob_size)) {
        reject(report, "%s has another outline already (batch %" PRId64 "); load with --replace to replace it",
               report->key, batch);
    } else if (!load->replace && !load->draw) {
        reject(report, "%s is there already with other content (batch %" PRId64 "); load with --replace to replace it",
               report->key, batch);
    } else {
        report->outcome = DK_REPLACED;
        if (load->kind->geometry != DK_NO_GEOMETRY)
            status = geometries_touch(load, &old, &touch, err);
        if (status == DK_OK && !touch)
            reject(report,
                   "%s is there already (batch %" PRId64
                   ") and does not touch this geometry: it is another feature under "
                   "the same key, which --replace does not replace",
                   report->key, batch);
        else if (status == DK_OK)
            status = note_replaced(load, &old, life.state, err);
    }
    dk_stored_row_release(&old);
    return status;
}

/* ---- one row: drawing ---- */

static void show_value(const dk_value *value, char *out, size_t size)
{
    switch (value->type) {
    case DK_TEXT:
        snprintf(out, size, "%.*s", dk_utf8_fit(value->text.data, (int)size - 1), value->text.data);
        break;
    case DK_INTEGER:
        snprintf(out, size, "%" PRId64, value->integer);
        break;
    case DK_REAL:
        snprintf(out, size, "%.15g", value->real);
        break;
    default:
        snprintf(out, size, "nothing");
    }
}

/* Completes a row by what is there under its key without an outline. */
static dk_status take_what_is_there(dk_load *load, dk_value *values, dk_row_report *report, dk_error *err)
{
    dk_newest newest;
    dk_stored_row old;
    size_t places[DK_MAX_FIELDS];
    dk_status status = find_newest(load, report->key, &newest, err);
    if (status != DK_OK)
        return status;
    if (newest.row == 0) {
        const dk_kind *kind = load->kind;
        const dk_field *first = kind->n_qualifiers > 0 ? &kind->fields[kind->qualifiers[0]] : NULL;
        if (first != NULL && is_empty(&values[kind->qualifiers[0]])) /* without --draw it would be there twice */
            reject(
                report,
                "there is no %s to be drawn; keys begin with %s (%s), which is empty here: give the row the one that "
                "it has in the ledger (with --set %s=VALUE, --field or --join), or load it first",
                report->key, first->name, first->title, first->name);
        else
            reject(report, "there is no %s to be drawn; load it first, or load this file without --draw", report->key);
        return DK_OK;
    }
    if (newest.batch == load->batch) /* compare_existing says so */
        return DK_OK;
    if ((status = dk_stored_row_read(load->store, load->kind, newest.row, true, &old, err)) != DK_OK)
        return status;
    dk_buf_clear(&load->there);
    for (size_t i = 0; i < load->kind->n_fields && report->outcome != DK_REJECTED; i++) {
        const dk_value *there = &old.values[i];
        places[i] = SIZE_MAX;
        if (dk_field_derived(&load->kind->fields[i]) || there->type == DK_NULL)
            continue;
        if (is_empty(&values[i])) {
            values[i] = *there;
            places[i] = there->type == DK_TEXT ? load->there.size : SIZE_MAX;
            if (there->type == DK_TEXT) {
                dk_buf_append(&load->there, there->text.data, there->text.size);
                dk_buf_byte(&load->there, 0);
            }
        } else if (!load->replace && !dk_value_equal(&values[i], there)) {
            char says[80], has[80];
            show_value(&values[i], says, sizeof says);
            show_value(there, has, sizeof has);
            reject(report, "%s says %s, and %s is there with %s; correct one of them, or load with --replace",
                   load->kind->fields[i].name, says, report->key, has);
        }
    }
    for (size_t i = 0; i < load->kind->n_fields && report->outcome != DK_REJECTED; i++)
        if (places[i] != SIZE_MAX && !load->there.failed)
            values[i].text.data = (const char *)load->there.data + places[i];
    dk_stored_row_release(&old);
    return load->there.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* ---- one row: links ---- */

/* Rows by the million may have no partner yet: dk_text_copy says what is against snprintf. */
static void say_unlinked(dk_row_report *report, const dk_kind *to)
{
    const char *const parts[] = {
        report->key, " has no ", to->title,
        " (",        to->name,   ") yet: nothing there matches its numbers; load that first, or correct them"};
    size_t at = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && at < sizeof report->message; i++)
        at += dk_text_copy(report->message + at, sizeof report->message - at, parts[i], strlen(parts[i]));
}

/* Looks whether each link that starts at this kind has a partner. */
static dk_status note_unlinked(dk_load *load, const dk_value *values, dk_row_report *report, dk_error *err)
{
    const dk_catalogue *catalogue = load->store->catalogue;
    for (size_t l = 0; l < catalogue->n_links; l++) {
        const dk_link *link = &catalogue->links[l];
        bool asked = false, linked = false;
        if (link->from != load->kind)
            continue;
        const dk_status status = dk_partners_find(load->partners, link, report->key, values, &asked, &linked, err);
        if (status != DK_OK)
            return status;
        if (asked && !linked) {
            report->notes |= DK_NOTE_UNLINKED;
            say_unlinked(report, link->to);
        }
    }
    return DK_OK;
}

/* ---- one row: writing ---- */

dk_status dk_load_source_files(dk_load *load, const dk_source_file *files, size_t n, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(
        load->store, "INSERT INTO dikuai_file(source,number,name,bytes,sha256) VALUES(?1,?2,?3,?4,?5)", &stmt, err);
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        sqlite3_bind_int64(stmt, 1, load->last_source_id);
        sqlite3_bind_int64(stmt, 2, (int64_t)i + 1);
        sqlite3_bind_text(stmt, 3, files[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 4, files[i].bytes);
        sqlite3_bind_text(stmt, 5, files[i].sha256, -1, SQLITE_STATIC);
        status = dk_sql_done(load->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

dk_status dk_load_source(dk_load *load, const char *source, dk_error *err)
{
    const char *name = source != NULL ? source : load->source;
    const char *shown = name; /* of an absolute path the last part */
    for (const char *c = name; name[0] == '/' && *c != '\0'; c++)
        if (*c == '/' && c[1] != '/' && c[1] != '\0')
            shown = c + 1;
    char *given = strdup(name);
    if (given == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(load->store, "INSERT INTO dikuai_source(batch,name) VALUES(?1,?2)", &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, load->batch);
        sqlite3_bind_text(stmt, 2, shown, -1, SQLITE_STATIC);
        status = dk_sql_done(load->store, stmt, err);
    }
    sqlite3_finalize(stmt);
    free(load->last_source);
    load->last_source = given;
    load->last_source_id = sqlite3_last_insert_rowid(load->store->db);
    return status;
}

static dk_status source_id(dk_load *load, const char *source, int64_t *ret_id, dk_error *err)
{
    if (load->last_source == NULL || strcmp(load->last_source, source) != 0) {
        const dk_status status = dk_load_source(load, source, err);
        if (status != DK_OK)
            return status;
    }
    *ret_id = load->last_source_id;
    return DK_OK;
}

void dk_load_key_source(dk_load *load, const char *source)
{
    load->key_source = source;
}

void dk_load_repaired(dk_load *load, const dk_repair *repair)
{
    load->repair = repair != NULL && repair->rule != NULL ? repair : NULL;
}

static dk_status write_repair(dk_load *load, int64_t row, dk_error *err)
{
    char sql[160];
    snprintf(sql, sizeof sql, "INSERT INTO repair_%s(row,rule,detail,before_m2,after_m2) VALUES(?1,?2,?3,?4,?5)",
             load->kind->name);
    dk_status status =
        load->insert_repair != NULL ? DK_OK : dk_sql_prepare(load->store, sql, &load->insert_repair, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(load->insert_repair, 1, row);
    sqlite3_bind_text(load->insert_repair, 2, load->repair->rule, -1, SQLITE_STATIC);
    sqlite3_bind_text(load->insert_repair, 3, load->repair->detail, -1, SQLITE_STATIC);
    sqlite3_bind_double(load->insert_repair, 4, load->repair->before_m2);
    sqlite3_bind_double(load->insert_repair, 5, load->repair->after_m2);
    return dk_sql_done(load->store, load->insert_repair, err);
}

static bool is_noted(const dk_load *load, int64_t batch)
{
    for (size_t i = load->taken.n; i-- > 0;)
        if (load->taken.ids[i] == batch)
            return true;
    return false;
}

static dk_status note_taken(dk_load *load, dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < load->kind->n_fields; i++) {
        const int64_t of = load->unpublished[i];
        if (of == 0 || is_noted(load, of))
            continue;
        status = dk_taken_note(load->store, load->batch, of, err);
        if (status == DK_OK && !dk_id_list_add(&load->taken, of))
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    return status;
}

static dk_status write_row(dk_load *load, const dk_value *values, const char *key, uint64_t feature, int64_t replaces,
                           int64_t source, int64_t source_row, dk_error *err)
{
    const int64_t row = load->next_row++;
    const dk_new_row new_row = {row,
                                feature != 0 ? (int64_t)feature : row,
                                replaces,
                                source,
                                source_row,
                                key,
                                load->blob.data,
                                load->blob.size,
                                values};
    dk_status status = dk_row_writer_add(load->rows, &new_row, err);
    if (status != DK_OK)
        return status;
    if ((status = dk_terms_write(load->terms, row, feature != 0 ? feature : (uint64_t)row, values, err)) != DK_OK ||
        (load->repair != NULL && (status = write_repair(load, row, err)) != DK_OK) ||
        (status = dk_finder_row(load->finder, row, key, values, err)) != DK_OK ||
        (status = dk_brought_row(load->brought, values, replaces != 0, err)) != DK_OK ||
        (status = note_taken(load, err)) != DK_OK)
        return status;
    load->kept++;
    load->in_transaction++;
    load->bytes_in_transaction += load->blob.size + load->texts.size;
    if (load->in_transaction < ROWS_A_TRANSACTION && load->bytes_in_transaction < BYTES_A_TRANSACTION)
        return DK_OK;
    load->in_transaction = 0;
    load->bytes_in_transaction = 0;
    /* What the rows are found by waits for more of them: nobody looks a row up before its batch is complete, and pages
     * of posts would be written again with each transaction. */
    status = dk_row_writer_flush(load->rows, err);
    if (load->dry_run) /* what is committed would leave its pages in the store */
        return status;
    if (status == DK_OK && (status = dk_sql_commit(load->store, err)) == DK_OK)
        status = dk_sql_begin(load->store, err);
    return status;
}

dk_status dk_load_row(dk_load *load, const dk_value *values, const void *wkb, size_t wkb_size, const char *source,
                      int64_t source_row, dk_row_report *ret_report, dk_error *err)
{
    dk_row_report *report = ret_report;
    report->outcome = DK_LOADED;
    report->notes = 0;
    report->batch = 0;
    report->key[0] = report->message[0] = report->remark[0] = report->division[0] = 0;
    load->areas = load->said;
    load->said = (dk_areas){0};
    if (source == NULL)
        source = load->source;
    const char *key_source = load->key_source != NULL ? load->key_source : source;
    load->key_source = NULL;
    dk_value row[DK_MAX_FIELDS];
    if (!normalise(load, values, row, report))
        return DK_OK;
    /* The key comes from what the source says, never from inherited values: it must not depend on what else is loaded.
     */
    bool disagree = false;
    dk_status status = DK_OK;
    if (!build_key(load, row, key_source, report))
        return DK_OK;
    if (load->came != NULL)
        dk_key_filter_fetch(load->came, report->key, strlen(report->key));
    if (load->draw && (status = take_what_is_there(load, row, report, err)) != DK_OK)
        return status;
    if (report->outcome == DK_REJECTED)
        return DK_OK;
    load->inheritable = 0;
    for (size_t i = 0; i < load->kind->n_fields; i++)
        if (load->kind->fields[i].inherit_kind != NULL && is_empty(&row[i]))
            load->inheritable |= UINT64_C(1) << i;
    if ((status = dk_inherit(load->store, load->kind, report->key, row, DK_ANY_GENERATION, &load->inherited, &disagree,
                             load->unpublished, err)) != DK_OK)
        return status;
    const int division = load->kind->division_field;
    if (division >= 0 && row[division].type == DK_TEXT)
        dk_text_copy(report->division, sizeof report->division, row[division].text.data, row[division].text.size);
    if (!check_required(load, row, report) || !take_geometry(load, wkb, wkb_size, row, report))
        return DK_OK;
    uint64_t feature = 0;
    int64_t replaces = 0, source_number = 0;
    if ((status = compare_existing(load, row, source, source_row, report, &feature, &replaces, err)) != DK_OK)
        return status;
    if (report->outcome == DK_REJECTED || report->outcome == DK_UNCHANGED)
        return DK_OK;
    if (disagree) {
        report->notes |= DK_NOTE_AMBIGUOUS;
        snprintf(report->message, sizeof report->message,
                 "%s fits several rows that disagree, so what it takes from them stays empty and staff of a division "
                 "do not see "
                 "it; name one by its whole key",
                 report->key);
    }
    if ((status = note_unlinked(load, row, report, err)) != DK_OK ||
        (status = dk_linked_values(load->store, load->kind, report->key, row, load->generation, load->states,
                                   &load->linked, err)) != DK_OK)
        return status;
    if ((status = source_id(load, source, &source_number, err)) != DK_OK)
        return status;
    return write_row(load, row, report->key, feature, replaces, source_number, source_row, err);
}
