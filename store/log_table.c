#include "store/log_table.h"

#include "store/feed_table.h"
#include "store/log_ahead.h"
#include "store/log_work.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Leaves are apart from contents, so that a tile of level 0 is read from one page or two. */
static const char tables[] =
    "CREATE TABLE log_leaf(entry INTEGER PRIMARY KEY, leaf BLOB NOT NULL);"
    "CREATE TABLE log_content(entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, row INTEGER NOT NULL, event TEXT,"
    " generation INTEGER, salt BLOB NOT NULL, seal BLOB, content BLOB);"
    "CREATE INDEX log_content_row ON log_content(kind,row);"
    "CREATE TABLE log_tile(id INTEGER PRIMARY KEY, hashes BLOB NOT NULL);"
    "CREATE TABLE log_checkpoint(size INTEGER PRIMARY KEY, note TEXT NOT NULL, at TEXT NOT NULL);"
    "CREATE TABLE log_generation(generation INTEGER PRIMARY KEY, size INTEGER NOT NULL);"
    "INSERT INTO log_generation VALUES(0,0);"
    "CREATE TABLE log_key(number INTEGER PRIMARY KEY, key TEXT NOT NULL, from_generation INTEGER NOT NULL,"
    " from_size INTEGER NOT NULL, to_generation INTEGER NOT NULL);";

static const char *const sql[DK_LOG_STMTS] = {
    [DK_LOG_SIZE] = "SELECT coalesce(max(entry)+1,0) FROM log_leaf",
    [DK_LOG_ADD_LEAVES] = "INSERT OR FAIL INTO log_leaf SELECT c0,c1 FROM dk_feed(?)",
    [DK_LOG_ADD_CONTENTS] = "INSERT OR FAIL INTO log_content SELECT c0,c1,c2,c3,c4,c5,c6,c7 FROM dk_feed(?)",
    [DK_LOG_LEAF] = "SELECT leaf FROM log_leaf WHERE entry=?",
    [DK_LOG_LEAVES] = "SELECT entry,leaf FROM log_leaf WHERE entry>=? ORDER BY entry LIMIT ?",
    [DK_LOG_CONTENT] = "SELECT kind,row,salt,content,event,generation,seal FROM log_content WHERE entry=?",
    [DK_LOG_KEEP] = "UPDATE log_content SET content=?2,event=NULL,generation=NULL,seal=NULL WHERE entry=?1",
    [DK_LOG_OF_ROW] =
        "SELECT entry FROM log_content WHERE kind=? AND row=? AND entry>? AND content IS NULL ORDER BY entry LIMIT 1",
    [DK_LOG_SIZE_AT] = "SELECT size FROM log_generation WHERE generation<=? ORDER BY generation DESC LIMIT 1",
    [DK_LOG_COUNT] = "INSERT OR REPLACE INTO log_generation VALUES(?,?)",
    [DK_LOG_FIND] = "SELECT entry FROM log_content WHERE kind=? AND row=? AND entry<? ORDER BY entry DESC LIMIT 1",
    [DK_LOG_ERASE] = "DELETE FROM log_content WHERE entry=?",
    [DK_LOG_READ_TILE] = "SELECT hashes FROM log_tile WHERE id=?",
    [DK_LOG_WRITE_TILE] = "INSERT OR REPLACE INTO log_tile VALUES(?,?)",
    [DK_LOG_READ_CHECKPOINT] = "SELECT size,note FROM log_checkpoint WHERE size<=? ORDER BY size DESC LIMIT 1",
    [DK_LOG_SIGNED_AT] = "SELECT at FROM log_checkpoint WHERE size=?",
    [DK_LOG_WRITE_CHECKPOINT] = "INSERT OR REPLACE INTO log_checkpoint VALUES(?,?,?)",
};

dk_status dk_log_create(dk_store *store, dk_error *err)
{
    return dk_sql_run(store, tables, err);
}

dk_status dk_log_stmt_of(dk_log *log, dk_log_stmt id, sqlite3_stmt **ret_stmt, dk_error *err)
{
    sqlite3_stmt **place = &log->statements[id];
    sqlite3_reset(log->statements[DK_LOG_CONTENT]); /* a record that was given out would hold an old snapshot */
    if (*place == NULL) {
        const dk_status status = dk_sql_prepare(log->store, sql[id], place, err);
        if (status != DK_OK)
            return status;
    }
    sqlite3_reset(*place);
    sqlite3_clear_bindings(*place);
    *ret_stmt = *place;
    return DK_OK;
}

