/* Of two catalogues what both show: so that a stricter audience takes effect at once, while the rest of a new catalogue
 * still has to be worked out. */
#ifndef DK_STORE_CATALOGUE_STRICTER_H
#define DK_STORE_CATALOGUE_STRICTER_H

#include "store/catalogue.h"

/* Narrows a catalogue to what the other one shows, too: audiences of kinds, fields, documents, totals and lists, masks,
 * precision, and the division that gives a row's scope. Kinds and fields that the other does not have stay as they are.
 * Gives whether that changed anything. */
bool dk_catalogue_hold_back(dk_catalogue *catalogue, const dk_catalogue *other);

/* The same of one kind. That it changes anything means that the kind shows more than the other. */
bool dk_kind_hold_back(dk_kind *kind, const dk_kind *other);

/* Whether kinds of the same name show the public different things of the same row, as its entry in the publication log
 * has them. NULL: a kind that one catalogue does not have. */
bool dk_kind_public_differs(const dk_kind *a, const dk_kind *b);

#endif
