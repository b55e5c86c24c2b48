/* publish and withdraw, now or at a set time. */
#include "ingest/commands.h"

#include "ingest/acting.h"
#include "ingest/json.h"
#include "ingest/progress.h"
#include "ingest/say.h"
#include "store/log_keys.h"
#include "store/review.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_SLEEP 20 /* seconds between looks at the schedule, which another process may change */

/* For writing; what is published is signed by the key that the options name. */
static dk_status open_store(const dk_options *options, dk_store **ret_store, dk_error *err)
{
    const dk_status status = dk_store_open(options->store, DK_WRITE, ret_store, err);
    return status == DK_OK && options->log_key != NULL ? dk_store_log_key(*ret_store, options->log_key, err) : status;
}

static int say_changed(const dk_options *options, dk_status status, int64_t generation, const char *state,
                       const dk_error *err)
{
    if (status != DK_OK)
        return dk_command_failed(options, err);
    if (options->json)
        printf("{\"batch\":%" PRId64 ",\"state\":\"%s\",\"generation\":%" PRId64 ",\"error\":null}\n", options->batch,
               state, generation);
    else
        printf("batch %" PRId64 " is %s as generation %" PRId64 "\n", options->batch, state, generation);
    return DK_EXIT_DONE;
}

int dk_command_withdraw(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    int64_t generation = 0;
    dk_progress_bar bar;
    dk_progress_start(&bar, "withdrawing");
    dk_acting who;
    dk_status status = open_store(options, &store, &err);
    if (status == DK_OK)
        status = dk_acting_begin(options, store, options->batch, DK_ROLE_PUBLISH, &who, &err);
    if (status == DK_OK)
        status = dk_store_withdraw(store, options->batch, who.actor, options->reason, dk_progress_step, &bar,
                                   &generation, &err);
    dk_progress_clear(&bar);
    dk_store_close(store);
    return say_changed(options, status, generation, "withdrawn", &err);
}

static int publish_now(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    int64_t generation = 0;
    dk_progress_bar bar;
    dk_progress_start(&bar, "publishing");
    dk_acting who;
    dk_status status = open_store(options, &store, &err);
    if (status == DK_OK)
        status = dk_acting_begin(options, store, options->batch, DK_ROLE_PUBLISH, &who, &err);
    if (status == DK_OK)
        status = dk_command_justify(options, store, options->batch, who.actor, &err);
    if (status == DK_OK)
        status = dk_store_publish(store, options->batch, who.actor, dk_progress_step, &bar, &generation, &err);
    dk_progress_clear(&bar);
    dk_store_close(store);
    return say_changed(options, status, generation, "published", &err);
}

/* ---- at a set time ---- */