/* ---- tiles ---- */

static dk_status changed(dk_log *log, const char *what, int64_t number, dk_error *err)
{
    return dk_fail(err, DK_CORRUPT,
                   "%s: %s %" PRId64 " of the publication log is missing or was changed; restore the store "
                   "from a backup",
                   log->store->path, what, number);
}

/* Leaves of a tile of level 0, in order and without a gap. */
static dk_status read_leaves(dk_log *log, const dk_log_tile *tile, dk_digest *ret_leaves, dk_error *err)
{
    sqlite3_stmt *stmt;
    const int64_t first = tile->index * DK_LOG_TILE_WIDTH;
    dk_status status = dk_log_stmt_of(log, DK_LOG_LEAVES, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, first);
    sqlite3_bind_int64(stmt, 2, tile->width);
    for (unsigned i = 0; i < tile->width && status == DK_OK; i++) {
        status = dk_sql_step(log->store, stmt, err);
        if (status == DK_END || (status == DK_OK && (sqlite3_column_int64(stmt, 0) != first + i ||
                                                     sqlite3_column_bytes(stmt, 1) != DK_DIGEST_SIZE)))
            status = changed(log, "entry", first + i, err);
        if (status == DK_OK)
            memcpy(ret_leaves[i].bytes, sqlite3_column_blob(stmt, 1), DK_DIGEST_SIZE);
    }
    sqlite3_reset(stmt);
    return status;
}

static int64_t id_of(const dk_log_tile *tile)
{
    return (int64_t)tile->level << 56 | tile->index;
}

static dk_status read_tile(void *user, const dk_log_tile *tile, dk_digest *ret_hashes, dk_error *err)
{
    dk_log *log = user;
    sqlite3_stmt *stmt;
    dk_status status;
    if (tile->level == 0) {
        dk_hasher *hasher = dk_log_tree_hasher(log->tree);
        status = read_leaves(log, tile, ret_hashes, err);
        for (unsigned i = 0; i < tile->width && status == DK_OK; i++)
            ret_hashes[i] = dk_hasher_leaf(hasher, ret_hashes[i].bytes, DK_DIGEST_SIZE);
        return status;
    }
    if ((status = dk_log_stmt_of(log, DK_LOG_READ_TILE, &stmt, err)) != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, id_of(tile));
    status = dk_sql_step(log->store, stmt, err);
    if (status == DK_END ||
        (status == DK_OK && (size_t)sqlite3_column_bytes(stmt, 0) < tile->width * sizeof *ret_hashes))
        status = changed(log, tile->level == 1 ? "tile of level 1" : "tile of a high level", tile->index, err);
    if (status == DK_OK)
        memcpy(ret_hashes, sqlite3_column_blob(stmt, 0), tile->width * sizeof *ret_hashes);
    sqlite3_reset(stmt);
    return status;
}

/* Level 0 is in the leaves already. */
static dk_status write_tile(void *user, const dk_log_tile *tile, const dk_digest *hashes, dk_error *err)
{
    dk_log *log = user;
    sqlite3_stmt *stmt;
    if (tile->level == 0)
        return DK_OK;
    dk_status status = dk_log_stmt_of(log, DK_LOG_WRITE_TILE, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, id_of(tile));
    sqlite3_bind_blob64(stmt, 2, hashes, tile->width * sizeof *hashes, SQLITE_STATIC);
    status = dk_sql_done(log->store, stmt, err);
    sqlite3_clear_bindings(stmt);
    return status;
}

/* ---- the handle ---- */

dk_status dk_log_open(dk_store *store, dk_log **ret_log, dk_error *err)
{
    dk_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    log->store = store;
    dk_buf_init(&log->content);
    const dk_log_storage storage = {.read = read_tile, .write = write_tile, .user = log};
    int64_t size;
    dk_status status = dk_log_tree_open(&storage, 0, &log->tree, err);
    if (status == DK_OK)
        status = dk_log_rows_open(store, &log->rows, err);
    if (status == DK_OK)
        status = dk_log_refresh(log, &size, err);
    if (status == DK_OK)
        *ret_log = log;
    else
        dk_log_close(log);
    return status;
}

