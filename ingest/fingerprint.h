/* What a source was when it was loaded: the SHA-256 of every file that it consists of. A shapefile is its .shp, .shx,
 * .dbf, .prj and .cpg, a MapInfo table its parts, a folder all files in it; anything else is one file. A path into an
 * archive stands for the archive.
 *
 * That what was hashed is what was read is told by the files' sizes and times: dk_fingerprint_list before anybody opens
 * them, dk_fingerprint_unchanged behind the last row. */
#ifndef DK_INGEST_FINGERPRINT_H
#define DK_INGEST_FINGERPRINT_H

#include "store/load.h"

#include <stdatomic.h>

typedef struct dk_file_state dk_file_state;

typedef struct dk_fingerprint {
    dk_source_file *files; /* by name; the named file first */
    dk_file_state *states; /* of each, as it was listed */
    size_t n_files, capacity;
} dk_fingerprint;

/* Finds the files. A pipe or device, which can be read once only, has none. DK_IO, DK_LIMIT (a folder of more than
 * 10,000 files) or DK_NOMEM with a sentence that names the file. */
dk_status dk_fingerprint_list(const char *path, dk_fingerprint *ret_fingerprint, dk_error *err);
/* Reads what was listed, so that what is loaded next is in memory already. stop: NULL, or true once nobody wants it any
 * more, on which it ends with DK_LIMIT soon. */
dk_status dk_fingerprint_hash(dk_fingerprint *fingerprint, const atomic_bool *stop, dk_error *err);
/* Both. */
dk_status dk_fingerprint_take(const char *path, dk_fingerprint *ret_fingerprint, dk_error *err);
/* DK_CONFLICT, with a sentence that begins with shown: one of the files was written to, replaced or removed since.
 * Locks, as those in a geodatabase, come and go. */
dk_status dk_fingerprint_unchanged(const dk_fingerprint *fingerprint, const char *shown, dk_error *err);
void dk_fingerprint_finish(dk_fingerprint *fingerprint);

#endif
