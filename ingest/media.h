/* What a scan is by its bytes, and whether it is whole. Forms: PDF (ISO 32000-1, 7.5), JPEG (ITU-T T.81, annex B), PNG
 * (RFC 2083, 3), TIFF 6.0 and BigTIFF, OFD (GB/T 33190-2016, 7.1: a ZIP with OFD.xml). Pictures are not decoded. */
#ifndef DK_INGEST_MEDIA_H
#define DK_INGEST_MEDIA_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are read where they are needed. */
typedef struct dk_media_bytes {
    /* Reads size bytes from offset on; false if they cannot all be read. */
    bool (*read)(void *user, uint64_t offset, void *to, size_t size);
    void *user;
    uint64_t size; /* of all */
} dk_media_bytes;

typedef struct dk_media {
    const char *type; /* IANA media type, static */
    int64_t pages;    /* 0: not known, as of a PDF, whose pages only its objects tell */
} dk_media;

/* DK_INVALID with what is wrong, without the file's name: "is empty", "is none of …", "is cut off …". */
dk_status dk_media_inspect(const dk_media_bytes *bytes, dk_media *ret_media, dk_error *err);

/* The media type that the ending of a name says (.pdf .jpg .jpeg .png .tif .tiff .ofd, in any case); NULL: none of
 * them. */
const char *dk_media_of_name(const char *name);
/* "JPEG" of image/jpeg. */
const char *dk_media_title(const char *type);

#endif
