#include "store/log_row.h"

#include "store/base64.h"
#include "store/catalogue_version.h"
#include "store/feed_table.h"
#include "store/log_content.h"

#include <stdlib.h>
#include <string.h>

/* A catalogue, and the statements by its kinds. */
typedef struct version {
    const dk_catalogue *catalogue;
    dk_catalogue *own;                                    /* NULL: it is the store's */
    int64_t since, until;                                 /* generations; until is the next version's */
    sqlite3_stmt *one[DK_MAX_KINDS], *many[DK_MAX_KINDS]; /* row, or rows of row (feed_table.h) */
    struct prepared {                                     /* of a kind, once there is a statement */
        dk_view view;                                     /* of the public */
        unsigned char order[DK_MAX_FIELDS];               /* of the fields, by name */
        uint32_t head[DK_MAX_FIELDS + 1];                 /* where in heads that of each begins, in their order */
        dk_buf heads;
    } prepared[DK_MAX_KINDS];
} version;

#define EARLIER 3 /* entries are read in their order, more or less */

struct dk_log_rows {
    dk_store *store;
    version now, earlier[EARLIER];
    size_t next_earlier;
    dk_shape shape;
    dk_buf sealed, digest, content;
    dk_hasher hasher;
};

bool dk_log_has_kind(const dk_kind *kind)
{
    const dk_viewer everyone = dk_viewer_public();
    const dk_view view = dk_view_of(kind, &everyone);
    return dk_view_fields(&view, NULL) != 0;
}

dk_status dk_log_rows_open(dk_store *store, dk_log_rows **ret_rows, dk_error *err)
{
    dk_log_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    rows->store = store;
    rows->now.catalogue = store->catalogue;
    rows->now.since = store->catalogue_since;
    rows->now.until = INT64_MAX;
    dk_shape_init(&rows->shape);
    dk_buf_init(&rows->sealed);
    dk_buf_init(&rows->digest);
    dk_buf_init(&rows->content);
    dk_hasher_init(&rows->hasher);
    *ret_rows = rows;
    return DK_OK;
}

static void finish_version(version *v)
{
    for (size_t i = 0; i < DK_MAX_KINDS; i++) {
        sqlite3_finalize(v->one[i]);
        sqlite3_finalize(v->many[i]);
        dk_buf_finish(&v->prepared[i].heads);
    }
    dk_catalogue_free(v->own);
    *v = (version){.catalogue = NULL};
}

void dk_log_rows_close(dk_log_rows *rows)
{
    if (rows == NULL)
        return;
    finish_version(&rows->now);
    for (size_t i = 0; i < EARLIER; i++)
        finish_version(&rows->earlier[i]);
    dk_shape_finish(&rows->shape);
    dk_buf_finish(&rows->sealed);
    dk_buf_finish(&rows->digest);
    dk_buf_finish(&rows->content);
    dk_hasher_finish(&rows->hasher);
    free(rows);
}

/* The catalogue that was in force in a generation. */
static dk_status version_of(dk_log_rows *rows, int64_t generation, version **ret_version, dk_error *err)
{
    *ret_version = &rows->now;
    if (generation >= rows->now.since)
        return DK_OK;
    for (size_t i = 0; i < EARLIER; i++) {
        *ret_version = &rows->earlier[i];
        if (rows->earlier[i].own != NULL && generation >= rows->earlier[i].since && generation < rows->earlier[i].until)
            return DK_OK;
    }
    version *v = *ret_version = &rows->earlier[rows->next_earlier];
    rows->next_earlier = (rows->next_earlier + 1) % EARLIER;
    finish_version(v);
    dk_status status = dk_catalogue_at(rows->store, generation, &v->own, &v->since, err);
    if (status == DK_OK)
        status = dk_catalogue_until(rows->store, generation, &v->until, err);
    v->catalogue = v->own;
    if (status != DK_OK)
        finish_version(v);
    return status;
}

/* What the public sees, the order in which a content has its fields (names of a catalogue are plain ASCII), and what
 * stands before their values. */
