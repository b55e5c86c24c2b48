/* Statistics: rows counted and summed by groups, over whatever a query asks for. As everywhere, what the viewer does
 * not see in a row has no value there. */
#ifndef DK_STORE_STATISTICS_H
#define DK_STORE_STATISTICS_H

#include "store/query.h"

#define DK_GROUPS_BY 4 /* columns that make a group */
#define DK_STATISTIC_SUMS 8
#define DK_MOST_GROUPS 20000

typedef enum dk_grouping {
    DK_BY_VALUE,
    DK_BY_DIGITS, /* of a division: its first digits; a code that is no more counts as its successor */
    DK_BY_YEAR,   /* of a date: YYYY */
    DK_BY_MONTH   /* of a date: YYYY-MM */
} dk_grouping;

typedef struct dk_group_by {
    dk_grouping grouping;
    int digits;            /* 1 to 12 */
    const dk_kind *linked; /* NULL: the field is the kind's own. Else of the rows linked to each: where these have
                              several values, the group's is all of them, in order, joined by 、 */
    int field;
} dk_group_by;

typedef struct dk_statistic {
    const dk_value *by;    /* n_by */
    int64_t count;         /* rows */
    const double *sums;    /* n_sums; 0 where no row has a value */
    const int64_t *valued; /* how many rows have one */
} dk_statistic;

/* Calls each for the groups in the order of their values, those without one first. The query's orders, after and limit
 * do not count. DK_NOT_FOUND: a field that the viewer sees in no row, or kinds that are not linked. DK_INVALID: a field
 * that cannot be grouped or summed so. DK_LIMIT: it takes too long, or there are more than DK_MOST_GROUPS groups, or
 * more than a thousand values that are linked to one row. */
dk_status dk_query_statistics(dk_store *store, const dk_query *query, const dk_group_by *by, size_t n_by,
                              const int *sums, size_t n_sums, bool (*each)(const dk_statistic *group, void *user),
                              void *user, dk_error *err);

#endif
