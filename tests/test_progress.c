/* What takes long gives way to a server on the same machine, and what is short does not. */
#include "ingest/progress.h"
#include "store/processors.h"

#include <pthread.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* A niceness is of a thread (sched(7)), and one that went up does not come down again. */
typedef struct work {
    int64_t began_ms_ago;
    int given, nice; /* niceness at its begin and at its end */
} work;

static void *work_along(void *user)
{
    work *self = user;
    dk_progress_bar bar;
    setpriority(PRIO_PROCESS, (id_t)gettid(), self->given);
    dk_progress_start(&bar, "working");
    bar.shown = false;
    bar.start_ms -= self->began_ms_ago;
    dk_progress_step(1, 2, &bar);
    self->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    return NULL;
}

static int nice_of(int64_t began_ms_ago, int given)
{
    work self = {.began_ms_ago = began_ms_ago, .given = given};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work_along, &self), 0);
    pthread_join(thread, NULL);
    return self.nice;
}

static void a_short_run_is_not_held_up(void **state)
{
    (void)state;
    const int own = getpriority(PRIO_PROCESS, (id_t)gettid());
    assert_int_equal(nice_of(0, own), own);
}

static void a_long_run_gives_way(void **state)
{
    (void)state;
    const int own = getpriority(PRIO_PROCESS, (id_t)gettid());
    assert_int_equal(nice_of(2000, own), own < 10 ? 10 : own);
}

static void what_was_started_with_less_keeps_it(void **state)
{
    (void)state;
    assert_int_equal(nice_of(2000, 15), 15);
}

/* What a terminal so many columns wide is sent for a bar in its third second. */
static const char *drawn(unsigned short columns)
{
    static char text[400];
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    int terminal = -1, end = -1;
    dk_progress_bar bar;
    assert_int_equal(openpty(&terminal, &end, NULL, NULL, &size), 0);
    const int before = dup(STDERR_FILENO);
    dup2(end, STDERR_FILENO);
    dk_progress_start(&bar, "parcel");
    bar.gives_way = true;
    bar.start_ms -= 3000;
    bar.last_ms -= 3000;
    dk_progress_show(&bar, 0.5, 1234567);
    dup2(before, STDERR_FILENO);
    const ssize_t n = read(terminal, text, sizeof text - 1);
    close(before);
    close(end);
    close(terminal);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void the_bar_stays_on_one_line(void **state)
{
    (void)state;
    static const char begin[] = "\rparcel [###############...............]  50 %  1234567  ", end[] = " s left\033[K";
    static const unsigned short wide[] = {100, 0}, narrow[] = {60, 20}; /* 0: a serial line that does not say */
    for (size_t i = 0; i < 2; i++) {
        const char *text = drawn(wide[i]);
        assert_memory_equal(text, begin, sizeof begin - 1);
        assert_string_equal(text + strlen(text) - (sizeof end - 1), end);
        text = drawn(narrow[i]);
        assert_int_equal(strlen(text), 1 + (size_t)narrow[i] - 1 + strlen("\033[K"));
        assert_memory_equal(text, begin, (size_t)narrow[i] < sizeof begin ? (size_t)narrow[i] : sizeof begin - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_run_is_not_held_up),
        cmocka_unit_test(a_long_run_gives_way),
        cmocka_unit_test(what_was_started_with_less_keeps_it),
        cmocka_unit_test(the_bar_stays_on_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