static dk_status prepare_kind(const dk_kind *kind, struct prepared *ret, dk_error *err)
{
    const dk_viewer everyone = dk_viewer_public();
    ret->view = dk_view_of(kind, &everyone);
    for (size_t i = 0; i < kind->n_fields; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(kind->fields[ret->order[at - 1]].name, kind->fields[i].name) > 0; at--)
            ret->order[at] = ret->order[at - 1];
        ret->order[at] = (unsigned char)i;
    }
    dk_buf_clear(&ret->heads);
    for (size_t i = 0; i < kind->n_fields; i++) {
        const char *name = kind->fields[ret->order[i]].name;
        ret->head[i] = (uint32_t)ret->heads.size;
        if (!dk_log_field_head(name, &ret->heads))
            return dk_fail(err, DK_INVALID, "The name of a field is not UTF-8; the catalogue must be.");
    }
    ret->head[kind->n_fields] = (uint32_t)ret->heads.size;
    return ret->heads.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* Whether a row has a value in a field that the catalogue in force has and an earlier one had not: as SQL. */
static void append_later(const dk_kind *kind, const dk_kind *now, dk_buf *sql)
{
    dk_buf_text(sql, ",0");
    for (size_t i = 0; now != NULL && i < now->n_fields; i++)
        if (dk_kind_field(kind, now->fields[i].name) < 0)
            dk_buf_format(sql, " OR r.f_%s IS NOT NULL", now->fields[i].name);
}

/* Columns of the statement that are not of the row: whether it has what came later, and its number. */
enum { OTHER_COLUMNS = 2 };

/* The statement that reads one row, or many, with every column that they have, those that dk_stored_row has no place
 * for behind the others. */
static dk_status statement(dk_log_rows *rows, version *v, const dk_kind *kind, bool many, sqlite3_stmt **ret_stmt,
                           dk_error *err)
{
    sqlite3_stmt **place = many ? &v->many[kind->index] : &v->one[kind->index];
    dk_status status = DK_OK;
    if (*place == NULL) {
        dk_buf sql;
        dk_buf_init(&sql);
        dk_buf_text(&sql, "SELECT ");
        dk_row_columns(kind, "r", true, &sql);
        dk_buf_text(&sql, ",r.source,r.source_row");
        append_later(kind, v->own != NULL ? dk_catalogue_kind(rows->store->catalogue, kind->name) : NULL, &sql);
        dk_buf_format(&sql,
                      many ? ",r.row FROM dk_feed(?1) f CROSS JOIN row_%s r ON r.row=f.c0"
                           : ",r.row FROM row_%s r WHERE r.row=?1",
                      kind->name);
        const char *text = dk_buf_cstr(&sql);
        status =
            text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : prepare_kind(kind, &v->prepared[kind->index], err);
        if (status == DK_OK)
            status = dk_sql_prepare(rows->store, text, place, err);
        dk_buf_finish(&sql);
    }
    *ret_stmt = *place;
    return status;
}

/* Each column with its type and size in front, so that no two rows give the same bytes. */
static dk_status seal_row(dk_log_rows *rows, sqlite3_stmt *stmt, const dk_salt *seal, dk_error *err)
{
    dk_buf *all = &rows->sealed;
    dk_buf_clear(all);
    for (int i = 0, n = sqlite3_column_count(stmt) - OTHER_COLUMNS; i < n; i++) {
        sqlite3_value *stored = sqlite3_column_value(stmt, i); /* one look instead of three, as in rows.c */
        const int type = sqlite3_value_type(stored);
        int64_t integer = 0;
        double real;
        const void *data = &integer;
        uint64_t size = sizeof integer;
        if (type == SQLITE_INTEGER) {
            integer = sqlite3_value_int64(stored);
        } else if (type == SQLITE_FLOAT) {
            real = sqlite3_value_double(stored);
            memcpy(&integer, &real, sizeof integer);
        } else if (type == SQLITE_NULL) {
            size = 0;
        } else {
            data = type == SQLITE_TEXT ? (const void *)sqlite3_value_text(stored) : sqlite3_value_blob(stored);
            size = (uint64_t)sqlite3_value_bytes(stored);
        }
        unsigned char *to = dk_buf_reserve(all, 1 + sizeof size + size);
        if (to == NULL)
            break;
        to[0] = (unsigned char)type;
        memcpy(to + 1, &size, sizeof size); /* little endian, as all that dikuai runs on */
        if (size > 0)
            memcpy(to + 1 + sizeof size, data, size);
        all->size += 1 + sizeof size + size;
    }
    const dk_digest digest = dk_hasher_sum(&rows->hasher, seal->bytes, sizeof seal->bytes, all->data, all->size);
    dk_buf_clear(&rows->digest);
    dk_base64_append(&rows->digest, digest.bytes, sizeof digest.bytes);
    return all->failed || rows->hasher.failed || dk_buf_cstr(&rows->digest) == NULL
               ? dk_fail(err, DK_NOMEM, "out of memory")
               : DK_OK;
}

