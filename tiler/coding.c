#include "tiler/coding.h"

#include "tiler/tile_symbols.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* gzip by ISA-L takes half of libdeflate's time for 1 to 3 % more bytes; below this size its tables cost as much as it
 * saves (tests/bench/README.md). Of tiles, each of which is much like the others, it is known beforehand how often a
 * symbol will come. So their tables are made once, and of each tile is asked only which of them fits: a fifth to two
 * thirds of the time is saved for 2 to 6 % more bytes, less of both the larger the tile. */
enum { ISAL_MIN = 6000, ISAL_LEVEL = 2, LIBDEFLATE_LEVEL = 1, ZSTD_LEVEL = 1 };

struct dk_coder {
    struct libdeflate_compressor *libdeflate;
    struct isal_zstream isal;
    uint8_t *isal_memory;                        /* ISAL_DEF_LVL2_DEFAULT bytes */
    struct isal_hufftables attributes, outlines; /* for tiles that have mostly these */
    ZSTD_CCtx *zstd;
};

static bool make_tables(const uint32_t symbols[DK_DEFLATE_SYMBOLS], struct isal_hufftables *ret_tables)
{
    struct isal_huff_histogram histogram;
    memset(&histogram, 0, sizeof histogram);
    for (size_t i = 0; i < DK_DEFLATE_SYMBOLS; i++)
        if (i < ISAL_DEF_LIT_LEN_SYMBOLS)
            histogram.lit_len_histogram[i] = symbols[i];
        else
            histogram.dist_histogram[i - ISAL_DEF_LIT_LEN_SYMBOLS] = symbols[i];
    return isal_create_hufftables(ret_tables, &histogram) == 0;
}

dk_coder *dk_coder_create(void)
{
    dk_coder *coder = calloc(1, sizeof *coder);
    if (coder == NULL)
        return NULL;
    coder->libdeflate = libdeflate_alloc_compressor(LIBDEFLATE_LEVEL);
    coder->isal_memory = malloc(ISAL_DEF_LVL2_DEFAULT);
    coder->zstd = ZSTD_createCCtx();
    if (coder->libdeflate == NULL || coder->isal_memory == NULL || coder->zstd == NULL ||
        !make_tables(dk_attribute_symbols, &coder->attributes) || !make_tables(dk_outline_symbols, &coder->outlines)) {
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

/* The tables by which a tile is likely to become smaller, from some of its bytes. */
static struct isal_hufftables *tables_for(dk_coder *coder, const unsigned char *tile, size_t size)
{
    enum { PLACES = 24, BYTES = 16 };
    const size_t step = size / PLACES > BYTES ? size / PLACES : BYTES;
    unsigned attributes = 0, outlines = 0;
    for (size_t at = 0; at + BYTES <= size; at += step)
        for (size_t i = at; i < at + BYTES; i++) {
            attributes += coder->attributes.lit_table_sizes[tile[i]];
            outlines += coder->outlines.lit_table_sizes[tile[i]];
        }
    return outlines < attributes ? &coder->outlines : &coder->attributes;
}

/* A stream just initialized: the whole body at once. */
static void set_body(struct isal_zstream *stream, const void *data, size_t size, unsigned char *out, size_t room)
{
    stream->gzip_flag = IGZIP_GZIP;
    stream->end_of_stream = 1;
    stream->flush = NO_FLUSH;
    stream->next_in = (uint8_t *)(uintptr_t)data; /* only read */
    stream->avail_in = (uint32_t)size;
    stream->next_out = out;
    stream->avail_out = (uint32_t)room;
}

/* Bytes written, 0: they did not fit. */
static size_t gzip_tile(dk_coder *coder, const void *data, size_t size, unsigned char *out, size_t room)
{
    struct isal_zstream *stream = &coder->isal;
    isal_deflate_stateless_init(stream);
    stream->hufftables = tables_for(coder, data, size);
    set_body(stream, data, size, out, room);
    return isal_deflate_stateless(stream) == COMP_OK ? stream->total_out : 0;
}

/* Bytes written, 0: they did not fit. */
static size_t gzip_isal(dk_coder *coder, const void *data, size_t size, unsigned char *out, size_t room)
{
    struct isal_zstream *stream = &coder->isal;
    isal_deflate_init(stream);
    stream->level = ISAL_LEVEL;
    stream->level_buf = coder->isal_memory;
    stream->level_buf_size = ISAL_DEF_LVL2_DEFAULT;
    set_body(stream, data, size, out, room);
    if (isal_deflate(stream) != COMP_OK || stream->internal_state.state != ZSTATE_END)
        return 0;
    return stream->total_out;
}

static size_t gzip_text(dk_coder *coder, const void *data, size_t size, unsigned char *out, size_t room)
{
    return size >= ISAL_MIN && size <= UINT32_MAX ? gzip_isal(coder, data, size, out, room)
                                                  : libdeflate_gzip_compress(coder->libdeflate, data, size, out, room);
}

bool dk_coder_code(dk_coder *coder, dk_coding coding, dk_matter matter, const void *data, size_t size, dk_buf *out)
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
    } else {
        if (matter == DK_MATTER_TILE && size <= DK_TILE_TABLES_MAX)
            out->size = gzip_tile(coder, data, size, to, size - 1);
        /* Also a tile that is not like the others. */
        if (out->size == 0 || (size >= ISAL_MIN && out->size > size / 8 * 7))
            out->size = gzip_text(coder, data, size, to, size - 1);
    }
    return out->size > 0;
}

bool dk_coder_must_code(dk_coder *coder, dk_coding coding, dk_matter matter, const void *data, size_t size, dk_buf *out)
{
    if (dk_coder_code(coder, coding, matter, data, size, out))
        return true;
    if (coding == DK_IDENTITY)
        return false;
    const size_t room =
        coding == DK_ZSTD ? ZSTD_compressBound(size) : libdeflate_gzip_compress_bound(coder->libdeflate, size);
    unsigned char *to = dk_buf_reserve(out, room);
    if (to != NULL && coding == DK_ZSTD) {
        const size_t done = ZSTD_compressCCtx(coder->zstd, to, room, data, size, ZSTD_LEVEL);
        out->size = ZSTD_isError(done) ? 0 : done;
    } else if (to != NULL) {
        out->size = libdeflate_gzip_compress(coder->libdeflate, data, size, to, room);
    }
    return out->size > 0;
}

const char *dk_coding_name(dk_coding coding)
{
    return coding == DK_GZIP ? "gzip" : coding == DK_ZSTD ? "zstd" : NULL;
}
