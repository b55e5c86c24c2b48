#include "ingest/progress.h"

#include "store/processors.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

int64_t dk_progress_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What takes longer is no answer that somebody waits for, as a small publication is. */
enum { SHORT_MS = 1000 };

void dk_progress_start(dk_progress_bar *bar, const char *what)
{
    const int64_t now = dk_progress_now_ms();
    *bar = (dk_progress_bar){.shown = isatty(STDERR_FILENO), .what = what, .start_ms = now, .last_ms = now};
}

static void show_left(double seconds)
{
    if (seconds < 100)
        fprintf(stderr, "  %.0f s left", seconds);
    else
        fprintf(stderr, "  %.0f min left", seconds / 60);
}

void dk_progress_show(dk_progress_bar *bar, double part, int64_t rows)
{
    static const char full[] = "##############################", none[] = "..............................";
    if (!bar->shown && bar->gives_way)
        return;
    const int64_t now = dk_progress_now_ms();
    if (!bar->gives_way && now - bar->start_ms > SHORT_MS) {
        dk_thread_gives_way();
        bar->gives_way = true;
    }
    if (!bar->shown)
        return;
    if (now - bar->last_ms < 100)
        return;
    bar->last_ms = now;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    const int n = (int)(part * 30);
    const double seconds = (double)(now - bar->start_ms) / 1000;
    fprintf(stderr, "\r%s [%.*s%.*s] %3d %%  %lld", bar->what, n, full, 30 - n, none, (int)(part * 100),
            (long long)rows);
    if (seconds >= 2) { /* before, both say little */
        fprintf(stderr, "  %.0f/s", (double)rows / seconds);
        if (part > 0.01)
            show_left(seconds * (1 - part) / part);
    }
    fprintf(stderr, "\033[K");
    bar->drawn = true;
}

void dk_progress_clear(dk_progress_bar *bar)
{
    if (bar->drawn)
        fprintf(stderr, "\r\033[K");
    bar->drawn = false;
}

void dk_progress_step(int64_t done, int64_t total, void *user)
{
    dk_progress_show(user, total > 0 ? (double)done / (double)total : 0, done);
}
