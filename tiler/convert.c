#include "tiler/convert.h"

#include "tiler/temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 200, /* how often it is asked whether anyone still waits */
    SENTENCE_MAX = 900,
    EXIT_LIMIT = 3 /* of dikuai-ingest convert: a limit was reached */
};

struct dk_convert {
    pid_t pid;           /* 0: it has ended */
    int in, out, errors; /* our ends; -1: closed. All non-blocking */
    double deadline;
    bool (*gone)(void *user);
    void *user;
    dk_buf sentence; /* what it said */
    dk_buf *result;  /* takes what it writes; NULL: it writes nothing */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- finding ---- */

dk_status dk_convert_find(const char *given, char **ret_path, dk_error *err)
{
    char own[4096];
    char *path = NULL;
    if (given != NULL) {
        if (access(given, X_OK) != 0)
            return dk_fail(err, DK_NOT_FOUND, "--ingest %s: %s", given, strerror(errno));
        if ((path = realpath(given, NULL)) == NULL)
            return dk_fail(err, DK_NOT_FOUND, "--ingest %s: %s", given, strerror(errno));
        *ret_path = path;
        return DK_OK;
    }
    static const char *const places[] = {"dikuai-ingest", "../ingest/dikuai-ingest"};
    const ssize_t size = readlink("/proc/self/exe", own, sizeof own - 1);
    if (size > 0) {
        own[size] = '\0';
        char *slash = strrchr(own, '/');
        if (slash != NULL)
            *slash = '\0';
        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
            if (asprintf(&path, "%s/%s", own, places[i]) < 0)
                return dk_fail(err, DK_NOMEM, "out of memory");
            if (access(path, X_OK) == 0) {
                *ret_path = path;
                return DK_OK;
            }
            free(path);
        }
    }
    return dk_fail(err, DK_NOT_FOUND,
                   "there is no dikuai-ingest beside this program, so GeoPackage, FlatGeobuf and Shapefile cannot be "
                   "downloaded and no files read; say where it is with --ingest PATH");
}

/* ---- the child ---- */

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool non_blocking(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* Starts it with pipes at its three descriptors, in folder. */
static dk_status spawn(const char *program, const char *folder, char *const *arguments, dk_convert *c, dk_error *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1}, number = 0;
    char *home = NULL, *temporary = NULL;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, standard;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    sigemptyset(&standard);
    sigaddset(&standard, SIGPIPE);
    sigaddset(&standard, SIGTERM);
    sigaddset(&standard, SIGINT);
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0 ||
        !non_blocking(in[1]) || !non_blocking(out[0]) || !non_blocking(errors[0])) {
        number = errno;
    } else if (asprintf(&home, "HOME=%s", folder) < 0 || asprintf(&temporary, "TMPDIR=%s", folder) < 0) {
        number = ENOMEM;
    } else {
        char *environment[] = {home, temporary, (char[]){"LC_ALL=C.UTF-8"}, (char[]){"PATH=/usr/bin:/bin"}, NULL};
        posix_spawn_file_actions_adddup2(&actions, in[0], 0);
        posix_spawn_file_actions_adddup2(&actions, out[1], 1);
        posix_spawn_file_actions_adddup2(&actions, errors[1], 2);
        posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        posix_spawn_file_actions_addchdir_np(&actions, folder);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &standard);
        number = posix_spawn(&c->pid, program, &actions, &attributes, arguments, environment);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(home);
    free(temporary);
    close_end(&in[0]);
    close_end(&out[1]);
    close_end(&errors[1]);
    if (number != 0) {
        c->pid = 0;
        close_end(&in[1]);
        close_end(&out[0]);
        close_end(&errors[0]);
        return dk_fail(err, DK_IO, "%s cannot be started: %s", program, strerror(number));
    }
    c->in = in[1];
    c->out = out[0];
    c->errors = errors[0];
    return DK_OK;
}

/* Takes what can be read from one of its ends, up to `most` bytes in all; more is thrown away. */
static void take(int *fd, dk_buf *into, size_t most, bool *ret_over)
{
    char bytes[16 << 10];
    const ssize_t n = read(*fd, bytes, sizeof bytes);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close_end(fd);
        return;
    }
    if (n < 0)
        return;
    const size_t room = into != NULL && into->size < most ? most - into->size : 0;
    if (into != NULL)
        dk_buf_append(into, bytes, (size_t)n < room ? (size_t)n : room);
    if (ret_over != NULL && (size_t)n > room)
        *ret_over = true;
}

static dk_status check(dk_convert *c, dk_error *err)
{
    if (c->gone != NULL && c->gone(c->user))
        return dk_fail(err, DK_INTERNAL, "nobody waits for the file any more");
    if (now() > c->deadline)
        return dk_fail(
            err, DK_LIMIT,
            "The conversion takes longer than this server allows; narrow what is asked for, or send a smaller "
            "file.");
    return DK_OK;
}

