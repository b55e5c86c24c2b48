#include "tiler/download.h"

#include "tiler/audit.h"
#include "tiler/conditions.h"
#include "tiler/convert.h"
#include "tiler/deflate_stream.h"
#include "tiler/download_json.h"
#include "tiler/download_query.h"
#include "tiler/download_rows.h"
#include "tiler/response.h"
#include "tiler/spool.h"
#include "tiler/temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    THREADS = 2,
    NICE = 10,
    MOST_WAITING = 16,
    MOST_ALIVE = 64,          /* waiting, being made and being sent */
    ANSWER_BYTES = 64 << 10,  /* when so much is there, or all, the answer begins: until then it can be a problem */
    BLOCK_BYTES = 128 << 10,  /* that libmicrohttpd asks for at once */
    MOST_PAGE_BYTES = 8 << 20 /* of rows between two looks at whether anyone still wants them */
};

typedef enum family { CSV, XLSX, JSON, SEQUENCE, FILES } family;

typedef struct format {
    const char *name; /* f= */
    const char *type;
    const char *ending; /* of the file's name */
    family family;
    bool coded;      /* is smaller gzipped, on the way */
    bool for_layers; /* not for records */
} format;

static const format formats[] = {
    {"csv", "text/csv; charset=utf-8", "csv", CSV, true, false},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", XLSX, false, false},
    {"geojson", "application/geo+json", "geojson", JSON, true, false},
    {"geojsonseq", "application/geo+json-seq", "geojsons", SEQUENCE, true, false},
    {"gpkg", "application/geopackage+sqlite3", "gpkg", FILES, false, false},
    {"fgb", "application/flatgeobuf", "fgb", FILES, false, true},
    {"shp", "application/zip", "zip", FILES, false, true},
};

struct dk_download {
    atomic_int refs; /* of the exchange or response, and of the thread or queue */
    dk_downloads *all;
    struct MHD_Connection *connection;
    int socket;
    dk_request request;
    dk_viewer viewer;
    dk_caller caller; /* of no way: the public */
    const format *format;
    bool gzip;
    double began, deadline;
    char disposition[600];
    dk_download *next; /* in the queue, or among those under way */

    pthread_mutex_t mutex; /* for what follows */
    bool suspended;        /* the connection is */
    bool answerable;       /* enough is there, or all, or it failed */
    bool answered;         /* the answer has begun: a failure can only break it off */
    bool finished, gone;   /* gone: nobody wants it any more */
    bool shown;            /* the sentence is for anyone, whatever the status */
    uint64_t available;    /* bytes that can be read */
    dk_spool spool;
    dk_status status; /* when finished */
    dk_error error;
};

