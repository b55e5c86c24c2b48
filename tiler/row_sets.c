#include "tiler/row_sets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 5000000u /* of one set */

struct dk_shared_set {
    char *name;
    int64_t generation;
    dk_row_set *set; /* NULL while it is being made */
    bool failed;
    size_t users;
    struct dk_shared_set *next; /* the one used last is the first */
};

struct dk_row_sets {
    pthread_mutex_t lock;
    pthread_cond_t made;
    size_t bytes, most_bytes;
    dk_shared_set *first;
};

dk_row_sets *dk_row_sets_create(size_t bytes)
{
    dk_row_sets *sets = calloc(1, sizeof *sets);
    if (sets == NULL)
        return NULL;
    pthread_mutex_init(&sets->lock, NULL);
    pthread_cond_init(&sets->made, NULL);
    sets->most_bytes = bytes;
    return sets;
}

static void free_shared(dk_shared_set *shared)
{
    dk_row_set_free(shared->set);
    free(shared->name);
    free(shared);
}

void dk_row_sets_free(dk_row_sets *sets)
{
    if (sets == NULL)
        return;
    for (dk_shared_set *shared = sets->first, *next; shared != NULL; shared = next) {
        next = shared->next;
        free_shared(shared);
    }
    pthread_mutex_destroy(&sets->lock);
    pthread_cond_destroy(&sets->made);
    free(sets);
}

static dk_shared_set *find(dk_row_sets *sets, const char *name, int64_t generation)
{
    for (dk_shared_set **at = &sets->first; *at != NULL; at = &(*at)->next) {
        dk_shared_set *shared = *at;
        if (shared->generation != generation || shared->failed || strcmp(shared->name, name) != 0)
            continue;
        *at = shared->next;
        shared->next = sets->first;
        sets->first = shared;
        return shared;
    }
    return NULL;
}

/* Takes away what nobody uses, from the last one on, until the rest fits; what is of another generation or has failed
 * in any case. */
static void shrink(dk_row_sets *sets, int64_t generation)
{
    for (;;) {
        dk_shared_set **unused = NULL;
        for (dk_shared_set **at = &sets->first; *at != NULL; at = &(*at)->next)
            if ((*at)->users == 0 &&
                (sets->bytes > sets->most_bytes || (*at)->failed || (*at)->generation < generation))
                unused = at;
        if (unused == NULL)
            return;
        dk_shared_set *shared = *unused;
        *unused = shared->next;
        if (shared->set != NULL)
            sets->bytes -= dk_row_set_bytes(shared->set);
        free_shared(shared);
    }
}

/* Adds an entry that others wait for. */
static dk_shared_set *begin(dk_row_sets *sets, const char *name, int64_t generation)
{
    dk_shared_set *shared = calloc(1, sizeof *shared);
    if (shared == NULL || (shared->name = strdup(name)) == NULL) {
        free(shared);
        return NULL;
    }
    shared->generation = generation;
    shared->next = sets->first;
    sets->first = shared;
    return shared;
}

dk_status dk_row_sets_take(dk_row_sets *sets, const char *name, dk_store *store, const dk_query *query,
                           dk_shared_set **ret_shared, const dk_row_set **ret_set, dk_error *err)
{
    dk_status status = DK_OK;
    pthread_mutex_lock(&sets->lock);
    dk_shared_set *shared = find(sets, name, query->generation);
    const bool make = shared == NULL;
    if (make && (shared = begin(sets, name, query->generation)) == NULL) {
        pthread_mutex_unlock(&sets->lock);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    shared->users++;
    if (make) {
        pthread_mutex_unlock(&sets->lock);
        dk_row_set *set = NULL;
        status = dk_row_set_of(store, query, MOST_ROWS, &set, err);
        pthread_mutex_lock(&sets->lock);
        shared->set = set;
        shared->failed = status != DK_OK;
        if (set != NULL)
            sets->bytes += dk_row_set_bytes(set);
        pthread_cond_broadcast(&sets->made);
    }
    while (shared->set == NULL && !shared->failed)
        pthread_cond_wait(&sets->made, &sets->lock);
    if (shared->failed && !make)
        status = dk_fail(err, DK_LIMIT, "the filter takes too long; narrow it");
    if (shared->failed) {
        shared->users--;
        shared = NULL;
    }
    shrink(sets, query->generation);
    pthread_mutex_unlock(&sets->lock);
    *ret_shared = shared;
    *ret_set = shared != NULL ? shared->set : NULL;
    return status;
}

void dk_row_sets_release(dk_row_sets *sets, dk_shared_set *shared)
{
    if (shared == NULL)
        return;
    pthread_mutex_lock(&sets->lock);
    shared->users--;
    shrink(sets, shared->generation);
    pthread_mutex_unlock(&sets->lock);
}
