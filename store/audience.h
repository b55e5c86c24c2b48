/* Who is asking, and what they may see. This is the only place that decides it: tiles, items, links, totals,
 * search and errors all take a dk_view from here. */
#ifndef DK_STORE_AUDIENCE_H
#define DK_STORE_AUDIENCE_H

#include "store/catalogue.h"

typedef struct dk_viewer {
    dk_audience audience; /* DK_NEVER is the owner's export */
    char division[13]; /* between the public and the owner: prefix of the divisions in scope; "" is the whole store */
} dk_viewer;

/* The fields of a kind that a viewer sees in a row: bit i is field i. */
typedef struct dk_view {
    uint64_t inside;  /* rows whose division is in the viewer's scope */
    uint64_t outside; /* all other rows: what the public sees */
    char division[13];
    const dk_catalogue *catalogue; /* whose divisions have successors; NULL: none */
} dk_view;

dk_viewer dk_viewer_public(void);
/* A viewer of an audience with a scope: DK_GROUP, DK_ON_REQUEST or DK_STAFF. division: prefix of 0 to 12 digits;
 * anything else, and any other audience, gives the public viewer and false. */
bool dk_viewer_scoped(dk_audience audience, const char *division, dk_viewer *ret_viewer);
/* The same of DK_STAFF. */
bool dk_viewer_staff(const char *division, dk_viewer *ret_viewer);

dk_view dk_view_of(const dk_kind *kind, const dk_viewer *viewer);
/* The fields seen in a row of this division (NULL: unknown, so out of every scope but ""). A division that is no more
 * is in its own scope and in that of its successors. */
uint64_t dk_view_fields(const dk_view *view, const char *division);
/* Whether a row of this division is in the scope of a viewer who is more than the public. */
bool dk_viewer_covers(const dk_kind *kind, const dk_viewer *viewer, const char *division);
/* Whether everyone who has a row of one division in scope has one of another in scope, too (NULL: of no division). What
 * is not public of the other may then stand in the one. */
bool dk_scope_carries(const dk_catalogue *catalogue, const char *division, const char *other);
/* Whether the viewer sees a document attached to a row of this kind and division (NULL: unknown). audience: the
 * document's own, which may narrow the one that the catalogue gives those of the kind, and not widen it. */
bool dk_view_document(const dk_kind *kind, dk_audience audience, const dk_viewer *viewer, const char *division);
/* Whether the viewer may see documents of some row of the kind. */
bool dk_view_documents(const dk_kind *kind, const dk_viewer *viewer);
/* Whether the viewer sees a total (store/catalogue.h, dk_total). */
bool dk_view_total(const dk_total *total, const dk_viewer *viewer);

#endif
