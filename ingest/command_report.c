/* report: the quality report of a batch that is in the store, its checks made anew. */
#include "ingest/commands.h"
#include "ingest/paths.h"
#include "ingest/report.h"

#include <stdio.h>

static bool go_on(void *user)
{
    const dk_options *options = user;
    return *options->stop == 0;
}

static dk_status check_paths(const dk_options *options, dk_error *err)
{
    for (size_t i = 0; i < options->n_sources; i++) {
        const char *path = options->sources[i];
        if (dk_same_file(path, options->store) || dk_beside_store(path, options->store))
            return dk_fail(err, DK_CONFLICT, "%s: the report would be written over the store; choose another name",
                           path);
    }
    return DK_OK;
}

int dk_command_report(const dk_options *options)
{
    dk_error err = {0};
    dk_store *store = NULL;
    dk_report report = {0};
    dk_status status = check_paths(options, &err);
    if (status == DK_OK)
        status = dk_store_open(options->store, DK_READ, &store, &err);
    if (status == DK_OK)
        status = dk_report_describe(&report, store, options->batch, dk_store_catalogue(store), &err);
    if (status == DK_OK)
        status = dk_report_read(&report, store, options->batch, &err);
    if (status == DK_OK && report.n_counts == 0 && report.n_sources == 0) /* each load has both */
        status = dk_fail(
            &err, DK_INVALID,
            "batch %lld attaches documents and has no rows to report on; dikuai-ingest check %s reads the documents",
            (long long)options->batch, options->store);
    if (status == DK_OK)
        status = dk_report_check(&report, store, options->batch, go_on, (void *)(uintptr_t)options, &err);
    for (size_t i = 0; status == DK_OK && i < options->n_sources; i++)
        status = dk_report_write(&report, options->sources[i], &err);
    if (status == DK_OK && options->n_sources == 0) {
        dk_buf out;
        dk_buf_init(&out);
        dk_report_json(&report, &out);
        if (out.failed || fwrite(out.data, 1, out.size, stdout) != out.size || fflush(stdout) != 0)
            status = dk_fail(&err, DK_IO, "the report cannot be written to the standard output");
        dk_buf_finish(&out);
    }
    dk_report_finish(&report);
    dk_store_close(store);
    return status == DK_OK ? DK_EXIT_DONE : dk_command_failed(options, &err);
}
