#include "tiler/access_writer.h"

#include "store/access_token.h"
#include "store/geos_time.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_KEPT = 1000,   /* entries; then whoever comes writes them */
    GATHER_MS = 300,    /* in which they are gathered */
    MOST_TILES_BACK = 8 /* entries that are looked at for earlier tiles of the same caller */
};
#define RETRY_SECONDS 1.0 /* between attempts at a file that cannot be written */

typedef enum entry_type { EVENT, USED, SEEN } entry_type;

typedef struct entry {
    entry_type type;
    dk_audit event; /* its texts are in memory */
    int64_t token, now;
    unsigned char session[32];
    char memory[];
} entry;

struct dk_access_writer {
    const char *store_path;

    pthread_mutex_t file_mutex; /* for what follows; taken before the other */
    dk_access *access;          /* NULL: not open */
    bool told;                  /* its failure was said on stderr */

    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    entry *kept[MOST_KEPT];
    size_t n, writing; /* the first `writing` are being written */
    bool failing;      /* the last attempt failed, */
    double failed_at;  /* then */
    dk_error failure;  /* so */
    bool running, stopping;
    pthread_t thread;
};

/* ---- the file; file_mutex is held ---- */

static dk_status open_file(dk_access_writer *writer, dk_error *err)
{
    if (writer->access != NULL && dk_access_is_current(writer->access))
        return DK_OK;
    dk_access_close(writer->access);
    writer->access = NULL;
    return dk_access_open(writer->store_path, true, &writer->access, err);
}

