#include "store/audience.h"

#include "store/succession.h"

#include <string.h>

dk_viewer dk_viewer_public(void)
{
    return (dk_viewer){.audience = DK_PUBLIC};
}

/* Whether viewers of this audience have a scope. */
static bool scoped(dk_audience audience)
{
    return audience == DK_GROUP || audience == DK_ON_REQUEST || audience == DK_STAFF;
}

bool dk_viewer_scoped(dk_audience audience, const char *division, dk_viewer *ret_viewer)
{
    *ret_viewer = dk_viewer_public();
    const size_t n = division != NULL ? strnlen(division, sizeof ret_viewer->division) : sizeof ret_viewer->division;
    if (!scoped(audience) || n >= sizeof ret_viewer->division || strspn(division, "0123456789") != n)
        return false;
    ret_viewer->audience = audience;
    memcpy(ret_viewer->division, division, n + 1);
    return true;
}

bool dk_viewer_staff(const char *division, dk_viewer *ret_viewer)
{
    return dk_viewer_scoped(DK_STAFF, division, ret_viewer);
}

/* A viewer whose audience is none is treated as the public. */
static dk_audience audience_of(const dk_viewer *viewer)
{
    return scoped(viewer->audience) || viewer->audience == DK_NEVER ? viewer->audience : DK_PUBLIC;
}

/* The fields that an audience sees as they are, and those of which it sees the mask. */
static void fields_for(const dk_kind *kind, dk_audience audience, uint64_t *ret_seen, uint64_t *ret_masked)
{
    uint64_t seen = 0, masked = 0;
    for (size_t i = 0; i < kind->n_fields && i < 64; i++) {
        const dk_field *field = &kind->fields[i];
        if (field->audience <= audience)
            seen |= UINT64_C(1) << i;
        else if (audience < DK_NEVER && field->masks[audience] != DK_MASK_HIDDEN)
            masked |= UINT64_C(1) << i;
    }
    *ret_seen = seen;
    *ret_masked = masked;
}

/* Whether rows of the kind are in the scope of such a viewer, who is more than the public. Rows without a division are
 * in no scope but that of the whole store. */
static bool covers_some(const dk_kind *kind, const dk_viewer *viewer, dk_audience audience)
{
    return audience == DK_NEVER || (scoped(audience) && (viewer->division[0] == '\0' || kind->division_field >= 0));
}

dk_view dk_view_of(const dk_kind *kind, const dk_viewer *viewer)
{
    const dk_audience audience = audience_of(viewer);
    const int last = DK_EVERY_TILE_ZOOM;
    dk_view view = {.unseen_outside = kind->audience > DK_PUBLIC,
                    .coarse_outside = kind->public_coarse,
                    .zoom_outside = kind->public_zoomed ? kind->public_max_zoom : last,
                    .catalogue = kind->catalogue};
    fields_for(kind, DK_PUBLIC, &view.outside, &view.masked_outside);
    if (scoped(audience))
        memcpy(view.division, viewer->division, sizeof view.division);
    if (covers_some(kind, viewer, audience)) {
        view.audience = audience;
        fields_for(kind, audience, &view.inside, &view.masked_inside);
        view.unseen_inside = kind->audience > audience;
        view.coarse_inside = 0;
        view.zoom_inside = last;
        /* The owner's export has no scope, nor has staff of the whole store: they see all of every row. */
        if (view.division[0] == '\0') {
            view.outside = view.inside;
            view.masked_outside = view.masked_inside;
            view.unseen_outside = view.unseen_inside;
            view.coarse_outside = view.coarse_inside;
            view.zoom_outside = view.zoom_inside;
        }
    } else {
        view.audience = DK_PUBLIC;
        view.inside = view.outside;
        view.masked_inside = view.masked_outside;
        view.unseen_inside = view.unseen_outside;
        view.coarse_inside = view.coarse_outside;
        view.zoom_inside = view.zoom_outside;
    }
    return view;
}

static bool covers(const dk_catalogue *catalogue, const char *scope, const char *division)
{
    return scope[0] == '\0' || (division != NULL && dk_division_within(catalogue, division, scope));
}

static bool inside(const dk_view *view, const char *division)
{
    return covers(view->catalogue, view->division, division);
}

