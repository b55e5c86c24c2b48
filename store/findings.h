/* Personal data (personal_data.h) found in the rows of a batch, in fields that someone below staff would see once it is
 * published. Rows are looked through as they are loaded, so that nobody passes over them again; what is kept is where a
 * hit stands and its masked text, never the text itself. */
#ifndef DK_STORE_FINDINGS_H
#define DK_STORE_FINDINGS_H

#include "store/personal_data.h"
#include "store/store.h"

/* The name under which hits in keys are kept: of kinds whose keys hold the name of a file. */
#define DK_FINDING_KEY "key"
/* Of hits in the names of documents that a batch attaches. */
#define DK_FINDING_DOCUMENT "document"

/* ---- for loads ---- */

typedef struct dk_finder dk_finder;
dk_finder *dk_finder_create(dk_store *store, const dk_kind *kind, int64_t batch);
void dk_finder_free(dk_finder *finder); /* NULL-safe */
/* Looks through a row that is written, inside the caller's transaction. */
dk_status dk_finder_row(dk_finder *finder, int64_t row, const char *key, const dk_value *values, dk_error *err);
/* Forgets rows from this number on: they are as if they had not come. */
dk_status dk_finder_undo(dk_finder *finder, int64_t from, dk_error *err);
/* Notes which fields were looked through. */
dk_status dk_finder_finish(dk_finder *finder, dk_error *err);

/* ---- for reviews ---- */

/* Looks through the rows of a staged batch again if more fields are open now than when it was loaded; what was
 * justified stays so. */
dk_status dk_findings_complete(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err);
/* The same for a batch of any state, within the caller's transaction. */
dk_status dk_findings_complete_within(dk_store *store, const dk_kind *kind, int64_t batch, dk_error *err);
/* The fields that are looked through, as bits. */
uint64_t dk_findings_watched(const dk_kind *kind);

typedef struct dk_finding {
    int64_t row, source_row; /* the number of the version, and that of the row in its source */
    const char *source, *key;
    const char *field, *title; /* its name and title */
    const char *kind, *kind_title;
    bool strong;
    int64_t character; /* where it begins in the value, from 0 */
    const char *masked;
    const char *reason, *actor, *at; /* of its justification; "": it has none */
} dk_finding;                        /* texts are valid inside the callback */

/* Those in fields that are open now, by row. open_only: without the justified ones. each returns false to stop. */
dk_status dk_findings(dk_store *store, const dk_kind *kind, int64_t batch, bool open_only,
                      bool (*each)(const dk_finding *finding, void *user), void *user, dk_error *err);
typedef struct dk_finding_count {
    int64_t strong, weak, justified; /* strong and weak: those that are not justified */
} dk_finding_count;
dk_status dk_findings_count(dk_store *store, const dk_kind *kind, int64_t batch, dk_finding_count *ret_count,
                            dk_error *err);
/* Justifies those that fit: field NULL is any field, place NULL any row, else the number of the row in its source or,
 * where no row with something open has that number, its key. DK_CONFLICT: rows of several sources have it. act: of
 * dk_act_write. *ret_by_number: the place was a number. */
dk_status dk_findings_justify(dk_store *store, const dk_kind *kind, int64_t batch, const char *field, const char *place,
                              int64_t act, int64_t *ret_n, bool *ret_by_number, dk_error *err);

#endif
