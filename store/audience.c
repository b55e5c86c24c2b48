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

static uint64_t fields_up_to(const dk_kind *kind, dk_audience audience)
{
    uint64_t fields = 0;
    for (size_t i = 0; i < kind->n_fields && i < 64; i++)
        if (kind->fields[i].audience <= audience)
            fields |= UINT64_C(1) << i;
    return fields;
}

dk_view dk_view_of(const dk_kind *kind, const dk_viewer *viewer)
{
    const dk_audience audience = audience_of(viewer);
    dk_view view = {.inside = fields_up_to(kind, audience), .catalogue = kind->catalogue};
    /* The owner's export has no scope: it sees all of every row. */
    view.outside = scoped(audience) ? fields_up_to(kind, DK_PUBLIC) : view.inside;
    if (scoped(audience))
        memcpy(view.division, viewer->division, sizeof view.division);
    return view;
}

static bool covers(const dk_catalogue *catalogue, const char *scope, const char *division)
{
    return scope[0] == '\0' || (division != NULL && dk_division_within(catalogue, division, scope));
}

uint64_t dk_view_fields(const dk_view *view, const char *division)
{
    return covers(view->catalogue, view->division, division) ? view->inside : view->outside;
}

bool dk_viewer_covers(const dk_kind *kind, const dk_viewer *viewer, const char *division)
{
    const dk_audience audience = audience_of(viewer);
    return audience == DK_NEVER || (scoped(audience) && covers(kind->catalogue, viewer->division, division));
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
    return narrower == DK_PUBLIC || (audience_of(viewer) >= narrower && dk_viewer_covers(kind, viewer, division));
}

bool dk_view_documents(const dk_kind *kind, const dk_viewer *viewer)
{
    return audience_of(viewer) >= kind->documents;
}

bool dk_view_total(const dk_total *total, const dk_viewer *viewer)
{
    return audience_of(viewer) >= total->audience;
}