void dk_log_close(dk_log *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < DK_LOG_STMTS; i++)
        sqlite3_finalize(log->statements[i]);
    dk_log_tree_close(log->tree);
    dk_log_rows_close(log->rows);
    dk_buf_finish(&log->content);
    free(log);
}

dk_log_tree *dk_log_tree_of(dk_log *log)
{
    return log->tree;
}

dk_status dk_log_refresh(dk_log *log, int64_t *ret_size, dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_SIZE, &stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(log->store, stmt, err);
    if (status != DK_OK)
        return status;
    const int64_t size = sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    if (size < 0 || size > DK_LOG_SIZE_MAX)
        return changed(log, "entry", size - 1, err);
    dk_log_tree_resize(log->tree, size);
    *ret_size = size;
    return DK_OK;
}

dk_status dk_log_refresh_at(dk_log *log, int64_t generation, int64_t *ret_size, dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_SIZE_AT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, generation);
    status = dk_sql_step(log->store, stmt, err);
    const int64_t size = status == DK_OK ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    if (size < 0 || size > DK_LOG_SIZE_MAX)
        return changed(log, "entry", size - 1, err);
    dk_log_tree_resize(log->tree, size);
    *ret_size = size;
    return DK_OK;
}

dk_log_rows *dk_log_rows_of(dk_log *log)
{
    return log->rows;
}

/* ---- writing ---- */

dk_status dk_log_count(dk_log *log, int64_t generation, dk_error *err)
{
    sqlite3_stmt *stmt;
    const dk_status status = dk_log_stmt_of(log, DK_LOG_COUNT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, generation);
    sqlite3_bind_int64(stmt, 2, dk_log_tree_size(log->tree));
    return dk_sql_done(log->store, stmt, err);
}

/* The tiles of each level become as narrow as they were. */
dk_status dk_log_cut(dk_store *store, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_buf text;
    dk_status status =
        dk_sql_prepare(store, "SELECT size FROM log_generation ORDER BY generation DESC LIMIT 1", &stmt, err);
    if (status == DK_OK)
        status = dk_sql_step(store, stmt, err);
    const int64_t size = status == DK_OK ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    if (status != DK_OK && status != DK_END)
        return status;
    dk_buf_init(&text);
    dk_buf_format(&text,
                  "DELETE FROM log_leaf WHERE entry>=%" PRId64 ";DELETE FROM log_content WHERE entry>=%" PRId64 ";",
                  size, size);
    int64_t whole = size; /* tiles that are complete */
    for (int level = 0; level < DK_LOG_LEVELS; level++) {
        const dk_log_tile last = {.level = level, .index = whole / DK_LOG_TILE_WIDTH};
        const unsigned width = (unsigned)(whole % DK_LOG_TILE_WIDTH);
        whole /= DK_LOG_TILE_WIDTH;
        if (level == 0)
            continue;
        dk_buf_format(&text, "DELETE FROM log_tile WHERE id>=%" PRId64 " AND id<%" PRId64 ";",
                      id_of(&last) + (width > 0), id_of(&(dk_log_tile){.level = level + 1}));
        dk_buf_format(&text,
                      "UPDATE log_tile SET hashes=substr(hashes,1,%u) WHERE id=%" PRId64 " AND length(hashes)>%u;",
                      width * DK_DIGEST_SIZE, id_of(&last), width * DK_DIGEST_SIZE);
    }
    const char *all = dk_buf_cstr(&text);
    status = all == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_sql_run(store, all, err);
    dk_buf_finish(&text);
    return status;
}

static dk_status keep_one(dk_log *log, int64_t entry, dk_error *err)
{
    sqlite3_stmt *stmt = NULL;
    dk_log_record record;
    dk_buf content;
    dk_status status = dk_log_read(log, entry, &record, err);
    if (status != DK_OK)
        return status;
    if (record.erased || !dk_log_record_holds(log, &record))
        return DK_OK;
    dk_buf_init(&content);
    dk_buf_append(&content, record.content, record.size);
    status = content.failed ? dk_fail(err, DK_NOMEM, "out of memory") : dk_log_stmt_of(log, DK_LOG_KEEP, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, entry);
        sqlite3_bind_blob64(stmt, 2, content.data, content.size, SQLITE_STATIC);
        status = dk_sql_done(log->store, stmt, err);
        sqlite3_clear_bindings(stmt);
    }
    dk_buf_finish(&content);
    return status;
}