/* Waits until it takes or gives something, or ends. Writes at most size bytes, and says how many. */
static dk_status exchange(dk_convert *c, const void *data, size_t size, size_t *ret_written, dk_error *err)
{
    bool over = false;
    struct pollfd fds[3] = {{c->in, size > 0 ? POLLOUT : 0, 0}, {c->out, POLLIN, 0}, {c->errors, POLLIN, 0}};
    *ret_written = 0;
    if (size == 0)
        fds[0].fd = -1;
    if (poll(fds, 3, LOOK_MS) < 0 && errno != EINTR)
        return dk_fail(err, DK_IO, "the conversion cannot be waited for: %s", strerror(errno));
    if (fds[1].revents != 0)
        take(&c->out, c->result, DK_CONVERT_RESULT_MAX, &over);
    if (fds[2].revents != 0)
        take(&c->errors, &c->sentence, SENTENCE_MAX, NULL);
    if (over && c->result != NULL)
        return dk_fail(err, DK_LIMIT, "The file has more outlines than are taken here; send a smaller one.");
    if (fds[0].revents != 0) {
        const ssize_t n = write(c->in, data, size);
        if (n > 0)
            *ret_written = (size_t)n;
        else if (n < 0 && errno != EAGAIN && errno != EINTR)
            close_end(&c->in); /* it ended: its sentence says why */
    }
    return check(c, err);
}

/* Waits for the process, of which the pipes have said that it ends. */
static dk_status reap(dk_convert *c, int *ret_code, dk_error *err)
{
    const struct timespec pause = {0, 2 * 1000 * 1000};
    int code = 0;
    for (;;) {
        const pid_t pid = waitpid(c->pid, &code, WNOHANG);
        if (pid == c->pid)
            break;
        if (pid < 0 && errno != EINTR) {
            c->pid = 0;
            return dk_fail(err, DK_INTERNAL, "the conversion is lost: %s", strerror(errno));
        }
        const dk_status status = check(c, err);
        if (status != DK_OK)
            return status;
        nanosleep(&pause, NULL);
    }
    c->pid = 0;
    *ret_code = code;
    return DK_OK;
}

/* A status of a child that failed, with its own sentence. */
static dk_status told(dk_convert *c, int code, dk_status otherwise, dk_error *err)
{
    static const char program[] = "dikuai-ingest: ";
    const char *text = dk_buf_cstr(&c->sentence);
    if (WIFEXITED(code) && text != NULL && *text != '\0') {
        if (strncmp(text, program, sizeof program - 1) == 0)
            text += sizeof program - 1;
        return dk_fail(err,
                       WEXITSTATUS(code) == EXIT_LIMIT ? DK_LIMIT
                       : WEXITSTATUS(code) == 1        ? otherwise
                                                       : DK_INTERNAL,
                       "%.*s", (int)strcspn(text, "\n"), text);
    }
    /* What foreign bytes do to it is theirs: too much memory ends it too. */
    if ((WIFEXITED(code) && WEXITSTATUS(code) == EXIT_LIMIT) ||
        (WIFSIGNALED(code) && (otherwise == DK_INVALID || WTERMSIG(code) == SIGXCPU || WTERMSIG(code) == SIGXFSZ)))
        return dk_fail(err, DK_LIMIT,
                       otherwise == DK_INVALID
                           ? "The file cannot be read within what this server allows: it is too large, or damaged."
                           : "The conversion needs more than this server allows; narrow what is asked for.");
    return dk_fail(err, DK_INTERNAL, "dikuai-ingest convert ended with %s %d", WIFSIGNALED(code) ? "signal" : "status",
                   WIFSIGNALED(code) ? WTERMSIG(code) : WEXITSTATUS(code));
}

static dk_status finish(dk_convert *c, dk_status otherwise, dk_error *err)
{
    size_t written;
    int code = 0;
    close_end(&c->in);
    dk_status status = DK_OK;
    while (status == DK_OK && (c->out >= 0 || c->errors >= 0))
        status = exchange(c, NULL, 0, &written, err);
    if (status == DK_OK)
        status = reap(c, &code, err);
    if (status == DK_OK && code != 0)
        status = told(c, code, otherwise, err);
    return status;
}

static dk_status write_all(dk_convert *c, const void *data, size_t size, dk_error *err)
{
    const char *at = data;
    dk_status status = DK_OK;
    while (status == DK_OK && size > 0 && c->in >= 0) {
        size_t n = 0;
        status = exchange(c, at, size, &n, err);
        at += n;
        size -= n;
    }
    return status;
}

