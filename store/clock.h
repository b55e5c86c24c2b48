/* The disclosure clock of a store: what the obligations of the catalogue (store/obligation.h) give for its rows.
 *
 * For each published row of a kind that obligations are about, the store keeps the facts from which their outcomes
 * follow: dates of events, when what proves them was shown, the regime. Facts do not change with the day on which one
 * asks, and rows of one project mostly have the same, so they are kept as sets that rows share (clock_change.h). A
 * publish or withdraw finds anew those of the rows that it brings, and of the rows that are linked to those that come
 * or go. */
#ifndef DK_STORE_CLOCK_H
#define DK_STORE_CLOCK_H

#include "store/obligation.h"
#include "store/store.h"

/* One obligation of one row. */
typedef struct dk_clock_outcome {
    const dk_obligation *obligation;
    dk_outcome outcome;
} dk_clock_outcome;

/* The outcomes of every enabled obligation about the kind for one row, in the catalogue's order, found anew from the
 * row and the rows that are linked to it in a generation. What is dated after as_of does not count; how it stands on
 * that day is dk_outcome_standing of the same day. *ret_regime: the one that holds for the row, NULL: nothing says
 * which. What is read is public, whoever asks. DK_NOT_FOUND: no such row is published. */
dk_status dk_clock_of_row(dk_store *store, const dk_kind *kind, const char *key, int64_t generation, int32_t as_of,
                          dk_clock_outcome ret_outcomes[DK_MAX_OBLIGATIONS], size_t *ret_n,
                          const dk_regime **ret_regime, dk_error *err);

/* The same from the facts that are kept for the row of that stable number, which is much less work. DK_NOT_FOUND,
 * without a sentence: none are kept for that generation, or they are those of an earlier catalogue. */
dk_status dk_clock_kept(dk_store *store, const dk_kind *kind, uint64_t feature, int64_t generation, int32_t as_of,
                        dk_clock_outcome ret_outcomes[DK_MAX_OBLIGATIONS], size_t *ret_n, const dk_regime **ret_regime,
                        dk_error *err);

/* The day that it is in China, UTC+8: the law counts in its days. For tests, a store can be told another (0: the real
 * one). */
int32_t dk_clock_today(const dk_store *store);
void dk_clock_set_today(dk_store *store, int32_t day);

#endif
