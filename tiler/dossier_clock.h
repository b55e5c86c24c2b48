/* What the disclosure clock (store/clock.h) says of a dossier's row: for its JSON and its page. Private to dossier*.c.
 */
#ifndef DK_TILER_DOSSIER_CLOCK_H
#define DK_TILER_DOSSIER_CLOCK_H

#include "store/clock.h"
#include "tiler/dossier.h"
#include "tiler/html.h"

/* Finds how each obligation about the row stands on d->as_of. Nothing where the catalogue has none about its kind. */
dk_status dk_dossier_read_clock(dk_dossier *d);
/* Whether the item concerns the row: its own condition holds (dk_dossier_applies), and if obligations are about it, one
 * of them applies under the regime that holds. */
bool dk_dossier_concerns(const dk_dossier *d, const dk_item *item);
/* The members "clock" and "regime" of the dossier. */
void dk_dossier_clock_json(const dk_dossier *d);
/* The member "clock" of an item. */
void dk_dossier_item_clock_json(const dk_dossier *d, const dk_item *item);
/* The badge that says how the item stands. false: no obligation says anything of it, and nothing is written. */
bool dk_dossier_item_clock_html(const dk_dossier *d, dk_html *html, const dk_item *item);
/* How many items stand how on the day, as a sentence: 逾期未公开 2 项 … Nothing if none is due or late. */
void dk_dossier_clock_sentence(const dk_dossier *d, dk_html *html);

#endif
