/* The scorecard: how many rows stand how with their obligations, by division, period, obligation and regime; and the
 * rows behind each figure. A row counts once for every enabled obligation about its kind. */
#ifndef DK_STORE_SCORE_H
#define DK_STORE_SCORE_H

#include "store/clock.h"

typedef struct dk_score_query {
    const char *division; /* digits that divisions begin with; "": all. A row's division is the one that took its place,
                           * and so is this one */
    int level; /* digits that a group of divisions has: 0 (one group), 2, 4, 6, 9, 12. No fewer than division has */
    bool any_division; /* also rows whose division not everyone sees are placed by it; without it they have none */
    bool alone; /* of dk_score_rows: only rows whose group at that level is `division` itself, as one with fewer digits,
                 * or
                 * "" for none */
    int32_t from, until; /* what was due on these days, both inclusive; DK_NO_DAY, DK_FAR_DAY: open. What has no due day
                          * is left out as soon as one of them is given */
    bool without_day, without_regime; /* only what has no due day; only that of which nothing says the regime */
    enum { DK_SCORE_ALL = 0, DK_SCORE_YEAR, DK_SCORE_QUARTER, DK_SCORE_MONTH } by; /* of the due day */
    bool by_obligation, by_regime;
    int32_t as_of;             /* the day on which one asks; what is dated after it does not count */
    const dk_kind *about;      /* NULL: all kinds */
    const dk_obligation *only; /* NULL: all */
    const dk_regime *regime;   /* NULL: all */
} dk_score_query;

/* One group. Groups come by division, period, obligation and regime. */
typedef struct dk_score_row {
    char division[13]; /* at level 0 the query's; a code that has fewer digits than the level stands for itself, "" for
                          none */
    int year, part; /* of the due day: part is the quarter or the month. 0: groups have none, or there is no due day */
    const dk_obligation *obligation; /* NULL: groups have none */
    const dk_regime *regime;         /* NULL: groups have none, or nothing says which */
    int64_t n[DK_DISCLOSURES];
} dk_score_row;

/* DK_NOT_FOUND: facts of that generation were erased. DK_CONFLICT: facts are those of an earlier catalogue. DK_LIMIT:
 * it takes too long, or gives too many groups. What is asked of the current generation, as of today or later, by whole
 * months, is read from counters; all else is computed from the facts of every row. each returns false to stop. */
dk_status dk_score(dk_store *store, const dk_score_query *query, int64_t generation,
                   bool (*each)(const dk_score_row *row, void *user), void *user, dk_error *err);

/* A row behind a figure, once for each obligation that stands so. Pointers are valid inside the callback. */
typedef struct dk_clock_row {
    const dk_kind *kind;
    const char *key, *label; /* as the public sees it */
    char division[13];
    const dk_obligation *obligation;
    const dk_regime *regime; /* NULL: nothing says which */
    dk_outcome outcome;      /* as of the query's day */
    const char *place;       /* what the next page's `after` is when this one ends here */
} dk_clock_row;

/* The rows of a figure, by kind, stable number (as pages of rows are) and obligation, behind `after` (NULL: from the
 * start), at most limit; by, by_obligation and by_regime make no difference, and level only with alone. DK_INVALID:
 * after is no such place. Else as dk_score. */
dk_status dk_score_rows(dk_store *store, const dk_score_query *query, int64_t generation, dk_disclosure state,
                        const char *after, size_t limit, bool (*each)(const dk_clock_row *row, void *user), void *user,
                        dk_error *err);

#endif
