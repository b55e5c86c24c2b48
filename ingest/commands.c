/* The sub-commands other than load. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/progress.h"
#include "ingest/say.h"
#include "ingest/text_table.h"
#include "store/act.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int dk_command_failed(const dk_options *options, const dk_error *err)
{
    dk_say(stderr, "dikuai-ingest: %s", err->text[0] ? err->text : dk_status_text(err->status));
    if (options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_text(&out, "{\"error\":");
        dk_json_string(err->text, &out);
        dk_buf_byte(&out, '}');
        dk_json_print(&out);
    }
    return DK_EXIT_FAILED;
}

const char *dk_command_actor(const dk_options *options)
{
    if (options->actor != NULL)
        return options->actor;
    const char *user = getenv("USER");
    if (user == NULL || user[0] == '\0')
        user = getenv("LOGNAME");
    if (user == NULL || user[0] == '\0') {
        const struct passwd *entry = getpwuid(geteuid());
        user = entry ? entry->pw_name : "unknown";
    }
    return user;
}

int dk_command_create(const dk_options *options)
{
    dk_error err = {0};
    dk_catalogue *catalogue = NULL;
    char *text = NULL;
    dk_status status = dk_catalogue_read(options->catalogue, &catalogue, &text, &err);
    if (status == DK_OK)
        status = dk_store_create(options->store, text, strlen(text), options->catalogue, &err);
    if (status == DK_OK && options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_text(&out, "{\"store\":");
        dk_json_string(options->store, &out);
        dk_buf_format(&out, ",\"layers\":%zu,\"records\":%zu,\"error\":null}", catalogue->n_layers,
                      catalogue->n_kinds - catalogue->n_layers);
        dk_json_print(&out);
    } else if (status == DK_OK) {
        printf("%s: a new store, %s: %zu layers, %zu kinds of record\n", options->store, catalogue->title,
               catalogue->n_layers, catalogue->n_kinds - catalogue->n_layers);
    }
    dk_catalogue_free(catalogue);
    free(text);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}

/* ---- batches ---- */

typedef struct listing {
    dk_text_table table;
    dk_buf json;
    size_t n;
} listing;

static void add_number(dk_text_table *table, int64_t value, bool or_none)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    dk_text_table_add(table, value > 0 || !or_none ? text : "-");
}

static bool add_batch(const dk_batch *batch, void *user)
{
    listing *into = user;
    dk_text_table *table = &into->table;
    dk_buf title;
    dk_buf_init(&title);
    dk_buf_format(&title, "%s%s%s%s", batch->title ? batch->title : "", batch->datum[0] ? " [" : "", batch->datum,
                  batch->datum[0] ? "]" : "");
    if (batch->due[0] != '\0')
        dk_buf_format(&title, batch->overdue ? " (was due at %s: dikuai-ingest publish --due)" : " (due at %s)",
                      batch->due);
    if (batch->reason[0] != '\0')
        dk_buf_format(&title, " (%s: %s)", batch->state, batch->reason);
    add_number(table, batch->id, false);
    dk_text_table_add(table, batch->kind);
    dk_text_table_add(table, batch->overdue ? "overdue" : batch->state);
    add_number(table, batch->rows, false);
    add_number(table, batch->published_in, true);
    add_number(table, batch->withdrawn_in, true);
    dk_text_table_add(table, batch->created_at ? batch->created_at : "");
    dk_text_table_add(table, dk_buf_cstr(&title) != NULL ? (const char *)title.data : "");
    dk_buf_finish(&title);
    into->n++;
    dk_buf *json = &into->json;
    dk_buf_format(json, "%s{\"batch\":%" PRId64 ",\"kind\":", into->json.size > 0 ? "," : "", batch->id);
    dk_json_string(batch->kind, json);
    dk_buf_text(json, ",\"title\":");
    dk_json_string(batch->title, json);
    dk_buf_text(json, ",\"source\":");
    dk_json_string(batch->source, json);
    dk_buf_text(json, ",\"state\":");
    dk_json_string(batch->state, json);
    dk_buf_text(json, ",\"created_at\":");
    dk_json_string(batch->created_at, json);
    dk_buf_text(json, ",\"datum\":");
    dk_json_string(batch->datum, json);
    dk_buf_text(json, ",\"loaded_by\":");
    dk_json_string(batch->loader[0] != '\0' ? batch->loader : NULL, json);
    dk_buf_text(json, ",\"reviewed_by\":");
    dk_json_string(batch->reviewer[0] != '\0' ? batch->reviewer : NULL, json);
    dk_buf_text(json, ",\"reason\":");
    dk_json_string(batch->reason[0] != '\0' ? batch->reason : NULL, json);
    dk_buf_text(json, ",\"due\":");
    dk_json_string(batch->due[0] != '\0' ? batch->due : NULL, json);
    dk_buf_format(json, ",\"overdue\":%s", batch->overdue ? "true" : "false");
    dk_buf_format(json, ",\"rows\":%" PRId64 ",\"published_in\":%" PRId64 ",\"withdrawn_in\":%" PRId64 "}", batch->rows,
                  batch->published_in, batch->withdrawn_in);
    return true;
}

