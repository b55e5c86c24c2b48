#include "store/checkpoint.h"

#include "store/base64.h"
#include "store/log_decimal.h"
#include "store/text.h"

#include <inttypes.h>
#include <string.h>

static bool origin_valid(const char *origin, size_t size)
{
    if (size == 0 || size > DK_NOTE_NAME_MAX || !dk_utf8_valid(origin, size))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)origin[i] < 0x20)
            return false;
    return true;
}

dk_status dk_checkpoint_write(const dk_checkpoint *checkpoint, dk_buf *out, dk_error *err)
{
    if (!origin_valid(checkpoint->origin, strlen(checkpoint->origin)))
        return dk_fail(err, DK_INVALID, "A log is called by one line of text, such as dk.example.gov.cn/log.");
    dk_buf_format(out, "%s\n%" PRId64 "\n", checkpoint->origin, checkpoint->size);
    dk_base64_append(out, checkpoint->root.bytes, sizeof checkpoint->root.bytes);
    dk_buf_byte(out, '\n');
    return out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* The next line of text without its newline; false: there is none, or it is empty. */
static bool next_line(const char **at, const char *end, const char **ret_line, size_t *ret_size)
{
    const char *newline = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
    if (newline == NULL || newline == *at)
        return false;
    *ret_line = *at;
    *ret_size = (size_t)(newline - *at);
    *at = newline + 1;
    return true;
}

dk_status dk_checkpoint_read(const char *text, size_t size, dk_checkpoint *ret_checkpoint, dk_error *err)
{
    const char *at = text, *end = text + size, *line;
    size_t n;
    dk_checkpoint checkpoint = {.origin = ""};
    if (!next_line(&at, end, &line, &n) || !origin_valid(line, n))
        return dk_fail(err, DK_INVALID, "This is no checkpoint: its first line must be the name of a log.");
    memcpy(checkpoint.origin, line, n);
    if (!next_line(&at, end, &line, &n) || !dk_log_decimal(line, n, DK_LOG_SIZE_MAX, &checkpoint.size))
        return dk_fail(err, DK_INVALID, "This is no checkpoint: its second line must be the number of entries.");
    if (!next_line(&at, end, &line, &n) ||
        !dk_base64_read_exactly(line, n, checkpoint.root.bytes, sizeof checkpoint.root.bytes))
        return dk_fail(err, DK_INVALID, "This is no checkpoint: its third line must be a hash in base 64.");
    while (at < end)
        if (!next_line(&at, end, &line, &n))
            return dk_fail(err, DK_INVALID, "This is no checkpoint: a line of it is empty or cut off.");
    *ret_checkpoint = checkpoint;
    return DK_OK;
}

dk_status dk_checkpoint_open(const char *note_text, size_t size, const char *origin, const dk_note_key *keys, size_t n,
                             uint64_t *ret_signed, dk_checkpoint *ret_checkpoint, dk_error *err)
{
    dk_note note;
    dk_checkpoint checkpoint;
    uint64_t signers = 0;
    dk_status status = dk_note_read(note_text, size, &note, err);
    if (status != DK_OK)
        return status;
    status = dk_note_verify(&note, keys, n, &signers, err);
    if (status == DK_OK)
        status = dk_checkpoint_read(note.text, note.text_size, &checkpoint, err);
    if (status == DK_OK && origin != NULL && strcmp(checkpoint.origin, origin) != 0)
        status = dk_fail(err, DK_INVALID, "This is a checkpoint of the log %s, not of %s.", checkpoint.origin, origin);
    dk_note_finish(&note);
    if (status == DK_OK) {
        *ret_signed = signers;
        *ret_checkpoint = checkpoint;
    }
    return status;
}
