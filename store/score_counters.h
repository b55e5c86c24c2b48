/* Counters: how many rows of a kind stand how with each obligation, by division, regime and when it was due. A
 * scorecard of any county, and of all of them, is a few of these, however many rows there are.
 *
 * They hold from a day on, the base: whatever is settled by then (clock_sets.h) stands on all later days as it does
 * then, but that what is due becomes missing, which the due day tells. What is not settled by the base is not counted
 * here: whoever asks looks at these few sets (index clockset_K_settled). Each publish moves the base to its own day.
 *
 * Each division of a row is counted at six levels: all, 2, 4, 6, 9 and 12 digits; a code of fewer digits stands for
 * itself at the longer ones, so that the groups of every level add up. A row of table score_K is one division at one
 * level: pairs of an entry, each greater than the one before by so much, and its count. */
#ifndef DK_STORE_SCORE_COUNTERS_H
#define DK_STORE_SCORE_COUNTERS_H

#include "store/clock_sets.h"

#define DK_SCORE_LEVELS 6
extern const int dk_score_levels[DK_SCORE_LEVELS]; /* digits: 0, 2, 4, 6, 9, 12 */

/* What is counted alike. */
typedef struct dk_score_entry {
    const dk_obligation *obligation;
    const dk_regime *regime;
    dk_disclosure state; /* DK_DUE: due until its day and missing from then on */
    /* Of DK_DUE the due day; of others the first day of its month. DK_NO_DAY: it has none. */
    int32_t due;
} dk_score_entry;

/* How an obligation's facts are counted with this base; false: they are not settled. */
bool dk_score_entry_of(const dk_obligation *obligation, const dk_obligation_facts *facts, int32_t base,
                       dk_score_entry *ret_entry);

/* An entry as a number, and back; false: it is none of this catalogue. */
uint64_t dk_score_pack(const dk_score_entry *entry);
bool dk_score_unpack(const dk_catalogue *catalogue, uint64_t packed, dk_score_entry *ret_entry);

/* Numbers of entries. Zero-initialised is empty. */
typedef struct dk_score_sums {
    struct dk_score_sum {
        uint64_t packed; /* plus 1; 0: free */
        int64_t n;
    } * places;
    size_t n, n_places;
} dk_score_sums;
bool dk_score_sums_add(dk_score_sums *sums, uint64_t packed, int64_t n); /* false: out of memory */
void dk_score_sums_clear(dk_score_sums *sums);                           /* keeps the memory */
void dk_score_sums_finish(dk_score_sums *sums);
/* Puts them in order at the beginning of places, without those that are 0, and gives how many there are. Then only
 * clear. */
size_t dk_score_sums_sorted(dk_score_sums *sums);

/* Calls each for what a row of the table counts. DK_CORRUPT: it cannot be read. */
dk_status dk_score_data_each(const void *data, size_t size, bool (*each)(uint64_t packed, int64_t n, void *user),
                             void *user);

/* Rows of one division that come with facts (n > 0) or go. */
typedef struct dk_score_change {
    char division[13];
    int64_t set, n;
    /* DK_NO_DAY: all that is settled by the base changes by n. Else only what was not settled by that earlier base, but
     * is by the new one. */
    int32_t since;
} dk_score_change;
/* Sorts the changes, and gives each division's sums, level by level, to a function. */
typedef dk_status (*dk_score_division_fn)(int level, const char *division, dk_score_sums *sums, void *user,
                                          dk_error *err);
dk_status dk_score_sum_up(dk_store *store, const dk_kind *kind, dk_score_change *changes, size_t n, int32_t base,
                          dk_score_division_fn each, void *user, dk_error *err);
/* The same into the table, in the caller's transaction. */
dk_status dk_score_apply(dk_store *store, const dk_kind *kind, dk_score_change *changes, size_t n, int32_t base,
                         dk_error *err);

#endif