dk_status dk_log_keep(dk_log *log, const char *kind, int64_t row, dk_error *err)
{
    for (int64_t after = -1;;) {
        sqlite3_stmt *stmt;
        dk_status status = dk_log_stmt_of(log, DK_LOG_OF_ROW, &stmt, err);
        if (status != DK_OK)
            return status;
        sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, row);
        sqlite3_bind_int64(stmt, 3, after);
        status = dk_sql_step(log->store, stmt, err);
        after = status == DK_OK ? sqlite3_column_int64(stmt, 0) : 0;
        sqlite3_reset(stmt);
        sqlite3_clear_bindings(stmt);
        if (status == DK_OK)
            status = keep_one(log, after, err);
        if (status != DK_OK)
            return status == DK_END ? DK_OK : status;
    }
}

/* Entries to be written, from a number on. */
typedef struct addition {
    int64_t first;
    const dk_log_entry *entries;
    const dk_digest *leaves;
    const dk_salt *salts;
} addition;

static void leaf_value(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    const addition *a = rows;
    if (column == 0)
        sqlite3_result_int64(ret_value, a->first + (int64_t)i);
    else
        sqlite3_result_blob(ret_value, a->leaves[i].bytes, DK_DIGEST_SIZE, SQLITE_STATIC);
}

static void content_value(const void *rows, size_t i, int column, sqlite3_context *ret_value)
{
    const addition *a = rows;
    const dk_log_entry *entry = &a->entries[i];
    const dk_log_task *made = entry->made; /* NULL: the content is kept */
    switch (column) {
    case 0:
        sqlite3_result_int64(ret_value, a->first + (int64_t)i);
        break;
    case 1:
        sqlite3_result_text(ret_value, entry->kind, -1, SQLITE_STATIC);
        break;
    case 2:
        sqlite3_result_int64(ret_value, entry->row);
        break;
    case 3:
        if (made != NULL)
            sqlite3_result_text(ret_value, made->event, -1, SQLITE_STATIC);
        break;
    case 4:
        if (made != NULL)
            sqlite3_result_int64(ret_value, made->generation);
        break;
    case 5:
        sqlite3_result_blob(ret_value, a->salts[i].bytes, DK_SALT_SIZE, SQLITE_STATIC);
        break;
    case 6:
        if (made != NULL)
            sqlite3_result_blob(ret_value, made->seal.bytes, DK_SALT_SIZE, SQLITE_STATIC);
        break;
    case 7:
        if (made == NULL)
            sqlite3_result_blob64(ret_value, entry->content, entry->size, SQLITE_STATIC);
        break;
    default:
        break;
    }
}

static dk_status write_entries(dk_log *log, const addition *a, size_t n, dk_error *err)
{
    const dk_feed leaves = {a, n, leaf_value}, contents = {a, n, content_value};
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_ADD_LEAVES, &stmt, err);
    if (status == DK_OK)
        status = dk_feed_run(log->store, stmt, &leaves, err);
    if (status == DK_OK)
        status = dk_log_stmt_of(log, DK_LOG_ADD_CONTENTS, &stmt, err);
    return status == DK_OK ? dk_feed_run(log->store, stmt, &contents, err) : status;
}

/* The salt and the leaf of an entry. */
static dk_status make_leaf(dk_hasher *hasher, const dk_log_entry *entry, dk_salt *ret_salt, dk_digest *ret_leaf,
                           dk_error *err)
{
    if (entry->made != NULL) {
        *ret_salt = entry->made->salt;
        *ret_leaf = entry->made->leaf;
        return DK_OK;
    }
    const dk_status status = dk_salts_make(ret_salt, 1, err);
    if (status == DK_OK)
        *ret_leaf = dk_log_leaf(hasher, ret_salt, entry->content, entry->size);
    return status;
}

