#include "store/linked.h"

#include "store/audience.h"
#include "store/clock_change.h"

#include <stdio.h>
#include <string.h>

/* ---- values ---- */

/* What the linked rows say of one field. */
typedef struct folding {
    size_t n, n_given; /* rows, and those of them that have the field */
    bool disagree, closed;
    dk_value best; /* its text is in memory at `text` */
    size_t text;
} folding;

static bool is_given(const dk_value *value)
{
    return value->type != DK_NULL && !(value->type == DK_TEXT && value->text.size == 0);
}

/* Dates are texts that compare in their order. */
static int compare(const dk_value *a, const dk_value *b)
{
    if (a->type == DK_TEXT || b->type == DK_TEXT)
        return a->type == b->type ? strcmp(a->text.data, b->text.data) : (int)a->type - (int)b->type;
    if (a->type == DK_INTEGER && b->type == DK_INTEGER) /* of which a double does not hold every one */
        return (a->integer > b->integer) - (a->integer < b->integer);
    const double x = a->type == DK_REAL ? a->real : (double)a->integer,
                 y = b->type == DK_REAL ? b->real : (double)b->integer;
    return (x > y) - (x < y);
}

static void fold(folding *f, const dk_field *field, const dk_value *value, dk_buf *memory)
{
    f->n++;
    if (!is_given(value))
        return;
    f->n_given++;
    if (field->linked_as == DK_LINKED_STATE)
        return;
    if (f->n_given > 1) {
        dk_value best = f->best;
        if (best.type == DK_TEXT)
            best.text.data = (const char *)memory->data + f->text;
        const int order = compare(value, &best);
        f->disagree = f->disagree || order != 0;
        if (field->linked_as == DK_LINKED_MIN ? order >= 0 : field->linked_as == DK_LINKED_MAX ? order <= 0 : true)
            return;
    }
    f->best = *value;
    f->text = memory->size;
    if (value->type == DK_TEXT) {
        dk_buf_append(memory, value->text.data, value->text.size);
        dk_buf_byte(memory, 0);
    }
}

static dk_value folded(const folding *f, const dk_field *field, const dk_buf *memory)
{
    if (f->n == 0 || f->closed)
        return dk_value_null();
    if (field->linked_as == DK_LINKED_STATE)
        return dk_value_text(field->values[f->n_given == f->n ? 0 : f->n_given > 0 ? 1 : 2]);
    if (f->n_given == 0 || (field->linked_as == DK_LINKED_ONLY && (f->disagree || f->n_given < f->n)))
        return dk_value_null();
    dk_value value = f->best;
    if (value.type == DK_TEXT)
        value.text.data = (const char *)memory->data + f->text;
    return value;
}

static const char *division_of(const dk_kind *kind, const dk_value *values)
{
    const dk_value *value = kind->division_field >= 0 ? &values[kind->division_field] : NULL;
    return value != NULL && value->type == DK_TEXT ? value->text.data : NULL;
}

/* Folds one linked row into the fields that follow from its kind. */
static dk_status fold_row(dk_store *store, const dk_kind *kind, const dk_value *values, const dk_kind *other,
                          int64_t row, folding *foldings, dk_buf *memory, dk_error *err)
{
    dk_stored_row linked;
    const dk_status status = dk_stored_row_read(store, other, row, false, &linked, err);
    if (status != DK_OK)
        return status;
    const bool carried =
        dk_scope_carries(store->catalogue, division_of(kind, values), division_of(other, linked.values));
    for (size_t i = 0; i < kind->n_fields; i++) {
        const dk_field *field = &kind->fields[i];
        if (field->linked_kind != other)
            continue;
        const bool hidden = other->fields[field->linked_field].audience != DK_PUBLIC && field->audience != DK_NEVER;
        foldings[i].closed |= hidden && !carried;
        fold(&foldings[i], field, &linked.values[field->linked_field], memory);
    }
    dk_stored_row_release(&linked);
    return DK_OK;
}

