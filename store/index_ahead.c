#include "store/index_ahead.h"

#include "store/processors.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 7, MOST_GROUPS = 8 * MOST_THREADS + 8 };

typedef struct helper {
    dk_ahead *ahead;
    dk_group_work *work;
    pthread_t thread;
} helper;

struct dk_ahead {
    const dk_kind *layer;
    dk_group_work *work; /* of who takes */
    helper helpers[MOST_THREADS];
    size_t n_helpers, n_wanted;

    pthread_mutex_t mutex; /* for what follows, and the groups' states */
    pthread_cond_t changed;
    dk_group *waiting[MOST_GROUPS]; /* in the order in which they were given */
    size_t n_waiting;
    bool stop;
};

dk_ahead *dk_ahead_create(const dk_kind *layer)
{
    dk_ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL)
        return NULL;
    ahead->layer = layer;
    const size_t wanted = dk_processors() - 1;
    ahead->n_wanted = wanted > MOST_THREADS ? MOST_THREADS : wanted;
    pthread_mutex_init(&ahead->mutex, NULL);
    pthread_cond_init(&ahead->changed, NULL);
    ahead->work = dk_group_work_create();
    if (ahead->work == NULL) {
        dk_ahead_free(ahead);
        return NULL;
    }
    return ahead;
}

size_t dk_ahead_room(const dk_ahead *ahead)
{
    return ahead->n_wanted == 0 ? 1 : 8 * ahead->n_wanted + 8;
}

/* The group that has waited longest, under way now. NULL: none waits. With the mutex held. */
static dk_group *begin_next(dk_ahead *ahead)
{
    if (ahead->n_waiting == 0)
        return NULL;
    dk_group *group = ahead->waiting[0];
    memmove(ahead->waiting, ahead->waiting + 1, --ahead->n_waiting * sizeof *ahead->waiting);
    group->state = DK_GROUP_UNDER_WAY;
    return group;
}

/* With the mutex held, which is let go meanwhile. */
static void compute(dk_ahead *ahead, dk_group *group, dk_group_work *work)
{
    pthread_mutex_unlock(&ahead->mutex);
    dk_group_compute(group, work, ahead->layer);
    pthread_mutex_lock(&ahead->mutex);
    group->state = DK_GROUP_DONE;
    pthread_cond_broadcast(&ahead->changed);
}

static void *help(void *user)
{
    helper *self = user;
    dk_ahead *ahead = self->ahead;
    dk_thread_gives_way();
    pthread_mutex_lock(&ahead->mutex);
    while (!ahead->stop) {
        dk_group *group = begin_next(ahead);
        if (group != NULL)
            compute(ahead, group, self->work);
        else
            pthread_cond_wait(&ahead->changed, &ahead->mutex);
    }
    pthread_mutex_unlock(&ahead->mutex);
    return NULL;
}

/* One that cannot be started is done without. */
static void start_helper(dk_ahead *ahead)
{
    helper *new = &ahead->helpers[ahead->n_helpers];
    *new = (helper){.ahead = ahead, .work = dk_group_work_create()};
    if (new->work != NULL && pthread_create(&new->thread, NULL, help, new) == 0) {
        ahead->n_helpers++;
        return;
    }
    dk_group_work_free(new->work);
    ahead->n_wanted = ahead->n_helpers;
}

void dk_ahead_give(dk_ahead *ahead, dk_group *group)
{
    pthread_mutex_lock(&ahead->mutex);
    group->state = DK_GROUP_WAITS;
    ahead->waiting[ahead->n_waiting++] = group;
    pthread_cond_broadcast(&ahead->changed);
    const bool short_of_hands = ahead->n_waiting > 1 && ahead->n_helpers < ahead->n_wanted;
    pthread_mutex_unlock(&ahead->mutex);
    if (short_of_hands)
        start_helper(ahead);
}

void dk_ahead_take(dk_ahead *ahead, dk_group *group)
{
    pthread_mutex_lock(&ahead->mutex);
    while (group->state != DK_GROUP_DONE) {
        dk_group *next = begin_next(ahead);
        if (next != NULL)
            compute(ahead, next, ahead->work);
        else
            pthread_cond_wait(&ahead->changed, &ahead->mutex);
    }
    pthread_mutex_unlock(&ahead->mutex);
}

void dk_ahead_free(dk_ahead *ahead)
{
    if (ahead == NULL)
        return;
    pthread_mutex_lock(&ahead->mutex);
    ahead->stop = true;
    pthread_cond_broadcast(&ahead->changed);
    pthread_mutex_unlock(&ahead->mutex);
    for (size_t i = 0; i < ahead->n_helpers; i++) {
        pthread_join(ahead->helpers[i].thread, NULL);
        dk_group_work_free(ahead->helpers[i].work);
    }
    dk_group_work_free(ahead->work);
    pthread_cond_destroy(&ahead->changed);
    pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
}
