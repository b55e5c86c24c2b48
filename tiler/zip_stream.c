#include "tiler/zip_stream.h"

#include "store/buf.h"
#include "tiler/deflate_stream.h"

#include <isa-l/crc.h>
#include <stdlib.h>
#include <string.h>

enum {
    VERSION = 20,   /* 2.0: deflate */
    FLAGS = 0x0808, /* a data descriptor follows; the name is UTF-8 */
    DEFLATED = 8,
    MOST_ENTRIES = 65535
};
/* 1980-01-01 00:00: the same rows give the same bytes. */
#define DOS_TIME 0u
#define DOS_DATE 0x21u

struct dk_zip_stream {
    dk_sink sink;
    dk_deflate_stream *deflate;
    uint64_t written;            /* bytes of the archive */
    uint64_t start, size, first; /* of the entry: its header, its plain bytes, its first coded byte */
    uint32_t crc;
    char *name; /* of the entry; NULL: none is open */
    dk_buf directory;
    size_t entries;
};

static void put(dk_buf *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        dk_buf_byte(out, (unsigned char)(i < 8 ? value >> 8 * i : 0));
}

static dk_status pass_on(void *user, const void *data, size_t size, dk_error *err)
{
    dk_zip_stream *zip = user;
    zip->written += size;
    if (zip->written > UINT32_MAX)
        return dk_fail(err, DK_LIMIT,
                       "the file would be larger than 4 GB; narrow what is asked for with a filter or bbox");
    return dk_sink_write(&zip->sink, data, size, err);
}

static dk_status send(dk_zip_stream *zip, dk_buf *bytes, dk_error *err)
{
    const dk_status status =
        bytes->failed ? dk_fail(err, DK_NOMEM, "out of memory") : pass_on(zip, bytes->data, bytes->size, err);
    dk_buf_finish(bytes);
    return status;
}

dk_zip_stream *dk_zip_stream_create(const dk_sink *sink)
{
    dk_zip_stream *zip = calloc(1, sizeof *zip);
    if (zip == NULL)
        return NULL;
    zip->sink = *sink;
    dk_buf_init(&zip->directory);
    const dk_sink own = {pass_on, zip};
    zip->deflate = dk_deflate_stream_create(false, &own);
    if (zip->deflate == NULL) {
        free(zip);
        return NULL;
    }
    return zip;
}

static dk_status end_entry(dk_zip_stream *zip, dk_error *err)
{
    if (zip->name == NULL)
        return DK_OK;
    dk_status status = dk_deflate_stream_write(zip->deflate, "", 0, true, err);
    if (status != DK_OK)
        return status;
    const uint64_t coded = zip->written - zip->first;
    const size_t name_size = strlen(zip->name);
    dk_buf out;
    dk_buf_init(&out);
    put(&out, 0x08074b50, 4);
    put(&out, zip->crc, 4);
    put(&out, coded, 4);
    put(&out, zip->size, 4);
    status = send(zip, &out, err);

    dk_buf *d = &zip->directory; /* 4.3.12 */
    put(d, 0x02014b50, 4);
    put(d, VERSION | 3 << 8, 2); /* made by: Unix */
    put(d, VERSION, 2);
    put(d, FLAGS, 2);
    put(d, DEFLATED, 2);
    put(d, DOS_TIME, 2);
    put(d, DOS_DATE, 2);
    put(d, zip->crc, 4);
    put(d, coded, 4);
    put(d, zip->size, 4);
    put(d, name_size, 2);
    put(d, 0, 2 + 2 + 2 + 2);
    put(d, 0100644u << 16, 4); /* a plain file */
    put(d, zip->start, 4);
    dk_buf_append(d, zip->name, name_size);
    free(zip->name);
    zip->name = NULL;
    return status == DK_OK && d->failed ? dk_fail(err, DK_NOMEM, "out of memory") : status;
}

dk_status dk_zip_stream_entry(dk_zip_stream *zip, const char *name, dk_error *err)
{
    dk_status status = end_entry(zip, err);
    if (status != DK_OK)
        return status;
    if (zip->entries == MOST_ENTRIES)
        return dk_fail(err, DK_LIMIT, "the file would have too many parts");
    zip->entries++;
    zip->name = strdup(name);
    if (zip->name == NULL)
        return dk_fail(err, DK_NOMEM, "out of memory");
    zip->start = zip->written;
    zip->size = 0;
    zip->crc = 0;
    dk_deflate_stream_reset(zip->deflate);
    dk_buf out;
    dk_buf_init(&out);
    put(&out, 0x04034b50, 4);
    put(&out, VERSION, 2);
    put(&out, FLAGS, 2);
    put(&out, DEFLATED, 2);
    put(&out, DOS_TIME, 2);
    put(&out, DOS_DATE, 2);
    put(&out, 0, 4 + 4 + 4); /* in the descriptor */
    put(&out, strlen(name), 2);
    put(&out, 0, 2);
    dk_buf_text(&out, name);
    status = send(zip, &out, err);
    zip->first = zip->written;
    return status;
}

dk_status dk_zip_stream_write(dk_zip_stream *zip, const void *data, size_t size, dk_error *err)
{
    zip->size += size;
    if (zip->size > UINT32_MAX)
        return dk_fail(err, DK_LIMIT,
                       "the file would be larger than 4 GB; narrow what is asked for with a filter or bbox");
    if (size == 0)
        return DK_OK;
    zip->crc = crc32_gzip_refl(zip->crc, data, size);
    return dk_deflate_stream_write(zip->deflate, data, size, false, err);
}

uint64_t dk_zip_stream_entry_size(const dk_zip_stream *zip)
{
    return zip->size;
}

dk_status dk_zip_stream_end(dk_zip_stream *zip, dk_error *err)
{
    dk_status status = end_entry(zip, err);
    if (status != DK_OK)
        return status;
    const uint64_t start = zip->written, size = zip->directory.size;
    dk_buf out;
    dk_buf_init(&out);
    dk_buf_append(&out, zip->directory.data, zip->directory.size);
    put(&out, 0x06054b50, 4); /* 4.3.16 */
    put(&out, 0, 2 + 2);
    put(&out, zip->entries, 2);
    put(&out, zip->entries, 2);
    put(&out, size, 4);
    put(&out, start, 4);
    put(&out, 0, 2);
    return send(zip, &out, err);
}

void dk_zip_stream_free(dk_zip_stream *zip)
{
    if (zip == NULL)
        return;
    dk_deflate_stream_free(zip->deflate);
    dk_buf_finish(&zip->directory);
    free(zip->name);
    free(zip);
}
