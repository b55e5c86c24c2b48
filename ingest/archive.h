/* ZIP archives, read by a reader of our own that trusts nothing in them: names cannot lead out, what an entry unpacks
 * to is what the directory announces and no byte more, and an archive that announces too much is not opened. Form:
 * PKWARE APPNOTE.TXT 6.3.10; entries stored or deflated (RFC 1951), also with ZIP64 sizes. */
#ifndef DK_INGEST_ARCHIVE_H
#define DK_INGEST_ARCHIVE_H

#include "ingest/encoding.h"

#include <stdio.h>

#define DK_ARCHIVE_MAX_ENTRIES 10000u
#define DK_ARCHIVE_MAX_BYTES (4ull << 30)  /* that all entries unpack to */
#define DK_ARCHIVE_MAX_RATIO 400u          /* of an entry that is larger than */
#define DK_ARCHIVE_RATIO_BYTES (64u << 20) /* this; no real data shrink so much */

typedef struct dk_archive dk_archive;

typedef struct dk_archive_entry {
    const char *name; /* UTF-8 with "/" between its parts, checked by dk_scratch_name_good; owned by the archive */
    uint64_t size;    /* unpacked */
    bool encrypted;
    /* for the reader */
    uint64_t packed, offset;
    uint32_t crc;
    unsigned method;
} dk_archive_entry;

/* Reads the directory. Folders and links in it are left out. A name that is not said to be UTF-8 is decided by its
 * bytes: strict UTF-8, else GB18030. DK_INVALID with a sentence that begins with path: not a ZIP, cut off, or not safe.
 */
dk_status dk_archive_open(const char *path, dk_archive **ret_archive, dk_error *err);
/* The same over bytes in memory, which must outlive the archive. */
dk_status dk_archive_open_memory(const void *data, size_t size, dk_archive **ret_archive, dk_error *err);
void dk_archive_close(dk_archive *archive); /* NULL-safe */
size_t dk_archive_entries(const dk_archive *archive, const dk_archive_entry **ret_entries);

/* Unpacks an entry into a file open for writing. DK_INVALID: damaged, encrypted or packed in another way; DK_FULL. */
dk_status dk_archive_unpack(dk_archive *archive, const dk_archive_entry *entry, FILE *to, dk_error *err);

#endif
