#include "ingest/load_report.h"

#include "ingest/encoding.h"
#include "ingest/paths.h"
#include "ingest/reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dk_status dk_load_report_paths(const dk_options *options, const char *rejects, dk_error *err)
{
    for (size_t i = 0; i < options->n_reports; i++) {
        const char *path = options->reports[i];
        if (dk_over_input(path, options) || dk_same_file(path, rejects) || strcmp(path, rejects) == 0)
            return dk_fail(err, DK_CONFLICT, "%s: the report would be written over this file; choose another name",
                           path);
    }
    return DK_OK;
}

/* ---- folders ---- */

dk_status dk_load_report_begin(dk_report *report, const dk_options *options, dk_error *err)
{
    for (size_t i = 0; i <= options->n_sources; i++) {
        const char *path = i < options->n_sources ? options->sources[i] : options->join;
        char *text = path != NULL && path[0] == '/' ? dk_path_text(path) : NULL;
        if (path == NULL || path[0] != '/')
            continue;
        if (text == NULL)
            return dk_fail(err, DK_NOMEM, "out of memory");
        text[dk_shown_path(text) - text] = '\0';
        bool known = false;
        for (size_t at = 0; at < report->folders.size && !known;
             at += strlen((const char *)report->folders.data + at) + 1)
            known = strcmp((const char *)report->folders.data + at, text) == 0;
        if (!known)
            dk_buf_append(&report->folders, text, strlen(text) + 1);
        free(text);
    }
    return report->folders.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

/* The longest of the report's folders that a text begins with. */
static size_t folder_at(const dk_report *report, const char *text)
{
    size_t longest = 0;
    for (size_t at = 0; *text == '/' && at < report->folders.size;) {
        const char *folder = (const char *)report->folders.data + at;
        const size_t size = strlen(folder);
        if (size > longest && strncmp(text, folder, size) == 0)
            longest = size;
        at += size + 1;
    }
    return longest;
}

static void put_without_folders(const dk_report *report, const char *text, dk_buf *out)
{
    while (*text != '\0') {
        const size_t folder = folder_at(report, text);
        if (folder == 0)
            dk_buf_byte(out, (unsigned char)*text);
        text += folder > 0 ? folder : 1;
    }
}

static bool add_note(dk_report *report, const char *note)
{
    dk_buf text;
    dk_buf_init(&text);
    put_without_folders(report, note, &text);
    const char *shown = dk_buf_cstr(&text);
    const bool good = shown != NULL && dk_report_note(report, shown);
    dk_buf_finish(&text);
    return good;
}

/* reason as it may be told. */
static bool add_reject(dk_report *report, dk_reject *reject, dk_buf *reason)
{
    dk_buf text;
    dk_buf_init(&text);
    const char *told = dk_buf_cstr(reason);
    if (told != NULL)
        put_without_folders(report, told, &text);
    reject->reason = told != NULL ? dk_buf_cstr(&text) : NULL;
    const bool good = reject->reason != NULL && dk_report_reject(report, reject);
    dk_buf_finish(&text);
    return good;
}

/* ---- what is taken over ---- */

dk_status dk_load_report_source(dk_report *report, const char *path, const dk_source_file *files, size_t n_files,
                                dk_error *err)
{
    bool good = dk_report_source_begin(report, dk_shown_path(path));
    for (size_t i = 0; good && i < n_files; i++)
        good = dk_report_source_file(report, files[i].name, files[i].bytes, files[i].sha256);
    return good ? DK_OK : dk_fail(err, DK_NOMEM, "%s: out of memory", path);
}

dk_status dk_load_report_reject(dk_report *report, const dk_source *source, const dk_mapping *mapping,
                                const dk_ready_row *row, const char *key, const char *reason, dk_error *err)
{
    const dk_column *columns;
    const size_t n = dk_source_columns(source, &columns);
    double lonlat[2 * DK_MAP_POINTS];
    dk_buf shown;
    dk_buf_init(&shown);
    dk_reason_public(reason, report->kind, mapping, columns, n, &shown);
    dk_reject reject = {.source = dk_shown_path(dk_source_path(source)),
                        .key = key,
                        .source_row = row->source.number,
                        .outline = lonlat,
                        .n_points = dk_map_outline(row->wkb, row->wkb_size, lonlat)};
    const bool good = add_reject(report, &reject, &shown);
    dk_buf_finish(&shown);
    return good ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_load_report_left_out(dk_report *report, const char *path, const char *reason, dk_error *err)
{
    dk_buf shown;
    dk_buf_init(&shown);
    dk_reason_of_file(reason, path, &shown);
    dk_reject told = {.source = dk_shown_path(path), .key = ""};
    const bool good = add_reject(report, &told, &shown);
    dk_buf_finish(&shown);
    return good ? DK_OK : dk_fail(err, DK_NOMEM, "out of memory");
}

dk_status dk_load_report_keep(dk_report *report, const dk_summary *summary, const dk_options *options, dk_store *store,
                              const dk_load *load, dk_error *err)
{
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {{"read", summary->read},         {"loaded", summary->loaded},
                  {"replaced", summary->replaced}, {"unchanged", summary->unchanged},
                  {"repaired", summary->repaired}, {"rejected", summary->rejected},
                  {"undrawn", summary->undrawn},   {"files_failed", (int64_t)summary->files_failed},
                  {"left_out", summary->left_out}, {"ambiguous", summary->ambiguous}};
    bool good = true;
    for (size_t i = 0; good && i < sizeof counts / sizeof *counts; i++)
        good = dk_report_count(report, counts[i].name, counts[i].value);
    for (size_t i = 0; good && i < summary->n_notes; i++)
        good = summary->notes[i].apart || add_note(report, summary->notes[i].text);
    if (!good)
        return dk_fail(err, DK_NOMEM, "out of memory");
    report->dry_run = options->dry_run;
    const dk_status status = dk_report_describe(report, store, dk_load_batch(load), NULL, err);
    return status == DK_OK ? dk_report_keep(report, store, dk_load_batch(load), err) : status;
}

static bool go_on(void *user)
{
    const dk_options *options = user;
    return *options->stop == 0;
}

dk_status dk_load_report_check(dk_report *report, const dk_options *options, dk_store *store, int64_t batch,
                               dk_error *err)
{
    return options->n_reports == 0 || batch == 0
               ? DK_OK
               : dk_report_check(report, store, batch, go_on, (void *)(uintptr_t)options, err);
}

dk_status dk_load_report_write(dk_report *report, const dk_summary *summary, const dk_options *options, dk_error *err)
{
    dk_status status = DK_OK;
    report->batch = summary->batch;
    snprintf(report->state, sizeof report->state, "%s",
             summary->batch == 0       ? ""
             : summary->generation > 0 ? "published"
                                       : "staged");
    if (summary->rejects != NULL && (report->rejects = strdup(dk_shown_path(summary->rejects))) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < options->n_reports; i++)
        status = dk_report_write(report, options->reports[i], err);
    return status;
}
