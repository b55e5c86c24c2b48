/* What takes long gives way to a server on the same machine, and what is short does not. */
#include "ingest/progress.h"
#include "store/processors.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_run_is_not_held_up),
        cmocka_unit_test(a_long_run_gives_way),
        cmocka_unit_test(what_was_started_with_less_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
