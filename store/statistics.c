#include "store/statistics.h"

#include "store/cql2_sql.h"
#include "store/hash.h"
#include "store/selection.h"
#include "store/succession.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Groups while they are filled: first by what one statement gives of each row (the fields of this kind, and those by
 * which it is linked), then, of each of these groups once, by what the divisions and the links say. */

/* A group's values as bytes, behind a 0, so that there is a byte where there are no values: for each a type, and behind
 * a text its size. Values of one group are the same bytes. */
typedef struct group {
    size_t key, key_size; /* in table.keys */
    int64_t count, row;   /* row: one of them */
    dk_sum sums[DK_STATISTIC_SUMS];
    int64_t valued[DK_STATISTIC_SUMS];
} group;

typedef struct table {
    group *groups;
    size_t n, capacity;
    dk_buf keys;
    uint32_t *places; /* open addressing: number of a group + 1, 0: free; twice as many as groups at least */
    size_t n_places;
} table;

static void table_finish(table *t)
{
    free(t->groups);
    free(t->places);
    dk_buf_finish(&t->keys);
}

static bool table_grow(table *t)
{
    const size_t n = t->n_places > 0 ? t->n_places * 2 : 1024;
    uint32_t *places = calloc(n, sizeof *places);
    if (places == NULL)
        return false;
    for (size_t i = 0; i < t->n; i++) {
        size_t at = dk_hash64(t->keys.data + t->groups[i].key, t->groups[i].key_size, 0) & (n - 1);
        while (places[at] != 0)
            at = (at + 1) & (n - 1);
        places[at] = (uint32_t)i + 1;
    }
    free(t->places);
    t->places = places;
    t->n_places = n;
    return true;
}

/* The group of a key, a new one if there is none. NULL: out of memory. */
static group *table_find(table *t, const void *key, size_t size)
{
    if (2 * (t->n + 1) > t->n_places && !table_grow(t))
        return NULL;
    size_t at = dk_hash64(key, size, 0) & (t->n_places - 1);
    for (; t->places[at] != 0; at = (at + 1) & (t->n_places - 1)) {
        group *g = &t->groups[t->places[at] - 1];
        if (g->key_size == size && (size == 0 || memcmp(t->keys.data + g->key, key, size) == 0))
            return g;
    }
    if (!dk_grow(&t->groups, &t->capacity, t->n + 1, sizeof *t->groups))
        return NULL;
    group *g = &t->groups[t->n];
    *g = (group){.key = t->keys.size, .key_size = size};
    dk_buf_append(&t->keys, key, size);
    if (t->keys.failed)
        return NULL;
    t->places[at] = (uint32_t)++t->n;
    return g;
}

static void append_value(const dk_value *value, dk_buf *key)
{
    dk_buf_byte(key, (unsigned char)value->type);
    if (value->type == DK_INTEGER)
        dk_buf_append(key, &value->integer, sizeof value->integer);
    else if (value->type == DK_REAL)
        dk_buf_append(key, &value->real, sizeof value->real);
    if (value->type != DK_TEXT)
        return;
    const uint32_t size = (uint32_t)value->text.size;
    dk_buf_append(key, &size, sizeof size);
    dk_buf_append(key, value->text.data, size);
    dk_buf_byte(key, 0); /* so that it ends as a value's text does */
}

static const unsigned char *read_value(const unsigned char *at, dk_value *ret_value)
{
    *ret_value = (dk_value){.type = (dk_value_type)*at++};
    uint32_t size;
    switch (ret_value->type) {
    case DK_INTEGER:
        memcpy(&ret_value->integer, at, sizeof ret_value->integer);
        return at + sizeof ret_value->integer;
    case DK_REAL:
        memcpy(&ret_value->real, at, sizeof ret_value->real);
        return at + sizeof ret_value->real;
    case DK_TEXT:
        memcpy(&size, at, sizeof size);
        ret_value->text.data = (const char *)at + sizeof size;
        ret_value->text.size = size;
        return at + sizeof size + size + 1;
    case DK_NULL:
        break;
    }
    return at;
}