dk_status dk_log_add(dk_log *log, const dk_log_entry *entries, size_t n, int64_t *ret_first, dk_error *err)
{
    dk_hasher *hasher = dk_log_tree_hasher(log->tree);
    const int64_t first = dk_log_tree_size(log->tree);
    const bool fits = n < SIZE_MAX / sizeof(dk_digest);
    dk_digest *hashes = fits ? malloc((n + 1) * sizeof *hashes) : NULL,
              *leaves = fits ? malloc((n + 1) * sizeof *leaves) : NULL;
    dk_salt *salts = fits ? malloc((n + 1) * sizeof *salts) : NULL;
    dk_status status =
        hashes == NULL || leaves == NULL || salts == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
    for (size_t i = 0; i < n && status == DK_OK; i++) {
        if ((status = make_leaf(hasher, &entries[i], &salts[i], &leaves[i], err)) != DK_OK)
            break;
        hashes[i] = dk_hasher_leaf(hasher, leaves[i].bytes, DK_DIGEST_SIZE);
        if (hasher->failed)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (status == DK_OK)
        status = write_entries(log, &(addition){first, entries, leaves, salts}, n, err);
    if (status == DK_OK)
        status = dk_log_tree_add(log->tree, hashes, n, err);
    if (status == DK_OK)
        *ret_first = first;
    if (salts != NULL)
        OPENSSL_cleanse(salts, (n + 1) * sizeof *salts);
    free(salts);
    free(leaves);
    free(hashes);
    return status;
}

dk_status dk_log_erase(dk_log *log, int64_t entry, dk_error *err)
{
    sqlite3_stmt *stmt;
    if (entry < 0 || entry >= dk_log_tree_size(log->tree))
        return dk_fail(err, DK_NOT_FOUND, "The publication log has no entry %" PRId64 ".", entry);
    dk_status status = dk_sql_run(log->store, "PRAGMA secure_delete=ON", err);
    if (status == DK_OK)
        status = dk_log_stmt_of(log, DK_LOG_ERASE, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, entry);
    return dk_sql_done(log->store, stmt, err);
}

/* ---- reading ---- */

dk_status dk_log_leaf_at(dk_log *log, int64_t entry, dk_digest *ret_leaf, dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_LEAF, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, entry);
    status = dk_sql_step(log->store, stmt, err);
    if (status == DK_END)
        status = dk_fail(err, DK_NOT_FOUND, "The publication log has no entry %" PRId64 ".", entry);
    else if (status == DK_OK && sqlite3_column_bytes(stmt, 0) != DK_DIGEST_SIZE)
        status = changed(log, "entry", entry, err);
    if (status == DK_OK)
        memcpy(ret_leaf->bytes, sqlite3_column_blob(stmt, 0), DK_DIGEST_SIZE);
    sqlite3_reset(stmt);
    return status;
}

dk_status dk_log_read(dk_log *log, int64_t entry, dk_log_record *ret_record, dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_log_record record = {.kind = "", .event = "", .content = ""};
    dk_status status = dk_log_leaf_at(log, entry, &record.leaf, err);
    if (status == DK_OK)
        status = dk_log_stmt_of(log, DK_LOG_CONTENT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, entry);
    status = dk_sql_step(log->store, stmt, err);
    if (status == DK_END) {
        record.erased = true;
        status = DK_OK;
    } else if (status == DK_OK) {
        const char *kind = (const char *)sqlite3_column_text(stmt, 0);
        record.row = sqlite3_column_int64(stmt, 1);
        record.size = (size_t)sqlite3_column_bytes(stmt, 3);
        record.kind = kind != NULL ? kind : "";
        if (record.size > 0)
            record.content = sqlite3_column_blob(stmt, 3);
        const bool of_row = sqlite3_column_type(stmt, 3) == SQLITE_NULL;
        if (sqlite3_column_bytes(stmt, 2) != DK_SALT_SIZE || record.content == NULL ||
            (of_row && (sqlite3_column_bytes(stmt, 6) != DK_SALT_SIZE || sqlite3_column_text(stmt, 4) == NULL))) {
            sqlite3_reset(stmt);
            return changed(log, "the content of entry", entry, err);
        }
        memcpy(record.salt.bytes, sqlite3_column_blob(stmt, 2), DK_SALT_SIZE);
        if (of_row) {
            dk_salt seal;
            memcpy(seal.bytes, sqlite3_column_blob(stmt, 6), DK_SALT_SIZE);
            record.event = (const char *)sqlite3_column_text(stmt, 4);
            record.generation = sqlite3_column_int64(stmt, 5);
            dk_buf_clear(&log->content);
            status = dk_log_row_content(log->rows, record.kind, record.row, record.event, record.generation, &seal,
                                        &log->content, err);
            if (status == DK_OK && log->content.failed)
                status = dk_fail(err, DK_NOMEM, "out of memory");
            if (status != DK_OK && status != DK_NOMEM && err != NULL) {
                dk_error why = *err;
                status = dk_fail(err, DK_CORRUPT,
                                 "%s: entry %" PRId64 " of the publication log (%s, row %" PRId64 ") has lost what it "
                                 "is about: %s",
                                 log->store->path, entry, record.kind, record.row, why.text);
            }
            record.content = log->content.data;
            record.size = log->content.size;
            if (status != DK_OK)
                sqlite3_reset(stmt);
        }
    }
    if (status == DK_OK)
        *ret_record = record;
    return status;
}

