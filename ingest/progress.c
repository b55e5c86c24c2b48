#include "ingest/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void dk_progress_start(dk_progress_bar *bar, const char *what)
{
    *bar = (dk_progress_bar){.shown = isatty(STDERR_FILENO), .what = what, .last_ms = now_ms()};
}

void dk_progress_show(dk_progress_bar *bar, double part, int64_t rows)
{
    static const char full[] = "##############################", none[] = "..............................";
    if (!bar->shown)
        return;
    const int64_t now = now_ms();
    if (now - bar->last_ms < 100)
        return;
    bar->last_ms = now;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    const int n = (int)(part * 30);
    fprintf(stderr, "\r%s [%.*s%.*s] %3d %%  %lld ", bar->what, n, full, 30 - n, none, (int)(part * 100),
            (long long)rows);
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