typedef struct statistics {
    dk_store *store;
    const dk_query *query;
    dk_view view;
    const dk_group_by *by;
    size_t n_by;
    const int *sums;
    size_t n_sums;
    /* Columns of the statement besides the own fields: by which links are found. */
    uint64_t link_fields;
    bool link_key;
    table raw, final;
    dk_buf key;
    dk_error *err;
} statistics;

/* ---- what is asked ---- */

static dk_status check_field(const statistics *s, const dk_kind *kind, int field)
{
    const dk_view view = dk_view_of(kind, s->query->viewer);
    if (field < 0 || (size_t)field >= kind->n_fields || !dk_kind_seen(kind, s->query->viewer) ||
        !((view.inside | view.outside) & UINT64_C(1) << field))
        return dk_fail(s->err, DK_NOT_FOUND, "%s has no such field", kind->name);
    return DK_OK;
}

/* The fields of this side of every rule between two kinds. */
static dk_status add_link_fields(statistics *s, const dk_kind *other)
{
    bool reversed = false;
    const dk_link *link = dk_catalogue_link(s->store->catalogue, s->query->kind, other, &reversed);
    if (link == NULL)
        return dk_fail(s->err, DK_NOT_FOUND, "%s and %s are not linked in the catalogue", s->query->kind->name,
                       other->name);
    for (size_t i = 0; i < link->n_rules; i++) {
        const dk_link_rule *rule = &link->rules[i];
        const int unless = reversed ? rule->unless.to : rule->unless.from;
        for (size_t m = 0; m < rule->n_match; m++) {
            const int mine = reversed ? rule->match[m].to : rule->match[m].from;
            if (mine == DK_LINK_KEY)
                s->link_key = true;
            else
                s->link_fields |= UINT64_C(1) << mine;
        }
        if (unless >= 0)
            s->link_fields |= UINT64_C(1) << unless;
    }
    return DK_OK;
}

static dk_status check_all(statistics *s)
{
    dk_status status = DK_OK;
    if (s->n_by > DK_GROUPS_BY || s->n_sums > DK_STATISTIC_SUMS)
        return dk_fail(s->err, DK_INVALID, "there can be %d groupings and %d sums", DK_GROUPS_BY, DK_STATISTIC_SUMS);
    for (size_t i = 0; status == DK_OK && i < s->n_by; i++) {
        const dk_group_by *by = &s->by[i];
        const dk_kind *kind = by->linked != NULL ? by->linked : s->query->kind;
        if ((status = check_field(s, kind, by->field)) != DK_OK)
            break;
        const dk_field *field = &kind->fields[by->field];
        if (by->grouping == DK_BY_DIGITS && (field->type != DK_FIELD_DIVISION || by->digits < 1 || by->digits > 12))
            status = dk_fail(s->err, DK_INVALID, "%s is not a division to be grouped by 1 to 12 digits", field->name);
        else if ((by->grouping == DK_BY_YEAR || by->grouping == DK_BY_MONTH) && field->type != DK_FIELD_DATE)
            status = dk_fail(s->err, DK_INVALID, "%s is not a date", field->name);
        if (status == DK_OK && by->linked != NULL)
            status = add_link_fields(s, by->linked);
    }
    for (size_t i = 0; status == DK_OK && i < s->n_sums; i++) {
        if ((status = check_field(s, s->query->kind, s->sums[i])) != DK_OK)
            break;
        const dk_field *field = &s->query->kind->fields[s->sums[i]];
        if (field->type != DK_FIELD_INTEGER && field->type != DK_FIELD_NUMBER)
            status = dk_fail(s->err, DK_INVALID, "%s is not a number that can be summed", field->name);
    }
    return status;
}

/* ---- rows ---- */

static void append_columns(const statistics *s, dk_buf *columns)
{
    const dk_kind *kind = s->query->kind;
    dk_buf_text(columns, "r.row AS row");
    for (size_t i = 0; i < s->n_by; i++) {
        if (s->by[i].linked != NULL)
            continue;
        const int size = s->by[i].grouping == DK_BY_YEAR ? 4 : s->by[i].grouping == DK_BY_MONTH ? 7 : 0;
        dk_buf_text(columns, size > 0 ? ",substr(" : ",");
        dk_visible_sql(kind, &s->view, s->by[i].field, columns);
        if (size > 0)
            dk_buf_format(columns, ",1,%d)", size);
    }
    for (size_t i = 0; i < kind->n_fields; i++)
        if (s->link_fields >> i & 1)
            dk_buf_format(columns, ",r.f_%s", kind->fields[i].name);
    if (s->link_key)
        dk_buf_text(columns, ",r.key");
    for (size_t i = 0; i < s->n_sums; i++) {
        dk_buf_byte(columns, ',');
        dk_visible_sql(kind, &s->view, s->sums[i], columns);
    }
}

