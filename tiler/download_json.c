/* GeoJSON (RFC 7946) as one FeatureCollection, and as a sequence (RFC 8142). */
#include "tiler/download_json.h"

#include <stdlib.h>

typedef struct json_writer {
    dk_row_writer base;
    dk_context *ctx;
    dk_sink sink;
    bool sequence;
    int64_t rows;
} json_writer;

static void begin(json_writer *w, dk_buf *out)
{
    if (!w->sequence)
        dk_buf_text(out, "{\"type\":\"FeatureCollection\",\"features\":[\n");
}

static dk_status json_row(dk_row_writer *base, const dk_row *row, dk_buf *out, dk_error *err)
{
    json_writer *w = (json_writer *)base;
    if (w->rows == 0)
        begin(w, out);
    if (w->sequence)
        dk_buf_byte(out, 0x1E);
    else if (w->rows > 0)
        dk_buf_text(out, ",\n");
    w->rows++;
    dk_json_init(&w->ctx->json, out);
    const dk_status status = dk_write_feature(w->ctx, row, false);
    if (w->sequence)
        dk_buf_byte(out, '\n');
    if (status != DK_OK && err != NULL)
        *err = w->ctx->error;
    return status;
}

static dk_status json_send(dk_row_writer *base, dk_buf *out, bool last, dk_error *err)
{
    json_writer *w = (json_writer *)base;
    if (last && w->rows == 0)
        begin(w, out);
    if (last && !w->sequence)
        dk_buf_format(out, "\n],\"numberReturned\":%lld,\"generation\":%lld}\n", (long long)w->rows,
                      (long long)w->ctx->worker->generation.number);
    if (out->failed)
        return dk_fail(err, DK_NOMEM, "out of memory");
    const dk_status status = dk_sink_write(&w->sink, out->data, out->size, err);
    dk_buf_clear(out);
    return status;
}

static void json_free(dk_row_writer *base)
{
    free(base);
}

dk_row_writer *dk_json_writer_create(dk_context *ctx, bool sequence, const dk_sink *sink)
{
    json_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->base = (dk_row_writer){json_row, json_send, json_free};
    w->ctx = ctx;
    w->sequence = sequence;
    w->sink = *sink;
    return &w->base;
}
