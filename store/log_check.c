/* Checking the store's log against itself: contents against leaves, tiles against what is below them, checkpoints
 * against the tree. Bounded memory, whatever the log's size. */
#include "store/log_work.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

typedef struct checking {
    dk_log *log;
    const dk_note_key *keys;
    size_t n_keys;
    void (*tell)(const char *sentence, void *user);
    void *user;
    dk_log_found found;
} checking;

static void tell_text(const char *sentence, void *user)
{
    checking *c = user;
    c->found.findings++;
    c->tell(sentence, c->user);
}

__attribute__((format(printf, 2, 3))) static void tell(checking *c, const char *format, ...)
{
    char sentence[DK_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    tell_text(sentence, c);
}

/* What is damaged is a finding, and the next is looked at; other failures end the check. */
static dk_status passed_over(checking *c, dk_status status, const dk_error *error, dk_error *err)
{
    if (status == DK_OK)
        return DK_OK;
    if (status != DK_CORRUPT && status != DK_NOT_FOUND && status != DK_INVALID && status != DK_CONFLICT &&
        status != DK_LIMIT)
        return dk_fail(err, status, "%s", error->text);
    tell(c, "%s", error->text);
    return DK_OK;
}

static dk_status check_entries(checking *c, dk_error *err)
{
    dk_status status = DK_OK;
    dk_hasher *hasher = dk_log_tree_hasher(c->log->tree);
    for (int64_t entry = 0; entry < c->found.entries && status == DK_OK; entry++) {
        dk_log_record record;
        dk_error error;
        const dk_status read = dk_log_read(c->log, entry, &record, &error);
        if (read == DK_OK && record.erased) {
            c->found.erased++;
        } else if (read == DK_OK) {
            const dk_digest leaf = dk_log_leaf(hasher, &record.salt, record.content, record.size);
            if (hasher->failed)
                status = dk_fail(err, DK_NOMEM, "out of memory");
            else if (!dk_digest_equal(&leaf, &record.leaf))
                tell(c,
                     "Entry %" PRId64 " of the publication log (%s, row %" PRId64
                     ") was changed: its content is not the one "
                     "that was published.",
                     entry, record.kind, record.row);
        } else {
            status = passed_over(c, read, &error, err);
        }
    }
    return status;
}

static dk_status check_checkpoint(checking *c, int64_t size, const dk_buf *text, dk_error *err)
{
    dk_note note;
    dk_checkpoint checkpoint;
    dk_error error;
    uint64_t signers;
    dk_status status = dk_note_read((const char *)text->data, text->size, &note, &error);
    if (status == DK_OK) {
        if (c->n_keys > 0)
            status = dk_note_verify(&note, c->keys, c->n_keys, &signers, &error);
        if (status == DK_OK)
            status = dk_checkpoint_read(note.text, note.text_size, &checkpoint, &error);
        dk_note_finish(&note);
    }
    if (status == DK_OK && checkpoint.size != size)
        status =
            dk_fail(&error, DK_CORRUPT, "The checkpoint of %" PRId64 " entries says that it is one of %" PRId64 ".",
                    size, checkpoint.size);
    if (status == DK_OK)
        status = dk_log_holds(c->log, &checkpoint, &error);
    if (status == DK_OK)
        return DK_OK;
    dk_error named;
    dk_fail(&named, status, "Checkpoint of %" PRId64 " entries: %s", size, error.text);
    return passed_over(c, status, &named, err);
}

static dk_status check_checkpoints(checking *c, dk_error *err)
{
    dk_buf text;
    dk_buf_init(&text);
    dk_status status = DK_OK;
    for (int64_t at_most = INT64_MAX, size; status == DK_OK; at_most = size - 1) {
        dk_error error;
        dk_buf_clear(&text);
        status = dk_log_checkpoint(c->log, at_most, &text, &size, &error);
        if (status == DK_NOT_FOUND) {
            status = DK_OK;
            break;
        }
        if (status != DK_OK) {
            dk_fail(err, status, "%s", error.text);
            break;
        }
        c->found.checkpoints++;
        status = check_checkpoint(c, size, &text, err);
        if (size == INT64_MIN)
            break;
    }
    dk_buf_finish(&text);
    return status;
}

dk_status dk_log_check(dk_log *log, const dk_note_key *keys, size_t n,
                       void (*to_tell)(const char *sentence, void *user), void *user, dk_log_found *ret_found,
                       dk_error *err)
{
    checking c = {.log = log, .keys = keys, .n_keys = n, .tell = to_tell, .user = user};
    c.found.entries = dk_log_tree_size(log->tree);
    dk_status status = check_entries(&c, err);
    if (status == DK_OK) {
        dk_error error;
        status = passed_over(&c, dk_log_tree_check(log->tree, tell_text, &c, &error), &error, err);
    }
    if (status == DK_OK)
        status = check_checkpoints(&c, err);
    if (status == DK_OK)
        *ret_found = c.found;
    return status;
}
