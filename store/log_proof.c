#include "store/log_proof.h"

#include "store/base64.h"
#include "store/log_decimal.h"

#include <inttypes.h>
#include <string.h>

static const char first_line[] = "c2sp.org/tlog-proof@v1";

static dk_status write_rest(const dk_log_proof *proof, const char *checkpoint, size_t size, dk_buf *out, dk_error *err)
{
    for (size_t i = 0; i < proof->n; i++) {
        dk_base64_append(out, proof->hashes[i].bytes, DK_DIGEST_SIZE);
        dk_buf_byte(out, '\n');
    }
    dk_buf_byte(out, '\n');
    dk_buf_append(out, checkpoint, size);
    return out->failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

dk_status dk_log_proof_write(int64_t index, const dk_log_proof *proof, const void *extra, size_t extra_size,
                             const char *checkpoint, size_t checkpoint_size, dk_buf *out, dk_error *err)
{
    dk_buf_format(out, "%s\n", first_line);
    if (extra_size > 0) {
        dk_buf_text(out, "extra ");
        dk_base64_append(out, extra, extra_size);
        dk_buf_byte(out, '\n');
    }
    dk_buf_format(out, "index %" PRId64 "\n", index);
    return write_rest(proof, checkpoint, checkpoint_size, out, err);
}

dk_status dk_log_consistency_write(int64_t old_size, const dk_log_proof *proof, const char *checkpoint,
                                   size_t checkpoint_size, dk_buf *out, dk_error *err)
{
    dk_buf_format(out, "old %" PRId64 "\n", old_size);
    return write_rest(proof, checkpoint, checkpoint_size, out, err);
}

/* The next line if it begins with this word; *ret_value is what stands behind it. */
static bool take(const char **at, const char *end, const char *word, const char **ret_value, size_t *ret_size)
{
    const size_t n = strlen(word);
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    if (newline == NULL || (size_t)(newline - *at) < n || memcmp(*at, word, n) != 0)
        return false;
    *ret_value = *at + n;
    *ret_size = (size_t)(newline - *ret_value);
    *at = newline + 1;
    return true;
}

void dk_log_proof_file_finish(dk_log_proof_file *file)
{
    dk_buf_finish(&file->extra);
}

/* From the number on. */
static dk_status read_rest(const char *at, const char *end, const char *word, dk_log_proof_file *file, dk_error *err)
{
    const char *value;
    size_t n;
    if (!take(&at, end, word, &value, &n) || !dk_log_decimal(value, n, DK_LOG_SIZE_MAX, &file->number))
        return dk_fail(err, DK_INVALID, "This is no proof of a log: a line \"%sNUMBER\" is missing.", word);
    for (file->proof.n = 0; take(&at, end, "", &value, &n) && n > 0; file->proof.n++) {
        if (file->proof.n == DK_LOG_PROOF_MAX)
            return dk_fail(err, DK_INVALID, "The proof has more than %d hashes, which none needs.", DK_LOG_PROOF_MAX);
        if (!dk_base64_read_exactly(value, n, file->proof.hashes[file->proof.n].bytes, DK_DIGEST_SIZE))
            return dk_fail(err, DK_INVALID, "Hash %zu of the proof is not 32 bytes in base 64.", file->proof.n + 1);
    }
    /* Each turn took a line, and the last an empty one, unless the text ended. */
    if (at >= end || at[-1] != '\n' || at[-2] != '\n')
        return dk_fail(err, DK_INVALID,
                       "The proof is cut off: an empty line and a checkpoint must stand behind its hashes.");
    file->checkpoint = at;
    file->checkpoint_size = (size_t)(end - at);
    return DK_OK;
}

static dk_status read_file(const char *data, size_t size, bool inclusion, dk_log_proof_file *ret_file, dk_error *err)
{
    const char *at = data, *end = data + size, *value;
    size_t n;
    dk_log_proof_file file = {.number = 0};
    if (size > DK_LOG_PROOF_FILE_MAX)
        return dk_fail(err, DK_LIMIT, "The proof has %zu bytes; dikuai reads proofs of up to %d.", size,
                       DK_LOG_PROOF_FILE_MAX);
    dk_buf_init(&file.extra);
    dk_status status = DK_OK;
    if (inclusion && (!take(&at, end, first_line, &value, &n) || n != 0))
        status = dk_fail(err, DK_INVALID, "This is no proof of a log: its first line must be %s.", first_line);
    if (status == DK_OK && inclusion && take(&at, end, "extra ", &value, &n) &&
        (n == 0 || !dk_base64_read(value, n, &file.extra)))
        status = dk_fail(err, DK_INVALID, "What the proof's line \"extra\" has is not base 64.");
    if (status == DK_OK && file.extra.failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = read_rest(at, end, inclusion ? "index " : "old ", &file, err);
    if (status == DK_OK)
        *ret_file = file;
    else
        dk_log_proof_file_finish(&file);
    return status;
}

dk_status dk_log_proof_read(const char *data, size_t size, dk_log_proof_file *ret_file, dk_error *err)
{
    return read_file(data, size, true, ret_file, err);
}

dk_status dk_log_consistency_read(const char *data, size_t size, dk_log_proof_file *ret_file, dk_error *err)
{
    return read_file(data, size, false, ret_file, err);
}
