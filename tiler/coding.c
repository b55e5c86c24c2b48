#include "tiler/coding.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

/* gzip by ISA-L takes half of libdeflate's time for 1 to 3 % more bytes; below this size its tables cost as much as it
 * saves (tests/bench/README.md). */
enum { ISAL_MIN = 6000, ISAL_LEVEL = 2, LIBDEFLATE_LEVEL = 1, ZSTD_LEVEL = 1 };

struct dk_coder {
    struct libdeflate_compressor *libdeflate;
    struct isal_zstream isal;
    uint8_t *isal_memory; /* ISAL_DEF_LVL2_DEFAULT bytes */
    ZSTD_CCtx *zstd;
};

dk_coder *dk_coder_create(void)
{
    dk_coder *coder = calloc(1, sizeof *coder);
    if (coder == NULL)
        return NULL;
    coder->libdeflate = libdeflate_alloc_compressor(LIBDEFLATE_LEVEL);
    coder->isal_memory = malloc(ISAL_DEF_LVL2_DEFAULT);
    coder->zstd = ZSTD_createCCtx();
    if (coder->libdeflate == NULL || coder->isal_memory == NULL || coder->zstd == NULL) {
        dk_coder_free(coder);
        return NULL;
    }
    return coder;
}

void dk_coder_free(dk_coder *coder)
{
    if (coder == NULL)
        return;
    libdeflate_free_compressor(coder->libdeflate);
    free(coder->isal_memory);
    ZSTD_freeCCtx(coder->zstd);
    free(coder);
}

/* Bytes written, 0: they did not fit. */
static size_t gzip_isal(dk_coder *coder, const void *data, size_t size, unsigned char *out, size_t room)
{
    struct isal_zstream *stream = &coder->isal;
    isal_deflate_init(stream);
    stream->level = ISAL_LEVEL;
    stream->level_buf = coder->isal_memory;
    stream->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
    stream->gzip_flag = IGZIP_GZIP;
    stream->end_of_stream = 1;
    stream->flush = NO_FLUSH;
    stream->next_in = (uint8_t *)(uintptr_t)data; /* only read */
    stream->avail_in = (uint32_t)size;
    stream->next_out = out;
    stream->avail_out = (uint32_t)room;
    if (isal_deflate(stream) != COMP_OK || stream->internal_state.state != ZSTATE_END)
        return 0;
    return stream->total_out;
}

bool dk_coder_code(dk_coder *coder, dk_coding coding, const void *data, size_t size, dk_buf *out)
{
    dk_buf_clear(out);
    if (coding == DK_IDENTITY || size == 0)
        return false;
    /* A result as large as the body is of no use, so that is all the room it gets. */
    unsigned char *to = dk_buf_reserve(out, size);
    if (to == NULL) {
        dk_buf_clear(out);
        return false;
    }
    if (coding == DK_ZSTD) {
        const size_t done = ZSTD_compressCCtx(coder->zstd, to, size - 1, data, size, ZSTD_LEVEL);
        out->size = ZSTD_isError(done) ? 0 : done;
    } else if (size >= ISAL_MIN && size <= UINT32_MAX) {
        out->size = gzip_isal(coder, data, size, to, size - 1);
    } else {
        out->size = libdeflate_gzip_compress(coder->libdeflate, data, size, to, size - 1);
    }
    return out->size > 0;
}

const char *dk_coding_name(dk_coding coding)
{
    return coding == DK_GZIP ? "gzip" : coding == DK_ZSTD ? "zstd" : NULL;
}
