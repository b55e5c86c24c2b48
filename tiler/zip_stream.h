/* A ZIP archive (APPNOTE.TXT 6.3) written from its beginning to its end, without going back: sizes and checksum of an
 * entry stand behind it, in a data descriptor (4.3.9). Names are UTF-8 and say so (bit 11). Without ZIP64: an entry or
 * the archive of 4 GiB is DK_LIMIT. */
#ifndef DK_TILER_ZIP_STREAM_H
#define DK_TILER_ZIP_STREAM_H

#include "tiler/sink.h"

#include <stdint.h>

typedef struct dk_zip_stream dk_zip_stream;

/* sink is copied. NULL: out of memory. */
dk_zip_stream *dk_zip_stream_create(const dk_sink *sink);
/* Ends the entry before, and begins one. */
dk_status dk_zip_stream_entry(dk_zip_stream *zip, const char *name, dk_error *err);
dk_status dk_zip_stream_write(dk_zip_stream *zip, const void *data, size_t size, dk_error *err);
uint64_t dk_zip_stream_entry_size(const dk_zip_stream *zip); /* bytes written to the entry so far */
/* Ends the last entry and writes the directory. */
dk_status dk_zip_stream_end(dk_zip_stream *zip, dk_error *err);
void dk_zip_stream_free(dk_zip_stream *zip); /* NULL-safe */

#endif
