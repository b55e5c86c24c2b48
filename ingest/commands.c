/* The sub-commands other than load. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/progress.h"
#include "store/store.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int dk_command_failed(const dk_options *options, const dk_error *err)
{
    fprintf(stderr, "dikuai-ingest: %s\n", err->text[0] ? err->text : dk_status_text(err->status));
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

#define N_CELLS 8

typedef struct table {
    dk_buf cells; /* NUL-terminated texts, N_CELLS a row */
    dk_buf json;
    size_t widths[N_CELLS];
    size_t n_rows;
} table;

/* Columns on a terminal: Chinese characters and full-width marks take two. */
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if ((c & 0xC0) != 0x80)
            width += c >= 0xE2 ? 2 : 1;
    }
    return width;
}

static void add_cell(table *into, size_t column, const char *text)
{
    const size_t width = text_width(text);
    if (width > into->widths[column])
        into->widths[column] = width;
    dk_buf_append(&into->cells, text, strlen(text) + 1);
}

static void add_number(table *into, size_t column, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    add_cell(into, column, value > 0 || column == 0 || column == 3 ? text : "-");
}

static bool add_batch(const dk_batch *batch, void *user)
{
    table *into = user;
    add_number(into, 0, batch->id);
    add_cell(into, 1, batch->kind);
    add_cell(into, 2, batch->state);
    add_number(into, 3, batch->rows);
    add_number(into, 4, batch->published_in);
    add_number(into, 5, batch->withdrawn_in);
    add_cell(into, 6, batch->created_at ? batch->created_at : "");
    dk_buf title;
    dk_buf_init(&title);
    dk_buf_format(&title, "%s%s%s%s", batch->title ? batch->title : "", batch->datum[0] ? " [" : "", batch->datum,
                  batch->datum[0] ? "]" : "");
    add_cell(into, 7, dk_buf_cstr(&title) != NULL ? (const char *)title.data : "");
    dk_buf_finish(&title);
    into->n_rows++;
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
    dk_buf_format(json, ",\"rows\":%" PRId64 ",\"published_in\":%" PRId64 ",\"withdrawn_in\":%" PRId64 "}", batch->rows,
                  batch->published_in, batch->withdrawn_in);
    return true;
}

static void print_table(const table *from)
{
    const char *at = (const char *)from->cells.data;
    for (size_t row = 0; row < from->n_rows; row++) {
        for (size_t i = 0; i < N_CELLS; i++) {
            const int padding = (int)(from->widths[i] - text_width(at));
            const bool number = i == 0 || (i >= 3 && i <= 5);
            if (number && row > 0)
                printf("%*s%s  ", padding, "", at);
            else if (i + 1 < N_CELLS)
                printf("%s%*s  ", at, padding, "");
            else
                printf("%s\n", at);
            at += strlen(at) + 1;
        }
    }
}

int dk_command_batches(const dk_options *options)
{
    static const char *const heads[N_CELLS] = {"batch",     "kind",      "state",   "rows",
                                               "published", "withdrawn", "created", "title"};
    dk_error err = {0};
    dk_store *store = NULL;
    table rows = {0};
    for (size_t i = 0; i < N_CELLS; i++)
        add_cell(&rows, i, heads[i]);
    rows.n_rows = 1;
    dk_status status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_store_batches(store, add_batch, &rows, &err);
    if (status == DK_OK && (rows.cells.failed || rows.json.failed))
        status = dk_fail(&err, DK_NOMEM, "out of memory");
    if (status == DK_OK && options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_text(&out, "{\"batches\":[");
        if (rows.json.size > 0)
            dk_buf_append(&out, rows.json.data, rows.json.size);
        dk_buf_text(&out, "],\"error\":null}");
        dk_json_print(&out);
    } else if (status == DK_OK && rows.n_rows == 1) {
        printf("%s: no batches yet\n", options->store);
    } else if (status == DK_OK) {
        print_table(&rows);
    }
    dk_buf_finish(&rows.cells);
    dk_buf_finish(&rows.json);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}

/* ---- publish and withdraw ---- */

static int change_batch(const dk_options *options, bool withdraw)
{
    dk_error err = {0};
    dk_store *store = NULL;
    int64_t generation = 0;
    dk_progress_bar bar;
    dk_progress_start(&bar, withdraw ? "withdrawing" : "publishing");
    dk_status status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK && withdraw)
        status = dk_store_withdraw(store, options->batch, dk_command_actor(options),
                                   options->reason ? options->reason : "", dk_progress_step, &bar, &generation, &err);
    else if (status == DK_OK)
        status = dk_store_publish(store, options->batch, dk_command_actor(options), dk_progress_step, &bar, &generation,
                                  &err);
    dk_progress_clear(&bar);
    dk_store_close(store);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    if (options->json)
        printf("{\"batch\":%" PRId64 ",\"state\":\"%s\",\"generation\":%" PRId64 ",\"error\":null}\n", options->batch,
               withdraw ? "withdrawn" : "published", generation);
    else
        printf("batch %" PRId64 " is %s as generation %" PRId64 "\n", options->batch,
               withdraw ? "withdrawn" : "published", generation);
    return DK_EXIT_DONE;
}

int dk_command_publish(const dk_options *options)
{
    return change_batch(options, false);
}

int dk_command_withdraw(const dk_options *options)
{
    return change_batch(options, true);
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
        printf("%s\n", sentence);
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
