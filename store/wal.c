#include "store/wal.h"

#include "store/processors.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/statvfs.h>

/* To copy and to sync 64 MB takes most of a second, which a small publication should not take to be seen: what a writer
 * writes first stays in the log until it is done; not where the disk may become full before, for what could not be
 * copied would keep it full. */
enum {
    COPIED = 1000,    /* pages, 16 MB, since the last time: copied into the file as far as readers allow */
    RESTARTED = 4000, /* 64 MB: begins anew */
    STAYS = 4000,     /* of a writer's first commits, */
    LONGEST = 10000,  /* 160 MB: unless the log is so long already, */
    ROOM_MB = 256,    /* or the disk has less than this free */
    WAIT_MS = 5000    /* for a reader that does not end; then not again until the log is twice as long */
};

/* A thread that copies while the writer goes on, so that the writer itself has little left to copy when the log begins
 * anew. It copies when it is asked to, and the writer waits for it before it copies itself: SQLite lets only one. Where
 * the disk has little room there is none: the writer copies all 16 MB and, if nobody reads them, the log begins anew at
 * once. */
typedef struct copier {
    sqlite3 *db; /* its own connection */
    pthread_t thread;
    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    bool asked, copying, stop;
} copier;

typedef struct dk_wal {
    int limit;      /* pages from which on the writer waits for readers */
    int begun;      /* pages after the first commit; 0: none yet */
    int pages;      /* after the last one */
    int copied;     /* pages when copying was asked for last */
    bool stays;     /* it is copied into the file at the end only */
    bool roomy;     /* the disk had room when the store was opened */
    bool tried;     /* to start a copier */
    copier *copier; /* NULL: none, the writer does it */
} dk_wal;

/* ---- the copier ---- */

static void copy_passively(sqlite3 *db)
{
    sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static void *copy_when_asked(void *user)
{
    copier *c = user;
    dk_thread_gives_way();
    pthread_mutex_lock(&c->mutex);
    while (!c->stop) {
        if (!c->asked) {
            pthread_cond_wait(&c->changed, &c->mutex);
            continue;
        }
        c->asked = false;
        c->copying = true;
        pthread_mutex_unlock(&c->mutex);
        copy_passively(c->db);
        pthread_mutex_lock(&c->mutex);
        c->copying = false;
        pthread_cond_broadcast(&c->changed);
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

/* NULL: it cannot be started, or there is one processor only. */
static copier *copier_start(const char *path)
{
    copier *c = dk_processors() > 1 ? calloc(1, sizeof *c) : NULL;
    if (c == NULL)
        return NULL;
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->changed, NULL);
    /* Reading anything opens the log. */
    if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) ==
            SQLITE_OK &&
        sqlite3_exec(c->db, "PRAGMA schema_version", NULL, NULL, NULL) == SQLITE_OK &&
        pthread_create(&c->thread, NULL, copy_when_asked, c) == 0)
        return c;
    sqlite3_close(c->db);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->mutex);
    free(c);
    return NULL;
}

static void copier_ask(copier *c)
{
    pthread_mutex_lock(&c->mutex);
    c->asked = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

/* Until it copies no more; it does not begin again before it is asked. */
static void copier_wait(copier *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->mutex);
    c->asked = false;
    while (c->copying)
        pthread_cond_wait(&c->changed, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
}

static void copier_stop(copier *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->mutex);
    c->stop = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->mutex);
    pthread_join(c->thread, NULL);
    sqlite3_close(c->db);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

/* ---- the writer ---- */

static void begin_anew(dk_store *store, int n_pages)
{
    dk_wal *wal = store->wal;
    copier_wait(wal->copier);
    sqlite3_busy_timeout(store->db, WAIT_MS);
    const int code = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    sqlite3_busy_timeout(store->db, DK_BUSY_WAIT_MS);
    wal->limit = (code & 0xff) != SQLITE_BUSY ? RESTARTED : n_pages > INT_MAX / 2 ? INT_MAX : 2 * n_pages;
    wal->copied = (code & 0xff) != SQLITE_BUSY ? 0 : n_pages;
}

static void copy(dk_store *store, int n_pages)
{
    dk_wal *wal = store->wal;
    if (n_pages >= wal->limit) {
        begin_anew(store, n_pages);
        return;
    }
    if (n_pages < wal->copied) /* it has begun anew by itself */
        wal->copied = 0;
    if (n_pages - wal->copied < COPIED)
        return;
    wal->copied = n_pages;
    if (!wal->tried && wal->roomy)
        wal->copier = copier_start(store->path);
    wal->tried = true;
    if (wal->copier != NULL)
        copier_ask(wal->copier);
    else
        copy_passively(store->db);
}

/* The commit is done, whatever becomes of the log. */
static int after_commit(void *user, sqlite3 *db, const char *name, int n_pages)
{
    dk_store *store = user;
    dk_wal *wal = store->wal;
    (void)db;
    (void)name;
    wal->pages = n_pages;
    if (wal->begun == 0)
        wal->begun = n_pages;
    wal->stays = wal->stays && n_pages >= wal->begun && n_pages - wal->begun < STAYS && n_pages < LONGEST;
    if (!wal->stays)
        copy(store, n_pages);
    return SQLITE_OK;
}

static bool has_room(const char *path)
{
    struct statvfs disk;
    return statvfs(path, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize >= (uint64_t)ROOM_MB << 20;
}

void dk_wal_keep_short(dk_store *store)
{
    store->wal = calloc(1, sizeof *store->wal);
    if (store->wal == NULL)
        return;
    store->wal->limit = RESTARTED;
    store->wal->stays = store->wal->roomy = has_room(store->path);
    sqlite3_wal_hook(store->db, after_commit, store);
}

void dk_wal_end(dk_store *store)
{
    dk_wal *wal = store->wal;
    if (wal == NULL)
        return;
    copier_stop(wal->copier);
    wal->copier = NULL;
    wal->tried = true;
    if (wal->stays && sqlite3_get_autocommit(store->db))
        copy(store, wal->pages);
    free(wal);
    store->wal = NULL;
}
