/* What a path on the command line stands for: a file, or the data sets in a folder or ZIP archive. Parts of a data set
 * (.shx, .prj, .mid …) are found with it; what is no data is named in a note. */
#ifndef DK_INGEST_DATASETS_H
#define DK_INGEST_DATASETS_H

#include "ingest/scratch.h"
#include "store/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DK_FOLDER_MAX_FILES 10000
#define DK_FOLDER_MAX_DEPTH 32

typedef struct dk_datasets dk_datasets;

typedef struct dk_dataset {
    const char *path;    /* as the system has it: 资料.zip/征收地块.shp */
    const char *shown;   /* the same as text (dk_path_text), for messages and all that is kept */
    uint64_t size;       /* bytes, roughly: without what lies beside it */
    const char *archive; /* path of the ZIP it is in; NULL: none */
    const char *inner;   /* its name there */
    const char *problem; /* why it cannot be read, found on the way; NULL: nothing found */
} dk_dataset;

typedef struct dk_datasets_options {
    bool layer;        /* rows with geometry are wanted: ledgers beside them are none of the data; else the other way */
    bool all_formats;  /* data of several formats are taken all; for a layer also tables, which may have outlines */
    const char *store; /* a file that is never one of them, nor is what is kept beside it */
} dk_datasets_options;

/* path may also lead into an archive: 资料.zip/征收地块.shp. Several data sets of one format are taken all, in the
 * order of their names, and with them, as some that have a problem, those that may hold data and are not read (an
 * archive in an archive, a RAR); documents and pictures do not count. DK_INVALID: none, several of different formats
 * (named, with how to choose), or an archive that is not safe. A path that is neither folder nor archive is itself,
 * whether it exists or not. Archives in a folder are walked too, but not those in an archive. */
dk_status dk_datasets_find(const char *path, const dk_datasets_options *options, dk_datasets **ret_datasets,
                           dk_error *err);
/* Whether a path is a folder or ZIP archive, or leads into one, and no file that is read as it is. */
bool dk_datasets_holds(const char *path);
size_t dk_datasets_list(const dk_datasets *datasets, const dk_dataset **ret_list);
/* Whether they were found in a folder or archive, and are several. */
bool dk_datasets_many(const dk_datasets *datasets);
/* A sentence about what was not read, without the path; "" for none. */
const char *dk_datasets_note(const dk_datasets *datasets);
void dk_datasets_free(dk_datasets *datasets); /* NULL-safe */

/* Where to open one: *ret_path, which the caller frees. What is in an archive is unpacked into *ret_scratch, which the
 * caller removes; else that is NULL. By any thread. */
dk_status dk_dataset_ready(const dk_dataset *set, dk_scratch **ret_scratch, char **ret_path, dk_error *err);

#endif
