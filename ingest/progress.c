#include "ingest/progress.h"

#include "store/processors.h"

#include <limits.h>
#include <stdio.h>
#include <sys/ioctl.h>
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

/* How many characters of a line are shown: one that is longer than the terminal is wide would begin a new one each
 * time. */
static int room_for_line(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : INT_MAX;
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
    char line[200], left[40] = "", rate[40] = "";
    if (seconds >= 2) { /* before, both say little */
        const double to_go = part > 0 ? seconds * (1 - part) / part : 0;
        snprintf(rate, sizeof rate, "  %.0f/s", (double)rows / seconds);
        if (part > 0.01)
            snprintf(left, sizeof left, to_go < 100 ? "  %.0f s left" : "  %.0f min left",
                     to_go < 100 ? to_go : to_go / 60);
    }
    snprintf(line, sizeof line, "%s [%.*s%.*s] %3d %%  %lld%s%s", bar->what, n, full, 30 - n, none, (int)(part * 100),
             (long long)rows, rate, left);
    fprintf(stderr, "\r%.*s\033[K", room_for_line(), line);
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
