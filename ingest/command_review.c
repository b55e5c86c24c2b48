/* review: what of a batch looks like personal data, and the verdict of who has looked at it. */
#include "ingest/commands.h"

#include "ingest/acting.h"
#include "ingest/json.h"
#include "ingest/paths.h"
#include "ingest/report.h"
#include "ingest/say.h"
#include "store/review.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 100 /* findings printed for people; the report has all */

typedef struct listing {
    dk_buf json;
    bool quiet, any;
    int64_t open;
} listing;

static bool add_finding(const dk_finding *finding, void *user)
{
    listing *into = user;
    const bool settled = finding->reason[0] != '\0';
    dk_buf *json = &into->json;
    dk_buf_text(json, into->any ? ",{\"source\":" : "{\"source\":");
    into->any = true;
    dk_json_string(finding->source, json);
    dk_buf_format(json, ",\"row\":%" PRId64 ",\"key\":", finding->source_row);
    dk_json_string(finding->key, json);
    dk_buf_text(json, ",\"field\":");
    dk_json_string(finding->field, json);
    dk_buf_text(json, ",\"title\":");
    dk_json_string(finding->title, json);
    dk_buf_text(json, ",\"kind\":");
    dk_json_string(finding->kind, json);
    dk_buf_format(json, ",\"sure\":%s,\"character\":%" PRId64 ",\"masked\":", finding->strong ? "true" : "false",
                  finding->character);
    dk_json_string(finding->masked, json);
    dk_buf_text(json, ",\"justified\":");
    dk_json_string(settled ? finding->reason : NULL, json);
    dk_buf_text(json, ",\"by\":");
    dk_json_string(settled ? finding->actor : NULL, json);
    dk_buf_byte(json, '}');
    into->open += !settled;
    if (!into->quiet && !settled && into->open <= SHOWN)
        dk_say(stdout, "%s, row %" PRId64 ", %s: %s (%s), character %" PRId64 ": %s%s %s", finding->source,
               finding->source_row, finding->key, finding->field, finding->title, finding->character + 1,
               finding->strong ? "" : "perhaps ", finding->kind_title, finding->masked);
    return true;
}

static dk_status write_report(const char *path, int64_t batch, const dk_buf *findings, dk_error *err)
{
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_format(&text, "{\"batch\":%" PRId64 ",\"findings\":[", batch);
    dk_buf_append(&text, findings->data, findings->size);
    dk_buf_text(&text, "]}\n");
    const dk_status status =
        text.failed ? dk_fail(err, DK_NOMEM, "%s: out of memory", path) : dk_report_put(path, &text, err);
    dk_buf_finish(&text);
    return status;
}

dk_status dk_command_justify(const dk_options *options, dk_store *store, int64_t batch, const char *actor,
                             dk_error *err)
{
    dk_status status = DK_OK;
    for (size_t i = 0; i < options->n_justify && status == DK_OK; i++) {
        int64_t n = 0;
        status = dk_review_justify(store, batch, options->justify[i].name, options->justify[i].value, actor, &n, err);
    }
    return status;
}

static dk_status judge(const dk_options *options, dk_store *store, const char *actor, dk_error *err)
{
    if (options->approve)
        return dk_review_approve(store, options->batch, actor, err);
    if (options->reject)
        return dk_review_reject(store, options->batch, actor, options->reason, err);
    return DK_OK;
}

int dk_command_review(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    const dk_kind *kind = NULL;
    dk_acting who;
    dk_finding_count count = {0};
    listing list = {.quiet = options->json};
    const char *report = options->n_reports > 0 ? options->reports[0] : NULL;
    dk_buf_init(&list.json);
    dk_status status = dk_store_open(options->store, DK_WRITE, &store, &err);
    if (status == DK_OK && report != NULL &&
        (dk_same_file(report, options->store) || dk_beside_store(report, options->store)))
        status =
            dk_fail(&err, DK_CONFLICT, "%s: the report would be written over this file; choose another name", report);
    if (status == DK_OK)
        status = dk_review_begin(store, options->batch, &kind, &err);
    if (status == DK_OK)
        status = dk_acting_begin(options, store, options->batch, DK_ROLE_REVIEW, &who, &err);
    if (status == DK_OK)
        status = dk_command_justify(options, store, options->batch, who.actor, &err);
    if (status == DK_OK)
        status = dk_findings(store, kind, options->batch, false, add_finding, &list, &err);
    if (status == DK_OK && list.json.failed)
        status = dk_fail(&err, DK_NOMEM, "out of memory");
    if (status == DK_OK)
        status = dk_findings_count(store, kind, options->batch, &count, &err);
    if (status == DK_OK && report != NULL)
        status = write_report(report, options->batch, &list.json, &err);
    if (status == DK_OK)
        status = judge(options, store, who.actor, &err);
    dk_store_close(store);
    const char *state = options->approve ? "reviewed" : options->reject ? "rejected" : "staged";
    const int64_t open = count.strong + count.weak;
    if (status == DK_OK && !options->approve && !options->reject && open > 0)
        dk_fail(
            &err, DK_CONFLICT,
            "%" PRId64 " places of batch %" PRId64 " look like personal data that the public would see (%" PRId64
            " sure): mask the field in the catalogue, correct the data, or justify them: --justify FIELD:ROW=REASON",
            open, options->batch, count.strong);
    if (options->json) {
        dk_buf out;
        dk_buf_init(&out);
        dk_buf_format(&out, "{\"batch\":%" PRId64 ",\"state\":", options->batch);
        dk_json_string(status == DK_OK ? state : NULL, &out);
        dk_buf_format(&out, ",\"strong\":%" PRId64 ",\"weak\":%" PRId64 ",\"justified\":%" PRId64 ",\"findings\":[",
                      count.strong, count.weak, count.justified);
        if (list.json.size > 0)
            dk_buf_append(&out, list.json.data, list.json.size);
        dk_buf_text(&out, "],\"error\":");
        dk_json_string(err.text[0] != '\0' ? err.text : NULL, &out);
        dk_buf_byte(&out, '}');
        dk_json_print(&out);
    }
    dk_buf_finish(&list.json);
    if (list.open > SHOWN && !options->json)
        printf("… and %" PRId64 " more; --report FILE.json has all\n", list.open - SHOWN);
    if (status == DK_OK && err.text[0] == '\0' && !options->json)
        printf(options->approve  ? "batch %" PRId64 " is reviewed\n"
               : options->reject ? "batch %" PRId64 " is rejected\n"
                                 : "nothing stands in the way of batch %" PRId64
                                   "; when it is as it should be: --approve\n",
               options->batch);
    if (err.text[0] == '\0')
        return DK_EXIT_DONE;
    dk_say(stderr, "dikuai-ingest: %s", err.text);
    return DK_EXIT_FAILED;
}