static dk_value column_value(sqlite3_stmt *stmt, int column)
{
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return dk_value_integer(sqlite3_column_int64(stmt, column));
    case SQLITE_FLOAT:
        return dk_value_real(sqlite3_column_double(stmt, column));
    case SQLITE_TEXT:
        return (dk_value){
            .type = DK_TEXT,
            .text = {(const char *)sqlite3_column_text(stmt, column), (size_t)sqlite3_column_bytes(stmt, column)}};
    default:
        return dk_value_null();
    }
}

/* Of more raw groups than this the links are not followed. */
#define MOST_RAW 200000

static dk_status too_many(const statistics *s)
{
    return dk_fail(s->err, DK_LIMIT,
                   "there would be more than %d groups; group by fewer digits or fields, or narrow the filter",
                   DK_MOST_GROUPS);
}

static dk_status read_rows(statistics *s, sqlite3_stmt *stmt)
{
    dk_status status = DK_OK;
    const int first_sum = sqlite3_column_count(stmt) - (int)s->n_sums;
    while ((status = dk_sql_step(s->store, stmt, s->err)) == DK_OK) {
        dk_buf_clear(&s->key);
        dk_buf_byte(&s->key, 0);
        for (int i = 2; i < first_sum; i++) {
            const dk_value value = column_value(stmt, i);
            append_value(&value, &s->key);
        }
        group *g = s->key.failed ? NULL : table_find(&s->raw, s->key.data, s->key.size);
        if (g == NULL)
            return dk_fail(s->err, DK_NOMEM, "out of memory");
        if (s->raw.n > MOST_RAW)
            return too_many(s);
        if (g->count++ == 0)
            g->row = sqlite3_column_int64(stmt, 1);
        for (size_t i = 0; i < s->n_sums; i++) {
            if (sqlite3_column_type(stmt, first_sum + (int)i) == SQLITE_NULL)
                continue;
            dk_sum_add(&g->sums[i], sqlite3_column_double(stmt, first_sum + (int)i));
            g->valued[i]++;
        }
    }
    return status == DK_END ? DK_OK : status;
}

static dk_status group_rows(statistics *s)
{
    dk_selection selection = {0};
    sqlite3_stmt *stmt = NULL;
    dk_buf columns, sql;
    dk_buf_init(&columns);
    dk_buf_init(&sql);
    append_columns(s, &columns);
    dk_status status = dk_selection_begin(&selection, s->store, s->query, 0, s->err);
    if (status != DK_OK || selection.nothing)
        goto out;
    const char *text = dk_buf_cstr(&columns);
    status =
        text == NULL ? dk_fail(s->err, DK_NOMEM, "out of memory") : dk_selection_sql(&selection, text, &sql, s->err);
    text = dk_buf_cstr(&sql);
    if (status == DK_OK)
        status =
            text == NULL ? dk_fail(s->err, DK_NOMEM, "out of memory") : dk_sql_cached(s->store, text, &stmt, s->err);
    if (status == DK_OK)
        status = dk_selection_bind(&selection, stmt, s->err);
    if (status == DK_OK)
        status = read_rows(s, stmt);
out:
    if (stmt != NULL) {
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
    }
    dk_selection_finish(&selection);
    dk_buf_finish(&columns);
    dk_buf_finish(&sql);
    return status;
}

/* ---- from raw groups to those that were asked for ---- */