static dk_status write_seen(dk_log_rows *rows, const version *v, const dk_kind *kind, dk_stored_row *stored,
                            dk_log_content *content, dk_buf *out, dk_error *err)
{
    const struct prepared *prepared = &v->prepared[kind->index];
    dk_value values[DK_MAX_FIELDS];
    dk_log_field fields[DK_MAX_FIELDS];
    dk_log_head heads[DK_MAX_FIELDS];
    char label[512];
    dk_row seen;
    dk_status status = DK_OK;
    dk_row_seen(kind, stored, &prepared->view, true, values, label, sizeof label, &seen);
    for (size_t k = 0; k < kind->n_fields; k++) {
        const size_t i = prepared->order[k];
        if (seen.visible >> i & 1) {
            heads[content->n_fields] =
                (dk_log_head){prepared->heads.data + prepared->head[k], prepared->head[k + 1] - prepared->head[k]};
            fields[content->n_fields++] = (dk_log_field){kind->fields[i].name, seen.values[i]};
        }
    }
    content->fields = fields;
    content->heads = heads;
    content->key = seen.key;
    if (kind->geometry != DK_NO_GEOMETRY) {
        rows->shape.n_parts = rows->shape.n_points = 0;
        content->outline = &rows->shape;
        if (!seen.undrawn)
            status = seen.wkb == NULL ? dk_fail(err, DK_CORRUPT, "row %lld of %s has no geometry",
                                                (long long)stored->row, kind->name)
                                      : dk_shape_from_wkb(seen.wkb, seen.wkb_size, &rows->shape, err);
    }
    if (status == DK_OK)
        status = dk_log_content_write(content, out, err);
    if (status == DK_INVALID && err != NULL) {
        dk_error why = *err;
        status = dk_fail(err, DK_INVALID, "%s %.200s: %s", kind->name, stored->key, why.text);
    }
    return status;
}

/* Of the row that a statement has come to. */
static dk_status write_row(dk_log_rows *rows, version *v, const dk_kind *kind, sqlite3_stmt *stmt, int64_t row,
                           const char *event, int64_t generation, const dk_salt *seal, dk_buf *out, dk_error *err)
{
    dk_stored_row stored;
    dk_status status = DK_OK;
    if (sqlite3_column_int(stmt, sqlite3_column_count(stmt) - OTHER_COLUMNS) != 0)
        return dk_fail(err, DK_CORRUPT, "row %lld of %s has a value in a field that came after it was published",
                       (long long)row, kind->name);
    dk_stored_row_columns(stmt, 0, kind, row, &stored);
    dk_log_content content = {.event = event,
                              .generation = generation,
                              .kind = kind->name,
                              .key = stored.key,
                              .feature = (int64_t)stored.feature};
    if (stored.key == NULL) {
        status = dk_fail(err, DK_CORRUPT, "row %lld of %s has no key", (long long)row, kind->name);
    } else if (strcmp(event, "publish") != 0) {
        status = dk_log_content_write(&content, out, err);
    } else if (seal == NULL || (status = seal_row(rows, stmt, seal, err)) == DK_OK) {
        content.sealed = seal != NULL ? (const char *)rows->digest.data : NULL;
        status = write_seen(rows, v, kind, &stored, &content, out, err);
    }
    dk_stored_row_release(&stored);
    return status;
}

