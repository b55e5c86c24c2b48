/* What a source was when it was loaded: the SHA-256 of every file that it consists of. A shapefile is its .shp, .shx,
 * .dbf, .prj and .cpg, a MapInfo table its parts, a folder all files in it; anything else is one file. A path into an archive
 * stands for the archive. */
#ifndef DK_INGEST_FINGERPRINT_H
#define DK_INGEST_FINGERPRINT_H

#include "store/load.h"

typedef struct dk_fingerprint {
    dk_source_file *files; /* by name; the named file first */
    size_t n_files, capacity;
} dk_fingerprint;

/* Reads the files, so that what is loaded next is in memory already. A pipe or device, which can be read once only,
 * has none. DK_IO, DK_LIMIT (a folder of more than 10,000 files) or DK_NOMEM with a sentence that names the file. */
dk_status dk_fingerprint_take(const char *path, dk_fingerprint *ret_fingerprint, dk_error *err);
void dk_fingerprint_finish(dk_fingerprint *fingerprint);

#endif