dk_status dk_linked_values(dk_store *store, const dk_kind *kind, const char *key, dk_value *values, int64_t generation,
                           dk_clock_finder *states, dk_buf *memory, dk_error *err)
{
    if (!kind->has_linked)
        return DK_OK;
    folding foldings[DK_MAX_FIELDS] = {0};
    uint64_t done = 0; /* kinds */
    dk_status status = DK_OK;
    dk_buf_clear(memory);
    for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++) {
        const dk_kind *other = kind->fields[i].linked_kind;
        if (other == NULL || done >> other->index & 1)
            continue;
        done |= UINT64_C(1) << other->index;
        dk_key_list list = {0};
        status = dk_linked_rows(store, kind, key, values, other, generation, SIZE_MAX, &list, err);
        dk_key_list_sort(&list); /* two rules may give one row */
        for (size_t r = 0; status == DK_OK && r < list.n; r++)
            status = fold_row(store, kind, values, other, list.entries[r].row, foldings, memory, err);
        dk_key_list_finish(&list);
    }
    if (status == DK_OK && memory->failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < kind->n_fields; i++)
        if (kind->fields[i].linked_kind != NULL)
            values[i] = folded(&foldings[i], &kind->fields[i], memory);
    if (status != DK_OK || kind->disclosure_field < 0)
        return status;
    values[kind->disclosure_field] = dk_value_null();
    return states == NULL ? DK_OK
                          : dk_clock_find_state(states, key, values, generation, &values[kind->disclosure_field], err);
}

/* ---- versions ---- */

static bool same_linked(const dk_kind *kind, const dk_value *a, const dk_value *b)
{
    for (size_t i = 0; i < kind->n_fields; i++)
        if (dk_field_follows(&kind->fields[i]) && !dk_value_equal(&a[i], &b[i]))
            return false;
    return true;
}

dk_status dk_linked_original(dk_store *store, const dk_kind *kind, int64_t row, int64_t *ret_original, dk_error *err)
{
    *ret_original = row;
    if (!kind->has_linked)
        return DK_OK;
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_VERSION_OF, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, row);
    if ((status = dk_sql_step(store, stmt, err)) == DK_OK)
        *ret_original = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