static void now_utc(char ret_text[24])
{
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(ret_text, 24, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static int schedule(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    char now[24];
    now_utc(now);
    const bool never = strcmp(options->at, "never") == 0;
    dk_acting who;
    dk_status status = DK_OK;
    if (!never && strcmp(options->at, now) <= 0)
        status = dk_fail(&err, DK_INVALID, "--at: %s is over; leave --at out to publish now", options->at);
    if (status == DK_OK)
        status = open_store(options, &store, &err);
    if (status == DK_OK)
        status = dk_acting_begin(options, store, options->batch, DK_ROLE_PUBLISH, &who, &err);
    if (status == DK_OK)
        status = dk_command_justify(options, store, options->batch, who.actor, &err);
    if (status == DK_OK)
        status = dk_review_schedule(store, options->batch, never ? NULL : options->at, who.actor, &err);
    dk_store_close(store);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    if (options->json && !options->wait)
        printf(never ? "{\"batch\":%" PRId64 ",\"due\":null,\"error\":null}\n"
                     : "{\"batch\":%" PRId64 ",\"due\":\"%s\",\"error\":null}\n",
               options->batch, options->at);
    else if (never)
        printf("batch %" PRId64 " is not scheduled any more\n", options->batch);
    else if (!options->json)
        printf("batch %" PRId64 " is to be published at %s, by the next dikuai-ingest publish %s --due after that\n",
               options->batch, options->at, options->store);
    return DK_EXIT_DONE;
}

typedef struct due_run {
    dk_buf published, failed; /* JSON */
    bool any_failed;
    char next[24]; /* when the next one is due; "": none is scheduled */
} due_run;

static void publish_due(const dk_options *options, dk_store *store, const dk_due *due, due_run *run)
{
    dk_error err = {0};
    int64_t generation = 0;
    dk_progress_bar bar;
    dk_progress_start(&bar, "publishing");
    /* Who set the time publishes, whoever runs this. */
    dk_status status = dk_acting_again(options, store, due->batch, DK_ROLE_PUBLISH, due->account, &err);
    if (status == DK_OK)
        status = dk_store_publish(store, due->batch, due->actor, dk_progress_step, &bar, &generation, &err);
    dk_progress_clear(&bar);
    dk_buf *into = status == DK_OK ? &run->published : &run->failed;
    dk_buf_format(into, "%s{\"batch\":%" PRId64, into->size > 0 ? "," : "", due->batch);
    if (status == DK_OK) {
        dk_buf_format(into, ",\"generation\":%" PRId64 "}", generation);
        if (!options->json)
            printf("batch %" PRId64 " is published as generation %" PRId64 "\n", due->batch, generation);
        return;
    }
    run->any_failed = true;
    dk_buf_text(into, ",\"error\":");
    dk_json_string(err.text, into);
    dk_buf_byte(into, '}');
    dk_say(stderr, "dikuai-ingest: %s", err.text);
}

/* Publishes what is due by now. One that cannot be published stays scheduled, and is tried again by the next run. */
static dk_status run_due(const dk_options *options, due_run *run, dk_error *err)
{
    dk_store *store = NULL;
    dk_due due, last = {.batch = 0};
    char now[24];
    run->next[0] = '\0';
    dk_status status = open_store(options, &store, err);
    while (status == DK_OK && (status = dk_review_due(store, last.batch > 0 ? &last : NULL, &due, err)) == DK_OK) {
        now_utc(now);
        if (strcmp(due.due, now) > 0) {
            memcpy(run->next, due.due, sizeof run->next);
            break;
        }
        publish_due(options, store, &due, run);
        last = due;
    }
    dk_store_close(store);
    return status == DK_END ? DK_OK : status;
}

static int publish_when_due(const dk_options *options)
{
    dk_error err = {0};
    due_run run = {.any_failed = false};
    dk_buf_init(&run.published);
    dk_buf_init(&run.failed);
    dk_status status = run_due(options, &run, &err);
    /* Another process that writes is no reason to give up waiting. */
    while (options->wait && !*options->stop && (status == DK_BUSY || (status == DK_OK && run.next[0] != '\0'))) {
        char now[24];
        for (int i = 0; i < LONGEST_SLEEP && !*options->stop; i++) {
            now_utc(now);
            if (status == DK_BUSY ? i > 0 : strcmp(run.next, now) <= 0)
                break;
            sleep(1);
        }
        if (!*options->stop)
            status = run_due(options, &run, &err);
    }
    if (options->json && status == DK_OK) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_text(&out, "{\"published\":[");
        if (run.published.size > 0)
            dk_buf_append(&out, run.published.data, run.published.size);
        dk_buf_text(&out, "],\"failed\":[");
        if (run.failed.size > 0)
            dk_buf_append(&out, run.failed.data, run.failed.size);
        dk_buf_text(&out, "],\"error\":null}");
        dk_json_print(&out);
    } else if (status == DK_OK && run.published.size == 0 && !run.any_failed) {
        printf("nothing is due\n");
    }
    dk_buf_finish(&run.published);
    dk_buf_finish(&run.failed);
    if (status != DK_OK)
        return dk_command_failed(options, &err);
    return run.any_failed ? DK_EXIT_FAILED : DK_EXIT_DONE;
}

int dk_command_publish(const dk_options *options)
{
    if (options->due)
        return publish_when_due(options);
    if (options->at == NULL)
        return publish_now(options);
    const int code = schedule(options);
    return code == DK_EXIT_DONE && options->wait ? publish_when_due(options) : code;
}
