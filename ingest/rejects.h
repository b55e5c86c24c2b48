/* The rejects file: CSV (UTF-8 with a BOM, so that Excel reads it) of the rows that were not loaded, as they were
 * read, with the reason of each. Made when the first row is written; load reads a corrected one as a source, so what a
 * CSV cannot hold is said in words: units of lines above a header and of number formats, days that are counted, and
 * cells merged over rows. Texts that a spreadsheet program would take for numbers stand as ="001", as in downloads. */
#ifndef DK_INGEST_REJECTS_H
#define DK_INGEST_REJECTS_H

#include "ingest/columns.h"
#include "ingest/paths.h"
#include "ingest/source.h"

#include <sys/types.h>

typedef struct dk_rejects dk_rejects;

/* path: where it will be. NULL: out of memory. */
dk_rejects *dk_rejects_create(const char *path);
/* How a source was read. */
typedef struct dk_rejects_source {
    const dk_source *source;
    const dk_kind *kind;
    const dk_mapping *mapping;
    const dk_column_options *options;
} dk_rejects_source;
dk_status dk_rejects_add(dk_rejects *rejects, const dk_rejects_source *from, const dk_source_row *row, const char *key,
                         const char *reason, dk_error *err);
/* What was added behind a place can be taken back, as the rejected rows of a file that is left out are. Of a pipe only
 * if hold came first: it then gets all of it at the end. */
void dk_rejects_hold(dk_rejects *rejects);
off_t dk_rejects_place(const dk_rejects *rejects);
dk_status dk_rejects_undo(dk_rejects *rejects, off_t place, dk_error *err);
/* A file that is left out. */
dk_status dk_rejects_add_file(dk_rejects *rejects, const char *source, const char *reason, dk_error *err);
const char *dk_rejects_path(const dk_rejects *rejects);
/* Puts the file in its place, if a row was added; replaces one that is there. DK_IO or DK_FULL if that fails. */
dk_status dk_rejects_finish(dk_rejects *rejects, dk_error *err);
/* Without dk_rejects_finish nothing remains. NULL-safe. */
void dk_rejects_close(dk_rejects *rejects);

/* TITLE.rejects.csv beside the store; caller frees. NULL: out of memory. */
char *dk_rejects_default_path(const char *store, const char *title);

#endif
