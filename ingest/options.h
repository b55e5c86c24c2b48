/* The command line. */
#ifndef DK_INGEST_OPTIONS_H
#define DK_INGEST_OPTIONS_H

#include "ingest/columns.h"
#include "store/status.h"

#include <signal.h>

#define DK_EXIT_DONE 0
#define DK_EXIT_FAILED 1
#define DK_EXIT_USAGE 2

typedef struct dk_options {
    char **arguments; /* argv as it was, NULL at its end */
    const char *store;
    const char *catalogue; /* create */
    const char *name;      /* load: a layer or record kind */
    const char *const *sources; /* load; report: the files to write */
    size_t n_sources;
    int64_t batch; /* publish, withdraw */
    const char *crs, *title, *rejects, *layer, *actor, *reason, *transformation;
    const char *join, *on, *join_layer;
    bool accept_datum_error;
    bool has_encoding, axes_yx, replace, dry_run, publish, allow_rejects, holes, json;
    const char *reports[2]; /* load */
    size_t n_reports;
    dk_encoding encoding;
    dk_column_options columns;         /* arrays owned, see dk_options_finish */
    const volatile sig_atomic_t *stop; /* set when a signal asks to end */
} dk_options;

typedef int (*dk_command)(const dk_options *options); /* gives the exit code */

/* Parses argv[1..]. DK_OK with a command to run; DK_END when help or the version was asked for and printed; DK_INVALID
 * for wrong usage, with a sentence. */
dk_status dk_options_parse(int argc, char **argv, dk_options *ret_options, dk_command *ret_command, dk_error *err);
void dk_options_finish(dk_options *options);

#endif