/* Calls each for a row as it was loaded and for its versions, until one fails or says DK_END. */
static dk_status each_version(dk_store *store, const dk_kind *kind, int64_t row,
                              dk_status (*each)(int64_t version, void *user, dk_error *err), void *user, dk_error *err)
{
    int64_t original = 0;
    dk_status status = dk_linked_original(store, kind, row, &original, err);
    if (status == DK_OK)
        status = each(original, user, err);
    if (status != DK_OK || !kind->has_linked)
        return status == DK_END ? DK_OK : status;
    sqlite3_stmt *stmt = NULL;
    if ((status = dk_sql_kept(store, kind, DK_STMT_VERSION_ROWS, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, original);
    while ((status = dk_sql_step(store, stmt, err)) == DK_OK &&
           (status = each(sqlite3_column_int64(stmt, 0), user, err)) == DK_OK)
        continue;
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}

typedef struct finding {
    dk_store *store;
    const dk_kind *kind;
    const dk_value *values; /* wanted */
    int64_t generation;
    int64_t found;
} finding;

static dk_status has_values(int64_t version, void *user, dk_error *err)
{
    finding *f = user;
    dk_stored_row stored;
    const dk_status status = dk_stored_row_read(f->store, f->kind, version, false, &stored, err);
    if (status != DK_OK)
        return status;
    if (same_linked(f->kind, stored.values, f->values))
        f->found = version;
    dk_stored_row_release(&stored);
    return f->found != 0 ? DK_END : DK_OK;
}

static dk_status lives(int64_t version, void *user, dk_error *err)
{
    finding *f = user;
    bool alive = false;
    const dk_status status = dk_row_alive(f->store, f->kind, version, f->generation, &alive, err);
    if (alive)
        f->found = version;
    return status != DK_OK ? status : alive ? DK_END : DK_OK;
}

dk_status dk_linked_alive(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation, int64_t *ret_row,
                          dk_error *err)
{
    finding f = {.store = store, .kind = kind, .generation = generation};
    const dk_status status = each_version(store, kind, row, lives, &f, err);
    if (status == DK_OK)
        *ret_row = f.found;
    return status;
}

/* Runs one of the statements of two rows. */
static dk_status note_pair(dk_store *store, const dk_kind *kind, dk_stmt_id id, int64_t version, int64_t row,
                           dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    const dk_status status = dk_sql_kept(store, kind, id, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, version);
    sqlite3_bind_int64(stmt, 2, row);
    return dk_sql_done(store, stmt, err);
}

static dk_status add_version(dk_store *store, const dk_kind *kind, int64_t original, const dk_value *values,
                             dk_term_writer *terms, int64_t *ret_row, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_kept(store, kind, DK_STMT_VERSION_INSERT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, original);
    int at = 2;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (dk_field_follows(&kind->fields[i]))
            dk_sql_bind(stmt, at++, &values[i]);
    if ((status = dk_sql_done(store, stmt, err)) != DK_OK)
        return status;
    const int64_t row = sqlite3_last_insert_rowid(store->db);
    status = note_pair(store, kind, DK_STMT_VERSION_NOTE, row, original, err);
    if (status == DK_OK && kind->geometry != DK_NO_GEOMETRY)
        status = note_pair(store, kind, DK_STMT_VERSION_REPAIR, row, original, err);
    dk_stored_row stored;
    if (status != DK_OK || (status = dk_stored_row_read(store, kind, row, false, &stored, err)) != DK_OK)
        return status;
    status = dk_terms_write(terms, row, stored.feature, stored.values, err);
    dk_stored_row_release(&stored);
    *ret_row = row;
    return status;
}

dk_status dk_linked_version(dk_store *store, const dk_kind *kind, int64_t row, int64_t generation,
                            dk_clock_change *clock, dk_term_writer *terms, int64_t *ret_row, dk_error *err)
{
    *ret_row = row;
    if (!kind->has_linked)
        return DK_OK;
    dk_buf memory;
    dk_buf_init(&memory);
    dk_stored_row stored;
    dk_value values[DK_MAX_FIELDS];
    bool same = false;
    dk_status status = dk_stored_row_read(store, kind, row, false, &stored, err);
    if (status != DK_OK)
        goto out;
    memcpy(values, stored.values, sizeof values);
    status = dk_linked_values(store, kind, stored.key, values, generation, dk_clock_change_finder(clock, kind), &memory,
                              err);
    same = status == DK_OK && same_linked(kind, stored.values, values);
    dk_stored_row_release(&stored);
    if (status != DK_OK || same)
        goto out;
    finding f = {.store = store, .kind = kind, .values = values};
    int64_t original = 0;
    status = each_version(store, kind, row, has_values, &f, err);
    if (status == DK_OK && f.found == 0 && (status = dk_linked_original(store, kind, row, &original, err)) == DK_OK)
        status = add_version(store, kind, original, values, terms, &f.found, err);
    if (status == DK_OK)
        *ret_row = f.found;
out:
    dk_buf_finish(&memory);
    return status;
}

/* ---- batches ---- */

dk_status dk_linked_asked(dk_store *store, const dk_kind *kind, int64_t batch, int64_t generation, int32_t day,
                          dk_error *err)
{
    if (!kind->has_linked)
        return DK_OK;
    char sql[160];
    snprintf(sql, sizeof sql, "INSERT INTO asked_%s(batch,generation,day) VALUES(?1,?2,?3)", kind->name);
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int64(stmt, 2, generation);
        sqlite3_bind_int(stmt, 3, day);
        status = dk_sql_done(store, stmt, err);
    }
    sqlite3_finalize(stmt);
    return status;
}

/* Every generation that changes a kind has a summary of it. */
static dk_status changed_since_asked(dk_store *store, const dk_kind *kind, int64_t batch, const dk_kind *other,
                                     bool *ret_changed, dk_error *err)
{
    char sql[320];
    snprintf(
        sql, sizeof sql,
        "SELECT 1 FROM dikuai_summary WHERE kind=?1 AND generation>coalesce((SELECT generation FROM asked_%s WHERE "
        "batch=?2),-1) LIMIT 1",
        kind->name);
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_text(stmt, 1, other->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, batch);
        status = dk_sql_step(store, stmt, err);
        *ret_changed = status == DK_OK;
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

static dk_status asked_for_day(dk_store *store, const dk_kind *kind, int64_t batch, int32_t day, bool *ret_asked,
                               dk_error *err)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT 1 FROM asked_%s WHERE batch=?1 AND day=?2", kind->name);
    sqlite3_stmt *stmt = NULL;
    dk_status status = dk_sql_prepare(store, sql, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, batch);
        sqlite3_bind_int(stmt, 2, day);
        status = dk_sql_step(store, stmt, err);
        *ret_asked = status == DK_OK;
    }
    sqlite3_finalize(stmt);
    return status == DK_END ? DK_OK : status;
}

