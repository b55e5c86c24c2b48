#include "ingest/summary.h"

#include "ingest/json.h"
#include "ingest/say.h"
#include "store/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_note(dk_summary *summary, bool apart, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return;
    dk_text_clean(text); /* it may repeat what stands in a file */
    for (size_t i = 0; i < summary->n_notes; i++)
        if (strcmp(summary->notes[i].text, text) == 0) {
            free(text);
            return;
        }
    if (summary->n_notes == DK_SUMMARY_NOTES ||
        !dk_grow(&summary->notes, &summary->notes_capacity, summary->n_notes + 1, sizeof *summary->notes)) {
        summary->n_notes_left_out++;
        free(text);
        return;
    }
    summary->notes[summary->n_notes++] = (struct dk_summary_note){text, apart};
}

void dk_summary_note(dk_summary *summary, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_note(summary, false, format, args);
    va_end(args);
}

void dk_summary_note_apart(dk_summary *summary, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_note(summary, true, format, args);
    va_end(args);
}

void dk_summary_forget(dk_summary *summary, size_t n_notes, size_t n_notes_left_out)
{
    while (summary->n_notes > n_notes)
        free(summary->notes[--summary->n_notes].text);
    summary->n_notes_left_out = n_notes_left_out;
}

void dk_summary_print(const dk_summary *summary)
{
    const size_t shown = summary->n_notes < DK_SUMMARY_SHOWN ? summary->n_notes : DK_SUMMARY_SHOWN;
    for (size_t i = 0; i < shown; i++)
        dk_say(stdout, "note: %s", summary->notes[i].text);
    if (summary->n_notes + summary->n_notes_left_out > shown)
        printf("note: and %zu more, which --json has\n", summary->n_notes + summary->n_notes_left_out - shown);
    printf("%s: %" PRId64 " read, %" PRId64 " loaded, %" PRId64 " replaced, %" PRId64 " unchanged, %" PRId64
           " repaired, %" PRId64 " rejected, %" PRId64 " unlinked",
           summary->kind, summary->read, summary->loaded, summary->replaced, summary->unchanged, summary->repaired,
           summary->rejected, summary->unlinked);
    if (summary->files_failed > 0)
        printf(", %zu of %zu files could not be read", summary->files_failed, summary->files + summary->files_failed);
    if (summary->left_out > 0)
        printf(", %" PRId64 " left out", summary->left_out);
    if (summary->undrawn > 0)
        printf(", %" PRId64 " without outline", summary->undrawn);
    if (summary->area_differs > 0)
        printf(", %" PRId64 " with another area than declared", summary->area_differs);
    if (summary->ambiguous > 0)
        printf(", %" PRId64 " with several matches", summary->ambiguous);
    printf("\n");
    if (summary->staged > 0)
        printf("%" PRId64 " of the unchanged rows are staged and seen by nobody: dikuai-ingest publish %s %" PRId64
               "\n",
               summary->staged, summary->store, summary->staged_batch);
    if (summary->dry_run)
        printf("a dry run: nothing was kept\n");
    else if (summary->batch == 0)
        printf("no batch was made: there is nothing new\n");
    else if (summary->generation > 0)
        printf("batch %" PRId64 " is published as generation %" PRId64 "\n", summary->batch, summary->generation);
    else
        printf("batch %" PRId64 " is staged; publish it with: dikuai-ingest publish %s %" PRId64 "\n", summary->batch,
               summary->store, summary->batch);
    fflush(stdout);
}

static void number(dk_buf *out, const char *name, int64_t value)
{
    dk_buf_format(out, ",\"%s\":%" PRId64, name, value);
}

bool dk_summary_print_json(const dk_summary *summary, const char *error)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_text(&out, "{\"kind\":");
    dk_json_string(summary->kind, &out);
    dk_buf_text(&out, ",\"title\":");
    dk_json_string(summary->title, &out);
    number(&out, "files", (int64_t)summary->files);
    number(&out, "files_failed", (int64_t)summary->files_failed);
    number(&out, "read", summary->read);
    number(&out, "loaded", summary->loaded);
    number(&out, "replaced", summary->replaced);
    number(&out, "unchanged", summary->unchanged);
    number(&out, "unchanged_staged", summary->staged);
    number(&out, "repaired", summary->repaired);
    number(&out, "rejected", summary->rejected);
    number(&out, "left_out", summary->left_out);
    number(&out, "undrawn", summary->undrawn);
    number(&out, "unlinked", summary->unlinked);
    number(&out, "area_differs", summary->area_differs);
    number(&out, "ambiguous", summary->ambiguous);
    dk_buf_format(&out, ",\"dry_run\":%s,\"batch\":", summary->dry_run ? "true" : "false");
    if (summary->batch > 0)
        dk_buf_format(&out, "%" PRId64, summary->batch);
    else
        dk_buf_text(&out, "null");
    dk_buf_text(&out, ",\"generation\":");
    if (summary->generation > 0)
        dk_buf_format(&out, "%" PRId64, summary->generation);
    else
        dk_buf_text(&out, "null");
    dk_buf_text(&out, ",\"rejects\":");
    dk_json_string(summary->rejects, &out);
    dk_buf_text(&out, ",\"notes\":[");
    for (size_t i = 0; i < summary->n_notes; i++) {
        if (i > 0)
            dk_buf_byte(&out, ',');
        dk_json_string(summary->notes[i].text, &out);
    }
    dk_buf_text(&out, "],\"error\":");
    dk_json_string(error, &out);
    dk_buf_byte(&out, '}');
    return dk_json_print(&out);
}

void dk_summary_finish(dk_summary *summary)
{
    dk_summary_forget(summary, 0, 0);
    free(summary->notes);
    summary->notes = NULL;
    summary->notes_capacity = 0;
}