struct dk_downloads {
    const dk_config *config;
    dk_pool *pool;
    dk_spool_room room;
    pthread_t threads[THREADS];
    size_t n_threads;

    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    dk_download *first, *last; /* the queue */
    dk_download *making[THREADS];
    size_t waiting, alive;
    atomic_bool stopping;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static const format *format_of(const dk_request *request)
{
    const char *name = dk_request_param(request, "f");
    for (size_t i = 0; name != NULL && i < sizeof formats / sizeof *formats; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

bool dk_download_asked(const dk_request *request)
{
    return format_of(request) != NULL;
}

/* ---- between the thread that makes it and the connection ---- */

/* The mutex is held. */
static void wake(dk_download *d)
{
    if (d->suspended && d->answerable) {
        d->suspended = false;
        MHD_resume_connection(d->connection);
    }
}

/* Whether it is not to go on: nobody waits for it, or the server stops before it has been answered. A connection that
 * is suspended stays open until it is resumed, so its socket can be looked at; as other servers do, one that the client
 * has closed on its side counts as left. */
static bool is_gone(void *user)
{
    dk_download *d = user;
    pthread_mutex_lock(&d->mutex);
    if (d->suspended) {
        struct pollfd fd = {d->socket, POLLRDHUP, 0};
        if (poll(&fd, 1, 0) > 0)
            d->gone = true;
    }
    const bool gone = d->gone || (!d->answered && atomic_load(&d->all->stopping));
    pthread_mutex_unlock(&d->mutex);
    return gone;
}

static dk_status check(dk_download *d, dk_error *err)
{
    if (is_gone(d))
        return dk_fail(err, DK_INTERNAL, "nobody waits for it any more");
    if (now() > d->deadline)
        return dk_fail(
            err, DK_LIMIT,
            "The download takes longer than the %u seconds that this server gives it; narrow it with a filter or "
            "bbox.",
            d->all->config->download_seconds);
    return DK_OK;
}

static dk_status to_spool(void *user, const void *data, size_t size, dk_error *err)
{
    dk_download *d = user;
    const dk_status status = dk_spool_write(&d->spool, data, size, err);
    if (status != DK_OK)
        return status;
    pthread_mutex_lock(&d->mutex);
    d->available = d->spool.written;
    d->answerable |= d->available >= ANSWER_BYTES;
    wake(d);
    pthread_mutex_unlock(&d->mutex);
    return DK_OK;
}

static dk_status to_deflate(void *user, const void *data, size_t size, dk_error *err)
{
    return dk_deflate_stream_write(user, data, size, false, err);
}

static void log_failure(const dk_download *d, const char *text)
{
    fprintf(stderr, "dikuai-tiler: /");
    for (size_t i = 0; i < d->request.n_path; i++)
        fprintf(stderr, "%s%s", i > 0 ? "/" : "", d->request.path[i]);
    fprintf(stderr, " as %s: %s\n", d->format->name, text);
}

static void finish(dk_download *d, dk_status status, const dk_error *error)
{
    pthread_mutex_lock(&d->mutex);
    if (status != DK_OK && !d->answered && atomic_load(&d->all->stopping))
        status = DK_BUSY;
    if (status != DK_OK && d->answered && !d->gone)
        log_failure(d, error->text); /* the client only sees it break off */
    d->status = status;
    if (status != DK_OK)
        d->error = *error;
    d->finished = d->answerable = true;
    d->available = d->spool.written;
    wake(d);
    pthread_mutex_unlock(&d->mutex);
}

/* One end lets go of it. */
static void release(dk_download *d)
{
    dk_downloads *all = d->all;
    if (atomic_fetch_sub(&d->refs, 1) > 1)
        return;
    dk_spool_close(&d->spool);
    dk_request_finish(&d->request);
    pthread_mutex_destroy(&d->mutex);
    free(d);
    pthread_mutex_lock(&all->mutex);
    all->alive--;
    pthread_mutex_unlock(&all->mutex);
}

void dk_download_drop(dk_download *d)
{
    if (d == NULL)
        return;
    pthread_mutex_lock(&d->mutex);
    d->gone = true;
    pthread_mutex_unlock(&d->mutex);
    release(d);
}

/* ---- making one ---- */

typedef struct making {
    dk_download *download;
    dk_context ctx;
    dk_download_query q;
    uint64_t columns; /* as bits */
    dk_row_writer *writer;
    dk_buf out;
    size_t rows, most;
    dk_status status;
    dk_error *err;
} making;

static bool make_row(const dk_row *row, void *user)
{
    making *m = user;
    dk_row shown = *row;
    shown.visible &= m->columns;
    m->rows++;
    m->status = m->writer->row(m->writer, &shown, &m->out, m->err);
    return m->status == DK_OK && !m->out.failed && m->out.size < MOST_PAGE_BYTES;
}

static bool count_row(const dk_row *row, void *user)
{
    making *m = user;
    (void)row;
    return ++m->rows <= m->most;
}

/* Calls each for all rows that are wanted, a page at a time. */
static dk_status walk(making *m, dk_row_fn each, bool send, dk_error *err)
{
    dk_worker *worker = m->ctx.worker;
    dk_buf after, next; /* tokens of this page and the next */
    dk_buf_init(&after);
    dk_buf_init(&next);
    bool more = true;
    dk_status status = DK_OK;
    const size_t page = m->q.items.query.limit;
    const char *first = m->q.items.query.after;
    while (status == DK_OK && more) {
        const size_t left = m->q.limit - m->rows;
        m->q.items.query.limit = left < page ? left : page;
        if (after.size > 0 && (m->q.items.query.after = dk_buf_cstr(&after)) == NULL)
            status = dk_fail(err, DK_NOMEM, "out of memory");
        if (status == DK_OK)
            status = dk_query_page(worker->store, &m->q.items.query, each, m, &next, err);
        more = next.size > 0;
        const dk_buf behind = after;
        after = next;
        next = behind;
        if (status == DK_OK)
            status = m->status;
        more = more && m->rows < m->q.limit && m->rows <= m->most;
        /* A catalogue that has become stricter takes effect at once. */
        dk_generation newest;
        if (status == DK_OK)
            status = dk_store_generation_info(worker->store, &newest, err);
        if (status == DK_OK && newest.catalogue != worker->generation.catalogue)
            status = dk_fail(err, DK_BUSY, "the catalogue was changed meanwhile");
        if (status == DK_OK)
            status = check(m->download, err);
        if (status == DK_OK && send)
            status = m->writer->send(m->writer, &m->out, !more, err);
    }
    m->q.items.query.limit = page;
    m->q.items.query.after = first;
    dk_buf_finish(&after);
    dk_buf_finish(&next);
    return status;
}

static dk_status too_many(const making *m, const char *rows, dk_error *err)
{
    return dk_fail(err, DK_LIMIT,
                   "This would be %s rows, and at most %zu are given as one file; narrow it with a filter or bbox.",
                   rows, m->most);
}

/* Refuses what has too many rows before the first is sent. They are counted only where the whole collection has too
 * many. */
static dk_status check_rows(making *m, dk_error *err)
{
    dk_summary own;
    const dk_summary *const summary = &own;
    char text[32];
    const dk_status status = dk_context_summary(&m->ctx, m->q.items.query.kind, &own);
    if (status != DK_OK) {
        *err = m->ctx.error;
        return status;
    }
    m->most = m->download->all->config->download_rows;
    if (m->q.limit <= m->most || (uint64_t)summary->rows <= m->most)
        return DK_OK;
    if (m->q.items.query.n_filters > 0) {
        dk_query *query = &m->q.items.query;
        query->with_geometry = false;
        const size_t page = query->limit;
        query->limit = DK_ROWS_AT_ONCE;
        const dk_status counted = walk(m, count_row, false, err);
        const bool over = m->rows > m->most;
        query->with_geometry = true;
        query->limit = page;
        m->rows = 0;
        if (counted != DK_OK || !over)
            return counted;
        snprintf(text, sizeof text, "more than %zu", m->most);
    } else {
        snprintf(text, sizeof text, "%lld", (long long)summary->rows);
    }
    return too_many(m, text, err);
}

static dk_status make_rows(making *m, dk_row_writer *writer, dk_error *err)
{
    m->writer = writer;
    m->err = err;
    return writer == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : walk(m, make_row, true, err);
}

/* What is written while it is sent. */
static dk_status make_stream(making *m, dk_error *err)
{
    dk_download *d = m->download;
    const dk_sink spool = {to_spool, d};
    dk_deflate_stream *deflate = NULL;
    dk_status status = dk_spool_open(&d->spool, d->all->config->temp_folder, &d->all->room, err);
    if (status == DK_OK && d->gzip && (deflate = dk_deflate_stream_create(true, &spool)) == NULL)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    const dk_sink sink = deflate != NULL ? (dk_sink){to_deflate, deflate} : spool;
    if (status == DK_OK)
        status = make_rows(m,
                           d->format->family == CSV ? dk_csv_writer_create(&m->q.columns, &sink)
                           : d->format->family == XLSX
                               ? dk_xlsx_writer_create(&m->q.columns, &sink)
                               : dk_json_writer_create(&m->ctx, d->format->family == SEQUENCE, &sink),
                           err);
    if (status == DK_OK && deflate != NULL)
        status = dk_deflate_stream_write(deflate, "", 0, true, err);
    dk_deflate_stream_free(deflate);
    return status;
}

/* Takes what the conversion has made over into the spool: the file itself, or the folder as ZIP. */
static dk_status take_files(making *m, const char *folder, const char *name, dk_error *err)
{
    dk_download *d = m->download;
    struct stat info;
    char *path = NULL;
    if (strcmp(d->format->name, "shp") == 0) {
        const dk_sink sink = {to_spool, d};
        const dk_status status = dk_spool_open(&d->spool, d->all->config->temp_folder, &d->all->room, err);
        return status != DK_OK ? status : dk_zip_folder(folder, &sink, err);
    }
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    free(path);
    if (fd < 0 || fstat(fd, &info) != 0) {
        const dk_status status = dk_fail(err, DK_INTERNAL, "dikuai-ingest convert made no file: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    return dk_spool_take(&d->spool, fd, (uint64_t)info.st_size, &d->all->room, err);
}

static dk_status make_files(making *m, dk_error *err)
{
    dk_download *d = m->download;
    const dk_config *config = d->all->config;
    char *folder = NULL, *output = NULL;
    dk_convert *convert = NULL;
    dk_status status = dk_temp_folder_make(config->temp_folder, &folder, err);
    if (status == DK_OK && asprintf(&output, "%s.%s", m->q.items.query.kind->name, d->format->name) < 0) {
        output = NULL;
        status = dk_fail(err, DK_NOMEM, "out of memory");
    }
    if (status == DK_OK) {
        const dk_convert_options options = {.folder = folder,
                                            .to = d->format->name,
                                            .output = output,
                                            .most_bytes = d->all->room.most,
                                            .seconds = d->deadline - now(),
                                            .gone = is_gone,
                                            .user = d};
        status = dk_convert_start(config, &options, &convert, err);
    }
    if (status == DK_OK)
        status = make_rows(m, dk_rows_writer_create(&m->q.columns, convert), err);
    dk_convert_free(convert);
    if (status == DK_OK)
        status = take_files(m, folder, output, err);
    free(output);
    dk_temp_folder_remove(folder);
    return status;
}

/* Content-Disposition (RFC 6266): the title in UTF-8, and the name for those who do not know filename*. */
static void write_disposition(dk_download *d, const dk_kind *kind)
{
    dk_buf text;
    dk_buf_init(&text);
    dk_buf_format(&text, "attachment; filename=\"%s.%s\"; filename*=UTF-8''", kind->name, d->format->ending);
    dk_append_encoded(&text, kind->title != NULL && kind->title[0] != '\0' ? kind->title : kind->name);
    dk_buf_format(&text, ".%s", d->format->ending);
    const char *whole = dk_buf_cstr(&text);
    if (whole == NULL || text.size >= sizeof d->disposition)
        snprintf(d->disposition, sizeof d->disposition, "attachment; filename=\"%s.%s\"", kind->name,
                 d->format->ending);
    else
        snprintf(d->disposition, sizeof d->disposition, "%s", whole);
    dk_buf_finish(&text);
}

static dk_status make(dk_download *d, making *m, dk_error *err)
{
    dk_status status = check(d, err);
    memset(m, 0, sizeof *m);
    m->download = d;
    m->most = SIZE_MAX;
    dk_buf_init(&m->out);
    m->ctx.config = d->all->config;
    m->ctx.request = &d->request;
    m->ctx.viewer = d->viewer;
    if (status == DK_OK)
        status = dk_pool_take(d->all->pool, &m->ctx.worker, err);
    if (status != DK_OK)
        return status;
    status = dk_download_query_read(&m->ctx, &m->q);
    if (status != DK_OK) {
        *err = m->ctx.error;
    } else {
        const dk_kind *kind = m->q.items.query.kind;
        write_disposition(d, kind);
        for (size_t i = 0; i < m->q.columns.n; i++)
            m->columns |= UINT64_C(1) << m->q.columns.field[i];
        if (d->format->for_layers && kind->geometry == DK_NO_GEOMETRY)
            status = dk_fail(err, DK_INVALID,
                             "The collection \"%s\" has no geometry, which f=%s needs; take f=csv, xlsx or gpkg.",
                             kind->name, d->format->name);
        if (status == DK_OK && m->q.columns.wkt && d->format->family != CSV)
            status = dk_fail(err, DK_INVALID, "The parameter \"geometry\" is for f=csv; the other formats %s.",
                             d->format->family == XLSX ? "with outlines are geojson, gpkg, fgb and shp"
                                                       : "have it as it is");
        if (status == DK_OK && d->format->family == FILES && d->all->config->ingest == NULL) {
            status = dk_fail(
                err, DK_BUSY,
                "This server has no program that makes such files (dikuai-ingest); take f=csv, xlsx or geojson.");
            d->shown = true;
        }
        const bool geometry = d->format->family != CSV ? d->format->family != XLSX : m->q.columns.wkt;
        const bool outlines = geometry && kind->geometry != DK_NO_GEOMETRY && m->q.items.outline;
        m->q.items.query.with_geometry = outlines;
        if (status == DK_OK)
            status = check_rows(m, err);
        m->q.items.query.with_geometry = outlines;
        if (status == DK_OK)
            status = d->format->family == FILES ? make_files(m, err) : make_stream(m, err);
        if (m->writer != NULL)
            m->writer->free(m->writer);
    }
    dk_item_query_finish(&m->q.items);
    dk_buf_finish(&m->out);
    dk_pool_give(d->all->pool, m->ctx.worker);
    return status;
}

static void *make_downloads(void *user)
{
    dk_downloads *all = user;
    making *m = malloc(sizeof *m);
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* of this thread alone, and of the children that it starts */
    for (;;) {
        pthread_mutex_lock(&all->mutex);
        while (all->first == NULL && !all->stopping)
            pthread_cond_wait(&all->changed, &all->mutex);
        dk_download *d = all->first;
        size_t place = 0;
        if (d != NULL) {
            all->first = d->next;
            all->waiting--;
            while (all->making[place] != NULL)
                place++;
            all->making[place] = d;
        }
        const bool stopping = all->stopping;
        pthread_mutex_unlock(&all->mutex);
        if (d == NULL)
            break;
        dk_error error = {0};
        dk_status status = stopping    ? dk_fail(&error, DK_BUSY, "the server is stopping")
                           : m == NULL ? dk_fail(&error, DK_NOMEM, "out of memory")
                                       : make(d, m, &error);
        if (status == DK_OK && d->caller.way != DK_WAY_NONE)
            dk_audit_exported(all->config->writer, &d->caller, d->request.path[1], d->format->name, m->rows);
        finish(d, status, &error);
        pthread_mutex_lock(&all->mutex);
        all->making[place] = NULL;
        pthread_mutex_unlock(&all->mutex);
        release(d);
    }
    free(m);
    return NULL;
}

/* ---- all of them ---- */

dk_status dk_downloads_create(const dk_config *config, dk_downloads **ret_downloads, dk_error *err)
{
    dk_downloads *all = calloc(1, sizeof *all);
    if (all == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    all->config = config;
    all->room.most = config->download_size;
    pthread_mutex_init(&all->mutex, NULL);
    pthread_cond_init(&all->changed, NULL);
    dk_status status = dk_pool_create(config->store_path, THREADS, NULL, &all->pool, err);
    while (status == DK_OK && all->n_threads < THREADS) {
        if (pthread_create(&all->threads[all->n_threads], NULL, make_downloads, all) != 0)
            status = dk_fail(err, DK_INTERNAL, "no thread can be started");
        else
            all->n_threads++;
    }
    if (status != DK_OK) {
        dk_downloads_stop(all);
        dk_downloads_free(all);
        return status;
    }
    *ret_downloads = all;
    return DK_OK;
}

void dk_downloads_close(dk_downloads *all)
{
    pthread_mutex_lock(&all->mutex);
    atomic_store(&all->stopping, true);
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->mutex);
}

void dk_downloads_stop(dk_downloads *all)
{
    if (all == NULL)
        return;
    dk_downloads_close(all);
    pthread_mutex_lock(&all->mutex);
    for (size_t i = 0; i < THREADS; i++)
        if (all->making[i] != NULL) {
            pthread_mutex_lock(&all->making[i]->mutex);
            all->making[i]->gone = true;
            pthread_mutex_unlock(&all->making[i]->mutex);
        }
    pthread_mutex_unlock(&all->mutex);
    for (size_t i = 0; i < all->n_threads; i++)
        pthread_join(all->threads[i], NULL);
    all->n_threads = 0;
}

void dk_downloads_free(dk_downloads *all)
{
    if (all == NULL)
        return;
    dk_pool_free(all->pool);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->mutex);
    free(all);
}

dk_status dk_download_start(dk_downloads *all, struct MHD_Connection *connection, dk_request *request,
                            const dk_viewer *viewer, const dk_caller *caller, const char *accept_encoding,
                            dk_download **ret_download, dk_error *err)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    dk_download *d = calloc(1, sizeof *d);
    if (d == NULL || info == NULL) {
        free(d);
        return dk_fail(err, DK_NOMEM, "out of memory");
    }
    atomic_init(&d->refs, 2);
    pthread_mutex_init(&d->mutex, NULL);
    d->all = all;
    d->connection = connection;
    d->socket = info->connect_fd;
    d->viewer = *viewer;
    if (caller != NULL)
        d->caller = *caller;
    d->format = format_of(request);
    d->gzip = d->format->coded && dk_prefers_gzip(accept_encoding);
    d->spool.fd = -1;
    d->spool.room = &all->room;
    d->began = now();
    d->deadline = d->began + all->config->download_seconds;
    pthread_mutex_lock(&all->mutex);
    if (all->stopping || all->waiting == MOST_WAITING || all->alive == MOST_ALIVE) {
        pthread_mutex_unlock(&all->mutex);
        pthread_mutex_destroy(&d->mutex);
        free(d);
        return dk_fail(err, DK_BUSY, "Too many downloads are under way; try again in a minute.");
    }
    d->request = *request;
    memset(request, 0, sizeof *request);
    d->suspended = true;
    MHD_suspend_connection(connection); /* before anyone can resume it */
    if (all->first == NULL)
        all->first = d;
    else
        all->last->next = d;
    all->last = d;
    all->waiting++;
    all->alive++;
    pthread_cond_signal(&all->changed);
    pthread_mutex_unlock(&all->mutex);
    *ret_download = d;
    return DK_OK;
}

/* ---- sending ---- */

static ssize_t read_file(void *user, uint64_t position, char *bytes, size_t size)
{
    dk_download *d = user;
    ssize_t result = 0;
    pthread_mutex_lock(&d->mutex);
    const uint64_t available = d->available;
    if ((d->finished && d->status != DK_OK) || now() > d->deadline)
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    else if (position >= available && d->finished)
        result = MHD_CONTENT_READER_END_OF_STREAM;
    else if (position >= available) {
        d->suspended = true;
        MHD_suspend_connection(d->connection);
    }
    pthread_mutex_unlock(&d->mutex);
    if (result != 0 || position >= available)
        return result;
    const uint64_t left = available - position;
    result = dk_spool_read(&d->spool, position, bytes, left < size ? (size_t)left : size);
    return result > 0 ? result : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void drop_response(void *user)
{
    dk_download_drop(user);
}

static enum MHD_Result respond_problem(dk_download *d, struct MHD_Connection *connection, const char *page,
                                       dk_status status, bool closing)
{
    bool show;
    const unsigned http = dk_http_status(status, &show);
    show |= d->shown;
    if (!show)
        log_failure(d, d->error.text);
    const dk_refusal refusal = {.status = http,
                                .sentence = show          ? d->error.text
                                            : http == 503 ? "The server is busy; try again in a moment."
                                                          : "The server could not make the file; its log says why.",
                                .page = page};
    return dk_respond_refusal(connection, &refusal, closing);
}

enum MHD_Result dk_download_respond(dk_download *d, struct MHD_Connection *connection, const char *page, bool closing)
{
    pthread_mutex_lock(&d->mutex);
    const bool finished = d->finished, gone = d->gone;
    const dk_status status = finished ? d->status : DK_OK;
    const uint64_t size = finished ? d->available : MHD_SIZE_UNKNOWN;
    d->answered = status == DK_OK;
    pthread_mutex_unlock(&d->mutex);
    if (gone || status != DK_OK) {
        const enum MHD_Result result = gone ? MHD_NO : respond_problem(d, connection, page, status, closing);
        dk_download_drop(d);
        return result;
    }
    if (dk_client_wants_other(connection, "")) { /* a file made on the way has no tag that one could name */
        dk_download_drop(d);
        return dk_respond_other(connection, closing);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(size, BLOCK_BYTES, read_file, d, drop_response);
    if (response == NULL) {
        dk_download_drop(d);
        return MHD_NO;
    }
    const dk_file_answer answer = {.type = d->format->type,
                                   .disposition = d->disposition,
                                   .gzip = d->gzip,
                                   .public_answer = d->viewer.audience == DK_PUBLIC,
                                   .ambient = dk_way_is_ambient(d->caller.way),
                                   .user_header = d->all->config->user_header};
    return dk_respond_file(connection, response, &answer, closing);
}
