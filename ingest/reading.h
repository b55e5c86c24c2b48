/* A source's rows as the store takes them: values by field, geometry as WKB in degrees. A thread reads them ahead, so
 * that parsing, transforming and checking the next rows goes on while the store writes those before. Rows come in the
 * order of the source, and the same whatever the timing. */
#ifndef DK_INGEST_READING_H
#define DK_INGEST_READING_H

#include "ingest/columns.h"
#include "ingest/doubt.h"
#include "ingest/geometry.h"
#include "ingest/source.h"
#include "store/catalogue.h"
#include "store/load.h"
#include "store/value.h"

/* What the rows are made with; all borrowed, and the source, the mapping and the geometry reader are the reading's own
 * until it is closed. */
typedef struct dk_reading_options {
    dk_source *source;
    const dk_mapping *mapping;
    const dk_kind *kind;
    dk_geometry_reader *geometry; /* of a layer */
    dk_outlines *outlines;        /* of a layer whose rows may be read in two ways; NULL: none */
    bool spreadsheet;
    bool undrawn;          /* of a layer: a row may lack an outline; geometry is NULL where all do */
    const dk_pair *merged; /* --merged FIELD=first|each */
    size_t n_merged;
    const dk_value *set_values; /* kind->n_fields; for fields that stay empty, where is_set */
    const bool *is_set;
} dk_reading_options;

/* Valid until the next row. */
typedef struct dk_ready_row {
    dk_source_row source;   /* number, cells and wkt; for the rejects */
    const dk_value *values; /* kind->n_fields */
    const char *reasons;    /* why the row cannot be loaded, sentences joined by "; ", or NULL */
    const void *wkb;
    size_t wkb_size;
    bool has_geometry; /* the source gives one, and this was found wrong with it: */
    dk_geometry_fault fault;
    const char *fault_text;
    dk_areas areas;   /* of the geometry */
    dk_repair repair; /* what was repaired in the geometry; rule NULL: nothing */
    double progress;  /* of the source, from 0 to 1 */
} dk_ready_row;

typedef struct dk_reading dk_reading;
dk_status dk_reading_open(const dk_reading_options *options, dk_reading **ret_reading, dk_error *err);
/* DK_OK with a row, DK_END, or a failure of the whole file. */
dk_status dk_reading_next(dk_reading *reading, dk_ready_row *ret_row, dk_error *err);
/* Behind DK_END: what is to be said of many cells, one sentence a line. */
void dk_reading_notes(const dk_reading *reading, dk_buf *notes);
void dk_reading_close(dk_reading *reading); /* at any time; NULL-safe */

#endif
