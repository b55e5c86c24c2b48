/* What a path on the command line stands for: a file, or the data sets in a folder or ZIP archive. Parts of a data set
 * (.shx, .prj, .mid …) are found with it; what is no data is named in a note. */
#ifndef DK_INGEST_DATASETS_H
#define DK_INGEST_DATASETS_H

#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>

#define DK_FOLDER_MAX_FILES 10000
#define DK_FOLDER_MAX_DEPTH 32

typedef struct dk_datasets dk_datasets;

typedef struct dk_dataset {
    const char *path;  /* to open; of an archive's, in a temporary folder */
    const char *shown; /* in messages: 资料.zip/征收地块.shp; NULL: path */
} dk_dataset;

typedef struct dk_datasets_options {
    bool layer;        /* rows with geometry are wanted: ledgers beside them are none of the data; else the other way */
    const char *store; /* a file that is never one of them */
} dk_datasets_options;

/* path may also lead into an archive: 资料.zip/征收地块.shp. Several data sets of one format are taken all, in the
 * order of their names. DK_INVALID: none, several of different formats (named, with how to choose), or an archive that
 * is not safe. A path that is neither folder nor archive is itself, whether it exists or not. */
dk_status dk_datasets_find(const char *path, const dk_datasets_options *options, dk_datasets **ret_datasets,
                           dk_error *err);
size_t dk_datasets_list(const dk_datasets *datasets, const dk_dataset **ret_list);
/* A sentence about what was not read, without the path; "" for none. */
const char *dk_datasets_note(const dk_datasets *datasets);
/* Also removes what was unpacked. NULL-safe. */
void dk_datasets_free(dk_datasets *datasets);

#endif
