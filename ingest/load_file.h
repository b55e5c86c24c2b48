/* A data set on its way into a batch: opened, its columns and coordinate system decided, its rows read ahead. Opening
 * goes on in a thread of its own, so that several files of a folder are read at a time; what is found is told when the
 * rows are taken, in the order of the files. */
#ifndef DK_INGEST_LOAD_FILE_H
#define DK_INGEST_LOAD_FILE_H

#include "ingest/datasets.h"
#include "ingest/fingerprint.h"
#include "ingest/join.h"
#include "ingest/options.h"
#include "ingest/reading.h"
#include "ingest/set_values.h"
#include "ingest/transformation.h"

typedef struct dk_load_file_options {
    const dk_dataset *set;
    const dk_kind *kind;
    const char *store;                       /* its path, to look outlines of divisions up; NULL: none */
    const double *extent;                    /* of the catalogue */
    dk_file_settings settings;               /* what it points to outlives the file */
    const dk_transformation *transformation; /* of the settings; NULL: none */
    dk_join *join;                           /* NULL: none. A join is used by one file at a time */
    const char *join_key;                    /* the ledger's column by which rows are found: known as a column */
    bool may_lack_outlines;                  /* of a layer: a table without is no mistake, dk_load_file_lacks says so */
} dk_load_file_options;

typedef struct dk_load_file dk_load_file;

/* Begins to open the file; with ahead in a thread, else at once. */
dk_status dk_load_file_start(const dk_load_file_options *options, bool ahead, dk_load_file **ret_file, dk_error *err);
/* Waits until it is open. DK_INVALID etc. with a sentence that begins with its path. */
dk_status dk_load_file_wait(dk_load_file *file, dk_error *err);
void dk_load_file_close(dk_load_file *file); /* at any time; NULL-safe */

const char *dk_load_file_path(const dk_load_file *file);

/* The rest once it is open. */
/* Waits until all of it is read. Of what came in an archive the archive's, without digests. DK_IO etc. with a sentence
 * that names the file. */
dk_status dk_load_file_fingerprint(dk_load_file *file, const dk_fingerprint **ret_fingerprint, dk_error *err);
bool dk_load_file_lacks(const dk_load_file *file); /* a table without outlines, see may_lack_outlines: it has no rows */
dk_source *dk_load_file_source(dk_load_file *file);
const dk_mapping *dk_load_file_mapping(const dk_load_file *file);
const dk_file_settings *dk_load_file_settings(const dk_load_file *file);
const dk_crs *dk_load_file_crs(const dk_load_file *file); /* of a layer */
/* When all rows of a layer are read: how its system, and those that rows say, are marked, by number from 0. NULL: no
 * more. */
const char *dk_load_file_stamp(const dk_load_file *file, size_t number);
/* DK_OK with a row, DK_END, or a failure of the whole file. */
dk_status dk_load_file_next(dk_load_file *file, dk_ready_row *ret_row, dk_error *err);
int64_t dk_load_file_repaired(const dk_load_file *file);
/* What was decided and found, a sentence a line, without the path. Complete behind the last row. NULL: out of memory.
 */
const char *dk_load_file_notes(dk_load_file *file);

#endif
