#include "ingest/events.h"

#include "ingest/json.h"
#include "ingest/progress.h"

#include <inttypes.h>
#include <stdio.h>

void dk_events_start(dk_events *events, bool wanted, size_t files)
{
    const int64_t now = dk_progress_now_ms();
    *events = (dk_events){.wanted = wanted, .of = files, .start_ms = now, .last_ms = now};
}

void dk_events_file(dk_events *events, const char *path, int64_t rejected, int64_t loaded, const char *error)
{
    dk_buf out;
    events->n++;
    if (!events->wanted)
        return;
    dk_buf_init(&out);
    dk_buf_text(&out, "{\"event\":\"file\",\"file\":");
    dk_json_string(path, &out);
    dk_buf_format(&out, ",\"n\":%zu,\"of\":%zu,\"loaded\":%" PRId64 ",\"rejected\":%" PRId64 ",\"error\":", events->n,
                  events->of, loaded, rejected);
    dk_json_string(error, &out);
    dk_buf_byte(&out, '}');
    dk_json_print(&out);
}

void dk_events_progress(dk_events *events, double part, int64_t rows)
{
    dk_buf out;
    const int64_t now = dk_progress_now_ms();
    if (!events->wanted || now - events->last_ms < 1000)
        return;
    events->last_ms = now;
    const double seconds = (double)(now - events->start_ms) / 1000;
    dk_buf_init(&out);
    dk_buf_format(&out, "{\"event\":\"progress\",\"part\":%.3f,\"rows\":%" PRId64 ",\"rows_per_second\":%.0f", part,
                  rows, (double)rows / seconds);
    if (part > 0)
        dk_buf_format(&out, ",\"seconds_left\":%.0f}", seconds * (1 - part) / part);
    else
        dk_buf_text(&out, ",\"seconds_left\":null}");
    dk_json_print(&out);
}
