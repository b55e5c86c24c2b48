#include "store/row_writer.h"

#include "store/feed_table.h"
#include "store/hash.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 256, MOST_BYTES = 256 << 10, PLACES = 4 * MOST_ROWS };

/* What waits. Bytes stand in `bytes`, which may move: places are offsets until they are asked for. */
typedef struct waiting {
    int64_t row, feature, replaces, source, source_row;
    size_t key, key_size, blob, blob_size;
} waiting;

struct dk_row_writer {
    dk_store *store;
    const dk_kind *kind;
    int64_t batch;
    waiting rows[MOST_ROWS];
    dk_value *values; /* kind->n_fields a row; texts as offsets */
    size_t n;
    dk_buf bytes;
    uint64_t
        hashes[MOST_ROWS];   /* of keys; a chance of 2^-64 that two are taken for one, which only writes them earlier */
    uint16_t places[PLACES]; /* their numbers from 1, by hash; 0: empty */
};

dk_row_writer *dk_row_writer_create(dk_store *store, const dk_kind *kind, int64_t batch)
{
    dk_row_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->store = store;
    writer->kind = kind;
    writer->batch = batch;
    dk_buf_init(&writer->bytes);
    writer->values = malloc((kind->n_fields * MOST_ROWS + 1) * sizeof *writer->values);
    if (writer->values != NULL)
        return writer;
    dk_row_writer_free(writer);
    return NULL;
}

void dk_row_writer_free(dk_row_writer *writer)
{
    if (writer == NULL)
        return;
    dk_buf_finish(&writer->bytes);
    free(writer->values);
    free(writer);
}

/* Where a hash stands, or the empty place for it. */
static size_t place_of(const dk_row_writer *writer, uint64_t hash)
{
    size_t at = (size_t)(hash % PLACES);
    while (writer->places[at] != 0 && writer->hashes[writer->places[at] - 1] != hash)
        at = (at + 1) % PLACES;
    return at;
}

bool dk_row_writer_has(const dk_row_writer *writer, const char *key)
{
    return writer->n > 0 && writer->places[place_of(writer, dk_hash64(key, strlen(key), 0))] != 0;
}

static size_t keep(dk_row_writer *writer, const void *data, size_t size)
{
    const size_t at = writer->bytes.size;
    dk_buf_append(&writer->bytes, data, size);
    return at;
}

dk_status dk_row_writer_add(dk_row_writer *writer, const dk_new_row *row, dk_error *err)
{
    waiting *w = &writer->rows[writer->n];
    dk_value *values = writer->values + writer->n * writer->kind->n_fields;
    *w = (waiting){row->row, row->feature,  row->replaces, row->source, row->source_row, 0, strlen(row->key),
                   0,        row->blob_size};
    w->key = keep(writer, row->key, w->key_size);
    w->blob = keep(writer, row->blob, row->blob_size);
    for (size_t i = 0; i < writer->kind->n_fields; i++) {
        values[i] = row->values[i];
        if (values[i].type == DK_TEXT)
            values[i].text.data =
                (const char *)(uintptr_t)keep(writer, row->values[i].text.data, row->values[i].text.size);
    }
    if (writer->bytes.failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    writer->hashes[writer->n++] = dk_hash64(row->key, w->key_size, 0);
    writer->places[place_of(writer, writer->hashes[writer->n - 1])] = (uint16_t)writer->n;
    return writer->n < MOST_ROWS && writer->bytes.size < MOST_BYTES ? DK_OK : dk_row_writer_flush(writer, err);
}

static const char *text_at(const dk_row_writer *writer, size_t at)
{
    return writer->bytes.size > 0 ? (const char *)writer->bytes.data + at : "";
}

static void field_value(const dk_row_writer *writer, const dk_value *value, sqlite3_context *ret_value)
{
    switch (value->type) {
    case DK_NULL:
        break;
    case DK_INTEGER:
        sqlite3_result_int64(ret_value, value->integer);
        break;
    case DK_REAL:
        sqlite3_result_double(ret_value, value->real);
        break;
    case DK_TEXT:
        sqlite3_result_text64(ret_value, text_at(writer, (uintptr_t)value->text.data), value->text.size, SQLITE_STATIC,
                              SQLITE_UTF8);
        break;
    }
}

/* In the order of DK_STMT_INSERT_ROWS. */
static void column_value(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    const dk_row_writer *writer = rows;
    const waiting *w = &writer->rows[i];
    const int64_t numbers[] = {w->row, w->feature, 0, writer->batch, w->replaces, w->source, w->source_row};
    if (column >= 8)
        field_value(writer, &writer->values[i * writer->kind->n_fields + (size_t)column - 8], ret_value);
    else if (column == 2)
        sqlite3_result_text64(ret_value, text_at(writer, w->key), w->key_size, SQLITE_STATIC, SQLITE_UTF8);
    else if (column < 7)
        sqlite3_result_int64(ret_value, numbers[column]);
    else if (w->blob_size > 0)
        sqlite3_result_blob64(ret_value, text_at(writer, w->blob), w->blob_size, SQLITE_STATIC);
}

dk_status dk_row_writer_flush(dk_row_writer *writer, dk_error *err)
{
    const dk_feed feed = {writer, writer->n, column_value};
    sqlite3_stmt *stmt = NULL;
    if (writer->n == 0)
        return DK_OK;
    dk_status status = dk_sql_kept(writer->store, writer->kind, DK_STMT_INSERT_ROWS, &stmt, err);
    if (status == DK_OK)
        status = dk_feed_run(writer->store, stmt, &feed, err);
    writer->n = 0;
    dk_buf_clear(&writer->bytes);
    memset(writer->places, 0, sizeof writer->places);
    return status;
}
