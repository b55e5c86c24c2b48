/* convert: files of strangers to GeoJSON, rows of the store to files. What dikuai-tiler lets a child process do. */
#include "ingest/commands.h"
#include "ingest/confine.h"
#include "ingest/convert_outlines.h"
#include "ingest/convert_rows.h"
#include "ingest/say.h"
#include "ingest/scratch.h"
#include "ingest/source.h"

#include <string.h>
#include <unistd.h>

static dk_status convert(const dk_options *options, dk_buf *notes, dk_error *err)
{
    const bool rows = options->from != NULL;
    if (rows)
        return dk_convert_rows(STDIN_FILENO, options->to, options->output, err);
    return dk_convert_outlines(options->store, &options->settings, stdout, notes, err);
}

/* Of what succeeded only: a failure is one sentence. */
static void print_notes(dk_buf *notes)
{
    const char *text = dk_buf_cstr(notes);
    while (text != NULL && *text != '\0') {
        const size_t size = strcspn(text, "\n");
        dk_say(stderr, "note: %.*s", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

int dk_command_convert(const dk_options *options)
{
    dk_error err = {0};
    dk_buf notes;
    dk_buf_init(&notes);
    dk_status status = DK_OK;
    if (options->confined)
        status = dk_confine(options->most_bytes, options->most_seconds, &err);
    if (status == DK_OK) {
        dk_gdal_start();
        status = convert(options, &notes, &err);
        if (status == DK_OK && fflush(stdout) != 0)
            status = dk_fail(&err, DK_IO, "the output cannot be written");
        dk_gdal_stop();
    }
    if (status == DK_OK)
        print_notes(&notes);
    dk_buf_finish(&notes);
    if (status == DK_OK)
        return DK_EXIT_DONE;
    const int code = dk_command_failed(options, &err);
    return status == DK_LIMIT ? DK_EXIT_LIMIT : code;
}
