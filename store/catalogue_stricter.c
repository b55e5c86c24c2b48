#include "store/catalogue_stricter.h"

#include "store/audience.h"

#include <string.h>

/* The higher of the two. */
static bool raise(dk_audience *audience, dk_audience other)
{
    if (other <= *audience)
        return false;
    *audience = other;
    return true;
}

/* What an audience is shown of a field: -1 is the value itself. */
static int shown(const dk_field *field, int audience)
{
    return audience >= (int)field->audience ? -1 : (int)field->masks[audience];
}

static bool hold_back_field(dk_field *field, const dk_field *other)
{
    dk_field narrow = *field;
    bool changed = raise(&narrow.audience, other->audience);
    for (int i = 0; i < (int)narrow.audience && i < DK_NEVER; i++) {
        const int own = shown(field, i), others = shown(other, i);
        const int both = own == -1 ? others : others == -1 || others == own ? own : DK_MASK_HIDDEN;
        narrow.masks[i] = (dk_mask)both; /* not the value: one of the two is above this audience */
        changed = changed || own != both;
    }
    *field = narrow;
    return changed;
}

/* By name; -1 in both is the same. */
static bool same_field(const dk_kind *a, int i, const dk_kind *b, int k)
{
    return i < 0 || k < 0 ? i < 0 && k < 0 : strcmp(a->fields[i].name, b->fields[k].name) == 0;
}

static bool same_fields(const dk_kind *a, const int *i, size_t n, const dk_kind *b, const int *k, size_t m)
{
    for (size_t x = 0; x < n && n == m; x++)
        if (!same_field(a, i[x], b, k[x]))
            return false;
    return n == m;
}

/* A total that is not there any more, or sums up other things, is shown to nobody. */
static bool hold_back_totals(dk_kind *kind, const dk_kind *other)
{
    bool changed = false;
    for (size_t i = 0; i < kind->n_totals; i++) {
        dk_total *total = &kind->totals[i];
        dk_audience audience = DK_NEVER;
        for (size_t k = 0; k < other->n_totals; k++) {
            const dk_total *same = &other->totals[k];
            if (same->audience < audience && same->min_rows <= total->min_rows &&
                same_fields(kind, total->by, total->n_by, other, same->by, same->n_by) &&
                same_fields(kind, total->sum, total->n_sum, other, same->sum, same->n_sum))
                audience = same->audience;
        }
        changed = raise(&total->audience, audience) || changed;
    }
    return changed;
}

static bool hold_back_precision(dk_kind *kind, const dk_kind *other)
{
    bool changed = false;
    if (other->public_coarse > kind->public_coarse) {
        kind->public_coarse = other->public_coarse;
        kind->public_precision_m = other->public_precision_m;
        changed = true;
    }
    if (other->public_zoomed && (!kind->public_zoomed || other->public_max_zoom < kind->public_max_zoom)) {
        kind->public_zoomed = true;
        kind->public_max_zoom = other->public_max_zoom;
        changed = true;
    }
    return changed;
}

bool dk_kind_hold_back(dk_kind *kind, const dk_kind *other)
{
    bool changed = raise(&kind->audience, other->audience);
    changed = raise(&kind->documents, other->documents) || changed;
    changed = hold_back_precision(kind, other) || changed;
    for (size_t i = 0; i < kind->n_fields; i++) {
        const int k = dk_kind_field(other, kind->fields[i].name);
        if (k >= 0)
            changed = hold_back_field(&kind->fields[i], &other->fields[k]) || changed;
    }
    changed = hold_back_totals(kind, other) || changed;
    if (kind->division_field >= 0 && !same_field(kind, kind->division_field, other, other->division_field)) {
        kind->division_field = -1; /* in no scope but that of the whole store */
        changed = true;
    }
    return changed;
}

static const char *name_of(const dk_kind *kind)
{
    return kind != NULL ? kind->name : "";
}

static bool same_list(const dk_list *a, const dk_list *b)
{
    if (strcmp(a->kind->name, b->kind->name) != 0 || strcmp(name_of(a->lines), name_of(b->lines)) != 0 ||
        !same_field(a->kind, a->by, b->kind, b->by) || a->n_columns != b->n_columns || a->open_column != b->open_column)
        return false;
    for (size_t i = 0; i < a->n_columns; i++)
        if (strcmp(a->columns[i].kind->name, b->columns[i].kind->name) != 0 ||
            a->columns[i].summed != b->columns[i].summed ||
            !same_field(a->columns[i].kind, a->columns[i].field, b->columns[i].kind, b->columns[i].field))
            return false;
    return true;
}

static bool hold_back_list(dk_list *list, const dk_catalogue *other)
{
    dk_audience audience = DK_STAFF;
    for (size_t i = 0; i < other->n_lists; i++)
        if (strcmp(other->lists[i].id, list->id) == 0 && same_list(list, &other->lists[i]))
            audience = other->lists[i].audience;
    return raise(&list->audience, audience);
}

bool dk_catalogue_hold_back(dk_catalogue *catalogue, const dk_catalogue *other)
{
    bool changed = false;
    for (size_t i = 0; i < catalogue->n_kinds; i++) {
        const dk_kind *kind = dk_catalogue_kind(other, catalogue->kinds[i].name);
        if (kind != NULL)
            changed = dk_kind_hold_back(&catalogue->kinds[i], kind) || changed;
    }
    for (size_t i = 0; i < catalogue->n_lists; i++)
        changed = hold_back_list(&catalogue->lists[i], other) || changed;
    if (changed) /* they read what everyone saw */
        catalogue->n_obligations = 0;
    return changed;
}

/* What the public is shown of a field: -2: the kind has none such. */
static int public_of(const dk_kind *kind, const char *name)
{
    const int i = dk_kind_field(kind, name);
    if (i < 0)
        return -2;
    return kind->audience > DK_PUBLIC ? DK_MASK_HIDDEN : shown(&kind->fields[i], DK_PUBLIC);
}

static bool shows_more(const dk_kind *a, const dk_kind *b)
{
    for (size_t i = 0; i < a->n_fields; i++) {
        const int own = public_of(a, a->fields[i].name), others = public_of(b, a->fields[i].name);
        if (own != (others == -2 ? DK_MASK_HIDDEN : others)) /* what is hidden, and what is not there, are the same */
            return true;
    }
    return false;
}

bool dk_kind_public_differs(const dk_kind *a, const dk_kind *b)
{
    return a == NULL || b == NULL || a->public_coarse != b->public_coarse || shows_more(a, b) || shows_more(b, a);
}