int dk_command_batches(const dk_options *options)
{
    static const char *const heads[] = {"batch", "kind", "state", "rows", "published", "withdrawn", "created", "title"};
    dk_error err = {0};
    dk_store *store = NULL;
    listing list = {.table = {.n_columns = 8, .numbers = 0x39}};
    dk_buf out;
    dk_buf_init(&out);
    for (size_t i = 0; i < 8; i++)
        dk_text_table_add(&list.table, heads[i]);
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_store_batches(store, add_batch, &list, &err);
    if (!dk_text_table_write(&list.table, &out) || list.json.failed)
        status = status == DK_OK ? dk_fail(&err, DK_NOMEM, "out of memory") : status;
    if (status == DK_OK && options->json) {
        dk_buf_clear(&out);
        dk_buf_text(&out, "{\"batches\":[");
        if (list.json.size > 0)
            dk_buf_append(&out, list.json.data, list.json.size);
        dk_buf_text(&out, "],\"error\":null}");
        dk_json_print(&out);
    } else if (status == DK_OK && list.n == 0) {
        printf("%s: no batches yet\n", options->store);
    } else if (status == DK_OK) {
        fwrite(out.data, 1, out.size, stdout); /* main sees whether it arrived */
    }
    dk_buf_finish(&out);
    dk_buf_finish(&list.json);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}

/* ---- generations ---- */

static bool add_generation(const dk_generation_row *row, void *user)
{
    listing *into = user;
    dk_text_table *table = &into->table;
    dk_buf *json = &into->json;
    const char *const texts[] = {row->at, row->action, row->actor, row->account, row->kind, row->title, row->reason};
    static const char *const names[] = {"at", "action", "actor", "account", "kind", "title", "reason"};
    add_number(table, row->number, false);
    dk_buf_format(json, "%s{\"generation\":%" PRId64 ",\"batch\":", into->n > 0 ? "," : "", row->number);
    if (row->batch > 0)
        dk_buf_format(json, "%" PRId64, row->batch);
    else
        dk_buf_text(json, "null");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (i == 4)
            add_number(table, row->batch, true);
        dk_text_table_add(table, texts[i]);
        dk_buf_format(json, ",\"%s\":", names[i]);
        dk_json_string(texts[i][0] != '\0' ? texts[i] : NULL, json);
    }
    dk_buf_byte(json, '}');
    into->n++;
    return true;
}

int dk_command_generations(const dk_options *options)
{
    static const char *const heads[] = {"generation", "time", "what",  "by",    "account",
                                        "batch",      "kind", "title", "reason"};
    dk_error err = {0};
    dk_store *store = NULL;
    listing list = {.table = {.n_columns = 9, .numbers = 0x21}};
    dk_buf out;
    dk_buf_init(&out);
    for (size_t i = 0; i < 9; i++)
        dk_text_table_add(&list.table, heads[i]);
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_store_generations(store, add_generation, &list, &err);
    if (!dk_text_table_write(&list.table, &out) || list.json.failed)
        status = status == DK_OK ? dk_fail(&err, DK_NOMEM, "out of memory") : status;
    if (status == DK_OK && options->json) {
        dk_buf_clear(&out);
        dk_buf_text(&out, "{\"generations\":[");
        dk_buf_append(&out, list.json.data, list.json.size);
        dk_buf_text(&out, "],\"error\":null}");
        dk_json_print(&out);
    } else if (status == DK_OK) {
        fwrite(out.data, 1, out.size, stdout);
    }
    dk_buf_finish(&out);
    dk_buf_finish(&list.json);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}

/* ---- check and reindex ---- */

typedef struct findings {
    bool json;
    dk_buf list;
} findings;

static void add_finding(const char *sentence, void *user)
{
    findings *into = user;
    if (!into->json) {
        dk_say(stdout, "%s", sentence);
        return;
    }
    if (into->list.size > 0)
        dk_buf_byte(&into->list, ',');
    dk_json_string(sentence, &into->list);
}

int dk_command_check(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    int64_t n = 0;
    findings found = {.json = options->json};
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_store_check(store, add_finding, &found, &n, &err);
    dk_store_close(store);
    if (status == DK_OK && options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_format(&out, "{\"findings\":%" PRId64 ",\"sentences\":[", n);
        if (found.list.size > 0)
            dk_buf_append(&out, found.list.data, found.list.size);
        dk_buf_text(&out, "],\"error\":null}");
        out.failed = out.failed || found.list.failed;
        dk_json_print(&out);
    } else if (status == DK_OK) {
        printf(n == 0 ? "%s: sound\n"
                      : "%s: %" PRId64 " findings; dikuai-ingest reindex rebuilds what is derived from the rows\n",
               options->store, n);
    }
    dk_buf_finish(&found.list);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    return n == 0 ? DK_EXIT_DONE : DK_EXIT_FAILED;
}

int dk_command_reindex(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    dk_progress_bar bar;
    dk_progress_start(&bar, "reindexing");
    dk_status status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK)
        status = dk_store_reindex(store, dk_progress_step, &bar, &err);
    dk_progress_clear(&bar);
    dk_store_close(store);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    printf(options->json ? "{\"reindexed\":true,\"error\":null}\n" : "the derived tables are built anew\n");
    return DK_EXIT_DONE;
}
