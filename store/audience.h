/* Who is asking, and what they may see. This is the only place that decides it: tiles, items, links, totals,
 * search and errors all take a dk_view from here. */
#ifndef DK_STORE_AUDIENCE_H
#define DK_STORE_AUDIENCE_H

#include "store/catalogue.h"

typedef struct dk_viewer {
    dk_audience audience; /* DK_NEVER is the owner's export */
    char division[13]; /* between the public and the owner: prefix of the divisions in scope; "" is the whole store */
} dk_viewer;

#define DK_EVERY_TILE_ZOOM 99

/* What a viewer sees of a kind's rows: inside their scope, and outside, where they are the public. Bit i is field i.
 *
 * A field is seen, or masked (store/mask.h), or neither. Only what is seen can be asked about, by a filter, an order, a
 * search, a group or a sum: answers about a masked value would tell it. */
typedef struct dk_view {
    uint64_t inside, outside;               /* fields seen as they are */
    uint64_t masked_inside, masked_outside; /* fields of which the mask is shown, in answers only */
    bool unseen_inside, unseen_outside;     /* the rows are not seen at all, nor counted */
    int coarse_inside, coarse_outside;      /* their outlines are shown coarse (store/coarse.h); 0: as they are */
    int zoom_inside, zoom_outside;          /* the last zoom at which tiles draw them; DK_EVERY_TILE_ZOOM: all do */
    dk_audience audience;                   /* inside */
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
/* Whether the kind exists for the viewer: some of its rows may be seen. */
bool dk_kind_seen(const dk_kind *kind, const dk_viewer *viewer);
/* Whether a row of this division is seen (NULL: unknown, so out of every scope but ""). A division that is no more is
 * in its own scope and in that of its successors. */
bool dk_view_row(const dk_view *view, const char *division);
bool dk_view_every_row(const dk_view *view);
/* The fields seen in such a row, none where the row is not; and those masked. */
uint64_t dk_view_fields(const dk_view *view, const char *division);
uint64_t dk_view_masked(const dk_view *view, const char *division);
/* What is shown of a field in such a row: DK_MASK_HIDDEN unless it is masked. */
dk_mask dk_view_mask(const dk_view *view, const dk_field *field, const char *division);
/* How coarse its outline is shown, 0: as it is; and whether any is shown otherwise than it is. */
int dk_view_coarse(const dk_view *view, const char *division);
bool dk_view_any_coarse(const dk_view *view);
/* The last zoom at which tiles draw it; and any row. */
int dk_view_zoom(const dk_view *view, const char *division);
int dk_view_last_zoom(const dk_view *view);
/* Whether a row of this division is in the scope of a viewer who is more than the public. */
bool dk_viewer_covers(const dk_kind *kind, const dk_viewer *viewer, const char *division);
/* Whether the viewer is told where such a row comes from: staff are, not those who ask for themselves. */
bool dk_viewer_told_origin(const dk_kind *kind, const dk_viewer *viewer, const char *division);
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
/* Whether a row of this division counts in it: what is not for the public is summed up in the viewer's scope. */
bool dk_view_total_row(const dk_kind *kind, const dk_total *total, const dk_viewer *viewer, const char *division);

#endif
