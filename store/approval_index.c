#include "store/approval_index.h"

#include "store/approval_no.h"
#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    size_t number, key; /* offsets of texts */
} entry;

struct dk_approval_index {
    dk_buf texts; /* NUL-terminated */
    entry *entries;
    size_t n, capacity;
    size_t key; /* of the row being added */
};

static bool add_number(const char *number, size_t size, void *user)
{
    dk_approval_index *index = user;
    if (!dk_grow(&index->entries, &index->capacity, index->n + 1, sizeof *index->entries)) {
        index->texts.failed = true;
        return false;
    }
    index->entries[index->n++] = (entry){index->texts.size, index->key};
    dk_buf_append(&index->texts, number, size);
    dk_buf_byte(&index->texts, 0);
    return true;
}

static int by_number_and_key(const void *a, const void *b, void *texts)
{
    const entry *x = a, *y = b;
    const char *text = texts;
    const int order = strcmp(text + x->number, text + y->number);
    return order != 0 ? order : strcmp(text + x->key, text + y->key);
}

/* The statement that gives key and numbers; DK_INVALID: the kind has none. A row that is replaced by a staged one
 * counts with both versions. */
static dk_status append_sql(const dk_kind *kind, dk_buf *sql, int *ret_n, dk_error *err)
{
    int n = 0;
    dk_buf_text(sql, "SELECT r.key");
    for (size_t i = 0; i < kind->n_fields; i++) {
        const bool by_key = kind->fields[kind->key_field].type == DK_FIELD_APPROVAL_NO;
        if (kind->fields[i].type != DK_FIELD_APPROVAL_NO || (by_key && (int)i != kind->key_field))
            continue;
        dk_buf_format(sql, ",r.f_%s", kind->fields[i].name);
        n++;
    }
    dk_buf_format(sql,
                  " FROM row_%s r WHERE EXISTS (SELECT 1 FROM life_%s l WHERE l.row=r.row AND l.died=0 AND l.born<="
                  "(SELECT max(number) FROM dikuai_generation)) OR EXISTS"
                  " (SELECT 1 FROM dikuai_batch b WHERE b.id=r.batch AND b.state='staged')",
                  kind->name, kind->name);
    if (n == 0)
        return dk_fail(err, DK_INVALID,
                       "%s: has no field of type approval_no, by which scans find their rows; name the row with --key",
                       kind->name);
    *ret_n = n;
    return DK_OK;
}

static dk_status read_rows(dk_store *store, const dk_kind *kind, dk_approval_index *index, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int n = 0;
    dk_buf sql;
    dk_buf_init(&sql);
    dk_status status = append_sql(kind, &sql, &n, err);
    const char *text = dk_buf_cstr(&sql);
    if (status == DK_OK)
        status = text == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_prepare(store, text, &stmt, err);
    while (status == DK_OK && (status = dk_sql_step(store, stmt, err)) == DK_OK) {
        const char *key = (const char *)sqlite3_column_text(stmt, 0);
        index->key = index->texts.size;
        dk_buf_text(&index->texts, key != NULL ? key : "");
        dk_buf_byte(&index->texts, 0);
        for (int i = 1; i <= n; i++) {
            const char *numbers = (const char *)sqlite3_column_text(stmt, i);
            if (numbers != NULL)
                dk_approval_no_each(numbers, add_number, index);
        }
        if (index->texts.failed)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    sqlite3_finalize(stmt);
    dk_buf_finish(&sql);
    return status == DK_END ? DK_OK : status;
}

dk_status dk_approval_index_create(dk_store *store, const dk_kind *kind, dk_approval_index **ret_index, dk_error *err)
{
    dk_approval_index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const dk_status status = read_rows(store, kind, index, err);
    if (status != DK_OK) {
        dk_approval_index_free(index);
        return status;
    }
    if (index->n > 1)
        qsort_r(index->entries, index->n, sizeof *index->entries, by_number_and_key, index->texts.data);
    *ret_index = index;
    return DK_OK;
}

void dk_approval_index_free(dk_approval_index *index)
{
    if (index == NULL)
        return;
    free(index->entries);
    dk_buf_finish(&index->texts);
    free(index);
}

/* A text in the index against one that no NUL ends. */
static int compare(const char *text, const char *number, size_t size)
{
    const int order = strncmp(text, number, size);
    return order != 0 ? order : text[size] != '\0';
}

size_t dk_approval_index_find(const dk_approval_index *index, const char *number, size_t size, const char **ret_key)
{
    const char *texts = (const char *)index->texts.data;
    size_t low = 0, high = index->n, n = 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(texts + index->entries[middle].number, number, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_key = NULL;
    const char *last = NULL;
    for (; low < index->n && compare(texts + index->entries[low].number, number, size) == 0; low++) {
        const char *key = texts + index->entries[low].key;
        if (last != NULL && strcmp(last, key) == 0)
            continue; /* another version of the row, or another field of it */
        if (n++ == 0)
            *ret_key = key;
        last = key;
    }
    return n;
}
