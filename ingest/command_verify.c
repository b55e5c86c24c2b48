/* verify: a store, a saved proof or dossier, or a mirrored log, against its signatures. */
#include "ingest/commands.h"
#include "ingest/json.h"
#include "ingest/say.h"
#include "store/document.h"
#include "store/log_mirror.h"
#include "store/publication_check.h"
#include "store/saved_proof.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAVED_MAX ((size_t)256 << 20) /* bytes of a file: a dossier of a thousand rows with their proofs is 5 MB */

typedef struct verifying {
    const dk_options *options;
    dk_note_key keys[DK_NOTE_KEYS_MAX];
    size_t n_keys;
    dk_checkpoint earlier; /* if options->checkpoint */
    dk_buf sentences;      /* JSON */
    int64_t findings;
} verifying;

static void tell(const char *sentence, void *user)
{
    verifying *v = user;
    v->findings++;
    if (!v->options->json) {
        dk_say(stdout, "%s", sentence);
        return;
    }
    if (v->sentences.size > 0)
        dk_buf_byte(&v->sentences, ',');
    dk_json_string(sentence, &v->sentences);
}

static dk_status read_file(const char *path, size_t most, dk_buf *out, dk_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return dk_fail(err, DK_IO, "%s: %s", path, strerror(errno));
    dk_status status = DK_OK;
    for (ssize_t n = 1; status == DK_OK && n != 0;) {
        unsigned char *to = dk_buf_reserve(out, 65536);
        if (to == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        else if ((n = read(fd, to, 65536)) > 0)
            out->size += (size_t)n;
        else if (n < 0 && errno != EINTR)
            status = dk_fail(err, DK_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (status == DK_OK && out->size > most)
            status = dk_fail(err, DK_LIMIT, "%s: has more than %zu bytes, which no such file has", path, most);
    }
    close(fd);
    return status;
}

/* ---- keys and checkpoints ---- */

static dk_status add_key(verifying *v, const char *text, size_t size, const char *of, dk_error *err)
{
    dk_error why;
    if (v->n_keys == DK_NOTE_KEYS_MAX)
        return dk_fail(err, DK_LIMIT, "--key: more than %d keys", DK_NOTE_KEYS_MAX);
    const dk_status status = dk_note_key_read(text, size, &v->keys[v->n_keys], &why);
    if (status != DK_OK)
        return dk_fail(err, status, "--key %.200s: is neither a public key nor a file of such: %s", of, why.text);
    v->n_keys++;
    return DK_OK;
}

/* A key itself, or a file with one a line. */
static dk_status read_key(verifying *v, const char *text, dk_error *err)
{
    dk_buf file;
    dk_error why;
    dk_note_key key;
    if (dk_note_key_read(text, strlen(text), &key, &why) == DK_OK) {
        dk_note_key_finish(&key);
        return add_key(v, text, strlen(text), text, err);
    }
    if (access(text, F_OK) != 0)
        return dk_fail(err, DK_INVALID, "--key %.200s: is neither a public key nor a file: %s", text, why.text);
    dk_buf_init(&file);
    dk_status status = read_file(text, 65536, &file, err);
    const size_t before = v->n_keys;
    for (size_t at = 0; status == DK_OK && at < file.size;) {
        const char *line = (const char *)file.data + at;
        const char *newline = memchr(line, '\n', file.size - at);
        size_t n = newline != NULL ? (size_t)(newline - line) : file.size - at;
        at += n + 1;
        if (n > 0 && line[n - 1] == '\r')
            n--;
        if (n > 0)
            status = add_key(v, line, n, text, err);
    }
    if (status == DK_OK && v->n_keys == before)
        status = dk_fail(err, DK_INVALID, "--key %.200s: has no public key", text);
    dk_buf_finish(&file);
    return status;
}

/* Only what it says is taken: it is one that the user kept, perhaps signed by a key that is no more. */
static dk_status read_checkpoint(const char *path, dk_checkpoint *ret_checkpoint, dk_error *err)
{
    dk_buf text;
    dk_note note;
    dk_error why;
    dk_buf_init(&text);
    dk_status status = read_file(path, DK_NOTE_SIZE_MAX, &text, err);
    if (status == DK_OK) {
        if ((status = dk_note_read((const char *)text.data, text.size, &note, &why)) == DK_OK) {
            status = dk_checkpoint_read(note.text, note.text_size, ret_checkpoint, &why);
            dk_note_finish(&note);
        }
        if (status != DK_OK)
            dk_fail(err, status, "%s: %s", path, why.text);
    }
    dk_buf_finish(&text);
    return status;
}

/* ---- what is verified; each appends what it found to a sentence ---- */

static dk_status verify_store(verifying *v, dk_buf *said, dk_error *err)
{
    const dk_options *options = v->options;
    dk_store *store = NULL;
    dk_log *log = NULL;
    int64_t generation = 0, size = 0;
    dk_publication_found found = {.signed_size = -1};
    dk_status status = dk_store_open(options->store, DK_READ, &store, err);
    if (status == DK_OK)
        status = dk_store_generation(store, &generation, err);
    if (status == DK_OK)
        status = dk_publication_check(store, generation, v->keys, v->n_keys, tell, v, &found, err);
    if (status == DK_OK)
        status = dk_documents_verify(store, tell, v, err);
    if (status == DK_OK && options->checkpoint != NULL) {
        dk_error why;
        status = dk_log_open(store, &log, err);
        if (status == DK_OK)
            status = dk_log_refresh_at(log, generation, &size, err);
        if (status == DK_OK && (status = dk_log_holds(log, &v->earlier, &why)) != DK_OK) {
            if (status == DK_CONFLICT || status == DK_CORRUPT) {
                tell(why.text, v);
                status = DK_OK;
            } else {
                dk_fail(err, status, "%s", why.text);
            }
        }
        dk_log_close(log);
    }
    dk_store_close(store);
    if (status != DK_OK)
        return status;
    dk_buf_format(said,
                  "%" PRId64 " published rows, %" PRId64 " entries of the log (%" PRId64 " erased), %" PRId64
                  " checkpoints, the newest of %" PRId64 " entries",
                  found.rows, found.log.entries, found.log.erased, found.log.checkpoints,
                  found.signed_size < 0 ? 0 : found.signed_size);
    if (v->n_keys == 0)
        dk_buf_text(said,
                    "; signatures were checked by the keys that the store itself has, which its forger would have "
                    "changed: give the key that you know with --key");
    return DK_OK;
}

static dk_status verify_folder(verifying *v, dk_buf *said, dk_error *err)
{
    dk_log_mirror_found found;
    const dk_status status =
        dk_log_mirror_check(v->options->store, v->keys, v->n_keys, v->options->checkpoint != NULL ? &v->earlier : NULL,
                            tell, v, &found, err);
    if (status == DK_OK)
        dk_buf_format(said, "the log %s with %" PRId64 " entries", found.checkpoint.origin, found.checkpoint.size);
    return status;
}

static dk_status verify_file(verifying *v, dk_buf *said, dk_error *err)
{
    dk_buf file;
    dk_buf_init(&file);
    dk_error why = {0};
    dk_status status = read_file(v->options->store, SAVED_MAX, &file, err);
    if (status == DK_OK && dk_saved_kind_of((const char *)file.data, file.size) == DK_SAVED_CONSISTENCY) {
        dk_checkpoint newer;
        if (v->options->checkpoint == NULL)
            status = dk_fail(err, DK_INVALID,
                             "%s: is a proof that a log begins with an earlier one; give the checkpoint of that with "
                             "--checkpoint",
                             v->options->store);
        else if ((status = dk_saved_consistency((const char *)file.data, file.size, &v->earlier, v->keys, v->n_keys,
                                                &newer, &why)) == DK_OK)
            dk_buf_format(said,
                          "the log %s with %" PRId64 " entries begins with the %" PRId64 " of the earlier checkpoint",
                          newer.origin, newer.size, v->earlier.size);
    } else if (status == DK_OK) {
        dk_saved_found found;
        status = dk_saved_verify((const char *)file.data, file.size, v->keys, v->n_keys, tell, v, &found, &why);
        if (status == DK_OK)
            dk_buf_format(said, "%" PRId64 " proofs", found.proofs);
        if (status == DK_OK && found.checkpoint.origin[0] != '\0') /* else no checkpoint holds, as was told */
            dk_buf_format(said, ", for the log %s with %" PRId64 " entries", found.checkpoint.origin,
                          found.checkpoint.size);
        if (status == DK_OK && v->options->checkpoint != NULL && v->earlier.size == found.checkpoint.size &&
            !dk_digest_equal(&v->earlier.root, &found.checkpoint.root))
            tell("The earlier checkpoint has as many entries as that of the proof, and another root.", v);
    }
    if (why.text[0] != '\0' && status == DK_CONFLICT) {
        tell(why.text, v);
        status = DK_OK;
    } else if (why.text[0] != '\0' && status != DK_OK) {
        dk_fail(err, status, "%s: %s", v->options->store, why.text);
    }
    dk_buf_finish(&file);
    return status;
}

static bool is_store(const char *path)
{
    char head[16] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool is = fd >= 0 && read(fd, head, sizeof head) == sizeof head && memcmp(head, "SQLite format 3", 16) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

static void print(verifying *v, const dk_buf *said)
{
    if (!v->options->json) {
        dk_say(stdout, v->findings == 0 ? "%s: holds: %s" : "%s: does not hold: %s", v->options->store,
               (const char *)said->data);
        return;
    }
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_format(&out, "{\"holds\":%s,\"findings\":%" PRId64 ",\"sentences\":[", v->findings == 0 ? "true" : "false",
                  v->findings);
    if (v->sentences.size > 0)
        dk_buf_append(&out, v->sentences.data, v->sentences.size);
    dk_buf_text(&out, "],\"said\":");
    dk_json_string((const char *)said->data, &out);
    dk_buf_text(&out, ",\"error\":null}");
    out.failed = out.failed || v->sentences.failed;
    dk_json_print(&out);
}

int dk_command_verify(const dk_options *options)
{
    dk_error err = {0};
    struct stat info;
    dk_buf said;
    dk_buf_init(&said);
    verifying *v = calloc(1, sizeof *v);
    if (v == NULL) {
        dk_fail(&err, DK_NOMEM, "out of memory");
        return dk_command_failed(options, &err);
    }
    v->options = options;
    dk_buf_init(&v->sentences);
    dk_status status = DK_OK;
    for (size_t i = 0; status == DK_OK && i < options->n_keys; i++)
        status = read_key(v, options->keys[i], &err);
    if (status == DK_OK && options->checkpoint != NULL)
        status = read_checkpoint(options->checkpoint, &v->earlier, &err);
    if (status == DK_OK && stat(options->store, &info) != 0)
        status = dk_fail(&err, DK_IO, "%s: %s", options->store, strerror(errno));
    const bool store = status == DK_OK && S_ISREG(info.st_mode) && is_store(options->store);
    if (status == DK_OK && !store && v->n_keys == 0)
        status =
            dk_fail(&err, DK_INVALID, "%s: by which key? Give the public key of the log with --key", options->store);
    if (status == DK_OK)
        status = store                   ? verify_store(v, &said, &err)
                 : S_ISDIR(info.st_mode) ? verify_folder(v, &said, &err)
                                         : verify_file(v, &said, &err);
    if (status == DK_OK && dk_buf_cstr(&said) == NULL)
        status = dk_fail(&err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        print(v, &said);
    const int64_t findings = v->findings;
    for (size_t i = 0; i < v->n_keys; i++)
        dk_note_key_finish(&v->keys[i]);
    dk_buf_finish(&v->sentences);
    dk_buf_finish(&said);
    free(v);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    return findings == 0 ? DK_EXIT_DONE : DK_EXIT_FAILED;
}
