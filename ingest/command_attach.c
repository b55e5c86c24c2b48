/* attach: scans to the rows whose 文号 they are named by. What does not fit exactly one row is said and left alone. */
#include "ingest/commands.h"

#include "ingest/json.h"
#include "ingest/media.h"
#include "ingest/progress.h"
#include "ingest/say.h"
#include "ingest/scans.h"
#include "store/approval_index.h"
#include "store/approval_no.h"
#include "store/asked.h"
#include "store/document.h"
#include "store/log_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct attaching {
    const dk_options *options;
    dk_store *store;
    const dk_kind *kind;
    dk_approval_index *index; /* NULL with --key */
    dk_buf key;               /* with --key: that of the row */
    dk_scans scans;
    dk_attaching batch;
    int64_t generation; /* in which it was published; 0: it was not */
    int64_t taken_up,
        n_taken_up;      /* batches of the same command, interrupted, that were published now: the first, how many */
    int64_t taken_up_in; /* generation of the last of them */
    int64_t attached, unchanged, left;
    int64_t staged, staged_batch; /* of the unchanged, those that nobody sees yet; the batch of the first */
    dk_buf left_json;
    dk_progress_bar bar;
    dk_error err;
} attaching;

/* ---- what is left ---- */

static void leave(attaching *a, const dk_scan *scan, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The file stays unattached, and the sentence says why. */
static void leave(attaching *a, const dk_scan *scan, const char *format, ...)
{
    char text[DK_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    a->left++;
    if (!a->options->json) {
        dk_progress_clear(&a->bar);
        dk_say(stdout, "%s: %s", scan->shown, text);
    } else {
        dk_buf_text(&a->left_json, a->left > 1 ? ",{\"file\":" : "{\"file\":");
        dk_json_string(scan->shown, &a->left_json);
        dk_buf_text(&a->left_json, ",\"reason\":");
        dk_json_string(text, &a->left_json);
        dk_buf_byte(&a->left_json, '}');
    }
}

/* ---- which row ---- */

typedef struct matching {
    attaching *a;
    const dk_scan *scan;
    const char *key; /* the one row of all numbers so far */
    bool left;
} matching;

/* A number that is part of the one in the name, as 皖政地〔2020〕1号 is of 批次皖政地〔2020〕1号. Which it is, is for
 * people to say. */
static const char *part_in_store(const attaching *a, const char *number, size_t size, size_t *ret_size)
{
    const char *key;
    for (size_t from = 1; from < size; from++) {
        if (((unsigned char)number[from] & 0xC0) == 0x80)
            continue;
        if (dk_approval_index_find(a->index, number + from, size - from, &key) > 0) {
            *ret_size = size - from;
            return number + from;
        }
    }
    return NULL;
}

static bool match_number(const char *number, size_t size, void *user)
{
    matching *m = user;
    attaching *a = m->a;
    const char *key, *kind = a->kind->name;
    size_t part_size = 0;
    const int shown = (int)size;
    const size_t n = dk_approval_index_find(a->index, number, size, &key);
    m->left = true;
    if (n > 1) {
        leave(a, m->scan, "%.*s fits %zu rows of %s; say which with --key", shown, number, n, kind);
    } else if (n == 1 && m->key != NULL && strcmp(m->key, key) != 0) {
        leave(a, m->scan, "its name holds the 文号 of %s and of %s; say which with --key", m->key, key);
    } else if (n == 1) {
        m->key = key;
        m->left = false;
    } else {
        const char *part = part_in_store(a, number, size, &part_size);
        if (part != NULL)
            leave(a, m->scan,
                  "no row of %s has %.*s; if %.*s is meant, put a blank before it in the name, or say --key", kind,
                  shown, number, (int)part_size, part);
        else
            leave(a, m->scan, "no row of %s has %.*s; load it first, or correct the name", kind, shown, number);
    }
    return !m->left;
}

/* NULL: the file is left, with its reason said. */
static const char *row_of(attaching *a, const dk_scan *scan)
{
    matching m = {.a = a, .scan = scan};
    if (a->options->key != NULL)
        return (const char *)a->key.data;
    if (scan->numbers[0] == '\0') {
        leave(a, scan, "neither its name nor a folder's holds a 文号; rename it, or say --key");
        return NULL;
    }
    dk_approval_no_each(scan->numbers, match_number, &m);
    return m.left ? NULL : m.key;
}

/* ---- one file ---- */

static bool read_file(void *user, uint64_t offset, void *to, size_t size)
{
    unsigned char *bytes = to;
    while (size > 0) {
        const ssize_t n = pread(*(int *)user, bytes, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

/* Whether the open file is a scan, and the one that its ending says. Leaves it if not. */
static bool is_scan(attaching *a, const dk_scan *scan, int fd, uint64_t size, dk_media *ret_media)
{
    const dk_media_bytes bytes = {read_file, &fd, size};
    const char *named = dk_media_of_name(scan->name);
    dk_error err = {0};
    if (dk_media_inspect(&bytes, ret_media, &err) != DK_OK) {
        leave(a, scan, "%s", err.text);
        return false;
    }
    if (named == NULL) {
        leave(a, scan, "is a %s, and its name does not end so; rename it", dk_media_title(ret_media->type));
        return false;
    }
    if (named != ret_media->type) {
        leave(a, scan, "is called a %s and is a %s; rename it", dk_media_title(named), dk_media_title(ret_media->type));
        return false;
    }
    return true;
}

/* Failures of the store end the run; those of the file leave it. */
static dk_status attach_open(attaching *a, const dk_scan *scan, const char *key, int fd)
{
    struct stat info;
    dk_media media;
    bool is_new = false;
    dk_error err = {0};
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        leave(a, scan, "is no file");
        return DK_OK;
    }
    if (!is_scan(a, scan, fd, (uint64_t)info.st_size, &media))
        return DK_OK;
    dk_document what = {.media_type = media.type,
                        .pages = media.pages,
                        .name = scan->name,
                        .audience = a->options->audience,
                        .actor = dk_command_actor(a->options)};
    if (dk_document_digest(fd, scan->shown, what.sha256, &what.size, &err) != DK_OK || what.size != info.st_size) {
        leave(a, scan, "cannot be read, or was changed while it was read; attach it when nobody writes to it");
        return DK_OK;
    }
    const dk_status status = dk_document_attach(a->store, fd, &a->batch, key, &what, &is_new, &err);
    if (status == DK_CONFLICT) {
        leave(a, scan, "%s", err.text);
        return DK_OK;
    }
    if (status != DK_OK) {
        a->err = err;
        return status;
    }
    a->attached += is_new;
    a->unchanged += !is_new;
    return DK_OK;
}

static dk_status attach_one(attaching *a, const dk_scan *scan)
{
    const char *key = row_of(a, scan);
    if (key == NULL)
        return DK_OK;
    const int fd = open(scan->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe must not hold us */
    if (fd < 0) {
        leave(a, scan, "cannot be opened: %s", strerror(errno));
        return DK_OK;
    }
    const dk_status status = attach_open(a, scan, key, fd);
    close(fd);
    return status;
}

/* ---- all of them ---- */

static dk_status find_scans(attaching *a)
{
    dk_status status = DK_OK;
    dk_buf folder;
    dk_buf_init(&folder);
    char *store = dk_store_file(a->options->store);
    dk_buf_format(&folder, "%s.documents", store != NULL ? store : "");
    const char *without = dk_buf_cstr(&folder);
    if (store == NULL || without == NULL)
        status = dk_fail(&a->err, DK_NOMEM, "out of memory");
    for (size_t i = 0; status == DK_OK && i < a->options->n_sources; i++)
        status = dk_scans_add(&a->scans, a->options->sources[i], without, &a->err);
    free(store);
    dk_buf_finish(&folder);
    return status;
}

/* Finds the row that --key names: a 文号 in whatever brackets, where it is the whole key. */
static dk_status find_row(attaching *a)
{
    const char *key = a->options->key;
    const dk_kind *kind = a->kind;
    const bool by_number = kind->fields[kind->key_field].type == DK_FIELD_APPROVAL_NO && kind->n_qualifiers == 0 &&
                           !kind->qualify_by_source;
    dk_approval_rest rest = {.none = true};
    bool exists = false;
    if (by_number)
        dk_approval_no_read(key, strlen(key), &a->key, &rest);
    if (rest.none || rest.left[0] != '\0') { /* 123号之一 is another */
        dk_buf_clear(&a->key);
        dk_buf_text(&a->key, key);
    }
    if (dk_buf_cstr(&a->key) == NULL)
        return dk_fail(&a->err, DK_NOMEM, "out of memory");
    const dk_status status = dk_document_row_exists(a->store, kind, (const char *)a->key.data, &exists, &a->err);
    return status != DK_OK || exists
               ? status
               : dk_fail(&a->err, DK_NOT_FOUND, "--key %s: there is no such row of %s", key, kind->name);
}

static dk_status open_store(attaching *a)
{
    const dk_options *options = a->options;
    dk_status status = dk_store_open(options->store, options->dry_run ? DK_READ : DK_WRITE, &a->store, &a->err);
    if (status == DK_OK && options->log_key != NULL && !options->dry_run)
        status = dk_store_log_key(a->store, options->log_key, &a->err);
    if (status != DK_OK)
        return status;
    a->kind = dk_catalogue_kind(dk_store_catalogue(a->store), options->name);
    if (a->kind == NULL)
        return dk_fail(&a->err, DK_NOT_FOUND, "%s: the catalogue has no layer or record of that name", options->name);
    a->batch = (dk_attaching){.kind = a->kind,
                              .title = options->title != NULL ? options->title : "附件",
                              .source = options->sources[0],
                              .publish = options->publish};
    if (options->key == NULL)
        return dk_approval_index_create(a->store, a->kind, &a->index, &a->err);
    return find_row(a);
}

static dk_status publish(attaching *a, int64_t batch, int64_t *ret_generation)
{
    dk_status status = dk_command_justify(a->options, a->store, batch, dk_command_actor(a->options), &a->err);
    if (status == DK_OK && a->options->publish)
        status = dk_store_publish(a->store, batch, dk_command_actor(a->options), NULL, NULL, ret_generation, &a->err);
    return status;
}

/* What the same command attached and did not come to publish. */
static dk_status take_up(attaching *a)
{
    int64_t batch = 0;
    dk_status status;
    dk_id_list_sort(&a->batch.met);
    while ((status = dk_asked_attached(a->store, &a->batch, batch, dk_command_actor(a->options), &batch, &a->err)) ==
               DK_OK &&
           batch > 0) {
        status = publish(a, batch, &a->taken_up_in);
        if (status != DK_OK)
            break;
        a->taken_up = a->n_taken_up++ == 0 ? batch : a->taken_up;
    }
    return status;
}

static void print_summary(const attaching *a)
{
    printf("%s: %zu files, %" PRId64 " attached, %" PRId64 " unchanged, %" PRId64 " left\n", a->options->name,
           a->scans.n, a->attached, a->unchanged, a->left);
    if (a->n_taken_up > 0)
        printf("batch %" PRId64
               "%s of the same files and was to be published when attaching it was interrupted; that was taken up "
               "again, in generation %" PRId64 "\n",
               a->taken_up, a->n_taken_up > 1 ? " and others behind it are" : " is", a->taken_up_in);
    if (a->staged > 0)
        printf("%" PRId64 " of the unchanged files are staged and seen by nobody: dikuai-ingest publish %s %" PRId64
               "\n",
               a->staged, a->options->store, a->staged_batch);
    if (a->options->dry_run)
        printf("a dry run: nothing was kept\n");
    else if (a->generation > 0)
        printf("batch %" PRId64 " published in generation %" PRId64 "\n", a->batch.batch, a->generation);
    else if (a->batch.batch > 0)
        printf("batch %" PRId64 " is staged: publish it with dikuai-ingest publish %s %" PRId64 "\n", a->batch.batch,
               a->options->store, a->batch.batch);
    fflush(stdout);
}

static void print_json(attaching *a, dk_status status)
{
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_text(&out, "{\"kind\":");
    dk_json_string(a->options->name, &out);
    dk_buf_format(&out,
                  ",\"files\":%zu,\"attached\":%" PRId64 ",\"unchanged\":%" PRId64 ",\"unchanged_staged\":%" PRId64
                  ",\"dry_run\":%s",
                  a->scans.n, a->attached, a->unchanged, a->staged, a->options->dry_run ? "true" : "false");
    if (a->batch.batch > 0)
        dk_buf_format(&out, ",\"batch\":%" PRId64, a->batch.batch);
    if (a->generation > 0)
        dk_buf_format(&out, ",\"generation\":%" PRId64, a->generation);
    if (a->n_taken_up > 0)
        dk_buf_format(&out, ",\"taken_up\":%" PRId64, a->taken_up);
    dk_buf_text(&out, ",\"left\":[");
    if (a->left_json.size > 0)
        dk_buf_append(&out, a->left_json.data, a->left_json.size);
    dk_buf_text(&out, "],\"error\":");
    dk_json_string(status == DK_OK ? NULL : a->err.text, &out);
    dk_buf_byte(&out, '}');
    out.failed = out.failed || a->left_json.failed;
    dk_json_print(&out);
}

int dk_command_attach(const dk_options *options)
{
    attaching a = {.options = options};
    dk_progress_start(&a.bar, "attaching");
    dk_status status = open_store(&a);
    if (status == DK_OK)
        status = find_scans(&a);
    if (status == DK_OK && !options->dry_run)
        dk_documents_tidy(a.store);
    for (size_t i = 0; status == DK_OK && i < a.scans.n; i++) {
        if (*options->stop)
            status = dk_fail(&a.err, DK_LIMIT,
                             "interrupted after %zu of %zu files; what is attached stays, run it again for the rest", i,
                             a.scans.n);
        else
            status = attach_one(&a, &a.scans.list[i]);
        dk_progress_step((int64_t)i + 1, (int64_t)a.scans.n, &a.bar);
    }
    if (status == DK_OK && options->publish) /* never of a dry run */
        status = take_up(&a);
    if (status == DK_OK && a.batch.batch > 0)
        status = publish(&a, a.batch.batch, &a.generation);
    if (status == DK_OK)
        status = dk_attaching_staged(a.store, &a.batch, &a.staged, &a.staged_batch, &a.err);
    if (status == DK_OK && options->publish && a.staged > 0)
        status = dk_fail(
            &a.err, DK_CONFLICT,
            "%lld files are not published: they are in batch %lld, which an earlier attach staged; publish it with "
            "dikuai-ingest publish %s %lld, or withdraw it",
            (long long)a.staged, (long long)a.staged_batch, options->store, (long long)a.staged_batch);
    dk_progress_clear(&a.bar);
    if (status != DK_OK)
        dk_say(stderr, "dikuai-ingest: %s", a.err.text[0] != '\0' ? a.err.text : dk_status_text(status));
    if (options->json)
        print_json(&a, status);
    else if (a.index != NULL || options->key != NULL)
        print_summary(&a);
    const bool good = status == DK_OK && a.left == 0;
    dk_approval_index_free(a.index);
    dk_scans_finish(&a.scans);
    dk_id_list_finish(&a.batch.there);
    dk_id_list_finish(&a.batch.met);
    dk_buf_finish(&a.left_json);
    dk_buf_finish(&a.key);
    dk_store_close(a.store);
    return good ? DK_EXIT_DONE : DK_EXIT_FAILED;
}
