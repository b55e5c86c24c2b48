#include "store/log_ahead.h"

#include "store/processors.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_THREADS = 3,   /* who writes cannot follow more */
    TASKS_AT_ONCE = 64, /* of a thread, */
    OWN_AT_ONCE = 8     /* and of who takes, for what they wait for may be made any moment */
};

/* ---- making ---- */

struct dk_log_maker {
    dk_log_rows *rows;
    dk_hasher hasher;
    dk_buf content;
};

dk_status dk_log_maker_open(dk_store *store, dk_log_maker **ret_maker, dk_error *err)
{
    dk_log_maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_buf_init(&maker->content);
    dk_hasher_init(&maker->hasher);
    const dk_status status = dk_log_rows_open(store, &maker->rows, err);
    if (status == DK_OK)
        *ret_maker = maker;
    else
        dk_log_maker_close(maker);
    return status;
}

void dk_log_maker_close(dk_log_maker *maker)
{
    if (maker == NULL)
        return;
    dk_log_rows_close(maker->rows);
    dk_hasher_finish(&maker->hasher);
    dk_buf_finish(&maker->content);
    free(maker);
}

dk_status dk_log_make(dk_log_maker *maker, dk_log_task *task, dk_error *err)
{
    dk_buf_clear(&maker->content);
    const dk_status status = dk_log_row_content(maker->rows, task->kind, task->row, task->event, task->generation,
                                                &task->seal, &maker->content, err);
    if (status != DK_OK)
        return status;
    task->leaf = dk_log_leaf(&maker->hasher, &task->salt, maker->content.data, maker->content.size);
    return maker->content.failed || maker->hasher.failed ? dk_fail(err, DK_NOMEM, "out of memory") : DK_OK;
}

typedef struct making {
    dk_log_maker *maker;
    dk_log_task *tasks;
    bool *made;
} making;

static void make_leaf(size_t number, const void *content, size_t size, void *user)
{
    const making *m = user;
    m->tasks[number].leaf = dk_log_leaf(&m->maker->hasher, &m->tasks[number].salt, content, size);
    m->made[number] = !m->maker->hasher.failed;
}

/* Those that can be made. */
static void make_many(dk_log_maker *maker, dk_log_task *tasks, size_t n, bool *ret_made)
{
    making m = {maker, tasks, ret_made};
    memset(ret_made, 0, n * sizeof *ret_made);
    dk_log_row_contents(maker->rows, tasks, n, make_leaf, &m);
}

/* ---- threads ---- */

typedef struct helper {
    dk_log_ahead *ahead;
    dk_store *store;
    dk_log_maker *maker;
    pthread_t thread;
} helper;

struct dk_log_ahead {
    helper helpers[MOST_THREADS];
    size_t n_helpers;

    pthread_mutex_t mutex; /* for what follows, and the tasks' states */
    pthread_cond_t more, made;
    dk_log_task *tasks;
    size_t places, given, next; /* next: the first that nobody has begun */
    bool stop;
};

/* Begins the next tasks, at most so many, which stand one behind the other. With the mutex held. */
static dk_log_task *begin(dk_log_ahead *ahead, size_t most, size_t *ret_n)
{
    dk_log_task *const tasks = ahead->tasks + ahead->next % ahead->places;
    const size_t left = ahead->given - ahead->next, together = ahead->places - ahead->next % ahead->places;
    size_t n = left < most ? left : most;
    n = n < together ? n : together;
    for (size_t i = 0; i < n; i++)
        tasks[i].state = DK_LOG_TASK_UNDER_WAY;
    ahead->next += n;
    *ret_n = n;
    return tasks;
}

/* With the mutex held. */
static void end(dk_log_ahead *ahead, dk_log_task *tasks, size_t n, const bool *made)
{
    for (size_t i = 0; i < n; i++)
        tasks[i].state = made[i] ? DK_LOG_TASK_MADE : DK_LOG_TASK_LEFT;
    pthread_cond_broadcast(&ahead->made);
}

