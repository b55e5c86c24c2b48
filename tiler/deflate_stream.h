/* Compressing piece by piece, in bounded memory, into a sink: gzip (RFC 1952) or bare deflate (RFC 1951), by ISA-L. */
#ifndef DK_TILER_DEFLATE_STREAM_H
#define DK_TILER_DEFLATE_STREAM_H

#include "tiler/sink.h"

#include <stdbool.h>

typedef struct dk_deflate_stream dk_deflate_stream;

/* sink is copied. NULL: out of memory. */
dk_deflate_stream *dk_deflate_stream_create(bool gzip, const dk_sink *sink);
/* last: nothing follows. */
dk_status dk_deflate_stream_write(dk_deflate_stream *stream, const void *data, size_t size, bool last, dk_error *err);
/* Begins another of the same kind, behind the last. */
void dk_deflate_stream_reset(dk_deflate_stream *stream);
void dk_deflate_stream_free(dk_deflate_stream *stream); /* NULL-safe */

#endif
