#include "tiler/download_rows.h"

#include "store/row_stream.h"
#include "tiler/convert.h"
#include "tiler/zip_stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct rows_writer {
    dk_row_writer base;
    const dk_row_columns *columns;
    struct dk_convert *convert;
    int64_t rows;
} rows_writer;

static void write_head(rows_writer *w, dk_buf *out)
{
    const dk_kind *kind = w->columns->kind;
    dk_stream_column columns[DK_MAX_FIELDS];
    for (size_t i = 0; i < w->columns->n; i++) {
        const dk_field *field = &kind->fields[w->columns->field[i]];
        columns[i] = (dk_stream_column){field->name, field->title != NULL ? field->title : field->name, field->type};
    }
    dk_row_stream_head(&(dk_stream_head){kind->name, kind->title != NULL ? kind->title : kind->name, kind->geometry,
                                         columns, w->columns->n},
                       out);
}

static dk_status rows_row(dk_row_writer *base, const dk_row *row, dk_buf *out, dk_error *err)
{
    rows_writer *w = (rows_writer *)base;
    dk_value values[DK_MAX_FIELDS];
    (void)err;
    if (w->rows++ == 0)
        write_head(w, out);
    for (size_t i = 0; i < w->columns->n; i++)
        values[i] = row->values[w->columns->field[i]];
    dk_row_stream_row(values, w->columns->n, row->wkb, row->undrawn ? 0 : row->wkb_size, out);
    return DK_OK;
}

static dk_status rows_send(dk_row_writer *base, dk_buf *out, bool last, dk_error *err)
{
    rows_writer *w = (rows_writer *)base;
    if (last && w->rows == 0)
        write_head(w, out);
    if (last)
        dk_row_stream_end(w->rows, out);
    if (out->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    dk_status status = dk_convert_write(w->convert, out->data, out->size, err);
    dk_buf_clear(out);
    return status == DK_OK && last ? dk_convert_end(w->convert, err) : status;
}

static void rows_free(dk_row_writer *base)
{
    free(base);
}

dk_row_writer *dk_rows_writer_create(const dk_row_columns *columns, struct dk_convert *convert)
{
    rows_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->base = (dk_row_writer){rows_row, rows_send, rows_free};
    w->columns = columns;
    w->convert = convert;
    return &w->base;
}

/* ---- a folder as ZIP ---- */

static dk_status add_file(dk_zip_stream *zip, int folder, const char *name, dk_error *err)
{
    char bytes[64 << 10];
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return dk_fail(err, DK_IO, "%s: %s", name, strerror(errno));
    dk_status status = dk_zip_stream_entry(zip, name, err);
    while (status == DK_OK) {
        const ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = dk_fail(err, DK_IO, "%s: %s", name, strerror(errno));
        if (n <= 0)
            break;
        status = dk_zip_stream_write(zip, bytes, (size_t)n, err);
    }
    close(fd);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

dk_status dk_zip_folder(const char *path, const dk_sink *sink, dk_error *err)
{
    enum { MOST = 16 };
    char *names[MOST];
    size_t n = 0;
    struct stat info;
    DIR *folder = opendir(path);
    dk_zip_stream *zip = dk_zip_stream_create(sink);
    dk_status status = folder == NULL ? dk_fail(err, DK_IO, "%s: %s", path, strerror(errno))
                       : zip == NULL  ? dk_fail(err, DK_NOMEM, "out of memory")
                                      : DK_OK;
    for (struct dirent *entry; status == DK_OK && n < MOST && (entry = readdir(folder)) != NULL;)
        if (fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
            (names[n] = strdup(entry->d_name)) != NULL)
            n++;
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        if (status == DK_OK)
            status = add_file(zip, dirfd(folder), names[i], err);
        free(names[i]);
    }
    if (status == DK_OK)
        status = dk_zip_stream_end(zip, err);
    dk_zip_stream_free(zip);
    if (folder != NULL)
        closedir(folder);
    return status;
}