/* Remembers how it went, and says a failure once. */
static dk_status settle(dk_access_writer *writer, dk_status status, const dk_error *error)
{
    if (status != DK_OK && !writer->told)
        fprintf(stderr, "dikuai-tiler: %s. Until this is mended, nobody sees more than the public\n", error->text);
    if (status == DK_OK && writer->told)
        fprintf(stderr, "dikuai-tiler: the access file can be written again\n");
    writer->told = status != DK_OK;
    pthread_mutex_lock(&writer->mutex);
    writer->failing = status != DK_OK;
    if (status != DK_OK) {
        writer->failure = *error;
        writer->failure.status = status;
        writer->failed_at = dk_seconds_now();
    }
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

static dk_status write_entry(dk_access *access, const entry *e, dk_error *err)
{
    return e->type == EVENT  ? dk_audit_add(access, &e->event, err)
           : e->type == USED ? dk_token_used(access, e->token, e->now, err)
                             : dk_session_seen(access, e->session, e->now, err);
}

/* Writes all that is kept, in one transaction. */
static dk_status flush(dk_access_writer *writer, dk_error *err)
{
    entry *entries[MOST_KEPT];
    dk_error error = {0};
    pthread_mutex_lock(&writer->file_mutex);
    pthread_mutex_lock(&writer->mutex);
    const size_t n = writer->n;
    memcpy(entries, writer->kept, n * sizeof *entries);
    writer->writing = n;
    pthread_mutex_unlock(&writer->mutex);
    dk_status status = n == 0 ? DK_OK : open_file(writer, &error);
    if (status == DK_OK && n > 0 && (status = dk_audit_begin(writer->access, &error)) == DK_OK) {
        for (size_t i = 0; i < n && status == DK_OK; i++)
            status = write_entry(writer->access, entries[i], &error);
        status = dk_audit_end(writer->access, status, &error);
    }
    if (n > 0)
        settle(writer, status, &error);
    pthread_mutex_lock(&writer->mutex);
    if (status == DK_OK) {
        writer->n -= n;
        memmove(writer->kept, writer->kept + n, writer->n * sizeof *writer->kept);
    }
    writer->writing = 0;
    pthread_mutex_unlock(&writer->mutex);
    for (size_t i = 0; i < n && status == DK_OK; i++)
        free(entries[i]);
    pthread_mutex_unlock(&writer->file_mutex);
    if (status != DK_OK && err != NULL)
        *err = error;
    return status;
}

/* ---- the thread ---- */

static void add_ms(struct timespec *time, long ms)
{
    time->tv_nsec += ms * 1000000;
    time->tv_sec += time->tv_nsec / 1000000000;
    time->tv_nsec %= 1000000000;
}

static void *write_soon(void *user)
{
    dk_access_writer *writer = user;
    pthread_mutex_lock(&writer->mutex);
    while (!writer->stopping) {
        if (writer->n == 0) {
            pthread_cond_wait(&writer->changed, &writer->mutex);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        add_ms(&until, writer->failing ? (long)(RETRY_SECONDS * 1000) : GATHER_MS);
        while (!writer->stopping && pthread_cond_timedwait(&writer->changed, &writer->mutex, &until) == 0)
            ;
        pthread_mutex_unlock(&writer->mutex);
        flush(writer, NULL);
        pthread_mutex_lock(&writer->mutex);
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

/* ---- keeping; mutex is held ---- */

static const char *keep_text(const char *text, char **at)
{
    if (text == NULL)
        return NULL;
    char *const start = *at;
    const size_t size = strlen(text) + 1;
    memcpy(start, text, size);
    *at += size;
    return start;
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static entry *entry_of(const dk_audit *event)
{
    const size_t size = text_size(event->name) + text_size(event->way) + text_size(event->what) +
                        text_size(event->kind) + text_size(event->key) + text_size(event->detail) +
                        text_size(event->address);
    entry *e = calloc(1, sizeof *e + size);
    if (e == NULL)
        return NULL;
    char *at = e->memory;
    e->type = EVENT;
    e->event = *event;
    e->event.name = keep_text(event->name, &at);
    e->event.way = keep_text(event->way, &at);
    e->event.what = keep_text(event->what, &at);
    e->event.kind = keep_text(event->kind, &at);
    e->event.key = keep_text(event->key, &at);
    e->event.detail = keep_text(event->detail, &at);
    e->event.address = keep_text(event->address, &at);
    return e;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* A tile counts to the earlier ones of the same caller and layers. */
static bool join_tiles(dk_access_writer *writer, const dk_audit *event)
{
    if (strcmp(event->what, "tiles") != 0)
        return false;
    for (size_t i = writer->n; i > writer->writing && i + MOST_TILES_BACK > writer->n; i--) {
        entry *e = writer->kept[i - 1];
        if (e->type == EVENT && strcmp(e->event.what, "tiles") == 0 && e->event.token == event->token &&
            same(e->event.name, event->name) && same(e->event.way, event->way) && same(e->event.kind, event->kind) &&
            same(e->event.detail, event->detail)) {
            e->event.rows += event->rows;
            return true;
        }
    }
    return false;
}

/* Takes e over in any case. */
static dk_status keep(dk_access_writer *writer, entry *e, dk_error *err)
{
    if (e == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    pthread_mutex_lock(&writer->mutex);
    while (writer->n == MOST_KEPT) {
        pthread_mutex_unlock(&writer->mutex);
        const dk_status status = flush(writer, err);
        if (status != DK_OK) {
            free(e);
            return status;
        }
        pthread_mutex_lock(&writer->mutex);
    }
    if (!writer->running) {
        writer->running = pthread_create(&writer->thread, NULL, write_soon, writer) == 0;
        if (!writer->running) {
            pthread_mutex_unlock(&writer->mutex);
            free(e);
            return dk_fail(err, DK_INTERNAL, "no thread can be started");
        }
    }
    writer->kept[writer->n++] = e;
    if (writer->n == 1)
        pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    return DK_OK;
}

dk_status dk_access_writer_note(dk_access_writer *writer, const dk_audit *event, dk_error *err)
{
    pthread_mutex_lock(&writer->mutex);
    const bool failing = writer->failing, fresh = dk_seconds_now() - writer->failed_at < RETRY_SECONDS;
    const bool joined = !failing && join_tiles(writer, event);
    if (failing && fresh && err != NULL)
        *err = writer->failure;
    const dk_status failure = writer->failure.status;
    pthread_mutex_unlock(&writer->mutex);
    if (joined)
        return DK_OK;
    if (failing && fresh)
        return failure;
    /* The first event, and one after a failure, shows whether the file can be written at all. */
    dk_status status = dk_access_writer_try(writer, err);
    return status == DK_OK ? keep(writer, entry_of(event), err) : status;
}

void dk_access_writer_used(dk_access_writer *writer, int64_t token, int64_t now)
{
    entry *e = calloc(1, sizeof *e);
    if (e != NULL) {
        e->type = USED;
        e->token = token;
        e->now = now;
    }
    keep(writer, e, NULL);
}

void dk_access_writer_seen(dk_access_writer *writer, const unsigned char session[32], int64_t now)
{
    entry *e = calloc(1, sizeof *e);
    if (e != NULL) {
        e->type = SEEN;
        e->now = now;
        memcpy(e->session, session, sizeof e->session);
    }
    keep(writer, e, NULL);
}

/* ---- at once ---- */

dk_status dk_access_writer_try(dk_access_writer *writer, dk_error *err)
{
    dk_error error = {0};
    pthread_mutex_lock(&writer->file_mutex);
    const dk_status status = open_file(writer, &error);
    if (status != DK_OK)
        settle(writer, status, &error);
    pthread_mutex_unlock(&writer->file_mutex);
    if (status != DK_OK && err != NULL)
        *err = error;
    return status;
}

dk_status dk_access_writer_write(dk_access_writer *writer, const dk_audit *event, dk_error *err)
{
    dk_error error = {0};
    pthread_mutex_lock(&writer->file_mutex);
    dk_status status = open_file(writer, &error);
    if (status == DK_OK)
        status = dk_audit_add(writer->access, event, &error);
    settle(writer, status, &error);
    pthread_mutex_unlock(&writer->file_mutex);
    if (status != DK_OK && err != NULL)
        *err = error;
    return status;
}

dk_status dk_access_writer_begin_session(dk_access_writer *writer, int64_t token, const char *file,
                                         const dk_audit *event, char ret_text[DK_SESSION_SIZE + 1], dk_error *err)
{
    dk_error error = {0};
    pthread_mutex_lock(&writer->file_mutex);
    dk_status status = open_file(writer, &error);
    if (status == DK_OK)
        status = dk_audit_add(writer->access, event, &error);
    if (status == DK_OK)
        status = dk_session_begin(writer->access, token, file, ret_text, &error);
    settle(writer, status, &error);
    pthread_mutex_unlock(&writer->file_mutex);
    if (status != DK_OK && err != NULL)
        *err = error;
    return status;
}

dk_status dk_access_writer_end_session(dk_access_writer *writer, const char *text, size_t size, const dk_audit *event,
                                       dk_error *err)
{
    dk_error error = {0};
    pthread_mutex_lock(&writer->file_mutex);
    dk_status status = open_file(writer, &error);
    if (status == DK_OK)
        status = dk_session_end(writer->access, text, size, &error);
    if (status == DK_OK && event != NULL)
        status = dk_audit_add(writer->access, event, &error);
    settle(writer, status, &error);
    pthread_mutex_unlock(&writer->file_mutex);
    if (status != DK_OK && err != NULL)
        *err = error;
    return status;
}

/* ---- all of it ---- */

dk_status dk_access_writer_create(const char *store_path, dk_access_writer **ret_writer, dk_error *err)
{
    dk_access_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    writer->store_path = store_path;
    pthread_mutex_init(&writer->file_mutex, NULL);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->changed, NULL);
    *ret_writer = writer;
    return DK_OK;
}

void dk_access_writer_free(dk_access_writer *writer)
{
    if (writer == NULL)
        return;
    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    if (writer->running)
        pthread_join(writer->thread, NULL);
    dk_error error = {0};
    if (writer->n > 0 && flush(writer, &error) != DK_OK)
        fprintf(stderr, "dikuai-tiler: %zu events of the audit trail are lost: %s\n", writer->n, error.text);
    for (size_t i = 0; i < writer->n; i++)
        free(writer->kept[i]);
    dk_access_close(writer->access);
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->mutex);
    pthread_mutex_destroy(&writer->file_mutex);
    free(writer);
}
