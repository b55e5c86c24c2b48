/* What is done while something takes long: a progress bar on stderr, when that is a terminal, and whether or not,
 * behind the first second the thread that works gives way to a server on the same machine. */
#ifndef DK_INGEST_PROGRESS_H
#define DK_INGEST_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dk_progress_bar {
    bool shown; /* stderr is a terminal */
    bool drawn;
    bool gives_way;
    const char *what;
    int64_t start_ms, last_ms;
} dk_progress_bar;

int64_t dk_progress_now_ms(void); /* of a clock that is never set */

void dk_progress_start(dk_progress_bar *bar, const char *what);
void dk_progress_show(dk_progress_bar *bar, double part, int64_t rows); /* part: 0 to 1; shows rate and time left */
void dk_progress_clear(dk_progress_bar *bar); /* before other lines are printed, and at the end */
/* A dk_progress of store/store.h; user is the bar. */
void dk_progress_step(int64_t done, int64_t total, void *user);

#endif
