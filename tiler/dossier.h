/* A dossier, 一地一档, while it is answered: the row with everything linked to it, read once, and what its JSON
 * (dossier.c) and its page (dossier_html.c) both look up in that. Private to these two. */
#ifndef DK_TILER_DOSSIER_H
#define DK_TILER_DOSSIER_H

#include "store/clock.h"
#include "tiler/dossier_rows.h"
#include "tiler/http.h"

/* Rows of one kind that are read for a dossier, and that are listed in it. A parcel has a handful; the bound is for
 * a project with ten thousand parcels. */
enum { DK_DOSSIER_ROWS_READ = 10000, DK_DOSSIER_ROWS_LISTED = 1000 };

typedef struct dk_dossier {
    dk_context *ctx;
    dk_row_memory memory;
    dk_row_list subject;
    dk_row_list linked[DK_MAX_KINDS]; /* of the kinds in order; kind NULL: not linked */
    dk_row_list *filling;
    size_t room;             /* rows that may still be added to filling */
    bool proofs;             /* those of all rows were asked for */
    int32_t as_of;           /* the day on which the clock is read */
    dk_clock_outcome *clock; /* n_clock of them, owned: dossier_clock.h */
    size_t n_clock;
    const dk_regime *regime; /* that holds for the row; NULL: nothing says which */
    dk_status status;
} dk_dossier;

/* A date of a row. */
typedef struct dk_dossier_event {
    const dk_row *row;
    size_t field, order;
} dk_dossier_event;

/* All dates that the viewer sees in the listed rows, in time order. Caller frees with free(). */
dk_status dk_dossier_events(dk_dossier *d, dk_dossier_event **ret_events, size_t *ret_n);

/* An item whose condition no linked record meets does not apply; when no linked record says anything, it does. */
bool dk_dossier_applies(const dk_dossier *d, const dk_item *item);

/* A record that proves an item: with its date, NULL if it has none. */
typedef void (*dk_proof_fn)(const dk_row *row, const char *date, void *user);
/* Calls each, if not NULL, for at most DK_DOSSIER_ROWS_LISTED records. Gives how many there are (0: the item is
 * missing) and the earliest date, NULL if none has one. */
size_t dk_dossier_proofs(const dk_dossier *d, const dk_item *item, dk_proof_fn each, void *user,
                         const char **ret_earliest);

/* The page, printable on A4. */
dk_status dk_dossier_page(dk_dossier *d);

#endif