/* The value of a field as it is grouped, in text if that needs memory. */
static dk_value grouped(const statistics *s, const dk_group_by *by, dk_value value, char text[16])
{
    if (value.type != DK_TEXT || by->grouping == DK_BY_VALUE)
        return value;
    size_t size = by->grouping == DK_BY_YEAR ? 4 : by->grouping == DK_BY_MONTH ? 7 : (size_t)by->digits;
    if (by->grouping == DK_BY_DIGITS) {
        char code[13];
        dk_division_last(s->store->catalogue, value.text.data, code);
        snprintf(text, 16, "%.*s", (int)size, code);
    } else {
        snprintf(text, 16, "%.*s", (int)size, value.text.data);
    }
    return dk_value_text(text);
}

/* Values that one row's linked rows may have: more tell nobody anything, and are the more to keep. */
#define MOST_LINKED_VALUES 1000

/* The different values of linked rows, ascending. */
typedef struct several {
    const statistics *s;
    const dk_group_by *by;
    char **texts;
    size_t n, capacity;
    dk_status status;
} several;

/* Where a text is, or would be. */
static size_t find_text(const several *v, const char *text)
{
    size_t low = 0, high = v->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(v->texts[middle], text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool add_linked(const dk_row *row, void *user)
{
    several *v = user;
    char text[16], number[40];
    const dk_value value = grouped(v->s, v->by, row->values[v->by->field], text);
    if (value.type == DK_NULL || row->masked >> v->by->field & 1)
        return true;
    if (value.type == DK_INTEGER)
        snprintf(number, sizeof number, "%lld", (long long)value.integer);
    else if (value.type == DK_REAL)
        snprintf(number, sizeof number, "%.15g", value.real);
    const char *own = value.type == DK_TEXT ? value.text.data : number;
    const size_t at = find_text(v, own);
    if (at < v->n && strcmp(v->texts[at], own) == 0)
        return true;
    if (v->n == MOST_LINKED_VALUES) {
        v->status =
            dk_fail(v->s->err, DK_LIMIT,
                    "a row of %s is linked to rows of %s with more than %d values of %s; group by another field, or "
                    "narrow the filter",
                    v->s->query->kind->title, v->by->linked->title, MOST_LINKED_VALUES,
                    v->by->linked->fields[v->by->field].title);
        return false;
    }
    char *copy = dk_grow(&v->texts, &v->capacity, v->n + 1, sizeof *v->texts) ? strdup(own) : NULL;
    if (copy == NULL) {
        v->status = dk_fail(v->s->err, DK_NOMEM, "out of memory");
        return false;
    }
    memmove(&v->texts[at + 1], &v->texts[at], (v->n++ - at) * sizeof *v->texts);
    v->texts[at] = copy;
    return true;
}

/* What a row's linked rows say; a null value if nothing. text keeps it. */
static dk_status linked_value(const statistics *s, const dk_group_by *by, int64_t row, dk_buf *text,
                              dk_value *ret_value)
{
    const dk_query *q = s->query;
    several v = {.s = s, .by = by};
    dk_key_list list = {0};
    dk_stored_row stored;
    const dk_view view = dk_view_of(by->linked, q->viewer);
    dk_status status = dk_stored_row_read(s->store, q->kind, row, false, &stored, s->err);
    if (status != DK_OK)
        return status;
    char key[512];
    snprintf(key, sizeof key, "%s", stored.key);
    status = dk_linked_rows(s->store, q->kind, key, stored.values, by->linked, q->generation, SIZE_MAX, &list, s->err);
    dk_stored_row_release(&stored);
    dk_key_list_sort(&list);
    if (status == DK_OK)
        status = dk_key_list_give(s->store, by->linked, &list, &view, NULL, SIZE_MAX, false, add_linked, &v, s->err);
    if (status == DK_OK)
        status = v.status;
    dk_buf_clear(text);
    for (size_t i = 0; i < v.n; i++) {
        dk_buf_text(text, i > 0 ? "、" : "");
        dk_buf_text(text, v.texts[i]);
        free(v.texts[i]);
    }
    free(v.texts);
    const char *joined = dk_buf_cstr(text);
    if (status == DK_OK && joined == NULL)
        status = dk_fail(s->err, DK_NOMEM, "out of memory");
    *ret_value = v.n > 0 && joined != NULL ? dk_value_text(joined) : dk_value_null();
    dk_key_list_finish(&list);
    return status;
}

static dk_status regroup_one(statistics *s, const group *raw, dk_buf *text)
{
    const unsigned char *at = s->raw.keys.data + raw->key + 1;
    dk_buf_clear(&s->key);
    dk_buf_byte(&s->key, 0);
    for (size_t i = 0; i < s->n_by; i++) {
        dk_value value;
        char digits[16];
        if (s->by[i].linked == NULL) {
            at = read_value(at, &value);
            value = grouped(s, &s->by[i], value, digits);
        } else {
            const dk_status status = linked_value(s, &s->by[i], raw->row, text, &value);
            if (status != DK_OK)
                return status;
        }
        append_value(&value, &s->key);
    }
    group *g = s->key.failed ? NULL : table_find(&s->final, s->key.data, s->key.size);
    if (g == NULL)
        return dk_fail(s->err, DK_NOMEM, "out of memory");
    if (s->final.n > DK_MOST_GROUPS)
        return too_many(s);
    g->count += raw->count;
    for (size_t i = 0; i < s->n_sums; i++) {
        dk_sum_join(&g->sums[i], &raw->sums[i]);
        g->valued[i] += raw->valued[i];
    }
    return DK_OK;
}

static int compare_values(const dk_value *a, const dk_value *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    switch (a->type) {
    case DK_INTEGER:
        return a->integer < b->integer ? -1 : a->integer > b->integer;
    case DK_REAL:
        return a->real < b->real ? -1 : a->real > b->real;
    case DK_TEXT:
        return strcmp(a->text.data, b->text.data);
    case DK_NULL:
        break;
    }
    return 0;
}

static int compare_groups(const void *a, const void *b, void *keys)
{
    const group *g = a, *h = b;
    const unsigned char *p = (const unsigned char *)keys + g->key + 1, *q = (const unsigned char *)keys + h->key + 1;
    const unsigned char *end = p + g->key_size - 1;
    while (p < end) {
        dk_value x, y;
        p = read_value(p, &x);
        q = read_value(q, &y);
        const int order = compare_values(&x, &y);
        if (order != 0)
            return order;
    }
    return 0;
}

static void give_groups(statistics *s, bool (*each)(const dk_statistic *group, void *user), void *user)
{
    if (s->final.n > 1)
        qsort_r(s->final.groups, s->final.n, sizeof *s->final.groups, compare_groups, s->final.keys.data);
    bool more = true;
    for (size_t i = 0; more && i < s->final.n; i++) {
        const group *g = &s->final.groups[i];
        dk_value values[DK_GROUPS_BY];
        double sums[DK_STATISTIC_SUMS];
        for (size_t k = 0; k < s->n_sums; k++)
            sums[k] = dk_sum_decimal(&g->sums[k]);
        const unsigned char *at = s->final.keys.data + g->key + 1;
        for (size_t k = 0; k < s->n_by; k++)
            at = read_value(at, &values[k]);
        const dk_statistic statistic = {values, g->count, sums, g->valued};
        more = each(&statistic, user);
    }
}

dk_status dk_query_statistics(dk_store *store, const dk_query *query, const dk_group_by *by, size_t n_by,
                              const int *sums, size_t n_sums, bool (*each)(const dk_statistic *group, void *user),
                              void *user, dk_error *err)
{
    statistics s = {.store = store,
                    .query = query,
                    .view = dk_view_of(query->kind, query->viewer),
                    .by = by,
                    .n_by = n_by,
                    .sums = sums,
                    .n_sums = n_sums,
                    .err = err};
    dk_buf text;
    dk_buf_init(&text);
    dk_status status = check_all(&s);
    if (status == DK_OK) {
        dk_sql_limit(store, query->seconds > 0 ? query->seconds : DK_QUERY_SECONDS);
        status = group_rows(&s);
        for (size_t i = 0; status == DK_OK && i < s.raw.n; i++)
            status = regroup_one(&s, &s.raw.groups[i], &text);
        const bool late = dk_sql_unlimited(store);
        if (status == DK_LIMIT && late)
            status = dk_query_too_slow(err);
    }
    if (status == DK_OK)
        give_groups(&s, each, user);
    table_finish(&s.raw);
    table_finish(&s.final);
    dk_buf_finish(&s.key);
    dk_buf_finish(&text);
    return status;
}