static dk_status write_content(dk_log_rows *rows, version *v, const char *name, int64_t row, const char *event,
                               int64_t generation, const dk_salt *seal, dk_buf *out, dk_error *err)
{
    const dk_kind *kind = dk_catalogue_kind(v->catalogue, name);
    sqlite3_stmt *stmt = NULL;
    if (kind == NULL)
        return dk_fail(err, DK_NOT_FOUND, "the catalogue has no %s", name);
    dk_status status = statement(rows, v, kind, false, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    status = dk_sql_step(rows->store, stmt, err);
    if (status == DK_OK)
        status = write_row(rows, v, kind, stmt, row, event, generation, seal, out, err);
    else if (status == DK_END)
        status = dk_fail(err, DK_CORRUPT, "row %lld of %s is missing", (long long)row, kind->name);
    sqlite3_reset(stmt);
    return status;
}

dk_status dk_log_row_content(dk_log_rows *rows, const char *name, int64_t row, const char *event, int64_t generation,
                             const dk_salt *seal, dk_buf *out, dk_error *err)
{
    version *v = NULL;
    const dk_status status = version_of(rows, generation, &v, err);
    return status == DK_OK ? write_content(rows, v, name, row, event, generation, seal, out, err) : status;
}

static void task_value(const void *tasks, size_t i, int column, sqlite3_context *ret_value)
{
    (void)column;
    sqlite3_result_int64(ret_value, ((const dk_log_task *)tasks)[i].row);
}

/* What is told of, and to whom. */
typedef struct telling {
    const dk_log_task *tasks; /* of one kind and generation */
    size_t n, first;          /* first: the number of the first of them */
    void (*each)(size_t number, const void *content, size_t size, void *user);
    void *user;
} telling;

static void tell_contents(dk_log_rows *rows, const telling *t)
{
    const dk_feed feed = {t->tasks, t->n, task_value};
    version *v = NULL;
    sqlite3_stmt *stmt = NULL;
    dk_buf *out = &rows->content;
    const dk_kind *kind = version_of(rows, t->tasks->generation, &v, NULL) == DK_OK
                              ? dk_catalogue_kind(v->catalogue, t->tasks->kind)
                              : NULL;
    if (kind == NULL || statement(rows, v, kind, true, &stmt, NULL) != DK_OK)
        return;
    if (dk_feed_bind(stmt, &feed, NULL) == DK_OK)
        for (size_t i = 0; i < t->n && dk_sql_step(rows->store, stmt, NULL) == DK_OK; i++) {
            const int64_t row = sqlite3_column_int64(stmt, sqlite3_column_count(stmt) - 1);
            while (i < t->n && t->tasks[i].row != row)
                i++; /* missing */
            dk_buf_clear(out);
            if (i < t->n &&
                write_row(rows, v, kind, stmt, row, t->tasks[i].event, t->tasks[i].generation, &t->tasks[i].seal, out,
                          NULL) == DK_OK &&
                !out->failed)
                t->each(t->first + i, out->data, out->size, t->user);
        }
    sqlite3_reset(stmt);
    sqlite3_bind_null(stmt, 1);
}

void dk_log_row_contents(dk_log_rows *rows, const dk_log_task *tasks, size_t n,
                         void (*each)(size_t number, const void *content, size_t size, void *user), void *user)
{
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        while (end < n && tasks[end].generation == tasks[i].generation && strcmp(tasks[end].kind, tasks[i].kind) == 0)
            end++;
        tell_contents(rows, &(telling){tasks + i, end - i, i, each, user});
    }
}

dk_status dk_log_row_seen_alike(dk_log_rows *rows, const char *kind, int64_t row, int64_t generation, bool *ret_alike,
                                dk_error *err)
{
    version *v = NULL;
    dk_status status = version_of(rows, generation, &v, err);
    *ret_alike = true;
    if (status != DK_OK || v == &rows->now)
        return status;
    dk_buf *out = &rows->content;
    dk_buf_clear(out);
    status = write_content(rows, v, kind, row, "publish", 0, NULL, out, err);
    const size_t size = out->size;
    if (status == DK_OK)
        status = write_content(rows, &rows->now, kind, row, "publish", 0, NULL, out, err);
    *ret_alike = status == DK_OK && out->size == 2 * size && memcmp(out->data, out->data + size, size) == 0;
    return status;
}
