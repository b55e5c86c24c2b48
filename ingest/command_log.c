/* log: the keys of the publication log, and its checkpoints. */
#include "ingest/commands.h"
#include "ingest/json.h"
#include "ingest/say.h"
#include "store/log_keys.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static dk_status open_store(const dk_options *options, dk_open_mode mode, dk_store **ret_store, dk_error *err)
{
    dk_status status = dk_store_open(options->store, mode, ret_store, err);
    if (status == DK_OK && options->log_key != NULL)
        status = dk_store_log_key(*ret_store, options->log_key, err);
    return status;
}

/* ---- show ---- */

typedef struct showing {
    dk_log_key *keys;
    size_t n;
    int64_t size, signed_size;
    dk_buf checkpoint;
} showing;

static dk_status read_log(dk_store *store, showing *s, dk_error *err)
{
    dk_log *log = NULL;
    int64_t generation = 0;
    s->signed_size = -1;
    dk_status status = dk_store_generation(store, &generation, err);
    if (status == DK_OK)
        status = dk_log_open(store, &log, err);
    if (status == DK_OK)
        status = dk_log_refresh_at(log, generation, &s->size, err);
    if (status == DK_OK) {
        status = dk_log_checkpoint(log, s->size, &s->checkpoint, &s->signed_size, err);
        if (status == DK_NOT_FOUND)
            status = DK_OK;
    }
    dk_log_close(log);
    return status == DK_OK ? dk_log_keys_known(store, &s->keys, &s->n, err) : status;
}

static dk_status show(const dk_options *options, const showing *s, dk_error *err)
{
    dk_buf out;
    dk_status status = DK_OK;
    dk_buf_init(&out);
    if (options->json)
        dk_buf_format(&out, "{\"entries\":%" PRId64 ",\"signed\":%" PRId64 ",\"keys\":[", s->size, s->signed_size);
    else
        dk_buf_format(&out, "%s: %" PRId64 " entries", options->store, s->size);
    if (!options->json && s->signed_size < 0)
        dk_buf_text(&out, ", no signed checkpoint\n");
    else if (!options->json)
        dk_buf_format(&out, ", %" PRId64 " of them signed\n", s->signed_size);
    for (size_t i = 0; status == DK_OK && i < s->n; i++) {
        const dk_log_key *key = &s->keys[i];
        const char *type = key->key.algorithm == DK_NOTE_SM2 ? "SM2" : "Ed25519";
        dk_buf text;
        dk_buf_init(&text);
        status = dk_note_key_write(&key->key, &text, err);
        const char *public = dk_buf_cstr(&text);
        if (status == DK_OK && public == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        if (status == DK_OK && options->json) {
            dk_buf_format(&out, "%s{\"key\":", i > 0 ? "," : "");
            dk_json_string(public, &out);
            dk_buf_format(
                &out,
                ",\"type\":\"%s\",\"from_generation\":%" PRId64 ",\"from_size\":%" PRId64 ",\"to_generation\":", type,
                key->from_generation, key->from_size);
            if (key->to_generation > 0)
                dk_buf_format(&out, "%" PRId64 "}", key->to_generation);
            else
                dk_buf_text(&out, "null}");
        } else if (status == DK_OK) {
            dk_buf_format(&out, "%s\n    %s, since generation %" PRId64 " (%" PRId64 " entries)", public, type,
                          key->from_generation, key->from_size);
            if (key->to_generation > 0)
                dk_buf_format(&out, ", until generation %" PRId64, key->to_generation);
            dk_buf_byte(&out, '\n');
        }
        dk_buf_finish(&text);
    }
    if (options->json) {
        dk_buf_text(&out, "],\"checkpoint\":");
        dk_json_string(s->checkpoint.size > 0 ? (const char *)s->checkpoint.data : NULL, &out);
        dk_buf_text(&out, ",\"error\":null}");
    } else if (s->checkpoint.size > 0) {
        dk_buf_format(&out, "\n%s", (const char *)s->checkpoint.data);
    }
    if (status == DK_OK && options->json)
        dk_json_print(&out);
    else if (status == DK_OK)
        fwrite(out.data, 1, out.size, stdout); /* main sees whether it arrived */
    dk_buf_finish(&out);
    return status;
}

static dk_status show_log(const dk_options *options, dk_store *store, dk_error *err)
{
    showing s = {0};
    dk_buf_init(&s.checkpoint);
    dk_status status = read_log(store, &s, err);
    if (status == DK_OK && dk_buf_cstr(&s.checkpoint) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = show(options, &s, err);
    dk_log_keys_free(s.keys, s.n);
    dk_buf_finish(&s.checkpoint);
    return status;
}

/* ---- all of it ---- */

int dk_command_log(const dk_options *options)
{
    const char *action = options->sources[0];
    const char *name = options->n_sources > 1 ? options->sources[1] : NULL;
    const bool create = strcmp(action, "create") == 0, rotate = strcmp(action, "rotate") == 0,
               sign = strcmp(action, "sign") == 0;
    dk_error err = {0};
    dk_store *store = NULL;
    bool signed_now = false;
    dk_status status = open_store(options, create || rotate || sign ? DK_WRITE : DK_READ, &store, &err);
    if (status == DK_OK && create)
        status = dk_log_keys_create(store, name, options->sm2, options->replace, &err);
    else if (status == DK_OK && rotate)
        status = dk_log_keys_rotate(store, options->output, &err);
    else if (status == DK_OK && sign)
        status = dk_log_keys_sign(store, &signed_now, &err);
    if (status == DK_OK && sign && !signed_now && !options->json)
        dk_say(stdout, "%s: its log is signed as it is", options->store);
    if (status == DK_OK && (create || rotate) && !options->json) {
        const char *file = rotate && options->output != NULL ? options->output : options->log_key;
        char *of = dk_store_file(options->store);
        dk_say(stdout,
               "The private key is in %s%s: keep a copy of it in a safe place, and give nobody else one. The public "
               "key is for everybody:",
               file != NULL ? file
               : of != NULL ? of
                            : options->store,
               file != NULL ? "" : ".log-key");
        free(of);
    }
    if (status == DK_OK)
        status = show_log(options, store, &err);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}
