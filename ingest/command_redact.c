/* redact: erases a row. */
#include "ingest/commands.h"
#include "ingest/json.h"
#include "ingest/say.h"
#include "store/log_keys.h"
#include "store/redact.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct telling {
    bool json;
    dk_buf sentences;
} telling;

static void tell(const char *sentence, void *user)
{
    telling *t = user;
    if (!t->json) {
        dk_say(stdout, "%s", sentence);
        return;
    }
    if (t->sentences.size > 0)
        dk_buf_byte(&t->sentences, ',');
    dk_json_string(sentence, &t->sentences);
}

static void print(const dk_options *options, const dk_redacted *r, telling *t)
{
    if (!t->json) {
        dk_say(stdout,
               options->dry_run ? "%s %s: would erase %" PRId64 " versions, the contents of %" PRId64
                                  " entries of the log and %" PRId64 " attached documents"
                                : "%s %s: erased: %" PRId64 " versions, the contents of %" PRId64
                                  " entries of the log, %" PRId64 " attached documents",
               options->name, options->key, r->versions, r->entries, r->documents);
        if (r->generation > 0)
            printf("this is generation %" PRId64 "; %" PRId64 " rejected rows and %" PRId64
                   " notes of loads that named it are gone too\n",
                   r->generation, r->rejects, r->notes);
        if (r->log_kept)
            dk_say(stdout,
                   "%s-wal still has it, for somebody was reading all the while: stop what reads and give the command "
                   "dikuai-ingest log %s sign, which empties it, or restart the server",
                   options->store, options->store);
        return;
    }
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_format(&out,
                  "{\"generation\":%" PRId64 ",\"versions\":%" PRId64 ",\"entries\":%" PRId64 ",\"documents\":%" PRId64
                  ",\"rejects\":%" PRId64 ",\"notes\":%" PRId64 ",\"wal_kept\":%s,\"sentences\":[",
                  r->generation, r->versions, r->entries, r->documents, r->rejects, r->notes,
                  r->log_kept ? "true" : "false");
    if (t->sentences.size > 0)
        dk_buf_append(&out, t->sentences.data, t->sentences.size);
    dk_buf_text(&out, "],\"error\":null}");
    out.failed = out.failed || t->sentences.failed;
    dk_json_print(&out);
}

int dk_command_redact(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    telling t = {.json = options->json};
    dk_redacted redacted = {0};
    dk_buf_init(&t.sentences);
    dk_status status = dk_store_open(options->store, options->dry_run ? DK_READ : DK_WRITE, &store, &err);
    if (status == DK_OK && options->log_key != NULL)
        status = dk_store_log_key(store, options->log_key, &err);
    const dk_kind *kind = status == DK_OK ? dk_catalogue_kind(dk_store_catalogue(store), options->name) : NULL;
    if (status == DK_OK && kind == NULL)
        status = dk_fail(&err, DK_INVALID, "%s: the catalogue has no layer or record of that name", options->name);
    if (status == DK_OK)
        status = dk_store_redact(store, kind, options->key, dk_command_actor(options),
                                 options->reason != NULL ? options->reason : "", options->dry_run, tell, &t, &redacted,
                                 &err);
    dk_store_close(store);
    if (status == DK_OK)
        print(options, &redacted, &t);
    dk_buf_finish(&t.sentences);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    return redacted.log_kept ? DK_EXIT_FAILED : DK_EXIT_DONE;
}