/* The kinds that a kind's fields follow from, as bits by their index. */
static uint32_t followed(const dk_store *store, const dk_kind *kind)
{
    uint32_t kinds =
        kind->disclosure_field >= 0 ? dk_clock_sources(store->catalogue, kind) & ~(UINT32_C(1) << kind->index) : 0;
    for (size_t i = 0; i < kind->n_fields; i++)
        if (kind->fields[i].linked_kind != NULL)
            kinds |= UINT32_C(1) << kind->fields[i].linked_kind->index;
    return kinds;
}

dk_status dk_linked_current(dk_store *store, const dk_kind *kind, int64_t batch, int32_t day, bool *ret_current,
                            dk_error *err)
{
    const uint32_t kinds = followed(store, kind);
    dk_status status = DK_OK;
    bool changed = false, asked = true;
    if (kind->disclosure_field >= 0)
        status = asked_for_day(store, kind, batch, day, &asked, err);
    changed = !asked;
    for (size_t i = 0; status == DK_OK && !changed && i < store->catalogue->n_kinds; i++) {
        const dk_kind *other = &store->catalogue->kinds[i];
        /* What such a kind shows changes without a batch of its own. */
        if ((kinds >> i & 1) != 0 && other->has_linked)
            changed = true;
        else if ((kinds >> i & 1) != 0)
            status = changed_since_asked(store, kind, batch, other, &changed, err);
    }
    if (status == DK_OK)
        *ret_current = !changed;
    return status;
}

/* ---- SQL ---- */

void dk_linked_append_originals(const dk_kind *kind, dk_buf *sql)
{
    if (kind->has_linked)
        dk_buf_format(sql, " AND NOT EXISTS(SELECT 1 FROM version_%s v WHERE v.row=r.row)", kind->name);
}

void dk_linked_append_sql(const dk_kind *kind, dk_stmt_id id, dk_buf *sql)
{
    const char *k = kind->name;
    switch (id) {
    case DK_STMT_VERSION_OF:
        dk_buf_format(sql, "SELECT of FROM version_%s WHERE row=?1", k);
        break;
    case DK_STMT_VERSION_ROWS:
        dk_buf_format(sql, "SELECT row FROM version_%s WHERE of=?1 ORDER BY row", k);
        break;
    case DK_STMT_VERSION_NOTE:
        dk_buf_format(sql, "INSERT INTO version_%s(row,of) VALUES(?1,?2)", k);
        break;
    case DK_STMT_VERSION_REPAIR:
        dk_buf_format(sql,
                      "INSERT INTO repair_%s(row,rule,detail,before_m2,after_m2)"
                      " SELECT ?1,rule,detail,before_m2,after_m2 FROM repair_%s WHERE row=?2",
                      k, k);
        break;
    default: /* DK_STMT_VERSION_INSERT: the row gets the next number */
        dk_buf_format(sql, "INSERT INTO row_%s(feature,key,batch,replaces,source,source_row", k);
        for (size_t i = 0; i < kind->n_fields; i++)
            dk_buf_format(sql, ",f_%s", kind->fields[i].name);
        dk_buf_text(sql, ",geom) SELECT feature,key,batch,replaces,source,source_row");
        for (size_t i = 0, at = 2; i < kind->n_fields; i++)
            if (dk_field_follows(&kind->fields[i]))
                dk_buf_format(sql, ",?%zu", at++);
            else
                dk_buf_format(sql, ",f_%s", kind->fields[i].name);
        dk_buf_format(sql, ",geom FROM row_%s WHERE row=?1", k);
    }
}