static dk_convert *create(double seconds)
{
    dk_convert *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->in = c->out = c->errors = -1;
    c->deadline = now() + seconds;
    dk_buf_init(&c->sentence);
    return c;
}

void dk_convert_free(dk_convert *c)
{
    if (c == NULL)
        return;
    if (c->pid > 0) {
        kill(-c->pid, SIGKILL);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    close_end(&c->in);
    close_end(&c->out);
    close_end(&c->errors);
    dk_buf_finish(&c->sentence);
    free(c);
}

static dk_status no_program(dk_error *err)
{
    return dk_fail(err, DK_BUSY,
                   "This server has no program to convert files with (dikuai-ingest); an area needs none as GeoJSON or "
                   "WKT, a download as CSV, XLSX or GeoJSON.");
}

/* ---- downloads ---- */

dk_status dk_convert_start(const dk_config *config, const dk_convert_options *options, dk_convert **ret_convert,
                           dk_error *err)
{
    if (config->ingest == NULL)
        return no_program(err);
    dk_convert *c = create(options->seconds);
    if (c == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    c->gone = options->gone;
    c->user = options->user;
    char limit[32], seconds[32];
    snprintf(limit, sizeof limit, "%llu", (unsigned long long)options->most_bytes);
    snprintf(seconds, sizeof seconds, "%.0f", options->seconds + 1);
    const char *const arguments[] = {config->ingest,   "convert",      "-",
                                     "--from",         "rows",         "--to",
                                     options->to,      "--output",     options->output,
                                     "--confined",     "--most-bytes", limit,
                                     "--most-seconds", seconds,        NULL};
    const dk_status status = spawn(config->ingest, options->folder, (char *const *)(uintptr_t)arguments, c, err);
    if (status != DK_OK) {
        dk_convert_free(c);
        return status;
    }
    *ret_convert = c;
    return DK_OK;
}

dk_status dk_convert_write(dk_convert *convert, const void *data, size_t size, dk_error *err)
{
    dk_status status = write_all(convert, data, size, err);
    if (status != DK_OK || convert->in >= 0)
        return status;
    status = finish(convert, DK_INTERNAL, err); /* it ended before it had all */
    return status != DK_OK ? status : dk_fail(err, DK_INTERNAL, "dikuai-ingest convert ended early");
}

dk_status dk_convert_end(dk_convert *convert, dk_error *err)
{
    return finish(convert, DK_INTERNAL, err);
}

/* ---- uploads ---- */

static dk_status keep(const char *folder, const char *name, const void *data, size_t size, dk_error *err)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    free(path);
    dk_status status = fd < 0 ? dk_fail(err, DK_IO, "an upload cannot be kept: %s", strerror(errno)) : DK_OK;
    for (const char *at = data; status == DK_OK && size > 0;) {
        const ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            status = dk_fail(err, n < 0 && errno != ENOSPC ? DK_IO : DK_FULL, "an upload cannot be kept: %s",
                             strerror(errno));
            break;
        }
        at += n;
        size -= (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    return status;
}

dk_status dk_convert_upload(const dk_config *config, const void *data, size_t size, const char *suffix,
                            dk_buf *ret_geojson, dk_error *err)
{
    if (config->ingest == NULL || config->temp_folder == NULL)
        return no_program(err);
    const size_t length = strlen(suffix);
    if (length == 0 || length > 10 || strspn(suffix, "abcdefghijklmnopqrstuvwxyz0123456789") != length)
        return dk_fail(err, DK_INVALID, "A file of this kind is not read.");
    char *folder = NULL;
    char name[32], seconds[16];
    snprintf(name, sizeof name, "upload.%s", suffix);
    snprintf(seconds, sizeof seconds, "%d", DK_CONVERT_UPLOAD_SECONDS);
    dk_convert *c = create(DK_CONVERT_UPLOAD_SECONDS);
    dk_status status =
        c == NULL ? dk_fail(err, DK_NOMEM, "out of memory") : dk_temp_folder_make(config->temp_folder, &folder, err);
    if (status == DK_OK)
        status = keep(folder, name, data, size, err);
    const char *const arguments[] = {config->ingest, "convert",        name,    "--to", "geojson",
                                     "--confined",   "--most-seconds", seconds, NULL};
    if (status == DK_OK) {
        c->result = ret_geojson;
        status = spawn(config->ingest, folder, (char *const *)(uintptr_t)arguments, c, err);
    }
    if (status == DK_OK)
        status = finish(c, DK_INVALID, err);
    if (status == DK_OK && ret_geojson->failed)
        status = dk_fail(err, DK_NOMEM, "out of memory");
    dk_convert_free(c);
    dk_temp_folder_remove(folder);
    return status;
}
