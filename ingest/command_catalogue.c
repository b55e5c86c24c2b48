/* catalogue: prints the one that is in force, or publishes another. */
#include "ingest/commands.h"

#include "ingest/acting.h"
#include "ingest/json.h"
#include "ingest/progress.h"
#include "ingest/say.h"
#include "store/catalogue_change.h"
#include "store/catalogue_version.h"
#include "store/log_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 100 /* findings printed for people */

typedef struct telling {
    bool json;
    size_t n_changes;
    int64_t n_found;
    dk_buf changes, findings;
    dk_progress_bar bar;
} telling;

static void tell_change(const char *sentence, void *user)
{
    telling *t = user;
    t->n_changes++;
    if (!t->json) {
        dk_progress_clear(&t->bar);
        dk_say(stdout, "%s", sentence);
        return;
    }
    if (t->changes.size > 0)
        dk_buf_byte(&t->changes, ',');
    dk_json_string(sentence, &t->changes);
}

static void tell_finding(const dk_kind *kind, int64_t batch, const dk_finding *finding, void *user)
{
    telling *t = user;
    t->n_found++;
    if (!t->json && t->n_found <= SHOWN) {
        dk_progress_clear(&t->bar);
        dk_say(stdout, "batch %" PRId64 ", %s, row %" PRId64 ", %s: %s.%s (%s), character %" PRId64 ": %s%s %s", batch,
               finding->source, finding->source_row, finding->key, kind->name, finding->field, finding->title,
               finding->character + 1, finding->strong ? "" : "perhaps ", finding->kind_title, finding->masked);
    }
    if (!t->json)
        return;
    dk_buf *json = &t->findings;
    dk_buf_format(json, "%s{\"batch\":%" PRId64 ",\"of\":", json->size > 0 ? "," : "", batch);
    dk_json_string(kind->name, json);
    dk_buf_text(json, ",\"source\":");
    dk_json_string(finding->source, json);
    dk_buf_format(json, ",\"row\":%" PRId64 ",\"key\":", finding->source_row);
    dk_json_string(finding->key, json);
    dk_buf_text(json, ",\"field\":");
    dk_json_string(finding->field, json);
    dk_buf_text(json, ",\"kind\":");
    dk_json_string(finding->kind, json);
    dk_buf_format(json, ",\"sure\":%s,\"masked\":", finding->strong ? "true" : "false");
    dk_json_string(finding->masked, json);
    dk_buf_byte(json, '}');
}

static void step(int64_t done, int64_t total, void *user)
{
    telling *t = user;
    dk_progress_step(done, total, &t->bar);
}

static int print(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    char *text = NULL;
    size_t size = 0;
    bool held_back = false;
    dk_generation generation = {0};
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_store_generation_info(store, &generation, &err);
    if (status == DK_OK)
        status = dk_catalogue_text_at(store, INT64_MAX, &text, &size, &held_back, &err);
    dk_store_close(store);
    if (status != DK_OK) {
        free(text);
        return dk_command_failed(options, &err);
    }
    if (options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_format(&out, "{\"generation\":%" PRId64 ",\"held_back\":%s,\"catalogue\":", generation.catalogue,
                      held_back ? "true" : "false");
        dk_json_string(text, &out);
        dk_buf_text(&out, ",\"error\":null}");
        dk_json_print(&out);
    } else {
        fwrite(text, 1, size, stdout); /* main sees whether it arrived */
        if (held_back)
            fprintf(stderr,
                    "dikuai-ingest: a newer catalogue is in force where it shows less than this one; give it again "
                    "to finish what follows from it\n");
    }
    free(text);
    return DK_EXIT_DONE;
}

static void say_done(const dk_options *options, const telling *t, const dk_catalogue_changed *changed)
{
    if (changed->unchanged) {
        printf("nothing changes: this is the catalogue that is in force\n");
        return;
    }
    if (t->n_changes == 0)
        printf("nothing changes but how it is written\n");
    if (options->dry_run) {
        printf("nothing stands against it; nothing was changed (--dry-run)\n");
        return;
    }
    if (changed->held_back > 0)
        printf("what it shows less took effect first, as generation %" PRId64 "\n", changed->held_back);
    printf("the catalogue is in force as generation %" PRId64 "\n", changed->generation);
    if (changed->lapsed > 0)
        printf("it shows more than before of what was reviewed and is not published: %" PRId64
               " batch%s to be reviewed again\n",
               changed->lapsed, changed->lapsed == 1 ? "" : "es");
}

