#include "tiler/deflate_stream.h"

#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <stdlib.h>

enum { LEVEL = 2, OUT_SIZE = 64 << 10 };
#define IN_MOST (1u << 30) /* ISA-L counts in 32 bits */

struct dk_deflate_stream {
    struct isal_zstream isal;
    bool gzip;
    dk_sink sink;
    uint8_t level_memory[ISAL_DEF_LVL2_DEFAULT];
    uint8_t out[OUT_SIZE];
};

void dk_deflate_stream_reset(dk_deflate_stream *stream)
{
    isal_deflate_init(&stream->isal);
    stream->isal.level = LEVEL;
    stream->isal.level_buf = stream->level_memory;
    stream->isal.level_buf_size = sizeof stream->level_memory;
    stream->isal.gzip_flag = stream->gzip ? IGZIP_GZIP : IGZIP_DEFLATE;
    stream->isal.flush = NO_FLUSH;
}

dk_deflate_stream *dk_deflate_stream_create(bool gzip, const dk_sink *sink)
{
    dk_deflate_stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->gzip = gzip;
    stream->sink = *sink;
    dk_deflate_stream_reset(stream);
    return stream;
}

dk_status dk_deflate_stream_write(dk_deflate_stream *stream, const void *data, size_t size, bool last, dk_error *err)
{
    struct isal_zstream *isal = &stream->isal;
    const uint8_t *at = data;
    do {
        const size_t piece = size < IN_MOST ? size : IN_MOST;
        isal->next_in = (uint8_t *)(uintptr_t)at; /* only read */
        isal->avail_in = (uint32_t)piece;
        at += piece;
        size -= piece;
        isal->end_of_stream = last && size == 0;
        do {
            isal->next_out = stream->out;
            isal->avail_out = sizeof stream->out;
            if (isal_deflate(isal) != COMP_OK)
                return dk_fail(err, DK_INTERNAL, "the answer cannot be compressed");
            const dk_status status =
                dk_sink_write(&stream->sink, stream->out, sizeof stream->out - isal->avail_out, err);
            if (status != DK_OK)
                return status;
        } while (isal->avail_out == 0 || isal->avail_in > 0 ||
                 (isal->end_of_stream && isal->internal_state.state != ZSTATE_END));
    } while (size > 0);
    return DK_OK;
}

void dk_deflate_stream_free(dk_deflate_stream *stream)
{
    free(stream);
}
