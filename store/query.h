/* Reading rows. Everything here takes a viewer and gives only what it may see: a hidden field is DK_NULL and its
 * bit in dk_row.visible is clear, and nothing can be asked about it. */
#ifndef DK_STORE_QUERY_H
#define DK_STORE_QUERY_H

#include "store/cql2.h"
#include "store/geometry.h"
#include "store/store.h"

typedef struct dk_row {
    const dk_kind *kind;
    uint64_t feature; /* stable number of the row, the same in all its versions; the id in tiles */
    const char *key;
    const char *label;        /* what to call it, never NULL */
    const dk_value *values;   /* kind->n_fields; DK_NULL where not visible */
    uint64_t visible;         /* bit i: field i may be seen */
    uint64_t masked;          /* of these, those of which values has the mask: nothing may be concluded from it */
    const unsigned char *wkb; /* EPSG:4490 degrees (lon, lat); NULL for records or when not asked for */
    size_t wkb_size;
    double bounds[4]; /* west, south, east, north; layers only, and not where undrawn */
    bool undrawn;     /* 无图形: of a layer, and has no outline yet */
} dk_row;             /* all pointers are valid until the next call on the cursor or the end of the callback */

/* Called per row; returning false stops, which is not an error. */
typedef bool (*dk_row_fn)(const dk_row *row, void *user);

/* A column to sort by. A row in which the viewer does not see the field counts as one without a value; those come
 * first, descending last. Texts are compared by their bytes. */
typedef struct dk_order {
    int field; /* one that the viewer sees in no row is DK_NOT_FOUND */
    bool descending;
} dk_order;

#define DK_QUERY_FILTERS 8
#define DK_QUERY_ORDERS 4
#define DK_QUERY_SECONDS 2.0 /* a question may take this long; a public address must not hold a thread for longer */

typedef struct dk_query {
    const dk_kind *kind;
    const dk_viewer *viewer; /* the one for whom the filters were read */
    int64_t generation;
    const dk_cql2 *filters[DK_QUERY_FILTERS]; /* all must hold */
    size_t n_filters;
    /* A word that, the filters say, every row has in one of these fields, all of them searched: by it rows are found
     * sooner. size 0: none. */
    struct {
        const char *text;
        size_t size;
        uint64_t fields;
    } word;
    dk_order orders[DK_QUERY_ORDERS];
    size_t n_orders;
    const char *after; /* what the page before gave for the next, NULL: from the start */
    size_t limit;      /* rows, 1 to 10000 */
    bool with_geometry;
    double seconds; /* 0: DK_QUERY_SECONDS */
} dk_query;

/* A page of rows, in the order asked for and then of their feature numbers. These stay while batches are published, so
 * whoever follows ret_next meets no row twice, and misses none that is there all the while; in an order of columns,
 * none whose values in these stay. ret_next (cleared first) gets what the next page's `after` is; it stays empty when
 * there is no next page. When `each` ends the page early, the next one begins behind the row that it ended with.
 * DK_INVALID: `after` is not one of these. DK_LIMIT: it takes too long. */
dk_status dk_query_page(dk_store *store, const dk_query *query, dk_row_fn each, void *user, dk_buf *ret_next,
                        dk_error *err);
/* How many rows match in all (after and limit left aside); -1 if that takes longer than so many seconds. */
dk_status dk_query_count(dk_store *store, const dk_query *query, double seconds, int64_t *ret_count, dk_error *err);

/* One row by key: DK_NOT_FOUND if it is not published in that generation, or not for the viewer. each is called once.
 */
dk_status dk_query_row(dk_store *store, const dk_kind *kind, const char *key, const dk_viewer *viewer,
                       int64_t generation, bool with_geometry, dk_row_fn each, void *user, dk_error *err);
/* The same by the stable number, as a map click has it. */
dk_status dk_query_feature(dk_store *store, const dk_kind *kind, uint64_t feature, const dk_viewer *viewer,
                           int64_t generation, bool with_geometry, dk_row_fn each, void *user, dk_error *err);

/* The rows of kind `other` that are linked to this row, by key order, at most limit. DK_NOT_FOUND: no such row, or
 * the catalogue links the kinds in no direction. Links use fields whatever their audience; what is given is seen
 * through the viewer. */
dk_status dk_query_linked(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *other,
                          const dk_viewer *viewer, int64_t generation, const char *after, size_t limit,
                          bool with_geometry, dk_row_fn each, void *user, dk_error *err);

/* One group of a total: values of its by fields and the sums. */
typedef struct dk_total_row {
    const dk_total *total;
    const dk_value *by; /* total->n_by */
    const double *sums; /* total->n_sum, NAN where no row has a value; NULL when suppressed */
    int64_t rows;       /* 0 when suppressed */
    bool suppressed;    /* fewer rows than total->min_rows */
} dk_total_row;
/* The totals of kind whose groups contain the rows linked to this parcel (or other row). */
dk_status dk_query_totals(dk_store *store, const dk_kind *kind, const char *key, const dk_kind *of,
                          const dk_viewer *viewer, int64_t generation,
                          bool (*each)(const dk_total_row *row, void *user), void *user, dk_error *err);

/* The outline of a row as coarse as that (store/coarse.h), polygons not made valid. Replaces what shape held; DK_END:
 * it has none. */
dk_status dk_query_coarse(dk_store *store, const dk_kind *layer, int64_t row, int level, dk_shape *shape,
                          dk_error *err);

/* Number of published rows, of those among them that have no outline yet, and the box of the others (west, south, east,
 * north; only when there are such and it is a layer). */
dk_status dk_query_summary(dk_store *store, const dk_kind *kind, int64_t generation, int64_t *ret_rows,
                           int64_t *ret_undrawn, double ret_bounds[4], dk_error *err);
/* The same as a viewer sees it: only rows in view are counted, in time that dk_query_count takes where not all are, and
 * bounds are those of whole cells of the public's precision. Where not all rows are in view, bounds are the
 * catalogue's extent, and undrawn is 0. *ret_rows -1: counting takes too long. */
dk_status dk_query_summary_seen(dk_store *store, const dk_kind *kind, const dk_viewer *viewer, int64_t generation,
                                int64_t *ret_rows, int64_t *ret_undrawn, double ret_bounds[4], dk_error *err);

#endif