bool dk_view_row(const dk_view *view, const char *division)
{
    return view->unseen_inside == view->unseen_outside ? !view->unseen_inside
           : inside(view, division)                    ? !view->unseen_inside
                                                       : !view->unseen_outside;
}

bool dk_view_every_row(const dk_view *view)
{
    return !view->unseen_inside && !view->unseen_outside;
}

/* Some rows and some field of the kind. Asked of every kind by every answer: no more than the first such field is
 * looked for. */
static bool kind_open(const dk_kind *kind, dk_audience audience)
{
    if (kind->audience > audience)
        return false;
    for (size_t i = 0; i < kind->n_fields && i < 64; i++)
        if (kind->fields[i].audience <= audience)
            return true;
    return false;
}

bool dk_kind_seen(const dk_kind *kind, const dk_viewer *viewer)
{
    const dk_audience audience = audience_of(viewer);
    return kind_open(kind, DK_PUBLIC) || (covers_some(kind, viewer, audience) && kind_open(kind, audience));
}

uint64_t dk_view_fields(const dk_view *view, const char *division)
{
    if (!dk_view_row(view, division))
        return 0;
    return view->inside == view->outside ? view->inside : inside(view, division) ? view->inside : view->outside;
}

uint64_t dk_view_masked(const dk_view *view, const char *division)
{
    if ((view->masked_inside | view->masked_outside) == 0 || !dk_view_row(view, division))
        return 0;
    return inside(view, division) ? view->masked_inside : view->masked_outside;
}

dk_mask dk_view_mask(const dk_view *view, const dk_field *field, const char *division)
{
    const dk_audience audience = inside(view, division) ? view->audience : DK_PUBLIC;
    return audience < field->audience && audience < DK_NEVER ? field->masks[audience] : DK_MASK_HIDDEN;
}

int dk_view_coarse(const dk_view *view, const char *division)
{
    return view->coarse_inside == view->coarse_outside || inside(view, division) ? view->coarse_inside
                                                                                 : view->coarse_outside;
}

bool dk_view_any_coarse(const dk_view *view)
{
    return view->coarse_inside != 0 || view->coarse_outside != 0;
}

int dk_view_zoom(const dk_view *view, const char *division)
{
    return view->zoom_inside == view->zoom_outside || inside(view, division) ? view->zoom_inside : view->zoom_outside;
}

int dk_view_last_zoom(const dk_view *view)
{
    return view->zoom_inside > view->zoom_outside ? view->zoom_inside : view->zoom_outside;
}

bool dk_viewer_covers(const dk_kind *kind, const dk_viewer *viewer, const char *division)
{
    const dk_audience audience = audience_of(viewer);
    return audience == DK_NEVER || (scoped(audience) && covers(kind->catalogue, viewer->division, division));
}

bool dk_viewer_told_origin(const dk_kind *kind, const dk_viewer *viewer, const char *division)
{
    return audience_of(viewer) >= DK_STAFF && dk_viewer_covers(kind, viewer, division);
}

bool dk_scope_carries(const dk_catalogue *catalogue, const char *division, const char *other)
{
    if (division == NULL || division[0] == '\0')
        return true; /* in the scope of the whole store only, and there all is */
    if (other == NULL || strncmp(other, division, strlen(division)) != 0)
        return false;
    /* A part of a division may have gone to another successor than the rest. */
    return catalogue->n_successors == 0 || other[strlen(division)] == '\0';
}

bool dk_view_document(const dk_kind *kind, dk_audience audience, const dk_viewer *viewer, const char *division)
{
    const dk_audience narrower = audience > kind->documents ? audience : kind->documents;
    const dk_view view = dk_view_of(kind, viewer);
    return dk_view_row(&view, division) &&
           (narrower == DK_PUBLIC || (audience_of(viewer) >= narrower && dk_viewer_covers(kind, viewer, division)));
}

bool dk_view_documents(const dk_kind *kind, const dk_viewer *viewer)
{
    return audience_of(viewer) >= kind->documents && dk_kind_seen(kind, viewer);
}

bool dk_view_total(const dk_total *total, const dk_viewer *viewer)
{
    return audience_of(viewer) >= total->audience;
}

bool dk_view_total_row(const dk_kind *kind, const dk_total *total, const dk_viewer *viewer, const char *division)
{
    return total->audience == DK_PUBLIC || dk_viewer_covers(kind, viewer, division);
}
