#include "store/load_work.h"

#include "store/act.h"
#include "store/asked.h"
#include "store/taken.h"
#include "store/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows and bytes a transaction: large enough that few pages of indexes are written once more with each, small enough
 * that the write-ahead log stays below ~100 MB (wal.h). */
#define ROWS_A_TRANSACTION 20000
#define BYTES_A_TRANSACTION 16000000

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
    return (dk_load_place){load->next_row, load->last_source_id, load->n_unchanged, load->taken.n};
}

/* Writes what waits: rows, and what they are found by. */
static dk_status flush(dk_load *load, dk_error *err)
{
    const dk_status status = dk_row_writer_flush(load->rows, err);
    return status == DK_OK ? dk_terms_flush(load->terms, err) : status;
}

/* Sources behind one, whose rows are gone. */
static dk_status forget_sources(dk_load *load, int64_t source, dk_error *err)
{
    static const char *const sql[] = {
        "DELETE FROM dikuai_file WHERE source IN (SELECT id FROM dikuai_source WHERE batch=?1 AND id>?2)",
        "DELETE FROM dikuai_source WHERE batch=?1 AND id>?2"};
    dk_status status = DK_OK;
    for (size_t i = 0; i < 2 && status == DK_OK; i++) {
        sqlite3_stmt *stmt = NULL;
        status = dk_sql_prepare(load->store, sql[i], &stmt, err);
        if (status == DK_OK) {
            sqlite3_bind_int64(stmt, 1, load->batch);
            sqlite3_bind_int64(stmt, 2, source);
            status = dk_sql_done(load->store, stmt, err);
        }
        sqlite3_finalize(stmt);
    }
    free(load->last_source); /* what comes next says its own */
    load->last_source = NULL;
    load->last_source_id = source;
    return status;
}

dk_status dk_load_undo(dk_load *load, const dk_load_place *mark, dk_error *err)
{
    dk_load_forget_unchanged(load, mark->n_unchanged);
    if (load->next_row == mark->row)
        return forget_sources(load, mark->source, err);
    static const char *const tables[] = {"repair", "row"};
    dk_status status = flush(load, err);
    if (status == DK_OK)
        status = dk_posts_drop(load->store, load->kind, mark->row, INT64_MAX, err);
    if (status == DK_OK)
        status = dk_terms_drop_unused(load->store, load->kind, err);
    dk_term_writer_forget(load->terms);
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
        status = forget_sources(load, mark->source, err);
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

void dk_load_measured(dk_load *load, const dk_areas *areas)
{
    load->said = *areas;
}

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
    if (!dk_load_normalise(load, values, row, report))
        return DK_OK;
    /* The key comes from what the source says, never from inherited values: it must not depend on what else is loaded.
     */
    bool disagree = false;
    dk_status status = DK_OK;
    if (!dk_load_build_key(load, row, key_source, report))
        return DK_OK;
    if (load->came != NULL)
        dk_key_filter_fetch(load->came, report->key, strlen(report->key));
    if (load->draw && (status = dk_load_take_there(load, row, report, err)) != DK_OK)
        return status;
    if (report->outcome == DK_REJECTED)
        return DK_OK;
    load->inheritable = 0;
    for (size_t i = 0; i < load->kind->n_fields; i++)
        if (load->kind->fields[i].inherit_kind != NULL && dk_value_empty(&row[i]))
            load->inheritable |= UINT64_C(1) << i;
    if ((status = dk_inherit(load->store, load->kind, report->key, row, DK_ANY_GENERATION, &load->inherited, &disagree,
                             load->unpublished, err)) != DK_OK)
        return status;
    const int division = load->kind->division_field;
    if (division >= 0 && row[division].type == DK_TEXT)
        dk_text_copy(report->division, sizeof report->division, row[division].text.data, row[division].text.size);
    if (!dk_load_check_required(load, row, report) || !dk_load_take_geometry(load, wkb, wkb_size, row, report))
        return DK_OK;
    uint64_t feature = 0;
    int64_t replaces = 0, source_number = 0;
    if ((status = dk_load_compare(load, row, source, source_row, report, &feature, &replaces, err)) != DK_OK)
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