static void *help(void *user)
{
    helper *self = user;
    dk_log_ahead *ahead = self->ahead;
    bool made[TASKS_AT_ONCE];
    dk_thread_gives_way();
    pthread_mutex_lock(&ahead->mutex);
    while (!ahead->stop) {
        size_t n;
        dk_log_task *const tasks = begin(ahead, TASKS_AT_ONCE, &n);
        if (n == 0) {
            pthread_cond_wait(&ahead->more, &ahead->mutex);
            continue;
        }
        pthread_mutex_unlock(&ahead->mutex);
        /* One snapshot for all of them, as to begin one takes as long as to read a row; and no longer one, for the
         * store's write-ahead log grows while it is held. */
        make_many(self->maker, tasks, n, made);
        pthread_mutex_lock(&ahead->mutex);
        end(ahead, tasks, n, made);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* One that cannot be started is done without. */
static bool start_helper(dk_log_ahead *ahead, const char *path)
{
    helper *new = &ahead->helpers[ahead->n_helpers];
    *new = (helper){.ahead = ahead};
    if (dk_store_open(path, DK_READ, &new->store, NULL) == DK_OK &&
        dk_log_maker_open(new->store, &new->maker, NULL) == DK_OK &&
        pthread_create(&new->thread, NULL, help, new) == 0) {
        ahead->n_helpers++;
        return true;
    }
    dk_log_maker_close(new->maker);
    dk_store_close(new->store);
    return false;
}

dk_log_ahead *dk_log_ahead_start(const char *path, dk_log_task *tasks, size_t places, size_t first)
{
    const size_t others = dk_processors() - 1, wanted = others < MOST_THREADS ? others : MOST_THREADS;
    dk_log_ahead *ahead = wanted > 0 ? calloc(1, sizeof *ahead) : NULL;
    if (ahead == NULL)
        return NULL;
    ahead->tasks = tasks;
    ahead->places = places;
    ahead->given = ahead->next = first;
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->more, NULL);
    pthread_cond_init(&ahead->made, NULL);
    while (ahead->n_helpers < wanted && start_helper(ahead, path))
        ;
    if (ahead->n_helpers > 0)
        return ahead;
    dk_log_ahead_stop(ahead);
    return NULL;
}

void dk_log_ahead_stop(dk_log_ahead *ahead)
{
    if (ahead == NULL)
        return;
    pthread_mutex_lock(&ahead->mutex);
    ahead->stop = true;
    pthread_cond_broadcast(&ahead->more);
    pthread_mutex_unlock(&ahead->mutex);
    for (size_t i = 0; i < ahead->n_helpers; i++) {
        helper *one = &ahead->helpers[i];
        pthread_join(one->thread, NULL);
        dk_log_maker_close(one->maker);
        dk_store_close(one->store);
    }
    pthread_cond_destroy(&ahead->made);
    pthread_cond_destroy(&ahead->more);
    pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
}

void dk_log_ahead_give(dk_log_ahead *ahead, size_t end)
{
    pthread_mutex_lock(&ahead->mutex);
    ahead->given = end;
    pthread_cond_broadcast(&ahead->more);
    pthread_mutex_unlock(&ahead->mutex);
}

dk_status dk_log_ahead_take(dk_log_ahead *ahead, dk_log_maker *maker, size_t number, dk_error *err)
{
    dk_log_task *const task = &ahead->tasks[number % ahead->places];
    bool made[OWN_AT_ONCE];
    pthread_mutex_lock(&ahead->mutex);
    while (task->state != DK_LOG_TASK_MADE && task->state != DK_LOG_TASK_LEFT) {
        size_t n;
        dk_log_task *const tasks = begin(ahead, OWN_AT_ONCE, &n);
        if (n == 0) {
            pthread_cond_wait(&ahead->made, &ahead->mutex);
            continue;
        }
        pthread_mutex_unlock(&ahead->mutex);
        make_many(maker, tasks, n, made);
        pthread_mutex_lock(&ahead->mutex);
        end(ahead, tasks, n, made);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return task->state == DK_LOG_TASK_MADE ? DK_OK : dk_log_make(maker, task, err);
}
