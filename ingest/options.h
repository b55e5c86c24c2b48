/* The command line. */
#ifndef DK_INGEST_OPTIONS_H
#define DK_INGEST_OPTIONS_H

#include "ingest/columns.h"
#include "store/access_token.h"
#include "store/day.h"
#include "store/status.h"

#include <signal.h>

#define DK_EXIT_DONE 0
#define DK_EXIT_FAILED 1
#define DK_EXIT_USAGE 2
#define DK_EXIT_DUE 4   /* of due: something is */
#define DK_EXIT_LIMIT 3 /* of convert: more than a limit allows, where the input may be good */

/* How one file is read. */
typedef struct dk_file_settings {
    const char *crs, *layer, *transformation;
    bool has_encoding, has_axes, axes_yx, holes, accept_datum_error, undrawn;
    dk_encoding encoding;
    dk_column_options columns;
} dk_file_settings;

/* Of the commands token and audit; NULL: not given. */
typedef struct dk_access_options {
    const char *verb, *which; /* token: add, list, revoke; whose */
    const char *name, *audience, *scope, *expires, *forget_before;
    unsigned roles; /* store/access_token.h */
    bool proxy_user;
    dk_token token;       /* add: what these say */
    int64_t from, before; /* audit: seconds since 1970; 0: open. before is also that of forget_before */
} dk_access_options;

typedef struct dk_options {
    char **arguments; /* argv as it was, NULL at its end */
    char **texts;     /* of arguments that were no UTF-8; n_texts, freed with the options */
    size_t n_texts;
    const char *store;
    const char *catalogue; /* create; catalogue: the new one, NULL: that in force is to be printed */
    const char *name; /* load, attach, progress: a layer or record kind; NULL of progress: the catalogue's approvals */
    const char *const *sources; /* load, attach; report: the files to write; log: what to do, and a name */
    size_t n_sources;
    int64_t batch; /* publish, withdraw */
    const char *title, *rejects, *actor, *reason;
    dk_audience audience; /* of attach */
    dk_pair *justify;     /* load, review, publish, catalogue: where, and why; n_justify of them, owned as the arrays of
                             settings are */
    size_t n_justify;
    const char *at; /* publish: UTC, or "never"; NULL: now */
    char at_utc[24];
    bool approve, reject, due, wait;
    const char *join, *on, *join_layer;
    const char *profile, *save_profile;
    const char *from, *to, *output;    /* convert; from NULL: a file, else rows on standard input. audit: days */
    bool confined;                     /* convert */
    uint64_t most_bytes, most_seconds; /* of it */
    const char *key;                   /* attach: of the row; NULL: names tell. redact: of the row */
    const char *keys[8];               /* verify: public keys, or files of such */
    size_t n_keys;
    const char
        *token; /* review, publish, withdraw: file with the token of who does it, - for standard input; NULL: none */
    const char *log_key;    /* file of the private keys of the publication log; NULL: STORE.log-key */
    const char *checkpoint; /* verify: file of an earlier one */
    bool sm2;               /* log create */
    const char *division;   /* due: the first digits of its code; NULL: all */
    int32_t within, as_of;  /* due: days ahead; the day of the question, DK_NO_DAY: today */
    bool late;              /* due: also what is late */
    const char *reports[2]; /* load */
    size_t n_reports;
    bool replace, draw, dry_run, publish, allow_rejects, all_formats, json, csv;
    dk_access_options access;
    dk_file_settings settings;         /* arrays owned, see dk_options_finish */
    const volatile sig_atomic_t *stop; /* set when a signal asks to end */
} dk_options;

typedef int (*dk_command)(const dk_options *options); /* gives the exit code */

/* Parses argv[1..]. DK_OK with a command to run; DK_END when help or the version was asked for and printed; DK_INVALID
 * for wrong usage, with a sentence. */
dk_status dk_options_parse(int argc, char **argv, dk_options *ret_options, dk_command *ret_command, dk_error *err);
void dk_options_finish(dk_options *options);

/* Whether a text has the form of --crs: EPSG:N or gcj02. The form only: crs.c is not there in the program that does
 * without GDAL. */
bool dk_options_crs_good(const char *text);

#endif
