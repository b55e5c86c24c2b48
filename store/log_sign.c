/* Signing checkpoints of the store's log. A log that signs two trees of which neither begins with the other has lied to
 * somebody; so it looks at what it signed last. */
#include "store/log_work.h"

#include <inttypes.h>
#include <string.h>

dk_status dk_log_holds(dk_log *log, const dk_checkpoint *earlier, dk_error *err)
{
    dk_digest root;
    const int64_t size = dk_log_tree_size(log->tree);
    if (earlier->size > size)
        return dk_fail(err, DK_CONFLICT,
                       "The publication log has %" PRId64 " entries, and a checkpoint says that it had %" PRId64
                       ": entries were taken away. Restore the store from a backup.",
                       size, earlier->size);
    dk_status status = dk_log_tree_root(log->tree, earlier->size, &root, err);
    if (status == DK_OK && !dk_digest_equal(&root, &earlier->root))
        status = dk_fail(err, DK_CONFLICT,
                         "The first %" PRId64 " entries of the publication log are not those of the checkpoint: "
                         "they were changed. Restore the store from a backup.",
                         earlier->size);
    return status;
}

/* The last checkpoint, of which only the text is looked at: its key may have been replaced. */
static dk_status check_last(dk_log *log, dk_error *err)
{
    dk_buf text;
    int64_t size;
    dk_note note;
    dk_checkpoint last;
    dk_buf_init(&text);
    dk_status status = dk_log_checkpoint(log, INT64_MAX, &text, &size, err);
    if (status == DK_NOT_FOUND) {
        dk_buf_finish(&text);
        return DK_OK;
    }
    if (status == DK_OK)
        status = dk_note_read((const char *)text.data, text.size, &note, err);
    if (status == DK_OK) {
        status = dk_checkpoint_read(note.text, note.text_size, &last, err);
        dk_note_finish(&note);
    }
    if (status == DK_OK)
        status = dk_log_holds(log, &last, err);
    dk_buf_finish(&text);
    return status;
}

dk_status dk_log_sign(dk_log *log, const dk_note_key *keys, size_t n, const char *at, dk_error *err)
{
    dk_buf text, note;
    sqlite3_stmt *stmt;
    dk_checkpoint now = {.size = dk_log_tree_size(log->tree)};
    dk_buf_init(&text);
    dk_buf_init(&note);
    if (n == 0)
        return dk_fail(err, DK_INVALID, "A checkpoint needs a key that signs it.");
    memcpy(now.origin, keys[0].name, sizeof now.origin);
    dk_status status = check_last(log, err);
    if (status == DK_OK)
        status = dk_log_tree_root(log->tree, now.size, &now.root, err);
    if (status == DK_OK)
        status = dk_checkpoint_write(&now, &text, err);
    if (status == DK_OK)
        status = dk_note_sign((const char *)text.data, text.size, keys, n, &note, err);
    if (status == DK_OK)
        status = dk_log_stmt_of(log, DK_LOG_WRITE_CHECKPOINT, &stmt, err);
    if (status == DK_OK) {
        sqlite3_bind_int64(stmt, 1, now.size);
        sqlite3_bind_text64(stmt, 2, (const char *)note.data, note.size, SQLITE_STATIC, SQLITE_UTF8);
        sqlite3_bind_text(stmt, 3, at, -1, SQLITE_STATIC);
        status = dk_sql_done(log->store, stmt, err);
        sqlite3_clear_bindings(stmt);
    }
    dk_buf_finish(&text);
    dk_buf_finish(&note);
    return status;
}
