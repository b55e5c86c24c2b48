/* Writing a batch: rows of one layer or record kind, staged until published.
 *
 *     dk_load_begin … dk_load_row … dk_load_row … dk_load_finish        (or dk_load_abandon)
 *
 * Rows are written in bounded transactions; a load that does not finish leaves nothing behind. */
#ifndef DK_STORE_LOAD_H
#define DK_STORE_LOAD_H

#include "store/findings.h"
#include "store/geometry.h"
#include "store/provenance.h"
#include "store/store.h"

typedef struct dk_load dk_load;

typedef struct dk_load_options {
    const char *title;  /* of the batch; NULL: the source */
    const char *actor;  /* who loads; NULL: the account's name */
    const char *source; /* file names as given; required. The base name qualifies keys as a last resort */
    bool replace;       /* existing keys may be replaced, if the geometries touch */
    bool publish;       /* the batch is to be published as soon as it is staged: noted, for dk_load_again */
    bool dry_run;       /* everything is checked, nothing is kept: the file stays as it was, and no number is used up */
    bool undrawn;       /* of a layer: rows without outline are kept, without one (无图形) */
    bool draw;          /* of a layer: rows give outlines to those without that are there under their key. What a row
                           says must agree with what is there, or replace; what it does not say stays */
} dk_load_options;

typedef enum dk_row_outcome {
    DK_LOADED,    /* a new key */
    DK_REPLACED,  /* a new version of an existing key */
    DK_UNCHANGED, /* the same row is there already: nothing written */
    DK_REJECTED   /* not written; the message says why */
} dk_row_outcome;

/* Findings about a row that was loaded; bits of dk_row_report.notes. */
#define DK_NOTE_UNLINKED 1u     /* a link field has a value, and no row matches it (yet) */
#define DK_NOTE_AREA_DIFFERS 2u /* declared and computed area differ by more than 1 % and 1 m2 */
#define DK_NOTE_AMBIGUOUS 4u    /* it matches several rows where one was meant */
#define DK_NOTE_STAGED 8u       /* unchanged, and what is there is staged: nobody sees it before batch is published */
#define DK_NOTE_REMARK 16u      /* it was loaded as it is, or nearly, and the remark says what is odd about it */

typedef struct dk_row_report {
    dk_row_outcome outcome;
    unsigned notes;
    int64_t batch;     /* with DK_NOTE_STAGED: where the row is; else 0 */
    char division[13]; /* of the row, its own or taken over a link; "": none */
    char key[256];
    char message[512]; /* for DK_REJECTED and for notes: one sentence */
    char remark[512];  /* with DK_NOTE_REMARK: sentences joined by "; ", which quote the row */
} dk_row_report;

dk_status dk_load_begin(dk_store *store, const dk_kind *kind, const dk_load_options *options, dk_load **ret_load,
                        dk_error *err);

/* Adds a row. values: kind->n_fields of them, of the field's type (dates checked, numbers parsed); texts are
 * borrowed for the call. 文号 and division codes are normalised and checked here, required fields and allowed values
 * too, and computed fields filled. wkb: polygons valid by GEOS, EPSG:4490 degrees, (lon, lat); NULL for records and
 * rows without outline. source_row is the row number of the source, from 1, for the record. source may name the file
 * where a batch has several, else NULL. A bad row is DK_OK with DK_REJECTED; a status other than DK_OK ends the load.
 */
dk_status dk_load_row(dk_load *load, const dk_value *values, const void *wkb, size_t wkb_size, const char *source,
                      int64_t source_row, dk_row_report *ret_report, dk_error *err);

/* Begins the source that the next rows come from: the text that dk_load_row gets as its source, or NULL. Of an absolute
 * path only the last part is kept. */
dk_status dk_load_source(dk_load *load, const char *source, dk_error *err);
/* The files that the source begun last consists of, in order, once: known when all of them were read. Without it a
 * source has no files. */
dk_status dk_load_source_files(dk_load *load, const dk_source_file *files, size_t n_files, dk_error *err);
/* The source by whose name the key of the row that dk_load_row gets next is qualified, if not by its own: where it was
 * rejected before it came, put right, in a file of rejects. Borrowed until then. */
void dk_load_key_source(dk_load *load, const char *source);
/* What was repaired in the row that dk_load_row gets next; borrowed until then. NULL or without rule: nothing. */
void dk_load_repaired(dk_load *load, const dk_repair *repair);

/* Areas of a geometry, which take a fifth of a load's time: so who reads ahead measures them, in a thread of its own.
 */
typedef struct dk_areas {
    bool known;
    bool planar_known; /* of a source in that plane, without measuring it */
    double ellipsoidal_m2,
        planar_m2; /* store/area.h, store/planar.h; planar 0 where no field of the kind asks for it */
} dk_areas;
/* Of polygons that a row of the kind will have; a planar area that is known stays. known stays false for what
 * dk_load_row would reject. */
void dk_areas_measure(const dk_kind *kind, const void *wkb, size_t wkb_size, dk_shape *scratch, dk_areas *areas);
/* Says them for the row that dk_load_row gets next; otherwise it measures them. */
void dk_load_measured(dk_load *load, const dk_areas *areas);

/* The number under which the batch's rows stand, also while it is loading (dk_load_settle) or on a dry run. */
int64_t dk_load_batch(const dk_load *load);
/* Writes the rows so far, some of which wait to be written with others, and what they are found by: for who looks at
 * them before the load is finished. */
dk_status dk_load_settle(dk_load *load, dk_error *err);

/* Marks the batch: how coordinates of an old datum became CGCS2000's. Several texts are joined. */
dk_status dk_load_datum(dk_load *load, const char *text, dk_error *err);

/* A place in the load, and back to it: rows and sources that came since are as if they had not come, such as those of a
 * file that turned out to be cut off. It takes a pass over the terms of the kind. */
typedef struct dk_load_place {
    int64_t row, source;
    size_t n_unchanged, n_taken;
} dk_load_place;
dk_load_place dk_load_mark(const dk_load *load);
dk_status dk_load_undo(dk_load *load, const dk_load_place *mark, dk_error *err);

/* How many places of the rows so far look like personal data that would be public (store/findings.h). */
dk_status dk_load_findings(dk_load *load, dk_finding_count *ret_count, dk_error *err);

/* Whether this is the load of a staged batch again, all of whose `rows` came unchanged, and which was to be published
 * when it was interrupted (store/asked.h). Before dk_load_finish. */
dk_status dk_load_again(dk_load *load, int64_t staged, int64_t rows, bool *ret_again, dk_error *err);

/* Stages the batch. *ret_batch is 0 when nothing was loaded or replaced (or on a dry run): no batch is made. */
dk_status dk_load_finish(dk_load *load, int64_t *ret_batch, dk_error *err);
/* Gives up and takes the rows away. NULL-safe; not after dk_load_finish. */
void dk_load_abandon(dk_load *load);

#endif