bool dk_log_record_holds(dk_log *log, const dk_log_record *record)
{
    dk_hasher *hasher = dk_log_tree_hasher(log->tree);
    const dk_digest leaf = dk_log_leaf(hasher, &record->salt, record->content, record->size);
    return !record->erased && !hasher->failed && dk_digest_equal(&leaf, &record->leaf);
}

dk_status dk_log_record_public(dk_log *log, const dk_log_record *record, bool *ret_public, dk_error *err)
{
    *ret_public = true;
    if (record->erased || record->kind[0] == '+' || strcmp(record->event, "withdraw") == 0)
        return DK_OK;
    if (record->event[0] == '\0') { /* kept: by which catalogue, it does not say */
        *ret_public = log->store->catalogue_since == 0;
        return DK_OK;
    }
    return dk_log_row_seen_alike(log->rows, record->kind, record->row, record->generation, ret_public, err);
}

dk_status dk_log_find(dk_log *log, const char *kind, int64_t row, int64_t size, int64_t *ret_entry, dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_FIND, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, row);
    sqlite3_bind_int64(stmt, 3, size);
    status = dk_sql_step(log->store, stmt, err);
    if (status == DK_OK)
        *ret_entry = sqlite3_column_int64(stmt, 0);
    else if (status == DK_END)
        status = dk_fail(err, DK_NOT_FOUND, "The publication log has no entry of this %s.", kind);
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return status;
}

dk_status dk_log_tile_bytes(dk_log *log, const dk_log_tile *tile, dk_buf *out, dk_error *err)
{
    dk_digest hashes[DK_LOG_TILE_WIDTH];
    if (tile->width == 0 || tile->width > dk_log_tile_width(tile->level, tile->index, dk_log_tree_size(log->tree)))
        return dk_fail(err, DK_NOT_FOUND, "The publication log has no such tile, or not yet so wide.");
    dk_log_tile from = *tile;
    dk_status status;
    if (tile->level == DK_LOG_ENTRIES) {
        from.level = 0;
        status = read_leaves(log, &from, hashes, err);
        for (unsigned i = 0; i < tile->width && status == DK_OK; i++)
            dk_log_bundle_add(out, hashes[i].bytes, DK_DIGEST_SIZE);
    } else {
        status = read_tile(log, &from, hashes, err);
        if (status == DK_OK)
            dk_buf_append(out, hashes, tile->width * sizeof *hashes);
    }
    if (status == DK_OK && (out->failed || dk_log_tree_hasher(log->tree)->failed))
        status = dk_fail(err, DK_NOMEM, "out of memory");
    return status;
}

dk_status dk_log_checkpoint(dk_log *log, int64_t at_most, dk_buf *out, int64_t *ret_size, dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_READ_CHECKPOINT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, at_most);
    status = dk_sql_step(log->store, stmt, err);
    if (status == DK_END)
        status = dk_fail(err, DK_NOT_FOUND, "The publication log has no checkpoint yet.");
    if (status == DK_OK) {
        const void *note = sqlite3_column_text(stmt, 1);
        dk_buf_append(out, note, (size_t)sqlite3_column_bytes(stmt, 1));
        *ret_size = sqlite3_column_int64(stmt, 0);
        if (out->failed)
            status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    sqlite3_reset(stmt);
    return status;
}

dk_status dk_log_signed_at(dk_log *log, int64_t size, char ret_at[24], dk_error *err)
{
    sqlite3_stmt *stmt;
    dk_status status = dk_log_stmt_of(log, DK_LOG_SIGNED_AT, &stmt, err);
    if (status != DK_OK)
        return status;
    sqlite3_bind_int64(stmt, 1, size);
    status = dk_sql_step(log->store, stmt, err);
    const char *at = status == DK_OK ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    snprintf(ret_at, 24, "%s", at != NULL ? at : "");
    sqlite3_reset(stmt);
    return status == DK_END ? DK_OK : status;
}
