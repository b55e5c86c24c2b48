/* What goes on during a load of several files, for programs: with --json a line of JSON each on stdout, before the one
 * of the summary, which alone has no "event".
 *
 *     {"event":"file","file":"资料/甲.shp","n":3,"of":40,"loaded":120,"rejected":2,"error":null}
 *     {"event":"progress","part":0.42,"rows":420000,"rows_per_second":21300,"seconds_left":27}     at most each second
 */
#ifndef DK_INGEST_EVENTS_H
#define DK_INGEST_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct dk_events {
    bool wanted;
    size_t n, of; /* files done, and in all */
    int64_t start_ms, last_ms;
} dk_events;

void dk_events_start(dk_events *events, bool wanted, size_t files);
/* error: why the file could not be read; NULL: it was. */
void dk_events_file(dk_events *events, const char *path, int64_t rejected, int64_t loaded, const char *error);
void dk_events_progress(dk_events *events, double part, int64_t rows); /* part: of all, 0 to 1 */

#endif