static void append_generation(const char *name, int64_t generation, dk_buf *out)
{
    dk_buf_format(out, ",\"%s\":", name);
    if (generation > 0)
        dk_buf_format(out, "%" PRId64, generation);
    else
        dk_buf_text(out, "null");
}

static void print_json(const telling *t, const dk_catalogue_changed *changed, const dk_error *err)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_text(&out, "{\"changes\":[");
    if (t->changes.size > 0)
        dk_buf_append(&out, t->changes.data, t->changes.size);
    dk_buf_format(&out, "],\"unchanged\":%s", changed->unchanged ? "true" : "false");
    append_generation("generation", changed->generation, &out);
    append_generation("stricter_generation", changed->held_back, &out);
    dk_buf_format(&out, ",\"lapsed_reviews\":%" PRId64 ",\"findings\":[", changed->lapsed);
    if (t->findings.size > 0)
        dk_buf_append(&out, t->findings.data, t->findings.size);
    dk_buf_text(&out, "],\"error\":");
    dk_json_string(err->text[0] != '\0' ? err->text : NULL, &out);
    dk_buf_byte(&out, '}');
    out.failed = out.failed || t->changes.failed || t->findings.failed;
    dk_json_print(&out);
}

static int publish(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    dk_catalogue *catalogue = NULL;
    char *text = NULL;
    telling t = {.json = options->json};
    dk_catalogue_changed changed = {.unchanged = false};
    struct dk_catalogue_justification *justify = NULL;
    dk_buf_init(&t.changes);
    dk_buf_init(&t.findings);
    dk_progress_start(&t.bar, "bringing the catalogue in");
    dk_status status = dk_catalogue_read(options->catalogue, &catalogue, &text, &err);
    if (status == DK_OK && (justify = calloc(options->n_justify + 1, sizeof *justify)) == NULL)
        status = dk_fail(&err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < options->n_justify; i++) {
        justify[i].where = options->justify[i].name;
        justify[i].why = options->justify[i].value;
    }
    if (status == DK_OK)
        status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK && options->log_key != NULL)
        status = dk_store_log_key(store, options->log_key, &err);
    dk_acting who;
    if (status == DK_OK)
        status = dk_acting_begin(options, store, 0, DK_ROLE_PUBLISH, &who, &err);
    if (status == DK_OK) {
        const dk_catalogue_change change = {.actor = who.actor,
                                            .reason = options->reason,
                                            .dry_run = options->dry_run,
                                            .justify = justify,
                                            .n_justify = options->n_justify,
                                            .tell = tell_change,
                                            .found = tell_finding,
                                            .progress = step,
                                            .user = &t};
        status = dk_store_change_catalogue(store, text, strlen(text), options->catalogue, &change, &changed, &err);
    }
    dk_progress_clear(&t.bar);
    dk_store_close(store);
    dk_catalogue_free(catalogue);
    free(text);
    free(justify);
    if (status == DK_OK)
        err.text[0] = '\0';
    if (t.n_found > SHOWN && !options->json)
        printf("… and %" PRId64 " more; --json has all\n", t.n_found - SHOWN);
    if (options->json)
        print_json(&t, &changed, &err);
    else if (status == DK_OK)
        say_done(options, &t, &changed);
    if (status != DK_OK) {
        fflush(stdout); /* what is wrong comes last */
        dk_say(stderr, "dikuai-ingest: %s", err.text[0] ? err.text : dk_status_text(err.status));
    }
    dk_buf_finish(&t.changes);
    dk_buf_finish(&t.findings);
    return status == DK_OK ? DK_EXIT_DONE : DK_EXIT_FAILED;
}

int dk_command_catalogue(const dk_options *options)
{
    return options->catalogue == NULL ? print(options) : publish(options);
}
