#include "tiler/store_pool.h"

#include "store/index.h"
#include "store/log_table.h"
#include "store/query.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct dk_pool {
    const char *path;
    dk_sheet_cache *sheets; /* NULL: none */
    pthread_mutex_t mutex;
    pthread_cond_t given;
    dk_worker *free; /* last given first: its caches are warm */
    dk_worker *workers;
    size_t n;
    void (*reach)(int64_t generation, void *user); /* NULL: nobody need know */
    void *reach_user;
};

static void close_store(dk_worker *worker)
{
    for (size_t i = 0; worker->items != NULL && i < worker->catalogue->n_items; i++)
        dk_buf_finish(&worker->items[i]);
    free(worker->items);
    worker->items = NULL;
    dk_log_close(worker->log);
    worker->log = NULL;
    dk_store_close(worker->store);
    worker->store = NULL;
    worker->catalogue = NULL;
}

/* A store keeps the catalogue that was in force when it was opened, and says only afterwards which is in force now.
 * So it is opened until two looks in a row agree: then no catalogue came in between. */
static dk_status open_store(const dk_pool *pool, dk_worker *worker, dk_error *err)
{
    for (size_t i = 0; i < DK_MAX_KINDS; i++)
        worker->summaries[i].generation = -1;
    for (int64_t before = -1;; before = worker->generation.catalogue) {
        dk_status status = dk_store_open(pool->path, DK_READ, &worker->store, err);
        if (status != DK_OK)
            worker->store = NULL;
        else
            status = dk_store_generation_info(worker->store, &worker->generation, err);
        if (status != DK_OK) {
            close_store(worker);
            return status;
        }
        if (worker->generation.catalogue == before)
            break;
        close_store(worker);
    }
    worker->catalogue = dk_store_catalogue(worker->store);
    dk_index_share(worker->store, pool->sheets);
    return DK_OK;
}

static void worker_finish(dk_worker *worker)
{
    close_store(worker);
    dk_render_free(worker->render);
    dk_shape_finish(&worker->shape);
    dk_buf_finish(&worker->path);
    dk_buf_finish(&worker->body);
    dk_buf_finish(&worker->packed);
    dk_coder_free(worker->coder);
}

dk_status dk_pool_create(const char *path, size_t n, dk_sheet_cache *sheets, dk_pool **ret_pool, dk_error *err)
{
    dk_status status = DK_OK;
    dk_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    pool->path = path;
    pool->sheets = sheets;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->given, NULL);
    pool->workers = calloc(n, sizeof *pool->workers);
    if (pool->workers == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < n; i++) {
        dk_worker *worker = &pool->workers[i];
        dk_shape_init(&worker->shape);
        dk_buf_init(&worker->path);
        dk_buf_init(&worker->body);
        dk_buf_init(&worker->packed);
        pool->n++;
        worker->render = dk_render_create();
        worker->coder = dk_coder_create();
        if (worker->render == NULL || worker->coder == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        else
            status = open_store(pool, worker, err);
        worker->next = pool->free;
        pool->free = worker;
    }
    if (status != DK_OK) {
        dk_pool_free(pool);
        return status;
    }
    *ret_pool = pool;
    return DK_OK;
}

void dk_pool_free(dk_pool *pool)
{
    if (pool == NULL)
        return;
    for (size_t i = 0; i < pool->n; i++)
        worker_finish(&pool->workers[i]);
    free(pool->workers);
    pthread_cond_destroy(&pool->given);
    pthread_mutex_destroy(&pool->mutex);
    free(pool);
}

void dk_pool_on_take(dk_pool *pool, void (*reach)(int64_t generation, void *user), void *user)
{
    pool->reach = reach;
    pool->reach_user = user;
}

static dk_worker *take_free(dk_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    while (pool->free == NULL)
        pthread_cond_wait(&pool->given, &pool->mutex);
    dk_worker *worker = pool->free;
    pool->free = worker->next;
    pthread_mutex_unlock(&pool->mutex);
    dk_buf_clear(&worker->body);
    dk_buf_clear(&worker->packed);
    return worker;
}

/* Whether the worker's catalogue is in force, as the snapshot under way has it, or if there is none, as the newest. */
static dk_status look(dk_worker *worker, bool *ret_current, dk_error *err)
{
    const int64_t catalogue = worker->generation.catalogue;
    const dk_status status = dk_store_generation_info(worker->store, &worker->generation, err);
    *ret_current = status == DK_OK && worker->generation.catalogue == catalogue;
    return status;
}

dk_status dk_pool_take(dk_pool *pool, dk_worker **ret_worker, dk_error *err)
{
    dk_worker *worker = take_free(pool);
    dk_status status = DK_OK;
    bool current = false;
    if (worker->store != NULL) /* else it could not be opened the last time */
        status = look(worker, &current, err);
    if (status == DK_OK && !current) {
        close_store(worker);
        status = open_store(pool, worker, err);
    }
    if (status != DK_OK) {
        close_store(worker);
        dk_pool_give(pool, worker);
        return status;
    }
    if (pool->reach != NULL)
        pool->reach(worker->generation.number, pool->reach_user);
    *ret_worker = worker;
    return DK_OK;
}

dk_status dk_pool_take_reading(dk_pool *pool, double seconds, dk_worker **ret_worker, dk_error *err)
{
    dk_worker *worker = take_free(pool);
    dk_status status = DK_OK;
    for (bool current = false; status == DK_OK && !current;) {
        if (worker->store == NULL)
            status = open_store(pool, worker, err);
        if (status == DK_OK)
            status = dk_store_read_begin(worker->store, seconds, err);
        if (status == DK_OK) {
            status = look(worker, &current, err);
            if (!current)
                dk_store_read_end(worker->store);
        }
        if (!current)
            close_store(worker);
    }
    if (status != DK_OK) {
        dk_pool_give(pool, worker);
        return status;
    }
    if (pool->reach != NULL)
        pool->reach(worker->generation.number, pool->reach_user);
    *ret_worker = worker;
    return DK_OK;
}

void dk_pool_give(dk_pool *pool, dk_worker *worker)
{
    if (worker->body.capacity > DK_WORKER_KEEPS)
        dk_buf_finish(&worker->body);
    if (worker->packed.capacity > DK_WORKER_KEEPS)
        dk_buf_finish(&worker->packed);
    pthread_mutex_lock(&pool->mutex);
    worker->next = pool->free;
    pool->free = worker;
    pthread_cond_signal(&pool->given);
    pthread_mutex_unlock(&pool->mutex);
}

dk_status dk_worker_summary(dk_worker *worker, const dk_kind *kind, const dk_summary **ret_summary, dk_error *err)
{
    dk_summary *summary = &worker->summaries[kind->index];
    if (summary->generation != worker->generation.number) {
        dk_summary fresh = {.generation = worker->generation.number};
        const dk_status status = dk_query_summary(worker->store, kind, worker->generation.number, &fresh.rows,
                                                  &fresh.undrawn, fresh.bounds, err);
        if (status != DK_OK)
            return status;
        *summary = fresh;
    }
    *ret_summary = summary;
    return DK_OK;
}
