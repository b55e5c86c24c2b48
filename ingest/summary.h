/* What a load did: for people and, with --json, as one line for programs. */
#ifndef DK_INGEST_SUMMARY_H
#define DK_INGEST_SUMMARY_H

#include "store/buf.h"
#include "store/status.h"

#define DK_SUMMARY_NOTES 10000 /* kept */
#define DK_SUMMARY_SHOWN 64    /* printed for people; --json has all */

typedef struct dk_summary {
    const char *store, *kind, *title; /* borrowed */
    bool dry_run;
    int64_t read, loaded, replaced, unchanged, repaired, rejected, unlinked, area_differs, ambiguous;
    int64_t undrawn;              /* rows of a layer without outline: loaded, replaced or unchanged */
    int64_t left_out;             /* rows of tables that are no data, such as totals */
    int64_t staged, staged_batch; /* unchanged rows that are only staged, and the last batch they are in */
    bool staged_apart;            /* they are in several */
    size_t files, files_failed;   /* data sets loaded; and those of folders that could not be read */
    int64_t batch;                /* 0: none was made */
    int64_t generation;           /* in which it was published; 0: not */
    const char *rejects;          /* path; NULL: no row was rejected */
    struct dk_summary_note {
        char *text; /* owned */
        bool apart; /* no report takes it */
    } * notes;
    size_t n_notes, notes_capacity, n_notes_left_out;
} dk_summary;

/* Adds a sentence; the same one is kept once. */
void dk_summary_note(dk_summary *summary, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same of a sentence that is for who loads, and for no report: it may repeat what stands in a file. */
void dk_summary_note_apart(dk_summary *summary, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Takes back the notes added since there were so many kept, and so many not. */
void dk_summary_forget(dk_summary *summary, size_t n_notes, size_t n_notes_left_out);
void dk_summary_print(const dk_summary *summary);
/* error may be NULL. */
bool dk_summary_print_json(const dk_summary *summary, const char *error);
void dk_summary_finish(dk_summary *summary);

#endif
